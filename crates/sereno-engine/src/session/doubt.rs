//! A step that asked something of another machine may end without knowing what became of it.
//!
//! The process of such a step says so beforehand, in a file of the step's directory, and takes it back when it knows. So
//! the doubt stands however that process ends: by a cut connection, a timeout, `kill -9`.

use super::durable::write_private;
use super::error::SessionError;
use super::files::StepFiles;
use sereno_model::Text;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A doubt about how a step ends. It stands until it is lifted.
#[derive(Debug)]
pub struct Doubt {
    path: PathBuf,
}

impl Doubt {
    /// Says why nobody can tell how the step ended, should this process end before it knows.
    pub fn cast(step: &Path, why: &Text) -> Result<Self, SessionError> {
        let doubt = Self { path: StepFiles::new(step).doubt() };
        doubt.because(why)?;
        Ok(doubt)
    }

    /// Says it with another reason.
    pub fn because(&self, why: &Text) -> Result<(), SessionError> {
        let bytes =
            serde_json::to_vec(why).map_err(|source| SessionError::Malformed { path: self.path.clone(), source })?;
        write_private(&self.path, &bytes).map_err(SessionError::file("write", &self.path))
    }

    /// It is known now.
    pub fn lift(self) -> Result<(), SessionError> {
        std::fs::remove_file(&self.path).map_err(SessionError::file("remove", &self.path))
    }

    /// The doubt that stands about a step. One that cannot be read is one too.
    pub(crate) fn of(step: &Path) -> Option<Text> {
        match std::fs::read(StepFiles::new(step).doubt()) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap_or_else(|_| unreadable())),
            Err(_) => Some(unreadable()),
        }
    }
}

fn unreadable() -> Text {
    Text::new("nobody can tell how it ended", "nadie puede decir cómo terminó")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubt_stands_until_it_is_lifted() {
        let dir = tempfile::TempDir::new().expect("a directory");
        assert_eq!(Doubt::of(dir.path()), None);
        let doubt = Doubt::cast(dir.path(), &Text::new("a", "b")).expect("written");
        assert_eq!(Doubt::of(dir.path()), Some(Text::new("a", "b")));
        doubt.because(&Text::new("c", "d")).expect("written");
        assert_eq!(Doubt::of(dir.path()), Some(Text::new("c", "d")));
        std::fs::write(StepFiles::new(dir.path()).doubt(), "{").expect("written");
        assert_eq!(Doubt::of(dir.path()), Some(unreadable()), "a torn one is one too");
        doubt.lift().expect("removed");
        assert_eq!(Doubt::of(dir.path()), None);
    }
}
