//! Values put into texts never become syntax.

use proptest::prelude::*;
use sereno_effects::{check_variables, fill, fill_sql};
use std::ops::Range;
use std::process::Command;

/// The spans of `<v>` in a text.
fn holes(text: &str) -> Vec<Range<usize>> {
    text.match_indices("<v>").map(|(at, hole)| at..at + hole.len()).collect()
}

fn filled(text: &str, value: &str) -> Result<String, String> {
    let values: Vec<_> = holes(text).into_iter().map(|span| (span, value)).collect();
    fill(text, &values).map_err(|error| error.message.en)
}

#[test]
fn values_are_written_for_their_place() {
    for (text, value, wanted) in [
        ("kubectl delete pod <v>", "api-0", "kubectl delete pod api-0"),
        ("echo <v>", "a b; rm x", "echo 'a b; rm x'"),
        ("echo <v>", "it's", "echo 'it'\\''s'"),
        ("echo \"hola <v>\"", "$(x) \"q\" `y` \\", "echo \"hola \\$(x) \\\"q\\\" \\`y\\` \\\\\""),
        ("echo 'hola <v>'", "it's", "echo 'hola it'\\''s'"),
        ("cp b-<v>.sql /tmp", "2024-01-02", "cp b-2024-01-02.sql /tmp"),
        ("psql -c \"SELECT * FROM t WHERE id = <v>\"", "42", "psql -c \"SELECT * FROM t WHERE id = 42\""),
        ("ssh <v> uptime", "deploy@web1", "ssh deploy@web1 uptime"),
        ("curl https://<v>/health", "example.com", "curl https://example.com/health"),
        ("A='<v>'; echo \"$A\"", "a b", "A='a b'; echo \"$A\""),
        ("kubectl delete pod <v> -n <otro>", "x y", "kubectl delete pod 'x y' -n <otro>"),
    ] {
        assert_eq!(filled(text, value).as_deref(), Ok(wanted), "{text} with {value}");
    }
}

#[test]
fn what_cannot_be_safe_is_refused_with_a_reason() {
    for (text, value, part) in [
        ("rm -rf /srv/<v>", "", "empty"),
        ("echo <v>", "a\nb", "line break"),
        ("echo <v>", "a\0b", "control"),
        ("rm <v>", "-rf", "option"),
        ("rm \"<v>\"", "-rf", "option"),
        ("psql -c \"SELECT <v>\"", "1; DROP TABLE x", "psql reads it again"),
        ("psql -c \"SELECT '<v>'\"", "a'b", "psql reads it again"),
        ("bash -c 'echo <v>'", "$(x)", "bash reads it again"),
        ("ssh web1 \"echo <v>\"", "a b", "ssh reads it again"),
        ("eval \"echo <v>\"", "a;b", "eval reads it again"),
        ("cat <<EOF\n<v>\nEOF", "$(x)", "here-document"),
        ("sed 's/a/<v>/' f", "x/e", "sed reads it again"),
        ("curl https://<v>/x", "a?b=c", "curl reads it again"),
        ("echo \"<v>\" | psql", "a b", "psql reads it again"),
        ("X='<v>'; eval \"$X\"", "a b", "$X"),
        ("X='<v>'; Y=\"$X\"; bash -c \"$Y\"", "a b", "$X"),
        ("X='<v>'; rm -rf /srv/$X", "a /", "$X"),
        ("<v> --all", "a b", "names the command"),
        ("docker exec db sh -c \"echo <v>\"", "a b", "sh reads it again"),
        ("for i in <v>; do eval $i; done", "a b", "$i"),
        ("$CMD \"<v>\"", "a b", "$CMD reads it again"),
        ("echo \"${X:-<v>}\"", "a b", "syntax"),
        ("echo \"<v>", "a", "not valid shell"),
    ] {
        // A `/` alone is safe everywhere, so this row's value has more.
        let value = if value == "x/e" { "x/e;w f" } else { value };
        let error = filled(text, value).expect_err(&format!("{text} with {value}"));
        assert!(error.contains(part), "{text} with {value}: {error}");
    }
}

#[test]
fn an_error_never_shows_the_value() {
    let error = filled("psql -c \"SELECT '<v>'\"", "hunter2$secret").unwrap_err();
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn sql_values_are_written_for_their_place() {
    let sql = |text: &str, value: &str| {
        let values: Vec<_> = holes(text).into_iter().map(|span| (span, value)).collect();
        fill_sql(text, &values).map_err(|error| error.message.en)
    };
    for (text, value, wanted) in [
        ("SELECT '<v>'", "it's", "SELECT 'it''s'"),
        ("SELECT \"<v>\"", "a\"b", "SELECT \"a\"\"b\""),
        ("SELECT * FROM t WHERE id = <v>", "42", "SELECT * FROM t WHERE id = 42"),
        ("DROP TABLE <v>", "public.orders", "DROP TABLE public.orders"),
        ("SELECT <v>", "-5", "SELECT -5"),
    ] {
        assert_eq!(sql(text, value).as_deref(), Ok(wanted), "{text}");
    }
    for (text, value) in [
        ("SELECT <v>", "1; DROP TABLE x"),
        ("SELECT <v>", "a b"),
        ("SELECT '<v>'", "a\\"),
        ("SELECT 1 -- <v>", "a\nDROP"),
        ("SELECT /* <v> */ 1", "*/"),
        ("SELECT 5-<v>", "-5"),
        ("SELECT <v>", ""),
        ("DO $$ <v> $$", "a $$ b"),
    ] {
        assert!(sql(text, value).is_err(), "{text} with {value}");
    }
}

/// Runs `echo`-like texts under a real shell: what is printed must be the value, whatever it holds.
fn printed(text: &str) -> Option<Vec<u8>> {
    let output = Command::new("bash").args(["--norc", "--noprofile", "-c", text]).output().ok()?;
    Some(output.stdout)
}

#[test]
fn a_value_ends_no_here_document() {
    for text in [
        "cat <<EOF\n<v>\nEOF",
        "cat <<'EOF'\n<v>\nEOF",
        "cat <<-EOF\n\t<v>\n\tEOF",
        "cat <<\"EOF\" | tee f\nbefore\n<v>\nls\nEOF\ntrue",
        "cat <<'EOF'\nE<v>\nEOF",
        "cat > f <<EOF\n<v>\ntouch pwned\nEOF",
    ] {
        let value = if text.contains("E<v>") { "OF" } else { "EOF" };
        assert!(filled(text, value).is_err(), "{text}: {:?}", filled(text, value));
        assert!(filled(text, "other").is_ok(), "{text}");
    }
    // Where it is no line of its own it ends nothing.
    assert_eq!(filled("cat <<EOF\nname: <v>\nEOF", "EOF").as_deref(), Ok("cat <<EOF\nname: EOF\nEOF"));
}

#[test]
fn a_variable_that_is_read_again_or_split_takes_only_what_stays_one_word() {
    let with = |text: &str, value: &str| check_variables(text, &[("V", value)]).map_err(|error| error.message.en);
    for (text, value, part) in [
        ("eval \"deploy $V\"", "x; touch pwned", "eval reads $V again"),
        ("ssh web1 \"deploy.sh $V\"", "$(id)", "ssh reads $V again"),
        ("bash -c \"echo $V\"", "`id`", "bash reads $V again"),
        ("X=\"$V\"; Y=$X; sh -c \"$Y\"", "a|b", "sh reads $V again"),
        ("echo \"$V\" | bash", "id;", "bash reads $V again"),
        ("rm -rf /srv/$V", "x /", "without quotes"),
        ("ls $V", "*", "without quotes"),
        ("rm $V", "-rf", "option"),
    ] {
        let error = with(text, value).expect_err(&format!("{text} with {value}"));
        assert!(error.contains(part), "{text} with {value}: {error}");
    }
    for (text, value) in [
        ("kubectl get pod \"$V\"", "a b; rm x"),
        ("cat <<EOF\n$V\nEOF", "EOF\n$(id)"),
        ("psql $V -c 'select 1'", "postgres://app@db/x?sslmode=require&a=b"),
        ("ssh $V uptime", "deploy@web1"),
        ("X=$V; echo \"$X\"", "a b"),
        ("bash -c 'echo \"$1\"' _ x", "a; b"),
    ] {
        assert_eq!(with(text, value), Ok(()), "{text} with {value}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bash_prints_exactly_the_value(value in "[ -~ñ€]{1,20}", template in 0..4usize) {
        // `printf` reads its format again, so its name alone would ask for the strict characters; `basename -a` does not.
        let text = ["basename -- <v>", "basename -- \"<v>\"", "basename -- '<v>'", "X='<v>'; basename -- \"$X\""][template];
        if let Ok(full) = filled(text, &value)
            && let Some(out) = printed(&full) {
                let base = value.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                let wanted = if base.is_empty() { "/" } else { base };
                prop_assert_eq!(String::from_utf8_lossy(&out), format!("{wanted}\n"), "{}", full);
            }
    }

    /// What bash does with any attack: the document says the value, and nothing else runs.
    #[test]
    fn an_attack_in_a_here_document_is_refused_or_said(
        parts in proptest::collection::vec(prop::sample::select(vec![
            "EOF", "\n", "$(echo pwned)", "`echo pwned`", "'", "\"", "-", "\\", " ", "\t", "x", "$HOME", "; echo pwned", "}", "ñ", "<<EOF",
        ]), 1..5),
        template in 0..4usize,
    ) {
        let value = parts.concat();
        let text = [
            "cat <<EOF\n<v>\nEOF", "cat <<'EOF'\n<v>\nEOF", "cat <<'EOF'\na <v> b\n<v>\nlast\nEOF\necho after",
            "cat <<-EOF\n\t<v>\n\tEOF",
        ][template];
        if let Ok(full) = filled(text, &value) {
            let out = printed(&full).map(|out| String::from_utf8_lossy(&out).into_owned()).unwrap_or_default();
            let wanted = match template {
                2 => format!("a {value} b\n{value}\nlast\nafter\n"),
                // `<<-` takes the tabs before a line.
                3 => format!("{}\n", value.trim_start_matches('\t')),
                _ => format!("{value}\n"),
            };
            prop_assert_eq!(out, wanted, "{}", full);
        }
    }

    #[test]
    fn any_value_is_refused_or_stays_one_word(value in any::<String>()) {
        for text in ["ls <v>", "ls \"x <v>\"", "ls 'x <v>'", "ls x<v>y > <v>", "A=<v> ls", "psql -c \"<v>\"", "bash -c '<v>'", "cat <<'EOF'\n<v>\nEOF", "cat <<EOF\n<v>\nEOF", "if [ -f <v> ]; then ls; fi"] {
            if let Ok(full) = filled(text, &value) {
                let before = sereno_effects::analyze_shell(&text.replace("<v>", "xxx"), sereno_effects::Knowledge::builtin());
                let after = sereno_effects::analyze_shell(&full, sereno_effects::Knowledge::builtin());
                prop_assert_eq!(before.statements.len(), after.statements.len(), "{}", full);
            }
        }
    }
}
