//! Steps of a runbook, run in bash as one continuous session as far as the author can tell, while each step is its own
//! supervised process.
//!
//! A step lives in a directory of its own ([`files`] names what is in it). [`Runners`] starts a small **runner**
//! process that outlives Sereno: it starts bash, keeps its output, ends it on timeout or cancel together with every process
//! that came from it, and writes the result. Everything that others learn, they learn from the directory; so a Sereno
//! that was killed and started again ([`attach`]) sees exactly what one that stayed sees.
//!
//! Between steps, bash's own state (variables, functions, options, traps, directory, `$?`…) is saved by an epilogue and
//! restored by a prologue; [`script`] says how, and what cannot be carried: jobs and `wait`, open file descriptors, `$$` and
//! `$!`. Statements that need those have to stay in one step.
//!
//! Deliberately not here: deciding what runs, approvals, the journal. There is no async and no tokio: the runner must be
//! light, and a follower blocks its own thread.

mod attempt;
mod declare;
mod doubt;
mod durable;
mod error;
mod files;
mod follow;
mod forget;
mod frames;
mod handle;
mod heredoc;
mod interrupt;
mod limits;
mod output;
mod processes;
mod raw;
mod reader;
mod redact;
mod restore;
mod result;
mod runner;
mod runners;
mod script;
mod snapshot;
mod spec;
mod supervise;
mod terminal;

pub use doubt::Doubt;
pub use error::SessionError;
pub use files::{STEP_MARKER, StepFiles};
pub use forget::forget;
pub use frames::Stream;
pub use handle::{RunnerHandle, Status, attach, cancel, spawn_runner, status};
pub use processes::{Process, boot_id, end_processes};
pub use reader::OutputReader;
pub use redact::write_secrets;
pub use result::{End, Ended, Lost, SavedState, StepResult};
pub use runner::{RUNNER_COMMAND, runner_main};
pub use runners::Runners;
pub use spec::{Stdin, StepSpec};
pub use terminal::run_interactive;
