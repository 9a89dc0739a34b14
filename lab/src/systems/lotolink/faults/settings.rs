//! Settings that are wrong: in `.env` where the backend is a process, in a Secret or the ConfigMap on a cluster.

use std::time::Duration;

use serde_json::json;

use super::USER;
use crate::breaking::Given;
use crate::cluster;
use crate::failure::{Failure, Result};
use crate::host::env_file::EnvFile;
use crate::host::{http, wait};
use crate::stack::{Platform, Stack};
use crate::systems::lotolink::{BACKEND, tools};

/// What `.env` said before, where the operator of the system does not look.
pub(crate) const KEPT: &str = ".lab/kept";

pub(super) fn wrong_password(stack: &Stack<'_>) -> Result<()> {
    if stack.platform == Platform::Kubernetes {
        let kube = stack.kube()?;
        kube.patch("secret", "postgres-credentials", &json!({"stringData": {"password": "clave-vieja"}}))?;
        super::cluster::replace_all(stack)?;
        super::cluster::await_event(stack, super::cluster::NOT_READY)?;
        return super::await_status(stack, "/health", 502);
    }
    let url = stack.env.get("DATABASE_URL").unwrap_or_default();
    let password = stack.env.get("POSTGRES_PASSWORD").unwrap_or_default();
    set(stack, "DATABASE_URL", &url.replace(password, "clave-vieja"))?;
    super::await_status(stack, "/health/ready", 503)
}

pub(super) fn right_password(stack: &Stack<'_>) -> Result<()> {
    put_back(stack, "DATABASE_URL")?;
    stack.await_health()
}

pub(super) fn low_limit(stack: &Stack<'_>, given: &Given) -> Result<()> {
    set(stack, "RATE_LIMIT_MAX", given.text("max")?)?;
    let port = stack.port("PORT")?;
    wait::until("a user is refused", Duration::from_mins(1), || {
        let answer = http::send(port, "GET", "/api/v1/draws", &[USER], "");
        Ok(answer.is_ok_and(|answer| answer.status == 429))
    })
}

pub(super) fn usual_limit(stack: &Stack<'_>) -> Result<()> {
    put_back(stack, "RATE_LIMIT_MAX")?;
    super::await_status(stack, "/api/v1/draws", 200)
}

pub(super) fn wrong_secret(stack: &Stack<'_>) -> Result<()> {
    set(stack, "STRIPE_WEBHOOK_SECRET", "whsec_de_pruebas")?;
    await_payment(stack, 400)
}

pub(super) fn right_secret(stack: &Stack<'_>) -> Result<()> {
    put_back(stack, "STRIPE_WEBHOOK_SECRET")?;
    await_payment(stack, 200)
}

/// Stripe announces a payment of nothing and gets this answer.
fn await_payment(stack: &Stack<'_>, status: u16) -> Result<()> {
    wait::slowly(&format!("a webhook is answered with {status}"), Duration::from_mins(1), || {
        let answer = tools::pay(stack.home.dir(), "evt_lab_probe", USER.1, 0);
        Ok(answer.is_ok_and(|answer| answer.status == status))
    })
}

/// Changes one setting and makes the backend read it.
fn set(stack: &Stack<'_>, name: &str, value: &str) -> Result<()> {
    if stack.platform == Platform::Kubernetes {
        let kube = stack.kube()?;
        match name {
            "RATE_LIMIT_MAX" => kube.patch("configmap", "lotolink-config", &json!({"data": {name: value}}))?,
            "STRIPE_WEBHOOK_SECRET" => {
                kube.patch("secret", "stripe-credentials", &json!({"stringData": {"webhook_secret": value}}))?;
            }
            _ => return Err(Failure::new(format!("{name} is in no secret"))),
        }
        return super::cluster::roll(stack);
    }
    let mut kept = EnvFile::read(&stack.home.path(KEPT))?;
    kept.fill(name, stack.env.get(name).unwrap_or_default());
    kept.write(&stack.home.path(KEPT))?;
    write(stack, name, value)
}

fn put_back(stack: &Stack<'_>, name: &str) -> Result<()> {
    if stack.platform == Platform::Kubernetes {
        for file in ["k8s/config.yaml", "k8s/lotolink-backend.yaml"] {
            cluster::apply(stack, file)?;
        }
        // Pods that have the old value never get ready: nobody waits for them.
        return super::cluster::roll(stack);
    }
    let mut kept = EnvFile::read(&stack.home.path(KEPT))?;
    if let Some(value) = kept.take(name) {
        write(stack, name, &value)?;
    }
    kept.write(&stack.home.path(KEPT))
}

fn write(stack: &Stack<'_>, name: &str, value: &str) -> Result<()> {
    let mut env = stack.home.env()?;
    env.set(name, value);
    env.write(&stack.home.path(".env"))?;
    let changed = Stack::new(stack.system, stack.home.clone())?;
    let backend = changed.component(BACKEND)?;
    changed.stop(backend)?;
    changed.start(backend)
}
