//! Texts that nobody should write: no panic, no hang.

use proptest::prelude::*;
use sereno_effects::{Knowledge, analyze_client, analyze_shell, analyze_sql, syntactic_placeholders};
use std::time::{Duration, Instant};

fn shellish() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("rm -rf "),
        Just("$("),
        Just(")"),
        Just("`"),
        Just("'"),
        Just("\""),
        Just("<<EOF\n"),
        Just("EOF\n"),
        Just("\n"),
        Just(" | "),
        Just(" && "),
        Just("; "),
        Just("${X:-"),
        Just("}"),
        Just("if "),
        Just("then "),
        Just("fi"),
        Just("case x in "),
        Just("esac"),
        Just("kubectl exec a -- "),
        Just("bash -c "),
        Just("$X"),
        Just("X="),
        Just("\\"),
        Just("<pod>"),
        Just("> f"),
        Just("ñ"),
        Just("€"),
        Just("{a,b}"),
        Just("# c"),
        Just("f() { "),
        Just("f "),
        Just("eval "),
        Just("xargs "),
        Just("psql -c "),
        Just("select 1;"),
        Just("$'\\x72"),
        Just("[["),
        Just("]]"),
        Just("(("),
        Just("!"),
        Just("&"),
        Just("docker compose "),
        Just("echo "),
        Just("base64 -d"),
        Just("\u{f8ff}"),
        Just("$@"),
        Just("alias a="),
        Just("sed s/a/b/"),
        Just("tar c"),
        Just("\r\n"),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(text in any::<String>()) {
        let analysis = analyze_shell(&text, Knowledge::builtin());
        for statement in &analysis.statements {
            prop_assert!(text.get(statement.span.clone()).is_some());
        }
        analyze_sql(&text);
        syntactic_placeholders(&text);
        for client in ["redis-cli", "psql", "mongosh", "python"] {
            analyze_client(client, &text, Knowledge::builtin());
        }
    }

    #[test]
    fn nothing_panics_on_pieces_of_shell(text in shellish()) {
        let analysis = analyze_shell(&text, Knowledge::builtin());
        for statement in &analysis.statements {
            prop_assert!(text.get(statement.span.clone()).is_some());
            prop_assert!(statement.risk <= analysis.risk);
        }
        analyze_sql(&text);
    }
}

/// Threads have 2 MB of stack by default; a quarter of it stays free for callers and for the C parser.
fn with_a_small_stack(run: fn()) {
    let thread = std::thread::Builder::new().stack_size(1_500_000).spawn(run);
    thread.expect("a thread").join().expect("no panic");
}

#[test]
fn deep_nesting_ends_and_is_not_observe() {
    with_a_small_stack(deep_nesting);
}

fn deep_nesting() {
    let n = 10_000;
    for (open, close) in [
        ("(", ")"),
        ("$(", ")"),
        ("{ ", "; }"),
        ("\"$(", ")\""),
        ("if ", ""),
        ("a && ", "a"),
        ("a | ", "a"),
        ("[[ ( ", ""),
        ("`", ""),
        ("f() { ", "; }"),
        ("${a:-", "}"),
        ("sudo ", "ls"),
        ("eval ", "ls"),
        ("'", ""),
        ("<(", ")"),
        ("! ", "ls"),
        ("alias a=", "ls"),
        ("env ", "ls"),
        ("xargs ", "ls"),
        ("ssh h ", "ls"),
        ("kubectl exec p -- ", "ls"),
        ("f() { f; ", "; }"),
    ] {
        let text = format!("{}rm x{}", open.repeat(n), close.repeat(n));
        let start = Instant::now();
        let risk = analyze_shell(&text, Knowledge::builtin()).risk;
        assert!(start.elapsed() < Duration::from_secs(20), "{open} took {:?}", start.elapsed());
        assert_ne!(risk, sereno_model::Risk::Observe, "{open}");
    }
    let sql = format!("SELECT {}1{}", "(".repeat(n), ")".repeat(n));
    analyze_sql(&sql);
    analyze_sql(&"EXPLAIN ANALYZE ".repeat(n));
    analyze_sql(&format!("SELECT 1{}", "+1".repeat(n)));
    analyze_sql(&format!("SELECT 1{}", " UNION SELECT 1".repeat(n)));
    analyze_sql(&format!("SELECT {}1", "NOT ".repeat(n)));
    analyze_sql(&format!("SELECT {}1{}", "(SELECT ".repeat(n), ")".repeat(n)));
    let inner = format!("psql -c \"SELECT {}1{}\"", "f(".repeat(17), ")".repeat(17));
    analyze_shell(&format!("{}{inner}", "sudo ".repeat(30)), Knowledge::builtin());
}

#[test]
fn functions_that_call_functions_do_not_multiply() {
    with_a_small_stack(functions_that_call_functions);
}

fn functions_that_call_functions() {
    let mut text = String::from("f0() { ls; }\n");
    for i in 1..40 {
        let below = i - 1;
        text.push('f');
        text.push_str(
            &[i.to_string(), "() { f".into(), below.to_string(), "; f".into(), below.to_string(), "; }\n".into()]
                .concat(),
        );
    }
    text.push_str("f39\nr() { r; }\nr\n");
    let start = Instant::now();
    analyze_shell(&text, Knowledge::builtin());
    assert!(start.elapsed() < Duration::from_secs(20), "took {:?}", start.elapsed());
}

#[test]
fn time_grows_with_length_only() {
    let block = "kubectl get pods -n shop | grep -v Running\nfor i in 1 2 3; do curl -fsS http://x/$i || echo no; done\nX=1\ndocker-compose -f a.yml logs --tail=5 api > out.log\n";
    let time = |count: usize| {
        let text = block.repeat(count);
        let start = Instant::now();
        assert!(!analyze_shell(&text, Knowledge::builtin()).statements.is_empty());
        start.elapsed().as_secs_f64()
    };
    time(10);
    let (small, large) = (time(150), time(1_500));
    assert!(large < small * 40.0, "{small} s, then {large} s for ten times the text");
}
