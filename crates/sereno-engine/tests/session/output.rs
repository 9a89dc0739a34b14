//! What a step says is kept as it was said, up to a cap, and without its secrets.

use crate::support::{Session, runner};
use sereno_engine::session::{OutputReader, StepFiles, StepSpec, Stream, spawn_runner, write_secrets};
use sereno_model::redact::Secret;

#[test]
fn bytes_are_kept_as_they_are() {
    let mut session = Session::new();
    let went = session.step(r"printf '\x00\xff\xfe\x01\r\n\x1b[31m'; printf 'no newline' >&2");
    assert_eq!(went.stdout, b"\x00\xff\xfe\x01\r\n\x1b[31m");
    assert_eq!(went.stderr, b"no newline");
}

#[test]
fn the_order_of_both_streams_is_kept() {
    let mut session = Session::new();
    let spec = session.spec("for i in 1 2 3; do echo out $i; sleep 0.03; echo err $i >&2; sleep 0.03; done");
    session.run(&spec);
    let mut order = Vec::new();
    let mut times = Vec::new();
    OutputReader::new(&StepFiles::new(&spec.dir), 0)
        .read(|stream, millis, bytes| {
            order.push((stream, String::from_utf8_lossy(bytes).into_owned()));
            times.push(millis);
        })
        .expect("it is readable");
    let expected: Vec<_> = (1..=3)
        .flat_map(|i| [(Stream::Stdout, format!("out {i}\n")), (Stream::Stderr, format!("err {i}\n"))])
        .collect();
    assert_eq!(order, expected);
    assert!(times.is_sorted() && times.last() > times.first(), "{times:?}");
}

#[test]
fn reading_goes_on_from_any_offset() {
    let mut session = Session::new();
    let spec = session.spec("echo one; sleep 0.05; echo two");
    session.run(&spec);
    let files = StepFiles::new(&spec.dir);
    let mut offsets = vec![0];
    let mut reader = OutputReader::new(&files, 0);
    reader.read(|_, _, bytes| offsets.push(offsets[offsets.len() - 1] + 16 + bytes.len() as u64)).expect("readable");
    let mut second = Vec::new();
    OutputReader::new(&files, offsets[1]).read(|_, _, bytes| second.extend_from_slice(bytes)).expect("readable");
    assert_eq!(second, b"two\n");
    assert_eq!(reader.offset(), offsets[offsets.len() - 1]);
}

#[test]
fn secrets_never_reach_the_disk() {
    let mut session = Session::new();
    let secrets = session.root.path().join("secrets.json");
    write_secrets(&secrets, &[Secret::new("TOKEN", "xK9-straddles-two-writes")]).expect("it is writable");
    session.env.push(("DB_PASSWORD".into(), "from-the-environment".into()));
    let script = "printf 'a xK9-straddles'; sleep 0.1; echo '-two-writes b'; echo \"$DB_PASSWORD\" >&2";
    let spec = StepSpec { redact: Some(secrets), ..session.spec(script) };
    let went = session.run(&spec);
    let said = went.out() + &went.err();
    assert!(!said.contains("straddles") && !said.contains("from-the-environment"), "{said}");
    assert!(said.starts_with("a ") && said.contains(" b\n"), "{said}");
    let kept = std::fs::read(StepFiles::new(&spec.dir).output()).expect("it is there");
    assert!(!String::from_utf8_lossy(&kept).contains("straddles"));
}

#[test]
fn a_secret_that_a_step_sets_is_hidden_in_the_next() {
    let mut session = Session::new();
    session.step("API_TOKEN=set-by-the-script-1234");
    let went = session.step("echo \"the token is $API_TOKEN.\"");
    assert!(!went.out().contains("set-by-the-script"), "{}", went.out());
}

/// Above the cap, the beginning and the end stay, the disk does not fill, and the step runs to its end.
#[test]
fn very_long_output_keeps_its_beginning_and_its_end() {
    const LINES: u64 = 1_100_000;
    let mut session = Session::new();
    let mut spec = session.spec(&format!("seq -f '%0.0f................................................................................................' {LINES}"));
    // Seeing it all live would need a reader as fast as the writer; this one comes afterwards.
    spec.env = session.env.clone();
    let mut handle = spawn_runner(runner(), &spec).expect("the runner starts");
    let ended = handle.wait(|_, _| {}).expect("it can be followed");
    let sereno_engine::session::Ended::Finished(result) = ended else { panic!("the runner is gone") };
    assert_eq!(result.exit_code(), Some(0));
    assert!(result.output_bytes > 100_000_000 && result.dropped_bytes > 0, "{result:?}");
    let kept: u64 = std::fs::read_dir(&spec.dir)
        .expect("it is there")
        .map(|entry| entry.expect("readable"))
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("output"))
        .map(|entry| entry.metadata().expect("readable").len())
        .sum();
    assert!(kept <= 64 * 1024 * 1024, "{kept} bytes");
    let mut all = Vec::new();
    let mut reader = OutputReader::new(&StepFiles::new(&spec.dir), 0);
    reader.read(|_, _, bytes| all.extend_from_slice(bytes)).expect("readable");
    assert_eq!(all.len() as u64 + result.dropped_bytes, result.output_bytes);
    assert!(reader.skipped() > 0);
    assert!(all.starts_with(b"1..") && all[all.len() - 200..].windows(9).any(|w| w == b"\n1100000."));
}
