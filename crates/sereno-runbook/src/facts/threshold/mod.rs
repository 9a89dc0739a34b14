//! Numbers that must not be crossed.

mod measure;

use super::{Source, duration};
use crate::document::{Table, TextLine};
use crate::model::{Role, Threshold};
use crate::structure::iso_date;
use crate::text::fold;
use measure::{duration_seconds, is_deadline, measures_time, metric, speaks_of_status, sustained, unit};
use std::ops::Range;

pub(crate) fn collect(source: Source<'_>) -> Vec<Threshold> {
    let mut thresholds = Vec::new();
    for place in source.places() {
        if !may_compare(&place.line.plain) {
            continue;
        }
        let role = source.role(place.section);
        let lists = place.item.is_some();
        let to_tick = place.item.is_some_and(|item| item.checked.is_some());
        let context = Context {
            severity: &|| severity(source, place.section, to_tick),
            role,
            listed: lists,
            heading: place.is_heading,
        };
        of_line(place.line, &context, &mut thresholds);
    }
    for (table, section) in source.tables() {
        of_table(table, severity(source, section, false).as_deref(), &mut thresholds);
    }
    for (words, line, section) in source.comments() {
        if may_compare(words) && !words.contains("://") {
            let words = words.trim_start_matches(['-', '*', '•', ' ']);
            let text = TextLine { line, plain: words.to_owned(), ..TextLine::default() };
            let context = Context {
                severity: &|| severity(source, section, false).or_else(|| Some("goal".to_owned())),
                role: source.role(section),
                listed: false,
                heading: false,
            };
            of_line(&text, &context, &mut thresholds);
        }
    }
    thresholds.sort_by_key(|threshold| threshold.line);
    thresholds
}

/// A quick look before the careful one: most lines compare nothing.
fn may_compare(plain: &str) -> bool {
    plain.bytes().any(|b| b.is_ascii_digit())
}

#[derive(Clone, Copy)]
struct Context<'a> {
    /// Asked only when there is a number to judge.
    severity: &'a dyn Fn() -> Option<String>,
    role: Role,
    listed: bool,
    heading: bool,
}

/// What the sections around a line say about crossing its number.
fn severity(source: Source<'_>, section: Option<usize>, to_tick: bool) -> Option<String> {
    for title in source.titles(section) {
        let has = |words: &[&str]| words.iter().any(|word| title.contains(word));
        if has(&[
            "cuando hacer rollback",
            "when to roll",
            "criterios de rollback",
            "rollback criteria",
            "cuando revertir",
        ]) {
            return Some("rollback".to_owned());
        }
        if has(&["metric", "objetivo", "goal", "slo", "target", "normal", "verific", "healthy", "valores esperados"])
            && !has(&["alert", "umbral", "threshold"])
        {
            return Some("goal".to_owned());
        }
        if has(&["critic", "urgent", "page", "inmediat", "immediate", "sev1", "sev 1", "p1"])
            && has(&["alert", "umbral", "threshold", "page", "critic"])
        {
            return Some("critical".to_owned());
        }
        if has(&["warning", "advertencia", "aviso", "warn"]) {
            return Some("warning".to_owned());
        }
        if has(&["informativ", "info "]) && has(&["alert"]) {
            return Some("info".to_owned());
        }
    }
    to_tick.then(|| "goal".to_owned())
}

/// A comparison: where it stands in the line, and which.
struct Comparison {
    span: Range<usize>,
    op: &'static str,
    in_words: bool,
}

fn of_line(line: &TextLine, context: &Context<'_>, thresholds: &mut Vec<Threshold>) {
    let folded = fold(line.plain.trim_start());
    if folded.starts_with("ejemplo") || folded.starts_with("example") {
        return;
    }
    let alert = alert_label(line);
    let (label, body) = match line.bold_label().or_else(|| code_label(line)).or_else(|| dashed_label(line)) {
        Some((label, body)) if !body.is_empty() && !is_part(label) => (Some(label), body),
        _ => match alert {
            Some((name, _, body)) => (Some(name), body),
            None => (None, line.plain.as_str()),
        },
    };
    let told = alert.and_then(|(_, note, _)| graveness(note));
    let severity = || told.map(str::to_owned).or_else(|| (context.severity)());
    let context = &Context { severity: &severity, ..*context };
    let from = thresholds.len();
    let mut done = 0;
    for comparison in comparisons(body, context) {
        if comparison.span.start < done || (!context.listed && in_code(line, body, &comparison.span)) {
            continue;
        }
        if let Some((threshold, end)) = one(line, label, body, done, &comparison, context) {
            done = end;
            thresholds.push(threshold);
        }
    }
    if thresholds.len() == from && context.listed && context.role == Role::Monitoring {
        thresholds.extend(absence(line, label, body, context));
    }
}

/// In a sentence, what stands between backticks is a query or an example.
fn in_code(line: &TextLine, body: &str, span: &Range<usize>) -> bool {
    let from = line.plain.len().saturating_sub(body.len());
    line.code.iter().any(|code| code.contains(&(from + span.start)))
}

/// `Síntomas: …` is no name.
fn is_part(label: &str) -> bool {
    let folded = fold(label);
    folded.starts_with("sintoma")
        || folded.starts_with("symptom")
        || folded.starts_with("impact")
        || folded.starts_with("verif")
        || folded.starts_with("validat")
        || folded.starts_with("como ")
        || folded.starts_with("how ")
        || folded.starts_with("tiempo estimado")
        || folded.starts_with("downtime")
}

/// `` `HighLatency` - p95 > 1s ``.
fn code_label(line: &TextLine) -> Option<(&str, &str)> {
    let code = line.code.first().filter(|code| code.start == 0)?;
    let rest = line.plain.get(code.end..)?.trim_start();
    let rest = rest.strip_prefix([':', '-', '–', '—', '('])?;
    Some((line.plain.get(code.clone())?, rest.trim()))
}

/// `**HighErrorRate** - Error rate > 5%`.
fn dashed_label(line: &TextLine) -> Option<(&str, &str)> {
    let strong = line.strong.first().filter(|strong| strong.start == 0)?;
    let rest = line.plain.get(strong.end..)?.trim_start();
    let rest = rest.strip_prefix(['-', '–', '—', '('])?;
    Some((line.plain.get(strong.clone())?.trim(), rest.trim()))
}

/// `for 15 minutes` says how long, not what.
fn only_lasts(metric: &str) -> bool {
    let folded = fold(metric);
    ["for ", "por ", "durante ", "over ", "in ", "en "].iter().any(|word| folded.starts_with(word))
        && duration::first(&folded).is_some()
}

/// `HighLag (page): lag above 30 s`: a name in one word with capitals inside, and what is noted beside it.
fn alert_label(line: &TextLine) -> Option<(&str, &str, &str)> {
    let (head, body) = line.plain.split_once(": ")?;
    let (name, note) = head.split_once(" (").map_or((head, ""), |(name, note)| (name, note.trim_end_matches(')')));
    let name = name.trim();
    let inner_capital = name.chars().skip(1).any(char::is_uppercase) && name.chars().any(char::is_lowercase);
    let one_word = name.chars().all(|c| c.is_alphanumeric() || c == '_') && name.starts_with(char::is_uppercase);
    (inner_capital && one_word).then(|| (name, note, body.trim()))
}

/// How grave an alert is, in the words that teams put beside its name.
fn graveness(note: &str) -> Option<&'static str> {
    let folded = fold(note);
    let is = |words: &[&str]| words.iter().any(|word| folded.starts_with(word));
    if is(&["page", "critic", "sev1", "sev-1", "p1", "urgent", "despierta"]) {
        Some("critical")
    } else if is(&["ticket", "warn", "aviso", "advert", "sev2", "sev-2", "sev3", "sev-3", "p2", "p3"]) {
        Some("warning")
    } else if is(&["info"]) {
        Some("info")
    } else {
        None
    }
}

fn comparisons(body: &str, context: &Context<'_>) -> Vec<Comparison> {
    const SIGNS: [(&str, &str); 10] = [
        (">=", ">="),
        ("<=", "<="),
        ("≥", ">="),
        ("≤", "<="),
        ("!=", "!="),
        ("≠", "!="),
        ("<>", "!="),
        ("==", "=="),
        (">", ">"),
        ("<", "<"),
    ];
    const WORDS: [(&str, &str); 26] = [
        ("mayor a", ">"),
        ("mayor que", ">"),
        ("superior a", ">"),
        ("mas de", ">"),
        ("por encima de", ">"),
        ("supera el", ">"),
        ("supera los", ">"),
        ("supera", ">"),
        ("menor a", "<"),
        ("menor que", "<"),
        ("inferior a", "<"),
        ("menos de", "<"),
        ("menos del", "<"),
        ("mas del", ">"),
        ("por debajo de", "<"),
        ("por debajo del", "<"),
        ("greater than", ">"),
        ("more than", ">"),
        ("higher than", ">"),
        ("above", ">"),
        ("over", ">"),
        ("exceeds", ">"),
        ("less than", "<"),
        ("lower than", "<"),
        ("below", "<"),
        ("under", "<"),
    ];
    let mut found: Vec<Comparison> = Vec::new();
    if body.len() > super::MAX_LINE {
        return found;
    }
    for (sign, op) in SIGNS {
        for (at, _) in body.match_indices(sign) {
            let taken = found.iter().any(|other| other.span.start <= at && at < other.span.end);
            let arrow = body.get(..at).is_some_and(|head| head.ends_with(['-', '=', '<']));
            if !taken && !arrow {
                found.push(Comparison { span: at..at + sign.len(), op, in_words: false });
            }
        }
    }
    let speaks_of_limits = context.listed
        && matches!(context.role, Role::Monitoring | Role::Rollback | Role::Incident | Role::Scaling)
        || matches!(context.role, Role::Symptoms | Role::Verification);
    if speaks_of_limits {
        let folded = fold(body);
        // Offsets hold only while folding keeps every character's length.
        if folded.len() == body.len() || body.is_ascii() {
            for (word, op) in WORDS {
                for (at, _) in folded.match_indices(word) {
                    let whole = folded.get(..at).is_some_and(|head| !head.ends_with(char::is_alphanumeric))
                        && folded.get(at + word.len()..).is_some_and(|tail| tail.starts_with(' '));
                    let taken = found.iter().any(|other| other.span.start <= at && at < other.span.end);
                    if whole && !taken {
                        found.push(Comparison { span: at..at + word.len(), op, in_words: true });
                    }
                }
            }
        }
    }
    found.sort_by_key(|comparison| comparison.span.start);
    found
}

/// One comparison as a threshold, and where it ends in `body`.
fn one(
    line: &TextLine,
    label: Option<&str>,
    body: &str,
    from: usize,
    comparison: &Comparison,
    context: &Context<'_>,
) -> Option<(Threshold, usize)> {
    let rest = body.get(comparison.span.end..)?;
    let blanks = rest.len() - rest.trim_start_matches([' ', '\u{a0}', '~', '$', '€']).len();
    let (value, length) = duration::number(rest.get(blanks..)?);
    let value = value?;
    let tail = rest.get(blanks + length..)?;
    let (unit, unit_length) = unit(tail);
    let end = comparison.span.end + blanks + length + unit_length;
    let after = body.get(end..).unwrap_or_default();
    let before = body.get(from..comparison.span.start)?.trim();
    let metric = metric(before, after);
    let is_time = matches!(unit.as_str(), "ms" | "s" | "min" | "h" | "d" | "w" | "month" | "year");
    let hurries = context.heading && is_time && comparison.op.starts_with('<') && !measures_time(&metric);
    if hurries || is_deadline(before, comparison, is_time) || (context.heading && metric.is_empty() && label.is_none())
    {
        return None;
    }
    let name = label.map_or_else(|| metric.clone(), |label| label.trim().to_owned());
    if name.is_empty() || (comparison.in_words && metric.is_empty() && label.is_none()) {
        return None;
    }
    let unit = if unit.is_empty() && speaks_of_status(&metric) && (100.0..600.0).contains(&value) {
        "status".to_owned()
    } else {
        unit
    };
    let (name, purpose) = match ["para ", "for "].iter().find_map(|word| name.strip_prefix(word)) {
        // `Escribir un informe (para incidentes > 30 min)`: when something is done, not a state to be kept.
        Some(rest) => (rest.trim().to_owned(), true),
        None => (name, false),
    };
    let lasting = sustained(after).or_else(|| {
        let state = is_time && comparison.op.starts_with('>') && !measures_time(&metric) && !measures_time(&name);
        state.then(|| duration_seconds(value, &unit)).flatten()
    });
    let threshold = Threshold {
        line: line.line,
        metric: label.is_some().then(|| metric.clone()).filter(|metric| !metric.is_empty() && !only_lasts(metric)),
        name,
        op: comparison.op.to_owned(),
        value,
        unit,
        for_seconds: lasting,
        severity: (context.severity)().filter(|_| !purpose),
        text: line.plain.trim().to_owned(),
    };
    Some((threshold, end))
}

/// `No hay backup en 2 días`, `No backup for 2 days`: absence that lasts.
fn absence(line: &TextLine, label: Option<&str>, body: &str, context: &Context<'_>) -> Option<Threshold> {
    let folded = fold(body);
    let absent = ["no hay ", "sin ", "no ", "ningun"].iter().any(|word| folded.starts_with(word));
    let at = [" en ", " desde hace ", " por ", " durante ", " in ", " for ", " within "]
        .iter()
        .filter_map(|word| folded.find(word))
        .max()?;
    let found = duration::first(folded.get(at..)?).filter(|_| absent)?;
    Some(Threshold {
        line: line.line,
        name: label.map_or_else(|| body.trim().to_owned(), str::to_owned),
        metric: label.map(|_| body.trim().to_owned()),
        op: ">".to_owned(),
        value: found.value,
        unit: found.unit.to_owned(),
        for_seconds: None,
        severity: (context.severity)(),
        text: line.plain.trim().to_owned(),
    })
}

/// Tables with columns of limits: the row's first cell is what is measured.
fn of_table(table: &Table, outer: Option<&str>, thresholds: &mut Vec<Threshold>) {
    let columns: Vec<Option<Option<&str>>> = table.header.iter().map(|cell| limit_column(&cell.plain)).collect();
    let grave = table.header.iter().position(|cell| {
        let title = fold(&cell.plain);
        ["sever", "priorid", "priority", "gravedad", "nivel", "level"].iter().any(|word| title.starts_with(word))
    });
    for row in &table.rows {
        let Some(first) = row.first() else { continue };
        let told = grave.and_then(|column| row.get(column)).and_then(|cell| graveness(cell.plain.trim()));
        let outer = told.or(outer);
        for (cell, column) in row.iter().zip(&columns).skip(1) {
            let Some(severity) = column else { continue };
            let words = cell.plain.trim();
            if iso_date(words).is_some() {
                continue;
            }
            let severity = severity.map(str::to_owned).or_else(|| outer.map(str::to_owned));
            let context =
                Context { severity: &|| severity.clone(), role: Role::Monitoring, listed: true, heading: false };
            let body =
                if words.starts_with(|c: char| c.is_ascii_digit()) { format!("> {words}") } else { words.to_owned() };
            let Some(comparison) = comparisons(&body, &context).into_iter().next() else {
                continue;
            };
            let name = first.plain.trim();
            if let Some((mut threshold, _)) = one(cell, Some(name), &body, 0, &comparison, &context) {
                threshold.metric = None;
                thresholds.push(threshold);
            }
        }
    }
}

/// Whether a column holds limits, and of which severity.
#[expect(clippy::option_option, reason = "a column may hold limits without saying how grave they are")]
fn limit_column(title: &str) -> Option<Option<&'static str>> {
    let folded = fold(title);
    let has = |words: &[&str]| words.iter().any(|word| folded.contains(word));
    if has(&["tiempo de", "time to", "response time", "sla"]) {
        None
    } else if has(&["critic"]) {
        Some(Some("critical"))
    } else if has(&["warning", "advertencia", "aviso"]) {
        Some(Some("warning"))
    } else if has(&["objetivo", "goal", "target", "normal", "slo", "esperado", "expected"]) {
        Some(Some("goal"))
    } else if has(&[
        "umbral",
        "threshold",
        "limite",
        "limit",
        "condicion",
        "condition",
        "valor",
        "value",
        "alerta si",
        "alert when",
        "expresion",
    ]) {
        Some(None)
    } else {
        None
    }
}
