//! The system that is operated: which platform it lives on.

use crate::context::Context;
use crate::exit::Exit;
use crate::report::{Failure, Result};
use sereno_model::redact::dotenv;
use sereno_operations::service::{Page, PageBy, Place};
use sereno_platform::compose::{Compose, Project};
use sereno_platform::host::Host;
use sereno_platform::kubernetes::{Choice, Kubernetes};
use sereno_platform::pm2::Pm2;
use sereno_platform::process::Processes;
use sereno_platform::railway::{self, Railway};
use sereno_platform::render::{self, Render};
use sereno_platform::systemd::Systemd;
use sereno_platform::{Component, Platform, PlatformError, find};
use std::collections::BTreeMap;

/// Where components can live.
#[derive(Clone, Copy)]
enum Kind {
    Compose,
    Kubernetes,
    Pm2,
    Process,
    Railway,
    Render,
    Systemd,
}

/// What the settings name, or what else they set shows; Compose, which the directory shows, when they say nothing.
fn kind(context: &Context) -> Kind {
    let settings = &context.settings.platform;
    match settings.kind.as_deref().or_else(|| settings.implied_kind()) {
        Some("kubernetes") => Kind::Kubernetes,
        Some("pm2") => Kind::Pm2,
        Some("process") => Kind::Process,
        Some("railway") => Kind::Railway,
        Some("render") => Kind::Render,
        Some("systemd") => Kind::Systemd,
        Some(_) => Kind::Compose,
        None if !context.settings.processes.is_empty() => Kind::Process,
        None => Kind::Compose,
    }
}

/// The platform that the settings name, or that the directory shows.
pub(crate) async fn platform(context: &Context) -> Result<Box<dyn Platform>> {
    let found: std::result::Result<Box<dyn Platform>, PlatformError> = match kind(context) {
        Kind::Compose => return compose(context).await,
        Kind::Kubernetes => cluster(context).await.map(|cluster| Box::new(cluster) as Box<dyn Platform>),
        Kind::Pm2 => hosts(context, false)
            .and_then(|hosts| Ok(Box::new(Pm2::new(hosts, &context.settings.platform.units)?) as Box<dyn Platform>)),
        Kind::Process => processes(context).map(|own| Box::new(own) as Box<dyn Platform>),
        Kind::Railway => railway(context).map(|railway| Box::new(railway) as Box<dyn Platform>),
        Kind::Render => render(context).map(|render| Box::new(render) as Box<dyn Platform>),
        Kind::Systemd => systemd(context).map(|systemd| Box::new(systemd) as Box<dyn Platform>),
    };
    found.map_err(|error| failure(&error))
}

async fn compose(context: &Context) -> Result<Box<dyn Platform>> {
    let Some(project) = project(context) else {
        let place = context.directory.display();
        return Err(Failure::new(
            Exit::Usage,
            format!("no platform was found in {place}"),
            format!("no se encontró ninguna plataforma en {place}"),
        )
        .hint(
            "a compose file makes one; or set [platform] in sereno.toml",
            "un archivo de compose la define; o configure [platform] en sereno.toml",
        ));
    };
    let compose = Compose::connect(project, &environment_of(context)).await.map_err(|error| failure(&error))?;
    Ok(Box::new(compose))
}

async fn cluster(context: &Context) -> std::result::Result<Kubernetes, PlatformError> {
    let settings = &context.settings.platform;
    let choice = Choice {
        kubeconfig: settings.kubeconfig.as_ref().map(|file| context.directory.join(file)),
        context: settings.context.clone(),
        namespace: settings.namespace.clone(),
    };
    Kubernetes::connect(&choice, &environment_of(context)).await
}

/// A variable of this process, of the files that the settings name, or of the `.env` that compose reads.
fn environment_of(context: &Context) -> impl Fn(&str) -> Option<String> {
    let beside = dotenv_of_compose(context);
    move |name: &str| {
        let own = std::env::var(name).ok().or_else(|| context.env_files.get(name).cloned());
        own.or_else(|| beside.get(name).cloned())
    }
}

/// The `.env` that compose reads: beside the first of the files that are named, else in the directory.
fn dotenv_of_compose(context: &Context) -> BTreeMap<String, String> {
    let named = std::env::var("COMPOSE_FILE").ok().filter(|files| !files.is_empty());
    let named = named.as_deref().and_then(|files| files.split(':').next());
    let first = context.settings.platform.files.first().map(String::as_str).or(named);
    let file = context.directory.join(first.unwrap_or_default());
    let folder = if first.is_some() { file.parent() } else { Some(file.as_path()) };
    // One that is not there says nothing, and compose itself says what is wrong with one that cannot be read.
    let bytes = folder.and_then(|folder| crate::file::read(&folder.join(".env")).ok()).unwrap_or_default();
    dotenv::parse(&String::from_utf8_lossy(&bytes)).into_iter().collect()
}

fn processes(context: &Context) -> std::result::Result<Processes, PlatformError> {
    let folder = context.directory.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = context.settings.system.name.clone().or(folder).unwrap_or_else(|| "system".to_owned());
    Processes::new(name, context.directory.clone(), &context.state_dir, context.settings.processes.clone())
}

/// The same as far as a runbook's own commands can name it; nothing where there is no platform, and nothing of machines
/// behind SSH, to which commands are not followed.
pub(crate) fn place(context: &Context) -> Option<Place> {
    let settings = &context.settings.platform;
    match kind(context) {
        Kind::Systemd => settings.hosts.is_empty().then_some(Place::Systemd),
        Kind::Pm2 => settings.hosts.is_empty().then_some(Place::Pm2),
        Kind::Kubernetes => {
            let (kubeconfig, is_usual) = kubeconfig(context);
            let (context, namespace) = (settings.context.clone(), settings.namespace.clone());
            Some(Place::Kubernetes { context, namespace, kubeconfig, is_usual })
        }
        Kind::Process | Kind::Railway | Kind::Render => None,
        Kind::Compose => {
            let project = project(context)?;
            Some(Place::Compose {
                project: project.name,
                files: project.files,
                names_files: !settings.files.is_empty(),
                names_project: settings.project.is_some(),
            })
        }
    }
}

/// How a command may name the kubeconfig that the settings go by, and whether one that names none uses it too: it goes by
/// the environment, which steps inherit.
fn kubeconfig(context: &Context) -> (Vec<String>, bool) {
    let inherited = std::env::var("KUBECONFIG").ok().filter(|file| !file.is_empty());
    let Some(named) = &context.settings.platform.kubeconfig else { return (inherited.into_iter().collect(), true) };
    let plain = named.strip_prefix("./").unwrap_or(named).to_owned();
    let whole = context.directory.join(&plain);
    let is_usual = inherited.is_some_and(|file| context.directory.join(file) == whole);
    (vec![plain, whole.display().to_string()], is_usual)
}

fn project(context: &Context) -> Option<Project> {
    let settings = &context.settings.platform;
    let environment = environment_of(context);
    Project::find(&context.directory, &settings.files, settings.project.as_deref(), &settings.profiles, &environment)
}

fn render(context: &Context) -> std::result::Result<Render, PlatformError> {
    let settings = context.settings.platform.clone();
    let choice = render::Choice {
        owner: settings.owner,
        environment: settings.environment,
        services: settings.services,
        api: settings.api,
    };
    Render::new(choice, &environment_of(context))
}

fn railway(context: &Context) -> std::result::Result<Railway, PlatformError> {
    let settings = context.settings.platform.clone();
    let choice = railway::Choice {
        project: settings.project,
        environment: settings.environment,
        services: settings.services,
        api: settings.api,
    };
    Railway::new(choice, &environment_of(context))
}

fn systemd(context: &Context) -> std::result::Result<Systemd, PlatformError> {
    Systemd::new(hosts(context, true)?, &context.settings.platform.units)
}

/// The machines that are named, else this one; `sudo` says whether changes on others go through it when nothing is set.
fn hosts(context: &Context, sudo: bool) -> std::result::Result<Vec<Host>, PlatformError> {
    let settings = &context.settings.platform;
    if settings.hosts.is_empty() {
        return Ok(vec![Host::here(settings.sudo.unwrap_or(false))]);
    }
    let config = settings.ssh_config.as_ref().map(|file| context.directory.join(file).display().to_string());
    let sudo = settings.sudo.unwrap_or(sudo);
    settings.hosts.iter().map(|address| Host::over_ssh(address, config.clone(), sudo)).collect()
}

/// The maintenance page, where the settings name one.
pub(crate) fn page(context: &Context) -> Result<Option<Page>> {
    let settings = context.settings.maintenance.clone();
    let wrong = |en: &str, es: &str| {
        Failure::new(Exit::Usage, format!("[maintenance]: {en}"), format!("[maintenance]: {es}")).hint(
            "component and file; on Kubernetes component, ingress and service",
            "component y file; en Kubernetes component, ingress y service",
        )
    };
    let is_cluster = matches!(kind(context), Kind::Kubernetes);
    let by = match (settings.file, settings.ingress, settings.service) {
        (None, None, None) if settings.component.is_none() => return Ok(None),
        (Some(_), None, None) if is_cluster => {
            return Err(wrong(
                "a pod that is replaced loses its files: an ingress has to show the page",
                "un pod que se reemplaza pierde sus archivos: la página la tiene que mostrar un ingress",
            ));
        }
        (Some(path), None, None) => PageBy::File { path },
        (None, Some(name), Some(service)) => match service.split_once(':') {
            Some((service, port)) => PageBy::Ingress { name, service: service.to_owned(), port: port.to_owned() },
            None => return Err(wrong("the service lacks its port", "al servicio le falta el puerto")),
        },
        _ => {
            return Err(wrong(
                "how the page is shown is not said, or twice",
                "no se dice cómo se muestra la página, o se dice dos veces",
            ));
        }
    };
    let component = settings
        .component
        .ok_or_else(|| wrong("what shows the page is not said", "no se dice qué muestra la página"))?;
    Ok(Some(Page { component, by, url: settings.url }))
}

/// The components of these names; all of them when none is named.
pub(crate) fn chosen<'c>(all: &'c [Component], names: &[String]) -> Result<Vec<&'c Component>> {
    match names {
        [] => Ok(all.iter().collect()),
        names => names.iter().map(|name| find(all, name).map_err(|error| failure(&error))).collect(),
    }
}

/// A platform's error as a failure of the command.
pub(crate) fn failure(error: &PlatformError) -> Failure {
    let exit = match error {
        PlatformError::NoSuchComponent { .. } | PlatformError::AddressUnknown { .. } => Exit::Usage,
        PlatformError::Cluster(error) if error.is_usage() => Exit::Usage,
        PlatformError::Web(error) if error.is_usage() => Exit::Usage,
        PlatformError::Refused { .. } => Exit::Refused,
        _ => Exit::Failed,
    };
    Failure { exit, message: error.text(), hint: error.hint() }
}
