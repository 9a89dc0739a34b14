//! The shell blocks of real runbooks, with every command that is not bash's own replaced by one that says what it was
//! asked.

use crate::carry::assert_same;
use sereno_effects::{Knowledge, analyze_shell};
use std::path::{Path, PathBuf};

/// Stands before every block. A command that is not found (there is no `PATH`) reads what it is given and says its words.
const STAND_INS: &str = r#"command_not_found_handle() { while read -r -t 1 _; do :; done; echo "ran $*"; }
kill() { echo "kill $*"; }
"#;

/// Blocks that would reach out of their directory, never end, or depend on the moment.
fn is_fit(block: &str) -> bool {
    const UNFIT: [&str; 14] = [
        "while true",
        "while :",
        "until ",
        "/dev/tcp",
        "$$",
        "$!",
        "$RANDOM",
        "$PPID",
        "$BASHPID",
        "source /",
        ". /",
        "exec ",
        "<(",
        ">(",
    ];
    let redirects: Vec<_> = block
        .match_indices('>')
        .map(|(at, _)| block[at..].trim_start_matches(['>', '|', '&', ' ', '"', '\'']))
        .filter(|target| !target.starts_with("/dev/null") && !target.starts_with(['1', '2']))
        .collect();
    let reaches_out = redirects.iter().any(|target| target.starts_with(['/', '$', '~']));
    let moves = block.contains("cd ") || block.contains("pushd ");
    let analysis = analyze_shell(block, Knowledge::builtin());
    !UNFIT.iter().any(|unfit| block.contains(unfit))
        && !reaches_out
        && (redirects.is_empty() || !moves)
        && analysis.errors.is_empty()
        && analysis.statements.iter().all(|statement| {
            let by_path = statement.commands.iter().any(|command| {
                block.get(command.span.clone()).is_some_and(|text| text.starts_with(['/', '~', '$', '"']))
            });
            !statement.job_control && !by_path
        })
}

fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<Option<String>> = None;
    for line in text.lines() {
        match (&mut open, line.trim().strip_prefix("```")) {
            (None, Some(tag)) => {
                let is_shell = matches!(tag.trim(), "bash" | "sh" | "shell" | "console" | "zsh");
                open = Some(is_shell.then(String::new));
            }
            (Some(block), Some(_)) => {
                blocks.extend(block.take());
                open = None;
            }
            (Some(Some(block)), None) => {
                block.push_str(line);
                block.push('\n');
            }
            _ => {}
        }
    }
    blocks
}

fn markdown(dir: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            markdown(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

#[test]
fn blocks_of_real_runbooks_carry_their_state() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let mut files = Vec::new();
    markdown(&shared.join("runbooks/clean"), &mut files);
    markdown(&shared.join("corpus"), &mut files);
    if files.is_empty() {
        crate::support::skipped("the runbooks are not here");
        return;
    }
    files.sort();
    let texts = files.iter().filter_map(|path| std::fs::read_to_string(path).ok());
    let blocks: Vec<_> = texts.flat_map(|text| blocks(&text)).collect();
    let all = blocks.len();
    // Those of one statement have nothing to carry but what stands before them.
    let mut scripts: Vec<_> = blocks
        .into_iter()
        .filter(|block| is_fit(block) && analyze_shell(block, Knowledge::builtin()).statements.len() > 1)
        .map(|block| format!("{STAND_INS}{block}"))
        .collect();
    scripts.sort();
    scripts.dedup();
    eprintln!("{} of {all} blocks", scripts.len());
    assert!(scripts.len() > 40, "{} of {all}", scripts.len());
    assert_same(&scripts);
}
