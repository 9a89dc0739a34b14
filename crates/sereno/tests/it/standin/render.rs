//! Render's REST API, as far as Sereno asks it, in the shapes of its description (api-docs.render.com).

use super::{Answers, Asked, Reply, Span};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) const TOKEN: &str = "rnd_0123456789abcdefTESTONLY";
pub(crate) const OWNER: &str = "tea-cukouhrtq21c73e9sc00";

/// How long a new instance takes to be listed, and an old one to be gone.
const COMES: Duration = Duration::from_millis(700);
const GOES: Duration = Duration::from_millis(1500);

/// What answers a path; the text is the id in it.
type Handler = fn(&mut Render, &Asked, &str) -> Reply;

pub(crate) struct Render {
    pub(crate) token: String,
    pub(crate) owners: Vec<&'static str>,
    pub(crate) services: Vec<Service>,
    pub(crate) stores: Vec<Store>,
    pub(crate) lines: Vec<Line>,
    /// What was asked: method and path.
    pub(crate) log: Vec<String>,
    /// So many questions from now on are too many.
    pub(crate) too_many: u32,
    /// What comes of the next change: it is cut off before or after it was carried out, or nobody answers after it.
    pub(crate) fault: Option<Fault>,
    made: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    CutBefore,
    CutAfter,
    SilentAfter,
    /// A gateway gives up, and it is done all the same.
    GatewayAfter,
    TooMany,
}

pub(crate) struct Service {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) suspended: bool,
    pub(crate) count: u32,
    pub(crate) disk: bool,
    pub(crate) instances: Vec<(String, Timestamp, Span)>,
    pub(crate) events: Vec<Value>,
    pub(crate) restarts: u32,
}

pub(crate) struct Store {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) suspended: bool,
}

pub(crate) struct Line {
    pub(crate) at: Timestamp,
    pub(crate) resource: String,
    pub(crate) instance: String,
    pub(crate) text: String,
}

impl Render {
    /// A small shop: a web service of two, a worker, a job, a site, a database and a cache.
    pub(crate) fn shop() -> Self {
        let mut render = Self {
            token: TOKEN.to_owned(),
            owners: vec![OWNER],
            services: Vec::new(),
            stores: vec![
                Store { id: "dpg-cukouhrtq21c73e9scd0-a", name: "db", suspended: false },
                Store { id: "red-cukouhrtq21c73e9scr0", name: "cache", suspended: false },
            ],
            lines: Vec::new(),
            log: Vec::new(),
            too_many: 0,
            fault: None,
            made: 0,
        };
        for (name, kind, count) in [
            ("api", "web_service", 2),
            ("worker", "background_worker", 1),
            ("report", "cron_job", 0),
            ("site", "static_site", 0),
        ] {
            render.add(name, kind, count);
        }
        render
    }

    pub(crate) fn add(&mut self, name: &str, kind: &'static str, count: u32) {
        let id = format!("srv-cukouhrtq21c73e9s{:03}", self.services.len());
        self.services.push(Service {
            id,
            name: name.to_owned(),
            kind,
            suspended: false,
            count,
            disk: false,
            instances: Vec::new(),
            events: Vec::new(),
            restarts: 0,
        });
        let index = self.services.len() - 1;
        self.start(index, count, Duration::ZERO);
    }

    fn start(&mut self, index: usize, count: u32, wait: Duration) {
        for _ in 0..count {
            self.made += 1;
            let service = &mut self.services[index];
            let id = format!("{}-{:05x}", service.id, 0xa0000 + self.made);
            let made = Timestamp::now();
            service.instances.push((id, made, Span::after(wait)));
        }
    }

    pub(crate) fn service(&self, name: &str) -> &Service {
        self.services.iter().find(|service| service.name == name).expect("a service")
    }

    /// The instances that are listed now.
    pub(crate) fn instances(&self, name: &str) -> Vec<String> {
        let own = &self.service(name).instances;
        own.iter().filter(|(_, _, span)| span.is_now()).map(|(id, ..)| id.clone()).collect()
    }

    pub(crate) fn write(&mut self, name: &str, instance: &str, text: &str) {
        let (at, resource) = (Timestamp::now(), self.service(name).id.clone());
        self.lines.push(Line { at, resource, instance: instance.to_owned(), text: text.to_owned() });
    }

    fn route(&mut self, asked: &Asked) -> Reply {
        let parts: Vec<&str> = asked.path.split('/').filter(|part| !part.is_empty()).collect();
        if parts.first() != Some(&"v1") {
            return Reply::Json(404, error("not_found", "no such path"));
        }
        let (allowed, handled): (&str, Handler) = match parts[1..] {
            ["owners"] => ("GET", |this, asked, _| this.owners(asked)),
            ["services"] => ("GET", |this, asked, _| this.list_services(asked)),
            ["postgres" | "key-value"] => ("GET", |this, asked, _| this.list_stores(asked)),
            ["services", _, "instances"] => ("GET", Self::list_instances),
            ["services", _, "deploys"] => ("GET", Self::list_deploys),
            ["services", _, "events"] => ("GET", Self::list_events),
            ["services", _, "env-vars"] => ("GET", Self::list_variables),
            ["env-groups"] => ("GET", |_, asked, _| {
                let group = json!({"id": "evg-1", "name": "shared", "serviceLinks": [{"id": "srv-cukouhrtq21c73e9s000", "name": "api"}]});
                page(asked, &["ownerId", "environmentId", "limit", "cursor"], vec![json!({"envGroup": group})])
            }),
            ["env-groups", "evg-1"] => ("GET", |_, _, _| {
                let variables = json!([{"key": "V000", "value": "group"}, {"key": "SHARED", "value": "yes"}]);
                Reply::Json(200, json!({"id": "evg-1", "name": "shared", "envVars": variables}))
            }),
            ["disks"] => ("GET", |_, asked, _| {
                let disk = |id: &str, service: &str| json!({"disk": {"id": id, "name": "data", "serviceId": service, "mountPath": "/data", "sizeGB": 10}});
                let rows = vec![disk("dsk-1", "srv-cukouhrtq21c73e9s000"), disk("dsk-2", "srv-of-another")];
                page(asked, &["ownerId", "limit", "cursor"], rows)
            }),
            ["metrics", "disk-usage"] => ("GET", |_, _, _| {
                let values = json!([{"timestamp": "2026-11-30T10:00:00Z", "value": 1_073_741_824.0_f64}]);
                Reply::Json(200, json!([{"labels": [], "unit": "bytes", "values": values}]))
            }),
            ["logs"] => ("GET", |this, asked, _| this.list_lines(asked)),
            ["metrics", "cpu" | "memory" | "cpu-limit" | "memory-limit"] => {
                ("GET", |this, asked, _| this.measures(asked))
            }
            ["services", _, "restart" | "scale" | "suspend" | "resume"] => ("POST", Self::change),
            ["postgres" | "key-value", _, "suspend" | "resume"] => ("POST", Self::change_store),
            _ => return Reply::Json(404, error("not_found", "no such path")),
        };
        if asked.method != allowed {
            return Reply::Json(405, error("method_not_allowed", "another method"));
        }
        handled(self, asked, parts.get(2).copied().unwrap_or_default())
    }

    fn owners(&self, asked: &Asked) -> Reply {
        let rows =
            self.owners.iter().map(|id| json!({"owner": {"id": id, "name": format!("of {id}"), "type": "team"}}));
        page(asked, &["limit", "cursor"], rows.collect())
    }

    fn list_services(&self, asked: &Asked) -> Reply {
        if !self.owns(asked) {
            return Reply::Json(404, error("not_found", "no such owner"));
        }
        let rows = self.services.iter().map(|service| json!({"service": service.shown()}));
        page(asked, &["ownerId", "environmentId", "includePreviews", "limit", "cursor"], rows.collect())
    }

    fn list_stores(&self, asked: &Asked) -> Reply {
        let (key, sign) = if asked.path.ends_with("postgres") { ("postgres", "dpg-") } else { ("keyValue", "red-") };
        let own = self.stores.iter().filter(|store| store.id.starts_with(sign));
        let rows = own.map(|store| {
            let (status, suspended) =
                if store.suspended { ("suspended", "suspended") } else { ("available", "not_suspended") };
            let store = json!({"id": store.id, "name": store.name, "status": status, "suspended": suspended,
                               "version": "16", "plan": "basic_256mb", "owner": {"id": OWNER}});
            json!({ key: store })
        });
        page(asked, &["ownerId", "environmentId", "includeReplicas", "limit", "cursor"], rows.collect())
    }

    fn list_instances(&mut self, asked: &Asked, id: &str) -> Reply {
        if !asked.query.is_empty() {
            return Reply::Json(400, error("bad_request", "unknown parameter"));
        }
        let Some(service) = self.services.iter().find(|service| service.id == id) else { return nothing() };
        let listed = service.instances.iter().filter(|(_, _, span)| span.is_now());
        Reply::Json(200, listed.map(|(id, at, _)| json!({"id": id, "createdAt": at})).collect())
    }

    fn list_deploys(&mut self, asked: &Asked, id: &str) -> Reply {
        if !self.services.iter().any(|service| service.id == id) {
            return nothing();
        }
        let deploy = |number: u32, status: &str| {
            let commit = format!("{number}abc0123456789abcdef0123456789abcdef0123");
            json!({"cursor": format!("d{number}"), "deploy": {
                "id": format!("dep-{number}"), "status": status, "trigger": "new_commit",
                "createdAt": "2026-11-29T10:00:00Z", "finishedAt": "2026-11-29T10:02:00Z",
                "commit": {"id": commit, "message": format!("Release {number}"), "createdAt": "2026-11-29T09:00:00Z"}}})
        };
        page(asked, &["limit", "cursor"], vec![deploy(2, "live"), deploy(1, "deactivated")])
    }

    /// More of them than one page has.
    fn list_variables(&mut self, asked: &Asked, id: &str) -> Reply {
        if !self.services.iter().any(|service| service.id == id) {
            return nothing();
        }
        let variable = |number: u32| json!({"envVar": {"key": format!("V{number:03}"), "value": number.to_string()}});
        page(asked, &["limit", "cursor"], (0..130).map(variable).collect())
    }

    fn list_events(&mut self, asked: &Asked, id: &str) -> Reply {
        let Some(service) = self.services.iter().find(|service| service.id == id) else { return nothing() };
        let rows = service.events.iter().rev().map(|event| json!({"event": event}));
        page(asked, &["limit", "cursor", "type", "startTime", "endTime"], rows.collect())
    }

    fn list_lines(&self, asked: &Asked) -> Reply {
        let allowed = ["ownerId", "resource", "instance", "startTime", "endTime", "direction", "limit"];
        let word = |name: &str| asked.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let time = |name: &str| word(name).map(str::parse::<Timestamp>);
        let (from, until) = match (time("startTime"), time("endTime")) {
            (Some(Err(_)), _) | (_, Some(Err(_))) => return Reply::Json(400, error("bad_request", "no time")),
            (from, until) => (from.and_then(Result::ok), until.and_then(Result::ok)),
        };
        let limit: usize = word("limit").and_then(|limit| limit.parse().ok()).unwrap_or(20);
        let is_known = asked.query.iter().all(|(key, _)| allowed.contains(&key.as_str()));
        let forward = match word("direction") {
            Some("forward") => true,
            Some("backward") | None => false,
            Some(_) => return Reply::Json(400, error("bad_request", "direction")),
        };
        let Some(resource) = word("resource") else { return Reply::Json(400, error("bad_request", "resource")) };
        if !is_known || !(1..=100).contains(&limit) || !self.owns(asked) {
            return Reply::Json(400, error("bad_request", "a parameter is wrong"));
        }
        let from = from.unwrap_or(Timestamp::UNIX_EPOCH);
        let until = until.unwrap_or_else(Timestamp::now);
        let mut found: Vec<(usize, &Line)> = self
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.resource == resource && word("instance").is_none_or(|one| one == line.instance))
            .filter(|(_, line)| from <= line.at && line.at <= until)
            .collect();
        found.sort_by_key(|(_, line)| line.at);
        if !forward {
            found.reverse();
        }
        let more = found.get(limit).map(|(_, line)| line.at);
        let (next_from, next_until) = match more {
            Some(at) if forward => (at, until),
            Some(at) => (from, at),
            None => (from, until),
        };
        let shown = found.iter().take(limit).map(|(number, line)| {
            json!({"id": format!("line-{number}"), "message": line.text, "timestamp": line.at, "labels": [
                {"name": "resource", "value": line.resource}, {"name": "instance", "value": line.instance},
                {"name": "level", "value": "info"}, {"name": "type", "value": "app"}]})
        });
        let shown: Vec<Value> = shown.collect();
        let answer =
            json!({"hasMore": more.is_some(), "nextStartTime": next_from, "nextEndTime": next_until, "logs": shown});
        Reply::Json(200, answer)
    }

    fn measures(&self, asked: &Asked) -> Reply {
        let value = match asked.path.rsplit('/').next() {
            Some("cpu") => 0.05,
            Some("cpu-limit") => 0.5,
            Some("memory") => 104_857_600.0,
            _ => 536_870_912.0,
        };
        let mut series = Vec::new();
        for (_, id) in asked.query.iter().filter(|(key, _)| key == "resource") {
            for service in self.services.iter().filter(|service| service.id == *id) {
                for (instance, ..) in service.instances.iter().filter(|(_, _, span)| span.is_now()) {
                    series.push(
                        json!({"unit": "x", "values": [{"timestamp": Timestamp::now(), "value": value}], "labels": [
                        {"field": "resource", "value": id}, {"field": "instance", "value": instance}]}),
                    );
                }
            }
        }
        Reply::Json(200, json!(series))
    }

    fn change(&mut self, asked: &Asked, id: &str) -> Reply {
        let Some(index) = self.services.iter().position(|service| service.id == id) else { return nothing() };
        let verb = asked.path.rsplit('/').next().unwrap_or_default().to_owned();
        let wanted = match (verb.as_str(), asked.body.as_str()) {
            ("scale", body) => match count(asked, body) {
                Ok(count) => count,
                Err(why) => return Reply::Json(400, error("bad_request", why)),
            },
            (_, "") => 0,
            _ => return Reply::Json(400, error("bad_request", "no body is wanted")),
        };
        let service = &mut self.services[index];
        if matches!(verb.as_str(), "restart" | "scale") && (service.suspended || service.count == 0) {
            return Reply::Json(400, error("bad_request", "it is suspended, or of a kind that has no instances"));
        }
        if service.disk && wanted > 1 {
            return Reply::Json(400, error("bad_request", "a service with a disk has one instance"));
        }
        let mut event = |kind: &str, details: Value| {
            let id = format!("evt-{}", service.events.len());
            let event = json!({"id": id, "serviceId": service.id, "timestamp": Timestamp::now(), "type": kind, "details": details});
            service.events.push(event);
        };
        match verb.as_str() {
            "restart" => {
                event("server_restarted", json!({"triggeredByUser": "usr-1"}));
                service.restarts += 1;
                service.instances.iter_mut().for_each(|(_, _, span)| span.ends_in(GOES));
                let count = service.count;
                self.start(index, count, COMES);
            }
            "scale" => {
                let before = service.count;
                event("instance_count_changed", json!({"fromInstances": before, "toInstances": wanted}));
                service.count = wanted;
                let alive = service.instances.iter_mut().filter(|(_, _, span)| span.until.is_none());
                alive.skip(wanted as usize).for_each(|(_, _, span)| span.ends_in(GOES));
                self.start(index, wanted.saturating_sub(before), COMES);
            }
            "suspend" => {
                event("service_suspended", json!({}));
                service.suspended = true;
                service.instances.iter_mut().for_each(|(_, _, span)| span.ends_in(GOES));
            }
            _ => {
                event("service_resumed", json!({}));
                service.suspended = false;
                let count = service.count;
                self.start(index, count, COMES);
            }
        }
        Reply::Empty(if verb == "restart" { 200 } else { 202 })
    }

    fn change_store(&mut self, asked: &Asked, id: &str) -> Reply {
        let is_of = if asked.path.contains("/postgres/") { "dpg-" } else { "red-" };
        let Some(store) = self.stores.iter_mut().find(|store| store.id == id && id.starts_with(is_of)) else {
            return nothing();
        };
        store.suspended = asked.path.ends_with("suspend");
        Reply::Empty(202)
    }

    fn owns(&self, asked: &Asked) -> bool {
        asked.query.iter().any(|(key, value)| key == "ownerId" && self.owners.contains(&value.as_str()))
    }
}

impl Answers for Render {
    fn answer(&mut self, asked: &Asked) -> Reply {
        self.log.push(format!("{} {}", asked.method, asked.path));
        if asked.headers.get("authorization") != Some(&format!("Bearer {}", self.token)) {
            return Reply::Json(401, error("unauthorized", "Authorization information is missing or invalid."));
        }
        if !asked.body.is_empty() && asked.headers.get("content-type").map(String::as_str) != Some("application/json") {
            return Reply::Json(415, error("unsupported_media_type", "only JSON"));
        }
        let is_change = asked.method != "GET";
        let fault = if is_change { self.fault.take() } else { None };
        if self.too_many > 0 || fault == Some(Fault::TooMany) {
            self.too_many = self.too_many.saturating_sub(1);
            let reset = Timestamp::now().as_second() + 2;
            let headers = vec![
                ("Ratelimit-Limit", "400".to_owned()),
                ("Ratelimit-Remaining", "0".to_owned()),
                ("Ratelimit-Reset", reset.to_string()),
            ];
            return Reply::With(429, headers, error("rate_limited", "Rate limit has been surpassed."));
        }
        if fault == Some(Fault::CutBefore) {
            return Reply::Cut;
        }
        let reply = self.route(asked);
        match fault {
            Some(Fault::CutAfter) => Reply::Cut,
            Some(Fault::SilentAfter) => Reply::Silent,
            Some(Fault::GatewayAfter) => Reply::Json(502, json!({})),
            _ => reply.with(vec![("Ratelimit-Limit", "400".to_owned()), ("Ratelimit-Remaining", "399".to_owned())]),
        }
    }
}

impl Service {
    fn shown(&self) -> Value {
        let mut details = json!({"plan": "starter", "region": "oregon", "healthCheckPath": ""});
        if !matches!(self.kind, "cron_job" | "static_site") {
            details["numInstances"] = json!(self.count);
        }
        if self.disk {
            details["disk"] = json!({"id": "dsk-1", "name": "data", "mountPath": "/data", "sizeGB": 10});
        }
        json!({
            "id": self.id, "name": self.name, "type": self.kind, "ownerId": OWNER, "serviceDetails": details,
            "suspended": if self.suspended { "suspended" } else { "not_suspended" },
            "suspenders": if self.suspended { json!(["user"]) } else { json!([]) },
        })
    }
}

/// The number of instances that a body asks for, and nothing else.
fn count(asked: &Asked, body: &str) -> Result<u32, &'static str> {
    if !asked.query.is_empty() {
        return Err("unknown parameter");
    }
    let body: Value = serde_json::from_str(body).map_err(|_| "no JSON")?;
    let fields = body.as_object().filter(|fields| fields.len() == 1).ok_or("unknown fields")?;
    let count = fields.get("numInstances").and_then(Value::as_u64).ok_or("numInstances is missing")?;
    u32::try_from(count).ok().filter(|count| (1..=100).contains(count)).ok_or("1 to 100")
}

/// One page of rows, by `limit` and `cursor`; another parameter than these is none.
fn page(asked: &Asked, allowed: &[&str], rows: Vec<Value>) -> Reply {
    if asked.query.iter().any(|(key, _)| !allowed.contains(&key.as_str())) {
        return Reply::Json(400, error("bad_request", "unknown parameter"));
    }
    let word = |name: &str| asked.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let limit = word("limit").map_or(Some(20), |limit| limit.parse::<usize>().ok());
    let Some(limit) = limit.filter(|limit| (1..=100).contains(limit)) else {
        return Reply::Json(400, error("bad_request", "limit is 1 to 100"));
    };
    let from = match word("cursor") {
        None => 0,
        Some(cursor) => match cursor.strip_prefix("c=").and_then(|number| number.parse::<usize>().ok()) {
            Some(number) => number + 1,
            None => return Reply::Json(400, error("bad_request", "no such cursor")),
        },
    };
    let shown = rows.into_iter().enumerate().skip(from).take(limit).map(|(number, mut row)| {
        row["cursor"] = json!(format!("c={number}"));
        row
    });
    Reply::Json(200, shown.collect())
}

fn error(id: &str, message: &str) -> Value {
    json!({"id": id, "message": message})
}

fn nothing() -> Reply {
    Reply::Json(404, error("not_found", "Unable to find the requested resource."))
}
