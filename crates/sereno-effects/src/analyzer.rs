//! The analysis of one text: what is shared by the walk over its tree and by the reading of its commands.

use crate::analysis::{Analysis, Command, Executed, ExecutedKind, Interactive, Opens, Prompt, Statement, VariableUse};
use crate::knowledge::Knowledge;
use crate::scope::Scope;
use crate::source::{Lines, Source, parse};
use crate::walk::Place;
use crate::wording::{effects_of, merge_effects, phrased};
use sereno_model::{Effect, Risk, Text, Verb};
use std::ops::Range;
use tree_sitter::Tree;

/// Deeper than this (trees within trees, texts within texts) nothing is read; it is unclear. A level takes some 25 KB of
/// stack in an unoptimised build, and threads have 2 MB: `hostile.rs` holds the whole to three quarters of that.
pub(crate) const MOST_DEPTH: usize = 40;

/// What was found in one top-level statement so far.
#[derive(Debug, Default, Clone)]
pub(crate) struct Findings {
    pub(crate) risk: Risk,
    pub(crate) effects: Vec<Effect>,
    pub(crate) commands: Vec<Command>,
    pub(crate) interactive: Option<Interactive>,
    pub(crate) endless: bool,
    pub(crate) opens: Option<Opens>,
    pub(crate) sets: Vec<String>,
    pub(crate) uses: Vec<VariableUse>,
    pub(crate) prompts: Vec<Prompt>,
    pub(crate) job_control: bool,
    pub(crate) unknown_commands: Vec<String>,
    pub(crate) executes: Vec<Executed>,
}

impl Findings {
    pub(crate) fn raise(&mut self, risk: Risk) {
        self.risk = self.risk.max(risk);
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.raise(effect.risk);
        merge_effects(&mut self.effects, [effect]);
    }

    /// Something that could not be read, named as a person would look for it.
    pub(crate) fn unclear(&mut self, what: &str) {
        self.effect(phrased(Verb::Runs, Text::same(what), None, Risk::Unclear));
    }

    pub(crate) fn interactive(&mut self, kind: Interactive) {
        self.interactive.get_or_insert(kind);
    }

    pub(crate) fn set(&mut self, name: &str) {
        if !name.is_empty() && !self.sets.iter().any(|set| set == name) {
            self.sets.push(name.to_owned());
        }
    }

    /// A file that runs in a loop is listed once; where the shell goes matters each time.
    pub(crate) fn execute(&mut self, executed: Executed) {
        if executed.what == ExecutedKind::Enters || !self.executes.contains(&executed) {
            self.executes.push(executed);
        }
    }

    /// These findings as those of a statement.
    pub(crate) fn of_statement(self, span: Range<usize>, line: usize) -> Statement {
        Statement {
            span,
            line,
            risk: self.risk,
            effects: self.effects,
            commands: self.commands,
            interactive: self.interactive,
            endless: self.endless,
            opens: self.opens,
            sets: self.sets,
            uses: self.uses,
            prompts: self.prompts,
            job_control: self.job_control,
            unknown_commands: self.unknown_commands,
            executes: self.executes,
        }
    }

    /// Takes in what an inner text or an alternative was found to do.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.raise(other.risk);
        merge_effects(&mut self.effects, other.effects);
        self.commands.extend(other.commands);
        self.interactive = self.interactive.or(other.interactive);
        self.endless |= other.endless;
        self.opens = self.opens.take().or(other.opens);
        for name in &other.sets {
            self.set(name);
        }
        self.uses.extend(other.uses);
        self.prompts.extend(other.prompts);
        self.job_control |= other.job_control;
        for executed in other.executes {
            self.execute(executed);
        }
        for name in other.unknown_commands {
            if !self.unknown_commands.contains(&name) {
                self.unknown_commands.push(name);
            }
        }
    }
}

/// One analysis under way.
pub(crate) struct Analyzer<'k> {
    pub(crate) knowledge: &'k Knowledge,
    pub(crate) scope: Scope,
    pub(crate) found: Findings,
    /// Commands that may still be read: functions that call functions must not multiply without end.
    pub(crate) budget: usize,
    /// Bodies of functions: the text each was defined in.
    pub(crate) bodies: Vec<String>,
    /// What the last command leaves on its standard output, for the next in a pipeline.
    pub(crate) output: crate::stream::Stream,
    /// The statement being read redirects or runs something that a reader of the tree could not place.
    pub(crate) errors: Vec<Range<usize>>,
}

impl<'k> Analyzer<'k> {
    pub(crate) fn new(text: &str, knowledge: &'k Knowledge) -> Self {
        Self {
            knowledge,
            scope: Scope::default(),
            found: Findings::default(),
            budget: 20_000 + text.len(),
            bodies: Vec::new(),
            output: crate::stream::Stream::Terminal,
            errors: Vec::new(),
        }
    }

    /// Reads a text within the text (`sh -c '…'`, an alias, a heredoc for a shell).
    pub(crate) fn inner_shell(&mut self, text: &str, place: &Place) {
        // Reading a text costs its length: a function that calls itself must not be read over and over.
        let cost = text.len() / 4;
        if place.depth >= MOST_DEPTH || self.budget <= cost {
            self.found.unclear(shorten(text));
            crate::salvage::read(text, &mut self.found);
            return;
        }
        self.budget -= cost;
        let source = Source::new(text);
        let Some(tree) = parse(&source.masked) else {
            self.found.unclear(shorten(text));
            return;
        };
        self.walk_program(&source, &tree, &place.deeper());
    }

    /// Runs `read` with findings of its own, and gives them.
    pub(crate) fn apart(&mut self, read: impl FnOnce(&mut Self)) -> Findings {
        let outer = std::mem::take(&mut self.found);
        read(self);
        std::mem::replace(&mut self.found, outer)
    }
}

/// What a text does, statement by statement.
pub(crate) fn analyze(text: &str, knowledge: &Knowledge) -> Analysis {
    let source = Source::new(text);
    let Some(tree) = parse(&source.masked) else {
        return beyond_reading(text);
    };
    let lines = Lines::of(text);
    let mut analyzer = Analyzer::new(text, knowledge);
    let mut statements = Vec::new();
    analyzer.top_level(&source, &tree, |span: Range<usize>, found: Findings| {
        let line = lines.line(span.start);
        statements.push(found.of_statement(span, line));
    });
    crate::prompt::complete(text, &mut statements);
    let comments = crate::walk::comments(&source, &tree);
    let mut errors = std::mem::take(&mut analyzer.errors);
    errors.sort_by_key(|span| (span.start, span.end));
    errors.dedup();
    finish(&source, &tree, statements, errors, comments)
}

fn finish(
    source: &Source<'_>,
    tree: &Tree,
    statements: Vec<Statement>,
    errors: Vec<Range<usize>>,
    comments: Vec<Range<usize>>,
) -> Analysis {
    let mut risk = Risk::highest(statements.iter().map(|s| s.risk)).unwrap_or_default();
    let mut effects = effects_of(&statements);
    if !errors.is_empty() || tree.root_node().has_error() {
        let mut found = Findings::default();
        crate::salvage::read(source.text, &mut found);
        risk = risk.max(found.risk).max(Risk::Unclear);
        merge_effects(&mut effects, found.effects);
    }
    Analysis { statements, risk, effects, errors, comments }
}

/// A text too large or too tangled to read is one unclear statement.
fn beyond_reading(text: &str) -> Analysis {
    let span = 0..text.len();
    let errors = vec![span.clone()];
    let mut found = Findings::default();
    found.unclear(shorten(text));
    crate::salvage::read(text, &mut found);
    let statement = found.of_statement(span, 1);
    Analysis {
        risk: statement.risk,
        effects: statement.effects.clone(),
        statements: vec![statement],
        errors,
        comments: Vec::new(),
    }
}

/// The first line of a text, cut to what fits in a sentence.
pub(crate) fn shorten(text: &str) -> &str {
    let line = text.trim_start().lines().next().unwrap_or_default();
    line.get(..crate::placeholder::floor(line, 60)).unwrap_or_default()
}
