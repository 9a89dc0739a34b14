//! Log lines as JSON objects on standard output, one per line.

use std::io::Write as _;

use serde_json::{Map, Value};

pub(crate) fn info(message: &str, fields: &Value) {
    line("info", message, fields);
}

pub(crate) fn warn(message: &str, fields: &Value) {
    line("warn", message, fields);
}

pub(crate) fn error(message: &str, fields: &Value) {
    line("error", message, fields);
}

fn line(level: &str, message: &str, fields: &Value) {
    let mut object = Map::new();
    object.insert("time".to_owned(), jiff::Timestamp::now().to_string().into());
    object.insert("level".to_owned(), level.into());
    object.insert("message".to_owned(), message.into());
    if let Value::Object(fields) = fields {
        object.extend(fields.clone());
    }
    // A log that cannot be written cannot be complained about either.
    let _ = writeln!(std::io::stdout().lock(), "{}", Value::Object(object));
}
