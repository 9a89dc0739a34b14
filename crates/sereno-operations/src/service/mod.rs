//! The family of services: restart, scale, limit, stop and start what runs on a platform, run a
//! program inside, show a page meanwhile, and read what a component is given.

mod around;
mod exec;
mod page;
mod perform;
mod plan;
mod recognise;
mod request;
mod reveal;
mod rolling;
mod step;
mod up;

pub use around::Prover;
pub use page::{Page, PageBy, PageSeen, Turn, TurnBy};
pub use perform::{Looked, exec, look, perform, perform_again};
pub use plan::{Seen, plan, plan_knowing};
pub use recognise::{Does, Known, Place, Target, recognise};
pub use request::{Kept, Request};
pub use reveal::{variables, wanted};
pub use step::{StepKind, StepRequest};

#[cfg(test)]
mod tests;
