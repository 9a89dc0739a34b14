//! Railway: the services of one environment of a project, through its GraphQL API.
//!
//! Everything is a `POST` of `{"query", "variables", "operationName"}`; what went wrong comes with the status 200 and `errors`
//! (docs.railway.com/reference/public-api). An account's or workspace's token is a bearer; a project's token goes into a header
//! of its own, and opens one environment. The variables are those of Railway's own command line: `RAILWAY_TOKEN` is a project's,
//! `RAILWAY_API_TOKEN` the other.
//!
//! A restart is a new deployment of the same image (`deploymentRedeploy`): it has an id of its own, so that it can be told whether
//! the old one is gone. `deploymentRestart` leaves the deployment as it was, and nothing in it says that it was done.

mod calls;
mod logs;
mod look;
mod queries;
mod read;
#[cfg(test)]
mod tests;

use crate::call::WebRequest;
use crate::web::{Pace, Patience, Web, WebError};
use crate::{
    Act, Call, Component, Detail, Event, Instance, LogLine, LogWanted, Pending, Platform, PlatformError, Program,
    Variable, Version, Volume, exec,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use jiff::{Timestamp, ToSpan as _};
use queries::Query;
use read::Seen;
use serde_json::{Value, json};
use sereno_model::Text;
use std::time::Duration;
use tokio::sync::{OnceCell, mpsc};

const HOST: &str = "https://backboard.railway.com";
const PATH: &str = "/graphql/v2";
const PROJECT_TOKEN: &str = "RAILWAY_TOKEN";
const ACCOUNT_TOKEN: &str = "RAILWAY_API_TOKEN";

/// A list that goes on after this many answers is none.
const MOST_PAGES: usize = 100;

/// The smallest plan that is paid has 1000 questions an hour.
const FOR_EACH_QUESTION: Duration = Duration::from_secs(3);

/// Which part of Railway is meant.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// The project's id; a project token says it itself.
    pub project: Option<String>,
    /// The environment's name or id; `production`, or the only one, when not set.
    pub environment: Option<String>,
    /// Only these, by name.
    pub services: Vec<String>,
    /// Another address of the API, without the path.
    pub api: Option<String>,
}

/// One environment of a project.
pub struct Railway {
    web: Web,
    choice: Choice,
    /// The token says itself which environment it opens.
    is_of_project: bool,
    place: OnceCell<Place>,
    looks: Pace,
    lines: Pace,
}

/// What is meant, found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    project: String,
    project_name: String,
    environment: String,
    environment_name: String,
}

impl std::fmt::Debug for Railway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Railway").field("choice", &self.choice).finish_non_exhaustive()
    }
}

impl Railway {
    /// Asks nothing yet.
    pub fn new(choice: Choice, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, PlatformError> {
        let token = |name: &str| environment(name).map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        let (is_of_project, token, variable) = match (token(PROJECT_TOKEN), token(ACCOUNT_TOKEN)) {
            (Some(token), _) => (true, token, PROJECT_TOKEN),
            (None, Some(token)) => (false, token, ACCOUNT_TOKEN),
            (None, None) => {
                let variables = "RAILWAY_TOKEN or RAILWAY_API_TOKEN";
                return Err(Box::new(WebError::NoToken { service: "Railway", variables }).into());
            }
        };
        let (name, value) = if is_of_project {
            (HeaderName::from_static("project-access-token"), token)
        } else {
            (header::AUTHORIZATION, format!("Bearer {token}"))
        };
        let mut value = HeaderValue::try_from(value).map_err(|_| Box::new(WebError::BadToken { variable }))?;
        value.set_sensitive(true);
        let headers = HeaderMap::from_iter([(name, value)]);
        let web = Web::new("Railway", choice.api.as_deref().unwrap_or(HOST), headers).map_err(Box::new)?;
        let (looks, lines) = (Pace::new(FOR_EACH_QUESTION), Pace::new(FOR_EACH_QUESTION));
        Ok(Self { web, choice, is_of_project, place: OnceCell::new(), looks, lines })
    }

    async fn found(&self) -> Result<&Place, WebError> {
        let find = || async {
            if self.is_of_project {
                let answer = self.ask(&queries::TOKEN, json!({}), Patience::Short).await?;
                return of_token(&answer["projectToken"], &self.choice);
            }
            let Some(id) = &self.choice.project else {
                let what = Text::new("which project of Railway is not said", "no se dice qué proyecto de Railway");
                return Err(WebError::Choose { what, setting: "project", known: Vec::new() });
            };
            let answer = self.ask(&queries::PROJECT, json!({"id": id}), Patience::Short).await?;
            of_project(&answer["project"], self.choice.environment.as_deref())
        };
        self.place.get_or_try_init(find).await
    }

    /// Asks, and gives `data`.
    async fn ask(&self, query: &Query, variables: Value, patience: Patience) -> Result<Value, WebError> {
        let action = query.name;
        let answer = self.web.ask(&Method::POST, PATH, Some(&body(query, &variables)), patience, action).await;
        self.data(action, answer?)
    }

    /// The data of an answer, or what its first error means.
    fn data(&self, action: &str, mut answer: Value) -> Result<Value, WebError> {
        let (service, action) = (self.web.service(), action.to_owned());
        if let Some(error) = answer["errors"].as_array().and_then(|errors| errors.first()) {
            let said = error["message"].as_str().unwrap_or("?").to_owned();
            let lower = said.to_lowercase();
            let code = error["extensions"]["code"].as_str().unwrap_or_default();
            return Err(match code {
                _ if lower.contains("not authorized") => WebError::Unauthorized { service, said },
                _ if lower.contains("not found") => WebError::Said { service, action, code: 404, said },
                _ if lower.contains("rate limit") => WebError::TooOften { service, after: None },
                // It broke there, and may have been done before it did.
                "INTERNAL_SERVER_ERROR" => WebError::Said { service, action, code: 500, said },
                _ => WebError::Said { service, action, code: 400, said },
            });
        }
        match answer["data"].take() {
            Value::Null => Err(self.web.unreadable(&action, &"no `data`")),
            data => Ok(data),
        }
    }

    /// All nodes of a list of the environment, over its pages, and how many questions it took.
    async fn all(&self, query: &Query, list: &str) -> Result<(Vec<Value>, u32), WebError> {
        let place = self.found().await?;
        let mut nodes = Vec::new();
        let mut after = Value::Null;
        for page in 1..=MOST_PAGES {
            let variables = json!({"id": place.environment, "projectId": place.project, "after": after});
            let answer = self.ask(query, variables, Patience::Short).await?;
            let list = &answer["environment"][list];
            let Some(edges) = list["edges"].as_array() else {
                return Err(self.web.unreadable(query.name, &"no `edges`"));
            };
            nodes.extend(edges.iter().map(|edge| edge["node"].clone()));
            if list["pageInfo"]["hasNextPage"] != true || list["pageInfo"]["endCursor"] == after {
                return Ok((nodes, page as u32));
            }
            after = list["pageInfo"]["endCursor"].clone();
        }
        Ok((nodes, MOST_PAGES as u32))
    }

    async fn look(&self, detail: Detail) -> Result<Seen, WebError> {
        self.looks.turn(0).await;
        let (nodes, questions) = self.all(&queries::LOOK, "serviceInstances").await?;
        self.looks.took(questions, self.web.has_plenty()).await;
        let mut seen = Seen::of(nodes).map_err(|why| self.web.unreadable(queries::LOOK.name, &why))?;
        seen.keep(&self.choice.services).map_err(|(name, known)| {
            let what = Text::new(
                format!("Railway has no `{name}` that the settings name"),
                format!("Railway no tiene `{name}`, que la configuración nombra"),
            );
            WebError::Choose { what, setting: "services", known }
        })?;
        if detail == Detail::Usage {
            // Without its measures a status is still one.
            if let Ok(measures) = self.measures().await {
                seen.measures = read::Measures::of(&measures);
            }
        }
        Ok(seen)
    }

    async fn measures(&self) -> Result<Value, WebError> {
        let now = Timestamp::now();
        let variables = json!({
            "environmentId": self.found().await?.environment,
            "startDate": now.checked_sub(5.minutes()).unwrap_or(now),
            "measurements": ["CPU_USAGE", "MEMORY_USAGE_GB", "CPU_LIMIT", "MEMORY_LIMIT_GB"],
            "groupBy": ["SERVICE_ID", "DEPLOYMENT_INSTANCE_ID"],
        });
        Ok(self.ask(&queries::METRICS, variables, Patience::None).await?["metrics"].take())
    }
}

fn body(query: &Query, variables: &Value) -> Value {
    json!({"query": query.text, "operationName": query.name, "variables": variables})
}

/// The place that a project's token opens; another one that the settings name is refused.
fn of_token(token: &Value, choice: &Choice) -> Result<Place, WebError> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = Place {
        project: text(&token["projectId"]),
        project_name: text(&token["project"]["name"]),
        environment: text(&token["environmentId"]),
        environment_name: text(&token["environment"]["name"]),
    };
    let is_other = |wanted: &Option<String>, own: [&String; 2]| wanted.as_ref().is_some_and(|one| !own.contains(&one));
    let other = |what: Text, setting, known: String| Err(WebError::Choose { what, setting, known: vec![known] });
    if is_other(&choice.project, [&place.project, &place.project_name]) {
        let what = Text::new("the token is of another project", "el token es de otro proyecto");
        return other(what, "project", place.project);
    }
    if is_other(&choice.environment, [&place.environment, &place.environment_name]) {
        let what = Text::new("the token is of another environment", "el token es de otro entorno");
        return other(what, "environment", place.environment_name);
    }
    Ok(place)
}

/// The environment of that name or id; `production`, or the only one.
fn of_project(project: &Value, wanted: Option<&str>) -> Result<Place, WebError> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let edges = project["environments"]["edges"].as_array().map(Vec::as_slice).unwrap_or_default();
    let all: Vec<(String, String)> =
        edges.iter().map(|edge| (text(&edge["node"]["id"]), text(&edge["node"]["name"]))).collect();
    let found = match (wanted, all.as_slice()) {
        (Some(wanted), all) => all.iter().find(|(id, name)| id == wanted || name == wanted),
        (None, [only]) => Some(only),
        (None, all) => all.iter().find(|(_, name)| name == "production"),
    };
    let Some((environment, environment_name)) = found.cloned() else {
        let what = match wanted {
            Some(wanted) => {
                Text::new(format!("there is no environment `{wanted}`"), format!("no existe el entorno `{wanted}`"))
            }
            None => Text::new("which environment is not said", "no se dice qué entorno"),
        };
        let known = all.into_iter().map(|(_, name)| name).collect();
        return Err(WebError::Choose { what, setting: "environment", known });
    };
    Ok(Place { project: text(&project["id"]), project_name: text(&project["name"]), environment, environment_name })
}

impl Platform for Railway {
    fn target(&self) -> String {
        if let Some(place) = self.place.get() {
            return format!("railway:{}/{}", place.project_name, place.environment_name);
        }
        let word = |word: &Option<String>| word.clone().unwrap_or_else(|| "?".to_owned());
        format!("railway:{}/{}", word(&self.choice.project), word(&self.choice.environment))
    }

    fn place(&self) -> Pending<'_, String> {
        Box::pin(async move {
            let place = self.found().await.map_err(Box::new)?;
            // Names can be given to another; an id cannot.
            let at = if self.choice.api.is_some() { format!("@{}", self.web.host()) } else { String::new() };
            Ok(format!("railway:{}/{}{at}", place.environment_name, place.environment))
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
        let environment = self.place.get().map(|place| place.environment.as_str()).unwrap_or_default();
        calls::calls(environment, act, component)
    }

    fn perform<'a>(&'a self, call: &'a Call) -> Pending<'a, ()> {
        Box::pin(async move {
            let Call::Web { request: WebRequest { method, path, body } } = call else {
                return Err(PlatformError::refused("not a call of Railway", "no es una llamada de Railway"));
            };
            let method = Method::try_from(method.as_str())
                .map_err(|_| PlatformError::refused("no such method", "no existe ese método"))?;
            let action = body.as_ref().and_then(|body| body["operationName"].as_str()).unwrap_or("?");
            let answer = self.web.ask(&method, path, body.as_ref(), Patience::None, action).await.map_err(Box::new)?;
            let data = self.data(action, answer).map_err(Box::new)?;
            if data[action] == false {
                return Err(PlatformError::refused(
                    format!("Railway answers no to {action}"),
                    format!("Railway responde que no a {action}"),
                ));
            }
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
        Box::pin(async move { Ok(logs::stream(self, component, instance, wanted, to).await.map_err(Box::new)?) })
    }

    fn exec_call(&self, component: &Component, _: &Instance, _: &Program) -> Result<Call, PlatformError> {
        let by_hand = format!("railway ssh --service {}", component.name);
        Err(exec::not_by_api(&self.target(), &component.name, &by_hand))
    }

    fn events<'a>(&'a self, components: &'a [Component]) -> Pending<'a, Vec<Event>> {
        Box::pin(async move { Ok(look::events(self, components).await.map_err(Box::new)?) })
    }

    fn versions<'a>(&'a self, component: &'a Component) -> Pending<'a, Vec<Version>> {
        Box::pin(async move { Ok(look::versions(self, component).await.map_err(Box::new)?) })
    }

    fn environment<'a>(&'a self, component: &'a Component) -> Pending<'a, Vec<Variable>> {
        Box::pin(async move { Ok(look::environment(self, component).await.map_err(Box::new)?) })
    }

    fn volumes<'a>(&'a self, components: &'a [Component]) -> Pending<'a, Vec<Volume>> {
        Box::pin(async move { Ok(look::volumes(self, components).await.map_err(Box::new)?) })
    }
}
