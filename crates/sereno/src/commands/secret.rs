//! `sereno secret reveal|show|close`: reading a credential in an emergency. Neither a plan nor the journal ever holds one:
//! a run opens it to whoever started it, and what it is, is asked of the platform each time that it is shown.

use super::operation::{carry_out, read};
use super::run::failure as engine_failure;
use super::runs::find;
use crate::cli::Format;
use crate::context::{Context, store_failure};
use crate::exit::Exit;
use crate::output;
use crate::report::{Failure, Result, unusable};
use crate::service_args::{RevealArgs, SecretCommand};
use crate::system::{self, failure};
use jiff::Timestamp;
use sereno_engine::run::RunState;
use sereno_engine::walk;
use sereno_model::{Lang, RunId};
use sereno_operations::service::{self, Request};
use sereno_platform::Variable;
use sereno_store::{Entry, NewEntry, Store};
use std::fs::OpenOptions;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The kinds of its entries. They are of a run, and change nothing of where it stands.
pub(crate) const OPENED: &str = "secret.opened";
const SHOWN: &str = "secret.shown";
const CLOSED: &str = "secret.closed";

/// How long a reveal may be open when the settings do not say.
const MOST_MINUTES: u64 = 60;

pub(crate) async fn secret(context: &Context, command: &SecretCommand) -> Result<Exit> {
    match command {
        SecretCommand::Reveal(args) => reveal(context, args).await,
        SecretCommand::Show { run, to } => show(context, run, to.as_deref()).await,
        SecretCommand::Close { run } => close(context, run).await,
    }
}

async fn reveal(context: &Context, args: &RevealArgs) -> Result<Exit> {
    let (of, names) = asked(args)?;
    let reason = args.operation.how.reason.clone().filter(|reason| !reason.trim().is_empty());
    let reason = reason.ok_or_else(|| {
        Failure::new(Exit::Usage, "a credential is read for a reason", "una credencial se lee por un motivo")
            .hint("say it with --reason", "dígalo con --reason")
    })?;
    let most = context.settings.secrets.reveal_minutes.unwrap_or(MOST_MINUTES);
    if u64::from(args.minutes) > most {
        return Err(Failure::new(
            Exit::Refused,
            format!("a reveal is open for {most} minutes at most"),
            format!("una revelación está abierta {most} minutos a lo sumo"),
        )
        .hint("reveal_minutes in [secrets] of sereno.toml", "reveal_minutes en [secrets] de sereno.toml"));
    }
    let request = Request::Reveal { of, names, minutes: args.minutes, reason };
    carry_out(context, &request, &args.operation).await
}

/// `api DB_PASSWORD`, or `secret/api#DB_PASSWORD`.
fn asked(args: &RevealArgs) -> Result<(String, Vec<String>)> {
    let (of, first) = args.of.split_once('#').unzip();
    let names: Vec<String> = first.map(str::to_owned).into_iter().chain(args.names.iter().cloned()).collect();
    if names.is_empty() || names.iter().any(String::is_empty) {
        return Err(Failure::new(Exit::Usage, "what to reveal is not said", "no se dice qué revelar").hint(
            "sereno secret reveal api DB_PASSWORD, or secret/api#DB_PASSWORD",
            "sereno secret reveal api DB_PASSWORD, o secret/api#DB_PASSWORD",
        ));
    }
    Ok((of.unwrap_or(&args.of).to_owned(), names))
}

/// What was opened, and until when.
pub(crate) struct Opened {
    pub(crate) at: Timestamp,
    pub(crate) until: Timestamp,
}

/// The first opening of a run. Its time is what the journal says, and nothing later makes it longer.
pub(crate) fn opened(entries: &[Entry]) -> Option<Opened> {
    let entry = entries.iter().find(|entry| entry.kind == OPENED)?;
    let until = entry.data["until"].as_str()?.parse().ok()?;
    Some(Opened { at: entry.at.parse().ok()?, until })
}

/// An entry of this kind as a line of a run's history.
pub(crate) fn words(entry: &Entry, lang: Lang) -> Option<String> {
    let text = |name: &str| entry.data[name].as_str().unwrap_or_default();
    let names = entry.data["names"].as_array().into_iter().flatten().filter_map(|name| name.as_str());
    let names = names.collect::<Vec<_>>().join(", ");
    let es = lang == Lang::Es;
    Some(match entry.kind.as_str() {
        OPENED if es => format!("abrió {names} de {} hasta {}: {}", text("of"), text("until"), text("reason")),
        OPENED => format!("opened {names} of {} until {}: {}", text("of"), text("until"), text("reason")),
        SHOWN if es => format!("leyó {names} de {} ({})", text("of"), text("to")),
        SHOWN => format!("read {names} of {} ({})", text("of"), text("to")),
        CLOSED => if es { "la cerró" } else { "closed it" }.to_owned(),
        _ => return None,
    })
}

/// A run that reveals, as the journal has it.
struct Reveal {
    run: RunId,
    state: RunState,
    entries: Vec<Entry>,
    of: String,
    names: Vec<String>,
}

async fn load(context: &Context, store: &Store, run: &str) -> Result<Reveal> {
    let who = context.store_context();
    let run = find(context, store, run).await?;
    let state = walk::load(store, &who, &run).await.map_err(|error| engine_failure(&error))?;
    let entries = store.entries_of(&who, &run).await.map_err(|error| store_failure(&error))?;
    let request = state.plan.operation().map(|operation| read(operation.request.clone())).transpose()?;
    let Some(Request::Reveal { of, names, .. }) = request else {
        return Err(Failure::new(
            Exit::Usage,
            format!("run {run} reveals nothing"),
            format!("la ejecución {run} no revela nada"),
        )
        .hint("sereno secret reveal", "sereno secret reveal"));
    };
    Ok(Reveal { run, state, entries, of, names })
}

async fn show(context: &Context, run: &str, to: Option<&Path>) -> Result<Exit> {
    let store = context.store().await?;
    let reveal = load(context, &store, run).await?;
    reveal.must_be_theirs(context)?;
    reveal.must_be_open(Timestamp::now())?;
    if to.is_none() && !std::io::stdout().is_terminal() {
        return Err(Failure::new(
            Exit::Refused,
            "a credential is printed to a terminal only: this goes into a file or another program",
            "una credencial solo se imprime en una terminal: esto va a un archivo o a otro programa",
        )
        .hint(
            "--to FILE makes a file that only you can read",
            "--to ARCHIVO crea un archivo que solo usted puede leer",
        ));
    }
    let platform = system::platform(context).await?;
    reveal.must_be_here(&platform.place().await.map_err(|error| failure(&error))?)?;
    let wanted = service::wanted(platform.as_ref(), &reveal.of, &reveal.names).await;
    let wanted = wanted.map_err(|error| failure(&error))?;
    let mut file = to.map(new_file).transpose()?;
    // The answer may have taken its time.
    reveal.must_be_open(Timestamp::now())?;
    let place = to.map_or_else(|| "terminal".to_owned(), |path| path.display().to_string());
    let data = serde_json::json!({
        "by": context.person, "of": reveal.of, "names": reveal.names, "to": place,
    });
    reveal.note(context, &store, SHOWN, data).await?;
    let text = text_of(&wanted, context.format);
    match (&mut file, to) {
        (Some(file), Some(path)) => {
            file.write_all(text.as_bytes()).map_err(|error| unusable(Exit::Failed, path, &error))?;
        }
        _ => output::data(text),
    }
    Ok(Exit::Done)
}

fn new_file(path: &Path) -> Result<std::fs::File> {
    let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path);
    file.map_err(|error| unusable(Exit::Usage, path, &error))
}

/// One value alone as it is; several with their names.
fn text_of(wanted: &[Variable], format: Format) -> String {
    let value = |variable: &Variable| variable.value.clone().unwrap_or_default();
    // With its place where instances have different ones.
    let is_one = |variable: &Variable| wanted.iter().filter(|other| other.name == variable.name).count() == 1;
    let name = |variable: &Variable| {
        if is_one(variable) { variable.name.clone() } else { format!("{} ({})", variable.name, variable.source) }
    };
    match wanted {
        all if format == Format::Json => {
            let all: serde_json::Map<_, _> = all.iter().map(|one| (name(one), value(one).into())).collect();
            format!("{}\n", serde_json::Value::Object(all))
        }
        [one] => format!("{}\n", value(one)),
        all => {
            let lines: Vec<String> = all.iter().map(|one| format!("{}={}", name(one), value(one))).collect();
            format!("{}\n", lines.join("\n"))
        }
    }
}

async fn close(context: &Context, run: &str) -> Result<Exit> {
    let store = context.store().await?;
    let reveal = load(context, &store, run).await?;
    reveal.must_be_open(Timestamp::now())?;
    reveal.note(context, &store, CLOSED, serde_json::json!({ "by": context.person })).await?;
    output::say(if context.lang == Lang::Es { "cerrada" } else { "closed" });
    Ok(Exit::Done)
}

impl Reveal {
    /// Only who started the run reads it, whoever has approved it.
    fn must_be_theirs(&self, context: &Context) -> Result<()> {
        let (run, starter) = (&self.run, &self.state.started_by);
        if starter.is_same(&context.person) {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Refused,
            format!("run {run} is open to {} only, who started it", starter.name),
            format!("la ejecución {run} solo está abierta para {}, que la inició", starter.name),
        )
        .hint("ask for one of your own: sereno secret reveal", "pida una propia: sereno secret reveal"))
    }

    fn must_be_open(&self, now: Timestamp) -> Result<()> {
        let run = &self.run;
        let refused = |en: String, es: String| Failure::new(Exit::Refused, en, es);
        let Some(Opened { at, until }) = opened(&self.entries) else {
            return Err(refused(format!("run {run} is not open"), format!("la ejecución {run} no está abierta"))
                .hint(format!("sereno runs show {run}"), format!("sereno runs show {run}")));
        };
        let again = "sereno secret reveal";
        if let Some(closed) = self.entries.iter().find(|entry| entry.kind == CLOSED) {
            let by = &closed.actor;
            return Err(refused(format!("{by} has closed run {run}"), format!("{by} cerró la ejecución {run}"))
                .hint(again, again));
        }
        if self.state.cancelled {
            return Err(refused(format!("run {run} was given up"), format!("se abandonó la ejecución {run}"))
                .hint(again, again));
        }
        // A clock that was put back opens nothing again: what the journal has seen is past.
        let newest = self.entries.iter().filter_map(|entry| entry.at.parse::<Timestamp>().ok()).max();
        if newest.map_or(now, |newest| newest.max(now)) >= until || now < at {
            let until = until.strftime("%Y-%m-%d %H:%M:%SZ");
            return Err(refused(
                format!("the time of run {run} is over: it was open until {until}"),
                format!("se terminó el tiempo de la ejecución {run}: estuvo abierta hasta {until}"),
            )
            .hint(again, again));
        }
        Ok(())
    }

    fn must_be_here(&self, place: &str) -> Result<()> {
        let made_for = self.state.plan.operation().map(|operation| operation.target.as_str()).unwrap_or_default();
        if made_for == place {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Refused,
            format!("that run was on {made_for}, and this is {place}"),
            format!("esa ejecución fue en {made_for}, y esto es {place}"),
        ))
    }

    async fn note(&self, context: &Context, store: &Store, kind: &str, mut data: serde_json::Value) -> Result<()> {
        walk::redact_json(&mut data, &context.redactor());
        let entry = NewEntry::new(kind, data).of(&self.run);
        store.append(&context.store_context(), entry).await.map_err(|error| store_failure(&error))?;
        Ok(())
    }
}
