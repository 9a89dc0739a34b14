//! What the client library does not read of engines before 29: the answer to `/system/df`.

use super::engine;
use crate::PlatformError;
use serde_json::Value;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

/// To count what volumes take, the engine reads them.
const COUNTING: Duration = Duration::from_mins(2);

/// What is at a path of the engine's API.
pub(super) async fn get(address: &str, path: &str) -> Result<Value, PlatformError> {
    engine::within(COUNTING, address, ask(address, path))
        .await?
        .map_err(|source| PlatformError::NoEngine { address: address.to_owned(), source })
        .and_then(|answer| read(&answer, path))
}

/// HTTP/1.0: the answer has no chunks, and ends with the connection.
async fn ask(address: &str, path: &str) -> io::Result<Vec<u8>> {
    let request = format!("GET {path} HTTP/1.0\r\nHost: docker\r\nAccept: application/json\r\n\r\n");
    if let Some(socket) = address.strip_prefix("unix://") {
        return talk(UnixStream::connect(socket).await?, &request).await;
    }
    let host = address.split("://").last().unwrap_or_default().trim_end_matches('/');
    talk(TcpStream::connect(host).await?, &request).await
}

async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> io::Result<Vec<u8>> {
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

fn read(answer: &[u8], path: &str) -> Result<Value, PlatformError> {
    let unreadable = |why: String| PlatformError::Unreadable { file: path.to_owned(), why };
    let end =
        answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(|| unreadable("no answer".to_owned()))?;
    let (head, body) = (String::from_utf8_lossy(&answer[..end]), &answer[end + 4..]);
    let code = head.split_whitespace().nth(1).unwrap_or_default();
    let value: Value = serde_json::from_slice(body).map_err(|error| unreadable(error.to_string()))?;
    if code != "200" {
        return Err(unreadable(value["message"].as_str().unwrap_or(code).to_owned()));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_its_body_when_all_went_well() {
        assert_eq!(read(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n{\"a\":1}", "/df").expect("read")["a"], 1);
        for (answer, why) in [
            (&b"HTTP/1.0 500 X\r\n\r\n{\"message\":\"a disk operation is already running\"}"[..], "already running"),
            (b"HTTP/1.0 200 OK\r\n\r\n{\"a\":", "EOF"),
            (b"", "no answer"),
        ] {
            let said = read(answer, "/df").expect_err("an error").to_string();
            assert!(said.contains(why), "{said}");
        }
    }
}
