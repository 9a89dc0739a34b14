//! Which cluster, which namespace of it, and as whom: as kubectl would find it.

use super::error::ClusterError;
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long it may take until a connection stands.
const CONNECT: Duration = Duration::from_secs(9);

/// What the settings say; what they do not say is found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    pub kubeconfig: Option<PathBuf>,
    pub context: Option<String>,
    pub namespace: Option<String>,
}

/// What was found.
pub(super) struct Found {
    pub(super) config: Config,
    /// What people call it.
    pub(super) context: String,
    pub(super) namespace: String,
}

pub(super) async fn find(
    choice: &Choice,
    environment: &(dyn Fn(&str) -> Option<String> + Sync),
) -> Result<Found, ClusterError> {
    let files = files(choice, environment);
    let (mut config, context) = match read(&files)? {
        Some(kubeconfig) => of_kubeconfig(kubeconfig, choice, &shown(&files)).await?,
        None if environment("KUBERNETES_SERVICE_HOST").is_some() && choice.context.is_none() => {
            let in_cluster = Config::incluster().map_err(|error| ClusterError::Config {
                file: "/var/run/secrets/kubernetes.io/serviceaccount".to_owned(),
                said: error.to_string(),
            })?;
            (in_cluster, "in-cluster".to_owned())
        }
        None => return Err(ClusterError::NoConfig { looked: shown(&files) }),
    };
    config.connect_timeout = Some(CONNECT);
    // A change is never sent twice.
    config.default_retry = false;
    let namespace = choice.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
    if !is_label(&namespace) {
        return Err(ClusterError::NotANamespace { name: namespace });
    }
    Ok(Found { config, context, namespace })
}

/// The contexts that there are to choose from, the current one first; none where there is no kubeconfig.
pub fn contexts(
    choice: &Choice,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<String>, Box<ClusterError>> {
    let Some(kubeconfig) = read(&files(choice, environment))? else { return Ok(Vec::new()) };
    let current = kubeconfig.current_context.unwrap_or_default();
    let mut names: Vec<String> = kubeconfig.contexts.into_iter().map(|context| context.name).collect();
    names.sort_by_key(|name| (*name != current, name.clone()));
    Ok(names)
}

/// The files that kubectl would read.
fn files(choice: &Choice, environment: &dyn Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    if let Some(file) = &choice.kubeconfig {
        return vec![file.clone()];
    }
    match environment("KUBECONFIG").filter(|list| !list.is_empty()) {
        Some(list) => std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect(),
        // The usual place may be empty: a pod of the cluster has none.
        None => environment("HOME")
            .map(|home| Path::new(&home).join(".kube/config"))
            .into_iter()
            .filter(|path| path.exists())
            .collect(),
    }
}

fn shown(files: &[PathBuf]) -> String {
    match files {
        [] => "~/.kube/config".to_owned(),
        files => files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", "),
    }
}

fn read(files: &[PathBuf]) -> Result<Option<Kubeconfig>, ClusterError> {
    let mut whole: Option<Kubeconfig> = None;
    for file in files {
        let bad = |error: kube::config::KubeconfigError| ClusterError::Config {
            file: file.display().to_string(),
            said: error.to_string(),
        };
        crate::file::refuse_odd(file).map_err(|source| ClusterError::Unopened { file: file.clone(), source })?;
        let next = Kubeconfig::read_from(file).map_err(bad)?;
        whole = Some(match whole {
            None => next,
            Some(earlier) => earlier.merge(next).map_err(bad)?,
        });
    }
    Ok(whole)
}

async fn of_kubeconfig(kubeconfig: Kubeconfig, choice: &Choice, file: &str) -> Result<(Config, String), ClusterError> {
    let known: Vec<String> = kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
    let name = choice.context.clone().or_else(|| kubeconfig.current_context.clone()).unwrap_or_default();
    if !known.contains(&name) {
        return Err(ClusterError::NoContext { file: file.to_owned(), name, known });
    }
    let options = KubeConfigOptions { context: Some(name.clone()), ..KubeConfigOptions::default() };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .map_err(|error| ClusterError::Config { file: file.to_owned(), said: error.to_string() })?;
    Ok((config, name))
}

/// Whether this may be part of an address: a DNS label, which the names of namespaces are.
fn is_label(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&name.len()) && name.chars().all(plain) && !name.starts_with('-') && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://10.0.0.1:6443"}}]
users: [{name: u, user: {token: t}}]
contexts:
  - {name: prod, context: {cluster: c, user: u, namespace: shop}}
  - {name: test, context: {cluster: c, user: u}}
current-context: test
"#;

    fn found(choice: &Choice, variables: &[(&str, &str)]) -> Result<Found, ClusterError> {
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let environment =
            |name: &str| variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(find(choice, &environment))
    }

    #[test]
    fn the_context_is_the_one_that_is_named_and_else_the_current_one() {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(home.path().join(".kube")).expect("a folder");
        let file = home.path().join(".kube/config");
        std::fs::write(&file, FILE).expect("a file");
        let home_text = home.path().to_string_lossy().into_owned();
        let usual = found(&Choice::default(), &[("HOME", &home_text)]).expect("found");
        assert_eq!((usual.context.as_str(), usual.namespace.as_str()), ("test", "default"));
        let prod = Choice { context: Some("prod".to_owned()), ..Choice::default() };
        let chosen = found(&prod, &[("HOME", "/nowhere"), ("KUBECONFIG", &file.to_string_lossy())]).expect("found");
        assert_eq!((chosen.context.as_str(), chosen.namespace.as_str()), ("prod", "shop"));
        assert!(!chosen.config.default_retry, "nothing is sent twice");
        let wrong = Choice { kubeconfig: Some(file), context: Some("prd".to_owned()), namespace: None };
        match found(&wrong, &[]).err().expect("no such context") {
            ClusterError::NoContext { name, known, .. } => {
                assert_eq!((name.as_str(), known.len()), ("prd", 2));
            }
            other => panic!("{other}"),
        }
    }

    #[test]
    fn nowhere_a_bad_file_and_a_bad_namespace_are_told() {
        let none = found(&Choice::default(), &[("HOME", "/nowhere")]).err().expect("nothing there");
        assert!(matches!(none, ClusterError::NoConfig { .. }), "{none}");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config");
        let choice = Choice { kubeconfig: Some(file.clone()), ..Choice::default() };
        assert!(matches!(found(&choice, &[]).err().expect("no file"), ClusterError::Unopened { .. }));
        std::fs::write(&file, "clusters: [").expect("a file");
        assert!(matches!(found(&choice, &[]).err().expect("no YAML"), ClusterError::Config { .. }));
        std::fs::write(&file, FILE).expect("a file");
        for name in ["a/b", "", "-a", "A", "a.b"] {
            let choice = Choice { namespace: Some(name.to_owned()), ..choice.clone() };
            assert!(matches!(found(&choice, &[]).err(), Some(ClusterError::NotANamespace { .. })), "{name}");
        }
    }
}
