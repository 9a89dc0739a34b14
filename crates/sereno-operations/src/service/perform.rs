//! Carrying one step out: look, act, and wait for what it was to bring about.

use super::exec::not_there;
use super::step::{StepKind, StepRequest};
use serde::{Deserialize, Serialize};
use sereno_model::Text;
use sereno_platform::{
    Act, Call, Component, Detail, Instance, InstanceState, Platform, PlatformError, Program, Wires, find,
};
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
    in_place(platform, step).await?;
    if step.kind == StepKind::Quiet {
        return quiet(platform, step, say).await;
    }
    if step.definition.is_some() && platform.definition().await? != step.definition {
        return Err(PlatformError::Refused {
            en: "what new instances are made of has changed since the plan was made".to_owned(),
            es: "aquello de lo que se hacen las instancias cambió después de hacerse el plan".to_owned(),
            hint: Some(Box::new(Text::new("plan anew", "planee de nuevo"))),
        });
    }
    let components = platform.components(Detail::State).await?;
    let component = find(&components, &step.component)?;
    if let Some(act) = act(step) {
        as_planned(step, component)?;
        for call in platform.calls(&act, component)? {
            say(Text::same(call.to_string()));
            call_once(platform, &call, say).await?;
        }
    }
    let goal = Goal::of(step);
    wait(platform, step, &goal, say).await
}

/// Runs the program of a step and gives its exit code. After an error that leaves doubt it may have run.
pub async fn exec(platform: &dyn Platform, step: &StepRequest, wires: Wires) -> Result<i32, PlatformError> {
    in_place(platform, step).await?;
    let components = platform.components(Detail::State).await?;
    let component = find(&components, &step.component)?;
    as_planned(step, component)?;
    let instance = component.instances.iter().find(|i| step.instances.contains(&i.name));
    let instance = instance.ok_or_else(|| not_there(component, &step.instances.join(", ")))?;
    let program = Program { argv: step.program.clone(), terminal: step.terminal };
    platform.exec(&platform.exec_call(component, instance, &program)?, wires).await
}

/// What a look notes: it is written down beside the step and read by the proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    pub marks: Vec<String>,
    /// How many there should be after a restart of them.
    pub replicas: u32,
}

/// Notes which processes there are, just before the author's own command.
pub async fn look(
    platform: &dyn Platform,
    step: &StepRequest,
    say: &mut (dyn FnMut(Text) + Send),
) -> Result<Looked, PlatformError> {
    in_place(platform, step).await?;
    let components = platform.components(Detail::State).await?;
    let component = find(&components, &step.component)?;
    say(describe(component));
    if step.instances.is_empty() {
        return Ok(Looked { marks: component.marks(), replicas: component.desired.max(1) });
    }
    let wanted = component.instances.iter().filter(|i| step.instances.contains(&i.name) && i.is_alive());
    Ok(Looked { marks: wanted.map(Instance::mark).collect(), replicas: step.instances.len() as u32 })
}

/// The plan must have been made for this very place.
async fn in_place(platform: &dyn Platform, step: &StepRequest) -> Result<(), PlatformError> {
    let (now, target) = (platform.place().await?, &step.target);
    if now == *target {
        return Ok(());
    }
    Err(PlatformError::refused(
        format!("the plan is for {target}, and this is {now}"),
        format!("el plan es para {target}, y esto es {now}"),
    ))
}

/// Does one call. Where no answer came, it is not known whether it was done: that is for the platform to show, not for
/// this to guess, and it is never sent twice.
async fn call_once(
    platform: &dyn Platform,
    call: &Call,
    say: &mut (dyn FnMut(Text) + Send),
) -> Result<(), PlatformError> {
    match platform.perform(call).await {
        Err(error) if error.leaves_doubt() => {
            let text = error.text();
            say(Text::new(
                format!("no answer ({}): looking whether it was done", text.en),
                format!("sin respuesta ({}): se mira si se hizo", text.es),
            ));
            Ok(())
        }
        done => done,
    }
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
        StepKind::Await | StepKind::Quiet | StepKind::Exec | StepKind::Look => None,
    }
}

/// What the plan saw must still be there: a yes to the restart of one process is none for its successor.
fn as_planned(step: &StepRequest, component: &Component) -> Result<(), PlatformError> {
    if !matches!(step.kind, StepKind::Restart | StepKind::Exec) {
        return Ok(());
    }
    let is_there = |mark: &str| component.instances.iter().any(|instance| instance.is_marked(mark));
    match step.marks.iter().find(|mark| !is_there(mark)) {
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
            StepKind::Limit | StepKind::Quiet | StepKind::Exec | StepKind::Look => (None, &[]),
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
            Some(0) => !wanted.iter().any(|i| i.is_alive()),
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
    let mut steadiness = Steadiness::default();
    loop {
        let last = begun.elapsed() >= step.within;
        // A look that fails says nothing of the component: the next one may not.
        let looked = platform.components(Detail::State).await;
        let components = match looked {
            Ok(components) => components,
            Err(error) if last => return Err(error),
            Err(error) => {
                tell(error.text(), &mut said, say);
                tokio::time::sleep(BETWEEN_LOOKS).await;
                continue;
            }
        };
        let component = find(&components, &step.component)?;
        tell(describe(component), &mut said, say);
        let reached = goal.reached(component);
        if reached == Reached::Yes || (reached == Reached::IfSteady && steadiness.holds(component.marks())) {
            return Ok(());
        }
        if last {
            return Err(not_reached(step, component));
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Waits until no component has an instance that runs or comes back.
async fn quiet(
    platform: &dyn Platform,
    step: &StepRequest,
    say: &mut (dyn FnMut(Text) + Send),
) -> Result<(), PlatformError> {
    let begun = Instant::now();
    let mut said = None;
    loop {
        let components = platform.components(Detail::State).await?;
        let alive: Vec<&str> = components
            .iter()
            .flat_map(|component| &component.instances)
            .filter(|instance| instance.is_alive())
            .map(|instance| instance.name.as_str())
            .collect();
        if alive.is_empty() {
            return Ok(());
        }
        let names = alive.join(", ");
        let line = Text::new(format!("still there: {names}"), format!("todavía está: {names}"));
        tell(line.clone(), &mut said, say);
        if begun.elapsed() >= step.within {
            let hint = Some(Box::new(Text::same("sereno stop")));
            return Err(PlatformError::Refused { en: line.en, es: line.es, hint });
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Says a line that is not the one before.
fn tell(line: Text, said: &mut Option<Text>, say: &mut (dyn FnMut(Text) + Send)) {
    if said.as_ref() != Some(&line) {
        say(line.clone());
        *said = Some(line);
    }
}

/// Whether the same processes have run long enough. Each time that others are there instead, they have to run twice as
/// long: what lives a little longer than we look is a loop of crashes too.
#[derive(Default)]
struct Steadiness {
    marks: Vec<String>,
    since: Option<Instant>,
    changes: u32,
}

impl Steadiness {
    fn holds(&mut self, marks: Vec<String>) -> bool {
        match self.since {
            Some(since) if self.marks == marks => since.elapsed() >= STEADY * 2_u32.saturating_pow(self.changes),
            since => {
                self.changes += u32::from(since.is_some());
                self.marks = marks;
                self.since = Some(Instant::now());
                false
            }
        }
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
        let why = instance.why.clone().or(exit);
        if let Some(why) = why {
            en = format!("{en}; {}: {}", instance.name, why.en);
            es = format!("{es}; {}: {}", instance.name, why.es);
        }
    }
    Text::new(en, es)
}
