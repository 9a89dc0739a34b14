//! Whole procedures: is the end proved, is there a way back, has anybody ever tried.

use super::{Act, Cmd, Ctx, Example, Found, Lint, Severity, Text, act, after, mentions, pattern, scaled_to, w};
use sereno_model::{BlockClass, Risk};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "no-verification",
        severity: Severity::Warning,
        title: w("Nothing tells whether it worked", "Nada dice si funcionó"),
        why: w(
            "after this change nothing looks whether it worked: done means that the trouble is gone, not that the command ended",
            "después de este cambio nada mira si funcionó: hecho significa que el problema desapareció, no que el comando terminó",
        ),
        fix: w(
            "Add the check that would have shown the trouble: `kubectl rollout status …`, `curl -fsS --max-time 10 …/health`, a query, with what to expect.",
            "Agregue la comprobación que habría mostrado el problema: `kubectl rollout status …`, `curl -fsS --max-time 10 …/health`, una consulta, con lo que se espera.",
        ),
        bad: Example::Page("## API down\n\n```bash\ndocker logs --tail=50 api\ndocker restart api\n```"),
        good: Example::Page(
            "## API down\n\n```bash\ndocker restart api\ncurl -fsS --max-time 10 http://localhost:3000/health\n```",
        ),
        check: verification,
    },
    Lint {
        code: "no-rollback",
        severity: Severity::Warning,
        title: w("A deploy without a way back", "Un deploy sin camino de vuelta"),
        why: w(
            "this changes production, and no section of this runbook says how to go back when it goes wrong",
            "esto cambia producción, y ninguna sección de este runbook dice cómo volver atrás cuando sale mal",
        ),
        fix: w(
            "Write the rollback beside it: which version, which command, what happens to the schema, and how one decides.",
            "Escriba el rollback al lado: qué versión, qué comando, qué pasa con el esquema, y cómo se decide.",
        ),
        bad: Example::Page("## Deploy\n\n```bash\n./deploy.sh\ncurl -fsS -m 5 https://acme.io/health\n```"),
        good: Example::Page(
            "## Deploy\n\n```bash\n./deploy.sh\ncurl -fsS -m 5 https://acme.io/health\n```\n\n## Rollback\n\n```bash\n./deploy.sh --version previous\ncurl -fsS -m 5 https://acme.io/health\n```",
        ),
        check: rollback,
    },
    Lint {
        code: "no-way-back",
        severity: Severity::Warning,
        title: w(
            "Something is switched off and nothing says how to switch it on again",
            "Algo se apaga y nada dice cómo volver a encenderlo",
        ),
        why: w(
            "this blocks, disables or stops something, or is meant to be temporary, and nothing says how and when it is taken back",
            "esto bloquea, desactiva o detiene algo, o pretende ser temporal, y nada dice cómo ni cuándo se deshace",
        ),
        fix: w(
            "Write the opposite command beside it, and who decides when.",
            "Escriba al lado el comando contrario, y quién decide cuándo.",
        ),
        bad: Example::Page(
            "### Disable a tenant\n\n```bash\ncurl -f -m 5 -X POST https://api.acme.io/tenants/7/disable\n```",
        ),
        good: Example::Page(
            "### Disable a tenant\n\n```bash\ncurl -f -m 5 -X POST https://api.acme.io/tenants/7/disable\n```\n\nTo enable it again: `…/enable`.",
        ),
        check: way_back,
    },
    Lint {
        code: "no-escalation",
        severity: Severity::Warning,
        title: w("Nobody to turn to", "Nadie a quien recurrir"),
        why: w(
            "this runbook tells what to do in an incident, and nowhere whom to call when that does not help, nor after how long",
            "este runbook dice qué hacer en un incidente, y en ningún lado a quién llamar si eso no alcanza, ni después de cuánto",
        ),
        fix: w(
            "Write who is called first, who after 15 minutes without an answer, and who decides on data loss or a public notice.",
            "Escriba a quién se llama primero, a quién tras 15 minutos sin respuesta, y quién decide sobre pérdida de datos o un aviso público.",
        ),
        bad: Example::Page(
            "# Runbook\n\n## Incident response\n\n### API down\n\n```bash\ndocker ps\n```\n\n## Checklist\n\n- [ ] Done",
        ),
        good: Example::Page(
            "# Runbook\n\n## Incident response\n\n### API down\n\n```bash\ndocker ps\n```\n\nNo better after 15 minutes: escalate to the lead.",
        ),
        check: no_escalation,
    },
    Lint {
        code: "no-remedy",
        severity: Severity::Note,
        title: w("Trouble is looked at and never mended", "El problema se mira y nunca se arregla"),
        why: w(
            "this section looks at the trouble and ends there: what to do about what one sees is left out",
            "esta sección mira el problema y termina ahí: falta qué hacer con lo que se ve",
        ),
        fix: w(
            "Add what each finding means and the command that mends it, and when to escalate.",
            "Agregue qué significa cada hallazgo, el comando que lo arregla y cuándo escalar.",
        ),
        bad: Example::Page(
            "## Troubleshooting\n\n### Slow API\n\n```bash\ndocker stats --no-stream\ndocker logs --tail=50 api\n```",
        ),
        good: Example::Page(
            "## Troubleshooting\n\n### Slow API\n\n```bash\ndocker stats --no-stream\n```\n\n**Solution:** restart it.\n\n```bash\ndocker restart api\ncurl -fsS -m 5 http://localhost:3000/health\n```",
        ),
        check: remedy,
    },
    Lint {
        code: "decision-without-command",
        severity: Severity::Note,
        title: w("Remedies without a command", "Remedios sin comando"),
        why: w(
            "most of these remedies name no command: at three in the morning each is a thing to find out",
            "la mayoría de estos remedios no da ningún comando: a las tres de la mañana cada uno es algo por averiguar",
        ),
        fix: w(
            "Give each cause its command, or the section that holds it.",
            "Dé a cada causa su comando, o la sección que lo tiene.",
        ),
        bad: Example::Page("**Solutions:**\n1. Slow queries → Look at the slow query log\n2. High CPU → Scale"),
        good: Example::Page("**Solutions:**\n1. Slow queries → `make slow-queries`\n2. High CPU → `make scale N=3`"),
        check: decisions,
    },
    Lint {
        code: "vague-step",
        severity: Severity::Note,
        title: w("Steps too vague to follow", "Pasos demasiado vagos para seguirlos"),
        why: w(
            "these steps name an aim and not what to do: nobody who does not know already can follow them",
            "estos pasos nombran un fin y no qué hacer: quien no lo sepa ya no puede seguirlos",
        ),
        fix: w(
            "Say which service, which command, which limit; or who is to be called.",
            "Diga qué servicio, qué comando, qué límite; o a quién se llama.",
        ),
        bad: Example::Page(
            "## Incident: API down\n\n1. **Apply a temporary fix**\n   - Restart the service\n   - Scale resources if needed\n   - Apply a patch",
        ),
        good: Example::Page(
            "## Incident: API down\n\n1. **Restart**\n   - `docker restart api`\n   - `curl -f -m 5 http://localhost/health`",
        ),
        check: vague,
    },
];

fn changes(command: &Cmd) -> bool {
    matches!(act(command), Act::Rollout | Act::Restart | Act::Start | Act::MigrateUp | Act::MigrateDown)
        || command.kubectl("delete") && command.sub().operand() == "pod"
        || act(command) == Act::Stop && scaled_to(command) == Some(0)
}

/// It frees space, which is a remedy only once there is some.
fn frees(ctx: &Ctx<'_>, command: &Cmd) -> bool {
    let deletes = command.name() == "find" && command.has("-delete") || command.args().any(|w| w.value == "prune");
    let titles = ctx.titles(command.block);
    deletes && mentions(&titles, &["disco", "disk", "espacio", "space"])
}

/// Heading words that promise a check.
const CHECKS: [&str; 12] = [
    "verific",
    "verify",
    "check",
    "comprob",
    "validar",
    "validat",
    "expected",
    "esperado",
    "monitor",
    "watch the",
    "should stay",
    "observar",
];

fn verification(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for (heading, blocks) in ctx.units() {
        let last =
            blocks.iter().flat_map(|b| ctx.commands_of(*b)).rfind(|c| (changes(c) || frees(ctx, c)) && !c.in_condition);
        let Some(last) = last else { continue };
        let proved = after(ctx, last).any(|c| act(c) == Act::Verify && c.name() != "aws");
        let said = ctx.lines.iter().any(|l| {
            l.number > ctx.line_column(ctx.place(last).start).0
                && l.number <= heading.end_line
                && mentions(&l.plain, &CHECKS)
        });
        // A sibling such as "Post-deploy verification", up to two headings further on.
        let index = ctx.headings.iter().position(|h| h.line == heading.line).unwrap_or(0);
        let sibling = ctx
            .headings
            .iter()
            .skip(index + 1)
            .filter(|h| h.level == heading.level && h.parent == heading.parent)
            .take(3)
            .any(|h| {
                mentions(&h.plain, &["verific", "verify", "post-deploy", "post-despliegue", "after the", "validat"])
            });
        if !proved && !said && !sibling {
            found.hit(last);
        }
    }
}

fn rollback(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let known = ctx
        .headings
        .iter()
        .any(|h| mentions(&h.plain, &["rollback", "roll back", "reversion", "volver atras", "revert"]));
    if known {
        return;
    }
    let elsewhere = ctx.commands.iter().find(|c| c.args().any(|w| matches!(w.value.as_str(), "rollback" | "undo")));
    for (heading, blocks) in ctx.units() {
        let deploys = mentions(
            &heading.plain,
            &[
                "deploy",
                "despliegue",
                "release",
                "upgrade",
                "actualizacion de version",
                "nueva version",
                "nuevas versiones",
                "publicar",
                "subir version",
                "ship",
                "roll out",
                "rollout",
            ],
        );
        let first = blocks
            .iter()
            .flat_map(|b| ctx.commands_of(*b))
            .find(|c| act(c) == Act::Rollout || act(c) == Act::MigrateUp);
        let said = mentions(
            &ctx.prose_of(heading),
            &[
                "rollback",
                "roll back",
                "volver atras",
                "to go back",
                "revertir",
                "revert",
                "version anterior",
                "previous version",
            ],
        );
        let Some(first) = first.filter(|_| deploys && !said) else { continue };
        let Some(back) = elsewhere else {
            found.hit(first);
            continue;
        };
        let (line, _) = ctx.line_column(ctx.place(back).start);
        found.command(
            first,
            Text::new(
                format!("this changes production, and the only way back stands among other steps, on line {line}: nothing says when to take it, to which version, nor what becomes of the schema"),
                format!("esto cambia producción, y el único camino de vuelta está entre otros pasos, en la línea {line}: nada dice cuándo tomarlo, a qué versión ni qué pasa con el esquema"),
            ),
            Text::new(
                "Write the rollback beside it: which version, which command, what happens to the schema, and how one decides.",
                "Escriba el rollback al lado: qué versión, qué comando, qué pasa con el esquema, y cómo se decide.",
            ),
        );
    }
}

/// Word of a title, and the words that take it back.
const OPPOSITES: [(&[&str], &[&str]); 4] = [
    (
        &["desactivar", "deshabilitar", "disable", "suspend"],
        &[
            "reactivar",
            "activar de nuevo",
            "volver a activar",
            "habilitar",
            "enable again",
            "to enable",
            "re-enable",
            "active = true",
        ],
    ),
    (&["bloquear", "block "], &["desbloquear", "unblock", "quitar el bloqueo", "remove the block"]),
    (
        &["detener todo", "stop everything", "shut down", "apagar"],
        &["volver a arrancar", "start again", "reanudar", "arranque de nuevo", "resume"],
    ),
    (
        &["temporal", "temporary"],
        &["volver a", "revertir", "restaurar el", "quitar", "restore the", "revert", "take back", "set back"],
    ),
];

fn way_back(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let all = super::plain(&ctx.book.source);
    for (heading, blocks) in ctx.units() {
        let prose = ctx.prose_of(heading);
        let labels: String = prose.lines().filter(|l| l.trim_end().ends_with(':')).collect::<Vec<_>>().join("\n");
        for (words, back) in OPPOSITES {
            let titled = mentions(&heading.plain, words) || (words[0] == "temporal" && mentions(&labels, words));
            let local = words[0] == "temporal";
            let undone = if local { mentions(&prose, back) } else { mentions(&all, back) };
            let acts = blocks.iter().any(|b| {
                ctx.blocks[*b].block.risk.is_some_and(|r| r != Risk::Observe)
                    || ctx.blocks[*b].block.class == BlockClass::Config
            });
            if titled && !undone && acts {
                found.here(heading.span.clone());
                break;
            }
        }
    }
}

fn no_escalation(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let whole = super::plain(&ctx.book.source);
    let told = pattern(r"\b(escalat\w*|escala a|escalar a|escalamiento de incidentes|escalar al|escalation|pagerduty|opsgenie|on-call|on call|guardia|oncall)\b").is_match(&whole);
    let incidents = ctx.headings.iter().find(|h| {
        mentions(&h.plain, &["incident"]) && h.level <= 2 && !mentions(&h.plain, &["checklist", "postmortem", "["])
    });
    let several = !ctx.blocks.is_empty() && ctx.headings.iter().filter(|h| h.level > 1).count() >= 2;
    if let Some(heading) = incidents.filter(|_| !told && several) {
        found.here(heading.span.clone());
    }
}

fn remedy(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for (heading, blocks) in ctx.units() {
        let parent = heading.parent.and_then(|p| ctx.headings.get(p));
        let trouble = parent.is_some_and(|p| {
            mentions(
                &p.plain,
                &["troubleshoot", "incident", "problema", "errores comunes", "common errors", "solucion de"],
            )
        });
        let looks = blocks.iter().flat_map(|b| ctx.commands_of(*b)).count() > 0;
        let only_looks = blocks.iter().all(|b| ctx.blocks[*b].block.risk.is_none_or(|r| r == Risk::Observe));
        let prose = ctx.prose_of(heading);
        let items = prose
            .lines()
            .filter(|l| l.trim_start().starts_with(|c: char| c.is_ascii_digit()) || l.contains('→'))
            .count();
        let told = items > 0 || pattern(r"\b(solucion|solution|remed|mitigat|accion|action|escal)").is_match(&prose);
        let manual = blocks.iter().any(|b| {
            let view = &ctx.blocks[*b];
            view.comments.iter().any(|c| {
                view.text()
                    .get(c.clone())
                    .is_some_and(|t| mentions(&super::plain(t), &["reintentar", "retry", "reiniciar", "restart"]))
            })
        });
        if trouble && looks && only_looks && !told && !manual {
            found.here(heading.span.clone());
        }
    }
}

fn decisions(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let arrow = pattern(r"^\s*(\d+[.)]|[-*])\s+.+(→|->|=>)\s*\S");
    let label = pattern(r"(solucion|solution|accion|action|remed|causa|cause|resolucion|resolution)");
    let mut list: Vec<usize> = Vec::new();
    let mut labelled = false;
    for (index, line) in ctx.lines.iter().enumerate() {
        let text = ctx.book.source.get(line.span.clone()).unwrap_or("");
        if line.block.is_none() && arrow.is_match(text) && labelled && text.matches(['→']).count() < 2 {
            list.push(index);
            continue;
        }
        if !line.plain.trim().is_empty() {
            flush(ctx, found, &mut list);
            labelled = label.is_match(&line.plain) && (text.trim_end().ends_with([':', '*']) || text.starts_with('#'));
        }
    }
    flush(ctx, found, &mut list);
}

fn flush(ctx: &Ctx<'_>, found: &mut Found<'_, '_>, list: &mut Vec<usize>) {
    let bare: Vec<usize> =
        list.iter().copied().filter(|i| !ctx.book.source[ctx.lines[*i].span.clone()].contains('`')).collect();
    if let Some(first) = bare.first().filter(|_| bare.len() * 2 > list.len() && bare.len() > 1) {
        let (n, all) = (bare.len(), list.len());
        found.detail(ctx.lines[*first].span.clone(), &Text::new(format!("{n} of {all}"), format!("{n} de {all}")));
    }
    list.clear();
}

fn vague(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let verbs = pattern(
        r"^\s*([-*]|\d+[.)])\s+(cpu|memoria|memory|disco|disk|si )?[^:`]*:?\s*(rollback|reiniciar|escalar|actualizar|desplegar|optimizar|aumentar|implementar|limpiar|verificar|revisar|contener|investigar|recuperar|notificar|desconectar|restart|scale|apply|update|optimi[sz]e|increase|implement|deploy|investigate|recover|contain)\b",
    );
    for (index, heading) in ctx.headings.iter().enumerate() {
        let above = heading.parent.map_or(String::new(), |p| ctx.headings[p].plain.clone());
        let trouble = mentions(
            &format!("{} {above}", heading.plain),
            &["incident", "nivel", "level", "breach", "respuesta", "response", "troubleshoot", "problema"],
        );
        if !trouble || heading.plain.contains("checklist") || above.contains("checklist") {
            continue;
        }
        let end = ctx.headings.get(index + 1).map_or(heading.end_line, |next| next.line - 1);
        let steps: Vec<_> = ctx
            .lines
            .iter()
            .filter(|l| l.number > heading.line && l.number <= end && l.block.is_none())
            .filter(|l| verbs.is_match(&l.plain) && !l.plain.contains("[ ]"))
            .filter(|l| {
                let text = &ctx.book.source[l.span.clone()];
                !text.contains('`')
                    && !text.contains("http")
                    && !text.trim_end().ends_with([':', '*'])
                    && !text.contains('→')
            })
            .collect();
        if let Some(first) = steps.first().filter(|_| steps.len() >= 3) {
            let n = steps.len();
            found
                .detail(first.span.clone(), &Text::new(format!("{n} in this section"), format!("{n} en esta sección")));
        }
    }
}
