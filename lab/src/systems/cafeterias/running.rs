//! How its processes and containers are started and spoken to.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::{SECRETS, VENV};
use crate::failure::{Doing, Failure, Result};
use crate::host::daemon::Daemon;
use crate::host::env_file::EnvFile;
use crate::host::home::Home;
use crate::host::{http, python, wait};
use crate::service::random_hex;
use crate::stack::{Platform, Stack};

/// The folders, the secrets, and what `.env` says of the directory itself.
pub(super) fn prepare(home: &Home) -> Result<()> {
    // Made here, because an engine would make them root's.
    for folder in ["backups", "run/certs"] {
        fs::create_dir_all(home.path(folder)).doing(|| format!("creating {folder}"))?;
    }
    let mut env = home.env()?;
    env.set("APP_DIR", home.dir().to_string_lossy());
    env.set("PYTHON", python::program(&home.path(VENV)).to_string_lossy());
    env.write(&home.path(".env"))?;
    let path = home.path(SECRETS);
    let mut secrets = EnvFile::read(&path)?;
    if secrets.get("SECRET_KEY").is_none() {
        secrets.set("SECRET_KEY", random_hex()?);
    }
    secrets.fill("ENVIRONMENT", "production");
    secrets.fill("ENABLE_DOCS", "false");
    secrets.fill("DATABASE_POOL_SIZE", "5");
    secrets.write(&path)
}

pub(super) fn daemon(stack: &Stack<'_>, component: &str) -> Result<Daemon> {
    let schedule = stack.home.path("run/beat-schedule");
    let arguments: Vec<&str> = match component {
        "backend" => vec!["-m", "app.main"],
        "mercadopago" => vec!["-m", "app.mercadopago"],
        "worker" => vec!["-m", "celery", "-A", "app.tasks", "worker", "--loglevel=INFO", "--concurrency=2"],
        "beat" => {
            let schedule = schedule.to_str().ok_or_else(|| Failure::new("the directory's name is not text"))?;
            vec!["-m", "celery", "-A", "app.tasks", "beat", "--loglevel=INFO", "--pidfile=", "--schedule", schedule]
        }
        other => return Err(Failure::new(format!("cafeterias runs no {other} here"))),
    };
    let mut daemon = stack.own_daemon(component, &arguments)?;
    daemon.program = python::program(&stack.home.path(VENV));
    daemon.directory = stack.home.path("backend");
    daemon.environment = environment(stack)?;
    Ok(daemon)
}

fn environment(stack: &Stack<'_>) -> Result<Vec<(String, String)>> {
    let secrets = EnvFile::read(&stack.home.path(SECRETS))?;
    let mut all: Vec<(String, String)> = Vec::new();
    for (name, value) in stack.env.pairs().chain(secrets.pairs()) {
        all.push((name.to_owned(), value.to_owned()));
    }
    let logs = stack.home.path("logs").to_string_lossy().into_owned();
    for (name, value) in [("LOG_DIR", logs.as_str()), ("PYTHONUNBUFFERED", "1"), ("PYTHONDONTWRITEBYTECODE", "1")] {
        all.push((name.to_owned(), value.to_owned()));
    }
    Ok(all)
}

/// Runs Python with the backend's code and settings, and tells what it printed.
pub(super) fn python(stack: &Stack<'_>, arguments: &[&str]) -> Result<String> {
    if stack.platform == Platform::Compose {
        return stack.compose().run(&[&["exec", "-T", "backend", "python3"], arguments].concat());
    }
    let mut command = Command::new(python::program(&stack.home.path(VENV)));
    command.args(arguments).current_dir(stack.home.path("backend")).envs(environment(stack)?);
    output(command, &format!("python3 {}", arguments.join(" ")))
}

/// Runs one of the system's own scripts, as its operator would.
pub(super) fn script(
    stack: &Stack<'_>,
    name: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Result<String> {
    let mut command = Command::new("bash");
    command.arg(Path::new("scripts").join(name)).args(arguments).current_dir(stack.home.dir());
    // It starts components through this program, which holds the directory's lock already.
    command.env("LAB_LOCK_HELD", "1").envs(environment.iter().copied());
    output(command, name)
}

fn output(mut command: Command, what: &str) -> Result<String> {
    let output = command.output().doing(|| what.to_owned())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.get(lines.len().saturating_sub(15)..).unwrap_or_default().join("\n");
    Err(Failure::new(format!("{what}: {end}")))
}

/// Changes one of the secrets' values and starts the backend anew, which reads them only then.
pub(super) fn configure(stack: &Stack<'_>, name: &str, value: &str) -> Result<()> {
    let path = stack.home.path(SECRETS);
    let mut secrets = EnvFile::read(&path)?;
    secrets.set(name, value);
    secrets.write(&path)?;
    let backend = stack.component("backend")?;
    if stack.platform == Platform::Process {
        stack.stop(backend)?;
    }
    // It may be meant to fail: whoever asked looks.
    stack.begin(backend).map(|_| ())
}

/// What `/health` says; none if nobody answers.
pub(super) fn health(stack: &Stack<'_>) -> Result<Option<Value>> {
    let answer = http::get(stack.port("PORT")?, "/health").ok();
    Ok(answer.and_then(|answer| serde_json::from_str(&answer.body).ok()))
}

/// Waits until `/health` says that a service is down, in words that hold `words`.
pub(super) fn await_down(stack: &Stack<'_>, service: &str, words: &str) -> Result<()> {
    wait::slowly(&format!("/health says that {service} is down"), Duration::from_secs(40), || {
        let health = health(stack)?.unwrap_or_default();
        let state = health.pointer(&format!("/services/{service}")).cloned().unwrap_or_default();
        let text = |name: &str| state.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(text("status") == "down" && text("error").contains(words))
    })
}

/// Starts what does not run, and waits until all is well.
pub(super) fn make_whole(stack: &Stack<'_>) -> Result<()> {
    for component in stack.components() {
        if !stack.is_running(component)? {
            stack.start(component)?;
        }
    }
    // What the worker did before does not show that it works now: one that its broker turned away may be dead.
    stack.redis()?.ask(&["DEL", "celery:heartbeat"])?;
    let well = || stack.system.is_healthy(&stack.env);
    if wait::slowly("cafeterias is healthy", Duration::from_secs(20), well).is_ok() {
        return Ok(());
    }
    // Celery does not always take up its work again when its broker was away.
    for name in ["worker", "beat"] {
        let component = stack.component(name)?;
        stack.stop(component)?;
        stack.start(component)?;
    }
    stack.await_health()
}

/// The value of one line of `/metrics`.
pub(super) fn metric(stack: &Stack<'_>, series: &str) -> Result<f64> {
    let answer = http::get(stack.port("PORT")?, "/metrics")?;
    let line = answer.body.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok());
    Ok(line.unwrap_or_default())
}
