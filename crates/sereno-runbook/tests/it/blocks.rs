//! Blocks written for this test, each with its class, risk and flags in a line `@block class risk flags…` above its fence.
//! Those lines are taken out before the text is read.

use sereno_model::{BlockClass, Flag};
use sereno_runbook::model::Block;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const FILES: [(&str, &str); 5] = [
    ("es-tienda.md", include_str!("../data/blocks/es-tienda.md")),
    ("reservas-booking.md", include_str!("../data/blocks/reservas-booking.md")),
    ("en-api.md", include_str!("../data/blocks/en-api.md")),
    ("guardia-night.md", include_str!("../data/blocks/guardia-night.md")),
    ("consolas-messages.md", include_str!("../data/blocks/consolas-messages.md")),
];

struct Labelled {
    file: &'static str,
    class: String,
    risk: String,
    flags: Vec<String>,
    block: Block,
}

fn labelled() -> Vec<Labelled> {
    let mut all = Vec::new();
    for (file, source) in FILES {
        let labels: Vec<&str> = source.lines().filter_map(|line| line.strip_prefix("@block ")).collect();
        let text: String =
            source.lines().filter(|line| !line.starts_with("@block ")).fold(String::new(), |mut text, line| {
                let _ = writeln!(text, "{line}");
                text
            });
        let (runbook, _) = sereno_runbook::read(text.as_bytes());
        assert_eq!(runbook.blocks.len(), labels.len(), "{file}: blocks and labels");
        for (label, block) in labels.into_iter().zip(runbook.blocks) {
            let mut words = label.split_whitespace().map(str::to_owned);
            let class = words.next().unwrap_or_default();
            let risk = words.next().unwrap_or_default();
            let mut flags: Vec<String> = words.collect();
            flags.sort();
            all.push(Labelled { file, class, risk, flags, block });
        }
    }
    all
}

fn report(wrong: &[String], all: usize) {
    assert!(wrong.is_empty(), "{} of {all} blocks:\n{}", wrong.len(), wrong.join("\n"));
}

fn place(one: &Labelled) -> String {
    let head: String = one.block.text.lines().take(2).collect::<Vec<_>>().join(" ⏎ ");
    format!("{}: `{head}`", one.file)
}

#[test]
fn there_are_enough_blocks_of_every_class() {
    let all = labelled();
    assert!(all.len() >= 150, "{}", all.len());
    for class in BlockClass::ALL {
        assert!(all.iter().filter(|one| one.class == class.as_str()).count() >= 7, "{class}");
    }
}

#[test]
fn every_block_has_its_class() {
    let all = labelled();
    let wrong: Vec<String> = all
        .iter()
        .filter(|one| one.block.class.as_str() != one.class)
        .map(|one| format!("{} is {}, read as {}", place(one), one.class, one.block.class))
        .collect();
    report(&wrong, all.len());
}

#[test]
fn every_block_has_its_flags() {
    let all = labelled();
    let wrong: Vec<String> = all
        .iter()
        .filter_map(|one| {
            let mut flags: Vec<&str> = one.block.flags.iter().map(|flag| flag.as_str()).collect();
            flags.sort_unstable();
            (flags != one.flags).then(|| format!("{} has {:?}, read as {flags:?}", place(one), one.flags))
        })
        .collect();
    report(&wrong, all.len());
}

#[test]
fn every_block_has_its_risk() {
    let all = labelled();
    let wrong: Vec<String> = all
        .iter()
        .filter_map(|one| {
            let risk = one.block.risk.map_or("-", |risk| risk.as_str());
            (risk != one.risk).then(|| format!("{} is {}, read as {risk}", place(one), one.risk))
        })
        .collect();
    report(&wrong, all.len());
}

#[test]
fn what_needs_values_names_them_where_they_stand() {
    for one in labelled() {
        let needs = one.block.flags.contains(&Flag::NeedsValues);
        assert_eq!(needs, !one.block.placeholders.is_empty(), "{}", place(&one));
        for placeholder in &one.block.placeholders {
            assert_eq!(
                one.block.text.get(placeholder.span.clone()),
                Some(placeholder.text.as_str()),
                "{}",
                place(&one)
            );
        }
    }
}

#[test]
fn statements_stand_where_they_say() {
    for one in labelled() {
        for statement in &one.block.statements {
            let index = statement.line.checked_sub(one.block.line + 1);
            let line = index.and_then(|index| one.block.text.lines().nth(index)).unwrap_or_default();
            let first = statement.text.lines().next().unwrap_or_default().trim();
            assert!(line.contains(first), "{}: `{first}` is not on line {} (`{line}`)", place(&one), statement.line);
        }
    }
}

#[test]
fn the_mean_over_classes_is_high() {
    let mut counts: BTreeMap<String, (f64, f64, f64)> = BTreeMap::new();
    for one in labelled() {
        let found = one.block.class.as_str().to_owned();
        if found == one.class {
            counts.entry(found).or_default().0 += 1.0;
        } else {
            counts.entry(found).or_default().1 += 1.0;
            counts.entry(one.class).or_default().2 += 1.0;
        }
    }
    let sum: f64 = counts.values().map(|(hit, extra, missed)| 2.0 * hit / (2.0 * hit + extra + missed)).sum();
    assert!(sum / counts.len() as f64 >= 0.97, "{counts:?}");
}

#[test]
fn a_block_that_swallowed_a_fence_is_never_run() {
    // The first fence is closed by none of its length, so the text and the commands below it stand in it too.
    let text = "````bash\ndf -h\n```\n\nThen, on the other host:\n\n```bash\nrm -rf /srv/carts\n```\n````\n";
    let (runbook, _) = sereno_runbook::read(text.as_bytes());
    assert_eq!(runbook.blocks.len(), 1);
    assert_eq!(runbook.blocks[0].class, BlockClass::Other);
    assert!(runbook.blocks[0].statements.is_empty(), "{:?}", runbook.blocks[0].statements);
    // A fence that a here-document writes into a file is the file's.
    let text = "````bash\ncat > note.md <<'EOF'\n```bash\ndf -h\n```\nEOF\n````\n";
    let (runbook, _) = sereno_runbook::read(text.as_bytes());
    assert_eq!(runbook.blocks[0].class, BlockClass::Shell);
}

#[test]
fn variables_at_the_head_of_a_block_are_typed() {
    for text in [
        "X=\"a b\"\nexport Y=$X\n$ echo \"$Y\"",
        "SHOPS=\"north south\"\nexport TODAY=$(date +%F)\nfor shop in $SHOPS; do echo \"$shop\"; done",
        "OPTS=\"-h db -U shop\"\nexport PGOPTIONS=\"$OPTS\"\npsql -l\n",
    ] {
        let (runbook, _) = sereno_runbook::read(format!("```\n{text}\n```\n").as_bytes());
        let block = &runbook.blocks[0];
        assert_eq!(block.class, BlockClass::Shell, "{text}");
        assert!(!block.flags.contains(&Flag::HasOutput), "{text}: {:?}", block.statements);
        assert!(block.statements.iter().all(|one| one.foreign.is_none()), "{text}: {:?}", block.statements);
    }
}

#[test]
fn a_console_is_meant_below_the_text_that_names_it() {
    let class = |text: &str| sereno_runbook::read(text.as_bytes()).0.blocks.last().map(|block| block.class);
    let ruby = "```ruby\ncart.close!\n```\n";
    for (above, expected) in [
        ("## Carts\n\nStart a Rails console.\n\n### One cart\n\n", BlockClass::Repl),
        ("## Carritos\n\nSe abre la consola de Rails.\n\n### Uno\n\n", BlockClass::Repl),
        ("## Carts\n\nStart a Rails console.\n\n## Elsewhere\n\n", BlockClass::Other),
        ("## Carts\n\nStart a Django shell.\n\n### One cart\n\n", BlockClass::Other),
    ] {
        assert_eq!(class(&format!("{above}{ruby}")), Some(expected), "{above}");
    }
    let file = "## Carts\n\nStart a Rails console.\n\n### Its code\n\n```ruby\n# lib/carts.rb\nCarts.setup\n```\n";
    assert_eq!(class(file), Some(BlockClass::Other));
}
