//! Who may write where the record of trust lies.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use tufgate::error::StoreFault;
use tufgate::{Entry, FileStore, Store};

use super::{fault, file_store, files, role};

const WRITABLE: StoreFault = StoreFault::NotPrivate("its mode lets others write to it");
const FOREIGN: StoreFault = StoreFault::NotPrivate("it belongs to another user");
const LINK: StoreFault = StoreFault::NotPrivate("it is a link to another place");

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn a232_directories_and_files_are_for_their_owner_alone() {
    let temp = tempfile::tempdir().unwrap();
    let store = FileStore::open(temp.path().join("state/store")).unwrap();
    for entry in [Entry::Root, Entry::RootHistory(1), Entry::Floors, Entry::Delegated(role("bin-0"))] {
        store.write(&entry, b"x").unwrap();
    }
    let modes: Vec<_> = files(temp.path()).into_iter().map(|name| (mode(&temp.path().join(&name)), name)).collect();
    let expected = [
        (0o700, "state"),
        (0o700, "state/store"),
        (0o600, "state/store/.lock"),
        (0o600, "state/store/delegated.bin-0.json"),
        (0o600, "state/store/floors"),
        (0o600, "state/store/root.json"),
        (0o700, "state/store/root_history"),
        (0o600, "state/store/root_history/1.root"),
    ];
    assert_eq!(modes, expected.map(|(mode, name)| (mode, name.to_owned())));
}

#[test]
fn a232_a_directory_that_others_can_write_to_is_refused_and_not_touched() {
    for mode in [0o777, 0o1777, 0o770, 0o720, 0o702] {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("store");
        fs::create_dir(&path).unwrap();
        set_mode(&path, mode);
        assert_eq!(fault(FileStore::open(&path)), (path.display().to_string(), WRITABLE), "{mode:o}");
        assert_eq!(fault(FileStore::read_only(&path)), (path.display().to_string(), WRITABLE), "{mode:o}");
        assert_eq!(files(&path), [""; 0]);
    }
}

#[test]
fn a232_the_history_is_held_to_the_same_rule() {
    let (_temp, store) = file_store();
    let history = store.directory().join("root_history");
    set_mode(&history, 0o777);
    assert_eq!(fault(FileStore::open(store.directory())), (history.display().to_string(), WRITABLE));
    assert_eq!(fault(FileStore::read_only(store.directory())), (history.display().to_string(), WRITABLE));
}

#[test]
fn a_directory_that_others_can_only_read_is_accepted() {
    let temp = tempfile::tempdir().unwrap();
    set_mode(temp.path(), 0o755);
    FileStore::open(temp.path()).unwrap().write(&Entry::Root, b"root").unwrap();
    assert_eq!(mode(temp.path()), 0o755);
}

#[test]
fn a224_a_history_that_leads_elsewhere_is_refused() {
    let (temp, store) = file_store();
    let history = store.directory().join("root_history");
    let elsewhere = temp.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    set_mode(&elsewhere, 0o700);
    fs::remove_dir(&history).unwrap();
    symlink(&elsewhere, &history).unwrap();
    assert_eq!(fault(FileStore::open(store.directory())), (history.display().to_string(), LINK));
    assert_eq!(fault(FileStore::read_only(store.directory())), (history.display().to_string(), LINK));
    assert_eq!(files(&elsewhere), [""; 0]);
}

#[test]
fn the_owner_may_keep_the_store_behind_a_link() {
    let temp = tempfile::tempdir().unwrap();
    let (real, link) = (temp.path().join("real"), temp.path().join("link"));
    fs::create_dir(&real).unwrap();
    set_mode(&real, 0o700);
    symlink(&real, &link).unwrap();
    FileStore::open(&link).unwrap().write(&Entry::Root, b"root").unwrap();
    assert_eq!(fs::read(real.join("root.json")).unwrap(), b"root");
}

#[test]
fn a247_a_directory_of_another_user_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("store");
    fs::create_dir(&path).unwrap();
    set_mode(&path, 0o700);
    if fs::metadata(&path).unwrap().uid() == 0 {
        // The administrator, by sudo, in the directory of a lesser user.
        std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
        assert_eq!(fault(FileStore::open(&path)), (path.display().to_string(), FOREIGN));
        assert_eq!(files(&path), [""; 0]);
    } else {
        // A user cannot give a directory away, but the root directory belongs to another.
        assert_eq!(fault(FileStore::open("/")), ("/".to_owned(), StoreFault::Write));
    }
}
