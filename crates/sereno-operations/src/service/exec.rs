//! A program inside an instance: which one, and what the program does.

use super::plan::{Planned, Planner};
use super::step::{StepKind, StepRequest};
use sereno_effects::analyze_shell;
use sereno_engine::plan::{OperationStep, words};
use sereno_model::{Effect, Risk, Text, Verb};
use sereno_platform::{Component, Instance, InstanceState, PlatformError, Program, find};

impl Planner<'_> {
    pub(super) fn exec(&self, name: &str, wanted: Option<&str>, program: Program) -> Result<Planned, PlatformError> {
        let component = find(self.components, name)?;
        let instance = choose(component, wanted)?;
        let first = program.argv.first().map(String::as_str).unwrap_or_default();
        if first.is_empty() || first.contains('=') {
            return Err(PlatformError::Refused {
                en: format!("`{first}` is not the name of a program"),
                es: format!("`{first}` no es el nombre de un programa"),
                hint: first.contains('=').then(|| Box::new(Text::same(format!("env {first} …")))),
            });
        }
        self.platform.exec_call(component, instance, &program)?;
        let effects = self.effects(component, &program);
        let shown = words(&program.argv);
        let place = &instance.name;
        let title = self.say(&format!("Run {shown} in {place}"), &format!("Ejecutar {shown} en {place}"));
        let terminal = program.terminal;
        let step = StepRequest {
            instances: vec![place.clone()],
            marks: vec![instance.mark()],
            program: program.argv,
            terminal,
            ..StepRequest::new(StepKind::Exec, name, &self.target)
        };
        let step = OperationStep { title: title.clone(), argv: step.argv(), effects, verifies: false, terminal };
        Ok((title, vec![step], None))
    }

    /// What the program does, as if it were typed here, on this component. What is not understood stays unclear, and so
    /// does a terminal: nobody knows what will be typed into it.
    fn effects(&self, component: &Component, program: &Program) -> Vec<Effect> {
        let (name, shown) = (&component.name, words(&program.argv));
        let analysis = analyze_shell(&shown, self.knowledge);
        let opens = analysis.statements.iter().any(|s| s.interactive.is_some() || s.opens.is_some());
        let mut risk = Risk::highest(analysis.statements.iter().map(|s| s.risk)).unwrap_or(Risk::Unclear);
        if opens
            || program.terminal
            || is_of_unknown_place(&program.argv)
            || !analysis.errors.is_empty()
            || analysis.statements.len() != 1
        {
            risk = risk.max(Risk::Unclear);
        }
        let mut effects = analysis.effects;
        for effect in &mut effects {
            effect.component = Some(name.clone());
            effect.text = Text::new(format!("in {name}: {}", effect.text.en), format!("en {name}: {}", effect.text.es));
        }
        if effects.iter().map(|effect| effect.risk).max() != Some(risk) {
            let (component, target) = (Some(name.clone()), shown.clone());
            let text = Text::new(format!("runs {shown} in {name}"), format!("ejecuta {shown} en {name}"));
            effects.push(Effect { verb: Verb::Runs, target, component, risk, text });
        }
        effects
    }
}

/// A program that is named by a path of its own: what is called `ls` there need not be `ls`.
fn is_of_unknown_place(argv: &[String]) -> bool {
    const USUAL: [&str; 6] = ["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];
    let folder = argv.first().and_then(|program| program.rsplit_once('/')).map(|(folder, _)| folder);
    folder.is_some_and(|folder| !USUAL.contains(&folder))
}

/// The named instance, else the first that is ready, else the first that runs at all.
fn choose<'c>(component: &'c Component, wanted: Option<&str>) -> Result<&'c Instance, PlatformError> {
    let name = &component.name;
    let alive = |i: &&Instance| i.runs() && i.state != InstanceState::Paused;
    let chosen = if let Some(wanted) = wanted {
        let named = component.instances.iter().find(|i| i.name == wanted);
        Some(named.ok_or_else(|| not_there(component, wanted))?).filter(alive)
    } else {
        let ready = component.instances.iter().find(|i| i.state == InstanceState::Running);
        ready.or_else(|| component.instances.iter().find(alive))
    };
    chosen.ok_or_else(|| {
        let (what, standing) = (wanted.unwrap_or(name), component.standing);
        PlatformError::Refused {
            en: format!("`{what}` does not run ({}): no program can run inside", standing.as_str()),
            es: format!("`{what}` no está en marcha ({}): no se puede ejecutar nada dentro", standing.text().es),
            hint: Some(Box::new(Text::same(format!("sereno status {name}")))),
        }
    })
}

/// An instance that the platform does not show.
pub(super) fn not_there(component: &Component, instance: &str) -> PlatformError {
    let name = &component.name;
    let known = component.instances.iter().map(|i| i.name.as_str()).collect::<Vec<_>>().join(", ");
    PlatformError::Refused {
        en: format!("`{name}` has no instance `{instance}`"),
        es: format!("`{name}` no tiene la instancia `{instance}`"),
        hint: Some(Box::new(Text::new(format!("there is: {known}"), format!("hay: {known}")))),
    }
}
