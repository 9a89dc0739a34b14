//! The runbooks of Pedidos, walked on the live system: each block is run as it is typed.

use std::process::Command;

use crate::bench::Lab;

struct Block {
    line: usize,
    text: String,
}

fn blocks(runbook: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in runbook.lines().enumerate() {
        match (&mut open, line) {
            (None, "```bash") => {
                open = Some(Block { line: number + 1, text: String::new() });
            }
            (Some(_), "```") => blocks.extend(open.take()),
            (Some(block), line) => block.text.extend([line, "\n"]),
            (None, _) => {}
        }
    }
    blocks
}

/// What an operator would fill in, and without the lines that wait for one.
fn filled(block: &Block, backup: Option<&str>) -> String {
    block
        .text
        .lines()
        .filter(|line| !line.starts_with("make logs") && *line != "make psql")
        .map(|line| match (line.split_once("BACKUP_FILE="), backup) {
            (Some((before, _)), Some(backup)) => format!("{before}BACKUP_FILE={backup}\n"),
            _ => format!("{line}\n"),
        })
        .collect::<String>()
        .replace("<tenant_id>", "abc123")
        .replace("<commit_hash>", "HEAD")
}

#[test]
fn every_block_works_when_it_is_typed() {
    let Some(lab) = Lab::up("process") else {
        return;
    };
    // So that there is something to roll back, to retry and to restore.
    lab.ok(&["break", "pedidos", "bad-deploy"]);
    assert_eq!(lab.order("libreria-luna").0, 201);
    lab.ok(&["pedidos", "pay", "1"]);
    let mut walked = 0;
    for block in blocks(include_str!("../../systems/pedidos/RUNBOOK.md")) {
        let backups = std::fs::read_dir(lab.path().join("backups")).into_iter().flatten().flatten();
        let backup = backups.map(|entry| format!("backups/{}", entry.file_name().display())).next();
        let script = filled(&block, backup.as_deref());
        let output =
            Command::new("bash").args(["-eo", "pipefail", "-c", &script]).current_dir(lab.path()).output().unwrap();
        assert!(
            output.status.success(),
            "the block of line {}:\n{script}\n{}{}",
            block.line,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        if script.contains("http_code") {
            assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "403");
        }
        walked += 1;
        if script.contains("make down") {
            lab.ok(&["up", "pedidos"]);
        }
    }
    assert!(walked >= 30, "{walked} blocks");
    assert_eq!(lab.health(), "ok");
    assert_eq!(lab.get("/health").1["version"], "1.0.0", "the bad release was rolled back");
}

/// Every line that is typed, in order.
pub(crate) fn commands_of(runbook: &str) -> Vec<String> {
    blocks(runbook).iter().flat_map(|block| block.text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The lines of a runbook that are typed, as far as no words for people stand in them.
fn typed(runbook: &str) -> Vec<String> {
    let words = |line: &str| line.split(['"', '\'', '<']).next().unwrap_or_default().trim().to_owned();
    let lines = blocks(runbook).into_iter().flat_map(|block| block.text.lines().map(words).collect::<Vec<_>>());
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#') && !line.contains("BACKUP_FILE"))
        .map(|line| line.replace("AS ordenes", "AS orders").replace("AS ultima", "AS latest"))
        .map(|line| line.replace("BY ordenes", "BY orders"))
        .collect()
}

#[test]
fn both_languages_say_the_same() {
    macro_rules! twins {
        ($system:literal) => {
            [
                include_str!(concat!("../../systems/", $system, "/RUNBOOK.md")),
                include_str!(concat!("../../systems/", $system, "/RUNBOOK.en.md")),
            ]
        };
    }
    for [spanish, english] in [twins!("cafeterias"), twins!("lotolink"), twins!("pedidos")] {
        assert!(typed(spanish).len() > 30);
        assert_eq!(typed(spanish), typed(english));
        let headings = |runbook: &str| -> Vec<usize> {
            let heads = runbook.lines().map(|line| line.chars().take_while(|c| *c == '#').count());
            heads.filter(|level| *level > 1).collect()
        };
        assert_eq!(headings(spanish), headings(english));
    }
}
