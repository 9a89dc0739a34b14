//! `sereno up|down|restart|scale|stop|resume`: an operation's plan, shown and walked like any other.

use crate::cli::{Format, HowArgs};
use crate::commands::run::failure as engine_failure;
use crate::commands::{plan, run};
use crate::context::{Context, store_failure};
use crate::exit::Exit;
use crate::report::{Failure, Result};
use crate::service_args::{ExecArgs, OperationArgs, PutBackArgs, RestartArgs, ScaleArgs, StopArgs, UnstickArgs};
use crate::system::{self, failure};
use crate::terminal::Terminal;
use sereno_engine::plan::{Plan, of_operation};
use sereno_engine::run::{RunState, StepState};
use sereno_engine::walk;
use sereno_model::{RunId, Text};
use sereno_operations::service::{self, Request, Seen};
use sereno_platform::Platform;
use sereno_store::{RunFilter, Store};

pub(crate) async fn up(context: &Context, args: &StopArgs) -> Result<Exit> {
    let request = Request::Up { components: args.components.clone() };
    carry_out(context, &request, &args.operation).await
}

pub(crate) async fn down(context: &Context, args: &StopArgs) -> Result<Exit> {
    let request = Request::Down { components: args.components.clone() };
    carry_out(context, &request, &args.operation).await
}

pub(crate) async fn restart(context: &Context, args: &RestartArgs) -> Result<Exit> {
    let request = Request::Restart { component: args.component.clone() };
    carry_out(context, &request, &args.operation).await
}

pub(crate) async fn scale(context: &Context, args: &ScaleArgs) -> Result<Exit> {
    let component = args.component.clone();
    let request = match args.replicas {
        Some(replicas) => Request::Scale { component, replicas },
        None => Request::Limit {
            component,
            cpu_millis: args.cpu.as_deref().map(cpu_millis).transpose()?,
            memory: args.memory.as_deref().map(memory).transpose()?,
        },
    };
    carry_out(context, &request, &args.operation).await
}

/// Runs a program inside a component; what it ends with is what this ends with.
pub(crate) async fn exec(context: &Context, args: &ExecArgs) -> Result<Exit> {
    if args.terminal && !args.operation.plan && (context.format == Format::Json || Terminal::open().is_none()) {
        return Err(Failure::new(
            Exit::Usage,
            "-t needs a terminal, and there is none here",
            "-t necesita una terminal, y aquí no la hay",
        ));
    }
    let request = Request::Exec {
        component: args.component.clone(),
        instance: args.instance.clone(),
        argv: args.argv.clone(),
        terminal: args.terminal,
    };
    let plan = make(context, &request, None).await?;
    if args.operation.plan {
        plan::print(context, &plan)?;
        return Ok(Exit::Done);
    }
    let (exit, state) = run::walked(context, &plan, &args.operation.how, None).await?;
    let report = match state.steps.first() {
        Some(StepState::Ended { report, .. }) if matches!(exit, Exit::Done | Exit::Failed) => report,
        _ => return Ok(exit),
    };
    Ok(report.exit_code.and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0).map_or(exit, Exit::Program))
}

pub(crate) async fn stop(context: &Context, args: &StopArgs) -> Result<Exit> {
    let request = Request::Stop { components: args.components.clone() };
    carry_out(context, &request, &args.operation).await
}

pub(crate) async fn unstick(context: &Context, args: &UnstickArgs) -> Result<Exit> {
    let request = Request::Unstick { component: args.component.clone() };
    carry_out(context, &request, &args.operation).await
}

pub(crate) async fn resume(context: &Context, args: &PutBackArgs) -> Result<Exit> {
    let store = context.store().await?;
    let (run, state) = last_stop(context, &store).await?;
    drop(store);
    let operation = state.plan.operation();
    let Some(undo) = operation.and_then(|operation| operation.undo.clone()) else { return Err(no_stop()) };
    let plan = make(context, &read(undo)?, operation.map(|operation| operation.target.as_str())).await?;
    show_or_walk(context, &plan, &args.operation, Some(run)).await
}

/// Takes an operation's run back, by what its own plan says takes it back.
pub(crate) async fn undo(context: &Context, state: &RunState, how: &HowArgs, run: &RunId) -> Result<Exit> {
    let operation = state.plan.operation();
    let undo = operation.and_then(|operation| operation.undo.clone());
    let Some(request) = undo else {
        return Err(Failure::new(
            Exit::Refused,
            format!("nothing takes back `{}`", state.plan.title),
            format!("nada deshace `{}`", state.plan.title),
        ));
    };
    let plan = make(context, &read(request)?, operation.map(|operation| operation.target.as_str())).await?;
    run::begin(context, &plan, how, Some(run.clone())).await
}

pub(super) async fn carry_out(context: &Context, request: &Request, args: &OperationArgs) -> Result<Exit> {
    let plan = make(context, request, None).await?;
    show_or_walk(context, &plan, args, None).await
}

async fn show_or_walk(context: &Context, plan: &Plan, args: &OperationArgs, undoes: Option<RunId>) -> Result<Exit> {
    if args.plan {
        plan::print(context, plan)?;
        return Ok(Exit::Done);
    }
    run::begin(context, plan, &args.how, undoes).await
}

/// The plan of a request; `made_for` is the place of the run that it takes back.
async fn make(context: &Context, request: &Request, made_for: Option<&str>) -> Result<Plan> {
    let platform = system::platform(context).await?;
    let mut seen = Seen::look(platform.as_ref(), request).await.map_err(|error| failure(&error))?;
    if matches!(request, Request::Stop { components } if components.is_empty()) {
        add_page(context, &mut seen, platform.as_ref()).await;
    }
    if let Some(made_for) = made_for.filter(|place| *place != seen.place) {
        let now = &seen.place;
        return Err(Failure::new(
            Exit::Refused,
            format!("that run was on {made_for}, and this is {now}"),
            format!("esa ejecución fue en {made_for}, y esto es {now}"),
        ));
    }
    let spec = service::plan_knowing(request, &seen, platform.as_ref(), context.lang, &context.knowledge);
    let spec = spec.map_err(|error| failure(&error))?;
    // A runbook may have a procedure called `restart`: what may run unattended is named as it is typed.
    Ok(of_operation(spec, &context.policy(&format!("sereno {}", request.name())), &context.people))
}

/// Adds the maintenance page to what an emergency stop sees. One that is not there, or not right, never stands in its way.
async fn add_page(context: &Context, seen: &mut Seen, platform: &dyn Platform) {
    let why = match system::page(context) {
        Ok(Some(page)) => match seen.add_page(&page, platform).await {
            Ok(()) => return,
            Err(error) => error.text(),
        },
        Ok(None) => Text::new(
            "none is set up; [maintenance] in sereno.toml says how",
            "no hay ninguna configurada; [maintenance] en sereno.toml dice cómo",
        ),
        Err(failure) => failure.message,
    };
    context.warn(
        &format!("people will see errors and no maintenance page: {}", why.en),
        &format!("la gente verá errores y no una página de mantenimiento: {}", why.es),
    );
}

/// The newest stop that nothing has put back yet.
async fn last_stop(context: &Context, store: &Store) -> Result<(RunId, RunState)> {
    const FAR_ENOUGH: u64 = 200;
    let who = context.store_context();
    let rows = |name: &str| RunFilter { procedure: Some(name.to_owned()), ..RunFilter::default() };
    let stops = store.runs(&who, &rows("stop"), FAR_ENOUGH).await.map_err(|e| store_failure(&e))?;
    let resumes = store.runs(&who, &rows("resume"), FAR_ENOUGH).await.map_err(|e| store_failure(&e))?;
    let mut put_back = Vec::new();
    for row in resumes.iter().filter(|row| row.state == "verified") {
        put_back.extend(state_of(&who, store, &row.id).await?.1.undoes);
    }
    for row in &stops {
        let (run, state) = state_of(&who, store, &row.id).await?;
        // A runbook may have a procedure of that name.
        if state.plan.operation().is_none() || put_back.contains(&run) || state.changed().is_empty() {
            continue;
        }
        if state.ended.is_none() {
            return Err(Failure::new(
                Exit::Refused,
                format!("the stop {run} has not ended"),
                format!("la parada {run} no terminó"),
            )
            .hint(format!("sereno runs resume {run}"), format!("sereno runs resume {run}")));
        }
        return Ok((run, state));
    }
    Err(no_stop())
}

fn no_stop() -> Failure {
    Failure::new(Exit::Refused, "no stop is there to put back", "no hay ninguna parada que reanudar")
}

pub(super) async fn state_of(who: &sereno_store::Context, store: &Store, id: &str) -> Result<(RunId, RunState)> {
    let run: RunId = id.parse().map_err(|_| {
        Failure::new(Exit::Failed, format!("`{id}` is no id of a run"), format!("`{id}` no es un id de ejecución"))
    })?;
    let state = walk::load(store, who, &run).await.map_err(|e| engine_failure(&e))?;
    Ok((run, state))
}

pub(super) fn read(request: serde_json::Value) -> Result<Request> {
    serde_json::from_value(request).map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("this run's request cannot be read: {error}"),
            format!("no se puede leer lo que pidió esta ejecución: {error}"),
        )
    })
}

/// `0.5`, `2`, `500m`, in thousandths of a processor.
fn cpu_millis(text: &str) -> Result<u64> {
    let millis = match text.strip_suffix('m') {
        Some(number) => number.parse::<u64>().ok(),
        None => text.parse::<f64>().ok().filter(|n| n.is_finite() && *n < 1e6).map(|n| (n * 1000.0).round() as u64),
    };
    millis.filter(|millis| *millis > 0).ok_or_else(|| not_a("--cpu", text, "0.5, 2, 500m"))
}

/// `256M`, `1G`, in bytes: powers of 1024, as docker and Kubernetes' `Mi` mean them.
fn memory(text: &str) -> Result<u64> {
    let letters = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let factor: u64 = match letters.trim_end_matches(['b', 'B', 'i']).to_ascii_lowercase().as_str() {
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return Err(not_a("--memory", text, "256M, 1G")),
    };
    let number = text[..text.len() - letters.len()].parse::<u64>().ok().filter(|number| *number > 0);
    number.and_then(|number| number.checked_mul(factor)).ok_or_else(|| not_a("--memory", text, "256M, 1G"))
}

fn not_a(option: &str, text: &str, examples: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("{option}: `{text}` is not an amount"),
        format!("{option}: `{text}` no es una cantidad"),
    )
    .hint(format!("for example {examples}"), format!("por ejemplo {examples}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, millis) in [("0.5", Some(500)), ("2", Some(2000)), ("250m", Some(250)), ("0", None), ("x", None)] {
            assert_eq!(cpu_millis(text).ok(), millis, "{text}");
        }
        let mib = 1 << 20;
        for (text, bytes) in [
            ("256M", Some(256 * mib)),
            ("256Mi", Some(256 * mib)),
            ("1GB", Some(1024 * mib)),
            ("512k", Some(mib / 2)),
            ("256", None),
            ("0M", None),
            ("99999999999999999999G", None),
            ("M", None),
        ] {
            assert_eq!(memory(text).ok(), bytes, "{text}");
        }
    }
}
