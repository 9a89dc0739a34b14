//! From a runner's word about a process to what the journal keeps of it.

use super::expect::Looked;
use crate::run::StepReport;
use crate::session::{End, Lost, StepResult};
use sereno_model::{Outcome, Text};

/// SIGKILL: the one signal at which bash does not run its `EXIT` trap.
const KILLED: i32 = 9;

/// How a step ended, whatever the author expected of it.
pub(super) fn of_result(result: &StepResult, looked: Looked) -> StepReport {
    let note = match (&result.end, &result.state_error) {
        (End::NotStarted(why), _) => Some(why.clone()),
        _ if result.hung_up => Some(Text::new(
            "its terminal went away, or the Sereno that lent it did: it was told so (SIGHUP)",
            "su terminal desapareció, o el Sereno que se la prestó: se le avisó (SIGHUP)",
        )),
        (_, Some(error)) => Some(error.clone()),
        _ => result.output_error.as_ref().map(Text::same),
    };
    StepReport {
        outcome: result.outcome(),
        exit_code: match result.end {
            End::Exited(code) => Some(code),
            _ => None,
        },
        signal: match result.end {
            End::Signaled(signal) => Some(signal),
            _ => None,
        },
        duration_ms: result.duration_ms,
        output_bytes: result.output_bytes,
        dropped_bytes: result.dropped_bytes,
        output_digest: looked.digest,
        timed_out: result.timed_out,
        followed: result.followed,
        ended_script: false,
        exit_trap: exit_trap(result),
        expectation_met: looked.expectation_met,
        left_running: result.background.len() as u32 + result.survivors.len() as u32,
        note,
    }
}

/// The runner is gone and left no result.
pub(super) fn of_lost(lost: &Lost) -> StepReport {
    let note = if lost.began {
        Text::new("its runner is gone and left no result", "su ejecutor ya no está y no dejó resultado")
    } else {
        Text::new(
            "the machine was started anew since, or it is another: whether the step began cannot be told",
            "la máquina se reinició, o es otra: no se puede saber si el paso empezó",
        )
    };
    let mut report = StepReport::bare(Outcome::Unknown, Some(note));
    report.left_running = lost.survivors.len() as u32;
    report
}

/// Whether an `EXIT` trap is still to run; `None` where the step never came to its end, so that what waited before it
/// waits still.
fn exit_trap(result: &StepResult) -> Option<bool> {
    match (&result.state, &result.end) {
        (Some(saved), _) => Some(saved.exit_trap),
        (None, End::NotStarted(_) | End::Signaled(KILLED)) => None,
        // It left by itself or was asked to, and bash ran the trap on its way out.
        (None, End::Exited(_) | End::Signaled(_)) => Some(false),
    }
}
