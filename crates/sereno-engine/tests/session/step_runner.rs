//! Test support: a program that is a runner and nothing else, as small as one can be. With `start SPEC.json` it is the
//! Sereno that starts a step, so that tests can kill it.

use sereno_engine::session::{RUNNER_COMMAND, StepSpec, runner_main, spawn_runner};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    match arguments.as_slice() {
        [command, _] if command == Path::new(RUNNER_COMMAND) => runner_main(),
        [command, spec] if command == Path::new("start") => start(spec, false),
        [command, spec] if command == Path::new("interactive") => start(spec, true),
        _ => ExitCode::from(2),
    }
}

fn start(spec: &Path, interactive: bool) -> ExitCode {
    let Ok(bytes) = std::fs::read(spec) else {
        return ExitCode::from(2);
    };
    let Ok(spec) = serde_json::from_slice::<StepSpec>(&bytes) else {
        return ExitCode::from(2);
    };
    let spec = StepSpec { env: std::env::vars_os().collect(), ..spec };
    let exe = Path::new("/proc/self/exe");
    let ended = if interactive {
        sereno_engine::session::run_interactive(exe, &spec)
    } else {
        spawn_runner(exe, &spec).and_then(|mut handle| handle.wait(|_, _| {}))
    };
    match ended {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(3),
    }
}
