//! What a text must have for a pattern to match it: one of a few words, a first byte.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// More words than this tell too little to be looked for.
const MOST_WORDS: usize = 64;

/// Shorter words than this stand in most texts, and to come upon them so often costs more than to run the pattern.
const LEAST_WORD: usize = 2;

/// What a pattern needs.
pub(super) struct Needs {
    /// One of these must stand in the text, in lower case or upper case; empty when none is needed.
    pub(super) words: Vec<Vec<u8>>,
    /// The bytes with which a text that matches may begin.
    pub(super) first: Bytes,
}

impl Needs {
    pub(super) fn of(pattern: &str) -> Self {
        let parse = |unicode| ParserBuilder::new().unicode(unicode).utf8(false).build().parse(pattern).ok();
        let Some(hir) = parse(false).or_else(|| parse(true)) else {
            return Self { words: Vec::new(), first: Bytes::ALL };
        };
        let anchored = hir.properties().look_set_prefix().contains(Look::Start);
        let head = if anchored { first(&hir) } else { Head { bytes: Bytes::ALL, may_be_empty: true } };
        let first = if head.may_be_empty { Bytes::ALL } else { head.bytes };
        let words = words(&hir).filter(|words| words.iter().all(|word| word.len() >= LEAST_WORD));
        Self { words: words.unwrap_or_default(), first }
    }
}

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bytes([u128; 2]);

impl Bytes {
    const NONE: Self = Self([0; 2]);
    const ALL: Self = Self([u128::MAX; 2]);

    fn half(byte: u8) -> (usize, u128) {
        (usize::from(byte >> 7), 1 << (byte & 0x7F))
    }

    pub(super) fn has(&self, byte: u8) -> bool {
        let (half, bit) = Self::half(byte);
        self.0[half] & bit != 0
    }

    pub(super) fn is_all(&self) -> bool {
        *self == Self::ALL
    }

    fn add(&mut self, byte: u8) {
        let (half, bit) = Self::half(byte);
        self.0[half] |= bit;
    }

    fn join(&mut self, other: Self) {
        self.0[0] |= other.0[0];
        self.0[1] |= other.0[1];
    }
}

/// The first bytes of what a part of a pattern matches, and whether it may match nothing.
struct Head {
    bytes: Bytes,
    may_be_empty: bool,
}

fn first(hir: &Hir) -> Head {
    let mut bytes = Bytes::NONE;
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Head { bytes, may_be_empty: true },
        HirKind::Literal(literal) => {
            literal.0.first().iter().for_each(|byte| bytes.add(**byte));
            Head { bytes, may_be_empty: literal.0.is_empty() }
        }
        HirKind::Class(class) => Head { bytes: first_of_class(class), may_be_empty: false },
        HirKind::Repetition(repeated) => {
            let head = first(&repeated.sub);
            Head { bytes: head.bytes, may_be_empty: head.may_be_empty || repeated.min == 0 }
        }
        HirKind::Capture(group) => first(&group.sub),
        HirKind::Concat(parts) => {
            for part in parts {
                let head = first(part);
                bytes.join(head.bytes);
                if !head.may_be_empty {
                    return Head { bytes, may_be_empty: false };
                }
            }
            Head { bytes, may_be_empty: true }
        }
        HirKind::Alternation(parts) => {
            let mut may_be_empty = false;
            for head in parts.iter().map(first) {
                bytes.join(head.bytes);
                may_be_empty |= head.may_be_empty;
            }
            Head { bytes, may_be_empty }
        }
    }
}

fn first_of_class(class: &Class) -> Bytes {
    let mut bytes = Bytes::NONE;
    match class {
        Class::Bytes(class) => {
            class.iter().flat_map(|range| range.start()..=range.end()).for_each(|byte| bytes.add(byte));
        }
        Class::Unicode(class) => {
            for range in class.iter() {
                let ascii = (range.start()..=range.end()).take_while(char::is_ascii);
                ascii.for_each(|c| bytes.add(c as u8));
                if !range.end().is_ascii() {
                    (0x80..=u8::MAX).for_each(|byte| bytes.add(byte));
                }
            }
        }
    }
    bytes
}

/// Words of which a match holds at least one, in lower case.
fn words(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Literal(_) | HirKind::Class(_) => spelled(hir).map(|word| vec![word]),
        HirKind::Capture(group) => words(&group.sub),
        HirKind::Repetition(repeated) if repeated.min > 0 => words(&repeated.sub),
        HirKind::Concat(parts) => words_of(parts),
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.append(&mut words(part)?);
            }
            (all.len() <= MOST_WORDS).then_some(all)
        }
        _ => None,
    }
}

/// The most telling words of parts that follow one another.
fn words_of(parts: &[Hir]) -> Option<Vec<Vec<u8>>> {
    let mut best: Option<Vec<Vec<u8>>> = None;
    let mut offer = |words: Vec<Vec<u8>>| {
        if best.as_ref().is_none_or(|best| worth(&words) > worth(best)) {
            best = Some(words);
        }
    };
    let mut run: Vec<u8> = Vec::new();
    for part in parts {
        if let Some(mut same) = spelled(part) {
            run.append(&mut same);
            continue;
        }
        if !run.is_empty() {
            offer(vec![std::mem::take(&mut run)]);
        }
        words(part).into_iter().for_each(&mut offer);
    }
    if !run.is_empty() {
        offer(vec![run]);
    }
    best
}

/// How much words tell: long ones more than short ones, few more than many.
fn worth(words: &[Vec<u8>]) -> (usize, std::cmp::Reverse<usize>) {
    let shortest = words.iter().map(Vec::len).min().unwrap_or_default();
    (shortest.min(4), std::cmp::Reverse(words.len()))
}

/// A literal, or a letter in both cases, in lower case.
fn spelled(hir: &Hir) -> Option<Vec<u8>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(literal.0.to_ascii_lowercase()),
        HirKind::Class(Class::Bytes(class)) => {
            let [upper, lower] = class.ranges() else { return None };
            let single = upper.start() == upper.end() && lower.start() == lower.end();
            let cases = upper.start().is_ascii_uppercase() && upper.start().to_ascii_lowercase() == lower.start();
            (single && cases).then(|| vec![lower.start()])
        }
        HirKind::Class(Class::Unicode(class)) => {
            let [upper, lower] = class.ranges() else { return None };
            let single = upper.start() == upper.end() && lower.start() == lower.end();
            let cases = upper.start().is_ascii_uppercase() && upper.start().to_ascii_lowercase() == lower.start();
            (single && cases).then(|| vec![lower.start() as u8])
        }
        _ => None,
    }
}
