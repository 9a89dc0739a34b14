//! The rules of the repository, as tests.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The rooms from the lowest up; a room may use those below it only.
const ROOMS: &[(&str, &[&str])] = &[
    ("sereno-model", &[]),
    ("sereno-effects", &["sereno-model"]),
    ("sereno-runbook", &["sereno-model", "sereno-effects"]),
    ("sereno-store", &["sereno-model"]),
    ("sereno-engine", &["sereno-model", "sereno-effects", "sereno-runbook", "sereno-store"]),
    ("sereno-platform", &["sereno-model"]),
    ("sereno-operations", &["sereno-model", "sereno-effects", "sereno-engine", "sereno-platform"]),
    (
        "sereno",
        &[
            "sereno-model",
            "sereno-effects",
            "sereno-runbook",
            "sereno-store",
            "sereno-engine",
            "sereno-platform",
            "sereno-operations",
        ],
    ),
    ("lab", &[]),
    ("xtask", &["sereno-model", "sereno-effects", "sereno-runbook"]),
];

/// Rooms that are pure: they build without an async runtime or a database.
const PURE: &[&str] = &["sereno-model", "sereno-effects", "sereno-runbook"];
const NOT_PURE: &[&str] = &["tokio", "sqlx", "hyper", "reqwest", "axum"];

/// Crates that must not be anywhere: a second TLS provider, OpenSSL, unmaintained YAML, a weak RSA.
const BANNED: &[&str] = &["aws-lc-rs", "aws-lc-sys", "openssl-sys", "native-tls", "serde_yaml", "rsa"];

const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "Apache-2.0 WITH LLVM-exception",
];

const MAX_LINES: usize = 700;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}

fn metadata() -> Value {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root())
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

fn tracked(endings: &[&str]) -> Vec<PathBuf> {
    let output = Command::new("git").current_dir(root()).args(["ls-files", "-z"]).output().expect("git runs");
    String::from_utf8_lossy(&output.stdout)
        .split('\0')
        .filter(|name| !name.is_empty() && (endings.is_empty() || endings.iter().any(|e| name.ends_with(e))))
        .map(|name| root().join(name))
        .filter(|path| path.is_file())
        .collect()
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().expect("packages").iter()
}

#[test]
fn rooms_use_only_rooms_below_them() {
    let metadata = metadata();
    let rooms: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    for package in packages(&metadata).filter(|p| p["source"].is_null()) {
        let name = package["name"].as_str().expect("name");
        let allowed = rooms.get(name).unwrap_or_else(|| panic!("room `{name}` is not in the list of rooms"));
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let used = dependency["name"].as_str().expect("name");
            if rooms.contains_key(used) && dependency["kind"].is_null() {
                assert!(allowed.contains(&used), "`{name}` must not use `{used}`");
            }
        }
    }
}

#[test]
fn pure_rooms_have_no_runtime_and_no_database() {
    let metadata = metadata();
    for package in packages(&metadata).filter(|p| PURE.contains(&p["name"].as_str().unwrap_or_default())) {
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let used = dependency["name"].as_str().expect("name");
            assert!(!NOT_PURE.contains(&used), "{} must stay pure: {used}", package["name"]);
        }
    }
}

#[test]
fn no_banned_crate_and_only_known_licences() {
    let metadata = metadata();
    for package in packages(&metadata) {
        let name = package["name"].as_str().expect("name");
        assert!(!BANNED.contains(&name), "{name} is banned");
        let Some(licence) = package["license"].as_str() else {
            panic!("{name} names no licence");
        };
        let alternatives = licence.replace('/', " OR ");
        let fits = alternatives.split(" OR ").any(|alternative| {
            alternative
                .trim_matches(['(', ')', ' '])
                .split(" AND ")
                .all(|l| LICENCES.contains(&l.trim_matches(['(', ')', ' '])))
        });
        assert!(fits, "{name}: licence {licence}");
    }
}

#[test]
fn source_files_stay_short() {
    let mut long = Vec::new();
    for path in tracked(&[".rs"]) {
        let lines = fs::read_to_string(&path).expect("source is UTF-8").lines().count();
        if lines > MAX_LINES {
            long.push(format!("{} {lines}", path.display()));
        }
    }
    assert!(long.is_empty(), "longer than {MAX_LINES} lines: {long:#?}");
}

#[test]
fn no_path_of_a_machine_and_no_registry_host() {
    // Written in two halves, so that this file does not find itself.
    let forbidden =
        [["/wo", "rk/"].concat(), ["/va", "r/tmp/"].concat(), ["/ro", "ot/"].concat(), ["artifac", "tory"].concat()];
    let mut found = Vec::new();
    for path in tracked(&[]) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            for word in forbidden.iter().filter(|word| line.contains(word.as_str())) {
                found.push(format!("{}:{}: {word}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for path in tracked(&[".md"]) {
        if path.components().any(|c| c.as_os_str() == "data" || c.as_os_str() == "systems") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("documents are UTF-8");
        let folder = path.parent().expect("a file has a folder");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.starts_with("mailto:") || file.contains('<') {
                continue;
            }
            if !folder.join(file).exists() {
                broken.push(format!("{} -> {target}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn coverage_names_each_row_once_and_every_proof_exists() {
    let text = fs::read_to_string(root().join("docs/coverage.csv")).expect("docs/coverage.csv");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("id,status,proof"));
    let mut ids = BTreeSet::new();
    for line in lines {
        let fields: Vec<&str> = line.splitn(3, ',').collect();
        let [id, status, proof] = fields.as_slice() else { panic!("three fields: {line}") };
        assert!(ids.insert(id.to_owned()), "{id} twice");
        match *status {
            "missing" => {}
            "works" | "partial" => {
                let (path, name) = proof.split_once("::").unwrap_or((proof, ""));
                let source = fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{id}: {path}: {e}"));
                assert!(source.contains(&format!("fn {name}(")), "{id}: no test {name} in {path}");
            }
            other => panic!("{id}: status {other}"),
        }
    }
    assert_eq!(ids.len(), 24 + 15 + 20 + 13 + 16, "rows");
}
