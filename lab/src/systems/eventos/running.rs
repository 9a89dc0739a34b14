//! How its processes and containers are started and spoken to.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::{SECRETS, VERSION};
use crate::commands::OWN_HISTORY;
use crate::failure::{Doing, Failure, Result};
use crate::host::daemon::Daemon;
use crate::host::env_file::EnvFile;
use crate::host::home::Home;
use crate::host::{git, http, wait};
use crate::service::random_hex;
use crate::stack::{Platform, Stack};

/// The folders, the secrets, what `.env` says of the directory itself, and the tag that a rollback goes back to.
pub(super) fn prepare(home: &Home) -> Result<()> {
    // Made here, because an engine would make them root's.
    for folder in ["docker/backups", "docker/nginx/ssl", "uploads"] {
        fs::create_dir_all(home.path(folder)).doing(|| format!("creating {folder}"))?;
    }
    let mut env = home.env()?;
    env.set("APP_DIR", home.dir().to_string_lossy());
    env.write(&home.path(".env"))?;
    let path = home.path(SECRETS);
    let mut secrets = EnvFile::read(&path)?;
    if secrets.get("NEXTAUTH_SECRET").is_none() {
        secrets.set("NEXTAUTH_SECRET", random_hex()?);
    }
    secrets.fill("DATABASE_POOL_SIZE", "20");
    secrets.fill("DATABASE_POOL_MAX_IDLE_TIME", "60000");
    secrets.fill("EVENTS_CACHE_MB", "2");
    secrets.write(&path)?;
    if home.path(OWN_HISTORY).exists() && git::run(home.dir(), &["rev-parse", VERSION]).is_err() {
        git::tag(home.dir(), VERSION)?;
    }
    Ok(())
}

pub(super) fn daemon(stack: &Stack<'_>, component: &str) -> Result<Daemon> {
    let mut daemon = stack.own_daemon(component, &["serve", "eventos", component])?;
    let secrets = EnvFile::read(&stack.home.path(SECRETS))?;
    // Read anew: a deploy that runs meanwhile writes its version there.
    let env = stack.home.env()?;
    daemon.environment =
        env.pairs().chain(secrets.pairs()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(daemon)
}

/// Changes one of the secrets' values and starts the application anew, which reads them only then.
pub(super) fn configure(stack: &Stack<'_>, name: &str, value: &str) -> Result<()> {
    let path = stack.home.path(SECRETS);
    let mut secrets = EnvFile::read(&path)?;
    secrets.set(name, value);
    secrets.write(&path)?;
    let app = stack.component("app")?;
    if stack.platform == Platform::Process {
        stack.stop(app)?;
    }
    // It may be meant to fail: whoever asked looks.
    stack.begin(app).map(|_| ())
}

/// What `/api/health` says; null if nobody answers, or nginx does.
pub(super) fn health(port: u16) -> Value {
    let answer = http::get(port, "/api/health").ok();
    answer.and_then(|answer| serde_json::from_str(&answer.body).ok()).unwrap_or_default()
}

/// Waits until the health says that a service is down, in words that hold one of `words`.
pub(super) fn await_down(stack: &Stack<'_>, service: &str, words: &[&str]) -> Result<()> {
    let port = stack.port("PORT")?;
    wait::slowly(&format!("/api/health says that {service} is down"), Duration::from_secs(40), || {
        let health = health(port);
        let error = health.pointer(&format!("/services/{service}/error")).and_then(Value::as_str);
        Ok(error.is_some_and(|error| words.is_empty() || words.iter().any(|word| error.contains(word))))
    })
}

/// Waits until users are answered with this status; 0 is no answer.
pub(super) fn await_status(stack: &Stack<'_>, statuses: &[u16]) -> Result<()> {
    let port = stack.port("PORT")?;
    wait::slowly(&format!("users are answered with {statuses:?}"), Duration::from_mins(1), || {
        let status = http::get(port, "/api/health").map_or(0, |answer| answer.status);
        Ok(statuses.contains(&status))
    })
}

/// Starts what does not run, and waits until all is well.
pub(super) fn make_whole(stack: &Stack<'_>) -> Result<()> {
    for component in stack.components() {
        if !stack.is_running(component)? {
            stack.start(component)?;
        }
    }
    stack.await_health()
}

pub(super) fn book(stack: &Stack<'_>) -> Result<http::Answer> {
    let headers = [("X-User-Id", "usuario-001")];
    http::send(stack.port("PORT")?, "POST", "/api/events/1/bookings", &headers, "{\"seats\":1}")
}

/// Deploys as the team does.
pub(super) fn deploy(stack: &Stack<'_>) -> Result<()> {
    let mut command = Command::new("bash");
    command.arg("deploy.sh").current_dir(stack.home.dir());
    // It starts the application through this program, which holds the directory's lock already.
    command.env("LAB_LOCK_HELD", "1");
    let output = command.output().doing(|| "deploy.sh".to_owned())?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.get(lines.len().saturating_sub(15)..).unwrap_or_default().join("\n");
    Err(Failure::new(format!("deploy.sh: {end}")))
}
