//! `sereno run`: walks a procedure, step by step, on the live system.

use crate::cli::{Format, HowArgs, RunArgs, WithArgs};
use crate::commands::plan;
use crate::commands::proofs::has_own;
use crate::context::{Context, store_failure};
use crate::exit::Exit;
use crate::output;
use crate::render::{DIM, styled};
use crate::report::{Failure, Result, unusable};
use crate::terminal::Terminal;
use crate::walker_ui::{Manners, WalkerUi};
use sereno_engine::plan::Plan;
use sereno_engine::run::{Decision, Ending, RunState};
use sereno_engine::session;
use sereno_engine::walk::{self, Came, EngineError, Walk, Walker};
use sereno_model::redact::{Redactor, looks_secret};
use sereno_model::{Lang, RunId};
use sereno_store::Store;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) async fn run(context: &Context, args: &RunArgs) -> Result<Exit> {
    let with = ask_missing(context, &args.procedure, &args.with)?;
    let plan = plan::make_proven(context, &args.procedure, &with).await?;
    refuse_unready(context, &plan)?;
    begin(context, &plan, &args.how, None).await
}

/// Starts a run of a plan and walks it.
pub(crate) async fn begin(context: &Context, plan: &Plan, how: &HowArgs, undoes: Option<RunId>) -> Result<Exit> {
    walked(context, plan, how, undoes).await.map(|(exit, _)| exit)
}

/// The same, with where the run stands afterwards.
pub(crate) async fn walked(
    context: &Context,
    plan: &Plan,
    how: &HowArgs,
    undoes: Option<RunId>,
) -> Result<(Exit, RunState)> {
    let store = context.store().await?;
    let run = new_run_id()?;
    let redactor = context.redactor_for(plan);
    let store_context = context.store_context();
    let mut walk = walking(context, &store, &store_context, redactor, how)?;
    prepare_for(context, plan, &mut walk)?;
    walk::start(&walk, &run, plan, undoes.clone()).await.map_err(|e| failure(&e))?;
    if context.format == Format::Json {
        output::event(
            serde_json::json!({ "event": "run.planned", "run": run, "procedure": plan.procedure, "digest": plan.digest }),
        );
    } else {
        output::say(match context.lang {
            Lang::En => format!("run {run} · {} · plan {}", plan.title, plan.digest.short()),
            Lang::Es => format!("ejecución {run} · {} · plan {}", plan.title, plan.digest.short()),
        });
    }
    let mut ui = WalkerUi::new(manners(context, how), run.clone());
    let mut walker = Walker::take(&walk, &mut ui, run.clone()).await.map_err(|e| failure(&e))?;
    let came = walker.walk().await.map_err(|e| interrupted(&run, &e))?;
    let state = walker.state().clone();
    drop(walker);
    Ok((finish(context, &store, &run, came, undoes.is_some()).await?, state))
}

/// Takes a run up where it stands.
pub(crate) async fn resume(
    context: &Context,
    run: &RunId,
    decision: Option<(Decision, String)>,
    how: &HowArgs,
) -> Result<Exit> {
    let store = context.store().await?;
    let store_context = context.store_context();
    let state = walk::load(&store, &store_context, run).await.map_err(|e| failure(&e))?;
    context.refuse_lost_people(run, &state.plan)?;
    let exact = walk::RunDir::new(&context.state_dir, run).read_plan().ok();
    let redactor = context.redactor_for(exact.as_ref().unwrap_or(&state.plan));
    let mut walk = walking(context, &store, &store_context, redactor, how)?;
    prepare_for(context, &state.plan, &mut walk)?;
    let mut ui = WalkerUi::new(manners(context, how), run.clone());
    let mut walker = Walker::take(&walk, &mut ui, run.clone()).await.map_err(|e| failure(&e))?;
    if walker.state().ended.is_some() {
        drop(walker);
        return Err(Failure::new(
            Exit::Usage,
            format!("run {run} has ended"),
            format!("la ejecución {run} ya terminó"),
        )
        .hint(format!("sereno runs show {run}"), format!("sereno runs show {run}")));
    }
    context.tell_if_runbook_changed(run, &state.plan);
    walker.resumed().await.map_err(|e| failure(&e))?;
    if let Some((decision, reason)) = decision {
        walker.decide(decision, reason).await.map_err(|e| failure(&e))?;
    }
    let came = walker.walk().await.map_err(|e| interrupted(run, &e))?;
    drop(walker);
    finish(context, &store, run, came, state.undoes.is_some()).await
}

/// What a walk needs, from the context.
pub(crate) fn walking<'a>(
    context: &Context,
    store: &'a Store,
    store_context: &'a sereno_store::Context,
    redactor: Redactor,
    how: &HowArgs,
) -> Result<Walk<'a>> {
    // The very program that runs now, even if its file is replaced by an upgrade in the middle of a run.
    let runner = PathBuf::from("/proc/self/exe");
    Ok(Walk {
        store,
        context: store_context,
        person: context.person.clone(),
        state_dir: context.state_dir.clone(),
        cwd: context.directory.clone(),
        env: std::env::vars_os().collect(),
        own_env: Vec::new(),
        redactor,
        runner,
        timeout: timeout(how.timeout.as_deref())?.or(context.step_timeout()),
        lock_lease: context.lock_lease(),
    })
}

/// An operation's steps are commands of this very program, whatever else is called `sereno` on the path.
fn prepare_for(context: &Context, plan: &Plan, walk: &mut Walk<'_>) -> Result<()> {
    if plan.operation().is_none() && !has_own(plan) {
        return Ok(());
    }
    let bin = context.state_dir.join("bin");
    let linked = || -> std::io::Result<()> {
        let program = std::env::current_exe()?;
        std::fs::create_dir_all(&bin)?;
        let fresh = bin.join(format!("sereno.{}", std::process::id()));
        std::os::unix::fs::symlink(program, &fresh)?;
        std::fs::rename(&fresh, bin.join("sereno"))
    };
    linked().map_err(|error| unusable(Exit::Failed, &bin, &error))?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(bin.clone()).chain(std::env::split_paths(&path)));
    let path = path.map_err(|_| {
        let bin = bin.display();
        Failure::new(
            Exit::Usage,
            format!("{bin} cannot stand in PATH: it holds a colon"),
            format!("{bin} no puede estar en PATH: tiene dos puntos"),
        )
    })?;
    // A function of that name would stand before any path.
    let mut env = walk.env.clone();
    env.retain(|(name, _)| {
        let name = name.to_string_lossy();
        name != "PATH" && !name.starts_with("SERENO_") && !name.starts_with("BASH_FUNC_")
    });
    env.push(("PATH".into(), path));
    env.push(("SERENO_LANG".into(), if context.lang == Lang::Es { "es" } else { "en" }.into()));
    env.extend(context.settings_file.clone().map(|file| ("SERENO_SETTINGS".into(), file.into_os_string())));
    walk.own_env = env;
    Ok(())
}

pub(crate) fn manners(context: &Context, how: &HowArgs) -> Manners {
    Manners {
        lang: context.lang,
        yes: how.yes,
        reason: how.reason.clone(),
        wait: how.wait,
        skip_manual: how.skip_manual,
        json: context.format == Format::Json,
        alone: context.alone(),
        pause: context.pause(),
        person: context.person.clone(),
        may_operate: context.may_operate(),
        may_approve: context.may_approve(),
    }
}

/// Says where the run stands, prints the head of the journal, and tells what the exit code means.
async fn finish(context: &Context, store: &Store, run: &RunId, came: Came, undoes: bool) -> Result<Exit> {
    let head = store.head(&context.store_context()).await.map_err(|e| store_failure(&e))?;
    if context.format == Format::Json {
        output::event(serde_json::json!({ "event": "head", "seq": head.seq, "hash": head.hash }));
    } else {
        let word = if context.lang == Lang::Es { "bitácora" } else { "journal" };
        output::say(styled(DIM, format!("{word} {}:{}", head.seq, head.hash)));
    }
    if undoes && matches!(came, Came::WaitsForPerson | Came::Unknown | Came::Ended(Ending::Failed)) {
        context.warn(
            "the undo stopped half-way: what it was to take back is partly there. A person must look before anything else",
            "el deshacer quedó a medias: lo que debía deshacer sigue en parte. Una persona debe mirar antes que nada",
        );
    }
    let (exit, en, es) = match came {
        Came::Ended(Ending::Verified | Ending::Done) => return Ok(Exit::Done),
        Came::Ended(Ending::Cancelled) => return Ok(Exit::Refused),
        Came::Ended(Ending::Failed) => (
            Exit::Failed,
            format!("sereno runs show {run} --output tells what each step said"),
            format!("sereno runs show {run} --output muestra lo que dijo cada paso"),
        ),
        Came::WaitsForApproval => (
            Exit::Waiting,
            format!("it waits for an approval: sereno approve {run}, then sereno runs resume {run}"),
            format!("espera una aprobación: sereno approve {run}, y después sereno runs resume {run}"),
        ),
        Came::WaitsForPerson => (
            Exit::Failed,
            format!("it stands here: sereno runs resume {run} with --retry, --skip or --done, and a reason"),
            format!("quedó aquí: sereno runs resume {run} con --retry, --skip o --done, y un motivo"),
        ),
        Came::Unknown => (
            Exit::Unknown,
            format!(
                "nobody can tell how the step ended; look at the system, then sereno runs resume {run} with --retry, --skip or --done"
            ),
            format!(
                "nadie puede decir cómo terminó el paso; mire el sistema y después sereno runs resume {run} con --retry, --skip o --done"
            ),
        ),
    };
    context.hint(&en, &es);
    Ok(exit)
}

/// Asks at the terminal for the values that a plan lacks.
fn ask_missing(context: &Context, query: &str, with: &WithArgs) -> Result<WithArgs> {
    let mut with = WithArgs {
        runbook: with.runbook.clone(),
        params: with.params.clone(),
        options: with.options.clone(),
        steps: with.steps.clone(),
    };
    let Some(mut terminal) = (context.format == Format::Text).then(Terminal::open).flatten() else { return Ok(with) };
    let (_, plan) = plan::make(context, query, &with)?;
    if plan.missing.is_empty() && plan.open_choices().is_empty() {
        return Ok(with);
    }
    plan::show(context, &plan);
    for options in plan.open_choices().values() {
        let names: Vec<_> = options.iter().map(|(n, title)| format!("{n}) {title}")).collect();
        let ask = match context.lang {
            Lang::En => format!("Which? {} ", names.join("  ")),
            Lang::Es => format!("¿Cuál? {} ", names.join("  ")),
        };
        match terminal.ask(&ask).and_then(|answer| answer.trim().parse().ok()) {
            Some(number) => with.options.push(number),
            None => break, // Without a choice none of them runs; the plan says so.
        }
    }
    let (_, plan) = plan::make(context, query, &with)?;
    let mut asked = std::collections::BTreeSet::new();
    for missing in plan.missing.iter().filter(|m| m.problem.is_none()) {
        if !asked.insert(missing.name.clone()) {
            continue;
        }
        let ask = format!("{} ({}) = ", missing.name, missing.text);
        let answer = if looks_secret(&missing.name) { terminal.ask_secret(&ask) } else { terminal.ask(&ask) };
        if let Some(value) = answer.filter(|value| !value.is_empty()) {
            with.params.push(format!("{}={value}", missing.name));
        }
    }
    Ok(with)
}

/// A run starts only when all of its plan is known.
pub(crate) fn refuse_unready(context: &Context, plan: &Plan) -> Result<()> {
    let refused = plan.refused().next().is_some();
    if plan.missing.is_empty() && !refused && plan.has_work() {
        return Ok(());
    }
    if context.format == Format::Text {
        plan::show(context, plan);
    }
    let mut names: Vec<_> = plan.missing.iter().map(|m| m.name.clone()).collect();
    names.dedup();
    Err(if !names.is_empty() {
        Failure::new(
            Exit::Refused,
            format!("these values are missing: {}", names.join(", ")),
            format!("faltan estos valores: {}", names.join(", ")),
        )
        .hint(
            format!("give them with -p '{}=…', or in [values] of sereno.toml; or choose steps with --steps", names[0]),
            format!("páselos con -p '{}=…', o en [values] de sereno.toml; o elija pasos con --steps", names[0]),
        )
    } else if refused {
        Failure::new(Exit::Refused, "some steps are refused; see above", "algunos pasos se rechazan; mire arriba")
            .hint("leave them out with --steps", "déjelos fuera con --steps")
    } else {
        Failure::new(Exit::Refused, "nothing in this plan would run", "nada de este plan se ejecutaría")
            .hint("choose with --option or --steps", "elija con --option o --steps")
    })
}

/// `90s`, `10m`, `2h`, or seconds.
fn timeout(text: Option<&str>) -> Result<Option<Duration>> {
    let Some(text) = text else { return Ok(None) };
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let seconds = match unit {
        "" | "s" => Some(1),
        "m" | "min" => Some(60),
        "h" => Some(3600),
        _ => None,
    };
    match (number.parse::<u64>().ok(), seconds) {
        (Some(number), Some(seconds)) if number > 0 => Ok(Some(Duration::from_secs(number.saturating_mul(seconds)))),
        _ => Err(Failure::new(
            Exit::Usage,
            format!("--timeout: `{text}` is not a time"),
            format!("--timeout: `{text}` no es un tiempo"),
        )
        .hint("for example 90s, 10m or 2h", "por ejemplo 90s, 10m o 2h")),
    }
}

fn new_run_id() -> Result<RunId> {
    let mut bytes = [0_u8; 16];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()).map_err(|error| {
        Failure::new(Exit::Failed, format!("no randomness: {error}"), format!("no hay aleatoriedad: {error}"))
    })?;
    Ok(RunId::from_random(bytes))
}

/// An engine's error as a failure of the command.
pub(crate) fn failure(error: &EngineError) -> Failure {
    match error {
        EngineError::Store(error) => store_failure(error),
        EngineError::WalkedElsewhere(run) => Failure::of(Exit::Refused, error.text()).hint(
            format!("sereno runs show {run} shows where it stands; sereno runs cancel {run} ends it"),
            format!("sereno runs show {run} muestra dónde está; sereno runs cancel {run} la termina"),
        ),
        EngineError::NoSuchRun(_) => {
            Failure::of(Exit::Usage, error.text()).hint("sereno runs list", "sereno runs list")
        }
        EngineError::NothingToDecide(run) => Failure::of(Exit::Usage, error.text()).hint(
            format!("sereno runs resume {run} goes on without a decision"),
            format!("sereno runs resume {run} sigue sin una decisión"),
        ),
        EngineError::PlanGone { run, .. } | EngineError::PlanChanged(run) | EngineError::FolderGone { run, .. } => {
            Failure::of(Exit::Failed, error.text()).hint(
                format!("look at the system; sereno runs cancel {run} --reason … ends the run, then plan anew"),
                format!("mire el sistema; sereno runs cancel {run} --reason … la termina, y después planee de nuevo"),
            )
        }
        EngineError::NotAsPlanned { run, .. } => Failure::of(Exit::Refused, error.text()).hint(
            format!(
                "read what it is now, then plan anew: sereno runs cancel {run} --reason …, and sereno plan. \
                 With the file as it was, sereno runs resume {run} goes on"
            ),
            format!(
                "lea cómo es ahora y planee de nuevo: sereno runs cancel {run} --reason …, y sereno plan. \
                 Con el archivo como era, sereno runs resume {run} sigue"
            ),
        ),
        EngineError::Session(session::SessionError::NoTerminal) => Failure::of(Exit::Refused, error.text()),
        _ => Failure::of(Exit::Failed, error.text()),
    }
}

/// An error in the middle of a run: what it left can be taken up.
fn interrupted(run: &RunId, error: &EngineError) -> Failure {
    let failure = failure(error);
    if failure.hint.is_some() {
        return failure;
    }
    failure.hint(
        format!("nothing is lost: sereno runs resume {run} takes it up"),
        format!("nada se perdió: sereno runs resume {run} la retoma"),
    )
}
