//! What Render noticed of an instance, which its list of them does not say. Pure.

use super::read::{Happened, Running};
use crate::{ExitReason, LastExit};
use sereno_model::Text;

/// What the events say of an instance.
pub(super) struct Health {
    pub(super) is: Is,
    pub(super) failures: u32,
    pub(super) last_exit: Option<LastExit>,
    pub(super) why: Option<Text>,
}

pub(super) enum Is {
    Well,
    Failing,
    Unhealthy,
}

impl Health {
    /// The newest word counts. Events of before it was made, and of another instance, are none of its.
    pub(super) fn of(one: &Running, events: &[Happened]) -> Self {
        let mut own: Vec<&Happened> = events
            .iter()
            .filter(|event| one.created_at.is_none_or(|at| event.timestamp >= at))
            .filter(|event| {
                let named = event.details["instanceID"].as_str().or_else(|| event.details["instanceId"].as_str());
                named.is_none_or(|named| named == one.id)
            })
            .collect();
        own.sort_by_key(|event| std::cmp::Reverse(event.timestamp));
        let failed = |event: &&Happened| matches!(event.kind.as_str(), "server_failed" | "server_hardware_failure");
        let failures = own.iter().copied().filter(|event| failed(event)).count() as u32;
        let newest = own.iter().find_map(|event| match event.kind.as_str() {
            "server_failed" | "server_hardware_failure" => Some(Is::Failing),
            "server_unhealthy" => Some(Is::Unhealthy),
            "server_available" => Some(Is::Well),
            _ => None,
        });
        let last = own.iter().copied().find(failed);
        let (last_exit, why) = last.map(ending).unwrap_or_default();
        let is = newest.unwrap_or(Is::Well);
        let why = match is {
            Is::Well => None,
            Is::Failing => why,
            Is::Unhealthy => Some(Text::new("its health check fails", "su health check falla")),
        };
        Self { is, failures, last_exit, why }
    }
}

/// How an instance ended, by the event's reason.
fn ending(event: &Happened) -> (Option<LastExit>, Option<Text>) {
    let reason = &event.details["reason"];
    let exit = |code: Option<i64>, reason: ExitReason| Some(LastExit { code, reason, at: Some(event.timestamp) });
    if let Some(limit) = reason["oomKilled"]["memoryLimit"].as_str() {
        let why = Text::new(format!("it may use {limit}"), format!("puede usar {limit}"));
        return (exit(Some(137), ExitReason::OomKilled), Some(why));
    }
    if let Some(code) = reason["nonZeroExit"].as_i64() {
        return (exit(Some(code), ExitReason::Failed), None);
    }
    let why = if event.kind == "server_hardware_failure" {
        Text::new("its machine failed", "falló su máquina")
    } else if reason["evicted"] == true {
        Text::new("Render took it from its machine (evicted)", "Render la quitó de su máquina (evicted)")
    } else if let Some(said) = reason["unhealthy"].as_str().or_else(|| reason["timedOutReason"].as_str()) {
        Text::same(said)
    } else {
        Text::new("it failed; Render says no more", "falló; Render no dice más")
    };
    (None, Some(why))
}
