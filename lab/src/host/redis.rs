//! A Redis server of one's own.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use super::daemon::Daemon;
use super::home::Home;
use super::wait;
use crate::failure::{Doing, Failure, Result};

pub(crate) struct Redis {
    pub(crate) port: u16,
}

impl Redis {
    pub(crate) fn prepare(&self, home: &Home) -> Result<()> {
        let folder = home.path("redis");
        let path = folder.join("redis.conf");
        let what = || format!("writing {}", path.display());
        fs::create_dir_all(&folder).doing(what)?;
        // Snapshots rather than an append-only file: a clean stop keeps the queue, a crash may lose its end.
        let text = format!(
            "bind 127.0.0.1\nport {}\ndir {}\npidfile {}\nappendonly no\nsave 300 10\ndaemonize no\n\
             maxmemory 256mb\nmaxmemory-policy noeviction\n",
            self.port,
            quoted(&folder),
            quoted(&home.path("run/redis.pid")),
        );
        if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            fs::write(&path, text).doing(what)?;
        }
        Ok(())
    }

    pub(crate) fn daemon(home: &Home) -> Result<Daemon> {
        let folder = home.path("redis");
        Ok(Daemon {
            name: "redis".to_owned(),
            program: program()?,
            arguments: vec![folder.join("redis.conf").to_string_lossy().into_owned()],
            environment: Vec::new(),
            account: None,
            own_pid_file: None,
            directory: folder,
            log: home.path("logs/redis.log"),
            pid_file: home.path("run/redis.pid"),
            stop_signal: Signal::TERM,
        })
    }

    pub(crate) fn is_ready_as(&self, pid: u32) -> bool {
        let mine = format!("process_id:{pid}\r\n");
        self.ask(&["INFO", "server"]).is_ok_and(|answer| answer.contains(&mine))
    }

    pub(crate) fn await_down(&self) -> Result<()> {
        wait::until("redis refuses connections", Duration::from_secs(10), || {
            Ok(TcpStream::connect_timeout(&self.address(), Duration::from_secs(1)).is_err())
        })
    }

    /// One command, one raw answer of at most a few lines.
    pub(crate) fn ask(&self, words: &[&str]) -> Result<String> {
        use std::fmt::Write as _;
        let what = || format!("redis {}", words.join(" "));
        let limit = Some(Duration::from_secs(2));
        let mut stream = TcpStream::connect_timeout(&self.address(), Duration::from_secs(1)).doing(what)?;
        stream.set_read_timeout(limit).doing(what)?;
        stream.set_write_timeout(limit).doing(what)?;
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            let _ = write!(request, "${}\r\n{word}\r\n", word.len());
        }
        stream.write_all(request.as_bytes()).doing(what)?;
        let mut buffer = [0_u8; 4096];
        let length = stream.read(&mut buffer).doing(what)?;
        let answer = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned();
        match answer.strip_prefix('-') {
            Some(error) => Err(Failure::new(format!("{}: {}", what(), error.trim()))),
            None => Ok(answer),
        }
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }
}

fn quoted(path: &std::path::Path) -> String {
    format!("\"{}\"", path.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\""))
}

pub(crate) fn program() -> Result<PathBuf> {
    let in_path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&in_path)
        .chain([PathBuf::from("/usr/bin"), PathBuf::from("/usr/local/bin")])
        .map(|dir| dir.join("redis-server"))
        .find(|path| path.exists())
        .ok_or_else(|| Failure::new("redis-server is not installed").hint("apt-get install postgresql redis-server"))
}
