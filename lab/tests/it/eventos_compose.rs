//! Eventos as containers: each fault, its own runbook, and the one that it was modelled on, walked by Sereno.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::bench::Lab;
use crate::compose::engine_answers;
use crate::eventos::{book, break_all, ok, shell, told, well};
use crate::runbook::commands_of;

const OWN: &str = "RUNBOOK.md";

fn up() -> Option<Lab> {
    if !engine_answers() {
        eprintln!("skipped: no Docker Engine with docker-compose answers");
        return None;
    }
    Lab::up_with("eventos", &["--platform", "compose"])
}

#[test]
fn every_fault_of_eventos_shows_in_containers() {
    let Some(lab) = up() else {
        return;
    };
    assert_eq!(break_all(&lab, "compose"), 24);
}

#[test]
fn eventos_in_containers_is_operated_by_its_runbooks() {
    let Some(lab) = up() else {
        return;
    };
    let api = format!("curl -fsS --cacert docker/nginx/ssl/root.pem https://localhost:{}", lab.setting("HTTPS_PORT"));
    assert!(ok(&lab, &format!("{api}/api/health")).contains("\"status\":\"healthy\""));
    let nginx = ok(&lab, &format!("curl -fsS http://localhost:{}/nginx_status", lab.setting("HTTP_PORT")));
    assert!(nginx.contains("Active connections"), "{nginx}");
    let load = lab.ok(&["load", "eventos", "--rate", "20", "--seconds", "2"]);
    assert!(load.starts_with("40 ok"), "{load}");
    let sereno = Path::new(env!("CARGO_BIN_EXE_lab")).with_file_name("sereno");
    if !sereno.exists() {
        eprintln!("skipped: sereno is not built beside the lab (cargo build --workspace)");
        return;
    }
    let walker = Walker { lab: &lab, sereno };
    walker.its_own_runbook_mends_it();
    walker.the_original_is_walked();
}

#[test]
fn both_runbooks_of_eventos_type_the_same() {
    let spanish = commands_of(include_str!("../../systems/eventos/RUNBOOK.md"));
    let english = commands_of(include_str!("../../systems/eventos/RUNBOOK.en.md"));
    assert!(spanish.len() > 40, "{}", spanish.len());
    let spanish: Vec<String> = spanish.iter().map(|line| line.replace("no responde", "no answer")).collect();
    assert_eq!(spanish, english);
}

struct Walker<'l> {
    lab: &'l Lab,
    sereno: PathBuf,
}

impl Walker<'_> {
    fn surround(&self, command: &mut Command) {
        command
            .env("LANG", "es_AR.UTF-8")
            .env("HOME", self.lab.path())
            .env("CURL_CA_BUNDLE", self.lab.path().join("docker/nginx/ssl/root.pem"))
            .current_dir(self.lab.path())
            .stdin(std::process::Stdio::null());
    }

    fn run(&self, runbook: &Path, procedure: &str, steps: &str, values: &[String]) -> Output {
        let mut command = Command::new(&self.sereno);
        command.args(["run", procedure, "--yes", "--reason", "prueba", "--skip-manual", "--runbook"]).arg(runbook);
        if !steps.is_empty() {
            command.args(["--steps", steps]);
        }
        for value in values {
            command.args(["-p", value]);
        }
        self.surround(&mut command);
        command.output().unwrap()
    }

    fn walk(&self, runbook: &Path, procedure: &str, steps: &str, values: &[String]) -> String {
        let output = self.run(runbook, procedure, steps, values);
        assert!(output.status.success(), "{procedure} {steps}: {}", told(&output));
        self.lab.until(&format!("all is well after {procedure} {steps}"), well);
        told(&output)
    }

    fn its_own_runbook_mends_it(&self) {
        let own = Path::new(OWN);
        for (fault, procedure, steps) in [
            ("app-down", "la-api-devuelve-502", "1-3"),
            ("redis-full", "redis-no-acepta-escrituras", "1-2"),
            ("lock-chain", "demasiadas-conexiones-o-bloqueos", ""),
        ] {
            self.lab.ok(&["break", "eventos", fault]);
            self.walk(own, procedure, steps, &[]);
            self.lab.until("seats are booked again", |lab| book(lab, 1).0 == 201);
            self.lab.ok(&["mend", "eventos", fault]);
        }
        // What deletes waits for a second person, whoever says yes beforehand.
        self.lab.ok(&["break", "eventos", "disk-full"]);
        let output = self.run(own, "disco-lleno", "", &[]);
        assert_eq!(output.status.code(), Some(4), "{}", told(&output));
        self.lab.ok(&["mend", "eventos", "disk-full"]);
        for procedure in ["copia-manual", "accesos", "escalado"] {
            self.walk(own, procedure, "", &[]);
        }
        ok(self.lab, "docker-compose up -d --no-deps --scale app=1 app");
    }

    /// Word for word, with the values that this system needs.
    fn the_original_is_walked(&self) {
        let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/runbooks/clean/eventos.md");
        let Ok(original) = original.canonicalize() else {
            eprintln!("skipped: the original runbooks are not beside the project");
            return;
        };
        let lab = self.lab;
        // Something to look for in the logs.
        assert_eq!(book(lab, 1).0, 201);
        let wrong = r#"{"email":"persona1@eventos.example","password":"otra"}"#;
        assert_eq!(lab.send("POST", "/api/auth/login", "", wrong).0, 401);
        let domain = [format!("tu-dominio.com=localhost:{}", lab.setting("HTTPS_PORT"))];
        let database = ["user=eventos", "dbname=eventos_prod"].map(str::to_owned);
        let npm = shell(lab, "npm --version").status.success();
        if !npm {
            eprintln!("skipped: npm is not installed, so that the steps of the deploy with it are not walked");
        }
        let mut failures = Vec::new();
        for (procedure, steps, asks) in ORIGINAL {
            if steps == &"NPM" && !npm {
                continue;
            }
            let needed: &[String] = match asks {
                Asks::Nothing => &[],
                Asks::Domain => &domain,
                Asks::Database => &database,
            };
            let steps = if steps == &"NPM" { "1-2,4-6" } else { steps };
            let output = self.run(&original, procedure, steps, needed);
            // A step that only looks does not stop a run when it fails, and is told all the same.
            if !output.status.success() || told(&output).contains("falló") {
                failures.push(format!("{procedure} {steps}: {}", told(&output)));
            }
            lab.until(&format!("all is well after {procedure} {steps}"), well);
            if procedure == &"escalado-horizontal" {
                self.load_is_spread();
            }
        }
        if lab.setting("HTTP_PORT") == "80" {
            self.walk(&original, "comandos-de-monitoreo", "4", &[]);
        } else {
            eprintln!("skipped: port 80 is another's, so that nginx_status is not where the original asks for it");
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    /// Three copies of the application, and users meet each of them.
    fn load_is_spread(&self) {
        let mut seen = std::collections::BTreeSet::new();
        self.lab.until("three copies answer", |lab| {
            seen.insert(lab.get("/api/health").1["instance"].to_string());
            seen.len() >= 3
        });
        ok(self.lab, "docker-compose up -d --no-deps --scale app=1 app");
        self.lab.until("all is well with one copy", well);
    }
}

/// The procedures of the original that run, which steps of them, and what they ask for. Without those that a person does,
/// that destroy (a second person says yes to them), and that ask a registry or Let's Encrypt.
const ORIGINAL: &[(&str, &str, Asks)] = &[
    ("nivel-1-sistema-completamente-inaccesible", "1-3", Asks::Domain),
    ("nivel-2-funcionalidad-parcial-afectada", "1,3-5", Asks::Domain),
    ("nivel-3-problemas-de-rendimiento", "1", Asks::Nothing),
    ("despliegue-de-nuevas-versiones", "NPM", Asks::Domain),
    ("backup-manual", "", Asks::Nothing),
    ("restauracion-de-emergencia", "1,3-4", Asks::Domain),
    ("comandos-de-monitoreo", "2", Asks::Database),
    ("error-connection-refused-en-base-de-datos", "", Asks::Database),
    ("error-out-of-memory", "3", Asks::Nothing),
    ("error-too-many-connections", "1,3", Asks::Database),
    ("error-ssl-certificate-expired", "3", Asks::Nothing),
    ("escalado-vertical", "2", Asks::Nothing),
    ("escalado-horizontal", "", Asks::Nothing),
    ("optimizacion-de-base-de-datos", "3", Asks::Database),
    ("auditoria-de-acceso", "", Asks::Nothing),
];

enum Asks {
    Nothing,
    Domain,
    /// The user and the name that the author wrote as examples.
    Database,
}
