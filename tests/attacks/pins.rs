//! What a signed file says about another one: version, length, hashes; and how many bytes are read at all.

use serde_json::json;
use tufgate::error::{Error, Fault, Malformed, TransportFault};
use tufgate::{Digest, HashAlgorithm, Settings};

use super::both::{Kind, NEXT_ROOT, TIMESTAMP, for_both, signed};
use super::shelf::Shelf;
use crate::simulator::{
    Delegation, Repository, assert_refused, assert_target_refused, assert_transport, hash, now, target_path,
};

/// A repository in which `alice` signs for `alice/a`, with hashes and lengths of all metadata. All is in version 2, but
/// alice in version 1.
fn repository() -> Repository {
    let mut repo = Repository::new();
    repo.snapshot_with_hashes(&["sha256"]);
    repo.timestamp_with_hashes(&["sha256"]);
    repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
    repo.add_target("alice", "alice/a", b"a wheel");
    repo.publish();
    repo
}

/// Where the three pinned roles are, and what a client has kept when the last one of each was refused.
const PINNED: [(&str, &str, [u64; 4]); 3] = [
    ("snapshot", "metadata/2.snapshot.json", [1, 2, 0, 0]),
    ("targets", "metadata/2.targets.json", [1, 2, 2, 0]),
    ("alice", "metadata/1.alice.json", [1, 2, 2, 2]),
];

fn sha256(bytes: &[u8]) -> Box<Digest> {
    Box::new(Digest::from_hex(HashAlgorithm::Sha256, &hash("sha256", bytes)).unwrap())
}

/// The search is refused for this; afterwards the store holds these versions and nothing of `alice`; with the lie lifted
/// the next search goes well.
#[track_caller]
fn refused_then_recovers(kind: Kind, repo: &Repository, path: &str, role: &str, kept: [u64; 4], fault: Fault) {
    let shelf = Shelf::new();
    assert_refused(kind.client(repo, &shelf).lookup("alice/a"), role, fault);
    assert_eq!((shelf.versions(), shelf.delegated("alice")), (kept, 0));
    repo.lift(path);
    assert_eq!(kind.client(repo, &shelf).signer("alice/a"), Ok("alice".to_owned()));
    assert_eq!((shelf.versions(), shelf.delegated("alice")), ([1, 2, 2, 2], 1));
}

#[test]
fn a073_a074_a075_a_file_with_another_hash_is_refused_although_it_is_signed() {
    for_both(|kind| {
        for (role, path, kept) in PINNED {
            let mut repo = repository();
            let honest = repo.file(path);
            // The same length, the same version, a good signature.
            let text = repo.role(role).signed["expires"].as_str().unwrap().replace("2035", "2036");
            repo.set_expires(role, &text);
            let other = repo.role(role).sign();
            assert_eq!(other.len(), honest.len());
            repo.serve(path, other.clone());
            let fault = Fault::Hash { expected: sha256(&honest), found: sha256(&other) };
            refused_then_recovers(kind, &repo, path, role, kept, fault);
        }
    });
}

#[test]
fn a073_a074_a075_a_file_with_another_length_is_refused() {
    for_both(|kind| {
        for (role, path, kept) in PINNED {
            let repo = repository();
            let honest = repo.file(path);
            let expected = honest.len() as u64;
            repo.truncate(path, honest.len() - 1);
            let fault = Fault::Length { expected, found: expected - 1 };
            refused_then_recovers(kind, &repo, path, role, kept, fault);
            repo.serve(path, [&honest[..], b"\n"].concat());
            let fault = Fault::Length { expected, found: expected + 1 };
            refused_then_recovers(kind, &repo, path, role, kept, fault);
            repo.serve_endless(path, honest);
            let fault = Fault::Length { expected, found: expected + 1 };
            refused_then_recovers(kind, &repo, path, role, kept, fault);
        }
    });
}

#[test]
fn a073_a074_a075_a_file_with_another_version_is_refused() {
    for_both(|kind| {
        for (role, path, kept) in PINNED {
            for found in [1, 3] {
                let mut repo = repository();
                repo.snapshot_with_hashes(&[]);
                repo.timestamp_with_hashes(&[]);
                repo.roles.get_mut("alice").unwrap().set_version(2);
                repo.publish();
                let path = path.replace("/2.", "/3.").replace("/1.", "/2.").replace("3.targets", "2.targets");
                let expected = repo.role(role).number();
                let found = if role == "snapshot" { found + 1 } else { found };
                repo.role_mut(role).set_version(found);
                let other = repo.role(role).sign();
                repo.serve(&path, other);
                let shelf = Shelf::new();
                let result = kind.client(&repo, &shelf).lookup("alice/a");
                assert_refused(result, role, Fault::Version { expected, found });
                let kept = kept.map(|version| u64::from(version > 0));
                assert_eq!(shelf.versions().map(|version| u64::from(version > 0)), kept);
            }
        }
    });
}

#[test]
fn a091_length_0_is_a_limit() {
    for_both(|kind| {
        for (role, path, kept) in PINNED {
            let mut repo = repository();
            repo.snapshot_with_hashes(&[]);
            repo.timestamp_with_hashes(&[]);
            for role in ["targets", "alice"] {
                repo.pin(role);
            }
            if role != "snapshot" {
                repo.snapshot.signed["meta"][format!("{role}.json")]["length"] = 0.into();
            }
            repo.publish_snapshot();
            if role == "snapshot" {
                repo.timestamp.signed["meta"]["snapshot.json"]["length"] = 0.into();
                repo.publish_timestamp();
            }
            let shelf = Shelf::new();
            let result = kind.client(&repo, &shelf).lookup("alice/a");
            assert_refused(result, role, Fault::Length { expected: 0, found: 1 });
            assert_eq!(shelf.versions().map(|v| v > 0), kept.map(|v| v > 0), "{path}");
        }
    });
}

#[test]
fn a091_length_null_is_malformed_and_an_absent_one_means_the_clients_limit() {
    for_both(|kind| {
        let mut repo = Repository::new();
        let mut settings = Settings::default();
        settings.limits.snapshot_bytes = 2000;
        repo.serve_endless("metadata/1.snapshot.json", "{");
        let shelf = Shelf::new();
        let result = kind.client_with(&repo, &shelf, settings, now).refresh().map(drop);
        assert_refused(result, "snapshot", Fault::TooLarge { limit: 2000 });
        assert_eq!(repo.take_bytes_read()["metadata/1.snapshot.json"], 2001);

        repo.timestamp.signed["meta"]["snapshot.json"]["length"] = json!(null);
        repo.publish_timestamp();
        let Err(Error::Repository(error)) = kind.client(&repo, &shelf).refresh().map(drop) else { panic!() };
        let Fault::Malformed(Malformed { reason, .. }) = error.fault else { panic!("{error}") };
        assert_eq!(reason, "invalid type: null, expected u64");
    });
}

#[test]
fn a092_a_signed_length_above_the_clients_limit_is_not_read() {
    for_both(|kind| {
        for (role, path, _) in PINNED {
            let mut repo = repository();
            repo.snapshot_with_hashes(&[]);
            repo.timestamp_with_hashes(&[]);
            for role in ["targets", "alice"] {
                repo.pin(role);
            }
            if role != "snapshot" {
                repo.snapshot.signed["meta"][format!("{role}.json")]["length"] = 10_000_000_000_000_u64.into();
            }
            repo.publish_snapshot();
            if role == "snapshot" {
                repo.timestamp.signed["meta"]["snapshot.json"]["length"] = u64::MAX.into();
                repo.publish_timestamp();
            }
            let path = path.replace("2.snapshot", "3.snapshot");
            repo.serve_endless(&path, "{");
            let mut settings = Settings::default();
            let limit = if role == "snapshot" {
                &mut settings.limits.snapshot_bytes
            } else {
                &mut settings.limits.targets_bytes
            };
            *limit = 4500;
            let result = kind.client_with(&repo, Shelf::new(), settings, now).lookup("alice/a");
            assert_refused(result, role, Fault::TooLarge { limit: 4500 });
            let read = repo.take_bytes_read()[&path];
            assert_eq!(read, if kind == Kind::Blocking { 4501 } else { 5001 });
        }
    });
}

#[test]
fn a092_an_endless_timestamp_is_not_read() {
    for_both(|kind| {
        let repo = Repository::new();
        repo.serve_endless(TIMESTAMP, "{");
        let result = kind.client(&repo, Shelf::new()).refresh().map(drop);
        assert_refused(result, "timestamp", Fault::TooLarge { limit: 64 << 10 });
        let read = repo.take_bytes_read()[TIMESTAMP];
        // The async client cannot take less than the piece that comes.
        assert_eq!(read, if kind == Kind::Blocking { (64 << 10) + 1 } else { 66_001 });
    });
}

#[test]
fn a092_a_target_that_is_signed_as_longer_than_the_limit_is_refused_before_it_is_asked_for() {
    for_both(|kind| {
        let repo = repository();
        let mut settings = Settings::default();
        settings.limits.target_bytes = 6;
        let mut client = kind.client_with(&repo, Shelf::new(), settings, now);
        assert_target_refused(client.lookup("alice/a"), "alice/a", Fault::TooLarge { limit: 6 });
    });
}

#[test]
fn a092_an_update_reads_no_more_than_its_budget_over_all_roles() {
    for_both(|kind| {
        let repo = repository();
        let paths = [TIMESTAMP, "metadata/2.snapshot.json", "metadata/2.targets.json", "metadata/1.alice.json"];
        let all: u64 = paths.iter().map(|path| repo.file(path).len() as u64).sum();
        let search = |budget| {
            let mut settings = Settings::default();
            settings.limits.update_bytes = budget;
            let shelf = Shelf::new();
            let found = kind.client_with(&repo, &shelf, settings, now).lookup("alice/a");
            (found, shelf.delegated("alice"))
        };
        let (found, stored) = search(all - 1);
        assert_refused(found, "alice", Fault::UpdateBudget { limit: all - 1 });
        assert_eq!(stored, 0);
        assert_eq!(signed(search(all).0).role().as_str(), "alice");
    });
}

#[test]
fn a094_a_file_that_is_named_and_missing_is_an_error_and_what_is_trusted_stays() {
    for_both(|kind| {
        for (role, path, kept) in PINNED {
            let repo = repository();
            repo.remove(path);
            refused_then_recovers(kind, &repo, path, role, kept, Fault::Missing);
        }
        let repo = repository();
        repo.remove(TIMESTAMP);
        let shelf = Shelf::new();
        assert_refused(kind.client(&repo, &shelf).refresh(), "timestamp", Fault::Missing);
        repo.assert_log(&[NEXT_ROOT, TIMESTAMP]);
        assert_eq!(shelf.versions(), [1, 0, 0, 0]);
        for (answer, fault) in [(403, TransportFault::Status(403)), (503, TransportFault::Status(503))] {
            match answer {
                403 => repo.forbidden(TIMESTAMP),
                _ => repo.fail(TIMESTAMP, fault.clone()),
            }
            assert_transport(kind.client(&repo, &shelf).refresh(), TIMESTAMP, fault);
        }
        repo.lift(TIMESTAMP);
        kind.client(&repo, &shelf).refresh().unwrap();
    });
}

#[test]
fn a096_the_bytes_of_another_genuine_target_are_refused() {
    for_both(|kind| {
        let mut repo = repository();
        repo.add_target("alice", "alice/b", b"b wheel");
        repo.publish();
        let mut client = kind.client(&repo, Shelf::new());
        let info = signed(client.lookup("alice/a"));
        let path = target_path("alice/a", Some(&hash("sha256", b"a wheel")));
        repo.serve(&path, b"b wheel".to_vec());
        let fault = Fault::Hash { expected: sha256(b"a wheel"), found: sha256(b"b wheel") };
        assert_target_refused(client.read(&info), "alice/a", fault);
        repo.lift(&path);
        assert_eq!(client.read(&info).unwrap(), b"a wheel");
    });
}

#[test]
fn a097_a_target_of_another_length_is_refused_while_it_is_read() {
    for_both(|kind| {
        let repo = repository();
        let mut client = kind.client(&repo, Shelf::new());
        let info = signed(client.lookup("alice/a"));
        let path = target_path("alice/a", Some(&hash("sha256", b"a wheel")));
        let directory = tempfile::tempdir().unwrap();
        let destination = directory.path().join("a.whl");
        let refused = |client: &super::both::AnyClient<Shelf>, found| {
            let fault = Fault::Length { expected: 7, found };
            assert_target_refused(client.read(&info), "alice/a", fault.clone());
            assert_target_refused(client.download(&info, &destination), "alice/a", fault);
            assert_eq!(directory.path().read_dir().unwrap().count(), 0);
        };
        for length in [0, 6] {
            repo.truncate(&path, length);
            refused(&client, length as u64);
        }
        repo.serve(&path, b"a wheel\n".to_vec());
        refused(&client, 8);
        repo.serve_endless(&path, b"a wheel".to_vec());
        repo.take_bytes_read();
        refused(&client, 8);
        // The first piece and perhaps the one after it, for each of both requests.
        assert!(repo.take_bytes_read()[&path] <= 4000);
        repo.break_after(&path, 3);
        assert_transport(client.read(&info), &path, TransportFault::Read);
        repo.lift(&path);
        client.download(&info, &destination).unwrap();
        assert_eq!(std::fs::read(&destination).unwrap(), b"a wheel");
    });
}

#[test]
fn a098_a_search_brings_the_metadata_up_to_date_first() {
    for_both(|kind| {
        let repo = repository();
        let mut client = kind.client(&repo, Shelf::new());
        client.lookup("alice/a").unwrap();
        repo.assert_log(&[
            NEXT_ROOT,
            TIMESTAMP,
            "metadata/2.snapshot.json",
            "metadata/2.targets.json",
            "metadata/1.alice.json",
        ]);
        repo.remove(TIMESTAMP);
        assert_refused(kind.client(&repo, Shelf::new()).lookup("alice/a"), "timestamp", Fault::Missing);
    });
}
