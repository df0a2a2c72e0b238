//! The directory that becomes a repository. Nothing is written outside of it, whatever a repository calls its files, and
//! no file in it is ever half written.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::Builder;
use tufgate::error::{CallerError, Error, StoreError, StoreFault};
use tufgate::{Digest, TargetInfo, TargetPath};

use crate::error::CliError;
use crate::index::IndexClient;
use crate::names::name_fault;
use crate::text::shown;
use crate::walk;

const METADATA: &str = "metadata";
const TARGETS: &str = "targets";
/// What file systems take as one name.
const MAX_NAME_BYTES: usize = 255;
const TEMPORARY: &str = ".tufgate-";

/// The directory of a mirror.
pub(super) struct Dir {
    root: PathBuf,
    done: Mutex<Done>,
}

/// What was done in this run.
#[derive(Default)]
struct Done {
    /// Places of what was fetched.
    fetched: HashSet<PathBuf>,
    /// What was seen to stand at all its places: the first of them, and its hashes.
    settled: HashSet<(PathBuf, Vec<Digest>)>,
}

impl Dir {
    /// The directory, made if there is none.
    pub(super) fn open(root: &Path) -> Result<Self, CliError> {
        fs::create_dir_all(root).map_err(|error| CliError::disk(format!("cannot make {}", shown(root)), error))?;
        Ok(Self { root: root.to_owned(), done: Mutex::default() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.root
    }

    /// Where clients of the mirror ask for a target, below the directory: all of these. An error says why one of them
    /// cannot be written.
    pub(super) fn places(info: &TargetInfo) -> Result<Vec<String>, String> {
        let place = |stored| place(info.path(), stored, info.is_beside_targets());
        info.stored_paths().iter().map(place).collect()
    }

    /// Has a target stand at all its places: fetched, if it verifies at none of them.
    pub(super) fn settle(&self, client: &IndexClient, info: &TargetInfo, progress: impl Fn(u64)) -> Result<(), Error> {
        let refused = |reason| CallerError::Destination { path: info.path().as_str().to_owned(), reason };
        let places = Self::places(info).map_err(refused)?;
        let paths = places.iter().map(|place| self.prepare(place)).collect::<Result<Vec<_>, _>>()?;
        let Some(first) = paths.first() else { return Ok(()) };
        let key = (first.clone(), info.hashes().iter().copied().collect());
        if self.done().settled.contains(&key) {
            return Ok(());
        }
        let mut missing: Vec<_> = paths.iter().filter(|path| !is_target(info, path)).collect();
        let good = match paths.iter().find(|path| !missing.contains(path)) {
            Some(good) => good,
            None => {
                let mut before = 0;
                client.download_with(info, first, |bytes| {
                    progress(bytes.saturating_sub(before));
                    before = bytes;
                })?;
                self.done().fetched.insert(first.clone());
                missing.retain(|path| *path != first);
                first
            }
        };
        for path in missing {
            copy(good, path).map_err(|error| StoreError::new(path, StoreFault::Write).caused_by(error))?;
        }
        self.done().settled.insert(key);
        Ok(())
    }

    /// A target that was settled, and whether that needed the repository.
    pub(super) fn settled(&self, info: &TargetInfo) -> Option<(PathBuf, bool)> {
        let places = Self::places(info).ok()?;
        let paths: Vec<_> = places.iter().map(|place| self.root.join(place)).collect();
        let done = self.done();
        Some((paths.first()?.clone(), paths.iter().any(|path| done.fetched.contains(path))))
    }

    /// The bytes of a metadata file, where there is a regular one that is no longer than `max_bytes`.
    pub(super) fn metadata(&self, name: &str, max_bytes: u64) -> Option<Vec<u8>> {
        let path = self.root.join(METADATA).join(name);
        let found = fs::symlink_metadata(&path).ok()?;
        (found.is_file() && found.len() <= max_bytes).then(|| fs::read(path).ok()).flatten()
    }

    /// Puts a metadata file in its place. Says whether that changed anything.
    pub(super) fn write_metadata(&self, name: &str, bytes: &[u8]) -> Result<bool, CliError> {
        let path = self.prepare(&format!("{METADATA}/{name}"))?;
        if self.metadata(name, bytes.len() as u64).is_some_and(|found| found == bytes) {
            return Ok(false);
        }
        write(&path, |file| file.write_all(bytes))
            .map_err(|error| CliError::disk(format!("cannot write {}", shown(&path)), error))?;
        Ok(true)
    }

    /// The path of a place, whose directories are real ones: a link in the way could lead anywhere.
    fn prepare(&self, place: &str) -> Result<PathBuf, Error> {
        let mut path = self.root.clone();
        let mut segments = place.split('/').peekable();
        while let Some(segment) = segments.next() {
            path.push(segment);
            if segments.peek().is_some() {
                real_directory(&path)?;
            }
        }
        Ok(path)
    }

    fn done(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names that are taken, also on a file system that folds case.
#[derive(Default)]
pub(super) struct Taken(HashMap<String, String>);

impl Taken {
    /// Takes places for a file. An error names the place of another file that would be the same one.
    pub(super) fn take(&mut self, places: &[String]) -> Result<(), String> {
        let other = |place: &String| self.0.get(&place.to_lowercase()).filter(|other| *other != place);
        if let Some(other) = places.iter().find_map(other) {
            return Err(format!("it would be one file with `{other}` where letter case does not count"));
        }
        self.0.extend(places.iter().map(|place| (place.to_lowercase(), place.clone())));
        Ok(())
    }
}

/// Why a metadata file of this name cannot be written, if so.
pub(super) fn metadata_fault(name: &str) -> Option<String> {
    if name.contains('/') {
        return Some("a slash in the name would be a directory".to_owned());
    }
    TargetPath::new(name).err().map(|error| error.to_string()).or_else(|| name_fault(name).map(str::to_owned))
}

/// Where a target lies in the mirror whose path is stored under a name that may have a hash in it.
fn place(path: &TargetPath, stored: &TargetPath, is_beside_targets: bool) -> Result<String, String> {
    if let Some(reason) = path.as_str().split('/').find_map(name_fault) {
        return Err(reason.to_owned());
    }
    // With a hash before it, a name can be longer than the repository's own.
    if stored.as_str().split('/').any(|segment| segment.len() > MAX_NAME_BYTES) {
        return Err("with its hash, its name is longer than 255 bytes".to_owned());
    }
    if !is_beside_targets {
        return Ok(format!("{TARGETS}/{}", stored.as_str()));
    }
    match stored.as_str().split('/').next() {
        Some(first) if first.eq_ignore_ascii_case(METADATA) => Err("it would lie among the metadata".to_owned()),
        _ => Ok(stored.as_str().to_owned()),
    }
}

fn real_directory(path: &Path) -> Result<(), Error> {
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(StoreError::new(path, StoreFault::Write).caused_by(error).into());
        }
        _ => {}
    }
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => {
            let reason = "a link, or another thing that is no directory, stands there, and may lead elsewhere";
            let path = path.to_string_lossy().into_owned();
            Err(CallerError::Destination { path, reason: reason.to_owned() }.into())
        }
        Err(error) => Err(StoreError::new(path, StoreFault::Read).caused_by(error).into()),
    }
}

/// Whether a regular file, no link to one, has a target's bytes.
fn is_target(info: &TargetInfo, path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file()) && matches!(walk::verified(info, path), Ok(Some(_)))
}

/// Gives a verified file another name: as one file where the file system can do that.
fn copy(good: &Path, path: &Path) -> io::Result<()> {
    // What stands at the new name is replaced in one step, for which the link needs a name before that.
    let aside = Builder::new().prefix(TEMPORARY).tempdir_in(directory_of(path))?;
    let link = aside.path().join("link");
    match fs::hard_link(good, &link) {
        Ok(()) => fs::rename(&link, path),
        Err(_) => write(path, |file| io::copy(&mut walk::open(good)?, file).map(drop)),
    }
}

/// Writes a file beside its place and gives it its name at the end.
fn write(path: &Path, content: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let mut builder = Builder::new();
    // As open as the process lets it be: a mirror is there to be served.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.prefix(TEMPORARY).tempfile_in(directory_of(path))?;
    content(file.as_file_mut())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn directory_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(path: &str, stored: &str, is_beside_targets: bool) -> Result<String, String> {
        place(&TargetPath::new(path).unwrap(), &TargetPath::new(stored).unwrap(), is_beside_targets)
    }

    #[test]
    fn targets_lie_where_clients_ask_for_them() {
        assert_eq!(placed("a/b.whl", "a/00.b.whl", false).unwrap(), "targets/a/00.b.whl");
        assert_eq!(placed("wheels/b.whl", "wheels/b.whl", true).unwrap(), "wheels/b.whl");
        let longest = format!("{}.{}", "0".repeat(128), "a".repeat(126));
        assert_eq!(placed(&"a".repeat(126), &longest, false).unwrap(), format!("targets/{longest}"));
    }

    #[test]
    fn a_name_that_is_something_else_on_a_disk_has_no_place() {
        let longest = format!("{}.{}", "0".repeat(128), "a".repeat(127));
        for (path, stored, is_beside_targets, reason) in [
            ("a/NUL/b", "a/NUL/b", false, "Windows gives the name to a device"),
            ("a/con.whl", "a/00.con.whl", false, "Windows gives the name to a device"),
            ("a ./b", "a ./b", false, "its name ends with a dot or a space, which Windows leaves out"),
            (".git/config", ".git/config", true, "its name starts with a dot, a hyphen or a space"),
            ("a\u{202e}b", "a\u{202e}b", false, "its name has a character that is special, or that is not seen"),
            (&"a".repeat(127), &longest, false, "with its hash, its name is longer than 255 bytes"),
            ("metadata/timestamp.json", "metadata/timestamp.json", true, "it would lie among the metadata"),
            ("Metadata/1.root.json", "Metadata/1.root.json", true, "it would lie among the metadata"),
        ] {
            assert_eq!(placed(path, stored, is_beside_targets).unwrap_err(), reason, "{path}");
        }
    }

    #[test]
    fn two_files_never_share_a_place_where_letter_case_does_not_count() {
        let mut taken = Taken::default();
        let places = ["targets/00.A".to_owned(), "targets/11.A".to_owned()];
        assert_eq!(taken.take(&places), Ok(()));
        assert_eq!(taken.take(&places), Ok(()));
        assert_eq!(
            taken.take(&["targets/22.a".to_owned(), "Targets/11.a".to_owned()]).unwrap_err(),
            "it would be one file with `targets/11.A` where letter case does not count"
        );
        // What was refused has taken nothing.
        assert_eq!(taken.take(&["targets/22.A".to_owned()]), Ok(()));
    }

    #[test]
    fn role_names_that_are_no_file_names_are_refused() {
        for name in [
            "1.a/b.json",
            "1.a\\b.json",
            "1.a:b.json",
            "..json",
            "1.\u{0}.json",
            &format!("1.{}.json", "a".repeat(240)),
        ] {
            assert!(metadata_fault(name).is_some(), "{name:?}");
        }
        for name in ["timestamp.json", "1.root.json", "2.00-0f.json", "1.nul.json"] {
            assert_eq!(metadata_fault(name), None, "{name:?}");
        }
    }
}
