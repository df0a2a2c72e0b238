//! What is trusted survives the process: the trait, and what a store holds.
//!
//! A store is a place for bytes, not for trust: whatever it gives back is verified again from the pinned root before it
//! is believed. Its own duty is that a write happens whole or not at all.

use std::fs::File;

use crate::error::StoreError;
use crate::role::RoleName;

/// One file of a store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Entry {
    /// The newest root that was trusted: `root.json`.
    Root,
    /// A root of this version, of the verified history: `root_history/N.root`.
    RootHistory(u64),
    /// `timestamp.json`
    Timestamp,
    /// `snapshot.json`
    Snapshot,
    /// The top-level targets role: `targets.json`.
    Targets,
    /// A delegated targets role: `delegated.STEM.json`, with [`RoleName::file_stem`].
    Delegated(RoleName),
    /// The highest versions ever trusted: `floors`.
    Floors,
}

impl Entry {
    /// The path below the store's directory, `/`-separated: the one place where entries get their names.
    #[must_use]
    pub fn file_name(&self) -> String {
        match self {
            Self::Root => "root.json".to_owned(),
            Self::RootHistory(version) => format!("root_history/{version}.root"),
            Self::Timestamp => "timestamp.json".to_owned(),
            Self::Snapshot => "snapshot.json".to_owned(),
            Self::Targets => "targets.json".to_owned(),
            Self::Delegated(role) => format!("delegated.{}.json", role.file_stem()),
            Self::Floors => "floors".to_owned(),
        }
    }
}

/// Where trusted metadata and floors are kept between runs.
pub trait Store {
    /// The bytes of an entry, at most `max_bytes` of them; `None` when there is none. An entry that is longer than
    /// `max_bytes` cannot be one that was written here; it is given back cut off after `max_bytes` + 1 bytes, and will
    /// fail verification.
    ///
    /// # Errors
    /// When it is not known whether there is one.
    fn read(&self, entry: &Entry, max_bytes: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// Replaces an entry, whole or not at all. Called under [`Store::lock`]. A delegated role need not survive a loss of
    /// power: it is verified when it is read, and fetched again where it is not whole.
    ///
    /// # Errors
    /// When it was not written; the entry then still has its old bytes. A store on a disk also fails when it wrote the
    /// new bytes but does not know whether they would survive a loss of power. Either way what is there is whole, and
    /// the write may be tried again.
    fn write(&self, entry: &Entry, bytes: &[u8]) -> Result<(), StoreError>;

    /// Removes an entry; it is no error if there is none. Called under [`Store::lock`].
    ///
    /// # Errors
    /// When it is still there.
    fn remove(&self, entry: &Entry) -> Result<(), StoreError>;

    /// Keeps other processes from writing until the lock is dropped. Held for a few writes, never during a download:
    /// another one waits for as long as that takes. It excludes every other lock on the store, of this thread too.
    ///
    /// # Errors
    /// When the lock cannot be had.
    fn lock(&self) -> Result<StoreLock, StoreError>;

    /// Whether writes are dropped. The client then verifies as always but leaves no trace.
    fn is_read_only(&self) -> bool {
        false
    }
}

impl<S: Store + ?Sized> Store for &S {
    fn read(&self, entry: &Entry, max_bytes: u64) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).read(entry, max_bytes)
    }

    fn write(&self, entry: &Entry, bytes: &[u8]) -> Result<(), StoreError> {
        (**self).write(entry, bytes)
    }

    fn remove(&self, entry: &Entry) -> Result<(), StoreError> {
        (**self).remove(entry)
    }

    fn lock(&self) -> Result<StoreLock, StoreError> {
        (**self).lock()
    }

    fn is_read_only(&self) -> bool {
        (**self).is_read_only()
    }
}

/// An exclusive lock on a store, released when dropped.
#[derive(Debug)]
pub struct StoreLock(Option<File>);

impl StoreLock {
    /// For a store that only one client can reach.
    #[must_use]
    pub fn unshared() -> Self {
        Self(None)
    }

    /// Holds a locked file.
    #[must_use]
    pub fn of_file(file: File) -> Self {
        Self(Some(file))
    }
}

impl Drop for StoreLock {
    fn drop(&mut self) {
        if let Some(file) = &self.0 {
            // Closing the file releases the lock as well; there is nobody to tell if this fails.
            let _ = file.unlock();
        }
    }
}
