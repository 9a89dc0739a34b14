//! The environment variables that such systems already use, and that Sereno reads by the same names.

use crate::Text;

/// A variable known by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    pub name: &'static str,
    /// One line in English and in Spanish.
    doc: (&'static str, &'static str),
}

impl Variable {
    pub fn doc(self) -> Text {
        Text::new(self.doc.0, self.doc.1)
    }
}

const fn variable(name: &'static str, en: &'static str, es: &'static str) -> Variable {
    Variable { name, doc: (en, es) }
}

/// All of them, in the order of the documents.
pub const VARIABLES: &[Variable] = &[
    variable(
        "DATABASE_URL",
        "The address of the main PostgreSQL database.",
        "La dirección de la base PostgreSQL principal.",
    ),
    variable("REDIS_URL", "The address of Redis.", "La dirección de Redis."),
    variable(
        "PGHOST",
        "The host of PostgreSQL, as its own clients read it.",
        "El host de PostgreSQL, como lo leen sus propios clientes.",
    ),
    variable("PGPORT", "The port of PostgreSQL.", "El puerto de PostgreSQL."),
    variable("PGUSER", "The user of PostgreSQL.", "El usuario de PostgreSQL."),
    variable(
        "PGPASSWORD",
        "The password of PostgreSQL; always redacted.",
        "La contraseña de PostgreSQL; siempre se oculta.",
    ),
    variable("PGDATABASE", "The database of PostgreSQL.", "La base de datos de PostgreSQL."),
    variable("SMTP_HOST", "The mail server for notices.", "El servidor de correo para los avisos."),
    variable("SMTP_PORT", "The port of the mail server.", "El puerto del servidor de correo."),
    variable("SMTP_USER", "The user at the mail server.", "El usuario en el servidor de correo."),
    variable(
        "SMTP_PASSWORD",
        "The password at the mail server; always redacted.",
        "La contraseña en el servidor de correo; siempre se oculta.",
    ),
    variable("ALERT_EMAIL", "Who gets notices by mail.", "Quién recibe los avisos por correo."),
    variable(
        "SLACK_WEBHOOK_URL",
        "The Slack webhook for notices; always redacted.",
        "El webhook de Slack para los avisos; siempre se oculta.",
    ),
    variable("BACKUP_DIR", "The directory of backups.", "El directorio de los respaldos."),
    variable("BACKUP_S3_BUCKET", "The S3 bucket of backups.", "El bucket de S3 de los respaldos."),
    variable(
        "RATE_LIMIT_MAX",
        "How many requests a client may make in a window.",
        "Cuántas peticiones puede hacer un cliente por ventana.",
    ),
    variable(
        "RENDER_API_KEY",
        "The key of Render's API; always redacted.",
        "La clave de la API de Render; siempre se oculta.",
    ),
    variable(
        "RAILWAY_TOKEN",
        "A project's token for Railway's API, as Railway's own command reads it; always redacted.",
        "Un token de proyecto para la API de Railway, como lo lee su propio comando; siempre se oculta.",
    ),
    variable(
        "RAILWAY_API_TOKEN",
        "An account's or workspace's token for Railway's API; always redacted.",
        "Un token de cuenta o de workspace para la API de Railway; siempre se oculta.",
    ),
    variable("KUBECONFIG", "The settings of kubectl.", "La configuración de kubectl."),
    variable("COMPOSE_FILE", "The compose file of the system.", "El archivo compose del sistema."),
    variable("COMPOSE_PROJECT_NAME", "The name of the compose project.", "El nombre del proyecto compose."),
    variable(
        "LANG",
        "The locale: `es_AR.UTF-8` speaks Spanish.",
        "La configuración regional: con `es_AR.UTF-8` habla español.",
    ),
    variable("LC_ALL", "The locale, before `LANG`.", "La configuración regional, antes que `LANG`."),
    variable(
        "LC_MESSAGES",
        "The locale of messages, before `LANG`.",
        "La configuración regional de los mensajes, antes que `LANG`.",
    ),
    variable("NO_COLOR", "When set, nothing is coloured.", "Si está definida, no se usan colores."),
];

/// The variable of that name.
pub fn known(name: &str) -> Option<Variable> {
    VARIABLES.iter().copied().find(|variable| variable.name == name)
}
