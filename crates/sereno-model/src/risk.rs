//! How much a command can cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The risk of a command, a step or a plan. The order is the order of caution: the risk of a whole is the highest of
/// its parts. `Unclear` stands above `Change`, because what was not understood may be worse than a change, and below
/// `Destroy`, because destruction that was understood must not hide behind a doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Reads only.
    #[default]
    Observe,
    /// Changes something in a way that can be undone.
    Change,
    /// Not understood; a person must read the raw command.
    Unclear,
    /// Loses data or availability.
    Destroy,
}

impl Risk {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Change => "change",
            Self::Unclear => "unclear",
            Self::Destroy => "destroy",
        }
    }

    /// The highest of several risks; `None` for none.
    pub fn highest(risks: impl IntoIterator<Item = Self>) -> Option<Self> {
        risks.into_iter().max()
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
