//! The place where the kill harness kills. Only in debug builds: a release binary has no such door.

use std::path::{Path, PathBuf};

/// Counts one durable journal entry, and kills this process as `kill -9` would when the harness asked for it here:
/// `SERENO_TEST_KILL_AFTER=3` kills after the third entry that this process wrote.
#[cfg(debug_assertions)]
pub(super) fn after_entry() {
    use std::sync::atomic::{AtomicU64, Ordering};
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let written = WRITTEN.fetch_add(1, Ordering::Relaxed) + 1;
    let asked = std::env::var("SERENO_TEST_KILL_AFTER").ok().and_then(|text| text.parse::<u64>().ok());
    if asked == Some(written) {
        // There is nobody left to tell when this fails.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Which start of the machine this is; `SERENO_TEST_BOOT` plays another one.
pub(super) fn boot_id() -> String {
    #[cfg(debug_assertions)]
    if let Ok(boot) = std::env::var("SERENO_TEST_BOOT") {
        return boot;
    }
    crate::session::boot_id()
}

/// The program that serves as runner; `SERENO_TEST_RUNNER` names another.
pub(super) fn runner(own: &Path) -> PathBuf {
    #[cfg(debug_assertions)]
    if let Some(other) = std::env::var_os("SERENO_TEST_RUNNER") {
        return PathBuf::from(other);
    }
    own.to_owned()
}

#[cfg(not(debug_assertions))]
pub(super) fn after_entry() {}
