//! The file of settings, written out of what was found. Pure.

use super::find::{Found, Keeper, Place};
use super::probe::{Answer, Queue};
use super::runbooks;
use crate::render::one_line;
use sereno_model::{Lang, Text};
use std::fmt::Write as _;

/// What stands in a file where compose needs to be told no file.
const DEFAULT_ENV: [&str; 1] = [".env"];

/// The whole file.
pub(super) fn file(found: &Found, lang: Lang) -> String {
    let mut out = Writer { text: String::new(), lang };
    out.comment(
        "sereno.toml: what `sereno init` found here. It is yours from now on: init never writes over it.",
        "sereno.toml: lo que `sereno init` encontró aquí. Desde ahora es suyo: init nunca lo sobrescribe.",
    );
    out.comment(
        "Everything is optional, and what is not set is found from the directory each time.",
        "Todo es opcional, y lo que no se define se busca en el directorio cada vez.",
    );
    out.section("system");
    out.set("name", &text(&found.name), None);
    if let Some(language) = found.language() {
        // Messages follow whoever reads them: that is not for this to decide.
        let word = if language == Lang::Es { "es" } else { "en" };
        out.comment(
            &format!("language = \"{word}\": the runbook's; else messages follow each one's locale"),
            &format!("language = \"{word}\": el del runbook; si no, los mensajes siguen la configuración regional de cada quien"),
        );
    }
    if !found.runbooks.is_empty() {
        let names: Vec<&str> = found.runbooks.iter().map(|runbook| runbook.file.as_str()).collect();
        let why = told(&found.runbooks);
        out.set("runbooks", &list(&names), Some(&why));
    }
    out.platform(found);
    out.secrets(found);
    out.people();
    out.rest(found);
    out.text
}

/// `9 procedures, 5 incidents`.
fn told(runbooks: &[runbooks::Found]) -> Text {
    let procedures: usize = runbooks.iter().map(|runbook| runbook.procedures).sum();
    let incidents: usize = runbooks.iter().map(|runbook| runbook.incidents).sum();
    Text::new(
        format!("{procedures} procedures, {incidents} incidents"),
        format!("{procedures} procedimientos, {incidents} incidentes"),
    )
}

struct Writer {
    text: String,
    lang: Lang,
}

impl Writer {
    /// A comment; whatever it holds, it ends no line.
    fn comment(&mut self, en: &str, es: &str) {
        let line = if self.lang == Lang::Es { es } else { en };
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "# {}", one_line(line));
    }

    fn section(&mut self, name: &str) {
        let _ = writeln!(self.text, "\n[{name}]");
    }

    fn set(&mut self, key: &str, value: &str, why: Option<&Text>) {
        let why = why.map(|why| format!("  # {}", one_line(why.get(self.lang)))).unwrap_or_default();
        let _ = writeln!(self.text, "{key} = {value}{why}");
    }

    fn platform(&mut self, found: &Found) {
        match &found.platform {
            None => {
                self.text.push('\n');
                self.comment(
                    "[platform]: none was found. A compose file here makes one; servers: sereno init ssh://deploy@host; a cluster: sereno init --context NAME.",
                    "[platform]: no se encontró ninguna. Un archivo de compose aquí la define; servidores: sereno init ssh://deploy@host; un cluster: sereno init --context NOMBRE.",
                );
            }
            Some(Place::Compose { files, named, .. }) => {
                self.section("platform");
                self.set("kind", &text("compose"), None);
                let names: Vec<&str> = files.iter().map(String::as_str).collect();
                if *named {
                    self.set("files", &list(&names), None);
                } else {
                    let names = names.join(", ");
                    self.comment(
                        &format!("compose finds {names} by itself"),
                        &format!("compose encuentra {names} solo"),
                    );
                }
            }
            Some(Place::Kubernetes { context, namespace, kubeconfig }) => {
                self.section("platform");
                self.set("kind", &text("kubernetes"), None);
                for (key, value) in [("kubeconfig", kubeconfig), ("context", context)] {
                    if let Some(value) = value {
                        self.set(key, &text(value), None);
                    }
                }
                self.set("namespace", &text(namespace), None);
            }
            Some(Place::Pm2 { units }) => {
                self.section("platform");
                self.set("kind", &text("pm2"), None);
                self.set("units", &list(units), None);
            }
            Some(Place::Process { processes }) => {
                self.section("platform");
                self.set("kind", &text("process"), None);
                self.comment("From the Procfile:", "Del Procfile:");
                for process in processes {
                    self.text.push_str("\n[[processes]]\n");
                    self.set("name", &text(&process.name), None);
                    self.set("command", &list(&process.command), None);
                    if found.env_files == DEFAULT_ENV {
                        self.set("env_file", &text(DEFAULT_ENV[0]), None);
                    }
                }
            }
            Some(Place::Railway {}) => {
                self.section("platform");
                self.set("kind", &text("railway"), None);
                self.comment(
                    "RAILWAY_TOKEN in the environment opens the project; environment = \"NAME\" where there are several.",
                    "RAILWAY_TOKEN en el entorno abre el proyecto; environment = \"NOMBRE\" si hay varios.",
                );
            }
            Some(Place::Render { services }) => {
                self.section("platform");
                self.set("kind", &text("render"), None);
                if !services.is_empty() {
                    self.set("services", &list(services), None);
                }
                self.comment(
                    "RENDER_API_KEY in the environment opens the workspace; owner = \"tea-…\" where it opens several.",
                    "RENDER_API_KEY en el entorno abre el espacio de trabajo; owner = \"tea-…\" si abre varios.",
                );
            }
            Some(Place::Systemd { hosts, units, ssh_config }) => {
                self.section("platform");
                self.set("kind", &text("systemd"), None);
                self.set("hosts", &list(hosts), None);
                self.set("units", &list(units), None);
                if let Some(file) = ssh_config {
                    self.set("ssh_config", &text(file), None);
                }
            }
        }
    }

    /// Only where the usual file is not all that there is.
    fn secrets(&mut self, found: &Found) {
        if found.env_files.is_empty() || found.env_files == DEFAULT_ENV {
            return;
        }
        self.section("secrets");
        let why = Text::new("what they hold is shown nowhere", "lo que contienen no se muestra en ningún lado");
        self.set("env_files", &list(&found.env_files), Some(&why));
    }

    fn people(&mut self) {
        self.text.push('\n');
        self.comment(
            "Who operates: destruction needs a second one of them.",
            "Quiénes operan: destruir necesita a una segunda persona de ellas.",
        );
        self.text.push_str("# [[people]]\n# name = \"ana\"\n# os_user = \"ana\"\n");
    }

    /// What was found and no setting is for yet.
    fn rest(&mut self, found: &Found) {
        let lines = lines(found);
        if lines.is_empty() {
            return;
        }
        self.text.push('\n');
        self.comment("Found too; no setting is for it yet:", "También se encontró; todavía no hay ajuste para esto:");
        for (name, what) in lines {
            let what = what.get(self.lang).to_owned();
            let name = name.get(self.lang).to_owned();
            let line = format!("  {name}: {what}");
            self.comment(&line, &line);
        }
    }
}

/// What was found beside the settings, a line for each kind: what it is, and which.
pub(super) fn lines(found: &Found) -> Vec<(Text, Text)> {
    let mut lines = Vec::new();
    let mut add = |en: &str, es: &str, items: Vec<String>| {
        if !items.is_empty() {
            lines.push((Text::new(en, es), Text::same(items.join(", "))));
        }
    };
    add("services", "servicios", found.services.clone());
    for Keeper { kind, services, variables } in &found.stores {
        let variables = variables.iter().map(|variable| format!("${variable}"));
        add(kind.name(), kind.name(), services.iter().cloned().chain(variables).collect());
    }
    let answers =
        |answers: &[Answer]| answers.iter().map(|answer| format!("{} ({})", answer.url, answer.status)).collect();
    add("health", "salud", answers(&found.health));
    add("probes", "sondas", found.probes.clone());
    add("metrics", "métricas", answers(&found.metrics));
    add("reached as", "direcciones", found.hosts.clone());
    add("secrets", "secretos", found.secrets.clone());
    let queues = found.queues.iter().map(|Queue { library, name }| format!("{name} ({library})")).collect();
    add("queues", "colas", queues);
    let migrations = found.migrations.iter().map(|m| format!("{} ({})", m.tool, m.place)).collect();
    add("migrations", "migraciones", migrations);
    lines
}

/// A text as TOML writes it.
fn text(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            // Writing to a String cannot fail.
            c if c.is_control() => drop(write!(out, "\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn list(values: &[impl AsRef<str>]) -> String {
    let values: Vec<String> = values.iter().map(|value| text(value.as_ref())).collect();
    format!("[{}]", values.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::kinds::Kind;
    use super::*;
    use sereno_model::settings::Settings;

    fn odd() -> Found {
        let name = "a\"b\\c\nd\u{7f}\u{1b}[2J";
        Found {
            name: name.to_owned(),
            platform: Some(Place::Compose {
                files: vec!["deploy/x\".yml".to_owned()],
                named: true,
                project: "x".to_owned(),
            }),
            services: vec!["api\n[people]".to_owned()],
            stores: vec![Keeper {
                kind: Kind::Redis,
                services: vec!["cache".to_owned()],
                variables: vec!["REDIS_URL".to_owned()],
            }],
            env_files: vec![".env".to_owned(), ".env.production".to_owned()],
            ..Found::default()
        }
    }

    #[test]
    fn whatever_was_found_the_file_is_read_back_as_it_was_meant() {
        let found = odd();
        for lang in [Lang::En, Lang::Es] {
            let text = file(&found, lang);
            let (settings, diagnostics) = Settings::parse(&text, "sereno.toml");
            assert!(diagnostics.is_empty(), "{diagnostics:?}\n{text}");
            assert_eq!(settings.system.name.as_deref(), Some(found.name.as_str()));
            assert_eq!(settings.platform.files, ["deploy/x\".yml"]);
            assert_eq!(settings.secrets.env_files, found.env_files);
            assert!(settings.people.is_empty() && !text.contains('\u{1b}'), "{text}");
        }
    }

    #[test]
    fn a_cluster_pm2_and_a_procfile_are_written_as_settings() {
        let read = |platform| {
            let found = Found { name: "x".to_owned(), platform: Some(platform), ..Found::default() };
            let text = file(&found, Lang::Es);
            let (settings, diagnostics) = Settings::parse(&text, "sereno.toml");
            assert!(diagnostics.is_empty(), "{diagnostics:?}\n{text}");
            settings
        };
        let cluster = Place::Kubernetes {
            context: Some("arn:aws:eks:us\"east".to_owned()),
            namespace: "shop".to_owned(),
            kubeconfig: Some("ops/kube.yml".to_owned()),
        };
        let cluster = read(cluster).platform;
        assert_eq!(
            [cluster.kind, cluster.context, cluster.namespace, cluster.kubeconfig].map(Option::unwrap_or_default),
            ["kubernetes", "arn:aws:eks:us\"east", "shop", "ops/kube.yml"]
        );
        let pm2 = read(Place::Pm2 { units: vec!["api".to_owned()] }).platform;
        assert_eq!((pm2.kind.as_deref(), pm2.units.as_slice()), (Some("pm2"), &["api".to_owned()][..]));
        let render = read(Place::Render { services: vec!["api".to_owned()] }).platform;
        assert_eq!((render.kind.as_deref(), render.services.as_slice()), (Some("render"), &["api".to_owned()][..]));
        assert_eq!(read(Place::Railway {}).platform.kind.as_deref(), Some("railway"));
        let command = ["sh", "-c", "A=\"b\" node x.js"].map(str::to_owned).to_vec();
        let declared = super::super::processes::Declared { name: "web".to_owned(), command: command.clone() };
        let own = read(Place::Process { processes: vec![declared] });
        assert_eq!((own.processes[0].name.as_str(), &own.processes[0].command), ("web", &command));
    }

    #[test]
    fn servers_are_written_as_settings() {
        let platform = Place::Systemd {
            hosts: vec!["ssh://deploy@web-1".to_owned()],
            units: vec!["orion-api".to_owned()],
            ssh_config: Some("ssh.conf".to_owned()),
        };
        let text = file(&Found { name: "orion".to_owned(), platform: Some(platform), ..Found::default() }, Lang::En);
        let (settings, diagnostics) = Settings::parse(&text, "sereno.toml");
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        assert_eq!((settings.platform.kind.as_deref(), settings.platform.units.len()), (Some("systemd"), 1));
    }
}
