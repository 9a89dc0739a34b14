//! Lines of units from the journal of a machine.

use crate::host::{self, Host};
use crate::log::Level;
use crate::{LogLine, LogWanted, PlatformError};
use jiff::Timestamp;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::sync::mpsc;

/// The lines of one unit on one machine.
pub(super) async fn stream(
    host: &Host,
    unit: &str,
    component: &str,
    instance: &str,
    wanted: &LogWanted,
    to: mpsc::Sender<LogLine>,
) -> Result<(), PlatformError> {
    let argv = argv(unit, wanted);
    let program: Vec<&str> = argv.iter().map(String::as_str).collect();
    let mut child = host.start(&program)?;
    let failed = |source| PlatformError::NoProgram { program: "journalctl".to_owned(), source };
    let mut said = String::new();
    let stderr = child.stderr.take();
    let complaints = async {
        if let Some(mut stderr) = stderr {
            // What it complained of is told only when it fails; what cannot be read of that is no loss.
            let _ = stderr.read_to_string(&mut said).await;
        }
    };
    let stdout = child.stdout.take();
    let lines = async {
        let Some(stdout) = stdout else { return Ok(true) };
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await? {
            if let Some(line) = read(&line, component, instance)
                && to.send(line).await.is_err()
            {
                return Ok(false);
            }
        }
        Ok(true)
    };
    let (listened, ()) = futures_util::future::join(lines, complaints).await;
    if !listened.map_err(failed)? {
        return Ok(());
    }
    let status = child.wait().await.map_err(failed)?;
    if status.success() { Ok(()) } else { Err(host::failure(&host.argv(&program), status.code(), &said)) }
}

fn argv(unit: &str, wanted: &LogWanted) -> Vec<String> {
    // Without `--all`, a field over 4096 bytes comes as null.
    let argv = ["journalctl", "--no-pager", "--quiet", "--output=json", "--all", "--unit", unit];
    let mut argv = argv.map(str::to_owned).to_vec();
    if wanted.follow {
        argv.push("--follow".to_owned());
    }
    argv.extend(wanted.since.map(|since| format!("--since=@{}", since.as_second())));
    argv.push(match wanted.tail {
        Some(lines) => format!("--lines={lines}"),
        // Following alone would show the last ten only.
        None => "--lines=all".to_owned(),
    });
    argv
}

/// One entry of the journal.
fn read(line: &str, component: &str, instance: &str) -> Option<LogLine> {
    let entry: Value = serde_json::from_str(line).ok()?;
    let at = entry["__REALTIME_TIMESTAMP"].as_str().and_then(|text| text.parse::<i64>().ok());
    let text = message(entry.get("MESSAGE")?);
    let priority = entry["PRIORITY"].as_str().and_then(|text| text.parse::<u8>().ok());
    Some(LogLine {
        at: at.and_then(|at| Timestamp::from_microsecond(at).ok()),
        component: component.to_owned(),
        instance: instance.to_owned(),
        level: priority.and_then(of_priority),
        text,
    })
}

/// The text of an entry. What has none is said to have none: a line that is missing would be taken for silence.
fn message(field: &Value) -> String {
    match field {
        Value::String(text) => text.clone(),
        // What is no text in UTF-8 comes as numbers; a field that an entry has twice comes as both.
        Value::Array(parts) if parts.iter().all(Value::is_u64) => {
            let bytes: Vec<u8> = parts.iter().filter_map(|byte| u8::try_from(byte.as_u64()?).ok()).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        Value::Array(parts) => parts.iter().map(message).collect::<Vec<_>>().join(" "),
        _ => NO_TEXT.to_owned(),
    }
}

/// In both languages, because a line of a log has only one text.
const NO_TEXT: &str = "[the journal gives no text for this entry · el diario no da texto para esta entrada]";

/// What a service prints has the priority 6, whatever it says: that is no word on its gravity.
fn of_priority(priority: u8) -> Option<Level> {
    match priority {
        0..=2 => Some(Level::Fatal),
        3 => Some(Level::Error),
        4 => Some(Level::Warning),
        7 => Some(Level::Debug),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_the_journal_is_a_line() {
        let text = r#"{"__REALTIME_TIMESTAMP":"1795687200000001","PRIORITY":"3","MESSAGE":"refused"}"#;
        let line = read(text, "api", "api@web").expect("a line");
        assert_eq!((line.text.as_str(), line.level), ("refused", Some(Level::Error)));
        assert_eq!(line.at.map(Timestamp::as_microsecond), Some(1_795_687_200_000_001));
        let bytes = read(r#"{"MESSAGE":[104,105,255]}"#, "api", "api").expect("a line");
        assert_eq!(bytes.text, "hi\u{fffd}");
        let null = read(r#"{"MESSAGE":null,"PRIORITY":"3"}"#, "api", "api").expect("a line");
        assert_eq!((null.text.as_str(), null.level), (NO_TEXT, Some(Level::Error)));
        let twice = read(r#"{"MESSAGE":["one",[116,119,111]]}"#, "api", "api").expect("a line");
        assert_eq!(twice.text, "one two");
        assert!(read("-- No entries --", "api", "api").is_none());
    }

    #[test]
    fn the_journal_is_asked_for_what_is_wanted() {
        let since = Timestamp::from_second(1000).ok();
        let follow = LogWanted { follow: true, since, tail: None };
        assert_eq!(
            argv("api.service", &follow)[4..].join(" "),
            "--all --unit api.service --follow --since=@1000 --lines=all"
        );
        let tail = LogWanted { tail: Some(5), ..LogWanted::default() };
        assert_eq!(argv("api.service", &tail)[7..].join(" "), "--lines=5");
    }
}
