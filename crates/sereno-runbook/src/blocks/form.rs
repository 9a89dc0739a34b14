//! Forms that only the whole block shows: JSON and what it is for, a letter, a tree of conditions, a path through menus.

use super::kind::Kind;
use super::lines::Line;
use super::near::Near;
use super::pattern::{Test, regex, test};
use super::words::{has_phrase, words};
use crate::text::fold;
use regex::Regex;
use std::sync::LazyLock;

pub(super) fn shebang_is_shell(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    ["bash", "/sh", "zsh", "dash", " sh", "ksh"].iter().any(|name| first.trim_end().contains(name))
}

/// Mermaid, PlantUML, Graphviz.
pub(super) fn diagram_language(text: &str) -> bool {
    DIAGRAM.is_match(text.trim_start())
}

/// Settings meant for a file: the text or a comment says so.
pub(super) fn env_file(lines: &[Line], near: &Near) -> bool {
    let assigned = lines.iter().filter(|line| line.kind == Kind::Assignment).count();
    if assigned == 0 {
        return false;
    }
    let commented = lines.iter().any(|line| line.kind == Kind::Comment && names_env_file(line.text));
    let told = [
        "environment variable",
        "environment variables",
        "variables de entorno",
        "env vars",
        ".env",
        "env file",
        "secrets",
        "settings",
        "variables",
        "variable",
        "configuracion",
        "configuration",
        "configure",
        "configurar",
        "config vars",
    ];
    commented
        || near.headings.contains(".env")
        || near.says_any(&told) >= 2
        || near.lead.contains(".env")
        || near.says_any(&["variables de entorno", "environment variables"]) > 0
}

/// Four or more `NAME=value` in capitals, none quoted and none using another: a file's lines rather than a shell's.
pub(super) fn bare_settings(lines: &[Line]) -> bool {
    let content: Vec<&Line> = lines.iter().filter(|line| !line.kind.is_silent()).collect();
    let bare = content
        .iter()
        .filter(|line| {
            matches!(line.kind, Kind::Assignment | Kind::Setting | Kind::LikelyCommand)
                && BARE_SETTING.is_match(line.text.trim())
        })
        .count();
    bare >= 4 && bare == content.len()
}

/// The first lines of a dump, which are SQL and not to be run.
pub(super) fn dump(text: &str) -> bool {
    text.contains("-- PostgreSQL database dump") || text.contains("-- MySQL dump") || text.contains("-- MariaDB dump")
}

/// A comment such as `# .env.production` or `# Aumentar el pool en .env`.
pub(super) fn names_env_file(comment: &str) -> bool {
    ENV_FILE.is_match(comment)
}

/// It begins with an attribute of Chef or Omnibus: `shop['workers'] = 4`.
pub(super) fn is_attribute(lines: &[Line]) -> bool {
    lines.iter().find(|line| !line.kind.is_silent()).is_some_and(|line| {
        let set = line.text.contains("']") || line.text.contains("\"]");
        line.kind == Kind::Setting && set && !line.text.trim_end().ends_with(';')
    })
}

/// Behind bare `> ` stand commands of a shell.
pub(super) fn angle_commands(lines: &[Line]) -> bool {
    let mut typed = lines.iter().filter(|line| line.kind == Kind::Angle && !line.payload().is_empty()).peekable();
    typed.peek().is_some() && typed.all(|line| super::command::certain_shape(line.payload(), &|_| false))
}

/// The share of lines `Status: …`, `Impacto: …` as in letters and tickets: capital, no indentation.
pub(super) fn labelled_share(lines: &[Line]) -> f32 {
    let content = lines.iter().filter(|line| line.kind != Kind::Blank).count();
    let labelled = lines.iter().filter(|line| is_labelled(line.text)).count();
    if content == 0 { 0.0 } else { labelled as f32 / content as f32 }
}

/// `Status: …`, `**Impacto:** …`: a capital, at most forty more letters, figures and blanks, and a colon.
fn is_labelled(text: &str) -> bool {
    let mark = |c: char| matches!(c, '*' | '_');
    let Some((head, rest)) = text.split_once(':') else {
        return false;
    };
    let name = head.trim_start_matches(mark);
    let name = if head.len() - name.len() <= 2 { name } else { return false };
    let mut letters = name.chars();
    let capital = letters.next().is_some_and(char::is_uppercase);
    // Up to two marks close the bold or italics that those at its head opened.
    let closed = letters.as_str();
    let once = closed.strip_suffix(mark).unwrap_or(closed);
    let twice = once.strip_suffix(mark).unwrap_or(once);
    let plain = |c: char| c.is_alphabetic() || c.is_ascii_digit() || matches!(c, ' ' | '/' | '_' | '-');
    let fits = |body: &str| (1..=40).contains(&body.chars().take(41).count()) && body.chars().all(plain);
    let after = rest.strip_prefix(mark).unwrap_or(rest);
    let after = after.strip_prefix(mark).unwrap_or(after);
    capital && (fits(closed) || fits(once) || fits(twice)) && (after.is_empty() || after.starts_with([' ', '\t']))
}

/// Every line `Name: value` has its value, and none a blank to be filled in.
pub(super) fn valued(text: &str) -> bool {
    super::shapes::blanks(text) == 0
        && !text.contains("__")
        && lines_tell_nobody(text)
        && text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .all(|line| line.split_once(':').is_none_or(|(_, value)| !value.trim().trim_matches(['*', '_']).is_empty()))
}

/// As [`valued`], but a name whose parts stand below it, further in, has its value there.
pub(super) fn told(text: &str) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let empty = |index: usize, line: &str| {
        line.trim_end().ends_with(':') && lines.get(index + 1).is_none_or(|next| indent(next) <= indent(line))
    };
    super::shapes::blanks(text) == 0
        && !text.contains("__")
        && lines_tell_nobody(text)
        && !lines.iter().enumerate().any(|(index, line)| empty(index, line))
}

/// No value begins with what somebody is to do: `Base: reiniciar desde el panel`.
fn lines_tell_nobody(text: &str) -> bool {
    !text.lines().filter_map(|line| line.split_once(':')).any(|(_, value)| {
        let told = words(value);
        told.imperative && told.plain >= 2
    })
}

/// `Consola → EC2 → Instancias`, `Settings > API > Regenerate`.
pub(super) fn navigation_share(lines: &[Line]) -> f32 {
    let content = lines.iter().filter(|line| !line.kind.is_silent()).count();
    let ways = lines.iter().filter(|line| !line.kind.is_silent() && is_navigation(line.text)).count();
    if content == 0 { 0.0 } else { ways as f32 / content as f32 }
}

/// Words of menus and panels, folded.
static MENUS: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("menus.txt").lines().collect());

fn is_navigation(text: &str) -> bool {
    let steps = [" → ", " > ", " -> ", " ▸ ", " » "].iter().map(|mark| text.matches(mark).count()).max().unwrap_or(0);
    if steps == 0 {
        return false;
    }
    // `Queues > mails > Purge`: names of a word or two, most of them with a capital.
    let names: Vec<&str> = text.split([' ', '\t']).collect();
    let parts: Vec<&str> = text.split(" > ").map(str::trim).collect();
    let capitals = parts.iter().filter(|part| part.starts_with(char::is_uppercase)).count();
    if parts.len() >= 3
        && capitals * 2 >= parts.len()
        && names.len() <= parts.len() * 5
        && !text.contains(['$', '`', '"', '='])
    {
        return true;
    }
    let folded = fold(text);
    MENUS.iter().any(|word| has_phrase(&folded, word))
}

/// The share of lines that begin by telling somebody what to do.
pub(super) fn imperative_share(lines: &[Line]) -> f32 {
    let content = lines.iter().filter(|line| !line.kind.is_silent()).count();
    let told = lines
        .iter()
        .filter(|line| {
            let text = line.text.trim().trim_start_matches(|c: char| !c.is_alphabetic());
            // `Antes del feriado: hablar con el proveedor`: told behind the label.
            let behind = || {
                let value = text.split_once(": ").map(|(_, value)| words(value));
                value.is_some_and(|value| value.imperative && value.plain >= 2)
            };
            words(text).imperative || behind()
        })
        .count();
    if content == 0 { 0.0 } else { told as f32 / content as f32 }
}

/// A cause sought by asking why, again and again: prose, whatever arrows lead to its answers.
pub(super) fn asks_why(lines: &[Line]) -> bool {
    lines.iter().filter(|line| line.text.contains('?') && WHY.is_match(line.text)).count() >= 2
}

/// Nothing but options, without the command that takes them.
pub(super) fn only_options(lines: &[Line]) -> bool {
    let mut content = lines.iter().filter(|line| !line.kind.is_silent()).peekable();
    content.peek().is_some() && content.all(|line| line.kind == Kind::Unknown && line.text.trim().starts_with("--"))
}

/// The share of lines that could stand in a file, whether or not a command has the same name (`bind 127.0.0.1`).
pub(super) fn filed_share(lines: &[Line]) -> f32 {
    let content = lines.iter().filter(|line| !line.kind.is_silent()).count();
    let filed = lines.iter().filter(|line| {
        !line.kind.is_silent() && (line.kind.is_config() || super::kind::uncertain(line.text).is_config())
    });
    if content == 0 { 0.0 } else { filed.count() as f32 / content as f32 }
}

/// Conditions with arrows: `¿Responde? → Sí → …`, `If X -> do Y`, and answers below questions.
pub(super) fn step_tree(lines: &[Line]) -> f32 {
    let content = lines.iter().filter(|line| !line.kind.is_silent()).count();
    let answers = lines.iter().filter(|line| ANSWER.is_match(line.text)).count();
    let arrows =
        lines.iter().filter(|line| ["→", "->", "-->", "=>", "↓"].iter().any(|arrow| line.text.contains(arrow))).count();
    if content < 2
        || arrows < 2
        || lines
            .iter()
            .any(|line| matches!(line.kind, Kind::Command | Kind::ShellPrompt | Kind::Code | Kind::Printed | Kind::Log))
    {
        return 0.0;
    }
    let answers = answers as f32 / content as f32;
    let arrows = arrows as f32 / content as f32;
    if answers > 0.2 {
        1.1
    } else if arrows > 0.5 {
        0.7
    } else {
        0.0
    }
}

/// The rule of a table without a frame: `────┼────`.
pub(super) fn is_rule(text: &str) -> bool {
    text.contains('┼') && text.chars().all(|c| matches!(c, '─' | '┼'))
}

/// A heading and such a rule under it, and nothing that has a corner. No command stands above, whatever a column's name.
pub(super) fn ruled_table(text: &str) -> bool {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).nth(1).is_some_and(is_rule)
        && !text.contains(['┌', '└', '├', '▼', '→'])
}

/// A line that opens a fence stands among the lines: the block above was never closed, and the text between is in it.
pub(super) fn swallows_a_fence(lines: &[Line]) -> bool {
    lines.iter().any(|line| line.kind != Kind::Continued && line.text.trim_start().starts_with("```"))
}

/// From 0 to 1: how much the text is a letter, an announcement or a ticket.
pub(super) fn message(text: &str) -> f32 {
    let marks = MESSAGE.find_iter(text).count() as f32;
    let blanks = BLANKS.find_iter(text).count() as f32;
    let markup = text.matches("**").count().min(4) as f32 / 2.0;
    ((marks + 0.5 * blanks.min(4.0) + 0.5 * markup) / 3.0).min(1.0)
}

/// The share of lines with a blank to be filled in: `Causa: ____`, `Severidad: [alta / baja]`, `- Resumen: <texto>`.
pub(super) fn form_share(lines: &[Line]) -> f32 {
    let content = lines.iter().filter(|line| line.kind != Kind::Blank).count();
    let blanks = lines.iter().filter(|line| FIELD.is_match(line.text)).count();
    if content < 2 { 0.0 } else { blanks as f32 / content as f32 }
}

/// The share of lines that name a figure: `Migrations applied: 3`, `Tiempo total: 12 s`.
pub(super) fn counted_share(lines: &[Line]) -> f32 {
    let content = lines.iter().filter(|line| line.kind != Kind::Blank).count();
    let counted = lines.iter().filter(|line| line.kind != Kind::Prose && COUNTED.is_match(line.text)).count();
    if content < 2 { 0.0 } else { counted as f32 / content as f32 }
}

/// One to three lines that speak of a failure: `Lock wait timeout exceeded`, `the recipient's mailbox is full`.
pub(super) fn fails(lines: &[Line]) -> bool {
    let content = lines.iter().filter(|line| !line.kind.is_silent()).count();
    (1..=3).contains(&content) && lines.iter().any(|line| !line.kind.is_silent() && FAILS.is_match(line.text))
}

/// Those who run a service speak to those who use it: `We are investigating …`, `Lamentamos …`.
pub(super) fn announces(text: &str) -> bool {
    ANNOUNCES.is_match(&super::words::outside_quotes(text))
}

/// A query of a search tool that no line alone shows: a table, then pipes.
pub(super) fn search_query(text: &str) -> bool {
    let text = text.trim();
    SEARCH.is_match(text) || text.contains([' ', '\n']) && selects_events(text)
}

/// SQL of tools that keep events: New Relic's, InfluxDB's, Windows' own.
fn selects_events(text: &str) -> bool {
    let begins = text.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select")) || text.starts_with("FROM ");
    begins && EVENTS.is_match(text)
}

static EVENTS: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"\b(?:FACET [\w.`]+|TIMESERIES\b|SINCE (?:\d+|this|today|yesterday|last) )|\btime ?[<>]=? ?now\(\)|(?i-u:group by) time\(|(?i-u:from) Win32_\w+",
    )
});
static DIAGRAM: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"^(?:%%.*\n\s*)*(?:graph (?:TD|TB|LR|RL|BT)|flowchart |sequenceDiagram|classDiagram|stateDiagram|erDiagram|gantt\b|pie(?: title|\n)|journey\n|mindmap|timeline\n|gitGraph|C4Context|@startuml|digraph \w* ?\{|strict digraph)",
    )
});
static BARE_SETTING: LazyLock<Test> = LazyLock::new(|| test(r#"^[A-Z][A-Z0-9_]*=[^"'$`]*$"#));
static ENV_FILE: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"(?i)(?:^|[\s/`'\x22(])\.env\b|\benv(?:ironment)? file\b|archivo de entorno|\.properties\b|/etc/environment|/etc/default/",
    )
});
static WHY: LazyLock<Test> = LazyLock::new(|| test(r"(?i)(?:^|[\s.)*])(?:why\b|¿?por qu(?:e\b|é|É))"));
static ANSWER: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?i)(?:^|[\s├└─│|>-])(?:s[ií]|no|yes|true|false)\s*(?:→|->|-->|=>|:|,)|¿[^?]+\?|\?\s*(?:→|->|$)")
});
static MESSAGE: LazyLock<Regex> = LazyLock::new(|| {
    // Only the words are compared without regard to case, and as ASCII: with all letters of Unicode the pattern would
    // take longer to compile than a runbook to read. So it would with every sign that is no letter: those of Latin do.
    regex(concat!(
        r"(?m)^(?i-u:subject|asunto|to|para|from|de|cc|hi|hello|hola|dear|estimad[oa]s?|team|equipo)\b.{0,60}[:,]?\s*$",
        r"|^(?i-u:subject|asunto|to|para|cc|from):|@(?i-u:here|channel|everyone)",
        r"|^[^0-9A-Za-z_À-ÖØ-öø-ÿ]{0,6}(?i-u:status|estado|impact|impacto|severity|severidad|incident|incidente|eta|next update",
        r"|pr(?:o|ó|Ó)xima actualizaci(?:o|ó|Ó)n|summary|resumen|started|inicio|lead|ic|root cause|causa ra(?:i|í|Í)z",
        r"|affected|afectados?)[^0-9A-Za-z_À-ÖØ-öø-ÿ]{0,3}:",
        r"|\b(?i-u:we are (?:currently )?(?:investigating|aware|experiencing)|we apologi[sz]e",
        r"|estamos (?:investigando|trabajando|experimentando)|lamentamos|disculp|best regards|saludos|thank you|gracias por)",
        r"|^(?:🚨|🔴|🟡|🟢|✅|⚠️|:\w+:)",
    ))
});
static FIELD: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"^[ \t]*(?:[-*\x22]|\d{1,2}[.)])?[ \t]*[*_]{0,2}[A-Z][^:\n]{1,40}:[*_]{0,2}[ \t]*(?:_{3,}|\[[^\]\n]+\]|<[^>\n]+>)[ \t]*\.?$",
    )
});
static COUNTED: LazyLock<Test> =
    LazyLock::new(|| test(r"^[ \t]*[A-Z][A-Za-z]*(?: [A-Za-z]+){0,3}: +~?\d[\d.,]*(?: ?(?:%|[A-Za-z]{1,7}))?$"));
static FAILS: LazyLock<Test> = LazyLock::new(|| {
    test(concat!(
        r"(?i)\b(?:exceeded|timed? ?out|disconnected|unauthori[sz]ed|forbidden|not found|is full|lost connection|invalid|cannot|can't|could not|couldn't",
        r"|unable to|expired|rejected|refused|unavailable|failed|does not exist|no se pudo|no pudo|no existe|agotad[oa]|vencid[oa]|rechazad[oa]|denegad[oa])\b",
    ))
});
static ANNOUNCES: LazyLock<Test> = LazyLock::new(|| {
    test(concat!(
        r"(?i)\b(?:we (?:are|have|will|apologi[sz]e|expect|experienced|identified|resolved|understand)\b|we're\b|our (?:team|engineers)\b",
        r"|(?:incident|issue|problem|outage) (?:has been|is now) (?:resolved|identified|fixed|mitigated)|all systems are|sorry for|thanks for your",
        r"|estamos (?:investigando|trabajando|experimentando|al tanto)|hemos (?:identificado|resuelto|detectado|aplicado)|lamentamos|sentimos las|gracias por|nuestro equipo",
        r"|(?:incidente|problema|servicio) (?:ha sido|fue|ha quedado) (?:resuelto|identificado|solucionado|restablecido|restaurado))",
    ))
});
static BLANKS: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"\[[A-Za-zÁÉÍÓÚÑáéíóúñ][^\]\n]{1,40}\]|\{[^{}\n$\x22=:]{2,60}\}|<[a-z][\w -]*>|\bHH:MM\b|\bXX:XX\b|_{3,}")
});
static SEARCH: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"(?m)\A[A-Z]\w+\s*\n\s*\| ?\w+|\A(?:FROM|from|TS|ROW) [\w*,.:-]+\s*\n?\s*\| ?[A-Z]|\A(?:search )?(?:index|sourcetype)=|\Afields @|\A\{[a-z_]\w*=~?\x22[^\x22]*\x22[^}]*\}\s*(?:\||$)|\A(?:sum|rate|count_over_time|sum by \(\w+\)) ?\(.*\|[=~]|\ASELECT .* FROM (?:Transaction|Log|SystemSample|Metric)\b|\Aproject ?= ?[\w\x22'-]+(?:\s*\z|\s+(?i:and|or|order)\b)",
    )
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_rule_and_no_frame() {
        assert!(ruled_table(" id │ shop\n────┼─────\n  1 │ north"));
        assert!(!ruled_table("┌───┬───┐\n│ a │ b │\n────┼─────"));
        assert!(!ruled_table("web │ db"));
    }

    #[test]
    fn letters_have_parts() {
        assert!(message("Asunto: Interrupción\n\nHola equipo,\nEstamos investigando [SERVICIO].") > 0.9);
        assert!(message("kubectl get pods") < 0.1);
    }
}
