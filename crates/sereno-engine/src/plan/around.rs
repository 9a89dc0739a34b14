//! What Sereno adds of its own around a step of the author, whose commands somebody knows for operations.
//!
//! Only a plain, whole statement is shown to whoever may know it: nothing of a condition, a pipeline, a loop or a list, no
//! redirection, no variable, nothing behind something that may have changed what the command means or where it goes. The
//! author's text stays what runs, unless what is known stands for the whole of the step.

use super::files::Whereabouts;
use super::operation::{OperationStep, planned};
use super::policy::Policy;
use super::{PlanOptions, PlanStep};
use sereno_effects::Statement;
use sereno_model::Risk;
use std::path::Path;

/// The plain commands of a step, and what else there is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepCommands {
    /// Word for word, the program without its directory.
    pub plain: Vec<Vec<String>>,
    /// Components that its other statements change.
    pub touched: Vec<String>,
    /// A plain command is all there is.
    pub is_whole: bool,
}

/// What is added around a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Around {
    /// The operations that its commands are, as they are typed: `restart api`.
    pub known_as: Vec<String>,
    pub before: Vec<OperationStep>,
    pub after: Vec<OperationStep>,
    /// Steps that run in place of the author's text.
    pub instead: Option<Vec<OperationStep>>,
}

/// Looks at the commands of a step and may know them.
pub type Recognise<'a> = dyn Fn(&StepCommands) -> Option<Around> + 'a;

/// Programs whose meaning a function or an alias of the author could have changed.
const PROGRAMS: [&str; 7] = ["docker", "docker-compose", "kubectl", "systemctl", "sudo", "pm2", "service"];

/// Variables by which those find their place, or by which they are found.
const PLACES: [&str; 6] = ["DOCKER_", "COMPOSE_", "KUBE", "PM2_", "SYSTEMD_", "PATH="];

/// Commands after which a program may be another, or speak to another place.
const CLOUDING: [&str; 10] =
    [".", "source", "eval", "exec", "alias", "enable", "kubectx", "kubens", "minikube", "use_context"];

/// Commands after which the rest of a step may not be reached.
const LEAVING: [&str; 4] = ["exit", "return", "break", "continue"];

/// What is known of the way to a step: whether something on it made the meaning of commands uncertain.
#[derive(Debug, Clone, Default)]
pub(super) struct Way {
    clouded: bool,
}

impl Way {
    /// The commands of a step, in the light of the steps before; `statements` each with its own text.
    pub(super) fn commands(
        &mut self,
        statements: &[(&Statement, &str)],
        from: &Whereabouts,
        home: &Path,
    ) -> StepCommands {
        let mut found = StepCommands::default();
        let leaves = |s: &Statement| s.commands.iter().any(|c| LEAVING.contains(&c.name.as_str()));
        let may_leave = statements.iter().any(|(statement, _)| leaves(statement));
        for (index, (statement, text)) in statements.iter().enumerate() {
            let mut here = from.clone();
            here.follow(statements[..index].iter().copied());
            let plain = plain(statement, text).filter(|_| !self.clouded && !may_leave && here.is_at(home));
            if let Some(argv) = plain {
                found.plain.push(argv);
            } else {
                let changes = statement.effects.iter().filter(|effect| effect.risk > Risk::Observe);
                found.touched.extend(changes.filter_map(|effect| effect.component.clone()));
            }
            self.clouded |= clouds(statement, text);
        }
        found.is_whole = statements.len() == 1 && found.plain.len() == 1;
        found
    }
}

/// The words of a statement that is one simple command and nothing else.
fn plain(statement: &Statement, text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    let is_simple =
        |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '/' | ':' | '=' | '@' | ',' | '\'' | '"');
    let (first, inner) = statement.commands.split_first()?;
    let begins = text.split([' ', '/']).any(|part| part == first.name) && !text.split(' ').next()?.contains('=');
    let whole = statement.interactive.is_none()
        && statement.opens.is_none()
        && !statement.endless
        && !statement.job_control
        && statement.sets.is_empty()
        && statement.uses.is_empty()
        && statement.prompts.is_empty()
        && first.via.is_empty()
        && inner.iter().all(|command| !command.via.is_empty());
    if !whole || !begins || !text.chars().all(is_simple) {
        return None;
    }
    let words: Option<Vec<String>> = first.args.iter().map(|arg| arg.value.clone()).collect();
    Some(std::iter::once(first.name.clone()).chain(words?).collect())
}

/// Whether commands after this statement may mean something else, or go elsewhere.
fn clouds(statement: &Statement, text: &str) -> bool {
    let by_command = statement.commands.iter().any(|command| {
        let word = |word: &str| command.args.iter().any(|arg| arg.value.as_deref() == Some(word));
        CLOUDING.contains(&command.name.as_str())
            || (command.name == "docker" && word("context"))
            || (command.name == "kubectl" && word("config"))
    });
    let defines = |name: &str| {
        let rest = text.trim_start().trim_start_matches("function").trim_start().strip_prefix(name);
        rest.is_some_and(|rest| rest.trim_start().starts_with(['(', '{']))
    };
    by_command || PLACES.iter().any(|name| text.contains(name)) || PROGRAMS.iter().any(|name| defines(name))
}

/// A step of Sereno's own, beside or in place of one of the author's.
fn own(author: &PlanStep, step: OperationStep, suffix: &str, policy: &Policy) -> PlanStep {
    PlanStep {
        id: format!("{}{suffix}", author.id),
        line: author.line,
        if_fails: author.if_fails,
        condition: None,
        alternative: author.alternative.clone(),
        own: Some(author.id.clone()),
        ..planned("", author.number, step, policy)
    }
}

/// The author's step with what is added around it.
pub(super) fn surrounded(mut author: PlanStep, around: Option<Around>, options: &PlanOptions<'_>) -> Vec<PlanStep> {
    let Some(around) = around else { return vec![author] };
    author.known_as = around.known_as;
    let policy = &options.policy;
    let make = |steps: Vec<OperationStep>, suffix: &str| -> Vec<PlanStep> {
        steps.into_iter().map(|step| own(&author, step, suffix, policy)).collect()
    };
    if let Some(instead) = around.instead {
        let mut steps = make(instead, "");
        if let Some(first) = steps.first_mut() {
            first.known_as.clone_from(&author.known_as);
        }
        return steps;
    }
    let (before, after) = (make(around.before, "+look"), make(around.after, "+proof"));
    before.into_iter().chain(std::iter::once(author)).chain(after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sereno_effects::{Knowledge, analyze_shell};

    /// The plain commands of each of some steps, one after the other in one session that starts in `/`.
    fn plain_of(steps: &[&str]) -> Vec<Vec<String>> {
        let (mut way, mut whereabouts) = (Way::default(), Whereabouts::new(Path::new("/")));
        let mut all = Vec::new();
        for text in steps {
            let analysis = analyze_shell(text, Knowledge::builtin());
            let statements: Vec<(&Statement, &str)> =
                analysis.statements.iter().map(|s| (s, text.get(s.span.clone()).unwrap_or_default())).collect();
            let found = way.commands(&statements, &whereabouts, Path::new("/"));
            whereabouts.follow(statements.into_iter());
            all.push(found.plain.iter().map(|argv| argv.join(" ")).collect());
        }
        all
    }

    fn last(steps: &[&str]) -> Vec<String> {
        plain_of(steps).pop().unwrap_or_default()
    }

    #[test]
    fn a_plain_whole_statement_is_seen_word_for_word() {
        assert_eq!(last(&["docker-compose restart api"]), ["docker-compose restart api"]);
        assert_eq!(last(&["  /usr/bin/docker restart 'api' # por las dudas"]), ["docker restart api"]);
        assert_eq!(last(&["sudo systemctl restart orion-api"]), ["sudo systemctl restart orion-api"]);
        assert_eq!(last(&["sleep 1\ndocker-compose restart api\necho ok"])[1], "docker-compose restart api");
        assert_eq!(last(&["cd /tmp", "cd /", "docker-compose restart api"]), ["docker-compose restart api"]);
    }

    #[test]
    fn what_is_more_than_that_is_not_seen() {
        for text in [
            "docker-compose restart api || true",
            "docker-compose restart api && curl -f localhost",
            "docker-compose restart api | tail -1",
            "docker-compose restart api > out.log",
            "docker-compose restart api &",
            "! docker-compose restart api",
            "if curl -f x; then docker-compose restart api; fi",
            "for s in api; do docker-compose restart api; done",
            "docker-compose restart $SERVICE",
            "docker-compose restart ${SERVICE:-api}",
            "docker-compose restart $(cat names)",
            "docker-compose restart `cat names`",
            "docker-compose restart ap*",
            "docker-compose restart <servicio>",
            "DOCKER_HOST=tcp://x docker-compose restart api",
            "(docker-compose restart api)",
            "{ docker-compose restart api; }",
            "f() { docker-compose restart api; }",
            "docker-compose restart api <<< y",
        ] {
            let seen = last(&[text]);
            assert!(seen.iter().all(|line| !line.contains("restart")), "{text}: {seen:?}");
        }
    }

    #[test]
    fn behind_what_may_change_its_meaning_or_its_place_it_is_not_seen() {
        for before in [
            "cd /tmp",
            "pushd /tmp",
            "export DOCKER_HOST=tcp://x:2375",
            "COMPOSE_FILE=x.yml",
            "export KUBECONFIG=x",
            "PATH=/opt/bin:$PATH",
            ". ./prod.env",
            "source prod.env",
            "eval $(minikube docker-env)",
            "docker context use prod",
            "kubectl config use-context prod",
            "alias docker-compose='docker-compose -p x'",
            "docker-compose() { command docker-compose -p x \"$@\"; }",
            "function docker-compose { true; }",
        ] {
            let seen = last(&[before, "docker-compose restart api"]);
            assert!(seen.is_empty(), "{before}: {seen:?}");
            let seen = last(&[&format!("{before}\ndocker-compose restart api")]);
            assert!(seen.iter().all(|line| !line.contains("restart")), "{before}: {seen:?}");
        }
        let left = last(&["[ -f /x ] && exit 0\ndocker-compose restart api"]);
        assert!(left.is_empty(), "it may not be reached: {left:?}");
    }
}
