//! What stands between users and the application.

use std::fs;
use std::time::Duration;

use super::super::running::{await_status, make_whole};
use super::GUESSES;
use crate::failure::{Doing, Result};
use crate::faults::noise;
use crate::host::{http, wait};
use crate::stack::Stack;

const FOLDER: &str = "/etc/nginx/ssl";
const CHAIN: &str = "docker/nginx/ssl/fullchain.pem";
const SETTINGS: &str = "docker/nginx/nginx.conf";
const RIGHT: &str = "http://app:3000";
const WRONG: &str = "http://app:3001";
/// What a client that trusts the authority says of the certificate that it is shown.
const SHOWN: &str = "openssl s_client -connect localhost:443 -servername tu-dominio.com -verify_hostname tu-dominio.com \
                     -CAfile /etc/nginx/ssl/root.pem < /dev/null 2> /dev/null | grep 'Verify return code' | head -n 1";

pub(super) fn guess(stack: &Stack<'_>) -> Result<()> {
    let failures = || -> Result<f64> {
        let answer = http::get(stack.port("PORT")?, "/metrics")?;
        let value = answer.body.lines().find_map(|line| line.strip_prefix("login_failures_total ")?.parse().ok());
        Ok(value.unwrap_or_default())
    };
    let before = failures()?;
    noise::begin(stack, GUESSES)?;
    wait::until("guesses are refused", Duration::from_secs(15), || Ok(failures()? >= before + 5.0))
}

pub(super) fn stop_guessing(stack: &Stack<'_>) -> Result<()> {
    noise::end(stack, GUESSES)?;
    make_whole(stack)
}

pub(super) fn stop(stack: &Stack<'_>) -> Result<()> {
    super::stop(stack, "nginx")?;
    await_status(stack, &[0])
}

pub(super) fn point_elsewhere(stack: &Stack<'_>) -> Result<()> {
    stack.start(stack.component("nginx")?)?;
    point(stack, RIGHT, WRONG)?;
    await_status(stack, &[502])
}

pub(super) fn point_right(stack: &Stack<'_>) -> Result<()> {
    stack.start(stack.component("nginx")?)?;
    point(stack, WRONG, RIGHT)?;
    make_whole(stack)
}

fn point(stack: &Stack<'_>, from: &str, to: &str) -> Result<()> {
    let path = stack.home.path(SETTINGS);
    let what = || path.display().to_string();
    let text = fs::read_to_string(&path).doing(what)?;
    // Written in its place: the container sees this very file.
    fs::write(&path, text.replace(from, to)).doing(what)?;
    reload(stack)
}

pub(super) fn expire(stack: &Stack<'_>) -> Result<()> {
    certificate(stack, &["20250101000000Z", "20250401000000Z"])?;
    await_word(stack, "expired")
}

pub(super) fn misname(stack: &Stack<'_>) -> Result<()> {
    certificate(stack, &["20260101000000Z", "20400101000000Z", "otro-dominio.com"])?;
    await_word(stack, "mismatch")
}

pub(super) fn break_chain(stack: &Stack<'_>) -> Result<()> {
    let path = stack.home.path(CHAIN);
    let what = || path.display().to_string();
    let text = fs::read_to_string(&path).doing(what)?;
    let end = "-----END CERTIFICATE-----\n";
    let first = text.split_inclusive(end).next().unwrap_or_default();
    fs::write(&path, first).doing(what)?;
    reload(stack)?;
    await_word(stack, "unable to")
}

pub(super) fn renew(stack: &Stack<'_>) -> Result<()> {
    stack.start(stack.component("nginx")?)?;
    certificate(stack, &[])?;
    await_word(stack, "(ok)")?;
    make_whole(stack)
}

fn certificate(stack: &Stack<'_>, words: &[&str]) -> Result<()> {
    stack.compose().run(&[["exec", "-T", "nginx", "certificate", FOLDER].as_slice(), words].concat())?;
    reload(stack)
}

/// nginx reads its settings and its certificate when it is told to. Its old workers answer for a while beside the new ones.
fn reload(stack: &Stack<'_>) -> Result<()> {
    let before = workers(stack)?;
    stack.compose().run(&["exec", "-T", "nginx", "nginx", "-c", "/etc/nginx/eventos.conf", "-s", "reload"])?;
    wait::slowly("the old workers of nginx have ended", Duration::from_secs(30), || {
        Ok(workers(stack)?.lines().all(|worker| !before.lines().any(|old| old == worker)))
    })
}

/// A line for each worker of nginx that lives.
fn workers(stack: &Stack<'_>) -> Result<String> {
    let list = "grep -l 'nginx: [w]orker' /proc/[0-9]*/cmdline 2>/dev/null || true";
    stack.compose().run(&["exec", "-T", "nginx", "sh", "-c", list])
}

fn await_word(stack: &Stack<'_>, word: &str) -> Result<()> {
    wait::slowly(&format!("nginx shows a certificate of which is said: {word}"), Duration::from_secs(30), || {
        let told = stack.compose().run(&["exec", "-T", "nginx", "sh", "-c", SHOWN]);
        Ok(told.is_ok_and(|told| told.contains(word)))
    })
}
