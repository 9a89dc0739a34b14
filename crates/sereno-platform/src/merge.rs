//! Several streams of lines as one, in the order of time, without holding more than a little of any.

use crate::LogLine;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until};

/// How long a line waits for an earlier one of another stream that has nothing to say.
const WINDOW: Duration = Duration::from_millis(50);

/// How many lines of one stream wait at most.
const MOST_WAITING: usize = 1024;

/// Streams, each ordered in itself, merged by time.
#[derive(Debug)]
pub struct Merge {
    streams: Vec<Stream>,
    /// They go on for ever: a line cannot wait until every stream has spoken.
    follow: bool,
}

#[derive(Debug)]
struct Stream {
    from: Receiver<LogLine>,
    waiting: VecDeque<(Instant, LogLine)>,
    closed: bool,
}

impl Merge {
    pub fn new(streams: Vec<Receiver<LogLine>>, follow: bool) -> Self {
        let stream = |from| Stream { from, waiting: VecDeque::new(), closed: false };
        Self { streams: streams.into_iter().map(stream).collect(), follow }
    }

    /// One stream more.
    pub fn add(&mut self, from: Receiver<LogLine>) {
        self.streams.retain(|stream| !stream.closed || !stream.waiting.is_empty());
        self.streams.push(Stream { from, waiting: VecDeque::new(), closed: false });
    }

    /// The next line; `None` when every stream has ended. Cancel-safe: what was taken from a stream waits here.
    pub async fn next(&mut self) -> Option<LogLine> {
        loop {
            self.take_what_came();
            let Some((index, since)) = self.earliest() else {
                if self.streams.iter().all(|stream| stream.closed) {
                    return None;
                }
                self.wait_for_any().await;
                continue;
            };
            let all_have_spoken = self.streams.iter().all(|stream| stream.closed || !stream.waiting.is_empty());
            if all_have_spoken || (self.follow && since.elapsed() >= WINDOW) {
                return self.streams[index].waiting.pop_front().map(|(_, line)| line);
            }
            if self.follow {
                tokio::select! {
                    () = self.wait_for_any() => {}
                    () = sleep_until(since + WINDOW) => {}
                }
            } else {
                self.wait_for_any().await;
            }
        }
    }

    fn take_what_came(&mut self) {
        let now = Instant::now();
        for stream in &mut self.streams {
            while stream.waiting.len() < MOST_WAITING {
                match stream.from.try_recv() {
                    Ok(line) => stream.waiting.push_back((now, line)),
                    Err(tokio::sync::mpsc::error::TryRecvError::Empty) => break,
                    Err(tokio::sync::mpsc::error::TryRecvError::Disconnected) => {
                        stream.closed = true;
                        break;
                    }
                }
            }
        }
    }

    /// The stream whose first line is the earliest, and since when that line waits. A line without a time goes first.
    fn earliest(&self) -> Option<(usize, Instant)> {
        let heads =
            self.streams.iter().enumerate().filter_map(|(index, stream)| Some((index, stream.waiting.front()?)));
        heads.min_by_key(|(_, (_, line))| line.at).map(|(index, (since, _))| (index, *since))
    }

    /// Until one of the streams that have nothing waiting speaks or ends.
    async fn wait_for_any(&mut self) {
        poll_fn(|context| {
            let mut ready = false;
            for stream in self.streams.iter_mut().filter(|stream| !stream.closed && stream.waiting.is_empty()) {
                match stream.from.poll_recv(context) {
                    Poll::Ready(Some(line)) => stream.waiting.push_back((Instant::now(), line)),
                    Poll::Ready(None) => stream.closed = true,
                    Poll::Pending => continue,
                }
                ready = true;
            }
            if ready { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    fn line(second: i64, text: &str) -> LogLine {
        let at = jiff::Timestamp::from_second(second).ok();
        LogLine { at, component: String::new(), instance: String::new(), level: None, text: text.to_owned() }
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
    }

    #[test]
    fn streams_that_end_are_merged_by_time_and_nothing_is_lost() {
        runtime().block_on(async {
            let mut senders = Vec::new();
            let mut receivers = Vec::new();
            for offset in 0..3 {
                let (sender, receiver) = mpsc::channel(8);
                receivers.push(receiver);
                senders.push(tokio::spawn(async move {
                    for n in 0..3000_i64 {
                        sender.send(line(n * 3 + offset, "x")).await.expect("somebody listens");
                    }
                }));
            }
            let mut merge = Merge::new(receivers, false);
            let mut seen = Vec::new();
            while let Some(line) = merge.next().await {
                seen.push(line.at.map(jiff::Timestamp::as_second));
            }
            assert_eq!(seen, (0..9000).map(Some).collect::<Vec<_>>());
        });
    }

    #[test]
    fn a_line_waits_for_a_silent_stream_only_a_moment() {
        runtime().block_on(async {
            let (busy, from_busy) = mpsc::channel(8);
            let (_silent, from_silent) = mpsc::channel::<LogLine>(8);
            busy.send(line(1, "a")).await.expect("somebody listens");
            let mut merge = Merge::new(vec![from_busy, from_silent], true);
            let begun = Instant::now();
            assert_eq!(merge.next().await.map(|line| line.text).as_deref(), Some("a"));
            assert!((WINDOW..WINDOW * 20).contains(&begun.elapsed()), "{:?}", begun.elapsed());
        });
    }

    #[test]
    fn an_earlier_line_that_comes_within_the_moment_goes_first() {
        runtime().block_on(async {
            let (one, from_one) = mpsc::channel(8);
            let (two, from_two) = mpsc::channel(8);
            one.send(line(5, "later")).await.expect("somebody listens");
            tokio::spawn(async move {
                tokio::time::sleep(WINDOW / 2).await;
                two.send(line(4, "earlier")).await.expect("somebody listens");
                tokio::time::sleep(WINDOW * 10).await;
            });
            let mut merge = Merge::new(vec![from_one, from_two], true);
            assert_eq!(merge.next().await.map(|line| line.text).as_deref(), Some("earlier"));
            assert_eq!(merge.next().await.map(|line| line.text).as_deref(), Some("later"));
        });
    }
}
