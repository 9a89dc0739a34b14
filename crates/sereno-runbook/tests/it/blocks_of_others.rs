//! Runbooks whose blocks were labelled by people who had not seen how Sereno reads: `data/blocks/others`; and those of
//! `data/blocks/hard`, most of whose blocks were sought for being hard to tell or stand here as their authors labelled
//! them, PowerShell as shell among them.
//!
//! They hold the whole variety that teams paste. Of single blocks their authors may be wrong or Sereno may be, so classes
//! and risks are held by their shares; what is not safe is held block by block.

use sereno_model::BlockClass;
use sereno_runbook::model::Block;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

struct Labelled {
    place: String,
    class: String,
    risk: String,
    block: Block,
}

impl Labelled {
    fn is_right(&self) -> bool {
        self.block.class.as_str() == self.class
    }

    fn found_risk(&self) -> &'static str {
        self.block.risk.map_or("-", |risk| risk.as_str())
    }
}

static ALL: LazyLock<Vec<Labelled>> = LazyLock::new(|| folder("others"));
static HARD: LazyLock<Vec<Labelled>> = LazyLock::new(|| folder("hard"));

fn folder(name: &str) -> Vec<Labelled> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/blocks").join(name);
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of labelled runbooks")
        .map(|entry| entry.expect("an entry of the folder").path())
        .collect();
    paths.sort();
    paths.iter().flat_map(|path| labelled(path)).collect()
}

fn labelled(path: &Path) -> Vec<Labelled> {
    let source = std::fs::read_to_string(path).expect("a labelled runbook");
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let labels: Vec<&str> = source.lines().filter_map(|line| line.strip_prefix("@block ")).collect();
    let text: String =
        source.lines().filter(|line| !line.starts_with("@block ")).fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "{line}");
            text
        });
    let (runbook, _) = sereno_runbook::read(text.as_bytes());
    assert_eq!(runbook.blocks.len(), labels.len(), "{file}: blocks and labels");
    let blocks = labels.into_iter().zip(runbook.blocks).map(|(label, block)| {
        let mut words = label.split_whitespace().map(str::to_owned);
        let head: String = block.text.lines().take(2).collect::<Vec<_>>().join(" ⏎ ");
        let class = words.next().unwrap_or_default();
        Labelled { place: format!("{file}: `{head}`"), class, risk: words.next().unwrap_or_default(), block }
    });
    blocks.collect()
}

fn told(wrong: &[&Labelled]) -> String {
    wrong.iter().fold(String::new(), |mut text, one| {
        let found = (one.block.class.as_str(), one.found_risk());
        let _ = writeln!(text, "{} is {} {}, read as {} {}", one.place, one.class, one.risk, found.0, found.1);
        text
    })
}

/// The mean over the classes of how well each is told.
fn macro_f1(all: &[Labelled]) -> f64 {
    let mut counts: BTreeMap<&str, (f64, f64, f64)> = BTreeMap::new();
    for one in all {
        if one.is_right() {
            counts.entry(&one.class).or_default().0 += 1.0;
        } else {
            counts.entry(one.block.class.as_str()).or_default().1 += 1.0;
            counts.entry(&one.class).or_default().2 += 1.0;
        }
    }
    let sum: f64 = counts.values().map(|(hit, extra, missed)| 2.0 * hit / (2.0 * hit + extra + missed)).sum();
    sum / counts.len() as f64
}

#[test]
fn nothing_else_is_ever_run_as_shell() {
    let shell = |class: &str| class == BlockClass::Shell.as_str();
    let wrong: Vec<_> =
        ALL.iter().chain(HARD.iter()).filter(|one| shell(one.block.class.as_str()) && !shell(&one.class)).collect();
    assert!(wrong.is_empty(), "{}", told(&wrong));
}

#[test]
fn nothing_that_changes_is_said_to_observe() {
    // A `GET` of an address whose name says nothing reads, as far as HTTP goes; its author knew better.
    let reads = |one: &Labelled| one.block.text.contains("/internal/magic?key=");
    let wrong: Vec<_> = ALL
        .iter()
        .chain(HARD.iter())
        .filter(|one| one.found_risk() == "observe" && ["change", "destroy", "unclear"].contains(&one.risk.as_str()))
        .filter(|one| !reads(one))
        .collect();
    assert!(wrong.is_empty(), "{}", told(&wrong));
}

#[test]
fn nearly_every_block_has_its_class() {
    assert!(ALL.len() >= 850, "{}", ALL.len());
    let wrong: Vec<_> = ALL.iter().filter(|one| !one.is_right()).collect();
    assert!(wrong.len() * 100 <= ALL.len(), "{} of {}:\n{}", wrong.len(), ALL.len(), told(&wrong));
    assert!(macro_f1(&ALL) >= 0.99, "{}", macro_f1(&ALL));
}

#[test]
fn most_of_the_hard_blocks_have_their_class() {
    assert!(HARD.len() >= 1500, "{}", HARD.len());
    let wrong: Vec<_> = HARD.iter().filter(|one| !one.is_right()).collect();
    assert!(wrong.len() * 100 <= HARD.len() * 4, "{} of {}:\n{}", wrong.len(), HARD.len(), told(&wrong));
    assert!(macro_f1(&HARD) >= 0.96, "{}", macro_f1(&HARD));
}

#[test]
fn nearly_every_block_has_its_risk() {
    let wrong: Vec<_> = ALL.iter().filter(|one| one.is_right() && one.found_risk() != one.risk).collect();
    assert!(wrong.len() * 100 <= ALL.len(), "{} of {}:\n{}", wrong.len(), ALL.len(), told(&wrong));
}
