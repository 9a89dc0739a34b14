//! What the name of a script, of a make target or of a task says.

use crate::knowledge::Knowledge;
use sereno_model::{Risk, Verb};

/// Programs that each project brings itself, under a name that all know.
const OF_PROJECTS: &[&str] = &[
    "gradlew",
    "mvnw",
    "manage.py",
    "artisan",
    "rails",
    "rake",
    "console",
    "spark",
    "yii",
    "sail",
    "bundle",
    "rspec",
    "bin/console",
    "wp",
    "drush",
];

pub(crate) fn of_projects(name: &str) -> bool {
    OF_PROJECTS.contains(&name)
}

/// The risk that the words of a name and of its arguments speak of; `None` when they say nothing.
///
/// Destruction wins over all. Looking (`verify-backup`, `deploy-status`) wins over what is looked at, but not over words
/// that can only be acts (`check-and-restart`).
pub(crate) fn judge(knowledge: &Knowledge, path: &str, arguments: &[&str]) -> Option<(Risk, Verb)> {
    let base = path.rsplit('/').next().unwrap_or(path);
    // A task that is given arguments acts on them as its last word says: `night_audit:run[1187]` looks at nothing.
    let act = std::iter::once(base).chain(arguments.iter().copied()).find_map(task_with_arguments);
    if let Some(act) = act
        && act != base
        && let found = judge(knowledge, act, &[])
        && found.is_none_or(|(risk, _)| risk != Risk::Observe)
    {
        return judge(knowledge, &base.replace([':', '['], " "), arguments)
            .filter(|(risk, _)| *risk > Risk::Observe)
            .or(found);
    }
    let mut best: [Option<Verb>; 4] = [None; 4];
    let mut strong = None;
    let text =
        arguments.iter().filter(|argument| !argument.contains('/')).fold(base.to_owned(), |mut all, argument| {
            all.push(' ');
            all.push_str(argument);
            all
        });
    for word in words(&text) {
        for rule in knowledge.name_rules() {
            let (wanted, is_strong) =
                rule.word.strip_suffix('!').map_or((rule.word.as_str(), false), |word| (word, true));
            if wanted == word {
                best[rule.risk as usize].get_or_insert(rule.verb);
                if is_strong {
                    strong.get_or_insert((rule.risk, rule.verb));
                }
                break;
            }
        }
    }
    if let Some(verb) = best[Risk::Destroy as usize] {
        return Some((Risk::Destroy, verb));
    }
    if strong.is_some() {
        return strong;
    }
    [Risk::Observe, Risk::Change].into_iter().find_map(|risk| best[risk as usize].map(|verb| (risk, verb)))
}

/// What stands between the last `:` and the `[` of a task: `run` of `audit:run[12]`.
fn task_with_arguments(task: &str) -> Option<&str> {
    let (name, _) = task.split_once('[')?;
    name.rsplit_once(':').map(|(_, act)| act)
}

/// Lower-case words; `camelCase` counts as two.
fn words(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut lower = false;
    for c in text.chars() {
        let boundary = !c.is_alphanumeric() || (c.is_uppercase() && lower);
        if boundary {
            found.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(last) = found.last_mut()
        {
            last.extend(c.to_lowercase());
        }
        lower = c.is_lowercase();
    }
    found.retain(|word| !word.is_empty());
    found
}
