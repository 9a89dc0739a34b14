//! Talking to the HTTP API of a hosting platform: one question, one answer, and what kept it from coming.
//!
//! A question that changes something is sent once. One that only reads is asked again when the platform said that it was too
//! early, and how long to wait.

mod error;
mod follow;
mod pace;

pub use error::WebError;
pub(crate) use follow::{Sent, Told};
pub(crate) use pace::Pace;

use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use rustls_platform_verifier::BuilderVerifierExt as _;
use serde_json::Value;
use sereno_model::Text;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(30);

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// More than this is no answer of such an API.
const LONGEST_ANSWER: usize = 64 << 20;

type Body = Full<std::io::Cursor<Vec<u8>>>;

/// An API, as one token sees it.
pub(crate) struct Web {
    service: &'static str,
    /// Without a slash at its end.
    base: String,
    headers: HeaderMap,
    client: Client<HttpsConnector<HttpConnector>, Body>,
    /// The last answer said that most of the questions of this window are left.
    has_plenty: AtomicBool,
}

/// How long one who asks waits when the platform says that it is asked too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// It changes something: the person decides.
    None,
    /// Somebody waits for the answer.
    Short,
    /// It follows something for hours.
    Long,
}

impl Patience {
    fn limit(self) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Short => Duration::from_secs(20),
            Self::Long => Duration::from_hours(1),
        }
    }
}

impl Web {
    pub(crate) fn new(service: &'static str, base: &str, headers: HeaderMap) -> Result<Self, WebError> {
        let wrong = || WebError::BadAddress { service, address: base.to_owned() };
        let uri: http::Uri = base.parse().map_err(|_| wrong())?;
        let host = uri.host().ok_or_else(wrong)?;
        // A token must not go over a wire in clear.
        let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_here => {}
            _ => return Err(wrong()),
        }
        let base = base.trim_end_matches('/').to_owned();
        let client = Client::builder(TokioExecutor::new()).build(connector(service, &base)?);
        Ok(Self { service, base, headers, client, has_plenty: AtomicBool::new(false) })
    }

    /// Where it is, without the scheme.
    pub(crate) fn host(&self) -> &str {
        self.base.split_once("://").map_or(&self.base, |(_, host)| host)
    }

    /// Whether it may be asked more often for now; never where it does not say so.
    pub(crate) fn has_plenty(&self) -> bool {
        self.has_plenty.load(Ordering::Relaxed)
    }

    pub(crate) fn service(&self) -> &'static str {
        self.service
    }

    pub(crate) async fn get(&self, path: &str, patience: Patience) -> Result<Value, WebError> {
        self.ask(&Method::GET, path, None, patience, &format!("GET {}", bare(path))).await
    }

    /// Asks, and gives the JSON that comes back; `null` where nothing does. `action` names the question in an error.
    pub(crate) async fn ask(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
        patience: Patience,
        action: &str,
    ) -> Result<Value, WebError> {
        let begun = Instant::now();
        loop {
            match self.once(method, path, body, action).await {
                Err(WebError::TooOften { after: Some(after), .. })
                    if begun.elapsed() + Duration::from_secs(after) < patience.limit() =>
                {
                    tokio::time::sleep(Duration::from_secs(after.max(1))).await;
                }
                answer => return answer,
            }
        }
    }

    async fn once(&self, method: &Method, path: &str, body: Option<&Value>, action: &str) -> Result<Value, WebError> {
        let request = self.request(method, path, body).map_err(|error| self.unreadable(action, &error))?;
        let asked = async {
            let response = self.client.request(request).await.map_err(|error| self.not_asked(&error))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, LONGEST_ANSWER).collect().await;
            let bytes = body.map_err(|error| self.no_answer(Text::same(innermost(&*error)), true))?.to_bytes();
            Ok((head.status, head.headers, bytes))
        };
        let Ok(answer) = tokio::time::timeout(ANSWER, asked).await else {
            let seconds = ANSWER.as_secs();
            let said = Text::new(format!("nothing for {seconds} s"), format!("nada durante {seconds} s"));
            return Err(self.no_answer(said, true));
        };
        let (status, headers, bytes) = answer?;
        self.has_plenty.store(says_plenty(&headers), Ordering::Relaxed);
        if status.is_success() {
            if bytes.iter().all(u8::is_ascii_whitespace) {
                return Ok(Value::Null);
            }
            return serde_json::from_slice(&bytes).map_err(|error| self.unreadable(action, &error));
        }
        Err(self.refusal(status, &headers, &bytes, action))
    }

    fn request(&self, method: &Method, path: &str, body: Option<&Value>) -> http::Result<Request<Body>> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.headers.clone());
            headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
            headers.insert(header::USER_AGENT, HeaderValue::from_static("sereno"));
            if body.is_some() {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
        }
        request.body(Full::new(std::io::Cursor::new(body.map(ToString::to_string).unwrap_or_default().into_bytes())))
    }

    fn refusal(&self, status: StatusCode, headers: &HeaderMap, bytes: &[u8], action: &str) -> WebError {
        let (service, action) = (self.service, action.to_owned());
        let said = words(bytes).unwrap_or_else(|| status.canonical_reason().unwrap_or("?").to_owned());
        match status {
            StatusCode::UNAUTHORIZED => WebError::Unauthorized { service, said },
            StatusCode::FORBIDDEN => WebError::Forbidden { service, action, said },
            StatusCode::TOO_MANY_REQUESTS => WebError::TooOften { service, after: after(headers, Timestamp::now()) },
            status => WebError::Said { service, action, code: status.as_u16(), said },
        }
    }

    fn not_asked(&self, error: &hyper_util::client::legacy::Error) -> WebError {
        let said = innermost(error);
        if error.is_connect() && chain(error).any(|cause| cause.is::<rustls::Error>() || is_tls(cause)) {
            return WebError::Tls { service: self.service, address: self.base.clone(), said };
        }
        self.no_answer(Text::same(said), !error.is_connect())
    }

    fn no_answer(&self, said: Text, sent: bool) -> WebError {
        WebError::NoAnswer { service: self.service, address: self.base.clone(), said, sent }
    }

    pub(crate) fn unreadable(&self, action: &str, why: &dyn std::fmt::Display) -> WebError {
        WebError::Unreadable { service: self.service, action: action.to_owned(), said: why.to_string() }
    }
}

fn connector(service: &'static str, address: &str) -> Result<HttpsConnector<HttpConnector>, WebError> {
    let tls = |error: rustls::Error| WebError::Tls { service, address: address.to_owned(), said: error.to_string() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(tls)?
        .with_platform_verifier()
        .map_err(tls)?
        .with_no_client_auth();
    let mut http = HttpConnector::new();
    http.set_connect_timeout(Some(CONNECT));
    http.enforce_http(false);
    Ok(HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().wrap_connector(http))
}

/// A path without its question, which may be long.
fn bare(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

/// What a refusal says of itself: `{"message": …}`, or GraphQL's `{"errors": [{"message": …}]}`.
fn words(bytes: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let message = value["message"].as_str().or_else(|| value["errors"][0]["message"].as_str());
    message.filter(|message| !message.is_empty()).map(str::to_owned)
}

/// Whether more than half of the questions of this window are left.
fn says_plenty(headers: &HeaderMap) -> bool {
    let number = |names: [&str; 2]| -> Option<u64> {
        names.iter().find_map(|name| headers.get(*name)?.to_str().ok()?.trim().parse().ok())
    };
    let left = number(["ratelimit-remaining", "x-ratelimit-remaining"]);
    let all = number(["ratelimit-limit", "x-ratelimit-limit"]);
    left.zip(all).is_some_and(|(left, all)| left > all / 2)
}

/// In how many seconds one may ask again. `Retry-After` is a number of seconds; the `…-Reset` headers are that, or the
/// moment itself in seconds since 1970, or written out.
fn after(headers: &HeaderMap, now: Timestamp) -> Option<u64> {
    /// No wait is as long as this: such a number is a moment.
    const A_MOMENT: i64 = 1_000_000_000;
    let names = ["retry-after", "ratelimit-reset", "x-ratelimit-reset"];
    let value = names.iter().find_map(|name| headers.get(*name)?.to_str().ok())?.trim();
    let seconds = match value.parse::<i64>() {
        // Milliseconds, as some write them.
        Ok(number) if number >= A_MOMENT * 1000 => number / 1000 - now.as_second(),
        Ok(number) if number >= A_MOMENT => number - now.as_second(),
        Ok(number) => number,
        Err(_) => value.parse::<Timestamp>().ok()?.as_second() - now.as_second(),
    };
    Some(u64::try_from(seconds).unwrap_or(0))
}

fn chain<'e>(
    error: &'e (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

/// The cause of a failed handshake is inside of the error of a connection, which shows it as an input or output error.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    inner.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let last = chain(error).last();
    last.map(ToString::to_string).unwrap_or_default()
}

/// A text as a part of a path or a question.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(byte as char);
        } else {
            out.push('%');
            out.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[digit as usize])));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_wait_is_read_in_all_its_forms() {
        let now: Timestamp = "2026-11-30T10:00:00Z".parse().expect("a time");
        for (name, value, seconds) in [
            ("retry-after", "7", Some(7)),
            ("ratelimit-reset", "12", Some(12)),
            ("ratelimit-reset", "1796032830", Some(30)),
            ("x-ratelimit-reset", "1796032830000", Some(30)),
            ("x-ratelimit-reset", "2026-11-30T10:01:00.000Z", Some(60)),
            ("x-ratelimit-reset", "2026-11-30T09:00:00Z", Some(0)),
            ("retry-after", "soon", None),
            ("x-other", "7", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            assert_eq!(after(&headers, now), seconds, "{name}: {value}");
        }
    }

    #[test]
    fn one_goes_on_faster_only_where_the_platform_says_that_most_is_left() {
        for (names, left, all, is_plenty) in [
            (["ratelimit-remaining", "ratelimit-limit"], "300", "400", true),
            (["x-ratelimit-remaining", "x-ratelimit-limit"], "200", "400", false),
            (["x-ratelimit-remaining", "x-ratelimit-limit"], "many", "400", false),
            (["x-other", "x-ratelimit-limit"], "300", "400", false),
        ] {
            let value = |text: &str| HeaderValue::try_from(text).expect("a value");
            let headers = HeaderMap::from_iter([
                (http::HeaderName::from_static(names[0]), value(left)),
                (http::HeaderName::from_static(names[1]), value(all)),
            ]);
            assert_eq!(says_plenty(&headers), is_plenty, "{names:?} {left} of {all}");
        }
    }

    #[test]
    fn a_token_goes_over_no_wire_in_clear() {
        let is_taken = |address: &str| Web::new("X", address, HeaderMap::new()).is_ok();
        for address in ["https://api.example.com/v1", "http://127.0.0.1:9/v1", "http://localhost:9", "http://[::1]:9"] {
            assert!(is_taken(address), "{address}");
        }
        for address in ["http://api.example.com", "ftp://127.0.0.1", "api.example.com", "http://127.0.0.1.evil.com", ""]
        {
            assert!(!is_taken(address), "{address}");
        }
    }

    #[test]
    fn what_a_refusal_says_is_read_and_a_page_of_html_is_not() {
        assert_eq!(words(br#"{"id":"x","message":"no"}"#).as_deref(), Some("no"));
        assert_eq!(words(br#"{"errors":[{"message":"Not Authorized"}]}"#).as_deref(), Some("Not Authorized"));
        assert_eq!(words(b"<html>Bad gateway</html>"), None);
        assert_eq!(encoded("a b/ñ&c"), "a%20b%2F%C3%B1%26c");
    }
}
