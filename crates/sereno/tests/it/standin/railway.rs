//! Railway's GraphQL API, as far as Sereno asks it. It holds a question to its schema: fields, arguments and variables that are
//! not there, or missing, are errors, and come with the status 200 as Railway's do.

use super::{Answers, Asked, Reply, Span};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) const TOKEN: &str = "0e1f7a52-0000-4000-8000-7e57000000aa";
pub(crate) const PROJECT: &str = "9a000000-0000-4000-8000-00000000000a";
pub(crate) const ENVIRONMENT: &str = "9b000000-0000-4000-8000-00000000000b";

/// How long a deployment takes until it runs, and an old one to be gone after that.
const COMES: Duration = Duration::from_millis(800);
const GOES: Duration = Duration::from_millis(1600);

/// The most lines that one answer has, whatever is asked for.
const MOST_LINES: usize = 1000;

pub(crate) struct Railway {
    pub(crate) token: String,
    /// The token is a project's, which comes in a header of its own.
    pub(crate) of_project: bool,
    pub(crate) services: Vec<Service>,
    pub(crate) lines: Vec<Line>,
    /// The names of what was asked.
    pub(crate) log: Vec<String>,
    /// So many questions from now on are too many.
    pub(crate) too_many: u32,
    pub(crate) fault: Option<Fault>,
    made: u32,
}

/// What comes of the next change, which is done all the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Cut,
    Silent,
    /// The answer is that something broke.
    Broken,
}

pub(crate) struct Service {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) replicas: u32,
    /// Oldest first.
    pub(crate) deployments: Vec<Deployment>,
}

pub(crate) struct Deployment {
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    pub(crate) replicas: u32,
    pub(crate) stopped: bool,
    pub(crate) crashed: bool,
    /// When it runs.
    pub(crate) span: Span,
}

pub(crate) struct Line {
    pub(crate) at: Timestamp,
    pub(crate) deployment: String,
    pub(crate) instance: String,
    pub(crate) text: String,
}

/// Each root field: its required and other arguments, and the fields that may be asked of what it gives.
const SCHEMA: &[(&str, &[&str], &[&str], &str)] = &[
    ("projectToken", &[], &[], "projectId environmentId project environment name id"),
    ("project", &["id"], &[], "id name environments edges node services"),
    (
        "environment",
        &["id"],
        &["projectId"],
        "id name serviceInstances edges node serviceId serviceName numReplicas cronSchedule healthcheckPath source repo image \
         latestDeployment activeDeployments status createdAt meta deploymentStopped instances pageInfo hasNextPage endCursor \
         volumeInstances mountPath currentSizeMB sizeMB volume",
    ),
    (
        "metrics",
        &["startDate", "measurements"],
        &["environmentId", "groupBy", "endDate"],
        "measurement tags serviceId deploymentInstanceId values ts value",
    ),
    ("deployments", &["input"], &["first", "after"], "edges node id status createdAt meta canRollback serviceId"),
    ("deployment", &["id"], &[], "id status deploymentStopped createdAt meta instances"),
    (
        "deploymentLogs",
        &["deploymentId"],
        &["limit", "startDate", "endDate", "filter"],
        "timestamp message severity tags deploymentInstanceId",
    ),
    ("variables", &["projectId", "environmentId"], &["serviceId"], ""),
    ("deploymentRedeploy", &["id"], &["usePreviousImageTag"], "id status"),
    ("deploymentStop", &["id"], &[], ""),
    ("serviceInstanceUpdate", &["serviceId", "input"], &["environmentId"], ""),
    ("serviceInstanceRedeploy", &["serviceId", "environmentId"], &[], ""),
];

impl Railway {
    pub(crate) fn shop() -> Self {
        let mut railway = Self {
            token: TOKEN.to_owned(),
            of_project: false,
            services: Vec::new(),
            lines: Vec::new(),
            log: Vec::new(),
            too_many: 0,
            fault: None,
            made: 0,
        };
        for (name, replicas) in [("api", 1), ("worker", 2)] {
            let id = format!("5e{:06x}-0000-4000-8000-00000000005e", railway.services.len());
            railway.services.push(Service { id, name, replicas, deployments: Vec::new() });
            let index = railway.services.len() - 1;
            railway.deploy(index, Duration::ZERO);
        }
        railway
    }

    /// A new deployment; the others go when it runs.
    fn deploy(&mut self, index: usize, wait: Duration) -> String {
        self.made += 1;
        let id = format!("{:06x}d0-0000-4000-8000-{:012x}", 0x00a0_0000 + self.made, self.made);
        let service = &mut self.services[index];
        service.deployments.iter_mut().for_each(|old| old.span.ends_in(GOES));
        service.deployments.push(Deployment {
            id: id.clone(),
            created: Timestamp::now(),
            replicas: service.replicas,
            stopped: false,
            crashed: false,
            span: Span::after(wait),
        });
        id
    }

    pub(crate) fn service(&self, name: &str) -> &Service {
        self.services.iter().find(|service| service.name == name).expect("a service")
    }

    pub(crate) fn service_mut(&mut self, name: &str) -> &mut Service {
        self.services.iter_mut().find(|service| service.name == name).expect("a service")
    }

    /// Writes a line of the newest deployment's instance.
    pub(crate) fn write(&mut self, name: &str, replica: u32, text: &str) {
        let deployment = self.service(name).deployments.last().expect("a deployment").id.clone();
        let instance = instance(&deployment, replica);
        self.lines.push(Line { at: Timestamp::now(), deployment, instance, text: text.to_owned() });
    }

    /// How often a mutation was asked.
    pub(crate) fn asked(&self, name: &str) -> usize {
        self.log.iter().filter(|one| *one == name).count()
    }

    fn resolve(&mut self, root: &str, variables: &Value) -> Result<Value, String> {
        let word = |key: &str| variables[key].as_str().unwrap_or_default();
        match root {
            "projectToken" if self.of_project => Ok(json!({"projectId": PROJECT, "environmentId": ENVIRONMENT,
                "project": {"name": "shop"}, "environment": {"name": "production"}})),
            "projectToken" => Err("Project Token not found".to_owned()),
            "project" if word("id") == PROJECT => Ok(json!({"id": PROJECT, "name": "shop", "environments": {"edges": [
                {"node": {"id": "9b000000-0000-4000-8000-0000000000ff", "name": "staging"}},
                {"node": {"id": ENVIRONMENT, "name": "production"}}]}})),
            "environment" if word("id") == ENVIRONMENT && word("projectId") == PROJECT => {
                Ok(self.environment(variables))
            }
            "project" | "environment" => Err("Not Authorized".to_owned()),
            "variables" if self.services.iter().any(|service| service.id == word("serviceId")) => {
                Ok(json!({"DATABASE_URL": "postgresql://db", "RAILWAY_ENVIRONMENT": "production"}))
            }
            "metrics" => Ok(self.metrics()),
            "deployment" => self.find(word("id")).map(|(service, one)| self.shown(service, one)),
            "deployments" => Ok(self.deployments(&variables["input"])),
            "deploymentLogs" => self.logs(variables),
            "deploymentRedeploy" => {
                let (service, _) = self.find(word("id"))?;
                let id = self.deploy(service, COMES);
                Ok(json!({"id": id, "status": "INITIALIZING"}))
            }
            "deploymentStop" => {
                let (service, one) = self.find(word("id"))?;
                let deployment = &mut self.services[service].deployments[one];
                deployment.stopped = true;
                deployment.span.ends_in(GOES);
                Ok(json!(true))
            }
            "serviceInstanceUpdate" => {
                let fields = variables["input"].as_object().cloned().unwrap_or_default();
                if let Some((unknown, _)) = fields.iter().find(|(key, _)| *key != "numReplicas") {
                    return Err(format!("Field \"{unknown}\" is not defined by type \"ServiceInstanceUpdateInput\"."));
                }
                let wanted = fields.get("numReplicas").and_then(Value::as_u64).filter(|count| (1..=50).contains(count));
                let wanted = wanted.ok_or("numReplicas is 1 to 50")?;
                let service = self.services.iter_mut().find(|service| service.id == word("serviceId"));
                service.ok_or("ServiceInstance not found")?.replicas = wanted as u32;
                Ok(json!(true))
            }
            "serviceInstanceRedeploy" => {
                let index = self.services.iter().position(|service| service.id == word("serviceId"));
                self.deploy(index.ok_or("ServiceInstance not found")?, COMES);
                Ok(json!(true))
            }
            _ => Err(format!("Cannot query field \"{root}\" on type \"Query\".")),
        }
    }

    fn find(&self, id: &str) -> Result<(usize, usize), String> {
        let found = self.services.iter().enumerate().find_map(|(index, service)| {
            Some((index, service.deployments.iter().position(|deployment| deployment.id == id)?))
        });
        found.ok_or_else(|| "Deployment not found".to_owned())
    }

    /// One service a page: whoever does not turn the pages sees the first one only.
    fn environment(&self, variables: &Value) -> Value {
        let from =
            variables["after"].as_str().and_then(|cursor| cursor.parse::<usize>().ok()).map_or(0, |last| last + 1);
        let edges: Vec<Value> = self
            .services
            .iter()
            .enumerate()
            .skip(from)
            .take(1)
            .map(|(index, service)| {
                let all: Vec<Value> = (0..service.deployments.len()).map(|one| self.shown(index, one)).collect();
                let active: Vec<&Value> = all
                    .iter()
                    .filter(|one| matches!(one["status"].as_str(), Some("SUCCESS" | "CRASHED" | "REMOVING")))
                    .collect();
                json!({"node": {"serviceId": service.id, "serviceName": service.name, "numReplicas": service.replicas,
                "cronSchedule": null, "healthcheckPath": "/health", "source": {"repo": "a/b", "image": null},
                "latestDeployment": all.last(), "activeDeployments": active}})
            })
            .collect();
        let page = json!({"hasNextPage": from + 1 < self.services.len(), "endCursor": from.to_string()});
        let volume = json!({"node": {"id": "vi-1", "serviceId": self.services[0].id, "mountPath": "/data", "currentSizeMB": 120.5,
            "sizeMB": 5000, "volume": {"name": "data"}}});
        let volumes = json!({"edges": [volume], "pageInfo": {"hasNextPage": false, "endCursor": null}});
        json!({"serviceInstances": {"edges": edges, "pageInfo": page}, "volumeInstances": volumes})
    }

    fn shown(&self, service: usize, one: usize) -> Value {
        let service = &self.services[service];
        let deployment = &service.deployments[one];
        let is_last = one + 1 == service.deployments.len();
        let runs = deployment.span.is_now();
        let (status, state) = match (runs, deployment.stopped, is_last) {
            _ if deployment.crashed && is_last => ("CRASHED", "CRASHED"),
            (true, true, _) => ("SUCCESS", "REMOVING"),
            (false, true, _) => ("SUCCESS", "STOPPED"),
            (true, false, true) => ("SUCCESS", "RUNNING"),
            (false, false, true) => ("DEPLOYING", "INITIALIZING"),
            (true, false, false) if deployment.span.until.is_some() => ("SUCCESS", "RUNNING"),
            (_, false, false) => ("REMOVED", "REMOVED"),
        };
        let instances: Vec<Value> = (0..deployment.replicas)
            .map(|number| json!({"id": instance(&deployment.id, number), "status": state}))
            .collect();
        json!({"id": deployment.id, "status": status, "createdAt": deployment.created, "serviceId": service.id,
            "deploymentStopped": deployment.stopped && !runs, "canRollback": true, "instances": instances,
            "meta": {"commitHash": format!("{}{}", one + 1, "abc0123456789abcdef"), "commitMessage": "Release"}})
    }

    fn deployments(&self, input: &Value) -> Value {
        let mut edges = Vec::new();
        for (index, service) in self.services.iter().enumerate() {
            if input["serviceId"].as_str().is_none_or(|id| id == service.id) {
                edges.extend((0..service.deployments.len()).rev().map(|one| json!({"node": self.shown(index, one)})));
            }
        }
        json!({ "edges": edges })
    }

    fn metrics(&self) -> Value {
        let mut all = Vec::new();
        for service in &self.services {
            let Some(deployment) = service.deployments.last() else { continue };
            for (measurement, value) in [("CPU_USAGE", 0.05), ("MEMORY_USAGE_GB", 0.1)] {
                all.push(
                    json!({"measurement": measurement, "values": [{"ts": 1, "value": 9.0}, {"ts": 2, "value": value}],
                    "tags": {"serviceId": service.id, "deploymentInstanceId": instance(&deployment.id, 0)}}),
                );
            }
        }
        json!(all)
    }

    /// The newest of a range, as many as one answer has.
    fn logs(&self, variables: &Value) -> Result<Value, String> {
        let id = variables["deploymentId"].as_str().unwrap_or_default();
        self.find(id)?;
        let time = |key: &str| variables[key].as_str().map(str::parse::<Timestamp>).transpose();
        let (from, until) =
            (time("startDate").map_err(|e| e.to_string())?, time("endDate").map_err(|e| e.to_string())?);
        let limit = variables["limit"].as_u64().unwrap_or(500).min(MOST_LINES as u64) as usize;
        let mut found: Vec<&Line> = self
            .lines
            .iter()
            .filter(|line| line.deployment == id)
            .filter(|line| from.is_none_or(|from| line.at >= from) && until.is_none_or(|until| line.at <= until))
            .collect();
        found.sort_by_key(|line| line.at);
        let found = found.split_off(found.len().saturating_sub(limit));
        let shown = found.iter().map(|line| {
            json!({"timestamp": line.at, "message": line.text, "severity": "info", "tags": {"deploymentInstanceId": line.instance}})
        });
        Ok(shown.collect())
    }
}

pub(crate) fn instance(deployment: &str, number: u32) -> String {
    format!("{number}{}-0000-4000-8000-00000000000{number}", &deployment[..5])
}

impl Answers for Railway {
    fn answer(&mut self, asked: &Asked) -> Reply {
        if asked.path != "/graphql/v2" {
            return Reply::Json(404, json!({"message": "no such path"}));
        }
        if asked.method != "POST" {
            return Reply::Json(405, json!({"message": "only POST"}));
        }
        if asked.headers.get("content-type").map(String::as_str) != Some("application/json") {
            return Reply::Json(400, failed("A body of JSON is wanted"));
        }
        let (header, wanted) = if self.of_project {
            ("project-access-token", self.token.clone())
        } else {
            ("authorization", format!("Bearer {}", self.token))
        };
        if asked.headers.get(header) != Some(&wanted) {
            return Reply::Json(200, failed("Not Authorized"));
        }
        if self.too_many > 0 {
            self.too_many -= 1;
            let headers = vec![("X-RateLimit-Remaining", "0".to_owned()), ("Retry-After", "2".to_owned())];
            return Reply::With(429, headers, failed("Too many requests"));
        }
        let Ok(body) = serde_json::from_str::<Value>(&asked.body) else { return Reply::Json(400, failed("no JSON")) };
        let root = match check(&body) {
            Ok(root) => root,
            Err(why) => return Reply::Json(400, failed(&why)),
        };
        self.log.push(root.clone());
        let is_change = body["query"].as_str().is_some_and(|query| query.trim_start().starts_with("mutation"));
        let resolved = self.resolve(&root, &body["variables"]);
        match if is_change { self.fault.take() } else { None } {
            Some(Fault::Cut) => return Reply::Cut,
            Some(Fault::Silent) => return Reply::Silent,
            Some(Fault::Broken) => {
                let mut broken = failed("Problem processing request");
                broken["errors"][0]["extensions"] = json!({"code": "INTERNAL_SERVER_ERROR"});
                return Reply::Json(200, broken);
            }
            None => {}
        }
        match resolved {
            Ok(data) => Reply::Json(200, json!({"data": { root: data }}))
                .with(vec![("X-RateLimit-Limit", "1000".to_owned()), ("X-RateLimit-Remaining", "999".to_owned())]),
            Err(why) => Reply::Json(200, failed(&why)),
        }
    }
}

fn failed(message: &str) -> Value {
    json!({"errors": [{"message": message, "extensions": {"code": "BAD_USER_INPUT"}}], "data": null})
}

/// Holds a question to the schema; gives its root field.
fn check(body: &Value) -> Result<String, String> {
    let known = ["query", "variables", "operationName"];
    let fields = body.as_object().ok_or("no object")?;
    if let Some(unknown) = fields.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(format!("unknown key {unknown}"));
    }
    let query = body["query"].as_str().ok_or("no query")?;
    let (head, selection) = query.split_once('{').ok_or("no selection")?;
    let (kind, name) = head
        .split(['(', ' '])
        .filter(|word| !word.is_empty())
        .take(2)
        .fold(("", ""), |(a, b), word| if a.is_empty() { (word, b) } else { (a, word) });
    if !matches!(kind, "query" | "mutation") || body["operationName"].as_str() != Some(name) {
        return Err(format!("Unknown operation named {}", body["operationName"]));
    }
    variables(head, &body["variables"])?;
    let words: Vec<&str> = selection
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '$' | '(' | ')' | ':')))
        .filter(|word| !word.is_empty())
        .collect();
    let root = selection.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| !word.is_empty()).ok_or("no field")?;
    let (_, required, others, allowed) = SCHEMA
        .iter()
        .find(|(field, ..)| *field == root)
        .ok_or_else(|| format!("Cannot query field \"{root}\" on type \"Query\"."))?;
    let own = selection.split_once(root).map(|(_, rest)| rest.trim_start()).unwrap_or_default();
    let arguments =
        own.strip_prefix('(').and_then(|rest| rest.split_once(')')).map(|(inside, _)| inside).unwrap_or_default();
    let given: Vec<&str> =
        arguments.split(',').filter_map(|one| one.split_once(':')).map(|(name, _)| name.trim()).collect();
    if let Some(missing) = required.iter().find(|name| !given.contains(name)) {
        return Err(format!("Field \"{root}\" argument \"{missing}\" is required, but it was not provided."));
    }
    if let Some(unknown) = given.iter().find(|name| !required.contains(name) && !others.contains(name)) {
        return Err(format!("Unknown argument \"{unknown}\" on field \"{root}\"."));
    }
    let fields = words.iter().flat_map(|word| word.split(['(', ')'])).filter(|word| !word.is_empty());
    let fields = fields.filter(|word| !word.contains(['$', ':']) && word.parse::<u32>().is_err() && *word != root);
    let allowed: Vec<&str> = allowed.split_whitespace().chain(["first", "after"]).collect();
    for field in fields {
        if !allowed.contains(&field) {
            return Err(format!("Cannot query field \"{field}\" on what \"{root}\" gives."));
        }
    }
    Ok(root.to_owned())
}

/// Those that are declared, and no others; those with `!` must be there.
fn variables(head: &str, given: &Value) -> Result<(), String> {
    let inside =
        head.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map(|(inside, _)| inside).unwrap_or_default();
    let declared: Vec<(&str, bool)> = inside
        .split('$')
        .filter_map(|one| one.split_once(':'))
        .map(|(name, kind)| (name.trim(), kind.trim().trim_end_matches([',', ' ']).ends_with('!')))
        .collect();
    for (name, is_required) in &declared {
        if *is_required && given[*name].is_null() {
            return Err(format!("Variable \"${name}\" of required type was not provided."));
        }
    }
    for name in given.as_object().into_iter().flat_map(|given| given.keys()) {
        if !declared.iter().any(|(declared, _)| declared == name) {
            return Err(format!("Variable \"${name}\" is not defined by the operation."));
        }
    }
    Ok(())
}

#[test]
fn the_stand_in_holds_a_question_to_the_schema() {
    let ask = |query: &str, variables: Value| {
        let name = query.split(['(', ' ', '{']).nth(1).unwrap_or_default();
        check(&json!({"query": query, "operationName": name, "variables": variables}))
    };
    let good = "query deployment($id: String!) { deployment(id: $id) { id status } }";
    assert_eq!(ask(good, json!({"id": "x"})).as_deref(), Ok("deployment"));
    for (query, variables) in [
        (good, json!({})),
        (good, json!({"id": "x", "other": 1})),
        ("query deployment($id: String!) { deployment(id: $id) { id colour } }", json!({"id": "x"})),
        ("query deployment($id: String!) { deployment(key: $id) { id } }", json!({"id": "x"})),
        ("query x { nothing { id } }", json!({})),
    ] {
        assert!(ask(query, variables.clone()).is_err(), "{query} {variables}");
    }
    let other = json!({"query": good, "operationName": "other", "variables": {"id": "x"}});
    assert!(check(&other).is_err());
}
