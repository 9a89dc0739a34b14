//! The knowledge that comes with the program, read command by command, when a command is first asked for.
//!
//! Reading it all costs more than reading a runbook does, and a runbook names few commands. So the files are only looked
//! through for names at first, without a TOML parser; a test holds this against the whole files read at once. What a team
//! adds is not read here: it is read whole, so that its mistakes are told at once.

use super::{CommandKnowledge, Knowledge, raw};
use std::collections::HashMap;
use std::sync::OnceLock;

/// What the others are written in terms of: nouns, and words in the names of scripts.
const COMMON: &[(&str, &str)] =
    &[("nouns", include_str!("../../knowledge/nouns.toml")), ("names", include_str!("../../knowledge/names.toml"))];

/// Commands, one family a file. Rules of a later file come before those of an earlier one.
const FAMILIES: &[(&str, &str)] = &[
    ("shell", include_str!("../../knowledge/shell.toml")),
    ("variables", include_str!("../../knowledge/variables.toml")),
    ("options", include_str!("../../knowledge/options.toml")),
    ("wrappers", include_str!("../../knowledge/wrappers.toml")),
    ("files", include_str!("../../knowledge/files.toml")),
    ("host", include_str!("../../knowledge/host.toml")),
    ("systemd", include_str!("../../knowledge/systemd.toml")),
    ("network", include_str!("../../knowledge/network.toml")),
    ("http", include_str!("../../knowledge/http.toml")),
    ("kubernetes", include_str!("../../knowledge/kubernetes.toml")),
    ("docker", include_str!("../../knowledge/docker.toml")),
    ("postgres", include_str!("../../knowledge/postgres.toml")),
    ("databases", include_str!("../../knowledge/databases.toml")),
    ("redis", include_str!("../../knowledge/redis.toml")),
    ("queues", include_str!("../../knowledge/queues.toml")),
    ("git", include_str!("../../knowledge/git.toml")),
    ("node", include_str!("../../knowledge/node.toml")),
    ("python", include_str!("../../knowledge/python.toml")),
    ("languages", include_str!("../../knowledge/languages.toml")),
    ("aws", include_str!("../../knowledge/aws.toml")),
    ("clouds", include_str!("../../knowledge/clouds.toml")),
    ("infrastructure", include_str!("../../knowledge/infrastructure.toml")),
    ("backup", include_str!("../../knowledge/backup.toml")),
    ("crypto", include_str!("../../knowledge/crypto.toml")),
    ("packages", include_str!("../../knowledge/packages.toml")),
    ("mail", include_str!("../../knowledge/mail.toml")),
    ("machines", include_str!("../../knowledge/machines.toml")),
    ("data", include_str!("../../knowledge/data.toml")),
];

/// What begins each command in a file, at the start of a line.
const HEADER: &str = "[[command]]";

/// Every command that the program knows, most of them still unread.
#[derive(Debug)]
pub(super) struct Shelf {
    common: Knowledge,
    sections: Vec<Section>,
    names: HashMap<&'static str, Place>,
    /// Names with a `*` in them and their sections, in the order in which they are tried.
    globs: Vec<(&'static str, usize)>,
}

/// One `[[command]]` of a file.
#[derive(Debug)]
struct Section {
    family: &'static str,
    text: &'static str,
    read: OnceLock<CommandKnowledge>,
}

/// Where a name is told of.
#[derive(Debug)]
enum Place {
    One(usize),
    Several(Box<Several>),
}

#[derive(Debug, Default)]
struct Several {
    /// In the order of the files.
    sections: Vec<usize>,
    merged: OnceLock<Option<CommandKnowledge>>,
}

impl Shelf {
    pub(super) fn get() -> &'static Self {
        static SHELF: OnceLock<Shelf> = OnceLock::new();
        SHELF.get_or_init(Self::open)
    }

    /// The nouns and the words in names, which are few and read at once.
    pub(super) fn common(&self) -> &Knowledge {
        &self.common
    }

    /// What is known under exactly this name.
    pub(super) fn exact(&self, name: &str) -> Option<&CommandKnowledge> {
        match self.names.get(name)? {
            Place::One(section) => self.section(*section),
            Place::Several(several) => several.merged.get_or_init(|| self.merge(&several.sections)).as_ref(),
        }
    }

    /// What is known of names with this shape (`mkfs.*`).
    pub(super) fn glob(&self, name: &str) -> Option<&CommandKnowledge> {
        let (_, section) = self.globs.iter().find(|(glob, _)| crate::pattern::glob_matches(glob, name))?;
        self.section(*section)
    }

    fn open() -> Self {
        let mut common = Knowledge::default();
        for (family, text) in COMMON {
            raw::add(&mut common, text).unwrap_or_else(|error| broken(family, &error));
        }
        let mut shelf = Self { common, sections: Vec::new(), names: HashMap::with_capacity(4096), globs: Vec::new() };
        for (family, text) in FAMILIES {
            for section in sections(text) {
                shelf.put(family, section);
            }
        }
        shelf.globs.reverse();
        shelf
    }

    fn put(&mut self, family: &'static str, text: &'static str) {
        let index = self.sections.len();
        self.sections.push(Section { family, text, read: OnceLock::new() });
        for name in names(text) {
            if name.contains('*') {
                self.globs.push((name, index));
                continue;
            }
            let place = match self.names.remove(name) {
                None => Place::One(index),
                Some(Place::One(first)) => {
                    Place::Several(Box::new(Several { sections: vec![first, index], merged: OnceLock::new() }))
                }
                Some(Place::Several(mut several)) => {
                    several.sections.push(index);
                    Place::Several(several)
                }
            };
            self.names.insert(name, place);
        }
    }

    fn section(&self, index: usize) -> Option<&CommandKnowledge> {
        let section = self.sections.get(index)?;
        Some(section.read.get_or_init(|| {
            raw::section(&self.common.nouns, section.text).unwrap_or_else(|error| broken(section.family, &error))
        }))
    }

    fn merge(&self, sections: &[usize]) -> Option<CommandKnowledge> {
        let mut known = sections.iter().filter_map(|index| self.section(*index));
        let first = known.next()?.clone();
        Some(known.fold(first, |old, new| new.clone().before(old)))
    }
}

/// The commands of a file, each as a TOML text of its own.
fn sections(text: &'static str) -> impl Iterator<Item = &'static str> {
    let mut headers: Vec<usize> = text.match_indices("\n[[command]]").map(|(at, _)| at + 1).collect();
    if text.starts_with(HEADER) {
        headers.insert(0, 0);
    }
    let ends: Vec<usize> = headers.iter().copied().skip(1).chain([text.len()]).collect();
    headers.into_iter().zip(ends).filter_map(move |(from, to)| text.get(from..to))
}

/// The names on the `name = "…"` line of a section.
fn names(section: &'static str) -> impl Iterator<Item = &'static str> {
    let quoted = section.lines().find_map(|line| line.strip_prefix("name = \"")).unwrap_or_default();
    quoted.split('"').next().unwrap_or_default().split_whitespace()
}

/// These files are part of the program and a test reads each one, so this is never reached.
fn broken(family: &str, error: &super::KnowledgeError) -> ! {
    unreachable!("knowledge/{family}.toml: {error}")
}

#[cfg(test)]
mod tests {
    use super::{COMMON, FAMILIES, Shelf};
    use crate::knowledge::{Knowledge, raw};

    #[test]
    fn what_is_read_by_name_is_what_the_whole_files_say() {
        let mut whole = Knowledge::default();
        for (family, text) in COMMON.iter().chain(FAMILIES) {
            raw::add(&mut whole, text).unwrap_or_else(|error| panic!("knowledge/{family}.toml: {error}"));
        }
        let lazy = Knowledge::builtin();
        let shelf = Shelf::get();
        assert_eq!(whole.nouns, lazy.nouns);
        assert_eq!(whole.names, lazy.names);
        assert_eq!(whole.commands.len(), shelf.names.len());
        for (name, known) in &whole.commands {
            assert_eq!(Some(known), lazy.command(name), "{name}");
        }
        assert_eq!(whole.globs.len(), shelf.globs.len());
        for ((glob, known), (lazy_glob, section)) in whole.globs.iter().zip(&shelf.globs) {
            assert_eq!((glob.as_str(), Some(known)), (*lazy_glob, shelf.section(*section)));
        }
    }
}
