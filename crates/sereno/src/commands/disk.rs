//! `sereno disk`: who takes the room, the largest first, and how much is left.

use super::status::size;
use crate::cli::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::look_args::DiskArgs;
use crate::output;
use crate::render::{BOLD, DIM, RED, YELLOW, one_line};
use crate::report::Result;
use crate::system::{self, chosen, failure};
use crate::table;
use anstyle::Style;
use sereno_engine::walk::redact_json;
use sereno_model::Lang;
use sereno_platform::{Component, Detail, Volume};
use std::cmp::Reverse;

/// A disk with less than this part free is nearly full.
const LITTLE: f64 = 0.1;

pub(crate) async fn disk(context: &Context, args: &DiskArgs) -> Result<Exit> {
    let platform = system::platform(context).await?;
    let all = platform.components(Detail::State).await.map_err(|error| failure(&error))?;
    let named: Vec<Component> = chosen(&all, &args.components)?.into_iter().cloned().collect();
    let mut volumes = platform.volumes(&named).await.map_err(|error| failure(&error))?;
    if !args.components.is_empty() {
        let is_of = |volume: &Volume| volume.owners.iter().any(|owner| args.components.contains(owner));
        volumes.retain(|volume| is_of(volume) || volume.kind == "disk");
    }
    volumes.sort_by(|a, b| {
        let key = |volume: &Volume| (volume.kind == "disk", Reverse(volume.used));
        (key(a), &a.name).cmp(&(key(b), &b.name))
    });
    if context.format == Format::Json {
        let mut value = serde_json::json!({ "target": platform.target(), "volumes": volumes });
        redact_json(&mut value, &context.redactor());
        output::line(value);
        return Ok(Exit::Done);
    }
    table::print(&rows(context, &volumes));
    Ok(Exit::Done)
}

fn rows(context: &Context, volumes: &[Volume]) -> Vec<Vec<table::Cell>> {
    let lang = context.lang;
    let redactor = context.redactor();
    let heads = match lang {
        Lang::En => ["USED", "FREE", "OF", "OWNER", "KIND", "NAME", ""],
        Lang::Es => ["OCUPA", "LIBRE", "DE", "DUEÑO", "TIPO", "NOMBRE", ""],
    };
    let bytes = |bytes: Option<u64>| bytes.map_or_else(|| "-".to_owned(), size);
    let plain = Style::new();
    let row = |volume: &Volume| {
        let (owner, owner_style) = match (volume.owners.as_slice(), volume.kind.as_str()) {
            ([], "disk" | "cache") => ("-".to_owned(), DIM),
            ([], _) if lang == Lang::Es => ("nadie".to_owned(), YELLOW),
            ([], _) => ("nobody".to_owned(), YELLOW),
            (owners, _) => (one_line(&owners.join(",")), BOLD),
        };
        vec![
            (bytes(volume.used), plain),
            (bytes(volume.free), if is_nearly_full(volume) { RED.bold() } else { DIM }),
            (bytes(volume.capacity), DIM),
            (owner, owner_style),
            (one_line(&volume.kind), DIM),
            (one_line(&redactor.redact(&volume.name)), plain),
            (volume.note.as_ref().map(|note| one_line(&redactor.redact(note.get(lang)))).unwrap_or_default(), YELLOW),
        ]
    };
    std::iter::once(heads.map(|head| (head.to_owned(), DIM)).to_vec()).chain(volumes.iter().map(row)).collect()
}

fn is_nearly_full(volume: &Volume) -> bool {
    volume.free.zip(volume.capacity).is_some_and(|(free, capacity)| (free as f64) < capacity as f64 * LITTLE)
}
