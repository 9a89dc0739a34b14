//! Cafeterías: orders, payments and revenue of many coffee shops.
//!
//! A Python backend (FastAPI), a real Celery worker and beat, PostgreSQL with Alembic's migrations, Redis, and as
//! containers nginx in front. What is in Python is in `lab/systems/cafeterias/backend`.

mod faults;
mod noise;
mod running;

use crate::failure::{Failure, Result};
use crate::faults::noise::{guess_passwords, hold_a_lock_chain, hold_all_connections};
use crate::host::daemon::Daemon;
use crate::host::env_file::EnvFile;
use crate::host::home::{Home, SystemFile};
use crate::host::{git, http, python};
use crate::load::{Ask, LoadOptions};
use crate::service::random_hex;
use crate::stack::{Platform, Stack};
use crate::system::{Component, Fault, Kind, System};

pub(crate) struct Cafeterias;

const SECRETS: &str = ".env.production";
const VENV: &str = ".venv";
const MODULES: &[&str] =
    &["fastapi", "uvicorn", "celery", "redis", "psycopg2", "sqlalchemy", "alembic", "prometheus_client"];

/// A file of `lab/systems/cafeterias/`, carried in the program.
macro_rules! file {
    ($path:literal) => {
        SystemFile { path: $path, text: include_str!(concat!("../../../systems/cafeterias/", $path)) }
    };
}

impl System for Cafeterias {
    fn name(&self) -> &'static str {
        "cafeterias"
    }

    fn summary(&self) -> &'static str {
        "orders and revenue of coffee shops: FastAPI, Celery, PostgreSQL, Redis, nginx"
    }

    fn components(&self) -> &'static [Component] {
        &[
            Component { name: "postgres", kind: Kind::Postgres },
            Component { name: "redis", kind: Kind::Redis },
            Component { name: "mercadopago", kind: Kind::Worker },
            Component { name: "backend", kind: Kind::Http },
            Component { name: "worker", kind: Kind::Worker },
            Component { name: "beat", kind: Kind::Worker },
        ]
    }

    fn containers(&self) -> &'static [Component] {
        &[
            Component { name: "postgres", kind: Kind::Postgres },
            Component { name: "redis", kind: Kind::Redis },
            Component { name: "mercadopago", kind: Kind::Worker },
            Component { name: "backend", kind: Kind::Http },
            Component { name: "worker", kind: Kind::Worker },
            Component { name: "beat", kind: Kind::Worker },
            Component { name: "nginx", kind: Kind::Worker },
        ]
    }

    fn platforms(&self) -> &'static [Platform] {
        &[Platform::Process, Platform::Compose]
    }

    fn ports(&self) -> &'static [(&'static str, u16)] {
        &[("MERCADOPAGO_PORT", 8090), ("HTTP_PORT", 8081), ("HTTPS_PORT", 8443)]
    }

    fn preferred_port(&self) -> u16 {
        8000
    }

    fn files(&self) -> &'static [SystemFile] {
        &[
            file!("RUNBOOK.md"),
            file!("RUNBOOK.en.md"),
            file!("docker-compose.production.yml"),
            file!("Dockerfile"),
            file!(".dockerignore"),
            file!(".gitignore"),
            file!(".env.example"),
            file!("docker/postgres.sh"),
            file!("docker/nginx.sh"),
            file!("docker/certificate.sh"),
            file!("nginx/nginx.prod.conf"),
            file!("monitoring/alerts/production.yml"),
            file!("scripts/lib.sh"),
            file!("scripts/backup.sh"),
            file!("scripts/restore.sh"),
            file!("scripts/deploy_production.sh"),
            file!("scripts/rollback.sh"),
            file!("scripts/smoke_tests.sh"),
            file!("backend/requirements.txt"),
            file!("backend/alembic.ini"),
            file!("backend/alembic/env.py"),
            file!("backend/alembic/versions/0001_tenants.py"),
            file!("backend/alembic/versions/0002_orders.py"),
            file!("backend/alembic/versions/0003_orders_by_user.py"),
            file!("backend/app/__init__.py"),
            file!("backend/app/access.py"),
            file!("backend/app/health.py"),
            file!("backend/app/logs.py"),
            file!("backend/app/main.py"),
            file!("backend/app/manage.py"),
            file!("backend/app/mercadopago.py"),
            file!("backend/app/metrics.py"),
            file!("backend/app/pricing.py"),
            file!("backend/app/settings.py"),
            file!("backend/app/stores.py"),
            file!("backend/app/tasks.py"),
        ]
    }

    fn faults(&self) -> &'static [Fault] {
        faults::ALL
    }

    fn settings(&self, env: &mut EnvFile) -> Result<()> {
        env.fill("POSTGRES_USER", "prod_user");
        env.fill("POSTGRES_DB", "saas_cafeterias_prod");
        if env.get("POSTGRES_PASSWORD").is_none() {
            env.set("POSTGRES_PASSWORD", random_hex()?);
        }
        let value = |name: &str| env.get(name).unwrap_or_default().to_owned();
        let database = format!(
            "postgresql://{}:{}@127.0.0.1:{}/{}",
            value("POSTGRES_USER"),
            value("POSTGRES_PASSWORD"),
            value("POSTGRES_PORT"),
            value("POSTGRES_DB")
        );
        let redis = format!("redis://127.0.0.1:{}/0", value("REDIS_PORT"));
        let provider = format!("http://127.0.0.1:{}", value("MERCADOPAGO_PORT"));
        let project = format!("cafeterias-{}", value("PORT"));
        // These follow the parts, so that a changed port or password is changed in one place.
        env.set("DATABASE_URL", database);
        env.set("REDIS_URL", redis);
        env.set("MERCADOPAGO_URL", provider);
        env.fill("COMPOSE_PROJECT_NAME", project);
        env.fill("COMPOSE_FILE", "docker-compose.production.yml");
        env.fill("APP_VERSION", "v1.0.0");
        env.fill("APP_UID", rustix::process::geteuid().as_raw().to_string());
        env.fill("APP_GID", rustix::process::getegid().as_raw().to_string());
        Ok(())
    }

    fn prepare(&self, home: &Home) -> Result<()> {
        // First, since `.env` names the interpreter.
        if home.env()?.get("LAB_PLATFORM") == Some(Platform::Process.name()) {
            python::prepare(&home.path("backend/requirements.txt"), MODULES, &home.path(VENV))?;
        }
        running::prepare(home)?;
        // The tag that a rollback goes back to. A second `up` finds it there.
        if home.path(crate::commands::OWN_HISTORY).exists() && git::run(home.dir(), &["rev-parse", "v1.0.0"]).is_err() {
            git::tag(home.dir(), "v1.0.0")?;
        }
        Ok(())
    }

    fn base_image(&self) -> &'static str {
        "lab-base-cafeterias:bookworm"
    }

    fn leftovers(&self) -> &'static [&'static str] {
        &[SECRETS, VENV]
    }

    fn daemon(&self, stack: &Stack<'_>, component: &str) -> Result<Option<Daemon>> {
        running::daemon(stack, component).map(Some)
    }

    fn migrate(&self, stack: &Stack<'_>) -> Result<()> {
        running::python(stack, &["-m", "alembic", "upgrade", "head"])?;
        running::python(stack, &["-m", "app.manage", "seed"])?;
        Ok(())
    }

    fn is_healthy(&self, env: &EnvFile) -> Result<bool> {
        let Ok(answer) = http::get(env.port("PORT")?, "/health") else {
            return Ok(false);
        };
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
        Ok(body.get("status").and_then(|status| status.as_str()) == Some("healthy"))
    }

    fn before_down(&self, stack: &Stack<'_>) -> Result<()> {
        noise::end_all(stack)
    }

    fn ask(&self, options: &LoadOptions, number: u64) -> Ask {
        let shops = ["cafe-central", "la-esquina", "grano-dorado"];
        let shop = shops.iter().cycle().nth((number % 3) as usize).copied().unwrap_or("cafe-central");
        let tenant = options.tenant.clone().unwrap_or_else(|| shop.to_owned());
        let headers = vec![("X-Tenant-Id", tenant)];
        if options.writes(number) {
            let body = format!("{{\"description\":\"carga {number}\",\"amount_cents\":{}}}", 100 + number % 900);
            return Ask { method: "POST", path: "/orders", headers, body };
        }
        let path = if number.is_multiple_of(10) { "/revenue" } else { "/orders" };
        Ask { method: "GET", path, headers, body: String::new() }
    }

    /// Its components are Python's; what is served here is what disturbs them.
    fn serve(&self, role: &str) -> Result<()> {
        match role {
            noise::IDLE_SESSIONS => hold_all_connections("cafeterias"),
            noise::LOCK_CHAIN => hold_a_lock_chain("orders", "alembic"),
            noise::GUESSES => guess_passwords("/auth/login", noise::guess),
            other => Err(Failure::new(format!("cafeterias has no role {other}"))),
        }
    }
}
