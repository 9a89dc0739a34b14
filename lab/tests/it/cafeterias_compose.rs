//! Cafeterías as containers: its own runbook and the one that it was modelled on, walked by Sereno.
//!
//! One system for all of it: the names of its containers are those of the runbook, and there is one of each.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::bench::Lab;
use crate::cafeterias::{order, status_of, well};
use crate::compose::engine_answers;

/// Where the original says that the system lives.
const PLACE: &str = "/mnt/c/wamp64/www/Saas-inicial";
const OWN: &str = "RUNBOOK.md";

#[test]
fn cafeterias_in_containers_is_broken_and_mended_by_its_runbooks() {
    if !engine_answers() {
        eprintln!("skipped: no Docker Engine with docker-compose answers");
        return;
    }
    if taken("saas-backend-prod") {
        eprintln!("skipped: another Cafeterías has the container saas-backend-prod");
        return;
    }
    let Some(lab) = Lab::up_with("cafeterias", &["--platform", "compose"]) else {
        return;
    };
    the_same_system_lives_in_containers(&lab);
    faults_of_containers_show_and_are_mended(&lab);
    let sereno = Path::new(env!("CARGO_BIN_EXE_lab")).with_file_name("sereno");
    if !sereno.exists() {
        eprintln!("skipped: sereno is not built beside the lab (cargo build --workspace)");
        return;
    }
    let walker = Walker { lab: &lab, sereno };
    walker.sereno_operates_it();
    walker.its_own_runbook_mends_it();
    walker.the_original_is_walked();
}

fn taken(container: &str) -> bool {
    let output = Command::new("docker").args(["inspect", container]).output().unwrap();
    output.status.success()
}

fn shell(lab: &Lab, line: &str) -> Output {
    Command::new("bash").args(["-c", line]).current_dir(lab.path()).output().unwrap()
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn ok(lab: &Lab, line: &str) -> String {
    let output = shell(lab, line);
    assert!(output.status.success(), "{line}: {}", told(&output));
    told(&output)
}

fn the_same_system_lives_in_containers(lab: &Lab) {
    assert!(well(lab), "{:?}", lab.get("/health"));
    let (status, made) = order(lab, "dos cortados", 1250);
    assert_eq!(status, 201, "{made}");
    lab.until("the order is paid by the worker", |lab| status_of(lab, &made) == "paid");
    assert_eq!(lab.get("/docs").0, 404);
    let api = format!("curl -sS --cacert run/certs/fullchain.pem https://localhost:{}", lab.setting("HTTPS_PORT"));
    let failure = format!(
        "{api}/auth/login -H 'Content-Type: application/json' -d '{{\"email\":\"nadie\",\"password\":\"nada\"}}'"
    );
    for (line, expected) in [
        (format!("{api}/health").as_str(), "\"status\":\"healthy\""),
        (&failure, "wrong e-mail"),
        ("grep -c '\"event\":\"login_failure\"' logs/security.log", "1"),
        ("grep '/auth/login' logs/nginx-access.log", "\"status\":401"),
        ("docker exec saas-redis-prod redis-cli LLEN celery", ""),
        ("docker-compose logs --tail=500 worker", "order_paid"),
        ("docker-compose run --rm -T backend alembic current", "0003 (head)"),
        ("bash scripts/smoke_tests.sh production", "smoke tests: bien"),
    ] {
        let text = ok(lab, line);
        assert!(text.contains(expected), "{line}: {text}");
    }
}

/// Those that are made otherwise here than with processes.
fn faults_of_containers_show_and_are_mended(lab: &Lab) {
    let api = format!("https://localhost:{}/health", lab.setting("HTTPS_PORT"));
    let ask = format!("curl -sS -o /dev/null -w '%{{http_code}}' --cacert run/certs/fullchain.pem {api}");
    for fault in ["certificate-expired", "nginx-down", "backend-crash-loop", "bad-deploy"] {
        lab.ok(&["break", "cafeterias", fault]);
        match fault {
            "certificate-expired" => {
                let text = told(&shell(lab, &ask));
                assert!(text.contains("expired"), "{text}");
            }
            "nginx-down" => {
                assert!(!shell(lab, &ask).status.success());
                assert!(well(lab), "the backend is well");
            }
            "backend-crash-loop" => {
                let text = ok(lab, "docker-compose logs --tail=50 backend");
                assert!(text.contains("invalid literal for int()"), "{text}");
            }
            _ => {
                assert_eq!((order(lab, "mesa", 1000).0, order(lab, "mesa", 1001).0), (500, 201));
                // As its operators would: the script asks, and is told yes, and that the database stays.
                let text = ok(lab, "printf 'y\\nN\\n' | bash scripts/rollback.sh");
                assert!(text.contains("de vuelta en v1.0.0"), "{text}");
                assert_eq!(order(lab, "mesa", 1000).0, 201);
            }
        }
        lab.ok(&["mend", "cafeterias", fault]);
        lab.until(&format!("all is well after {fault}"), well);
    }
    lab.until("nginx answers again", |lab| told(&shell(lab, &ask)) == "200");
}

struct Walker<'l> {
    lab: &'l Lab,
    sereno: PathBuf,
}

impl Walker<'_> {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.sereno);
        self.surround(&mut command);
        command.current_dir(self.lab.path());
        command
    }

    /// What an operator's shell has: compose, Docker, and trust in the system's own certificate.
    fn surround(&self, command: &mut Command) {
        command
            .env("LANG", "es_AR.UTF-8")
            .env("HOME", self.lab.path())
            .env("CURL_CA_BUNDLE", self.lab.path().join("run/certs/fullchain.pem"))
            .stdin(std::process::Stdio::null());
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.command().args(arguments).output().unwrap();
        assert!(output.status.success(), "sereno {arguments:?}: {}", told(&output));
        told(&output)
    }

    fn walk(&self, procedure: &str) -> String {
        self.ok(&["run", procedure, "--runbook", OWN, "--yes", "--reason", "prueba", "--skip-manual"])
    }

    fn sereno_operates_it(&self) {
        let status = self.ok(&["status"]);
        for component in ["backend", "worker", "beat", "postgres", "redis", "nginx"] {
            assert!(status.contains(component), "{component}: {status}");
        }
        let logs = self.ok(&["logs", "beat", "--tail", "50"]);
        assert!(logs.contains("celery.beat"), "{logs}");
        let began = || ok(self.lab, "docker inspect -f '{{.State.StartedAt}}' saas-backend-prod");
        let before = began();
        self.ok(&["restart", "backend", "--yes", "--reason", "prueba"]);
        assert_ne!(before, began(), "it has really been restarted");
        self.lab.until("all is well after the restart", well);
    }

    fn its_own_runbook_mends_it(&self) {
        // The remedy and its check, without the last resort and the other branches that follow.
        for (fault, procedure, steps) in [
            ("backend-down", "la-api-devuelve-502", "1-3"),
            ("celery-worker-hung", "el-worker-no-procesa-tareas", "1-3"),
            ("redis-full", "redis-no-acepta-escrituras", "1-2"),
        ] {
            self.lab.ok(&["break", "cafeterias", fault]);
            assert!(!well(self.lab), "{fault}");
            let run = self.ok(&["run", procedure, "--runbook", OWN, "--steps", steps, "--yes", "--reason", "prueba"]);
            self.lab.until(&format!("{procedure} mends {fault}: {run}"), well);
            self.lab.ok(&["mend", "cafeterias", fault]);
        }
        for procedure in ["copia-manual", "migraciones", "vacuum"] {
            self.walk(procedure);
            self.lab.until(&format!("all is well after {procedure}"), well);
        }
    }

    /// Word for word, in the place that it names: a file system of this process's own has that place.
    fn the_original_is_walked(&self) {
        let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/runbooks/clean/cafeterias.md");
        let Ok(original) = original.canonicalize() else {
            eprintln!("skipped: the original runbooks are not beside the project");
            return;
        };
        if !Command::new("unshare").args(["--mount", "true"]).output().is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: unshare --mount is not allowed here, so that {PLACE} cannot be");
            return;
        }
        for (procedure, steps) in ORIGINAL {
            let output = self.in_its_place(&original, procedure, steps);
            assert!(output.status.success(), "{procedure} {steps}: {}", told(&output));
            self.lab.until(&format!("all is well after {procedure}"), well);
        }
    }

    fn in_its_place(&self, original: &Path, procedure: &str, steps: &str) -> Output {
        let script = format!(
            "mount -t tmpfs none /mnt && mkdir -p {PLACE} && mount --bind \"$1\" {PLACE} && cd {PLACE} && shift && exec \"$@\""
        );
        let domain = format!("tu-dominio.com=localhost:{}", self.lab.setting("HTTPS_PORT"));
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", &script, "sh"]).arg(self.lab.path()).arg(&self.sereno);
        command.args(["run", procedure, "--yes", "--reason", "prueba", "--runbook"]).arg(original);
        if procedure == "verificacion-post-deploy" {
            command.args(["-p", &domain]);
        }
        if !steps.is_empty() {
            command.args(["--steps", steps]);
        }
        self.surround(&mut command);
        command.output().unwrap()
    }
}

/// The procedures of the original that run, and which steps of them: without those that wait for a terminal, that
/// ask for what only a real server has, or that would clear out the whole engine. `docker-compose logs backend --tail=50`
/// is not taken by the docker-compose of Debian, which wants the option first.
const ORIGINAL: &[(&str, &str)] = &[
    ("reiniciar-servicios", ""),
    ("verificacion-post-deploy", "1"),
    ("deploy-normal-planificado", ""),
    ("backup-manual", ""),
    ("ejecutar-migracion-manual", ""),
    ("api-devuelve-502-503", "2"),
    ("vacuum-de-postgresql", ""),
    ("revisar-logs-de-seguridad", ""),
    ("escalar-workers-horizontalmente", ""),
    ("backup-de-configuracion-critica", ""),
];
