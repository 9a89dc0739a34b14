//! Tools of platforms: their verbs say what they do, or an inner command does.

use crate::analyzer::Analyzer;
use crate::invocation::Invocation;
use crate::names;
use crate::sql::Dialect;
use crate::walk::Place;
use crate::word::{Field, UNKNOWN};
use crate::wording::phrased;
use sereno_model::{Risk, Text, Verb};
use std::ops::Range;

/// Verbs of clouds' command lines, by the beginning of the word.
const READS: &[&str] = &[
    "list",
    "ls",
    "show",
    "describe",
    "get",
    "logs",
    "log",
    "status",
    "info",
    "read",
    "view",
    "whoami",
    "version",
    "inspect",
    "ps",
    "releases",
    "config-get",
    "variables",
    "vars",
    "domains",
    "deployments",
    "services",
    "help",
    "check",
    "tail",
    "history",
    "search",
    "query",
    "open",
    "projects",
    "environment",
    "env-ls",
    "doctor",
    "ping",
    "locations",
    "platform",
    "regions",
    "machines",
    "ips",
    "certs",
    "apps",
    "auth-token",
    "explain",
    "listen",
    "metrics",
    "events",
    "volumes-list",
    "db-list",
    "is-enabled",
    "summarize",
    "watch",
    "diff",
    "plan",
    "outputs",
    "output",
    "issues",
    "usage",
    "docs",
    "dashboard",
    "balance",
    "fixtures",
    "config",
];

/// Of those, the names of things: they list when no verb follows.
const NOUNS: &[&str] = &[
    "apps",
    "services",
    "deployments",
    "releases",
    "machines",
    "events",
    "projects",
    "domains",
    "regions",
    "ips",
    "certs",
    "issues",
    "variables",
    "vars",
    "environment",
    "locations",
    "fixtures",
    "config-get",
    "metrics",
    "volumes-list",
    "docs",
    "auth-token",
    "config",
    "ps",
    "platform",
    "logs",
    "log",
    "dashboard",
];

const DESTROYS: &[&str] = &[
    "delete",
    "del",
    "destroy",
    "remove",
    "rm",
    "purge",
    "reset",
    "drop",
    "revoke",
    "terminate",
    "unset",
    "flush",
    "clear",
    "disable",
    "uninstall",
    "erase",
    "down",
    "detach",
    "unlink",
    "expire",
    "cancel",
    "wipe",
    "prune",
    "deallocate",
    "truncate",
    "kill",
    "teardown",
    "undeploy",
    "release-ip",
];

const CHANGES: &[&str] = &[
    "create",
    "update",
    "set",
    "add",
    "deploy",
    "restart",
    "start",
    "stop",
    "scale",
    "resize",
    "enable",
    "apply",
    "patch",
    "import",
    "export",
    "copy",
    "cp",
    "up",
    "redeploy",
    "promote",
    "rollback",
    "publish",
    "push",
    "pull",
    "link",
    "login",
    "logout",
    "init",
    "attach",
    "reboot",
    "suspend",
    "resume",
    "pause",
    "unpause",
    "upgrade",
    "migrate",
    "put",
    "invite",
    "grant",
    "rotate",
    "renew",
    "backup",
    "snapshot",
    "upload",
    "download",
    "submit",
    "trigger",
    "call",
    "send",
    "replace",
    "rename",
    "move",
    "restore",
    "bind",
    "failover",
    "dev",
    "build",
    "launch",
    "clone",
    "use",
    "select",
    "activate",
    "configure",
    "ack",
    "resend",
    "assign",
    "tag",
    "connect",
    "run",
    "swap",
    "new",
    "save",
    "switch",
    "generate",
    "register",
    "sync",
    "post",
    "purchase",
    "refund",
    "capture",
    "confirm",
    "stage",
    "unsuspend",
    "cordon",
    "uncordon",
    "serve",
    "install",
    "refresh",
    "mv",
    "reload",
    "wake",
    "extend",
    "approve",
];

impl Analyzer<'_> {
    /// The verb among the first words decides; destruction wins.
    pub(super) fn cloud_verbs(&mut self, command: &Invocation<'_>) -> bool {
        let words: Vec<&str> =
            (0..command.positional_count().min(6)).filter_map(|index| command.positional(index)).collect();
        // Later words are names of things, not verbs: only words up to the first verb count.
        let is = |word: &str, list: &[&str]| {
            list.contains(&word) || list.iter().any(|verb| word.starts_with(&format!("{verb}-")))
        };
        let verb = words.iter().find(|word| is(word, DESTROYS) || is(word, CHANGES) || is(word, READS));
        let shown = format!("{} {}", command.name, words.iter().take(4).copied().collect::<Vec<_>>().join(" "));
        // `deploy list`, `env rm`: a noun that is also a verb is followed by the real one.
        let last = words.iter().take(4).rev().find(|word| is(word, DESTROYS) || is(word, CHANGES) || is(word, READS));
        let destroys = words.iter().take(4).any(|word| is(word, DESTROYS));
        let (risk, verb) = match (verb, last) {
            (Some(_), _) if destroys => (Risk::Destroy, Verb::Deletes),
            (Some(first), Some(last))
                if is(last, READS) && (is(first, READS) || is(first, CHANGES)) && words.len() <= 5 =>
            {
                // `scale show` reads; `restart logs` restarts a thing called logs.
                let risk = if first == last
                    || matches!(
                        *first,
                        "deploy" | "backup" | "snapshot" | "build" | "run" | "tag" | "release" | "link" | "config"
                    )
                    || is(first, READS)
                {
                    Risk::Observe
                } else {
                    Risk::Change
                };
                (risk, if risk == Risk::Observe { Verb::Reads } else { Verb::Updates })
            }
            (Some(first), Some(last)) if NOUNS.contains(first) && is(last, CHANGES) => (Risk::Change, Verb::Updates),
            (Some(first), _) if is(first, READS) => (Risk::Observe, Verb::Reads),
            (Some(_), _) => (Risk::Change, Verb::Updates),
            (None, _) if command.has(&["--version", "--help", "-v", "-h"]) => (Risk::Observe, Verb::Reads),
            (None, _) => {
                self.unknown_command(shown.trim_end());
                return true;
            }
        };
        // Scaling to nothing stops the thing.
        let zero =
            words.iter().any(|word| word.ends_with("=0")) || (words.first() == Some(&"scale") && words.contains(&"0"));
        if zero && words.iter().any(|word| word.contains("scale")) {
            self.found.effect(phrased(Verb::Stops, Text::same(shown), None, Risk::Destroy));
        } else {
            self.found.effect(phrased(verb, Text::same(shown), None, risk));
        }
        // `--set X=y` on a reading verb (`railway variables --set`) writes.
        if risk == Risk::Observe
            && command.has(&["--set", "--unset", "--update", "--delete", "--remove", "--set-env-vars", "-d"])
        {
            self.found.raise(if command.has(&["--unset", "--delete", "--remove", "-d"]) {
                Risk::Destroy
            } else {
                Risk::Change
            });
        }
        true
    }

    /// `heroku run rake db:migrate`, `railway run npm start`: the words after are a command.
    pub(super) fn platform_run(&mut self, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
        let mut within = place.deeper();
        within.via.push(format!("{} {}", command.name, command.positional(0).unwrap_or_default()));
        let option =
            command.all(&["-C", "--command"]).last().and_then(|option| command.words.get(option.value_index)).cloned();
        if let Some(word) = option {
            self.run_joined(&[word], &within);
            return true;
        }
        let from =
            command.dashes.map(|at| at + 1).or_else(|| command.positional_index(1)).unwrap_or(command.words.len());
        let words = command.words.get(from..).unwrap_or_default().to_vec();
        match words.as_slice() {
            [] if place.stdin.is_terminal() => {}
            [console] if console.text == "console" && place.stdin.is_terminal() => {}
            [] => self.shell_from(&place.stdin.clone(), &within),
            [console] if console.text == "console" => self.shell_from(&place.stdin.clone(), &within),
            [first, ..] if first.text.contains(' ') => {
                self.run_joined(std::slice::from_ref(first), &within);
            }
            _ => self.run(&words, span.clone(), &within),
        }
        true
    }

    /// `gcloud compute ssh vm --command TEXT`, `aws ecs execute-command --command TEXT`.
    pub(super) fn option_command(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let Some(word) = command.all(&["--command"]).last().and_then(|option| command.words.get(option.value_index))
        else {
            return false;
        };
        let text = word.text.strip_prefix("--command=").unwrap_or(&word.text);
        let mut within = place.deeper();
        within.via.push(command.name.to_owned());
        let word = Field { verbatim: None, ..Field::plain(text, word.span.clone()) };
        self.run_joined(&[word], &within);
        true
    }

    /// SQL as the second argument: `bq query 'SELECT …'`.
    pub(super) fn sql_argument(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let Some(word) = command.positional_word(1) else {
            return false;
        };
        self.sql_text(&word.text, word.known, Dialect::Other, place);
        true
    }

    /// `ansible all -a 'df -h'`.
    pub(super) fn ansible_shell(&mut self, command: &Invocation<'_>, place: &Place) -> bool {
        let Some(word) =
            command.all(&["-a", "--args"]).last().and_then(|option| command.words.get(option.value_index)).cloned()
        else {
            return false;
        };
        let mut within = place.deeper();
        within.via.push("ansible".to_owned());
        self.run_joined(&[word], &within);
        true
    }

    pub(super) fn ansible_service(&mut self, command: &Invocation<'_>) -> bool {
        let text = command.all(&["-a", "--args"]).last().and_then(|option| option.value.clone()).unwrap_or_default();
        let name = text.split_whitespace().find_map(|word| word.strip_prefix("name=")).unwrap_or("…").to_owned();
        let verb = if text.contains("state=stopped") { Verb::Stops } else { Verb::Restarts };
        self.found.effect(phrased(verb, Text::same(name.clone()), Some(&name), Risk::Change));
        true
    }

    /// A playbook is judged by its name; where that says nothing (`site.yml`), it brings machines to the state written in it.
    pub(super) fn playbook(&mut self, command: &Invocation<'_>) -> bool {
        for index in 0..command.positional_count() {
            if let Some(word) = command.positional_word(index).cloned() {
                if names::judge(self.knowledge, &word.text, &[]).is_some() || word.text.contains(UNKNOWN) {
                    self.script(&word.text, &[]);
                } else {
                    self.found.effect(phrased(Verb::Deploys, Text::same(word.text.clone()), None, Risk::Change));
                }
            }
        }
        true
    }

    /// `npm run NAME`, `composer run NAME`.
    pub(super) fn named_script(&mut self, command: &Invocation<'_>, index: usize) -> bool {
        let Some(name) = command.positional_word(index).cloned() else {
            self.found.raise(Risk::Observe);
            return true;
        };
        let rest: Vec<String> = command.shown_from(index + 1).collect();
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        let shown = format!("{} {}", command.name, name.shown());
        match name.value().and_then(|value| judge_script(self.knowledge, value, &rest)) {
            Some((risk, verb)) => {
                let plain = matches!(verb, Verb::Runs | Verb::Reads) || risk == Risk::Observe;
                let phrase = if plain {
                    Text::same(shown)
                } else {
                    Text::new(format!("what `{shown}` is named for"), format!("lo que anuncia el nombre `{shown}`"))
                };
                self.found.effect(phrased(if plain { Verb::Runs } else { verb }, phrase, None, risk));
            }
            None => self.found.unclear(&shown),
        }
        true
    }

    /// `yarn NAME`: a script of the project, or a tool that it installs.
    pub(super) fn npm_bare(&mut self, command: &Invocation<'_>, span: &Range<usize>, place: &Place) -> bool {
        let Some(start) = command.positional_index(0) else {
            // `yarn` alone installs.
            self.found.effect(phrased(Verb::Installs, Text::new("packages", "los paquetes"), None, Risk::Change));
            return true;
        };
        let words = command.words.get(start..).unwrap_or_default();
        let known = command.positional(0).is_some_and(|name| self.knowledge.knows(name));
        if known {
            let mut within = place.deeper();
            within.via.push(command.name.to_owned());
            self.run(words, span.clone(), &within);
            return true;
        }
        self.named_script(command, 0)
    }

    /// `ts-node FILE`, `nodemon FILE`.
    pub(super) fn script_file(&mut self, command: &Invocation<'_>) -> bool {
        let Some(word) = command.positional_word(0).cloned() else {
            return false;
        };
        let at = command.positional_index(0).map_or(0, |at| at + 1);
        self.script(&word.text, command.words.get(at..).unwrap_or_default());
        true
    }
}

/// Names of npm scripts have their own habits: `start:prod`, `db:seed`, `test:e2e`.
fn judge_script(knowledge: &crate::knowledge::Knowledge, name: &str, rest: &[&str]) -> Option<(Risk, Verb)> {
    names::judge(knowledge, name, rest).or_else(|| match name.split(':').next().unwrap_or_default() {
        "dev" | "develop" | "watch" | "preview" | "storybook" | "worker" | "prod" => Some((Risk::Change, Verb::Starts)),
        "format" | "prepare" | "postinstall" | "codegen" => Some((Risk::Change, Verb::Updates)),
        "typecheck" | "type-check" | "tsc" => Some((Risk::Observe, Verb::Reads)),
        _ => None,
    })
}
