//! The family of services: restart, scale, limit, stop and start what runs on a platform.

mod perform;
mod plan;
mod request;
mod rolling;
mod step;

pub use perform::perform;
pub use plan::{Seen, plan};
pub use request::{Kept, Request};
pub use step::{StepKind, StepRequest};

#[cfg(test)]
mod tests;
