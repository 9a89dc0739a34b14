//! The tools of Pedidos: migrations, and the payment provider's part.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Subcommand;
use serde_json::json;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::{is_compose, signature};
use crate::failure::{Doing, Failure, Result};
use crate::host::daemon::own_program;
use crate::host::env_file::EnvFile;
use crate::host::http;
use crate::say::say;
use crate::service::release::Release;
use crate::service::{migrate, required, runtime};
use crate::stack::Stack;

#[derive(Subcommand)]
pub(crate) enum Tool {
    /// Apply the migrations that are missing
    Migrate {
        /// Where they are
        #[arg(long, default_value = "migrations")]
        migrations: PathBuf,
        /// Also make sure that the tenants of the examples exist
        #[arg(long)]
        seed: bool,
    },
    /// Take back the last migration
    MigrateDown {
        #[arg(long, default_value = "migrations")]
        migrations: PathBuf,
    },
    /// Check what is about to be built
    CheckRelease { file: PathBuf },
    /// Announce a payment as the provider does: a signed webhook
    Pay {
        /// Which order is paid
        order_id: i64,
        #[arg(long, default_value_t = 1000)]
        amount_cents: i64,
        /// The event's id (default: one made of the order's)
        #[arg(long)]
        event_id: Option<String>,
        /// The lab's directory (default: PORT and secret from the environment)
        #[arg(long, env = "LAB_DIR")]
        dir: Option<PathBuf>,
    },
}

pub(crate) fn run(tool: Tool) -> Result<()> {
    match tool {
        Tool::Migrate { migrations, seed } => {
            let url = required("DATABASE_URL")?;
            runtime()?.block_on(migrate::up(&url, &migrations, seed))
        }
        Tool::MigrateDown { migrations } => {
            let url = required("DATABASE_URL")?;
            runtime()?.block_on(migrate::down(&url, &migrations))
        }
        Tool::CheckRelease { file } => {
            let release = Release::read(&file)?;
            say!("{}: {}", file.display(), release.version);
            Ok(())
        }
        Tool::Pay { order_id, amount_cents, event_id, dir } => {
            let event_id = event_id.unwrap_or_else(|| format!("evt-order-{order_id}"));
            pay(&event_id, order_id, amount_cents, dir.as_deref())
        }
    }
}

pub(super) fn pay(event_id: &str, order_id: i64, amount_cents: i64, dir: Option<&Path>) -> Result<()> {
    let (port, secret) = if let Some(dir) = dir {
        let env = EnvFile::read(&dir.join(".env"))?;
        let secret = env.get("PAYMENT_WEBHOOK_SECRET").unwrap_or_default().to_owned();
        (env.port("PORT")?, secret)
    } else {
        let port = required("PORT")?;
        let port = port.parse().doing(|| format!("PORT={port}"))?;
        (port, required("PAYMENT_WEBHOOK_SECRET")?)
    };
    let body = json!({"event_id": event_id, "order_id": order_id, "amount_cents": amount_cents}).to_string();
    let signature = signature::sign(&secret, body.as_bytes());
    let headers = [(signature::HEADER, signature.as_str())];
    let answer = http::send(port, "POST", "/webhooks/payments", &headers, &body)?;
    if answer.status != 202 {
        return Err(Failure::new(format!("the API answered {}: {}", answer.status, answer.body)));
    }
    say!("{}", answer.body);
    Ok(())
}

/// Migrates as an operator would, with the same command.
pub(super) fn migrate_stack(stack: &Stack<'_>) -> Result<()> {
    let arguments = ["pedidos", "migrate", "--seed"];
    if is_compose(stack) {
        let mut all = vec!["exec", "-T", "api", "lab"];
        all.extend(arguments);
        return stack.compose().run(&all).map(|_| ());
    }
    let output = Command::new(own_program()?)
        .args(arguments)
        .envs(stack.env.pairs())
        .current_dir(stack.home.dir())
        .output()
        .doing(|| "running the migrations".to_owned())?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Failure::new(format!("the migrations failed: {text}")))
}

/// Changes the database behind the application's back, as faults do.
pub(super) fn run_sql(stack: &Stack<'_>, sql: &str) -> Result<()> {
    let url = stack.env.get("DATABASE_URL").unwrap_or_default().to_owned();
    let sql = sql.to_owned();
    runtime()?.block_on(async move {
        let what = || "changing the database".to_owned();
        let mut connection = PgConnection::connect(&url).await.doing(what)?;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.doing(what)?;
        connection.close().await.doing(what)
    })
}
