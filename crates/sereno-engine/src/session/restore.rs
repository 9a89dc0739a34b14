//! The bash before a step's text: how the state of the step before is restored.
//!
//! The order matters. Functions come late, because they may be called `set` or `declare`, and what follows them says
//! `builtin`; yet before the options, because their bodies are read with `extglob` on and no alias in force, as bash
//! printed them. At the very end stand `$_` and `$?`, in a list that neither `set -e` nor an `ERR` trap minds.

use super::declare::{self, Variable};
use super::files::STEP_MARKER;
use super::limits;
use super::script::quoted;
use super::snapshot::Snapshot;

/// What a new bash is given.
pub(super) struct Restored {
    /// The prologue, read by bash before the author's text.
    pub(super) text: Vec<u8>,
    /// The exported variables that mean nothing to bash itself: it takes them as its environment, which is cheaper.
    pub(super) env: Vec<(String, String)>,
}

/// `None` when the state's variables are not what bash prints. `fds` are where bash has the prologue itself and where it may
/// complain; both are closed before the author's text.
pub(super) fn restored(state: &Snapshot<'_>, fds: [i32; 2], limits_now: &str) -> Option<Restored> {
    let mut variables = declare::parse(state.variables)?;
    let mut env = Vec::new();
    variables.retain(|variable| match passed(variable) {
        Some(value) => {
            env.push((variable.name.to_owned(), value));
            false
        }
        None => true,
    });
    Some(Restored { text: prologue(state, &variables, fds, limits_now), env })
}

fn prologue(state: &Snapshot<'_>, variables: &[Variable<'_>], [own, log]: [i32; 2], limits_now: &str) -> Vec<u8> {
    let mut text = Vec::with_capacity(state.variables.len() + state.functions.len() + 2048);
    text.extend_from_slice(b"unset BASH_ENV\nBASH_ARGV0=bash\n");
    text.extend_from_slice(format!("exec 9>&2 2>&{log} {log}>&- {own}<&-\n").as_bytes());
    restore_variables(&mut text, variables);
    if variables.iter().any(|variable| variable.name == "SECONDS") && !state.seconds.is_empty() {
        line(&mut text, &[b"SECONDS=", state.seconds.as_bytes()]);
    }
    // With nothing to list, bash says so on the same stream.
    for command in state.hashes.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"builtin hash ")) {
        line(&mut text, &[command]);
    }
    line(&mut text, &[state.umask.as_bytes()]);
    line(&mut text, &[limits::commands(limits_now, state.limits).as_bytes()]);
    restore_directories(&mut text, state.dirs);
    let (late, early) = split_traps(state);
    for command in early {
        line(&mut text, &[command]);
    }
    line(&mut text, &[state.aliases]);
    // Before there are functions: one might be called `exec`, and `builtin exec` would not keep the redirection.
    text.extend_from_slice(b"exec 2>&9 9>&-\n");
    restore_functions(&mut text, state);
    restore_options(&mut text, state);
    for name in ["SHELLOPTS", "BASHOPTS"] {
        if variables.iter().any(|variable| variable.name == name && variable.attributes.contains('x')) {
            line(&mut text, &[b"builtin export ", name.as_bytes()]);
        }
    }
    finish(&mut text, state, &late);
    text
}

/// What bash sets by itself, or keeps for itself: neither may nor need be restored.
const BASHS_OWN: [&str; 33] = [
    "BASH",
    "BASHOPTS",
    "BASHPID",
    "BASH_ALIASES",
    "BASH_ARGC",
    "BASH_ARGV",
    "BASH_ARGV0",
    "BASH_CMDS",
    "BASH_COMMAND",
    "BASH_EXECUTION_STRING",
    "BASH_LINENO",
    "BASH_MONOSECONDS",
    "BASH_SOURCE",
    "BASH_SUBSHELL",
    "BASH_TRAPSIG",
    "BASH_VERSINFO",
    "BASH_VERSION",
    "COMP_WORDBREAKS",
    "DIRSTACK",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "HISTCMD",
    "LINENO",
    "PIPESTATUS",
    "PPID",
    "RANDOM",
    "SECONDS",
    "SHELLOPTS",
    "SRANDOM",
    "UID",
];

/// What a new bash has by itself, so that its absence has to be restored too.
const FRESH: [&str; 17] = [
    "BASH_LOADABLES_PATH",
    "HOME",
    "HOSTNAME",
    "HOSTTYPE",
    "IFS",
    "LOGNAME",
    "MACHTYPE",
    "MAILCHECK",
    "OLDPWD",
    "OPTERR",
    "OPTIND",
    "OSTYPE",
    "PATH",
    "PS4",
    "PWD",
    "SHELL",
    "TERM",
];

/// What bash looks at when it starts, or acts upon when it is set: these are set by the prologue, in its order.
const MINDED: [&str; 19] = [
    "COLUMNS",
    "EMACS",
    "ENV",
    "EXECIGNORE",
    "FIGNORE",
    "FUNCNEST",
    "GLOBIGNORE",
    "IGNOREEOF",
    "INPUTRC",
    "INSIDE_EMACS",
    "LINES",
    "MAIL",
    "MAILPATH",
    "POSIXLY_CORRECT",
    "PROMPT_COMMAND",
    "SHLVL",
    "TIMEFORMAT",
    "TMOUT",
    "histchars",
];

/// The value of a variable that bash may be given as its environment.
fn passed(variable: &Variable<'_>) -> Option<String> {
    let name = variable.name;
    let minded = FRESH.contains(&name)
        || MINDED.contains(&name)
        || ["BASH", "COMP", "GLIBC_", "HIST", "LANG", "LC_", "LD_", "PS", "READLINE", "SERENO_"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
    if variable.attributes != "x" || minded || !is_carried(variable) {
        return None;
    }
    // A larger one would not fit into an environment, where a variable of bash's own may be of any size.
    variable.value.filter(|value| value.len() <= LARGEST_PASSED).and_then(declare::plain_text)
}

/// The kernel takes 128 KiB a variable.
const LARGEST_PASSED: usize = 64 * 1024;

fn is_carried(variable: &Variable<'_>) -> bool {
    let name = variable.name;
    // `set -o posix` sets this one, and remembers what was before; setting it first would spoil that.
    let posix = name == "POSIXLY_CORRECT" && variable.attributes == "-" && variable.value == Some(br#""y""#);
    !(BASHS_OWN.contains(&name) || name == "_" || name == STEP_MARKER || name.starts_with("__sereno_") || posix)
}

fn restore_variables(text: &mut Vec<u8>, variables: &[Variable<'_>]) {
    for name in FRESH.iter().chain(&["SHLVL"]) {
        match variables.iter().find(|variable| variable.name == *name) {
            None => line(text, &[b"unset ", name.as_bytes()]),
            // A new bash exports these whatever it was told.
            Some(variable) if !variable.attributes.contains('x') => {
                line(text, &[b"declare +x ", name.as_bytes()]);
            }
            Some(_) => {}
        }
    }
    for variable in variables.iter().filter(|variable| is_carried(variable)) {
        restore_variable(text, variable);
    }
}

fn restore_variable(text: &mut Vec<u8>, variable: &Variable<'_>) {
    let (name, attributes) = (variable.name.as_bytes(), variable.attributes);
    let declare = |attributes: &str| [b"declare -", attributes.as_bytes(), b" ", name].concat();
    let Some(value) = variable.value else {
        return line(text, &[&declare(attributes)]);
    };
    // These change what is assigned, and the value may be from before the variable had them.
    if !attributes.contains(['i', 'l', 'u', 'c']) {
        return line(text, &[&declare(attributes), b"=", value]);
    }
    let kind: String = attributes.chars().filter(|letter| matches!(letter, 'a' | 'A')).collect();
    line(text, &[&declare(if kind.is_empty() { "-" } else { &kind }), b"=", value]);
    line(text, &[&declare(attributes)]);
}

/// The functions, and the lines of `declare -F` that say more than that there is one.
fn restore_functions(text: &mut Vec<u8>, state: &Snapshot<'_>) {
    if state.functions.is_empty() {
        return;
    }
    text.extend_from_slice(b"shopt -s extglob\n");
    line(text, &[state.functions]);
    let attributes = state.function_attributes.split(|byte| *byte == b'\n');
    for attribute in attributes.filter(|line| !line.is_empty() && !line.starts_with(b"declare -f ")) {
        line(text, &[b"builtin ", attribute]);
    }
}

/// The directories under the current one, from the bottom up.
fn restore_directories(text: &mut Vec<u8>, dirs: &[u8]) {
    let dirs: Vec<_> = dirs.split(|byte| *byte == b'\n').filter(|dir| !dir.is_empty()).collect();
    for dir in dirs.iter().skip(1).rev() {
        line(text, &[b"pushd -n ", &quoted(dir), b" >/dev/null"]);
    }
}

/// The traps that would notice what else is restored, and the others.
fn split_traps<'a>(state: &Snapshot<'a>) -> (Vec<&'a [u8]>, Vec<&'a [u8]>) {
    let is_late = |command: &&[u8]| [&b" DEBUG"[..], b" ERR", b" RETURN"].iter().any(|end| command.ends_with(end));
    state.trap_commands().into_iter().partition(is_late)
}

/// `shopt` as a whole, and the options of `set` that do not disturb the rest. `posix` goes before `shopt`, some of which
/// it sets; the others after, because `shopt -u extdebug` unsets some of them.
///
/// Setting options is slow in bash, and nearly always they are those of a new one: it looks first.
fn restore_options(text: &mut Vec<u8>, state: &Snapshot<'_>) {
    let posix = option_words(state.options, |name| name == "posix");
    // Switching it off where it is off would be a change: bash sets its variable along.
    if posix == " -o posix" {
        line(text, &[b"builtin set", posix.as_bytes()]);
    }
    let on = |prefix: &str| state.shopts.lines().filter_map(|line| line.strip_prefix(prefix)).collect::<Vec<_>>();
    unless_equal(text, "BASHOPTS", &on("shopt -s ").join(":"));
    for flag in ["-s", "-u"] {
        let mut names = on(&format!("shopt {flag} "));
        names.retain(|name| !is_not_an_option_of_ours(name));
        if !names.is_empty() {
            line(text, &[b"builtin shopt ", flag.as_bytes(), b" ", names.join(" ").as_bytes()]);
        }
    }
    text.extend_from_slice(b";; esac\n");
    let is_quiet = |name: &str| name != "posix" && !DISTURBING.contains(&name) && !INTERACTIVE.contains(&name);
    let options = option_words(state.options, is_quiet);
    if !options.is_empty() {
        unless_equal(text, "SHELLOPTS", &options_on(state));
        line(text, &[b"builtin set", options.as_bytes()]);
        text.extend_from_slice(b";; esac\n");
    }
}

/// The value that `SHELLOPTS` had.
fn options_on(state: &Snapshot<'_>) -> String {
    state.options.lines().filter_map(|line| line.strip_prefix("set -o ")).collect::<Vec<_>>().join(":")
}

/// Opens the arm for when a variable is not what it was.
fn unless_equal(text: &mut Vec<u8>, variable: &str, value: &str) {
    line(text, &[b"case $", variable.as_bytes(), b" in ", &quoted(value.as_bytes()), b") ;; *)"]);
}

/// Two that nobody can set, and those that only show what the variable `BASH_COMPAT` says, which they would set.
fn is_not_an_option_of_ours(name: &str) -> bool {
    matches!(name, "login_shell" | "restricted_shell") || name.starts_with("compat")
}

/// Restored last of all.
const DISTURBING: [&str; 8] =
    ["errexit", "nounset", "xtrace", "verbose", "noglob", "keyword", "allexport", "functrace"];
/// Of no meaning in a script, or never left on by one that reaches its end.
const INTERACTIVE: [&str; 8] = ["emacs", "vi", "history", "histexpand", "noexec", "onecmd", "privileged", "ignoreeof"];

/// ` -o errexit +o xtrace…` out of what `set +o` printed.
fn option_words(printed: &str, wanted: impl Fn(&str) -> bool) -> String {
    let mut words = String::new();
    for command in printed.lines() {
        if let Some(rest) = command.strip_prefix("set ")
            && let Some((_, name)) = rest.split_once(' ')
            && wanted(name)
        {
            words.push(' ');
            words.push_str(rest);
        }
    }
    words
}

/// Traps that notice commands, options that do, `$_`, `$?`.
fn finish(text: &mut Vec<u8>, state: &Snapshot<'_>, late: &[&[u8]]) {
    text.extend_from_slice(b"{ ");
    // A DEBUG trap would run for what stands here, so it comes last where that leaves `$?` right.
    let (debug, others): (Vec<_>, Vec<_>) = late.iter().partition(|command| command.ends_with(b" DEBUG"));
    for command in others {
        text.extend_from_slice(b"builtin ");
        text.extend_from_slice(command);
        text.extend_from_slice(b"; ");
    }
    // None of these is on in a new bash.
    for name in state.options.lines().filter_map(|line| line.strip_prefix("set -o ")) {
        if DISTURBING.contains(&name) {
            text.extend_from_slice(format!("builtin set -o {name}; ").as_bytes());
        }
    }
    let fails = state.status != 0 || state.pipe.iter().any(|code| *code != 0);
    if fails {
        for command in &debug {
            text.extend_from_slice(b"builtin ");
            text.extend_from_slice(command);
            text.extend_from_slice(b"; ");
        }
    }
    text.extend_from_slice(b"builtin : ");
    text.extend_from_slice(&quoted(state.underscore));
    if fails || state.pipe.len() > 1 {
        text.extend_from_slice(b" && ");
        text.extend_from_slice(status_command(state).as_bytes());
        // Keeps `set -e` and an ERR trap out of it; after a success it would run, and PIPESTATUS be its own.
        if state.status != 0 {
            text.extend_from_slice(b" && builtin :");
        }
    }
    if !fails {
        for command in &debug {
            text.extend_from_slice(b"; builtin ");
            text.extend_from_slice(command);
        }
    }
    text.extend_from_slice(b"; } >/dev/null 2>&1\n");
}

/// A pipeline that leaves `$?` and `PIPESTATUS` as they were.
fn status_command(state: &Snapshot<'_>) -> String {
    let parts: Vec<_> = state.pipe.iter().map(|code| format!("(builtin exit {code})")).collect();
    let last = state.pipe.last().copied().unwrap_or(0);
    let worst = state.pipe.iter().rev().find(|code| **code != 0).copied().unwrap_or(0);
    let natural = if state.options.lines().any(|line| line == "set -o pipefail") { worst } else { last };
    if parts.is_empty() || natural != state.status && u8::from(natural == 0) != state.status {
        return format!("(builtin exit {})", state.status);
    }
    let negation = if natural == state.status { "" } else { "! " };
    format!("{negation}{}", parts.join(" | "))
}

fn line(text: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        text.extend_from_slice(part);
    }
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
}
