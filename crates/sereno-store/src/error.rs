//! What can go wrong with a journal, said so that someone woken at night knows what to do.

use crate::access::Role;
use crate::locks::Held;
use sereno_model::{RunId, Text};
use std::fmt::Write as _;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("another process is writing to the journal {location} and did not finish in time")]
    Busy { location: String },
    #[error("the journal {location} cannot be written to")]
    ReadOnly { location: String },
    #[error("the disk that holds the journal {location} is full")]
    DiskFull { location: String },
    #[error("the journal {location} cannot be reached")]
    Gone {
        location: String,
        #[source]
        source: sqlx::Error,
    },
    #[error("{location} is not a journal of Sereno")]
    NotAJournal { location: String },
    #[error("the database server refused the user or the password for {location}")]
    WrongPassword { location: String },
    #[error("the database or its permissions are not set up for the journal {location}")]
    NotSetUp {
        location: String,
        #[source]
        source: sqlx::Error,
    },
    #[error("the journal {location} has schema {found}, and this Sereno knows {known}")]
    NewerSchema { location: String, found: u64, known: u64 },
    #[error("the file of the journal {location} cannot be opened")]
    File {
        location: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{actor} may not do this: it needs the role {needs}")]
    NotAllowed { actor: String, needs: Role },
    #[error("run {run} has moved on: its last entry is {found}, not {expected}")]
    Conflict { run: RunId, expected: u64, found: u64 },
    #[error("{} is locked by run {}", .0.component, .0.run)]
    LockHeld(Box<Held>),
    #[error("`{kind}` is not a kind of entry")]
    BadKind { kind: String },
    #[error("the entry cannot be written as JSON")]
    NotJson(#[source] serde_json::Error),
    #[error("entry {seq} of the journal cannot be read: {why}")]
    Damaged { seq: u64, why: String },
    #[error("the database of the journal {location} reported an error")]
    Database {
        location: String,
        #[source]
        source: sqlx::Error,
    },
}

impl StoreError {
    /// What is wrong, for a person.
    pub fn text(&self) -> Text {
        match self {
            Self::Busy { location } => Text::new(
                format!("Another process is writing to the journal {location} and did not finish in time."),
                format!("Otro proceso está escribiendo en el diario {location} y no terminó a tiempo."),
            ),
            Self::ReadOnly { location } => Text::new(
                format!(
                    "The journal {location} cannot be written to: the file, its directory or the disk is read-only."
                ),
                format!(
                    "No se puede escribir en el diario {location}: el archivo, su directorio o el disco es de solo lectura."
                ),
            ),
            Self::DiskFull { location } => Text::new(
                format!("The disk that holds the journal {location} is full. Nothing was written."),
                format!("El disco donde está el diario {location} está lleno. No se escribió nada."),
            ),
            Self::Gone { location, .. } => Text::new(
                format!("The journal {location} cannot be reached."),
                format!("No se puede acceder al diario {location}."),
            ),
            Self::NotAJournal { location } => Text::new(
                format!("{location} is not a journal of Sereno."),
                format!("{location} no es un diario de Sereno."),
            ),
            Self::WrongPassword { location } => Text::new(
                format!("The database server refused the user or the password for {location}."),
                format!("El servidor de base de datos rechazó el usuario o la contraseña de {location}."),
            ),
            Self::NotSetUp { location, source } => Text::new(
                format!(
                    "The database for the journal {location} is missing or does not allow this user to use it: {source}"
                ),
                format!(
                    "La base de datos del diario {location} no existe o no permite que este usuario la use: {source}"
                ),
            ),
            Self::NewerSchema { location, found, known } => Text::new(
                format!(
                    "The journal {location} was written by a newer Sereno (schema {found}; this one knows {known})."
                ),
                format!(
                    "El diario {location} fue escrito por un Sereno más nuevo (esquema {found}; este conoce el {known})."
                ),
            ),
            Self::File { location, source } => Text::new(
                format!("The file of the journal {location} cannot be opened: {source}."),
                format!("No se puede abrir el archivo del diario {location}: {source}."),
            ),
            Self::NotAllowed { actor, needs } => Text::new(
                format!("{actor} may not do this: it needs the role `{needs}`."),
                format!("{actor} no puede hacer esto: se necesita el rol `{needs}`."),
            ),
            Self::Conflict { run, .. } => Text::new(
                format!("Someone else acted on run {run} at the same time."),
                format!("Otra persona actuó sobre la ejecución {run} al mismo tiempo."),
            ),
            Self::LockHeld(held) => held.text(),
            Self::BadKind { kind } => Text::new(
                format!("`{kind}` is not a kind of entry: use lower-case words with dots, such as `step.started`."),
                format!(
                    "`{kind}` no es un tipo de entrada: se usan palabras en minúscula con puntos, como `step.started`."
                ),
            ),
            Self::NotJson(source) => Text::new(
                format!("The entry cannot be written as JSON: {source}."),
                format!("La entrada no se puede escribir como JSON: {source}."),
            ),
            Self::Damaged { seq, why } => Text::new(
                format!("Entry {seq} of the journal cannot be read: {why}."),
                format!("No se puede leer la entrada {seq} del diario: {why}."),
            ),
            Self::Database { location, source } => Text::new(
                format!("The database of the journal {location} reported an error: {source}"),
                format!("La base de datos del diario {location} informó un error: {source}"),
            ),
        }
    }

    /// What to do about it, when there is something.
    pub fn hint(&self) -> Option<Text> {
        let (en, es) = match self {
            Self::Busy { .. } => (
                "wait for the other command, or find who holds the file with `fuser`; then try again",
                "espere a que termine el otro comando, o busque quién tiene el archivo con `fuser`; después intente de nuevo",
            ),
            Self::ReadOnly { .. } => (
                "check `ls -l` of the file and its directory, and `mount` for a read-only disk; or set another `[journal] location` in sereno.toml",
                "revise `ls -l` del archivo y de su directorio, y `mount` por si el disco es de solo lectura; o indique otra ubicación en `[journal] location` de sereno.toml",
            ),
            Self::DiskFull { .. } => (
                "free some space (`df -h` shows the disk), then try again: what was recorded before is intact",
                "libere espacio (`df -h` muestra el disco) e intente de nuevo: lo registrado antes está intacto",
            ),
            Self::Gone { location, .. } if location.starts_with("postgres") => (
                "check that the PostgreSQL server runs and that this machine reaches it",
                "verifique que el servidor PostgreSQL esté en marcha y que esta máquina llegue a él",
            ),
            Self::Gone { .. } => (
                "check that the disk is there and healthy (`dmesg`, `df -h`)",
                "verifique que el disco esté presente y sano (`dmesg`, `df -h`)",
            ),
            Self::NotAJournal { .. } => (
                "the file is something else or was damaged; set another `[journal] location`, or bring it back from a backup",
                "el archivo es otra cosa o está dañado; indique otra ubicación en `[journal] location`, o restáurelo de un respaldo",
            ),
            Self::WrongPassword { .. } => (
                "check the user and the password in `[journal] location` or in the variable that it comes from",
                "revise el usuario y la contraseña en `[journal] location` o en la variable de donde vienen",
            ),
            Self::NotSetUp { .. } => (
                "create the database with `createdb`, owned by the user in the address",
                "cree la base de datos con `createdb`, con el usuario de la dirección como dueño",
            ),
            Self::NewerSchema { .. } => ("upgrade this Sereno", "actualice este Sereno"),
            Self::File { .. } => (
                "check the path and its permissions; people of one group can share a journal in a directory with `chmod g+ws`",
                "revise la ruta y sus permisos; un grupo puede compartir el diario en un directorio con `chmod g+ws`",
            ),
            Self::NotAllowed { .. } => (
                "an administrator can add the role to `[[people]]` in sereno.toml",
                "un administrador puede agregar el rol en `[[people]]` de sereno.toml",
            ),
            Self::Conflict { .. } => {
                ("look at the run again, then decide again", "vuelva a mirar la ejecución y decida de nuevo")
            }
            Self::LockHeld(_) => (
                "wait until that run ends, or cancel it with `sereno runs cancel`",
                "espere a que termine esa ejecución, o cancélela con `sereno runs cancel`",
            ),
            Self::Damaged { .. } => (
                "run `sereno audit verify` to see all that is wrong",
                "ejecute `sereno audit verify` para ver todo lo que está mal",
            ),
            Self::BadKind { .. } | Self::NotJson(_) | Self::Database { .. } => return None,
        };
        Some(Text::new(en, es))
    }

    /// Whether the same call may succeed a little later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Gone { .. })
    }

    /// What an error of the database means for a journal at `location`.
    pub(crate) fn of(location: &str, source: sqlx::Error) -> Self {
        let location = location.to_owned();
        let code = match &source {
            sqlx::Error::Database(error) => error.code().map(std::borrow::Cow::into_owned),
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed | sqlx::Error::PoolClosed => {
                return Self::Gone { location, source };
            }
            _ => None,
        };
        let Some(code) = code else {
            return Self::Database { location, source };
        };
        match (location.starts_with("sqlite:"), code.parse::<u32>()) {
            (true, Ok(code)) => Self::of_sqlite(location, code, source),
            _ => Self::of_postgres(location, &code, source),
        }
    }

    fn of_sqlite(location: String, code: u32, source: sqlx::Error) -> Self {
        /// The shared memory beside the file could not be made larger.
        const IOERR_SHMSIZE: u32 = 4874;
        match (code, code & 0xff) {
            (IOERR_SHMSIZE, _) | (_, 13) => Self::DiskFull { location },
            (_, 5 | 6) => Self::Busy { location },
            (_, 8) => Self::ReadOnly { location },
            (_, 11 | 26) => Self::NotAJournal { location },
            (_, 10) => Self::Gone { location, source },
            (_, 14 | 3 | 23) => {
                Self::File { location, source: std::io::Error::new(std::io::ErrorKind::PermissionDenied, source) }
            }
            _ => Self::Database { location, source },
        }
    }

    fn of_postgres(location: String, code: &str, source: sqlx::Error) -> Self {
        match code {
            "28P01" | "28000" => Self::WrongPassword { location },
            "3D000" | "42501" | "3F000" => Self::NotSetUp { location, source },
            "53100" => Self::DiskFull { location },
            "25006" => Self::ReadOnly { location },
            "55P03" | "40001" | "40P01" => Self::Busy { location },
            "53300" => Self::Gone { location, source },
            _ if code.starts_with("57P") || code.starts_with("08") => Self::Gone { location, source },
            _ => Self::Database { location, source },
        }
    }
}

/// An error and all its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a String cannot fail.
        let _ = write!(line, ": {error}");
        cause = error.source();
    }
    line
}
