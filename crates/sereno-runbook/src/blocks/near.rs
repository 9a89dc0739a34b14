//! What the text around a block says about it: "should print", "add to nginx.conf", "in the Rails console".
//!
//! Phrases are compared folded (lower case, no accents), English and Spanish alike. The sentence that leads to the
//! block counts for more than the headings above it.

use super::prompts::Client;
use super::words::has_phrase;
use crate::document::RawBlock;
use crate::text::fold;

/// What the surroundings announce.
#[derive(Debug, Clone, Default)]
pub(super) struct Near {
    /// The last sentence before the block, folded.
    pub(super) lead: String,
    /// The whole paragraph before it, its label and the item it stands in, folded.
    pub(super) paragraph: String,
    /// The headings, innermost last, folded.
    pub(super) headings: String,
}

impl Near {
    pub(super) fn of(raw: &RawBlock) -> Self {
        let before = raw.before.as_deref().unwrap_or_default();
        let mut paragraph = String::new();
        for part in [raw.label.as_deref(), raw.item_title.as_deref(), raw.before.as_deref()].into_iter().flatten() {
            paragraph.push_str(part);
            paragraph.push('\n');
        }
        let lead = if before.trim().is_empty() {
            raw.label.as_deref().or(raw.item_title.as_deref()).unwrap_or_default()
        } else {
            last_sentence(before)
        };
        Self {
            lead: fold(lead),
            paragraph: fold(&paragraph),
            headings: fold(&raw.trail.iter().rev().take(2).rev().cloned().collect::<Vec<_>>().join("\n")),
        }
    }

    /// How strongly the surroundings announce something of the list: 3 the lead, 2 the paragraph, 1 the headings.
    pub(super) fn says(&self, phrases: &[&str]) -> u8 {
        let any = |text: &str| phrases.iter().any(|phrase| has_phrase(text, phrase));
        if any(&self.lead) {
            3
        } else if any(&self.paragraph) {
            2
        } else {
            u8::from(any(&self.headings))
        }
    }

    /// The client that the text before the block names.
    pub(super) fn client(&self) -> Option<Client> {
        [
            ("redis", Client::Redis), ("psql", Client::Psql), ("postgres", Client::Psql), ("mysql", Client::Mysql), ("mariadb", Client::Mysql),
            ("mongo", Client::Mongo), ("rails", Client::Ruby), ("irb", Client::Ruby), ("python", Client::Python), ("django", Client::Python),
        ]
        .into_iter()
        .find_map(|(name, client)| self.paragraph.contains(name).then_some(client))
    }

    /// The lead or the headings name a file whose contents could follow.
    pub(super) fn names_file(&self) -> bool {
        const ENDINGS: &[&str] = &[
            ".yml", ".yaml", ".conf", ".cnf", ".ini", ".toml", ".env", ".json", ".cfg", ".service", ".timer", ".tf",
            ".properties", ".xml", "dockerfile", "crontab", "nginx.conf", "/etc/", ".env.production", "pg_hba",
            "sshd_config", "values.yaml", "configmap", "logrotate.d", "sudoers", "my.cnf", ".hcl", ".tfvars",
        ];
        ENDINGS.iter().any(|ending| self.lead.contains(ending))
    }
}

fn last_sentence(text: &str) -> &str {
    let text = text.trim().trim_end_matches([':', '.', ' ']);
    let cut = text.rfind(['\n']).map_or(0, |at| at + 1);
    let line = text.get(cut..).unwrap_or(text);
    let stop = [". ", "? ", "! ", "; "].iter().filter_map(|mark| line.rfind(mark).map(|at| at + mark.len())).max();
    line.get(stop.unwrap_or(0)..).unwrap_or(line)
}

pub(super) const OUTPUT: &[&str] = &[
    "output", "outputs", "salida", "salidas", "respuesta", "response", "responses", "responde", "respond", "responds", "returns", "devuelve",
    "should see", "should return", "should show", "should print", "should look", "should output", "should be", "you will see", "you'll see", "you should get", "will see something", "will look",
    "expected", "esperada", "esperado", "expected result", "resultado", "result", "results", "looks like", "look like", "look similar", "looks similar", "similar to", "something like",
    "deberias ver", "deberia ver", "debe verse", "debe mostrar", "deberia mostrar", "deberia devolver", "deberia responder", "deberia aparecer", "se vera", "veras", "vera algo", "se ve asi", "algo como", "muestra", "mostrara", "aparece",
    "log line", "log lines", "log entry", "log entries", "log message", "logs show", "in the logs", "log output", "entry in the log", "error message", "error messages", "mensaje de error", "errors like", "error like", "error such as", "errores como", "error similar", "following error", "siguiente error", "with the error", "con el error", "error log", "stack trace", "traceback",
    "example alert", "alert looks", "ejemplo de salida", "sample", "prints", "printed", "shows", "showing", "displays", "for example", "por ejemplo", "example", "ejemplo de log", "en los logs", "en el log", "sintoma", "symptom", "symptoms", "sintomas",
];

/// Phrases that announce output and nothing else.
pub(super) const SURE_OUTPUT: &[&str] = &[
    "output", "salida", "respuesta", "response", "should see", "should return", "should show", "should print", "should look", "should output", "should respond", "you will see", "you'll see",
    "expected result", "resultado esperado", "respuesta esperada", "expected response", "expected", "esperado", "esperada", "looks like", "look like", "looks similar", "similar to", "deberias ver", "deberia ver", "debe mostrar", "deberia mostrar", "deberia devolver",
    "deberia responder", "debe devolver", "debe responder", "se ve asi", "veras", "log line", "log lines", "log entry", "log entries", "log message", "error message", "mensaje de error", "errors like", "error like", "errores como", "following error", "siguiente error", "returns", "devuelve", "resultado", "stack trace", "sample log", "prints", "en los logs", "result",
];

pub(super) const CONFIG: &[&str] = &[
    "edit", "edita", "editar", "add to", "add the following", "add this", "add these", "agregar", "agrega", "anadir", "anade", "append", "archivo", "fichero", "file", "config", "configuration", "configuracion", "configure", "configurar", "configura",
    "environment variable", "environment variables", "variables de entorno", "env vars", "crontab", "cron", "cronjob", "manifest", "manifiesto", "settings", "snippet", "values", "contents", "contenido", "create a file", "crear el archivo", "crea el archivo", "with the following", "con el siguiente", "con lo siguiente", "policy", "politica", "set the following", "rule", "rules", "regla", "reglas", "change to", "cambiar a", "update the", "definition", "definicion", "annotation", "annotations", "uncomment", "alert rule", "unit", "dockerfile", "parameters", "parametros", "yaml",
];

pub(super) const REQUEST: &[&str] = &[
    "payload", "request body", "body", "cuerpo", "request", "peticion", "solicitud", "send a post", "send the following", "enviar", "post the", "event", "evento de prueba", "test event",
];

pub(super) const MESSAGE: &[&str] = &[
    "slack", "template", "templates", "plantilla", "plantillas", "message", "mensaje", "mensajes", "email", "e-mail", "correo", "subject", "asunto", "statuspage", "status page", "pagina de estado", "announcement", "anuncio", "announce", "communicate", "communication", "comunicacion", "comunicado", "notificacion", "notification", "post in", "post to", "publicar en", "teams", "discord", "whatsapp", "telegram", "reply", "ticket", "jira", "aviso", "commit message", "prompt",
];

pub(super) const SEARCH: &[&str] = &[
    "kibana", "splunk", "loki", "logql", "lucene", "kql", "kusto", "datadog", "cloudwatch", "logs insights", "log insights", "log explorer", "logs explorer", "stackdriver", "opensearch", "elasticsearch", "graylog", "sumo logic", "newrelic", "new relic", "nrql", "sentry", "honeycomb", "application insights", "log analytics", "jql", "papertrail",
];

pub(super) const PROMETHEUS: &[&str] =
    &["promql", "prometheus", "grafana", "query", "consulta", "queries", "consultas", "metric", "metrica", "metrics", "metricas", "metrics console", "alert", "expression", "expresion", "thanos", "victoriametrics"];

pub(super) const DIAGRAM: &[&str] = &[
    "diagram", "diagrama", "architecture", "arquitectura", "flow", "flujo", "flowchart", "topology", "topologia", "decision tree", "arbol de decision", "structure", "estructura", "tree", "overview", "timeline", "escalation", "escalamiento", "layout", "directory",
];

pub(super) const CONSOLE: &[&str] = &[
    "redis-cli", "redis cli", "rails console", "rails c", "consola de rails", "django shell", "python shell", "mongo shell", "mongosh", "mongo", "psql", "mysql shell", "mysql client", "mysql prompt", "mysql console", "in the console", "en la consola", "from the console", "desde la consola", "in the shell", "console", "consola", "repl", "prompt", "irb", "iex", "pry", "tinker", "within redis", "dentro de redis", "inside redis", "in redis", "en redis", "cqlsh", "shell de mongo", "shell de python", "shell de django", "client", "cliente", "manage.py shell", "sql prompt", "remote console", "gdb", "sftp", "telnet",
];

/// Phrases that announce commands to type.
pub(super) const COMMANDS: &[&str] = &[
    "run", "running", "ejecutar", "ejecuta", "ejecute", "correr", "corre", "execute", "command", "commands", "comando", "comandos", "invoke", "type", "use the following", "terminal",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lead_counts_most() {
        let raw = RawBlock {
            before: Some("Abrir el panel. Respuesta esperada:".to_owned()),
            trail: vec!["Runbook".to_owned(), "Arquitectura".to_owned()],
            ..RawBlock::default()
        };
        let near = Near::of(&raw);
        assert_eq!(near.lead, "respuesta esperada");
        assert_eq!(near.says(OUTPUT), 3);
        assert_eq!(near.says(DIAGRAM), 1);
        assert_eq!(near.says(MESSAGE), 0);
    }

    #[test]
    fn files_are_named() {
        let raw = RawBlock { before: Some("Editar `/etc/nginx/nginx.conf`:".to_owned()), ..RawBlock::default() };
        assert!(Near::of(&raw).names_file());
    }
}
