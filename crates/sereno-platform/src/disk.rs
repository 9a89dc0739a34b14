//! How much room there is on this machine, and who takes it.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the files of a folder may be counted: what is larger has no number rather than a late one.
const COUNTING: Duration = Duration::from_secs(5);

/// What the disk that holds a path can take, and what is free of it for a usual user.
pub(crate) fn space(path: &Path) -> Option<(u64, u64)> {
    let told = rustix::fs::statvfs(path).ok()?;
    Some((told.f_blocks.saturating_mul(told.f_frsize), told.f_bavail.saturating_mul(told.f_frsize)))
}

/// What a file, or a folder with all that is in it on the same disk, takes there. `None` where not all of it can be seen, or it
/// takes too long.
pub(crate) fn taken(path: &Path) -> Option<u64> {
    let top = fs::metadata(path).ok()?;
    let mut count = Count { device: top.dev(), seen: HashSet::new(), until: Instant::now() + COUNTING };
    if top.is_dir() { count.folder(path).map(|inside| inside + top.blocks() * 512) } else { Some(top.blocks() * 512) }
}

struct Count {
    device: u64,
    /// Files with several names, which count once.
    seen: HashSet<u64>,
    until: Instant,
}

impl Count {
    fn folder(&mut self, top: &Path) -> Option<u64> {
        let mut waiting = vec![top.to_owned()];
        let mut sum = 0;
        while let Some(folder) = waiting.pop() {
            if Instant::now() > self.until {
                return None;
            }
            for entry in fs::read_dir(&folder).ok()? {
                let entry = entry.ok()?;
                // What was taken away meanwhile takes nothing.
                let Ok(meta) = entry.metadata() else { continue };
                if meta.dev() != self.device || (meta.nlink() > 1 && !meta.is_dir() && !self.seen.insert(meta.ino())) {
                    continue;
                }
                sum += meta.blocks() * 512;
                if meta.is_dir() {
                    waiting.push(entry.path());
                }
            }
        }
        Some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_folder_takes_is_counted_once_and_not_through_links() {
        let dir = tempfile::tempdir().expect("a folder");
        let place = dir.path();
        let empty = taken(place).expect("it can be seen");
        fs::create_dir(place.join("in")).expect("made");
        fs::write(place.join("in/big"), vec![7; 300_000]).expect("written");
        let one = taken(place).expect("it can be seen");
        assert!((300_000..400_000).contains(&(one - empty)), "{one} {empty}");
        fs::hard_link(place.join("in/big"), place.join("again")).expect("linked");
        std::os::unix::fs::symlink("/", place.join("root")).expect("linked");
        assert!(taken(place).expect("it can be seen") < one + 20_000);
        assert!(taken(&place.join("in/big")).is_some_and(|bytes| bytes >= 300_000));
        assert_eq!(taken(&place.join("none")), None);
        let (capacity, free) = space(place).expect("a disk");
        assert!(capacity >= free && capacity > 0);
    }
}
