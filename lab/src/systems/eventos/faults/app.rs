//! The application itself.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use super::super::VERSION;
use super::super::running::{await_down, await_status, configure, make_whole};
use super::SILENT;
use crate::failure::{Doing, Failure, Result};
use crate::host::{daemon, wait};
use crate::stack::{Platform, Stack};

const NEVER_BUILT: &str = "3.9.9";
const LOG: &str = "/app/uploads/debug.log";

pub(super) fn stop(stack: &Stack<'_>) -> Result<()> {
    super::stop(stack, "app")?;
    await_status(stack, SILENT)
}

pub(super) fn misconfigure(stack: &Stack<'_>) -> Result<()> {
    configure(stack, "DATABASE_POOL_SIZE", "veinte")?;
    await_end(stack)?;
    await_status(stack, SILENT)
}

pub(super) fn configure_well(stack: &Stack<'_>) -> Result<()> {
    configure(stack, "DATABASE_POOL_SIZE", "20")?;
    make_whole(stack)
}

/// An engine starts it again and again, each time after a longer pause.
fn await_end(stack: &Stack<'_>) -> Result<()> {
    let app = stack.component("app")?;
    wait::slowly("the application has ended at its start", Duration::from_secs(40), || {
        if stack.platform == Platform::Compose {
            return Ok(stack.compose().state("app")?.is_some_and(|state| state.starts_with("restarting")));
        }
        Ok(!stack.is_running(app)?)
    })
}

pub(super) fn freeze(stack: &Stack<'_>) -> Result<()> {
    signal(stack, Signal::STOP, "SIGSTOP")?;
    await_status(stack, SILENT)
}

pub(super) fn thaw(stack: &Stack<'_>) -> Result<()> {
    signal(stack, Signal::CONT, "SIGCONT")?;
    make_whole(stack)
}

fn signal(stack: &Stack<'_>, signal: Signal, name: &str) -> Result<()> {
    let app = stack.component("app")?;
    // One that somebody has stopped in the meantime needs no signal.
    if !stack.is_running(app)? {
        return Ok(());
    }
    if stack.platform == Platform::Compose {
        return stack.compose().run(&["kill", "-s", name, "app"]).map(|_| ());
    }
    stack.daemon(app)?.pid().map_or(Ok(()), |pid| daemon::signal(pid, signal))
}

/// As somebody deploys a version that nobody has built.
pub(super) fn lose_image(stack: &Stack<'_>) -> Result<()> {
    set_version(stack, NEVER_BUILT)?;
    stack.compose().run(&["rm", "-s", "-f", "app"])?;
    let started = stack.compose().run(&["up", "-d", "--no-deps", "--no-build", "app"]);
    if started.is_ok() {
        return Err(Failure::new(format!("an image {NEVER_BUILT} is there")));
    }
    await_status(stack, SILENT)
}

pub(super) fn find_image(stack: &Stack<'_>) -> Result<()> {
    if stack.home.env()?.get("APP_VERSION") == Some(NEVER_BUILT) {
        set_version(stack, VERSION)?;
    }
    make_whole(stack)
}

fn set_version(stack: &Stack<'_>, version: &str) -> Result<()> {
    let mut env = stack.home.env()?;
    env.set("APP_VERSION", version);
    env.write(&stack.home.path(".env"))
}

pub(super) fn fill_memory(stack: &Stack<'_>) -> Result<()> {
    configure(stack, "EVENTS_CACHE_MB", "2048")?;
    wait::slowly("the engine has killed the application", Duration::from_mins(1), || {
        let Some(id) = stack.compose().run(&["ps", "-q", "app"])?.lines().next().map(str::to_owned) else {
            return Ok(false);
        };
        let what = || "docker inspect".to_owned();
        let format = "{{.State.OOMKilled}} {{.State.ExitCode}}";
        let output = Command::new("docker").args(["inspect", "--format", format, &id]).output().doing(what)?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.contains("true") || text.contains("137"))
    })?;
    await_status(stack, SILENT)
}

pub(super) fn free_memory(stack: &Stack<'_>) -> Result<()> {
    configure(stack, "EVENTS_CACHE_MB", "2")?;
    make_whole(stack)
}

pub(super) fn fill_disk(stack: &Stack<'_>) -> Result<()> {
    // It ends with an error, which is the point: there is no more room.
    let fill = format!("yes 'DEBUG: render' > {LOG} 2> /dev/null || true");
    stack.compose().run(&["exec", "-T", "app", "sh", "-c", &fill])?;
    await_down(stack, "storage", &["No space left"])
}

pub(super) fn empty_disk(stack: &Stack<'_>) -> Result<()> {
    stack.start(stack.component("app")?)?;
    stack.compose().run(&["exec", "-T", "app", "rm", "-f", LOG])?;
    make_whole(stack)
}
