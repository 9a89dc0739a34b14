//! A small load generator: requests start at a steady rate whether or not the earlier ones have been answered.
//!
//! It only ever talks to the lab's own API on loopback, with a bound on rate, time and requests under way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::failure::{Doing, Result};
use crate::host::http;
use crate::say::say;
use crate::stack::Stack;
use crate::system::System;

const UNDER_WAY: usize = 500;

#[derive(Args)]
pub(crate) struct LoadOptions {
    /// Requests per second
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=2000))]
    rate: u32,
    /// For how long
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// Only this tenant's, or this user's (default: as the system has them)
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// How many of a hundred requests write; the others read
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=100))]
    writes: u32,
}

/// One request of a user.
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl LoadOptions {
    /// Writes are spread evenly: 37 and 100 have no common divisor.
    pub(crate) fn writes(&self, number: u64) -> bool {
        number * 37 % 100 < u64::from(self.writes)
    }
}

#[derive(Default)]
struct Tally {
    succeeded: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    slowest_ms: AtomicU64,
    /// From the first request's moment to the last one's.
    sent_within_us: AtomicU64,
}

pub(crate) fn run(stack: &Stack<'_>, options: &LoadOptions) -> Result<()> {
    let address = SocketAddr::from(([127, 0, 0, 1], stack.port("PORT")?));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .doing(|| "starting the runtime".to_owned())?;
    let tally = runtime.block_on(send_all(stack.system, address, options));
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let asked = options.rate * options.seconds;
    let rate = f64::from(asked - 1) / Duration::from_micros(of(&tally.sent_within_us).max(1)).as_secs_f64();
    say!(
        "{} ok, {} refused (4xx), {} failed (5xx or no answer), {} not sent (too many under way), slowest {} ms, {rate:.1} a second",
        of(&tally.succeeded),
        of(&tally.refused),
        of(&tally.failed),
        of(&tally.dropped),
        of(&tally.slowest_ms)
    );
    Ok(())
}

async fn send_all(system: &dyn System, address: SocketAddr, options: &LoadOptions) -> Arc<Tally> {
    let tally = Arc::new(Tally::default());
    let places = Arc::new(Semaphore::new(UNDER_WAY));
    let mut beat = interval(Duration::from_secs(1) / options.rate);
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut begun = None;
    for number in 0..u64::from(options.rate) * u64::from(options.seconds) {
        beat.tick().await;
        let begun: Instant = *begun.get_or_insert_with(Instant::now);
        tally.sent_within_us.store(begun.elapsed().as_micros() as u64, Ordering::Relaxed);
        let Ok(place) = places.clone().try_acquire_owned() else {
            tally.dropped.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let text = request(address, &system.ask(options, number));
        let tally = tally.clone();
        tokio::spawn(async move {
            let start = Instant::now();
            let status = timeout(Duration::from_secs(10), exchange(address, &text)).await;
            let counter = match status {
                Ok(Ok(Some(200..=399))) => &tally.succeeded,
                Ok(Ok(Some(400..=499))) => &tally.refused,
                _ => &tally.failed,
            };
            counter.fetch_add(1, Ordering::Relaxed);
            tally.slowest_ms.fetch_max(start.elapsed().as_millis() as u64, Ordering::Relaxed);
            drop(place);
        });
    }
    // All places free again means all requests answered.
    let _ = places.acquire_many(UNDER_WAY as u32).await;
    tally
}

fn request(address: SocketAddr, ask: &Ask) -> String {
    let headers: Vec<(&str, &str)> = ask.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    http::request_text(ask.method, ask.path, &headers, &ask.body, address)
}

async fn exchange(address: SocketAddr, text: &str) -> std::io::Result<Option<u16>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(text.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(http::parse(&String::from_utf8_lossy(&answer)).map(|answer| answer.status))
}
