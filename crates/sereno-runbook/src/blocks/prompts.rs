//! Prompts at the head of a line: a shell's, a client's, or a bare `> `.
//!
//! A bare `# ` is both root's prompt and a comment; which of the two is decided by the lines around it, not here.

use super::pattern::regex;
use regex::Regex;
use std::sync::LazyLock;

/// A client that reads lines of its own language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Client {
    Redis,
    Psql,
    Mysql,
    Mongo,
    Sqlite,
    Cassandra,
    Python,
    Ruby,
    Node,
    Other,
}

impl Client {
    /// Its lines are SQL.
    pub(super) fn speaks_sql(self) -> bool {
        matches!(self, Self::Psql | Self::Mysql | Self::Sqlite | Self::Cassandra)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prompt {
    /// `$ `, `user@host:~$ `, `[root@host ~]# `.
    Shell,
    /// `mysql> `, `127.0.0.1:6379> `, `>>> `.
    Client(Client),
    /// `> `: a client's, or the second line of a shell command.
    Angle,
}

/// The prompt with which a line begins, and the bytes that it and the blanks around it take.
pub(super) fn prompt(line: &str) -> Option<(Prompt, usize)> {
    let indent = line.len() - line.trim_start().len();
    let body = line.get(indent..)?;
    let head = body.as_bytes().first()?;
    if !(head.is_ascii_alphanumeric() || b"$%[(/~>.=-*".contains(head) || *head >= 0x80) {
        return None;
    }
    if let Some(found) = SHELL.find(body) {
        return Some((shell_or_router(body, found.end()), indent + found.end()));
    }
    if let Some(found) = HOST.captures(body)
        && let Some(whole) = found.get(1)
        && body.get(whole.end()..).is_some_and(begins_like_command)
    {
        return Some((shell_or_router(body, whole.end()), indent + whole.end()));
    }
    // No client's prompt is without one of these; most lines have none.
    if !body.contains(['>', '#']) && !body.starts_with(['(', '[', '*', 'I', '.']) && !body.contains(" :) ") {
        return None;
    }
    for (pattern, client) in CLIENTS.iter() {
        if let Some(found) = pattern.captures(body) {
            // Where what is typed tells the prompt, the prompt is the group before it.
            let end = found.get(1).or(found.get(0)).map_or(0, |whole| whole.end());
            return Some((Prompt::Client(*client), indent + end));
        }
    }
    if let Some(found) = NAMED.captures(body) {
        let rest = found.get(0).map_or("", |whole| body.get(whole.end()..).unwrap_or_default());
        let plain = rest.starts_with(char::is_uppercase) && rest.contains(" > ");
        if !plain {
            return found.get(0).map(|whole| (Prompt::Client(Client::Other), indent + whole.end()));
        }
    }
    if EMPTIES.is_match(body) {
        return None;
    }
    let angle = ANGLE.find(body)?;
    Some((Prompt::Angle, indent + angle.end()))
}

/// `router# show ip bgp`: what stands behind the prompt is for a router, and no shell has it.
fn shell_or_router(line: &str, end: usize) -> Prompt {
    let typed = line.get(end..).unwrap_or_default();
    let routed = [
        "show ",
        "configure",
        "conf t",
        "no ",
        "interface ",
        "commit",
        "end",
        "set interfaces ",
        "request ",
        "diagnose ",
    ]
    .iter()
    .any(|word| typed.strip_prefix(word).is_some_and(|rest| word.ends_with(' ') || rest.trim().is_empty()));
    // pgcli and Cypher's shell show who and where, as a shell does; what they take does not begin like a command.
    let shouted = || {
        let word = typed.split([' ', ';']).next().unwrap_or_default();
        word.len() > 2 && word.chars().all(|c| c.is_ascii_uppercase())
    };
    if routed {
        Prompt::Client(Client::Other)
    } else if super::sql::begins(typed) || typed.starts_with('\\') {
        Prompt::Client(Client::Psql)
    } else if line.get(..end).is_some_and(|prompt| prompt.trim_end().ends_with('>')) && shouted() {
        Prompt::Client(Client::Other)
    } else {
        Prompt::Shell
    }
}

fn begins_like_command(rest: &str) -> bool {
    rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '.' || c == '/') || rest.is_empty()
}

static SHELL: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"^(?:",
        r"\$(?:[ \t]+|$)",
        r"|(?:❯|➜|λ|»)[ \t]+(?:~[ \t]+)?",
        // user@host:~$ , user@host ~ % , root@host:/etc#
        r"|(?:\([\w.-]+\)[ \t]*)?[\w.-]+@[\w.-]+(?::[^\s$#]*)?(?:[ \t][~\w/.-]+)?[ \t]?[$#%>](?:[ \t]+|$)",
        // [root@host ~]#
        r"|\[[^\]\s]+@[^\]]+\][ \t]?[$#](?:[ \t]+|$)",
        r"|(?:bash|sh|zsh|ash|dash)-[\d.]+[a-z]?[$#](?:[ \t]+|$)",
        // Alpine and busybox: / # , /app # , ~ $
        r"|(?:~|/)[\w/.~-]*[ \t]?[#$][ \t]+",
        r"|\([\w.-]+\)[ \t]*\$[ \t]+",
        r"|PS(?: [A-Za-z]:\\[^>]*)?>[ \t]*",
        r"|[A-Z]:\\[^>]*>[ \t]*",
        r")",
    ))
});

/// `host $ cmd`, `host$ cmd`, `host# cmd`: told from prose by what follows.
static HOST: LazyLock<Regex> = LazyLock::new(|| regex(r"^((?:[a-z][\w.-]*(?: {0,12}\$|#)|%)[ \t]+)"));

static CLIENTS: LazyLock<Vec<(Regex, Client)>> = LazyLock::new(|| {
    [
        (r"^(?:redis|valkey)(?:-cli)?(?: [\w.:-]+)?(?:\[\d+\])?>(?:[ \t]+|$)", Client::Redis),
        (
            r"^(?:redis [\w.-]+|\d{1,3}(?:\.\d{1,3}){3}|[\w.-]+):\d{1,5}(?:\[\d+\])?(?:\([^)]*\))?>(?:[ \t]+|$)",
            Client::Redis,
        ),
        (r"^(?:mysql|MariaDB|mariadb|MySQL)(?: \[[^\]]*\]| \S+@\S+)?(?:[ \t]+(?:SQL|JS))?>(?:[ \t]+|$)", Client::Mysql),
        (r"^( {0,4}->[ \t]+)(?:[^\s@]+(?:[ \t;]|$)|[^\s@]*$)", Client::Mysql),
        (r#"^[A-Za-z_][\w-]*[=\-('"*^!][=*>]?[#>](?:[ \t]+|$)"#, Client::Psql),
        (r"^(?:mongo|mongos|mongosh)>(?:[ \t]+|$)", Client::Mongo),
        (
            r"^(?:[\w-]+:(?:PRIMARY|SECONDARY|ARBITER)|(?:Atlas |Enterprise )?[\w-]+ \[(?:direct: )?\w+\](?: [\w-]+)?|\[(?:direct: )?mongos\] [\w-]+|test)>(?:[ \t]+|$)",
            Client::Mongo,
        ),
        (r"^sqlite>(?:[ \t]+|$)", Client::Sqlite),
        (r"^[\w@-]*cqlsh(?::\w+)?>(?:[ \t]+|$)", Client::Cassandra),
        // `SQL> `, `ProxySQL Admin> `, `Flink SQL> `, `1> ` of sqlcmd, `trino:shop> `, `ch-02 :) `.
        (
            r"^(?:(?:[A-Za-z][\w-]* ?)?SQL(?: ?Admin)?|Admin|(?:trino|presto|ksql|hive|impala|vsql|cypher|n1ql|spark-sql|duckdb|snowsql)(?::[\w.-]+)?(?: \([\w.]+\))?|[\w.-]+@[\w.-]*:\d+/\w+|\[[\w-]+@[\w.-]+[^\]]*\] ?|[\w.-]+ \[[\w()-]+\] |\d+: jdbc:\S+|smb: \\\S*)>(?:[ \t]+|$)",
            Client::Mysql,
        ),
        (r"^(\d{1,2}>[ \t]+)[A-Za-z]", Client::Mysql),
        (r"^[\w.-]+ :\)(?:[ \t]+|$)", Client::Mysql),
        (r"^(?:[A-Z]{3,}(?:[ -][\w.-]+)?>|\((?:pprof|gdb|lldb|Pdb|ipdb|dlv|byebug|rdbg|rdb:\d+|jdb)\)|\[zk: [^\]]+\]|lftp \S+>)(?:[ \t]+|$)", Client::Other),
        // The console of Bacula.
        (r"^(\*)(?:status|list|llist|run|cancel|messages|mount|umount|unmount|label|update|restore|show|estimate|purge|prune|delete|enable|disable|release|reload|query|version|quit|exit)\b", Client::Other),
        (r"^>>>(?:[ \t]+|$)", Client::Python),
        (r"^\.\.\.(?:[ \t]+\S)", Client::Python),
        (r"^In ?\[\d+\]:(?:[ \t]+|$)", Client::Python),
        (
            r"^(?:irb|pry|jruby)?\(?[\w-]*\)?(?:\(main\)|\[\d+\])[\w :()-]*(?::\d+)*(?::\d+)?[*>](?:[ \t]+|$)",
            Client::Ruby,
        ),
        (r"^(?:\[\d+\] )?(?:pry|irb|rails|console)\([\w:#<> -]*\)(?::\d+)*(?::\d+)?[>*](?:[ \t]+|$)", Client::Ruby),
        (r"^(?:node|nodejs|js)>(?:[ \t]+|$)", Client::Node),
        (r"^php >(?:[ \t]+|$)", Client::Other),
    ]
    .into_iter()
    .map(|(pattern, client)| (regex(pattern), client))
    .collect()
});

/// Any other lower-case name with an angle: `iex(1)> `, `influx> `, `sftp> `, `app(prod)> `.
static NAMED: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^[a-z][\w.-]*(?:\([^)\s]*\))?(?:\[[^\]\s]*\])?(?::\w+)*\d*(?:> ?$|>[ \t]+)"));

/// `> /var/log/app.log` empties a file.
static EMPTIES: LazyLock<Regex> = LazyLock::new(|| regex(r"^> ?(?:/|\./|~/)\S+$"));

static ANGLE: LazyLock<Regex> = LazyLock::new(|| regex(r"^>(?:[ \t]+|$)"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_told_apart() {
        let shell = Some(Prompt::Shell);
        let client = |client| Some(Prompt::Client(client));
        for (line, kind, rest) in [
            ("$ ls -l", shell, "ls -l"),
            ("  $ ls", shell, "ls"),
            ("% redis-cli ping", shell, "redis-cli ping"),
            ("% 12", None, ""),
            ("$HOME/bin/run", None, ""),
            ("deploy@web-1:~$ uptime", shell, "uptime"),
            ("deploy@web-1:/srv/app# uptime", shell, "uptime"),
            ("deploy@web-1$ uptime", shell, "uptime"),
            ("[root@db ~]# df -h", shell, "df -h"),
            ("bash-5.1$ env", shell, "env"),
            ("/ # env", shell, "env"),
            ("host $ uptime", shell, "uptime"),
            ("web1# uptime", shell, "uptime"),
            ("PS C:\\> kubectl get pods", shell, "kubectl get pods"),
            ("# a comment", None, ""),
            ("mysql> SHOW PROCESSLIST;", client(Client::Mysql), "SHOW PROCESSLIST;"),
            ("MariaDB [(none)]> SHOW DATABASES;", client(Client::Mysql), "SHOW DATABASES;"),
            ("shop=# SELECT 1;", client(Client::Psql), "SELECT 1;"),
            ("shop=> SELECT 1;", client(Client::Psql), "SELECT 1;"),
            ("shop-# FROM t;", client(Client::Psql), "FROM t;"),
            ("127.0.0.1:6379> KEYS *", client(Client::Redis), "KEYS *"),
            ("127.0.0.1:6379[2]> INFO", client(Client::Redis), "INFO"),
            ("redis> PING", client(Client::Redis), "PING"),
            ("redis-cli> PING", client(Client::Redis), "PING"),
            ("rs0:PRIMARY> rs.status()", client(Client::Mongo), "rs.status()"),
            ("rs0 [direct: primary] test> db.stats()", client(Client::Mongo), "db.stats()"),
            (">>> import os", client(Client::Python), "import os"),
            ("irb(main):001:0> User.count", client(Client::Ruby), "User.count"),
            ("[1] pry(main)> User.count", client(Client::Ruby), "User.count"),
            ("iex(1)> Repo.all(User)", client(Client::Other), "Repo.all(User)"),
            ("sftp> put x", client(Client::Other), "put x"),
            ("ProxySQL Admin> SELECT 1;", client(Client::Mysql), "SELECT 1;"),
            ("Flink SQL> SHOW JOBS;", client(Client::Mysql), "SHOW JOBS;"),
            ("ch-02 :) SELECT 1", client(Client::Mysql), "SELECT 1"),
            ("1> SELECT 1", client(Client::Mysql), "SELECT 1"),
            ("2> /var/log/x", None, ""),
            ("RMAN> LIST BACKUP;", client(Client::Other), "LIST BACKUP;"),
            ("Atlas x1 [primary] shop> db.stats()", client(Client::Mongo), "db.stats()"),
            ("iex(shop@fdaa:0:1::3)2> :ok", client(Client::Other), ":ok"),
            ("(pprof) top5", client(Client::Other), "top5"),
            ("*status dir", client(Client::Other), "status dir"),
            ("* status of the shop", None, ""),
            ("ana@db-1:shop> SELECT 1", client(Client::Psql), "SELECT 1"),
            ("neo4j@neo4j> MATCH (n) RETURN n", client(Client::Other), "MATCH (n) RETURN n"),
            ("ana@web-1 ~> uptime", shell, "uptime"),
            ("edge1# show ip bgp", client(Client::Other), "show ip bgp"),
            ("->  celery@web-3: OK", None, ""),
            ("> LLEN celery", Some(Prompt::Angle), "LLEN celery"),
            ("echo hi > file", None, ""),
            ("> /var/log/app.log", None, ""),
            ("name: value", None, ""),
            ("Dashboard > Settings", None, ""),
            ("FOO=bar", None, ""),
            ("total=$((a + b))", None, ""),
        ] {
            let found = prompt(line);
            assert_eq!(found.map(|(prompt, _)| prompt), kind, "{line}");
            if let Some((_, length)) = found {
                assert_eq!(&line[length..], rest, "{line}");
            }
        }
    }
}
