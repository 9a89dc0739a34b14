//! `sereno audit verify|export`: the journal's chain.

use crate::cli::{AuditCommand, Format};
use crate::context::{Context, store_failure};
use crate::exit::Exit;
use crate::output;
use crate::report::{Failure, Result, unusable};
use sereno_model::Lang;
use sereno_store::{ExportError, Head, Problem, VerifyReport, verify_export};
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

pub(crate) async fn audit(context: &Context, command: &AuditCommand) -> Result<Exit> {
    match command {
        AuditCommand::Verify { file, head } => verify(context, file.as_deref(), head.as_deref()).await,
        AuditCommand::Export { file } => export(context, file.as_deref()).await,
    }
}

async fn verify(context: &Context, file: Option<&Path>, head: Option<&str>) -> Result<Exit> {
    let expected = head.map(parse_head).transpose()?;
    let report = if let Some(path) = file {
        let file = File::open(path).map_err(|e| unusable(Exit::Usage, path, &e))?;
        let report = verify_export(BufReader::new(file), expected).map_err(|e| unusable(Exit::Usage, path, &e))?;
        if report.entries == 0 && report.problems.is_empty() {
            let name = path.display();
            return Err(Failure::new(
                Exit::Failed,
                format!("{name} holds no entry: it proves nothing"),
                format!("{name} no tiene ninguna entrada: no prueba nada"),
            ));
        }
        report
    } else {
        let store = context.store().await?;
        let who = context.store_context();
        let verified = match expected {
            Some(head) => store.verify_against(&who, head).await,
            None => store.verify(&who).await,
        };
        verified.map_err(|e| store_failure(&e))?
    };
    print_report(context, &report);
    Ok(if report.problems.is_empty() { Exit::Done } else { Exit::Failed })
}

fn print_report(context: &Context, report: &VerifyReport) {
    if context.format == Format::Json {
        let problems: Vec<_> = report
            .problems
            .iter()
            .map(|p: &Problem| serde_json::json!({ "seq": p.seq, "message": p.text().get(context.lang) }))
            .collect();
        output::line(serde_json::json!({
            "entries": report.entries, "head": { "seq": report.head.seq, "hash": report.head.hash }, "problems": problems,
        }));
        return;
    }
    for problem in &report.problems {
        output::line(problem.text().get(context.lang));
    }
    let head = format!("{}:{}", report.head.seq, report.head.hash);
    output::line(match (report.problems.is_empty(), context.lang) {
        (true, Lang::En) => format!("{} entries, the chain holds; head {head}", report.entries),
        (true, Lang::Es) => format!("{} entradas, la cadena está íntegra; cabeza {head}", report.entries),
        (false, Lang::En) => format!("{} entries, {} of them do not hold", report.entries, report.problems.len()),
        (false, Lang::Es) => format!("{} entradas, {} no están íntegras", report.entries, report.problems.len()),
    });
}

fn parse_head(text: &str) -> Result<Head> {
    let parsed = text.split_once(':').and_then(|(seq, hash)| {
        serde_json::from_value(serde_json::json!({ "seq": seq.parse::<u64>().ok()?, "hash": hash })).ok()
    });
    parsed.ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format!("--head: `{text}` is not a head"),
            format!("--head: `{text}` no es una cabeza"),
        )
        .hint("it is NUMBER:HASH, as printed after a run", "es NÚMERO:HASH, como se imprime después de una ejecución")
    })
}

async fn export(context: &Context, file: Option<&Path>) -> Result<Exit> {
    let store = context.store().await?;
    let who = context.store_context();
    let mut target: Box<dyn Write> = match file {
        Some(path) => Box::new(File::create(path).map_err(|e| unusable(Exit::Usage, path, &e))?),
        None => Box::new(io::stdout().lock()),
    };
    let head = store.export(&who, &mut target).await.map_err(|e| export_failure(&e))?;
    target.flush().map_err(|e| Failure::new(Exit::Failed, e.to_string(), e.to_string()))?;
    output::say(match context.lang {
        Lang::En => format!("head {}:{}", head.seq, head.hash),
        Lang::Es => format!("cabeza {}:{}", head.seq, head.hash),
    });
    Ok(Exit::Done)
}

fn export_failure(error: &ExportError) -> Failure {
    match error {
        ExportError::Store(error) => store_failure(error),
        ExportError::Write(source) => Failure::new(
            Exit::Failed,
            format!("the export cannot be written: {source}"),
            format!("no se puede escribir la exportación: {source}"),
        ),
    }
}
