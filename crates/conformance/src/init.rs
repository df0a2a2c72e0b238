//! The command `init`, and the pinned root that it leaves for the others.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use tufgate::{BaseUrl, Entry, FileStore, Limits, Repository, Store};

use crate::Result;

/// Not `*.json`: the suite takes every such file for metadata that was accepted from the repository.
const PINNED_ROOT: &str = "pinned_root";

/// Trusts a root that its own keys sign.
///
/// In a directory that already has one, a newer root is trusted in its place, an older one changes nothing, and another
/// one of the same version is refused.
pub(crate) fn init(metadata_dir: &Path, trusted_root: &Path) -> Result<()> {
    let root = fs::read(trusted_root).map_err(|error| format!("{}: {error}", trusted_root.display()))?;
    // Judged by itself first, so that a bad root leaves no trace.
    let version = version(&root)?;
    make_private(metadata_dir)?;
    let store = FileStore::open(metadata_dir)?;
    let lock = store.lock()?;
    if let Some(pinned) = pinned_root(metadata_dir)? {
        let pinned_version = self::version(&pinned)?;
        if pinned_version == version && pinned != root {
            return Err(format!("another root of version {version} is trusted already").into());
        }
        if pinned_version >= version {
            return Ok(());
        }
    }
    for entry in [Entry::RootHistory(version), Entry::Root] {
        match store.read(&entry, Limits::default().root_bytes)? {
            Some(stored) if self::version(&stored)? > version => {}
            Some(stored) if self::version(&stored)? == version && stored != root => {
                return Err(format!("another root of version {version} is trusted already").into());
            }
            _ => store.write(&entry, &root)?,
        }
    }
    // Last: a directory without it counts as not initialised.
    pin(metadata_dir, &root)?;
    drop(lock);
    Ok(())
}

/// The bytes that `init` was given.
pub(crate) fn pinned_root(metadata_dir: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(metadata_dir.join(PINNED_ROOT)) {
        Ok(root) => Ok(Some(root)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{PINNED_ROOT}: {error}").into()),
    }
}

/// The suite makes the directory, under whatever umask it runs; a store must be one that only its owner can write to.
#[cfg(unix)]
fn make_private(dir: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let Ok(found) = fs::metadata(dir) else { return Ok(()) };
    let mode = found.permissions().mode();
    if mode & 0o022 != 0 {
        fs::set_permissions(dir, fs::Permissions::from_mode(mode & !0o022))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_private(_: &Path) -> Result<()> {
    Ok(())
}

fn pin(metadata_dir: &Path, root: &[u8]) -> Result<()> {
    let new = metadata_dir.join(format!("{PINNED_ROOT}.new"));
    fs::write(&new, root)?;
    Ok(fs::rename(&new, metadata_dir.join(PINNED_ROOT))?)
}

/// The version of a root that enough of its own keys signed.
fn version(root: &[u8]) -> Result<u64> {
    // `init` is told no address, and none is asked.
    let nowhere = BaseUrl::new("file:///")?;
    Ok(Repository::new(root, nowhere.clone(), nowhere).root()?.version())
}
