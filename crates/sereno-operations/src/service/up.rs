//! The plans that bring a declared system up and take it down. Pure.

use super::plan::{Planned, Planner, depths};
use super::request::Request;
use super::step::{StepKind, StepRequest};
use sereno_engine::plan::OperationStep;
use sereno_model::{Risk, Text, Verb};
use sereno_platform::{Act, Component, PlatformError, Standing, find};
use std::cmp::Reverse;
use std::collections::BTreeSet;

impl Planner<'_> {
    /// Starts what does not run, what is needed first; each waits until it is ready before the next is started.
    pub(super) fn up(&self, names: &[String]) -> Result<Planned, PlatformError> {
        self.can_bring("up")?;
        let mut wanted = self.named(names)?;
        self.add_needed(&mut wanted)?;
        let depths = depths(self.components);
        wanted.sort_by_key(|component| depths.get(component.name.as_str()));
        let mut steps = Vec::new();
        let mut is_due = false;
        let mut undo = Vec::new();
        for component in wanted {
            let brought = match (self.platform.declared(&component.name), &self.seen.makes) {
                (Some(declared), _) => self.run_up(component, declared)?,
                (None, Some(made)) => self.make_up(component, made, names)?,
                (None, None) if self.are_ours() => {
                    // Something of it runs although it is not declared any more: it is not for this to start.
                    if names.contains(&component.name) {
                        self.platform.calls(&Act::Start { instances: Vec::new(), replicas: 1 }, component)?;
                    }
                    continue;
                }
                (None, None) => self.start_up(component)?,
            };
            is_due |= brought.is_due;
            if brought.starts && component.ready == 0 {
                undo.push(component.name.clone());
            }
            steps.extend(brought.steps);
        }
        if !is_due {
            return Err(PlatformError::refused("everything of this is up already", "todo esto ya está en marcha"));
        }
        let title = match names {
            [] => self.say("Bring everything up", "Poner todo en marcha"),
            names => {
                self.say(&format!("Bring up {}", names.join(", ")), &format!("Poner en marcha {}", names.join(", ")))
            }
        };
        Ok((title, steps, (!undo.is_empty()).then_some(Request::Down { components: undo })))
    }

    /// One of Sereno's own, as many as are declared.
    fn run_up(&self, component: &Component, declared: u32) -> Result<Brought, PlatformError> {
        let name = &component.name;
        let replicas = declared.max(component.desired);
        if component.standing == Standing::Completed || replicas == 0 {
            return Ok(Brought::default());
        }
        let verify = self.verify(name, replicas, Vec::new());
        if is_up(component, replicas) {
            return Ok(Brought { steps: vec![verify], ..Brought::default() });
        }
        // What runs and is not ready is waited for: only what does not run is started.
        let start = Act::Start { instances: Vec::new(), replicas };
        if self.platform.calls(&start, component)?.is_empty() {
            return Ok(Brought { steps: vec![verify], is_due: true, starts: false });
        }
        let step = StepRequest { replicas: Some(replicas), ..StepRequest::new(StepKind::Start, name, &self.target) };
        Ok(Brought::started(vec![self.starting(step, replicas), verify]))
    }

    /// What the platform makes of its files: what has ended well is started again too, as it does it itself.
    fn make_up(&self, component: &Component, made: &[String], names: &[String]) -> Result<Brought, PlatformError> {
        let (name, replicas) = (&component.name, component.desired);
        if !made.contains(name) {
            return if names.contains(name) { Err(not_in_the_files(name)) } else { Ok(Brought::default()) };
        }
        if replicas == 0 {
            return Ok(Brought::default());
        }
        let verify = self.verify(name, replicas, Vec::new());
        if is_up(component, replicas) {
            return Ok(Brought { steps: vec![verify], ..Brought::default() });
        }
        let mut needed = vec![component];
        self.add_needed(&mut needed)?;
        let others: Vec<(String, u32)> =
            needed.iter().skip(1).map(|other| (other.name.clone(), other.desired)).collect();
        self.platform.calls(&Act::Make { replicas, others: others.clone() }, component)?;
        let step = StepRequest {
            replicas: Some(replicas),
            program: others.iter().map(|(name, count)| format!("{name}={count}")).collect(),
            ..StepRequest::new(StepKind::Make, name, &self.target)
        };
        Ok(Brought::started(vec![self.starting(step, replicas), verify]))
    }

    /// What is there and does not run.
    fn start_up(&self, component: &Component) -> Result<Brought, PlatformError> {
        let name = &component.name;
        if component.standing == Standing::Completed {
            return Ok(Brought::default());
        }
        let component = self.known(name)?;
        let replicas = component.instances.len() as u32;
        let stopped = component.instances.iter().filter(|instance| !instance.is_alive());
        let stopped: Vec<String> = stopped.map(|instance| instance.name.clone()).collect();
        let verify = self.verify(name, replicas, Vec::new());
        if stopped.is_empty() {
            let is_due = component.ready < replicas;
            return Ok(Brought { steps: vec![verify], is_due, starts: false });
        }
        let count = stopped.len() as u32;
        self.platform.calls(&Act::Start { instances: stopped.clone(), replicas }, component)?;
        let step = StepRequest {
            replicas: Some(count),
            instances: stopped,
            ..StepRequest::new(StepKind::Start, name, &self.target)
        };
        Ok(Brought::started(vec![self.starting(step, count), verify]))
    }

    fn starting(&self, step: StepRequest, count: u32) -> OperationStep {
        let step = StepRequest { definition: self.seen.definition.clone(), ..step };
        let name = &step.component;
        let text = Text::new(format!("starts {name} ({count})"), format!("inicia {name} ({count})"));
        self.change(&step, Verb::Starts, Risk::Change, text)
    }

    /// Ends what there is, what needs others first, and keeps nothing to resume.
    pub(super) fn down(&self, names: &[String]) -> Result<Planned, PlatformError> {
        self.can_bring("down")?;
        let depths = depths(self.components);
        let mut wanted = self.named(names)?;
        let ours = self.are_ours();
        wanted.retain(|component| if ours { !component.instances.is_empty() } else { component.is_on() });
        wanted.sort_by_key(|component| Reverse(depths.get(component.name.as_str())));
        if wanted.is_empty() {
            return Err(PlatformError::refused("nothing of this is up", "nada de esto está en marcha"));
        }
        let mut steps = Vec::new();
        for component in &wanted {
            steps.push(self.take_down(component, ours)?);
        }
        for component in &wanted {
            steps.push(self.verify(&component.name, 0, component.marks()));
        }
        if names.is_empty() {
            steps.push(self.quiet(&[]));
        }
        let title = match names {
            [] => self.say("Take everything down", "Quitar todo"),
            names => self.say(&format!("Take down {}", names.join(", ")), &format!("Quitar {}", names.join(", "))),
        };
        let comes_back = |name: &String| match (&self.seen.makes, ours) {
            (Some(made), _) => made.contains(name),
            (None, ours) => !ours || self.platform.declared(name).is_some(),
        };
        let components: Vec<String> = wanted.iter().map(|one| one.name.clone()).filter(comes_back).collect();
        Ok((title, steps, Some(Request::Up { components })))
    }

    /// What Sereno runs itself is gone with its end; of what others run, everything stays but the processes.
    fn take_down(&self, component: &Component, ours: bool) -> Result<OperationStep, PlatformError> {
        let (name, count) = (&component.name, component.marks().len());
        let (act, step, text) = if ours {
            (
                Act::Scale { replicas: 0 },
                StepRequest { replicas: Some(0), ..StepRequest::new(StepKind::Scale, name, &self.target) },
                Text::new(format!("takes {name} down ({count} running)"), format!("quita {name} ({count} en marcha)")),
            )
        } else {
            (
                Act::Stop,
                StepRequest::new(StepKind::Stop, name, &self.target),
                Text::new(
                    format!("stops {name} ({count} running); nothing of it is removed"),
                    format!("detiene {name} ({count} en marcha); no se borra nada"),
                ),
            )
        };
        self.platform.calls(&act, component)?;
        let step = StepRequest { marks: component.marks(), ..step };
        Ok(self.change(&step, Verb::Stops, Risk::Destroy, text))
    }

    fn named(&self, names: &[String]) -> Result<Vec<&Component>, PlatformError> {
        match names {
            [] => Ok(self.components.iter().collect()),
            names => names.iter().map(|name| find(self.components, name)).collect(),
        }
    }

    fn add_needed<'c>(&'c self, wanted: &mut Vec<&'c Component>) -> Result<(), PlatformError> {
        let mut seen: BTreeSet<&str> = wanted.iter().map(|component| component.name.as_str()).collect();
        let mut next = 0;
        while let Some(component) = wanted.get(next).copied() {
            next += 1;
            for name in &component.needs {
                if seen.insert(name) {
                    wanted.push(find(self.components, name)?);
                }
            }
        }
        Ok(())
    }

    /// Whether Sereno itself runs what there is.
    fn are_ours(&self) -> bool {
        self.components.iter().any(|component| self.platform.declared(&component.name).is_some())
    }

    fn can_bring(&self, verb: &str) -> Result<(), PlatformError> {
        if !self.platform.replaces() {
            return Ok(());
        }
        let target = self.platform.target();
        Err(PlatformError::Refused {
            en: format!("`{verb}` makes no workloads of manifests, and {target} starts by itself what it has"),
            es: format!("`{verb}` no crea cargas a partir de manifiestos, y {target} inicia solo lo que tiene"),
            hint: Some(Box::new(Text::same("kubectl apply -f …; sereno stop, sereno resume, sereno scale"))),
        })
    }
}

/// The steps that bring one component up.
#[derive(Default)]
struct Brought {
    steps: Vec<OperationStep>,
    /// It is not as it should be.
    is_due: bool,
    /// Something of it is started.
    starts: bool,
}

impl Brought {
    fn started(steps: Vec<OperationStep>) -> Self {
        Self { steps, is_due: true, starts: true }
    }
}

fn is_up(component: &Component, replicas: u32) -> bool {
    component.standing == Standing::Ok && component.ready >= replicas
}

fn not_in_the_files(name: &str) -> PlatformError {
    PlatformError::refused(
        format!("`{name}` is in none of the files any more: it is not started"),
        format!("`{name}` ya no está en ningún archivo: no se inicia"),
    )
}
