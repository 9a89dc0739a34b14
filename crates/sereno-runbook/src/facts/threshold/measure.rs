//! The words around a number: what is measured, in which unit, and for how long.

use super::Comparison;
use crate::facts::duration;
use crate::text::fold;

/// The unit after a number, and its length.
pub(super) fn unit(tail: &str) -> (String, usize) {
    let blanks = tail.len() - tail.trim_start_matches([' ', '\u{a0}']).len();
    let rest = tail.get(blanks..).unwrap_or_default();
    if rest.starts_with('%') {
        return ("%".to_owned(), blanks + 1);
    }
    let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '/' | '_')).collect();
    let folded = fold(&word);
    if let Some(unit) = duration::unit(&folded) {
        return (unit.to_owned(), blanks + word.len());
    }
    if matches!(
        folded.as_str(),
        "kb" | "mb" | "gb" | "tb" | "kib" | "mib" | "gib" | "tib" | "k" | "x" | "rps" | "qps" | "req/s"
    ) {
        return (word.clone(), blanks + word.len());
    }
    const STOPS: [&str; 28] = [
        "within",
        "dentro",
        "al",
        "es",
        "de",
        "del",
        "en",
        "o",
        "y",
        "e",
        "a",
        "por",
        "para",
        "durante",
        "sostenido",
        "or",
        "and",
        "in",
        "of",
        "for",
        "on",
        "the",
        "promedio",
        "average",
        "si",
        "if",
        "to",
        "con",
    ];
    let counts = !word.is_empty() && word.chars().all(char::is_alphabetic) && !STOPS.contains(&folded.as_str());
    if counts && blanks > 0 { (folded, blanks + word.len()) } else { (String::new(), 0) }
}

/// What is measured: the words before the comparison, or those after it (`> 5% de requests con 429`).
pub(super) fn metric(before: &str, after: &str) -> String {
    let inner = before.rsplit(['(', '[']).next().unwrap_or(before);
    let inner = if inner.trim().is_empty() { before.trim_end_matches(['(', '[', ' ']) } else { inner };
    let last = inner.rsplit([',', ';', ':', '.', '|']).find(|part| !part.trim().is_empty()).unwrap_or(inner);
    let last =
        [" o ", " or ", " y ", " and "].iter().fold(last, |words, joint| words.rsplit(joint).next().unwrap_or(words));
    // `This alert fires when the queue is above …`, `a warning -- at more than …`.
    let last = [" when ", " if ", " cuando ", " whenever ", " -- ", " – ", " — "]
        .iter()
        .fold(last, |words, joint| words.rsplit(joint).next().unwrap_or(words));
    let mut words: &str = last.trim().trim_matches(|c: char| !c.is_alphanumeric() && c != '%' && c != ')');
    for lead in
        ["Si ", "si ", "If ", "if ", "Alerta si ", "Alert if ", "cuando ", "when ", "o ", "or ", "y ", "and ", "- "]
    {
        words = words.strip_prefix(lead).unwrap_or(words);
    }
    let folded = fold(words);
    let only_verb =
        ["metricas muestran", "muestran", "muestra", "hay", "se ve", "con", "shows", "show"].contains(&folded.as_str());
    if words.is_empty() || only_verb {
        let after = after.trim_start();
        for of in ["de ", "del ", "of "] {
            if let Some(rest) = after.strip_prefix(of) {
                let end = rest.find(['.', ',', ';', ')', '(']).unwrap_or(rest.len());
                return rest.get(..end).unwrap_or(rest).trim().to_owned();
            }
        }
        if words.is_empty() {
            let end = after.find(['.', ',', ';', ')', '(']).unwrap_or(after.len());
            return after.get(..end).unwrap_or_default().trim().to_owned();
        }
    }
    for trail in [" por", " for", " durante", " is", " es", " de", " a", " en", " in", " suficiente"] {
        words = words.strip_suffix(trail).unwrap_or(words);
    }
    words.trim().to_owned()
}

/// `notificar en < 72h`: by when something is done, not a measure; a certificate that expires is one.
pub(super) fn is_deadline(before: &str, comparison: &Comparison, is_time: bool) -> bool {
    let folded = fold(before);
    let expires = ["vence", "expir", "caduc"].iter().any(|word| folded.contains(word));
    let tells = ["notific", "notify", "avis", "inform", "report", "complet"].iter().any(|word| folded.contains(word));
    is_time
        && comparison.op.starts_with('<')
        && !expires
        && (tells || folded.ends_with(" en") || folded.ends_with(" in") || folded.ends_with("within"))
}

/// `por 5min`, `sostenido por 5 minutos`, `for 10 minutes`, `durante 1 h`.
pub(super) fn sustained(after: &str) -> Option<u64> {
    let folded = fold(after);
    let at = ["por ", "for ", "durante ", "during ", "over "]
        .iter()
        .filter_map(|word| folded.find(word).map(|at| at + word.len()))
        .min()?;
    let rest = folded.get(at..)?.trim_start_matches(['>', ' ', '~']);
    let near = rest.get(..rest.char_indices().nth(24).map_or(rest.len(), |(at, _)| at))?;
    let found = duration::first(near).filter(|_| {
        near.starts_with(|c: char| c.is_ascii_digit()) || near.starts_with("mas de") || near.starts_with("more than")
    })?;
    Some(found.seconds().round() as u64)
}

pub(super) fn speaks_of_status(metric: &str) -> bool {
    let folded = fold(metric);
    ["codigo", "code", "status", "http", "estado"].iter().any(|word| folded.contains(word))
}

/// Measures whose own unit is time.
pub(super) fn measures_time(metric: &str) -> bool {
    const WORDS: [&str; 26] = [
        "latenc",
        "response",
        "respuesta",
        "tiempo",
        "time",
        "p50",
        "p90",
        "p95",
        "p99",
        "durac",
        "duration",
        "lag",
        "delay",
        "retraso",
        "vence",
        "expir",
        "edad",
        "age",
        "lcp",
        "fid",
        "inp",
        "ttfb",
        "fcp",
        "interval",
        "antig",
        "rto",
    ];
    let folded = fold(metric);
    WORDS.iter().any(|word| folded.contains(word))
}

pub(super) fn duration_seconds(value: f64, unit: &str) -> Option<u64> {
    let unit = duration::unit(unit).or(match unit {
        "month" => Some("month"),
        "year" => Some("year"),
        "w" => Some("w"),
        _ => None,
    })?;
    let seconds = duration::Duration { value, unit }.seconds();
    (1.0..1e12).contains(&seconds).then_some(seconds.round() as u64)
}
