//! Redis.

use super::{Cmd, Ctx, Example, Found, Join, Lint, Severity, Text, mentions, plain, w};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "flushes-redis",
        severity: Severity::Error,
        title: w("All of Redis is emptied", "Se vacía todo Redis"),
        why: w(
            "FLUSHALL empties every database of the server, not only the cache: sessions, rate limits, locks and the jobs waiting in queues are lost",
            "FLUSHALL vacía todas las bases del servidor, no solo la caché: se pierden sesiones, límites, candados y los trabajos que esperan en las colas",
        ),
        fix: w(
            "Delete by prefix, inside the server and without blocking: `redis-cli --scan --pattern 'cache:*' | xargs -r -n 500 redis-cli UNLINK`; keep queues in another instance.",
            "Borre por prefijo, dentro del servidor y sin bloquear: `redis-cli --scan --pattern 'cache:*' | xargs -r -n 500 redis-cli UNLINK`; tenga las colas en otra instancia.",
        ),
        bad: Example::Shell("redis-cli FLUSHALL"),
        good: Example::Shell("redis-cli --scan --pattern 'cache:*' | xargs -r -n 500 redis-cli UNLINK"),
        check: flush,
    },
    Lint {
        code: "redis-keys",
        severity: Severity::Warning,
        title: w("KEYS on a live Redis", "KEYS en un Redis en servicio"),
        why: w(
            "KEYS walks the whole keyspace in one go and blocks every other client meanwhile",
            "KEYS recorre todas las claves de una vez y mientras tanto bloquea a todos los demás clientes",
        ),
        fix: w("Use `redis-cli --scan --pattern '…'`.", "Use `redis-cli --scan --pattern '…'`."),
        bad: Example::Shell("redis-cli KEYS 'session:*'"),
        good: Example::Shell("redis-cli --scan --pattern 'session:*'"),
        check: keys,
    },
    Lint {
        code: "xargs-leaves-the-container",
        severity: Severity::Error,
        title: w(
            "The second half of the pipe runs somewhere else",
            "La segunda mitad de la tubería corre en otro lado",
        ),
        why: w(
            "only the left side runs in the container: `xargs` runs this client on the host, where it is missing or talks to another server",
            "solo el lado izquierdo corre en el contenedor: `xargs` ejecuta este cliente en el host, donde falta o habla con otro servidor",
        ),
        fix: w(
            "Run the whole pipe inside: `docker-compose exec -T redis sh -c \"redis-cli --scan --pattern 'tenant:$ID:*' | xargs -r redis-cli UNLINK\"`.",
            "Ejecute toda la tubería adentro: `docker-compose exec -T redis sh -c \"redis-cli --scan --pattern 'tenant:$ID:*' | xargs -r redis-cli UNLINK\"`.",
        ),
        bad: Example::Shell("docker exec cache redis-cli --scan --pattern 'tenant:9:*' | xargs redis-cli DEL"),
        good: Example::Shell(
            "docker exec cache sh -c \"redis-cli --scan --pattern 'tenant:9:*' | xargs -r redis-cli UNLINK\"",
        ),
        check: xargs,
    },
    Lint {
        code: "xargs-on-nothing",
        severity: Severity::Note,
        title: w("xargs runs once even with nothing to do", "xargs corre una vez aunque no haya nada"),
        why: w(
            "with an empty list GNU xargs still runs the command once, without arguments: here it ends with an error, elsewhere it may act on everything",
            "con una lista vacía, xargs de GNU igual ejecuta el comando una vez, sin argumentos: aquí termina en error, en otros casos puede actuar sobre todo",
        ),
        fix: w("Add `-r` (`--no-run-if-empty`).", "Agregue `-r` (`--no-run-if-empty`)."),
        bad: Example::Shell("docker ps -aq --filter status=exited | xargs docker rm"),
        good: Example::Shell("docker ps -aq --filter status=exited | xargs -r docker rm"),
        check: xargs_empty,
    },
];

/// The words that `redis-cli` sends: what is left without its options.
pub(super) fn redis_words(command: &Cmd) -> Vec<&str> {
    let with_value = ["-h", "-p", "-a", "-u", "-n", "-s", "--user", "--pass", "--pattern", "-r", "-i", "--count"];
    let at = super::super::view::skip_options(&command.words, 1, &with_value);
    command.words.get(at..).unwrap_or(&[]).iter().map(|w| w.value.as_str()).collect()
}

fn sends(ctx: &Ctx<'_>, verbs: &[&str], mut hit: impl FnMut(std::ops::Range<usize>)) {
    for command in ctx.commands.iter().filter(|c| matches!(c.name(), "redis-cli" | "valkey-cli")) {
        if redis_words(command).first().is_some_and(|verb| verbs.contains(&verb.to_uppercase().as_str())) {
            hit(ctx.place(command));
        }
    }
    // Lines typed into an open console.
    for (index, view) in ctx.blocks.iter().enumerate() {
        let mut at = 0;
        for line in view.block.text.split_inclusive('\n') {
            let typed = line.trim().rsplit("> ").next().unwrap_or("").trim_start();
            let console =
                matches!(view.block.class, sereno_model::BlockClass::Repl) || line.trim_start().starts_with('>');
            let verb = typed.split_whitespace().next().unwrap_or("").to_uppercase();
            if console && verbs.contains(&verb.as_str()) {
                let start = at + line.find(typed).unwrap_or(0);
                hit(ctx.in_source(index, &(start..at + line.trim_end().len())));
            }
            at += line.len();
        }
    }
}

fn flush(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let queues = mentions(&plain(&ctx.book.source), &["bull", "celery", "sidekiq", "queue", "cola `", "colas"]);
    sends(ctx, &["FLUSHALL", "FLUSHDB"], |span| {
        if queues {
            found.detail(
                span,
                &Text::new(
                    "this runbook speaks of queues: their jobs may live here",
                    "este runbook habla de colas: sus trabajos pueden vivir aquí",
                ),
            );
        } else {
            found.here(span);
        }
    });
}

fn keys(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    sends(ctx, &["KEYS"], |span| found.here(span));
}

fn xargs(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    const CLIENTS: [&str; 6] = ["redis-cli", "valkey-cli", "psql", "mysql", "rabbitmqctl", "mongosh"];
    for right in
        ctx.commands.iter().filter(|c| c.via.last() == Some(&"xargs") && c.here() && CLIENTS.contains(&c.name()))
    {
        let inside = ctx.commands_of(right.block).iter().any(|c| {
            c.pipeline == right.pipeline && !c.here() && c.name() == right.name() && c.span.start < right.span.start
        });
        if inside {
            found.hit(right);
            continue;
        }
        // `redis-cli -h cache … | xargs redis-cli DEL` asks one server and acts on another.
        let left = ctx.commands_of(right.block).iter().find(|c| {
            c.pipeline == right.pipeline && c.name() == right.name() && c.span.start < right.span.start && c.here()
        });
        let server = ["-h", "-p", "-u", "-n", "-s", "--host", "-U", "-d"];
        let of = |c: &Cmd| server.map(|option| c.value_of(&[option]).map(|w| w.value.clone()));
        if left.is_some_and(|left| of(left) != of(right)) {
            found.command(
                right,
                Text::new(
                    "the left side asks another server or database than this client, which has no such options: it acts on whatever is the default here",
                    "el lado izquierdo consulta otro servidor o base que este cliente, que no lleva esas opciones: actúa sobre lo que sea por omisión aquí",
                ),
                Text::new(
                    "Give both the same options: `redis-cli -h HOST --scan … | xargs -r redis-cli -h HOST UNLINK`.",
                    "Dé a ambos las mismas opciones: `redis-cli -h HOST --scan … | xargs -r redis-cli -h HOST UNLINK`.",
                ),
            );
        }
    }
}

fn xargs_empty(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    const ACTS: [&str; 9] = ["redis-cli", "valkey-cli", "rm", "docker", "kubectl", "kill", "aws", "git", "chown"];
    for (index, command) in ctx.commands.iter().enumerate() {
        let inner = ctx.commands.get(index + 1).filter(|c| c.is_inner && c.block == command.block);
        let acts = inner.is_some_and(|c| ACTS.contains(&c.name()));
        if command.name() == "xargs" && acts && !command.option('r', "--no-run-if-empty") && command.join == Join::Pipe
        {
            found.hit(command);
        }
    }
}
