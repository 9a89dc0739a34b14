//! What a line typed into a client does.
//!
//! Lines of redis and SQL are handed to `sereno-effects`, which knows them; of other languages only the verbs are read,
//! and what they do not tell is `Unclear`.

use super::kind::Kind;
use super::lines::Line;
use super::pattern::{Test, regex, test};
use super::prompts::Client;
use super::roles::Foreign;
use super::statements::Reading;
use super::{dialect, sql};
use crate::document::RawBlock;
use crate::model::Statement;
use regex::Regex;
use sereno_effects::{Knowledge, analyze_shell};
use sereno_model::{Effect, Risk};
use std::sync::LazyLock;

/// Reads a block of a client's lines.
pub(super) fn block(raw: &RawBlock, lines: &[Line], opened: Option<Client>, knowledge: &Knowledge) -> Reading {
    let mut reading = Reading::default();
    let prompted = lines.iter().any(|line| matches!(line.kind, Kind::Client | Kind::Angle));
    // Brackets that the last statement opened and did not close: the next line belongs to it.
    let mut open = 0;
    for (index, line) in lines.iter().enumerate() {
        let typed = if prompted {
            // Whatever its prompts look like: the block is a client's.
            matches!(line.kind, Kind::Client | Kind::Angle | Kind::ShellPrompt)
        } else {
            (!line.kind.is_silent() && !line.kind.is_output() && !dialect::is_console_answer(line.text))
                || dialect::is_redis(line.text)
        };
        let client = line.client.or(opened);
        let end = line.start + line.text.len();
        match reading.statements.last_mut().filter(|_| open > 0 && !prompted && typed) {
            Some(last) => {
                last.span.end = end;
                raw.text.get(last.span.clone()).unwrap_or_default().trim().clone_into(&mut last.text);
                (last.risk, last.effects) = of_client(client, &last.text, knowledge);
            }
            None if typed && !line.payload().is_empty() => {
                let (risk, effects) = of_client(client, line.payload(), knowledge);
                reading.statements.push(Statement {
                    line: raw.first_line + index,
                    text: line.payload().to_owned(),
                    risk,
                    foreign: Some(Foreign::Repl.as_str().to_owned()),
                    effects,
                    span: line.start..end,
                    ..Statement::default()
                });
            }
            None if !typed && !line.kind.is_silent() => reading.has_output = true,
            None => {}
        }
        if typed {
            open = (open + brackets(line.text)).max(0);
        }
    }
    reading.sum(&[]);
    reading.risk = reading.risk.or(Some(Risk::Observe));
    reading
}

fn of_client(client: Option<Client>, text: &str, knowledge: &Knowledge) -> (Option<Risk>, Vec<Effect>) {
    let (risk, effects) = read(client, text, knowledge);
    (Some(risk), effects)
}

/// How many more brackets a line opens than it closes.
fn brackets(text: &str) -> i32 {
    text.bytes().map(|byte| i32::from(b"([{".contains(&byte)) - i32::from(b")]}".contains(&byte))).sum()
}

/// The risk and effects of one line for a client; the client is guessed from the line when it is not known.
pub(super) fn read(client: Option<Client>, text: &str, knowledge: &Knowledge) -> (Risk, Vec<Effect>) {
    let text = text.trim();
    match client.filter(|client| *client != Client::Other).or_else(|| guess(text)) {
        Some(Client::Redis) => through(&format!("redis-cli {}", shell_words(text)), knowledge),
        Some(client) if client.speaks_sql() => sql_line(text, knowledge),
        Some(Client::Mongo) => (mongo(text), Vec::new()),
        _ => (verbs(text), Vec::new()),
    }
}

/// The risk and effects of a text of SQL.
pub(super) fn read_sql(text: &str, knowledge: &Knowledge) -> (Risk, Vec<Effect>) {
    through(&format!("psql <<'SERENO_SQL'\n{text}\nSERENO_SQL\n"), knowledge)
}

/// What a client's name, as a command opens it, stands for.
pub(super) fn client_named(name: &str) -> Client {
    let name = name.split_whitespace().next().unwrap_or_default();
    match name {
        _ if name.starts_with("redis") || name.starts_with("valkey") => Client::Redis,
        "psql" => Client::Psql,
        "mysql" | "mariadb" => Client::Mysql,
        "mongo" | "mongosh" => Client::Mongo,
        "sqlite3" | "sqlite" => Client::Sqlite,
        "cqlsh" => Client::Cassandra,
        _ if name.starts_with("python") || name.starts_with("ipython") || name == "manage.py" || name == "django" => {
            Client::Python
        }
        "irb" | "pry" | "rails" | "ruby" => Client::Ruby,
        "node" => Client::Node,
        _ => Client::Other,
    }
}

fn guess(text: &str) -> Option<Client> {
    if dialect::is_redis(text) {
        Some(Client::Redis)
    } else if sql::begins(text) || text.starts_with('\\') {
        Some(Client::Psql)
    } else if MONGO.is_match(text) {
        Some(Client::Mongo)
    } else {
        None
    }
}

fn sql_line(text: &str, knowledge: &Knowledge) -> (Risk, Vec<Effect>) {
    if SQLITE_READS.is_match(text) {
        return (Risk::Observe, Vec::new());
    }
    if text.starts_with('\\') {
        let reads = META_READS.is_match(text);
        return (if reads { Risk::Observe } else { Risk::Unclear }, Vec::new());
    }
    if LEAVES.is_match(text) || CQLSH_READS.is_match(text) {
        return (Risk::Observe, Vec::new());
    }
    read_sql(text.trim_end_matches("\\G").trim_end_matches("\\g"), knowledge)
}

/// What a shell command does that says the same.
fn through(command: &str, knowledge: &Knowledge) -> (Risk, Vec<Effect>) {
    let analysis = analyze_shell(command, knowledge);
    (analysis.risk, analysis.effects)
}

/// The words of a client's line, quoted so that no shell could read anything else into them.
fn shell_words(text: &str) -> String {
    text.split_whitespace()
        .map(|word| format!("'{}'", word.trim_matches(['"', '\'']).replace('\'', "'\\''")))
        .collect::<Vec<_>>()
        .join(" ")
}

fn mongo(text: &str) -> Risk {
    if MONGO_DESTROYS.is_match(text) {
        Risk::Destroy
    } else if MONGO_CHANGES.is_match(text) {
        Risk::Change
    } else if MONGO_READS.is_match(text) || MONGO_KEEPS.is_match(text) {
        Risk::Observe
    } else {
        Risk::Unclear
    }
}

/// Of any other language: words that destroy or change, then words that only read, else unclear.
fn verbs(text: &str) -> Risk {
    if LEAVES.is_match(text) || COMMENT.is_match(text) {
        Risk::Observe
    } else if DESTROYS.is_match(text) {
        Risk::Destroy
    } else if CHANGES.is_match(&CONSTANT.replace_all(text, "Constant")) {
        Risk::Change
    } else if READS.is_match(text) {
        Risk::Observe
    } else {
        Risk::Unclear
    }
}

static LEAVES: LazyLock<Test> = LazyLock::new(|| test(r"(?i)^(?:exit|quit|\\q|bye|logout)(?:\(\))?;?$"));
static COMMENT: LazyLock<Test> = LazyLock::new(|| test(r"^(?:#|--|//)"));
static META_READS: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"^\\(?:d[A-Za-z]*[+S]*|l\+?|c(?:onnect)?|conninfo|timing|x|q|h|\?|z|sf|watch|pset|a|t|set|encoding|du|dt|di)(?:\s|$|;)",
    )
});
static CQLSH_READS: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"(?i)^(?:GO|CONSISTENCY|SERIAL CONSISTENCY|DESCRIBE|DESC|SHOW|TRACING|EXPAND|PAGING|HELP|USE)(?:\s+[\w.\x22]+)*\s*;?$",
    )
});
static SQLITE_READS: LazyLock<Test> =
    LazyLock::new(|| test(r"^\.(?:tables|schema|databases|indexes|mode|headers|stats|show|timer|width|quit|exit)\b"));
static MONGO: LazyLock<Test> =
    LazyLock::new(|| test(r"^(?:db|rs|sh)\.|^show (?:dbs|databases|collections|users)|^use \w+$"));
static MONGO_DESTROYS: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"\.(?:drop|dropDatabase|dropIndexes?|dropUser|dropRole|deleteOne|deleteMany|remove|findOneAndDelete|findAndModify|shutdownServer|removeShard)\(|\$out|fsyncLock",
    )
});
static MONGO_CHANGES: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"\.(?:insert\w*|update\w*|replaceOne|save|createIndex\w*|ensureIndex|createCollection|createUser|updateUser|grantRoles\w*|bulkWrite|killOp|stepDown|reconfig|initiate|add|addArb|remove|setProfilingLevel|enableSharding|shardCollection|findOneAndUpdate|freeze|compact|renameCollection|startBalancer|stopBalancer|syncFrom|setParameter|fsyncUnlock)\(|\$merge|setParameter|\bcompact\b",
    )
});
static MONGO_READS: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"^(?:show|use) |\.(?:find|findOne|count|countDocuments|estimatedDocumentCount|aggregate|distinct|explain|stats|status|conf|config|printReplicationInfo|printSecondaryReplicationInfo|printSlaveReplicationInfo|serverStatus|currentOp|isMaster|hello|getCollectionNames|getCollectionInfos|getIndexes|getUsers|getLastError|version|hostInfo|printShardingStatus|getReplicationInfo|getProfilingStatus|collStats|dbStats|getMongo|getSiblingDB)\(",
    )
});
/// Something is kept in a variable of the shell, or changed in it: nothing of it reaches the server.
static MONGO_KEEPS: LazyLock<Test> =
    LazyLock::new(|| test(r"^(?:(?:var|let|const) )?[a-z]\w*(?:\.\w+|\[\d+\])* ?= ?[\w\x22'.-]+;?$"));
static DESTROYS: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"(?i)\b(?:delete\w*|destroy\w*|drop\w*|truncate\w*|flush\w*|purge\w*|clear\w*|unlink|rmtree|remove\w*|rm|wipe|reset!|kill\w*|del|revoke\w*|obliterate|clean|borrar\w*|eliminar\w*|vaciar\w*)\b",
    )
});
/// The name of a class says what it holds, not what is done with it: `Sidekiq::RetrySet`.
static CONSTANT: LazyLock<Regex> = LazyLock::new(|| regex(r"\b[A-Z]\w*(?:::[A-Z]\w*)+"));
static CHANGES: LazyLock<Test> = LazyLock::new(|| {
    // What a verb is part of counts too (`update_all`, `sendMail`), but not a word that only begins like it
    // (`created_at`, `settings`, `RetrySet`).
    test(concat!(
        r"(?i)\b(?:(?:save|updat(?:e|ing)|insert|create|writ(?:e|ing)|set|add|append|retry|retries|perform|enqueue|execute|run|start|stop|restart|enable",
        r"|disable|apply|deliver|send|upload|migrate|toggle|unlock|lock|quiet|push|requeue|pause|resume|unpause|restore|recover|mark|increment|decrement|trigger|move|copy)",
        r"(?:_\w+|(?-i:[A-Z]\w*)|!)?|setex|setnx|setattr|updates|inserts|creates|put|post|patch|touch|delay|apply_async|(?:re)?index(?:ar|er)?",
        r"|sincronizar\w*|reintentar\w*|actualizar\w*|crear\w*|enviar\w*|switchover|failover|reinstate|backup\w*|crosscheck|register|mail from",
        r"|rcpt to|mount|umount|label|cancel\w*|continue)\b|^[\w@]+\.[\w.]+ = ",
    ))
});
static READS: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"(?i)^(?:l?cd|l?pwd|l?ls|bye|l?df|ps|pc)\b|\b(?:find\w*|where|count|size|length|first|last|all|get\w*|select\w*|pluck|exists\??|inspect|print|puts|pp|list\w*|show|status|stats|info|version|describe|ping|len|keys|values|read\w*|fetch\w*|import|from|require|help|dir|type|queue|queues|each|map|max|min|sum|order|limit|processed|failed|workers|latency|env|group\w*|distinct|values_list|value_counts|shape|columns|head|tail|sample|aggregate|check_queue|llen|top\d*|login|logout|ehlo|helo|quit|noop|capability|starttls|validate\w*|traces?|memory|mem|web|peek|now|type|is_\w+|has_\w+|can_\w+|\w+_(?:at|id|count|name|size|state|status))\b|^[a-z]\w* ?= ?[A-Z][\w:.]*(?:\.new|\.from_url|\.objects)?(?:\(|$)|^[a-z]\w*(?:\.(?:name|state|email|plan|role|roles|title|label|config|options|attributes|errors|tags))+$",
    )
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_tell_the_risk() {
        for (text, risk) in [
            ("User.count", Risk::Observe),
            ("Sidekiq::Queue.new('x').size", Risk::Observe),
            ("Sidekiq::Queue.new('x').clear", Risk::Destroy),
            ("User.where(id: 1).delete_all", Risk::Destroy),
            ("user.save!", Risk::Change),
            ("mystery(3)", Risk::Unclear),
            ("exit", Risk::Observe),
        ] {
            assert_eq!(verbs(text), risk, "{text}");
        }
    }

    #[test]
    fn methods_of_mongo_tell_the_risk() {
        for (text, risk) in [
            ("db.orders.find({paid: false})", Risk::Observe),
            ("db.orders.deleteMany({})", Risk::Destroy),
            ("db.orders.createIndex({a: 1})", Risk::Change),
            ("rs.status()", Risk::Observe),
            ("rs.stepDown()", Risk::Change),
            ("conf.members[1].priority = 3", Risk::Observe),
            ("conf.members[1].priority = other()", Risk::Unclear),
            ("db.foo.mystery()", Risk::Unclear),
            ("db.a.aggregate([{$out: 'b'}])", Risk::Destroy),
        ] {
            assert_eq!(mongo(text), risk, "{text}");
        }
    }

    #[test]
    fn backslash_commands_that_run_files_are_unclear() {
        let knowledge = Knowledge::builtin();
        assert_eq!(sql_line("\\dt", knowledge).0, Risk::Observe);
        assert_eq!(sql_line("\\i drop.sql", knowledge).0, Risk::Unclear);
    }
}
