//! Running a program inside an instance: what is asked, and what goes in and comes out while it runs.

use crate::PlatformError;
use serde::{Deserialize, Serialize};
use sereno_model::Text;
use tokio::sync::{mpsc, watch};

/// A program to be run inside an instance. Its words go there as they are: no shell reads them on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    pub argv: Vec<String>,
    /// It gets a terminal of its own; without one it reads nothing.
    pub terminal: bool,
}

/// What is connected to a program while it runs.
#[derive(Debug)]
pub struct Wires {
    pub output: mpsc::Sender<Said>,
    /// Only for a program that has a terminal.
    pub keyboard: Option<Keyboard>,
}

/// A person's end of a program's terminal.
#[derive(Debug)]
pub struct Keyboard {
    /// Ends when nothing more will be typed.
    pub typed: mpsc::Receiver<Vec<u8>>,
    /// Columns and rows.
    pub size: watch::Receiver<(u16, u16)>,
}

/// What comes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// To standard output, or to the terminal.
    Out(Vec<u8>),
    Err(Vec<u8>),
    /// The connection is gone and the program still runs: what it says from now on is lost, and its end is waited for.
    CutOff,
}

/// What a platform says that runs nothing inside its components.
pub(crate) fn not_here(target: &str, what: &str) -> PlatformError {
    PlatformError::refused(
        format!("{target} runs no program inside a component ({what})"),
        format!("{target} no ejecuta programas dentro de un componente ({what})"),
    )
}

/// The same where a person can, by a program of the platform's own.
pub(crate) fn not_by_api(target: &str, what: &str, by_hand: &str) -> PlatformError {
    PlatformError::Refused {
        en: format!("the API of {target} runs no program inside a component ({what})"),
        es: format!("la API de {target} no ejecuta programas dentro de un componente ({what})"),
        hint: Some(Box::new(Text::new(format!("a person can: {by_hand}"), format!("una persona puede: {by_hand}")))),
    }
}
