//! The runbook as a document: its index, what it refers to.

use super::{Ctx, Example, Found, Lint, Severity, Text, mentions, pattern, plain, w};
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "missing-file",
        severity: Severity::Error,
        title: w("A file that does not exist", "Un archivo que no existe"),
        why: w(
            "the runbook relies on this file, and it is not there beside the runbook",
            "el runbook depende de este archivo, y no está junto al runbook",
        ),
        fix: w(
            "Correct the path, or add the file to the repository.",
            "Corrija la ruta, o agregue el archivo al repositorio.",
        ),
        bad: Example::Shell("bash scripts/absent.sh"),
        good: Example::Shell("df -h"),
        check: missing,
    },
    Lint {
        code: "index-link-broken",
        severity: Severity::Warning,
        title: w("An index entry that leads nowhere", "Una entrada del índice que no lleva a ninguna parte"),
        why: w(
            "no heading of this file has this anchor: the link does nothing",
            "ningún título de este archivo tiene esta ancla: el enlace no hace nada",
        ),
        fix: w("Correct the anchor, or add the section.", "Corrija el ancla, o agregue la sección."),
        bad: Example::Page("## Index\n\n- [Deploy](#deploy)\n- [Restore](#restore)\n\n## Deploy\n\nText."),
        good: Example::Page("## Index\n\n- [Deploy](#deploy)\n\n## Deploy\n\nText."),
        check: broken,
    },
    Lint {
        code: "index-link-unreliable",
        severity: Severity::Note,
        title: w("Index links that some viewers do not follow", "Enlaces del índice que algunos visores no siguen"),
        why: w(
            "these headings begin with an emoji: on GitHub their anchor begins with a hyphen (`#-deploy`), so the links of the index do nothing there",
            "estos títulos empiezan con un emoji: en GitHub su ancla empieza con guion (`#-deploy`), así que los enlaces del índice no hacen nada allí",
        ),
        fix: w(
            "Leave the emoji out of the heading, or write the anchor with the hyphen.",
            "Quite el emoji del título, o escriba el ancla con el guion.",
        ),
        bad: Example::Page("## Index\n\n- [Deploy](#deploy)\n\n## 🚀 Deploy\n\nText."),
        good: Example::Page("## Index\n\n- [Deploy](#deploy)\n\n## Deploy\n\nText."),
        check: unreliable,
    },
    Lint {
        code: "index-incomplete",
        severity: Severity::Note,
        title: w("Sections missing from the index", "Secciones que faltan en el índice"),
        why: w(
            "the index does not list these sections: who looks for them there thinks that they do not exist",
            "el índice no lista estas secciones: quien las busca ahí cree que no existen",
        ),
        fix: w("Add them to the index.", "Agréguelas al índice."),
        bad: Example::Page(
            "## Index\n\n1. [Deploy](#deploy)\n2. [Rollback](#rollback)\n\n## Deploy\n\nText.\n\n## Rollback\n\nText.\n\n## Contacts\n\nText.",
        ),
        good: Example::Page(
            "## Index\n\n1. [Deploy](#deploy)\n2. [Rollback](#rollback)\n\n## Deploy\n\nText.\n\n## Rollback\n\nText.",
        ),
        check: incomplete,
    },
    Lint {
        code: "sample-is-not-json",
        severity: Severity::Note,
        title: w("JSON that is none", "JSON que no lo es"),
        why: w(
            "a comment or `...` makes this invalid JSON: pasted into a request or compared by a program it fails",
            "un comentario o `...` hace inválido este JSON: pegado en una petición o comparado por un programa, falla",
        ),
        fix: w(
            "Leave the comment out, or tag the block ```jsonc.",
            "Quite el comentario, o etiquete el bloque como ```jsonc.",
        ),
        bad: Example::Page("```json\n{ \"redis\": \"disconnected\", // trouble\n  \"queues\": { ... } }\n```"),
        good: Example::Page("```json\n{ \"redis\": \"disconnected\" }\n```"),
        check: json,
    },
    Lint {
        code: "procedure-elsewhere",
        severity: Severity::Warning,
        title: w("A procedure that is only a reference", "Un procedimiento que es solo una referencia"),
        why: w(
            "this section holds no step, only the name of another document: at night one must find that document first, and its numbering may have changed",
            "esta sección no tiene ningún paso, solo el nombre de otro documento: de noche primero hay que encontrarlo, y su numeración puede haber cambiado",
        ),
        fix: w(
            "Bring the steps here, or link the document by its address.",
            "Traiga los pasos aquí, o enlace el documento con su dirección.",
        ),
        bad: Example::Page(
            "### Rotate the database password\n\n```bash\n# See the complete procedure in OTHER.md\n# Section 7.2\n```",
        ),
        good: Example::Page(
            "### Rotate the database password\n\n```bash\n# See also OTHER.md\n./rotate.sh\n./verify.sh\n```",
        ),
        check: elsewhere,
    },
];

/// Scripts and documents that the page relies on, each with its first place.
fn references(ctx: &Ctx<'_>) -> BTreeMap<String, Range<usize>> {
    let mut out: BTreeMap<String, Range<usize>> = BTreeMap::new();
    let script = pattern(r"^(\./)?[\w-][\w./-]*\.(sh|py|js|ts|rb|sql)$");
    let mut put = |path: &str, span: Range<usize>| {
        let path = path.trim_start_matches("./").to_owned();
        let known = out.entry(path).or_insert_with(|| span.clone());
        if span.start < known.start {
            *known = span;
        }
    };
    for command in ctx.commands.iter().filter(|c| c.here()) {
        let runner = matches!(command.name(), "bash" | "sh" | "python" | "python3" | "node" | "source" | ".");
        let word = if runner { command.args().find(|w| !w.value.starts_with('-')) } else { command.words.first() };
        let fetched = word.is_some_and(|w| {
            let name = w.value.rsplit('/').next().unwrap_or("");
            ctx.commands.iter().any(|c| {
                c.args().any(|a| a.value.ends_with(name) && matches!(c.name(), "curl" | "wget"))
                    || c.redirects.iter().any(|r| r.target.ends_with(name))
            })
        });
        if let Some(word) =
            word.filter(|w| script.is_match(&w.value) && (runner || w.value.contains('/'))).filter(|_| !fetched)
        {
            put(&word.value, ctx.in_source(command.block, &word.span));
        }
    }
    let document = pattern(r"(?:\.\.?/)?(?:[\w-]+/)*[A-Za-z][\w-]*\.md\b");
    for line in &ctx.lines {
        let text = &ctx.book.source[line.span.clone()];
        let comment = text.trim_start().starts_with('#') || line.block.is_none();
        let refers = mentions(
            &line.plain,
            &[
                "ver ",
                "see ",
                "vease",
                "plantilla",
                "template",
                "runbook",
                "completar",
                "procedimiento",
                "procedure",
                "`",
            ],
        );
        if !comment || !refers {
            continue;
        }
        for hit in document.find_iter(text).filter(|h| !text[..h.start()].ends_with(['/', ':', '.'])) {
            put(hit.as_str(), line.span.start + hit.start()..line.span.start + hit.end());
        }
    }
    out
}

fn missing(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let Some(exists) = ctx.context.project_files else {
        return;
    };
    for (path, span) in references(ctx) {
        if !exists(&path) {
            found.at(
                span,
                Text::new(
                    format!(
                        "the runbook relies on `{path}`, and there is no such file beside it: this step cannot be done"
                    ),
                    format!(
                        "el runbook depende de `{path}`, y no hay tal archivo junto a él: este paso no se puede hacer"
                    ),
                ),
                Text::new(
                    "Correct the path, or add the file to the repository.",
                    "Corrija la ruta, o agregue el archivo al repositorio.",
                ),
            );
        }
    }
}

/// The anchor that GitHub gives a heading.
fn slug(title: &str) -> String {
    title
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// The links within the file: anchor and place.
fn links(ctx: &Ctx<'_>) -> Vec<(String, Range<usize>, usize)> {
    let link = pattern(r"\[[^\]]*\]\(#([^)\s]+)\)");
    let mut out = Vec::new();
    for line in ctx.lines.iter().filter(|l| l.block.is_none()) {
        for hit in link.captures_iter(&ctx.book.source[line.span.clone()]) {
            if let (Some(whole), Some(anchor)) = (hit.get(0), hit.get(1)) {
                out.push((
                    anchor.as_str().to_owned(),
                    line.span.start + whole.start()..line.span.start + whole.end(),
                    line.number,
                ));
            }
        }
    }
    out
}

fn anchors(ctx: &Ctx<'_>) -> HashSet<String> {
    ctx.headings.iter().map(|h| slug(&h.title)).collect()
}

fn broken(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let exact = anchors(ctx);
    let loose: HashSet<String> = exact.iter().map(|a| plain(a.trim_matches('-'))).collect();
    for (anchor, span, _) in links(ctx) {
        if !exact.contains(&anchor) && !loose.contains(&plain(&anchor)) {
            found.here(span);
        }
    }
}

fn unreliable(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let exact = anchors(ctx);
    let hits: Vec<_> =
        links(ctx).into_iter().filter(|(a, _, _)| !exact.contains(a) && exact.contains(&format!("-{a}"))).collect();
    if let Some((_, span, _)) = hits.first() {
        let n = hits.len();
        found.detail(span.clone(), &Text::new(format!("{n} links"), format!("{n} enlaces")));
    }
}

fn incomplete(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let Some(index) = ctx
        .headings
        .iter()
        .find(|h| pattern(r"\b(indice|index|contents|contenido|tabla de contenidos)\b").is_match(&h.plain))
    else {
        return;
    };
    let listed: Vec<_> = links(ctx).into_iter().filter(|(_, _, n)| *n > index.line && *n <= index.end_line).collect();
    if listed.len() < 2 {
        return;
    }
    let known: HashSet<String> = listed.iter().map(|(a, _, _)| plain(a.trim_matches('-'))).collect();
    let left: Vec<&str> = ctx
        .headings
        .iter()
        .filter(|h| {
            h.level == index.level && h.line > index.line && !known.contains(&plain(slug(&h.title).trim_matches('-')))
        })
        .filter(|h| !mentions(&h.plain, &["changelog", "historial"]))
        .map(|h| h.title.as_str())
        .collect();
    if !left.is_empty() {
        let names = left.join(", ");
        let place = listed.last().map_or(index.span.clone(), |(_, span, _)| span.clone());
        found.detail(place, &Text::same(names));
    }
}

fn json(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let wrong = pattern(r#"(?m)(^|[\s,{}\]"])//[^\n]*|[\[{]\s*\.\.\.\s*[\]}]"#);
    for (index, view) in ctx.blocks.iter().enumerate().filter(|(_, v)| v.block.lang.as_deref() == Some("json")) {
        if let Some(hit) = wrong.find(&view.block.text).filter(|h| !h.as_str().contains("://")) {
            let lead = hit.as_str().len() - hit.as_str().trim_start().len();
            found.here(ctx.in_source(index, &(hit.start() + lead..hit.end())));
        }
    }
}

fn elsewhere(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let refers =
        pattern(r"(?i)\b(ver|see|vease|seguir|follow)\b.*\.md\b|(?i)procedimiento completo en|complete procedure in");
    for (heading, blocks) in ctx.units() {
        let commands: usize = blocks.iter().map(|b| ctx.commands_of(*b).len()).sum();
        let [only] = blocks else { continue };
        let view = &ctx.blocks[*only];
        let refer = view.comments.iter().find(|c| view.text().get((*c).clone()).is_some_and(|t| refers.is_match(t)));
        let prose = ctx.prose_of(heading).lines().skip(1).any(|l| l.trim().len() > 3);
        if let Some(place) = refer.filter(|_| commands == 0 && !prose) {
            found.here(ctx.in_source(*only, place));
        }
    }
}
