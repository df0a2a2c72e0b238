//! Which hashes decide about a target, and about metadata that is pinned (TUF-1.0.34 §4.5, §5.7.1).

use serde_json::{Value, json};
use tufgate::error::Fault;
use tufgate::{Digest, Downloaded, Found, HashAlgorithm, MemoryStore, TargetInfo, TargetPath};

use super::machine::{Machine, assert_malformed};
use super::{client, lookup};
use crate::simulator::{Repository, assert_refused, assert_target_refused, hash, hex};

const BYTES: &[u8] = b"bytes";

/// A repository that lists `x` with these hashes and serves it under the name of the right one.
fn listing(hashes: Value) -> Repository {
    let mut repo = Repository::new();
    for algorithm in ["sha256", "sha512", "blake2b-256", "blake2b"] {
        repo.add_target_hashed("targets", "x", BYTES, &[algorithm]);
    }
    repo.add_target_json("targets", "x", json!({ "length": BYTES.len(), "hashes": hashes }));
    repo.publish();
    repo
}

#[track_caller]
fn signed(repo: &Repository) -> TargetInfo {
    match lookup(repo, "x").unwrap() {
        Found::Signed(info) => info,
        Found::Unsigned { .. } => panic!("x is signed for"),
    }
}

#[track_caller]
fn assert_no_known_hash(hashes: Value) {
    let mut repo = listing(hashes);
    assert_target_refused(lookup(&repo, "x"), "x", Fault::NoKnownHash);
    repo.assert_log(&[
        "metadata/2.root.json",
        "metadata/timestamp.json",
        "metadata/2.snapshot.json",
        "metadata/2.targets.json",
    ]);
    // The other targets of the same role are not harmed.
    repo.add_target("targets", "y", b"another");
    repo.publish();
    assert!(matches!(lookup(&repo, "y"), Ok(Found::Signed(_))));
}

#[test]
fn a037_a_target_without_hashes_is_refused() {
    assert_no_known_hash(json!({}));
}

#[test]
fn a038_a_target_with_only_unknown_hashes_is_refused() {
    assert_no_known_hash(json!({ "foo512": hash("sha512", BYTES) }));
    // Names are compared byte for byte.
    assert_no_known_hash(json!({ "SHA256": hash("sha256", BYTES), "sha-256": hash("sha256", BYTES) }));
}

#[test]
fn a039_a_target_with_only_weak_hashes_is_refused() {
    let md5 = "4b3a6218bb3e3a7303e8a171a60fcf92";
    assert_no_known_hash(json!({ "sha1": hash("sha1", BYTES) }));
    assert_no_known_hash(json!({ "md5": md5 }));
    assert_no_known_hash(json!({ "sha1": hash("sha1", BYTES), "md5": md5, "sha224": "00".repeat(28) }));
}

#[test]
fn a040_unknown_hashes_beside_a_strong_one_are_ignored() {
    let repo = listing(json!({ "foo512": "no hex at all", "sha1": "00", "sha256": hash("sha256", BYTES) }));
    let info = signed(&repo);
    let sha256 = Digest::from_hex(HashAlgorithm::Sha256, &hash("sha256", BYTES)).unwrap();
    assert_eq!(info.hashes().iter().collect::<Vec<_>>(), [&sha256]);
    assert_eq!(client(&repo, MemoryStore::new()).read(&info).unwrap(), BYTES);
}

#[test]
fn a040_a_malformed_hash_of_a_known_algorithm_spoils_the_target() {
    let good = hash("sha256", BYTES);
    for bad in ["", "00", "zz", &good, &format!("{} ", hash("sha512", BYTES)), "../../../admin?x="] {
        assert_no_known_hash(json!({ "sha256": good, "sha512": bad }));
    }
}

#[test]
fn a041_each_strong_hash_is_enough_alone() {
    for algorithm in ["sha256", "sha512", "blake2b-256", "blake2b"] {
        let repo = listing(json!({ algorithm: hash(algorithm, BYTES) }));
        let info = signed(&repo);
        repo.take_log();
        assert_eq!(client(&repo, MemoryStore::new()).read(&info).unwrap(), BYTES);
        repo.assert_log(&[&format!("targets/{}.x", hash(algorithm, BYTES))]);
    }
}

#[test]
fn a041_metadata_may_be_pinned_by_sha512_alone() {
    let mut repo = Repository::new();
    repo.snapshot_with_hashes(&["sha512"]);
    repo.timestamp_with_hashes(&["sha512"]);
    repo.add_target("targets", "x", BYTES);
    repo.publish();
    for machine in Machine::each() {
        assert_eq!(machine.run(&repo, &repo.root_file(1)).unwrap(), [1, 2, 2, 2]);
        let path = "metadata/timestamp.json";
        let mut lie = repo.fork();
        lie.timestamp.signed["meta"]["snapshot.json"]["hashes"]["sha512"] = "00".repeat(64).into();
        lie.bump("snapshot");
        lie.put("snapshot");
        lie.timestamp.signed["meta"]["snapshot.json"]["version"] = 3.into();
        lie.publish_timestamp();
        let digest = |hex: &str| Box::new(Digest::from_hex(HashAlgorithm::Sha512, hex).unwrap());
        let found = hash("sha512", &lie.file("metadata/3.snapshot.json"));
        let fault = Fault::Hash { expected: digest(&"00".repeat(64)), found: digest(&found) };
        assert!(lie.is_published(path));
        assert_refused(machine.run(&lie, &repo.root_file(1)), "snapshot", fault);
    }
}

#[test]
fn a037_a038_metadata_pinned_by_no_known_hash_is_refused() {
    for hashes in [json!({}), json!({ "sha1": "00".repeat(20) }), json!({ "sha256": "zz" })] {
        let mut repo = Repository::new();
        repo.timestamp.signed["meta"]["snapshot.json"]["hashes"] = hashes.clone();
        repo.publish_timestamp();
        let reason = "the hashes of \"snapshot.json\" are not of a known algorithm, or not well formed";
        assert_malformed(Machine::new().run(&repo, &repo.root_file(1)), "timestamp", reason);

        let mut repo = Repository::new();
        repo.snapshot.signed["meta"]["targets.json"]["hashes"] = hashes;
        repo.publish_snapshot();
        let reason = "the hashes of \"targets.json\" are not of a known algorithm, or not well formed";
        assert_malformed(Machine::new().run(&repo, &repo.root_file(1)), "snapshot", reason);
    }
}

#[test]
fn a042_hashes_are_compared_as_bytes_and_written_in_lower_case() {
    let repo = listing(json!({ "sha256": hash("sha256", BYTES).to_uppercase() }));
    let info = signed(&repo);
    repo.take_log();
    assert_eq!(client(&repo, MemoryStore::new()).read(&info).unwrap(), BYTES);
    repo.assert_log(&[&format!("targets/{}.x", hash("sha256", BYTES))]);

    let mut repo = Repository::new();
    let upper = hash("sha256", &repo.file("metadata/1.snapshot.json")).to_uppercase();
    repo.timestamp.signed["meta"]["snapshot.json"]["hashes"] = json!({ "sha256": upper });
    repo.publish_timestamp();
    assert_eq!(Machine::new().run(&repo, &repo.root_file(1)).unwrap(), [1, 2, 1, 1]);
}

#[test]
fn a043_every_known_hash_must_match() {
    let right = |algorithm: &str| hash(algorithm, BYTES);
    for (good, bad, algorithm) in [
        ("sha256", "sha512", HashAlgorithm::Sha512),
        ("sha512", "sha256", HashAlgorithm::Sha256),
        ("sha256", "blake2b-256", HashAlgorithm::Blake2b256),
        ("blake2b", "sha256", HashAlgorithm::Sha256),
    ] {
        let wrong = hash(bad, b"other");
        let repo = listing(json!({ good: right(good), bad: wrong }));
        let info = signed(&repo);
        let temp = tempfile::tempdir().unwrap();
        let destination = temp.path().join("x");
        let digest = |hex: &str| Box::new(Digest::from_hex(algorithm, hex).unwrap());
        let fault = Fault::Hash { expected: digest(&wrong), found: digest(&right(bad)) };
        let client = client(&repo, MemoryStore::new());
        assert_target_refused(client.download(&info, &destination), "x", fault.clone());
        assert_target_refused(client.read(&info), "x", fault);
        assert_eq!(temp.path().read_dir().unwrap().count(), 0, "nothing stays behind");

        let repo = listing(json!({ good: right(good), bad: right(bad) }));
        let info = signed(&repo);
        let client = super::client(&repo, MemoryStore::new());
        let downloaded = client.download(&info, &destination).unwrap();
        assert!(matches!(&downloaded, Downloaded::Fetched(approved) if *approved.info() == info));
        assert_eq!(hex(&std::fs::read(&destination).unwrap()), hex(BYTES));
        assert_eq!(info.path(), &TargetPath::new("x").unwrap());
    }
}
