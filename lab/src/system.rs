//! What a system of the lab is: components, files, faults, and what makes it ready.
//!
//! Each system lives in `systems/<name>/` (code) and `lab/systems/<name>/` (its files) and is listed once,
//! in [`crate::systems::all`].

use crate::breaking::Given;
use crate::cluster::Manifests;
use crate::failure::Result;
use crate::host::daemon::Daemon;
use crate::host::env_file::EnvFile;
use crate::host::home::{Home, SystemFile};
use crate::load::{Ask, LoadOptions};
use crate::stack::{Platform, Stack};

pub(crate) trait System: Sync {
    fn name(&self) -> &'static str;

    fn summary(&self) -> &'static str;

    /// In the order in which they start; they stop in the opposite order.
    fn components(&self) -> &'static [Component];

    /// Those that it has as containers, where they are others.
    fn containers(&self) -> &'static [Component] {
        self.components()
    }

    /// The ports that it needs beside those of its components' kinds: the name in `.env`, and the preferred number.
    fn ports(&self) -> &'static [(&'static str, u16)] {
        &[]
    }

    /// Where its API answers when that port is free.
    fn preferred_port(&self) -> u16 {
        3000
    }

    /// Where it can live; the first is taken when nobody says.
    fn platforms(&self) -> &'static [Platform];

    /// What it brings along for Kubernetes, if it lives there.
    fn manifests(&self) -> Option<&'static Manifests> {
        None
    }

    /// What an operator of this system finds in its directory.
    fn files(&self) -> &'static [SystemFile];

    fn faults(&self) -> &'static [Fault];

    /// Fills in what `.env` does not say yet. Ports are chosen already.
    fn settings(&self, env: &mut EnvFile) -> Result<()>;

    /// What must be there before anything starts, beyond files and `.env`.
    fn prepare(&self, _home: &Home) -> Result<()> {
        Ok(())
    }

    /// Its images' common part, under a name that outlives each lab's own image.
    fn base_image(&self) -> &'static str {
        "lab-base:bookworm"
    }

    /// Files beyond the usual ones that go when the lab is wiped.
    fn leftovers(&self) -> &'static [&'static str] {
        &[]
    }

    /// How one of its processes starts, where that is not this program.
    fn daemon(&self, _stack: &Stack<'_>, _component: &str) -> Result<Option<Daemon>> {
        Ok(None)
    }

    /// Brings databases to the current shape; runs when they answer and before the rest starts.
    fn migrate(&self, stack: &Stack<'_>) -> Result<()>;

    /// Whether the whole system is healthy, as it says itself.
    fn is_healthy(&self, env: &EnvFile) -> Result<bool>;

    /// Ends what a fault keeps running, which must not outlive the lab. Other faults stay as they are.
    fn before_down(&self, stack: &Stack<'_>) -> Result<()>;

    /// What the users of this system ask, one after the other.
    fn ask(&self, options: &LoadOptions, number: u64) -> Ask;

    /// Serves one of the components that are ours, until it is told to stop.
    fn serve(&self, role: &str) -> Result<()>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    Redis,
    /// Ours, answering HTTP on `PORT`.
    Http,
    /// Ours, answering nobody.
    Worker,
}

#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// Something that can be broken on purpose, and mended.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// What an operator will see.
    pub(crate) symptom: &'static str,
    /// Where it can be made.
    pub(crate) on: &'static [Platform],
    pub(crate) act: Act,
}

pub(crate) type Deed = fn(&Stack<'_>) -> Result<()>;

pub(crate) type TunedDeed = fn(&Stack<'_>, &Given) -> Result<()>;

pub(crate) enum Act {
    /// The component stops, and starts again.
    Stop(&'static str),
    /// Something of the system's own, each with its way back. Both may run twice.
    Own { inject: Deed, mend: Deed },
    /// The same, of what whoever breaks it may choose.
    Tuned { parameters: &'static [Parameter], inject: TunedDeed, mend: TunedDeed },
}

impl Fault {
    pub(crate) fn parameters(&self) -> &'static [Parameter] {
        match self.act {
            Act::Tuned { parameters, .. } => parameters,
            Act::Stop(_) | Act::Own { .. } => &[],
        }
    }
}

/// What can be chosen of a fault: which service, which tenant, how much.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// What it is when nobody says, and no seed chooses.
    pub(crate) usual: &'static str,
    pub(crate) takes: Takes,
}

pub(crate) enum Takes {
    Number { least: u64, most: u64 },
    OneOf(&'static [&'static str]),
}
