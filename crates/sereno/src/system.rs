//! The system that is operated: which platform it lives on.

use crate::context::Context;
use crate::exit::Exit;
use crate::report::{Failure, Result};
use sereno_model::redact::dotenv;
use sereno_operations::service::Place;
use sereno_platform::compose::{Compose, Project};
use sereno_platform::host::Host;
use sereno_platform::kubernetes::{Choice, Kubernetes};
use sereno_platform::pm2::Pm2;
use sereno_platform::process::Processes;
use sereno_platform::systemd::Systemd;
use sereno_platform::{Platform, PlatformError};
use std::collections::BTreeMap;

/// The platform that the settings name, or that the directory shows.
pub(crate) async fn platform(context: &Context) -> Result<Box<dyn Platform>> {
    let settings = &context.settings.platform;
    if settings.kind.as_deref() == Some("pm2") {
        let hosts = hosts(context, false).map_err(|error| failure(&error))?;
        return Ok(Box::new(Pm2::new(hosts, &settings.units).map_err(|error| failure(&error))?));
    }
    if settings.kind.as_deref() == Some("systemd") || (settings.kind.is_none() && !settings.units.is_empty()) {
        return Ok(Box::new(systemd(context).map_err(|error| failure(&error))?));
    }
    let environment = environment_of(context);
    let names_a_cluster = settings.kubeconfig.is_some() || settings.context.is_some() || settings.namespace.is_some();
    if settings.kind.as_deref() == Some("kubernetes") || (settings.kind.is_none() && names_a_cluster) {
        let choice = Choice {
            kubeconfig: settings.kubeconfig.as_ref().map(|file| context.directory.join(file)),
            context: settings.context.clone(),
            namespace: settings.namespace.clone(),
        };
        let cluster = Kubernetes::connect(&choice, &environment).await.map_err(|error| failure(&error))?;
        return Ok(Box::new(cluster));
    }
    if settings.kind.as_deref() == Some("process")
        || (settings.kind.is_none() && !context.settings.processes.is_empty())
    {
        return Ok(Box::new(processes(context).map_err(|error| failure(&error))?));
    }
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
    let compose = Compose::connect(project, &environment).await.map_err(|error| failure(&error))?;
    Ok(Box::new(compose))
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
    let bytes = folder.and_then(|folder| std::fs::read(folder.join(".env")).ok()).unwrap_or_default();
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
    if settings.kind.as_deref() == Some("systemd") || (settings.kind.is_none() && !settings.units.is_empty()) {
        return settings.hosts.is_empty().then_some(Place::Systemd);
    }
    let project = project(context)?;
    Some(Place::Compose {
        project: project.name,
        files: project.files,
        names_files: !settings.files.is_empty(),
        names_project: settings.project.is_some(),
    })
}

fn project(context: &Context) -> Option<Project> {
    let settings = &context.settings.platform;
    let environment = environment_of(context);
    Project::find(&context.directory, &settings.files, settings.project.as_deref(), &settings.profiles, &environment)
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

/// A platform's error as a failure of the command.
pub(crate) fn failure(error: &PlatformError) -> Failure {
    let exit = match error {
        PlatformError::NoSuchComponent { .. } | PlatformError::AddressUnknown { .. } => Exit::Usage,
        PlatformError::Cluster(error) if error.is_usage() => Exit::Usage,
        PlatformError::Refused { .. } => Exit::Refused,
        _ => Exit::Failed,
    };
    Failure { exit, message: error.text(), hint: error.hint() }
}
