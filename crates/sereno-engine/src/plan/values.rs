//! Where the values of placeholders come from.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// `-p name=value`.
    CommandLine,
    /// `sereno.toml`.
    Settings,
    /// The environment of this process.
    Environment,
    /// The system's own `.env`.
    EnvFile,
    /// Asked at the terminal.
    Terminal,
    /// The runbook's own demand: the word that the approving person types.
    TypedWord,
}

/// One layer of values. Layers are asked in order; the first that knows a name wins.
#[derive(Debug, Clone)]
pub struct ValueSource {
    pub origin: Origin,
    pub values: BTreeMap<String, String>,
}

/// All layers of values, in order.
#[derive(Debug, Clone, Default)]
pub struct Values {
    layers: Vec<ValueSource>,
}

impl Values {
    pub fn push(&mut self, origin: Origin, values: BTreeMap<String, String>) {
        self.layers.push(ValueSource { origin, values });
    }

    /// The value for a placeholder: by its exact name, by its text, and, in the layers of an environment, by its name
    /// as a variable would be spelled (`pod-name` is `POD_NAME`).
    pub fn get(&self, name: &str, text: &str) -> Option<(String, Origin)> {
        let variable = as_variable(name);
        self.layers.iter().find_map(|layer| {
            let by_variable = match layer.origin {
                Origin::Environment | Origin::EnvFile => layer.values.get(&variable),
                _ => layer.values.iter().find(|(key, _)| as_variable(key) == variable).map(|(_, value)| value),
            };
            let exact = layer.values.get(name).or_else(|| layer.values.get(text));
            exact.or(by_variable).map(|value| (value.clone(), layer.origin))
        })
    }

    /// Names given on the command line that no placeholder uses: most likely a slip of the finger.
    pub fn unused<'a>(&'a self, used: &'a [String]) -> impl Iterator<Item = &'a String> {
        let used: Vec<String> = used.iter().map(|name| as_variable(name)).collect();
        self.layers
            .iter()
            .filter(|layer| layer.origin == Origin::CommandLine)
            .flat_map(|layer| layer.values.keys())
            .filter(move |key| !used.contains(&as_variable(key)))
    }
}

fn as_variable(name: &str) -> String {
    super::fold(name).replace(' ', "_").to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_layer_that_knows_a_name_wins_whatever_its_spelling() {
        let mut values = Values::default();
        values.push(Origin::CommandLine, BTreeMap::from([("Pod Name".into(), "a".into())]));
        values
            .push(Origin::Environment, BTreeMap::from([("POD_NAME".into(), "b".into()), ("TOKEN".into(), "t".into())]));
        assert_eq!(values.get("pod-name", "<pod-name>"), Some(("a".into(), Origin::CommandLine)));
        assert_eq!(values.get("token", "<token>"), Some(("t".into(), Origin::Environment)));
        assert_eq!(values.get("other", "<other>"), None);
        assert_eq!(values.unused(&["token".into()]).collect::<Vec<_>>(), ["Pod Name"]);
    }
}
