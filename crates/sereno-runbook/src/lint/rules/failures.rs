//! Failures that nobody hears.

use super::{
    Act, Cmd, Ctx, Example, Found, Join, Lint, Severity, Text, act, after, has_pipefail, is_post, mentions, plain,
    stops_on_error, w,
};
use std::ops::Range;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "swallowed-failure",
        severity: Severity::Error,
        title: w("A failure is turned into a message", "Un fallo se convierte en un mensaje"),
        why: w(
            "`|| echo` turns the failure into a line of text: the exit code is 0, `set -e` does not stop, and what follows goes on as if the check had passed",
            "`|| echo` convierte el fallo en una línea de texto: el código de salida es 0, `set -e` no se detiene y lo que sigue continúa como si la comprobación hubiera pasado",
        ),
        fix: w(
            "Let it fail: `|| { echo \"health check failed\" >&2; exit 1; }`. To retry, loop until it succeeds and exit 1 after the last try.",
            "Deje que falle: `|| { echo \"falló el health check\" >&2; exit 1; }`. Para reintentar, repita hasta que responda y termine con `exit 1` tras el último intento.",
        ),
        bad: Example::Shell("curl -f https://api.acme.io/health || echo \"health check failed\""),
        good: Example::Shell("curl -f https://api.acme.io/health || { echo \"health check failed\" >&2; exit 1; }"),
        check: swallowed,
    },
    Lint {
        code: "success-regardless",
        severity: Severity::Error,
        title: w("Success is announced whatever happened", "Se anuncia el éxito pase lo que pase"),
        why: w(
            "this says that all went well, and nothing before it can stop it from being said: after a failure the person, or the channel, reads success",
            "esto dice que todo salió bien, y nada de lo anterior puede impedir que se diga: tras un fallo, la persona o el canal leen éxito",
        ),
        fix: w(
            "Stop at the first failure (`set -euo pipefail`), let checks exit 1, and announce success only after the last check.",
            "Deténgase en el primer fallo (`set -euo pipefail`), haga que las comprobaciones terminen con `exit 1` y anuncie el éxito solo después de la última.",
        ),
        bad: Example::Shell("make migrate\n./deploy.sh\necho \"Deployment completed successfully\""),
        good: Example::Shell(
            "set -euo pipefail\nmake migrate\n./deploy.sh\necho \"Deployment completed successfully\"",
        ),
        check: success,
    },
    Lint {
        code: "check-ignores-status",
        severity: Severity::Warning,
        title: w("A health check that accepts an error page", "Un health check que acepta una página de error"),
        why: w(
            "without `-f`, curl exits 0 for a 500 or a 503 too: as a check it can only notice that nothing listens",
            "sin `-f`, curl termina con 0 también ante un 500 o un 503: como comprobación solo nota que nadie escucha",
        ),
        fix: w(
            "Use `curl -fsS --max-time 10 URL`, and look at the body too (`| jq -e '.status == \"ok\"'`) where 200 may mean degraded.",
            "Use `curl -fsS --max-time 10 URL`, y mire también el cuerpo (`| jq -e '.status == \"ok\"'`) donde un 200 puede significar degradado.",
        ),
        bad: Example::Shell("curl https://api.acme.io/health"),
        good: Example::Shell("curl -fsS --max-time 10 https://api.acme.io/health"),
        check: ignores_status,
    },
    Lint {
        code: "check-without-timeout",
        severity: Severity::Note,
        title: w("A check that may wait for ever", "Una comprobación que puede esperar para siempre"),
        why: w(
            "curl has no time limit of its own: against a service that hangs, which is the usual outage, the check hangs too",
            "curl no tiene límite de tiempo propio: ante un servicio colgado, que es la caída habitual, la comprobación también se cuelga",
        ),
        fix: w("Add `--max-time 10`.", "Agregue `--max-time 10`."),
        bad: Example::Shell("curl -f https://api.acme.io/health"),
        good: Example::Shell("curl -f --max-time 10 https://api.acme.io/health"),
        check: no_timeout,
    },
    Lint {
        code: "status-not-shown",
        severity: Severity::Warning,
        title: w("The expected status code is not shown", "El código esperado no se muestra"),
        why: w(
            "the comment expects a status code, but curl prints only the body: nobody sees the code",
            "el comentario espera un código de estado, pero curl solo muestra el cuerpo: nadie ve el código",
        ),
        fix: w(
            "Show the code and compare it: `test \"$(curl -s -o /dev/null -w '%{http_code}' URL)\" = 401`.",
            "Muestre el código y compárelo: `test \"$(curl -s -o /dev/null -w '%{http_code}' URL)\" = 401`.",
        ),
        bad: Example::Shell("curl https://api.acme.io/orders\n# must return 401"),
        good: Example::Shell("curl -s -o /dev/null -w '%{http_code}' https://api.acme.io/orders\n# must return 401"),
        check: status_not_shown,
    },
    Lint {
        code: "goes-on-after-failure",
        severity: Severity::Warning,
        title: w("The next step runs even if this one failed", "El paso siguiente corre aunque este falle"),
        why: w(
            "pasted as it stands, a failure here does not stop the block: the later lines restart, deploy or destroy on top of it",
            "pegado tal cual, un fallo aquí no detiene el bloque: las líneas siguientes reinician, despliegan o destruyen encima",
        ),
        fix: w(
            "Begin with `set -euo pipefail` in a script, or join the lines with `&&`.",
            "Empiece con `set -euo pipefail` en un script, o una las líneas con `&&`.",
        ),
        bad: Example::Shell("npm run build\npm2 restart api"),
        good: Example::Shell("npm run build && pm2 restart api"),
        check: goes_on,
    },
    Lint {
        code: "starts-after-failed-restore",
        severity: Severity::Error,
        title: w(
            "The application starts even if the restore failed",
            "La aplicación arranca aunque la restauración haya fallado",
        ),
        why: w(
            "nothing stands between the restore and this start: after a restore that failed half-way the application is let loose on what there is, and writes to it",
            "nada separa la restauración de este arranque: tras una restauración fallida a mitad, la aplicación se lanza sobre lo que haya, y escribe en ello",
        ),
        fix: w(
            "Join them: `restore && verify && start`, or `set -euo pipefail` in a script.",
            "Únalos: `restaurar && verificar && arrancar`, o `set -euo pipefail` en un script.",
        ),
        bad: Example::Shell("./backup.sh restore app.sql.gz\ndocker compose start api"),
        good: Example::Shell("set -euo pipefail\n./backup.sh restore app.sql.gz\ndocker compose start api"),
        check: starts_anyway,
    },
    Lint {
        code: "half-strict-script",
        severity: Severity::Note,
        title: w("`set -e` without its companions", "`set -e` sin sus compañeros"),
        why: w(
            "`set -e` alone lets two failures pass: a variable that is not set counts as empty, and a pipe fails only with its last command",
            "`set -e` solo deja pasar dos fallos: una variable sin definir cuenta como vacía, y una tubería falla solo con su último comando",
        ),
        fix: w("Write `set -euo pipefail`.", "Escriba `set -euo pipefail`."),
        bad: Example::Shell("#!/bin/bash\nset -e\nkubectl get pods"),
        good: Example::Shell("#!/bin/bash\nset -euo pipefail\nkubectl get pods"),
        check: half_strict,
    },
    Lint {
        code: "answer-not-checked",
        severity: Severity::Warning,
        title: w("What the person types is used unchecked", "Lo que escribe la persona se usa sin revisar"),
        why: w(
            "the answer is used without looking at it: an empty one, or a slip of the finger, goes straight into the commands that follow",
            "la respuesta se usa sin mirarla: una vacía, o un error de tecla, va directo a los comandos que siguen",
        ),
        fix: w(
            "Check it first: `[ -n \"$NAME\" ] && aws s3 ls \"s3://…/$NAME\" || exit 1`.",
            "Revísela antes: `[ -n \"$NOMBRE\" ] && aws s3 ls \"s3://…/$NOMBRE\" || exit 1`.",
        ),
        bad: Example::Shell("read -rp \"Backup: \" NAME\n./restore.sh \"$NAME\""),
        good: Example::Shell("read -rp \"Backup: \" NAME\n[ -n \"$NAME\" ] || exit 1\n./restore.sh \"$NAME\""),
        check: answer,
    },
    Lint {
        code: "pipeline-hides-failure",
        severity: Severity::Warning,
        title: w("A pipe hides the failure of its first part", "Una tubería oculta el fallo de su primera parte"),
        why: w(
            "the exit code is that of the last command of the pipe: a dump that breaks off or an archive that is damaged still looks like success",
            "el código de salida es el del último comando de la tubería: un volcado cortado o un archivo dañado sigue pareciendo un éxito",
        ),
        fix: w(
            "Write `set -o pipefail` before it, or test the file first (`gzip -t FILE`).",
            "Escriba antes `set -o pipefail`, o pruebe primero el archivo (`gzip -t ARCHIVO`).",
        ),
        bad: Example::Shell("pg_dump app | gzip > app.sql.gz"),
        good: Example::Shell("set -o pipefail\npg_dump app | gzip > app.sql.gz"),
        check: pipeline,
    },
    Lint {
        code: "backup-not-verified",
        severity: Severity::Warning,
        title: w("Nobody looks whether the backup is whole", "Nadie mira si el respaldo está entero"),
        why: w(
            "nothing checks the backup after it is taken: a dump that failed leaves an empty or cut file under a good name, and it is found out when it is needed",
            "nada comprueba el respaldo después de tomarlo: un volcado que falló deja un archivo vacío o cortado con buen nombre, y se descubre cuando hace falta",
        ),
        fix: w(
            "Check it at once: `test -s FILE && gzip -t FILE.gz` or `pg_restore --list FILE >/dev/null`, keep a checksum, and restore one regularly into a scratch database.",
            "Compruébelo enseguida: `test -s ARCHIVO && gzip -t ARCHIVO.gz` o `pg_restore --list ARCHIVO >/dev/null`, guarde una suma y restaure uno con regularidad en una base de prueba.",
        ),
        bad: Example::Shell("pg_dump app > app.sql"),
        good: Example::Shell("pg_dump -Fc -f app.dump app\npg_restore --list app.dump > /dev/null"),
        check: backup_unverified,
    },
    Lint {
        code: "command-only-printed",
        severity: Severity::Warning,
        title: w("A command is printed instead of run", "Un comando se imprime en lugar de ejecutarse"),
        why: w(
            "the script prints this command for somebody to type: at night it scrolls by, and the script ends as if it were done",
            "el script imprime este comando para que alguien lo escriba: de noche pasa de largo, y el script termina como si estuviera hecho",
        ),
        fix: w(
            "Make it a step of its own with the condition under which it is needed, or ask with `read` and run it.",
            "Hágalo un paso propio con la condición bajo la que hace falta, o pregunte con `read` y ejecútelo.",
        ),
        bad: Example::Shell("./rollback.sh\necho \"kubectl exec deploy/api -- npm run migration:revert\""),
        good: Example::Shell("./rollback.sh\necho \"rolled back\" >&2"),
        check: only_printed,
    },
];

const LOOKUPS: [&str; 14] =
    ["grep", "egrep", "test", "[", "[[", "which", "type", "pgrep", "ls", "cat", "find", "diff", "id", "getent"];

fn swallowed(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for (index, right) in ctx.commands.iter().enumerate() {
        if right.join != Join::Or || right.in_condition || !matches!(right.name(), "echo" | "printf" | "true" | ":") {
            continue;
        }
        let list: Vec<&Cmd> = ctx.commands[..index]
            .iter()
            .rev()
            .take_while(|c| c.block == right.block)
            .filter(|c| c.list == right.list)
            .collect();
        let Some(left) = list.iter().find(|c| !matches!(c.name(), "echo" | "printf")) else {
            continue;
        };
        let first = list.iter().min_by_key(|c| c.span.start).copied().unwrap_or(left);
        let quiet = matches!(right.name(), "true" | ":");
        let matters = matches!(
            act(left),
            Act::Verify | Act::Backup | Act::Restore | Act::MigrateUp | Act::Build | Act::Restart | Act::Rollout
        );
        if LOOKUPS.contains(&left.name()) || (quiet && !matters) || leaves_after(ctx, left, right) {
            continue;
        }
        found.here(ctx.in_source(right.block, &(first.span.start..right.span.end)));
    }
}

/// `|| { echo …; exit 1; }`
fn leaves_after(ctx: &Ctx<'_>, left: &Cmd, right: &Cmd) -> bool {
    let text = ctx.blocks[right.block].text();
    let joint = text.get(left.span.end..right.span.start).unwrap_or("");
    let rest = text.get(right.span.start..).unwrap_or("");
    let until = if joint.contains(['{', '(']) { rest.find(['}', ')']) } else { rest.find('\n') };
    let body = &rest[..until.unwrap_or(rest.len())];
    mentions(body, &["exit", "return", "false", "kill "])
}

fn announces(command: &Cmd) -> bool {
    let line = plain(&command.line());
    let says = mentions(
        &line,
        &["exitos", "completad", "success", "complete", "finalizad", "terminad", "finished", "listo", "✅"],
    );
    let sad = mentions(&line, &["fail", "error", "fall", "cancel", "no se", "inici", "❌"]);
    says && !sad && (matches!(command.name(), "echo" | "printf") || (command.name() == "curl" && is_post(command)))
}

fn success(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for view in &ctx.blocks {
        let commands = &ctx.commands[view.commands.clone()];
        let stops = view.commands.clone().next().is_some_and(|i| stops_on_error(ctx, ctx.commands[i].block));
        let (mut told, mut sent, mut risky, mut swallows) = (false, false, false, false);
        for command in commands {
            swallows |= command.join == Join::Or && matches!(command.name(), "echo" | "printf" | "true");
            if announces(command) && !matches!(command.join, Join::And | Join::Or) && !command.in_loop {
                let seen = if command.name() == "curl" { &mut sent } else { &mut told };
                if risky && (!stops || swallows) && !*seen {
                    *seen = true;
                    found.hit(command);
                }
            }
            risky |= !matches!(act(command), Act::Other) || is_post(command);
        }
    }
}

/// The address of a `curl` that reads.
fn health_address(command: &Cmd) -> Option<&str> {
    if command.name() != "curl" || is_post(command) {
        return None;
    }
    let address = command.args().map(|w| w.value.as_str()).find(|v| v.contains("://") || v.contains("localhost"))?;
    let path = address.split("://").last()?.split_once('/').map_or("", |(_, path)| path).to_lowercase();
    mentions(&path, &["health", "ready", "live", "ping", "heartbeat", "salud", "estado"]).then_some(address)
}

fn shows_status(command: &Cmd) -> bool {
    command.option('f', "--fail")
        || command.option('i', "--include")
        || command.option('I', "--head")
        || command.option('v', "--verbose")
        || command.has_any(&["-w", "--write-out", "--fail-with-body"])
}

fn piped_on(ctx: &Ctx<'_>, command: &Cmd) -> bool {
    after(ctx, command).any(|c| c.join == Join::Pipe && c.pipeline == command.pipeline && c.block == command.block)
}

fn one_per_block<'c>(ctx: &'c Ctx<'_>, found: &mut Found<'_, '_>, fits: impl Fn(&'c Cmd) -> bool) {
    for view in &ctx.blocks {
        let hits: Vec<&Cmd> = ctx.commands[view.commands.clone()].iter().filter(|c| fits(c)).collect();
        match hits.as_slice() {
            [] => {}
            [one] => found.hit(one),
            [first, ..] => {
                let n = hits.len();
                let detail = Text::new(format!("{n} in this block"), format!("{n} en este bloque"));
                found.detail(ctx.place(first), &detail);
            }
        }
    }
}

fn ignores_status(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    one_per_block(ctx, found, |c| {
        let checks = health_address(c).is_some() || (c.name() == "curl" && is_post(c) && is_a_check(ctx, c));
        checks && !shows_status(c) && !piped_on(ctx, c)
    });
}

/// A request sent to see whether it is answered, as the title or the step says.
fn is_a_check(ctx: &Ctx<'_>, command: &Cmd) -> bool {
    let said = format!("{} {}", ctx.titles(command.block), ctx.comment_before(command));
    let answers = command.args().any(|w| mentions(&w.value, &["/login", "/health", "/orders", "/auth", "/test"]));
    answers && mentions(&said, &["verific", "verify", "smoke", "validat", "comprob", "probar", "test"])
}

fn no_timeout(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let bare = |c: &&Cmd| {
        health_address(c).is_some()
            && !c.option('m', "--max-time")
            && !c.has("--connect-timeout")
            && !c.via.contains(&"timeout")
    };
    let all: Vec<&Cmd> = ctx.commands.iter().filter(bare).collect();
    if let Some(first) = all.first() {
        let n = all.len();
        found.detail(ctx.place(first), &Text::new(format!("{n} in this file"), format!("{n} en este archivo")));
    }
}

fn status_not_shown(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let expected = super::pattern(r"(debe|deberia|should|must|expect|espera|devuelv|devolver|return).*\b[1-5]\d\d\b");
    for command in ctx.commands.iter().filter(|c| c.name() == "curl" && !shows_status(c) && !piped_on(ctx, c)) {
        let view = &ctx.blocks[command.block];
        let next = view.comments.iter().find(|c| c.start >= command.span.end);
        let near = next
            .filter(|c| view.text().get(command.span.end..c.start).is_some_and(|between| between.trim().is_empty()));
        if near.and_then(|c| view.text().get(c.clone())).is_some_and(|text| expected.is_match(&plain(text))) {
            found.hit(command);
        }
    }
}

fn goes_on(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for view in ctx.blocks.iter().filter(|view| view.is_shell()) {
        let commands = &ctx.commands[view.commands.clone()];
        let Some(block) = commands.first().map(|c| c.block) else {
            continue;
        };
        if stops_on_error(ctx, block) {
            continue;
        }
        let needed = |c: &&Cmd| {
            matches!(act(c), Act::Build | Act::MigrateUp) || (act(c) == Act::Fetch && c.here() && c.name() != "git")
        };
        let Some(first) = commands.iter().find(needed) else {
            continue;
        };
        let follows = |c: &&Cmd| {
            c.span.start > first.span.end
                && c.list != first.list
                && !c.in_condition
                && match act(first) {
                    Act::Fetch => matches!(act(c), Act::Restart | Act::Rollout | Act::Drop | Act::Restore),
                    _ => matches!(act(c), Act::Restart | Act::Rollout),
                }
        };
        let Some(then) = commands.iter().find(follows) else {
            continue;
        };
        let destroys = commands.iter().filter(follows).any(|c| matches!(act(c), Act::Drop | Act::Restore));
        let severity = if destroys { Severity::Error } else { Severity::Warning };
        let name = super::super::view::program(&then.words[0]).to_owned();
        found.with(
            severity,
            ctx.place(first),
            Text::new(
                format!("if this fails, the block still goes on to `{name}` below: it has neither `set -e` nor `&&`, so the later lines act on a half-done state"),
                format!("si esto falla, el bloque igual sigue hasta `{name}` más abajo: no tiene `set -e` ni `&&`, así que las líneas siguientes actúan sobre un estado a medias"),
            ),
            Text::new(
                "Begin with `set -euo pipefail` in a script, or join the lines with `&&`.",
                "Empiece con `set -euo pipefail` en un script, o una las líneas con `&&`.",
            ),
        );
    }
}

fn starts_anyway(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for start in ctx.commands.iter().filter(|c| act(c) == Act::Start && !c.in_condition && c.join != Join::And) {
        let restore = super::before(ctx, start).filter(|c| c.block == start.block && act(c) == Act::Restore).last();
        let checked = restore.is_some_and(|r| {
            ctx.commands_of(start.block)
                .iter()
                .any(|c| c.name() == "exit" && c.span.start > r.span.end && c.span.start < start.span.start)
        });
        if restore.is_some() && !checked && !stops_on_error(ctx, start.block) {
            found.hit(start);
        }
    }
}

fn half_strict(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.name() == "set" && !c.is_inner) {
        let letters: String = command.args().filter(|w| w.value.starts_with('-')).map(|w| w.value.as_str()).collect();
        let alone = letters.contains('e') && !letters.contains('u') && !has_pipefail(ctx, command.block);
        let script = ctx.blocks[command.block].block.text.trim_start().starts_with("#!");
        let whole =
            ctx.commands_of(command.block).iter().any(|c| c.name() == "set" && (c.has("-u") || c.has("nounset")));
        if alone && script && !whole {
            found.hit(command);
        }
    }
}

fn answer(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| super::asks(c)) {
        let Some(name) = command.words.last().map(|w| w.value.clone()).filter(|n| !n.starts_with('-')) else {
            continue;
        };
        let (plain_use, braced) = (format!("${name}"), format!("${{{name}"));
        let mut used = false;
        let mut checked = false;
        for later in after(ctx, command).filter(|c| c.block == command.block) {
            let uses = later.words.iter().any(|w| w.value.contains(&plain_use) || w.value.contains(&braced));
            let demands = later.words.iter().any(|w| w.value.contains(&format!("${{{name}:?")));
            checked |= uses && matches!(later.name(), "[" | "[[" | "test") || demands;
            used |= uses && !matches!(later.name(), "[" | "[[" | "test" | "echo") && !checked;
        }
        let compared = ctx.blocks[command.block].text().contains(&format!("case \"{plain_use}"));
        if used && !checked && !compared {
            found.hit(command);
        }
    }
}

fn pipeline(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    const SOURCES: [&str; 9] =
        ["pg_dump", "pg_dumpall", "mysqldump", "mongodump", "gunzip", "zcat", "gzip", "tar", "aws"];
    for left in ctx.commands.iter().filter(|c| SOURCES.contains(&c.name())) {
        let rights: Vec<&Cmd> = after(ctx, left)
            .filter(|c| c.block == left.block && c.pipeline == left.pipeline && c.join == Join::Pipe)
            .collect();
        let keeps = |c: &&Cmd| {
            matches!(c.name(), "gzip" | "psql" | "mysql" | "pg_restore" | "zstd" | "gpg" | "split")
                || (c.name() == "aws" && c.has("cp"))
        };
        if left.join != Join::Pipe && !has_pipefail(ctx, left.block) && rights.iter().any(keeps) {
            let end = rights.iter().map(|c| c.span.end).max().unwrap_or(left.span.end);
            found.here(ctx.in_source(left.block, &(left.span.start..end)));
        }
    }
}

fn backup_unverified(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let mut reported: Vec<Range<usize>> = Vec::new();
    for command in ctx.commands.iter().filter(|c| act(c) == Act::Backup) {
        let dump = matches!(command.name(), "pg_dump" | "pg_dumpall" | "mysqldump" | "mongodump");
        let checked = after(ctx, command).any(|c| {
            matches!(c.name(), "test" | "[" | "[[" | "sha256sum" | "md5sum" | "stat" | "wc")
                || (matches!(c.name(), "gzip" | "gunzip" | "zstd") && c.has_any(&["-t", "--test"]))
                || (c.name() == "pg_restore" && c.has_any(&["-l", "--list"]))
                || !matches!(c.name(), "echo" | "printf") && looks_at_backup(c)
        });
        let schema_only = command.has_any(&["-s", "--schema-only"]);
        let place = ctx.place(command);
        let known = reported.iter().any(|r| r.start == place.start);
        if !checked && !known && !schema_only {
            let severity = if dump { Severity::Warning } else { Severity::Note };
            found.hit_as(severity, command);
            reported.push(place);
        }
    }
}

/// It lists or verifies backups, and not something else that a deploy verifies.
fn looks_at_backup(command: &Cmd) -> bool {
    let line = plain(&command.line());
    let about = mentions(&line, &["backup", "dump", "respaldo", "copia", ".gz", "archive"]);
    mentions(&line, &[" list", "ls -l", "s3 ls"]) || (about && line.contains("verif"))
}

fn only_printed(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let typed = super::pattern(
        r"^(sudo )?(kubectl|docker|docker-compose|psql|npm|npx|git|helm|make|systemctl|ssh|redis-cli|alembic|aws|terraform) [a-z-]",
    );
    for command in ctx.commands.iter().filter(|c| matches!(c.name(), "echo" | "printf")) {
        let written = !command.redirects.is_empty()
            || ctx
                .commands
                .iter()
                .any(|c| c.join == Join::Pipe && c.pipeline == command.pipeline && c.block == command.block);
        if !written && command.words.get(1).is_some_and(|word| typed.is_match(&word.value)) {
            found.hit(command);
        }
    }
}
