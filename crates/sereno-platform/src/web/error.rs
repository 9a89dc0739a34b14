//! What can go wrong between Sereno and a hosting platform, in words that say how to mend it.

use sereno_model::Text;
use std::time::Duration;

/// Seconds to wait where a platform does not say how many.
const UNSAID: u64 = 30;

#[derive(Debug, thiserror::Error)]
pub enum WebError {
    #[error("no token for {service} was found")]
    NoToken { service: &'static str, variables: &'static str },
    #[error("the token in {variable} has characters that no token has")]
    BadToken { variable: &'static str },
    #[error("`{address}` is no address for {service}")]
    BadAddress { service: &'static str, address: String },
    #[error("{service} does not answer at {address}: {}", said.en)]
    NoAnswer {
        service: &'static str,
        address: String,
        said: Text,
        /// The question may have reached it.
        sent: bool,
    },
    #[error("{service} at {address} cannot be trusted: {said}")]
    Tls { service: &'static str, address: String, said: String },
    #[error("{service} does not accept the token: {said}")]
    Unauthorized { service: &'static str, said: String },
    #[error("the token for {service} may not do this ({action}): {said}")]
    Forbidden { service: &'static str, action: String, said: String },
    #[error("{service} limits how often it is asked{}", after.map(|after| format!("; again in {after} s")).unwrap_or_default())]
    TooOften { service: &'static str, after: Option<u64> },
    #[error("{service}, asked for {action}: {said} ({code})")]
    Said { service: &'static str, action: String, code: u16, said: String },
    #[error("the answer of {service} to {action} cannot be understood: {said}")]
    Unreadable { service: &'static str, action: String, said: String },
    /// The settings do not say which one, or name one that is not there.
    #[error("{}", what.en)]
    Choose { what: Text, setting: &'static str, known: Vec<String> },
}

impl WebError {
    /// Whether what was asked may have been done all the same.
    pub fn leaves_doubt(&self) -> bool {
        match self {
            Self::NoAnswer { sent, .. } => *sent,
            Self::Said { code, .. } => matches!(code, 500 | 502 | 504),
            Self::Unreadable { .. } => true,
            _ => false,
        }
    }

    /// How long to wait where it is asked too often, also where it does not say.
    pub fn pause(&self) -> Option<Duration> {
        match self {
            Self::TooOften { after, .. } => Some(Duration::from_secs(after.unwrap_or(UNSAID))),
            _ => None,
        }
    }

    /// Whether the person named something that is not there, or too little.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::NoToken { .. } | Self::BadToken { .. } | Self::BadAddress { .. } | Self::Choose { .. })
    }

    pub fn text(&self) -> Text {
        let es = match self {
            Self::NoToken { service, .. } => format!("no se encontró un token para {service}"),
            Self::BadToken { variable } => format!("el token de {variable} tiene caracteres que ningún token tiene"),
            Self::BadAddress { service, address } => format!("`{address}` no es una dirección para {service}"),
            Self::NoAnswer { service, address, said, .. } => {
                format!("{service} no responde en {address}: {}", said.es)
            }
            Self::Tls { service, address, said } => format!("no se puede confiar en {service} de {address}: {said}"),
            Self::Unauthorized { service, said } => format!("{service} no acepta el token: {said}"),
            Self::Forbidden { service, action, said } => {
                format!("el token para {service} no permite esto ({action}): {said}")
            }
            Self::TooOften { service, after } => {
                let after = after.map(|after| format!("; de nuevo en {after} s")).unwrap_or_default();
                format!("{service} limita cuánto se le pregunta{after}")
            }
            Self::Said { service, action, code, said } => format!("{service}, al pedirle {action}: {said} ({code})"),
            Self::Unreadable { service, action, said } => {
                format!("no se entiende la respuesta de {service} a {action}: {said}")
            }
            Self::Choose { what, .. } => what.es.clone(),
        };
        Text::new(self.to_string(), es)
    }

    pub fn hint(&self) -> Option<Text> {
        let hint = match self {
            Self::NoToken { variables, .. } => Text::new(
                format!("set {variables} in the environment, or in .env; never in sereno.toml"),
                format!("ponga {variables} en el entorno, o en .env; nunca en sereno.toml"),
            ),
            Self::BadToken { .. } => {
                Text::new("copy it again, without line ends", "cópielo de nuevo, sin fines de línea")
            }
            Self::BadAddress { .. } => Text::new(
                "api in [platform] of sereno.toml: https://…; http:// only on this machine",
                "api en [platform] de sereno.toml: https://…; http:// solo en esta máquina",
            ),
            Self::NoAnswer { .. } => Text::new(
                "is there a way to it from here (DNS, firewall, proxy)? The platform's status page says whether it is down",
                "¿hay camino desde aquí (DNS, firewall, proxy)? La página de estado de la plataforma dice si está caída",
            ),
            Self::Tls { .. } => Text::new(
                "somebody may stand between; a proxy's certificate belongs into this machine's store (SSL_CERT_FILE)",
                "puede haber alguien en el medio; el certificado de un proxy va en el almacén de esta máquina (SSL_CERT_FILE)",
            ),
            Self::Unauthorized { .. } => Text::new(
                "it is wrong, has expired or was revoked: make a new one in the platform's dashboard",
                "es incorrecto, venció o fue revocado: cree uno nuevo en el panel de la plataforma",
            ),
            Self::Forbidden { .. } => Text::new(
                "use a token of somebody who may, or of the right workspace or environment",
                "use un token de alguien que pueda, o del workspace o entorno correcto",
            ),
            Self::TooOften { .. } => Text::new(
                "what was asked last was not done; wait, and look whether something else asks with the same token",
                "lo último que se pidió no se hizo; espere, y mire si otra cosa pregunta con el mismo token",
            ),
            Self::Choose { setting, known, .. } if known.is_empty() => Text::new(
                format!("set {setting} in [platform] of sereno.toml"),
                format!("ponga {setting} en [platform] de sereno.toml"),
            ),
            Self::Choose { setting, known, .. } => {
                let known = known.join(", ");
                Text::new(
                    format!("set {setting} in [platform] of sereno.toml; there is: {known}"),
                    format!("ponga {setting} en [platform] de sereno.toml; hay: {known}"),
                )
            }
            Self::Said { .. } | Self::Unreadable { .. } => return None,
        };
        Some(hint)
    }
}
