//! Local directories, and the transport that serves them besides another.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tufgate::error::TransportFault;
use tufgate::{AnyTransport, BaseUrl, FileTransport, RoleName, TargetPath};

use super::{Said, body, run, said, said_async};

fn directory() -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    fs::write(dir.path().join("1.root.json"), "root").unwrap();
    fs::write(dir.path().join("sub/a b#?%41ä.whl"), "wheel").unwrap();
    dir
}

fn url(dir: &Path, encoded: &str) -> String {
    BaseUrl::from_directory(dir).unwrap().join(encoded)
}

/// Both kinds of transport, which must agree.
fn fetch(url: &str) -> Said {
    let blocking = said(&FileTransport, url);
    assert_eq!(run(said_async(&FileTransport, url)), blocking);
    blocking
}

#[test]
fn a218_names_are_percent_decoded_once() {
    let dir = directory();
    let target = TargetPath::new("sub/a b#?%41ä.whl").unwrap();
    assert_eq!(fetch(&url(dir.path(), &target.url_path(None))), body("wheel"));
    assert_eq!(fetch(&url(dir.path(), "sub/a%20b%23%3FAä.whl")), Said::NotFound);
}

#[test]
fn a_file_longer_than_a_chunk_comes_whole() {
    let dir = directory();
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    fs::write(dir.path().join("long"), &bytes).unwrap();
    assert_eq!(fetch(&url(dir.path(), "long")), body(bytes));
}

#[test]
fn what_is_missing_is_absent() {
    let dir = directory();
    assert_eq!(fetch(&url(dir.path(), "2.root.json")), Said::NotFound);
    assert_eq!(fetch(&url(dir.path(), "1.root.json/below-a-file")), Said::NotFound);
}

#[test]
fn a220_nothing_decoded_is_more_than_a_name() {
    let dir = directory();
    for (encoded, reason) in [
        ("sub/../1.root.json", "a segment means another directory"),
        ("sub/%2e%2E/1.root.json", "a segment means another directory"),
        ("%2e/1.root.json", "a segment means another directory"),
        ("sub%2f..%2f1.root.json", "a segment has a separator in it"),
        ("1.root.json%00", "a segment has a separator in it"),
        ("%ff", "a segment is not UTF-8"),
        ("%4", "a `%` is not followed by two hexadecimal digits"),
        ("%+1", "a `%` is not followed by two hexadecimal digits"),
    ] {
        assert_eq!(fetch(&url(dir.path(), encoded)), Said::Error(TransportFault::Unsupported(reason)), "{encoded}");
    }
}

#[test]
fn a220_a_role_named_like_a_parent_directory_stays_below() {
    let dir = directory();
    let sub = dir.path().join("sub");
    let role = RoleName::new("../1.root").unwrap();
    assert_eq!(
        fetch(&url(&sub, &format!("{}.json", role.url_segment()))),
        Said::Error(TransportFault::Unsupported("a segment has a separator in it"))
    );
}

#[test]
fn only_file_addresses_are_local_files() {
    for address in ["https://repo.example/x", "file://host/x", "/etc/hostname"] {
        let reason = "only file:/// addresses are local files";
        assert_eq!(fetch(address), Said::Error(TransportFault::Unsupported(reason)), "{address}");
    }
}

#[test]
fn a_directory_is_an_error_not_an_absence() {
    assert_eq!(fetch(&url(directory().path(), "sub")), Said::Error(TransportFault::Read));
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_pipe_or_a_device_is_refused_without_waiting() {
        let dir = directory();
        assert!(Command::new("mkfifo").arg(dir.path().join("pipe")).status().unwrap().success());
        symlink("/dev/zero", dir.path().join("endless")).unwrap();
        symlink(dir.path().join("pipe"), dir.path().join("linked-pipe")).unwrap();
        for name in ["pipe", "endless", "linked-pipe"] {
            assert_eq!(fetch(&url(dir.path(), name)), Said::Error(TransportFault::Read), "{name}");
        }
    }

    #[test]
    fn links_are_followed_to_regular_files() {
        let dir = directory();
        symlink("1.root.json", dir.path().join("root.json")).unwrap();
        symlink("nowhere", dir.path().join("dangling.json")).unwrap();
        symlink("loop.json", dir.path().join("loop.json")).unwrap();
        assert_eq!(fetch(&url(dir.path(), "root.json")), body("root"));
        assert_eq!(fetch(&url(dir.path(), "dangling.json")), Said::NotFound);
        assert_eq!(fetch(&url(dir.path(), "loop.json")), Said::Error(TransportFault::Read));
    }
}

#[test]
fn offline_files_are_served_and_the_rest_is_refused() {
    let dir = directory();
    let offline = AnyTransport::<FileTransport>::offline();
    for address in ["https://repo.example/1.root.json", "http://repo.example/1.root.json"] {
        assert_eq!(said(&offline, address), Said::Error(TransportFault::Offline));
        assert_eq!(run(said_async(&offline, address)), Said::Error(TransportFault::Offline));
    }
    let local = url(dir.path(), "1.root.json");
    assert_eq!(said(&offline, &local), body("root"));
    assert_eq!(run(said_async(&offline, &local)), body("root"));
}
