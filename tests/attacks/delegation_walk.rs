//! The order in which delegated roles are asked, and what ends a search (TUF-1.0.34 §5.6.7). The log of requests shows
//! exactly whose metadata was fetched.

use serde_json::json;
use tufgate::error::{Fault, TransportFault};
use tufgate::{Settings, Store};

use super::both::{AnyClient, NEXT_ROOT, TIMESTAMP, for_both, nobody_of, signed};
use super::shelf::Shelf;
use crate::simulator::{Delegation, Repository, assert_refused, assert_transport, hash, now};

/// A repository in which each `(from, to)` is a delegation of `x/*`, in this order, and nobody lists anything. It is
/// published by [`search`].
pub(super) fn tree(edges: &[(&str, &str)]) -> Repository {
    let mut repo = Repository::new();
    for (from, to) in edges {
        repo.delegate(from, Delegation::to(to).paths(["x/*"]));
    }
    repo
}

/// Searches for `x/f`, and says who was fetched for that in which order.
fn search<S: Store>(repo: &Repository, client: &mut AnyClient<S>) -> (Result<String, Vec<String>>, Vec<String>) {
    client.refresh().unwrap();
    repo.take_log();
    let found = client.signer("x/f");
    let role = |path: String| path["metadata/".len()..].trim_end_matches(".json")[2..].to_owned();
    (found, repo.take_log().into_iter().map(role).collect())
}

#[test]
fn a115_roles_are_asked_in_the_order_in_which_they_stand() {
    for_both(|kind| {
        let names = ["zoe", "alice", "mallory", "bob", "Zoe", "0"];
        let mut repo = tree(&names.map(|name| ("targets", name)));
        repo.publish();
        let (found, fetched) = search(&repo, &mut kind.client(&repo, Shelf::new()));
        assert_eq!(found, nobody_of(&["targets", "zoe", "alice", "mallory", "bob", "Zoe", "0"]));
        assert_eq!(fetched, names);

        for name in ["bob", "mallory"] {
            repo.add_target(name, "x/f", name.as_bytes());
        }
        repo.publish();
        let mut client = kind.client(&repo, Shelf::new());
        let info = signed(client.lookup("x/f"));
        assert_eq!((info.role().as_str(), client.read(&info).unwrap()), ("mallory", b"mallory".to_vec()));
    });
}

#[test]
fn a116_names_that_look_like_numbers_keep_their_place() {
    for_both(|kind| {
        let names = ["b", "10", "2", "a", "-1", "02"];
        let mut repo = tree(&names.map(|name| ("targets", name)));
        repo.publish();
        let (_, fetched) = search(&repo, &mut kind.client(&repo, Shelf::new()));
        assert_eq!(fetched, names);
    });
}

#[test]
fn a117_the_walk_goes_depth_first_and_fetches_only_who_is_asked() {
    for_both(|kind| {
        let edges =
            [("targets", "a"), ("targets", "b"), ("a", "c"), ("a", "d"), ("c", "e"), ("b", "f"), ("targets", "g")];
        let mut repo = tree(&edges);
        repo.delegate("a", Delegation::to("other").paths(["y/*"]));
        repo.publish();
        let order = ["a", "c", "e", "d", "b", "f", "g"];
        let (found, fetched) = search(&repo, &mut kind.client(&repo, Shelf::new()));
        assert_eq!(found, nobody_of(&["targets", "a", "c", "e", "d", "b", "f", "g"]));
        assert_eq!(fetched, order);

        // Whoever lists it ends the walk; whoever comes later is never fetched.
        for (at, name) in order.iter().enumerate() {
            let mut repo = tree(&edges);
            for later in &order[at..] {
                repo.add_target(later, "x/f", later.as_bytes());
            }
            repo.publish();
            let (found, fetched) = search(&repo, &mut kind.client(&repo, Shelf::new()));
            assert_eq!(
                (found, fetched),
                (Ok((*name).to_owned()), order[..=at].iter().map(ToString::to_string).collect())
            );
        }
    });
}

#[test]
fn a117_one_package_of_an_index_costs_one_bin() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.hash_bins(64);
        let bin = repo.add_binned_target("bins", "simple/requests/index.html", b"page");
        repo.publish();
        let shelf = Shelf::new();
        let mut client = kind.client(&repo, &shelf);
        assert_eq!(client.signer("simple/requests/index.html"), Ok(bin.clone()));
        let (bins_path, bin_path) = (repo.path("bins"), repo.path(&bin));
        repo.assert_log(&[
            NEXT_ROOT,
            TIMESTAMP,
            "metadata/2.snapshot.json",
            "metadata/2.targets.json",
            &bins_path,
            &bin_path,
        ]);
        // Again in the session: nothing. In the next run: only what every update asks for.
        client.signer("simple/requests/index.html").unwrap();
        repo.assert_log(&[]);
        kind.client(&repo, &shelf).signer("simple/requests/index.html").unwrap();
        repo.assert_log(&[NEXT_ROOT, TIMESTAMP]);
    });
}

#[test]
fn a118_nobody_behind_a_terminating_delegation_is_asked() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("first").paths(["y/*"]).terminating());
        repo.delegate("targets", Delegation::to("owner").paths(["x/*"]).terminating());
        repo.delegate("targets", Delegation::to("mallory").paths(["x/*"]));
        repo.add_target("mallory", "x/f", b"evil");
        repo.publish();
        let (found, fetched) = search(&repo, &mut kind.client(&repo, Shelf::new()));
        assert_eq!((found, fetched), (nobody_of(&["targets", "owner"]), vec!["owner".to_owned()]));
    });
}

#[test]
fn a118_a_terminating_delegation_further_down_ends_the_whole_search() {
    for_both(|kind| {
        let mut repo = tree(&[("targets", "a"), ("targets", "mallory")]);
        repo.delegate("a", Delegation::to("owner").paths(["x/*"]).terminating());
        repo.delegate("a", Delegation::to("eve").paths(["x/*"]));
        repo.delegate("owner", Delegation::to("staff").paths(["x/*"]));
        for name in ["mallory", "eve"] {
            repo.add_target(name, "x/f", b"evil");
        }
        repo.publish();
        let (found, fetched) = search(&repo, &mut kind.client(&repo, Shelf::new()));
        assert_eq!(found, nobody_of(&["targets", "a", "owner", "staff"]));
        assert_eq!(fetched, ["a", "owner", "staff"]);
        // Roles below the terminating one still speak for it.
        repo.add_target("staff", "x/f", b"good");
        repo.publish();
        assert_eq!(kind.client(&repo, Shelf::new()).signer("x/f"), Ok("staff".to_owned()));
    });
}

/// What is wrong with a role of higher priority must end the search: the role after it lists the target, and is never
/// fetched. `spoil` is done to the first role, with its delegation terminating or not.
fn first_role_spoilt(spoil: impl Fn(&mut Repository), fault: &Fault) {
    for_both(|kind| {
        for terminating in [true, false] {
            let mut repo = tree(&[("targets", "first"), ("targets", "mallory")]);
            repo.delegation("targets", "first")["terminating"] = terminating.into();
            repo.add_target("mallory", "x/f", b"evil");
            repo.publish();
            let shelf = Shelf::new();
            let mut client = kind.client(&repo, &shelf);
            spoil(&mut repo);
            assert_refused(client.lookup("x/f"), "first", fault.clone());
            assert!(!repo.take_log().contains(&repo.path("mallory")));
            assert_eq!((shelf.delegated("first"), shelf.delegated("mallory")), (0, 0));
        }
    });
}

#[test]
fn a119_a_role_that_is_missing_ends_the_search() {
    first_role_spoilt(|repo| repo.remove("metadata/1.first.json"), &Fault::Missing);
}

#[test]
fn a119_a_role_that_is_expired_ends_the_search() {
    let expires = now() - std::time::Duration::from_secs(1);
    first_role_spoilt(
        |repo| {
            repo.set_expires("first", "2029-12-31T23:59:59Z");
            repo.publish();
        },
        &Fault::Expired { expires, now: now() },
    );
}

#[test]
fn a119_a_role_with_a_bad_signature_ends_the_search() {
    first_role_spoilt(
        |repo| {
            repo.role_mut("first").sign_with([crate::simulator::Key::named("mallory")]);
            repo.publish();
        },
        &Fault::Threshold { delegator: tufgate::RoleName::TARGETS, valid: 0, required: 1 },
    );
}

#[test]
fn a119_a_role_that_is_no_document_ends_the_search() {
    let fault = tufgate::error::Malformed { offset: 0, reason: "`_type` is \"root\", not \"targets\"".to_owned() };
    first_role_spoilt(
        |repo| {
            repo.role_mut("first").signed["_type"] = "root".into();
            repo.publish();
        },
        &Fault::Malformed(fault),
    );
}

#[test]
fn a120_a121_a_role_that_snapshot_does_not_list_ends_the_search_without_a_request_for_it() {
    for_both(|kind| {
        for terminating in [true, false] {
            let mut repo = tree(&[("targets", "first"), ("targets", "mallory")]);
            repo.delegation("targets", "first")["terminating"] = terminating.into();
            repo.add_target("mallory", "x/f", b"evil");
            repo.publish();
            repo.snapshot.signed["meta"].as_object_mut().unwrap().remove("first.json");
            repo.publish_snapshot();
            let mut client = kind.client(&repo, Shelf::new());
            client.refresh().unwrap();
            repo.take_log();
            assert_refused(client.lookup("x/f"), "first", Fault::NotInSnapshot);
            repo.assert_log(&[]);
            // Other targets are not touched by it.
            assert_eq!(client.signer("y/f"), nobody_of(&["targets"]));
        }
    });
}

#[test]
fn a122_a_role_that_cannot_be_fetched_ends_the_search() {
    for_both(|kind| {
        for fault in [
            TransportFault::Connect,
            TransportFault::Idle { seconds: 30 },
            TransportFault::Status(500),
            TransportFault::Status(403),
            TransportFault::Read,
        ] {
            let mut repo = tree(&[("targets", "first"), ("targets", "mallory")]);
            repo.add_target("mallory", "x/f", b"evil");
            repo.publish();
            let mut client = kind.client(&repo, Shelf::new());
            client.refresh().unwrap();
            repo.take_log();
            let path = "metadata/1.first.json";
            match fault {
                TransportFault::Status(403) => repo.forbidden(path),
                TransportFault::Read => repo.break_after(path, 100),
                _ => repo.fail(path, fault.clone()),
            }
            assert_transport(client.lookup("x/f"), path, fault);
            repo.assert_log(&[path]);
            repo.lift(path);
            assert_eq!(client.signer("x/f"), Ok("mallory".to_owned()));
        }
    });
}

#[test]
fn a122_forbidden_is_never_absent_for_a_delegated_role() {
    for_both(|kind| {
        let mut repo = tree(&[("targets", "first"), ("targets", "mallory")]);
        repo.add_target("mallory", "x/f", b"evil");
        repo.publish();
        repo.forbidden("metadata/1.first.json");
        let mut settings = Settings::default();
        settings.forbidden_is_absent = true;
        let result = kind.client_with(&repo, Shelf::new(), settings, now).lookup("x/f");
        assert_transport(result, "metadata/1.first.json", TransportFault::Status(403));
    });
}

#[test]
fn a123_a_cycle_or_a_delegation_to_oneself_is_walked_once() {
    for_both(|kind| {
        let edges = [("targets", "a"), ("a", "a"), ("a", "b"), ("b", "a"), ("b", "c"), ("c", "b"), ("targets", "d")];
        let mut repo = tree(&edges);
        repo.publish();
        let (found, fetched) = search(&repo, &mut kind.client(&repo, Shelf::new()));
        assert_eq!(found, nobody_of(&["targets", "a", "b", "c", "d"]));
        assert_eq!(fetched, ["a", "b", "c", "d"]);
    });
}

#[test]
fn a145_a_broken_sibling_matters_only_to_its_own_paths() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("broken").paths(["broken/*"]));
        repo.delegate("targets", Delegation::to("gone").paths(["gone/*"]));
        repo.delegate("targets", Delegation::to("good").paths(["x/*"]));
        repo.add_target("good", "x/f", b"f");
        repo.role_mut("broken").edit_bytes(|_| b"garbage".to_vec());
        repo.set_expires("gone", "2029-12-31T23:59:59Z");
        repo.publish();
        repo.remove("metadata/1.gone.json");
        let mut client = kind.client(&repo, Shelf::new());
        assert_eq!(client.signer("x/f"), Ok("good".to_owned()));
        assert_refused(client.lookup("gone/f"), "gone", Fault::Missing);
        client.lookup("broken/f").unwrap_err();
        assert_eq!(client.signer("x/f"), Ok("good".to_owned()));
    });
}

#[test]
fn a149_what_a_role_lists_itself_goes_before_all_it_delegates_to() {
    for_both(|kind| {
        let mut repo = tree(&[("targets", "a"), ("a", "b")]);
        for name in ["targets", "a", "b"] {
            repo.add_target(name, "x/f", name.as_bytes());
        }
        repo.add_target("a", "x/g", b"a");
        repo.add_target("b", "x/g", b"b");
        repo.publish();
        let mut client = kind.client(&repo, Shelf::new());
        client.refresh().unwrap();
        repo.take_log();
        let info = signed(client.lookup("x/f"));
        assert_eq!((info.role().as_str(), client.read(&info).unwrap()), ("targets", b"targets".to_vec()));
        let hash = hash("sha256", b"targets");
        repo.assert_log(&[&format!("targets/x/{hash}.f")]);
        assert_eq!(client.signer("x/g"), Ok("a".to_owned()));
        repo.assert_log(&["metadata/1.a.json"]);
    });
}

#[test]
fn a150_a_role_is_visited_once_through_the_first_delegation_that_reaches_it() {
    for_both(|kind| {
        // `shared` is reached through `a`; what `b` says of it, terminating, still ends the search behind `b`.
        let mut repo = tree(&[("targets", "a"), ("targets", "b"), ("targets", "mallory"), ("a", "shared")]);
        repo.delegate("b", Delegation::to("shared").paths(["x/*"]).terminating());
        repo.add_target("mallory", "x/f", b"evil");
        repo.publish();
        let (found, fetched) = search(&repo, &mut kind.client(&repo, Shelf::new()));
        assert_eq!(found, nobody_of(&["targets", "a", "shared", "b"]));
        assert_eq!(fetched, ["a", "shared", "b"]);

        // The first delegation's keys decide, also where those of the second would fit.
        repo.delegations("a")["roles"] = json!([]);
        repo.delegate("a", Delegation::to("shared").keys([crate::simulator::Key::ed25519(1)]).paths(["x/*"]));
        repo.role_mut("shared").sign_with([crate::simulator::Key::named("shared")]);
        repo.publish();
        let fault = Fault::Threshold { delegator: tufgate::RoleName::new("a").unwrap(), valid: 0, required: 1 };
        assert_refused(kind.client(&repo, Shelf::new()).lookup("x/f"), "shared", fault);
    });
}
