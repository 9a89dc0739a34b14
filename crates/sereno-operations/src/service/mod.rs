//! The family of services: restart, scale, limit, stop and start what runs on a platform.

mod perform;
mod plan;
mod request;
mod step;
mod up;

pub use perform::{perform, perform_again};
pub use plan::{Seen, plan};
pub use request::{Kept, Request};
pub use step::{StepKind, StepRequest};

#[cfg(test)]
mod tests;
