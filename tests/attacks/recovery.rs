//! A recovery that is cut off, that another process gets in the way of, or that cannot be written down.

use std::cell::Cell;
use std::pin::pin;
use std::task::{Context, Waker};

use tufgate::error::{StoreError, StoreFault};
use tufgate::{AsyncClient, Client, Entry, FileStore, MemoryStore, Repository as Config, Store, StoreLock};

use super::machine::{Machine, outcome};
use super::rotation::{FAR, fast_forwarded, rotate, start_again};
use crate::simulator::{Repository, now};

fn config(repo: &Repository) -> Config {
    Config::new(repo.root_file(1), repo.metadata_base(), repo.targets_base())
}

/// A store that may not be written to keeps both files; they must not be used either.
#[test]
fn a066_new_keys_of_one_role_end_a_fast_forward_also_over_a_read_only_store() {
    for rotated in ["timestamp", "snapshot"] {
        let temp = tempfile::tempdir().unwrap();
        let mut repo = fast_forwarded();
        let run = |repo: &Repository, store: FileStore| {
            Client::new(config(repo), repo.transport(), store).with_clock(now).refresh().map(outcome)
        };
        assert_eq!(run(&repo, FileStore::open(temp.path()).unwrap()).unwrap().0, [1, FAR, FAR, FAR]);
        rotate(&mut repo, rotated, 7);
        start_again(&mut repo, 2);
        for _ in 0..2 {
            let store = FileStore::read_only(temp.path()).unwrap();
            assert_eq!(run(&repo, store).unwrap(), ([2, 2, 2, 2], vec![]));
        }
    }
}

/// Another process, which does not know the new root yet, ends its update after this one's: wherever it stands when
/// this one runs, it does not bring back what was dropped.
#[test]
fn a066_a_slower_process_does_not_undo_the_reset() {
    for rotated in ["timestamp", "snapshot"] {
        let old = fast_forwarded();
        let mut new = old.fork();
        rotate(&mut new, rotated, 7);
        start_again(&mut new, 2);
        let mut overtaken = 0;
        // Not from 0: whoever starts after the reset knows of it.
        for polls in 1.. {
            let store = MemoryStore::new();
            let client = |repo: &Repository| Client::new(config(repo), repo.transport(), &store).with_clock(now);
            // All know a state before the fast-forward.
            client(&Repository::new()).refresh().unwrap();
            let mut slow = AsyncClient::new(config(&old), old.transport(), &store).with_clock(now);
            let mut slow = pin!(slow.refresh());
            let mut context = Context::from_waker(Waker::noop());
            let done = (0..polls).any(|_| slow.as_mut().poll(&mut context).is_ready());
            if done {
                break;
            }
            overtaken += 1;
            client(&new).refresh().unwrap();
            while slow.as_mut().poll(&mut context).is_pending() {}
            let versions = client(&new).refresh().map(outcome).unwrap().0;
            assert_eq!(versions, [2, 2, 2, 2], "{rotated}, overtaken after {polls} steps");
        }
        assert!(overtaken > 5, "{overtaken} places are not the whole update");
    }
}

/// Fails at the n-th change, as a machine does that loses its power.
struct Failing<'a> {
    store: &'a dyn Store,
    changes_left: Cell<u32>,
}

impl Failing<'_> {
    fn change(&self, entry: &Entry) -> Result<(), StoreError> {
        match self.changes_left.get().checked_sub(1) {
            Some(left) => {
                self.changes_left.set(left);
                Ok(())
            }
            None => Err(StoreError::new(entry.file_name(), StoreFault::Write)),
        }
    }
}

impl Store for Failing<'_> {
    fn read(&self, entry: &Entry, max_bytes: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.read(entry, max_bytes)
    }

    fn write(&self, entry: &Entry, bytes: &[u8]) -> Result<(), StoreError> {
        self.change(entry).and_then(|()| self.store.write(entry, bytes))
    }

    fn remove(&self, entry: &Entry) -> Result<(), StoreError> {
        self.change(entry).and_then(|()| self.store.remove(entry))
    }

    fn lock(&self) -> Result<StoreLock, StoreError> {
        self.store.lock()
    }
}

/// However far a run came: the next one finishes the reset, and is not held up by a file that was to be removed.
#[test]
fn a066_a_reset_that_was_cut_off_anywhere_is_finished_by_the_next_run() {
    for rotated in ["timestamp", "snapshot"] {
        let before = Machine::new();
        let mut repo = fast_forwarded();
        let pinned = repo.root_file(1);
        before.run(&repo, &pinned).unwrap();
        rotate(&mut repo, rotated, 7);
        start_again(&mut repo, 2);
        let mut cut_off = 0;
        for changes in 0.. {
            let machine = before.copy();
            let config = Config::new(pinned.clone(), repo.metadata_base(), repo.targets_base());
            let whole = machine.with_store(|store| {
                let store = Failing { store, changes_left: Cell::new(changes) };
                Client::new(config, repo.transport(), store).with_clock(now).refresh().is_ok()
            });
            assert_eq!(machine.run(&repo, &pinned).unwrap(), [2, 2, 2, 2], "{rotated}, cut off after {changes}");
            if whole {
                break;
            }
            cut_off += 1;
        }
        assert!(cut_off > 5, "{cut_off} changes are not the whole reset");
    }
}
