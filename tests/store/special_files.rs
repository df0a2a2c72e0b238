//! Things that are no regular files, where an entry or the lock should be.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tufgate::error::{StoreError, StoreFault};
use tufgate::{Entry, FileStore, Store};

use super::{fault, file_store, files};

const HINT: &str = "it is not a regular file; remove it";

fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn explain(error: &StoreError) -> (&StoreFault, String) {
    (&error.fault, error.source.as_ref().map(ToString::to_string).unwrap_or_default())
}

#[test]
fn a225_a_fifo_in_the_place_of_an_entry_does_not_block_and_is_not_absent() {
    let (_temp, store) = file_store();
    make_fifo(&store.directory().join("floors"));
    let error = store.read(&Entry::Floors, 100).unwrap_err();
    assert_eq!(explain(&error), (&StoreFault::Read, HINT.to_owned()));
    store.write(&Entry::Floors, b"floors").unwrap();
    assert_eq!(store.read(&Entry::Floors, 100).unwrap(), Some(b"floors".to_vec()));
}

#[test]
fn a224_a_link_in_the_place_of_an_entry_is_not_read_through_and_not_written_through() {
    let (temp, store) = file_store();
    let elsewhere = temp.path().join("elsewhere");
    fs::write(&elsewhere, "secret").unwrap();
    for target in [elsewhere.as_path(), Path::new("/dev/zero"), Path::new("missing")] {
        symlink(target, store.directory().join("root.json")).unwrap();
        let error = store.read(&Entry::Root, 100).unwrap_err();
        assert_eq!(explain(&error), (&StoreFault::Read, HINT.to_owned()));
        store.write(&Entry::Root, b"root").unwrap();
        assert_eq!(store.read(&Entry::Root, 100).unwrap(), Some(b"root".to_vec()));
        store.remove(&Entry::Root).unwrap();
    }
    assert_eq!(fs::read(&elsewhere).unwrap(), b"secret");
    assert_eq!(files(store.directory()), [".lock", "root_history"]);
}

#[test]
fn a224_removing_a_link_leaves_what_it_leads_to() {
    let (temp, store) = file_store();
    let elsewhere = temp.path().join("elsewhere");
    fs::write(&elsewhere, "kept").unwrap();
    symlink(&elsewhere, store.directory().join("root.json")).unwrap();
    store.remove(&Entry::Root).unwrap();
    assert_eq!(store.read(&Entry::Root, 100).unwrap(), None);
    assert_eq!(fs::read(&elsewhere).unwrap(), b"kept");
}

#[test]
fn a225_the_other_name_of_a_hard_linked_entry_is_not_altered() {
    let (temp, store) = file_store();
    let other = temp.path().join("other");
    fs::write(&other, "other").unwrap();
    fs::hard_link(&other, store.directory().join("root.json")).unwrap();
    store.write(&Entry::Root, b"root").unwrap();
    assert_eq!(fs::read(&other).unwrap(), b"other");
}

#[test]
fn a_lock_that_is_no_regular_file_is_not_opened() {
    let (temp, store) = file_store();
    let lock = store.directory().join(".lock");
    for make in [make_fifo as fn(&Path), |path| symlink("../made", path).unwrap()] {
        fs::remove_file(&lock).unwrap();
        make(&lock);
        assert_eq!(explain(&store.lock().unwrap_err()), (&StoreFault::Lock, HINT.to_owned()));
        assert_eq!(fault(FileStore::open(store.directory())), (lock.display().to_string(), StoreFault::Lock));
    }
    assert!(!temp.path().join("made").exists());
}
