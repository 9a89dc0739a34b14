//! The files that a step executes by name. What stands in them decides what happens as much as the step's own text, so
//! the plan binds them: found where the step will find them, hashed, and looked at again just before the step starts.
//!
//! What those files execute in turn is not followed.

use serde::{Deserialize, Serialize};
use sereno_effects::{Executed, ExecutedKind, Statement};
use sereno_model::{Digest, Text};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A file larger than this is a program or data, and not what somebody reads before saying yes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The names under which `make` looks for its file, in its order.
const MAKEFILES: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];

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
                    let file = self.bind(executed);
                    relative |= file.digest.is_some() && executed.name.as_deref().is_some_and(is_relative);
                    if !found.files.contains(&file) {
                        found.files.push(file);
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

    fn bind(&self, executed: &Executed) -> StepFile {
        let name = match executed.what {
            ExecutedKind::Makefile => "Makefile".to_owned(),
            ExecutedKind::Package => "package.json".to_owned(),
            ExecutedKind::File | ExecutedKind::Enters => executed.shown.clone(),
        };
        let bound = self.find(executed).and_then(|path| Ok((hash(&path)?, path)));
        match bound {
            Ok((digest, path)) => {
                StepFile { name, path: Some(path.display().to_string()), digest: Some(digest), unbound: None }
            }
            Err(why) => StepFile { name, path: None, digest: None, unbound: Some(why) },
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
        Ok(match executed.what {
            ExecutedKind::Makefile => {
                let there = MAKEFILES.iter().map(|file| path.join(file)).find(|file| file.is_file());
                there.unwrap_or_else(|| path.join("Makefile"))
            }
            ExecutedKind::Package => path.join("package.json"),
            ExecutedKind::File | ExecutedKind::Enters => path,
        })
    }
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
