//! What a declared process is given and what it keeps: environment, folders, logs, versions, files; and what its keepers
//! remember of it.

use super::spec::Spec;
use super::{Processes, not_declared, parts};
use crate::disk::{space, taken};
use crate::host::Host;
use crate::look::merged;
use crate::systemd::no_versions;
use crate::{Component, Event, ExitReason, Instance, PlatformError, Variable, Version, Volume};
use sereno_model::redact::dotenv;
use sereno_model::settings::Process;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

impl Processes {
    /// What the next start of each instance is given: one that runs may have been started from an earlier definition, which
    /// its status says.
    pub(super) fn given(&self, component: &Component) -> Result<Vec<Variable>, PlatformError> {
        let process = self.process(&component.name).ok_or_else(|| not_declared(&component.name))?;
        let mut each = Vec::new();
        let numbers: Vec<u32> = component.instances.iter().filter_map(|i| Some(parts(&i.name)?.1)).collect();
        let numbers = if numbers.is_empty() { vec![0] } else { numbers };
        for number in numbers {
            let name = format!("{}.{number}", process.name);
            let own = std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
            let spec = Spec::new(process, number, &self.base, self.folder(&name).path(), own)?;
            let of_file: BTreeMap<String, String> = self.of_file(process)?.into_iter().collect();
            let source = |name: &str, value: &str| {
                if process.environment.contains_key(name) {
                    "sereno.toml".to_owned()
                } else if of_file.get(name).is_some_and(|own| own == value) {
                    process.env_file.clone().unwrap_or_default()
                } else {
                    "sereno".to_owned()
                }
            };
            let variable = |(name, value): (&String, &String)| Variable::new(name, value, source(name, value));
            each.push((name, spec.environment.iter().map(variable).collect()));
        }
        Ok(merged(each))
    }

    fn of_file(&self, process: &Process) -> Result<Vec<(String, String)>, PlatformError> {
        let Some(name) = &process.env_file else { return Ok(Vec::new()) };
        let path = self.base.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(dotenv::parse(&String::from_utf8_lossy(&bytes))),
            Err(source) => Err(PlatformError::File { path, source }),
        }
    }

    fn directory(&self, component: &str) -> Result<PathBuf, PlatformError> {
        let process = self.process(component).ok_or_else(|| not_declared(component))?;
        Ok(process.directory.as_ref().map_or_else(|| self.base.clone(), |directory| self.base.join(directory)))
    }

    /// The folders in which processes work, and those in which their keepers keep their logs.
    pub(super) fn kept(&self, components: &[Component]) -> Vec<Volume> {
        let mut all: Vec<Volume> = Vec::new();
        for component in components {
            for instance in &component.instances {
                all.push(place("log", self.folder(&instance.name).path(), &component.name));
            }
            let Ok(directory) = self.directory(&component.name) else { continue };
            match all.iter_mut().find(|one| one.path.as_deref() == directory.to_str()) {
                Some(known) => known.owners.push(component.name.clone()),
                None => all.push(place("folder", &directory, &component.name)),
            }
        }
        for one in &mut all {
            let Some(path) = one.path.as_deref().map(Path::new) else { continue };
            one.used = taken(path);
            (one.capacity, one.free) = space(path).unzip();
        }
        if let Some((capacity, free)) = space(&self.base) {
            all.push(Volume {
                name: self.base.display().to_string(),
                kind: "disk".to_owned(),
                path: Some(self.base.display().to_string()),
                used: Some(capacity.saturating_sub(free)),
                capacity: Some(capacity),
                free: Some(free),
                ..Volume::default()
            });
        }
        all
    }

    /// The last start and the last end of each instance: a keeper keeps no more.
    pub(super) fn remembered(&self, components: &[Component]) -> Vec<Event> {
        let mut events = Vec::new();
        for component in components {
            for instance in &component.instances {
                let state = self.folder(&instance.name).read_state().ok().flatten().unwrap_or_default();
                let event = |at, reason: &str, is_warning, message| Event {
                    at,
                    component: Some(component.name.clone()),
                    about: instance.name.clone(),
                    is_warning,
                    reason: reason.to_owned(),
                    message,
                    count: 1,
                };
                if let Some(exit) = &state.last_exit {
                    // Those that it was told to end do so by a signal.
                    let is_warning = !matches!(exit.reason, ExitReason::Completed | ExitReason::Signal(15 | 2));
                    let again =
                        Event { count: state.restarts.max(1), ..event(exit.at, "ended", is_warning, exit.text().en) };
                    events.push(again);
                }
                events.extend(state.started_at.map(|at| event(Some(at), "started", false, String::new())));
                events.extend(state.check.as_ref().map(|why| event(None, "unhealthy", true, why.en.clone())));
            }
        }
        events.sort_by_key(|event| event.at);
        events
    }

    pub(super) async fn releases(&self, component: &Component) -> Result<Vec<Version>, PlatformError> {
        let directory = self.directory(&component.name)?;
        let versions = Host::here(false).releases(&directory.display().to_string()).await?;
        if versions.is_empty() { Err(no_versions(&component.name)) } else { Ok(versions) }
    }

    /// A file of this machine; one that is not named from the root lies in the process's folder.
    pub(super) async fn copy(
        &self,
        component: &Component,
        instance: &Instance,
        path: &str,
        to: mpsc::Sender<Vec<u8>>,
    ) -> Result<(), PlatformError> {
        let whole =
            if path.starts_with('/') { PathBuf::from(path) } else { self.directory(&component.name)?.join(path) };
        Host::here(false).send_file(&instance.name, &whole.display().to_string(), to).await
    }
}

fn place(kind: &str, path: &Path, owner: &str) -> Volume {
    Volume {
        name: path.display().to_string(),
        owners: vec![owner.to_owned()],
        kind: kind.to_owned(),
        path: Some(path.display().to_string()),
        ..Volume::default()
    }
}
