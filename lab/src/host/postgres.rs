//! A PostgreSQL cluster of one's own, made with Debian's programs.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use super::daemon::{Account, Daemon};
use super::home::Home;
use super::wait;
use crate::failure::{Doing, Failure, Result};

const INSTALL: &str = "apt-get install postgresql redis-server";

pub(crate) struct Postgres {
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) database: String,
}

impl Postgres {
    /// Makes the cluster and its database unless they exist; says whether it did.
    pub(crate) fn prepare(&self, home: &Home) -> Result<bool> {
        let data = home.path("pg");
        if data.join("PG_VERSION").exists() && data.join("lab.conf").exists() {
            return Ok(false);
        }
        let programs = programs()?;
        let account = account()?;
        if account.is_some()
            && let Some(parent) = home.closed_parent()
        {
            return Err(Failure::new(format!(
                "PostgreSQL does not run as root, and its own account cannot enter {}",
                parent.display()
            ))
            .hint("choose another directory with --dir, or `chmod o+x` that one"));
        }
        self.make_cluster(home, &programs, account.as_ref())?;
        Self::write_settings(&data, &programs, account.as_ref())?;
        Ok(true)
    }

    fn make_cluster(&self, home: &Home, programs: &Path, account: Option<&Account>) -> Result<()> {
        let data = home.path("pg");
        let what = || format!("making a PostgreSQL cluster in {}", data.display());
        // What an interrupted attempt left has no lab.conf, hence no data of anybody.
        if data.exists() {
            fs::remove_dir_all(&data).doing(what)?;
        }
        fs::create_dir(&data).doing(what)?;
        let secret = home.path("run/initdb-password");
        write_private(&secret, &self.password)?;
        if let Some(account) = account {
            chown(&data, Some(account.uid), Some(account.gid)).doing(what)?;
            chown(&secret, Some(account.uid), Some(account.gid)).doing(what)?;
        }
        let mut initdb = Command::new(programs.join("initdb"));
        initdb
            .arg("--pgdata")
            .arg(&data)
            .args(["--username", &self.user])
            .args(["--encoding", "UTF8", "--locale", "C.UTF-8"])
            .args(["--auth", "scram-sha-256", "--no-sync", "--no-instructions"])
            .arg("--pwfile")
            .arg(&secret)
            .current_dir(home.dir());
        let output = run_as(&mut initdb, account).output().doing(what);
        fs::remove_file(&secret).doing(what)?;
        let output = output?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Failure::new(format!("{}: {text}", what())));
        }
        Ok(())
    }

    /// The settings file comes last: its presence says that the cluster is complete.
    fn write_settings(data: &Path, programs: &Path, account: Option<&Account>) -> Result<()> {
        let path = data.join("lab.conf");
        let what = || format!("writing {}", path.display());
        let mut main = fs::OpenOptions::new().append(true).open(data.join("postgresql.conf")).doing(what)?;
        writeln!(main, "\ninclude 'lab.conf'").doing(what)?;
        let mut text = "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\n\
             shared_buffers = 32MB\nmax_connections = 60\nlog_line_prefix = '%m [%p] %u@%d '\n\
             log_min_duration_statement = 1000\n"
            .to_owned();
        if has_statement_statistics(programs) {
            text.push_str("shared_preload_libraries = 'pg_stat_statements'\n");
        }
        fs::write(&path, text).doing(what)?;
        if let Some(account) = account {
            chown(&path, Some(account.uid), Some(account.gid)).doing(what)?;
        }
        Ok(())
    }

    pub(crate) fn daemon(&self, home: &Home) -> Result<Daemon> {
        let data = home.path("pg");
        Ok(Daemon {
            name: "postgres".to_owned(),
            program: programs()?.join("postgres"),
            arguments: vec![
                "-D".to_owned(),
                data.to_string_lossy().into_owned(),
                "-p".to_owned(),
                self.port.to_string(),
            ],
            environment: Vec::new(),
            account: account()?,
            own_pid_file: Some(data.join("postmaster.pid")),
            directory: data,
            log: home.path("logs/postgres.log"),
            pid_file: home.path("run/postgres.pid"),
            // "Fast": sessions are ended, data is flushed.
            stop_signal: Signal::INT,
        })
    }

    /// The server's own file says so, and it answers.
    pub(crate) fn is_ready_as(&self, home: &Home, pid: u32) -> bool {
        let text = fs::read_to_string(home.path("pg/postmaster.pid")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        // The first line is the pid, the eighth the state.
        lines.first() == Some(&pid.to_string().as_str()) && lines.get(7) == Some(&"ready") && self.is_ready()
    }

    pub(crate) fn is_ready(&self) -> bool {
        let Ok(programs) = programs() else {
            return false;
        };
        Command::new(programs.join("pg_isready"))
            .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
            .status()
            .is_ok_and(|status| status.success())
    }

    /// Creates the database if it is missing, which is so once after the cluster was made.
    pub(crate) fn create_database(&self) -> Result<()> {
        let query = |sql: &str| -> Result<String> {
            let output = Command::new(programs()?.join("psql"))
                .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
                .args(["-U", &self.user, "-d", "postgres", "-X", "-A", "-t", "-c", sql])
                .env("PGPASSWORD", &self.password)
                .output()
                .doing(|| "running psql".to_owned())?;
            let error = String::from_utf8_lossy(&output.stderr);
            if !output.status.success() {
                return Err(Failure::new(format!("{sql}: {}", error.trim())));
            }
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let name = self.database.replace('\'', "''");
        if query(&format!("SELECT 1 FROM pg_database WHERE datname = '{name}'"))? != "1" {
            query(&format!("CREATE DATABASE \"{}\"", self.database.replace('"', "\"\"")))?;
        }
        Ok(())
    }

    pub(crate) fn await_down(&self) -> Result<()> {
        wait::until("postgres refuses connections", Duration::from_secs(10), || Ok(!self.is_ready()))
    }
}

/// The newest installed server's programs; Debian keeps them out of PATH.
pub(crate) fn programs() -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())))
        .filter(|(_, path)| path.join("bin/postgres").exists())
        .max();
    if let Some((_, path)) = newest {
        return Ok(path.join("bin"));
    }
    let in_path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&in_path)
        .find(|dir| dir.join("postgres").exists() && dir.join("initdb").exists())
        .ok_or_else(|| Failure::new("PostgreSQL's server programs are not installed").hint(INSTALL))
}

fn has_statement_statistics(programs: &Path) -> bool {
    let output = Command::new(programs.join("pg_config")).arg("--pkglibdir").output();
    let folder = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let beside = programs.with_file_name("lib");
    folder.into_iter().map(PathBuf::from).chain([beside]).any(|folder| folder.join("pg_stat_statements.so").exists())
}

/// PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody`.
fn account() -> Result<Option<Account>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").doing(|| "reading /etc/passwd".to_owned())?;
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| find_account(&users, name))
        .map(Some)
        .ok_or_else(|| Failure::new("neither `postgres` nor `nobody` is a user of this machine"))
}

fn find_account(users: &str, name: &str) -> Option<Account> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then_some(())?;
        Some(Account { name: name.to_owned(), uid: fields.nth(1)?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    })
}

fn run_as<'c>(command: &'c mut Command, account: Option<&Account>) -> &'c mut Command {
    use std::os::unix::process::CommandExt;
    command.stdin(Stdio::null());
    match account {
        Some(account) => command.uid(account.uid).gid(account.gid).env("USER", &account.name),
        None => command,
    }
}

fn write_private(path: &Path, text: &str) -> Result<()> {
    let what = || format!("writing {}", path.display());
    let mut file = fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path).doing(what)?;
    file.write_all(text.as_bytes()).doing(what)
}

#[cfg(test)]
mod tests {
    use super::find_account;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let users = "postgresql:x:1:2::/:/bin/sh\npostgres:x:101:104::/var:/bin/sh\nbroken\n";
        let account = find_account(users, "postgres").unwrap();
        assert_eq!((account.uid, account.gid), (101, 104));
        assert!(find_account(users, "broken").is_none());
    }
}
