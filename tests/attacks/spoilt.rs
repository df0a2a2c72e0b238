//! One fault in one role at a time: it is refused as malformed, nothing of it is kept, and the next honest update works.

use tufgate::error::{Error, Fault, RepositoryError, Subject};
use tufgate::{Entry, RoleName};

use super::both::{BOTH, Kind};
use super::shelf::Shelf;
use crate::simulator::{Delegation, Repository, Role};

/// The roles that can be spoilt: all kinds, and a delegated one.
pub const ROLES: [&str; 5] = ["root", "timestamp", "snapshot", "targets", "alice"];

/// Spoils each kind of role in turn.
#[track_caller]
pub fn assert_malformed_in_every_role(spoil: impl Fn(&mut Role), reason: &str) {
    for role in ROLES {
        assert_malformed_in(role, &spoil, reason);
    }
}

/// Spoils one role; both clients refuse it for exactly this reason.
#[track_caller]
pub fn assert_malformed_in(role: &str, spoil: impl Fn(&mut Role), reason: &str) {
    for kind in BOTH {
        let found = refusal(kind, role, &spoil);
        match found.fault {
            Fault::Malformed(malformed) => assert_eq!(malformed.reason, reason, "{role}, {kind:?}"),
            other => panic!("{role}, {kind:?}: {other}"),
        }
    }
}

/// A client has seen an honest repository; then this role is spoilt. What the client says, once it was made sure that
/// it kept nothing of the role and goes on as soon as the repository is repaired.
#[track_caller]
pub fn refusal(kind: Kind, role: &str, spoil: impl Fn(&mut Role)) -> RepositoryError {
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
    repo.add_target("alice", "alice/x", b"one");
    repo.publish();
    let store = Shelf::new();
    kind.client(&repo, &store).lookup("alice/x").unwrap();

    let honest = repo.role(role).clone();
    spoil(repo.role_mut(role));
    publish_as_it_is(&mut repo, role);
    let before = store.bytes(&entry_of(role)).unwrap();
    let found = match kind.client(&repo, &store).lookup("alice/x") {
        Err(Error::Repository(found)) => found,
        Err(other) => panic!("{role}, {kind:?}: {other}"),
        Ok(found) => panic!("{role}, {kind:?}: it went well: {found:?}"),
    };
    assert_eq!(found.subject, Subject::Role(RoleName::new(role).unwrap()), "{kind:?}: {found}");
    assert_eq!(store.bytes(&entry_of(role)), Some(before), "{role}, {kind:?}: the stored file changed");

    repair(&mut repo, role, honest);
    let mut client = kind.client(&repo, &store);
    client.lookup("alice/x").unwrap_or_else(|error| panic!("{role}, {kind:?}, repaired: {error}"));
    found
}

/// Publishes all that was changed, but does not correct what the role says of others.
fn publish_as_it_is(repo: &mut Repository, role: &str) {
    match role {
        "timestamp" => repo.publish_timestamp(),
        "snapshot" => repo.publish_snapshot(),
        _ => repo.publish(),
    }
}

/// Publishes the role as it was before, with a version that clients have not seen.
fn repair(repo: &mut Repository, name: &str, honest: Role) {
    let spoilt = repo.role(name).number();
    *repo.role_mut(name) = honest;
    // There is only one next root; of all others a version once pinned is gone.
    repo.role_mut(name).set_version(spoilt + u64::from(name != "root"));
    repo.put(name);
    repo.publish();
}

/// Where a role is stored.
pub fn entry_of(role: &str) -> Entry {
    match role {
        "root" => Entry::Root,
        "timestamp" => Entry::Timestamp,
        "snapshot" => Entry::Snapshot,
        "targets" => Entry::Targets,
        other => Entry::Delegated(RoleName::new(other).unwrap()),
    }
}
