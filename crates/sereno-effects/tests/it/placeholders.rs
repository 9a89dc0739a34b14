//! Placeholders that the syntax gives away.

use sereno_effects::syntactic_placeholders;

#[test]
fn placeholders_are_found() {
    for (text, names) in [
        ("kubectl delete pod <pod-name> -n <namespace>", vec!["pod-name", "namespace"]),
        ("echo <new password>", vec!["new password"]),
        ("ssh <user>@<host>", vec!["user", "host"]),
        ("psql -c \"SELECT * FROM t WHERE id = <id>\"", vec!["id"]),
        ("curl https://<your-domain>/health", vec!["your-domain"]),
        ("docker tag <IMAGE>:<TAG> x", vec!["IMAGE", "TAG"]),
        ("git checkout {{version}}", vec!["version"]),
        ("git checkout {{ version }}", vec!["version"]),
        ("ssh [COMPLETAR]", vec!["COMPLETAR"]),
        ("cd /srv/[nombre-del-servicio]", vec!["nombre-del-servicio"]),
        ("curl -H 'X: whsec_XXXX'", vec!["XXXX"]),
        ("restore b_YYYY-MM-DD.sql", vec!["YYYY-MM-DD"]),
        ("restore b_YYYYMMDD_HHMMSS.sql", vec!["YYYYMMDD_HHMMSS"]),
        ("psql <nombre base de datos>", vec!["nombre base de datos"]),
        ("kill <pid>", vec!["pid"]),
    ] {
        let found: Vec<_> = syntactic_placeholders(text).into_iter().map(|p| p.name).collect();
        assert_eq!(found, names, "{text}");
    }
}

#[test]
fn shell_syntax_is_no_placeholder() {
    for text in [
        "sort < in.txt > out.txt",
        "sort <in.txt >out.txt",
        "sort <in >out",
        "cat <<EOF\nx\nEOF",
        "cat <<-'EOF'\nx\nEOF",
        "diff <(ls a) <(ls b)",
        "[ -f x ] && ls",
        "[ \"$a\" = \"b\" ]",
        "[[ $a == b ]]",
        "if [ $x -gt 5 ]; then ls; fi",
        "ls [a-z]*",
        "grep '[0-9]' f",
        "grep -E '[[:space:]]+' f",
        "echo ${A[0]} ${A[@]}",
        "curl -d '[\"a\",\"b\"]'",
        "curl -d '[1,2]'",
        "docker ps --format '{{.Names}}'",
        "docker inspect -f '{{json .State}}' x",
        "kubectl get x -o go-template='{{range .items}}{{.metadata.name}}{{end}}'",
        "bc <<< '2 < 3'",
        "SELECT * FROM t WHERE a < 5 AND b > 3",
        "SELECT a[1] FROM t WHERE b LIKE '[x]%'",
        "mktemp /tmp/x.XXXXXX",
        "awk '$1 < 5 && $2 > 3'",
        "to_char(now(), 'YYYY-MM-DD')",
        "((a < b))",
        "jq '.items[0].name'",
        "echo '<b>x</b>'",
    ] {
        assert!(syntactic_placeholders(text).is_empty(), "{text}: {:?}", syntactic_placeholders(text));
    }
}
