//! Looking in a way that shows something else.

use super::{Cmd, Ctx, Example, Found, Join, Lint, Severity, has_ending, is_post, mentions, pattern, w};

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "grep-too-wide",
        severity: Severity::Note,
        title: w("A number searched for in logs", "Un número buscado en los logs"),
        why: w(
            "a bare number also matches amounts, ids, ports, sizes and times: the lines found are not all of that status, and their count misleads",
            "un número suelto coincide también con importes, ids, puertos, tamaños y horas: no todas las líneas halladas son de ese estado, y contarlas engaña",
        ),
        fix: w(
            "Search for the field: `grep '\"status\":429'`, `grep ' 429 '`, or ask the metrics.",
            "Busque el campo: `grep '\"status\":429'`, `grep ' 429 '`, o pregunte a las métricas.",
        ),
        bad: Example::Shell("journalctl -u api --since -1h | grep 500"),
        good: Example::Shell("journalctl -u api --since -1h | grep '\"status\":500'"),
        check: bare_number,
    },
    Lint {
        code: "allocated-is-not-used",
        severity: Severity::Note,
        title: w("Requests taken for use", "Lo reservado tomado por lo usado"),
        why: w(
            "\"Allocated resources\" of a node is what its pods have asked for, not what they use, and says nothing of how full its disk is",
            "\"Allocated resources\" de un nodo es lo que sus pods pidieron, no lo que usan, y no dice nada de cuán lleno está su disco",
        ),
        fix: w(
            "Look at the use itself: `kubectl top node`, `kubectl get --raw /api/v1/nodes/NODE/proxy/stats/summary | jq .node.fs`, or `df -h` on the node.",
            "Mire el uso mismo: `kubectl top node`, `kubectl get --raw /api/v1/nodes/NODO/proxy/stats/summary | jq .node.fs`, o `df -h` en el nodo.",
        ),
        bad: Example::Shell("kubectl describe node node-1 | grep -A5 'Allocated resources'"),
        good: Example::Shell("kubectl top node node-1"),
        check: allocated,
    },
    Lint {
        code: "admin-without-credentials",
        severity: Severity::Note,
        title: w("An administration page asked without credentials", "Una página de administración sin credenciales"),
        why: w(
            "this asks an administration address with no credentials: either it answers 401 and the step shows nothing, or it answers, and then anybody who reaches the port administers the system",
            "esto consulta una dirección de administración sin credenciales: o responde 401 y el paso no muestra nada, o responde, y entonces cualquiera que llegue al puerto administra el sistema",
        ),
        fix: w(
            "Send a token that the reader has (`-H \"Authorization: Bearer $ADMIN_TOKEN\"`), and say where it is kept.",
            "Envíe un token que el lector tenga (`-H \"Authorization: Bearer $ADMIN_TOKEN\"`) y diga dónde se guarda.",
        ),
        bad: Example::Shell("curl -f -m 5 http://localhost:8080/admin/jobs"),
        good: Example::Shell("curl -f -m 5 -H \"Authorization: Bearer $ADMIN_TOKEN\" http://localhost:8080/admin/jobs"),
        check: open_admin,
    },
];

fn reads_logs(command: &Cmd) -> bool {
    command.name() == "journalctl"
        || command.sub().name() == "logs"
        || command.args().any(|w| has_ending(&w.value, &["log"]))
}

fn bare_number(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let number = pattern(r"^[1-5]\d\d$");
    for command in ctx.commands.iter().filter(|c| matches!(c.name(), "grep" | "egrep")) {
        let Some(word) = command.args().find(|w| number.is_match(&w.value)) else { continue };
        // The number of an option (`-A 100`) is no pattern.
        let first = command.args().find(|w| !w.value.starts_with('-'));
        let is_pattern =
            first.is_some_and(|first| first.span == word.span) && !command.has_any(&["-A", "-B", "-C", "-m"]);
        let from_logs = reads_logs(command)
            || ctx.commands_of(command.block).iter().any(|c| c.pipeline == command.pipeline && reads_logs(c));
        if is_pattern && from_logs && !command.has_any(&["-w", "--word-regexp"]) {
            found.here(ctx.in_source(command.block, &word.span));
        }
    }
}

fn allocated(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    for command in ctx.commands.iter().filter(|c| c.name() == "grep" && c.join == Join::Pipe) {
        let told = command.args().find(|w| w.value.to_lowercase().contains("allocated"));
        let of_node = ctx
            .commands_of(command.block)
            .iter()
            .any(|c| c.pipeline == command.pipeline && c.kubectl("describe") && c.sub().operand().starts_with("no"));
        if let Some(word) = told.filter(|_| of_node) {
            found.here(ctx.in_source(command.block, &word.span));
        }
    }
}

fn open_admin(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let path = pattern(r"://[^/\s]+/(\w+/)?(admin|manage|actuator)/\w");
    let public = ["/health", "/login", "/info", "/ping"];
    for command in ctx.commands.iter().filter(|c| matches!(c.name(), "curl" | "wget" | "http") && !is_post(c)) {
        let address = command.args().find(|w| path.is_match(&w.value) && !mentions(&w.value, &public));
        let known = command.option('u', "--user")
            || command.option('H', "--header")
            || command.option('b', "--cookie")
            || command.option('n', "--netrc")
            || command.has_any(&["--cert", "--oauth2-bearer", "-E"]);
        if let Some(word) = address.filter(|w| !known && !w.value.contains('@')) {
            found.here(ctx.in_source(command.block, &word.span));
        }
    }
}
