//! Consoles of frameworks and platforms: the code, the SQL and the lines that are given to them.

use super::clients::after_equals;
use super::has_extension;
use crate::analyzer::Analyzer;
use crate::code;
use crate::invocation::Invocation;
use crate::stream::Stream;
use crate::walk::Place;
use crate::word::Field;
use crate::wording::phrased;
use sereno_model::{Risk, Text, Verb};
use std::ops::Range;

impl Analyzer<'_> {
    /// `rails runner CODE`.
    pub(super) fn code_argument(&mut self, command: &Invocation<'_>) -> bool {
        let Some(word) = command.positional_word(1) else {
            return false;
        };
        if has_extension(&word.text, "rb") {
            self.script(&word.text.clone(), &[]);
            return true;
        }
        for effect in code::effects(&word.text) {
            self.found.effect(effect);
        }
        true
    }

    /// `manage.py shell -c CODE`.
    pub(super) fn console_code(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let text = command
            .all(&["-c", "--command", "--execute"])
            .last()
            .and_then(|option| Some(after_equals(command.words.get(option.value_index)?, &option.name)));
        let text = match (&text, &place.stdin) {
            (Some(text), _) => text.clone(),
            (None, Stream::Text { text, .. }) => text.clone(),
            (None, Stream::Terminal) => return false,
            (None, Stream::File(file)) if file == "/dev/null" => return false,
            (None, stream) => {
                self.shell_from(&stream.clone(), place);
                return true;
            }
        };
        for effect in code::effects(&text) {
            self.found.effect(effect);
        }
        true
    }

    /// `rails dbconsole < x.sql`, `artisan db`, `manage.py dbshell -- -c SQL`.
    pub(super) fn sql_console(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let after = command.dashes.map_or(command.words.len(), |at| at + 1);
        let inner = command.words.get(after..).unwrap_or_default();
        if inner.is_empty() && place.stdin.is_terminal() {
            return false;
        }
        if let Some(psql) = self.knowledge.command("psql") {
            self.known("psql", psql, inner, &(0..0), place);
        }
        true
    }

    /// `heroku pg:psql -c SQL`, `wrangler d1 execute db --command SQL`.
    pub(super) fn sql_option(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let words: Vec<Field> = command
            .all(&["-c", "--command", "--file"])
            .filter_map(|option| {
                let word = command.words.get(option.value_index)?;
                let name = if option.name == "--file" { "--file" } else { "--command" };
                let text = format!("{name}={}", after_equals(word, &option.name));
                Some(Field { known: word.known, ..Field::plain(text, word.span.clone()) })
            })
            .collect();
        if words.is_empty() && place.stdin.is_terminal() {
            return false;
        }
        if let Some(psql) = self.knowledge.command("psql") {
            self.known("psql", psql, &words, &(0..0), place);
        }
        true
    }

    /// `echo FLUSHALL | nc host 6379`: what is sent may be a command.
    pub(super) fn netcat(&mut self, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
        let target: Vec<String> = command.shown_from(0).collect();
        let target = target.join(" ");
        match &place.stdin {
            Stream::Terminal => false,
            Stream::File(file) if file == "/dev/null" => false,
            Stream::Text { text, .. } => {
                let text = text.clone();
                let inner = self.apart(|this| {
                    for line in text.lines().take(50) {
                        this.redis_line(line, span, place);
                    }
                });
                let risk = match inner.risk {
                    Risk::Destroy => Risk::Destroy,
                    Risk::Observe => Risk::Observe,
                    _ if text.lines().all(only_asks) => Risk::Observe,
                    _ if crate::salvage::destructive_word(&text).is_some() => Risk::Destroy,
                    _ => Risk::Change,
                };
                self.found.effect(phrased(
                    Verb::Sends,
                    Text::new(format!("text to {target}"), format!("texto a {target}")),
                    None,
                    risk,
                ));
                true
            }
            _ => {
                self.found.effect(phrased(
                    Verb::Sends,
                    Text::new(format!("data to {target}"), format!("datos a {target}")),
                    None,
                    Risk::Change,
                ));
                true
            }
        }
    }
}

/// A line of a protocol that asks for something or takes leave: `GET / HTTP/1.1`, `Host: x`, `QUIT`, `ruok`.
fn only_asks(line: &str) -> bool {
    const WORDS: &[&str] = &[
        "GET", "HEAD", "OPTIONS", "Q", "QUIT", "EXIT", "LOGOUT", "EHLO", "HELO", "NOOP", "STARTTLS", "STATS",
        "VERSION", "RUOK", "MNTR", "STAT", "CONF", "ENVI", "SRVR", "PING", "INFO", "SHOW",
    ];
    let line = line.trim();
    let first = line.split_whitespace().next().unwrap_or_default();
    line.is_empty() || WORDS.contains(&first.to_uppercase().as_str()) || first.ends_with(':')
}
