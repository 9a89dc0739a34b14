//! A shell or SQL text in, effects and risk out. Pure: no I/O. Knowledge of commands lives in data files
//! (`knowledge/*.toml`) that a team can extend. When in doubt, `Unclear`; a destructive command is never `Observe`.

pub mod analysis;

pub use analysis::{Analysis, Arg, Command, Interactive, Opens, Prompt, Statement, VariableUse};
