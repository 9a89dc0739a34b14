//! One interface over the places where components live: Docker Compose, Kubernetes, systemd and pm2 here or over SSH, Render,
//! Railway, and processes of Sereno's own.
//!
//! What is asked of a platform is data first ([`Call`]): the same value is shown in a plan, held in a test's snapshot and
//! carried out. Reading what a platform answers is pure, so that every odd state has a test without the real thing; talking
//! to it is kept in a few thin functions. Nothing is remembered here between two questions.

pub mod call;
pub mod component;
pub mod compose;
mod disk;
pub mod error;
pub mod exec;
mod file;
pub mod host;
pub mod kubernetes;
pub mod log;
pub mod look;
pub mod merge;
pub mod page;
pub mod pm2;
pub mod process;
pub mod railway;
pub mod render;
pub mod systemd;
mod tar;
pub mod web;
pub mod workload;

pub use call::{Act, Call};
pub use component::{Component, ExitReason, Instance, InstanceState, LastExit, Limits, Standing, Usage};
pub use error::PlatformError;
pub use exec::{Keyboard, Program, Said, Wires};
pub use log::{LogLine, LogWanted};
pub use look::{Event, Variable, Version, Volume};
pub use page::Routes;
pub use workload::{Stuck, Workload, WorkloadKind};

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

    /// Whether it makes and replaces the instances of a component itself, by others with other names: then a restart is one
    /// act on the whole component, and its instances do not outlive a stop.
    fn replaces(&self) -> bool {
        false
    }

    /// Every component, declared or found, in the order of the declaration.
    fn components(&self, detail: Detail) -> Pending<'_, Vec<Component>>;

    /// Whether instances come and go by themselves or by others' hands, so that whoever follows them looks again.
    fn instances_change(&self) -> bool {
        true
    }

    /// How many instances the settings declare of a component that Sereno itself runs: such a one can be brought up and taken
    /// down, and what is started of it is started as it is declared now. `None` on the other platforms.
    fn declared(&self, _component: &str) -> Option<u32> {
        None
    }

    /// The services that files declare and that this platform makes of them when it is asked to ([`Act::Make`]); `None` where
    /// it makes nothing of files.
    fn makes(&self) -> Pending<'_, Option<Vec<String>>> {
        Box::pin(async { Ok(None) })
    }

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

    /// What happened lately, oldest first: to these components, and to the place itself.
    fn events<'a>(&'a self, _components: &'a [Component]) -> Pending<'a, Vec<Event>> {
        Box::pin(async move { Err(look::not_kept(&self.target(), "events", "eventos")) })
    }

    /// The versions of a component that one could still go back to, newest first.
    fn versions<'a>(&'a self, _component: &'a Component) -> Pending<'a, Vec<Version>> {
        Box::pin(async move { Err(look::not_kept(&self.target(), "versions", "versiones")) })
    }

    /// The environment that a component is given, in clear, in the order of the names.
    fn environment<'a>(&'a self, _component: &'a Component) -> Pending<'a, Vec<Variable>> {
        Box::pin(async move { Err(look::not_kept(&self.target(), "environment", "el entorno")) })
    }

    /// What a secret of the platform's own holds, in clear, in the order of the names.
    fn secret<'a>(&'a self, _name: &'a str) -> Pending<'a, Vec<Variable>> {
        Box::pin(async move { Err(look::not_kept(&self.target(), "secrets", "secretos")) })
    }

    /// Runs a small program where the files of an instance are, inside of it or on its machine, and gives its exit code. No
    /// shell reads its words.
    fn run_at<'a>(&'a self, component: &'a Component, instance: &'a Instance, argv: &'a [String]) -> Pending<'a, i32> {
        Box::pin(async move {
            let call = self.exec_call(component, instance, &Program { argv: argv.to_vec(), terminal: false })?;
            let (output, mut said) = mpsc::channel(16);
            let ended = self.exec(&call, Wires { output, keyboard: None });
            let heard = async { while said.recv().await.is_some() {} };
            tokio::join!(ended, heard).0
        })
    }

    /// Where an ingress sends what comes to it, and the version of it that was looked at.
    fn routes<'a>(&'a self, ingress: &'a str) -> Pending<'a, (Routes, String)> {
        Box::pin(async move { Err(page::no_ingress_here(&self.target(), ingress)) })
    }

    /// The call that has an ingress send it elsewhere, if it still is of the version that was looked at.
    fn route_call(&self, ingress: &str, _version: &str, _to: &Routes) -> Result<Call, PlatformError> {
        Err(page::no_ingress_here(&self.target(), ingress))
    }

    /// What keeps the data of these components, and what nobody uses any more, with the space that each takes.
    fn volumes<'a>(&'a self, _components: &'a [Component]) -> Pending<'a, Vec<Volume>> {
        Box::pin(async move { Err(look::not_kept(&self.target(), "volumes", "volúmenes")) })
    }

    /// Sends the content of one file of an instance, whole and in order.
    fn copy_out<'a>(
        &'a self,
        _component: &'a Component,
        _instance: &'a Instance,
        _path: &'a str,
        _to: mpsc::Sender<Vec<u8>>,
    ) -> Pending<'a, ()> {
        Box::pin(async move { Err(look::not_kept(&self.target(), "files", "archivos")) })
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

/// The refusal of a platform on which an instance that was ended is gone.
pub fn nothing_sticks(platform: &str) -> PlatformError {
    PlatformError::refused(
        format!("on {platform} nothing gets stuck while it ends: there is nothing to take away"),
        format!("en {platform} nada queda atascado al terminar: no hay nada que quitar"),
    )
}

/// The refusal of a platform that makes nothing of files.
pub fn nothing_made(platform: &str) -> PlatformError {
    PlatformError::refused(
        format!("{platform} has nothing to make a component of"),
        format!("{platform} no tiene de qué crear un componente"),
    )
}
