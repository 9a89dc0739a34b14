//! Servers that stand in for the platforms that cannot be had here. They keep state, take time for what takes time, and refuse
//! what the real ones refuse: a wrong token, an unknown thing, a field or a question that does not exist.

pub(crate) mod railway;
pub(crate) mod render;

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A request, read.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// By names in small letters.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// What is answered.
pub(crate) enum Reply {
    Json(u16, Value),
    With(u16, Vec<(&'static str, String)>, Value),
    Empty(u16),
    /// The connection is closed without a word.
    Cut,
    /// Nobody answers for as long as the server is there.
    Silent,
}

impl Reply {
    /// The same with more headers.
    pub(crate) fn with(self, more: Vec<(&'static str, String)>) -> Self {
        match self {
            Self::Json(status, body) => Self::With(status, more, body),
            other => other,
        }
    }
}

/// What a server does. It is asked by one at a time.
pub(crate) trait Answers: Send + 'static {
    fn answer(&mut self, asked: &Asked) -> Reply;
}

/// A server on this machine, gone with it.
pub(crate) struct Standin<S> {
    pub(crate) address: String,
    state: Arc<Mutex<S>>,
    over: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
}

impl<S: Answers> Standin<S> {
    pub(crate) fn start(state: S) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (state, over) = (Arc::new(Mutex::new(state)), Arc::new(AtomicBool::new(false)));
        let (shared, ended) = (state.clone(), over.clone());
        let listening = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let (state, over) = (shared.clone(), ended.clone());
                // A client that goes away ends its own conversation.
                let _ = stream.map(|stream| std::thread::spawn(move || converse(stream, &state, &over)));
            }
        });
        Self { address, state, over, listening: Some(listening) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, S> {
        self.state.lock().expect("no answer has panicked")
    }
}

impl<S> Drop for Standin<S> {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // The listener waits for a caller; one that cannot be called any more has ended.
        let _ = TcpStream::connect(self.address.trim_start_matches("http://"));
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

fn converse<S: Answers>(stream: TcpStream, state: &Mutex<S>, over: &AtomicBool) {
    let mut writer = stream.try_clone().expect("a second handle");
    let mut reader = BufReader::new(stream);
    while let Some(asked) = read(&mut reader) {
        let reply = state.lock().expect("no answer has panicked").answer(&asked);
        let (status, headers, body) = match reply {
            Reply::Json(status, body) => (status, Vec::new(), body.to_string()),
            Reply::With(status, headers, body) => (status, headers, body.to_string()),
            Reply::Empty(status) => (status, Vec::new(), String::new()),
            Reply::Cut => {
                let _ = writer.shutdown(Shutdown::Both);
                return;
            }
            Reply::Silent => {
                while !over.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(20));
                }
                return;
            }
        };
        let mut head =
            format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nContent-Type: application/json\r\n", body.len());
        head.extend(headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
        if writer.write_all(format!("{head}\r\n{body}").as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let query = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(n, v)| (decoded(n), decoded(v)));
    let (path, query, body) = (decoded(path), query.collect(), String::from_utf8_lossy(&body).into_owned());
    Some(Asked { method, path, query, headers, body })
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |digit: Option<u8>| digit.and_then(|digit| char::from(digit).to_digit(16)).unwrap_or(0) as u8;
        bytes.push(if byte == b'%' { hex(rest.next()) * 16 + hex(rest.next()) } else { byte });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Something that is there from one moment to another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: Instant,
    pub(crate) until: Option<Instant>,
}

impl Span {
    pub(crate) fn after(wait: Duration) -> Self {
        Self { from: Instant::now() + wait, until: None }
    }

    pub(crate) fn is_now(&self) -> bool {
        let now = Instant::now();
        self.from <= now && self.until.is_none_or(|until| now < until)
    }

    pub(crate) fn ends_in(&mut self, wait: Duration) {
        self.until.get_or_insert(Instant::now() + wait);
    }
}
