//! The lines of a pod's containers: each in its own stream, merged by time, with those of the life before a crash.

use super::api::{Api, unanswered};
use super::error::ClusterError;
use super::read::containers_of;
use crate::log::{Lines, stamped};
use crate::merge::Merge;
use crate::{Instance, LogLine, LogWanted};
use futures_util::future::{Either, join_all, select};
use futures_util::io::AsyncReadExt as _;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod};
use std::fmt::Write as _;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long after the end of its lines a container is looked at, again and again, to follow it on when it runs.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How many lines of one container wait at most.
const ON_THEIR_WAY: usize = 256;

/// The lines of all containers of a pod. Those beside the main one are named with the pod.
pub(super) async fn stream(
    api: &Api,
    path: &str,
    component: &str,
    instance: &Instance,
    wanted: &LogWanted,
    to: mpsc::Sender<LogLine>,
) -> Result<(), ClusterError> {
    // A pod that has gone since it was listed has no lines any more.
    let Some(pod) = look(api, path).await? else { return Ok(()) };
    let containers = containers_of(&pod);
    let reader = |index: usize, name: &String, to| Reader {
        api,
        path,
        component,
        shown: if index == 0 { instance.name.clone() } else { format!("{}/{name}", instance.name) },
        container: name.clone(),
        to,
        last: None,
    };
    if let [only] = containers.as_slice() {
        return reader(0, only, to).all(&pod, wanted).await;
    }
    let mut receivers = Vec::new();
    let mut reading = Vec::new();
    for (index, name) in containers.iter().enumerate() {
        let (sender, receiver) = mpsc::channel(ON_THEIR_WAY);
        receivers.push(receiver);
        let mut reader = reader(index, name, sender);
        let pod = &pod;
        reading.push(async move { reader.all(pod, wanted).await });
    }
    let forwarding = async {
        let mut merge = Merge::new(receivers, wanted.follow);
        while let Some(line) = merge.next().await {
            if to.send(line).await.is_err() {
                return;
            }
        }
    };
    let (read, forwarding) = (pin!(join_all(reading)), pin!(forwarding));
    let ended = match select(read, forwarding).await {
        Either::Left((ended, forwarding)) => {
            forwarding.await;
            ended
        }
        // Nobody listens any more.
        Either::Right(((), _)) => return Ok(()),
    };
    ended.into_iter().collect()
}

async fn look(api: &Api, path: &str) -> Result<Option<Pod>, ClusterError> {
    match api.get(path).await {
        Err(ClusterError::Said { code: 404, .. }) => Ok(None),
        answer => answer.map(Some),
    }
}

struct Reader<'a> {
    api: &'a Api,
    /// The pod's.
    path: &'a str,
    component: &'a str,
    /// The instance as its lines name it.
    shown: String,
    container: String,
    to: mpsc::Sender<LogLine>,
    /// The time of the last line that was sent: what comes again is older.
    last: Option<Timestamp>,
}

impl Reader<'_> {
    async fn all(&mut self, pod: &Pod, wanted: &LogWanted) -> Result<(), ClusterError> {
        if has_earlier_life(status_of(pod, &self.container)) {
            let earlier = LogWanted { follow: false, ..wanted.clone() };
            if !self.read(&earlier, true).await? {
                return Ok(());
            }
        }
        let mut next = wanted.clone();
        loop {
            if !self.read(&next, false).await? || !wanted.follow || !self.runs_again().await? {
                return Ok(());
            }
            next = LogWanted { follow: true, since: self.last.or(wanted.since), tail: None };
        }
    }

    /// Sends what there is; says whether somebody still listens.
    async fn read(&mut self, wanted: &LogWanted, previous: bool) -> Result<bool, ClusterError> {
        let path = self.question(wanted, previous);
        let mut stream = match self.api.stream(&path).await {
            Ok(stream) => pin!(stream),
            // It never began, or what it wrote is gone with it.
            Err(ClusterError::Said { code: 400 | 404, .. }) => return Ok(true),
            Err(error) => return Err(error),
        };
        let known = self.last;
        let mut lines = Lines::default();
        let mut piece = vec![0; 32 * 1024];
        loop {
            let read = match select(pin!(stream.read(&mut piece)), pin!(self.to.closed())).await {
                Either::Left((read, _)) => read,
                Either::Right(_) => return Ok(false),
            };
            let read = match read {
                Ok(0) => break,
                Ok(read) => read,
                // What is followed for hours is cut by whoever stands between: it is asked for anew.
                Err(_) if wanted.follow => break,
                Err(error) => return Err(unanswered(self.api.server.clone(), &error)),
            };
            for text in lines.push(&piece[..read]) {
                if !self.send(text, known).await {
                    return Ok(false);
                }
            }
        }
        match lines.rest() {
            Some(text) => Ok(self.send(text, known).await),
            None => Ok(true),
        }
    }

    fn question(&self, wanted: &LogWanted, previous: bool) -> String {
        let mut path = format!("{}/log?timestamps=true&container={}", self.path, self.container);
        if previous {
            path.push_str("&previous=true");
        }
        if wanted.follow {
            path.push_str("&follow=true");
        }
        // Writing to a String cannot fail.
        if let Some(lines) = wanted.tail {
            let _ = write!(path, "&tailLines={lines}");
        }
        if let Some(since) = wanted.since {
            // The server takes whole seconds: what comes again is left out here.
            let whole = Timestamp::from_second(since.as_second()).unwrap_or(since);
            let _ = write!(path, "&sinceTime={whole}");
        }
        path
    }

    async fn send(&mut self, text: String, known: Option<Timestamp>) -> bool {
        let (at, text) = stamped(text);
        if known.is_some() && at <= known {
            return true;
        }
        self.last = at.or(self.last);
        let (component, instance) = (self.component.to_owned(), self.shown.clone());
        self.to.send(LogLine { at, component, instance, level: None, text }).await.is_ok()
    }

    /// Waits until the container runs again; says no when the pod is gone or has ended, or when nobody listens.
    async fn runs_again(&self) -> Result<bool, ClusterError> {
        loop {
            tokio::select! {
                () = self.to.closed() => return Ok(false),
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
            let Some(pod) = look(self.api, self.path).await? else { return Ok(false) };
            let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
            if matches!(phase, Some("Succeeded" | "Failed")) || pod.metadata.deletion_timestamp.is_some() {
                return Ok(false);
            }
            let state = status_of(&pod, &self.container).and_then(|status| status.state.as_ref());
            if state.is_some_and(|state| state.running.is_some()) {
                return Ok(true);
            }
        }
    }
}

fn status_of<'p>(pod: &'p Pod, container: &str) -> Option<&'p ContainerStatus> {
    let status = pod.status.as_ref()?;
    let all = status.container_statuses.iter().chain(status.init_container_statuses.iter()).flatten();
    all.into_iter().find(|status| status.name == container)
}

/// Whether the container that ended last is another one than that whose lines come without asking for it: while one waits
/// to be started again, those are the same.
fn has_earlier_life(status: Option<&ContainerStatus>) -> bool {
    let Some(status) = status else { return false };
    let ended = |state: &Option<ContainerState>| {
        state.as_ref().and_then(|state| state.terminated.as_ref()).and_then(|end| end.container_id.clone())
    };
    let Some(earlier) = ended(&status.last_state) else { return false };
    let is_running = status.state.as_ref().is_some_and(|state| state.running.is_some());
    let now = if is_running { status.container_id.clone() } else { ended(&status.state) };
    now.is_some_and(|now| now != earlier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_life_before_is_asked_for_only_when_it_is_another() {
        let status = |state: &str, last: &str| -> ContainerStatus {
            let text = format!(
                r#"{{"name":"a","ready":false,"restartCount":1,"image":"i","imageID":"","containerID":"docker://2",
                    "state":{state},"lastState":{last}}}"#
            );
            serde_json::from_str(&text).expect("a status")
        };
        let ended = |id: &str| format!(r#"{{"terminated":{{"exitCode":1,"containerID":"docker://{id}"}}}}"#);
        for (state, last, expected) in [
            (r#"{"running":{}}"#.to_owned(), ended("1"), true),
            (ended("2"), ended("1"), true),
            (r#"{"waiting":{"reason":"CrashLoopBackOff"}}"#.to_owned(), ended("2"), false),
            (r#"{"running":{}}"#.to_owned(), "{}".to_owned(), false),
        ] {
            assert_eq!(has_earlier_life(Some(&status(&state, &last))), expected, "{state} {last}");
        }
        assert!(!has_earlier_life(None));
    }
}
