//! Releases, as the team deploys them.

use std::fs;

use super::super::running::{book, deploy, make_whole};
use crate::breaking::Given;
use crate::commands::OWN_HISTORY;
use crate::failure::{Doing, Failure, Result};
use crate::faults::sql;
use crate::host::git;
use crate::service::release::Release;
use crate::stack::Stack;

const CONFIG: &str = "app/config.json";
const MIGRATION: [(&str, &str); 2] = [
    ("migrations/006_rename_amount.up.sql", "ALTER TABLE bookings RENAME COLUMN amount_cents TO total_cents;\n"),
    ("migrations/006_rename_amount.down.sql", "ALTER TABLE bookings RENAME COLUMN total_cents TO amount_cents;\n"),
];
const APPLIED: &str = "SELECT count(*) FROM schema_migrations WHERE version = 6";

pub(super) fn deploy_badly(stack: &Stack<'_>, given: &Given) -> Result<()> {
    let every = given.number("every")?;
    release(stack, "3.1.0", every, "Bookings: choose the seats")?;
    await_failure(stack, every)
}

/// Bookings fail now and then: one in so many is among as many.
fn await_failure(stack: &Stack<'_>, every: u64) -> Result<()> {
    for _ in 0..every {
        if book(stack)?.status == 500 {
            return Ok(());
        }
    }
    Err(Failure::new("the bad release takes bookings as before"))
}

pub(super) fn deploy_well(stack: &Stack<'_>, _: &Given) -> Result<()> {
    // Whoever rolled back has mended it.
    let bad = Release::read(&stack.home.path(CONFIG))?.failing_every > 0;
    if bad {
        release(stack, "3.1.1", 0, "Bookings: as they were")?;
    }
    make_whole(stack)
}

fn release(stack: &Stack<'_>, version: &str, failing_every: u64, message: &str) -> Result<()> {
    refuse_foreign_history(stack)?;
    let release = Release { version: version.to_owned(), response_delay_ms: 0, failing_every };
    release.write(&stack.home.path(CONFIG))?;
    git::commit(stack.home.dir(), message)?;
    deploy(stack)
}

/// A release with a migration that the code does not know of.
pub(super) fn migrate_badly(stack: &Stack<'_>) -> Result<()> {
    refuse_foreign_history(stack)?;
    for (path, text) in MIGRATION {
        let path = stack.home.path(path);
        fs::write(&path, text).doing(|| format!("writing {}", path.display()))?;
    }
    git::commit(stack.home.dir(), "Bookings: a clearer name for the total")?;
    deploy(stack)?;
    match book(stack)?.status {
        500 => Ok(()),
        status => Err(Failure::new(format!("a booking was answered with {status}"))),
    }
}

pub(super) fn migrate_back(stack: &Stack<'_>) -> Result<()> {
    for component in ["postgres", "app"] {
        stack.start(stack.component(component)?)?;
    }
    if sql::number(stack, APPLIED)? > 0 {
        let [_, (_, down)] = MIGRATION;
        sql::run(stack, &format!("BEGIN; {down} DELETE FROM schema_migrations WHERE version = 6; COMMIT"))?;
    }
    let mut there = false;
    for (path, _) in MIGRATION {
        let path = stack.home.path(path);
        if path.exists() {
            fs::remove_file(&path).doing(|| format!("removing {}", path.display()))?;
            there = true;
        }
    }
    if there {
        git::commit(stack.home.dir(), "Bookings: the total keeps its name")?;
        deploy(stack)?;
    }
    make_whole(stack)?;
    match book(stack)? {
        answer if answer.status == 201 => Ok(()),
        answer => Err(Failure::new(format!("a booking was answered with {}: {}", answer.status, answer.body))),
    }
}

fn refuse_foreign_history(stack: &Stack<'_>) -> Result<()> {
    if stack.home.path(OWN_HISTORY).exists() {
        return Ok(());
    }
    Err(Failure::new("this lab has no git history of its own to commit to")
        .hint("install git and start it in a new directory with --dir"))
}
