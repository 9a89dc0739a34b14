//! What disturbs the system from outside for as long as it lasts.

use crate::failure::Result;
use crate::faults::noise::end;
use crate::stack::Stack;

pub(super) const IDLE_SESSIONS: &str = "idle-sessions";
pub(super) const LOCK_CHAIN: &str = "lock-chain";
pub(super) const GUESSES: &str = "guesses";

pub(super) fn end_all(stack: &Stack<'_>) -> Result<()> {
    [IDLE_SESSIONS, LOCK_CHAIN, GUESSES].iter().try_for_each(|role| end(stack, role))
}

pub(super) fn guess(number: u64) -> String {
    let person = number % 100 + 1;
    format!("{{\"email\":\"persona{person}@cafe-central.example\",\"password\":\"cafe{number}\"}}")
}
