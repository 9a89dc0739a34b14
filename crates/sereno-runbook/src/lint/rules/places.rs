//! The right words in the wrong place: another shell, another host, another language.

use super::super::view::Cmd;
use super::{Ctx, Example, Found, Lint, Severity, Text, mentions, pattern, plain, w};
use std::collections::HashSet;
use std::ops::Range;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "wrong-shell-variable",
        severity: Severity::Error,
        title: w("A variable expanded in the wrong shell", "Una variable expandida en la shell equivocada"),
        why: w(
            "this variable is replaced here, on the machine where the command is typed, before the container sees it: nothing in this runbook sets it here, so the program inside gets an empty word or the wrong value",
            "esta variable se reemplaza aquí, en la máquina donde se escribe el comando, antes de que el contenedor la vea: nada en este runbook la define aquí, así que el programa de adentro recibe una palabra vacía o el valor equivocado",
        ),
        fix: w(
            "Let the inner shell expand it: `kubectl exec POD -- sh -c 'psql \"$DATABASE_URL\" -c …'`.",
            "Deje que la expanda la shell de adentro: `kubectl exec POD -- sh -c 'psql \"$DATABASE_URL\" -c …'`.",
        ),
        bad: Example::Shell("kubectl exec api-0 -- psql $DATABASE_URL -c 'SELECT 1'"),
        good: Example::Shell("kubectl exec api-0 -- sh -c 'psql \"$DATABASE_URL\" -c \"SELECT 1\"'"),
        check: wrong_shell,
    },
    Lint {
        code: "variable-unknown-inside",
        severity: Severity::Warning,
        title: w("A variable that may not exist inside", "Una variable que quizá no exista adentro"),
        why: w(
            "this variable is left for the shell in the container, but it is the application's name for it: the database's container usually has another (`POSTGRES_PASSWORD`), and then this one is empty",
            "esta variable queda para la shell del contenedor, pero es el nombre que usa la aplicación: el contenedor de la base suele tener otro (`POSTGRES_PASSWORD`), y entonces esta queda vacía",
        ),
        fix: w(
            "Check with `exec … -- printenv NAME | wc -c`, and use `${POSTGRES_PASSWORD:?}` so that an empty one stops the script.",
            "Compruebe con `exec … -- printenv NOMBRE | wc -c`, y use `${POSTGRES_PASSWORD:?}` para que una vacía detenga el script.",
        ),
        bad: Example::Shell(
            "kubectl exec deployment/postgres -- bash -c \"PGPASSWORD=\\$DATABASE_PASSWORD psql -c 'SELECT 1'\"",
        ),
        good: Example::Shell(
            "kubectl exec deployment/postgres -- bash -c \"PGPASSWORD=\\$POSTGRES_PASSWORD psql -c 'SELECT 1'\"",
        ),
        check: unknown_inside,
    },
    Lint {
        code: "file-is-not-there",
        severity: Severity::Error,
        title: w("A file downloaded here and read inside", "Un archivo bajado aquí y leído adentro"),
        why: w(
            "the file was written on this machine, and this reads the same path inside the container, where it does not exist",
            "el archivo se escribió en esta máquina, y esto lee la misma ruta dentro del contenedor, donde no existe",
        ),
        fix: w(
            "Copy it in (`kubectl cp FILE NAMESPACE/POD:/tmp/`), or feed it: `kubectl exec -i POD -- psql … < FILE`.",
            "Cópielo adentro (`kubectl cp ARCHIVO NAMESPACE/POD:/tmp/`), o páselo por entrada: `kubectl exec -i POD -- psql … < ARCHIVO`.",
        ),
        bad: Example::Shell(
            "aws s3 cp s3://acme/app.sql.gz /tmp/app.sql.gz\nkubectl exec db-0 -- gunzip -t /tmp/app.sql.gz",
        ),
        good: Example::Shell(
            "aws s3 cp s3://acme/app.sql.gz /tmp/app.sql.gz\nkubectl cp /tmp/app.sql.gz db-0:/tmp/app.sql.gz\nkubectl exec db-0 -- gunzip -t /tmp/app.sql.gz",
        ),
        check: file_elsewhere,
    },
    Lint {
        code: "prompt-becomes-redirection",
        severity: Severity::Error,
        title: w(
            "A client's prompt that a shell takes for a redirection",
            "Un prompt de cliente que la shell toma por redirección",
        ),
        why: w(
            "this line is meant for the client opened above, but a shell reads `>` as a redirection: it creates or empties a file of that name and asks the client nothing",
            "esta línea es para el cliente abierto arriba, pero una shell lee `>` como redirección: crea o vacía un archivo con ese nombre y no le pregunta nada al cliente",
        ),
        fix: w(
            "Give the client its command: `docker exec redis redis-cli LLEN celery`.",
            "Déle el comando al cliente: `docker exec redis redis-cli LLEN celery`.",
        ),
        bad: Example::Shell("docker exec -it redis redis-cli\n> LLEN jobs"),
        good: Example::Shell("docker exec redis redis-cli LLEN jobs"),
        check: prompt,
    },
    Lint {
        code: "settings-in-shell",
        severity: Severity::Error,
        title: w("A file's contents among shell commands", "Contenido de un archivo entre comandos"),
        why: w(
            "these lines are the contents of a file, but they stand in a shell block: pasted, each becomes a command that does not exist, and the file is not changed",
            "estas líneas son el contenido de un archivo, pero están en un bloque de shell: pegadas, cada una es un comando que no existe, y el archivo no cambia",
        ),
        fix: w(
            "Put them into a block of their own (```yaml) under the name of the file they belong to.",
            "Póngalas en un bloque propio (```yaml) bajo el nombre del archivo al que pertenecen.",
        ),
        bad: Example::Shell(
            "docker stats --no-stream\n\n# Raise the limits in docker-compose.yml\nservices:\n  app:\n    deploy:\n      resources:\n        limits:\n          memory: 2G\n\ndocker compose up -d",
        ),
        good: Example::Page("```yaml\nservices:\n  app:\n    mem_limit: 2g\n```"),
        check: settings,
    },
    Lint {
        code: "variable-instead-of-setting",
        severity: Severity::Warning,
        title: w("A setting typed as a shell variable", "Un ajuste escrito como variable de la shell"),
        why: w(
            "typed here this sets a variable of this shell only: it is not exported, and the file that the comment names is not changed",
            "escrito aquí solo define una variable de esta shell: no se exporta, y el archivo que nombra el comentario no cambia",
        ),
        fix: w(
            "Write it into the file (`sed -i 's/^NAME=.*/NAME=value/' .env.production`), and recreate the service.",
            "Escríbalo en el archivo (`sed -i 's/^NOMBRE=.*/NOMBRE=valor/' .env.production`), y recree el servicio.",
        ),
        bad: Example::Shell("# Raise the pool in .env.production\nWEB_CONCURRENCY=4\ndocker compose up -d api"),
        good: Example::Shell("WEB_CONCURRENCY=4\necho \"$WEB_CONCURRENCY\""),
        check: variable_setting,
    },
    Lint {
        code: "query-in-shell",
        severity: Severity::Error,
        title: w("PromQL among shell commands", "PromQL entre comandos de shell"),
        why: w(
            "this is a query for Prometheus, not a command: a shell stops at it with a syntax error",
            "esto es una consulta para Prometheus, no un comando: una shell se detiene con un error de sintaxis",
        ),
        fix: w(
            "Put it into a ```promql block, or ask by command: `promtool query instant http://prometheus:9090 '…'`.",
            "Póngala en un bloque ```promql, o consúltela por comando: `promtool query instant http://prometheus:9090 '…'`.",
        ),
        bad: Example::Shell(
            "kubectl logs api-0 | tail -5\n\n# In Prometheus\nrate(http_requests_total{status=\"429\"}[5m])",
        ),
        good: Example::Page("```promql\nrate(http_requests_total{status=\"429\"}[5m])\n```"),
        check: query,
    },
    Lint {
        code: "cron-in-shell",
        severity: Severity::Error,
        title: w("A crontab line in a shell block", "Una línea de crontab en un bloque de shell"),
        why: w(
            "this is a line of a crontab: typed into a shell it runs a command named `0` with the names of files here",
            "esto es una línea de crontab: escrita en una shell ejecuta un comando llamado `0` con los nombres de los archivos de aquí",
        ),
        fix: w(
            "Put it into a block without shell (```cron), and say in which file or for which user it stands.",
            "Póngala en un bloque que no sea de shell (```cron), y diga en qué archivo o para qué usuario está.",
        ),
        bad: Example::Shell("# Every night\n0 2 * * * /srv/backup.sh"),
        good: Example::Page("```cron\n0 2 * * * /srv/backup.sh >> /var/log/backup.log 2>&1\n```"),
        check: cron,
    },
    Lint {
        code: "cron-failure-unheard",
        severity: Severity::Warning,
        title: w("Nobody hears when the scheduled job fails", "Nadie se entera si falla la tarea programada"),
        why: w(
            "the job's output and failure go nowhere: a backup that has failed every night for a month looks exactly like one that works",
            "la salida y el fallo de la tarea no llegan a nadie: un respaldo que falla cada noche desde hace un mes se ve igual que uno que funciona",
        ),
        fix: w(
            "Keep a log and signal success to a watchdog: `… >> /var/log/backup.log 2>&1 && curl -fsS https://hc.example/ID`; alert on the age of the newest backup.",
            "Guarde un log y avise el éxito a un vigilante: `… >> /var/log/backup.log 2>&1 && curl -fsS https://hc.example/ID`; alerte por la antigüedad del último respaldo.",
        ),
        bad: Example::Page("```cron\n0 2 * * * /srv/backup.sh\n```"),
        good: Example::Page("```cron\n0 2 * * * /srv/backup.sh >> /var/log/backup.log 2>&1\n```"),
        check: cron_unheard,
    },
];

/// Names set anywhere in the shell blocks of the file.
fn known_names(ctx: &Ctx<'_>) -> HashSet<String> {
    let set = pattern(r"(?m)(?:^|[\s;&(])(?:export\s+|local\s+|readonly\s+)?([A-Za-z_]\w*)=");
    let read = pattern(r"\bread\b[^\n;|]*?\s([A-Za-z_]\w*)\s*(?:[\n;|]|$)|\bfor\s+(\w+)\s+in\b");
    let mut names = HashSet::new();
    for view in ctx.blocks.iter().filter(|v| v.is_shell()) {
        for hit in set.captures_iter(view.text()).chain(read.captures_iter(view.text())) {
            names.extend(hit.iter().skip(1).flatten().map(|m| m.as_str().to_owned()));
        }
    }
    names
}

/// Variables that stand unprotected in what a wrapper runs elsewhere.
fn wrong_shell(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let known = known_names(ctx);
    let variable = pattern(r"\$\{?([A-Z][A-Z0-9_]{2,})\}?");
    let mut seen: HashSet<Range<usize>> = HashSet::new();
    for command in ctx.commands.iter().filter(|c| c.is_inner && !c.here()) {
        let script = command.via.iter().any(|v| matches!(*v, "bash -c" | "su -c" | "watch" | "ssh"));
        for word in &command.words {
            let quoted = word.raw.starts_with('\'');
            for hit in variable.captures_iter(&word.raw) {
                let (Some(whole), Some(name)) = (hit.get(0), hit.get(1)) else {
                    continue;
                };
                let escaped = word.raw[..whole.start()].ends_with('\\');
                let inside = script && !double_quoted_script(ctx, command);
                let env = word.raw[..whole.start()].contains('\'') && script;
                if quoted || escaped || inside || env || known.contains(name.as_str()) {
                    continue;
                }
                let span =
                    ctx.in_source(command.block, &(word.span.start + whole.start()..word.span.start + whole.end()));
                if seen.insert(span.clone()) {
                    found.here(span);
                }
            }
        }
    }
}

/// The script around this command stands in double quotes, so that the outer shell expands it.
fn double_quoted_script(ctx: &Ctx<'_>, command: &Cmd) -> bool {
    ctx.commands_of(command.block).iter().any(|outer| {
        outer.span.start < command.span.start
            && outer
                .words
                .iter()
                .any(|w| w.raw.starts_with('"') && w.span.start < command.span.start && w.span.end > command.span.end)
    })
}

fn unknown_inside(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let escaped = pattern(r"\\\$\{?([A-Z]\w*)");
    let database = ["postgres", "mysql", "mariadb", "mongo", "db"];
    let mut seen = HashSet::new();
    for command in ctx.commands.iter().filter(|c| c.is_inner && c.via.contains(&"bash -c")) {
        let place = &command.place;
        let inside = format!("{place:?}").to_lowercase();
        if !mentions(&inside, &database) {
            continue;
        }
        for word in command.words.iter().chain(&command.assigns) {
            let Some(hit) = escaped.captures(&word.raw) else {
                continue;
            };
            let (Some(whole), Some(name)) = (hit.get(0), hit.get(1)) else {
                continue;
            };
            let usual = name.as_str().starts_with("POSTGRES")
                || name.as_str().starts_with("PG")
                || name.as_str().starts_with("MYSQL")
                || name.as_str().starts_with("MONGO");
            let span = ctx.in_source(command.block, &(word.span.start + whole.start()..word.span.start + whole.end()));
            if !usual && seen.insert((command.block, name.as_str().to_owned())) {
                found.here(span);
            }
        }
    }
}

/// Where a command writes a file on this machine.
fn written(command: &Cmd) -> Option<&str> {
    if !command.here() {
        return None;
    }
    match command.name() {
        "aws" if command.has("cp") => command.words.last().map(|w| w.value.as_str()).filter(|v| !v.starts_with("s3:")),
        "curl" => command.value_of(&["-o", "--output"]).map(|w| w.value.as_str()),
        "wget" => command.value_of(&["-O"]).map(|w| w.value.as_str()),
        "scp" | "rsync" | "gsutil" | "rclone" => {
            command.words.last().map(|w| w.value.as_str()).filter(|v| !v.contains(':'))
        }
        _ => command.redirects.iter().find(|r| r.op == ">" || r.op == ">>").map(|r| r.target.as_str()),
    }
}

fn file_elsewhere(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for source in &ctx.commands {
        let Some(path) = written(source).filter(|p| p.starts_with('/') && p.len() > 5 && !p.starts_with("/dev/"))
        else {
            continue;
        };
        let copied = super::after(ctx, source).any(|c| {
            (c.kubectl("cp")
                || (c.name() == "docker" && c.sub().name() == "cp")
                || c.is_compose() && c.sub().name() == "cp"
                || c.name() == "scp")
                && c.line().contains(path)
        });
        let reader =
            super::after(ctx, source).find(|c| c.is_inner && !c.here() && c.words.iter().any(|w| w.value == path));
        if let Some(word) = reader
            .and_then(|c| c.words.iter().find(|w| w.value == path).map(|w| (c.block, &w.span)))
            .filter(|_| !copied)
        {
            found.here(ctx.in_source(word.0, word.1));
        }
    }
}

fn prompt(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for (index, view) in ctx.blocks.iter().enumerate().filter(|(_, v)| v.is_shell()) {
        let mut at = 0;
        let mut hits: Vec<Range<usize>> = Vec::new();
        for line in view.block.text.split_inclusive('\n') {
            let text = line.trim_start();
            let lead = line.len() - text.len();
            let typed = text.strip_prefix("> ").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
            let heredoc = view.heredocs.iter().any(|h| h.contains(&at));
            if typed && !heredoc {
                hits.push(at + lead..at + line.trim_end().len());
            }
            at += line.len();
        }
        let n = hits.len();
        if let Some(first) = hits.first() {
            found.detail(
                ctx.in_source(index, first),
                &Text::new(format!("{n} such lines"), format!("{n} de esas líneas")),
            );
        }
    }
}

/// The first foreign statement of a kind in each shell block.
fn foreign<'c>(ctx: &'c Ctx<'_>, kind: &str, fits: impl Fn(&str) -> bool) -> Vec<(usize, Range<usize>, &'c str)> {
    let mut out = Vec::new();
    for (index, view) in ctx.blocks.iter().enumerate().filter(|(_, v)| v.is_shell()) {
        let first = view.block.statements.iter().find(|s| s.foreign.as_deref() == Some(kind) && fits(&s.text));
        let Some(statement) = first else { continue };
        let line = statement.text.lines().next().unwrap_or("");
        let Some(at) = view.block.text.find(line).filter(|_| !line.is_empty()) else {
            continue;
        };
        out.push((index, at..at + line.len(), statement.text.as_str()));
    }
    out
}

const CRON: &str = r"^\s*(@(daily|hourly|weekly|monthly|reboot)|([\d*][\d*/,-]*\s+){4}[\d*][\d*/,-]*)\s+\S";

fn settings(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let cron = pattern(CRON);
    for (block, span, _) in foreign(ctx, "config", |text| !cron.is_match(text)) {
        found.here(ctx.in_source(block, &span));
    }
}

fn query(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for (block, span, _) in foreign(ctx, "promql", |_| true) {
        found.here(ctx.in_source(block, &span));
    }
}

fn variable_setting(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let mut marked = HashSet::new();
    for (block, span, _) in foreign(ctx, "env", |_| true) {
        marked.insert(block);
        found.here(ctx.in_source(block, &span));
    }
    let file = pattern(r"(\.env\b|\.env\.\w+|docker-compose\S*\.ya?ml|configmap|secrets?)");
    for command in ctx.commands.iter().filter(|c| c.words.is_empty() && !c.assigns.is_empty() && !c.is_inner) {
        if marked.contains(&command.block) || !file.is_match(&ctx.comment_before(command)) {
            continue;
        }
        let name = command.assigns[0].value.split('=').next().unwrap_or("").to_owned();
        let used = ctx.book.source.contains(&format!("${name}")) || ctx.book.source.contains(&format!("${{{name}"));
        if !used {
            marked.insert(command.block);
            found.hit(command);
        }
    }
}

pub(super) fn cron_lines(ctx: &Ctx<'_>, shell_only: bool) -> Vec<(usize, Range<usize>, String)> {
    let cron = pattern(CRON);
    let mut out = Vec::new();
    for (index, view) in ctx.blocks.iter().enumerate() {
        let tagged =
            view.block.lang.as_deref().is_some_and(|l| matches!(l, "bash" | "sh" | "shell" | "console" | "zsh"));
        if shell_only && !(view.is_shell() || tagged) {
            continue;
        }
        let mut at = 0;
        for line in view.block.text.split_inclusive('\n') {
            let inside = view.heredocs.iter().any(|h| h.contains(&at));
            if cron.is_match(line) && !inside {
                out.push((index, at..at + line.trim_end().len(), line.to_owned()));
            }
            at += line.len();
        }
    }
    out
}

fn cron(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for (block, span, _) in cron_lines(ctx, true) {
        found.here(ctx.in_source(block, &span));
    }
}

fn cron_unheard(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let mail = plain(&ctx.book.source).contains("mailto");
    for (block, span, line) in cron_lines(ctx, false) {
        if !mail && !mentions(&line, &[">", "|", "&&", "curl", "logger", "chronic", "cronitor"]) {
            found.here(ctx.in_source(block, &span));
        }
    }
}
