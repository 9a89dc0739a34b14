//! From a step's spec to the bash that is to be started.

use super::durable::{write_private, write_whole};
use super::files::{STEP_MARKER, StepFiles};
use super::heredoc;
use super::restore::{self, Restored};
use super::runners::memory;
use super::script;
use super::snapshot::Snapshot;
use super::spec::{Stdin, StepSpec};
use sereno_model::{Digest, Text};
use std::ffi::{OsStr, OsString};
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
    /// The text ends with the command that saves the state.
    pub(super) saves_state: bool,
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

/// Prepares everything, or says why the step cannot start.
pub(super) fn prepare(spec: &StepSpec, files: &StepFiles) -> Result<Attempt, Text> {
    if spec.script.contains('\0') {
        return Err(Text::new("the text holds a NUL byte", "el texto contiene un byte NUL"));
    }
    let shell = find_shell(&spec.shell)?;
    let saves_state = !spec.is_last && !heredoc::is_left_open(&spec.script, &shell);
    let mut command = Command::new(&shell);
    command.process_group(0).stdin(stdin(spec)?);
    let state = spec.state_in.as_deref().map(|path| read_state(path, spec.state_digest.as_ref())).transpose()?;
    let (arguments, restored) = match &state {
        None => (begin(&mut command, spec), None),
        Some(bytes) => {
            let (arguments, restoring) = go_on(&mut command, bytes)?;
            (arguments, Some(restoring))
        }
    };
    command.env(STEP_MARKER, files.dir());
    let text = if saves_state {
        keep(&files.epilogue(), script::EPILOGUE)?;
        save(&files.raw_state(), b"")?;
        script::with_epilogue(&spec.script, files)
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
    Ok(Attempt { command, saves_state, restored })
}

/// The first step: the environment that the runner was given.
fn begin(command: &mut Command, spec: &StepSpec) -> Vec<OsString> {
    // With `PWD`, bash keeps a path through symbolic links as it was given.
    command.env_remove("BASH_ENV").current_dir(&spec.cwd).env("PWD", &spec.cwd);
    Vec::new()
}

/// A later step: everything comes from the state. Returns the positional parameters.
fn go_on(command: &mut Command, bytes: &[u8]) -> Result<(Vec<OsString>, Restoring), Text> {
    let damaged =
        || Text::new("the shell state of the step before is damaged", "el estado del paso anterior está dañado");
    let state = Snapshot::parse(bytes).ok_or_else(damaged)?;
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let (mut prologue, log) =
        inherited("prologue").and_then(|file| Ok((file, inherited("restore.log")?))).map_err(|error| {
            Text::new(format!("cannot restore the state: {error}"), format!("no se pudo restaurar el estado: {error}"))
        })?;
    let fds = [&prologue, &log].map(AsRawFd::as_raw_fd);
    let Restored { text, env } = restore::restored(&state, fds, &limits).ok_or_else(damaged)?;
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
    command.env_clear().envs(env).env("BASH_ENV", &place).current_dir(cwd).env("PWD", cwd);
    let arguments = state.arguments.iter().map(|argument| OsStr::from_bytes(argument).to_owned()).collect();
    Ok((arguments, Restoring { _prologue: prologue, log }))
}

/// A file in memory that bash inherits, under a number that is in nobody's way. The prologue closes it.
fn inherited(name: &str) -> io::Result<File> {
    const OUT_OF_THE_WAY: i32 = 60;
    let file = rustix::io::fcntl_dupfd_cloexec(memory(name)?, OUT_OF_THE_WAY)?;
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty())?;
    Ok(File::from(file))
}

fn read_state(path: &Path, digest: Option<&Digest>) -> Result<Vec<u8>, Text> {
    let bytes = std::fs::read(path).map_err(|error| cannot("read", "leer", path, &error))?;
    if digest.is_some_and(|digest| *digest != Digest::of(&bytes)) {
        let path = path.display();
        return Err(Text::new(
            format!("the shell state {path} is not the one that the step before left"),
            format!("el estado {path} no es el que dejó el paso anterior"),
        ));
    }
    Ok(bytes)
}

fn stdin(spec: &StepSpec) -> Result<Stdio, Text> {
    if spec.interactive {
        let terminal = Path::new("/dev/tty");
        let opened = File::options().read(true).write(true).open(terminal);
        return opened.map(Stdio::from).map_err(|error| cannot("open", "abrir", terminal, &error));
    }
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
