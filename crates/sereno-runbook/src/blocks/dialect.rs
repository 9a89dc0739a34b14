//! Lines of clients' languages that show no prompt: redis, mongo's shell, the consoles of Ruby and Python.

use super::evidence::{Case, Counts, Pile};
use super::features::voice;
use super::form;
use super::kind::Kind;
use super::lines::Line;
use super::near::Topic;
use super::pattern::{Test, test};
use super::prompts::Client;
use super::tag::Tag;
use sereno_model::BlockClass;
use std::sync::LazyLock;

pub(super) fn weigh(case: &Case, counts: &Counts, pile: &mut Pile) {
    let class = BlockClass::Repl;
    if is_cut_log(case) {
        return;
    }
    pile.add(class, 10.0 * counts.share(|kind| kind == Kind::Client), "lines with a client's prompt");
    if counts.first() == Kind::Client {
        pile.add(class, 9.0, "it begins with a client's prompt");
    }
    if counts.count(|kind| kind == Kind::ClientLine) > 0
        && counts.first() == Kind::Printed
        && counts.share(|kind| matches!(kind, Kind::ClientLine | Kind::Printed)) > 0.8
    {
        pile.add(class, 9.0, "a dialogue with a server");
    }
    let typed = |line: &&Line| line.kind == Kind::Client && !line.payload().is_empty();
    let banner = case.lines.iter().take_while(|line| !typed(line)).filter(|line| !line.kind.is_silent());
    if counts.first() == Kind::Printed
        && case.lines.iter().any(|line| typed(&line))
        && banner.clone().all(|line| line.kind == Kind::Printed)
    {
        pile.add(class, 9.0, "a client's greeting, then its prompt");
    }
    let client_lines = counts.share(|kind| kind == Kind::ClientLine);
    let programmed = case.tag == Tag::Code;
    if counts.first() == Kind::ClientLine && !programmed {
        pile.add(class, 6.0, "it begins with a line of a client's language");
    }
    pile.add(class, if programmed { 2.0 } else { 9.0 } * client_lines, "lines of a client's language");
    if counts.count(|kind| kind == Kind::ClientLine) > 0 && is_mongo_shell(case.lines) {
        pile.add(class, 20.0, "lines of mongo's shell");
    }
    let meta = |line: &Line| line.kind == Kind::ClientLine && line.text.trim_start().starts_with('\\');
    if matches!(case.tag, Tag::None | Tag::Text) && counts.first() == Kind::Sql && case.lines.iter().any(meta) {
        pile.add(class, 22.0, "psql's own commands beside SQL");
    }
    if programmed && case.lines.iter().any(|line| is_console_answer(line.text)) {
        pile.add(class, 20.0, "a console's answers");
    }
    if case.console_named && !case.near.announces_output() && only_statements(case.lines) {
        pile.add(class, 24.0, "statements, where the text named their console");
    }
    if case.below_console {
        let typed = counts.share(|kind| matches!(kind, Kind::Code | Kind::ClientLine | Kind::Sql | Kind::Unknown));
        pile.add(class, 32.0 * typed, "it goes on in the console opened directly above");
    }
    let bare = redis_share(case.lines);
    if case.near.says(Topic::Console) == 3 && case.near.client() == Some(Client::Redis) && all_redis(case.lines) {
        pile.add(class, 26.0, "commands for the console of redis that the text names");
    }
    pile.add(class, 10.0 * bare, "commands of redis");
    if counts.first() == Kind::Client && !case.lines.iter().any(leaves) {
        let shells = counts.share(|kind| kind == Kind::ShellPrompt);
        pile.add(class, 18.0 * shells.min(1.0), "nobody left the client, so its other prompts are its own");
    }
    if case.near.is_at_a_console() && !case.tag.is_shell() && counts.first() == Kind::Sql {
        let lines = counts.share(|kind| {
            matches!(kind, Kind::Sql | Kind::WeakCommand | Kind::ClientLine | Kind::Assignment | Kind::Setting)
        });
        pile.add(class, 32.0 * lines, "SQL, where the text places the reader at a console");
    }
    bare_prompt(case, counts, pile);
    console_meant(case, counts, client_lines + bare, pile);
    if case.tag == Tag::Client {
        pile.add(class, 5.0, "tagged as a client's language");
    }
}

/// `> ` alone is a client's prompt, unless commands of a shell stand behind it.
fn bare_prompt(case: &Case, counts: &Counts, pile: &mut Pile) {
    if counts.first() != Kind::Angle {
        // `prompt`, then lines behind the client's prompt.
        let angles = counts.share(|kind| kind == Kind::Angle);
        let word = case
            .lines
            .iter()
            .find(|line| !line.kind.is_silent())
            .is_some_and(|line| !line.kind.is_output() && !line.text.trim().contains(' '));
        let shells = counts.count(|kind| matches!(kind, Kind::ShellPrompt | Kind::Command | Kind::LikelyCommand));
        if word && angles >= 0.5 && shells <= 1 && !form::angle_commands(case.lines) {
            pile.add(BlockClass::Repl, 24.0, "a client's lines below its one word");
        }
        return;
    }
    let spoken = form::angle_commands(case.lines);
    let class = if spoken { BlockClass::Shell } else { BlockClass::Repl };
    pile.add(class, 9.0, "it begins with a bare prompt");
    // All that a client printed below its one line says nothing against that line.
    pile.add(class, 5.0 * counts.share(|kind| !matches!(kind, Kind::Angle)), "the rest answers the prompt");
}

/// The text, a heading or a comment says in which console the lines are typed; `known` is how many are a client's.
fn console_meant(case: &Case, counts: &Counts, known: f32, pile: &mut Pile) {
    let class = BlockClass::Repl;
    let said = voice(case.near.says(Topic::Console));
    let headed = case.tag == Tag::Code
        && (case.near.is_under_a_console()
            || case.lines.first().is_some_and(|line| line.kind.is_silent() && super::near::names_console(line.text)));
    let led = case.near.says(Topic::Console) >= 2 || case.in_console || case.tag == Tag::Client || headed;
    if !led {
        return;
    }
    // No line is a command that anybody knows.
    let guessed = (case.near.says(Topic::Console) == 3 || case.in_console)
        && case.tag == Tag::None
        && counts.count(|kind| matches!(kind, Kind::Command | Kind::ShellPrompt)) == 0;
    let code = counts.share(|kind| {
        matches!(kind, Kind::Code | Kind::ClientLine | Kind::Angle | Kind::Unknown | Kind::Assignment | Kind::Setting)
            || (headed && kind == Kind::Json)
            || (guessed && matches!(kind, Kind::WeakCommand | Kind::LikelyCommand))
            || (case.near.says(Topic::Console) == 3 && case.tag == Tag::None && kind == Kind::Directive)
    });
    let sentence = (case.near.says(Topic::Console) == 3 || headed) && !case.tag.is_shell();
    pile.add(class, if sentence { 18.0 } else { 8.0 } * code, "the open console is meant");
    pile.add(class, 4.0 * said * known.min(1.0), "the text names the client");
}

/// The line goes back to the shell from which the client was opened.
fn leaves(line: &Line) -> bool {
    matches!(
        line.payload(),
        "exit" | "quit" | "\\q" | "exit()" | "quit()" | ".quit" | ".exit" | "exit;" | "quit;" | "bye"
    )
}

/// Lines that begin with `...` where no `>>>` stands before them: a log that was cut, not Python's second prompt.
pub(super) fn is_cut_log(case: &Case) -> bool {
    !case.text.contains(">>>") && case.text.trim_start().starts_with("... ")
}

/// The share of content lines that are commands of redis without a prompt. Few of its words are words of shells.
pub(super) fn redis_share(lines: &[Line]) -> f32 {
    let mut content = 0;
    let mut redis = 0;
    for line in lines.iter().filter(|line| !line.kind.is_silent()) {
        content += 1;
        let open = !matches!(
            line.kind,
            Kind::Command | Kind::ShellPrompt | Kind::Client | Kind::Sql | Kind::Continued | Kind::Angle
        );
        redis += usize::from(open && is_redis(line.text));
    }
    if content == 0 { 0.0 } else { redis as f32 / content as f32 }
}

/// All content lines are commands of redis, in whichever case.
pub(super) fn all_redis(lines: &[Line]) -> bool {
    let mut content = lines.iter().filter(|line| !line.kind.is_silent()).peekable();
    content.peek().is_some()
        && content.all(|line| {
            let text = line.text.trim();
            let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
            let name = name.to_ascii_uppercase();
            is_redis(text) || is_redis(&format!("{name} {rest}")) || {
                let (second, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                is_redis(format!("{name} {} {rest}", second.to_ascii_uppercase()).trim_end())
            }
        })
}

/// Every statement at the margin is one of mongo's shell: `db.orders.find()`, `rs.status()`, `use shop`.
pub(super) fn is_mongo_shell(lines: &[Line]) -> bool {
    let mut any = false;
    let margin = lines.iter().filter(|line| !line.kind.is_silent() && !line.text.starts_with([' ', '\t']));
    for line in margin {
        let opens = MONGO_LINE.is_match(line.text);
        // What a line of mongo's gave a name to may be changed between such lines: `conf.members[0].priority = 2`.
        let goes_on = any && PROPERTY_SET.is_match(line.text);
        if !opens && !goes_on && !line.text.starts_with([')', '}', ']', '{']) {
            return false;
        }
        any |= opens && !line.text.starts_with("use ");
    }
    any
}

/// `=> #<Order …>`, `=> nil`: what irb and its like answer.
pub(super) fn is_console_answer(text: &str) -> bool {
    text.starts_with("=> ") && ANSWERED.is_match(text)
}

/// Statements as a console takes them one by one: nothing is defined, and no comment names the file that they stand in.
pub(super) fn only_statements(lines: &[Line]) -> bool {
    let file = lines
        .iter()
        .find(|line| line.kind != Kind::Blank)
        .is_some_and(|line| line.kind.is_silent() && SOURCE_FILE.is_match(line.text));
    let mut content = lines.iter().filter(|line| !line.kind.is_silent()).peekable();
    !file
        && content.peek().is_some()
        && !content.any(|line| {
            DEFINES.is_match(line.text)
                || matches!(line.kind, Kind::Command | Kind::ShellPrompt | Kind::Prose | Kind::Trace)
        })
}

/// A line of redis-cli in upper case.
pub(super) fn is_redis(text: &str) -> bool {
    REDIS.is_match(text.trim())
}

static REDIS: LazyLock<Test> = LazyLock::new(|| {
    test(concat!(
        r"^(?:PING|INFO(?: [\w]+)?|DBSIZE|FLUSHALL(?: ASYNC)?|FLUSHDB(?: ASYNC)?|KEYS \S+|GET \S+|MGET .+|SET \S+ .+|DEL \S.*|UNLINK \S.*|EXISTS \S+|TTL \S+|PTTL \S+|TYPE \S+|EXPIRE \S+ \d+|LLEN \S+",
        r"|LRANGE \S+ -?\d+ -?\d+|LPOP \S+.*|RPOP \S+.*|LREM .+|LTRIM .+|HGETALL \S+|HGET .+|HSET .+|HDEL .+|HLEN \S+|SMEMBERS \S+|SCARD \S+|SREM .+|ZRANGE .+|ZCARD \S+|ZCOUNT .+|ZRANGEBYSCORE .+|ZREM .+|XLEN \S+|XINFO .+|XRANGE .+",
        r"|XPENDING .+|CONFIG (?:GET|SET|REWRITE|RESETSTAT).*|CLIENT (?:LIST|KILL|PAUSE|INFO).*|SLOWLOG (?:GET|LEN|RESET).*|MEMORY (?:USAGE|STATS|DOCTOR|PURGE).*|MONITOR|CLUSTER (?:INFO|NODES|SLOTS|FAILOVER|RESET|MEET|FORGET).*|BGSAVE|BGREWRITEAOF|LASTSAVE|SAVE|REPLICAOF .+|SLAVEOF .+|SENTINEL .+|SCAN \d+.*|SELECT \d+|DEBUG .+|LATENCY .+|ROLE|AUTH .+|OBJECT .+|SHUTDOWN.*)$",
    ))
});
static MONGO_LINE: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"^(?:(?:(?:var|let|const) )?(?:[a-z]\w* ?= ?)?(?:db|rs|sh)(?:\.[a-zA-Z]\w*)+(?:\[\x22[^\x22]*\x22\])?\(|use [A-Za-z][\w-]*;?(?: *//.*)?$|show (?:dbs|databases|collections|users)\b)",
    )
});
static PROPERTY_SET: LazyLock<Test> = LazyLock::new(|| test(r"^[a-z]\w*(?:\.\w+|\[\d+\])+ ?= ?\S"));
static ANSWERED: LazyLock<Test> = LazyLock::new(|| test(r"^=> (?:#<|[\x22'\d:\[A-Z]|nil|true|false|\{\}|\{[\x22:])"));
static SOURCE_FILE: LazyLock<Test> = LazyLock::new(|| test(r"\b[\w/-]+\.(?:rb|py|js|ts|php|exs?)\b"));
static DEFINES: LazyLock<Test> = LazyLock::new(|| {
    test(
        r"^(?:def |class |module |package |function |async function |export |@\w+|if __name__|#!/|require(?:_relative)? ['\x22]\.)",
    )
});
