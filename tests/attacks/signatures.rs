//! What stands in `signatures` beside what counts, keys that nobody can use, and what signatures are over.

use std::slice;

use serde_json::{Value, json};
use tufgate::{Client, Entry, MemoryStore, Repository as Config};

use super::machine::{Machine, assert_malformed, assert_signed, too_few};
use crate::simulator::{Delegation, Key, Repository, assert_refused, canonical, now, signature};

#[test]
fn a014_bad_and_empty_signatures_beside_enough_good_ones_are_skipped() {
    let (good, other) = (Key::named("good"), Key::named("other"));
    for role in ["root", "timestamp", "snapshot", "targets", "alice"] {
        for bad in ["", "00", "0", "zz", "a b", &"ab".repeat(64), &"ab".repeat(5000)] {
            let mut repo = Repository::new();
            repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
            repo.add_target("alice", "alice/x", b"bytes");
            repo.authorize(role, &[other.clone(), good.clone()], 1);
            let before = repo.role(role).keys.clone();
            let signers = [good.clone()].into_iter().chain(before.into_iter().filter(|_| role == "root"));
            repo.role_mut(role).sign_with(signers);
            repo.role_mut(role).extra_signatures.push(signature(&other.keyid(), bad));
            repo.publish();
            assert_signed(Machine::new().lookup(&repo, "alice/x"));
        }
    }
}

#[test]
fn a015_signatures_by_keys_that_the_role_does_not_name_neither_count_nor_fail() {
    let own = Key::named("timestamp");
    // Of nobody; of another role of the same root.
    for foreign in [Key::named("mallory"), Key::named("snapshot")] {
        let mut repo = Repository::new();
        let machine = Machine::new();
        repo.timestamp.sign_with([foreign.clone(), own.clone()]);
        repo.publish();
        assert_eq!(machine.run(&repo, &repo.root_file(1)).unwrap(), [1, 2, 1, 1]);
        repo.timestamp.sign_with([foreign.clone()]);
        repo.publish();
        assert_refused(machine.run(&repo, &repo.root_file(1)), "timestamp", too_few("root", 0, 1));
        repo.set_threshold("timestamp", 2);
        repo.timestamp.sign_with([own.clone(), foreign]);
        repo.publish();
        assert_refused(machine.run(&repo, &repo.root_file(1)), "timestamp", too_few("root", 1, 2));
    }
}

#[test]
fn a016_a_keyid_without_a_key_is_skipped_and_the_threshold_still_required() {
    for role in ["timestamp", "alice"] {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
        repo.add_target("alice", "alice/x", b"bytes");
        let entry = match role {
            "alice" => repo.delegation("targets", "alice"),
            role => &mut repo.root.signed["roles"][role],
        };
        entry["keyids"].as_array_mut().unwrap().insert(0, "missing".into());
        repo.role_mut(role).extra_signatures.push(signature("missing", &"ab".repeat(64)));
        repo.publish();
        let machine = Machine::new();
        assert_signed(machine.lookup(&repo, "alice/x"));
        repo.set_threshold(role, 2);
        repo.publish();
        let delegator = if role == "alice" { "targets" } else { "root" };
        assert_refused(machine.lookup(&repo, "alice/x"), role, too_few(delegator, 1, 2));
    }
}

#[test]
fn a017_a_key_of_an_unknown_type_is_inert_until_the_threshold_needs_it() {
    for role in ["root", "timestamp", "snapshot", "targets", "alice"] {
        let keys = [Key::unknown(1), Key::named(role)];
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
        repo.add_target("alice", "alice/x", b"bytes");
        repo.authorize(role, &keys, 1);
        repo.role_mut(role).sign_with(keys.clone());
        repo.publish();
        let machine = Machine::new();
        assert_signed(machine.lookup(&repo, "alice/x"));
        repo.set_threshold(role, 2);
        repo.publish();
        let delegator = if role == "alice" { "targets" } else { "root" };
        assert_refused(machine.lookup(&repo, "alice/x"), role, too_few(delegator, 1, 2));
    }
}

#[test]
fn a017_key_objects_of_any_shape_load_and_say_why_they_are_inert() {
    let odd = [
        json!(null),
        json!("text"),
        json!(7),
        json!([{}]),
        json!({}),
        json!({ "keytype": "sigstore-oidc", "scheme": "Fulcio", "keyval": { "identity": "a@b", "issuer": "c" } }),
        json!({ "keytype": ["ed25519"], "scheme": "ed25519", "keyval": { "public": "00" } }),
    ];
    let mut repo = Repository::new();
    for (number, object) in odd.iter().enumerate() {
        let keyid = format!("odd {number}");
        repo.root.signed["keys"][&keyid] = object.clone();
        repo.root.signed["roles"]["timestamp"]["keyids"].as_array_mut().unwrap().push(keyid.into());
    }
    repo.publish();
    let config = Config::new(repo.root_file(2), repo.metadata_base(), repo.targets_base());
    let mut client = Client::new(config, repo.transport(), MemoryStore::new()).with_clock(now);
    let root = client.refresh().unwrap().root();
    for (number, object) in odd.iter().enumerate() {
        let key = root.key(&format!("odd {number}")).unwrap();
        assert_eq!(key.inert_reason(), Some("unknown key type"), "{object}");
    }
    assert_eq!(root.key(&Key::named("timestamp").keyid()).unwrap().inert_reason(), None);
}

#[test]
fn a018_what_a_signature_says_of_its_algorithm_is_ignored() {
    for key in [Key::ed25519(1), Key::ecdsa_p256(1), Key::rsa_pss(1)] {
        let mut repo = Repository::new();
        repo.authorize("timestamp", slice::from_ref(&key), 1);
        repo.timestamp.sign_with([key]).edit_envelope(|envelope| {
            let entry = &mut envelope["signatures"][0];
            entry["method"] = "rsa-pkcs1v15-sha256".into();
            entry["scheme"] = "none".into();
            entry["keytype"] = "ed25519".into();
            entry["keyval"] = json!({ "public": "00" });
        });
        repo.publish();
        Machine::new().run(&repo, &repo.root_file(1)).unwrap();
    }
}

/// The same RSA key: the trusted scheme decides, so the other padding does not count.
#[test]
fn a020_a_signature_in_the_other_padding_does_not_count() {
    let (pss, pkcs1) = (Key::rsa_pss(1).with_keyid("rsa"), Key::rsa_pkcs1(1).with_keyid("rsa"));
    for (listed, signer) in [(&pss, &pkcs1), (&pkcs1, &pss)] {
        let mut repo = Repository::new();
        repo.authorize("timestamp", slice::from_ref(listed), 1);
        repo.timestamp.sign_with([signer.clone()]);
        repo.publish();
        let machine = Machine::new();
        assert_refused(machine.run(&repo, &repo.root_file(1)), "timestamp", too_few("root", 0, 1));
        repo.timestamp.sign_with([listed.clone()]);
        repo.publish();
        machine.run(&repo, &repo.root_file(1)).unwrap();
    }
}

/// `0100…` with signature `0100…` holds for every message: nobody must be able to sign with it.
#[test]
fn a029_a_small_order_key_does_not_let_everybody_sign() {
    let point = format!("01{}", "00".repeat(31));
    let anybody: Vec<u8> = [1].into_iter().chain([0; 63]).collect();
    let weak = Key::fixed("ed25519", "ed25519", &point, &anybody);
    let mut repo = Repository::new();
    repo.authorize("timestamp", &[weak.clone(), Key::named("timestamp")], 1);
    repo.timestamp.sign_with([weak]);
    repo.publish();
    let machine = Machine::new();
    assert_refused(machine.run(&repo, &repo.root_file(1)), "timestamp", too_few("root", 0, 1));
    repo.timestamp.sign_with([Key::named("timestamp")]);
    repo.publish();
    machine.run(&repo, &repo.root_file(1)).unwrap();
}

#[test]
fn a033_more_than_256_signatures_are_refused_unverified() {
    for role in ["timestamp", "snapshot", "targets"] {
        let mut repo = Repository::new();
        let machine = Machine::new();
        repo.role_mut(role).junk_signatures(255);
        repo.publish();
        machine.run(&repo, &repo.root_file(1)).unwrap();
        repo.role_mut(role).junk_signatures(0).extra_signatures.push(signature("one more", ""));
        repo.publish();
        assert_malformed(machine.run(&repo, &repo.root_file(1)), role, "more than 256 signatures");
        repo.role_mut(role).heal();
        repo.publish();
        machine.run(&repo, &repo.root_file(1)).unwrap();
    }
    let mut repo = Repository::new();
    repo.bump("root");
    repo.root.junk_signatures(2000);
    repo.publish();
    assert_malformed(Machine::new().run(&repo, &repo.root_file(1)), "root", "more than 256 signatures");
}

#[test]
fn a034_a_document_of_another_type_is_refused_although_the_key_is_right() {
    let shared = Key::named("shared");
    let mut repo = Repository::new();
    for role in ["timestamp", "snapshot", "targets"] {
        repo.rotate(role, [shared.clone()]);
    }
    repo.publish();
    let machine = Machine::new();
    assert_eq!(machine.run(&repo, &repo.root_file(1)).unwrap(), [2, 2, 2, 2]);
    let kept = machine.kept();
    for (role, served, reason) in [
        ("timestamp", "metadata/2.snapshot.json", "`_type` is \"snapshot\", not \"timestamp\""),
        ("timestamp", "metadata/2.targets.json", "missing field `meta`"),
    ] {
        repo.serve("metadata/timestamp.json", repo.file(served));
        assert_malformed(machine.run(&repo, &repo.root_file(1)), role, reason);
        assert_eq!(machine.kept(), kept);
    }
    repo.lift("metadata/timestamp.json");
    for (role, served, reason) in [
        ("snapshot", "metadata/timestamp.json", "`_type` is \"timestamp\", not \"snapshot\""),
        ("snapshot", "metadata/2.targets.json", "missing field `meta`"),
        ("targets", "metadata/2.snapshot.json", "missing field `targets`"),
        ("root", "metadata/timestamp.json", "missing field `keys`"),
    ] {
        let machine = Machine::new();
        let path = if role == "root" { "metadata/3.root.json".to_owned() } else { format!("metadata/2.{role}.json") };
        repo.serve(&path, repo.file(served));
        if role == "root" {
            // Even signed by the right key.
            let mut document = repo.timestamp.clone();
            document.sign_with([Key::named("root")]);
            repo.serve(&path, document.sign());
        }
        assert_malformed(machine.run(&repo, &repo.root_file(1)), role, reason);
        repo.lift(&path);
        assert_eq!(machine.run(&repo, &repo.root_file(1)).unwrap(), [2, 2, 2, 2]);
    }
}

#[test]
fn a034_the_type_alone_decides_where_all_other_members_fit() {
    for role in ["root", "timestamp", "snapshot", "targets", "alice"] {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
        repo.add_target("alice", "alice/x", b"bytes");
        repo.role_mut(role).signed["_type"] = "mirrors".into();
        repo.publish();
        let kind = if role == "alice" { "targets" } else { role };
        let reason = format!("`_type` is \"mirrors\", not {kind:?}");
        assert_malformed(Machine::new().lookup(&repo, "alice/x"), role, &reason);
    }
}

/// The members this client does not know, at every level, are part of what is signed.
#[test]
fn a036_unknown_members_survive_verification_and_cannot_be_changed() {
    let unknown = || json!({ "b": [1, -2, null, true], "a": "é\n\"\\" });
    let strange = |role: &mut Value, pointers: &[&str]| {
        for pointer in pointers {
            role.pointer_mut(pointer).unwrap()["x-unknown"] = unknown();
        }
    };
    let key = Key::named("root").keyid();
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
    repo.add_target("targets", "t", b"bytes");
    repo.add_target("alice", "alice/x", b"bytes");
    let root_key = format!("/keys/{key}");
    strange(&mut repo.root.signed, &["", "/keys", &root_key, "/roles/snapshot"]);
    strange(&mut repo.timestamp.signed, &["", "/meta/snapshot.json"]);
    strange(&mut repo.targets.signed, &["", "/targets/t", "/delegations", "/delegations/roles/0"]);
    strange(&mut repo.role_mut("alice").signed, &["", "/targets/alice~1x"]);
    repo.publish();
    repo.snapshot.signed["x-unknown"] = unknown();
    repo.snapshot.signed["meta"]["alice.json"]["x-unknown"] = unknown();
    repo.publish_snapshot();
    assert_signed(Machine::new().lookup(&repo, "alice/x"));

    for (role, pointer) in [
        ("root", "/signed/roles/snapshot/x-unknown/a"),
        ("timestamp", "/signed/x-unknown/b/0"),
        ("snapshot", "/signed/meta/alice.json/x-unknown/a"),
        ("targets", "/signed/delegations/roles/0/x-unknown/b/3"),
        ("alice", "/signed/targets/alice~1x/x-unknown/a"),
    ] {
        let mut repo = repo.fork();
        let path = repo.path(role);
        let mut changed: Value = serde_json::from_slice(&repo.file(&path)).unwrap();
        *changed.pointer_mut(pointer).unwrap() = "changed".into();
        repo.serve(&path, changed.to_string());
        let machine = Machine::new();
        let delegator = if role == "alice" { "targets" } else { "root" };
        assert_refused(machine.lookup(&repo, "alice/x"), role, too_few(delegator, 0, 1));
        repo.lift(&path);
        assert_signed(machine.lookup(&repo, "alice/x"));
        repo.publish();
    }
}

#[test]
fn a036_what_is_signed_without_the_unknown_members_does_not_verify() {
    let mut repo = Repository::new();
    repo.timestamp.sign_over = Some(canonical(&{
        let mut known = repo.timestamp.signed.clone();
        known["version"] = 2.into();
        known
    }));
    repo.timestamp.signed["x-unknown"] = 1.into();
    repo.publish();
    let machine = Machine::new();
    assert_refused(machine.run(&repo, &repo.root_file(1)), "timestamp", too_few("root", 0, 1));
    assert_eq!(machine.entry(&Entry::Timestamp), None);
}
