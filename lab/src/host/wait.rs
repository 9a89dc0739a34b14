//! Waiting for a condition, never for a length of time.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::failure::{Failure, Result};

/// Asks `ready` again and again until it says yes; `what` names the condition in the error.
pub(crate) fn until(what: &str, limit: Duration, mut ready: impl FnMut() -> Result<bool>) -> Result<()> {
    repeat(what, limit, Duration::from_millis(100), &mut ready)
}

/// The same for what is costly to ask.
pub(crate) fn slowly(what: &str, limit: Duration, mut ready: impl FnMut() -> Result<bool>) -> Result<()> {
    repeat(what, limit, Duration::from_millis(700), &mut ready)
}

fn repeat(what: &str, limit: Duration, longest: Duration, ready: &mut dyn FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    // Short at first because most things are ready at once, longer later to spare the machine.
    let mut pause = Duration::from_millis(5);
    loop {
        if ready()? {
            return Ok(());
        }
        if start.elapsed() >= limit {
            return Err(Failure::new(format!("{what}: not so after {} s", limit.as_secs())));
        }
        sleep(pause);
        pause = (pause * 3 / 2).min(longest);
    }
}
