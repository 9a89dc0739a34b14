//! What a service's containers were made of: their environment, and the images that one could go back to.

use super::engine_said;
use crate::look::merged;
use crate::{Component, Instance, PlatformError, Variable, Version};
use bollard::Docker;
use bollard::errors::Error;
use bollard::models::ImageSummary;
use bollard::query_parameters::{InspectContainerOptions, ListImagesOptionsBuilder};
use jiff::Timestamp;
use sereno_model::Text;
use std::collections::{BTreeSet, HashMap};

/// The environment of each container, as it was made: what the file says now may be another.
pub(super) async fn environment(engine: &Docker, component: &Component) -> Result<Vec<Variable>, PlatformError> {
    let mut each = Vec::new();
    for instance in &component.instances {
        let Some(made) = inspect(engine, instance).await? else { continue };
        let of_image = match &made.image {
            Some(image) => image_environment(engine, image).await?,
            None => Vec::new(),
        };
        each.push((instance.name.clone(), variables(&made.environment, &of_image)));
    }
    if each.is_empty() {
        return Err(no_container(component));
    }
    Ok(merged(each))
}

/// What a container was made of.
struct Made {
    environment: Vec<String>,
    /// By its id.
    image: Option<String>,
    /// By the name that the file gives it.
    named: Option<String>,
}

async fn inspect(engine: &Docker, instance: &Instance) -> Result<Option<Made>, PlatformError> {
    match engine.inspect_container(&instance.id, None::<InspectContainerOptions>).await {
        Ok(container) => {
            let config = container.config.unwrap_or_default();
            let (environment, named) = (config.env.unwrap_or_default(), config.image);
            Ok(Some(Made { environment, image: container.image, named }))
        }
        // Gone since it was seen.
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
        Err(error) => Err(engine_said("looking at a container")(error)),
    }
}

async fn image_environment(engine: &Docker, image: &str) -> Result<Vec<String>, PlatformError> {
    match engine.inspect_image(image).await {
        Ok(image) => Ok(image.config.and_then(|config| config.env).unwrap_or_default()),
        // An image may be taken away while a container of it runs.
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(Vec::new()),
        Err(error) => Err(engine_said("looking at an image")(error)),
    }
}

fn variables(container: &[String], image: &[String]) -> Vec<Variable> {
    let one = |entry: &String| {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        Variable::new(name, value, if image.contains(entry) { "image" } else { "compose" })
    };
    container.iter().map(one).collect()
}

fn no_container(component: &Component) -> PlatformError {
    let name = &component.name;
    PlatformError::Refused {
        en: format!("`{name}` has no container ({})", component.standing.as_str()),
        es: format!("`{name}` no tiene contenedor ({})", component.standing.text().es),
        hint: Some(Box::new(Text::same(format!("sereno status {name}")))),
    }
}

/// The images of the same repository that the engine still has, the newest first.
pub(super) async fn versions(
    engine: &Docker,
    project: &str,
    component: &Component,
) -> Result<Vec<Version>, PlatformError> {
    let mut running = BTreeSet::new();
    let mut named = None;
    for instance in &component.instances {
        let Some(made) = inspect(engine, instance).await? else { continue };
        running.extend(made.image);
        named = named.or(made.named);
    }
    let named = named.or_else(|| component.version.clone()).ok_or_else(|| no_container(component))?;
    let options = ListImagesOptionsBuilder::new().digests(true).build();
    let images = engine.list_images(Some(options)).await.map_err(engine_said("listing images"))?;
    let built = HashMap::from([
        ("com.docker.compose.project".to_owned(), project.to_owned()),
        (super::read::SERVICE.to_owned(), component.name.clone()),
    ]);
    Ok(read_versions(&images, repository(&named), &running, &built))
}

/// `registry:5000/shop/api` of `registry:5000/shop/api:v2@sha256:…`.
pub(super) fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    }
}

/// `built` are the labels of the images that compose itself has built for this service, with or without a name.
fn read_versions(
    images: &[ImageSummary],
    repository: &str,
    running: &BTreeSet<String>,
    built: &HashMap<String, String>,
) -> Vec<Version> {
    let mut versions = Vec::new();
    for image in images {
        let tags: Vec<&String> = image.repo_tags.iter().filter(|tag| self::repository(tag) == repository).collect();
        let digest = image.repo_digests.iter().find(|digest| self::repository(digest) == repository);
        let digest = digest.filter(|digest| !digest.starts_with('<')).cloned();
        let is_built = built.iter().all(|(name, value)| image.labels.get(name) == Some(value));
        let is_current = running.contains(&image.id);
        let version = |what: String| Version {
            id: image.id.clone(),
            what,
            at: Timestamp::from_second(image.created).ok(),
            is_current,
            note: digest.clone().map(Text::same),
        };
        if tags.is_empty() && (digest.is_some() || is_built || is_current) {
            versions.push(version(format!("{repository}:<none>")));
        }
        versions.extend(tags.into_iter().map(|tag| version(tag.clone())));
    }
    versions.sort_by(|a, b| (b.at, &a.what).cmp(&(a.at, &b.what)));
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_the_image_is_told_from_what_was_given() {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let read =
            variables(&texts(&["PATH=/bin", "MODE=live", "URL=a=b", "EMPTY"]), &texts(&["PATH=/bin", "MODE=dev"]));
        let shown: Vec<_> = read.iter().map(|v| (v.name.as_str(), v.value.as_deref(), v.source.as_str())).collect();
        let expected = [
            ("PATH", Some("/bin"), "image"),
            ("MODE", Some("live"), "compose"),
            ("URL", Some("a=b"), "compose"),
            ("EMPTY", Some(""), "compose"),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_repository_is_a_name_without_its_tag_and_digest() {
        for (image, name) in [
            ("shop", "shop"),
            ("shop:v2", "shop"),
            ("r.example:5000/shop", "r.example:5000/shop"),
            ("r.example:5000/shop:v2", "r.example:5000/shop"),
            ("shop@sha256:ab", "shop"),
            ("shop:v2@sha256:ab", "shop"),
        ] {
            assert_eq!(repository(image), name, "{image}");
        }
    }

    #[test]
    fn images_of_the_same_repository_are_versions_and_the_one_that_runs_is_marked() {
        let image = |id: &str, tags: &[&str], created: i64, labels: &str| -> ImageSummary {
            let text = format!(
                r#"{{"Id":"{id}","ParentId":"","RepoTags":{tags:?},"RepoDigests":["<none>@<none>"],"Created":{created},
                    "Size":1,"SharedSize":-1,"VirtualSize":1,"Labels":{{{labels}}},"Containers":-1}}"#
            );
            serde_json::from_str(&text).expect("the engine's JSON")
        };
        let own = r#""com.docker.compose.project":"p","com.docker.compose.service":"api""#;
        let images = [
            image("1", &["shop:v1"], 100, ""),
            image("2", &["shop:v2", "shop:latest", "else:1"], 200, ""),
            image("3", &["shop-admin:v1"], 300, ""),
            image("4", &[], 50, own),
            image("5", &[], 60, ""),
        ];
        let labels = ["project", "service"].map(|name| format!("com.docker.compose.{name}"));
        let built: HashMap<String, String> = labels.into_iter().zip(["p".to_owned(), "api".to_owned()]).collect();
        let read = read_versions(&images, "shop", &BTreeSet::from(["2".to_owned()]), &built);
        let shown: Vec<_> = read.iter().map(|v| (v.what.as_str(), v.is_current)).collect();
        assert_eq!(shown, [("shop:latest", true), ("shop:v2", true), ("shop:v1", false), ("shop:<none>", false)]);
    }
}
