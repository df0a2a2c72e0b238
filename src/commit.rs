//! What a step of the workflow wants kept, and how it is written so that two processes never lower trust.

use std::sync::Arc;

use crate::error::{StoreError, StoreFault};
use crate::store::{Entry, Store};
use crate::trusted::{BadRecord, Floors};

/// The most bytes that a record of floors can have: 16,384 bins are about 0.4 MB.
pub(crate) const MAX_FLOORS_BYTES: u64 = 64 << 20;

/// Changes of the store that belong together: removals first, then the floors, then the files they are about.
///
/// Applied under the store's lock: floors that another process raised meanwhile are kept, and files older than those
/// floors, or than a reset of them, are not written.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    pub(crate) floors: Option<Arc<Floors>>,
    pub(crate) writes: Vec<Write>,
    pub(crate) removes: Vec<Entry>,
}

#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub(crate) entry: Entry,
    pub(crate) version: u64,
    pub(crate) bytes: Arc<Vec<u8>>,
}

impl Commit {
    pub(crate) fn write(entry: Entry, version: u64, bytes: impl Into<Arc<Vec<u8>>>) -> Self {
        Self { floors: None, writes: vec![Write { entry, version, bytes: bytes.into() }], removes: Vec::new() }
    }

    pub(crate) fn floors(floors: &Floors) -> Self {
        Self { floors: Some(Arc::new(floors.clone())), writes: Vec::new(), removes: Vec::new() }
    }

    pub(crate) fn and_write(mut self, entry: Entry, version: u64, bytes: impl Into<Arc<Vec<u8>>>) -> Self {
        self.writes.push(Write { entry, version, bytes: bytes.into() });
        self
    }

    pub(crate) fn and_remove(mut self, entry: Entry) -> Self {
        self.removes.push(entry);
        self
    }

    /// Writes it to a store.
    ///
    /// # Errors
    /// When the lock or a write fails. Every file is whole then, old or new, and the next run goes on from there: floors
    /// are raised before the files they are about.
    pub fn apply(&self, store: &impl Store) -> Result<(), StoreError> {
        if store.is_read_only() {
            return Ok(());
        }
        let _lock = store.lock()?;
        // What is removed would raise again the floors that this commit resets: if they were reset first and the rest
        // did not happen, the next run would not know that it must.
        for entry in &self.removes {
            store.remove(entry)?;
        }
        let merged = self.raise_floors(store)?;
        // Another process followed a root meanwhile that rotated keys: what this run trusted was deleted by that (§5.3.11).
        let before_reset = self.floors.as_deref().is_some_and(|floors| floors.reset_by < merged.reset_by);
        for write in &self.writes {
            if before_reset && matches!(write.entry, Entry::Timestamp | Entry::Snapshot) {
                continue;
            }
            let floor = match write.entry {
                Entry::Root => merged.root.version,
                Entry::Timestamp => merged.timestamp.version,
                Entry::Snapshot => merged.snapshot.version,
                _ => 0,
            };
            if write.version >= floor {
                store.write(&write.entry, &write.bytes)?;
            }
        }
        Ok(())
    }

    /// Raises the stored floors to those of this commit, and these to what is stored. Nothing is read where no floor
    /// matters: a record at PyPI's size is 0.4 MB.
    fn raise_floors(&self, store: &impl Store) -> Result<Floors, StoreError> {
        let mut merged = self.floors.as_deref().cloned().unwrap_or_default();
        if self.floors.is_none() && !self.writes.iter().any(Write::has_floor) {
            return Ok(merged);
        }
        let current = read_floors(store)?;
        if let Some(current) = &current {
            merged.merge(current);
        }
        if self.floors.is_some() && current.as_ref() != Some(&merged) {
            store.write(&Entry::Floors, &merged.to_bytes())?;
        }
        Ok(merged)
    }
}

impl Write {
    /// Whether the floors say how old this file may be. Others are judged against their snapshot when they are read.
    fn has_floor(&self) -> bool {
        matches!(self.entry, Entry::Root | Entry::Timestamp | Entry::Snapshot)
    }
}

/// The record as another process may have left it. One that is damaged is about to be replaced.
fn read_floors(store: &impl Store) -> Result<Option<Floors>, StoreError> {
    let Some(bytes) = store.read(&Entry::Floors, MAX_FLOORS_BYTES)? else { return Ok(None) };
    match Floors::from_bytes(bytes) {
        Ok(floors) => Ok(Some(floors)),
        Err(BadRecord::Damaged) => Ok(None),
        Err(BadRecord::Newer(found)) => Err(newer_floors(found)),
    }
}

pub(crate) fn newer_floors(found: u32) -> StoreError {
    StoreError::new(Entry::Floors.file_name(), StoreFault::FloorsNewer { found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory_store::MemoryStore;
    use crate::trusted::Floor;

    #[test]
    fn a102_a_process_that_began_before_a_reset_does_not_bring_the_old_timestamp_back() {
        let store = MemoryStore::new();
        let mut before = Floors::default();
        before.timestamp.raise(&Floor::new(u64::MAX, None));
        let late = Commit::floors(&before).and_write(Entry::Timestamp, u64::MAX, b"of the thief".to_vec());
        late.apply(&store).unwrap();

        let mut reset = before.clone();
        reset.reset(2);
        Commit::floors(&reset).and_remove(Entry::Timestamp).apply(&store).unwrap();
        late.apply(&store).unwrap();
        assert_eq!(store.read(&Entry::Timestamp, 100).unwrap(), None);
        assert_eq!(read_floors(&store).unwrap(), Some(reset));
    }

    #[test]
    fn a239_files_older_than_the_floors_of_another_process_are_not_written() {
        let store = MemoryStore::new();
        let commit = |version: u64| {
            let mut floors = Floors::default();
            floors.timestamp.raise(&Floor::new(version, None));
            Commit::floors(&floors).and_write(Entry::Timestamp, version, version.to_string().into_bytes())
        };
        commit(3).apply(&store).unwrap();
        commit(2).apply(&store).unwrap();
        assert_eq!(store.read(&Entry::Timestamp, 100).unwrap(), Some(b"3".to_vec()));
        assert_eq!(read_floors(&store).unwrap().map(|floors| floors.timestamp.version), Some(3));
    }
}
