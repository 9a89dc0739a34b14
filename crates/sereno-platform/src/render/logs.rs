//! The lines of one instance: `GET /logs`, a range of time after the other, each with where the next begins.

use super::read::full_name;
use super::{PAGE, Render, workload};
use crate::log::Level;
use crate::web::{Patience, Sent, Told, WebError, encoded};
use crate::{Component, Instance, LogLine, LogWanted, PlatformError, WorkloadKind};
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;
use std::fmt::Write as _;
use tokio::sync::mpsc;

/// Render keeps lines this long at least.
const KEPT_DAYS: i64 = 7;

/// A range of time that goes on after this many answers is cut there when only its last lines are wanted.
const MOST_PAGES: usize = 1000;

/// After so many polls it is asked whether the instance is there at all.
const POLLS_TO_A_LOOK: u32 = 6;

pub(super) async fn stream(
    render: &Render,
    component: &Component,
    instance: &Instance,
    wanted: &LogWanted,
    to: mpsc::Sender<LogLine>,
) -> Result<(), PlatformError> {
    let workload = workload(component)?;
    if workload.kind == WorkloadKind::Site {
        // Files are served: nothing of it writes.
        return Ok(());
    }
    let filter = filter(render, component, instance).await.map_err(Box::new)?;
    let mut reader = Reader { render, component, instance, filter, to, sent: Sent::default() };
    Ok(reader.all(wanted).await.map_err(Box::new)?)
}

async fn filter(render: &Render, component: &Component, instance: &Instance) -> Result<String, WebError> {
    let owner = render.owner().await?;
    let mut filter = format!("ownerId={}", encoded(owner));
    if let Some(workload) = &component.workload {
        // Writing to a String cannot fail.
        let _ = write!(filter, "&resource={}", encoded(&workload.name));
        if workload.kind == WorkloadKind::Service {
            let _ = write!(filter, "&instance={}", encoded(&full_name(component, instance)));
        }
    }
    Ok(filter)
}

struct Reader<'a> {
    render: &'a Render,
    component: &'a Component,
    instance: &'a Instance,
    /// What chooses its lines.
    filter: String,
    to: mpsc::Sender<LogLine>,
    sent: Sent,
}

impl Reader<'_> {
    async fn all(&mut self, wanted: &LogWanted) -> Result<(), WebError> {
        let now = Timestamp::now();
        let begin = wanted.since.unwrap_or_else(|| now.checked_sub((KEPT_DAYS * 24).hours()).unwrap_or(now));
        let told = match wanted.tail {
            Some(0) => Vec::new(),
            Some(tail) => self.last(begin, now, tail as usize).await?,
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
                () = self.render.lines.turn(1) => {}
            }
            polls += 1;
            let is_over = polls % POLLS_TO_A_LOOK == 0 && self.is_gone().await?;
            let from = self.sent.from().unwrap_or(begun);
            let told = self.range(from, Patience::Long).await?;
            if !self.send(told).await || is_over {
                return Ok(());
            }
        }
    }

    /// The last lines of a range, the oldest first.
    async fn last(&self, from: Timestamp, until: Timestamp, count: usize) -> Result<Vec<Told>, WebError> {
        let mut all = Vec::new();
        let (mut from, mut until) = (from.to_string(), until.to_string());
        for _ in 0..MOST_PAGES {
            let limit = PAGE.min(count - all.len());
            let page = self.page(&from, Some(&until), "backward", limit, Patience::Short).await?;
            let is_empty = page.told.is_empty();
            all.extend(page.told);
            match page.next {
                Some((next_from, next_until)) if all.len() < count && !is_empty => {
                    (from, until) = (next_from, next_until);
                }
                _ => break,
            }
        }
        all.sort_by_key(|line| line.at);
        Ok(all.split_off(all.len().saturating_sub(count)))
    }

    /// All lines from a moment on.
    async fn range(&self, from: Timestamp, patience: Patience) -> Result<Vec<Told>, WebError> {
        let mut all = Vec::new();
        let (mut from, mut until) = (from.to_string(), None);
        for _ in 0..MOST_PAGES {
            let page = self.page(&from, until.as_deref(), "forward", PAGE, patience).await?;
            all.extend(page.told);
            match page.next {
                Some((next_from, next_until)) => (from, until) = (next_from, Some(next_until)),
                None => break,
            }
        }
        Ok(all)
    }

    async fn page(
        &self,
        from: &str,
        until: Option<&str>,
        direction: &str,
        limit: usize,
        patience: Patience,
    ) -> Result<Page, WebError> {
        let mut path = format!("/logs?{}&startTime={}&direction={direction}&limit={limit}", self.filter, encoded(from));
        if let Some(until) = until {
            let _ = write!(path, "&endTime={}", encoded(until));
        }
        let answer = self.render.web.get(&path, patience).await?;
        page(&answer).map_err(|why| self.render.web.unreadable("GET /logs", &why))
    }

    /// Whether the instance is not listed any more.
    async fn is_gone(&self) -> Result<bool, WebError> {
        let Some(workload) = &self.component.workload else { return Ok(true) };
        if workload.kind != WorkloadKind::Service {
            return Ok(false);
        }
        let path = format!("/services/{}/instances", workload.name);
        let list = match self.render.web.get(&path, Patience::Long).await {
            Err(WebError::Said { code: 404 | 409, .. }) => return Ok(true),
            list => list?,
        };
        let own = full_name(self.component, self.instance);
        Ok(!list.as_array().is_some_and(|list| list.iter().any(|one| one["id"] == own.as_str())))
    }

    /// Passes on what is new; says whether somebody still listens.
    async fn send(&mut self, told: Vec<Told>) -> bool {
        for line in self.sent.news(told) {
            let (component, instance) = (self.component.name.clone(), self.instance.name.clone());
            let level = line.level.as_deref().and_then(Level::named);
            let line = LogLine { at: Some(line.at), component, instance, level, text: line.text };
            if self.to.send(line).await.is_err() {
                return false;
            }
        }
        true
    }
}

#[derive(Debug, PartialEq)]
pub(super) struct Page {
    pub(super) told: Vec<Told>,
    /// Where the next one begins and ends.
    pub(super) next: Option<(String, String)>,
}

/// `{"hasMore": …, "nextStartTime": …, "nextEndTime": …, "logs": [{"id", "message", "timestamp", "labels"}]}`.
pub(super) fn page(answer: &Value) -> Result<Page, String> {
    let logs = answer["logs"].as_array().ok_or("no `logs`")?;
    let told = logs.iter().map(line).collect::<Result<Vec<Told>, String>>()?;
    let next = |key: &str| answer[key].as_str().map(str::to_owned);
    let next = if answer["hasMore"] == true { next("nextStartTime").zip(next("nextEndTime")) } else { None };
    Ok(Page { told, next })
}

fn line(log: &Value) -> Result<Told, String> {
    let at = log["timestamp"].as_str().and_then(|at| at.parse().ok()).ok_or("a line without its time")?;
    let text = log["message"].as_str().unwrap_or_default().trim_end_matches(['\n', '\r']).to_owned();
    let label = |name: &str| {
        let labels = log["labels"].as_array().into_iter().flatten();
        let mut own = labels.filter(|label| label["name"] == name);
        own.next().and_then(|label| label["value"].as_str()).map(str::to_owned)
    };
    let key = log["id"].as_str().map_or_else(|| text.clone(), str::to_owned);
    Ok(Told { at, key, instance: label("instance"), level: label("level"), text })
}
