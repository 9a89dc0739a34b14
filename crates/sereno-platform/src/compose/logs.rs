//! Lines of containers from the Docker Engine.

use super::engine_said;
use crate::log::{Lines, stamped};
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
    // What the client's number cannot hold is far in the future: nothing is that late, and 0 would mean everything.
    let since = since.map_or(0, |since| i32::try_from(since.as_second().max(0)).unwrap_or(i32::MAX));
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
            for text in completed(&mut streams[which], piece.as_ref()) {
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
                Ok(container) if container.state.as_ref().and_then(|state| state.running) == Some(true) => {
                    return Ok(true);
                }
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

/// The lines that a frame of the engine completes. A line over 16 KB comes in several frames, and the engine puts its time
/// before each: only the first one is the line's.
fn completed(lines: &mut Lines, frame: &[u8]) -> Vec<String> {
    lines.push(if lines.wait() { without_stamp(frame) } else { frame })
}

fn without_stamp(frame: &[u8]) -> &[u8] {
    // 2026-11-26T10:00:00.123456789Z, or with an offset: a space that comes later ends no time.
    const LONGEST_STAMP: usize = 40;
    let space = frame.iter().take(LONGEST_STAMP).position(|byte| *byte == b' ');
    match space.and_then(|space| Some((std::str::from_utf8(&frame[..space]).ok()?, &frame[space + 1..]))) {
        Some((head, rest)) if head.parse::<Timestamp>().is_ok() => rest,
        _ => frame,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_in_several_frames_has_one_time() {
        let mut lines = Lines::default();
        assert!(completed(&mut lines, b"2026-11-26T10:00:00.000000001Z first ").is_empty());
        assert!(completed(&mut lines, b"2026-11-26T10:00:00.000000002Z 2026-11-26T09:00:00Z own ").is_empty());
        assert!(completed(&mut lines, b"no stamp ").is_empty());
        let whole = completed(&mut lines, b"2026-11-26T10:00:00.000000003Z last\n");
        assert_eq!(whole, ["2026-11-26T10:00:00.000000001Z first 2026-11-26T09:00:00Z own no stamp last"]);
        let next = completed(&mut lines, b"2026-11-26T10:00:01Z next\n");
        assert_eq!(next, ["2026-11-26T10:00:01Z next"]);
    }

    #[test]
    fn a_moment_beyond_the_clients_numbers_is_not_the_beginning() {
        let asked = |text: &str| options(false, text.parse().ok(), None).since;
        assert_eq!(asked("2040-01-01T00:00:00Z"), i32::MAX);
        assert_eq!(asked("1960-01-01T00:00:00Z"), 0);
        assert_eq!(asked("1970-01-01T00:01:00Z"), 60);
    }
}
