//! Snapshot: what it may drop, lower, leave out and add (TUF-1.0.34 §5.5).

use serde_json::json;
use tufgate::Entry;
use tufgate::error::{Fault, Malformed};

use super::both::{Kind, NEXT_ROOT, TIMESTAMP, for_both, versions};
use super::shelf::Shelf;
use crate::simulator::{DAY, Delegation, EXPIRES, Repository, assert_refused, now, raw};

/// A repository with a delegated role, everything in version 2 but alice, who is in version 3.
fn repository() -> Repository {
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
    repo.roles.get_mut("alice").unwrap().set_version(3);
    repo.publish();
    repo
}

fn updated(kind: Kind, repo: &Repository) -> Shelf {
    let shelf = Shelf::new();
    kind.client(repo, &shelf).refresh().unwrap();
    repo.take_log();
    shelf
}

/// Publishes the lie that is in snapshot; the update is refused for this and only the timestamp was kept. When snapshot
/// is put right, the next update goes well.
#[track_caller]
fn refused_then_recovers(kind: Kind, repo: &mut Repository, shelf: &Shelf, role: &str, fault: Fault) {
    let stored = shelf.bytes(&Entry::Snapshot);
    repo.publish_snapshot();
    assert_refused(kind.client(repo, shelf).refresh(), role, fault);
    repo.assert_log(&[NEXT_ROOT, TIMESTAMP, "metadata/3.snapshot.json"]);
    assert_eq!(shelf.bytes(&Entry::Snapshot), stored);
    assert_eq!(shelf.versions(), [1, 3, 2, 2]);

    repo.pin("targets");
    repo.pin("alice");
    repo.publish_snapshot();
    assert_eq!(versions(kind.client(repo, shelf).refresh().unwrap()), [1, 4, 4, 2]);
    assert_eq!(shelf.floors(), ["timestamp 4", "snapshot 4", "role 3 \"alice\"", "role 2 \"targets\""]);
}

#[test]
fn a077_a_snapshot_that_drops_a_role_is_refused() {
    for_both(|kind| {
        let mut repo = repository();
        let shelf = updated(kind, &repo);
        repo.snapshot.signed["meta"].as_object_mut().unwrap().remove("alice.json");
        refused_then_recovers(kind, &mut repo, &shelf, "alice", Fault::RoleRemoved { trusted: 3 });
    });
}

#[test]
fn a078_a_snapshot_that_lowers_targets_is_refused() {
    for_both(|kind| {
        let mut repo = repository();
        let shelf = updated(kind, &repo);
        repo.snapshot.signed["meta"]["targets.json"]["version"] = 1.into();
        refused_then_recovers(kind, &mut repo, &shelf, "targets", Fault::Rollback { trusted: 2, found: 1 });
    });
}

#[test]
fn a079_a_snapshot_that_lowers_a_delegated_role_is_refused_though_nobody_asked_for_it() {
    for_both(|kind| {
        let mut repo = repository();
        let shelf = updated(kind, &repo);
        repo.snapshot.signed["meta"]["alice.json"]["version"] = 2.into();
        refused_then_recovers(kind, &mut repo, &shelf, "alice", Fault::Rollback { trusted: 3, found: 2 });
    });
}

#[test]
fn a080_a_superseded_stored_snapshot_still_holds_the_floors_of_roles() {
    for_both(|kind| {
        let mut repo = repository();
        let shelf = updated(kind, &repo);
        shelf.take(&Entry::Floors);
        repo.snapshot.signed["meta"]["alice.json"]["version"] = 2.into();
        refused_then_recovers(kind, &mut repo, &shelf, "alice", Fault::Rollback { trusted: 3, found: 2 });
    });
}

#[test]
fn a080_the_record_of_floors_holds_them_without_the_stored_snapshot() {
    for_both(|kind| {
        let mut repo = repository();
        let shelf = updated(kind, &repo);
        shelf.take(&Entry::Snapshot);
        repo.snapshot.signed["meta"]["alice.json"]["version"] = 2.into();
        repo.publish_snapshot();
        let result = kind.client(&repo, &shelf).refresh().map(drop);
        assert_refused(result, "alice", Fault::Rollback { trusted: 3, found: 2 });
    });
}

#[test]
fn a082_an_expired_stored_snapshot_still_holds_the_floors_of_roles() {
    for_both(|kind| {
        let mut repo = repository();
        repo.set_expires("snapshot", "2030-01-02T00:00:00Z");
        repo.set_expires("timestamp", "2030-01-02T00:00:00Z");
        repo.publish();
        let shelf = updated(kind, &repo);
        shelf.take(&Entry::Floors);
        repo.set_expires("snapshot", EXPIRES);
        repo.set_expires("timestamp", EXPIRES);
        repo.snapshot.signed["meta"]["targets.json"]["version"] = 1.into();
        repo.publish_snapshot();
        let result = kind.client_at(&repo, &shelf, now() + 30 * DAY).refresh().map(drop);
        assert_refused(result, "targets", Fault::Rollback { trusted: 2, found: 1 });
        assert_eq!(shelf.versions(), [1, 4, 3, 2]);
    });
}

#[test]
fn a082_floors_do_not_come_from_a_stored_snapshot_that_nobody_signed() {
    for_both(|kind| {
        let mut repo = repository();
        let shelf = updated(kind, &repo);
        shelf.take(&Entry::Floors);
        let mut forged: serde_json::Value = serde_json::from_slice(&shelf.take(&Entry::Snapshot)).unwrap();
        forged["signed"]["meta"]["alice.json"]["version"] = 1000.into();
        shelf.put(&Entry::Snapshot, forged.to_string());
        repo.publish_snapshot();
        assert_eq!(versions(kind.client(&repo, &shelf).refresh().unwrap()), [1, 3, 3, 2]);
    });
}

#[test]
fn a089_a_snapshot_without_targets_is_refused() {
    for_both(|kind| {
        for meta in [json!({}), json!({ "alice.json": { "version": 3 } })] {
            let mut repo = repository();
            repo.snapshot.signed["meta"] = meta;
            repo.publish_snapshot();
            let shelf = Shelf::new();
            let fault = Malformed { offset: 0, reason: "`meta` does not list `targets.json`".to_owned() };
            let result = kind.client(&repo, &shelf).refresh().map(drop);
            assert_refused(result, "snapshot", Fault::Malformed(fault));
            assert_eq!(shelf.versions(), [1, 3, 0, 0]);
        }
    });
}

#[test]
fn a100_root_and_names_of_no_role_in_snapshot_are_tolerated_and_never_used() {
    for_both(|kind| {
        let mut repo = repository();
        let meta = &mut repo.snapshot.signed["meta"];
        meta["root.json"] = json!({ "version": 9 });
        meta["gone.json"] = json!({ "version": 4, "length": 1 });
        meta["1.targets.json"] = json!({ "version": 1 });
        meta["README"] = json!({ "version": 1 });
        meta["../x.json"] = json!({ "version": 1 });
        repo.publish_snapshot();
        let shelf = updated(kind, &repo);
        let floors = [
            "timestamp 3",
            "snapshot 3",
            "role 1 \"../x\"",
            "role 1 \"1.targets\"",
            "role 3 \"alice\"",
            "role 4 \"gone\"",
            "role 2 \"targets\"",
        ];
        assert_eq!(shelf.floors(), floors);

        // What snapshot says of root is no floor: it may fall, and vanish.
        repo.snapshot.signed["meta"]["root.json"]["version"] = 1.into();
        repo.publish_snapshot();
        kind.client(&repo, &shelf).refresh().unwrap();
        let meta = repo.snapshot.signed["meta"].as_object_mut().unwrap();
        meta.remove("root.json");
        meta.remove("README");
        repo.publish_snapshot();
        repo.take_log();
        assert_eq!(versions(kind.client(&repo, &shelf).refresh().unwrap()), [1, 5, 5, 2]);
        repo.assert_log(&[NEXT_ROOT, TIMESTAMP, "metadata/5.snapshot.json"]);
    });
}

#[test]
fn a101_versions_in_snapshot_are_1_to_2_to_the_64_minus_1() {
    for_both(|kind| {
        for version in ["18446744073709551616", "0", "1e3"] {
            let mut repo = repository();
            repo.snapshot.signed["meta"]["alice.json"]["version"] = raw(version);
            repo.publish_snapshot();
            let shelf = Shelf::new();
            let error = kind.client(&repo, &shelf).refresh().map(drop).unwrap_err();
            let tufgate::Error::Repository(error) = error else { panic!("{error}") };
            assert!(matches!(error.fault, Fault::Malformed(_)), "{error}");
            assert_eq!(error.subject.to_string(), "role `snapshot`");
            assert_eq!(shelf.versions(), [1, 3, 0, 0]);
        }
    });
}

#[test]
fn a104_an_older_snapshot_under_a_new_timestamp_is_refused() {
    for_both(|kind| {
        let mut repo = repository();
        let old = repo.file("metadata/2.snapshot.json");
        let shelf = updated(kind, &repo);
        repo.publish_snapshot();
        repo.serve("metadata/3.snapshot.json", old);
        let stored = shelf.bytes(&Entry::Snapshot);
        let result = kind.client(&repo, &shelf).refresh().map(drop);
        assert_refused(result, "snapshot", Fault::Version { expected: 3, found: 2 });
        assert_eq!(shelf.bytes(&Entry::Snapshot), stored);
        repo.lift("metadata/3.snapshot.json");
        assert_eq!(versions(kind.client(&repo, &shelf).refresh().unwrap()), [1, 3, 3, 2]);
    });
}

#[test]
fn a104_targets_of_another_time_under_a_new_snapshot_are_refused() {
    for_both(|kind| {
        let mut repo = repository();
        let old = repo.file("metadata/2.targets.json");
        let shelf = updated(kind, &repo);
        repo.add_target("targets", "a", b"a");
        repo.publish();
        repo.serve("metadata/3.targets.json", old);
        let result = kind.client(&repo, &shelf).refresh().map(drop);
        assert_refused(result, "targets", Fault::Version { expected: 3, found: 2 });
        assert_eq!(shelf.versions(), [1, 3, 3, 2]);
        repo.lift("metadata/3.targets.json");
        assert_eq!(versions(kind.client(&repo, &shelf).refresh().unwrap()), [1, 3, 3, 3]);
    });
}

#[test]
fn a105_the_trusted_version_of_snapshot_with_other_content_is_refused() {
    for_both(|kind| {
        let mut repo = repository();
        let honest = repo.files();
        let shelf = updated(kind, &repo);
        shelf.take(&Entry::Snapshot);
        repo.snapshot.signed["meta"]["alice.json"]["version"] = 4.into();
        repo.put("snapshot");
        repo.publish_timestamp();
        let fault = Fault::SameVersionOtherContent { version: 2 };
        assert_refused(kind.client(&repo, &shelf).refresh(), "snapshot", fault);
        assert_eq!(shelf.versions(), [1, 3, 0, 2]);
        assert_eq!(shelf.floors(), ["timestamp 3", "snapshot 2", "role 3 \"alice\"", "role 2 \"targets\""]);
        let now_served = repo.file(TIMESTAMP);
        repo.go_back_to(&honest);
        repo.serve(TIMESTAMP, now_served);
        assert_eq!(versions(kind.client(&repo, &shelf).refresh().unwrap()), [1, 3, 2, 2]);
    });
}

#[test]
fn a105_stored_targets_of_the_pinned_version_stay_and_another_content_is_not_asked_for() {
    for_both(|kind| {
        let mut repo = repository();
        repo.add_target("alice", "alice/a", b"a");
        repo.publish();
        let shelf = Shelf::new();
        kind.client(&repo, &shelf).signer("alice/a").unwrap();
        let before = shelf.files();
        for role in ["targets", "alice"] {
            repo.role_mut(role).signed["x"] = 1.into();
            repo.put(role);
        }
        repo.take_log();
        assert_eq!(kind.client(&repo, &shelf).signer("alice/a"), Ok("alice".to_owned()));
        repo.assert_log(&[NEXT_ROOT, TIMESTAMP]);
        assert_eq!(shelf.files(), before);
    });
}
