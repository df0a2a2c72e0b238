//! Recovery by new keys of timestamp and snapshot (TUF-1.0.34 §5.3.11), and what must not look like one.

use tufgate::error::Fault;
use tufgate::{Entry, MemoryStore};

use super::machine::{Machine, too_few};
use crate::simulator::{Key, Repository, assert_refused};

pub const FAR: u64 = 1_000_000;

/// An attacker with the online keys has raised the versions of timestamp, snapshot and targets' entry in snapshot.
pub fn fast_forwarded() -> Repository {
    let mut repo = Repository::new();
    repo.targets.set_version(FAR);
    repo.put("targets");
    repo.pin("targets");
    repo.snapshot.set_version(FAR);
    repo.put("snapshot");
    repo.pin("snapshot");
    repo.timestamp.set_version(FAR);
    repo.put("timestamp");
    repo
}

/// All versions start again, correctly signed and pinned.
pub fn start_again(repo: &mut Repository, version: u64) {
    for role in ["targets", "snapshot", "timestamp"] {
        repo.role_mut(role).set_version(version);
        repo.put(role);
        if role != "timestamp" {
            repo.pin(role);
        }
    }
    // Pinning changed snapshot and timestamp, which were signed before.
    repo.put("targets");
    repo.put("snapshot");
    repo.put("timestamp");
}

/// A new root in which the role has another key; the role itself is not signed anew.
pub fn rotate(repo: &mut Repository, role: &str, seed: u64) {
    repo.rotate(role, [Key::ed25519(seed)]);
    repo.publish_root();
}

#[test]
fn a062_new_online_keys_end_a_fast_forward() {
    for roles in [&["timestamp"][..], &["snapshot"], &["timestamp", "snapshot"]] {
        for machine in Machine::each() {
            let mut repo = fast_forwarded();
            let pinned = repo.root_file(1);
            assert_eq!(machine.run(&repo, &pinned).unwrap(), [1, FAR, FAR, FAR]);
            start_again(&mut repo, 2);
            let refused = machine.run(&repo, &pinned);
            assert_refused(refused, "timestamp", Fault::Rollback { trusted: FAR, found: 2 });

            for role in roles {
                repo.rotate(role, [Key::ed25519(7)]);
            }
            repo.publish_root();
            start_again(&mut repo, 2);
            assert_eq!(machine.run(&repo, &pinned).unwrap(), [2, 2, 2, 2]);
            for (entry, path) in [(Entry::Timestamp, "timestamp.json"), (Entry::Snapshot, "2.snapshot.json")] {
                assert_eq!(machine.entry(&entry), Some(repo.file(&format!("metadata/{path}"))));
            }
        }
    }
}

/// Not the keys of root or targets: those do not sign what a fast-forward raises.
#[test]
fn a062_new_keys_of_root_or_targets_reset_nothing() {
    for role in ["root", "targets"] {
        for machine in Machine::each() {
            let mut repo = fast_forwarded();
            let pinned = repo.root_file(1);
            machine.run(&repo, &pinned).unwrap();
            rotate(&mut repo, role, 7);
            start_again(&mut repo, 2);
            let refused = machine.run(&repo, &pinned);
            assert_refused(refused, "timestamp", Fault::Rollback { trusted: FAR, found: 2 });
        }
    }
}

#[test]
fn a063_a_rotation_resets_once_and_not_in_every_run() {
    for machine in Machine::each() {
        let mut repo = Repository::new();
        let pinned = repo.root_file(1);
        machine.run(&repo, &pinned).unwrap();
        rotate(&mut repo, "timestamp", 7);
        repo.publish();
        let early = repo.files();
        machine.run(&repo, &pinned).unwrap();
        repo.bump("snapshot");
        repo.publish();
        assert_eq!(machine.run(&repo, &pinned).unwrap(), [2, 3, 2, 1]);
        let kept = machine.kept();
        let mut mirror = repo.fork();
        mirror.go_back_to(&early);
        for _ in 0..3 {
            assert_refused(machine.run(&mirror, &pinned), "timestamp", Fault::Rollback { trusted: 3, found: 2 });
            assert_eq!(machine.kept(), kept);
        }
        // Another root, without a rotation, is no new occasion.
        mirror.bump("root");
        mirror.publish_root();
        for _ in 0..2 {
            assert_refused(machine.run(&mirror, &pinned), "timestamp", Fault::Rollback { trusted: 3, found: 2 });
        }
        repo.bump("root");
        repo.publish();
        assert_eq!(machine.run(&repo, &pinned).unwrap(), [3, 4, 2, 1]);
    }
}

/// A root that lists the same holders otherwise: another order, other keyids, another threshold, one more inert key.
#[test]
fn a064_the_same_holders_listed_otherwise_are_no_rotation() {
    let (a, b) = (Key::named("timestamp"), Key::ed25519(2));
    let (a2, b2) = (a.clone().with_keyid("a"), b.clone().edit(|object| object["x"] = 1.into()));
    for (keys, threshold) in [
        (vec![b.clone(), a.clone()], 1),
        (vec![a2.clone(), b2.clone()], 1),
        (vec![a.clone(), a2, b.clone(), b2], 1),
        (vec![a.clone(), b.clone()], 2),
        (vec![a.clone(), b.clone(), Key::unknown(1)], 1),
    ] {
        for machine in Machine::each() {
            let mut repo = Repository::new();
            repo.rotate("timestamp", [a.clone(), b.clone()]);
            repo.publish();
            repo.publish();
            let pinned = repo.root_file(1);
            assert_eq!(machine.run(&repo, &pinned).unwrap(), [2, 3, 1, 1]);
            repo.rotate("timestamp", keys.clone());
            repo.set_threshold("timestamp", threshold);
            repo.publish_root();
            repo.timestamp.set_version(2);
            repo.put("timestamp");
            assert_refused(machine.run(&repo, &pinned), "timestamp", Fault::Rollback { trusted: 3, found: 2 });
            repo.timestamp.set_version(4);
            repo.put("timestamp");
            assert_eq!(machine.run(&repo, &pinned).unwrap(), [3, 4, 1, 1]);
        }
    }
}

#[test]
fn a064_one_key_more_or_less_is_a_rotation() {
    let (a, b) = (Key::named("timestamp"), Key::ed25519(2));
    for (before, after) in [(vec![a.clone()], vec![a.clone(), b.clone()]), (vec![a.clone(), b], vec![a])] {
        for machine in Machine::each() {
            let mut repo = Repository::new();
            let pinned = repo.root_file(1);
            repo.rotate("timestamp", before.clone());
            repo.publish();
            repo.publish();
            assert_eq!(machine.run(&repo, &pinned).unwrap()[1], 3);
            repo.rotate("timestamp", after.clone());
            repo.publish_root();
            repo.timestamp.set_version(1);
            repo.put("timestamp");
            assert_eq!(machine.run(&repo, &pinned).unwrap()[1], 1);
        }
    }
}

#[test]
fn a065_keys_that_rotate_there_and_back_between_two_runs_reset() {
    for role in ["timestamp", "snapshot"] {
        for machine in Machine::each() {
            let mut repo = fast_forwarded();
            let pinned = repo.root_file(1);
            machine.run(&repo, &pinned).unwrap();
            rotate(&mut repo, role, 7);
            repo.rotate(role, [Key::named(role)]);
            repo.publish_root();
            start_again(&mut repo, 2);
            assert_eq!(machine.run(&repo, &pinned).unwrap(), [3, 2, 2, 2]);
        }
    }
}

/// The run that saw both steps was cut off before it could use them; the next one finds the roots in the store.
#[test]
fn a065_a_reset_is_not_lost_when_the_run_that_fetched_the_roots_fails() {
    for machine in Machine::each() {
        let mut repo = fast_forwarded();
        let pinned = repo.root_file(1);
        machine.run(&repo, &pinned).unwrap();
        rotate(&mut repo, "timestamp", 7);
        repo.rotate("timestamp", [Key::named("timestamp")]);
        repo.set_expires("root", "2029-01-01T00:00:00Z");
        repo.publish_root();
        start_again(&mut repo, 2);
        machine.run(&repo, &pinned).unwrap_err();
        assert_eq!(machine.entry(&Entry::Root), Some(repo.root_file(3)));
        repo.set_expires("root", "2035-01-01T00:00:00Z");
        repo.publish_root();
        assert_eq!(machine.run(&repo, &pinned).unwrap(), [4, 2, 2, 2]);
    }
}

/// The other of both files still verifies; it is dropped all the same, floors and file.
#[test]
fn a066_new_keys_of_one_role_drop_the_files_of_both() {
    for (rotated, other) in [("timestamp", Entry::Snapshot), ("snapshot", Entry::Timestamp)] {
        for machine in Machine::each() {
            let mut repo = fast_forwarded();
            let pinned = repo.root_file(1);
            machine.run(&repo, &pinned).unwrap();
            rotate(&mut repo, rotated, 7);
            repo.remove("metadata/timestamp.json");
            machine.run(&repo, &pinned).unwrap_err();
            assert_eq!(machine.entry(&other), None);
            assert_eq!(
                machine.names(),
                ["floors", "root.json", "root_history/1.root", "root_history/2.root", "targets.json"]
            );
            repo.lift("metadata/timestamp.json");
            start_again(&mut repo, 2);
            assert_eq!(machine.run(&repo, &pinned).unwrap(), [2, 2, 2, 2]);
        }
    }
}

#[test]
fn a067_what_a_revoked_key_signed_is_not_used_although_it_is_stored_and_pinned() {
    for machine in Machine::each() {
        let mut repo = Repository::new();
        repo.add_target("targets", "x", b"bytes");
        repo.publish();
        let pinned = repo.root_file(1);
        assert_eq!(machine.run(&repo, &pinned).unwrap(), [1, 2, 2, 2]);
        // The key of targets is revoked; all else stays as it is.
        rotate(&mut repo, "targets", 7);
        repo.take_log();
        assert_refused(machine.run(&repo, &pinned), "targets", too_few("root", 0, 1));
        repo.assert_log(&[
            "metadata/2.root.json",
            "metadata/3.root.json",
            "metadata/timestamp.json",
            "metadata/2.targets.json",
        ]);
        // The same content by the new key, under the same version: that is what is pinned.
        repo.put("targets");
        assert_eq!(machine.run(&repo, &pinned).unwrap(), [2, 2, 2, 2]);
        assert_eq!(machine.entry(&Entry::Targets), Some(repo.file("metadata/2.targets.json")));
    }
}

#[test]
fn a067_a_key_revoked_for_one_role_may_go_on_for_another() {
    let shared = Key::ed25519(1);
    for machine in Machine::each() {
        let mut repo = Repository::new();
        for role in ["timestamp", "snapshot", "targets"] {
            repo.rotate(role, [shared.clone()]);
        }
        repo.publish();
        let pinned = repo.root_file(1);
        machine.run(&repo, &pinned).unwrap();
        rotate(&mut repo, "targets", 7);
        repo.role_mut("targets").sign_with([shared.clone()]);
        repo.bump("targets");
        repo.publish();
        assert_refused(machine.run(&repo, &pinned), "targets", too_few("root", 0, 1));
        repo.role_mut("targets").sign_with([Key::ed25519(7)]);
        repo.publish();
        machine.run(&repo, &pinned).unwrap();
    }
}

/// One client that lives on: nothing parsed under an old root survives its next refresh.
#[test]
fn a067_a_client_that_lives_on_verifies_everything_anew() {
    let mut repo = Repository::new();
    repo.delegate("targets", crate::simulator::Delegation::to("alice").paths(["alice/*"]));
    repo.add_target("alice", "alice/x", b"bytes");
    repo.publish();
    let path = tufgate::TargetPath::new("alice/x").unwrap();
    let mut client = super::client(&repo, MemoryStore::new());
    client.lookup(&path).unwrap();
    // Targets names another key for alice, whose stored file is still pinned.
    repo.authorize("alice", &[Key::ed25519(7)], 1);
    repo.publish();
    client.refresh().unwrap();
    assert_refused(client.lookup(&path), "alice", too_few("targets", 0, 1));
    repo.roles.get_mut("alice").unwrap().sign_with([Key::ed25519(7)]);
    repo.publish();
    client.refresh().unwrap();
    client.lookup(&path).unwrap();
}
