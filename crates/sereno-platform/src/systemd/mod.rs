//! systemd, on this machine or on several over SSH: a component is a unit, an instance is the unit on one machine.

mod events;
mod given;
mod logs;
mod read;

pub(crate) use given::no_versions;

use crate::host::{self, Host};
use crate::{
    Act, Call, Component, Detail, Event, Instance, LogLine, LogWanted, Pending, Platform, PlatformError, Program,
    Standing, Variable, Version, Volume,
};
use futures_util::future::join_all;
use read::Unit;
use sereno_model::Text;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Between two looks at the processor's counters.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// The same units on each of some machines.
#[derive(Debug)]
pub struct Systemd {
    hosts: Vec<Host>,
    /// With their endings.
    units: Vec<String>,
}

impl Systemd {
    /// At least one machine and one unit; a unit without an ending is a service.
    pub fn new(hosts: Vec<Host>, units: &[String]) -> Result<Self, PlatformError> {
        if units.is_empty() {
            return Err(PlatformError::refused(
                "no unit is named: set units in [platform] of sereno.toml",
                "no hay ninguna unidad: defina units en [platform] de sereno.toml",
            ));
        }
        let odd = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | ':' | '\\'));
        if let Some(unit) = units.iter().find(|unit| unit.starts_with('-') || unit.contains(odd)) {
            return Err(PlatformError::refused(
                format!("`{unit}` is not the name of a unit"),
                format!("`{unit}` no es el nombre de una unidad"),
            ));
        }
        let whole = |unit: &String| if has_ending(unit) { unit.clone() } else { format!("{unit}.service") };
        let units: Vec<String> = units.iter().map(whole).collect();
        let twice = |names: &[&str]| {
            names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)).map(|(_, n)| (*n).to_owned())
        };
        let names: Vec<&str> = units.iter().map(String::as_str).collect();
        let addresses: Vec<&str> = hosts.iter().map(Host::name).collect();
        if let Some(name) = twice(&names).or_else(|| twice(&addresses)) {
            return Err(PlatformError::refused(
                format!("`{name}` is named twice in [platform]"),
                format!("`{name}` está dos veces en [platform]"),
            ));
        }
        Ok(Self { hosts, units })
    }

    async fn look(&self, host: &Host, detail: Detail) -> Result<Vec<Unit>, PlatformError> {
        let shown = host::shown(&self.hosts, host);
        let first = Instant::now();
        let mut units = read::units(&self.show(host).await?, shown);
        if detail == Detail::Usage {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            let later = read::units(&self.show(host).await?, shown);
            let passed = first.elapsed().as_nanos() as u64;
            for (unit, later) in units.iter_mut().zip(later) {
                let spent = later.cpu.zip(unit.cpu).map(|(later, earlier)| later.saturating_sub(earlier));
                if let (Some(usage), Some(spent)) = (&mut unit.instance.usage, spent) {
                    usage.cpu_millis = spent.saturating_mul(1000).checked_div(passed);
                }
            }
        }
        for unit in units.iter_mut().filter(|unit| !unit.exists) {
            let name = unit.name.clone();
            unit.is_not_known(Text::new(
                format!("{} has no unit {name}", host.name()),
                format!("{} no tiene la unidad {name}", host.name()),
            ));
        }
        Ok(units)
    }

    /// The units of each machine. Of one that cannot be asked nothing is known, and the others are shown all the same;
    /// where none can be asked, that is the answer.
    async fn look_everywhere(&self, detail: Detail) -> Result<Vec<Vec<Unit>>, PlatformError> {
        let looks = join_all(self.hosts.iter().map(|host| self.look(host, detail))).await;
        if looks.iter().all(Result::is_err) {
            return looks.into_iter().collect();
        }
        let known = |(host, look): (&Host, Result<Vec<Unit>, PlatformError>)| {
            look.unwrap_or_else(|error| {
                let why = error.text_with_hint();
                self.units
                    .iter()
                    .map(|unit| Unit::not_known(unit, host::shown(&self.hosts, host), why.clone()))
                    .collect()
            })
        };
        Ok(self.hosts.iter().zip(looks).map(known).collect())
    }

    async fn show(&self, host: &Host) -> Result<String, PlatformError> {
        let properties = format!("--property={}", read::PROPERTIES);
        // Times are printed for people, in their zone and language: these two make them the same everywhere.
        let mut program = vec!["env", "TZ=UTC", "LC_ALL=C", "systemctl", "show", &properties, "--"];
        program.extend(self.units.iter().map(String::as_str));
        host.output(&program).await
    }

    /// The machine and the unit of an instance.
    fn place(&self, component: &Component, instance: &Instance) -> Option<(&Host, String)> {
        Some((host::of(&self.hosts, instance)?, unit_of(&component.name)))
    }
}

impl Platform for Systemd {
    fn target(&self) -> String {
        format!("systemd:{}", host::names(&self.hosts))
    }

    fn place(&self) -> Pending<'_, String> {
        Box::pin(async move { Ok(format!("systemd:{}", host::all_reached(&self.hosts).await?)) })
    }

    fn definition(&self) -> Pending<'_, Option<String>> {
        Box::pin(async { Ok(None) })
    }

    fn components(&self, detail: Detail) -> Pending<'_, Vec<Component>> {
        Box::pin(async move {
            let mut machines: Vec<_> = self.look_everywhere(detail).await?.into_iter().map(Vec::into_iter).collect();
            let mut components = Vec::new();
            for unit in &self.units {
                let there: Vec<Unit> = machines.iter_mut().filter_map(Iterator::next).collect();
                components.push(component(unit, there));
            }
            Ok(components)
        })
    }

    fn instances_change(&self) -> bool {
        false
    }

    fn calls(&self, act: &Act, component: &Component) -> Result<Vec<Call>, PlatformError> {
        let verb = |verb: &'static str, wanted: &dyn Fn(&Instance) -> bool| {
            let wanted = component.instances.iter().filter(|instance| wanted(instance));
            let places = wanted.filter_map(|instance| self.place(component, instance));
            places.map(|(host, unit)| call(host, &["systemctl", verb, "--", &unit])).collect::<Vec<_>>()
        };
        match act {
            Act::Restart { instances } => Ok(verb("restart", &|i| instances.is_empty() || instances.contains(&i.name))),
            Act::Stop => Ok(verb("stop", &Instance::is_alive)),
            Act::Start { instances, .. } => Ok(verb("start", &|i| instances.contains(&i.name))),
            Act::Limit { cpu_millis, memory } => {
                let mut properties = Vec::new();
                properties.extend(cpu_millis.map(|millis| format!("CPUQuota={}%", millis.div_ceil(10))));
                properties.extend(memory.map(|bytes| format!("MemoryMax={bytes}")));
                let places = component.instances.iter().filter_map(|instance| self.place(component, instance));
                let argv = |unit: &str| -> Vec<String> {
                    let mut argv = vec!["systemctl".to_owned(), "set-property".to_owned(), unit.to_owned()];
                    argv.extend(properties.iter().cloned());
                    argv
                };
                Ok(places
                    .map(|(host, unit)| call(host, &argv(&unit).iter().map(String::as_str).collect::<Vec<_>>()))
                    .collect())
            }
            Act::Remove { .. } => Err(crate::nothing_sticks("systemd")),
            Act::Make { .. } => Err(crate::nothing_made("systemd")),
            Act::Scale { .. } => Err(PlatformError::refused(
                format!("`{}` is one unit on each machine: systemd has no replicas to scale", component.name),
                format!("`{}` es una unidad por máquina: systemd no tiene réplicas que escalar", component.name),
            )),
        }
    }

    fn perform<'a>(&'a self, call: &'a Call) -> Pending<'a, ()> {
        Box::pin(async move {
            match call {
                Call::Program { argv, .. } => host::run(argv).await.map(drop),
                _ => Err(PlatformError::refused("not a call of systemd", "no es una llamada de systemd")),
            }
        })
    }

    fn exec_call(&self, component: &Component, instance: &Instance, _: &Program) -> Result<Call, PlatformError> {
        let name = &component.name;
        let host = self.place(component, instance).map_or("", |(host, _)| host.name());
        Err(PlatformError::Refused {
            en: format!("`{name}` is a unit: it has no inside of its own in which to run a program"),
            es: format!("`{name}` es una unidad: no tiene un interior propio donde ejecutar un programa"),
            hint: Some(Box::new(Text::new(
                format!("run it on its machine: ssh {host}"),
                format!("ejecútelo en su máquina: ssh {host}"),
            ))),
        })
    }

    fn run_at<'a>(&'a self, component: &'a Component, instance: &'a Instance, argv: &'a [String]) -> Pending<'a, i32> {
        Box::pin(async move {
            let Some((host, _)) = self.place(component, instance) else {
                return Err(PlatformError::refused("no machine of that name", "no hay una máquina de ese nombre"));
            };
            let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
            match host::run(&host.changing(&argv)).await {
                Ok(_) => Ok(0),
                // `test` says nothing when it says no; what says something could not be run.
                Err(PlatformError::Program { said, .. }) if said.is_empty() => Ok(1),
                Err(error) => Err(error),
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
            match self.place(component, instance) {
                Some((host, unit)) => logs::stream(host, &unit, &component.name, &instance.name, wanted, to).await,
                None => Ok(()),
            }
        })
    }

    fn events<'a>(&'a self, components: &'a [Component]) -> Pending<'a, Vec<Event>> {
        Box::pin(events::look(self, components))
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
        component: &'a Component,
        instance: &'a Instance,
        path: &'a str,
        to: mpsc::Sender<Vec<u8>>,
    ) -> Pending<'a, ()> {
        Box::pin(given::copy(self, component, instance, path, to))
    }
}

fn component(unit: &str, there: Vec<Unit>) -> Component {
    let name = unit.strip_suffix(".service").unwrap_or(unit).to_owned();
    let desired = there.iter().filter(|unit| !unit.is_stopped).count() as u32;
    let ends = there.iter().all(|unit| unit.ends);
    let instances: Vec<Instance> = there.into_iter().map(|unit| unit.instance).collect();
    let mut component = Component::of(name, desired, None, instances, ends);
    if component.instances.iter().all(|i| !i.runs()) && component.desired == 0 {
        component.standing = Standing::Stopped;
    }
    component
}

fn call(host: &Host, program: &[&str]) -> Call {
    Call::Program { argv: host.changing(program), directory: String::new() }
}

fn unit_of(component: &str) -> String {
    if has_ending(component) { component.to_owned() } else { format!("{component}.service") }
}

fn has_ending(unit: &str) -> bool {
    const ENDINGS: [&str; 10] =
        [".service", ".timer", ".socket", ".target", ".path", ".mount", ".automount", ".swap", ".slice", ".scope"];
    ENDINGS.iter().any(|ending| unit.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_has_no_inside_and_the_refusal_names_its_machine() {
        let hosts = vec![Host::over_ssh("deploy@web-1", None, true).expect("a host")];
        let systemd = Systemd::new(hosts, &["api".to_owned()]).expect("a platform");
        let instance: Instance = serde_json::from_value(serde_json::json!({
            "id": "1", "name": "api@web-1", "state": "running", "checked": false, "restarts": 0,
            "limits": {"cpu_millis": null, "memory": null}
        }))
        .expect("an instance");
        let component = Component::of("api".to_owned(), 1, None, vec![instance.clone()], false);
        let program = Program { argv: vec!["ls".to_owned()], terminal: false };
        let refused = systemd.exec_call(&component, &instance, &program).expect_err("refused");
        assert!(refused.to_string().contains("no inside of its own"), "{refused}");
        assert!(refused.hint().is_some_and(|hint| hint.en.contains("ssh web-1")));
    }
}
