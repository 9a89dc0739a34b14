//! Reaching the Docker Engine: where it is, and what to say when it is not.

use crate::PlatformError;
use crate::error::file_said;
use bollard::Docker;
use sereno_model::Text;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::time::Duration;

const USUAL_SOCKET: &str = "unix:///var/run/docker.sock";

/// Where the engine is, and the folder of the certificates that it asks for (`ca.pem`, `cert.pem`, `key.pem`).
#[derive(Debug, PartialEq, Eq)]
struct Place {
    address: String,
    certificates: Option<PathBuf>,
}

/// Connects to the engine that the docker command line would use, at the version that both speak.
pub(super) async fn connect(
    environment: &(dyn Fn(&str) -> Option<String> + Sync),
) -> Result<(Docker, String), PlatformError> {
    let Place { address, certificates } = place(environment)?;
    if let Some(socket) = address.strip_prefix("unix://") {
        probe(socket, &address).await?;
    } else if !["tcp://", "http://", "https://"].iter().any(|scheme| address.starts_with(scheme)) {
        return Err(PlatformError::AddressUnknown { address });
    }
    let failed = |source| PlatformError::Engine { what: format!("connecting to {address}"), source: Box::new(source) };
    let is_remote = !address.starts_with("unix://");
    let docker = match certificates.filter(|_| is_remote) {
        Some(folder) => over_tls(&address, &folder)?,
        None => Docker::connect_with_host(&address),
    };
    let docker = within(FIRST_WORD, &address, docker.map_err(failed)?.negotiate_version()).await?;
    let docker = docker.map_err(|source| match source {
        bollard::errors::Error::HyperLegacyError { .. } | bollard::errors::Error::HyperResponseError { .. } => {
            PlatformError::NoEngine { address: address.clone(), source: std::io::Error::other(causes(&source)) }
        }
        other => failed(other),
    })?;
    Ok((docker, address))
}

/// With the client's certificate, to an engine whose own is signed by the folder's authority.
fn over_tls(address: &str, folder: &Path) -> Result<Result<Docker, bollard::errors::Error>, PlatformError> {
    const SECONDS: u64 = 120;
    let [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map(|name| folder.join(name));
    for path in [&ca, &cert, &key] {
        crate::file::refuse_odd(path).map_err(|source| no_certificate(path, &source))?;
    }
    Ok(Docker::connect_with_ssl(address, &key, &cert, &ca, SECONDS, bollard::API_DEFAULT_VERSION))
}

fn no_certificate(path: &Path, error: &std::io::Error) -> PlatformError {
    let (path, said) = (path.display(), file_said(error));
    PlatformError::Refused {
        en: format!("the engine is to be reached over TLS, and {path}: {}", said.en),
        es: format!("el motor se alcanza por TLS, y {path}: {}", said.es),
        hint: Some(Box::new(Text::new(
            "DOCKER_CERT_PATH (else ~/.docker) is the folder of ca.pem, cert.pem and key.pem",
            "DOCKER_CERT_PATH (si no, ~/.docker) es la carpeta de ca.pem, cert.pem y key.pem",
        ))),
    }
}

/// An error with what caused it: a library says of itself only that the client failed.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let all = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string);
    all.reduce(|said, cause| if said.ends_with(&cause) { said } else { format!("{said}: {cause}") }).unwrap_or_default()
}

/// How long an engine may take to say who it is.
const FIRST_WORD: Duration = Duration::from_secs(10);

/// How long it may take to show what it knows already.
pub(super) const SHOWING: Duration = Duration::from_secs(30);

/// An answer, or that there was none in this time.
pub(super) async fn within<T>(
    limit: Duration,
    address: &str,
    answer: impl Future<Output = T>,
) -> Result<T, PlatformError> {
    tokio::time::timeout(limit, answer)
        .await
        .map_err(|_| PlatformError::Silent { address: address.to_owned(), seconds: limit.as_secs() })
}

/// `DOCKER_HOST`, else the chosen context's address, else the usual socket.
fn place(environment: &dyn Fn(&str) -> Option<String>) -> Result<Place, PlatformError> {
    let set = |name: &str| environment(name).filter(|value| !value.is_empty());
    let home = set("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| environment("HOME").map(|home| Path::new(&home).join(".docker")));
    if let Some(address) = set("DOCKER_HOST") {
        let folder = set("DOCKER_CERT_PATH").map(PathBuf::from).or(home);
        return Ok(Place { address, certificates: folder.filter(|_| set("DOCKER_TLS_VERIFY").is_some()) });
    }
    let chosen = set("DOCKER_CONTEXT").or_else(|| current_context(home.as_deref()?));
    match home.zip(chosen) {
        Some((home, name)) if name != "default" => of_context(&home, &name),
        _ => Ok(Place { address: USUAL_SOCKET.to_owned(), certificates: None }),
    }
}

fn current_context(home: &Path) -> Option<String> {
    let text = crate::file::read(&home.join("config.json")).ok()?;
    let config: serde_json::Value = serde_json::from_slice(&text).ok()?;
    config["currentContext"].as_str().map(str::to_owned)
}

/// Contexts live in folders named by the SHA-256 of their names.
fn of_context(home: &Path, name: &str) -> Result<Place, PlatformError> {
    let path = home.join("contexts/meta").join(folder_of(name)).join("meta.json");
    let text = match crate::file::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(no_context(home, name)),
        Err(source) => return Err(PlatformError::File { path, source }),
    };
    let meta: serde_json::Value = serde_json::from_slice(&text)
        .map_err(|error| PlatformError::Unreadable { file: path.display().to_string(), why: error.to_string() })?;
    let address = meta["Endpoints"]["docker"]["Host"].as_str().map(str::to_owned);
    let address = address.ok_or_else(|| PlatformError::Unreadable {
        file: path.display().to_string(),
        why: format!("the context {name} names no host"),
    })?;
    let folder = home.join("contexts/tls").join(folder_of(name)).join("docker");
    Ok(Place { address, certificates: folder.is_dir().then_some(folder) })
}

/// There is no such context; those that there are, are told.
fn no_context(home: &Path, name: &str) -> PlatformError {
    let metas = std::fs::read_dir(home.join("contexts/meta")).into_iter().flatten().flatten();
    let named = metas.filter_map(|entry| {
        let meta: serde_json::Value =
            serde_json::from_slice(&crate::file::read(&entry.path().join("meta.json")).ok()?).ok()?;
        meta["Name"].as_str().map(str::to_owned)
    });
    let mut known: Vec<String> = std::iter::once("default".to_owned()).chain(named).collect();
    known.sort();
    let known = known.join(", ");
    PlatformError::Refused {
        en: format!("docker has no context `{name}`"),
        es: format!("docker no tiene el contexto `{name}`"),
        hint: Some(Box::new(Text::new(
            format!("there is: {known}; DOCKER_CONTEXT or docker context use chooses"),
            format!("hay: {known}; elige DOCKER_CONTEXT o docker context use"),
        ))),
    }
}

fn folder_of(name: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(name.as_bytes()).iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether somebody listens on the socket, before a library says it in words of its own.
async fn probe(socket: &str, address: &str) -> Result<(), PlatformError> {
    match tokio::net::UnixStream::connect(socket).await {
        Ok(_) => Ok(()),
        Err(source) if source.kind() == std::io::ErrorKind::PermissionDenied => {
            Err(PlatformError::NotAllowed { address: address.to_owned(), source })
        }
        Err(source) => Err(PlatformError::NoEngine { address: address.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_the_one_that_dockers_own_command_line_would_use() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().to_string_lossy().into_owned();
        let with = |pairs: &[(&str, &str)]| {
            let pairs: Vec<(String, String)> =
                pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            place(&|name| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
        };
        assert_eq!(with(&[]).expect("an address").address, USUAL_SOCKET);
        assert_eq!(with(&[("DOCKER_HOST", "tcp://10.0.0.5:2375")]).expect("an address").address, "tcp://10.0.0.5:2375");
        std::fs::write(home.path().join("config.json"), r#"{"currentContext":"prod"}"#).expect("a file");
        let missing = with(&[("DOCKER_CONFIG", &path)]).expect_err("the context is not there");
        assert!(missing.to_string().contains("no context `prod`"), "{missing}");
        let meta = home.path().join("contexts/meta").join(folder_of("prod"));
        std::fs::create_dir_all(&meta).expect("a folder");
        let text = r#"{"Name":"prod","Endpoints":{"docker":{"Host":"unix:///run/prod.sock"}}}"#;
        std::fs::write(meta.join("meta.json"), text).expect("a file");
        assert_eq!(with(&[("DOCKER_CONFIG", &path)]).expect("an address").address, "unix:///run/prod.sock");
        let certificates = |pairs: &[(&str, &str)]| with(pairs).expect("a place").certificates;
        assert_eq!(certificates(&[("DOCKER_CONFIG", &path)]), None);
        let tls = home.path().join("contexts/tls").join(folder_of("prod")).join("docker");
        std::fs::create_dir_all(&tls).expect("a folder");
        assert_eq!(certificates(&[("DOCKER_CONFIG", &path)]), Some(tls));
        let remote = ("DOCKER_HOST", "tcp://10.0.0.5:2376");
        assert_eq!(certificates(&[remote, ("DOCKER_CERT_PATH", "/c")]), None);
        let verified = [remote, ("DOCKER_CERT_PATH", "/c"), ("DOCKER_TLS_VERIFY", "1")];
        assert_eq!(certificates(&verified), Some(PathBuf::from("/c")));
        let other = with(&[("DOCKER_CONFIG", &path), ("DOCKER_CONTEXT", "prd")]).expect_err("none of that name");
        assert!(other.hint().is_some_and(|hint| hint.en.contains("default, prod")), "{other:?}");
        let default = with(&[("DOCKER_CONFIG", &path), ("DOCKER_CONTEXT", "default")]);
        assert_eq!(default.expect("an address").address, USUAL_SOCKET);
    }
}
