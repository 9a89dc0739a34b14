//! The runbooks of a project, and what they say of the system: compose files, health addresses. Pure.

use super::compose::filled;
use super::folder::{Folder, ends_in};
use regex::Regex;
use serde::Serialize;
use sereno_model::Lang;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A Markdown file that is a runbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Found {
    pub(super) file: String,
    pub(super) language: Lang,
    pub(super) procedures: usize,
    pub(super) incidents: usize,
    /// The text, as it was read.
    #[serde(skip)]
    pub(super) source: String,
}

/// At most so many Markdown files are read.
const MOST: usize = 100;

/// Markdown files whose reading gives incidents, or procedures where the name says that it is a runbook. The translation of
/// another one is left out: the same procedure would be found twice.
pub(super) fn find(folder: &Folder) -> Vec<Found> {
    let is_markdown = |file: &&str| ends_in(file, &["md", "markdown"]);
    let mut found: Vec<Found> =
        folder.files().filter(is_markdown).take(MOST).filter_map(|file| read(folder, file)).collect();
    let names: Vec<String> = found.iter().map(|runbook| runbook.file.clone()).collect();
    found.retain(|runbook| !original(&runbook.file).is_some_and(|original| names.contains(&original)));
    // Near ones first: `RUNBOOK.md` before `docs/old/RUNBOOK.md`.
    found.sort_by_key(|runbook| (runbook.file.matches('/').count(), runbook.file.clone()));
    found
}

fn read(folder: &Folder, file: &str) -> Option<Found> {
    let (runbook, _) = sereno_runbook::read(&folder.bytes(file)?);
    let (procedures, incidents) = (runbook.procedures.len(), runbook.incidents.len());
    let name = file.to_lowercase();
    let is_named = ["runbook", "playbook", "operacion", "operation", "on-call", "oncall", "guardia"]
        .iter()
        .any(|w| name.contains(w));
    let is_runbook = incidents > 0 || (is_named && procedures > 0);
    is_runbook.then(|| Found {
        file: file.to_owned(),
        language: runbook.language,
        procedures,
        incidents,
        source: runbook.source,
    })
}

/// `RUNBOOK.md`, for `RUNBOOK.en.md`.
fn original(file: &str) -> Option<String> {
    let (stem, ending) = file.rsplit_once('.')?;
    let (stem, language) = stem.rsplit_once('.')?;
    matches!(language, "en" | "es" | "pt").then(|| format!("{stem}.{ending}"))
}

/// The compose files that the runbooks' commands name most often, among those that are there.
pub(super) fn compose_files(runbooks: &[Found], folder: &Folder) -> Option<Vec<String>> {
    static COMMAND: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"docker(?:-| +)compose((?: +(?:-f|--file|-p|--project-name|--env-file|--profile)[ =]+[^ `\n]+)+)")
            .ok()
    });
    static FILE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r" (?:-f|--file)[ =]+([^ `\n]+)").ok());
    let (command, file) = (COMMAND.as_ref()?, FILE.as_ref()?);
    let mut counts: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for runbook in runbooks {
        for options in command.captures_iter(&runbook.source) {
            let files = file.captures_iter(options.get(1)?.as_str()).filter_map(|found| found.get(1));
            let files: Vec<String> = files
                .map(|found| found.as_str().trim_matches(['"', '\'']).trim_start_matches("./").to_owned())
                .collect();
            if !files.is_empty() && files.iter().all(|file| folder.has(file)) {
                *counts.entry(files).or_default() += 1;
            }
        }
    }
    counts.into_iter().max_by_key(|(files, count)| (*count, std::cmp::Reverse(files.clone()))).map(|(files, _)| files)
}

/// A path that says how a system is, on a port of this machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HealthAddress {
    pub(super) port: u16,
    pub(super) path: String,
}

/// The addresses of this machine that the runbooks ask for its health. Any other address of a runbook is none of ours: to
/// ask it may do something.
pub(super) fn health_addresses(runbooks: &[Found], environment: &dyn Fn(&str) -> Option<String>) -> Vec<HealthAddress> {
    static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"http://(?:localhost|127\.0\.0\.1|\[::1\])(?::(\d+|\$\w+|\$\{\w+(?::?-\d+)?\}))?(/[\w/.-]*)(.?)")
            .ok()
    });
    let Some(address) = ADDRESS.as_ref() else { return Vec::new() };
    let mut found = Vec::new();
    for parts in runbooks.iter().flat_map(|runbook| address.captures_iter(&runbook.source)) {
        let text = |group: usize| parts.get(group).map(|part| part.as_str()).unwrap_or_default();
        let port = if text(1).is_empty() { Some(80) } else { filled(text(1), environment).parse().ok() };
        let path = text(2).trim_end_matches('.');
        // What goes on after the path is not a path alone.
        let ends = !matches!(text(3), "?" | "#" | "$" | "%" | "{" | "<" | "@" | ":" | "&" | "*" | "~" | "=" | "+");
        if let Some(port) = port.filter(|_| ends && is_health(path)) {
            found.push(HealthAddress { port, path: path.to_owned() });
        }
    }
    found.sort();
    found.dedup();
    found
}

fn is_health(path: &str) -> bool {
    const WORDS: [&str; 10] =
        ["health", "healthz", "healthcheck", "ready", "readyz", "readiness", "live", "livez", "ping", "metrics"];
    !path.contains("..") && path.split('/').any(|part| WORDS.contains(&part.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Folder) {
        let root = tempfile::tempdir().expect("a folder");
        for (name, bytes) in files {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, bytes).expect("a file");
        }
        let folder = Folder::look(root.path());
        (root, folder)
    }

    const RUNBOOK: &str = "# Runbook\n\n## Incidente: API caída\n\n**Síntomas:** no responde\n\n### Solución\n\n```bash\ndocker-compose -f docker-compose.prod.yml restart api\ncurl -f http://localhost:${PORT:-3000}/health\ncurl -X POST http://localhost:3000/admin/reset\ncurl http://localhost:3000/health?drop=1\ncurl http://10.0.0.5/health\ncurl http://localhost:4000/api/v1/health/redis.\n```\n";

    #[test]
    fn what_reads_as_a_runbook_is_one_and_its_translation_is_left_out() {
        let (_root, folder) = folder(&[
            ("RUNBOOK.md", RUNBOOK.as_bytes()),
            ("RUNBOOK.en.md", RUNBOOK.as_bytes()),
            ("README.md", b"# Shop\n\nWhat it is.\n"),
            ("docs/noise.md", &[0xff, 0xfe, 0x00, 0x1b]),
        ]);
        let found = find(&folder);
        let told: Vec<_> = found.iter().map(|r| (r.file.as_str(), r.language)).collect();
        assert_eq!(told, [("RUNBOOK.md", Lang::Es)]);
    }

    #[test]
    fn the_compose_file_that_is_named_is_told_where_it_is_there() {
        let (_root, folder) =
            folder(&[("RUNBOOK.md", RUNBOOK.as_bytes()), ("docker-compose.prod.yml", b"services: {}")]);
        assert_eq!(compose_files(&find(&folder), &folder), Some(vec!["docker-compose.prod.yml".to_owned()]));
        let (_other, elsewhere) = self::folder(&[("RUNBOOK.md", RUNBOOK.as_bytes())]);
        assert_eq!(compose_files(&find(&elsewhere), &elsewhere), None);
    }

    #[test]
    fn only_paths_of_health_on_this_machine_are_asked() {
        let (_root, folder) = folder(&[("RUNBOOK.md", RUNBOOK.as_bytes())]);
        let environment = |name: &str| (name == "PORT").then(|| "4100".to_owned());
        let found = health_addresses(&find(&folder), &environment);
        let told: Vec<_> = found.iter().map(|a| (a.port, a.path.as_str())).collect();
        assert_eq!(told, [(4000, "/api/v1/health/redis"), (4100, "/health")]);
    }
}
