//! The honest report: of a runbook's steps, how many can run, need a value, are a person's, are queries, or were not understood.

use crate::render::{BOLD, styled};
use sereno_model::{BlockClass, Flag, Lang, Risk};
use sereno_runbook::model::{Runbook, Step, StepKind};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What can become of a step. Every step is counted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Runs,
    NeedsValues,
    Terminal,
    Person,
    Query,
    NotUnderstood,
}

#[derive(Debug)]
pub(crate) struct Coverage {
    steps: usize,
    fates: BTreeMap<Fate, usize>,
    /// Why steps do not run, with how often, in the author's order of appearance.
    reasons: Vec<(String, usize, usize)>,
    blocks: BTreeMap<BlockClass, usize>,
}

impl Coverage {
    pub(crate) fn of(runbook: &Runbook) -> Self {
        let mut coverage = Self { steps: 0, fates: BTreeMap::new(), reasons: Vec::new(), blocks: BTreeMap::new() };
        for block in &runbook.blocks {
            *coverage.blocks.entry(block.class).or_default() += 1;
        }
        for step in runbook.procedures.iter().flat_map(|p| &p.steps) {
            coverage.steps += 1;
            let fate = fate(step);
            *coverage.fates.entry(fate).or_default() += 1;
            if fate != Fate::Runs {
                coverage.because(step);
            }
        }
        coverage
    }

    fn because(&mut self, step: &Step) {
        let why = match &step.why_not {
            Some(why) => why.clone(),
            None if !step.needs.is_empty() => step.needs.join(", "),
            None => step.kind_word().to_owned(),
        };
        match self.reasons.iter_mut().find(|(reason, ..)| *reason == why) {
            Some((_, times, _)) => *times += 1,
            None => self.reasons.push((why, 1, step.line)),
        }
    }

    fn count(&self, fate: Fate) -> usize {
        self.fates.get(&fate).copied().unwrap_or(0)
    }

    pub(crate) fn to_json(&self, name: &str) -> serde_json::Value {
        let reasons: Vec<_> = self
            .reasons
            .iter()
            .map(|(why, times, line)| serde_json::json!({ "why": why, "steps": times, "first_line": line }))
            .collect();
        let blocks: BTreeMap<_, _> = self.blocks.iter().map(|(class, n)| (class.as_str(), n)).collect();
        serde_json::json!({
            "runbook": name,
            "steps": self.steps,
            "run": self.count(Fate::Runs),
            "need_values": self.count(Fate::NeedsValues),
            "need_a_terminal": self.count(Fate::Terminal),
            "are_a_persons": self.count(Fate::Person),
            "are_queries": self.count(Fate::Query),
            "not_understood": self.count(Fate::NotUnderstood),
            "reasons": reasons,
            "blocks": blocks,
        })
    }

    pub(crate) fn to_text(&self, name: &str, lang: Lang) -> String {
        let mut text = String::new();
        let rows = [
            (Fate::Runs, "can run as they stand", "se pueden ejecutar tal cual"),
            (Fate::NeedsValues, "need a value", "necesitan un valor"),
            (Fate::Terminal, "need a terminal", "necesitan una terminal"),
            (Fate::Person, "are a person's", "son de una persona"),
            (
                Fate::Query,
                "are queries for a database or Prometheus",
                "son consultas para una base de datos o Prometheus",
            ),
            (Fate::NotUnderstood, "were not understood", "no se entendieron"),
        ];
        let steps = self.steps;
        let _ = writeln!(text, "{}", styled(BOLD, name));
        let _ =
            writeln!(text, "{steps:>5}  {}", if lang == Lang::Es { "pasos, de los cuales" } else { "steps, of which" });
        for (fate, en, es) in rows {
            let _ = writeln!(text, "{:>5}  {}", self.count(fate), if lang == Lang::Es { es } else { en });
        }
        if !self.reasons.is_empty() {
            let _ = writeln!(text, "{}", if lang == Lang::Es { "       por qué no:" } else { "       why not:" });
            for (why, times, line) in &self.reasons {
                let _ =
                    writeln!(text, "{times:>9}×  {why}  ({} {line})", if lang == Lang::Es { "línea" } else { "line" });
            }
        }
        let blocks: Vec<String> = self.blocks.iter().map(|(class, n)| format!("{n} {class}")).collect();
        let _ = writeln!(text, "       {}: {}", if lang == Lang::Es { "bloques" } else { "blocks" }, blocks.join(", "));
        text
    }
}

fn fate(step: &Step) -> Fate {
    if step.runnable {
        return Fate::Runs;
    }
    if step.class == Some(BlockClass::Shell)
        && step.risk == Some(Risk::Unclear)
        && step.needs.is_empty()
        && step.why_not.is_none()
    {
        return Fate::NotUnderstood;
    }
    match step.kind {
        StepKind::Manual | StepKind::Repl => Fate::Person,
        _ if step.flags.contains(&Flag::Nested) || step.flags.contains(&Flag::HasRepl) => Fate::Person,
        _ if !step.needs.is_empty() => Fate::NeedsValues,
        StepKind::Shell if step.flags.contains(&Flag::Interactive) => Fate::Terminal,
        StepKind::Sql | StepKind::Promql => Fate::Query,
        StepKind::Shell | StepKind::Operation => Fate::Person,
    }
}

trait KindWord {
    fn kind_word(&self) -> &'static str;
}

impl KindWord for Step {
    fn kind_word(&self) -> &'static str {
        match self.kind {
            StepKind::Shell => "shell",
            StepKind::Sql => "sql",
            StepKind::Promql => "promql",
            StepKind::Repl => "repl",
            StepKind::Operation => "operation",
            StepKind::Manual => "manual",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_counted_once_and_a_query_is_no_missing_value() {
        let text = "# T\n\n## Look\n\n```bash\ndf -h\n```\n\n```bash\nkubectl logs <pod-name>\n```\n\n```promql\nrate(x[5m]) > 1\n```\n\n```bash\n# Call the provider\n```\n";
        let coverage = Coverage::of(&sereno_runbook::read(text.as_bytes()).0);
        let fates = [Fate::Runs, Fate::NeedsValues, Fate::Query, Fate::Person, Fate::Terminal, Fate::NotUnderstood];
        assert_eq!(fates.map(|fate| coverage.count(fate)), [1, 1, 1, 1, 0, 0], "{coverage:?}");
        assert_eq!(coverage.steps, 4);
        assert_eq!(coverage.reasons.len(), 3, "each that does not run says why: {coverage:?}");
    }
}
