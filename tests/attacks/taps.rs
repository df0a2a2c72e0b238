//! Extensions of the specification (TAPs) that a repository may use: understood, or refused, never guessed at.

use serde_json::{Value, json};
use tufgate::error::{Error, Fault};
use tufgate::{Found, MemoryStore};

use super::both::BOTH;
use super::spoilt::{assert_malformed_in, assert_malformed_in_every_role};
use super::{client, lookup};
use crate::simulator::{Delegation, Key, Repository, assert_refused};

#[test]
fn a275_a_delegation_to_several_roles_at_once_is_refused() {
    let refused = |edit: &dyn Fn(&mut Value), reason: &str| {
        assert_malformed_in("targets", |role| edit(&mut role.signed["delegations"]["roles"][0]), reason);
    };
    refused(&|entry| entry["name"] = json!(["alice", "bob"]), "invalid type: sequence, expected a string");
    // The form of TAP 3: `roles_info` in the place of name, keyids and threshold.
    let tap3 = |entry: &mut Value| {
        let info = json!([{ "name": "alice", "keyids": entry["keyids"], "threshold": 1 }]);
        *entry = json!({ "paths": ["alice/*"], "min_roles_in_agreement": 1, "terminating": false, "roles_info": info });
    };
    refused(&tap3, "missing field `name`");
}

#[test]
fn a276_rotation_files_of_a_role_change_nothing() {
    // TAP 8: a role says by whom it wants to be replaced. This client knows only what the delegator says.
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
    let mallory = Key::named("mallory");
    let role = repo.role_mut("alice");
    role.signed["rotate"] = json!({ "keyids": [mallory.keyid()], "threshold": 1, "keys": [mallory.public_json()] });
    repo.publish();
    repo.role_mut("alice").sign_with([mallory]);
    repo.add_target("alice", "alice/x", b"not by alice");
    repo.publish();
    for kind in BOTH {
        let fault = Fault::Threshold { delegator: tufgate::RoleName::TARGETS, valid: 0, required: 1 };
        assert_refused(kind.client(&repo, MemoryStore::new()).lookup("alice/x"), "alice", fault);
    }
}

#[test]
fn a277_keyids_that_are_no_hashes_are_names_within_one_document() {
    let mut repo = Repository::new();
    // Each document calls its key `k`; each means another one.
    for role in ["timestamp", "snapshot", "targets"] {
        repo.rotate(role, [Key::named(role).with_keyid(&format!("the key of {role}"))]);
    }
    repo.delegate("targets", Delegation::to("a").keys([Key::named("a").with_keyid("k")]).paths(["*"]));
    repo.delegate("a", Delegation::to("b").keys([Key::named("b").with_keyid("k")]).paths(["*"]));
    repo.delegate("b", Delegation::to("c").keys([Key::named("c").with_keyid("k")]).paths(["*"]));
    repo.add_target("c", "x", b"bytes");
    repo.publish();
    for kind in BOTH {
        assert_eq!(kind.client(&repo, MemoryStore::new()).target("x").role().as_str(), "c");
    }
    let fault = Fault::Threshold { delegator: tufgate::RoleName::new("b").unwrap(), valid: 0, required: 1 };
    repo.role_mut("c").sign_with([Key::named("a").with_keyid("k")]);
    repo.put("c");
    for kind in BOTH {
        assert_refused(kind.client(&repo, MemoryStore::new()).lookup("x"), "c", fault.clone());
    }
}

#[test]
fn a278_another_major_version_is_told_apart_from_a_damaged_file() {
    for text in ["2.0.0", "0.9.9", "10.0.0", "01.0.0", "2.0"] {
        let reason = format!("`spec_version` is {text:?}; this client knows major version 1");
        assert_malformed_in_every_role(|role| role.signed["spec_version"] = text.into(), &reason);
    }
}

#[test]
fn a280_a_snapshot_without_its_list_is_refused() {
    // TAP 16: a tree's root in the place of the list. Without the list there is nothing to hold against a rollback.
    let root = json!("00".repeat(32));
    let drop = |role: &mut crate::simulator::Role| {
        role.signed["merkle_root"] = root.clone();
        role.signed.as_object_mut().unwrap().remove("meta");
    };
    assert_malformed_in("snapshot", drop, "missing field `meta`");
    assert_malformed_in("timestamp", drop, "missing field `meta`");
    assert_malformed_in("snapshot", |role| role.signed["meta"] = json!({}), "`meta` does not list `targets.json`");
    // Beside the list it is an unknown member.
    let mut repo = Repository::new();
    repo.timestamp.signed["merkle_root"] = root.clone();
    repo.snapshot.signed["merkle_root"] = root;
    repo.publish();
    client(&repo, MemoryStore::new()).refresh().unwrap();
}

#[test]
fn a281_keys_of_the_future_are_inert_and_stop_nobody() {
    let identity = Key::fixed("sigstore-oidc", "Fulcio", "", b"x").edit(|object| {
        object["keyval"] = json!({ "identity": "alice@example.org", "issuer": "https://accounts.example" })
    });
    let ssh = Key::fixed("ssh", "ssh-ed25519", "ssh-ed25519 AAAA", b"x");
    for future in [identity, ssh, Key::unknown(1)] {
        let mut repo = Repository::new();
        for role in ["root", "timestamp", "snapshot", "targets"] {
            repo.rotate(role, [Key::named(role), future.clone()]);
        }
        repo.delegate("targets", Delegation::to("alice").keys([Key::named("alice"), future.clone()]).paths(["*"]));
        repo.add_target("alice", "x", b"bytes");
        repo.publish();
        assert!(matches!(lookup(&repo, "x"), Ok(Found::Signed(_))));
        let inert =
            client(&repo, MemoryStore::new()).refresh().unwrap().root().key(&future.keyid()).unwrap().inert_reason();
        assert!(inert.is_some());
        // It cannot be what a threshold is met by.
        repo.set_threshold("alice", 2);
        repo.publish();
        let fault = Fault::Threshold { delegator: tufgate::RoleName::TARGETS, valid: 1, required: 2 };
        assert_refused(lookup(&repo, "x"), "alice", fault);
    }
}

#[test]
fn a271_a_path_belongs_to_one_repository_and_no_map_is_read() {
    // TAP 4 maps are not read: each client is one repository, and what two of them sign is for the caller to compare.
    let repos = [b"one", b"two"].map(|bytes| {
        let mut repo = Repository::new();
        repo.add_target("targets", "x", bytes);
        repo.add_target_json("targets", "map.json", crate::simulator::described(b"{}", &["sha256"]));
        repo.publish();
        repo
    });
    let infos = repos.each_ref().map(|repo| match lookup(repo, "x") {
        Ok(Found::Signed(info)) => info,
        other => panic!("{other:?}"),
    });
    assert_ne!(infos[0].hashes(), infos[1].hashes());
    let read = client(&repos[1], MemoryStore::new()).read(&infos[0]);
    // The address carries the hash, so that the other repository does not even have it.
    assert!(matches!(read, Err(Error::Repository(error)) if error.fault == Fault::Missing));
}
