//! Commands that ask for a terminal which a step has not.
//!
//! `docker-compose exec postgres psql -c …` takes a terminal unless it is told not to, and `docker exec -it` insists on one: run by
//! anything but a person's hand they end with "the input device is not a TTY". The plan says what it makes of them, since
//! what it shows is what runs.

use sereno_effects::analysis::{Arg, Command};
use sereno_effects::{Knowledge, analyze_shell};
use std::ops::Range;

/// Options of `docker-compose`, before its command, that take a word.
const COMPOSE_VALUED: &[&str] = &[
    "-f",
    "--file",
    "-p",
    "--project-name",
    "--profile",
    "--env-file",
    "--project-directory",
    "--ansi",
    "-c",
    "--context",
    "-H",
    "--host",
    "--log-level",
    "--parallel",
    "--progress",
];

/// The text without the terminals that its commands ask for. What waits for a person keeps its terminal.
pub(super) fn without_terminals(text: &str, knowledge: &Knowledge) -> String {
    if !text.contains("exec") {
        return text.to_owned();
    }
    let analysis = analyze_shell(text, knowledge);
    let alone = analysis.statements.iter().filter(|one| one.interactive.is_none() && one.opens.is_none());
    let commands = alone.flat_map(|statement| statement.commands.iter().map(|command| (statement.span.start, command)));
    let plain = commands.filter(|(begin, command)| {
        command.via.is_empty() && text.get(*begin..command.span.start).is_some_and(stands_alone)
    });
    let mut edits: Vec<(Range<usize>, String)> = plain.filter_map(|(_, command)| edit(command, text)).collect();
    edits.sort_by_key(|(span, _)| span.start);
    edits.dedup();
    let mut text = text.to_owned();
    for (span, word) in edits.into_iter().rev() {
        text.replace_range(span, &word);
    }
    text
}

/// Whether nothing that stands before a command in its statement opens a loop, a branch, a group or a function around it: without
/// a terminal, compose reads what a loop was to read.
fn stands_alone(before: &str) -> bool {
    let opens = |(at, _): (usize, &str)| !before[..at].ends_with('$');
    let mut words = before.split(|c: char| c.is_whitespace() || ";|&()`{!".contains(c));
    !before.match_indices(['(', '{']).any(opens)
        && !words.any(|word| matches!(word, "while" | "until" | "for" | "if" | "case" | "select" | "function"))
}

/// Only the plainest forms. A second `-T` makes compose 1.29 do nothing and say that all went well, so that where an option or
/// something that becomes known later may say it already, the author's words stay: they fail loudly at worst.
fn edit(command: &Command, text: &str) -> Option<(Range<usize>, String)> {
    if command.args.iter().any(|arg| text.get(arg.span.clone()) != Some(arg.raw.as_str())) {
        return None;
    }
    let args = command.args.as_slice();
    match (command.name.as_str(), args.first()?.raw.as_str()) {
        ("docker-compose", _) => compose(args),
        ("docker", "compose") => compose(args.get(1..)?),
        ("docker" | "podman", "exec") => {
            let option = args.get(1).filter(|arg| matches!(arg.raw.as_str(), "-it" | "-ti"))?;
            Some((option.span.clone(), "-i".to_owned()))
        }
        _ => None,
    }
}

/// `-T` behind an `exec` that the service's name follows at once.
fn compose(args: &[Arg]) -> Option<(Range<usize>, String)> {
    let at = options(args, COMPOSE_VALUED).count();
    let exec = args.get(at).filter(|arg| arg.raw == "exec")?;
    let service = args.get(at + 1)?.value.as_deref()?;
    (!service.starts_with('-')).then(|| (exec.span.end..exec.span.end, " -T".to_owned()))
}

/// The words up to the first that is no option; those that belong to an option are among them.
fn options<'a>(args: &'a [Arg], valued: &'static [&'static str]) -> impl Iterator<Item = &'a Arg> {
    let mut is_value = false;
    args.iter().take_while(move |arg| {
        let is_option = is_value || arg.raw.starts_with('-');
        is_value = !is_value && valued.contains(&arg.raw.as_str());
        is_option
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_no_person_needs_no_terminal() {
        for (text, made) in [
            ("docker-compose exec redis redis-cli PING", "docker-compose exec -T redis redis-cli PING"),
            (
                "docker-compose -f docker-compose.prod.yml exec postgres psql -U user -d dbname -c \"SELECT 1;\"",
                "docker-compose -f docker-compose.prod.yml exec -T postgres psql -U user -d dbname -c \"SELECT 1;\"",
            ),
            ("docker compose -p x exec app ls", "docker compose -p x exec -T app ls"),
            (
                "docker-compose exec redis redis-cli --scan | xargs redis-cli DEL",
                "docker-compose exec -T redis redis-cli --scan | xargs redis-cli DEL",
            ),
            ("x=$(docker-compose exec a hostname)", "x=$(docker-compose exec -T a hostname)"),
            (
                "docker-compose exec postgres psql -U pedidos -c \"\nSELECT 1;\n\"",
                "docker-compose exec -T postgres psql -U pedidos -c \"\nSELECT 1;\n\"",
            ),
            ("docker exec -it db psql -c 'SELECT 1'", "docker exec -i db psql -c 'SELECT 1'"),
            ("docker exec -ti -u root db ls -t", "docker exec -i -u root db ls -t"),
        ] {
            assert_eq!(without_terminals(text, Knowledge::builtin()), made);
        }
    }

    #[test]
    fn what_waits_for_a_person_or_says_it_itself_stays() {
        for text in [
            "docker-compose exec postgres psql -U pedidos",
            "docker-compose exec app bash",
            "docker exec -it db bash",
            "docker-compose exec -T db ls",
            "docker-compose exec -u root -T db ls",
            "docker-compose exec -d db ls",
            "docker-compose exec -Tu root db ls",
            "docker-compose exec -dT db ls",
            "docker-compose exec -it db ls",
            "docker-compose exec $T db ls",
            "f() { docker-compose exec \"$@\"; }",
            "while read s; do docker-compose exec db psql -c \"REINDEX TABLE $s\"; done < tables.txt",
            "cat tables.txt | while read s; do docker-compose exec db ls; done",
            "for s in a b; do docker-compose exec db ls; done",
            "x=$(while read s; do docker-compose exec db ls; done < tables.txt)",
            "(docker-compose exec db date; cat) < tables.txt",
            "cat tables.txt | { docker-compose exec db date; cat; }",
            "if docker-compose exec db true; then echo ok; fi",
            "bash <<'EOF'\ndocker-compose exec db pg_dump shop > d.sql\ntest -s d.sql\nEOF",
            "ssh web 'docker exec -it db ls'",
            "script -qc \"docker exec -it db ls\" /dev/null",
            "docker exec -i \\\n-t db ls",
            "docker exec -i -ett db ls",
            "docker exec -iut db ls",
            "docker exec -i db ls -it",
            "docker exec -t db ls",
            "docker exec db tail -it",
            "docker-compose logs exec",
            "docker-compose -f exec ps",
            "echo docker-compose exec db ls",
            "kubectl exec -it pod -- ls",
        ] {
            assert_eq!(without_terminals(text, Knowledge::builtin()), text);
        }
    }
}
