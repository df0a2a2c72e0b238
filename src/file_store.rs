//! A store in a directory of its own.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::atomic::{self, AtomicFile};
use crate::digest::sha256;
use crate::error::{StoreError, StoreFault};
use crate::store::{Entry, Store, StoreLock};

const HISTORY: &str = "root_history";
const LOCK: &str = ".lock";

/// A store in a directory that belongs to one user and one repository.
///
/// Every write is a new file that takes the entry's name once it is on the disk, so that a crash or a full disk leaves
/// the old entry. Only a delegated role is not waited for: after a loss of power it may be gone, or torn, and is fetched
/// again. Directories are made with mode 0700, files with 0600. Find the directory for a repository with
/// [`FileStore::directory_for`].
///
/// ```no_run
/// use tufgate::FileStore;
///
/// # fn main() -> Result<(), tufgate::error::StoreError> {
/// # let state = std::path::Path::new("/var/lib/installer");
/// let dir = FileStore::directory_for(state, "index", &[b"https://index.example/metadata/"]);
/// let store = FileStore::open(dir)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FileStore {
    dir: PathBuf,
    read_only: bool,
}

impl FileStore {
    /// Opens a store to read and write; creates the directory, and those above it, where they are missing. Removes what
    /// crashed runs left half written, unless another process is writing just now.
    ///
    /// # Errors
    /// On Unix [`StoreFault::NotPrivate`] when the directory belongs to another user, or when its mode lets others
    /// write to it: they could lower the floors. The directories above it are not looked at. [`StoreFault::Write`] when
    /// it cannot be created or written to, [`StoreFault::Lock`] when files cannot be locked there.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, StoreError> {
        let store = Self { dir: absolute(dir.as_ref())?, read_only: false };
        check_not_link(&store.dir.join(HISTORY))?;
        for dir in store.directories() {
            create_directory(&dir)?;
            check_directory(&dir)?;
            check_owner(&dir)?;
        }
        store.remove_stale()?;
        Ok(store)
    }

    /// Opens a store that is only read: nothing is created, and writes are accepted and dropped. A missing directory
    /// reads as an empty store.
    ///
    /// It may belong to another user: an administrator may provide it.
    ///
    /// # Errors
    /// On Unix [`StoreFault::NotPrivate`] when the mode of the directory lets others than its owner write to it;
    /// [`StoreFault::Read`] when this cannot be found out.
    pub fn read_only(dir: impl AsRef<Path>) -> Result<Self, StoreError> {
        let store = Self { dir: absolute(dir.as_ref())?, read_only: true };
        check_not_link(&store.dir.join(HISTORY))?;
        for dir in store.directories() {
            check_directory(&dir)?;
        }
        Ok(store)
    }

    /// The directory below `state_dir` in which to keep the store of one repository: a readable part made from `name`,
    /// and 16 hex digits of a hash over the name and all of `identity`.
    ///
    /// `identity` is what makes it this repository and no other, in a fixed order: normally the address of its metadata
    /// alone. Where a part of it changes, the directory changes, and with it the floors are gone. So the pinned root is
    /// no part of it: an installer that ships a newer root would forget all that was trusted. That the root is one of
    /// another repository is noticed by what is stored ([`Fault::RootFork`], [`Fault::RootsWithheld`]). Any name is safe.
    ///
    /// [`Fault::RootFork`]: crate::error::Fault::RootFork
    /// [`Fault::RootsWithheld`]: crate::error::Fault::RootsWithheld
    #[must_use]
    pub fn directory_for(state_dir: &Path, name: &str, identity: &[&[u8]]) -> PathBuf {
        let mut hashed = Vec::new();
        for part in [name.as_bytes()].iter().chain(identity) {
            // The length before each part keeps ["ab", "c"] apart from ["a", "bc"].
            hashed.extend((part.len() as u64).to_be_bytes());
            hashed.extend(*part);
        }
        state_dir.join(format!("{}-{:.16}", readable_part(name), sha256(&hashed).to_hex()))
    }

    /// The directory of the store, as an absolute path.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.dir
    }

    fn path(&self, entry: &Entry) -> PathBuf {
        self.dir.join(entry.file_name())
    }

    fn directories(&self) -> [PathBuf; 2] {
        [self.dir.clone(), self.dir.join(HISTORY)]
    }

    fn lock_file(&self) -> Result<File, StoreError> {
        let path = self.dir.join(LOCK);
        let failed = |error| StoreError::new(&path, StoreFault::Lock).caused_by(error);
        is_present(&path).map_err(failed)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        atomic::with_mode(&mut options, atomic::PRIVATE).open(&path).map_err(failed)
    }

    fn remove_stale(&self) -> Result<(), StoreError> {
        let file = self.lock_file()?;
        match file.try_lock() {
            Ok(()) => {
                let _lock = StoreLock::of_file(file);
                self.directories().iter().for_each(|dir| atomic::remove_stale(dir));
                Ok(())
            }
            // Another process writes; a later opening will clean.
            Err(TryLockError::WouldBlock) => Ok(()),
            Err(TryLockError::Error(error)) => {
                Err(StoreError::new(self.dir.join(LOCK), StoreFault::Lock).caused_by(error))
            }
        }
    }
}

impl Store for FileStore {
    fn read(&self, entry: &Entry, max_bytes: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(entry);
        read_file(&path, max_bytes).map_err(|error| StoreError::new(&path, StoreFault::Read).caused_by(error))
    }

    fn write(&self, entry: &Entry, bytes: &[u8]) -> Result<(), StoreError> {
        if self.read_only {
            return Ok(());
        }
        let path = self.path(entry);
        // A delegated role is verified when it is read, and asked for again where that fails; snapshot and floors, not its
        // file, keep it from being rolled back. So nobody has to wait for thousands of them to reach the disk.
        let must_last = !matches!(entry, Entry::Delegated(_));
        write_file(&path, bytes, must_last).map_err(|error| StoreError::new(&path, StoreFault::Write).caused_by(error))
    }

    fn remove(&self, entry: &Entry) -> Result<(), StoreError> {
        if self.read_only {
            return Ok(());
        }
        let path = self.path(entry);
        remove_file(&path).map_err(|error| StoreError::new(&path, StoreFault::Write).caused_by(error))
    }

    fn lock(&self) -> Result<StoreLock, StoreError> {
        if self.read_only {
            return Ok(StoreLock::unshared());
        }
        let file = self.lock_file()?;
        file.lock().map_err(|error| StoreError::new(self.dir.join(LOCK), StoreFault::Lock).caused_by(error))?;
        Ok(StoreLock::of_file(file))
    }

    fn is_read_only(&self) -> bool {
        self.read_only
    }
}

fn read_file(path: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    if !is_present(path)? {
        return Ok(None);
    }
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    // The length in the metadata may lie or change; only what was read counts. It saves growing step by step.
    bytes.try_reserve_exact(usize::try_from(file.metadata()?.len().min(max_bytes)).unwrap_or(0))?;
    file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

fn write_file(path: &Path, bytes: &[u8], must_last: bool) -> io::Result<()> {
    let mut file = AtomicFile::create(path, atomic::PRIVATE)?;
    file.write_all(bytes)?;
    if must_last { file.commit() } else { file.replace() }
}

fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => {
            result?;
            path.parent().map_or(Ok(()), atomic::sync_directory)
        }
    }
}

/// Whether there is a file. A link or a special file is an error: this store never made it, and to open it might block
/// or lead elsewhere.
fn is_present(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => Ok(true),
        Ok(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "it is not a regular file; remove it")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn absolute(dir: &Path) -> Result<PathBuf, StoreError> {
    // A process may change its working directory; the store stays where it is.
    std::path::absolute(dir).map_err(|error| StoreError::new(dir, StoreFault::Read).caused_by(error))
}

fn create_directory(dir: &Path) -> Result<(), StoreError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    // A new directory lasts once the one above it does.
    let above: Vec<_> = dir.ancestors().take_while(|dir| !dir.exists()).filter_map(Path::parent).collect();
    builder
        .create(dir)
        .and_then(|()| above.into_iter().try_for_each(atomic::sync_directory))
        .map_err(|error| StoreError::new(dir, StoreFault::Write).caused_by(error))
}

/// The directory of the store may be reached by a link that its owner made; inside it no link has a place.
fn check_not_link(path: &Path) -> Result<(), StoreError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => {
            Err(StoreError::new(path, StoreFault::NotPrivate("it is a link to another place")))
        }
        _ => Ok(()),
    }
}

fn check_directory(dir: &Path) -> Result<(), StoreError> {
    let unreadable = |error| Err(StoreError::new(dir, StoreFault::Read).caused_by(error));
    match fs::metadata(dir) {
        Ok(found) if !found.is_dir() => unreadable(io::ErrorKind::NotADirectory.into()),
        Ok(found) if others_can_write(&found) => {
            Err(StoreError::new(dir, StoreFault::NotPrivate("its mode lets others write to it")))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => unreadable(error),
    }
}

#[cfg(unix)]
fn others_can_write(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    found.mode() & 0o022 != 0
}

#[cfg(unix)]
fn check_owner(dir: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::MetadataExt;

    // A new file belongs to whom this process runs as: the portable way to ask, and it shows that the directory can be
    // written to before anything depends on it.
    let owners = || {
        let probe = AtomicFile::create(dir.join("probe"), atomic::PRIVATE)?;
        io::Result::Ok((probe.metadata()?.uid(), fs::metadata(dir)?.uid()))
    };
    match owners() {
        Ok((own, found)) if own == found => Ok(()),
        Ok(_) => Err(StoreError::new(dir, StoreFault::NotPrivate("it belongs to another user"))),
        Err(error) => Err(StoreError::new(dir, StoreFault::Write).caused_by(error)),
    }
}

// Elsewhere access is ruled by lists that the directory inherits, in a user's profile those of the user.
#[cfg(not(unix))]
fn others_can_write(_: &fs::Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn check_owner(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// What of a repository's name can stand in a file name on every system, at most 40 bytes.
fn readable_part(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9' | '_') => out.push(c),
            _ if out.is_empty() || out.ends_with('-') => {}
            _ => out.push('-'),
        }
        if out.len() == 40 {
            break;
        }
    }
    let out = out.trim_end_matches('-');
    if out.is_empty() { "repository".to_owned() } else { out.to_owned() }
}
