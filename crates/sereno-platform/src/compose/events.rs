//! What happened to a project's containers and volumes. The engine remembers its last 256 events, of all projects and with
//! every health check among them: of a busy engine that is minutes, not days.

use super::engine_said;
use super::read::SERVICE;
use crate::{Event, PlatformError};
use bollard::Docker;
use bollard::models::EventMessage;
use bollard::query_parameters::{EventsOptionsBuilder, ListVolumesOptionsBuilder};
use futures_util::stream::TryStreamExt as _;
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};

const PROJECT: &str = "com.docker.compose.project";

/// A container that ends so soon after it was asked to did what it was asked.
const ASKED: i64 = 30;

pub(super) async fn look(engine: &Docker, project: &str) -> Result<Vec<Event>, PlatformError> {
    let said = engine_said("reading events");
    let filters = HashMap::from([("label", vec![format!("{PROJECT}={project}")])]);
    let volumes = engine.list_volumes(Some(ListVolumesOptionsBuilder::new().filters(&filters).build()));
    let volumes = volumes.await.map_err(&said)?.volumes.unwrap_or_default().into_iter().map(|volume| volume.name);
    let kinds = HashMap::from([("type", vec!["container", "volume"])]);
    let until = Timestamp::now().as_second().to_string();
    let options = EventsOptionsBuilder::new().since("0").until(&until).filters(&kinds).build();
    let all: Vec<EventMessage> = super::engine::within(
        super::engine::SHOWING,
        "the engine's events",
        engine.events(Some(options)).try_collect(),
    )
    .await?
    .map_err(&said)?;
    Ok(read(&all, project, &volumes.collect()))
}

/// The events of a project, the oldest first.
fn read(all: &[EventMessage], project: &str, volumes: &HashSet<String>) -> Vec<Event> {
    let mut asked: HashMap<String, i64> = HashMap::new();
    let mut events = Vec::new();
    for message in all {
        let Some(actor) = &message.actor else { continue };
        let none = HashMap::new();
        let attributes = actor.attributes.as_ref().unwrap_or(&none);
        let (id, text) = (actor.id.clone().unwrap_or_default(), |name: &str| attributes.get(name).map(String::as_str));
        let action = message.action.as_deref().unwrap_or_default();
        let (reason, detail) = action.split_once(": ").unwrap_or((action, ""));
        let is_own = text(PROJECT) == Some(project) || volumes.contains(&id);
        let seconds = message.time.unwrap_or_default();
        if reason == "kill" {
            asked.insert(id.clone(), seconds);
        }
        if !is_own || !is_told(reason) {
            continue;
        }
        let was_asked = asked.get(&id).is_some_and(|at| seconds - at <= ASKED);
        let at = message.time_nano.and_then(|nano| Timestamp::from_nanosecond(nano.into()).ok());
        events.push(Event {
            at: at.or_else(|| Timestamp::from_second(seconds).ok()),
            component: text(SERVICE).map(str::to_owned),
            about: text("name").map_or_else(|| id.clone(), str::to_owned),
            is_warning: match reason {
                "oom" => true,
                "die" => text("exitCode").is_some_and(|code| code != "0") && !was_asked,
                "health_status" => detail == "unhealthy",
                _ => false,
            },
            reason: reason.to_owned(),
            message: match reason {
                "die" => text("exitCode").map(|code| format!("exit code {code}")).unwrap_or_default(),
                "kill" => text("signal").map(|signal| format!("signal {signal}")).unwrap_or_default(),
                _ if detail.is_empty() => text("image").unwrap_or_default().to_owned(),
                _ => detail.to_owned(),
            },
            count: 1,
        });
    }
    events.sort_by_key(|event| event.at);
    events
}

/// What a person wants to know of: not each command that runs inside, nor each mount.
fn is_told(action: &str) -> bool {
    const TOLD: [&str; 15] = [
        "create",
        "start",
        "restart",
        "stop",
        "die",
        "kill",
        "oom",
        "pause",
        "unpause",
        "destroy",
        "update",
        "rename",
        "health_status",
        "export",
        "prune",
    ];
    TOLD.contains(&action)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(time: i64, typ: &str, action: &str, id: &str, more: &str) -> EventMessage {
        let text = format!(
            r#"{{"Type":"{typ}","Action":"{action}","time":{time},"Actor":{{"ID":"{id}","Attributes":{{{more}"name":"shop_api_1"}}}}}}"#
        );
        serde_json::from_str(&text).expect("the engine's JSON")
    }

    #[test]
    fn what_went_wrong_is_told_from_what_was_asked_for() {
        let own = r#""com.docker.compose.project":"shop","com.docker.compose.service":"api","#;
        let with = |more: &str| format!("{own}{more}");
        let all = [
            message(10, "container", "start", "1", own),
            message(20, "container", "oom", "1", own),
            message(21, "container", "die", "1", &with(r#""exitCode":"137","#)),
            message(22, "container", "exec_start: true", "1", own),
            message(30, "container", "kill", "1", &with(r#""signal":"15","#)),
            message(31, "container", "die", "1", &with(r#""exitCode":"143","#)),
            message(90, "container", "die", "1", &with(r#""exitCode":"3","#)),
            message(91, "container", "health_status: unhealthy", "1", own),
            message(92, "container", "die", "2", r#""com.docker.compose.project":"other","exitCode":"1","#),
            message(93, "volume", "destroy", "shop_data", ""),
            message(94, "volume", "destroy", "other_data", ""),
        ];
        let read = read(&all, "shop", &HashSet::from(["shop_data".to_owned()]));
        let shown: Vec<_> = read
            .iter()
            .map(|e| (e.reason.as_str(), e.message.as_str(), e.is_warning, e.component.as_deref()))
            .collect();
        let api = Some("api");
        let expected = [
            ("start", "", false, api),
            ("oom", "", true, api),
            ("die", "exit code 137", true, api),
            ("kill", "signal 15", false, api),
            ("die", "exit code 143", false, api),
            ("die", "exit code 3", true, api),
            ("health_status", "unhealthy", true, api),
            ("destroy", "", false, None),
        ];
        assert_eq!(shown, expected);
    }
}
