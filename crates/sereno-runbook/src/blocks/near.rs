//! What the text around a block says about it: "should print", "add to nginx.conf", "in the Rails console".
//!
//! Phrases are compared folded (lower case, no accents), English and Spanish alike. The sentence that leads to the
//! block counts for more than the headings above it.

use super::leads::{Speaker, joins_on, speaker};
use super::pattern::{Test, test};
use super::prompts::Client;
use super::words::has_phrase;
use crate::document::RawBlock;
use crate::text::fold;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// What the text before a block can announce; the phrases of each stand in `phrases.txt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Topic {
    /// Perhaps output.
    Output,
    /// Output and nothing else.
    SureOutput,
    Config,
    Request,
    Message,
    Search,
    Prometheus,
    Diagram,
    Console,
    /// Commands to type.
    Commands,
}

/// The topics, named as in `phrases.txt`.
const TOPICS: [(&str, Topic); 10] = [
    ("output", Topic::Output),
    ("sure_output", Topic::SureOutput),
    ("config", Topic::Config),
    ("request", Topic::Request),
    ("message", Topic::Message),
    ("search", Topic::Search),
    ("prometheus", Topic::Prometheus),
    ("diagram", Topic::Diagram),
    ("console", Topic::Console),
    ("commands", Topic::Commands),
];

/// Leads that are labels of output, folded.
const OUTPUT_LABELS: &[&str] = &[
    "output",
    "the output is",
    "the output",
    "expected output",
    "expected result",
    "expected results",
    "expected response",
    "expected logs",
    "sample output",
    "example output",
    "output example",
    "the result is",
    "salida",
    "la salida es",
    "salida esperada",
    "respuesta esperada",
    "resultados esperados",
    "logs esperados",
    "salida de ejemplo",
    "ejemplo de salida",
    "resultado esperado",
    "el resultado es",
];

/// Consoles of languages, as headings name them, folded.
const CONSOLES: &[&str] = &[
    "rails console",
    "consola de rails",
    "consola rails",
    "django shell",
    "shell de django",
    "python shell",
    "shell de python",
    "odoo shell",
    "shell de odoo",
    "tinker",
    "mongo shell",
    "shell de mongo",
    "mongosh",
    "irb",
    "manage.py shell",
    "flask shell",
    "remote console",
    "consola remota",
    "iex",
    "consola de node",
    "node repl",
];

/// Each phrase under its first word, so that a text is gone through once for all topics.
static PHRASES: LazyLock<HashMap<&str, Vec<(Topic, &str)>>> = LazyLock::new(|| {
    let mut all: HashMap<&str, Vec<(Topic, &str)>> = HashMap::new();
    for (name, phrases) in include_str!("phrases.txt").lines().filter_map(|line| line.split_once(": ")) {
        let Some((_, topic)) = TOPICS.iter().find(|(topic, _)| *topic == name) else {
            continue;
        };
        for phrase in phrases.split(", ") {
            all.entry(first_word(phrase)).or_default().push((*topic, phrase));
        }
    }
    all
});

fn first_word(phrase: &str) -> &str {
    phrase.split(|c: char| !c.is_alphanumeric()).next().unwrap_or(phrase)
}

/// Whether a comment says that the console of a client is meant: `# Rails console`.
pub(super) fn names_console(comment: &str) -> bool {
    topics(&fold(comment)).contains(&Topic::Console)
}

/// The topics that a folded text names.
fn topics(text: &str) -> HashSet<Topic> {
    let mut found = HashSet::new();
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c.is_alphanumeric() && !before.is_alphanumeric() {
            let rest = text.get(at..).unwrap_or_default();
            let phrases = PHRASES.get(first_word(rest)).map(Vec::as_slice).unwrap_or_default();
            found.extend(phrases.iter().filter(|(_, phrase)| begins_with(rest, phrase)).map(|(topic, _)| *topic));
        }
        before = c;
    }
    found
}

fn begins_with(text: &str, phrase: &str) -> bool {
    text.strip_prefix(phrase).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// What the surroundings announce.
#[derive(Debug, Clone, Default)]
pub(super) struct Near {
    /// The last sentence before the block, folded.
    pub(super) lead: String,
    /// The whole paragraph before it, its label and the item it stands in, folded.
    pub(super) paragraph: String,
    /// The headings, innermost last, folded.
    pub(super) headings: String,
    /// What is announced, by the lead, by the paragraph, by the headings.
    announced: [HashSet<Topic>; 3],
    /// The lead stands directly above the block; else it is a label from further up.
    direct: bool,
    /// Nothing stands between the heading and the block: the heading is what leads to it.
    pub(super) under_heading: bool,
    /// Who speaks in the block, as the lead says.
    speaker: Speaker,
}

impl Near {
    pub(super) fn of(raw: &RawBlock) -> Self {
        let before = raw.before.as_deref().unwrap_or_default();
        let mut paragraph = String::new();
        for part in [raw.label.as_deref(), raw.item_title.as_deref(), raw.before.as_deref()].into_iter().flatten() {
            paragraph.push_str(part);
            paragraph.push('\n');
        }
        let lead = if before.trim().is_empty() {
            raw.label.as_deref().or(raw.item_title.as_deref()).unwrap_or_default()
        } else {
            last_sentence(before)
        };
        let lead = fold(lead);
        let paragraph = fold(&paragraph);
        let headings = fold(&raw.trail.iter().rev().take(2).rev().cloned().collect::<Vec<_>>().join("\n"));
        let mut announced = [topics(&lead), topics(&paragraph), topics(&headings)];
        let under_heading = paragraph.is_empty() && raw.previous.is_none();
        if under_heading {
            announced[1] = topics(headings.rsplit('\n').next().unwrap_or_default());
        }
        let heading = headings.rsplit('\n').next().unwrap_or_default();
        let file = announced[0].contains(&Topic::Config);
        // A heading is a name: a verb in it is none (`Hot Sale`).
        let speaker = match speaker(if under_heading { heading } else { &lead }, file) {
            Speaker::Program if under_heading => Speaker::Nobody,
            speaker => speaker,
        };
        Self { lead, paragraph, headings, announced, direct: !before.trim().is_empty(), under_heading, speaker }
    }

    /// The block above is what a program printed, and the lead joins this one to it: `or, when it is full,`.
    pub(super) fn joined_to_output(&mut self) {
        if self.direct && joins_on(&self.lead) {
            self.speaker = Speaker::Program;
        }
    }

    /// The lead says that a program speaks.
    pub(super) fn program_speaks(&self) -> bool {
        self.speaker == Speaker::Program
    }

    /// A program speaks, or the lead names what follows as programs' words are named.
    pub(super) fn announces_output(&self) -> bool {
        matches!(self.speaker, Speaker::Program | Speaker::Named) || self.says(Topic::SureOutput) == 3
    }

    /// The lead tells the reader to hand the text on.
    pub(super) fn is_handed_on(&self) -> bool {
        self.speaker == Speaker::Reader
    }

    /// The lead places the reader in a console that is open: `At the SQL> prompt`, `En el cliente mysql de la réplica`.
    pub(super) fn is_at_a_console(&self) -> bool {
        AT_A_CONSOLE.is_match(&self.lead)
    }

    /// How strongly the surroundings announce something of the list: 3 the lead, 2 the paragraph, 1 the headings.
    pub(super) fn says(&self, topic: Topic) -> u8 {
        self.announced.iter().zip([3, 2, 1]).find(|(topics, _)| topics.contains(&topic)).map_or(0, |(_, level)| level)
    }

    /// The lead says nothing but that output follows: `The output is:`, `Salida esperada:`.
    pub(super) fn is_output_label(&self) -> bool {
        let heading = self.headings.rsplit('\n').next().unwrap_or_default();
        let lead = if self.under_heading { heading } else { &self.lead };
        let lead = lead.trim_matches(|c: char| !c.is_alphanumeric());
        (self.direct || self.under_heading) && OUTPUT_LABELS.contains(&lead)
    }

    /// The line that leads to the block is a request that sends a body: `POST /api/orders`.
    pub(super) fn is_request_line(&self) -> bool {
        let line = self.paragraph.trim_end().rsplit('\n').next().unwrap_or_default().trim_start_matches(['`', '*']);
        let begins = ["post ", "put ", "patch "].iter().any(|method| {
            line.strip_prefix(method).is_some_and(|rest| rest.starts_with('/') || rest.starts_with("http"))
        });
        begins || ["post", "put", "patch"].iter().any(|verb| self.lead.contains(verb)) && SENDS.is_match(&self.lead)
    }

    /// What leads to the block is nothing but the name of a file: `/srv/shop/Caddyfile`, `deploy/values.yaml`.
    pub(super) fn is_path(&self) -> bool {
        let lead = if self.under_heading { self.headings.rsplit('\n').next().unwrap_or_default() } else { &self.lead };
        let lead = lead.trim_end_matches(':').trim_start_matches(|c: char| c.is_ascii_digit() || "). ".contains(c));
        let bare = lead.trim_matches(['`', '*', '"']);
        IS_PATH.is_match(bare) || self.ends_with_a_file(lead)
    }

    /// A short lead whose last word is a file: ``fichero `scanner.cfg` ``.
    fn ends_with_a_file(&self, lead: &str) -> bool {
        let words: Vec<&str> = lead.split_whitespace().collect();
        let name = words.last().map_or("", |word| word.trim_matches(['`', '*', '"']));
        words.len() <= 4 && self.speaker != Speaker::Program && name.contains(['.', '/']) && IS_PATH.is_match(name)
    }

    /// The innermost heading names the console of a language: `Desde la consola de Rails`.
    pub(super) fn is_under_a_console(&self) -> bool {
        let heading = self.headings.rsplit('\n').next().unwrap_or_default();
        CONSOLES.iter().any(|name| has_phrase(heading, name))
    }

    /// The innermost heading names an error, as it is shown.
    pub(super) fn is_about_an_error(&self) -> bool {
        let heading = self.headings.rsplit('\n').next().unwrap_or_default();
        ["error", "errores", "errors"].iter().any(|word| has_phrase(heading, word))
    }

    pub(super) fn says_any(&self, phrases: &[&str]) -> u8 {
        let any = |text: &str| phrases.iter().any(|phrase| has_phrase(text, phrase));
        if any(&self.lead) {
            3
        } else if any(&self.paragraph) {
            2
        } else {
            u8::from(any(&self.headings))
        }
    }

    /// The client that the text before the block names.
    pub(super) fn client(&self) -> Option<Client> {
        [
            ("redis", Client::Redis),
            ("psql", Client::Psql),
            ("postgres", Client::Psql),
            ("mysql", Client::Mysql),
            ("mariadb", Client::Mysql),
            ("mongo", Client::Mongo),
            ("rails", Client::Ruby),
            ("irb", Client::Ruby),
            ("python", Client::Python),
            ("django", Client::Python),
        ]
        .into_iter()
        .find_map(|(name, client)| self.paragraph.contains(name).then_some(client))
    }

    /// The lead or the headings name a file whose contents could follow.
    pub(super) fn names_file(&self) -> bool {
        const ENDINGS: &[&str] = &[
            ".yml",
            ".yaml",
            ".conf",
            ".cnf",
            ".ini",
            ".toml",
            ".env",
            ".json",
            ".cfg",
            ".service",
            ".timer",
            ".tf",
            ".properties",
            ".xml",
            "dockerfile",
            "crontab",
            "nginx.conf",
            "/etc/",
            ".env.production",
            "pg_hba",
            "sshd_config",
            "values.yaml",
            "configmap",
            "logrotate.d",
            "sudoers",
            "my.cnf",
            ".hcl",
            ".tfvars",
            "gitlab.rb",
        ];
        ENDINGS.iter().any(|ending| self.lead.contains(ending))
    }
}

/// `PUT this to /v1/shops`, `hacer un POST a /v1/tiendas con`.
static SENDS: LazyLock<Test> = LazyLock::new(|| {
    test(r"\b(?:post|put|patch)(?: [\w']+){0,4} [(`*]{0,2}(?:/[a-z]|https?://)|\((?:post|put|patch) /")
});
static AT_A_CONSOLE: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"(?:^|\bya |\by |[.>,;] ?)(?:at|in|inside|within|en|desde|dentro de(?:l| la)?) [^.]{0,40}\b(?:prompt|console|client|consola|cliente)\b|(?:^|\bya |\by )(?:in|en|inside|within|from|desde|dentro de) (?:the )?`?(?:mysql|mariadb|psql|redis-cli|mongosh?|cqlsh|sqlite3?|sqlplus|sqlcmd)`?$",
    )
});
static IS_PATH: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"^(?:[~/.\w@-]*/)?(?:[\w@.-]+\.(?:ya?ml|conf|cnf|cf|ini|toml|env|json|cfg|service|timer|socket|properties|xml|options|config|tf|hcl|rules|list|repo|local|rcv|cron|vcl|exclude|ignore)|caddyfile|dockerfile|makefile|crontab|procfile|jenkinsfile|\.env[\w.]*|hosts|exports|fstab|sudoers)$|^/etc/[\w./@-]+$|\b(?:kept|stored|saved|lives|guardad[oa]|vive) (?:in|at|en) `?[/~][\w./-]+`?$",
    )
});

fn last_sentence(text: &str) -> &str {
    let text = text.trim().trim_end_matches([':', '.', ' ']);
    let cut = text.rfind(['\n']).map_or(0, |at| at + 1);
    let line = text.get(cut..).unwrap_or(text);
    let stop = [". ", "? ", "! ", "; "].iter().filter_map(|mark| line.rfind(mark).map(|at| at + mark.len())).max();
    line.get(stop.unwrap_or(0)..).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lead_counts_most() {
        let raw = RawBlock {
            before: Some("Abrir el panel. Respuesta esperada:".to_owned()),
            trail: vec!["Runbook".to_owned(), "Arquitectura".to_owned()],
            ..RawBlock::default()
        };
        let near = Near::of(&raw);
        assert_eq!(near.lead, "respuesta esperada");
        assert_eq!(near.says(Topic::Output), 3);
        assert_eq!(near.says(Topic::Diagram), 1);
        assert_eq!(near.says(Topic::Message), 0);
    }

    #[test]
    fn files_are_named() {
        let raw = RawBlock { before: Some("Editar `/etc/nginx/nginx.conf`:".to_owned()), ..RawBlock::default() };
        assert!(Near::of(&raw).names_file());
    }
}
