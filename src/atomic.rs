//! A file that appears under its name whole or not at all.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom, SystemRandom};

use crate::digest::encode_hex;

/// For files that concern nobody but their owner.
pub(crate) const PRIVATE: u32 = 0o600;
/// For files that a user asked for: as open as the process's umask lets them be.
pub(crate) const SHARED: u32 = 0o666;

const PREFIX: &str = ".tufgate-";
const SUFFIX: &str = ".tmp";
const RANDOM_BYTES: usize = 16;

/// A new file beside its destination, which takes the destination's name in [`AtomicFile::commit`].
///
/// What stands at the destination is never opened, only replaced: a symlink is not followed, a FIFO does not block, the
/// other names of a hard link keep their content. Dropped without a commit, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct AtomicFile {
    file: File,
    temp: PathBuf,
    destination: PathBuf,
    committed: bool,
}

impl AtomicFile {
    /// Creates the new file. `mode` is its Unix mode, of which the process's umask is taken away.
    pub(crate) fn create(destination: impl Into<PathBuf>, mode: u32) -> io::Result<Self> {
        Self::create_as(&random_name()?, destination.into(), mode)
    }

    fn create_as(name: &str, destination: PathBuf, mode: u32) -> io::Result<Self> {
        if destination.file_name().is_none() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path does not name a file"));
        }
        let temp = directory_of(&destination).join(name);
        // `create_new` neither follows a link nor opens what somebody put in the way.
        let file = with_mode(OpenOptions::new().write(true).create_new(true), mode).open(&temp)?;
        Ok(Self { file, temp, destination, committed: false })
    }

    /// What the system knows of the new file.
    #[cfg(unix)]
    pub(crate) fn metadata(&self) -> io::Result<fs::Metadata> {
        self.file.metadata()
    }

    /// Makes the content last, gives it the destination's name, and makes the name last.
    ///
    /// After an error the destination has its old content, but for one case: where only the last step failed it has
    /// the new content, and a loss of power may bring the old one back.
    pub(crate) fn commit(self) -> io::Result<()> {
        self.file.sync_all()?;
        let directory = directory_of(&self.destination).to_owned();
        self.replace()?;
        sync_directory(&directory)
    }

    /// Gives the content the destination's name, and waits for neither: for what can be had again. A loss of power may
    /// leave less than the content, or nothing at all, under the name.
    pub(crate) fn replace(mut self) -> io::Result<()> {
        self.file.flush()?;
        fs::rename(&self.temp, &self.destination)?;
        self.committed = true;
        Ok(())
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.committed {
            // There is nobody to tell if it stays. In a store, the next opening removes it.
            let _ = fs::remove_file(&self.temp);
        }
    }
}

/// Removes what crashed runs left in a directory. Only while nobody writes there. What cannot be removed stays: it does
/// no harm.
pub(crate) fn remove_stale(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        if is_temp_name(&entry.file_name()) && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Makes the names in a directory last, where the system has a way to.
pub(crate) fn sync_directory(dir: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    match File::open(dir)?.sync_all() {
        // File systems that do not know the call for directories.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        result => result,
    }
}

/// Sets the mode that a file is created with, on systems that have modes.
pub(crate) fn with_mode(options: &mut OpenOptions, mode: u32) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn random_name() -> io::Result<String> {
    let mut random = [0; RANDOM_BYTES];
    SystemRandom::new().fill(&mut random).map_err(|_| io::Error::other("the system has no random bytes"))?;
    Ok(format!("{PREFIX}{}{SUFFIX}", encode_hex(&random)))
}

fn is_temp_name(name: &OsStr) -> bool {
    let random = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|name| name.strip_suffix(SUFFIX));
    random
        .is_some_and(|hex| hex.len() == 2 * RANDOM_BYTES && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn replace(destination: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = AtomicFile::create(destination, PRIVATE)?;
        file.write_all(bytes)?;
        file.commit()
    }

    #[test]
    fn a227_the_name_shows_old_content_until_the_commit_and_new_content_after() {
        let dir = tempfile::tempdir().unwrap();
        let destination = dir.path().join("x");
        fs::write(&destination, "old").unwrap();
        let mut file = AtomicFile::create(&destination, PRIVATE).unwrap();
        file.write_all(b"new").unwrap();
        assert_eq!(fs::read(&destination).unwrap(), b"old");
        file.commit().unwrap();
        assert_eq!(fs::read(&destination).unwrap(), b"new");
        assert_eq!(names(dir.path()), ["x"]);
    }

    #[test]
    fn a234_dropped_without_commit_leaves_the_old_content_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let destination = dir.path().join("x");
        fs::write(&destination, "old").unwrap();
        let mut file = AtomicFile::create(&destination, PRIVATE).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read(&destination).unwrap(), b"old");
        assert_eq!(names(dir.path()), ["x"]);
    }

    #[test]
    fn a_directory_at_the_destination_is_an_error_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let destination = dir.path().join("x");
        fs::create_dir(&destination).unwrap();
        assert!(replace(&destination, b"new").is_err());
        assert!(destination.is_dir());
        assert_eq!(names(dir.path()), ["x"]);
    }

    #[test]
    fn a_path_without_a_file_name_is_an_error() {
        for path in ["", "/", ".."] {
            assert_eq!(AtomicFile::create(path, PRIVATE).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{path:?}");
        }
    }

    #[test]
    fn a245_temp_names_are_random_and_never_look_like_an_entry() {
        let (one, other) = (random_name().unwrap(), random_name().unwrap());
        assert_ne!(one, other);
        for name in [one, other] {
            assert!(is_temp_name(name.as_ref()), "{name}");
            assert!(name.starts_with('.') && name.ends_with(".tmp"), "{name}");
        }
    }

    #[test]
    fn a245_a_file_that_waits_under_the_temp_name_is_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let name = random_name().unwrap();
        fs::write(dir.path().join(&name), "planted").unwrap();
        let error = AtomicFile::create_as(&name, dir.path().join("x"), PRIVATE).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(dir.path().join(&name)).unwrap(), b"planted");
    }

    #[test]
    fn a245_only_regular_files_with_our_temp_names_are_cleaned() {
        let dir = tempfile::tempdir().unwrap();
        let stale = random_name().unwrap();
        fs::write(dir.path().join(&stale), "half").unwrap();
        let directory = random_name().unwrap();
        fs::create_dir(dir.path().join(&directory)).unwrap();
        let upper = format!("{PREFIX}{}{SUFFIX}", "A".repeat(32));
        let short = format!("{PREFIX}{}{SUFFIX}", "a".repeat(31));
        let mut kept = vec![upper, short, ".other.tmp".to_owned(), "root.json".to_owned()];
        for name in &kept {
            fs::write(dir.path().join(name), "kept").unwrap();
        }
        remove_stale(dir.path());
        kept.push(directory);
        kept.sort();
        assert_eq!(names(dir.path()), kept);
    }

    #[cfg(unix)]
    mod unix {
        use std::os::unix::fs::{PermissionsExt, symlink};

        use super::*;

        #[test]
        fn a224_a_symlink_at_the_destination_is_replaced_and_not_followed() {
            let dir = tempfile::tempdir().unwrap();
            let (destination, other) = (dir.path().join("x"), dir.path().join("other"));
            fs::write(&other, "other").unwrap();
            symlink(&other, &destination).unwrap();
            replace(&destination, b"new").unwrap();
            assert!(fs::symlink_metadata(&destination).unwrap().is_file());
            assert_eq!(fs::read(&destination).unwrap(), b"new");
            assert_eq!(fs::read(&other).unwrap(), b"other");
        }

        #[test]
        fn a224_a_symlink_under_the_temp_name_is_not_followed() {
            let dir = tempfile::tempdir().unwrap();
            let name = random_name().unwrap();
            symlink(dir.path().join("elsewhere"), dir.path().join(&name)).unwrap();
            let error = AtomicFile::create_as(&name, dir.path().join("x"), PRIVATE).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(names(dir.path()), [name]);
        }

        #[test]
        fn a225_a_fifo_at_the_destination_is_replaced_and_not_opened() {
            let dir = tempfile::tempdir().unwrap();
            let destination = dir.path().join("x");
            assert!(std::process::Command::new("mkfifo").arg(&destination).status().unwrap().success());
            replace(&destination, b"new").unwrap();
            assert!(fs::symlink_metadata(&destination).unwrap().is_file());
            assert_eq!(fs::read(&destination).unwrap(), b"new");
        }

        #[test]
        fn a225_the_other_name_of_a_hard_link_keeps_its_content() {
            let dir = tempfile::tempdir().unwrap();
            let (destination, other) = (dir.path().join("x"), dir.path().join("other"));
            fs::write(&other, "other").unwrap();
            fs::hard_link(&other, &destination).unwrap();
            replace(&destination, b"new").unwrap();
            assert_eq!(fs::read(&destination).unwrap(), b"new");
            assert_eq!(fs::read(&other).unwrap(), b"other");
        }

        #[test]
        fn the_mode_is_the_one_asked_for_whatever_stood_there() {
            let dir = tempfile::tempdir().unwrap();
            for (before, mode) in [(0o777, 0o600), (0o600, 0o400)] {
                let destination = dir.path().join(format!("{mode:o}"));
                fs::write(&destination, "old").unwrap();
                fs::set_permissions(&destination, fs::Permissions::from_mode(before)).unwrap();
                AtomicFile::create(&destination, mode).unwrap().commit().unwrap();
                assert_eq!(fs::metadata(&destination).unwrap().permissions().mode() & 0o7777, mode);
            }
        }
    }
}
