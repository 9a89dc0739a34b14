//! Who takes the engine's disk: volumes, what containers wrote beside them, logs, images, the cache of builds.

use super::given::repository;
use super::read::SERVICE;
use super::{engine_said, raw};
use crate::disk::{space, taken};
use crate::{Component, PlatformError, Volume};
use bollard::Docker;
use bollard::query_parameters::InspectContainerOptions;
use futures_util::future::join_all;
use serde_json::Value;
use sereno_model::Text;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const PROJECT: &str = "com.docker.compose.project";

/// The last version of the API whose answer has the form that is read here; engines take it until today.
const LAST_MINOR: usize = 44;

pub(super) async fn look(
    engine: &Docker,
    address: &str,
    project: &str,
    components: &[Component],
) -> Result<Vec<Volume>, PlatformError> {
    let minor = engine.client_version().minor_version.min(LAST_MINOR);
    let told = raw::get(address, &format!("/v1.{minor}/system/df")).await?;
    let root = engine.info().await.map_err(engine_said("asking who it is"))?.docker_root_dir;
    let mut volumes = read(&told, project);
    volumes.extend(logs(engine, &told, project).await);
    let is_here = address.starts_with("unix://");
    let named: BTreeSet<&str> = components.iter().map(|component| component.name.as_str()).collect();
    volumes.retain(|one| one.owners.is_empty() || one.owners.iter().any(|owner| named.contains(owner.as_str())));
    let measured = tokio::task::spawn_blocking(move || {
        if is_here {
            measure(&mut volumes, root.as_deref());
        }
        volumes
    });
    measured.await.map_err(|error| PlatformError::refused(error.to_string(), error.to_string()))
}

/// Adds what only this machine's own disk tells, where the engine is on it.
fn measure(volumes: &mut Vec<Volume>, root: Option<&str>) {
    for one in volumes.iter_mut() {
        if one.kind == "bind" {
            one.used = one.path.as_deref().and_then(|path| taken(Path::new(path)));
        }
        let place = one.path.as_deref().or(root).and_then(|path| space(Path::new(path)));
        (one.capacity, one.free) = place.unzip();
    }
    if let Some((root, (capacity, free))) = root.and_then(|root| Some((root, space(Path::new(root))?))) {
        volumes.push(Volume {
            name: root.to_owned(),
            kind: "disk".to_owned(),
            path: Some(root.to_owned()),
            used: Some(capacity.saturating_sub(free)),
            capacity: Some(capacity),
            free: Some(free),
            ..Volume::default()
        });
    }
}

/// The files into which the engine writes what containers print, where they can be seen.
async fn logs(engine: &Docker, told: &Value, project: &str) -> Vec<Volume> {
    let own: Vec<&Value> = list(told, "Containers").filter(|one| one["Labels"][PROJECT] == project).collect();
    let paths = join_all(own.iter().map(|one| async {
        let container = engine.inspect_container(one["Id"].as_str()?, None::<InspectContainerOptions>).await.ok()?;
        container.log_path.filter(|path| !path.is_empty())
    }));
    let logs = own.iter().zip(paths.await).filter_map(|(one, path)| {
        let path = path?;
        // Those that were rotated lie beside it.
        let rotated = (1..=9).map_while(|number| std::fs::metadata(format!("{path}.{number}")).ok());
        let now = std::fs::metadata(&path).ok()?.len();
        Some(Volume {
            name: name(one),
            owners: vec![one["Labels"][SERVICE].as_str()?.to_owned()],
            kind: "log".to_owned(),
            used: Some(now + rotated.map(|meta| meta.len()).sum::<u64>()),
            path: Some(path),
            ..Volume::default()
        })
    });
    logs.collect()
}

fn list<'v>(told: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    told[key].as_array().into_iter().flatten()
}

fn name(container: &Value) -> String {
    container["Names"][0].as_str().unwrap_or_default().trim_start_matches('/').to_owned()
}

/// What the engine says of a project, and of what nobody uses any more. Pure.
fn read(told: &Value, project: &str) -> Vec<Volume> {
    let own: Vec<&Value> = list(told, "Containers").filter(|one| one["Labels"][PROJECT] == project).collect();
    let service = |one: &Value| one["Labels"][SERVICE].as_str().unwrap_or_default().to_owned();
    let mut mounts: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for one in &own {
        for mount in list(one, "Mounts") {
            let kind = mount["Type"].as_str().unwrap_or_default();
            let key = if kind == "volume" { "Name" } else { "Source" };
            let of = mounts.entry((kind, mount[key].as_str().unwrap_or_default())).or_default();
            of.insert(service(one));
        }
    }
    let owners =
        |kind: &str, name: &str| -> Vec<String> { mounts.get(&(kind, name)).into_iter().flatten().cloned().collect() };
    let layer = |one: &&Value| Volume {
        name: name(one),
        owners: vec![service(one)],
        kind: "layer".to_owned(),
        used: Some(one["SizeRw"].as_u64().unwrap_or_default()),
        ..Volume::default()
    };
    let mut all: Vec<Volume> = own.iter().map(layer).collect();
    all.extend(list(told, "Volumes").filter_map(|volume| {
        let name = volume["Name"].as_str()?;
        let owners = owners("volume", name);
        let project_of = volume["Labels"][PROJECT].as_str();
        // Another project's is that one's matter, even while nothing of it is there.
        let is_nobodys = project_of.is_none() && volume["UsageData"]["RefCount"] == 0;
        (!owners.is_empty() || project_of == Some(project) || is_nobodys).then(|| Volume {
            name: name.to_owned(),
            owners,
            kind: "volume".to_owned(),
            path: volume["Mountpoint"].as_str().map(str::to_owned),
            used: volume["UsageData"]["Size"].as_u64(),
            ..Volume::default()
        })
    }));
    all.extend(mounts.keys().filter(|(kind, _)| *kind == "bind").map(|(_, source)| Volume {
        name: (*source).to_owned(),
        owners: owners("bind", source),
        kind: "bind".to_owned(),
        path: Some((*source).to_owned()),
        ..Volume::default()
    }));
    all.extend(images(told, &own));
    all.extend(cache(told));
    all
}

/// The images that run, and those of the same repositories that nothing was made of.
fn images(told: &Value, own: &[&Value]) -> Vec<Volume> {
    let mut users: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for one in own {
        let of = users.entry(one["ImageID"].as_str().unwrap_or_default()).or_default();
        of.insert(one["Labels"][SERVICE].as_str().unwrap_or_default().to_owned());
    }
    let repositories: BTreeSet<&str> = own.iter().filter_map(|one| Some(repository(one["Image"].as_str()?))).collect();
    let image = |image: &Value| {
        let id = image["Id"].as_str()?;
        let tags: Vec<&str> = image["RepoTags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let owners: Vec<String> = users.get(id).into_iter().flatten().cloned().collect();
        let is_old = image["Containers"].as_i64().unwrap_or_default() == 0
            && tags.iter().any(|tag| repositories.contains(repository(tag)));
        let (size, shared) = (image["Size"].as_u64(), image["SharedSize"].as_u64().filter(|shared| *shared > 0));
        let is_shared = |shared: u64| {
            Text::new(
                format!("{shared} bytes of it are other images' too"),
                format!("{shared} bytes son también de otras imágenes"),
            )
        };
        (!owners.is_empty() || is_old).then(|| Volume {
            name: tags.first().map_or_else(|| id.to_owned(), |tag| (*tag).to_owned()),
            owners,
            kind: "image".to_owned(),
            used: size,
            note: shared.map(is_shared),
            ..Volume::default()
        })
    };
    list(told, "Images").filter_map(image).collect()
}

/// The cache of builds is the whole engine's.
fn cache(told: &Value) -> Option<Volume> {
    let used = list(told, "BuildCache").filter_map(|piece| piece["Size"].as_u64()).sum();
    (used > 0).then(|| Volume {
        name: "build cache".to_owned(),
        kind: "cache".to_owned(),
        used: Some(used),
        ..Volume::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_an_owner_or_is_nobodys() {
        let labels = |project: &str, service: &str| serde_json::json!({PROJECT: project, SERVICE: service});
        let told = serde_json::json!({
            "Containers": [
                {"Id": "c1", "Names": ["/p_db_1"], "Image": "pg:15", "ImageID": "i1", "SizeRw": 70, "Labels": labels("p", "db"),
                 "Mounts": [{"Type": "volume", "Name": "p_data"}, {"Type": "bind", "Source": "/srv/conf"}]},
                {"Id": "c2", "Names": ["/p_api_1"], "Image": "api:2", "ImageID": "i2", "Labels": labels("p", "api"),
                 "Mounts": [{"Type": "bind", "Source": "/srv/conf"}]},
                {"Id": "c3", "Names": ["/o_x_1"], "Image": "o:1", "ImageID": "i9", "SizeRw": 5, "Labels": labels("o", "x"),
                 "Mounts": [{"Type": "volume", "Name": "anonymous"}]},
            ],
            "Volumes": [
                {"Name": "p_data", "Mountpoint": "/v/p_data", "Labels": {PROJECT: "p"}, "UsageData": {"Size": 900, "RefCount": 1}},
                {"Name": "p_old", "Mountpoint": "/v/p_old", "Labels": {PROJECT: "p"}, "UsageData": {"Size": 800, "RefCount": 0}},
                {"Name": "o_data", "Mountpoint": "/v/o", "Labels": {PROJECT: "o"}, "UsageData": {"Size": 1, "RefCount": 0}},
                {"Name": "left", "Mountpoint": "/v/l", "Labels": null, "UsageData": {"Size": -1, "RefCount": 0}},
                {"Name": "anonymous", "Mountpoint": "/v/a", "Labels": null, "UsageData": {"Size": 3, "RefCount": 1}},
            ],
            "Images": [
                {"Id": "i1", "RepoTags": ["pg:15"], "Size": 400, "SharedSize": 100, "Containers": 1},
                {"Id": "i2", "RepoTags": ["api:2"], "Size": 300, "SharedSize": 0, "Containers": 1},
                {"Id": "i3", "RepoTags": ["api:1"], "Size": 290, "SharedSize": 0, "Containers": 0},
                {"Id": "i9", "RepoTags": ["o:1"], "Size": 1, "SharedSize": 0, "Containers": 1},
            ],
            "BuildCache": [{"Size": 40}, {"Size": 2}],
        });
        let read = read(&told, "p");
        let shown: Vec<_> =
            read.iter().map(|v| format!("{} {} {} {:?}", v.kind, v.name, v.owners.join("+"), v.used)).collect();
        let expected = [
            "layer p_db_1 db Some(70)",
            "layer p_api_1 api Some(0)",
            "volume p_data db Some(900)",
            "volume p_old  Some(800)",
            "volume left  None",
            "bind /srv/conf api+db None",
            "image pg:15 db Some(400)",
            "image api:2 api Some(300)",
            "image api:1  Some(290)",
            "cache build cache  Some(42)",
        ];
        assert_eq!(shown, expected);
        assert!(self::read(&serde_json::json!({"Containers": null}), "p").is_empty());
    }
}
