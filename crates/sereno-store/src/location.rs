//! Where a journal is.

use sereno_model::Text;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a journal is. `Display` and `Debug` never show a password.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file; SQLite keeps two more beside it while it is open.
    Sqlite(PathBuf),
    /// An address such as `postgresql://sereno@db.internal/sereno`.
    Postgres(String),
}

/// A text that is no location.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` is not a journal location: expected `sqlite:PATH` or `postgresql://…`")]
pub struct BadLocation {
    shown: String,
}

impl BadLocation {
    pub fn text(&self) -> Text {
        let shown = &self.shown;
        Text::new(
            format!("`{shown}` is not a journal location: expected `sqlite:PATH` or `postgresql://…`"),
            format!("`{shown}` no es la ubicación de un diario: se esperaba `sqlite:RUTA` o `postgresql://…`"),
        )
    }
}

impl FromStr for Location {
    type Err = BadLocation;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        let path = text.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
        match path {
            Some(path) if !path.is_empty() && path != ":memory:" => Ok(Self::Sqlite(PathBuf::from(path))),
            None if !text.is_empty() && !text.contains("://") => Ok(Self::Sqlite(PathBuf::from(text))),
            _ => Err(BadLocation { shown: without_password(text) }),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(address) => f.write_str(&without_password(address)),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

/// The address with neither the password before its host nor its parameters, which may hold another.
fn without_password(address: &str) -> String {
    let address = address.split('?').next().unwrap_or(address);
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or(user);
            format!("{scheme}://{user}@{host}")
        }
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_read_and_shown_without_password() {
        for (text, shown) in [
            ("sqlite:.sereno/journal.db", Some("sqlite:.sereno/journal.db")),
            ("sqlite:///var/lib/x.db", Some("sqlite:/var/lib/x.db")),
            ("/var/lib/x.db", Some("sqlite:/var/lib/x.db")),
            ("postgresql://u:p@ss@db:5432/s?sslmode=require&password=x", Some("postgresql://u@db:5432/s")),
            ("postgres://db/s", Some("postgres://db/s")),
            ("mysql://u:secret@db/s", None),
            ("sqlite::memory:", None),
            ("sqlite:", None),
            ("", None),
        ] {
            let location = text.parse::<Location>();
            assert_eq!(location.as_ref().ok().map(ToString::to_string).as_deref(), shown, "{text}");
            if let Err(error) = location {
                assert!(!error.to_string().contains("secret"));
            }
        }
    }
}
