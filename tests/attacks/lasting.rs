//! What one run leaves to the next, and what one search leaves to another.

use std::time::{Duration, UNIX_EPOCH};

use tufgate::error::{Error, Fault, StoreError, StoreFault};
use tufgate::{Entry, FileStore, Found, HashAlgorithm, MemoryStore, Store, StoreLock, TargetPath};

use super::client;
use crate::simulator::{DAY, Delegation, Key, Repository, assert_refused, hash, now};

/// A repository whose stolen timestamp key made `store` believe in timestamp 1,000, and which recovered by giving
/// snapshot, and only snapshot, other keys.
fn fast_forwarded_then_recovered(store: impl Store) -> Repository {
    let mut repo = Repository::new();
    repo.publish();
    let honest = repo.fork();
    repo.role_mut("timestamp").set_version(1000);
    repo.put("timestamp");
    client(&repo, store).refresh().unwrap();

    let mut repo = honest;
    repo.rotate("snapshot", [Key::ed25519(7)]);
    repo.publish();
    repo
}

#[test]
fn a062_a_store_that_is_only_read_gives_no_floor_back_after_a_rotation() {
    let dir = tempfile::tempdir().unwrap();
    let repo = fast_forwarded_then_recovered(FileStore::open(dir.path()).unwrap());
    let mut client = client(&repo, FileStore::read_only(dir.path()).unwrap());
    assert_eq!(client.refresh().unwrap().timestamp().version(), 3);
}

/// A store that can write but not remove: what a crash right before a removal leaves.
struct NoRemoval<'a>(&'a MemoryStore);

impl Store for NoRemoval<'_> {
    fn read(&self, entry: &Entry, max_bytes: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.read(entry, max_bytes)
    }

    fn write(&self, entry: &Entry, bytes: &[u8]) -> Result<(), StoreError> {
        self.0.write(entry, bytes)
    }

    fn remove(&self, entry: &Entry) -> Result<(), StoreError> {
        Err(StoreError::new(entry.file_name(), StoreFault::Write))
    }

    fn lock(&self) -> Result<StoreLock, StoreError> {
        self.0.lock()
    }
}

#[test]
fn a062_a_rotation_that_was_interrupted_before_the_deletion_is_followed_by_the_next_run() {
    let store = MemoryStore::new();
    let repo = fast_forwarded_then_recovered(&store);
    let interrupted = client(&repo, NoRemoval(&store)).refresh().map(|_| ()).unwrap_err();
    assert!(matches!(interrupted, Error::Store(_)), "{interrupted:?}");
    assert_eq!(client(&repo, &store).refresh().unwrap().timestamp().version(), 3);
}

#[test]
fn a107_a_clock_far_ahead_that_finds_a_new_root_does_not_become_a_floor() {
    let mut repo = Repository::new();
    repo.bump("root");
    repo.publish();
    let store = MemoryStore::new();
    let far = UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    let early = client(&repo, &store).with_clock(move || far).refresh().map(|_| ());
    let expires = now() + 1826 * DAY;
    assert_refused(early, "root", Fault::Expired { expires, now: far });
    assert_eq!(client(&repo, &store).refresh().unwrap().started(), now());
}

#[test]
fn a107_a_clock_ahead_of_the_timestamp_does_not_become_a_floor() {
    let mut repo = Repository::new();
    repo.set_expires("timestamp", "2030-01-02T00:00:00Z");
    repo.publish();
    let store = MemoryStore::new();
    let ahead = now() + 30 * DAY;
    let early = client(&repo, &store).with_clock(move || ahead).refresh().map(|_| ());
    assert_refused(early, "timestamp", Fault::Expired { expires: now() + DAY, now: ahead });
    assert_eq!(client(&repo, &store).refresh().unwrap().started(), now());
}

#[test]
fn a106_the_time_of_a_verified_update_is_a_floor() {
    let mut repo = Repository::new();
    let store = MemoryStore::new();
    let later = now() + 30 * DAY;
    client(&repo, &store).with_clock(move || later).refresh().unwrap();
    repo.set_expires("timestamp", "2030-01-30T00:00:00Z");
    repo.publish();
    let behind = client(&repo, &store).refresh().map(|_| ());
    assert_refused(behind, "timestamp", Fault::Expired { expires: now() + 29 * DAY, now: later });
}

/// `x` and `y` both delegate to a role `a`, each to keys of its own, and each `a` to a role `b`. A mirror that has a
/// file of both kinds serves the one of `x` first.
#[test]
fn a124_what_two_documents_of_one_role_delegate_to_is_kept_apart() {
    let mut honest = Repository::new();
    for name in ["x", "y"] {
        honest.delegate("targets", Delegation::to(name).paths([&*format!("{name}/*")]).terminating());
    }
    let mut mallory = honest.fork();
    for (repo, keys) in [(&mut honest, [1, 2]), (&mut mallory, [11, 12])] {
        let (from, paths) = if keys == [1, 2] { ("y", ["y/*"]) } else { ("x", ["x/*"]) };
        let [a, b] = keys.map(Key::ed25519);
        repo.delegate(from, Delegation::to("a").keys([a]).paths(paths).terminating());
        repo.delegate("a", Delegation::to("b").keys([b]).paths(["*/*"]).terminating());
    }
    // What the targets role says of `x` and `y` is the same in both; each of them signs its own part.
    mallory.add_target("b", "x/f", b"of x");
    mallory.add_target("b", "y/f", b"evil");
    honest.add_target("b", "y/f", b"good");
    mallory.publish();
    honest.role_mut("x").signed = mallory.role("x").signed.clone();
    honest.publish();

    let mut client = client(&honest, MemoryStore::new());
    for name in ["a", "b"] {
        honest.serve(&honest.path(name), mallory.file(&mallory.path(name)));
    }
    let of_x = client.lookup(&TargetPath::new("x/f").unwrap()).unwrap();
    assert_eq!(sha256_of(&of_x), hash("sha256", b"of x"));
    for name in ["a", "b"] {
        honest.lift(&honest.path(name));
    }
    let of_y = client.lookup(&TargetPath::new("y/f").unwrap()).unwrap();
    assert_eq!(sha256_of(&of_y), hash("sha256", b"good"));
}

fn sha256_of(found: &Found) -> String {
    let Found::Signed(info) = found else { panic!("{found:?}") };
    info.hashes().of(HashAlgorithm::Sha256).unwrap().to_hex()
}
