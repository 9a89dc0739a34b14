//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::breaking;
use crate::commands::{self, UpOptions};
use crate::failure::Result;
use crate::host::daemon;
use crate::host::home::Home;
use crate::load::{self, LoadOptions};
use crate::say::say;
use crate::stack::{Platform, Stack};
use crate::system::System;
use crate::systems::{self, eventos, lotolink, pedidos};

/// Small real systems to operate, break and mend.
#[derive(Parser)]
#[command(name = "lab", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the systems
    List,
    /// Start a system with its own databases, and return when it is healthy
    Up {
        #[command(flatten)]
        place: Place,
        /// Where its components live (default: process)
        #[arg(long)]
        platform: Option<Platform>,
        /// The API's port (default: 3000, or a free one)
        #[arg(long)]
        port: Option<u16>,
        /// Which cluster, for the platform kubernetes
        #[arg(long, env = "KUBECONFIG")]
        kubeconfig: Option<PathBuf>,
        /// Its namespace there (default: the system's own)
        #[arg(long)]
        namespace: Option<String>,
    },
    /// Stop a system; its data stays
    Down {
        #[command(flatten)]
        place: Place,
        /// Also delete data, logs and settings
        #[arg(long)]
        wipe: bool,
    },
    /// Show which components run (exit code 1 if one does not)
    Status {
        #[command(flatten)]
        place: Place,
        #[arg(long)]
        json: bool,
    },
    /// Start one component
    Start {
        #[command(flatten)]
        place: Place,
        component: String,
    },
    /// Stop one component
    Stop {
        #[command(flatten)]
        place: Place,
        component: String,
    },
    /// Restart one component
    Restart {
        #[command(flatten)]
        place: Place,
        component: String,
    },
    /// List what can be broken
    Faults { system: String },
    /// Break something on purpose
    Break {
        #[command(flatten)]
        place: Place,
        fault: String,
        /// What the fault takes, as `lab faults` lists it
        #[arg(short, value_name = "NAME=VALUE")]
        parameters: Vec<String>,
        /// Chooses what is not said; the same number chooses the same
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Mend what was broken
    Mend {
        #[command(flatten)]
        place: Place,
        /// Which fault (default: all that are in)
        fault: Option<String>,
    },
    /// Behave like the system's users, at a steady rate
    Load {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        options: LoadOptions,
    },
    /// Tools of Eventos
    #[command(subcommand)]
    Eventos(eventos::Tool),
    /// Tools of LotoLink
    #[command(subcommand)]
    Lotolink(lotolink::Tool),
    /// Tools of Pedidos
    #[command(subcommand)]
    Pedidos(pedidos::Tool),
    /// Serve one component of a system
    #[command(hide = true)]
    Serve { system: String, role: String },
    /// Run a command in a session of its own
    #[command(hide = true)]
    Detach {
        #[arg(last = true)]
        command: Vec<String>,
    },
}

#[derive(Args)]
struct Place {
    /// Which system (`lab list`)
    system: String,
    /// Its directory (default: lab-SYSTEM in the directory for temporary files)
    #[arg(long, env = "LAB_DIR")]
    dir: Option<PathBuf>,
}

impl Place {
    fn system(&self) -> Result<&'static dyn System> {
        systems::find(&self.system)
    }

    fn dir(&self) -> PathBuf {
        let default = || std::env::temp_dir().join(format!("lab-{}", self.system));
        self.dir.clone().unwrap_or_else(default)
    }

    fn stack(&self) -> Result<Stack<'static>> {
        let system = self.system()?;
        Stack::new(system, Home::open(&self.dir())?)
    }
}

pub(crate) fn run() -> Result<ExitCode> {
    match Cli::parse().command {
        Command::List => {
            for system in systems::all() {
                say!("{:<10} {}", system.name(), system.summary());
            }
        }
        Command::Up { place, platform, port, kubeconfig, namespace } => {
            let options = UpOptions { platform, port, kubeconfig, namespace };
            commands::up(place.system()?, &place.dir(), &options)?;
        }
        Command::Down { place, wipe } => commands::down(&place.stack()?, wipe)?,
        Command::Status { place, json } => {
            if !commands::status(&place.stack()?, json)? {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Start { place, component } => commands::start(&place.stack()?, &component)?,
        Command::Stop { place, component } => commands::stop(&place.stack()?, &component)?,
        Command::Restart { place, component } => commands::restart(&place.stack()?, &component)?,
        Command::Faults { system } => breaking::list(systems::find(&system)?),
        Command::Break { place, fault, parameters, seed } => {
            breaking::inject(&place.stack()?, &fault, &parameters, seed)?;
        }
        Command::Mend { place, fault } => breaking::mend(&place.stack()?, fault.as_deref())?,
        Command::Load { place, options } => load::run(&place.stack()?, &options)?,
        Command::Eventos(tool) => eventos::run_tool(tool)?,
        Command::Lotolink(tool) => lotolink::run_tool(tool)?,
        Command::Pedidos(tool) => pedidos::run_tool(tool)?,
        Command::Serve { system, role } => systems::find(&system)?.serve(&role)?,
        Command::Detach { command } => daemon::detach(&command)?,
    }
    Ok(ExitCode::SUCCESS)
}
