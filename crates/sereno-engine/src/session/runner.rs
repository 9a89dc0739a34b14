//! The runner: the small process that executes one step and outlives Sereno.
//!
//! It is handed steps through a socket, each with its lock (see `runners`). It leaves Sereno's terminal session, becomes the
//! parent of every orphan of the step, starts bash, watches it to its end, and writes the result. What it cannot do is survive
//! `kill -9` itself, or the machine's end: then the lock is free and there is no result, which others read as *lost*.
//!
//! When nothing of a step is left, it takes the next one from the same Sereno: a step then costs one process less.

use super::attempt::{self, Attempt};
use super::declare;
use super::durable::{append, write_durably, write_whole};
use super::error::SessionError;
use super::files::{STEP_MARKER, StepFiles};
use super::processes;
use super::raw::RawState;
use super::redact::{Redaction, read_secrets};
use super::result::{End, SavedState, StepResult};
use super::runners::{Handed, Requests};
use super::snapshot::{self, Snapshot};
use super::spec::StepSpec;
use super::supervise::{Cause, Supervisor, Verdict};
use super::terminal::Pty;
use serde::{Deserialize, Serialize};
use sereno_model::redact::secrets_of;
use sereno_model::{Digest, Text};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// The hidden subcommand of the binary that has to call [`runner_main`]; its one argument is only for those who list processes.
pub const RUNNER_COMMAND: &str = "__step-runner";

/// Executes steps as they are handed over, until no more come. Silent: whoever wants to know looks into a step's directory.
pub fn runner_main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve() -> io::Result<()> {
    let mut requests = Some(Requests::from_stdin()?);
    let mut first = true;
    while let Some(open) = requests.take() {
        if let Some(step) = open.next()? {
            requests = execute(step, open, first)?;
            first = false;
        }
    }
    Ok(())
}

/// Who runs a step, for those who find it gone.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RunnerFile {
    pub(super) pid: i32,
    /// Clock ticks after the machine's start.
    pub(super) started: u64,
    pub(super) boot_id: String,
}

/// One step, to its end. Gives the socket back when this process may take another step.
fn execute(step: Handed, requests: Requests, first: bool) -> io::Result<Option<Requests>> {
    let Handed { files, mut lock, spec } = step;
    let files = &files;
    if first {
        rustix::process::setsid()?;
    }
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let prepared = attempt::read_state(&spec).and_then(|state| {
        let attempt = attempt::prepare(&spec, files, state.as_deref())?;
        let redaction = redaction(&spec, state.as_deref()).map_err(|error| error.text())?;
        Ok((attempt, redaction))
    });
    let (mut attempt, redaction) = match prepared {
        Ok(prepared) => prepared,
        Err(why) => return write_result(files, &StepResult::not_started(why), None).map(|()| None),
    };
    announce(&mut lock)?;
    let mut supervisor = match start(&mut attempt.command, &spec, files, redaction, &requests) {
        Ok(supervisor) => supervisor,
        Err(error) => {
            let why = attempt::cannot("start", "iniciar", &spec.shell, &error);
            return write_result(files, &StepResult::not_started(why), None).map(|()| None);
        }
    };
    let verdict = supervisor.run()?;
    let result = conclude(&verdict, &supervisor, &attempt, &spec);
    // Closed before the result can be seen: whoever sees it must not hand a step to a runner that stays with this one.
    let requests = (supervisor.is_alone() && !spec.interactive).then_some(requests);
    write_result(files, &result, requests.as_ref())?;
    drop(lock);
    if requests.is_none() {
        supervisor.linger()?;
    }
    Ok(requests)
}

/// Written before bash starts, so that its absence proves that nothing ran.
fn announce(lock: &mut File) -> io::Result<()> {
    let this = processes::this()?;
    let file = RunnerFile { pid: this.pid, started: this.started, boot_id: processes::boot_id() };
    lock.write_all(&serde_json::to_vec(&file)?)
}

fn start(
    bash: &mut Command,
    spec: &StepSpec,
    files: &StepFiles,
    redaction: Redaction,
    requests: &Requests,
) -> io::Result<Supervisor> {
    if !spec.interactive {
        bash.stdout(Stdio::piped()).stderr(Stdio::piped());
        return Supervisor::new(files.clone(), bash.spawn()?, spec, redaction);
    }
    let pty = Pty::like_lent()?;
    pty.give(bash)?;
    let child = bash.spawn()?;
    // Bash must not hold on to what this process holds: the terminal ends with the last who has it.
    bash.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let relay = pty.hand_over(child.id(), requests.watched()?)?;
    Supervisor::new(files.clone(), child, spec, redaction)?.at(relay)
}

/// The secrets that were handed over, and those that the environment or the script's own variables hold by name.
fn redaction(spec: &StepSpec, state: Option<&[u8]>) -> Result<Redaction, SessionError> {
    let mut secrets = spec.redact.as_deref().map(read_secrets).transpose()?.unwrap_or_default();
    let mut variables: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name != STEP_MARKER)
        .collect();
    // A state that cannot be understood keeps the step from starting; that is said elsewhere.
    if let Some(state) = state.and_then(Snapshot::parse) {
        let declared = declare::parse(state.variables).unwrap_or_default();
        variables.extend(declared.iter().filter_map(|v| Some((v.name.to_owned(), declare::plain_text(v.value?)?))));
        let unnameable = state.unnameable.iter().filter_map(|entry| std::str::from_utf8(entry).ok()?.split_once('='));
        variables.extend(unnameable.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    secrets.extend(secrets_of(variables.iter().map(|(name, value)| (name.as_str(), value.as_str())), &[]));
    Ok(Redaction::new(secrets))
}

fn conclude(verdict: &Verdict, supervisor: &Supervisor, attempt: &Attempt, spec: &StepSpec) -> StepResult {
    let end = match (verdict.status.code(), verdict.status.signal()) {
        (Some(code), _) => End::Exited(code),
        (None, signal) => End::Signaled(signal.unwrap_or_default()),
    };
    let ended = verdict.cause.is_some() || matches!(end, End::Signaled(_));
    let saved = match &attempt.raw_state {
        Some(raw) if !ended => save_state(spec, raw, &verdict.limits, &attempt.unnameable),
        _ => Ok(None),
    };
    let (state, state_error) = match saved {
        Ok(state) => (state, None),
        Err(why) => (None, Some(why)),
    };
    let output = supervisor.output();
    StepResult {
        completed: if spec.is_last { None } else { Some(state.is_some() || state_error.is_some()) },
        end,
        timed_out: verdict.cause == Some(Cause::Timeout),
        cancelled: verdict.cause == Some(Cause::Cancelled),
        hung_up: verdict.cause == Some(Cause::HungUp),
        followed: verdict.cause == Some(Cause::Followed),
        state,
        state_error,
        restore_notes: attempt.restore_notes(),
        duration_ms: verdict.duration.as_millis() as u64,
        output_bytes: output.written(),
        dropped_bytes: output.dropped(),
        output_error: output.error().map(str::to_owned),
        background: verdict.background.clone(),
        survivors: verdict.survivors.clone(),
    }
}

/// The state that the epilogue printed. `None` when it never ran: the step left early.
fn save_state(
    spec: &StepSpec,
    raw: &RawState,
    limits: &[u8],
    unnameable: &[Vec<u8>],
) -> Result<Option<SavedState>, Text> {
    let mut bytes = raw.read().map_err(|error| attempt::cannot("read", "leer", raw.path(), &error))?;
    if bytes.is_empty() || snapshot::is_of_subshell(&bytes) {
        return Ok(None);
    }
    for part in std::iter::once(limits).chain(unnameable.iter().map(Vec::as_slice)) {
        bytes.push(0);
        bytes.extend_from_slice(part);
    }
    let Some(state) = Snapshot::parse(&bytes) else {
        return Err(Text::new(
            "the shell state could not be saved whole (a full disk?)",
            "el estado del shell no se pudo guardar completo (¿disco lleno?)",
        ));
    };
    let path = &spec.states;
    let offset = append(path, &bytes).map_err(|error| attempt::cannot("write", "escribir", path, &error))?;
    Ok(Some(SavedState {
        offset,
        length: bytes.len() as u64,
        digest: Digest::of(&bytes),
        exit_trap: state.has_exit_trap(),
        cwd: String::from_utf8_lossy(state.cwd).into_owned(),
    }))
}

/// A Sereno that watches makes the outcome durable in its journal before anything else happens; without one, this does.
fn write_result(files: &StepFiles, result: &StepResult, requests: Option<&Requests>) -> io::Result<()> {
    let mut bytes = serde_json::to_vec_pretty(result)?;
    bytes.push(b'\n');
    if requests.is_some_and(Requests::is_watched) {
        return write_whole(&files.new_result(), &files.result(), &bytes).map(drop);
    }
    write_durably(&files.new_result(), &files.result(), &bytes)
}

/// A path as an argument of the runner's own command line.
pub(super) fn is_usable(dir: &Path) -> bool {
    dir.is_absolute() && !dir.as_os_str().as_bytes().contains(&b'\n')
}
