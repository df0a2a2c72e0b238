//! Which paths a delegation claims: patterns and hash prefixes (TUF-1.0.34 §4.5).

use serde_json::{Value, json};
use tufgate::error::{Error, Fault, Malformed};

use super::both::{for_both, nobody_of};
use super::machine::assert_malformed;
use super::shelf::Shelf;
use crate::simulator::{Delegation, Repository, assert_refused, hash, now};

/// Says for each path whether a role with this pattern is asked about it.
#[track_caller]
fn assert_claims(pattern: &str, claimed: &[&str], not_claimed: &[&str]) {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths([pattern]));
        repo.publish();
        let mut client = kind.client(&repo, Shelf::new());
        for path in claimed {
            assert_eq!(client.signer(path), nobody_of(&["targets", "alice"]), "{pattern:?} claims {path:?}");
        }
        for path in not_claimed {
            assert_eq!(client.signer(path), nobody_of(&["targets"]), "{pattern:?} does not claim {path:?}");
        }
    });
}

#[test]
fn a129_a_star_does_not_cross_a_slash() {
    assert_claims("*.tgz", &["pkg.tgz", ".tgz"], &["other/pkg.tgz", "pkg.tgz/x"]);
    assert_claims("a?b", &["axb"], &["a/b"]);
    assert_claims("*/*.tgz", &["other/pkg.tgz"], &["pkg.tgz", "a/b/pkg.tgz"]);
    assert_claims("**", &["pkg.tgz"], &["other/pkg.tgz"]);
}

#[test]
fn a130_only_star_and_question_mark_are_special() {
    assert_claims("{a,b}", &["{a,b}"], &["a", "b"]);
    assert_claims("+(a)", &["+(a)"], &["a", "aa"]);
    assert_claims("!(a)", &["!(a)"], &["b"]);
    assert_claims("a.c", &["a.c"], &["abc"]);
    assert_claims("^a$", &["^a$"], &["a"]);
    assert_claims("~/a", &["~/a"], &["a"]);
    assert_claims("a]", &["a]"], &["a"]);
    // A backslash stands for itself, and no target path has one: nothing is escaped by it.
    assert_claims("\\*", &[], &["*", "a"]);
}

#[test]
fn a131_a_malformed_pattern_is_an_error_when_a_search_reaches_it() {
    for_both(|kind| {
        for pattern in ["[a-z]/*", "x/[", "", &"x".repeat(1025)] {
            let mut repo = Repository::new();
            repo.delegate("targets", Delegation::to("owner").paths(["owner/*"]).terminating());
            repo.delegate("targets", Delegation::to("early").paths(["x/*"]));
            repo.delegate("targets", Delegation::to("alice").paths([pattern]));
            repo.delegate("targets", Delegation::to("mallory").paths(["x/*"]));
            repo.add_target("mallory", "x/f", b"evil");
            repo.add_target("targets", "x/top", b"top");
            repo.add_target("early", "x/early", b"early");
            repo.publish();
            let mut client = kind.client(&repo, Shelf::new());
            assert_eq!(client.signer("x/early"), Ok("early".to_owned()));
            let shown: String = pattern.chars().take(128).collect();
            assert_refused(client.lookup("x/f"), "targets", Fault::Pattern { pattern: shown });
            // Not reached: a role before it lists it, the delegator lists it itself, or a terminating delegation before it claims it.
            assert_eq!(client.signer("x/top"), Ok("targets".to_owned()));
            assert_eq!(client.signer("owner/f"), nobody_of(&["targets", "owner"]));
        }
    });
}

#[test]
fn a132_letters_are_compared_as_they_are() {
    assert_claims("Foo/*", &["Foo/x"], &["foo/x", "FOO/x"]);
    assert_claims("\u{e9}/*", &["\u{e9}/x"], &["e\u{301}/x", "\u{c9}/x"]);
    assert_claims("\u{212a}", &["\u{212a}"], &["k", "K"]);
}

#[test]
fn a133_paths_are_not_normalised_and_odd_ones_cannot_be_asked_for() {
    for path in ["a/../b", "a//b", "./b", "/b", "b/", "a/.", "..", "a\\b", "c:/b", "a\nb"] {
        assert!(tufgate::TargetPath::new(path).is_err(), "{path:?}");
    }
    assert_claims("a/../b", &[], &["b", "a/b"]);
    assert_claims("a//b", &[], &["a/b"]);
    assert_claims("./b", &[], &["b"]);
    assert_claims("%61", &["%61"], &["a"]);
    assert_claims("a", &["a"], &["%61", "a%2fb", "a "]);
}

#[test]
fn a134_a_leading_dot_is_not_special() {
    assert_claims("d/*", &["d/.x", "d/x", "d/...x"], &["d/e/.x"]);
    assert_claims("*", &[".x", "x"], &["d/.x"]);
    assert_claims("?x", &[".x"], &["x"]);
}

#[test]
fn a135_a_newline_in_a_pattern_or_a_listed_path_is_an_ordinary_character() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths(["x\n/*", "y/*"]));
        repo.add_target_json("alice", "y/f\nx/f", crate::simulator::described(b"evil", &["sha256"]));
        repo.add_target("alice", "y/f", b"f");
        repo.publish();
        let mut client = kind.client(&repo, Shelf::new());
        assert_eq!(client.signer("x/f"), nobody_of(&["targets"]));
        assert_eq!(client.signer("y/f"), Ok("alice".to_owned()));
    });
}

#[test]
fn a136_patterns_of_many_stars_are_searched_to_the_end() {
    for_both(|kind| {
        let pattern = "*a".repeat(500) + "*b";
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths([&*pattern; 50]));
        repo.publish();
        let mut client = kind.client(&repo, Shelf::new());
        assert_eq!(client.signer(&"a".repeat(4096)), nobody_of(&["targets"]));
        assert_eq!(client.signer(&("a".repeat(4095) + "b")), nobody_of(&["targets", "alice"]));
    });
}

#[test]
fn a137_a138_hash_prefixes_are_lower_case_hex_of_sha256_of_the_path() {
    for_both(|kind| {
        let path = "simple/requests/index.html";
        let digest = hash("sha256", path.as_bytes());
        let other = if digest.starts_with('0') { "1" } else { "0" };
        for (prefix, claims) in [
            (&digest[..1], true),
            (&digest[..2], true),
            (&digest[..3], true),
            (&digest[..], true),
            (other, false),
            (&digest[1..3], false),
            (&hash("sha512", path.as_bytes())[..4], false),
            (&hash("sha256", b"index.html")[..4], false),
        ] {
            let mut repo = Repository::new();
            repo.delegate("targets", Delegation::to("bin").prefixes([other, prefix]));
            repo.publish();
            let expected: &[&str] = if claims { &["targets", "bin"] } else { &["targets"] };
            assert_eq!(kind.client(&repo, Shelf::new()).signer(path), nobody_of(expected), "{prefix}");
        }
    });
}

#[test]
fn a138_a_bin_does_not_speak_for_paths_of_another_bin() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.hash_bins(16);
        let bin = repo.add_binned_target("bins", "a", b"a");
        let other = if bin == "bin-0" { "bin-1" } else { "bin-0" };
        repo.publish();
        assert_eq!(kind.client(&repo, Shelf::new()).signer("a"), Ok(bin.clone()));
        repo.role_mut(&bin).signed["targets"] = json!({});
        repo.add_target(other, "a", b"evil");
        repo.publish();
        assert_eq!(kind.client(&repo, Shelf::new()).signer("a"), nobody_of(&["targets", "bins", &bin]));
    });
}

#[test]
fn a139_a140_a_prefix_is_1_to_64_lower_case_hex_digits() {
    for_both(|kind| {
        let digits = "a".repeat(65);
        for prefix in ["", "A", "0F", "g", " 0", "0 ", "0x0", "*", "-1", "\u{ff10}", &digits] {
            let mut repo = Repository::new();
            repo.delegate("targets", Delegation::to("bin").prefixes(["0", prefix]));
            repo.publish();
            let reason = "delegation to \"bin\": a hash prefix is not 1 to 64 lower-case hex digits";
            assert_malformed(kind.client(&repo, Shelf::new()).refresh(), "targets", reason);
        }
    });
}

#[test]
fn a141_of_overlapping_prefixes_the_order_decides() {
    for_both(|kind| {
        let digest = hash("sha256", b"a");
        for (first, second) in [(&digest[..1], &digest[..2]), (&digest[..2], &digest[..1])] {
            let mut repo = Repository::new();
            repo.delegate("targets", Delegation::to("first").prefixes([first]));
            repo.delegate("targets", Delegation::to("second").prefixes([second]));
            for name in ["first", "second"] {
                repo.add_target(name, "a", name.as_bytes());
            }
            repo.publish();
            assert_eq!(kind.client(&repo, Shelf::new()).signer("a"), Ok("first".to_owned()));
        }
    });
}

#[test]
fn a142_paths_and_prefixes_together_or_null_are_refused() {
    for_both(|kind| {
        type Edit = fn(&mut Value);
        let cases: [(Edit, &str); 5] = [
            (
                |entry| {
                    entry["paths"] = json!(["*"]);
                    entry["path_hash_prefixes"] = json!(["0"]);
                },
                "delegation to \"alice\": has both `paths` and `path_hash_prefixes`",
            ),
            (
                |entry| {
                    entry["paths"] = json!([]);
                    entry["path_hash_prefixes"] = json!([]);
                },
                "delegation to \"alice\": has both `paths` and `path_hash_prefixes`",
            ),
            (|entry| entry["paths"] = json!(null), "invalid type: null, expected a list of strings"),
            (|entry| entry["path_hash_prefixes"] = json!(null), "invalid type: null, expected a list of strings"),
            (|entry| entry["paths"] = json!("*"), "invalid type: string \"*\", expected a list of strings"),
        ];
        for (edit, expected) in cases {
            let mut repo = Repository::new();
            repo.delegate("targets", Delegation::to("alice").edit(edit));
            repo.publish();
            let error = kind.client(&repo, Shelf::new()).refresh().map(drop).unwrap_err();
            let Error::Repository(error) = error else { panic!("{error}") };
            let Fault::Malformed(Malformed { reason, .. }) = &error.fault else { panic!("{error}") };
            assert_eq!((error.subject.to_string().as_str(), reason.as_str()), ("role `targets`", expected));
        }
    });
}

#[test]
fn a142_a_role_with_neither_paths_nor_prefixes_is_trusted_for_nothing() {
    for_both(|kind| {
        type Edit = fn(&mut Value);
        let edits: [Edit; 3] =
            [|_| {}, |entry| entry["paths"] = json!([]), |entry| entry["path_hash_prefixes"] = json!([])];
        for edit in edits {
            let mut repo = Repository::new();
            repo.delegate("targets", Delegation::to("alice").terminating().edit(edit));
            repo.delegate("targets", Delegation::to("bob").paths(["f"]));
            for name in ["alice", "bob"] {
                repo.add_target(name, "f", name.as_bytes());
            }
            repo.publish();
            let mut client = kind.client_at(&repo, Shelf::new(), now());
            assert_eq!(client.signer("f"), Ok("bob".to_owned()));
            assert!(!repo.take_log().contains(&repo.path("alice")));
        }
    });
}
