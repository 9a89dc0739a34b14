//! What is done to a host: code from elsewhere, permissions, firewalls, processes, infrastructure.

use super::{Cmd, Ctx, Example, Found, Lint, Severity, mentions, pattern, w};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "script-from-the-network",
        severity: Severity::Error,
        title: w("A script from the network run unread", "Un script de la red corrido sin leer"),
        why: w(
            "whatever that address serves at that moment runs here: changed, broken off half-way or replaced by somebody, and nobody sees it first",
            "corre aquí lo que esa dirección sirva en ese momento: cambiado, cortado a mitad o reemplazado por alguien, y nadie lo ve antes",
        ),
        fix: w(
            "Download it, compare its checksum with one written in the runbook, read it, then run the file; better, install a pinned package.",
            "Descárguelo, compare su suma con una escrita en el runbook, léalo y luego corra el archivo; mejor, instale un paquete con versión fija.",
        ),
        bad: Example::Shell("curl -fsSL https://get.acme.io/agent.sh | sudo bash"),
        good: Example::Shell(
            "curl -fsSLo agent.sh https://get.acme.io/agent.sh\nsha256sum -c agent.sh.sha256\nsudo bash agent.sh",
        ),
        check: from_network,
    },
    Lint {
        code: "everybody-may-write",
        severity: Severity::Warning,
        title: w("Everybody may write", "Todos pueden escribir"),
        why: w(
            "with mode 777 every account and every compromised process of the host may change these files; it hides the wrong owner instead of mending it",
            "con modo 777 cualquier cuenta y cualquier proceso comprometido del servidor puede cambiar estos archivos; oculta el dueño equivocado en vez de corregirlo",
        ),
        fix: w(
            "Give them to the account that writes them: `chown -R app:app DIR && chmod -R u=rwX,g=rX,o= DIR`.",
            "Déselos a la cuenta que los escribe: `chown -R app:app DIR && chmod -R u=rwX,g=rX,o= DIR`.",
        ),
        bad: Example::Shell("chmod -R 777 /srv/app/uploads"),
        good: Example::Shell("chown -R app:app /srv/app/uploads\nchmod -R u=rwX,g=rX,o= /srv/app/uploads"),
        check: world_writable,
    },
    Lint {
        code: "firewall-opened",
        severity: Severity::Warning,
        title: w("The firewall is taken away", "Se quita el cortafuegos"),
        why: w(
            "this drops all rules at once: with a default of DROP it locks out whoever types it, with ACCEPT it opens every port, the database's too; and nothing brings the rules back",
            "esto quita todas las reglas de golpe: con DROP por omisión deja afuera a quien lo escribe, con ACCEPT abre todos los puertos, también el de la base; y nada repone las reglas",
        ),
        fix: w(
            "Save them first (`iptables-save > FILE`), change the one rule that is meant, and say how to go back.",
            "Guárdelas antes (`iptables-save > ARCHIVO`), cambie solo la regla que corresponde y diga cómo volver.",
        ),
        bad: Example::Shell("iptables -F"),
        good: Example::Shell("iptables-save > rules.before\niptables -D INPUT -s 203.0.113.7 -j DROP"),
        check: firewall,
    },
    Lint {
        code: "killed-at-once",
        severity: Severity::Warning,
        title: w("A process is killed without being asked to end", "Se mata un proceso sin pedirle que termine"),
        why: w(
            "signal 9 leaves no time to finish requests, write what is in memory or release locks; a database then has to recover, a queue has half-done jobs",
            "la señal 9 no deja terminar peticiones, escribir lo que está en memoria ni soltar bloqueos; una base tiene que recuperarse después, y una cola queda con trabajos a medias",
        ),
        fix: w(
            "Ask first (`systemctl restart NAME`, `kill PID`), wait, and force only what is left.",
            "Pídalo primero (`systemctl restart NOMBRE`, `kill PID`), espere, y fuerce solo lo que quede.",
        ),
        bad: Example::Shell("kill -9 $(pgrep -f worker)"),
        good: Example::Shell("kill $(pgrep -f worker)\nsleep 20\nkill -9 $(pgrep -f worker)"),
        check: killed,
    },
    Lint {
        code: "applied-unseen",
        severity: Severity::Warning,
        title: w("Infrastructure changed without seeing the plan", "Infraestructura cambiada sin ver el plan"),
        why: w(
            "the plan is made and applied in one go: what it would destroy or replace is read afterwards",
            "el plan se hace y se aplica de una vez: lo que destruya o reemplace se lee después",
        ),
        fix: w(
            "`terraform plan -out=change.plan`, read it, then `terraform apply change.plan`.",
            "`terraform plan -out=cambio.plan`, léalo, y luego `terraform apply cambio.plan`.",
        ),
        bad: Example::Shell("terraform apply -auto-approve"),
        good: Example::Shell("terraform plan -out=change.plan\nterraform apply change.plan"),
        check: unseen,
    },
    Lint {
        code: "peer-not-verified",
        severity: Severity::Warning,
        title: w("Nobody checks who answers", "Nadie comprueba quién responde"),
        why: w(
            "the identity of the other side is not checked: whoever stands between gets the credentials and the commands, and an expired certificate, which may be the very trouble, goes unseen",
            "no se comprueba la identidad del otro lado: quien esté en el medio recibe las credenciales y los comandos, y un certificado vencido, que puede ser justo el problema, pasa sin verse",
        ),
        fix: w(
            "Keep the host keys (`ssh-keyscan` once, checked by another way) and the authority (`--cacert`), and let it fail otherwise.",
            "Guarde las claves del servidor (`ssh-keyscan` una vez, comprobado por otra vía) y la autoridad (`--cacert`), y que falle en otro caso.",
        ),
        bad: Example::Shell("curl -k https://10.0.0.5/health"),
        good: Example::Shell("curl --cacert ca.pem -fsS -m 5 https://10.0.0.5/health"),
        check: unverified,
    },
    Lint {
        code: "edited-in-place",
        severity: Severity::Note,
        title: w("A setting replaced in place", "Un ajuste reemplazado en el lugar"),
        why: w(
            "`sed -i` keeps no copy of what was there and says nothing when its pattern matched no line, or more than was meant",
            "`sed -i` no guarda copia de lo que había y no dice nada si su patrón no coincidió, o coincidió con más de lo debido",
        ),
        fix: w(
            "Keep a copy and look at the difference: `sed -i.bak … FILE && diff FILE.bak FILE`.",
            "Guarde una copia y mire la diferencia: `sed -i.bak … ARCHIVO && diff ARCHIVO.bak ARCHIVO`.",
        ),
        bad: Example::Shell("sed -i 's/db1/db2/' /srv/app/.env"),
        good: Example::Shell("sed -i.bak 's/db1/db2/' /srv/app/.env\ndiff /srv/app/.env.bak /srv/app/.env"),
        check: in_place,
    },
    Lint {
        code: "promoted-beside-the-old",
        severity: Severity::Error,
        title: w(
            "A replica promoted while the old primary may live",
            "Una réplica promovida con el primario tal vez vivo",
        ),
        why: w(
            "nothing makes sure that the old primary is stopped: if it still takes writes, or comes back, there are two databases with different data, and one of them is lost",
            "nada asegura que el primario anterior esté detenido: si todavía recibe escrituras, o vuelve, hay dos bases con datos distintos, y una se pierde",
        ),
        fix: w(
            "Stop it and keep it from starting first (`systemctl disable --now postgresql` there, or take its address away), look at the lag, then promote.",
            "Deténgalo e impida antes que arranque (`systemctl disable --now postgresql` allí, o quítele la dirección), mire el retraso, y promueva después.",
        ),
        bad: Example::Shell("ssh db2 'pg_ctl promote -D /var/lib/postgresql/15/main'"),
        good: Example::Shell(
            "ssh db1 'systemctl disable --now postgresql'\nssh db2 'pg_ctl promote -D /var/lib/postgresql/15/main'",
        ),
        check: promoted,
    },
    Lint {
        code: "percent-in-crontab",
        severity: Severity::Error,
        title: w("A percent sign in a crontab", "Un signo de porcentaje en un crontab"),
        why: w(
            "in a crontab an unescaped `%` ends the command and the rest becomes its input: this line runs cut at the first `%`",
            "en un crontab, un `%` sin escapar termina el comando y el resto pasa a ser su entrada: esta línea corre cortada en el primer `%`",
        ),
        fix: w(
            "Escape each one (`date +\\%F`), or put the command into a script.",
            "Escape cada uno (`date +\\%F`), o ponga el comando en un script.",
        ),
        bad: Example::Page(
            "```cron\n0 3 * * * pg_dump -Fc app > /backups/app-$(date +%F).dump 2>> /var/log/dump.log\n```",
        ),
        good: Example::Page(
            "```cron\n0 3 * * * pg_dump -Fc app > /backups/app-$(date +\\%F).dump 2>> /var/log/dump.log\n```",
        ),
        check: percent,
    },
];

fn from_network(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let shell = |name: &str| matches!(name, "bash" | "sh" | "zsh" | "python" | "python3" | "node" | "perl");
    for command in ctx.commands.iter().filter(|c| matches!(c.name(), "curl" | "wget")) {
        let piped = ctx.commands_of(command.block).iter().any(|c| {
            let bare = c.args().all(|w| w.value.starts_with('-') || w.value == "-" || w.value.starts_with("-s"));
            c.pipeline == command.pipeline
                && c.span.start > command.span.start
                && shell(c.name())
                && (bare || c.has("-s"))
        });
        let text = ctx.blocks[command.block].text();
        let around = text.get(..command.span.start).unwrap_or_default().trim_end();
        let substituted = command.in_substitution
            && (around.ends_with("-c \"$(")
                || around.ends_with("-c $(")
                || around.ends_with("<(")
                || around.ends_with("eval \"$("));
        if piped || substituted {
            found.hit(command);
        }
    }
}

fn world_writable(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.name() == "chmod") {
        let mode = command.args().find(|w| {
            matches!(w.value.as_str(), "777" | "0777" | "666" | "0666" | "a+w" | "a+rwx" | "o+w" | "ugo+rwx")
        });
        if let Some(mode) = mode {
            found.here(ctx.in_source(command.block, &mode.span));
        }
    }
}

fn firewall(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in &ctx.commands {
        let flushes = match command.name() {
            "iptables" | "ip6tables" => command.has_any(&["-F", "--flush"]) && command.words.len() <= 4,
            "nft" => command.arg(0) == "flush" && command.arg(1) == "ruleset",
            "ufw" => matches!(command.arg(0), "disable" | "reset") || command.has("reset"),
            "systemctl" => {
                matches!(command.arg(0), "stop" | "disable")
                    && command.args().any(|w| mentions(&w.value, &["firewalld", "ufw", "nftables", "iptables"]))
            }
            "setenforce" => command.arg(0) == "0",
            _ => false,
        };
        let saved =
            super::before(ctx, command).any(|c| c.name() == "iptables-save" || c.line().contains("list ruleset"));
        if flushes && !saved {
            found.hit(command);
        }
    }
}

fn kills_hard(command: &Cmd) -> bool {
    matches!(command.name(), "kill" | "pkill" | "killall")
        && command.has_any(&["-9", "-KILL", "-SIGKILL", "--signal=KILL", "--signal=9"])
}

fn killed(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| kills_hard(c)) {
        let asked = super::before(ctx, command).any(|c| {
            matches!(c.name(), "kill" | "pkill" | "killall") && !kills_hard(c)
                || c.name() == "systemctl" && matches!(c.arg(0), "stop" | "restart")
        });
        if !asked {
            found.hit(command);
        }
    }
}

fn unseen(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| matches!(c.name(), "terraform" | "tofu" | "pulumi" | "terragrunt")) {
        let applies = matches!(command.arg(0), "apply" | "up" | "run-all");
        let alone = command.has_any(&["-auto-approve", "--auto-approve", "--yes", "-y", "--skip-preview"]);
        let planned = command.args().skip(1).any(|w| !w.value.starts_with('-') && w.value.contains("plan"));
        if applies && alone && !planned {
            found.hit(command);
        }
    }
}

fn unverified(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in &ctx.commands {
        let word = command.args().find(|w| match command.name() {
            "curl" => {
                w.value == "--insecure"
                    || (w.value.starts_with('-')
                        && !w.value.starts_with("--")
                        && w.value.len() <= 5
                        && w.value.contains('k'))
            }
            "wget" => w.value == "--no-check-certificate",
            "ssh" | "scp" | "rsync" | "sftp" => w.value.contains("StrictHostKeyChecking=no"),
            "git" => w.value.contains("http.sslVerify=false"),
            "kubectl" | "helm" => w.value.starts_with("--insecure-skip-tls-verify"),
            _ => false,
        });
        if let Some(word) = word {
            found.here(ctx.in_source(command.block, &word.span));
        }
    }
}

fn in_place(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.name() == "sed" && c.has_any(&["-i", "-ie", "-Ei", "-iE"])) {
        let kept = super::before(ctx, command).any(|c| matches!(c.name(), "cp" | "git" | "tar"))
            || super::after(ctx, command).any(|c| c.name() == "git" || c.name() == "diff");
        if !kept {
            found.hit(command);
        }
    }
}

fn promoted(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let promotes = pattern(
        r"\bpg_ctl(cluster)?\b.* promote|\bpg_promote\b|repmgr standby promote|stop (slave|replica)|replicaof no one",
    );
    let fences = pattern(
        r"(systemctl|service|pg_ctl|docker\S*|pg_ctlcluster)\b.*\b(stop|disable)|fenc|iptables|poweroff|shutdown|scale .*=0|read.only|stop-db|detach",
    );
    let mut last = usize::MAX;
    for command in ctx.commands.iter().filter(|c| promotes.is_match(&c.line().to_lowercase())) {
        let fenced = super::before(ctx, command).any(|c| fences.is_match(&c.line().to_lowercase()));
        let said = ctx.unit_heading(command.block).is_some_and(|heading| {
            mentions(
                &ctx.prose_of(heading),
                &[
                    "fence",
                    "fencing",
                    "old primary is stopped",
                    "primario detenido",
                    "apagar el primario",
                    "detener el primario",
                    "stop the old primary",
                    "shut down the old",
                ],
            )
        });
        if !fenced && !said && command.block != last {
            last = command.block;
            found.hit(command);
        }
    }
}

fn percent(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for (block, span, line) in super::places::cron_lines(ctx, false) {
        let bytes = line.as_bytes();
        let bare = line
            .match_indices('%')
            .find(|(at, _)| at.checked_sub(1).and_then(|before| bytes.get(before)) != Some(&b'\\'));
        if let Some((at, _)) = bare {
            found.here(ctx.in_source(block, &(span.start + at..span.start + at + 1)));
        }
    }
}
