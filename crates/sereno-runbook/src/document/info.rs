//! The line that opens a fence.

/// Whether an info string is a command: a program's name and its arguments, where a language's name belongs.
pub(super) fn is_command(info: &str) -> bool {
    let mut words = info.split_whitespace();
    let Some(first) = words.next() else {
        return false;
    };
    let Some(second) = words.next() else {
        return false;
    };
    let is_attribute =
        |word: &str| word.contains(['{', '}', '=', '"', ':', '[']) || word.starts_with("//") || word.starts_with('#');
    if is_attribute(first) || (is_attribute(second) && !second.starts_with('-')) {
        return false;
    }
    let program = first.strip_prefix("sudo").map_or(first, |_| second);
    let plain = program.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/'));
    plain && !is_language(first)
}

/// Names that stand before words that are not a command's arguments (` ```bash example `).
fn is_language(word: &str) -> bool {
    const LANGUAGES: [&str; 64] = [
        "bash",
        "sh",
        "shell",
        "zsh",
        "fish",
        "console",
        "terminal",
        "shellsession",
        "shell-session",
        "powershell",
        "ps1",
        "cmd",
        "bat",
        "sql",
        "postgres",
        "postgresql",
        "pgsql",
        "mysql",
        "promql",
        "logql",
        "json",
        "jsonc",
        "json5",
        "yaml",
        "yml",
        "toml",
        "ini",
        "conf",
        "env",
        "dotenv",
        "properties",
        "nginx",
        "apache",
        "xml",
        "html",
        "css",
        "js",
        "javascript",
        "ts",
        "typescript",
        "jsx",
        "tsx",
        "python",
        "py",
        "ruby",
        "rb",
        "go",
        "golang",
        "rust",
        "java",
        "php",
        "lua",
        "groovy",
        "hcl",
        "terraform",
        "dockerfile",
        "makefile",
        "text",
        "txt",
        "plaintext",
        "log",
        "diff",
        "mermaid",
        "markdown",
    ];
    LANGUAGES.iter().any(|known| known.eq_ignore_ascii_case(word))
}
