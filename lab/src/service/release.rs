//! What is deployed: a version and its settings, in `current/config.json` once something was deployed.
//!
//! It stands for the application's code in the lab: a release can be bad, and going back mends it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::failure::{Doing, Failure, Result};

const SLOWEST: u64 = 10_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Release {
    pub(crate) version: String,
    /// How long an order's answer is held back; the mark of a bad release.
    #[serde(default)]
    pub(crate) response_delay_ms: u64,
    /// Each how manieth order fails, where that is not zero; another mark of a bad release.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) failing_every: u64,
}

impl Release {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).doing(|| path.display().to_string())?;
        let release: Self = serde_json::from_str(&text).doing(|| path.display().to_string())?;
        if release.response_delay_ms > SLOWEST {
            return Err(Failure::new(format!("{}: response_delay_ms is above {SLOWEST}", path.display())));
        }
        Ok(release)
    }

    /// What was deployed in this directory, or what lies there to be built, or the program as it is.
    pub(crate) fn current(dir: &Path) -> Result<Self> {
        for place in ["current/config.json", "app/config.json"] {
            let path = dir.join(place);
            if path.exists() {
                return Self::read(&path);
            }
        }
        Ok(Self { version: env!("CARGO_PKG_VERSION").to_owned(), response_delay_ms: 0, failing_every: 0 })
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let what = || format!("writing {}", path.display());
        let text = serde_json::to_string_pretty(self).doing(what)?;
        fs::write(path, text + "\n").doing(what)
    }

    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.response_delay_ms)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::Release;

    #[test]
    fn a_release_that_says_something_unknown_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.json");
        for (text, good) in [
            (r#"{"version":"1.0.0"}"#, true),
            (r#"{"version":"1.0.0","response_delay_ms":900}"#, true),
            (r#"{"version":"1.0.0","response_delay_ms":90000}"#, false),
            (r#"{"version":"1.0.0","delay":1}"#, false),
            ("{", false),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(Release::read(&path).is_ok(), good, "{text}");
        }
    }
}
