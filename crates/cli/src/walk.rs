//! Which files a user means.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use tufgate::{Hasher, TargetInfo};

/// One thing to be judged.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selected {
    /// As it was named, or below a directory that was.
    pub(crate) path: PathBuf,
    /// Why it cannot be read; it is listed all the same, so that nothing is passed over in silence.
    pub(crate) problem: Option<String>,
}

/// What the arguments mean, each file once.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    files: Vec<Selected>,
    seen: HashSet<(PathBuf, OsString)>,
}

/// Opens a regular file. Never waits for the other end of a pipe.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(not_regular());
    }
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | libc::O_NOCTTY);
    let file = options.open(path)?;
    // The name may mean something else by now.
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_regular()) }
}

/// A file, if it has the bytes of a target: opened once, so that what is read of it afterwards is what was verified,
/// whatever its name means by then.
pub(crate) fn verified(info: &TargetInfo, path: &Path) -> io::Result<Option<File>> {
    let mut file = open(path)?;
    if info.is_exact() && file.metadata()?.len() != info.length() {
        return Ok(None);
    }
    let is_target = info.verifier().read_all(&mut file)?.is_ok();
    file.rewind()?;
    Ok(is_target.then_some(file))
}

/// Takes all that is left of a file.
pub(crate) fn hash(file: &mut impl Read, hasher: &mut Hasher) -> io::Result<()> {
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => hasher.update(buffer.get(..count).unwrap_or(&buffer)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl Selection {
    /// What a path adds: the file that it names, or every file in and below the directory that it names, hidden ones
    /// too, sorted within a directory. Links to files are followed. Links to directories are followed only where they
    /// are named, so that there is no endless way. `None` for a directory in which there is nothing.
    pub(crate) fn add(&mut self, path: &Path) -> Option<Vec<Selected>> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                if self.directory(path) == 0 {
                    return None;
                }
            }
            found => self.file(path.to_owned(), found),
        }
        Some(std::mem::take(&mut self.files))
    }

    /// Takes all that is in a directory; says how many files there are in and below it.
    fn directory(&mut self, dir: &Path) -> usize {
        let names = match fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries.into_iter().map(|entry| entry.file_name()),
            Err(error) => {
                self.problem(dir.to_owned(), error.to_string());
                return 1;
            }
        };
        let mut names: Vec<_> = names.collect();
        names.sort();
        let mut listed: usize = 0;
        for name in names {
            let path = dir.join(name);
            let is_link = fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink());
            listed = listed.saturating_add(match fs::metadata(&path) {
                Ok(found) if found.is_dir() && is_link => {
                    self.problem(path, "a link to a directory is not followed".to_owned());
                    1
                }
                Ok(found) if found.is_dir() => self.directory(&path),
                found => {
                    self.file(path, found);
                    1
                }
            });
        }
        listed
    }

    fn file(&mut self, path: PathBuf, found: io::Result<fs::Metadata>) {
        let problem = match found {
            Ok(found) if found.is_file() => None,
            Ok(_) => Some(not_regular().to_string()),
            Err(error) => Some(error.to_string()),
        };
        if self.is_new(&path) {
            self.files.push(Selected { path, problem });
        }
    }

    fn problem(&mut self, path: PathBuf, problem: String) {
        if self.is_new(&path) {
            self.files.push(Selected { path, problem: Some(problem) });
        }
    }

    /// A file counts once however its directory is spelled. Two links to one file are two: their names differ, and so
    /// do the targets that they claim to be.
    fn is_new(&mut self, path: &Path) -> bool {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let parent = absolute.parent().unwrap_or(&absolute);
        let parent = fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned());
        let name = absolute.file_name().unwrap_or_default().to_owned();
        self.seen.insert((parent, name))
    }
}

fn not_regular() -> io::Error {
    io::Error::other("it is not a regular file")
}
