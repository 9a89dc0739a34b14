//! A project's folder, as far as it is looked at: not deep, not much, and never waiting for what is no file.

use crate::exit::Exit;
use crate::report::unusable;
use sereno_model::Text;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// How many folders deep is looked.
const DEEPEST: usize = 3;

/// How many entries are looked at; a project's own files come early, because what is near comes first.
const MOST_ENTRIES: usize = 5000;

/// A file larger than this says nothing of how a system is made.
const LARGEST: u64 = 1024 * 1024;

/// Folders of other people's work, or of what is made.
const NOT_OURS: [&str; 10] =
    ["node_modules", "vendor", "target", "dist", "build", "venv", "__pycache__", "coverage", "tmp", "volumes"];

/// What is in a folder.
#[derive(Debug, Default)]
pub(super) struct Folder {
    root: PathBuf,
    /// Files, by their paths from the folder, sorted.
    files: Vec<String>,
    /// What could not be looked at, and why.
    notes: RefCell<Vec<Text>>,
}

impl Folder {
    /// Looks at a folder. Links to folders are not followed, so no circle is walked.
    pub(super) fn look(root: &Path) -> Self {
        let mut folder = Self { root: root.to_owned(), ..Self::default() };
        let mut waiting = VecDeque::from([(PathBuf::new(), 0)]);
        let mut left = MOST_ENTRIES;
        while let Some((place, depth)) = waiting.pop_front() {
            match fs::read_dir(root.join(&place)) {
                Ok(entries) => {
                    let mut entries: Vec<fs::DirEntry> = entries.flatten().take(left).collect();
                    entries.sort_by_key(fs::DirEntry::file_name);
                    left -= entries.len();
                    for entry in &entries {
                        folder.enter(&place, entry, depth, &mut waiting);
                    }
                }
                Err(error) => folder.note(&root.join(&place), &error),
            }
            if left == 0 {
                folder.notes.get_mut().push(Text::new(
                    format!("only the first {MOST_ENTRIES} files and folders were looked at"),
                    format!("solo se miraron los primeros {MOST_ENTRIES} archivos y carpetas"),
                ));
                break;
            }
        }
        folder.files.sort();
        folder
    }

    fn enter(&mut self, place: &Path, entry: &fs::DirEntry, depth: usize, waiting: &mut VecDeque<(PathBuf, usize)>) {
        let name = entry.file_name();
        // A name that is no text can stand in no settings.
        let Some(text) = name.to_str() else { return };
        let path = place.join(text);
        let Ok(kind) = entry.file_type() else { return };
        if kind.is_dir() {
            if depth < DEEPEST && !text.starts_with('.') && !NOT_OURS.contains(&text) {
                waiting.push_back((path, depth + 1));
            }
        } else if kind.is_file() || fs::metadata(entry.path()).is_ok_and(|linked| linked.is_file()) {
            self.files.extend(path.to_str().map(str::to_owned));
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn has(&self, file: &str) -> bool {
        self.files.binary_search_by(|known| known.as_str().cmp(file)).is_ok()
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// What a file holds, when it is there, is a file and is not too large.
    pub(super) fn bytes(&self, file: &str) -> Option<Vec<u8>> {
        if !self.has(file) {
            return None;
        }
        let path = self.root.join(file);
        match read(&path) {
            Ok(bytes) if bytes.len() as u64 <= LARGEST => Some(bytes),
            Ok(_) => {
                self.notes.borrow_mut().push(Text::new(
                    format!("{file} is too large, and was not read"),
                    format!("{file} es demasiado grande, y no se leyó"),
                ));
                None
            }
            Err(error) => {
                self.note(&path, &error);
                None
            }
        }
    }

    /// The same as text; what is no text in UTF-8 is read as far as it is.
    pub(super) fn text(&self, file: &str) -> Option<String> {
        self.bytes(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What could not be looked at.
    pub(super) fn notes(&self) -> Vec<Text> {
        self.notes.borrow().clone()
    }

    fn note(&self, path: &Path, error: &io::Error) {
        let shown = path.strip_prefix(&self.root).ok().filter(|p| !p.as_os_str().is_empty()).unwrap_or(path);
        self.notes.borrow_mut().push(unusable(Exit::Failed, shown, error).message);
    }
}

/// Whether a file's ending is one of these.
pub(super) fn ends_in(file: &str, endings: &[&str]) -> bool {
    let ending = Path::new(file).extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| endings.iter().any(|wanted| ending.eq_ignore_ascii_case(wanted)))
}

/// Reads no more than is wanted.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    crate::file::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn circles_pipes_and_what_is_too_large_are_not_walked_into() {
        let root = tempfile::tempdir().expect("a folder");
        let at = |name: &str| root.path().join(name);
        fs::create_dir_all(at("docs/deep/deeper/deepest")).expect("folders");
        fs::create_dir(at("node_modules")).expect("a folder");
        for name in ["docs/a.md", "node_modules/b.md", "docs/deep/deeper/deepest/c.md", ".env"] {
            fs::write(at(name), "x\n").expect("a file");
        }
        symlink(root.path(), at("docs/circle")).expect("a link");
        symlink("loop", at("loop")).expect("a link");
        symlink("docs/a.md", at("link.md")).expect("a link");
        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().expect("mkfifo").success());
        let large = fs::File::create(at("large.yml")).expect("a file");
        large.set_len(LARGEST + 1).expect("a length");
        let folder = Folder::look(root.path());
        assert_eq!(folder.files().collect::<Vec<_>>(), [".env", "docs/a.md", "large.yml", "link.md"]);
        assert_eq!(folder.text("link.md").as_deref(), Some("x\n"));
        assert_eq!(folder.text("large.yml"), None);
        assert_eq!(folder.text("not-there"), None);
        assert_eq!(folder.notes().len(), 1, "{:?}", folder.notes());
    }
}
