//! Lines of containers from the Docker Engine.

use super::engine_said;
use crate::log::Lines;
use crate::{Instance, LogLine, LogWanted, PlatformError};
use bollard::Docker;
use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::stream::StreamExt as _;
use jiff::Timestamp;
use tokio::sync::mpsc;

/// The lines of one container, in their order.
pub(super) async fn stream(
    engine: &Docker,
    component: &str,
    instance: &Instance,
    wanted: &LogWanted,
    to: mpsc::Sender<LogLine>,
) -> Result<(), PlatformError> {
    let since = wanted.since.and_then(|since| i32::try_from(since.as_second()).ok()).unwrap_or_default();
    let tail = wanted.tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string());
    let options = LogsOptionsBuilder::new()
        .stdout(true)
        .stderr(true)
        .timestamps(true)
        .follow(wanted.follow && instance.runs())
        .since(since)
        .tail(&tail)
        .build();
    let mut pieces = engine.logs(&instance.id, Some(options));
    let mut streams = [Lines::default(), Lines::default()];
    let line = |text: String| {
        let (at, text) = stamped(text);
        LogLine { at, component: component.to_owned(), instance: instance.name.clone(), level: None, text }
    };
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(engine_said("reading logs"))?;
        let which = usize::from(matches!(piece, LogOutput::StdErr { .. }));
        for text in streams[which].push(piece.as_ref()) {
            if to.send(line(text)).await.is_err() {
                return Ok(());
            }
        }
    }
    for text in streams.iter_mut().filter_map(Lines::rest) {
        if to.send(line(text)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// The engine puts its time before each line.
fn stamped(text: String) -> (Option<Timestamp>, String) {
    match text.split_once(' ').map(|(head, rest)| (head.parse::<Timestamp>(), rest)) {
        Some((Ok(at), rest)) => (Some(at), rest.to_owned()),
        // An empty line has nothing after its time.
        _ => match text.parse() {
            Ok(at) => (Some(at), String::new()),
            Err(_) => (None, text),
        },
    }
}
