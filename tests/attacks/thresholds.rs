//! A threshold counts holders of keys, not signatures, keyids or spellings (TUF-1.0.34 §4.3, §5.3.4).

use std::slice;

use serde_json::{Value, json};
use tufgate::{Entry, RoleName};

use super::machine::{Machine, assert_malformed, assert_signed, too_few};
use crate::simulator::{Delegation, Key, Repository, assert_refused, raw};

/// Entries 1 and 3: more than one signature under one keyid, for each top-level role but root.
#[test]
fn a001_two_signatures_of_one_key_count_once() {
    for key in [Key::rsa_pss(1), Key::ecdsa_p256(1), Key::ecdsa_p384(1), Key::ed25519(1)] {
        for role in ["timestamp", "snapshot", "targets"] {
            let mut repo = Repository::new();
            let machine = Machine::new();
            repo.authorize(role, slice::from_ref(&key), 2);
            repo.role_mut(role).sign_with([key.clone()]);
            repo.publish();
            assert_refused(machine.run(&repo, &repo.root_file(1)), role, too_few("root", 1, 2));
            repo.role_mut(role).sign_with([key.clone(), key.clone()]);
            repo.publish();
            let reason = format!("two signatures have the keyid {:?}", key.keyid());
            assert_malformed(machine.run(&repo, &repo.root_file(1)), role, &reason);
            assert_eq!(machine.entry(&entry_of(role)), None);

            repo.authorize(role, &[key.clone(), Key::ed25519(2)], 2);
            repo.role_mut(role).sign_with([key.clone(), Key::ed25519(2)]);
            repo.publish();
            machine.run(&repo, &repo.root_file(1)).unwrap();
        }
    }
}

#[test]
fn a001_two_signatures_of_one_key_count_once_for_root() {
    let key = Key::rsa_pss(1);
    let mut repo = Repository::new();
    repo.authorize("root", slice::from_ref(&key), 2);
    repo.root.sign_with([Key::named("root"), key.clone()]);
    repo.publish();
    let machine = Machine::new();
    assert_refused(machine.run(&repo, &repo.root_file(1)), "root", too_few("root", 1, 2));
    repo.root.sign_with([Key::named("root"), key.clone(), key.clone()]);
    repo.put("root");
    let reason = format!("two signatures have the keyid {:?}", key.keyid());
    assert_malformed(machine.run(&repo, &repo.root_file(1)), "root", &reason);
    assert_eq!(machine.names(), [""; 0]);
}

#[test]
fn a002_two_signatures_of_one_key_count_once_for_a_delegated_role() {
    for machine in Machine::each() {
        let key = Key::rsa_pss(1);
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").keys([key.clone()]).threshold(2).paths(["alice/*"]));
        repo.add_target("alice", "alice/x", b"bytes");
        repo.publish();
        assert_refused(machine.lookup(&repo, "alice/x"), "alice", too_few("targets", 1, 2));
        repo.role_mut("alice").sign_with([key.clone(), key.clone()]);
        repo.publish();
        let reason = format!("two signatures have the keyid {:?}", key.keyid());
        assert_malformed(machine.lookup(&repo, "alice/x"), "alice", &reason);
        assert_eq!(machine.entry(&Entry::Delegated(RoleName::new("alice").unwrap())), None);

        repo.authorize("alice", &[key.clone(), Key::ed25519(2)], 2);
        repo.role_mut("alice").sign_with([key, Key::ed25519(2)]);
        repo.publish();
        assert_signed(machine.lookup(&repo, "alice/x"));
    }
}

#[test]
fn a003_a_repeated_keyid_spoils_a_file_that_meets_its_threshold() {
    for (twice, once) in [(Key::named("timestamp"), None), (Key::named("mallory"), Some(Key::named("timestamp")))] {
        let mut repo = Repository::new();
        let machine = Machine::new();
        machine.run(&repo, &repo.root_file(1)).unwrap();
        let kept = machine.kept();
        repo.timestamp.sign_with(once.into_iter().chain([twice.clone(), twice.clone()]));
        repo.publish();
        let reason = format!("two signatures have the keyid {:?}", twice.keyid());
        assert_malformed(machine.run(&repo, &repo.root_file(1)), "timestamp", &reason);
        assert_eq!(machine.kept(), kept);
        repo.timestamp.sign_with([Key::named("timestamp")]);
        repo.publish();
        assert_eq!(machine.run(&repo, &repo.root_file(1)).unwrap(), [1, 3, 1, 1]);
    }
}

#[test]
fn a004_a_keyid_that_a_role_names_three_times_counts_once() {
    let key = Key::named("k");
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("alice").keys([key.clone()]).paths(["alice/*"]));
    repo.add_target("alice", "alice/x", b"bytes");
    repo.authorize("timestamp", &[key.clone(), key.clone(), key.clone()], 3);
    repo.timestamp.sign_with([key.clone()]);
    repo.publish();
    let machine = Machine::new();
    assert_refused(machine.run(&repo, &repo.root_file(1)), "timestamp", too_few("root", 1, 3));

    repo.rotate("timestamp", [Key::named("timestamp")]);
    repo.set_threshold("timestamp", 1);
    *repo.delegation("targets", "alice") = json!({
        "name": "alice", "terminating": false, "paths": ["alice/*"], "threshold": 3,
        "keyids": [key.keyid(), key.keyid(), key.keyid()],
    });
    repo.publish();
    assert_refused(machine.lookup(&repo, "alice/x"), "alice", too_few("targets", 1, 3));
    repo.set_threshold("alice", 1);
    repo.publish();
    assert_signed(machine.lookup(&repo, "alice/x"));
}

/// One holder under two keyids: an extra member, another key type, both spellings of the point.
#[test]
fn a005_one_key_under_two_keyids_counts_once() {
    let note = |object: &mut Value| object["x-note"] = "another keyid".into();
    for (key, alias) in [
        (Key::ed25519(1), Key::ed25519(1).edit(note)),
        (Key::ed25519(1), Key::ed25519(1).with_keyid("mine")),
        (Key::ecdsa_p256(1), Key::ecdsa_p256(1).keytype("ecdsa-sha2-nistp256")),
        (Key::rsa_pss(1), Key::rsa_pss(1).edit(note)),
        (Key::rsa_pss(1), Key::rsa_pkcs1(1)),
    ] {
        let mut repo = Repository::new();
        let machine = Machine::new();
        repo.authorize("timestamp", &[key.clone(), alias.clone()], 2);
        repo.timestamp.sign_with([key.clone(), alias.clone()]);
        repo.publish();
        assert_refused(machine.run(&repo, &repo.root_file(1)), "timestamp", too_few("root", 1, 2));
        // The file as such is fine, as Sigstore's roots 5, 9 and 10 are.
        repo.set_threshold("timestamp", 1);
        repo.publish();
        assert_eq!(machine.run(&repo, &repo.root_file(1)).unwrap(), [3, 3, 1, 1]);
    }
}

#[test]
fn a005_a_bad_signature_under_one_keyid_does_not_hide_the_good_one_under_the_other() {
    let (key, alias) = (Key::ed25519(1), Key::ed25519(1).with_keyid("mine"));
    for names in [[key.clone(), alias.clone()], [alias.clone(), key.clone()]] {
        let mut repo = Repository::new();
        repo.authorize("timestamp", &names, 1);
        repo.timestamp.sign_with([alias.clone()]).placeholder_signature(&key);
        repo.publish();
        assert_eq!(Machine::new().run(&repo, &repo.root_file(1)).unwrap(), [2, 2, 1, 1]);
    }
}

#[test]
fn a006_spellings_of_one_key_count_once() {
    let pem = Key::ecdsa_p256(1);
    let text = pem.public_json()["keyval"]["public"].as_str().unwrap().to_owned();
    let spellings = [
        pem.clone().public(&text.replace('\n', "\r\n")),
        pem.clone().public(text.trim_end()),
        pem.clone().keytype("ecdsa-sha2-nistp256"),
        pem,
    ];
    let mut repo = Repository::new();
    repo.authorize("timestamp", &spellings, 2);
    repo.timestamp.sign_with(spellings.clone());
    repo.publish();
    let machine = Machine::new();
    assert_refused(machine.run(&repo, &repo.root_file(1)), "timestamp", too_few("root", 1, 2));
    // Each of them alone can sign.
    repo.set_threshold("timestamp", 1);
    for spelling in spellings {
        repo.timestamp.sign_with([spelling]);
        repo.publish();
        machine.run(&repo, &repo.root_file(1)).unwrap();
    }
}

/// Entries 10 and 11: what is no threshold, and what is said of it.
const NO_THRESHOLDS: [(&str, &str); 9] = [
    ("0", "a threshold is at least 1"),
    ("-1", "invalid value: integer `-1`, expected u16"),
    ("65536", "invalid value: integer `65536`, expected u16"),
    ("true", "invalid type: boolean `true`, expected u16"),
    ("\"1\"", "invalid type: string \"1\", expected u16"),
    ("null", "invalid type: null, expected u16"),
    ("[1]", "invalid type: sequence, expected u16"),
    ("1.0", "a number with a fraction or an exponent in `signed`"),
    ("1e0", "a number with a fraction or an exponent in `signed`"),
];

#[test]
fn a010_a011_a_threshold_in_root_is_an_integer_from_1_to_65535() {
    for role in ["root", "timestamp", "snapshot", "targets"] {
        for (threshold, reason) in NO_THRESHOLDS {
            let mut repo = Repository::new();
            let machine = Machine::new();
            repo.root.signed["roles"][role]["threshold"] = raw(threshold);
            // Unsigned, as the attacker would want it.
            if role != "root" {
                repo.role_mut(role).sign_with([]);
            }
            repo.publish();
            assert_malformed(machine.run(&repo, &repo.root_file(1)), "root", reason);
            repo.assert_log(&["metadata/2.root.json"]);
            assert_eq!(machine.names(), [""; 0]);
        }
        let mut repo = Repository::new();
        repo.root.signed["roles"][role].as_object_mut().unwrap().remove("threshold");
        repo.publish();
        assert_malformed(Machine::new().run(&repo, &repo.root_file(1)), "root", "missing field `threshold`");
    }
}

#[test]
fn a010_a011_a_threshold_in_a_delegation_is_an_integer_from_1_to_65535() {
    for (threshold, reason) in NO_THRESHOLDS {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
        repo.delegation("targets", "alice")["threshold"] = raw(threshold);
        repo.role_mut("alice").sign_with([]);
        repo.publish();
        assert_malformed(Machine::new().lookup(&repo, "alice/x"), "targets", reason);

        let mut repo = Repository::new();
        repo.succinct("targets", "bin", 1);
        repo.delegations("targets")["succinct_roles"]["threshold"] = raw(threshold);
        repo.publish();
        assert_malformed(Machine::new().lookup(&repo, "alice/x"), "targets", reason);
    }
}

#[test]
fn a012_a_threshold_above_the_number_of_keys_is_never_met() {
    let keys: Vec<Key> = (0..5).map(Key::ed25519).collect();
    let mut repo = Repository::new();
    repo.authorize("snapshot", &keys, 6);
    repo.snapshot.sign_with(keys.clone());
    repo.publish();
    let machine = Machine::new();
    assert_refused(machine.run(&repo, &repo.root_file(1)), "snapshot", too_few("root", 5, 6));
    assert_eq!(machine.entry(&Entry::Root), Some(repo.root_file(2)), "root itself may load");
    assert_eq!(machine.entry(&Entry::Snapshot), None);

    repo.set_threshold("snapshot", 65535);
    repo.publish();
    assert_refused(machine.run(&repo, &repo.root_file(1)), "snapshot", too_few("root", 5, 65535));
    repo.set_threshold("snapshot", 5);
    repo.publish();
    assert_eq!(machine.run(&repo, &repo.root_file(1)).unwrap(), [4, 4, 2, 1]);
}

#[test]
fn a013_too_few_valid_signatures_are_refused_for_every_role() {
    let keys: Vec<Key> = (1..=3).map(Key::ed25519).collect();
    let mallory = Key::named("mallory");
    for role in ["timestamp", "snapshot", "targets", "alice"] {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
        repo.add_target("alice", "alice/x", b"bytes");
        repo.rotate(role, keys.clone());
        repo.set_threshold(role, 3);
        repo.publish();
        let machine = Machine::new();
        assert_signed(machine.lookup(&repo, "alice/x"));
        let kept = machine.entry(&entry_of(role));
        assert!(kept.is_some());

        let delegator = if role == "alice" { "targets" } else { "root" };
        for (signers, valid) in [
            (keys[..2].to_vec(), 2),
            (vec![keys[0].clone(), mallory.clone(), keys[2].clone()], 2),
            (vec![mallory.clone()], 0),
            (vec![], 0),
        ] {
            repo.role_mut(role).sign_with(signers);
            repo.publish();
            assert_refused(machine.lookup(&repo, "alice/x"), role, too_few(delegator, valid, 3));
            assert_eq!(machine.entry(&entry_of(role)), kept);
        }
        repo.role_mut(role).sign_with(keys.clone());
        repo.publish();
        assert_signed(machine.lookup(&repo, "alice/x"));
    }
}

fn entry_of(role: &str) -> Entry {
    match role {
        "timestamp" => Entry::Timestamp,
        "snapshot" => Entry::Snapshot,
        "targets" => Entry::Targets,
        name => Entry::Delegated(RoleName::new(name).unwrap()),
    }
}
