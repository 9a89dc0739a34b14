//! From a request and what the platform shows to a plan. Pure.

use super::page::{Page, PageSeen, Turn};
use super::request::{Kept, Request};
use super::reveal::{Wanted, variables};
use super::rolling::ROLL_OUT;
use super::step::{StepKind, StepRequest};
use sereno_effects::Knowledge;
use sereno_engine::plan::{OperationRef, OperationSpec, OperationStep};
use sereno_model::{Effect, Lang, Risk, Text, Verb};
use sereno_platform::{Act, Component, Detail, Instance, InstanceState, Platform, PlatformError, Program, find};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What a plan is made of.
#[derive(Debug, Clone)]
pub struct Seen {
    pub components: Vec<Component>,
    /// See [`Platform::place`].
    pub place: String,
    /// See [`Platform::definition`]; needed only by requests that make instances.
    pub definition: Option<String>,
    /// See [`Platform::makes`]; needed only by what brings up and takes down.
    pub makes: Option<Vec<String>>,
    /// The maintenance page, where there is one and the request has to do with it.
    pub page: Option<PageSeen>,
    /// The names of the variables that could be revealed.
    pub names: Option<Vec<String>>,
}

impl Seen {
    /// Looks at all that the plan of a request needs.
    pub async fn look(platform: &dyn Platform, request: &Request) -> Result<Self, PlatformError> {
        let definition = match request {
            Request::Scale { .. } | Request::Up { .. } => platform.definition().await?,
            // What Sereno itself runs is started as it is declared now.
            Request::Restart { component } if platform.declared(component).is_some() => platform.definition().await?,
            Request::Resume { kept, .. } if kept.iter().any(|one| platform.declared(&one.component).is_some()) => {
                platform.definition().await?
            }
            _ => None,
        };
        let makes = match request {
            Request::Up { .. } | Request::Down { .. } => platform.makes().await?,
            _ => None,
        };
        let names = match request {
            Request::Reveal { of, .. } => {
                Some(variables(platform, of).await?.into_iter().map(|variable| variable.name).collect())
            }
            _ => None,
        };
        let (components, place) = (platform.components(Detail::State).await?, platform.place().await?);
        let page = match request {
            Request::Maintenance { turn } => Some(PageSeen::look(turn.clone(), platform, &components).await?),
            // What is wrong with a page keeps no service from being put back: its step comes last, and says it.
            Request::Resume { page: Some(turn), .. } => {
                let looked = PageSeen::look(turn.clone(), platform, &components).await;
                Some(looked.unwrap_or_else(|_| PageSeen::still_due(turn.clone())))
            }
            _ => None,
        };
        Ok(Self { components, place, definition, makes, page, names })
    }

    /// What is there and where, and nothing else.
    pub fn of(components: Vec<Component>, place: String, definition: Option<String>) -> Self {
        Self { components, place, definition, makes: None, page: None, names: None }
    }

    /// Adds the page that an emergency stop shows.
    pub async fn add_page(&mut self, page: &Page, platform: &dyn Platform) -> Result<(), PlatformError> {
        let turn = page.turn_on(platform).await?;
        self.page = Some(PageSeen::look(turn, platform, &self.components).await?);
        Ok(())
    }
}

/// The plan of a request, or why it cannot be.
pub fn plan(
    request: &Request,
    seen: &Seen,
    platform: &dyn Platform,
    lang: Lang,
) -> Result<OperationSpec, PlatformError> {
    plan_knowing(request, seen, platform, lang, Knowledge::builtin())
}

/// The same, with what the team's own commands do.
pub fn plan_knowing(
    request: &Request,
    seen: &Seen,
    platform: &dyn Platform,
    lang: Lang,
    knowledge: &Knowledge,
) -> Result<OperationSpec, PlatformError> {
    let target = seen.place.clone();
    let planner = Planner { components: &seen.components, platform, seen, target, lang, knowledge };
    let (title, steps, undo) = match request {
        Request::Restart { component } => planner.restart(component)?,
        Request::Scale { component, replicas } => planner.scale(component, *replicas)?,
        Request::Limit { component, cpu_millis, memory } => planner.limit(component, *cpu_millis, *memory)?,
        Request::Stop { components } => planner.stop(components)?,
        Request::Unstick { component } => planner.unstick(component.as_deref())?,
        Request::Resume { kept, .. } => planner.resume(kept)?,
        Request::Maintenance { turn } => planner.maintenance(turn)?,
        Request::Reveal { of, names, minutes, reason } => {
            planner.reveal(&Wanted { of, names, minutes: *minutes, reason })?
        }
        Request::Up { components } => planner.up(components)?,
        Request::Down { components } => planner.down(components)?,
        Request::Exec { component, instance, argv, terminal } => {
            let program = Program { argv: argv.clone(), terminal: *terminal };
            planner.exec(component, instance.as_deref(), program)?
        }
    };
    let data = |request: &Request| serde_json::json!(request);
    Ok(OperationSpec {
        operation: OperationRef {
            name: request.name().to_owned(),
            target: planner.target,
            request: data(request),
            undo: undo.as_ref().map(data),
            answers: matches!(request, Request::Exec { .. }),
        },
        title,
        steps,
    })
}

/// Title, steps, and what takes it back.
pub(super) type Planned = (String, Vec<OperationStep>, Option<Request>);

pub(super) struct Planner<'a> {
    pub(super) components: &'a [Component],
    pub(super) platform: &'a dyn Platform,
    pub(super) seen: &'a Seen,
    pub(super) target: String,
    pub(super) lang: Lang,
    pub(super) knowledge: &'a Knowledge,
}

impl Planner<'_> {
    /// The component of a name, of which all is known: what a platform replaces itself, or a keeper of Sereno's own puts
    /// right, need not be.
    pub(super) fn known(&self, name: &str) -> Result<&Component, PlatformError> {
        let component = find(self.components, name)?;
        let mends_itself = self.platform.replaces() || self.platform.declared(name).is_some();
        let is_unclear = !mends_itself && unknown_of(component).is_some();
        if is_unclear { Err(not_known(component)) } else { Ok(component) }
    }

    /// How many there are of those that there should be: an act on what is there is not judged by what is missing. A platform
    /// that makes them itself is told how many there should be.
    fn there(&self, component: &Component) -> u32 {
        if self.platform.replaces() {
            component.desired
        } else {
            component.desired.min(component.instances.len() as u32)
        }
    }

    fn restart(&self, name: &str) -> Result<Planned, PlatformError> {
        let component = self.known(name)?;
        if self.platform.replaces() {
            return self.roll_out(component);
        }
        if component.instances.is_empty() || component.desired == 0 {
            return Err(not_running(component));
        }
        let mut steps = Vec::new();
        for instance in &component.instances {
            let instances = vec![instance.name.clone()];
            self.platform.calls(&Act::Restart { instances: instances.clone() }, component)?;
            let step = StepRequest {
                instances,
                marks: vec![instance.mark()],
                definition: self.seen.definition.clone(),
                ..self.step(StepKind::Restart, name)
            };
            let text = Text::new(
                format!("restarts {name} ({})", instance.name),
                format!("reinicia {name} ({})", instance.name),
            );
            steps.push(self.change(&step, Verb::Restarts, Risk::Change, text));
        }
        let seen = component.instances.iter().map(Instance::mark).collect();
        steps.push(self.verify(name, self.there(component), seen));
        let title = self.say(&format!("Restart {name}"), &format!("Reiniciar {name}"));
        Ok((title, steps, None))
    }

    fn scale(&self, name: &str, replicas: u32) -> Result<Planned, PlatformError> {
        let component = self.known(name)?;
        self.platform.calls(&Act::Scale { replicas }, component)?;
        let before = self.there(component);
        if before == replicas {
            return Err(PlatformError::refused(
                format!("`{name}` has {replicas} already"),
                format!("`{name}` ya tiene {replicas}"),
            ));
        }
        let step = StepRequest {
            replicas: Some(replicas),
            marks: component.marks(),
            definition: self.seen.definition.clone(),
            ..self.step(StepKind::Scale, name)
        };
        let risk = if replicas == 0 { Risk::Destroy } else { Risk::Change };
        let text = Text::new(
            format!("scales {name} from {before} to {replicas}"),
            format!("escala {name} de {before} a {replicas}"),
        );
        let steps = vec![self.change(&step, Verb::Scales, risk, text), self.verify(name, replicas, Vec::new())];
        let title = self.say(&format!("Scale {name} to {replicas}"), &format!("Escalar {name} a {replicas}"));
        Ok((title, steps, Some(Request::Scale { component: name.to_owned(), replicas: before })))
    }

    fn limit(&self, name: &str, cpu_millis: Option<u64>, memory: Option<u64>) -> Result<Planned, PlatformError> {
        let component = self.known(name)?;
        self.platform.calls(&Act::Limit { cpu_millis, memory }, component)?;
        let replaces = self.platform.replaces();
        let before = component.instances.first().map(|instance| instance.limits).unwrap_or_default();
        let has_it =
            (cpu_millis.is_none() || cpu_millis == before.cpu_millis) && (memory.is_none() || memory == before.memory);
        // Nothing would be replaced, and so nothing show that it was done.
        if replaces && has_it {
            return Err(PlatformError::refused(
                format!("`{name}` has these limits already"),
                format!("`{name}` ya tiene esos límites"),
            ));
        }
        let mut step = StepRequest { cpu_millis, memory, ..self.step(StepKind::Limit, name) };
        if replaces {
            step.marks = component.marks();
        }
        let words = [
            cpu_millis.map(|millis| format!("{millis} m CPU")),
            memory.map(|bytes| format!("{} MiB", bytes / (1024 * 1024))),
        ];
        let words = words.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let mut text = Text::new(format!("limits {name} to {words}"), format!("limita {name} a {words}"));
        if replaces {
            text = Text::new(
                format!("{}: its instances are replaced", text.en),
                format!("{}: se reemplazan sus instancias", text.es),
            );
        }
        let steps = vec![
            self.change(&step, Verb::Updates, Risk::Change, text),
            self.verify(name, self.there(component), step.marks.clone()),
        ];
        // What had no limit cannot be given none again: the platforms take a number only.
        let known =
            (cpu_millis.is_none() || before.cpu_millis.is_some()) && (memory.is_none() || before.memory.is_some());
        let undo = known.then(|| Request::Limit {
            component: name.to_owned(),
            cpu_millis: cpu_millis.and(before.cpu_millis),
            memory: memory.and(before.memory),
        });
        Ok((self.say(&format!("Limit {name}"), &format!("Limitar {name}")), steps, undo))
    }

    fn stop(&self, names: &[String]) -> Result<Planned, PlatformError> {
        let wanted: Vec<&Component> = match names {
            [] => self.components.iter().collect(),
            names => names.iter().map(|name| find(self.components, name)).collect::<Result<_, _>>()?,
        };
        // What cannot be asked is not called stopped: its verification fails.
        let unseen: Vec<&Component> = wanted.iter().copied().filter(|c| c.instances.iter().any(is_unknown)).collect();
        let mut running: Vec<&Component> = wanted.into_iter().filter(|component| component.is_on()).collect();
        let page = self.seen.page.as_ref().filter(|_| names.is_empty());
        // What cannot be stopped keeps nobody from stopping the rest; it is said.
        let mut left: Vec<(String, Text)> = Vec::new();
        if names.is_empty() {
            running.retain(|component| match self.platform.calls(&Act::Stop, component) {
                _ if page.is_some_and(|page| page.component == component.name) => false,
                Err(refused @ PlatformError::Refused { .. }) => {
                    left.push((component.name.clone(), refused.text()));
                    false
                }
                _ => true,
            });
        }
        let depths = depths(self.components);
        running.sort_by_key(|component| Reverse(depths.get(component.name.as_str())));
        if running.is_empty() {
            return Err(match (unseen.first(), left.pop()) {
                (Some(component), _) => not_known(component),
                (None, Some((_, why))) => PlatformError::refused(why.en, why.es),
                (None, None) => PlatformError::refused("nothing of this runs", "nada de esto está en marcha"),
            });
        }
        let mut steps = Vec::new();
        let turn = page.and_then(|page| page.turn.as_ref());
        for component in &running {
            let name = &component.name;
            self.platform.calls(&Act::Stop, component)?;
            let step = StepRequest { marks: component.marks(), ..self.step(StepKind::Stop, name) };
            let count = component.marks().len();
            let (mut en, mut es) =
                (format!("stops {name} ({count} running)"), format!("detiene {name} ({count} en marcha)"));
            if let Some(names) = unknown_of(component) {
                en = format!("{en}, but not {names}, which cannot be asked");
                es = format!("{es}, pero no {names}, a quien no se puede preguntar");
            }
            let text = Text::new(en, es);
            steps.push(self.change(&step, Verb::Stops, Risk::Destroy, text));
        }
        // After what ends the emergency: a page that cannot be shown keeps nothing running.
        steps.extend(turn.map(|turn| self.turned(turn)));
        for component in &running {
            steps.push(self.verify(&component.name, 0, component.marks()));
        }
        let only_unseen = unseen.into_iter().filter(|c| !running.iter().any(|r| r.name == c.name));
        steps.extend(only_unseen.map(|component| self.verify(&component.name, 0, Vec::new())));
        if names.is_empty() {
            steps.push(self.quiet(&left));
        }
        steps.extend(turn.and_then(|turn| self.looked_at(turn)));
        let kept = running.iter().map(|component| self.kept(component)).collect();
        let title = match names {
            [] => self.title_of_stop(&left),
            names => self.say(&format!("Stop {}", names.join(", ")), &format!("Detener {}", names.join(", "))),
        };
        let page = turn.map(Turn::back);
        Ok((title, steps, Some(Request::Resume { kept, page })))
    }

    /// What whoever approves reads first: what people will see meanwhile, and what will go on.
    fn title_of_stop(&self, left: &[(String, Text)]) -> String {
        let mut title = if self.seen.page.is_some() {
            self.say(
                "Emergency stop, with the maintenance page",
                "Parada de emergencia, con la página de mantenimiento",
            )
        } else {
            self.say("Emergency stop, without a maintenance page", "Parada de emergencia, sin página de mantenimiento")
        };
        if !left.is_empty() {
            let names = left.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            title = self.say(&format!("{title}; NOT STOPPED: {names}"), &format!("{title}; NO SE DETIENE: {names}"));
        }
        title
    }

    fn kept(&self, component: &Component) -> Kept {
        let component_name = component.name.clone();
        if self.platform.replaces() {
            return Kept { component: component_name, replicas: component.desired, instances: Vec::new() };
        }
        Kept {
            component: component_name,
            replicas: component.marks().len() as u32,
            instances: component.instances.iter().filter(|i| i.is_alive()).map(|i| i.name.clone()).collect(),
        }
    }

    fn resume(&self, kept: &[Kept]) -> Result<Planned, PlatformError> {
        let mut steps = Vec::new();
        let mut is_due = false;
        // In the opposite order of the stop.
        for Kept { component: name, replicas, instances } in kept.iter().rev() {
            let component = find(self.components, name)?;
            if self.platform.replaces() {
                let start = self.switch_on(component, *replicas)?;
                is_due |= !start.is_empty();
                steps.extend(start);
                continue;
            }
            let there = |wanted: &String| component.instances.iter().find(|instance| instance.name == *wanted);
            if instances.iter().any(|wanted| there(wanted).is_some_and(is_unknown)) {
                return Err(not_known(component));
            }
            if let Some(gone) = instances.iter().find(|wanted| there(wanted).is_none()) {
                return Err(PlatformError::Refused {
                    en: format!("`{name}` cannot be put back as it was: {gone} was removed since the stop"),
                    es: format!(
                        "`{name}` no se puede volver a poner como estaba: {gone} se quitó después de la parada"
                    ),
                    hint: Some(Box::new(Text::same(format!("sereno scale {name} {replicas}")))),
                });
            }
            let stopped: Vec<String> =
                instances.iter().filter(|wanted| there(wanted).is_some_and(|i| !i.is_alive())).cloned().collect();
            if !stopped.is_empty() {
                is_due = true;
                let act = Act::Start { instances: stopped.clone(), replicas: *replicas };
                self.platform.calls(&act, component)?;
                let count = stopped.len();
                let step = StepRequest {
                    replicas: Some(count as u32),
                    instances: stopped,
                    definition: self.seen.definition.clone(),
                    ..self.step(StepKind::Start, name)
                };
                let text = Text::new(format!("starts {name} ({count})"), format!("inicia {name} ({count})"));
                steps.push(self.change(&step, Verb::Starts, Risk::Change, text));
            }
            // What was not asked to stop is not waited for either.
            let only = if unknown_of(component).is_some() { instances.clone() } else { Vec::new() };
            steps.push(self.verify_only(only, name, *replicas, Vec::new()));
        }
        // People are let in again when there is something to let them in to.
        if let Some(turn) = self.seen.page.as_ref().and_then(|page| page.turn.as_ref()) {
            is_due = true;
            steps.push(self.turned(turn));
            steps.extend(self.looked_at(turn));
        }
        if !is_due {
            return Err(PlatformError::refused(
                "everything that was stopped runs again already",
                "todo lo que se detuvo ya está en marcha",
            ));
        }
        Ok((self.say("Resume", "Reanudar"), steps, None))
    }

    /// Waits until nothing of the whole system runs: not what started since the plan was made either. What goes on by plan is
    /// not waited for.
    pub(super) fn quiet(&self, left: &[(String, Text)]) -> OperationStep {
        let page = self.seen.page.as_ref().map(|page| page.component.clone());
        let names = left.iter().map(|(name, _)| name.clone());
        let step =
            StepRequest { program: page.iter().cloned().chain(names).collect(), ..self.step(StepKind::Quiet, "*") };
        let text = Text::new("looks at everything", "mira todo");
        let mut title = Text::new("nothing runs any more", "ya nada está en marcha");
        if !step.program.is_empty() {
            title = Text::new("nothing else runs any more", "ya nada más está en marcha");
        }
        if let Some(page) = page {
            title = Text::new(
                format!("{}; {page} goes on, for the maintenance page", title.en),
                format!("{}; {page} sigue, por la página de mantenimiento", title.es),
            );
        }
        // Nobody shall believe that this is stopped too.
        for (_, Text { en, es }) in left {
            title = Text::new(format!("{}; NOT STOPPED: {en}", title.en), format!("{}; NO SE DETIENE: {es}", title.es));
        }
        let effect = Effect { verb: Verb::Reads, target: "*".to_owned(), component: None, risk: Risk::Observe, text };
        let title = title.get(self.lang).to_owned();
        OperationStep { title, argv: step.argv(), effects: vec![effect], verifies: true, terminal: false }
    }

    /// A step with the time that the platform may need for it.
    pub(super) fn step(&self, kind: StepKind, component: &str) -> StepRequest {
        let step = StepRequest::new(kind, component, &self.target);
        if self.platform.replaces() { StepRequest { within: ROLL_OUT, ..step } } else { step }
    }

    pub(super) fn change(&self, step: &StepRequest, verb: Verb, risk: Risk, text: Text) -> OperationStep {
        let component = step.component.clone();
        let effect = Effect { verb, target: component.clone(), component: Some(component), risk, text };
        let mut title = effect.text.get(self.lang).to_owned();
        title.get_mut(..1).map(str::make_ascii_uppercase);
        OperationStep { title, argv: step.argv(), effects: vec![effect], verifies: false, terminal: false }
    }

    /// Waits until as many are ready as there should be, and none of the processes that were seen is left.
    pub(super) fn verify(&self, name: &str, replicas: u32, seen: Vec<String>) -> OperationStep {
        self.verify_only(Vec::new(), name, replicas, seen)
    }

    /// The same of these instances; of all when none is named.
    fn verify_only(&self, only: Vec<String>, name: &str, replicas: u32, seen: Vec<String>) -> OperationStep {
        let step =
            StepRequest { instances: only, replicas: Some(replicas), marks: seen, ..self.step(StepKind::Await, name) };
        let title = match (replicas, step.marks.is_empty()) {
            (0, _) => self.say(&format!("{name} has stopped"), &format!("{name} se detuvo")),
            (n, true) => self.say(&format!("{name} is ready: {n}"), &format!("{name} está listo: {n}")),
            (n, false) => self.say(
                &format!("{name} was replaced and is ready: {n}"),
                &format!("{name} fue reemplazado y está listo: {n}"),
            ),
        };
        Self::observe(&step, title)
    }

    /// A step that looks whether it is so.
    pub(super) fn observe(step: &StepRequest, title: String) -> OperationStep {
        let name = &step.component;
        let text = Text::new(format!("looks at {name}"), format!("mira {name}"));
        let effect = Effect { verb: Verb::Reads, target: name.clone(), component: None, risk: Risk::Observe, text };
        OperationStep { title, argv: step.argv(), effects: vec![effect], verifies: true, terminal: false }
    }

    pub(super) fn say(&self, en: &str, es: &str) -> String {
        if self.lang == Lang::Es { es.to_owned() } else { en.to_owned() }
    }
}

/// How many others have to run before each, one behind the other. In a circle, which no platform starts, the count ends
/// with the number of components.
pub(super) fn depths(all: &[Component]) -> BTreeMap<&str, usize> {
    let mut depths: BTreeMap<&str, usize> = all.iter().map(|component| (component.name.as_str(), 0)).collect();
    for _ in all {
        for component in all {
            let below = component.needs.iter().filter_map(|name| depths.get(name.as_str())).max();
            if let Some(depth) = below.map(|below| (below + 1).min(all.len())) {
                depths.insert(&component.name, depth);
            }
        }
    }
    depths
}

fn is_unknown(instance: &Instance) -> bool {
    instance.state == InstanceState::Unknown
}

/// The instances of which nobody can tell, by name.
fn unknown_of(component: &Component) -> Option<String> {
    let names: Vec<&str> = component.instances.iter().filter(|i| is_unknown(i)).map(|i| i.name.as_str()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn not_known(component: &Component) -> PlatformError {
    let names = unknown_of(component).unwrap_or_else(|| component.name.clone());
    let why = component.instances.iter().find(|i| is_unknown(i)).and_then(|instance| instance.why.clone());
    let why = why.unwrap_or_else(|| Text::same("?"));
    PlatformError::Refused {
        en: format!("nobody can tell how {names} is, so it is left alone: {}", why.en),
        es: format!("no se sabe cómo está {names}, así que no se toca: {}", why.es),
        hint: Some(Box::new(Text::new(
            "mend that first; or leave it out of [platform] in sereno.toml, to operate the rest",
            "arregle eso primero; o quítelo de [platform] en sereno.toml, para operar el resto",
        ))),
    }
}

pub(super) fn not_running(component: &Component) -> PlatformError {
    let name = &component.name;
    PlatformError::Refused {
        en: format!("`{name}` does not run: there is nothing to restart"),
        es: format!("`{name}` no está en marcha: no hay nada que reiniciar"),
        hint: Some(Box::new(Text::same("sereno resume, sereno scale"))),
    }
}
