//! Secrets that are recognised by what they look like, or by what stands before them.
//!
//! Of each, only the secret part is hidden: `sk_live_[redacted:stripe-key]` still says whose key it was.

use super::body::{Body, Extent, LONGEST_OPEN};
use super::secret::looks_secret;
use super::{Found, Span};
use aho_corasick::AhoCorasick;
use regex::bytes::{Captures, Regex};
use std::sync::{LazyLock, OnceLock};

/// A way to recognise a secret.
struct Shape {
    /// What the marker says; the name of an assignment stands in its own marker.
    name: &'static str,
    /// Texts without which the shape cannot be there, in any case of letters.
    triggers: &'static [&'static str],
    /// What stands before the secret part. A group `name` names it.
    before: Before,
    body: Body,
    /// A shorter secret part is none.
    shortest: usize,
    /// What else must hold.
    holds: fn(&Candidate<'_, '_>) -> bool,
}

/// What may be a secret.
struct Candidate<'c, 'h> {
    before: &'c Captures<'h>,
    secret: &'h [u8],
    /// It stands in quotes that follow `before`.
    quoted: bool,
}

struct Shapes {
    all: Vec<Shape>,
    triggers: AhoCorasick,
    /// For each trigger, the shape that it is of.
    shape_of: Vec<usize>,
}

/// Adds to `found` all shapes in `bytes`.
pub(super) fn look(bytes: &[u8], ended: bool, found: &mut Found) {
    let shapes = &*SHAPES;
    let mut wanted = vec![false; shapes.all.len()];
    for hit in shapes.triggers.find_overlapping_iter(bytes) {
        if let Some(wanted) = shapes.shape_of.get(hit.pattern().as_usize()).and_then(|at| wanted.get_mut(*at)) {
            *wanted = true;
        }
    }
    for shape in shapes.all.iter().zip(wanted).filter_map(|(shape, wanted)| wanted.then_some(shape)) {
        shape.look(bytes, ended, found);
    }
}

/// A pattern that is compiled when it is first needed: most texts need few, and a command should start at once.
struct Before {
    pattern: String,
    compiled: OnceLock<Regex>,
}

impl Before {
    fn new(pattern: String) -> Self {
        Self { pattern, compiled: OnceLock::new() }
    }

    fn regex(&self) -> &Regex {
        self.compiled.get_or_init(|| regex(&self.pattern))
    }
}

impl Shape {
    fn look(&self, bytes: &[u8], ended: bool, found: &mut Found) {
        let mut from = 0;
        while let Some(before) = self.before.regex().captures_at(bytes, from) {
            let Some(start) = before.get(0).map(|whole| whole.end()) else {
                return;
            };
            // A shape that begins nowhere must still get on.
            from = start.max(from + 1);
            if !before.name("name").is_none_or(|name| names_secret(name.as_bytes())) {
                continue;
            }
            let Some(extent) = self.body.extent(bytes, start, ended) else {
                continue;
            };
            if extent.open && !ended {
                if self.body == Body::UrlPassword && extent.end - extent.start > LONGEST_OPEN {
                    continue;
                }
                found.hold_shape(extent.start, self.body, self.marker(&before));
                return;
            }
            if let Some(span) = self.span(bytes, start, &before, extent) {
                from = from.max(span.end);
                found.spans.push(span);
            }
        }
    }

    fn span(&self, bytes: &[u8], start: usize, before: &Captures<'_>, extent: Extent) -> Option<Span> {
        let quoted = extent.start > start;
        let mut secret = bytes.get(extent.start..extent.end)?;
        // What closes around a word is not of it: `$(echo password=x)`.
        while let (Body::Word, false, Some((b')' | b']' | b'}' | b',', rest))) =
            (self.body, quoted, secret.split_last())
        {
            secret = rest;
        }
        let candidate = Candidate { before, secret, quoted };
        if secret.len() < self.shortest || is_placeholder(secret) || !(self.holds)(&candidate) {
            return None;
        }
        let marker = self.marker(before);
        Some(Span { start: extent.start, end: extent.start + secret.len(), marker })
    }

    fn marker(&self, before: &Captures<'_>) -> String {
        let name = before.name("name").map_or(self.name.as_bytes(), |name| name.as_bytes());
        let name = String::from_utf8_lossy(name);
        let name: String = name.trim_matches(['-', '.', '_']).chars().take(64).collect();
        format!("[redacted:{name}]")
    }
}

fn names_secret(name: &[u8]) -> bool {
    std::str::from_utf8(name).is_ok_and(looks_secret)
}

/// `$PASSWORD`, `<password>`, `****`: where a secret would stand, and does not.
fn is_placeholder(text: &[u8]) -> bool {
    static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"^(?:\$[A-Z_][A-Z0-9_]*|\$\{[A-Za-z_][A-Za-z0-9_]*\}|\$\(.*|<.*|\{\{.*|%[A-Z_]+%|\*+|[xX]+|\.+|-+|\[redacted.*|\\+)$",
        )
    });
    text.len() <= 256 && PLACEHOLDER.is_match(text)
}

/// `NAME=value`, `"name": "value"`, `--name=value`; that the name looks secret is known.
fn is_assignment(candidate: &Candidate<'_, '_>) -> bool {
    let Candidate { before, secret, quoted } = *candidate;
    if secret.len() > 1024 {
        return true;
    }
    let has = |name| before.name(name).is_some_and(|group| !group.is_empty());
    let name = before.name("name").map(|name| name.as_bytes().to_ascii_lowercase()).unwrap_or_default();
    let contains = |word: &str| name.windows(word.len()).any(|window| window == word.as_bytes());
    let spaced = before.get(0).is_some_and(|whole| whole.as_bytes().ends_with(b" "));
    if is_plain_word(secret) || (has("colon") && !spaced && !quoted && !has("quote")) {
        return false;
    }
    if secret.len() < 6 && secret.iter().all(u8::is_ascii_digit) && !contains("passw") {
        return false;
    }
    let random = secret.len() >= 12 && secret.iter().any(u8::is_ascii_digit);
    // `key=`, `pass:` and their like name many things that are no secrets.
    if ["key", "keys", "pass", "salt", "pat", "otp", "clave"].iter().any(|word| name == word.as_bytes()) && !random {
        return false;
    }
    // After a colon stands prose more often than a secret, unless quotes or the beginning of the line say otherwise.
    !has("colon") || has("quote") || quoted || has("line") || random
}

/// The argument after `--password`.
fn is_flag_value(candidate: &Candidate<'_, '_>) -> bool {
    let secret = candidate.secret;
    !secret.starts_with(b"-") && !secret.contains(&b'=') && !is_plain_word(secret)
}

/// Words that stand after `token:` or `password=` and are none.
fn is_plain_word(secret: &[u8]) -> bool {
    const WORDS: &[&str] = &[
        "true",
        "false",
        "null",
        "none",
        "nil",
        "undefined",
        "yes",
        "no",
        "required",
        "requerida",
        "requerido",
        "invalid",
        "inválido",
        "inválida",
        "expired",
        "expirado",
        "missing",
        "incorrect",
        "incorrecta",
        "wrong",
        "ok",
        "set",
        "unset",
        "changed",
        "rejected",
        "denied",
        "failed",
        "error",
        "string",
        "bearer",
        "basic",
        "token",
        "digest",
        "negotiate",
        "apikey",
        "optional",
        "opcional",
        "hidden",
        "is",
        "the",
        "not",
        "for",
        "must",
        "was",
        "authentication",
        "authorization",
        "auth",
        "scheme",
        "header",
        "tokens",
        "realm",
        "error=",
    ];
    let secret = secret.strip_suffix(b",").or_else(|| secret.strip_suffix(b".")).unwrap_or(secret);
    WORDS.iter().any(|word| word.as_bytes().eq_ignore_ascii_case(secret))
}

fn always(_: &Candidate<'_, '_>) -> bool {
    true
}

fn not_a_word(candidate: &Candidate<'_, '_>) -> bool {
    !is_plain_word(candidate.secret)
}

fn has_digit(candidate: &Candidate<'_, '_>) -> bool {
    candidate.secret.iter().any(u8::is_ascii_digit)
}

fn regex(pattern: &str) -> Regex {
    Regex::new(&format!("(?-u){pattern}")).expect("the patterns are constants, and a test compiles them all")
}

/// A token that begins with a text of its own.
fn token(name: &'static str, triggers: &'static [&'static str], begins: &str, body: Body, shortest: usize) -> Shape {
    let before = Before::new(format!("(?:^|[^A-Za-z0-9])(?:{begins})"));
    Shape { name, triggers, before, body, shortest, holds: always }
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
    let mut all = tokens();
    all.extend(commands());
    let mut texts = Vec::new();
    let mut shape_of = Vec::new();
    for (at, shape) in all.iter().enumerate() {
        for trigger in shape.triggers {
            texts.push(*trigger);
            shape_of.push(at);
        }
    }
    let triggers = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(&texts)
        .expect("the triggers are constants, and a test builds them");
    Shapes { all, triggers, shape_of }
});

fn tokens() -> Vec<Shape> {
    use Body::{Dotted, Path, Token};
    vec![
        token("stripe-key", &["sk_", "rk_"], "(?:sk|rk)_(?:live|test)_", Token, 8),
        token("webhook-secret", &["whsec_"], "whsec_", Dotted, 8),
        token("slack-token", &["xox", "xapp-"], "xox[a-z](?:[.-]|\\.xox[a-z]-)|xapp-", Token, 8),
        token("github-token", &["gh", "github_pat_"], "gh[pousr]_|github_pat_", Token, 16),
        token("gitlab-token", &["glpat-", "gldt-", "glrt-"], "gl(?:pat|dt|rt)-", Token, 12),
        token("aws-key-id", &["AKIA", "ASIA"], "AKIA|ASIA", Token, 16),
        token("npm-token", &["npm_"], "npm_", Token, 20),
        token("pypi-token", &["pypi-"], "pypi-", Token, 20),
        token("sendgrid-key", &["SG."], "SG\\.", Dotted, 20),
        token("google-key", &["AIza", "ya29."], "AIza|ya29\\.", Dotted, 20),
        token("api-key", &["sk-"], "sk-(?:ant-|proj-|svcacct-)?", Token, 20),
        token("mercadopago-token", &["APP_USR-", "TEST-"], "(?:APP_USR|TEST)-[0-9]{6,}-", Token, 16),
        token("render-key", &["rnd_"], "rnd_", Token, 16),
        token("digitalocean-token", &["do"], "do[opr]_v1_", Token, 16),
        token("vault-token", &["hvs.", "hvb."], "hv[sb]\\.", Dotted, 12),
        token("shopify-token", &["shp"], "shp(?:at|ca|pa|ss)_", Token, 16),
        token("age-key", &["AGE-SECRET-KEY-"], "AGE-SECRET-KEY-1", Token, 16),
        token("jwt", &["eyJ"], "eyJ", Dotted, 17),
        token(
            "webhook-url",
            &["hooks.slack", "webhooks/", "webhookb2/", "api.telegram.org/bot", "hooks.zapier"],
            "hooks\\.slack(?:-gov)?\\.com/(?:services|workflows|triggers)/|discord(?:app)?\\.com/api/webhooks/|\
             webhook\\.office\\.com/webhookb2/|api\\.telegram\\.org/bot|hooks\\.zapier\\.com/hooks/catch/",
            Path,
            6,
        ),
        Shape {
            name: "private-key",
            triggers: &["PRIVATE KEY"],
            before: Before::new("-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----".to_owned()),
            body: Body::Pem,
            shortest: 1,
            holds: always,
        },
    ]
}

fn commands() -> Vec<Shape> {
    use Body::{Dotted, Quoted, UrlPassword, Word};
    let shape = |name, triggers, before: &str, body, shortest, holds| Shape {
        name,
        triggers,
        before: Before::new(before.to_owned()),
        body,
        shortest,
        holds,
    };
    vec![
        shape("bearer", &["bearer"], "(?i)(?:^|[^a-z0-9])bearer[ \\t]{1,8}", Dotted, 8, not_a_word),
        shape(
            "authorization",
            &["authorization"],
            "(?i)authorization[\"']?[ \\t]{0,8}[:=][ \\t]{0,8}[\"']?(?:basic|bearer|token|digest|apikey|bot)[ \\t]{1,8}",
            Dotted,
            4,
            not_a_word,
        ),
        shape("password", &["://"], "[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\\s/:@\"'<>]*:", UrlPassword, 1, always),
        shape("password", &["-a ", "-a\t"], "redis-cli[^\\n|;&]*?\\s-a\\s{1,4}", Word, 1, always),
        shape("password", &["-p"], "(?:mysql|mysqldump|mysqladmin|mariadb)(?:\\s[^\\n|;&]*?)?\\s-p", Word, 4, always),
        shape("password", &["sshpass"], "sshpass\\s{1,4}-p\\s{0,4}", Word, 1, always),
        shape(
            "password",
            &["-u", "--user"],
            "curl[^\\n|;]*?\\s(?:-u|--user)[\\s=]{0,4}[\"']?[^\\s:\"']+:",
            Word,
            1,
            always,
        ),
        shape("password", &["pass:"], "(?:^|\\s)pass:", Word, 3, has_digit),
        shape(
            "password",
            &["password", "identified"],
            "(?i)(?:^|[^a-z0-9])(?:password|identified[ \\t]{1,8}by)[ \\t]{1,8}'",
            Quoted,
            1,
            always,
        ),
        shape(
            "secret",
            &["--pass", "--token", "--secret", "--api", "--client-secret", "--access-token"],
            "--(?P<name>[a-z0-9-]*?(?:password|passphrase|pass|token|secret|api-key|apikey))[ \\t]{1,8}",
            Word,
            1,
            is_flag_value,
        ),
        shape(
            "secret",
            &[
                "pass",
                "secret",
                "token",
                "key",
                "cred",
                "dsn",
                "authorization",
                "clave",
                "contrasena",
                "salt",
                "pepper",
                "otp",
                "pat",
                "jwt",
            ],
            "(?P<line>(?:^|[\\n\"'])[ \\t>*-]*)?(?P<name>[A-Za-z0-9_.-]+)(?P<quote>\\\\?[\"'])?[ \\t]{0,4}(?:=>|:=|={1,3}|(?P<colon>:))[ \\t]{0,8}",
            Word,
            1,
            is_assignment,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles_and_begins_only_where_a_trigger_is() {
        for shape in &SHAPES.all {
            assert!(!shape.before.regex().is_match(b"plain words, 12 numbers; and signs"), "{}", shape.before.pattern);
            assert!(!shape.triggers.is_empty(), "{}", shape.name);
        }
    }
}
