//! How well tables of labelled commands are read: `cargo run -p sereno-effects --example score -- [--sql] table.tsv …`.
//!
//! A line is `risk<TAB>command`, or a command alone for one that must not be called `observe`; a line break is written ␤.

use sereno_effects::{Knowledge, analyze_shell, analyze_sql};
use std::collections::BTreeMap;

#[expect(clippy::print_stdout, reason = "printing is what this example is for")]
fn main() -> std::io::Result<()> {
    let (flags, paths): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let sql = flags.iter().any(|flag| flag == "--sql");
    let (mut count, mut right) = (0usize, 0usize);
    let mut confusion: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for path in paths {
        let table = std::fs::read_to_string(path)?;
        for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
            let (wanted, text) = labelled(line);
            let text = text.replace('␤', "\n");
            let found = if sql { analyze_sql(&text).risk } else { analyze_shell(&text, Knowledge::builtin()).risk };
            let found = found.as_str();
            let fits = if wanted == "!observe" { found != "observe" } else { found == wanted };
            count += 1;
            right += usize::from(fits);
            *confusion.entry((wanted.to_owned(), found)).or_default() += 1;
            if !fits {
                println!("{wanted}\t{found}\t{line}");
            }
        }
    }
    println!("{right} of {count} right");
    for ((wanted, found), times) in confusion {
        println!("{wanted:>9} called {found:<8} {times}");
    }
    Ok(())
}

/// The label and the text of a line.
fn labelled(line: &str) -> (&str, &str) {
    const LABELS: &[&str] = &["observe", "change", "destroy", "unclear", "!observe"];
    line.split_once('\t').filter(|(label, _)| LABELS.contains(label)).unwrap_or(("!observe", line))
}
