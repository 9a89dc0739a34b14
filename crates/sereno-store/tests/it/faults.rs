//! What a person sees when the journal cannot be had.

use crate::bed::{Bed, Server, ana, block_on, is_root, raw_sqlite, run};
use serde_json::json;
use sereno_model::Lang;
use sereno_store::{Location, NewEntry, Store, StoreError, chain};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn entry() -> NewEntry {
    NewEntry::new("note.added", json!({ "text": "x".repeat(2000) })).of(&run(1))
}

/// Each error says something in both languages, and what to do.
fn is_helpful(error: &StoreError) {
    assert!(error.hint().is_some(), "{error:?}");
    assert_ne!(error.text().get(Lang::En), error.text().get(Lang::Es));
    assert!(!chain(error).is_empty());
}

#[test]
fn files_belong_to_their_owner_unless_the_directory_is_shared() {
    let directory = TempDir::new().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
    for (name, directory_mode, file_mode) in [("own", None, 0o600), ("shared", Some(0o2770), 0o660)] {
        let folder = directory.path().join(name).join("state");
        if let Some(directory_mode) = directory_mode {
            fs::create_dir_all(&folder).unwrap();
            fs::set_permissions(&folder, Permissions::from_mode(directory_mode)).unwrap();
        }
        let file = folder.join("journal.db");
        block_on(async {
            let store = Store::open(&Location::Sqlite(file.clone())).await.unwrap();
            store.append(&ana(), entry()).await.unwrap();
            assert_eq!(mode(&file), file_mode, "{name}");
            assert_eq!(mode(&folder.join("journal.db-wal")), file_mode, "{name}: the log beside it");
            assert_eq!(mode(&folder.join("journal.db-shm")), file_mode, "{name}: the index beside it");
        });
        if directory_mode.is_none() {
            assert_eq!(mode(&folder), 0o700);
        }
    }
}

#[test]
fn a_second_writer_that_does_not_end_is_told() {
    for bed in Bed::all() {
        block_on(async {
            let store = Store::open_patiently(&bed.location, Duration::from_millis(300)).await.unwrap();
            store.append(&ana(), entry()).await.unwrap();
            let holder = Holder::of(&bed.location).await;
            let started = Instant::now();
            let refused = store.append(&ana(), entry()).await.unwrap_err();
            assert!(matches!(refused, StoreError::Busy { .. }), "{}: {refused:?}", bed.name);
            assert!(refused.is_passing());
            assert!(started.elapsed() < Duration::from_secs(5));
            is_helpful(&refused);
            assert_eq!(store.entries_after(&ana(), 0, 9).await.unwrap().len(), 1, "reading goes on");
            holder.let_go().await;
            store.append(&ana(), entry()).await.unwrap();
        });
    }
}

/// Someone else in the middle of writing.
enum Holder {
    Sqlite(sqlx::SqliteConnection),
    Postgres(Box<sqlx::PgConnection>),
}

impl Holder {
    async fn of(location: &Location) -> Self {
        use sqlx::Connection as _;
        match location {
            Location::Sqlite(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
                sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
                Self::Sqlite(connection)
            }
            Location::Postgres(address) => {
                let mut connection = sqlx::PgConnection::connect(address).await.unwrap();
                let sql = "BEGIN; SELECT pg_advisory_xact_lock(126879548141167)";
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
                Self::Postgres(Box::new(connection))
            }
        }
    }

    async fn let_go(self) {
        match self {
            Self::Sqlite(mut connection) => {
                sqlx::raw_sql("ROLLBACK").execute(&mut connection).await.unwrap();
            }
            Self::Postgres(mut connection) => {
                sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await.unwrap();
            }
        }
    }
}

#[test]
fn a_newer_schema_is_not_touched() {
    for bed in Bed::all() {
        block_on(async {
            bed.store().await.close().await;
            bed.raw("UPDATE sereno_schema SET version = 99").unwrap();
            let refused = Store::open(&bed.location).await.unwrap_err();
            assert!(matches!(refused, StoreError::NewerSchema { found: 99, .. }), "{}: {refused:?}", bed.name);
            is_helpful(&refused);
        });
    }
}

#[test]
fn what_is_no_journal_is_told_and_left_alone() {
    let directory = TempDir::new().unwrap();
    let text = directory.path().join("notes.txt");
    fs::write(&text, "these are notes, and long enough to be more than a header of a database file\n".repeat(40))
        .unwrap();
    let other = directory.path().join("other.db");
    raw_sqlite(&other, "CREATE TABLE orders (id INTEGER)").unwrap();
    for path in [text, other] {
        let before = fs::read(&path).unwrap();
        let refused = block_on(Store::open(&Location::Sqlite(path.clone()))).unwrap_err();
        assert!(matches!(refused, StoreError::NotAJournal { .. }), "{}: {refused:?}", path.display());
        is_helpful(&refused);
        assert_eq!(fs::read(&path).unwrap().len(), before.len());
    }
    let folder = block_on(Store::open(&Location::Sqlite(directory.path().to_path_buf()))).unwrap_err();
    assert!(matches!(folder, StoreError::File { .. }), "{folder:?}");
    is_helpful(&folder);
}

#[test]
fn a_damaged_file_is_told() {
    let bed = Bed::sqlite();
    block_on(async {
        let store = bed.store().await;
        for _ in 0..50 {
            store.append(&ana(), entry()).await.unwrap();
        }
        store.close().await;
        let Location::Sqlite(path) = &bed.location else {
            return;
        };
        let mut bytes = fs::read(path).unwrap();
        for byte in &mut bytes[8192..40_000] {
            *byte ^= 0x5a;
        }
        fs::write(path, bytes).unwrap();
        let refused = match Store::open(&bed.location).await {
            Ok(store) => store.verify(&ana()).await.map(|report| assert!(!report.is_sound())),
            Err(error) => Err(error),
        };
        if let Err(error) = refused {
            assert!(matches!(error, StoreError::NotAJournal { .. }), "{error:?}");
        }
    });
}

/// A file system of its own for the time of a test. Only root may have one.
struct Mount(PathBuf);

impl Mount {
    fn new(at: &Path, size: &str) -> Option<Self> {
        let options = format!("size={size}");
        let mounted = is_root()
            && Command::new("mount")
                .args(["-t", "tmpfs", "-o", &options, "sereno-test"])
                .arg(at)
                .output()
                .is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("skipped: this user may not mount a small disk");
        }
        mounted.then(|| Self(at.to_path_buf()))
    }

    fn remount(&self, options: &str) {
        let done = Command::new("mount").args(["-o", options]).arg(&self.0).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_and_what_was_written_is_intact() {
    let directory = TempDir::new().unwrap();
    let Some(_mount) = Mount::new(directory.path(), "600k") else {
        return;
    };
    let location = Location::Sqlite(directory.path().join("journal.db"));
    block_on(async {
        let store = Store::open(&location).await.unwrap();
        let mut written = 0;
        let refused = loop {
            match store.append(&ana(), entry()).await {
                Ok(entry) => written = entry.seq,
                Err(error) => break error,
            }
            assert!(written < 5000, "a disk of 600 kB is never full");
        };
        assert!(matches!(refused, StoreError::DiskFull { .. }), "{refused:?}");
        is_helpful(&refused);
        let report = store.verify(&ana()).await.unwrap();
        assert!(report.is_sound(), "{:?}", report.problems);
        assert_eq!(report.entries, written);
    });
    // A disk that is full before the journal is there.
    let directory = TempDir::new().unwrap();
    let Some(_mount) = Mount::new(directory.path(), "64k") else {
        return;
    };
    let refused = block_on(Store::open(&Location::Sqlite(directory.path().join("journal.db")))).unwrap_err();
    assert!(matches!(refused, StoreError::DiskFull { .. }), "{refused:?}");
}

#[test]
fn a_read_only_disk_is_told() {
    let directory = TempDir::new().unwrap();
    let Some(mount) = Mount::new(directory.path(), "4m") else {
        return;
    };
    let location = Location::Sqlite(directory.path().join("journal.db"));
    block_on(async {
        let store = Store::open(&location).await.unwrap();
        store.append(&ana(), entry()).await.unwrap();
        store.close().await;
    });
    mount.remount("remount,ro");
    let missing = Location::Sqlite(directory.path().join("other.db"));
    let refused = block_on(Store::open(&missing)).unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly { .. }), "{refused:?}");
    is_helpful(&refused);
    let refused = block_on(async {
        let store = Store::open(&location).await?;
        store.append(&ana(), entry()).await
    })
    .unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly { .. }), "{refused:?}");
    mount.remount("remount,rw");
}

/// Root may write to a file that is read-only, so the other user is the one of the database server.
#[test]
fn a_read_only_file_is_told() {
    let bed = Bed::sqlite();
    block_on(async {
        let store = bed.store().await;
        store.append(&ana(), entry()).await.unwrap();
        store.close().await;
    });
    let Location::Sqlite(path) = &bed.location else {
        return;
    };
    fs::set_permissions(path, Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(path.parent().unwrap(), Permissions::from_mode(0o755)).unwrap();
    let said = crate::kill::append_as_another_user(path);
    let Some(said) = said else {
        eprintln!("skipped: no other user to open a read-only file as");
        return;
    };
    assert!(said.contains("cannot be written to") || said.contains("cannot be opened"), "{said}");
}

#[test]
fn a_server_that_goes_away_is_told_and_found_again() {
    let Some(server) = Server::start() else {
        return;
    };
    let location = Location::Postgres(server.address("postgres"));
    block_on(async {
        let store = Store::open_patiently(&location, Duration::from_secs(2)).await.unwrap();
        store.append(&ana(), entry()).await.unwrap();
        server.stop();
        let refused = store.append(&ana(), entry()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Gone { .. }), "{refused:?}");
        is_helpful(&refused);
        let refused = Store::open_patiently(&location, Duration::from_secs(2)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Gone { .. }), "{refused:?}");
        server.launch();
        let mut again = store.append(&ana(), entry()).await;
        for _ in 0..5 {
            // Connections that died with the server are found out one by one.
            if again.is_ok() {
                break;
            }
            again = store.append(&ana(), entry()).await;
        }
        assert_eq!(again.unwrap().seq, 2);
    });
}

#[test]
fn a_wrong_password_and_a_missing_database_are_told() {
    let Some(server) = Server::get() else { return };
    let missing = Location::Postgres(server.address("not_there"));
    let refused = block_on(Store::open(&missing)).unwrap_err();
    assert!(matches!(refused, StoreError::NotSetUp { .. }), "{refused:?}");
    is_helpful(&refused);
    let stranger = server.address("postgres").replace("sereno@", "nobody:hunter2@");
    server.demand_password("nobody");
    let refused = block_on(Store::open(&Location::Postgres(stranger))).unwrap_err();
    assert!(matches!(refused, StoreError::WrongPassword { .. }), "{refused:?}");
    assert!(!format!("{refused:?} {}", chain(&refused)).contains("hunter2"));
    is_helpful(&refused);
}
