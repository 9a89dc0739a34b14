//! Whether what a step is about to run is still what was planned and approved.

use super::{EngineError, Ui, Walker};
use crate::plan::PlanStep;
use crate::run::Event;
use sereno_model::Text;
use std::fs;
use std::path::{Path, PathBuf};

impl<U: Ui> Walker<'_, U> {
    /// Refuses to start a step whose files changed since the plan was made, and says so in the journal.
    pub(super) async fn refuse_changed(&mut self, index: usize) -> Result<(), EngineError> {
        let planned = &self.plan.steps[index];
        let changed = planned.files.iter().find_map(crate::plan::StepFile::changed);
        let Some(why) = changed.or_else(|| self.elsewhere(index, planned)) else { return Ok(()) };
        let step = planned.number;
        self.record(Event::Refused { step: index, why: why.clone() }).await?;
        Err(EngineError::NotAsPlanned { run: self.run.clone(), step, why })
    }

    /// A file that is named from the shell's directory is another file when the shell is elsewhere.
    fn elsewhere(&self, index: usize, planned: &PlanStep) -> Option<Text> {
        let wanted = planned.starts_in.as_deref()?;
        let starts = self.state_before(index).map_or_else(|| self.walk.cwd.clone(), |saved| PathBuf::from(saved.cwd));
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if real(Path::new(wanted)) == real(&starts) {
            return None;
        }
        let starts = starts.display();
        Some(Text::new(
            format!("its files were planned from {wanted}, and the shell is in {starts}"),
            format!("sus archivos se planearon desde {wanted}, y el shell está en {starts}"),
        ))
    }
}
