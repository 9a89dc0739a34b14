//! `sereno approve RUN`: a person's yes to what a run is waiting for.

use crate::cli::{ApproveArgs, Format};
use crate::commands::run::failure;
use crate::commands::runs::find;
use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::render::{self, BOLD, DIM, YELLOW, styled};
use crate::report::{Failure, Result};
use crate::terminal::Terminal;
use crate::walker_ui::is_yes;
use sereno_engine::plan::Approval;
use sereno_engine::run::{Next, RunState};
use sereno_engine::walk::{self, Consent};
use sereno_model::{Lang, Risk, RunId};

pub(crate) async fn approve(context: &Context, args: &ApproveArgs) -> Result<Exit> {
    let store = context.store().await?;
    let who = context.store_context();
    let run = find(context, &store, &args.run).await?;
    let (state, last) = walk::load_state(&store, &who, &run).await.map_err(|e| failure(&e))?;
    let Next::Approve { steps } = state.next() else {
        return Err(Failure::new(
            Exit::Usage,
            format!("run {run} waits for no approval"),
            format!("la ejecución {run} no espera ninguna aprobación"),
        )
        .hint(format!("sereno runs show {run}"), format!("sereno runs show {run}")));
    };
    if let Some(read) = &args.digest
        && !(read.len() >= 12 && state.plan.digest.as_str().starts_with(read.as_str()))
    {
        return Err(Failure::new(
            Exit::Refused,
            format!("run {run} is of the plan {}, not {read}", state.plan.digest.short()),
            format!("la ejecución {run} es del plan {}, no {read}", state.plan.digest.short()),
        ));
    }
    context.refuse_lost_people(&run, &state.plan)?;
    let needs_second = steps.iter().any(|&s| matches!(state.plan.steps[s].approval, Approval::SecondPerson { .. }));
    if !(context.may_approve() || (context.may_operate() && !needs_second)) {
        return Err(Failure::new(
            Exit::Refused,
            format!("{} may not approve", context.person.name),
            format!("{} no puede aprobar", context.person.name),
        )
        .hint(
            "the role `approver` in [[people]] of sereno.toml allows it",
            "lo permite el rol `approver` en [[people]] de sereno.toml",
        ));
    }
    if needs_second && !state.plan.is_of_one_person() && !state.plan.knows_as_approver(&context.person) {
        return Err(Failure::new(
            Exit::Refused,
            format!("the settings knew no approver {} when run {run} was planned", context.person.name),
            format!("la configuración no conocía a {} como aprobador cuando se planeó {run}", context.person.name),
        )
        .hint(
            format!("somebody whom they knew approves it; or sereno runs cancel {run} --reason …, and plan anew"),
            format!("lo aprueba alguien que ya conocía; o sereno runs cancel {run} --reason …, y planee de nuevo"),
        ));
    }
    context.tell_if_runbook_changed(&run, &state.plan);
    show(context, &run, &state, &steps);
    let approval = state.plan.steps[steps[0]].approval.clone();
    let (word, stand_in) = consent(context, args, &run, &state, &approval)?;
    let reason = reason(context, args);
    let outside = context.outside(&store, &who, &state.plan);
    outside.approve(&run, (&state, last), &steps, Consent { reason, word, stand_in }).await.map_err(|e| failure(&e))?;
    if context.format == Format::Json {
        output::line(serde_json::json!({ "approved": run, "steps": steps.iter().map(|s| s + 1).collect::<Vec<_>>() }));
    } else {
        output::say(match context.lang {
            Lang::En => format!("approved; if nobody is waiting for it: sereno runs resume {run}"),
            Lang::Es => format!("aprobado; si nadie la está esperando: sereno runs resume {run}"),
        });
    }
    Ok(Exit::Done)
}

/// The word that was typed, and whether one person stands in for two.
fn consent(
    context: &Context,
    args: &ApproveArgs,
    run: &RunId,
    state: &RunState,
    approval: &Approval,
) -> Result<(Option<String>, bool)> {
    let Approval::SecondPerson { word } = approval else {
        let mut terminal = Terminal::open();
        return match (terminal.as_mut(), args.reason.is_some()) {
            (Some(terminal), _) => {
                let ask = if context.lang == Lang::Es { "¿Aprueba? [s/N] " } else { "Approve? [y/N] " };
                if terminal.ask(ask).is_some_and(|answer| is_yes(&answer)) { Ok((None, false)) } else { Err(no(run)) }
            }
            (None, true) => Ok((None, false)),
            (None, false) => Err(Failure::new(
                Exit::Usage,
                "without a terminal an approval needs --reason",
                "sin terminal una aprobación necesita --reason",
            )),
        };
    };
    let same = state.started_by.is_same(&context.person);
    if same && !context.alone() {
        return Err(Failure::new(
            Exit::Refused,
            format!("{} started run {run}: somebody else must approve it", context.person.name),
            format!("{} inició la ejecución {run}: la debe aprobar otra persona", context.person.name),
        ));
    }
    if same {
        // One person cannot be two by an argument: the pause and the typing happen at a terminal.
        let Some(mut terminal) = Terminal::open() else {
            return Err(Failure::new(
                Exit::Refused,
                "with one person configured, the word is typed at a terminal, after a pause",
                "con una sola persona configurada, la palabra se escribe en una terminal, después de una pausa",
            ));
        };
        terminal.pause(
            context.pause(),
            if context.lang == Lang::Es { "lea los comandos una vez más:" } else { "read the commands once more:" },
        );
        return if typed(context, &mut terminal, word) { Ok((Some(word.clone()), true)) } else { Err(no(run)) };
    }
    match (&args.word, Terminal::open()) {
        (Some(given), _) if given == word => Ok((Some(word.clone()), false)),
        (Some(given), _) => Err(Failure::new(
            Exit::Refused,
            format!("the word is {word}, not {given}"),
            format!("la palabra es {word}, no {given}"),
        )),
        (None, Some(mut terminal)) => {
            if typed(context, &mut terminal, word) {
                Ok((Some(word.clone()), false))
            } else {
                Err(no(run))
            }
        }
        (None, None) => Err(Failure::new(
            Exit::Usage,
            format!("without a terminal the word is given with --word {word}"),
            format!("sin terminal la palabra se da con --word {word}"),
        )),
    }
}

fn typed(context: &Context, terminal: &mut Terminal, word: &str) -> bool {
    let ask = match context.lang {
        Lang::En => format!("Type {word} to approve: "),
        Lang::Es => format!("Escriba {word} para aprobar: "),
    };
    terminal.ask(&ask).is_some_and(|answer| answer.trim() == word)
}

fn reason(context: &Context, args: &ApproveArgs) -> String {
    args.reason.clone().unwrap_or_else(|| {
        let ask = if context.lang == Lang::Es { "Por qué (para la bitácora): " } else { "Why (for the journal): " };
        Terminal::open().and_then(|mut terminal| terminal.ask(ask)).unwrap_or_default()
    })
}

fn no(run: &RunId) -> Failure {
    Failure::new(Exit::Refused, format!("run {run} was not approved"), format!("la ejecución {run} no se aprobó"))
}

fn show(context: &Context, run: &RunId, state: &RunState, steps: &[usize]) {
    let digest = state.plan.digest.short();
    output::say(match context.lang {
        Lang::En => format!(
            "run {run} of {}, started by {} · plan {digest}",
            styled(BOLD, &state.plan.title),
            state.started_by.name
        ),
        Lang::Es => format!(
            "ejecución {run} de {}, iniciada por {} · plan {digest}",
            styled(BOLD, &state.plan.title),
            state.started_by.name
        ),
    });
    for &index in steps {
        let step = &state.plan.steps[index];
        let risk = styled(render::risk_style(step.risk), render::risk_word(step.risk, context.lang));
        output::say(format!("  {:>2}. {risk}  {}", step.number, styled(BOLD, &step.title)));
        for effect in step.effects.iter().filter(|e| e.risk > Risk::Observe) {
            output::say(styled(YELLOW, format!("        {}", effect.text.get(context.lang))));
        }
        for line in step.text.lines() {
            output::say(styled(DIM, format!("        {line}")));
        }
        for line in render::files(step, context.lang) {
            output::say(format!("        {line}"));
        }
    }
}
