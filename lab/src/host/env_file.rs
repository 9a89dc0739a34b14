//! A `.env` file: `NAME=value` lines that a shell, make, compose and Sereno all read alike.
//!
//! Values are kept plain (no quotes, no `$`, no `#`), which is what makes the four agree.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::failure::{Doing, Failure, Result};

#[derive(Debug, Default, Clone)]
pub(crate) struct EnvFile {
    lines: Vec<String>,
    values: BTreeMap<String, String>,
}

impl EnvFile {
    /// Reads the file; one that does not exist is empty.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::new(format!("{}: {error}", path.display()))),
        }
    }

    pub(crate) fn parse(text: &str) -> Self {
        let mut file = Self::default();
        for line in text.lines() {
            file.lines.push(line.to_owned());
            if let Some((name, value)) = assignment(line) {
                file.values.insert(name.to_owned(), value.to_owned());
            }
        }
        file
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub(crate) fn port(&self, name: &str) -> Result<u16> {
        let value = self
            .get(name)
            .ok_or_else(|| Failure::new(format!("{name} is not set in .env")).hint("run `lab up` in this directory"))?;
        value.parse().doing(|| format!("{name}={value} in .env is not a port"))
    }

    /// Adds a comment or an empty line, for the reader.
    pub(crate) fn note(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    /// Sets a name that has no value yet; what a person wrote stays.
    pub(crate) fn fill(&mut self, name: &str, value: impl Into<String>) {
        if !self.values.contains_key(name) {
            self.set(name, value);
        }
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        let line = format!("{name}={value}");
        let existing = self.lines.iter_mut().find(|line| assignment(line).is_some_and(|(found, _)| found == name));
        match existing {
            Some(existing) => *existing = line,
            None => self.lines.push(line),
        }
        self.values.insert(name.to_owned(), value);
    }

    /// Takes a name out again, with its value.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.lines.retain(|line| assignment(line).is_none_or(|(found, _)| found != name));
        self.values.remove(name)
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Writes it whole or not at all, readable by its owner only since it holds passwords.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let new = path.with_extension("new");
        let what = || format!("writing {}", path.display());
        let mut file =
            fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&new).doing(what)?;
        file.write_all((self.lines.join("\n") + "\n").as_bytes()).doing(what)?;
        fs::rename(&new, path).doing(what)
    }
}

fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let value = value.trim();
    let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    plain.then_some((name, bare))
}

#[cfg(test)]
mod tests {
    use super::EnvFile;

    #[test]
    fn what_a_person_wrote_stays_in_its_place() {
        let mut file = EnvFile::parse("# mine\nPORT=4000\nexport NAME=\"x y\"\nnot an assignment\n");
        file.fill("PORT", "3000");
        file.fill("HOST", "127.0.0.1");
        file.set("NAME", "z");
        assert_eq!(file.port("PORT").unwrap(), 4000);
        assert_eq!(file.get("NAME"), Some("z"));
        assert_eq!(file.lines, ["# mine", "PORT=4000", "NAME=z", "not an assignment", "HOST=127.0.0.1"]);
    }

    #[test]
    fn a_port_that_is_none_is_named() {
        let error = EnvFile::parse("PORT=abc").port("PORT").unwrap_err();
        assert!(error.to_string().contains("PORT=abc"), "{error}");
    }
}
