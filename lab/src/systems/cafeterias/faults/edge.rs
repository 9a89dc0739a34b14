//! What stands between users and the backend.

use std::fs;
use std::time::Duration;

use super::super::noise::GUESSES;
use crate::failure::Result;
use crate::faults::noise::{self, GUESSER};
use crate::host::wait;
use crate::stack::Stack;

const CERTIFICATES: &str = "/etc/nginx/certs";
const SHOWN: &str = "openssl s_client -connect localhost:443 -servername api.tu-dominio.com < /dev/null 2> /dev/null \
                     | openssl x509 -noout -checkend 0 || true";

pub(super) fn guess(stack: &Stack<'_>) -> Result<()> {
    noise::begin(stack, GUESSES)?;
    let log = stack.home.path("logs/security.log");
    wait::until("guesses are in logs/security.log", Duration::from_secs(15), || {
        let text = fs::read_to_string(&log).unwrap_or_default();
        Ok(text.lines().filter(|line| line.contains("login_failure") && line.contains(GUESSER)).count() >= 10)
    })
}

pub(super) fn stop_guessing(stack: &Stack<'_>) -> Result<()> {
    noise::end(stack, GUESSES)
}

pub(super) fn expire(stack: &Stack<'_>) -> Result<()> {
    let dates = ["20250101000000Z", "20250401000000Z"];
    stack.compose().run(&["exec", "-T", "nginx", "certificate", CERTIFICATES, dates[0], dates[1]])?;
    show(stack, false)
}

pub(super) fn renew(stack: &Stack<'_>) -> Result<()> {
    stack.start(stack.component("nginx")?)?;
    stack.compose().run(&["exec", "-T", "nginx", "certificate", CERTIFICATES])?;
    show(stack, true)
}

/// nginx reads its certificate when it starts; what it shows is what counts.
fn show(stack: &Stack<'_>, valid: bool) -> Result<()> {
    stack.compose().run(&["restart", "-t", "5", "nginx"])?;
    let words = if valid { "will not expire" } else { "will expire" };
    wait::slowly(&format!("nginx shows a certificate that {words}"), Duration::from_secs(30), || {
        let told = stack.compose().run(&["exec", "-T", "nginx", "sh", "-c", SHOWN]);
        Ok(told.is_ok_and(|told| told.contains(words)))
    })
}
