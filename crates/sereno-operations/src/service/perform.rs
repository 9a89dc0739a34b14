//! Carrying one step out: look, act, and wait for what it was to bring about.

use super::step::{StepKind, StepRequest};
use sereno_model::Text;
use sereno_platform::{Act, Component, Detail, Instance, InstanceState, Platform, PlatformError, find};
use std::time::{Duration, Instant};

const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// How long an instance whose health nobody checks has to stay up before it counts as ready: one that dies at once is up
/// for a moment too.
const STEADY: Duration = Duration::from_secs(3);

/// Does what a step asks, saying what it sees. An error means that it is not so, or not known to be so.
pub async fn perform(
    platform: &dyn Platform,
    step: &StepRequest,
    say: &mut (dyn FnMut(Text) + Send),
) -> Result<(), PlatformError> {
    if platform.target() != step.target {
        let (target, now) = (&step.target, platform.target());
        return Err(PlatformError::refused(
            format!("the plan is for {target}, and the settings now name {now}"),
            format!("el plan es para {target}, y los ajustes nombran ahora {now}"),
        ));
    }
    let components = platform.components(Detail::State).await?;
    let component = find(&components, &step.component)?;
    if let Some(act) = act(step) {
        as_planned(step, component)?;
        for call in platform.calls(&act, component)? {
            say(Text::same(call.to_string()));
            platform.perform(&call).await?;
        }
    }
    let goal = Goal::of(step);
    wait(platform, step, &goal, say).await
}

fn act(step: &StepRequest) -> Option<Act> {
    let replicas = step.replicas.unwrap_or(1);
    let instances = step.instances.clone();
    match step.kind {
        StepKind::Restart => Some(Act::Restart { instances }),
        StepKind::Scale => Some(Act::Scale { replicas }),
        StepKind::Limit => Some(Act::Limit { cpu_millis: step.cpu_millis, memory: step.memory }),
        StepKind::Stop => Some(Act::Stop),
        StepKind::Start => Some(Act::Start { instances, replicas }),
        StepKind::Await => None,
    }
}

/// What the plan saw must still be there: a yes to the restart of one process is none for its successor.
fn as_planned(step: &StepRequest, component: &Component) -> Result<(), PlatformError> {
    if step.kind != StepKind::Restart {
        return Ok(());
    }
    let now: Vec<String> = component.instances.iter().map(Instance::mark).collect();
    match step.marks.iter().find(|mark| !now.contains(mark)) {
        None => Ok(()),
        Some(gone) => Err(PlatformError::Refused {
            en: format!("{gone} is not there any more: `{}` was restarted since the plan was made", step.component),
            es: format!("{gone} ya no está: `{}` se reinició después de hacerse el plan", step.component),
            hint: Some(Box::new(Text::new("look at it, then plan anew", "mírelo, y planee de nuevo"))),
        }),
    }
}

/// What has to be so for a step to be done.
struct Goal<'s> {
    step: &'s StepRequest,
    /// As many ready as this; `None` when only the named instances matter.
    ready: Option<u32>,
    /// None of these may be left.
    gone: &'s [String],
}

/// How near a component is to its goal.
#[derive(PartialEq, Eq)]
enum Reached {
    Yes,
    /// It looks so, and is so once it stays so.
    IfSteady,
    No,
}

impl<'s> Goal<'s> {
    fn of(step: &'s StepRequest) -> Self {
        let (ready, gone): (Option<u32>, &[String]) = match step.kind {
            StepKind::Restart => (None, &step.marks),
            StepKind::Stop => (Some(0), &step.marks),
            StepKind::Await => (step.replicas, &step.marks),
            StepKind::Scale | StepKind::Start => (step.replicas, &[]),
            StepKind::Limit => (None, &[]),
        };
        Self { step, ready, gone }
    }

    fn reached(&self, component: &Component) -> Reached {
        let wanted: Vec<&Instance> = component
            .instances
            .iter()
            .filter(|i| self.step.instances.is_empty() || self.step.instances.contains(&i.name))
            .collect();
        let running = wanted.iter().filter(|i| i.runs()).count() as u32;
        let any_left = wanted.iter().any(|i| i.runs() && self.gone.contains(&i.mark()));
        let ready = wanted.iter().filter(|i| i.state == InstanceState::Running).count() as u32;
        let enough = match self.ready {
            Some(0) => running == 0,
            Some(count) => ready == count && running == count,
            None => !wanted.is_empty() && ready == wanted.len() as u32,
        };
        match (any_left || !enough, wanted.iter().all(|i| i.checked || !i.runs())) {
            (true, _) => Reached::No,
            (false, true) => Reached::Yes,
            (false, false) => Reached::IfSteady,
        }
    }
}

async fn wait(
    platform: &dyn Platform,
    step: &StepRequest,
    goal: &Goal<'_>,
    say: &mut (dyn FnMut(Text) + Send),
) -> Result<(), PlatformError> {
    let begun = Instant::now();
    let mut said = None;
    let mut steady: Option<(Vec<String>, Instant)> = None;
    loop {
        let components = platform.components(Detail::State).await?;
        let component = find(&components, &step.component)?;
        let line = describe(component);
        if said.as_ref() != Some(&line) {
            say(line.clone());
            said = Some(line);
        }
        match goal.reached(component) {
            Reached::Yes => return Ok(()),
            Reached::No => steady = None,
            Reached::IfSteady => match &steady {
                Some((marks, since)) if *marks == component.marks() => {
                    if since.elapsed() >= STEADY {
                        return Ok(());
                    }
                }
                _ => steady = Some((component.marks(), Instant::now())),
            },
        }
        if begun.elapsed() >= step.within {
            return Err(not_reached(step, component));
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

fn not_reached(step: &StepRequest, component: &Component) -> PlatformError {
    let (seconds, line) = (step.within.as_secs(), describe(component));
    PlatformError::Refused {
        en: format!("not as it should be after {seconds} s: {}", line.en),
        es: format!("no quedó como debe tras {seconds} s: {}", line.es),
        hint: Some(Box::new(Text::same(format!("sereno logs {} --tail 50", component.name)))),
    }
}

/// `api: starting, 0 of 1 ready; api_1: health check: connection refused`.
fn describe(component: &Component) -> Text {
    let Component { name, ready, desired, .. } = component;
    let (mut en, mut es) = (
        format!("{name}: {}, {ready} of {desired} ready", component.standing.text().en),
        format!("{name}: {}, {ready} de {desired} listos", component.standing.text().es),
    );
    for instance in component.instances.iter().filter(|i| i.state != InstanceState::Running) {
        let exit = instance.last_exit.as_ref().map(sereno_platform::LastExit::text);
        let why = instance.why.as_ref().map(|why| Text::same(why.clone())).or(exit);
        if let Some(why) = why {
            en = format!("{en}; {}: {}", instance.name, why.en);
            es = format!("{es}; {}: {}", instance.name, why.es);
        }
    }
    Text::new(en, es)
}
