//! A machine on which programs run: this one, or one that OpenSSH reaches.
//!
//! The `ssh` of the machine is used, so that known hosts, keys, the agent and jump hosts are those that the team has
//! set up already. It never asks: a host whose key is not known, or a key that needs a passphrase, is an error.

mod reading;
mod releases;

pub(crate) use reading::Answer;

use crate::{Instance, PlatformError};
use futures_util::future::try_join_all;
use std::process::Stdio;
use tokio::process::{Child, Command};

/// One machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// `user@name`, as `ssh` takes it; `None` for this machine.
    address: Option<String>,
    /// A file of settings for `ssh` in place of the user's own.
    ssh_config: Option<String>,
    /// Programs that change something are run through `sudo`.
    sudo: bool,
}

/// `ssh` ends with this code when it is itself what failed.
const SSH_FAILED: i32 = 255;

/// How long a connection may take, in seconds.
const CONNECT_TIMEOUT: &str = "ConnectTimeout=10";

/// A machine that says nothing for 15 seconds is gone: nobody waits for it, and holds a lock, for ever.
const ALIVE: [&str; 4] = ["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"];

impl Host {
    pub fn here(sudo: bool) -> Self {
        Self { address: None, ssh_config: None, sudo }
    }

    /// `user@name`, `name` or `ssh://user@name:port`.
    pub fn over_ssh(address: &str, ssh_config: Option<String>, sudo: bool) -> Result<Self, PlatformError> {
        let name = address.strip_prefix("ssh://").unwrap_or(address);
        let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\'' | '"' | ';' | '$' | '`' | '\\');
        if name.is_empty() || name.starts_with('-') || name.contains(odd) {
            return Err(PlatformError::refused(
                format!("`{address}` is not a host: it takes user@name or ssh://user@name:port"),
                format!("`{address}` no es un host: lleva usuario@nombre o ssh://usuario@nombre:puerto"),
            ));
        }
        Ok(Self { address: Some(address.to_owned()), ssh_config, sudo })
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        let Some(address) = &self.address else { return "localhost" };
        let name = address.strip_prefix("ssh://").unwrap_or(address);
        name.rsplit('@').next().unwrap_or(name)
    }

    /// The argument vector that runs a program there, as it is.
    pub fn argv(&self, program: &[&str]) -> Vec<String> {
        let Some(address) = &self.address else {
            return program.iter().map(|word| (*word).to_owned()).collect();
        };
        let mut argv = ["ssh", "-o", "BatchMode=yes", "-o", CONNECT_TIMEOUT].map(str::to_owned).to_vec();
        argv.extend(ALIVE.map(str::to_owned));
        argv.extend(self.ssh_config.iter().flat_map(|file| ["-F".to_owned(), file.clone()]));
        // A shell of the other machine reads what follows: each word is quoted for it.
        let words = program.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
        argv.extend([address.clone(), "--".to_owned(), words]);
        argv
    }

    /// Who is reached in the end, `user@name:port`, as the settings of `ssh` have it now.
    pub async fn reached(&self) -> Result<String, PlatformError> {
        let Some(address) = &self.address else { return Ok("localhost".to_owned()) };
        let mut argv = vec!["ssh".to_owned(), "-G".to_owned()];
        argv.extend(self.ssh_config.iter().flat_map(|file| ["-F".to_owned(), file.clone()]));
        argv.push(address.clone());
        let text = run(&argv).await?;
        let value =
            |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap_or("?");
        Ok(format!("{}@{}:{}", value("user"), value("hostname"), value("port")))
    }

    /// The same for a program that changes something.
    pub fn changing(&self, program: &[&str]) -> Vec<String> {
        if self.sudo { self.argv(&[&["sudo", "-n"], program].concat()) } else { self.argv(program) }
    }

    /// Runs a program to its end and gives what it printed.
    pub async fn output(&self, program: &[&str]) -> Result<String, PlatformError> {
        run(&self.argv(program)).await
    }

    /// Starts a program whose output is read as it comes.
    pub fn start(&self, program: &[&str]) -> Result<Child, PlatformError> {
        start(&self.argv(program))
    }
}

/// Several machines as people call them.
pub(crate) fn names(hosts: &[Host]) -> String {
    hosts.iter().map(Host::name).collect::<Vec<_>>().join(",")
}

/// Who is reached in the end on each of several machines.
pub(crate) async fn all_reached(hosts: &[Host]) -> Result<String, PlatformError> {
    Ok(try_join_all(hosts.iter().map(Host::reached)).await?.join(","))
}

/// What instances on one of these machines are named for; nothing where there is only this one.
pub(crate) fn shown<'h>(hosts: &[Host], host: &'h Host) -> &'h str {
    if hosts.len() == 1 && host.name() == "localhost" { "" } else { host.name() }
}

/// The machine that an instance is named for.
pub(crate) fn of<'h>(hosts: &'h [Host], instance: &Instance) -> Option<&'h Host> {
    let named = instance.name.rsplit_once('@').map(|(_, name)| name);
    hosts.iter().find(|host| named == Some(host.name())).or(hosts.first())
}

/// Runs an argument vector to its end and gives what it printed.
pub async fn run(argv: &[String]) -> Result<String, PlatformError> {
    let program = argv.first().cloned().unwrap_or_default();
    let output = start(argv)?.wait_with_output().await;
    let output = output.map_err(|source| PlatformError::NoProgram { program, source })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(failure(argv, output.status.code(), &String::from_utf8_lossy(&output.stderr)))
}

fn start(argv: &[String]) -> Result<Child, PlatformError> {
    let (program, arguments) =
        argv.split_first().ok_or_else(|| PlatformError::refused("no program", "sin programa"))?;
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| PlatformError::NoProgram { program: program.clone(), source })
}

/// What a program's failure means, from its code and its last words.
pub fn failure(argv: &[String], code: Option<i32>, said: &str) -> PlatformError {
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned();
    let over_ssh = argv.first().is_some_and(|program| program == "ssh");
    let command = argv.last().filter(|_| over_ssh).cloned().unwrap_or_else(|| argv.join(" "));
    if over_ssh && code == Some(SSH_FAILED) {
        let host = argv.iter().rev().nth(2).cloned().unwrap_or_default();
        return PlatformError::Unreachable {
            key_changed: said.contains("IDENTIFICATION HAS CHANGED"),
            host,
            said: last,
        };
    }
    PlatformError::Program { command, said: last }
}

/// A word that a POSIX shell reads as it is.
fn quoted(word: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@' | '=' | ',' | '+' | '%');
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_the_other_machines_shell_and_not_for_this_one() {
        let there = Host::over_ssh("deploy@10.0.0.5", Some("/etc/s.conf".into()), true).expect("a host");
        let program = ["systemctl", "restart", "a b;id.service"];
        assert_eq!(
            there.changing(&program).join("|"),
            "ssh|-o|BatchMode=yes|-o|ConnectTimeout=10|-o|ServerAliveInterval=5|-o|ServerAliveCountMax=3|-F|/etc/s.conf|deploy@10.0.0.5|--|sudo -n systemctl restart 'a b;id.service'"
        );
        assert_eq!(Host::here(false).changing(&program), program);
        assert_eq!((there.name(), Host::here(true).name()), ("10.0.0.5", "localhost"));
    }

    #[test]
    fn what_could_be_an_option_or_a_command_is_no_host() {
        for address in ["-oProxyCommand=id", "", "ssh://", "a b", "a;id", "$(id)", "ssh://-x", "a\nb"] {
            assert!(Host::over_ssh(address, None, false).is_err(), "{address}");
        }
        for address in ["web-1", "deploy@web-1.example.com", "ssh://deploy@10.0.0.5:2222", "deploy@[::1]"] {
            assert!(Host::over_ssh(address, None, false).is_ok(), "{address}");
        }
    }

    #[test]
    fn a_broken_connection_is_told_from_a_program_that_failed() {
        let argv = Host::over_ssh("web", None, false).expect("a host").argv(&["systemctl", "show"]);
        let changed = "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\n";
        match failure(&argv, Some(255), changed) {
            PlatformError::Unreachable { host, key_changed: true, said } => {
                assert_eq!((host.as_str(), said.as_str()), ("web", "Host key verification failed."));
            }
            other => panic!("{other:?}"),
        }
        match failure(&argv, Some(4), "Unit x.service not found.\n") {
            PlatformError::Program { command, said } => {
                assert_eq!((command.as_str(), said.as_str()), ("systemctl show", "Unit x.service not found."));
            }
            other => panic!("{other:?}"),
        }
    }
}
