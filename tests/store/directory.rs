//! Which directory a repository gets.

use std::collections::BTreeSet;
use std::path::Path;

use tufgate::FileStore;

fn directory(name: &str, identity: &[&[u8]]) -> String {
    let path = FileStore::directory_for(Path::new("state"), name, identity);
    path.strip_prefix("state").unwrap().to_str().unwrap().to_owned()
}

#[test]
fn the_directory_of_a_repository_stays_the_same_in_every_release() {
    // SHA-256 over each part, after its length as eight bytes, big-endian. To change this would forget all floors.
    assert_eq!(directory("pypi", &[b"https://index.example/metadata/"]), "pypi-3c4611aa8db4cdb6");
    assert_eq!(directory("pypi", &[b"https://index.example/metadata/", b"root"]), "pypi-5b64125d5d1c2e47");
}

#[test]
fn a230_no_repository_name_leaves_the_state_directory() {
    for (name, readable) in [
        ("pypi", "pypi"),
        ("PyPI.org", "pypi-org"),
        ("../x", "x"),
        ("/etc/x", "etc-x"),
        ("..", "repository"),
        ("", "repository"),
        ("C:\\x", "c-x"),
        ("con.x", "con-x"),
        ("-rf", "rf"),
        ("a\0b", "a-b"),
        ("é", "repository"),
    ] {
        let directory = directory(name, &[b"identity"]);
        let (found, hash) = directory.rsplit_once('-').unwrap();
        assert_eq!(found, readable, "{name:?}");
        assert!(hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{directory}");
    }
    assert_eq!(directory(&"x".repeat(5000), &[]).len(), 40 + 1 + 16);
}

#[test]
fn a242_two_repositories_never_share_a_directory() {
    let (url, root) = (b"https://a/".as_slice(), b"root 1".as_slice());
    let directories: BTreeSet<String> = [
        directory("a", &[url, root]),
        directory("a", &[b"https://b/", root]),
        directory("a", &[url, b"root 2"]),
        directory("a", &[b"https://a", b"/root 1"]),
        directory("a", &[root, url]),
        directory("a", &[url]),
        directory("a", &[url, root, b""]),
        directory("a", &[]),
        directory("A", &[url, root]),
        directory("a.", &[url, root]),
    ]
    .into();
    assert_eq!(directories.len(), 10);
}
