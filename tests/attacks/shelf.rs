//! A store that shows all it holds, and that can stop to take changes after any number of them, as a crash does.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde_json::Value;
use tufgate::error::{StoreError, StoreFault};
use tufgate::{Entry, RoleName, Store, StoreLock};

/// A store in memory.
#[derive(Clone, Default)]
pub struct Shelf {
    files: RefCell<BTreeMap<String, Vec<u8>>>,
    changes_left: Cell<Option<u32>>,
}

impl Shelf {
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything it holds, by file name.
    pub fn files(&self) -> BTreeMap<String, String> {
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        self.files.borrow().iter().map(|(name, bytes)| (name.clone(), text(bytes))).collect()
    }

    /// The bytes of an entry.
    pub fn bytes(&self, entry: &Entry) -> Option<Vec<u8>> {
        self.files.borrow().get(&entry.file_name()).cloned()
    }

    /// Puts anything in the place of an entry.
    pub fn put(&self, entry: &Entry, bytes: impl Into<Vec<u8>>) {
        self.files.borrow_mut().insert(entry.file_name(), bytes.into());
    }

    /// Takes an entry away and gives it back.
    #[track_caller]
    pub fn take(&self, entry: &Entry) -> Vec<u8> {
        self.files.borrow_mut().remove(&entry.file_name()).expect("the entry is there")
    }

    /// Versions of the stored root, timestamp, snapshot and targets; 0 where there is none.
    pub fn versions(&self) -> [u64; 4] {
        [Entry::Root, Entry::Timestamp, Entry::Snapshot, Entry::Targets].map(|entry| self.version(&entry))
    }

    /// The version of a stored delegated role; 0 where there is none.
    pub fn delegated(&self, role: &str) -> u64 {
        self.version(&Entry::Delegated(RoleName::new(role).unwrap()))
    }

    fn version(&self, entry: &Entry) -> u64 {
        let Some(bytes) = self.bytes(entry) else { return 0 };
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        document["signed"]["version"].as_u64().unwrap()
    }

    /// The versions in the record of floors: `["timestamp 2", "snapshot 2", "role 1 \"targets\""]`.
    pub fn floors(&self) -> Vec<String> {
        let text = String::from_utf8(self.bytes(&Entry::Floors).unwrap_or_default()).unwrap();
        let versions = text.lines().filter_map(|line| match line.split(' ').collect::<Vec<_>>().as_slice() {
            [name @ ("timestamp" | "snapshot"), version, _] => Some(format!("{name} {version}")),
            ["role", ..] => Some(line.to_owned()),
            _ => None,
        });
        versions.collect()
    }

    /// Takes this many more changes; then every one fails and nothing of it is done.
    pub fn crash_after(&self, changes: u32) {
        self.changes_left.set(Some(changes));
    }

    /// Takes changes again.
    pub fn revive(&self) {
        self.changes_left.set(None);
    }

    fn change(&self, entry: &Entry, change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) -> Result<(), StoreError> {
        match self.changes_left.get() {
            Some(0) => return Err(StoreError::new(entry.file_name(), StoreFault::Write)),
            left => self.changes_left.set(left.map(|left| left - 1)),
        }
        change(&mut self.files.borrow_mut());
        Ok(())
    }
}

impl Store for Shelf {
    fn read(&self, entry: &Entry, max_bytes: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let limit = usize::try_from(max_bytes.saturating_add(1)).unwrap_or(usize::MAX);
        Ok(self.bytes(entry).map(|bytes| bytes[..bytes.len().min(limit)].to_vec()))
    }

    fn write(&self, entry: &Entry, bytes: &[u8]) -> Result<(), StoreError> {
        self.change(entry, |files| {
            files.insert(entry.file_name(), bytes.to_vec());
        })
    }

    fn remove(&self, entry: &Entry) -> Result<(), StoreError> {
        self.change(entry, |files| {
            files.remove(&entry.file_name());
        })
    }

    fn lock(&self) -> Result<StoreLock, StoreError> {
        Ok(StoreLock::unshared())
    }
}
