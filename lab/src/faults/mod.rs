//! What breaking has in common in several systems.

pub(crate) mod noise;
pub(crate) mod password;
pub(crate) mod sql;
