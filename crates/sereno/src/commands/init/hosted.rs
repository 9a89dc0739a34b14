//! Platforms of others that a project's own files name: Render's blueprint (`render.yaml`) and Railway's settings
//! (`railway.json`, `railway.toml`).

use super::find::Place;
use super::folder::Folder;
use serde::Deserialize;
use sereno_model::Text;

/// As much of a blueprint as names what runs; `databases` are not operated.
#[derive(Debug, Deserialize)]
struct Blueprint {
    #[serde(default)]
    services: Vec<Service>,
}

#[derive(Debug, Deserialize)]
struct Service {
    #[serde(default)]
    name: String,
}

/// The file that names the platform, and the platform; what cannot be read is noted.
pub(super) fn find(folder: &Folder, notes: &mut Vec<Text>) -> Option<(&'static str, Place)> {
    if let Some(text) = folder.text("render.yaml") {
        match serde_saphyr::from_str::<Blueprint>(&text) {
            Ok(blueprint) => {
                let names = blueprint.services.into_iter().map(|service| service.name);
                let services = names.filter(|name| !name.is_empty()).collect();
                return Some(("render.yaml", Place::Render { services }));
            }
            // What is wrong may quote a line of it, with a secret in it.
            Err(_) => notes.push(Text::new(
                "render.yaml cannot be read as a blueprint of Render",
                "render.yaml no se puede leer como blueprint de Render",
            )),
        }
    }
    let files = ["railway.json", "railway.toml"];
    let file = files.into_iter().find(|file| folder.has(file))?;
    Some((file, Place::Railway {}))
}

/// Told where something else is the platform already.
pub(super) fn told(file: &str, place: &Place) -> Text {
    let (kind, key) = match place {
        Place::Render { .. } => ("render", "RENDER_API_KEY"),
        _ => ("railway", "RAILWAY_TOKEN"),
    };
    Text::new(
        format!("{file}: kind = \"{kind}\" in [platform] operates what runs there, with {key} in the environment"),
        format!("{file}: kind = \"{kind}\" en [platform] opera lo que corre allí, con {key} en el entorno"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> (Option<(&'static str, Place)>, Vec<Text>) {
        let dir = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).expect("written");
        }
        let mut notes = Vec::new();
        let place = find(&Folder::look(dir.path()), &mut notes);
        (place, notes)
    }

    #[test]
    fn a_blueprint_names_its_services() {
        let blueprint = "services:\n  - type: web\n    name: orion-api\n    env: node\n  - type: worker\n    name: orion-worker\ndatabases:\n  - name: orion-db\n";
        let services = vec!["orion-api".to_owned(), "orion-worker".to_owned()];
        assert_eq!(found(&[("render.yaml", blueprint)]).0, Some(("render.yaml", Place::Render { services })));
        assert_eq!(found(&[("railway.toml", "[deploy]\n")]).0, Some(("railway.toml", Place::Railway {})));
        assert_eq!(found(&[("README.md", "render.yaml")]).0, None);
    }

    #[test]
    fn a_blueprint_that_cannot_be_read_is_told_without_its_lines() {
        let (place, notes) = found(&[("render.yaml", "services: [\n  - sk_live_123: ]]")]);
        assert_eq!(place, None);
        assert!(notes.len() == 1 && !notes[0].en.contains("sk_live"), "{notes:?}");
    }
}
