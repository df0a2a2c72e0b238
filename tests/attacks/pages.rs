//! Index pages: small targets that are read into memory, also from other places than their paths say.

use tufgate::error::{CallerError, Error, Fault};
use tufgate::{Entry, Settings};

use super::both::{for_both, signed};
use super::shelf::Shelf;
use crate::simulator::{Repository, assert_target_refused, hash, now, target_path};

const PAGE: &[u8] = b"<a href=x>x</a>";

/// `example` is the page of a project, stored below `example/` under its hash, as some indexes do.
fn repository() -> Repository {
    let mut repo = Repository::new();
    repo.add_target("targets", "example", PAGE);
    repo.publish();
    repo.remove(&target_path("example", Some(&hash("sha256", PAGE))));
    repo
}

#[test]
fn a180_a290_a_page_is_read_from_where_the_caller_says_and_verified_all_the_same() {
    for_both(|kind| {
        let repo = repository();
        let mut client = kind.client(&repo, Shelf::new());
        let info = client.target("example");
        for (at, asked) in [
            ("example/abc.example.html", "targets/example/abc.example.html"),
            ("a b/?q#%2e%2e/ä", "targets/a%20b/%3Fq%23%252e%252e/%C3%A4"),
        ] {
            repo.serve(asked, PAGE);
            repo.take_log();
            assert_eq!(client.read_at(&info, at).unwrap(), PAGE);
            repo.assert_log(&[asked]);
            repo.serve_endless(asked, PAGE);
            let length = PAGE.len() as u64;
            let fault = Fault::Length { expected: length, found: length + 1 };
            assert_target_refused(client.read_at(&info, at), "example", fault);
            repo.serve(asked, [PAGE, b"</html>"].concat().split_off(7));
            assert!(
                matches!(client.read_at(&info, at), Err(Error::Repository(e)) if matches!(e.fault, Fault::Hash { .. }))
            );
            repo.remove(asked);
            assert_target_refused(client.read_at(&info, at), "example", Fault::Missing);
        }
    });
}

#[test]
fn a213_a_page_is_not_read_from_outside_of_the_targets_address() {
    for_both(|kind| {
        let repo = repository();
        let mut client = kind.client(&repo, Shelf::new());
        let info = client.target("example");
        repo.take_log();
        for at in ["../metadata/root.json", "a/../../b", "/a", "", "a//b", "https://evil.example/a", "a\\b", "."] {
            match client.read_at(&info, at) {
                Err(Error::Caller(CallerError::TargetPath { path, .. })) => assert_eq!(path, at),
                other => panic!("{at}: {other:?}"),
            }
        }
        repo.assert_log(&[]);
    });
}

#[test]
fn a253_a_page_larger_than_the_limit_is_not_asked_for() {
    for_both(|kind| {
        let mut repo = Repository::new();
        repo.add_target("targets", "example", PAGE);
        repo.publish();
        let with = |page_bytes| {
            let mut settings = Settings::default();
            settings.limits.page_bytes = page_bytes;
            let mut client = kind.client_with(&repo, Shelf::new(), settings, now);
            let info = signed(client.lookup("example"));
            repo.take_log();
            (client, info)
        };
        let length = PAGE.len() as u64;
        let (client, info) = with(length);
        assert_eq!(client.read(&info).unwrap(), PAGE);
        let (client, info) = with(length - 1);
        assert_target_refused(client.read(&info), "example", Fault::TooLarge { limit: length - 1 });
        assert_target_refused(client.read_at(&info, "x"), "example", Fault::TooLarge { limit: length - 1 });
        repo.assert_log(&[]);
        // What is written to a disk has its own limit.
        let dir = tempfile::tempdir().unwrap();
        client.download(&info, &dir.path().join("example")).unwrap();
    });
}

#[test]
fn a_mirror_reads_the_verified_bytes_from_the_clients_store() {
    for_both(|kind| {
        let repo = repository();
        let mut client = kind.client(&repo, Shelf::new());
        client.refresh().unwrap();
        assert_eq!(client.store().bytes(&Entry::Snapshot).unwrap(), repo.file("metadata/2.snapshot.json"));
    });
}
