//! `sereno cp`: one file out of a component, byte for byte.
//!
//! It only reads, as `exec` of something that looks does, so nobody is asked; and it takes data away, so the journal has who,
//! what, from where and why before the first byte, and how it ended.

use crate::cli::Format;
use crate::context::{Context, store_failure};
use crate::exit::Exit;
use crate::look_args::CpArgs;
use crate::output;
use crate::report::{Failure, Result};
use crate::system::{self, failure};
use sereno_engine::walk::redact_json;
use sereno_model::{Lang, Text};
use sereno_platform::{Component, Detail, Instance, InstanceState, Platform, PlatformError, find};
use sereno_store::{NewEntry, Store};
use sink::Sink;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

mod sink;

/// How many pieces of a file wait at most.
const WAITING: usize = 8;

pub(crate) async fn cp(context: &Context, args: &CpArgs) -> Result<Exit> {
    let (name, path) = source(&args.from)?;
    refuse_credentials(name, path)?;
    let platform = system::platform(context).await?;
    let all = platform.components(Detail::State).await.map_err(|error| failure(&error))?;
    let component = find(&all, name).map_err(|error| failure(&error))?;
    let instance = choose(component, args.instance.as_deref())?;
    let place = platform.place().await.map_err(|error| failure(&error))?;
    let mut sink = Sink::open(&args.to, path, args.force)?;
    let store = context.store().await?;
    let said = serde_json::json!({
        "component": component.name, "instance": instance.name, "path": path, "from": place, "to": sink.shown(),
        "reason": args.reason,
    });
    let started = note(context, &store, "copy.started", said).await?;
    let copied = copy(context, platform.as_ref(), (component, instance), path, &mut sink).await;
    let copied = copied.and_then(|()| sink.finish());
    let ended = match &copied {
        Ok(done) => {
            serde_json::json!({ "of": started, "outcome": "succeeded", "bytes": done.bytes, "sha256": done.digest })
        }
        Err(failed) => serde_json::json!({ "of": started, "outcome": "failed", "why": failed.message }),
    };
    note(context, &store, "copy.ended", ended).await?;
    let done = copied?;
    if context.format == Format::Json && !sink::is_stdout(&args.to) {
        output::line(serde_json::json!({
            "component": component.name, "instance": instance.name, "path": path, "to": done.to, "bytes": done.bytes,
            "sha256": done.digest,
        }));
    } else {
        let (bytes, to, place) =
            (done.bytes, crate::render::one_line(done.shown()), crate::render::one_line(&instance.name));
        output::say(match context.lang {
            Lang::En => format!("{bytes} bytes of {place} in {to} · sha256 {}", done.digest.short()),
            Lang::Es => format!("{bytes} bytes de {place} en {to} · sha256 {}", done.digest.short()),
        });
    }
    Ok(Exit::Done)
}

/// Files that hold nothing but credentials are read by a reveal: with a second person, for some minutes.
fn refuse_credentials(component: &str, path: &str) -> Result<()> {
    // `/run/x/../secrets/y` is `/run/secrets/y`.
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." { parts.pop().map_or((), drop) } else { parts.push(part) }
    }
    let name = parts.last().copied().unwrap_or_default();
    let is_dotenv = name == ".env" || (name.starts_with(".env.") && !name.ends_with("example"));
    let is_of_process = parts.first() == Some(&"proc") && name == "environ";
    let is_mounted = parts.starts_with(&["run", "secrets"]) || parts.starts_with(&["var", "run", "secrets"]);
    if !(is_dotenv || is_of_process || is_mounted || path.starts_with("/etc/shadow")) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Refused,
        format!("`{path}` holds credentials: they are not copied"),
        format!("`{path}` contiene credenciales: no se copian"),
    )
    .hint(
        format!("sereno env {component} shows the names; sereno secret reveal {component} NAME shows one"),
        format!("sereno env {component} muestra los nombres; sereno secret reveal {component} NOMBRE muestra una"),
    ))
}

/// `api:/var/log/app.log`. A component may have a colon in its name: a path that begins at the root decides.
fn source(text: &str) -> Result<(&str, &str)> {
    let parts = text.find(":/").map(|at| (&text[..at], &text[at + 1..])).or_else(|| text.split_once(':'));
    parts.filter(|(name, path)| !name.is_empty() && !path.is_empty() && !path.contains('\0')).ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format!("`{text}` names no file of a component"),
            format!("`{text}` no nombra un archivo de un componente"),
        )
        .hint("for example api:/var/log/app.log", "por ejemplo api:/var/log/app.log")
    })
}

/// The named instance; else the first that is ready, else any that there is: a file may be all that is left of one.
fn choose<'c>(component: &'c Component, wanted: Option<&str>) -> Result<&'c Instance> {
    let instances = &component.instances;
    let chosen = match wanted {
        Some(wanted) => instances.iter().find(|instance| instance.name == wanted),
        None => instances
            .iter()
            .find(|i| i.state == InstanceState::Running)
            .or_else(|| instances.iter().find(|i| i.runs()))
            .or(instances.first()),
    };
    chosen.ok_or_else(|| {
        let name = &component.name;
        let known = instances.iter().map(|i| i.name.as_str()).collect::<Vec<_>>().join(", ");
        match wanted {
            Some(wanted) => Failure::new(
                Exit::Refused,
                format!("`{name}` has no instance `{wanted}`"),
                format!("`{name}` no tiene la instancia `{wanted}`"),
            )
            .hint(format!("there is: {known}"), format!("hay: {known}")),
            None => Failure::new(
                Exit::Refused,
                format!("`{name}` has no instance ({})", component.standing.as_str()),
                format!("`{name}` no tiene instancias ({})", component.standing.text().es),
            )
            .hint(format!("sereno status {name}"), format!("sereno status {name}")),
        }
    })
}

async fn note(context: &Context, store: &Store, kind: &str, mut data: serde_json::Value) -> Result<u64> {
    redact_json(&mut data, &context.redactor());
    let entry = store.append(&context.store_context(), NewEntry::new(kind, data)).await;
    Ok(entry.map_err(|error| store_failure(&error))?.seq)
}

/// Hands the pieces to the sink as they come. What is written is whole only when both have ended well.
async fn copy(
    context: &Context,
    platform: &dyn Platform,
    (component, instance): (&Component, &Instance),
    path: &str,
    sink: &mut Sink,
) -> Result<()> {
    let (to, mut pieces) = mpsc::channel::<Vec<u8>>(WAITING);
    let copying = platform.copy_out(component, instance, path, to);
    let writing = async {
        let mut progress = sink::Progress::new(context.lang);
        while let Some(piece) = pieces.recv().await {
            sink.write(&piece)?;
            progress.at(sink.bytes());
        }
        progress.end();
        Ok::<(), Failure>(())
    };
    let both = async {
        tokio::pin!(copying, writing);
        tokio::select! {
            copied = &mut copying => (Some(copied), writing.await),
            // Where nothing can be written any more, nobody waits for what is still to come.
            written = &mut writing => match written {
                Ok(()) => (Some(copying.await), Ok(())),
                Err(error) => (None, Err(error)),
            },
        }
    };
    let (copied, written): (Option<std::result::Result<(), PlatformError>>, Result<()>) = tokio::select! {
        ended = both => ended,
        () = interrupted() => return Err(Failure::of(
            Exit::Failed,
            Text::new("it was interrupted: nothing was kept", "se interrumpió: no se guardó nada"),
        )),
    };
    written?;
    copied.unwrap_or(Ok(())).map_err(|error| failure(&error))
}

/// Ends when somebody ends this program: then what was begun is taken away, and the journal knows.
async fn interrupted() {
    let listen = |kind| signal(kind).ok();
    let (mut int, mut term, mut hup) =
        (listen(SignalKind::interrupt()), listen(SignalKind::terminate()), listen(SignalKind::hangup()));
    let one = async |signal: &mut Option<tokio::signal::unix::Signal>| match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    };
    tokio::select! {
        () = one(&mut int) => {}
        () = one(&mut term) => {}
        () = one(&mut hup) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{refuse_credentials, source};

    #[test]
    fn a_component_and_a_path_are_told_apart() {
        for (text, parts) in [
            ("api:/var/log/app.log", Some(("api", "/var/log/app.log"))),
            ("getty:tty1:/etc/x", Some(("getty:tty1", "/etc/x"))),
            ("statefulset/db:/data/a:b", Some(("statefulset/db", "/data/a:b"))),
            ("api:logs/app.log", Some(("api", "logs/app.log"))),
            ("api", None),
            (":/x", None),
            ("api:", None),
        ] {
            assert_eq!(source(text).ok(), parts, "{text}");
        }
    }

    #[test]
    fn files_of_credentials_are_not_copied() {
        for path in [
            "/proc/1/environ",
            "/run/secrets/db",
            "/var/run/x/../secrets//db",
            "/srv/app/.env",
            ".env.production",
            "/etc/shadow",
        ] {
            assert!(refuse_credentials("api", path).is_err(), "{path}");
        }
        for path in ["/var/log/app.log", "/srv/app/.env.example", "/proc/1/status", "environ"] {
            assert!(refuse_credentials("api", path).is_ok(), "{path}");
        }
    }
}
