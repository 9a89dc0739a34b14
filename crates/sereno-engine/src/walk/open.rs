//! Runs in the store: beginning one, folding one from its entries, listing them.

use super::secrets::redact_json;
use super::{RunDir, Walk};
use crate::plan::Plan;
use crate::run::{Event, Illegal, Next, RunState, UnreadableEvent, step};
use crate::session::SessionError;
use sereno_model::redact::Redactor;
use sereno_model::{Outcome, RunId, Text};
use sereno_store::{Context, NewEntry, RunUpdate, Store, StoreError};
use std::io;
use std::path::{Path, PathBuf};

/// Why a run could not be walked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Illegal(#[from] Illegal),
    #[error(transparent)]
    Unreadable(#[from] UnreadableEvent),
    #[error("{}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("there is no run {0}")]
    NoSuchRun(RunId),
    #[error("run {0} is being walked by another process")]
    WalkedElsewhere(RunId),
    #[error("the exact plan of run {run} cannot be read")]
    PlanGone {
        run: RunId,
        #[source]
        source: io::Error,
    },
    #[error("the folder {} of run {run} is gone, and with it what its steps left", path.display())]
    FolderGone { run: RunId, path: PathBuf },
    #[error("the plan on disk of run {0} is not the one that was approved")]
    PlanChanged(RunId),
    #[error("step {step} of run {run} is not what was planned: {}", why.en)]
    NotAsPlanned { run: RunId, step: usize, why: Text },
    #[error("run {0} awaits no decision")]
    NothingToDecide(RunId),
    #[error("waiting for run {0} was interrupted; it stands as it was")]
    Interrupted(RunId),
    #[error("run {0} moved on at the same time")]
    MovedOn(RunId),
    #[error("the thread that watched the step is gone")]
    WatcherGone,
}

impl EngineError {
    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }

    /// The error for a person, in both languages.
    pub fn text(&self) -> Text {
        match self {
            Self::Store(error) => error.text(),
            Self::Session(error) => error.text(),
            Self::Illegal(_) | Self::Unreadable(_) | Self::WatcherGone => {
                let en = chain(self);
                Text::new(en.clone(), format!("error interno: {en}"))
            }
            Self::File { path, source } => Text::same(format!("{}: {source}", path.display())),
            Self::NoSuchRun(run) => Text::new(self.to_string(), format!("no existe la ejecución {run}")),
            Self::WalkedElsewhere(run) => {
                Text::new(self.to_string(), format!("otro proceso está llevando la ejecución {run}"))
            }
            Self::PlanGone { run, .. } => {
                Text::new(chain(self), format!("no se puede leer el plan exacto de la ejecución {run}"))
            }
            Self::FolderGone { run, path } => Text::new(
                self.to_string(),
                format!(
                    "la carpeta {} de la ejecución {run} ya no existe, y con ella lo que dejaron sus pasos",
                    path.display()
                ),
            ),
            Self::PlanChanged(run) => {
                Text::new(self.to_string(), format!("el plan en disco de la ejecución {run} no es el que se aprobó"))
            }
            Self::NotAsPlanned { step, why, .. } => Text::new(
                format!("step {step} was not started: {}", why.en),
                format!("el paso {step} no se inició: {}", why.es),
            ),
            Self::NothingToDecide(run) => {
                Text::new(self.to_string(), format!("la ejecución {run} no espera ninguna decisión"))
            }
            Self::MovedOn(run) => Text::new(
                format!("{self}; look at it again"),
                format!("la ejecución {run} avanzó al mismo tiempo; mírela de nuevo"),
            ),
            Self::Interrupted(run) => {
                Text::new(self.to_string(), format!("se interrumpió la espera de {run}; quedó como estaba"))
            }
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

/// Begins a run: its folder and exact plan first, then its first entry.
pub async fn start(walk: &Walk<'_>, run: &RunId, plan: &Plan, undoes: Option<RunId>) -> Result<(), EngineError> {
    walk.context.may(sereno_store::Action::Operate)?;
    let dir = RunDir::new(&walk.state_dir, run);
    dir.create().map_err(|source| EngineError::file(dir.path(), source))?;
    dir.write_plan(plan).map_err(|source| EngineError::file(dir.path(), source))?;
    let event = Event::Planned { plan: Box::new(plan.clone()), by: walk.person.clone(), undoes };
    let (state, _) = step(None, event.clone())?;
    append(walk.store, walk.context, &walk.redactor, (run, 0), &[event], &state).await?;
    Ok(())
}

/// Appends events to a run whose last entry is `last`, all or none. `None` when somebody else appended first.
pub(super) async fn append(
    store: &Store,
    context: &Context,
    redactor: &Redactor,
    (run, last): (&RunId, u64),
    events: &[Event],
    state: &RunState,
) -> Result<Option<u64>, EngineError> {
    let first = last == 0;
    let update = RunUpdate {
        procedure: first.then(|| state.plan.procedure.clone()),
        title: first.then(|| state.plan.title.clone()),
        state: Some(state_word(state).to_owned()),
        risk: first.then(|| state.plan.risk.as_str().to_owned()),
        finished: state.ended.is_some().then_some(true),
    };
    let mut entries: Vec<_> = events.iter().map(|event| entry(event, run, redactor)).collect();
    // The list of runs shows where a run stands after all of them.
    if let Some(entry) = entries.pop() {
        entries.push(entry.updating(update));
    }
    match store.append_if(context, run, last, entries).await {
        Ok(entries) => {
            for _ in &entries {
                super::fault::after_entry();
            }
            Ok(entries.last().map(|entry| entry.seq))
        }
        Err(StoreError::Conflict { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn entry(event: &Event, run: &RunId, redactor: &Redactor) -> NewEntry {
    let (kind, mut data) = event.clone().into_entry();
    redact_json(&mut data, redactor);
    NewEntry::new(kind, data).of(run)
}

/// One word for where a run stands.
fn state_word(state: &RunState) -> &'static str {
    use crate::run::Ending;
    match state.ended {
        Some(Ending::Verified) => return "verified",
        Some(Ending::Done) => return "done",
        Some(Ending::Failed) => return "failed",
        Some(Ending::Cancelled) => return "cancelled",
        None => {}
    }
    match state.next() {
        Next::Approve { .. } => "waiting-approval",
        Next::Person { step, .. } if state.steps[step].outcome() == Some(Outcome::Unknown) => "unknown",
        Next::Person { .. } => "waiting-person",
        _ => "running",
    }
}

/// Entries that are of a run and change nothing of where it stands: who was shown what.
const BESIDE: &str = "secret.";

/// Folds a run from its entries.
pub async fn load(store: &Store, context: &Context, run: &RunId) -> Result<RunState, EngineError> {
    load_state(store, context, run).await.map(|(state, _)| state)
}

/// Folds a run from its entries; also the number of the last.
pub async fn load_state(store: &Store, context: &Context, run: &RunId) -> Result<(RunState, u64), EngineError> {
    let mut state = None;
    let mut last = 0;
    for entry in store.entries_of(context, run).await? {
        last = entry.seq;
        if entry.kind.starts_with(BESIDE) {
            continue;
        }
        let event = Event::from_entry(&entry.kind, &entry.data)?;
        let (folded, _) = step(state, event)?;
        state = Some(folded);
    }
    state.map(|state| (state, last)).ok_or_else(|| EngineError::NoSuchRun(run.clone()))
}
