//! The family of services: restart, scale, limit, stop and start what runs on a platform, and run a program inside.

mod exec;
mod perform;
mod plan;
mod request;
mod step;

pub use perform::{exec, perform};
pub use plan::{Seen, plan, plan_knowing};
pub use request::{Kept, Request};
pub use step::{StepKind, StepRequest};

#[cfg(test)]
mod tests;
