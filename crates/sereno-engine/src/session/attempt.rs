//! From a step's spec to the bash that is to be started.

use super::durable::write_private;
use super::files::{STEP_MARKER, StepFiles};
use super::heredoc;
use super::restore::{self, Restored};
use super::script;
use super::snapshot::Snapshot;
use super::spec::{Stdin, StepSpec};
use sereno_model::{Digest, Text};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A bash ready to be started, but for its output.
pub(super) struct Attempt {
    pub(super) command: Command,
    /// The text ends with the command that saves the state.
    pub(super) saves_state: bool,
}

/// The longest text that is passed as an argument; the kernel's limit is 128 KiB.
const LONGEST_ARGUMENT: usize = 120 * 1024;

/// Prepares everything, or says why the step cannot start.
pub(super) fn prepare(spec: &StepSpec, files: &StepFiles) -> Result<Attempt, Text> {
    if spec.script.contains('\0') {
        return Err(Text::new("the text holds a NUL byte", "el texto contiene un byte NUL"));
    }
    let shell = find_shell(&spec.shell)?;
    let place = files.shell();
    std::fs::create_dir(&place).map_err(|error| cannot("create", "crear", &place, &error))?;
    let saves_state = !spec.is_last && !heredoc::is_left_open(&spec.script, &shell);
    let mut command = Command::new(&shell);
    command.process_group(0).stdin(stdin(spec)?);
    let state = spec.state_in.as_deref().map(|path| read_state(path, spec.state_digest.as_ref())).transpose()?;
    let restored = match &state {
        None => begin(&mut command, spec),
        Some(bytes) => go_on(&mut command, bytes, files)?,
    };
    command.env(STEP_MARKER, files.dir());
    let text = if saves_state {
        save(&files.epilogue(), &script::epilogue(files))?;
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
    command.args(restored);
    Ok(Attempt { command, saves_state })
}

/// The first step: the environment that the runner was given.
fn begin(command: &mut Command, spec: &StepSpec) -> Vec<OsString> {
    // With `PWD`, bash keeps a path through symbolic links as it was given.
    command.env_remove("BASH_ENV").current_dir(&spec.cwd).env("PWD", &spec.cwd);
    Vec::new()
}

/// A later step: everything comes from the state. Returns the positional parameters.
fn go_on(command: &mut Command, bytes: &[u8], files: &StepFiles) -> Result<Vec<OsString>, Text> {
    let damaged =
        || Text::new("the shell state of the step before is damaged", "el estado del paso anterior está dañado");
    let state = Snapshot::parse(bytes).ok_or_else(damaged)?;
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let Restored { prologue, env } = restore::restored(&state, files, &limits).ok_or_else(damaged)?;
    save(&files.prologue(), &prologue)?;
    save(&files.restore_log(), b"")?;
    let cwd = Path::new(OsStr::from_bytes(state.cwd));
    if !cwd.is_dir() {
        let path = cwd.display();
        return Err(Text::new(
            format!("the directory {path}, where the step before ended, is gone"),
            format!("el directorio {path}, donde terminó el paso anterior, ya no existe"),
        ));
    }
    command
        .env_clear()
        .envs(env)
        .env("BASH_ENV", script::unexpanded(&files.prologue()))
        .current_dir(cwd)
        .env("PWD", cwd);
    Ok(state.arguments.iter().map(|argument| OsStr::from_bytes(argument).to_owned()).collect())
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

fn save(path: &Path, bytes: &[u8]) -> Result<(), Text> {
    write_private(path, bytes).map_err(|error| cannot("write", "escribir", path, &error))
}

pub(super) fn cannot(en: &str, es: &str, path: &Path, error: &io::Error) -> Text {
    let path = path.display();
    Text::new(format!("cannot {en} {path}: {error}"), format!("no se pudo {es} {path}: {error}"))
}
