//! `sereno logs`: what components write, several merged by time.

use crate::cli::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::render::{CYAN, DIM, GREEN, RED, YELLOW, styled, visible};
use crate::report::{Failure, Result};
use crate::service_args::LogsArgs;
use crate::system::{self, failure};
use anstyle::{AnsiColor, Style};
use futures_util::future::{Either, join_all, select};
use jiff::{Timestamp, ToSpan as _};
use regex::Regex;
use sereno_model::redact::Redactor;
use sereno_platform::log::{Level, Parts, parts};
use sereno_platform::merge::Merge;
use sereno_platform::{Component, Detail, LogLine, LogWanted, PlatformError, find};
use std::collections::HashMap;
use std::pin::pin;
use tokio::sync::mpsc;

/// How many lines of each instance are shown when nothing else is said.
const USUAL_TAIL: u64 = 100;

/// How many lines of one instance are on their way at most.
const ON_THEIR_WAY: usize = 512;

pub(crate) async fn logs(context: &Context, args: &LogsArgs) -> Result<Exit> {
    let wanted = wanted(args)?;
    let grep = args.grep.as_deref().map(pattern).transpose()?;
    let platform = system::platform(context).await?;
    let all = platform.components(Detail::State).await.map_err(|error| failure(&error))?;
    let chosen: Vec<&Component> = match args.components.as_slice() {
        [] => all.iter().collect(),
        names => {
            names.iter().map(|name| find(&all, name)).collect::<std::result::Result<_, _>>().map_err(|e| failure(&e))?
        }
    };
    let mut receivers = Vec::new();
    let mut reading = Vec::new();
    for component in &chosen {
        for instance in &component.instances {
            let (sender, receiver) = mpsc::channel(ON_THEIR_WAY);
            receivers.push(receiver);
            reading.push(platform.logs(component, instance, &wanted, sender));
        }
    }
    if reading.is_empty() {
        return Err(Failure::new(
            Exit::Refused,
            "nothing runs or ran that could have written anything",
            "no hay ni hubo nada en marcha que pudiera escribir algo",
        ));
    }
    let mut shown = Shown { context, args, grep, redactor: context.redactor(), levels: HashMap::new() };
    let mut merge = Merge::new(receivers, wanted.follow);
    let mut reading = pin!(join_all(reading));
    let mut read: Option<Vec<std::result::Result<(), PlatformError>>> = None;
    loop {
        let line = if read.is_some() {
            merge.next().await
        } else {
            match select(pin!(merge.next()), reading.as_mut()).await {
                Either::Left((line, _)) => line,
                Either::Right((ended, _)) => {
                    read = Some(ended);
                    continue;
                }
            }
        };
        match line {
            Some(line) => shown.line(&line),
            None => break,
        }
    }
    let ended = match read {
        Some(ended) => ended,
        None => reading.await,
    };
    match ended.into_iter().find_map(std::result::Result::err) {
        None => Ok(Exit::Done),
        Some(error) => Err(failure(&error)),
    }
}

fn wanted(args: &LogsArgs) -> Result<LogWanted> {
    let since = args.since.as_deref().map(|text| since(text, Timestamp::now())).transpose()?;
    let tail = args.tail.or(if since.is_none() { Some(USUAL_TAIL) } else { None });
    Ok(LogWanted { follow: args.follow, since, tail })
}

/// A moment, or how long ago.
fn since(text: &str, now: Timestamp) -> Result<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let ago = text.char_indices().next_back().and_then(|(last, unit)| {
        let number: i64 = text[..last].parse().ok().filter(|number| (0..1_000_000).contains(number))?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86400,
            _ => return None,
        };
        now.checked_sub((number * seconds).seconds()).ok()
    });
    ago.ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format!("--since: `{text}` is neither a moment nor how long ago"),
            format!("--since: `{text}` no es un momento ni hace cuánto"),
        )
        .hint("for example 10m, 2h, 3d or 2026-11-26T10:00:00Z", "por ejemplo 10m, 2h, 3d o 2026-11-26T10:00:00Z")
    })
}

fn pattern(text: &str) -> Result<Regex> {
    Regex::new(text).map_err(|error| {
        Failure::new(Exit::Usage, format!("--grep: {error}"), format!("--grep: {error}"))
            .hint("a literal dot or bracket takes a backslash", "un punto o corchete literal lleva una barra invertida")
    })
}

/// Prints the lines that are asked for.
struct Shown<'a> {
    context: &'a Context,
    args: &'a LogsArgs,
    grep: Option<Regex>,
    redactor: Redactor,
    /// The level of each instance's last line that had one: what follows without one (a stack trace) belongs to it.
    levels: HashMap<String, Level>,
}

impl Shown<'_> {
    fn line(&mut self, line: &LogLine) {
        let text = self.redactor.redact(&line.text);
        let parts = parts(&text);
        let level = match parts.level.or(line.level) {
            Some(level) => {
                match self.levels.get_mut(&line.instance) {
                    Some(known) => *known = level,
                    None => drop(self.levels.insert(line.instance.clone(), level)),
                }
                Some(level)
            }
            None => self.levels.get(&line.instance).copied(),
        };
        if self.args.level.is_some_and(|least| level.is_none_or(|level| level < least.level())) {
            return;
        }
        if self.grep.as_ref().is_some_and(|grep| !grep.is_match(&text)) {
            return;
        }
        if self.context.format == Format::Json {
            let value = serde_json::json!({
                "at": line.at, "component": line.component, "instance": line.instance, "level": parts.level.or(line.level), "text": text,
            });
            return output::line(value);
        }
        let at = line.at.map(|at| at.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S%.3f").to_string());
        let head = styled(colour_of(&line.instance), format!("{:<12}", line.instance));
        let at = styled(DIM, at.unwrap_or_default());
        output::line(format!(
            "{at} {head} {}",
            if self.args.raw { visible(&text).into_owned() } else { rendered(&text, &parts) }
        ));
    }
}

/// A JSON line as its level, message and fields; any other line as it is.
fn rendered(text: &str, parts: &Parts) -> String {
    let level_style = |level: Level| match level {
        Level::Trace | Level::Debug => DIM,
        Level::Info => GREEN,
        Level::Warning => YELLOW,
        Level::Error | Level::Fatal => RED.bold(),
    };
    let Some(message) = &parts.message else {
        let style = parts.level.filter(|level| *level >= Level::Warning).map_or(Style::new(), level_style);
        return styled(style, text);
    };
    let mut shown = String::new();
    if let Some(level) = parts.level {
        let word = format!("{level:?}").to_uppercase();
        shown = format!("{} ", styled(level_style(level), format!("{word:<7}")));
    }
    shown.push_str(&visible(message));
    for (name, value) in &parts.fields {
        shown = format!("{shown} {}", styled(DIM, format!("{name}={value}")));
    }
    shown
}

/// The same colour for the same instance, each time.
fn colour_of(instance: &str) -> Style {
    const COLOURS: [AnsiColor; 5] =
        [AnsiColor::Blue, AnsiColor::Magenta, AnsiColor::BrightBlue, AnsiColor::BrightMagenta, AnsiColor::BrightCyan];
    let sum = instance.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    COLOURS.get(sum % COLOURS.len()).map_or(CYAN, |colour| colour.on_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_moment_or_how_long_ago() {
        let now: Timestamp = "2026-11-26T10:00:00Z".parse().expect("a time");
        let at = |text: &str| since(text, now).map(|at| at.to_string()).ok();
        assert_eq!(at("10m").as_deref(), Some("2026-11-26T09:50:00Z"));
        assert_eq!(at("3d").as_deref(), Some("2026-11-23T10:00:00Z"));
        assert_eq!(at("2026-11-26T08:00:00-03:00").as_deref(), Some("2026-11-26T11:00:00Z"));
        for wrong in ["", "m", "10", "yesterday", "99999999999h", "-5m", "é"] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }
}
