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

/// Options of `exec` that take a word.
const EXEC_VALUED: &[&str] =
    &["-e", "--env", "--env-file", "-u", "--user", "-w", "--workdir", "--index", "--detach-keys"];

/// The text without the terminals that its commands ask for. What waits for a person keeps its terminal.
pub(super) fn without_terminals(text: &str, knowledge: &Knowledge) -> String {
    if !text.contains("exec") {
        return text.to_owned();
    }
    let analysis = analyze_shell(text, knowledge);
    let alone = analysis.statements.iter().filter(|one| one.interactive.is_none() && one.opens.is_none());
    let commands = alone.flat_map(|statement| &statement.commands);
    let mut edits: Vec<(Range<usize>, String)> = commands.filter_map(|command| edit(command, text)).flatten().collect();
    edits.sort_by_key(|(span, _)| span.start);
    edits.dedup();
    let mut text = text.to_owned();
    for (span, word) in edits.into_iter().rev() {
        text.replace_range(span, &word);
    }
    text
}

fn edit(command: &Command, text: &str) -> Option<Vec<(Range<usize>, String)>> {
    // Words that cannot be found in the text, as those of an inner shell's string, are left as they are.
    if command.args.iter().any(|arg| text.get(arg.span.clone()) != Some(arg.raw.as_str())) {
        return None;
    }
    let args = command.args.as_slice();
    match (command.name.as_str(), args.first()?.raw.as_str()) {
        ("docker-compose", _) => compose(args),
        ("docker", "compose") => compose(args.get(1..)?),
        ("docker" | "podman", "exec") => container(args.get(1..)?),
        _ => None,
    }
}

/// `-T` behind `exec`, where nothing says so yet.
fn compose(args: &[Arg]) -> Option<Vec<(Range<usize>, String)>> {
    let at = options(args, COMPOSE_VALUED).count();
    let exec = args.get(at).filter(|arg| arg.raw == "exec")?;
    let says = |arg: &Arg| matches!(arg.raw.as_str(), "-T" | "--no-TTY" | "--no-tty" | "-d" | "--detach");
    if options(args.get(at + 1..)?, EXEC_VALUED).any(says) {
        return None;
    }
    Some(vec![(exec.span.end..exec.span.end, " -T".to_owned())])
}

/// `-it` becomes `-i`.
fn container(args: &[Arg]) -> Option<Vec<(Range<usize>, String)>> {
    let given: Vec<&Arg> = options(args, EXEC_VALUED).filter(|arg| arg.raw.starts_with('-')).collect();
    let has = |arg: &Arg, letter: char, long: &str| {
        arg.raw == long || (!arg.raw.starts_with("--") && arg.raw.len() <= 4 && arg.raw.contains(letter))
    };
    if !given.iter().any(|arg| has(arg, 'i', "--interactive")) {
        return None;
    }
    let terminals = given.into_iter().filter(|arg| has(arg, 't', "--tty"));
    let edits = terminals.map(|arg| {
        let rest = if arg.raw.starts_with("--") { String::new() } else { arg.raw.replace('t', "") };
        // A word of which nothing is left goes with the space before it.
        if rest.len() > 1 { (arg.span.clone(), rest) } else { (arg.span.start - 1..arg.span.end, String::new()) }
    });
    Some(edits.collect())
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
            ("docker compose -p x exec -u root app ls", "docker compose -p x exec -T -u root app ls"),
            (
                "docker-compose exec redis redis-cli --scan | xargs redis-cli DEL",
                "docker-compose exec -T redis redis-cli --scan | xargs redis-cli DEL",
            ),
            (
                "for s in a b; do docker-compose exec $s date; done; docker-compose exec c date",
                "for s in a b; do docker-compose exec -T $s date; done; docker-compose exec -T c date",
            ),
            ("x=$(docker-compose exec a hostname)", "x=$(docker-compose exec -T a hostname)"),
            (
                "docker-compose exec postgres psql -U pedidos -c \"\nSELECT 1;\n\"",
                "docker-compose exec -T postgres psql -U pedidos -c \"\nSELECT 1;\n\"",
            ),
            ("docker exec -it db psql -c 'SELECT 1'", "docker exec -i db psql -c 'SELECT 1'"),
            ("docker exec -ti -u root db ls -t", "docker exec -i -u root db ls -t"),
            ("docker exec -i -t db ls", "docker exec -i db ls"),
            ("docker exec --interactive --tty db ls", "docker exec --interactive db ls"),
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
