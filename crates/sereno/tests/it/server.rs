//! A PostgreSQL server for one test, gone with it.

use crate::world::skipped;
use rustix::event::{PollFd, PollFlags, Timespec};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) struct Server {
    bin: PathBuf,
    folder: tempfile::TempDir,
}

impl Server {
    /// `None`, and said, where there is no PostgreSQL.
    pub(crate) fn start() -> Option<Self> {
        let Some(bin) = installed() else {
            skipped("PostgreSQL is missing (apt-get install postgresql)");
            return None;
        };
        // Short, because the path of a socket must be.
        let folder = tempfile::Builder::new().prefix("sereno-pg-").tempdir_in("/tmp").expect("a temporary folder");
        let server = Self { bin, folder };
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(server.folder.path()).status();
            assert!(owned.expect("chown runs").success());
        }
        let arguments = ["--auth=trust", "--username=sereno", "--no-sync", "-E", "UTF8", "--locale=C", "-D"];
        let made = server.command("initdb").args(arguments).arg(server.data()).output().expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.launch();
        Some(server)
    }

    pub(crate) fn launch(&self) {
        let place = self.folder.path().display();
        let options = format!("-c fsync=off -c listen_addresses='' -c unix_socket_directories={place}");
        let mut command = self.command("pg_ctl");
        command.args(["-w", "-t", "30", "-o", &options, "-l"]).arg(self.folder.path().join("log"));
        command.arg("-D").arg(self.data()).arg("start").stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().expect("pg_ctl runs").success());
    }

    pub(crate) fn stop(&self) {
        let mut command = self.command("pg_ctl");
        command.args(["-m", "immediate", "-w", "-D"]).arg(self.data()).arg("stop");
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("pg_ctl runs");
    }

    /// Waits, in the place of a server that was stopped, for somebody to call, and hangs up.
    pub(crate) fn await_caller(&self) {
        let place = self.folder.path().join(".s.PGSQL.5432");
        let listener = UnixListener::bind(&place).expect("the server left its socket's name free");
        let mut awaited = [PollFd::new(&listener, PollFlags::IN)];
        let patience = Timespec { tv_sec: 30, tv_nsec: 0 };
        let called = rustix::event::poll(&mut awaited, Some(&patience)).expect("it can be waited for");
        assert_eq!(called, 1, "nobody called");
        drop(listener.accept().expect("a caller"));
        std::fs::remove_file(place).expect("it is there");
    }

    pub(crate) fn address(&self) -> String {
        format!("postgresql://sereno@localhost/postgres?host={}", self.folder.path().display())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A command as a user that a server may run as: it refuses to be root.
    fn command(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/");
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn installed() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let bins = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    bins.filter(|bin| Path::exists(&bin.join("initdb"))).max()
}

fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("\nUid:\t0\t0"))
}
