//! The family of services: restart, scale, limit, stop and start what runs on a platform, and run a program inside.

mod around;
mod exec;
mod perform;
mod plan;
mod recognise;
mod request;
mod rolling;
mod step;
mod up;

pub use around::Prover;
pub use perform::{Looked, exec, look, perform, perform_again};
pub use plan::{Seen, plan, plan_knowing};
pub use recognise::{Does, Known, Place, Target, recognise};
pub use request::{Kept, Request};
pub use step::{StepKind, StepRequest};

#[cfg(test)]
mod tests;
