//! Processes that a project names for others to run: a Procfile, and pm2's own list.

use super::folder::{Folder, ends_in};
use regex::Regex;
use serde::{Deserialize, Serialize};
use sereno_model::Text;
use sereno_platform::host::Host;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A process of a Procfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) command: Vec<String>,
}

/// More than this is no Procfile of a system.
const MOST: usize = 50;

/// What a Procfile declares, and what of it is no process that runs on.
pub(super) fn of_procfile(folder: &Folder) -> (Vec<Declared>, Vec<Text>) {
    let Some(text) = folder.text("Procfile") else { return (Vec::new(), Vec::new()) };
    let (mut declared, mut notes): (Vec<Declared>, Vec<Text>) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).take(MOST) {
        let Some((name, command)) = line.split_once(':').map(|(name, command)| (name.trim(), command.trim())) else {
            continue;
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let is_odd = name.is_empty() || name.len() > 50 || !name.chars().all(is_name) || command.is_empty();
        if is_odd || declared.iter().any(|known| known.name == name) {
            notes.push(Text::new(
                format!("Procfile: a line that names no process is left out: {name}"),
                format!("Procfile: se omite una línea que no nombra un proceso: {name}"),
            ));
        } else if name == "release" {
            notes.push(Text::new(
                "Procfile: `release` runs once for each deploy, and is no process that runs on",
                "Procfile: `release` corre una vez por despliegue, y no es un proceso que siga en marcha",
            ));
        } else {
            declared.push(Declared { name: name.to_owned(), command: argv(command) });
        }
    }
    if declared.iter().any(|process| process.command.join(" ").contains("PORT")) {
        notes.push(Text::new(
            "Procfile: $PORT is what Heroku or foreman give; put it into environment of [[processes]] or into .env",
            "Procfile: $PORT lo dan Heroku o foreman; póngalo en environment de [[processes]] o en .env",
        ));
    }
    (declared, notes)
}

/// The words of a command; a shell where it needs one.
fn argv(command: &str) -> Vec<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:,@%+= ".contains(c);
    let gives_a_variable = command.split(' ').next().is_some_and(|first| first.contains('='));
    if command.chars().all(plain) && !gives_a_variable {
        return command.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    }
    ["sh", "-c", command].map(str::to_owned).to_vec()
}

/// The apps of pm2: those that its file of settings names, and those that run from this folder.
pub(super) async fn of_pm2(
    folder: &Folder,
    environment: &(dyn Fn(&str) -> Option<String> + Sync),
) -> (Vec<String>, Vec<Text>) {
    let mut apps: BTreeSet<String> = BTreeSet::new();
    let mut notes = Vec::new();
    for file in folder.files().filter(|file| is_of_pm2(file)) {
        let is_yaml = ends_in(file, &["yml", "yaml"]);
        let named = folder.text(file).map(|text| names(&text, is_yaml)).unwrap_or_default();
        if named.is_empty() {
            notes.push(Text::new(
                format!("{file} is of pm2, and names no app in plain words: pm2 list shows them"),
                format!("{file} es de pm2, y no nombra ninguna app con palabras llanas: pm2 list las muestra"),
            ));
        }
        apps.extend(named);
    }
    match running(folder.root(), environment).await {
        Ok(running) => apps.extend(running),
        Err(why) => notes.push(Text::new(
            format!("pm2 runs, and does not tell what ({why})"),
            format!("pm2 está en marcha, y no dice qué ejecuta ({why})"),
        )),
    }
    (apps.into_iter().collect(), notes)
}

/// `ecosystem.config.js`, and the other names that pm2 knows.
fn is_of_pm2(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    let is_its = name.starts_with("ecosystem.") || name == "pm2.json" || name.starts_with("pm2.config.");
    is_its && ends_in(name, &["js", "cjs", "mjs", "json", "yml", "yaml"])
}

/// The apps that a file names in plain words: it is a program, and is not run. What stands without quotes is a name in YAML
/// only.
fn names(text: &str, is_yaml: bool) -> Vec<String> {
    static QUOTED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?m)(?:^|[\s{,-])["']?name["']?\s*:\s*["'`]([A-Za-z0-9][\w. -]{0,60})["'`]"#).ok()
    });
    static PLAIN: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?m)^[\s-]*name\s*:\s*([A-Za-z0-9][\w.-]{0,60})\s*(?:#|\r?$)").ok());
    let of = |pattern: &Option<Regex>| -> Vec<String> {
        let all = pattern.as_ref().into_iter().flat_map(|pattern| pattern.captures_iter(text));
        all.filter_map(|found| Some(found.get(1)?.as_str().to_owned())).collect()
    };
    let mut names = of(&QUOTED);
    if is_yaml {
        names.extend(of(&PLAIN));
    }
    names
}

#[derive(Deserialize)]
struct Running {
    name: String,
    pm2_env: Place,
}

#[derive(Deserialize)]
struct Place {
    pm_cwd: Option<PathBuf>,
}

/// The apps that run from this folder, where pm2 is at work: to ask it would start it.
async fn running(root: &Path, environment: &(dyn Fn(&str) -> Option<String> + Sync)) -> Result<Vec<String>, String> {
    let home = environment("PM2_HOME").map(PathBuf::from);
    let home = home.or_else(|| environment("HOME").map(|home| Path::new(&home).join(".pm2")));
    let is_up = |home: &PathBuf| std::os::unix::net::UnixStream::connect(home.join("rpc.sock")).is_ok();
    if !home.as_ref().is_some_and(is_up) {
        return Ok(Vec::new());
    }
    let asked = Host::here(false);
    let answer = tokio::time::timeout(std::time::Duration::from_secs(10), asked.output(&["pm2", "jlist"])).await;
    let text = answer.map_err(|_| "timeout".to_owned())?.map_err(|error| error.to_string())?;
    // What is wrong with its list may quote the environment of an app.
    let list = text.lines().rev().find(|line| line.starts_with('[')).ok_or("?")?;
    let all: Vec<Running> = serde_json::from_str(list).map_err(|_| "?")?;
    let root = std::fs::canonicalize(root).map_err(|error| error.to_string())?;
    let is_here = |app: &Running| app.pm2_env.pm_cwd.as_ref().is_some_and(|place| place.starts_with(&root));
    Ok(all.into_iter().filter(is_here).map(|app| app.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_procfile_is_processes_and_a_shell_only_where_one_is_needed() {
        let root = tempfile::tempdir().expect("a folder");
        let text = "# all\nweb: node server.js --port 3000\nworker: QUEUE=a node worker.js\nrelease: npm run migrate\nbad name: x\nweb: twice\nclock: npm start -p $PORT\nnonsense\n";
        std::fs::write(root.path().join("Procfile"), text).expect("a file");
        let (declared, notes) = of_procfile(&Folder::look(root.path()));
        let told: Vec<_> = declared.iter().map(|p| (p.name.as_str(), p.command.join("|"))).collect();
        let expected = [
            ("web", "node|server.js|--port|3000".to_owned()),
            ("worker", "sh|-c|QUEUE=a node worker.js".to_owned()),
            ("clock", "sh|-c|npm start -p $PORT".to_owned()),
        ];
        assert_eq!(told, expected);
        assert_eq!(notes.len(), 4, "{notes:?}");
    }

    #[test]
    fn the_apps_of_a_file_of_pm2_are_read_and_the_file_is_not_run() {
        let js = "module.exports = {\n  apps: [{ name: 'api', script: 'a.js' }, {\n    \"name\": \"worker-1\",\n script: `b.js` }, { name: process.env.X }, { name: APP }],\n  // name: not this one here\n};";
        assert_eq!(names(js, false), ["api", "worker-1"]);
        assert_eq!(names("apps:\n  - name: api  # ours\n    script: a.js\n", true), ["api"]);
        assert!(is_of_pm2("deploy/ecosystem.config.cjs") && is_of_pm2("pm2.json"));
        assert!(!is_of_pm2("ecosystem.md") && !is_of_pm2("package.json"));
    }
}
