//! `sereno versions`: what a component was before, and what one could still go back to.

use super::status::ago;
use crate::cli::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::look_args::VersionsArgs;
use crate::output;
use crate::render::{BOLD, DIM, GREEN, one_line};
use crate::report::Result;
use crate::system::{self, failure};
use crate::table;
use anstyle::Style;
use jiff::Timestamp;
use sereno_engine::walk::redact_json;
use sereno_model::Lang;
use sereno_platform::{Detail, Version, find};

pub(crate) async fn versions(context: &Context, args: &VersionsArgs) -> Result<Exit> {
    let platform = system::platform(context).await?;
    let all = platform.components(Detail::State).await.map_err(|error| failure(&error))?;
    let component = find(&all, &args.component).map_err(|error| failure(&error))?;
    let versions = platform.versions(component).await.map_err(|error| failure(&error))?;
    if context.format == Format::Json {
        let (target, name) = (platform.target(), &component.name);
        let mut value = serde_json::json!({ "target": target, "component": name, "versions": versions });
        redact_json(&mut value, &context.redactor());
        output::line(value);
        return Ok(Exit::Done);
    }
    if versions.is_empty() {
        output::say(match context.lang {
            Lang::En => "no version is kept",
            Lang::Es => "no se guarda ninguna versión",
        });
    }
    table::print(&rows(context, &versions, Timestamp::now()));
    Ok(Exit::Done)
}

fn rows(context: &Context, versions: &[Version], now: Timestamp) -> Vec<Vec<table::Cell>> {
    let redactor = context.redactor();
    let redacted = |text: &str| one_line(&redactor.redact(text));
    let row = |version: &Version| {
        let (mark, style) = if version.is_current { ("→", GREEN) } else { ("", Style::new()) };
        vec![
            (mark.to_owned(), GREEN),
            (redacted(&version.what), style),
            (version.at.map_or_else(|| "-".to_owned(), |at| ago(at, now)), DIM),
            (short(&one_line(&version.id)), BOLD),
            (version.note.as_ref().map(|note| redacted(note.get(context.lang))).unwrap_or_default(), DIM),
        ]
    };
    versions.iter().map(row).collect()
}

/// A digest as people say it.
fn short(id: &str) -> String {
    const SHOWN: usize = "sha256:".len() + 12;
    if id.starts_with("sha256:") { id.chars().take(SHOWN).collect() } else { id.to_owned() }
}
