//! The step that opens a reveal: it asks whether what is wanted is there, and writes down until when it may be read.

use super::Due;
use crate::commands::secret::{OPENED, opened};
use crate::context::{Context, store_failure};
use crate::exit::Exit;
use crate::output;
use crate::report::{Failure, Result};
use crate::system::failure;
use jiff::{SignedDuration, Timestamp};
use sereno_engine::walk::redact_json;
use sereno_model::Lang;
use sereno_operations::service::{StepRequest, perform};
use sereno_platform::Platform;
use sereno_store::NewEntry;

pub(super) async fn open(context: &Context, platform: &dyn Platform, step: &StepRequest, due: &Due) -> Result<Exit> {
    perform(platform, step, &mut |_| {}).await.map_err(|error| failure(&error))?;
    let store = context.store().await?;
    let who = context.store_context();
    let entries = store.entries_of(&who, &due.run).await.map_err(|error| store_failure(&error))?;
    // A step that was killed after it opened and is tried again opens nothing anew: the time runs from the first.
    let until = if let Some(opened) = opened(&entries) {
        opened.until
    } else {
        let open_for = SignedDuration::try_from(step.within).unwrap_or(SignedDuration::ZERO);
        let until = Timestamp::now().saturating_add(open_for).unwrap_or(Timestamp::now());
        let reason = due.plan.operation().map(|operation| operation.request["reason"].clone());
        let mut data = serde_json::json!({
            "by": due.state.started_by, "of": step.component, "names": step.program, "until": until, "reason": reason,
        });
        redact_json(&mut data, &context.redactor());
        let entry = NewEntry::new(OPENED, data).of(&due.run);
        store.append(&who, entry).await.map_err(|error| store_failure(&error))?;
        until
    };
    let is_over = until <= Timestamp::now();
    let (run, until) = (&due.run, until.strftime("%H:%M:%SZ"));
    if is_over {
        return Err(Failure::new(
            Exit::Refused,
            format!("its time is over: run {run} was open until {until}"),
            format!("se terminó su tiempo: la ejecución {run} estuvo abierta hasta las {until}"),
        )
        .hint("sereno secret reveal", "sereno secret reveal"));
    }
    output::event(match context.lang {
        Lang::En => format!("open until {until}: sereno secret show {run}"),
        Lang::Es => format!("abierto hasta las {until}: sereno secret show {run}"),
    });
    Ok(Exit::Done)
}
