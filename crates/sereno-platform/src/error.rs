//! What can go wrong between Sereno and a platform, in words that say how to mend it.

use crate::kubernetes::ClusterError;
use crate::web::WebError;
use sereno_model::Text;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    #[error("there is no component `{name}`")]
    NoSuchComponent { name: String, known: Vec<String> },
    #[error("no Docker Engine answers at {address}")]
    NoEngine { address: String, source: io::Error },
    #[error("the Docker Engine at {address} takes the connection and does not answer within {seconds} s")]
    Silent { address: String, seconds: u64 },
    #[error("this user may not use the Docker Engine at {address}")]
    NotAllowed { address: String, source: io::Error },
    #[error("an address of the Docker Engine that Sereno does not speak: {address}")]
    AddressUnknown { address: String },
    #[error("the Docker Engine: {what}")]
    Engine { what: String, source: Box<bollard::errors::Error> },
    #[error(transparent)]
    Cluster(#[from] Box<ClusterError>),
    #[error(transparent)]
    Web(#[from] Box<WebError>),
    #[error("{program} is not installed")]
    NoProgram { program: String, source: io::Error },
    #[error("`{command}` failed: {said}")]
    Program { command: String, said: String },
    #[error("{host} cannot be reached over SSH: {said}")]
    Unreachable { host: String, key_changed: bool, said: String },
    #[error("{file} cannot be understood: {why}")]
    Unreadable { file: String, why: String },
    #[error("{}: {}", path.display(), file_said(source).en)]
    File { path: PathBuf, source: io::Error },
    /// A file of a component.
    #[error("{en}")]
    NotCopied { en: String, es: String },
    /// What was begun may go on, or may be done: nobody can tell.
    #[error("{en}")]
    Cut { en: String, es: String },
    #[error("{en}")]
    Refused { en: String, es: String, hint: Option<Box<Text>> },
}

impl PlatformError {
    pub fn refused(en: impl Into<String>, es: impl Into<String>) -> Self {
        Self::Refused { en: en.into(), es: es.into(), hint: None }
    }

    /// Whether what was asked may have been done all the same: the question went out, and no answer came.
    pub fn leaves_doubt(&self) -> bool {
        use bollard::errors::Error;
        match self {
            Self::Engine { source, .. } => !matches!(**source, Error::DockerResponseServerError { .. }),
            Self::Cluster(error) => error.leaves_doubt(),
            Self::Web(error) => error.leaves_doubt(),
            Self::Unreachable { .. } | Self::Cut { .. } => true,
            _ => false,
        }
    }

    /// How long to leave a platform alone that says it is asked too often.
    pub fn pause(&self) -> Option<Duration> {
        match self {
            Self::Web(error) => error.pause(),
            _ => None,
        }
    }

    /// In both languages, with what caused it.
    pub fn text(&self) -> Text {
        match self {
            Self::NoSuchComponent { name, .. } => {
                Text::new(self.to_string(), format!("no existe el componente `{name}`"))
            }
            Self::NoEngine { address, source } => {
                Text::new(format!("{self}: {source}"), format!("ningún Docker Engine responde en {address}: {source}"))
            }
            Self::NotAllowed { address, .. } => {
                Text::new(self.to_string(), format!("este usuario no puede usar el Docker Engine de {address}"))
            }
            Self::Silent { address, seconds } => Text::new(
                self.to_string(),
                format!("el Docker Engine de {address} acepta la conexión y no responde en {seconds} s"),
            ),
            Self::AddressUnknown { address } => {
                Text::new(self.to_string(), format!("una dirección del Docker Engine que Sereno no habla: {address}"))
            }
            Self::Engine { what, source } => {
                Text::new(format!("the Docker Engine, {what}: {source}"), format!("el Docker Engine, {what}: {source}"))
            }
            Self::Cluster(error) => error.text(),
            Self::Web(error) => error.text(),
            Self::NoProgram { program, source } => {
                Text::new(format!("{self}: {source}"), format!("{program} no está instalado: {source}"))
            }
            Self::Program { command, said } => Text::new(self.to_string(), format!("`{command}` falló: {said}")),
            Self::Unreachable { host, said, .. } => {
                Text::new(self.to_string(), format!("no se llega a {host} por SSH: {said}"))
            }
            Self::Unreadable { file, why } => Text::new(self.to_string(), format!("no se entiende {file}: {why}")),
            Self::File { path, source } => {
                Text::new(self.to_string(), format!("{}: {}", path.display(), file_said(source).es))
            }
            Self::Refused { en, es, .. } | Self::Cut { en, es } | Self::NotCopied { en, es } => Text::new(en, es),
        }
    }

    /// The same with how to mend it, where there is one line for both.
    pub fn text_with_hint(&self) -> Text {
        let text = self.text();
        match self.hint() {
            Some(hint) => Text::new(format!("{} ({})", text.en, hint.en), format!("{} ({})", text.es, hint.es)),
            None => text,
        }
    }

    /// How to mend it.
    pub fn hint(&self) -> Option<Text> {
        match self {
            Self::NoSuchComponent { known, .. } if known.is_empty() => Some(Text::new(
                "the platform runs nothing of this system",
                "la plataforma no tiene nada de este sistema",
            )),
            Self::NoSuchComponent { known, .. } => {
                let known = known.join(", ");
                Some(Text::new(format!("there is: {known}"), format!("hay: {known}")))
            }
            Self::NoEngine { source, .. } if source.to_string().contains("certificate") => Some(Text::new(
                "ca.pem in DOCKER_CERT_PATH must be the authority of the engine's certificate, and cert.pem one that the engine accepts",
                "ca.pem en DOCKER_CERT_PATH debe ser la autoridad del certificado del motor, y cert.pem uno que el motor acepte",
            )),
            Self::NoEngine { address, .. } if !address.starts_with("unix:") => Some(Text::new(
                "is it up, and is the way there open? One that speaks TLS only needs DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH",
                "¿está en marcha, y está abierto el camino? Uno que solo habla TLS necesita DOCKER_TLS_VERIFY=1 y DOCKER_CERT_PATH",
            )),
            Self::NoEngine { .. } => Some(Text::new(
                "start the engine (systemctl start docker), or set DOCKER_HOST to where it is",
                "inicie el motor (systemctl start docker), o ponga en DOCKER_HOST dónde está",
            )),
            Self::Silent { .. } => Some(Text::new(
                "it hangs: journalctl -u docker says why; restarting it (systemctl restart docker) may end its containers",
                "está colgado: journalctl -u docker dice por qué; reiniciarlo (systemctl restart docker) puede terminar sus contenedores",
            )),
            Self::NotAllowed { .. } => Some(Text::new(
                "run it as a user of the group docker, or as root",
                "ejecútelo con un usuario del grupo docker, o como root",
            )),
            Self::AddressUnknown { .. } => Some(Text::new(
                "unix:///path/of/docker.sock or tcp://host:port; an engine behind SSH: ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock HOST, and DOCKER_HOST=unix:///tmp/docker.sock",
                "unix:///ruta/de/docker.sock o tcp://host:puerto; un motor detrás de SSH: ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock HOST, y DOCKER_HOST=unix:///tmp/docker.sock",
            )),
            Self::Cluster(error) => error.hint(),
            Self::Web(error) => error.hint(),
            Self::NoProgram { program, .. } if program != "docker compose" => None,
            Self::NoProgram { .. } => Some(Text::new(
                "apt-get install docker-compose, or the plugin docker-compose-plugin",
                "apt-get install docker-compose, o el complemento docker-compose-plugin",
            )),
            Self::Unreachable { host, key_changed: true, .. } => Some(Text::new(
                format!(
                    "its key is not the one that is known: somebody may stand between. Ask whoever runs {host}, then ssh-keygen -R"
                ),
                format!(
                    "su clave no es la conocida: puede haber alguien en el medio. Pregunte a quien opera {host}, y después ssh-keygen -R"
                ),
            )),
            Self::Unreachable { host, said, .. } if said.contains("Host key verification failed") => Some(Text::new(
                format!("its key is not known here: connect once by hand (ssh {host}) and compare it"),
                format!("su clave no se conoce aquí: conéctese una vez a mano (ssh {host}) y compárela"),
            )),
            Self::Unreachable { host, .. } => Some(Text::new(
                format!(
                    "ssh -o BatchMode=yes {host} true must work; Sereno uses the same keys, agent and configuration"
                ),
                format!(
                    "ssh -o BatchMode=yes {host} true debe funcionar; Sereno usa las mismas claves, agente y configuración"
                ),
            )),
            Self::Program { said, .. } if said.contains("sudo:") => Some(Text::new(
                "allow this user these commands without a password (sudoers, NOPASSWD), or set sudo = false in [platform]",
                "permita a este usuario esos comandos sin contraseña (sudoers, NOPASSWD), o ponga sudo = false en [platform]",
            )),
            Self::Refused { hint, .. } => hint.as_deref().cloned(),
            Self::Cut { .. } => {
                Some(Text::new("look whether it still runs, and what it did", "mire si todavía se ejecuta, y qué hizo"))
            }
            Self::Engine { .. } | Self::Program { .. } | Self::Unreadable { .. } | Self::NotCopied { .. } => None,
            Self::File { source, .. } => file_hint(source),
        }
    }
}

/// Why a file cannot be used, in words of both languages where the system's own are English.
pub(crate) fn file_said(error: &io::Error) -> Text {
    match error.kind() {
        io::ErrorKind::NotFound => Text::new("it is not there", "no está"),
        io::ErrorKind::PermissionDenied => Text::new("this user may not use it", "este usuario no lo puede usar"),
        io::ErrorKind::IsADirectory => Text::new("it is a directory, not a file", "es un directorio, no un archivo"),
        io::ErrorKind::InvalidInput => Text::new(
            "it is no regular file (a pipe, a socket or a device), and is not read",
            "no es un archivo regular (es una tubería, un socket o un dispositivo), y no se lee",
        ),
        io::ErrorKind::InvalidData => Text::new("it is not a text in UTF-8", "no es un texto en UTF-8"),
        io::ErrorKind::StorageFull => Text::new("the disk is full", "el disco está lleno"),
        io::ErrorKind::ReadOnlyFilesystem => Text::new("the disk is read-only", "el disco es de solo lectura"),
        _ => Text::same(error.to_string()),
    }
}

pub(crate) fn file_hint(error: &io::Error) -> Option<Text> {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => Text::new(
            "is the path right? It is taken from where sereno.toml is",
            "¿es correcta la ruta? Se toma desde donde está sereno.toml",
        ),
        io::ErrorKind::PermissionDenied => Text::new(
            "ls -l shows whose it is; run Sereno as that user, or let this one in (chmod, chown)",
            "ls -l muestra de quién es; ejecute Sereno con ese usuario, o permita a este (chmod, chown)",
        ),
        io::ErrorKind::StorageFull => Text::new(
            "df -h shows what is full; make room, then call it again",
            "df -h muestra qué está lleno; libere espacio y vuelva a llamarlo",
        ),
        io::ErrorKind::ReadOnlyFilesystem => Text::new(
            "mount shows it; dmesg says whether the disk has failed",
            "mount lo muestra; dmesg dice si falló el disco",
        ),
        io::ErrorKind::InvalidInput | io::ErrorKind::IsADirectory => Text::new(
            "put a regular file in its place, or name another one in sereno.toml",
            "ponga un archivo regular en su lugar, o nombre otro en sereno.toml",
        ),
        _ => return None,
    };
    Some(hint)
}
