//! Releases and settings.

use std::fs;
use std::time::Duration;

use super::super::running::{configure, health, make_whole, script};
use crate::commands::OWN_HISTORY;
use crate::failure::{Doing, Failure, Result};
use crate::host::{git, http, wait};
use crate::stack::{Platform, Stack};

const PRICING: &str = "backend/app/pricing.py";
const GOOD: &str = include_str!("../../../../systems/cafeterias/backend/app/pricing.py");
/// Divides by the last digit's remainder, which is zero for one amount in four.
const BAD: &str = "\"\"\"What an order costs.\"\"\"\n\n\ndef total(amount_cents: int) -> int:\n    \
                   # One cent less for every share of a table of four.\n    \
                   return amount_cents - 4 // (amount_cents % 4)\n";

pub(super) fn misconfigure(stack: &Stack<'_>) -> Result<()> {
    configure(stack, "DATABASE_POOL_SIZE", "diez")?;
    let backend = stack.component("backend")?;
    wait::slowly("the backend has ended at its start", Duration::from_secs(40), || {
        // An engine starts it again and again, each time after a longer pause.
        let ended = if stack.platform == Platform::Compose {
            stack.compose().state("backend")?.is_some_and(|state| state.starts_with("restarting"))
        } else {
            !stack.is_running(backend)?
        };
        Ok(ended && health(stack)?.is_none())
    })
}

pub(super) fn configure_well(stack: &Stack<'_>) -> Result<()> {
    configure(stack, "DATABASE_POOL_SIZE", "5")?;
    make_whole(stack)
}

pub(super) fn open_docs(stack: &Stack<'_>) -> Result<()> {
    configure(stack, "ENABLE_DOCS", "true")?;
    await_docs(stack, 200)
}

pub(super) fn close_docs(stack: &Stack<'_>) -> Result<()> {
    configure(stack, "ENABLE_DOCS", "false")?;
    await_docs(stack, 404)?;
    make_whole(stack)
}

fn await_docs(stack: &Stack<'_>, status: u16) -> Result<()> {
    let port = stack.port("PORT")?;
    wait::slowly(&format!("/docs answers {status}"), Duration::from_secs(30), || {
        Ok(http::get(port, "/docs").is_ok_and(|answer| answer.status == status))
    })
}

/// A commit and a deploy, as the team's own script does it when it is told to skip its smoke tests.
pub(super) fn deploy_badly(stack: &Stack<'_>) -> Result<()> {
    release(stack, BAD, "Pricing: a cent less for each share of a table")?;
    if order(stack, 1000)? == 500 {
        return Ok(());
    }
    Err(Failure::new("the bad release takes orders as before"))
}

pub(super) fn deploy_well(stack: &Stack<'_>) -> Result<()> {
    // Whoever rolled back has mended it.
    if order(stack, 1000).is_ok_and(|status| status != 500) {
        return make_whole(stack);
    }
    release(stack, GOOD, "Pricing: as it was")?;
    make_whole(stack)
}

fn release(stack: &Stack<'_>, pricing: &str, message: &str) -> Result<()> {
    if !stack.home.path(OWN_HISTORY).exists() {
        return Err(Failure::new("this lab has no git history of its own to commit to")
            .hint("install git and start it in a new directory with --dir"));
    }
    let path = stack.home.path(PRICING);
    fs::write(&path, pricing).doing(|| format!("writing {}", path.display()))?;
    git::commit(stack.home.dir(), message)?;
    script(stack, "deploy_production.sh", &[], &[("SKIP_SMOKE_TESTS", "1")]).map(|_| ())
}

fn order(stack: &Stack<'_>, amount_cents: u32) -> Result<u16> {
    let body = format!("{{\"description\":\"prueba\",\"amount_cents\":{amount_cents}}}");
    let headers = [("X-Tenant-Id", "cafe-central")];
    http::send(stack.port("PORT")?, "POST", "/orders", &headers, &body).map(|answer| answer.status)
}
