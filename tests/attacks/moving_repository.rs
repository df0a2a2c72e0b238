//! A repository that publishes anew while it is read, and one that cleans up what a session still needs (PEP 458
//! "Cleaning up"): the client asks for timestamp again, a bounded number of times, and relaxes nothing.

use tufgate::error::{Fault, TransportFault};

use super::both::{Kind, NEXT_ROOT, TIMESTAMP, for_both, versions};
use super::shelf::Shelf;
use crate::simulator::{Delegation, Files, Repository, assert_refused, assert_transport, hash};

const SNAPSHOT: &str = "metadata/snapshot.json";
const TARGETS: &str = "metadata/targets.json";
const ALICE: &str = "metadata/alice.json";

/// A repository without consistent snapshots at `times` times; in each, all roles are one version higher.
fn generations(times: usize) -> (Repository, Vec<Files>) {
    let mut repo = Repository::new();
    repo.consistent_snapshot(false);
    repo.snapshot_with_hashes(&["sha256"]);
    repo.timestamp_with_hashes(&["sha256"]);
    repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
    repo.add_target("alice", "alice/a", b"a");
    let files = (0..times)
        .map(|time| {
            repo.add_target("targets", &format!("{time}"), b"x");
            repo.add_target("alice", &format!("alice/{time}"), b"x");
            repo.publish();
            repo.files()
        })
        .collect();
    repo.take_log();
    (repo, files)
}

/// A client that trusts the first of the times.
fn updated(kind: Kind, repo: &Repository, files: &[Files]) -> Shelf {
    repo.go_back_to(&files[0]);
    let shelf = Shelf::new();
    kind.client(repo, &shelf).refresh().unwrap();
    repo.take_log();
    shelf
}

#[test]
fn a093_an_update_amid_which_the_repository_changes_goes_on_from_the_new_timestamp() {
    for_both(|kind| {
        for (at, requests) in [
            (TIMESTAMP, vec![TIMESTAMP, SNAPSHOT, TIMESTAMP, SNAPSHOT, TARGETS, ALICE]),
            (SNAPSHOT, vec![TIMESTAMP, SNAPSHOT, TARGETS, TIMESTAMP, SNAPSHOT, TARGETS, ALICE]),
        ] {
            let (repo, files) = generations(3);
            let shelf = updated(kind, &repo, &files);
            repo.go_back_to(&files[1]);
            repo.switch_after(at, &files[2]);
            let mut client = kind.client(&repo, &shelf);
            assert_eq!(client.signer("alice/a"), Ok("alice".to_owned()));
            assert_eq!(versions(client.session()), [2, 4, 4, 4]);
            let mut log = vec!["metadata/3.root.json"];
            log.extend(requests);
            repo.assert_log(&log);
            assert_eq!((shelf.versions(), shelf.delegated("alice")), ([2, 4, 4, 4], 3));
        }
    });
}

#[test]
fn a093_a_search_amid_which_the_repository_changes_goes_on_in_a_new_session() {
    for_both(|kind| {
        let (repo, files) = generations(2);
        repo.go_back_to(&files[0]);
        repo.switch_after(TARGETS, &files[1]);
        let mut client = kind.client(&repo, Shelf::new());
        assert_eq!(client.signer("alice/1"), Ok("alice".to_owned()));
        assert_eq!(versions(client.session()), [2, 3, 3, 3]);
        repo.assert_log(&[
            NEXT_ROOT,
            "metadata/3.root.json",
            TIMESTAMP,
            SNAPSHOT,
            TARGETS,
            ALICE, // of the new time
            "metadata/3.root.json",
            TIMESTAMP,
            SNAPSHOT,
            TARGETS,
            ALICE,
        ]);
    });
}

#[test]
fn a093_mixed_generations_are_refused_when_the_timestamp_stays() {
    for_both(|kind| {
        let (repo, files) = generations(2);
        let shelf = updated(kind, &repo, &files);
        let mut mixed = files[1].clone();
        mixed.insert(SNAPSHOT.to_owned(), files[0][SNAPSHOT].clone());
        repo.go_back_to(&mixed);
        let (expected, found) = (&files[1][SNAPSHOT], &files[0][SNAPSHOT]);
        let fault = if expected.len() == found.len() {
            let digest = |bytes| {
                Box::new(tufgate::Digest::from_hex(tufgate::HashAlgorithm::Sha256, &hash("sha256", bytes)).unwrap())
            };
            Fault::Hash { expected: digest(expected), found: digest(found) }
        } else {
            Fault::Length { expected: expected.len() as u64, found: found.len() as u64 }
        };
        assert_refused(kind.client(&repo, &shelf).refresh(), "snapshot", fault);
        repo.assert_log(&["metadata/3.root.json", TIMESTAMP, SNAPSHOT, TIMESTAMP]);
        assert_eq!(shelf.versions(), [2, 3, 2, 2]);
    });
}

#[test]
fn a093_other_faults_are_final() {
    for_both(|kind| {
        let (mut repo, _) = generations(1);
        repo.snapshot.keys.clear();
        repo.publish_snapshot();
        let fault = Fault::Threshold { delegator: tufgate::RoleName::ROOT, valid: 0, required: 1 };
        assert_refused(kind.client(&repo, Shelf::new()).refresh(), "snapshot", fault);
        repo.assert_log(&[NEXT_ROOT, "metadata/3.root.json", TIMESTAMP, SNAPSHOT]);

        let (repo, _) = generations(1);
        repo.fail(SNAPSHOT, TransportFault::Connect);
        assert_transport(kind.client(&repo, Shelf::new()).refresh(), SNAPSHOT, TransportFault::Connect);
        repo.assert_log(&[NEXT_ROOT, "metadata/3.root.json", TIMESTAMP, SNAPSHOT]);
    });
}

#[test]
fn a095_a_snapshot_that_was_cleaned_up_is_looked_for_under_the_new_timestamp() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.publish_snapshot();
        let old = repo.file(TIMESTAMP);
        repo.publish_snapshot();
        let new = repo.file(TIMESTAMP);
        repo.remove("metadata/2.snapshot.json");
        repo.answer(TIMESTAMP, [old, new].map(|bytes| crate::simulator::Answer::Bytes(bytes.into())));
        let mut client = kind.client(&repo, Shelf::new());
        assert_eq!(versions(client.refresh().unwrap()), [1, 3, 3, 1]);
        let log = [
            NEXT_ROOT,
            TIMESTAMP,
            "metadata/2.snapshot.json",
            TIMESTAMP,
            "metadata/3.snapshot.json",
            "metadata/1.targets.json",
        ];
        repo.assert_log(&log);
    });
}

#[test]
fn a095_after_two_restarts_a_missing_file_is_an_error() {
    for_both(|kind| {
        for missing in ["snapshot", "targets"] {
            let mut repo = Repository::new();
            let timestamps: Vec<_> = (0..9)
                .map(|_| {
                    repo.bump("targets");
                    repo.publish();
                    let path = repo.path(missing);
                    repo.remove(&path);
                    crate::simulator::Answer::Bytes(repo.file(TIMESTAMP).into())
                })
                .collect();
            repo.answer(TIMESTAMP, timestamps);
            let shelf = Shelf::new();
            assert_refused(kind.client(&repo, &shelf).refresh(), missing, Fault::Missing);
            let asked = repo.take_log().into_iter().filter(|path| path == TIMESTAMP).count();
            assert_eq!((asked, shelf.versions()[1]), (3, 4));
        }
    });
}

#[test]
fn a095_a_file_that_is_withheld_costs_one_more_request() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.publish_snapshot();
        repo.remove("metadata/2.snapshot.json");
        let shelf = Shelf::new();
        for _ in 0..2 {
            assert_refused(kind.client(&repo, &shelf).refresh(), "snapshot", Fault::Missing);
            repo.assert_log(&[NEXT_ROOT, TIMESTAMP, "metadata/2.snapshot.json", TIMESTAMP]);
        }
    });
}

#[test]
fn a095_a_session_whose_files_were_cleaned_up_is_renewed() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
        repo.add_target("alice", "alice/a", b"a");
        repo.publish();
        let mut client = kind.client(&repo, Shelf::new());
        client.refresh().unwrap();
        repo.add_target("alice", "alice/b", b"b");
        repo.publish();
        repo.remove("metadata/1.alice.json");
        repo.take_log();
        assert_eq!(client.signer("alice/b"), Ok("alice".to_owned()));
        repo.assert_log(&[
            "metadata/1.alice.json",
            NEXT_ROOT,
            TIMESTAMP,
            "metadata/3.snapshot.json",
            "metadata/2.alice.json",
        ]);
    });
}

#[test]
fn a095_a_delegated_role_that_is_withheld_ends_the_search_after_one_look_for_a_newer_timestamp() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths(["x/*"]));
        repo.delegate("targets", Delegation::to("bob").paths(["x/*"]));
        repo.add_target("bob", "x/a", b"a");
        repo.publish();
        repo.remove("metadata/1.alice.json");
        let mut client = kind.client(&repo, Shelf::new());
        client.refresh().unwrap();
        repo.take_log();
        assert_refused(client.lookup("x/a"), "alice", Fault::Missing);
        repo.assert_log(&["metadata/1.alice.json", NEXT_ROOT, TIMESTAMP]);
        // The session is still there, and good for other searches.
        assert_eq!(client.signer("y"), super::both::nobody_of(&["targets"]));
    });
}

#[test]
fn a095_a_search_begins_again_at_most_twice() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths(["x/*"]));
        repo.publish();
        let timestamps: Vec<_> = (0..9)
            .map(|_| {
                repo.bump("alice");
                repo.publish();
                let path = repo.path("alice");
                repo.remove(&path);
                crate::simulator::Answer::Bytes(repo.file(TIMESTAMP).into())
            })
            .collect();
        repo.answer(TIMESTAMP, timestamps);
        assert_refused(kind.client(&repo, Shelf::new()).lookup("x/a"), "alice", Fault::Missing);
        let asked = repo.take_log().into_iter().filter(|path| path == TIMESTAMP).count();
        assert_eq!(asked, 3);
    });
}
