//! Words that cannot be what they stand for: addresses that are none, options that the tool does not take.

use super::{Ctx, Example, Found, Lint, Severity, Text, mentions, pattern, w};
use std::collections::HashSet;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "not-an-address",
        severity: Severity::Error,
        title: w("An address that is none", "Una dirección que no lo es"),
        why: w(
            "no part of an IPv4 address is greater than 255: with this line the program refuses its whole configuration",
            "ninguna parte de una dirección IPv4 supera 255: con esta línea el programa rechaza toda su configuración",
        ),
        fix: w(
            "Use an address from the documentation ranges as an example (`203.0.113.7`), or a placeholder: `<ip>`.",
            "Use como ejemplo una dirección de los rangos de documentación (`203.0.113.7`), o un marcador: `<ip>`.",
        ),
        bad: Example::Page("```nginx\ndeny 300.1.2.3;\n```"),
        good: Example::Page("```nginx\ndeny 203.0.113.7;\n```"),
        check: address,
    },
    Lint {
        code: "several-pids-for-one",
        severity: Severity::Error,
        title: w("Several process ids where one is wanted", "Varios pid donde se espera uno"),
        why: w(
            "pgrep prints one process id per line, and `-f` matches every process with that word in its command line: with more than one, or none, `top -p` ends with an error",
            "pgrep imprime un pid por línea, y `-f` abarca todo proceso con esa palabra en su línea de comandos: con más de uno, o ninguno, `top -p` termina con error",
        ),
        fix: w(
            "`top -b -n 1 -p \"$(pgrep -d, -f 'node server.js')\"`.",
            "`top -b -n 1 -p \"$(pgrep -d, -f 'node server.js')\"`.",
        ),
        bad: Example::Shell("top -p $(pgrep -f node)"),
        good: Example::Shell("top -b -n 1 -p \"$(pgrep -d, -f node)\""),
        check: pids,
    },
    Lint {
        code: "npm-run-eats-options",
        severity: Severity::Error,
        title: w("Options that npm keeps for itself", "Opciones que npm se queda"),
        why: w(
            "without `--`, npm takes the options for its own (`-d` sets npm's own log level), and the script does not get them",
            "sin `--`, npm toma las opciones como propias (`-d` cambia el nivel de log de npm), y el script no las recibe",
        ),
        fix: w(
            "Separate them: `npm run typeorm -- migration:show -d data-source.ts`.",
            "Sepárelas: `npm run typeorm -- migration:show -d data-source.ts`.",
        ),
        bad: Example::Shell("npm run typeorm migration:show -d src/data-source.ts"),
        good: Example::Shell("npm run typeorm -- migration:show -d src/data-source.ts"),
        check: npm_run,
    },
    Lint {
        code: "unknown-option",
        severity: Severity::Warning,
        title: w("An option that the tool does not know", "Una opción que la herramienta no conoce"),
        why: w("the tool does not take this option", "la herramienta no acepta esta opción"),
        fix: w("Look at `--help` of the version in use.", "Mire `--help` de la versión en uso."),
        bad: Example::Shell("render logs --service api"),
        good: Example::Shell("render logs --resources srv-abc --tail"),
        check: option,
    },
    Lint {
        code: "unquoted-in-deletion",
        severity: Severity::Warning,
        title: w("An unquoted variable in a path", "Una variable sin comillas en una ruta"),
        why: w(
            "unquoted, a value with a blank becomes two words and an empty one disappears: the command then acts on another path than the one meant",
            "sin comillas, un valor con espacio se vuelve dos palabras y uno vacío desaparece: el comando actúa entonces sobre otra ruta",
        ),
        fix: w(
            "Quote it and demand a value: `\"${NAME:?}\"`.",
            "Póngala entre comillas y exija un valor: `\"${NOMBRE:?}\"`.",
        ),
        bad: Example::Shell("read -p \"Backup: \" NAME\ncp /backups/$NAME /tmp/"),
        good: Example::Shell("read -rp \"Backup: \" NAME\ncp \"/backups/${NAME:?}\" /tmp/"),
        check: unquoted,
    },
    Lint {
        code: "glob-catches-others",
        severity: Severity::Warning,
        title: w("A pattern that catches older files too", "Un patrón que también toma archivos anteriores"),
        why: w(
            "the file just written has a name of its own, and this pattern takes every other file that begins the same, from earlier runs or half-written ones",
            "el archivo recién escrito tiene nombre propio, y este patrón toma también los demás que empiezan igual, de corridas anteriores o a medio escribir",
        ),
        fix: w(
            "Keep the name in a variable: `FILE=backup_$(date +%Y%m%d_%H%M%S).sql; pg_dump … > \"$FILE\" && gzip \"$FILE\"`.",
            "Guarde el nombre en una variable: `ARCHIVO=backup_$(date +%Y%m%d_%H%M%S).sql; pg_dump … > \"$ARCHIVO\" && gzip \"$ARCHIVO\"`.",
        ),
        bad: Example::Shell("pg_dump app > backup_$(date +%F).sql\ngzip backup_*.sql"),
        good: Example::Shell("FILE=backup_$(date +%F).sql\npg_dump app > \"$FILE\"\ngzip \"$FILE\""),
        check: glob,
    },
    Lint {
        code: "backup-lands-elsewhere",
        severity: Severity::Warning,
        title: w("The backup is not where one looks for it", "El respaldo no queda donde se lo busca"),
        why: w(
            "the backup is written into whatever directory the shell is in, while the runbook lists and restores backups elsewhere: nobody finds it, and no retention or copy includes it",
            "el respaldo se escribe en el directorio en que esté la shell, mientras el runbook lista y restaura respaldos en otro lado: nadie lo encuentra, y ni la retención ni las copias lo incluyen",
        ),
        fix: w(
            "Write it to the folder of backups by its full path, and copy it off this machine.",
            "Escríbalo en la carpeta de respaldos con su ruta completa, y cópielo fuera de esta máquina.",
        ),
        bad: Example::Shell("pg_dump app > app.sql\nls -lh backups/"),
        good: Example::Shell("pg_dump app > /srv/app/backups/app.sql\nls -lh backups/"),
        check: elsewhere,
    },
    Lint {
        code: "file-nobody-writes",
        severity: Severity::Note,
        title: w("A log file that nothing writes", "Un archivo de log que nada escribe"),
        why: w(
            "this reads a file in the current directory, and nothing in this runbook writes it or says on which machine and in which folder it is",
            "esto lee un archivo del directorio actual, y nada en este runbook lo escribe ni dice en qué máquina y carpeta está",
        ),
        fix: w(
            "Give the full path, or read the logs where they are: `journalctl -u api --since -1h | grep …`.",
            "Dé la ruta completa, o lea los logs donde están: `journalctl -u api --since -1h | grep …`.",
        ),
        bad: Example::Shell("grep -i error logs.txt"),
        good: Example::Shell("journalctl -u api --since -1h > logs.txt\ngrep -i error logs.txt"),
        check: nobody_writes,
    },
    Lint {
        code: "developer-path",
        severity: Severity::Warning,
        title: w("A developer's Windows path", "Una ruta Windows de desarrollador"),
        why: w(
            "this is the path of a developer's Windows machine: on the production server it does not exist, and under WSL its files are slow and lose their permissions",
            "esta es la ruta de la máquina Windows de un desarrollador: en el servidor de producción no existe, y bajo WSL sus archivos son lentos y pierden los permisos",
        ),
        fix: w(
            "Write the path on the server (`/srv/app`), once, as a variable: `APP_DIR=/srv/app`.",
            "Escriba la ruta del servidor (`/srv/app`), una vez, como variable: `APP_DIR=/srv/app`.",
        ),
        bad: Example::Shell("cd /mnt/c/wamp64/www/app"),
        good: Example::Shell("cd /srv/app"),
        check: windows,
    },
    Lint {
        code: "localhost-in-production",
        severity: Severity::Warning,
        title: w("localhost given as an address of production", "localhost dado como dirección de producción"),
        why: w(
            "`localhost` is the machine of whoever reads this: from a laptop or a phone at night these addresses open nothing, or the wrong thing",
            "`localhost` es la máquina de quien lee esto: desde un portátil o un teléfono, de noche, estas direcciones no abren nada, o abren otra cosa",
        ),
        fix: w(
            "Give the address that works from where the person on call is, and how to reach it (VPN, `ssh -L 3000:localhost:3000 HOST`).",
            "Dé la dirección que funciona desde donde está la persona de guardia, y cómo llegar (VPN, `ssh -L 3000:localhost:3000 HOST`).",
        ),
        bad: Example::Page("## Production URLs\n\n- **Grafana:** http://localhost:3000"),
        good: Example::Page("## Production URLs\n\n- **Grafana:** https://grafana.acme.io"),
        check: localhost,
    },
    Lint {
        code: "unquoted-setting",
        severity: Severity::Note,
        title: w("A setting with blanks and no quotes", "Un ajuste con espacios y sin comillas"),
        why: w(
            "a value with blanks or `<` without quotes breaks when the file is read by a shell (`source .env`), and is read differently by each dotenv library",
            "un valor con espacios o `<` sin comillas se rompe cuando una shell lee el archivo (`source .env`), y cada biblioteca dotenv lo lee distinto",
        ),
        fix: w(
            "Quote it: `SMTP_FROM=\"Orders <noreply@acme.io>\"`.",
            "Póngalo entre comillas: `SMTP_FROM=\"Pedidos <noreply@acme.io>\"`.",
        ),
        bad: Example::Page("```env\nPORT=3000\nSMTP_FROM=Orders <noreply@acme.io>\n```"),
        good: Example::Page("```env\nPORT=3000\nSMTP_FROM=\"Orders <noreply@acme.io>\"\n```"),
        check: setting,
    },
];

fn address(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let quad = pattern(r"\b\d{1,3}(\.\d{1,3}){3}\b");
    let mut seen = HashSet::new();
    for hit in quad.find_iter(&ctx.book.source) {
        let bytes = ctx.book.source.as_bytes();
        let edge = |b: Option<&u8>| b.is_none_or(|b| *b != b'.' && *b != b'-' && *b != b'v');
        let alone = edge(hit.start().checked_sub(1).and_then(|i| bytes.get(i)))
            && !(bytes.get(hit.end()) == Some(&b'.') && bytes.get(hit.end() + 1).is_some_and(u8::is_ascii_digit));
        let wrong = hit.as_str().split('.').any(|part| part.parse::<u16>().is_ok_and(|n| n > 255));
        if alone && wrong && seen.insert(hit.as_str()) {
            found.here(hit.range());
        }
    }
}

fn pids(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| matches!(c.name(), "top" | "strace" | "lsof" | "gdb") && c.has("-p"))
    {
        let value = command.value_of(&["-p"]).map_or("", |w| w.value.as_str());
        let many = value.contains("pgrep") || value.contains("pidof");
        let single = mentions(value, &["-d,", "-d ','", "-n", "-o", "head", "-s"]);
        if many && !single {
            found.hit(command);
        }
    }
}

fn npm_run(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    // Options that are meant for npm itself.
    let own = pattern(r"^(-w|-s|-ws|--silent|--if-present|--workspaces?(=.*)?|--prefix(=.*)?)$");
    for command in ctx.commands.iter().filter(|c| c.name() == "npm" && matches!(c.arg(0), "run" | "run-script")) {
        let first = command.args().skip(2).find(|w| w.value.starts_with('-') && !own.is_match(&w.value));
        if first.is_some_and(|w| w.value != "--") {
            found.hit(command);
        }
    }
}

/// Program, subcommand, option that does not exist, what to use.
const OPTIONS: [(&str, &str, &str, &str); 4] = [
    ("render", "logs", "--service", "render logs --resources SERVICE_ID --tail"),
    ("railway", "logs", "--tail", "railway logs --lines 100"),
    ("kubectl", "logs", "--lines", "kubectl logs --tail=100"),
    ("docker", "logs", "--lines", "docker logs --tail 100"),
];

fn option(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in &ctx.commands {
        for (program, subcommand, wrong, right) in OPTIONS {
            let word = command
                .args()
                .find(|w| w.value == wrong || w.value.strip_prefix(wrong).is_some_and(|r| r.starts_with('=')));
            let Some(word) = word.filter(|_| command.name() == program && command.sub().name() == subcommand) else {
                continue;
            };
            found.at(
                ctx.in_source(command.block, &word.span),
                Text::new(
                    format!("`{program} {subcommand}` has no option `{wrong}`: it ends with a usage error"),
                    format!("`{program} {subcommand}` no tiene la opción `{wrong}`: termina con un error de uso"),
                ),
                Text::new(format!("Use `{right}`."), format!("Use `{right}`.")),
            );
        }
    }
}

fn unquoted(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let bare = pattern(r"^[^'$]*\$\{?(\w+)\}?[^']*$");
    let mut seen = HashSet::new();
    for command in
        ctx.commands.iter().filter(|c| matches!(c.name(), "rm" | "cp" | "mv" | "aws" | "rsync" | "gunzip" | "cat"))
    {
        for word in command.args().filter(|w| !w.raw.starts_with('"') && !w.raw.contains("$(")) {
            let Some(name) = bare.captures(&word.raw).and_then(|c| c.get(1)).map(|m| m.as_str()) else {
                continue;
            };
            let typed = super::before(ctx, command)
                .any(|c| c.name() == "read" && c.words.last().is_some_and(|w| w.value == name));
            let deletes = command.name() == "rm" && !word.raw.contains(":?");
            if (typed || deletes) && seen.insert((command.block, name.to_owned())) {
                found.here(ctx.in_source(command.block, &word.span));
            }
        }
    }
}

fn glob(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in
        ctx.commands.iter().filter(|c| matches!(c.name(), "gzip" | "rm" | "mv" | "gpg" | "xz" | "zstd" | "scp" | "cp"))
    {
        for word in command.args().filter(|w| w.value.contains('*') && !w.raw.starts_with(['"', '\''])) {
            let head = word.value.split('*').next().unwrap_or("");
            let made = super::before(ctx, command)
                .filter(|c| c.block == command.block)
                .flat_map(|c| c.redirects.iter())
                .any(|r| {
                    r.op == ">" && r.target.starts_with(head) && (r.target.contains("$(") || r.target.contains('$'))
                });
            if made && head.len() > 2 {
                found.here(ctx.in_source(command.block, &word.span));
            }
        }
    }
}

fn elsewhere(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let folder = ctx.commands.iter().any(|c| {
        matches!(c.name(), "ls" | "find") && c.args().any(|w| w.value.trim_end_matches('/').ends_with("backups"))
    });
    for command in ctx
        .commands
        .iter()
        .filter(|c| matches!(c.name(), "docker" | "docker-compose" | "kubectl" | "pg_dump" | "mysqldump"))
    {
        let dumps = command.line().contains("dump");
        let target = command.redirects.iter().find(|r| r.op == ">");
        if let Some(target) = target.filter(|r| {
            dumps && folder && !r.target.contains('/') && !r.target.starts_with('$') && !r.target.starts_with("\"$")
        }) {
            found.here(ctx.in_source(command.block, &target.span));
        }
    }
}

fn nobody_writes(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let log = pattern(r"^[\w-]+\.(txt|log|out)$");
    let mut hits = Vec::new();
    for command in ctx
        .commands
        .iter()
        .filter(|c| c.here() && matches!(c.name(), "grep" | "egrep" | "tail" | "head" | "cat" | "less" | "awk"))
    {
        let entered = super::before(ctx, command).any(|c| c.name() == "cd");
        let Some(word) = command.args().find(|w| log.is_match(&w.value)).filter(|_| !entered) else {
            continue;
        };
        let made = ctx
            .commands
            .iter()
            .any(|c| c.redirects.iter().any(|r| r.target == word.value) || (c.name() == "tee" && c.has(&word.value)));
        if !made {
            hits.push(ctx.in_source(command.block, &word.span));
        }
    }
    if let Some(first) = hits.first() {
        let n = hits.len();
        found.detail(first.clone(), &Text::new(format!("{n} in this file"), format!("{n} en este archivo")));
    }
}

/// One finding for the first of several like it, with their number.
fn once(ctx: &Ctx<'_>, found: &mut Found<'_, '_>, expression: &'static str) {
    let hits: Vec<_> = pattern(expression).find_iter(&ctx.book.source).map(|m| m.range()).collect();
    if let Some(first) = hits.first() {
        let n = hits.len();
        found.detail(first.clone(), &Text::new(format!("{n} in this file"), format!("{n} en este archivo")));
    }
}

fn windows(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    once(ctx, found, r"/mnt/[c-z]/[\w./-]+|\b[C-Z]:\\[\w\\.-]+");
}

fn localhost(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let url = pattern(r"https?://(localhost|127\.0\.0\.1)(:\d+)?");
    for (index, heading) in ctx.headings.iter().enumerate() {
        if !mentions(
            &heading.plain,
            &["url", "monitor", "endpoint", "production", "produccion", "acceso", "access", "dashboard"],
        ) {
            continue;
        }
        let end = ctx.headings.get(index + 1).map_or(heading.end_line, |next| next.line - 1);
        let hits: Vec<_> = ctx
            .lines
            .iter()
            .filter(|l| l.number > heading.line && l.number <= end && l.block.is_none())
            .filter_map(|l| {
                url.find(&ctx.book.source[l.span.clone()]).map(|m| l.span.start + m.start()..l.span.start + m.end())
            })
            .collect();
        if let Some(first) = hits.first() {
            let n = hits.len();
            found.detail(first.clone(), &Text::new(format!("{n} in this section"), format!("{n} en esta sección")));
        }
    }
}

fn setting(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let blank = pattern(r#"(?m)^[A-Z][A-Z0-9_]*=[^"'\s#][^"'\n#]*[ \t][^"'\n#]*<[^\n]*$"#);
    for (index, view) in
        ctx.blocks.iter().enumerate().filter(|(_, v)| v.block.class == sereno_model::BlockClass::Config)
    {
        for hit in blank.find_iter(&view.block.text) {
            found.here(ctx.in_source(index, &hit.range()));
        }
    }
}
