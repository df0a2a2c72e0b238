//! Hash bins and succinct roles: which bin speaks for a path, and that no other one does.

use serde_json::{Value, json};
use tufgate::error::Fault;
use tufgate::{Found, MemoryStore, RoleName};

use super::both::{BOTH, Kind, nobody_of};
use super::lookup;
use super::shelf::Shelf;
use super::spoilt::entry_of;
use crate::simulator::{Delegation, Repository, assert_refused, hash, raw, succinct_name};

/// A path whose bin is `want`, by the way the repository counts.
fn path_in(repo: &Repository, from: &str, want: impl Fn(&str) -> bool) -> String {
    (0..).map(|n| format!("simple/p{n}/index.html")).find(|path| want(&repo.bin_of(from, path))).unwrap()
}

#[test]
fn a151_the_bin_is_chosen_by_sha256_of_the_target_path() {
    let path = "simple/requests/index.html";
    // They differ in their first digit, so that the test can tell them apart.
    let (by_sha256, by_sha512) = (hash("sha256", path.as_bytes()), hash("sha512", path.as_bytes()));
    assert_ne!(by_sha256[..1], by_sha512[..1]);
    for kind in BOTH {
        let mut repo = Repository::new();
        repo.hash_bins(16);
        let bin = repo.add_binned_target("bins", path, b"page");
        assert_eq!(bin, format!("bin-{}", &by_sha256[..1]));
        repo.publish();
        let info = kind.client(&repo, MemoryStore::new()).target(path);
        assert_eq!(info.role(), &RoleName::new(&*bin).unwrap());
        repo.assert_log(&[
            "metadata/2.root.json",
            "metadata/timestamp.json",
            "metadata/2.snapshot.json",
            "metadata/2.targets.json",
            "metadata/1.bins.json",
            &format!("metadata/1.{bin}.json"),
        ]);

        let mut repo = Repository::new();
        repo.hash_bins(16);
        repo.add_target(&format!("bin-{}", &by_sha512[..1]), path, b"page");
        repo.publish();
        let signer = kind.client(&repo, MemoryStore::new()).signer(path);
        assert_eq!(signer, nobody_of(&["targets", "bins", &bin]));
    }
}

#[test]
fn a152_a_bin_that_lists_a_path_of_another_bin_is_refused() {
    for kind in BOTH {
        for succinct in [false, true] {
            let mut repo = Repository::new();
            let from = if succinct { "targets" } else { "bins" };
            if succinct {
                repo.succinct("targets", "bin", 4);
            } else {
                repo.hash_bins(16);
            }
            let path = path_in(&repo, from, |bin| bin == "bin-3");
            let foreign = path_in(&repo, from, |bin| bin == "bin-4");
            repo.add_target("bin-3", &path, b"page");
            repo.add_target("bin-3", &foreign, b"page");
            repo.publish();
            let store = Shelf::new();
            let fault = Fault::WrongBin { path: foreign.clone() };
            assert_refused(kind.client(&repo, &store).lookup(&path), "bin-3", fault);
            assert_eq!(store.bytes(&entry_of("bin-3")), None);

            repo.role_mut("bin-3").signed["targets"].as_object_mut().unwrap().remove(&foreign);
            repo.publish();
            assert_eq!(kind.client(&repo, &store).target(&path).length(), 4);
        }
    }
}

#[test]
fn a153_succinct_roles_are_terminating() {
    for kind in BOTH {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("bins").paths(["*"]));
        repo.delegate("targets", Delegation::to("other").paths(["*"]));
        repo.succinct("bins", "bin", 2);
        let bin = repo.bin_of("bins", "file.whl");
        repo.add_target("other", "file.whl", b"of a lower priority");
        repo.publish();
        let signer = kind.client(&repo, MemoryStore::new()).signer("file.whl");
        assert_eq!(signer, nobody_of(&["targets", "bins", &bin]));
    }
}

#[test]
fn a154_bin_names_are_made_not_parsed() {
    let names = |bin: u32| {
        [
            format!("bin-+{bin:x}"),
            format!("bin- {bin:x}"),
            format!("bin-{bin:02X}"),
            format!("bin-0{bin:02x}"),
            format!("bin-{bin:x} "),
            format!("bin-0x{bin:02x}"),
            format!("BIN-{bin:02x}"),
            format!("bin{bin:02x}"),
            format!("bin-\u{ff10}{bin:x}"),
        ]
    };
    let mut repo = Repository::new();
    repo.succinct("targets", "bin", 8);
    // A bin whose number is a letter and would need a zero before it.
    let path = path_in(&repo, "targets", |bin| bin == "bin-0e");
    let right = repo.roles.remove("bin-0e").unwrap();
    for name in names(14) {
        repo.roles.insert(name.clone(), right.clone());
        repo.add_target(&name, &path, b"page");
    }
    repo.publish();
    for kind in BOTH {
        assert_refused(kind.client(&repo, MemoryStore::new()).lookup(&path), "bin-0e", Fault::NotInSnapshot);
    }
    repo.roles.insert("bin-0e".to_owned(), right);
    repo.add_target("bin-0e", &path, b"page");
    repo.publish();
    repo.take_log();
    assert_eq!(BOTH[1].client(&repo, MemoryStore::new()).target(&path).role().as_str(), "bin-0e");
    assert_eq!(repo.take_log().pop().unwrap(), "metadata/1.bin-0e.json");
}

#[test]
fn a155_bit_length_is_an_integer_from_1_to_32() {
    let out_of_range = "`bit_length` of succinct roles is not 1 to 32";
    for (text, reason) in [
        ("0", out_of_range),
        ("33", out_of_range),
        ("255", out_of_range),
        ("256", "invalid value: integer `256`, expected u8"),
        ("-1", "invalid value: integer `-1`, expected u8"),
        ("true", "invalid type: boolean `true`, expected u8"),
        ("\"4\"", "invalid type: string \"4\", expected u8"),
        ("null", "invalid type: null, expected u8"),
        ("3.0", "a number with a fraction or an exponent in `signed`"),
        ("4294967297", "invalid value: integer `4294967297`, expected u8"),
    ] {
        super::spoilt::assert_malformed_in(
            "targets",
            |role| {
                role.signed["delegations"] = json!({
                    "keys": {},
                    "succinct_roles": { "keyids": [], "threshold": 1, "bit_length": raw(text), "name_prefix": "bin" },
                });
            },
            reason,
        );
    }
}

#[test]
fn a155_succinct_roles_lack_nothing_and_stand_alone() {
    let succinct = json!({ "keyids": [], "threshold": 1, "bit_length": 4, "name_prefix": "bin" });
    let refused = |delegations: Value, reason: &str| {
        super::spoilt::assert_malformed_in("targets", |role| role.signed["delegations"] = delegations.clone(), reason);
    };
    let both = "`delegations` must have one of `roles` and `succinct_roles`";
    refused(json!({ "keys": {}, "roles": [], "succinct_roles": succinct }), both);
    refused(json!({ "keys": {} }), both);
    for member in ["keyids", "threshold", "bit_length", "name_prefix"] {
        let mut lacking = succinct.clone();
        lacking.as_object_mut().unwrap().remove(member);
        refused(json!({ "keys": {}, "succinct_roles": lacking }), &format!("missing field `{member}`"));
    }
    let mut long = succinct;
    long["name_prefix"] = "p".repeat(1024).into();
    refused(json!({ "keys": {}, "succinct_roles": long }), "`name_prefix` of succinct roles is too long");
}

#[test]
fn a156_every_bit_length_has_its_names() {
    let path = "packages/numpy-2.0.whl";
    let digest = hash("sha256", path.as_bytes());
    // Written out, so that the simulator and the library cannot be wrong together.
    let first = u32::from_str_radix(&digest[..8], 16).unwrap();
    assert_eq!(format!("{first:032b}"), "00111010111111011100000101101110", "{digest}");
    let by_hand = [(1, "bin-0"), (3, "bin-1"), (4, "bin-3"), (5, "bin-07"), (9, "bin-075"), (32, "bin-3afdc16e")];
    for (bit_length, name) in by_hand {
        assert_eq!(succinct_name("bin", bit_length, u64::from(first) >> (32 - bit_length)), name);
    }
    for bit_length in 1..=32 {
        let mut repo = Repository::new();
        repo.succinct("targets", "bin", bit_length);
        let bin = repo.add_binned_target("targets", path, b"wheel");
        repo.roles.retain(|name, _| *name == bin);
        repo.publish();
        let Ok(Found::Signed(info)) = lookup(&repo, path) else { panic!("bit_length {bit_length}") };
        assert_eq!(info.role().as_str(), bin);
        assert_eq!(repo.take_log().pop().unwrap(), format!("metadata/1.{bin}.json"));
    }
}

#[test]
fn a279_succinct_delegations_are_counted_and_named() {
    let mut repo = Repository::new();
    repo.succinct("targets", "bin", 5);
    repo.publish();
    let mut client = Kind::Blocking.client(&repo, MemoryStore::new());
    client.refresh().unwrap();
    let delegations = client.session().targets().delegations();
    let names: Vec<String> = delegations.iter().map(|d| d.role().as_str().to_owned()).collect();
    assert_eq!((delegations.len(), delegations.is_empty()), (32, false));
    assert_eq!(names, (0..32).map(|n| succinct_name("bin", 5, n)).collect::<Vec<_>>());
}
