//! The object that stands behind a component, on platforms that make and replace the instances themselves.

use serde::{Deserialize, Serialize};
use sereno_model::Text;

/// What the platform keeps of a component apart from its instances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    pub kind: WorkloadKind,
    /// Its own name, which an object of another kind may have too.
    pub name: String,
    /// The container that does the work, beside those that help it.
    pub container: String,
    /// Instances of it are started, now or at their times.
    pub on: bool,
    /// What was last asked of it has been carried out.
    pub settled: bool,
    /// The releases of it that run, or that a stop has ended, newest first, where an act names one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub releases: Vec<String>,
    /// What keeps an act on it from having its effect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hindrances: Vec<Hindrance>,
    /// Instances that ought to be gone, and that nobody takes away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stuck: Vec<Stuck>,
}

/// An instance whose time to end is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stuck {
    pub name: String,
    pub id: String,
    /// Programs that have to agree before it may go, and have not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<String>,
}

/// The kinds of objects that have instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkloadKind {
    Deployment,
    StatefulSet,
    DaemonSet,
    CronJob,
    Job,
    /// A program that a hosting platform runs as often as it is told.
    Service,
    /// A database or a cache that a hosting platform keeps.
    Datastore,
    /// Files that a hosting platform serves: nothing of it runs.
    Site,
    /// Somebody else's: a pod of its own, or of a controller that Sereno does not know.
    Other,
}

/// A reason of the platform's own for which an act would not have its effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Hindrance {
    /// Its rollouts wait until somebody lets them go on.
    Paused,
    /// Its pods are replaced only when somebody deletes them.
    OnDelete,
    /// Only the pods from this number on are replaced.
    Partitioned { from: i32 },
    /// Another program decides how many there are.
    Autoscaled { by: String },
    /// It has a disk, which one instance alone can use.
    Disk,
    /// Its instances are spread over several regions, and nobody says in which of them there should be more.
    Spread { regions: Vec<String> },
}

impl WorkloadKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::StatefulSet => "statefulset",
            Self::DaemonSet => "daemonset",
            Self::CronJob => "cronjob",
            Self::Job => "job",
            Self::Service => "service",
            Self::Datastore => "datastore",
            Self::Site => "static site",
            Self::Other => "pod",
        }
    }

    /// Whether people say how many instances there should be.
    pub fn counts(self) -> bool {
        matches!(self, Self::Deployment | Self::StatefulSet | Self::Service)
    }

    /// With its article, as a sentence needs it.
    pub fn text(self) -> Text {
        match self {
            Self::Service => Text::new("a service", "un servicio"),
            Self::Datastore => Text::new("a datastore", "un almacén de datos"),
            Self::Site => Text::new("a static site", "un sitio estático"),
            kind => {
                let name = kind.as_str();
                Text::new(format!("a {name}"), format!("un {name}"))
            }
        }
    }
}
