//! Restoring.

use super::{Act, Cmd, Ctx, Example, Found, Lint, Severity, Text, act, after, before, mentions, pattern, plain, w};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "restore-without-backup",
        severity: Severity::Error,
        title: w("A restore that saves nothing first", "Una restauración que no guarda nada antes"),
        why: w(
            "the present state is overwritten without a copy: if the backup turns out to be the wrong one, damaged or old, what was there is lost too",
            "el estado actual se sobrescribe sin copia: si el respaldo resulta ser otro, dañado o viejo, también se pierde lo que había",
        ),
        fix: w(
            "Dump the present state first (`pg_dump -Fc -f before-restore.dump …`), test the backup, and ask for a typed word before overwriting.",
            "Antes vuelque el estado actual (`pg_dump -Fc -f antes-de-restaurar.dump …`), pruebe el respaldo y pida una palabra escrita antes de sobrescribir.",
        ),
        bad: Example::Shell("./backup.sh restore backups/app.sql.gz"),
        good: Example::Shell(
            "pg_dump -Fc -f before-restore.dump app\npg_restore --list before-restore.dump\n./backup.sh restore backups/app.sql.gz",
        ),
        check: without_backup,
    },
    Lint {
        code: "restore-into-live",
        severity: Severity::Error,
        title: w(
            "A dump is loaded into a database that is not empty",
            "Se carga un volcado en una base que no está vacía",
        ),
        why: w(
            "the dump is loaded over the tables that are there: rows collide or double, what was added since stays, and the result is neither the old state nor the backup",
            "el volcado se carga sobre las tablas existentes: las filas chocan o se duplican, lo agregado desde entonces queda, y el resultado no es ni el estado anterior ni el respaldo",
        ),
        fix: w(
            "Load into a new, empty database (`createdb app_new`), verify it, then swap the names; or `pg_restore --clean --if-exists --single-transaction`.",
            "Cargue en una base nueva y vacía (`createdb app_new`), verifíquela y luego cambie los nombres; o `pg_restore --clean --if-exists --single-transaction`.",
        ),
        bad: Example::Shell("pg_dump app > now.sql\npsql -d app < backup.sql"),
        good: Example::Shell("createdb app_new\npsql -v ON_ERROR_STOP=1 --single-transaction -d app_new < backup.sql"),
        check: into_live,
    },
    Lint {
        code: "restore-while-running",
        severity: Severity::Warning,
        title: w(
            "The application runs while its database is restored",
            "La aplicación corre mientras se restaura su base",
        ),
        why: w(
            "nothing stops the application first: it writes into the database while it is being loaded, and those writes are mixed in or lost",
            "nada detiene antes la aplicación: escribe en la base mientras se carga, y esas escrituras se mezclan o se pierden",
        ),
        fix: w(
            "Stop every writer first (API, workers, schedulers), and start them after the check.",
            "Detenga antes a todos los que escriben (API, workers, programadores) y arránquelos después de verificar.",
        ),
        bad: Example::Shell("psql -d app < backup.sql"),
        good: Example::Shell("docker-compose stop api worker\npsql -d app < backup.sql"),
        check: while_running,
    },
    Lint {
        code: "writers-left-running",
        severity: Severity::Warning,
        title: w("Only the API is stopped for a restore", "Para restaurar solo se detiene la API"),
        why: w(
            "this stops one service, but the runbook knows workers or schedulers that write to the same database and go on during the restore",
            "esto detiene un servicio, pero el runbook conoce workers o programadores que escriben en la misma base y siguen durante la restauración",
        ),
        fix: w(
            "Stop them too: `docker-compose stop api worker beat`.",
            "Deténgalos también: `docker-compose stop api worker beat`.",
        ),
        bad: Example::Page(
            "The `worker` takes jobs from the queue.\n\n```bash\ndocker-compose stop api\npsql -d app < backup.sql\n```",
        ),
        good: Example::Page(
            "The `worker` takes jobs from the queue.\n\n```bash\ndocker-compose stop api worker\npsql -d app < backup.sql\n```",
        ),
        check: writers,
    },
    Lint {
        code: "psql-keeps-going",
        severity: Severity::Error,
        title: w("psql goes on after an error", "psql sigue después de un error"),
        why: w(
            "psql goes on after each failed statement and still exits 0: half of the file may be missing and nobody is told",
            "psql sigue tras cada sentencia fallida y aun así termina con 0: puede faltar la mitad del archivo sin que nadie se entere",
        ),
        fix: w(
            "Add `-v ON_ERROR_STOP=1 --single-transaction`: all of it or nothing.",
            "Agregue `-v ON_ERROR_STOP=1 --single-transaction`: todo o nada.",
        ),
        bad: Example::Shell("psql -d app_new < backup.sql"),
        good: Example::Shell("psql -v ON_ERROR_STOP=1 --single-transaction -d app_new < backup.sql"),
        check: keeps_going,
    },
    Lint {
        code: "restore-tool-mismatch",
        severity: Severity::Error,
        title: w("The restore tool does not fit the file", "La herramienta de restauración no corresponde al archivo"),
        why: w(
            "pg_restore reads custom, directory and tar archives, and psql reads SQL text: by its name this file is of the other kind, and the tool refuses it",
            "pg_restore lee archivos custom, directory y tar, y psql lee texto SQL: por su nombre este archivo es del otro tipo, y la herramienta lo rechaza",
        ),
        fix: w(
            "Name custom-format dumps `.dump` and restore them with pg_restore; restore `.sql` with `psql -v ON_ERROR_STOP=1 -f FILE`.",
            "Llame `.dump` a los volcados en formato custom y restáurelos con pg_restore; restaure los `.sql` con `psql -v ON_ERROR_STOP=1 -f ARCHIVO`.",
        ),
        bad: Example::Shell("createdb new\npg_restore -d new backup.sql"),
        good: Example::Shell("createdb new\npg_restore -d new backup.dump"),
        check: mismatch,
    },
    Lint {
        code: "restores-latest",
        severity: Severity::Warning,
        title: w("The latest backup, whatever is in it", "El último respaldo, tenga lo que tenga"),
        why: w(
            "`latest` may have been taken after the damage, or by a run that failed: the right backup is the last one from before the trouble",
            "`latest` puede haberse tomado después del daño, o por una corrida que falló: el respaldo correcto es el último anterior al problema",
        ),
        fix: w(
            "List the backups with time and size, choose one from before the trouble, test it, and name it.",
            "Liste los respaldos con hora y tamaño, elija uno anterior al problema, pruébelo y nómbrelo.",
        ),
        bad: Example::Shell("./restore.sh /backups/latest.sql.gz"),
        good: Example::Shell("./restore.sh \"/backups/$CHOSEN\""),
        check: latest,
    },
    Lint {
        code: "restore-not-verified",
        severity: Severity::Warning,
        title: w("Nobody looks at the restored data", "Nadie mira los datos restaurados"),
        why: w(
            "after the restore nothing looks at the data: a list of tables or a health check is green for an empty database too",
            "después de restaurar nada mira los datos: una lista de tablas o un health check también están en verde con la base vacía",
        ),
        fix: w(
            "Compare counts and the newest rows of the tables that matter: `SELECT count(*), max(created_at) FROM orders;`.",
            "Compare cantidades y las filas más nuevas de las tablas que importan: `SELECT count(*), max(created_at) FROM pedidos;`.",
        ),
        bad: Example::Shell("psql -d app < backup.sql\ncurl -f http://localhost:3000/health"),
        good: Example::Shell(
            "psql -d app < backup.sql\npsql -d app -c \"SELECT count(*), max(created_at) FROM orders;\"",
        ),
        check: unverified,
    },
];

/// Commands that load a backup; SQL files of another kind (a script to run) are not restores.
pub(super) fn restores<'c>(ctx: &'c Ctx<'_>) -> impl Iterator<Item = &'c Cmd> {
    ctx.commands.iter().filter(|c| act(c) == Act::Restore && looks_like_backup(ctx, c))
}

fn looks_like_backup(ctx: &Ctx<'_>, command: &Cmd) -> bool {
    if !matches!(command.name(), "psql" | "mysql") {
        return true;
    }
    let text = ctx.blocks[command.block].text();
    let pipeline: String = ctx
        .commands_of(command.block)
        .iter()
        .filter(|c| c.pipeline == command.pipeline || c.span.start == command.span.start)
        .filter_map(|c| text.get(c.span.clone()))
        .collect::<Vec<_>>()
        .join(" ");
    let line = plain(&(pipeline + " " + &command.line() + " " + &source_of(command)));
    mentions(&line, &["backup", "dump", "gunzip", "zcat", ".sql.gz", "respaldo"])
        || mentions(&ctx.titles(command.block), &["restor", "restaur"])
}

/// The file that a client reads by `<` or `-f`.
fn source_of(command: &Cmd) -> String {
    let redirect = command.redirects.iter().find(|r| r.op == "<").map(|r| r.target.clone());
    redirect.or_else(|| command.value_of(&["-f", "--file"]).map(|w| w.value.clone())).unwrap_or_default()
}

fn without_backup(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let mut last = usize::MAX;
    for command in restores(ctx) {
        // One finding for alternatives of the same block.
        let saved = before(ctx, command).any(|c| act(c) == Act::Backup);
        let into_new = prepared(ctx, command) && !before(ctx, command).any(|c| c.name() == "dropdb");
        if !saved && !into_new && command.block != last {
            last = command.block;
            found.hit(command);
        }
    }
}

/// An empty database was made for it.
fn prepared(ctx: &Ctx<'_>, command: &Cmd) -> bool {
    let clean = command.has_any(&["-c", "--clean", "-C", "--create"]);
    let made =
        before(ctx, command).any(|c| c.name() == "createdb" || c.line().to_uppercase().contains("CREATE DATABASE"));
    (command.name() == "pg_restore" && clean) || made
}

fn into_live(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in restores(ctx) {
        if matches!(command.name(), "psql" | "pg_restore" | "mysql") && !prepared(ctx, command) {
            found.hit(command);
        }
    }
}

fn stops_something(ctx: &Ctx<'_>, command: &Cmd) -> bool {
    before(ctx, command).any(|c| act(c) == Act::Stop || c.line().contains("maintenance"))
}

fn while_running(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let mut last = usize::MAX;
    for command in restores(ctx) {
        let fresh = prepared(ctx, command) && !before(ctx, command).any(|c| c.name() == "dropdb");
        if command.block != last && !stops_something(ctx, command) && !fresh {
            last = command.block;
            found.hit(command);
        }
    }
}

fn writers(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let known = pattern(r"(?i)\b(workers?|celery|sidekiq|beat|bull(mq)?|cron ?jobs?)\b").is_match(&ctx.book.source);
    if !known {
        return;
    }
    for command in restores(ctx) {
        let stops: Vec<&Cmd> = before(ctx, command).filter(|c| act(c) == Act::Stop && c.is_compose()).collect();
        let all = stops.iter().any(|c| {
            c.sub().operands().next().is_none()
                || c.sub().operands().count() > 1
                || mentions(&c.line(), &["worker", "beat", "celery"])
        });
        if let Some(stop) = stops.first().filter(|_| !all) {
            found.hit(stop);
        }
    }
}

fn keeps_going(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.name() == "psql" && act(c) == Act::Restore) {
        let line = command.line();
        if !line.contains("ON_ERROR_STOP") {
            found.hit(command);
        }
    }
}

fn mismatch(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    const TEXT: [&str; 2] = [".sql", ".sql.gz"];
    const ARCHIVE: [&str; 5] = [".dump", ".pgdump", ".custom", ".tar", ".sql.gz"];
    let ends = |file: &str, endings: &[&str]| {
        let file = file.to_lowercase();
        endings.iter().any(|end| file.ends_with(end))
    };
    for command in &ctx.commands {
        let wrong = match command.name() {
            "pg_restore" => command
                .args()
                .map(|w| w.value.as_str())
                .filter(|v| v.contains('.') && !v.starts_with('-'))
                .last()
                .is_some_and(|file| ends(file, &TEXT)),
            "psql" => ends(&source_of(command), &ARCHIVE),
            _ => false,
        };
        if wrong {
            found.hit(command);
        }
    }
}

fn latest(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in restores(ctx) {
        let newest =
            pattern(r"(?i)\b(latest|ultim[oa]|newest|last)(\.|\b.*\.(gz|dump|sql|zst|tar))|[-_](latest|ultim[oa])\.");
        // The file may be named by what feeds the restore.
        let fed = before(ctx, command).filter(|c| c.pipeline == command.pipeline && c.block == command.block).last();
        let words = |c: &'_ Cmd| c.args().find(|w| newest.is_match(&w.value)).map(|w| w.span.clone());
        if let Some(span) = words(command).or_else(|| fed.and_then(words)) {
            found.here(ctx.in_source(command.block, &span));
        }
    }
}

fn unverified(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let mut last = None;
    for command in restores(ctx) {
        let unit = ctx.blocks[command.block].unit;
        if unit.is_some() && last == unit {
            continue;
        }
        let looks = after(ctx, command).any(|c| {
            let line = plain(&c.line());
            line.contains("select")
                || (act(c) == Act::Verify && mentions(&line, &["smoke", "integrity", "verify-restore", "row"]))
        });
        let asks_prose = ctx.unit_heading(command.block).is_some_and(|h| {
            mentions(&ctx.prose_of(h), &["conteo", "count", "filas", "rows", "integridad de los datos"])
        });
        if !looks && !asks_prose {
            last = unit;
            let weak = after(ctx, command)
                .find(|c| c.line().contains("\\dt") || (act(c) == Act::Verify && c.name() != "kubectl"));
            if let Some(weak) = weak {
                found.hit(weak);
            } else {
                found.command(
                    command,
                    Text::new(
                        "nothing after this restore looks at the data: a restore that failed half-way is taken for done",
                        "nada después de esta restauración mira los datos: una restauración que falló a mitad se da por hecha",
                    ),
                    Text::new(
                        "Compare counts and the newest rows of the tables that matter: `SELECT count(*), max(created_at) FROM orders;`.",
                        "Compare cantidades y las filas más nuevas de las tablas que importan: `SELECT count(*), max(created_at) FROM pedidos;`.",
                    ),
                );
            }
        }
    }
}
