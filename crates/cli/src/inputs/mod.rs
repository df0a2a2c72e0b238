//! What lock files name: from what pip, uv and Poetry write to what is to be judged. Nothing of it is fetched, and
//! nothing that a file names is passed over in silence.

mod document;
mod entries;
mod poetry;
mod pylock;
mod report;
mod requirements;
#[cfg(test)]
mod tests;
mod uv;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::CliError;
use crate::walk;
use document::{Document, MAX_BYTES, MAX_TOML_BYTES};
use entries::Entries;

/// One distribution that a lock file names; where it gives no `file_name`, one of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Locked {
    /// The file that names it: the lock file, or one that it includes.
    pub(crate) source: PathBuf,
    /// Where in that file, from 1.
    pub(crate) line: Option<usize>,
    /// As written.
    pub(crate) project: String,
    /// As written.
    pub(crate) version: Option<String>,
    /// One segment of a path.
    pub(crate) file_name: Option<String>,
    /// Where it is fetched from, without user name, password and fragment.
    pub(crate) url: Option<String>,
    /// At least one. An installer may take the file by any of them; without a `file_name` each may be that of another file.
    pub(crate) hashes: Vec<LockedHash>,
    /// In bytes.
    pub(crate) size: Option<u64>,
}

/// A hash as a lock file gives it: of any algorithm, and of any length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LockedHash {
    /// In lower case.
    pub(crate) algorithm: String,
    /// In lower case.
    pub(crate) hex: String,
}

/// What a lock file says in one place. Its text is not yet escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LockedEntry {
    /// A distribution with something to compare.
    Distribution(Locked),
    /// It would be installed, but there is nothing to compare.
    Undecided { source: PathBuf, line: Option<usize>, about: String, reason: String },
    /// Nothing is installed by it that an index could sign for: the project itself, or constraints.
    Skipped { source: PathBuf, line: Option<usize>, about: String, reason: String },
}

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockKind {
    /// pip's requirements files.
    Requirements,
    /// PEP 751.
    Pylock,
    /// `uv.lock`.
    Uv,
    /// `poetry.lock`.
    Poetry,
    /// What `pip install --report` writes.
    Report,
}

/// What a file is by its name; a JSON file is looked into. `None`: not a lock file.
pub(crate) fn kind_of(path: &Path) -> Option<LockKind> {
    let name = path.file_name()?.to_str()?;
    match name {
        "pylock.toml" => return Some(LockKind::Pylock),
        "uv.lock" => return Some(LockKind::Uv),
        "poetry.lock" => return Some(LockKind::Poetry),
        _ => {}
    }
    let (stem, extension) = name.rsplit_once('.')?;
    let among_requirements = || path.parent().and_then(Path::file_name).is_some_and(|dir| dir == "requirements");
    match extension {
        // PEP 751: `pylock.NAME.toml`, where NAME has no dot.
        "toml" => {
            let name = stem.strip_prefix("pylock.")?;
            (!name.is_empty() && !name.contains('.')).then_some(LockKind::Pylock)
        }
        "txt" if stem.starts_with("requirements") || stem.ends_with("requirements") || among_requirements() => {
            Some(LockKind::Requirements)
        }
        "json" => is_report(path).ok()?.then_some(LockKind::Report),
        _ => None,
    }
}

/// All that a lock file names, in its order.
///
/// # Errors
///
/// A file that cannot be read is an error of the disk. One that is not of its format, that is longer than the limits, or
/// that names nothing to install, is an error of usage.
pub(crate) fn read(path: &Path, kind: LockKind) -> Result<Vec<LockedEntry>, CliError> {
    let mut entries = Entries::default();
    let toml = || Document::open(path, MAX_TOML_BYTES, 0);
    match kind {
        LockKind::Requirements => requirements::read(path, &mut entries)?,
        LockKind::Pylock => pylock::read(&toml()?, &mut entries)?,
        LockKind::Uv => uv::read(&toml()?, &mut entries)?,
        LockKind::Poetry => poetry::read(&toml()?, &mut entries)?,
        LockKind::Report => report::read(&Document::open(path, MAX_BYTES, 0)?, &mut entries)?,
    }
    entries.finish(path)
}

/// pip writes the members that tell a report before any that is long.
fn is_report(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    walk::open(path)?.take(4096).read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    Ok(head.contains("\"pip_version\"") && head.contains("\"install\""))
}
