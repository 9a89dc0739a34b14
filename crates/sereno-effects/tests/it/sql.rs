//! SQL and the lines of consoles.

use sereno_effects::{Knowledge, analyze_client, analyze_sql};

const STATEMENTS: &str = include_str!("../sql.tsv");

#[test]
fn statements_have_their_risk() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for line in STATEMENTS.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        let (wanted, sql) = line.split_once('\t').expect("risk<TAB>sql");
        let sql = sql.replace('␤', "\n");
        count += 1;
        let risk = analyze_sql(&sql).risk.as_str();
        let right = if wanted == "!observe" { risk != "observe" } else { risk == wanted };
        if !right {
            wrong.push(format!("{wanted}, not {risk}: {sql}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 100, "the table holds only {count}");
}

#[test]
fn statements_are_placed() {
    let text = "-- uno; dos\nSELECT 1;\n\n  DELETE FROM t\n  WHERE a = 'x;y';\n\\dt\nSELECT 2";
    let found: Vec<_> = analyze_sql(text)
        .statements
        .iter()
        .map(|s| (s.line, text[s.span.clone()].to_owned(), s.risk.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (2, "SELECT 1".to_owned(), "observe"),
            (4, "DELETE FROM t\n  WHERE a = 'x;y'".to_owned(), "destroy"),
            (6, "\\dt".to_owned(), "observe"),
            (7, "SELECT 2".to_owned(), "observe"),
        ]
    );
}

#[test]
fn console_lines_have_their_risk() {
    for (client, line, risk) in [
        ("redis-cli", "LLEN celery", "observe"),
        ("redis-cli", "> LLEN celery", "observe"),
        ("redis-cli", "127.0.0.1:6379> FLUSHALL", "destroy"),
        ("redis-cli", "KEYS *", "observe"),
        ("redis-cli", "DEL \"a b\"", "destroy"),
        ("redis-cli", "CONFIG SET maxmemory 1gb", "change"),
        ("redis-cli", "FROB x", "unclear"),
        ("redis-cli", "exit", "observe"),
        ("psql", "orders=# SELECT 1;", "observe"),
        ("psql", "orders=> DELETE FROM x;", "destroy"),
        ("psql", "\\dt", "observe"),
        ("psql", "\\i x.sql", "destroy"),
        ("psql", "\\! rm -rf /data", "destroy"),
        ("psql", "\\q", "observe"),
        ("mysql", "mysql> SHOW PROCESSLIST;", "observe"),
        ("mysql", "mysql> KILL 5;", "change"),
        ("mongosh", "db.orders.find({a: 1})", "observe"),
        ("mongosh", "show dbs", "observe"),
        ("mongosh", "db.orders.deleteMany({})", "destroy"),
        ("mongosh", "db.frob()", "unclear"),
        ("rails console", "User.count", "observe"),
        ("rails console", "irb(main):001:0> User.delete_all", "destroy"),
        ("python", ">>> print(1)", "observe"),
        ("python", ">>> os.system('x')", "unclear"),
    ] {
        assert_eq!(analyze_client(client, line, Knowledge::builtin()).risk.as_str(), risk, "{client}: {line}");
    }
    let text = "127.0.0.1:6379> GET a\n127.0.0.1:6379> DEL b\n";
    let analysis = analyze_client("redis-cli", text, Knowledge::builtin());
    let found: Vec<_> = analysis.statements.iter().map(|s| (s.line, &text[s.span.clone()], s.risk.as_str())).collect();
    assert_eq!(found, [(1, "GET a", "observe"), (2, "DEL b", "destroy")]);
}
