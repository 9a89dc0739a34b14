//! Reading a credential in an emergency: the plan opens it for a while and holds nothing of it. What it is, is asked of the
//! platform only when it is shown.

use super::plan::{Planned, Planner};
use super::step::{StepKind, StepRequest};
use sereno_engine::plan::OperationStep;
use sereno_model::{Effect, Risk, Text, Verb};
use sereno_platform::{Detail, Platform, PlatformError, Variable, find};
use std::time::Duration;

/// What stands before the name of a secret of the platform's own.
const SECRET: &str = "secret/";

/// What is asked for.
pub(super) struct Wanted<'r> {
    /// A component, or `secret/NAME`.
    pub(super) of: &'r str,
    pub(super) names: &'r [String],
    pub(super) minutes: u32,
    pub(super) reason: &'r str,
}

/// All variables of a component's environment, or of a secret of the platform's own, in clear.
pub async fn variables(platform: &dyn Platform, of: &str) -> Result<Vec<Variable>, PlatformError> {
    if let Some(name) = of.strip_prefix(SECRET) {
        return platform.secret(name).await;
    }
    let components = platform.components(Detail::State).await?;
    platform.environment(find(&components, of)?).await
}

/// The named ones of them, in the order of the names; an error where one is missing or cannot be read.
pub async fn wanted(platform: &dyn Platform, of: &str, names: &[String]) -> Result<Vec<Variable>, PlatformError> {
    let all = variables(platform, of).await?;
    let known: Vec<String> = all.iter().map(|variable| variable.name.clone()).collect();
    all_known(of, names, &known)?;
    let mut found = Vec::new();
    for name in names {
        // Where instances differ there is more than one.
        for variable in all.iter().filter(|variable| variable.name == *name) {
            found.push(Some(variable).filter(|one| one.value.is_some()).cloned().ok_or_else(|| unreadable(of, name))?);
        }
    }
    Ok(found)
}

fn all_known(of: &str, names: &[String], known: &[String]) -> Result<(), PlatformError> {
    let Some(missing) = names.iter().find(|name| !known.contains(name)) else { return Ok(()) };
    let known = known.join(", ");
    Err(PlatformError::Refused {
        en: format!("{of} has no `{missing}`"),
        es: format!("{of} no tiene `{missing}`"),
        hint: Some(Box::new(Text::new(format!("there is: {known}"), format!("hay: {known}")))),
    })
}

fn unreadable(of: &str, name: &str) -> PlatformError {
    PlatformError::Refused {
        en: format!("`{name}` of {of} cannot be read: it is no text, or this user may not read it"),
        es: format!("no se puede leer `{name}` de {of}: no es texto, o este usuario no puede leerlo"),
        hint: None,
    }
}

impl Planner<'_> {
    pub(super) fn reveal(&self, wanted: &Wanted<'_>) -> Result<Planned, PlatformError> {
        let Wanted { of, names, minutes, reason } = *wanted;
        all_known(of, names, self.seen.names.as_deref().unwrap_or_default())?;
        let shown = names.join(", ");
        let step = StepRequest {
            program: names.to_vec(),
            within: Duration::from_secs(u64::from(minutes) * 60),
            ..StepRequest::new(StepKind::Reveal, of, &self.target)
        };
        let text = Text::new(
            format!(
                "lets whoever started this run read {shown} of {of} for {minutes} minutes, because: {reason}. What was seen cannot be made unseen"
            ),
            format!(
                "deja que quien inició esta ejecución lea {shown} de {of} durante {minutes} minutos, porque: {reason}. Lo que se vio no se puede dejar de ver"
            ),
        );
        // It changes no component, and no lock of one that is being mended stands in its way.
        let effect =
            Effect { verb: Verb::Reveals, target: format!("{of} {shown}"), component: None, risk: Risk::Destroy, text };
        let title = self.say(
            &format!("Reveal {shown} of {of} for {minutes} minutes"),
            &format!("Revelar {shown} de {of} durante {minutes} minutos"),
        );
        let step = OperationStep {
            title: title.clone(),
            argv: step.argv(),
            effects: vec![effect],
            verifies: false,
            terminal: false,
        };
        Ok((title, vec![step], None))
    }
}
