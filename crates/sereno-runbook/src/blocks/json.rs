//! JSON and what it is for: a request's body, an answer, a file, a log.

use super::evidence::{Case, Counts, Pile};
use super::features::voice;
use super::near::Topic;
use super::pattern::{Test, regex, test};
use regex::Regex;
use sereno_model::BlockClass;
use std::sync::LazyLock;

pub(super) fn weigh(case: &Case, _counts: &Counts, pile: &mut Pile) {
    let Some(json) = read(case.text) else {
        return;
    };
    let near = case.near;
    if near.is_request_line() {
        pile.add(BlockClass::Other, 8.0, "the body of a request");
    }
    // Between `### Request` and its body nothing stands: the heading is as good as a sentence.
    let said = |topic| if near.under_heading && near.says(topic) == 2 { 3 } else { near.says(topic) };
    // What a request's body looks like is told in the words in which output is; an answer is named as one.
    let answers = [
        "response",
        "responses",
        "respuesta",
        "returns",
        "returned",
        "devuelve",
        "responde",
        "output",
        "salida",
        "answers",
        "answer",
        "contesta",
    ];
    let bodies = ["request", "body", "cuerpo", "peticion", "solicitud"];
    let named = near.under_heading && said(Topic::Request) == 3 || near.says_any(&bodies) == 3;
    let asked = named && near.says_any(&answers) < 3;
    let asked = asked && !near.program_speaks();
    let announced = if near.announces_output() { 3 } else { said(Topic::SureOutput) };
    let output = if announced == 3 && !asked { 15.0 } else { 4.0 * voice(announced) };
    let config = 3.0 * voice(near.says(Topic::Config)) + if near.names_file() { 3.0 } else { 0.0 };
    let printed = announced == 3 && !asked;
    let sent = if near.is_handed_on() && !printed { 3 } else { said(Topic::Request) };
    let request = if printed { 3.0 } else { 6.5 } * voice(sent) + 3.0 * voice(near.says(Topic::Message));
    pile.add(BlockClass::Output, 9.0 + output, "JSON, as a response");
    pile.add(BlockClass::Config, 7.5 + config, "JSON, as a file");
    pile.add(BlockClass::Other, 7.0 + request, "JSON, as a request");
    if case.below_commands {
        pile.add(BlockClass::Output, 5.0, "JSON directly below commands");
    }
    match json {
        Json::Log => pile.add(BlockClass::Output, 6.0, "JSON of a log"),
        Json::Stored => pile.add(BlockClass::Config, 5.0, "JSON that is kept in files"),
        Json::Query => pile.add(BlockClass::Other, 4.0, "JSON of a query or message"),
        Json::Answer => pile.add(BlockClass::Output, 2.0, "JSON of an answer"),
        Json::Plain => {}
    }
}

/// What a JSON text is for, as far as its keys say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Json {
    Log,
    Stored,
    Query,
    Answer,
    Plain,
}

/// A text that is JSON, or JSON with comments and omissions.
pub(super) fn read(text: &str) -> Option<Json> {
    let text = text.trim();
    let body = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//") && !line.trim_start().starts_with('#'))
        .collect::<Vec<_>>();
    let first = body.iter().map(|line| line.trim()).find(|line| !line.is_empty())?;
    let last = body.iter().rev().map(|line| line.trim()).find(|line| !line.is_empty())?;
    let opens = first.starts_with(['{', '['])
        && (first.len() == 1 || first.contains('"') || first.ends_with(['{', '[', '}', ']']));
    let closes = last.ends_with(['}', ']']) || last.ends_with("},") || last == "...";
    if !(opens && closes) || JINJA.is_match(first) {
        return None;
    }
    if !KEY.is_match(text) && serde_json::from_str::<serde_json::Value>(text).is_err() {
        return None;
    }
    let objects = body.iter().filter(|line| line.starts_with('{') && line.trim_end().ends_with('}')).count();
    let kind = if LOG_KEYS.find_iter(text).count() >= 2 && (objects > 0 || LOG_LEVEL.is_match(text)) {
        Json::Log
    } else if STORED_KEYS.is_match(text) {
        Json::Stored
    } else if QUERY_KEYS.is_match(text) {
        Json::Query
    } else if ANSWER_KEYS.is_match(text) {
        Json::Answer
    } else {
        Json::Plain
    };
    Some(kind)
}

static KEY: LazyLock<Test> = LazyLock::new(|| test(r#""[^"\n]{1,80}"\s*:"#));
static JINJA: LazyLock<Test> = LazyLock::new(|| test(r"^\{\{|^\{%"));
static LOG_KEYS: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#""(?:level|lvl|severity|msg|message|timestamp|time|ts|logger|caller|trace_?[iI]d|request_?[iI]d)"\s*:"#)
});
static LOG_LEVEL: LazyLock<Test> =
    LazyLock::new(|| test(r#"(?i)"(?:level|severity|lvl)"\s*:\s*"(?:info|warn|warning|error|debug|fatal|critical)""#));
static STORED_KEYS: LazyLock<Test> = LazyLock::new(|| {
    test(
        r#""(?:apiVersion|Statement|Version"\s*:\s*"20\d\d|dependencies|scripts|compilerOptions|panels|datasource|extends|log-driver|log-opts|registry-mirrors|insecure-registries|CORSRules|Rules|LifecycleConfiguration|containerDefinitions|crons|rewrites|headers"\s*:\s*\[|builds|buildCommand|settings|mappings|ConnectionStrings|AllowedHosts)""#,
    )
});
static QUERY_KEYS: LazyLock<Test> = LazyLock::new(|| {
    test(
        r#"^\s*\{\s*"(?:(?:query|text|blocks|attachments|channel|content|embeds|fields|jql|variables|email|password|username)"|summary"\s*:\s*")"#,
    )
});
static ANSWER_KEYS: LazyLock<Test> = LazyLock::new(|| {
    test(
        r#""(?:status|uptime|error|errors|timestamp|data|items|code|message|result|results|success|healthy|took|count|total|detail|statusCode|checks|services)"\s*:"#,
    )
});
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_by_its_keys() {
        for (text, expected) in [
            ("{\"status\": \"ok\", \"uptime\": 1}", Some(Json::Answer)),
            ("{\n  \"redis\": \"down\", // ⚠️\n  \"queues\": { ... }\n}", Some(Json::Plain)),
            ("{\"level\":\"error\",\"msg\":\"x\",\"time\":1}", Some(Json::Log)),
            ("{\"Version\": \"2012-10-17\", \"Statement\": []}", Some(Json::Stored)),
            ("{\n  \"query\": {\"match_all\": {}}\n}", Some(Json::Query)),
            ("{{ range .Items }}", None),
            ("{app=\"api\"}", None),
            ("key: value", None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
