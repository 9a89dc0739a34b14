//! Consoles of databases: `psql -c`, `redis-cli DEL`, `mongosh --eval`, and what flows into them.

use crate::analysis::{Interactive, Opens};
use crate::analyzer::Analyzer;
use crate::client;
use crate::invocation::Invocation;
use crate::sql::{self, Dialect};
use crate::stream::Stream;
use crate::walk::Place;
use crate::word::{Field, UNKNOWN};
use crate::wording::{merge_effects, phrased};
use sereno_model::{Risk, Text, Verb};
use std::ops::Range;

impl Analyzer<'_> {
    /// `psql`, `mysql`, `sqlite3` and their kin.
    pub(super) fn sql_client(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let dialect = match command.name {
            "psql" | "pgcli" | "cockroach" | "redshift" => Dialect::Postgres,
            "mysql" | "mariadb" | "mycli" => Dialect::MySql,
            _ => Dialect::Other,
        };
        if command.has(&["-l", "--list", "-V", "--version", "--help", "-?"]) {
            self.found.effect(phrased(
                Verb::Reads,
                Text::new("the list of databases", "la lista de bases de datos"),
                dialect.component(),
                Risk::Observe,
            ));
            return true;
        }
        let mut given = false;
        for option in command.all(&["-c", "--command", "-e", "--execute", "-q", "--query", "-Q", "-cmd"]) {
            // psql's -e and -q only change what it prints.
            if dialect == Dialect::Postgres && !matches!(option.name.as_str(), "-c" | "--command") {
                continue;
            }
            if dialect == Dialect::MySql && !matches!(option.name.as_str(), "-e" | "--execute") {
                continue;
            }
            if let Some(word) = command.words.get(option.value_index) {
                given = true;
                let text = after_equals(word, &option.name);
                self.sql_text(&text, word.known, dialect, place);
            }
        }
        for option in command.all(&["-f", "--file", "-i", "--input-file", "--queries-file", "-init"]) {
            if dialect == Dialect::MySql && option.name == "-f" {
                continue;
            }
            given = true;
            match option.value.as_deref() {
                Some("-" | "/dev/stdin") => {
                    self.sql_from(&place.stdin.clone(), dialect, command.name, place);
                }
                value => self.sql_file(value.unwrap_or("…")),
            }
        }
        for option in command.all(&["-o", "--output", "-L", "--log-file", "--tee"]) {
            if let Some(word) = command.words.get(option.value_index) {
                let file = after_equals(word, &option.name);
                self.write_to(&Field::plain(file, word.span.clone()), false, false);
            }
        }
        // `sqlplus user@db @file`: its words are no SQL.
        if command.name == "sqlplus" {
            for index in 0..command.positional_count() {
                let file = command.positional_word(index).and_then(|word| word.text.strip_prefix('@'));
                if let Some(file) = file.map(str::to_owned) {
                    given = true;
                    self.sql_file(&file);
                }
            }
        } else if dialect == Dialect::Other && command.positional_count() > 1 {
            given = true;
            for index in 1..command.positional_count() {
                if let Some(word) = command.positional_word(index).cloned() {
                    self.sql_text(&word.text, word.known, dialect, place);
                }
            }
        }
        if !given || !matches!(place.stdin, Stream::Terminal | Stream::Unknown) {
            self.sql_from(&place.stdin.clone(), dialect, command.name, place);
        }
        self.output = Stream::Unknown;
        true
    }

    fn sql_from(&mut self, stream: &Stream, dialect: Dialect, name: &str, place: &Place) {
        match stream {
            Stream::Terminal => {
                self.found.interactive(Interactive::Session);
                self.found.opens = Some(Opens::Client(name.to_owned()));
            }
            Stream::Text { text, .. } => self.sql_text(&text.clone(), true, dialect, place),
            Stream::File(file) if file == "/dev/null" => {}
            Stream::File(file) => self.sql_file(&file.clone()),
            Stream::Unknown | Stream::Network => self.sql_file("…"),
        }
    }

    /// A file of SQL that nobody has read here: it may restore over what is there.
    fn sql_file(&mut self, file: &str) {
        let phrase = if file == "…" {
            Text::new("SQL that is only known when it runs", "SQL que solo se conoce al ejecutarlo")
        } else {
            Text::new(
                format!("the SQL of {file}, which may overwrite data"),
                format!("el SQL de {file}, que puede sobrescribir datos"),
            )
        };
        self.found.effect(phrased(Verb::Runs, phrase, None, Risk::Destroy));
    }

    pub(super) fn sql_text(&mut self, text: &str, known: bool, dialect: Dialect, place: &Place) {
        if !known && text.trim().chars().all(|c| c == UNKNOWN) {
            self.found.unclear("SQL");
            return;
        }
        // The SQL parser takes stack of its own, on top of what this many levels of shell have taken.
        const MOST_LEVELS: usize = 20;
        if place.depth > MOST_LEVELS {
            self.found.unclear("SQL");
            crate::salvage::read(text, &mut self.found);
            return;
        }
        self.executes_in_sql(text, place);
        let analysis = sql::analyze(&text.replace(UNKNOWN, "x"), dialect, self.knowledge);
        self.found.raise(analysis.risk);
        self.found.endless |= analysis.statements.iter().any(|statement| statement.endless);
        merge_effects(&mut self.found.effects, analysis.effects);
    }

    /// `redis-cli COMMAND`, or lines on its input.
    pub(super) fn redis(&mut self, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
        if command.has(&["--eval", "--functions-rdb"]) {
            self.found.unclear("redis-cli --eval");
            return true;
        }
        if let Some(option) = command.all(&["--rdb"]).last() {
            if let Some(word) = command.words.get(option.value_index).cloned() {
                self.write_to(&word, false, false);
            }
            return true;
        }
        if let Some(option) = command.all(&["--cluster"]).last() {
            self.redis_cluster(option.value.as_deref().unwrap_or_default());
            return true;
        }
        if command.has(&[
            "--scan",
            "--bigkeys",
            "--memkeys",
            "--hotkeys",
            "--stat",
            "--latency",
            "--latency-history",
            "--latency-dist",
            "--intrinsic-latency",
            "--version",
            "-v",
            "--help",
            "--keystats",
        ]) {
            self.found.effect(phrased(
                Verb::Reads,
                Text::new("keys and state of Redis", "claves y estado de Redis"),
                Some("redis"),
                Risk::Observe,
            ));
            return true;
        }
        let start = command.positional_index(0).unwrap_or(command.words.len());
        let words = command.words.get(start..).unwrap_or_default();
        if !words.is_empty() {
            self.redis_words(words, span, place);
            return true;
        }
        match &place.stdin {
            Stream::Terminal => {
                self.found.interactive(Interactive::Session);
                self.found.opens = Some(Opens::Client(command.name.to_owned()));
            }
            Stream::Text { text, .. } => {
                let text = text.clone();
                for line in text.lines() {
                    self.redis_line(line, span, place);
                }
            }
            Stream::File(file) if file == "/dev/null" => {}
            _ => self.found.effect(phrased(
                Verb::Runs,
                Text::new(
                    "Redis commands that are only known when they run",
                    "comandos de Redis que solo se conocen al ejecutarlos",
                ),
                Some("redis"),
                Risk::Destroy,
            )),
        }
        true
    }

    fn redis_cluster(&mut self, action: &str) {
        let risk = match action {
            "check" | "info" | "help" => Risk::Observe,
            "del-node" | "import" => Risk::Destroy,
            "create" | "fix" | "reshard" | "rebalance" | "add-node" | "call" | "set-timeout" | "backup" => Risk::Change,
            _ => Risk::Unclear,
        };
        let verb = crate::wording::verb_for(risk);
        self.found.effect(phrased(verb, Text::new("the Redis cluster", "el clúster de Redis"), Some("redis"), risk));
    }

    /// One line as typed into redis-cli.
    pub(crate) fn redis_line(&mut self, line: &str, span: &Range<usize>, place: &Place) {
        let words: Vec<Field> =
            client::redis_words(line).into_iter().map(|word| Field::plain(word, span.clone())).collect();
        if !words.is_empty() {
            self.redis_words(&words, span, place);
        }
    }

    fn redis_words(&mut self, words: &[Field], span: &Range<usize>, place: &Place) {
        let Some((head, rest)) = words.split_first() else {
            return;
        };
        let Some(name) = head.value() else {
            self.found.unclear(&format!("redis-cli {}", head.raw));
            return;
        };
        // `redis-cli "DEL key"` is refused by Redis, but a reader means the words.
        if name.contains(' ') {
            return self.redis_line(name, span, place);
        }
        // `5 INCR x` repeats.
        if name.bytes().all(|b| b.is_ascii_digit()) && !rest.is_empty() {
            return self.redis_words(rest, span, place);
        }
        let key = format!("redis:{}", name.to_lowercase());
        let knowledge = self.knowledge;
        match knowledge.command(&key) {
            Some(known) => self.known(&name.to_uppercase(), known, rest, span, place),
            None => self.unknown_command(&format!("redis-cli {name}")),
        }
    }

    /// `mongosh --eval CODE`.
    pub(super) fn mongo(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let mut given = command.has(&["--version", "--help"]);
        for option in command.all(&["--eval"]) {
            given = true;
            if let Some(word) = command.words.get(option.value_index) {
                let text = after_equals(word, &option.name);
                self.mongo_text(&text.replace(UNKNOWN, "x"));
            }
        }
        for option in command.all(&["--file", "-f"]) {
            given = true;
            self.script(option.value.as_deref().unwrap_or("…"), &[]);
        }
        for index in 0..command.positional_count() {
            if let Some(file) = command.positional(index).filter(|name| crate::handlers::has_extension(name, "js")) {
                given = true;
                self.script(file, &[]);
            }
        }
        if !given {
            match &place.stdin {
                Stream::Terminal => {
                    self.found.interactive(Interactive::Session);
                    self.found.opens = Some(Opens::Client(command.name.to_owned()));
                }
                Stream::Text { text, .. } => self.mongo_text(&text.clone()),
                _ => self.sql_file("…"),
            }
        }
        true
    }

    pub(crate) fn mongo_text(&mut self, text: &str) {
        for effect in client::mongo_effects(text, self.knowledge) {
            self.found.effect(effect);
        }
    }
}

/// The value in `--command=…`, or the whole word.
pub(super) fn after_equals(word: &Field, option: &str) -> String {
    let rest = word.text.strip_prefix(option).filter(|_| option.starts_with("--"));
    match rest.and_then(|rest| rest.strip_prefix('=')) {
        Some(value) => value.to_owned(),
        // `-c'SELECT 1'`, `-e"…"`: the value is stuck to the option.
        None if !option.starts_with("--") && word.text.starts_with(option) && word.text.len() > option.len() => {
            word.text.get(option.len()..).unwrap_or_default().to_owned()
        }
        None => word.text.clone(),
    }
}
