//! Shell text cut into commands and words, as a reviewer's eye does it: what is run, joined to what by `|`, `&&`, `||`,
//! inside which loop or condition. It keeps the places of words and never fails.
//!
//! It deliberately judges nothing: what a command does is `sereno-effects`' business. It exists beside that crate because
//! a review needs the joints between commands, which an analysis of effects does not keep.

use std::ops::Range;

/// How a command is joined to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    Start,
    And,
    Or,
    Pipe,
}

/// One word. `raw` is as written, `value` without quotes; expansions stay in it as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) raw: String,
    pub(crate) value: String,
    pub(crate) span: Range<usize>,
}

/// A redirection: the operator and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redirect {
    pub(crate) op: &'static str,
    pub(crate) target: String,
    pub(crate) span: Range<usize>,
}

/// A simple command as it stands in the text, before wrappers such as `sudo` are looked through.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    /// Leading `NAME=value` words.
    pub(crate) assigns: Vec<Word>,
    pub(crate) words: Vec<Word>,
    pub(crate) redirects: Vec<Redirect>,
    pub(crate) span: Range<usize>,
    pub(crate) join: Join,
    /// Commands of one pipeline share this number.
    pub(crate) pipeline: usize,
    /// Commands of one list (`a && b || c`) share this number.
    pub(crate) list: usize,
    pub(crate) in_loop: bool,
    pub(crate) in_condition: bool,
    pub(crate) in_substitution: bool,
    /// Body of its here-document.
    pub(crate) heredoc: Option<Range<usize>>,
}

/// What a text holds.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) commands: Vec<Raw>,
    pub(crate) comments: Vec<Range<usize>>,
}

/// Nesting of substitutions beyond which the text is taken as it is.
const DEPTH: usize = 8;

/// Cuts `text`; `base` is added to every place.
pub(crate) fn scan(text: &str, base: usize) -> Scan {
    let mut scanner = Scanner::new(text, base, 0);
    scanner.run();
    scanner.out
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    base: usize,
    depth: usize,
    out: Scan,
    current: Option<Raw>,
    join: Join,
    pipeline: usize,
    list: usize,
    loops: usize,
    conditions: usize,
    /// Between `for` and `do`, or `case` and `in`: words are not a command.
    header: bool,
    pending_heredocs: Vec<(String, bool, Option<usize>)>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, base: usize, depth: usize) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            base,
            depth,
            out: Scan::default(),
            current: None,
            join: Join::Start,
            pipeline: 0,
            list: 0,
            loops: 0,
            conditions: 0,
            header: false,
            pending_heredocs: Vec::new(),
        }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn run(&mut self) {
        while self.at < self.bytes.len() {
            match self.peek(0) {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\\' if self.peek(1) == b'\n' => self.at += 2,
                b'\n' => {
                    self.at += 1;
                    self.end(Join::Start);
                    self.heredocs();
                }
                b'#' => self.comment(),
                b';' => {
                    self.at += 1;
                    self.end(Join::Start);
                }
                b'&' if self.peek(1) == b'&' => {
                    self.at += 2;
                    self.end(Join::And);
                }
                b'&' if self.peek(1) != b'>' => {
                    self.at += 1;
                    self.end(Join::Start);
                }
                b'|' if self.peek(1) == b'|' => {
                    self.at += 2;
                    self.end(Join::Or);
                }
                b'|' => {
                    self.at += if self.peek(1) == b'&' { 2 } else { 1 };
                    self.end(Join::Pipe);
                }
                b'(' | b')' => {
                    self.at += 1;
                    self.end(Join::Start);
                }
                b'<' | b'>' if !self.placeholder_here() => self.redirect(),
                b'&' => self.redirect(),
                _ => self.word(),
            }
        }
        self.end(Join::Start);
    }

    /// `<pod-name>`: what a reader must replace, though a shell would see two redirections.
    fn placeholder_here(&self) -> bool {
        if self.peek(0) != b'<' || !(self.peek(1).is_ascii_alphabetic() || self.peek(1) >= 0x80) {
            return false;
        }
        let rest = self.text.get(self.at + 1..).unwrap_or("");
        rest.find(['>', '\n', '<', '|', ';', '&']).is_some_and(|end| rest[end..].starts_with('>') && end <= 60)
    }

    fn comment(&mut self) {
        let end = self.bytes[self.at..].iter().position(|b| *b == b'\n').map_or(self.bytes.len(), |n| self.at + n);
        self.out.comments.push(self.base + self.at..self.base + end);
        self.at = end;
    }

    fn redirect(&mut self) {
        let start = self.at;
        let ops: [&'static str; 11] = ["&>>", "<<<", "<<-", "<<", ">>", "&>", ">|", ">&", "<&", ">", "<"];
        let rest = self.text.get(self.at..).unwrap_or("");
        let op = ops.into_iter().find(|op| rest.starts_with(op)).unwrap_or("<");
        self.at += op.len();
        // A substitution of a process, `<(…)`, is a word's business; its parentheses end the command here, harmlessly.
        while matches!(self.peek(0), b' ' | b'\t') {
            self.at += 1;
        }
        let Some(word) = self.read_word() else { return };
        let span = self.base + start..word.span.end;
        if op == "<<" || op == "<<-" {
            let command = self.out.commands.len();
            self.pending_heredocs.push((word.value.clone(), op == "<<-", Some(command)));
        }
        let current = self.open(start);
        current.span.end = span.end;
        current.redirects.push(Redirect { op, target: word.value, span });
    }

    fn open(&mut self, start: usize) -> &mut Raw {
        let begin = self.base + start;
        let (join, pipeline, list) = (self.join, self.pipeline, self.list);
        let (in_loop, in_condition) = (self.loops > 0, self.conditions > 0);
        let in_substitution = self.depth > 0;
        self.current.get_or_insert_with(|| Raw {
            assigns: Vec::new(),
            words: Vec::new(),
            redirects: Vec::new(),
            span: begin..begin,
            join,
            pipeline,
            list,
            in_loop,
            in_condition,
            in_substitution,
            heredoc: None,
        })
    }

    fn end(&mut self, next: Join) {
        if let Some(command) = self.current.take() {
            self.out.commands.push(command);
        } else if self.join != Join::Start && next == Join::Start {
            // `a |` and a new line: the pipeline goes on.
            return;
        }
        self.header = false;
        if next != Join::Pipe {
            self.pipeline += 1;
        }
        if next == Join::Start {
            self.list += 1;
        }
        self.join = next;
    }

    fn word(&mut self) {
        let start = self.at;
        let Some(word) = self.read_word() else {
            self.at = (start + 1).max(self.at);
            while !self.text.is_char_boundary(self.at) {
                self.at += 1;
            }
            return;
        };
        if self.keyword(&word) {
            return;
        }
        if self.header {
            return;
        }
        let end = word.span.end;
        let current = self.open(start);
        current.span.end = end;
        if current.words.is_empty() && is_assignment(&word.raw) {
            current.assigns.push(word);
        } else {
            current.words.push(word);
        }
    }

    /// Words of the grammar at the start of a command. A lone `$` is a prompt.
    fn keyword(&mut self, word: &Word) -> bool {
        if self.header {
            return false;
        }
        let fresh = self.current.is_none();
        match word.raw.as_str() {
            "$" | "then" | "else" | "{" | "}" | "!" | "do" | "done" | "fi" | "esac" | "if" | "elif" | "while"
            | "until" | "for" | "case" | "function"
                if fresh => {}
            _ => return false,
        }
        match word.raw.as_str() {
            "if" | "elif" => self.conditions += 1,
            "while" | "until" => {
                self.conditions += 1;
                self.loops += 1;
            }
            "for" => {
                self.loops += 1;
                self.header = true;
            }
            "case" => self.header = true,
            "then" | "do" => self.conditions = self.conditions.saturating_sub(1),
            "done" => self.loops = self.loops.saturating_sub(1),
            _ => {}
        }
        true
    }

    /// Reads one word, running substitutions through a scanner of their own.
    fn read_word(&mut self) -> Option<Word> {
        let start = self.at;
        let mut value = String::new();
        while self.at < self.bytes.len() {
            match self.peek(0) {
                b' ' | b'\t' | b'\n' | b'\r' | b';' | b'|' | b'(' | b')' => break,
                b'&' => {
                    if self.peek(1) == b'&' || self.at == start || !value.ends_with('?') && !value.contains("://") {
                        break;
                    }
                    value.push('&');
                    self.at += 1;
                }
                b'<' | b'>' => {
                    if !self.placeholder_here() {
                        break;
                    }
                    let rest = &self.text[self.at..];
                    let length = rest.find('>').map_or(rest.len(), |n| n + 1);
                    value.push_str(&rest[..length]);
                    self.at += length;
                }
                b'\'' => self.quoted(b'\'', &mut value),
                b'"' => self.quoted(b'"', &mut value),
                b'\\' => {
                    self.at += 1;
                    self.push_char(&mut value);
                }
                b'$' if self.peek(1) == b'(' => self.substitution(&mut value),
                b'$' if self.peek(1) == b'{' => self.until(b'}', &mut value),
                b'`' => {
                    let begin = self.at;
                    self.until(b'`', &mut value);
                    self.nested(begin + 1, self.at.saturating_sub(1));
                }
                _ => self.push_char(&mut value),
            }
        }
        (self.at > start).then(|| Word {
            raw: self.text.get(start..self.at).unwrap_or("").to_owned(),
            value,
            span: self.base + start..self.base + self.at,
        })
    }

    fn push_char(&mut self, value: &mut String) {
        if let Some(c) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            if c != '\n' || !value.is_empty() {
                value.push(c);
            }
            self.at += c.len_utf8();
        } else {
            self.at = self.bytes.len();
        }
    }

    fn quoted(&mut self, quote: u8, value: &mut String) {
        self.at += 1;
        while self.at < self.bytes.len() && self.peek(0) != quote {
            match self.peek(0) {
                b'\\' if quote == b'"' && matches!(self.peek(1), b'"' | b'\\' | b'`') => {
                    self.at += 1;
                    self.push_char(value);
                }
                b'$' if quote == b'"' && self.peek(1) == b'(' => self.substitution(value),
                _ => self.push_char(value),
            }
        }
        self.at = (self.at + 1).min(self.bytes.len());
    }

    fn until(&mut self, close: u8, value: &mut String) {
        let begin = self.at;
        self.at += 1;
        while self.at < self.bytes.len() && self.peek(0) != close {
            self.at += 1;
        }
        self.at = (self.at + 1).min(self.bytes.len());
        value.push_str(self.text.get(begin..self.at).unwrap_or(""));
    }

    fn substitution(&mut self, value: &mut String) {
        let begin = self.at;
        let mut depth = 0usize;
        while self.at < self.bytes.len() {
            match self.peek(0) {
                b'(' => depth += 1,
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                b'\\' => self.at += 1,
                b'\'' => {
                    self.at += 1;
                    while self.at < self.bytes.len() && self.peek(0) != b'\'' {
                        self.at += 1;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        let close = self.at.min(self.bytes.len());
        self.at = (close + 1).min(self.bytes.len());
        value.push_str(self.text.get(begin..self.at).unwrap_or(""));
        self.nested(begin + 2, close);
    }

    fn nested(&mut self, from: usize, to: usize) {
        if self.depth >= DEPTH || from >= to {
            return;
        }
        let Some(inner) = self.text.get(from..to) else {
            return;
        };
        let mut scanner = Scanner::new(inner, self.base + from, self.depth + 1);
        scanner.run();
        // Numbers of lists and pipelines inside must not meet those outside.
        let shift = (self.depth + 1) * 1_000_000 + self.base + from;
        self.out.commands.extend(scanner.out.commands.into_iter().map(|mut c| {
            c.pipeline += shift;
            c.list += shift;
            c.in_loop |= self.loops > 0;
            c.in_condition |= self.conditions > 0;
            c
        }));
    }

    /// After a line end: the bodies of the here-documents opened on that line.
    fn heredocs(&mut self) {
        for (word, tabs, _) in std::mem::take(&mut self.pending_heredocs) {
            let start = self.at;
            let mut end = self.bytes.len();
            let mut next = self.bytes.len();
            let mut at = start;
            for line in self.text.get(start..).unwrap_or("").split_inclusive('\n') {
                let shown = line.trim_end_matches(['\n', '\r']);
                let shown = if tabs { shown.trim_start_matches('\t') } else { shown };
                // A reader may have indented the whole block; a closing word alone on its line is meant as one.
                if shown.trim() == word {
                    end = at;
                    next = at + line.len();
                    break;
                }
                at += line.len();
            }
            self.at = next;
            let body = self.base + start..self.base + end;
            if let Some(owner) =
                self.out.commands.iter_mut().rev().find(|c| {
                    c.heredoc.is_none() && c.redirects.iter().any(|r| r.op.starts_with("<<") && r.target == word)
                })
            {
                owner.heredoc = Some(body);
            }
        }
    }
}

/// `NAME=…` at the start of a command.
pub(crate) fn is_assignment(raw: &str) -> bool {
    let Some((name, _)) = raw.split_once('=') else {
        return false;
    };
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Vec<String> {
        scan(text, 0)
            .commands
            .iter()
            .map(|c| {
                let words: Vec<_> = c.words.iter().map(|w| w.value.as_str()).collect();
                format!("{:?} {}", c.join, words.join(" "))
            })
            .collect()
    }

    #[test]
    fn joints_and_quotes() {
        assert_eq!(
            shape("a 'x y' && b || echo \"no; $(c d)\" | tee f # note\ne"),
            ["Start a x y", "And b", "Start c d", "Or echo no; $(c d)", "Pipe tee f", "Start e"]
        );
    }

    #[test]
    fn placeholders_are_words_and_redirections_are_not() {
        let scan = scan("kubectl logs <pod-name> --tail=5 > out.txt", 0);
        let command = &scan.commands[0];
        assert_eq!(command.words[2].value, "<pod-name>");
        assert_eq!(command.redirects[0].target, "out.txt");
    }

    #[test]
    fn loops_conditions_and_heredocs() {
        let text = "for i in 1 2; do\n  curl x || echo bad\n  sleep 5\ndone\nif test 1; then b; fi\ncat <<EOF > f\n# a\nrm -rf /\nEOF\nend";
        let scan = scan(text, 0);
        let names: Vec<_> = scan.commands.iter().map(|c| c.words[0].value.as_str()).collect();
        assert_eq!(names, ["curl", "echo", "sleep", "test", "b", "cat", "end"]);
        assert!(scan.commands[0].in_loop && !scan.commands[5].in_loop);
        assert!(scan.commands[3].in_condition && !scan.commands[4].in_condition);
        assert_eq!(scan.commands[5].heredoc.clone().map(|r| &text[r]), Some("# a\nrm -rf /\n"));
        assert!(scan.comments.is_empty());
    }

    #[test]
    fn strange_input_ends() {
        for text in ["$(", "'", "\"$(", "<", "a <<", "&", "\\", "`", "${", ")(", "ñ<é>", "$(((", "\"\\", "a &>", "\\\n"]
        {
            let _ = scan(text, 0);
        }
    }
}
