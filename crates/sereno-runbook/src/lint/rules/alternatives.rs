//! Things of which the author means one, written as if all were to be done.

use super::{Act, Cmd, Ctx, Example, Found, Lint, Severity, act, pattern, plain, w};
use std::ops::Range;

pub(super) const LINTS: &[Lint] = &[Lint {
    code: "alternatives-in-sequence",
    severity: Severity::Warning,
    title: w("Alternatives written one after the other", "Alternativas escritas una tras otra"),
    why: w(
        "these are alternatives, but in one block they all run one after the other when it is pasted or run as a whole",
        "estas son alternativas, pero en un mismo bloque se ejecutan todas, una tras otra, al pegarlo o correrlo entero",
    ),
    fix: w(
        "Give each alternative a block of its own under a label that says when it is the right one.",
        "Dé a cada alternativa un bloque propio bajo una etiqueta que diga cuándo corresponde.",
    ),
    bad: Example::Shell("pm2 restart api\n# Or\nsystemctl restart api"),
    good: Example::Shell("# Restart the API\npm2 restart api"),
    check,
}];

fn check(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let label = pattern(
        r"^#+\s*(\d+[.)]\s*)?(o|u|or|o bien|or else|alternativa\w*|alternative\w*|opcion \d+|option \d+|si usas .*|if you use .*|if using .*|manual con .*|o (via|usar|usando|editar|restaurar|manualmente|de forma) .*|or (via|use|using|edit|manually) .*|si el (backup|archivo|dump|respaldo) es .*|if the (backup|file|dump) is .*)(\s*[:(].*)?$",
    );
    let option = pattern(r"^#+\s*(opcion|option|alternativa|alternative) \d+");
    for (index, view) in ctx.blocks.iter().enumerate().filter(|(_, view)| view.is_shell()) {
        let commands = ctx.commands_of(index);
        let marks: Vec<&Range<usize>> = view
            .comments
            .iter()
            .filter(|c| {
                view.text().get((*c).clone()).is_some_and(|t| {
                    let text = plain(t.trim());
                    label.is_match(&text) || option.is_match(&text)
                })
            })
            .collect();
        let between = |mark: &Range<usize>| {
            commands.iter().any(|c| c.span.end <= mark.start) && commands.iter().any(|c| c.span.start >= mark.end)
        };
        if let Some(mark) = marks.iter().find(|mark| between(mark)) {
            let looks = view.block.risk == Some(sereno_model::Risk::Observe);
            let span = ctx.in_source(index, mark);
            if looks {
                found.note(span);
            } else {
                found.here(span);
            }
        } else if let Some(again) = twice(commands) {
            found.hit(again);
        }
    }
}

/// The same script twice, once with more words: `rollback.sh` and `rollback.sh v1.1.0`; `make up` and `make up-detached`.
fn twice(commands: &[Cmd]) -> Option<&Cmd> {
    commands.windows(2).find_map(|pair| {
        let [one, two] = pair else { return None };
        let (first, second) = (one.line(), two.line());
        let target = one.name() == "make" && second.strip_prefix(&first).is_some_and(|rest| rest.starts_with('-'));
        let script = matches!(act(one), Act::Rollout | Act::Restore | Act::MigrateUp)
            && second.strip_prefix(&first).is_some_and(|rest| rest.starts_with(' '));
        (one.list != two.list && (target || script)).then_some(two)
    })
}
