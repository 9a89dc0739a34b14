//! A small blocking HTTP client for the lab's own endpoints on loopback.
//!
//! One request per connection, no TLS, no redirects: it asks our own services how they are.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::failure::{Doing, Failure, Result};

const LARGEST_ANSWER: u64 = 4 * 1024 * 1024;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

pub(crate) fn get(port: u16, path: &str) -> Result<Answer> {
    send(port, "GET", path, &[], "")
}

pub(crate) fn send(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let what = || format!("{method} http://{address}{path}");
    let limit = Duration::from_secs(5);
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1)).doing(what)?;
    stream.set_read_timeout(Some(limit)).doing(what)?;
    stream.set_write_timeout(Some(limit)).doing(what)?;
    let request = request_text(method, path, headers, body, address);
    stream.write_all(request.as_bytes()).doing(what)?;
    let mut answer = Vec::new();
    stream.take(LARGEST_ANSWER).read_to_end(&mut answer).doing(what)?;
    parse(&String::from_utf8_lossy(&answer)).ok_or_else(|| Failure::new(format!("{}: the answer is not HTTP", what())))
}

pub(crate) fn request_text(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
    address: SocketAddr,
) -> String {
    use std::fmt::Write as _;
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    if method != "GET" {
        let _ = write!(text, "Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    text + "\r\n" + body
}

pub(crate) fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some(Answer { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_answer_is_cut_into_status_and_body() {
        let answer = parse("HTTP/1.1 503 Service Unavailable\r\na: b\r\n\r\n{}").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (503, "{}"));
        assert!(parse("SSH-2.0-OpenSSH").is_none());
        assert!(parse("HTTP/1.1 2").is_none());
    }
}
