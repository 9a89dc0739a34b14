//! From bytes to a runbook, in the order in which it is understood.

use crate::document::{self, Document};
use crate::facts::{self, Source};
use crate::model::{Block, Encoding, Runbook, SCHEMA_VERSION};
use crate::structure::{self, Outline};
use crate::text::without_emoji;
use crate::{blocks, encoding};
use sereno_effects::Knowledge;
use sereno_model::Diagnostic;
use std::collections::HashMap;

/// Reads a runbook with the knowledge of commands that Sereno brings.
pub fn read(bytes: &[u8]) -> (Runbook, Vec<Diagnostic>) {
    read_with(bytes, Knowledge::builtin())
}

/// Reads a runbook. It cannot fail: whatever the bytes, there is a runbook, perhaps an empty one, and a diagnostic
/// that says why.
pub fn read_with(bytes: &[u8], knowledge: &Knowledge) -> (Runbook, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let (text, encoding) = encoding::decode(bytes, &mut diagnostics);
    let document = document::cut(text, &mut diagnostics);
    let (blocks, found) = blocks::classify(&document.blocks, &document, knowledge);
    diagnostics.extend(found);
    let runbook = assemble(document, blocks, encoding, knowledge);
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
    (runbook, diagnostics)
}

fn assemble(document: Document, mut blocks: Vec<Block>, encoding: Encoding, knowledge: &Knowledge) -> Runbook {
    let outline = structure::outline(&document);
    for block in &mut blocks {
        let section = outline.at(block.line).and_then(|section| outline.sections.get(section));
        block.section = section.map(|section| section.id.clone());
    }
    let language = structure::language(&document);
    let judge = |commands: &[document::RawBlock]| blocks::classify(commands, &document, knowledge).0;
    let found = structure::procedures(&document, &outline, &blocks, language, judge);
    let owners: HashMap<usize, String> =
        found.sections.iter().copied().zip(found.procedures.iter().map(|procedure| procedure.id.clone())).collect();
    let source = Source { document: &document, outline: &outline, blocks: &blocks };
    let decisions = facts::decision::collect(source, &|section| facts::decision::nearest(&outline, section, &owners));
    let incidents = structure::incidents(&document, &outline, &found, &decisions);
    Runbook {
        schema_version: SCHEMA_VERSION,
        title: title(&document, &outline),
        language,
        encoding,
        metadata: structure::metadata(&document, &outline),
        decisions,
        thresholds: facts::threshold::collect(source),
        contacts: facts::contact::collect(source),
        escalation: facts::escalation::collect(source),
        checklists: facts::checklist::collect(source),
        schedules: facts::schedule::collect(source),
        endpoints: facts::endpoint::collect(source),
        channels: facts::channel::collect(source),
        incidents,
        procedures: found.procedures,
        sections: outline.sections,
        blocks,
        source: document.source,
    }
}

/// The first heading, if it is the highest there is; else what the front matter says.
fn title(document: &Document, outline: &Outline) -> Option<String> {
    let highest = document.headings.iter().map(|heading| heading.level).min();
    let first = document.headings.first().filter(|heading| Some(heading.level) == highest);
    let of_front_matter =
        || document.front_matter.iter().find(|(key, _, _)| key == "title").map(|(_, title, _)| title.clone());
    let level_one =
        first.filter(|heading| heading.level == 1).map(|heading| without_emoji(&heading.text.plain).to_owned());
    level_one
        .or_else(of_front_matter)
        .or_else(|| outline.sections.first().map(|section| section.title.clone()))
        .filter(|title| !title.is_empty())
}
