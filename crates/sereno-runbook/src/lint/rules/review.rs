//! The age of the runbook.

use super::super::view::Line;
use super::{Ctx, Example, Found, Lint, Severity, Text, mentions, pattern, w};
use jiff::civil::Date;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "review-overdue",
        severity: Severity::Warning,
        title: w("The review is overdue", "La revisión está vencida"),
        why: w("the date of the next review has passed", "la fecha de la próxima revisión pasó"),
        fix: w(
            "Walk through it on the system as it is now, mend what has changed, and set the new date.",
            "Recórralo sobre el sistema tal como está hoy, corrija lo que cambió y ponga la nueva fecha.",
        ),
        bad: Example::Page("# Runbook\n\n**Last updated:** 2020-01-10\n**Next review:** monthly"),
        good: Example::Page("# Runbook\n\n**Last updated:** 2999-01-10\n**Next review:** monthly"),
        check: overdue,
    },
    Lint {
        code: "no-review-date",
        severity: Severity::Note,
        title: w("No date at all", "Sin ninguna fecha"),
        why: w(
            "nothing says when this was last checked against the real system: who reads it at night cannot tell whether to trust it",
            "nada dice cuándo se contrastó esto por última vez con el sistema real: quien lo lee de noche no sabe si confiar",
        ),
        fix: w(
            "Add `**Last reviewed:** YYYY-MM-DD`, an owner, and how often it is reviewed.",
            "Agregue `**Última revisión:** AAAA-MM-DD`, un responsable y cada cuánto se revisa.",
        ),
        bad: Example::Page("# Runbook of the shop\n\n- **Version**: 3.0\n\n## Deploy\n\n```bash\n./deploy.sh\n```"),
        good: Example::Page(
            "# Runbook of the shop\n\n- **Version**: 3.0\n- **Last updated**: 2999-01-10\n\n## Deploy\n\n```bash\n./deploy.sh\n```",
        ),
        check: undated,
    },
    Lint {
        code: "draft",
        severity: Severity::Warning,
        title: w("Still a draft", "Todavía es un borrador"),
        why: w(
            "the runbook calls itself unfinished: nobody knows which parts may be relied on",
            "el runbook se declara sin terminar: nadie sabe en qué partes confiar",
        ),
        fix: w(
            "Finish it, or say section by section what was tried and when.",
            "Termínelo, o diga sección por sección qué se probó y cuándo.",
        ),
        bad: Example::Page("# Runbook\n\n**Updated:** 2999-01-01\n**Status**: In progress"),
        good: Example::Page("# Runbook\n\n**Updated:** 2999-01-01\n**Status**: Approved"),
        check: draft,
    },
];

/// Days after which a runbook without a promised review is old.
const STALE: i64 = 365;

/// Lines of the head and the foot that say `label: value`.
fn facts<'c>(ctx: &'c Ctx<'_>) -> impl Iterator<Item = (&'c Line, String, String)> {
    let last = ctx.lines.len();
    let label = pattern(r"^[\s>*-]*([\p{L} ./-]{3,40}?)\s*:\s*(.+)$");
    ctx.lines.iter().filter(move |l| l.block.is_none() && (l.number <= 25 || l.number + 8 > last)).filter_map(
        move |l| {
            let found = label.captures(&l.plain)?;
            Some((l, found.get(1)?.as_str().trim().to_owned(), found.get(2)?.as_str().trim().to_owned()))
        },
    )
}

const MONTHS: [(&str, &str); 12] = [
    ("enero", "january"),
    ("febrero", "february"),
    ("marzo", "march"),
    ("abril", "april"),
    ("mayo", "may"),
    ("junio", "june"),
    ("julio", "july"),
    ("agosto", "august"),
    ("septiembre", "september"),
    ("octubre", "october"),
    ("noviembre", "november"),
    ("diciembre", "december"),
];

/// A date as people write it: `2026-01-04`, `4 de enero, 2026`, `January 4, 2026`, `04/01/2026`.
fn date(text: &str) -> Option<Date> {
    let number = |m: Option<regex::Match<'_>>| m.and_then(|m| m.as_str().parse::<i16>().ok());
    if let Some(c) = pattern(r"\b(\d{4})-(\d{2})-(\d{2})\b").captures(text) {
        return Date::new(number(c.get(1))?, number(c.get(2))? as i8, number(c.get(3))? as i8).ok();
    }
    let month = MONTHS.iter().position(|(es, en)| text.contains(es) || text.contains(en))? as i8 + 1;
    let year = number(pattern(r"\b(20\d{2})\b").find(text))?;
    let day = pattern(r"\b(\d{1,2})\b").find_iter(text).find_map(|m| m.as_str().parse::<i8>().ok())?;
    Date::new(year, month, day).ok()
}

/// A promised rhythm, in days.
fn cadence(text: &str) -> Option<i64> {
    const RHYTHMS: [(&[&str], i64); 7] = [
        (&["semanal", "weekly"], 7),
        (&["quincenal", "biweekly"], 15),
        (&["bimestral"], 61),
        (&["mensual", "monthly"], 31),
        (&["trimestral", "quarterly"], 92),
        (&["semestral", "half-yearly", "twice a year"], 183),
        (&["anual", "yearly", "annual"], 365),
    ];
    RHYTHMS.iter().find(|(words, _)| mentions(text, words)).map(|(_, days)| *days)
}

fn is_updated(label: &str) -> bool {
    mentions(
        label,
        &["ultima actualizacion", "ultima revision", "last updated", "last reviewed", "last review", "actualizado"],
    ) || matches!(label, "fecha" | "date" | "updated" | "version")
}

fn days_since(ctx: &Ctx<'_>, day: Date) -> i64 {
    day.until(ctx.context.today).map_or(0, |span| i64::from(span.get_days()))
}

fn overdue(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let facts: Vec<_> = facts(ctx).collect();
    let updated = facts
        .iter()
        .filter(|(_, label, _)| is_updated(label))
        .filter_map(|(l, _, value)| Some((*l, date(value)?)))
        .max_by_key(|(_, d)| *d);
    let next = facts.iter().find(|(_, label, _)| {
        mentions(
            label,
            &[
                "proxima revision",
                "next review",
                "review due",
                "revisar antes",
                "frecuencia de revision",
                "review cadence",
            ],
        )
    });
    let help = || {
        Text::new(
            "Walk through it on the system as it is now, mend what has changed, and set the new date.",
            "Recórralo sobre el sistema tal como está hoy, corrija lo que cambió y ponga la nueva fecha.",
        )
    };
    if let Some((line, _, value)) = next {
        if let Some(due) = date(value) {
            let late = days_since(ctx, due);
            if late > 0 {
                found.at(
                    line.span.clone(),
                    Text::new(
                        format!("the review was due on {due}, {late} days ago"),
                        format!("la revisión vencía el {due}, hace {late} días"),
                    ),
                    help(),
                );
            }
            return;
        }
        if let (Some(rhythm), Some((_, day))) = (cadence(value), updated) {
            let age = days_since(ctx, day);
            if age > rhythm {
                found.at(
                    line.span.clone(),
                    Text::new(
                        format!("a review every {rhythm} days is promised here, and the last one was on {day}, {age} days ago: what has changed since is not in it"),
                        format!("aquí se promete una revisión cada {rhythm} días, y la última fue el {day}, hace {age} días: lo que cambió desde entonces no está"),
                    ),
                    help(),
                );
            }
            return;
        }
    }
    if let Some((line, day)) = updated {
        let age = days_since(ctx, day);
        if age > STALE {
            found.at(
                line.span.clone(),
                Text::new(
                    format!("last updated on {day}, {age} days ago, and no next review is promised: the system has changed since, the runbook has not"),
                    format!("actualizado por última vez el {day}, hace {age} días, y sin próxima revisión prometida: el sistema cambió desde entonces, el runbook no"),
                ),
                help(),
            );
        }
    }
}

fn undated(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let any = ctx.lines.iter().filter(|l| l.block.is_none()).any(|l| date(&l.plain).is_some());
    let whole = ctx.headings.iter().any(|h| h.level == 1 && mentions(&h.plain, &["runbook", "manual"]))
        && ctx.blocks.iter().any(super::super::view::BlockView::is_shell);
    if let Some(title) = ctx.headings.first().filter(|_| !any && whole) {
        found.here(title.span.clone());
    }
}

fn draft(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for (line, label, value) in facts(ctx) {
        if matches!(label.as_str(), "estado" | "status")
            && mentions(&value, &["en progreso", "in progress", "borrador", "draft", "wip", "pendiente"])
        {
            found.here(line.span.clone());
        }
    }
}
