//! Everything about effects in one test binary.

mod commands;
mod hostile;
mod knowledge;
mod placeholders;
mod sql;
mod statements;
mod values;
