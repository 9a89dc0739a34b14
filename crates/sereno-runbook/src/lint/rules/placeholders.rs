//! What the author left to be filled in.

use super::{Ctx, Example, Found, Lint, Severity, Text, mentions, pattern, plain, w};
use crate::model::PlaceholderKind;
use sereno_model::BlockClass;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "unresolved-placeholder",
        severity: Severity::Warning,
        title: w("A placeholder was left in", "Quedó un marcador sin reemplazar"),
        why: w(
            "this stands for a real value that nobody has written in: followed as it is, the command or address goes nowhere, or to somebody else",
            "esto ocupa el lugar de un valor real que nadie escribió: seguido tal cual, el comando o la dirección no llega a ningún lado, o llega a otro",
        ),
        fix: w(
            "Write the real value here, once, or as a variable at the head of the runbook.",
            "Escriba aquí el valor real, una vez, o como variable al comienzo del runbook.",
        ),
        bad: Example::Page("- **API:** https://api.tu-dominio.com"),
        good: Example::Page("- **API:** https://api.acme.io"),
        check: unresolved,
    },
    Lint {
        code: "parameter-in-command",
        severity: Severity::Note,
        title: w("A value that the reader must give", "Un valor que debe dar el lector"),
        why: w(
            "the reader must replace this before running the line, and nothing here says where the value comes from",
            "el lector debe reemplazar esto antes de correr la línea, y nada aquí dice de dónde sale el valor",
        ),
        fix: w(
            "Give the command that finds it, or run it with `sereno run … -p NAME=VALUE`.",
            "Dé el comando que lo averigua, o ejecútelo con `sereno run … -p NOMBRE=VALOR`.",
        ),
        bad: Example::Shell("kubectl describe pod <pod-name>"),
        good: Example::Shell("kubectl describe pod api-0"),
        check: parameter,
    },
    Lint {
        code: "example-value",
        severity: Severity::Warning,
        title: w("An example value that would be used as it is", "Un valor de ejemplo que se usaría tal cual"),
        why: w(
            "this is the value of an example, and nothing marks it as one: copied as it is, the command acts on the wrong thing or an old one",
            "este es el valor de un ejemplo, y nada lo marca como tal: copiado tal cual, el comando actúa sobre otra cosa o una vieja",
        ),
        fix: w(
            "Mark it as a value to give (`<backup-file>`, `\"$TENANT_ID\"`), and say how it is found.",
            "Márquelo como valor por dar (`<archivo>`, `\"$TENANT_ID\"`), y diga cómo se averigua.",
        ),
        bad: Example::Shell("docker exec cache redis-cli UNLINK tenant:abc123:orders"),
        good: Example::Shell("docker exec cache redis-cli UNLINK \"tenant:${TENANT_ID:?}:orders\""),
        check: example,
    },
    Lint {
        code: "unset-variable",
        severity: Severity::Warning,
        title: w("A variable that nothing sets", "Una variable que nada define"),
        why: w(
            "no line of this runbook sets this variable: in a fresh shell it is empty, and the command acts without it",
            "ninguna línea de este runbook define esta variable: en una shell nueva está vacía, y el comando actúa sin ella",
        ),
        fix: w(
            "Say where it comes from (`source .env`, `export …`), and stop when it is missing: `\"${NAME:?}\"`.",
            "Diga de dónde sale (`source .env`, `export …`), y deténgase si falta: `\"${NOMBRE:?}\"`.",
        ),
        bad: Example::Shell("curl -fsS -m 5 -X POST \"$SLACK_WEBHOOK\" -d @message.json"),
        good: Example::Shell(
            "source .env\nSLACK_WEBHOOK=$(cat /run/secrets/slack)\ncurl -fsS -m 5 -X POST \"$SLACK_WEBHOOK\" -d @message.json",
        ),
        check: unset,
    },
    Lint {
        code: "to-do-left",
        severity: Severity::Note,
        title: w("Work left to do", "Trabajo pendiente"),
        why: w(
            "this is something still to be done, where a reader at night looks for something that works",
            "esto es algo por hacer, donde quien lee de noche busca algo que funcione",
        ),
        fix: w(
            "Finish it, or move it to the tracker and say here what to do until then.",
            "Termínelo, o páselo al gestor de tareas y diga aquí qué hacer mientras tanto.",
        ),
        bad: Example::Page("## Mitigation\n\nTODO"),
        good: Example::Page("## Mitigation\n\nRestart the exporter."),
        check: to_do,
    },
];

type Places = BTreeMap<String, Vec<Range<usize>>>;

fn report(found: &mut Found<'_, '_>, places: Places) {
    for (name, mut spans) in places {
        spans.sort_by_key(|s| s.start);
        spans.dedup();
        let Some(first) = spans.first().cloned() else {
            continue;
        };
        let n = spans.len();
        let detail = if n > 1 {
            Text::new(format!("`{name}`, {n} times in this file"), format!("`{name}`, {n} veces en este archivo"))
        } else {
            Text::same(format!("`{name}`"))
        };
        found.detail(first, &detail);
    }
}

/// Names of hosts, accounts and files that only examples have.
const FILLER: &str = r"(?i)\b(https?://|ssh \S+@)?[\w.-]*\b(tu-?dominio|tudominio|tu-?api|tu-?sistema|your-?domain|yourdomain|your-?company|mi-?dominio|example|ejemplo|production-server|empresa)\.(com|org|net|io|dev|es|ar|mx|co)\b|\bYOUR/WEBHOOK/URL\b|\bYOUR[-_][A-Z_-]+\b|\b(tu|your)-(password|secret|token|api-key|clave|db|app|api|servicio|service|proyecto|project|contenedor|container|servidor|server|host|usuario|user|cluster|namespace|bucket)\b[\w-]*|\b(sk|pk|rk)_(live|test)_x{3,}\w*|\bwhsec_x{3,}\w*|/path/to/[\w./-]*|/secure/backup/location/?|\[(COMPLETAR|ORG|PROJECT|TODO|TBD|XXX|RELLENAR|FILL IN|COMPLETE|NOMBRE|PROYECTO|URL)\]";

fn unresolved(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let filler = pattern(FILLER);
    let mail = pattern(r"[\w.-]+@(example\.(com|org)|tudominio\.com|tu-dominio\.com|empresa\.com)");
    let mut places: Places = BTreeMap::new();
    for line in &ctx.lines {
        let text = ctx.book.source.get(line.span.clone()).unwrap_or("");
        if super::contacts::is_contact_line(ctx, line) {
            continue;
        }
        // Sample output and documents of another kind show such names on purpose.
        let class = line.block.and_then(|b| ctx.blocks.get(b)).map(|v| v.block.class);
        if matches!(class, Some(BlockClass::Output | BlockClass::Diagram)) {
            continue;
        }
        for hit in filler.find_iter(text) {
            let whole =
                mail.find_iter(text).find(|m| m.range().contains(&hit.start()) || hit.range().contains(&m.start()));
            let range = whole.map_or(hit.range(), |m| m.range());
            let name = key(&text[range.clone()]);
            places.entry(name).or_default().push(line.span.start + range.start..line.span.start + range.end);
        }
    }
    // `-U user -d dbname`, `user:pass@host`: accounts of an example.
    let account = pattern(
        r"-U (user|username|usuario)\b[^\n|]*-d (dbname|database|mydb|db_name)\b|\b(postgres(ql)?|mysql|redis)://(user|username|usuario):(pass|password)@\S+|\bdatname = '(tu_db|mydb|your_db)'",
    );
    for view in ctx.blocks.iter().enumerate() {
        for hit in account.find_iter(&view.1.block.text) {
            let end = if hit.as_str().starts_with("-U") { hit.start() + hit.as_str().len() } else { hit.end() };
            let span = ctx.in_source(view.0, &(hit.start()..end));
            places.entry(key(hit.as_str())).or_default().push(span);
        }
    }
    report(found, places);
}

/// What counts as the same placeholder: the host of an address, the account without its case.
fn key(text: &str) -> String {
    let host = text.split("://").last().unwrap_or(text).split(['/', ' ']).next().unwrap_or(text);
    if text.starts_with("http") {
        host.trim_start_matches("api.").trim_start_matches("www.").to_owned()
    } else {
        text.split_whitespace().collect::<Vec<_>>().join(" ").trim_start_matches("api.").to_owned()
    }
}

/// The placeholders of blocks that `filler` does not already tell.
fn of_kind(ctx: &Ctx<'_>, kind: PlaceholderKind, mut fits: impl FnMut(&str) -> bool) -> Places {
    let filler = pattern(FILLER);
    let mut places: Places = BTreeMap::new();
    for (index, view) in ctx.blocks.iter().enumerate() {
        let typed = matches!(view.block.class, BlockClass::Shell | BlockClass::Sql | BlockClass::Repl);
        for one in view.block.placeholders.iter().filter(|p| p.kind == kind) {
            let told = filler.is_match(&one.text)
                || mentions(&one.text, &["dbname", "tu_db", "user:pass"])
                || mentions(&one.text.to_lowercase(), &["example.com"]);
            if !told && fits(&one.text) && typed {
                places.entry(one.text.clone()).or_default().push(ctx.in_source(index, &one.span));
            }
        }
    }
    places
}

fn parameter(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let places = of_kind(ctx, PlaceholderKind::Bracketed, |text| {
        // `<value of the label from the alert>` says where it comes from.
        !text.eq_ignore_ascii_case("[]") && text.split_whitespace().count() < 4
    });
    report(found, places);
}

fn example(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let accounts = ["user", "dbname", "username", "pass", "password", "host", "database", "table", "column"];
    let places = of_kind(ctx, PlaceholderKind::Example, |text| {
        let prompted = ctx.book.source.contains(&format!("${text}")) || ctx.book.source.contains(&format!("${{{text}"));
        let told_elsewhere = mentions(&text.to_lowercase(), &["secret", "password"])
            || text.chars().all(|c| c.is_ascii_digit() || c == '.');
        !accounts.contains(&text) && !prompted && !told_elsewhere
    });
    report(found, places);
}

fn unset(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    // What the page lists as settings of the environment is given; so is what every shell has.
    let listed: HashSet<String> = ctx
        .lines
        .iter()
        .filter(|l| l.block.is_none_or(|b| ctx.blocks[b].block.class == BlockClass::Config))
        .flat_map(|l| pattern_names(&ctx.book.source[l.span.clone()]))
        .collect();
    let common = [
        "HOME",
        "USER",
        "PATH",
        "PWD",
        "HOSTNAME",
        "SHELL",
        "EDITOR",
        "DATABASE_URL",
        "REDIS_URL",
        "PGHOST",
        "PGUSER",
        "PGDATABASE",
    ];
    let places = of_kind(ctx, PlaceholderKind::Variable, |text| {
        let name = text.trim_start_matches(['$', '{', '"']);
        let name = name.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
        // `${NAME:?…}` asks for it: the line stops where nobody has set it.
        let demanded = ctx.book.source.contains(&format!("${{{name}:?"));
        !common.contains(&name) && !listed.contains(name) && !demanded
    });
    report(found, places);
}

/// Words in capitals of a line: `SLACK_WEBHOOK_URL`.
fn pattern_names(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
        .filter(|w| w.len() > 3 && w.contains('_'))
        .map(str::to_owned)
        .collect()
}

/// What follows the Spanish word for "all", which looks like an English `TODO`.
const ALL: &str = r"^\s+(el|la|lo|los|las|esto|este|esta|su|sus|de|en|a|un|una)\b";

fn to_do(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let word = pattern(r"\b(TODO|FIXME|TBD)\b");
    let plan =
        pattern(r"^\s*[-*]\s+\*\*[^*]+\*\*:?\s*(Integrar|Configurar|Implementar|Integrate|Set up|Implement)\b.*");
    for line in &ctx.lines {
        let text = ctx.book.source.get(line.span.clone()).unwrap_or("");
        if let Some(hit) =
            word.find(text).filter(|h| !text[..h.start()].ends_with('[') && !pattern(ALL).is_match(&text[h.end()..]))
        {
            found.here(line.span.start + hit.start()..line.span.end);
        } else if line.block.is_none() && plan.is_match(text) {
            let about =
                ctx.headings.iter().rev().find(|h| h.line <= line.number).map_or(String::new(), |h| plain(&h.title));
            if mentions(&about, &["dashboard", "monitor", "alert", "log"]) {
                let lead = text.len() - text.trim_start().len();
                found.here(line.span.start + lead..line.span.end);
            }
        }
    }
}
