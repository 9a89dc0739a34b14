//! What can go wrong around a step, before or beside its own outcome.

use sereno_model::Text;
use std::io;
use std::path::{Path, PathBuf};

/// Why a step could not be started, followed or cancelled.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error("cannot {action} {}", path.display())]
    File {
        /// A verb phrase: `create`, `read`, `lock`.
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} was used for a step already; nothing is run twice", dir.display())]
    AlreadyUsed { dir: PathBuf },
    #[error("cannot start the runner {}", exe.display())]
    Runner {
        exe: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} does not hold what it should", path.display())]
    Malformed {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    #[error("the step waits for a person, and there is no terminal")]
    NoTerminal,
}

impl SessionError {
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }

    /// The same for a person, in both languages.
    pub fn text(&self) -> Text {
        let en = match std::error::Error::source(self) {
            Some(source) => format!("{self}: {source}"),
            None => self.to_string(),
        };
        let es = match self {
            Self::File { action, path, source } => {
                format!("no se pudo {} {}: {source}", spanish(action), path.display())
            }
            Self::AlreadyUsed { dir } => {
                format!("{} ya se usó para un paso; nada se ejecuta dos veces", dir.display())
            }
            Self::Runner { exe, source } => {
                format!("no se pudo iniciar el ejecutor {}: {source}", exe.display())
            }
            Self::Malformed { path, source } => {
                format!("{} no contiene lo que debería: {source}", path.display())
            }
            Self::NoTerminal => "el paso espera a una persona y no hay terminal".to_owned(),
        };
        Text::new(en, es)
    }
}

fn spanish(action: &str) -> &str {
    match action {
        "create" => "crear",
        "read" => "leer",
        "write" => "escribir",
        "lock" => "bloquear",
        "watch" => "observar",
        "open" => "abrir",
        "remove" => "borrar",
        _ => "usar",
    }
}
