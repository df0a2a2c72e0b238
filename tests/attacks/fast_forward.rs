//! Recovery from versions that a thief of online keys pushed to the end (TUF-1.0.34 §5.3.11): a root that rotates the
//! keys of timestamp or snapshot resets floors, and nothing else does.

use tufgate::error::{Error, Fault, StoreFault};
use tufgate::{Entry, FileStore, Notice};

use super::both::{Kind, for_both, signed, versions};
use super::shelf::Shelf;
use crate::simulator::{Delegation, Key, Repository, assert_refused, now};

/// A repository of which a client has seen what the thief published: timestamp, snapshot and alice in the highest
/// version there is. The owner has already put the documents back, but rotated nothing and published nothing.
fn attacked(kind: Kind) -> (Repository, Shelf) {
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
    repo.add_target("alice", "alice/a", b"a");
    repo.publish();
    for role in ["timestamp", "snapshot", "alice"] {
        repo.role_mut(role).set_version(u64::MAX);
    }
    repo.publish();
    let shelf = Shelf::new();
    kind.client(&repo, &shelf).signer("alice/a").unwrap();
    assert_eq!((shelf.versions(), shelf.delegated("alice")), ([1, u64::MAX, u64::MAX, 2], u64::MAX));
    for role in ["timestamp", "snapshot", "alice"] {
        repo.role_mut(role).set_version(3);
    }
    (repo, shelf)
}

const RECOVERED: [&str; 4] = ["timestamp 3", "snapshot 3", "role 3 \"alice\"", "role 2 \"targets\""];

/// A refresh and a search believe the lower versions, and believe them again in the next run.
#[track_caller]
fn recovers(kind: Kind, repo: &Repository, shelf: &Shelf, root: u64) {
    for _ in 0..2 {
        let mut client = kind.client(repo, shelf);
        assert_eq!(signed(client.lookup("alice/a")).role().as_str(), "alice");
        assert_eq!(versions(client.session()), [root, 3, 3, 2]);
        assert_eq!((shelf.versions(), shelf.delegated("alice")), ([root, 3, 3, 2], 3));
        assert_eq!(shelf.floors(), RECOVERED);
    }
}

#[test]
fn a102_without_a_rotation_the_highest_versions_stay_the_floor() {
    for_both(|kind| {
        let (mut repo, shelf) = attacked(kind);
        repo.publish();
        let before = shelf.files();
        let fault = Fault::Rollback { trusted: u64::MAX, found: 3 };
        assert_refused(kind.client(&repo, &shelf).refresh(), "timestamp", fault);
        assert_eq!(shelf.files(), before);
    });
}

#[test]
fn a102_a_rotation_of_timestamp_or_snapshot_resets_the_floors() {
    for_both(|kind| {
        for role in ["timestamp", "snapshot"] {
            let (mut repo, shelf) = attacked(kind);
            repo.rotate(role, [Key::ed25519(7)]);
            repo.publish();
            recovers(kind, &repo, &shelf, 2);
        }
    });
}

#[test]
fn a102_a_rotation_of_other_keys_or_of_a_threshold_resets_nothing() {
    for_both(|kind| {
        let changes: [fn(&mut Repository); 5] = [
            |repo| repo.rotate("root", [Key::ed25519(7)]),
            |repo| repo.rotate("targets", [Key::ed25519(7)]),
            |repo| repo.rotate("alice", [Key::ed25519(7)]),
            |repo| repo.rotate("timestamp", [Key::named("timestamp").with_keyid("renamed")]),
            |repo| repo.root.signed["x"] = 1.into(),
        ];
        for change in changes {
            let (mut repo, shelf) = attacked(kind);
            change(&mut repo);
            repo.publish();
            let fault = Fault::Rollback { trusted: u64::MAX, found: 3 };
            assert_refused(kind.client(&repo, &shelf).refresh(), "timestamp", fault);
        }
    });
}

#[test]
fn a102_a_rotation_within_the_chain_counts_also_when_the_last_root_takes_it_back() {
    for_both(|kind| {
        let (mut repo, shelf) = attacked(kind);
        repo.rotate("snapshot", [Key::ed25519(7)]);
        repo.publish_root();
        repo.rotate("snapshot", [Key::named("snapshot")]);
        repo.publish();
        recovers(kind, &repo, &shelf, 3);
    });
}

#[test]
fn a102_a_rotation_counts_once() {
    for_both(|kind| {
        let (mut repo, shelf) = attacked(kind);
        repo.rotate("snapshot", [Key::ed25519(7)]);
        repo.publish();
        let old = repo.files();
        recovers(kind, &repo, &shelf, 2);
        repo.publish();
        kind.client(&repo, &shelf).refresh().unwrap();
        repo.go_back_to(&old);
        let fault = Fault::Rollback { trusted: 4, found: 3 };
        assert_refused(kind.client(&repo, &shelf).refresh(), "timestamp", fault);
    });
}

#[test]
fn a102_a_failure_after_the_rotation_does_not_lose_it() {
    for_both(|kind| {
        for role in ["timestamp", "snapshot"] {
            let (mut repo, shelf) = attacked(kind);
            repo.rotate(role, [Key::ed25519(7)]);
            repo.publish();
            for path in ["metadata/3.root.json", "metadata/timestamp.json", "metadata/3.snapshot.json"] {
                repo.fail(path, tufgate::error::TransportFault::Connect);
                kind.client(&repo, &shelf).refresh().map(drop).unwrap_err();
                repo.lift(path);
            }
            recovers(kind, &repo, &shelf, 2);
        }
    });
}

#[test]
fn a102_a_crash_at_any_change_does_not_lose_the_rotation() {
    for_both(|kind| {
        for role in ["timestamp", "snapshot"] {
            for crash in 0.. {
                let (mut repo, shelf) = attacked(kind);
                repo.rotate(role, [Key::ed25519(7)]);
                repo.publish();
                shelf.crash_after(crash);
                let result = kind.client(&repo, &shelf).lookup("alice/a").map(drop);
                shelf.revive();
                eprintln!("crash after {crash} changes");
                recovers(kind, &repo, &shelf, 2);
                match result {
                    Ok(()) => break,
                    Err(Error::Store(error)) => assert_eq!(error.fault, StoreFault::Write),
                    Err(error) => panic!("{error}"),
                }
            }
        }
    });
}

#[test]
fn a102_a_store_that_may_not_be_written_recovers_in_every_run() {
    for_both(|kind| {
        for role in ["timestamp", "snapshot"] {
            let (mut repo, shelf) = attacked(kind);
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("store");
            {
                let store = FileStore::open(&path).unwrap();
                for (entry, bytes) in [Entry::Root, Entry::Timestamp, Entry::Snapshot, Entry::Targets, Entry::Floors]
                    .map(|entry| (entry.clone(), shelf.bytes(&entry).unwrap()))
                {
                    tufgate::Store::write(&store, &entry, &bytes).unwrap();
                }
            }
            repo.rotate(role, [Key::ed25519(7)]);
            repo.publish();
            for _ in 0..2 {
                let mut client = kind.client(&repo, FileStore::read_only(&path).unwrap());
                assert_eq!(versions(client.refresh().unwrap()), [2, 3, 3, 2]);
                assert_eq!(client.signer("alice/a"), Ok("alice".to_owned()));
            }
        }
    });
}

#[test]
fn a102_a_rotation_counts_also_where_the_record_of_floors_was_deleted() {
    for_both(|kind| {
        for role in ["timestamp", "snapshot"] {
            let (mut repo, shelf) = attacked(kind);
            shelf.take(&Entry::Floors);
            repo.rotate(role, [Key::ed25519(7)]);
            repo.publish();
            recovers(kind, &repo, &shelf, 2);
        }
    });
}

#[test]
fn a102_without_a_record_old_rotations_do_not_take_the_floors_of_stored_files_away() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.rotate("timestamp", [Key::ed25519(7)]);
        repo.publish();
        let old = repo.files();
        repo.publish();
        let shelf = Shelf::new();
        kind.client(&repo, &shelf).refresh().unwrap();
        shelf.take(&Entry::Floors);
        repo.go_back_to(&old);
        let result = kind.client(&repo, &shelf).refresh().map(drop);
        assert_refused(result, "timestamp", Fault::Rollback { trusted: 3, found: 2 });
    });
}

#[test]
fn a102_an_application_that_ships_the_rotated_root_recovers_too() {
    let (mut repo, shelf) = attacked(Kind::Blocking);
    repo.rotate("snapshot", [Key::ed25519(7)]);
    repo.publish();
    let config = tufgate::Repository::new(repo.root_file(2), repo.metadata_base(), repo.targets_base());
    repo.remove("metadata/2.root.json");
    let mut client = tufgate::Client::new(config, repo.transport(), &shelf).with_clock(now);
    assert_eq!(versions(client.refresh().unwrap()), [2, 3, 3, 2]);
    assert_eq!(shelf.floors(), ["timestamp 3", "snapshot 3", "role 3 \"alice\"", "role 2 \"targets\""]);
}

#[test]
fn a102_a_rotation_also_replaces_a_damaged_record() {
    for_both(|kind| {
        for role in ["timestamp", "snapshot"] {
            let (mut repo, shelf) = attacked(kind);
            shelf.put(&Entry::Floors, "torn");
            repo.rotate(role, [Key::ed25519(7)]);
            repo.publish();
            let mut client = kind.client(&repo, &shelf);
            client.refresh().unwrap();
            assert_eq!(client.session().notices(), [Notice::FloorsRestored]);
            recovers(kind, &repo, &shelf, 2);
        }
    });
}
