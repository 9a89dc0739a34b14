//! A simple command taken apart: its options, with their values, and its arguments.

use crate::knowledge::CommandKnowledge;
use crate::word::Field;

/// One option as given.
#[derive(Debug, Clone)]
pub(crate) struct GivenOption {
    /// With its dashes: `-f`, `--follow`.
    pub(crate) name: String,
    /// Its value, where it has one that is known.
    pub(crate) value: Option<String>,
    /// Index of the word in which the value stands (or the option itself).
    pub(crate) value_index: usize,
    /// Index of the option's word.
    pub(crate) index: usize,
    /// It takes a value only because it stands before the first argument: another option than its later namesake.
    pub(crate) global: bool,
}

/// A command's words after its name, taken apart by what is known of its options.
#[derive(Debug, Clone)]
pub(crate) struct Invocation<'w> {
    pub(crate) name: &'w str,
    pub(crate) words: &'w [Field],
    pub(crate) ignore_case: bool,
    options: Vec<GivenOption>,
    positionals: Vec<usize>,
    /// Index of the word `--`.
    pub(crate) dashes: Option<usize>,
}

impl<'w> Invocation<'w> {
    pub(crate) fn new(name: &'w str, words: &'w [Field], known: &CommandKnowledge) -> Self {
        let mut taken = Self {
            name,
            words,
            ignore_case: known.ignore_case,
            options: Vec::new(),
            positionals: Vec::new(),
            dashes: None,
        };
        let mut index = 0;
        while let Some(word) = words.get(index) {
            let text = word.text.as_str();
            let inner = known.stop.is_some_and(|stop| taken.positionals.len() > stop);
            if inner || taken.dashes.is_some() || !text.starts_with('-') || text == "-" {
                taken.positionals.push(index);
            } else if text == "--" {
                taken.dashes = Some(index);
            } else if text.starts_with("--") || known.long_dash {
                index = taken.long(index, known);
            } else {
                index = taken.cluster(index, known);
            }
            index += 1;
        }
        taken
    }

    fn is_global(&self, option: &str, known: &CommandKnowledge) -> bool {
        self.positionals.is_empty() && known.globals.contains(option)
    }

    fn takes_value(&self, option: &str, known: &CommandKnowledge) -> bool {
        known.values.contains(option) || self.is_global(option, known)
    }

    /// `--name=value`, `--name value`, `--name`; the index of the last word used.
    fn long(&mut self, index: usize, known: &CommandKnowledge) -> usize {
        let words = self.words;
        let Some(word) = words.get(index) else {
            return index;
        };
        if let Some((name, value)) = word.text.split_once('=') {
            let value = word.known.then(|| value.to_owned());
            let name = in_full(name, known);
            let global = self.is_global(name, known);
            self.options.push(GivenOption { name: name.to_owned(), value, value_index: index, index, global });
            return index;
        }
        let name = in_full(&word.text, known);
        let global = self.is_global(name, known);
        let takes = self.takes_value(name, known);
        let next = words.get(index + 1).filter(|_| takes);
        let value_index = if next.is_some() { index + 1 } else { index };
        let value = next.and_then(Field::value).map(str::to_owned);
        self.options.push(GivenOption { name: name.to_owned(), value, value_index, index, global });
        value_index
    }

    /// `-xvf file`, `-n5`: each letter is an option until one takes the rest as its value.
    fn cluster(&mut self, index: usize, known: &CommandKnowledge) -> usize {
        let words = self.words;
        let Some(word) = words.get(index) else {
            return index;
        };
        let body = word.text.get(1..).unwrap_or_default();
        for (at, letter) in body.char_indices() {
            let name = format!("-{letter}");
            let rest = body.get(at + letter.len_utf8()..).unwrap_or_default();
            if !self.takes_value(&name, known) {
                self.options.push(GivenOption { name, value: None, value_index: index, index, global: false });
                continue;
            }
            let global = self.is_global(&name, known);
            if rest.is_empty() {
                let value = words.get(index + 1).and_then(Field::value).map(str::to_owned);
                self.options.push(GivenOption { name, value, value_index: index + 1, index, global });
                return index + 1;
            }
            let value = word.known.then(|| rest.strip_prefix('=').unwrap_or(rest).to_owned());
            self.options.push(GivenOption { name, value, value_index: index, index, global });
            return index;
        }
        index
    }

    pub(crate) fn options(&self) -> &[GivenOption] {
        &self.options
    }

    pub(crate) fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|option| names.contains(&option.name.as_str()))
    }

    /// The options of one of these names, in order.
    pub(crate) fn all<'o>(&'o self, names: &'o [&str]) -> impl Iterator<Item = &'o GivenOption> {
        self.options.iter().filter(|option| names.contains(&option.name.as_str()))
    }

    pub(crate) fn positional_count(&self) -> usize {
        self.positionals.len()
    }

    /// The value of an argument, where it is known.
    pub(crate) fn positional(&self, index: usize) -> Option<&str> {
        self.words.get(*self.positionals.get(index)?)?.value()
    }

    /// The word of an argument.
    pub(crate) fn positional_word(&self, index: usize) -> Option<&Field> {
        self.words.get(*self.positionals.get(index)?)
    }

    /// The place of an argument among the words.
    pub(crate) fn positional_index(&self, index: usize) -> Option<usize> {
        self.positionals.get(index).copied()
    }

    /// All arguments, as they are shown.
    pub(crate) fn shown_from(&self, index: usize) -> impl Iterator<Item = String> + '_ {
        self.positionals.iter().skip(index).filter_map(|at| self.words.get(*at)).map(Field::shown)
    }
}

/// The long option that `--outp` stands for, where one of those that begin so begins all of them.
fn in_full<'n>(name: &'n str, known: &'n CommandKnowledge) -> &'n str {
    const SHORTEST: usize = 4;
    if name.len() < SHORTEST || !name.starts_with("--") || known.longs.contains(name) {
        return name;
    }
    let fits = || known.longs.iter().filter(|long| long.starts_with(name));
    // `--outp` may be `--output` or `--output-dir`, and is the first.
    fits()
        .min_by_key(|long| long.len())
        .filter(|short| fits().all(|long| long.starts_with(*short)))
        .map_or(name, |long| long)
}
