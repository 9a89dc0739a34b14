//! What is different where the platform makes and replaces the instances itself.

use super::plan::{Planned, Planner, not_running};
use super::step::{StepKind, StepRequest};
use sereno_engine::plan::OperationStep;
use sereno_model::{Risk, Text, Verb};
use sereno_platform::{Act, Component, Instance, InstanceState, PlatformError, Stuck, find};
use std::time::Duration;

/// How long such a platform may take to carry something out: as long as Kubernetes itself gives a rollout.
pub(super) const ROLL_OUT: Duration = Duration::from_mins(10);

impl Planner<'_> {
    /// The restart of the whole, where the platform replaces the instances itself.
    pub(super) fn roll_out(&self, component: &Component) -> Result<Planned, PlatformError> {
        let name = &component.name;
        self.platform.calls(&Act::Restart { instances: Vec::new() }, component)?;
        if component.instances.is_empty() || component.desired == 0 {
            return Err(not_running(component));
        }
        let step = StepRequest { marks: component.marks(), ..self.step(StepKind::Restart, name) };
        let count = component.marks().len();
        let text = Text::new(
            format!("restarts {name}: replaces {count}, one after the other"),
            format!("reinicia {name}: reemplaza {count}, de a poco"),
        );
        let steps = vec![
            self.change(&step, Verb::Restarts, Risk::Change, text),
            self.verify(name, component.desired, component.marks()),
        ];
        Ok((self.say(&format!("Restart {name}"), &format!("Reiniciar {name}")), steps, None))
    }

    /// Exactly the instances that are stuck now, each component a step of its own.
    pub(super) fn unstick(&self, name: Option<&str>) -> Result<Planned, PlatformError> {
        let wanted: Vec<&Component> = match name {
            Some(name) => vec![find(self.components, name)?],
            None => self.components.iter().collect(),
        };
        let mut steps = Vec::new();
        for component in &wanted {
            let stuck = component.workload.as_ref().map(|workload| workload.stuck.as_slice()).unwrap_or_default();
            if !stuck.is_empty() {
                steps.extend(self.take_away(component, stuck)?);
            }
        }
        if steps.is_empty() {
            // A platform that has no such thing says so in its own words.
            if let Some(first) = wanted.first() {
                self.platform.calls(&Act::Remove { instances: Vec::new() }, first)?;
            }
            return Err(nothing_stuck(&wanted));
        }
        Ok((self.say("Take away what is stuck", "Quitar lo atascado"), steps, None))
    }

    fn take_away(&self, component: &Component, stuck: &[Stuck]) -> Result<[OperationStep; 2], PlatformError> {
        let instances: Vec<String> = stuck.iter().map(|one| one.name.clone()).collect();
        self.platform.calls(&Act::Remove { instances: instances.clone() }, component)?;
        let is_stuck = |i: &&Instance| instances.contains(&i.name);
        let marks: Vec<String> = component.instances.iter().filter(is_stuck).map(Instance::mark).collect();
        let names = instances.join(", ");
        let mut text = Text::new(
            format!("takes away {names} without waiting for its end: it may go on where it is"),
            format!("quita {names} sin esperar a que termine: puede seguir donde está"),
        );
        let held: Vec<&str> = stuck.iter().flat_map(|one| &one.finalizers).map(String::as_str).collect();
        if !held.is_empty() {
            let held = held.join(", ");
            text = Text::new(
                format!("{}; and does not wait for {held}", text.en),
                format!("{}; y no espera a {held}", text.es),
            );
        }
        let name = &component.name;
        let step = |kind| StepRequest { marks: marks.clone(), ..self.step(kind, name) };
        let remove = StepRequest { instances, ..step(StepKind::Remove) };
        // Others come in their place where their number is kept.
        let counts = component.workload.as_ref().is_some_and(|workload| workload.kind.counts());
        let replaced = StepRequest { replicas: counts.then_some(component.desired), ..step(StepKind::Await) };
        let title = self.say(&format!("{names} is gone"), &format!("{names} ya no está"));
        Ok([self.change(&remove, Verb::Deletes, Risk::Destroy, text), Self::observe(&replaced, title)])
    }

    /// Starts as many as there were, where the platform makes the instances; nothing when somebody has started it already,
    /// and as many at least.
    pub(super) fn switch_on(&self, component: &Component, replicas: u32) -> Result<Vec<OperationStep>, PlatformError> {
        let name = &component.name;
        let workload = component.workload.as_ref();
        let is_counted = workload.is_none_or(|workload| workload.kind.counts());
        if workload.is_some_and(|workload| workload.on) && (!is_counted || component.desired >= replicas) {
            return Ok(Vec::new());
        }
        self.platform.calls(&Act::Start { instances: Vec::new(), replicas }, component)?;
        // Of what is not counted, only that it is on can be said.
        let counted = is_counted.then_some(replicas);
        let step = StepRequest { replicas: counted, ..self.step(StepKind::Start, name) };
        let count = counted.map(|count| format!(" ({count})")).unwrap_or_default();
        let text = Text::new(format!("starts {name}{count}"), format!("inicia {name}{count}"));
        let on = self.step(StepKind::Await, name);
        let verify = counted.map_or_else(
            || Self::observe(&on, self.say(&format!("{name} is on"), &format!("{name} está activo"))),
            |count| self.verify(name, count, Vec::new()),
        );
        Ok(vec![self.change(&step, Verb::Starts, Risk::Change, text), verify])
    }
}

/// What is there instead of something stuck.
fn nothing_stuck(components: &[&Component]) -> PlatformError {
    let leaving = |one: &&Instance| one.state == InstanceState::Terminating;
    let ending: Vec<&str> =
        components.iter().flat_map(|one| one.instances.iter().filter(leaving)).map(|i| i.name.as_str()).collect();
    let names = ending.join(", ");
    let (en, es) = if ending.is_empty() {
        ("nothing is being taken away".to_owned(), "no se está quitando nada".to_owned())
    } else {
        (format!("still ending, where it is: {names}"), format!("todavía termina, donde está: {names}"))
    };
    PlatformError::refused(format!("nothing is stuck; {en}"), format!("nada está atascado; {es}"))
}
