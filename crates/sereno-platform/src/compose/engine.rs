//! Reaching the Docker Engine: where it is, and what to say when it is not.

use crate::PlatformError;
use bollard::Docker;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::time::Duration;

const USUAL_SOCKET: &str = "unix:///var/run/docker.sock";

/// Connects to the engine that the docker command line would use, at the version that both speak.
pub(super) async fn connect(
    environment: &(dyn Fn(&str) -> Option<String> + Sync),
) -> Result<(Docker, String), PlatformError> {
    let address = address(environment)?;
    if let Some(socket) = address.strip_prefix("unix://") {
        probe(socket, &address).await?;
    } else if !(address.starts_with("tcp://") || address.starts_with("http://")) {
        return Err(PlatformError::AddressUnknown { address });
    }
    let failed = |source| PlatformError::Engine { what: format!("connecting to {address}"), source: Box::new(source) };
    let docker = Docker::connect_with_host(&address).map_err(failed)?;
    let docker = within(FIRST_WORD, &address, docker.negotiate_version()).await?.map_err(|source| match source {
        bollard::errors::Error::HyperLegacyError { .. } | bollard::errors::Error::HyperResponseError { .. } => {
            PlatformError::NoEngine { address: address.clone(), source: std::io::Error::other(source) }
        }
        other => failed(other),
    })?;
    Ok((docker, address))
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
fn address(environment: &dyn Fn(&str) -> Option<String>) -> Result<String, PlatformError> {
    if let Some(host) = environment("DOCKER_HOST").filter(|host| !host.is_empty()) {
        return Ok(host);
    }
    let home = environment("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| environment("HOME").map(|home| Path::new(&home).join(".docker")));
    let Some(home) = home else { return Ok(USUAL_SOCKET.to_owned()) };
    let chosen = environment("DOCKER_CONTEXT").filter(|name| !name.is_empty()).or_else(|| current_context(&home));
    match chosen {
        Some(name) if name != "default" => of_context(&home, &name),
        _ => Ok(USUAL_SOCKET.to_owned()),
    }
}

fn current_context(home: &Path) -> Option<String> {
    let text = std::fs::read(home.join("config.json")).ok()?;
    let config: serde_json::Value = serde_json::from_slice(&text).ok()?;
    config["currentContext"].as_str().map(str::to_owned)
}

/// Contexts live in folders named by the SHA-256 of their names.
fn of_context(home: &Path, name: &str) -> Result<String, PlatformError> {
    let path = home.join("contexts/meta").join(folder_of(name)).join("meta.json");
    let text = std::fs::read(&path).map_err(|source| PlatformError::File { path: path.clone(), source })?;
    let meta: serde_json::Value = serde_json::from_slice(&text)
        .map_err(|error| PlatformError::Unreadable { file: path.display().to_string(), why: error.to_string() })?;
    meta["Endpoints"]["docker"]["Host"].as_str().map(str::to_owned).ok_or_else(|| PlatformError::Unreadable {
        file: path.display().to_string(),
        why: format!("the context {name} names no host"),
    })
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
            address(&|name| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
        };
        assert_eq!(with(&[]).expect("an address"), USUAL_SOCKET);
        assert_eq!(with(&[("DOCKER_HOST", "tcp://10.0.0.5:2375")]).expect("an address"), "tcp://10.0.0.5:2375");
        std::fs::write(home.path().join("config.json"), r#"{"currentContext":"prod"}"#).expect("a file");
        let missing = with(&[("DOCKER_CONFIG", &path)]).expect_err("the context is not there");
        assert!(matches!(missing, PlatformError::File { .. }), "{missing}");
        let meta = home.path().join("contexts/meta").join(folder_of("prod"));
        std::fs::create_dir_all(&meta).expect("a folder");
        let text = r#"{"Name":"prod","Endpoints":{"docker":{"Host":"unix:///run/prod.sock"}}}"#;
        std::fs::write(meta.join("meta.json"), text).expect("a file");
        assert_eq!(with(&[("DOCKER_CONFIG", &path)]).expect("an address"), "unix:///run/prod.sock");
        let default = with(&[("DOCKER_CONFIG", &path), ("DOCKER_CONTEXT", "default")]);
        assert_eq!(default.expect("an address"), USUAL_SOCKET);
    }
}
