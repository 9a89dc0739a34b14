//! `sereno operate`: one step of an operation's plan, in a process of its own.

use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::report::{Failure, Result};
use crate::service_args::OperateArgs;
use crate::system::{self, failure};
use sereno_engine::plan::words;
use sereno_engine::session::STEP_MARKER;
use sereno_engine::walk::RunDir;
use sereno_operations::service::{StepRequest, perform};
use std::path::Path;

pub(crate) async fn operate(context: &Context, args: &OperateArgs) -> Result<Exit> {
    let step = args.step();
    if !is_of_a_run(&step) {
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
    let platform = system::platform(context).await?;
    let lang = context.lang;
    let mut say = |text: sereno_model::Text| output::event(text.get(lang));
    perform(platform.as_ref(), &step, &mut say).await.map_err(|error| failure(&error))?;
    Ok(Exit::Done)
}

/// Whether this very command stands in the approved plan of the run whose runner started it.
fn is_of_a_run(step: &StepRequest) -> bool {
    let Some(folder) = std::env::var_os(STEP_MARKER) else { return false };
    let Some(run) = Path::new(&folder).parent().and_then(Path::parent) else { return false };
    let text = words(&step.argv());
    RunDir::at(run).read_plan().is_ok_and(|plan| plan.digest_holds() && plan.steps.iter().any(|s| s.text == text))
}
