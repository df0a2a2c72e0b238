//! Names of delegated roles: those of others, those that lead elsewhere, those that stand twice (TUF-1.0.34 §4.5).

use std::collections::BTreeSet;
use std::path::Path;

use tufgate::FileStore;

use super::both::for_both;
use super::machine::assert_malformed;
use super::shelf::Shelf;
use crate::simulator::{Delegation, Key, Repository};

/// All files below a directory.
fn files_in(directory: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in directory.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(files_in(&path));
        } else {
            names.insert(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    names
}

#[test]
fn a125_a_delegation_to_the_name_of_a_top_level_role_is_refused_in_any_case_spelling() {
    for_both(|kind| {
        for name in ["root", "timestamp", "snapshot", "targets", "mirrors", "Root", "TIMESTAMP", "SnapShot", "tARGETS"]
        {
            let mut repo = Repository::new();
            let shelf = Shelf::new();
            kind.client(&repo, &shelf).refresh().unwrap();
            let before = shelf.bytes(&tufgate::Entry::Targets);
            repo.delegate("targets", Delegation::to(name).keys([Key::named("mallory")]).paths(["*"]));
            repo.publish();
            let reason = format!("delegation to {name:?}: that is the name of a top-level role");
            assert_malformed(kind.client(&repo, &shelf).refresh(), "targets", &reason);
            assert_eq!(shelf.bytes(&tufgate::Entry::Targets), before);
        }
    });
}

#[test]
fn a125_a_delegated_role_with_such_a_delegation_is_refused_and_touches_nothing() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
        repo.delegate("alice", Delegation::to("targets").keys([Key::named("mallory")]).paths(["*/*"]));
        repo.publish();
        let shelf = Shelf::new();
        let mut client = kind.client(&repo, &shelf);
        client.refresh().unwrap();
        let before = shelf.files();
        let reason = "delegation to \"targets\": that is the name of a top-level role";
        assert_malformed(client.lookup("alice/f"), "alice", reason);
        assert_eq!(shelf.files(), before);
    });
}

#[test]
fn a126_roles_that_differ_only_in_case_are_stored_apart() {
    for_both(|kind| {
        let mut repo = Repository::new();
        for name in ["alice", "Alice", "ALICE"] {
            repo.delegate("targets", Delegation::to(name).paths([&*format!("{name}/*")]));
            repo.add_target(name, &format!("{name}/f"), name.as_bytes());
        }
        repo.publish();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        for _ in 0..2 {
            let mut client = kind.client(&repo, FileStore::open(&path).unwrap());
            for name in ["alice", "Alice", "ALICE"] {
                assert_eq!(client.signer(&format!("{name}/f")), Ok(name.to_owned()));
            }
        }
        let names = files_in(&path);
        let folded: BTreeSet<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        assert_eq!((names.len(), folded.len()), (10, 10), "{names:?}");
    });
}

#[test]
fn a127_no_name_of_a_role_leaves_the_store_or_meets_another_file_in_it() {
    let hostile = [
        "1.root",
        "root.json",
        "snapshot.json",
        "floors",
        ".lock",
        "..",
        ".",
        "../../x",
        "/etc/x",
        "a/b",
        "a\\b",
        "c:x",
        "con",
        "nul.json",
        "\0",
        "a\0b",
        "\n",
        " ",
        "x ",
        "x.",
        "%2e%2e",
        "délégué",
        "\u{202e}txt",
    ];
    let long = "n".repeat(1024);
    for_both(|kind| {
        let mut repo = Repository::new();
        for name in hostile.into_iter().chain([long.as_str()]) {
            repo.delegate("targets", Delegation::to(name).paths(["x/*"]));
        }
        repo.publish();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        let mut client = kind.client(&repo, FileStore::open(&path).unwrap());
        let asked = client.signer("x/f").unwrap_err();
        assert_eq!(asked.len(), hostile.len() + 2);
        // Every request stays in the directory of the metadata.
        let log = repo.take_log();
        assert!(log.iter().all(|path| path.matches('/').count() == 1 && path.starts_with("metadata/")), "{log:?}");
        drop(client);

        let names = files_in(&path);
        let (delegated, others): (Vec<&str>, Vec<&str>) =
            names.iter().map(String::as_str).partition(|name| name.starts_with("delegated."));
        assert_eq!(delegated.len(), hostile.len() + 1, "{names:?}");
        let expected = [".lock", "1.root", "floors", "root.json", "snapshot.json", "targets.json", "timestamp.json"];
        assert_eq!(others, expected);
        assert_eq!(directory.path().read_dir().unwrap().count(), 1);

        // All of them are found again under their names.
        kind.client(&repo, FileStore::open(&path).unwrap()).signer("x/f").unwrap_err();
        repo.assert_log(&["metadata/2.root.json", "metadata/timestamp.json"]);
    });
}

#[test]
fn a127_an_empty_name_or_one_of_5000_characters_is_refused() {
    for_both(|kind| {
        for name in [String::new(), "n".repeat(1025), "n".repeat(5000)] {
            let mut repo = Repository::new();
            repo.delegate("targets", Delegation::to("x").edit(|entry| entry["name"] = name.clone().into()));
            repo.publish();
            let shown: String = name.chars().take(128).collect();
            let reason = format!("delegation to {shown:?}: the name is not 1 to 1,024 bytes long");
            assert_malformed(kind.client(&repo, Shelf::new()).refresh(), "targets", &reason);
        }
    });
}

#[test]
fn a128_two_delegations_to_one_name_are_refused() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
        repo.delegate("targets", Delegation::to("bob").paths(["bob/*"]));
        repo.delegate("targets", Delegation::to("alice").keys([Key::named("mallory")]).paths(["bob/*"]));
        repo.publish();
        let shelf = Shelf::new();
        assert_malformed(kind.client(&repo, &shelf).refresh(), "targets", "two delegations to \"alice\"");
        assert_eq!(shelf.versions(), [1, 2, 2, 0]);
    });
}
