//! `sereno events`: what happened to components lately.

use super::logs::since;
use super::status::ago;
use crate::cli::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::look_args::EventsArgs;
use crate::output;
use crate::render::{BOLD, DIM, YELLOW, one_line};
use crate::report::Result;
use crate::system::{self, chosen, failure};
use crate::table;
use anstyle::Style;
use jiff::Timestamp;
use sereno_engine::walk::redact_json;
use sereno_model::Lang;
use sereno_platform::{Detail, Event};

pub(crate) async fn events(context: &Context, args: &EventsArgs) -> Result<Exit> {
    let since = args.since.as_deref().map(|text| since(text, Timestamp::now())).transpose()?;
    let platform = system::platform(context).await?;
    let all = platform.components(Detail::State).await.map_err(|error| failure(&error))?;
    let named = chosen(&all, &args.components)?;
    let mut events = platform.events(&all).await.map_err(|error| failure(&error))?;
    let is_wanted = |event: &Event| {
        let is_of = |name: &String| named.iter().any(|component| component.name == *name);
        (args.components.is_empty() || event.component.as_ref().is_some_and(is_of))
            && (!args.warnings || event.is_warning)
            && since.is_none_or(|since| event.at.is_none_or(|at| at >= since))
    };
    events.retain(is_wanted);
    if context.format == Format::Json {
        let mut value = serde_json::json!({ "target": platform.target(), "events": events });
        redact_json(&mut value, &context.redactor());
        output::line(value);
        return Ok(Exit::Done);
    }
    if events.is_empty() {
        output::say(match context.lang {
            Lang::En => "nothing that is still remembered",
            Lang::Es => "nada que todavía se recuerde",
        });
    }
    table::print(&rows(context, &events, Timestamp::now()));
    Ok(Exit::Done)
}

fn rows(context: &Context, events: &[Event], now: Timestamp) -> Vec<Vec<table::Cell>> {
    let redactor = context.redactor();
    let plain = Style::new();
    let row = |event: &Event| {
        let style = if event.is_warning { YELLOW } else { plain };
        let count =
            if event.count > 1 { format!("{} (×{})", event.reason, event.count) } else { event.reason.clone() };
        vec![
            (event.at.map_or_else(|| "-".to_owned(), |at| ago(at, now)), DIM),
            (event.component.as_deref().map_or_else(|| "-".to_owned(), one_line), BOLD),
            (one_line(&count), style),
            (one_line(&event.about), DIM),
            (one_line(&redactor.redact(&event.message)), style),
        ]
    };
    events.iter().map(row).collect()
}

/// The last warnings of one component, in a line each, for whoever looks at it alone.
pub(super) fn last_warnings(events: &[Event], component: &str, now: Timestamp, lang: Lang) -> Vec<String> {
    const SHOWN: usize = 3;
    const OLD: i64 = 24 * 3600;
    let is_new = |event: &Event| event.at.is_some_and(|at| now.as_second() - at.as_second() <= OLD);
    let is_own = |event: &&Event| event.is_warning && event.component.as_deref() == Some(component) && is_new(event);
    let all: Vec<&Event> = events.iter().filter(is_own).collect();
    let line = |event: &&Event| {
        let ago = event.at.map(|at| ago(at, now)).unwrap_or_default();
        let ago = if lang == Lang::Es { format!("hace {ago}") } else { format!("{ago} ago") };
        format!("{}: {} {}, {ago}", event.about, event.reason, event.message)
    };
    all[all.len().saturating_sub(SHOWN)..].iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_warnings_are_few_and_not_old() {
        let now = Timestamp::from_second(1_000_000).expect("a time");
        let event = |ago: i64, component: &str, is_warning: bool| Event {
            at: Timestamp::from_second(1_000_000 - ago).ok(),
            component: Some(component.to_owned()),
            about: "api_1".to_owned(),
            is_warning,
            reason: "die".to_owned(),
            message: format!("exit code {ago}"),
            count: 1,
        };
        let all: Vec<Event> = [200_000, 500, 400, 300]
            .iter()
            .map(|ago| event(*ago, "api", true))
            .chain([event(1, "db", true), event(1, "api", false)])
            .collect();
        let shown = last_warnings(&all[..3], "api", now, Lang::En);
        assert_eq!(shown, ["api_1: die exit code 500, 8m ago", "api_1: die exit code 400, 6m ago"]);
        assert_eq!(last_warnings(&all, "api", now, Lang::Es).len(), 3);
    }
}
