//! One module per command. A command gets the context and its arguments, prints, and returns what the exit code means.

pub(crate) mod approve;
pub(crate) mod audit;
pub(crate) mod check;
pub(crate) mod cp;
pub(crate) mod disk;
pub(crate) mod effects;
pub(crate) mod env;
pub(crate) mod events;
pub(crate) mod init;
pub(crate) mod logs;
pub(crate) mod maintenance;
pub(crate) mod operate;
pub(crate) mod operation;
pub(crate) mod plan;
pub(crate) mod proofs;
pub(crate) mod run;
pub(crate) mod runbook;
pub(crate) mod runs;
pub(crate) mod secret;
pub(crate) mod status;
pub(crate) mod stops;
pub(crate) mod versions;
