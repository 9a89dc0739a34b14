//! Shapes of whole blocks that a tool's output has and nothing else: a framed table, a plan, CSV; and the braces of files.

use super::kind::Kind;
use super::lines::Line;
use super::pattern::{Test, test};
use std::sync::LazyLock;

/// A table with a frame, as clients of databases and Node draw it: `┌──┬──┐`, rows, `└──┴──┘`. Boxes of a diagram have no
/// crossings in both.
pub(super) fn framed_table(text: &str) -> bool {
    if !["┬", "╤", "╦"].iter().any(|crossing| text.contains(crossing)) {
        return false;
    }
    let mut top = false;
    let mut bottom = false;
    for line in text.lines().map(str::trim) {
        if line.contains(['▼', '▲', '→', '►']) && line.contains(['┌', '└', '├']) {
            return false;
        }
        let one_box =
            |open: [char; 3], close: [char; 3]| line.starts_with(open) && line.ends_with(close) && !line.contains(' ');
        top |= one_box(['┌', '╭', '╔'], ['┐', '╮', '╗']) && line.contains(['┬', '╤', '╦']);
        bottom |= one_box(['└', '╰', '╚'], ['┘', '╯', '╝']) && line.contains(['┴', '╧', '╩']);
    }
    top && bottom
}

/// The margin that Terraform draws beside an error.
pub(super) fn marginal_error(text: &str) -> bool {
    text.trim_start().starts_with('╷') && text.contains("\n│")
}

/// What a tool says that it would do: `# x will be updated in-place`, `Plan: 1 to add`.
pub(super) fn plan(text: &str) -> bool {
    ["be ", "Plan: ", "No changes. ", "resource \"", "data \"", " has ", " is tainted"]
        .iter()
        .any(|sign| text.contains(sign))
        && PLAN.is_match(text)
}

/// A change to a file: the head of a diff or of one of its parts.
pub(super) fn diff(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("diff --git ") || text.starts_with("@@ -") || text.starts_with("--- ") && text.contains("\n+++ ")
}

/// What `diff` itself prints: `127c127`, then lines with `<` and `>`.
pub(super) fn printed_diff(text: &str) -> bool {
    text.contains("\n< ") && text.lines().take(4).any(|line| PLACE.is_match(line))
        || text.contains("\n> ") && text.lines().take(4).any(|line| PLACE.is_match(line))
}

/// The second line underlines the columns of the first: `-----------  ------`.
pub(super) fn underlined(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let (Some(heading), Some(rule)) = (lines.next(), lines.next()) else { return false };
    rule.len() > 6
        && rule.bytes().all(|byte| byte == b'-' || byte == b' ')
        && rule.split_whitespace().count() >= 2
        && rule.split_whitespace().count() <= heading.split_whitespace().count()
}

/// A tool's own help.
pub(super) fn usage(text: &str) -> bool {
    USAGE.is_match(text.trim_start())
}

/// Two lines or more with as many commas (or semicolons) each, and no blanks around most of them: rows of a report.
pub(super) fn separated(text: &str) -> bool {
    if !text.lines().next().is_some_and(|first| first.contains([',', ';'])) {
        return false;
    }
    let rows: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let Some(first) = rows.first().filter(|_| rows.len() >= 2) else { return false };
    if first.contains(['{', '(', '$', '=']) || first.ends_with([',', ';']) {
        return false;
    }
    [',', ';'].into_iter().any(|mark| {
        let columns = first.matches(mark).count();
        columns >= 2 && rows.iter().all(|row| row.matches(mark).count() == columns)
    })
}

/// The first line opens a brace that the last closes, and no line is a call: a block of a file of settings.
pub(super) fn braced(lines: &[Line]) -> bool {
    if !lines.iter().rev().find(|line| line.kind != Kind::Blank).is_some_and(|last| last.text.starts_with('}')) {
        return false;
    }
    let mut content = lines.iter().filter(|line| !line.kind.is_silent());
    let (Some(first), Some(last)) = (content.next(), content.next_back()) else { return false };
    let opens = first.text.trim_end();
    !first.text.starts_with(' ')
        && matches!(last.text.trim(), "}" | "};")
        && OPENS.is_match(opens)
        && !lines.iter().any(|line| line.text.trim_end().ends_with(')') && line.text.contains(" = "))
}

/// Names of several words before their values, as tools tell of a thing: `Start Time: …`. No file's keys have blanks.
pub(super) fn report(text: &str, tagged: bool) -> bool {
    let mut spaced = 0;
    let mut content = 0;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with("- ") || line.starts_with('#') {
            return false;
        }
        content += 1;
        spaced += usize::from(SPACED_KEY.is_match(line));
    }
    content >= 3 && spaced >= if tagged { 2 } else { 1 } && spaced * 5 >= content
}

/// The share of lines of a trace among those that say anything, its first line being one.
pub(super) fn is_trace(lines: &[Line]) -> bool {
    let mut content = lines.iter().filter(|line| !line.kind.is_silent());
    let Some(first) = content.next() else { return false };
    let printed = |line: &Line| matches!(line.kind, Kind::Trace | Kind::Failure | Kind::Log);
    printed(first) && lines.iter().any(|line| line.kind == Kind::Trace)
}

/// It begins as people greet or call each other: `Hola equipo`, `Hi all`, `@channel`.
pub(super) fn greets(text: &str) -> bool {
    GREETS.is_match(text.trim_start())
}

/// It begins as the message of a commit does.
pub(super) fn commit_message(text: &str) -> bool {
    COMMIT.is_match(text.trim_start())
}

/// Blanks of a template within a sentence: `Hola {nombre}`, `{{hora_fin}}`, `<HH:MM>`.
pub(super) fn blanks(text: &str) -> usize {
    let mut found = 0;
    let mut rest = text;
    while let Some(at) = rest.find(['{', '[', '<']) {
        rest = rest.get(at + 1..).unwrap_or_default().trim_start_matches('{');
        let end = rest.find(['}', ']', '>', '\n', '"', '(', '/', '=']).unwrap_or(rest.len());
        let closed = rest.get(end..).is_some_and(|tail| tail.starts_with(['}', ']', '>']));
        let name = rest.get(..end).unwrap_or_default();
        found += usize::from(closed && (1..=40).contains(&name.len()) && name.starts_with(char::is_alphabetic));
    }
    found
}

static PLAN: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"(?m)^ *# \S+ (?:will be (?:updated|created|destroyed|replaced|read)|must be replaced|has (?:changed|been deleted)|is tainted)|^Plan: \d+ to |^No changes\. |^ *(?:[~+-]|-/\+) (?:resource|data) \x22",
    )
});
static PLACE: LazyLock<Test> = LazyLock::new(|| test(r"^\d+(?:,\d+)?[acd]\d+(?:,\d+)?$"));
static USAGE: LazyLock<Test> = LazyLock::new(|| test(r"^(?:[Uu]sage|USAGE|[Uu]so): \S"));
static SPACED_KEY: LazyLock<Test> =
    LazyLock::new(|| test(r"^[A-Z][A-Za-z/.-]*(?: [A-Za-z()/.-]+){1,3}:(?:[ \t]+\S.*)?$"));
static OPENS: LazyLock<Test> = LazyLock::new(|| {
    test(r"^[\w.*@:/~+-]+(?: [\w./*@:~\x22-]+)*,? ?\{$|^(?:zone|subnet|host|pool|key|acl|group|class) .*\{$")
});
static GREETS: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"^(?i-u:@(?:here|channel|everyone|canal|todos)\b|(?:hola|hi|hey|hello|dear|buenas|buenos d(?:i|í)as|buen d(?:i|í)a|buenas (?:tardes|noches)|estimad[oa]s?|querid[oa]s?|good (?:morning|afternoon|evening))[ ,!:])",
    )
});
static COMMIT: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"^(?:feat|fix|chore|docs|refactor|perf|revert|hotfix|ops|ci|build|test|style|release)(?:\([\w/., -]+\))?!?: [\x22`<a-zA-Z]|^Revert \x22",
    )
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_framed_table_is_no_box_of_a_diagram() {
        assert!(framed_table("┌─a─┬─b─┐\n│ 1 │ 2 │\n└───┴───┘"));
        assert!(framed_table("┌───┬───┐\n│ a │ b │\n├───┼───┤\n│ 1 │ 2 │\n└───┴───┘"));
        assert!(!framed_table("┌──────┐\n│ shop │\n└──┬───┘\n   ▼\n┌──┴───┐\n│ cart │\n└──────┘"));
        assert!(!framed_table("┌───┐  ┌───┐\n│ a │──│ b │\n└───┘  └───┘"));
    }

    #[test]
    fn rows_are_separated_alike() {
        assert!(separated("id,shop,total\n1,north,3\n2,south,4"));
        assert!(separated("id;shop;total\n1;north;3"));
        assert!(!separated("Hello, all, of you\nwe close"));
        assert!(!separated("total = f(a, b, c)\nx, y, z"));
    }

    #[test]
    fn plans_and_diffs_are_told() {
        assert!(plan("  # shop.web will be updated in-place\n  ~ resource \"shop\" \"web\" {"));
        assert!(plan("Plan: 0 to add, 1 to change, 0 to destroy."));
        assert!(!plan("resource \"shop\" \"web\" {\n}"));
        assert!(diff("--- a/shop.yml\n+++ b/shop.yml\n@@ -1 +1 @@"));
        assert!(!diff("--- \nname: shop"));
    }

    #[test]
    fn letters_greet_and_leave_blanks() {
        assert!(greets("Hola equipo 👋 desde las 9"));
        assert!(greets("@channel the shop is closed"));
        assert!(!greets("history | tail"));
        assert_eq!(blanks("Hola {nombre}, entre {{hora}} y <HH:MM> [motivo]"), 4);
        assert_eq!(blanks("rate(x[5m]) {a=\"b\"} < 3"), 0);
        assert!(commit_message("fix(shop): close carts"));
        assert!(!commit_message("fixed: true"));
    }
}
