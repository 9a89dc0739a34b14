//! `sereno status`: every component on one screen.

use super::events::last_warnings;
use super::stops::{self, StoppedBy};
use crate::cli::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::render::{BOLD, DIM, GREEN, RED, YELLOW, one_line, styled};
use crate::report::Result;
use crate::service_args::StatusArgs;
use crate::system::{self, chosen, failure};
use anstyle::Style;
use jiff::Timestamp;
use sereno_engine::walk::redact_json;
use sereno_model::redact::Redactor;
use sereno_model::{Lang, Text};
use sereno_platform::{Component, Detail, Instance, InstanceState, Platform, Standing};
use std::collections::BTreeMap;

type Stops = BTreeMap<String, StoppedBy>;

pub(crate) async fn status(context: &Context, args: &StatusArgs) -> Result<Exit> {
    let platform = system::platform(context).await?;
    let mut all = platform.components(Detail::Usage).await.map_err(|error| failure(&error))?;
    let stops = stops::mark(context, &mut all).await;
    let chosen = chosen(&all, &args.components)?;
    if context.format == Format::Json {
        output::line(json(&platform.target(), &chosen, &stops, &context.redactor()));
    } else {
        show(context, platform.as_ref(), &chosen, &stops);
        if let [only] = args.components.as_slice() {
            show_warnings(context, platform.as_ref(), &all, only).await;
        }
    }
    Ok(if chosen.iter().any(|component| component.standing.is_trouble()) { Exit::Failed } else { Exit::Done })
}

/// What went wrong with one component lately. Where a platform tells no events, its state is all that is shown.
async fn show_warnings(context: &Context, platform: &dyn Platform, all: &[Component], name: &str) {
    let events = platform.events(all).await.unwrap_or_default();
    let redactor = context.redactor();
    for line in last_warnings(&events, name, Timestamp::now(), context.lang) {
        output::line(styled(DIM, format!("  · {}", one_line(&redactor.redact(&line)))));
    }
}

/// Why an instance does not run may quote anything that it said, a secret too.
fn json(target: &str, components: &[&Component], stops: &Stops, redactor: &Redactor) -> serde_json::Value {
    let one = |component: &&Component| {
        let mut value = serde_json::json!(component);
        if let Some(stop) = stops.get(&component.name) {
            value["stopped_by"] = serde_json::json!(stop);
        }
        value
    };
    let components: Vec<_> = components.iter().map(one).collect();
    let mut value = serde_json::json!({ "target": target, "components": components });
    redact_json(&mut value, redactor);
    value
}

fn show(context: &Context, platform: &dyn Platform, components: &[&Component], stops: &Stops) {
    let lang = context.lang;
    let redactor = context.redactor();
    let now = Timestamp::now();
    let heads = match lang {
        Lang::En => ["COMPONENT", "STATE", "READY", "UP", "RESTARTS", "CPU", "MEMORY", "VERSION"],
        Lang::Es => ["COMPONENTE", "ESTADO", "LISTOS", "DESDE", "REINICIOS", "CPU", "MEMORIA", "VERSIÓN"],
    };
    let mut rows: Vec<Vec<(String, Style)>> = vec![heads.map(|head| (head.to_owned(), DIM)).to_vec()];
    rows.extend(components.iter().map(|component| row(component, lang, now)));
    let widths: Vec<usize> =
        (0..heads.len()).map(|i| rows.iter().map(|row| row[i].0.chars().count()).max().unwrap_or_default()).collect();
    output::line(styled(DIM, one_line(&platform.target())));
    let mut described = std::iter::once(None).chain(components.iter().map(Some));
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|((text, style), width)| styled(*style, format!("{text:<width$}")));
        output::line(cells.collect::<Vec<_>>().join("  ").trim_end());
        for line in described.next().flatten().into_iter().flat_map(|component| remarks(component, stops, lang, now)) {
            output::line(styled(YELLOW, format!("  ↳ {}", one_line(&redactor.redact(&line)))));
        }
    }
}

fn row(component: &Component, lang: Lang, now: Timestamp) -> Vec<(String, Style)> {
    let style = match component.standing {
        Standing::Ok | Standing::Completed => GREEN,
        Standing::Starting | Standing::Degraded => YELLOW,
        Standing::Down | Standing::Unknown => RED.bold(),
        Standing::Stopped => DIM,
    };
    let running = || component.instances.iter().filter(|instance| instance.runs());
    let since = running().filter_map(|instance| instance.started_at).max();
    let restarts: u32 = component.instances.iter().map(|instance| instance.restarts).sum();
    let usages: Vec<_> = running().filter_map(|instance| instance.usage).collect();
    let limit = |of: fn(&Instance) -> Option<u64>| running().map(of).sum::<Option<u64>>();
    let cpu = usages.iter().filter_map(|usage| usage.cpu_millis).reduce(|a, b| a + b);
    let memory = usages.iter().map(|usage| usage.memory).reduce(|a, b| a + b);
    let against = |used: Option<String>, limit: Option<String>| match (used, limit) {
        (Some(used), Some(limit)) => format!("{used}/{limit}"),
        (Some(used), None) => used,
        (None, _) => "-".to_owned(),
    };
    let plain = Style::new();
    vec![
        (one_line(&component.name), BOLD),
        (component.standing.text().get(lang).to_owned(), style),
        (format!("{}/{}", component.ready, component.desired), plain),
        (since.map_or_else(|| "-".to_owned(), |since| ago(since, now)), plain),
        (restarts.to_string(), if restarts > 0 { YELLOW } else { DIM }),
        (against(cpu.map(percent), limit(|i| i.limits.cpu_millis).map(percent)), plain),
        (against(memory.map(size), limit(|i| i.limits.memory).map(size)), plain),
        (component.version.as_deref().map_or_else(|| "-".to_owned(), one_line), DIM),
    ]
}

/// Who stopped it, or what is wrong with the instances of a component, one line each.
fn remarks(component: &Component, stops: &Stops, lang: Lang, now: Timestamp) -> Vec<String> {
    if component.standing == Standing::Stopped {
        let told = |StoppedBy { run, by, at }: &StoppedBy| {
            let ago = at.map_or_else(|| "?".to_owned(), |at| ago(at, now));
            Text::new(format!("stopped by {run} ({by}), {ago} ago"), format!("lo detuvo {run} ({by}), hace {ago}"))
        };
        return stops.get(&component.name).map(|stop| told(stop).get(lang).to_owned()).into_iter().collect();
    }
    if component.instances.is_empty() && component.desired > 0 && component.notes.is_empty() {
        return vec![Text::new("it was never started", "nunca se inició").get(lang).to_owned()];
    }
    let trouble = |instance: &Instance| {
        if instance.state == InstanceState::Running {
            return instance.why.as_ref().map(|why| format!("{}: {}", instance.name, why.get(lang)));
        }
        let mut said = vec![state_text(instance.state).get(lang).to_owned()];
        said.extend(instance.last_exit.as_ref().map(|exit| exit.text().get(lang).to_owned()));
        said.extend(instance.why.as_ref().map(|why| why.get(lang).to_owned()));
        if let Some(at) = instance.last_exit.as_ref().and_then(|exit| exit.at) {
            let ago = ago(at, now);
            said.push(if lang == Lang::Es { format!("hace {ago}") } else { format!("{ago} ago") });
        }
        Some(format!("{}: {}", instance.name, said.join(", ")))
    };
    let notes = component.notes.iter().map(|note| note.get(lang).to_owned());
    notes.chain(component.instances.iter().filter_map(trouble)).collect()
}

fn state_text(state: InstanceState) -> Text {
    match state {
        InstanceState::Running => Text::new("running", "en marcha"),
        InstanceState::Starting => Text::new("starting", "iniciando"),
        InstanceState::Unhealthy => Text::new("unhealthy", "enfermo"),
        InstanceState::Restarting => Text::new("restarts again and again", "se reinicia una y otra vez"),
        InstanceState::Paused => Text::new("paused", "en pausa"),
        InstanceState::Created => Text::new("created, not started", "creado, sin iniciar"),
        InstanceState::Exited => Text::new("exited", "terminó"),
        InstanceState::Terminating => Text::new("terminating", "terminando"),
        InstanceState::Unknown => Text::new("not known", "no se sabe"),
    }
}

/// `45s`, `12m`, `3h`, `8d`.
pub(super) fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = (now.as_second() - then.as_second()).max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Thousandths of a processor as per cent of one.
fn percent(millis: u64) -> String {
    format!("{}%", (millis + 5) / 10)
}

pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["K", "M", "G", "T"];
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let unit = UNITS[unit];
    if value < 10.0 { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sereno_platform::Limits;

    fn component(name: &str, why: &str) -> Component {
        let instance = Instance {
            id: "1".to_owned(),
            name: name.to_owned(),
            state: InstanceState::Exited,
            checked: false,
            started_at: None,
            restarts: 0,
            last_exit: None,
            why: Some(Text::same(why)),
            usage: None,
            limits: Limits::default(),
        };
        Component {
            name: name.to_owned(),
            standing: Standing::Down,
            ready: 0,
            desired: 1,
            version: None,
            needs: Vec::new(),
            instances: vec![instance],
            notes: Vec::new(),
            workload: None,
        }
    }

    #[test]
    fn a_newline_in_a_name_forges_no_row() {
        let row = row(&component("api\nweb  ok", ""), Lang::En, Timestamp::UNIX_EPOCH);
        assert!(row.iter().all(|(cell, _)| !cell.contains('\n')), "{row:?}");
    }

    #[test]
    fn json_shows_no_secret() {
        let api = component("api", "connecting to postgres://app:hunter2hunter2@db/app");
        let value = json("compose:x", &[&api], &Stops::new(), &Redactor::default());
        let why = value["components"][0]["instances"][0]["why"]["en"].as_str().expect("a text");
        assert!(why.contains("[redacted") && !why.contains("hunter2"), "{why}");
    }

    #[test]
    fn amounts_and_ages_are_short() {
        assert_eq!((percent(5), percent(1004)), ("1%".to_owned(), "100%".to_owned()));
        assert_eq!((size(512), size(300 << 20), size(5 << 30)), ("0.5K".into(), "300M".into(), "5.0G".into()));
        let now = Timestamp::from_second(1_000_000).expect("a time");
        let before = |seconds: i64| ago(Timestamp::from_second(1_000_000 - seconds).expect("a time"), now);
        assert_eq!([before(-5), before(90), before(7199), before(90_000)], ["0s", "90s", "119m", "25h"]);
    }
}
