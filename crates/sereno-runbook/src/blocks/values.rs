//! What the reader must replace or set before a block makes sense.
//!
//! Brackets (`<pod>`, `[COMPLETAR]`, `XXXX`) are told by syntax and come from `sereno-effects`. Examples
//! (`tu-dominio.com`, `abc123`, a date in a file's name) and variables that nothing sets are told here.

use super::examples;
use super::pattern::regex;
use crate::model::{Placeholder, PlaceholderKind};
use crate::text::Lines;
use regex::Regex;
use sereno_effects::{Analysis, syntactic_placeholders};
use sereno_model::BlockClass;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

/// Where values are looked for.
pub(super) struct Source<'a> {
    /// The block's text.
    pub(super) text: &'a str,
    pub(super) class: BlockClass,
    /// The line of the file on which `text` begins.
    pub(super) first_line: usize,
    /// Bytes that nobody replaces: comments, output.
    pub(super) skip: &'a [Range<usize>],
    /// What the text around the block says to replace.
    pub(super) told: &'a [String],
}

/// All placeholders of a block, in order. `set` holds the variables that earlier blocks of the procedure set.
pub(super) fn placeholders(text: &Source, analysis: &Analysis, set: &HashSet<String>) -> Vec<Placeholder> {
    if matches!(text.class, BlockClass::Output | BlockClass::Diagram | BlockClass::Manual) {
        return Vec::new();
    }
    let mut found = Found { text, all: Vec::new() };
    for one in syntactic_placeholders(text.text) {
        if !is_syntax(text, &one.span) {
            found.add(one.span, one.name, PlaceholderKind::Bracketed);
        }
    }
    for one in examples::examples(text.text, text.class) {
        let name = text.text.get(one.clone()).unwrap_or_default().to_owned();
        found.add(one, name, PlaceholderKind::Example);
    }
    for name in text.told {
        for span in occurrences(text.text, name) {
            found.add(span, name.clone(), PlaceholderKind::Example);
        }
    }
    match text.class {
        BlockClass::Shell => variables(&mut found, analysis, set),
        BlockClass::Sql | BlockClass::Promql => query_variables(&mut found),
        _ => {}
    }
    found.finish()
}

/// Where a text stands as a word of its own. A variable is looked at where variables are.
fn occurrences<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    // `dump_XXX.sql` holds the capitals that stand for something.
    let capitals = name.chars().all(char::is_uppercase);
    let joins = move |c: char| c.is_alphanumeric() || (!capitals && matches!(c, '_' | '-'));
    let whole = move |at: usize| {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|tail| tail.chars().next());
        !before.is_some_and(joins) && !after.is_some_and(joins)
    };
    let searched = if name.len() < 2 || name.starts_with('$') { "" } else { text };
    searched.match_indices(name).filter(move |(at, _)| whole(*at)).map(|(at, found)| at..at + found.len())
}

/// The names of variables that earlier blocks set and this one uses.
pub(super) fn carried(analysis: &Analysis, set: &HashSet<String>) -> bool {
    let own: HashSet<&str> = sets(analysis).collect();
    uses(analysis).any(|found| !own.contains(found.name.as_str()) && set.contains(&found.name))
}

pub(super) fn sets(analysis: &Analysis) -> impl Iterator<Item = &str> {
    analysis.statements.iter().flat_map(|statement| statement.sets.iter().map(String::as_str))
}

fn uses(analysis: &Analysis) -> impl Iterator<Item = &sereno_effects::VariableUse> {
    analysis.statements.iter().flat_map(|statement| &statement.uses).filter(|found| !found.has_default)
}

struct Found<'a> {
    text: &'a Source<'a>,
    all: Vec<Placeholder>,
}

impl Found<'_> {
    /// Adds one, unless it lies in bytes to skip.
    fn add(&mut self, span: Range<usize>, name: String, kind: PlaceholderKind) {
        let skips = self.text.skip;
        let near = skips.partition_point(|skip| skip.start <= span.start).checked_sub(1);
        let skipped = near.and_then(|near| skips.get(near)).is_some_and(|skip| span.end <= skip.end);
        let Some(text) = self.text.text.get(span.clone()) else { return };
        if !text.is_empty() && !skipped {
            self.all.push(Placeholder { text: text.to_owned(), name, line: 0, kind, span });
        }
    }

    /// All in order, each with its line; of those that overlap the longest stays.
    fn finish(mut self) -> Vec<Placeholder> {
        self.all.sort_by_key(|one| (one.span.start, std::cmp::Reverse(one.span.end)));
        let mut kept: Vec<Placeholder> = Vec::with_capacity(self.all.len());
        for one in self.all {
            match kept.last_mut().filter(|last| one.span.start < last.span.end) {
                Some(last) if last.span.len() < one.span.len() => *last = one,
                Some(_) => {}
                None => kept.push(one),
            }
        }
        let lines = Lines::of(self.text.text);
        for one in &mut kept {
            one.line = self.text.first_line + lines.line(one.span.start) - 1;
        }
        kept
    }
}

/// Brackets that are a language's own: a section of a file, a list, a range of PromQL, a class of a pattern.
fn is_syntax(text: &Source, span: &Range<usize>) -> bool {
    let whole = text.text.get(span.clone()).unwrap_or_default();
    let before = text.text.get(..span.start).unwrap_or_default();
    let after = text.text.get(span.end..).unwrap_or_default();
    // A named group of a pattern: `(?P<status>…)`.
    if before.ends_with("(?P") || before.ends_with("(?") {
        return true;
    }
    match text.class {
        BlockClass::Config => {
            let plain =
                whole.starts_with('[') && whole.trim_matches(['[', ']']).bytes().all(|b| b.is_ascii_lowercase());
            let indented = before.trim_end_matches([' ', '\t']);
            let line_start = indented.is_empty() || indented.ends_with('\n');
            let template = whole.starts_with("{{");
            let markup = text.text.trim_start().starts_with('<');
            (whole.starts_with('[') && (line_start || whole.contains(['"', ','])))
                || plain
                || template
                || (whole.starts_with('<') && (markup || after.starts_with('/') || whole.contains('/')))
        }
        BlockClass::Promql => whole.starts_with('[') || whole.starts_with("{{"),
        BlockClass::Repl | BlockClass::Sql => {
            whole.starts_with('[') && before.ends_with(|c: char| c.is_alphanumeric() || c == ')')
        }
        _ => false,
    }
}

fn variables(found: &mut Found, analysis: &Analysis, set: &HashSet<String>) {
    let own: HashSet<&str> = sets(analysis).collect();
    // A function has parameters of its own, and `set --` gives the script some.
    let sets_parameters = FUNCTION.is_match(found.text.text) || found.text.text.contains("set -- ");
    let mut seen = HashSet::new();
    let unset: Vec<_> = uses(analysis).cloned().collect();
    for one in unset {
        let positional = one.name.chars().all(|c| c.is_ascii_digit());
        let known = own.contains(one.name.as_str())
            || set.contains(&one.name)
            || is_environment(&one.name)
            || (positional && sets_parameters);
        let special = one.name == "0" || !one.name.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_');
        if known || special || !seen.insert((one.name.clone(), one.span.clone())) {
            continue;
        }
        let kind = if positional { PlaceholderKind::Argument } else { PlaceholderKind::Variable };
        found.add(one.span, one.name, kind);
    }
}

/// Variables of queries: Grafana's `$namespace`, psql's `:'id'`.
fn query_variables(found: &mut Found) {
    let text = found.text.text;
    let all: Vec<Range<usize>> = QUERY_VARIABLE.find_iter(text).map(|one| one.range()).collect();
    for span in all {
        let name = text.get(span.clone()).unwrap_or_default().trim_matches(['$', '{', '}', ':', '\'', '"']).to_owned();
        if !name.starts_with("__") {
            found.add(span, name, PlaceholderKind::Variable);
        }
    }
}

/// Set in any shell, or by the shell itself.
fn is_environment(name: &str) -> bool {
    name.starts_with("BASH")
        || name.starts_with("LC_")
        || [
            "HOME",
            "USER",
            "LOGNAME",
            "PATH",
            "PWD",
            "OLDPWD",
            "SHELL",
            "RANDOM",
            "HOSTNAME",
            "UID",
            "EUID",
            "PPID",
            "SECONDS",
            "LINENO",
            "IFS",
            "LANG",
            "TERM",
            "TMPDIR",
            "EDITOR",
            "PAGER",
            "FUNCNAME",
            "PIPESTATUS",
            "OSTYPE",
            "HOSTTYPE",
            "MACHTYPE",
            "REPLY",
            "OPTARG",
            "OPTIND",
            "COLUMNS",
            "LINES",
            "DISPLAY",
            "SSH_CONNECTION",
            "EPOCHSECONDS",
            "SHLVL",
            "GROUPS",
            "DIRSTACK",
            "SSH_AUTH_SOCK",
            "XDG_RUNTIME_DIR",
            "SUDO_USER",
            "MAILTO",
            "_",
        ]
        .contains(&name)
}

static FUNCTION: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?m)^\s*(?:function\s+[\w-]+|[A-Za-z_][\w-]*\s*\(\)\s*\{)"));
static QUERY_VARIABLE: LazyLock<Regex> = LazyLock::new(|| regex(r#"\$\{?[A-Za-z_]\w*\}?|:'[a-z_]+'|:"[a-z_]+""#));

#[cfg(test)]
mod tests {
    use super::*;
    use sereno_effects::{Knowledge, analyze_shell};

    fn found(text: &str, class: BlockClass, set: &[&str]) -> Vec<String> {
        let analysis =
            if class == BlockClass::Shell { analyze_shell(text, Knowledge::builtin()) } else { Analysis::default() };
        let set = set.iter().map(|name| (*name).to_owned()).collect();
        let text = Source { text, class, first_line: 1, skip: &[], told: &[] };
        placeholders(&text, &analysis, &set).into_iter().map(|one| one.text).collect()
    }

    #[test]
    fn values_are_found_where_they_are_needed() {
        for (text, class, expected) in [
            ("kubectl delete pod <pod-name> -n $NS", BlockClass::Shell, vec!["<pod-name>", "$NS"]),
            ("NS=a\nkubectl get pods -n $NS", BlockClass::Shell, vec![]),
            ("echo $HOME ${VERSION:-latest} $?", BlockClass::Shell, vec![]),
            ("curl https://api.tu-dominio.com/health", BlockClass::Shell, vec!["tu-dominio.com"]),
            ("[Service]\nUser=app", BlockClass::Config, vec![]),
            ("rate(x_total{ns=\"$namespace\"}[5m])", BlockClass::Promql, vec!["$namespace"]),
            ("rate(x_total[$__rate_interval])", BlockClass::Promql, vec![]),
            ("http://example.com 200", BlockClass::Output, vec![]),
        ] {
            assert_eq!(found(text, class, &[]), expected, "{text}");
        }
        let told = ["web-1".to_owned(), "$NS".to_owned()];
        let text = Source {
            text: "kubectl logs web-1 web-10",
            class: BlockClass::Shell,
            first_line: 1,
            skip: &[],
            told: &told,
        };
        let found_told = placeholders(&text, &Analysis::default(), &HashSet::new());
        assert_eq!(found_told.iter().map(|one| (one.span.start, one.span.end)).collect::<Vec<_>>(), [(13, 18)]);
        assert_eq!(found("ls $DIR", BlockClass::Shell, &["DIR"]), Vec::<String>::new());
    }
}
