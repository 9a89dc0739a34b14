//! `sereno runs list|show|resume|cancel|undo`.

use crate::cli::{Format, HowArgs, ResumeArgs, RunsCommand, WithArgs};
use crate::commands::proofs::with_proofs;
use crate::commands::run::{self, failure};
use crate::commands::{operation, plan};
use crate::context::{Context, Document, store_failure};
use crate::exit::Exit;
use crate::output;
use crate::render::{self, BOLD, CYAN, DIM, styled};
use crate::report::{Failure, Result};
use crate::walker_ui::WalkerUi;
use sereno_engine::plan::{Recognise, Undoing, takes_back, undo_of};
use sereno_engine::run::{Decision, Event, Next, RunState, StepState};
use sereno_engine::session::StepFiles;
use sereno_engine::walk::{self, RunDir, Walker};
use sereno_model::{Lang, RunId};
use sereno_runbook::model::Procedure;
use sereno_store::{FoundRun, RunFilter, Store};

pub(crate) async fn runs(context: &Context, command: &RunsCommand) -> Result<Exit> {
    match command {
        RunsCommand::List { open, limit } => list(context, *open, *limit).await,
        RunsCommand::Show { run, output } => show(context, run, *output).await,
        RunsCommand::Resume(args) => resume(context, args).await,
        RunsCommand::Cancel { run, reason } => cancel(context, run, reason).await,
        RunsCommand::Undo { run, with, how } => undo(context, run, with, how).await,
    }
}

/// The one run that an id, or the beginning of one, names.
pub(crate) async fn find(context: &Context, store: &Store, text: &str) -> Result<RunId> {
    let found = store.find_run(&context.store_context(), text).await.map_err(|e| store_failure(&e))?;
    match found {
        FoundRun::One(row) => row.id.parse().map_err(|_| none(text)),
        FoundRun::Several(rows) => {
            let ids: Vec<_> = rows.iter().map(|row| row.id.clone()).collect();
            Err(Failure::new(
                Exit::Usage,
                format!("several runs begin with `{text}`"),
                format!("varias ejecuciones empiezan con `{text}`"),
            )
            .hint(ids.join(", "), ids.join(", ")))
        }
        FoundRun::None => Err(none(text)),
    }
}

fn none(text: &str) -> Failure {
    Failure::new(Exit::Usage, format!("there is no run `{text}`"), format!("no existe la ejecución `{text}`"))
        .hint("sereno runs list", "sereno runs list")
}

async fn list(context: &Context, open: bool, limit: u32) -> Result<Exit> {
    let store = context.store().await?;
    let filter = RunFilter { open, ..RunFilter::default() };
    let rows = store.runs(&context.store_context(), &filter, u64::from(limit)).await.map_err(|e| store_failure(&e))?;
    if context.format == Format::Json {
        let all: Vec<_> = rows
            .iter()
            .map(|r| {
                serde_json::json!({
                    "id": r.id, "procedure": r.procedure, "title": r.title, "state": r.state, "risk": r.risk,
                    "started_at": r.started_at, "started_by": r.started_by, "finished_at": r.finished_at,
                })
            })
            .collect();
        output::line(serde_json::Value::Array(all));
        return Ok(Exit::Done);
    }
    for row in &rows {
        let at = row.started_at.get(..16).unwrap_or(&row.started_at).replace('T', " ");
        output::line(format!(
            "{}  {at}  {:<17} {:<12} {}",
            styled(CYAN, &row.id),
            state_word(&row.state, context.lang),
            row.started_by,
            row.title
        ));
    }
    if rows.is_empty() {
        output::say(if context.lang == Lang::Es { "no hay ejecuciones" } else { "there are no runs" });
    }
    Ok(Exit::Done)
}

fn state_word(state: &str, lang: Lang) -> &str {
    match (state, lang) {
        ("verified", Lang::Es) => "verificada",
        ("done", Lang::Es) => "hecha",
        ("failed", Lang::Es) => "falló",
        ("cancelled", Lang::Es) => "cancelada",
        ("running", Lang::Es) => "en curso",
        ("waiting-approval", Lang::En) => "awaits approval",
        ("waiting-approval", Lang::Es) => "espera un sí",
        ("waiting-person", Lang::En) => "awaits a person",
        ("waiting-person", Lang::Es) => "espera a alguien",
        ("unknown", Lang::Es) => "desconocida",
        _ => state,
    }
}

async fn show(context: &Context, run: &str, with_output: bool) -> Result<Exit> {
    let store = context.store().await?;
    let who = context.store_context();
    let run = find(context, &store, run).await?;
    let entries = store.entries_of(&who, &run).await.map_err(|e| store_failure(&e))?;
    if context.format == Format::Json {
        let all: Vec<_> = entries
            .iter()
            .map(|e| serde_json::json!({ "seq": e.seq, "at": e.at, "actor": e.actor, "kind": e.kind, "data": e.data, "hash": e.hash }))
            .collect();
        output::line(serde_json::Value::Array(all));
        return Ok(Exit::Done);
    }
    let state = walk::load(&store, &who, &run).await.map_err(|e| failure(&e))?;
    let word = if let Some(entry) = entries.last().filter(|_| state.ended.is_some()) {
        entry.at.clone()
    } else {
        String::new()
    };
    output::line(format!("{}  {}  {}", styled(BOLD, &run), state.plan.title, styled(DIM, word)));
    output::line(format!("  plan {} · {}", state.plan.digest.short(), state.plan.place()));
    timeline(context, &entries);
    for (index, (planned, step)) in state.plan.steps.iter().zip(&state.steps).enumerate() {
        let word = match step.outcome() {
            Some(outcome) => styled(render::outcome_style(outcome), render::outcome_word(outcome, context.lang)),
            None if matches!(step, StepState::Running { .. }) => "…".to_owned(),
            None => styled(DIM, "—"),
        };
        output::line(format!("  {:>2}. {word}  {}", planned.number, planned.title));
        if with_output && step.attempt() > 0 {
            print_output(context, &run, index, step.attempt());
        }
    }
    next_line(context, &run, &state);
    Ok(Exit::Done)
}

/// Who did what and when, from the journal.
fn timeline(context: &Context, entries: &[sereno_store::Entry]) {
    for entry in entries {
        let at = entry.at.get(11..19).unwrap_or(&entry.at);
        let es = context.lang == Lang::Es;
        if let Some(words) = super::secret::words(entry, context.lang) {
            output::line(styled(DIM, format!("  {at} {}: {words}", entry.actor)));
            continue;
        }
        let words = match Event::from_entry(&entry.kind, &entry.data) {
            Ok(Event::Planned { .. }) => if es { "la planeó" } else { "planned it" }.to_owned(),
            Ok(Event::Consented { steps, reason, .. }) => {
                let numbers: Vec<_> = steps.iter().map(|s| (s + 1).to_string()).collect();
                format!(
                    "{} {} {reason}",
                    if es { "dijo que sí a los pasos" } else { "said yes to steps" },
                    numbers.join(", ")
                )
            }
            Ok(Event::Approved { steps, reason, stand_in, .. }) => {
                let numbers: Vec<_> = steps.iter().map(|s| (s + 1).to_string()).collect();
                let alone = match (stand_in, es) {
                    (true, true) => " (la palabra escrita reemplaza a la segunda persona)",
                    (true, false) => " (the typed word stands in for the second person)",
                    (false, _) => "",
                };
                let verb = if es { "aprobó los pasos" } else { "approved steps" };
                format!("{verb} {}{alone} {reason}", numbers.join(", "))
            }
            Ok(Event::Decided { step, decision, reason, .. }) => {
                format!("{} {}: {decision:?} {reason}", if es { "paso" } else { "step" }, step + 1).to_lowercase()
            }
            Ok(Event::Refused { step, why }) => {
                format!(
                    "{} {}: {}",
                    if es { "no se inició el paso" } else { "did not start step" },
                    step + 1,
                    why.get(context.lang)
                )
            }
            Ok(Event::LockTaken { component, from_run }) if es => {
                format!("tomó el bloqueo de {component} de {from_run}")
            }
            Ok(Event::LockTaken { component, from_run }) => {
                format!("took the lock of {component} over from {from_run}")
            }
            Ok(Event::Cancelled { reason, .. }) => {
                format!("{} {reason}", if es { "la canceló" } else { "cancelled it" })
            }
            Ok(Event::Resumed { .. }) => if es { "la retomó" } else { "took it up" }.to_owned(),
            Ok(_) => continue,
            Err(error) => error.to_string(),
        };
        output::line(styled(DIM, format!("  {at} {}: {words}", entry.actor)));
    }
}

/// More of one line than this is shown as several.
const LONGEST_LINE: usize = 64 * 1024;

fn print_output(context: &Context, run: &RunId, index: usize, attempt: u32) {
    let files = StepFiles::new(RunDir::new(&context.state_dir, run).step(index, attempt));
    // What a program did to the screen it had is not done to the reader's.
    let indented = |text: &mut String, line: &[u8]| {
        let plain = anstream::adapter::strip_bytes(line.strip_suffix(b"\r").unwrap_or(line)).into_vec();
        text.push_str("      ");
        text.push_str(&render::visible(&String::from_utf8_lossy(&plain)));
        text.push('\n');
    };
    let mut begun: Vec<u8> = Vec::new();
    let read = walk::each_output(&files, |bytes| {
        let mut text = String::with_capacity(bytes.len() * 2);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            begun.extend_from_slice(piece);
            if begun.ends_with(b"\n") || begun.len() > LONGEST_LINE {
                indented(&mut text, begun.strip_suffix(b"\n").unwrap_or(&begun));
                begun.clear();
            }
        }
        output::data(text);
    });
    if !begun.is_empty() {
        let mut text = String::new();
        indented(&mut text, &begun);
        output::data(text);
    }
    match (read, context.lang) {
        (Ok(false), _) => {}
        (Ok(true), Lang::En) => output::line(styled(DIM, "      (there was more in the middle than is kept)")),
        (Ok(true), Lang::Es) => output::line(styled(DIM, "      (en el medio hubo más de lo que se guarda)")),
        (Err(error), _) => output::line(styled(DIM, format!("      {error}"))),
    }
}

fn next_line(context: &Context, run: &RunId, state: &RunState) {
    let (en, es) = match state.next() {
        Next::Approve { .. } => (format!("sereno approve {run}"), format!("sereno approve {run}")),
        Next::Person { .. } => (
            format!("sereno runs resume {run} with --retry, --skip or --done, and a reason"),
            format!("sereno runs resume {run} con --retry, --skip o --done, y un motivo"),
        ),
        Next::Nothing => return,
        _ => (format!("sereno runs resume {run}"), format!("sereno runs resume {run}")),
    };
    context.hint(&en, &es);
}

async fn resume(context: &Context, args: &ResumeArgs) -> Result<Exit> {
    let store = context.store().await?;
    let run = find(context, &store, &args.run).await?;
    let decision = [
        (&args.retry, Decision::Retry),
        (&args.skip, Decision::Skip),
        (&args.done, Decision::Done),
        (&args.if_fails, Decision::IfFails),
    ]
    .into_iter()
    .find_map(|(reason, decision)| reason.clone().map(|reason| (decision, reason)));
    run::resume(context, &run, decision, &args.how).await
}

async fn cancel(context: &Context, run: &str, reason: &str) -> Result<Exit> {
    let store = context.store().await?;
    let who = context.store_context();
    let run = find(context, &store, run).await?;
    let how = HowArgs { yes: false, reason: None, wait: false, skip_manual: false, timeout: None };
    let (state, last) = walk::load_state(&store, &who, &run).await.map_err(|e| failure(&e))?;
    if state.ended.is_some() {
        return Err(Failure::new(
            Exit::Usage,
            format!("run {run} has ended"),
            format!("la ejecución {run} ya terminó"),
        ));
    }
    let walking = run::walking(context, &store, &who, context.redactor_for(&state.plan), &how)?;
    let mut ui = WalkerUi::new(run::manners(context, &how), run.clone());
    match Walker::take_to_cancel(&walking, &mut ui, run.clone()).await {
        Ok(mut walker) => {
            walker.cancel(reason.to_owned()).await.map_err(|e| failure(&e))?;
            walker.walk().await.map_err(|e| failure(&e))?;
        }
        Err(walk::EngineError::WalkedElsewhere(_)) => {
            let outside = context.outside(&store, &who, &state.plan);
            outside.cancel(&run, (&state, last), reason.to_owned()).await.map_err(|e| failure(&e))?;
            output::say(if context.lang == Lang::Es {
                "quien la lleva la está terminando"
            } else {
                "whoever walks it is ending it"
            });
        }
        Err(error) => return Err(failure(&error)),
    }
    Ok(Exit::Done)
}

/// Walks what the runbook says to take a run back with, as a run of its own that says what it undoes.
async fn undo(context: &Context, run: &str, with: &WithArgs, how: &HowArgs) -> Result<Exit> {
    let store = context.store().await?;
    let run = find(context, &store, run).await?;
    let state = walk::load(&store, &context.store_context(), &run).await.map_err(|e| failure(&e))?;
    if state.ended.is_none() {
        return Err(Failure::new(
            Exit::Refused,
            format!("run {run} has not ended"),
            format!("la ejecución {run} no ha terminado"),
        )
        .hint(format!("sereno runs cancel {run} --reason …"), format!("sereno runs cancel {run} --reason …")));
    }
    if state.changed().is_empty() {
        return Err(Failure::new(
            Exit::Refused,
            format!("run {run} changed nothing: there is nothing to undo"),
            format!("la ejecución {run} no cambió nada: no hay nada que deshacer"),
        ));
    }
    let Some(runbook) = state.plan.runbook() else {
        return operation::undo(context, &state, how, &run).await;
    };
    let document = match &with.runbook {
        Some(file) => context.documents(std::slice::from_ref(file))?.pop().ok_or_else(|| none(run.as_str()))?,
        None => context.runbook_of(runbook)?,
    };
    let (procedure, carried) = undoing(context, &state, &document)?;
    let make = |recognise: Option<&Recognise<'_>>| {
        plan::of_procedure(context, &document, &procedure, carried.clone(), with, recognise)
    };
    let plan = with_proofs(context, make).await?;
    run::refuse_unready(context, &plan)?;
    run::begin(context, &plan, how, Some(run)).await
}

/// What undoes a run: the procedure's own rollback steps for what really ran, else the rollback procedure that the runbook
/// has for it.
fn undoing(context: &Context, state: &RunState, document: &Document) -> Result<(Procedure, Vec<String>)> {
    let plan = &state.plan;
    let procedures = &document.runbook.procedures;
    let own = procedures.iter().find(|p| p.id == plan.procedure);
    let own_steps = own.filter(|p| p.steps.iter().any(|step| takes_back(p, step)));
    if let Some(own) = own_steps {
        return match undo_of(own, &state.changed(), &context.knowledge) {
            Some(Undoing { procedure, carried }) => Ok((procedure, carried)),
            None => Err(Failure::new(
                Exit::Refused,
                "none of the steps that its rollback takes back ran",
                "no se ejecutó ninguno de los pasos que deshace su rollback",
            )),
        };
    }
    let target = plan.rollback.iter().find_map(|id| procedures.iter().find(|p| p.id == *id));
    target.map(|procedure| (procedure.clone(), Vec::new())).ok_or_else(|| {
        Failure::new(
            Exit::Refused,
            format!("the runbook names no rollback for `{}`", plan.title),
            format!("el runbook no nombra ningún rollback para `{}`", plan.title),
        )
        .hint(
            "`sereno runbook list` shows all procedures: run the one you mean",
            "`sereno runbook list` muestra todos los procedimientos: ejecute el que quiera",
        )
    })
}
