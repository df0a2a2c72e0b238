//! The chain of roots from run to run: what is stored, what is pinned, and what somebody put there.

use tufgate::error::Fault;
use tufgate::{Entry, Notice, Settings};

use super::machine::{Machine, Versions, assert_malformed, too_few};
use crate::simulator::{Key, Repository, assert_refused};

/// A repository whose root was raised to this version; nothing else changed.
fn at_root(version: u64) -> Repository {
    let mut repo = Repository::new();
    for _ in 2..=version {
        repo.bump("root");
        repo.publish();
    }
    repo
}

/// A root of this version that somebody made who has none of the keys.
fn mallorys_root(version: u64) -> Vec<u8> {
    let mut repo = Repository::new();
    for role in ["root", "timestamp", "snapshot", "targets"] {
        repo.rotate(role, [Key::named("mallory")]);
    }
    repo.root.set_version(version).sign_with([Key::named("mallory")]);
    repo.root.sign()
}

fn noticed(machine: &Machine, repo: &Repository, pinned: &[u8]) -> (Versions, Vec<Entry>) {
    let (versions, notices) = machine.run_with(repo, pinned, &Settings::default()).unwrap();
    let entries = notices.into_iter().map(|notice| match notice {
        Notice::StoredFile { entry, .. } => entry,
        other => panic!("{other}"),
    });
    (versions, entries.collect())
}

#[test]
fn a046_a_root_that_was_refused_is_not_there_in_the_next_run() {
    for machine in Machine::each() {
        let mut repo = Repository::new();
        machine.run(&repo, &repo.root_file(1)).unwrap();
        let kept = machine.kept();
        repo.serve("metadata/2.root.json", mallorys_root(2));
        assert_refused(machine.run(&repo, &repo.root_file(1)), "root", too_few("root", 0, 1));
        assert_eq!(machine.kept(), kept);
        repo.lift("metadata/2.root.json");
        assert_eq!(noticed(&machine, &repo, &repo.root_file(1)), ([1, 1, 1, 1], vec![]));

        // Signed by the old keys, and with something wrong inside.
        repo.root.signed["roles"]["timestamp"]["threshold"] = 0.into();
        repo.publish();
        assert_malformed(machine.run(&repo, &repo.root_file(1)), "root", "a threshold is at least 1");
        assert_eq!(machine.kept(), kept);
        repo.set_threshold("timestamp", 1);
        repo.put("root");
        assert_eq!(noticed(&machine, &repo, &repo.root_file(1)), ([2, 2, 1, 1], vec![]));
    }
}

#[test]
fn a050_a_mirror_that_hides_new_roots_does_not_bring_a_revoked_key_back() {
    for machine in Machine::each() {
        let mut repo = Repository::new();
        let old = repo.files();
        repo.rotate("timestamp", [Key::ed25519(7)]);
        repo.publish();
        let pinned = repo.root_file(1);
        assert_eq!(machine.run(&repo, &pinned).unwrap(), [2, 2, 1, 1]);
        let kept = machine.kept();

        let mut mirror = repo.fork();
        mirror.go_back_to(&old);
        // It even has the revoked key.
        mirror.timestamp.sign_with([Key::named("timestamp")]).set_version(100);
        mirror.put("timestamp");
        assert_refused(machine.run(&mirror, &pinned), "timestamp", too_few("root", 0, 1));
        mirror.assert_log(&["metadata/3.root.json", "metadata/timestamp.json"]);
        assert_eq!(machine.kept(), kept);
        assert_eq!(machine.run(&repo, &pinned).unwrap(), [2, 2, 1, 1]);
    }
}

#[test]
fn a050_the_chain_never_ends_below_the_highest_root_ever_trusted() {
    for machine in Machine::each() {
        let repo = at_root(3);
        let pinned = repo.root_file(1);
        machine.run(&repo, &pinned).unwrap();
        for entry in [Entry::Root, Entry::RootHistory(2), Entry::RootHistory(3)] {
            machine.lose(&entry);
        }
        for hidden in [2, 3] {
            let path = format!("metadata/{hidden}.root.json");
            repo.remove(&path);
            let fault = Fault::RootsWithheld { trusted: 3, found: hidden - 1 };
            assert_refused(machine.run(&repo, &pinned), "root", fault);
            repo.lift(&path);
            machine.lose(&Entry::RootHistory(2));
            machine.lose(&Entry::Root);
        }
        assert_eq!(machine.run(&repo, &pinned).unwrap(), [3, 3, 1, 1]);
    }
}

#[test]
fn a051_a_planted_root_is_no_anchor() {
    for machine in Machine::each() {
        let repo = at_root(2);
        let pinned = repo.root_file(1);
        for entry in [Entry::Root, Entry::RootHistory(2)] {
            machine.plant(&entry, &mallorys_root(2));
        }
        // Who plants a root also serves what goes with it.
        let mut mirror = Repository::new();
        for role in ["timestamp", "snapshot", "targets"] {
            mirror.role_mut(role).sign_with([Key::named("mallory")]);
        }
        mirror.publish();
        assert_refused(machine.run(&mirror, &pinned), "timestamp", too_few("root", 0, 1));
        mirror.assert_log(&["metadata/2.root.json", "metadata/timestamp.json"]);

        machine.plant(&Entry::Root, &mallorys_root(2));
        repo.take_log();
        let entries = vec![Entry::RootHistory(2), Entry::Root];
        assert_eq!(noticed(&machine, &repo, &pinned), ([2, 2, 1, 1], entries));
        assert_eq!(repo.take_log()[..2], ["metadata/2.root.json", "metadata/3.root.json"]);
        for entry in [Entry::Root, Entry::RootHistory(2)] {
            assert_eq!(machine.entry(&entry), Some(repo.root_file(2)));
        }
        assert_eq!(noticed(&machine, &repo, &pinned), ([2, 2, 1, 1], vec![]));
    }
}

/// A root.json far ahead, or unreadable, neither is used nor stops anything.
#[test]
fn a051_a_planted_root_of_any_other_version_changes_nothing() {
    let garbage = [mallorys_root(3), mallorys_root(u64::MAX), b"garbage".to_vec(), Vec::new()];
    for bytes in garbage {
        for machine in Machine::each() {
            let repo = at_root(1);
            machine.plant(&Entry::Root, &bytes);
            machine.plant(&Entry::RootHistory(2), &bytes);
            assert_eq!(noticed(&machine, &repo, &repo.root_file(1)).0, [1, 1, 1, 1]);
            assert_eq!(machine.entry(&Entry::Root), Some(repo.root_file(1)));
        }
    }
}

#[test]
fn a052_a_newer_pinned_root_beside_an_older_store_keeps_the_floors() {
    for machine in Machine::each() {
        let mut repo = at_root(2);
        assert_eq!(machine.run(&repo, &repo.root_file(1)).unwrap(), [2, 2, 1, 1]);
        let old = repo.files();
        for _ in 3..=4 {
            repo.bump("root");
            repo.publish();
        }
        repo.take_log();
        let shipped = repo.root_file(4);
        assert_eq!(machine.run(&repo, &shipped).unwrap(), [4, 4, 1, 1]);
        repo.assert_log(&["metadata/5.root.json", "metadata/timestamp.json"]);
        assert_eq!(machine.entry(&Entry::Root), Some(shipped.clone()));

        let mut mirror = repo.fork();
        mirror.go_back_to(&old);
        assert_refused(machine.run(&mirror, &shipped), "timestamp", Fault::Rollback { trusted: 4, found: 2 });
        // The package goes back to an older one, too: the missing link is fetched, and no step back is taken.
        let older = repo.root_file(1);
        assert_refused(machine.run(&mirror, &older), "root", Fault::RootsWithheld { trusted: 4, found: 2 });
        repo.take_log();
        assert_eq!(machine.run(&repo, &older).unwrap(), [4, 4, 1, 1]);
        repo.assert_log(&[
            "metadata/3.root.json",
            "metadata/4.root.json",
            "metadata/5.root.json",
            "metadata/timestamp.json",
        ]);
        mirror.bump("timestamp");
        mirror.put("timestamp");
        assert_eq!(machine.run(&mirror, &repo.root_file(2)).unwrap()[0], 4);
    }
}

#[test]
fn a052_an_older_pinned_root_beside_a_newer_store_takes_the_longer_chain() {
    for machine in Machine::each() {
        let repo = at_root(4);
        machine.run(&repo, &repo.root_file(3)).unwrap();
        for pinned in [2, 1, 4, 3, 1] {
            repo.take_log();
            assert_eq!(noticed(&machine, &repo, &repo.root_file(pinned)), ([4, 4, 1, 1], vec![]));
            assert!(repo.take_log().contains(&"metadata/5.root.json".to_owned()));
            assert_eq!(machine.entry(&Entry::Root), Some(repo.root_file(4)));
        }
    }
}

#[test]
fn a053_the_same_root_version_with_other_content_is_a_fork() {
    for machine in Machine::each() {
        let base = Repository::new();
        let (mut ours, mut theirs) = (base.fork(), base.fork());
        ours.rotate("timestamp", [Key::ed25519(1)]);
        theirs.rotate("timestamp", [Key::ed25519(2)]);
        ours.publish();
        theirs.publish();
        machine.run(&ours, &ours.root_file(1)).unwrap();
        let kept = machine.kept();
        // Shipped with the other root 2, whether the other repository goes on or not.
        for _ in 0..2 {
            theirs.take_log();
            let result = machine.run(&theirs, &theirs.root_file(2));
            assert_refused(result, "root", Fault::RootFork { version: 2 });
            theirs.assert_log(&[]);
            assert_eq!(machine.kept(), kept);
            theirs.bump("root");
            theirs.publish();
        }
        assert_eq!(machine.run(&ours, &ours.root_file(2)).unwrap(), [2, 2, 1, 1]);
    }
}

/// Another repository altogether, also after the stored chain went on from the root that was pinned first.
#[test]
fn a053_a_pinned_root_of_another_repository_is_a_fork_also_after_the_chain_went_on() {
    for last in [1, 2, 3] {
        for machine in Machine::each() {
            let ours = at_root(last);
            let mut theirs = Repository::new();
            theirs.root.signed["keys"] = serde_json::json!({});
            for role in ["root", "timestamp", "snapshot", "targets"] {
                theirs.rotate(role, [Key::named("other")]);
            }
            theirs.root.set_version(1).sign_with([Key::named("other")]);
            theirs.put("root");
            theirs.rotate("root", [Key::named("other")]);
            for _ in 2..=last {
                theirs.bump("root");
                theirs.publish();
            }
            machine.run(&ours, &ours.root_file(1)).unwrap();
            let kept = machine.kept();
            let result = machine.run(&theirs, &theirs.root_file(1));
            assert_refused(result, "root", Fault::RootFork { version: 1 });
            theirs.assert_log(&[]);
            assert_eq!(machine.kept(), kept);
            machine.run(&ours, &ours.root_file(1)).unwrap();
        }
    }
}

/// The same signed content with other signatures around it is the same root.
#[test]
fn a053_other_signatures_on_the_same_root_are_no_fork() {
    for machine in Machine::each() {
        let mut repo = at_root(2);
        machine.run(&repo, &repo.root_file(1)).unwrap();
        let known = repo.root_file(2);
        repo.root.junk_signatures(3).edit_bytes(|mut bytes| {
            bytes.insert(0, b'\n');
            bytes
        });
        let again = repo.put("root");
        assert_ne!(again, known);
        assert_eq!(noticed(&machine, &repo, &again), ([2, 2, 1, 1], vec![]));
        assert_eq!(noticed(&machine, &repo, &known), ([2, 2, 1, 1], vec![]));
    }
}

#[test]
fn a054_missing_links_of_the_history_are_fetched_and_never_jumped() {
    for lost in [vec![2], vec![3], vec![4], vec![2, 3], vec![3, 4], vec![2, 3, 4]] {
        for machine in Machine::each() {
            let mut repo = Repository::new();
            for _ in 2..=4 {
                // Without the keys of one, the next cannot be verified.
                repo.rotate("root", [Key::ed25519(repo.root.number())]);
                repo.publish();
            }
            let pinned = repo.root_file(1);
            assert_eq!(machine.run(&repo, &pinned).unwrap(), [4, 4, 1, 1]);
            for version in &lost {
                machine.lose(&Entry::RootHistory(*version));
            }
            repo.take_log();
            assert_eq!(noticed(&machine, &repo, &pinned), ([4, 4, 1, 1], vec![]));
            // Only root.json can stand in for the last link.
            let first = if lost == [4] { 5 } else { lost[0] };
            let mut log: Vec<String> = (first..=5).map(|version| format!("metadata/{version}.root.json")).collect();
            log.push("metadata/timestamp.json".to_owned());
            assert_eq!(repo.take_log(), log);
            let history =
                |version: &u64| machine.entry(&Entry::RootHistory(*version)) == Some(repo.root_file(*version));
            assert!(lost == [4] || lost.iter().all(history), "the history is whole again");
            assert_eq!(machine.entry(&Entry::Root), Some(repo.root_file(4)));
        }
    }
}

#[test]
fn a053_an_older_pinned_root_that_leads_to_another_history_is_a_fork() {
    for machine in Machine::each() {
        let base = Repository::new();
        let (mut ours, mut theirs) = (base.fork(), base.fork());
        for (repo, key) in [(&mut ours, 1), (&mut theirs, 2)] {
            for root in 2..=3 {
                repo.rotate("root", [Key::ed25519(10 * key + root)]);
                repo.publish();
            }
        }
        // The store begins at root 3: nothing in it is older than the other repository's root 2.
        machine.run(&ours, &ours.root_file(3)).unwrap();
        let kept = machine.kept();
        let result = machine.run(&theirs, &theirs.root_file(2));
        assert_refused(result, "root", Fault::RootFork { version: 3 });
        theirs.assert_log(&["metadata/3.root.json"]);
        assert_eq!(machine.kept(), kept);
        machine.run(&ours, &ours.root_file(3)).unwrap();
    }
}
