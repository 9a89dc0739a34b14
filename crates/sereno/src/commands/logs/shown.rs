//! Lines of logs as they are printed.

use super::key::Key;
use crate::cli::Format;
use crate::context::Context;
use crate::output;
use crate::render::{CYAN, DIM, GREEN, RED, YELLOW, one_line, visible};
use crate::service_args::LogsArgs;
use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use regex::Regex;
use sereno_model::redact::Redactor;
use sereno_platform::LogLine;
use sereno_platform::log::{Level, Parts, parts};
use std::collections::HashMap;
use std::fmt::Write as _;

/// How much is written at once at most.
const FULL: usize = 64 * 1024;

/// A line without a level that comes this soon after one with a level belongs to it, indented or not.
const SOON_MILLIS: i64 = 5;

/// Prints the lines that are asked for.
pub(super) struct Shown<'a> {
    args: &'a LogsArgs,
    json: bool,
    grep: Option<Regex>,
    redactor: Redactor,
    instances: HashMap<String, Known>,
    clock: Clock,
    paint: Paint,
    /// What is not yet written.
    out: String,
}

/// What is remembered of an instance.
struct Known {
    head: String,
    key: Key,
    level: LastLevel,
}

impl<'a> Shown<'a> {
    pub(super) fn new(context: &'a Context, args: &'a LogsArgs, grep: Option<Regex>) -> Self {
        Self {
            args,
            json: context.format == Format::Json,
            grep,
            redactor: context.redactor(),
            instances: HashMap::new(),
            clock: Clock { zone: TimeZone::system(), last: None },
            paint: Paint { colors: output::stdout_colors() },
            out: String::new(),
        }
    }

    pub(super) fn line(&mut self, line: &LogLine) {
        if !self.instances.contains_key(&line.instance) {
            let mut head = String::new();
            let name = one_line(&line.instance);
            self.paint.put(&mut head, colour_of(&line.instance), &format!("{name:<12}"));
            let known = Known { head, key: Key::default(), level: LastLevel::default() };
            self.instances.insert(line.instance.clone(), known);
        }
        let Some(known) = self.instances.get_mut(&line.instance) else { return };
        let text = self.redactor.redact(known.key.hide(&line.text));
        let parts = parts(&text);
        let level = known.level.of(parts.level.or(line.level), line.at, &text);
        if self.args.level.is_some_and(|least| level.is_none_or(|level| level < least.level()))
            || self.grep.as_ref().is_some_and(|grep| !grep.is_match(&text))
        {
            return;
        }
        if self.json {
            let value = serde_json::json!({
                "at": line.at, "component": line.component, "instance": line.instance, "level": level, "text": text,
            });
            // Writing to a string does not fail.
            let _ = write!(self.out, "{value}");
        } else {
            let at = line.at.map(|at| self.clock.time(at)).unwrap_or_default();
            self.paint.put(&mut self.out, DIM, &at);
            self.out.push(' ');
            self.out.push_str(&known.head);
            self.out.push(' ');
            if self.args.raw {
                self.out.push_str(&visible(&text));
            } else {
                self.paint.rendered(&mut self.out, &text, &parts);
            }
        }
        self.out.push('\n');
        if self.out.len() >= FULL {
            self.flush();
        }
    }

    pub(super) fn flush(&mut self) {
        if !self.out.is_empty() {
            output::painted(&self.out);
            self.out.clear();
        }
    }
}

/// The level of an instance's last line that had one: what follows without one (a stack trace) belongs to it.
#[derive(Debug, Default)]
struct LastLevel {
    last: Option<(Level, Option<Timestamp>)>,
}

impl LastLevel {
    fn of(&mut self, own: Option<Level>, at: Option<Timestamp>, text: &str) -> Option<Level> {
        if let Some(level) = own {
            self.last = Some((level, at));
            return own;
        }
        let (level, then) = self.last?;
        let soon = at.zip(then).is_some_and(|(at, then)| at.as_millisecond() - then.as_millisecond() <= SOON_MILLIS);
        (soon || text.starts_with([' ', '\t'])).then_some(level)
    }
}

/// The time of day here. A zone is asked once for each second, not for each line.
struct Clock {
    zone: TimeZone,
    last: Option<(i64, String)>,
}

impl Clock {
    fn time(&mut self, at: Timestamp) -> String {
        let second = at.as_millisecond().div_euclid(1000);
        let millis = at.as_millisecond().rem_euclid(1000);
        let day = match &self.last {
            Some((known, text)) if *known == second => text,
            _ => {
                let text = at.to_zoned(self.zone.clone()).strftime("%H:%M:%S").to_string();
                &self.last.insert((second, text)).1
            }
        };
        format!("{day}.{millis:03}")
    }
}

/// Styles are left out here when stdout takes none: taking them out again costs more than all the rest.
struct Paint {
    colors: bool,
}

impl Paint {
    fn put(&self, out: &mut String, style: Style, text: &str) {
        let text = visible(text);
        if self.colors {
            let _ = write!(out, "{style}{text}{style:#}");
        } else {
            out.push_str(&text);
        }
    }

    /// A JSON line as its level, message and fields; any other line as it is.
    fn rendered(&self, out: &mut String, text: &str, parts: &Parts) {
        let Some(message) = &parts.message else {
            let style = parts.level.filter(|level| *level >= Level::Warning).map_or(Style::new(), level_style);
            return self.put(out, style, text);
        };
        if let Some(level) = parts.level {
            let word = format!("{level:?}").to_uppercase();
            self.put(out, level_style(level), &format!("{word:<7}"));
            out.push(' ');
        }
        out.push_str(&visible(message));
        for (name, value) in &parts.fields {
            out.push(' ');
            self.put(out, DIM, &format!("{name}={value}"));
        }
    }
}

fn level_style(level: Level) -> Style {
    match level {
        Level::Trace | Level::Debug => DIM,
        Level::Info => GREEN,
        Level::Warning => YELLOW,
        Level::Error | Level::Fatal => RED.bold(),
    }
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
    fn a_line_belongs_to_the_last_level_only_when_indented_or_at_once_after_it() {
        let at = |millis: i64| Timestamp::from_millisecond(1_000_000 + millis).ok();
        let mut last = LastLevel::default();
        assert_eq!(last.of(None, at(0), "  at x"), None);
        assert_eq!(last.of(Some(Level::Error), at(0), "ERROR"), Some(Level::Error));
        assert_eq!(last.of(None, at(5), "Traceback"), Some(Level::Error));
        assert_eq!(last.of(None, at(900), "  at x"), Some(Level::Error));
        assert_eq!(last.of(None, at(6), "listening"), None);
        assert_eq!(last.of(None, None, "listening"), None);
    }

    #[test]
    fn times_within_a_second_and_before_1970_keep_their_millis() {
        let mut clock = Clock { zone: TimeZone::UTC, last: None };
        let mut time = |text: &str| clock.time(text.parse().expect("a time"));
        assert_eq!(time("2026-11-26T10:00:01.0019Z"), "10:00:01.001");
        assert_eq!(time("2026-11-26T10:00:01.999Z"), "10:00:01.999");
        assert_eq!(time("2026-11-26T10:00:02Z"), "10:00:02.000");
        assert_eq!(time("1969-12-31T23:59:59.250Z"), "23:59:59.250");
    }

    #[test]
    fn styles_are_there_only_where_stdout_takes_them() {
        let shown = |colors| {
            let mut out = String::new();
            let text = r#"{"level":"error","msg":"no\u001b[2K","n":1}"#;
            Paint { colors }.rendered(&mut out, text, &parts(text));
            out
        };
        assert_eq!(shown(false), "ERROR   no\\u{1b}[2K n=1");
        assert!(shown(true).contains("\u{1b}[2mn=1\u{1b}[0m"), "{:?}", shown(true));
    }
}
