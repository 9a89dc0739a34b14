use super::*;
use crate::Severity;

const FULL: &str = r#"
[system]
name = "pedidos"
language = "es"
runbooks = ["RUNBOOK.md", "docs/otro.md"]
timezone = "America/Argentina/Buenos_Aires"

[platform]
kind = "compose"
files = ["docker-compose.yml", "docker-compose.prod.yml"]
project = "pedidos"
profiles = ["workers"]
hosts = ["deploy@web-1"]
units = ["api"]
ssh_config = "ssh.conf"
sudo = false
kubeconfig = "kube.yaml"
context = "prod"
namespace = "shop"
owner = "tea-1"
environment = "production"
services = ["api"]
api = "https://proxy.example.com"
native = true

[[processes]]
name = "api"
command = ["node", "server.js", ""]
directory = "services/api"
environment = { PORT = "300{instance}", DEBUG = true }
env_file = ".env"
replicas = 2
restart = "on-failure"
health = "http://127.0.0.1:300{instance}/health"
stop_signal = "SIGINT"
stop_seconds = 30
needs = ["redis"]

[[processes]]
name = "redis"
command = ["redis-server"]

[journal]
location = "sqlite:.sereno/journal.db"

[[people]]
name = "ana"
roles = ["operator"]

[[people]]
name = "Bea"
os_user = "bea"
email = "bea@example.com"

[policy]
change = "second-person"
observe = "ask"
unattended = ["restart-worker"]
pause_seconds = 5
step_timeout = "30m"
follow_seconds = 1_0

[values]
"pod-name" = "backend-0"
replicas = 3

[values."restart-worker"]
"pod-name" = "worker-0"

[secrets]
env_files = [".env", ".env.production"]
names = ["CODE"]
reveal_minutes = 30

[[commands]]
name = "deploy.sh"
risk = "change"

[maintenance]
component = "edge"
file = "/var/lib/edge/page"
ingress = "web"
service = "page:http"
url = "https://shop.example.com/"

[locks]
lease_seconds = 60
"#;

#[test]
fn what_the_platforms_kind_does_not_read_is_told_with_its_line_and_what_it_reads() {
    for (text, told) in [
        (
            "[platform]\nkind = \"compose\"\nnamespace = \"x\"",
            "3: `namespace` does nothing here: the platform is compose, and kubernetes reads it · compose reads: files, project, profiles",
        ),
        (
            "[platform]\nunits = [\"api\"]\nfiles = [\"a.yml\"]",
            "3: `files` does nothing here: the platform is systemd, and compose reads it · systemd reads: hosts, units, ssh_config, sudo",
        ),
        (
            "[platform]\nkind = \"process\"\nsudo = true",
            "3: `sudo` does nothing here: the platform is process, and pm2, systemd reads it · process reads none",
        ),
        ("[platform]\nkind = \"kubernetes\"\nnative = true", ""),
        ("[platform]\ncontext = \"prod\"", ""),
    ] {
        let (_, diagnostics) = Settings::parse(text, "sereno.toml");
        let one = |d: &Diagnostic| format!("{}: {} · {}", d.line, d.message.en, d.help.as_ref().expect("help").en);
        assert_eq!(diagnostics.iter().map(one).collect::<Vec<_>>().join("\n"), told, "{text}");
    }
}

#[test]
fn a_full_file_is_read() {
    let (settings, diagnostics) = Settings::parse(FULL, "sereno.toml");
    let (unread, wrong): (Vec<_>, Vec<_>) = diagnostics.into_iter().partition(|d| d.code == "unread-setting");
    assert_eq!(wrong, []);
    assert_eq!(unread.len(), 11, "what other kinds read is told, and is no error: {unread:?}");
    assert!(unread.iter().all(|told| told.severity == Severity::Warning));
    assert_eq!(settings.system.language, Some(Lang::Es));
    assert_eq!(settings.system.runbooks, ["RUNBOOK.md", "docs/otro.md"]);
    assert_eq!(settings.platform.kind.as_deref(), Some("compose"));
    assert_eq!(settings.platform.files, ["docker-compose.yml", "docker-compose.prod.yml"]);
    assert_eq!(settings.platform.project.as_deref(), Some("pedidos"));
    assert_eq!(settings.platform.profiles, ["workers"]);
    assert_eq!(
        (&settings.platform.hosts[..], &settings.platform.units[..]),
        (&["deploy@web-1".to_owned()][..], &["api".to_owned()][..])
    );
    assert_eq!((settings.platform.ssh_config.as_deref(), settings.platform.sudo), (Some("ssh.conf"), Some(false)));
    let platform = &settings.platform;
    let cluster = [&platform.kubeconfig, &platform.context, &platform.namespace].map(|text| text.as_deref());
    assert_eq!(cluster, [Some("kube.yaml"), Some("prod"), Some("shop")]);
    let hosted = [&platform.owner, &platform.environment, &platform.api].map(|text| text.as_deref());
    assert_eq!(hosted, [Some("tea-1"), Some("production"), Some("https://proxy.example.com")]);
    assert_eq!(platform.services, ["api"]);
    let api = &settings.processes[0];
    assert_eq!(
        (api.command.len(), api.replicas, api.stop_seconds, &api.needs[..]),
        (3, 2, 30, &["redis".to_owned()][..])
    );
    assert_eq!((api.restart, api.stop_signal), (process::Restart::OnFailure, process::StopSignal::Int));
    assert_eq!(api.environment["DEBUG"], "true");
    let redis = &settings.processes[1];
    assert_eq!((redis.replicas, redis.restart, redis.stop_seconds), (1, process::Restart::Always, 10));
    assert_eq!(settings.platform.native, Some(true));
    assert_eq!(settings.people.len(), 2);
    assert_eq!(settings.people[0].os_user, "ana");
    assert_eq!(settings.people[1].os_user, "bea");
    assert_eq!(settings.policy.change, Some(Strictness::SecondPerson));
    assert_eq!(settings.policy.observe, Some(Strictness::Ask));
    assert_eq!(settings.policy.destroy, None);
    assert_eq!(settings.policy.step_timeout, Some(Duration::from_mins(30)));
    assert_eq!(settings.policy.follow_seconds, Some(10));
    assert_eq!(settings.values_for("x")["pod-name"], "backend-0");
    assert_eq!(settings.values_for("restart-worker")["pod-name"], "worker-0");
    assert_eq!(settings.values_for("restart-worker")["replicas"], "3");
    assert_eq!(settings.secrets.names, ["CODE"]);
    assert_eq!(settings.secrets.reveal_minutes, Some(30));
    let maintenance = &settings.maintenance;
    let set = [&maintenance.component, &maintenance.file, &maintenance.ingress, &maintenance.service, &maintenance.url];
    let set: Vec<&str> = set.iter().filter_map(|text| text.as_deref()).collect();
    assert_eq!(set, ["edge", "/var/lib/edge/page", "web", "page:http", "https://shop.example.com/"]);
    assert_eq!(settings.locks.lease_seconds, Some(60));
    let commands: toml::Table = settings.commands_toml().unwrap().parse().unwrap();
    assert_eq!(commands["command"][0]["name"].as_str(), Some("deploy.sh"));
}

/// A wrong text, the line it must be told at, and words that the message and the help must hold.
#[test]
fn what_is_wrong_is_told_with_its_place_and_what_was_meant() {
    let table: &[(&str, usize, &[&str])] = &[
        ("[sistem]\nname = 'x'", 1, &["`sistem`", "sereno.toml", "`system`"]),
        ("[system]\n\nnam = 'x'", 3, &["`nam`", "[system]", "`name`"]),
        ("[system]\nlenguage = 'es'", 2, &["`language`"]),
        ("[system]\nzzz = 1", 2, &["name, language, runbooks, timezone"]),
        ("[system]\nlanguage = 'fr'", 2, &["\"es\" or \"en\"", "'fr'"]),
        ("[system]\nrunbooks = 'RUNBOOK.md'", 2, &["a list of texts"]),
        ("[system]\ntimezone = 'Buenos Aires'", 2, &["America/Argentina/Buenos_Aires"]),
        ("system = 3", 1, &["[system]"]),
        ("[people]\nname = 'x'", 1, &["[[people]]"]),
        ("[[people]]\nroles = ['operator']", 1, &["needs a `name`"]),
        ("[[people]]\nname = 'a'\n[[people]]\nname = 'a'", 4, &["two people"]),
        ("[[people]]\nname = 'a'\nroles = ['aprover']", 3, &["`aprover`", "`approver`"]),
        ("[[people]]\nname = 'a'\nemail = 'nobody'", 3, &["`email`"]),
        ("[journal]\nlocation = 'mysql://x'", 2, &["sqlite:PATH"]),
        ("[policy]\nchange = 'second-persn'", 2, &["`second-person`"]),
        ("[policy]\ndestroy = 'ask'", 2, &["laxer", "`second-person`"]),
        ("[policy]\npause_seconds = -1", 2, &["whole number of seconds"]),
        ("[policy]\npause_seconds = '5'", 2, &["whole number of seconds"]),
        ("[policy]\nstep_timeout = '30 días'", 2, &["\"30m\""]),
        ("[policy]\nstep_timeout = '0s'", 2, &["\"30m\""]),
        ("[locks]\nlease_seconds = 0", 2, &["seconds"]),
        ("[secrets]\nreveal_minutes = 0", 2, &["from 1 to 1440"]),
        ("[maintenance]\nfile = 'page'", 2, &["begins with `/`"]),
        ("[maintenance]\nservice = 'page'", 2, &["\"page:80\""]),
        ("[maintenance]\nurl = 'shop.example.com'", 2, &["https://"]),
        ("[values]\nx = [1]", 2, &["`x`"]),
        ("[[processes]]\ncommand = ['x']", 1, &["needs a `name`"]),
        ("[[processes]]\nname = 'a'", 1, &["`a` needs a `command`"]),
        ("[[processes]]\nname = 'a b'\ncommand = ['x']", 2, &["letters, digits"]),
        ("[[processes]]\nname = '../a'\ncommand = ['x']", 2, &["letters, digits"]),
        ("[[processes]]\nname = 'a'\ncommand = []", 3, &["the program and its arguments"]),
        ("[[processes]]\nname = 'a'\ncommand = 'x'", 3, &["the program and its arguments"]),
        ("[[processes]]\nname = 'a'\ncommand = ['x']\nhelth = 'x'", 4, &["`helth`", "`health`"]),
        ("[[processes]]\nname = 'a'\ncommand = ['x']\nhealth = 'db:1'", 4, &["127.0.0.1:PORT"]),
        ("[[processes]]\nname = 'a'\ncommand = ['x']\nreplicas = 101", 4, &["from 0 to 100"]),
        ("[[processes]]\nname = 'a'\ncommand = ['x']\nrestart = 'yes'", 4, &["on-failure"]),
        ("[[processes]]\nname = 'a'\ncommand = ['x']\nstop_signal = 'STOP'", 4, &["TERM"]),
        ("[[processes]]\nname = 'a'\ncommand = ['x']\nneeds = ['b']", 4, &["`a` needs `b`"]),
        ("[[processes]]\nname = 'a'\ncommand = ['x']\nneeds = ['a']", 4, &["needs itself"]),
        (
            "[[processes]]\nname = 'a'\ncommand = ['x']\nneeds = ['b']\n[[processes]]\nname = 'b'\ncommand = ['x']\nneeds = ['a']",
            8,
            &["`b` needs itself"],
        ),
        (
            "[[processes]]\nname = 'a'\ncommand = ['x']\n[[processes]]\nname = 'a'\ncommand = ['x']",
            5,
            &["two processes named `a`"],
        ),
        ("[processes]\nname = 'a'", 1, &["[[processes]]"]),
        ("[system]\nname = ", 2, &["TOML"]),
        ("[system\nname = 'x'", 1, &["TOML"]),
        ("[system]\nname = 'a'\nname = 'b'", 3, &["TOML"]),
    ];
    for (text, line, words) in table {
        let (_, diagnostics) = Settings::parse(text, "sereno.toml");
        let Some(found) = diagnostics.iter().find(|diagnostic| diagnostic.line == *line) else {
            panic!("{text}: nothing at line {line}: {diagnostics:?}");
        };
        assert_eq!(found.severity, Severity::Error);
        let help = found.help.as_ref().map(|help| help.en.clone()).unwrap_or_default();
        let said = format!("{} {help}", found.message.en);
        for word in *words {
            assert!(said.contains(word), "{text}: {said}");
        }
        assert!(!found.message.es.is_empty() && found.message.es != found.message.en);
    }
}

#[test]
fn one_wrong_setting_leaves_the_others() {
    let (settings, diagnostics) =
        Settings::parse("[system]\nnam = 1\nname = 'x'\nlanguage = 7\n[policy]\nchange = 'ask'", "f");
    assert_eq!(diagnostics.len(), 2);
    assert_eq!(settings.system.name.as_deref(), Some("x"));
    assert_eq!(settings.policy.change, Some(Strictness::Ask));
}

#[test]
fn the_default_file_sets_nothing_and_every_example_is_valid() {
    for lang in [Lang::En, Lang::Es] {
        let file = default_file(lang);
        assert_eq!(Settings::parse(&file, "f"), (Settings::default(), vec![]));
        let set: String = file
            .lines()
            .filter(|line| !line.starts_with("##"))
            .map(|line| {
                line.strip_prefix("# ").filter(|line| line.contains(" = ") || line.starts_with('[')).unwrap_or_default()
            })
            .collect::<Vec<_>>()
            .join("\n");
        let (settings, mut diagnostics) = Settings::parse(&set, "f");
        // No file is of all platforms at once.
        diagnostics.retain(|diagnostic| diagnostic.code != "unread-setting");
        assert_eq!(diagnostics, [], "{set}");
        assert_eq!(settings.people[0].email.as_deref(), Some("ana@example.com"));
    }
    assert!(reference().contains("| `step_timeout` |"));
    assert!(environment::known("DATABASE_URL").is_some());
}

#[test]
fn no_text_is_too_strange() {
    for text in
        ["", "\u{feff}", "\0", "[[[", "=", "[values]\n\"\" = ''", "ñ = 'á", "[people]\n[[people]]", "commands = 3"]
    {
        let (_, diagnostics) = Settings::parse(text, "f");
        for found in diagnostics {
            assert!(found.line >= 1 && found.span.start <= text.len());
        }
    }
}
