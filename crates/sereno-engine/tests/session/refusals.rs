//! Texts that are not whole, and states that are not there: nothing is run that was not written.

use crate::support::Session;
use sereno_engine::session::{End, SavedState, StepSpec};
use sereno_model::Digest;
use std::path::PathBuf;

/// What bash makes of a text by itself is what happens; the command that saves the state never becomes part of it.
#[test]
fn unfinished_texts_do_what_bash_does_with_them() {
    for (script, said) in [
        ("echo ran; echo 'never closed", ""),
        ("echo \"never closed", ""),
        ("echo `never closed", ""),
        ("echo $(never closed", ""),
        ("if true; then echo x", ""),
        ("for i in 1 2; do echo $i", ""),
        ("{ echo x", ""),
        ("(echo x", ""),
        ("case x in", ""),
        ("function f", ""),
        ("echo ran; [[ a &&", ""),
        ("echo ran; [[ a ==", ""),
        ("echo ran; [[ ( !", ""),
        ("echo first\necho 'never closed", "first\n"),
        ("echo x |", ""),
        ("echo ${x", ""),
        ("echo fine )", ""),
        ("while read -r l; do echo \"<$l>\"; done <<EOF\nbody", "<body>\n"),
        ("while read -r l; do echo \"<$l>\"; done <<EOF\nbody\n  EOF", "<body>\n<EOF>\n"),
    ] {
        let mut session = Session::new();
        let went = session.step(script);
        assert_eq!(went.out(), said, "{script}");
        assert_eq!(went.result.state, None, "{script}");
        assert_eq!(went.result.completed, Some(false), "{script}");
        assert!(!went.out().contains("sereno"), "{script}");
    }
}

#[test]
fn what_only_looks_unfinished_goes_on() {
    for (script, said) in [
        ("echo a \\", "a\n"),
        ("echo a # 'comment", "a\n"),
        ("n=3; echo $((1<<n))", "8\n"),
        ("echo 'a <<EOF b'", "a <<EOF b\n"),
        ("", ""),
        ("# only a comment", ""),
        ("-e", ""),
    ] {
        let mut session = Session::new();
        let went = session.step(script);
        assert_eq!(went.out(), said, "{script}");
        assert_eq!(went.result.completed, Some(true), "{script}: {went:?}");
        assert_eq!(session.step("echo next").out(), "next\n");
    }
}

#[test]
fn a_text_longer_than_an_argument_runs() {
    let mut session = Session::new();
    let script = format!("x='{}'\necho ${{#x}}\nset -- a b", "y".repeat(300_000));
    assert_eq!(session.step(&script).out(), "300000\n");
    assert_eq!(session.step("echo ${#x} $# $0").out(), "300000 2 bash\n");
}

type Change<'c> = &'c dyn Fn(&mut StepSpec, &Session);

#[test]
fn nothing_starts_without_its_state() {
    let start = |change: Change<'_>| {
        let mut session = Session::new();
        session.step("mkdir inner; cd inner");
        let mut spec = session.spec("echo ran");
        change(&mut spec, &session);
        session.run(&spec)
    };
    let cases: [(&str, Change<'_>); 6] = [
        ("is gone", &|_, session| {
            std::fs::remove_dir(session.work().join("inner")).expect("it is there");
        }),
        ("cannot read", &|spec, _| {
            spec.states = PathBuf::from("/no/such/states");
        }),
        ("the one that", &|spec, _| {
            std::fs::write(&spec.states, b"cut").expect("it is writable");
        }),
        ("is damaged", &|spec, _| {
            std::fs::write(&spec.states, b"cut").expect("it is writable");
            let saved = spec.state_in.as_mut().expect("it goes on");
            *saved = SavedState { offset: 0, length: 3, digest: Digest::of(b"cut"), ..saved.clone() };
        }),
        ("no nosuchshell in PATH", &|spec, _| {
            spec.shell = PathBuf::from("nosuchshell");
        }),
        ("NUL", &|spec, _| spec.script = "echo \0".to_owned()),
    ];
    for (reason, change) in cases {
        let went = start(change);
        let End::NotStarted(why) = &went.result.end else { panic!("it ran: {reason}") };
        assert!(why.en.contains(reason), "{}", why.en);
        assert_ne!(why.en, why.es);
        assert_eq!(went.out(), "");
    }
}

/// `SERENO_STEP` is all that a script can see of Sereno.
#[test]
fn no_helper_can_be_seen() {
    let mut session = Session::new();
    session.step("f() { :; }; set -- a; trap 'echo x' USR1");
    let went = session.step("declare -p; declare -F; alias; env; trap; ls /proc/self/fd");
    let seen: Vec<_> = went.stdout.split(|byte| *byte == b'\n').map(String::from_utf8_lossy).collect();
    // What this test itself was started with, as in CI, is the script's to see.
    let mut known: Vec<_> = std::env::vars().map(|(name, _)| format!("{name}=")).collect();
    known.extend(["SERENO_STEP=".to_owned(), "BASH_EXECUTION_STRING=".to_owned()]);
    let ours: Vec<_> = seen.iter().filter(|line| line.to_lowercase().contains("sereno_")).collect();
    assert!(ours.iter().all(|line| known.iter().any(|name| line.contains(name))), "{ours:?}");
    assert!(!went.out().contains("BASH_ENV"));
    let fds = went.out().lines().filter(|line| line.len() == 1 && line.bytes().all(|b| b.is_ascii_digit())).count();
    assert_eq!(fds, 4, "0, 1, 2, and the listing's own:\n{}", went.out());
}
