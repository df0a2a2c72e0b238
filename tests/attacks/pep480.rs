//! Developers' own roles (PEP 480): their order, and what one that turns hostile can do to the others.

use serde_json::json;
use tufgate::error::{Fault, Malformed};
use tufgate::{Settings, Store};

use super::both::{AnyClient, BOTH, Kind, nobody_of};
use super::shelf::Shelf;
use super::spoilt::entry_of;
use crate::simulator::{DAY, Delegation, Key, Repository, assert_refused, assert_target_refused, now, raw};

/// `targets` trusts claimed projects first, then recently claimed ones, then all that is unclaimed.
fn pep480() -> Repository {
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("claimed").paths(["mallory/*", "alice/*"]).terminating());
    repo.delegate("targets", Delegation::to("recently-claimed").paths(["bob/*"]).terminating());
    repo.delegate("targets", Delegation::to("unclaimed").paths(["*/*"]));
    for name in ["mallory", "alice"] {
        repo.delegate("claimed", Delegation::to(name).paths([&*format!("{name}/*")]).terminating());
        repo.add_target(name, &format!("{name}/1.whl"), b"wheel");
    }
    repo.add_target("recently-claimed", "bob/1.whl", b"wheel");
    repo.add_target("unclaimed", "carol/1.whl", b"wheel");
    repo.publish();
    repo
}

#[test]
fn a173_projects_are_spoken_for_in_the_order_of_the_list_and_by_nobody_behind() {
    for kind in BOTH {
        let mut repo = pep480();
        for name in ["alice", "bob", "carol"] {
            for path in ["1.whl", "2.whl"] {
                repo.add_target("unclaimed", &format!("{name}/{path}"), b"not by its developer");
            }
        }
        repo.publish();
        let mut client = kind.client(&repo, Shelf::new());
        for (path, role) in [("alice/1.whl", "alice"), ("bob/1.whl", "recently-claimed"), ("carol/2.whl", "unclaimed")]
        {
            assert_eq!(client.target(path).role().as_str(), role);
        }
        // What its developer does not list does not exist, whatever a role behind says.
        assert_eq!(client.signer("alice/2.whl"), nobody_of(&["targets", "claimed", "alice"]));
        assert_eq!(client.signer("bob/2.whl"), nobody_of(&["targets", "recently-claimed"]));
    }
}

/// The hostile role costs its own project and no other, in a session that has met it or not.
fn isolated<S: Store>(repo: &Repository, client: &mut AnyClient<S>, role: &str, fault: &Fault) {
    for _ in 0..2 {
        assert_refused(client.lookup("mallory/1.whl"), role, fault.clone());
        for path in ["alice/1.whl", "bob/1.whl", "carol/1.whl"] {
            let info = client.target(path);
            assert_eq!(client.read(&info).unwrap(), b"wheel", "{path}");
        }
    }
    assert!(!repo.take_log().is_empty());
}

#[test]
fn a174_a_hostile_developer_role_harms_its_own_project_only() {
    let malformed = |reason: &str| Fault::Malformed(Malformed { offset: 0, reason: reason.to_owned() });
    for kind in BOTH {
        // Expired.
        let mut repo = pep480();
        repo.set_expires("mallory", "2029-12-31T00:00:00Z");
        repo.publish();
        let expires = now() - DAY;
        let fault = Fault::Expired { expires, now: now() };
        isolated(&repo, &mut kind.client(&repo, Shelf::new()), "mallory", &fault);

        // Signed by somebody else.
        let mut repo = pep480();
        repo.role_mut("mallory").sign_with([Key::named("somebody else")]);
        repo.publish();
        let fault = Fault::Threshold { delegator: tufgate::RoleName::new("claimed").unwrap(), valid: 0, required: 1 };
        isolated(&repo, &mut kind.client(&repo, Shelf::new()), "mallory", &fault);

        // Not there.
        let repo = pep480();
        repo.remove("metadata/1.mallory.json");
        isolated(&repo, &mut kind.client(&repo, Shelf::new()), "mallory", &Fault::Missing);

        // Huge, and without end.
        let repo = pep480();
        let mut settings = Settings::default();
        settings.limits.targets_bytes = 10_000;
        repo.serve_endless("metadata/1.mallory.json", repo.file("metadata/1.mallory.json"));
        let mut client = kind.client_with(&repo, Shelf::new(), settings, now);
        isolated(&repo, &mut client, "mallory", &Fault::TooLarge { limit: 10_000 });

        // Full of keys.
        let mut repo = pep480();
        let keys: serde_json::Map<_, _> = (0..1025).map(|n| (format!("{n}"), json!({}))).collect();
        repo.role_mut("mallory").signed["delegations"] = json!({ "keys": keys, "roles": [] });
        repo.publish();
        isolated(&repo, &mut kind.client(&repo, Shelf::new()), "mallory", &malformed("more than 1024 keys"));
    }
}

#[test]
fn a174_a_hostile_developer_role_cannot_lead_a_search_in_circles() {
    for kind in BOTH {
        // A chain of roles, each of which delegates to the next.
        let mut repo = pep480();
        let mut from = "mallory".to_owned();
        for depth in 0..40 {
            let next = format!("deep-{depth}");
            repo.delegate(&from, Delegation::to(&next).paths(["mallory/*"]));
            from = next;
        }
        repo.publish();
        let mut client = kind.client(&repo, Shelf::new());
        assert_target_refused(client.lookup("mallory/2.whl"), "mallory/2.whl", Fault::TooManyRoles { limit: 32 });
        assert_eq!(client.target("alice/1.whl").role().as_str(), "alice");

        // A circle, and a claim to speak for others.
        let mut repo = pep480();
        repo.delegate("mallory", Delegation::to("mallory").paths(["*/*"]));
        repo.delegate("mallory", Delegation::to("claimed").keys([Key::named("claimed")]).paths(["*/*"]));
        repo.add_target("mallory", "alice/1.whl", b"not by its developer");
        repo.publish();
        let mut client = kind.client(&repo, Shelf::new());
        assert_eq!(client.signer("mallory/2.whl"), nobody_of(&["targets", "claimed", "mallory"]));
        assert_eq!(client.target("alice/1.whl").role().as_str(), "alice");
    }
}

#[test]
fn a174_a_fast_forwarded_developer_role_harms_its_own_project_and_can_be_brought_back() {
    for kind in BOTH {
        let mut repo = pep480();
        repo.role_mut("mallory").set_version(u64::MAX);
        repo.publish();
        let store = Shelf::new();
        let mut client = kind.client(&repo, &store);
        assert_eq!(client.target("mallory/1.whl").length(), 5);
        assert_eq!(client.target("alice/1.whl").length(), 5);

        // A new holder starts again: that is a rollback until the snapshot key is replaced.
        repo.role_mut("mallory").set_version(2);
        repo.publish();
        let fault = Fault::Rollback { trusted: u64::MAX, found: 2 };
        assert_refused(kind.client(&repo, &store).refresh(), "mallory", fault);
        repo.rotate("snapshot", [Key::named("snapshot b")]);
        repo.publish();
        let mut client = kind.client(&repo, &store);
        assert_eq!(client.target("mallory/1.whl").length(), 5);
        assert_eq!(store.bytes(&entry_of("mallory")).unwrap(), repo.file("metadata/2.mallory.json"));
    }
}

#[test]
fn a174_json_that_is_hostile_ends_the_search_and_not_the_session() {
    let mut repo = pep480();
    repo.role_mut("mallory").signed["x"] = raw("[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]");
    repo.publish();
    let mut client = Kind::Blocking.client(&repo, Shelf::new());
    let tufgate::Error::Repository(error) = client.lookup("mallory/1.whl").unwrap_err() else { panic!() };
    assert_eq!(
        error.fault.to_string().split(" (").next(),
        Some("malformed: arrays and objects nest more than 16 deep")
    );
    assert_eq!(client.target("alice/1.whl").role().as_str(), "alice");
}
