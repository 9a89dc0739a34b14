//! PostgreSQL and SQL.

use super::super::view::Query;
use super::Act;
use super::{Ctx, Example, Found, Lint, Severity, Text, act, before, mentions, pattern, plain, w};
use regex::Regex;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "vacuum-full",
        severity: Severity::Error,
        title: w("VACUUM FULL on a live database", "VACUUM FULL en una base en servicio"),
        why: w(
            "VACUUM FULL rewrites each table under an ACCESS EXCLUSIVE lock: reads and writes wait until it is done, and it needs free disk for a second copy",
            "VACUUM FULL reescribe cada tabla con un bloqueo ACCESS EXCLUSIVE: lecturas y escrituras esperan hasta que termine, y necesita disco libre para una segunda copia",
        ),
        fix: w(
            "Use `VACUUM (ANALYZE)`; to give space back while in service, `pg_repack`; FULL only in an announced window, table by table.",
            "Use `VACUUM (ANALYZE)`; para devolver espacio en servicio, `pg_repack`; FULL solo en una ventana anunciada, tabla por tabla.",
        ),
        bad: Example::Page("```sql\nVACUUM FULL;\n```"),
        good: Example::Page("```sql\nVACUUM (ANALYZE) orders;\n```"),
        check: vacuum,
    },
    Lint {
        code: "renamed-column",
        severity: Severity::Error,
        title: w("A column or function that PostgreSQL has renamed", "Una columna o función que PostgreSQL renombró"),
        why: w("PostgreSQL no longer knows this name", "PostgreSQL ya no conoce este nombre"),
        fix: w("Use the new name.", "Use el nombre nuevo."),
        bad: Example::Page("```sql\nSELECT query FROM pg_stat_statements ORDER BY total_time DESC;\n```"),
        good: Example::Page("```sql\nSELECT query FROM pg_stat_statements ORDER BY total_exec_time DESC;\n```"),
        check: renamed,
    },
    Lint {
        code: "delete-without-where",
        severity: Severity::Error,
        title: w("Every row is changed or deleted", "Se cambian o borran todas las filas"),
        why: w("without WHERE this touches every row of the table", "sin WHERE esto toca todas las filas de la tabla"),
        fix: w(
            "Add the WHERE, and look at what it selects first (`SELECT count(*) …`).",
            "Agregue el WHERE, y mire antes qué selecciona (`SELECT count(*) …`).",
        ),
        bad: Example::Page("```sql\nDELETE FROM sessions;\n```"),
        good: Example::Page("```sql\nBEGIN;\nDELETE FROM sessions WHERE id = 7;\nCOMMIT;\n```"),
        check: no_where,
    },
    Lint {
        code: "big-delete",
        severity: Severity::Warning,
        title: w("A large range deleted in one transaction", "Un rango grande borrado en una transacción"),
        why: w(
            "all the rows of a long range go in one transaction: locks are held, WAL and replicas fall behind, the space is not given back, and what is gone cannot be brought back",
            "todas las filas de un rango largo se van en una transacción: se retienen bloqueos, el WAL y las réplicas se atrasan, el espacio no se devuelve y lo borrado no vuelve",
        ),
        fix: w(
            "Count first, copy what must be kept (audit data may have a legal term), and delete in batches: `DELETE FROM t WHERE id IN (SELECT id FROM t WHERE … LIMIT 5000)` until 0 rows; or drop a partition.",
            "Cuente antes, copie lo que deba conservarse (los datos de auditoría pueden tener plazo legal) y borre por lotes: `DELETE FROM t WHERE id IN (SELECT id FROM t WHERE … LIMIT 5000)` hasta 0 filas; o elimine una partición.",
        ),
        bad: Example::Page("```sql\nDELETE FROM events WHERE created_at < NOW() - INTERVAL '1 year';\n```"),
        good: Example::Page(
            "```sql\nDELETE FROM events WHERE id IN (SELECT id FROM events WHERE created_at < NOW() - INTERVAL '1 year' LIMIT 5000);\n```",
        ),
        check: big_delete,
    },
    Lint {
        code: "data-changed-by-hand",
        severity: Severity::Warning,
        title: w("Rows are changed without a transaction", "Se cambian filas sin transacción"),
        why: w(
            "the change is committed at once: nobody sees how many rows it touched before it is final, and the old values are not kept",
            "el cambio se confirma al instante: nadie ve cuántas filas tocó antes de que sea definitivo, y no se guardan los valores anteriores",
        ),
        fix: w(
            "`BEGIN; UPDATE … RETURNING *;` look at the rows, then `COMMIT;` or `ROLLBACK;`. Select and keep the old values first.",
            "`BEGIN; UPDATE … RETURNING *;` mire las filas, y luego `COMMIT;` o `ROLLBACK;`. Antes consulte y guarde los valores anteriores.",
        ),
        bad: Example::Shell("psql -d app -c \"UPDATE tenants SET active = false WHERE id = 7;\""),
        good: Example::Shell(
            "psql -d app -c \"BEGIN; UPDATE tenants SET active = false WHERE id = 7 RETURNING id; COMMIT;\"",
        ),
        check: by_hand,
    },
    Lint {
        code: "index-build",
        severity: Severity::Warning,
        title: w("Building an index on a live table", "Crear un índice en una tabla en servicio"),
        why: w(
            "CREATE INDEX blocks writes to the table until it is done",
            "CREATE INDEX bloquea las escrituras de la tabla hasta terminar",
        ),
        fix: w(
            "Use CREATE INDEX CONCURRENTLY by itself, outside of a transaction, and check afterwards: `SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;`.",
            "Use CREATE INDEX CONCURRENTLY sola, fuera de una transacción, y compruebe después: `SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;`.",
        ),
        bad: Example::Page("```sql\nCREATE INDEX idx_orders_day ON orders (day);\n```"),
        good: Example::Page(
            "```sql\nCREATE INDEX CONCURRENTLY idx_orders_day ON orders (day);\nSELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;\n```",
        ),
        check: index,
    },
    Lint {
        code: "placeholder-sql",
        severity: Severity::Error,
        title: w("SQL with placeholder names", "SQL con nombres de relleno"),
        why: w(
            "`table`, `column` and their like are reserved words or examples: as it stands this is a syntax error or names nothing",
            "`table`, `column` y similares son palabras reservadas o ejemplos: tal cual es un error de sintaxis o no nombra nada",
        ),
        fix: w(
            "Name the real table and column, or mark them as values to give: `<table>`.",
            "Nombre la tabla y la columna reales, o márquelas como valores por dar: `<tabla>`.",
        ),
        bad: Example::Page("```sql\nSELECT * FROM table WHERE column = 1;\n```"),
        good: Example::Page("```sql\nSELECT * FROM orders WHERE id = 1;\n```"),
        check: placeholder_names,
    },
    Lint {
        code: "pool-raised-when-full",
        severity: Severity::Error,
        title: w("A larger pool against too many connections", "Un pool más grande contra demasiadas conexiones"),
        why: w(
            "the server has run out of connections, and a larger pool asks it for more: the remedy makes the trouble worse",
            "el servidor se quedó sin conexiones, y un pool más grande le pide más: el remedio empeora el problema",
        ),
        fix: w(
            "Find who holds them (`SELECT application_name, state, count(*) FROM pg_stat_activity GROUP BY 1,2`), end idle ones, lower the pool (instances × pool < max_connections) or put PgBouncer in between.",
            "Vea quién las tiene (`SELECT application_name, state, count(*) FROM pg_stat_activity GROUP BY 1,2`), cierre las inactivas, baje el pool (instancias × pool < max_connections) o ponga PgBouncer en medio.",
        ),
        bad: Example::Page("### Too many connections\n\nIncrease the pool size to 50."),
        good: Example::Page("### Too many connections\n\nEnd the idle sessions."),
        check: pool,
    },
    Lint {
        code: "connects-when-full",
        severity: Severity::Warning,
        title: w(
            "A look at the database that needs a free connection",
            "Una mirada a la base que necesita una conexión libre",
        ),
        why: w(
            "when the server has no connection left, this cannot connect either, unless as a superuser, for whom some are kept",
            "cuando el servidor no tiene conexiones libres, esto tampoco puede conectarse, salvo como superusuario, para quien se reservan algunas",
        ),
        fix: w(
            "Connect as a superuser over the local socket (`psql -U postgres`), or stop one client first.",
            "Conéctese como superusuario por el socket local (`psql -U postgres`), o detenga antes un cliente.",
        ),
        bad: Example::Page(
            "### Too many connections\n\n```bash\npsql -U app -d app -c \"SELECT count(*) FROM pg_stat_activity;\"\n```",
        ),
        good: Example::Page(
            "### Too many connections\n\n```bash\npsql -U postgres -c \"SELECT count(*) FROM pg_stat_activity;\"\n```",
        ),
        check: connects,
    },
    Lint {
        code: "database-restarted",
        severity: Severity::Warning,
        title: w("A database is restarted like an application", "Una base de datos se reinicia como una aplicación"),
        why: w(
            "every open connection and transaction is cut, and after a hard stop recovery can take long; what was kept only in memory is gone",
            "se cortan todas las conexiones y transacciones abiertas, y tras una parada brusca la recuperación puede tardar; lo que estaba solo en memoria se pierde",
        ),
        fix: w(
            "Look at its logs, disk and sessions first; end single sessions with `pg_terminate_backend`; restart it last, and check it afterwards.",
            "Mire antes sus logs, su disco y sus sesiones; cierre sesiones puntuales con `pg_terminate_backend`; reiníciela al final y compruébela después.",
        ),
        bad: Example::Shell("kubectl rollout restart deployment/postgres"),
        good: Example::Shell("kubectl rollout restart deployment/api"),
        check: restarted,
    },
];

/// A query's pattern, and what to do with each place that matches.
fn each(ctx: &Ctx<'_>, expression: &Regex, mut hit: impl FnMut(&Query, &str, std::ops::Range<usize>)) {
    for query in &ctx.queries {
        for one in expression.find_iter(&query.text) {
            let span = query.span.start + one.start()..query.span.start + one.end();
            hit(query, one.as_str(), ctx.in_source(query.block, &span));
        }
    }
}

fn vacuum(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    each(ctx, pattern(r"(?i)\bVACUUM\s*(\([^)]*\bFULL\b[^)]*\)|FULL\b)[^;\n]*"), |_, _, span| found.here(span));
    for command in ctx.commands.iter().filter(|c| c.name() == "vacuumdb" && c.option('f', "--full")) {
        found.hit(command);
    }
}

/// Relation that must be named, old name, new name, since which version.
const RENAMED: [(&str, &str, &str, &str); 16] = [
    ("pg_stat_statements", "total_time", "total_exec_time", "13"),
    ("pg_stat_statements", "mean_time", "mean_exec_time", "13"),
    ("pg_stat_statements", "max_time", "max_exec_time", "13"),
    ("pg_stat_statements", "min_time", "min_exec_time", "13"),
    ("pg_stat_statements", "stddev_time", "stddev_exec_time", "13"),
    ("pg_stat_statements", "blk_read_time", "shared_blk_read_time", "17"),
    ("pg_stat_statements", "blk_write_time", "shared_blk_write_time", "17"),
    ("pg_stat_activity", "procpid", "pid", "9.2"),
    ("pg_stat_activity", "current_query", "query", "9.2"),
    ("pg_stat_activity", "waiting", "wait_event", "9.6"),
    ("pg_stat_replication", "sent_location", "sent_lsn", "10"),
    ("pg_stat_replication", "replay_location", "replay_lsn", "10"),
    ("pg_stat_bgwriter", "checkpoints_timed", "pg_stat_checkpointer.num_timed", "17"),
    ("", "pg_current_xlog_location", "pg_current_wal_lsn", "10"),
    ("", "pg_xlog_location_diff", "pg_wal_lsn_diff", "10"),
    ("", "pg_last_xlog_replay_location", "pg_last_wal_replay_lsn", "10"),
];

fn renamed(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for query in &ctx.queries {
        let text = query.text.to_lowercase();
        for (relation, old, new, since) in RENAMED {
            if !text.contains(relation) {
                continue;
            }
            let whole = |at: usize| {
                let edge = |b: Option<&u8>| b.is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_');
                edge(at.checked_sub(1).and_then(|i| text.as_bytes().get(i)))
                    && edge(text.as_bytes().get(at + old.len()))
            };
            let Some((at, _)) = text.match_indices(old).find(|(at, _)| whole(*at)) else {
                continue;
            };
            let span = query.span.start + at..query.span.start + at + old.len();
            found.at(
                ctx.in_source(query.block, &span),
                Text::new(
                    format!("PostgreSQL {since} renamed `{old}`: on any newer server this query fails with \"does not exist\""),
                    format!("PostgreSQL {since} renombró `{old}`: en cualquier servidor más nuevo esta consulta falla con \"does not exist\""),
                ),
                Text::new(format!("Use `{new}`."), format!("Use `{new}`.")),
            );
        }
    }
}

fn no_where(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    each(ctx, pattern(r#"(?is)\b(DELETE\s+FROM|UPDATE)\s+[\\"\w.]+[^;]*"#), |_, text, span| {
        let upper = text.to_uppercase();
        let update = upper.starts_with("UPDATE") && upper.contains(" SET ");
        if (upper.starts_with("DELETE") || update) && !upper.contains("WHERE") && !upper.contains("USING") {
            found.here(span);
        }
    });
}

fn big_delete(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    each(ctx, pattern(r"(?is)\bDELETE\s+FROM\b[^;]*"), |_, text, span| {
        let upper = text.to_uppercase();
        let range = upper.contains("INTERVAL") || pattern(r"<\s*=?\s*('\d{4}-|NOW|CURRENT)").is_match(&upper);
        let batched = mentions(&upper, &["LIMIT", "CTID", "BETWEEN"]);
        if upper.contains("WHERE") && range && !batched {
            found.here(span);
        }
    });
}

fn by_hand(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    each(ctx, pattern(r#"(?is)\b(UPDATE\s+[\\"\w.]+\s+SET|DELETE\s+FROM)\b[^;]*"#), |query, text, span| {
        let upper = text.to_uppercase();
        let range = upper.contains("INTERVAL") || upper.contains("LIMIT");
        let whole = query.text.to_uppercase();
        if upper.contains("WHERE") && !range && !mentions(&whole, &["BEGIN", "START TRANSACTION"]) {
            found.here(span);
        }
    });
}

fn index(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    each(ctx, pattern(r"(?is)\bCREATE\s+(UNIQUE\s+)?INDEX\b[^;]*"), |query, text, span| {
        let upper = text.to_uppercase();
        if !upper.contains("CONCURRENTLY") {
            found.here(span);
        } else if query.text.to_uppercase().contains("BEGIN") {
            found.at(
                span,
                Text::new(
                    "CREATE INDEX CONCURRENTLY cannot run inside a transaction: this fails",
                    "CREATE INDEX CONCURRENTLY no puede correr dentro de una transacción: esto falla",
                ),
                Text::new("Run it by itself, outside of BEGIN … COMMIT.", "Ejecútelo solo, fuera de BEGIN … COMMIT."),
            );
        } else if !plain(&ctx.book.source).contains("indisvalid") {
            found.with(
                Severity::Note,
                span,
                Text::new(
                    "if this fails half-way it leaves an INVALID index behind, which slows writes and is never used; nothing here looks for one",
                    "si falla a mitad, deja un índice INVALID que frena las escrituras y nunca se usa; nada aquí lo busca",
                ),
                Text::new(
                    "Check afterwards: `SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;` and drop what it shows with DROP INDEX CONCURRENTLY.",
                    "Compruebe después: `SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;` y elimine lo que muestre con DROP INDEX CONCURRENTLY.",
                ),
            );
        }
    });
}

fn placeholder_names(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    each(
        ctx,
        pattern(
            r"(?i)\b(FROM|ON|INTO|UPDATE|TABLE)\s+(table|tabla|table_name|nombre_tabla|your_table)\b(\s*\([^)]*\))?",
        ),
        |_, _, span| found.here(span),
    );
}

fn pool(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let full =
        ["too many connections", "demasiadas conexiones", "max_connections", "too many clients", "maxconnections"];
    let raise = pattern(
        r"(?i)\b\w*pool_?(size|max)\w*\s*[=:]\s*\d+|(increase|raise|aumentar|subir|incrementar) (the )?(el |tamano del )?(connection )?pool",
    );
    let mut seen = Vec::new();
    for heading in ctx.headings.iter().filter(|h| mentions(&h.plain.replace('_', ""), &full)) {
        let first = ctx.lines.iter().find(|line| {
            line.number > heading.line
                && line.number <= heading.end_line
                && (!mentions(&line.plain, &["reduc", "lower", "decrease", "bajar", "disminu"]))
                && (raise.is_match(&line.plain)
                    || ctx.book.source.get(line.span.clone()).is_some_and(|t| raise.is_match(t)))
        });
        if let Some(line) = first.filter(|l| !seen.contains(&l.number)) {
            seen.push(line.number);
            found.here(line.span.clone());
        }
    }
}

fn connects(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let mut last = None;
    for command in ctx.commands.iter().filter(|c| c.name() == "psql") {
        let Some(heading) = ctx.unit_heading(command.block) else {
            continue;
        };
        let full = mentions(
            &heading.plain,
            &["too many connections", "demasiadas conexiones", "too many clients", "connections full"],
        );
        let superuser = command.value_of(&["-U", "--username"]).is_some_and(|w| w.value == "postgres")
            || command.via.contains(&"sudo");
        if full && !superuser && last != Some(heading.line) {
            last = Some(heading.line);
            found.hit(command);
        }
    }
}

fn restarted(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let database = pattern(
        r"^(deployment/|deploy/|statefulset/|sts/)?[\w-]*(postgres|postgresql|mysql|mariadb|mongo|mongodb|redis|rabbitmq|elasticsearch)([-_]?\w*)?$",
    );
    for command in ctx.commands.iter().filter(|c| act(c) == Act::Restart) {
        let rolling = command.kubectl("rollout");
        let Some(word) = command.words.iter().skip(1).find(|w| database.is_match(&w.value)) else {
            continue;
        };
        let place = ctx.place(command);
        if rolling && !word.value.starts_with("st") {
            found.at(
                place,
                Text::new(
                    "a rolling restart of a database kept as a Deployment starts the new pod while the old one still runs: two servers on one volume, or a new pod that never gets the volume",
                    "un reinicio gradual de una base que es un Deployment arranca el pod nuevo mientras el viejo sigue: dos servidores sobre un volumen, o un pod nuevo que nunca lo recibe",
                ),
                Text::new(
                    "Use a StatefulSet, or `strategy: Recreate`; before restarting, look at its logs and disk.",
                    "Use un StatefulSet, o `strategy: Recreate`; antes de reiniciar mire sus logs y su disco.",
                ),
            );
        } else if !before(ctx, command).any(|c| c.line().contains("pg_terminate_backend")) {
            found.with(
                Severity::Note,
                place,
                Text::new(
                    "restarting a data store cuts every open connection and transaction, and loses what it kept only in memory (a Redis without persistence: queues, sessions)",
                    "reiniciar un almacén de datos corta todas las conexiones y transacciones abiertas, y pierde lo que estaba solo en memoria (un Redis sin persistencia: colas, sesiones)",
                ),
                Text::new(
                    "Look at its logs, disk and sessions first, restart it last, and check its clients afterwards.",
                    "Mire antes sus logs, su disco y sus sesiones, reinícielo al final y compruebe después a sus clientes.",
                ),
            );
        }
    }
}
