//! Data without end, cut off, or of another kind: what the client itself limits, whatever the transport.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tufgate::error::{Fault, Malformed, TransportError};
use tufgate::{Client, Downloaded, Fetched, MemoryStore, Settings, TargetInfo, Transport};

use super::both::{BOTH, Kind};
use super::shelf::Shelf;
use crate::simulator::{
    Delegation, Repository, SimTransport, assert_refused, assert_target_refused, assert_transport, hash, now,
    target_path,
};

/// Published and trusted once, then changed in every role.
fn repository() -> (Repository, Shelf) {
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
    repo.add_target("alice", "alice/x", b"one");
    repo.publish();
    let store = Shelf::new();
    Kind::Blocking.client(&repo, &store).target("alice/x");
    repo.add_target("targets", "y", b"two");
    repo.add_target("alice", "alice/x", b"two");
    repo.root.signed["x"] = 1.into();
    repo.publish();
    repo.take_log();
    repo.take_bytes_read();
    (repo, store)
}

fn small_limits() -> Settings {
    let mut settings = Settings::default();
    settings.limits.root_bytes = 4_000;
    settings.limits.timestamp_bytes = 1_500;
    settings.limits.snapshot_bytes = 2_500;
    settings.limits.targets_bytes = 3_500;
    settings
}

#[test]
fn a252_metadata_without_end_is_read_no_further_than_its_limit() {
    for kind in BOTH {
        for (role, limit) in
            [("root", 4_000), ("timestamp", 1_500), ("snapshot", 2_500), ("targets", 3_500), ("alice", 3_500)]
        {
            let (repo, store) = repository();
            let path = repo.path(role);
            for start in [Vec::new(), repo.file(&path)] {
                let before = store.bytes(&super::spoilt::entry_of(role));
                repo.serve_endless(&path, start);
                let result = kind.client_with(&repo, &store, small_limits(), now).lookup("alice/x");
                assert_refused(result, role, Fault::TooLarge { limit });
                // Async pieces come as large as the transport makes them.
                let read = repo.take_bytes_read()[&path];
                assert!((limit + 1..=limit + 1_000).contains(&read), "{role}, {kind:?}: {read} bytes were read");
                assert_eq!(store.bytes(&super::spoilt::entry_of(role)), before);
            }
            repo.lift(&path);
            assert_eq!(kind.client_with(&repo, &store, small_limits(), now).target("alice/x").length(), 3);
        }
    }
}

#[test]
fn a252_metadata_is_read_no_further_than_its_signed_length() {
    for kind in BOTH {
        let (mut repo, store) = repository();
        repo.snapshot_with_hashes(&["sha256"]);
        repo.timestamp_with_hashes(&["sha256"]);
        repo.publish();
        for role in ["snapshot", "targets", "alice"] {
            let path = repo.path(role);
            let expected = repo.file(&path).len() as u64;
            repo.serve_endless(&path, repo.file(&path));
            repo.take_bytes_read();
            let result = kind.client(&repo, &store).lookup("alice/x");
            assert_refused(result, role, Fault::Length { expected, found: expected + 1 });
            let read = repo.take_bytes_read()[&path];
            assert!((expected + 1..=expected + 1_000).contains(&read), "{role}, {kind:?}: {read} bytes were read");
            repo.truncate(&path, 10);
            let result = kind.client(&repo, &store).lookup("alice/x");
            assert_refused(result, role, Fault::Length { expected, found: 10 });
            repo.lift(&path);
        }
        assert_eq!(kind.client(&repo, &store).target("alice/x").length(), 3);
    }
}

#[test]
fn a253_a_target_without_end_is_left_at_its_signed_length() {
    let dir = tempfile::tempdir().unwrap();
    let destination = dir.path().join("x");
    for kind in BOTH {
        let (repo, store) = repository();
        let mut client = kind.client(&repo, &store);
        let info = client.target("alice/x");
        let path = target_path("alice/x", Some(&hash("sha256", b"two")));
        repo.serve_endless(&path, "two");
        for _ in 0..2 {
            repo.take_bytes_read();
            let fault = Fault::Length { expected: 3, found: 4 };
            assert_target_refused(client.read(&info), "alice/x", fault.clone());
            assert_target_refused(client.download(&info, &destination), "alice/x", fault);
            // Each time "two" and then one piece of a thousand spaces.
            assert_eq!(repo.take_bytes_read()[&path], 2 * 1_003);
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        }
        for length in 0..3 {
            repo.truncate(&path, length);
            let fault = Fault::Length { expected: 3, found: length as u64 };
            assert_target_refused(client.download(&info, &destination), "alice/x", fault);
            repo.break_after(&path, length);
            let broken = client.download(&info, &destination);
            assert_transport(broken, &path, tufgate::error::TransportFault::Read);
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        }
        repo.lift(&path);
        client.download(&info, &destination).unwrap();
        assert_eq!(std::fs::read(&destination).unwrap(), b"two");
        std::fs::remove_file(&destination).unwrap();
    }
}

#[test]
fn a253_a_target_larger_than_the_limit_is_not_asked_for() {
    for kind in BOTH {
        let (repo, store) = repository();
        let mut settings = Settings::default();
        settings.limits.target_bytes = 2;
        let mut client = kind.client_with(&repo, &store, settings, now);
        assert_target_refused(client.lookup("alice/x"), "alice/x", Fault::TooLarge { limit: 2 });
        assert!(repo.take_log().iter().all(|path| path.starts_with("metadata/")));
    }
}

#[test]
fn a267_a_page_in_the_place_of_every_file_is_malformed_and_changes_nothing() {
    let page = b"<!doctype html><title>Log in to the network</title>";
    for kind in BOTH {
        let (repo, store) = repository();
        let before = store.files();
        for path in repo.files().keys() {
            repo.serve(path, page);
        }
        let fault = Fault::Malformed(Malformed { offset: 0, reason: "the document is not an object".to_owned() });
        // Least of all does it mean that there is no newer root.
        assert_refused(kind.client(&repo, &store).refresh(), "root", fault);
        repo.assert_log(&["metadata/2.root.json"]);
        assert_eq!(store.files(), before);
        for path in repo.files().keys() {
            repo.lift(path);
        }
        assert_eq!(kind.client(&repo, &store).target("alice/x").length(), 3);
    }
}

#[test]
fn a268_one_budget_covers_all_roles_of_an_update_and_its_lookups() {
    for kind in BOTH {
        let (repo, _) = repository();
        let roles = ["root", "timestamp", "snapshot", "targets", "alice"];
        let lengths = roles.map(|role| repo.file(&repo.path(role)).len() as u64);
        for (at, role) in roles.into_iter().enumerate() {
            let needed: u64 = lengths[..=at].iter().sum();
            let with = |update_bytes| {
                let mut settings = Settings::default();
                settings.limits.update_bytes = update_bytes;
                kind.client_with(&repo, MemoryStore::new(), settings, now).lookup("alice/x")
            };
            assert_refused(with(needed - 1), role, Fault::UpdateBudget { limit: needed - 1 });
            // Enough for this one; the next one is refused, if there is one.
            match roles.get(at + 1) {
                Some(next) => assert_refused(with(needed), next, Fault::UpdateBudget { limit: needed }),
                None => assert!(with(needed).is_ok()),
            }
        }
    }
}

/// Serves one target from nowhere, and looks at the file it is written to.
struct Streamed {
    rest: SimTransport,
    length: u64,
    directory: PathBuf,
    most_unwritten: Arc<AtomicU64>,
}

enum Body {
    Target { left: u64, length: u64, directory: PathBuf, most_unwritten: Arc<AtomicU64> },
    Other(<SimTransport as Transport>::Body),
}

impl Transport for Streamed {
    type Body = Body;

    fn fetch(&self, url: &str) -> Result<Fetched<Body>, TransportError> {
        if url.contains("/targets/") {
            return Ok(Fetched::Body(Body::Target {
                left: self.length,
                length: self.length,
                directory: self.directory.clone(),
                most_unwritten: Arc::clone(&self.most_unwritten),
            }));
        }
        Ok(match Transport::fetch(&self.rest, url)? {
            Fetched::Body(body) => Fetched::Body(Body::Other(body)),
            Fetched::NotFound => Fetched::NotFound,
            Fetched::Forbidden => Fetched::Forbidden,
        })
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Other(body) => body.read(buffer),
            Self::Target { left, length, directory, most_unwritten } => {
                let written: u64 =
                    std::fs::read_dir(directory)?.map(|file| file.unwrap().metadata().unwrap().len()).sum();
                most_unwritten.fetch_max(*length - *left - written, Ordering::Relaxed);
                let count = buffer.len().min(usize::try_from(*left).unwrap());
                buffer[..count].fill(b'a');
                *left -= count as u64;
                Ok(count)
            }
        }
    }
}

fn streaming_client(
    repo: &Repository,
    length: u64,
    directory: &Path,
) -> (Client<Streamed, MemoryStore>, Arc<AtomicU64>) {
    let most_unwritten = Arc::new(AtomicU64::new(0));
    let transport = Streamed {
        rest: repo.transport(),
        length,
        directory: directory.to_owned(),
        most_unwritten: Arc::clone(&most_unwritten),
    };
    let config = tufgate::Repository::new(repo.root_file(1), repo.metadata_base(), repo.targets_base());
    (Client::new(config, transport, MemoryStore::new()).with_clock(now), most_unwritten)
}

#[test]
fn a265_a_target_is_hashed_and_written_as_it_comes() {
    let length = 12_000_000;
    let dir = tempfile::tempdir().unwrap();
    let mut repo = Repository::new();
    let bytes = vec![b'a'; usize::try_from(length).unwrap()];
    repo.add_target("targets", "big", &bytes);
    repo.publish();
    let (mut client, most_unwritten) = streaming_client(&repo, length, dir.path());
    let info: TargetInfo = super::both::signed(client.lookup(&tufgate::TargetPath::new("big").unwrap()));
    let destination = dir.path().join("big");
    let mut progress = Vec::new();
    let downloaded = client.download_with(&info, &destination, |received| {
        // The name does not appear before all of it was approved.
        assert!(!destination.exists());
        progress.push(received);
    });
    assert!(matches!(downloaded, Ok(Downloaded::Fetched(_))));
    assert!(progress.len() > 10 && progress.is_sorted() && progress.last() == Some(&length), "{progress:?}");
    assert!(most_unwritten.load(Ordering::Relaxed) <= 1 << 20, "{most_unwritten:?} bytes were held back");
    assert_eq!(std::fs::read(&destination).unwrap(), bytes);
}
