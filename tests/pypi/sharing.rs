//! Many questions at once: what is asked of the repository, and how often.

use std::sync::Barrier;

use tufgate::error::TransportFault;
use tufgate::pypi::ProjectName;

use super::{NAME, ask, index, page, pep458, signed, stored};
use crate::simulator::{ORIGIN, Repository};

const THREADS: usize = 32;

/// The answers of many threads that begin together.
fn from_many_threads<R: Send>(work: impl Fn() -> R + Sync) -> Vec<R> {
    let together = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        let run = || {
            together.wait();
            work()
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn a177_many_threads_that_need_one_page_fetch_it_once() {
    let repo = index();
    ask(&repo, &pep458(), |index| {
        let found = from_many_threads(|| signed(index.file(NAME, &[]).unwrap()).bound_by);
        assert!(found.iter().all(|path| *path == found[0]));
    });
    assert_eq!(repo.take_log().len(), 1);
}

#[test]
fn a177_a_page_that_fails_costs_one_request_and_each_thread_is_told_the_same() {
    let repo = index();
    let at = repo.files().keys().find(|path| path.ends_with(".index.json")).unwrap().clone();
    repo.fail(&at, TransportFault::Connect);
    ask(&repo, &pep458(), |index| {
        let errors = from_many_threads(|| index.file(NAME, &[]).unwrap_err().to_string());
        assert!(errors.iter().all(|error| error.starts_with(&format!("{ORIGIN}{at}: "))), "{errors:?}");
    });
    repo.assert_log(&[&at]);
}

#[test]
fn a253_only_so_many_pages_are_kept_and_the_oldest_goes_first() {
    let mut repo = Repository::new();
    for number in 0..129 {
        repo.add_target("targets", &format!("simple/p{number}/index.json"), &page(&[]));
    }
    repo.publish();
    let name = |number: usize| ProjectName::new(&format!("p{number}")).unwrap();
    let at = |number: usize| stored(&format!("simple/p{number}/index.json"), &page(&[]));
    ask(&repo, &pep458(), |index| {
        for number in 0..129 {
            index.page(&name(number)).unwrap();
        }
        repo.take_log();
        for number in [128, 1, 64] {
            index.page(&name(number)).unwrap();
        }
        repo.assert_log(&[]);
        index.page(&name(0)).unwrap();
        repo.assert_log(&[&at(0)]);
    });
}
