//! What one statement does, by its tokens.

use super::Dialect;
use super::functions::only_computes;
use super::look::{
    after, after_token, calls, closing, has, holds_always, kind_words, name_of, object_of, selects_into,
};
use super::token::{Token, tokens};
use crate::knowledge::Knowledge;
use crate::names;
use crate::wording::phrased;
use sereno_model::{Effect, Risk, Text, Verb};

/// What a statement does.
pub(super) fn effects(tokens: &[Token], raw: &str, dialect: Dialect, knowledge: &Knowledge) -> Vec<Effect> {
    let reader = Reader { dialect, knowledge, raw };
    let mut found = Vec::new();
    reader.statement(tokens, &mut found, 0);
    reader.side_effects(tokens, &mut found);
    found
}

/// Statements whose meaning is certain though the parser may refuse them.
pub(super) fn is_known_beyond_the_parser(tokens: &[Token]) -> bool {
    const FIRST: &[&str] = &[
        "VACUUM",
        "ANALYZE",
        "REINDEX",
        "CLUSTER",
        "CHECKPOINT",
        "REFRESH",
        "SHOW",
        "EXPLAIN",
        "LISTEN",
        "UNLISTEN",
        "NOTIFY",
        "COPY",
        "GRANT",
        "REVOKE",
        "REASSIGN",
        "DROP",
        "TRUNCATE",
        "ALTER",
        "CREATE",
        "COMMENT",
        "SECURITY",
        "DISCARD",
        "RESET",
        "SET",
        "LOCK",
        "BEGIN",
        "START",
        "COMMIT",
        "ROLLBACK",
        "END",
        "SAVEPOINT",
        "RELEASE",
        "DEALLOCATE",
        "KILL",
        "FLUSH",
        "PURGE",
        "STOP",
        "CHANGE",
        "OPTIMIZE",
        "REPAIR",
        "CHECK",
        "DESC",
        "DESCRIBE",
        "USE",
        "HELP",
        "PRAGMA",
        "LOAD",
        "RENAME",
        "STATUS",
        "PROMPT",
        "TABLE",
        "IMPORT",
        "RELOAD",
        "PAUSE",
        "RESUME",
        "SUSPEND",
        "RECONNECT",
        "SHUTDOWN",
        "DBCC",
        "BACKUP",
        "RESTORE",
        "SYSTEM",
        "ATTACH",
        "DETACH",
    ];
    let statistics = || tokens.get(1).is_some_and(|second| second.is("STATISTICS"));
    tokens.first().and_then(Token::word).is_some_and(|word| FIRST.contains(&word) || word == "UPDATE" && statistics())
}

struct Reader<'k> {
    dialect: Dialect,
    knowledge: &'k Knowledge,
    raw: &'k str,
}

impl Reader<'_> {
    fn statement(&self, all: &[Token], found: &mut Vec<Effect>, depth: usize) {
        // `((SELECT …))` and `EXPLAIN ANALYZE EXPLAIN …` end somewhere.
        let start = all.iter().position(|token| *token != Token::Symbol('(')).unwrap_or(all.len());
        let all = all.get(start..).unwrap_or_default();
        let Some(first) = all.first() else { return };
        let Some(first) = first.word().filter(|_| depth < 8) else {
            found.push(self.unclear());
            return;
        };
        let second = all.get(1).and_then(Token::word).unwrap_or_default();
        match first {
            "SELECT" => self.select(all, found),
            "WITH" => self.with(all, found),
            "VALUES" => {
                found.push(self.reads(all));
                self.functions(all, found);
            }
            "TABLE" | "SHOW" | "DESC" | "DESCRIBE" | "HELP" | "STATUS" | "FETCH" | "MOVE" | "CHECK" => {
                found.push(self.reads(all));
            }
            "INSERT" | "REPLACE" | "UPSERT" => {
                found.push(self.on_rows(Verb::Writes, after(all, &["INTO"]), Risk::Change));
            }
            // Of SQL Server: what the planner knows of a table.
            "UPDATE" if second == "STATISTICS" => found.push(self.server(Verb::Updates, Risk::Change)),
            "UPDATE" => found.push(self.update(all)),
            "DELETE" => {
                found.push(self.on_rows(Verb::Deletes, after(all, &["FROM"]), Risk::Destroy));
            }
            "MERGE" => {
                let risk = if has(all, "DELETE") { Risk::Destroy } else { Risk::Change };
                found.push(self.on_rows(Verb::Writes, after(all, &["INTO"]), risk));
            }
            "TRUNCATE" => found.push(self.on_rows(Verb::Empties, after(all, &["TABLE", "TRUNCATE"]), Risk::Destroy)),
            "DROP" => found.push(self.object(Verb::Deletes, all, Risk::Destroy)),
            "ALTER" => found.push(self.alter(all)),
            "CREATE" => {
                // A table that is replaced is lost; a view or a function holds nothing.
                let replaces = has(all, "REPLACE") && all.iter().take(5).any(|token| token.is("TABLE"));
                let risk = if replaces { Risk::Destroy } else { Risk::Change };
                found.push(self.object(Verb::Creates, all, risk));
                // `CREATE TABLE x AS WITH d AS (DELETE …)`.
                if ["TABLE", "VIEW"].iter().any(|kind| has(all, kind)) && has(all, "WITH") {
                    self.with(after_token(all, "AS"), found);
                }
            }
            "GRANT" => found.push(self.privileges(Verb::Updates, Risk::Change)),
            "REVOKE" => found.push(self.privileges(Verb::Deletes, Risk::Destroy)),
            "EXPLAIN" => self.explain(all, found, depth),
            "COPY" => {
                found.push(self.copy(all));
                if all.get(1) == Some(&Token::Symbol('(')) {
                    self.functions(all.get(1..closing(all.get(2..).unwrap_or_default()) + 3).unwrap_or(all), found);
                }
            }
            "DO" => found.push(self.block(all)),
            "EXECUTE" | "EXEC" if shows_the_server(second) => found.push(self.reads(&[])),
            "CALL" | "EXECUTE" | "EXEC" => found.push(self.unclear()),
            "PREPARE" if second != "TRANSACTION" => {
                self.statement(after_token(all, "AS"), found, depth + 1);
            }
            "DECLARE" if has(all, "CURSOR") => {
                self.statement(after_token(all, "FOR"), found, depth + 1);
            }
            "RESET" if matches!(second, "MASTER" | "SLAVE" | "REPLICA" | "BINARY") => {
                found.push(self.server(Verb::Deletes, Risk::Destroy));
            }
            "PURGE" => found.push(self.server(Verb::Deletes, Risk::Destroy)),
            "DBCC" | "BACKUP" | "RESTORE" | "SYSTEM" => found.push(self.by_the_server(first, second, all)),
            // It only ends a batch for SQL Server's clients.
            "GO" if all.len() > 1 => self.statement(all.get(1..).unwrap_or_default(), found, depth + 1),
            "GO" => {}
            "SHUTDOWN" => found.push(self.server(Verb::Stops, Risk::Destroy)),
            // PgBouncer's console.
            "RELOAD" | "PAUSE" | "RESUME" | "SUSPEND" | "RECONNECT" => {
                found.push(self.server(Verb::Updates, Risk::Change));
            }
            "SET" if matches!(second, "GLOBAL" | "PERSIST" | "PASSWORD") => {
                found.push(self.server(Verb::Updates, Risk::Change));
            }
            "COMMIT" | "ROLLBACK" if second == "PREPARED" => {
                found.push(self.server(Verb::Updates, Risk::Change));
            }
            "PRAGMA" => {
                let sets = all.contains(&Token::Symbol('='));
                found.push(if sets { self.server(Verb::Updates, Risk::Change) } else { self.reads(all) });
            }
            "SET" | "RESET" | "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "SAVEPOINT" | "RELEASE"
            | "DISCARD" | "LISTEN" | "UNLISTEN" | "CLOSE" | "DEALLOCATE" | "USE" | "DELIMITER" | "ABORT" | "PROMPT"
                if !(first == "START" && matches!(second, "SLAVE" | "REPLICA" | "GROUP_REPLICATION")) => {}
            "VACUUM" | "ANALYZE" | "REINDEX" | "CLUSTER" | "CHECKPOINT" | "REFRESH" | "COMMENT" | "SECURITY"
            | "IMPORT" | "REASSIGN" | "OPTIMIZE" | "REPAIR" | "RENAME" | "ATTACH" | "DETACH" => {
                found.push(self.object(Verb::Updates, all, Risk::Change));
            }
            "NOTIFY" => found.push(phrased(
                Verb::Sends,
                Text::new("a notification", "una notificación"),
                self.component(),
                Risk::Change,
            )),
            "LOCK" | "UNLOCK" | "KILL" | "FLUSH" | "STOP" | "START" | "CHANGE" | "PREPARE" | "LOAD" | "INSTALL" => {
                found.push(self.server(
                    Verb::Updates,
                    if first == "LOAD" && second != "DATA" { Risk::Unclear } else { Risk::Change },
                ));
            }
            _ => found.push(self.unclear()),
        }
    }

    fn component(&self) -> Option<&'static str> {
        self.dialect.component()
    }

    fn unclear(&self) -> Effect {
        let shown = crate::analyzer::shorten(self.raw);
        let risk = if crate::salvage::destructive_word(self.raw).is_some() { Risk::Destroy } else { Risk::Unclear };
        phrased(Verb::Runs, Text::same(format!("`{shown}`")), self.component(), risk)
    }

    fn reads(&self, all: &[Token]) -> Effect {
        let phrase = match after(all, &["FROM"]) {
            Some(table) => Text::new(format!("rows of {table}"), format!("filas de {table}")),
            None => Text::new("the state of the database", "el estado de la base de datos"),
        };
        phrased(Verb::Reads, phrase, self.component(), Risk::Observe)
    }

    fn on_rows(&self, verb: Verb, table: Option<String>, risk: Risk) -> Effect {
        let phrase = match table {
            Some(table) => Text::new(format!("rows of {table}"), format!("filas de {table}")),
            None => Text::new("rows", "filas"),
        };
        phrased(verb, phrase, self.component(), risk)
    }

    fn object(&self, verb: Verb, all: &[Token], risk: Risk) -> Effect {
        let (kind, name) = object_of(all);
        let (en, es) = kind_words(&kind);
        let phrase = match name {
            Some(name) => Text::new(format!("{en} {name}"), format!("{es} {name}")),
            None => Text::new(en, es),
        };
        phrased(verb, phrase, self.component(), risk)
    }

    fn server(&self, verb: Verb, risk: Risk) -> Effect {
        let shown = crate::analyzer::shorten(self.raw);
        phrased(
            verb,
            Text::new(format!("the database server (`{shown}`)"), format!("el servidor de base de datos (`{shown}`)")),
            self.component(),
            risk,
        )
    }

    /// What SQL Server and ClickHouse do to themselves.
    fn by_the_server(&self, first: &str, second: &str, all: &[Token]) -> Effect {
        const LOOKS: &[&str] = &[
            "SQLPERF",
            "OPENTRAN",
            "SHOW_STATISTICS",
            "INPUTBUFFER",
            "USEROPTIONS",
            "LOGINFO",
            "CHECKDB",
            "CHECKTABLE",
            "TRACESTATUS",
            "HEADERONLY",
            "FILELISTONLY",
            "VERIFYONLY",
            "LABELONLY",
        ];
        let acts =
            ["CLEAR", "REPAIR_ALLOW_DATA_LOSS", "REPAIR_REBUILD", "REPAIR_FAST"].iter().any(|word| has(all, word));
        match first {
            "DBCC" | "RESTORE" if LOOKS.contains(&second) && !acts => self.reads(all),
            "RESTORE" => self.server(Verb::Restores, Risk::Destroy),
            "BACKUP" => self.server(Verb::BacksUp, Risk::Change),
            "SYSTEM" if second == "DROP" && !has(all, "CACHE") => self.server(Verb::Deletes, Risk::Destroy),
            "DBCC" if has(all, "REPAIR_ALLOW_DATA_LOSS") => self.server(Verb::Updates, Risk::Destroy),
            _ => self.server(Verb::Updates, Risk::Change),
        }
    }

    fn privileges(&self, verb: Verb, risk: Risk) -> Effect {
        phrased(verb, Text::new("privileges", "privilegios"), self.component(), risk)
    }

    fn select(&self, all: &[Token], found: &mut Vec<Effect>) {
        if let Some(table) = selects_into(all) {
            let risk = Risk::Change;
            found.push(phrased(
                Verb::Creates,
                Text::new(format!("table {table}"), format!("la tabla {table}")),
                self.component(),
                risk,
            ));
        }
        found.push(self.reads(all));
        self.functions(all, found);
    }

    /// Functions that nothing is known of are judged by their names.
    fn functions(&self, all: &[Token], found: &mut Vec<Effect>) {
        for name in calls(all) {
            if only_computes(&name) {
                continue;
            }
            if self.knowledge.command(&format!("sql:{}", name.to_lowercase())).is_some() {
                continue;
            }
            let shown = name.to_lowercase();
            match names::judge(self.knowledge, &shown, &[]) {
                Some((risk, verb)) if risk > Risk::Observe => {
                    let phrase = Text::new(
                        format!("what the function {shown} is named for"),
                        format!("lo que anuncia el nombre de la función {shown}"),
                    );
                    found.push(phrased(verb, phrase, self.component(), risk));
                }
                Some(_) => {}
                None => {
                    let phrase = Text::new(format!("the function {shown}"), format!("la función {shown}"));
                    found.push(phrased(Verb::Runs, phrase, self.component(), Risk::Unclear));
                }
            }
        }
    }

    /// `WITH … AS (DELETE …) SELECT …`: each statement within counts.
    fn with(&self, all: &[Token], found: &mut Vec<Effect>) {
        let mut modifies = false;
        for (index, token) in all.iter().enumerate() {
            let rest = all.get(index..).unwrap_or_default();
            let next = all.get(index + 1);
            match token.word() {
                Some("DELETE") if next.is_some_and(|next| next.is("FROM")) => {
                    modifies = true;
                    found.push(self.on_rows(Verb::Deletes, after(rest, &["FROM"]), Risk::Destroy));
                }
                Some("INSERT") if next.is_some_and(|next| next.is("INTO")) => {
                    modifies = true;
                    found.push(self.on_rows(Verb::Writes, after(rest, &["INTO"]), Risk::Change));
                }
                Some("MERGE") if next.is_some_and(|next| next.is("INTO")) => {
                    modifies = true;
                    found.push(self.on_rows(
                        Verb::Writes,
                        after(rest, &["INTO"]),
                        if has(rest, "DELETE") { Risk::Destroy } else { Risk::Change },
                    ));
                }
                // `FOR UPDATE` and `DO UPDATE` only lock, or belong to an insert.
                Some("UPDATE") if index > 0 && !matches!(all[index - 1].word(), Some("FOR" | "DO" | "KEY")) => {
                    modifies = true;
                    found.push(self.update(rest));
                }
                _ => {}
            }
        }
        if !modifies {
            let main = all.iter().rposition(|token| token.is("SELECT")).unwrap_or_default();
            self.select(all.get(main..).unwrap_or_default(), found);
            if selects_into(all).is_some() {
                found.push(self.object(Verb::Creates, &[], Risk::Change));
            }
        }
    }

    /// Without `WHERE`, or with one that is always true, every row is lost to its old values.
    fn update(&self, all: &[Token]) -> Effect {
        let end = closing(all);
        let own = all.get(..end).unwrap_or(all);
        let table = own
            .iter()
            .skip(1)
            .find(|token| !token.is("ONLY") && !token.is("LOW_PRIORITY") && !token.is("IGNORE"))
            .and_then(name_of);
        let condition = own.iter().position(|token| token.is("WHERE") || token.is("FROM") || token.is("JOIN"));
        let always = match condition.and_then(|at| own.get(at + 1..)) {
            None => true,
            Some(condition) => holds_always(condition),
        };
        self.on_rows(Verb::Updates, table, if always { Risk::Destroy } else { Risk::Change })
    }

    fn alter(&self, all: &[Token]) -> Effect {
        const HARMLESS: &[&str] = &["DEFAULT", "NOT", "EXPRESSION", "IDENTITY"];
        let drops = all
            .iter()
            .zip(all.iter().skip(1))
            .any(|(token, next)| token.is("DROP") && !next.word().is_some_and(|word| HARMLESS.contains(&word)));
        let disables = has(all, "NOLOGIN") || (has(all, "DISCARD") && has(all, "TABLESPACE"));
        let verb = if drops { Verb::Deletes } else { Verb::Updates };
        let mut effect = self.object(verb, all, if drops || disables { Risk::Destroy } else { Risk::Change });
        if drops {
            let text = Text::new(
                format!("deletes a part of {}", effect.target),
                format!("elimina una parte de {}", effect.text.es.trim_start_matches("elimina ")),
            );
            effect.text = text;
        }
        effect
    }

    /// `EXPLAIN ANALYZE` executes what it explains.
    fn explain(&self, all: &[Token], found: &mut Vec<Effect>, depth: usize) {
        const STATEMENTS: &[&str] = &[
            "SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "TABLE", "VALUES", "EXECUTE", "CREATE", "DECLARE",
            "REFRESH", "REPLACE",
        ];
        let start = all
            .iter()
            .position(|token| token.word().is_some_and(|word| STATEMENTS.contains(&word)))
            .unwrap_or(all.len());
        let (options, rest) = all.split_at(start);
        let off = options.iter().zip(options.iter().skip(1)).any(|(token, next)| {
            token.is("ANALYZE") && (next.is("FALSE") || next.is("OFF") || *next == Token::Number("0".to_owned()))
        });
        let executes = (has(options, "ANALYZE") || has(options, "ANALYSE")) && !off;
        if executes && rest.is_empty() {
            found.push(self.unclear());
        } else if executes {
            self.statement(rest, found, depth + 1);
        } else {
            found.push(phrased(
                Verb::Reads,
                Text::new("the plan of a query", "el plan de una consulta"),
                self.component(),
                Risk::Observe,
            ));
        }
    }

    fn copy(&self, all: &[Token]) -> Effect {
        let table = all.get(1).and_then(name_of);
        let direction = all.iter().enumerate().skip(1).find(|(_, token)| token.is("TO") || token.is("FROM"));
        let inner: Vec<Token> = all.iter().skip(2).take_while(|token| !token.is("TO")).cloned().collect();
        if all.get(1) == Some(&Token::Symbol('('))
            && ["DELETE", "UPDATE", "INSERT"].iter().any(|word| has(&inner, word))
        {
            return self.on_rows(Verb::Deletes, after(&inner, &["FROM", "INTO", "UPDATE"]), Risk::Destroy);
        }
        // In `COPY (SELECT … FROM x) TO`, the direction comes after the parenthesis.
        let direction = if all.get(1) == Some(&Token::Symbol('(')) {
            all.iter().enumerate().rfind(|(_, token)| token.is("TO"))
        } else {
            direction
        };
        match direction {
            Some((at, token)) if token.is("TO") => match all.get(at + 1) {
                Some(target) if target.is("STDOUT") => self.on_rows(Verb::Reads, table, Risk::Observe),
                Some(target) if target.is("PROGRAM") => phrased(
                    Verb::Runs,
                    Text::new("a program on the database server", "un programa en el servidor de base de datos"),
                    self.component(),
                    Risk::Unclear,
                ),
                _ => phrased(
                    Verb::Writes,
                    Text::new("a file on the database server", "un archivo en el servidor de base de datos"),
                    self.component(),
                    Risk::Change,
                ),
            },
            Some((at, _)) if all.get(at + 1).is_some_and(|target| target.is("PROGRAM")) => phrased(
                Verb::Runs,
                Text::new("a program on the database server", "un programa en el servidor de base de datos"),
                self.component(),
                Risk::Unclear,
            ),
            Some(_) => self.on_rows(Verb::Writes, table, Risk::Change),
            None => self.unclear(),
        }
    }

    /// `DO $$ … $$`: code; its words may still tell of destruction.
    fn block(&self, all: &[Token]) -> Effect {
        let destroys = all.iter().any(|token| match token {
            Token::Body(body) | Token::Text(body) => crate::salvage::destructive_word(body).is_some(),
            _ => false,
        });
        let risk = if destroys { Risk::Destroy } else { Risk::Unclear };
        phrased(
            Verb::Runs,
            Text::new("a block of code in the database", "un bloque de código en la base de datos"),
            self.component(),
            risk,
        )
    }

    /// Some functions take a query as text, and run it.
    fn queries_in_texts(&self, all: &[Token], found: &mut Vec<Effect>) {
        const TAKE: &[&str] = &[
            "TS_STAT",
            "CROSSTAB",
            "CROSSTABN",
            "CROSSTAB2",
            "CROSSTAB3",
            "CROSSTAB4",
            "XPATH_TABLE",
            "CURSOR_TO_XML",
        ];
        const BEGIN: &[&str] = &["SELECT", "WITH", "DELETE", "UPDATE", "INSERT", "TRUNCATE", "DROP", "ALTER", "CREATE"];
        // A query within a query within a query is deep enough.
        const DEPTH: usize = 6;
        if !calls(all).iter().any(|name| TAKE.contains(&name.as_str())) {
            return;
        }
        for token in all {
            let (Token::Text(text) | Token::Body(text)) = token else { continue };
            let inner = tokens(text);
            if inner.first().and_then(Token::word).is_some_and(|word| BEGIN.contains(&word)) {
                self.statement(&inner, found, DEPTH);
            }
        }
    }

    /// Functions that do something, wherever they stand.
    fn side_effects(&self, all: &[Token], found: &mut Vec<Effect>) {
        for name in calls(all) {
            let name = name.to_lowercase();
            if let Some(known) = self.knowledge.command(&format!("sql:{name}"))
                && known.default_risk() > Risk::Observe
            {
                let verb = if known.default_risk() == Risk::Destroy { Verb::Deletes } else { Verb::Runs };
                let phrase = if verb == Verb::Runs {
                    Text::same(format!("{name}()"))
                } else {
                    Text::new(format!("what {name}() names"), format!("lo que {name}() nombra"))
                };
                found.push(phrased(verb, phrase, self.component(), known.default_risk()));
            }
        }
        self.queries_in_texts(all, found);
        // `INTO OUTFILE` writes on MySQL's server.
        if has(all, "OUTFILE") || has(all, "DUMPFILE") {
            found.push(phrased(
                Verb::Writes,
                Text::new("a file on the database server", "un archivo en el servidor de base de datos"),
                self.component(),
                Risk::Change,
            ));
        }
        let bodies = all.iter().filter_map(|token| match token {
            Token::Body(body) => Some(body),
            _ => None,
        });
        // A function's body runs when it is called; what it says is still worth knowing.
        for body in bodies {
            let inner = tokens(body);
            for name in calls(&inner) {
                if let Some(known) = self.knowledge.command(&format!("sql:{}", name.to_lowercase()))
                    && known.default_risk() == Risk::Destroy
                {
                    found.push(phrased(
                        Verb::Runs,
                        Text::same(format!("{}()", name.to_lowercase())),
                        self.component(),
                        Risk::Destroy,
                    ));
                }
            }
        }
    }
}

/// SQL Server's own procedures that only show something.
fn shows_the_server(name: &str) -> bool {
    matches!(
        name,
        "SP_WHO"
            | "SP_WHO2"
            | "SP_LOCK"
            | "SP_HELP"
            | "SP_HELPDB"
            | "SP_HELPTEXT"
            | "SP_HELPINDEX"
            | "SP_SPACEUSED"
            | "SP_READERRORLOG"
            | "XP_READERRORLOG"
            | "XP_FIXEDDRIVES"
    )
}
