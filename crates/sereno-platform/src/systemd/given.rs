//! What a unit is given and what it keeps: its environment, its folders, its versions, its files.

use super::Systemd;
use crate::host::{self, Host};
use crate::look::{merged, not_copied};
use crate::{Component, Instance, PlatformError, Variable, Version, Volume};
use futures_util::future::join_all;
use serde_json::Value;
use sereno_model::Text;
use sereno_model::redact::dotenv;
use std::fmt::Write as _;
use tokio::sync::mpsc;

/// What is asked of a service, in this order.
const PROPERTIES: [&str; 7] = [
    "Environment",
    "EnvironmentFiles",
    "WorkingDirectory",
    "StateDirectory",
    "LogsDirectory",
    "CacheDirectory",
    "DynamicUser",
];

/// What systemd says of a service.
#[derive(Debug, Default, PartialEq, Eq)]
struct Service {
    environment: Vec<String>,
    /// With whether each may be missing.
    files: Vec<(String, bool)>,
    folder: String,
    state: Vec<String>,
    logs: Vec<String>,
    cache: Vec<String>,
    /// Its folders lie under `private`.
    is_dynamic: bool,
}

async fn service(host: &Host, unit: &str) -> Result<Service, PlatformError> {
    if std::path::Path::new(unit).extension().is_none_or(|ending| ending != "service") {
        return Err(PlatformError::refused(
            format!("{unit} runs nothing itself: only services have an environment, folders and versions"),
            format!("{unit} no ejecuta nada por sí misma: solo los servicios tienen entorno, directorios y versiones"),
        ));
    }
    let object = format!("/org/freedesktop/systemd1/unit/{}", label(unit));
    let place = ["org.freedesktop.systemd1", &object, "org.freedesktop.systemd1.Service"];
    let program = [&["busctl", "--json=short", "get-property"], &place[..], &PROPERTIES[..]].concat();
    read(&host.output(&program).await?).ok_or_else(|| PlatformError::Unreadable {
        file: format!("busctl get-property {unit}"),
        why: "an answer in another form".to_owned(),
    })
}

/// A unit's name in an address of D-Bus: what is no letter or digit is `_` and two digits.
fn label(unit: &str) -> String {
    let mut label = String::new();
    for (at, byte) in unit.bytes().enumerate() {
        if byte.is_ascii_alphabetic() || (byte.is_ascii_digit() && at > 0) {
            label.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(label, "_{byte:02x}");
        }
    }
    label
}

fn read(text: &str) -> Option<Service> {
    let values: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>().ok()?;
    let [environment, files, folder, state, logs, cache, dynamic] = values.as_slice() else { return None };
    let texts = |value: &Value| -> Option<Vec<String>> {
        value["data"].as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let file = |value: &Value| Some((value[0].as_str()?.to_owned(), value[1].as_bool()?));
    Some(Service {
        environment: texts(environment)?,
        files: files["data"].as_array()?.iter().map(file).collect::<Option<_>>()?,
        // `!` says that it may be missing.
        folder: folder["data"].as_str()?.trim_start_matches('!').to_owned(),
        state: texts(state)?,
        logs: texts(logs)?,
        cache: texts(cache)?,
        is_dynamic: dynamic["data"].as_bool()?,
    })
}

/// The machines of a component, each with the instance there and the unit's name.
fn places<'s>(systemd: &'s Systemd, component: &'s Component) -> Vec<(&'s Instance, &'s Host, String)> {
    let place = |instance| systemd.place(component, instance).map(|(host, unit)| (instance, host, unit));
    component.instances.iter().filter_map(place).collect()
}

/// What each machine answers. Where none does, that is the answer.
async fn everywhere<T, F>(
    places: &[(&Instance, &Host, String)],
    ask: impl Fn(Host, String) -> F,
) -> Result<Vec<(String, Result<T, PlatformError>)>, PlatformError>
where
    F: Future<Output = Result<T, PlatformError>>,
{
    let answers = join_all(places.iter().map(|(_, host, unit)| ask((*host).clone(), unit.clone()))).await;
    if answers.iter().all(Result::is_err) {
        return answers.into_iter().find_map(Result::err).map_or(Ok(Vec::new()), Err);
    }
    Ok(places.iter().map(|(_, host, _)| host.name().to_owned()).zip(answers).collect())
}

pub(super) async fn environment(systemd: &Systemd, component: &Component) -> Result<Vec<Variable>, PlatformError> {
    let places = places(systemd, component);
    let answers = everywhere(&places, |host, unit| async move { of_host(&host, &unit).await }).await?;
    let unknown = |host: &str, error: &PlatformError| {
        let source = format!("{host}: {}", error.text().en);
        vec![Variable { name: Variable::UNKNOWN.to_owned(), value: None, source, is_secret: false }]
    };
    let (answered, silent): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(_, answer)| answer.is_ok());
    let mut all: Vec<Variable> =
        silent.iter().filter_map(|(host, answer)| Some(unknown(host, answer.as_ref().err()?))).flatten().collect();
    all.extend(merged(answered.into_iter().filter_map(|(host, answer)| Some((host, answer.ok()?))).collect()));
    Ok(all)
}

async fn of_host(host: &Host, unit: &str) -> Result<Vec<Variable>, PlatformError> {
    let service = service(host, unit).await?;
    let mut files = Vec::new();
    for (path, _) in &service.files {
        let answer = host.answer(&["cat", "--", path]).await?;
        let is_missing = answer.err.contains("No such file");
        files.push((path.clone(), (answer.code == Some(0)).then_some(answer.out), is_missing));
    }
    Ok(variables(&service.environment, &files))
}

/// A file's value goes before the unit's own, and a later file's before an earlier one's. A file that may not be read hides
/// what it sets.
fn variables(own: &[String], files: &[(String, Option<String>, bool)]) -> Vec<Variable> {
    let mut all: Vec<Variable> = Vec::new();
    let mut set = |variable: Variable| {
        all.retain(|known| known.name != variable.name);
        all.push(variable);
    };
    for entry in own {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        set(Variable::new(name, value, "unit"));
    }
    let mut hidden = Vec::new();
    for (path, content, is_missing) in files {
        match content {
            Some(text) => {
                for (name, value) in dotenv::parse(text) {
                    set(Variable::new(name, value, path));
                }
            }
            None if *is_missing => {}
            None => hidden.push(Variable {
                name: Variable::UNKNOWN.to_owned(),
                value: None,
                source: path.clone(),
                is_secret: false,
            }),
        }
    }
    hidden.into_iter().chain(all).collect()
}

pub(super) async fn volumes(systemd: &Systemd, components: &[Component]) -> Result<Vec<Volume>, PlatformError> {
    let looks = join_all(systemd.hosts.iter().map(|host| async move {
        let mut folders: Vec<Volume> = Vec::new();
        let units = components.iter().flat_map(|component| {
            let here = places(systemd, component).into_iter().filter(|(_, there, _)| *there == host);
            here.map(|(_, _, unit)| (component.name.as_str(), unit)).collect::<Vec<_>>()
        });
        for (component, unit) in units {
            match service(host, &unit).await {
                Ok(service) => add(&mut folders, component, &service),
                // A timer keeps nothing, and a unit that is not there neither.
                Err(PlatformError::Refused { .. } | PlatformError::Program { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let shown = host::shown(&systemd.hosts, host);
        let mut all = host.taken(shown, folders).await?;
        all.extend(journal(host, shown).await?);
        Ok(all)
    }))
    .await;
    if looks.iter().all(Result::is_err) {
        return looks.into_iter().find_map(Result::err).map_or(Ok(Vec::new()), Err);
    }
    let silent = |host: &Host, error: &PlatformError| Volume {
        name: host.name().to_owned(),
        kind: "disk".to_owned(),
        note: Some(error.text()),
        ..Volume::default()
    };
    let of = systemd.hosts.iter().zip(looks);
    Ok(of.flat_map(|(host, look)| look.unwrap_or_else(|error| vec![silent(host, &error)])).collect())
}

/// Adds the folders of a service; one that several have is named once, with all of them.
fn add(folders: &mut Vec<Volume>, component: &str, service: &Service) {
    let under = |top: &str, names: &[String]| -> Vec<String> {
        let private = if service.is_dynamic { "private/" } else { "" };
        names.iter().map(|name| format!("{top}/{private}{name}")).collect()
    };
    let mut found = vec![];
    found.extend(under("/var/lib", &service.state).into_iter().map(|path| ("state", path)));
    found.extend(under("/var/log", &service.logs).into_iter().map(|path| ("log", path)));
    found.extend(under("/var/cache", &service.cache).into_iter().map(|path| ("cache", path)));
    if service.folder.trim_end_matches('/').contains('/') {
        found.push(("folder", service.folder.clone()));
    }
    for (kind, path) in found {
        match folders.iter_mut().find(|known| known.path.as_ref() == Some(&path)) {
            Some(known) if known.owners.iter().any(|owner| owner == component) => {}
            Some(known) => known.owners.push(component.to_owned()),
            None => folders.push(Volume {
                name: path.clone(),
                owners: vec![component.to_owned()],
                kind: kind.to_owned(),
                path: Some(path),
                ..Volume::default()
            }),
        }
    }
}

/// The journal belongs to all of a machine.
async fn journal(host: &Host, shown: &str) -> Result<Option<Volume>, PlatformError> {
    let said = host.answer(&["journalctl", "--disk-usage"]).await?;
    Ok(journal_size(&said.out).map(|used| Volume {
        name: if shown.is_empty() { "journal".to_owned() } else { format!("journal@{shown}") },
        kind: "log".to_owned(),
        used: Some(used),
        ..Volume::default()
    }))
}

/// `Archived and active journals take up 16.0M in the file system.`
fn journal_size(said: &str) -> Option<u64> {
    let size = said.split("take up ").nth(1)?.split_whitespace().next()?;
    let number: f64 = size.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse().ok()?;
    let factor = match size.chars().next_back()? {
        'K' => 1024.0,
        'M' => 1024.0_f64.powi(2),
        'G' => 1024.0_f64.powi(3),
        'T' => 1024.0_f64.powi(4),
        _ => 1.0,
    };
    Some((number * factor) as u64)
}

/// The versions of what is in its folder, on each machine; told apart where the machines are not alike.
pub(super) async fn versions(systemd: &Systemd, component: &Component) -> Result<Vec<Version>, PlatformError> {
    let places = places(systemd, component);
    let answers = everywhere(&places, |host, unit| async move {
        let folder = service(&host, &unit).await?.folder;
        if folder.trim_end_matches('/').is_empty() { Ok(Vec::new()) } else { host.releases(&folder).await }
    });
    let mut each = Vec::new();
    for (host, answer) in answers.await? {
        each.push((host, answer?));
    }
    if each.iter().all(|(_, versions)| versions.is_empty()) {
        return Err(no_versions(&component.name));
    }
    Ok(alike(each))
}

pub(crate) fn no_versions(name: &str) -> PlatformError {
    PlatformError::Refused {
        en: format!(
            "nothing tells the versions of `{name}`: its folder is no checkout of git, and no `current` among releases"
        ),
        es: format!(
            "nada dice las versiones de `{name}`: su directorio no es un checkout de git, ni un `current` entre releases"
        ),
        hint: None,
    }
}

/// Machines that have the same versions are told once.
fn alike(each: Vec<(String, Vec<Version>)>) -> Vec<Version> {
    let mut groups: Vec<(Vec<String>, Vec<Version>)> = Vec::new();
    for (host, versions) in each {
        match groups.iter_mut().find(|(_, known)| *known == versions) {
            Some((hosts, _)) => hosts.push(host),
            None => groups.push((vec![host], versions)),
        }
    }
    let is_one = groups.len() == 1;
    let noted = |(hosts, versions): (Vec<String>, Vec<Version>)| {
        let note = (!is_one).then(|| {
            let hosts = hosts.join(", ");
            Text::new(format!("on {hosts}"), format!("en {hosts}"))
        });
        versions.into_iter().map(move |version| Version { note: note.clone(), ..version })
    };
    groups.into_iter().flat_map(noted).collect()
}

/// A file of the machine; one that is not named from the root lies in the unit's own folder.
pub(super) async fn copy(
    systemd: &Systemd,
    component: &Component,
    instance: &Instance,
    path: &str,
    to: mpsc::Sender<Vec<u8>>,
) -> Result<(), PlatformError> {
    let Some((host, unit)) = systemd.place(component, instance) else {
        return Err(not_copied(
            &instance.name,
            path,
            &Text::new("its machine is not known", "no se conoce su máquina"),
        ));
    };
    if path.starts_with('/') {
        return host.send_file(&instance.name, path, to).await;
    }
    let folder = service(host, &unit).await?.folder;
    host.send_file(&instance.name, &format!("{}/{path}", folder.trim_end_matches('/')), to).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_read_from_what_the_bus_says() {
        let text = [
            r#"{"type":"as","data":["A=1","B=x y"]}"#,
            r#"{"type":"a(sb)","data":[["/etc/api.env",false],["/etc/more.env",true]]}"#,
            r#"{"type":"s","data":"!/srv/api"}"#,
            r#"{"type":"as","data":["api"]}"#,
            r#"{"type":"as","data":[]}"#,
            r#"{"type":"as","data":["api/cache"]}"#,
            r#"{"type":"b","data":true}"#,
        ]
        .join("\n");
        let service = read(&text).expect("a service");
        assert_eq!(service.environment, ["A=1", "B=x y"]);
        assert_eq!(service.files, [("/etc/api.env".to_owned(), false), ("/etc/more.env".to_owned(), true)]);
        let mut folders = Vec::new();
        add(&mut folders, "api", &service);
        add(&mut folders, "worker", &Service { folder: "/srv/api".to_owned(), ..Service::default() });
        add(&mut folders, "root", &Service { folder: "/".to_owned(), ..Service::default() });
        let shown: Vec<_> = folders.iter().map(|f| format!("{} {} {}", f.kind, f.name, f.owners.join("+"))).collect();
        assert_eq!(
            shown,
            ["state /var/lib/private/api api", "cache /var/cache/private/api/cache api", "folder /srv/api api+worker"]
        );
        assert_eq!(read("{}"), None);
        assert_eq!(read(""), None);
        assert_eq!(label("orion-api@1.service"), "orion_2dapi_401_2eservice");
    }

    #[test]
    fn a_file_goes_before_the_unit_and_one_that_may_not_be_read_is_told() {
        let files = [
            ("/a".to_owned(), Some("MODE=file\n# no\nKEY='x y'\n".to_owned()), false),
            ("/b".to_owned(), None, false),
            ("/c".to_owned(), None, true),
        ];
        let read = variables(&["MODE=unit".to_owned(), "OWN=1".to_owned()], &files);
        let shown: Vec<_> = read.iter().map(|v| format!("{}={:?} {}", v.name, v.value.as_deref(), v.source)).collect();
        assert_eq!(shown, ["*=None /b", "OWN=Some(\"1\") unit", "MODE=Some(\"file\") /a", "KEY=Some(\"x y\") /a"]);
    }

    #[test]
    fn machines_that_differ_are_told_apart() {
        let of =
            |id: &str| vec![Version { id: id.to_owned(), what: String::new(), at: None, is_current: true, note: None }];
        let note = |each| alike(each).into_iter().map(|v| v.note.map(|note| note.en)).collect::<Vec<_>>();
        assert_eq!(note(vec![("a".to_owned(), of("1")), ("b".to_owned(), of("1"))]), [None]);
        let differ = note(vec![("a".to_owned(), of("1")), ("b".to_owned(), of("2"))]);
        assert_eq!(differ, [Some("on a".to_owned()), Some("on b".to_owned())]);
    }

    #[test]
    fn the_journals_size_is_read() {
        assert_eq!(journal_size("Archived and active journals take up 16.0M in the file system."), Some(16 << 20));
        assert_eq!(journal_size("Archived and active journals take up 512B in the file system."), Some(512));
        assert_eq!(journal_size("no journal"), None);
    }
}
