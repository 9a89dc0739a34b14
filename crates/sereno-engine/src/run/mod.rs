//! A run: one durable execution of a plan, as a fold over journal events. Pure; the executor does the effects.

mod event;
mod state;
#[cfg(test)]
mod tests;

pub use event::{Decision, Ending, Event, Person, StepReport, UnreadableEvent};
pub use state::{Illegal, Next, RunState, StepState, WhyPerson, step};
