//! The maintenance page: shown before everything is stopped, and taken away once everything runs again.

use super::plan::{Planned, Planner};
use super::request::Request;
use super::step::{StepKind, StepRequest};
use serde::{Deserialize, Serialize};
use sereno_engine::plan::OperationStep;
use sereno_model::{Digest, Effect, Risk, Text, Verb};
use sereno_platform::page::status_of;
use sereno_platform::{Component, Detail, Instance, Platform, PlatformError, Routes, find};
use std::time::{Duration, Instant};

/// The status of a page of maintenance.
const UNAVAILABLE: u16 = 503;

/// How long looking for the file, making it or taking it away may take: an edge that hangs holds up no emergency.
const AT_THE_EDGE: Duration = Duration::from_secs(10);

/// How long it may take until it is seen from outside.
const SEEN: Duration = Duration::from_secs(30);

const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// What the settings say of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What shows it, and so goes on when everything else is stopped.
    pub component: String,
    pub by: PageBy,
    /// Where it can be seen from outside.
    pub url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageBy {
    /// A file that the component looks for.
    File { path: String },
    /// An ingress that sends everything to a service.
    Ingress { name: String, service: String, port: String },
}

/// The page turned on or off, as it is kept with a run: it can be turned back exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    pub on: bool,
    pub component: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    pub by: TurnBy,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum TurnBy {
    File { path: String },
    Ingress { name: String, routes: Box<Rerouted> },
}

/// Where an ingress sends before and after a turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rerouted {
    from: Routes,
    to: Routes,
    /// Of both: what the journal has hidden a part of is not put back.
    sum: String,
}

impl Page {
    /// What turns it on, as the place is now.
    pub async fn turn_on(&self, platform: &dyn Platform) -> Result<Turn, PlatformError> {
        let by = match &self.by {
            PageBy::File { path } => TurnBy::File { path: path.clone() },
            PageBy::Ingress { name, service, port } => {
                let (from, _) = platform.routes(name).await?;
                let to = from.all_to(service, port).ok_or_else(|| {
                    PlatformError::refused(
                        format!("the ingress `{name}` names no backend"),
                        format!("el ingress `{name}` no nombra ningún backend"),
                    )
                })?;
                let sum = sum(&from, &to);
                TurnBy::Ingress { name: name.clone(), routes: Box::new(Rerouted { from, to, sum }) }
            }
        };
        Ok(Turn { on: true, component: self.component.clone(), url: self.url.clone(), by })
    }

    /// Whether this is what a turn has turned.
    pub fn is_of(&self, turn: &Turn) -> bool {
        match (&self.by, &turn.by) {
            (PageBy::File { path }, TurnBy::File { path: other }) => path == other && self.component == turn.component,
            (PageBy::Ingress { name, .. }, TurnBy::Ingress { name: other, .. }) => name == other,
            _ => false,
        }
    }
}

impl Turn {
    /// What takes it back.
    #[must_use]
    pub fn back(&self) -> Self {
        let by = match &self.by {
            file @ TurnBy::File { .. } => file.clone(),
            TurnBy::Ingress { name, routes } => {
                let Rerouted { from, to, sum } = (**routes).clone();
                TurnBy::Ingress { name: name.clone(), routes: Box::new(Rerouted { from: to, to: from, sum }) }
            }
        };
        Self { on: !self.on, by, ..self.clone() }
    }

    /// Whether it is so already.
    async fn is_done(&self, platform: &dyn Platform, components: &[Component]) -> Result<bool, PlatformError> {
        match &self.by {
            TurnBy::File { path } => {
                let component = find(components, &self.component)?;
                for instance in component.instances.iter().filter(|instance| instance.runs()) {
                    if has_file(platform, component, instance, path).await? != self.on {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            TurnBy::Ingress { name, routes } => {
                let Rerouted { from, to, sum: kept } = &**routes;
                let (first, second) = if self.on { (from, to) } else { (to, from) };
                if sum(first, second) != *kept {
                    return Err(PlatformError::Refused {
                        en: format!("what the ingress `{name}` was is kept with a part hidden: it cannot be put back"),
                        es: format!(
                            "lo que era el ingress `{name}` se guardó con una parte oculta: no se puede reponer"
                        ),
                        hint: Some(Box::new(Text::same(format!("kubectl edit ingress {name}")))),
                    });
                }
                let (now, _) = platform.routes(name).await?;
                if now == *to || now == *from { Ok(now == *to) } else { Err(changed(name)) }
            }
        }
    }
}

fn sum(before: &Routes, page: &Routes) -> String {
    // Texts and numbers can always be written.
    Digest::of(serde_json::to_vec(&(before, page)).unwrap_or_default()).short().to_owned()
}

fn changed(ingress: &str) -> PlatformError {
    PlatformError::Refused {
        en: format!("somebody has changed where the ingress `{ingress}` sends to: it is left as it is"),
        es: format!("alguien cambió a dónde envía el ingress `{ingress}`: se deja como está"),
        hint: Some(Box::new(Text::same(format!("kubectl get ingress {ingress} -o yaml")))),
    }
}

async fn has_file(
    platform: &dyn Platform,
    component: &Component,
    instance: &Instance,
    path: &str,
) -> Result<bool, PlatformError> {
    let argv = ["test", "-e", path].map(str::to_owned);
    match run_at(platform, component, instance, &argv).await? {
        0 => Ok(true),
        1 => Ok(false),
        // Only these two are answers of `test`.
        code => Err(PlatformError::refused(
            format!("whether {path} is there cannot be told in {}: `test` ended with {code}", instance.name),
            format!("no se puede saber si {path} está en {}: `test` terminó con {code}", instance.name),
        )),
    }
}

async fn run_at(
    platform: &dyn Platform,
    component: &Component,
    instance: &Instance,
    argv: &[String],
) -> Result<i32, PlatformError> {
    let ran = tokio::time::timeout(AT_THE_EDGE, platform.run_at(component, instance, argv)).await;
    ran.unwrap_or_else(|_| {
        let (what, seconds) = (argv.join(" "), AT_THE_EDGE.as_secs());
        Err(PlatformError::refused(
            format!("`{what}` in {} does not end within {seconds} s", instance.name),
            format!("`{what}` en {} no termina en {seconds} s", instance.name),
        ))
    })
}

/// What a plan knows of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageSeen {
    pub component: String,
    /// What is to be turned; `None` when it is so already.
    pub turn: Option<Turn>,
}

impl PageSeen {
    /// Looks whether a turn is still to be made.
    pub async fn look(turn: Turn, platform: &dyn Platform, components: &[Component]) -> Result<Self, PlatformError> {
        let component = turn.component.clone();
        let shows = find(components, &component)?;
        if !shows.instances.iter().any(Instance::runs) {
            return Err(does_not_run(shows));
        }
        let is_done = turn.is_done(platform, components).await?;
        Ok(Self { component, turn: (!is_done).then_some(turn) })
    }
}

impl PageSeen {
    /// A turn of which nobody can tell whether it is made.
    pub(super) fn still_due(turn: Turn) -> Self {
        Self { component: turn.component.clone(), turn: Some(turn) }
    }
}

impl Planner<'_> {
    /// The page as an operation of its own.
    pub(super) fn maintenance(&self, turn: &Turn) -> Result<Planned, PlatformError> {
        let due = self.seen.page.as_ref().and_then(|page| page.turn.as_ref());
        let Some(due) = due else {
            return Err(if turn.on {
                PlatformError::refused(
                    "the maintenance page is shown already",
                    "la página de mantenimiento ya se muestra",
                )
            } else {
                PlatformError::refused(
                    "the maintenance page is not shown",
                    "la página de mantenimiento no se está mostrando",
                )
            });
        };
        let title = if turn.on {
            self.say("Show the maintenance page", "Mostrar la página de mantenimiento")
        } else {
            self.say("Take the maintenance page away", "Quitar la página de mantenimiento")
        };
        let steps = std::iter::once(self.turned(due)).chain(self.looked_at(due)).collect();
        Ok((title, steps, Some(Request::Maintenance { turn: due.back() })))
    }

    /// The step that turns the page.
    pub(super) fn turned(&self, turn: &Turn) -> OperationStep {
        let Turn { on, component, by, .. } = turn;
        let (what, step) = match by {
            TurnBy::File { path } => {
                let kind = if *on { StepKind::PageOn } else { StepKind::PageOff };
                let step = StepRequest { program: vec![path.clone()], ..self.step(kind, component) };
                (format!("{component}: {path}"), step)
            }
            TurnBy::Ingress { name, routes } => {
                // Texts and numbers can always be written.
                let text = |routes: &Routes| serde_json::to_string(routes).unwrap_or_default();
                let step = StepRequest {
                    program: vec![text(&routes.from), text(&routes.to)],
                    ..self.step(StepKind::Route, name)
                };
                (format!("ingress {name}"), step)
            }
        };
        let text = if *on {
            Text::new(
                format!("shows the maintenance page to everybody ({what})"),
                format!("muestra a todos la página de mantenimiento ({what})"),
            )
        } else {
            Text::new(
                format!("takes the maintenance page away ({what})"),
                format!("quita la página de mantenimiento ({what})"),
            )
        };
        // Nobody is served any more: that is availability, which only a second person gives away.
        let risk = if *on { Risk::Destroy } else { Risk::Change };
        let effect =
            Effect { verb: Verb::Updates, target: what, component: Some(component.clone()), risk, text: text.clone() };
        let mut title = text.get(self.lang).to_owned();
        title.get_mut(..1).map(str::make_ascii_uppercase);
        OperationStep { title, argv: step.argv(), effects: vec![effect], verifies: false, terminal: false }
    }

    /// The step that looks at it from outside, where the settings say where.
    pub(super) fn looked_at(&self, turn: &Turn) -> Option<OperationStep> {
        let url = turn.url.as_ref()?;
        let (kind, title) = if turn.on {
            let (en, es) = (format!("{url} shows the page"), format!("{url} muestra la página"));
            (StepKind::PageSeen, self.say(&en, &es))
        } else {
            let (en, es) = (format!("{url} answers as usual"), format!("{url} responde como siempre"));
            (StepKind::PageGone, self.say(&en, &es))
        };
        Some(Self::observe(&StepRequest { within: SEEN, ..self.step(kind, url) }, title))
    }
}

/// Carries out a step about the page.
pub(super) async fn perform(
    platform: &dyn Platform,
    step: &StepRequest,
    say: &mut (dyn FnMut(Text) + Send),
) -> Result<(), PlatformError> {
    match step.kind {
        StepKind::Route => route(platform, step, say).await,
        StepKind::PageOn | StepKind::PageOff => flag(platform, step, say).await,
        _ => seen(step, say).await,
    }
}

async fn route(
    platform: &dyn Platform,
    step: &StepRequest,
    say: &mut (dyn FnMut(Text) + Send),
) -> Result<(), PlatformError> {
    let name = &step.component;
    let [Ok(from), Ok(to)] = [0, 1].map(|at| routes(&step.program, at)) else { return Err(not_a_step()) };
    let (now, version) = platform.routes(name).await?;
    if now == to {
        say(Text::new("it is so already", "ya es así"));
        return Ok(());
    }
    if now != from {
        return Err(changed(name));
    }
    let call = platform.route_call(name, &version, &to)?;
    say(Text::same(call.to_string()));
    let done = platform.perform(&call).await;
    // Whatever was answered, what the cluster shows counts.
    match (done, platform.routes(name).await?.0) {
        (_, now) if now == to => Ok(()),
        (Err(error), _) => Err(error),
        (Ok(()), _) => Err(changed(name)),
    }
}

fn routes(program: &[String], at: usize) -> Result<Routes, PlatformError> {
    let text = program.get(at).ok_or_else(not_a_step)?;
    serde_json::from_str(text).map_err(|_| not_a_step())
}

fn not_a_step() -> PlatformError {
    PlatformError::refused("this step cannot be read", "no se puede leer este paso")
}

/// Makes the file in every instance that runs, or takes it away, and looks whether it is so.
async fn flag(
    platform: &dyn Platform,
    step: &StepRequest,
    say: &mut (dyn FnMut(Text) + Send),
) -> Result<(), PlatformError> {
    let on = step.kind == StepKind::PageOn;
    let components = platform.components(Detail::State).await?;
    let component = find(&components, &step.component)?;
    let path = step.program.first().ok_or_else(not_a_step)?;
    let argv: Vec<String> =
        if on { ["touch", path].map(str::to_owned).to_vec() } else { ["rm", "-f", path].map(str::to_owned).to_vec() };
    let mut is_any = false;
    for instance in component.instances.iter().filter(|instance| instance.runs()) {
        is_any = true;
        let name = &instance.name;
        say(Text::same(format!("{name}: {}", argv.join(" "))));
        let ran = run_at(platform, component, instance, &argv).await;
        // A connection that is cut says nothing of the file: that is looked at in any case.
        if let Err(error) = ran
            && !error.leaves_doubt()
        {
            return Err(error);
        }
        if has_file(platform, component, instance, path).await? != on {
            return Err(PlatformError::Refused {
                en: format!("{} in {name} had no effect", argv.join(" ")),
                es: format!("{} en {name} no tuvo efecto", argv.join(" ")),
                hint: Some(Box::new(Text::new(
                    "is its folder there, and may the user of the container write to it?",
                    "¿está su carpeta, y puede escribir en ella el usuario del contenedor?",
                ))),
            });
        }
    }
    if is_any { Ok(()) } else { Err(does_not_run(component)) }
}

fn does_not_run(component: &Component) -> PlatformError {
    let name = &component.name;
    PlatformError::refused(
        format!("`{name}`, which shows the maintenance page, does not run"),
        format!("`{name}`, que muestra la página de mantenimiento, no está en marcha"),
    )
}

/// Asks the address until it shows the page, or shows something else again.
async fn seen(step: &StepRequest, say: &mut (dyn FnMut(Text) + Send)) -> Result<(), PlatformError> {
    let begun = Instant::now();
    let mut said = None;
    loop {
        let answer = status_of(&step.component).await;
        let line = match &answer {
            Ok(status) => Text::same(format!("{}: {status}", step.component)),
            Err(error) => error.text(),
        };
        if said.as_ref() != Some(&line) {
            say(line.clone());
            said = Some(line.clone());
        }
        let is_so = answer.is_ok_and(|status| match step.kind {
            StepKind::PageSeen => status == UNAVAILABLE,
            _ => status < 500,
        });
        if is_so {
            return Ok(());
        }
        if begun.elapsed() >= step.within {
            let seconds = step.within.as_secs();
            return Err(PlatformError::refused(
                format!("not so after {seconds} s: {}", line.en),
                format!("no fue así tras {seconds} s: {}", line.es),
            ));
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}
