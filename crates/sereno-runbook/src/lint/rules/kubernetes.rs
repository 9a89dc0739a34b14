//! Kubernetes.

use super::{Act, Cmd, Ctx, Example, Found, Lint, Severity, Text, act, after, mentions, pattern, plain, w};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "any-pod",
        severity: Severity::Warning,
        title: w("Some pod of several", "Un pod cualquiera de varios"),
        why: w(
            "`exec deployment/…` picks one pod of several, and its files live and die with it: what is written or deleted there concerns only that pod",
            "`exec deployment/…` elige un pod entre varios, y sus archivos viven y mueren con él: lo que se escribe o borra allí concierne solo a ese pod",
        ),
        fix: w(
            "Run it as a Job with a volume of its own, or loop over the pods: `for p in $(kubectl get pods -l app=X -o name); do …`.",
            "Ejecútelo como un Job con volumen propio, o recorra los pods: `for p in $(kubectl get pods -l app=X -o name); do …`.",
        ),
        bad: Example::Shell("kubectl exec deployment/api -- find /var/cache/app -mtime +30 -delete"),
        good: Example::Shell("kubectl exec deployment/api -- df -h"),
        check: any_pod,
    },
    Lint {
        code: "logs-of-one-pod",
        severity: Severity::Note,
        title: w("The logs of one pod only", "Los logs de un solo pod"),
        why: w(
            "`kubectl logs deployment/…` shows one pod of the deployment: with several replicas the failing one may not be it",
            "`kubectl logs deployment/…` muestra un solo pod del deployment: con varias réplicas puede no ser el que falla",
        ),
        fix: w(
            "Use the label: `kubectl logs -l app=X --all-containers --prefix --tail=100`.",
            "Use la etiqueta: `kubectl logs -l app=X --all-containers --prefix --tail=100`.",
        ),
        bad: Example::Shell("kubectl logs deployment/api --tail=100"),
        good: Example::Shell("kubectl logs -l app=api --prefix --tail=100"),
        check: one_pod_logs,
    },
    Lint {
        code: "first-pod-of-list",
        severity: Severity::Warning,
        title: w("The first pod of the list", "El primer pod de la lista"),
        why: w(
            "`items[0]` may be a pod of the old version that is still ending, or one that is not ready: what runs in it runs old code",
            "`items[0]` puede ser un pod de la versión vieja que todavía termina, o uno que no está listo: lo que corre en él corre código viejo",
        ),
        fix: w(
            "Use a Job with the wanted image; or choose by `--field-selector=status.phase=Running` and newest: `--sort-by=.metadata.creationTimestamp`, the last.",
            "Use un Job con la imagen deseada; o elija con `--field-selector=status.phase=Running` y el más nuevo: `--sort-by=.metadata.creationTimestamp`, el último.",
        ),
        bad: Example::Shell("POD=$(kubectl get pod -l app=api -o jsonpath='{.items[0].metadata.name}')"),
        good: Example::Shell(
            "POD=$(kubectl get pod -l app=api --field-selector=status.phase=Running -o jsonpath='{.items[0].metadata.name}')",
        ),
        check: first_pod,
    },
    Lint {
        code: "missing-namespace",
        severity: Severity::Error,
        title: w("No namespace where all others have one", "Falta el namespace que los demás tienen"),
        why: w(
            "the other commands name a namespace and this one does not: it goes to whatever namespace is current, usually `default`, and the application never sees it",
            "los demás comandos nombran un namespace y este no: va al que esté activo, normalmente `default`, y la aplicación nunca lo ve",
        ),
        fix: w("Add `-n NAMESPACE`, to each side of the pipe.", "Agregue `-n NAMESPACE`, a cada lado de la tubería."),
        bad: Example::Shell(
            "kubectl get pods -n shop\nkubectl logs -n shop api-0\nkubectl create secret generic db --from-file=password",
        ),
        good: Example::Shell(
            "kubectl get pods -n shop\nkubectl logs -n shop api-0\nkubectl create secret generic db -n shop --from-file=password",
        ),
        check: namespace,
    },
    Lint {
        code: "undo-without-revision",
        severity: Severity::Warning,
        title: w("Rollback to whatever came before", "Rollback a lo que haya antes"),
        why: w(
            "without `--to-revision` this goes back one revision, and a restart or `set env` made since counts as one: then the same broken image comes back",
            "sin `--to-revision` esto retrocede una revisión, y un restart o un `set env` posterior cuenta como una: entonces vuelve la misma imagen rota",
        ),
        fix: w(
            "Look at `kubectl rollout history deployment/NAME` and name the revision: `--to-revision=N`; then check the image that runs.",
            "Mire `kubectl rollout history deployment/NOMBRE` y nombre la revisión: `--to-revision=N`; luego compruebe la imagen que corre.",
        ),
        bad: Example::Shell("kubectl rollout undo deployment/api"),
        good: Example::Shell(
            "kubectl rollout history deployment/api\nkubectl rollout undo deployment/api --to-revision=7",
        ),
        check: undo,
    },
    Lint {
        code: "configuration-drift",
        severity: Severity::Warning,
        title: w("A setting changed outside of its manifest", "Un ajuste cambiado fuera de su manifiesto"),
        why: w(
            "the change lives only in the cluster: the next deploy from the manifest undoes it without a word, and nothing here takes it back when it is no longer wanted",
            "el cambio vive solo en el clúster: el próximo deploy desde el manifiesto lo deshace sin avisar, y nada aquí lo quita cuando ya no se quiera",
        ),
        fix: w(
            "Change the manifest or values file and apply it; if it must be quick, note the old value and the line that restores it (`kubectl set env deployment/NAME VAR-`).",
            "Cambie el manifiesto o los values y aplíquelos; si debe ser rápido, anote el valor anterior y la línea que lo restaura (`kubectl set env deployment/NOMBRE VAR-`).",
        ),
        bad: Example::Shell("kubectl set env deployment/api RATE_LIMIT=200"),
        good: Example::Shell("kubectl apply -f api.yaml"),
        check: drift,
    },
    Lint {
        code: "crash-logs-of-the-wrong-life",
        severity: Severity::Warning,
        title: w("Logs of a crashing pod without --previous", "Logs de un pod que se cae sin --previous"),
        why: w(
            "a pod in CrashLoopBackOff has just been started again: its current logs are empty or of the new try, and the reason is in the previous one",
            "un pod en CrashLoopBackOff acaba de arrancar de nuevo: sus logs actuales están vacíos o son del nuevo intento, y el motivo está en el anterior",
        ),
        fix: w("Add `--previous`.", "Agregue `--previous`."),
        bad: Example::Shell("# If pods are in CrashLoopBackOff:\nkubectl logs api-0 --tail=100"),
        good: Example::Shell("# If pods are in CrashLoopBackOff:\nkubectl logs api-0 --previous --tail=100"),
        check: crash_logs,
    },
    Lint {
        code: "live-object-as-backup",
        severity: Severity::Note,
        title: w("A live object kept as a backup", "Un objeto vivo guardado como respaldo"),
        why: w(
            "`get -o yaml` keeps status, resourceVersion and uid: applied again later it conflicts; and nothing here says how it is put back",
            "`get -o yaml` guarda status, resourceVersion y uid: aplicado más tarde entra en conflicto; y nada aquí dice cómo se repone",
        ),
        fix: w(
            "Keep manifests in git; for the running version note the image and the revision (`kubectl rollout history`).",
            "Tenga los manifiestos en git; de la versión en marcha anote la imagen y la revisión (`kubectl rollout history`).",
        ),
        bad: Example::Shell("kubectl get deployment api -o yaml > api-backup.yaml"),
        good: Example::Shell("kubectl rollout history deployment/api > api-history.txt"),
        check: yaml_backup,
    },
    Lint {
        code: "volume-cannot-shrink",
        severity: Severity::Note,
        title: w("A volume claim that cannot be made smaller again", "Un volumen que no se puede volver a achicar"),
        why: w(
            "a volume claim can grow and never shrink, and with a class that does not allow expansion the patch is refused: at night the disk stays full",
            "un volumen puede crecer y nunca achicarse, y con una clase que no permite expansión el cambio se rechaza: de noche el disco sigue lleno",
        ),
        fix: w(
            "Check first: `kubectl get storageclass -o custom-columns=NAME:.metadata.name,EXPAND:.allowVolumeExpansion`.",
            "Compruebe antes: `kubectl get storageclass -o custom-columns=NAME:.metadata.name,EXPAND:.allowVolumeExpansion`.",
        ),
        bad: Example::Shell(
            "kubectl patch pvc data -p '{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"100Gi\"}}}}'",
        ),
        good: Example::Shell("kubectl get pvc data"),
        check: volume,
    },
    Lint {
        code: "rollout-without-way-out",
        severity: Severity::Warning,
        title: w("A rollout that fails stays half done", "Un rollout que falla queda a medias"),
        why: w(
            "if the rollout does not finish in time the script stops here: old and new pods stay side by side, and nothing takes the new version back",
            "si el rollout no termina a tiempo el script se detiene aquí: pods viejos y nuevos quedan conviviendo, y nada retira la versión nueva",
        ),
        fix: w(
            "`kubectl rollout status … || { kubectl rollout undo …; exit 1; }`.",
            "`kubectl rollout status … || { kubectl rollout undo …; exit 1; }`.",
        ),
        bad: Example::Shell(
            "set -e\nkubectl set image deployment/api api=acme/api:1.4.2\nkubectl rollout status deployment/api --timeout=5m",
        ),
        good: Example::Shell(
            "set -e\nkubectl set image deployment/api api=acme/api:1.4.2\nkubectl rollout status deployment/api --timeout=5m || { kubectl rollout undo deployment/api --to-revision=3; exit 1; }",
        ),
        check: way_out,
    },
    Lint {
        code: "secret-overwritten",
        severity: Severity::Warning,
        title: w("A whole secret written to change one key", "Un secret entero escrito para cambiar una clave"),
        why: w(
            "this writes the secret as a whole: a key that was right is overwritten with what stands here, and keys left out may go",
            "esto escribe el secret entero: una clave que estaba bien se pisa con lo que dice aquí, y las claves omitidas pueden perderse",
        ),
        fix: w(
            "Change only the key: `kubectl patch secret NAME -n NS --patch-file=key.json`, and keep the old value until the new one works.",
            "Cambie solo la clave: `kubectl patch secret NOMBRE -n NS --patch-file=clave.json`, y conserve el valor anterior hasta que el nuevo funcione.",
        ),
        bad: Example::Shell(
            "kubectl create secret generic pay -n shop --from-file=a --from-file=b --dry-run=client -o yaml | kubectl apply -n shop -f -",
        ),
        good: Example::Shell("kubectl patch secret pay -n shop --patch-file=key.json"),
        check: overwritten,
    },
];

fn any_pod(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for (index, command) in ctx.commands.iter().enumerate() {
        let target = command.sub().words.iter().skip(1).any(|w| mentions(&w.value, &["deployment/", "deploy/"]));
        if !command.kubectl("exec") || !target {
            continue;
        }
        let local = ctx.commands[index + 1..].iter().take_while(|c| c.is_inner && c.block == command.block).any(|c| {
            let acts = matches!(act(c), Act::Backup | Act::Restore) && !matches!(c.name(), "psql" | "pg_dump");
            acts || c.name() == "rm" || (c.name() == "find" && c.has("-delete"))
        });
        if local {
            found.hit(command);
        }
    }
}

fn one_pod_logs(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let fits = |c: &&Cmd| {
        c.kubectl("logs") && c.args().any(|w| w.value.starts_with("deployment/") || w.value.starts_with("deploy/"))
    };
    let all: Vec<&Cmd> = ctx.commands.iter().filter(fits).collect();
    if let Some(first) = all.first() {
        let n = all.len();
        found.detail(ctx.place(first), &Text::new(format!("{n} in this file"), format!("{n} en este archivo")));
    }
}

fn first_pod(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.kubectl("get")) {
        let line = command.line();
        if line.contains("items[0]")
            && mentions(command.sub().operand(), &["po"])
            && !line.contains("--field-selector")
            && !line.contains("--sort-by")
        {
            found.hit(command);
        }
    }
}

fn has_namespace(command: &Cmd) -> bool {
    command.args().take_while(|w| w.value != "--").any(|w| {
        matches!(w.value.as_str(), "-n" | "-A" | "--namespace" | "--all-namespaces")
            || w.value.starts_with("--namespace=")
            || (w.value.starts_with("-n") && !w.value.starts_with("--") && w.value.len() > 2)
    })
}

fn needs_namespace(command: &Cmd) -> bool {
    let sub = command.sub();
    let cluster = [
        "node",
        "no",
        "namespace",
        "ns",
        "pv",
        "persistentvolume",
        "storageclass",
        "sc",
        "clusterrole",
        "crd",
        "apiservice",
        "csr",
        "certificatesigningrequest",
    ];
    let object = sub.operand().split('/').next().unwrap_or("").trim_end_matches('s').to_owned();
    matches!(
        sub.name(),
        "get"
            | "describe"
            | "logs"
            | "exec"
            | "create"
            | "apply"
            | "delete"
            | "scale"
            | "rollout"
            | "set"
            | "patch"
            | "edit"
            | "top"
            | "wait"
    ) && !cluster.iter().any(|c| object == c.trim_end_matches('s'))
        && !sub.operand().is_empty()
}

fn namespace(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let all: Vec<&Cmd> =
        ctx.commands.iter().filter(|c| matches!(c.name(), "kubectl" | "oc") && needs_namespace(c)).collect();
    let with = all.iter().filter(|c| has_namespace(c)).count();
    if with < 2 || with * 3 < all.len() * 2 {
        return;
    }
    for command in all.into_iter().filter(|c| !has_namespace(c)) {
        // A manifest may name its own namespace; a file of `apply -f` is not seen from here.
        let manifest = command.kubectl("apply") && !command.has("-");
        let piped = ctx.commands_of(command.block).iter().any(|c| c.pipeline == command.pipeline && has_namespace(c));
        let reads = matches!(act(command), Act::Verify);
        if !manifest && !piped {
            let severity = if reads { Severity::Warning } else { Severity::Error };
            found.hit_as(severity, command);
        }
    }
}

fn undo(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.kubectl("rollout") && c.sub().operand() == "undo") {
        if !command.line().contains("--to-revision") {
            found.hit(command);
        }
    }
}

fn drift(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.kubectl("set") && c.sub().operand() == "env") {
        let undone = after(ctx, command)
            .any(|c| c.kubectl("set") && c.args().any(|w| w.value.ends_with('-') && w.value.len() > 2));
        if !undone && !command.has("--list") {
            found.hit(command);
        }
    }
}

fn crash_logs(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let mut last = usize::MAX;
    for command in ctx.commands.iter().filter(|c| c.kubectl("logs")) {
        let view = &ctx.blocks[command.block];
        let before = view.text().get(..command.span.start).unwrap_or("");
        let about = plain(before) + &ctx.titles(command.block);
        let crash = mentions(&about, &["crashloop", "crash loop", "crasheando", "crashing"]);
        let previous = ctx.unit_commands(command.block).any(|c| c.kubectl("logs") && c.has_any(&["--previous", "-p"]));
        if crash && !previous && last != command.block {
            last = command.block;
            found.hit(command);
        }
    }
}

fn yaml_backup(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.kubectl("get")) {
        let yaml = command.value_of(&["-o", "--output"]).is_some_and(|w| w.value == "yaml")
            || command.has_any(&["-oyaml", "-o=yaml"]);
        if yaml
            && command
                .redirects
                .iter()
                .any(|r| r.op == ">" && mentions(&r.target.to_lowercase(), &["backup", "bak", "old", "prev"]))
        {
            found.hit(command);
        }
    }
}

fn volume(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx
        .commands
        .iter()
        .filter(|c| c.kubectl("patch") && mentions(c.sub().operand(), &["pvc", "persistentvolumeclaim"]))
    {
        let looked =
            super::before(ctx, command).any(|c| c.line().contains("storageclass") || c.line().contains("get sc"));
        if command.line().contains("storage") && !looked {
            found.hit(command);
        }
    }
}

fn way_out(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.kubectl("rollout") && c.sub().operand() == "status") {
        let own = ctx.commands_of(command.block);
        let deploys = own.iter().any(|c| c.span.start < command.span.start && (c.kubectl("set") || c.kubectl("apply")));
        let undoes = own.iter().any(|c| c.kubectl("rollout") && c.sub().operand() == "undo")
            || own.iter().any(|c| c.name() == "trap");
        if deploys && !undoes && super::stops_on_error(ctx, command.block) {
            found.hit(command);
        }
    }
}

fn overwritten(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.kubectl("create") && c.sub().operand() == "secret") {
        let applied = ctx
            .commands_of(command.block)
            .iter()
            .any(|c| c.pipeline == command.pipeline && (c.kubectl("apply") || c.kubectl("replace")));
        let keys = command
            .args()
            .filter(|w| w.value.starts_with("--from-literal") || w.value.starts_with("--from-file"))
            .count();
        let known = pattern(r"(?i)(incorrect|wrong|equivocad|mal |invalid)").is_match(&ctx.comment_before(command));
        if applied && (keys > 1 || known) {
            found.hit(command);
        }
    }
}
