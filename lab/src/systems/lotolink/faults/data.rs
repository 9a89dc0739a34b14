//! What goes wrong in the database while everything runs.

use std::fs;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::USER;
use crate::cluster;
use crate::failure::{Doing, Failure, Result};
use crate::host::daemon::{Daemon, own_program};
use crate::host::{http, postgres, wait};
use crate::stack::{Platform, Stack};
use crate::systems::lotolink::{BACKEND, tools};

const BAD_VERSION: &str = "v1.1.0";
const BAD_MIGRATION: &str = "RenameTicketAmount1767225600000";
const BAD_FILES: [(&str, &str); 2] = [
    (
        "migrations/1767225600000-RenameTicketAmount.up.sql",
        "ALTER TABLE tickets RENAME COLUMN amount_cents TO price_cents;\n",
    ),
    (
        "migrations/1767225600000-RenameTicketAmount.down.sql",
        "ALTER TABLE tickets RENAME COLUMN price_cents TO amount_cents;\n",
    ),
];

/// As a careless change to the schema would: the constraint holds for old rows and refuses every new one.
pub(super) fn refuse_payments(stack: &Stack<'_>) -> Result<()> {
    let add = "ADD CONSTRAINT movements_reviewed CHECK (reference NOT LIKE 'stripe %') NOT VALID";
    tools::run_sql(
        stack,
        &format!("ALTER TABLE wallet_movements DROP CONSTRAINT IF EXISTS movements_reviewed, {add}"),
    )?;
    // The trouble shows only when somebody pays, so somebody does.
    let event = format!("evt_lab_{}", jiff::Timestamp::now().as_microsecond());
    let answer = tools::pay(stack.home.dir(), &event, USER.1, 500)?;
    if answer.status == 500 && failed(stack)? > 0 {
        return Ok(());
    }
    Err(Failure::new(format!("a payment was answered with {}: {}", answer.status, answer.body)))
}

pub(super) fn accept_payments(stack: &Stack<'_>) -> Result<()> {
    tools::run_sql(stack, "ALTER TABLE wallet_movements DROP CONSTRAINT IF EXISTS movements_reviewed")?;
    let answer = http::send(stack.port("PORT")?, "POST", "/admin/webhook-events/retry", &[], "")?;
    match failed(stack)? {
        0 => Ok(()),
        left => Err(Failure::new(format!("{left} events still fail: {}", answer.body))),
    }
}

fn failed(stack: &Stack<'_>) -> Result<usize> {
    let answer = http::get(stack.port("PORT")?, "/admin/webhook-events/failed")?;
    let body: Value = serde_json::from_str(&answer.body).doing(|| "the failed events".to_owned())?;
    Ok(body.get("failed").and_then(Value::as_array).map_or(0, Vec::len))
}

/// A release with a migration, deployed as the team deploys.
pub(super) fn migrate_badly(stack: &Stack<'_>) -> Result<()> {
    for (path, text) in BAD_FILES {
        let path = stack.home.path(path);
        fs::write(&path, text).doing(|| format!("writing {}", path.display()))?;
    }
    if stack.platform == Platform::Kubernetes {
        cluster::build_image(stack, BAD_VERSION)?;
        let image = format!("{BACKEND}={}:{BAD_VERSION}", stack.manifests()?.image);
        let kube = stack.kube()?;
        kube.run(&["set", "image", &format!("deployment/{BACKEND}"), &image])?;
        kube.await_rollout(BACKEND)?;
    }
    npm(stack, "migrate", "migration:run")?;
    await_sale(stack, 500)
}

pub(super) fn migrate_back(stack: &Stack<'_>) -> Result<()> {
    let shown = npm(stack, "migrate-show", "migration:show")?;
    if shown.lines().any(|line| line.starts_with("[X]") && line.ends_with(BAD_MIGRATION)) {
        npm(stack, "migrate-revert", "migration:revert")?;
    }
    for (path, _) in BAD_FILES {
        let path = stack.home.path(path);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::new(format!("removing {}: {error}", path.display())));
            }
            _ => {}
        }
    }
    if stack.platform == Platform::Kubernetes {
        super::cluster::reapply(stack)?;
    }
    await_sale(stack, 201)
}

/// A script of the backend's: where the backend is, or here.
fn npm(stack: &Stack<'_>, tool: &str, script: &str) -> Result<String> {
    if stack.platform == Platform::Kubernetes {
        let backend = format!("deployment/{BACKEND}");
        return stack.kube()?.run(&["exec", &backend, "--", "npm", "run", script]);
    }
    let what = || format!("lab lotolink {tool}");
    let output = Command::new(own_program()?)
        .args(["lotolink", tool])
        .envs(stack.env.pairs())
        .current_dir(stack.home.dir())
        .output()
        .doing(what)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure::new(format!("{}: {}", what(), String::from_utf8_lossy(&output.stderr).trim())))
}

fn await_sale(stack: &Stack<'_>, status: u16) -> Result<()> {
    let port = stack.port("PORT")?;
    let body = r#"{"draw_id":1,"numbers":[1,2,3,4,5,6]}"#;
    wait::slowly(&format!("buying a ticket answers {status}"), Duration::from_mins(2), || {
        let answer = http::send(port, "POST", "/api/v1/tickets", &[USER], body);
        Ok(answer.is_ok_and(|answer| answer.status == status))
    })
}

/// The name under which the report is connected.
const CLOSING: &str = "cierre-mensual";
const LOCK: &str = "BEGIN; LOCK TABLE wallets IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(7200)";

/// A report that takes a lock and keeps it.
pub(super) fn lock_wallets(stack: &Stack<'_>) -> Result<()> {
    if stack.platform == Platform::Kubernetes {
        let psql = format!(
            "PGAPPNAME={CLOSING} nohup psql -X -U lotolink -d lotolink_db -c '{LOCK}' > /dev/null 2>&1 < /dev/null &"
        );
        stack.kube()?.run(&["exec", "deployment/postgres", "--", "bash", "-c", &psql])?;
    } else {
        closing(stack)?.start()?;
    }
    super::await_status(stack, "/api/v1/wallet", 503)
}

pub(super) fn unlock_wallets(stack: &Stack<'_>) -> Result<()> {
    end_closing(stack)?;
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{CLOSING}'");
    tools::run_sql(stack, &end)?;
    super::await_status(stack, "/api/v1/wallet", 200)
}

/// The report's own process; on a cluster it ends with the server's.
pub(crate) fn end_closing(stack: &Stack<'_>) -> Result<()> {
    if stack.platform == Platform::Process {
        closing(stack)?.stop()?;
    }
    Ok(())
}

fn closing(stack: &Stack<'_>) -> Result<Daemon> {
    let folder = stack.home.path(".lab/closing");
    fs::create_dir_all(&folder).doing(|| format!("creating {}", folder.display()))?;
    let names = [("PGPORT", "POSTGRES_PORT"), ("PGUSER", "POSTGRES_USER"), ("PGPASSWORD", "POSTGRES_PASSWORD")];
    let fixed = [("PGAPPNAME", CLOSING), ("PGHOST", "127.0.0.1"), ("PGDATABASE", "lotolink_db")];
    let set = names.map(|(name, ours)| (name, stack.env.get(ours).unwrap_or_default()));
    let environment = set.into_iter().chain(fixed).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(Daemon {
        name: CLOSING.to_owned(),
        program: postgres::programs()?.join("psql"),
        arguments: ["-X", "-c", LOCK].map(str::to_owned).to_vec(),
        environment,
        account: None,
        directory: stack.home.dir().to_path_buf(),
        log: folder.join("log"),
        pid_file: folder.join("pid"),
        own_pid_file: None,
        stop_signal: Signal::TERM,
    })
}
