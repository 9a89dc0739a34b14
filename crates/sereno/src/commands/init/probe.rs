//! What answers on this machine: health addresses, metrics, queues. Only what the project itself names is asked, and only
//! on this machine.

use super::runbooks::HealthAddress;
use redis::IntoConnectionInfo as _;
use serde::Serialize;
use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// As much of an answer is read.
const MOST_READ: u64 = 64 * 1024;

/// What an address answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Answer {
    pub(super) url: String,
    pub(super) status: u16,
    /// It is metrics, as Prometheus reads them.
    pub(super) is_metrics: bool,
}

/// What is said of itself at an address; `None` where nothing is, or a page for people.
pub(super) async fn health(address: &HealthAddress) -> Option<Answer> {
    let answer = timeout(PATIENCE, get(address)).await.ok()?.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status: u16 = head.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()?;
    let is_page = head.to_ascii_lowercase().contains("content-type: text/html");
    let is_metrics = status == 200 && (body.contains("# TYPE ") || body.contains("# HELP "));
    // A check that fails is a check; what is elsewhere, forbidden or not there is none.
    let is_check = matches!(status, 200..=299 | 500 | 503) && !is_page;
    // Where an application answers everything alike, `/metrics` is metrics only when it looks so.
    let is_right = address.path.ends_with("/metrics") == is_metrics;
    let url = format!("http://localhost:{}{}", address.port, address.path);
    (is_check && is_right).then_some(Answer { url, status, is_metrics })
}

async fn get(address: &HealthAddress) -> io::Result<String> {
    let mut stream = connect(address.port).await?;
    let HealthAddress { port, path } = address;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nUser-Agent: sereno-init\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    let read = stream.take(MOST_READ).read_to_end(&mut bytes).await;
    // A server that closes harshly has said what it said.
    match read {
        Err(error) if bytes.is_empty() => Err(error),
        _ => Ok(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// By number: no name is resolved, so no other machine can be meant.
async fn connect(port: u16) -> io::Result<TcpStream> {
    match TcpStream::connect((IpAddr::V4(Ipv4Addr::LOCALHOST), port)).await {
        Ok(stream) => Ok(stream),
        Err(_) => TcpStream::connect((IpAddr::V6(Ipv6Addr::LOCALHOST), port)).await,
    }
}

/// A queue in a Redis.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Queue {
    /// `BullMQ` or `Celery`.
    pub(super) library: &'static str,
    pub(super) name: String,
}

/// The queues of a Redis on this machine.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Queues {
    pub(super) found: BTreeSet<Queue>,
    /// Not all of its keys were looked at: there are too many.
    pub(super) is_partial: bool,
}

/// How often a part of the keys is asked for at most, and how many at once: a large Redis is not held up.
const MOST_PARTS: usize = 200;
const PART: usize = 500;

/// Looks for the keys by which queues are known. The database's own number and login are those of the project's address.
pub(super) async fn queues(port: u16, login: Option<(&str, &str)>, database: i64) -> Result<Queues, String> {
    timeout(PATIENCE * 2, ask(port, login, database)).await.map_err(|_| "timeout".to_owned())?.map_err(|error| {
        // The words of a login may be in an error's detail: its kind says enough.
        error.category().to_owned()
    })
}

async fn ask(port: u16, login: Option<(&str, &str)>, database: i64) -> redis::RedisResult<Queues> {
    let mut info = redis::RedisConnectionInfo::default().set_db(database);
    if let Some((user, password)) = login {
        info = info.set_password(password);
        if !user.is_empty() {
            info = info.set_username(user);
        }
    }
    let address = redis::ConnectionAddr::Tcp(Ipv4Addr::LOCALHOST.to_string(), port);
    let client = redis::Client::open(address.into_connection_info()?.set_redis_settings(info))?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let mut queues = Queues::default();
    for (library, pattern) in [("BullMQ", "bull:*:meta"), ("Celery", "_kombu.binding.*")] {
        let mut cursor: u64 = 0;
        for part in 0.. {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(PART);
            let (next, keys): (u64, Vec<Vec<u8>>) = scan.query_async(&mut connection).await?;
            queues.found.extend(keys.iter().filter_map(|key| queue(library, key)));
            cursor = next;
            if cursor == 0 {
                break;
            }
            if part >= MOST_PARTS {
                queues.is_partial = true;
                break;
            }
        }
    }
    Ok(queues)
}

fn queue(library: &'static str, key: &[u8]) -> Option<Queue> {
    let key = String::from_utf8_lossy(key);
    let name = match library {
        "BullMQ" => key.strip_prefix("bull:")?.strip_suffix(":meta")?,
        _ => key.strip_prefix("_kombu.binding.")?,
    };
    // Celery's own channels for its workers are no queues of work.
    let is_own = name.ends_with(".pidbox") || name == "celeryev" || name.ends_with(".reply.celery.pidbox");
    (!name.is_empty() && !is_own).then(|| Queue { library, name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    fn served(answer: &'static str) -> u16 {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut buffer = [0; 1024];
                let _ = stream.read(&mut buffer);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        port
    }

    fn asked(port: u16, path: &str) -> Option<Answer> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(health(&HealthAddress { port, path: path.to_owned() }))
    }

    #[test]
    fn a_check_is_told_from_a_page_a_redirect_and_silence() {
        let of = |answer: &'static str, path: &str| asked(served(answer), path).map(|answer| answer.status);
        assert_eq!(of("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{}", "/health"), Some(200));
        assert_eq!(of("HTTP/1.1 503 X\r\n\r\n", "/health"), Some(503));
        assert_eq!(of("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", "/health"), None);
        assert_eq!(of("HTTP/1.1 301 X\r\nLocation: http://example.com/\r\n\r\n", "/health"), None);
        assert_eq!(of("HTTP/1.1 404 X\r\n\r\n", "/health"), None);
        assert_eq!(of("HTTP/1.1 200 OK\r\n\r\n# TYPE up gauge\nup 1\n", "/metrics"), Some(200));
        assert_eq!(of("HTTP/1.1 200 OK\r\n\r\nhello", "/metrics"), None);
        assert_eq!(of("\u{1b}[2Jnonsense", "/health"), None);
    }

    #[test]
    fn queues_are_known_by_their_keys() {
        let named = |library, key: &[u8]| queue(library, key).map(|queue| queue.name);
        assert_eq!(named("BullMQ", b"bull:emails:meta").as_deref(), Some("emails"));
        assert_eq!(named("BullMQ", b"bull::meta"), None);
        assert_eq!(named("Celery", b"_kombu.binding.celery").as_deref(), Some("celery"));
        assert_eq!(named("Celery", b"_kombu.binding.celery.pidbox"), None);
        assert!(named("BullMQ", b"bull:\xff\x1b:meta").is_some());
    }
}
