//! The system that is operated: which platform it lives on.

use crate::context::Context;
use crate::exit::Exit;
use crate::report::{Failure, Result};
use sereno_platform::compose::{Compose, Project};
use sereno_platform::host::Host;
use sereno_platform::process::Processes;
use sereno_platform::systemd::Systemd;
use sereno_platform::{Platform, PlatformError};

/// The platform that the settings name, or that the directory shows.
pub(crate) async fn platform(context: &Context) -> Result<Box<dyn Platform>> {
    let settings = &context.settings.platform;
    if settings.kind.as_deref() == Some("systemd") || (settings.kind.is_none() && !settings.units.is_empty()) {
        return Ok(Box::new(systemd(context).map_err(|error| failure(&error))?));
    }
    if settings.kind.as_deref() == Some("process")
        || (settings.kind.is_none() && !context.settings.processes.is_empty())
    {
        return Ok(Box::new(processes(context).map_err(|error| failure(&error))?));
    }
    let environment = |name: &str| std::env::var(name).ok().or_else(|| context.env_files.get(name).cloned());
    let project = Project::find(
        &context.directory,
        &settings.files,
        settings.project.as_deref(),
        &settings.profiles,
        &environment,
    );
    let Some(project) = project else {
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

fn processes(context: &Context) -> std::result::Result<Processes, PlatformError> {
    let folder = context.directory.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = context.settings.system.name.clone().or(folder).unwrap_or_else(|| "system".to_owned());
    Processes::new(name, context.directory.clone(), &context.state_dir, context.settings.processes.clone())
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
