//! Which entries of an environment are secrets.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A secret known by value. Its `Debug` shows only the name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    pub name: String,
    pub value: String,
}

impl Secret {
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }

    /// Whether the value can be told from ordinary text. One that cannot would tear holes into every output.
    pub fn is_told_by_value(&self) -> bool {
        let value = self.value.trim();
        let length = value.chars().count();
        let plain_number = value.bytes().all(|byte| byte.is_ascii_digit());
        length >= 4
            && !(plain_number && length < 6)
            && !COMMON.iter().any(|word| word.eq_ignore_ascii_case(value))
            && value.chars().any(|c| c.is_alphanumeric() || !value.starts_with(c))
    }

    /// The name as a marker shows it.
    pub(super) fn shown_name(&self) -> String {
        self.name.chars().filter(|c| !c.is_control() && !matches!(c, '[' | ']')).take(64).collect()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The secrets among the entries of an environment or a `.env` file: those whose name looks secret, the addresses that
/// carry a password, and those that `also` names.
pub fn secrets_of<'e>(entries: impl IntoIterator<Item = (&'e str, &'e str)>, also: &[String]) -> Vec<Secret> {
    let mut secrets = Vec::new();
    for (name, value) in entries {
        if value.trim().is_empty() {
            continue;
        }
        let password = password_of_address(value);
        let webhook = words(name).any(|word| matches!(word.as_str(), "WEBHOOK" | "HOOK")) && value.contains("://");
        if looks_secret(name) || password.is_some() || webhook || also.iter().any(|n| n == name) {
            secrets.push(Secret::new(name, value));
        }
        if let Some(password) = password {
            let plain = percent_decoded(password);
            if plain != password {
                secrets.push(Secret::new(name, plain));
            }
            secrets.push(Secret::new(name, password));
        }
    }
    secrets
}

/// Whether the name of a variable, a setting or a parameter says that its value is a secret.
pub fn looks_secret(name: &str) -> bool {
    if matches!(name, "PWD" | "OLDPWD" | "SSH_AUTH_SOCK") {
        return false;
    }
    let words: Vec<String> = words(name).collect();
    let Some(last) = words.last() else {
        return false;
    };
    if ABOUT_A_SECRET.contains(&last.as_str()) {
        return false;
    }
    // `CACHE_KEY` is none, `CACHE_PASSWORD` is one; and a routing key of PagerDuty lets whoever has it wake people.
    let is_plain = |word: &str| NOT_SECRET.contains(&word);
    let of_a_plain_key = words.iter().any(|word| is_plain(word)) && !words.iter().any(|word| word == "PAGERDUTY");
    words.iter().map(String::as_str).filter(|word| !is_plain(word)).any(|word| {
        let is_one = SECRET_WORDS.contains(&word) || SECRET_ENDINGS.iter().any(|end| word.ends_with(end));
        is_one && !(of_a_plain_key && matches!(word, "KEY" | "KEYS" | "SALT"))
    })
}

/// The words of `STRIPE_SECRET_KEY`, `stripe-secret-key`, `stripe.secretKey`, in capitals.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let mut before_lower = false;
    for c in name.chars() {
        let starts = c.is_ascii_uppercase() && before_lower;
        if starts || !c.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_ascii_alphanumeric()) {
            word.push(c.to_ascii_uppercase());
        }
        before_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    words.into_iter().filter(|word| !word.is_empty())
}

/// The password of `scheme://user:password@host`.
fn password_of_address(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let authority = if authority.contains('@') { authority } else { rest };
    let (user, _) = authority.rsplit_once('@')?;
    let (_, password) = user.split_once(':')?;
    (!password.is_empty()).then_some(password)
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = text.get(at + 1..at + 3).filter(|_| byte == b'%');
        if let Some(decoded) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            plain.push(decoded);
            at += 3;
        } else {
            plain.push(byte);
            at += 1;
        }
    }
    String::from_utf8(plain).unwrap_or_else(|_| text.to_owned())
}

const SECRET_WORDS: &[&str] = &[
    "PASSWORD",
    "PASSWORDS",
    "PASSWD",
    "PASSPHRASE",
    "PASS",
    "SECRET",
    "SECRETS",
    "TOKEN",
    "TOKENS",
    "KEY",
    "KEYS",
    "APIKEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "CREDS",
    "DSN",
    "PRIVATEKEY",
    "AUTHORIZATION",
    "CONTRASENA",
    "CLAVE",
    "SALT",
    "PEPPER",
    "OTP",
    "PAT",
    "JWT",
];

/// How a word that was not split ends: `PGPASSWORD`, `DBPASS`, `AUTHTOKEN`.
const SECRET_ENDINGS: &[&str] = &["PASSWORD", "PASSWD", "PASS", "SECRET", "TOKEN", "APIKEY", "CREDENTIALS"];

/// A name that ends so is about a secret and holds none: `TOKEN_TTL`, `PRIVATE_KEY_PATH`.
const ABOUT_A_SECRET: &[&str] = &[
    "TTL",
    "EXPIRY",
    "EXPIRES",
    "EXPIRATION",
    "EXP",
    "LIFETIME",
    "DAYS",
    "HOURS",
    "MINUTES",
    "SECONDS",
    "LENGTH",
    "SIZE",
    "COUNT",
    "LIMIT",
    "MAX",
    "MIN",
    "PREFIX",
    "SUFFIX",
    "NAME",
    "ID",
    "FILE",
    "PATH",
    "DIR",
    "TYPE",
    "ALGORITHM",
    "ALG",
    "ISSUER",
    "AUDIENCE",
    "HEADER",
    "TIMEOUT",
    "ROUNDS",
    "ENABLED",
    "REQUIRED",
    "POLICY",
    "HOST",
    "PORT",
    "URL",
    "URI",
    "ENDPOINT",
    "VERSION",
    "STORE",
    "PERMISSION",
    "SPACE",
    "EVENTS",
    "USED",
    "HITS",
    "MISSES",
];

const NOT_SECRET: &[&str] = &[
    "PUBLIC",
    "PUBLISHABLE",
    "PRIMARY",
    "FOREIGN",
    "SORT",
    "PARTITION",
    "BYPASS",
    "COMPASS",
    "CACHE",
    "IDEMPOTENCY",
    "ROUTING",
];

/// Values that say nothing by themselves.
const COMMON: &[&str] = &[
    "true",
    "false",
    "null",
    "none",
    "undefined",
    "enabled",
    "disabled",
    "enable",
    "disable",
    "default",
    "required",
    "localhost",
    "127.0.0.1",
    "0.0.0.0",
    "postgres",
    "postgresql",
    "mysql",
    "redis",
    "mongodb",
    "rabbitmq",
    "root",
    "admin",
    "user",
    "guest",
    "test",
    "testing",
    "development",
    "production",
    "staging",
    "local",
    "info",
    "debug",
    "warn",
    "error",
    "http",
    "https",
    "password",
    "secret",
    "token",
    "backend",
    "frontend",
    "worker",
    "nginx",
    "main",
];
