//! `sereno operate`: one step of an operation's plan, in a process of its own.

mod exec;

use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::report::{Failure, Result};
use crate::service_args::OperateArgs;
use crate::system::{self, failure};
use sereno_engine::plan::words;
use sereno_engine::run::StepState;
use sereno_engine::session::STEP_MARKER;
use sereno_engine::walk::{self, RunDir};
use sereno_model::RunId;
use sereno_operations::service::{StepKind, StepRequest, perform};
use std::path::PathBuf;

pub(crate) async fn operate(context: &Context, args: &OperateArgs) -> Result<Exit> {
    let step = args.step();
    if !is_due(context, &step).await? {
        return Err(Failure::new(
            Exit::Refused,
            "only a run carries this out, after its plan was approved",
            "esto solo lo hace una ejecución, después de aprobarse su plan",
        )
        .hint(
            "sereno restart, scale, stop and resume make the plan and the run",
            "sereno restart, scale, stop y resume hacen el plan y la ejecución",
        ));
    }
    if step.kind == StepKind::Exec {
        return exec::exec(context, &step).await;
    }
    let platform = system::platform(context).await?;
    let lang = context.lang;
    let mut say = |text: sereno_model::Text| output::event(text.get(lang));
    perform(platform.as_ref(), &step, &mut say).await.map_err(|error| failure(&error))?;
    Ok(Exit::Done)
}

/// Whether the journal has this very step of a run started now, which it has of approved steps only, and the plan that it
/// stands in is the one that was approved.
async fn is_due(context: &Context, step: &StepRequest) -> Result<bool> {
    let Some((run, index, attempt)) = attempt_of(context) else { return Ok(false) };
    let Ok(plan) = RunDir::new(&context.state_dir, &run).read_plan() else { return Ok(false) };
    let store = context.store().await?;
    let Ok(state) = walk::load(&store, &context.store_context(), &run).await else { return Ok(false) };
    let is_running =
        matches!(state.steps.get(index), Some(StepState::Running { attempt: running, .. }) if *running == attempt);
    let is_this = plan.steps.get(index).is_some_and(|planned| planned.text == words(&step.argv()));
    Ok(is_running && is_this && plan.digest_holds() && plan.digest == state.plan.digest)
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
