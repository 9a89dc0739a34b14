//! Versions: what is deployed, from where, and how one gets back.

use super::{Act, Cmd, Ctx, Example, Found, Lint, Severity, act, after, mentions, pattern, plain, w};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "revert-opens-editor",
        severity: Severity::Warning,
        title: w("git revert in the middle of a rollback", "git revert en medio de un rollback"),
        why: w(
            "`git revert` opens an editor and waits; it refuses a merge commit without `-m 1`; and it undoes that one commit, not the deploy, which usually holds several",
            "`git revert` abre un editor y espera; rechaza un commit de merge sin `-m 1`; y deshace ese único commit, no el deploy, que suele traer varios",
        ),
        fix: w(
            "Deploy the previous version again by its tag; to record it in git: `git revert --no-edit LAST_GOOD..HEAD` (with `-m 1` for merges), and push.",
            "Vuelva a desplegar la versión anterior por su etiqueta; para registrarlo en git: `git revert --no-edit ULTIMO_BUENO..HEAD` (con `-m 1` en merges), y push.",
        ),
        bad: Example::Shell("git revert HEAD"),
        good: Example::Shell("git revert --no-edit v1.4.1..HEAD"),
        check: revert,
    },
    Lint {
        code: "detached-checkout",
        severity: Severity::Warning,
        title: w("The server is left on a detached HEAD", "El servidor queda en un HEAD suelto"),
        why: w(
            "checking out a tag or commit leaves the working copy off any branch: it fails if files were changed by hand, and the next `git pull` fails or brings nothing",
            "hacer checkout de una etiqueta o commit deja la copia fuera de toda rama: falla si hubo cambios a mano, y el próximo `git pull` falla o no trae nada",
        ),
        fix: w(
            "Deploy images by version instead of a working copy; or note the branch, look at `git status --porcelain` first, and say how to come back.",
            "Despliegue imágenes por versión en lugar de una copia de trabajo; o anote la rama, mire antes `git status --porcelain`, y diga cómo se vuelve.",
        ),
        bad: Example::Shell("git checkout v1.1.0\nmake deploy"),
        good: Example::Shell("git checkout main\nmake deploy"),
        check: checkout,
    },
    Lint {
        code: "pulls-a-branch",
        severity: Severity::Warning,
        title: w("Deploys whatever the branch holds", "Despliega lo que haya en la rama"),
        why: w(
            "what is deployed is whatever the branch holds at that moment, merged with what lies on the server; and the version to go back to is not noted",
            "se despliega lo que la rama tenga en ese momento, mezclado con lo que haya en el servidor; y no se anota la versión a la que volver",
        ),
        fix: w(
            "Note the present one (`git rev-parse HEAD`), then `git fetch --tags && git checkout VERSION`, or at least `git pull --ff-only`.",
            "Anote la actual (`git rev-parse HEAD`) y luego `git fetch --tags && git checkout VERSION`, o al menos `git pull --ff-only`.",
        ),
        bad: Example::Shell("git pull origin main\nmake deploy"),
        good: Example::Shell("git pull --ff-only origin main\nmake deploy"),
        check: pulls,
    },
    Lint {
        code: "unpinned-version",
        severity: Severity::Warning,
        title: w("The version is `latest`", "La versión es `latest`"),
        why: w(
            "`latest` names no version: nobody can tell what runs, two pods may run different ones, and a rollback to it brings the same image back",
            "`latest` no nombra ninguna versión: nadie sabe qué corre, dos pods pueden correr distintas, y un rollback a ella trae la misma imagen",
        ),
        fix: w(
            "Demand a version: `VERSION=\"${1:?usage: deploy VERSION}\"`, and deploy by tag or digest.",
            "Exija una versión: `VERSION=\"${1:?uso: deploy VERSION}\"`, y despliegue por etiqueta o digest.",
        ),
        bad: Example::Shell("VERSION=\"${1:-latest}\""),
        good: Example::Shell("VERSION=\"${1:?usage: deploy VERSION}\""),
        check: latest,
    },
    Lint {
        code: "install-changes-versions",
        severity: Severity::Warning,
        title: w("npm install on a server", "npm install en un servidor"),
        why: w(
            "`npm install` may choose other versions than those tested and rewrites package-lock.json, so the next `git pull` conflicts",
            "`npm install` puede elegir versiones distintas de las probadas y reescribe package-lock.json, con lo que el próximo `git pull` da conflicto",
        ),
        fix: w("Use `npm ci`.", "Use `npm ci`."),
        bad: Example::Shell("npm install\nnpm run build"),
        good: Example::Shell("npm ci\nnpm run build"),
        check: install,
    },
    Lint {
        code: "dependencies-changed-live",
        severity: Severity::Warning,
        title: w("Dependencies are changed unreviewed", "Se cambian dependencias sin revisión"),
        why: w(
            "this changes versions of dependencies all at once and unreviewed, possibly across major versions, and the lock file with them",
            "esto cambia versiones de dependencias todas juntas y sin revisión, quizá saltando versiones mayores, y con ellas el archivo de bloqueo",
        ),
        fix: w(
            "Do it on a branch: look at `npm audit` and the diff of package-lock.json, test, and deploy the image that was tested.",
            "Hágalo en una rama: mire `npm audit` y el diff de package-lock.json, pruebe, y despliegue la imagen probada.",
        ),
        bad: Example::Shell("npm audit fix"),
        good: Example::Shell("npm audit"),
        check: audit_fix,
    },
    Lint {
        code: "export-outlives-the-deploy",
        severity: Severity::Note,
        title: w("An exported version stays in the shell", "Una versión exportada queda en la shell"),
        why: w(
            "`export` leaves the version in this shell: the next deploy typed here, meant to take the newest, quietly takes this one again",
            "`export` deja la versión en esta shell: el próximo deploy escrito aquí, que debía tomar la más nueva, vuelve a tomar esta sin avisar",
        ),
        fix: w(
            "Give it to the one command: `DEPLOY_TAG=v1.2.3 bash scripts/deploy.sh`.",
            "Désela a ese único comando: `DEPLOY_TAG=v1.2.3 bash scripts/deploy.sh`.",
        ),
        bad: Example::Shell("export DEPLOY_TAG=v1.2.3\nbash scripts/deploy.sh"),
        good: Example::Shell("DEPLOY_TAG=v1.2.3 bash scripts/deploy.sh"),
        check: export,
    },
    Lint {
        code: "tests-against-production",
        severity: Severity::Warning,
        title: w("End-to-end tests against production", "Pruebas de extremo a extremo contra producción"),
        why: w(
            "an end-to-end test creates real orders, users or payments in production, and nothing here cleans them up or marks them as tests",
            "una prueba de extremo a extremo crea pedidos, usuarios o pagos reales en producción, y nada aquí los limpia ni los marca como prueba",
        ),
        fix: w(
            "Run them in staging; in production only reading smoke tests, or a tenant of its own for tests with cleaning up.",
            "Córralas en staging; en producción solo smoke tests de lectura, o un tenant propio de pruebas con limpieza.",
        ),
        bad: Example::Page("# Deploy to production\n\n## After the deploy\n\n```bash\n./e2e-test-checkout.sh\n```"),
        good: Example::Page("# Deploy to production\n\n## After the deploy\n\n```bash\n./smoke-test.sh\n```"),
        check: end_to_end,
    },
    Lint {
        code: "built-with-other-dependencies",
        severity: Severity::Warning,
        title: w(
            "Other code built with the dependencies that were there",
            "Otro código compilado con las dependencias que había",
        ),
        why: w(
            "the code on disk changes and is built with the dependencies that happen to be installed: those of the version left behind, not its own",
            "cambia el código en disco y se compila con las dependencias que estén instaladas: las de la versión que se deja, no las suyas",
        ),
        fix: w(
            "Install first, from the lock file: `npm ci && npm run build` (and generate clients such as Prisma's).",
            "Instale antes, según el lock: `npm ci && npm run build` (y genere clientes como el de Prisma).",
        ),
        bad: Example::Shell("git checkout v2.0.3\nnpm run build"),
        good: Example::Shell("git checkout v2.0.3\nnpm ci\nnpm run build"),
        check: other_dependencies,
    },
];

fn revert(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.name() == "git" && c.sub().name() == "revert") {
        if !command.has_any(&["--no-edit", "--no-commit", "-n"]) {
            found.hit(command);
        }
    }
}

fn checkout(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let version = pattern(
        r"^(v?\d+(\.\d+)+\S*|[0-9a-f]{7,40}|<[^>]*(commit|tag|version|sha|hash|revision)[^>]*>|\$\{?\w*(TAG|VERSION|COMMIT|SHA)\w*\}?|(tags/|HEAD[~^@])\S*)$",
    );
    for command in ctx.commands.iter().filter(|c| c.name() == "git" && matches!(c.sub().name(), "checkout" | "switch"))
    {
        let target = command.sub().operand();
        if version.is_match(target) && !command.has_any(&["-b", "-B", "-c", "--"]) {
            found.hit(command);
        }
    }
}

fn pulls(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.name() == "git" && c.sub().name() == "pull") {
        let deploys =
            after(ctx, command).any(|c| matches!(act(c), Act::Build | Act::Restart | Act::Rollout | Act::MigrateUp));
        if !command.has_any(&["--ff-only", "--rebase"]) && deploys {
            found.hit(command);
        }
    }
    for command in ctx.commands.iter().filter(|c| c.name() == "git" && c.sub().name() == "reset" && c.has("--hard")) {
        if command.args().any(|w| w.value.starts_with("origin/") || w.value == "FETCH_HEAD") {
            found.hit(command);
        }
    }
}

fn latest(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let tag = pattern(r"(:-latest\}|^[\w./-]+/[\w.-]+:latest$|=[\w./-]+:latest$|\b(tag|version)=latest$)");
    for command in &ctx.commands {
        for word in command.words.iter().chain(&command.assigns) {
            if tag.is_match(word.value.trim_matches('"')) && !command.is_inner && act(command) != Act::Restore {
                found.here(ctx.in_source(command.block, &word.span));
            }
        }
    }
}

fn install(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.name() == "npm" && matches!(c.arg(0), "install" | "i")) {
        let packages = command.args().skip(1).any(|w| !w.value.starts_with('-'));
        let titles = ctx.titles(command.block);
        let setup = mentions(&titles, &["setup", "local", "desarrollo", "development", "getting started"]);
        if !packages && !command.has_any(&["-g", "--global"]) && !setup {
            found.hit(command);
        }
    }
}

fn audit_fix(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let mut last = usize::MAX;
    for command in ctx.commands.iter().filter(|c| matches!(c.name(), "npm" | "pnpm" | "yarn")) {
        let changes = (command.arg(0) == "audit" && command.has("fix"))
            || (matches!(command.arg(0), "update" | "upgrade" | "up") && command.name() != "docker");
        if changes && last != command.block {
            last = command.block;
            let view = &ctx.blocks[command.block];
            let before = plain(view.text().get(..command.span.start).unwrap_or(""));
            let development = mentions(&before, &["desarrollo", "development", "branch", "rama"]);
            found.hit_as(if development { Severity::Note } else { Severity::Warning }, command);
        }
    }
}

fn export(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let version = pattern(r"^\w*(TAG|VERSION|RELEASE)\w*=[^$]");
    for command in ctx.commands.iter().filter(|c: &&Cmd| c.name() == "export") {
        let names = command.args().any(|w| version.is_match(&w.value));
        if names && after(ctx, command).any(|c| c.block == command.block && act(c) == Act::Rollout) {
            found.hit(command);
        }
    }
}

fn end_to_end(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let mut last = usize::MAX;
    for command in &ctx.commands {
        let line = plain(&command.line());
        let titles = ctx.titles(command.block);
        let production = mentions(&titles, &["produc", "post-despliegue", "post-deploy"]);
        let test = mentions(&line, &["e2e", "end-to-end"]) && !mentions(&line, &["staging", "--dry-run"]);
        let deploys = mentions(&titles, &["deploy", "despliegue", "release"]);
        let prepares = mentions(&titles, &["pre-", "dependencia", "dependenc"]);
        if production && deploys && test && !prepares && last != command.block {
            last = command.block;
            found.hit(command);
        }
    }
}

fn other_dependencies(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let builds = |c: &&Cmd| {
        matches!(c.name(), "npm" | "pnpm" | "yarn")
            && c.args().any(|w| w.value == "build" || w.value.starts_with("build:"))
    };
    let installs = |c: &Cmd| {
        let manager = matches!(c.name(), "npm" | "pnpm" | "yarn" | "bun");
        manager && (c.args().any(|w| matches!(w.value.as_str(), "ci" | "install" | "i")) || c.words.len() == 1)
    };
    for command in ctx.commands.iter().filter(builds) {
        let own = || super::before(ctx, command).filter(|c| c.block == command.block);
        let moved = own().any(|c| {
            c.name() == "git" && matches!(c.sub().name(), "checkout" | "revert" | "reset" | "switch" | "pull")
        });
        if moved && !own().any(installs) {
            found.hit(command);
        }
    }
}
