//! What pm2 gives its apps and what they keep: environment, versions, logs, files.

use super::{Pm2, read};
use crate::host::{self, Host};
use crate::look::{merged, not_copied};
use crate::systemd::no_versions;
use crate::{Component, Instance, PlatformError, Variable, Version, Volume};
use futures_util::future::try_join_all;
use serde::Deserialize;
use serde_json::Value;
use sereno_model::Text;
use std::collections::BTreeMap;
use tokio::sync::mpsc;

#[derive(Deserialize)]
struct Entry {
    name: String,
    pm_id: u64,
    pm2_env: Env,
}

#[derive(Deserialize)]
struct Env {
    #[serde(default, rename = "env")]
    variables: BTreeMap<String, Value>,
    pm_cwd: Option<String>,
    pm_out_log_path: Option<String>,
    pm_err_log_path: Option<String>,
}

async fn entries(host: &Host) -> Result<Vec<Entry>, PlatformError> {
    read::entries(&host.output(&["pm2", "jlist"]).await?)
}

/// What each process of an app was given when it was started.
pub(super) async fn environment(pm2: &Pm2, component: &Component) -> Result<Vec<Variable>, PlatformError> {
    let mut each = Vec::new();
    for host in &pm2.hosts {
        let shown = host::shown(&pm2.hosts, host);
        for entry in entries(host).await?.into_iter().filter(|entry| entry.name == component.name) {
            let on = if shown.is_empty() { String::new() } else { format!("@{shown}") };
            each.push((format!("{}-{}{on}", entry.name, entry.pm_id), variables(&entry.pm2_env.variables)));
        }
    }
    if each.is_empty() {
        return Err(not_there(&component.name));
    }
    Ok(merged(each))
}

/// What the shell that started it had anyway, and what pm2 adds, are told from the rest.
fn variables(env: &BTreeMap<String, Value>) -> Vec<Variable> {
    const SHELL: [&str; 20] = [
        "PATH",
        "HOME",
        "PWD",
        "OLDPWD",
        "SHELL",
        "SHLVL",
        "TERM",
        "COLORTERM",
        "USER",
        "LOGNAME",
        "LANG",
        "LANGUAGE",
        "TZ",
        "MAIL",
        "EDITOR",
        "PAGER",
        "LS_COLORS",
        "HOSTNAME",
        "TMPDIR",
        "_",
    ];
    let source = |name: &str| {
        if name == "unique_id" || name.starts_with("PM2_") {
            "pm2"
        } else if SHELL.contains(&name)
            || ["LC_", "SSH_", "XDG_", "DBUS_", "npm_"].iter().any(|head| name.starts_with(head))
        {
            "shell"
        } else {
            "app"
        }
    };
    let one = |(name, value): (&String, &Value)| {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            // pm2's own notes.
            _ => return None,
        };
        Some(Variable::new(name, value, source(name)))
    };
    env.iter().filter_map(one).collect()
}

fn not_there(name: &str) -> PlatformError {
    PlatformError::refused(
        format!("pm2 knows no process of `{name}`"),
        format!("pm2 no conoce ningún proceso de `{name}`"),
    )
}

/// The folders of apps, and the files in which pm2 keeps what they print.
pub(super) async fn volumes(pm2: &Pm2, components: &[Component]) -> Result<Vec<Volume>, PlatformError> {
    let looks = pm2.hosts.iter().map(|host| async move {
        let mut places: Vec<Volume> = Vec::new();
        for entry in entries(host).await?.iter().filter(|entry| components.iter().any(|c| c.name == entry.name)) {
            add(&mut places, entry);
        }
        host.taken(host::shown(&pm2.hosts, host), places).await
    });
    Ok(try_join_all(looks).await?.into_iter().flatten().collect())
}

fn add(places: &mut Vec<Volume>, entry: &Entry) {
    let env = &entry.pm2_env;
    for (kind, path) in [("folder", &env.pm_cwd), ("log", &env.pm_out_log_path), ("log", &env.pm_err_log_path)] {
        let Some(path) = path.as_ref().filter(|path| path.len() > 1 && path.starts_with('/') && *path != "/dev/null")
        else {
            continue;
        };
        match places.iter_mut().find(|known| known.path.as_ref() == Some(path)) {
            Some(known) if known.owners.contains(&entry.name) => {}
            Some(known) => known.owners.push(entry.name.clone()),
            None => places.push(Volume {
                name: path.clone(),
                owners: vec![entry.name.clone()],
                kind: kind.to_owned(),
                path: Some(path.clone()),
                ..Volume::default()
            }),
        }
    }
}

async fn folder(host: &Host, instance: &Instance) -> Result<Option<String>, PlatformError> {
    let entries = entries(host).await?;
    Ok(entries.into_iter().find(|entry| entry.pm_id.to_string() == instance.id).and_then(|entry| entry.pm2_env.pm_cwd))
}

/// The versions of what is in the app's folder, on the machine of its first process.
pub(super) async fn versions(pm2: &Pm2, component: &Component) -> Result<Vec<Version>, PlatformError> {
    let instance = component.instances.first().ok_or_else(|| not_there(&component.name))?;
    let host = host::of(&pm2.hosts, instance).ok_or_else(|| not_there(&component.name))?;
    let versions = match folder(host, instance).await? {
        Some(folder) => host.releases(&folder).await?,
        None => Vec::new(),
    };
    if versions.is_empty() { Err(no_versions(&component.name)) } else { Ok(versions) }
}

/// A file of the machine; one that is not named from the root lies in the app's folder.
pub(super) async fn copy(
    pm2: &Pm2,
    instance: &Instance,
    path: &str,
    to: mpsc::Sender<Vec<u8>>,
) -> Result<(), PlatformError> {
    let Some(host) = host::of(&pm2.hosts, instance) else {
        return Err(not_copied(
            &instance.name,
            path,
            &Text::new("its machine is not known", "no se conoce su máquina"),
        ));
    };
    if path.starts_with('/') {
        return host.send_file(&instance.name, path, to).await;
    }
    let folder = folder(host, instance).await?.unwrap_or_default();
    host.send_file(&instance.name, &format!("{}/{path}", folder.trim_end_matches('/')), to).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"[{"name":"api","pm_id":3,"pm2_env":{"pm_cwd":"/srv/api","pm_out_log_path":"/l/out","pm_err_log_path":"/dev/null",
"env":{"PATH":"/bin","PM2_HOME":"/h","SSH_TTY":"x","PORT":3000,"DEBUG":true,"TOKEN":"t","api":{}}}}]"#;

    #[test]
    fn what_an_app_was_given_is_told_from_its_shells_and_pm2s_own() {
        let entry = read::entries::<Entry>(&LIST.replace('\n', "")).expect("a list").remove(0);
        let shown: Vec<String> = variables(&entry.pm2_env.variables)
            .iter()
            .map(|v| format!("{}={:?} {}", v.name, v.value.as_deref(), v.source))
            .collect();
        let expected = [
            "DEBUG=Some(\"true\") app",
            "PATH=Some(\"/bin\") shell",
            "PM2_HOME=Some(\"/h\") pm2",
            "PORT=Some(\"3000\") app",
            "SSH_TTY=Some(\"x\") shell",
            "TOKEN=Some(\"t\") app",
        ];
        assert_eq!(shown, expected);
        let mut places = Vec::new();
        add(&mut places, &entry);
        add(&mut places, &entry);
        let shown: Vec<_> = places.iter().map(|v| format!("{} {} {}", v.kind, v.name, v.owners.join("+"))).collect();
        assert_eq!(shown, ["folder /srv/api api", "log /l/out api"]);
    }
}
