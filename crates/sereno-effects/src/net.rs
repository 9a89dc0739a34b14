//! A net below the knowledge: patterns over a statement's text that raise its risk. It never lowers one.
//!
//! Knowledge of commands says what their words do. What it cannot say (a variable that changes what a reader runs, an
//! option that writes, a line that leaves a client) is caught here, so that it is at least not called `observe`.

use crate::analysis::Statement;
use regex::RegexSet;
use sereno_model::Risk;
use std::sync::LazyLock;

struct Net {
    set: RegexSet,
    risks: Vec<Risk>,
}

static NET: LazyLock<Net> = LazyLock::new(|| {
    let lines = include_str!("../knowledge/net.tsv").lines().filter(|line| !line.starts_with('#'));
    let (risks, patterns): (Vec<Risk>, Vec<&str>) =
        lines.filter_map(|line| line.split_once('\t')).map(|(risk, pattern)| (named(risk), pattern)).unzip();
    // A pattern that does not compile is a defect of this crate that its test finds; then nothing is let through.
    let set = RegexSet::new(&patterns).unwrap_or_else(|_| RegexSet::empty());
    Net { set, risks }
});

/// A statement longer than this is searched in its beginning only: it is a here-document, judged elsewhere.
const SEARCHED: usize = 16 << 10;

/// Raises the risk of statements that the net catches.
pub(crate) fn raise(text: &str, statements: &mut [Statement]) {
    for statement in statements.iter_mut().filter(|s| s.risk < Risk::Destroy) {
        let own = text.get(statement.span.clone()).unwrap_or_default();
        let mut end = own.len().min(SEARCHED);
        while !own.is_char_boundary(end) {
            end -= 1;
        }
        let caught = NET.set.matches(&own[..end]);
        let risk = caught.iter().filter_map(|index| NET.risks.get(index)).max();
        statement.risk = statement.risk.max(risk.copied().unwrap_or_default());
    }
}

fn named(risk: &str) -> Risk {
    match risk {
        "change" => Risk::Change,
        "destroy" => Risk::Destroy,
        _ => Risk::Unclear,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_pattern_compiles() {
        let lines = include_str!("../knowledge/net.tsv").lines().filter(|line| !line.starts_with('#'));
        for line in lines {
            let (_, pattern) = line.split_once('\t').expect("a risk, a tab and a pattern");
            regex::Regex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        }
    }
}
