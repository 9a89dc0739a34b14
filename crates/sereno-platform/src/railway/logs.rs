//! The lines of a deployment: `deploymentLogs`, a range of time at a time.
//!
//! Railway keeps them by deployment and tags each with its instance; so the first instance of a deployment that is asked for
//! reads those of all. A range with more lines than an answer may have is answered in part, and nothing says which part: it is
//! asked for what is before and after it until nothing is left out.

use super::{Railway, queries, read};
use crate::log::Level;
use crate::web::{Patience, Sent, Told, WebError};
use crate::{Component, Instance, LogLine, LogWanted};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// As many as one answer is asked for.
const PAGE: usize = 1000;

/// Ranges of one question, at most: more lines than that are not waited for.
const MOST_RANGES: usize = 500;

/// After so many polls it is asked whether the deployment runs at all.
const POLLS_TO_A_LOOK: u32 = 6;

pub(super) async fn stream(
    railway: &Railway,
    component: &Component,
    instance: &Instance,
    wanted: &LogWanted,
    to: mpsc::Sender<LogLine>,
) -> Result<(), WebError> {
    let Some(deployment) = read::owner(component, instance) else { return Ok(()) };
    let first = component.instances.iter().find(|one| read::owner(component, one) == Some(deployment));
    if first.is_some_and(|first| first.id != instance.id) {
        return Ok(());
    }
    let mut reader = Reader { railway, component, instance, deployment, to, sent: Sent::default() };
    reader.all(wanted).await
}

struct Reader<'a> {
    railway: &'a Railway,
    component: &'a Component,
    instance: &'a Instance,
    deployment: &'a str,
    to: mpsc::Sender<LogLine>,
    sent: Sent,
}

impl Reader<'_> {
    async fn all(&mut self, wanted: &LogWanted) -> Result<(), WebError> {
        let now = Timestamp::now();
        let begin = wanted.since.or(self.instance.started_at).unwrap_or(Timestamp::UNIX_EPOCH);
        let told = match wanted.tail {
            Some(0) => Vec::new(),
            Some(tail) => self.last(wanted.since, tail as usize).await?,
            None => self.range(begin, Patience::Short).await?,
        };
        let cut = wanted.tail.is_some().then(|| told.clone());
        if !self.send(told).await {
            return Ok(());
        }
        match cut {
            Some(last) => self.sent.begin_with(&last, now),
            None => self.sent.begin(begin),
        }
        if wanted.follow { self.follow(now).await } else { Ok(()) }
    }

    /// Goes on with what comes, until nobody listens or nothing can come any more.
    async fn follow(&mut self, begun: Timestamp) -> Result<(), WebError> {
        let mut polls = 0;
        loop {
            tokio::select! {
                () = self.to.closed() => return Ok(()),
                () = self.railway.lines.turn(1) => {}
            }
            polls += 1;
            let is_over = polls % POLLS_TO_A_LOOK == 0 && self.is_over().await?;
            let told = self.range(self.sent.from().unwrap_or(begun), Patience::Long).await?;
            if !self.send(told).await || is_over {
                return Ok(());
            }
        }
    }

    /// The last lines; without a beginning, an answer has the newest.
    async fn last(&self, since: Option<Timestamp>, count: usize) -> Result<Vec<Told>, WebError> {
        let mut told = if count > PAGE {
            self.range(since.or(self.instance.started_at).unwrap_or(Timestamp::UNIX_EPOCH), Patience::Short).await?
        } else {
            let told = self.page(None, None, count, Patience::Short).await?;
            told.into_iter().filter(|line| since.is_none_or(|since| line.at >= since)).collect()
        };
        told.sort_by_key(|line| line.at);
        Ok(told.split_off(told.len().saturating_sub(count)))
    }

    /// All lines from a moment on.
    async fn range(&self, from: Timestamp, patience: Patience) -> Result<Vec<Told>, WebError> {
        let mut whole = Sent::unlimited();
        let mut all = Vec::new();
        let mut open = vec![(from, None::<Timestamp>)];
        for _ in 0..MOST_RANGES {
            let Some((from, until)) = open.pop() else { break };
            let told = self.page(Some(from), until, PAGE, patience).await?;
            let is_whole = told.len() < PAGE;
            let ends = told.iter().map(|line| line.at).min().zip(told.iter().map(|line| line.at).max());
            let news = whole.news(told);
            let is_new = !news.is_empty();
            all.extend(news);
            if let (false, true, Some((first, last))) = (is_whole, is_new, ends) {
                if first > from {
                    open.push((from, Some(first)));
                }
                if until.is_none_or(|until| last < until) {
                    open.push((last, until));
                }
            }
        }
        Ok(all)
    }

    async fn page(
        &self,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        limit: usize,
        patience: Patience,
    ) -> Result<Vec<Told>, WebError> {
        let mut variables = json!({"deploymentId": self.deployment, "limit": limit});
        if let Some(from) = from {
            variables["startDate"] = json!(from);
        }
        if let Some(until) = until {
            variables["endDate"] = json!(until);
        }
        let answer = self.railway.ask(&queries::LINES, variables, patience).await?;
        lines(&answer["deploymentLogs"]).map_err(|why| self.railway.web.unreadable(queries::LINES.name, &why))
    }

    /// Whether the deployment has ended.
    async fn is_over(&self) -> Result<bool, WebError> {
        let variables = json!({"id": self.deployment});
        match self.railway.ask(&queries::DEPLOYMENT, variables, Patience::Long).await {
            Err(WebError::Said { code: 404, .. }) => Ok(true),
            answer => {
                let deployment = &answer?["deployment"];
                Ok(deployment["deploymentStopped"] == true || deployment["status"] == "REMOVED")
            }
        }
    }

    /// Passes on what is new; says whether somebody still listens.
    async fn send(&mut self, told: Vec<Told>) -> bool {
        for line in self.sent.news(told) {
            let component = self.component.name.clone();
            let tag = line.instance.as_deref().filter(|tag| !tag.is_empty());
            let instance = tag.map(|tag| read::name_of(&component, self.deployment, tag));
            let instance = instance.unwrap_or_else(|| self.instance.name.clone());
            let level = line.level.as_deref().and_then(Level::named);
            let line = LogLine { at: Some(line.at), component, instance, level, text: line.text };
            if self.to.send(line).await.is_err() {
                return false;
            }
        }
        true
    }
}

/// `[{"timestamp", "message", "severity", "tags": {"deploymentInstanceId"}}]`.
pub(super) fn lines(logs: &Value) -> Result<Vec<Told>, String> {
    let logs = logs.as_array().ok_or("no list of lines")?;
    logs.iter().map(line).collect()
}

fn line(log: &Value) -> Result<Told, String> {
    let at = log["timestamp"].as_str().and_then(|at| at.parse().ok()).ok_or("a line without its time")?;
    let text = log["message"].as_str().unwrap_or_default().trim_end_matches(['\n', '\r']).to_owned();
    let instance = log["tags"]["deploymentInstanceId"].as_str().map(str::to_owned);
    let key = format!("{}|{text}", instance.as_deref().unwrap_or_default());
    Ok(Told { at, key, instance, level: log["severity"].as_str().map(str::to_owned), text })
}
