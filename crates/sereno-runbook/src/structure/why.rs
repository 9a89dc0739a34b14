//! Why a step cannot run as it stands, in the runbook's own language.

use super::draft::Draft;
use crate::model::StepKind;
use sereno_model::{BlockClass, Flag, Lang, Text};

/// `None` when the step can run.
pub(super) fn why_not(draft: &Draft, language: Lang) -> Option<String> {
    let text = match (&draft.foreign, draft.kind) {
        (Some(foreign), _) => of_foreign(foreign),
        (None, StepKind::Manual) if draft.class == Some(BlockClass::Config) => of_foreign("config"),
        (None, StepKind::Manual) => Text::new("a person does this", "lo hace una persona"),
        (None, StepKind::Sql) => Text::new(
            "it is SQL without a client: the runbook does not say on which database to run it",
            "es SQL sin cliente: el runbook no dice en qué base de datos ejecutarlo",
        ),
        (None, StepKind::Promql) => {
            Text::new("it is a query for Prometheus, not a command", "es una consulta para Prometheus, no un comando")
        }
        (None, StepKind::Repl) => of_foreign("repl"),
        (None, StepKind::Shell | StepKind::Operation) => return of_shell(draft, language),
    };
    Some(text.get(language).to_owned())
}

fn of_shell(draft: &Draft, language: Lang) -> Option<String> {
    if !draft.flags.contains(&Flag::NeedsValues) {
        return None;
    }
    let names = draft.needs.join(", ");
    let text = if names.is_empty() {
        Text::new("it needs a value that the runbook does not give", "necesita un valor que el runbook no da")
    } else {
        Text::new(format!("it needs a value for {names}"), format!("necesita un valor para {names}"))
    };
    Some(text.get(language).to_owned())
}

fn of_foreign(foreign: &str) -> Text {
    match foreign {
        "config" => Text::new(
            "it is the contents of a file, to be put there by a person",
            "es el contenido de un archivo, que pone una persona",
        ),
        "env" => Text::new(
            "these are settings for a file, not commands",
            "son variables para un archivo de configuración, no comandos",
        ),
        "promql" => {
            Text::new("it is a query for Prometheus, not a command", "es una consulta para Prometheus, no un comando")
        }
        "sql" => Text::new("it is SQL, not a shell command", "es SQL, no un comando de shell"),
        "repl" => Text::new(
            "it is typed into the console that was opened before, not into a shell",
            "se escribe en la consola abierta antes, no en el shell",
        ),
        "output" => Text::new("it is sample output, not a command", "es una salida de ejemplo, no un comando"),
        "nested" => Text::new(
            "it is meant for the pod, container or host that was entered before",
            "es para el pod, contenedor o servidor al que se entró antes",
        ),
        _ => Text::new("it is not a command for this shell", "no es un comando para este shell"),
    }
}
