//! systemd's units of a team's own, on servers over SSH.

use sereno_platform::PlatformError;
use sereno_platform::host::Host;
use std::collections::BTreeMap;

/// More units than this on one server are not one system's.
const MOST: usize = 100;

/// The units that each of some servers has, with the servers that lack them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Units {
    /// On every server.
    pub(super) everywhere: Vec<String>,
    /// On some only: the unit, and the servers that have it.
    pub(super) somewhere: Vec<(String, Vec<String>)>,
}

/// Asks each server for its units.
pub(super) async fn find(hosts: &[Host]) -> Result<Units, PlatformError> {
    let mut by_unit: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for host in hosts {
        for unit in of_host(host).await? {
            by_unit.entry(unit).or_default().push(host.name().to_owned());
        }
    }
    let (everywhere, somewhere): (Vec<_>, Vec<_>) = by_unit.into_iter().partition(|(_, on)| on.len() == hosts.len());
    Ok(Units { everywhere: everywhere.into_iter().map(|(unit, _)| unit).collect(), somewhere })
}

async fn of_host(host: &Host) -> Result<Vec<String>, PlatformError> {
    // A link is how systemd enables a unit of the distribution; a team's own is a file.
    let find = ["find", "/etc/systemd/system", "-maxdepth", "1", "-type", "f", "-name", "*.service"];
    let units = names(&host.output(&find).await?);
    if units.is_empty() {
        return Ok(Vec::new());
    }
    let mut show = vec!["systemctl", "show", "--property=Id,LoadState,ExecStart", "--"];
    show.extend(units.iter().map(String::as_str));
    Ok(own(&host.output(&show).await?))
}

/// The names of units in a list of their files. One that starts a unit per instance is no unit by itself.
fn names(list: &str) -> Vec<String> {
    let odd = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '\\'));
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let mut names: Vec<String> =
        list.lines().map(name).filter(|name| !name.starts_with('-') && !name.contains(odd)).take(MOST).collect();
    names.sort();
    names
}

/// Those that start a program of the team's own, not of the distribution's.
fn own(shown: &str) -> Vec<String> {
    let unit = |block: &str| {
        let value =
            |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default();
        let program =
            value("ExecStart").split("path=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        let is_own = !program.is_empty() && !["/usr/lib/", "/lib/"].iter().any(|place| program.starts_with(place));
        (value("LoadState") == "loaded" && is_own).then(|| value("Id").trim_end_matches(".service").to_owned())
    };
    shown.split("\n\n").filter_map(unit).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_units_are_asked_for() {
        let list = "/etc/systemd/system/orion-api.service\n/etc/systemd/system/x@.service\n/etc/systemd/system/-a.service\n/etc/systemd/system/a b;id.service\n";
        assert_eq!(names(list), ["orion-api.service"]);
    }

    #[test]
    fn a_unit_that_starts_what_the_distribution_brought_is_not_the_teams() {
        let shown = "Id=orion-api.service\nLoadState=loaded\nExecStart={ path=/opt/orion/api ; argv[]=/opt/orion/api ; }\n\nId=ssh.service\nLoadState=loaded\nExecStart={ path=/usr/lib/openssh/sshd ; }\n\nId=gone.service\nLoadState=not-found\n\nId=none.service\nLoadState=loaded\n";
        assert_eq!(own(shown), ["orion-api"]);
    }
}
