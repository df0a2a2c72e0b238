//! A store that was damaged, put back, exchanged or emptied: floors hold, and the client finds its way on.

use tufgate::error::{Error, Fault, StoreFault, TransportFault};
use tufgate::{Entry, MemoryStore, Notice, RoleName};

use super::both::{BOTH, Kind};
use super::shelf::Shelf;
use super::{client, client_with};
use crate::simulator::{Delegation, Files, Key, Repository, assert_refused, assert_transport};

/// A repository with two roots and a delegated role, and a client that has seen it twice.
struct World {
    repo: Repository,
    /// What was served when the client first came.
    old_files: Files,
    old_record: Shelf,
    record: Shelf,
}

fn world() -> World {
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
    repo.add_target("alice", "alice/x", b"one");
    repo.publish();
    let store = Shelf::new();
    run(Kind::Blocking, &repo, &store).unwrap();
    let (old_files, old_record) = (repo.files(), store.clone());
    repo.rotate("root", [Key::named("root b")]);
    repo.add_target("alice", "alice/x", b"two");
    repo.add_target("targets", "y", b"two");
    repo.publish();
    run(Kind::Blocking, &repo, &store).unwrap();
    World { repo, old_files, old_record, record: store }
}

fn run(kind: Kind, repo: &Repository, store: &Shelf) -> Result<Vec<Notice>, Error> {
    let mut client = kind.client(repo, store);
    client.lookup("alice/x")?;
    Ok(client.session().notices().to_vec())
}

fn entries() -> Vec<Entry> {
    let alice = Entry::Delegated(RoleName::new("alice").unwrap());
    let history = [Entry::RootHistory(1), Entry::RootHistory(2)];
    [Entry::Root, Entry::Timestamp, Entry::Snapshot, Entry::Targets, alice, Entry::Floors]
        .into_iter()
        .chain(history)
        .collect()
}

fn exchange(store: &Shelf, entry: &Entry, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => store.put(entry, bytes),
        None => drop(store.take(entry)),
    }
}

/// What can become of a file.
fn damaged(honest: &[u8]) -> [Option<Vec<u8>>; 6] {
    [
        None,
        Some(Vec::new()),
        Some(honest[..honest.len() / 2].to_vec()),
        Some(vec![0; honest.len()]),
        Some([honest, b"x"].concat()),
        Some(b"{}".repeat(1_000_000)),
    ]
}

#[test]
fn a237_a244_garbage_in_any_file_is_recovered_from() {
    let world = world();
    for kind in BOTH {
        for entry in entries() {
            for bytes in damaged(&world.record.bytes(&entry).unwrap()) {
                let store = world.record.clone();
                exchange(&store, &entry, bytes.as_deref());
                let what = format!("{kind:?} {entry:?} of {:?} bytes", bytes.map(|bytes| bytes.len()));
                run(kind, &world.repo, &store).unwrap_or_else(|error| panic!("{what}: {error}"));
                assert_eq!(store.files(), world.record.files(), "{what}");
            }
        }
    }
}

#[test]
fn a236_a241_a246_floors_hold_whatever_becomes_of_one_file() {
    let world = world();
    world.repo.go_back_to(&world.old_files);
    for kind in BOTH {
        for entry in entries() {
            for bytes in damaged(&world.record.bytes(&entry).unwrap()) {
                let store = world.record.clone();
                exchange(&store, &entry, bytes.as_deref());
                // Without the new root the chain ends below the floor; with it the timestamp is too old.
                let found = run(kind, &world.repo, &store).unwrap_err();
                let Error::Repository(found) = found else { panic!("{entry:?}: {found}") };
                let withheld = Fault::RootsWithheld { trusted: 2, found: 1 };
                let rollback = Fault::Rollback { trusted: 3, found: 2 };
                assert!([withheld, rollback].contains(&found.fault), "{entry:?}: {found}");
            }
        }
    }
}

#[test]
fn a236_a_damaged_timestamp_is_reported_and_is_not_the_absence_of_a_floor() {
    let mut world = world();
    let store = world.record.clone();
    // Cut off within the first keyid.
    store.put(&Entry::Timestamp, &world.record.bytes(&Entry::Timestamp).unwrap()[..50]);
    world.old_files.insert("metadata/2.root.json".to_owned(), world.repo.root_file(2).into());
    let new_files = world.repo.files();
    world.repo.go_back_to(&world.old_files);
    let rollback = Fault::Rollback { trusted: 3, found: 2 };
    assert_refused(client(&world.repo, &store).refresh(), "timestamp", rollback);
    world.repo.go_back_to(&new_files);
    let reason = "malformed: a string without an end (at byte 24)".to_owned();
    let notice = Notice::StoredFile { entry: Entry::Timestamp, reason };
    assert_eq!(run(Kind::Blocking, &world.repo, &store).unwrap(), [notice]);
    assert_eq!(run(Kind::Blocking, &world.repo, &store).unwrap(), []);
}

#[test]
fn a236_damaged_floors_are_restored_from_what_lies_beside_them_or_reported() {
    let world = world();
    let new_files = world.repo.files();
    for kind in BOTH {
        for bytes in damaged(&world.record.bytes(&Entry::Floors).unwrap()).into_iter().flatten() {
            let store = world.record.clone();
            store.put(&Entry::Floors, bytes.clone());
            // They are as high as before while they are damaged ...
            let mut old_files = world.old_files.clone();
            old_files.insert("metadata/2.root.json".to_owned(), world.repo.root_file(2).into());
            world.repo.go_back_to(&old_files);
            let rollback = Fault::Rollback { trusted: 3, found: 2 };
            assert_refused(run(kind, &world.repo, &store), "timestamp", rollback);
            // ... and are written again by an honest run.
            world.repo.go_back_to(&new_files);
            assert_eq!(run(kind, &world.repo, &store).unwrap(), [Notice::FloorsRestored]);
            assert_eq!(store.files(), world.record.files());
            // With nothing beside them nobody knows how high they were.
            for entry in [Entry::Timestamp, Entry::Snapshot] {
                store.put(&Entry::Floors, bytes.clone());
                store.take(&entry);
                match run(kind, &world.repo, &store).unwrap_err() {
                    Error::Store(error) => assert_eq!(error.fault, StoreFault::FloorsDamaged),
                    other => panic!("{other}"),
                }
                store.put(&entry, world.record.bytes(&entry).unwrap());
            }
        }
    }
}

#[test]
fn a241_older_files_put_back_do_not_lower_the_floors() {
    let world = world();
    for kind in BOTH {
        // All that was validly signed, but for the floors, which are a record of their own.
        let store = world.old_record.clone();
        store.put(&Entry::Floors, world.record.bytes(&Entry::Floors).unwrap());
        let new_files = world.repo.files();
        let mut old_files = world.old_files.clone();
        world.repo.go_back_to(&old_files);
        let withheld = Fault::RootsWithheld { trusted: 2, found: 1 };
        assert_refused(run(kind, &world.repo, &store), "root", withheld);
        old_files.insert("metadata/2.root.json".to_owned(), new_files["metadata/2.root.json"].clone());
        world.repo.go_back_to(&old_files);
        assert_refused(run(kind, &world.repo, &store), "timestamp", Fault::Rollback { trusted: 3, found: 2 });
        world.repo.go_back_to(&new_files);
        run(kind, &world.repo, &store).unwrap();
        assert_eq!(store.files(), world.record.files());
    }
}

#[test]
fn a242_a274_the_store_of_another_repository_is_a_fork_and_changes_nothing() {
    let world = world();
    let mut other = Repository::new();
    other.root.signed["x-other"] = true.into();
    other.root.set_version(1);
    other.put("root");
    other.publish();
    for kind in BOTH {
        let store = world.record.clone();
        assert_refused(kind.client(&other, &store).refresh(), "root", Fault::RootFork { version: 1 });
        assert_eq!(store.files(), world.record.files());
        other.assert_log(&[]);
        kind.client(&other, MemoryStore::new()).refresh().unwrap();
        other.take_log();
    }
}

#[test]
fn a242_the_root_that_was_pinned_first_is_remembered_also_where_newer_ones_were_found_at_once() {
    let mut repo = Repository::new();
    repo.rotate("root", [Key::named("root b")]);
    repo.publish();
    let mut other = repo.fork();
    other.root.signed["x-other"] = true.into();
    other.root.set_version(1);
    other.put("root");
    for kind in BOTH {
        let store = Shelf::new();
        kind.client(&repo, &store).refresh().unwrap();
        assert_refused(kind.client(&other, &store).refresh(), "root", Fault::RootFork { version: 1 });
    }
}

#[test]
fn a243_the_record_of_a_newer_program_is_left_alone() {
    let world = world();
    for kind in BOTH {
        let store = world.record.clone();
        store.put(&Entry::Floors, b"tufgate floors 2\nsomething new\n".to_vec());
        let before = store.files();
        world.repo.take_log();
        match run(kind, &world.repo, &store).unwrap_err() {
            Error::Store(error) => assert_eq!(error.fault, StoreFault::FloorsNewer { found: 2 }),
            other => panic!("{other}"),
        }
        assert_eq!(store.files(), before);
        world.repo.assert_log(&[]);
    }
}

#[test]
fn a246_evicted_roles_cannot_come_back_older() {
    let mut world = world();
    let store = world.record.clone();
    let alice = Entry::Delegated(RoleName::new("alice").unwrap());
    for entry in [Entry::Timestamp, Entry::Snapshot, Entry::Targets, alice] {
        store.take(&entry);
    }
    world.repo.snapshot.signed["meta"]["alice.json"]["version"] = 1.into();
    world.repo.publish_snapshot();
    for kind in BOTH {
        let rollback = Fault::Rollback { trusted: 2, found: 1 };
        assert_refused(run(kind, &world.repo, &store), "alice", rollback);
        assert_eq!(store.bytes(&Entry::Snapshot), None);
    }
    world.repo.snapshot.signed["meta"]["alice.json"]["version"] = 2.into();
    world.repo.publish_snapshot();
    run(Kind::Blocking, &world.repo, &store).unwrap();
}

#[test]
fn a249_a_request_that_fails_can_be_made_again() {
    let world = world();
    let requests = ["2.root", "3.root", "timestamp", "3.snapshot", "3.targets", "2.alice"]
        .map(|name| format!("metadata/{name}.json"));
    world.repo.take_log();
    run(Kind::Blocking, &world.repo, &Shelf::new()).unwrap();
    world.repo.assert_log(&requests.each_ref().map(String::as_str));
    for kind in BOTH {
        for path in &requests {
            let store = world.old_record.clone();
            let absent = path.ends_with("3.root.json");
            let faults = [TransportFault::Connect, TransportFault::Status(500), TransportFault::Idle { seconds: 30 }];
            for fault in faults {
                world.repo.fail(path, fault.clone());
                assert_transport(run(kind, &world.repo, &store), path, fault);
            }
            world.repo.forbidden(path);
            assert_transport(run(kind, &world.repo, &store), path, TransportFault::Status(403));
            if !absent {
                world.repo.break_after(path, 10);
                assert_transport(run(kind, &world.repo, &store), path, TransportFault::Read);
                world.repo.truncate(path, 10);
                assert!(matches!(run(kind, &world.repo, &store), Err(Error::Repository(_))));
            }
            // Of a root nobody could know that it is missing.
            if !path.ends_with("root.json") {
                world.repo.remove(path);
                assert!(matches!(run(kind, &world.repo, &store), Err(Error::Repository(_))));
            }
            world.repo.lift(path);
            run(kind, &world.repo, &store).unwrap();
            assert_eq!(store.files(), world.record.files(), "{path}");
        }
    }
}

#[test]
fn a250_a_full_store_approves_nothing_without_the_repository() {
    let world = world();
    for kind in BOTH {
        let store = world.record.clone();
        for path in ["metadata/3.root.json", "metadata/timestamp.json"] {
            world.repo.fail(path, TransportFault::Offline);
            assert_transport(run(kind, &world.repo, &store), path, TransportFault::Offline);
            world.repo.lift(path);
        }
        assert_eq!(store.files(), world.record.files());
    }
}

#[test]
fn a251_a_pinned_root_never_replaces_a_newer_stored_one() {
    let world = world();
    let store = world.record.clone();
    for version in [1, 2] {
        let pinned = world.repo.root_file(version);
        let mut client = client_with(&world.repo, pinned, &store, tufgate::Settings::default());
        assert_eq!(client.refresh().unwrap().root().version(), 2);
        assert_eq!(store.files(), world.record.files());
    }
    // A newer one than the stored does, as a program that was updated brings it.
    let store = world.old_record.clone();
    let pinned = world.repo.root_file(2);
    let mut client = client_with(&world.repo, pinned.clone(), &store, tufgate::Settings::default());
    assert_eq!(client.refresh().unwrap().root().version(), 2);
    assert_eq!(store.bytes(&Entry::Root), Some(pinned));
}
