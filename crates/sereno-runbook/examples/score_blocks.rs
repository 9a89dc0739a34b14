//! Scores how labelled blocks are read: `cargo run --release -p sereno-runbook --example score_blocks -- [--wrong] FILE.md…`.
//!
//! Labels stand in lines `@block CLASS RISK …` above the fences, or in `FILE.labels` as lines `LINE CLASS RISK …`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example's only purpose is to print")]

use sereno_runbook::model::Block;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::ExitCode;

struct Scored {
    place: String,
    class: String,
    risk: String,
    block: Block,
}

fn main() -> ExitCode {
    let (options, files): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let mut all = Vec::new();
    for file in &files {
        match scored(Path::new(file)) {
            Ok(blocks) => all.extend(blocks),
            Err(why) => {
                eprintln!("{file}: {why}");
                return ExitCode::FAILURE;
            }
        }
    }
    if all.is_empty() {
        eprintln!("usage: score_blocks [--wrong] FILE.md...");
        return ExitCode::from(2);
    }
    report(&all, options.iter().any(|option| option == "--wrong"));
    ExitCode::SUCCESS
}

fn scored(path: &Path) -> Result<Vec<Scored>, String> {
    let source = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let beside = std::fs::read_to_string(path.with_extension("labels")).ok();
    let (text, labels): (String, Vec<String>) = match &beside {
        Some(labels) => (source, labels.lines().map(str::to_owned).collect()),
        None => taken_out(&source),
    };
    let (runbook, _) = sereno_runbook::read(text.as_bytes());
    let found = runbook.blocks.len();
    let mut by_line: HashMap<usize, Block> = runbook.blocks.into_iter().map(|block| (block.line, block)).collect();
    let mut in_order: Vec<usize> = by_line.keys().copied().collect();
    in_order.sort_unstable();
    let labels: Vec<&String> =
        labels.iter().filter(|label| !label.trim().is_empty() && !label.starts_with('#')).collect();
    if labels.len() != found {
        eprintln!("{}: {} labels, {found} blocks", path.display(), labels.len());
    }
    let mut all = Vec::new();
    for (index, label) in labels.into_iter().enumerate() {
        let words: Vec<&str> = label.split_whitespace().collect();
        // In the text a label stands above its block and is no line of its own; beside it, it names the line.
        let line = match &beside {
            Some(_) => words.first().and_then(|line| line.parse().ok()),
            None => in_order.get(index).copied(),
        };
        let Some(block) = line.and_then(|line: usize| by_line.remove(&line)) else {
            eprintln!("{}: no block for `{label}`", path.display());
            continue;
        };
        // Behind the line's number, or behind `@block`.
        let word = |at: usize| words.get(at).copied().unwrap_or("-").to_owned();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        all.push(Scored { place: format!("{name}:{}", block.line), class: word(1), risk: word(2), block });
    }
    Ok(all)
}

/// The text without its labels, and the labels.
fn taken_out(source: &str) -> (String, Vec<String>) {
    let (labels, text): (Vec<&str>, Vec<&str>) = source.lines().partition(|line| line.starts_with("@block "));
    (text.join("\n") + "\n", labels.into_iter().map(str::to_owned).collect())
}

fn report(all: &[Scored], list: bool) {
    let mut counts: BTreeMap<&str, [f64; 3]> = BTreeMap::new();
    let (mut right, mut risks, mut unsafe_shell, mut unsafe_risk) = (0, 0, 0, 0);
    for one in all {
        let found = one.block.class.as_str();
        let risk = one.block.risk.map_or("-", |risk| risk.as_str());
        if found == one.class {
            right += 1;
            counts.entry(found).or_default()[0] += 1.0;
        } else {
            counts.entry(found).or_default()[1] += 1.0;
            counts.entry(&one.class).or_default()[2] += 1.0;
        }
        let ran = found == "shell" && one.class != "shell";
        let hidden = risk == "observe" && ["change", "destroy", "unclear"].contains(&one.risk.as_str());
        risks += usize::from(risk == one.risk);
        unsafe_shell += usize::from(ran);
        unsafe_risk += usize::from(hidden);
        if ran || hidden || list && (found != one.class || risk != one.risk) {
            let head: Vec<&str> = one.block.text.lines().take(3).collect();
            let mark = if ran || hidden { "!!" } else { "  " };
            println!(
                "{mark} {} is {} {}, read as {found} {risk}: {}",
                one.place,
                one.class,
                one.risk,
                head.join(" ⏎ ")
            );
        }
    }
    let mut sum = 0.0;
    for (class, [hit, extra, missed]) in &counts {
        let f1 = 2.0 * hit / (2.0 * hit + extra + missed);
        sum += f1;
        println!("{class:8} F1 {f1:.3}   right {hit}, wrongly so {extra}, missed {missed}");
    }
    let share = |part: usize| part as f64 / all.len() as f64;
    println!("{} blocks: macro-F1 {:.3}, accuracy {:.3}", all.len(), sum / counts.len() as f64, share(right));
    println!(
        "wrong risk {}, not shell called shell {unsafe_shell}, changing called observe {unsafe_risk}",
        all.len() - risks
    );
}
