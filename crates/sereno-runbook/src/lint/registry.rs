//! What a lint is, and the list of all of them.

use super::rules;
use super::view::{Cmd, Ctx};
use sereno_model::{Diagnostic, Severity, Text};
use std::ops::Range;

/// A text in both languages that is known when the program is built.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    pub en: &'static str,
    pub es: &'static str,
}

impl Words {
    pub fn text(self) -> Text {
        Text::new(self.en, self.es)
    }
}

/// English, Spanish.
pub(super) const fn w(en: &'static str, es: &'static str) -> Words {
    Words { en, es }
}

/// An example, as the author of a runbook would write it.
#[derive(Debug, Clone, Copy)]
pub enum Example {
    /// Lines of a shell block.
    Shell(&'static str),
    /// Markdown.
    Page(&'static str),
}

impl Example {
    /// As Markdown.
    pub fn page(self) -> String {
        match self {
            Self::Shell(text) => format!("```bash\n{text}\n```\n"),
            Self::Page(text) => format!("{text}\n"),
        }
    }
}

/// One lint.
pub struct Lint {
    /// Kebab-case and stable.
    pub code: &'static str,
    pub severity: Severity,
    /// What it finds.
    pub title: Words,
    /// Why that hurts: the message of a finding, unless the lint knows more.
    pub why: Words,
    /// How to mend it: the help of a finding, unless the lint knows more.
    pub fix: Words,
    pub bad: Example,
    pub good: Example,
    pub(super) check: fn(&Ctx<'_>, &mut Found<'_, '_>),
}

/// Every lint, in the order of the reference.
pub fn lints() -> impl Iterator<Item = &'static Lint> {
    rules::FAMILIES.iter().flat_map(|family| family.iter())
}

/// Collects the findings of one lint.
pub(super) struct Found<'c, 'a> {
    ctx: &'c Ctx<'a>,
    lint: &'static Lint,
    out: Vec<Diagnostic>,
}

impl<'c, 'a> Found<'c, 'a> {
    pub(super) fn new(ctx: &'c Ctx<'a>, lint: &'static Lint) -> Self {
        Self { ctx, lint, out: Vec::new() }
    }

    /// A finding at bytes of the source.
    pub(super) fn at(&mut self, span: Range<usize>, message: Text, help: Text) {
        self.with(self.lint.severity, span, message, help);
    }

    pub(super) fn with(&mut self, severity: Severity, span: Range<usize>, message: Text, help: Text) {
        let (line, column) = self.ctx.line_column(span.start);
        self.out.push(Diagnostic {
            code: self.lint.code.to_owned(),
            severity,
            span,
            line,
            column,
            message,
            help: Some(help),
        });
    }

    /// A finding at a command.
    pub(super) fn command(&mut self, command: &Cmd, message: Text, help: Text) {
        self.at(self.ctx.place(command), message, help);
    }

    /// A finding at a command, in the words of the registry.
    pub(super) fn hit(&mut self, command: &Cmd) {
        self.command(command, self.lint.why.text(), self.lint.fix.text());
    }

    /// The same, at bytes of the source.
    pub(super) fn here(&mut self, span: Range<usize>) {
        self.at(span, self.lint.why.text(), self.lint.fix.text());
    }

    /// The same, as a note: it matters less in this place.
    pub(super) fn note(&mut self, span: Range<usize>) {
        self.with(Severity::Note, span, self.lint.why.text(), self.lint.fix.text());
    }

    /// The same, with the severity of the place.
    pub(super) fn hit_as(&mut self, severity: Severity, command: &Cmd) {
        self.with(severity, self.ctx.place(command), self.lint.why.text(), self.lint.fix.text());
    }

    /// The words of the registry and, in brackets, what is special here.
    pub(super) fn detail(&mut self, span: Range<usize>, detail: &Text) {
        let why = self.lint.why;
        let message = Text::new(format!("{} ({})", why.en, detail.en), format!("{} ({})", why.es, detail.es));
        self.at(span, message, self.lint.fix.text());
    }

    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.out
    }
}
