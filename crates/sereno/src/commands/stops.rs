//! What a stop has ended: told from what is down by itself.

use super::operation::{read, state_of};
use crate::context::{Context, store_failure};
use crate::report::Result;
use jiff::Timestamp;
use serde::Serialize;
use sereno_engine::plan::words;
use sereno_engine::run::RunState;
use sereno_model::{Outcome, RunId};
use sereno_operations::service::{Kept, Request};
use sereno_platform::{Component, Instance, InstanceState, Standing};
use sereno_store::{Location, RunFilter, RunRow, Store};
use std::collections::BTreeMap;

/// How many stops are looked through, from the newest.
const FAR_ENOUGH: u64 = 20;

/// The run that stopped a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct StoppedBy {
    pub(crate) run: RunId,
    pub(crate) by: String,
    pub(crate) at: Option<Timestamp>,
}

/// Calls the components stopped that a stop of the journal has ended and nobody has started since, and says by which run.
/// A journal that cannot be read takes nothing away from what is seen: it is told, and they stay down.
pub(crate) async fn mark(context: &Context, components: &mut [Component]) -> BTreeMap<String, StoppedBy> {
    let mut wanted: Vec<&mut Component> = components.iter_mut().filter(|component| may_be_stopped(component)).collect();
    if wanted.is_empty() || !has_journal(context) {
        return BTreeMap::new();
    }
    let names: Vec<String> = wanted.iter().map(|component| component.name.clone()).collect();
    let stops = match stops(context, &names).await {
        Ok(stops) => stops,
        Err(failure) => {
            let message = &failure.message;
            context.warn(
                &format!("what a stop has ended is not told apart: {}", message.en),
                &format!("no se distingue lo que terminó una parada: {}", message.es),
            );
            return BTreeMap::new();
        }
    };
    let mut marked = BTreeMap::new();
    for component in &mut wanted {
        let Some(stop) = stops.iter().find(|stop| stop.names(&component.name)) else { continue };
        if stop.ended(component) {
            component.standing = Standing::Stopped;
            let StopRun { run, row, .. } = stop;
            let by = StoppedBy { run: run.clone(), by: row.started_by.clone(), at: stop.at() };
            marked.insert(component.name.clone(), by);
        }
    }
    marked
}

/// Whether nothing of it runs, as far as that is known.
fn may_be_stopped(component: &Component) -> bool {
    matches!(component.standing, Standing::Down | Standing::Stopped)
        && !component.instances.iter().any(|i| i.is_alive() || i.state == InstanceState::Unknown)
}

/// Whether there is a journal: a look at the system makes none.
fn has_journal(context: &Context) -> bool {
    match context.settings.journal.location.as_deref().map(str::parse) {
        None => context.state_dir.join("journal.db").exists(),
        Some(Ok(Location::Sqlite(path))) => context.directory.join(path).exists(),
        Some(_) => true,
    }
}

/// A stop as the journal has it.
struct StopRun {
    run: RunId,
    row: RunRow,
    state: RunState,
    kept: Vec<Kept>,
    /// A later run has put it back.
    put_back: bool,
}

/// The newest stops, until each of these components is named by one.
async fn stops(context: &Context, components: &[String]) -> Result<Vec<StopRun>> {
    let store = context.store().await?;
    let who = context.store_context();
    let rows = |name: &str| RunFilter { procedure: Some(name.to_owned()), ..RunFilter::default() };
    let mut missing: Vec<&String> = components.iter().collect();
    let mut stops: Vec<StopRun> = Vec::new();
    for row in store.runs(&who, &rows("stop"), FAR_ENOUGH).await.map_err(|e| store_failure(&e))? {
        if missing.is_empty() {
            break;
        }
        let (run, state) = state_of(&who, &store, &row.id).await?;
        // A runbook may have a procedure of that name.
        let Some(undo) = state.plan.operation().and_then(|operation| operation.undo.clone()) else { continue };
        let Request::Resume { kept, .. } = read(undo)? else { continue };
        missing.retain(|name| !kept.iter().any(|kept| kept.component == **name));
        stops.push(StopRun { run, row, state, kept, put_back: false });
    }
    let resumes = store.runs(&who, &rows("resume"), FAR_ENOUGH).await.map_err(|e| store_failure(&e))?;
    tell_put_back(&who, &store, &mut stops, &resumes).await?;
    Ok(stops)
}

async fn tell_put_back(
    who: &sereno_store::Context,
    store: &Store,
    stops: &mut [StopRun],
    resumes: &[RunRow],
) -> Result<()> {
    let Some(oldest) = stops.iter().map(|stop| stop.row.first_seq).min() else { return Ok(()) };
    for row in resumes.iter().filter(|row| row.first_seq > oldest) {
        let (_, state) = state_of(who, store, &row.id).await?;
        if !state.changed().is_empty() {
            let of = |stop: &&mut StopRun| state.undoes.as_ref() == Some(&stop.run);
            stops.iter_mut().filter(of).for_each(|stop| stop.put_back = true);
        }
    }
    Ok(())
}

impl StopRun {
    fn names(&self, component: &str) -> bool {
        self.kept.iter().any(|kept| kept.component == component)
    }

    fn at(&self) -> Option<Timestamp> {
        self.row.finished_at.as_ref().unwrap_or(&self.row.updated_at).parse().ok()
    }

    /// Whether it is this stop that ended the component, and nobody has started it since: what is there are the very
    /// processes that the stop saw and ended. Where the platform keeps nothing of what it ended, and calls it stopped by
    /// itself, the newest stop is what did it unless it was put back.
    fn ended(&self, component: &Component) -> bool {
        let Some(seen) = self.seen(&component.name) else { return false };
        let leaves_a_trace = component.instances.iter().any(|instance| !instance.id.is_empty());
        if component.standing == Standing::Stopped && !leaves_a_trace {
            return !self.put_back;
        }
        leaves_a_trace && component.instances.iter().all(|instance| is_seen(instance, &seen, self.at()))
    }

    /// The marks of the processes that the stop ended; `None` when it did not get so far.
    fn seen(&self, component: &str) -> Option<Vec<&str>> {
        let end = format!(" -- {}", words(&[component.to_owned()]));
        let steps = self.state.plan.steps.iter().zip(&self.state.steps);
        let mut done = steps.filter(|(_, state)| state.outcome() == Some(Outcome::Succeeded));
        done.find_map(|(planned, _)| marks(&planned.text, &end))
    }
}

/// The marks in the command line of a stop's step.
fn marks<'t>(text: &'t str, end: &str) -> Option<Vec<&'t str>> {
    let options = text.strip_prefix("sereno operate stop ")?.strip_suffix(end)?;
    Some(options.split(' ').filter_map(|word| word.strip_prefix("--seen=")).collect())
}

/// Whether an instance is what is left of a process that was seen, not of a later one.
fn is_seen(instance: &Instance, seen: &[&str], at: Option<Timestamp>) -> bool {
    let own = instance.mark();
    let id = own.split('@').next().unwrap_or_default();
    if own.contains('@') {
        // What crashed again and again was seen by its id alone: a process that began after the stop is none of those.
        let began_before = instance.started_at.zip(at).is_some_and(|(began, at)| began <= at);
        return seen.contains(&own.as_str()) || (seen.contains(&id) && began_before);
    }
    // systemd makes such an id anew at each start: it says it alone.
    let is_of_one_start = instance.id.len() == 32 && instance.id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_of_one_start && seen.iter().any(|mark| mark.split('@').next() == Some(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sereno_platform::Limits;

    fn exited(id: &str, started: Option<i64>) -> Instance {
        Instance {
            id: id.to_owned(),
            name: "api_1".to_owned(),
            state: InstanceState::Exited,
            checked: false,
            started_at: started.and_then(|second| Timestamp::from_second(second).ok()),
            restarts: 0,
            last_exit: None,
            why: None,
            usage: None,
            limits: Limits::default(),
        }
    }

    #[test]
    fn the_marks_are_those_of_the_components_own_step() {
        let text =
            "sereno operate stop --on compose:p@A:B --seen=0123@2026-11-26T10:00:00Z --seen=45 --within=120 -- api";
        assert_eq!(marks(text, " -- api"), Some(vec!["0123@2026-11-26T10:00:00Z", "45"]));
        assert_eq!(marks(text, " -- web"), None);
        assert_eq!(marks(&text.replace(" stop ", " await "), " -- api"), None);
    }

    #[test]
    fn a_process_that_began_later_is_none_of_those_that_the_stop_ended() {
        let at = Timestamp::from_second(100).ok();
        let of = |instance: &Instance, seen: &str| is_seen(instance, &[seen], at);
        let container = exited("0123456789abcdef", Some(50));
        let mark = container.mark();
        assert!(of(&container, &mark));
        assert!(!of(&exited("0123456789abcdef", Some(150)), &mark), "started again, and crashed");
        assert!(of(&container, "0123456789ab"), "it crashed again and again when it was stopped");
        assert!(!of(&exited("0123456789abcdef", Some(150)), "0123456789ab"), "and later once more");
        let unit = exited("0123456789abcdef0123456789abcdef", None);
        assert!(of(&unit, "0123456789ab@2026-11-26T10:00:00Z"));
        assert!(!of(&exited("ffff456789abcdef0123456789abcdef", None), "0123456789ab@2026-11-26T10:00:00Z"));
        assert!(!of(&exited("api", None), "api@2026-11-26T10:00:00Z"), "such an id stays when it is started again");
    }
}
