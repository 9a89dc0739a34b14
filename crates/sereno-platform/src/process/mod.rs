//! Processes that the settings declare and Sereno itself runs: each instance has a keeper, a small process that outlives the
//! Sereno which started it.
//!
//! What is known of an instance lies in its folder, `.sereno/processes/NAME.NUMBER`: the order that its keeper carries out,
//! the state that the keeper tells, its log. Sereno writes orders and reads states; only the keeper touches the program.

mod files;
mod given;
mod keeper;
mod logs;
mod order;
mod proc;
mod spec;
mod state;

pub use keeper::{KEEPER_COMMAND, keeper_main};
pub use order::Want;

use crate::{
    Act, Call, Component, Detail, Event, Instance, InstanceState, LogLine, LogWanted, Pending, Platform, PlatformError,
    Usage, Variable, Version, Volume,
};
use files::Folder;
use sereno_model::settings::Process;
use sereno_model::settings::process::Restart;
use sereno_model::{Digest, Text};
use spec::Spec;
use state::Look;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Between two looks at the processor's counters.
const BETWEEN_LOOKS: Duration = Duration::from_millis(40);

/// The processes of one system on this machine.
#[derive(Debug)]
pub struct Processes {
    name: String,
    /// Where the settings are.
    base: PathBuf,
    /// Where the folders of the instances are.
    folders: PathBuf,
    declared: Vec<Process>,
    /// The program that becomes a keeper.
    exe: PathBuf,
}

impl Processes {
    /// `name` is the system's, `state_dir` the folder where Sereno keeps what it knows. At least one process.
    pub fn new(
        name: String,
        base: PathBuf,
        state_dir: &std::path::Path,
        declared: Vec<Process>,
    ) -> Result<Self, PlatformError> {
        if declared.is_empty() {
            return Err(PlatformError::refused(
                "no process is declared: add [[processes]] to sereno.toml",
                "no hay ningún proceso declarado: agregue [[processes]] a sereno.toml",
            ));
        }
        // Even if the file of this program is replaced meanwhile.
        let exe = PathBuf::from("/proc/self/exe");
        Ok(Self { name, base, folders: state_dir.join("processes"), declared, exe })
    }

    fn process(&self, component: &str) -> Option<&Process> {
        self.declared.iter().find(|process| process.name == component)
    }

    fn folder(&self, instance: &str) -> Folder {
        Folder::new(self.folders.join(instance))
    }

    /// Every instance that was ever ordered, by component and number.
    fn looks(&self) -> Result<BTreeMap<String, BTreeMap<u32, Look>>, PlatformError> {
        let mut looks: BTreeMap<String, BTreeMap<u32, Look>> = BTreeMap::new();
        let entries = match std::fs::read_dir(&self.folders) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(looks),
            Err(source) => return Err(PlatformError::File { path: self.folders.clone(), source }),
        };
        let names: BTreeSet<String> =
            entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        for name in names {
            if let Some((component, number)) = parts(&name) {
                let look = self.look(&name, component);
                looks.entry(component.to_owned()).or_default().insert(number, look);
            }
        }
        Ok(looks)
    }

    fn look(&self, name: &str, component: &str) -> Look {
        let folder = self.folder(name);
        // In this order: a keeper that leaves between the two has said so before.
        let is_kept = folder.is_held();
        let (order, state) = match (folder.read_order(), folder.read_state()) {
            (Ok(order), Ok(state)) => (order, Ok(state)),
            (order, Err(error)) => (order.ok().flatten(), Err(error.text())),
            (Err(error), Ok(_)) => (None, Err(error.text())),
        };
        // Without a keeper, whatever carries the mark of this instance is all that can be known of it.
        let is_left = || !is_kept && !proc::marked(&folder.path().display().to_string(), &proc::all()).is_empty();
        let is_child_alive = matches!(&state, Ok(Some(state)) if state::is_child_alive(state)) || is_left();
        let process = self.process(component);
        // A file of variables that cannot be read is told when it is needed, not each time that somebody looks.
        let definition = process.and_then(|process| spec::definition(process, &self.base).ok());
        Look { name: name.to_owned(), order, state, is_kept, is_child_alive, definition }
    }

    fn component(&self, name: &str, looks: Option<&BTreeMap<u32, Look>>) -> Component {
        let process = self.process(name);
        let all = || looks.into_iter().flat_map(BTreeMap::values);
        let was_ordered = all().any(|look| look.order.is_some());
        let wanted = all().filter(|look| look.is_wanted()).count() as u32;
        let desired = if was_ordered { wanted } else { process.map_or(0, |process| process.replicas) };
        let instances = all().filter(|look| look.is_listed()).map(Look::instance).collect();
        let ends = process.is_some_and(|process| process.restart != Restart::Always);
        let needs = process.map(|process| process.needs.clone()).unwrap_or_default();
        Component { needs, ..Component::of(name.to_owned(), desired, None, instances, ends) }
    }

    /// Adds what each instance and all that it started use.
    async fn measure(&self, components: &mut [Component]) {
        let all = proc::all();
        let pids: BTreeMap<String, Vec<i32>> = components
            .iter()
            .flat_map(|component| &component.instances)
            .filter(|instance| instance.runs())
            .filter_map(|instance| {
                let child = self.folder(&instance.name).read_state().ok()??.child?;
                let below = proc::descendants(child.pid, &all);
                let in_group =
                    all.iter().filter(|stat| stat.group == child.pid && !stat.dead).map(|stat| stat.identity.pid);
                let pids: BTreeSet<i32> = below.iter().map(|one| one.pid).chain(in_group).chain([child.pid]).collect();
                Some((instance.name.clone(), pids.into_iter().collect()))
            })
            .collect();
        let look = || -> BTreeMap<&String, (u64, u64)> { pids.iter().map(|(name, p)| (name, proc::used(p))).collect() };
        let begun = Instant::now();
        let first = look();
        tokio::time::sleep(BETWEEN_LOOKS).await;
        let passed = begun.elapsed().as_nanos() as u64;
        let second = look();
        for instance in components.iter_mut().flat_map(|component| &mut component.instances) {
            let looks = first.get(&instance.name).zip(second.get(&instance.name));
            instance.usage = looks.map(|((earlier, _), (later, memory))| Usage {
                cpu_millis: later.saturating_sub(*earlier).saturating_mul(1000).checked_div(passed),
                memory: *memory,
            });
        }
    }

    async fn order(&self, instance: &str, want: &Want) -> Result<(), PlatformError> {
        let folder = self.folder(instance);
        let (component, number) = parts(instance).ok_or_else(|| not_declared(instance))?;
        let spec = match want {
            Want::Stop | Want::Remove => None,
            Want::Run | Want::Replace { .. } => {
                let process = self.process(component).ok_or_else(|| not_declared(component))?;
                let own = std::env::vars_os()
                    .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
                Some(Spec::new(process, number, &self.base, folder.path(), own)?)
            }
        };
        order::give(&folder, &self.exe, want.clone(), spec).await
    }
}

/// `api.0`: the component and the number of the copy.
fn parts(instance: &str) -> Option<(&str, u32)> {
    let (component, number) = instance.rsplit_once('.')?;
    let plain = number.parse::<u32>().ok().filter(|parsed| parsed.to_string() == number)?;
    (!component.is_empty()).then_some((component, plain))
}

fn not_declared(component: &str) -> PlatformError {
    PlatformError::refused(
        format!("`{component}` is not declared any more in [[processes]] of sereno.toml"),
        format!("`{component}` ya no está declarado en [[processes]] de sereno.toml"),
    )
}

impl Platform for Processes {
    fn target(&self) -> String {
        format!("process:{}", self.name)
    }

    fn place(&self) -> Pending<'_, String> {
        Box::pin(async move {
            let path = PathBuf::from("/proc/sys/kernel/hostname");
            let host = std::fs::read_to_string(&path).map_err(|source| PlatformError::File { path, source })?;
            Ok(format!("{}@{}:{}", self.target(), host.trim(), self.folders.display()))
        })
    }

    fn definition(&self) -> Pending<'_, Option<String>> {
        Box::pin(async move {
            let of = |process| Ok((process, spec::definition(process, &self.base)?));
            let all: Vec<(&Process, Digest)> = self.declared.iter().map(of).collect::<Result<_, PlatformError>>()?;
            // Texts and numbers can always be written.
            Ok(Some(Digest::of(serde_json::to_vec(&all).unwrap_or_default()).short().to_owned()))
        })
    }

    fn components(&self, detail: Detail) -> Pending<'_, Vec<Component>> {
        Box::pin(async move {
            let looks = self.looks()?;
            let declared = self.declared.iter().map(|process| self.component(&process.name, looks.get(&process.name)));
            let others = looks.iter().filter(|(name, _)| self.process(name).is_none());
            // What is not declared any more counts as long as something of it is there.
            let others = others.map(|(name, looks)| self.component(name, Some(looks)));
            let others = others.filter(|component| component.instances.iter().any(Instance::is_alive));
            let mut components: Vec<Component> = declared.chain(others).collect();
            if detail == Detail::Usage {
                self.measure(&mut components).await;
            }
            Ok(components)
        })
    }

    fn declared(&self, component: &str) -> Option<u32> {
        self.process(component).map(|process| process.replicas)
    }

    fn calls(&self, act: &Act, component: &Component) -> Result<Vec<Call>, PlatformError> {
        calls(act, component, self.process(&component.name))
    }

    fn perform<'a>(&'a self, call: &'a Call) -> Pending<'a, ()> {
        Box::pin(async move {
            match call {
                Call::Keeper { instance, want } => self.order(instance, want).await,
                _ => Err(PlatformError::refused("not a call to a keeper", "no es una llamada a un guardián")),
            }
        })
    }

    fn logs<'a>(
        &'a self,
        component: &'a Component,
        instance: &'a Instance,
        wanted: &'a LogWanted,
        to: mpsc::Sender<LogLine>,
    ) -> Pending<'a, ()> {
        let log = self.folder(&instance.name).log();
        Box::pin(async move { logs::stream(&log, &component.name, &instance.name, wanted, to).await })
    }

    fn events<'a>(&'a self, components: &'a [Component]) -> Pending<'a, Vec<Event>> {
        Box::pin(async move { Ok(self.remembered(components)) })
    }

    fn versions<'a>(&'a self, component: &'a Component) -> Pending<'a, Vec<Version>> {
        Box::pin(self.releases(component))
    }

    fn environment<'a>(&'a self, component: &'a Component) -> Pending<'a, Vec<Variable>> {
        Box::pin(async move { self.given(component) })
    }

    fn volumes<'a>(&'a self, components: &'a [Component]) -> Pending<'a, Vec<Volume>> {
        Box::pin(async move { Ok(self.kept(components)) })
    }

    fn copy_out<'a>(
        &'a self,
        component: &'a Component,
        instance: &'a Instance,
        path: &'a str,
        to: mpsc::Sender<Vec<u8>>,
    ) -> Pending<'a, ()> {
        Box::pin(self.copy(component, instance, path, to))
    }
}

/// The calls of an act. Pure.
fn calls(act: &Act, component: &Component, process: Option<&Process>) -> Result<Vec<Call>, PlatformError> {
    let name = &component.name;
    let needs_declaration = matches!(act, Act::Restart { .. } | Act::Start { .. })
        || matches!(act, Act::Scale { replicas } if *replicas > 0);
    if needs_declaration && process.is_none() {
        return Err(not_declared(name));
    }
    let call = |instance: &str, want| Call::Keeper { instance: instance.to_owned(), want };
    let there = |instance: &str| component.instances.iter().find(|one| one.name == instance);
    let first = |count: u32| (0..count).map(|number| format!("{name}.{number}"));
    let calls: Vec<Call> = match act {
        Act::Restart { instances } => component
            .instances
            .iter()
            .filter(|instance| instances.is_empty() || instances.contains(&instance.name))
            .map(|instance| {
                let replace = instance.started_at.map(|started_at| Want::Replace { started_at });
                call(&instance.name, replace.unwrap_or(Want::Run))
            })
            .collect(),
        Act::Scale { replicas } => {
            let wanted: Vec<String> = first(*replicas).collect();
            let missing = wanted.iter().filter(|name| !there(name).is_some_and(runs_kept));
            let too_many = component.instances.iter().filter(|instance| !wanted.contains(&instance.name));
            missing
                .map(|name| call(name, Want::Run))
                .chain(too_many.map(|instance| call(&instance.name, Want::Remove)))
                .collect()
        }
        Act::Stop => component.instances.iter().filter(|i| is_there(i)).map(|i| call(&i.name, Want::Stop)).collect(),
        Act::Start { instances, replicas } => {
            let wanted: Vec<String> = if instances.is_empty() { first(*replicas).collect() } else { instances.clone() };
            wanted.iter().filter(|name| !there(name).is_some_and(runs_kept)).map(|name| call(name, Want::Run)).collect()
        }
        Act::Remove { .. } => return Err(crate::nothing_sticks("process")),
        Act::Make { .. } => return Err(crate::nothing_made("process")),
        Act::Limit { .. } => {
            return Err(PlatformError::refused(
                format!("`{name}` is a plain process: nothing limits what it and all that it starts use"),
                format!("`{name}` es un simple proceso: nada limita lo que usan él y todo lo que inicia"),
            ));
        }
    };
    // What is so already needs no call; only what is to be replaced must be there.
    if calls.is_empty() && matches!(act, Act::Restart { .. }) {
        return Err(PlatformError::Refused {
            en: format!("`{name}` has no instance for that ({})", component.standing.as_str()),
            es: format!("`{name}` no tiene instancia para eso ({})", component.standing.text().es),
            hint: Some(Box::new(Text::same("sereno status, sereno up"))),
        });
    }
    Ok(calls)
}

/// Whether something of it runs, or may.
fn is_there(instance: &Instance) -> bool {
    instance.is_alive() || instance.state == InstanceState::Unknown
}

/// Whether it runs and a keeper looks after it, so that nothing is to be done to have it run. One that waits for its next
/// start is not: it is started at once. Where the keeper is gone nobody checks.
fn runs_kept(instance: &Instance) -> bool {
    match instance.state {
        InstanceState::Running | InstanceState::Starting => true,
        InstanceState::Unhealthy => instance.checked,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
