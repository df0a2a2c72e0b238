//! What every store that writes must do.

use std::fs::{self, OpenOptions};

use tufgate::error::StoreFault;
use tufgate::{Entry, FileStore, MemoryStore, Store};

use super::{fault, file_store, files, role};

fn entries() -> [Entry; 8] {
    [
        Entry::Root,
        Entry::RootHistory(1),
        Entry::RootHistory(u64::MAX),
        Entry::Timestamp,
        Entry::Snapshot,
        Entry::Targets,
        Entry::Delegated(role("bin-0")),
        Entry::Floors,
    ]
}

fn keeps_the_contract(store: &dyn Store) {
    assert!(!store.is_read_only());
    for entry in entries() {
        assert_eq!(store.read(&entry, 100).unwrap(), None, "{entry:?} before it was written");
        store.remove(&entry).unwrap();
    }
    let lock = store.lock().unwrap();
    for (at, entry) in entries().iter().enumerate() {
        store.write(entry, format!("a longer first text {at}").as_bytes()).unwrap();
        store.write(entry, format!("text {at}").as_bytes()).unwrap();
    }
    drop(lock);
    for (at, entry) in entries().iter().enumerate() {
        assert_eq!(store.read(entry, 100).unwrap(), Some(format!("text {at}").into_bytes()), "{entry:?}");
    }
    store.write(&Entry::Targets, b"").unwrap();
    assert_eq!(store.read(&Entry::Targets, 100).unwrap(), Some(Vec::new()), "empty is not absent");

    store.write(&Entry::Root, b"0123456789").unwrap();
    for (max_bytes, expected) in [(0, "0"), (8, "012345678"), (9, "0123456789"), (10, "0123456789")] {
        assert_eq!(store.read(&Entry::Root, max_bytes).unwrap(), Some(expected.into()), "{max_bytes}");
    }
    assert_eq!(store.read(&Entry::Root, u64::MAX).unwrap(), Some(b"0123456789".to_vec()));

    store.remove(&Entry::Timestamp).unwrap();
    assert_eq!(store.read(&Entry::Timestamp, 100).unwrap(), None);
    assert_eq!(store.read(&Entry::Snapshot, 100).unwrap(), Some(b"text 4".to_vec()));
    drop(store.lock().unwrap());
}

#[test]
fn a_memory_store_keeps_the_contract() {
    keeps_the_contract(&MemoryStore::new());
}

#[test]
fn a_file_store_keeps_the_contract() {
    let (_temp, store) = file_store();
    keeps_the_contract(&store);
}

#[test]
fn what_was_written_is_there_when_the_store_is_opened_again() {
    let (_temp, store) = file_store();
    store.write(&Entry::Root, b"root").unwrap();
    store.write(&Entry::RootHistory(7), b"root 7").unwrap();
    let again = FileStore::open(store.directory()).unwrap();
    assert_eq!(again.read(&Entry::Root, 100).unwrap(), Some(b"root".to_vec()));
    assert_eq!(again.read(&Entry::RootHistory(7), 100).unwrap(), Some(b"root 7".to_vec()));
    assert_eq!(
        files(store.directory()),
        [".lock", "root.json", "root_history", "root_history/7.root"],
        "and nothing else is"
    );
}

#[test]
fn an_entry_longer_than_the_limit_is_not_read_to_its_end() {
    let (_temp, store) = file_store();
    let file = OpenOptions::new().create_new(true).write(true).open(store.directory().join("root.json")).unwrap();
    file.set_len(1 << 40).unwrap();
    assert_eq!(store.read(&Entry::Root, 10).unwrap(), Some(vec![0; 11]));
}

#[test]
fn a_file_that_was_damaged_is_given_back_as_it_is_and_can_be_replaced() {
    let (_temp, store) = file_store();
    store.write(&Entry::Snapshot, b"snapshot").unwrap();
    fs::write(store.directory().join("snapshot.json"), b"snap\0\xff").unwrap();
    assert_eq!(store.read(&Entry::Snapshot, 100).unwrap(), Some(b"snap\0\xff".to_vec()));
    store.write(&Entry::Snapshot, b"snapshot").unwrap();
    assert_eq!(store.read(&Entry::Snapshot, 100).unwrap(), Some(b"snapshot".to_vec()));
}

#[test]
fn a240_a_write_that_cannot_be_done_is_an_error_and_leaves_nothing_behind() {
    let (_temp, store) = file_store();
    let in_the_way = store.directory().join("floors");
    fs::create_dir(&in_the_way).unwrap();
    fs::remove_dir(store.directory().join("root_history")).unwrap();
    for (entry, path) in
        [(Entry::Floors, in_the_way), (Entry::RootHistory(1), store.directory().join("root_history/1.root"))]
    {
        assert_eq!(fault(store.write(&entry, b"new")), (path.display().to_string(), StoreFault::Write));
    }
    assert_eq!(files(store.directory()), [".lock", "floors"]);
}

#[test]
fn a246_removing_every_delegated_role_leaves_the_floors() {
    let (_temp, store) = file_store();
    store.write(&Entry::Floors, b"floors").unwrap();
    for name in ["bins", "bin-0", "floors", "../floors"] {
        store.write(&Entry::Delegated(role(name)), b"delegated").unwrap();
        store.remove(&Entry::Delegated(role(name))).unwrap();
    }
    assert_eq!(store.read(&Entry::Floors, 100).unwrap(), Some(b"floors".to_vec()));
    assert_eq!(files(store.directory()), [".lock", "floors", "root_history"]);
}
