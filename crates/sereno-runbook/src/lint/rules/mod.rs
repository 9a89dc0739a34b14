//! The lints, one family a file, and what several families ask of a command.

mod alternatives;
mod certificates;
mod compose;
mod contacts;
mod database;
mod deploy;
mod destroy;
mod document;
mod failures;
mod host;
mod kubernetes;
mod looking;
mod metrics;
mod migrations;
mod placeholders;
mod places;
mod privileges;
mod procedure;
mod readiness;
mod redis;
mod remarks;
mod restore;
mod review;
mod rotation;
mod secrets;
mod sessions;
mod values;
mod waiting;

use super::registry::{Example, Found, Lint, w};
use super::view::{Cmd, Ctx, Join, plain};
use regex::Regex;
use sereno_model::{Severity, Text};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

pub(super) static FAMILIES: &[&[Lint]] = &[
    failures::LINTS,
    waiting::LINTS,
    sessions::LINTS,
    alternatives::LINTS,
    places::LINTS,
    values::LINTS,
    destroy::LINTS,
    restore::LINTS,
    database::LINTS,
    migrations::LINTS,
    redis::LINTS,
    compose::LINTS,
    kubernetes::LINTS,
    deploy::LINTS,
    host::LINTS,
    certificates::LINTS,
    secrets::LINTS,
    rotation::LINTS,
    privileges::LINTS,
    metrics::LINTS,
    looking::LINTS,
    procedure::LINTS,
    remarks::LINTS,
    readiness::LINTS,
    placeholders::LINTS,
    contacts::LINTS,
    document::LINTS,
    review::LINTS,
];

/// A pattern written in the source of this program, compiled once for all runs. There are as many as the source has, so
/// what is leaked is bounded.
fn pattern(text: &'static str) -> &'static Regex {
    static COMPILED: LazyLock<Mutex<HashMap<&'static str, &'static Regex>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    compiled.entry(text).or_insert_with(|| Box::leak(Box::new(made(text))))
}

/// A pattern with words of the runbook in it, which the caller has escaped.
fn made(text: &str) -> Regex {
    Regex::new(text).expect("a pattern written in the source is valid")
}

/// Any of these words occurs in `text`.
fn mentions(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// What a command is about, told from its words alone: the names that teams give to scripts and targets count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Backup,
    Restore,
    MigrateUp,
    MigrateDown,
    Build,
    Fetch,
    Rollout,
    Restart,
    Stop,
    Start,
    Verify,
    Drop,
    Other,
}

/// The act of a command; wrappers are `Other`, their inner command tells.
fn act(command: &Cmd) -> Act {
    let line = plain(&command.line());
    let sub = command.sub();
    let words = sub.words.iter().map(|w| plain(&w.value)).collect::<Vec<_>>();
    match command.name() {
        "pg_dump" | "pg_dumpall" | "mysqldump" | "mongodump" | "pg_basebackup" | "wal-g" => Act::Backup,
        "pg_restore" | "mongorestore" => {
            if command.has_any(&["-l", "--list"]) {
                Act::Verify
            } else {
                Act::Restore
            }
        }
        "dropdb" => Act::Drop,
        "psql" | "mysql" if fed_with_a_file(command) => Act::Restore,
        "psql" | "mysql" | "pg_isready" | "dig" | "nc" | "openssl" | "sha256sum" | "journalctl" | "df" | "du" => {
            Act::Verify
        }
        "curl" | "wget" if command.has_any(&["-O", "-o", "--output"]) && !command.has("/dev/null") => Act::Fetch,
        "curl" | "wget" | "http" => {
            if is_post(command) {
                Act::Other
            } else {
                Act::Verify
            }
        }
        "alembic" if words.iter().any(|w| matches!(w.as_str(), "current" | "history" | "check")) => Act::Verify,
        "bash" | "sh" | "zsh" if command.has("-c") => Act::Other,
        "alembic" if words.iter().any(|w| w == "upgrade") => Act::MigrateUp,
        "alembic" if words.iter().any(|w| w == "downgrade") => Act::MigrateDown,
        "docker-compose" | "docker" if command.is_compose() || command.name() == "docker" => match sub.name() {
            "restart" => Act::Restart,
            "up" => Act::Rollout,
            "build" => Act::Build,
            "pull" => Act::Fetch,
            "stop" | "down" => Act::Stop,
            "start" => Act::Start,
            "ps" | "logs" | "inspect" => Act::Verify,
            _ => Act::Other,
        },
        "kubectl" | "oc" => kubectl_act(command),
        "helm" if mentions(sub.name(), &["upgrade", "install", "rollback"]) => Act::Rollout,
        "systemctl" | "service" | "pm2" | "supervisorctl" | "rc-service" => {
            if words.iter().any(|w| matches!(w.as_str(), "restart" | "reload")) {
                Act::Restart
            } else if words.iter().any(|w| w == "stop") {
                Act::Stop
            } else if words.iter().any(|w| w == "start") {
                Act::Start
            } else {
                Act::Verify
            }
        }
        "nginx" | "certbot" if command.has_any(&["-t", "certificates", "-T"]) => Act::Verify,
        "aws" if line.contains("s3 cp s3://") => Act::Fetch,
        "scp" | "rsync" => Act::Fetch,
        "git" if matches!(sub.name(), "pull" | "checkout" | "fetch" | "revert") => Act::Fetch,
        "npx" | "npm" | "pnpm" | "yarn" | "bun" | "make" | "bash" | "sh" | "python" | "python3" | "rails" | "rake"
        | "bundle" | "php" | "flyway" | "node" | "prisma" | "typeorm" | "just" | "task" => by_words(&line),
        name if has_ending(name, &["sh"]) || command.words.first().is_some_and(|w| w.value.contains('/')) => {
            by_words(&line)
        }
        _ => Act::Other,
    }
}

fn kubectl_act(command: &Cmd) -> Act {
    let sub = command.sub();
    let second = sub.operand();
    match (sub.name(), second) {
        ("rollout", "restart") => Act::Restart,
        ("rollout", "undo") => Act::Rollout,
        ("rollout", "status") | ("wait" | "get" | "describe" | "logs" | "top", _) => Act::Verify,
        ("set" | "apply" | "patch" | "replace", _) if !command.has("--dry-run=client") => Act::Rollout,
        ("scale", _) if scaled_to(command) == Some(0) => Act::Stop,
        ("scale", _) => Act::Start,
        _ => Act::Other,
    }
}

/// The act of a script, a make target or an npm script, by its name.
fn by_words(line: &str) -> Act {
    let any = |words: &[&str]| mentions(line, words);
    if any(&["migrate resolve", "migrate status", "migration:show", "migrate dev", "migrate diff", "generate"]) {
        Act::Other
    } else if any(&[
        "migration:revert",
        "migrate:rollback",
        "migrate:down",
        "db:rollback",
        "migrate reset",
        "migrate down",
    ]) {
        Act::MigrateDown
    } else if any(&["migrat"]) {
        Act::MigrateUp
    } else if any(&["restore", "restaur"]) && !any(&["--list", " list", "--dry-run", "--help"]) {
        Act::Restore
    } else if any(&["smoke", "health", "verif", "status", "check", "test"]) {
        Act::Verify
    } else if any(&["backup", "respaldo", "db-dump"]) && !any(&[" list", "backup-list"]) {
        Act::Backup
    } else if any(&["rollback", "deploy", "release"]) {
        Act::Rollout
    } else if any(&["build", " ci", "npm install", "npm i "]) {
        Act::Build
    } else if any(&["restart"]) {
        Act::Restart
    } else {
        Act::Other
    }
}

/// The file name ends with one of these, whatever its case.
fn has_ending(name: &str, endings: &[&str]) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| endings.iter().any(|e| end.eq_ignore_ascii_case(e)))
}

/// A client of a database that reads a file: by `<`, `-f`, or from a pipe.
fn fed_with_a_file(command: &Cmd) -> bool {
    let by_option = command.name() == "psql" && command.value_of(&["-f", "--file"]).is_some();
    let by_redirect = command.redirects.iter().any(|r| r.op == "<");
    let speaks = command.has_any(&["-c", "--command", "-e", "-l", "--version", "-tAc", "-Atc"]);
    by_option || (!speaks && (by_redirect || command.join == Join::Pipe))
}

fn is_post(command: &Cmd) -> bool {
    let method = command.value_of(&["-X", "--request"]).map(|w| w.value.to_uppercase());
    let data = command.args().any(|w| {
        matches!(w.value.as_str(), "-d" | "--data" | "--data-raw" | "--data-binary" | "--json" | "-F" | "--form" | "-T")
            || w.value.starts_with("--data")
    });
    method.map_or(data, |m| m != "GET" && m != "HEAD")
}

/// The number that `kubectl scale` or `docker service scale` asks for.
fn scaled_to(command: &Cmd) -> Option<u32> {
    let inline = command.args().find_map(|w| w.value.strip_prefix("--replicas="));
    let apart = command.value_of(&["--replicas"]).map(|w| w.value.as_str());
    inline.or(apart)?.parse().ok()
}

/// Commands of the same whole that stand before this one.
fn before<'c>(ctx: &'c Ctx<'_>, command: &'c Cmd) -> impl Iterator<Item = &'c Cmd> {
    ctx.unit_commands(command.block).take_while(move |c| (c.block, c.span.start) < (command.block, command.span.start))
}

/// Commands of the same whole that stand after this one.
fn after<'c>(ctx: &'c Ctx<'_>, command: &'c Cmd) -> impl Iterator<Item = &'c Cmd> {
    ctx.unit_commands(command.block).filter(move |c| (c.block, c.span.start) >= (command.block, command.span.end))
}

/// The person is asked, or a backup is made, before this command in its whole.
fn protected(ctx: &Ctx<'_>, command: &Cmd) -> bool {
    before(ctx, command).any(|c| act(c) == Act::Backup || asks(c))
}

/// A `read` that waits for a person.
fn asks(command: &Cmd) -> bool {
    command.name() == "read" && !command.in_loop && command.redirects.is_empty() && command.join != Join::Pipe
}

/// The block stops at the first failure.
fn stops_on_error(ctx: &Ctx<'_>, block: usize) -> bool {
    ctx.commands_of(block).iter().any(|c| {
        c.name() == "set"
            && c.args().any(|w| w.value == "errexit" || (w.value.starts_with('-') && w.value[1..].contains('e')))
    })
}

/// Pipes report the failure of any part.
fn has_pipefail(ctx: &Ctx<'_>, block: usize) -> bool {
    ctx.commands_of(block).iter().any(|c| c.name() == "set" && c.has("pipefail"))
}
