//! Carrying one step out: look, act, and wait for what it was to bring about.

use super::exec::not_there;
use super::page;
use super::reveal::wanted;
use super::step::{StepKind, StepRequest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sereno_model::Text;
use sereno_platform::{
    Act, Call, Component, Detail, ExitReason, Instance, InstanceState, Platform, PlatformError, Program, Standing,
    Wires, find,
};
use std::time::{Duration, Instant};

const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// How long an instance whose health nobody checks has to stay up before it counts as ready: one that dies at once is up
/// for a moment too.
const STEADY: Duration = Duration::from_secs(3);

/// How long a stop waits for a machine that cannot be asked, before it says so.
const OUT_OF_REACH: Duration = Duration::from_secs(10);

/// Does what a step asks, saying what it sees. An error means that it is not so, or not known to be so.
pub async fn perform(
    platform: &dyn Platform,
    step: &StepRequest,
    say: &mut (dyn FnMut(Text) + Send),
) -> Result<(), PlatformError> {
    attempt(platform, step, false, say).await
}

/// Does it once more. A restart whose processes are gone already was done: it is only waited for, and not done twice.
pub async fn perform_again(
    platform: &dyn Platform,
    step: &StepRequest,
    say: &mut (dyn FnMut(Text) + Send),
) -> Result<(), PlatformError> {
    attempt(platform, step, true, say).await
}

async fn attempt(
    platform: &dyn Platform,
    step: &StepRequest,
    again: bool,
    say: &mut (dyn FnMut(Text) + Send),
) -> Result<(), PlatformError> {
    in_place(platform, step).await?;
    match step.kind {
        StepKind::Quiet => return quiet(platform, step, say).await,
        StepKind::PageOn | StepKind::PageOff | StepKind::Route | StepKind::PageSeen | StepKind::PageGone => {
            return page::perform(platform, step, say).await;
        }
        StepKind::Reveal => return wanted(platform, &step.component, &step.program).await.map(drop),
        _ => {}
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
    let act = match act(step) {
        Some(_) if again && is_replaced(step, component) => {
            say(Text::new("it was restarted already: only waiting for it", "ya se reinició: solo se espera"));
            None
        }
        // The platform is at it, for the attempt before this one as far as anybody can tell: asking again would do it twice.
        Some(Act::Restart { .. }) if again && is_under_way(platform, step, component) => {
            say(Text::new("it is being replaced: only waiting for it", "se está reemplazando: solo se espera"));
            None
        }
        act => act,
    };
    if let Some(act) = act {
        // Whose instances the platform, or a keeper of Sereno's own, puts right by itself may be told to without being known.
        if !platform.replaces() && platform.declared(&component.name).is_none() {
            is_known(step, component, say)?;
        }
        as_planned(step, component, platform.replaces())?;
        for call in platform.calls(&act, component)? {
            say(Text::same(call.to_string()));
            call_once(platform, &call, say).await?;
        }
    }
    let goal = Goal::of(step, platform.replaces());
    wait(platform, step, &goal, say).await
}

/// Runs the program of a step and gives its exit code. After an error that leaves doubt it may have run.
pub async fn exec(platform: &dyn Platform, step: &StepRequest, wires: Wires) -> Result<i32, PlatformError> {
    in_place(platform, step).await?;
    let components = platform.components(Detail::State).await?;
    let component = find(&components, &step.component)?;
    as_planned(step, component, false)?;
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
        StepKind::Remove => Some(Act::Remove { instances }),
        StepKind::Make => {
            let count =
                |word: &String| word.rsplit_once('=').and_then(|(name, n)| Some((name.to_owned(), n.parse().ok()?)));
            Some(Act::Make { replicas, others: step.program.iter().filter_map(count).collect() })
        }
        _ => None,
    }
}

/// Whether none of the processes is left that a restart was to replace, and it is known what stands in their place.
fn is_replaced(step: &StepRequest, component: &Component) -> bool {
    let named = |instance: &&Instance| step.instances.contains(&instance.name);
    step.kind == StepKind::Restart
        && component.instances.iter().filter(named).all(|instance| instance.state != InstanceState::Unknown)
        && !component.instances.iter().any(|instance| step.marks.iter().any(|mark| instance.is_marked(mark)))
}

/// Whether a platform that replaces instances itself is at it: it has not carried out yet what it was last asked for, or there
/// are others already than those that the plan saw.
fn is_under_way(platform: &dyn Platform, step: &StepRequest, component: &Component) -> bool {
    let is_new = |instance: &&Instance| !step.marks.iter().any(|mark| id_of(mark) == id_of(&instance.mark()));
    let unsettled = component.workload.as_ref().is_some_and(|workload| !workload.settled);
    platform.replaces() && (unsettled || component.instances.iter().filter(|i| i.is_alive()).any(|i| is_new(&i)))
}

/// What nobody can tell of is not changed. Only a stop goes on with what it can reach, and says what it could not.
fn is_known(
    step: &StepRequest,
    component: &Component,
    say: &mut (dyn FnMut(Text) + Send),
) -> Result<(), PlatformError> {
    let named = |instance: &&Instance| step.instances.is_empty() || step.instances.contains(&instance.name);
    let unknown = component.instances.iter().filter(named).filter(|i| i.state == InstanceState::Unknown);
    let names: Vec<&str> = unknown.map(|instance| instance.name.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let (names, line) = (names.join(", "), describe(component));
    if step.kind == StepKind::Stop {
        say(Text::new(format!("not asked to stop: {names}"), format!("no se pidió que se detenga: {names}")));
        return Ok(());
    }
    Err(PlatformError::refused(
        format!("nobody can tell how {names} is: {}", line.en),
        format!("no se sabe cómo está {names}: {}", line.es),
    ))
}

/// What the plan saw must still be there: a yes to the restart of one process is none for its successor.
fn as_planned(step: &StepRequest, component: &Component, replaces: bool) -> Result<(), PlatformError> {
    if !matches!(step.kind, StepKind::Restart | StepKind::Remove | StepKind::Exec) {
        return Ok(());
    }
    // Where the instance is what is replaced, its process may be another one by now.
    let is_same = |instance: &Instance, mark: &str| {
        if replaces { id_of(&instance.mark()) == id_of(mark) } else { instance.is_marked(mark) }
    };
    let is_there = |mark: &str| component.instances.iter().any(|instance| is_same(instance, mark));
    match step.marks.iter().find(|mark| !is_there(mark)) {
        None => Ok(()),
        Some(gone) => Err(PlatformError::Refused {
            en: format!("{gone} is not there any more: `{}` was restarted since the plan was made", step.component),
            es: format!("{gone} ya no está: `{}` se reinició después de hacerse el plan", step.component),
            hint: Some(Box::new(Text::new("look at it, then plan anew", "mírelo, y planee de nuevo"))),
        }),
    }
}

/// The part of a mark that the instance has for as long as it is there.
fn id_of(mark: &str) -> &str {
    mark.split('@').next().unwrap_or(mark)
}

/// What has to be so for a step to be done.
struct Goal<'s> {
    step: &'s StepRequest,
    /// As many ready as this; `None` when only the named instances matter.
    ready: Option<u32>,
    /// None of these may be left.
    gone: &'s [String],
    /// The platform makes and replaces the instances.
    replaces: bool,
}

/// How near a component is to its goal.
#[derive(PartialEq, Eq)]
enum Reached {
    Yes,
    /// It looks so, and is so once it stays so.
    IfSteady,
    /// It is so wherever it can be seen, and not everywhere can it be.
    WhereSeen,
    No,
}

impl<'s> Goal<'s> {
    fn of(step: &'s StepRequest, replaces: bool) -> Self {
        let (ready, gone): (Option<u32>, &[String]) = match step.kind {
            StepKind::Restart => (None, &step.marks),
            StepKind::Stop => (Some(0), &step.marks),
            StepKind::Await => (step.replicas, &step.marks),
            StepKind::Scale | StepKind::Start | StepKind::Make => (step.replicas, &[]),
            StepKind::Remove => (None, &step.marks),
            StepKind::Limit if replaces => (None, &step.marks),
            _ => (None, &[]),
        };
        Self { step, ready, gone, replaces }
    }

    fn reached(&self, component: &Component) -> Reached {
        if self.replaces {
            return self.carried_out(component);
        }
        let wanted: Vec<&Instance> = component
            .instances
            .iter()
            .filter(|i| self.step.instances.is_empty() || self.step.instances.contains(&i.name))
            .collect();
        let running = wanted.iter().filter(|i| i.runs()).count() as u32;
        let any_left = wanted.iter().any(|i| i.runs() && self.gone.contains(&i.mark()));
        let ready = wanted.iter().filter(|i| i.state == InstanceState::Running).count() as u32;
        let is_unknown = wanted.iter().any(|i| i.state == InstanceState::Unknown);
        let enough = match self.ready {
            Some(0) => !wanted.iter().any(|i| i.is_alive()),
            Some(count) => ready == count && running == count,
            None => !wanted.is_empty() && ready == wanted.len() as u32,
        };
        // What does its work once has done it, and is not the one that was to be replaced.
        let is_done = component.standing == Standing::Completed && self.ready != Some(0);
        if is_done && !wanted.iter().any(|i| self.gone.contains(&i.mark())) {
            return Reached::Yes;
        }
        match (any_left || !enough, wanted.iter().all(|i| i.checked || !i.runs())) {
            (true, _) => Reached::No,
            // The verification of a stop tells it; the stops of other components are not held up by it.
            (false, _) if is_unknown && self.step.kind != StepKind::Stop => Reached::WhereSeen,
            (false, true) => Reached::Yes,
            (false, false) => Reached::IfSteady,
        }
    }
}

impl Goal<'_> {
    /// The same where the platform makes the instances: by what it says of the whole, and by whether those that were seen
    /// are gone. One that is still being taken away is not.
    fn carried_out(&self, component: &Component) -> Reached {
        let instances = &component.instances;
        let is_old = |i: &Instance| self.gone.iter().any(|mark| id_of(mark) == id_of(&i.mark()));
        let any_left = instances.iter().any(|i| i.is_alive() && is_old(i));
        let running = instances.iter().filter(|i| i.runs()).count() as u32;
        let all = |count: u32| component.ready == count && running == count;
        let (on, settled) =
            component.workload.as_ref().map_or((true, true), |workload| (workload.on, workload.settled));
        let enough = match (self.step.kind, self.ready) {
            (_, Some(0)) => !on && !instances.iter().any(Instance::is_alive),
            (_, Some(count)) => on && settled && all(count),
            // Whether others come in their place is asked afterwards, where their number is kept.
            (StepKind::Remove, _) => true,
            (StepKind::Await, None) if !self.gone.is_empty() => true,
            (StepKind::Start | StepKind::Await, None) => on && settled,
            (_, None) => settled && all(component.desired),
        };
        match (any_left || !enough, instances.iter().all(|i| i.checked || !i.runs())) {
            (true, _) => Reached::No,
            (false, true) => Reached::Yes,
            (false, false) => Reached::IfSteady,
        }
    }
}

impl Goal<'_> {
    /// Whether an instance that was just told to start could not even begin: where the keeper has said so, nothing changes
    /// by waiting.
    fn is_hopeless(&self, component: &Component) -> bool {
        let never_began = |i: &Instance| {
            !i.runs() && i.last_exit.as_ref().is_some_and(|exit| matches!(exit.reason, ExitReason::NotStarted(_)))
        };
        let names = &self.step.instances;
        let mut wanted = component.instances.iter().filter(|i| names.is_empty() || names.contains(&i.name));
        self.ready != Some(0) && wanted.any(never_began)
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
                let left = step.within.saturating_sub(begun.elapsed());
                let pause = error.pause().unwrap_or(BETWEEN_LOOKS).min(left);
                tell(error.text(), &mut said, say);
                tokio::time::sleep(pause.max(BETWEEN_LOOKS)).await;
                continue;
            }
        };
        let component = match find(&components, &step.component) {
            // What was no more than its instances is gone with the last of them.
            Err(_) if goal.replaces && step.replicas.is_none() && !goal.gone.is_empty() => return Ok(()),
            found => found?,
        };
        tell(describe(component), &mut said, say);
        let reached = goal.reached(component);
        let is_own = platform.declared(&component.name).is_some();
        let mut is_steady =
            || steadiness.holds(component.marks()) || (is_own && steadiness.is_first() && has_lasted(component));
        if reached == Reached::Yes || (reached == Reached::IfSteady && is_steady()) {
            return Ok(());
        }
        let is_over = reached == Reached::WhereSeen && begun.elapsed() >= OUT_OF_REACH;
        if last || is_over || (is_own && goal.is_hopeless(component)) {
            return Err(not_reached(step, component, begun.elapsed()));
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Waits until no component has an instance that runs or comes back, but for those that the plan leaves running.
async fn quiet(
    platform: &dyn Platform,
    step: &StepRequest,
    say: &mut (dyn FnMut(Text) + Send),
) -> Result<(), PlatformError> {
    let begun = Instant::now();
    let mut said = None;
    loop {
        let components = platform.components(Detail::State).await?;
        let (left, wanted): (Vec<&Component>, Vec<&Component>) =
            components.iter().partition(|component| step.program.contains(&component.name));
        let names = |is_so: &dyn Fn(&Instance) -> bool| {
            let all = wanted.iter().flat_map(|component| &component.instances);
            all.filter(|i| is_so(i)).map(|i| i.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let alive = names(&Instance::is_alive);
        let unknown = names(&|instance| instance.state == InstanceState::Unknown);
        let (line, limit) = match (alive.is_empty(), unknown.is_empty()) {
            (true, true) => {
                tell_left(&left, say);
                return Ok(());
            }
            (false, _) => (Text::new(format!("still there: {alive}"), format!("todavía está: {alive}")), step.within),
            (true, false) => (
                Text::new(
                    format!("it is not known whether this runs: {unknown}"),
                    format!("no se sabe si esto está en marcha: {unknown}"),
                ),
                OUT_OF_REACH.min(step.within),
            ),
        };
        tell(line.clone(), &mut said, say);
        if begun.elapsed() >= limit {
            let hint = Some(Box::new(Text::same("sereno stop")));
            return Err(PlatformError::Refused { en: line.en, es: line.es, hint });
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Says what goes on, as the plan has said that it would.
fn tell_left(left: &[&Component], say: &mut (dyn FnMut(Text) + Send)) {
    let on: Vec<&str> = left.iter().filter(|c| c.is_on()).map(|c| c.name.as_str()).collect();
    if !on.is_empty() {
        let names = on.join(", ");
        say(Text::new(
            format!("NOT STOPPED, as the plan says: {names}"),
            format!("NO SE DETUVO, como dice el plan: {names}"),
        ));
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

/// Whether what runs has run long enough already, by the clock of this machine: it counts only where that is the machine
/// that started it.
fn has_lasted(component: &Component) -> bool {
    let now = Timestamp::now();
    let lasted = |at: Timestamp| now.duration_since(at).unsigned_abs() >= STEADY && at < now;
    component.instances.iter().filter(|i| i.runs()).all(|i| i.started_at.is_some_and(lasted))
}

impl Steadiness {
    /// Whether nobody has died since it is looked at.
    fn is_first(&self) -> bool {
        self.changes == 0
    }

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

fn not_reached(step: &StepRequest, component: &Component, after: Duration) -> PlatformError {
    let (seconds, line) = (after.min(step.within).as_secs(), describe(component));
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
    for note in &component.notes {
        en = format!("{en}; {}", note.en);
        es = format!("{es}; {}", note.es);
    }
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
