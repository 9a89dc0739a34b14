//! Lines of apps from the files that pm2 keeps of them.
//!
//! pm2 keeps no time of a line unless the app was started with `--time` or a `log_date_format`; then it stands before each.

use super::read::Process;
use crate::host::{self, Host};
use crate::log::Level;
use crate::{Instance, LogLine, LogWanted, PlatformError};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use sereno_model::Text;
use std::path::Path;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::sync::mpsc;

/// What an instance prints, and what it complains of. A file that several instances share is the first one's.
pub(super) fn files(all: &[Process], app: &str, instance: &Instance) -> Vec<(String, Option<Level>)> {
    let Some(at) = all.iter().position(|process| process.app == app && process.instance.name == instance.name) else {
        return Vec::new();
    };
    let before = all.iter().take(at).flat_map(|process| process.logs.iter().flatten()).collect::<Vec<_>>();
    let own = all.get(at).map(|process| process.logs.clone()).unwrap_or_default();
    let levels = [None, Some(Level::Error)];
    let mut files: Vec<(String, Option<Level>)> = Vec::new();
    for (path, level) in own.into_iter().zip(levels) {
        if let Some(path) = path.filter(|path| !before.contains(&path) && !files.iter().any(|(one, _)| one == path)) {
            files.push((path, level));
        }
    }
    files
}

/// The lines of an instance's files.
pub(super) async fn stream(
    host: &Host,
    files: &[(String, Option<Level>)],
    component: &str,
    instance: &str,
    wanted: &LogWanted,
    to: mpsc::Sender<LogLine>,
) -> Result<(), PlatformError> {
    let offset = offset(&host.output(&["date", "+%:z"]).await?)?;
    let one = |(path, level): &(String, Option<Level>)| {
        let line = LogLine {
            at: None,
            component: component.to_owned(),
            instance: instance.to_owned(),
            level: *level,
            text: String::new(),
        };
        file(host, path.clone(), line, wanted, offset, to.clone())
    };
    try_join_all(files.iter().map(one)).await.map(drop)
}

async fn file(
    host: &Host,
    path: String,
    line: LogLine,
    wanted: &LogWanted,
    offset: Offset,
    to: mpsc::Sender<LogLine>,
) -> Result<(), PlatformError> {
    let lines = wanted.tail.map_or_else(|| "+1".to_owned(), |lines| lines.to_string());
    let mut program = vec!["tail", "-n", &lines];
    // Under its name: pm2's rotation puts a new file there.
    program.extend(wanted.follow.then_some("-F"));
    program.extend(["--", &path]);
    let mut child = host.start(&program)?;
    let failed = |source| PlatformError::NoProgram { program: "tail".to_owned(), source };
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let mut said = String::new();
    let complaints = async {
        if let Some(mut stderr) = stderr {
            // What it complained of is told only when it fails; what cannot be read of that is no loss.
            let _ = stderr.read_to_string(&mut said).await;
        }
    };
    let sent = async {
        let Some(stdout) = stdout else { return Ok(true) };
        let mut lines = BufReader::new(stdout).split(b'\n');
        let mut since = Since { wanted: wanted.since, last: None };
        while let Some(bytes) = lines.next_segment().await.map_err(failed)? {
            let (at, text) = timed(&String::from_utf8_lossy(&bytes), offset);
            if since.takes(at, &path)? && to.send(LogLine { at, text, ..line.clone() }).await.is_err() {
                return Ok(false);
            }
        }
        Ok::<_, PlatformError>(true)
    };
    let (listened, ()) = futures_util::future::join(sent, complaints).await;
    if !listened? {
        return Ok(());
    }
    let status = child.wait().await.map_err(failed)?;
    if status.success() { Ok(()) } else { Err(host::failure(&host.argv(&program), status.code(), &said)) }
}

/// Which lines are new enough. One without a time of its own belongs to the one before it.
struct Since {
    wanted: Option<Timestamp>,
    last: Option<bool>,
}

impl Since {
    fn takes(&mut self, at: Option<Timestamp>, path: &str) -> Result<bool, PlatformError> {
        let Some(wanted) = self.wanted else { return Ok(true) };
        self.last = at.map(|at| at >= wanted).or(self.last);
        self.last.ok_or_else(|| {
            let file = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
            PlatformError::Refused {
                en: format!("the lines of {file} have no time: pm2 keeps none for this app"),
                es: format!("las líneas de {file} no tienen hora: pm2 no la guarda para esta app"),
                hint: Some(Box::new(Text::new(
                    "use --tail; or start the app with `pm2 start … --time`",
                    "use --tail; o inicie la app con `pm2 start … --time`",
                ))),
            }
        })
    }
}

/// What a machine's clock is ahead of UTC, as `date +%:z` prints it: `-03:00`.
fn offset(text: &str) -> Result<Offset, PlatformError> {
    let time = format!("1970-01-02T00:00:00{}", text.trim());
    let offset = time.parse::<Timestamp>().ok().and_then(|at| {
        let seconds = 86_400 - at.as_second();
        Offset::from_seconds(i32::try_from(seconds).ok()?).ok()
    });
    offset.ok_or_else(|| PlatformError::Unreadable {
        file: "date +%:z".to_owned(),
        why: text.trim().chars().take(100).collect(),
    })
}

/// `2026-11-30T19:24:21: text`, as `--time` writes it, in the machine's time unless a zone is given.
fn timed(line: &str, offset: Offset) -> (Option<Timestamp>, String) {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let Some((time, text)) = line.split_once(": ") else { return (None, line.to_owned()) };
    let zoned = || time.parse::<Timestamp>().ok();
    let civil = || offset.to_timestamp(time.parse::<DateTime>().ok()?).ok();
    let is_one = time.len() >= 19 && time.starts_with(|c: char| c.is_ascii_digit());
    match is_one.then(|| zoned().or_else(civil)).flatten() {
        Some(at) => (Some(at), text.to_owned()),
        None => (None, line.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pm2::read::processes;

    #[test]
    fn a_file_that_processes_share_is_read_once() {
        let entry = |id: u64, out: &str| {
            format!(
                r#"{{"name":"w","pm_id":{id},"pm2_env":{{"status":"online","pm_out_log_path":"{out}","pm_err_log_path":"/e"}}}}"#
            )
        };
        let all =
            processes(&format!("[{},{},{}]", entry(0, "/o"), entry(1, "/o"), entry(2, "/o2")), "").expect("a list");
        let of =
            |index: usize| files(&all, "w", &all[index].instance).into_iter().map(|(path, _)| path).collect::<Vec<_>>();
        assert_eq!((of(0), of(1), of(2)), (vec!["/o".to_owned(), "/e".to_owned()], vec![], vec!["/o2".to_owned()]));
    }

    #[test]
    fn a_lines_own_time_is_taken_from_it() {
        let there = offset("-03:00\n").expect("an offset");
        let (at, text) = timed("2026-11-30T16:24:21: ready: yes", there);
        assert_eq!(
            (at.map(|at| at.to_string()).as_deref(), text.as_str()),
            (Some("2026-11-30T19:24:21Z"), "ready: yes")
        );
        assert_eq!(timed("2026-11-30T19:24:21Z: x", there).0, at);
        for line in ["ready: yes", "12: x", "", "2026-11-30: x"] {
            assert_eq!(timed(line, there), (None, line.to_owned()));
        }
        assert!(offset("UTC").is_err());
    }

    #[test]
    fn lines_without_a_time_go_with_the_one_before_and_are_refused_where_no_line_has_one() {
        let at = |second: i64| Timestamp::from_second(second).ok();
        let mut since = Since { wanted: at(100), last: None };
        assert!(since.takes(None, "/l/api-out.log").is_err());
        let takes: Vec<bool> =
            [at(99), None, at(100), None].into_iter().map(|at| since.takes(at, "/l").expect("known")).collect();
        assert_eq!(takes, [false, false, true, true]);
    }
}
