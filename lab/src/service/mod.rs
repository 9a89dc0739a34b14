//! What the systems' own services have in common: how they end, log, count, and hold on to Redis.

pub(crate) mod answer;
pub(crate) mod database;
pub(crate) mod hmac;
pub(crate) mod link;
pub(crate) mod log;
pub(crate) mod migrate;
pub(crate) mod release;
pub(crate) mod requests;

use std::time::Duration;

use axum::Router;
use rustix::rand::{GetRandomFlags, getrandom};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Doing, Failure, Result};

pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().doing(|| "starting the runtime".to_owned())
}

/// A setting that a service cannot do without.
pub(crate) fn required(name: &str) -> Result<String> {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        _ => Err(Failure::new(format!("{name} is not set"))
            .hint("`set -a; . ./.env; set +a` in the lab's directory, or use its Makefile")),
    }
}

/// Returns when the process is asked to end.
pub(crate) async fn told_to_stop() {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        // Without handlers the signal ends the process by itself.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

/// Answers until the process is told to stop, and for two seconds more at most: idle connections that clients keep open do not
/// hold up the end.
pub(crate) async fn serve(listener: TcpListener, routes: Router) -> Result<()> {
    let served = axum::serve(listener, routes).with_graceful_shutdown(told_to_stop());
    let overdue = async {
        told_to_stop().await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    };
    tokio::select! {
        result = served => result.doing(|| "serving".to_owned()),
        () = overdue => Ok(()),
    }
}

pub(crate) fn random_hex() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom(&mut bytes, GetRandomFlags::empty()).doing(|| "getrandom".to_owned())?;
    Ok(hmac::hex(&bytes))
}
