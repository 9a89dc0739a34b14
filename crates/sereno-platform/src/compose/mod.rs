//! Docker Compose: what runs is asked of the Docker Engine, what should run of the project's own files.

mod archive;
mod cgroup;
mod disk;
mod engine;
mod events;
mod exec;
mod given;
mod logs;
mod project;
mod raw;
mod read;

pub use project::Project;

use crate::call::EngineRequest;
use crate::{
    Act, Call, Component, Detail, Event, Instance, LogLine, LogWanted, Pending, Platform, PlatformError, Program,
    Variable, Version, Volume, Wires,
};
use bollard::Docker;
use bollard::models::{ContainerStatsResponse, ContainerUpdateBody};
use bollard::query_parameters::{
    InspectContainerOptions, ListContainersOptionsBuilder, RestartContainerOptions, StartContainerOptions,
    StatsOptionsBuilder, StopContainerOptions,
};
use futures_util::future::{join_all, try_join_all};
use futures_util::stream::StreamExt as _;
use read::Found;
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::mpsc;

/// Between two looks at the processor's counters: long enough to mean something, short enough not to be noticed.
const BETWEEN_LOOKS: Duration = Duration::from_millis(40);

/// One compose project on one engine.
#[derive(Debug)]
pub struct Compose {
    project: Project,
    engine: Docker,
    /// Where the engine is.
    address: String,
}

impl Compose {
    /// Connects to the engine that the environment names.
    pub async fn connect(
        project: Project,
        environment: &(dyn Fn(&str) -> Option<String> + Sync),
    ) -> Result<Self, PlatformError> {
        let (engine, address) = engine::connect(environment).await?;
        Ok(Self { project, engine, address })
    }

    async fn found(&self, detail: Detail) -> Result<Vec<Found>, PlatformError> {
        let label = format!("com.docker.compose.project={}", self.project.name);
        let filters = HashMap::from([("label", vec![label])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let look = async {
            let listed = self.engine.list_containers(Some(options)).await.map_err(engine_said("listing containers"))?;
            let ids: Vec<String> = listed.into_iter().filter_map(|container| container.id).collect();
            try_join_all(ids.iter().map(|id| self.inspect(id))).await
        };
        let looked = engine::within(engine::SHOWING, &self.address, look).await??;
        let mut found: Vec<Found> = looked.into_iter().flatten().collect();
        if detail == Detail::Usage {
            self.measure(&mut found).await;
        }
        Ok(found)
    }

    /// One container; `None` when it went away between the list and this look, which is no error.
    async fn inspect(&self, id: &str) -> Result<Option<Found>, PlatformError> {
        match self.engine.inspect_container(id, None::<InspectContainerOptions>).await {
            Ok(inspected) => Ok(read::container(inspected)),
            Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
            Err(error) => Err(engine_said("looking at a container")(error)),
        }
    }

    /// Adds what each uses. One whose counters cannot be read has none: a status is not lost for that.
    async fn measure(&self, found: &mut [Found]) {
        let near =
            |found: &[Found]| -> Vec<_> { found.iter().map(|one| cgroup::look(one.pid?, &one.instance.id)).collect() };
        let first = near(found);
        tokio::time::sleep(BETWEEN_LOOKS).await;
        let second = near(found);
        for (one, looks) in found.iter_mut().zip(first.iter().zip(&second)) {
            if let (Some(first), Some(second)) = looks {
                one.instance.usage = Some(cgroup::usage(first, second));
            }
        }
        self.ask_engine(found).await;
    }

    /// Adds what the containers use whose counters this machine's kernel does not have.
    async fn ask_engine(&self, found: &mut [Found]) {
        let far = found.iter().filter(|one| one.instance.runs() && one.instance.usage.is_none());
        let ids: Vec<String> = far.map(|one| one.instance.id.clone()).collect();
        if ids.is_empty() {
            return;
        }
        let first = join_all(ids.iter().map(|id| self.look(id))).await;
        let second = join_all(ids.iter().map(|id| self.look(id))).await;
        let usages: HashMap<&str, _> = ids
            .iter()
            .zip(first.iter().zip(&second))
            .filter_map(|(id, (first, second))| Some((id.as_str(), read::usage(first.as_ref(), second.as_ref()?)?)))
            .collect();
        for one in found {
            one.instance.usage = one.instance.usage.or_else(|| usages.get(one.instance.id.as_str()).copied());
        }
    }

    async fn look(&self, id: &str) -> Option<ContainerStatsResponse> {
        let options = StatsOptionsBuilder::new().stream(false).one_shot(true).build();
        self.engine.stats(id, Some(options)).next().await?.ok()
    }

    async fn request(&self, request: &EngineRequest) -> Result<(), PlatformError> {
        let what = engine_said("changing a container");
        match request {
            EngineRequest::Restart { container } => {
                self.engine.restart_container(container, None::<RestartContainerOptions>).await.map_err(what)
            }
            EngineRequest::Stop { container } => {
                self.engine.stop_container(container, None::<StopContainerOptions>).await.map_err(what)
            }
            EngineRequest::Start { container } => {
                self.engine.start_container(container, None::<StartContainerOptions>).await.map_err(what)
            }
            EngineRequest::Update { container, nano_cpus, memory } => {
                let body = ContainerUpdateBody {
                    nano_cpus: *nano_cpus,
                    memory: *memory,
                    // Without it the engine refuses a memory limit above the old one for swap.
                    memory_swap: memory.map(|memory| memory.saturating_mul(2)),
                    ..Default::default()
                };
                self.engine.update_container(container, body).await.map_err(what)
            }
            EngineRequest::Exec { .. } => Err(not_a_change()),
        }
    }
}

impl Platform for Compose {
    fn target(&self) -> String {
        format!("compose:{}", self.project.name)
    }

    fn place(&self) -> Pending<'_, String> {
        Box::pin(async move {
            let info = self.engine.info().await.map_err(engine_said("asking who it is"))?;
            let id: String = info.id.unwrap_or_default().chars().take(9).collect();
            Ok(format!("{}@{id}", self.target()))
        })
    }

    fn definition(&self) -> Pending<'_, Option<String>> {
        Box::pin(async move {
            let project = self.project.clone();
            let digest = tokio::task::spawn_blocking(move || project.digest()).await;
            digest.map_err(|error| PlatformError::refused(error.to_string(), error.to_string()))?.map(Some)
        })
    }

    fn components(&self, detail: Detail) -> Pending<'_, Vec<Component>> {
        Box::pin(async move {
            let project = self.project.clone();
            let declared = tokio::task::spawn_blocking(move || project.services());
            let found = self.found(detail).await?;
            let declared =
                declared.await.map_err(|error| PlatformError::refused(error.to_string(), error.to_string()))??;
            Ok(read::components(&declared, found))
        })
    }

    fn makes(&self) -> Pending<'_, Option<Vec<String>>> {
        Box::pin(async move {
            let project = self.project.clone();
            let declared = tokio::task::spawn_blocking(move || project.services()).await;
            let declared = declared.map_err(|error| PlatformError::refused(error.to_string(), error.to_string()))??;
            Ok(Some(declared.into_iter().map(|service| service.name).collect()))
        })
    }

    fn calls(&self, act: &Act, component: &Component) -> Result<Vec<Call>, PlatformError> {
        calls(&self.project, act, component)
    }

    fn perform<'a>(&'a self, call: &'a Call) -> Pending<'a, ()> {
        Box::pin(async move {
            match call {
                Call::Engine { request } => self.request(request).await,
                Call::Program { argv, .. } => {
                    let (argv, directory) = (argv.clone(), self.project.directory.clone());
                    let done = tokio::task::spawn_blocking(move || project::run(&argv, &directory)).await;
                    done.map_err(|error| PlatformError::refused(error.to_string(), error.to_string()))?.map(drop)
                }
                _ => Err(PlatformError::refused("not a call of compose", "no es una llamada de compose")),
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
        Box::pin(logs::stream(&self.engine, &component.name, instance, wanted, to))
    }

    fn exec_call(&self, _: &Component, instance: &Instance, program: &Program) -> Result<Call, PlatformError> {
        let Program { argv, terminal } = program.clone();
        Ok(Call::Engine { request: EngineRequest::Exec { container: instance.id.clone(), argv, terminal } })
    }

    fn exec<'a>(&'a self, call: &'a Call, wires: Wires) -> Pending<'a, i32> {
        Box::pin(async move {
            match call {
                Call::Engine { request: EngineRequest::Exec { container, argv, terminal } } => {
                    exec::run(&self.engine, container, argv, *terminal, wires).await
                }
                _ => Err(not_a_change()),
            }
        })
    }

    fn events<'a>(&'a self, _: &'a [Component]) -> Pending<'a, Vec<Event>> {
        Box::pin(events::look(&self.engine, &self.project.name))
    }

    fn versions<'a>(&'a self, component: &'a Component) -> Pending<'a, Vec<Version>> {
        Box::pin(given::versions(&self.engine, &self.project.name, component))
    }

    fn environment<'a>(&'a self, component: &'a Component) -> Pending<'a, Vec<Variable>> {
        Box::pin(given::environment(&self.engine, component))
    }

    fn volumes<'a>(&'a self, components: &'a [Component]) -> Pending<'a, Vec<Volume>> {
        Box::pin(disk::look(&self.engine, &self.address, &self.project.name, components))
    }

    fn copy_out<'a>(
        &'a self,
        _: &'a Component,
        instance: &'a Instance,
        path: &'a str,
        to: mpsc::Sender<Vec<u8>>,
    ) -> Pending<'a, ()> {
        Box::pin(archive::copy(&self.engine, instance, path, to))
    }
}

fn not_a_change() -> PlatformError {
    PlatformError::refused("a call that was to be made in another way", "una llamada que debía hacerse de otra forma")
}

/// The calls of an act. Pure.
fn calls(project: &Project, act: &Act, component: &Component) -> Result<Vec<Call>, PlatformError> {
    let request = |request| Call::Engine { request };
    let of = |wanted: &dyn Fn(&Instance) -> bool, make: &dyn Fn(String) -> EngineRequest| {
        component.instances.iter().filter(|i| wanted(i)).map(|i| request(make(i.id.clone()))).collect::<Vec<_>>()
    };
    let calls = match act {
        Act::Restart { instances } => of(&|i| instances.is_empty() || instances.contains(&i.name), &|container| {
            EngineRequest::Restart { container }
        }),
        Act::Stop => of(&Instance::is_alive, &|container| EngineRequest::Stop { container }),
        Act::Start { instances, .. } => {
            of(&|i| !i.runs() && instances.contains(&i.name), &|container| EngineRequest::Start { container })
        }
        Act::Limit { cpu_millis, memory } => of(&|_| true, &|container| EngineRequest::Update {
            container,
            nano_cpus: cpu_millis.and_then(|millis| i64::try_from(millis.saturating_mul(1_000_000)).ok()),
            memory: memory.and_then(|bytes| i64::try_from(bytes).ok()),
        }),
        Act::Remove { .. } => return Err(crate::nothing_sticks("compose")),
        // Nothing tells compose that such a name is no option.
        Act::Scale { .. } | Act::Make { .. } if component.name.starts_with('-') => Vec::new(),
        Act::Make { replicas, others } => {
            // Compose itself waits for the conditions of what it needs; without their numbers it would put those back to
            // the file's.
            let scales = others.iter().map(|(name, count)| format!("{name}={count}"));
            let scales: Vec<String> = scales.chain([format!("{}={replicas}", component.name)]).collect();
            let mut arguments = vec!["up", "-d", "--no-recreate"];
            arguments.extend(scales.iter().flat_map(|scale| ["--scale", scale]));
            arguments.push(&component.name);
            let directory = project.directory.display().to_string();
            return Ok(vec![Call::Program { argv: project.argv(&arguments)?, directory }]);
        }
        Act::Scale { replicas } => {
            let wanted = format!("{}={replicas}", component.name);
            let arguments = ["up", "-d", "--no-deps", "--no-recreate", "--scale", &wanted, &component.name];
            let directory = project.directory.display().to_string();
            return Ok(vec![Call::Program { argv: project.argv(&arguments)?, directory }]);
        }
    };
    if calls.is_empty() {
        let name = &component.name;
        return Err(PlatformError::refused(
            format!("`{name}` has no container for that ({})", component.standing.as_str()),
            format!("`{name}` no tiene contenedor para eso ({})", component.standing.text().es),
        ));
    }
    Ok(calls)
}

/// An engine's error, with what was being done.
fn engine_said(what: &str) -> impl Fn(bollard::errors::Error) -> PlatformError + use<> {
    let what = what.to_owned();
    move |source| PlatformError::Engine { what: what.clone(), source: Box::new(source) }
}
