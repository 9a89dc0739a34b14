//! What a step costs.

use crate::support::Session;
use std::time::Instant;

/// A ceiling far above what it takes, so that a busy machine does not fail it; the number itself is printed.
#[test]
fn a_step_costs_little() {
    let mut session = Session::new();
    session.step("true");
    let since = Instant::now();
    for _ in 0..100 {
        let went = session.step("true");
        assert_eq!(went.result.exit_code(), Some(0));
    }
    let each = since.elapsed() / 100;
    eprintln!("100 steps of `true`: {each:?} each");
    assert!(each.as_millis() < 100, "{each:?}");
}
