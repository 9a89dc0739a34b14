//! The page that people see instead of a system that is stopped: a file that an edge looks for, or the routes of an ingress.

use crate::PlatformError;
use http::{Request, Uri};
use kube::{Client, Config};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sereno_model::Text;
use std::time::Duration;

/// How long an address may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// Where an ingress sends what comes to it: the parts of its definition that name backends, as the cluster has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routes {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Value>,
}

impl Routes {
    /// The same hosts and paths, all of them sent to one service; `None` where nothing of it names a backend.
    pub fn all_to(&self, service: &str, port: &str) -> Option<Self> {
        let port = port.parse::<u16>().map_or_else(|_| json!({"name": port}), |number| json!({"number": number}));
        let backend = json!({"service": {"name": service, "port": port}});
        let mut to = self.clone();
        let mut backends: Vec<&mut Value> = to.default.iter_mut().collect();
        for rule in to.rules.as_mut().and_then(Value::as_array_mut).into_iter().flatten() {
            let paths = rule.get_mut("http").and_then(|http| http.get_mut("paths")).and_then(Value::as_array_mut);
            backends.extend(paths.into_iter().flatten().filter_map(|path| path.get_mut("backend")));
        }
        if backends.is_empty() {
            return None;
        }
        for one in backends {
            one.clone_from(&backend);
        }
        Some(to)
    }
}

/// The status that an address answers with, whatever it is. A redirect is not followed.
pub async fn status_of(url: &str) -> Result<u16, PlatformError> {
    let uri: Uri = url.parse().map_err(|_| not_an_address(url))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(not_an_address(url)) };
    let base: Uri = format!("{scheme}://{authority}").parse().map_err(|_| not_an_address(url))?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let unanswered = |said: String| PlatformError::Refused {
        en: format!("{url} does not answer: {said}"),
        es: format!("{url} no responde: {said}"),
        hint: None,
    };
    // The client of clusters speaks to any server; what it would try again is the very answer that is waited for.
    let mut config = Config::new(base);
    config.default_retry = false;
    let client = Client::try_from(config).map_err(|error| unanswered(error.to_string()))?;
    let request = Request::get(path).body(kube::client::Body::empty()).map_err(|_| not_an_address(url))?;
    match tokio::time::timeout(ANSWER, client.send(request)).await {
        Ok(Ok(answer)) => Ok(answer.status().as_u16()),
        Ok(Err(error)) => Err(unanswered(innermost(&error))),
        Err(_) => Err(unanswered(format!("{} s", ANSWER.as_secs()))),
    }
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source()).last().map(ToString::to_string).unwrap_or_default()
}

fn not_an_address(url: &str) -> PlatformError {
    PlatformError::Refused {
        en: format!("`{url}` is not an address"),
        es: format!("`{url}` no es una dirección"),
        hint: Some(Box::new(Text::same("https://shop.example.com/"))),
    }
}

pub(crate) fn no_ingress_here(target: &str, ingress: &str) -> PlatformError {
    PlatformError::Refused {
        en: format!("{target} has no ingress `{ingress}`: ingresses are Kubernetes'"),
        es: format!("{target} no tiene un ingress `{ingress}`: los ingress son de Kubernetes"),
        hint: Some(Box::new(Text::new(
            "set component and file in [maintenance]",
            "defina component y file en [maintenance]",
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_backend_is_sent_to_the_page_and_nothing_else_is_changed() {
        let path = |service: &str| json!({"path": "/", "pathType": "Prefix", "backend": {"service": {"name": service, "port": {"name": "http"}}}});
        let rules = json!([{"host": "a.example.com", "http": {"paths": [path("api"), path("web")]}}, {"host": "b.example.com"}]);
        let default = json!({"resource": {"kind": "StorageBucket", "name": "files"}});
        let to =
            Routes { default: Some(default), rules: Some(rules) }.all_to("page", "80").expect("there are backends");
        let page = json!({"service": {"name": "page", "port": {"number": 80}}});
        assert_eq!(to.default.as_ref(), Some(&page));
        let rules = to.rules.expect("rules");
        assert_eq!(rules[0]["host"], "a.example.com");
        let sent = json!({"path": "/", "pathType": "Prefix", "backend": page});
        assert_eq!(rules[0]["http"]["paths"], json!([sent, sent]));
        assert_eq!(rules[1], json!({"host": "b.example.com"}));
        let none = Routes { default: None, rules: Some(json!([{"host": "b.example.com"}])) };
        assert_eq!(none.all_to("page", "http"), None);
    }
}
