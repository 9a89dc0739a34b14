//! Prints what each line of the standard input does: `cargo run -p sereno-effects --example effects`.

use sereno_effects::{Knowledge, analyze_shell};
use std::io::Read as _;

#[expect(clippy::print_stdout, reason = "printing is what this example is for")]
fn main() -> std::io::Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let whole = std::env::args().any(|argument| argument == "--whole");
    let texts: Vec<&str> = if whole { vec![&text] } else { text.lines().collect() };
    for text in texts {
        let analysis = analyze_shell(text, Knowledge::builtin());
        for statement in &analysis.statements {
            let effects: Vec<&str> = statement.effects.iter().map(|effect| effect.text.es.as_str()).collect();
            println!(
                "{}\t{}\t[{}] {}{}{}{}",
                statement.risk,
                text.get(statement.span.clone()).unwrap_or_default(),
                effects.join("; "),
                statement.interactive.map(|kind| format!("{kind:?} ")).unwrap_or_default(),
                if statement.endless { "endless " } else { "" },
                statement.opens.as_ref().map(|opens| format!("{opens:?} ")).unwrap_or_default(),
                statement.unknown_commands.join(","),
            );
        }
        if !analysis.errors.is_empty() {
            println!("{}\tERRORS {:?}", analysis.risk, analysis.errors);
        }
    }
    Ok(())
}
