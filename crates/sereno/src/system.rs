//! The system that is operated: which platform it lives on.

use crate::context::Context;
use crate::exit::Exit;
use crate::report::{Failure, Result};
use sereno_operations::service::Place;
use sereno_platform::compose::{Compose, Project};
use sereno_platform::host::Host;
use sereno_platform::systemd::Systemd;
use sereno_platform::{Platform, PlatformError};

/// The platform that the settings name, or that the directory shows.
pub(crate) async fn platform(context: &Context) -> Result<Box<dyn Platform>> {
    let settings = &context.settings.platform;
    if settings.kind.as_deref() == Some("systemd") || (settings.kind.is_none() && !settings.units.is_empty()) {
        return Ok(Box::new(systemd(context).map_err(|error| failure(&error))?));
    }
    let environment = |name: &str| std::env::var(name).ok().or_else(|| context.env_files.get(name).cloned());
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
    let environment = |name: &str| std::env::var(name).ok().or_else(|| context.env_files.get(name).cloned());
    Project::find(&context.directory, &settings.files, settings.project.as_deref(), &settings.profiles, &environment)
}

fn systemd(context: &Context) -> std::result::Result<Systemd, PlatformError> {
    let settings = &context.settings.platform;
    if settings.hosts.is_empty() {
        return Systemd::new(vec![Host::here(settings.sudo.unwrap_or(false))], &settings.units);
    }
    let config = settings.ssh_config.as_ref().map(|file| context.directory.join(file).display().to_string());
    let sudo = settings.sudo.unwrap_or(true);
    let hosts = settings.hosts.iter().map(|address| Host::over_ssh(address, config.clone(), sudo));
    Systemd::new(hosts.collect::<std::result::Result<_, _>>()?, &settings.units)
}

/// A platform's error as a failure of the command.
pub(crate) fn failure(error: &PlatformError) -> Failure {
    let exit = match error {
        PlatformError::NoSuchComponent { .. } | PlatformError::AddressUnknown { .. } => Exit::Usage,
        PlatformError::Refused { .. } => Exit::Refused,
        _ => Exit::Failed,
    };
    Failure { exit, message: error.text(), hint: error.hint() }
}
