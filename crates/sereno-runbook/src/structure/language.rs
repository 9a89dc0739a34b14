//! Spanish or English, by the little words.

use crate::document::{Document, ElementKind};
use crate::text::folded;
use sereno_model::Lang;

const SPANISH: [&str; 34] = [
    "el",
    "la",
    "los",
    "las",
    "de",
    "del",
    "que",
    "en",
    "y",
    "para",
    "por",
    "con",
    "si",
    "una",
    "un",
    "es",
    "al",
    "se",
    "esta",
    "este",
    "como",
    "debe",
    "ver",
    "sin",
    "cuando",
    "verificar",
    "reiniciar",
    "servicio",
    "paso",
    "falla",
    "horario",
    "nombre",
    "despues",
    "datos",
];
const ENGLISH: [&str; 34] = [
    "the", "of", "and", "to", "is", "in", "for", "with", "if", "this", "that", "from", "are", "be", "on", "or",
    "check", "when", "you", "it", "not", "should", "run", "then", "restart", "service", "step", "fails", "verify",
    "after", "name", "by", "all", "data",
];

/// The words that are counted; more tell nothing new.
const ENOUGH: usize = 4000;

/// The language that a runbook is written in.
pub(crate) fn language(document: &Document) -> Lang {
    let (mut spanish, mut english, mut counted) = (0_usize, 0_usize, 0_usize);
    let mut count = |text: &str| {
        for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
            let word = folded(word);
            counted += 1;
            spanish += usize::from(SPANISH.contains(&word.as_ref()));
            english += usize::from(ENGLISH.contains(&word.as_ref()));
        }
        if !text.is_ascii() {
            spanish += text.chars().filter(|c| matches!(c, 'ñ' | 'Ñ' | '¿' | '¡' | 'ó' | 'í' | 'á')).count();
        }
        counted < ENOUGH
    };
    for heading in &document.headings {
        if !count(&heading.text.plain) {
            break;
        }
    }
    'all: for element in &document.elements {
        match &element.kind {
            ElementKind::Text(lines) => {
                for line in lines {
                    if !count(&line.plain) {
                        break 'all;
                    }
                }
            }
            ElementKind::Table(table) => {
                for cell in table.header.iter().chain(table.rows.iter().flatten()) {
                    if !count(&cell.plain) {
                        break 'all;
                    }
                }
            }
            ElementKind::Block(index) => {
                let Some(block) = document.blocks.get(*index) else {
                    continue;
                };
                for line in block.text.lines().filter(|line| line.trim_start().starts_with("# ")) {
                    if !count(line) {
                        break 'all;
                    }
                }
            }
            _ => {}
        }
    }
    if spanish > english { Lang::Es } else { Lang::En }
}
