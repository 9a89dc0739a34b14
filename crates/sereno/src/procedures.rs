//! Finding the one procedure that a person means, over all runbooks of the system.

use crate::context::{Context, Document};
use crate::exit::Exit;
use crate::report::{Failure, Result};
use sereno_engine::plan::{Found, find_procedure};
use sereno_runbook::model::Procedure;

/// The document and the index of the procedure in it.
pub(crate) struct Chosen {
    pub(crate) document: Document,
    index: usize,
}

impl Chosen {
    pub(crate) fn procedure(&self) -> &Procedure {
        &self.document.runbook.procedures[self.index]
    }
}

/// The one procedure that a query names; several or none is an error that names the nearest.
pub(crate) fn choose(documents: Vec<Document>, query: &str) -> Result<Chosen> {
    let mut hits: Vec<(usize, usize)> = Vec::new();
    for (at, document) in documents.iter().enumerate() {
        if let Found::One(procedure) = find_procedure(&document.runbook, query) {
            let index = document.runbook.procedures.iter().position(|p| p.id == procedure.id);
            hits.extend(index.map(|index| (at, index)));
        }
    }
    match hits.as_slice() {
        [(at, index)] => {
            let (at, index) = (*at, *index);
            let document = documents.into_iter().nth(at);
            document.map(|document| Chosen { document, index }).ok_or_else(|| none(query))
        }
        [] => Err(documents.iter().map(|d| not_one(d, query)).next().unwrap_or_else(|| none(query))),
        several => {
            let names: Vec<_> = several
                .iter()
                .map(|(at, index)| format!("{}: {}", documents[*at].name, documents[*at].runbook.procedures[*index].id))
                .collect();
            Err(Failure::new(
                Exit::Usage,
                format!("`{query}` is in several runbooks: {}", names.join(", ")),
                format!("`{query}` está en varios runbooks: {}", names.join(", ")),
            )
            .hint("name the runbook with --runbook FILE", "nombre el runbook con --runbook ARCHIVO"))
        }
    }
}

fn none(query: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("no procedure is named `{query}`"),
        format!("ningún procedimiento se llama `{query}`"),
    )
}

/// Why a query names not exactly one procedure of a document.
pub(crate) fn not_one(document: &Document, query: &str) -> Failure {
    let list = |procedures: &[&Procedure]| {
        procedures.iter().map(|p| format!("  {}  ({})", p.id, p.title)).collect::<Vec<_>>().join("\n")
    };
    // With its `#` an id is never taken for a title.
    let ids = |procedures: &[&Procedure]| {
        procedures.iter().map(|p| format!("  '#{}'  (line {})", p.id, p.line)).collect::<Vec<_>>().join("\n")
    };
    match find_procedure(&document.runbook, query) {
        Found::Several(all) => Failure::new(
            Exit::Usage,
            format!("`{query}` names {} procedures of {}", all.len(), document.name),
            format!("`{query}` nombra {} procedimientos de {}", all.len(), document.name),
        )
        .hint(format!("use the id of one:\n{}", ids(&all)), format!("use el id de uno:\n{}", ids(&all))),
        Found::None(near) if near.is_empty() => Failure::new(
            Exit::Usage,
            format!("{} has no procedures", document.name),
            format!("{} no tiene procedimientos", document.name),
        )
        .hint(
            format!("`sereno runbook coverage {}` says what was understood of it", document.name),
            format!("`sereno runbook coverage {}` dice qué se entendió de él", document.name),
        ),
        Found::None(near) => none(query)
            .hint(format!("the nearest are:\n{}", list(&near)), format!("los más cercanos son:\n{}", list(&near))),
        Found::One(_) => none(query),
    }
}

/// Refuses to read a runbook that a context cannot; kept here so that commands share one message.
pub(crate) fn documents(context: &Context, runbook: Option<&std::path::PathBuf>) -> Result<Vec<Document>> {
    let files: Vec<_> = runbook.into_iter().cloned().collect();
    context.documents(&files)
}
