use super::*;
use proptest::prelude::*;

fn redactor(entries: &[(&str, &str)]) -> Redactor {
    Redactor::new(secrets_of(entries.iter().copied(), &[]))
}

fn in_pieces(redactor: &Redactor, text: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut stream = redactor.stream();
    let mut out = Vec::new();
    let mut rest = text;
    let mut sizes = sizes.iter().copied().cycle();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(sizes.next().unwrap_or(1).clamp(1, rest.len()));
        out.extend(stream.push(piece));
        rest = after;
    }
    out.extend(stream.finish());
    out
}

fn contains(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}

/// Text, and the parts of it that must go. Whole and byte by byte must agree.
#[test]
fn shapes_are_hidden_and_the_rest_stays() {
    let stripe = format!("sk_{}_51HxAbCdEfGhIjKl", "live");
    let slack = format!("xox{}-123456789012-abcdefGHIJ", "b");
    let github = format!("gh{}_16C7e42F292c6912E7710c838347Ae178B4a", "p");
    let table: &[(&str, &str)] = &[
        (&stripe, "51HxAbCdEfGhIjKl"),
        (&slack, "abcdefGHIJ"),
        (&github, "16C7e42F292c6912E7710c838347Ae178B4a"),
        ("key AKIAIOSFODNN7EXAMPLE.", "IOSFODNN7EXAMPLE"),
        ("secret=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl end", "eyJzdWIiOiIxIn0"),
        ("curl -H 'Authorization: Bearer abcdefghijkl' x", "abcdefghijkl"),
        ("Authorization: Basic dXNlcjpw", "dXNlcjpw"),
        ("psql postgresql://app:hun@ter2@db:5432/orders", "hun@ter2"),
        ("kubectl create secret generic x --from-literal=password=hunter2", "hunter2"),
        ("PGPASSWORD=hunter2 psql -h db", "hunter2"),
        ("export API_KEY='a b c'; true", "a b c"),
        (r#"{"user":"x","password":"hun\"ter2"}"#, "ter2"),
        (r#"echo "{\"password\":\"hunter2\"}""#, "hunter2"),
        ("  password: hunter2\n", "hunter2"),
        ("X-Api-Key: abcdef123456", "abcdef123456"),
        ("https://hooks.slack.com/services/T00000000/B00000000/XXXXabcd", "T00000000"),
        ("redis-cli -h cache -a hunter2 ping", "hunter2"),
        ("mysql -u root -phunter2 orders", "hunter2"),
        ("curl -u admin:hunter2 http://x", "hunter2"),
        ("ALTER USER app WITH PASSWORD 'hunter2';", "hunter2"),
        ("login --password hunter2 --user me", "hunter2"),
        ("url=http://x/?access_token=hunter2&x=1", "hunter2"),
        ("DB_PASSWORD: \"${DB_PASSWORD:-hunter2}\"", "hunter2"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIB\nAAKC\n-----END RSA PRIVATE KEY-----\nafter", "MIIEpAIB"),
        ("openssl rsa -passin pass:hunter2", "hunter2"),
        ("TOKEN=APP_USR-1234567890123456-112233-abcdef", "112233-abcdef"),
    ];
    let redactor = Redactor::default();
    for (text, secret) in table {
        let hidden = redactor.redact(text);
        assert!(!hidden.contains(secret), "{text} became {hidden}");
        assert!(hidden.contains("[redacted:"), "{text} became {hidden}");
        let streamed = in_pieces(&redactor, text.as_bytes(), &[1]);
        assert_eq!(String::from_utf8_lossy(&streamed), hidden, "{text}");
    }
}

#[test]
fn what_is_no_secret_stays() {
    let table = [
        "PGPASSWORD=$DB_PASSWORD psql -h db",
        "psql \"$DATABASE_URL\" -c 'SELECT 1'",
        "curl http://localhost:3000/health",
        "http://localhost:3000",
        "Error: invalid token: expired",
        "token: required",
        "max_tokens=1500 TOKEN_TTL=3600 CACHE_KEY=orders",
        "pass: 12, fail: 0",
        "passed=12 failed=3",
        "kubectl get secret backend-secrets -o yaml",
        "secretName: backend-secrets",
        "  key: POSTGRES_PASSWORD",
        "export TOKEN=<token>",
        "PASSWORD=\"${DB_PASSWORD}\"",
        "PASSWORD=$(cat /run/secrets/db)",
        "PWD=/app",
        "bearer authentication failed",
        "gh pr list; sk_test; whsec_",
        "docker pull registry:5000/app@sha256:abc",
        "KEYS *  LLEN celery",
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
    ];
    let redactor = redactor(&[("PASSWORD", "true"), ("SECRET_PORT_KEY", "3000"), ("TOKEN", "abc")]);
    for text in table {
        assert_eq!(redactor.redact(text), text);
        assert_eq!(String::from_utf8_lossy(&in_pieces(&redactor, text.as_bytes(), &[1])), text);
    }
}

#[test]
fn known_values_go_in_every_form() {
    let value = "p@ss \"w/rd'ñ<1>";
    let redactor = redactor(&[("DB_PASSWORD", value)]);
    let table = [
        value.to_owned(),
        "p@ss \\\"w/rd'ñ<1>".to_owned(),
        "p@ss \\\"w\\/rd'ñ<1>".to_owned(),
        "p@ss \\\"w/rd'\\u00f1<1>".to_owned(),
        "p%40ss%20%22w%2Frd%27%C3%B1%3C1%3E".to_owned(),
        "p%40ss%20%22w%2frd%27%c3%b1%3c1%3e".to_owned(),
        "p%40ss+%22w%2Frd%27%C3%B1%3C1%3E".to_owned(),
        "p@ss \"w/rd'\\''ñ<1>".to_owned(),
    ];
    for form in table {
        assert_eq!(redactor.redact(&format!("<<{form}>>")), "<<[redacted:DB_PASSWORD]>>");
    }
    // The same value behind 0, 1 and 2 other bytes: `printf 'PASSWORD' | base64` and its like.
    let simple = self::redactor(&[("DB_PASSWORD", "correct-horse")]);
    for (encoded, core) in [
        ("Y29ycmVjdC1ob3JzZQ==", "Y29ycmVjdC1ob3Jz"),
        ("eGNvcnJlY3QtaG9yc2U=", "NvcnJlY3QtaG9yc"),
        ("eHhjb3JyZWN0LWhvcnNl", "jb3JyZWN0LWhvcnNl"),
    ] {
        let hidden = simple.redact(encoded);
        assert!(!hidden.contains(core), "{encoded} became {hidden}");
    }
}

#[test]
fn an_address_gives_its_password_too() {
    let redactor = redactor(&[("DATABASE_URL", "postgresql://app:p%40ssw0rd@db/orders")]);
    for text in ["p%40ssw0rd", "p@ssw0rd", "postgresql://app:p%40ssw0rd@db/orders"] {
        assert_eq!(redactor.redact(text), "[redacted:DATABASE_URL]");
    }
}

#[test]
fn overlapping_values_leave_nothing() {
    let redactor = redactor(&[("A_SECRET", "abcdefgh"), ("B_SECRET", "efghijkl")]);
    assert_eq!(redactor.redact("-abcdefghijkl-"), "-[redacted:A_SECRET]-");
    let own_name = self::redactor(&[("MY_SECRET", "MY_SECRET")]);
    assert_eq!(own_name.redact("MY_SECRET"), "[redacted]");
}

#[test]
fn a_stream_hides_a_key_that_is_longer_than_what_waits() {
    let line = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2\n";
    let text =
        format!("before\n-----BEGIN RSA PRIVATE KEY-----\n{}-----END RSA PRIVATE KEY-----\nafter\n", line.repeat(150));
    for size in [1, 100, 4096, 20_000] {
        let mut stream = Redactor::new(Vec::new()).stream();
        let mut out = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            out.extend(stream.push(piece));
        }
        out.extend(stream.finish());
        let out = String::from_utf8(out).expect("UTF-8");
        assert!(!out.contains("QUJDREVG") && out.starts_with("before\n") && out.ends_with("after\n"), "{size}: {out}");
    }
}

#[test]
fn a_stream_gives_what_holds_no_secret_at_once() {
    let redactor = redactor(&[("DB_PASSWORD", "qwertz-789")]);
    let mut stream = redactor.stream();
    assert_eq!(stream.push(b"Type CONFIRMAR: "), b"Type CONFIRMAR: ");
    assert_eq!(stream.push(b"[s/N]? "), b"[s/N]? ");
    assert_eq!(stream.push(b"\xff\xfe\n"), b"\xff\xfe\n");
    assert_eq!(stream.push(b"x qwertz"), b"x ");
    assert_eq!(stream.waiting(), 6);
    assert_eq!(stream.push(b" y\n"), b"qwertz y\n");
    assert_eq!(stream.push(b"password="), b"password=");
    assert_eq!(stream.push(b"abc"), b"");
    assert_eq!(stream.finish(), b"[redacted:password]");
}

#[test]
fn an_endless_secret_is_swallowed() {
    let redactor = Redactor::default();
    let text = format!("token=a1{} after", "x".repeat(300_000));
    let hidden = in_pieces(&redactor, text.as_bytes(), &[1000]);
    assert_eq!(String::from_utf8_lossy(&hidden), "token=[redacted:token] after");
    assert_eq!(redactor.redact(&text), "token=[redacted:token] after");
}

#[test]
fn hostile_text_takes_linear_time() {
    let redactor = redactor(&[("DB_PASSWORD", "qwertz-789")]);
    for unit in ["key=", "a:b:", "token:", "curl -u ", "x://y:", "password=\"", "-----BEGIN PRIVATE KEY-----", "eyJ"] {
        let cost = |bytes: usize| {
            let text = unit.repeat(bytes / unit.len());
            let started = std::time::Instant::now();
            redactor.redact(&text);
            started.elapsed()
        };
        // Sixteen times the text: about sixteen times the time, and not its square.
        let (small, large) = (cost(10_000), cost(160_000));
        assert!(large < small * 80 + std::time::Duration::from_millis(300), "{unit}: {small:?}, then {large:?}");
    }
}

#[test]
fn secrets_survive_the_hand_over_and_not_debug() {
    let redactor = redactor(&[("DB_PASSWORD", "qwertz-789")]);
    let json = serde_json::to_string(&redactor).unwrap();
    let other: Redactor = serde_json::from_str(&json).unwrap();
    assert_eq!(other.redact("qwertz-789"), "[redacted:DB_PASSWORD]");
    assert!(!format!("{other:?}").contains("qwertz"));
}

#[test]
fn names_say_what_is_secret() {
    for name in [
        "PASSWORD",
        "DB_PASSWORD",
        "PGPASSWORD",
        "DB_PASS",
        "JWT_SECRET",
        "stripe.secretKey",
        "API_KEY",
        "apiKey",
        "AWS_SECRET_ACCESS_KEY",
        "SENTRY_DSN",
        "client-secret",
        "GITHUB_TOKEN",
        "GOOGLE_CREDENTIALS",
        "REDIS_CACHE_PASSWORD",
        "PRIMARY_DB_PASSWORD",
        "PUBLIC_API_SECRET",
        "PAGERDUTY_ROUTING_KEY",
    ] {
        assert!(looks_secret(name), "{name}");
    }
    for name in [
        "PWD",
        "TOKEN_TTL",
        "STRIPE_PUBLIC_KEY",
        "PRIVATE_KEY_PATH",
        "MONKEY",
        "KEYBOARD",
        "BYPASS",
        "PORT",
        "secretName",
        "AWS_ACCESS_KEY_ID",
        "PATH",
        "PASSED",
        "PRIMARY_KEY",
        "CACHE_KEY",
        "ROUTING_KEY",
        "NODE_ENV",
        "",
    ] {
        assert!(!looks_secret(name), "{name}");
    }
}

#[test]
fn dotenv_files_are_read_as_people_write_them() {
    let text = "\u{feff}# comment\nA=1\r\nexport B = two words # no\nC='it''s'\nD=\"a \\\"b\\\"\\n\" # c\nE=x#y\n\nnot an entry\nF=\"one\ntwo\"\nG=\n9H=1\nI='open\nJ=a=b";
    let entries = dotenv::parse(text);
    let expected = [
        ("A", "1"),
        ("B", "two words"),
        ("C", "it"),
        ("D", "a \"b\"\n"),
        ("E", "x#y"),
        ("F", "one\ntwo"),
        ("G", ""),
        ("I", "'open"),
        ("J", "a=b"),
    ];
    assert_eq!(entries, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_registered_secret_never_survives(
        secret in "[ -~]{6,40}|[a-zñ]{6,10}|[A-Za-z0-9+/]{8,30}\n[A-Za-z0-9+/]{8,30}",
        around in prop::collection::vec("[ -~\n]{0,30}|password=|https://a:|\"", 1..6),
        sizes in prop::collection::vec(1_usize..20, 1..6),
    ) {
        let known = Secret::new("S", secret.clone());
        prop_assume!(known.is_told_by_value());
        let redactor = Redactor::new([known]);
        let text = around.join(&secret);
        let hidden = redactor.redact(&text).into_owned();
        prop_assert!(!hidden.contains(&secret), "{hidden}");
        let streamed = in_pieces(&redactor, text.as_bytes(), &sizes);
        prop_assert!(!contains(&streamed, &secret));
        prop_assert_eq!(String::from_utf8_lossy(&streamed), hidden);
    }

    #[test]
    fn bytes_without_a_secret_pass_unchanged(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        sizes in prop::collection::vec(1_usize..50, 1..6),
    ) {
        let redactor = Redactor::new([Secret::new("S", "correct-horse-battery")]);
        let whole = redactor.redact_bytes(&bytes).into_owned();
        prop_assert_eq!(in_pieces(&redactor, &bytes, &sizes), whole);
    }
}

#[test]
fn output_that_is_not_utf8_is_redacted_too() {
    let redactor = redactor(&[("DB_PASSWORD", "contraseña-ñandú"), ("API_TOKEN", "tok-12345678")]);
    let latin1: Vec<u8> = "la clave: contraseña-ñandú.".chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    for sizes in [&[1][..], &[7, 2], &[4096]] {
        let hidden = in_pieces(&redactor, &latin1, sizes);
        assert_eq!(String::from_utf8_lossy(&hidden), "la clave: [redacted:DB_PASSWORD].");
        let binary = [&b"\xff\xfe\x00 "[..], b"tok-12345678", b" \x80\xff"].concat();
        assert_eq!(in_pieces(&redactor, &binary, sizes), b"\xff\xfe\x00 [redacted:API_TOKEN] \x80\xff");
    }
    // As another program shows them.
    let shown = String::from_utf8_lossy(&latin1);
    assert_eq!(redactor.redact(&shown), "la clave: [redacted:DB_PASSWORD].");
}

#[test]
fn a_mask_moves_nothing() {
    let redactor = redactor(&[("DB_PASSWORD", "contraseña-1")]);
    let text = "año: contraseña-1 y después";
    let masked = redactor.mask(text);
    assert_eq!(masked, "año: ************* y después");
    assert_eq!(masked.len(), text.len());
    assert_eq!(redactor.mask("nada"), "nada");
    let held = redactor.secrets_in("curl -H 'Authorization: Bearer abcdefghijkl'; echo contraseña-1");
    assert_eq!(held.iter().map(|s| s.value.as_str()).collect::<Vec<_>>(), ["abcdefghijkl", "contraseña-1"]);
}
