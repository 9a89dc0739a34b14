//! The plans that bring a declared system up and take it down. Pure.

use super::plan::{Planned, Planner, depths};
use super::request::Request;
use super::step::{StepKind, StepRequest};
use sereno_model::{Risk, Text, Verb};
use sereno_platform::{Act, Component, PlatformError, Standing, find};
use std::cmp::Reverse;
use std::collections::BTreeSet;

impl Planner<'_> {
    /// Starts what does not run, what is needed first; each waits until it is ready before the next is started.
    pub(super) fn up(&self, names: &[String]) -> Result<Planned, PlatformError> {
        self.must_be_ours("up")?;
        let mut wanted = self.named(names)?;
        self.add_needed(&mut wanted)?;
        let depths = depths(self.components);
        wanted.sort_by_key(|component| depths.get(component.name.as_str()));
        let mut steps = Vec::new();
        let mut is_due = false;
        let mut undo = Vec::new();
        for component in wanted {
            let name = &component.name;
            let Some(declared) = self.platform.declared(name) else {
                // Something of it runs although it is not declared any more: it is not for this to start.
                if names.contains(name) {
                    self.platform.calls(&Act::Start { instances: Vec::new(), replicas: 1 }, component)?;
                }
                continue;
            };
            let replicas = declared.max(component.desired);
            let is_ready = component.standing == Standing::Ok && component.ready >= replicas;
            if component.standing == Standing::Completed || replicas == 0 {
                continue;
            }
            if is_ready {
                steps.push(self.verify(name, replicas, Vec::new()));
                continue;
            }
            is_due = true;
            // What runs and is not ready is waited for: only what does not run is started.
            let start = Act::Start { instances: Vec::new(), replicas };
            if !self.platform.calls(&start, component)?.is_empty() {
                let step = StepRequest {
                    replicas: Some(replicas),
                    definition: self.seen.definition.clone(),
                    ..StepRequest::new(StepKind::Start, name, &self.target)
                };
                let text = Text::new(format!("starts {name} ({replicas})"), format!("inicia {name} ({replicas})"));
                steps.push(self.change(&step, Verb::Starts, Risk::Change, text));
                if component.ready == 0 {
                    undo.push(name.clone());
                }
            }
            steps.push(self.verify(name, replicas, Vec::new()));
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

    /// Ends what there is, what needs others first, and keeps nothing to resume.
    pub(super) fn down(&self, names: &[String]) -> Result<Planned, PlatformError> {
        self.must_be_ours("down")?;
        let depths = depths(self.components);
        let mut wanted = self.named(names)?;
        wanted.retain(|component| !component.instances.is_empty());
        wanted.sort_by_key(|component| Reverse(depths.get(component.name.as_str())));
        if wanted.is_empty() {
            return Err(PlatformError::refused("nothing of this is up", "nada de esto está en marcha"));
        }
        let mut steps = Vec::new();
        for component in &wanted {
            let name = &component.name;
            self.platform.calls(&Act::Scale { replicas: 0 }, component)?;
            let step = StepRequest {
                replicas: Some(0),
                marks: component.marks(),
                ..StepRequest::new(StepKind::Scale, name, &self.target)
            };
            let count = component.marks().len();
            let text =
                Text::new(format!("takes {name} down ({count} running)"), format!("quita {name} ({count} en marcha)"));
            steps.push(self.change(&step, Verb::Stops, Risk::Destroy, text));
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
        let components = wanted.iter().filter(|component| self.platform.declared(&component.name).is_some());
        let components: Vec<String> = components.map(|component| component.name.clone()).collect();
        Ok((title, steps, Some(Request::Up { components })))
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

    fn must_be_ours(&self, verb: &str) -> Result<(), PlatformError> {
        if self.components.iter().any(|component| self.platform.declared(&component.name).is_some()) {
            return Ok(());
        }
        let target = self.platform.target();
        let others = "sereno stop, sereno resume, sereno scale";
        let hint =
            if target.starts_with("compose:") { format!("docker-compose up -d; {others}") } else { others.to_owned() };
        Err(PlatformError::Refused {
            en: format!(
                "`{verb}` is for processes that Sereno itself runs, and {target} has its own way to make what runs"
            ),
            es: format!(
                "`{verb}` es para procesos que Sereno mismo ejecuta, y {target} tiene su propia manera de crear lo que corre"
            ),
            hint: Some(Box::new(Text::same(hint))),
        })
    }
}
