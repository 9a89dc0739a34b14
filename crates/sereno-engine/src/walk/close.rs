//! The end of a session: the script's own `EXIT` trap, when the run ends before the last of its steps ran.
//!
//! A last step ends as bash ends, and bash runs the trap. A run that is given up, or whose last step is left out, ends with
//! the trap waiting in a saved state; its author wrote it to clean up (a lock file, maintenance mode, a temporary user).
//! It runs as a process of its own, like a step: intent in the journal first, and learned of again after a crash.

use super::attempt::{MOST_STARTS, saved_state};
use super::{EngineError, Ui, Walker, expect, report};
use crate::run::{Event, StepReport};
use crate::session::{self, Ended, Lost, StepFiles, StepSpec};
use sereno_model::{Outcome, Text};

impl<U: Ui> Walker<'_, U> {
    /// Runs the trap that the state of this step's attempt holds.
    pub(super) async fn close(&mut self, (step, of): (usize, u32), attempt: u32) -> Result<(), EngineError> {
        self.record(Event::Closing { attempt, boot: self.boot.clone() }).await?;
        self.ui.notice(&Text::new("the script's own EXIT trap runs", "se ejecuta el trap EXIT del propio script"));
        let Some(saved) = saved_state(&self.dir.step(step, of)) else {
            let why =
                Text::new("the shell state that holds it is gone", "el estado del shell que lo contiene ya no está");
            return self.closed_with(attempt, StepReport::bare(Outcome::Failed, Some(why))).await;
        };
        let mut spec = StepSpec::closing(self.dir.closing(attempt), saved);
        spec.env = Vec::new();
        spec.timeout = self.walk.timeout;
        spec.redact = Some(self.secrets()?);
        let handle = self.runners.start(&spec)?;
        let ended = self.follow(handle, &spec.dir).await?;
        self.closed(attempt, &ended).await
    }

    /// Learns how the trap ended that another process started.
    pub(super) async fn watch_close(&mut self, attempt: u32) -> Result<(), EngineError> {
        let dir = self.dir.closing(attempt);
        let ended = self.follow(session::attach(&dir, 0), &dir).await?;
        self.closed(attempt, &ended).await
    }

    async fn closed(&mut self, attempt: u32, ended: &Ended) -> Result<(), EngineError> {
        let on_this_boot = self.state.closing.1.as_ref() == Some(&self.boot);
        let report = match ended {
            Ended::Finished(result) => {
                report::of_result(result, expect::look(None, &StepFiles::new(self.dir.closing(attempt))))
            }
            Ended::Lost(Lost { began: false, .. }) if on_this_boot && attempt < MOST_STARTS => {
                StepReport::never_began()
            }
            Ended::Lost(Lost { began: false, .. }) if on_this_boot => StepReport::given_up(attempt),
            Ended::Lost(lost) => report::of_lost(lost),
        };
        self.closed_with(attempt, report).await
    }

    async fn closed_with(&mut self, attempt: u32, report: StepReport) -> Result<(), EngineError> {
        if !report.is_never_began() && report.outcome != Outcome::Succeeded {
            let code = report.exit_code.map_or_else(|| "?".to_owned(), |code| code.to_string());
            self.ui.notice(&Text::new(
                format!("the EXIT trap did not end well (exit {code}): look at what it was to clean up"),
                format!("el trap EXIT no terminó bien (salida {code}): mire lo que debía limpiar"),
            ));
        }
        self.record(Event::Closed { attempt, report }).await
    }
}
