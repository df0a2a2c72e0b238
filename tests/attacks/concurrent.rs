//! Many searches at once in one session: each role costs one request, whoever needs it, and whatever becomes of it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::task::Poll;

use tufgate::error::{CallerError, Error, Fault, TransportFault};
use tufgate::{AnyTransport, AsyncClient, Client, FileStore, FileTransport, Found, MemoryStore, Settings, TargetPath};

use super::both::{BOTH, async_client, nobody_of, signed};
use super::shelf::Shelf;
use super::{client, client_with};
use crate::simulator::{Delegation, Key, Repository, SimTransport, assert_refused, assert_transport, block_on, now};

const THREADS: usize = 64;
const PATHS: usize = 200;

#[test]
fn a_client_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Client<AnyTransport<FileTransport>, FileStore>>();
    shared::<AsyncClient<AnyTransport<FileTransport>, FileStore>>();
    shared::<Client<SimTransport, MemoryStore>>();
    #[cfg(feature = "http")]
    {
        shared::<Client<AnyTransport<tufgate::HttpTransport>, FileStore>>();
        shared::<AsyncClient<AnyTransport<tufgate::AsyncHttpTransport>, FileStore>>();
    }
}

/// 200 files in 16 bins, and their paths. The log begins after the publishing.
fn binned() -> (Repository, Vec<TargetPath>) {
    let mut repo = Repository::new();
    repo.hash_bins(16);
    let paths: Vec<String> = (0..PATHS).map(|number| format!("packages/{number}.whl")).collect();
    let bins: BTreeSet<String> = paths.iter().map(|path| repo.add_binned_target("bins", path, b"x")).collect();
    assert_eq!(bins.len(), 16);
    repo.publish();
    (repo, paths.into_iter().map(|path| TargetPath::new(path).unwrap()).collect())
}

/// What is asked for once, however many searches there are.
fn every_role_once() -> Vec<String> {
    let mut log: Vec<String> = (0..16).map(|bin| format!("metadata/1.bin-{bin:x}.json")).collect();
    log.push("metadata/1.bins.json".to_owned());
    log.sort();
    log
}

/// Searches for all paths from many threads, which begin together; gives back the answers in the order of the paths.
fn search_all<R: Send>(paths: &[TargetPath], search: impl Fn(&TargetPath) -> R + Sync) -> Vec<R> {
    let (next, together) = (AtomicUsize::new(0), Barrier::new(THREADS));
    let work = || {
        let mut done = Vec::new();
        together.wait();
        while let Some((at, path)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            paths.get(at).map(|path| (at, path))
        } {
            done.push((at, search(path)));
        }
        done
    };
    let mut all: Vec<(usize, R)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, answer)| answer).collect()
}

fn sorted(mut log: Vec<String>) -> Vec<String> {
    log.sort();
    log
}

fn path_of(found: Result<Found, Error>) -> String {
    signed(found).path().to_string()
}

#[test]
fn a177_many_threads_ask_for_each_role_once() {
    let (repo, paths) = binned();
    let mut client = client(&repo, MemoryStore::new());
    client.refresh().unwrap();
    repo.take_log();
    let found = search_all(&paths, |path| path_of(client.search(path)));
    assert_eq!(found, paths.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(sorted(repo.take_log()), every_role_once());
    search_all(&paths, |path| path_of(client.search(path)));
    repo.assert_log(&[]);
}

#[test]
fn a177_a_session_that_keeps_little_in_memory_loads_from_the_store_and_asks_for_each_role_once() {
    let (repo, paths) = binned();
    let bin = repo.file("metadata/1.bin-0.json").len() as u64;
    for kept_bytes in [0, 1, bin * 3, bin * 8] {
        let mut settings = Settings::default();
        settings.limits.kept_bytes = kept_bytes;
        let mut client = client_with(&repo, repo.root_file(1), MemoryStore::new(), settings);
        client.refresh().unwrap();
        repo.take_log();
        for _ in 0..2 {
            let found = search_all(&paths, |path| path_of(client.search(path)));
            assert_eq!(found, paths.iter().map(ToString::to_string).collect::<Vec<_>>());
        }
        assert_eq!(sorted(repo.take_log()), every_role_once());
    }
}

#[test]
fn a177_the_requests_of_a_session_have_a_limit_and_what_was_verified_still_answers() {
    for kind in BOTH {
        let (repo, paths) = binned();
        let bin_of = |path: &TargetPath| repo.bin_of("bins", path.as_str());
        for limit in [0, 1, 5, 16, 17] {
            let mut settings = Settings::default();
            settings.limits.delegated_requests = limit;
            let mut client = kind.client_with(&repo, Shelf::new(), settings, now);
            client.refresh().unwrap();
            repo.take_log();
            let mut asked = BTreeSet::new();
            for path in paths.iter().chain(&paths) {
                let bin = bin_of(path);
                let found = client.search(path.as_str());
                // The first request is for `bins`.
                if limit == 0 {
                    assert_refused(found, "bins", Fault::RequestBudget { limit });
                } else if asked.contains(&bin) || asked.len() + 1 < limit as usize {
                    assert_eq!(path_of(found), path.to_string());
                    asked.insert(bin);
                } else {
                    let error = found.as_ref().unwrap_err().to_string();
                    assert_eq!(
                        error,
                        format!(
                            "role `{bin}`: the searches of this session asked for more than {limit} delegated roles"
                        )
                    );
                    assert_refused(found, &bin, Fault::RequestBudget { limit });
                }
            }
            assert_eq!(repo.take_log().len(), limit as usize);
            // Another session has its own budget, and the store what came before.
            client.refresh().unwrap();
            repo.take_log();
            if limit == 16 {
                assert!(paths.iter().all(|path| client.search(path.as_str()).is_ok()));
                assert_eq!(repo.take_log().len(), 1);
            }
        }
    }
}

#[test]
fn a177_the_default_budgets_allow_every_bin_of_a_large_index_with_sha512() {
    let limits = Settings::default().limits;
    let (bins, bytes_of_a_bin, other_roles) = (16_384, 55_000, 10_000_000);
    assert!(u64::from(limits.delegated_requests) > bins);
    assert!(limits.update_bytes > bins * bytes_of_a_bin + other_roles);
}

#[test]
fn a177_many_tasks_ask_for_each_role_once() {
    let (repo, paths) = binned();
    let mut client = async_client(&repo, MemoryStore::new());
    block_on(client.refresh()).unwrap();
    repo.take_log();
    let client = Arc::new(client);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let found: Vec<String> = runtime.block_on(async {
        let tasks: Vec<_> = paths
            .iter()
            .cloned()
            .map(|path| {
                let client = Arc::clone(&client);
                tokio::spawn(async move { path_of(client.search(&path).await) })
            })
            .collect();
        let mut found = Vec::new();
        for task in tasks {
            found.push(task.await.unwrap());
        }
        found
    });
    assert_eq!(found, paths.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(sorted(repo.take_log()), every_role_once());
}

#[test]
fn a177_a_search_that_is_dropped_anywhere_leaves_its_turn_to_the_next() {
    let (repo, paths) = binned();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let path = &paths[0];
    let dropped = (1..usize::MAX).take_while(|polls| {
        let mut client = async_client(&repo, MemoryStore::new());
        block_on(client.refresh()).unwrap();
        let client = Arc::new(client);
        runtime.block_on(async {
            let mut first = Box::pin(client.search(path));
            let second = {
                let (client, path) = (Arc::clone(&client), path.clone());
                tokio::spawn(async move { path_of(client.search(&path).await) })
            };
            let mut ended = false;
            for _ in 0..*polls {
                ended = std::future::poll_fn(|context| Poll::Ready(first.as_mut().poll(context).is_ready())).await;
                if ended {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(first);
            // It waits for a wake-up: nobody polls it besides.
            assert_eq!(second.await.unwrap(), path.to_string());
            !ended
        })
    });
    assert!(dropped.count() > 4);
}

#[test]
fn a177_a_role_that_fails_costs_one_request_and_each_search_is_told_the_same() {
    let (repo, paths) = binned();
    let mut client = client(&repo, MemoryStore::new());
    client.refresh().unwrap();
    let broken = repo.bin_of("bins", paths[0].as_str());
    let path = format!("metadata/1.{broken}.json");
    repo.fail(&path, TransportFault::Status(503));
    repo.take_log();
    let found = search_all(&paths, |path| client.search(path));
    let failed = found.iter().filter(|found| found.is_err()).count();
    let in_bin = paths.iter().filter(|path| repo.bin_of("bins", path.as_str()) == broken).count();
    assert_eq!((failed, in_bin > 5), (in_bin, true));
    for (found, asked) in found.into_iter().zip(&paths) {
        match repo.bin_of("bins", asked.as_str()) == broken {
            true => assert_transport(found, &path, TransportFault::Status(503)),
            false => assert_eq!(path_of(found), asked.to_string()),
        }
    }
    assert_eq!(sorted(repo.take_log()), every_role_once());

    // The server is well again: a search is told what this session knows, and a lookup or a refresh asks anew.
    repo.lift(&path);
    assert_transport(client.search(&paths[0]), &path, TransportFault::Status(503));
    repo.assert_log(&[]);
    client.refresh().unwrap();
    repo.take_log();
    assert_eq!(path_of(client.search(&paths[0])), paths[0].to_string());
    repo.assert_log(&[&path]);
}

#[test]
fn a177_a_lookup_asks_again_for_a_role_that_failed() {
    for kind in BOTH {
        let (repo, paths) = binned();
        let path = format!("metadata/1.{}.json", repo.bin_of("bins", paths[0].as_str()));
        let mut client = kind.client(&repo, Shelf::new());
        client.refresh().unwrap();
        repo.fail(&path, TransportFault::Connect);
        assert_transport(client.search(paths[0].as_str()), &path, TransportFault::Connect);
        repo.lift(&path);
        repo.take_log();
        assert_eq!(path_of(client.lookup(paths[0].as_str())), paths[0].to_string());
        assert_eq!(path_of(client.search(paths[0].as_str())), paths[0].to_string());
        repo.assert_log(&[&path]);
    }
}

#[test]
fn a177_a_role_that_fails_for_one_delegator_is_still_had_for_another() {
    for kind in BOTH {
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("mallory").paths(["m/*"]));
        repo.delegate("targets", Delegation::to("alice").paths(["a/*"]));
        repo.delegate("alice", Delegation::to("shared").paths(["a/*"]));
        // Names keys that never signed it.
        repo.delegate("mallory", Delegation::to("shared").paths(["m/*"]));
        repo.delegation("mallory", "shared")["keyids"] = serde_json::json!([Key::named("mallory").keyid()]);
        repo.add_target("shared", "a/x", b"x");
        repo.publish();
        let mut client = kind.client(&repo, Shelf::new());
        client.refresh().unwrap();
        let delegator = tufgate::RoleName::new("mallory").unwrap();
        for _ in 0..2 {
            let fault = Fault::Threshold { delegator: delegator.clone(), valid: 0, required: 1 };
            assert_refused(client.search("m/x"), "shared", fault);
            assert_eq!(path_of(client.search("a/x")), "a/x");
        }
        assert_eq!(repo.take_log().iter().filter(|path| path.ends_with(".shared.json")).count(), 2);
    }
}

#[test]
fn a_search_stays_in_its_session_and_needs_one() {
    for kind in BOTH {
        let mut repo = Repository::new();
        repo.add_target("targets", "a", b"a");
        repo.publish();
        let mut client = kind.client(&repo, Shelf::new());
        match client.search("a") {
            Err(Error::Caller(error @ CallerError::NotRefreshed)) => {
                assert_eq!(error.to_string(), "there is no session to search in: refresh first");
            }
            other => panic!("{other:?}"),
        }
        repo.take_log();
        client.refresh().unwrap();
        repo.add_target("targets", "b", b"b");
        repo.publish();
        repo.take_log();
        assert_eq!(path_of(client.search("a")), "a");
        assert!(matches!(client.search("b"), Ok(Found::Unsigned { .. })));
        repo.assert_log(&[]);
        assert_eq!(client.signer("b"), nobody_of(&["targets"]));
    }
}

#[test]
fn what_the_async_client_does_can_move_between_threads() {
    fn moves<T: Send>(_: T) {}
    let (repo, paths) = binned();
    let mut client = async_client(&repo, MemoryStore::new());
    moves(client.refresh());
    moves(client.lookup(&paths[0]));
    moves(client.search(&paths[0]));
}
