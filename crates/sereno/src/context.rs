//! What every command knows: where the system is, its settings, its runbooks, who asks, and in which language.

use crate::cli::{Format, Global, LangArg};
use crate::exit::Exit;
use crate::file;
use crate::output;
use crate::render::{CYAN, YELLOW, styled};
use crate::report::{Failure, Result, unusable};
use clap::ValueEnum as _;
use sereno_effects::Knowledge;
use sereno_engine::identity;
use sereno_engine::plan::policy::{Level, Policy};
use sereno_engine::plan::{KnownPerson, Origin, Plan, RunbookRef, Values};
use sereno_engine::run::Person;
use sereno_engine::walk::Outside;
use sereno_model::redact::{Redactor, Secret, dotenv, looks_secret, secrets_of};
use sereno_model::settings::{self, Settings, Strictness};
use sereno_model::{Diagnostic, Digest, Lang, RunId, Severity, Text};
use sereno_runbook::Runbook;
use sereno_store::{Action, Actor, Location, Role, Store, StoreError};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{env, fs};

/// Where a runbook is looked for when no settings name one.
const USUAL_RUNBOOKS: [&str; 6] =
    ["RUNBOOK.md", "runbook.md", "Runbook.md", "docs/RUNBOOK.md", "docs/runbook.md", "docs/RUNBOOKS.md"];

/// How long an endless step is followed when the settings do not say.
const FOLLOW_SECONDS: u64 = 15;

/// How long a lock outlives the step that took it when the settings do not say.
const LOCK_LEASE_SECONDS: u64 = 6 * 3600;

pub(crate) struct Context {
    pub(crate) lang: Lang,
    pub(crate) format: Format,
    /// Where the settings are, or the current directory: where steps run.
    pub(crate) directory: PathBuf,
    pub(crate) state_dir: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) knowledge: Cow<'static, Knowledge>,
    pub(crate) person: Person,
    /// Who the settings know.
    pub(crate) people: Vec<KnownPerson>,
    /// The file that the settings came from.
    pub(crate) settings_file: Option<PathBuf>,
    pub(crate) env_files: BTreeMap<String, String>,
}

/// A runbook that was read.
pub(crate) struct Document {
    /// As the person named it.
    pub(crate) name: String,
    /// Where it is, from the system's folder: what a plan keeps, whatever folder the next command is typed in.
    pub(crate) place: String,
    pub(crate) runbook: Runbook,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Context {
    pub(crate) fn new(global: &Global, lang: Lang) -> Result<Self> {
        let here = env::current_dir().map_err(|e| {
            Failure::new(Exit::Usage, format!("the current directory: {e}"), format!("el directorio actual: {e}"))
        })?;
        let file = match &global.settings {
            Some(path) if path.exists() => Some(path.clone()),
            Some(path) => return Err(no_such_file(path)),
            // A folder of that name is none of ours; whatever else is there is meant.
            None => {
                here.ancestors().map(|dir| dir.join("sereno.toml")).find(|path| file::is_there(path) && !path.is_dir())
            }
        };
        let directory = match &file {
            Some(path) => fs::canonicalize(path).ok().and_then(|p| p.parent().map(Path::to_path_buf)).unwrap_or(here),
            None => here,
        };
        let settings = read_settings(file.as_deref(), lang, global.format)?;
        let knowledge =
            match settings.commands_toml() {
                None => Cow::Borrowed(Knowledge::builtin()),
                Some(toml) => Cow::Owned(Knowledge::builtin().extend(&toml).map_err(|e| {
                    Failure::new(Exit::Usage, format!("[[commands]]: {e}"), format!("[[commands]]: {e}"))
                })?),
            };
        let people: Vec<KnownPerson> = settings.people.iter().map(known).collect();
        let lang = if global.lang.is_none() { settings.system.language.unwrap_or(lang) } else { lang };
        Ok(Self {
            settings_file: file.and_then(|file| std::path::absolute(file).ok()),
            lang,
            format: global.format,
            state_dir: directory.join(".sereno"),
            env_files: read_env_files(&directory, &settings, lang),
            person: identity::person(&people),
            people,
            directory,
            settings,
            knowledge,
        })
    }

    /// The runbooks named on the command line, else those of the settings, else the usual names.
    pub(crate) fn documents(&self, files: &[PathBuf]) -> Result<Vec<Document>> {
        let mut paths: Vec<PathBuf> = files.to_vec();
        if paths.is_empty() {
            paths = self.settings.system.runbooks.iter().map(|name| self.directory.join(name)).collect();
        }
        if paths.is_empty() {
            let usual = USUAL_RUNBOOKS.iter().map(|name| self.directory.join(name));
            paths.extend(usual.into_iter().find(|path| file::is_there(path) && !path.is_dir()));
        }
        if paths.is_empty() {
            return Err(Failure::new(Exit::Usage, "no runbook was found here", "no se encontró ningún runbook aquí")
                .hint(
                    "name the file, or set runbooks in [system] of sereno.toml",
                    "nombre el archivo, o defina runbooks en [system] de sereno.toml",
                ));
        }
        self.read_all(&paths)
    }

    /// Several at a time, as many as there are processors: reading is all computing.
    fn read_all(&self, paths: &[PathBuf]) -> Result<Vec<Document>> {
        let at_once = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(paths.len());
        let next = AtomicUsize::new(0);
        let read = || {
            let numbers = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)));
            numbers.map_while(|at| Some((at, self.document(paths.get(at)?)))).collect::<Vec<_>>()
        };
        let mut documents = std::thread::scope(|scope| {
            let others: Vec<_> = (1..at_once).map(|_| scope.spawn(read)).collect();
            let mut all = read();
            all.extend(
                others.into_iter().flat_map(|other| other.join().unwrap_or_else(|e| std::panic::resume_unwind(e))),
            );
            all
        });
        documents.sort_by_key(|(at, _)| *at);
        documents.into_iter().map(|(_, document)| document).collect()
    }

    fn document(&self, path: &Path) -> Result<Document> {
        let bytes = file::read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => no_such_file(path),
            _ => unusable(Exit::Usage, path, &error),
        })?;
        let (runbook, diagnostics) = sereno_runbook::read_with(&bytes, &self.knowledge);
        let name = path.strip_prefix(&self.directory).unwrap_or(path).display().to_string();
        let place = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let place = place.strip_prefix(&self.directory).unwrap_or(&place).display().to_string();
        Ok(Document { name, place, runbook, diagnostics })
    }

    /// The runbook that a plan was made of, as it is now.
    pub(crate) fn runbook_of(&self, runbook: &RunbookRef) -> Result<Document> {
        self.document(&self.directory.join(&runbook.path))
    }

    /// Says when the runbook is no longer the one that a plan was made of. The plan goes on as it was approved.
    pub(crate) fn tell_if_runbook_changed(&self, run: &RunId, plan: &Plan) {
        let Some(known) = plan.runbook() else { return };
        let path = &known.path;
        match self.runbook_of(known) {
            Ok(document) if Digest::of(&document.runbook.source) == known.digest => return,
            Ok(_) => self.warn(
                &format!("{path} changed since this plan was made; the run goes on with the plan as it was"),
                &format!("{path} cambió desde que se hizo este plan; la ejecución sigue con el plan como era"),
            ),
            Err(_) => self.warn(
                &format!(
                    "{path}, of which this plan was made, cannot be read; the run goes on with the plan as it was"
                ),
                &format!(
                    "{path}, del que se hizo este plan, no se puede leer; la ejecución sigue con el plan como era"
                ),
            ),
        }
        let procedure = &plan.procedure;
        self.hint(
            &format!("to plan anew: sereno runs cancel {run} --reason …, then sereno plan {procedure}"),
            &format!("para planear de nuevo: sereno runs cancel {run} --reason …, y después sereno plan {procedure}"),
        );
    }

    /// The values for placeholders, nearest first: the command line, the settings, the environment, `.env`.
    pub(crate) fn values(&self, params: &[String], procedure: &str) -> Result<Values> {
        let mut given = BTreeMap::new();
        for param in params {
            let (name, value) = param.split_once('=').ok_or_else(|| {
                Failure::new(Exit::Usage, format!("-p {param}: no `=`"), format!("-p {param}: falta el `=`"))
                    .hint("for example -p pod-name=backend-0", "por ejemplo -p pod-name=backend-0")
            })?;
            if given.insert(name.trim().to_owned(), value.to_owned()).is_some() {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("-p {name} is given twice"),
                    format!("-p {name} está dos veces"),
                ));
            }
        }
        let mut values = Values::default();
        values.push(Origin::CommandLine, given);
        values.push(Origin::Settings, self.settings.values_for(procedure));
        values.push(Origin::Environment, environment().filter(|(name, _)| !name.starts_with("SERENO_")).collect());
        values.push(Origin::EnvFile, self.env_files.clone());
        Ok(values)
    }

    pub(crate) fn policy(&self, procedure: &str) -> Policy {
        let rules = &self.settings.policy;
        let level = |strictness: Option<Strictness>| match strictness {
            None => Level::None,
            Some(Strictness::Ask) => Level::Operator,
            Some(Strictness::ReadRaw) => Level::ReadRaw,
            Some(Strictness::SecondPerson) => Level::SecondPerson,
        };
        Policy {
            observe: level(rules.observe),
            change: level(rules.change),
            unclear: level(rules.unclear),
            destroy: level(rules.destroy),
            unattended: rules.unattended.iter().any(|id| id == procedure),
            word: if self.lang == Lang::Es { "CONFIRMAR" } else { "CONFIRM" }.to_owned(),
        }
    }

    pub(crate) fn follow_seconds(&self) -> u64 {
        self.settings.policy.follow_seconds.unwrap_or(FOLLOW_SECONDS)
    }

    pub(crate) fn step_timeout(&self) -> Option<Duration> {
        self.settings.policy.step_timeout
    }

    pub(crate) fn lock_lease(&self) -> Duration {
        Duration::from_secs(self.settings.locks.lease_seconds.unwrap_or(LOCK_LEASE_SECONDS))
    }

    pub(crate) fn pause(&self) -> Duration {
        Duration::from_secs(self.settings.policy.pause_seconds.unwrap_or(10))
    }

    /// Whether only one person is configured, or none.
    pub(crate) fn alone(&self) -> bool {
        self.people.len() <= 1
    }

    /// A run goes on, and is approved, under the people that it was planned under, or more: with a list that lacks one of
    /// them, or knows them by another login, one person could be two.
    pub(crate) fn refuse_lost_people(&self, run: &RunId, plan: &Plan) -> Result<()> {
        // The journal's plan is redacted: a name that is a secret's value too is the same person.
        let redactor = self.redactor_for(plan);
        let redacted = |text: &String| redactor.redact(text).into_owned();
        let seen =
            |p: &KnownPerson| KnownPerson { name: redacted(&p.name), os_user: redacted(&p.os_user), ..p.clone() };
        let now: Vec<KnownPerson> = self.people.iter().flat_map(|p| [p.clone(), seen(p)]).collect();
        let lost: Vec<String> = plan.people_lost(&now).iter().map(|p| format!("{} ({})", p.name, p.os_user)).collect();
        if lost.is_empty() {
            return Ok(());
        }
        let names = lost.join(", ");
        Err(Failure::new(
            Exit::Refused,
            format!("run {run} was planned under people whom these settings lack or know by another login: {names}"),
            format!(
                "la ejecución {run} se planeó con personas que esta configuración no tiene o conoce con otro usuario: {names}"
            ),
        )
        .hint(
            format!("use the sereno.toml that it was planned under; or sereno runs cancel {run} --reason …, and plan anew"),
            format!("use el sereno.toml con el que se planeó; o sereno runs cancel {run} --reason …, y planee de nuevo"),
        ))
    }

    /// The roles of this process's person. Where nobody is configured, whoever may write the journal may do all of it;
    /// where people are, a stranger may only look.
    fn roles(&self) -> Vec<Role> {
        if self.settings.people.is_empty() {
            return Role::ALL.to_vec();
        }
        let known = self.settings.people.iter().find(|p| p.name == self.person.name);
        known.map_or_else(|| vec![Role::Viewer], roles_of)
    }

    pub(crate) fn may_approve(&self) -> bool {
        self.store_context().may(Action::Approve).is_ok()
    }

    pub(crate) fn may_operate(&self) -> bool {
        self.store_context().may(Action::Operate).is_ok()
    }

    pub(crate) fn store_context(&self) -> sereno_store::Context {
        let actor = Actor::new(self.person.name.clone(), self.person.how.clone(), self.person.name.clone());
        sereno_store::Context::new(actor, self.roles())
    }

    pub(crate) async fn store(&self) -> Result<Store> {
        let location = match &self.settings.journal.location {
            None => Location::Sqlite(self.state_dir.join("journal.db")),
            Some(text) => match text.parse::<Location>().map_err(|e| Failure::of(Exit::Usage, e.text()))? {
                Location::Sqlite(path) => Location::Sqlite(self.directory.join(path)),
                postgres @ Location::Postgres(_) => postgres,
            },
        };
        Store::open(&location).await.map_err(|e| store_failure(&e))
    }

    /// Hides every secret that is known: of the environment, and of the `.env` files.
    pub(crate) fn redactor(&self) -> Redactor {
        Redactor::new(self.secrets())
    }

    /// The same, and the secrets among a plan's own values.
    pub(crate) fn redactor_for(&self, plan: &Plan) -> Redactor {
        let mut secrets = self.secrets();
        for (name, value) in &plan.values {
            if value.secret || looks_secret(name) {
                secrets.push(Secret::new(name.clone(), value.value.clone()));
            }
        }
        Redactor::new(secrets)
    }

    fn secrets(&self) -> Vec<Secret> {
        use std::os::unix::ffi::OsStringExt as _;
        let env: Vec<(String, String)> =
            env::vars_os().map(|(n, v)| (n.to_string_lossy().into_owned(), text_of(v.into_vec()))).collect();
        let names = &self.settings.secrets.names;
        let mut secrets: Vec<Secret> = secrets_of(env.iter().map(|(n, v)| (n.as_str(), v.as_str())), names);
        secrets.extend(secrets_of(self.env_files.iter().map(|(n, v)| (n.as_str(), v.as_str())), names));
        let given: Vec<(String, String)> = self.settings.processes.iter().flat_map(|p| self.given_to(p)).collect();
        secrets.extend(secrets_of(given.iter().map(|(n, v)| (n.as_str(), v.as_str())), names));
        secrets
    }

    /// The variables that one of Sereno's own processes gets. A file that cannot be read is told when it is started.
    fn given_to(&self, process: &settings::Process) -> Vec<(String, String)> {
        let file = process.env_file.iter().filter_map(|name| file::read(&self.directory.join(name)).ok());
        let of_file = file.flat_map(|bytes| dotenv::parse(&text_of(bytes)));
        of_file.chain(process.environment.iter().map(|(name, value)| (name.clone(), value.clone()))).collect()
    }

    /// This process's person, as one who speaks about a run without walking it.
    pub(crate) fn outside<'a>(&'a self, store: &'a Store, who: &'a sereno_store::Context, plan: &Plan) -> Outside<'a> {
        Outside {
            store,
            context: who,
            person: self.person.clone(),
            redactor: self.redactor_for(plan),
            state_dir: &self.state_dir,
        }
    }

    pub(crate) fn hint(&self, en: &str, es: &str) {
        self.tell(CYAN, ("hint", en), ("pista", es));
    }

    pub(crate) fn warn(&self, en: &str, es: &str) {
        self.tell(YELLOW, ("warning", en), ("aviso", es));
    }

    /// Says something beside the data, on stderr: to a machine as one line of JSON.
    fn tell(&self, style: anstyle::Style, en: (&str, &str), es: (&str, &str)) {
        let (word, text) = if self.lang == Lang::Es { es } else { en };
        output::say(match self.format {
            Format::Text => format!("{} {text}", styled(style, format!("{word}:"))),
            Format::Json | Format::Sarif => serde_json::json!({ en.0: text }).to_string(),
        });
    }
}

/// A text that may not be UTF-8: then each byte is the Latin-1 character that it is, and no secret in it goes unknown.
fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| error.into_bytes().iter().copied().map(char::from).collect())
}

/// The environment as text. What is no UTF-8 has its odd bytes replaced, as it has in output that is shown.
fn environment() -> impl Iterator<Item = (String, String)> {
    env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
}

/// A store's error as a failure of the command.
fn known(person: &settings::Person) -> KnownPerson {
    let may_not_approve = !roles_of(person).iter().any(|role| Action::Approve.roles().contains(role));
    KnownPerson { name: person.name.clone(), os_user: person.os_user.clone(), may_not_approve }
}

/// The roles that the settings give somebody, or the usual ones.
fn roles_of(person: &settings::Person) -> Vec<Role> {
    if person.roles.is_empty() {
        return vec![Role::Operator, Role::Approver];
    }
    person.roles.iter().filter_map(|role| Role::named(role)).collect()
}

pub(crate) fn store_failure(error: &StoreError) -> Failure {
    let exit = match error {
        StoreError::NotAllowed { .. } | StoreError::LockHeld(_) => Exit::Refused,
        _ => Exit::Failed,
    };
    Failure { exit, message: error.text(), hint: error.hint() }
}

pub(crate) fn today() -> jiff::civil::Date {
    jiff::Zoned::now().date()
}

/// The language that the command line asks for, before it is known to be right.
pub(crate) fn language_argument(arguments: impl Iterator<Item = OsString>) -> Option<LangArg> {
    let asked = argument(arguments, "--lang", LangArg::from_str);
    asked.or_else(|| env::var("SERENO_LANG").ok().and_then(|lang| LangArg::from_str(&lang, true).ok()))
}

/// The format that the command line asks for, before it is known to be right.
pub(crate) fn format_argument(arguments: impl Iterator<Item = OsString>) -> Format {
    argument(arguments, "--format", Format::from_str).unwrap_or(Format::Text)
}

fn argument<T>(
    arguments: impl Iterator<Item = OsString>,
    name: &str,
    read: fn(&str, bool) -> std::result::Result<T, String>,
) -> Option<T> {
    let mut arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    while let Some(argument) = arguments.next() {
        let value = match argument.strip_prefix(name) {
            Some("") => arguments.next(),
            Some(rest) => rest.strip_prefix('=').map(str::to_owned),
            None => None,
        };
        if let Some(value) = value.and_then(|value| read(&value, false).ok()) {
            return Some(value);
        }
    }
    None
}

/// The language asked for, else that of the locale.
pub(crate) fn language(asked: Option<LangArg>) -> Lang {
    match asked {
        Some(LangArg::Es) => Lang::Es,
        Some(LangArg::En) => Lang::En,
        None => {
            let locale =
                ["LC_ALL", "LC_MESSAGES", "LANG"].iter().filter_map(|name| env::var(name).ok()).find(|v| !v.is_empty());
            Lang::from_locale(&locale.unwrap_or_default())
        }
    }
}

fn read_settings(file: Option<&Path>, lang: Lang, format: Format) -> Result<Settings> {
    let Some(path) = file else { return Ok(Settings::default()) };
    let name = path.display().to_string();
    let text = file::read_text(path).map_err(|e| unusable(Exit::Usage, path, &e))?;
    let (settings, diagnostics) = Settings::parse(&text, &name);
    // A setting may hold a secret, and what is wrong with it another one's line.
    let shown = Redactor::default().mask(&text);
    for diagnostic in &diagnostics {
        if format == Format::Text {
            output::say(crate::render::diagnostic(&shown, &name, diagnostic, lang, output::stdout_colors()));
        }
    }
    let first = diagnostics.iter().find(|d| d.severity == Severity::Error);
    if let Some(Diagnostic { line, message, help, .. }) = first {
        let failure = match format {
            Format::Text => Failure::new(Exit::Usage, format!("{name} has errors"), format!("{name} tiene errores")),
            Format::Json | Format::Sarif => Failure {
                exit: Exit::Usage,
                message: Text::new(format!("{name}:{line}: {}", message.en), format!("{name}:{line}: {}", message.es)),
                hint: help.clone(),
            },
        };
        return Err(failure);
    }
    Ok(settings)
}

/// The `.env` files of the system. One that is not there is nothing to say; one that cannot be read is.
fn read_env_files(directory: &Path, settings: &Settings, lang: Lang) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let usual = [".env".to_owned()];
    let names = if settings.secrets.env_files.is_empty() { &usual[..] } else { &settings.secrets.env_files[..] };
    for name in names {
        match file::read(&directory.join(name)) {
            Ok(bytes) => all.extend(dotenv::parse(&text_of(bytes))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                let message = unusable(Exit::Usage, Path::new(name), &error).message;
                output::say(format!("sereno: {}", message.get(lang)));
            }
        }
    }
    all
}

fn no_such_file(path: &Path) -> Failure {
    let name = path.display();
    let failure = Failure::new(Exit::Usage, format!("there is no file {name}"), format!("no existe el archivo {name}"));
    match nearest(path) {
        Some(near) => failure.hint(format!("did you mean {near}?"), format!("¿quiso decir {near}?")),
        None => failure,
    }
}

/// The file beside a missing one whose name is nearest.
fn nearest(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_string_lossy().to_lowercase();
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .map(|name| (strsim::damerau_levenshtein(&name.to_lowercase(), &wanted), name))
        .filter(|(distance, _)| *distance <= 3)
        .min()
        .map(|(_, name)| folder.join(name).display().to_string())
}
