//! The components of one lab, started and stopped alike on any platform.

use std::process::Child;
use std::time::Duration;

use rustix::process::Signal;

use crate::cluster::{self, Kube, Manifests};
use crate::failure::{Failure, Result};
use crate::host::compose::Compose;
use crate::host::daemon::{Daemon, own_program};
use crate::host::env_file::EnvFile;
use crate::host::home::Home;
use crate::host::postgres::Postgres;
use crate::host::redis::Redis;
use crate::host::{http, wait};
use crate::system::{Component, Kind, System};

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Platform {
    Process,
    Compose,
    Kubernetes,
}

impl Platform {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Compose => "compose",
            Self::Kubernetes => "kubernetes",
        }
    }
}

pub(crate) struct Stack<'s> {
    pub(crate) system: &'s dyn System,
    pub(crate) home: Home,
    pub(crate) env: EnvFile,
    pub(crate) platform: Platform,
}

/// A component that was started and may not be ready yet.
pub(crate) struct Starting {
    daemon: Option<Daemon>,
    child: Option<Child>,
}

impl<'s> Stack<'s> {
    pub(crate) fn new(system: &'s dyn System, home: Home) -> Result<Self> {
        let env = home.env()?;
        let platform = match env.get("LAB_PLATFORM") {
            Some("compose") => Platform::Compose,
            Some("process") => Platform::Process,
            Some("kubernetes") => Platform::Kubernetes,
            Some(other) => {
                return Err(Failure::new(format!("LAB_PLATFORM={other} in .env is not a platform"))
                    .hint("process, compose or kubernetes"));
            }
            None => {
                return Err(Failure::new(format!("there is no lab in {}", home.dir().display()))
                    .hint(format!("lab up {} --dir DIR", system.name())));
            }
        };
        Ok(Self { system, home, env, platform })
    }

    pub(crate) fn components(&self) -> &'static [Component] {
        if self.platform == Platform::Compose { self.system.containers() } else { self.system.components() }
    }

    pub(crate) fn component(&self, name: &str) -> Result<&'static Component> {
        let all = self.components();
        all.iter().find(|component| component.name == name).ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|component| component.name).collect();
            Failure::new(format!("{} has no component {name}", self.system.name()))
                .hint(format!("one of {}", names.join(", ")))
        })
    }

    /// Starts it if it does not run and returns when it is ready.
    pub(crate) fn start(&self, component: &Component) -> Result<()> {
        let starting = self.begin(component)?;
        self.finish(component, starting)
    }

    pub(crate) fn begin(&self, component: &Component) -> Result<Starting> {
        if self.platform == Platform::Compose {
            self.compose().run(&["up", "-d", "--no-deps", component.name])?;
            return Ok(Starting { daemon: None, child: None });
        }
        if self.platform == Platform::Kubernetes {
            // Its file says how many there are to be.
            cluster::apply(self, &self.manifest_of(component)?)?;
            return Ok(Starting { daemon: None, child: None });
        }
        match component.kind {
            Kind::Postgres => {
                self.postgres()?.prepare(&self.home)?;
            }
            Kind::Redis => self.redis()?.prepare(&self.home)?,
            Kind::Http | Kind::Worker => {}
        }
        let daemon = self.daemon(component)?;
        let child = daemon.start()?;
        Ok(Starting { daemon: Some(daemon), child })
    }

    pub(crate) fn finish(&self, component: &Component, starting: Starting) -> Result<()> {
        if self.platform == Platform::Kubernetes {
            return self.kube()?.await_rollout(component.name);
        }
        let Some(daemon) = starting.daemon else {
            return self.await_container(component);
        };
        // Each says its own pid: whoever else may listen on the port is not taken for it.
        daemon.await_ready(starting.child, || {
            let Some(pid) = daemon.pid() else {
                return false;
            };
            match component.kind {
                Kind::Postgres => self.postgres().is_ok_and(|postgres| postgres.is_ready_as(&self.home, pid)),
                Kind::Redis => self.redis().is_ok_and(|redis| redis.is_ready_as(pid)),
                // It answers; whether what it depends on is well is another question.
                Kind::Http => self.answers_as(pid),
                Kind::Worker => true,
            }
        })?;
        if component.kind == Kind::Postgres {
            self.postgres()?.create_database()?;
        }
        Ok(())
    }

    pub(crate) fn await_container(&self, component: &Component) -> Result<()> {
        wait::slowly(&format!("container {} is ready", component.name), Duration::from_mins(2), || {
            let state = self.compose().state(component.name)?;
            Ok(matches!(state.as_deref(), Some("running healthy" | "running none")))
        })
    }

    fn answers_as(&self, pid: u32) -> bool {
        let Ok(answer) = self.port("PORT").and_then(|port| http::get(port, "/health")) else {
            return false;
        };
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
        body.get("pid").and_then(serde_json::Value::as_u64) == Some(u64::from(pid))
    }

    /// Stops it and returns when it is really gone; says whether it ran.
    pub(crate) fn stop(&self, component: &Component) -> Result<bool> {
        if self.platform == Platform::Compose {
            let ran = self.is_running(component)?;
            self.compose().run(&["stop", "-t", "5", component.name])?;
            return Ok(ran);
        }
        if self.platform == Platform::Kubernetes {
            return self.kube()?.scale_to_zero(component.name);
        }
        let ran = self.daemon(component)?.stop()?;
        match component.kind {
            Kind::Postgres if ran => self.postgres()?.await_down()?,
            Kind::Redis if ran => self.redis()?.await_down()?,
            _ => {}
        }
        Ok(ran)
    }

    pub(crate) fn is_running(&self, component: &Component) -> Result<bool> {
        match self.platform {
            Platform::Compose => {
                Ok(self.compose().state(component.name)?.is_some_and(|state| state.starts_with("running")))
            }
            Platform::Process => Ok(self.daemon(component)?.pid().is_some()),
            Platform::Kubernetes => Ok(self.kube()?.ready(component.name)?.is_some_and(|(ready, _)| ready > 0)),
        }
    }

    /// What `lab status` shows: a pid, a container's state, or how many pods are ready.
    pub(crate) fn describe(&self, component: &Component) -> Result<Option<String>> {
        match self.platform {
            Platform::Compose => self.compose().state(component.name),
            Platform::Process => Ok(self.daemon(component)?.pid().map(|pid| format!("pid {pid}"))),
            Platform::Kubernetes => {
                Ok(self.kube()?.ready(component.name)?.map(|(ready, wanted)| format!("{ready}/{wanted} ready")))
            }
        }
    }

    pub(crate) fn await_health(&self) -> Result<()> {
        let what = format!("{} is healthy", self.system.name());
        wait::until(&what, Duration::from_mins(1), || self.system.is_healthy(&self.env))
    }

    pub(crate) fn port(&self, name: &str) -> Result<u16> {
        self.env.port(name)
    }

    pub(crate) fn compose(&self) -> Compose<'_> {
        Compose { dir: self.home.dir() }
    }

    pub(crate) fn kube(&self) -> Result<Kube> {
        Kube::of(&self.env)
    }

    pub(crate) fn manifests(&self) -> Result<&'static Manifests> {
        self.system.manifests().ok_or_else(|| Failure::new(format!("{} has no manifests", self.system.name())))
    }

    fn manifest_of(&self, component: &Component) -> Result<String> {
        let name = format!("k8s/{}.yaml", component.name);
        let found = self.manifests()?.files.iter().find(|file| **file == name);
        found.map(|file| (*file).to_owned()).ok_or_else(|| Failure::new(format!("there is no {name}")))
    }

    pub(crate) fn redis(&self) -> Result<Redis> {
        Ok(Redis { port: self.port("REDIS_PORT")? })
    }

    fn postgres(&self) -> Result<Postgres> {
        let text = |name: &str| {
            let value = self.env.get(name).map(str::to_owned);
            value.ok_or_else(|| Failure::new(format!("{name} is not set in .env")))
        };
        Ok(Postgres {
            port: self.port("POSTGRES_PORT")?,
            user: text("POSTGRES_USER")?,
            password: text("POSTGRES_PASSWORD")?,
            database: text("POSTGRES_DB")?,
        })
    }

    pub(crate) fn daemon(&self, component: &Component) -> Result<Daemon> {
        match component.kind {
            Kind::Postgres => self.postgres()?.daemon(&self.home),
            Kind::Redis => Redis::daemon(&self.home),
            Kind::Http | Kind::Worker => match self.system.daemon(self, component.name)? {
                Some(daemon) => Ok(daemon),
                None => self.own_daemon(component.name, &["serve", self.system.name(), component.name]),
            },
        }
    }

    /// A daemon that is this very program with other arguments.
    pub(crate) fn own_daemon(&self, name: &str, arguments: &[&str]) -> Result<Daemon> {
        Ok(Daemon {
            name: name.to_owned(),
            program: own_program()?,
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
            environment: self.env.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            account: None,
            directory: self.home.dir().to_path_buf(),
            log: self.home.path(&format!("logs/{name}.log")),
            pid_file: self.home.path(&format!("run/{name}.pid")),
            own_pid_file: None,
            stop_signal: Signal::TERM,
        })
    }
}
