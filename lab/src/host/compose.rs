//! The compose platform: the same components as containers, through `docker-compose` or `docker compose`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use super::env_file::EnvFile;
use crate::failure::{Doing, Failure, Result};

pub(crate) struct Compose<'h> {
    pub(crate) dir: &'h Path,
}

impl Compose<'_> {
    /// Runs one compose command in the lab's directory, where its `.env` names the project.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<String> {
        let program = program()?;
        let what = || format!("{} {}", program.join(" "), arguments.join(" "));
        let output = self.command(program, arguments).output().doing(what)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(Failure::new(format!("{}: {}", what(), end_of(&output))))
    }

    /// Stops and removes the containers with their data and image.
    ///
    /// A system whose releases are images of their own names them `lab-PROJECT:VERSION`, and all of those go.
    pub(crate) fn wipe(&self, project: Option<&str>) -> Result<()> {
        let containers = self.run(&["ps", "-q"])?;
        let mut names = self.images_of(containers.split_whitespace())?;
        if let Some(project) = project {
            names.extend(self.images_named(&format!("lab-{project}"))?);
        }
        self.run(&["down", "-v"])?;
        if names.is_empty() {
            return Ok(());
        }
        // By its name: another lab may have built the same image, and runs on it.
        let mut arguments = vec!["rmi"];
        arguments.extend(names.iter().map(String::as_str));
        docker(self.dir, &arguments)
    }

    fn images_named(&self, repository: &str) -> Result<Vec<String>> {
        let what = || format!("docker images {repository}");
        let output = Command::new("docker")
            .args(["images", "--format", "{{.Repository}}:{{.Tag}}", repository])
            .current_dir(self.dir)
            .output()
            .doing(what)?;
        if !output.status.success() {
            return Err(Failure::new(format!("{}: {}", what(), end_of(&output))));
        }
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }

    /// The names of the images that containers were made from, each once.
    fn images_of<'c>(&self, containers: impl Iterator<Item = &'c str>) -> Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for container in containers {
            let output = Command::new("docker")
                .args(["inspect", "--format", "{{.Config.Image}}", container])
                .current_dir(self.dir)
                .output()
                .doing(|| "docker inspect".to_owned())?;
            let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            if output.status.success() && !name.is_empty() {
                names.insert(name);
            }
        }
        Ok(names)
    }

    /// The Debian packages, under a name of their own: they outlive each lab's image, and the next build is quick.
    pub(crate) fn build_base(&self, name: &str) -> Result<()> {
        let network = ["build", "--network", "host"];
        let target = ["--target", "base", "-t", name, "."];
        docker(self.dir, &[network.as_slice(), &target].concat())
    }

    fn command(&self, program: &[&str], arguments: &[&str]) -> Command {
        let (first, rest) = program.split_first().unwrap_or((&"docker-compose", &[]));
        let mut command = Command::new(first);
        command.args(rest).args(arguments).current_dir(self.dir);
        // What the caller's environment says would win over `.env`, which describes this lab.
        for name in ["COMPOSE_PROJECT_NAME", "COMPOSE_FILE", "PORT", "POSTGRES_PORT", "REDIS_PORT", "APP_VERSION"] {
            command.env_remove(name);
        }
        command
    }

    /// Asked of the engine itself, which is quicker than compose, and lists those that have stopped in every version.
    fn container(&self, service: &str) -> Result<Option<String>> {
        let env = EnvFile::read(&self.dir.join(".env"))?;
        let project = env.get("COMPOSE_PROJECT_NAME").unwrap_or_default();
        let label = |name: &str, value: &str| format!("label=com.docker.compose.{name}={value}");
        let what = || format!("docker ps: {service}");
        let output = Command::new("docker")
            .args(["ps", "-a", "-q", "--no-trunc", "--filter", &label("project", project)])
            // A container of `compose run` is of the service, and is not the service.
            .args(["--filter", &label("service", service), "--filter", &label("oneoff", "False")])
            .output()
            .doing(what)?;
        if !output.status.success() {
            return Err(Failure::new(format!("{}: {}", what(), end_of(&output))));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().map(str::trim).find(|id| !id.is_empty()).map(str::to_owned))
    }

    /// `running healthy`, `running starting`, `exited none`… of a service's container; none if there is no container.
    pub(crate) fn state(&self, service: &str) -> Result<Option<String>> {
        let Some(id) = self.container(service)? else {
            return Ok(None);
        };
        let format = "{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}";
        let output = Command::new("docker")
            .args(["inspect", "--format", format, &id])
            .output()
            .doing(|| "docker inspect".to_owned())?;
        Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned()))
    }
}

pub(crate) fn docker(dir: &Path, arguments: &[&str]) -> Result<()> {
    let what = || format!("docker {}", arguments.join(" "));
    let output = Command::new("docker").args(arguments).current_dir(dir).output().doing(what)?;
    if output.status.success() { Ok(()) } else { Err(Failure::new(format!("{}: {}", what(), end_of(&output)))) }
}

/// Whether an engine answers, and if not, why.
pub(crate) fn engine() -> Result<()> {
    let output =
        Command::new("docker").args(["version", "--format", "{{.Server.Version}}"]).output().map_err(|error| {
            Failure::new(format!("docker: {error}"))
                .hint("apt-get install docker.io docker-compose, or use --platform process")
        })?;
    if !output.status.success() {
        return Err(Failure::new(format!("no Docker Engine answers: {}", end_of(&output)))
            .hint("start the engine, or use --platform process"));
    }
    program().map(|_| ())
}

fn program() -> Result<&'static [&'static str]> {
    static FOUND: OnceLock<Option<&'static [&'static str]>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let choices: [&[&str]; 2] = [&["docker-compose"], &["docker", "compose"]];
        choices.into_iter().find(|words| {
            let (first, rest) = words.split_first().unwrap_or((&"", &[]));
            let output = Command::new(first).args(rest).arg("version").output();
            // An engine without the plugin takes `compose` for an option of its own and fails.
            output.is_ok_and(|output| output.status.success())
        })
    });
    found.ok_or_else(|| {
        Failure::new("neither docker-compose nor `docker compose` is installed").hint("apt-get install docker-compose")
    })
}

fn end_of(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(15)..).unwrap_or_default().join("\n")
}
