//! From a step's spec to the bash that is to be started.

use super::durable::{write_private, write_whole};
use super::files::{STEP_MARKER, StepFiles};
use super::heredoc;
use super::raw::RawState;
use super::restore::{self, Restored};
use super::runners::memory;
use super::script;
use super::snapshot::Snapshot;
use super::spec::{Stdin, StepSpec};
use sereno_model::{Digest, Text};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A bash ready to be started, but for its output.
pub(super) struct Attempt {
    pub(super) command: Command,
    /// Where the command at the end of the text saves the state, if there is one.
    pub(super) raw_state: Option<RawState>,
    /// What its environment holds that bash has no name for, as `name=value`.
    pub(super) unnameable: Vec<Vec<u8>>,
    restored: Option<Restoring>,
}

/// What bash reads before the author's text, and where it complains of it: two files in memory that it inherits.
struct Restoring {
    _prologue: File,
    log: File,
}

impl Attempt {
    /// What bash complained of while it was given its state back.
    pub(super) fn restore_notes(&self) -> Option<String> {
        let mut notes = vec![0; 8000];
        let length = self.restored.as_ref()?.log.read_at(&mut notes, 0).ok()?;
        notes.truncate(length);
        (length > 0).then(|| String::from_utf8_lossy(&notes).trim().chars().take(2000).collect())
    }
}

/// The longest text that is passed as an argument; the kernel's limit is 128 KiB.
const LONGEST_ARGUMENT: usize = 120 * 1024;

/// Prepares everything, or says why the step cannot start. `state` is what the step before left.
pub(super) fn prepare(spec: &StepSpec, files: &StepFiles, state: Option<&[u8]>) -> Result<Attempt, Text> {
    if spec.script.contains('\0') {
        return Err(Text::new("the text holds a NUL byte", "el texto contiene un byte NUL"));
    }
    let shell = find_shell(&spec.shell)?;
    let saves_state = !spec.is_last && !heredoc::is_left_open(&spec.script, &shell);
    let mut command = Command::new(&shell);
    command.process_group(0).stdin(stdin(spec)?);
    let (arguments, unnameable, restored) = match state {
        None => (Vec::new(), begin(&mut command, spec), None),
        Some(bytes) => {
            let state = Snapshot::parse(bytes).ok_or_else(damaged)?;
            let arguments = state.arguments.iter().map(|argument| OsStr::from_bytes(argument).to_owned()).collect();
            let unnameable = state.unnameable.iter().map(|entry| entry.to_vec()).collect();
            (arguments, unnameable, Some(go_on(&mut command, &state)?))
        }
    };
    command.env(STEP_MARKER, files.dir());
    let raw_state = saves_state.then(|| RawState::new(files)).transpose();
    let raw_state = raw_state.map_err(|error| cannot("create", "crear", &files.raw_state(), &error))?;
    let text = if let Some(raw) = &raw_state {
        keep(&files.epilogue(), script::EPILOGUE)?;
        script::with_epilogue(&spec.script, raw.path(), &files.epilogue())
    } else {
        spec.script.clone().into_bytes()
    };
    if text.len() <= LONGEST_ARGUMENT {
        command.arg("-c").arg("--").arg(OsStr::from_bytes(&text)).arg("bash");
    } else {
        save(&files.script(), &text)?;
        command.arg("--").arg(files.script());
    }
    command.args(arguments);
    Ok(Attempt { command, raw_state, unnameable, restored })
}

/// The first step: the environment that the runner was given. Returns what of it bash has no name for.
fn begin(command: &mut Command, spec: &StepSpec) -> Vec<Vec<u8>> {
    // With `PWD`, bash keeps a path through symbolic links as it was given.
    command.env_remove("BASH_ENV").current_dir(&spec.cwd).env("PWD", &spec.cwd);
    let unnameable = std::env::vars_os().filter(|(name, _)| !is_nameable(name.as_bytes()));
    unnameable.map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat()).collect()
}

/// Whether bash has it as a variable or, of another name, as a function.
fn is_nameable(name: &[u8]) -> bool {
    let is_word = name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    (is_word && !name.first().is_some_and(u8::is_ascii_digit)) || name.starts_with(b"BASH_FUNC_")
}

fn damaged() -> Text {
    Text::new("the shell state of the step before is damaged", "el estado del paso anterior está dañado")
}

/// A later step: everything comes from the state.
fn go_on(command: &mut Command, state: &Snapshot<'_>) -> Result<Restoring, Text> {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let (mut prologue, log) =
        inherited("prologue").and_then(|file| Ok((file, inherited("restore.log")?))).map_err(|error| {
            Text::new(format!("cannot restore the state: {error}"), format!("no se pudo restaurar el estado: {error}"))
        })?;
    let fds = [&prologue, &log].map(AsRawFd::as_raw_fd);
    let Restored { text, env } = restore::restored(state, fds, &limits).ok_or_else(damaged)?;
    let place = PathBuf::from(format!("/proc/self/fd/{}", fds[0]));
    prologue.write_all(&text).map_err(|error| cannot("write", "escribir", &place, &error))?;
    let cwd = Path::new(OsStr::from_bytes(state.cwd));
    if !cwd.is_dir() {
        let path = cwd.display();
        return Err(Text::new(
            format!("the directory {path}, where the step before ended, is gone"),
            format!("el directorio {path}, donde terminó el paso anterior, ya no existe"),
        ));
    }
    let unnameable = state.unnameable.iter().filter_map(|entry| {
        let at = entry.iter().position(|byte| *byte == b'=')?;
        Some((OsStr::from_bytes(entry.get(..at)?), OsStr::from_bytes(entry.get(at + 1..)?)))
    });
    command.env_clear().envs(env).envs(unnameable).env("BASH_ENV", &place).current_dir(cwd).env("PWD", cwd);
    Ok(Restoring { _prologue: prologue, log })
}

/// A file in memory that bash inherits, under a number that is in nobody's way. The prologue closes it.
fn inherited(name: &str) -> io::Result<File> {
    const OUT_OF_THE_WAY: i32 = 60;
    let file = rustix::io::fcntl_dupfd_cloexec(memory(name)?, OUT_OF_THE_WAY)?;
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty())?;
    Ok(File::from(file))
}

/// The state that the step goes on from.
pub(super) fn read_state(spec: &StepSpec) -> Result<Option<Vec<u8>>, Text> {
    let (Some(saved), path) = (&spec.state_in, &spec.states) else {
        return Ok(None);
    };
    let file = File::open(path).map_err(|error| cannot("read", "leer", path, &error))?;
    let mut bytes = vec![0; saved.length as usize];
    let read = file.read_exact_at(&mut bytes, saved.offset);
    if read.is_err() || saved.digest != Digest::of(&bytes) {
        let path = path.display();
        return Err(Text::new(
            format!("the shell state in {path} is not the one that the step before left"),
            format!("el estado en {path} no es el que dejó el paso anterior"),
        ));
    }
    Ok(Some(bytes))
}

fn stdin(spec: &StepSpec) -> Result<Stdio, Text> {
    match &spec.stdin {
        Stdin::Null => Ok(Stdio::null()),
        Stdin::File(path) => File::open(path).map(Stdio::from).map_err(|error| cannot("open", "abrir", path, &error)),
    }
}

/// Where the shell is; said by name when it is nowhere.
fn find_shell(shell: &Path) -> Result<PathBuf, Text> {
    let found = if shell.as_os_str().as_bytes().contains(&b'/') {
        Some(shell.to_owned())
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let usual = ["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from);
        std::env::split_paths(&path)
            .filter(|dir| dir.is_absolute())
            .chain(usual)
            .map(|dir| dir.join(shell))
            .find(|path| path.is_file())
    };
    found.ok_or_else(|| {
        let shell = shell.display();
        Text::new(format!("there is no {shell} in PATH"), format!("no hay {shell} en PATH"))
    })
}

/// Written once for all steps; again when another version of this program wrote it.
fn keep(path: &Path, bytes: &[u8]) -> Result<(), Text> {
    if std::fs::read(path).is_ok_and(|found| found == bytes) {
        return Ok(());
    }
    let temporary = path.with_extension(std::process::id().to_string());
    write_whole(&temporary, path, bytes).map(drop).map_err(|error| cannot("write", "escribir", path, &error))
}

fn save(path: &Path, bytes: &[u8]) -> Result<(), Text> {
    write_private(path, bytes).map_err(|error| cannot("write", "escribir", path, &error))
}

pub(super) fn cannot(en: &str, es: &str, path: &Path, error: &io::Error) -> Text {
    let path = path.display();
    Text::new(format!("cannot {en} {path}: {error}"), format!("no se pudo {es} {path}: {error}"))
}
