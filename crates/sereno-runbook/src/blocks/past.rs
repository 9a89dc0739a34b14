//! What the earlier blocks of a procedure leave behind for the next: variables, a shell entered, a console opened.
//!
//! Variables are remembered for the section of second level, in which procedures stand; sessions only under the same
//! heading, because a reader who begins a new heading begins in their own shell.

use super::client_of;
use super::consoles::Consoles;
use super::directory;
use super::statements::Reading;
use super::values;
use crate::document::{Document, RawBlock};
use sereno_effects::Opens;
use sereno_model::BlockClass;
use std::collections::HashSet;

#[derive(Debug, Default)]
pub(super) struct Past {
    /// The heading, label and list of the last block: a session does not outlive them.
    place: (Option<usize>, Option<String>, Option<usize>),
    procedure: Vec<String>,
    variables: HashSet<String>,
    /// A block of this procedure went into a directory, and none left it.
    in_directory: bool,
    left_in: Option<Opens>,
    /// The last block was typed, and could have printed something.
    typed: bool,
    /// The last block is what a program printed.
    printed: bool,
    consoles: Consoles,
    console_named: bool,
}

impl Past {
    /// Forgets what does not reach into this block.
    pub(super) fn enter(&mut self, raw: &RawBlock, document: &Document) {
        self.console_named = self.consoles.named_for(raw, document);
        let list = raw.item.and_then(|item| document.items.get(item)).map(|item| item.list);
        let place = (raw.heading, raw.label.clone(), list);
        if place != self.place {
            self.left_in = None;
            self.place = place;
        }
        let procedure: Vec<String> = raw.trail.iter().take(2).cloned().collect();
        if procedure != self.procedure {
            let both_steps =
                is_step(&procedure) && is_step(&self.procedure) && procedure.first() == self.procedure.first();
            if !both_steps {
                self.variables.clear();
                self.in_directory = false;
            }
            self.procedure = procedure;
        }
    }

    pub(super) fn remember(&mut self, class: BlockClass, reading: &Reading) {
        self.typed = matches!(class, BlockClass::Shell | BlockClass::Sql | BlockClass::Repl) && !reading.has_output;
        self.printed = class == BlockClass::Output;
        if class == BlockClass::Shell {
            self.variables.extend(values::sets(&reading.analysis).map(str::to_owned));
            self.in_directory = directory::left_in(&reading.statements).unwrap_or(self.in_directory);
            if !reading.analysis.statements.is_empty() {
                self.left_in.clone_from(&reading.left_in);
            }
        }
    }

    pub(super) fn variables(&self) -> &HashSet<String> {
        &self.variables
    }

    /// Whether the block works in the directory that an earlier one went into.
    pub(super) fn goes_on_in_directory(&self, reading: &Reading) -> bool {
        self.in_directory && directory::is_needed(&reading.statements)
    }

    /// The shell of a pod, host or user that the reader is in.
    pub(super) fn entered(&self) -> Option<&Opens> {
        self.left_in.as_ref().filter(|opens| client_of(opens).is_none())
    }

    /// The text of the sections around the block names the console of its language.
    pub(super) fn console_named(&self) -> bool {
        self.console_named
    }

    /// The last block holds commands, without what they print.
    pub(super) fn typed(&self) -> bool {
        self.typed
    }

    /// The last block is what a program printed.
    pub(super) fn printed(&self) -> bool {
        self.printed
    }

    /// The client whose console is open.
    pub(super) fn console(&self) -> Option<&str> {
        self.left_in.as_ref().and_then(client_of)
    }
}

/// A section of second level that is a step of one procedure: `Step 2: …`, `Paso 2`, `2. …`.
fn is_step(procedure: &[String]) -> bool {
    procedure.get(1).is_some_and(|title| {
        let title = crate::text::fold(crate::text::without_emoji(title));
        title.starts_with("step ")
            || title.starts_with("paso ")
            || title.starts_with("fase ")
            || title.starts_with("phase ")
    })
}
