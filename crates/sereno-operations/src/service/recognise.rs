//! The runbook's own commands that are operations of this family: which one, on what. Pure.
//!
//! What speaks to another place than the settings' platform is not recognised, nor is an option that is not understood:
//! a proof that looks at something else than the command touched would be worse than none.

use sereno_engine::plan::StepCommands;
use sereno_platform::WorkloadKind;
use std::collections::BTreeSet;

/// The platform of the settings, as far as commands can name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Compose {
        project: String,
        /// As compose would have to be told of them, from the system's folder.
        files: Vec<String>,
        /// The settings name the files: a command that does not is about others.
        names_files: bool,
        /// The settings name the project, as above.
        names_project: bool,
    },
    Kubernetes {
        context: Option<String>,
        namespace: Option<String>,
        /// The kubeconfig of the settings, in each way in which a command may name it.
        kubeconfig: Vec<String>,
        /// A command that names none uses it too.
        is_usual: bool,
    },
    /// On this machine: commands are not followed to others.
    Systemd,
    Pm2,
}

/// What a command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    Restart,
    Stop,
    Scale(u32),
}

/// Upon what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Component(String),
    /// One instance, by the name that the platform knows it by.
    Instance(String),
    /// An object of a cluster: several kinds may share a name.
    Object {
        kind: WorkloadKind,
        name: String,
    },
}

/// A command that is an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub does: Does,
    pub target: Target,
    /// It does nothing else, in no other way: Sereno's own operation may run in its place.
    pub is_plain: bool,
}

/// The operations that the commands of a step are. A component that a step changes in more ways than one is left alone:
/// what it should be in the end is not one thing.
pub fn recognise(step: &StepCommands, place: &Place) -> Vec<Known> {
    let all: Vec<Known> = step.plain.iter().flat_map(|argv| known(argv, place)).collect();
    let name = |known: &Known| match &known.target {
        Target::Component(name) | Target::Instance(name) | Target::Object { name, .. } => name.clone(),
    };
    let mut seen = BTreeSet::new();
    let is_one = |one: &Known| all.iter().all(|other| name(other) != name(one) || other == one);
    let is_touched = |one: &Known| step.touched.contains(&name(one));
    all.iter().filter(|one| is_one(one) && !is_touched(one) && seen.insert(name(one))).cloned().collect()
}

/// One command; empty where it is none of this family, or not surely one.
fn known(argv: &[String], place: &Place) -> Vec<Known> {
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    let words = match words.as_slice() {
        ["sudo", "-n", rest @ ..] | ["sudo", rest @ ..] => rest,
        words => words,
    };
    let found = match (place, words) {
        (Place::Compose { .. }, ["docker-compose", rest @ ..] | ["docker", "compose", rest @ ..]) => {
            compose(rest, place)
        }
        (Place::Compose { .. }, ["docker", "container", rest @ ..] | ["docker", rest @ ..]) => docker(rest),
        (Place::Kubernetes { .. }, ["kubectl", rest @ ..]) => kubectl(rest, place),
        (Place::Systemd, ["systemctl", rest @ ..]) => systemctl(rest),
        (Place::Pm2, ["pm2", rest @ ..]) => pm2(rest),
        _ => None,
    };
    found.unwrap_or_default()
}

/// Operands and options of a command line whose options are all known; `None` where one is not.
struct Words<'w> {
    operands: Vec<&'w str>,
    options: Vec<(&'w str, Option<&'w str>)>,
}

impl<'w> Words<'w> {
    /// `flags` stand alone, `valued` take a word, the same or the next.
    fn read(words: &[&'w str], flags: &[&str], valued: &[&str]) -> Option<Self> {
        let mut read = Self { operands: Vec::new(), options: Vec::new() };
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            if !word.starts_with('-') {
                read.operands.push(word);
            } else if flags.contains(&word) {
                read.options.push((word, None));
            } else if valued.contains(&word) {
                read.options.push((word, Some(words.next()?)));
            } else {
                let (name, value) = word.split_once('=').filter(|(name, _)| valued.contains(name))?;
                read.options.push((name, Some(value)));
            }
        }
        Some(read)
    }

    fn values(&self, names: &[&str]) -> Vec<&'w str> {
        self.options.iter().filter(|(name, _)| names.contains(name)).filter_map(|(_, value)| *value).collect()
    }
}

fn each(names: &[&str], does: &Does, is_plain: bool, target: impl Fn(String) -> Target) -> Option<Vec<Known>> {
    let known = |name: &&str| Known { does: does.clone(), target: target((*name).to_owned()), is_plain };
    (!names.is_empty()).then(|| names.iter().map(known).collect())
}

/// A count in digits alone: `+1` is as many more.
fn number(text: &str) -> Option<u32> {
    text.chars().all(|c| c.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Of a word such as `worker=3`.
fn scaled(word: &str, is_plain: bool) -> Option<Known> {
    let (name, count) = word.split_once('=')?;
    Some(Known { does: Does::Scale(number(count)?), target: Target::Component(name.to_owned()), is_plain })
}

fn compose(words: &[&str], place: &Place) -> Option<Vec<Known>> {
    let Place::Compose { project, files, names_files, names_project } = place else { return None };
    const GLOBAL: [&str; 4] = ["-f", "--file", "-p", "--project-name"];
    let verb = words.iter().enumerate().position(|(at, word)| {
        let is_value = at.checked_sub(1).and_then(|before| words.get(before)).is_some_and(|w| GLOBAL.contains(w));
        !word.starts_with('-') && !is_value
    })?;
    let global = Words::read(&words[..verb], &[], &GLOBAL)?;
    let plain = |file: &str| file.strip_prefix("./").unwrap_or(file).to_owned();
    let named: Vec<String> = global.values(&["-f", "--file"]).into_iter().map(plain).collect();
    let same_files =
        if named.is_empty() { !names_files } else { named == files.iter().map(|file| plain(file)).collect::<Vec<_>>() };
    let named = global.values(&["-p", "--project-name"]);
    let same_project = if named.is_empty() { !names_project } else { named == [project.as_str()] };
    if !same_files || !same_project {
        return None;
    }
    let rest = &words[verb + 1..];
    const WAIT: [&str; 2] = ["-t", "--timeout"];
    let each = |flags: &[&str], does: &Does| {
        let read = Words::read(rest, flags, &WAIT)?;
        each(&read.operands, does, read.options.is_empty(), Target::Component)
    };
    match words[verb] {
        "restart" => each(&["--no-deps"], &Does::Restart),
        "stop" => each(&[], &Does::Stop),
        "scale" => {
            let read = Words::read(rest, &[], &WAIT)?;
            read.operands.into_iter().map(|word| scaled(word, read.options.is_empty())).collect()
        }
        "up" => {
            const FLAGS: [&str; 7] =
                ["-d", "--detach", "--no-deps", "--no-recreate", "--force-recreate", "--build", "--remove-orphans"];
            let up = Words::read(rest, &FLAGS, &["--scale", "-t", "--timeout"])?;
            let has = |names: &[&str]| up.options.iter().any(|(name, _)| names.contains(name));
            let scales = up.values(&["--scale"]);
            // All that it starts or makes anew is what it scales.
            let only = up.options.iter().all(|(name, _)| {
                !matches!(*name, "--force-recreate" | "--build" | "--remove-orphans" | "-t" | "--timeout")
            });
            let only = only && has(&["--no-deps"]) && has(&["--no-recreate"]);
            let names: Vec<&str> = scales.iter().filter_map(|word| Some(word.split_once('=')?.0)).collect();
            let is_plain = only && up.operands == names;
            has(&["-d", "--detach"]).then(|| scales.iter().map(|word| scaled(word, is_plain)).collect())?
        }
        _ => None,
    }
}

fn docker(words: &[&str]) -> Option<Vec<Known>> {
    const WAIT: [&str; 3] = ["-t", "--time", "--timeout"];
    let (verb, rest) = words.split_first()?;
    let each = |does: &Does| {
        let read = Words::read(rest, &[], &WAIT)?;
        each(&read.operands, does, read.options.is_empty(), Target::Instance)
    };
    match *verb {
        "restart" => each(&Does::Restart),
        "stop" => each(&Does::Stop),
        _ => None,
    }
}

/// The kinds of objects that these commands are known for.
fn kind(word: &str) -> Option<WorkloadKind> {
    match word {
        "deployment" | "deployments" | "deploy" | "deployment.apps" | "deployments.apps" => {
            Some(WorkloadKind::Deployment)
        }
        "statefulset" | "statefulsets" | "sts" | "statefulset.apps" | "statefulsets.apps" => {
            Some(WorkloadKind::StatefulSet)
        }
        "daemonset" | "daemonsets" | "ds" | "daemonset.apps" | "daemonsets.apps" => Some(WorkloadKind::DaemonSet),
        _ => None,
    }
}

fn kubectl(words: &[&str], place: &Place) -> Option<Vec<Known>> {
    let Place::Kubernetes { context, namespace, kubeconfig, is_usual } = place else { return None };
    let (context, namespace) = (context.as_deref(), namespace.as_deref());
    let read = Words::read(words, &[], &["-n", "--namespace", "--context", "--kubeconfig", "--replicas"])?;
    let same_file = match read.values(&["--kubeconfig"])[..] {
        [] => *is_usual,
        [file] => kubeconfig.iter().any(|known| known == file.strip_prefix("./").unwrap_or(file)),
        _ => false,
    };
    // Where it goes must be where the settings go: what neither names, kubectl's own settings decide for both.
    let goes = |names: &[&str], wanted: Option<&str>| match (read.values(names).as_slice(), wanted) {
        ([], None) => true,
        ([named], Some(wanted)) => *named == wanted,
        ([], Some(_)) | ([_], None) | ([_, _, ..], _) => false,
    };
    let namespace_fits = goes(&["-n", "--namespace"], namespace)
        || (namespace == Some("default") && read.values(&["-n", "--namespace"]).is_empty() && context.is_none());
    if !same_file || !namespace_fits || !(goes(&["--context"], context)) {
        return None;
    }
    let replicas = read.values(&["--replicas"]);
    let (does, objects) = match (read.operands.as_slice(), replicas.as_slice()) {
        (["rollout", "restart", objects @ ..], []) => (Does::Restart, objects),
        (["scale", objects @ ..], [count]) => (Does::Scale(number(count)?), objects),
        _ => return None,
    };
    // `deployment x y`, or `deployment/x statefulset/y`.
    let named: Option<Vec<(WorkloadKind, &str)>> = match objects {
        [first, names @ ..] if kind(first).is_some() => names.iter().map(|name| Some((kind(first)?, *name))).collect(),
        objects => {
            let halves = objects.iter().map(|object| object.split_once('/'));
            halves.map(|half| half.and_then(|(of, name)| Some((kind(of)?, name)))).collect()
        }
    };
    let known = |(kind, name): (WorkloadKind, &str)| Known {
        does: does.clone(),
        target: Target::Object { kind, name: name.to_owned() },
        is_plain: true,
    };
    named.map(|named| named.into_iter().map(known).collect())
}

fn systemctl(words: &[&str]) -> Option<Vec<Known>> {
    let (verb, rest) = words.split_first()?;
    let units = || Some(Words::read(rest, &["--"], &[])?.operands);
    let names = || Some(units()?.iter().map(|unit| unit.strip_suffix(".service").unwrap_or(unit)).collect::<Vec<_>>());
    match *verb {
        "restart" => each(&names()?, &Does::Restart, true, Target::Component),
        "stop" => each(&names()?, &Does::Stop, true, Target::Component),
        _ => None,
    }
}

fn pm2(words: &[&str]) -> Option<Vec<Known>> {
    let (verb, rest) = words.split_first()?;
    let read = Words::read(rest, &["--update-env"], &[])?;
    // Numbers and `all` name what pm2 has at that moment.
    let is_name = |name: &&str| *name != "all" && name.parse::<u32>().is_err();
    let is_plain = read.options.is_empty();
    match (*verb, read.operands.as_slice()) {
        // A reload waits for the old processes in a way of pm2's own.
        ("restart" | "reload", names) if names.iter().all(is_name) => {
            each(names, &Does::Restart, is_plain && *verb == "restart", Target::Component)
        }
        ("stop", names) if names.iter().all(is_name) => each(names, &Does::Stop, is_plain, Target::Component),
        ("scale", [name, count]) if is_name(name) => {
            each(&[name], &Does::Scale(number(count)?), is_plain, Target::Component)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Place {
        Place::Compose {
            project: "pedidos".to_owned(),
            files: vec!["docker-compose.yml".to_owned()],
            names_files: false,
            names_project: false,
        }
    }

    fn cluster(context: Option<&str>, namespace: Option<&str>) -> Place {
        let (context, namespace) = (context.map(str::to_owned), namespace.map(str::to_owned));
        Place::Kubernetes { context, namespace, kubeconfig: Vec::new(), is_usual: true }
    }

    fn of(line: &str, place: &Place) -> String {
        let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let shown = |known: &Known| {
            let name = match &known.target {
                Target::Component(name) => name.clone(),
                Target::Instance(name) => format!("={name}"),
                Target::Object { kind, name } => format!("{}/{name}", kind.as_str()),
            };
            match known.does {
                Does::Restart => format!("restart {name}"),
                Does::Stop => format!("stop {name}"),
                Does::Scale(count) => format!("scale {name} {count}"),
            }
        };
        let step = StepCommands { plain: vec![argv], ..StepCommands::default() };
        recognise(&step, place).iter().map(shown).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn what_runbooks_write_is_known() {
        for (line, known) in [
            ("docker-compose restart api", "restart api"),
            ("docker compose restart -t 5 api worker", "restart api, restart worker"),
            ("docker-compose -f docker-compose.yml restart api", "restart api"),
            ("docker-compose -f ./docker-compose.yml -p pedidos stop api", "stop api"),
            ("docker-compose up -d --scale worker=3", "scale worker 3"),
            ("docker compose up --detach --no-recreate --scale=worker=2 worker", "scale worker 2"),
            ("docker-compose scale worker=0", "scale worker 0"),
            ("sudo docker restart pedidos_api_1", "restart =pedidos_api_1"),
            ("docker container stop --time 3 pedidos_api_1", "stop =pedidos_api_1"),
        ] {
            assert_eq!(of(line, &here()), known, "{line}");
        }
        let cluster = cluster(None, Some("loto"));
        for (line, known) in [
            ("kubectl rollout restart deployment/backend -n loto", "restart deployment/backend"),
            ("kubectl -n loto rollout restart deploy backend", "restart deployment/backend"),
            ("kubectl scale --replicas=0 deployment/backend --namespace=loto", "scale deployment/backend 0"),
            ("kubectl scale sts/redis -n loto --replicas 3", "scale statefulset/redis 3"),
        ] {
            assert_eq!(of(line, &cluster), known, "{line}");
        }
        for (line, known) in [
            ("systemctl restart orion-api", "restart orion-api"),
            ("sudo systemctl stop orion-api.service nginx", "stop orion-api, stop nginx"),
        ] {
            assert_eq!(of(line, &Place::Systemd), known, "{line}");
        }
        assert_eq!(of("pm2 restart api --update-env", &Place::Pm2), "restart api");
        assert_eq!(of("pm2 scale api 4", &Place::Pm2), "scale api 4");
    }

    #[test]
    fn what_goes_elsewhere_or_is_not_surely_one_is_left_alone() {
        for line in [
            "docker-compose -f docker-compose.prod.yml restart api",
            "docker-compose -f docker-compose.yml -f more.yml restart api",
            "docker-compose -p otro restart api",
            "docker-compose --project-directory /srv/x restart api",
            "docker-compose --env-file prod.env restart api",
            "docker-compose restart",
            "docker-compose up -d",
            "docker-compose up --scale worker=3",
            "docker-compose up -d --scale worker=tres",
            "docker-compose logs restart",
            "docker-compose restart --unknown api",
            "docker -H tcp://otro restart api",
            "docker --context prod restart api",
            "sudo -u deploy docker restart api",
            "ssh web-1 docker restart api",
            "systemctl restart api",
            "kubectl rollout restart deployment/api",
        ] {
            assert_eq!(of(line, &here()), "", "{line}");
        }
        let named = Place::Compose {
            project: "pedidos".to_owned(),
            files: vec!["docker-compose.yml".to_owned()],
            names_files: true,
            names_project: true,
        };
        for line in ["docker-compose restart api", "docker-compose -f docker-compose.yml restart api"] {
            assert_eq!(of(line, &named), "", "{line}: the settings name more than it does");
        }
        assert_eq!(of("docker-compose -f docker-compose.yml -p pedidos restart api", &named), "restart api");
        let cluster = cluster(None, Some("loto"));
        for line in [
            "kubectl rollout restart deployment/backend",
            "kubectl rollout restart deployment/backend -n otro",
            "kubectl --context prod rollout restart deployment/backend -n loto",
            "kubectl --kubeconfig x rollout restart deployment/backend -n loto",
            "kubectl scale --replicas=2 --all deployment -n loto",
            "kubectl rollout restart deployment -l app=x -n loto",
            "kubectl scale --replicas=2 job/x -n loto",
            "kubectl rollout restart deployment -n loto",
            "docker restart x",
        ] {
            assert_eq!(of(line, &cluster), "", "{line}");
        }
        let context = self::cluster(Some("prod"), None);
        assert_eq!(of("kubectl rollout restart deploy/x", &context), "", "its context is not named");
        assert_eq!(of("kubectl --context prod rollout restart deploy/x", &context), "restart deployment/x");
        for line in [
            "systemctl --user restart api",
            "systemctl -H web-1 restart api",
            "systemctl restart",
            "systemctl start api",
        ] {
            assert_eq!(of(line, &Place::Systemd), "", "{line}");
        }
        for line in ["pm2 restart all", "pm2 restart 0", "pm2 restart", "pm2 scale api +1"] {
            assert_eq!(of(line, &Place::Pm2), "", "{line}");
        }
    }

    #[test]
    fn a_command_has_to_use_the_kubeconfig_of_the_settings() {
        let named = |is_usual| Place::Kubernetes {
            context: None,
            namespace: None,
            kubeconfig: ["ops/kube.yml", "/srv/shop/ops/kube.yml"].map(str::to_owned).to_vec(),
            is_usual,
        };
        let restart = "rollout restart deploy/x";
        for file in ["ops/kube.yml", "./ops/kube.yml", "/srv/shop/ops/kube.yml"] {
            let line = format!("kubectl --kubeconfig {file} {restart}");
            assert_eq!(of(&line, &named(false)), "restart deployment/x", "{line}");
            assert_eq!(of(&format!("kubectl {restart} --kubeconfig={file}"), &named(true)), "restart deployment/x");
        }
        assert_eq!(of(&format!("kubectl {restart}"), &named(false)), "", "it uses another one");
        assert_eq!(of(&format!("kubectl {restart}"), &named(true)), "restart deployment/x");
        for other in ["--kubeconfig kube.yml", "--kubeconfig ops/kube.yml --kubeconfig other.yml"] {
            assert_eq!(of(&format!("kubectl {other} {restart}"), &named(true)), "", "{other}");
        }
    }

    #[test]
    fn what_does_more_or_does_it_in_another_way_keeps_its_place() {
        let cluster = cluster(None, None);
        for (line, place, is_plain) in [
            ("docker-compose restart api", &here(), true),
            ("docker-compose restart -t 60 api", &here(), false),
            ("docker-compose stop -t 60 api", &here(), false),
            ("docker-compose up -d --scale worker=2", &here(), false),
            ("docker-compose up -d --no-deps --no-recreate --scale worker=2 worker", &here(), true),
            ("docker-compose up -d --no-deps --no-recreate --build --scale worker=2 worker", &here(), false),
            ("docker-compose up -d --no-deps --no-recreate --scale worker=2 worker api", &here(), false),
            ("docker restart -t 60 pedidos_api_1", &here(), false),
            ("kubectl scale --replicas=2 deploy/x", &cluster, true),
            ("systemctl restart api", &Place::Systemd, true),
            ("pm2 restart api", &Place::Pm2, true),
            ("pm2 reload api", &Place::Pm2, false),
            ("pm2 restart api --update-env", &Place::Pm2, false),
        ] {
            let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let known = recognise(&StepCommands { plain: vec![argv], ..StepCommands::default() }, place);
            assert_eq!(known.iter().map(|known| known.is_plain).collect::<Vec<_>>(), [is_plain], "{line}");
        }
    }

    #[test]
    fn a_component_that_a_step_changes_twice_is_left_alone() {
        let argv = |line: &str| -> Vec<String> { line.split(' ').map(str::to_owned).collect() };
        let step = |lines: &[&str], touched: &[&str]| StepCommands {
            plain: lines.iter().map(|line| argv(line)).collect(),
            touched: touched.iter().map(|name| (*name).to_owned()).collect(),
            is_whole: false,
        };
        let count = |step: &StepCommands| recognise(step, &here()).len();
        assert_eq!(count(&step(&["docker-compose restart api", "docker-compose stop api"], &[])), 0);
        assert_eq!(count(&step(&["docker-compose restart api", "docker-compose restart worker"], &[])), 2);
        assert_eq!(count(&step(&["docker-compose restart api", "docker-compose restart api"], &[])), 1);
        assert_eq!(count(&step(&["docker-compose restart api", "docker-compose stop worker"], &["worker"])), 1);
    }
}
