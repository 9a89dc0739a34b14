//! Pedidos: orders, payments and tenants.
//!
//! An HTTP API and a worker over PostgreSQL and Redis. It is real in what an operator meets (connections that
//! break, a queue that fills, a cache that goes stale) and small in everything else: no users, no prices.

mod api;
mod faults;
mod queue;
mod settings;
mod signature;
mod store;
mod tools;
mod worker;

pub(crate) use self::tools::{Tool, run as run_tool};

use crate::failure::{Failure, Result};
use crate::host::env_file::EnvFile;
use crate::host::home::SystemFile;
use crate::host::http;
use crate::load::{Ask, LoadOptions};
use crate::service::{random_hex, runtime};
use crate::stack::{Platform, Stack};
use crate::system::{Component, Fault, Kind, System};

use self::settings::Settings;

pub(crate) struct Pedidos;

/// A file of `lab/systems/pedidos/`, carried in the program.
macro_rules! file {
    ($path:literal) => {
        SystemFile { path: $path, text: include_str!(concat!("../../../systems/pedidos/", $path)) }
    };
}

impl System for Pedidos {
    fn name(&self) -> &'static str {
        "pedidos"
    }

    fn summary(&self) -> &'static str {
        "orders, payments and tenants: API and worker over PostgreSQL and Redis"
    }

    fn components(&self) -> &'static [Component] {
        &[
            Component { name: "postgres", kind: Kind::Postgres },
            Component { name: "redis", kind: Kind::Redis },
            Component { name: "api", kind: Kind::Http },
            Component { name: "worker", kind: Kind::Worker },
        ]
    }

    fn files(&self) -> &'static [SystemFile] {
        &[
            file!("RUNBOOK.md"),
            file!("RUNBOOK.en.md"),
            file!("Makefile"),
            file!("docker-compose.yml"),
            file!("Dockerfile"),
            file!("docker/postgres.sh"),
            file!(".env.example"),
            file!(".gitignore"),
            file!("app/config.json"),
            file!("scripts/build.sh"),
            file!("scripts/deploy.sh"),
            file!("scripts/backup-db.sh"),
            file!("scripts/restore-db.sh"),
            file!("migrations/001_extensions.up.sql"),
            file!("migrations/001_extensions.down.sql"),
            file!("migrations/002_tenants.up.sql"),
            file!("migrations/002_tenants.down.sql"),
            file!("migrations/003_orders.up.sql"),
            file!("migrations/003_orders.down.sql"),
            file!("migrations/004_payments.up.sql"),
            file!("migrations/004_payments.down.sql"),
            file!("migrations/005_orders_by_status.up.sql"),
            file!("migrations/005_orders_by_status.down.sql"),
            file!("migrations/seed.sql"),
        ]
    }

    fn platforms(&self) -> &'static [Platform] {
        &[Platform::Process, Platform::Compose]
    }

    fn faults(&self) -> &'static [Fault] {
        faults::ALL
    }

    fn settings(&self, env: &mut EnvFile) -> Result<()> {
        env.fill("POSTGRES_USER", "pedidos");
        env.fill("POSTGRES_DB", "pedidos");
        if env.get("POSTGRES_PASSWORD").is_none() {
            env.set("POSTGRES_PASSWORD", random_hex()?);
        }
        if env.get("PAYMENT_WEBHOOK_SECRET").is_none() {
            env.set("PAYMENT_WEBHOOK_SECRET", random_hex()?);
        }
        let value = |name: &str| env.get(name).unwrap_or_default().to_owned();
        let database = format!(
            "postgres://{}:{}@127.0.0.1:{}/{}",
            value("POSTGRES_USER"),
            value("POSTGRES_PASSWORD"),
            value("POSTGRES_PORT"),
            value("POSTGRES_DB")
        );
        let redis = format!("redis://127.0.0.1:{}", value("REDIS_PORT"));
        let project = format!("pedidos-{}", value("PORT"));
        // These two follow the parts, so that a changed port or password is changed in one place.
        env.set("DATABASE_URL", database);
        env.set("REDIS_URL", redis);
        env.fill("HOST", "127.0.0.1");
        env.fill("BACKUP_DIR", "backups");
        env.fill("COMPOSE_PROJECT_NAME", project);
        Ok(())
    }

    fn migrate(&self, stack: &Stack<'_>) -> Result<()> {
        tools::migrate_stack(stack)
    }

    fn is_healthy(&self, env: &EnvFile) -> Result<bool> {
        let Ok(answer) = http::get(env.port("PORT")?, "/health") else {
            return Ok(false);
        };
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
        Ok(body.get("status").and_then(|status| status.as_str()) == Some("ok"))
    }

    fn before_down(&self, stack: &Stack<'_>) -> Result<()> {
        faults::end_noise(stack)
    }

    fn ask(&self, options: &LoadOptions, number: u64) -> Ask {
        let tenant = options.tenant.clone().unwrap_or_else(|| "tienda-sur".to_owned());
        let headers = vec![("X-Tenant-Id", tenant)];
        if options.writes(number) {
            let body = format!("{{\"description\":\"carga {number}\",\"amount_cents\":{}}}", 100 + number % 900);
            Ask { method: "POST", path: "/orders", headers, body }
        } else {
            Ask { method: "GET", path: "/orders", headers, body: String::new() }
        }
    }

    fn serve(&self, role: &str) -> Result<()> {
        let settings = Settings::from_environment()?;
        let runtime = runtime()?;
        match role {
            "api" => runtime.block_on(api::serve(&settings)),
            "worker" => runtime.block_on(worker::serve(&settings)),
            other => Err(Failure::new(format!("pedidos has no role {other}")).hint("api or worker")),
        }
    }
}

fn is_compose(stack: &Stack<'_>) -> bool {
    stack.platform == Platform::Compose
}
