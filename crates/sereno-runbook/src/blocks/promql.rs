//! Queries of PromQL, told by a parser and by what only PromQL has.

use super::pattern::{Test, regex, test};
use promql_parser::parser;
use regex::Regex;
use std::sync::LazyLock;

/// Longer texts are not queries; the parser is not tried on them.
const MAX_QUERY: usize = 4096;
/// Deeper brackets than any query has would only burden the parser's stack.
const MAX_DEPTH: usize = 64;

/// Whether a line alone is PromQL, with a sign that nothing else has.
pub(super) fn line(text: &str) -> bool {
    has_sign(text) && parses(text)
}

/// How much of a text is PromQL: `(queries that parse, pieces)`. A text of one query over several lines is one piece.
pub(super) fn queries(text: &str) -> (usize, usize) {
    let bare = without_comments(text);
    if bare.trim().is_empty() {
        return (0, 0);
    }
    if is_query(&bare) {
        return (1, 1);
    }
    for pieces in [split_blank(&bare), split_comments(text), bare.lines().map(str::to_owned).collect()] {
        let pieces: Vec<&str> = pieces.iter().map(|piece| piece.trim()).filter(|piece| !piece.is_empty()).collect();
        let good = pieces.iter().filter(|piece| is_query(piece)).count();
        if good > 0 && good == pieces.len() {
            return (good, pieces.len());
        }
    }
    let pieces: Vec<&str> = bare.lines().map(str::trim).filter(|piece| !piece.is_empty()).collect();
    (pieces.iter().filter(|piece| line(piece)).count(), pieces.len())
}

/// A query that parses, even one without a telling sign (`up`, `pg_stat_database_numbackends`).
fn is_query(text: &str) -> bool {
    (has_sign(text) || METRIC_NAME.is_match(text.trim()))
        && text.contains(|c: char| c.is_ascii_lowercase())
        && parses(text)
}

/// Whether the text has what only PromQL has: a function or aggregation applied, a range, a selector, the name of a
/// metric with a customary ending.
pub(super) fn has_sign(text: &str) -> bool {
    SIGN.is_match(text)
}

fn parses(text: &str) -> bool {
    if text.len() > MAX_QUERY || depth(text) > MAX_DEPTH {
        return false;
    }
    let text = mend(text);
    parser::parse(text.trim()).is_ok()
}

/// Grafana's variables, and the blanks and stops that authors put for names, replaced by what parses.
fn mend(text: &str) -> String {
    if !text.contains(['$', '<']) {
        return text.trim_end().trim_end_matches(';').to_owned();
    }
    let text = RANGE_VARIABLE.replace_all(text, "[5m]");
    let text = DOLLAR.replace_all(&text, "1");
    let text = ANGLES.replace_all(&text, "x");
    text.trim_end().trim_end_matches(';').to_owned()
}

fn depth(text: &str) -> usize {
    let mut deepest: usize = 0;
    let mut now: usize = 0;
    for byte in text.bytes() {
        match byte {
            b'(' | b'{' | b'[' => now += 1,
            b')' | b'}' | b']' => now = now.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(now);
    }
    deepest
}

fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with(['#'])).fold(String::new(), |mut all, line| {
        all.push_str(line);
        all.push('\n');
        all
    })
}

fn split_blank(text: &str) -> Vec<String> {
    text.split("\n\n").map(str::to_owned).collect()
}

fn split_comments(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for line in text.lines() {
        if line.trim_start().starts_with('#') || line.trim().is_empty() {
            pieces.push(String::new());
        } else if let Some(piece) = pieces.last_mut() {
            piece.push_str(line);
            piece.push('\n');
        }
    }
    pieces
}

static SIGN: LazyLock<Test> = LazyLock::new(|| {
    test(concat!(
        r"\b(?:rate|irate|increase|delta|idelta|deriv|predict_linear|resets|changes|absent|absent_over_time|histogram_quantile|quantile_over_time",
        r"|(?:avg|min|max|sum|count|stddev|last|present)_over_time|label_replace|label_join|sort_desc|clamp_(?:min|max)|topk|bottomk|count_values|vector|scalar)\s*\(",
        r"|\b(?:sum|avg|min|max|count|quantile|stddev|group|topk|bottomk)\s*(?:by|without)?\s*\([^)]*\)\s*(?:by|without)?\s*\(",
        r"|\b(?:sum|avg|min|max|count|topk|bottomk)\s*\([^)]*[{\[]",
        r"|[a-zA-Z_:][\w:]*\s*\{\s*[a-zA-Z_]\w*\s*(?:=~|!~|!=|=)\s*\x22",
        r"|[\w})]\s*\[\d+[smhdwy](?::\d*[smhdwy]?)?\]",
        r"|\b[a-z][a-z0-9]*_\w*(?:_total|_bytes|_seconds|_count|_sum|_bucket|_ratio|_percent|_info|_celsius|_connections|_size|_requests|_errors)\b\s*(?:[-+*/<>=!]|$|\))",
        r"|\b(?:up|ALERTS)\s*(?:==|\{)",
        r"|\b[a-z]+(?:_[a-z0-9]+)+\s*-\s*time\(\)|\btime\(\)\s*-\s*[a-z]+(?:_[a-z0-9]+)+\b",
        // Nothing but a metric aggregated, or held against a number.
        r"|^(?:sum|avg|min|max|count)\s*(?:(?:by|without)\s*\([\w, ]*\)\s*)?\(\s*[a-z]+(?:_[a-z0-9]+)+\s*\)(?:\s*(?:by|without)\s*\([\w, ]*\))?\s*(?:[-+*/<>=!].*)?$",
        r"|^[a-z]+(?:_[a-z0-9]+)+\s*(?:[<>]=?|[=!]=)\s*-?\d[\d.e]*$",
    ))
});
static METRIC_NAME: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"^[a-zA-Z:][\w:]*_[\w:]*(?:_[\w:]+)+$|^up$|^[a-z]+(?:_[a-z]+)*_(?:total|bytes|seconds|count|sum|bucket|ratio|info)$",
    )
});
static RANGE_VARIABLE: LazyLock<Regex> = LazyLock::new(|| regex(r"\[\$[\w{}]+\]"));
static DOLLAR: LazyLock<Regex> = LazyLock::new(|| regex(r"\$\{?\w+\}?"));
static ANGLES: LazyLock<Regex> = LazyLock::new(|| regex(r"<[a-z][\w -]*>"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_told() {
        for (text, good, all) in [
            ("rate(http_requests_total{status=\"429\"}[5m])", 1, 1),
            ("sum by (pod) (rate(x_total[5m]))\n/\nsum(rate(y_total[5m]))", 1, 1),
            ("# a\nup == 0\n\n# b\nhistogram_quantile(0.95, rate(x_bucket[5m]))", 2, 2),
            ("# a\npg_stat_database_numbackends\n# b\nrate(x_total[1m])", 2, 2),
            ("kubectl get pods", 0, 1),
            ("SELECT count(*) FROM t", 0, 1),
            ("{app=\"api\"} |= \"error\"", 0, 1),
            ("redis_memory_used_bytes / redis_memory_max_bytes > 0.9", 1, 1),
            ("rate(x_total{ns=\"$namespace\"}[$__rate_interval])", 1, 1),
            ("max(carts_waiting)", 1, 1),
            ("sum(carts_waiting) by (shop) > 3", 1, 1),
            ("carts_kept >= 500", 1, 1),
            ("max(price)", 0, 1),
        ] {
            assert_eq!(queries(text), (good, all), "{text}");
        }
    }

    #[test]
    fn hostile_depth_is_not_parsed() {
        assert!(!line(&format!("rate({}x", "(".repeat(5000))));
    }
}
