//! A namespace of a cluster as what a project is made of.

use super::find::{Found, Keeper, Place};
use super::kinds::Kind;
use crate::cli::InitArgs;
use sereno_model::Text;
use sereno_platform::kubernetes::{Choice, Kubernetes, Survey, Surveyed};
use sereno_platform::{PlatformError, WorkloadKind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Whether a cluster was named.
pub(super) fn is_named(args: &InitArgs) -> bool {
    args.context.is_some() || args.namespace.is_some() || args.kubeconfig.is_some()
}

/// Asks the cluster, and puts what it is in the place of what the folder shows.
pub(super) async fn look(
    found: &mut Found,
    directory: &Path,
    args: &InitArgs,
    environment: &(dyn Fn(&str) -> Option<String> + Sync),
) -> Result<(), PlatformError> {
    let choice = Choice {
        kubeconfig: args.kubeconfig.as_ref().map(|file| directory.join(file)),
        context: args.context.clone(),
        namespace: args.namespace.clone(),
    };
    let cluster = Kubernetes::connect(&choice, environment).await?;
    let survey = cluster.survey().await?;
    found.platform = Some(Place::Kubernetes {
        // Named, so that it stays the same when somebody turns to another one.
        context: (cluster.context() != "in-cluster").then(|| cluster.context().to_owned()),
        namespace: cluster.namespace_name().to_owned(),
        kubeconfig: args.kubeconfig.clone(),
    });
    take(found, &survey);
    Ok(())
}

/// What was surveyed, in the words of a project.
fn take(found: &mut Found, survey: &Survey) {
    let Some(Place::Kubernetes { namespace, .. }) = &found.platform else { return };
    if survey.workloads.is_empty() {
        found.notes.push(Text::new(
            format!("the namespace {namespace} has no workloads: is it the right one? (--namespace)"),
            format!("el namespace {namespace} no tiene cargas: ¿es el correcto? (--namespace)"),
        ));
    }
    for action in &survey.hidden {
        found.notes.push(Text::new(
            format!("this user may not {action}: they were not looked at"),
            format!("este usuario no tiene permiso de {action}: no se miraron"),
        ));
    }
    let shown = |workload: &Surveyed| match workload.kind {
        WorkloadKind::Deployment => workload.name.clone(),
        kind => format!("{} ({})", workload.name, kind.as_str()),
    };
    let own = survey.workloads.iter().filter(|workload| kind_of(workload).is_none());
    found.services = own.map(shown).collect();
    found.stores = keepers(&survey.workloads);
    if found.stores.iter().any(|keeper| keeper.kind == Kind::Redis && !keeper.services.is_empty()) {
        found.notes.push(Text::new(
            "queues: the Redis of the cluster is not on this machine, and was not asked",
            "colas: el Redis del cluster no está en esta máquina, y no se le preguntó",
        ));
    }
    let probed = |workload: &Surveyed| -> Vec<String> {
        workload.health.iter().map(|place| format!("{}{place}", workload.name)).collect()
    };
    found.probes = survey.workloads.iter().flat_map(probed).collect();
    found.hosts = survey.hosts.iter().cloned().collect();
    found.secrets = survey.secrets.iter().cloned().collect();
}

/// What a workload keeps for others, if that is what it is for. A pod whose helpers only speak to one is none.
fn kind_of(workload: &Surveyed) -> Option<Kind> {
    let named = |texts: &[String]| texts.iter().find_map(|text| Kind::of_program(text));
    named(&workload.images)
        .or_else(|| named(&workload.programs))
        .or_else(|| workload.ports.iter().find_map(|port| Kind::of_port(*port)))
        .or_else(|| Kind::of_program(&workload.name))
}

/// Databases, caches and brokers: those that run here, and the variables that name them, wherever they are.
fn keepers(workloads: &[Surveyed]) -> Vec<Keeper> {
    let mut by_kind: BTreeMap<Kind, (Vec<String>, BTreeSet<String>)> = BTreeMap::new();
    for workload in workloads {
        if let Some(kind) = kind_of(workload) {
            by_kind.entry(kind).or_default().0.push(workload.name.clone());
            continue;
        }
        for variable in &workload.variables {
            let kind =
                variable.scheme.as_deref().and_then(Kind::of_scheme).or_else(|| Kind::of_variable(&variable.name));
            if let Some(kind) = kind {
                by_kind.entry(kind).or_default().1.insert(variable.name.clone());
            }
        }
    }
    let keeper = |(kind, (services, variables)): (Kind, (Vec<String>, BTreeSet<String>))| Keeper {
        kind,
        services,
        variables: variables.into_iter().collect(),
    };
    by_kind.into_iter().map(keeper).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sereno_platform::kubernetes::Given;

    fn workload(name: &str, image: &str, ports: &[u16], variables: &[(&str, Option<&str>)]) -> Surveyed {
        let variable = |(name, scheme): &(&str, Option<&str>)| Given {
            name: (*name).to_owned(),
            scheme: scheme.map(str::to_owned),
        };
        Surveyed {
            kind: WorkloadKind::Deployment,
            name: name.to_owned(),
            images: vec![image.to_owned()],
            programs: Vec::new(),
            ports: ports.to_vec(),
            variables: variables.iter().map(variable).collect(),
            health: vec![":3000/health".to_owned()],
            secrets: BTreeSet::new(),
        }
    }

    #[test]
    fn what_keeps_data_is_told_apart_and_named_by_those_who_use_it() {
        let api =
            workload("api", "team/api:1", &[3000], &[("DB", Some("postgresql")), ("REDIS_HOST", None), ("X", None)]);
        let db = workload("db", "postgres:16", &[], &[("POSTGRES_URL", None)]);
        let cache = workload("cache", "team/own:1", &[6379], &[]);
        let place = Place::Kubernetes { context: None, namespace: "shop".to_owned(), kubeconfig: None };
        let mut found = Found { platform: Some(place), ..Found::default() };
        let survey =
            Survey { workloads: vec![api, db, cache], hidden: vec!["list secrets".to_owned()], ..Survey::default() };
        take(&mut found, &survey);
        assert_eq!(found.services, ["api"]);
        let told: Vec<_> = found.stores.iter().map(|k| (k.kind, k.services.join(","), k.variables.join(","))).collect();
        let expected = [
            (Kind::PostgreSql, "db".to_owned(), "DB".to_owned()),
            (Kind::Redis, "cache".to_owned(), "REDIS_HOST".to_owned()),
        ];
        assert_eq!(told, expected);
        assert_eq!(found.probes[0], "api:3000/health");
        assert!(found.notes.iter().any(|note| note.en.contains("may not list secrets")), "{:?}", found.notes);
    }
}
