//! Questions to a cluster's API, each with a limit to how long its answer may take.

use super::client;
use super::error::ClusterError;
use http::Request;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Client, Config};
use serde::de::DeserializeOwned;
use sereno_model::Text;
use std::sync::OnceLock;
use std::time::Duration;

/// Of the things of a kind, what is common to all kinds.
const ONLY_META: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// A cluster, as one user sees it.
pub(super) struct Api {
    questions: Client,
    /// Made when something is streamed for the first time.
    streams: OnceLock<Client>,
    config: Config,
    /// Its address, as the kubeconfig has it.
    pub(super) server: String,
}

/// The part of a list that is wanted: each item as it is, for servers name some of them by older versions.
#[derive(serde::Deserialize)]
struct List<K> {
    items: Option<Vec<K>>,
}

#[derive(serde::Deserialize)]
struct Meta {
    metadata: ObjectMeta,
}

impl Api {
    pub(super) fn new(config: Config) -> Result<Self, kube::Error> {
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        Ok(Self { questions: client::of_questions(&config)?, streams: OnceLock::new(), config, server })
    }

    /// The client of what goes on.
    pub(super) fn streams(&self) -> Result<Client, ClusterError> {
        if let Some(client) = self.streams.get() {
            return Ok(client.clone());
        }
        let made = client::of_streams(&self.config).map_err(|error| self.said("connect".to_owned(), error))?;
        Ok(self.streams.get_or_init(|| made).clone())
    }

    /// What is at a path.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClusterError> {
        self.ask(Request::get(path).body(Vec::new()), action("get", path)).await
    }

    /// All things of a kind.
    pub(super) async fn list<K: DeserializeOwned>(&self, path: &str) -> Result<Vec<K>, ClusterError> {
        let list: List<K> = self.ask(Request::get(path).body(Vec::new()), action("list", path)).await?;
        Ok(list.items.unwrap_or_default())
    }

    /// All things of a kind, by name, id and owners only: the rest may be long.
    pub(super) async fn list_meta(&self, path: &str) -> Result<Vec<ObjectMeta>, ClusterError> {
        let request = Request::get(path).header(http::header::ACCEPT, ONLY_META).body(Vec::new());
        let list: List<Meta> = self.ask(request, action("list", path)).await?;
        Ok(list.items.unwrap_or_default().into_iter().map(|item| item.metadata).collect())
    }

    /// All things of a kind; nothing where the cluster has no such kind, or does not let this user see it.
    pub(super) async fn list_if_any<K: DeserializeOwned>(&self, path: &str) -> Result<Vec<K>, ClusterError> {
        match self.list(path).await {
            Err(ClusterError::Said { code: 404 | 503, .. } | ClusterError::Forbidden { .. }) => Ok(Vec::new()),
            answer => answer,
        }
    }

    /// Changes what is at a path by a patch of a media type.
    pub(super) async fn patch(&self, path: &str, media: &str, body: &serde_json::Value) -> Result<(), ClusterError> {
        let request =
            Request::patch(path).header(http::header::CONTENT_TYPE, media).body(body.to_string().into_bytes());
        self.ask::<serde::de::IgnoredAny>(request, action("patch", path)).await.map(drop)
    }

    /// Takes away what is at a path, as the body says.
    pub(super) async fn delete(&self, path: &str, body: &serde_json::Value) -> Result<(), ClusterError> {
        let request = Request::delete(path)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into_bytes());
        self.ask::<serde::de::IgnoredAny>(request, action("delete", path)).await.map(drop)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        request: http::Result<Request<Vec<u8>>>,
        action: String,
    ) -> Result<T, ClusterError> {
        let request =
            request.map_err(|error| ClusterError::Unreadable { action: action.clone(), said: error.to_string() })?;
        match tokio::time::timeout(ANSWER, self.questions.request(request)).await {
            Ok(answer) => answer.map_err(|error| self.said(action, error)),
            Err(_) => Err(self.silent()),
        }
    }

    /// The stream of a text that may have no end.
    pub(super) async fn stream(&self, path: &str) -> Result<impl futures_util::io::AsyncBufRead + use<>, ClusterError> {
        let action = action("get", path);
        let request = Request::get(path)
            .body(Vec::new())
            .map_err(|error| ClusterError::Unreadable { action: action.clone(), said: error.to_string() })?;
        match tokio::time::timeout(ANSWER, self.streams()?.request_stream(request)).await {
            Ok(answer) => answer.map_err(|error| self.said(action, error)),
            Err(_) => Err(self.silent()),
        }
    }

    pub(super) fn silent(&self) -> ClusterError {
        let seconds = ANSWER.as_secs();
        let said = Text::new(format!("nothing for {seconds} s"), format!("nada durante {seconds} s"));
        ClusterError::NoAnswer { server: self.server.clone(), said, sent: true }
    }

    /// A client's error as what it means.
    pub(super) fn said(&self, action: String, error: kube::Error) -> ClusterError {
        let server = self.server.clone();
        match error {
            kube::Error::Api(status) => match status.code {
                401 => ClusterError::Unauthorized { server, said: status.message },
                403 => ClusterError::Forbidden { server, action, said: status.message },
                429 => ClusterError::TooOften { server, said: status.message },
                code => ClusterError::Said { action, code, said: status.message },
            },
            kube::Error::SerdeError(error) => ClusterError::Unreadable { action, said: error.to_string() },
            kube::Error::Auth(error) => ClusterError::Unauthorized { server, said: innermost(&error) },
            error => unanswered(server, &error),
        }
    }
}

/// What a connection that failed means, by what its causes say.
pub(super) fn unanswered(server: String, error: &(dyn std::error::Error + 'static)) -> ClusterError {
    let said = innermost(error);
    if said.contains("certificate") || said.contains("TLS") || said.contains("corrupt message") {
        return ClusterError::Tls { server, said };
    }
    let is_refused = std::iter::successors(Some(error), |error| error.source())
        .any(|error| error.to_string().contains("error (Connect)"));
    ClusterError::NoAnswer { server, said: Text::same(said), sent: !is_refused }
}

/// The cause of the cause.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let last = std::iter::successors(Some(error), |error| error.source()).last();
    last.map(ToString::to_string).unwrap_or_default()
}

/// A verb and a resource, as a role names them: `list deployments.apps`.
fn action(verb: &str, path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let mut segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let group = match segments.first() {
        Some(&"api") if segments.len() > 2 => {
            segments.drain(..2);
            None
        }
        Some(&"apis") if segments.len() > 3 => segments.drain(..3).nth(1).map(str::to_owned),
        _ => return format!("{verb} {path}"),
    };
    if segments.len() > 2 && segments[0] == "namespaces" {
        segments.drain(..2);
    }
    // A resource, a name, and a part of what has that name.
    let resource = match segments[..] {
        [resource, _, part, ..] => format!("{resource}/{part}"),
        [resource, ..] => resource.to_owned(),
        [] => path.to_owned(),
    };
    match group {
        Some(group) => format!("{verb} {resource}.{group}"),
        None => format!("{verb} {resource}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_named_as_a_role_names_it() {
        for (verb, path, named) in [
            ("list", "/apis/apps/v1/namespaces/shop/deployments", "list deployments.apps"),
            ("patch", "/apis/apps/v1/namespaces/shop/deployments/api", "patch deployments.apps"),
            ("list", "/api/v1/namespaces/shop/pods?limit=5", "list pods"),
            ("get", "/api/v1/namespaces/shop/pods/api-0/log?follow=true", "get pods/log"),
            ("get", "/api/v1/namespaces/shop", "get namespaces"),
            ("list", "/api/v1/nodes", "list nodes"),
            ("get", "/version", "get /version"),
        ] {
            assert_eq!(action(verb, path), named, "{path}");
        }
    }
}
