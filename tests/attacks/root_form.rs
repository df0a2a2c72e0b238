//! What a root may and must contain (TUF-1.0.34 §4.3).

use serde_json::{Value, json};
use tufgate::Entry;

use super::machine::{Machine, assert_malformed, too_few};
use crate::simulator::{Delegation, Key, Repository, assert_refused};

#[test]
fn a059_a_mirrors_role_or_any_other_is_ignored() {
    let mirrors = json!({ "keyids": [Key::named("m").keyid()], "threshold": 1 });
    let shapes =
        [mirrors, json!({ "keyids": [], "threshold": 0 }), json!({ "url": "x" }), json!(null), json!([1, "a"])];
    for shape in shapes {
        for name in ["mirrors", "archive", "Root", "targets2"] {
            let mut repo = Repository::new();
            repo.root.signed["roles"][name] = shape.clone();
            repo.publish();
            let machine = Machine::new();
            assert_eq!(machine.run(&repo, &repo.root_file(1)).unwrap(), [2, 2, 1, 1]);
            assert_eq!(machine.run(&repo, &repo.root_file(2)).unwrap(), [2, 2, 1, 1]);
        }
    }
}

#[test]
fn a060_a_root_without_one_of_the_four_roles_is_refused() {
    for role in ["root", "timestamp", "snapshot", "targets"] {
        let mut repo = Repository::new();
        let machine = Machine::new();
        repo.root.signed["roles"].as_object_mut().unwrap().remove(role);
        repo.publish();
        assert_malformed(machine.run(&repo, &repo.root_file(1)), "root", &format!("missing field `{role}`"));
        assert_eq!(machine.names(), [""; 0]);
        repo.assert_log(&["metadata/2.root.json"]);
    }
    let mut repo = Repository::new();
    repo.root.signed["roles"]["snapshot"] = Value::Null;
    repo.publish();
    let reason = "invalid type: null, expected an object";
    assert_malformed(Machine::new().run(&repo, &repo.root_file(1)), "root", reason);
    let mut repo = Repository::new();
    repo.root.signed.as_object_mut().unwrap().remove("roles");
    repo.publish();
    assert_malformed(Machine::new().run(&repo, &repo.root_file(1)), "root", "missing field `roles`");
}

/// A snapshot of its own for each step, so that its file is served under the name of the time.
fn publish_with(repo: &mut Repository, consistent_snapshot: Option<bool>) {
    match consistent_snapshot {
        Some(flag) => repo.consistent_snapshot(flag),
        None => drop(repo.root.signed.as_object_mut().unwrap().remove("consistent_snapshot")),
    }
    repo.bump("root");
    repo.bump("targets");
    repo.publish();
}

#[test]
fn a061_the_flag_of_the_last_root_decides_and_absent_is_false() {
    let plain = ["metadata/snapshot.json", "metadata/targets.json"];
    let versioned = ["metadata/3.snapshot.json", "metadata/3.targets.json"];
    for (flags, names) in [
        ([Some(true), Some(false)], plain),
        ([Some(true), None], plain),
        ([Some(false), Some(true)], versioned),
        ([None, Some(true)], versioned),
        ([None, None], plain),
        ([Some(true), Some(true)], versioned),
    ] {
        let mut repo = Repository::new();
        for flag in flags {
            publish_with(&mut repo, flag);
        }
        for machine in Machine::each() {
            repo.take_log();
            assert_eq!(machine.run(&repo, &repo.root_file(1)).unwrap(), [3, 3, 3, 3]);
            repo.assert_log(&[
                "metadata/2.root.json",
                "metadata/3.root.json",
                "metadata/4.root.json",
                "metadata/timestamp.json",
                names[0],
                names[1],
            ]);
        }
    }
}

#[test]
fn a061_a_client_follows_the_flag_from_run_to_run() {
    for machine in Machine::each() {
        let mut repo = Repository::new();
        machine.run(&repo, &repo.root_file(1)).unwrap();
        for (version, flag) in (2..).zip([Some(false), Some(true), None, Some(true)]) {
            publish_with(&mut repo, flag);
            repo.take_log();
            assert_eq!(machine.run(&repo, &repo.root_file(1)).unwrap(), [version; 4]);
            let prefix = if flag == Some(true) { format!("{version}.") } else { String::new() };
            repo.assert_log(&[
                &format!("metadata/{version}.root.json"),
                &format!("metadata/{}.root.json", version + 1),
                "metadata/timestamp.json",
                &format!("metadata/{prefix}snapshot.json"),
                &format!("metadata/{prefix}targets.json"),
            ]);
        }
        assert!(machine.entry(&Entry::Targets).is_some());
    }
}

#[test]
fn a061_a_flag_that_is_no_boolean_is_refused() {
    for (flag, found) in
        [(json!(null), "null"), (json!("true"), "string \"true\""), (json!(1), "integer `1`"), (json!([]), "sequence")]
    {
        let mut repo = Repository::new();
        repo.root.signed["consistent_snapshot"] = flag;
        repo.publish();
        let reason = format!("invalid type: {found}, expected a boolean");
        assert_malformed(Machine::new().run(&repo, &repo.root_file(1)), "root", &reason);
    }
}

/// The values of an object's members as an array, which some parsers take for the object.
fn as_array(value: &mut Value, members: &[&str]) {
    *value = members.iter().map(|name| value[name].clone()).collect();
}

const NO_OBJECT: &str = "invalid type: sequence, expected an object";

#[test]
fn a197_an_array_does_not_stand_for_an_object() {
    let roles = ["root", "timestamp", "snapshot", "targets"];
    let role = ["keyids", "threshold"];
    for (malformed, spoil) in [
        (
            "root",
            &(|repo: &mut Repository| as_array(&mut repo.root.signed["roles"], &roles)) as &dyn Fn(&mut Repository),
        ),
        ("root", &|repo| as_array(&mut repo.root.signed["roles"]["timestamp"], &role)),
        ("timestamp", &|repo| repo.timestamp.signed["meta"]["snapshot.json"] = json!([1])),
        ("snapshot", &|repo| repo.snapshot.signed["meta"]["other.json"] = json!([1])),
        ("targets", &|repo| as_array(&mut repo.targets.signed["targets"]["x"], &["length", "hashes"])),
        ("targets", &|repo| as_array(repo.delegations("targets"), &["keys", "roles"])),
        ("targets", &|repo| {
            let delegation = repo.delegation("targets", "alice");
            as_array(delegation, &["name", "keyids", "threshold", "terminating", "paths"]);
        }),
        ("targets", &|repo| {
            let delegations = repo.delegations("targets");
            *delegations = json!({ "keys": {}, "succinct_roles": [[], 1, 4, "bin"] });
        }),
        ("timestamp", &|repo| {
            repo.timestamp.edit_envelope(|envelope| as_array(&mut envelope["signatures"][0], &["keyid", "sig"]));
        }),
    ] {
        let mut repo = Repository::new();
        repo.add_target("targets", "x", b"bytes");
        repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
        repo.publish();
        spoil(&mut repo);
        match malformed {
            // Publishing would correct what they say of others.
            "timestamp" => repo.publish_timestamp(),
            "snapshot" => repo.publish_snapshot(),
            _ => repo.publish(),
        }
        assert_malformed(Machine::new().run(&repo, &repo.root_file(1)), malformed, NO_OBJECT);
    }
}

#[test]
fn a017_a197_a_key_as_an_array_is_inert() {
    let key = Key::named("timestamp");
    for spoil in
        [&(|object: &mut Value| as_array(object, &["keytype", "scheme", "keyval"])) as &dyn Fn(&mut Value), &|object| {
            as_array(&mut object["keyval"], &["public"])
        }]
    {
        let mut repo = Repository::new();
        spoil(&mut repo.root.signed["keys"][key.keyid()]);
        repo.publish();
        assert_refused(Machine::new().run(&repo, &repo.root_file(1)), "timestamp", too_few("root", 0, 1));
    }
}
