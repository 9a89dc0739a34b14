//! LotoLink: wallets, lottery tickets and Stripe's webhooks.
//!
//! A backend in three copies over PostgreSQL and Redis. On Kubernetes, everything has the name that its runbook uses.

mod api;
mod faults;
mod migrate;
mod settings;
mod store;
mod stripe;
mod tools;

use std::net::Ipv4Addr;

pub(crate) use self::tools::{Tool, run as run_tool};

use crate::cluster::{self, Kube, Manifests};
use crate::failure::{Doing, Failure, Result};
use crate::host::env_file::EnvFile;
use crate::host::home::SystemFile;
use crate::host::http;
use crate::load::{Ask, LoadOptions};
use crate::service::{random_hex, required, runtime};
use crate::stack::{Platform, Stack};
use crate::system::{Component, Fault, Kind, System};

use self::settings::Settings;

const VERSION: &str = "v1.0.0";
const BACKEND: &str = "lotolink-backend";

const MANIFESTS: Manifests = Manifests {
    namespace: "lotolink-prod",
    image: "lotolink/backend",
    files: &[
        "k8s/config.yaml",
        "k8s/storage.yaml",
        "k8s/postgres.yaml",
        "k8s/redis.yaml",
        "k8s/lotolink-backend.yaml",
        "k8s/lotolink-backup.yaml",
    ],
    service: BACKEND,
    port: 3000,
};

pub(crate) struct LotoLink;

/// A file of `lab/systems/lotolink/`, carried in the program.
macro_rules! file {
    ($path:literal) => {
        SystemFile { path: $path, text: include_str!(concat!("../../../systems/lotolink/", $path)) }
    };
}

impl System for LotoLink {
    fn name(&self) -> &'static str {
        "lotolink"
    }

    fn summary(&self) -> &'static str {
        "wallets, lottery tickets and Stripe's webhooks: a backend in three copies over PostgreSQL and Redis"
    }

    fn components(&self) -> &'static [Component] {
        &[
            Component { name: "postgres", kind: Kind::Postgres },
            Component { name: "redis", kind: Kind::Redis },
            Component { name: BACKEND, kind: Kind::Http },
        ]
    }

    fn platforms(&self) -> &'static [Platform] {
        &[Platform::Process, Platform::Kubernetes]
    }

    fn manifests(&self) -> Option<&'static Manifests> {
        Some(&MANIFESTS)
    }

    fn files(&self) -> &'static [SystemFile] {
        &[
            file!("RUNBOOK.md"),
            file!("RUNBOOK.en.md"),
            file!("Dockerfile"),
            file!(".dockerignore"),
            file!(".env.example"),
            file!(".gitignore"),
            file!("docker/npm"),
            file!("docker/postgres.sh"),
            file!("k8s/config.yaml"),
            file!("k8s/storage.yaml"),
            file!("k8s/postgres.yaml"),
            file!("k8s/redis.yaml"),
            file!("k8s/lotolink-backend.yaml"),
            file!("k8s/lotolink-backup.yaml"),
            file!("scripts/backup-database.sh"),
            file!("scripts/restore-database.sh"),
            file!("scripts/smoke-tests.sh"),
            file!("scripts/post-merge-verification.sh"),
            file!("e2e-test-purchase.sh"),
            file!("e2e-test-admin.sh"),
            file!("migrations/1735689600000-CreateUsersAndWallets.up.sql"),
            file!("migrations/1735689600000-CreateUsersAndWallets.down.sql"),
            file!("migrations/1736294400000-CreateDrawsAndTickets.up.sql"),
            file!("migrations/1736294400000-CreateDrawsAndTickets.down.sql"),
            file!("migrations/1738368000000-CreateWebhookEvents.up.sql"),
            file!("migrations/1738368000000-CreateWebhookEvents.down.sql"),
            file!("migrations/seed.sql"),
        ]
    }

    fn faults(&self) -> &'static [Fault] {
        faults::ALL
    }

    fn settings(&self, env: &mut EnvFile) -> Result<()> {
        env.fill("POSTGRES_USER", "lotolink");
        env.fill("POSTGRES_DB", "lotolink_db");
        env.fill("APP_VERSION", VERSION);
        env.fill("RATE_LIMIT_MAX", "100");
        env.fill("RATE_LIMIT_TTL", "60");
        for (name, prefix) in [
            ("POSTGRES_PASSWORD", ""),
            ("STRIPE_SECRET_KEY", "sk_test_"),
            ("STRIPE_WEBHOOK_SECRET", "whsec_"),
            ("JWT_SECRET", ""),
        ] {
            if env.get(name).is_none() {
                env.set(name, format!("{prefix}{}", random_hex()?));
            }
        }
        let value = |name: &str| env.get(name).unwrap_or_default().to_owned();
        // On a cluster these are the addresses that its pods use.
        let (database, redis) = if value("LAB_PLATFORM") == Platform::Kubernetes.name() {
            ("postgres-service:5432".to_owned(), "redis-service:6379".to_owned())
        } else {
            (format!("127.0.0.1:{}", value("POSTGRES_PORT")), format!("127.0.0.1:{}", value("REDIS_PORT")))
        };
        let (user, password, name) = (value("POSTGRES_USER"), value("POSTGRES_PASSWORD"), value("POSTGRES_DB"));
        env.set("DATABASE_URL", format!("postgres://{user}:{password}@{database}/{name}"));
        env.set("REDIS_URL", format!("redis://{redis}"));
        env.fill("HOST", "127.0.0.1");
        Ok(())
    }

    fn migrate(&self, stack: &Stack<'_>) -> Result<()> {
        tools::migrate_stack(stack)
    }

    fn is_healthy(&self, env: &EnvFile) -> Result<bool> {
        let Ok(answer) = http::get(env.port("PORT")?, "/health/ready") else {
            return Ok(false);
        };
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
        Ok(body.get("status").and_then(|status| status.as_str()) == Some("ok"))
    }

    fn before_down(&self, stack: &Stack<'_>) -> Result<()> {
        faults::end_closing(stack)
    }

    /// Fifty users look at their wallets, at the draws and at their tickets, and buy some.
    fn ask(&self, options: &LoadOptions, number: u64) -> Ask {
        let user = options.tenant.clone().unwrap_or_else(|| format!("usuario-{:03}", number * 7 % 50 + 1));
        let headers = vec![("X-User-Id", user)];
        if options.writes(number) {
            let first = number % 40 + 1;
            let numbers: Vec<String> = (first..first + 6).map(|number| number.to_string()).collect();
            let body = format!("{{\"draw_id\":{},\"numbers\":[{}]}}", number % 3 + 1, numbers.join(","));
            return Ask { method: "POST", path: "/api/v1/tickets", headers, body };
        }
        let path = match number % 3 {
            0 => "/api/v1/wallet",
            1 => "/api/v1/draws",
            _ => "/api/v1/tickets",
        };
        Ask { method: "GET", path, headers, body: String::new() }
    }

    fn serve(&self, role: &str) -> Result<()> {
        let runtime = runtime()?;
        match role {
            "backend" | BACKEND => runtime.block_on(api::serve(Settings::from_environment()?)),
            "edge" => {
                let port = required("PORT")?;
                let port = port.parse().doing(|| format!("PORT={port}"))?;
                runtime.block_on(cluster::edge::serve(of_environment()?, MANIFESTS.service, MANIFESTS.port, port))
            }
            "names" => {
                let at = required("NAMES_AT")?;
                let at: Ipv4Addr = at.parse().doing(|| format!("NAMES_AT={at}"))?;
                runtime.block_on(cluster::names::serve(of_environment()?, at))
            }
            other => Err(Failure::new(format!("lotolink has no role {other}")).hint("backend, edge or names")),
        }
    }
}

fn of_environment() -> Result<Kube> {
    Ok(Kube { kubeconfig: required("KUBECONFIG")?.into(), namespace: required("NAMESPACE")? })
}
