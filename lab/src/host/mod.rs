//! What the lab needs of the machine: directories, processes, ports, servers, engines.
//!
//! Nothing here knows a particular system.

pub(crate) mod compose;
pub(crate) mod daemon;
pub(crate) mod env_file;
pub(crate) mod git;
pub(crate) mod home;
pub(crate) mod http;
pub(crate) mod ports;
pub(crate) mod postgres;
pub(crate) mod python;
pub(crate) mod redis;
pub(crate) mod wait;
