//! The tools of LotoLink: migrations, and Stripe's part.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Subcommand;
use serde_json::json;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::{BACKEND, migrate, stripe};
use crate::failure::{Doing, Failure, Result};
use crate::host::daemon::own_program;
use crate::host::env_file::EnvFile;
use crate::host::http::{self, Answer};
use crate::say::say;
use crate::service::{required, runtime};
use crate::stack::{Platform, Stack};

#[derive(Subcommand)]
pub(crate) enum Tool {
    /// Apply the migrations that are missing
    Migrate {
        #[command(flatten)]
        place: Migrations,
        /// Also make sure that the users and draws of the examples exist
        #[arg(long)]
        seed: bool,
    },
    /// Take back the last migration
    MigrateRevert {
        #[command(flatten)]
        place: Migrations,
    },
    /// List the migrations, and which of them are in the database
    MigrateShow {
        #[command(flatten)]
        place: Migrations,
    },
    /// Announce a payment as Stripe does: a signed webhook
    Pay {
        /// Whose wallet is filled
        user_id: String,
        #[arg(long, default_value_t = 1000)]
        amount_cents: i64,
        /// The event's id (default: one made of the time)
        #[arg(long)]
        event_id: Option<String>,
        /// The lab's directory
        #[arg(long, env = "LAB_DIR")]
        dir: PathBuf,
    },
}

#[derive(clap::Args)]
pub(crate) struct Migrations {
    /// Where they are
    #[arg(long, default_value = "migrations")]
    migrations: PathBuf,
}

pub(crate) fn run(tool: Tool) -> Result<()> {
    let url = || required("DATABASE_URL");
    match tool {
        Tool::Migrate { place, seed } => runtime()?.block_on(migrate::run(&url()?, &place.migrations, seed)),
        Tool::MigrateRevert { place } => runtime()?.block_on(migrate::revert(&url()?, &place.migrations)),
        Tool::MigrateShow { place } => runtime()?.block_on(migrate::show(&url()?, &place.migrations)),
        Tool::Pay { user_id, amount_cents, event_id, dir } => {
            let event_id = event_id.unwrap_or_else(|| format!("evt_{}", jiff::Timestamp::now().as_microsecond()));
            let answer = pay(&dir, &event_id, &user_id, amount_cents)?;
            if answer.status != 200 {
                return Err(Failure::new(format!("the API answered {}: {}", answer.status, answer.body)));
            }
            say!("{event_id} {}", answer.body);
            Ok(())
        }
    }
}

/// Signs with the secret that Stripe knows, which the backend may not know.
pub(super) fn pay(dir: &Path, event_id: &str, user_id: &str, amount_cents: i64) -> Result<Answer> {
    let env = EnvFile::read(&dir.join(".env"))?;
    let kept = EnvFile::read(&dir.join(super::faults::KEPT))?;
    let name = "STRIPE_WEBHOOK_SECRET";
    let secret = kept.get(name).or_else(|| env.get(name)).unwrap_or_default();
    let object = json!({"amount": amount_cents, "currency": "usd", "metadata": {"user_id": user_id}});
    let body = json!({"id": event_id, "type": "payment_intent.succeeded", "data": {"object": object}}).to_string();
    let now = jiff::Timestamp::now().as_second().cast_unsigned();
    let signature = stripe::sign(secret, &body, now);
    http::send(env.port("PORT")?, "POST", "/webhooks/stripe", &[(stripe::HEADER, &signature)], &body)
}

/// Migrates as an operator would, with the same command.
pub(super) fn migrate_stack(stack: &Stack<'_>) -> Result<()> {
    if stack.platform == Platform::Kubernetes {
        let exec = ["exec", &format!("deployment/{BACKEND}"), "--", "npm", "run", "migration:run", "--", "--seed"];
        return stack.kube()?.run(&exec).map(|_| ());
    }
    let output = Command::new(own_program()?)
        .args(["lotolink", "migrate", "--seed"])
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
    if stack.platform == Platform::Kubernetes {
        let psql = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "lotolink", "-d", "lotolink_db", "-c", sql];
        return stack.kube()?.run(&[&["exec", "deployment/postgres", "--"], psql.as_slice()].concat()).map(|_| ());
    }
    let url = stack.env.get("DATABASE_URL").unwrap_or_default().to_owned();
    let sql = sql.to_owned();
    runtime()?.block_on(async move {
        let what = || "changing the database".to_owned();
        let mut connection = PgConnection::connect(&url).await.doing(what)?;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.doing(what)?;
        connection.close().await.doing(what)
    })
}
