//! Secrets that are changed: in every place that holds them, and with what hangs on them.

use super::{Cmd, Ctx, Example, Found, Lint, Severity, mentions, pattern, plain, w};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "password-changed-on-one-side",
        severity: Severity::Warning,
        title: w("A database password changed on one side only", "Una contraseña de base cambiada de un solo lado"),
        why: w(
            "this changes the password that the application sends, and nothing changes the one that the database expects: after the next restart nobody gets in",
            "esto cambia la contraseña que envía la aplicación, y nada cambia la que espera la base: tras el próximo reinicio nadie entra",
        ),
        fix: w(
            "Change both in one procedure: `ALTER ROLE app PASSWORD …` (`\\password app` in psql), then the secret, then restart and check a login.",
            "Cambie ambas en un mismo procedimiento: `ALTER ROLE app PASSWORD …` (`\\password app` en psql), luego el secreto, luego reinicie y compruebe un acceso.",
        ),
        bad: Example::Shell(
            "kubectl create secret generic postgres-login -n shop --from-literal=password=\"$NEW\" --dry-run=client -o yaml | kubectl apply -n shop -f -",
        ),
        good: Example::Shell(
            "psql -c \"ALTER ROLE shop PASSWORD '$NEW'\"\nkubectl create secret generic postgres-login -n shop --from-literal=password=\"$NEW\" --dry-run=client -o yaml | kubectl apply -n shop -f -",
        ),
        check: one_side,
    },
    Lint {
        code: "signing-key-changed-at-once",
        severity: Severity::Note,
        title: w("A signing key is replaced at once", "Una clave de firma se reemplaza de golpe"),
        why: w(
            "with a new signing key every session and token signed with the old one is refused at once: all users are logged out, and nothing here says so or says when to do it",
            "con una clave de firma nueva, toda sesión y todo token firmados con la anterior se rechazan al instante: todos los usuarios quedan fuera, y nada aquí lo dice ni dice cuándo hacerlo",
        ),
        fix: w(
            "Say that sessions end and when to do it, or accept both keys for the life of a token, and then revoke the old one.",
            "Diga que las sesiones terminan y cuándo hacerlo, o acepte ambas claves durante la vida de un token y revoque luego la anterior.",
        ),
        bad: Example::Page("### Rotate secrets\n\n```bash\nopenssl rand -hex 32   # new JWT_SECRET\nvim .env\n```"),
        good: Example::Page(
            "### Rotate secrets\n\nAll sessions end: do it at night.\n\n```bash\nopenssl rand -hex 32   # new JWT_SECRET\nvim .env\n```",
        ),
        check: at_once,
    },
];

/// The secret of a database is written, with a password in it.
fn writes_password(command: &Cmd) -> bool {
    let line = plain(&command.line());
    let database = mentions(&line, &["postgres", "mysql", "mariadb", "database", "db-", "-db", "mongo", "redis"]);
    let writes = command.kubectl("create") || command.kubectl("patch") || command.kubectl("edit");
    let password = mentions(&line, &["from-literal=password=", "password=", "\"password\""]);
    let creates = line.contains("secret") && writes && password;
    database && creates
}

fn one_side(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let changed =
        pattern(r"alter (role|user)|\\password|set password|acl setuser|changeuserpassword|config set requirepass");
    for command in ctx.commands.iter().filter(|c| !c.is_inner && writes_password(c)) {
        let other = ctx.unit_heading(command.block).is_some_and(|heading| {
            let body = ctx.lines.iter().filter(|l| (heading.line..=heading.end_line).contains(&l.number));
            body.into_iter().any(|l| changed.is_match(&l.plain))
        });
        let alone = ctx.unit_heading(command.block).is_none()
            && ctx.commands_of(command.block).iter().any(|c| changed.is_match(&plain(&c.line())));
        if !other && !alone {
            found.hit(command);
        }
    }
}

fn at_once(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let key = pattern(
        r"(?i)\b((new_|app_|django_|flask_)?secret_key(_base)?|nextauth_secret|jwt_(secret|key|signing_key)|session_secret|app_key|auth_secret|cookie_secret)\b",
    );
    let rotates = pattern(
        r"\b(rotar|rotacion|rotate|rotating|rotation|renovar|regenerar|regenerate|cambiar|change|nuev[oa]s?|new)\b",
    );
    let told = pattern(
        r"\b(sesion(es)?|sessions?|logged out|log out|logout|re-?login|old (key|secret)|clave anterior|clave vieja|ambas claves|both keys|grace|invalid\w*|previous key)\b",
    );
    let mut last = usize::MAX;
    for line in &ctx.lines {
        let Some(block) = line.block.filter(|block| *block != last && ctx.blocks[*block].is_shell()) else { continue };
        let text = ctx.book.source.get(line.span.clone()).unwrap_or_default();
        let Some(hit) = key.find(text) else { continue };
        let Some(heading) = ctx.unit_heading(block) else { continue };
        let around = || ctx.lines.iter().filter(|l| (heading.line..=heading.end_line).contains(&l.number));
        if around().any(|l| rotates.is_match(&l.plain)) && !around().any(|l| told.is_match(&l.plain)) {
            last = block;
            found.here(line.span.start + hit.start()..line.span.start + hit.end());
        }
    }
}
