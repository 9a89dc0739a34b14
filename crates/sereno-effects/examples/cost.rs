//! What loading the knowledge and reading texts costs: `cargo run --release --example cost -- runbook.md …`.
//!
//! Every fenced block is read as shell text, twice, the first time with everything still to be loaded.

use sereno_effects::{Knowledge, analyze_shell};
use std::time::Instant;

#[expect(clippy::print_stdout, reason = "printing is what this example is for")]
fn main() -> std::io::Result<()> {
    let mut texts = Vec::new();
    for path in std::env::args().skip(1) {
        let text = std::fs::read_to_string(path)?;
        texts.extend(
            text.split("```").skip(1).step_by(2).filter_map(|block| Some(block.split_once('\n')?.1.to_owned())),
        );
    }
    let start = Instant::now();
    let knowledge = Knowledge::builtin();
    println!("knowledge: {:?}", start.elapsed());
    for round in ["first", "second", "third"] {
        let start = Instant::now();
        let statements: usize = texts.iter().map(|text| analyze_shell(text, knowledge).statements.len()).sum();
        println!("{round}: {:?} for {} texts, {statements} statements", start.elapsed(), texts.len());
    }
    Ok(())
}
