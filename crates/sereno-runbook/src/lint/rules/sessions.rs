//! Sessions, terminals and editors: what works under a hand and not in a procedure.

use super::{Cmd, Ctx, Example, Found, Join, Lint, Severity, Text, w};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "lines-after-session",
        severity: Severity::Warning,
        title: w("Lines after a session was opened", "Líneas después de abrir una sesión"),
        why: w(
            "this opens a session: the lines after it are meant for the inside, or reach the shell only after the session is left; pasted together they go to the wrong place",
            "esto abre una sesión: las líneas siguientes son para adentro, o llegan a la shell solo al salir de la sesión; pegadas juntas van al lugar equivocado",
        ),
        fix: w(
            "Run each inner line by itself, without a session: `kubectl exec POD -- COMMAND`, `docker exec CONTAINER COMMAND`, `ssh HOST COMMAND`.",
            "Ejecute cada línea interior por sí sola, sin sesión: `kubectl exec POD -- COMANDO`, `docker exec CONTENEDOR COMANDO`, `ssh HOST COMANDO`.",
        ),
        bad: Example::Shell("docker exec -it api /bin/bash\nnpm run migration:show"),
        good: Example::Shell("docker exec api npm run migration:show"),
        check: after_session,
    },
    Lint {
        code: "client-without-terminal",
        severity: Severity::Error,
        title: w("A console opened without a terminal", "Una consola abierta sin terminal"),
        why: w(
            "without `-it` the client has no input: it reads end-of-file and leaves at once, having done nothing",
            "sin `-it` el cliente no tiene entrada: lee fin de archivo y sale enseguida, sin haber hecho nada",
        ),
        fix: w(
            "Open it with `-it`, or better give it the query: `psql … -c \"SELECT …\"`.",
            "Ábralo con `-it`, o mejor déle la consulta: `psql … -c \"SELECT …\"`.",
        ),
        bad: Example::Shell("docker exec db psql -U app -d app"),
        good: Example::Shell("docker exec db psql -U app -d app -c \"SELECT 1;\""),
        check: without_terminal,
    },
    Lint {
        code: "terminal-in-pipe",
        severity: Severity::Error,
        title: w("A terminal in the middle of a pipe", "Una terminal en medio de una tubería"),
        why: w(
            "`exec` with a terminal (`-t`, and `docker-compose exec` by default) ends each line with a carriage return, so the values that go down the pipe are not the ones meant; without a terminal it fails with \"the input device is not a TTY\"",
            "`exec` con terminal (`-t`, y `docker-compose exec` por omisión) termina cada línea con un retorno de carro, así que los valores que pasan por la tubería no son los debidos; sin terminal falla con \"the input device is not a TTY\"",
        ),
        fix: w(
            "Switch the terminal off: `docker-compose exec -T …`, `docker exec` and `kubectl exec` without `-t`.",
            "Desactive la terminal: `docker-compose exec -T …`, `docker exec` y `kubectl exec` sin `-t`.",
        ),
        bad: Example::Shell("docker-compose exec db pg_dump -U app app > app.sql"),
        good: Example::Shell("docker-compose exec -T db pg_dump -U app app > app.sql"),
        check: terminal_in_pipe,
    },
    Lint {
        code: "exec-needs-terminal",
        severity: Severity::Note,
        title: w("A terminal asked for where nobody types", "Se pide una terminal donde nadie escribe"),
        why: w(
            "`exec -it`, and `docker-compose exec` unless told `-T`, ask for a terminal: from cron, CI or another program this fails with \"the input device is not a TTY\" or garbles its output",
            "`exec -it`, y `docker-compose exec` salvo que se le diga `-T`, piden una terminal: desde cron, CI u otro programa esto falla con \"the input device is not a TTY\" o ensucia la salida",
        ),
        fix: w(
            "Leave the terminal out where nobody types: `docker-compose exec -T …`, `docker exec` and `kubectl exec` without `-it`.",
            "No pida terminal donde nadie escribe: `docker-compose exec -T …`, `docker exec` y `kubectl exec` sin `-it`.",
        ),
        bad: Example::Shell("docker-compose exec db psql -U app -c \"SELECT 1;\""),
        good: Example::Shell("docker-compose exec -T db psql -U app -c \"SELECT 1;\""),
        check: exec_terminal,
    },
    Lint {
        code: "edit-by-hand",
        severity: Severity::Warning,
        title: w("Production is edited by hand", "Se edita producción a mano"),
        why: w(
            "an edit by hand leaves neither the old value nor a record, a slip is live at once, and the next deploy may undo it silently",
            "una edición a mano no deja el valor anterior ni registro, un descuido queda activo al instante y el próximo deploy puede deshacerla sin avisar",
        ),
        fix: w(
            "Keep the old version first (`cp FILE FILE.bak`, `kubectl get … -o yaml`), change the file in version control, and apply it with a command.",
            "Guarde antes la versión anterior (`cp ARCHIVO ARCHIVO.bak`, `kubectl get … -o yaml`), cambie el archivo en el control de versiones y aplíquelo con un comando.",
        ),
        bad: Example::Shell("vim .env.production"),
        good: Example::Shell("cp .env.production .env.production.bak\nvim .env.production"),
        check: edit,
    },
    Lint {
        code: "waits-for-a-person",
        severity: Severity::Note,
        title: w("A command that asks", "Un comando que pregunta"),
        why: w(
            "this asks at the terminal, so it cannot run unattended; and a passphrase typed at night that nobody wrote down cannot be recovered",
            "esto pregunta en la terminal, así que no puede correr sin atención; y una frase escrita de noche que nadie anotó no se recupera",
        ),
        fix: w(
            "Encrypt to a key (`gpg --encrypt --recipient ops@…`) or say where the passphrase is kept.",
            "Cifre para una clave (`gpg --encrypt --recipient ops@…`) o diga dónde se guarda la frase.",
        ),
        bad: Example::Shell("gpg --symmetric app.dump"),
        good: Example::Shell("gpg --encrypt --recipient ops@acme.io app.dump"),
        check: asks,
    },
];

/// Opens a shell or console with nothing to do. The outermost command of the wrapping.
fn opens_session(ctx: &Ctx<'_>, index: usize) -> bool {
    let command = &ctx.commands[index];
    if command.is_inner || command.in_substitution || command.heredoc.is_some() || !command.redirects.is_empty() {
        return false;
    }
    let piped =
        ctx.commands_of(command.block).iter().filter(|c| !c.is_inner && c.pipeline == command.pipeline).count() > 1;
    if piped {
        return false;
    }
    let inner = ctx.commands[index + 1..].iter().take_while(|c| c.is_inner && c.block == command.block).last();
    match command.name() {
        "docker" | "podman" | "kubectl" | "oc" | "docker-compose" if command.sub().name() == "exec" => {
            // A script given to `bash -c` is something to do.
            let scripted = inner.is_some_and(|c| c.via.contains(&"bash -c"));
            !scripted && (command.is_compose() || has_stdin(command)) && inner.is_some_and(is_console)
        }
        "make" | "just" | "task" => {
            matches!(command.arg(0), "shell" | "bash" | "console" | "psql" | "dbshell" | "db-shell" | "redis-cli")
        }
        "ssh" => inner.is_none() && command.words.len() > 1 && !command.option('N', "") && !command.has("-L"),
        _ => is_console(command) && !matches!(command.name(), "bash" | "sh"),
    }
}

/// A shell or client that was given nothing to do.
fn is_console(command: &Cmd) -> bool {
    let given = |options: &[&str]| {
        command.args().any(|w| options.iter().any(|o| w.value == *o || (o.len() == 2 && w.value.starts_with(o))))
    };
    match command.name() {
        "bash" | "sh" | "zsh" | "ash" => {
            command.args().all(|w| matches!(w.value.as_str(), "-l" | "-i" | "--login" | "-il"))
        }
        "psql" => {
            !given(&["-c", "--command", "-f", "--file", "-l", "--list", "--version"])
                && !command.option('c', "--command")
        }
        "mysql" => !given(&["-e", "--execute"]),
        "redis-cli" => {
            super::redis::redis_words(command).is_empty()
                && !command.has_any(&["--scan", "--bigkeys", "--stat", "--latency", "--memkeys", "--pipe", "--rdb"])
        }
        "mongosh" | "mongo" => !given(&["--eval", "--file"]),
        _ => false,
    }
}

fn after_session(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let mut last_block = usize::MAX;
    for index in 0..ctx.commands.len() {
        let command = &ctx.commands[index];
        if command.block == last_block || !opens_session(ctx, index) {
            continue;
        }
        let later = ctx.commands_of(command.block).iter().any(|c| {
            c.span.start >= command.span.end
                && c.list != command.list
                && !matches!(c.name(), "exit" | "logout" | "\\q" | "")
        });
        if later {
            last_block = command.block;
            found.hit(command);
        }
    }
}

/// `-i`, alone or among other letters.
fn has_stdin(command: &Cmd) -> bool {
    command.sub().words.iter().take_while(|w| w.value != "--").any(|w| {
        let letters = w.value.starts_with('-') && !w.value.starts_with("--") && w.value.contains('i');
        letters || w.value == "--stdin" || w.value == "--interactive"
    })
}

fn without_terminal(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for (index, command) in ctx.commands.iter().enumerate() {
        let wraps = matches!(command.name(), "docker" | "podman" | "kubectl" | "oc")
            && !command.is_compose()
            && command.sub().name() == "exec";
        let console =
            ctx.commands.get(index + 1).is_some_and(|c| c.is_inner && c.block == command.block && is_console(c));
        if wraps && console && !has_stdin(command) && command.heredoc.is_none() && command.redirects.is_empty() {
            found.hit(command);
        }
    }
}

fn keeps_terminal(command: &Cmd) -> bool {
    let words = command.sub().words;
    let before_target = words.iter().skip(1).take_while(|w| w.value.starts_with('-'));
    if command.is_compose() {
        return command.sub().name() == "exec"
            && !words.iter().any(|w| matches!(w.value.as_str(), "-T" | "--no-TTY" | "--no-tty"));
    }
    let flags: Vec<_> = before_target.map(|w| w.value.as_str()).collect();
    matches!(command.name(), "docker" | "podman" | "kubectl" | "oc")
        && command.sub().name() == "exec"
        && flags.iter().any(|f| *f == "--tty" || (!f.starts_with("--") && f.contains('t')))
}

fn in_pipe(ctx: &Ctx<'_>, command: &Cmd) -> bool {
    let reader = command.join == Join::Pipe
        || command.redirects.iter().any(|r| r.op.starts_with('<') || r.op == ">" || r.op == ">>");
    let feeds = ctx.commands_of(command.block).iter().any(|c| {
        !c.is_inner
            && c.pipeline == command.pipeline
            && c.join == Join::Pipe
            && c.span.start > command.span.start
            && !matches!(c.name(), "grep" | "head" | "tail" | "less" | "more" | "wc" | "cat")
    });
    reader || feeds || command.in_substitution
}

fn terminal_in_pipe(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| !c.is_inner && keeps_terminal(c) && in_pipe(ctx, c)) {
        found.hit(command);
    }
}

fn exec_terminal(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let fits = |(index, command): &(usize, &Cmd)| {
        !command.is_inner
            && keeps_terminal(command)
            && !in_pipe(ctx, command)
            && !opens_session(ctx, *index)
            && !inner_waits(ctx, *index)
    };
    let hits: Vec<_> = ctx.commands.iter().enumerate().filter(fits).collect();
    if let Some((_, first)) = hits.first() {
        let n = hits.len();
        found.detail(ctx.place(first), &Text::new(format!("{n} in this file"), format!("{n} en este archivo")));
    }
}

/// What runs inside is for a person to type into or to watch.
fn inner_waits(ctx: &Ctx<'_>, index: usize) -> bool {
    let command = &ctx.commands[index];
    let mut inner = ctx.commands[index + 1..].iter().take_while(|c| c.is_inner && c.block == command.block);
    inner.any(|c| {
        let word = c.words.iter().map(|w| w.value.as_str()).any(|w| matches!(w, "console" | "shell" | "dbshell"));
        word || is_console(c)
            || matches!(c.name(), "vi" | "vim" | "nano" | "top" | "htop" | "less" | "rails" | "iex" | "node")
    })
}

fn edit(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in &ctx.commands {
        let edits = matches!(command.name(), "vim" | "vi" | "nano" | "emacs" | "pico")
            || command.kubectl("edit")
            || (command.name() == "crontab" && command.has("-e"));
        let kept = super::before(ctx, command).any(|c| c.name() == "cp" || c.line().contains("-o yaml"));
        if edits && !kept {
            found.hit(command);
        }
    }
}

fn asks(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.name() == "gpg") {
        let symmetric = command.has_any(&["-c", "--symmetric"]);
        if symmetric && !command.args().any(|w| w.value.starts_with("--passphrase")) {
            found.hit(command);
        }
    }
}
