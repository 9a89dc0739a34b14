//! Which services a project declares: read from its files where they say it plainly, else as compose itself resolves them.

use crate::PlatformError;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The names that compose itself looks for, first found first taken; the override file is added to it.
const USUAL_FILES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const OVERRIDES: [&str; 4] =
    ["compose.override.yaml", "compose.override.yml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// A compose project: its files, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    pub directory: PathBuf,
    /// As they were given, relative to the directory.
    pub files: Vec<String>,
    /// The files were named by somebody, so compose has to be told of them.
    named: bool,
    pub name: String,
    pub profiles: Vec<String>,
}

/// What a file declares of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) name: String,
    /// As the file says; one is usual when it does not.
    pub(super) replicas: Option<u32>,
    pub(super) needs: Vec<String>,
}

impl Project {
    /// The project of a directory; none when it has no compose file and none is named.
    pub fn find(
        directory: &Path,
        files: &[String],
        name: Option<&str>,
        profiles: &[String],
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let from_environment: Vec<String> = environment("COMPOSE_FILE")
            .map(|list| list.split(':').filter(|file| !file.is_empty()).map(str::to_owned).collect())
            .unwrap_or_default();
        let given = if files.is_empty() { from_environment } else { files.to_vec() };
        let named = !given.is_empty();
        let files = if named { given } else { usual_files(directory)? };
        let own = || declared_name(&directory.join(files.first()?));
        let name = name
            .map(str::to_owned)
            .or_else(|| environment("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty()))
            .or_else(own)
            .unwrap_or_else(|| of_directory(&project_directory(directory, files.first().filter(|_| named))));
        let profiles = if profiles.is_empty() {
            let list = environment("COMPOSE_PROFILES").unwrap_or_default();
            list.split(',').map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned).collect()
        } else {
            profiles.to_vec()
        };
        Some(Self { directory: directory.to_owned(), files, named, name, profiles })
    }

    /// The argument vector of a compose command on this project.
    pub(super) fn argv(&self, arguments: &[&str]) -> Result<Vec<String>, PlatformError> {
        let mut argv: Vec<String> = program()?.iter().map(|word| (*word).to_owned()).collect();
        if self.named {
            argv.extend(self.files.iter().flat_map(|file| ["-f".to_owned(), file.clone()]));
        }
        argv.extend(["-p".to_owned(), self.name.clone()]);
        argv.extend(self.profiles.iter().flat_map(|profile| ["--profile".to_owned(), profile.clone()]));
        argv.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        Ok(argv)
    }

    /// The services that compose would start, in the order of the file.
    pub(super) fn services(&self) -> Result<Vec<Declared>, PlatformError> {
        match self.read_plainly()? {
            Some(services) => Ok(services),
            None => self.resolved(),
        }
    }

    /// The SHA-256 of all that compose would make containers of, every variable in its place.
    pub(super) fn digest(&self) -> Result<String, PlatformError> {
        let resolved = run(&self.argv(&["config"])?, &self.directory)?;
        Ok(sereno_model::Digest::of(&resolved).short().to_owned())
    }

    /// From the files themselves: `None` when they say it in a way that only compose resolves.
    fn read_plainly(&self) -> Result<Option<Vec<Declared>>, PlatformError> {
        let mut all: Vec<Declared> = Vec::new();
        for name in &self.files {
            let path = self.directory.join(name);
            let text = crate::file::read_text(&path).map_err(|source| PlatformError::File { path, source })?;
            let file: ComposeFile = serde_saphyr::from_str(&text).map_err(|error| unreadable(name, &error))?;
            let Some(services) = file.plainly(&self.profiles) else { return Ok(None) };
            for service in services {
                match all.iter_mut().find(|known| known.name == service.name) {
                    Some(known) => {
                        known.replicas = service.replicas.or(known.replicas);
                        known.needs.extend(service.needs);
                    }
                    None => all.push(service),
                }
            }
        }
        Ok(Some(all))
    }

    /// As compose resolves it, with every variable, include and extension. Also tells whether it resolves at all.
    pub(super) fn resolved(&self) -> Result<Vec<Declared>, PlatformError> {
        let text = run(&self.argv(&["config"])?, &self.directory)?;
        let file: ComposeFile = serde_saphyr::from_str(&text).map_err(|error| unreadable("config", &error))?;
        // What compose prints is what it would start: the profiles are applied already.
        file.plainly(&["*".to_owned()]).ok_or_else(|| PlatformError::Unreadable {
            file: self.files.join(", "),
            why: "the number of replicas is not a number".to_owned(),
        })
    }
}

/// The part of a compose file that matters here. Everything else is compose's own business.
#[derive(Debug, Deserialize)]
struct ComposeFile {
    name: Option<String>,
    #[serde(default)]
    services: BTreeMap<String, Option<Service>>,
    include: Option<serde_json::Value>,
}

#[derive(Debug, Default, Deserialize)]
struct Service {
    extends: Option<serde_json::Value>,
    #[serde(default)]
    profiles: Vec<String>,
    depends_on: Option<DependsOn>,
    scale: Option<serde_json::Value>,
    deploy: Option<Deploy>,
}

/// A list of names, or a table with a condition for each.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum DependsOn {
    Names(Vec<String>),
    Conditions(BTreeMap<String, serde_json::Value>),
}

#[derive(Debug, Deserialize)]
struct Deploy {
    replicas: Option<serde_json::Value>,
}

impl ComposeFile {
    fn plainly(self, profiles: &[String]) -> Option<Vec<Declared>> {
        if self.include.is_some() {
            return None;
        }
        let mut all = Vec::new();
        for (name, service) in self.services {
            let service = service.unwrap_or_default();
            if service.extends.is_some() {
                return None;
            }
            let replicas = service.scale.or_else(|| service.deploy.and_then(|deploy| deploy.replicas));
            let replicas = match replicas {
                None => None,
                Some(number) => Some(u32::try_from(number.as_u64()?).ok()?),
            };
            let wanted = service.profiles.is_empty()
                || service.profiles.iter().any(|p| profiles.iter().any(|w| w == "*" || w == p));
            if wanted {
                let needs = match service.depends_on {
                    None => Vec::new(),
                    Some(DependsOn::Names(names)) => names,
                    Some(DependsOn::Conditions(conditions)) => conditions.into_keys().collect(),
                };
                all.push(Declared { name, replicas, needs });
            }
        }
        Some(all)
    }
}

fn usual_files(directory: &Path) -> Option<Vec<String>> {
    // What is no file is named all the same: whoever reads it says what is wrong with it.
    let is_named = |path: &Path| path.exists() && !path.is_dir();
    let first =
        |names: &[&str]| names.iter().find(|name| is_named(&directory.join(name))).map(|name| (*name).to_owned());
    let mut files = vec![first(&USUAL_FILES)?];
    files.extend(first(&OVERRIDES));
    Some(files)
}

/// Compose's project is at home where its first file is.
fn project_directory(directory: &Path, first: Option<&String>) -> PathBuf {
    let home = first.and_then(|file| directory.join(file).parent().map(Path::to_path_buf));
    home.unwrap_or_else(|| directory.to_owned())
}

fn declared_name(path: &Path) -> Option<String> {
    let file: ComposeFile = serde_saphyr::from_str(&crate::file::read_text(path).ok()?).ok()?;
    file.name.filter(|name| !name.contains('$'))
}

/// As compose makes a project's name of a directory's.
fn of_directory(directory: &Path) -> String {
    let name = directory.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let kept: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    let kept = kept.trim_start_matches(['-', '_']);
    if kept.is_empty() { "default".to_owned() } else { kept.to_owned() }
}

/// `docker compose` where the plugin is installed, else `docker-compose`.
fn program() -> Result<&'static [&'static str], PlatformError> {
    static FOUND: OnceLock<Option<&'static [&'static str]>> = OnceLock::new();
    let works = |words: &[&str]| {
        let output = words.split_first().map(|(first, rest)| Command::new(first).args(rest).arg("version").output());
        output.is_some_and(|output| output.is_ok_and(|output| output.status.success()))
    };
    let choices: [&'static [&'static str]; 2] = [&["docker", "compose"], &["docker-compose"]];
    FOUND.get_or_init(|| choices.into_iter().find(|words| works(words))).ok_or_else(|| PlatformError::NoProgram {
        program: "docker compose".to_owned(),
        source: std::io::ErrorKind::NotFound.into(),
    })
}

/// Runs a program to its end; what it printed, or what it said when it failed.
pub(super) fn run(argv: &[String], directory: &Path) -> Result<String, PlatformError> {
    let (program, arguments) =
        argv.split_first().ok_or_else(|| PlatformError::refused("no program", "sin programa"))?;
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|source| PlatformError::NoProgram { program: program.clone(), source })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(PlatformError::Program { command: argv.join(" "), said: end_of(&output) })
}

fn end_of(output: &Output) -> String {
    let said = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    let text = String::from_utf8_lossy(said);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.get(lines.len().saturating_sub(8)..).unwrap_or_default().join("\n")
}

fn unreadable(file: &str, error: &serde_saphyr::Error) -> PlatformError {
    PlatformError::Unreadable { file: file.to_owned(), why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_environment(_: &str) -> Option<String> {
        None
    }

    fn project(files: &[(&str, &str)], profiles: &[&str]) -> (tempfile::TempDir, Project) {
        let folder = tempfile::Builder::new().prefix("Mi-Sistema.").tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("a file");
        }
        let profiles: Vec<String> = profiles.iter().map(|p| (*p).to_owned()).collect();
        let project = Project::find(folder.path(), &[], None, &profiles, &no_environment).expect("a project");
        (folder, project)
    }

    fn services(files: &[(&str, &str)], profiles: &[&str]) -> Option<Vec<(String, u32)>> {
        let (_folder, project) = project(files, profiles);
        let read = project.read_plainly().expect("it reads");
        read.map(|all| all.into_iter().map(|service| (service.name, service.replicas.unwrap_or(1))).collect())
    }

    #[test]
    fn what_a_service_needs_is_read_in_both_forms() {
        let file = "services:\n  a: {depends_on: [b]}\n  b: {depends_on: {c: {condition: service_healthy}}}\n  c: {}\n";
        let (_folder, project) = project(&[("compose.yaml", file)], &[]);
        let read = project.services().expect("it reads");
        let needs: Vec<_> = read.iter().map(|service| service.needs.join(",")).collect();
        assert_eq!(needs, ["b", "c", ""]);
    }

    #[test]
    fn services_are_read_without_compose_where_the_file_says_them_plainly() {
        let file = "x-a: &a\n  image: i\nservices:\n  api:\n    <<: *a\n    deploy: {replicas: 3}\n  db: {scale: 2}\n  cache:\n";
        let expected = [("api", 3), ("cache", 1), ("db", 2)].map(|(name, n)| (name.to_owned(), n));
        assert_eq!(services(&[("compose.yaml", file)], &[]), Some(expected.to_vec()));
    }

    #[test]
    fn what_only_compose_resolves_is_left_to_it() {
        for file in [
            "services: {a: {extends: {service: b}}}",
            "include: [other.yml]\nservices: {a: {image: i}}",
            "services: {a: {scale: '${N}'}}",
        ] {
            assert_eq!(services(&[("compose.yaml", file)], &[]), None, "{file}");
        }
    }

    #[test]
    fn a_profile_brings_its_services_and_an_override_its_numbers() {
        let base = "services: {a: {image: i}, b: {image: i, profiles: [debug]}}";
        let more = "services: {a: {scale: 4}}";
        let files = [("docker-compose.yml", base), ("docker-compose.override.yml", more)];
        assert_eq!(services(&files, &[]), Some(vec![("a".to_owned(), 4)]));
        assert_eq!(services(&files, &["debug"]), Some(vec![("a".to_owned(), 4), ("b".to_owned(), 1)]));
    }

    #[test]
    fn an_override_that_says_nothing_of_replicas_leaves_them() {
        let files =
            [("compose.yml", "services: {a: {scale: 3}}"), ("compose.override.yml", "services: {a: {image: i}}")];
        assert_eq!(services(&files, &[]), Some(vec![("a".to_owned(), 3)]));
    }

    #[test]
    fn a_project_is_named_for_the_directory_of_its_first_file() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("deploy")).expect("a folder");
        std::fs::write(folder.path().join("deploy/x.yml"), "services: {}").expect("a file");
        let project = Project::find(folder.path(), &["deploy/x.yml".to_owned()], None, &[], &no_environment);
        assert_eq!(project.expect("a project").name, "deploy");
    }

    #[test]
    fn the_name_is_the_settings_then_the_environments_then_the_files_then_the_directorys() {
        let (folder, project) = project(&[("compose.yaml", "name: tienda\nservices: {}")], &[]);
        assert_eq!(project.name, "tienda");
        let of = |name: Option<&str>, environment: &dyn Fn(&str) -> Option<String>| {
            Project::find(folder.path(), &[], name, &[], environment).expect("a project").name
        };
        let set = |name: &str| (name == "COMPOSE_PROJECT_NAME").then(|| "del-entorno".to_owned());
        assert_eq!(of(None, &set), "del-entorno");
        assert_eq!(of(Some("de-ajustes"), &set), "de-ajustes");
        assert_eq!(of_directory(Path::new("/srv/Mi Sistema.v2")), "misistemav2");
        assert_eq!(of_directory(Path::new("/")), "default");
    }

    #[test]
    fn a_broken_file_is_told_by_name_and_an_empty_directory_has_no_project() {
        let (_folder, project) = project(&[("compose.yaml", "services:\n  - [")], &[]);
        let error = project.services().expect_err("it is broken");
        assert!(error.to_string().starts_with("compose.yaml cannot be understood"), "{error}");
        let empty = tempfile::tempdir().expect("a folder");
        assert_eq!(Project::find(empty.path(), &[], None, &[], &no_environment), None);
    }
}
