//! What hostile repositories do, by the numbers of `spec-notes/attacks.md`: each test names the entry it is about.

mod api;
mod bin_names;
mod bins;
mod both;
mod concurrent;
mod crash;
mod delegation_claims;
mod delegation_edges;
mod delegation_limits;
mod delegation_names;
mod delegation_walk;
mod downloads;
mod fast_forward;
mod json;
mod keyids;
mod lasting;
mod limits;
mod local_state;
mod machine;
mod moving_repository;
mod names;
mod one_snapshot;
mod pages;
mod pep480;
mod pins;
mod recovery;
mod root_chain;
mod root_form;
mod root_store;
mod rotation;
mod schema;
mod shelf;
mod signatures;
mod snapshot;
mod spoilt;
mod staleness;
mod state;
mod taps;
mod target_hashes;
mod thresholds;
mod time;
mod timestamp;
mod two_runs;
mod whole_repository;

use tufgate::{Client, Found, MemoryStore, Repository as Config, Settings, Store, TargetPath};

use crate::simulator::{Repository, SimTransport, now};

/// A client of the simulated repository that was shipped with its root 1, at the time of all tests.
pub fn client<S: Store>(repo: &Repository, store: S) -> Client<SimTransport, S> {
    client_with(repo, repo.root_file(1), store, Settings::default())
}

/// The same with another pinned root or other settings.
pub fn client_with<S: Store>(
    repo: &Repository,
    pinned_root: Vec<u8>,
    store: S,
    settings: Settings,
) -> Client<SimTransport, S> {
    let config = Config::new(pinned_root, repo.metadata_base(), repo.targets_base()).with_settings(settings);
    Client::new(config, repo.transport(), store).with_clock(now)
}

/// Searches for a target with a new client and an empty store.
pub fn lookup(repo: &Repository, path: &str) -> Result<Found, tufgate::Error> {
    client(repo, MemoryStore::new()).lookup(&TargetPath::new(path).unwrap())
}

#[test]
fn an_honest_repository_is_trusted_in_the_order_of_the_specification() {
    let mut repo = Repository::new();
    repo.add_target("targets", "a/b.whl", b"wheel");
    repo.publish();
    let store = MemoryStore::new();
    let mut first = client(&repo, &store);
    let Found::Signed(info) = first.lookup(&TargetPath::new("a/b.whl").unwrap()).unwrap() else {
        panic!("the target is signed for")
    };
    assert_eq!(first.read(&info).unwrap(), b"wheel");
    let name = tufgate::HashAlgorithm::Sha256;
    let hash = info.hashes().of(name).unwrap().to_hex();
    repo.assert_log(&[
        "metadata/2.root.json",
        "metadata/timestamp.json",
        "metadata/2.snapshot.json",
        "metadata/2.targets.json",
        &format!("targets/a/{hash}.b.whl"),
    ]);

    client(&repo, &store).refresh().unwrap();
    repo.assert_log(&["metadata/2.root.json", "metadata/timestamp.json"]);
}
