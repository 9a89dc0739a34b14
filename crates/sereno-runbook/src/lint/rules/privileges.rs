//! Who may do it.

use super::{Cmd, Ctx, Example, Found, Lint, Severity, w};

pub(super) const LINTS: &[Lint] = &[Lint {
    code: "redirect-without-root",
    severity: Severity::Warning,
    title: w("A file of root written without being root", "Un archivo de root escrito sin ser root"),
    why: w(
        "the redirection is done by the shell that types it, not by `sudo` nor by the command: in a folder of root it ends with \"Permission denied\"",
        "la redirección la hace la shell que escribe, no `sudo` ni el comando: en una carpeta de root termina con \"Permission denied\"",
    ),
    fix: w(
        "Let a command of root write: `… | sudo tee /etc/FILE > /dev/null`.",
        "Haga que escriba un comando de root: `… | sudo tee /etc/ARCHIVO > /dev/null`.",
    ),
    bad: Example::Shell("sudo echo 'vm.overcommit_memory=1' > /etc/sysctl.d/90-redis.conf"),
    good: Example::Shell("echo 'vm.overcommit_memory=1' | sudo tee /etc/sysctl.d/90-redis.conf > /dev/null"),
    check: redirect,
}];

const OF_ROOT: [&str; 6] = ["/etc/", "/usr/", "/boot/", "/sys/", "/proc/sys/", "/var/log/"];

fn redirect(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let by_sudo = |c: &&Cmd| c.via.contains(&"sudo") || c.words.first().is_some_and(|w| w.value == "sudo");
    // Where other lines need `sudo`, the reader is not root.
    let unprivileged = ctx.commands.iter().any(|c| by_sudo(&c) && c.here());
    let root =
        |block: usize| ctx.commands_of(block).iter().any(|c| matches!(c.name(), "su") || c.has("-i") && by_sudo(&c));
    for command in ctx.commands.iter().filter(|c| !c.is_inner && c.here()) {
        let target = command
            .redirects
            .iter()
            .find(|r| matches!(r.op, ">" | ">>") && OF_ROOT.iter().any(|folder| r.target.starts_with(folder)));
        if let Some(target) = target.filter(|_| unprivileged && !root(command.block)) {
            found.here(ctx.in_source(command.block, &target.span));
        }
    }
}
