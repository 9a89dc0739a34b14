//! `sereno operate`: one step of an operation's plan, in a process of its own.

mod exec;
mod reveal;

use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::report::{Failure, Result, unusable};
use crate::service_args::OperateArgs;
use crate::system::{self, failure};
use sereno_engine::plan::{Plan, words};
use sereno_engine::run::{RunState, StepState};
use sereno_engine::session::STEP_MARKER;
use sereno_engine::walk::{self, RunDir};
use sereno_model::RunId;
use sereno_operations::service::{Looked, StepKind, StepRequest, look, perform, perform_again};
use std::path::PathBuf;

pub(crate) async fn operate(context: &Context, args: &OperateArgs) -> Result<Exit> {
    let mut step = args.step();
    let Some(due) = is_due(context, &step).await? else {
        return Err(Failure::new(
            Exit::Refused,
            "only a run carries this out, after its plan was approved",
            "esto solo lo hace una ejecución, después de aprobarse su plan",
        )
        .hint(
            "sereno restart, scale, stop and resume make the plan and the run",
            "sereno restart, scale, stop y resume hacen el plan y la ejecución",
        ));
    };
    if step.kind == StepKind::Exec {
        return exec::exec(context, &step).await;
    }
    let platform = system::platform(context).await?;
    let lang = context.lang;
    let mut say = |text: sereno_model::Text| output::event(text.get(lang));
    if step.kind == StepKind::Look {
        let looked = look(platform.as_ref(), &step, &mut say).await.map_err(|error| failure(&error))?;
        due.note(&looked)?;
        return Ok(Exit::Done);
    }
    if step.kind == StepKind::Reveal {
        return reveal::open(context, platform.as_ref(), &step, &due).await;
    }
    if step.looked {
        let Looked { marks, replicas } = due.noted()?;
        step = StepRequest { marks, replicas: Some(replicas), ..step };
    }
    let performed = match due.attempt {
        1 => perform(platform.as_ref(), &step, &mut say).await,
        _ => perform_again(platform.as_ref(), &step, &mut say).await,
    };
    performed.map_err(|error| failure(&error))?;
    Ok(Exit::Done)
}

/// Whether the journal has this very step of a run started now, which it has of approved steps only, and the plan that it
/// stands in is the one that was approved.
async fn is_due(context: &Context, step: &StepRequest) -> Result<Option<Due>> {
    let Some((run, index, attempt)) = attempt_of(context) else { return Ok(None) };
    let dir = RunDir::new(&context.state_dir, &run);
    let Ok(plan) = dir.read_plan() else { return Ok(None) };
    let store = context.store().await?;
    let Ok(state) = walk::load(&store, &context.store_context(), &run).await else { return Ok(None) };
    let is_running =
        matches!(state.steps.get(index), Some(StepState::Running { attempt: running, .. }) if *running == attempt);
    let is_this = plan.steps.get(index).is_some_and(|planned| planned.text == words(&step.argv()));
    let is_due = is_running && is_this && plan.digest_holds() && plan.digest == state.plan.digest;
    Ok(is_due.then_some(Due { run, dir, plan, state, index, attempt }))
}

/// A step of a run that is to be carried out now.
struct Due {
    run: RunId,
    dir: RunDir,
    /// The exact one: the journal's is redacted.
    plan: Plan,
    state: RunState,
    index: usize,
    attempt: u32,
}

impl Due {
    /// Where a look keeps what it saw.
    const NOTE: &str = "looked.json";

    fn note(&self, looked: &Looked) -> Result<()> {
        let path = self.dir.step(self.index, self.attempt).join(Self::NOTE);
        let bytes = serde_json::to_vec(looked).map_err(|error| unusable(Exit::Failed, &path, &error.into()))?;
        std::fs::write(&path, bytes).map_err(|error| unusable(Exit::Failed, &path, &error))
    }

    /// What the look saw that stands before the same step of the author, upon the same component.
    fn noted(&self) -> Result<Looked> {
        let steps = &self.plan.steps;
        let looks = |text: &str| text.starts_with("sereno operate look ");
        let last = |text: &str| text.rsplit(" -- ").next().unwrap_or_default().to_owned();
        let this = &steps[self.index];
        let look = (0..self.index).rev().find(|&earlier| {
            let step = &steps[earlier];
            step.own == this.own && looks(&step.text) && last(&step.text) == last(&this.text)
        });
        let read = look.map(|look| self.dir.step(look, self.state.steps[look].attempt()).join(Self::NOTE));
        let read = read.and_then(|path| serde_json::from_slice(&std::fs::read(path).ok()?).ok());
        read.ok_or_else(|| {
            Failure::new(
                Exit::Failed,
                "what ran before the command was not seen: whether it was replaced cannot be told",
                "no se vio qué había antes del comando: no se puede saber si fue reemplazado",
            )
        })
    }
}

/// The run, the step's index and the attempt that the runner has named: `…/runs/RUN/steps/001-1`.
fn attempt_of(context: &Context) -> Option<(RunId, usize, u32)> {
    let folder = PathBuf::from(std::env::var_os(STEP_MARKER)?);
    let run: RunId = folder.parent()?.parent()?.file_name()?.to_str()?.parse().ok()?;
    let (number, attempt) = folder.file_name()?.to_str()?.split_once('-')?;
    let (number, attempt) = (number.parse::<usize>().ok()?, attempt.parse().ok()?);
    let index = number.checked_sub(1)?;
    (RunDir::new(&context.state_dir, &run).step(index, attempt) == folder).then_some((run, index, attempt))
}
