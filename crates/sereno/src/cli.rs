//! The command line as data. What each command does lives in `commands/`.

use crate::look_args::{CpArgs, DiskArgs, EnvArgs, EventsArgs, VersionsArgs};
use crate::service_args::{
    ExecArgs, LogsArgs, MaintenanceCommand, OperateArgs, PutBackArgs, RestartArgs, ScaleArgs, SecretCommand,
    StatusArgs, StopArgs, UnstickArgs,
};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Reads your operations runbook, and walks it with you on the live system.
#[derive(Debug, Parser)]
#[command(name = "sereno", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The settings file; the nearest sereno.toml upwards when not given.
    #[arg(long, global = true, value_name = "FILE", env = "SERENO_SETTINGS", hide_env_values = true)]
    pub(crate) settings: Option<PathBuf>,
    /// What goes to stdout: text for people, json for machines.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// The language of messages; that of the locale when not given.
    #[arg(long, global = true, value_enum, env = "SERENO_LANG", hide_env_values = true)]
    pub(crate) lang: Option<LangArg>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
    /// SARIF 2.1.0, for code hosts (only `check`).
    Sarif,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LangArg {
    Es,
    En,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Looks at the project in this directory, and writes down what it found as sereno.toml.
    Init(InitArgs),
    /// Says what is wrong with a runbook before the night it is needed.
    Check(CheckArgs),
    /// Shows what was understood of a runbook.
    #[command(subcommand)]
    Runbook(RunbookCommand),
    /// Says what a command does and how risky it is.
    Effects(EffectsArgs),
    /// Shows what a run of a procedure would do, without doing it.
    Plan(PlanArgs),
    /// Walks a procedure, step by step, on the live system.
    Run(RunArgs),
    /// Lists, shows, resumes, cancels and undoes runs.
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Says yes to what a run is waiting for.
    Approve(ApproveArgs),
    /// Verifies and exports the journal.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Starts what is declared and does not run, in the order of what it needs, and waits until each is ready.
    Up(StopArgs),
    /// Ends everything, or the named components, and keeps nothing to resume; volumes and containers stay.
    Down(StopArgs),
    /// Shows every component: whether it does its work, since when, and what is wrong.
    Status(StatusArgs),
    /// Shows what components write, several of them merged by time.
    Logs(LogsArgs),
    /// Shows what happened to components lately, as far as their platform remembers.
    Events(EventsArgs),
    /// Shows the versions of a component that are still there to go back to.
    Versions(VersionsArgs),
    /// Shows the environment that a component is given, its secrets hidden.
    Env(EnvArgs),
    /// Shows what takes the room on the disks, the largest first, and whose it is.
    Disk(DiskArgs),
    /// Copies one file out of a component, for the record.
    Cp(CpArgs),
    /// Replaces the processes of a component, and waits until it is ready again.
    Restart(RestartArgs),
    /// Sets how many instances a component has, or what each may use.
    Scale(ScaleArgs),
    /// Runs a program inside a component, for the record, and ends with its code.
    Exec(ExecArgs),
    /// Emergency stop: ends everything, or the named components, shows the maintenance page, and remembers what ran.
    Stop(StopArgs),
    /// Puts back exactly what the last stop ended, then takes its maintenance page away.
    Resume(PutBackArgs),
    /// Shows the maintenance page, or takes it away.
    #[command(subcommand)]
    Maintenance(MaintenanceCommand),
    /// Reads a credential in an emergency: with a reason, a second person's yes, for some minutes, and for the record.
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Takes away the instances that are stuck at their end, without waiting for them.
    Unstick(UnstickArgs),
    /// Carries one step of an operation's plan out; only a run may.
    #[command(hide = true)]
    Operate(OperateArgs),
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Servers with systemd whose own units are the system: `ssh://deploy@web-1`.
    #[arg(value_name = "HOST")]
    pub(crate) hosts: Vec<String>,
    /// Only show what would be written.
    #[arg(long)]
    pub(crate) plan: bool,
    /// A file of settings for ssh, relative to this directory.
    #[arg(long, value_name = "FILE")]
    pub(crate) ssh_config: Option<String>,
    /// A context of the kubeconfig: its cluster is where the system lives.
    #[arg(long, value_name = "NAME", conflicts_with = "hosts")]
    pub(crate) context: Option<String>,
    /// The namespace in the cluster; the context's own when it is not named.
    #[arg(long, value_name = "NAME", conflicts_with = "hosts")]
    pub(crate) namespace: Option<String>,
    /// A kubeconfig, relative to this directory; the one that kubectl would use when it is not named.
    #[arg(long, value_name = "FILE", conflicts_with = "hosts")]
    pub(crate) kubeconfig: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) files: FilesArgs,
    /// Exit with 1 from this severity on.
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    pub(crate) fail_on: FailOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Error,
    Warning,
    Note,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunbookCommand {
    /// Lists the procedures of the runbooks.
    List(FilesArgs),
    /// Prints a runbook as it was understood.
    Show {
        #[command(flatten)]
        file: FileArgs,
        /// Only this procedure.
        #[arg(long, value_name = "NAME")]
        procedure: Option<String>,
    },
    /// Prints everything that was recovered, as JSON.
    Inspect(FileArgs),
    /// Says of how many steps Sereno can run, need a value, are a person's or a query, or were not understood, and why.
    Coverage(FilesArgs),
}

/// Runbooks, named as every command lets them be named.
#[derive(Debug, Args)]
pub(crate) struct FilesArgs {
    #[arg(value_name = "FILE", conflicts_with = "runbook")]
    files: Vec<PathBuf>,
    /// The runbook; those of the settings, or RUNBOOK.md, when not given.
    #[arg(long, value_name = "FILE")]
    runbook: Option<PathBuf>,
}

/// One runbook.
#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    #[arg(value_name = "FILE", conflicts_with = "runbook")]
    file: Option<PathBuf>,
    /// The runbook; those of the settings, or RUNBOOK.md, when not given.
    #[arg(long, value_name = "FILE")]
    runbook: Option<PathBuf>,
}

impl FilesArgs {
    pub(crate) fn named(&self) -> Vec<PathBuf> {
        self.files.iter().chain(&self.runbook).cloned().collect()
    }
}

impl FileArgs {
    pub(crate) fn named(&self) -> Option<&PathBuf> {
        self.file.as_ref().or(self.runbook.as_ref())
    }
}

#[derive(Debug, Args)]
pub(crate) struct EffectsArgs {
    /// The command, as one argument; `-` reads it from standard input.
    #[arg(value_name = "COMMAND", required = true)]
    pub(crate) command: String,
    /// The text is SQL, not shell.
    #[arg(long)]
    pub(crate) sql: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The procedure: its id, its title or a part of it; accents do not matter.
    #[arg(value_name = "PROCEDURE")]
    pub(crate) procedure: String,
    #[command(flatten)]
    pub(crate) with: WithArgs,
}

#[derive(Debug, Args)]
pub(crate) struct WithArgs {
    /// The runbook; those of the settings, or RUNBOOK.md, when not given.
    #[arg(long, value_name = "FILE")]
    pub(crate) runbook: Option<PathBuf>,
    /// A value for a placeholder of the runbook.
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
    /// Which of several options to take (`Opción 2`); again for the next group of options.
    #[arg(long = "option", value_name = "N")]
    pub(crate) options: Vec<u32>,
    /// Only these steps: `1,3-5`.
    #[arg(long, value_name = "STEPS")]
    pub(crate) steps: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[arg(value_name = "PROCEDURE")]
    pub(crate) procedure: String,
    #[command(flatten)]
    pub(crate) with: WithArgs,
    #[command(flatten)]
    pub(crate) how: HowArgs,
}

#[derive(Debug, Args)]
pub(crate) struct HowArgs {
    /// The operator's yes to the changes of the plan, given beforehand. It never stands for a second person.
    #[arg(short = 'y', long)]
    pub(crate) yes: bool,
    /// Why, for the journal.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Without a terminal: wait for the approval of another person instead of leaving with code 4.
    #[arg(long)]
    pub(crate) wait: bool,
    /// Leave out the steps that only a person can do.
    #[arg(long)]
    pub(crate) skip_manual: bool,
    /// How long a step may take: `90s`, `10m`, `2h`.
    #[arg(long, value_name = "TIME")]
    pub(crate) timeout: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// Lists runs, newest first.
    List {
        /// Only runs that have not ended.
        #[arg(long)]
        open: bool,
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Shows one run: its steps, outcomes, approvals and output.
    Show {
        #[arg(value_name = "RUN")]
        run: String,
        /// Print the output of the steps too.
        #[arg(long)]
        output: bool,
    },
    /// Takes a run up where it stands, after learning how a step that was running ended.
    Resume(ResumeArgs),
    /// Gives a run up, ending the step that runs and everything it started.
    Cancel {
        #[arg(value_name = "RUN")]
        run: String,
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Walks the runbook's own rollback of a run that changed something.
    Undo {
        #[arg(value_name = "RUN")]
        run: String,
        #[command(flatten)]
        with: WithArgs,
        #[command(flatten)]
        how: HowArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Run the step that stopped it again, for this reason.
    #[arg(long, value_name = "REASON", group = "decision")]
    pub(crate) retry: Option<String>,
    /// Leave the step that stopped it out, for this reason.
    #[arg(long, value_name = "REASON", group = "decision")]
    pub(crate) skip: Option<String>,
    /// The step that stopped it is done (by hand, or it was after all), for this reason.
    #[arg(long, value_name = "REASON", group = "decision")]
    pub(crate) done: Option<String>,
    /// Take the runbook's own "if it fails" steps, for this reason.
    #[arg(long, value_name = "REASON", group = "decision")]
    pub(crate) if_fails: Option<String>,
    #[command(flatten)]
    pub(crate) how: HowArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Why, for the journal.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// The word that the runbook demands, typed here instead of at the prompt.
    #[arg(long, value_name = "WORD")]
    pub(crate) word: Option<String>,
    /// The digest that you read, so that nothing else is approved.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) digest: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Checks the chain of the journal, or of an exported file, and names any entry that was touched.
    Verify {
        /// An exported file instead of the journal.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// The head that was printed after a run: `SEQ:HASH`. A journal cut short or rewritten whole shows against it.
        #[arg(long, value_name = "HEAD")]
        head: Option<String>,
    },
    /// Writes the journal as JSON Lines that verify offline.
    Export {
        /// To this file; standard output when not given.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}
