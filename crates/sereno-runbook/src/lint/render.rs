//! Findings for other programs: JSON, and SARIF 2.1.0 for code hosts and editors. Pure; the terminal's rendering is the
//! binary's business.

use super::registry::lints;
use serde_json::{Value, json};
use sereno_model::{Diagnostic, Lang, Severity};

/// One object for each finding.
pub fn to_json(findings: &[(String, Diagnostic)], lang: Lang) -> Value {
    let list: Vec<Value> = findings
        .iter()
        .map(|(file, finding)| {
            json!({
                "file": file,
                "code": finding.code,
                "severity": finding.severity,
                "line": finding.line,
                "column": finding.column,
                "message": finding.message.get(lang),
                "help": finding.help.as_ref().map(|help| help.get(lang)),
            })
        })
        .collect();
    Value::Array(list)
}

/// A SARIF log with one run.
pub fn to_sarif(findings: &[(String, Diagnostic)], lang: Lang) -> Value {
    let rules: Vec<Value> = lints()
        .map(|lint| {
            json!({
                "id": lint.code,
                "shortDescription": { "text": lint.title.text().get(lang) },
                "fullDescription": { "text": lint.why.text().get(lang) },
                "help": { "text": lint.fix.text().get(lang) },
                "defaultConfiguration": { "level": level(lint.severity) },
            })
        })
        .collect();
    let results: Vec<Value> = findings.iter().map(|(file, finding)| result(file, finding, lang)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "sereno",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(file: &str, finding: &Diagnostic, lang: Lang) -> Value {
    let mut text = finding.message.get(lang).to_owned();
    if let Some(help) = &finding.help {
        text.push('\n');
        text.push_str(help.get(lang));
    }
    json!({
        "ruleId": finding.code,
        "level": level(finding.severity),
        "message": { "text": text },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(file) },
                "region": { "startLine": finding.line.max(1), "startColumn": finding.column.max(1) },
            },
        }],
    })
}

/// A path as a relative reference: what a URI does not allow is escaped.
fn uri(path: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(path.len());
    for byte in path.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}
