//! Every setting, once: the reading, the default file and the reference are made from this.

use super::environment::VARIABLES;
use crate::{Lang, Text};
use std::fmt::Write as _;

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Texts,
    Seconds,
    Duration,
    Language,
    Strictness,
    Location,
    Platform,
    Roles,
    Timezone,
    Truth,
    Name,
    Argv,
    Variables,
    Count,
    Restart,
    Health,
    Signal,
    Minutes,
    Absolute,
    Service,
    Address,
}

/// One setting.
pub(super) struct Setting {
    pub(super) section: &'static str,
    pub(super) key: &'static str,
    pub(super) kind: Kind,
    /// As it would be written.
    example: &'static str,
    doc: (&'static str, &'static str),
}

impl Kind {
    /// What is expected, in words.
    pub(super) fn expected(self) -> Text {
        let (en, es) = match self {
            Self::Text => ("a text in quotes", "un texto entre comillas"),
            Self::Texts => ("a list of texts, such as [\"a\", \"b\"]", "una lista de textos, como [\"a\", \"b\"]"),
            Self::Seconds => ("a whole number of seconds", "un número entero de segundos"),
            Self::Duration => (
                "seconds, or a text such as \"90s\", \"30m\", \"2h\"",
                "segundos, o un texto como \"90s\", \"30m\", \"2h\"",
            ),
            Self::Language => ("\"es\" or \"en\"", "\"es\" o \"en\""),
            Self::Strictness => {
                ("\"ask\", \"read-raw\" or \"second-person\"", "\"ask\", \"read-raw\" o \"second-person\"")
            }
            Self::Location => ("\"sqlite:PATH\" or \"postgresql://…\"", "\"sqlite:RUTA\" o \"postgresql://…\""),
            Self::Platform => (
                "\"compose\", \"kubernetes\", \"pm2\", \"process\", \"railway\", \"render\" or \"systemd\"",
                "\"compose\", \"kubernetes\", \"pm2\", \"process\", \"railway\", \"render\" o \"systemd\"",
            ),
            Self::Truth => ("true or false", "true o false"),
            Self::Name => (
                "a name of letters, digits, `-` and `_`, at most 50",
                "un nombre de letras, dígitos, `-` y `_`, a lo sumo 50",
            ),
            Self::Argv => (
                "the program and its arguments, such as [\"node\", \"server.js\"]",
                "el programa y sus argumentos, como [\"node\", \"server.js\"]",
            ),
            Self::Variables => {
                ("a table of texts, such as { PORT = \"3000\" }", "una tabla de textos, como { PORT = \"3000\" }")
            }
            Self::Count => ("a whole number from 0 to 100", "un número entero de 0 a 100"),
            Self::Restart => ("\"always\", \"on-failure\" or \"never\"", "\"always\", \"on-failure\" o \"never\""),
            Self::Health => (
                "\"http://127.0.0.1:PORT/path\" or \"127.0.0.1:PORT\"; the host is an address or localhost",
                "\"http://127.0.0.1:PUERTO/ruta\" o \"127.0.0.1:PUERTO\"; el host es una dirección o localhost",
            ),
            Self::Signal => (
                "\"TERM\", \"INT\", \"QUIT\", \"HUP\", \"USR1\", \"USR2\" or \"KILL\"",
                "\"TERM\", \"INT\", \"QUIT\", \"HUP\", \"USR1\", \"USR2\" o \"KILL\"",
            ),
            Self::Minutes => ("a whole number of minutes, from 1 to 1440", "un número entero de minutos, de 1 a 1440"),
            Self::Absolute => ("a path that begins with `/`", "una ruta que empieza con `/`"),
            Self::Service => {
                ("a service and its port, such as \"page:80\"", "un servicio y su puerto, como \"page:80\"")
            }
            Self::Address => ("\"http://…\" or \"https://…\"", "\"http://…\" o \"https://…\""),
            Self::Roles => (
                "a list of \"viewer\", \"operator\", \"approver\", \"admin\"",
                "una lista de \"viewer\", \"operator\", \"approver\", \"admin\"",
            ),
            Self::Timezone => (
                "a name such as \"America/Argentina/Buenos_Aires\"",
                "un nombre como \"America/Argentina/Buenos_Aires\"",
            ),
        };
        Text::new(en, es)
    }
}

/// The tables of the file, in the order of the documents. Those with two brackets are written once for each thing.
pub(super) const SECTIONS: &[(&str, bool, &str, &str)] = &[
    ("system", false, "What is operated.", "Lo que se opera."),
    (
        "platform",
        false,
        "Where the components live; found from the directory when not set.",
        "Dónde viven los componentes; si falta, se busca en el directorio.",
    ),
    (
        "processes",
        true,
        "What Sereno itself runs, one table for each program. `{instance}` in command, environment and health is the number of the copy, from 0.",
        "Lo que Sereno mismo ejecuta, una tabla por programa. `{instance}` en command, environment y health es el número de la copia, desde 0.",
    ),
    ("journal", false, "Where everything is recorded.", "Dónde se registra todo."),
    ("people", true, "Who operates, one table for each person.", "Quiénes operan, una tabla por persona."),
    (
        "policy",
        false,
        "Stricter rules than those of the house, and what may run unattended.",
        "Reglas más estrictas que las de la casa, y lo que puede correr sin atención.",
    ),
    (
        "values",
        false,
        "Values for the placeholders of runbooks; [values.\"procedure-id\"] for those of one procedure.",
        "Valores para los marcadores de los runbooks; [values.\"id-del-procedimiento\"] para los de un procedimiento.",
    ),
    (
        "maintenance",
        false,
        "The page that people see while everything is stopped: a file that the edge's own configuration looks for, or an ingress that sends to another service.",
        "La página que ve la gente mientras todo está detenido: un archivo que busca la configuración del propio borde, o un ingress que envía a otro servicio.",
    ),
    ("secrets", false, "What must never be shown.", "Lo que nunca se debe mostrar."),
    (
        "locks",
        false,
        "One changing run per component at a time.",
        "Una sola ejecución con cambios por componente a la vez.",
    ),
    (
        "commands",
        true,
        "What the team's own commands do, as `sereno effects` knows them.",
        "Qué hacen los comandos propios del equipo, como los conoce `sereno effects`.",
    ),
];

const fn setting(
    section: &'static str,
    key: &'static str,
    kind: Kind,
    example: &'static str,
    en: &'static str,
    es: &'static str,
) -> Setting {
    Setting { section, key, kind, example, doc: (en, es) }
}

pub(super) const SETTINGS: &[Setting] = &[
    setting("system", "name", Kind::Text, "\"pedidos\"", "The name of the system.", "El nombre del sistema."),
    setting(
        "system",
        "language",
        Kind::Language,
        "\"es\"",
        "The language of messages; else that of the locale.",
        "El idioma de los mensajes; si falta, el de la configuración regional.",
    ),
    setting(
        "system",
        "runbooks",
        Kind::Texts,
        "[\"RUNBOOK.md\"]",
        "The runbooks, relative to this file.",
        "Los runbooks, relativos a este archivo.",
    ),
    setting(
        "system",
        "timezone",
        Kind::Timezone,
        "\"America/Argentina/Buenos_Aires\"",
        "The time zone of schedules and reports; else that of the machine.",
        "La zona horaria de programaciones e informes; si falta, la de la máquina.",
    ),
    setting("platform", "kind", Kind::Platform, "\"compose\"", "What runs them.", "Qué los ejecuta."),
    setting(
        "platform",
        "files",
        Kind::Texts,
        "[\"docker-compose.yml\"]",
        "The compose files, relative to this file; those that compose finds by itself when not set.",
        "Los archivos de compose, relativos a este archivo; si falta, los que compose encuentra solo.",
    ),
    setting(
        "platform",
        "project",
        Kind::Text,
        "\"pedidos\"",
        "The compose project, as compose names it when not set. railway: the project's id; a project token says it itself.",
        "El proyecto de compose; si falta, el nombre que le da compose. railway: el id del proyecto; un token de proyecto lo dice solo.",
    ),
    setting(
        "platform",
        "profiles",
        Kind::Texts,
        "[\"workers\"]",
        "The compose profiles that are on.",
        "Los perfiles de compose que están activos.",
    ),
    setting(
        "platform",
        "hosts",
        Kind::Texts,
        "[\"deploy@web-1\", \"ssh://deploy@web-2:2222\"]",
        "systemd, pm2: the machines, as ssh takes them; this machine when not set.",
        "systemd, pm2: las máquinas, como las toma ssh; si falta, esta máquina.",
    ),
    setting(
        "platform",
        "units",
        Kind::Texts,
        "[\"orion-api\", \"orion-worker.service\"]",
        "systemd: the units of the system. pm2: its apps; all of them when not set.",
        "systemd: las unidades del sistema. pm2: sus apps; si falta, todas.",
    ),
    setting(
        "platform",
        "ssh_config",
        Kind::Text,
        "\"ssh_config\"",
        "A file of settings for ssh, relative to this file; the user's own when not set.",
        "Un archivo de configuración de ssh, relativo a este archivo; si falta, el del usuario.",
    ),
    setting(
        "platform",
        "sudo",
        Kind::Truth,
        "false",
        "systemd, pm2: whether changes go through sudo; those of systemd over SSH do when not set.",
        "systemd, pm2: si los cambios pasan por sudo; los de systemd por SSH sí cuando falta.",
    ),
    setting(
        "platform",
        "kubeconfig",
        Kind::Text,
        "\"kubeconfig.yaml\"",
        "kubernetes: the kubeconfig, relative to this file; as kubectl finds it when not set, else that of the pod that this runs in.",
        "kubernetes: el kubeconfig, relativo a este archivo; si falta, el que encuentra kubectl, o el del pod en que esto corre.",
    ),
    setting(
        "platform",
        "context",
        Kind::Text,
        "\"production\"",
        "kubernetes: the context of the kubeconfig; its current one when not set.",
        "kubernetes: el contexto del kubeconfig; si falta, su contexto actual.",
    ),
    setting(
        "platform",
        "namespace",
        Kind::Text,
        "\"pedidos\"",
        "kubernetes: the namespace of the system; the context's own when not set.",
        "kubernetes: el namespace del sistema; si falta, el del contexto.",
    ),
    setting(
        "platform",
        "owner",
        Kind::Text,
        "\"tea-d1a2b3c4\"",
        "render: the workspace's id; the only one that the key opens when not set.",
        "render: el id del workspace; si falta, el único que abre la clave.",
    ),
    setting(
        "platform",
        "environment",
        Kind::Text,
        "\"production\"",
        "railway: the environment's name or id; production, or the only one, when not set. render: the id of a project's environment.",
        "railway: el nombre o id del entorno; si falta, production o el único. render: el id del entorno de un proyecto.",
    ),
    setting(
        "platform",
        "services",
        Kind::Texts,
        "[\"api\", \"worker\"]",
        "render, railway: the only services that are of this system; all of them when not set.",
        "render, railway: los únicos servicios que son de este sistema; si falta, todos.",
    ),
    setting(
        "platform",
        "api",
        Kind::Text,
        "\"https://proxy.example.com\"",
        "render, railway: another address of the API.",
        "render, railway: otra dirección de la API.",
    ),
    setting(
        "processes",
        "name",
        Kind::Name,
        "\"api\"",
        "What people call it; each name once.",
        "Cómo se llama; cada nombre una sola vez.",
    ),
    setting(
        "processes",
        "command",
        Kind::Argv,
        "[\"node\", \"server.js\"]",
        "The program, which must stay in the foreground, and its arguments. No shell reads it.",
        "El programa, que debe quedarse en primer plano, y sus argumentos. No lo lee ningún shell.",
    ),
    setting(
        "processes",
        "directory",
        Kind::Text,
        "\"services/api\"",
        "Where it runs, relative to this file; this file's folder when not set.",
        "Dónde corre, relativo a este archivo; si falta, la carpeta de este archivo.",
    ),
    setting(
        "processes",
        "environment",
        Kind::Variables,
        "{ PORT = \"300{instance}\" }",
        "Its variables. Of Sereno's own it gets PATH, HOME, USER, SHELL, TMPDIR, the locale and TZ only.",
        "Sus variables. De las de Sereno recibe solo PATH, HOME, USER, SHELL, TMPDIR, el idioma y TZ.",
    ),
    setting(
        "processes",
        "env_file",
        Kind::Text,
        "\".env\"",
        "A file of more variables, relative to this file; those of environment win.",
        "Un archivo de más variables, relativo a este archivo; ganan las de environment.",
    ),
    setting("processes", "replicas", Kind::Count, "1", "How many copies.", "Cuántas copias."),
    setting(
        "processes",
        "restart",
        Kind::Restart,
        "\"always\"",
        "When it is started again by itself; always when not set.",
        "Cuándo se inicia de nuevo sola; siempre si falta.",
    ),
    setting(
        "processes",
        "health",
        Kind::Health,
        "\"http://127.0.0.1:300{instance}/health\"",
        "What answers when it does its work: a GET with a status of 2xx, or a port that accepts.",
        "Qué responde cuando hace su trabajo: un GET con estado 2xx, o un puerto que acepta.",
    ),
    setting(
        "processes",
        "stop_signal",
        Kind::Signal,
        "\"TERM\"",
        "What asks it, and all that it started, to end; TERM when not set.",
        "Con qué se le pide terminar, a ella y a todo lo que inició; TERM si falta.",
    ),
    setting(
        "processes",
        "stop_seconds",
        Kind::Seconds,
        "10",
        "How long it may take to end before it is killed; 10 when not set.",
        "Cuánto puede tardar en terminar antes de que se lo mate; 10 si falta.",
    ),
    setting(
        "processes",
        "needs",
        Kind::Texts,
        "[\"redis\"]",
        "The processes that have to do their work before it is started.",
        "Los procesos que tienen que hacer su trabajo antes de iniciarla.",
    ),
    setting(
        "platform",
        "native",
        Kind::Truth,
        "true",
        "Whether Sereno's own operation runs in place of a runbook's command that is the same; the command does when not set.",
        "Si la operación propia de Sereno corre en lugar del comando del runbook que es lo mismo; si falta, corre el comando.",
    ),
    setting(
        "journal",
        "location",
        Kind::Location,
        "\"sqlite:.sereno/journal.db\"",
        "A file for SQLite, or the address of a PostgreSQL database.",
        "Un archivo para SQLite, o la dirección de una base PostgreSQL.",
    ),
    setting(
        "people",
        "name",
        Kind::Text,
        "\"ana\"",
        "What people call them; each name once.",
        "Cómo se llama; cada nombre una sola vez.",
    ),
    setting(
        "people",
        "os_user",
        Kind::Text,
        "\"ana\"",
        "Their login on this machine; the name when not set.",
        "Su usuario en esta máquina; si falta, el nombre.",
    ),
    setting(
        "people",
        "roles",
        Kind::Roles,
        "[\"operator\", \"approver\"]",
        "What they may do; operator and approver when not set.",
        "Qué pueden hacer; operator y approver si falta.",
    ),
    setting(
        "people",
        "email",
        Kind::Text,
        "\"ana@example.com\"",
        "Where notices to them go.",
        "A dónde van sus avisos.",
    ),
    setting(
        "policy",
        "observe",
        Kind::Strictness,
        "\"ask\"",
        "Whose yes reading needs; nobody's when not set.",
        "Qué aprobación pide leer; ninguna si falta.",
    ),
    setting(
        "policy",
        "change",
        Kind::Strictness,
        "\"second-person\"",
        "Whose yes a change needs; the operator's when not set.",
        "Qué aprobación pide un cambio; la de quien opera si falta.",
    ),
    setting(
        "policy",
        "unclear",
        Kind::Strictness,
        "\"second-person\"",
        "Whose yes a command needs that was not understood.",
        "Qué aprobación pide un comando que no se entendió.",
    ),
    setting(
        "policy",
        "destroy",
        Kind::Strictness,
        "\"second-person\"",
        "Whose yes destruction needs; it cannot be less than this.",
        "Qué aprobación pide destruir; no puede ser menos que esto.",
    ),
    setting(
        "policy",
        "unattended",
        Kind::Texts,
        "[\"restart-worker\"]",
        "Procedures whose changes need nobody's yes, and operations, as `sereno restart`. Destruction always does.",
        "Procedimientos cuyos cambios no piden aprobación, y operaciones, como `sereno restart`. Destruir siempre la pide.",
    ),
    setting(
        "policy",
        "pause_seconds",
        Kind::Seconds,
        "10",
        "How long a single person waits before the typed word counts.",
        "Cuánto espera una persona sola antes de que cuente la palabra tecleada.",
    ),
    setting(
        "policy",
        "step_timeout",
        Kind::Duration,
        "\"30m\"",
        "After which a step is ended; never when not set.",
        "Tras cuánto se termina un paso; nunca si falta.",
    ),
    setting(
        "policy",
        "follow_seconds",
        Kind::Seconds,
        "15",
        "How long a step that does not end by itself is followed.",
        "Cuánto se sigue un paso que no termina solo.",
    ),
    setting(
        "secrets",
        "env_files",
        Kind::Texts,
        "[\".env\"]",
        "Files whose secret-looking entries are hidden everywhere.",
        "Archivos cuyas entradas con aspecto de secreto se ocultan en todas partes.",
    ),
    setting(
        "secrets",
        "names",
        Kind::Texts,
        "[\"INTERNAL_CODE\"]",
        "Variables that are secrets although their names do not look so.",
        "Variables que son secretos aunque su nombre no lo parezca.",
    ),
    setting(
        "secrets",
        "reveal_minutes",
        Kind::Minutes,
        "60",
        "The longest that `sereno secret reveal` may be open; 60 when not set.",
        "Lo más que puede estar abierto un `sereno secret reveal`; 60 si falta.",
    ),
    setting(
        "maintenance",
        "component",
        Kind::Text,
        "\"edge\"",
        "What shows the page: it goes on when everything else is stopped.",
        "Lo que muestra la página: sigue en marcha cuando se detiene todo lo demás.",
    ),
    setting(
        "maintenance",
        "file",
        Kind::Absolute,
        "\"/var/lib/edge/maintenance\"",
        "compose, systemd: the file that it looks for, made in each of its instances, or on each of its machines.",
        "compose, systemd: el archivo que busca; se crea en cada instancia, o en cada máquina.",
    ),
    setting(
        "maintenance",
        "ingress",
        Kind::Text,
        "\"web\"",
        "kubernetes: the ingress whose backends are all sent to the service of the page.",
        "kubernetes: el ingress cuyos backends se envían todos al servicio de la página.",
    ),
    setting(
        "maintenance",
        "service",
        Kind::Service,
        "\"maintenance:80\"",
        "kubernetes: the service of the page, and its port by number or name.",
        "kubernetes: el servicio de la página, y su puerto por número o nombre.",
    ),
    setting(
        "maintenance",
        "url",
        Kind::Address,
        "\"https://shop.example.com/\"",
        "Where the page can be seen from outside: it must answer 503 while it is shown, and no error once it is not.",
        "Dónde se ve la página desde afuera: debe responder 503 mientras se muestra, y sin error cuando no.",
    ),
    setting(
        "locks",
        "lease_seconds",
        Kind::Seconds,
        "60",
        "How long a lock outlives the machine that holds it.",
        "Cuánto sobrevive un bloqueo a la máquina que lo tiene.",
    ),
];

/// The names that may stand in a table.
pub(super) fn keys_of(section: &str) -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().filter(move |setting| setting.section == section).map(|setting| setting.key)
}

pub(super) fn find(section: &str, key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.section == section && setting.key == key)
}

/// A file of settings in which everything is explained and nothing is set.
pub fn default_file(lang: Lang) -> String {
    let head = Text::new(
        "# sereno.toml: the settings of Sereno. Everything is optional: take the `#` away from what you set.\n",
        "# sereno.toml: la configuración de Sereno. Todo es opcional: quite el `#` de lo que defina.\n",
    );
    let mut file = head.get(lang).to_owned();
    for (section, many, en, es) in SECTIONS {
        let doc = Text::new(*en, *es);
        let header = if *many { format!("[[{section}]]") } else { format!("[{section}]") };
        // Writing to a String cannot fail.
        let _ = write!(file, "\n# {}\n# {header}\n", doc.get(lang));
        for setting in SETTINGS.iter().filter(|setting| setting.section == *section) {
            let doc = Text::new(setting.doc.0, setting.doc.1);
            let _ = writeln!(file, "## {}\n# {} = {}", doc.get(lang), setting.key, setting.example);
        }
        match *section {
            "values" => file.push_str("# \"pod-name\" = \"backend-0\"\n"),
            "processes" => file.push_str("# [[processes]]\n# name = \"redis\"\n# command = [\"redis-server\"]\n"),
            "commands" => file.push_str("# name = \"deploy.sh\"\n# risk = \"change\"\n"),
            _ => {}
        }
    }
    file
}

/// The reference of all settings and known variables, in Markdown.
pub fn reference() -> String {
    let mut text = String::from("# Settings\n\nGenerated from the code by `cargo xtask gen`.\n");
    for (section, many, en, _) in SECTIONS {
        let header = if *many { format!("[[{section}]]") } else { format!("[{section}]") };
        let _ = write!(text, "\n## `{header}`\n\n{en}\n");
        let mut settings = SETTINGS.iter().filter(|setting| setting.section == *section).peekable();
        if settings.peek().is_some() {
            text.push_str("\n| setting | takes | example | meaning |\n|---|---|---|---|\n");
        }
        for Setting { key, kind, example, doc, .. } in settings {
            let _ = writeln!(text, "| `{key}` | {} | `{example}` | {} |", kind.expected().en, doc.0);
        }
    }
    text.push_str("\n## Environment variables\n\n| variable | meaning |\n|---|---|\n");
    for variable in VARIABLES {
        let _ = writeln!(text, "| `{}` | {} |", variable.name, variable.doc().en);
    }
    text
}
