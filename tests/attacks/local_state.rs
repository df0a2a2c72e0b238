//! The local store: torn by a crash, damaged, half deleted, put back (TUF-1.0.34 §5.1; the record of floors).

use std::collections::BTreeSet;

use tufgate::error::{Error, Fault, StoreFault};
use tufgate::{Entry, Notice, RoleName, TargetPath};

use super::both::{AnyClient, Kind, NEXT_ROOT, TIMESTAMP, for_both, versions};
use super::shelf::Shelf;
use crate::simulator::{Delegation, Files, Repository, assert_refused, poll_times};

/// A repository at two times: all in version 2, then all in version 3, with a role `alice`.
struct Times {
    repo: Repository,
    old: Files,
    new: Files,
}

impl Times {
    fn new() -> Self {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
        repo.add_target("alice", "alice/a", b"a");
        repo.roles.get_mut("alice").unwrap().set_version(2);
        repo.publish();
        let old = repo.files();
        repo.add_target("alice", "alice/b", b"b");
        repo.add_target("targets", "b", b"b");
        repo.publish();
        let new = repo.files();
        Self { repo, old, new }
    }

    /// A store as it is after a search in the files of one time.
    fn stored(&self, kind: Kind, files: &Files) -> Shelf {
        let shelf = Shelf::new();
        self.search(kind, files, &shelf).unwrap();
        shelf
    }

    fn search(&self, kind: Kind, files: &Files, shelf: &Shelf) -> Result<[u64; 4], Error> {
        self.repo.go_back_to(files);
        self.repo.take_log();
        let mut client = kind.client(&self.repo, shelf);
        client.lookup("alice/a")?;
        Ok(versions(client.session()))
    }
}

fn all_entries() -> [Entry; 7] {
    [
        Entry::Root,
        Entry::RootHistory(1),
        Entry::Timestamp,
        Entry::Snapshot,
        Entry::Targets,
        Entry::Delegated(RoleName::new("alice").unwrap()),
        Entry::Floors,
    ]
}

#[test]
fn a083_a_crash_at_any_change_loses_no_floor_and_the_next_run_recovers() {
    for_both(|kind| {
        let times = Times::new();
        let expected = times.stored(kind, &times.new).files();
        for first in [None, Some(&times.old)] {
            let mut crashes = 0;
            loop {
                let shelf = first.map_or_else(Shelf::new, |files| times.stored(kind, files));
                shelf.crash_after(crashes);
                let result = times.search(kind, &times.new, &shelf);
                shelf.revive();
                if result.is_ok() {
                    break;
                }
                let Err(Error::Store(error)) = result else { panic!("{result:?}") };
                assert_eq!(error.fault, StoreFault::Write);
                // Whatever was stored of the new files is no longer accepted in its old version.
                let stored = shelf.versions();
                let floors = shelf.floors();
                match times.search(kind, &times.old, &shelf.clone()) {
                    Ok(versions) => {
                        assert_eq!(versions, [1, 2, 2, 2]);
                        assert!(stored[1] < 3 && !floors.contains(&"timestamp 3".to_owned()), "after {crashes}");
                    }
                    result => {
                        assert_refused(result, "timestamp", Fault::Rollback { trusted: 3, found: 2 });
                        assert!(floors.contains(&"timestamp 3".to_owned()), "after {crashes}");
                    }
                }
                assert_eq!(times.search(kind, &times.new, &shelf).unwrap(), [1, 3, 3, 3]);
                let mut files = shelf.files();
                // The same but for a root that was replaced by itself.
                files.retain(|name, _| expected.contains_key(name));
                assert_eq!(files, expected, "after {crashes}");
                crashes += 1;
            }
            assert!(crashes >= 5, "only {crashes} changes were made");
        }
    });
}

#[test]
fn a083_floors_are_the_highest_of_the_record_and_the_files() {
    for_both(|kind| {
        let times = Times::new();
        // Any mixture of old and new: each entry comes from one of both times.
        let (old, new) = (times.stored(kind, &times.old), times.stored(kind, &times.new));
        let torn = [Entry::Timestamp, Entry::Snapshot, Entry::Floors, Entry::Targets];
        for mixture in 0..1u32 << torn.len() {
            let shelf = old.clone();
            let is_new = |at: usize| mixture >> at & 1 == 1;
            for (_, entry) in torn.iter().enumerate().filter(|(at, _)| is_new(*at)) {
                shelf.put(entry, new.bytes(entry).unwrap());
            }
            let (timestamp, snapshot, floors) = (is_new(0), is_new(1), is_new(2));
            let result = times.search(kind, &times.old, &shelf.clone());
            if timestamp || floors {
                assert_refused(result, "timestamp", Fault::Rollback { trusted: 3, found: 2 });
            } else if snapshot {
                assert_refused(result, "snapshot", Fault::Rollback { trusted: 3, found: 2 });
            } else {
                assert_eq!(result.unwrap(), [1, 2, 2, 2]);
            }
            assert_eq!(times.search(kind, &times.new, &shelf).unwrap(), [1, 3, 3, 3], "{mixture:04b}");
            assert_eq!(shelf.files(), new.files(), "{mixture:04b}");
        }
    });
}

#[test]
fn a083_old_files_put_back_under_the_record_are_not_believed() {
    for_both(|kind| {
        let times = Times::new();
        let (old, shelf) = (times.stored(kind, &times.old), times.stored(kind, &times.new));
        for entry in all_entries().into_iter().filter(|entry| *entry != Entry::Floors) {
            shelf.put(&entry, old.bytes(&entry).unwrap());
        }
        let result = times.search(kind, &times.old, &shelf);
        assert_refused(result, "timestamp", Fault::Rollback { trusted: 3, found: 2 });
    });
}

#[test]
fn a083_any_lost_entry_is_fetched_again_and_only_that_one() {
    for_both(|kind| {
        let times = Times::new();
        let whole = times.stored(kind, &times.new);
        for entry in all_entries() {
            let shelf = whole.clone();
            shelf.take(&entry);
            assert_eq!(times.search(kind, &times.new, &shelf).unwrap(), [1, 3, 3, 3], "{entry:?}");
            let mut expected = vec![NEXT_ROOT, TIMESTAMP];
            expected.extend(match entry {
                Entry::Snapshot => Some("metadata/3.snapshot.json"),
                Entry::Targets => Some("metadata/3.targets.json"),
                Entry::Delegated(_) => Some("metadata/3.alice.json"),
                _ => None,
            });
            times.repo.assert_log(&expected);
            match entry {
                // The file of the pinned root's own version is no longer needed, as long as it is the newest.
                Entry::RootHistory(1) => assert_eq!(shelf.bytes(&Entry::Root), whole.bytes(&Entry::Root)),
                _ => assert_eq!(shelf.files(), whole.files(), "{entry:?}"),
            }
        }
    });
}

#[test]
fn a083_any_torn_entry_is_fetched_again_and_the_floors_hold() {
    for_both(|kind| {
        let times = Times::new();
        let whole = times.stored(kind, &times.new);
        for entry in all_entries() {
            let bytes = whole.bytes(&entry).unwrap();
            for torn in [Vec::new(), bytes[..bytes.len() / 2].to_vec(), bytes[..bytes.len() - 1].to_vec(), vec![0; 9]] {
                let shelf = whole.clone();
                shelf.put(&entry, torn);
                let result = times.search(kind, &times.old, &shelf.clone());
                assert_refused(result, "timestamp", Fault::Rollback { trusted: 3, found: 2 });
                assert_eq!(times.search(kind, &times.new, &shelf).unwrap(), [1, 3, 3, 3], "{entry:?}");
                if entry != Entry::RootHistory(1) {
                    assert_eq!(shelf.files(), whole.files(), "{entry:?}");
                }
            }
        }
    });
}

#[test]
fn a083_what_was_damaged_is_told() {
    for_both(|kind| {
        let times = Times::new();
        let whole = times.stored(kind, &times.new);
        let notices = |entry: &Entry| {
            let shelf = whole.clone();
            shelf.put(entry, "{");
            let mut client = kind.client(&times.repo, &shelf);
            client.refresh().unwrap();
            client.session().notices().to_vec()
        };
        assert_eq!(notices(&Entry::Floors), [Notice::FloorsRestored]);
        for entry in [Entry::Root, Entry::Timestamp, Entry::Snapshot] {
            let found = notices(&entry);
            let [Notice::StoredFile { entry: told, reason }] = found.as_slice() else { panic!("{found:?}") };
            assert_eq!((told, reason.starts_with("malformed: ")), (&entry, true), "{reason}");
        }
    });
}

#[test]
fn a083_a_damaged_record_is_restored_only_from_what_verifies() {
    for_both(|kind| {
        let times = Times::new();
        let whole = times.stored(kind, &times.new);
        for lost in [Entry::Timestamp, Entry::Snapshot] {
            for bytes in [None, Some("{")] {
                let shelf = whole.clone();
                shelf.put(&Entry::Floors, "torn");
                shelf.take(&lost);
                if let Some(bytes) = bytes {
                    shelf.put(&lost, bytes);
                }
                let before = shelf.files();
                match times.search(kind, &times.new, &shelf) {
                    Err(Error::Store(error)) => {
                        assert_eq!((error.path.as_str(), &error.fault), ("floors", &StoreFault::FloorsDamaged));
                    }
                    other => panic!("{other:?}"),
                }
                assert_eq!(shelf.files(), before);
            }
        }
    });
}

#[test]
fn a099_what_is_stored_is_what_was_received() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
        repo.snapshot_with_hashes(&["sha256"]);
        repo.timestamp_with_hashes(&["sha512"]);
        for name in ["root", "timestamp", "snapshot", "targets", "alice"] {
            let role = repo.role_mut(name);
            role.signed["x-unknown"] = serde_json::json!({ "é\u{1f600}": [1, null, true, "\u{7f}"] });
            role.junk_signatures(1).edit_bytes(|bytes| [b"\n ", &bytes[..], b"\t\r\n\n"].concat());
        }
        repo.publish();
        let shelf = Shelf::new();
        kind.client(&repo, &shelf).lookup("alice/a").unwrap();
        for (entry, path) in [
            (Entry::Root, "metadata/2.root.json"),
            (Entry::RootHistory(2), "metadata/2.root.json"),
            (Entry::Timestamp, TIMESTAMP),
            (Entry::Snapshot, "metadata/2.snapshot.json"),
            (Entry::Targets, "metadata/2.targets.json"),
            (Entry::Delegated(RoleName::new("alice").unwrap()), "metadata/1.alice.json"),
        ] {
            assert_eq!(shelf.bytes(&entry).unwrap(), repo.file(path), "{entry:?}");
        }
        repo.take_log();
        kind.client(&repo, &shelf).lookup("alice/a").unwrap();
        repo.assert_log(&["metadata/3.root.json", TIMESTAMP]);
    });
}

#[test]
fn a103_what_was_verified_before_a_failure_is_kept_and_the_next_run_goes_on_from_there() {
    for_both(|kind| {
        let times = Times::new();
        let steps = [
            ("metadata/3.snapshot.json", "snapshot", [1, 3, 2, 2], 2),
            ("metadata/3.targets.json", "targets", [1, 3, 3, 2], 2),
            ("metadata/3.alice.json", "alice", [1, 3, 3, 3], 2),
        ];
        let shelf = times.stored(kind, &times.old);
        for (path, role, stored, alice) in steps {
            times.repo.remove(path);
            assert_refused(times.search(kind, &times.new, &shelf), role, Fault::Missing);
            assert_eq!((shelf.versions(), shelf.delegated("alice")), (stored, alice));
            times.repo.lift(path);
        }
        assert_eq!(times.search(kind, &times.new, &shelf).unwrap(), [1, 3, 3, 3]);
        times.repo.assert_log(&[NEXT_ROOT, TIMESTAMP, "metadata/3.alice.json"]);
        assert_eq!(shelf.files(), times.stored(kind, &times.new).files());
    });
}

#[test]
fn a103_an_async_update_that_is_dropped_at_any_point_is_made_up_for_by_the_next_run() {
    let times = Times::new();
    let expected = times.stored(Kind::Async, &times.new).files();
    for polls in 1.. {
        let shelf = times.stored(Kind::Async, &times.old);
        times.repo.go_back_to(&times.new);
        let AnyClient::Async(mut client) = Kind::Async.client(&times.repo, &shelf) else { unreachable!() };
        let path = TargetPath::new("alice/a").unwrap();
        let finished = poll_times(client.lookup(&path), polls).map(Result::unwrap).is_some();
        assert!(finished == (shelf.files() == expected), "after {polls} polls");
        if finished {
            assert!(polls > 8, "only {polls} polls");
            break;
        }
        assert_eq!(times.search(Kind::Async, &times.new, &shelf).unwrap(), [1, 3, 3, 3]);
        assert_eq!(shelf.files(), expected, "after {polls} polls");
    }
}

#[test]
fn a148_a_revoked_delegation_is_not_read_from_the_store() {
    for_both(|kind| {
        let mut times = Times::new();
        let shelf = times.stored(kind, &times.new);
        times.repo.go_back_to(&times.new);
        times.repo.delegations("targets")["roles"] = serde_json::json!([]);
        times.repo.publish();
        times.repo.take_log();
        let mut client = kind.client(&times.repo, &shelf);
        assert_eq!(client.signer("alice/a"), super::both::nobody_of(&["targets"]));
        times.repo.assert_log(&[NEXT_ROOT, TIMESTAMP, "metadata/4.snapshot.json", "metadata/4.targets.json"]);
        let names: BTreeSet<String> = shelf.files().into_keys().collect();
        assert!(names.contains("delegated.alice.json"), "{names:?}");
    });
}
