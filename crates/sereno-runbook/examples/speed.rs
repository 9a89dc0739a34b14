//! How fast reading is, beside pulldown-cmark alone on the same bytes, in processor time:
//! `cargo run --release -p sereno-runbook --example speed -- FILE...`, or `--once FILE...` for the cold start alone.
//!
//! Files are read whole and one by one, as Sereno does; then all of them as one text of ten megabytes.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example's only purpose is to print")]

use std::time::{Duration, Instant};

/// How many bytes are read, file after file, round after round.
const BYTES: usize = 10_000_000;

fn main() {
    let mut paths: Vec<_> = std::env::args_os().skip(1).collect();
    let once = paths.first().is_some_and(|first| first == "--once");
    paths.drain(..usize::from(once));
    let mut files = Vec::new();
    for path in paths {
        match std::fs::read(&path) {
            Ok(bytes) => files.push(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) => eprintln!("cannot read {}: {error}", path.display()),
        }
    }
    if files.is_empty() {
        eprintln!("usage: speed [--once] RUNBOOK.md...");
        return;
    }
    let clock = Clock::start();
    let blocks: usize = files.iter().map(|file| sereno_runbook::read(file.as_bytes()).0.blocks.len()).sum();
    let bytes: usize = files.iter().map(String::len).sum();
    println!("{} files, {bytes} bytes, {blocks} blocks, each read once, cold: {:.1?}", files.len(), clock.spent());
    if once {
        return;
    }
    measure("file by file", &files, BYTES.div_ceil(bytes));
    let whole = files.join("\n");
    measure("as one text", &[vec![whole.as_str(); BYTES.div_ceil(bytes)].join("\n")], 1);
}

fn measure(how: &str, files: &[String], rounds: usize) {
    println!("\n{how}:");
    let bytes: usize = files.iter().map(String::len).sum();
    let mut base = None;
    let mut report = |what: &str, work: &dyn Fn(&str) -> usize| {
        let clock = Clock::start();
        let mut seen = 0;
        for _ in 0..rounds {
            seen += files.iter().map(|file| work(file)).sum::<usize>();
        }
        let spent = clock.spent();
        let speed = (bytes * rounds) as f64 / 1e6 / spent.as_secs_f64();
        let base = *base.get_or_insert(speed);
        println!("{what:<15} {speed:>8.1} MB/s  1/{:<6.1} ({spent:.2?}; {seen} found)", base / speed);
    };
    report("pulldown-cmark", &|file| {
        pulldown_cmark::Parser::new_ext(file, pulldown_cmark::Options::ENABLE_TABLES).count()
    });
    report("decode", &|file| sereno_runbook::encoding::decode(file.as_bytes(), &mut Vec::new()).0.len());
    report("cut", &|file| sereno_runbook::document::cut(file.to_owned(), &mut Vec::new()).elements.len());
    report("read", &|file| sereno_runbook::read(file.as_bytes()).0.blocks.len());
}

/// Processor time where the system tells it, so that what else runs on the machine does not count; else the wall's.
struct Clock {
    processor: Option<Duration>,
    wall: Instant,
}

impl Clock {
    fn start() -> Self {
        Self { processor: processor(), wall: Instant::now() }
    }

    fn spent(&self) -> Duration {
        match (self.processor, processor()) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => self.wall.elapsed(),
        }
    }
}

/// What this process, which has one thread, has spent on a processor.
fn processor() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    told.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
