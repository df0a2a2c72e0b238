//! What a crash, a full disk or a dropped future leaves behind: a state to go on from, that never trusts less.

use std::collections::BTreeMap;

use tufgate::error::{Error, StoreFault};
use tufgate::{Action, Commit, Entry, Refresh, Settings, Store, TargetPath};

use super::both::{BOTH, Kind, async_client};
use super::shelf::Shelf;
use crate::simulator::{Delegation, Files, Key, Repository, now, poll_times};

/// A repository that a client has seen, and how it goes on.
struct Story {
    repo: Repository,
    before: Shelf,
    old_files: Files,
}

impl Story {
    /// A client has seen `first`; then `next` is published.
    fn new(first: impl FnOnce(&mut Repository), next: impl FnOnce(&mut Repository)) -> Self {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
        repo.add_target("alice", "alice/x", b"one");
        let old_files = repo.files();
        first(&mut repo);
        repo.publish();
        let store = Shelf::new();
        run(Kind::Blocking, &repo, &store).unwrap();
        repo.add_target("alice", "alice/x", b"two");
        next(&mut repo);
        repo.publish();
        Self { repo, before: store, old_files }
    }

    /// Nothing but new content.
    fn update() -> Self {
        Self::new(|_| {}, |_| {})
    }

    /// Two new roots, and another key for each role.
    fn rotation() -> Self {
        Self::new(
            |_| {},
            |repo| {
                repo.rotate("root", [Key::named("root b")]);
                repo.publish_root();
                for role in ["timestamp", "snapshot", "targets"] {
                    repo.rotate(role, [Key::named(&format!("{role} b"))]);
                }
            },
        )
    }

    /// Two new roots and nothing else of interest.
    fn roots() -> Self {
        Self::new(
            |_| {},
            |repo| {
                repo.rotate("root", [Key::named("root b")]);
                repo.publish_root();
                repo.root.signed["x"] = 1.into();
            },
        )
    }

    /// A stolen snapshot key was used to raise versions as high as they go; then it is replaced.
    fn fast_forward() -> Self {
        let highest = u64::MAX - 1;
        Self::new(
            |repo| {
                for role in ["timestamp", "snapshot"] {
                    repo.role_mut(role).set_version(highest);
                }
            },
            |repo| {
                repo.rotate("snapshot", [Key::named("snapshot b")]);
                for role in ["timestamp", "snapshot"] {
                    repo.role_mut(role).set_version(3);
                }
            },
        )
    }

    /// What the store holds after a run that nothing disturbed.
    fn after(&self) -> BTreeMap<String, String> {
        let store = self.before.clone();
        run(Kind::Blocking, &self.repo, &store).unwrap();
        store.files()
    }

    /// The next run ends where an undisturbed one would have, and replayed files are refused before it.
    #[track_caller]
    fn assert_recovers(&self, left: &Shelf, context: &str) {
        let new_files = self.repo.files();
        self.repo.go_back_to(&self.old_files);
        assert!(run(Kind::Blocking, &self.repo, left.clone()).is_err(), "{context}: old files are trusted");
        self.repo.go_back_to(&new_files);
        let store = left.clone();
        run(Kind::Blocking, &self.repo, &store).unwrap_or_else(|error| panic!("{context}: {error}"));
        assert_eq!(store.files(), self.after(), "{context}");
    }
}

fn run(kind: Kind, repo: &Repository, store: impl Store) -> Result<(), Error> {
    kind.client(repo, store).lookup("alice/x").map(|_| ())
}

/// Stops the run after every number of changes to the store.
fn crash_everywhere(story: &Story) {
    for kind in BOTH {
        let mut changes = 0;
        loop {
            let store = story.before.clone();
            store.crash_after(changes);
            let result = run(kind, &story.repo, &store);
            let context = format!("{kind:?}, after {changes} changes");
            match result {
                Ok(()) => break assert_eq!(store.files(), story.after(), "{context}"),
                Err(Error::Store(error)) => assert_eq!(error.fault, StoreFault::Write, "{context}"),
                Err(error) => panic!("{context}: {error}"),
            }
            store.revive();
            story.assert_recovers(&store, &context);
            changes += 1;
        }
        // Floors and file of timestamp and snapshot, and alice.
        assert!(changes >= 5, "{changes}");
    }
}

/// Drops the future of an async run after every number of polls.
fn cancel_everywhere(story: &Story) {
    let path = TargetPath::new("alice/x").unwrap();
    let mut polls = 0;
    loop {
        let store = story.before.clone();
        let mut client = async_client(&story.repo, &store);
        let done = poll_times(client.lookup(&path), polls);
        let context = format!("after {polls} polls");
        if let Some(found) = done {
            found.unwrap();
            break assert_eq!(store.files(), story.after(), "{context}");
        }
        story.assert_recovers(&store, &context);
        polls += 1;
    }
    // One wait before each of the five requests at least.
    assert!(polls > 5, "{polls}");
}

#[test]
fn a234_a238_a_crash_at_any_write_of_an_update_is_recovered_from() {
    crash_everywhere(&Story::update());
}

#[test]
fn a238_a_crash_at_any_write_of_a_rotation_is_recovered_from() {
    crash_everywhere(&Story::rotation());
}

#[test]
fn a249_a_crash_at_any_write_does_not_undo_the_recovery_from_a_fast_forward() {
    crash_everywhere(&Story::fast_forward());
}

#[test]
fn a238_a_crash_at_any_write_of_the_first_run_is_recovered_from() {
    let mut story = Story::roots();
    story.before = Shelf::new();
    for kind in BOTH {
        let mut changes = 0;
        loop {
            let store = Shelf::new();
            store.crash_after(changes);
            if run(kind, &story.repo, &store).is_ok() {
                break;
            }
            store.revive();
            run(kind, &story.repo, &store).unwrap();
            assert_eq!(store.files(), story.after(), "{kind:?}, after {changes} changes");
            changes += 1;
        }
        assert!(changes >= 12, "{changes}");
    }
}

#[test]
fn a288_an_update_that_is_dropped_anywhere_leaves_a_state_to_go_on_from() {
    cancel_everywhere(&Story::update());
}

#[test]
fn a288_a_rotation_that_is_dropped_anywhere_leaves_a_state_to_go_on_from() {
    cancel_everywhere(&Story::rotation());
}

#[test]
fn a288_a_recovery_that_is_dropped_anywhere_leaves_a_state_to_go_on_from() {
    cancel_everywhere(&Story::fast_forward());
}

/// Gives the machine what it asks for, until it wants to write an entry that the fetch of `path` brought.
fn drive_to_commit_after(machine: &mut Refresh, repo: &Repository, store: &Shelf, path: &str) -> Commit {
    let (mut answer, mut fetched) = (None, false);
    loop {
        answer = match machine.step(answer).unwrap() {
            Action::Load { entry, max_bytes } => store.read(&entry, max_bytes).unwrap(),
            Action::Fetch(fetch) => {
                fetched = fetch.path == path;
                let path = format!("metadata/{}", fetch.path);
                repo.is_published(&path).then(|| repo.file(&path))
            }
            Action::Commit(commit) if fetched => return commit,
            Action::Commit(commit) => {
                commit.apply(store).unwrap();
                None
            }
            other => panic!("{path} was never committed: {other:?}"),
        };
    }
}

#[test]
fn a239_a_process_that_was_overtaken_by_a_recovery_does_not_undo_it() {
    let story = Story::fast_forward();
    let repaired = story.repo.files();
    let mut stolen = repaired.clone();
    stolen.remove("metadata/2.root.json");
    let highest = "metadata/18446744073709551614.snapshot.json";
    stolen.insert("metadata/timestamp.json".to_owned(), story.before.bytes(&Entry::Timestamp).unwrap().into());
    stolen.insert(highest.to_owned(), story.before.bytes(&Entry::Snapshot).unwrap().into());
    for path in ["timestamp.json", "18446744073709551614.snapshot.json"] {
        // The slow process starts while the stolen key's files are served ...
        let store = Shelf::new();
        story.repo.go_back_to(&stolen);
        let mut slow = Refresh::new(&story.repo.root_file(1), Settings::default(), now()).unwrap();
        let commit = drive_to_commit_after(&mut slow, &story.repo, &store, path);
        // ... another one meets the repaired repository ...
        story.repo.go_back_to(&repaired);
        run(Kind::Blocking, &story.repo, &store).unwrap();
        let after = store.files();
        // ... and only then does the slow one write.
        commit.apply(&store).unwrap();
        assert_eq!(store.files(), after, "{path}");
    }
}
