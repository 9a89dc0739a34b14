//! PromQL and thresholds.

use super::{Ctx, Example, Found, Lint, Severity, Text, mentions, pattern, w};
use sereno_model::BlockClass;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "ratio-of-unlike-series",
        severity: Severity::Error,
        title: w("A ratio of series that do not match", "Un cociente de series que no coinciden"),
        why: w(
            "both sides keep their labels, so each series with an error status is divided by itself: the ratio is always 1 and says nothing about the error rate",
            "ambos lados conservan sus etiquetas, así que cada serie con estado de error se divide por sí misma: el cociente es siempre 1 y no dice nada de la tasa de errores",
        ),
        fix: w(
            "Sum both sides first: `sum(rate(x{status=~\"5..\"}[5m])) / sum(rate(x[5m]))`.",
            "Sume antes ambos lados: `sum(rate(x{status=~\"5..\"}[5m])) / sum(rate(x[5m]))`.",
        ),
        bad: Example::Page(
            "```promql\nrate(http_requests_total{status=~\"5..\"}[5m]) / rate(http_requests_total[5m])\n```",
        ),
        good: Example::Page(
            "```promql\nsum(rate(http_requests_total{status=~\"5..\"}[5m])) / sum(rate(http_requests_total[5m]))\n```",
        ),
        check: ratio,
    },
    Lint {
        code: "quantile-without-sum",
        severity: Severity::Note,
        title: w("A quantile per series", "Un cuantil por serie"),
        why: w(
            "without `sum by (le)` this gives one quantile for each instance, path and status, not that of the service",
            "sin `sum by (le)` esto da un cuantil por cada instancia, ruta y estado, no el del servicio",
        ),
        fix: w(
            "`histogram_quantile(0.95, sum by (le) (rate(x_bucket[5m])))`.",
            "`histogram_quantile(0.95, sum by (le) (rate(x_bucket[5m])))`.",
        ),
        bad: Example::Page("```promql\nhistogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m]))\n```"),
        good: Example::Page(
            "```promql\nhistogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))\n```",
        ),
        check: quantile,
    },
    Lint {
        code: "threshold-without-duration",
        severity: Severity::Note,
        title: w("Alert thresholds without a duration", "Umbrales de alerta sin duración"),
        why: w(
            "these thresholds say how much and not for how long: one short peak wakes somebody, and the next person reads them differently",
            "estos umbrales dicen cuánto y no por cuánto tiempo: un pico breve despierta a alguien, y la próxima persona los lee de otro modo",
        ),
        fix: w(
            "Say for how long: `Error rate > 5% for 5 min`.",
            "Diga por cuánto tiempo: `Error rate > 5% por 5 min`.",
        ),
        bad: Example::Page("### Critical alerts\n\n- Error rate > 5%\n- CPU > 90%"),
        good: Example::Page("### Critical alerts\n\n- Error rate > 5% for 5 min\n- CPU > 90% for 10 min"),
        check: duration,
    },
    Lint {
        code: "alert-without-number",
        severity: Severity::Note,
        title: w("An alert without a number", "Una alerta sin número"),
        why: w(
            "\"almost full\" or \"high\" is no threshold: nobody can tell when the alert is due",
            "\"casi lleno\" o \"alto\" no es un umbral: nadie puede decir cuándo corresponde la alerta",
        ),
        fix: w(
            "Give the number and the duration: `> 80% of max_connections for 5 min`.",
            "Dé el número y la duración: `> 80% de max_connections por 5 min`.",
        ),
        bad: Example::Page("### Critical alerts\n\n- **PoolFull** - pool almost full"),
        good: Example::Page("### Critical alerts\n\n- **PoolFull** - pool > 80% for 5 min"),
        check: number,
    },
    Lint {
        code: "thresholds-contradict",
        severity: Severity::Warning,
        title: w("A warning within the goal", "Una advertencia dentro de la meta"),
        why: w(
            "the warning begins while the goal is still met: one of the two is wrong, and whoever reads both learns to ignore the alert",
            "la advertencia empieza mientras la meta todavía se cumple: una de las dos está mal, y quien lee ambas aprende a ignorar la alerta",
        ),
        fix: w(
            "Choose goal < warning < critical for each measure, in one table.",
            "Elija meta < advertencia < crítico para cada medida, en una sola tabla.",
        ),
        bad: Example::Page("### Metrics\n\n- **CPU**: < 80% on average\n\n### Warning alerts\n\n- CPU usage > 75%"),
        good: Example::Page(
            "### Metrics\n\n- **CPU**: < 70% on average\n\n### Warning alerts\n\n- CPU usage > 75% for 5 min",
        ),
        check: contradict,
    },
    Lint {
        code: "alert-without-procedure",
        severity: Severity::Note,
        title: w("Alerts that no section answers", "Alertas a las que ninguna sección responde"),
        why: w(
            "these alerts wake somebody, and nothing in this runbook says what to do then",
            "estas alertas despiertan a alguien, y nada en este runbook dice qué hacer entonces",
        ),
        fix: w(
            "Write a short section for each: how to see it, what to do, how to know that it is over; and link it from the alert.",
            "Escriba una sección breve para cada una: cómo verla, qué hacer, cómo saber que terminó; y enlácela desde la alerta.",
        ),
        bad: Example::Page("### Critical alerts\n\n- **BackupFailed** - no backup for 2 days"),
        good: Example::Page(
            "### Critical alerts\n\n- **BackupFailed** - no backup for 2 days\n\n### BackupFailed\n\nLook at the disk.",
        ),
        check: procedure,
    },
];

fn ratio(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let bare = pattern(
        r"(?m)^\s*(rate|increase|irate)\(\s*(\w+)\{([^}]*)\}\s*\[\w+\]\)\s*/\s*(rate|increase|irate)\(\s*(\w+)(\{([^}]*)\})?\s*\[\w+\]\)",
    );
    for view in ctx.blocks.iter().enumerate() {
        let (index, view) = view;
        if !matches!(view.block.class, BlockClass::Promql | BlockClass::Shell | BlockClass::Config | BlockClass::Other)
        {
            continue;
        }
        for hit in bare.captures_iter(&view.block.text) {
            let same = hit.get(2).map(|m| m.as_str()) == hit.get(5).map(|m| m.as_str());
            let unlike = hit.get(3).map(|m| m.as_str()) != hit.get(7).map(|m| m.as_str());
            if let Some(whole) = hit.get(0).filter(|_| same && unlike) {
                let lead = whole.as_str().len() - whole.as_str().trim_start().len();
                found.here(ctx.in_source(index, &(whole.start() + lead..whole.end())));
            }
        }
    }
}

fn quantile(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let bare = pattern(r"histogram_quantile\(\s*[\d.]+\s*,\s*(rate|irate|increase)\([^()]*\)\s*\)");
    for (index, view) in ctx.blocks.iter().enumerate() {
        for hit in bare.find_iter(&view.block.text) {
            found.here(ctx.in_source(index, &hit.range()));
        }
    }
}

/// Items of lists under a heading about alerts: line, text in plain, text as written.
fn alert_items<'c>(ctx: &'c Ctx<'_>) -> Vec<(&'c super::super::view::Heading, Vec<&'c super::super::view::Line>)> {
    let mut out = Vec::new();
    for (index, heading) in ctx.headings.iter().enumerate() {
        if !heading.plain.contains("alert") || mentions(&heading.plain, &["channel", "canal", "manager"]) {
            continue;
        }
        let end = ctx.headings.get(index + 1).map_or(heading.end_line, |next| next.line - 1);
        let items: Vec<_> = ctx
            .lines
            .iter()
            .filter(|l| {
                l.number > heading.line
                    && l.number <= end
                    && l.block.is_none()
                    && l.plain.trim_start().starts_with("- ")
            })
            .collect();
        if !items.is_empty() {
            out.push((heading, items));
        }
    }
    out
}

fn duration(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let threshold = pattern(r"[<>≥≤]=?\s*\d+(\.\d+)?\s*(%|ms|s\b|seg|seconds|connections|tasks)");
    let lasting = pattern(
        r"(\bpor|\bfor|\bdurante|\bover|\bsostenid\w*|\bin|\ben)\s*(the last\s*)?\d+\s*(m|min|h|s|seg|sec|dia|day|hora|hour)|> \d+ ?(min|minut|dia|day)|vence|expire",
    );
    for (_, items) in alert_items(ctx) {
        let vague: Vec<_> = items
            .iter()
            .filter(|l| {
                threshold.is_match(&l.plain)
                    && !lasting.is_match(&l.plain)
                    && !mentions(&l.plain, &["disco", "disk", "espacio", "space"])
            })
            .collect();
        if let Some(first) = vague.first().filter(|_| vague.len() > 1 || items.len() == 1) {
            let n = vague.len();
            found.detail(first.span.clone(), &Text::new(format!("{n} in this list"), format!("{n} en esta lista")));
        }
    }
}

/// What a line measures, told by the first word of these that it holds.
const MEASURES: [(&str, &[&str]); 5] = [
    ("cpu", &["cpu"]),
    ("memory", &["memoria", "memory", "ram"]),
    ("connections", &["conexion", "connection", "pool"]),
    ("errors", &["error rate", "tasa de error", "errores"]),
    ("latency", &["latencia", "latency", "response time", "p95"]),
];

fn contradict(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let bound = pattern(r"([<>])=?\s*(\d+(?:\.\d+)?)\s*(%|ms|s\b|seg)");
    let items: Vec<_> = ctx
        .lines
        .iter()
        .filter(|l| l.block.is_none() && l.plain.trim_start().starts_with(['-', '*']))
        .filter_map(|l| {
            let hit = bound.captures(&l.plain)?;
            let measure = MEASURES.iter().find(|(_, words)| mentions(&l.plain, words))?.0;
            Some((
                l,
                measure,
                hit.get(1)?.as_str().to_owned(),
                hit.get(2)?.as_str().parse::<f64>().ok()?,
                hit.get(3)?.as_str().to_owned(),
            ))
        })
        .collect();
    let about = |number: usize| ctx.headings.iter().rev().find(|h| h.line <= number).map_or("", |h| h.plain.as_str());
    for (line, measure, op, goal, unit) in items.iter().filter(|i| i.2 == "<" && !about(i.0.number).contains("alert")) {
        let early = items.iter().find(|(other, m, o, value, u)| {
            o != op
                && m == measure
                && u == unit
                && value < goal
                && about(other.number).contains("alert")
                && !mentions(&other.plain, &["disponible", "available", "libre", "free"])
        });
        if let Some((other, ..)) = early {
            let n = other.number;
            found.detail(
                line.span.clone(),
                &Text::new(format!("the warning is on line {n}"), format!("la advertencia está en la línea {n}")),
            );
        }
    }
}

fn number(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let vague =
        pattern(r"(casi llen|almost full|nearly full|muy alt|too high|very high|demasiad|muchos fallos|many failures)");
    for (_, items) in alert_items(ctx) {
        for line in items.iter().filter(|l| vague.is_match(&l.plain) && !l.plain.chars().any(|c| c.is_ascii_digit())) {
            found.here(line.span.clone());
        }
    }
}

fn procedure(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let name = pattern(r"^\s*-\s+\*\*([A-Z][a-z]+[A-Z]\w+)\*\*");
    for (heading, items) in alert_items(ctx) {
        let mut orphans = Vec::new();
        for line in &items {
            let text = ctx.book.source.get(line.span.clone()).unwrap_or("");
            let Some(alert) = name.captures(text).and_then(|c| c.get(1)) else {
                continue;
            };
            let elsewhere = ctx.lines.iter().any(|l| {
                text.contains("](")
                    || l.number != line.number
                        && ctx.book.source.get(l.span.clone()).is_some_and(|t| t.contains(alert.as_str()))
            });
            if !elsewhere {
                orphans.push(alert.as_str().to_owned());
            }
        }
        if orphans.is_empty() {
            continue;
        }
        let list = orphans.join(", ");
        found.at(
            heading.span.clone(),
            Text::new(
                format!("these alerts wake somebody, and nothing in this runbook says what to do then: {list}"),
                format!("estas alertas despiertan a alguien, y nada en este runbook dice qué hacer entonces: {list}"),
            ),
            Text::new(
                "Write a short section for each: how to see it, what to do, how to know that it is over; and link it from the alert.",
                "Escriba una sección breve para cada una: cómo verla, qué hacer, cómo saber que terminó; y enlácela desde la alerta.",
            ),
        );
    }
}
