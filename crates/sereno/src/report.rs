//! Errors as a person reads them: what, where, how to mend it.

use crate::exit::Exit;
use sereno_model::Text;

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

    pub(crate) fn hint(mut self, en: impl Into<String>, es: impl Into<String>) -> Self {
        self.hint = Some(Text::new(en, es));
        self
    }
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;
