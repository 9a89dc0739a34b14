//! `sereno env`: what a component is given, its secrets hidden, and whether that is what it needs.

mod against;
mod hidden;

use crate::cli::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::look_args::EnvArgs;
use crate::output;
use crate::render::{BOLD, DIM, YELLOW, one_line};
use crate::report::Result;
use crate::system::{self, failure};
use crate::table;
use anstyle::Style;
use hidden::{Hider, Shown};
use sereno_model::Lang;
use sereno_platform::{Detail, Variable, find};

pub(crate) async fn env(context: &Context, args: &EnvArgs) -> Result<Exit> {
    let declared = args.against.as_deref().map(against::declared).transpose()?;
    let platform = system::platform(context).await?;
    let all = platform.components(Detail::State).await.map_err(|error| failure(&error))?;
    let component = find(&all, &args.component).map_err(|error| failure(&error))?;
    let variables = platform.environment(component).await.map_err(|error| failure(&error))?;
    if let Some(declared) = declared {
        return Ok(against::tell(context, &against::compare(&declared, &variables)));
    }
    let hider = Hider::new(context, &variables);
    let shown: Vec<(&Variable, Shown)> = variables.iter().map(|variable| (variable, hider.show(variable))).collect();
    if context.format == Format::Json {
        let one = |(variable, shown): &(&Variable, Shown)| {
            serde_json::json!({
                "name": variable.name, "value": shown.text, "redacted": shown.is_hidden,
                "fingerprint": shown.fingerprint, "source": variable.source,
            })
        };
        let variables: Vec<_> = shown.iter().map(one).collect();
        let (target, name) = (platform.target(), &component.name);
        output::line(serde_json::json!({ "target": target, "component": name, "variables": variables }));
        return Ok(Exit::Done);
    }
    table::print(&shown.iter().map(|(variable, shown)| row(context.lang, variable, shown)).collect::<Vec<_>>());
    Ok(Exit::Done)
}

fn row(lang: Lang, variable: &Variable, shown: &Shown) -> Vec<table::Cell> {
    let (value, style) = match &shown.text {
        None if variable.name == Variable::UNKNOWN && lang == Lang::Es => {
            ("[no se puede leer qué hay]".to_owned(), YELLOW)
        }
        None if variable.name == Variable::UNKNOWN => ("[what is there may not be read]".to_owned(), YELLOW),
        None if lang == Lang::Es => ("[no se puede leer]".to_owned(), YELLOW),
        None => ("[may not be read]".to_owned(), YELLOW),
        Some(text) => (one_line(text), if shown.is_hidden { DIM } else { Style::new() }),
    };
    let fingerprint = shown.fingerprint.as_ref().map(|print| format!(" #{print}")).unwrap_or_default();
    let odd = shown.odd.as_ref().map(|odd| format!(" ({})", odd.get(lang))).unwrap_or_default();
    vec![
        (one_line(&variable.name), BOLD),
        (format!("{value}{fingerprint}{odd}"), style),
        (one_line(&variable.source), DIM),
    ]
}
