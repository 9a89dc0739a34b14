//! Code of other languages (`python -c`, a rails console): only what is plainly harmless is called so.

use crate::wording::phrased;
use sereno_model::{Effect, Risk, Text, Verb};

/// Words that destroy, in any of these languages.
const DESTROYS: &[&str] = &[
    "delete",
    "delete_all",
    "delete_many",
    "delete_one",
    "deleteMany",
    "deleteOne",
    "destroy",
    "destroy_all",
    "drop",
    "drop_table",
    "drop_all",
    "dropDatabase",
    "truncate",
    "TRUNCATE",
    "DROP",
    "DELETE",
    "flushall",
    "flushdb",
    "FlushAll",
    "purge",
    "purge_all",
    "unlink",
    "unlinkSync",
    "rm",
    "rmSync",
    "rmdir",
    "rmdirSync",
    "rmtree",
    "rm_rf",
    "rm_r",
    "remove",
    "removedirs",
    "rimraf",
    "clear",
    "obliterate",
    "empty",
    "prune",
    "wipe",
    "shutdown",
    "forceDelete",
    "removeSync",
    "kill",
];

/// Words that change.
const CHANGES: &[&str] = &[
    "save",
    "update",
    "update_all",
    "update_attribute",
    "update_attributes",
    "update_column",
    "insert",
    "insert_all",
    "create",
    "post",
    "put",
    "patch",
    "set",
    "commit",
    "perform_now",
    "perform_later",
    "perform_async",
    "deliver_now",
    "deliver_later",
    "enqueue",
    "touch",
    "increment",
    "toggle",
    "retry_all",
    "retry_jobs",
    "retry",
    "send_mail",
    "write",
    "writeFileSync",
    "writeFile",
    "apply_async",
    "delay",
    "bulk_create",
    "get_or_create",
    "set_password",
    "publish",
    "append",
];

/// Words that only read or compute.
const HARMLESS: &[&str] = &[
    "print",
    "puts",
    "p",
    "pp",
    "console",
    "log",
    "echo",
    "say",
    "printf",
    "var_dump",
    "print_r",
    "import",
    "from",
    "require",
    "sys",
    "os",
    "json",
    "platform",
    "version",
    "version_info",
    "versions",
    "process",
    "len",
    "str",
    "int",
    "float",
    "bool",
    "list",
    "dict",
    "sorted",
    "sum",
    "min",
    "max",
    "round",
    "range",
    "type",
    "repr",
    "format",
    "join",
    "split",
    "strip",
    "count",
    "find",
    "find_by",
    "where",
    "first",
    "last",
    "all",
    "pluck",
    "size",
    "length",
    "exists",
    "exists?",
    "any?",
    "empty?",
    "inspect",
    "to_a",
    "to_s",
    "to_i",
    "to_json",
    "limit",
    "order",
    "order_by",
    "group",
    "filter",
    "get",
    "values",
    "values_list",
    "objects",
    "select",
    "includes",
    "joins",
    "stdin",
    "load",
    "loads",
    "dumps",
    "dump",
    "stringify",
    "parse",
    "env",
    "environ",
    "getenv",
    "datetime",
    "time",
    "date",
    "now",
    "today",
    "utcnow",
    "strftime",
    "isoformat",
    "timedelta",
    "secrets",
    "token_hex",
    "token_urlsafe",
    "token_bytes",
    "randomBytes",
    "toString",
    "crypto",
    "random",
    "uuid",
    "uuid4",
    "randomUUID",
    "base64",
    "b64encode",
    "b64decode",
    "hashlib",
    "sha256",
    "md5",
    "hexdigest",
    "digest",
    "encode",
    "decode",
    "math",
    "in",
    "for",
    "if",
    "else",
    "not",
    "and",
    "or",
    "is",
    "None",
    "True",
    "False",
    "nil",
    "true",
    "false",
    "null",
    "undefined",
    "const",
    "let",
    "var",
    "as",
    "end",
    "exit",
    "quit",
    "path",
    "exists_ok",
    "getcwd",
    "listdir",
    "queues",
    "stats",
    "workers",
    "user",
    "users",
    "name",
    "id",
    "ids",
    "created_at",
    "status",
    "ssl",
    "socket",
    "__version__",
    "memoryUsage",
    "uptime",
    "explain",
    "new",
    "return",
    "lambda",
    "argv",
    "data",
    "result",
    "results",
    "key",
    "keys",
    "items",
    "value",
    "enumerate",
    "zip",
    "map",
    "each",
    "do",
    "pprint",
    "gethostbyname",
    "gethostname",
    "locale",
    "fmt",
    "time_ns",
    "sep",
    "indent",
    "hex",
    "x",
    "i",
    "k",
    "v",
    "n",
    "f",
    "r",
    "e",
    "d",
    "s",
    "sqlalchemy",
    "__import__",
];

/// What a piece of code does, as far as its words tell.
pub(crate) fn effects(text: &str) -> Vec<Effect> {
    let risk = risk(text);
    if risk == Risk::Observe {
        return Vec::new();
    }
    let shown = crate::analyzer::shorten(text);
    let phrase = Text::new(format!("code: {shown}"), format!("código: {shown}"));
    let verb = if risk == Risk::Destroy { Verb::Deletes } else { Verb::Runs };
    vec![phrased(verb, phrase, None, risk)]
}

fn risk(text: &str) -> Risk {
    let words = identifiers(text, false);
    if identifiers(text, true).iter().any(|word| DESTROYS.contains(&word.as_str())) {
        return Risk::Destroy;
    }
    if words.iter().any(|word| CHANGES.contains(&word.as_str())) {
        return Risk::Unclear;
    }
    // `x` alone stands for code that a reader will put there.
    if !words.is_empty() && words.iter().all(|word| word.len() == 1) && !text.contains('(') {
        return Risk::Unclear;
    }
    // Backticks run a shell in Ruby, PHP and Perl.
    let runs = text.contains('`') || text.contains("%x");
    let constant = |word: &String| word.chars().next().is_some_and(char::is_uppercase);
    if !runs && words.iter().all(|word| HARMLESS.contains(&word.as_str()) || constant(word)) {
        return Risk::Observe;
    }
    Risk::Unclear
}

/// Identifiers; those inside strings only when asked for (a string may be code for another interpreter).
fn identifiers(text: &str, strings: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut current = String::new();
    let mut quote: Option<char> = None;
    for c in text.chars().chain([' ']) {
        if let Some(open) = quote {
            if c == open {
                quote = None;
            }
            if !strings {
                continue;
            }
        } else if matches!(c, '"' | '\'') {
            quote = Some(c);
        }
        if c.is_alphanumeric() || c == '_' || (c == '?' && !current.is_empty()) {
            current.push(c);
        } else if !current.is_empty() {
            if !current.starts_with(|c: char| c.is_ascii_digit()) {
                found.push(std::mem::take(&mut current));
            }
            current.clear();
        }
    }
    found
}

/// Names directly before an opening parenthesis, or before a template, which is a call too.
pub(crate) fn called(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut current = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || c == '_' || c == '$' {
            current.push(c);
        } else {
            if matches!(c, '(' | '`') && !current.is_empty() {
                found.push(std::mem::take(&mut current));
            }
            current.clear();
        }
    }
    found
}

/// JavaScript that is no method of a database.
pub(crate) fn is_plain_js(name: &str) -> bool {
    HARMLESS.contains(&name)
        || matches!(
            name,
            "forEach"
                | "map"
                | "function"
                | "printjson"
                | "ISODate"
                | "ObjectId"
                | "Date"
                | "tojson"
                | "NumberLong"
                | "Number"
                | "while"
                | "toArray"
                | "pretty"
                | "sort"
                | "skip"
                | "hint"
                | "Object"
                | "reduce"
                | "slice"
                | "push"
                | "getTime"
                | "hasNext"
                | "next"
                | "catch"
                | "then"
                | "quit"
        )
}
