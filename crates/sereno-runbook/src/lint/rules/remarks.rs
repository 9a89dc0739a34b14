//! Comments that stand where a command is needed.

use super::{Ctx, Example, Found, Lint, Severity, Text, mentions, pattern, plain, w};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "comment-instead-of-command",
        severity: Severity::Note,
        title: w("A numbered step that is only a comment", "Un paso numerado que es solo un comentario"),
        why: w(
            "this numbered step is only a comment: run as a script it does nothing and is passed over in silence",
            "este paso numerado es solo un comentario: como script no hace nada y se pasa por alto en silencio",
        ),
        fix: w(
            "Move it out of the block as a step for a person, or write its command (`curl -fsS \"$SLACK_WEBHOOK\" …`).",
            "Sáquelo del bloque como paso de una persona, o escriba su comando (`curl -fsS \"$SLACK_WEBHOOK\" …`).",
        ),
        bad: Example::Shell("# 1. Look\ndocker ps\n\n# 2. Tell the customers by mail"),
        good: Example::Shell("# 1. Look\ndocker ps\n\n# 2. Look closer\ndocker logs --tail=5 api"),
        check: numbered,
    },
    Lint {
        code: "script-leaves-a-gap",
        severity: Severity::Warning,
        title: w("A step of a script that was never written", "Un paso del script que nunca se escribió"),
        why: w(
            "this comment says what happens here and no command does it: the script goes on to the next lines as if it had been done",
            "este comentario dice qué pasa aquí y ningún comando lo hace: el script sigue con las líneas siguientes como si estuviera hecho",
        ),
        fix: w(
            "Write the command, or stop and ask the person to do it (`read -rp \"Done? \"`).",
            "Escriba el comando, o deténgase y pida a la persona que lo haga (`read -rp \"¿Hecho? \"`).",
        ),
        bad: Example::Shell(
            "if [ \"$SURE\" = yes ]; then\n  systemctl stop shop\n\n  # Put up the maintenance page\n\n  ./tell-everybody.sh\nfi",
        ),
        good: Example::Shell(
            "if [ \"$SURE\" = yes ]; then\n  systemctl stop shop\n\n  # Put up the maintenance page\n  ./maintenance.sh on\n\n  ./tell-everybody.sh\nfi",
        ),
        check: gap,
    },
];

fn numbered(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let numbered = pattern(r"^#\s*\d+[.)]\s+\p{L}");
    for (index, view) in ctx.blocks.iter().enumerate().filter(|(_, v)| v.is_shell()) {
        let commands = ctx.commands_of(index);
        let steps: Vec<_> = view
            .comments
            .iter()
            .filter(|c| view.text().get((*c).clone()).is_some_and(|t| numbered.is_match(t)))
            .collect();
        let mut silent = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let end = steps.get(at + 1).map_or(view.block.text.len(), |next| next.start);
            let acts = commands.iter().any(|c| c.span.start >= step.end && c.span.start < end);
            // What is looked at in a browser is rightly left to a person.
            let screen = view.block.text.get(step.start..end).is_some_and(|t| {
                mentions(&plain(t), &["dashboard", "grafana", "https://", "siguiendo", "following the"])
            });
            let foreign =
                view.block.text.get(step.end..end).is_some_and(|t| {
                    t.lines().skip(1).any(|l| !l.trim().is_empty() && !l.trim_start().starts_with('#'))
                });
            if !acts && !foreign && !screen {
                silent.push(*step);
            }
        }
        if let Some(first) = silent.first().filter(|_| !commands.is_empty()) {
            let n = silent.len();
            let detail = Text::new(format!("{n} in this block"), format!("{n} en este bloque"));
            found.detail(ctx.in_source(index, first), &detail);
        }
    }
}

/// In a script that decides or stops by itself nobody reads the comments while it runs.
fn gap(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let act = pattern(
        r"^#\s*(poner|activar|desactivar|habilitar|deshabilitar|avisar|notificar|reiniciar|detener|bloquear|apagar|cortar|drenar|restaurar|put|enable|disable|switch|turn|notify|restart|stop|block|drain|restore|remove|set|tell)\s+\p{L}",
    );
    for (index, view) in ctx.blocks.iter().enumerate().filter(|(_, v)| v.is_shell()) {
        let text = view.text();
        let scripted = text.trim_start().starts_with("#!") || pattern(r"(?m)^\s*(if|for|while|case)\s").is_match(text);
        if !scripted {
            continue;
        }
        let mut lines = text.split_inclusive('\n').scan(0, |at, line| {
            let start = *at;
            *at += line.len();
            Some((start, line.trim()))
        });
        let mut above_blank = true;
        while let Some((start, line)) = lines.next() {
            let heads = above_blank && act.is_match(&plain(line));
            above_blank = line.is_empty();
            if !heads {
                continue;
            }
            let next = lines.by_ref().map(|(_, line)| line).find(|line| !line.starts_with('#'));
            above_blank = next.is_none_or(str::is_empty);
            let more = text
                .get(start..)
                .is_some_and(|rest| rest.lines().any(|l| !l.trim().is_empty() && !l.trim().starts_with('#')));
            if next.is_some_and(str::is_empty) && more {
                let from = start + text.get(start..).map_or(0, |rest| rest.len() - rest.trim_start().len());
                found.here(ctx.in_source(index, &(from..from + line.len())));
            }
        }
    }
}
