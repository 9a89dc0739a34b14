//! The directory that statements work in: whether they go into one, and whether they need the one gone into before.

use super::pattern::{Test, regex, test};
use crate::model::Statement;
use regex::Regex;
use std::sync::LazyLock;

/// Whether the statements leave the reader in a directory of their own choice; `None` when they go nowhere.
pub(super) fn left_in(statements: &[Statement]) -> Option<bool> {
    let typed = statements.iter().filter(|statement| statement.foreign.is_none());
    let target = typed.filter_map(|statement| GOES.captures_iter(&statement.text).last()).next_back()?;
    let target = target.get(1).map_or("", |target| target.as_str());
    Some(!matches!(target, "" | "-" | "~" | "$HOME" | "/"))
}

/// Whether the first statements depend on where they are typed, before any goes elsewhere.
pub(super) fn is_needed(statements: &[Statement]) -> bool {
    let typed = statements.iter().filter(|statement| statement.foreign.is_none());
    typed.take_while(|statement| !GOES.is_match(&statement.text)).any(|statement| LOCAL.is_match(&statement.text))
}

static GOES: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?m)(?:^|&& |; ?)(?:cd|pushd)(?:[ \t]+([^\s;&|]+))?[ \t]*(?:$|[;&|#])"));

/// What reads a file of the directory it is typed in: compose, make, git, the tools of projects, `./x`.
static LOCAL: LazyLock<Test> = LazyLock::new(|| {
    test(concat!(
        r"(?m)(?:^|&& |\|\| |; ?|\| ?)[ \t]*(?:sudo (?:-\w+ (?:[a-z][\w-]* )?)?)?(?:[A-Z_]+=\S* )*",
        r"(?:docker[ -]compose|make|just|task|npm|npx|yarn|pnpm|bun|terraform|tofu|terragrunt|alembic|composer|poetry|pipenv|bundle|rake",
        r"|php artisan|python3? [\w/-]+\.py|node [\w/-]+\.js|mvn|gradle|ansible-playbook|vagrant|helmfile|skaffold",
        r"|git (?:pull|checkout|reset|status|log|fetch|add|commit|push|revert|stash|merge|rebase|diff|tag|branch|switch)",
        r"|\.{1,2}/|\.?venv/)(?:[ \t]|$|\w|[.-])",
    ))
});

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(lines: &[&str]) -> Vec<Statement> {
        lines.iter().map(|line| Statement { text: (*line).to_owned(), ..Statement::default() }).collect()
    }

    #[test]
    fn a_directory_is_gone_into_and_left() {
        for (lines, expected) in [
            (vec!["cd /srv/shop", "ls"], Some(true)),
            (vec!["git clone https://git.test/shop.git && cd shop"], Some(true)),
            (vec!["cd /srv/shop", "cd -"], Some(false)),
            (vec!["cd"], Some(false)),
            (vec!["echo cd"], None),
        ] {
            assert_eq!(left_in(&typed(&lines)), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_directory_is_needed_by_what_reads_its_files() {
        for (lines, expected) in [
            (vec!["docker compose up -d"], true),
            (vec!["sudo ./restore.sh latest"], true),
            (vec!["git pull --ff-only"], true),
            (vec!["cd /srv/shop", "make up"], false),
            (vec!["systemctl restart shop"], false),
            (vec!["docker ps"], false),
            (vec!["git clone https://git.test/shop.git"], false),
        ] {
            assert_eq!(is_needed(&typed(&lines)), expected, "{lines:?}");
        }
    }
}
