//! What a compose file says of its services, as far as a person would read it. Pure.

use super::kinds::Kind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A service of a compose file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Service {
    pub(super) name: String,
    /// What it keeps for others, if that is what it is for.
    pub(super) kind: Option<Kind>,
    /// Ports that this machine's own address reaches.
    pub(super) ports: Vec<Port>,
}

/// A port of a container that is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Port {
    pub(super) host: u16,
    pub(super) container: u16,
}

#[derive(Debug, Deserialize)]
struct File {
    #[serde(default)]
    services: BTreeMap<String, Option<Raw>>,
}

#[derive(Debug, Default, Deserialize)]
struct Raw {
    image: Option<String>,
    command: Option<serde_json::Value>,
    ports: Option<Vec<serde_json::Value>>,
}

/// The services of a file, in the order of their names; what is wrong with it, when it is no compose file.
pub(super) fn services(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Service>, String> {
    let file: File = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let service = |(name, raw): (String, Option<Raw>)| {
        let raw = raw.unwrap_or_default();
        let published = |port: &serde_json::Value| published(port, environment);
        let ports: Vec<Port> = raw.ports.iter().flatten().filter_map(published).collect();
        let image = raw.image.map(|image| filled(&image, environment)).unwrap_or_default();
        let program = raw.command.as_ref().and_then(first_word).unwrap_or_default();
        let kind = Kind::of_program(&image)
            .or_else(|| Kind::of_program(&program))
            .or_else(|| ports.iter().find_map(|port| Kind::of_port(port.container)))
            .or_else(|| Kind::of_program(&name));
        Service { name, kind, ports }
    };
    Ok(file.services.into_iter().map(service).collect())
}

fn first_word(command: &serde_json::Value) -> Option<String> {
    let text = match command {
        serde_json::Value::Array(words) => words.first()?.as_str()?,
        other => other.as_str()?,
    };
    text.split_whitespace().next().map(str::to_owned)
}

/// `"127.0.0.1:${PORT:-3000}:3000"`, or the long form. A port of another address, of UDP or of a range is not told.
fn published(port: &serde_json::Value, environment: &dyn Fn(&str) -> Option<String>) -> Option<Port> {
    let number = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => filled(text, environment).parse().ok(),
        other => other.as_u64().and_then(|number| u16::try_from(number).ok()),
    };
    if let serde_json::Value::Object(long) = port {
        let is = |key: &str, wanted: &[&str]| {
            long.get(key).is_none_or(|value| value.as_str().is_some_and(|text| wanted.contains(&text)))
        };
        let ours = is("protocol", &["tcp"]) && is("host_ip", &OURS);
        return ours.then_some(Port { host: number(long.get("published")?)?, container: number(long.get("target")?)? });
    }
    let text = filled(port.as_str()?, environment);
    let text = text.strip_suffix("/tcp").unwrap_or(&text);
    let (rest, container) = text.rsplit_once(':')?;
    let (address, host) = rest.rsplit_once(':').unwrap_or(("", rest));
    let address = address.trim_matches(['[', ']']);
    let port = Port { host: host.parse().ok()?, container: container.parse().ok()? };
    (address.is_empty() || OURS.contains(&address)).then_some(port)
}

/// Addresses behind which this machine answers itself.
const OURS: [&str; 5] = ["127.0.0.1", "0.0.0.0", "::1", "::", "localhost"];

/// A text with `$NAME`, `${NAME}` and `${NAME:-else}` in their places, as compose fills them in. What is not closed stays.
pub(super) fn filled(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((inside, after)) = rest.strip_prefix('{').and_then(|open| open.split_once('}')) {
            let end = inside.find(|c: char| !is_of_name(c)).unwrap_or(inside.len());
            let value = environment(&inside[..end]).filter(|value| !value.is_empty());
            let usual = inside[end..].strip_prefix(":-").or_else(|| inside[end..].strip_prefix('-'));
            out.push_str(&value.or_else(|| usual.map(str::to_owned)).unwrap_or_default());
            rest = after;
        } else {
            let end = rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len());
            if end == 0 {
                out.push('$');
            }
            out.push_str(&environment(&rest[..end]).unwrap_or_default());
            rest = &rest[end..];
        }
    }
    out.push_str(rest);
    out
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<String> {
        (name == "PORT").then(|| "4100".to_owned())
    }

    #[test]
    fn variables_are_filled_in_as_compose_does() {
        for (text, expected) in [
            ("127.0.0.1:${PORT:-3000}:3000", "127.0.0.1:4100:3000"),
            ("${NONE:-5433}", "5433"),
            ("$PORT/x", "4100/x"),
            ("$$PORT ${NONE} $", "$PORT  $"),
            ("${open", "${open"),
        ] {
            assert_eq!(filled(text, &environment), expected, "{text}");
        }
    }

    #[test]
    fn services_are_told_with_what_they_keep_and_where_they_are_reached() {
        let file = r#"
x-app: &app {image: "team/app:1"}
services:
  api: {<<: *app, ports: ["127.0.0.1:${PORT:-3000}:3000", "10.0.0.5:80:80", "53:53/udp", "9000"]}
  base: {image: "team/own:1", command: ["redis-server", "--dir", "/data"], ports: [{target: 6379, published: 6380}]}
  db: {image: "postgres:16"}
  cache:
"#;
        let all = services(file, &environment).expect("a compose file");
        let told: Vec<_> =
            all.iter().map(|s| (s.name.as_str(), s.kind, s.ports.iter().map(|p| p.host).collect::<Vec<_>>())).collect();
        let expected = [
            ("api", None, vec![4100]),
            ("base", Some(Kind::Redis), vec![6380]),
            ("cache", None, vec![]),
            ("db", Some(Kind::PostgreSql), vec![]),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_no_compose_file_is_told() {
        assert!(services("services: [", &environment).is_err());
        assert_eq!(services("name: x", &environment), Ok(Vec::new()));
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";
        // Whatever is said of it, it is said soon.
        let _ = services(bomb, &environment);
    }
}
