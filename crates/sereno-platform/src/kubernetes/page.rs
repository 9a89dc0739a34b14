//! The routes of an ingress, and what a secret holds.

use super::api::Api;
use super::calls::Paths;
use super::error::ClusterError;
use crate::call::ClusterRequest;
use crate::{Call, PlatformError, Routes, Variable};
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

fn path(paths: &Paths, ingress: &str) -> String {
    format!("{}/{ingress}", paths.of("networking.k8s.io/v1", "ingresses"))
}

/// Its routes, and the version of the object that has them.
pub(super) async fn routes(api: &Api, paths: &Paths, ingress: &str) -> Result<(Routes, String), PlatformError> {
    let found: Value = match api.get(&path(paths, ingress)).await {
        Err(ClusterError::Said { code: 404, .. }) => return Err(not_there(paths, "ingress", ingress)),
        found => found.map_err(Box::new)?,
    };
    let part = |name: &str| Some(found["spec"][name].clone()).filter(|part| !part.is_null());
    let version = found["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
    Ok((Routes { default: part("defaultBackend"), rules: part("rules") }, version))
}

/// Both parts whole, and only of the very version that was looked at: of any other the cluster takes no patch.
pub(super) fn route_call(paths: &Paths, ingress: &str, version: &str, to: &Routes) -> Call {
    let mut spec = serde_json::Map::new();
    if let Some(Value::Object(backend)) = &to.default {
        let whole = std::iter::once(("$patch".to_owned(), json!("replace")));
        let backend: serde_json::Map<_, _> = whole.chain(backend.clone()).collect();
        spec.insert("defaultBackend".to_owned(), backend.into());
    }
    spec.extend(to.rules.clone().map(|rules| ("rules".to_owned(), rules)));
    let body = json!({"metadata": {"resourceVersion": version}, "spec": spec});
    Call::Cluster { request: ClusterRequest::MergeByName { path: path(paths, ingress), body } }
}

pub(super) async fn secret(api: &Api, paths: &Paths, name: &str) -> Result<Vec<Variable>, PlatformError> {
    let found: Secret = match api.get(&paths.core(&format!("secrets/{name}"))).await {
        Err(ClusterError::Said { code: 404, .. }) => return Err(not_there(paths, "secret", name)),
        found => found.map_err(Box::new)?,
    };
    let source = format!("secret/{name}");
    let variable = |(name, value): (String, k8s_openapi::ByteString)| Variable {
        name,
        value: String::from_utf8(value.0).ok(),
        source: source.clone(),
        is_secret: true,
    };
    Ok(found.data.unwrap_or_default().into_iter().map(variable).collect())
}

fn not_there(paths: &Paths, kind: &str, name: &str) -> PlatformError {
    let namespace = &paths.namespace;
    PlatformError::Refused {
        en: format!("there is no {kind} `{name}` in the namespace {namespace}"),
        es: format!("no existe el {kind} `{name}` en el namespace {namespace}"),
        hint: Some(Box::new(sereno_model::Text::same(format!("kubectl get {kind} -n {namespace}")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ingress_is_changed_only_if_it_is_as_it_was_seen() {
        let paths = Paths { namespace: "shop".to_owned(), cron: "v1" };
        let to = Routes { default: Some(json!({"service": {"name": "page"}})), rules: Some(json!([{"host": "a"}])) };
        let call = route_call(&paths, "web", "1994", &to);
        insta::assert_snapshot!(call.to_string(), @r#"PATCH /apis/networking.k8s.io/v1/namespaces/shop/ingresses/web {"metadata":{"resourceVersion":"1994"},"spec":{"defaultBackend":{"$patch":"replace","service":{"name":"page"}},"rules":[{"host":"a"}]}}"#);
    }
}
