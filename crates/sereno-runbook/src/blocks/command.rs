//! How much one line looks like a command of a shell, and where a command goes on over several lines.
//!
//! It does not say what a command does: `sereno-effects` does.

use super::pattern::{Test, regex, test};
use super::words::words;
use regex::Regex;
use std::collections::HashSet;
use std::sync::LazyLock;

/// Knows the names of commands.
pub(super) type Knows<'a> = &'a dyn Fn(&str) -> bool;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    No,
    /// It could be one: a lower-case name and words.
    Weak,
    /// Its shape is a command's, the name is not known.
    Likely,
    Sure,
}

/// Names of commands that are words of English or of configuration too: alone they prove little.
static AMBIGUOUS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("ambiguous.txt").split_whitespace().collect());

/// What any operator types and no data file needs to explain: only so that a line is recognised as a command.
static EVERYDAY: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("commands.txt").split_whitespace().collect());

pub(super) fn is_command_name(name: &str, knows: Knows) -> bool {
    EVERYDAY.contains(name) || knows(name)
}

pub(super) fn likeness(text: &str, knows: Knows) -> Likeness {
    let text = without_comment(text.trim());
    // `while the queue grows:` is a sentence or pseudocode.
    let condition = ["if ", "elif ", "while ", "until ", "for "].iter().any(|word| text.starts_with(word));
    if condition && text.ends_with(':') {
        return Likeness::No;
    }
    if SYNTAX.is_match(text) {
        return Likeness::Sure;
    }
    let (text, prefixed) = without_prefix(text);
    let name = text.split([' ', '\t', ';', '|', '&']).next().unwrap_or_default();
    let rest = text.get(name.len()..).unwrap_or_default().trim();
    // `(eval|assert)\s*\(`: an expression, not a pipe in a subshell.
    if text.get(name.len()..).is_some_and(|tail| tail.starts_with('|') && !tail.starts_with("||")) && prefixed {
        return Likeness::No;
    }
    if name.is_empty() || rest.starts_with([':', '=']) && !rest.starts_with(": ") || requires(rest) {
        return Likeness::No;
    }
    if EDITORS.contains(&name.trim_matches('"')) && !rest.is_empty() {
        return Likeness::Sure;
    }
    if name.contains('/') || [".sh", ".bat", ".ps1", ".cmd"].iter().any(|end| name.ends_with(end)) {
        return path_likeness(name, rest);
    }
    if !NAME.is_match(name) {
        return if prefixed && name.starts_with('$') { Likeness::Likely } else { Likeness::No };
    }
    let prose = words(text).is_prose();
    // `set security policies …`, `shift lead      ext. 10`: a builtin's name before words that it does not take.
    let worded = matches!(name, "set" | "shift" | "local" | "unset" | "return" | "exit" | "batch")
        && rest
            .split([' ', '\t'])
            .next()
            .is_some_and(|word| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase()));
    let in_columns =
        AMBIGUOUS.contains(name) && !prefixed && rest.contains("   ") && !rest.contains([';', '|', '\\', '"', '\'']);
    if worded && name != "unset" || in_columns && !HAS_FLAG.is_match(rest) {
        return Likeness::No;
    }
    if is_command_name(name, knows) {
        return known_likeness(name, text, rest, prose, prefixed);
    }
    if prose {
        return Likeness::No;
    }
    let lower = name.chars().all(|c| !c.is_uppercase());
    if prefixed && name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Likeness::Likely;
    }
    if lower && (HAS_FLAG.is_match(rest) || rest.ends_with('\\') || pipes_into_command(rest, knows)) {
        return Likeness::Likely;
    }
    let words = rest.split_whitespace().count();
    if lower && !rest.is_empty() && ((words <= 4 && PLAIN_ARGS.is_match(rest)) || QUOTED_ARGS.is_match(rest)) {
        return Likeness::Weak;
    }
    Likeness::No
}

/// The variables in which a person's editor is named.
const EDITORS: [&str; 4] = ["$EDITOR", "${EDITOR}", "$VISUAL", "${VISUAL}"];

/// `terraform >= 1.5`: which version is needed, not a command and a redirection.
fn requires(rest: &str) -> bool {
    [">=", "<=", "==", "~>", "≥", "≤"].iter().any(|sign| {
        rest.strip_prefix(sign).is_some_and(|version| {
            version.trim_start().trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit())
        })
    })
}

/// The functions that a script defines: their names are commands in the rest of it.
pub(super) fn defined_functions(text: &str) -> HashSet<String> {
    FUNCTION
        .captures_iter(text)
        .filter_map(|found| found.get(1).or(found.get(2)))
        .map(|name| name.as_str().to_owned())
        .collect()
}

static FUNCTION: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?m)^\s*(?:function\s+([A-Za-z_][\w-]*)|([A-Za-z_][\w-]*)\s*\(\)\s*\{)"));

/// A command whose name or arguments leave no doubt: what a comment must look like to be root's prompt.
pub(super) fn certain_shape(text: &str, knows: Knows) -> bool {
    if likeness(text, knows) != Likeness::Sure || words(text).stop > 0 || SYNTAX.is_match(text) {
        return false;
    }
    let (bare, _) = without_prefix(text);
    let name = bare.split_whitespace().next().unwrap_or_default();
    let rest = bare.get(name.len()..).unwrap_or_default();
    // A path alone names a file: `# deploy/backup.sh` heads what stands in it.
    if name.contains('/') && rest.trim().is_empty() {
        return false;
    }
    !AMBIGUOUS.contains(name) || HAS_FLAG.is_match(rest) || SHAPED.is_match(rest)
}

/// The line without the comment at its end.
fn without_comment(text: &str) -> &str {
    match text.find(" # ") {
        Some(at) if !text.get(at..).is_some_and(|tail| tail.contains(['"', '\''])) => {
            text.get(..at).unwrap_or(text).trim_end()
        }
        _ => text,
    }
}

/// Where the comment at a line's end begins; `None` where quotes leave it open whether it is one.
pub(super) fn comment_start(line: &str) -> Option<usize> {
    let mut quote: Option<char> = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match quote {
            Some(open) if c == open && !(open == '"' && before == '\\') => quote = None,
            Some(_) => {}
            None if c == '#' && before.is_whitespace() => return Some(at),
            None if matches!(c, '\'' | '"') && before != '\\' => quote = Some(c),
            None => {}
        }
        before = c;
    }
    None
}

fn known_likeness(name: &str, text: &str, rest: &str, prose: bool, prefixed: bool) -> Likeness {
    // What they print may be any words at all.
    if matches!(name, "echo" | "printf") {
        return Likeness::Sure;
    }
    let ambiguous = AMBIGUOUS.contains(name);
    // Only a command goes on after a backslash.
    let shaped = HAS_FLAG.is_match(rest) || SHAPED.is_match(rest) || rest.ends_with('\\');
    if rest.starts_with("- ") || rest.starts_with("– ") || rest.starts_with("→ ") || rest.starts_with("-> ") {
        return Likeness::No;
    }
    if prose {
        let technical = words(text).technical;
        let strong = technical >= 2 || (!ambiguous && (technical >= 1 || shaped));
        return if strong { Likeness::Likely } else { Likeness::No };
    }
    if !ambiguous || prefixed || shaped {
        return Likeness::Sure;
    }
    match rest.split_whitespace().count() {
        0 => Likeness::Likely,
        1..=3 => Likeness::Sure,
        _ => Likeness::Weak,
    }
}

fn path_likeness(name: &str, rest: &str) -> Likeness {
    if !PATH.is_match(name) {
        return Likeness::No;
    }
    let runs = name.starts_with("./")
        || name.starts_with("../")
        || name.contains("bin/")
        || [".sh", ".py", ".rb", ".pl", ".js", ".php", ".bat", ".cmd", ".ps1", ".exe", "gradlew", "artisan"]
            .iter()
            .any(|end| name.ends_with(end));
    if runs && !rest.starts_with('{') && !words(rest).is_prose() {
        Likeness::Sure
    } else if name.starts_with(['/', '~']) && HAS_FLAG.is_match(rest) {
        Likeness::Likely
    } else {
        Likeness::No
    }
}

fn pipes_into_command(rest: &str, knows: Knows) -> bool {
    ["| ", "&& ", "|| ", "; "].iter().any(|mark| {
        rest.split(mark).skip(1).any(|part| {
            let name = part.split_whitespace().next().unwrap_or_default();
            is_command_name(name, knows)
        })
    })
}

/// The text after `sudo -u x`, `time`, `! `, `( ` and `NAME=value ` at its head, and whether there was any.
fn without_prefix(text: &str) -> (&str, bool) {
    let mut rest = text;
    let mut any = false;
    while let Some(found) = PREFIX.find(rest) {
        let after = rest.get(found.end()..).unwrap_or_default();
        if after.is_empty() {
            break;
        }
        rest = after;
        any = true;
    }
    (rest, any)
}

static SYNTAX: LazyLock<Test> = LazyLock::new(|| {
    test(concat!(
        r"^(?:if (?:\[|!|\(\(|[a-z]+ .*;? ?then)|elif |else$|fi(?:$|[;|&> ])|then(?:$| [a-z$])|do(?:$| [a-z$])",
        r"|done(?:$|[;|&<>]| ?[|&<>])|esac|for [A-Za-z_]\w*(?: in |;|$)|for ?\(\(|while |until \S|case \S+ in(?: |$)|case .+ in$|;;$",
        r"|function \w+ ?\(?\)?|[A-Za-z_][\w-]* ?\(\) ?\{|\}(?:$| ?[|&>;])|\[\[? .* \]\]?",
        r"|set [-+][euxo]|: ?>|: \x22?\$\{\w+:?[?=]|>{1,2} ?[\w./~$]+$|\. \S|#!/|\(\(.*\)\)|[A-Za-z_]\w*\+?=\(|[A-Za-z_]\w*=\x22?\$\(|[A-Za-z_]\w*=`)",
    ))
});
static NAME: LazyLock<Test> = LazyLock::new(|| test(r"^[A-Za-z0-9_][\w.+-]*$"));
static PATH: LazyLock<Test> = LazyLock::new(|| test(r"^[\w./~@+{}$<>-]+$"));
static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"^(?:sudo(?: -[A-Za-z]*[ugUpCDRTh] [a-z_][\w-]*| -[A-Za-z]+| --[a-z-]+(?:=\S+)?)*[ \t]+|time[ \t]+|nohup[ \t]+|![ \t]+|\([ \t]*|\{[ \t]+|[A-Za-z_]\w*=(?:"[^"]*"|'[^']*'|[^\s"'`$(]*)[ \t]+)"#,
    )
});
static HAS_FLAG: LazyLock<Test> = LazyLock::new(|| test(r"(?:^|\s)--?[A-Za-z0-9][\w-]*(?:[= \t]|$)"));
/// Paths, pipes, redirections, variables, assignments, quotes, addresses.
static SHAPED: LazyLock<Test> = LazyLock::new(|| {
    test(r#"(?:^|\s)(?:[|]{1,2} |&& |[12]?>{1,2} ?\S|<{1,2}|[/~.][\w/.]|\$[\w({]|["'<]|\w+=|https?:|\w+[/:@]\S|\d)"#)
});
static PLAIN_ARGS: LazyLock<Test> = LazyLock::new(|| test(r"^[a-z0-9~/][\w./:@=~-]*(?:\s+[\w./:@=$<>~-]+)*$"));

/// Words, then something in quotes, perhaps redirected: `lgtm loki query 'x' > f`.
static QUOTED_ARGS: LazyLock<Test> =
    LazyLock::new(|| test(r#"^(?:[a-z<][\w./:@<>-]*\s+){1,5}(?:"[^"]*"|'[^']*')(?:\s+[\w./:@>-]+)*$"#));

/// Follows quotes, here-documents and backslashes from line to line.
#[derive(Debug, Default, Clone)]
pub(super) struct Continuation {
    quote: Option<char>,
    heredoc: Option<String>,
    joined: bool,
}

impl Continuation {
    /// The next line belongs to the command before it.
    pub(super) fn is_open(&self) -> bool {
        self.quote.is_some() || self.heredoc.is_some() || self.joined
    }

    /// Inside quotes or a here-document, where even a prompt or a comment is text.
    pub(super) fn is_literal(&self) -> bool {
        self.quote.is_some() || self.heredoc.is_some()
    }

    pub(super) fn feed(&mut self, line: &str) {
        if let Some(end) = &self.heredoc {
            if line.trim() == end {
                self.heredoc = None;
            }
            return;
        }
        self.joined = false;
        let mut before = ' ';
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match self.quote {
                Some(open) if c == open => self.quote = None,
                Some('"') if c == '\\' => {
                    chars.next();
                }
                Some(_) => {}
                None if c == '\\' => {
                    self.joined = chars.next().is_none();
                }
                None if c == '\'' || c == '"' => self.quote = Some(c),
                None if c == '#' && before.is_whitespace() => break,
                None => {}
            }
            before = c;
        }
        if self.quote.is_none() {
            self.heredoc = HEREDOC.captures(line).and_then(|found| found.get(1)).map(|word| word.as_str().to_owned());
            let end = line.trim_end();
            self.joined |= (end.ends_with('|') || end.ends_with("&&")) && !end.starts_with('#');
        }
    }
}

static HEREDOC: LazyLock<Regex> = LazyLock::new(|| regex(r#"(?:^|[^<])<<[-~]?\s*\\?['"]?([A-Za-z_]\w*)['"]?"#));

#[cfg(test)]
mod tests {
    use super::*;

    fn none(_: &str) -> bool {
        false
    }

    #[test]
    fn commands_are_told_from_words() {
        for (text, expected) in [
            ("kubectl get pods", Likeness::Sure),
            ("make deploy", Likeness::Sure),
            ("sudo systemctl restart nginx", Likeness::Sure),
            ("./deploy.sh status", Likeness::Sure),
            ("docker/backup.sh list", Likeness::Sure),
            ("PGPASSWORD=x psql -U app", Likeness::Sure),
            ("for i in 1 2 3; do", Likeness::Sure),
            ("done", Likeness::Sure),
            ("[ -f /tmp/x ] && rm /tmp/x", Likeness::Sure),
            ("POD=$(kubectl get pod -o name)", Likeness::Sure),
            ("acmectl rotate --all", Likeness::Likely),
            ("make sure that nobody is deploying", Likeness::No),
            ("find the node which is broken", Likeness::No),
            ("test: true", Likeness::No),
            ("service: web", Likeness::No),
            ("docker - the container engine", Likeness::No),
            ("docker exec shop-db mariadb-dump \\", Likeness::Sure),
            ("acmectl rotate keys \\", Likeness::Likely),
            ("$EDITOR /etc/shop/api.env", Likeness::Sure),
            ("terraform >= 1.5 (or opentofu)", Likeness::No),
            ("node ≥ 20", Likeness::No),
            ("/var/log/nginx/error.log", Likeness::No),
            ("SELECT 1 FROM t", Likeness::No),
            ("Verificar el estado", Likeness::No),
            ("host = db.internal", Likeness::No),
        ] {
            assert_eq!(likeness(text, &none), expected, "{text}");
        }
    }

    #[test]
    fn names_of_the_data_files_count() {
        assert_eq!(likeness("acmectl rotate", &|name| name == "acmectl"), Likeness::Sure);
    }

    #[test]
    fn commands_go_on_over_lines() {
        for (lines, open) in [
            (vec!["psql -c \""], true),
            (vec!["psql -c \"", "SELECT 1;\""], false),
            (vec!["curl -X POST \\"], true),
            (vec!["cat <<'EOF' > f"], true),
            (vec!["cat <<'EOF' > f", "it's", "EOF"], false),
            (vec!["# don't"], false),
            (vec!["echo \"it's\""], false),
            (vec!["cat f |"], true),
        ] {
            let mut state = Continuation::default();
            for line in &lines {
                state.feed(line);
            }
            assert_eq!(state.is_open(), open, "{lines:?}");
        }
    }
}
