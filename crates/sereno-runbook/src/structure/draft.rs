//! A step while it is being found, before its procedure is known.

use crate::model::{Role, StepKind};
use sereno_model::{BlockClass, Effect, Flag, Risk};
use std::ops::Range;

#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) title: String,
    pub(super) line: usize,
    pub(super) kind: StepKind,
    pub(super) class: Option<BlockClass>,
    pub(super) risk: Option<Risk>,
    pub(super) flags: Vec<Flag>,
    pub(super) effects: Vec<Effect>,
    pub(super) needs: Vec<String>,
    pub(super) expects: Option<String>,
    pub(super) role: Option<Role>,
    /// Alternatives within one block or list: a number that is the same for all of them, and which one this is.
    pub(super) alternative: Option<(u32, u32, String)>,
    pub(super) condition: Option<String>,
    pub(super) block: Option<usize>,
    /// Why its statements are not for this shell.
    pub(super) foreign: Option<String>,
    pub(super) text: String,
    pub(super) span: Range<usize>,
    /// An index in the list of commands found in prose.
    pub(super) inline: Option<usize>,
    /// The section that it stands in: an index in the outline.
    pub(super) section: usize,
}

impl Draft {
    /// What a person does, in the author's words.
    pub(super) fn manual(title: String, text: String, line: usize) -> Self {
        Self {
            title,
            line,
            kind: StepKind::Manual,
            class: None,
            risk: None,
            flags: Vec::new(),
            effects: Vec::new(),
            needs: Vec::new(),
            expects: None,
            role: None,
            alternative: None,
            condition: None,
            block: None,
            foreign: None,
            text,
            span: 0..0,
            inline: None,
            section: 0,
        }
    }
}
