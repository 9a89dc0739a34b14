//! What an analysis of a text says. The types that other rooms build upon.

use serde::Serialize;
use sereno_model::{Effect, Risk};
use std::ops::Range;

/// What a shell text does.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Analysis {
    /// The statements at the top level of the syntax tree, in order. Comments are not statements.
    pub statements: Vec<Statement>,
    /// The highest risk of all statements; `Observe` for a text with none.
    pub risk: Risk,
    /// The effects of all statements, without repetition, in order of appearance.
    pub effects: Vec<Effect>,
    /// Bytes that are not valid shell. A text with any is never less than `Unclear`.
    pub errors: Vec<Range<usize>>,
    /// Comments outside of heredocs, in order: the byte span from `#` to the end of the line.
    pub comments: Vec<Range<usize>>,
}

/// One statement at the top level: a pipeline, a list (`a && b`), a loop, a function, an assignment.
#[derive(Debug, Clone, Serialize)]
pub struct Statement {
    /// Its bytes in the text, heredoc bodies included.
    pub span: Range<usize>,
    /// 1-based line of its first byte in the text.
    pub line: usize,
    pub risk: Risk,
    pub effects: Vec<Effect>,
    /// Every simple command in it, those inside substitutions, `sudo`, `sh -c`, `xargs`, `kubectl exec --` included.
    pub commands: Vec<Command>,
    /// Why it waits for a person, if it does.
    pub interactive: Option<Interactive>,
    /// It does not end by itself (`logs -f`, `watch`, `top`).
    pub endless: bool,
    /// It leaves the reader in another shell or console: the lines after it are not for this shell.
    pub opens: Option<Opens>,
    /// Variables that it sets in this shell (assignments, `export`, `read`, `for`).
    pub sets: Vec<String>,
    /// Variables that it uses.
    pub uses: Vec<VariableUse>,
    /// The `read`s in it that ask a person.
    pub prompts: Vec<Prompt>,
    /// It starts something in the background (`&`), waits for it, or redirects the shell itself (`exec >`): the text
    /// around it must stay in one shell.
    pub job_control: bool,
    /// Risk came from not knowing the command (then `risk` is `Unclear`): the names not known.
    pub unknown_commands: Vec<String>,
    /// The files that it executes by name, and the directories that it goes to on the way, in order.
    pub executes: Vec<Executed>,
}

/// Something that a statement executes by name, or a directory that it enters: where a later name is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Executed {
    pub what: ExecutedKind,
    /// The name, where it is known before it runs.
    pub name: Option<String>,
    /// For people: the name, else as written.
    pub shown: String,
    /// It is on this machine, and not in a container, on another host or in the reader's own pod.
    pub local: bool,
    /// In a branch, a loop, a subshell or a function: it may not be reached.
    pub maybe: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutedKind {
    /// A script, a program by its path, a file of SQL or of settings that a command runs.
    File,
    /// The Makefile of a directory.
    Makefile,
    /// The compose file of a directory, or of the nearest one above it.
    Compose,
    /// The `package.json` of a directory, whose script is run.
    Package,
    /// Nothing is executed: the shell goes there.
    Enters,
}

/// One simple command.
#[derive(Debug, Clone, Serialize)]
pub struct Command {
    /// The command's name, without its directory: `kubectl` for `/usr/bin/kubectl`.
    pub name: String,
    /// The words after the name as they are after quote removal where that is known (`None` for a word that holds a
    /// substitution or a variable).
    pub args: Vec<Arg>,
    /// Its bytes in the text (of the outermost text, also for inner commands when they can be located).
    pub span: Range<usize>,
    /// What it runs inside of, outermost first: `["kubectl exec", "bash -c"]`; empty at the top.
    pub via: Vec<String>,
    pub risk: Risk,
}

#[derive(Debug, Clone, Serialize)]
pub struct Arg {
    /// As written.
    pub raw: String,
    /// After quote removal, when no expansion stands in it.
    pub value: Option<String>,
    pub span: Range<usize>,
}

/// Why a statement waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Interactive {
    /// A shell or console that is opened with nothing to do.
    Session,
    /// An editor or a pager.
    Editor,
    /// `read` from the terminal.
    Prompt,
    /// A tool that asks before it acts (`terraform apply`, `gpg --symmetric`).
    Confirmation,
}

/// What a statement leaves the reader in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "name")]
pub enum Opens {
    /// A shell in a pod or container.
    Container(String),
    /// A shell on another host.
    Host(String),
    /// A shell as another user, or a chroot.
    Shell(String),
    /// A client's console: `redis-cli`, `psql`, `mysql`, `mongosh`, `python`, `rails console`.
    Client(String),
}

#[derive(Debug, Clone, Serialize)]
pub struct VariableUse {
    pub name: String,
    pub span: Range<usize>,
    /// `${X:-default}` and its kin: it needs no value.
    pub has_default: bool,
}

/// A `read` that asks a person.
#[derive(Debug, Clone, Serialize)]
pub struct Prompt {
    pub variable: String,
    /// The text after `-p`.
    pub message: Option<String>,
    /// The `read` command's bytes.
    pub span: Range<usize>,
    /// The word that the script itself demands (`escribe 'CONFIRMAR'`, or compared with in the text), if any.
    pub typed_word: Option<String>,
}
