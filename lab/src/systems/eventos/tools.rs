//! The tools of Eventos: migrations.

use std::path::PathBuf;
use std::process::Command;

use clap::Subcommand;

use crate::failure::{Doing, Failure, Result};
use crate::host::daemon::own_program;
use crate::service::{migrate, required, runtime};
use crate::stack::{Platform, Stack};

#[derive(Subcommand)]
pub(crate) enum Tool {
    /// Apply the migrations that are missing
    Migrate {
        /// Where they are
        #[arg(long, default_value = "migrations")]
        migrations: PathBuf,
        /// Also make sure that the users and events of the examples exist
        #[arg(long)]
        seed: bool,
    },
    /// Take back the last migration
    MigrateDown {
        #[arg(long, default_value = "migrations")]
        migrations: PathBuf,
    },
}

pub(crate) fn run(tool: Tool) -> Result<()> {
    let url = required("DATABASE_URL")?;
    match tool {
        Tool::Migrate { migrations, seed } => runtime()?.block_on(migrate::up(&url, &migrations, seed)),
        Tool::MigrateDown { migrations } => runtime()?.block_on(migrate::down(&url, &migrations)),
    }
}

/// Migrates as an operator would, with the same command.
pub(super) fn migrate_stack(stack: &Stack<'_>) -> Result<()> {
    let arguments = ["eventos", "migrate", "--seed"];
    if stack.platform == Platform::Compose {
        return stack.compose().run(&[["exec", "-T", "app", "lab"].as_slice(), &arguments].concat()).map(|_| ());
    }
    let mut command = Command::new(own_program()?);
    command.args(arguments).envs(stack.env.pairs()).current_dir(stack.home.dir());
    let output = command.output().doing(|| "running the migrations".to_owned())?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Failure::new(format!("the migrations failed: {text}")))
}
