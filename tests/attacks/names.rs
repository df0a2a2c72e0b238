//! Names of targets and roles: as paths, in addresses, as local files.

use serde_json::json;
use tufgate::error::{CallerError, Error, Fault, TransportFault};
use tufgate::{Found, MemoryStore, RoleName, TargetPath};

use super::both::{BOTH, nobody_of};
use super::shelf::Shelf;
use super::spoilt::entry_of;
use super::{client, lookup};
use crate::simulator::{Delegation, Repository, assert_target_refused, assert_transport, described, hash, target_path};

/// Paths that no client asks for, with the reason it gives.
const REFUSED: [(&str, &str); 25] = [
    ("", "it is empty"),
    ("..", "it has a `.` or `..` segment"),
    (".", "it has a `.` or `..` segment"),
    ("../secret", "it has a `.` or `..` segment"),
    ("a/../b", "it has a `.` or `..` segment"),
    ("a/./b", "it has a `.` or `..` segment"),
    ("a/..", "it has a `.` or `..` segment"),
    ("/etc/passwd", "it is absolute"),
    ("//host/x", "it is absolute"),
    ("a//b", "it has an empty segment"),
    ("a/", "it has an empty segment"),
    ("C:x", COLON),
    ("C:/x", COLON),
    ("f:stream", COLON),
    ("http://host/x", COLON),
    ("file:///etc/passwd", COLON),
    ("\\\\host\\share", COLON),
    ("a\\..\\b", COLON),
    ("..\\x", COLON),
    ("a\0b", CONTROL),
    ("a\nb", CONTROL),
    ("a\rb", CONTROL),
    ("\u{1b}[2J", CONTROL),
    ("a\u{7f}", CONTROL),
    ("a\u{85}b", CONTROL),
];
const COLON: &str = "it has a backslash or a colon, which name drives and streams on some systems";
const CONTROL: &str = "it has a control character";

#[test]
fn a212_a213_a214_a215_a220_paths_that_lead_elsewhere_are_refused_before_any_search() {
    for (path, reason) in REFUSED {
        let found = TargetPath::new(path);
        assert_eq!(found, Err(CallerError::TargetPath { path: path.to_owned(), reason }), "{path:?}");
    }
    let long = "p".repeat(4097);
    let reason = "it is longer than 4,096 bytes";
    assert_eq!(TargetPath::new(long.clone()), Err(CallerError::TargetPath { path: long, reason }));
    assert!(TargetPath::new("p".repeat(4096)).is_ok());
}

#[test]
fn a212_a223_listed_paths_that_lead_elsewhere_are_nobodys_alias() {
    for kind in BOTH {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("mallory").paths(["mallory/*", "mallory/../*", "*/../*", "*//*"]));
        repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
        for alias in ["mallory/../alice/x", "./alice/x", "alice//x", "/alice/x", "alice/./x", "alice\\x", "alice/%78"] {
            repo.add_target_json("mallory", alias, described(b"mallory", &["sha256"]));
        }
        repo.publish();
        let mut client = kind.client(&repo, MemoryStore::new());
        assert_eq!(client.signer("alice/x"), nobody_of(&["targets", "alice"]));
        repo.add_target("alice", "alice/x", b"alice");
        repo.publish();
        let mut client = kind.client(&repo, MemoryStore::new());
        let info = client.target("alice/x");
        assert_eq!((client.read(&info).unwrap(), info.role().as_str()), (b"alice".to_vec(), "alice"));
        // The other spellings that are paths at all are other paths.
        assert_eq!(client.signer("alice/%78"), nobody_of(&["targets", "alice"]));
    }
}

/// Names that mean something in an address, or on a disk, or to a decoder.
const ODD: [(&str, &str); 12] = [
    ("a#b", "a%23b"),
    ("a?b=c&d", "a%3Fb%3Dc%26d"),
    ("a b", "a%20b"),
    ("%2e%2e/x", "%252e%252e/x"),
    ("%252e%252e/x", "%25252e%25252e/x"),
    ("a%2fb", "a%252fb"),
    (".../x", "%2E%2E%2E/x"),
    ("user@host/x", "user%40host/x"),
    ("é/ü", "%C3%A9/%C3%BC"),
    ("e\u{301}", "e%CC%81"),
    ("a;b,c", "a%3Bb%2Cc"),
    ("con.txt", "con.txt"),
];

#[test]
fn a217_a218_a219_a221_names_are_encoded_once_and_never_decoded() {
    for kind in BOTH {
        for (path, encoded) in ODD {
            let mut repo = Repository::new();
            repo.add_target("targets", path, b"bytes");
            repo.publish();
            let mut client = kind.client(&repo, MemoryStore::new());
            let info = client.target(path);
            assert_eq!(client.read(&info).unwrap(), b"bytes");
            let (before, last) = encoded.rsplit_once('/').map_or(("", encoded), |(before, last)| (before, last));
            let slash = if before.is_empty() { "" } else { "/" };
            let digest = hash("sha256", b"bytes");
            let expected = format!("targets/{before}{slash}{digest}.{last}");
            assert_eq!(repo.take_log().pop().unwrap(), expected);
        }
    }
}

#[test]
fn a169_the_hash_stands_before_the_last_segment() {
    let mut repo = Repository::new();
    repo.add_target("targets", "path/to/file.whl", b"bytes");
    repo.publish();
    for kind in BOTH {
        let mut client = kind.client(&repo, MemoryStore::new());
        let info = client.target("path/to/file.whl");
        repo.take_log();
        assert_eq!(client.read(&info).unwrap(), b"bytes");
        repo.assert_log(&[&format!("targets/path/to/{}.file.whl", hash("sha256", b"bytes"))]);
    }
}

#[test]
fn a170_hashes_are_tried_in_a_fixed_order_and_others_only_where_a_file_is_absent() {
    let algorithms = ["sha256", "sha512", "blake2b-256"];
    let copies = algorithms.map(|name| target_path("a/f", Some(&hash(name, b"bytes"))));
    for kind in BOTH {
        let mut repo = Repository::new();
        repo.add_target_hashed("targets", "a/f", b"bytes", &["blake2b-256", "sha512", "sha256"]);
        repo.publish();
        let mut client = kind.client(&repo, MemoryStore::new());
        let info = client.target("a/f");
        for absent in 0..=3 {
            copies.iter().take(absent).for_each(|copy| repo.remove(copy));
            repo.take_log();
            let result = client.read(&info);
            repo.assert_log(&copies.iter().take(absent + 1).map(String::as_str).collect::<Vec<_>>());
            if absent == 3 {
                assert_target_refused(result, "a/f", Fault::Missing);
            } else {
                assert_eq!(result.unwrap(), b"bytes");
            }
        }
        // Anything but "absent" ends the download: whoever can make an error must not choose the copy.
        repo.fail(&copies[0], TransportFault::Status(503));
        repo.lift(&copies[1]);
        repo.take_log();
        assert_transport(client.read(&info), &copies[0], TransportFault::Status(503));
        repo.forbidden(&copies[0]);
        assert_transport(client.read(&info), &copies[0], TransportFault::Status(403));
        repo.serve(&copies[0], "other");
        assert!(matches!(client.read(&info), Err(Error::Repository(_))));
        repo.assert_log(&[&copies[0], &copies[0], &copies[0]]);
    }
}

#[test]
fn a171_a_hash_is_decoded_before_it_gets_into_an_address() {
    let digest = hash("sha256", b"bytes");
    let spliced =
        ["../../../admin?x=", "", "00", &digest[..62], &format!("{digest}00"), &format!("{}/x", &digest[..62])];
    for kind in BOTH {
        for text in spliced {
            let mut repo = Repository::new();
            repo.add_target("targets", "a", b"bytes");
            // One good hash beside it does not help: the whole list is in doubt.
            let hashes = json!({ "sha256": text, "sha512": hash("sha512", b"bytes") });
            repo.targets.signed["targets"]["a"]["hashes"] = hashes;
            repo.publish();
            let mut client = kind.client(&repo, MemoryStore::new());
            assert_target_refused(client.lookup("a"), "a", Fault::NoKnownHash);
            assert!(repo.take_log().iter().all(|path| path.starts_with("metadata/")));
        }
        // Digits of either case are the same digest, which is written in one way only.
        let mut repo = Repository::new();
        repo.add_target("targets", "a", b"bytes");
        repo.targets.signed["targets"]["a"]["hashes"]["sha256"] = digest.to_uppercase().into();
        repo.publish();
        let mut client = kind.client(&repo, MemoryStore::new());
        let info = client.target("a");
        assert_eq!(info.url_paths(), [format!("{digest}.a")]);
        assert_eq!(client.read(&info).unwrap(), b"bytes");
    }
    let reason = "the hashes of \"alice.json\" are not of a known algorithm, or not well formed";
    super::spoilt::assert_malformed_in(
        "snapshot",
        |role| role.signed["meta"]["alice.json"]["hashes"] = json!({ "sha256": "../../../admin?x=" }),
        reason,
    );
}

#[test]
fn a172_blake2b_256_alone_decides() {
    for kind in BOTH {
        let mut repo = Repository::new();
        let digest = hash("blake2b-256", b"wheel");
        let path = format!("{}/{}/{}/x-1.0.whl", &digest[..2], &digest[2..4], &digest[4..]);
        repo.add_target_hashed("targets", &path, b"wheel", &["blake2b-256"]);
        repo.publish();
        let mut client = kind.client(&repo, MemoryStore::new());
        let info = client.target(&path);
        assert_eq!(client.read(&info).unwrap(), b"wheel");
        let served = target_path(&path, Some(&digest));
        repo.serve(&served, "whele");
        let of = |bytes| {
            let hex = hash("blake2b-256", bytes);
            Box::new(tufgate::Digest::from_hex(tufgate::HashAlgorithm::Blake2b256, &hex).unwrap())
        };
        let fault = Fault::Hash { expected: of(b"wheel"), found: of(b"whele") };
        assert_target_refused(client.read(&info), &path, fault);
    }
}

#[test]
fn a210_a220_role_names_that_look_like_paths_stay_names() {
    for name in ["../../x", "..", ".", "/etc/x", "a/b", "C:\\x", "a?b#c", "\0", "é", "a\nb", "%2e%2e", "con", "x."] {
        for kind in BOTH {
            let mut repo = Repository::new();
            repo.delegate("targets", Delegation::to(name).paths(["a"]));
            repo.add_target(name, "a", b"bytes");
            repo.publish();
            let store = Shelf::new();
            assert_eq!(kind.client(&repo, &store).target("a").role().as_str(), name);
            let log = repo.take_log();
            let segment = log.last().unwrap().strip_prefix("metadata/1.").unwrap().strip_suffix(".json").unwrap();
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~%".contains(&b);
            assert!(segment.bytes().all(plain) && !segment.bytes().all(|b| b == b'.'), "{segment}");
            assert_eq!(store.bytes(&entry_of(name)).unwrap(), repo.file(&repo.path(name)));
            // The second run finds it under the same name.
            kind.client(&repo, &store).target("a");
            repo.assert_log(&["metadata/2.root.json", "metadata/timestamp.json"]);
        }
    }
}

#[test]
fn a216_a222_a229_a231_local_names_differ_are_safe_and_fit() {
    let long = "d/".repeat(500) + "x";
    let names = [
        "a",
        "A",
        "con.txt",
        "CON",
        "nul",
        "aux.tar.gz",
        "com1",
        "lpt9.x",
        "x.",
        "x",
        "x ",
        " x",
        ".x",
        "...",
        "a/b",
        "a%2Fb",
        "a%2fb",
        "é",
        "e\u{301}",
        "É",
        "a:b",
        &long,
        &long[2..],
    ];
    let flat: Vec<String> =
        names.iter().filter_map(|name| Some(TargetPath::new(*name).ok()?.flat_file_name())).collect();
    assert_eq!(flat.len(), names.len() - 1, "`a:b` is no path");
    let mut folded: Vec<String> = flat.iter().map(|name| name.to_lowercase()).collect();
    folded.sort();
    folded.dedup();
    assert_eq!(folded.len(), flat.len(), "{flat:?}");
    for name in &flat {
        assert!(name.len() <= 130, "{name}");
        assert!(
            name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.%ABCDEF".contains(&b)),
            "{name}"
        );
        assert!(!name.starts_with('.') && !name.ends_with('.'), "{name}");
        let stem = name.split('.').next().unwrap();
        assert!(!["con", "nul", "aux", "com1", "lpt9"].contains(&stem), "{name}");
        assert_eq!(std::path::Path::new(name).components().count(), 1, "{name}");
    }
}

#[test]
fn a213_a219_no_spelling_of_a_base_address_lets_a_name_out_of_it() {
    for path in ["a", "%2e%2e/a", "a?b", "a#b", "a@b"] {
        let mut repo = Repository::new();
        repo.add_target("targets", path, b"bytes");
        repo.publish();
        let Ok(Found::Signed(info)) = lookup(&repo, path) else { panic!("{path}") };
        repo.take_log();
        client(&repo, MemoryStore::new()).read(&info).unwrap();
        // A request outside would be logged with its whole address.
        let log = repo.take_log();
        assert!(log.iter().all(|path| path.starts_with("targets/") && !path.contains("..")), "{log:?}");
    }
    assert_eq!(RoleName::new("..").unwrap().url_segment(), "%2E%2E");
}
