//! Docker Compose.

use super::super::view::Cmd;
use super::{Act, Ctx, Example, Found, Lint, Severity, Text, act, after, before, mentions, pattern, plain, w};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "restart-keeps-settings",
        severity: Severity::Error,
        title: w("restart does not read new settings", "restart no lee los ajustes nuevos"),
        why: w(
            "`restart` starts the same container again, with the environment and limits that it was created with: what was just changed in the env or compose file does not take effect",
            "`restart` arranca el mismo contenedor, con el entorno y los límites con que fue creado: lo que se acaba de cambiar en el archivo de entorno o de compose no tiene efecto",
        ),
        fix: w(
            "Recreate it: `docker-compose up -d --no-deps --force-recreate SERVICE`.",
            "Recréelo: `docker-compose up -d --no-deps --force-recreate SERVICIO`.",
        ),
        bad: Example::Shell("# Raise the limit in .env.production\ndocker-compose restart api"),
        good: Example::Shell(
            "# Raise the limit in .env.production\ndocker-compose up -d --no-deps --force-recreate api",
        ),
        check: keeps_settings,
    },
    Lint {
        code: "restart-keeps-image",
        severity: Severity::Error,
        title: w("restart does not use the new image", "restart no usa la imagen nueva"),
        why: w(
            "`restart` keeps the container and therefore the old image: the version that was just fetched or built does not run",
            "`restart` conserva el contenedor y por lo tanto la imagen vieja: la versión recién traída o construida no corre",
        ),
        fix: w(
            "`docker-compose up -d --no-deps --build SERVICE`.",
            "`docker-compose up -d --no-deps --build SERVICIO`.",
        ),
        bad: Example::Shell("git pull --ff-only && docker-compose restart api"),
        good: Example::Shell("git pull --ff-only && docker-compose up -d --no-deps --build api"),
        check: keeps_image,
    },
    Lint {
        code: "up-without-build",
        severity: Severity::Error,
        title: w("`up` after a change of code does not build", "`up` tras un cambio de código no construye"),
        why: w(
            "the code on disk changed, but `up -d` uses the image that exists already: the same version as before starts again",
            "cambió el código en disco, pero `up -d` usa la imagen que ya existe: arranca la misma versión que antes",
        ),
        fix: w(
            "Add `--build`, or better pin the image of the wanted version by tag and `pull` it.",
            "Agregue `--build`, o mejor fije la imagen de la versión deseada por etiqueta y haga `pull`.",
        ),
        bad: Example::Shell("git checkout main\ndocker-compose up -d"),
        good: Example::Shell("git checkout main\ndocker-compose up -d --build"),
        check: up_without_build,
    },
    Lint {
        code: "pull-without-up",
        severity: Severity::Warning,
        title: w("New images are fetched and never started", "Se traen imágenes nuevas y nunca se arrancan"),
        why: w(
            "`pull` only downloads: the running containers keep the old images, so the update is not applied until somebody recreates them, perhaps by accident at night",
            "`pull` solo descarga: los contenedores en marcha siguen con las imágenes viejas, así que la actualización no se aplica hasta que alguien los recree, quizá sin querer y de noche",
        ),
        fix: w(
            "Pin the versions, then `docker-compose pull SERVICE && docker-compose up -d --no-deps SERVICE`, and verify.",
            "Fije las versiones y luego `docker-compose pull SERVICIO && docker-compose up -d --no-deps SERVICIO`, y verifique.",
        ),
        bad: Example::Shell("docker-compose pull"),
        good: Example::Shell("docker-compose pull\ndocker-compose up -d"),
        check: pull_only,
    },
    Lint {
        code: "scale-conflicts",
        severity: Severity::Warning,
        title: w("Scaling with compose", "Escalar con compose"),
        why: w(
            "a second container cannot take the same published port, a proxy that resolved the name at its start does not see the new one, and the next `up -d` without `--scale` goes back to one",
            "un segundo contenedor no puede tomar el mismo puerto publicado, un proxy que resolvió el nombre al arrancar no ve el nuevo, y el próximo `up -d` sin `--scale` vuelve a uno",
        ),
        fix: w(
            "Publish no fixed host port, remove `container_name`, write `deploy.replicas` in the file, reload the proxy after scaling, and use `--no-recreate`.",
            "No publique un puerto fijo del host, quite `container_name`, escriba `deploy.replicas` en el archivo, recargue el proxy tras escalar y use `--no-recreate`.",
        ),
        bad: Example::Shell("docker-compose up -d --scale api=3"),
        good: Example::Shell("docker-compose up -d api"),
        check: scale,
    },
    Lint {
        code: "limits-ignored",
        severity: Severity::Warning,
        title: w(
            "`deploy:` limits that docker-compose v1 ignores",
            "Límites en `deploy:` que docker-compose v1 ignora",
        ),
        why: w(
            "this runbook calls `docker-compose`: version 1 ignores `deploy.resources` unless run with `--compatibility`, so the limits do not change",
            "este runbook llama a `docker-compose`: la versión 1 ignora `deploy.resources` salvo con `--compatibility`, así que los límites no cambian",
        ),
        fix: w(
            "Use Compose v2 (`docker compose`), and check with `docker inspect --format '{{.HostConfig.Memory}}' CONTAINER`.",
            "Use Compose v2 (`docker compose`), y compruebe con `docker inspect --format '{{.HostConfig.Memory}}' CONTENEDOR`.",
        ),
        bad: Example::Page(
            "```yaml\napi:\n  deploy:\n    resources:\n      limits:\n        memory: 2G\n```\n\n```bash\ndocker-compose up -d api\n```",
        ),
        good: Example::Page(
            "```yaml\napi:\n  deploy:\n    resources:\n      limits:\n        memory: 2G\n```\n\n```bash\ndocker compose up -d api\n```",
        ),
        check: limits,
    },
    Lint {
        code: "compose-v1",
        severity: Severity::Note,
        title: w("docker-compose version 1", "docker-compose versión 1"),
        why: w(
            "`docker-compose` is the command of Compose v1, which ended in 2023: a new server has only `docker compose`",
            "`docker-compose` es el comando de Compose v1, terminado en 2023: un servidor nuevo solo tiene `docker compose`",
        ),
        fix: w("Write `docker compose`.", "Escriba `docker compose`."),
        bad: Example::Shell("docker-compose ps"),
        good: Example::Shell("docker compose ps"),
        check: version_one,
    },
    Lint {
        code: "restarts-everything",
        severity: Severity::Warning,
        title: w("Everything is restarted at once", "Se reinicia todo a la vez"),
        why: w(
            "without a service name this restarts the database, the cache and the proxy too: a partial failure becomes a complete outage, and the evidence in memory is gone",
            "sin nombre de servicio esto reinicia también la base, la caché y el proxy: un fallo parcial se vuelve una caída total, y se pierde la evidencia en memoria",
        ),
        fix: w(
            "Name the service that is broken: `docker-compose restart SERVICE`.",
            "Nombre el servicio roto: `docker-compose restart SERVICIO`.",
        ),
        bad: Example::Shell("docker-compose restart"),
        good: Example::Shell("docker-compose restart api"),
        check: everything,
    },
];

/// What a unit says before this command, comments, prose and foreign lines included.
fn text_before(ctx: &Ctx<'_>, command: &Cmd) -> String {
    let place = ctx.place(command).start;
    let start = ctx.unit_heading(command.block).map_or(0, |h| h.span.start);
    plain(ctx.book.source.get(start..place).unwrap_or(""))
}

fn is_restart(command: &Cmd) -> bool {
    command.compose("restart") || (command.name() == "docker" && command.sub().name() == "restart")
}

fn keeps_settings(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let changes = pattern(
        r"(vim?|nano|sed -i|editar|edit|aumentar|increase|cambiar|change|actualizar|update|raise|agregar|set|ajustar)\b[^\n]*(\.env|docker-compose[\w.-]*\.ya?ml|variable|limits|limites)|(vim?|nano) \S*\.env",
    );
    for command in ctx.commands.iter().filter(|c| is_restart(c)) {
        if changes.is_match(&text_before(ctx, command)) {
            found.hit(command);
        }
    }
}

fn keeps_image(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| is_restart(c)) {
        let renewed = before(ctx, command)
            .any(|c| act(c) == Act::Build || (act(c) == Act::Fetch && (c.name() == "git" || c.is_compose())));
        if renewed {
            found.hit(command);
        }
    }
}

fn up_without_build(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.compose("up") && !c.has_any(&["--build", "--pull"])) {
        let code = before(ctx, command)
            .any(|c| c.name() == "git" && matches!(c.sub().name(), "checkout" | "pull" | "revert" | "reset"));
        let built = before(ctx, command).any(|c| {
            c.compose("build")
                || c.compose("pull")
                || (c.name() == "docker" && matches!(c.sub().name(), "build" | "pull"))
        });
        if code && !built {
            found.hit(command);
        }
    }
}

fn pull_only(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.compose("pull")) {
        let applied = after(ctx, command).any(|c| c.compose("up") || act(c) == Act::Rollout);
        if !applied {
            found.hit(command);
        }
    }
}

fn scale(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.compose("up")) {
        let Some(service) =
            command.value_of(&["--scale"]).and_then(|w| w.value.split_once('=')).map(|(name, _)| name.to_owned())
        else {
            continue;
        };
        let worker = mentions(&service, &["worker", "celery", "queue", "consumer", "sidekiq"]);
        let named = super::made(&format!(r"\bdocker (exec|inspect|logs)( -\S+)* \S*\b{}\b", regex::escape(&service)))
            .is_match(&ctx.book.source);
        if named {
            found.detail(ctx.place(command), &Text::new(
                format!("this runbook calls the container of `{service}` by a fixed name: with `container_name` set, a second one is refused"),
                format!("este runbook llama al contenedor de `{service}` por un nombre fijo: con `container_name` definido, se rechaza un segundo"),
            ));
        } else if worker {
            found.with(
                Severity::Note,
                ctx.place(command),
                Text::new(
                    "the number is not kept: the next `up -d` without `--scale` goes back to one worker",
                    "el número no se conserva: el próximo `up -d` sin `--scale` vuelve a un worker",
                ),
                Text::new(
                    "Write `deploy.replicas` in the compose file.",
                    "Escriba `deploy.replicas` en el archivo de compose.",
                ),
            );
        } else {
            found.hit(command);
        }
    }
}

fn limits(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    if !ctx.commands.iter().any(|c| c.name() == "docker-compose" && !c.has("--compatibility")) {
        return;
    }
    let mut last = None;
    for (index, line) in ctx.lines.iter().enumerate() {
        let near = || ctx.lines.iter().skip(index + 1).take(2).any(|l| l.plain.trim() == "resources:");
        if line.block.is_some() && line.block != last && line.plain.trim() == "deploy:" && near() {
            last = line.block;
            let text = ctx.book.source.get(line.span.clone()).unwrap_or("");
            let indent = text.len() - text.trim_start().len();
            found.here(line.span.start + indent..line.span.start + text.trim_end().len());
        }
    }
}

fn version_one(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let all: Vec<&Cmd> = ctx.commands.iter().filter(|c| c.name() == "docker-compose" && !c.is_inner).collect();
    if let Some(first) = all.first() {
        let n = all.len();
        let span = ctx.in_source(first.block, &first.words[0].span);
        found.detail(span, &Text::new(format!("{n} in this file"), format!("{n} en este archivo")));
    }
}

fn everything(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.compose("restart") && c.sub().operands().next().is_none()) {
        found.hit(command);
    }
}
