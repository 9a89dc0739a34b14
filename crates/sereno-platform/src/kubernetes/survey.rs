//! What a namespace is made of, as far as it is declared: for whoever writes a system down for the first time. Of secrets
//! only the names are asked for; no value leaves the cluster for this.

use super::Kubernetes;
use super::error::ClusterError;
use crate::{PlatformError, WorkloadKind};
use futures_util::future::{try_join3, try_join4};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Container, EnvVar, PodSpec, PodTemplateSpec, Probe};
use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::BTreeSet;

/// What was found in a namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    pub workloads: Vec<Surveyed>,
    /// The names under which the world reaches it.
    pub hosts: BTreeSet<String>,
    /// The secrets, by name.
    pub secrets: BTreeSet<String>,
    /// What this user may not list, as a role names it.
    pub hidden: Vec<String>,
}

/// One workload, as it is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surveyed {
    pub kind: WorkloadKind,
    pub name: String,
    pub images: Vec<String>,
    /// The first word of each container's own command.
    pub programs: Vec<String>,
    pub ports: Vec<u16>,
    pub variables: Vec<Given>,
    /// What its probes ask: `:3000/health`.
    pub health: Vec<String>,
    /// The secrets that it uses, by name.
    pub secrets: BTreeSet<String>,
}

/// A variable that a workload is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub name: String,
    /// Of a value that is an address, what stands before `://`; nothing else of any value is kept.
    pub scheme: Option<String>,
}

impl Kubernetes {
    /// The name of the kubeconfig's context.
    pub fn context(&self) -> &str {
        &self.context
    }

    pub fn namespace_name(&self) -> &str {
        &self.paths.namespace
    }

    /// Asks what the namespace is made of.
    pub async fn survey(&self) -> Result<Survey, PlatformError> {
        Ok(self.ask_all().await.map_err(Box::new)?)
    }

    async fn ask_all(&self) -> Result<Survey, ClusterError> {
        let (api, kind) = (&self.api, |kind: WorkloadKind| self.paths.kind(kind));
        let (deployments, sets) = (kind(WorkloadKind::Deployment), kind(WorkloadKind::StatefulSet));
        let (daemons, crons, jobs) =
            (kind(WorkloadKind::DaemonSet), kind(WorkloadKind::CronJob), kind(WorkloadKind::Job));
        let workloads = try_join4(
            api.list::<Deployment>(&deployments),
            api.list::<StatefulSet>(&sets),
            api.list::<DaemonSet>(&daemons),
            api.list::<CronJob>(&crons),
        );
        let (ingresses, secrets) = (self.paths.of("networking.k8s.io/v1", "ingresses"), self.paths.core("secrets"));
        let (ingresses, secrets) = (api.list::<Ingress>(&ingresses), api.list_meta(&secrets));
        let others = async {
            let jobs = api.list::<Job>(&jobs).await?;
            Ok((jobs, ingresses.await, secrets.await))
        };
        let ((), (deployments, sets, daemons, crons), (jobs, ingresses, secrets)) =
            try_join3(self.exists(), workloads, others).await?;
        let crons = crons.iter().map(|cron| (cron, cron.spec.job_template.spec.as_ref().map(|spec| &spec.template)));
        let all = deployments.iter().map(|d| (WorkloadKind::Deployment, &d.metadata, Some(&d.spec.template)));
        let all = all.chain(sets.iter().map(|s| (WorkloadKind::StatefulSet, &s.metadata, Some(&s.spec.template))));
        let all = all.chain(daemons.iter().map(|d| (WorkloadKind::DaemonSet, &d.metadata, Some(&d.spec.template))));
        let all = all.chain(crons.map(|(cron, template)| (WorkloadKind::CronJob, &cron.metadata, template)));
        // A job that something else makes is that one's.
        let jobs = jobs.iter().filter(|job| job.metadata.owner_references.is_none());
        let all =
            all.chain(jobs.map(|job| (WorkloadKind::Job, &job.metadata, job.spec.as_ref().map(|spec| &spec.template))));
        let mut survey = Survey {
            workloads: all.filter_map(|(kind, meta, template)| surveyed(kind, meta, template)).collect(),
            ..Survey::default()
        };
        survey.hosts = survey.seen(ingresses, "ingresses.networking.k8s.io")?.iter().flat_map(hosts).collect();
        let named: Vec<ObjectMeta> = survey.seen(secrets, "secrets")?;
        // The tokens that the cluster makes for itself are not the system's.
        let is_own = |name: &String| !name.contains("-token-");
        let used = survey.workloads.iter().flat_map(|workload| workload.secrets.clone()).collect::<Vec<_>>();
        survey.secrets = named.into_iter().filter_map(|meta| meta.name).filter(is_own).chain(used).collect();
        Ok(survey)
    }
}

impl Survey {
    /// What was answered; nothing where this user may not ask, which is remembered, or the cluster has no such kind.
    fn seen<T>(&mut self, answer: Result<Vec<T>, ClusterError>, what: &str) -> Result<Vec<T>, ClusterError> {
        match answer {
            Err(ClusterError::Forbidden { .. }) => {
                self.hidden.push(format!("list {what}"));
                Ok(Vec::new())
            }
            Err(ClusterError::Said { code: 404, .. }) => Ok(Vec::new()),
            answer => answer,
        }
    }
}

/// One workload, from its template.
fn surveyed(kind: WorkloadKind, meta: &ObjectMeta, template: Option<&PodTemplateSpec>) -> Option<Surveyed> {
    let spec: &PodSpec = template?.spec.as_ref()?;
    let containers = || spec.containers.iter();
    let ports =
        containers().flat_map(|c| c.ports.iter().flatten()).filter_map(|p| u16::try_from(p.container_port).ok());
    let of_volumes = spec.volumes.iter().flatten().filter_map(|volume| volume.secret.as_ref()?.secret_name.clone());
    let health: BTreeSet<String> = containers().flat_map(health).collect();
    Some(Surveyed {
        kind,
        name: meta.name.clone()?,
        images: containers().filter_map(|container| container.image.clone()).collect(),
        programs: containers().filter_map(|container| container.command.as_ref()?.first().cloned()).collect(),
        ports: ports.collect(),
        variables: containers().flat_map(|c| c.env.iter().flatten()).map(variable).collect(),
        health: health.into_iter().collect(),
        secrets: containers().flat_map(secrets).chain(of_volumes).collect(),
    })
}

fn variable(variable: &EnvVar) -> Given {
    let plain = |scheme: &str| scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let scheme = variable.value.as_deref().and_then(|value| value.trim().split_once("://")).map(|(scheme, _)| scheme);
    Given { name: variable.name.clone(), scheme: scheme.filter(|s| plain(s)).map(str::to_owned) }
}

/// Where probes ask a container over HTTP; a port that has a name is looked up.
fn health(container: &Container) -> Vec<String> {
    let probes = [&container.startup_probe, &container.readiness_probe, &container.liveness_probe];
    let asked = |probe: &Probe| {
        let get = probe.http_get.as_ref()?;
        let port = match &get.port {
            IntOrString::Int(port) => Some(*port),
            IntOrString::String(name) => name.parse().ok().or_else(|| {
                let ports = container.ports.iter().flatten();
                ports.filter(|port| port.name.as_deref() == Some(name)).map(|port| port.container_port).next()
            }),
        };
        Some(format!(":{}{}", port?, get.path.as_deref().unwrap_or("/")))
    };
    probes.into_iter().flatten().filter_map(asked).collect()
}

/// The secrets that the variables of a container come from.
fn secrets(container: &Container) -> Vec<String> {
    let whole = container.env_from.iter().flatten().filter_map(|from| Some(from.secret_ref.as_ref()?.name.clone()));
    let single = container
        .env
        .iter()
        .flatten()
        .filter_map(|variable| Some(variable.value_from.as_ref()?.secret_key_ref.as_ref()?.name.clone()));
    whole.chain(single).collect()
}

fn hosts(ingress: &Ingress) -> Vec<String> {
    let rules = ingress.spec.iter().flat_map(|spec| spec.rules.iter().flatten());
    rules.filter_map(|rule| rule.host.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_workload_is_told_by_names_and_never_by_values() {
        let template: PodTemplateSpec = serde_json::from_value(json!({"spec": {
            "volumes": [{"name": "tls", "secret": {"secretName": "api-tls"}}, {"name": "x", "emptyDir": {}}],
            "containers": [{
                "name": "api", "image": "team/api:1", "command": ["node", "server.js"],
                "ports": [{"containerPort": 3000, "name": "http"}],
                "env": [
                    {"name": "DATABASE_URL", "value": "postgres://app:hunter2@db/app"},
                    {"name": "REDIS_URL", "valueFrom": {"secretKeyRef": {"name": "redis", "key": "url"}}},
                    {"name": "ODD", "value": "hunter2 hunter2://x"},
                ],
                "envFrom": [{"secretRef": {"name": "api-env"}}, {"configMapRef": {"name": "c"}}],
                "readinessProbe": {"httpGet": {"path": "/health", "port": "http"}},
                "livenessProbe": {"httpGet": {"port": 3000}},
                "startupProbe": {"exec": {"command": ["true"]}},
            }],
        }}))
        .expect("a template");
        let meta = ObjectMeta { name: Some("api".to_owned()), ..ObjectMeta::default() };
        let found = surveyed(WorkloadKind::Deployment, &meta, Some(&template)).expect("a workload");
        assert_eq!(found.health, [":3000/", ":3000/health"]);
        assert_eq!(found.secrets, ["api-env", "api-tls", "redis"].map(str::to_owned).into());
        let told: Vec<_> = found.variables.iter().map(|v| (v.name.as_str(), v.scheme.as_deref())).collect();
        assert_eq!(told, [("DATABASE_URL", Some("postgres")), ("REDIS_URL", None), ("ODD", None)]);
        assert_eq!((found.ports.as_slice(), found.programs.as_slice()), (&[3000][..], &["node".to_owned()][..]));
        assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
    }

    #[test]
    fn an_ingress_is_told_by_its_hosts() {
        let ingress: Ingress = serde_json::from_value(json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "shop"},
            "spec": {"rules": [{"host": "shop.example.com"}, {}]},
        }))
        .expect("an ingress");
        assert_eq!(hosts(&ingress), ["shop.example.com"]);
    }

    #[test]
    fn a_port_whose_name_is_nowhere_is_left_out() {
        let container: Container = serde_json::from_value(json!({
            "name": "x", "readinessProbe": {"httpGet": {"path": "/x", "port": "none"}},
        }))
        .expect("a container");
        assert_eq!(health(&container), Vec::<String>::new());
    }
}
