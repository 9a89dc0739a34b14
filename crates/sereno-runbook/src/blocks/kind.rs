//! What one line is when it is not a command: a table row, a log line, YAML, a setting, SQL, code, a drawing, prose.
//!
//! Each recogniser is a pattern with a name. The first that matches gives the line its kind; commands and prompts are
//! tried elsewhere, because they need to know names.

use super::pattern::{Test, test};
use super::patterns::{ASCII_BOX, BULLET, COLUMNS, EARLY, FAILURE, FLOW, LATE, LEADS, MANY_COLUMNS, SAID, YAML};
use super::words::words;
use std::sync::LazyLock;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Blank,
    /// `# …`
    Comment,
    /// `// …` or `-- …` or `/* … */`
    OtherComment,
    ShellPrompt,
    Client,
    Angle,
    Command,
    LikelyCommand,
    WeakCommand,
    /// A line that belongs to the command above it.
    Continued,
    /// `NAME=value`
    Assignment,
    /// `export NAME=value`
    Export,
    Sql,
    Promql,
    /// LogQL, KQL, SPL, Lucene, CloudWatch Insights.
    Search,
    Yaml,
    Json,
    /// `[section]`
    Section,
    /// `key = value`
    Setting,
    /// `key value;`, `name {`, `}`
    Directive,
    /// A directive of a unit, a Dockerfile, an Apache or sshd file.
    Keyword,
    Cron,
    Markup,
    /// Log lines, with their time or level.
    Log,
    /// Columns, or their heading.
    Table,
    /// A name and figures.
    Figure,
    /// `Error: …`, `curl: (7) …`.
    Failure,
    Trace,
    HttpStatus,
    HttpHeader,
    HttpRequest,
    /// `Name:      value` as tools print it.
    Property,
    /// A sample of the Prometheus text format.
    Sample,
    /// Any other line that only programs print.
    Printed,
    Drawing,
    Code,
    /// A line of a console's language: `db.users.find()`, `\dt`, `LLEN queue`.
    ClientLine,
    /// `/incident declare`, `!deploy`.
    Chat,
    Url,
    Bullet,
    Prose,
    Unknown,
}

impl Kind {
    /// Lines that say nothing about the class.
    pub(super) fn is_silent(self) -> bool {
        matches!(self, Self::Blank | Self::Comment | Self::OtherComment)
    }

    /// Lines that a shell is given.
    pub(super) fn is_shell(self) -> bool {
        matches!(self, Self::ShellPrompt | Self::Command | Self::LikelyCommand | Self::Continued)
    }

    /// Lines that only a program prints.
    pub(super) fn is_output(self) -> bool {
        matches!(
            self,
            Self::Log
                | Self::Table
                | Self::Failure
                | Self::Trace
                | Self::HttpStatus
                | Self::Property
                | Self::Sample
                | Self::Printed
        )
    }

    /// Lines of files.
    pub(super) fn is_config(self) -> bool {
        matches!(
            self,
            Self::Yaml | Self::Section | Self::Setting | Self::Directive | Self::Keyword | Self::Cron | Self::Markup
        )
    }
}

/// The kind of a line that is neither prompt nor known command, and of which [`certain`] says nothing. Never a prompt, a
/// command or a comment.
pub(super) fn uncertain(line: &str) -> Kind {
    let text = line.trim();
    if super::sql::begins(text) {
        return Kind::Sql;
    }
    if super::promql::line(text) {
        return Kind::Promql;
    }
    if let Some(kind) = LATE.first(text) {
        return kind;
    }
    if BULLET.is_match(text) {
        return Kind::Bullet;
    }
    if text.contains("   ") && MANY_COLUMNS.is_match(text) {
        return Kind::Table;
    }
    if SAID.is_match(text) {
        return Kind::Failure;
    }
    if is_yaml(line) {
        return Kind::Yaml;
    }
    let counted = words(text);
    if FAILURE.is_match(text) && !counted.imperative && counted.stop * 2 <= counted.plain.max(1) {
        return Kind::Failure;
    }
    if counted.is_prose() {
        return Kind::Prose;
    }
    if COLUMNS.is_match(text) {
        return Kind::Table;
    }
    Kind::Unknown
}

/// Kinds that prove themselves before a line is tried as a command: `error: …` would else be a command named `error`.
pub(super) fn certain(line: &str) -> Option<Kind> {
    let text = line.trim();
    if drawing(text) {
        return Some(Kind::Drawing);
    }
    let kind = EARLY.first(text)?;
    // Hours in a row are no moment of a crontab: that has stars, steps or a command.
    let figures = kind == Kind::Cron && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b' ');
    Some(if figures { Kind::Unknown } else { kind })
}

/// `key: value`, `key:`, `- item`; not a sentence with a colon.
fn is_yaml(line: &str) -> bool {
    YAML.captures(line.trim_end()).is_some_and(|found| {
        let key = found.get(1).map_or("", |key| key.as_str());
        let value = found.get(2).map_or("", |value| value.as_str()).trim();
        let sentence = key.starts_with(char::is_uppercase) && {
            let told = words(value);
            told.is_prose() || (told.imperative && told.plain >= 2)
        };
        !key.contains("//") && !sentence
    })
}

fn drawing(text: &str) -> bool {
    // One box line alone is a table of mysql or etcdctl; a drawing has other lines too.
    if text.starts_with('+') && text.ends_with('+') && text.bytes().all(|byte| b"+-=".contains(&byte)) {
        return false;
    }
    if super::form::is_rule(text) || text.starts_with("==> ") {
        return false;
    }
    if (text.contains('[') || text.starts_with(['*', '|', '<'])) && PROGRESS.is_match(text) {
        return false;
    }
    !text.is_ascii() && drawn(text)
        || text.starts_with(['|', 'v', '^', '/', '\\', ' ', '+', '`']) && ASCII_BOX.is_match(text)
        || ["->", "=>", "<-"].iter().any(|arrow| text.contains(arrow)) && FLOW.is_match(text)
        || text.starts_with(['-', '=', '→', '↳', '⇒']) && LEADS.is_match(text)
        || is_bar(text)
        || is_chain(text)
        || is_way(text)
}

/// Lines and arrow heads beyond ASCII.
fn drawn(text: &str) -> bool {
    let mut lines = 0;
    let mut letters = 0;
    let mut heads = 0;
    for c in text.chars() {
        match c {
            '\u{2500}'..='\u{257F}' => lines += 1,
            '▼' | '▲' | '►' | '◄' | '▶' | '◀' | '↓' | '↑' | '↘' | '↙' | '⇓' | '⬇' => {
                heads += 1;
            }
            c if c.is_alphanumeric() => letters += 1,
            _ => {}
        }
    }
    lines + heads > 0 && (lines + heads >= 2 || letters == 0 || text.starts_with(['│', '├', '└']))
}

/// A line of time between bars: `|-- day --|-- night --|`.
pub(super) fn is_bar(text: &str) -> bool {
    text.starts_with('|')
        && text.ends_with('|')
        && text.contains(char::is_alphabetic)
        && text.matches("--").count() + text.matches("==").count() >= 2
        && text.matches('|').count() >= 3
        && !text.contains(" | ")
}

/// Three names or more, joined by `->`, or such a branch: `upload -> S3 -> player`, `\-> mongo`.
fn is_chain(text: &str) -> bool {
    if !text.contains("-> ") || text.contains(['\'', '"', '`', ';', '=', '|']) {
        return false;
    }
    let branch = ["\\-> ", "\\--> ", "+-> ", "+--> "].iter().any(|mark| text.starts_with(mark));
    let names: Vec<&str> = text.split(" -> ").collect();
    branch
        || names.len() >= 3 && names.iter().all(|name| !name.trim().is_empty() && name.chars().take(41).count() <= 40)
}

/// Three names or more, joined by `→`: `Cliente → API → Base de datos`.
fn is_way(text: &str) -> bool {
    if !text.contains('→') || text.contains(['`', '|', ';', '=']) {
        return false;
    }
    let mut arrows = 0;
    let named = text.split('→').enumerate().all(|(index, name)| {
        arrows = index;
        // Blanks beside an arrow are the arrow's; the first name begins the line.
        let bare = if index == 0 { name } else { name.trim_start_matches(' ') }.trim_end_matches(' ');
        !name.is_empty() && bare.chars().take(41).count() <= 40
    });
    named && (2..=9).contains(&arrows)
}

/// Bars of progress and graphs of commits, which arrows and bars draw too.
static PROGRESS: LazyLock<Test> =
    LazyLock::new(|| test(r"\[[=#>. -]{6,}\] *\d|^[*|][*|\\/ ]* +[0-9a-f]{7,12} \S|^<--- "));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_their_kind() {
        for (line, expected) in [
            ("HTTP/1.1 200 OK", Kind::HttpStatus),
            ("POST /api/v1/orders HTTP/1.1", Kind::HttpRequest),
            ("0 2 * * * /srv/backup.sh", Kind::Cron),
            ("*/5 * * * * root /srv/check.sh", Kind::Cron),
            ("2026-01-02 10:00:01 ERROR worker died", Kind::Log),
            ("Jan  2 10:00:01 web-1 sshd[12]: Accepted", Kind::Log),
            ("level=error ts=2026-01-02 msg=\"x\"", Kind::Log),
            ("api-1  | listening on 3000", Kind::Log),
            ("NAME      READY   STATUS    RESTARTS   AGE", Kind::Table),
            ("web-1     1/1     Running   0          4d", Kind::Table),
            ("+----+-------+", Kind::Table),
            ("──────┼───────", Kind::Table),
            ("thread apply all bt", Kind::ClientLine),
            ("show collections", Kind::ClientLine),
            ("db.carts.sql", Kind::Unknown),
            ("/shop pause north", Kind::Chat),
            ("cartd[12]: the worker went away", Kind::Log),
            ("Warning  Unhealthy  30s  kubelet  no answer in time", Kind::Table),
            ("connected_slaves:2", Kind::Property),
            ("Seconds_Behind_Master: 0", Kind::Property),
            ("2 - Avisar al equipo", Kind::Bullet),
            ("lib/shop.rb:12:in `sell'", Kind::Trace),
            ("curl: (7) Failed to connect", Kind::Failure),
            ("Error from server (NotFound): pods not found", Kind::Failure),
            ("ERROR: relation \"x\" does not exist", Kind::Log),
            ("Traceback (most recent call last):", Kind::Trace),
            ("(integer) 12", Kind::Printed),
            ("http_requests_total{code=\"200\"} 1027", Kind::Sample),
            ("default 18211 4032", Kind::Figure),
            ("* 3f2a9c1 (HEAD -> main) close carts", Kind::Printed),
            ("reindex  [=====>      ] 38%  91/240", Kind::Printed),
            ("checks.........................: 99.97% ✓ 148212", Kind::Property),
            ("Get-Service -Name Spooler, Shop", Kind::Code),
            ("#1 {main}", Kind::Trace),
            ("-XX:+HeapDumpOnOutOfMemoryError", Kind::Setting),
            ("mar 04 08:01:12 web-3 gunicorn[2214]: booted", Kind::Log),
            ("EHLO mx.example.org", Kind::ClientLine),
            ("250 2.1.0 Ok", Kind::Printed),
            ("shop.name : \"north\" and not shop.id : 3", Kind::Search),
            ("image: app:1.0", Kind::Yaml),
            ("      limits:", Kind::Yaml),
            ("[Service]", Kind::Section),
            ("max_connections = 200", Kind::Setting),
            ("proxy_read_timeout 60s;", Kind::Directive),
            ("location /api {", Kind::Directive),
            ("SELECT count(*) FROM orders;", Kind::Sql),
            ("rate(http_requests_total[5m])", Kind::Promql),
            ("{app=\"api\"} |= \"error\"", Kind::Search),
            ("fields @timestamp, @message", Kind::Search),
            ("const x = 1", Kind::Code),
            ("db.orders.find({})", Kind::ClientLine),
            ("\\dt", Kind::ClientLine),
            ("/incident declare", Kind::Chat),
            ("├── src", Kind::Drawing),
            ("Client --> API --> DB", Kind::Drawing),
            ("Avisar al equipo de guardia", Kind::Prose),
        ] {
            assert_eq!(certain(line).unwrap_or_else(|| uncertain(line)), expected, "{line}");
        }
    }
}
