//! Lines of containers from the Docker Engine.

use super::engine_said;
use crate::log::Lines;
use crate::{Instance, LogLine, LogWanted, PlatformError};
use bollard::Docker;
use bollard::container::LogOutput;
use bollard::query_parameters::{InspectContainerOptions, LogsOptions, LogsOptionsBuilder};
use futures_util::stream::StreamExt as _;
use jiff::Timestamp;
use std::time::Duration;
use tokio::sync::mpsc;

/// How often a container that ended is looked at, to follow it on when it runs again.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The lines of one container, in their order. Followed, it is followed on when it was restarted.
pub(super) async fn stream(
    engine: &Docker,
    component: &str,
    instance: &Instance,
    wanted: &LogWanted,
    to: mpsc::Sender<LogLine>,
) -> Result<(), PlatformError> {
    let mut reader = Reader { engine, component, instance, to, last: None };
    let mut options = options(wanted.follow, wanted.since, wanted.tail);
    loop {
        if !reader.read(options).await? || !wanted.follow || !reader.runs_again().await? {
            return Ok(());
        }
        options = self::options(true, reader.last, None);
    }
}

fn options(follow: bool, since: Option<Timestamp>, tail: Option<u64>) -> LogsOptions {
    let since = since.and_then(|since| i32::try_from(since.as_second()).ok()).unwrap_or_default();
    let tail = tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string());
    let options = LogsOptionsBuilder::new().stdout(true).stderr(true).timestamps(true);
    options.follow(follow).since(since).tail(&tail).build()
}

struct Reader<'a> {
    engine: &'a Docker,
    component: &'a str,
    instance: &'a Instance,
    to: mpsc::Sender<LogLine>,
    /// The time of the last line that was sent: the engine takes whole seconds, so some lines come again.
    last: Option<Timestamp>,
}

impl Reader<'_> {
    /// Sends what there is; says whether somebody still listens.
    async fn read(&mut self, options: LogsOptions) -> Result<bool, PlatformError> {
        let mut pieces = self.engine.logs(&self.instance.id, Some(options));
        let mut streams = [Lines::default(), Lines::default()];
        let known = self.last;
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(engine_said("reading logs"))?;
            let which = usize::from(matches!(piece, LogOutput::StdErr { .. }));
            for text in streams[which].push(piece.as_ref()) {
                if !self.send(text, known).await {
                    return Ok(false);
                }
            }
        }
        for text in streams.iter_mut().filter_map(Lines::rest) {
            if !self.send(text, known).await {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Sends a line that is later than what is known; says whether somebody listens.
    async fn send(&mut self, text: String, known: Option<Timestamp>) -> bool {
        let (at, text) = stamped(text);
        if known.is_some() && at <= known {
            return true;
        }
        self.last = at.or(self.last);
        let (component, instance) = (self.component.to_owned(), self.instance.name.clone());
        self.to.send(LogLine { at, component, instance, level: None, text }).await.is_ok()
    }

    /// Waits until the container runs again; says no when it is gone, or when nobody listens any more.
    async fn runs_again(&self) -> Result<bool, PlatformError> {
        loop {
            match self.engine.inspect_container(&self.instance.id, None::<InspectContainerOptions>).await {
                Ok(container) if container.state.as_ref().and_then(|state| state.running) == Some(true) => return Ok(true),
                Ok(_) => {}
                Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }) => return Ok(false),
                Err(error) => return Err(engine_said("following a container")(error)),
            }
            tokio::select! {
                () = self.to.closed() => return Ok(false),
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }
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
