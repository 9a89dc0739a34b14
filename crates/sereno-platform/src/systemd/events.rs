//! What systemd itself says of units in the journals of their machines.

use super::Systemd;
use crate::host::Host;
use crate::{Component, Event, PlatformError};
use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::Value;

/// How far back it is looked for each unit on each machine.
const LINES: &str = "--lines=200";

pub(super) async fn look(systemd: &Systemd, components: &[Component]) -> Result<Vec<Event>, PlatformError> {
    let places = components.iter().flat_map(|component| {
        component.instances.iter().filter_map(|instance| {
            let (host, unit) = systemd.place(component, instance)?;
            Some((component.name.as_str(), instance.name.as_str(), host, unit))
        })
    });
    let looks = join_all(places.map(|(component, instance, host, unit)| async move {
        of_unit(host, &unit, component, instance).await.map_err(|error| (component, instance, error))
    }));
    let looks = looks.await;
    if looks.iter().all(Result::is_err) {
        return looks.into_iter().find_map(Result::err).map_or(Ok(Vec::new()), |(.., error)| Err(error));
    }
    let silent = |(component, instance, error): (&str, &str, PlatformError)| {
        vec![Event {
            at: None,
            component: Some(component.to_owned()),
            about: instance.to_owned(),
            is_warning: true,
            reason: "unreachable".to_owned(),
            message: error.text().en,
            count: 1,
        }]
    };
    let mut events: Vec<Event> = looks.into_iter().flat_map(|look| look.unwrap_or_else(silent)).collect();
    events.sort_by_key(|event| event.at);
    Ok(events)
}

async fn of_unit(host: &Host, unit: &str, component: &str, instance: &str) -> Result<Vec<Event>, PlatformError> {
    let of = format!("UNIT={unit}");
    let text =
        host.output(&["journalctl", "--no-pager", "--quiet", "--output=json", "--all", LINES, "_PID=1", &of]).await?;
    Ok(text.lines().filter_map(|line| event(line, component, instance)).collect())
}

/// The messages of systemd by their ids (`man systemd.journal-fields`, `journalctl --catalog`), and whether somebody should look.
const KNOWN: [(&str, &str, bool); 11] = [
    ("7d4958e842da4a758f6c1cdc7b36dcc5", "starting", false),
    ("39f53479d3a045ac8e11786248231fbf", "started", false),
    ("de5b426a63be47a7b6ac3eaac82e2f6f", "stopping", false),
    ("9d1aaa27d60140bd96365438aad20286", "stopped", false),
    ("7ad2d189f7e94e70a38c781354912448", "ended", false),
    ("98e322203f7a4ed290d09fe03c09fe15", "exited", false),
    ("5eb03494b6584870a536b337290809b3", "restarting", false),
    ("d34d037fff1847e6ae669a370e694725", "reloading", false),
    ("be02cf6855d2428ba40df7e9d022f03d", "not_started", true),
    ("d9b373ed55a64feb8242e02dbe79a49c", "failed", true),
    ("fe6faa94e7774663a0da52717891d8ef", "oom", true),
];

fn event(line: &str, component: &str, instance: &str) -> Option<Event> {
    let entry: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| entry[name].as_str().unwrap_or_default();
    let known = KNOWN.iter().find(|(id, ..)| *id == text("MESSAGE_ID"));
    let is_grave = text("PRIORITY").parse::<u8>().is_ok_and(|priority| priority <= 4);
    // What a unit used is no event of it.
    if known.is_none() && !is_grave {
        return None;
    }
    let at = text("__REALTIME_TIMESTAMP").parse().ok().and_then(|at| Timestamp::from_microsecond(at).ok());
    let message = text("MESSAGE");
    Some(Event {
        at,
        component: Some(component.to_owned()),
        about: instance.to_owned(),
        is_warning: known.is_some_and(|(.., warns)| *warns) || is_grave,
        reason: known.map_or("systemd", |(_, reason, _)| reason).to_owned(),
        message: message.split_once(".service: ").map_or(message, |(_, rest)| rest).to_owned(),
        count: 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systemd_says_of_a_unit_is_an_event_by_its_id() {
        let read = |id: &str, priority: &str, message: &str| {
            let line = serde_json::json!({"MESSAGE_ID": id, "PRIORITY": priority, "MESSAGE": message,
                "__REALTIME_TIMESTAMP": "1795687200000001"});
            event(&line.to_string(), "api", "api@web").map(|event| (event.reason, event.is_warning, event.message))
        };
        let of = |reason: &str, warns: bool, message: &str| Some((reason.to_owned(), warns, message.to_owned()));
        let (started, failed) = ("39f53479d3a045ac8e11786248231fbf", "d9b373ed55a64feb8242e02dbe79a49c");
        assert_eq!(
            read(started, "6", "Started api.service - Orion."),
            of("started", false, "Started api.service - Orion.")
        );
        assert_eq!(
            read(failed, "4", "api.service: Failed with result 'oom-kill'."),
            of("failed", true, "Failed with result 'oom-kill'.")
        );
        assert_eq!(read("ae8f7b866b0347b9af31fe1c80b127c0", "6", "Consumed 1s CPU time."), None);
        assert_eq!(read("", "3", "api.service: odd"), of("systemd", true, "odd"));
        assert!(event("no json", "api", "api").is_none());
    }
}
