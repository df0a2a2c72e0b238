//! Runs of new clients, one after the other, on a store that outlives them.

use std::collections::BTreeMap;
use std::fmt::Debug;

use tempfile::TempDir;
use tufgate::error::{Error, Fault, RepositoryError, Subject};
use tufgate::{
    AsyncClient, Client, Entry, FileStore, Found, MemoryStore, Notice, Repository as Config, RoleName, Session,
    Settings, Store, TargetPath,
};

use crate::simulator::{Repository, block_on, hash, now};

/// Versions of root, timestamp, snapshot and targets.
pub type Versions = [u64; 4];

/// A machine with an installer on it. The store stays; each run is a new client, on a directory also a new store.
pub struct Machine {
    place: Place,
    is_async: bool,
}

enum Place {
    Memory(MemoryStore),
    Directory(TempDir),
}

impl Machine {
    /// A store in memory and the blocking client.
    pub fn new() -> Self {
        Self { place: Place::Memory(MemoryStore::new()), is_async: false }
    }

    /// Both kinds of store, each with both kinds of client.
    pub fn each() -> [Self; 4] {
        let memory = || Place::Memory(MemoryStore::new());
        let directory = || Place::Directory(tempfile::tempdir().unwrap());
        [(memory(), false), (memory(), true), (directory(), false), (directory(), true)]
            .map(|(place, is_async)| Self { place, is_async })
    }

    /// One update by an installer that was shipped with this root.
    pub fn run(&self, repo: &Repository, pinned_root: &[u8]) -> Result<Versions, Error> {
        self.run_with(repo, pinned_root, &Settings::default()).map(|(versions, _)| versions)
    }

    /// The same with settings, and what a user would be told.
    pub fn run_with(
        &self,
        repo: &Repository,
        pinned_root: &[u8],
        settings: &Settings,
    ) -> Result<(Versions, Vec<Notice>), Error> {
        let config = config(repo, pinned_root).with_settings(settings.clone());
        self.with_store(|store| match self.is_async {
            false => Client::new(config, repo.transport(), store).with_clock(now).refresh().map(outcome),
            true => block_on(async {
                AsyncClient::new(config, repo.transport(), store).with_clock(now).refresh().await.map(outcome)
            }),
        })
    }

    /// An update and a search by an installer that was shipped with root 1.
    pub fn lookup(&self, repo: &Repository, path: &str) -> Result<Found, Error> {
        let config = config(repo, &repo.root_file(1));
        let path = TargetPath::new(path).unwrap();
        self.with_store(|store| match self.is_async {
            false => Client::new(config, repo.transport(), store).with_clock(now).lookup(&path),
            true => block_on(AsyncClient::new(config, repo.transport(), store).with_clock(now).lookup(&path)),
        })
    }

    /// One entry of the store.
    pub fn entry(&self, entry: &Entry) -> Option<Vec<u8>> {
        self.with_store(|store| store.read(entry, 1 << 24).unwrap())
    }

    /// Writes to the store behind the installer's back.
    pub fn plant(&self, entry: &Entry, bytes: &[u8]) {
        self.with_store(|store| store.write(entry, bytes).unwrap());
    }

    /// Removes from the store behind the installer's back.
    pub fn lose(&self, entry: &Entry) {
        self.with_store(|store| store.remove(entry).unwrap());
    }

    /// All that the store holds of top-level roles, by name, as hashes: to see that nothing changed.
    pub fn kept(&self) -> BTreeMap<String, String> {
        let kept = |entry: Entry| Some((entry.file_name(), hash("sha256", &self.entry(&entry)?)));
        top_level_entries().into_iter().filter_map(kept).collect()
    }

    /// The names of all that the store holds of top-level roles.
    pub fn names(&self) -> Vec<String> {
        self.kept().into_keys().collect()
    }

    /// A copy of all that the store holds of top-level roles, in a machine with a store in memory.
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        for entry in top_level_entries() {
            if let Some(bytes) = self.entry(&entry) {
                copy.plant(&entry, &bytes);
            }
        }
        copy
    }

    /// Hands out the store as a client gets it.
    pub fn with_store<T>(&self, then: impl FnOnce(&dyn Store) -> T) -> T {
        match &self.place {
            Place::Memory(store) => then(store),
            Place::Directory(directory) => then(&FileStore::open(directory.path().join("store")).unwrap()),
        }
    }
}

fn top_level_entries() -> Vec<Entry> {
    let mut entries = vec![Entry::Floors, Entry::Root, Entry::Timestamp, Entry::Snapshot, Entry::Targets];
    entries.extend((1..=9).map(Entry::RootHistory));
    entries
}

fn config(repo: &Repository, pinned_root: &[u8]) -> Config {
    Config::new(pinned_root, repo.metadata_base(), repo.targets_base())
}

/// What a session stands on, and what a user would be told.
pub fn outcome(session: &Session) -> (Versions, Vec<Notice>) {
    let versions = [
        session.root().version(),
        session.timestamp().version(),
        session.snapshot().version(),
        session.targets().version(),
    ];
    (versions, session.notices().to_vec())
}

/// That too few keys signed.
pub fn too_few(delegator: &str, valid: usize, required: u16) -> Fault {
    Fault::Threshold { delegator: RoleName::new(delegator).unwrap(), valid, required }
}

/// The metadata of `role` was refused as malformed for exactly this reason, wherever in the document.
#[track_caller]
pub fn assert_malformed<T: Debug>(result: Result<T, Error>, role: &str, reason: &str) {
    match result {
        Err(Error::Repository(RepositoryError { subject, fault: Fault::Malformed(found) })) => {
            let expected = Subject::Role(RoleName::new(role).unwrap());
            assert_eq!((subject, found.reason.as_str()), (expected, reason));
        }
        other => panic!("{role}: malformed ({reason})\nwas expected, not {other:?}"),
    }
}

/// The target's metadata was found.
#[track_caller]
pub fn assert_signed(result: Result<Found, Error>) {
    assert!(matches!(result, Ok(Found::Signed(_))), "{result:?}");
}
