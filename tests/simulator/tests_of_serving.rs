//! What the simulator publishes and serves: a test can only be believed if its adversary does what it says.

use std::io::Read;

use ring::signature as rs;
use serde_json::{Value, json};
use tufgate::error::{Error, Fault, TransportError, TransportFault};
use tufgate::{AsyncBody, AsyncTransport, Fetched, Transport};

use super::tests_of_forms::unhex;
use super::*;

/// Reads one path to its end, at most `max` bytes of it.
fn get(repo: &Repository, path: &str, max: u64) -> Result<Option<Vec<u8>>, TransportError> {
    match Transport::fetch(&repo.transport(), &format!("{ORIGIN}{path}"))? {
        Fetched::Body(body) => {
            let mut bytes = Vec::new();
            body.take(max).read_to_end(&mut bytes).map_err(|error| error.downcast::<TransportError>().unwrap())?;
            Ok(Some(bytes))
        }
        Fetched::NotFound => Ok(None),
        Fetched::Forbidden => Err(TransportError::new("(forbidden)", TransportFault::Status(403))),
    }
}

fn document_at(repo: &Repository, path: &str) -> Value {
    serde_json::from_slice::<Value>(&repo.file(path)).unwrap()["signed"].take()
}

#[test]
fn new_repository_is_signed_by_the_keys_its_root_names() {
    let repo = Repository::new();
    let root = document_at(&repo, "metadata/1.root.json");
    let names =
        ["metadata/1.root.json", "metadata/1.snapshot.json", "metadata/1.targets.json", "metadata/timestamp.json"];
    assert_eq!(repo.files().keys().collect::<Vec<_>>(), names);
    for (path, role) in names.into_iter().zip(["root", "snapshot", "targets", "timestamp"]) {
        let mut envelope: Value = serde_json::from_slice(&repo.file(path)).unwrap();
        let keyid = Key::named(role).keyid();
        assert_eq!(root["roles"][role], json!({ "keyids": [keyid], "threshold": 1 }));
        assert_eq!(envelope["signatures"][0]["keyid"], keyid);
        let public = unhex(&root["keys"][&keyid]["keyval"]["public"]);
        let signature = unhex(&envelope["signatures"][0]["sig"]);
        let signed = canonical(&envelope["signed"].take());
        rs::UnparsedPublicKey::new(&rs::ED25519, public).verify(&signed, &signature).unwrap();
    }
    let timestamp = json!({
        "_type": "timestamp", "spec_version": "1.0.34", "version": 1, "expires": "2035-01-01T00:00:00Z",
        "meta": { "snapshot.json": { "version": 1 } },
    });
    assert_eq!(document_at(&repo, "metadata/timestamp.json"), timestamp);
}

#[test]
fn publishing_raises_the_versions_of_what_changed() {
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]).terminating());
    repo.publish();
    repo.add_target("alice", "alice/x", b"bytes");
    repo.publish();
    repo.publish();
    let versions = ["root", "timestamp", "snapshot", "targets", "alice"].map(|name| repo.role(name).number());
    assert_eq!(versions, [1, 4, 3, 2, 2]);
    let meta = json!({ "targets.json": { "version": 2 }, "alice.json": { "version": 2 } });
    assert_eq!(document_at(&repo, "metadata/3.snapshot.json")["meta"], meta);
    assert_eq!(document_at(&repo, "metadata/timestamp.json")["meta"], json!({ "snapshot.json": { "version": 3 } }));
    let entry = json!({
        "name": "alice", "paths": ["alice/*"], "terminating": true, "threshold": 1,
        "keyids": [Key::named("alice").keyid()],
    });
    assert_eq!(*repo.delegation("targets", "alice"), entry);
    let target = format!("targets/alice/{}.x", hash("sha256", b"bytes"));
    assert_eq!(get(&repo, &target, 99).unwrap().unwrap(), b"bytes");
}

#[test]
fn hashes_in_snapshot_and_timestamp_are_those_of_the_served_bytes() {
    let mut repo = Repository::new();
    repo.snapshot_with_hashes(&["sha512"]);
    repo.timestamp_with_hashes(&["sha256", "blake2b-256"]);
    repo.targets.edit_bytes(|mut bytes| {
        bytes.push(b'\n');
        bytes
    });
    repo.publish();
    let mut pin = described(&repo.file("metadata/2.targets.json"), &["sha512"]);
    pin["version"] = 2.into();
    assert_eq!(document_at(&repo, "metadata/2.snapshot.json")["meta"]["targets.json"], pin);
    let mut pin = described(&repo.file("metadata/2.snapshot.json"), &["sha256", "blake2b-256"]);
    pin["version"] = 2.into();
    assert_eq!(document_at(&repo, "metadata/timestamp.json")["meta"]["snapshot.json"], pin);
}

#[test]
fn a_hostile_document_is_named_and_pinned_by_the_next_version() {
    let mut repo = Repository::new();
    repo.targets.signed["version"] = raw("1.0");
    repo.publish();
    let pin = &document_at(&repo, "metadata/2.snapshot.json")["meta"]["targets.json"];
    assert_eq!((pin, repo.is_published("metadata/2.targets.json")), (&json!({ "version": 2 }), true));
}

#[test]
fn publishing_snapshot_leaves_its_lies_alone() {
    let mut repo = Repository::new();
    repo.snapshot.signed["meta"]["targets.json"]["version"] = 9.into();
    repo.publish_snapshot();
    assert_eq!(document_at(&repo, "metadata/2.snapshot.json")["meta"], json!({ "targets.json": { "version": 9 } }));
    assert_eq!(document_at(&repo, "metadata/timestamp.json")["meta"], json!({ "snapshot.json": { "version": 2 } }));
}

#[test]
fn rotation_of_root_is_signed_by_both_then_by_the_new_keys() {
    let mut repo = Repository::new();
    let signers = |repo: &Repository, version| {
        let envelope: Value = serde_json::from_slice(&repo.root_file(version)).unwrap();
        envelope["signatures"].as_array().unwrap().iter().map(|s| s["keyid"].clone()).collect::<Vec<_>>()
    };
    repo.rotate("root", [Key::ed25519(1), Key::named("root")]);
    repo.publish();
    repo.rotate("root", [Key::ed25519(1)]);
    repo.publish_root();
    repo.publish_root();
    repo.publish();
    assert_eq!(signers(&repo, 2), [Key::named("root").keyid(), Key::ed25519(1).keyid()]);
    assert_eq!(signers(&repo, 3), [Key::ed25519(1).keyid(), Key::named("root").keyid()]);
    assert_eq!(signers(&repo, 4), [Key::ed25519(1).keyid()]);
    assert!(!repo.is_published("metadata/5.root.json"));
}

#[test]
fn spoilt_envelopes_are_written_as_asked() {
    let mut repo = Repository::new();
    let key = Key::named("timestamp");
    repo.timestamp.sign_with([key.clone(), key.clone()]).placeholder_signature(&Key::ed25519(1)).junk_signatures(3);
    repo.timestamp.edit_envelope(|envelope| envelope["Signed"] = json!(0));
    let envelope: Value = serde_json::from_slice(&repo.put("timestamp")).unwrap();
    let signatures = envelope["signatures"].as_array().unwrap();
    assert_eq!((signatures.len(), &envelope["Signed"]), (6, &json!(0)));
    assert_eq!(signatures[0], signatures[1]);
    assert_eq!(signatures[2], signature(&Key::ed25519(1).keyid(), ""));
    repo.timestamp.heal().sign_with([key]);
    repo.publish_timestamp();
    let envelope: Value = serde_json::from_slice(&repo.file("metadata/timestamp.json")).unwrap();
    assert_eq!(envelope["signatures"].as_array().unwrap().len(), 1);
}

#[test]
fn every_path_has_one_hash_bin() {
    for (count, bins) in [(1, 1), (2, 2), (32, 32), (256, 256)] {
        let mut repo = Repository::new();
        repo.hash_bins(count);
        assert_eq!(repo.roles.len(), bins + 1);
        let claimed: Vec<_> = repo.delegations("bins")["roles"].as_array().unwrap().iter().collect();
        let mut prefixes: Vec<_> = claimed.iter().flat_map(|r| r["path_hash_prefixes"].as_array().unwrap()).collect();
        prefixes.sort_by_key(|prefix| prefix.as_str());
        prefixes.dedup();
        let digits = prefixes[0].as_str().unwrap().len();
        assert_eq!(prefixes.len(), 16usize.pow(u32::try_from(digits).unwrap()));
    }
}

#[test]
fn succinct_bins_are_named_by_the_leading_bits() {
    let mut repo = Repository::new();
    repo.succinct("targets", "bin", 9);
    let digest = hash("sha256", b"a/b");
    let bits = u64::from_str_radix(&digest[..3], 16).unwrap() >> 3;
    assert_eq!(repo.add_binned_target("targets", "a/b", b"x"), format!("bin-{bits:03x}"));
    assert_eq!(repo.roles.len(), 512);
    repo.publish();
    repo.succinct("targets", "wide", 32);
    assert_eq!(repo.add_binned_target("targets", "a/b", b"x"), format!("wide-{}", &digest[..8]));
    assert_eq!([1, 4, 5, 8].map(|n| succinct_name("b", n, 1)), ["b-1", "b-1", "b-01", "b-01"]);
}

#[test]
fn requests_and_bytes_are_logged_in_order() {
    let repo = Repository::new();
    let length = repo.root_file(1).len() as u64;
    assert_eq!(get(&repo, "metadata/2.root.json", 9).unwrap(), None);
    get(&repo, "metadata/timestamp.json", 7).unwrap();
    get(&repo, "metadata/1.root.json", u64::MAX).unwrap();
    repo.assert_log(&["metadata/2.root.json", "metadata/timestamp.json", "metadata/1.root.json"]);
    repo.assert_log(&[]);
    let read: Vec<_> = repo.take_bytes_read().into_iter().collect();
    assert_eq!(read, [("metadata/1.root.json".to_owned(), length), ("metadata/timestamp.json".to_owned(), 7)]);
}

#[test]
fn a_request_outside_of_the_bases_fails_and_is_logged_whole() {
    let repo = Repository::new();
    let result = Transport::fetch(&repo.transport(), "https://other.test/x").map(|_| ());
    let fault = TransportFault::Unsupported("outside of the simulated repository");
    assert_eq!(result.map_err(|error| error.fault), Err(fault));
    repo.assert_log(&["https://other.test/x"]);
}

#[test]
fn a_body_can_be_endless_truncated_or_break() {
    let mut repo = Repository::new();
    let path = "metadata/timestamp.json";
    repo.serve_endless(path, "{");
    assert_eq!(get(&repo, path, 2500).unwrap().unwrap(), [b"{".to_vec(), vec![b' '; 2499]].concat());
    repo.truncate(path, 5);
    assert_eq!(get(&repo, path, 99).unwrap().unwrap(), repo.file(path)[..5]);
    repo.break_after(path, 5);
    assert_eq!(get(&repo, path, 5).unwrap().unwrap().len(), 5);
    assert_transport(get(&repo, path, 99), path, TransportFault::Read);
    repo.fail(path, TransportFault::Connect);
    repo.publish();
    assert_transport(get(&repo, path, 99), path, TransportFault::Connect);
    repo.answer(path, [Answer::Fault(TransportFault::Status(503)), Answer::NotFound]);
    assert_transport(get(&repo, path, 99), path, TransportFault::Status(503));
    assert_eq!([get(&repo, path, 9).unwrap(), get(&repo, path, 9).unwrap()], [None, None]);
    repo.forbidden(path);
    assert!(matches!(Transport::fetch(&repo.transport(), &format!("{ORIGIN}{path}")), Ok(Fetched::Forbidden)));
    repo.lift(path);
    assert_eq!(get(&repo, path, u64::MAX).unwrap().unwrap(), repo.file(path));
}

#[test]
fn old_files_can_be_replayed_and_switched_amid_an_update() {
    let mut repo = Repository::new();
    let old = repo.files();
    let path = "metadata/timestamp.json";
    repo.publish();
    let new = repo.files();
    repo.go_back_to(&old);
    repo.switch_after(path, &new);
    let answers = [get(&repo, path, u64::MAX).unwrap().unwrap(), get(&repo, path, u64::MAX).unwrap().unwrap()];
    assert_eq!(answers, [old[path].to_vec(), new[path].to_vec()]);
}

#[test]
fn forks_part() {
    let repo = Repository::new();
    let mut other = repo.fork();
    other.root.signed["x"] = 1.into();
    other.publish();
    assert!(other.is_published("metadata/2.root.json") && !repo.is_published("metadata/2.root.json"));
    assert_eq!(get(&repo, "metadata/2.root.json", 9).unwrap(), None);
    other.assert_log(&[]);
}

#[test]
fn async_bodies_are_the_same_in_pieces() {
    let repo = Repository::new();
    let transport = repo.transport().chunks_of(7);
    let read = || async {
        let url = format!("{ORIGIN}metadata/1.root.json");
        let Fetched::Body(mut body) = AsyncTransport::fetch(&transport, &url).await.unwrap() else { return Vec::new() };
        let mut bytes = Vec::new();
        while let Some(piece) = body.chunk().await.unwrap() {
            assert!(piece.len() <= 7);
            bytes.extend(piece);
        }
        bytes
    };
    assert_eq!(block_on(read()), repo.root_file(1));
    assert_eq!(poll_times(read(), 3), None);
}

#[test]
fn refusals_are_compared_whole() {
    let found = tufgate::error::RepositoryError {
        subject: tufgate::error::Subject::Role(tufgate::RoleName::ROOT),
        fault: Fault::Version { expected: 2, found: 3 },
    };
    assert_refused(Err::<(), _>(found.clone()), "root", Fault::Version { expected: 2, found: 3 });
    let other = || assert_refused(Err::<(), _>(Error::from(found)), "root", Fault::Version { expected: 2, found: 4 });
    assert!(std::panic::catch_unwind(other).is_err());
}
