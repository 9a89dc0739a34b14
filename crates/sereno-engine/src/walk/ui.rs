//! What the executor asks of, and tells, whoever sits before it: a terminal, a batch job, a console.

use crate::plan::PlanStep;
use crate::run::{Decision, Ending, RunState, StepReport, WhyPerson};
use sereno_model::{RunId, Text};

/// Which of a step's streams a piece of output came from.
pub use crate::session::Stream;

/// An answer to "may these steps run?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// This person says yes.
    Yes { reason: String, word: Option<String>, stand_in: bool },
    /// Another person must say it; wait here until they do.
    Wait,
    /// Another person must say it; leave now, the run can be resumed.
    Leave,
    /// This person says no: the run is given up.
    No { reason: String },
}

/// An answer to "what about this step?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Decide {
        decision: Decision,
        reason: String,
    },
    /// Leave now; the run can be resumed.
    Leave,
    /// The run is given up.
    Cancel {
        reason: String,
    },
}

/// Whoever sits before the executor.
pub trait Ui {
    /// A step waits for a yes; `steps` are all that the same yes covers, by index.
    fn approve(&mut self, state: &RunState, steps: &[usize]) -> Answer;
    /// A person must decide about a step, or do it.
    fn decide(&mut self, state: &RunState, step: usize, why: WhyPerson) -> Verdict;
    /// Whether a step can be handed the terminal.
    fn has_terminal(&self) -> bool;
    fn step_started(&mut self, step: &PlanStep, attempt: u32);
    fn output(&mut self, stream: Stream, bytes: &[u8]);
    fn step_finished(&mut self, step: &PlanStep, report: &StepReport);
    /// Something worth saying that is none of the above.
    fn notice(&mut self, text: &Text);
    fn ended(&mut self, run: &RunId, ending: Ending);
}
