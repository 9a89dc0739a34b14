//! The words of Sereno as types.
//!
//! Everything here is pure data: no I/O, no async, and no dependency on any other room. What a word means is said once,
//! here, and `docs/GLOSSARY.md` quotes it.

pub mod block;
pub mod diagnostic;
pub mod effect;
pub mod ids;
pub mod outcome;
pub mod redact;
pub mod risk;
pub mod settings;
pub mod text;

/// The environment variable of a process that is no part of the step which started it: it goes on when that step is ended.
pub const OUTLIVES_STEP: &str = "SERENO_OUTLIVES_STEP";

pub use block::{BlockClass, Flag};
pub use diagnostic::{Diagnostic, Severity};
pub use effect::{Effect, Verb};
pub use ids::{Digest, Digester, RunId};
pub use outcome::Outcome;
pub use risk::Risk;
pub use text::{Lang, Text};
