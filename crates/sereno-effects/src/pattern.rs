//! Patterns over a command's arguments: what the knowledge files write in `args`, `with` and `without`.

use crate::invocation::{GivenOption, Invocation};

/// `rollout restart|undo *`: one element for each argument that is not an option, `$` for their end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ArgsPattern(Vec<Element>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Element {
    /// Any argument, also one that is not known before it runs.
    Any,
    OneOf(Vec<String>),
    End,
}

impl ArgsPattern {
    pub(crate) fn new(text: &str) -> Self {
        Self(
            text.split_whitespace()
                .map(|word| match word {
                    "*" => Element::Any,
                    "$" => Element::End,
                    _ => Element::OneOf(word.split('|').map(str::to_owned).collect()),
                })
                .collect(),
        )
    }

    /// How many arguments it stands for.
    pub(crate) fn len(&self) -> usize {
        self.0.iter().filter(|element| !matches!(element, Element::End)).count()
    }

    pub(crate) fn matches(&self, command: &Invocation<'_>) -> bool {
        self.0.iter().enumerate().all(|(index, element)| match element {
            Element::Any => command.positional_count() > index,
            Element::End => command.positional_count() == index,
            Element::OneOf(options) => command
                .positional(index)
                .is_some_and(|value| options.iter().any(|option| compare(option, value, command.ignore_case))),
        })
    }
}

/// `-X=DELETE|--request=DELETE --now`: every word must hold; a word holds when one of its alternatives is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Condition(Vec<Vec<OptionPattern>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct OptionPattern {
    name: String,
    value: Option<String>,
}

impl Condition {
    pub(crate) fn new(text: &str) -> Self {
        let option = |word: &str| match word.split_once('=') {
            Some((name, value)) => OptionPattern { name: name.to_owned(), value: Some(value.to_owned()) },
            None => OptionPattern { name: word.to_owned(), value: None },
        };
        Self(text.split_whitespace().map(|word| word.split('|').map(option).collect()).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The options that it speaks of.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flatten().map(|option| option.name.as_str())
    }

    /// Whether each word holds. `before` leaves out options that stand at or after that argument (an inner command's).
    pub(crate) fn holds(&self, command: &Invocation<'_>, before: usize) -> bool {
        self.0.iter().all(|word| word.iter().any(|option| option.holds(command, before)))
    }

    /// Whether any word holds: what `without` forbids.
    pub(crate) fn any_holds(&self, command: &Invocation<'_>, before: usize) -> bool {
        self.0.iter().any(|word| word.iter().any(|option| option.holds(command, before)))
    }
}

impl OptionPattern {
    fn holds(&self, command: &Invocation<'_>, before: usize) -> bool {
        command.options().iter().filter(|given| given.index < before).any(|given| self.fits(given))
    }

    fn fits(&self, given: &GivenOption) -> bool {
        // A global option without a value is another than its later namesake; `--dry-run=false` is not given.
        let off = given.global || given.value.as_deref() == Some("false");
        self.names(given) && (self.value.is_some() || !off)
    }
}

impl OptionPattern {
    /// Whether it speaks of this option and value.
    fn names(&self, given: &GivenOption) -> bool {
        let fits = |wanted: &str| given.value.as_deref().is_some_and(|value| compare(wanted, value, true));
        glob_matches(&self.name, &given.name) && self.value.as_deref().is_none_or(fits)
    }
}

impl Condition {
    /// The options that hold, each with what its pattern fixes of the value: `ProxyCommand=` of `-o=ProxyCommand=*`.
    pub(crate) fn fixed<'c>(
        &'c self,
        command: &'c Invocation<'_>,
        before: usize,
    ) -> impl Iterator<Item = (&'c GivenOption, &'c str)> {
        let patterns = self.0.iter().flatten();
        let given = move |pattern: &'c OptionPattern| {
            let fixed = pattern.value.as_deref().and_then(|value| value.split_once('*')).map_or("", |(fixed, _)| fixed);
            command
                .options()
                .iter()
                .filter(move |option| option.index < before && pattern.names(option))
                .map(move |option| (option, fixed))
        };
        patterns.flat_map(given)
    }
}

fn compare(pattern: &str, value: &str, ignore_case: bool) -> bool {
    if ignore_case {
        glob_matches(&pattern.to_lowercase(), &value.to_lowercase())
    } else {
        glob_matches(pattern, value)
    }
}

/// Whether `text` fits a pattern in which `*` stands for anything. Linear but for the product of stars and length.
pub(crate) fn glob_matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}
