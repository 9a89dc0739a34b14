//! One health check, that never blocks: the keeper's only thread has a program's output to take meanwhile.
//!
//! No HTTP client of the tree serves here: they bring an async runtime, and the keeper is to stay at a few megabytes for
//! each program. Of the answer only the status is read.

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with, sockopt};
use sereno_model::Text;
use sereno_model::settings::process::Health;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// `HTTP/1.1 200`: more is not needed.
const STATUS_LENGTH: usize = 12;

/// A check that is under way.
#[derive(Debug)]
pub(super) struct Check {
    /// The address that is tried, and those that are left.
    address: SocketAddr,
    left: Vec<SocketAddr>,
    http: Option<(String, String)>,
    socket: OwnedFd,
    stage: Stage,
    deadline: Instant,
}

#[derive(Debug)]
enum Stage {
    Connecting,
    Answering(Vec<u8>),
}

/// What came of it.
pub(super) enum Outcome {
    Pending(Check),
    Well,
    Failed(Text),
}

impl Check {
    pub(super) fn begin(health: &Health) -> Outcome {
        Self::at(health.addresses.clone(), health.http.clone())
    }

    /// Tries the first address.
    fn at(mut addresses: Vec<SocketAddr>, http: Option<(String, String)>) -> Outcome {
        if addresses.is_empty() {
            return Outcome::Failed(Text::new("no address to check", "ninguna dirección que comprobar"));
        }
        let address = addresses.remove(0);
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let opened =
            socket_with(family, SocketType::STREAM, flags, None).and_then(|socket| {
                match rustix::net::connect(&socket, &address) {
                    Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
                    Err(error) => Err(error),
                }
            });
        match opened {
            Ok(socket) => {
                let deadline = Instant::now() + TIMEOUT;
                Outcome::Pending(Self { address, left: addresses, http, socket, stage: Stage::Connecting, deadline })
            }
            Err(error) if addresses.is_empty() => failed(address, error),
            Err(_) => Self::at(addresses, http),
        }
    }

    pub(super) fn awaits(&self) -> (BorrowedFd<'_>, PollFlags) {
        let what = if matches!(self.stage, Stage::Connecting) { PollFlags::OUT } else { PollFlags::IN };
        (self.socket.as_fd(), what)
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Goes on as far as it can without waiting.
    pub(super) fn go_on(self, is_ready: bool) -> Outcome {
        if is_ready {
            return match self.stage {
                Stage::Connecting => self.connected(),
                Stage::Answering(_) => self.answered(),
            };
        }
        if Instant::now() < self.deadline {
            return Outcome::Pending(self);
        }
        let seconds = TIMEOUT.as_secs();
        self.or_next(&Text::new(format!("no answer within {seconds} s"), format!("sin respuesta en {seconds} s")))
    }

    fn connected(mut self) -> Outcome {
        match sockopt::socket_error(&self.socket) {
            Ok(Ok(())) => {}
            Ok(Err(error)) | Err(error) => return self.or_next(&Text::same(words(error))),
        }
        let Some((host, path)) = &self.http else { return Outcome::Well };
        let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nUser-Agent: sereno\r\nConnection: close\r\n\r\n");
        match send(&self.socket, request.as_bytes(), SendFlags::NOSIGNAL) {
            Ok(sent) if sent == request.len() => {
                self.stage = Stage::Answering(Vec::new());
                Outcome::Pending(self)
            }
            // A fresh socket has room for far more.
            Ok(_) => self.or_next(&Text::new("the request could not be sent", "no se pudo enviar la petición")),
            Err(error) => self.or_next(&Text::same(words(error))),
        }
    }

    fn answered(mut self) -> Outcome {
        let Stage::Answering(mut answer) = self.stage else { return Outcome::Pending(self) };
        let mut buffer = [0; 256];
        let read = recv(&self.socket, &mut buffer, RecvFlags::empty());
        let (length, is_end) = match read {
            Ok((length, _)) => (length, length == 0),
            Err(Errno::AGAIN | Errno::INTR) => (0, false),
            Err(error) => {
                self.stage = Stage::Connecting;
                return self.or_next(&Text::same(words(error)));
            }
        };
        answer.extend_from_slice(&buffer[..length]);
        if answer.len() < STATUS_LENGTH && !is_end {
            self.stage = Stage::Answering(answer);
            return Outcome::Pending(self);
        }
        match status(&answer) {
            Some(200..300) => Outcome::Well,
            Some(status) => Outcome::Failed(said(self.address, &Text::same(format!("HTTP {status}")))),
            None => Outcome::Failed(said(self.address, &Text::new("no answer of HTTP", "no respondió HTTP"))),
        }
    }

    /// The next address, or the failure.
    fn or_next(self, why: &Text) -> Outcome {
        if self.left.is_empty() { Outcome::Failed(said(self.address, why)) } else { Self::at(self.left, self.http) }
    }
}

fn status(answer: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(answer.get(..STATUS_LENGTH)?).ok()?;
    text.starts_with("HTTP/1.").then(|| text.get(9..STATUS_LENGTH)?.parse().ok())?
}

fn failed(address: SocketAddr, error: Errno) -> Outcome {
    Outcome::Failed(said(address, &Text::same(words(error))))
}

fn words(error: Errno) -> String {
    let text = std::io::Error::from(error).to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

fn said(address: SocketAddr, why: &Text) -> Text {
    Text::new(
        format!("health check of {address}: {}", why.en),
        format!("comprobación de salud de {address}: {}", why.es),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, Timespec, poll};
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    fn result(text: &str) -> Result<(), String> {
        let mut outcome = Check::begin(&Health::parse(text).expect("an address"));
        loop {
            match outcome {
                Outcome::Well => return Ok(()),
                Outcome::Failed(why) => return Err(why.en),
                Outcome::Pending(check) => {
                    let (socket, what) = check.awaits();
                    let mut fds = [PollFd::from_borrowed_fd(socket, what)];
                    let tick = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
                    let ready = poll(&mut fds, Some(&tick)).expect("polled") > 0;
                    outcome = check.go_on(ready);
                }
            }
        }
    }

    /// A server that answers one request so, in two pieces.
    fn server(answer: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("somebody asks");
            let mut request = [0; 1024];
            let read = stream.read(&mut request).expect("a request");
            assert!(request[..read].starts_with(b"GET /health HTTP/1.0\r\nHost: "));
            let (first, rest) = answer.split_at(answer.len() / 2);
            stream.write_all(first.as_bytes()).expect("written");
            std::thread::sleep(Duration::from_millis(50));
            stream.write_all(rest.as_bytes()).expect("written");
        });
        port
    }

    #[test]
    fn only_a_status_of_2xx_is_well() {
        let asked = |answer| result(&format!("http://127.0.0.1:{}/health", server(answer)));
        assert_eq!(asked("HTTP/1.1 204 No Content\r\n\r\n"), Ok(()));
        assert!(asked("HTTP/1.1 503 No\r\n\r\n").expect_err("503").ends_with("HTTP 503"));
        assert!(asked("hello").expect_err("no HTTP").ends_with("no answer of HTTP"));
    }

    #[test]
    fn a_port_is_well_when_it_accepts_and_localhost_is_tried_in_both_ways() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        assert_eq!(result(&format!("127.0.0.1:{port}")), Ok(()));
        assert_eq!(result(&format!("localhost:{port}")), Ok(()));
        drop(listener);
        assert!(result(&format!("127.0.0.1:{port}")).expect_err("closed").contains("refused"));
        if let Ok(six) = TcpListener::bind("[::1]:0") {
            let port = six.local_addr().expect("an address").port();
            assert_eq!(result(&format!("localhost:{port}")), Ok(()));
        }
    }

    #[test]
    fn who_accepts_and_says_nothing_fails_in_time() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        assert!(result(&format!("http://127.0.0.1:{port}/")).expect_err("silent").contains("no answer within"));
    }
}
