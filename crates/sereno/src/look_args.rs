//! The command line of what only looks.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct EventsArgs {
    /// Only these components; all of them when none is named.
    #[arg(value_name = "COMPONENT")]
    pub(crate) components: Vec<String>,
    /// Not older than this: `10m`, `2h`, `3d`, or a time such as `2026-11-26T10:00:00Z`.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only what somebody should look at.
    #[arg(long)]
    pub(crate) warnings: bool,
}

#[derive(Debug, Args)]
pub(crate) struct VersionsArgs {
    #[arg(value_name = "COMPONENT")]
    pub(crate) component: String,
}

#[derive(Debug, Args)]
pub(crate) struct EnvArgs {
    #[arg(value_name = "COMPONENT")]
    pub(crate) component: String,
    /// Compare it with the names that this file declares, such as .env.example; exit with 1 when one is missing.
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DiskArgs {
    /// Only these components; all of them when none is named.
    #[arg(value_name = "COMPONENT")]
    pub(crate) components: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CpArgs {
    /// The file: a component, a colon, and its path there.
    #[arg(value_name = "COMPONENT:PATH")]
    pub(crate) from: String,
    /// Where to put it: a file, a folder, or `-` for standard output.
    #[arg(value_name = "DEST")]
    pub(crate) to: PathBuf,
    /// From this instance; the first that is ready when not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) instance: Option<String>,
    /// Write over a file that is there.
    #[arg(long)]
    pub(crate) force: bool,
    /// Why, for the journal.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}
