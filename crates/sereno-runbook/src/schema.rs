//! The JSON Schema of what `sereno runbook inspect` prints.

use crate::model::Runbook;
use schemars::JsonSchema;
use serde::Serialize;

/// A runbook with what was found wrong with its text, as `inspect` prints it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Inspection")]
struct Inspection {
    #[serde(flatten)]
    runbook: Runbook,
    diagnostics: Vec<Finding>,
}

#[derive(Serialize, JsonSchema)]
struct Finding {
    code: String,
    severity: sereno_model::Severity,
    line: usize,
    column: usize,
    /// In the language asked for.
    message: String,
    help: Option<String>,
}

/// The schema as pretty JSON, committed as `docs/reference/runbook.schema.json`.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Inspection);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
