//! One interface over the places where components live: Docker Compose, and systemd here or over SSH.
//!
//! What is asked of a platform is data first ([`Call`]): the same value is shown in a plan, held in a test's snapshot and
//! carried out. Reading what a platform answers is pure, so that every odd state has a test without the real thing; talking
//! to it is kept in a few thin functions. Nothing is remembered here between two questions.

pub mod call;
pub mod component;
pub mod compose;
pub mod error;
pub mod exec;
pub mod host;
pub mod log;
pub mod merge;
pub mod systemd;

pub use call::{Act, Call};
pub use component::{Component, ExitReason, Instance, InstanceState, LastExit, Limits, Standing, Usage};
pub use error::PlatformError;
pub use exec::{Keyboard, Program, Said, Wires};
pub use log::{LogLine, LogWanted};

use std::pin::Pin;
use tokio::sync::mpsc;

/// An answer that is still to come.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, PlatformError>> + Send + 'a>>;

/// Where the components of one system live.
pub trait Platform: Send + Sync {
    /// What is operated, as people call it: `compose:pedidos`.
    fn target(&self) -> String;

    /// The same with what tells it from another place of that name, such as the engine's own id: a plan is bound to it.
    fn place(&self) -> Pending<'_, String>;

    /// The digest of what new instances are made of, where that lies in files; `None` where the platform keeps it.
    fn definition(&self) -> Pending<'_, Option<String>>;

    /// Every component, declared or found, in the order of the declaration.
    fn components(&self, detail: Detail) -> Pending<'_, Vec<Component>>;

    /// The calls that carry an act out on a component as it was seen, in order; each may wait for the one before.
    fn calls(&self, act: &Act, component: &Component) -> Result<Vec<Call>, PlatformError>;

    /// Does one thing.
    fn perform<'a>(&'a self, call: &'a Call) -> Pending<'a, ()>;

    /// Sends the lines of one instance, in their order, until there are no more or nobody listens.
    fn logs<'a>(
        &'a self,
        component: &'a Component,
        instance: &'a Instance,
        wanted: &'a LogWanted,
        to: mpsc::Sender<LogLine>,
    ) -> Pending<'a, ()>;

    /// The call that runs a program inside an instance. A platform that cannot says so, while the plan is made.
    fn exec_call(
        &self,
        component: &Component,
        _instance: &Instance,
        _program: &Program,
    ) -> Result<Call, PlatformError> {
        Err(exec::not_here(&self.target(), &component.name))
    }

    /// Makes such a call and gives the program's exit code, 128 and the signal where one ended it. After
    /// [`PlatformError::Cut`] the program may have run, and may run still; after any other error it never began.
    fn exec<'a>(&'a self, call: &'a Call, _wires: Wires) -> Pending<'a, i32> {
        Box::pin(async move { Err(exec::not_here(&self.target(), &call.to_string())) })
    }
}

/// How much is asked of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// States only.
    State,
    /// Processor and memory too.
    Usage,
}

/// The component of a name, or those whose names are nearest.
pub fn find<'c>(components: &'c [Component], name: &str) -> Result<&'c Component, PlatformError> {
    components.iter().find(|component| component.name == name).ok_or_else(|| {
        let mut names: Vec<(usize, &str)> = components
            .iter()
            .map(|component| (strsim::damerau_levenshtein(&component.name, name), component.name.as_str()))
            .collect();
        names.sort_unstable();
        let near: Vec<String> =
            names.iter().filter(|(distance, _)| *distance <= 2).map(|(_, name)| (*name).to_owned()).collect();
        PlatformError::NoSuchComponent {
            name: name.to_owned(),
            known: if near.is_empty() { components.iter().map(|c| c.name.clone()).collect() } else { near },
        }
    })
}
