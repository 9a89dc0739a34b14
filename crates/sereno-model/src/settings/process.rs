//! `[[processes]]`: what Sereno itself runs.

use super::catalog;
use super::read::{Reader, Value, scalar, seconds, text, texts};
use crate::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;
use toml::Spanned;
use toml::de::DeValue;

/// Stands in texts for the number of the copy.
const INSTANCE: &str = "{instance}";

/// Names become names of folders.
const LONGEST_NAME: usize = 50;
const MOST_REPLICAS: u64 = 100;

/// One program that Sereno runs and keeps running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Process {
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Relative to the file of settings.
    pub directory: Option<String>,
    pub environment: BTreeMap<String, String>,
    /// Relative to the file of settings.
    pub env_file: Option<String>,
    pub replicas: u32,
    pub restart: Restart,
    /// As it was written; [`Health::parse`] reads it once the number of the copy is put in.
    pub health: Option<String>,
    pub stop_signal: StopSignal,
    pub stop_seconds: u64,
    /// The names of those that have to do their work before it.
    pub needs: Vec<String>,
}

/// When a program that ended is started again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    #[default]
    Always,
    /// When it ended with another code than 0, or by a signal.
    OnFailure,
    Never,
}

/// What asks a program to end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StopSignal {
    #[default]
    Term,
    Int,
    Quit,
    Hup,
    Usr1,
    Usr2,
    Kill,
}

/// What answers when a program does its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Each is tried until one answers: `localhost` is two.
    pub addresses: Vec<SocketAddr>,
    /// The host and path of a GET; without them it is enough that the port accepts.
    pub http: Option<(String, String)>,
}

impl Process {
    fn new() -> Self {
        Self {
            name: String::new(),
            command: Vec::new(),
            directory: None,
            environment: BTreeMap::new(),
            env_file: None,
            replicas: 1,
            restart: Restart::default(),
            health: None,
            stop_signal: StopSignal::default(),
            stop_seconds: 10,
            needs: Vec::new(),
        }
    }

    /// A text of it for one of its copies.
    pub fn for_instance(text: &str, instance: u32) -> String {
        text.replace(INSTANCE, &instance.to_string())
    }
}

impl Restart {
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "always" => Some(Self::Always),
            "on-failure" => Some(Self::OnFailure),
            "never" => Some(Self::Never),
            _ => None,
        }
    }
}

impl StopSignal {
    /// With or without `SIG` before it.
    pub fn named(name: &str) -> Option<Self> {
        match name.strip_prefix("SIG").unwrap_or(name) {
            "TERM" => Some(Self::Term),
            "INT" => Some(Self::Int),
            "QUIT" => Some(Self::Quit),
            "HUP" => Some(Self::Hup),
            "USR1" => Some(Self::Usr1),
            "USR2" => Some(Self::Usr2),
            "KILL" => Some(Self::Kill),
            _ => None,
        }
    }
}

impl Health {
    /// `http://127.0.0.1:3000/health`, `127.0.0.1:5432`, `localhost:6379`. No name is looked up: that could take longer than
    /// the check may, and what is checked is a process of this machine.
    pub fn parse(text: &str) -> Option<Self> {
        let Some(rest) = text.strip_prefix("http://") else {
            let place = text.strip_prefix("tcp://").unwrap_or(text);
            return Some(Self { addresses: addresses(place, None)?, http: None });
        };
        let (host, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
        let is_plain = |c: char| c.is_ascii_graphic() && c != '#';
        path.chars().all(is_plain).then_some(())?;
        Some(Self { addresses: addresses(host, Some(80))?, http: Some((host.to_owned(), path.to_owned())) })
    }
}

fn addresses(place: &str, usual_port: Option<u16>) -> Option<Vec<SocketAddr>> {
    if let Ok(address) = place.parse::<SocketAddr>() {
        return (address.port() > 0).then(|| vec![address]);
    }
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') => (host, Some(port.parse::<u16>().ok()?)),
        _ => (place, None),
    };
    let port = port.or(usual_port).filter(|port| *port > 0)?;
    let hosts: Vec<IpAddr> = match host {
        "localhost" => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        host => vec![host.trim_start_matches('[').trim_end_matches(']').parse().ok()?],
    };
    Some(hosts.into_iter().map(|host| SocketAddr::new(host, port)).collect())
}

impl Reader<'_> {
    pub(super) fn processes(&mut self, tables: &[Value<'_>]) {
        let mut needs = Vec::new();
        for table in tables {
            self.process(table, &mut needs);
        }
        for (name, span) in needs {
            self.check_needs(&name, span);
        }
    }

    /// Reads one table; what it needs is checked when all are read.
    fn process(&mut self, value: &Value<'_>, needs: &mut Vec<(String, Range<usize>)>) {
        let DeValue::Table(table) = value.get_ref() else {
            let expected = Text::new("a table, written [[processes]]", "una tabla, escrita [[processes]]");
            return self.wrong("processes", value.span(), &expected);
        };
        let mut process = Process::new();
        let mut is_whole = true;
        for (key, value) in table {
            let name: &str = key.get_ref();
            let Some(setting) = catalog::find("processes", name) else {
                let what = Text::new("a setting of", "un parámetro de");
                self.unknown(name, key.span(), &what, "[[processes]]", catalog::keys_of("processes"));
                continue;
            };
            if set(&mut process, name, value).is_none() {
                self.wrong(name, value.span(), &setting.kind.expected());
                is_whole = false;
            }
        }
        let span_of = |key: &str| table.get(key).map_or_else(|| value.span(), Spanned::span);
        let name = &process.name;
        let problem = if !is_whole {
            // It was told already, and it must not be started without what was wrong.
            return;
        } else if name.is_empty() {
            Some(("name", Text::new("a process needs a `name`", "un proceso necesita `name`")))
        } else if process.command.is_empty() {
            let text = Text::new(
                format!("the process `{name}` needs a `command`"),
                format!("el proceso `{name}` necesita `command`"),
            );
            Some(("command", text))
        } else if self.settings.processes.iter().any(|other| other.name == *name) {
            let text = Text::new(
                format!("there are two processes named `{name}`"),
                format!("hay dos procesos llamados `{name}`"),
            );
            Some(("name", text))
        } else {
            None
        };
        if let Some((key, message)) = problem {
            return self.say("wrong-setting", span_of(key), message, None);
        }
        if !process.needs.is_empty() {
            needs.push((process.name.clone(), span_of("needs")));
        }
        self.settings.processes.push(process);
    }

    /// What a process needs must be there, and must not need it in turn.
    fn check_needs(&mut self, name: &str, span: Range<usize>) {
        let all = &self.settings.processes;
        let needs_of = |name: &str| all.iter().find(|one| one.name == name).map(|one| one.needs.as_slice());
        let own: Vec<String> = needs_of(name).unwrap_or_default().to_vec();
        let missing = own.iter().find(|need| needs_of(need).is_none());
        let message = if let Some(missing) = missing {
            Text::new(
                format!("`{name}` needs `{missing}`, and no process is called that"),
                format!("`{name}` necesita `{missing}`, y ningún proceso se llama así"),
            )
        } else {
            let mut seen: Vec<&str> = Vec::new();
            let mut ahead: Vec<&str> = own.iter().map(String::as_str).collect();
            while let Some(next) = ahead.pop() {
                if !seen.contains(&next) {
                    seen.push(next);
                    ahead.extend(needs_of(next).unwrap_or_default().iter().map(String::as_str));
                }
            }
            if !seen.contains(&name) {
                return;
            }
            Text::new(
                format!("`{name}` needs itself, through what it needs: none of them could be started first"),
                format!(
                    "`{name}` se necesita a sí mismo, a través de lo que necesita: ninguno podría iniciarse primero"
                ),
            )
        };
        self.say("wrong-setting", span, message, None);
    }
}

/// Sets one setting; `None` when the value is not what it takes.
fn set(process: &mut Process, key: &str, value: &Value<'_>) -> Option<()> {
    match key {
        "name" => process.name = text(value).filter(|name| is_name(name))?,
        "command" => process.command = command(value)?,
        "directory" => process.directory = Some(text(value)?),
        "environment" => process.environment = variables(value)?,
        "env_file" => process.env_file = Some(text(value)?),
        "replicas" => process.replicas = seconds(value).filter(|count| *count <= MOST_REPLICAS)? as u32,
        "restart" => process.restart = Restart::named(&text(value)?)?,
        "health" => {
            let text = text(value)?;
            Health::parse(&Process::for_instance(&text, 0))?;
            process.health = Some(text);
        }
        "stop_signal" => process.stop_signal = StopSignal::named(&text(value)?)?,
        "stop_seconds" => process.stop_seconds = seconds(value)?,
        "needs" => process.needs = texts(value)?,
        _ => return None,
    }
    Some(())
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    name.len() <= LONGEST_NAME && name.chars().all(plain) && !name.starts_with('-')
}

/// An argument may be empty, the program not; none can hold the byte that ends it.
fn command(value: &Value<'_>) -> Option<Vec<String>> {
    let DeValue::Array(items) = value.get_ref() else { return None };
    let word = |item: &Value<'_>| match item.get_ref() {
        DeValue::String(word) if !word.contains('\0') => Some(word.to_string()),
        _ => None,
    };
    let words: Vec<String> = items.iter().map(word).collect::<Option<_>>()?;
    words.first().is_some_and(|program| !program.trim().is_empty()).then_some(words)
}

fn variables(value: &Value<'_>) -> Option<BTreeMap<String, String>> {
    let DeValue::Table(table) = value.get_ref() else { return None };
    let entry = |(name, value): (&Spanned<std::borrow::Cow<'_, str>>, &Value<'_>)| {
        let name: &str = name.get_ref();
        let value = scalar(value)?;
        let is_usable = !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0');
        is_usable.then(|| (name.to_owned(), value))
    };
    table.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_is_a_page_or_a_port_of_an_address() {
        let read = |text: &str| {
            Health::parse(text).map(|health| (health.addresses[0].to_string(), health.http.map(|(_, path)| path)))
        };
        let page = |address: &str, path: &str| Some((address.to_owned(), Some(path.to_owned())));
        assert_eq!(read("http://127.0.0.1:3000/health"), page("127.0.0.1:3000", "/health"));
        assert_eq!(read("http://[::1]:3000"), page("[::1]:3000", "/"));
        assert_eq!(read("http://localhost/x?y=1"), page("127.0.0.1:80", "/x?y=1"));
        assert_eq!(read("127.0.0.1:5432"), Some(("127.0.0.1:5432".to_owned(), None)));
        assert_eq!(Health::parse("tcp://localhost:6379").map(|health| health.addresses.len()), Some(2));
        for wrong in
            ["", "127.0.0.1", "https://127.0.0.1/", "db:5432", "127.0.0.1:0", "http://a b/", "http://127.0.0.1/a b"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
