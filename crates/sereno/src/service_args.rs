//! The command line of the operations on services.

use crate::cli::HowArgs;
use clap::{Args, Subcommand, ValueEnum};
use sereno_operations::service::{StepKind, StepRequest};
use sereno_platform::log::Level;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Only these components.
    #[arg(value_name = "COMPONENT")]
    pub(crate) components: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// Only these components; all of them when none is named.
    #[arg(value_name = "COMPONENT")]
    pub(crate) components: Vec<String>,
    /// Go on with what comes.
    #[arg(short = 'f', long)]
    pub(crate) follow: bool,
    /// Not older than this: `10m`, `2h`, `3d`, or a time such as `2026-11-26T10:00:00Z`.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only the last lines of each instance; 100 when neither this nor --since is given.
    #[arg(long, value_name = "N")]
    pub(crate) tail: Option<u64>,
    /// Only lines that match this regular expression.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) grep: Option<String>,
    /// Only lines at least this grave; the lines that follow one without a level of their own belong to it.
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) level: Option<LevelArg>,
    /// JSON lines as they are, instead of their message and fields.
    #[arg(long)]
    pub(crate) raw: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelArg {
    Debug,
    Info,
    Warning,
    Error,
    Fatal,
}

impl LevelArg {
    pub(crate) fn level(self) -> Level {
        match self {
            Self::Debug => Level::Debug,
            Self::Info => Level::Info,
            Self::Warning => Level::Warning,
            Self::Error => Level::Error,
            Self::Fatal => Level::Fatal,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct OperationArgs {
    /// Only show what would be done.
    #[arg(long)]
    pub(crate) plan: bool,
    #[command(flatten)]
    pub(crate) how: HowArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RestartArgs {
    #[arg(value_name = "COMPONENT")]
    pub(crate) component: String,
    #[command(flatten)]
    pub(crate) operation: OperationArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ScaleArgs {
    #[arg(value_name = "COMPONENT")]
    pub(crate) component: String,
    /// How many instances.
    #[arg(value_name = "N", required_unless_present_any = ["cpu", "memory"])]
    pub(crate) replicas: Option<u32>,
    /// How much processor an instance may use: `0.5`, `2`, `500m`.
    #[arg(long, value_name = "CPUS", conflicts_with = "replicas")]
    pub(crate) cpu: Option<String>,
    /// How much memory an instance may use: `256M`, `1G`.
    #[arg(long, value_name = "SIZE", conflicts_with = "replicas")]
    pub(crate) memory: Option<String>,
    #[command(flatten)]
    pub(crate) operation: OperationArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExecArgs {
    #[arg(value_name = "COMPONENT")]
    pub(crate) component: String,
    /// In this instance; the first that is ready when not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) instance: Option<String>,
    /// Give the program a terminal of its own.
    #[arg(short = 't', long)]
    pub(crate) terminal: bool,
    #[command(flatten)]
    pub(crate) operation: OperationArgs,
    /// The program and its words, after `--`. No shell reads them.
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    pub(crate) argv: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct StopArgs {
    /// Only these components; everything when none is named.
    #[arg(value_name = "COMPONENT")]
    pub(crate) components: Vec<String>,
    #[command(flatten)]
    pub(crate) operation: OperationArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PutBackArgs {
    #[command(flatten)]
    pub(crate) operation: OperationArgs,
}

#[derive(Debug, Args)]
pub(crate) struct UnstickArgs {
    /// Only of this component; of all of them when none is named.
    #[arg(value_name = "COMPONENT")]
    pub(crate) component: Option<String>,
    #[command(flatten)]
    pub(crate) operation: OperationArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MaintenanceCommand {
    /// Shows it to everybody: nobody is served any more.
    On(PutBackArgs),
    /// Takes it away, and puts back exactly what was there.
    Off(PutBackArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Asks that whoever runs this may read credentials for some minutes.
    Reveal(RevealArgs),
    /// Prints what an open reveal lets this person read; each time is an entry of the journal.
    Show {
        #[arg(value_name = "RUN")]
        run: String,
        /// Into a new file that only this user can read, instead of the terminal.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Ends a reveal before its time is over.
    Close {
        #[arg(value_name = "RUN")]
        run: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RevealArgs {
    /// A component, or a secret of Kubernetes with its key: `secret/NAME#KEY`.
    #[arg(value_name = "COMPONENT")]
    pub(crate) of: String,
    /// The variables, or more keys of that secret.
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// For how long.
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) minutes: u32,
    #[command(flatten)]
    pub(crate) operation: OperationArgs,
}

/// A step of a plan, as [`StepRequest::argv`] writes it.
#[derive(Debug, Args)]
pub(crate) struct OperateArgs {
    #[arg(value_parser = step_kind)]
    pub(crate) kind: StepKind,
    // The component, and after it the words of an `exec`.
    #[arg(last = true, required = true)]
    pub(crate) words: Vec<String>,
    #[arg(long)]
    pub(crate) on: String,
    #[arg(long)]
    pub(crate) instance: Vec<String>,
    #[arg(long)]
    pub(crate) seen: Vec<String>,
    #[arg(long)]
    pub(crate) replicas: Option<u32>,
    #[arg(long)]
    pub(crate) cpu_millis: Option<u64>,
    #[arg(long)]
    pub(crate) memory: Option<u64>,
    #[arg(long)]
    pub(crate) terminal: bool,
    #[arg(long)]
    pub(crate) looked: bool,
    #[arg(long)]
    pub(crate) definition: Option<String>,
    #[arg(long)]
    pub(crate) within: u64,
}

impl OperateArgs {
    pub(crate) fn step(&self) -> StepRequest {
        let (component, program) = self.words.split_first().unzip();
        StepRequest {
            kind: self.kind,
            component: component.cloned().unwrap_or_default(),
            program: program.map(<[String]>::to_vec).unwrap_or_default(),
            terminal: self.terminal,
            looked: self.looked,
            target: self.on.clone(),
            instances: self.instance.clone(),
            marks: self.seen.clone(),
            definition: self.definition.clone(),
            replicas: self.replicas,
            cpu_millis: self.cpu_millis,
            memory: self.memory,
            within: Duration::from_secs(self.within),
        }
    }
}

fn step_kind(text: &str) -> Result<StepKind, String> {
    StepKind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| format!("no step is called {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser as _;

    #[test]
    fn a_steps_command_line_is_read_back_as_it_was() {
        for kind in StepKind::ALL {
            let step = StepRequest {
                instances: vec!["api_1".to_owned(), "api_2".to_owned()],
                marks: vec!["0123@2026-11-26T10:00:00Z".to_owned()],
                replicas: Some(3),
                cpu_millis: Some(500),
                memory: Some(1 << 30),
                definition: Some("-x".to_owned()),
                program: ["ls", "--", "--help", "-t"].map(str::to_owned).to_vec(),
                terminal: true,
                looked: true,
                ..StepRequest::new(kind, "--help", "compose:pedidos@A:B")
            };
            match Cli::parse_from(step.argv()).command {
                Command::Operate(args) => assert_eq!(args.step(), step),
                other => panic!("read as {other:?}"),
            }
        }
    }
}
