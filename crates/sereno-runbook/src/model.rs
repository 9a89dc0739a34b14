//! A runbook, understood. These types are what `sereno runbook inspect --format json` prints, so their names are a
//! format: the schema is committed as `docs/reference/runbook.schema.json`, and `SCHEMA_VERSION` grows when a field changes its
//! meaning or goes away.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sereno_model::{BlockClass, Effect, Flag, Lang, Risk};
use std::ops::Range;

/// The version of the format of [`Runbook`] as JSON.
pub const SCHEMA_VERSION: u32 = 1;

/// A runbook and all that was recovered from it. Lines are 1-based lines of the text as read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Runbook {
    pub schema_version: u32,
    pub title: Option<String>,
    pub language: Lang,
    pub encoding: Encoding,
    pub metadata: Metadata,
    pub sections: Vec<Section>,
    pub blocks: Vec<Block>,
    pub procedures: Vec<Procedure>,
    pub incidents: Vec<Incident>,
    pub decisions: Vec<Decision>,
    pub thresholds: Vec<Threshold>,
    pub contacts: Vec<Contact>,
    pub escalation: Vec<EscalationLevel>,
    pub checklists: Vec<Checklist>,
    pub schedules: Vec<Schedule>,
    pub endpoints: Vec<Endpoint>,
    pub channels: Vec<Channel>,
    /// The text as read, after any repair; spans point into it.
    #[serde(skip)]
    pub source: String,
}

/// How the bytes became text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Encoding {
    /// What the bytes were: `utf-8`, `utf-16le`, `utf-16be`, `windows-1252`.
    pub detected: String,
    /// The encoding through which UTF-8 had once been misread, when that was repaired: `mac_roman`, `windows_1252`,
    /// `gbk`.
    pub repaired: Option<String>,
    pub bom: bool,
    pub crlf: bool,
}

/// The head of a runbook, as its author wrote it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Metadata {
    pub system: Option<String>,
    pub version: Option<String>,
    /// ISO date when it could be read, else the author's words.
    pub updated: Option<String>,
    pub next_review: Option<String>,
    pub owner: Option<String>,
    pub environment: Option<String>,
    pub status: Option<String>,
    pub uptime_goal: Option<String>,
    /// How often the author promises to review it: `monthly`, `quarterly`…, or the author's words.
    pub review_cadence: Option<String>,
    /// All other `key: value` lines of the head, in order.
    pub other: Vec<(String, String)>,
}

/// What a section is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Overview,
    Deploy,
    Rollback,
    Incident,
    Emergency,
    Maintenance,
    Backup,
    Restore,
    Scaling,
    Security,
    Monitoring,
    Contacts,
    Escalation,
    Checklist,
    Reference,
    // Inside an incident or a procedure:
    Symptoms,
    Impact,
    Diagnosis,
    Remedy,
    TargetTime,
    Verification,
    IfFails,
    Prerequisites,
    Other,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Section {
    /// A slug, unique in the runbook: `rollback-de-deploy`.
    pub id: String,
    pub title: String,
    pub role: Role,
    pub line: usize,
    /// Heading level 1–6; 7 for a label line (`**Diagnóstico:**`) that acts as a heading.
    pub level: u8,
    /// Id of the section that this one stands in.
    pub parent: Option<String>,
    /// The last line that belongs to it, its subsections included.
    pub end_line: usize,
}

/// A fenced or indented block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Block {
    /// 1-based line of the opening fence; of an indented block, its first line.
    pub line: usize,
    pub end_line: usize,
    /// First word of the info string, as written.
    pub lang: Option<String>,
    pub class: BlockClass,
    pub flags: Vec<Flag>,
    pub placeholders: Vec<Placeholder>,
    /// `None` for what is not shell, sql or repl.
    pub risk: Option<Risk>,
    pub effects: Vec<Effect>,
    pub statements: Vec<Statement>,
    /// The section that it stands in.
    pub section: Option<String>,
    /// The block's own text, without fence and without the indentation of a list item, LF line ends.
    #[serde(skip)]
    pub text: String,
    /// The bytes of the block in `Runbook::source`, fences included.
    #[serde(skip)]
    pub span: Range<usize>,
    /// For each line of `text`, its byte offset in `Runbook::source`.
    #[serde(skip)]
    pub line_offsets: Vec<usize>,
}

/// One statement of a block at the top level of its syntax tree.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Statement {
    pub line: usize,
    pub text: String,
    /// `None` when the statement is not a command of this shell: see `foreign`.
    pub risk: Option<Risk>,
    /// Why this statement must never run as shell: `config` (YAML to paste), `env` (settings for a file), `promql`,
    /// `repl` (a client's line), `output` (sample output), `nested` (meant for the pod or host entered before).
    pub foreign: Option<String>,
    /// What it does; empty for a foreign one.
    #[serde(default)]
    pub effects: Vec<Effect>,
    /// `interactive`, `endless`, `nested`, where this statement is what gives the block the flag.
    #[serde(default)]
    pub flags: Vec<Flag>,
    /// Background jobs, `wait`, `trap`, `exec >`: what stands around it must stay in one shell.
    #[serde(skip)]
    pub job_control: bool,
    /// Its bytes in the block's `text`.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// Something that the reader must replace or set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Placeholder {
    /// As it stands: `<pod-name>`, `$VERSION`, `tu-dominio.com`, `[COMPLETAR]`.
    pub text: String,
    /// The name by which `-p name=value` fills it: `pod-name`, `VERSION`, `tu-dominio.com`.
    pub name: String,
    pub line: usize,
    pub kind: PlaceholderKind,
    /// Its bytes in the block's `text`.
    #[serde(skip)]
    pub span: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceholderKind {
    /// `<x>`, `[x]`, `{{x}}`, `XXXX`, `[COMPLETAR]`.
    Bracketed,
    /// An example that stands for the real thing: `tu-dominio.com`, `abc123`, `-U user`, a date in a file name.
    Example,
    /// A variable that nothing sets.
    Variable,
    /// A positional parameter of a script (`${1:-latest}` has a default and is not one; `$1` is).
    Argument,
    /// A value that a `read` asks for.
    Prompt,
}

/// A runbook's way to do one thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Procedure {
    /// A slug, unique in the runbook.
    pub id: String,
    pub title: String,
    pub role: Role,
    pub line: usize,
    pub steps: Vec<Step>,
    /// Ids of the steps, of this procedure or after it, that prove it done.
    pub verification: Vec<String>,
    /// Ids of the steps to take when it fails.
    pub if_fails: Vec<String>,
    /// Ids of steps or of procedures that undo it.
    pub rollback: Vec<String>,
}

/// One unit that runs or is done by a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Unique in the runbook: the procedure's id, a slash, the step's number: `api-no-responde/4`.
    pub id: String,
    pub title: String,
    pub line: usize,
    pub kind: StepKind,
    /// The class of the block it came from; `None` for a step in prose.
    pub class: Option<BlockClass>,
    pub risk: Option<Risk>,
    pub runnable: bool,
    /// Why it cannot run as it stands.
    pub why_not: Option<String>,
    /// Names of the placeholders that it needs.
    pub needs: Vec<String>,
    /// What the author says to expect: `PONG`, `401`, `status: "ok"`.
    pub expects: Option<String>,
    pub flags: Vec<Flag>,
    pub effects: Vec<Effect>,
    pub role: Role,
    /// `Opción 2`: steps with different numbers of the same `alternative_group` exclude each other.
    pub alternative: Option<Alternative>,
    /// `Si pods en CrashLoopBackOff:`: the condition under which the author means the step.
    pub condition: Option<String>,
    /// Index in `Runbook::blocks`, for a step cut from a block.
    pub block: Option<usize>,
    /// What runs: the lines of the block that belong to the step, with placeholders still in it; for a manual step the
    /// author's words.
    pub text: String,
    /// The bytes of `text` in the block's `text`.
    #[serde(skip)]
    pub span: Range<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alternative {
    /// The same for all that exclude each other.
    pub group: u32,
    pub number: u32,
    pub title: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    Shell,
    Sql,
    Promql,
    Repl,
    Operation,
    Manual,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    pub id: String,
    pub title: String,
    pub line: usize,
    pub symptoms: Vec<String>,
    pub impact: Option<String>,
    /// Ids of steps.
    pub diagnosis: Vec<String>,
    pub remedies: Vec<Remedy>,
    pub target_minutes: Option<u32>,
    /// The author's severity or level, where there is one: `1`, `P0`, `crítico`.
    pub severity: Option<String>,
    /// The procedure that holds its steps.
    pub procedure: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Remedy {
    pub title: String,
    pub line: usize,
    /// Ids of steps.
    pub steps: Vec<String>,
}

/// `cause → action`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    pub line: usize,
    pub cause: String,
    pub action: String,
    /// The command in the action, when it holds one in backticks.
    pub command: Option<String>,
    /// The incident or procedure that it stands in.
    pub within: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Threshold {
    pub line: usize,
    /// The author's name for it: `HighErrorRate`, `CPU`, `Latencia P95`.
    pub name: String,
    /// What is measured, when the name is that of an alert: `Error rate`.
    pub metric: Option<String>,
    pub op: String,
    pub value: f64,
    /// `%`, `s`, `ms`, `min`, `h`, `d`, `tasks`, `status`, or empty.
    pub unit: String,
    pub for_seconds: Option<u64>,
    /// `critical`, `warning`, `info`, `rollback` (a criterion to roll back), `goal` (how it should be), or `None`.
    pub severity: Option<String>,
    /// The whole line, for the person who checks.
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    pub line: usize,
    pub role: Option<String>,
    pub name: Option<String>,
    /// `team`, `stakeholders`, `providers`, or the heading's own words.
    pub group: Option<String>,
    /// Telephone numbers, mail addresses, handles, as written.
    pub ways: Vec<String>,
    pub hours: Option<String>,
    /// True when the author has left it to be filled in (`[COMPLETAR]`, `[Nombre]`, `+1-XXX-XXX-XXXX`).
    pub incomplete: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EscalationLevel {
    pub line: usize,
    /// `1`, `2`…, or the author's word.
    pub severity: String,
    pub label: Option<String>,
    pub steps: Vec<EscalationStep>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EscalationStep {
    pub who: String,
    pub action: String,
    /// Minutes without an answer after which this step is taken.
    pub after_minutes: Option<u32>,
    pub line: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Checklist {
    pub title: String,
    pub line: usize,
    /// When it is due, in minutes after the event, where the author says so (`Dentro de 24 horas`).
    pub due_minutes: Option<u32>,
    pub items: Vec<ChecklistItem>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChecklistItem {
    pub line: usize,
    pub text: String,
    pub checked: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Schedule {
    pub line: usize,
    /// What happens: a command, or the author's words.
    pub what: String,
    /// Five cron fields, where they could be told: `0 2 * * *`.
    pub cron: Option<String>,
    /// The author's words.
    pub text: String,
    pub retention_days: Option<u32>,
}

/// An address that the runbook names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Endpoint {
    pub line: usize,
    pub name: Option<String>,
    pub url: String,
    pub note: Option<String>,
}

/// A place where notices go: a Slack channel, a PagerDuty service, a mail address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Channel {
    pub line: usize,
    /// `slack`, `pagerduty`, `email`.
    pub kind: String,
    pub address: String,
    pub purpose: Option<String>,
}
