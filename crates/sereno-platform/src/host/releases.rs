//! The versions of what lies in a folder: the commits of a checkout, or the releases beside the one that `current` names.

use super::{Answer, Host};
use crate::{PlatformError, Version};
use jiff::Timestamp;

/// How many versions are shown.
const MOST: usize = 20;

impl Host {
    /// The newest first; nothing where the folder keeps none.
    pub(crate) async fn releases(&self, folder: &str) -> Result<Vec<Version>, PlatformError> {
        if let Some(current) = current_of(folder) {
            let Answer { code: Some(0), out: target, .. } = self.answer(&["readlink", "-f", "--", current]).await?
            else {
                return Ok(Vec::new());
            };
            let target = target.trim();
            if let Some((parent, _)) = target.rsplit_once('/').filter(|_| target != current) {
                let find = ["find", parent, "-mindepth", "1", "-maxdepth", "1", "-type", "d", "-printf", "%T@\\t%p\\n"];
                return Ok(of_folders(&self.answer(&find).await?.out, target));
            }
        }
        // The checkout may be another user's, which git takes for a trap: nothing of it is run here.
        let log = ["git", "-c", "safe.directory=*", "-C", folder, "log", "-n", "20", "--format=%H%x09%ct%x09%s"];
        match self.answer(&log).await {
            Ok(answer) if answer.code == Some(0) => Ok(of_commits(&answer.out)),
            Ok(_) | Err(PlatformError::NoProgram { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// `/srv/app/current` of `/srv/app/current/backend`.
fn current_of(folder: &str) -> Option<&str> {
    const NAME: &str = "/current";
    let (at, _) = folder.match_indices(NAME).find(|(at, _)| {
        let rest = &folder[at + NAME.len()..];
        rest.is_empty() || rest.starts_with('/')
    })?;
    folder.get(..at + NAME.len())
}

fn of_commits(log: &str) -> Vec<Version> {
    let version = |(index, line): (usize, &str)| {
        let mut words = line.splitn(3, '\t');
        let (id, at, what) = (words.next()?, words.next()?, words.next()?);
        Some(Version {
            id: id.chars().take(12).collect(),
            what: what.to_owned(),
            at: at.parse().ok().and_then(|at| Timestamp::from_second(at).ok()),
            is_current: index == 0,
            note: None,
        })
    };
    log.lines().enumerate().filter_map(version).collect()
}

fn of_folders(found: &str, target: &str) -> Vec<Version> {
    let version = |line: &str| {
        let (at, path) = line.split_once('\t')?;
        let seconds = at.split('.').next()?.parse().ok()?;
        Some(Version {
            id: path.to_owned(),
            what: path.rsplit('/').next()?.to_owned(),
            at: Timestamp::from_second(seconds).ok(),
            is_current: path == target,
            note: None,
        })
    };
    let mut versions: Vec<Version> = found.lines().filter_map(version).collect();
    versions.sort_by(|a, b| (b.at, &b.what).cmp(&(a.at, &a.what)));
    let newest = versions.iter().take(MOST).cloned();
    let current = versions.iter().skip(MOST).filter(|version| version.is_current).cloned();
    newest.chain(current).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_the_folders_beside_the_one_that_current_names() {
        assert_eq!(current_of("/srv/app/current"), Some("/srv/app/current"));
        assert_eq!(
            current_of("/srv/currents/app/current/backend"),
            Some("/srv/app/current").map(|_| "/srv/currents/app/current")
        );
        assert_eq!(current_of("/srv/app"), None);
        let found = "1700000000.0\t/srv/app/releases/1\n1800000000.5\t/srv/app/releases/2\nodd\n";
        let read = of_folders(found, "/srv/app/releases/1");
        let shown: Vec<_> = read.iter().map(|v| (v.what.as_str(), v.is_current)).collect();
        assert_eq!(shown, [("2", false), ("1", true)]);
    }

    #[test]
    fn commits_are_versions_and_the_first_is_the_one_that_is_checked_out() {
        let read = of_commits("0123456789abcdef\t1700000000\tfix: a\tb\nfedcba9876543210\t1600000000\tfirst\n");
        let shown: Vec<_> = read.iter().map(|v| (v.id.as_str(), v.what.as_str(), v.is_current)).collect();
        assert_eq!(shown, [("0123456789ab", "fix: a\tb", true), ("fedcba987654", "first", false)]);
        assert!(of_commits("").is_empty());
    }
}
