//! `sereno runbook list|show|inspect|coverage`: what was understood of a runbook.

use crate::cli::{Format, RunbookCommand};
use crate::context::{Context, Document};
use crate::coverage::Coverage;
use crate::exit::Exit;
use crate::output;
use crate::render::{self, BOLD, CYAN, DIM, YELLOW, styled};
use crate::report::{Failure, Result};
use sereno_engine::plan::{Found, find_procedure};
use sereno_model::{Lang, Severity};
use sereno_runbook::model::{Incident, Procedure, Runbook, Step};
use std::path::PathBuf;

pub(crate) fn runbook(context: &Context, command: &RunbookCommand) -> Result<Exit> {
    match command {
        RunbookCommand::List(files) => list(context, &files.named()),
        RunbookCommand::Show { file, procedure } => show(context, file.named(), procedure.as_deref()),
        RunbookCommand::Inspect(file) => inspect(context, file.named()),
        RunbookCommand::Coverage(files) => coverage(context, &files.named()),
    }
}

fn one(context: &Context, file: Option<&PathBuf>) -> Result<Document> {
    let files: Vec<PathBuf> = file.into_iter().cloned().collect();
    let mut documents = context.documents(&files)?;
    if documents.len() > 1 {
        let names: Vec<_> = documents.iter().map(|d| d.name.clone()).collect();
        return Err(Failure::new(
            Exit::Usage,
            format!("there are several runbooks: {}", names.join(", ")),
            format!("hay varios runbooks: {}", names.join(", ")),
        )
        .hint("name the one you mean", "nombre el que quiere"));
    }
    documents.pop().ok_or_else(|| Failure::new(Exit::Usage, "no runbook was found", "no se encontró ningún runbook"))
}

fn list(context: &Context, files: &[PathBuf]) -> Result<Exit> {
    let documents = context.documents(files)?;
    if context.format == Format::Json {
        let all: Vec<_> = documents
            .iter()
            .flat_map(|d| {
                d.runbook.procedures.iter().map(|p| {
                    serde_json::json!({
                        "runbook": d.name, "id": p.id, "title": p.title, "role": p.role, "line": p.line,
                        "steps": p.steps.len(),
                    })
                })
            })
            .collect();
        output::line(serde_json::Value::Array(all));
        return Ok(Exit::Done);
    }
    for document in &documents {
        if document.runbook.procedures.is_empty() {
            let name = &document.name;
            context.warn(&format!("{name} has no procedures"), &format!("{name} no tiene procedimientos"));
            context.hint(
                &format!("`sereno check {name}` says what is wrong with it"),
                &format!("`sereno check {name}` dice qué le pasa"),
            );
            continue;
        }
        output::line(styled(BOLD, &document.name));
        let width = document.runbook.procedures.iter().map(|p| p.id.chars().count()).max().unwrap_or(0).min(48);
        for procedure in &document.runbook.procedures {
            let steps = procedure.steps.len();
            output::line(format!(
                "  {}  {:>2} {}  {}",
                styled(CYAN, format!("{:<width$}", procedure.id)),
                steps,
                match context.lang {
                    Lang::En => "steps",
                    Lang::Es => "pasos",
                },
                procedure.title
            ));
        }
    }
    Ok(Exit::Done)
}

fn inspect(context: &Context, file: Option<&PathBuf>) -> Result<Exit> {
    let document = one(context, file)?;
    let Ok(serde_json::Value::Object(mut value)) = serde_json::to_value(&document.runbook) else {
        return Err(Failure::new(
            Exit::Failed,
            "the runbook cannot be written as JSON",
            "el runbook no se puede escribir como JSON",
        ));
    };
    let diagnostics: Vec<_> = document
        .diagnostics
        .iter()
        .map(|d| {
            serde_json::json!({
                "code": d.code, "severity": d.severity, "line": d.line, "column": d.column,
                "message": d.message.get(context.lang), "help": d.help.as_ref().map(|h| h.get(context.lang)),
            })
        })
        .collect();
    value.insert("diagnostics".to_owned(), serde_json::Value::Array(diagnostics));
    match serde_json::to_string_pretty(&value) {
        Ok(text) => output::line(text),
        Err(error) => {
            return Err(Failure::new(Exit::Failed, error.to_string(), error.to_string()));
        }
    }
    Ok(Exit::Done)
}

fn show(context: &Context, file: Option<&PathBuf>, wanted: Option<&str>) -> Result<Exit> {
    let document = one(context, file)?;
    if context.format == Format::Json {
        return inspect(context, file);
    }
    let runbook = &document.runbook;
    if let Some(name) = wanted {
        let Found::One(procedure) = find_procedure(runbook, name) else {
            return Err(crate::procedures::not_one(&document, name));
        };
        show_procedure(context, procedure);
        return Ok(Exit::Done);
    }
    head(context, &document);
    for procedure in &runbook.procedures {
        show_procedure(context, procedure);
    }
    incidents(context, runbook);
    facts(context, runbook);
    let (errors, warnings) = (count(&document, Severity::Error), count(&document, Severity::Warning));
    if errors + warnings > 0 {
        output::say(match context.lang {
            Lang::En => format!("hint: sereno check {} says more about what was hard to read", document.name),
            Lang::Es => format!("pista: sereno check {} dice más sobre lo que costó leer", document.name),
        });
    }
    Ok(Exit::Done)
}

fn count(document: &Document, severity: Severity) -> usize {
    document.diagnostics.iter().filter(|d| d.severity == severity).count()
}

fn head(context: &Context, document: &Document) {
    let runbook = &document.runbook;
    output::line(styled(BOLD, runbook.title.as_deref().unwrap_or(&document.name)));
    let metadata = &runbook.metadata;
    let pairs = [
        ("system", "sistema", &metadata.system),
        ("version", "versión", &metadata.version),
        ("updated", "actualizado", &metadata.updated),
        ("next review", "próxima revisión", &metadata.next_review),
        ("owner", "responsable", &metadata.owner),
        ("environment", "ambiente", &metadata.environment),
        ("uptime goal", "objetivo de uptime", &metadata.uptime_goal),
    ];
    for (en, es, value) in pairs {
        if let Some(value) = value {
            output::line(format!("  {}: {value}", if context.lang == Lang::Es { es } else { en }));
        }
    }
    if let Some(through) = &runbook.encoding.repaired {
        output::line(styled(
            YELLOW,
            match context.lang {
                Lang::En => format!("  its encoding was broken (UTF-8 once read as {through}) and was repaired"),
                Lang::Es => {
                    format!("  su codificación estaba rota (UTF-8 leído alguna vez como {through}) y se reparó")
                }
            },
        ));
    }
    output::line("");
}

fn show_procedure(context: &Context, procedure: &Procedure) {
    output::line(format!(
        "{}  {}",
        styled(BOLD, &procedure.title),
        styled(
            DIM,
            format!(
                "{} · {} {}",
                procedure.id,
                if context.lang == Lang::Es { "línea" } else { "line" },
                procedure.line
            )
        )
    ));
    for (index, step) in procedure.steps.iter().enumerate() {
        show_step(context, index + 1, step);
    }
    output::line("");
}

fn show_step(context: &Context, number: usize, step: &Step) {
    let risk = step.risk.map_or_else(
        || styled(DIM, format!("{:<13}", "—")),
        |risk| styled(render::risk_style(risk), format!("{:<13}", render::risk_word(risk, context.lang))),
    );
    let mut title = step.title.clone();
    if let Some(alternative) = &step.alternative {
        title = format!("({}) {title}", alternative.title);
    }
    output::line(format!("  {number:>2}. {risk} {title}"));
    if let Some(condition) = &step.condition {
        output::line(styled(DIM, format!("                    {condition}")));
    }
    if let Some(why) = &step.why_not {
        output::line(styled(YELLOW, format!("                    {why}")));
    }
    if !step.needs.is_empty() {
        let names = step.needs.join(", ");
        output::line(styled(
            YELLOW,
            match context.lang {
                Lang::En => format!("                    needs: {names}"),
                Lang::Es => format!("                    necesita: {names}"),
            },
        ));
    }
    if let Some(expects) = &step.expects {
        output::line(styled(
            DIM,
            match context.lang {
                Lang::En => format!("                    expect: {expects}"),
                Lang::Es => format!("                    se espera: {expects}"),
            },
        ));
    }
}

fn incidents(context: &Context, runbook: &Runbook) {
    if runbook.incidents.is_empty() {
        return;
    }
    heading(context, "Incidents", "Incidentes");
    for Incident { title, line, symptoms, remedies, target_minutes, .. } in &runbook.incidents {
        let target = target_minutes.map_or(String::new(), |m| format!(" · {m} min"));
        output::line(format!("  {line:>4}  {title}{}", styled(DIM, target)));
        for symptom in symptoms {
            output::line(format!("          - {symptom}"));
        }
        for remedy in remedies {
            output::line(format!("          → {}", remedy.title));
        }
    }
    output::line("");
}

fn facts(context: &Context, runbook: &Runbook) {
    if !runbook.decisions.is_empty() {
        heading(context, "Decisions", "Decisiones");
        for decision in &runbook.decisions {
            output::line(format!("  {:>4}  {} → {}", decision.line, decision.cause, decision.action));
        }
        output::line("");
    }
    if !runbook.thresholds.is_empty() {
        heading(context, "Thresholds", "Umbrales");
        for t in &runbook.thresholds {
            let severity = t.severity.as_deref().map_or(String::new(), |s| format!(" [{s}]"));
            let lasting = t.for_seconds.map_or(String::new(), |s| format!(" / {s} s"));
            output::line(format!("  {:>4}  {} {} {}{}{lasting}{severity}", t.line, t.name, t.op, t.value, t.unit));
        }
        output::line("");
    }
    if !runbook.contacts.is_empty() {
        heading(context, "Contacts", "Contactos");
        for c in &runbook.contacts {
            let who = [c.role.as_deref(), c.name.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" · ");
            let incomplete = match (c.incomplete, context.lang) {
                (false, _) => "",
                (true, Lang::En) => " (incomplete)",
                (true, Lang::Es) => " (incompleto)",
            };
            output::line(format!("  {:>4}  {who}: {}{}", c.line, c.ways.join(", "), styled(YELLOW, incomplete)));
        }
        output::line("");
    }
    if !runbook.schedules.is_empty() {
        heading(context, "Schedules", "Horarios");
        for s in &runbook.schedules {
            output::line(format!("  {:>4}  {}  {}", s.line, s.cron.as_deref().unwrap_or("—"), s.what));
        }
        output::line("");
    }
}

fn heading(context: &Context, en: &str, es: &str) {
    output::line(styled(BOLD, if context.lang == Lang::Es { es } else { en }));
}

fn coverage(context: &Context, files: &[PathBuf]) -> Result<Exit> {
    let documents = context.documents(files)?;
    let reports: Vec<_> = documents.iter().map(|d| (d.name.clone(), Coverage::of(&d.runbook))).collect();
    if context.format == Format::Json {
        let all: Vec<_> = reports.iter().map(|(name, c)| c.to_json(name)).collect();
        output::line(serde_json::Value::Array(all));
    } else {
        for (name, report) in &reports {
            output::data(report.to_text(name, context.lang));
        }
    }
    Ok(Exit::Done)
}
