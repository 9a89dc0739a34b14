//! `sereno check`: what is wrong with a runbook before the night it is needed.

use crate::cli::{CheckArgs, FailOn, Format};
use crate::context::{Context, Document, today};
use crate::exit::Exit;
use crate::output;
use crate::render;
use crate::report::Result;
use sereno_model::redact::Redactor;
use sereno_model::{Diagnostic, Lang, Severity, Text};
use sereno_runbook::lint;
use std::path::Path;

pub(crate) fn check(context: &Context, args: &CheckArgs) -> Result<Exit> {
    let mut findings: Vec<(Document, Vec<Diagnostic>)> = Vec::new();
    for document in context.documents(&args.files.named())? {
        let found = lint_document(context, &document);
        findings.push((document, found));
    }
    // What is printed ends in the logs of a build: it quotes no secret, also not to say that it is one.
    let redactor = context.redactor();
    for (document, found) in &mut findings {
        let quoted = redactor.secrets_in(&document.runbook.source);
        let redactor = Redactor::new(redactor.secrets().iter().cloned().chain(quoted));
        for finding in found.iter_mut() {
            redact(finding, &redactor);
        }
    }
    match context.format {
        Format::Text => print_text(context, &findings, &redactor),
        Format::Json => {
            let all = findings.iter().map(|(d, f)| to_json(d, f, context.lang)).collect();
            output::line(serde_json::Value::Array(all));
        }
        Format::Sarif => {
            let flat: Vec<(String, Diagnostic)> = findings
                .iter()
                .flat_map(|(document, found)| found.iter().map(|f| (document.name.clone(), f.clone())))
                .collect();
            output::line(lint::render::to_sarif(&flat, context.lang));
        }
    }
    let worst = findings.iter().flat_map(|(_, found)| found).map(|f| f.severity).max();
    let limit = match args.fail_on {
        FailOn::Error => Some(Severity::Error),
        FailOn::Warning => Some(Severity::Warning),
        FailOn::Note => Some(Severity::Note),
        FailOn::Never => None,
    };
    Ok(match (worst, limit) {
        (Some(worst), Some(limit)) if worst >= limit => Exit::Failed,
        _ => Exit::Done,
    })
}

/// Everything that reading and linting found, in the order of the text.
fn lint_document(context: &Context, document: &Document) -> Vec<Diagnostic> {
    let folder = Path::new(&document.name).parent().unwrap_or(Path::new("")).to_owned();
    let top = context.directory.ancestors().find(|dir| dir.join(".git").exists());
    let roots = [Some(folder.as_path()), Some(context.directory.as_path()), top];
    let exists = |name: &str| {
        let name = name.trim_start_matches("./");
        roots.iter().flatten().any(|root| root.join(name).exists())
    };
    let lint_context = lint::LintContext {
        today: today(),
        project_files: Some(&exists),
        drilled: None,
        knowledge: &context.knowledge,
    };
    let mut found = document.diagnostics.clone();
    found.extend(lint::check(&document.runbook, &lint_context));
    found.sort_by_key(|d| (d.span.start, d.span.end));
    found
}

fn redact(finding: &mut Diagnostic, redactor: &Redactor) {
    for text in [Some(&mut finding.message), finding.help.as_mut()].into_iter().flatten() {
        *text = Text::new(redactor.redact(&text.en), redactor.redact(&text.es));
    }
}

fn print_text(context: &Context, findings: &[(Document, Vec<Diagnostic>)], redactor: &Redactor) {
    let color = output::stdout_colors();
    for (document, found) in findings {
        let source = redactor.mask(&document.runbook.source);
        for finding in found {
            output::line(render::diagnostic(&source, &document.name, finding, context.lang, color));
            output::line("");
        }
        let count = |severity| found.iter().filter(|f| f.severity == severity).count();
        let (errors, warnings, notes) = (count(Severity::Error), count(Severity::Warning), count(Severity::Note));
        output::say(match context.lang {
            Lang::En => format!("{}: {errors} errors, {warnings} warnings, {notes} notes", document.name),
            Lang::Es => format!("{}: {errors} errores, {warnings} advertencias, {notes} notas", document.name),
        });
    }
}

fn to_json(document: &Document, found: &[Diagnostic], lang: Lang) -> serde_json::Value {
    let findings: Vec<_> = found
        .iter()
        .map(|f| {
            serde_json::json!({
                "code": f.code,
                "severity": f.severity,
                "line": f.line,
                "column": f.column,
                "message": f.message.get(lang),
                "help": f.help.as_ref().map(|h| h.get(lang)),
            })
        })
        .collect();
    serde_json::json!({ "file": document.name, "findings": findings })
}
