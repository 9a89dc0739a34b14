//! Eventos: events and the seats that users book in them.
//!
//! An application over PostgreSQL and Redis, and as containers nginx with TLS in front, which users come through.

mod api;
mod faults;
mod running;
mod settings;
mod store;
mod tools;

pub(crate) use self::tools::{Tool, run as run_tool};

use self::settings::Settings;
use crate::failure::{Failure, Result};
use crate::faults::noise::{guess_passwords, hold_a_lock_chain, hold_all_connections};
use crate::host::daemon::Daemon;
use crate::host::env_file::EnvFile;
use crate::host::home::{Home, SystemFile};
use crate::load::{Ask, LoadOptions};
use crate::service::{random_hex, runtime};
use crate::stack::{Platform, Stack};
use crate::system::{Component, Fault, Kind, System};

pub(crate) struct Eventos;

const VERSION: &str = "3.0.0";
const SECRETS: &str = ".env.production";

/// A file of `lab/systems/eventos/`, carried in the program.
macro_rules! file {
    ($path:literal) => {
        SystemFile { path: $path, text: include_str!(concat!("../../../systems/eventos/", $path)) }
    };
}

impl System for Eventos {
    fn name(&self) -> &'static str {
        "eventos"
    }

    fn summary(&self) -> &'static str {
        "events and bookings: an application over PostgreSQL and Redis, nginx with TLS in front"
    }

    fn components(&self) -> &'static [Component] {
        &[
            Component { name: "postgres", kind: Kind::Postgres },
            Component { name: "redis", kind: Kind::Redis },
            Component { name: "app", kind: Kind::Http },
        ]
    }

    fn containers(&self) -> &'static [Component] {
        &[
            Component { name: "postgres", kind: Kind::Postgres },
            Component { name: "redis", kind: Kind::Redis },
            Component { name: "app", kind: Kind::Http },
            Component { name: "nginx", kind: Kind::Worker },
        ]
    }

    fn platforms(&self) -> &'static [Platform] {
        &[Platform::Process, Platform::Compose]
    }

    fn ports(&self) -> &'static [(&'static str, u16)] {
        &[("HTTP_PORT", 80), ("HTTPS_PORT", 443)]
    }

    fn files(&self) -> &'static [SystemFile] {
        &[
            file!("RUNBOOK.md"),
            file!("RUNBOOK.en.md"),
            file!("docker-compose.prod.yml"),
            file!("Dockerfile"),
            file!(".dockerignore"),
            file!(".gitignore"),
            file!(".env.example"),
            file!("deploy.sh"),
            file!("docker/backup.sh"),
            file!("docker/certificate.sh"),
            file!("docker/nginx.sh"),
            file!("docker/node.sh"),
            file!("docker/postgres.sh"),
            file!("docker/nginx/nginx.conf"),
            file!("app/config.json"),
            file!("package.json"),
            file!("package-lock.json"),
            file!("tests/api.js"),
            file!("tests/e2e.js"),
            file!("tests/smoke.js"),
            file!("tests/release.test.js"),
            file!("migrations/001_extensions.up.sql"),
            file!("migrations/001_extensions.down.sql"),
            file!("migrations/002_users.up.sql"),
            file!("migrations/002_users.down.sql"),
            file!("migrations/003_events.up.sql"),
            file!("migrations/003_events.down.sql"),
            file!("migrations/004_bookings.up.sql"),
            file!("migrations/004_bookings.down.sql"),
            file!("migrations/005_bookings_of_user.up.sql"),
            file!("migrations/005_bookings_of_user.down.sql"),
            file!("migrations/seed.sql"),
        ]
    }

    fn faults(&self) -> &'static [Fault] {
        faults::ALL
    }

    fn settings(&self, env: &mut EnvFile) -> Result<()> {
        env.fill("POSTGRES_USER", "eventos");
        env.fill("POSTGRES_DB", "eventos_prod");
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
        let redis = format!("redis://127.0.0.1:{}", value("REDIS_PORT"));
        let project = format!("eventos-{}", value("PORT"));
        // These follow the parts, so that a changed port or password is changed in one place.
        env.set("DATABASE_URL", database);
        env.set("REDIS_URL", redis);
        env.fill("HOST", "127.0.0.1");
        env.fill("COMPOSE_PROJECT_NAME", project);
        env.fill("COMPOSE_FILE", "docker-compose.prod.yml");
        env.fill("APP_VERSION", VERSION);
        Ok(())
    }

    fn prepare(&self, home: &Home) -> Result<()> {
        running::prepare(home)
    }

    fn base_image(&self) -> &'static str {
        "lab-base-eventos:bookworm"
    }

    fn leftovers(&self) -> &'static [&'static str] {
        &[SECRETS, "uploads", "docker/nginx/ssl", "docker/nginx", "docker/backups", "docker"]
    }

    fn daemon(&self, stack: &Stack<'_>, component: &str) -> Result<Option<Daemon>> {
        running::daemon(stack, component).map(Some)
    }

    fn migrate(&self, stack: &Stack<'_>) -> Result<()> {
        tools::migrate_stack(stack)
    }

    fn is_healthy(&self, env: &EnvFile) -> Result<bool> {
        Ok(running::health(env.port("PORT")?).get("status").is_some_and(|status| status == "healthy"))
    }

    fn before_down(&self, stack: &Stack<'_>) -> Result<()> {
        faults::end_noise(stack)
    }

    /// Users look at the events and at their bookings, and make some.
    fn ask(&self, options: &LoadOptions, number: u64) -> Ask {
        let user = options.tenant.clone().unwrap_or_else(|| format!("usuario-{:03}", number * 7 % 200 + 1));
        let headers = vec![("X-User-Id", user)];
        if options.writes(number) {
            let path = if number.is_multiple_of(2) { "/api/events/1/bookings" } else { "/api/events/2/bookings" };
            let body = format!("{{\"seats\":{}}}", number % 4 + 1);
            return Ask { method: "POST", path, headers, body };
        }
        let path = if number.is_multiple_of(3) { "/api/bookings" } else { "/api/events" };
        Ask { method: "GET", path, headers, body: String::new() }
    }

    fn serve(&self, role: &str) -> Result<()> {
        match role {
            "app" => runtime()?.block_on(api::serve(Settings::from_environment()?)),
            faults::IDLE_SESSIONS => hold_all_connections("eventos"),
            faults::LOCK_CHAIN => hold_a_lock_chain("bookings", "migraciones"),
            faults::GUESSES => guess_passwords("/api/auth/login", |number| {
                let person = number % 200 + 1;
                format!("{{\"email\":\"persona{person}@eventos.example\",\"password\":\"clave{number}\"}}")
            }),
            faults::REPORTS => faults::read_reports(),
            other => Err(Failure::new(format!("eventos has no role {other}")).hint("app")),
        }
    }
}
