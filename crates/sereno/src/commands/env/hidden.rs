//! Which values of an environment are shown, and how two that are not can be compared.
//!
//! A bare digest of a secret would let anybody who reads it try passwords until one fits. So the fingerprint is made with a key
//! that stays in the state directory: without it, it says nothing; with it, two places that one Sereno looks at can be compared.

use crate::context::Context;
use sereno_model::redact::{Redactor, Secret, looks_secret, secrets_of};
use sereno_model::{Digest, Text};
use sereno_platform::Variable;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

const KEY: usize = 32;

/// A value as it may be seen.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// Absent where the value is not known.
    pub(super) text: Option<String>,
    pub(super) is_hidden: bool,
    /// Of a value that is hidden: equal where the values are.
    pub(super) fingerprint: Option<String>,
    /// What is odd about a value that is hidden, and would be seen otherwise.
    pub(super) odd: Option<Text>,
}

pub(super) struct Hider<'c> {
    names: &'c [String],
    redactor: Redactor,
    key: Option<Vec<u8>>,
}

impl<'c> Hider<'c> {
    /// Knows the secrets among these variables wherever one is a part of another.
    pub(super) fn new(context: &'c Context, variables: &[Variable]) -> Self {
        let names = &context.settings.secrets.names;
        // Without a place for a key there are no fingerprints, and nothing else is lacking.
        let key = key(&context.state_dir.join("fingerprint.key")).ok();
        Self { names, redactor: redactor(context.redactor().secrets(), variables, names), key }
    }

    pub(super) fn show(&self, variable: &Variable) -> Shown {
        let Some(value) = &variable.value else {
            return Shown { text: None, is_hidden: false, fingerprint: None, odd: None };
        };
        if value.is_empty() {
            return Shown { text: Some(String::new()), is_hidden: false, fingerprint: None, odd: None };
        }
        let text = if is_secret(variable, self.names) {
            "[redacted]".to_owned()
        } else {
            match self.redactor.redact(value) {
                std::borrow::Cow::Borrowed(plain) => {
                    return Shown { text: Some(plain.to_owned()), is_hidden: false, fingerprint: None, odd: None };
                }
                std::borrow::Cow::Owned(redacted) => redacted,
            }
        };
        let print = |key: &Vec<u8>| {
            let digest = Digest::of([key.as_slice(), value.as_bytes()].concat());
            digest.as_str().chars().take(8).collect()
        };
        Shown { text: Some(text), is_hidden: true, fingerprint: self.key.as_ref().map(print), odd: odd(value) }
    }
}

/// Whether all of a value is hidden. Of an address only the password is, unless the address itself lets one in.
fn is_secret(variable: &Variable, names: &[String]) -> bool {
    let value = variable.value.as_deref().unwrap_or_default();
    let lets_in = !has_password(value) && !secrets_of([(variable.name.as_str(), value)], names).is_empty();
    variable.is_secret || looks_secret(&variable.name) || names.contains(&variable.name) || lets_in
}

/// `scheme://user:password@host`
fn has_password(address: &str) -> bool {
    let Some((_, rest)) = address.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

fn redactor(known: &[Secret], variables: &[Variable], names: &[String]) -> Redactor {
    let own = variables.iter().filter(|variable| is_secret(variable, names));
    let own = own.filter_map(|variable| Some(Secret::new(&variable.name, variable.value.as_deref()?)));
    let entries = variables.iter().filter_map(|v| Some((v.name.as_str(), v.value.as_deref()?)));
    let passwords = secrets_of(entries, names).into_iter().filter(|secret| !secret.value.contains("://"));
    Redactor::new(known.iter().cloned().chain(own).chain(passwords))
}

/// What a file's last line or a careless copy adds: the usual reason for a password that is right and does not fit.
fn odd(value: &str) -> Option<Text> {
    if value.ends_with(['\n', '\r']) {
        return Some(Text::new("it ends with a line break", "termina con un salto de línea"));
    }
    (value.trim() != value).then(|| Text::new("it has blanks around it", "tiene espacios alrededor"))
}

/// The key, made when there is none yet.
fn key(path: &Path) -> io::Result<Vec<u8>> {
    if let Ok(key) = fs::read(path)
        && key.len() == KEY
    {
        return Ok(key);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut key = vec![0; KEY];
    let mut random = fs::File::open("/dev/urandom")?;
    random.read_exact(&mut key)?;
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => file,
        // Another was quicker, or left a torn one: then there is no key for now.
        Err(error) => return fs::read(path).ok().filter(|key| key.len() == KEY).ok_or(error),
    };
    file.write_all(&key)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, value: &str, is_secret: bool) -> Variable {
        Variable { name: name.to_owned(), value: Some(value.to_owned()), source: "x".to_owned(), is_secret }
    }

    fn hider(variables: &[Variable]) -> Hider<'static> {
        Hider { names: &[], redactor: redactor(&[], variables, &[]), key: Some(vec![7; KEY]) }
    }

    #[test]
    fn secrets_are_hidden_by_name_by_shape_by_source_and_inside_of_others() {
        let all = [
            variable("DB_PASSWORD", "hunter2hunter2", false),
            variable("DATABASE_URL", "postgres://app:pass:word@db/app", false),
            variable("ALERT_WEBHOOK", "https://hooks.example/T1/abc", false),
            variable("GREETING", "hello-from-a-secret", true),
            variable("COMMAND", "serve --auth hunter2hunter2", false),
            variable("PORT", "3000", false),
            variable("EMPTY_TOKEN", "", false),
        ];
        let hider = hider(&all);
        let shown: Vec<String> = all.iter().map(|one| hider.show(one).text.expect("known")).collect();
        assert_eq!(shown[0], "[redacted]");
        assert!(shown[1].starts_with("postgres://app:[redacted") && shown[1].ends_with("@db/app"), "{}", shown[1]);
        assert_eq!((shown[2].as_str(), shown[3].as_str()), ("[redacted]", "[redacted]"));
        assert_eq!(shown[4], "serve --auth [redacted:DB_PASSWORD]");
        assert_eq!((shown[5].as_str(), shown[6].as_str()), ("3000", ""));
    }

    #[test]
    fn fingerprints_compare_values_and_need_the_key() {
        let (one, other) = (variable("A_KEY", "value-1", false), variable("B_KEY", "value-1", false));
        let print = |hider: &Hider<'_>, variable: &Variable| hider.show(variable).fingerprint;
        let hider = hider(&[]);
        assert_eq!(print(&hider, &one), print(&hider, &other));
        assert_ne!(print(&hider, &one), print(&hider, &variable("A_KEY", "value-2", false)));
        let stranger = Hider { key: Some(vec![8; KEY]), ..self::hider(&[]) };
        assert_ne!(print(&hider, &one), print(&stranger, &one));
        assert_eq!(print(&Hider { key: None, ..stranger }, &one), None);
        assert!(hider.show(&variable("A_KEY", "x\n", false)).odd.is_some_and(|odd| odd.en.contains("line break")));
    }

    #[test]
    fn the_key_is_made_once_and_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("state/fingerprint.key");
        let made = key(&path).expect("made");
        assert_eq!(key(&path).expect("read"), made);
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        fs::write(&path, "torn").expect("written");
        assert!(key(&path).is_err());
    }
}
