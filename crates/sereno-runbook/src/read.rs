//! From bytes to a runbook, in the order in which it is understood.

use crate::document::{self, Document};
use crate::model::{Encoding, Metadata, Runbook, SCHEMA_VERSION};
use crate::{blocks, encoding};
use sereno_model::{Diagnostic, Lang};

/// Reads a runbook. It cannot fail: whatever the bytes, there is a runbook, perhaps an empty one, and a diagnostic
/// that says why.
pub fn read(bytes: &[u8]) -> (Runbook, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let (text, encoding) = encoding::decode(bytes, &mut diagnostics);
    let document = document::cut(text, &mut diagnostics);
    let (blocks, found) = blocks::classify(&document.blocks, &document, sereno_effects::Knowledge::builtin());
    diagnostics.extend(found);
    let runbook = assemble(document, blocks, encoding);
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
    (runbook, diagnostics)
}

fn assemble(document: Document, blocks: Vec<crate::model::Block>, encoding: Encoding) -> Runbook {
    Runbook {
        schema_version: SCHEMA_VERSION,
        title: document
            .headings
            .first()
            .map(|heading| heading.text.plain.clone()),
        language: Lang::En,
        encoding,
        metadata: Metadata::default(),
        sections: Vec::new(),
        blocks,
        procedures: Vec::new(),
        incidents: Vec::new(),
        decisions: Vec::new(),
        thresholds: Vec::new(),
        contacts: Vec::new(),
        escalation: Vec::new(),
        checklists: Vec::new(),
        schedules: Vec::new(),
        endpoints: Vec::new(),
        channels: Vec::new(),
        source: document.source,
    }
}
