//! Who is to be called.

use super::super::view::{Heading, Line};
use super::{Ctx, Example, Found, Lint, Severity, Text, mentions, pattern, w};
use regex::Regex;
use std::sync::LazyLock;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "contact-missing",
        severity: Severity::Error,
        title: w("A contact that cannot be reached", "Un contacto al que no se puede llegar"),
        why: w(
            "this contact was never filled in: at night there is nobody to call",
            "este contacto nunca se completó: de noche no hay a quién llamar",
        ),
        fix: w(
            "Write the name and a number that is answered, or point to the roster that knows who is on call.",
            "Escriba el nombre y un número que se atienda, o remita a la planilla que sabe quién está de guardia.",
        ),
        bad: Example::Page("## Emergency contacts\n\n| Role | Phone |\n|---|---|\n| DevOps | [COMPLETAR] |"),
        good: Example::Page("## Emergency contacts\n\n| Role | Phone |\n|---|---|\n| DevOps | +54 9 11 4031 7726 |"),
        check: missing,
    },
    Lint {
        code: "example-phone",
        severity: Severity::Warning,
        title: w("A telephone number that looks invented", "Un teléfono que parece inventado"),
        why: w(
            "this number runs 1234-5678 or repeats one digit, as invented numbers do: dial it once before trusting it",
            "este número corre 1234-5678 o repite un dígito, como los inventados: llame una vez antes de confiar en él",
        ),
        fix: w(
            "Write the real number, and call it when the runbook is reviewed.",
            "Escriba el número real, y llámelo al revisar el runbook.",
        ),
        bad: Example::Page("## Contacts\n\n- **DevOps**: Ana - +54 9 11 1234-5678"),
        good: Example::Page("## Contacts\n\n- **DevOps**: Ana - +54 9 11 4031-7726"),
        check: invented,
    },
    Lint {
        code: "escalation-to-nobody",
        severity: Severity::Error,
        title: w("Escalation to somebody who has no contact", "Escalamiento a alguien sin contacto"),
        why: w(
            "the escalation ends with this person, and no contact in this runbook says how to reach them",
            "el escalamiento termina en esta persona, y ningún contacto de este runbook dice cómo ubicarla",
        ),
        fix: w("Add a row with a number and hours for them.", "Agregue una fila con su número y horario."),
        bad: Example::Page(
            "## Contacts\n\n| Role | Phone |\n|---|---|\n| DevOps Lead | +54 9 11 4031 7726 |\n\n### Escalation\n\n1. **Severity 1** → DevOps Lead → CTO",
        ),
        good: Example::Page(
            "## Contacts\n\n| Role | Phone |\n|---|---|\n| DevOps Lead | +54 9 11 4031 7726 |\n| CTO | +54 9 11 4031 9911 |\n\n### Escalation\n\n1. **Severity 1** → DevOps Lead → CTO",
        ),
        check: nobody,
    },
    Lint {
        code: "no-person-to-call",
        severity: Severity::Warning,
        title: w("Contacts without a person", "Contactos sin ninguna persona"),
        why: w(
            "this section of contacts names no person, number or mail address: whoever follows the runbook cannot hand over",
            "esta sección de contactos no nombra persona, número ni correo: quien sigue el runbook no puede pedir ayuda",
        ),
        fix: w(
            "Add who is on call, how to reach them, and to whom it goes after 15 minutes without an answer.",
            "Agregue quién está de guardia, cómo ubicarlo, y a quién pasa tras 15 minutos sin respuesta.",
        ),
        bad: Example::Page("## Contacts and resources\n\n- **Docs:** https://acme.io/docs"),
        good: Example::Page("## Contacts and resources\n\n- **On call:** Ana, +54 9 11 4031 7726"),
        check: no_person,
    },
    Lint {
        code: "public-address-as-support",
        severity: Severity::Warning,
        title: w("A public address given as support", "Una dirección pública dada como soporte"),
        why: w(
            "this is a public mailing list or a general mailbox, not a support contract: nobody there answers an outage, and what is sent may be published",
            "esto es una lista pública o un buzón general, no un contrato de soporte: nadie allí atiende una caída, y lo que se envía puede publicarse",
        ),
        fix: w(
            "Write the account's own support channel: the console's support page, the plan and the account number.",
            "Escriba el canal de soporte de la cuenta: la página de soporte de la consola, el plan y el número de cuenta.",
        ),
        bad: Example::Page("## Contacts\n\n- **Database**: pgsql-bugs@postgresql.org"),
        good: Example::Page("## Contacts\n\n- **Database**: support case at console.acme.io, contract 7781"),
        check: public,
    },
    Lint {
        code: "contacts-without-hours",
        severity: Severity::Note,
        title: w("Contacts without hours", "Contactos sin horario"),
        why: w(
            "these contacts say who and not when: at three in the morning one tries them in order and loses minutes",
            "estos contactos dicen quién y no cuándo: a las tres de la mañana se los prueba en orden y se pierden minutos",
        ),
        fix: w(
            "Add hours and who comes next when there is no answer.",
            "Agregue horarios y quién sigue si no hay respuesta.",
        ),
        bad: Example::Page(
            "## Emergency contacts\n\n- **Lead**: Ana - +54 9 11 4031-7726\n- **DevOps**: Luis - +54 9 11 4031-7729",
        ),
        good: Example::Page(
            "## Emergency contacts\n\n- **Lead**: Ana - +54 9 11 4031-7726 (9-18)\n- **DevOps**: Luis - +54 9 11 4031-7729 (24/7)",
        ),
        check: hours,
    },
];

static BLANK: LazyLock<Regex> = LazyLock::new(|| {
    super::made(
        r"(?i)\[(completar|nombre|name|phone|telefono|email|tbd|todo|xxx|rellenar|fill in)\]|\bX{3}[-. ]?X{3,4}\b|\b[\w.]+@(example\.(com|org)|ejemplo\.com)\b|\bTBD\b|<(nombre|name|telefono|phone|email)>",
    )
});

const SECTION: [&str; 8] =
    ["contact", "on-call", "on call", "guardia", "escala", "escalation", "equipo", "who to call"];

fn is_contact_heading(ctx: &Ctx<'_>, heading: &Heading) -> bool {
    let own = mentions(&heading.plain, &SECTION)
        && !mentions(&heading.plain, &["escalabilidad", "escalar", "escalado", "escalamiento horizontal", "scal"]);
    // A plain "Escalamiento" may mean scaling: people are meant when contacts stand around it.
    let above = heading.parent.and_then(|p| ctx.headings.get(p)).is_some_and(|p| mentions(&p.plain, &["contact"]));
    own || above
}

/// A line of a section of contacts that lacks the contact.
pub(super) fn is_contact_line(ctx: &Ctx<'_>, line: &Line) -> bool {
    let text = ctx.book.source.get(line.span.clone()).unwrap_or("");
    BLANK.is_match(text)
        && line.block.is_none()
        && ctx.headings.iter().rev().find(|h| h.line <= line.number).is_some_and(|h| is_contact_heading(ctx, h))
}

fn missing(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for line in ctx.lines.iter().filter(|l| is_contact_line(ctx, l)) {
        let text = &ctx.book.source[line.span.clone()];
        let Some(first) = BLANK.find(text) else {
            continue;
        };
        let last = BLANK.find_iter(text).last().map_or(first.end(), |m| m.end());
        let who = pattern(r"^\s*[|*-]+\s*\**([^|*:]+)")
            .captures(text)
            .and_then(|c| c.get(1))
            .map_or("", |m| m.as_str().trim());
        let span = line.span.start + first.start()..line.span.start + last;
        if who.is_empty() || who.starts_with('[') {
            found.here(span);
        } else {
            found.detail(span, &Text::same(who));
        }
    }
}

/// Sections of contacts, each with its own lines.
fn sections<'c>(ctx: &'c Ctx<'_>) -> Vec<(&'c Heading, Vec<&'c Line>)> {
    let mut out = Vec::new();
    for (index, heading) in ctx.headings.iter().enumerate().filter(|(_, h)| is_contact_heading(ctx, h)) {
        let end = ctx.headings.get(index + 1).map_or(heading.end_line, |next| next.line - 1);
        let lines: Vec<_> = ctx.lines.iter().filter(|l| l.number > heading.line && l.number <= end).collect();
        out.push((heading, lines));
    }
    out
}

fn invented(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let phone = pattern(r"\+?\d[\d ()-]{6,}\d");
    let run = pattern(
        r"1234[- ]?5678|8765[- ]?4321|123[- ]?4567|(0{4}|1{4}|2{4}|3{4}|4{4}|5{4}|6{4}|7{4}|8{4}|9{4})|555[- ]01\d\d",
    );
    for (_, lines) in sections(ctx) {
        let hits: Vec<_> = lines
            .iter()
            .filter_map(|l| {
                let text = &ctx.book.source[l.span.clone()];
                let number = phone.find(text).filter(|m| run.is_match(m.as_str()))?;
                Some(l.span.start + number.start()..l.span.start + number.end())
            })
            .collect();
        if let Some(first) = hits.first() {
            let n = hits.len();
            found.detail(first.clone(), &Text::new(format!("{n} in this section"), format!("{n} en esta sección")));
        }
    }
}

const ROLES: [&str; 14] = [
    "cto",
    "ceo",
    "ciso",
    "dba",
    "tech lead",
    "lider tecnico",
    "devops lead",
    "security lead",
    "backend lead",
    "engineering manager",
    "product owner",
    "director",
    "sre lead",
    "incident commander",
];

fn nobody(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let escalates =
        |plain: &str| mentions(plain, &["severi", "escal", "notific", "contactar", "contact ", "→", "call "]);
    for role in ROLES {
        let named = super::made(&format!(r"\b{role}\b"));
        let lines: Vec<&Line> = ctx.lines.iter().filter(|l| named.is_match(&l.plain)).collect();
        let reached = lines.iter().any(|l| {
            let text = &ctx.book.source[l.span.clone()];
            text.trim_start().starts_with('|') || text.contains('@') || pattern(r"\+?\d[\d ()-]{6,}").is_match(text)
        });
        let within = |l: &Line| {
            ctx.headings
                .iter()
                .rev()
                .find(|h| h.line <= l.number)
                .is_some_and(|h| is_contact_heading(ctx, h) || mentions(&h.plain, &["escala"]))
        };
        let step = lines.iter().find(|l| within(l) && escalates(&l.plain));
        if let Some(line) = step.filter(|_| !reached) {
            let text = &ctx.book.source[line.span.clone()];
            let place = super::made(&format!("(?i)\\b{role}\\b")).find(text).map_or(0..text.len(), |m| m.range());
            found.here(line.span.start + place.start..line.span.start + place.end);
        }
    }
}

fn no_person(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let way = pattern(
        r"\+?\d[\d ()-]{6,}\d|[\w.+-]+@[\w-]+\.\w+|(?i)x{3}-x{3,4}|pagerduty|opsgenie|slack|(^|\s)#[a-z][\w-]+|\[(completar|nombre|name)",
    );
    for heading in ctx.headings.iter().filter(|h| h.plain.contains("contact") && h.level <= 2) {
        let text = ctx
            .lines
            .iter()
            .filter(|l| l.number > heading.line && l.number <= heading.end_line)
            .map(|l| ctx.book.source[l.span.clone()].to_lowercase())
            .collect::<Vec<_>>()
            .join("\n");
        let support = mentions(&heading.plain, &["soporte", "support"]);
        if !way.is_match(&text) && !support && !text.trim().is_empty() {
            found.here(heading.span.clone());
        }
    }
}

fn public(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let list = pattern(
        r"(?i)\b(pgsql-[\w-]+@(lists\.)?postgresql\.org|support@google\.com|support@aws\.amazon\.com|users@[\w.]+\.apache\.org|support@gmail\.com|support@github\.com)\b",
    );
    let hits: Vec<_> = list.find_iter(&ctx.book.source).map(|m| m.range()).collect();
    if let Some(first) = hits.first() {
        let n = hits.len();
        found.detail(first.clone(), &Text::new(format!("{n} in this file"), format!("{n} en este archivo")));
    }
}

fn hours(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let phone = pattern(r"\+?\d[\d -]{7,}\d");
    let time =
        pattern(r"24/7|\(\d|\b\d{1,2}\s*[-–a]\s*\d{1,2}\b(hs?|:00)?|on-call|on call|guardia|horario|hours|lun|mon");
    for (heading, lines) in sections(ctx) {
        let people: Vec<_> = lines.iter().filter(|l| phone.is_match(&l.plain)).collect();
        let timed = lines.iter().any(|l| time.is_match(&phone.replace_all(&l.plain, "")));
        let above = heading.parent.and_then(|p| ctx.headings.get(p));
        let told = above.is_some_and(|h| time.is_match(&phone.replace_all(&ctx.prose_of(h), "")));
        if people.len() >= 2 && !timed && !told {
            found.here(heading.span.clone());
            return;
        }
    }
}
