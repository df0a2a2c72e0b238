//! The destination of a download: only what was approved ever stands there, and nothing else is touched.

use std::fs;
use std::path::Path;

use tufgate::error::{Error, Fault, StoreFault};
use tufgate::{Downloaded, MemoryStore, TargetInfo};

use super::both::{AnyClient, BOTH, Kind, async_client, signed};
use crate::simulator::{Repository, assert_target_refused, hash, poll_times, target_path};

fn repository() -> (Repository, String) {
    let mut repo = Repository::new();
    repo.add_target("targets", "a/x.whl", b"wheel");
    repo.publish();
    (repo, target_path("a/x.whl", Some(&hash("sha256", b"wheel"))))
}

fn ready(kind: Kind, repo: &Repository) -> (AnyClient<MemoryStore>, TargetInfo) {
    let mut client = kind.client(repo, MemoryStore::new());
    let info = client.target("a/x.whl");
    repo.take_log();
    (client, info)
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a180_a290_nothing_is_handed_out_before_all_of_it_was_verified() {
    let (repo, path) = repository();
    for kind in BOTH {
        let dir = tempfile::tempdir().unwrap();
        let destination = dir.path().join("x.whl");
        let (client, info) = ready(kind, &repo);
        for start in [None, Some("old")] {
            if let Some(old) = start {
                fs::write(&destination, old).unwrap();
            }
            let before = fs::read(&destination).ok();
            for wrong in ["", "whee", "wheel!", "Wheel", "leehw"] {
                repo.serve(&path, wrong);
                let fault = match info.verifier().read_all(&mut wrong.as_bytes()).unwrap() {
                    Err(error) => error.fault,
                    Ok(approved) => panic!("{wrong:?} is approved: {approved:?}"),
                };
                assert_target_refused(client.read(&info), "a/x.whl", fault.clone());
                assert_target_refused(client.download(&info, &destination), "a/x.whl", fault);
                assert_eq!(fs::read(&destination).ok(), before, "{wrong:?}");
                assert_eq!(names(dir.path()).len(), usize::from(before.is_some()));
            }
        }
        repo.lift(&path);
        let downloaded = client.download(&info, &destination).unwrap();
        assert_eq!(downloaded.approved().info(), &info);
        assert_eq!((fs::read(&destination).unwrap(), names(dir.path()).len()), (b"wheel".to_vec(), 1));
    }
}

#[test]
fn a180_a290_only_the_exact_bytes_are_approved_in_pieces_of_any_size() {
    let (repo, _) = repository();
    let (_, info) = ready(Kind::Blocking, &repo);
    for size in 1..=6 {
        let mut verifier = info.verifier();
        b"wheel".chunks(size).for_each(|piece| verifier.update(piece).unwrap());
        assert_eq!(verifier.finish().unwrap().info(), &info);
        let mut verifier = info.verifier();
        b"wheel".chunks(size).for_each(|piece| verifier.update(piece).unwrap());
        let fault = Fault::Length { expected: 5, found: 6 };
        assert_target_refused(verifier.update(b"!"), "a/x.whl", fault);
    }
}

#[test]
fn a228_a_file_that_is_there_is_verified_in_full_each_time() {
    let (repo, path) = repository();
    for kind in BOTH {
        let dir = tempfile::tempdir().unwrap();
        let destination = dir.path().join("x.whl");
        let (client, info) = ready(kind, &repo);
        assert!(matches!(client.download(&info, &destination), Ok(Downloaded::Fetched(_))));
        repo.assert_log(&[&path]);
        assert!(matches!(client.download(&info, &destination), Ok(Downloaded::Present(_))));
        repo.assert_log(&[]);
        for changed in ["Wheel", "wheeL", "whee", "wheel!", ""] {
            fs::write(&destination, changed).unwrap();
            assert!(matches!(client.download(&info, &destination), Ok(Downloaded::Fetched(_))), "{changed:?}");
            repo.assert_log(&[&path]);
            assert_eq!(fs::read(&destination).unwrap(), b"wheel");
        }
    }
}

#[test]
fn a227_a288_a_download_that_is_dropped_anywhere_leaves_nothing_behind() {
    let (repo, _) = repository();
    let dir = tempfile::tempdir().unwrap();
    let destination = dir.path().join("x.whl");
    let mut client = async_client(&repo, MemoryStore::new());
    let info = signed(crate::simulator::block_on(client.lookup(&tufgate::TargetPath::new("a/x.whl").unwrap())));
    let mut polls = 0;
    while poll_times(client.download(&info, &destination), polls).is_none() {
        assert_eq!(names(dir.path()), [""; 0], "after {polls} polls");
        polls += 1;
    }
    // Before the request, before the piece, before the end.
    assert_eq!((polls, names(dir.path())), (4, vec!["x.whl".to_owned()]));
}

#[test]
fn a249_a_destination_that_cannot_be_written_is_the_stores_fault_and_touches_nothing() {
    let (repo, _) = repository();
    for kind in BOTH {
        let dir = tempfile::tempdir().unwrap();
        let (client, info) = ready(kind, &repo);
        fs::create_dir(dir.path().join("taken")).unwrap();
        for destination in ["taken", "missing/x.whl", ".."] {
            match client.download(&info, &dir.path().join(destination)).unwrap_err() {
                Error::Store(error) => assert_eq!(error.fault, StoreFault::Write, "{destination}"),
                other => panic!("{destination}: {other}"),
            }
            assert_eq!(names(dir.path()), ["taken"]);
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a224_a_link_at_the_destination_is_replaced_and_never_followed() {
        let (repo, _) = repository();
        for kind in BOTH {
            let dir = tempfile::tempdir().unwrap();
            let (destination, other) = (dir.path().join("x.whl"), dir.path().join("other"));
            // Also where it leads to the right bytes: what it leads to can be exchanged later.
            for content in ["other", "wheel"] {
                let (client, info) = ready(kind, &repo);
                let _ = fs::remove_file(&destination);
                fs::write(&other, content).unwrap();
                symlink(&other, &destination).unwrap();
                assert!(matches!(client.download(&info, &destination), Ok(Downloaded::Fetched(_))));
                assert!(fs::symlink_metadata(&destination).unwrap().is_file());
                assert_eq!(fs::read(&destination).unwrap(), b"wheel");
                assert_eq!(fs::read(&other).unwrap(), content.as_bytes());
            }
            fs::remove_file(&destination).unwrap();
            symlink(dir.path().join("nowhere"), &destination).unwrap();
            let (client, info) = ready(kind, &repo);
            client.download(&info, &destination).unwrap();
            assert_eq!(names(dir.path()), ["other", "x.whl"]);
        }
    }

    #[test]
    fn a225_a_fifo_at_the_destination_is_replaced_and_never_opened() {
        let (repo, _) = repository();
        for kind in BOTH {
            let dir = tempfile::tempdir().unwrap();
            let destination = dir.path().join("x.whl");
            assert!(std::process::Command::new("mkfifo").arg(&destination).status().unwrap().success());
            let (client, info) = ready(kind, &repo);
            client.download(&info, &destination).unwrap();
            assert!(fs::symlink_metadata(&destination).unwrap().is_file());
            assert_eq!(fs::read(&destination).unwrap(), b"wheel");
        }
    }

    #[test]
    fn a225_the_other_name_of_a_hard_link_keeps_its_content() {
        let (repo, _) = repository();
        for kind in BOTH {
            let dir = tempfile::tempdir().unwrap();
            let (destination, other) = (dir.path().join("x.whl"), dir.path().join("other"));
            fs::write(&other, "other").unwrap();
            fs::hard_link(&other, &destination).unwrap();
            let (client, info) = ready(kind, &repo);
            client.download(&info, &destination).unwrap();
            assert_eq!(fs::read(&destination).unwrap(), b"wheel");
            assert_eq!(fs::read(&other).unwrap(), b"other");
        }
    }
}
