//! Commands with the risk that a careful reader gives them.

use sereno_effects::{Knowledge, analyze_shell};

/// `risk<TAB>command` lines; the failures, as a text.
fn check(table: &str) -> (usize, Vec<String>) {
    let mut count = 0;
    let mut wrong = Vec::new();
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        let (wanted, command) = line.split_once('\t').expect("risk<TAB>command");
        let command = command.replace('␤', "\n");
        let risk = analyze_shell(&command, Knowledge::builtin()).risk.as_str();
        count += 1;
        let right = if wanted == "!observe" { risk != "observe" } else { risk == wanted };
        if !right {
            wrong.push(format!("{wanted}, not {risk}: {command}"));
        }
    }
    (count, wrong)
}

#[test]
fn plain_commands_have_their_risk() {
    let (count, wrong) = check(include_str!("../commands.tsv"));
    assert!(wrong.is_empty(), "{} of {count} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 400, "the table holds only {count}");
}

#[test]
fn destruction_in_disguise_is_seen() {
    let (count, wrong) = check(include_str!("../disguised.tsv"));
    assert!(wrong.is_empty(), "{} of {count} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 150, "the table holds only {count}");
}
