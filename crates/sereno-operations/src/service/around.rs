//! What is put around a step whose commands are operations: a look before, a proof after, or Sereno's own in its place.

use super::plan::{Seen, plan_knowing};
use super::recognise::{Does, Known, Place, Target, recognise};
use super::request::Request;
use super::rolling::ROLL_OUT;
use super::step::{StepKind, StepRequest};
use sereno_effects::Knowledge;
use sereno_engine::plan::{Around, OperationStep, StepCommands};
use sereno_model::{Effect, Lang, Risk, Text, Verb};
use sereno_platform::{Instance, Platform, Workload};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Puts proofs around the steps of one procedure.
pub struct Prover<'a> {
    pub place: &'a Place,
    pub seen: &'a Seen,
    pub platform: &'a dyn Platform,
    pub lang: Lang,
    /// Sereno's own operation runs in place of a command that is the whole of its step.
    pub native: bool,
    /// Components that an earlier step changes: what was seen of them is not what will be there.
    pub changed: RefCell<BTreeSet<String>>,
}

impl Prover<'_> {
    /// What belongs around a step; `None` where nothing of it is an operation on a component that the platform shows.
    pub fn around(&self, step: &StepCommands) -> Option<Around> {
        let known = recognise(step, self.place);
        let found: Vec<(Known, String, Vec<String>)> =
            known.into_iter().filter_map(|known| self.component(&known).map(|(c, i)| (known, c, i))).collect();
        let instead = match found.as_slice() {
            [(known, component, instances)]
                if self.native && step.is_whole && known.is_plain && instances.is_empty() =>
            {
                self.instead(&known.does, component)
            }
            _ => None,
        };
        self.changed.borrow_mut().extend(step.touched.iter().cloned());
        if found.is_empty() {
            return None;
        }
        let mut around = Around { known_as: Vec::new(), before: Vec::new(), after: Vec::new(), instead };
        for (Known { does, .. }, component, instances) in found {
            around.known_as.push(match does {
                Does::Restart => format!("restart {component}"),
                Does::Stop => format!("stop {component}"),
                Does::Scale(count) => format!("scale {component} {count}"),
            });
            if does == Does::Restart {
                around.before.push(self.look(&component, &instances));
            }
            around.after.push(self.proof(&does, &component, &instances));
            self.changed.borrow_mut().insert(component);
        }
        Some(around)
    }

    /// The component, and the one instance that the command names.
    fn component(&self, known: &Known) -> Option<(String, Vec<String>)> {
        let components = &self.seen.components;
        match &known.target {
            Target::Component(name) => {
                components.iter().find(|c| c.name == *name).map(|c| (c.name.clone(), Vec::new()))
            }
            Target::Object { kind, name } => {
                let is_it = |workload: &Workload| workload.kind == *kind && workload.name == *name;
                let found = components.iter().find(|c| c.workload.as_ref().is_some_and(is_it));
                found.map(|c| (c.name.clone(), Vec::new()))
            }
            Target::Instance(name) => {
                let has = |instances: &[Instance]| instances.iter().any(|instance| instance.name == *name);
                components.iter().find(|c| has(&c.instances)).map(|c| (c.name.clone(), vec![name.clone()]))
            }
        }
    }

    /// Sereno's own steps, where the plan can be sure of what they will find.
    fn instead(&self, does: &Does, component: &str) -> Option<Vec<OperationStep>> {
        if self.changed.borrow().contains(component) {
            return None;
        }
        let component = component.to_owned();
        let request = match does {
            Does::Restart => Request::Restart { component },
            Does::Stop => Request::Stop { components: vec![component] },
            Does::Scale(replicas) => Request::Scale { component, replicas: *replicas },
        };
        let planned = plan_knowing(&request, self.seen, self.platform, self.lang, Knowledge::builtin());
        planned.ok().map(|spec| spec.steps)
    }

    fn look(&self, component: &str, instances: &[String]) -> OperationStep {
        let step = StepRequest { instances: instances.to_vec(), ..self.step(StepKind::Look, component) };
        self.observing(&step, &format!("{component} as it is now"), &format!("{component} como está ahora"), false)
    }

    fn proof(&self, does: &Does, component: &str, instances: &[String]) -> OperationStep {
        let step = StepRequest { instances: instances.to_vec(), ..self.step(StepKind::Await, component) };
        let (step, en, es) = match does {
            Does::Restart => (
                StepRequest { looked: true, ..step },
                format!("{component} was replaced and is ready"),
                format!("{component} fue reemplazado y está listo"),
            ),
            Does::Stop | Does::Scale(0) => (
                StepRequest { replicas: Some(0), ..step },
                format!("{component} has stopped"),
                format!("{component} se detuvo"),
            ),
            Does::Scale(count) => (
                StepRequest { replicas: Some(*count), ..step },
                format!("{component} is ready: {count}"),
                format!("{component} está listo: {count}"),
            ),
        };
        self.observing(&step, &en, &es, true)
    }

    fn step(&self, kind: StepKind, component: &str) -> StepRequest {
        let step = StepRequest::new(kind, component, &self.seen.place);
        if self.platform.replaces() { StepRequest { within: ROLL_OUT, ..step } } else { step }
    }

    fn observing(&self, step: &StepRequest, en: &str, es: &str, verifies: bool) -> OperationStep {
        let name = &step.component;
        let text = Text::new(format!("looks at {name}"), format!("mira {name}"));
        let effect = Effect { verb: Verb::Reads, target: name.clone(), component: None, risk: Risk::Observe, text };
        let title = if self.lang == Lang::Es { es } else { en }.to_owned();
        OperationStep { title, argv: step.argv(), effects: vec![effect], verifies, terminal: false }
    }
}
