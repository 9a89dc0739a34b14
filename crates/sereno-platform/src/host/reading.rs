//! Programs that only read a machine: what they say, and files as they are.
//!
//! What this user may not see is asked for again through `sudo`, where the settings allow it: never before.

use super::Host;
use crate::look::{no_plain_file, not_copied, why};
use crate::{PlatformError, Volume};
use sereno_model::Text;
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;

/// How much of a file is passed on at once.
const PIECE: usize = 64 * 1024;

/// How much of what a program complains of is kept.
const COMPLAINT: u64 = 16 * 1024;

/// What a program said to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Host {
    /// What a program says that may fail in part. Only a machine that is not reached, or lacks the program, is an error.
    pub(crate) async fn answer(&self, program: &[&str]) -> Result<Answer, PlatformError> {
        let program = [&["env", "LC_ALL=C"], program].concat();
        let plain = self.once(&self.argv(&program)).await?;
        if !self.sudo || !was_denied(&plain) {
            return Ok(plain);
        }
        let again = self.once(&self.changing(&program)).await?;
        // Without leave to use sudo, what this user sees is all there is.
        Ok(if again.code != Some(0) && again.err.contains("sudo:") { plain } else { again })
    }

    async fn once(&self, argv: &[String]) -> Result<Answer, PlatformError> {
        let output = super::start(argv)?.wait_with_output().await;
        let output = output.map_err(|source| missing(argv, source))?;
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code();
        if self.address.is_some() && code == Some(super::SSH_FAILED) {
            return Err(super::failure(argv, code, &err));
        }
        Ok(Answer { code, out: String::from_utf8_lossy(&output.stdout).into_owned(), err })
    }

    /// Sends the content of one plain file, byte for byte.
    pub(crate) async fn send_file(
        &self,
        instance: &str,
        path: &str,
        to: mpsc::Sender<Vec<u8>>,
    ) -> Result<(), PlatformError> {
        let refuse = |why: &Text| not_copied(instance, path, why);
        let kind = self.answer(&["stat", "-L", "-c", "%F", "--", path]).await?;
        if kind.code != Some(0) {
            return Err(refuse(&why(&kind.err)));
        }
        match kind.out.trim() {
            "regular file" | "regular empty file" => {}
            "directory" => return Err(refuse(&why("is a directory"))),
            other => return Err(refuse(&no_plain_file(other))),
        }
        let program = ["env", "LC_ALL=C", "cat", "--", path];
        let mut poured = self.pour(&self.argv(&program), &to).await?;
        if self.sudo && !poured.sent && was_denied(&poured.answer) {
            poured = self.pour(&self.changing(&program), &to).await?;
        }
        match poured.answer.code {
            Some(0) => Ok(()),
            _ if !poured.listened => Ok(()),
            _ => Err(refuse(&why(&poured.answer.err))),
        }
    }

    async fn pour(&self, argv: &[String], to: &mpsc::Sender<Vec<u8>>) -> Result<Poured, PlatformError> {
        let mut child = super::start(argv)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let mut said = Vec::new();
        let complaints = async {
            if let Some(stderr) = stderr {
                // What cannot be read of a complaint is no loss.
                let _ = stderr.take(COMPLAINT).read_to_end(&mut said).await;
            }
        };
        let passing = async {
            let (mut sent, mut buffer) = (false, vec![0; PIECE]);
            let Some(mut stdout) = stdout else { return Ok((sent, true)) };
            loop {
                match stdout.read(&mut buffer).await? {
                    0 => return Ok::<_, std::io::Error>((sent, true)),
                    read if to.send(buffer[..read].to_vec()).await.is_err() => return Ok((sent, false)),
                    _ => sent = true,
                }
            }
        };
        let (passed, ()) = futures_util::future::join(passing, complaints).await;
        let (sent, listened) = passed.map_err(|source| missing(argv, source))?;
        let code = child.wait().await.map_err(|source| missing(argv, source))?.code();
        let err = String::from_utf8_lossy(&said).into_owned();
        if self.address.is_some() && code == Some(super::SSH_FAILED) && listened {
            return Err(super::failure(argv, code, &err));
        }
        Ok(Poured { answer: Answer { code, out: String::new(), err }, sent, listened })
    }

    /// What these files and folders take there, and the room on their disks, with the machine's first disk. `kind` and owners
    /// are those that are given; a path that is not there is left out.
    pub(crate) async fn taken(&self, shown: &str, places: Vec<Volume>) -> Result<Vec<Volume>, PlatformError> {
        let paths: Vec<&str> = places.iter().filter_map(|place| place.path.as_deref()).collect();
        let df = self.answer(&[&["df", "-P", "-B1", "--", "/"], paths.as_slice()].concat()).await?;
        let du = if paths.is_empty() {
            None
        } else {
            Some(self.answer(&[&["du", "-sxl", "-B1", "--"], paths.as_slice()].concat()).await?)
        };
        // `df` answers in the order of what it was asked, and says nothing of what is not there: so each is asked for alone
        // where one is missing.
        let mut rooms = rooms(&df.out);
        if rooms.len() != paths.len() + 1 {
            rooms = self.rooms_one_by_one(&paths).await?;
        }
        let (du, complaints) = du.map(|du| (du.out, du.err)).unwrap_or_default();
        Ok(read_taken(shown, places, (&du, &complaints), rooms))
    }

    async fn rooms_one_by_one(&self, paths: &[&str]) -> Result<Vec<Option<Room>>, PlatformError> {
        let mut all = Vec::new();
        for path in [&["/"], paths].concat() {
            let df = self.answer(&["df", "-P", "-B1", "--", path]).await?;
            all.push(rooms(&df.out).into_iter().next().flatten());
        }
        Ok(all)
    }
}

struct Poured {
    answer: Answer,
    sent: bool,
    /// Somebody took it to the end.
    listened: bool,
}

/// A disk: what it can take, what is free of it, and where it hangs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Room {
    capacity: u64,
    used: u64,
    free: u64,
    at: String,
}

fn was_denied(answer: &Answer) -> bool {
    answer.code != Some(0) && answer.err.to_ascii_lowercase().contains("permission denied")
}

fn missing(argv: &[String], source: std::io::Error) -> PlatformError {
    PlatformError::NoProgram { program: argv.first().cloned().unwrap_or_default(), source }
}

/// The lines of `df -P -B1`.
fn rooms(text: &str) -> Vec<Option<Room>> {
    let room = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        // What is before the numbers may have spaces in it, and so may what is behind.
        let at =
            words.windows(4).position(|w| w[..3].iter().all(|n| n.parse::<u64>().is_ok()) && w[3].ends_with('%'))?;
        let number = |i: usize| words[at + i].parse::<u64>().ok();
        Some(Room { capacity: number(0)?, used: number(1)?, free: number(2)?, at: words.get(at + 4..)?.join(" ") })
    };
    text.lines().skip(1).map(room).collect()
}

/// `du` is what it says, and what it complains of.
fn read_taken(shown: &str, places: Vec<Volume>, du: (&str, &str), rooms: Vec<Option<Room>>) -> Vec<Volume> {
    let mut rooms = rooms.into_iter();
    let on = |name: String| if shown.is_empty() { name } else { format!("{name}@{shown}") };
    let first = rooms.next().flatten().map(|room| Volume {
        name: on(room.at.clone()),
        kind: "disk".to_owned(),
        path: Some(room.at),
        used: Some(room.used),
        capacity: Some(room.capacity),
        free: Some(room.free),
        ..Volume::default()
    });
    let used = |path: &str| {
        let line = |line: &str| line.split_once('\t').filter(|(_, of)| *of == path)?.0.parse::<u64>().ok();
        du.0.lines().find_map(line)
    };
    let is_whole = |path: &str| !du.1.lines().any(|line| line.contains(&format!("'{path}")));
    let there = places.into_iter().zip(rooms).filter_map(|(place, room)| {
        let room = room?;
        let used = place.path.as_deref().and_then(used);
        let is_seen = used.is_some() && place.path.as_deref().is_some_and(is_whole);
        let why = Text::new("this user may not see all of it", "este usuario no puede ver todo");
        let note = if is_seen { place.note.clone() } else { Some(why) };
        Some(Volume {
            name: on(place.name.clone()),
            used,
            note,
            capacity: Some(room.capacity),
            free: Some(room.free),
            ..place
        })
    });
    first.into_iter().chain(there).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DF: &str = "Filesystem 1-blocks Used Available Capacity Mounted on\n\
        /dev/vda1 1000 600 400 60% /\n//nas/my files 5000 1 4999 1% /srv/my data\noverlay - - - - /odd\n";

    #[test]
    fn disks_are_read_whatever_their_names_hold() {
        let read = rooms(DF);
        let shown: Vec<_> =
            read.iter().map(|r| r.as_ref().map(|r| (r.capacity, r.used, r.free, r.at.as_str()))).collect();
        assert_eq!(shown, [Some((1000, 600, 400, "/")), Some((5000, 1, 4999, "/srv/my data")), None]);
    }

    #[test]
    fn a_place_has_its_size_and_its_disk_and_one_that_is_not_there_is_left_out() {
        let place = |path: &str| Volume {
            name: path.to_owned(),
            kind: "data".to_owned(),
            path: Some(path.to_owned()),
            owners: vec!["api".to_owned()],
            ..Volume::default()
        };
        let room = |free: u64| Some(Room { capacity: 9, used: 1, free, at: "/".to_owned() });
        let places = vec![place("/var/lib/api"), place("/none"), place("/secret"), place("/half")];
        let du = ("77\t/var/lib/api\n5\t/half\n", "du: cannot read directory '/half/x': Permission denied\n");
        let read = read_taken("web-1", places, du, vec![room(1), room(2), None, room(3), room(4)]);
        let shown: Vec<_> = read.iter().map(|v| (v.name.as_str(), v.used, v.free, v.note.is_some())).collect();
        let expected = [
            ("/@web-1", Some(1), Some(1), false),
            ("/var/lib/api@web-1", Some(77), Some(2), false),
            ("/secret@web-1", None, Some(3), true),
            ("/half@web-1", Some(5), Some(4), true),
        ];
        assert_eq!(shown, expected);
    }
}
