//! Errors as a person reads them: what, where, how to mend it.

use crate::cli::Format;
use crate::exit::Exit;
use crate::output;
use crate::render::{CYAN, RED, styled};
use sereno_model::{Lang, Text};
use std::io;
use std::path::Path;

/// An error that ends a command: expected, with an exit code and perhaps a hint. Bugs panic instead.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: Text,
    pub(crate) hint: Option<Text>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, en: impl Into<String>, es: impl Into<String>) -> Self {
        Self { exit, message: Text::new(en, es), hint: None }
    }

    pub(crate) fn of(exit: Exit, message: Text) -> Self {
        Self { exit, message, hint: None }
    }

    /// Tells it on stderr: to a person in words, to a machine as one line of JSON.
    pub(crate) fn tell(&self, lang: Lang, format: Format) {
        let hint = self.hint.as_ref().map(|hint| hint.get(lang));
        if format == Format::Text {
            let (error, word) = if lang == Lang::Es { ("error:", "pista:") } else { ("error:", "hint:") };
            output::say(format!("{} {}", styled(RED.bold(), error), self.message.get(lang)));
            if let Some(hint) = hint {
                output::say(format!("{} {hint}", styled(CYAN, word)));
            }
            return;
        }
        output::say(serde_json::json!({
            "code": self.exit.name(), "message": self.message.get(lang), "hint": hint, "exit": self.exit.code(),
        }));
    }

    pub(crate) fn hint(mut self, en: impl Into<String>, es: impl Into<String>) -> Self {
        self.hint = Some(Text::new(en, es));
        self
    }
}

/// A file that cannot be used, in words of both languages where the system's own are English.
pub(crate) fn unusable(exit: Exit, path: &Path, error: &io::Error) -> Failure {
    let name = path.display();
    let (en, es) = match error.kind() {
        io::ErrorKind::NotFound => ("there is no such file".to_owned(), "no existe ese archivo".to_owned()),
        io::ErrorKind::IsADirectory => {
            ("it is a directory, not a file".to_owned(), "es un directorio, no un archivo".to_owned())
        }
        io::ErrorKind::PermissionDenied => {
            ("this user may not open it".to_owned(), "este usuario no lo puede abrir".to_owned())
        }
        io::ErrorKind::StorageFull => ("the disk is full".to_owned(), "el disco está lleno".to_owned()),
        io::ErrorKind::ReadOnlyFilesystem => {
            ("the disk is read-only".to_owned(), "el disco es de solo lectura".to_owned())
        }
        io::ErrorKind::InvalidInput => (
            "it is no regular file (a pipe, a socket or a device), and is not read".to_owned(),
            "no es un archivo regular (es una tubería, un socket o un dispositivo), y no se lee".to_owned(),
        ),
        io::ErrorKind::InvalidData => ("it is not a text in UTF-8".to_owned(), "no es un texto en UTF-8".to_owned()),
        _ => (error.to_string(), error.to_string()),
    };
    Failure::new(exit, format!("{name}: {en}"), format!("{name}: {es}"))
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;
