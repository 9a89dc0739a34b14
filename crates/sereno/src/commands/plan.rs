//! `sereno plan`: what a run of a procedure would do, without doing it.

use super::proofs::with_proofs;
use crate::cli::{Format, PlanArgs, WithArgs};
use crate::context::{Context, Document};
use crate::exit::Exit;
use crate::output;
use crate::procedures::{self, Chosen};
use crate::render::{self, BOLD, CYAN, DIM, RED, YELLOW, styled};
use crate::report::{Failure, Result};
use sereno_engine::plan::{Action, Approval, Plan, PlanOptions, PlanStep, Recognise, Values, build};
use sereno_engine::walk::redact_json;
use sereno_model::redact::looks_secret;
use sereno_model::{Lang, Risk};
use sereno_runbook::model::Procedure;
use std::collections::BTreeSet;

pub(crate) async fn plan(context: &Context, args: &PlanArgs) -> Result<Exit> {
    let plan = make_proven(context, &args.procedure, &args.with).await?;
    print(context, &plan)?;
    Ok(if plan.missing.is_empty() && plan.refused().next().is_none() { Exit::Done } else { Exit::Refused })
}

/// Prints a plan in the form that was asked for.
pub(crate) fn print(context: &Context, plan: &Plan) -> Result<()> {
    if context.format == Format::Json {
        output::line(format!("{:#}", redacted(context, plan)?));
    } else {
        show(context, plan);
    }
    Ok(())
}

/// The plan as it may be shown: no string in it holds a secret.
fn redacted(context: &Context, plan: &Plan) -> Result<serde_json::Value> {
    let mut value =
        serde_json::to_value(plan).map_err(|error| Failure::new(Exit::Failed, error.to_string(), error.to_string()))?;
    redact_json(&mut value, &context.redactor_for(plan));
    for value in value["values"].as_object_mut().into_iter().flatten().map(|(_, value)| value) {
        if value["secret"] == true {
            value["value"] = "[redacted]".into();
        }
    }
    Ok(value)
}

/// The plan of the procedure that a query names.
pub(crate) fn make(context: &Context, query: &str, with: &WithArgs) -> Result<(Chosen, Plan)> {
    let documents = procedures::documents(context, with.runbook.as_ref())?;
    let chosen = procedures::choose(documents, query)?;
    let plan = of_procedure(context, &chosen.document, chosen.procedure(), Vec::new(), with, None)?;
    Ok((chosen, plan))
}

/// The same, with the proofs of the commands that are operations.
pub(crate) async fn make_proven(context: &Context, query: &str, with: &WithArgs) -> Result<Plan> {
    let documents = procedures::documents(context, with.runbook.as_ref())?;
    let chosen = procedures::choose(documents, query)?;
    let (document, procedure) = (&chosen.document, chosen.procedure());
    with_proofs(context, |recognise| of_procedure(context, document, procedure, Vec::new(), with, recognise)).await
}

/// The plan of a procedure of a document; `carried` are variables that the procedure itself does not set.
pub(crate) fn of_procedure(
    context: &Context,
    document: &Document,
    procedure: &Procedure,
    carried: Vec<String>,
    with: &WithArgs,
    recognise: Option<&Recognise<'_>>,
) -> Result<Plan> {
    let values = context.values(&with.params, &procedure.id)?;
    let options = PlanOptions {
        knowledge: &context.knowledge,
        policy: context.policy(&procedure.id),
        carried,
        choices: with.options.clone(),
        only: steps(with.steps.as_deref())?,
        follow_seconds: context.follow_seconds(),
        is_secret: looks_secret,
        directory: &context.directory,
        values: &values,
        people: &context.people,
        recognise,
    };
    let plan = build(&document.runbook, &document.place, procedure, &options)
        .map_err(|error| Failure::of(Exit::Usage, error.text()))?;
    refuse_unknown(&values, &plan, procedure)?;
    Ok(plan)
}

/// A value on the command line that no step of the procedure takes is a slip of the finger: the value that was meant
/// would come from somewhere else.
fn refuse_unknown(values: &Values, plan: &Plan, procedure: &Procedure) -> Result<()> {
    let needed = procedure.steps.iter().flat_map(|step| &step.needs);
    let known: BTreeSet<&String> =
        plan.values.keys().chain(plan.missing.iter().map(|m| &m.name)).chain(needed).collect();
    let known: Vec<String> = known.into_iter().cloned().collect();
    let Some(unknown) = values.unused(&known).next() else { return Ok(()) };
    let failure = Failure::new(
        Exit::Usage,
        format!("no step of `{}` takes a value `{unknown}`", plan.procedure),
        format!("ningún paso de `{}` toma un valor `{unknown}`", plan.procedure),
    );
    let near = known.iter().map(|name| (strsim::damerau_levenshtein(name, unknown), name)).min();
    Err(match near {
        None => failure,
        Some((distance, name)) if distance <= 3 => {
            failure.hint(format!("did you mean `{name}`?"), format!("¿quiso decir `{name}`?"))
        }
        Some(_) => failure.hint(format!("it takes: {}", known.join(", ")), format!("toma: {}", known.join(", "))),
    })
}

/// `1,3-5` as numbers.
fn steps(text: Option<&str>) -> Result<BTreeSet<usize>> {
    let mut numbers = BTreeSet::new();
    for part in text.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        match (from.trim().parse::<usize>(), to.trim().parse::<usize>()) {
            (Ok(from), Ok(to)) if from >= 1 && from <= to && to < 100_000 => numbers.extend(from..=to),
            _ => {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("--steps: `{part}` is not a step or a range of steps"),
                    format!("--steps: `{part}` no es un paso ni un rango de pasos"),
                )
                .hint("for example --steps 1,3-5", "por ejemplo --steps 1,3-5"));
            }
        }
    }
    Ok(numbers)
}

/// Prints a plan for a person, secrets redacted.
pub(crate) fn show(context: &Context, plan: &Plan) {
    let lang = context.lang;
    let redactor = context.redactor_for(plan);
    let t = |en: &'static str, es: &'static str| if lang == Lang::Es { es } else { en };
    output::line(format!(
        "{}  {}",
        styled(BOLD, &plan.title),
        styled(DIM, format!("{} · {}", plan.place(), plan.procedure))
    ));
    for step in &plan.steps {
        show_step(context, step, &redactor);
    }
    output::line("");
    for (name, value) in &plan.values {
        let shown = if value.secret {
            "[redacted]".to_owned()
        } else {
            redactor.redact(&value.value).escape_debug().to_string()
        };
        output::line(format!("  {name} = {shown}  {}", styled(DIM, format!("({:?})", value.origin).to_lowercase())));
    }
    for missing in &plan.missing {
        let what = match &missing.problem {
            Some(problem) => problem.get(lang).to_owned(),
            None => format!("{} -p '{}=…'", t("needs a value:", "necesita un valor:"), missing.name),
        };
        output::line(styled(RED, format!("  {} {}: {} — {what}", t("step", "paso"), missing.step, missing.text)));
    }
    for (_, options) in plan.open_choices() {
        let names: Vec<_> = options.iter().map(|(n, title)| format!("{n} ({title})")).collect();
        output::line(styled(YELLOW, format!("  --option N: {}", names.join(", "))));
    }
    approvals(context, plan);
    output::line(format!(
        "{}: {}   {}: {}",
        t("risk", "riesgo"),
        styled(render::risk_style(plan.risk), render::risk_word(plan.risk, lang)),
        t("digest", "huella"),
        plan.digest.short()
    ));
}

fn show_step(context: &Context, step: &PlanStep, redactor: &sereno_model::redact::Redactor) {
    let lang = context.lang;
    let word = styled(render::risk_style(step.risk), format!("{:<13}", render::risk_word(step.risk, lang)));
    let verifies = match (step.verifies, lang) {
        (false, _) => "",
        (true, Lang::En) => "  ✓ verifies",
        (true, Lang::Es) => "  ✓ verifica",
    };
    output::line(format!(
        "{:>3}. {word} {}{}",
        step.number,
        styled(BOLD, redactor.redact(&step.title)),
        styled(CYAN, verifies)
    ));
    if let Some(condition) = &step.condition {
        output::line(styled(DIM, format!("     {}", redactor.redact(condition))));
    }
    let text = redactor.redact(&step.text);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let mark = if step.action.executes() { "$" } else { " " };
        output::line(styled(DIM, format!("     {mark} {line}")));
    }
    for known in &step.known_as {
        output::line(format!("       = sereno {}", redactor.redact(known)));
    }
    if step.action.executes() {
        for effect in step.effects.iter().filter(|e| e.risk > Risk::Observe) {
            output::line(format!("       → {}", render::visible(&redactor.redact(effect.text.get(lang)))));
        }
    }
    for line in render::files(step, lang) {
        output::line(format!("       {}", redactor.redact(&line)));
    }
    if let Some(expects) = &step.expects {
        output::line(styled(
            DIM,
            format!("       {} {}", if lang == Lang::Es { "se espera:" } else { "expects:" }, redactor.redact(expects)),
        ));
    }
    let note = match (&step.action, lang) {
        (Action::Run, _) => None,
        (Action::Follow { seconds }, Lang::En) => Some(format!("does not end by itself: followed for {seconds} s")),
        (Action::Follow { seconds }, Lang::Es) => Some(format!("no termina por sí solo: se sigue {seconds} s")),
        (Action::Terminal, Lang::En) => Some("gets the terminal; refused where there is none".to_owned()),
        (Action::Terminal, Lang::Es) => Some("recibe la terminal; se rechaza donde no la hay".to_owned()),
        (Action::Person { why }, Lang::En) => Some(format!("a person's: {}", why.en)),
        (Action::Person { why }, Lang::Es) => Some(format!("de una persona: {}", why.es)),
        (Action::Skip { why }, Lang::En) => Some(format!("left out: {}", why.en)),
        (Action::Skip { why }, Lang::Es) => Some(format!("se omite: {}", why.es)),
        (Action::Refuse { why }, Lang::En) => Some(format!("REFUSED: {}", why.en)),
        (Action::Refuse { why }, Lang::Es) => Some(format!("RECHAZADO: {}", why.es)),
    };
    if let Some(note) = note {
        output::line(styled(YELLOW, format!("       {}", redactor.redact(&note))));
    }
}

/// The approvals that will be asked, as one line for each kind.
fn approvals(context: &Context, plan: &Plan) {
    let numbers = |wanted: fn(&Approval) -> bool| {
        let all: Vec<_> = plan.steps.iter().filter(|s| wanted(&s.approval)).map(|s| s.number.to_string()).collect();
        (!all.is_empty()).then(|| all.join(", "))
    };
    let spanish = context.lang == Lang::Es;
    if let Some(steps) = numbers(|a| *a == Approval::Operator) {
        output::line(if spanish {
            format!("  pide el sí de quien opera: pasos {steps}")
        } else {
            format!("  asks for the operator's yes: steps {steps}")
        });
    }
    if let Some(steps) = numbers(|a| *a == Approval::ReadRaw) {
        output::line(if spanish {
            format!("  pide un sí después de leer el comando: pasos {steps}")
        } else {
            format!("  asks for a yes after reading the raw command: steps {steps}")
        });
    }
    if let Some(steps) = numbers(|a| matches!(a, Approval::SecondPerson { .. })) {
        let word = plan.steps.iter().find_map(|s| match &s.approval {
            Approval::SecondPerson { word } => Some(word.clone()),
            _ => None,
        });
        let word = word.unwrap_or_default();
        output::line(if spanish {
            format!("  pide el sí de una segunda persona y la palabra {word}: pasos {steps}")
        } else {
            format!("  asks for a second person's yes and the word {word}: steps {steps}")
        });
    }
}
