//! Breaking on purpose, and mending: what is in force is noted where the operator of the system does not look.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::failure::{Doing, Failure, Result};
use crate::say::say;
use crate::stack::Stack;
use crate::system::{Act, Fault, Parameter, System, Takes};

/// What a fault was given: for each of its parameters a value.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Given(BTreeMap<String, String>);

impl Given {
    pub(crate) fn text(&self, name: &str) -> Result<&str> {
        let value = self.0.get(name).map(String::as_str);
        value.ok_or_else(|| Failure::new(format!("the fault has no parameter {name}")))
    }

    pub(crate) fn number(&self, name: &str) -> Result<u64> {
        let text = self.text(name)?;
        text.parse().map_err(|_| Failure::new(format!("{name} takes a whole number, not {text}")))
    }

    /// What was said, and for the rest what the seed chooses, or without a seed the usual.
    fn of(fault: &Fault, said: &[String], seed: Option<u64>) -> Result<Self> {
        let parameters = fault.parameters();
        let mut given = BTreeMap::new();
        for pair in said {
            let (name, value) = pair.split_once('=').ok_or_else(|| {
                Failure::new(format!("`{pair}` is no parameter")).hint("a parameter is said as -p name=value")
            })?;
            let parameter = parameters
                .iter()
                .find(|parameter| parameter.name == name)
                .ok_or_else(|| no_parameter(fault, name, parameters))?;
            parameter.takes.check(name, value)?;
            if given.insert(name.to_owned(), value.to_owned()).is_some() {
                return Err(Failure::new(format!("{name} is said twice")));
            }
        }
        for parameter in parameters {
            let usual = || parameter.usual.to_owned();
            let chosen =
                || seed.map_or_else(usual, |seed| parameter.takes.choose(mixed(seed, fault.name, parameter.name)));
            given.entry(parameter.name.to_owned()).or_insert_with(chosen);
        }
        Ok(Self(given))
    }

    fn shown(&self) -> String {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() { String::new() } else { format!(" ({})", pairs.join(", ")) }
    }
}

impl Takes {
    fn check(&self, name: &str, value: &str) -> Result<()> {
        let is_right = match self {
            Self::Number { least, most } => value.parse::<u64>().is_ok_and(|number| (*least..=*most).contains(&number)),
            Self::OneOf(values) => values.contains(&value),
        };
        if is_right { Ok(()) } else { Err(Failure::new(format!("{name} takes {}, not {value}", self.said()))) }
    }

    fn said(&self) -> String {
        match self {
            Self::Number { least, most } => format!("a whole number from {least} to {most}"),
            Self::OneOf(values) => format!("one of {}", values.join(", ")),
        }
    }

    /// One of all possible values, the same for the same number.
    fn choose(&self, number: u64) -> String {
        match self {
            Self::Number { least, most } => (least + number % (most - least + 1)).to_string(),
            Self::OneOf(values) => {
                values.get((number % values.len() as u64) as usize).copied().unwrap_or_default().to_owned()
            }
        }
    }
}

/// A number that looks random and is the same for the same seed and names (FNV-1a over the names, then SplitMix64's end).
fn mixed(seed: u64, fault: &str, parameter: &str) -> u64 {
    let mut hash = seed ^ 0xcbf2_9ce4_8422_2325;
    for byte in fault.bytes().chain([0]).chain(parameter.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

fn no_parameter(fault: &Fault, name: &str, parameters: &[Parameter]) -> Failure {
    let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name).collect();
    let hint = if names.is_empty() { "it takes none".to_owned() } else { format!("it takes {}", names.join(", ")) };
    Failure::new(format!("{} has no parameter {name}", fault.name)).hint(hint)
}

/// What is noted of a fault that is in force.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    at: jiff::Timestamp,
    given: Given,
}

pub(crate) fn list(system: &dyn System) {
    for fault in system.faults() {
        let on: Vec<&str> = fault.on.iter().map(|platform| platform.name()).collect();
        say!("{:<20} {} ({})", fault.name, fault.symptom, on.join(", "));
        for parameter in fault.parameters() {
            let Parameter { name, about, usual, takes } = parameter;
            say!("{:<20}   -p {name}={usual}  {about}: {}", "", takes.said());
        }
    }
}

pub(crate) fn inject(stack: &Stack<'_>, name: &str, said: &[String], seed: Option<u64>) -> Result<()> {
    let _lock = stack.home.lock()?;
    let fault = find(stack.system, name)?;
    if !fault.on.contains(&stack.platform) {
        return Err(Failure::new(format!("{name} cannot be made on {}", stack.platform.name()))
            .hint(format!("`lab faults {}` says where", stack.system.name())));
    }
    let given = Given::of(fault, said, seed)?;
    if let Some(note) = noted(stack, fault)?.filter(|note| note.given != given) {
        return Err(Failure::new(format!("{name} is in force already{}", note.given.shown()))
            .hint(format!("lab mend {} {name}", stack.system.name())));
    }
    // Noted first: a fault half done must still be found by whoever mends.
    let path = note_of(stack, fault);
    let folder = stack.home.path(".lab/faults");
    fs::create_dir_all(&folder).doing(|| format!("creating {}", folder.display()))?;
    let what = || format!("writing {}", path.display());
    let note = serde_json::to_string(&Note { at: jiff::Timestamp::now(), given: given.clone() }).doing(what)?;
    fs::write(&path, note + "\n").doing(what)?;
    match fault.act {
        Act::Stop(component) => {
            stack.stop(stack.component(component)?)?;
        }
        Act::Own { inject, .. } => inject(stack)?,
        Act::Tuned { inject, .. } => inject(stack, &given)?,
    }
    say!("broken: {name}: {}{}", fault.symptom, given.shown());
    Ok(())
}

/// Mends one fault, or without a name all that are in.
pub(crate) fn mend(stack: &Stack<'_>, name: Option<&str>) -> Result<()> {
    let _lock = stack.home.lock()?;
    let faults = match name {
        Some(name) => vec![find(stack.system, name)?],
        None => stack.system.faults().iter().filter(|fault| note_of(stack, fault).exists()).collect(),
    };
    if faults.is_empty() {
        say!("nothing is broken on purpose");
    }
    for fault in &faults {
        match fault.act {
            Act::Stop(component) => stack.start(stack.component(component)?)?,
            Act::Own { mend, .. } => mend(stack)?,
            Act::Tuned { mend, .. } => {
                let given = noted(stack, fault)?.map_or_else(|| Given::of(fault, &[], None), |note| Ok(note.given))?;
                mend(stack, &given)?;
            }
        }
        forget(stack, fault)?;
    }
    // While something else is broken on purpose, the whole cannot be well.
    if !faults.is_empty() && !stack.system.faults().iter().any(|fault| note_of(stack, fault).exists()) {
        stack.await_health()?;
    }
    for fault in faults {
        say!("mended: {}", fault.name);
    }
    Ok(())
}

fn find<'s>(system: &'s dyn System, name: &str) -> Result<&'s Fault> {
    system.faults().iter().find(|fault| fault.name == name).ok_or_else(|| {
        Failure::new(format!("{} has no fault {name}", system.name()))
            .hint(format!("`lab faults {}` lists them", system.name()))
    })
}

/// What is noted of a fault; nothing where it is not in force.
fn noted(stack: &Stack<'_>, fault: &Fault) -> Result<Option<Note>> {
    let path = note_of(stack, fault);
    match fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).map(Some).doing(|| format!("reading {}", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::new(format!("reading {}: {error}", path.display()))),
    }
}

fn note_of(stack: &Stack<'_>, fault: &Fault) -> PathBuf {
    stack.home.path(&format!(".lab/faults/{}", fault.name))
}

fn forget(stack: &Stack<'_>, fault: &Fault) -> Result<()> {
    let note = note_of(stack, fault);
    match fs::remove_file(&note) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::new(format!("removing {}: {error}", note.display())))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAULT: Fault = Fault {
        name: "noise",
        symptom: "s",
        on: &[],
        act: Act::Tuned {
            parameters: &[
                Parameter { name: "tenant", about: "who", usual: "a", takes: Takes::OneOf(&["a", "b", "c", "d"]) },
                Parameter {
                    name: "rate",
                    about: "how much",
                    usual: "100",
                    takes: Takes::Number { least: 10, most: 500 },
                },
            ],
            inject: |_, _| Ok(()),
            mend: |_, _| Ok(()),
        },
    };

    fn of(said: &[&str], seed: Option<u64>) -> Result<String> {
        let said: Vec<String> = said.iter().map(|pair| (*pair).to_owned()).collect();
        Given::of(&FAULT, &said, seed).map(|given| given.shown())
    }

    #[test]
    fn what_is_not_said_is_the_usual_or_the_seeds() {
        assert_eq!(of(&[], None).unwrap(), " (rate=100, tenant=a)");
        assert_eq!(of(&["tenant=c"], None).unwrap(), " (rate=100, tenant=c)");
        assert_eq!(of(&[], Some(7)).unwrap(), of(&[], Some(7)).unwrap());
        let all: std::collections::BTreeSet<String> = (0..40).map(|seed| of(&[], Some(seed)).unwrap()).collect();
        assert!(all.len() > 20, "seeds differ: {all:?}");
        for seed in 0..200 {
            assert!(of(&["tenant=b"], Some(seed)).unwrap().contains("tenant=b"), "what is said is kept");
            let given = Given::of(&FAULT, &[], Some(seed)).unwrap();
            assert!((10..=500).contains(&given.number("rate").unwrap()));
        }
    }

    #[test]
    fn what_is_said_wrongly_is_refused() {
        for (said, why) in [
            (&["tenant"][..], "is no parameter"),
            (&["tenent=a"], "noise has no parameter tenent"),
            (&["tenant=z"], "tenant takes one of a, b, c, d, not z"),
            (&["rate=9"], "rate takes a whole number from 10 to 500, not 9"),
            (&["rate=many"], "rate takes a whole number"),
            (&["rate=20", "rate=30"], "rate is said twice"),
        ] {
            let failure = of(said, None).expect_err(why).to_string();
            assert!(failure.contains(why), "{said:?}: {failure}");
        }
    }
}
