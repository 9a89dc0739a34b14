//! Steps that wait for the wrong thing, or for ever.

use super::{Act, Cmd, Ctx, Example, Found, Join, Lint, Severity, Text, act, mentions, plain, w};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "fixed-sleep",
        severity: Severity::Warning,
        title: w(
            "A fixed sleep where a condition can be awaited",
            "Una espera fija donde se puede esperar una condición",
        ),
        why: w(
            "a fixed sleep is too short on the bad night and too long on all others, and nobody learns whether what it waits for happened",
            "una espera fija es corta la noche mala y larga todas las demás, y nadie sabe si ocurrió lo que se esperaba",
        ),
        fix: w(
            "Wait for the condition: `kubectl rollout status … --timeout=5m`, `kubectl wait --for=…`, `docker compose up -d --wait`, or `until pg_isready; do sleep 1; done` under `timeout 60`.",
            "Espere la condición: `kubectl rollout status … --timeout=5m`, `kubectl wait --for=…`, `docker compose up -d --wait`, o `until pg_isready; do sleep 1; done` bajo `timeout 60`.",
        ),
        bad: Example::Shell("kubectl apply -f app.yaml\nsleep 30\n./smoke.sh"),
        good: Example::Shell(
            "kubectl apply -f app.yaml\nkubectl rollout status deployment/app --timeout=5m\n./smoke.sh",
        ),
        check: fixed_sleep,
    },
    Lint {
        code: "logs-unbounded",
        severity: Severity::Note,
        title: w("The whole log is read", "Se lee el log entero"),
        why: w(
            "without `--tail` or `--since` this reads the log since the container was born: it floods the terminal, and old errors look like new ones",
            "sin `--tail` o `--since` esto lee el log desde que nació el contenedor: inunda la terminal, y errores viejos parecen nuevos",
        ),
        fix: w("Add `--since 30m --tail 500`.", "Agregue `--since 30m --tail 500`."),
        bad: Example::Shell("docker compose logs worker"),
        good: Example::Shell("docker compose logs --since 30m --tail 500 worker"),
        check: unbounded,
    },
    Lint {
        code: "endless-step",
        severity: Severity::Warning,
        title: w("A command that does not end by itself", "Un comando que no termina solo"),
        why: w(
            "this does not end by itself: the lines after it are reached only by pressing Ctrl-C, and then perhaps not at all",
            "esto no termina solo: a las líneas siguientes se llega únicamente con Ctrl-C, y quizá ni así",
        ),
        fix: w(
            "Bound it: `--tail=200` without `-f`, `docker stats --no-stream`, `timeout 60 …`, or give it a block of its own.",
            "Acótelo: `--tail=200` sin `-f`, `docker stats --no-stream`, `timeout 60 …`, o déle un bloque propio.",
        ),
        bad: Example::Shell("docker logs -f api\ncurl -f --max-time 5 http://localhost:3000/health"),
        good: Example::Shell("docker logs --tail=200 api\ncurl -f --max-time 5 http://localhost:3000/health"),
        check: endless,
    },
    Lint {
        code: "checked-too-soon",
        severity: Severity::Note,
        title: w("Checked before it can be up", "Se comprueba antes de que pueda estar en pie"),
        why: w(
            "the start returns as soon as the process exists, and this asks it at once: the check fails on a service that is only starting, or still meets the old one",
            "el arranque vuelve en cuanto existe el proceso, y esto le pregunta enseguida: la comprobación falla en un servicio que recién arranca, o todavía encuentra al anterior",
        ),
        fix: w(
            "Wait for it: `curl -fsS --retry 12 --retry-delay 5 --retry-connrefused URL`, `docker compose up -d --wait`, `until pg_isready -q; do sleep 2; done`.",
            "Espérelo: `curl -fsS --retry 12 --retry-delay 5 --retry-connrefused URL`, `docker compose up -d --wait`, `until pg_isready -q; do sleep 2; done`.",
        ),
        bad: Example::Shell("systemctl restart api\ncurl -fsS -m 5 http://localhost:3000/health"),
        good: Example::Shell(
            "systemctl restart api\ncurl -fsS -m 5 --retry 12 --retry-connrefused http://localhost:3000/health",
        ),
        check: too_soon,
    },
];

fn fixed_sleep(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for (index, command) in ctx.commands.iter().enumerate() {
        let number = command.arg(0).trim_end_matches(['s', 'm', 'h']);
        let fixed = command.name() == "sleep" && number.parse::<f64>().is_ok();
        if !fixed || command.in_loop || command.in_condition || command.in_substitution {
            continue;
        }
        let own = &ctx.commands[..index];
        let previous = own.iter().rev().find(|c| c.block == command.block && !c.is_inner && c.name() != "echo");
        // A block of its own, between two steps.
        let previous =
            previous.or_else(|| super::before(ctx, command).filter(|c| !c.is_inner && c.name() != "echo").last());
        let Some(previous) = previous else { continue };
        // `exec` returns when its command has ended: there is nothing left to wait for.
        let ended =
            matches!(previous.name(), "kubectl" | "docker" | "docker-compose") && previous.sub().name() == "exec";
        if ended {
            found.command(
                command,
                Text::new(
                    "the command before returns only when it has ended, so this sleep waits for nothing; and it does not tell whether that command succeeded",
                    "el comando anterior vuelve solo cuando terminó, así que esta espera no espera nada; y no dice si ese comando tuvo éxito",
                ),
                Text::new(
                    "Remove the sleep and check the result instead (exit code, a file of the right size, `gzip -t`).",
                    "Quite la espera y compruebe el resultado (código de salida, un archivo del tamaño debido, `gzip -t`).",
                ),
            );
        } else {
            found.hit(command);
        }
    }
}

fn unbounded(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let mut last = usize::MAX;
    // One finding for the items of a list.
    let mut told_on = 0;
    for command in
        ctx.commands.iter().filter(|c| matches!(c.name(), "docker" | "docker-compose" | "kubectl" | "oc" | "podman"))
    {
        let logs = command.sub().name() == "logs" && !is_endless(command);
        let bound = command.args().any(|w| {
            ["--tail", "--since", "-n", "--until"].iter().any(|o| {
                w.value == *o && (*o != "-n" || command.name().starts_with("docker"))
                    || w.value.starts_with(&format!("{o}="))
            })
        });
        if logs && !bound && command.block != last {
            let (line, _) = ctx.line_column(ctx.place(command).start);
            if told_on == 0 || line > told_on + 1 {
                found.hit(command);
            }
            (last, told_on) = (command.block, line);
        }
    }
}

/// Why a command does not end, if it does not.
fn is_endless(command: &Cmd) -> bool {
    if command.via.iter().any(|v| matches!(*v, "timeout")) {
        return false;
    }
    let follows = command.option('f', "--follow") && !command.has("--follow=false");
    match command.name() {
        "watch" => !command.has_any(&["-g", "--chgexit"]),
        "tail" => follows || command.has("-F"),
        "journalctl" => follows,
        "docker" if command.sub().name() == "stats" => !command.has("--no-stream"),
        "docker" | "docker-compose" | "podman" => {
            (command.sub().name() == "logs" && tail_follows(command))
                || (command.is_compose()
                    && command.sub().name() == "up"
                    && !command.has_any(&["-d", "--detach", "--wait", "--no-start"]))
        }
        "kubectl" | "oc" => match command.sub().name() {
            "logs" => tail_follows(command),
            "get" => command.has_any(&["-w", "--watch", "--watch-only", "-w=true", "--watch=true"]),
            "port-forward" | "proxy" => true,
            _ => false,
        },
        "pm2" => matches!(command.arg(0), "logs" | "monit") && !command.has("--nostream"),
        "top" | "htop" => !command.option('b', "") && !command.has("-n"),
        "ping" => !command.has_any(&["-c", "-W"]),
        "stripe" => command.arg(0) == "listen",
        "railway" | "fly" | "flyctl" => command.arg(0) == "logs" && !command.has_any(&["--lines", "-n", "--no-tail"]),
        "render" | "heroku" | "vercel" => {
            command.arg(0) == "logs" && command.has_any(&["--tail", "-t", "--follow", "-f"])
        }
        _ => false,
    }
}

/// `-f` after the subcommand (before it, it names a file).
fn tail_follows(command: &Cmd) -> bool {
    let words = command.sub().words;
    words.iter().skip(1).any(|w| matches!(w.value.as_str(), "-f" | "--follow" | "-ft" | "-tf" | "--follow=true"))
}

fn endless(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| is_endless(c) && !c.in_substitution && !c.is_inner) {
        let later = ctx
            .commands_of(command.block)
            .iter()
            .any(|c| c.span.start >= command.span.end && c.pipeline != command.pipeline);
        let cut = ctx.commands_of(command.block).iter().any(|c| {
            c.pipeline == command.pipeline && c.join == Join::Pipe && matches!(c.name(), "head" | "tail" | "sed")
        });
        let comment = ctx.comment_before(command);
        let announced =
            mentions(&comment, &["tiempo real", "real time", "real-time", "follow", "vivo", "live", "seguir"]);
        if later && !cut {
            found.hit(command);
        } else if !announced && !cut && comments_follow(ctx, command) {
            found.with(
                Severity::Note,
                ctx.place(command),
                Text::new(
                    "this does not end by itself, and the notes after it in the block are read only once it is stopped with Ctrl-C",
                    "esto no termina solo, y las notas que siguen en el bloque solo se leen al cortarlo con Ctrl-C",
                ),
                Text::new("Bound it (`timeout 60 …`, `--tail`), or say when to stop looking.", "Acótelo (`timeout 60 …`, `--tail`) o diga cuándo dejar de mirar."),
            );
        } else if !announced && !cut && !command.kubectl("get") {
            found.with(
                Severity::Note,
                ctx.place(command),
                Text::new(
                    "this does not end by itself: as a step of a procedure it never says that it is done",
                    "esto no termina solo: como paso de un procedimiento nunca dice que está hecho",
                ),
                Text::new(
                    "Bound it (`--tail=200` without `-f`, `timeout 60 …`).",
                    "Acótelo (`--tail=200` sin `-f`, `timeout 60 …`).",
                ),
            );
        } else if !announced && !cut && act(command) == Act::Verify {
            found.with(
                Severity::Note,
                ctx.place(command),
                Text::new(
                    "`-w` watches for ever: as a verification it never says yes",
                    "`-w` observa para siempre: como verificación nunca dice que sí",
                ),
                Text::new(
                    "Wait for the state itself: `kubectl wait --for=… --timeout=5m`.",
                    "Espere el estado mismo: `kubectl wait --for=… --timeout=5m`.",
                ),
            );
        }
    }
}

fn comments_follow(ctx: &Ctx<'_>, command: &Cmd) -> bool {
    let view = &ctx.blocks[command.block];
    view.comments
        .iter()
        .filter(|c| c.start >= command.span.end)
        .any(|c| view.text().get(c.clone()).is_some_and(|text| plain(text).trim().len() > 3))
}

/// It asks a service whether it answers.
fn asks_service(command: &Cmd) -> bool {
    match command.name() {
        "curl" | "wget" => !command.args().any(|w| w.value.starts_with("--retry") || w.value == "-O"),
        "pg_isready" => !command.has_any(&["-t", "--timeout"]),
        "redis-cli" => command.args().any(|w| w.value.eq_ignore_ascii_case("ping")),
        _ => false,
    }
}

fn too_soon(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for (index, command) in ctx.commands.iter().enumerate().filter(|(_, c)| asks_service(c)) {
        let own = ctx.commands[..index].iter().rev().take_while(|c| c.block == command.block);
        // The line before it, its wrappers and what they wrap.
        let mut earlier = own.filter(|c| c.list != command.list && !matches!(c.name(), "echo" | "printf" | "cd"));
        let starts = earlier.next().is_some_and(|c| {
            let by_name =
                matches!(c.name(), "systemctl" | "service" | "pm2" | "supervisorctl" | "docker" | "docker-compose");
            let acts = matches!(act(c), Act::Restart | Act::Start)
                || (act(c) == Act::Rollout && c.is_compose() && c.sub().name() == "up");
            let waits = c.has_any(&["--wait", "reload"]) || c.args().any(|w| w.value.starts_with("--wait"));
            by_name && acts && !waits && !c.in_condition
        });
        if starts && !command.in_loop && !command.in_condition {
            found.hit(command);
        }
    }
}
