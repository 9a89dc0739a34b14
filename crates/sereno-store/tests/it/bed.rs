//! What the tests stand on: a journal on SQLite, and one on a PostgreSQL server that lives as long as the process.

use sereno_model::RunId;
use sereno_store::{Actor, Context, Location, Role, Store};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// A place for one journal, gone when dropped.
pub(crate) struct Bed {
    pub(crate) location: Location,
    pub(crate) name: &'static str,
    _directory: TempDir,
}

impl Bed {
    pub(crate) fn sqlite() -> Self {
        let directory = TempDir::new().unwrap();
        let location = Location::Sqlite(directory.path().join("journal.db"));
        Self { location, name: "sqlite", _directory: directory }
    }

    pub(crate) fn postgres() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = Server::get()?;
        let database = format!("journal_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        server.client("createdb").arg(&database).output().unwrap();
        let location = Location::Postgres(server.address(&database));
        Some(Self { location, name: "postgres", _directory: TempDir::new().unwrap() })
    }

    /// All that can be had here.
    pub(crate) fn all() -> Vec<Self> {
        let mut beds = vec![Self::sqlite()];
        beds.extend(Self::postgres());
        beds
    }

    pub(crate) async fn store(&self) -> Store {
        Store::open(&self.location).await.unwrap()
    }

    /// Runs SQL behind the store's back, as one who tampers would. The triggers are taken away first.
    pub(crate) fn tamper(&self, sql: &str) {
        match &self.location {
            Location::Sqlite(path) => {
                let sql = format!(
                    "DROP TRIGGER IF EXISTS sereno_journal_no_update; DROP TRIGGER IF EXISTS sereno_journal_no_delete; {sql}"
                );
                raw_sqlite(path, &sql).unwrap();
            }
            Location::Postgres(address) => {
                let sql = format!("DROP TRIGGER IF EXISTS sereno_journal_only_grows ON sereno_journal; {sql}");
                raw_postgres(address, &sql).unwrap();
            }
        }
    }

    /// Runs SQL behind the store's back, triggers and all.
    pub(crate) fn raw(&self, sql: &str) -> Result<(), String> {
        match &self.location {
            Location::Sqlite(path) => raw_sqlite(path, sql),
            Location::Postgres(address) => raw_postgres(address, sql),
        }
    }
}

pub(crate) fn raw_sqlite(path: &Path, sql: &str) -> Result<(), String> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    apart(async move {
        use sqlx::{ConnectOptions as _, Connection as _};
        let mut connection = options.connect().await.map_err(|error| error.to_string())?;
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await;
        connection.close().await.map_err(|error| error.to_string())?;
        done.map(|_| ()).map_err(|error| error.to_string())
    })
}

fn raw_postgres(address: &str, sql: &str) -> Result<(), String> {
    apart(async move {
        use sqlx::Connection as _;
        let mut connection = sqlx::PgConnection::connect(address).await.map_err(|error| error.to_string())?;
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await;
        done.map(|_| ()).map_err(|error| error.to_string())
    })
}

/// Runs a future on a thread of its own, so that synchronous helpers can be called from a runtime.
fn apart<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| scope.spawn(|| block_on(future)).join().unwrap())
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

pub(crate) fn ana() -> Context {
    Context::with_all_roles(Actor::new("os:1000:ana", "os-user", "Ana"))
}

pub(crate) fn viewer() -> Context {
    Context::new(Actor::new("os:1001:vic", "os-user", "Vic"), [Role::Viewer])
}

pub(crate) fn run(number: u8) -> RunId {
    RunId::from_random([number; 16])
}

/// A PostgreSQL server on a socket in a directory of its own.
pub(crate) struct Server {
    bin: PathBuf,
    directory: PathBuf,
}

impl Server {
    pub(crate) fn get() -> Option<&'static Self> {
        static SERVER: OnceLock<Option<Server>> = OnceLock::new();
        SERVER.get_or_init(Self::start).as_ref()
    }

    pub(crate) fn start() -> Option<Self> {
        let bin = find_bin();
        let Some(bin) = bin else {
            eprintln!("skipped: PostgreSQL is not installed (looked under /usr/lib/postgresql)");
            return None;
        };
        // Short, because the path of a socket must be; readable by the user that the server runs as.
        let directory = TempDir::with_prefix_in("sereno-pg-", "/tmp").unwrap().keep();
        let server = Self { bin, directory };
        if is_root() {
            Command::new("chown").arg("postgres").arg(&server.directory).status().unwrap();
        }
        let data = server.directory.join("data");
        let made = server
            .server_command("initdb")
            .args(["--auth=trust", "--username=sereno", "--no-sync", "-E", "UTF8", "--locale=C", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        server.launch();
        Some(server)
    }

    /// Starts the server of an existing directory. It dies with this process: a shell waits for our end of a pipe.
    #[expect(clippy::zombie_processes, reason = "it outlives this process, to clean up after it")]
    pub(crate) fn launch(&self) {
        let options =
            format!("-c fsync=off -c listen_addresses='' -c unix_socket_directories={}", self.directory.display());
        let started = self
            .server_command("pg_ctl")
            .args(["-w", "-t", "30", "-o", &options, "-l"])
            .arg(self.directory.join("log"))
            .arg("-D")
            .arg(self.directory.join("data"))
            .arg("start")
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(started.success(), "pg_ctl start");
        let parent = std::process::id();
        let script = format!(
            "while [ -d /proc/{parent} ]; do sleep 0.2; done; {bin}/pg_ctl -m immediate -D {dir}/data stop; rm -rf {dir}",
            bin = self.bin.display(),
            dir = self.directory.display()
        );
        let mut guard = server_command_of(Path::new("/bin/sh"));
        guard.args(["-c", &script]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        guard.process_group(0).spawn().unwrap();
    }

    pub(crate) fn stop(&self) {
        let data = self.directory.join("data");
        self.server_command("pg_ctl").args(["-m", "immediate", "-w", "-D"]).arg(data).arg("stop").output().unwrap();
    }

    pub(crate) fn address(&self, database: &str) -> String {
        format!("postgresql://sereno@localhost/{database}?host={}", self.directory.display())
    }

    /// A user that must give a password, and whose password nobody knows.
    pub(crate) fn demand_password(&self, user: &str) {
        let file = self.directory.join("data/pg_hba.conf");
        let rules = std::fs::read_to_string(&file).unwrap();
        let line = format!("local all {user} scram-sha-256\n");
        if !rules.starts_with(&line) {
            std::fs::write(&file, line + &rules).unwrap();
        }
        let sql = format!("CREATE USER {user} PASSWORD 'known-to-nobody'; SELECT pg_reload_conf()");
        raw_postgres(&self.address("postgres"), &sql).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(300));
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.args(["-U", "sereno", "-h"]).arg(&self.directory);
        command
    }

    /// A command as a user that a server may run as: it refuses to be root.
    fn server_command(&self, program: &str) -> Command {
        server_command_of(&self.bin.join(program))
    }
}

fn server_command_of(program: &Path) -> Command {
    if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
        command.current_dir("/");
        command
    } else {
        Command::new(program)
    }
}

fn find_bin() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<PathBuf> = versions
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop()
}

pub(crate) fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"))
}
