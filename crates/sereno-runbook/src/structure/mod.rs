//! What a cut document means: its sections with their roles, its procedures with their steps, its incidents.

mod comments;
mod dates;
mod draft;
mod incidents;
mod language;
mod links;
mod metadata;
mod parts;
mod procedures;
mod roles;
mod script;
mod sections;
mod statements;
mod variants;
mod walk;
mod why;

pub(crate) use dates::iso_date;
pub(crate) use incidents::incidents;
pub(crate) use language::language;
pub(crate) use metadata::metadata;
pub(crate) use procedures::procedures;
pub(crate) use sections::{Outline, clean_title, outline};
