//! A store without a disk.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::StoreError;
use crate::store::{Entry, Store, StoreLock};

/// A store that lasts as long as the value: for tests, and for programs that bring their own record.
///
/// The next run starts again from the pinned root and knows no floors, so it cannot notice that a repository went back
/// to versions older than those of this run, as long as they have not expired. Its lock excludes nobody: give each client
/// a store of its own.
#[derive(Debug, Default)]
pub struct MemoryStore {
    entries: Mutex<HashMap<String, Vec<u8>>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, Vec<u8>>> {
        // Each change is one call of the map, so a panic elsewhere cannot have left one half done.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn read(&self, entry: &Entry, max_bytes: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let limit = usize::try_from(max_bytes.saturating_add(1)).unwrap_or(usize::MAX);
        Ok(self.entries().get(&entry.file_name()).map(|bytes| bytes.iter().take(limit).copied().collect()))
    }

    fn write(&self, entry: &Entry, bytes: &[u8]) -> Result<(), StoreError> {
        self.entries().insert(entry.file_name(), bytes.to_vec());
        Ok(())
    }

    fn remove(&self, entry: &Entry) -> Result<(), StoreError> {
        self.entries().remove(&entry.file_name());
        Ok(())
    }

    fn lock(&self) -> Result<StoreLock, StoreError> {
        Ok(StoreLock::unshared())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_another_thread_does_not_break_the_store() {
        let store = MemoryStore::new();
        store.write(&Entry::Root, b"root").unwrap();
        let panicked = std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let _entries = store.entries();
                panic!("with the mutex held");
            });
            thread.join().is_err()
        });
        assert!(panicked && store.entries.is_poisoned());
        assert_eq!(store.read(&Entry::Root, 100).unwrap(), Some(b"root".to_vec()));
    }
}
