//! An index page and the file it links to, of one run: they come from one snapshot, or not at all (PEP 458 "Cleaning up
//! old metadata").

use tufgate::error::{Error, Fault, TransportFault};
use tufgate::{Client, Notice, TargetPath};

use super::both::{AnyClient, NEXT_ROOT, TIMESTAMP, for_both, signed, versions};
use super::client;
use super::shelf::Shelf;
use crate::simulator::{
    Answer, Delegation, Files, Repository, SimTransport, assert_target_refused, assert_transport, hash, target_path,
};

const PAGE: &str = "simple/a/index.html";
const FILE: &str = "packages/a.whl";

/// A page that `targets` signs for and a file that `alice` signs for, of the first release.
fn repository() -> Repository {
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("alice").paths(["packages/*"]));
    release(&mut repo, 1);
    repo
}

/// The next release of both.
fn release(repo: &mut Repository, number: u32) {
    repo.add_target("targets", PAGE, page(number).as_bytes());
    repo.add_target("alice", FILE, file(number).as_bytes());
    repo.publish();
}

fn page(number: u32) -> String {
    format!("page {number}")
}

fn file(number: u32) -> String {
    format!("file {number}")
}

fn both_of(number: u32) -> Vec<Vec<u8>> {
    vec![page(number).into_bytes(), file(number).into_bytes()]
}

fn address(path: &str, content: &str) -> String {
    target_path(path, Some(&hash("sha256", content.as_bytes())))
}

/// All that is served, without these.
fn without(repo: &Repository, gone: &[&str]) -> Files {
    let mut files = repo.files();
    for path in gone {
        assert!(files.remove(*path).is_some(), "{path}");
    }
    files
}

fn read_both(client: &mut Client<SimTransport, &Shelf>) -> Result<Vec<Vec<u8>>, Error> {
    let paths = [PAGE, FILE].map(|path| TargetPath::new(path).unwrap());
    client.consistently(|client| {
        let infos = paths.iter().map(|path| Ok(signed(Ok(client.search(path)?))));
        infos.map(|info: Result<_, Error>| client.read(&info?)).collect()
    })
}

#[test]
fn a161_a_release_between_page_and_file_begins_the_run_again_and_both_come_from_one_snapshot() {
    let (page_1, file_1) = (address(PAGE, &page(1)), address(FILE, &file(1)));
    let alice_1 = "metadata/1.alice.json";
    // The release cleans up the metadata of the one before, or its files, or both.
    for (gone, asked) in [
        (vec![alice_1], vec![alice_1]),
        (vec![&page_1, &file_1], vec![alice_1, &file_1]),
        (vec![alice_1, &page_1, &file_1], vec![alice_1]),
    ] {
        let mut repo = repository();
        let first = repo.files();
        release(&mut repo, 2);
        let second = without(&repo, &gone);
        repo.go_back_to(&first);
        repo.switch_after(&page_1, &second);
        repo.take_log();
        let shelf = Shelf::new();
        let mut client = client(&repo, &shelf);
        assert_eq!(read_both(&mut client).unwrap(), both_of(2));
        let mut log = vec![NEXT_ROOT, TIMESTAMP, "metadata/2.snapshot.json", "metadata/2.targets.json", &page_1];
        log.extend(asked);
        log.extend([NEXT_ROOT, TIMESTAMP, "metadata/3.snapshot.json", "metadata/3.targets.json"]);
        let (page_2, file_2) = (address(PAGE, &page(2)), address(FILE, &file(2)));
        log.extend([page_2.as_str(), "metadata/2.alice.json", &file_2]);
        repo.assert_log(&log);
        assert_eq!(versions(client.session().unwrap()), [1, 3, 3, 3]);
        let notice = Notice::BeganAgain { restarts: 1, limit: 2 };
        assert_eq!(client.session().unwrap().notices(), std::slice::from_ref(&notice));
        assert_eq!(
            notice.to_string(),
            "the repository changed while it was read; the run began again (1 of at most 2 times)"
        );
    }
}

#[test]
fn a161_a_release_that_leaves_the_old_files_does_not_disturb_the_run() {
    let mut repo = repository();
    let first = repo.files();
    release(&mut repo, 2);
    let second = repo.files();
    repo.go_back_to(&first);
    repo.switch_after(&address(PAGE, &page(1)), &second);
    let shelf = Shelf::new();
    let mut client = client(&repo, &shelf);
    assert_eq!(read_both(&mut client).unwrap(), both_of(1));
    assert_eq!(client.session().unwrap().notices(), []);
    // Another run of the same session, as long as it is valid, and of the next one.
    assert_eq!(read_both(&mut client).unwrap(), both_of(1));
    client.refresh().unwrap();
    assert_eq!(read_both(&mut client).unwrap(), both_of(2));
}

#[test]
fn a161_without_consistent_snapshots_a_file_that_was_replaced_begins_the_run_again() {
    let mut repo = repository();
    repo.consistent_snapshot(false);
    release(&mut repo, 2);
    let first = repo.files();
    release(&mut repo, 3);
    let second = repo.files();
    repo.go_back_to(&first);
    repo.switch_after("targets/simple/a/index.html", &second);
    let shelf = Shelf::new();
    let mut client = client(&repo, &shelf);
    assert_eq!(read_both(&mut client).unwrap(), both_of(3));
    assert_eq!(client.session().unwrap().notices(), [Notice::BeganAgain { restarts: 1, limit: 2 }]);
}

#[test]
fn a161_a_repository_that_moves_for_ever_ends_the_run_after_two_restarts() {
    let mut repo = repository();
    let timestamps: Vec<_> = (2..11)
        .map(|number| {
            release(&mut repo, number);
            repo.remove(&address(FILE, &file(number)));
            Answer::Bytes(repo.file(TIMESTAMP).into())
        })
        .collect();
    repo.answer(TIMESTAMP, timestamps);
    let shelf = Shelf::new();
    let mut client = client(&repo, &shelf);
    assert_target_refused(read_both(&mut client), FILE, Fault::Missing);
    let asked = repo.take_log().into_iter().filter(|path| path == TIMESTAMP).count();
    assert_eq!((asked, versions(client.session().unwrap())), (3, [1, 5, 5, 5]));
    assert_eq!(client.session().unwrap().notices(), [Notice::BeganAgain { restarts: 2, limit: 2 }]);
}

#[test]
fn a161_a_file_that_is_withheld_costs_one_look_for_a_newer_timestamp() {
    let repo = repository();
    let file = address(FILE, &file(1));
    repo.remove(&file);
    let shelf = Shelf::new();
    let mut client = client(&repo, &shelf);
    client.refresh().unwrap();
    repo.take_log();
    assert_target_refused(read_both(&mut client), FILE, Fault::Missing);
    repo.assert_log(&[&address(PAGE, &page(1)), "metadata/1.alice.json", &file, NEXT_ROOT, TIMESTAMP]);
    assert_eq!(client.session().unwrap().notices(), []);
}

#[test]
fn a161_only_what_a_newer_snapshot_can_cure_begins_a_run_again() {
    for_both(|kind| {
        let repo = repository();
        let (shelf, file) = (Shelf::new(), address(FILE, &file(1)));
        let mut client = kind.client(&repo, &shelf);
        client.refresh().unwrap();
        let info = signed(client.search(FILE));
        let overtaken =
            |client: &AnyClient<_>, error: Result<_, Error>| client.is_overtaken(&error.map(drop).unwrap_err());
        repo.remove(&file);
        assert!(overtaken(&client, client.read(&info)));
        // Nothing is known of a client that has no session.
        assert!(!overtaken(&kind.client(&repo, &shelf), client.read(&info)));
        repo.serve(&file, "another");
        assert!(overtaken(&client, client.read(&info)));
        repo.fail(&file, TransportFault::Connect);
        assert!(!overtaken(&client, client.read(&info)));

        for (spoil, expected) in [(Answer::NotFound, true), (Answer::Bytes((*b"{}").into()), false)] {
            repo.answer("metadata/1.alice.json", [spoil]);
            let mut client = kind.client(&repo, Shelf::new());
            client.refresh().unwrap();
            let error = client.search(FILE).unwrap_err();
            assert_eq!(client.is_overtaken(&error), expected, "{error}");
        }
    });
}

#[test]
fn a161_any_other_error_ends_the_run_at_once() {
    let repo = repository();
    let (shelf, file) = (Shelf::new(), address(FILE, &file(1)));
    let mut client = client(&repo, &shelf);
    client.refresh().unwrap();
    repo.fail(&file, TransportFault::Connect);
    repo.take_log();
    assert_transport(read_both(&mut client), &file, TransportFault::Connect);
    repo.assert_log(&[&address(PAGE, &page(1)), "metadata/1.alice.json", &file]);
}
