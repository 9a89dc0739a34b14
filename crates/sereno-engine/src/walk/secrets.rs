//! Nothing secret reaches the journal: every string of an event is redacted before it is written.

use serde_json::Value;
use sereno_model::redact::Redactor;

/// Redacts every string in a JSON value.
pub fn redact_json(value: &mut Value, redactor: &Redactor) {
    match value {
        Value::String(text) => {
            let redacted = redactor.redact(text);
            if redacted != text.as_str() {
                *text = redacted.into_owned();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact_json(item, redactor)),
        Value::Object(fields) => fields.iter_mut().for_each(|(_, field)| redact_json(field, redactor)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
