//! The stores: what is kept, where, and what survives.

mod contract;
mod directory;
mod names;
#[cfg(unix)]
mod private;
#[cfg(unix)]
mod processes;
mod read_only;
#[cfg(unix)]
mod special_files;

use std::fs;
use std::path::Path;

use tufgate::error::StoreFault;
use tufgate::{FileStore, RoleName};

/// A fresh store and the directory that goes away with it.
fn file_store() -> (tempfile::TempDir, FileStore) {
    let temp = tempfile::tempdir().unwrap();
    let store = FileStore::open(temp.path().join("store")).unwrap();
    (temp, store)
}

fn role(name: &str) -> RoleName {
    RoleName::new(name).unwrap()
}

/// Every path below a directory, sorted.
fn files(dir: &Path) -> Vec<String> {
    fn collect(dir: &Path, base: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            found.push(path.strip_prefix(base).unwrap().to_str().unwrap().replace('\\', "/"));
            if path.symlink_metadata().unwrap().is_dir() {
                collect(&path, base, found);
            }
        }
    }
    let mut found = Vec::new();
    collect(dir, dir, &mut found);
    found.sort();
    found
}

/// What a failed call says, without the cause.
fn fault<T: std::fmt::Debug>(result: Result<T, tufgate::error::StoreError>) -> (String, StoreFault) {
    let error = result.unwrap_err();
    (error.path, error.fault)
}
