//! What a text itself tells about its variables, functions and aliases.

use crate::word::UNKNOWN;
use std::collections::HashMap;

/// More possible values than this are not followed.
const MOST_VALUES: usize = 8;

/// The variables, functions and aliases known at one place of a text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    /// All values that a variable may have here; one with an unknown part holds the mark.
    variables: HashMap<String, Vec<String>>,
    /// Which of several possible values is meant just now, for variables that may have several.
    pub(crate) choice: HashMap<String, usize>,
    arguments: Option<Vec<String>>,
    pub(crate) functions: HashMap<String, usize>,
    pub(crate) aliases: HashMap<String, String>,
    odd_separator: bool,
}

impl Scope {
    /// The variable's value, with the mark where a part is not known; `None` when nothing is known of it.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        if let Ok(number) = name.parse::<usize>() {
            return self.arguments.as_ref()?.get(number.checked_sub(1)?).cloned();
        }
        let values = self.variables.get(name)?;
        values.get(self.choice.get(name).copied().unwrap_or_default()).or(values.first()).cloned()
    }

    /// How many values the variable may have here.
    pub(crate) fn choices(&self, name: &str) -> usize {
        self.variables.get(name).map_or(1, Vec::len)
    }

    /// Sets a variable. Where it is not sure that the place is reached (a branch, a loop), its other values stay possible.
    pub(crate) fn set(&mut self, name: &str, value: String, maybe: bool) {
        if name == "IFS" {
            self.odd_separator = true;
        }
        let values = self.variables.entry(name.to_owned()).or_default();
        if !maybe {
            values.clear();
        }
        if values.contains(&value) {
            return;
        }
        if values.len() >= MOST_VALUES {
            *values = vec![UNKNOWN.to_string()];
        } else {
            values.push(value);
        }
    }

    pub(crate) fn append(&mut self, name: &str, value: &str) {
        let before = self.value(name).unwrap_or_else(|| UNKNOWN.to_string());
        // A text that doubles itself line after line must not grow without bound.
        let joined = if before.len() > 4_096 { UNKNOWN.to_string() } else { format!("{before}{value}") };
        self.set(name, joined, true);
    }

    pub(crate) fn forget(&mut self, name: &str) {
        self.set(name, UNKNOWN.to_string(), false);
    }

    pub(crate) fn arguments(&self) -> Option<&[String]> {
        self.arguments.as_deref()
    }

    pub(crate) fn replace_arguments(&mut self, arguments: Option<Vec<String>>) -> Option<Vec<String>> {
        std::mem::replace(&mut self.arguments, arguments)
    }

    /// `IFS` was set: how an expansion splits into words is not followed.
    pub(crate) fn splits_oddly(&self) -> bool {
        self.odd_separator
    }
}
