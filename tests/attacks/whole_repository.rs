//! Every role of a repository, for whoever hands on all of it: as they are verified for a search, and in no other way.

use tufgate::error::{CallerError, Error, Fault};
use tufgate::{Entry, MemoryStore, RoleName, TrustedRole};

use super::both::{AnyClient, for_both};
use super::shelf::Shelf;
use crate::simulator::{Delegation, Key, Repository, assert_refused};

/// `targets` delegates to `a`, that to `b`, and that to `a` again and to `nowhere`, which the snapshot does not list.
fn repository() -> Repository {
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("a").keys([Key::ed25519(1)]).paths(["a/*"]));
    repo.delegate("a", Delegation::to("b").paths(["a/b/*"]));
    repo.add_target("a", "a/f", b"a");
    repo.add_target("b", "never/asked/for", b"b");
    repo.publish();
    repo
}

fn top<S: tufgate::Store>(client: &AnyClient<S>) -> TrustedRole {
    client.session().targets_role()
}

fn names(roles: &[TrustedRole]) -> Vec<&str> {
    roles.iter().map(|trusted| trusted.role().as_str()).collect()
}

#[track_caller]
fn assert_of_another_session(refused: Result<Option<TrustedRole>, Error>, role: &str) {
    let expected = CallerError::OtherSession { role: role.to_owned() };
    assert!(matches!(&refused, Err(Error::Caller(found)) if *found == expected), "{refused:?}");
}

#[test]
fn roles_are_verified_level_by_level_and_fetched_once() {
    for_both(|kind| {
        let repo = repository();
        let shelf = Shelf::new();
        let mut client = kind.client(&repo, &shelf);
        client.refresh().unwrap();
        repo.take_log();
        assert_eq!(client.session().verified_roles(), []);

        let a = client.delegated(&top(&client), 0).unwrap().unwrap();
        let b = client.delegated(&a, 0).unwrap().unwrap();
        assert_eq!(names(&[a.clone(), b.clone()]), ["a", "b"]);
        let listed: Vec<_> = b.targets().targets().iter().map(|entry| entry.path()).collect();
        assert_eq!(listed, ["never/asked/for"]);
        assert!(client.delegated(&a, 1).unwrap().is_none() && client.delegated(&b, 0).unwrap().is_none());
        repo.assert_log(&["metadata/1.a.json", "metadata/1.b.json"]);

        // Again, and by a search: all of it is there.
        client.delegated(&top(&client), 0).unwrap().unwrap();
        client.search("a/b/x").unwrap();
        repo.assert_log(&[]);
        assert_eq!(client.session().verified_roles(), ["a", "b"].map(|role| RoleName::new(role).unwrap()));
        for (name, role) in [("metadata/1.a.json", "a"), ("metadata/1.b.json", "b")] {
            let entry = Entry::Delegated(RoleName::new(role).unwrap());
            assert_eq!(shelf.bytes(&entry), Some(repo.files()[name].to_vec()));
        }
    });
}

#[test]
fn a_role_that_is_loaded_for_itself_needs_the_keys_of_its_delegator() {
    for_both(|kind| {
        let mut repo = repository();
        repo.role_mut("a").sign_with([Key::ed25519(2)]);
        repo.bump("a");
        repo.publish();
        let mut client = kind.client(&repo, MemoryStore::new());
        client.refresh().unwrap();
        let fault = Fault::Threshold { delegator: RoleName::TARGETS, valid: 0, required: 1 };
        assert_refused(client.delegated(&top(&client), 0), "a", fault.clone());
        // Searches are told the same.
        assert_refused(client.search("a/f"), "a", fault);
        assert_eq!(client.session().verified_roles(), []);
    });
}

#[test]
fn roles_are_of_a_session() {
    for_both(|kind| {
        let repo = repository();
        let mut client = kind.client(&repo, MemoryStore::new());
        client.refresh().unwrap();
        let role = top(&client);
        let mut other = kind.client(&repo, MemoryStore::new());
        assert!(matches!(other.delegated(&role, 0), Err(Error::Caller(CallerError::NotRefreshed))));
        other.refresh().unwrap();
        assert_of_another_session(other.delegated(&role, 0), "targets");
    });
}

#[test]
fn a148_a_role_of_an_earlier_session_lends_no_revoked_keys() {
    for_both(|kind| {
        let mut repo = repository();
        let mut client = kind.client(&repo, MemoryStore::new());
        client.refresh().unwrap();
        let (targets, a) = (top(&client), client.delegated(&top(&client), 0).unwrap().unwrap());
        // The thief of the old key still signs.
        repo.rotate("a", [Key::ed25519(2)]);
        repo.role_mut("a").sign_with([Key::ed25519(1)]);
        repo.bump("targets");
        repo.bump("a");
        repo.publish();
        client.refresh().unwrap();
        assert_of_another_session(client.delegated(&targets, 0), "targets");
        assert_of_another_session(client.delegated(&a, 0), "a");
    });
}
