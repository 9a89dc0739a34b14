//! Destruction.

use super::{
    Act, Cmd, Ctx, Example, Found, Lint, Severity, Text, act, after, asks, before, mentions, plain, protected,
    scaled_to, w,
};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "volumes-pruned",
        severity: Severity::Error,
        title: w("Volumes are pruned", "Se eliminan volúmenes"),
        why: w(
            "this deletes every volume that no running container uses: if the database happens to be stopped, its data goes too, and without a question",
            "esto borra todo volumen que ningún contenedor en marcha use: si la base está detenida, sus datos también se van, y sin preguntar",
        ),
        fix: w(
            "Leave volumes out: `docker image prune -f` and `docker container prune -f`; remove one volume by its name after looking at it.",
            "Deje fuera los volúmenes: `docker image prune -f` y `docker container prune -f`; quite un volumen por su nombre después de mirarlo.",
        ),
        bad: Example::Shell("docker system prune -a --volumes -f"),
        good: Example::Shell("docker image prune -f"),
        check: volumes,
    },
    Lint {
        code: "images-pruned",
        severity: Severity::Warning,
        title: w("Images needed for a rollback are pruned", "Se eliminan imágenes necesarias para un rollback"),
        why: w(
            "`prune -a` deletes every image that no container uses, also the previous version to which one would roll back",
            "`prune -a` borra toda imagen sin contenedor, también la versión anterior a la que se volvería",
        ),
        fix: w(
            "Keep the recent ones: `docker image prune -a --filter until=720h`.",
            "Conserve las recientes: `docker image prune -a --filter until=720h`.",
        ),
        bad: Example::Shell("docker image prune -a -f"),
        good: Example::Shell("docker image prune -a -f --filter until=720h"),
        check: images,
    },
    Lint {
        code: "backups-deleted-by-age",
        severity: Severity::Error,
        title: w("Backups are deleted by age alone", "Se borran respaldos solo por antigüedad"),
        why: w(
            "if backups have been failing, the old ones are the only good ones: deleting by age alone can leave none",
            "si los respaldos vienen fallando, los viejos son los únicos buenos: borrar solo por antigüedad puede dejar cero",
        ),
        fix: w(
            "Keep the newest N that verified, whatever their age (`ls -1t backups/*.sql.gz | tail -n +8`), list before deleting, and move instead of deleting during an incident.",
            "Conserve los N más nuevos verificados, tengan la edad que tengan (`ls -1t backups/*.sql.gz | tail -n +8`), liste antes de borrar, y durante un incidente mueva en lugar de borrar.",
        ),
        bad: Example::Shell("find /backups -name '*.sql.gz' -mtime +30 -delete"),
        good: Example::Shell("ls -1t /backups/*.sql.gz | tail -n +8"),
        check: backups,
    },
    Lint {
        code: "logs-deleted",
        severity: Severity::Warning,
        title: w("Logs are deleted while they are needed", "Se borran logs cuando hacen falta"),
        why: w(
            "logs deleted in the middle of an incident are the evidence of its cause; and audit or security logs may have to be kept",
            "los logs borrados en medio de un incidente son la evidencia de su causa; y los de auditoría o seguridad quizá deban conservarse",
        ),
        fix: w(
            "Compress or move them off the disk first, look at what the same `find … -print` lists, and leave out audit and security logs.",
            "Primero comprímalos o sáquelos del disco, mire lo que lista el mismo `find … -print`, y deje fuera los de auditoría y seguridad.",
        ),
        bad: Example::Page("# Disk full\n\n```bash\nfind /srv/logs -name '*.log' -mtime +7 -delete\n```"),
        good: Example::Page("# Disk full\n\n```bash\nfind /srv/logs -name '*.log' -mtime +7 -exec gzip {} \\;\n```"),
        check: logs,
    },
    Lint {
        code: "unprotected-destruction",
        severity: Severity::Error,
        title: w("Destruction without a backup or a question before it", "Destrucción sin respaldo ni pregunta previa"),
        why: w(
            "this cannot be undone, and nothing before it in this procedure saves what it destroys or asks the person",
            "esto no se puede deshacer, y nada antes en este procedimiento guarda lo que destruye ni pregunta a la persona",
        ),
        fix: w(
            "Take and verify a backup first, show what will be destroyed, and ask for a typed word: `read -rp \"Type DELETE: \" w; [ \"$w\" = DELETE ] || exit 1`.",
            "Primero tome y verifique un respaldo, muestre qué se destruirá y pida una palabra: `read -rp \"Escriba BORRAR: \" w; [ \"$w\" = BORRAR ] || exit 1`.",
        ),
        bad: Example::Shell("rm -rf /srv/app/uploads"),
        good: Example::Shell(
            "read -rp \"Type DELETE: \" word\n[ \"$word\" = DELETE ] || exit 1\nrm -rf /srv/app/uploads",
        ),
        check: unprotected,
    },
    Lint {
        code: "drop-before-replacement",
        severity: Severity::Error,
        title: w(
            "The database is dropped before its replacement exists",
            "Se borra la base antes de que exista su reemplazo",
        ),
        why: w(
            "the live database is gone before the replacement has been loaded and verified: if the file is missing, damaged or old, there is nothing to go back to",
            "la base en servicio desaparece antes de cargar y verificar el reemplazo: si el archivo falta, está dañado o es viejo, no hay a qué volver",
        ),
        fix: w(
            "Restore into a new database, verify it, then swap: `createdb app_new`, load and count rows, `ALTER DATABASE app RENAME TO app_old; ALTER DATABASE app_new RENAME TO app;`, drop `app_old` days later.",
            "Restaure en una base nueva, verifíquela y luego cambie: `createdb app_new`, cargue y cuente filas, `ALTER DATABASE app RENAME TO app_old; ALTER DATABASE app_new RENAME TO app;`, y borre `app_old` días después.",
        ),
        bad: Example::Shell("dropdb app\ncreatedb app\npg_restore -d app app.dump"),
        good: Example::Shell("createdb app_new\npg_restore --exit-on-error -d app_new app.dump"),
        check: drop_first,
    },
    Lint {
        code: "drop-with-connections",
        severity: Severity::Warning,
        title: w("dropdb while others are connected", "dropdb con otros conectados"),
        why: w(
            "dropdb fails as long as anybody is connected (workers, exporters, an open psql), and the lines after it then load into the old database",
            "dropdb falla mientras alguien esté conectado (workers, exporters, un psql abierto), y las líneas siguientes cargan entonces en la base vieja",
        ),
        fix: w(
            "Stop every client and wait for it, or use `dropdb --force` (PostgreSQL 13 and later).",
            "Detenga a todos los clientes y espere, o use `dropdb --force` (PostgreSQL 13 o posterior).",
        ),
        bad: Example::Shell("dropdb app_old"),
        good: Example::Shell("dropdb --force app_old"),
        check: connections,
    },
    Lint {
        code: "forced-delete",
        severity: Severity::Warning,
        title: w("A pod is deleted by force", "Se borra un pod a la fuerza"),
        why: w(
            "a forced delete only forgets the pod: on a node that is unreachable its containers may go on running, and a StatefulSet then has two of the same, on the same data",
            "el borrado forzado solo olvida el pod: en un nodo inalcanzable sus contenedores pueden seguir corriendo, y un StatefulSet tiene entonces dos iguales sobre los mismos datos",
        ),
        fix: w(
            "Find out first why it does not end (`kubectl describe pod`, the node, finalizers); force it only when the node is known to be gone.",
            "Averigüe antes por qué no termina (`kubectl describe pod`, el nodo, los finalizers); fuércelo solo si consta que el nodo ya no existe.",
        ),
        bad: Example::Shell("kubectl delete pod api-0 --grace-period=0 --force"),
        good: Example::Shell("kubectl delete pod api-0"),
        check: forced,
    },
    Lint {
        code: "scaled-to-zero-to-restart",
        severity: Severity::Warning,
        title: w("Scaled to zero in order to restart", "Se escala a cero para reiniciar"),
        why: w(
            "going through zero is an outage that a rolling restart avoids; and the number it comes back with is written here, whatever it was before or an autoscaler wants",
            "pasar por cero es una caída que un reinicio gradual evita; y el número con el que vuelve está escrito aquí, sin importar cuál era ni lo que quiera un autoescalador",
        ),
        fix: w(
            "Use `kubectl rollout restart deployment/NAME` and `kubectl rollout status`.",
            "Use `kubectl rollout restart deployment/NOMBRE` y `kubectl rollout status`.",
        ),
        bad: Example::Shell("kubectl scale deployment/api --replicas=0\nkubectl scale deployment/api --replicas=3"),
        good: Example::Shell("kubectl rollout restart deployment/api\nkubectl rollout status deployment/api"),
        check: to_zero,
    },
    Lint {
        code: "everything-scaled-alike",
        severity: Severity::Warning,
        title: w("Everything is scaled to one number", "Todo se escala a un mismo número"),
        why: w(
            "this gives every deployment of the namespace the same number of replicas, whatever each had and whatever an autoscaler wants: what ran once on purpose runs several times, what needed ten gets three",
            "esto da a todos los deployments del namespace la misma cantidad de réplicas, sin importar cuántas tenía cada uno ni lo que quiera un autoescalador: lo que corría una sola vez a propósito corre varias, y lo que necesitaba diez recibe tres",
        ),
        fix: w(
            "Write down the numbers first (`kubectl get deploy -o custom-columns=NAME:.metadata.name,N:.spec.replicas`) and give each its own back; leave out what need not stop.",
            "Anote antes los números (`kubectl get deploy -o custom-columns=NAME:.metadata.name,N:.spec.replicas`) y devuelva a cada uno el suyo; deje fuera lo que no hace falta detener.",
        ),
        bad: Example::Shell("kubectl scale deploy --all --replicas=3 -n shop"),
        good: Example::Shell("kubectl scale deploy/api --replicas=3 -n shop"),
        check: alike,
    },
    Lint {
        code: "whole-stack-down",
        severity: Severity::Warning,
        title: w("The whole stack is taken down", "Se baja todo el sistema"),
        why: w(
            "`down` stops and removes every service, the database and the proxy included, where one had to be replaced: everybody sees an outage until all of them are back",
            "`down` detiene y elimina todos los servicios, también la base y el proxy, cuando había que reemplazar uno: todos ven una caída hasta que vuelvan",
        ),
        fix: w(
            "Replace only what changed: `docker-compose up -d --no-deps --build SERVICE`.",
            "Reemplace solo lo que cambió: `docker-compose up -d --no-deps --build SERVICIO`.",
        ),
        bad: Example::Shell("docker-compose down\ndocker-compose up -d --build"),
        good: Example::Shell("docker-compose up -d --no-deps --build api"),
        check: stack_down,
    },
];

fn volumes(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| matches!(c.name(), "docker" | "docker-compose" | "podman")) {
        let sub = command.sub();
        let system = sub.name() == "system" && sub.operand() == "prune" && command.has("--volumes");
        let volume = sub.name() == "volume" && sub.operand() == "prune";
        let down = command.compose("down") && command.has_any(&["-v", "--volumes"]);
        if system || volume || down {
            found.hit(command);
        }
    }
}

fn images(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| matches!(c.name(), "docker" | "podman")) {
        let sub = command.sub();
        let prunes = matches!(sub.name(), "system" | "image") && sub.operand() == "prune";
        if prunes && command.option('a', "--all") && !command.option('_', "--filter") && !command.has("--filter") {
            found.hit(command);
        }
    }
}

/// What a `find` or `rm` deletes, in plain lower case; `None` when it deletes nothing.
fn deleted(command: &Cmd) -> Option<String> {
    let line = plain(&command.line());
    let deletes = match command.name() {
        "find" => {
            command.has("-delete")
                || line.contains("xargs rm")
                || (command.has("-exec") || command.has("-execdir")) && command.has("rm")
        }
        "rm" => true,
        "aws" => line.contains("s3 rm"),
        _ => false,
    };
    deletes.then_some(line)
}

fn is_backup_path(line: &str) -> bool {
    mentions(line, &["backup", "respaldo", "/copias", ".dump", ".sql.gz", "/dumps"])
}

fn backups(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| deleted(c).is_some_and(|line| is_backup_path(&line))) {
        let counts =
            ctx.unit_commands(command.block).any(|c| c.line().contains("tail -n +") || c.line().contains("head -n -"));
        let by_age = matches!(command.name(), "find") && command.has_any(&["-mtime", "-mmin", "-ctime"]);
        let by_glob = matches!(command.name(), "rm" | "aws") && command.line().contains('*');
        if (by_age || by_glob) && !counts {
            found.hit(command);
        }
    }
}

/// The age in days of `-mtime +N`.
fn age(command: &Cmd) -> Option<u32> {
    command.value_of(&["-mtime", "-ctime"])?.value.trim_start_matches('+').parse().ok()
}

fn logs(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let deletions: Vec<&Cmd> = ctx
        .commands
        .iter()
        .filter(|c| deleted(c).is_some_and(|line| line.contains("log") && !is_backup_path(&line)))
        .collect();
    // What else the runbook does with the logs of the same directory tells how long they should live.
    let kept = |command: &Cmd| {
        ctx.commands
            .iter()
            .filter(|c| c.name() == "find" && c.arg(0) == command.arg(0))
            .filter(|c| deleted(c).is_some())
            .filter_map(|c| age(c).map(|days| (days, ctx.line_column(ctx.place(c).start).0)))
            .max()
    };
    for command in deletions {
        let titles = ctx.titles(command.block);
        let incident =
            mentions(&titles, &["disk", "disco", "full", "lleno", "inciden", "troubleshoot", "emergenc", "problema"]);
        match (age(command), kept(command)) {
            (Some(days), Some((longer, line))) if longer > days => found.detail(
                ctx.place(command),
                &Text::new(
                    format!("after {days} days here, while line {line} keeps them {longer} days"),
                    format!("a los {days} días aquí, mientras la línea {line} los conserva {longer} días"),
                ),
            ),
            _ if incident => found.hit(command),
            _ => {}
        }
    }
}

fn unprotected(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in &ctx.commands {
        let line = plain(&command.line());
        let recursive = command.name() == "rm"
            && command.option('r', "--recursive")
            && !mentions(&line, &["/tmp/", "node_modules", "dist", "build", ".cache", "__pycache__"]);
        let objects = command.kubectl("delete")
            && mentions(
                command.sub().operand(),
                &["namespace", "ns", "pvc", "pv", "statefulset", "crd", "persistentvolume"],
            )
            && !command.sub().operand().starts_with("pod");
        let cloud =
            command.name() == "aws" && line.contains("s3 rm") && line.contains("--recursive") && !is_backup_path(&line);
        let other = matches!(command.name(), "terraform" | "tofu") && command.arg(0) == "destroy"
            || command.name() == "helm" && matches!(command.arg(0), "uninstall" | "delete")
            || command.name() == "crontab" && command.has("-r")
            || command.name() == "rabbitmqctl" && mentions(command.arg(0), &["purge_queue", "delete_queue", "reset"])
            || command.name() == "curl"
                && command.value_of(&["-X", "--request"]).is_some_and(|w| w.value == "DELETE")
                && command.args().any(|w| {
                    w.value.contains("://") && w.value.contains('*')
                        || w.value.contains(":9200/") && w.value.ends_with('*')
                })
            || command.name() == "celery" && command.has("purge")
            || command.name() == "docker" && command.sub().name() == "volume" && command.sub().operand() == "rm";
        if (recursive && !is_backup_path(&line) || objects || cloud || other) && !protected(ctx, command) {
            found.hit(command);
        }
    }
    let statement = super::pattern(r"(?i)\b(DROP\s+(TABLE|DATABASE|SCHEMA)|TRUNCATE)\b[^;]*");
    for query in &ctx.queries {
        let guarded = query.command.and_then(|i| ctx.commands.get(i)).is_some_and(|c| protected(ctx, c))
            || ctx.unit_commands(query.block).any(|c| act(c) == Act::Backup || asks(c));
        for hit in statement.find_iter(&query.text).filter(|_| !guarded) {
            let from = query.span.start + hit.start();
            found.here(ctx.in_source(query.block, &(from..query.span.start + hit.end())));
        }
    }
}

fn drop_first(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.name() == "dropdb") {
        let replaced = after(ctx, command).any(|c| c.name() == "createdb" || act(c) == Act::Restore);
        let old = mentions(&plain(&command.line()), &["_old", "_test", "scratch", "_tmp", "_prueba", "_drill"]);
        if replaced && !old {
            found.hit(command);
        }
    }
}

fn connections(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.name() == "dropdb" && !c.option('f', "--force")) {
        let ended = before(ctx, command).any(|c| c.line().contains("pg_terminate_backend"));
        if !ended {
            found.hit(command);
        }
    }
}

fn forced(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.kubectl("delete")) {
        if command.has("--force") || command.has_any(&["--grace-period=0"]) {
            found.hit(command);
        }
    }
}

fn to_zero(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for down in ctx.commands.iter().filter(|c| scaled_to(c) == Some(0)) {
        let target = down.sub().operand();
        for later in after(ctx, down).filter(|c| !c.is_inner) {
            if later.block == down.block && scaled_to(later).is_some_and(|n| n > 0) && later.sub().operand() == target {
                found.hit(down);
                break;
            }
            let idle = matches!(later.name(), "sleep" | "echo") || act(later) == Act::Verify;
            if !idle {
                break;
            }
        }
    }
}

fn stack_down(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.compose("down") && c.sub().operands().next().is_none()) {
        if after(ctx, command).any(|c| c.compose("up")) {
            found.hit(command);
        }
    }
}

fn alike(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.kubectl("scale") && c.has("--all")) {
        if scaled_to(command).is_some_and(|n| n > 0) {
            found.hit(command);
        }
    }
}
