//! What a platform tells of a component beside its state: what happened to it, what it was before, what it is given, and what
//! it keeps.

use crate::PlatformError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sereno_model::Text;

/// Something that the platform noticed or did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When it was seen last.
    pub at: Option<Timestamp>,
    /// The component that it is about; none where it is about the place itself.
    pub component: Option<String>,
    /// What it happened to, as the platform calls it: an instance, a volume, a release.
    pub about: String,
    /// Somebody should look.
    pub is_warning: bool,
    /// The platform's own word for it: `BackOff`, `oom`, `die`.
    pub reason: String,
    pub message: String,
    /// How often it was seen.
    pub count: u32,
}

/// A version of a component that the platform, or the machine, still knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// What the platform goes back to it by: a revision, an image, a release.
    pub id: String,
    /// What is in it, as people call it: an image with its tag, a commit.
    pub what: String,
    pub at: Option<Timestamp>,
    /// It runs now.
    pub is_current: bool,
    /// How it went, or why one cannot go back to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}

/// A variable of a component's environment. Its value is in clear here: whoever shows it redacts it.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    /// Absent where only its place is known, such as a secret that this user may not read.
    pub value: Option<String>,
    /// Where it is set: `secret/api-secrets`, `.env`, `image`.
    pub source: String,
    /// Its source says that it is a secret, whatever its name.
    pub is_secret: bool,
}

/// A place that keeps a component's data, and what it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    pub name: String,
    /// The components that use it; none where nobody does.
    pub owners: Vec<String>,
    /// What it is on that platform: `volume`, `bind`, `claim`, `log`, `image`.
    pub kind: String,
    /// Where it is, for whoever looks by hand.
    pub path: Option<String>,
    /// Bytes that it takes.
    pub used: Option<u64>,
    /// Bytes that it can take: its own limit, or the disk that it is on.
    pub capacity: Option<u64>,
    /// Bytes that are still free there.
    pub free: Option<u64>,
}

/// What a platform says that has no such thing.
pub(crate) fn not_kept(target: &str, en: &str, es: &str) -> PlatformError {
    PlatformError::refused(format!("{target} tells no {en}"), format!("{target} no informa {es}"))
}
