//! How effects read in both languages.

use crate::analysis::Statement;
use sereno_model::{Effect, Risk, Text, Verb};

/// A noun phrase for the target of an effect: with a name in it (`{} logs`), and without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Noun {
    pub(crate) named: Text,
    pub(crate) bare: Text,
}

impl Noun {
    fn phrase(&self, of: Option<&str>) -> Text {
        match of {
            Some(of) => Text::new(self.named.en.replace("{}", of), self.named.es.replace("{}", of)),
            None => self.bare.clone(),
        }
    }
}

/// The effect's sentence, from its verb and its noun phrase.
pub(crate) fn effect(verb: Verb, noun: Option<&Noun>, of: Option<&str>, component: Option<&str>, risk: Risk) -> Effect {
    let phrase = match (noun, of) {
        (Some(noun), of) => noun.phrase(of),
        (None, Some(of)) => Text::same(of),
        (None, None) => Text::same(String::new()),
    };
    phrased(verb, phrase, component, risk)
}

/// The effect's sentence, from its verb and a phrase that is ready.
pub(crate) fn phrased(verb: Verb, phrase: Text, component: Option<&str>, risk: Risk) -> Effect {
    let (en, es) = verb_words(verb);
    Effect {
        verb,
        text: Text::new(join(en, &phrase.en), join(es, &phrase.es)),
        target: phrase.en,
        component: component.map(str::to_owned),
        risk,
    }
}

fn join(verb: &str, phrase: &str) -> String {
    if phrase.is_empty() { verb.to_owned() } else { format!("{verb} {phrase}") }
}

fn verb_words(verb: Verb) -> (&'static str, &'static str) {
    match verb {
        Verb::Reads => ("reads", "lee"),
        Verb::Reveals => ("reveals", "muestra en claro"),
        Verb::Nothing => ("touches nothing", "no toca nada"),
        Verb::Creates => ("creates", "crea"),
        Verb::Writes => ("writes", "escribe"),
        Verb::Updates => ("updates", "modifica"),
        Verb::Restarts => ("restarts", "reinicia"),
        Verb::Starts => ("starts", "inicia"),
        Verb::Stops => ("stops", "detiene"),
        Verb::Scales => ("scales", "escala"),
        Verb::Deploys => ("deploys", "despliega"),
        Verb::RollsBack => ("rolls back", "revierte"),
        Verb::Migrates => ("migrates", "migra"),
        Verb::BacksUp => ("backs up", "respalda"),
        Verb::Restores => ("restores", "restaura"),
        Verb::Deletes => ("deletes", "elimina"),
        Verb::Empties => ("empties", "vacía"),
        Verb::Sends => ("sends", "envía"),
        Verb::Installs => ("installs", "instala"),
        Verb::Enters => ("enters", "entra en"),
        Verb::Runs => ("runs", "ejecuta"),
    }
}

/// The verb to fall back on when only the risk is known.
pub(crate) fn verb_for(risk: Risk) -> Verb {
    match risk {
        Risk::Observe => Verb::Reads,
        Risk::Change => Verb::Updates,
        Risk::Unclear => Verb::Runs,
        Risk::Destroy => Verb::Deletes,
    }
}

/// Adds what is not there yet, in order.
pub(crate) fn merge_effects(into: &mut Vec<Effect>, from: impl IntoIterator<Item = Effect>) {
    // A long list helps nobody, and comparing each with each would not be linear.
    const MOST: usize = 200;
    for effect in from {
        if into.len() < MOST && !into.contains(&effect) {
            into.push(effect);
        }
    }
}

/// The effects of several statements, without repetition.
pub(crate) fn effects_of(statements: &[Statement]) -> Vec<Effect> {
    let mut all = Vec::new();
    for statement in statements {
        merge_effects(&mut all, statement.effects.iter().cloned());
    }
    all
}
