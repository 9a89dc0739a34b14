//! What was noticed while cutting, as diagnostics.

use super::Document;
use sereno_model::{Diagnostic, Severity, Text};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Note {
    /// Opened and closed with different numbers of backticks, and mended.
    UnevenFence,
    /// Never closed: it runs to the end of the file.
    UnclosedFence,
    /// Ended by the end of its list item or quote, not by a fence.
    CutFence,
    /// A command stands where the language's name belongs.
    SwallowedCommand,
    TooDeep,
}

/// A hostile file must not make a list of findings that is longer than itself.
const MAX_OF_ONE_KIND: usize = 100;

pub(super) fn report(notes: Vec<(Note, usize)>, document: &Document, diagnostics: &mut Vec<Diagnostic>) {
    let mut counts: Vec<(Note, usize)> = Vec::new();
    for (note, at) in notes {
        match counts.iter_mut().find(|(seen, _)| *seen == note) {
            Some((_, count)) if *count >= MAX_OF_ONE_KIND => continue,
            Some((_, count)) => *count += 1,
            None => counts.push((note, 1)),
        }
        let line = document.lines.line(at);
        let end = document.source.get(at..).and_then(|rest| rest.find('\n')).map_or(document.source.len(), |n| at + n);
        let (code, severity, message, help) = describe(note, line);
        diagnostics.push(document.lines.diagnostic(&document.source, code, severity, at..end, message, Some(help)));
    }
}

fn describe(note: Note, line: usize) -> (&'static str, Severity, Text, Text) {
    match note {
        Note::UnevenFence => (
            "uneven-fence",
            Severity::Warning,
            Text::new(
                "This fence is opened and closed with different numbers of backticks, so other readers take the text after it for code",
                "Este bloque se abre y se cierra con distinta cantidad de acentos graves, y otros lectores toman por código el texto que sigue",
            ),
            Text::new("Open and close it with three backticks each.", "Ábralo y ciérrelo con tres acentos graves."),
        ),
        Note::UnclosedFence => (
            "unclosed-fence",
            Severity::Error,
            Text::new(
                format!("The block opened on line {line} is never closed: the rest of the file counts as its contents"),
                format!(
                    "El bloque abierto en la línea {line} nunca se cierra: el resto del archivo cuenta como su contenido"
                ),
            ),
            Text::new("Close it with a line of three backticks.", "Ciérrelo con una línea de tres acentos graves."),
        ),
        Note::CutFence => (
            "unclosed-fence",
            Severity::Warning,
            Text::new(
                format!(
                    "The block opened on line {line} ends with its list item, before any closing fence: a line in it is indented less than the item"
                ),
                format!(
                    "El bloque abierto en la línea {line} termina con su elemento de lista, antes del cierre: una línea tiene menos sangría que el elemento"
                ),
            ),
            Text::new(
                "Indent every line of the block, and its closing fence, as far as the opening one.",
                "Dé a todas las líneas del bloque, y a su cierre, la misma sangría que a la apertura.",
            ),
        ),
        Note::SwallowedCommand => (
            "swallowed-command",
            Severity::Error,
            Text::new(
                "A command stands on the line that opens the block, where only the language's name belongs: readers do not show it and it does not run",
                "Hay un comando en la línea que abre el bloque, donde solo va el nombre del lenguaje: no se muestra y no se ejecuta",
            ),
            Text::new(
                "Move the command to a line of its own inside the block.",
                "Pase el comando a una línea propia dentro del bloque.",
            ),
        ),
        Note::TooDeep => (
            "nesting-too-deep",
            Severity::Error,
            Text::new(
                "Lines nested deeper than any reader can follow are left out",
                "Se dejan fuera líneas anidadas a más profundidad de la que alguien puede seguir",
            ),
            Text::new("Write them with less nesting.", "Escríbalas con menos anidamiento."),
        ),
    }
}
