//! How often a hosting platform is asked.

use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How much faster one may go on while most of what is allowed is left.
const PLENTY: u32 = 5;

/// Keeps those who look again and again below the number of questions that a platform answers. The first look is at once; the
/// next may come when the questions of the one before have been paid with time.
pub(crate) struct Pace {
    /// For each question.
    unit: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    pub(crate) fn new(unit: Duration) -> Self {
        Self { unit, next: Mutex::new(None) }
    }

    /// Waits for this one's turn, which it takes with so many questions. Whoever comes later waits behind it.
    pub(crate) async fn turn(&self, questions: u32) {
        let mut next = self.next.lock().await;
        if let Some(at) = *next {
            tokio::time::sleep_until(at).await;
        }
        *next = Some(Instant::now() + self.unit * questions);
    }

    /// Says that a turn took more questions than it knew, and whether the platform said that it has plenty of them left: then
    /// they cost less time.
    pub(crate) async fn took(&self, questions: u32, has_plenty: bool) {
        let unit = if has_plenty { self.unit / PLENTY } else { self.unit };
        let mut next = self.next.lock().await;
        *next = Some(next.unwrap_or_else(Instant::now) + unit * questions);
    }
}
