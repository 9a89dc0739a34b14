//! Certificates and the proxy.

use super::{Act, Cmd, Ctx, Example, Found, Lint, Severity, act, before, mentions, pattern, plain, w};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "certbot-outside-the-container",
        severity: Severity::Warning,
        title: w("certbot configures an nginx that is not here", "certbot configura un nginx que no está aquí"),
        why: w(
            "`certbot --nginx` edits and reloads the nginx of this host, but this runbook's proxy runs in a container or cluster: the renewal fails on the busy port, or renews a certificate that the proxy never reads",
            "`certbot --nginx` edita y recarga el nginx de este host, pero el proxy de este runbook corre en un contenedor o clúster: la renovación falla por el puerto ocupado, o renueva un certificado que el proxy nunca lee",
        ),
        fix: w(
            "Use the webroot or DNS challenge with a deploy hook that reloads the container: `certbot renew --webroot -w … --deploy-hook 'docker-compose exec -T nginx nginx -s reload'`.",
            "Use el desafío webroot o DNS con un deploy hook que recargue el contenedor: `certbot renew --webroot -w … --deploy-hook 'docker-compose exec -T nginx nginx -s reload'`.",
        ),
        bad: Example::Shell(
            "certbot renew --nginx\ndocker-compose exec -T nginx nginx -t\ndocker-compose restart nginx",
        ),
        good: Example::Shell(
            "certbot renew --webroot -w /var/www/acme\ndocker-compose exec -T nginx nginx -t\ndocker-compose restart nginx",
        ),
        check: certbot,
    },
    Lint {
        code: "certificate-copied-by-hand",
        severity: Severity::Warning,
        title: w("Certificates are copied by hand", "Los certificados se copian a mano"),
        why: w(
            "a copy made by hand is stale after the next renewal, which happens by itself: the proxy goes on with the old one until it expires; and the private key now lies in the project's folder",
            "una copia hecha a mano queda vieja tras la próxima renovación, que ocurre sola: el proxy sigue con la anterior hasta que vence; y la clave privada queda en la carpeta del proyecto",
        ),
        fix: w(
            "Mount /etc/letsencrypt into the container, or copy and reload in a `--deploy-hook`, with mode 600 and the folder in .gitignore.",
            "Monte /etc/letsencrypt en el contenedor, o copie y recargue en un `--deploy-hook`, con modo 600 y la carpeta en .gitignore.",
        ),
        bad: Example::Shell("cp /etc/letsencrypt/live/acme.io/privkey.pem docker/nginx/ssl/"),
        good: Example::Shell("certbot renew --deploy-hook /usr/local/bin/install-certificate"),
        check: copied,
    },
    Lint {
        code: "tls-secret-deleted",
        severity: Severity::Error,
        title: w("The certificate in use is deleted to renew it", "Se borra el certificado en uso para renovarlo"),
        why: w(
            "until a new certificate has been issued, the ingress serves none or its own self-signed one: an outage for every client, and a long one if issuing fails or is rate-limited",
            "hasta que se emita uno nuevo, el ingress no sirve ninguno o sirve uno autofirmado: una caída para todos, y larga si la emisión falla o está limitada",
        ),
        fix: w(
            "Renew beside it: `cmctl renew NAME -n NAMESPACE`, and look at `kubectl describe certificate NAME`.",
            "Renuévelo en paralelo: `cmctl renew NOMBRE -n NAMESPACE`, y mire `kubectl describe certificate NOMBRE`.",
        ),
        bad: Example::Shell("kubectl delete secret shop-tls -n shop"),
        good: Example::Shell("cmctl renew shop-tls -n shop"),
        check: tls_deleted,
    },
    Lint {
        code: "proxy-restarted-untested",
        severity: Severity::Warning,
        title: w(
            "The proxy is restarted without testing its configuration",
            "Se reinicia el proxy sin probar su configuración",
        ),
        why: w(
            "a restart with a mistake in the configuration leaves no proxy at all; and even a good one cuts every open connection, which a reload does not",
            "un reinicio con un error en la configuración deja sin proxy; y aun uno bueno corta todas las conexiones abiertas, cosa que una recarga no hace",
        ),
        fix: w(
            "`docker-compose exec -T nginx nginx -t && docker-compose exec -T nginx nginx -s reload`.",
            "`docker-compose exec -T nginx nginx -t && docker-compose exec -T nginx nginx -s reload`.",
        ),
        bad: Example::Page(
            "### Block an address\n\nAdd it to nginx.conf.\n\n```bash\ndocker-compose restart nginx\n```",
        ),
        good: Example::Page(
            "### Block an address\n\nAdd it to nginx.conf.\n\n```bash\ndocker-compose exec -T nginx nginx -t\ndocker-compose exec -T nginx nginx -s reload\n```",
        ),
        check: untested,
    },
];

fn certbot(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let elsewhere = ctx.commands.iter().any(|c| {
        (c.is_compose() || c.name() == "docker") && c.line().contains("nginx")
            || c.kubectl("get")
            || c.kubectl("rollout")
    });
    for command in ctx
        .commands
        .iter()
        .filter(|c| c.name() == "certbot" && c.here() && c.has_any(&["renew", "certonly", "--nginx"]))
    {
        let fits = command.args().any(|w| {
            w.value.starts_with("--webroot")
                || w.value.starts_with("--dns")
                || w.value.starts_with("--manual")
                || w.value.contains("hook")
        });
        if fits {
            continue;
        }
        if elsewhere {
            found.hit(command);
        }
    }
}

fn copied(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let mut last = usize::MAX;
    for command in ctx.commands.iter().filter(|c| matches!(c.name(), "cp" | "scp" | "install")) {
        if mentions(&command.line(), &["/letsencrypt/live/", "privkey.pem"]) && last != command.block {
            last = command.block;
            found.hit(command);
        }
    }
}

fn tls_deleted(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let tls = pattern(r"(tls|cert|ssl)");
    for command in
        ctx.commands.iter().filter(|c| c.kubectl("delete") && matches!(c.sub().operand(), "secret" | "secrets"))
    {
        if command.sub().operands().skip(1).any(|w| tls.is_match(&w.value)) {
            found.hit(command);
        }
    }
}

fn untested(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let proxy = |c: &Cmd| c.args().any(|w| mentions(&w.value, &["nginx", "haproxy"]) && !w.value.contains('.'));
    for command in ctx.commands.iter().filter(|c| act(c) == Act::Restart && proxy(c) && !c.has("reload")) {
        let tested = before(ctx, command).any(|c| matches!(c.name(), "nginx" | "haproxy") && c.has_any(&["-t", "-c"]));
        let place = ctx.place(command).start;
        let start = ctx.unit_heading(command.block).map_or(0, |h| h.span.start);
        let said = plain(ctx.book.source.get(start..place).unwrap_or(""));
        let changed = mentions(&said, &["conf", "cert", "ssl", "deny", "bloquear", "block"]);
        if changed && !tested {
            found.hit(command);
        } else if !tested {
            found.note(ctx.place(command));
        }
    }
}
