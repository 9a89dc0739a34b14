//! What a platform tells of a component beside its state: what happened to it, what it was before, what it is given, and what
//! it keeps.

use crate::PlatformError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sereno_model::Text;

/// Something that the platform noticed or did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When it was seen last.
    pub at: Option<Timestamp>,
    /// The component that it is about; none where it is about the place itself.
    pub component: Option<String>,
    /// What it happened to, as the platform calls it: an instance, a volume, a release.
    pub about: String,
    /// Somebody should look.
    pub is_warning: bool,
    /// The platform's own word for it: `BackOff`, `oom`, `die`.
    pub reason: String,
    pub message: String,
    /// How often it was seen.
    pub count: u32,
}

/// A version of a component that the platform, or the machine, still knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// What the platform goes back to it by: a revision, an image, a release.
    pub id: String,
    /// What is in it, as people call it: an image with its tag, a commit.
    pub what: String,
    pub at: Option<Timestamp>,
    /// It runs now.
    pub is_current: bool,
    /// How it went, or why one cannot go back to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}

/// A variable of a component's environment. Its value is in clear here: whoever shows it redacts it.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    /// Absent where only its place is known, such as a secret that this user may not read.
    pub value: Option<String>,
    /// Where it is set: `secret/api-secrets`, `.env`, `image`.
    pub source: String,
    /// Its source says that it is a secret, whatever its name.
    pub is_secret: bool,
}

/// A place that keeps a component's data, and what it takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    pub name: String,
    /// The components that use it; none where nobody does.
    pub owners: Vec<String>,
    /// What it is on that platform: `volume`, `bind`, `claim`, `log`, `image`; `disk` is a whole disk.
    pub kind: String,
    /// Where it is, for whoever looks by hand.
    pub path: Option<String>,
    /// Bytes that it takes.
    pub used: Option<u64>,
    /// Bytes that it can take: its own limit, or the disk that it is on.
    pub capacity: Option<u64>,
    /// Bytes that are still free there.
    pub free: Option<u64>,
    /// Why something of it is not known, or what else is to be known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}

impl Variable {
    /// The name under which a source stands whose variables are not known, not even by name.
    pub const UNKNOWN: &str = "*";

    pub(crate) fn new(name: impl Into<String>, value: impl Into<String>, source: impl Into<String>) -> Self {
        Self { name: name.into(), value: Some(value.into()), source: source.into(), is_secret: false }
    }
}

/// Shows no value: what is debugged is printed.
impl std::fmt::Debug for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Variable").field("name", &self.name).field("source", &self.source).finish_non_exhaustive()
    }
}

/// The environments of several instances as one, by name: what all have alike once, what differs with the instance's name.
pub(crate) fn merged(each: Vec<(String, Vec<Variable>)>) -> Vec<Variable> {
    let count = each.len();
    let mut all: Vec<(Variable, Vec<String>)> = Vec::new();
    for (instance, variables) in each {
        for variable in variables {
            match all.iter_mut().find(|(known, _)| *known == variable) {
                Some((_, of)) => of.push(instance.clone()),
                None => all.push((variable, vec![instance.clone()])),
            }
        }
    }
    let named = |(variable, of): (Variable, Vec<String>)| {
        let source = if of.len() == count { variable.source } else { format!("{} @{}", variable.source, of.join(",")) };
        Variable { source, ..variable }
    };
    let mut all: Vec<Variable> = all.into_iter().map(named).collect();
    all.sort_by(|a, b| (&a.name, &a.source).cmp(&(&b.name, &b.source)));
    all
}

/// Why a file cannot be copied, in the words of both languages where the program's own are known.
pub(crate) fn why(said: &str) -> Text {
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let known = [
        ("no such file", "there is no such file", "no existe ese archivo"),
        ("could not find the file", "there is no such file", "no existe ese archivo"),
        ("not a directory", "there is no such file", "no existe ese archivo"),
        (
            "is a directory",
            "it is a directory, and one file is copied at a time",
            "es un directorio, y se copia un archivo por vez",
        ),
        ("too many links", "its links lead in a ring", "sus enlaces forman un círculo"),
        ("too many levels of symbolic links", "its links lead in a ring", "sus enlaces forman un círculo"),
        ("permission denied", "it may not be read", "no se puede leer"),
    ];
    let lower = last.to_ascii_lowercase();
    match known.into_iter().find(|(words, ..)| lower.contains(words)) {
        Some((_, en, es)) => Text::new(en, es),
        None => Text::same(last),
    }
}

/// A file of an instance that was not copied, or not all of it.
pub(crate) fn not_copied(instance: &str, path: &str, why: &Text) -> PlatformError {
    PlatformError::NotCopied {
        en: format!("{path} of {instance} was not copied: {}", why.en),
        es: format!("no se copió {path} de {instance}: {}", why.es),
    }
}

/// What is neither a file nor a folder: to read it may never end.
pub(crate) fn no_plain_file(kind: &str) -> Text {
    Text::new(format!("it is no plain file ({kind})"), format!("no es un archivo común ({kind})"))
}

/// What a platform says that has no such thing.
pub(crate) fn not_kept(target: &str, en: &str, es: &str) -> PlatformError {
    PlatformError::refused(format!("{target} tells no {en}"), format!("{target} no informa {es}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_between_instances_is_told_by_their_names() {
        let of = |value: &str| vec![Variable::new("PORT", value, ".env"), Variable::new("A", "1", "image")];
        let all = merged(vec![("api.0".to_owned(), of("1")), ("api.1".to_owned(), of("2"))]);
        let shown: Vec<_> = all.iter().map(|v| (v.name.as_str(), v.source.as_str(), v.value.as_deref())).collect();
        let ports = [("PORT", ".env @api.0", Some("1")), ("PORT", ".env @api.1", Some("2"))];
        assert_eq!(shown, [("A", "image", Some("1")), ports[0], ports[1]]);
        assert_eq!(merged(vec![("one".to_owned(), of("1"))])[1].source, ".env");
    }

    #[test]
    fn why_a_file_cannot_be_copied_is_told_in_both_languages() {
        for (said, es) in [
            ("cat: can't open '/x': No such file or directory", "no existe ese archivo"),
            ("Could not find the file /x in container api", "no existe ese archivo"),
            ("cat: /etc: Is a directory\n", "es un directorio, y se copia un archivo por vez"),
            ("cat: /srv/x: Permission denied\n\n", "no se puede leer"),
            ("something else\nwent wrong\n", "went wrong"),
        ] {
            assert_eq!(why(said).es, es, "{said}");
        }
    }

    #[test]
    fn a_variable_is_printed_without_its_value() {
        assert!(!format!("{:?}", Variable::new("A", "hunter2", "x")).contains("hunter2"));
    }
}
