//! The files that a step executes by name. What stands in them decides what happens as much as the step's own text, so
//! the plan binds them: found where the step will find them, hashed, and looked at again just before the step starts.
//!
//! A Makefile's `include` and a `\i` in a file of SQL are followed; what a script runs in turn is not.

use serde::{Deserialize, Serialize};
use sereno_effects::{Executed, ExecutedKind, Statement};
use sereno_model::redact::dotenv;
use sereno_model::{Digest, Text};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A file larger than this is a program or data, and not what somebody reads before saying yes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The names under which `make` looks for its file, in its order.
const MAKEFILES: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];

/// The names under which compose looks for its file, in its order, and for what is laid over it.
const COMPOSE: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const OVERRIDES: [&str; 4] =
    ["compose.override.yaml", "compose.override.yml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// How many files that name each other are followed.
const MOST_INCLUDED: usize = 32;

/// A file that a step executes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFile {
    /// As the command names it.
    pub name: String,
    /// Where it is.
    pub path: Option<String>,
    /// Of its content when the plan was made: what an approval binds to.
    pub digest: Option<Digest>,
    /// Why it is not bound.
    pub unbound: Option<Text>,
}

impl StepFile {
    /// Why it is not what it was when the plan was made; `None` when it is, or when it was never bound.
    pub fn changed(&self) -> Option<Text> {
        let (path, planned) = (self.path.as_ref()?, self.digest.as_ref()?);
        let name = &self.name;
        match hash(Path::new(path)) {
            Ok(now) if now == *planned => None,
            Ok(now) => Some(Text::new(
                format!("{name} changed since the plan was made ({} is now {})", planned.short(), now.short()),
                format!("{name} cambió desde que se hizo el plan ({} ahora es {})", planned.short(), now.short()),
            )),
            Err(why) => Some(Text::new(
                format!("{name} was read when the plan was made, and now: {}", why.en),
                format!("{name} se leyó cuando se hizo el plan, y ahora: {}", why.es),
            )),
        }
    }
}

/// Where the shell is, as far as the plan can follow it.
#[derive(Debug, Clone)]
pub(super) struct Whereabouts {
    directory: Option<PathBuf>,
}

/// The files of one step.
#[derive(Debug, Default)]
pub(super) struct StepFiles {
    pub(super) files: Vec<StepFile>,
    /// Where the step has to start for its files to be these.
    pub(super) starts_in: Option<String>,
}

impl Whereabouts {
    pub(super) fn new(directory: &Path) -> Self {
        Self { directory: Some(directory.to_owned()) }
    }

    /// Whether the shell is surely in this directory.
    pub(super) fn is_at(&self, directory: &Path) -> bool {
        let real = |path: &Path| std::fs::canonicalize(path).ok();
        self.directory
            .as_deref()
            .is_some_and(|here| here == directory || (real(here).is_some() && real(here) == real(directory)))
    }

    /// Follows the statements of a step, each with its text, and binds what they execute.
    pub(super) fn follow<'s>(&mut self, statements: impl Iterator<Item = (&'s Statement, &'s str)>) -> StepFiles {
        let start = self.directory.clone();
        let mut found = StepFiles::default();
        let mut relative = false;
        for (statement, text) in statements {
            let before = self.directory.clone();
            let mut unsure = 0;
            for executed in &statement.executes {
                if executed.what == ExecutedKind::Enters {
                    unsure += usize::from(executed.maybe);
                    self.enter(executed, unsure);
                } else {
                    let files = self.bind(executed);
                    let is_bound = files.iter().any(|file| file.digest.is_some());
                    relative |= is_bound && executed.name.as_deref().is_some_and(is_relative);
                    for file in files {
                        if !found.files.contains(&file) {
                            found.files.push(file);
                        }
                    }
                }
            }
            if unsure > 0 {
                self.directory = if stays_outside(text) { before } else { None };
            }
        }
        if relative {
            found.starts_in = start.map(|directory| directory.display().to_string());
        }
        found
    }

    fn enter(&mut self, executed: &Executed, unsure: usize) {
        self.directory = match &executed.name {
            Some(name) if executed.local && unsure <= 1 => self.place(name),
            _ => None,
        };
    }

    /// A path as the shell would find it here.
    fn place(&self, name: &str) -> Option<PathBuf> {
        if name == "~" || name.starts_with("~/") {
            let home = std::env::var_os("HOME")?;
            return Some(Path::new(&home).join(name.trim_start_matches('~').trim_start_matches('/')));
        }
        if is_relative(name) {
            return Some(self.directory.as_ref()?.join(name));
        }
        Some(PathBuf::from(name))
    }

    /// The file that is executed, and those that it names where that is its own way of being one text.
    fn bind(&self, executed: &Executed) -> Vec<StepFile> {
        let name = match executed.what {
            ExecutedKind::Makefile => "Makefile".to_owned(),
            ExecutedKind::Package => "package.json".to_owned(),
            ExecutedKind::Compose => COMPOSE[2].to_owned(),
            ExecutedKind::File | ExecutedKind::Enters => executed.shown.clone(),
        };
        let path = match self.find(executed) {
            Ok(path) => path,
            Err(why) => return vec![StepFile { name, path: None, digest: None, unbound: Some(why) }],
        };
        let beside = path.parent().unwrap_or(Path::new("."));
        let mut files = match executed.what {
            // As it is called there, and what is laid over it without being named.
            ExecutedKind::Compose => {
                let called = path.file_name().map_or(name, |name| name.to_string_lossy().into_owned());
                let over = OVERRIDES.iter().map(|over| (*over, beside.join(over))).filter(|(_, path)| path.is_file());
                let over = over.map(|(over, path)| bound(over.to_owned(), &path)).collect::<Vec<_>>();
                [vec![bound(called, &path)], over].concat()
            }
            _ => vec![bound(name, &path)],
        };
        let from = self.named_from(executed, &path);
        include(&mut files, &from, 0);
        files
    }

    /// Where the names in a file are looked for: `make` and psql's `\i` start where they are called, not where the file is.
    fn named_from(&self, executed: &Executed, path: &Path) -> PathBuf {
        let beside = || path.parent().unwrap_or(Path::new(".")).to_owned();
        match executed.what {
            ExecutedKind::File => self.directory.clone().unwrap_or_else(beside),
            _ => beside(),
        }
    }

    fn find(&self, executed: &Executed) -> Result<PathBuf, Text> {
        if !executed.local {
            return Err(Text::new("it is on another host or in a container", "está en otro host o en un contenedor"));
        }
        let name = executed.name.as_deref().filter(|name| !name.contains(['*', '?', '[', '{'])).ok_or_else(|| {
            Text::new("its name is only known when it runs", "su nombre solo se conoce al ejecutarse")
        })?;
        let path = self.place(name).ok_or_else(|| {
            Text::new(
                "the directory where it will be looked for is not known",
                "no se sabe en qué directorio se lo buscará",
            )
        })?;
        let first_in = |folder: &Path, names: &[&str]| names.iter().map(|file| folder.join(file)).find(|p| p.is_file());
        Ok(match executed.what {
            ExecutedKind::Makefile => first_in(&path, &MAKEFILES).unwrap_or_else(|| path.join("Makefile")),
            ExecutedKind::Package => path.join("package.json"),
            ExecutedKind::Compose => {
                if std::env::var_os("COMPOSE_FILE").is_some() || sets_compose_file(&path) {
                    return Err(Text::new("COMPOSE_FILE names others", "COMPOSE_FILE nombra otros"));
                }
                let found = path.ancestors().find_map(|folder| first_in(folder, &COMPOSE));
                found.unwrap_or_else(|| path.join(COMPOSE[2]))
            }
            ExecutedKind::File | ExecutedKind::Enters => path,
        })
    }
}

fn bound(name: String, path: &Path) -> StepFile {
    match hash(path) {
        Ok(digest) => StepFile { name, path: Some(path.display().to_string()), digest: Some(digest), unbound: None },
        Err(why) => StepFile { name, path: None, digest: None, unbound: Some(why) },
    }
}

/// Whether the `.env` beside a compose file names other files than the usual one.
fn sets_compose_file(folder: &Path) -> bool {
    std::fs::read_to_string(folder.join(".env"))
        .is_ok_and(|text| dotenv::parse(&text).iter().any(|(n, _)| n == "COMPOSE_FILE"))
}

/// Adds the files that the ones from `at` on include, and what these include.
fn include(files: &mut Vec<StepFile>, from: &Path, mut at: usize) {
    while let Some(file) = files.get(at) {
        at += 1;
        let Some(path) = file.path.clone().map(PathBuf::from) else { continue };
        for Included { name, beside } in included_by(&path).unwrap_or_default() {
            let folder = if beside { path.parent().unwrap_or(from) } else { from };
            let is_plain = !name.contains(['$', '*', '?', '[', '%', '`']) && !name.starts_with(':');
            let found = if files.len() >= MOST_INCLUDED {
                let why = Text::new("it is one of too many files", "es uno de demasiados archivos");
                return files.push(StepFile { name, path: None, digest: None, unbound: Some(why) });
            } else if is_plain {
                bound(name.clone(), &folder.join(&name))
            } else {
                let why = Text::new("its name is only known when it runs", "su nombre solo se conoce al ejecutarse");
                StepFile { name, path: None, digest: None, unbound: Some(why) }
            };
            if !files.contains(&found) {
                files.push(found);
            }
        }
    }
}

/// A file that another names.
struct Included {
    name: String,
    /// It is looked for beside the file that names it.
    beside: bool,
}

/// The files that a Makefile or a file of SQL names; `None` for what is neither.
fn included_by(path: &Path) -> Option<Vec<Included>> {
    let called = path.file_name()?.to_str()?;
    let ends_in = |end: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(end));
    let words: &[&str] = if MAKEFILES.contains(&called) || ends_in("mk") {
        &["include", "-include", "sinclude"]
    } else if ends_in("sql") {
        &["\\i", "\\include", "\\ir", "\\include_relative"]
    } else {
        return None;
    };
    let text = std::fs::read_to_string(path).ok()?;
    let mut named = Vec::new();
    for line in text.lines() {
        let line = line.split(" #").next().unwrap_or(line);
        let mut parts = line.split_whitespace();
        // A recipe's line belongs to a shell.
        let Some(word) = parts.next().filter(|word| words.contains(word) && !line.starts_with('\t')) else { continue };
        let beside = word.ends_with("ir") || word.ends_with("relative");
        named.extend(parts.map(|part| Included { name: part.trim_matches(['\'', '"', ';']).to_owned(), beside }));
    }
    Some(named)
}

fn is_relative(name: &str) -> bool {
    !name.starts_with(['/', '~'])
}

/// A subshell, or a shell of its own: where it goes is nothing to the shell after it.
fn stays_outside(text: &str) -> bool {
    let text = text.trim_start();
    let first = text.split_whitespace().next().unwrap_or_default();
    text.starts_with('(') || ["bash", "sh", "sudo", "env", "timeout", "ssh"].contains(&first)
}

fn hash(path: &Path) -> Result<Digest, Text> {
    let cannot = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Text::new("there is no such file now", "ese archivo no existe ahora"),
        _ => Text::new(format!("it cannot be read ({error})"), format!("no se puede leer ({error})")),
    };
    // Looked at by name first: opening a pipe would wait for its writer.
    let about = std::fs::metadata(path).map_err(cannot)?;
    if !about.is_file() {
        return Err(Text::new("it is not a plain file", "no es un archivo común"));
    }
    if about.len() > LARGEST {
        return Err(Text::new("it is larger than 64 MiB", "ocupa más de 64 MiB"));
    }
    Digest::of_stream(&mut File::open(path).map_err(cannot)?).map_err(cannot)
}
