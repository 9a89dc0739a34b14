//! How things look in a terminal: colours, and diagnostics as a good compiler prints them.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anstyle::{AnsiColor, Style};
use sereno_engine::plan::{PlanStep, StepFile};
use sereno_model::{Diagnostic, Lang, Outcome, Risk, Severity};
use std::borrow::Cow;

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(crate) const RED: Style = AnsiColor::Red.on_default();
pub(crate) const MAGENTA: Style = AnsiColor::Magenta.on_default();
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default();

/// Text in a style. Styles are stripped by the stream when it is not a terminal.
pub(crate) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{}{style:#}", visible(&text.to_string()))
}

/// A runbook's text as it is: what would move the cursor, erase, turn the direction of writing or take no room is shown by
/// its number, so that nobody approves another command than the one that runs.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let hides = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    if !text.contains(hides) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hides(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

/// A name or a reason as one line, whatever it holds: a newline in it must not forge a row of a table.
pub(crate) fn one_line(text: &str) -> String {
    visible(text).replace('\n', "\\n").replace('\t', "\\t")
}

pub(crate) fn risk_style(risk: Risk) -> Style {
    match risk {
        Risk::Observe => GREEN,
        Risk::Change => YELLOW,
        Risk::Unclear => MAGENTA,
        Risk::Destroy => RED.bold(),
    }
}

pub(crate) fn outcome_style(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Succeeded => GREEN,
        Outcome::Failed => RED.bold(),
        Outcome::Unknown => MAGENTA.bold(),
        Outcome::Skipped => DIM,
        Outcome::Refused => YELLOW,
    }
}

/// The risk as a person reads it.
pub(crate) fn risk_word(risk: Risk, lang: Lang) -> &'static str {
    match (risk, lang) {
        (Risk::Observe, Lang::En) => "observe",
        (Risk::Observe, Lang::Es) => "observa",
        (Risk::Change, Lang::En) => "change",
        (Risk::Change, Lang::Es) => "cambia",
        (Risk::Unclear, Lang::En) => "unclear",
        (Risk::Unclear, Lang::Es) => "no está claro",
        (Risk::Destroy, Lang::En) => "destroy",
        (Risk::Destroy, Lang::Es) => "destruye",
    }
}

/// The outcome as a person reads it.
pub(crate) fn outcome_word(outcome: Outcome, lang: Lang) -> &'static str {
    match (outcome, lang) {
        (Outcome::Succeeded, Lang::En) => "succeeded",
        (Outcome::Succeeded, Lang::Es) => "bien",
        (Outcome::Failed, Lang::En) => "failed",
        (Outcome::Failed, Lang::Es) => "falló",
        (Outcome::Unknown, Lang::En) => "unknown",
        (Outcome::Unknown, Lang::Es) => "desconocido",
        (Outcome::Skipped, Lang::En) => "skipped",
        (Outcome::Skipped, Lang::Es) => "omitido",
        (Outcome::Refused, Lang::En) => "refused",
        (Outcome::Refused, Lang::Es) => "rechazado",
    }
}

/// The files that a step executes by name, a line for each, ready to print: what an approval binds, and what it does not.
pub(crate) fn files(step: &PlanStep, lang: Lang) -> Vec<String> {
    let line = |file: &StepFile| match (&file.digest, &file.unbound, lang) {
        (Some(digest), _, Lang::En) => format!("file {} · sha256 {}", visible(&file.name), digest.short()),
        (Some(digest), _, Lang::Es) => format!("archivo {} · sha256 {}", visible(&file.name), digest.short()),
        (None, Some(why), Lang::En) => styled(YELLOW, format!("file {} · NOT BOUND: {}", file.name, why.en)),
        (None, Some(why), Lang::Es) => styled(YELLOW, format!("archivo {} · SIN ATAR: {}", file.name, why.es)),
        (None, None, _) => visible(&file.name).into_owned(),
    };
    step.files.iter().map(line).collect()
}

/// A diagnostic with its source line, caret, reason and help.
pub(crate) fn diagnostic(source: &str, file: &str, diagnostic: &Diagnostic, lang: Lang, color: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let span = within(source, &diagnostic.span);
    let snippet = Snippet::source(source).path(file).annotation(AnnotationKind::Primary.span(span));
    let title = level.primary_title(diagnostic.message.get(lang)).id(diagnostic.code.as_str());
    let mut group: Group<'_> = title.element(snippet);
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.get(lang)));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// A span that surely lies within the text and on character boundaries, whatever a diagnostic says.
fn within(source: &str, span: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    let mut start = span.start.min(source.len());
    while !source.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end.clamp(start, source.len());
    while !source.is_char_boundary(end) {
        end -= 1;
    }
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::{one_line, visible};

    #[test]
    fn a_name_stays_on_one_line() {
        assert_eq!(one_line("api\nweb\tOK\r"), "api\\nweb\\tOK\\u{d}");
    }

    #[test]
    fn what_would_hide_a_command_is_shown() {
        assert_eq!(visible("rm -rf /v #\u{1b}[2K\rls"), "rm -rf /v #\\u{1b}[2K\\u{d}ls");
        assert_eq!(visible("a\u{202e}b\u{200b}"), "a\\u{202e}b\\u{200b}");
        assert_eq!(visible("año\t→ ✅"), "año\t→ ✅");
    }
}
