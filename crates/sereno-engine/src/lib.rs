//! Runs plans durably: approvals, steps, outcomes, undo, resume.
//!
//! Three layers, each usable alone. [`plan`] turns a procedure and its values into a [`plan::Plan`], bound to a digest.
//! [`run`] is the pure state machine: a run is a fold over journal events, and what to do next is read off its state.
//! The executor does what the state machine asks: it is the only part that touches processes and the store.

pub mod identity;
pub mod plan;
pub mod run;
pub mod session;
pub mod walk;
