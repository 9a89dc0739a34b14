//! Secrets.

use super::super::view::Word;
use super::{Cmd, Ctx, Example, Found, Join, Lint, Severity, mentions, pattern, plain, w};
use std::collections::HashSet;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "secret-shown",
        severity: Severity::Warning,
        title: w("A secret is shown on the screen", "Se muestra un secreto en pantalla"),
        why: w(
            "this prints secrets in clear (base64 is not encryption): they stay in the scrollback, in the screen that is shared during an incident, and in recorded logs",
            "esto imprime secretos en claro (base64 no es cifrado): quedan en el historial de la terminal, en la pantalla compartida durante el incidente y en los registros",
        ),
        fix: w(
            "Show that it is there, not what it is: names only (`| cut -d= -f1`, `-o json | jq '.data | keys'`), or compare a hash (`… | sha256sum`).",
            "Muestre que está, no qué es: solo nombres (`| cut -d= -f1`, `-o json | jq '.data | keys'`), o compare un hash (`… | sha256sum`).",
        ),
        bad: Example::Shell("env | grep -E 'DATABASE|JWT'"),
        good: Example::Shell("env | grep -E 'DATABASE|JWT' | cut -d= -f1"),
        check: shown,
    },
    Lint {
        code: "secret-on-command-line",
        severity: Severity::Warning,
        title: w("A secret on the command line", "Un secreto en la línea de comandos"),
        why: w(
            "what is typed on the command line stays in the shell's history, and other users see it in the list of processes while it runs",
            "lo que se escribe en la línea de comandos queda en el historial de la shell, y otros usuarios lo ven en la lista de procesos mientras corre",
        ),
        fix: w(
            "Read it without echo (`read -rs PASSWORD`), from a file of mode 600 (`--from-file`, `~/.pgpass`), or from the secret store.",
            "Léalo sin eco (`read -rs PASSWORD`), de un archivo con modo 600 (`--from-file`, `~/.pgpass`), o del gestor de secretos.",
        ),
        bad: Example::Shell("export PGPASSWORD=hunter2"),
        good: Example::Shell("read -rs PGPASSWORD"),
        check: on_command_line,
    },
    Lint {
        code: "secret-in-clear",
        severity: Severity::Error,
        title: w("A secret written in the runbook", "Un secreto escrito en el runbook"),
        why: w(
            "this looks like a real secret, readable by everybody who can read the runbook, and it stays in its history",
            "esto parece un secreto real, legible por todo el que pueda leer el runbook, y queda en su historial",
        ),
        fix: w(
            "Revoke it first, then replace it here by the name of the place where it is kept.",
            "Primero revóquelo, y luego reemplácelo aquí por el nombre del lugar donde se guarda.",
        ),
        bad: Example::Page("Key: `AKIAZ7Q3M5T2R8W4Y6B1`"),
        good: Example::Page("Key: in the vault, `prod/aws`."),
        check: in_clear,
    },
    Lint {
        code: "default-credentials",
        severity: Severity::Warning,
        title: w("Default credentials", "Credenciales por defecto"),
        why: w(
            "if this login works in production, anybody can guess it; if it does not, the check fails on a healthy system",
            "si este acceso funciona en producción, cualquiera lo adivina; si no funciona, la comprobación falla en un sistema sano",
        ),
        fix: w(
            "Use an account made for the check, its password from the secret store, and remove this one.",
            "Use una cuenta hecha para la comprobación, con la contraseña del gestor de secretos, y elimine esta.",
        ),
        bad: Example::Shell(
            "curl -f -X POST https://api.acme.io/login -d '{\"email\":\"test@test.com\",\"password\":\"test\"}'",
        ),
        good: Example::Shell("curl -f -X POST https://api.acme.io/login -d @probe.json"),
        check: defaults,
    },
    Lint {
        code: "secrets-archived-in-clear",
        severity: Severity::Warning,
        title: w("Secrets are archived in clear", "Se archivan secretos en claro"),
        why: w(
            "the archive holds the environment file with all its passwords, unencrypted, wherever the backup goes",
            "el archivo lleva el fichero de entorno con todas sus contraseñas, sin cifrar, adonde vaya el respaldo",
        ),
        fix: w(
            "Leave it out and back it up encrypted: `tar -cz … | gpg --encrypt --recipient ops@… > backup.tgz.gpg`.",
            "Déjelo fuera y respáldelo cifrado: `tar -cz … | gpg --encrypt --recipient ops@… > backup.tgz.gpg`.",
        ),
        bad: Example::Shell("tar -czf config.tar.gz .env.production compose.yml"),
        good: Example::Shell("tar -czf config.tar.gz compose.yml"),
        check: archived,
    },
];

const NAMES: [&str; 9] =
    ["secret", "password", "passwd", "token", "jwt", "api_key", "apikey", "credential", "private_key"];

fn shown(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in &ctx.commands {
        let line = plain(&command.line());
        let onward = |names: &[&str]| {
            ctx.commands_of(command.block)
                .iter()
                .any(|c| c.pipeline == command.pipeline && c.join == Join::Pipe && names.contains(&c.name()))
        };
        let hidden = onward(&["cut", "sha256sum", "wc", "md5sum"])
            || onward(&["kubectl", "kubeseal"])
            || !command.redirects.is_empty();
        let kube = command.kubectl("get")
            && mentions(command.sub().operand(), &["secret"])
            && command
                .value_of(&["-o", "--output"])
                .is_some_and(|w| mentions(&w.value, &["yaml", "json"]) || w.value.starts_with("go-template"))
            && !line.contains("keys");
        let keys_only = onward(&["jq"])
            && ctx
                .commands_of(command.block)
                .iter()
                .any(|c| c.pipeline == command.pipeline && c.name() == "jq" && c.line().contains("keys"));
        let environment = matches!(command.name(), "env" | "printenv")
            && (command.words.len() == 1 || command.name() == "printenv")
            && (filter_names_secrets(ctx, command) || (command.words.len() > 1 && mentions(&line, &NAMES)));
        let file = matches!(command.name(), "cat" | "less" | "more")
            && command.args().any(|w| {
                let name = w.value.rsplit('/').next().unwrap_or("");
                name == ".env"
                    || (name.starts_with(".env.") && !name.contains("example"))
                    || name.ends_with("privkey.pem")
            });
        let printed = command.name().starts_with("python")
            && line.contains("print")
            && mentions(&line, &["secret", "token", "password"]);
        let echoed =
            command.name() == "echo" && pattern(r"\$\{?\w*(PASSWORD|SECRET|TOKEN|API_KEY)").is_match(&command.line());
        if (kube || environment || file || printed || echoed) && !hidden && !keys_only {
            found.hit(command);
        }
    }
}

fn filter_names_secrets(ctx: &Ctx<'_>, command: &Cmd) -> bool {
    let piped: Vec<&Cmd> = ctx
        .commands_of(command.block)
        .iter()
        .filter(|c| c.pipeline == command.pipeline && c.join == Join::Pipe && matches!(c.name(), "grep" | "egrep"))
        .collect();
    piped.is_empty() && !command.is_inner && command.words.len() == 1
        || piped.iter().any(|c| {
            let line = plain(&c.line());
            mentions(&line, &NAMES)
                || mentions(&line, &["database", "stripe", "redis_url", "aws", "smtp", "key", "pass"])
        })
}

/// `NAME=value` or `--from-literal=name=value` with a literal value of a secret.
fn literal_secret(word: &Word) -> bool {
    let text = word.value.strip_prefix("--from-literal=").unwrap_or(&word.value);
    let Some((name, value)) = text.split_once('=') else {
        return false;
    };
    let name = plain(name);
    let secret = mentions(&name, &["secret", "password", "passwd", "token", "key", "pgpass"]) || name.ends_with("pass");
    let literal = !value.is_empty()
        && !value.starts_with(['$', '"'])
        && !value.contains("$(")
        && !value.trim_matches('"').starts_with('$');
    let bare = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    secret && literal && bare && !name.starts_with('-')
}

fn on_command_line(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let url = pattern(r"[a-z]+://[^/\s:@]+:[^/\s:@$]+@");
    let mut last = (usize::MAX, usize::MAX);
    let mut told = HashSet::new();
    for command in ctx.commands.iter().filter(|c| !c.is_inner) {
        let option = command.args().find(|w| w.value.starts_with("--from-literal=") && literal_secret(w));
        let exported = command
            .assigns
            .iter()
            .chain(
                command
                    .args()
                    .filter(|_| command.name() == "export" || (command.name() == "vault" && command.has("put"))),
            )
            .find(|w| literal_secret(w) || url.is_match(&w.value));
        let given = command.args().find(|w| url.is_match(&w.value) && command.name() != "export");
        let client = match command.name() {
            "redis-cli" => command.value_of(&["-a", "--pass"]),
            "curl" => command.value_of(&["-u", "--user"]).filter(|w| w.value.contains(':')),
            "mysql" => {
                command.args().find(|w| w.value.starts_with("-p") && w.value.len() > 2 && !w.value.starts_with("--"))
            }
            _ => None,
        };
        let literal = client.filter(|w| !w.value.contains('$'));
        if let Some(word) = option.or(exported).or(given).or(literal) {
            let fresh = told.insert((command.block, word.value.clone()));
            if fresh && last != (command.block, command.list) {
                found.here(ctx.in_source(command.block, &word.span));
            }
            last = (command.block, command.list);
        }
    }
    // Settings pasted among commands are typed all the same.
    for (index, view) in ctx.blocks.iter().enumerate().filter(|(_, v)| v.is_shell()) {
        for statement in view.block.statements.iter().filter(|s| s.foreign.as_deref() == Some("env")) {
            let Some(at) = view.block.text.find(statement.text.as_str()) else {
                continue;
            };
            let word = Word {
                raw: statement.text.clone(),
                value: statement.text.trim().to_owned(),
                span: at..at + statement.text.len(),
            };
            if literal_secret(&word) {
                found.here(ctx.in_source(index, &word.span));
            }
        }
    }
}

fn in_clear(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let shapes = pattern(
        r"\b(AKIA[0-9A-Z]{16}|[rs]k_live_[0-9A-Za-z]{16,}|gh[pousr]_[0-9A-Za-z]{30,}|xox[abprs]-[0-9A-Za-z-]{20,}|whsec_[0-9A-Za-z+/=]{24,}|glpat-[0-9A-Za-z_-]{20}|AIza[0-9A-Za-z_-]{35}|SG\.[0-9A-Za-z_-]{20,}\.[0-9A-Za-z_-]{20,}|eyJ[0-9A-Za-z_-]{20,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,})|-----BEGIN [A-Z ]*PRIVATE KEY-----|https://hooks\.slack\.com/services/T[0-9A-Z]{7,}/B[0-9A-Z]{7,}/[0-9A-Za-z]{20,}",
    );
    for hit in shapes.find_iter(&ctx.book.source) {
        let filler = hit.as_str().to_lowercase();
        if !mentions(&filler, &["xxxx", "example", "your", "1234567890", "aaaaaa"]) {
            found.here(hit.range());
        }
    }
}

fn defaults(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let pair = pattern(
        r#"(?i)"?(password|passwd|pass|contrase.a)"?\s*[:=]\s*"?(test|admin|password|changeme|secret|123456|root|guest|demo)"?[\s,}&'"]|\b(admin:admin|guest:guest|root:root|test:test)\b"#,
    );
    for command in ctx.commands.iter().filter(|c| c.name() == "curl") {
        if let Some(word) = command.args().find(|w| pair.is_match(&format!("{} ", w.value))) {
            found.here(ctx.in_source(command.block, &word.span));
        }
    }
    of_prose(ctx, found);
}

/// `(usuario admin, clave admin)` among addresses.
fn of_prose(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let pair = pattern(
        r"\b(usuario|user(name)?|login):? ?`?(admin|root|guest|test|postgres|elastic)`? ?(,|/|;|y|and)? ?(clave|contrasena|password|pass|pwd):? ?`?(admin|root|guest|test|postgres|elastic|changeme|password|123456?)\b|\b(admin/admin|root/root|guest/guest|admin:admin)\b",
    );
    for line in ctx.lines.iter().filter(|l| l.block.is_none() && pair.is_match(&l.plain)) {
        let text = ctx.book.source.get(line.span.clone()).unwrap_or_default();
        let lead = text.len() - text.trim_start().len();
        found.here(line.span.start + lead..line.span.end);
    }
}

fn archived(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| matches!(c.name(), "tar" | "zip" | "7z")) {
        let creates = command.name() != "tar" || command.arg(0).contains('c') || command.has("--create");
        let encrypted = ctx
            .commands_of(command.block)
            .iter()
            .any(|c| c.pipeline == command.pipeline && matches!(c.name(), "gpg" | "age" | "openssl"));
        let holds = command.args().find(|w| {
            let name = w.value.rsplit('/').next().unwrap_or("");
            name == ".env" || (name.starts_with(".env.") && !name.contains("example"))
        });
        if let Some(word) = holds.filter(|_| creates && !encrypted) {
            found.here(ctx.in_source(command.block, &word.span));
        }
    }
}
