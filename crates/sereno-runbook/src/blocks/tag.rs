//! What the tag of a fence promises. It is a hint: of shell-tagged blocks one in ten is something else.

use crate::text::fold;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    None,
    /// `bash`, `sh`, `shell`.
    Shell,
    /// `console`, `terminal`: commands and what they print.
    Console,
    /// PowerShell and cmd: commands, but not for the shell that Sereno has.
    Windows,
    Sql,
    Promql,
    /// A client's language: `redis`, `mongo`, `irb`.
    Client,
    Json,
    /// Files: `yaml`, `nginx`, `ini`.
    Config,
    /// `env`, `dotenv`.
    Env,
    /// `text`, `plain`.
    Text,
    /// `log`, `output`.
    Output,
    Diagram,
    /// `diff`, `patch`.
    Diff,
    /// `http`: a request or a response.
    Http,
    Markdown,
    /// Programming and search languages.
    Code,
    /// Not known.
    Unknown,
}

pub(super) fn tag(lang: Option<&str>) -> Tag {
    let Some(lang) = lang else { return Tag::None };
    let word: String = fold(lang).chars().filter(|c| !matches!(c, '{' | '}' | '.' | ':')).collect();
    match word.split([',', ' ']).next().unwrap_or_default() {
        "" => Tag::None,
        "bash" | "sh" | "shell" | "zsh" | "ksh" | "fish" | "shellscript" | "shell-script" | "bashrc" | "ssh"
        | "kubectl" => Tag::Shell,
        "console" | "shell-session" | "shellsession" | "sh-session" | "bash-session" | "terminal" | "term"
        | "session" | "cli" | "commandline" | "command" | "cmdline" => Tag::Console,
        "powershell" | "ps1" | "pwsh" | "cmd" | "bat" | "batch" | "dos" | "batchfile" => Tag::Windows,
        "sql" | "mysql" | "postgresql" | "postgres" | "pgsql" | "psql" | "plpgsql" | "plsql" | "tsql" | "mssql"
        | "sqlite" | "cql" | "mariadb" | "pg" => Tag::Sql,
        "promql" | "prometheus" | "metricsql" => Tag::Promql,
        "redis" | "redis-cli" | "mongo" | "mongodb" | "mongosh" | "irb" | "pycon" | "python-repl"
        | "python-console" | "rails-console" | "repl" | "cassandra" | "mysql-cli" => Tag::Client,
        "json" | "jsonc" | "json5" | "jsonl" | "ndjson" => Tag::Json,
        "env" | "dotenv" | "properties" => Tag::Env,
        "yaml" | "yml" | "toml" | "ini" | "nginx" | "conf" | "cfg" | "config" | "apache" | "apacheconf" | "hcl"
        | "terraform" | "tf" | "dockerfile" | "docker" | "docker-compose" | "compose" | "crontab" | "cron"
        | "systemd" | "unit" | "service" | "xml" | "caddyfile" | "haproxy" | "hosts" | "sshconfig" | "gitignore"
        | "makefile" | "make" | "logrotate" | "sysctl" | "plist" | "editorconfig" | "helm" | "gotmpl" | "vcl" => {
            Tag::Config
        }
        "text" | "txt" | "plain" | "plaintext" | "none" | "nohighlight" | "no-highlight" | "raw" => Tag::Text,
        "log" | "logs" | "output" | "out" | "stdout" | "stderr" | "result" | "response" | "salida" | "traceback"
        | "pytb" | "stacktrace" => Tag::Output,
        "diff" | "patch" => Tag::Diff,
        "mermaid" | "plantuml" | "puml" | "dot" | "graphviz" | "ditaa" | "ascii" | "diagram" | "flow" | "sequence"
        | "flowchart" | "d2" | "tree" => Tag::Diagram,
        "http" | "https" | "rest" | "curl" => Tag::Http,
        "md" | "markdown" | "mdx" | "rst" | "template" | "email" | "slack" => Tag::Markdown,
        "python" | "py" | "python3" | "js" | "javascript" | "ts" | "typescript" | "tsx" | "jsx" | "ruby" | "rb"
        | "go" | "golang" | "java" | "kotlin" | "scala" | "groovy" | "jenkinsfile" | "php" | "perl" | "rust" | "rs"
        | "c" | "cpp" | "c++" | "csharp" | "cs" | "lua" | "r" | "elixir" | "ex" | "erlang" | "clojure" | "haskell"
        | "swift" | "dart" | "graphql" | "gql" | "logql" | "kql" | "kusto" | "spl" | "splunk" | "lucene" | "flux"
        | "influxql" | "esql" | "html" | "css" | "scss" | "regex" | "jq" | "awk" | "rego" | "proto" | "protobuf"
        | "jql" | "vim" | "cel" | "solidity" | "vue" | "svelte" | "csv" | "tsv" | "latex" | "math"
        | "logs-insights" | "cloudwatch" => Tag::Code,
        _ => Tag::Unknown,
    }
}

impl Tag {
    /// A tag under which people put commands.
    pub(super) fn is_shell(self) -> bool {
        matches!(self, Self::Shell | Self::Console)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_written() {
        for (lang, expected) in [
            (None, Tag::None),
            (Some("Bash"), Tag::Shell),
            (Some("{.bash}"), Tag::Shell),
            (Some("sh,ignore"), Tag::Shell),
            (Some("YAML"), Tag::Config),
            (Some("redis-cli"), Tag::Client),
            (Some("brainfuck"), Tag::Unknown),
        ] {
            assert_eq!(tag(lang), expected, "{lang:?}");
        }
    }
}
