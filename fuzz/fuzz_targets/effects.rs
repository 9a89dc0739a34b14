//! Any text has effects; every statement lies within the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sereno_effects::{Knowledge, analyze_shell, analyze_sql};

fuzz_target!(|text: &str| {
    let knowledge = Knowledge::builtin();
    analyze_sql(text);
    let analysis = analyze_shell(text, knowledge);
    for statement in &analysis.statements {
        assert!(text.get(statement.span.clone()).is_some(), "{:?}", statement.span);
    }
});
