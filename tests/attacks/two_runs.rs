//! Two runs on one store at once: whichever writes last, no floor falls and no older file stays.

use tufgate::error::{Error, Fault, StoreFault};
use tufgate::{Action, Entry, Refresh, Settings, Store};

use super::both::for_both;
use super::shelf::Shelf;
use crate::simulator::{Delegation, Files, Repository, assert_refused, now};

/// Drives a machine by hand over the files of one time, one action at a time.
struct Run<'a> {
    machine: Refresh,
    files: &'a Files,
    answer: Option<Vec<u8>>,
}

impl<'a> Run<'a> {
    fn new(files: &'a Files) -> Self {
        let root = &files["metadata/1.root.json"];
        Self { machine: Refresh::new(root, Settings::default(), now()).unwrap(), files, answer: None }
    }

    /// Does one action; `false` at the end.
    fn step(&mut self, shelf: &Shelf) -> Result<bool, Error> {
        self.answer = match self.machine.step(self.answer.take())? {
            Action::Load { entry, max_bytes } => shelf.read(&entry, max_bytes)?,
            Action::Fetch(fetch) => self.files.get(&format!("metadata/{}", fetch.path)).map(|bytes| bytes.to_vec()),
            Action::Commit(commit) => {
                commit.apply(shelf)?;
                None
            }
            _ => return Ok(false),
        };
        Ok(true)
    }
}

#[test]
fn a239_a_run_that_is_overtaken_at_any_step_lowers_nothing() {
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
    repo.publish();
    let first = repo.files();
    repo.add_target("targets", "a", b"a");
    repo.publish();
    let old = repo.files();
    repo.add_target("alice", "alice/b", b"b");
    repo.add_target("targets", "b", b"b");
    repo.root.signed["x"] = 1.into();
    repo.publish();
    let new = repo.files();

    for_both(|kind| {
        repo.go_back_to(&first);
        let start = Shelf::new();
        kind.client(&repo, &start).refresh().unwrap();
        for steps in 0.. {
            let shelf = start.clone();
            // The slow run sees an old mirror, and is overtaken by a whole run that sees the new files.
            let mut slow = Run::new(&old);
            if (0..steps).any(|_| !slow.step(&shelf).unwrap()) {
                assert!(steps > 12, "only {steps} steps");
                break;
            }
            repo.go_back_to(&new);
            kind.client(&repo, &shelf).refresh().unwrap();
            let expected = shelf.floors();
            let result = loop {
                match slow.step(&shelf) {
                    Ok(true) => {}
                    other => break other,
                }
            };
            // Refused if it read what the other run wrote, else done with what was true when it began.
            if let Err(error) = result {
                assert!(matches!(&error, Error::Repository(error) if error.attack().is_some()), "{steps}: {error}");
            }
            assert_eq!(shelf.floors(), expected, "overtaken after {steps} steps");
            assert_eq!(shelf.versions()[..3], [2, 4, 4], "overtaken after {steps} steps");

            repo.go_back_to(&old);
            let fault = Fault::RootsWithheld { trusted: 2, found: 1 };
            let result = kind.client(&repo, &shelf.clone()).refresh().map(drop);
            match result {
                // Root 2 stands in the store, so that only the other files are old.
                Err(Error::Repository(error)) if error.fault != fault => {
                    assert_eq!(error.fault, Fault::Rollback { trusted: 4, found: 3 });
                }
                result => assert_refused(result, "root", fault),
            }
            repo.go_back_to(&new);
            kind.client(&repo, &shelf).refresh().unwrap();
            assert_eq!(shelf.versions(), [2, 4, 4, 4]);
        }
    });
}

#[test]
fn a243_the_record_of_a_newer_program_is_left_alone() {
    for_both(|kind| {
        let repo = Repository::new();
        let shelf = Shelf::new();
        kind.client(&repo, &shelf).refresh().unwrap();
        repo.take_log();
        shelf.put(&Entry::Floors, "tufgate floors 2\nwhat nobody knows yet\n");
        let before = shelf.files();
        match kind.client(&repo, &shelf).refresh().map(drop) {
            Err(Error::Store(error)) => assert_eq!(error.fault, StoreFault::FloorsNewer { found: 2 }),
            other => panic!("{other:?}"),
        }
        assert_eq!(shelf.files(), before);
        repo.assert_log(&[]);
    });
}
