//! Connections to a cluster. All questions share one, by HTTP/2 where the server speaks it: a connection for each would
//! cost a handshake for each.

use hyper_rustls::{FixedServerNameResolver, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, Client, ClientBuilder, ConfigExt as _};
use kube::{Config, Error};

/// A client whose questions share a connection.
pub(super) fn of_questions(config: &Config) -> Result<Client, Error> {
    // The proxies that are built in, which are none, are told by kube itself.
    if config.proxy_url.is_some() {
        return of_streams(config);
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(config.connect_timeout);
    let tls = config_of_tls(config).rustls_client_config()?;
    let mut builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    if let Some(name) = config.tls_server_name.clone().and_then(|name| name.try_into().ok()) {
        builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let connector = builder.enable_all_versions().wrap_connector(tcp);
    let service = legacy::Client::builder(TokioExecutor::new()).build::<_, Body>(connector);
    let service = tower::ServiceExt::<http::Request<Body>>::map_err(service, tower::BoxError::from);
    let builder =
        ClientBuilder::new(service, config.default_namespace.clone()).with_layer(&config.extra_headers_layer()?);
    let place = config.base_uri_layer();
    Ok(match config.auth_layer()? {
        Some(auth) => builder.with_layer(&auth).with_layer(&place).build(),
        None => builder.with_layer(&place).build(),
    })
}

/// A client that opens a connection for each thing that goes on: a WebSocket has to begin as HTTP/1, and a log that nobody
/// reads must not hold up another one.
pub(super) fn of_streams(config: &Config) -> Result<Client, Error> {
    Client::try_from(config_of_tls(config))
}

/// Where no certificate is checked, those of this machine, which take long to read, are not needed.
fn config_of_tls(config: &Config) -> Config {
    let mut config = config.clone();
    if config.accept_invalid_certs && config.root_cert.is_none() {
        config.root_cert = Some(Vec::new());
    }
    config
}
