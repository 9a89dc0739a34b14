//! A system put on a cluster, and taken away.

use std::fs;
use std::net::Ipv4Addr;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Kube, names};
use crate::failure::{Doing, Failure, Result};
use crate::host::daemon::{Daemon, own_program};
use crate::host::{compose, wait};
use crate::stack::Stack;

/// On the namespace: which lab it belongs to.
const OWNER: &str = "lab/directory";

pub(crate) fn up(stack: &Stack<'_>) -> Result<()> {
    let (kube, manifests) = (stack.kube()?, stack.manifests()?);
    kube.answers()?;
    claim(stack, &kube)?;
    build_image(stack, stack.env.get("APP_VERSION").unwrap_or("latest"))?;
    if let Some(daemon) = names_daemon(stack, &kube)? {
        let (daemon, at) = daemon;
        let child = daemon.start()?;
        daemon.await_ready(child, || names::answers(at))?;
    }
    for file in manifests.files {
        apply(stack, file)?;
    }
    let edge = edge_daemon(stack)?;
    let child = edge.start()?;
    let port = stack.port("PORT")?;
    edge.await_ready(child, || std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())?;
    for component in stack.system.components() {
        kube.await_rollout(component.name)?;
    }
    stack.system.migrate(stack)
}

/// Applies one file of the system's directory with the lab's values in it.
pub(crate) fn apply(stack: &Stack<'_>, file: &str) -> Result<()> {
    let path = stack.home.path(file);
    let text = fs::read_to_string(&path).doing(|| path.display().to_string())?;
    let kube = stack.kube()?;
    let dns = if has_dns(&kube)? { None } else { gateway()? };
    let filled = fill(&text, |name| match name {
        "DNS" => Some(dns_of_pods(&kube.namespace, dns)),
        "VOLUMES" => Some(stack.home.path("volumes").to_string_lossy().into_owned()),
        _ => stack.env.get(name).map(str::to_owned),
    });
    let filled =
        filled.map_err(|name| Failure::new(format!("{}: ${{{name}}} has no value in .env", path.display())))?;
    kube.feed(&["apply", "-f", "-"], &filled).map(|_| ())
}

/// A namespace that is somebody else's is not a place to put databases in, nor to wipe.
fn claim(stack: &Stack<'_>, kube: &Kube) -> Result<()> {
    let mine = stack.home.dir().to_string_lossy().into_owned();
    let name = kube.namespace.as_str();
    let what = format!("the old namespace {name} is gone");
    let mut found = None;
    wait::slowly(&what, Duration::from_mins(3), || {
        found = kube.get("namespace", name)?;
        Ok(found.as_ref().is_none_or(|one| one.pointer("/metadata/deletionTimestamp").is_none()))
    })?;
    let Some(found) = found else {
        let metadata = json!({"name": name, "annotations": {OWNER: mine}});
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}).to_string();
        return kube.feed(&["create", "-f", "-"], &namespace).map(|_| ());
    };
    let owner = owner_of(&found);
    if owner == Some(mine.as_str()) {
        return Ok(());
    }
    let whose = owner.map_or_else(|| "is not the lab's".to_owned(), |owner| format!("belongs to the lab in {owner}"));
    Err(Failure::new(format!("namespace {name} {whose}")).hint("choose another one with --namespace"))
}

fn owner_of(namespace: &Value) -> Option<&str> {
    namespace.pointer("/metadata/annotations")?.get(OWNER)?.as_str()
}

/// The image, in the local engine: a node that runs on it takes it from there.
pub(crate) fn build_image(stack: &Stack<'_>, version: &str) -> Result<()> {
    compose::engine()?;
    let bin = stack.home.path("bin");
    fs::create_dir_all(&bin).doing(|| format!("creating {}", bin.display()))?;
    let program = own_program()?;
    fs::copy(&program, bin.join("lab")).doing(|| format!("copying {}", program.display()))?;
    let (tag, version) = (format!("{}:{version}", stack.manifests()?.image), format!("VERSION={version}"));
    let words = ["build", "--network", "host", "--build-arg", version.as_str(), "-t", tag.as_str(), "."];
    compose::docker(stack.home.dir(), &words)?;
    // What had this name before and runs nowhere. Somebody else may be tidying up at this moment, which is as good.
    let old = format!("label=lab={}", stack.system.name());
    let _ = compose::docker(stack.home.dir(), &["image", "prune", "--force", "--filter", &old]);
    Ok(())
}

pub(crate) fn down(stack: &Stack<'_>, wipe: bool) -> Result<()> {
    let kube = stack.kube()?;
    edge_daemon(stack)?.stop()?;
    if wipe {
        remove(stack, &kube)?;
    } else {
        for component in stack.system.components().iter().rev() {
            kube.scale_to_zero(component.name)?;
        }
        kube.run(&["scale", "deployment", "--all", "--replicas=0"])?;
    }
    if let Some((daemon, _)) = names_daemon(stack, &kube)? {
        daemon.stop()?;
    }
    Ok(())
}

fn remove(stack: &Stack<'_>, kube: &Kube) -> Result<()> {
    let selector = format!("lab-namespace={}", kube.namespace);
    let volumes = ["delete", "persistentvolumes", "-l", &selector, "--ignore-not-found"];
    let Some(found) = kube.get("namespace", &kube.namespace)? else {
        return kube.run(&volumes).map(|_| ());
    };
    if owner_of(&found) != Some(stack.home.dir().to_string_lossy().as_ref()) {
        return Ok(());
    }
    let pods = kube.run(&["get", "pods", "-o", "name"])?;
    for pod in pods.lines() {
        // One that is held would hold the namespace; one that is gone by now is what is wanted.
        let _ = kube.run(&["patch", pod, "--type=merge", "-p", r#"{"metadata":{"finalizers":null}}"#]);
    }
    kube.run(&["delete", "namespace", &kube.namespace, "--wait=false"])?;
    kube.run(&["delete", "pods", "--all", "--grace-period=1", "--wait=false"])?;
    let what = format!("namespace {} is gone", kube.namespace);
    wait::slowly(&what, Duration::from_mins(4), || Ok(kube.get("namespace", &kube.namespace)?.is_none()))?;
    kube.run(&volumes).map(|_| ())
}

/// What users come through, on `PORT`.
fn edge_daemon(stack: &Stack<'_>) -> Result<Daemon> {
    stack.own_daemon("edge", &["serve", stack.system.name(), "edge"])
}

/// Where the cluster has no DNS of its own, and its pods' way out is ours.
fn names_daemon(stack: &Stack<'_>, kube: &Kube) -> Result<Option<(Daemon, Ipv4Addr)>> {
    if has_dns(kube)? {
        return Ok(None);
    }
    let Some(at) = gateway()? else {
        return Err(Failure::new(
            "the cluster has no DNS (kube-dns in kube-system), and its pods are not on this machine",
        ));
    };
    let mut daemon = stack.own_daemon("names", &["serve", stack.system.name(), "names"])?;
    daemon.environment.push(("NAMES_AT".to_owned(), at.to_string()));
    Ok(Some((daemon, at)))
}

fn has_dns(kube: &Kube) -> Result<bool> {
    kube.run(&["get", "service", "kube-dns", "-n", "kube-system", "--ignore-not-found", "-o", "name"])
        .map(|found| !found.is_empty())
}

/// This machine, as pods on the engine's bridge see it.
fn gateway() -> Result<Option<Ipv4Addr>> {
    let output = Command::new("docker")
        .args(["network", "inspect", "bridge", "--format", "{{range .IPAM.Config}}{{.Gateway}} {{end}}"])
        .output()
        .doing(|| "docker network inspect bridge".to_owned())?;
    Ok(String::from_utf8_lossy(&output.stdout).split_whitespace().find_map(|word| word.parse().ok()))
}

/// Two fields of a pod's template, at their depth; nothing where the cluster's own DNS will do.
fn dns_of_pods(namespace: &str, at: Option<Ipv4Addr>) -> String {
    let Some(at) = at else {
        return String::new();
    };
    format!(
        "dnsPolicy: None\n      dnsConfig: {{nameservers: [{at}], options: [{{name: ndots, value: \"5\"}}], \
         searches: [{namespace}.svc.cluster.local, svc.cluster.local, cluster.local]}}"
    )
}

/// Puts a value for each `${NAME}`, or names the one that has none.
fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> std::result::Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        filled.push_str(before);
        filled.push_str(&value(name).ok_or_else(|| name.to_owned())?);
        rest = after;
    }
    Ok(filled + rest)
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn every_name_has_its_value_or_is_named() {
        let value = |name: &str| (name == "A").then(|| "1".to_owned());
        assert_eq!(fill("x: ${A}, y: $(A) ${A}", value).as_deref(), Ok("x: 1, y: $(A) 1"));
        assert_eq!(fill("x: ${B}", value), Err("B".to_owned()));
    }
}
