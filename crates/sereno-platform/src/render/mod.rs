//! Render: the services and datastores of one workspace, through its REST API.
//!
//! The formats are those of the API's own description (api-docs.render.com, and the client that Render generates from it for its
//! command line, github.com/render-oss/cli, `pkg/client`): lists come as `[{"cursor": …, "service": {…}}]`, at most 100 at a time;
//! an error as `{"id", "message"}`; 429 with `Ratelimit-Reset`. Which instances a service has is
//! `GET /services/ID/instances`, each with its id and the moment of its making, and nothing of its health: what Render noticed of
//! that are events (`server_failed`, `server_unhealthy`, `server_available`).

mod calls;
mod health;
mod logs;
mod look;
mod read;
#[cfg(test)]
mod tests;

use crate::web::{Pace, Patience, Web, WebError, encoded};
use crate::{
    Act, Call, Component, Detail, Event, Instance, LogLine, LogWanted, Pending, Platform, PlatformError, Program,
    Variable, Version, Volume, Workload, exec,
};
use futures_util::future::{try_join3, try_join4};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::{Timestamp, ToSpan as _};
use read::{Datastore, Details, Kind, Seen, Service};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sereno_model::Text;
use std::fmt::Write as _;
use std::time::Duration;
use tokio::sync::{OnceCell, mpsc};

const API: &str = "https://api.render.com/v1";
const TOKEN: &str = "RENDER_API_KEY";

/// What a list has at most in one answer.
const PAGE: usize = 100;

/// A list that goes on after this many answers is none.
const MOST_PAGES: usize = 100;

/// How many questions are on their way at once.
const AT_ONCE: usize = 8;

/// Render answers 400 questions a minute.
const FOR_EACH_QUESTION: Duration = Duration::from_millis(200);

/// And 30 of them about lines or measures.
const FOR_EACH_QUESTION_OF_LINES: Duration = Duration::from_secs(2);

/// Which part of Render is meant.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// The workspace, by its id (`tea-…`, `usr-…`); the token's only one when not set.
    pub owner: Option<String>,
    /// An environment of a project, by its id (`evm-…`).
    pub environment: Option<String>,
    /// Only these, by name.
    pub services: Vec<String>,
    /// Another address of the API.
    pub api: Option<String>,
}

/// One workspace.
pub struct Render {
    web: Web,
    choice: Choice,
    owner: OnceCell<String>,
    looks: Pace,
    lines: Pace,
}

impl std::fmt::Debug for Render {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Render").field("choice", &self.choice).finish_non_exhaustive()
    }
}

impl Render {
    /// Asks nothing yet.
    pub fn new(choice: Choice, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, PlatformError> {
        let token = environment(TOKEN).map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| Box::new(WebError::NoToken { service: "Render", variables: TOKEN }))?;
        let mut value = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| Box::new(WebError::BadToken { variable: TOKEN }))?;
        value.set_sensitive(true);
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
        let web = Web::new("Render", choice.api.as_deref().unwrap_or(API), headers).map_err(Box::new)?;
        let owner = OnceCell::new_with(choice.owner.clone());
        let (looks, lines) = (Pace::new(FOR_EACH_QUESTION), Pace::new(FOR_EACH_QUESTION_OF_LINES));
        Ok(Self { web, choice, owner, looks, lines })
    }

    /// The workspace's id: the settings', else the only one that the token opens.
    async fn owner(&self) -> Result<&str, WebError> {
        let find = || async {
            let all: Vec<read::Owner> = self.list("/owners", "owner").await?;
            match all.as_slice() {
                [only] => Ok(only.id.clone()),
                all => Err(WebError::Choose {
                    what: Text::new(
                        format!("the token opens {} workspaces of Render", all.len()),
                        format!("el token abre {} workspaces de Render", all.len()),
                    ),
                    setting: "owner",
                    known: all.iter().map(|owner| format!("{} ({})", owner.id, owner.name)).collect(),
                }),
            }
        };
        self.owner.get_or_try_init(find).await.map(String::as_str)
    }

    /// What chooses the part that is meant, as a question's words.
    async fn mine(&self) -> Result<String, WebError> {
        let mut words = format!("ownerId={}", encoded(self.owner().await?));
        if let Some(environment) = &self.choice.environment {
            // Writing to a String cannot fail.
            let _ = write!(words, "&environmentId={}", encoded(environment));
        }
        Ok(words)
    }

    /// All of a list, over its pages.
    async fn list<T: DeserializeOwned>(&self, path: &str, key: &str) -> Result<Vec<T>, WebError> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let sign = if path.contains('?') { '&' } else { '?' };
            let mut question = format!("{path}{sign}limit={PAGE}");
            if !cursor.is_empty() {
                let _ = write!(question, "&cursor={}", encoded(&cursor));
            }
            let page = self.web.get(&question, Patience::Short).await?;
            let (items, next) = read::page(&page, key).map_err(|why| self.web.unreadable(path, &why))?;
            let is_last = items.len() < PAGE;
            all.extend(items);
            match next {
                Some(next) if !is_last && next != cursor => cursor = next,
                _ => break,
            }
        }
        Ok(all)
    }

    /// The newest of a list.
    async fn newest<T: DeserializeOwned>(&self, path: &str, key: &str, limit: usize) -> Result<Vec<T>, WebError> {
        let page = self.web.get(&format!("{path}?limit={limit}"), Patience::Short).await?;
        read::page(&page, key).map(|(items, _)| items).map_err(|why| self.web.unreadable(path, &why))
    }

    async fn look(&self, detail: Detail) -> Result<Seen, WebError> {
        self.looks.turn(0).await;
        let mine = self.mine().await?;
        let (services, postgres, caches) = (
            format!("/services?{mine}&includePreviews=false"),
            format!("/postgres?{mine}&includeReplicas=false"),
            format!("/key-value?{mine}"),
        );
        let (services, postgres, caches) = try_join3(
            self.list::<Service>(&services, "service"),
            if_any(self.list::<Datastore>(&postgres, "postgres")),
            if_any(self.list::<Datastore>(&caches, "keyValue")),
        )
        .await?;
        let mut seen = Seen { services, postgres, caches, ..Seen::default() };
        seen.keep(&self.choice.services).map_err(|known| self.no_such_service(known))?;
        let asked: Vec<_> = seen.services.iter().map(|service| self.details(service)).collect();
        let details: Vec<Details> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        seen.details = seen.services.iter().map(|service| service.id.clone()).zip(details).collect();
        self.looks.took(3 + 3 * seen.services.len() as u32, self.web.has_plenty()).await;
        if detail == Detail::Usage {
            // Without its measures a status is still one.
            if let Ok(measures) = self.measures(&seen).await {
                seen.measures = measures;
            }
        }
        Ok(seen)
    }

    fn no_such_service(&self, (name, known): (String, Vec<String>)) -> WebError {
        let what = Text::new(
            format!("{} has no `{name}` that the settings name", self.web.service()),
            format!("{} no tiene `{name}`, que la configuración nombra", self.web.service()),
        );
        WebError::Choose { what, setting: "services", known }
    }

    async fn details(&self, service: &Service) -> Result<Details, WebError> {
        let path = format!("/services/{}", service.id);
        let instances = async {
            if !service.kind.has_instances() {
                return Ok(Vec::new());
            }
            let list = self.web.get(&format!("{path}/instances"), Patience::Short).await;
            let list = match list {
                // What is suspended may have none to be listed.
                Err(WebError::Said { code: 404 | 409, .. }) if service.is_suspended() => return Ok(Vec::new()),
                list => list?,
            };
            serde_json::from_value(list).map_err(|error| self.web.unreadable("instances", &error))
        };
        let (deploys, events) = (format!("{path}/deploys"), format!("{path}/events"));
        let (deploys, events) = (self.newest(&deploys, "deploy", 20), self.newest(&events, "event", 20));
        let (instances, deploys, events) = try_join3(instances, deploys, events).await?;
        Ok(Details { instances, deploys, events })
    }

    async fn measures(&self, seen: &Seen) -> Result<read::Measures, WebError> {
        let ids = seen.services.iter().filter(|service| service.kind.has_instances()).map(|service| &service.id);
        let ids: Vec<&String> = ids.chain(seen.datastores().map(|one| &one.id)).collect();
        if ids.is_empty() {
            return Ok(read::Measures::default());
        }
        let mut words = since(5);
        for id in ids {
            let _ = write!(words, "&resource={}", encoded(id));
        }
        let ask = |what: &str| {
            let path = format!("/metrics/{what}?{words}&resolutionSeconds=60");
            async move { self.web.get(&path, Patience::None).await }
        };
        let (cpu, memory, cpu_limit, memory_limit) =
            try_join4(ask("cpu"), ask("memory"), ask("cpu-limit"), ask("memory-limit")).await?;
        Ok(read::Measures::of(&cpu, &memory, &cpu_limit, &memory_limit))
    }
}

/// The last minutes, as a question's words.
fn since(minutes: i64) -> String {
    let now = Timestamp::now();
    let from = now.checked_sub(minutes.minutes()).unwrap_or(now);
    format!("startTime={}&endTime={}", seconds(from), seconds(now))
}

/// A moment in whole seconds.
fn seconds(at: Timestamp) -> String {
    encoded(&Timestamp::from_second(at.as_second()).unwrap_or(at).to_string())
}

/// Nothing where this token sees no such list.
async fn if_any<T>(list: impl Future<Output = Result<Vec<T>, WebError>>) -> Result<Vec<T>, WebError> {
    match list.await {
        Err(WebError::Said { code: 404, .. } | WebError::Forbidden { .. }) => Ok(Vec::new()),
        list => list,
    }
}

/// The object behind a component that this platform has shown.
fn workload(component: &Component) -> Result<&Workload, PlatformError> {
    component.workload.as_ref().ok_or_else(|| {
        PlatformError::refused(
            format!("nothing is known of what `{}` is", component.name),
            format!("no se sabe qué es `{}`", component.name),
        )
    })
}

impl Platform for Render {
    fn target(&self) -> String {
        let owner = self.owner.get().map_or("?", String::as_str);
        match &self.choice.environment {
            Some(environment) => format!("render:{owner}/{environment}"),
            None => format!("render:{owner}"),
        }
    }

    fn place(&self) -> Pending<'_, String> {
        Box::pin(async move {
            self.owner().await.map_err(Box::new)?;
            let at = self.choice.api.is_some().then(|| format!("@{}", self.web.host()));
            Ok(format!("{}{}", self.target(), at.unwrap_or_default()))
        })
    }

    fn definition(&self) -> Pending<'_, Option<String>> {
        Box::pin(async { Ok(None) })
    }

    fn replaces(&self) -> bool {
        true
    }

    fn components(&self, detail: Detail) -> Pending<'_, Vec<Component>> {
        Box::pin(async move { Ok(self.look(detail).await.map_err(Box::new)?.components()) })
    }

    fn calls(&self, act: &Act, component: &Component) -> Result<Vec<Call>, PlatformError> {
        calls::calls(act, component)
    }

    fn perform<'a>(&'a self, call: &'a Call) -> Pending<'a, ()> {
        Box::pin(async move {
            let Call::Web { request } = call else {
                return Err(PlatformError::refused("not a call of Render", "no es una llamada de Render"));
            };
            let method = Method::try_from(request.method.as_str())
                .map_err(|_| PlatformError::refused("no such method", "no existe ese método"))?;
            let action = format!("{} {}", request.method, request.path);
            let body = request.body.as_ref();
            self.web.ask(&method, &request.path, body, Patience::None, &action).await.map_err(Box::new)?;
            Ok(())
        })
    }

    fn logs<'a>(
        &'a self,
        component: &'a Component,
        instance: &'a Instance,
        wanted: &'a LogWanted,
        to: mpsc::Sender<LogLine>,
    ) -> Pending<'a, ()> {
        Box::pin(async move { logs::stream(self, component, instance, wanted, to).await })
    }

    fn exec_call(&self, component: &Component, _: &Instance, _: &Program) -> Result<Call, PlatformError> {
        let id = component.workload.as_ref().map_or("srv-…", |workload| workload.name.as_str());
        Err(exec::not_by_api(&self.target(), &component.name, &format!("render ssh {id}")))
    }

    fn events<'a>(&'a self, components: &'a [Component]) -> Pending<'a, Vec<Event>> {
        Box::pin(async move { Ok(look::events(self, components).await.map_err(Box::new)?) })
    }

    fn versions<'a>(&'a self, component: &'a Component) -> Pending<'a, Vec<Version>> {
        Box::pin(look::versions(self, component))
    }

    fn environment<'a>(&'a self, component: &'a Component) -> Pending<'a, Vec<Variable>> {
        Box::pin(look::environment(self, component))
    }

    fn volumes<'a>(&'a self, components: &'a [Component]) -> Pending<'a, Vec<Volume>> {
        Box::pin(async move { Ok(look::volumes(self, components).await.map_err(Box::new)?) })
    }
}

impl Kind {
    fn has_instances(self) -> bool {
        matches!(self, Self::Web | Self::Private | Self::Worker)
    }
}

/// A part of an answer, where it is read by hand.
fn text_of<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}
