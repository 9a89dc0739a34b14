//! What a shell does by itself: `echo`, `read`, `alias`; and the commands that pass text along.

use crate::analysis::{Interactive, Prompt};
use crate::analyzer::Analyzer;
use crate::invocation::Invocation;
use crate::stream::Stream;
use crate::walk::Place;
use crate::word::{Field, UNKNOWN};
use crate::wording::phrased;
use sereno_model::{Risk, Text, Verb};
use std::ops::Range;

impl Analyzer<'_> {
    /// `echo`, `printf`: what they print may be the next command's text.
    pub(super) fn echo(&mut self, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
        let mut words: Vec<&Field> = command.words.iter().collect();
        if command.name == "printf" {
            if words.first().is_some_and(|word| word.text == "-v") {
                if let Some(name) = words.get(1).and_then(|word| word.value()) {
                    self.found.set(name);
                    self.scope.forget(name);
                    self.variable_set(name, &UNKNOWN.to_string(), span.clone(), place);
                }
                return true;
            }
            self.output = Stream::text(printed(&words));
            return true;
        }
        let mut escapes = false;
        while let Some(first) =
            words.first().filter(|word| matches!(word.text.as_str(), "-n" | "-e" | "-ne" | "-en" | "-E" | "-nE"))
        {
            escapes |= first.text.contains('e');
            words.remove(0);
        }
        let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        self.output = Stream::text(if escapes { unescaped(&text) } else { text });
        true
    }

    /// `cat FILE`, `cat <<EOF`: what it passes on.
    pub(super) fn cat(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let files: Vec<String> = command.shown_from(0).collect();
        self.output = match files.as_slice() {
            [] => {
                if place.stdin.is_terminal() {
                    self.found.interactive(Interactive::Prompt);
                }
                place.stdin.clone()
            }
            [only] if only == "/dev/null" => Stream::text(""),
            [only] if only == "-" => place.stdin.clone(),
            [only] if command.positional_word(0).is_some_and(|word| word.known) => Stream::File(only.clone()),
            _ => Stream::Unknown,
        };
        if files.is_empty() {
            return true;
        }
        let shown = files.join(" ");
        self.found.effect(phrased(Verb::Reads, Text::same(shown), None, Risk::Observe));
        true
    }

    /// `base64 -d`: a text that is known is decoded here and now.
    pub(super) fn decode(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let decodes = command.has(&["-d", "--decode", "-D", "-r", "-p"]);
        self.output = match &place.stdin {
            Stream::Text { text, .. } if decodes && command.name == "base64" => {
                base64(text).map_or(Stream::Unknown, Stream::text)
            }
            _ => Stream::Unknown,
        };
        false
    }

    /// `curl`, `wget`, `nc`: what they print comes from the network. Their risk is for the rules to say.
    pub(super) fn fetched(&mut self, _command: &Invocation<'_>) -> bool {
        self.output = Stream::Network;
        false
    }

    pub(super) fn alias_definition(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        for word in command.words {
            let Some((name, text)) = word.text.split_once('=') else {
                continue;
            };
            let mut inner = place.perhaps();
            inner.shift = None;
            inner.anchor = Some(word.span.clone());
            inner.via.push("alias".to_owned());
            // Like a function, it counts when defined: whoever types it later does not see what it does.
            let found = self.apart(|this| this.inner_shell(text, &inner));
            self.found.raise(if found.risk == Risk::Unclear { Risk::Change } else { found.risk });
            crate::wording::merge_effects(&mut self.found.effects, found.effects);
            self.scope.aliases.insert(name.to_owned(), text.to_owned());
        }
        true
    }

    /// `read`: asks a person when nothing else feeds it.
    pub(super) fn read_line(&mut self, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
        let names: Vec<String> = command.shown_from(0).collect();
        for name in &names {
            self.found.set(name);
            self.scope.forget(name);
            self.variable_set(name, &UNKNOWN.to_string(), span.clone(), place);
        }
        if names.is_empty() {
            self.found.set("REPLY");
            self.scope.forget("REPLY");
        }
        if place.stdin.is_terminal() && command.name == "read" && !command.has(&["-u"]) {
            self.found.interactive(Interactive::Prompt);
            let message = command
                .all(&["-p"])
                .last()
                .and_then(|option| command.words.get(option.value_index))
                .map(|word| word.with_unknown_as("…"));
            let typed_word = message.as_deref().and_then(crate::prompt::quoted_word);
            let variable = names.first().cloned().unwrap_or_else(|| "REPLY".to_owned());
            self.found.prompts.push(Prompt { variable, message, span: span.clone(), typed_word });
        }
        true
    }

    /// `make TARGET`, `npm run NAME`: the name is all there is.
    pub(super) fn script_of_tool(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        for word in (0..command.positional_count()).filter_map(|index| command.positional_word(index)) {
            if let Some((name, value)) = word.text.split_once('=') {
                self.variable_set(name, value, word.span.clone(), place);
                crate::salvage::read(value, &mut self.found);
            }
        }
        let names: Vec<String> = command.shown_from(0).filter(|name| !name.contains('=')).collect();
        if names.is_empty() {
            return false;
        }
        for name in names {
            match crate::names::judge(self.knowledge, &name, &[]) {
                Some((risk, verb)) => {
                    let shown = format!("{} {name}", command.name);
                    let phrase = match verb {
                        Verb::Runs | Verb::Reads => Text::same(shown),
                        _ => Text::new(
                            format!("what `{shown}` is named for"),
                            format!("lo que anuncia el nombre `{shown}`"),
                        ),
                    };
                    let verb = if risk == Risk::Observe { Verb::Runs } else { verb };
                    self.found.effect(phrased(verb, phrase, None, risk));
                }
                None => self.found.unclear(&format!("{} {name}", command.name)),
            }
        }
        true
    }
}

/// What `printf` prints, roughly: its format with the arguments in the place of `%s`.
fn printed(words: &[&Field]) -> String {
    let Some((format, arguments)) = words.split_first() else {
        return String::new();
    };
    let mut text = unescaped(&format.text);
    for argument in arguments {
        let replaced = ["%s", "%b", "%d", "%q"].iter().filter_map(|hole| text.find(hole)).min();
        if let Some(at) = replaced {
            text.replace_range(at..at + 2, &argument.text);
        } else {
            text.push('\n');
            text.push_str(&argument.text);
        }
        if text.len() > 100_000 {
            break;
        }
    }
    text
}

/// `\n` and its like, as `echo -e` and `printf` read them.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('x') => push_code(&mut out, &mut chars, 16, 2),
            Some('0') => push_code(&mut out, &mut chars, 8, 3),
            Some(digit @ '1'..='7') => {
                let mut number = digit.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    if let Some(next) = chars.peek().and_then(|c| c.to_digit(8)) {
                        number = number * 8 + next;
                        chars.next();
                    }
                }
                out.extend(char::from_u32(number));
            }
            Some(other) => {
                if other != '\\' {
                    out.push('\\');
                }
                out.push(other);
            }
            None => out.push('\\'),
        }
    }
    out
}

fn push_code(out: &mut String, chars: &mut std::iter::Peekable<std::str::Chars<'_>>, radix: u32, most: usize) {
    let mut number = 0;
    for _ in 0..most {
        let Some(digit) = chars.peek().and_then(|c| c.to_digit(radix)) else {
            break;
        };
        number = number * radix + digit;
        chars.next();
    }
    out.extend(char::from_u32(number));
}

/// Decodes base64; `None` for what is not text.
fn base64(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut bits = 0u32;
    let mut count = 0;
    for byte in text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    String::from_utf8(bytes).ok()
}
