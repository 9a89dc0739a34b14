//! Any bytes to text with LF line ends, and what was done to get there.
//!
//! UTF-8 and UTF-16 with or without a mark, Windows-1252 (line by line, since files are glued together from parts), and
//! text that was UTF-8 before a tool misread it (see [`mojibake`]). It never refuses: bytes that are no text at all give
//! an empty text and a diagnostic.

mod mojibake;

use crate::document::MAX_TEXT_BYTES;
use crate::model::Encoding;
use crate::text::Lines;
use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};
use sereno_model::{Diagnostic, Severity, Text};
use std::borrow::Cow;

/// How many bytes are looked at to tell UTF-16 and binary files.
const SAMPLE: usize = 64 * 1024;

/// Decodes a file and normalises its line ends to LF.
pub fn decode(bytes: &[u8], diagnostics: &mut Vec<Diagnostic>) -> (String, Encoding) {
    let (limited, cut) = limit(bytes);
    let (text, detected, bom) = to_text(limited, diagnostics);
    let crlf = text.contains("\r\n");
    let mut text = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.into_owned() };
    let repair = mojibake::repair(&text);
    let mut repaired = None;
    if let Some(repair) = repair {
        diagnostics.push(broken(&repair));
        text = repair.text;
        repaired = Some(repair.through.to_owned());
    }
    if cut {
        let end = text.len();
        diagnostics.push(Lines::of(&text).diagnostic(
            &text,
            "file-too-large",
            Severity::Error,
            end..end,
            too_large(),
            None,
        ));
    }
    if bytes.is_empty() || (text.trim().is_empty() && diagnostics.is_empty()) {
        diagnostics.push(whole_file(
            "empty-file",
            Text::new("The file is empty: there is nothing to read", "El archivo está vacío: no hay nada que leer"),
        ));
    }
    (text, Encoding { detected: detected.to_owned(), repaired, bom, crlf })
}

/// The part of a file that is read, ending at the end of a line where there is one.
fn limit(bytes: &[u8]) -> (&[u8], bool) {
    let Some(head) = bytes.get(..MAX_TEXT_BYTES).filter(|head| head.len() < bytes.len()) else {
        return (bytes, false);
    };
    let tail = head.iter().rev().take(SAMPLE).position(|byte| *byte == b'\n').unwrap_or(0);
    // An even length keeps the units of UTF-16 whole.
    let length = (head.len() - tail) & !1;
    (head.get(..length).unwrap_or(head), true)
}

fn to_text<'a>(bytes: &'a [u8], diagnostics: &mut Vec<Diagnostic>) -> (Cow<'a, str>, &'static str, bool) {
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        return (eight_bit(rest, diagnostics).0, "utf-8", true);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFF\xFE") {
        return (UTF_16LE.decode_without_bom_handling(rest).0, "utf-16le", true);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFE\xFF") {
        return (UTF_16BE.decode_without_bom_handling(rest).0, "utf-16be", true);
    }
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    if sample.contains(&0) {
        // In UTF-16 of a Western text every other byte is zero.
        let zeros = |first: usize| sample.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
        let (even, odd, half) = (zeros(0), zeros(1), sample.len() / 2);
        if odd * 10 > half * 6 && even * 20 < half {
            return (UTF_16LE.decode_without_bom_handling(bytes).0, "utf-16le", false);
        }
        if even * 10 > half * 6 && odd * 20 < half {
            return (UTF_16BE.decode_without_bom_handling(bytes).0, "utf-16be", false);
        }
    }
    let control = sample.iter().filter(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31)).count();
    if control * 100 > sample.len() {
        diagnostics.push(whole_file(
            "binary-file",
            Text::new(
                "This is a binary file, not a text: nothing was read from it",
                "Es un archivo binario, no un texto: no se leyó nada de él",
            ),
        ));
        return (Cow::Borrowed(""), "utf-8", false);
    }
    let (text, detected) = eight_bit(bytes, diagnostics);
    (text, detected, false)
}

/// UTF-8, or Windows-1252 on the lines that are not.
fn eight_bit<'a>(bytes: &'a [u8], diagnostics: &mut Vec<Diagnostic>) -> (Cow<'a, str>, &'static str) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (Cow::Borrowed(text), "utf-8");
    }
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 16);
    let mut first_odd = None;
    let mut any_utf8 = false;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if let Ok(line) = std::str::from_utf8(line) {
            any_utf8 |= !line.is_ascii();
            text.push_str(line);
        } else {
            first_odd.get_or_insert(text.len());
            text.push_str(&WINDOWS_1252.decode_without_bom_handling(line).0);
        }
    }
    let at = first_odd.unwrap_or_default();
    let message = if any_utf8 {
        Text::new(
            "From here on some lines are in Windows-1252 and others in UTF-8; each was read as what it is",
            "Desde aquí unas líneas están en Windows-1252 y otras en UTF-8; cada una se leyó como lo que es",
        )
    } else {
        Text::new(
            "The file is in Windows-1252 (Latin-1), which other tools will show with broken accents",
            "El archivo está en Windows-1252 (Latin-1), y otras herramientas mostrarán mal sus acentos",
        )
    };
    let help = Text::new("Save the file as UTF-8.", "Guarde el archivo como UTF-8.");
    let lines = Lines::of(&text);
    diagnostics.push(lines.diagnostic(&text, "not-utf8", Severity::Warning, at..at, message, Some(help)));
    (Cow::Owned(text), if any_utf8 { "utf-8" } else { "windows-1252" })
}

fn broken(repair: &mojibake::Repair) -> Diagnostic {
    let name = match repair.through {
        "mac_roman" => "Mac Roman",
        "windows_1252" => "Windows-1252",
        _ => "GBK",
    };
    let (count, line) = (repair.count, Lines::of(&repair.text));
    let at = repair.first..repair.first;
    line.diagnostic(
        &repair.text,
        "broken-encoding",
        Severity::Warning,
        at,
        Text::new(
            format!("The file was UTF-8 and was once saved as if it had been {name}: {count} characters were repaired"),
            format!(
                "El archivo era UTF-8 y alguna vez se guardó como si fuera {name}: se repararon {count} caracteres"
            ),
        ),
        Some(Text::new(
            "Save the repaired text as UTF-8, so that people read what Sereno reads.",
            "Guarde el texto reparado como UTF-8, para que las personas lean lo mismo que Sereno.",
        )),
    )
}

fn too_large() -> Text {
    let limit = MAX_TEXT_BYTES / (1024 * 1024);
    Text::new(
        format!("The file is larger than {limit} MiB: what follows was not read"),
        format!("El archivo supera los {limit} MiB: lo que sigue no se leyó"),
    )
}

fn whole_file(code: &str, message: Text) -> Diagnostic {
    Diagnostic { code: code.to_owned(), severity: Severity::Error, span: 0..0, line: 1, column: 1, message, help: None }
}
