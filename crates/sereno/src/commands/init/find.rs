//! What a project is made of: the finders put together.

use super::compose::{self, Service};
use super::folder::{Folder, ends_in};
use super::hosted;
use super::kinds::Kind;
use super::migrations::{self, Migrations};
use super::probe::{self, Answer, Queue};
use super::processes::{self, Declared};
use super::runbooks::{self, HealthAddress};
use super::units::Units;
use super::variables::{Address, Variables};
use futures_util::stream::{self, StreamExt as _};
use serde::Serialize;
use sereno_model::{Lang, Text};
use sereno_platform::compose::Project;
use std::collections::{BTreeMap, BTreeSet};

/// All that was found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) platform: Option<Place>,
    /// The system's own services.
    pub(super) services: Vec<String>,
    /// Databases, caches and brokers.
    pub(super) stores: Vec<Keeper>,
    pub(super) health: Vec<Answer>,
    pub(super) metrics: Vec<Answer>,
    /// What probes ask, in a cluster: `api:3000/health`.
    pub(super) probes: Vec<String>,
    /// The names under which the world reaches the system.
    pub(super) hosts: Vec<String>,
    /// The secrets of a cluster, by name.
    pub(super) secrets: Vec<String>,
    pub(super) queues: BTreeSet<Queue>,
    pub(super) env_files: Vec<String>,
    pub(super) migrations: Vec<Migrations>,
    pub(super) runbooks: Vec<runbooks::Found>,
    /// What else was seen: platforms that Sereno does not operate from settings, what could not be looked at.
    #[serde(skip)]
    pub(super) notes: Vec<Text>,
}

/// Where the components live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub(super) enum Place {
    Compose {
        files: Vec<String>,
        /// Compose would not find these files by itself.
        named: bool,
        project: String,
    },
    Kubernetes {
        context: Option<String>,
        namespace: String,
        kubeconfig: Option<String>,
    },
    /// Apps of pm2 on this machine.
    Pm2 {
        units: Vec<String>,
    },
    /// What a Procfile names, to be run by Sereno itself.
    Process {
        processes: Vec<Declared>,
    },
    /// The project that the token opens.
    Railway {},
    Render {
        services: Vec<String>,
    },
    Systemd {
        hosts: Vec<String>,
        units: Vec<String>,
        ssh_config: Option<String>,
    },
}

/// What keeps data: the service that is it, and the variables that hold its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Keeper {
    pub(super) kind: Kind,
    pub(super) services: Vec<String>,
    pub(super) variables: Vec<String>,
}

/// The paths that are asked on every port of the system's own services.
const PATHS: [&str; 4] = ["/health", "/healthz", "/ready", "/metrics"];

/// More addresses than this are not asked.
const MOST_ASKED: usize = 80;

/// How many are asked at once.
const AT_ONCE: usize = 8;

/// Looks at a folder, and at what it names on this machine.
pub(super) async fn here(folder: &Folder, own: &(dyn Fn(&str) -> Option<String> + Sync)) -> Found {
    let variables = Variables::of(folder);
    let environment = |name: &str| own(name).or_else(|| variables.get(name).map(str::to_owned));
    let runbooks = runbooks::find(folder);
    let mut found = Found { name: directory_name(folder), ..Found::default() };
    let mut services = Vec::new();
    if let Some(project) = project(folder, &runbooks, &environment) {
        services = services_of(folder, &project.1, &environment, &mut found.notes);
        found.name.clone_from(&project.1.name);
        let Project { files, name, .. } = project.1;
        found.platform = Some(Place::Compose { files, named: project.0, project: name });
    }
    found.services = services.iter().filter(|service| service.kind.is_none()).map(|s| s.name.clone()).collect();
    let addresses = variables.addresses();
    found.stores = keepers(&services, &addresses);
    ask_health(&mut found, &services, &variables, &runbooks::health_addresses(&runbooks, &environment)).await;
    ask_queues(&mut found, &services, &addresses, variables.get("REDIS_PASSWORD")).await;
    found.migrations = migrations::find(folder);
    found.runbooks = runbooks;
    without_compose(&mut found, folder, own).await;
    found.notes.extend(manifests(folder, own));
    found.notes.extend(folder.notes());
    found.env_files = variables.files;
    found
}

/// The same with servers in the folder's place as the platform.
pub(super) fn on_servers(found: &mut Found, units: Units, hosts: Vec<String>, ssh_config: Option<String>) {
    for (unit, on) in units.somewhere {
        let on = on.join(", ");
        found.notes.push(Text::new(
            format!("{unit} is on {on} only, and the units of [platform] are on every server"),
            format!("{unit} está solo en {on}, y las unidades de [platform] están en todos los servidores"),
        ));
    }
    found.services.clone_from(&units.everywhere);
    found.platform =
        (!units.everywhere.is_empty()).then_some(Place::Systemd { hosts, units: units.everywhere, ssh_config });
}

fn directory_name(folder: &Folder) -> String {
    let name = folder.root().file_name().unwrap_or_default().to_string_lossy().into_owned();
    if name.is_empty() { "sistema".to_owned() } else { name }
}

/// The compose project, and whether its files have to be named: those that the runbook's commands name, else those that
/// compose finds, else the nearest one that there is.
fn project(
    folder: &Folder,
    runbooks: &[runbooks::Found],
    environment: &dyn Fn(&str) -> Option<String>,
) -> Option<(bool, Project)> {
    let of = |files: &[String]| Project::find(folder.root(), files, None, &[], environment);
    let usual = of(&[]).filter(|project| project.files.iter().all(|file| folder.has(file)));
    let of_runbook = runbooks::compose_files(runbooks, folder);
    match (of_runbook, usual) {
        (Some(files), Some(usual)) if files == usual.files => Some((false, usual)),
        (Some(files), _) => of(&files).map(|project| (true, project)),
        (None, Some(usual)) => Some((false, usual)),
        (None, None) => {
            let is_compose = |file: &&str| {
                let name = file.rsplit('/').next().unwrap_or(file);
                let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")).unwrap_or_default();
                stem.strip_prefix("docker-")
                    .unwrap_or(stem)
                    .strip_prefix("compose")
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
            };
            let nearest =
                folder.files().filter(is_compose).min_by_key(|file| (file.matches('/').count(), file.len()))?;
            of(&[nearest.to_owned()]).map(|project| (true, project))
        }
    }
}

fn services_of(
    folder: &Folder,
    project: &Project,
    environment: &dyn Fn(&str) -> Option<String>,
    notes: &mut Vec<Text>,
) -> Vec<Service> {
    let mut all: BTreeMap<String, Service> = BTreeMap::new();
    for file in &project.files {
        let Some(text) = folder.text(file) else { continue };
        match compose::services(&text, environment) {
            Ok(services) => {
                for service in services {
                    match all.get_mut(&service.name) {
                        Some(known) => {
                            known.kind = service.kind.or(known.kind);
                            known.ports.extend(service.ports);
                        }
                        None => drop(all.insert(service.name.clone(), service)),
                    }
                }
            }
            // What is wrong may quote a line of it, with a secret in it.
            Err(_) => notes.push(Text::new(
                format!("{file} cannot be read as a compose file (docker-compose config says why)"),
                format!("{file} no se puede leer como archivo de compose (docker-compose config dice por qué)"),
            )),
        }
    }
    all.into_values().collect()
}

fn keepers(services: &[Service], addresses: &[Address]) -> Vec<Keeper> {
    let mut by_kind: BTreeMap<Kind, Keeper> = BTreeMap::new();
    let empty = |kind| Keeper { kind, services: Vec::new(), variables: Vec::new() };
    for service in services {
        if let Some(kind) = service.kind {
            by_kind.entry(kind).or_insert_with(|| empty(kind)).services.push(service.name.clone());
        }
    }
    for Address { variable, kind, .. } in addresses {
        by_kind.entry(*kind).or_insert_with(|| empty(*kind)).variables.push(variable.clone());
    }
    by_kind.into_values().collect()
}

async fn ask_health(found: &mut Found, services: &[Service], variables: &Variables, named: &[HealthAddress]) {
    let keeps = |port: &u16| services.iter().any(|s| s.kind.is_some() && s.ports.iter().any(|p| p.host == *port));
    let published = services.iter().filter(|s| s.kind.is_none()).flat_map(|s| &s.ports).map(|port| port.host);
    let ports: BTreeSet<u16> =
        published.chain(variables.ports()).chain(named.iter().map(|a| a.port)).filter(|port| !keeps(port)).collect();
    let usual = ports.iter().flat_map(|port| PATHS.map(|path| HealthAddress { port: *port, path: path.to_owned() }));
    let asked: BTreeSet<HealthAddress> = named.iter().cloned().chain(usual).collect();
    if asked.len() > MOST_ASKED {
        found.notes.push(Text::new(
            format!("only the first {MOST_ASKED} health addresses were asked"),
            format!("solo se preguntó a las primeras {MOST_ASKED} direcciones de salud"),
        ));
    }
    let asked: Vec<HealthAddress> = asked.into_iter().take(MOST_ASKED).collect();
    let answers = stream::iter(&asked).map(probe::health).buffered(AT_ONCE);
    let answers: Vec<Answer> = answers.filter_map(std::future::ready).collect().await;
    (found.metrics, found.health) = answers.into_iter().partition(|answer| answer.is_metrics);
}

/// A Redis that this machine's own address reaches, its login, and its database's number.
type Reachable<'a> = (u16, Option<(&'a str, &'a str)>, i64);

async fn ask_queues(found: &mut Found, services: &[Service], addresses: &[Address], password: Option<&str>) {
    let (reachable, elsewhere) = redis_places(services, addresses, password);
    for variable in elsewhere {
        found.notes.push(Text::new(
            format!("queues: the Redis of {variable} is not on this machine, and was not asked"),
            format!("colas: el Redis de {variable} no está en esta máquina, y no se le preguntó"),
        ));
    }
    for (port, login, database) in reachable {
        match probe::queues(port, login, database).await {
            Ok(queues) => {
                found.queues.extend(queues.found);
                if queues.is_partial {
                    found.notes.push(Text::new(
                        "queues: Redis has very many keys, and not all were looked at",
                        "colas: Redis tiene muchísimas claves, y no se miraron todas",
                    ));
                }
            }
            Err(why) => found.notes.push(Text::new(
                format!("queues: the Redis on port {port} did not tell ({why})"),
                format!("colas: el Redis del puerto {port} no respondió ({why})"),
            )),
        }
    }
}

/// The Redis that can be asked, each port once, and the variables of those that are elsewhere.
fn redis_places<'a>(
    services: &[Service],
    addresses: &'a [Address],
    password: Option<&'a str>,
) -> (Vec<Reachable<'a>>, Vec<&'a str>) {
    let published = |name: &str| {
        let ports = services.iter().filter(|s| s.kind == Some(Kind::Redis) && s.name == name).flat_map(|s| &s.ports);
        ports.map(|port| port.host).next()
    };
    let default = password.map(|password| ("", password));
    let (mut reachable, mut elsewhere): (Vec<Reachable<'a>>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut add = |one: Reachable<'a>| {
        if !reachable.iter().any(|known| known.0 == one.0) {
            reachable.push(one);
        }
    };
    for address in addresses.iter().filter(|address| address.kind == Kind::Redis) {
        let login = address.login.as_ref().map(|(user, password)| (user.as_str(), password.as_str()));
        let is_here = matches!(address.host.as_str(), "localhost" | "127.0.0.1" | "::1");
        let port = if is_here { Some(address.port.unwrap_or(6379)) } else { published(&address.host) };
        match port {
            Some(port) => add((port, login.or(default), address.database)),
            None if services.iter().any(|service| service.name == address.host) => {}
            None => elsewhere.push(&address.variable),
        }
    }
    for service in services.iter().filter(|service| service.kind == Some(Kind::Redis)) {
        service.ports.first().into_iter().for_each(|port| add((port.host, default, 0)));
    }
    (reachable, elsewhere)
}

/// What pm2, the files of a hosted platform and a Procfile name, in this order, where nothing before runs it; else they are
/// told only.
async fn without_compose(found: &mut Found, folder: &Folder, own: &(dyn Fn(&str) -> Option<String> + Sync)) {
    let (apps, notes_of_pm2) = processes::of_pm2(folder, own).await;
    let (declared, notes_of_procfile) = processes::of_procfile(folder);
    let names = |all: &[Declared]| all.iter().map(|process| process.name.clone()).collect::<Vec<_>>();
    found.notes.extend(notes_of_pm2);
    if found.platform.is_none() && !apps.is_empty() {
        found.services.clone_from(&apps);
        found.platform = Some(Place::Pm2 { units: apps });
    } else if !apps.is_empty() {
        let apps = apps.join(", ");
        found.notes.push(Text::new(
            format!("pm2 has apps of this project too: {apps}"),
            format!("pm2 también tiene apps de este proyecto: {apps}"),
        ));
    }
    match hosted::find(folder, &mut found.notes) {
        Some((_, place)) if found.platform.is_none() => {
            if let Place::Render { services } = &place {
                found.services.clone_from(services);
            }
            found.platform = Some(place);
        }
        Some((file, place)) => found.notes.push(hosted::told(file, &place)),
        None => {}
    }
    if declared.is_empty() {
        return;
    }
    if found.platform.is_none() {
        found.notes.extend(notes_of_procfile);
        found.services = names(&declared);
        found.platform = Some(Place::Process { processes: declared });
    } else {
        let names = names(&declared).join(", ");
        found.notes.push(Text::new(format!("Procfile: processes {names}"), format!("Procfile: procesos {names}")));
    }
}

/// Manifests of Kubernetes: where they go is not for a file to say, so the contexts to choose from are told.
fn manifests(folder: &Folder, own: &(dyn Fn(&str) -> Option<String> + Sync)) -> Option<Text> {
    let is_one = |file: &&str| {
        file.split('/').any(|part| matches!(part, "k8s" | "kubernetes" | "manifests" | "helm" | "charts"))
            && ends_in(file, &["yaml", "yml"])
    };
    let (place, _) = folder.files().find(is_one)?.rsplit_once('/')?;
    let choice = sereno_platform::kubernetes::Choice::default();
    // A kubeconfig that cannot be read has no contexts to offer, and says so when it is used.
    let contexts = sereno_platform::kubernetes::contexts(&choice, own).unwrap_or_default().join(", ");
    let (there, hay) = if contexts.is_empty() {
        ("no kubeconfig was found".to_owned(), "no se encontró ningún kubeconfig".to_owned())
    } else {
        (format!("contexts: {contexts}"), format!("contextos: {contexts}"))
    };
    Some(Text::new(
        format!("{place}: manifests of Kubernetes; sereno init --context NAME --namespace NAME looks there ({there})"),
        format!(
            "{place}: manifiestos de Kubernetes; sereno init --context NOMBRE --namespace NOMBRE mira allí ({hay})"
        ),
    ))
}

impl Found {
    /// Whether there is something to write down.
    pub(super) fn is_something(&self) -> bool {
        self.platform.is_some() || !self.runbooks.is_empty()
    }

    /// The language of the runbooks, where there are some.
    pub(super) fn language(&self) -> Option<Lang> {
        self.runbooks.first().map(|runbook| runbook.language)
    }

    /// What was looked for and is not there.
    pub(super) fn missing(&self) -> Vec<Text> {
        let none = |is: bool, en: &str, es: &str| is.then(|| Text::new(en, es));
        [
            none(self.platform.is_none(), "a platform", "una plataforma"),
            none(self.runbooks.is_empty(), "a runbook", "un runbook"),
            none(self.stores.is_empty(), "a database or cache", "una base de datos o caché"),
            none(
                self.health.is_empty() && self.probes.is_empty(),
                "a health address that answers",
                "una dirección de salud que responda",
            ),
            none(self.metrics.is_empty(), "metrics", "métricas"),
            none(self.queues.is_empty(), "queues", "colas"),
            none(self.env_files.is_empty(), "an .env", "un .env"),
            none(self.migrations.is_empty(), "migrations", "migraciones"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, kind: Option<Kind>, port: Option<u16>) -> Service {
        let ports = port.into_iter().map(|host| compose::Port { host, container: host }).collect();
        Service { name: name.to_owned(), kind, ports }
    }

    fn address(variable: &str, host: &str, port: Option<u16>) -> Address {
        Address {
            variable: variable.to_owned(),
            kind: Kind::Redis,
            host: host.to_owned(),
            port,
            login: None,
            database: 1,
        }
    }

    #[test]
    fn only_a_redis_of_this_machine_is_asked() {
        let services = [service("cache", Some(Kind::Redis), Some(6380)), service("inner", Some(Kind::Redis), None)];
        let addresses = [
            address("A", "cache", None),
            address("B", "inner", None),
            address("C", "redis.example.com", Some(6379)),
            address("D", "localhost", None),
        ];
        let (reachable, elsewhere) = redis_places(&services, &addresses, Some("p"));
        assert_eq!(reachable, [(6380, Some(("", "p")), 1), (6379, Some(("", "p")), 1)]);
        assert_eq!(elsewhere, ["C"]);
    }

    #[test]
    fn a_database_is_told_once_with_its_service_and_its_variables() {
        let keepers = keepers(&[service("cache", Some(Kind::Redis), None)], &[address("REDIS_URL", "cache", None)]);
        let expected =
            Keeper { kind: Kind::Redis, services: vec!["cache".to_owned()], variables: vec!["REDIS_URL".to_owned()] };
        assert_eq!(keepers, [expected]);
    }
}
