//! Migrations of the schema.

use super::{Act, Cmd, Ctx, Example, Found, Lint, Severity, act, before, mentions, plain, protected, w};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "resolve-is-not-rollback",
        severity: Severity::Error,
        title: w(
            "`prisma migrate resolve --rolled-back` undoes nothing",
            "`prisma migrate resolve --rolled-back` no deshace nada",
        ),
        why: w(
            "this only marks a failed migration as rolled back in Prisma's own table: the schema stays as it is, and for a migration that succeeded it ends with error P3012",
            "esto solo marca como revertida una migración fallida en la tabla de Prisma: el esquema queda como está, y para una migración exitosa termina con el error P3012",
        ),
        fix: w(
            "Write the inverse SQL (`prisma migrate diff --from-schema-datamodel NEW --to-schema-datamodel OLD --script`), apply it with `prisma db execute --file down.sql`, or go forward with a new migration.",
            "Escriba el SQL inverso (`prisma migrate diff --from-schema-datamodel NUEVO --to-schema-datamodel VIEJO --script`), aplíquelo con `prisma db execute --file down.sql`, o avance con una migración nueva.",
        ),
        bad: Example::Page("## Rollback\n\n```bash\nnpx prisma migrate resolve --rolled-back 20260101_add_column\n```"),
        good: Example::Page(
            "## Failed migration\n\n```bash\n# The migration failed: mark it, mend it, deploy it again\nnpx prisma migrate resolve --rolled-back 20260101_add_column\n```",
        ),
        check: resolve,
    },
    Lint {
        code: "migration-without-backup",
        severity: Severity::Warning,
        title: w("A migration without a backup", "Una migración sin respaldo"),
        why: w(
            "the schema is changed without a fresh backup in this procedure: a migration that drops or rewrites a column has no other way back",
            "el esquema se cambia sin un respaldo reciente en este procedimiento: una migración que elimina o reescribe una columna no tiene otro camino de vuelta",
        ),
        fix: w(
            "Back up and verify right before, and look at the pending SQL (`prisma migrate status`, `alembic upgrade head --sql`).",
            "Respalde y verifique justo antes, y mire el SQL pendiente (`prisma migrate status`, `alembic upgrade head --sql`).",
        ),
        bad: Example::Shell("alembic upgrade head"),
        good: Example::Shell("pg_dump -Fc -f before.dump app\npg_restore --list before.dump\nalembic upgrade head"),
        check: without_backup,
    },
    Lint {
        code: "migration-after-rollout",
        severity: Severity::Error,
        title: w("The new code runs before its schema", "El código nuevo corre antes que su esquema"),
        why: w(
            "the new version takes traffic before its migrations have run: until then it works on a schema that it does not know, and if they fail it stays so",
            "la versión nueva recibe tráfico antes de sus migraciones: hasta entonces trabaja con un esquema que no conoce, y si fallan queda así",
        ),
        fix: w(
            "Migrate first, from a Job with the new image, with changes that the old version tolerates (expand, deploy, contract).",
            "Migre primero, desde un Job con la imagen nueva, con cambios que la versión vieja tolere (expandir, desplegar, contraer).",
        ),
        bad: Example::Shell(
            "pg_dump -Fc -f b.dump app\npg_restore -l b.dump\nkubectl set image deployment/api api=acme/api:1.4.2\nkubectl exec deployment/api -- npm run migration:run",
        ),
        good: Example::Shell(
            "pg_dump -Fc -f b.dump app\npg_restore -l b.dump\nkubectl apply -f migrate-job.yaml\nnpm run migration:run\nkubectl set image deployment/api api=acme/api:1.4.2",
        ),
        check: after_rollout,
    },
    Lint {
        code: "migrates-before-build",
        severity: Severity::Warning,
        title: w(
            "The schema is changed before the build is known to succeed",
            "El esquema cambia antes de saber si la construcción sale bien",
        ),
        why: w(
            "the migration is applied and only then is the new version built: if the build fails, the old version runs on a schema that it does not know",
            "se aplica la migración y recién después se construye la versión nueva: si la construcción falla, la versión vieja corre sobre un esquema que no conoce",
        ),
        fix: w(
            "Build and test first, then migrate, then restart; better, build elsewhere and deploy the artefact.",
            "Construya y pruebe primero, luego migre y luego reinicie; mejor, construya en otro lado y despliegue el artefacto.",
        ),
        bad: Example::Shell(
            "pg_dump -Fc -f b.dump app && pg_restore -l b.dump\nnpx prisma migrate deploy && npm run build && pm2 restart api",
        ),
        good: Example::Shell(
            "pg_dump -Fc -f b.dump app && pg_restore -l b.dump\nnpm run build && npx prisma migrate deploy && pm2 restart api",
        ),
        check: before_build,
    },
    Lint {
        code: "rollback-forgets-schema",
        severity: Severity::Warning,
        title: w("A rollback that forgets the schema", "Un rollback que olvida el esquema"),
        why: w(
            "the code goes back and nothing is said of the database: if the deploy brought migrations, the old code now runs on the new schema",
            "el código vuelve atrás y nada se dice de la base: si el deploy trajo migraciones, el código viejo corre ahora sobre el esquema nuevo",
        ),
        fix: w(
            "Say how to see whether there were migrations, and what then: old code that tolerates them, a down migration first, or no rollback but a fix forward.",
            "Diga cómo ver si hubo migraciones, y qué hacer entonces: código viejo que las tolere, primero una migración inversa, o no volver sino corregir hacia adelante.",
        ),
        bad: Example::Page(
            "## Deploy\n\n```bash\nmake migrate\n```\n\n## Rollback\n\n```bash\ngit checkout main\nmake deploy\nmake health\n```",
        ),
        good: Example::Page(
            "## Deploy\n\n```bash\nmake migrate\n```\n\n## Rollback\n\nOnly if no migration came with it.\n\n```bash\ngit checkout main\nmake deploy\nmake health\n```",
        ),
        check: forgets_schema,
    },
    Lint {
        code: "migration-down-unprotected",
        severity: Severity::Error,
        title: w("A migration is reverted without a backup", "Se revierte una migración sin respaldo"),
        why: w(
            "reverting a migration drops the columns and tables that it added, with the data written since; nothing before it keeps them",
            "revertir una migración elimina las columnas y tablas que agregó, con los datos escritos desde entonces; nada antes los conserva",
        ),
        fix: w(
            "Back up first, look at the SQL that `down` runs, and ask for a yes.",
            "Respalde antes, mire el SQL que ejecuta `down` y pida un sí.",
        ),
        bad: Example::Shell("npm run migration:revert"),
        good: Example::Shell("pg_dump -Fc -f before.dump app\npg_restore -l before.dump\nnpm run migration:revert"),
        check: down,
    },
    Lint {
        code: "revert-after-old-code",
        severity: Severity::Error,
        title: w(
            "A migration is reverted by code that does not know it",
            "Revierte una migración un código que no la conoce",
        ),
        why: w(
            "the old version is already back, and it does not contain the newer migration: its `revert` undoes an older one, or fails",
            "la versión anterior ya volvió, y no contiene la migración nueva: su `revert` deshace una anterior, o falla",
        ),
        fix: w(
            "Revert the migration with the new version first, then roll the code back.",
            "Revierta primero la migración con la versión nueva y después vuelva atrás el código.",
        ),
        bad: Example::Shell(
            "kubectl rollout undo deployment/api --to-revision=4\necho \"if needed: npm run migration:revert\"",
        ),
        good: Example::Shell(
            "pg_dump -Fc -f b.dump app\npg_restore -l b.dump\nnpm run migration:revert\nkubectl rollout undo deployment/api --to-revision=4",
        ),
        check: after_old_code,
    },
    Lint {
        code: "sql-file-unprotected",
        severity: Severity::Warning,
        title: w(
            "A file of SQL run on the live database unprotected",
            "Un archivo SQL corrido sobre la base viva sin protección",
        ),
        why: w(
            "whatever this file holds runs on the live database, with no backup before it in this procedure and no transaction around it: what it drops is gone, and if it stops half-way the schema is neither old nor new",
            "lo que tenga este archivo corre sobre la base viva, sin un respaldo antes en este procedimiento y sin transacción: lo que borra se pierde, y si se corta a mitad el esquema no es ni el viejo ni el nuevo",
        ),
        fix: w(
            "Take a backup first, read the file, and run it whole or not at all: `psql --single-transaction -v ON_ERROR_STOP=1 -f FILE`.",
            "Tome antes un respaldo, lea el archivo y córralo entero o nada: `psql --single-transaction -v ON_ERROR_STOP=1 -f ARCHIVO`.",
        ),
        bad: Example::Shell("psql \"$DATABASE_URL\" < undo-orders.sql"),
        good: Example::Shell(
            "pg_dump -Fc -f before.dump \"$DATABASE_URL\"\npg_restore -l before.dump\npsql \"$DATABASE_URL\" --single-transaction -v ON_ERROR_STOP=1 -f undo-orders.sql",
        ),
        check: sql_file,
    },
];

fn resolve(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.line().contains("migrate resolve") && c.has("--rolled-back")) {
        let about = format!("{} {}", ctx.comment_before(command), ctx.titles(command.block));
        let undo = mentions(&about, &["rollback", "roll back", "revert", "deshacer", "undo", "volver"]);
        let failed = mentions(&about, &["failed", "fallida", "fallo la migracion"]);
        if undo && !failed {
            found.hit(command);
        }
    }
}

/// The titles above ask for a backup in prose.
fn asked_in_prose(ctx: &Ctx<'_>, block: usize) -> bool {
    let mut at = ctx.unit_heading(block);
    let mut depth = 0;
    while let Some(heading) = at {
        if heading.level < 2 || depth > 2 {
            return false;
        }
        if depth == 0 || heading.level >= 2 {
            let prose = ctx.prose_of(heading);
            if mentions(
                &prose,
                &[
                    "backup reciente",
                    "recent backup",
                    "backup de base",
                    "backup of the database",
                    "respaldo reciente",
                    "backup first",
                    "exportar datos",
                ],
            ) {
                return true;
            }
        }
        at = heading.parent.and_then(|p| ctx.headings.get(p));
        depth += 1;
    }
    false
}

fn without_backup(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let mut last = usize::MAX;
    for command in ctx.commands.iter().filter(|c| act(c) == Act::MigrateUp && !is_development(c)) {
        let saved = before(ctx, command).any(|c| act(c) == Act::Backup);
        if !saved && last != command.block && !asked_in_prose(ctx, command.block) {
            last = command.block;
            found.hit(command);
        }
    }
}

/// `migrate dev` makes a migration on a developer's machine.
fn is_development(command: &Cmd) -> bool {
    let line = plain(&command.line());
    line.contains("migrate dev") || line.contains("makemigrations") || line.contains("--sql")
}

fn after_rollout(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| act(c) == Act::MigrateUp && !is_development(c)) {
        let rolled = before(ctx, command).any(|c| {
            c.block == command.block
                && (c.kubectl("set") && c.sub().operand() == "image"
                    || c.name() == "helm" && act(c) == Act::Rollout
                    || c.compose("up") && c.option('d', "--detach")
                    || act(c) == Act::Restart)
        });
        if rolled {
            found.hit(command);
        }
    }
}

fn before_build(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| act(c) == Act::MigrateUp && !is_development(c)) {
        let own = ctx.commands_of(command.block);
        let builds = own
            .iter()
            .any(|c| c.span.start > command.span.end && act(c) == Act::Build && plain(&c.line()).contains("build"));
        let built = own
            .iter()
            .any(|c| c.span.end < command.span.start && act(c) == Act::Build && plain(&c.line()).contains("build"));
        if builds && !built {
            found.hit(command);
        }
    }
}

fn forgets_schema(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let whole = plain(&ctx.book.source);
    if !mentions(&whole, &["migrat", "migracion", "alembic", "schema", "esquema"]) {
        return;
    }
    for (heading, blocks) in ctx.units() {
        let back = mentions(&heading.plain, &["rollback", "roll back"])
            && !mentions(&heading.plain, &["forward", "alternativ", "cuando", "when", "post-"])
            && !mentions(&heading.plain, &["migra", "base de datos", "database"]);
        let acts = blocks
            .iter()
            .flat_map(|b| ctx.commands_of(*b))
            .any(|c| matches!(act(c), Act::Rollout | Act::Fetch | Act::Stop));
        let source = ctx.lines.iter().filter(|l| l.number >= heading.line && l.number <= heading.end_line);
        let told = source.into_iter().any(|l| {
            mentions(&l.plain, &["migrat", "migracion", "schema", "esquema", "alembic", "base de datos", "database"])
        });
        if back && acts && !told {
            found.here(heading.span.clone());
        }
    }
}

fn down(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let mut last = usize::MAX;
    for command in ctx.commands.iter().filter(|c| act(c) == Act::MigrateDown) {
        if !protected(ctx, command) && last != command.block {
            last = command.block;
            found.hit(command);
        }
    }
}

fn after_old_code(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in &ctx.commands {
        let line = plain(&command.line());
        let reverts = act(command) == Act::MigrateDown
            || (command.name() == "echo"
                && mentions(&line, &["migration:revert", "migrate:rollback", "alembic downgrade", "db:rollback"]));
        let back = before(ctx, command).any(|c| {
            c.block == command.block
                && (c.kubectl("rollout") && c.sub().operand() == "undo"
                    || c.name() == "git" && c.sub().name() == "checkout"
                    || c.name() == "helm" && c.arg(0) == "rollback")
        });
        if reverts && back {
            found.hit(command);
        }
    }
}

fn sql_file(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.name() == "psql") {
        let given = command.value_of(&["-f", "--file"]).map(|w| w.value.as_str());
        let fed = command.redirects.iter().find(|r| r.op == "<").map(|r| r.target.as_str());
        let Some(file) = given.or(fed) else { continue };
        let name = plain(file);
        // Loading a dump is judged by others, and a file of queries changes nothing.
        let other = mentions(&name, &["backup", "dump", "respaldo", "report", "diagn", "query", "consulta", "check"]);
        let whole = command.has_any(&["-1", "--single-transaction"]);
        if super::has_ending(&name, &["sql"]) && !other && !whole && !protected(ctx, command) {
            found.hit(command);
        }
    }
}
