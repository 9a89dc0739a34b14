//! From a procedure and its values to a plan.

use super::around::{Recognise, StepCommands, Way, surrounded};
use super::digest::digest;
use super::files::{StepFiles, Whereabouts};
use super::policy::Policy;
use super::resolve::{Resolved, resolve};
use super::undo::takes_back;
use super::{
    Action, Approval, Choice, KnownPerson, Missing, PLAN_VERSION, Plan, PlanStep, RunbookRef, Source, Value, Values,
};
use sereno_effects::{Knowledge, Statement, analyze_shell};
use sereno_model::{Digest, Effect, Flag, Risk, Text};
use sereno_runbook::Runbook;
use sereno_runbook::model::{Procedure, Role, Step, StepKind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The lock that a change takes when its command names no component: nobody else changes the system meanwhile.
const WHOLE_SYSTEM: &str = "(system)";

/// What a plan is built with.
pub struct PlanOptions<'a> {
    pub knowledge: &'a Knowledge,
    pub values: &'a Values,
    /// Where the first step starts, and where the files are looked for that a step executes by name.
    pub directory: &'a Path,
    pub policy: Policy,
    /// The alternatives chosen, by their numbers: the first for the first group of alternatives, and so on.
    pub choices: Vec<u32>,
    /// Variables that something before this plan set, and whose values must be given: see [`super::undo_of`].
    pub carried: Vec<String>,
    /// Only these steps, by number; all when empty.
    pub only: BTreeSet<usize>,
    /// How long an endless step is followed.
    pub follow_seconds: u64,
    /// Whether the name of a value says that it is secret.
    pub is_secret: fn(&str) -> bool,
    /// Who the settings know.
    pub people: &'a [KnownPerson],
    /// Who may know the commands of a step for operations.
    pub recognise: Option<&'a Recognise<'a>>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("procedure `{0}` has no steps")]
    NoSteps(String),
    #[error("step {number} is not in `{procedure}`, which has {last}")]
    NoSuchStep { procedure: String, number: usize, last: usize },
    #[error("`{0}` has no alternatives to choose from, or fewer than were chosen")]
    NoOptions(String),
    #[error("option {number} is not among the alternatives {known}")]
    NoSuchOption { number: u32, known: String },
}

impl PlanError {
    pub fn text(&self) -> Text {
        match self {
            Self::NoSteps(title) => Text::new(self.to_string(), format!("el procedimiento `{title}` no tiene pasos")),
            Self::NoSuchStep { procedure, number, last } => {
                Text::new(self.to_string(), format!("el paso {number} no está en `{procedure}`, que tiene {last}"))
            }
            Self::NoOptions(title) => Text::new(
                self.to_string(),
                format!("`{title}` no tiene alternativas para elegir, o tiene menos que las elegidas"),
            ),
            Self::NoSuchOption { number, known } => {
                Text::new(self.to_string(), format!("la opción {number} no está entre las alternativas {known}"))
            }
        }
    }
}

/// Builds the plan of a procedure.
pub fn build(
    runbook: &Runbook,
    path: &str,
    procedure: &Procedure,
    options: &PlanOptions<'_>,
) -> Result<Plan, PlanError> {
    if procedure.steps.is_empty() {
        return Err(PlanError::NoSteps(procedure.title.clone()));
    }
    let last = procedure.steps.len();
    if let Some(&number) = options.only.iter().find(|&&number| number == 0 || number > last) {
        return Err(PlanError::NoSuchStep { procedure: procedure.title.clone(), number, last });
    }
    let chosen = choose(procedure, &options.choices)?;
    let mut builder = Builder {
        runbook,
        procedure,
        options,
        chosen,
        word: typed_word(procedure, options.knowledge),
        values: BTreeMap::new(),
        variables: BTreeMap::new(),
        missing: Vec::new(),
        definitions: String::new(),
        whereabouts: Whereabouts::new(options.directory),
        way: Way::default(),
    };
    let steps: Vec<PlanStep> =
        procedure.steps.iter().enumerate().flat_map(|(index, step)| builder.step(index + 1, step)).collect();
    builder.carry();
    let risk = Risk::highest(steps.iter().filter(|s| s.action.executes()).map(|s| s.risk)).unwrap_or_default();
    let mut plan = Plan {
        version: PLAN_VERSION,
        source: Source::Runbook(RunbookRef {
            path: path.to_owned(),
            title: runbook.title.clone(),
            digest: Digest::of(&runbook.source),
        }),
        procedure: procedure.id.clone(),
        title: procedure.title.clone(),
        line: procedure.line,
        steps,
        risk,
        variables: builder.variables,
        values: builder.values,
        missing: builder.missing,
        rollback: procedure.rollback.clone(),
        people: options.people.to_vec(),
        digest: Digest::of(""),
    };
    plan.digest = digest(&plan);
    Ok(plan)
}

/// The alternative chosen in each group, by the order in which the groups appear.
fn choose(procedure: &Procedure, choices: &[u32]) -> Result<BTreeMap<u32, u32>, PlanError> {
    let mut groups: Vec<(u32, BTreeSet<u32>)> = Vec::new();
    for alternative in procedure.steps.iter().filter_map(|step| step.alternative.as_ref()) {
        match groups.iter_mut().find(|(group, _)| *group == alternative.group) {
            Some((_, numbers)) => {
                numbers.insert(alternative.number);
            }
            None => groups.push((alternative.group, BTreeSet::from([alternative.number]))),
        }
    }
    let mut chosen = BTreeMap::new();
    for (index, &number) in choices.iter().enumerate() {
        match groups.get(index) {
            Some((group, numbers)) if numbers.contains(&number) => {
                chosen.insert(*group, number);
            }
            None => return Err(PlanError::NoOptions(procedure.title.clone())),
            Some((_, numbers)) => {
                let known = numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
                return Err(PlanError::NoSuchOption { number, known });
            }
        }
    }
    Ok(chosen)
}

/// The word that the runbook itself demands before it destroys (`escribe 'CONFIRMAR'`).
fn typed_word(procedure: &Procedure, knowledge: &Knowledge) -> Option<String> {
    procedure
        .steps
        .iter()
        .filter(|step| step.kind == StepKind::Shell && step.text.contains("read"))
        .flat_map(|step| analyze_shell(&step.text, knowledge).statements)
        .flat_map(|statement| statement.prompts)
        .find_map(|prompt| prompt.typed_word)
}

struct Builder<'a> {
    runbook: &'a Runbook,
    procedure: &'a Procedure,
    options: &'a PlanOptions<'a>,
    chosen: BTreeMap<u32, u32>,
    word: Option<String>,
    values: BTreeMap<String, Value>,
    variables: BTreeMap<String, String>,
    missing: Vec<Missing>,
    /// What earlier steps define for later ones: variables, functions, aliases. Without it `$X -rf /data` would be
    /// judged as if nobody knew that `X=rm`.
    definitions: String,
    whereabouts: Whereabouts,
    way: Way,
}

/// What the text that would really run does.
struct Judged {
    risk: Risk,
    effects: Vec<Effect>,
    files: StepFiles,
    commands: StepCommands,
    /// It opens a shell or a console: nobody knows yet what will be typed there.
    opens: bool,
}

impl Builder<'_> {
    /// The step, and what is added around it.
    fn step(&mut self, number: usize, step: &Step) -> Vec<PlanStep> {
        let alternative = step.alternative.as_ref().map(|a| Choice {
            group: a.group,
            number: a.number,
            title: a.title.clone(),
            chosen: self.chosen.get(&a.group) == Some(&a.number),
        });
        let skipped = self.skipped(number, step, alternative.as_ref());
        let (text, mut action) = match (&skipped, self.person(step)) {
            (Some(why), _) => (step.text.clone(), Action::Skip { why: why.clone() }),
            (None, Some(why)) => (step.text.clone(), Action::Person { why }),
            (None, None) => self.resolved(number, step),
        };
        let if_fails = self.procedure.if_fails.contains(&step.id);
        let before = if_fails.then(|| self.whereabouts.clone());
        let Judged { risk, effects, files, commands, opens } = self.judge(step, &text, &mut action);
        if let Some(before) = before {
            // Where it goes is nothing to those that run when nothing failed.
            self.whereabouts = before;
        }
        let approval = match self.options.policy.approval(risk, self.word.as_deref()) {
            _ if !action.executes() => Approval::None,
            Approval::None if opens => Approval::Operator,
            approval => approval,
        };
        let locks = if action.executes() { locks(risk, &effects) } else { Vec::new() };
        let recognise = self.options.recognise.filter(|_| action == Action::Run && step.kind == StepKind::Shell);
        let around = recognise.and_then(|recognise| recognise(&commands));
        let planned = PlanStep {
            number,
            id: step.id.clone(),
            title: step.title.clone(),
            line: step.line,
            text,
            action,
            risk,
            effects,
            expects: step.expects.clone(),
            verifies: self.procedure.verification.contains(&step.id) || step.role == Role::Verification,
            if_fails,
            condition: step.condition.clone(),
            alternative,
            approval,
            locks,
            files: files.files,
            starts_in: files.starts_in,
            own: None,
            known_as: Vec::new(),
        };
        surrounded(planned, around, self.options)
    }

    /// Values for the variables that the plan's own text does not set.
    fn carry(&mut self) {
        for name in &self.options.carried {
            let text = format!("${name}");
            match self.options.values.get(name, &text) {
                Some((value, origin)) => {
                    let secret = (self.options.is_secret)(name);
                    self.values.insert(name.clone(), Value { value: value.clone(), origin, secret });
                    self.variables.insert(name.clone(), value);
                }
                None => self.missing.push(Missing {
                    name: name.clone(),
                    text,
                    line: self.procedure.line,
                    step: 1,
                    problem: None,
                }),
            }
        }
    }

    fn skipped(&self, number: usize, step: &Step, alternative: Option<&Choice>) -> Option<Text> {
        let asked_for = self.options.only.contains(&number);
        if !self.options.only.is_empty() && !asked_for {
            return Some(Text::new("not among the steps asked for", "no está entre los pasos pedidos"));
        }
        if takes_back(self.procedure, step) && !asked_for {
            return Some(Text::new(
                "it takes this procedure back: `sereno runs undo` walks it",
                "deshace este procedimiento: lo recorre `sereno runs undo`",
            ));
        }
        let choice = alternative?;
        (!choice.chosen).then(|| {
            if self.chosen.contains_key(&choice.group) {
                Text::new("another option was chosen", "se eligió otra opción")
            } else {
                Text::new(
                    format!("no option was chosen (--option {})", choice.number),
                    format!("no se eligió ninguna opción (--option {})", choice.number),
                )
            }
        })
    }

    /// Why a person must do this step, when Sereno cannot.
    fn person(&self, step: &Step) -> Option<Text> {
        match step.kind {
            StepKind::Shell => self.foreign(step),
            StepKind::Sql | StepKind::Promql | StepKind::Operation => None,
            StepKind::Repl => Some(Text::new(
                "these lines are typed into a client that an earlier step opens",
                "estas líneas se escriben en un cliente que abre un paso anterior",
            )),
            StepKind::Manual => Some(Text::new("a person does this", "esto lo hace una persona")),
        }
    }

    /// A shell step that holds lines which are not for this shell is a person's: running half of it would be worse.
    fn foreign(&self, step: &Step) -> Option<Text> {
        if step.flags.contains(&Flag::Nested) || step.flags.contains(&Flag::HasRepl) {
            return Some(Text::new(
                "its later lines are meant for the pod, host or console that its first line opens",
                "sus líneas siguientes son para el pod, host o consola que abre la primera",
            ));
        }
        if let Some(line) = step.text.lines().find(|line| is_client_line(line)) {
            return Some(Text::new(
                format!("`{}` looks like a line for a console: a shell would write a file", line.trim()),
                format!("`{}` parece una línea para una consola: un shell escribiría un archivo", line.trim()),
            ));
        }
        let block = self.runbook.blocks.get(step.block?)?;
        let end = step.line + step.text.lines().count().max(1);
        let statement = block.statements.iter().find(|s| s.foreign.is_some() && s.line >= step.line && s.line < end)?;
        let what = statement.foreign.as_deref().unwrap_or_default();
        Some(Text::new(
            format!("line {} is not a command for this shell ({what})", statement.line),
            format!("la línea {} no es un comando para este shell ({what})", statement.line),
        ))
    }

    fn resolved(&mut self, number: usize, step: &Step) -> (String, Action) {
        let Resolved { text, missing, values, variables, refused } =
            resolve(self.runbook, step, self.options, self.word.as_deref());
        self.missing.extend(missing.into_iter().map(|m| Missing { step: number, ..m }));
        for (name, (value, origin)) in values {
            let secret = (self.options.is_secret)(&name);
            self.values.insert(name, Value { value, origin, secret });
        }
        for (name, (value, origin)) in variables {
            let secret = (self.options.is_secret)(&name);
            self.values.insert(name.clone(), Value { value: value.clone(), origin, secret });
            self.variables.insert(name, value);
        }
        match refused {
            Some(why) => (text, Action::Refuse { why }),
            None => (text, Action::Run),
        }
    }

    /// The risk and effects of the text that would really run, in the light of what earlier steps defined: a value can
    /// make a command worse than its pattern.
    fn judge(&mut self, step: &Step, text: &str, action: &mut Action) -> Judged {
        if *action != Action::Run {
            let (risk, effects) = (step.risk.unwrap_or_default(), step.effects.clone());
            return Judged {
                risk,
                effects,
                files: StepFiles::default(),
                commands: StepCommands::default(),
                opens: false,
            };
        }
        let before = self.definitions.len();
        let analysis = analyze_shell(&format!("{}{text}", self.definitions), self.options.knowledge);
        let own: Vec<&Statement> = analysis.statements.iter().filter(|s| s.span.end > before).collect();
        if own.iter().any(|s| s.interactive.is_some() || s.opens.is_some()) {
            *action = Action::Terminal;
        } else if own.iter().any(|s| s.endless) {
            *action = Action::Follow { seconds: self.options.follow_seconds };
        }
        let mut risk = Risk::highest(own.iter().map(|s| s.risk)).unwrap_or_default();
        if analysis.errors.iter().any(|error| error.end > before) {
            risk = risk.max(Risk::Unclear);
        }
        // The SQL or PromQL inside was judged by the reader; the client around it hides nothing.
        if step.kind != StepKind::Shell {
            risk = risk.max(step.risk.unwrap_or(Risk::Unclear));
        }
        let mut effects: Vec<Effect> = Vec::new();
        for effect in own.iter().flat_map(|s| &s.effects) {
            if !effects.contains(effect) {
                effects.push(effect.clone());
            }
        }
        let text_of = |s: &Statement| text.get(s.span.start.saturating_sub(before)..s.span.end - before);
        let texts: Vec<(&Statement, &str)> = own.iter().map(|s| (*s, text_of(s).unwrap_or_default())).collect();
        let commands = self.way.commands(&texts, &self.whereabouts, self.options.directory);
        let files = self.whereabouts.follow(texts.into_iter());
        let defined: Vec<String> = own
            .iter()
            .filter_map(|s| Some((s, text.get(s.span.start.checked_sub(before)?..s.span.end - before)?)))
            .filter(|(s, own)| defines(s, own))
            .map(|(_, own)| own)
            .map(|definition| format!("{definition}\n"))
            .collect();
        self.definitions.push_str(&defined.concat());
        let effects = if effects.is_empty() { step.effects.clone() } else { effects };
        let opens = own.iter().any(|s| s.opens.is_some());
        Judged { risk, effects, files, commands, opens }
    }
}

/// `> LLEN celery`: a bare prompt and a command. A shell would read a redirection to a file named `LLEN`; nobody writes
/// a redirection first and its command after it.
fn is_client_line(line: &str) -> bool {
    line.trim_start().strip_prefix("> ").is_some_and(|rest| rest.split_whitespace().nth(1).is_some())
}

/// Whether later statements read what this one sets: a variable, a function, an alias.
fn defines(statement: &Statement, text: &str) -> bool {
    let head = text.split('{').next().unwrap_or_default();
    let function = head.trim_end().ends_with("()") || head.starts_with("function ");
    function || !statement.sets.is_empty() || statement.commands.iter().any(|c| c.name == "alias")
}

fn locks(risk: Risk, effects: &[Effect]) -> Vec<String> {
    if risk == Risk::Observe {
        return Vec::new();
    }
    let mut locks: BTreeSet<String> =
        effects.iter().filter(|e| e.risk > Risk::Observe).filter_map(|e| e.component.clone()).collect();
    if locks.is_empty() {
        locks.insert(WHOLE_SYSTEM.to_owned());
    }
    locks.into_iter().collect()
}
