//! The proofs of a runbook's own commands: asked of the platform only when a procedure has any that is an operation.

use crate::context::Context;
use crate::report::Result;
use crate::system;
use sereno_engine::plan::{Plan, Recognise, StepCommands};
use sereno_operations::service::{Does, Prover, Seen, recognise};
use sereno_platform::{Detail, Platform};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// How long a platform may take to answer while a plan is made.
const PATIENCE: Duration = Duration::from_secs(30);

/// A plan with its proofs, where the platform of the settings answers; `make` makes it with whoever may know commands.
pub(crate) async fn with_proofs(
    context: &Context,
    make: impl Fn(Option<&Recognise<'_>>) -> Result<Plan>,
) -> Result<Plan> {
    let Some(place) = system::place(context) else { return make(None) };
    let (any, scales) = (Cell::new(false), Cell::new(false));
    let plain = make(Some(&|step: &StepCommands| {
        let known = recognise(step, &place);
        any.set(any.get() || !known.is_empty());
        scales.set(scales.get() || known.iter().any(|known| matches!(known.does, Does::Scale(_))));
        None
    }))?;
    if !any.get() {
        return Ok(plain);
    }
    let native = context.settings.platform.native.unwrap_or(false);
    let looked = tokio::time::timeout(PATIENCE, look(context, native && scales.get())).await;
    let (platform, seen) = match looked {
        Ok(Ok(found)) => found,
        Ok(Err((en, es))) => return Ok(without(context, plain, &en, &es)),
        Err(_) => return Ok(without(context, plain, "the platform does not answer", "la plataforma no responde")),
    };
    let prover = Prover {
        place: &place,
        seen: &seen,
        platform: platform.as_ref(),
        lang: context.lang,
        native,
        changed: RefCell::default(),
    };
    make(Some(&|step: &StepCommands| prover.around(step)))
}

/// `whole`: with what new instances are made of, which only Sereno's own scaling needs.
async fn look(context: &Context, whole: bool) -> std::result::Result<(Box<dyn Platform>, Seen), (String, String)> {
    let platform = system::platform(context).await.map_err(|failure| (failure.message.en, failure.message.es))?;
    let texts = |error: sereno_platform::PlatformError| {
        let text = error.text();
        (text.en, text.es)
    };
    let components = platform.components(Detail::State).await.map_err(texts)?;
    let place = platform.place().await.map_err(texts)?;
    let definition = if whole { platform.definition().await.map_err(texts)? } else { None };
    Ok((platform, Seen::of(components, place, definition)))
}

/// The plan as it is, and why nothing proves its commands.
fn without(context: &Context, plan: Plan, en: &str, es: &str) -> Plan {
    context.warn(
        &format!("nothing proves what this plan restarts, stops or scales: {en}"),
        &format!("nada comprueba lo que este plan reinicia, detiene o escala: {es}"),
    );
    plan
}

/// Whether a plan has steps of Sereno's own beside the author's.
pub(crate) fn has_own(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| step.own.is_some())
}
