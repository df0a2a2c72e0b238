//! Trust is per delegating edge: what one delegator's keys signed says nothing about another's, and a role speaks only
//! for what its whole chain was given (TUF-1.0.34 §4.5).

use tufgate::error::Fault;
use tufgate::{Entry, MemoryStore, RoleName};

use super::both::{NEXT_ROOT, TIMESTAMP, for_both, nobody_of};
use super::shelf::Shelf;
use crate::simulator::{Delegation, Key, Repository, assert_refused};

fn threshold(delegator: &str) -> Fault {
    Fault::Threshold { delegator: RoleName::new(delegator).unwrap(), valid: 0, required: 1 }
}

/// `a` delegates `a/*` and `b` delegates `b/*` to one role `shared`, each to a key of its own. `shared` lists `a/f`
/// and `b/f` and is signed by `signers`.
fn diamond(signers: &[u64]) -> Repository {
    let mut repo = Repository::new();
    for (name, key) in [("a", 1), ("b", 2)] {
        let paths = format!("{name}/*");
        repo.delegate("targets", Delegation::to(name).paths([&*paths]));
        repo.delegate(name, Delegation::to("shared").keys([Key::ed25519(key)]).paths([&*paths]));
    }
    repo.add_target("shared", "a/f", b"a");
    repo.add_target("shared", "b/f", b"b");
    repo.role_mut("shared").sign_with(signers.iter().map(|key| Key::ed25519(*key)));
    repo.publish();
    repo
}

#[test]
fn a124_a_role_that_was_verified_for_one_delegator_is_verified_again_for_another() {
    for_both(|kind| {
        for (signers, good, bad) in [(1, "a", "b"), (2, "b", "a")] {
            let repo = diamond(&[signers]);
            let shelf = Shelf::new();
            let mut client = kind.client(&repo, &shelf);
            let (good_path, bad_path) = (format!("{good}/f"), format!("{bad}/f"));
            // Whichever is asked first, in the session and from the store.
            assert_eq!(client.signer(&good_path), Ok("shared".to_owned()));
            repo.take_log();
            assert_refused(client.lookup(&bad_path), "shared", threshold(bad));
            repo.assert_log(&[&format!("metadata/1.{bad}.json"), "metadata/1.shared.json"]);
            assert_refused(client.lookup(&bad_path), "shared", threshold(bad));
            assert_eq!(client.signer(&good_path), Ok("shared".to_owned()));

            let mut next_run = kind.client(&repo, &shelf);
            assert_refused(next_run.lookup(&bad_path), "shared", threshold(bad));
            assert_eq!(next_run.signer(&good_path), Ok("shared".to_owned()));
            assert_eq!(
                shelf.bytes(&Entry::Delegated(RoleName::new("shared").unwrap())),
                Some(repo.file("metadata/1.shared.json"))
            );
        }
    });
}

#[test]
fn a124_a_role_that_both_delegators_keys_signed_is_fetched_once() {
    for_both(|kind| {
        let repo = diamond(&[1, 2]);
        let shelf = Shelf::new();
        let mut client = kind.client(&repo, &shelf);
        assert_eq!(client.signer("a/f"), Ok("shared".to_owned()));
        repo.take_log();
        assert_eq!(client.signer("b/f"), Ok("shared".to_owned()));
        repo.assert_log(&["metadata/1.b.json"]);
        assert_eq!((client.signer("a/f"), client.signer("b/f")), (Ok("shared".to_owned()), Ok("shared".to_owned())));
        repo.assert_log(&[]);
    });
}

#[test]
fn a124_what_one_delegator_may_speak_for_another_may_not() {
    for_both(|kind| {
        // Both keys signed, but through `a` only `a/*` is reached, and `c/*` through nobody.
        let mut repo = diamond(&[1, 2]);
        repo.add_target("shared", "c/f", b"c");
        repo.publish();
        assert_eq!(kind.client(&repo, Shelf::new()).signer("c/f"), nobody_of(&["targets"]));
    });
}

#[test]
fn a124_a_stored_role_is_not_believed_when_its_delegator_has_given_it_other_keys() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
        repo.add_target("alice", "alice/f", b"f");
        repo.publish();
        let shelf = Shelf::new();
        kind.client(&repo, &shelf).signer("alice/f").unwrap();
        repo.authorize("alice", &[Key::ed25519(5)], 1);
        repo.publish();
        repo.take_log();
        let mut client = kind.client(&repo, &shelf);
        assert_refused(client.lookup("alice/f"), "alice", threshold("targets"));
        repo.assert_log(&[
            NEXT_ROOT,
            TIMESTAMP,
            "metadata/3.snapshot.json",
            "metadata/3.targets.json",
            "metadata/1.alice.json",
        ]);
        repo.role_mut("alice").sign_with([Key::ed25519(5)]);
        repo.publish();
        assert_eq!(kind.client(&repo, &shelf).signer("alice/f"), Ok("alice".to_owned()));
    });
}

#[test]
fn a124_the_store_keeps_no_role_that_its_delegator_did_not_give_keys_to() {
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
    repo.add_target("alice", "alice/f", b"f");
    repo.role_mut("alice").sign_with([Key::named("mallory")]);
    repo.publish();
    for_both(|kind| {
        let store = MemoryStore::new();
        assert_refused(kind.client(&repo, &store).lookup("alice/f"), "alice", threshold("targets"));
        let entry = Entry::Delegated(RoleName::new("alice").unwrap());
        assert_eq!(tufgate::Store::read(&store, &entry, 10_000).unwrap(), None);
    });
}

#[test]
fn a143_a_role_speaks_only_for_what_every_role_above_it_was_given() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
        repo.delegate("alice", Delegation::to("bob").paths(["*/*", "bob/deep/*"]));
        for (role, path) in [
            ("alice", "other/f"),
            ("bob", "other/f"),
            ("bob", "bob/deep/f"),
            ("bob", "alice/f"),
            ("bob", "f"),
            ("bob", "alice/deep/f"),
        ] {
            repo.add_target(role, path, b"f");
        }
        repo.publish();
        let mut client = kind.client(&repo, Shelf::new());
        for path in ["other/f", "bob/deep/f", "f", "alice/deep/f"] {
            assert_eq!(client.signer(path), nobody_of(&["targets"]), "{path}");
        }
        assert_eq!(client.signer("alice/f"), Ok("bob".to_owned()));
    });
}

#[test]
fn a144_an_entry_outside_of_the_given_paths_is_ignored_and_spoils_nothing_else() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.add_target("targets", "top", b"honest");
        repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
        repo.delegate("targets", Delegation::to("bob").paths(["bob/*"]));
        for path in ["alice/f", "bob/f", "top", "../etc/passwd", "/etc/passwd", ""] {
            repo.add_target_json("alice", path, crate::simulator::described(b"evil", &["sha256"]));
        }
        repo.add_target("bob", "bob/f", b"honest");
        repo.publish();
        let mut client = kind.client(&repo, Shelf::new());
        let signers = ["alice/f", "bob/f", "top"].map(|path| client.signer(path));
        assert_eq!(signers, ["alice", "bob", "targets"].map(|role| Ok(role.to_owned())));
    });
}
