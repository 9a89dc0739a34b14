//! `sereno init`: looks at a project, and writes down what it found as settings.

mod cluster;
mod compose;
mod find;
mod folder;
mod hosted;
mod kinds;
mod migrations;
mod probe;
mod processes;
mod render;
mod runbooks;
mod units;
mod variables;
mod write;

use crate::cli::{Format, InitArgs};
use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::render::{BOLD, DIM, YELLOW, one_line, styled};
use crate::report::{Failure, Result, unusable};
use crate::system::failure;
use find::{Found, Place};
use folder::Folder;
use sereno_model::settings::Settings;
use sereno_model::{Lang, Severity, Text};
use sereno_platform::host::Host;
use std::path::Path;
use write::Written;

const FILE: &str = "sereno.toml";

/// What was done with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    Written,
    /// It was there already, and nothing of it was changed.
    Kept,
    /// Only shown.
    Shown,
}

pub(crate) async fn init(context: &Context, args: &InitArgs) -> Result<Exit> {
    let directory = std::env::current_dir().map_err(|error| unusable(Exit::Usage, Path::new("."), &error))?;
    let hosts = hosts(args)?;
    let mut found = look(&directory, args, &hosts).await?;
    if let Some(other) = context.settings_file.as_deref().filter(|file| file.parent() != Some(&directory)) {
        let other = other.display();
        found.notes.push(Text::new(
            format!("until now {other} holds here; a sereno.toml in this directory takes its place"),
            format!("hasta ahora aquí vale {other}; un sereno.toml en este directorio toma su lugar"),
        ));
    }
    if !found.is_something() {
        tell(context, &found, &[]);
        return Err(Failure::new(
            Exit::Failed,
            format!("nothing to write down was found in {}", directory.display()),
            format!("no se encontró nada que anotar en {}", directory.display()),
        )
        .hint(
            "call it where the compose file or the runbook is, or name a server (sereno init ssh://deploy@host) or a cluster (sereno init --context NAME)",
            "llámelo donde está el archivo de compose o el runbook, o nombre un servidor (sereno init ssh://deploy@host) o un cluster (sereno init --context NOMBRE)",
        ));
    }
    let text = render::file(&found, context.lang);
    let (settings, diagnostics) = Settings::parse(&text, FILE);
    // What is written must be read: otherwise nothing is written.
    if let Some(wrong) = diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error) {
        return Err(Failure::of(Exit::Failed, wrong.message.clone()));
    }
    let path = directory.join(FILE);
    let done = if args.plan {
        Done::Shown
    } else {
        match write::new_file(&path, &text).map_err(|error| unusable(Exit::Failed, &path, &error))? {
            Written::Yes => Done::Written,
            Written::WasThere => Done::Kept,
        }
    };
    let unset = if path.exists() && done != Done::Written { unset(&path, &settings) } else { Vec::new() };
    if context.format == Format::Json {
        output::line(json(context, &found, done, &unset, &text));
        return Ok(Exit::Done);
    }
    tell(context, &found, &unset);
    if done == Done::Shown {
        output::data(format!("\n{text}"));
    }
    output::say(outcome(done).get(context.lang));
    Ok(Exit::Done)
}

fn hosts(args: &InitArgs) -> Result<Vec<Host>> {
    let host = |address: &String| Host::over_ssh(address, args.ssh_config.clone(), false).map_err(|e| failure(&e));
    args.hosts.iter().map(host).collect()
}

async fn look(directory: &Path, args: &InitArgs, hosts: &[Host]) -> Result<Found> {
    let folder = Folder::look(directory);
    let environment = |name: &str| std::env::var(name).ok();
    let mut found = find::here(&folder, &environment).await;
    if !hosts.is_empty() {
        let units = units::find(hosts).await.map_err(|error| failure(&error))?;
        find::on_servers(&mut found, units, args.hosts.clone(), args.ssh_config.clone());
    } else if cluster::is_named(args) {
        cluster::look(&mut found, directory, args, &environment).await.map_err(|error| failure(&error))?;
    }
    Ok(found)
}

/// The settings that would be written and that the file which is there does not set.
fn unset(path: &Path, new: &Settings) -> Vec<&'static str> {
    // What is there and cannot be read was told when the settings were read.
    let Ok(text) = crate::file::read_text(path) else { return Vec::new() };
    let (own, _) = Settings::parse(&text, FILE);
    [
        ("[system] name", own.system.name.is_none() && new.system.name.is_some()),
        ("[system] runbooks", own.system.runbooks.is_empty() && !new.system.runbooks.is_empty()),
        ("[platform] kind", own.platform.kind.is_none() && new.platform.kind.is_some()),
        ("[platform] files", own.platform.files.is_empty() && !new.platform.files.is_empty()),
        ("[platform] kubeconfig", own.platform.kubeconfig.is_none() && new.platform.kubeconfig.is_some()),
        ("[platform] context", own.platform.context.is_none() && new.platform.context.is_some()),
        ("[platform] namespace", own.platform.namespace.is_none() && new.platform.namespace.is_some()),
        ("[[processes]]", own.processes.is_empty() && !new.processes.is_empty()),
        ("[platform] hosts", own.platform.hosts.is_empty() && !new.platform.hosts.is_empty()),
        ("[platform] units", own.platform.units.is_empty() && !new.platform.units.is_empty()),
        ("[secrets] env_files", own.secrets.env_files.is_empty() && !new.secrets.env_files.is_empty()),
    ]
    .into_iter()
    .filter_map(|(name, is_unset)| is_unset.then_some(name))
    .collect()
}

fn outcome(done: Done) -> Text {
    match done {
        Done::Written => Text::new("written: sereno.toml", "escrito: sereno.toml"),
        Done::Kept => Text::new(
            "sereno.toml is there already: nothing was changed (--plan shows what would be written)",
            "sereno.toml ya está: no se cambió nada (--plan muestra lo que se escribiría)",
        ),
        Done::Shown => Text::new("nothing was written", "no se escribió nada"),
    }
}

/// What was found, what was not, and what could not be looked at.
fn tell(context: &Context, found: &Found, unset: &[&str]) {
    let lang = context.lang;
    if context.format == Format::Json {
        return;
    }
    let line = |name: &Text, what: &str| {
        let head = styled(BOLD, format!("{:<12}", one_line(name.get(lang))));
        output::line(format!("{head}  {}", one_line(what)));
    };
    if let Some(place) = &found.platform {
        let what = match place {
            Place::Compose { files, project, .. } => format!("compose · {project} · {}", files.join(", ")),
            Place::Kubernetes { context, namespace, .. } => {
                format!("kubernetes · {} · {namespace}", context.as_deref().unwrap_or("in-cluster"))
            }
            Place::Pm2 { units } => format!("pm2 · {}", units.join(", ")),
            Place::Process { processes } => {
                let names: Vec<&str> = processes.iter().map(|process| process.name.as_str()).collect();
                format!("process (Procfile) · {}", names.join(", "))
            }
            Place::Railway {} => "railway".to_owned(),
            Place::Render { services } => format!("render · {}", services.join(", ")),
            Place::Systemd { hosts, units, .. } => format!("systemd · {} · {}", hosts.join(", "), units.join(", ")),
        };
        line(&Text::new("platform", "plataforma"), &what);
    }
    for runbook in &found.runbooks {
        let (file, procedures, incidents) = (&runbook.file, runbook.procedures, runbook.incidents);
        let what = match lang {
            Lang::En => format!("{file} · {procedures} procedures, {incidents} incidents"),
            Lang::Es => format!("{file} · {procedures} procedimientos, {incidents} incidentes"),
        };
        line(&Text::same("runbook"), &what);
    }
    for (name, what) in render::lines(found) {
        line(&name, what.get(lang));
    }
    if !found.env_files.is_empty() {
        line(&Text::new("variables", "variables"), &found.env_files.join(", "));
    }
    let missing: Vec<String> = found.missing().iter().map(|text| text.get(lang).to_owned()).collect();
    if !missing.is_empty() {
        let head = Text::new("not found", "sin encontrar");
        output::line(styled(DIM, format!("{:<12}  {}", head.get(lang), missing.join(", "))));
    }
    for note in &found.notes {
        output::say(styled(YELLOW, one_line(note.get(lang))));
    }
    if !unset.is_empty() {
        let names = unset.join(", ");
        let text = Text::new(
            format!("found, and not set in sereno.toml: {names}"),
            format!("se encontró, y no está en sereno.toml: {names}"),
        );
        output::say(text.get(lang));
    }
}

fn json(context: &Context, found: &Found, done: Done, unset: &[&str], text: &str) -> serde_json::Value {
    let told = |texts: Vec<Text>| texts.iter().map(|text| text.get(context.lang).to_owned()).collect::<Vec<_>>();
    serde_json::json!({
        "file": FILE,
        "done": match done { Done::Written => "written", Done::Kept => "kept", Done::Shown => "shown" },
        "found": found,
        "missing": told(found.missing()),
        "notes": told(found.notes.clone()),
        "unset": unset,
        "text": (done != Done::Kept).then_some(text),
    })
}
