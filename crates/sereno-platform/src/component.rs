//! A component as a platform shows it, whatever the platform.

use crate::workload::Workload;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sereno_model::Text;

/// Something that the platform runs under one name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Component {
    pub name: String,
    pub standing: Standing,
    /// Instances that do their work: running, and healthy where health is checked.
    pub ready: u32,
    /// Instances that there should be.
    pub desired: u32,
    /// The image's tag or digest, a release, whatever the platform knows it by.
    pub version: Option<String>,
    /// The components that have to run before it can.
    pub needs: Vec<String>,
    pub instances: Vec<Instance>,
    /// What is to be said of the whole of it, and of none of its instances.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Text>,
    /// The object behind it, on platforms that make and replace the instances themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<Workload>,
}

/// One running copy of a component, or what is left of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// What the platform knows it by.
    pub id: String,
    /// What people call it.
    pub name: String,
    pub state: InstanceState,
    /// The platform checks its health, so `Running` means healthy.
    pub checked: bool,
    pub started_at: Option<Timestamp>,
    /// How often the platform started it again by itself.
    pub restarts: u32,
    pub last_exit: Option<LastExit>,
    /// What its trouble is: the platform's own words, such as the output of a failing probe, or Sereno's.
    pub why: Option<Text>,
    pub usage: Option<Usage>,
    pub limits: Limits,
}

/// Where an instance stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstanceState {
    Running,
    /// Runs, and its health is not known yet.
    Starting,
    /// Runs, and its health check fails.
    Unhealthy,
    /// The platform starts it again and again.
    Restarting,
    Paused,
    Created,
    Exited,
    /// It is being taken away.
    Terminating,
    /// Nobody can tell: its machine does not answer.
    Unknown,
}

/// Where a component stands: the one word that a person looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// As many as there should be, all of them ready.
    Ok,
    /// Some are not ready yet, and nothing is wrong with them.
    Starting,
    /// Some do their work, others do not.
    Degraded,
    /// None does its work.
    Down,
    /// Stopped on purpose: there should be none.
    Stopped,
    /// It was to end, and ended well.
    Completed,
    /// Nobody can tell of any of its instances.
    Unknown,
}

/// How an instance ended last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastExit {
    pub code: Option<i64>,
    pub reason: ExitReason,
    pub at: Option<Timestamp>,
}

/// Why an instance ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitReason {
    /// By itself, with 0.
    Completed,
    /// By itself, with another code.
    Failed,
    /// The kernel ended it: it used more memory than it may.
    OomKilled,
    /// A signal ended it, by number.
    Signal(i32),
    /// It never started: the platform's own words.
    NotStarted(String),
}

/// What an instance uses now.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Thousandths of one processor; absent where one look is not enough to tell.
    pub cpu_millis: Option<u64>,
    /// Bytes, without the cache that the kernel can take back.
    pub memory: u64,
}

/// What an instance may use; absent where nothing limits it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub cpu_millis: Option<u64>,
    pub memory: Option<u64>,
}

impl Component {
    /// The component that these instances make up; `ends` says that it is one which ends by itself.
    pub fn of(name: String, desired: u32, version: Option<String>, instances: Vec<Instance>, ends: bool) -> Self {
        let ready = instances.iter().filter(|instance| instance.state == InstanceState::Running).count() as u32;
        let standing = standing(ready, desired, &instances, ends);
        let (needs, notes) = (Vec::new(), Vec::new());
        Self { name, standing, ready, desired, version, needs, instances, notes, workload: None }
    }

    /// Whether it runs, or comes to run by itself: what a stop has to stop.
    pub fn is_on(&self) -> bool {
        let is_alive = self.instances.iter().any(Instance::is_alive);
        is_alive || self.workload.as_ref().is_some_and(|workload| workload.on)
    }

    /// Marks by which a later look tells whether these very processes are still the ones that run.
    pub fn marks(&self) -> Vec<String> {
        self.instances.iter().filter(|instance| instance.is_alive()).map(Instance::mark).collect()
    }
}

fn standing(ready: u32, desired: u32, instances: &[Instance], ends: bool) -> Standing {
    let any = |state: InstanceState| instances.iter().any(|instance| instance.state == state);
    let ended_well = |i: &Instance| i.last_exit.as_ref().is_some_and(|exit| exit.reason == ExitReason::Completed);
    if ends && !instances.is_empty() && instances.iter().all(|i| i.state == InstanceState::Exited && ended_well(i)) {
        return Standing::Completed;
    }
    if !instances.is_empty() && instances.iter().all(|i| i.state == InstanceState::Unknown) {
        return Standing::Unknown;
    }
    let alive = instances.iter().filter(|instance| instance.runs()).count();
    match (ready, desired) {
        (_, 0) if alive == 0 && !any(InstanceState::Unknown) => Standing::Stopped,
        (ready, desired) if ready >= desired => Standing::Ok,
        _ if any(InstanceState::Starting) && !any(InstanceState::Unhealthy) && alive >= desired as usize => {
            Standing::Starting
        }
        (0, _) => Standing::Down,
        _ => Standing::Degraded,
    }
}

impl Instance {
    /// Whether a process of it is there.
    pub fn runs(&self) -> bool {
        matches!(
            self.state,
            InstanceState::Running | InstanceState::Starting | InstanceState::Unhealthy | InstanceState::Paused
        )
    }

    /// Whether a process of it is there, or the platform brings one back by itself.
    pub fn is_alive(&self) -> bool {
        self.runs() || matches!(self.state, InstanceState::Restarting | InstanceState::Terminating)
    }

    /// Its id and the moment of its start: another process under the same id has another mark. Of one that the platform
    /// starts again and again, the id alone.
    pub fn mark(&self) -> String {
        let id: String = self.id.chars().take(12).collect();
        match self.started_at {
            Some(at) if self.state != InstanceState::Restarting => format!("{id}@{at}"),
            _ => id,
        }
    }

    /// Whether this is what was seen under a mark.
    pub fn is_marked(&self, mark: &str) -> bool {
        let own = self.mark();
        own == mark || own.split('@').next() == Some(mark) || mark.split('@').next() == Some(own.as_str())
    }
}

impl Standing {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Starting => "starting",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Stopped => "stopped",
            Self::Completed => "completed",
            Self::Unknown => "unknown",
        }
    }

    pub fn text(self) -> Text {
        let es = match self {
            Self::Ok => "bien",
            Self::Starting => "iniciando",
            Self::Degraded => "degradado",
            Self::Down => "caído",
            Self::Stopped => "detenido",
            Self::Completed => "terminado",
            Self::Unknown => "no se sabe",
        };
        Text::new(self.as_str(), es)
    }

    /// Whether somebody has to look.
    pub fn is_trouble(self) -> bool {
        matches!(self, Self::Degraded | Self::Down | Self::Unknown)
    }
}

impl LastExit {
    /// `OOM killed (137)`, `exit 1`, `signal 9`.
    pub fn text(&self) -> Text {
        let code = self.code.map(|code| format!(" ({code})")).unwrap_or_default();
        match &self.reason {
            ExitReason::Completed => Text::new("ended well (0)", "terminó bien (0)"),
            ExitReason::Failed => {
                let code = self.code.map_or_else(|| "?".to_owned(), |code| code.to_string());
                Text::new(format!("exit code {code}"), format!("código de salida {code}"))
            }
            ExitReason::OomKilled => {
                Text::new(format!("killed: out of memory{code}"), format!("terminado por falta de memoria{code}"))
            }
            ExitReason::Signal(signal) => {
                Text::new(format!("ended by signal {signal}"), format!("terminado por la señal {signal}"))
            }
            ExitReason::NotStarted(why) => {
                Text::new(format!("could not start: {why}"), format!("no pudo iniciar: {why}"))
            }
        }
    }
}
