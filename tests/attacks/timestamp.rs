//! Timestamp: rollback, replay, what it may say (TUF-1.0.34 §5.4).

use serde_json::json;
use tufgate::Entry;
use tufgate::error::{Error, Fault, Malformed, StoreFault};

use super::both::{Kind, NEXT_ROOT, TIMESTAMP, for_both, versions};
use super::shelf::Shelf;
use crate::simulator::{DAY, Key, Repository, assert_refused, now, raw};

/// One day after [`now`], as metadata spells it.
const TOMORROW: &str = "2030-01-02T00:00:00Z";

/// A store that trusts what the repository has now.
fn updated(kind: Kind, repo: &Repository) -> Shelf {
    let shelf = Shelf::new();
    kind.client(repo, &shelf).refresh().unwrap();
    repo.take_log();
    shelf
}

/// An update is refused for this, and leaves the store as it was.
#[track_caller]
fn refused_without_trace(kind: Kind, repo: &Repository, shelf: &Shelf, role: &str, fault: Fault) {
    let before = shelf.files();
    assert_refused(kind.client(repo, shelf).refresh(), role, fault);
    assert_eq!(shelf.files(), before);
}

#[test]
fn a069_an_older_timestamp_is_refused() {
    for_both(|kind| {
        let mut repo = Repository::new();
        let old = repo.files();
        repo.publish();
        let new = repo.files();
        let shelf = updated(kind, &repo);
        repo.go_back_to(&old);
        refused_without_trace(kind, &repo, &shelf, "timestamp", Fault::Rollback { trusted: 2, found: 1 });
        repo.assert_log(&[NEXT_ROOT, TIMESTAMP]);

        // Each of the two local records is enough by itself.
        let (floors, timestamp) = (Entry::Floors, Entry::Timestamp);
        for lost in [&floors, &timestamp] {
            let kept = shelf.take(lost);
            let result = kind.client(&repo, &shelf).refresh().map(drop);
            assert_refused(result, "timestamp", Fault::Rollback { trusted: 2, found: 1 });
            shelf.put(lost, kept);
        }

        repo.go_back_to(&new);
        assert_eq!(versions(kind.client(&repo, &shelf).refresh().unwrap()), [1, 2, 1, 1]);
    });
}

#[test]
fn a070_another_timestamp_of_the_trusted_version_is_discarded_without_error() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.publish();
        let shelf = updated(kind, &repo);
        let before = shelf.files();
        repo.timestamp.signed["meta"]["snapshot.json"]["version"] = 9.into();
        repo.put("timestamp");
        let mut client = kind.client(&repo, &shelf);
        client.refresh().unwrap();
        assert_eq!(client.session().timestamp().snapshot().version(), 1);
        assert_eq!(shelf.files(), before);
        repo.assert_log(&[NEXT_ROOT, TIMESTAMP]);
        repo.bump("timestamp");
        repo.pin("snapshot");
        repo.put("timestamp");
        assert_eq!(versions(client.refresh().unwrap()), [1, 3, 1, 1]);
    });
}

#[test]
fn a070_a_timestamp_of_the_trusted_version_must_be_signed_all_the_same() {
    for_both(|kind| {
        let mut repo = Repository::new();
        let shelf = updated(kind, &repo);
        repo.timestamp.sign_with([Key::named("mallory")]);
        repo.put("timestamp");
        let fault = Fault::Threshold { delegator: tufgate::RoleName::ROOT, valid: 0, required: 1 };
        refused_without_trace(kind, &repo, &shelf, "timestamp", fault);
    });
}

#[test]
fn a071_a_timestamp_that_names_an_older_snapshot_is_refused() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.add_target("targets", "a", b"a");
        repo.publish();
        let shelf = updated(kind, &repo);
        repo.timestamp.signed["meta"]["snapshot.json"]["version"] = 1.into();
        repo.publish_timestamp();
        refused_without_trace(kind, &repo, &shelf, "snapshot", Fault::Rollback { trusted: 2, found: 1 });
        repo.assert_log(&[NEXT_ROOT, TIMESTAMP]);
        repo.pin("snapshot");
        repo.publish_timestamp();
        assert_eq!(versions(kind.client(&repo, &shelf).refresh().unwrap()), [1, 4, 2, 2]);
    });
}

#[test]
fn a071_the_floor_of_snapshot_is_what_a_timestamp_named_even_if_it_was_never_had() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.publish_snapshot();
        repo.remove("metadata/2.snapshot.json");
        let shelf = Shelf::new();
        assert_refused(kind.client(&repo, &shelf).refresh(), "snapshot", Fault::Missing);
        repo.timestamp.signed["meta"]["snapshot.json"]["version"] = 1.into();
        repo.publish_timestamp();
        refused_without_trace(kind, &repo, &shelf, "snapshot", Fault::Rollback { trusted: 2, found: 1 });
    });
}

#[test]
fn a072_a_refused_timestamp_is_not_kept() {
    type Spoil = fn(&mut Repository);
    let cases: [(&str, Spoil, Fault); 3] = [
        (
            "timestamp",
            |repo| repo.set_expires("timestamp", "2029-12-31T23:59:59Z"),
            Fault::Expired { expires: now() - std::time::Duration::from_secs(1), now: now() },
        ),
        (
            "timestamp",
            |repo| repo.timestamp.keys.clear(),
            Fault::Threshold { delegator: tufgate::RoleName::ROOT, valid: 0, required: 1 },
        ),
        (
            "snapshot",
            |repo| repo.timestamp.signed["meta"]["snapshot.json"]["version"] = 1.into(),
            Fault::Rollback { trusted: 2, found: 1 },
        ),
    ];
    for_both(|kind| {
        for (role, spoil, fault) in &cases {
            let mut repo = Repository::new();
            repo.add_target("targets", "a", b"a");
            repo.publish();
            let shelf = updated(kind, &repo);
            spoil(&mut repo);
            repo.timestamp.set_version(1000);
            repo.put("timestamp");
            refused_without_trace(kind, &repo, &shelf, role, fault.clone());

            repo.timestamp.sign_with([Key::named("timestamp")]).set_version(3);
            repo.set_expires("timestamp", crate::simulator::EXPIRES);
            repo.pin("snapshot");
            repo.put("timestamp");
            assert_eq!(versions(kind.client(&repo, &shelf).refresh().unwrap()), [1, 3, 2, 2]);
        }
    });
}

#[test]
fn a081_an_expired_stored_timestamp_is_still_a_floor() {
    for_both(|kind| {
        let mut repo = Repository::new();
        let old = repo.files();
        repo.set_expires("timestamp", TOMORROW);
        repo.publish();
        let shelf = updated(kind, &repo);
        shelf.take(&Entry::Floors);
        repo.go_back_to(&old);
        let later = now() + 30 * DAY;
        let result = kind.client_at(&repo, &shelf, later).refresh().map(drop);
        assert_refused(result, "timestamp", Fault::Rollback { trusted: 2, found: 1 });
    });
}

#[test]
fn a081_an_expired_stored_timestamp_also_keeps_the_floor_of_snapshot() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.set_expires("timestamp", TOMORROW);
        repo.publish_snapshot();
        let shelf = updated(kind, &repo);
        shelf.take(&Entry::Floors);
        shelf.take(&Entry::Snapshot);
        repo.set_expires("timestamp", crate::simulator::EXPIRES);
        repo.timestamp.signed["meta"]["snapshot.json"]["version"] = 1.into();
        repo.publish_timestamp();
        let result = kind.client_at(&repo, &shelf, now() + 30 * DAY).refresh().map(drop);
        assert_refused(result, "snapshot", Fault::Rollback { trusted: 2, found: 1 });
    });
}

#[test]
fn a090_timestamp_lists_snapshot_and_nothing_else() {
    for_both(|kind| {
        for meta in [
            json!({}),
            json!({ "targets.json": { "version": 1 } }),
            json!({ "snapshot.json": { "version": 1 }, "targets.json": { "version": 1 } }),
        ] {
            let mut repo = Repository::new();
            let shelf = updated(kind, &repo);
            repo.timestamp.signed["meta"] = meta;
            repo.publish_timestamp();
            let fault = Malformed { offset: 0, reason: "`meta` does not list exactly `snapshot.json`".to_owned() };
            refused_without_trace(kind, &repo, &shelf, "timestamp", Fault::Malformed(fault));
        }
    });
}

#[test]
fn a101_versions_are_1_to_2_to_the_64_minus_1() {
    for_both(|kind| {
        for (version, reason) in [
            ("18446744073709551616", "invalid type: floating point `1.8446744073709552e+19`, expected u64"),
            ("0", "a version is at least 1"),
            ("-1", "invalid value: integer `-1`, expected u64"),
            ("\"2\"", "invalid type: string \"2\", expected u64"),
            ("true", "invalid type: boolean `true`, expected u64"),
        ] {
            let mut repo = Repository::new();
            let shelf = updated(kind, &repo);
            repo.timestamp.signed["version"] = raw(version);
            repo.put("timestamp");
            let before = shelf.files();
            let Err(Error::Repository(error)) = kind.client(&repo, &shelf).refresh().map(drop) else {
                panic!("version {version} was accepted");
            };
            let Fault::Malformed(Malformed { reason: found, .. }) = &error.fault else { panic!("{error}") };
            assert_eq!(found, reason);
            assert_eq!(shelf.files(), before);
        }
    });
}

#[test]
fn a101_the_highest_version_overflows_nothing() {
    for_both(|kind| {
        let mut repo = Repository::new();
        for role in ["timestamp", "snapshot", "targets"] {
            repo.role_mut(role).set_version(u64::MAX);
        }
        repo.publish();
        let shelf = updated(kind, &repo);
        assert_eq!(shelf.versions(), [1, u64::MAX, u64::MAX, u64::MAX]);
        let all = versions(kind.client(&repo, &shelf).refresh().unwrap());
        assert_eq!(all, [1, u64::MAX, u64::MAX, u64::MAX]);
        repo.timestamp.set_version(2);
        repo.put("timestamp");
        let fault = Fault::Rollback { trusted: u64::MAX, found: 2 };
        refused_without_trace(kind, &repo, &shelf, "timestamp", fault);
    });
}

#[test]
fn a105_the_content_of_a_timestamp_is_remembered_beyond_its_file() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.publish();
        let honest = repo.files();
        let shelf = updated(kind, &repo);
        shelf.take(&Entry::Timestamp);
        repo.timestamp.signed["meta"]["snapshot.json"]["version"] = 9.into();
        repo.put("timestamp");
        refused_without_trace(kind, &repo, &shelf, "timestamp", Fault::SameVersionOtherContent { version: 2 });
        repo.go_back_to(&honest);
        assert_eq!(versions(kind.client(&repo, &shelf).refresh().unwrap()), [1, 2, 1, 1]);
        assert_eq!(shelf.versions(), [1, 2, 1, 1]);
    });
}

#[test]
fn a083_a_damaged_record_without_a_timestamp_to_restore_it_from_is_an_error() {
    for_both(|kind| {
        let repo = Repository::new();
        let shelf = updated(kind, &repo);
        shelf.put(&Entry::Floors, "tufgate floors 1\ntorn");
        shelf.take(&Entry::Timestamp);
        let before = shelf.files();
        match kind.client(&repo, &shelf).refresh().map(drop) {
            Err(Error::Store(error)) => assert_eq!(error.fault, StoreFault::FloorsDamaged),
            other => panic!("{other:?}"),
        }
        assert_eq!(shelf.files(), before);
        repo.assert_log(&[NEXT_ROOT]);
    });
}
