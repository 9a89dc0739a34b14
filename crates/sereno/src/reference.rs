//! What the documents take from the code: the command line, the lints, the exit codes, the settings, the schema.

use crate::cli::Cli;
use crate::exit::Exit;
use crate::output;
use clap::CommandFactory as _;
use std::fmt::Write as _;
use std::process::ExitCode;

const EXIT_CODES: [(Exit, &str, &str); 6] = [
    (Exit::Done, "done and verified, or done where nothing was to be verified", "nobody needs to act"),
    (
        Exit::Failed,
        "it failed, or a step failed and the run stands there",
        "read the output, then `sereno runs resume` with a decision",
    ),
    (
        Exit::Usage,
        "the command line, a file or a setting is wrong",
        "whoever typed it; the message says what was expected",
    ),
    (
        Exit::Refused,
        "Sereno would not do it: a value is missing, a role, a lock, a rule",
        "whoever typed it; the message says why",
    ),
    (Exit::Waiting, "it waits for another person's approval", "another person: `sereno approve RUN`"),
    (
        Exit::Unknown,
        "a step began and nobody can tell how it ended",
        "look at the system, then `sereno runs resume` with a decision",
    ),
];

const PROGRAMS: &str = "
`sereno exec` ends with the code of the program that it ran, whatever the table says of it, and with 125 where the program could
not be begun after all. 3, 4 and 5 keep their meaning where it did not run, waits, or nobody can tell; `--format json` tells them
from a program's own.
";

const ERRORS_AS_JSON: &str = "
## Errors as JSON

With `--format json` or `--format sarif` every command, a wrong command line too, ends with its error as one object on one
line, the last of standard error; standard output holds data alone. What is told beside an error is an object on a line of its
own before it, `{\"warning\": …}` or `{\"hint\": …}`; what a person is shown to say yes to stays text.

```json
{\"code\":\"usage\",\"exit\":2,\"hint\":\"did you mean RUNBOOK.md?\",\"message\":\"there is no file RUNBOK.md\"}
```

| field | what it holds |
|---|---|
| `code` | the kind of error, one of the names below |
| `message` | what is wrong, in the language of messages |
| `hint` | how to mend it, or `null` |
| `exit` | the exit code |

| `code` | `exit` |
|---|---|
";

/// Prints one of the generated references to stdout.
pub(crate) fn print(what: &str) -> ExitCode {
    let text = match what {
        "cli" => cli(),
        "exit-codes" => exit_codes(),
        "lints" => sereno_runbook::lint::render_reference(),
        "settings" => sereno_model::settings::reference(),
        "schema" => sereno_runbook::schema(),
        _ => {
            output::say(format!("sereno: no reference is called {what}"));
            return Exit::Usage.into();
        }
    };
    output::data(text);
    ExitCode::SUCCESS
}

fn cli() -> String {
    let mut text = String::from("# Command line\n\nGenerated from the code by `cargo xtask gen`.\n");
    let mut root = Cli::command().term_width(100);
    root.build();
    describe(&mut root, "sereno", &mut text);
    text
}

fn describe(command: &mut clap::Command, name: &str, text: &mut String) {
    let help = command.render_long_help().to_string();
    // Writing to a String cannot fail.
    let _ = write!(text, "\n## `{name}`\n\n```text\n{}\n```\n", help.trim_end());
    for sub in command.get_subcommands_mut().filter(|sub| sub.get_name() != "help") {
        let name = format!("{name} {}", sub.get_name());
        describe(sub, &name, text);
    }
}

fn exit_codes() -> String {
    let mut text = String::from(
        "# Exit codes\n\nGenerated from the code by `cargo xtask gen`.\n\n| code | meaning | who acts on it |\n|---|---|---|\n",
    );
    for (exit, meaning, who) in EXIT_CODES {
        let _ = writeln!(text, "| {} | {meaning} | {who} |", exit.code());
    }
    text.push_str(PROGRAMS);
    text.push_str(ERRORS_AS_JSON);
    for (exit, _, _) in EXIT_CODES.into_iter().filter(|(exit, _, _)| *exit != Exit::Done) {
        let _ = writeln!(text, "| `{}` | {} |", exit.name(), exit.code());
    }
    text
}
