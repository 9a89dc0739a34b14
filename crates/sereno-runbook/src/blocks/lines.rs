//! A block's lines, each with its kind.
//!
//! The only state from line to line is the shell's own: quotes, here-documents and backslashes. Nothing is decided about
//! the block here.

use super::command::{Continuation, Knows, Likeness, certain_shape, likeness};
use super::kind::{self, Kind};
use super::pattern::regex;
use super::prompts::{Client, Prompt, prompt};
use super::tag::Tag;
use super::{promql, sql};
use regex::Regex;
use std::sync::LazyLock;

#[derive(Debug, Clone)]
pub(super) struct Line<'a> {
    /// Without its line end.
    pub(super) text: &'a str,
    /// Its first byte in the block's text.
    pub(super) start: usize,
    pub(super) kind: Kind,
    /// The bytes of indentation and prompt before what is typed.
    pub(super) prompt: usize,
    pub(super) client: Option<Client>,
}

impl<'a> Line<'a> {
    /// What is typed, or the whole line.
    pub(super) fn payload(&self) -> &'a str {
        self.text.get(self.prompt..).unwrap_or_default().trim()
    }

    /// The words of a comment.
    pub(super) fn comment(&self) -> Option<&'a str> {
        (self.kind == Kind::Comment).then(|| self.text.trim().trim_start_matches(['#', ' ', '\t']))
    }
}

pub(super) fn lines<'a>(text: &'a str, tag: Tag, knows: Knows) -> Vec<Line<'a>> {
    let mut all = Vec::new();
    let mut start = 0;
    for raw in text.split_inclusive('\n') {
        let line = raw.trim_end_matches(['\n', '\r']);
        all.push(Line { text: line, start, kind: Kind::Unknown, prompt: 0, client: None });
        start += raw.len();
    }
    if let Some(open_since) = fill(&mut all, 0, true, tag, knows) {
        // A quote that never closes is an apostrophe: the lines after it speak for themselves.
        fill(&mut all, open_since, false, tag, knows);
    }
    root_prompts(&mut all, tag, knows);
    all
}

/// Gives kinds from `from` on. Gives back the line at which a quote or here-document opened that never closed.
fn fill(lines: &mut [Line], from: usize, literals: bool, tag: Tag, knows: Knows) -> Option<usize> {
    let mut state = Continuation::default();
    let mut opened = from;
    for (index, line) in lines.iter_mut().enumerate().skip(from) {
        if state.is_open() {
            line.kind = Kind::Continued;
            state.feed(line.text);
        } else {
            *line = Line { prompt: 0, client: None, kind: Kind::Unknown, ..line.clone() };
            single(line, tag, knows);
            if line.kind.is_shell() || matches!(line.kind, Kind::Assignment | Kind::Export) {
                opened = index;
                state.feed(line.payload());
            }
        }
        if !literals && state.is_literal() {
            state = Continuation::default();
        }
    }
    state.is_literal().then_some(opened + 1)
}

fn single(line: &mut Line, tag: Tag, knows: Knows) {
    let text = line.text.trim();
    if text.is_empty() {
        line.kind = Kind::Blank;
        return;
    }
    if let Some(kind) = comment(text) {
        line.kind = kind;
        return;
    }
    if let Some((found, length)) = prompt(line.text) {
        // Nothing is typed: `$ # what was done`.
        if found == Prompt::Shell && line.text.get(length..).is_some_and(|typed| typed.starts_with('#')) {
            line.kind = Kind::Comment;
            return;
        }
        let kind = match found {
            // PowerShell's own: nothing that the shell of Sereno could run.
            Prompt::Shell
                if line.text.trim_start().starts_with("PS")
                    && line.text.get(length..).and_then(kind::certain) == Some(Kind::Code) =>
            {
                Kind::Code
            }
            Prompt::Shell => Kind::ShellPrompt,
            Prompt::Client(client) => {
                line.client = Some(client);
                Kind::Client
            }
            Prompt::Angle => Kind::Angle,
        };
        line.kind = kind;
        line.prompt = length;
        return;
    }
    line.kind = unprompted(line.text, tag, knows);
}

fn unprompted(line: &str, tag: Tag, knows: Knows) -> Kind {
    let text = line.trim();
    if let Some(kind) = kind::certain(line) {
        return kind;
    }
    if text.contains('=')
        && let Some(found) = ASSIGNMENT.captures(text)
    {
        let value = found.get(2).map_or("", |value| value.as_str());
        if value.contains("$(") || value.contains('`') {
            return Kind::Command;
        }
        return if found.get(1).is_some() { Kind::Export } else { Kind::Assignment };
    }
    if sql::begins(text) {
        return Kind::Sql;
    }
    if text.contains(['(', '{']) && !text.contains('$') && promql::line(text) {
        return Kind::Promql;
    }
    // Options alone: the command to which they belong stands elsewhere.
    if text.starts_with("--") {
        return Kind::Unknown;
    }
    let likeness = likeness(text, knows);
    match likeness {
        Likeness::Sure => return Kind::Command,
        Likeness::Likely => return Kind::LikelyCommand,
        Likeness::Weak | Likeness::No => {}
    }
    let other = kind::uncertain(line);
    // Words with a gap between them stand in columns.
    let weak =
        likeness == Likeness::Weak && !(text.contains("   ") || text.contains("  ") && !text.contains(['-', '/', '=']));
    if weak && (other == Kind::Unknown || (other == Kind::Search && tag.is_shell())) {
        Kind::WeakCommand
    } else {
        other
    }
}

fn comment(text: &str) -> Option<Kind> {
    // A frame of a stack, or a tool's sum: `#0 /srv/shop.php(12)`, `-- 12 Kbytes in 3 Requests.`
    let printed =
        |sign: &str| text.strip_prefix(sign).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if (printed("#") || printed("-- ")) && matches!(kind::certain(text), Some(Kind::Trace | Kind::Printed)) {
        return None;
    }
    if text.starts_with('#') && !text.starts_with("#!/") && !text.starts_with("#include") {
        return Some(Kind::Comment);
    }
    let other = text.starts_with("// ")
        || text.starts_with("-- ")
        || text == "--"
        || text.starts_with("--- ")
        || text.strip_prefix("--").is_some_and(|rest| rest.starts_with(char::is_uppercase) && rest.contains(' '))
        || text.starts_with("/*")
        || text.starts_with("* ") && text.ends_with("*/");
    other.then_some(Kind::OtherComment)
}

/// `# cmd` is root's prompt where other lines show prompts, or where a session is pasted with what it printed.
fn root_prompts(lines: &mut [Line], tag: Tag, knows: Knows) {
    // In any other language `#` begins a comment, whatever it says.
    if !matches!(tag, Tag::Shell | Tag::Console | Tag::None | Tag::Text | Tag::Output | Tag::Unknown) {
        return;
    }
    let prompted = lines.iter().any(|line| line.kind == Kind::ShellPrompt);
    let commands = lines.iter().any(|line| matches!(line.kind, Kind::Command | Kind::LikelyCommand));
    let printed = lines
        .iter()
        .any(|line| line.kind.is_output() || matches!(line.kind, Kind::Unknown | Kind::Angle | Kind::Client));
    let comments = lines.iter().filter(|line| line.kind == Kind::Comment).count();
    let typed = lines.iter().filter(|line| line.comment().is_some_and(|text| certain_shape(text, knows))).count();
    // Without a tag that says shell, most of the comments being commands is enough: nobody comments out three in a row.
    let mostly = matches!(tag, Tag::None | Tag::Console) && typed >= 2 && typed * 3 >= comments * 2;
    let session = !commands && typed > 0 && (printed || tag == Tag::Console || typed == comments || mostly);
    if !(prompted || session) {
        return;
    }
    for line in lines {
        let Some(text) = line.comment() else { continue };
        if line.text.trim_start().starts_with("# ") && certain_shape(text, knows) {
            line.kind = Kind::ShellPrompt;
            line.prompt = line.text.len() - text.len();
        }
    }
}

static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"^(export\s+|declare\s+(?:-\w+\s+)?|local\s+|readonly\s+)?[A-Za-z_]\w*\+?=("[^"]*"?|'[^']*'?|[^\s;|&]*)\s*(?:;|#.*|\w+=.*)?$"#,
    )
});

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str, tag: Tag) -> Vec<Kind> {
        lines(text, tag, &|_| false).into_iter().map(|line| line.kind).collect()
    }

    #[test]
    fn quoted_lines_belong_to_their_command() {
        assert_eq!(
            kinds("psql -c \"\n  SELECT 1\n  FROM t;\"\nls\n", Tag::Shell),
            [Kind::Command, Kind::Continued, Kind::Continued, Kind::Command]
        );
        assert_eq!(
            kinds("cat > f <<EOF\nkey: value\nEOF\nls -l", Tag::Shell),
            [Kind::Command, Kind::Continued, Kind::Continued, Kind::Command]
        );
    }

    #[test]
    fn a_comment_that_names_a_file_is_no_prompt() {
        assert_eq!(kinds("# shop/celery_app.py\napp.conf.limit = 600", Tag::Code)[0], Kind::Comment);
        assert_eq!(kinds("# deploy/backup.sh\nPOOL_SIZE = 600", Tag::None)[0], Kind::Comment);
        assert_eq!(kinds("# systemctl stop api\nPOOL_SIZE = 600", Tag::Code)[0], Kind::Comment);
    }

    #[test]
    fn a_quoted_substitution_goes_on_over_lines() {
        assert_eq!(
            kinds("POD=\"$(kubectl get pods -l \"app=$APP\" \\\n  -o name)\"\nls -l", Tag::Shell),
            [Kind::Command, Kind::Continued, Kind::Command]
        );
        assert_eq!(kinds("ls -l\nacmectl load ~/Library/shop.plist", Tag::Shell)[1], Kind::WeakCommand);
    }

    #[test]
    fn a_comment_behind_a_prompt_is_no_command() {
        assert_eq!(kinds("$ # note what you did\n$ uptime", Tag::Shell), [Kind::Comment, Kind::ShellPrompt]);
    }

    #[test]
    fn a_required_variable_is_a_command() {
        assert_eq!(kinds(": \"${SHOP:?which shop}\"\n: ${LIMIT:=5}", Tag::Shell), [Kind::Command, Kind::Command]);
    }

    #[test]
    fn an_apostrophe_does_not_swallow_the_rest() {
        assert_eq!(kinds("echo don't\nls -l\ndf -h", Tag::Shell), [Kind::Command, Kind::Command, Kind::Command]);
    }

    #[test]
    fn the_hash_is_a_prompt_among_prompts() {
        assert_eq!(
            kinds("$ oc debug node/x\n# sysctl -a | grep file\nfs.file-max = 1\n# see the limit", Tag::Shell),
            [Kind::ShellPrompt, Kind::ShellPrompt, Kind::Setting, Kind::Comment]
        );
        assert_eq!(kinds("# systemctl restart nginx\nls -l", Tag::Shell), [Kind::Comment, Kind::Command]);
    }

    #[test]
    fn assignments_are_not_commands() {
        assert_eq!(
            kinds("NS=prod\nexport A=\"b c\"\nPOD=\"$(kubectl get pod)\"\nPGPASSWORD=x psql -l", Tag::Shell),
            [Kind::Assignment, Kind::Export, Kind::Command, Kind::Command]
        );
    }
}
