//! What can go wrong between Sereno and a cluster, in words that say how to mend it.

use crate::error::{file_hint, file_said};
use sereno_model::Text;
use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error("no kubeconfig was found, and this is no pod of a cluster")]
    NoConfig { looked: String },
    #[error("the kubeconfig {file}: {said}")]
    Config { file: String, said: String },
    #[error("the kubeconfig {}: {}", file.display(), file_said(source).en)]
    Unopened { file: PathBuf, source: io::Error },
    #[error("{file} has no context `{name}`")]
    NoContext { file: String, name: String, known: Vec<String> },
    #[error("`{name}` is not the name of a namespace")]
    NotANamespace { name: String },
    #[error("the cluster at {server} has no namespace `{name}`")]
    NoNamespace { server: String, name: String },
    #[error("no cluster answers at {server}: {}", said.en)]
    NoAnswer {
        server: String,
        said: Text,
        /// The question may have reached it.
        sent: bool,
    },
    #[error("the cluster at {server} cannot be trusted: {said}")]
    Tls { server: String, said: String },
    #[error("the cluster at {server} does not know who asks: {said}")]
    Unauthorized { server: String, said: String },
    #[error("this user may not {action} in {server}: {said}")]
    Forbidden {
        server: String,
        /// The verb and the resource, as a role names them: `list deployments.apps`.
        action: String,
        said: String,
    },
    #[error("the cluster at {server} limits how often it is asked: {said}")]
    TooOften { server: String, said: String },
    #[error("the cluster, asked to {action}: {said} ({code})")]
    Said { action: String, code: u16, said: String },
    #[error("the cluster at {server} cannot be told over WebSocket where a program's input ends (it can from 1.30 on)")]
    NoEndOfInput { server: String },
    #[error("the answer to {action} cannot be understood: {said}")]
    Unreadable { action: String, said: String },
}

impl ClusterError {
    /// Whether what was asked may have been done all the same.
    pub fn leaves_doubt(&self) -> bool {
        match self {
            Self::NoAnswer { sent, .. } => *sent,
            Self::Said { code, .. } => matches!(code, 500 | 502 | 504),
            Self::Unreadable { .. } => true,
            _ => false,
        }
    }

    /// Whether the person named something that is not there.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NoConfig { .. }
                | Self::Unopened { .. }
                | Self::NoContext { .. }
                | Self::NotANamespace { .. }
                | Self::NoNamespace { .. }
        )
    }

    pub fn text(&self) -> Text {
        let es = match self {
            Self::NoConfig { .. } => "no se encontró ningún kubeconfig, y esto no es un pod de un cluster".to_owned(),
            Self::Config { file, said } => format!("el kubeconfig {file}: {said}"),
            Self::Unopened { file, source } => format!("el kubeconfig {}: {}", file.display(), file_said(source).es),
            Self::NoContext { file, name, .. } => format!("{file} no tiene el contexto `{name}`"),
            Self::NotANamespace { name } => format!("`{name}` no es el nombre de un namespace"),
            Self::NoNamespace { server, name } => format!("el cluster de {server} no tiene el namespace `{name}`"),
            Self::NoAnswer { server, said, .. } => format!("ningún cluster responde en {server}: {}", said.es),
            Self::Tls { server, said } => format!("no se puede confiar en el cluster de {server}: {said}"),
            Self::Unauthorized { server, said } => format!("el cluster de {server} no sabe quién pregunta: {said}"),
            Self::Forbidden { server, action, said } => {
                format!("este usuario no tiene permiso de {action} en {server}: {said}")
            }
            Self::TooOften { server, said } => format!("el cluster de {server} limita cuánto se le pregunta: {said}"),
            Self::Said { action, code, said } => format!("el cluster, al pedirle {action}: {said} ({code})"),
            Self::NoEndOfInput { server } => {
                format!(
                    "al cluster de {server} no se le puede decir por WebSocket dónde termina la entrada (sí desde 1.30)"
                )
            }
            Self::Unreadable { action, said } => format!("no se entiende la respuesta a {action}: {said}"),
        };
        Text::new(self.to_string(), es)
    }

    pub fn hint(&self) -> Option<Text> {
        let hint = match self {
            Self::NoConfig { looked } => Text::new(
                format!("looked in {looked}; set kubeconfig in [platform] of sereno.toml, or KUBECONFIG"),
                format!("se buscó en {looked}; ponga kubeconfig en [platform] de sereno.toml, o KUBECONFIG"),
            ),
            Self::Unopened { source, .. } if source.kind() == io::ErrorKind::NotFound => Text::new(
                "kubeconfig in [platform] of sereno.toml, or KUBECONFIG, names it: is the path right?",
                "lo nombra kubeconfig en [platform] de sereno.toml, o KUBECONFIG: ¿es correcta la ruta?",
            ),
            Self::Unopened { source, .. } => return file_hint(source),
            Self::NoContext { known, .. } if known.is_empty() => {
                Text::new("it has no context at all", "no tiene ningún contexto")
            }
            Self::NoContext { known, .. } => {
                let known = known.join(", ");
                Text::new(format!("there is: {known}"), format!("hay: {known}"))
            }
            Self::NotANamespace { .. } => {
                Text::new("small letters, digits and `-`, at most 63 of them", "minúsculas, dígitos y `-`, hasta 63")
            }
            Self::NoNamespace { .. } => Text::new(
                "kubectl get namespaces lists them; set namespace in [platform] of sereno.toml",
                "kubectl get namespaces los muestra; ponga namespace en [platform] de sereno.toml",
            ),
            Self::NoAnswer { .. } => Text::new(
                "is it the right context, and is the way there open (VPN, firewall)? kubectl cluster-info asks the same",
                "¿es el contexto correcto, y está abierto el camino (VPN, firewall)? kubectl cluster-info pregunta lo mismo",
            ),
            Self::Tls { .. } => Text::new(
                "certificate-authority of the cluster in the kubeconfig must be the one that signed the server's certificate",
                "certificate-authority del cluster en el kubeconfig debe ser la que firmó el certificado del servidor",
            ),
            Self::Unauthorized { .. } => Text::new(
                "the token or certificate of this context is wrong or has expired: log in again",
                "el token o certificado de este contexto es incorrecto o venció: inicie sesión de nuevo",
            ),
            Self::Forbidden { action, .. } => Text::new(
                format!("the role of this user needs: {action}"),
                format!("al rol de este usuario le falta: {action}"),
            ),
            Self::TooOften { .. } => Text::new("try again in a minute", "intente de nuevo en un minuto"),
            Self::NoEndOfInput { .. } => Text::new(
                "put the input into the pod first, or give it as an argument",
                "ponga antes la entrada en el pod, o désela como argumento",
            ),
            Self::Config { .. } | Self::Said { .. } | Self::Unreadable { .. } => return None,
        };
        Some(hint)
    }
}
