//! Families of programs that read a text as a program. Said once: what one list forgets, another must not know.

/// The shells.
pub(crate) const SHELLS: &[&str] = &["bash", "sh", "dash", "zsh", "ksh", "ash", "fish"];

/// Languages whose program takes a file to run as its first argument, and a program on its standard input.
pub(crate) const LANGUAGES: &[&str] = &[
    "python", "python2", "python3", "node", "nodejs", "perl", "ruby", "php", "lua", "Rscript", "tclsh", "bun", "deno",
    "pwsh",
];

/// Clients of databases: what comes in is commands.
pub(crate) const CONSOLES: &[&str] = &[
    "psql",
    "pgcli",
    "mysql",
    "mariadb",
    "sqlite3",
    "sqlite",
    "redis-cli",
    "valkey-cli",
    "mongosh",
    "mongo",
    "sqlcmd",
    "sqlplus",
    "clickhouse-client",
    "cqlsh",
];

/// Whether a name is in any of these lists.
pub(crate) fn among(name: &str, lists: &[&[&str]]) -> bool {
    lists.iter().any(|list| list.contains(&name))
}
