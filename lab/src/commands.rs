//! What the command line does, for any system.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::cluster;
use crate::failure::{Doing, Failure, Result};
use crate::host::daemon::own_program;
use crate::host::env_file::EnvFile;
use crate::host::home::Home;
use crate::host::{compose, git, ports};
use crate::say::say;
use crate::stack::{Platform, Stack};
use crate::system::{Kind, System};

/// Present where the lab began the directory's git history, which makes it the lab's to change.
pub(crate) const OWN_HISTORY: &str = ".lab/own-history";

pub(crate) struct UpOptions {
    pub(crate) platform: Option<Platform>,
    pub(crate) port: Option<u16>,
    /// Which cluster, and where in it.
    pub(crate) kubeconfig: Option<PathBuf>,
    pub(crate) namespace: Option<String>,
}

pub(crate) fn up(system: &dyn System, dir: &Path, options: &UpOptions) -> Result<()> {
    let begun = std::time::Instant::now();
    let home = Home::create(dir, system.files())?;
    let _lock = home.lock()?;
    home.install(system.files())?;
    let recipe = format!("LAB ?= {}\n", own_program()?.display());
    fs::write(home.path(".lab/lab.mk"), recipe).doing(|| "writing .lab/lab.mk".to_owned())?;
    settle(system, &home, options)?;
    if git::begin(home.dir())? {
        let note = home.path(OWN_HISTORY);
        fs::write(&note, "").doing(|| format!("writing {}", note.display()))?;
    }
    system.prepare(&home)?;
    let stack = Stack::new(system, home)?;
    match stack.platform {
        Platform::Process => up_processes(&stack)?,
        Platform::Compose => up_containers(&stack)?,
        Platform::Kubernetes => cluster::up(&stack)?,
    }
    stack.await_health()?;
    say!(
        "{} is up in {:.1} s: http://localhost:{} ({})",
        system.name(),
        begun.elapsed().as_secs_f32(),
        stack.port("PORT")?,
        stack.home.dir().display()
    );
    Ok(())
}

/// Decides platform and ports once; later runs find them in `.env`.
fn settle(system: &dyn System, home: &Home, options: &UpOptions) -> Result<()> {
    let mut env = home.env()?;
    let fresh = env.get("LAB_PLATFORM").is_none();
    if !fresh
        && let Some(platform) = options.platform
        && env.get("LAB_PLATFORM") != Some(platform.name())
    {
        return Err(Failure::new(format!("this lab runs on another platform than {}", platform.name()))
            .hint(format!("`lab down {} --wipe` first, or another --dir", system.name())));
    }
    if fresh {
        ports::take_back(home.dir())?;
        env.note("# Written by `lab up`, which keeps what you change here.");
    }
    let platform = options.platform.unwrap_or(Platform::Process);
    if fresh && !system.platforms().contains(&platform) {
        let names: Vec<&str> = system.platforms().iter().map(|platform| platform.name()).collect();
        return Err(Failure::new(format!("{} does not live on {}", system.name(), platform.name()))
            .hint(format!("--platform {}", names.join(" or "))));
    }
    env.fill("LAB_PLATFORM", platform.name());
    let on_cluster = env.get("LAB_PLATFORM") == Some(Platform::Kubernetes.name());
    if on_cluster {
        settle_cluster(system, &mut env, options)?;
    }
    for component in system.components() {
        let (name, preferred) = match component.kind {
            // Pods have addresses of their own; users come through one port.
            Kind::Postgres | Kind::Redis if on_cluster => continue,
            Kind::Http => ("PORT", system.preferred_port()),
            Kind::Postgres => ("POSTGRES_PORT", 5433),
            Kind::Redis => ("REDIS_PORT", 6380),
            Kind::Worker => continue,
        };
        let wanted = options.port.filter(|_| component.kind == Kind::Http);
        if env.get(name).is_none() {
            let port = match wanted {
                Some(port) => ports::give_exactly(home.dir(), port)?,
                None => ports::give(home.dir(), preferred)?,
            };
            env.set(name, port.to_string());
        }
        let port = env.port(name)?;
        if wanted.is_some_and(|wanted| wanted != port) {
            return Err(Failure::new(format!("this lab has port {port} already"))
                .hint(format!("change {name} in {}", home.path(".env").display())));
        }
    }
    for (name, preferred) in system.ports() {
        if env.get(name).is_none() {
            env.set(name, ports::give(home.dir(), *preferred)?.to_string());
        }
    }
    system.settings(&mut env)?;
    env.write(&home.path(".env"))
}

fn settle_cluster(system: &dyn System, env: &mut EnvFile, options: &UpOptions) -> Result<()> {
    if let Some(file) = &options.kubeconfig {
        let what = || format!("kubeconfig {}", file.display());
        let file = fs::canonicalize(file).doing(what)?;
        env.fill("KUBECONFIG", file.to_string_lossy());
    }
    let default = system.manifests().map_or("default", |manifests| manifests.namespace);
    env.fill("NAMESPACE", options.namespace.as_deref().unwrap_or(default));
    if let Some(wanted) = options.namespace.as_deref()
        && env.get("NAMESPACE") != Some(wanted)
    {
        return Err(Failure::new(format!("this lab is in another namespace than {wanted}"))
            .hint(format!("`lab down {} --wipe` first, or another --dir", system.name())));
    }
    Ok(())
}

fn up_processes(stack: &Stack<'_>) -> Result<()> {
    refuse_taken_ports(stack)?;
    let all = stack.components();
    let stores = |kind| matches!(kind, Kind::Postgres | Kind::Redis);
    for first in [true, false] {
        // All of a group start at once, and then each is awaited.
        let group: Vec<_> = all.iter().filter(|component| stores(component.kind) == first).collect();
        let mut begun = Vec::new();
        for component in group {
            begun.push((component, stack.begin(component)?));
        }
        for (component, starting) in begun {
            stack.finish(component, starting)?;
        }
        if first {
            stack.system.migrate(stack)?;
        }
    }
    Ok(())
}

fn refuse_taken_ports(stack: &Stack<'_>) -> Result<()> {
    for component in stack.components() {
        let name = match component.kind {
            Kind::Http => "PORT",
            Kind::Postgres => "POSTGRES_PORT",
            Kind::Redis => "REDIS_PORT",
            Kind::Worker => continue,
        };
        let port = stack.port(name)?;
        if !stack.is_running(component)? && !ports::is_free(port) {
            return Err(Failure::new(format!("{}: port {port} is held by another process", component.name))
                .hint(format!("free it, or change {name} in {}", stack.home.path(".env").display())));
        }
    }
    Ok(())
}

fn up_containers(stack: &Stack<'_>) -> Result<()> {
    compose::engine()?;
    let bin = stack.home.path("bin");
    fs::create_dir_all(&bin).doing(|| format!("creating {}", bin.display()))?;
    let program = own_program()?;
    fs::copy(&program, bin.join("lab")).doing(|| format!("copying {}", program.display()))?;
    stack.compose().build_base(stack.system.base_image())?;
    stack.compose().run(&["build"])?;
    stack.compose().run(&["up", "-d"])?;
    for component in stack.components() {
        stack.await_container(component)?;
    }
    stack.system.migrate(stack)
}

pub(crate) fn down(stack: &Stack<'_>, wipe: bool) -> Result<()> {
    let _lock = stack.home.lock()?;
    stack.system.before_down(stack)?;
    match stack.platform {
        Platform::Compose if wipe => stack.compose().wipe(stack.env.get("COMPOSE_PROJECT_NAME"))?,
        Platform::Compose => stack.compose().run(&["down"]).map(|_| ())?,
        Platform::Kubernetes => cluster::down(stack, wipe)?,
        Platform::Process => {
            for component in stack.components().iter().rev() {
                stack.stop(component)?;
            }
        }
    }
    if wipe {
        stack.home.uninstall()?;
        let history = stack.home.path(OWN_HISTORY).exists().then_some(".git");
        let ours = ["pg", "redis", "volumes", "logs", "run", "bin", "releases", "current", ".env", ".lab"];
        for name in history.into_iter().chain(ours).chain(stack.system.leftovers().iter().copied()) {
            let path = stack.home.path(name);
            // A link goes by itself, not with what it names.
            let gone =
                if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            match gone {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Failure::new(format!("removing {}: {error}", path.display())));
                }
                _ => {}
            }
        }
    }
    say!("{} is down", stack.system.name());
    Ok(())
}

/// Says whether all components run.
pub(crate) fn status(stack: &Stack<'_>, as_json: bool) -> Result<bool> {
    let mut all_run = true;
    let mut rows = Vec::new();
    for component in stack.components() {
        let running = stack.is_running(component)?;
        all_run &= running;
        let detail = stack.describe(component)?.unwrap_or_default();
        rows.push((component.name, running, detail));
    }
    if as_json {
        let components: Vec<_> = rows
            .iter()
            .map(|(name, running, detail)| json!({"name": name, "running": running, "detail": detail}))
            .collect();
        say!(
            "{}",
            json!({
                "system": stack.system.name(),
                "directory": stack.home.dir(),
                "platform": stack.platform.name(),
                "port": stack.port("PORT")?,
                "components": components,
            })
        );
    } else {
        say!("{} ({}, {})", stack.system.name(), stack.platform.name(), stack.home.dir().display());
        for (name, running, detail) in rows {
            say!("  {name:<10} {:<8} {detail}", if running { "running" } else { "stopped" });
        }
    }
    Ok(all_run)
}

pub(crate) fn start(stack: &Stack<'_>, name: &str) -> Result<()> {
    let _lock = stack.home.lock()?;
    stack.start(stack.component(name)?)?;
    say!("{name} is running");
    Ok(())
}

pub(crate) fn stop(stack: &Stack<'_>, name: &str) -> Result<()> {
    let _lock = stack.home.lock()?;
    let ran = stack.stop(stack.component(name)?)?;
    say!("{name} {}", if ran { "has stopped" } else { "was not running" });
    Ok(())
}

pub(crate) fn restart(stack: &Stack<'_>, name: &str) -> Result<()> {
    let _lock = stack.home.lock()?;
    let component = stack.component(name)?;
    stack.stop(component)?;
    stack.start(component)?;
    say!("{name} has restarted");
    Ok(())
}
