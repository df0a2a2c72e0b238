//! Good JSON of the wrong shape, correctly signed.

use serde_json::{Value, json};
use tufgate::error::{CallerError, Error, Fault, Malformed};
use tufgate::{Found, Limits, MemoryStore, Settings, TargetPath};

use super::both::{BOTH, Kind};
use super::shelf::Shelf;
use super::spoilt::{ROLES, assert_malformed_in, assert_malformed_in_every_role, entry_of, refusal};
use super::{client, client_with, lookup};
use crate::simulator::{
    Delegation, EXPIRES, Key, Repository, Role, assert_refused, assert_target_refused, canonical, hex, raw,
};

/// Sets one place in the signed part of a role, given by a JSON pointer, and expects it to be refused in words.
#[track_caller]
fn refused(role: &str, pointer: &str, value: Value, reason: &str) {
    assert_malformed_in(role, |role| *place(&mut role.signed, pointer) = value.clone(), reason);
}

fn place<'a>(signed: &'a mut Value, pointer: &str) -> &'a mut Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    &mut signed.pointer_mut(parent).unwrap()[name]
}

#[test]
fn a196_a206_damaged_bytes_are_an_error_of_the_repository_and_never_a_panic() {
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
    repo.add_target("alice", "alice/x", b"one");
    repo.publish();
    for role in ["timestamp", "snapshot", "targets", "alice"] {
        let path = repo.path(role);
        let honest = repo.file(&path);
        for at in (0..honest.len()).step_by(3) {
            let mut damaged = honest.clone();
            damaged[at] ^= 1 << (at % 8);
            for bytes in [&damaged[..], &honest[..at]] {
                repo.serve(&path, bytes);
                let store = Shelf::new();
                // Of a changed keyid or signature nothing is left that the threshold could be met by.
                match client(&repo, &store).lookup(&TargetPath::new("alice/x").unwrap()) {
                    Err(Error::Repository(_)) => assert_eq!(store.bytes(&entry_of(role)), None, "{role}, byte {at}"),
                    // Hex digits of a signature may be of either case.
                    Ok(Found::Signed(info)) if honest[at].is_ascii_alphabetic() => assert_eq!(info.length(), 3),
                    other => panic!("{role}, byte {at}: {other:?}"),
                }
            }
        }
        repo.lift(&path);
    }
}

#[test]
fn a196_a197_values_of_every_wrong_type_are_refused() {
    let places = [
        ("root", "/_type /spec_version /version /expires /consistent_snapshot /keys /roles /roles/snapshot"),
        ("root", "/roles/targets/keyids /roles/targets/threshold"),
        ("timestamp", "/_type /spec_version /version /expires /meta /meta/snapshot.json /meta/snapshot.json/version"),
        ("timestamp", "/meta/snapshot.json/length /meta/snapshot.json/hashes"),
        ("snapshot", "/_type /spec_version /version /expires /meta /meta/alice.json /meta/alice.json/version"),
        ("snapshot", "/meta/alice.json/length /meta/alice.json/hashes"),
        ("targets", "/_type /spec_version /version /expires /targets /delegations /delegations/keys"),
        ("targets", "/delegations/roles /delegations/roles/0 /delegations/roles/0/name /delegations/roles/0/paths"),
        ("targets", "/delegations/roles/0/keyids /delegations/roles/0/threshold /delegations/roles/0/terminating"),
        ("alice", "/targets/alice~1x /targets/alice~1x/length /targets/alice~1x/hashes"),
    ];
    let values = [json!(null), json!([]), json!({}), json!(true), json!("x"), json!(-1), json!([null])];
    let mut tried = 0;
    for (role, pointers) in places {
        for pointer in pointers.split(' ') {
            for value in &values {
                if is_of_the_right_type(role, pointer, value) {
                    continue;
                }
                let spoil = |role: &mut Role| {
                    let (parent, name) = pointer.rsplit_once('/').unwrap();
                    let name = name.replace("~1", "/");
                    let parent = role.signed.pointer_mut(parent).unwrap();
                    match parent {
                        Value::Array(items) => items[0] = value.clone(),
                        object => object[name] = value.clone(),
                    }
                };
                let found = refusal(Kind::Blocking, role, spoil);
                assert!(matches!(found.fault, Fault::Malformed(_)), "{role} {pointer} {value}: {found}");
                tried += 1;
            }
        }
    }
    assert!(tried > 250, "{tried}");
}

/// Values that are of the right type by chance; what they mean is for other tests.
fn is_of_the_right_type(role: &str, pointer: &str, value: &Value) -> bool {
    match pointer.rsplit('/').next().unwrap() {
        "name" => *value == json!("x"),
        // Judged only when the root is the last one.
        "expires" => role == "root" && *value == json!("x"),
        "keys" | "targets" => *value == json!({}),
        "keyids" | "paths" => *value == json!([]),
        "roles" => role == "targets" && *value == json!([]),
        "terminating" | "consistent_snapshot" => *value == json!(true),
        "hashes" => role == "alice" && *value == json!({}),
        _ => false,
    }
}

#[test]
fn a198_a202_required_members_must_be_there() {
    for member in ["_type", "spec_version", "version", "expires"] {
        let drop = |role: &mut Role| {
            role.signed.as_object_mut().unwrap().remove(member);
        };
        assert_malformed_in_every_role(drop, &format!("missing field `{member}`"));
    }
    for (role, parent, member) in [
        ("root", "", "keys"),
        ("root", "", "roles"),
        ("root", "/roles/timestamp", "keyids"),
        ("root", "/roles/timestamp", "threshold"),
        ("timestamp", "", "meta"),
        ("snapshot", "", "meta"),
        ("snapshot", "/meta/alice.json", "version"),
        ("targets", "", "targets"),
        ("targets", "/delegations", "keys"),
        ("targets", "/delegations/roles/0", "name"),
        ("targets", "/delegations/roles/0", "keyids"),
        ("targets", "/delegations/roles/0", "threshold"),
        ("targets", "/delegations/roles/0", "terminating"),
        ("alice", "/targets/alice~1x", "length"),
        ("alice", "/targets/alice~1x", "hashes"),
    ] {
        let drop = |role: &mut Role| {
            role.signed.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(member);
        };
        assert_malformed_in(role, drop, &format!("missing field `{member}`"));
    }
}

#[test]
fn a200_keyid_hash_algorithms_is_loaded_and_never_obeyed() {
    for algorithms in [json!(["sha256", "sha512"]), json!(["md5"]), json!([]), json!("none"), json!({ "a": [1] })] {
        let mut repo = Repository::new();
        let legacy = |name: &str| Key::named(name).edit(|object| object["keyid_hash_algorithms"] = algorithms.clone());
        for role in ["timestamp", "snapshot", "targets"] {
            repo.rotate(role, [legacy(role)]);
        }
        repo.delegate("targets", Delegation::to("alice").keys([legacy("alice")]).paths(["alice/*"]));
        repo.add_target("alice", "alice/x", b"one");
        repo.publish();
        assert!(matches!(lookup(&repo, "alice/x"), Ok(Found::Signed(_))), "{algorithms}");
    }
}

#[test]
fn a201_spec_version_is_two_or_three_numbers_of_major_1() {
    for text in
        ["", "1", "1.", "1.0.", ".1", "1.0.34.1", "1.0.34-dev", "1.0.\u{b2}", "1.\u{661}", " 1.0", "1.0 ", "+1.0"]
    {
        let reason = format!("`spec_version` is {text:?}, not two or three numbers");
        assert_malformed_in_every_role(|role| role.signed["spec_version"] = text.into(), &reason);
    }
    for role in ROLES {
        for text in ["1.0", "1.0.0", "1.99.99"] {
            let mut repo = Repository::new();
            repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
            repo.role_mut(role).signed["spec_version"] = text.into();
            repo.add_target("alice", "alice/x", b"one");
            repo.publish();
            assert!(matches!(lookup(&repo, "alice/x"), Ok(Found::Signed(_))), "{role} {text}");
        }
    }
}

#[test]
fn a203_a_version_is_a_positive_integer() {
    let spoil = |text: &'static str| move |role: &mut Role| role.signed["version"] = raw(text);
    assert_malformed_in_every_role(spoil("0"), "a version is at least 1");
    assert_malformed_in_every_role(spoil("-1"), "invalid value: integer `-1`, expected u64");
    assert_malformed_in_every_role(spoil("\"1\""), "invalid type: string \"1\", expected u64");
    assert_malformed_in_every_role(spoil("true"), "invalid type: boolean `true`, expected u64");
    assert_malformed_in_every_role(spoil("null"), "invalid type: null, expected u64");
    assert_malformed_in_every_role(spoil("1.0"), "a number with a fraction or an exponent in `signed`");
    for text in ["0", "-1", "\"1\"", "true", "null", "1.0", "[1]"] {
        for (role, pointer) in [("timestamp", "/meta/snapshot.json/version"), ("snapshot", "/meta/alice.json/version")]
        {
            for kind in BOTH {
                let found = refusal(kind, role, |role| *role.signed.pointer_mut(pointer).unwrap() = raw(text));
                assert!(matches!(found.fault, Fault::Malformed(_)), "{role} {text}: {found}");
            }
        }
    }
}

#[test]
fn a204_expires_must_be_a_time() {
    let texts = ["", "never", "2035-01-01", "2035-01-01T00:00:00", "2035-01-01T00:00:00+00:00"];
    let reason = |text: &str| format!("`expires` is {text:?}, not of the form 2030-01-31T12:00:00Z");
    for role in ROLES {
        refused(role, "/expires", json!(null), "invalid type: null, expected a string");
        refused(role, "/expires", json!(0), "invalid type: integer `0`, expected a string");
        for text in texts.iter().filter(|_| role != "root") {
            refused(role, "/expires", json!(text), &reason(text));
        }
    }
    // A root may be followed by others, so its time is judged only if it is the last one; it is refused then too.
    for text in texts {
        let mut repo = Repository::new();
        repo.set_expires("root", text);
        repo.publish();
        let store = Shelf::new();
        let fault = Fault::Malformed(Malformed { offset: 0, reason: reason(text) });
        assert_refused(client(&repo, &store).refresh(), "root", fault);
        repo.assert_log(&["metadata/2.root.json", "metadata/3.root.json"]);
        repo.set_expires("root", EXPIRES);
        repo.publish();
        assert_eq!(client(&repo, &store).refresh().unwrap().root().version(), 3);
    }
}

#[test]
fn a205_counts_and_names_have_limits() {
    let name = |length: usize| "n".repeat(length);
    let set_name = |length: usize| {
        move |role: &mut Role| {
            let mut extra = role.signed["delegations"]["roles"][0].clone();
            extra["name"] = name(length).into();
            role.signed["delegations"]["roles"].as_array_mut().unwrap().push(extra);
        }
    };
    let reason = format!("delegation to \"{}\": the name is not 1 to 1,024 bytes long", name(128));
    assert_malformed_in("targets", set_name(1025), &reason);
    assert_malformed_in("targets", set_name(5_000_000), &reason);
    assert_malformed_in("targets", set_name(0), "delegation to \"\": the name is not 1 to 1,024 bytes long");

    let keys = |pointer: &'static str, count: usize| {
        move |role: &mut Role| {
            for n in 0..count {
                place(&mut role.signed, pointer)[format!("{n}")] = json!({});
            }
        }
    };
    assert_malformed_in("root", keys("/keys", 1025), "more than 1024 keys");
    assert_malformed_in("targets", keys("/delegations/keys", 1025), "more than 1024 keys");
    for keyid in [String::new(), "k".repeat(129), "a\u{7f}".to_owned(), "é".to_owned()] {
        let add = |role: &mut Role| role.signed["delegations"]["keys"][&keyid] = json!({});
        assert_malformed_in("targets", add, "a keyid is not 1 to 128 printable ASCII characters");
    }
    let junk = |role: &mut Role| {
        role.junk_signatures(256);
    };
    assert_malformed_in_every_role(junk, "more than 256 signatures");
}

#[test]
fn a205_limits_are_settings() {
    let mut repo = Repository::new();
    repo.add_target("targets", "a", b"one");
    repo.timestamp.junk_signatures(1);
    repo.publish();
    let with = |change: fn(&mut Limits)| {
        let mut settings = Settings::default();
        change(&mut settings.limits);
        client_with(&repo, repo.root_file(1), MemoryStore::new(), settings).refresh().map(|_| ())
    };
    let malformed = |reason: &str| Fault::Malformed(Malformed { offset: 0, reason: reason.to_owned() });
    assert_refused(with(|limits| limits.timestamp_bytes = 100), "timestamp", Fault::TooLarge { limit: 100 });
    assert_refused(with(|limits| limits.snapshot_bytes = 100), "snapshot", Fault::TooLarge { limit: 100 });
    assert_refused(with(|limits| limits.targets_bytes = 100), "targets", Fault::TooLarge { limit: 100 });
    assert_refused(with(|limits| limits.signatures = 1), "timestamp", malformed("more than 1 signatures"));
    // The pinned root is held to the same limits; there it is the caller's fault.
    for too_small in [|limits: &mut Limits| limits.keys = 3, |limits: &mut Limits| limits.json_depth = 3] {
        assert!(matches!(with(too_small), Err(Error::Caller(CallerError::PinnedRoot(_)))));
    }
    with(|_| {}).unwrap();
}

#[test]
fn a207_names_that_mean_something_to_a_language_are_plain_data() {
    for name in ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "null", "NaN", "signed"] {
        let mut repo = Repository::new();
        let key = Key::named(name).with_keyid(name);
        repo.delegate("targets", Delegation::to(name).keys([key]).paths([name]));
        repo.add_target(name, name, b"bytes");
        repo.publish();
        for kind in BOTH {
            let store = Shelf::new();
            let mut client = kind.client(&repo, &store);
            let info = client.target(name);
            assert_eq!((info.path().as_str(), info.role().as_str()), (name, name));
            assert_eq!(client.read(&info).unwrap(), b"bytes");
            assert_eq!(store.bytes(&entry_of(name)).unwrap(), repo.file(&repo.path(name)));
        }
    }
}

#[test]
fn a208_an_envelope_of_another_kind_is_refused() {
    let dsse = |role: &mut Role| {
        role.edit_envelope(|envelope| {
            let payload = hex(&canonical(&envelope["signed"]));
            *envelope = json!({
                "payload": payload, "payloadType": "application/vnd.tuf+json", "signatures": envelope["signatures"],
            });
        });
    };
    assert_malformed_in_every_role(dsse, "the member `signed` is missing");
    let text = |role: &mut Role| {
        role.edit_envelope(|envelope| envelope["signed"] = envelope["signed"].to_string().into());
    };
    assert_malformed_in_every_role(text, "`signed` is not an object");
    // A second meaning beside the first one changes nothing.
    let mut repo = Repository::new();
    repo.timestamp.edit_envelope(|envelope| {
        envelope["payload"] = "e30=".into();
        envelope["payloadType"] = "application/vnd.tuf+json".into();
    });
    repo.publish();
    client(&repo, MemoryStore::new()).refresh().unwrap();
}

#[test]
fn a209_a_length_past_32_bits_is_not_cut_off() {
    let length = (1 << 32) + 1;
    for kind in BOTH {
        let mut repo = Repository::new();
        repo.add_target("targets", "a", b"x");
        repo.targets.signed["targets"]["a"]["length"] = length.into();
        repo.publish();
        let mut client = kind.client(&repo, MemoryStore::new());
        let info = client.target("a");
        assert_eq!(info.length(), length);
        // What is read into memory has a lower limit, and would not be asked for.
        let dir = tempfile::tempdir().unwrap();
        let refused = client.download(&info, &dir.path().join("a"));
        assert_target_refused(refused, "a", Fault::Length { expected: length, found: 1 });

        let file = repo.file(&repo.path("targets"));
        repo.snapshot.signed["meta"]["targets.json"]["length"] = ((1u64 << 32) + file.len() as u64).into();
        repo.publish_snapshot();
        let fault = Fault::Length { expected: (1 << 32) + file.len() as u64, found: file.len() as u64 };
        assert_refused(kind.client(&repo, MemoryStore::new()).refresh(), "targets", fault);
    }
}
