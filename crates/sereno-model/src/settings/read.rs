//! From the text of a file to settings and what is wrong with it.

use super::catalog::{self, Kind, SECTIONS};
use super::{Person, Settings, Strictness};
use crate::{Diagnostic, Lang, Severity, Text};
use std::ops::Range;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const ROLES: [&str; 4] = ["viewer", "operator", "approver", "admin"];
/// Where components can live.
const PLATFORMS: [&str; 7] = ["compose", "kubernetes", "pm2", "process", "railway", "render", "systemd"];
/// The settings of `[platform]` that are not for every kind, by the kinds that read them.
const READ_BY: [(&str, &[&str]); 7] = [
    ("compose", &["files", "project", "profiles"]),
    ("kubernetes", &["kubeconfig", "context", "namespace"]),
    ("pm2", &["hosts", "units", "ssh_config", "sudo"]),
    ("process", &[]),
    ("railway", &["project", "environment", "services", "api"]),
    ("render", &["owner", "environment", "services", "api"]),
    ("systemd", &["hosts", "units", "ssh_config", "sudo"]),
];
const STRICT_NAMES: [&str; 3] = ["ask", "read-raw", "second-person"];

pub(super) type Value<'t> = Spanned<DeValue<'t>>;

pub(super) fn read(text: &str, file: &str) -> (Settings, Vec<Diagnostic>) {
    let mut reader = Reader { text, file, settings: Settings::default(), diagnostics: Vec::new() };
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        let why = error.message();
        reader.say(
            "toml-syntax",
            span,
            Text::new(format!("this is not TOML: {why}"), format!("esto no es TOML: {why}")),
            None,
        );
    }
    reader.document(document.get_ref());
    reader.unread_of_platform(document.get_ref());
    // Two tables of one name are told at the later one; sorted, all of it reads from top to bottom.
    reader.diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    reader.settings.commands = commands(text);
    (reader.settings, reader.diagnostics)
}

/// `[[commands]]` as the file of knowledge that it is.
fn commands(text: &str) -> Option<String> {
    let mut table: toml::Table = text.parse().ok()?;
    let commands = table.remove("commands").filter(toml::Value::is_array)?;
    let mut knowledge = toml::Table::new();
    knowledge.insert("command".to_owned(), commands);
    toml::to_string(&knowledge).ok()
}

pub(super) struct Reader<'t> {
    text: &'t str,
    file: &'t str,
    pub(super) settings: Settings,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn document(&mut self, document: &DeTable<'_>) {
        for (name, value) in document {
            let section = SECTIONS.iter().find(|section| section.0 == name.get_ref().as_ref());
            let Some((section, many, ..)) = section else {
                let names = SECTIONS.iter().map(|section| section.0);
                self.unknown(name.get_ref(), name.span(), &Text::new("a table of", "una tabla de"), self.file, names);
                continue;
            };
            match (value.get_ref(), many) {
                (DeValue::Table(table), false) if *section == "values" => self.values(table),
                (DeValue::Table(table), false) => {
                    self.table(section, table, &mut Person::default());
                }
                (DeValue::Array(_), true) if *section == "commands" => {}
                (DeValue::Array(processes), true) if *section == "processes" => self.processes(processes),
                (DeValue::Array(people), true) => {
                    for person in people {
                        self.person(person);
                    }
                }
                _ => {
                    let written = if *many { format!("[[{section}]]") } else { format!("[{section}]") };
                    let expected =
                        Text::new(format!("a table, written {written}"), format!("una tabla, escrita {written}"));
                    self.wrong(section, value.span(), &expected);
                }
            }
        }
    }

    /// Settings of the platform that its kind does not read: they do nothing, and whoever wrote them thinks that they do.
    fn unread_of_platform(&mut self, document: &DeTable<'_>) {
        let Some(DeValue::Table(table)) = document.get("platform").map(Spanned::get_ref) else { return };
        let platform = &self.settings.platform;
        let kind = platform.kind.clone().or_else(|| platform.implied_kind().map(str::to_owned));
        let kind =
            kind.unwrap_or_else(|| if self.settings.processes.is_empty() { "compose" } else { "process" }.to_owned());
        let Some((_, own)) = READ_BY.iter().find(|(of, _)| *of == kind) else { return };
        for (key, _) in table {
            let name: &str = key.get_ref();
            let readers: Vec<&str> =
                READ_BY.iter().filter(|(_, keys)| keys.contains(&name)).map(|(of, _)| *of).collect();
            if own.contains(&name) || readers.is_empty() {
                continue;
            }
            let readers = readers.join(", ");
            let message = Text::new(
                format!("`{name}` does nothing here: the platform is {kind}, and {readers} reads it"),
                format!("`{name}` no hace nada aquí: la plataforma es {kind}, y lo lee {readers}"),
            );
            let help = match nearest(name, own) {
                Some(near) => Text::new(format!("did you mean `{near}`?"), format!("¿quiso decir `{near}`?")),
                None if own.is_empty() => Text::new(format!("{kind} reads none"), format!("{kind} no lee ninguno")),
                None => {
                    let own = own.join(", ");
                    Text::new(format!("{kind} reads: {own}"), format!("{kind} lee: {own}"))
                }
            };
            self.say_as(Severity::Warning, "unread-setting", key.span(), message, Some(help));
        }
    }

    fn person(&mut self, value: &Value<'_>) {
        let DeValue::Table(table) = value.get_ref() else {
            let expected = Text::new("a table, written [[people]]", "una tabla, escrita [[people]]");
            return self.wrong("people", value.span(), &expected);
        };
        let mut person = Person::default();
        self.table("people", table, &mut person);
        let problem = if person.name.is_empty() {
            Some(Text::new("a person needs a `name`", "una persona necesita `name`"))
        } else if self.settings.people.iter().any(|other| other.name == person.name) {
            let name = &person.name;
            Some(Text::new(
                format!("there are two people named `{name}`"),
                format!("hay dos personas llamadas `{name}`"),
            ))
        } else {
            None
        };
        if let Some(message) = problem {
            let span = table.get("name").map_or_else(|| value.span(), Spanned::span);
            return self.say("wrong-setting", span, message, None);
        }
        if person.os_user.is_empty() {
            person.os_user.clone_from(&person.name);
        }
        self.settings.people.push(person);
    }

    /// Reads a table of known settings; those of `people` go to `person`.
    fn table(&mut self, section: &str, table: &DeTable<'_>, person: &mut Person) {
        for (key, value) in table {
            let name: &str = key.get_ref();
            let Some(setting) = catalog::find(section, name) else {
                let place = format!("[{section}]");
                self.unknown(
                    name,
                    key.span(),
                    &Text::new("a setting of", "un parámetro de"),
                    &place,
                    catalog::keys_of(section),
                );
                continue;
            };
            if self.set(section, setting.key, value, person).is_none() {
                self.wrong(name, value.span(), &setting.kind.expected());
            }
        }
    }

    /// Sets one setting; `None` when the value is not what it takes.
    fn set(&mut self, section: &str, key: &str, value: &Value<'_>, person: &mut Person) -> Option<()> {
        match (section, key) {
            ("system", "name") => self.settings.system.name = Some(text(value)?),
            ("system", "language") => self.settings.system.language = Some(language(value)?),
            ("system", "runbooks") => self.settings.system.runbooks = texts(value)?,
            ("system", "timezone") => self.settings.system.timezone = Some(timezone(value)?),
            ("platform", "kind") => self.settings.platform.kind = Some(platform_kind(value)?),
            ("platform", "files") => self.settings.platform.files = texts(value)?,
            ("platform", "project") => self.settings.platform.project = Some(text(value)?),
            ("platform", "profiles") => self.settings.platform.profiles = texts(value)?,
            ("platform", "hosts") => self.settings.platform.hosts = texts(value)?,
            ("platform", "units") => self.settings.platform.units = texts(value)?,
            ("platform", "ssh_config") => self.settings.platform.ssh_config = Some(text(value)?),
            ("platform", "kubeconfig") => self.settings.platform.kubeconfig = Some(text(value)?),
            ("platform", "context") => self.settings.platform.context = Some(text(value)?),
            ("platform", "namespace") => self.settings.platform.namespace = Some(text(value)?),
            ("platform", "owner") => self.settings.platform.owner = Some(text(value)?),
            ("platform", "environment") => self.settings.platform.environment = Some(text(value)?),
            ("platform", "services") => self.settings.platform.services = texts(value)?,
            ("platform", "api") => self.settings.platform.api = Some(text(value)?),
            ("platform", "native") => self.settings.platform.native = Some(truth(value)?),
            ("platform", "sudo") => self.settings.platform.sudo = Some(truth(value)?),
            ("journal", "location") => self.settings.journal.location = Some(location(value)?),
            ("people", "name") => person.name = text(value)?,
            ("people", "os_user") => person.os_user = text(value)?,
            ("people", "email") => {
                person.email = Some(text(value).filter(|email| email.contains('@'))?);
            }
            ("people", "roles") => person.roles = self.roles(value)?,
            ("policy", "observe") => self.settings.policy.observe = self.strictness(value, None)?,
            ("policy", "change") => {
                self.settings.policy.change = self.strictness(value, Some(Strictness::Ask))?;
            }
            ("policy", "unclear") => {
                self.settings.policy.unclear = self.strictness(value, Some(Strictness::ReadRaw))?;
            }
            ("policy", "destroy") => {
                self.settings.policy.destroy = self.strictness(value, Some(Strictness::SecondPerson))?;
            }
            ("policy", "unattended") => self.settings.policy.unattended = texts(value)?,
            ("policy", "pause_seconds") => {
                self.settings.policy.pause_seconds = Some(seconds(value)?);
            }
            ("policy", "step_timeout") => {
                self.settings.policy.step_timeout = Some(duration(value)?);
            }
            ("policy", "follow_seconds") => {
                self.settings.policy.follow_seconds = Some(seconds(value)?);
            }
            ("secrets", "env_files") => self.settings.secrets.env_files = texts(value)?,
            ("secrets", "names") => self.settings.secrets.names = texts(value)?,
            ("secrets", "reveal_minutes") => {
                let minutes = seconds(value).filter(|minutes| (1..=1440).contains(minutes));
                self.settings.secrets.reveal_minutes = Some(minutes?);
            }
            ("maintenance", "component") => self.settings.maintenance.component = Some(text(value)?),
            ("maintenance", "file") => {
                self.settings.maintenance.file = Some(text(value).filter(|path| path.starts_with('/'))?);
            }
            ("maintenance", "ingress") => self.settings.maintenance.ingress = Some(text(value)?),
            ("maintenance", "service") => {
                let is_one = |text: &String| {
                    text.split_once(':').is_some_and(|(name, port)| !name.is_empty() && !port.is_empty())
                };
                self.settings.maintenance.service = Some(text(value).filter(is_one)?);
            }
            ("maintenance", "url") => {
                let is_one = |text: &String| text.starts_with("http://") || text.starts_with("https://");
                self.settings.maintenance.url = Some(text(value).filter(is_one)?);
            }
            ("locks", "lease_seconds") => {
                self.settings.locks.lease_seconds = Some(seconds(value).filter(|seconds| *seconds > 0)?);
            }
            _ => return None,
        }
        Some(())
    }

    fn roles(&mut self, value: &Value<'_>) -> Option<Vec<String>> {
        let mut roles = Vec::new();
        for item in list(value)? {
            let role = text(item)?;
            if ROLES.contains(&role.as_str()) {
                roles.push(role);
            } else {
                self.unknown(
                    &role,
                    item.span(),
                    &Text::new("a role for", "un rol para"),
                    "[[people]]",
                    ROLES.into_iter(),
                );
            }
        }
        Some(roles)
    }

    /// A policy may be stricter than the house rule, never laxer. The outer `None` is a value of the wrong type.
    #[expect(clippy::option_option, reason = "wrong type, wrong value (told here), and right value are three answers")]
    fn strictness(&mut self, value: &Value<'_>, house: Option<Strictness>) -> Option<Option<Strictness>> {
        let name = text(value)?;
        let Some(strictness) = Strictness::ALL.into_iter().find(|level| level.as_str() == name) else {
            self.unknown(
                &name,
                value.span(),
                &Text::new("a level of", "un nivel de"),
                "[policy]",
                STRICT_NAMES.into_iter(),
            );
            return Some(None);
        };
        if let Some(house) = house.filter(|house| strictness < *house) {
            let house = house.as_str();
            let message = Text::new(
                format!("`{name}` is laxer than the rule of the house, `{house}`: a policy can only be stricter"),
                format!(
                    "`{name}` es más laxo que la regla de la casa, `{house}`: una política solo puede ser más estricta"
                ),
            );
            self.say("wrong-setting", value.span(), message, None);
            return Some(None);
        }
        Some(Some(strictness))
    }

    fn values(&mut self, table: &DeTable<'_>) {
        for (name, value) in table {
            let name: &str = name.get_ref();
            if let DeValue::Table(own) = value.get_ref() {
                let mut values = std::collections::BTreeMap::new();
                for (key, value) in own {
                    let key: &str = key.get_ref();
                    match scalar(value) {
                        Some(value) => drop(values.insert(key.to_owned(), value)),
                        None => self.wrong(key, value.span(), &Kind::Text.expected()),
                    }
                }
                self.settings.procedure_values.insert(name.to_owned(), values);
            } else if let Some(value) = scalar(value) {
                self.settings.values.insert(name.to_owned(), value);
            } else {
                self.wrong(name, value.span(), &Kind::Text.expected());
            }
        }
    }

    pub(super) fn wrong(&mut self, name: &str, span: Range<usize>, expected: &Text) {
        let found = self.text.get(span.clone()).unwrap_or_default();
        let found: String = found.lines().next().unwrap_or_default().chars().take(60).collect();
        let message = Text::new(
            format!("`{name}` takes {}, not `{found}`", expected.en),
            format!("`{name}` lleva {}, no `{found}`", expected.es),
        );
        self.say("wrong-setting", span, message, None);
    }

    pub(super) fn unknown(
        &mut self,
        name: &str,
        span: Range<usize>,
        what: &Text,
        place: &str,
        valid: impl Iterator<Item = &'static str>,
    ) {
        let valid: Vec<&str> = valid.collect();
        let message =
            Text::new(format!("`{name}` is not {} {place}", what.en), format!("`{name}` no es {} {place}", what.es));
        let help = match nearest(name, &valid) {
            Some(near) => Text::new(format!("did you mean `{near}`?"), format!("¿quiso decir `{near}`?")),
            None => {
                Text::new(format!("it takes: {}", valid.join(", ")), format!("los válidos son: {}", valid.join(", ")))
            }
        };
        self.say("unknown-setting", span, message, Some(help));
    }

    pub(super) fn say(&mut self, code: &str, span: Range<usize>, message: Text, help: Option<Text>) {
        self.say_as(Severity::Error, code, span, message, help);
    }

    fn say_as(&mut self, severity: Severity, code: &str, span: Range<usize>, message: Text, help: Option<Text>) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let code = code.to_owned();
        self.diagnostics.push(Diagnostic { code, severity, span, line, column, message, help });
    }
}

pub(super) fn text(value: &Value<'_>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) if !text.trim().is_empty() => Some(text.to_string()),
        _ => None,
    }
}

/// A text, or a number or a truth as it is written.
pub(super) fn scalar(value: &Value<'_>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn list<'v, 't>(value: &'v Value<'t>) -> Option<impl Iterator<Item = &'v Value<'t>>> {
    match value.get_ref() {
        DeValue::Array(items) => Some(items.iter()),
        _ => None,
    }
}

pub(super) fn texts(value: &Value<'_>) -> Option<Vec<String>> {
    list(value)?.map(text).collect()
}

pub(super) fn seconds(value: &Value<'_>) -> Option<u64> {
    match value.get_ref() {
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            u64::from_str_radix(digits.trim_start_matches('+'), number.radix()).ok()
        }
        _ => None,
    }
}

/// Seconds, or a number with `s`, `m` or `h`. Nothing is no duration.
fn duration(value: &Value<'_>) -> Option<Duration> {
    let seconds = if let DeValue::String(text) = value.get_ref() {
        let text = text.trim();
        let unit = text.chars().last()?;
        let factor = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return None,
        };
        text.get(..text.len() - unit.len_utf8())?.trim().parse::<u64>().ok()?.checked_mul(factor)?
    } else {
        seconds(value)?
    };
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

fn language(value: &Value<'_>) -> Option<Lang> {
    match text(value)?.as_str() {
        "es" => Some(Lang::Es),
        "en" => Some(Lang::En),
        _ => None,
    }
}

fn truth(value: &Value<'_>) -> Option<bool> {
    match value.get_ref() {
        DeValue::Boolean(truth) => Some(*truth),
        _ => None,
    }
}

fn platform_kind(value: &Value<'_>) -> Option<String> {
    text(value).filter(|kind| PLATFORMS.contains(&kind.as_str()))
}

fn location(value: &Value<'_>) -> Option<String> {
    let text = text(value)?;
    let known = text.strip_prefix("sqlite:").is_some_and(|path| !path.is_empty())
        || text.starts_with("postgres://")
        || text.starts_with("postgresql://");
    known.then_some(text)
}

/// Whether the zone exists is for those to say who have the database of zones; the form of a name is told here.
fn timezone(value: &Value<'_>) -> Option<String> {
    let name = text(value)?;
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+'));
    (is_name && (name.contains('/') || name == "UTC")).then_some(name)
}

/// The valid name that was most likely meant.
fn nearest<'n>(name: &str, valid: &[&'n str]) -> Option<&'n str> {
    let name = name.to_lowercase();
    let distance = |other: &str| strsim::damerau_levenshtein(&name, other);
    let near = valid.iter().copied().min_by_key(|other| distance(other))?;
    let close = distance(near) <= (near.len() / 3).max(1);
    close.then_some(near).or_else(|| {
        valid.iter().copied().find(|other| name.len() > 3 && (other.contains(&name) || name.contains(other)))
    })
}
