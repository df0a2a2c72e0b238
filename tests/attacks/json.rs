//! Faults of JSON through the whole client: every one is correctly signed, so that nothing but the form can refuse it.

use serde_json::json;
use tufgate::error::{Fault, Malformed};
use tufgate::{Digest, HashAlgorithm};

use super::both::BOTH;
use super::client;
use super::shelf::Shelf;
use super::spoilt::{ROLES, assert_malformed_in_every_role as refused, refusal};
use crate::simulator::{Delegation, Repository, Role, assert_refused, canonical, hash, raw};

/// Puts text into a member that no client knows.
fn unknown(text: &'static str) -> impl Fn(&mut Role) {
    move |role| role.signed["x-unknown"] = raw(text)
}

#[test]
fn a181_duplicate_members_are_refused_in_every_role() {
    refused(|role| role.signed["version"] = raw(r#"99,"version":2"#), "the member `version` is there twice");
    refused(unknown(r#"{"a":{"b":1,"b":1}}"#), "the member `b` is there twice");
    refused(unknown(r#"{"a":1,"\u0061":2}"#), "the member `\\u0061` is there twice");
}

#[test]
fn a182_two_of_signed_or_signatures_are_refused_in_every_role() {
    for member in ["signed", "signatures"] {
        let again = move |role: &mut Role| {
            role.edit_bytes(move |bytes| {
                let value = if member == "signed" { "{}" } else { "[]" };
                let start = format!("{{\"{member}\":{value},");
                [start.as_bytes(), &bytes[1..]].concat()
            });
        };
        refused(again, &format!("the member `{member}` is there twice"));
    }
}

#[test]
fn a183_member_names_of_another_case_are_other_members() {
    let rename = |from: &'static str, to: &'static str| {
        move |role: &mut Role| {
            role.edit_envelope(move |envelope| {
                envelope[to] = envelope[from].take();
                envelope.as_object_mut().unwrap().remove(from);
            });
        }
    };
    refused(rename("signed", "Signed"), "the member `signed` is missing");
    refused(rename("signatures", "SIGNATURES"), "the member `signatures` is missing");
    let version = |role: &mut Role| {
        let number = role.number() + 1;
        role.signed["Version"] = number.into();
        role.signed.as_object_mut().unwrap().remove("version");
    };
    refused(version, "missing field `version`");
}

#[test]
fn a184_nan_and_infinity_are_refused_in_every_role() {
    for text in ["NaN", "Infinity", "-Infinity"] {
        refused(unknown(text), "NaN and Infinity are not JSON");
        let unsigned = move |role: &mut Role| {
            role.edit_envelope(move |envelope| envelope["x"] = raw(text));
        };
        refused(unsigned, "NaN and Infinity are not JSON");
    }
}

#[test]
fn a185_only_integers_are_signed_in_every_role() {
    for text in ["1.0", "1e3", "2E0", "0.5"] {
        refused(unknown(text), "a number with a fraction or an exponent in `signed`");
        refused(move |role| role.signed["version"] = raw(text), "a number with a fraction or an exponent in `signed`");
    }
    refused(unknown("-0"), "the number `-0` in `signed`");
    refused(unknown("01"), "a number with a leading zero");
}

#[test]
fn a186_huge_integers_are_refused_in_every_role() {
    let digits: &'static str = "9".repeat(30_000).leak();
    refused(unknown(digits), "a number of more than 20 digits");
    let unsigned = move |role: &mut Role| {
        role.edit_envelope(move |envelope| envelope["x"] = raw(digits));
    };
    refused(unsigned, "a number of more than 20 digits");
}

#[test]
fn a187_versions_end_where_u64_does() {
    for role in ROLES {
        for kind in BOTH {
            for text in ["18446744073709551616", "99999999999999999999"] {
                let found = refusal(kind, role, |role| role.signed["version"] = raw(text));
                assert!(matches!(found.fault, Fault::Malformed(Malformed { .. })), "{role}: {found}");
            }
        }
    }
    let mut repo = Repository::new();
    repo.timestamp.set_version(u64::MAX);
    repo.publish();
    let store = Shelf::new();
    assert_eq!(client(&repo, &store).refresh().unwrap().timestamp().version(), u64::MAX);
    assert_eq!(client(&repo, &store).refresh().unwrap().timestamp().version(), u64::MAX);
}

#[test]
fn a188_deep_nesting_is_refused_in_every_role() {
    let deep: &'static str = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000)).leak();
    refused(unknown(deep), "arrays and objects nest more than 16 deep");
    let open: &'static str = "{\"a\":".repeat(8_000).leak();
    let unsigned = move |role: &mut Role| {
        role.edit_envelope(move |envelope| envelope["x"] = raw(open));
    };
    refused(unsigned, "arrays and objects nest more than 16 deep");
}

#[test]
fn a189_only_utf_8_without_a_mark_is_read_in_every_role() {
    let edit = |edit: fn(Vec<u8>) -> Vec<u8>| {
        move |role: &mut Role| {
            role.edit_bytes(edit);
        }
    };
    refused(edit(|bytes| [b"\xef\xbb\xbf", bytes.as_slice()].concat()), "the document begins with a byte order mark");
    refused(edit(|bytes| [b"{\"x\":\"\xff\",", &bytes[1..]].concat()), "not UTF-8");
    refused(edit(|bytes| [b"{\"x\":\"\xc0\xaf\",", &bytes[1..]].concat()), "not UTF-8");
    refused(edit(|bytes| [b"\xff\xfe".to_vec(), bytes.iter().flat_map(|b| [*b, 0]).collect()].concat()), "not UTF-8");
    refused(
        edit(|bytes| bytes.iter().flat_map(|b| [*b, 0]).collect()),
        "the name of a member, in quotes, was expected",
    );
}

#[test]
fn a190_lone_surrogates_are_refused_in_every_role() {
    for text in [r#""\ud800""#, r#""\udc00x""#, r#""\ud800\ud800""#, r#"{"\udfff":1}"#] {
        refused(unknown(text), "lone surrogate in a string");
    }
}

#[test]
fn a191_names_that_look_alike_are_different_targets() {
    let mut repo = Repository::new();
    repo.add_target("targets", "caf\u{e9}", b"composed");
    repo.add_target("targets", "cafe\u{301}", b"decomposed");
    repo.publish();
    for kind in BOTH {
        let mut client = kind.client(&repo, Shelf::new());
        for (path, bytes) in [("caf\u{e9}", "composed"), ("cafe\u{301}", "decomposed")] {
            let info = client.target(path);
            assert_eq!(info.path().as_str(), path);
            assert_eq!(client.read(&info).unwrap(), bytes.as_bytes());
        }
    }
}

#[test]
fn a192_a193_a199_unknown_members_of_any_text_stay_in_what_is_verified() {
    let hostile = json!({
        "\u{1f600}": 1, "\u{ffff}": 2, "\u{e000}": 3, "a\nb": "-----BEGIN\nPUBLIC KEY-----\n", "\u{0}\u{1f}\u{7f}": "\"\\/",
        "é": ["e\u{301}", "\u{2028}"], "nested": { "b": { "z": null, "a": true }, "B": [0, -1, u64::MAX] },
    });
    for kind in BOTH {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
        repo.add_target("alice", "alice/x", b"one");
        for role in ROLES {
            repo.role_mut(role).signed["x-unknown"] = hostile.clone();
            repo.role_mut(role).edit_envelope(|envelope| envelope["x"] = json!([1, { "y": "z" }]));
        }
        repo.publish();
        let mut client = kind.client(&repo, Shelf::new());
        assert_eq!(client.target("alice/x").length(), 3);
        assert_eq!(client.session().root().version(), 2);
    }
    // What was signed must be all of it: without one of those members no signature fits any more.
    for role in ROLES {
        let drop = |role: &mut Role| {
            role.signed["x-unknown"] = hostile.clone();
            role.set_version(role.number() + 1);
            role.sign_over = Some(canonical(&role.signed));
            role.signed["x-unknown"].as_object_mut().unwrap().remove("\u{ffff}");
        };
        let found = refusal(BOTH[0], role, drop);
        assert!(matches!(found.fault, Fault::Threshold { valid: 0, required: 1, .. }), "{role}: {found}");
    }
}

#[test]
fn a194_hashes_are_of_the_bytes_that_came_not_of_the_signed_form() {
    for kind in BOTH {
        let mut repo = Repository::new();
        repo.snapshot_with_hashes(&["sha256"]);
        repo.timestamp_with_hashes(&["sha256"]);
        repo.publish();
        for name in ["snapshot", "targets"] {
            let path = repo.path(name);
            let honest = repo.file(&path);
            let store = Shelf::new();
            // The signed form is the same, and so are the signatures.
            repo.serve(&path, [&honest[..], b"\n"].concat());
            let expected = honest.len() as u64;
            let longer = Fault::Length { expected, found: expected + 1 };
            assert_refused(kind.client(&repo, &store).refresh(), name, longer);
            let text = String::from_utf8(honest.clone()).unwrap();
            let (signatures, signed) = text[1..text.len() - 1].split_once(",\"signed\":").unwrap();
            let swapped = format!("{{\"signed\":{signed},{signatures}}}");
            repo.serve(&path, swapped.clone());
            let sha256 =
                |bytes: &[u8]| Box::new(Digest::from_hex(HashAlgorithm::Sha256, &hash("sha256", bytes)).unwrap());
            let other = Fault::Hash { expected: sha256(&honest), found: sha256(swapped.as_bytes()) };
            assert_refused(kind.client(&repo, &store).refresh(), name, other);
            repo.lift(&path);
            kind.client(&repo, &store).refresh().unwrap();
        }
    }
}

#[test]
fn a195_nothing_may_follow_the_document_in_any_role() {
    for tail in ["x", "{}", "\0", ",", "]"] {
        let append = move |role: &mut Role| {
            role.edit_bytes(move |bytes| [&bytes[..], tail.as_bytes()].concat());
        };
        refused(append, "something follows the document");
    }
    let mut repo = Repository::new();
    for role in ["root", "timestamp", "snapshot", "targets"] {
        repo.role_mut(role).edit_bytes(|bytes| [b" \r\n\t", &bytes[..], b" \r\n\t"].concat());
    }
    repo.publish();
    client(&repo, Shelf::new()).refresh().unwrap();
}
