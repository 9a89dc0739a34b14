//! Lines and texts of SQL.

use super::pattern::{Test, regex, test};
use regex::Regex;
use std::sync::LazyLock;

/// Whether a line begins a statement of SQL.
pub(super) fn begins(line: &str) -> bool {
    let line = line.trim();
    BEGINS.is_match(line) && !is_for_a_person(line)
}

/// `Select app: Mail`, `Select the region`: what a page asks a person; SQL is not written so.
fn is_for_a_person(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("Select ") else { return false };
    let query = rest.contains(['*', '(', ';', ',', '@', '\'']) || rest.to_ascii_lowercase().contains(" from ");
    !query && rest.contains(' ')
}

/// How many of the text's statements are SQL: `(sql, all)`. Comments of SQL and of shells are left out.
pub(super) fn statements(text: &str) -> (usize, usize) {
    let bare = without_comments(text);
    let mut sql = 0;
    let mut all = 0;
    for statement in bare.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        all += 1;
        // Statements that their author did not end with `;` begin on a line of their own after a blank one.
        let parts = statement.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
        let mut begun = false;
        let mut foreign = false;
        for part in parts {
            let here = begins(part.lines().next().unwrap_or_default());
            foreign |= !here && !begun;
            begun |= here;
        }
        sql += usize::from(begun && !foreign);
    }
    (sql, all)
}

pub(super) fn without_comments(text: &str) -> String {
    let without_blocks = BLOCK_COMMENT.replace_all(text, " ");
    let mut bare = String::with_capacity(text.len());
    for line in without_blocks.lines() {
        let trimmed = line.trim_start();
        if !trimmed.starts_with("--") && !trimmed.starts_with('#') {
            bare.push_str(line.split(" -- ").next().unwrap_or_default());
        }
        bare.push('\n');
    }
    bare
}

static BLOCK_COMMENT: LazyLock<Regex> = LazyLock::new(|| regex(r"(?s)/\*.*?\*/"));

static BEGINS: LazyLock<Test> = LazyLock::new(|| {
    test(concat!(
        r"^(?i:EXPLAIN(?:\s+\(?(?:ANALYZE|ANALYSE|VERBOSE|BUFFERS)\b.*)?$|SELECT(?:\s+(?:DISTINCT|TOP|ALL)\b|\s+[\w\x22'`*(@.,:]|$)",
        r"|WITH(?:\s+RECURSIVE)?\s+\w+(?:\s*\([^)]*\))?\s+AS\b",
        r"|INSERT\s+(?:IGNORE\s+)?INTO\b|REPLACE\s+INTO\b|UPDATE\s+(?:ONLY\s+)?[\w\x22`.\[\]]+(?:\s+(?:AS\s+)?\w+)?\s*SET\b",
        r"|DELETE\s+FROM\b|MERGE\s+INTO\b|TRUNCATE\s+(?:TABLE\s+)?[\w\x22`]",
        r"|CREATE\s+(?:OR\s+REPLACE\s+)?(?:UNIQUE\s+|TEMP(?:ORARY)?\s+|UNLOGGED\s+|MATERIALIZED\s+)*(?:TABLE|INDEX|VIEW|DATABASE|SCHEMA|USER|ROLE|EXTENSION|FUNCTION|PROCEDURE|TRIGGER|TYPE|SEQUENCE|POLICY|PUBLICATION|SUBSCRIPTION|SERVER|KEYSPACE)\b",
        r"|ALTER\s+(?:TABLE|INDEX|DATABASE|SYSTEM|USER|ROLE|SEQUENCE|TYPE|VIEW|MATERIALIZED|POLICY|SCHEMA|EXTENSION|FUNCTION|SUBSCRIPTION|DEFAULT|TABLESPACE|AVAILABILITY|SESSION|PLUGGABLE|WAREHOUSE|LOGIN|PROCEDURE|TRIGGER|PUBLICATION|KEYSPACE|RESOURCE\s+(?:GROUP|POOL|GOVERNOR))\b",
        r"|(?:DETACH|ATTACH)\s+(?:TABLE|DATABASE|PARTITION|DICTIONARY)\b|SYSTEM\s+(?:RESTART|STOP|START|FLUSH|RELOAD|DROP|SYNC|RESTORE)\s+[A-Z]|BACKUP\s+(?:DATABASE|LOG|TABLE)\s|RESTORE\s+DATABASE\s|KILL\s+(?:QUERY|MUTATION)\s+(?:ON\s+CLUSTER\s+\S+\s+)?WHERE\b|CREATE\s+(?:OR\s+REPLACE\s+)?(?:TABLESPACE|LOGIN|WAREHOUSE|DICTIONARY)\b|DROP\s+(?:TABLESPACE|LOGIN|WAREHOUSE|DICTIONARY)\b|COPY\s+INTO\s|MSCK\s+REPAIR\b",
        r"|DROP\s+(?:TABLE|INDEX|VIEW|DATABASE|SCHEMA|USER|ROLE|EXTENSION|FUNCTION|TRIGGER|TYPE|SEQUENCE|MATERIALIZED|POLICY|OWNED|PROCEDURE|PUBLICATION|SUBSCRIPTION|KEYSPACE)\b",
        r"|EXPLAIN(?:\s*\(|\s+(?:ANALYZE|VERBOSE|SELECT|UPDATE|DELETE|INSERT|EXTENDED|FORMAT|WITH|PLAN)\b)",
        r"|SHOW\s+(?:FULL\s+|GLOBAL\s+|SESSION\s+|ALL\b|ENGINE|OPEN\s+)*(?:PROCESSLIST|TABLES|DATABASES|STATUS|VARIABLES|INNODB|ENGINE|GRANTS|INDEX(?:ES)?|COLUMNS|CREATE|SLAVE|MASTER|REPLICA|BINARY|WARNINGS|POOLS|CLIENTS|SERVERS|STATS|ALL|\w+)\b[^|]*;?$",
        r"|SET\s+(?:GLOBAL|SESSION|LOCAL|PERSIST|statement_timeout|lock_timeout|search_path|work_mem|maintenance_work_mem|ROLE|TRANSACTION|FOREIGN_KEY_CHECKS|PASSWORD|NAMES|@\w+|\w+\s*(?:=|\bTO\b))",
        r"|GRANT\s+[\w, ]+\s+(?:ON|TO)\b|REVOKE\s+[\w, ]+\s+(?:ON|FROM)\b|REASSIGN\s+OWNED\b",
        r"|VACUUM\b(?:\s*\(|\s+(?:FULL|ANALYZE|VERBOSE|FREEZE)\b|\s+[\w\x22.]+\s*;|\s*;|$)|ANALYZE(?:\s+(?:VERBOSE|TABLE)\b|\s+[\w\x22.]+\s*;|\s*;|$)",
        r"|REINDEX\s+(?:\(|TABLE|INDEX|DATABASE|SCHEMA|SYSTEM)|CLUSTER\s+\w+\s+USING|REFRESH\s+MATERIALIZED\b|CHECKPOINT\s*;?$",
        r"|OPTIMIZE\s+(?:LOCAL\s+)?TABLE\b|REPAIR\s+TABLE\b|CHECK\s+TABLE\b|FLUSH\s+(?:TABLES|PRIVILEGES|LOGS|HOSTS|STATUS|BINARY)\b|LOCK\s+TABLES?\b|UNLOCK\s+TABLES\b",
        r"|KILL\s+(?:QUERY\s+|CONNECTION\s+)?[\d<]+[^|]*;$|(?:START|STOP|RESET)\s+(?:SLAVE|REPLICA|TRANSACTION|MASTER|GROUP_REPLICATION)\b|CHANGE\s+(?:MASTER|REPLICATION)\b|PURGE\s+(?:BINARY|MASTER)\s+LOGS\b",
        r"|BEGIN(?:\s+(?:TRANSACTION|WORK))?\s*;|COMMIT\s*;|ROLLBACK\s*;|COPY\s+(?:\(|[\w\x22.]+(?:\s*\([^)]*\))?\s+(?:FROM|TO)\b)",
        r"|DESCRIBE\s+[\w`.]+\s*;|DESC\s+[\w`.]+\s*;|USE\s+[\w`]+\s*;|CALL\s+[\w.]+\(|EXEC(?:UTE)?\s+(?:sp_|\w+\.)|DBCC\s|DO\s+\$\$|DECLARE\s+@|PRAGMA\s+\w+|LISTEN\s+\w+;|NOTIFY\s+\w+[,;]|COMMENT\s+ON\b|PAUSE;|RESUME;|RELOAD;)|^UPDATE\s+(?:ONLY\s+)?[\w\x22`.]+(?:\s+(?:AS\s+)?\w+)?$",
    ))
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_begin() {
        for (line, yes) in [
            ("SELECT 1;", true),
            ("select id from t", true),
            ("select the right cluster", true),
            ("Select app:     Mail", false),
            ("Select the region of the shop", false),
            ("Select id from t", true),
            ("UPDATE tenants SET active = false", true),
            ("update the config", false),
            ("DELETE FROM x WHERE id = 1;", true),
            ("delete the pod", false),
            ("VACUUM FULL;", true),
            ("SHOW max_connections;", true),
            ("show me the logs of api | tail", false),
            ("KILL 12;", true),
            ("kill 12", false),
            ("CREATE INDEX CONCURRENTLY i ON t(a);", true),
            ("create a ticket", false),
            ("set -e", false),
            ("BEGIN;", true),
        ] {
            assert_eq!(begins(line), yes, "{line}");
        }
    }

    #[test]
    fn statements_are_counted_without_comments() {
        assert_eq!(statements("-- one; two\nSELECT a\nFROM b\nWHERE c;\n\n# x\nDELETE FROM d;\n"), (2, 2));
        assert_eq!(statements("kubectl get pods\nSELECT 1;"), (0, 1));
        assert_eq!(statements("SELECT 1\n\nSELECT 2"), (1, 1));
    }
}
