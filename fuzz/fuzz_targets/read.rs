//! Any bytes are a runbook, perhaps an empty one; nothing that is not shell is ever runnable.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sereno_model::BlockClass;

fuzz_target!(|bytes: &[u8]| {
    let (runbook, _) = sereno_runbook::read(bytes);
    for step in runbook.procedures.iter().flat_map(|procedure| &procedure.steps) {
        assert!(!step.runnable || step.class == Some(BlockClass::Shell), "{}", step.text);
    }
});
