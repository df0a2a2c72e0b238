//! A store that leaves no trace.

use std::fs;

use tufgate::error::StoreFault;
use tufgate::{Entry, FileStore, Store};

use super::{fault, file_store, files};

#[test]
fn a240_a_read_only_store_reads_and_drops_what_it_is_given() {
    let (_temp, store) = file_store();
    store.write(&Entry::Root, b"root").unwrap();
    fs::remove_file(store.directory().join(".lock")).unwrap();
    let before = files(store.directory());

    let read_only = FileStore::read_only(store.directory()).unwrap();
    assert!(read_only.is_read_only());
    let lock = read_only.lock().unwrap();
    read_only.write(&Entry::Root, b"other").unwrap();
    read_only.write(&Entry::Floors, b"floors").unwrap();
    read_only.remove(&Entry::Root).unwrap();
    drop(lock);
    assert_eq!(read_only.read(&Entry::Root, 100).unwrap(), Some(b"root".to_vec()));
    assert_eq!(read_only.read(&Entry::Floors, 100).unwrap(), None);
    assert_eq!(files(store.directory()), before);
}

#[test]
fn a_read_only_store_waits_for_nobody() {
    let (_temp, store) = file_store();
    let _held = store.lock().unwrap();
    drop(FileStore::read_only(store.directory()).unwrap().lock().unwrap());
}

#[test]
fn a_missing_directory_reads_as_an_empty_store_and_is_not_made() {
    let temp = tempfile::tempdir().unwrap();
    let store = FileStore::read_only(temp.path().join("a/b")).unwrap();
    for entry in [Entry::Root, Entry::RootHistory(1), Entry::Floors] {
        store.write(&entry, b"x").unwrap();
        assert_eq!(store.read(&entry, 100).unwrap(), None);
    }
    assert_eq!(files(temp.path()), [""; 0]);
}

#[test]
fn half_written_files_of_others_stay() {
    let (_temp, store) = file_store();
    let stale = store.directory().join(".tufgate-0123456789abcdef0123456789abcdef.tmp");
    fs::write(&stale, "half").unwrap();
    FileStore::read_only(store.directory()).unwrap();
    assert!(stale.exists());
    FileStore::open(store.directory()).unwrap();
    assert!(!stale.exists());
}

#[test]
fn a_file_where_the_directory_should_be_is_not_an_empty_store() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("store");
    fs::write(&path, "").unwrap();
    assert_eq!(fault(FileStore::open(&path)), (path.display().to_string(), StoreFault::Write));
    assert_eq!(fault(FileStore::read_only(&path)), (path.display().to_string(), StoreFault::Read));
}
