//! `sereno effects 'COMMAND'`: what a command does and how risky it is.

use crate::cli::{EffectsArgs, Format};
use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::render::{self, BOLD, DIM, styled};
use crate::report::{Failure, Result};
use sereno_effects::{analyze_shell, analyze_sql};
use sereno_model::{Effect, Lang, Risk};
use std::io::Read as _;

/// More than anybody types: a bound for what is read from standard input.
const LIMIT: u64 = 4 << 20;

struct Line {
    text: String,
    risk: Risk,
    effects: Vec<Effect>,
    notes: Vec<&'static str>,
    unknown: Vec<String>,
}

pub(crate) fn effects(context: &Context, args: &EffectsArgs) -> Result<Exit> {
    let text = if args.command == "-" { read_stdin()? } else { args.command.clone() };
    let (risk, lines) = if args.sql { of_sql(&text) } else { of_shell(context, &text) };
    if context.format == Format::Json {
        let statements: Vec<_> = lines
            .iter()
            .map(|l| {
                serde_json::json!({
                    "text": l.text, "risk": l.risk, "notes": l.notes, "unknown_commands": l.unknown,
                    "effects": l.effects,
                })
            })
            .collect();
        output::line(serde_json::json!({ "risk": risk, "statements": statements }));
        return Ok(Exit::Done);
    }
    for line in &lines {
        let first = line.text.lines().next().unwrap_or_default();
        let more = if line.text.lines().nth(1).is_some() { " …" } else { "" };
        let word = render::risk_word(line.risk, context.lang);
        output::line(format!(
            "{}  {}{more}",
            styled(render::risk_style(line.risk), format!("{word:<13}")),
            styled(BOLD, first)
        ));
        for effect in &line.effects {
            output::line(format!("               {}", effect.text.get(context.lang)));
        }
        for note in &line.notes {
            output::line(format!("               {}", styled(DIM, note_word(note, context.lang))));
        }
        if !line.unknown.is_empty() {
            let names = line.unknown.join(", ");
            output::line(match context.lang {
                Lang::En => format!("               not known: {names}"),
                Lang::Es => format!("               no se conoce: {names}"),
            });
        }
    }
    if lines.len() > 1 {
        let word = styled(render::risk_style(risk), render::risk_word(risk, context.lang));
        output::line(match context.lang {
            Lang::En => format!("as a whole: {word}"),
            Lang::Es => format!("en conjunto: {word}"),
        });
    }
    Ok(Exit::Done)
}

fn of_shell(context: &Context, text: &str) -> (Risk, Vec<Line>) {
    let analysis = analyze_shell(text, &context.knowledge);
    let lines = analysis
        .statements
        .iter()
        .map(|statement| {
            let mut notes = Vec::new();
            if statement.interactive.is_some() {
                notes.push("interactive");
            }
            if statement.endless {
                notes.push("endless");
            }
            if statement.opens.is_some() {
                notes.push("opens");
            }
            Line {
                text: text.get(statement.span.clone()).unwrap_or_default().to_owned(),
                risk: statement.risk,
                effects: statement.effects.clone(),
                notes,
                unknown: statement.unknown_commands.clone(),
            }
        })
        .collect();
    (analysis.risk, lines)
}

fn of_sql(text: &str) -> (Risk, Vec<Line>) {
    let analysis = analyze_sql(text);
    let lines = analysis
        .statements
        .iter()
        .map(|statement| Line {
            text: text.get(statement.span.clone()).unwrap_or_default().trim().to_owned(),
            risk: statement.risk,
            effects: statement.effects.clone(),
            notes: Vec::new(),
            unknown: Vec::new(),
        })
        .collect();
    (analysis.risk, lines)
}

fn note_word(note: &str, lang: Lang) -> &str {
    match (note, lang) {
        ("interactive", Lang::En) => "waits for a person",
        ("interactive", Lang::Es) => "espera a una persona",
        ("endless", Lang::En) => "does not end by itself",
        ("endless", Lang::Es) => "no termina por sí solo",
        ("opens", Lang::En) => "leaves you in another shell or console: later lines are not for this one",
        ("opens", Lang::Es) => "te deja en otro shell o consola: las líneas siguientes no son para este",
        _ => note,
    }
}

fn read_stdin() -> Result<String> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().take(LIMIT).read_to_end(&mut bytes);
    read.map_err(|error| {
        Failure::new(Exit::Usage, format!("standard input: {error}"), format!("entrada estándar: {error}"))
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
