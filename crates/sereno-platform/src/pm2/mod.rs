//! pm2, on this machine or on several over SSH: a component is an app, an instance is one of its processes.

mod given;
mod logs;
mod read;

use crate::host::{self, Host};
use crate::{
    Act, Call, Component, Detail, Instance, InstanceState, Limits, LogLine, LogWanted, Pending, Platform,
    PlatformError, Standing, Variable, Version, Volume,
};
use futures_util::future::join_all;
use read::Process;
use sereno_model::Text;
use tokio::sync::mpsc;

/// The apps of pm2 on each of some machines, as the user who is reached there has them.
#[derive(Debug)]
pub struct Pm2 {
    hosts: Vec<Host>,
    /// Only these; all that there are when none is named.
    apps: Vec<String>,
}

impl Pm2 {
    /// At least one machine.
    pub fn new(hosts: Vec<Host>, apps: &[String]) -> Result<Self, PlatformError> {
        let odd = |name: &&String| name.is_empty() || name.starts_with('-') || name.contains(char::is_control);
        if let Some(name) = apps.iter().find(odd) {
            return Err(PlatformError::refused(
                format!("`{name}` is not the name of an app"),
                format!("`{name}` no es el nombre de una app"),
            ));
        }
        Ok(Self { hosts, apps: apps.to_vec() })
    }

    async fn look(&self, host: &Host) -> Result<Vec<Process>, PlatformError> {
        let all = read::processes(&host.output(&["pm2", "jlist"]).await?, host::shown(&self.hosts, host))?;
        let wanted = |process: &Process| self.apps.is_empty() || self.apps.contains(&process.app);
        Ok(all.into_iter().filter(wanted).collect())
    }

    async fn everywhere(&self) -> Result<Vec<Component>, PlatformError> {
        let looks = join_all(self.hosts.iter().map(|host| self.look(host))).await;
        if looks.iter().all(Result::is_err) {
            return looks.into_iter().find_map(Result::err).map_or(Ok(Vec::new()), Err);
        }
        let mut silent = Vec::new();
        let mut processes = Vec::new();
        for (host, look) in self.hosts.iter().zip(looks) {
            match look {
                Ok(found) => processes.extend(found),
                Err(error) => silent.push((host::shown(&self.hosts, host), error.text())),
            }
        }
        Ok(components(&self.apps, &processes, &silent))
    }
}

impl Platform for Pm2 {
    fn target(&self) -> String {
        format!("pm2:{}", host::names(&self.hosts))
    }

    fn place(&self) -> Pending<'_, String> {
        Box::pin(async move { Ok(format!("pm2:{}", host::all_reached(&self.hosts).await?)) })
    }

    fn definition(&self) -> Pending<'_, Option<String>> {
        Box::pin(async { Ok(None) })
    }

    fn components(&self, _: Detail) -> Pending<'_, Vec<Component>> {
        Box::pin(self.everywhere())
    }

    fn calls(&self, act: &Act, component: &Component) -> Result<Vec<Call>, PlatformError> {
        let verb = |verb: &'static str, wanted: &dyn Fn(&Instance) -> bool| {
            let wanted = component.instances.iter().filter(|instance| wanted(instance));
            let places = wanted.filter_map(|instance| Some((host::of(&self.hosts, instance)?, &instance.id)));
            places.map(|(host, id)| call(host, &["pm2", verb, id])).collect::<Vec<_>>()
        };
        let name = &component.name;
        match act {
            Act::Restart { instances } => Ok(verb("restart", &|i| instances.is_empty() || instances.contains(&i.name))),
            Act::Stop => Ok(verb("stop", &Instance::is_alive)),
            // `start` would begin a program of that name; `restart` starts what is stopped.
            Act::Start { instances, .. } => Ok(verb("restart", &|i| instances.contains(&i.name))),
            Act::Scale { replicas: 0 } => Err(PlatformError::Refused {
                en: format!("pm2 forgets an app that is scaled to 0: `{name}` could not be started again"),
                es: format!("pm2 olvida una app escalada a 0: `{name}` no se podría volver a iniciar"),
                hint: Some(Box::new(Text::same(format!("sereno stop {name}")))),
            }),
            Act::Scale { replicas } => match self.hosts.as_slice() {
                [host] => Ok(vec![call(host, &["pm2", "scale", name, &replicas.to_string()])]),
                _ => Err(PlatformError::refused(
                    "pm2 scales an app on one machine, and there are several: with settings that name one, it can be scaled",
                    "pm2 escala una app en una máquina, y hay varias: con una configuración que nombre una, se puede escalar",
                )),
            },
            Act::Remove { .. } => Err(crate::nothing_sticks("pm2")),
            Act::Make { .. } => Err(crate::nothing_made("pm2")),
            Act::Limit { .. } => Err(PlatformError::Refused {
                en: "pm2 limits nothing: it restarts an app that uses more memory than it may".to_owned(),
                es: "pm2 no limita nada: reinicia una app que usa más memoria de la que puede".to_owned(),
                hint: Some(Box::new(Text::same(format!("pm2 restart {name} --max-memory-restart 300M")))),
            }),
        }
    }

    fn perform<'a>(&'a self, call: &'a Call) -> Pending<'a, ()> {
        Box::pin(async move {
            match call {
                Call::Program { argv, .. } => host::run(argv).await.map(drop),
                _ => Err(PlatformError::refused("not a call of pm2", "no es una llamada de pm2")),
            }
        })
    }

    fn logs<'a>(
        &'a self,
        component: &'a Component,
        instance: &'a Instance,
        wanted: &'a LogWanted,
        to: mpsc::Sender<LogLine>,
    ) -> Pending<'a, ()> {
        Box::pin(async move {
            let Some(host) = host::of(&self.hosts, instance) else { return Ok(()) };
            let files = logs::files(&self.look(host).await?, &component.name, instance);
            logs::stream(host, &files, &component.name, &instance.name, wanted, to).await
        })
    }

    fn versions<'a>(&'a self, component: &'a Component) -> Pending<'a, Vec<Version>> {
        Box::pin(given::versions(self, component))
    }

    fn environment<'a>(&'a self, component: &'a Component) -> Pending<'a, Vec<Variable>> {
        Box::pin(given::environment(self, component))
    }

    fn volumes<'a>(&'a self, components: &'a [Component]) -> Pending<'a, Vec<Volume>> {
        Box::pin(given::volumes(self, components))
    }

    fn copy_out<'a>(
        &'a self,
        _: &'a Component,
        instance: &'a Instance,
        path: &'a str,
        to: mpsc::Sender<Vec<u8>>,
    ) -> Pending<'a, ()> {
        Box::pin(given::copy(self, instance, path, to))
    }
}

/// The apps that were named, in that order, else those that were found; of a machine that does not answer, one instance of
/// each, of which nothing is known.
fn components(wanted: &[String], processes: &[Process], silent: &[(&str, Text)]) -> Vec<Component> {
    let mut names: Vec<String> = wanted.to_vec();
    for process in processes {
        if !names.contains(&process.app) {
            names.push(process.app.clone());
        }
    }
    let component = |name: String| {
        let own: Vec<&Process> = processes.iter().filter(|process| process.app == name).collect();
        let version = own.iter().find_map(|process| process.version.clone());
        let desired = own.iter().filter(|process| !process.is_stopped).count() + silent.len();
        let mut instances: Vec<Instance> = own.iter().map(|process| process.instance.clone()).collect();
        instances.extend(silent.iter().map(|(host, why)| not_known(&name, host, why)));
        // One that was named and that pm2 does not know should be there.
        let desired = if instances.is_empty() { 1 } else { desired as u32 };
        let mut component = Component::of(name, desired, version, instances, false);
        if component.desired == 0 && !component.instances.iter().any(Instance::runs) {
            component.standing = Standing::Stopped;
        }
        component
    };
    names.into_iter().map(component).collect()
}

fn not_known(app: &str, host: &str, why: &Text) -> Instance {
    Instance {
        id: String::new(),
        name: format!("{app}@{host}"),
        state: InstanceState::Unknown,
        checked: false,
        started_at: None,
        restarts: 0,
        last_exit: None,
        why: Some(why.clone()),
        usage: None,
        limits: Limits::default(),
    }
}

fn call(host: &Host, program: &[&str]) -> Call {
    Call::Program { argv: host.changing(program), directory: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[(&str, u64, &str)]) -> Vec<Process> {
        let entry = |(name, id, status): &(&str, u64, &str)| {
            format!(r#"{{"name":"{name}","pm_id":{id},"pm2_env":{{"status":"{status}","pm_uptime":1000}}}}"#)
        };
        let entries: Vec<String> = entries.iter().map(entry).collect();
        read::processes(&format!("[{}]", entries.join(",")), "").expect("a list")
    }

    fn pm2(hosts: &[&str]) -> Pm2 {
        let hosts = hosts.iter().map(|host| Host::over_ssh(host, None, false).expect("a host")).collect();
        Pm2::new(hosts, &[]).expect("pm2")
    }

    #[test]
    fn apps_are_components_and_what_was_stopped_is_not_missed() {
        let found = list(&[("api", 0, "online"), ("api", 1, "stopped"), ("job", 2, "stopped"), ("bad", 3, "errored")]);
        let shown = components(&["web".to_owned()], &found, &[]);
        let shown: Vec<_> = shown.iter().map(|c| (c.name.as_str(), c.standing, c.ready, c.desired)).collect();
        assert_eq!(
            shown,
            [
                ("web", Standing::Down, 0, 1),
                ("api", Standing::Ok, 1, 1),
                ("job", Standing::Stopped, 0, 0),
                ("bad", Standing::Down, 0, 1)
            ]
        );
    }

    #[test]
    fn a_machine_that_does_not_answer_leaves_the_others_to_be_seen() {
        let shown = components(&[], &list(&[("api", 0, "online")]), &[("web-2", Text::same("no route"))]);
        assert_eq!((shown[0].standing, shown[0].ready, shown[0].desired), (Standing::Degraded, 1, 2));
        assert_eq!(shown[0].instances[1].name, "api@web-2");
    }

    #[test]
    fn acts_are_commands_of_pm2_by_number() {
        let one = pm2(&["web-1"]);
        let api = components(&[], &list(&[("api", 4, "online"), ("api", 5, "stopped")]), &[]).remove(0);
        let said = |act: &Act| -> Vec<String> {
            let calls = one.calls(act, &api).expect("calls");
            calls.iter().map(|call| call.to_string().rsplit_once("-- ").expect("ssh").1.to_owned()).collect()
        };
        assert_eq!(said(&Act::Restart { instances: vec!["api-4".to_owned()] }), ["pm2 restart 4"]);
        assert_eq!(said(&Act::Stop), ["pm2 stop 4"]);
        assert_eq!(said(&Act::Start { instances: vec!["api-5".to_owned()], replicas: 1 }), ["pm2 restart 5"]);
        assert_eq!(said(&Act::Scale { replicas: 3 }), ["pm2 scale api 3"]);
        assert!(one.calls(&Act::Scale { replicas: 0 }, &api).is_err(), "pm2 would forget the app");
        assert!(one.calls(&Act::Limit { cpu_millis: None, memory: Some(1) }, &api).is_err());
        assert!(pm2(&["web-1", "web-2"]).calls(&Act::Scale { replicas: 3 }, &api).is_err());
    }
}
