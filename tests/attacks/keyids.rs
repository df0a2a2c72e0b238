//! A keyid is an opaque name inside the one document that lists it (TUF-1.0.34 §4.2).

use std::fs;

use tufgate::{Client, FileStore, Found, Repository as Config, TargetPath};

use super::machine::{Machine, assert_malformed, assert_signed, too_few};
use crate::simulator::{Delegation, Key, Repository, assert_refused, now};

#[test]
fn a007_a_keyid_need_not_be_the_hash_of_the_key() {
    let mut repo = Repository::new();
    for role in ["root", "timestamp", "snapshot", "targets"] {
        repo.rotate(role, [Key::named(role).with_keyid(&format!("key of {role}"))]);
    }
    repo.delegate("targets", Delegation::to("alice").keys([Key::named("alice").with_keyid("0")]).paths(["alice/*"]));
    repo.add_target("alice", "alice/x", b"bytes");
    repo.publish();
    for machine in Machine::each() {
        assert_signed(machine.lookup(&repo, "alice/x"));
    }
}

/// One file cannot redefine what a keyid means in another.
#[test]
fn a007_a009_a_keyid_means_what_the_delegating_document_says() {
    let (carol, mallory) = (Key::named("carol").with_keyid("k"), Key::named("mallory").with_keyid("k"));
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
    repo.delegate("targets", Delegation::to("carol").keys([carol.clone()]).paths(["carol/*"]));
    repo.delegate("alice", Delegation::to("bob").keys([mallory.clone()]).paths(["alice/*"]));
    repo.add_target("bob", "alice/x", b"bytes");
    repo.add_target("carol", "carol/x", b"bytes");
    repo.publish();
    let config = Config::new(repo.root_file(1), repo.metadata_base(), repo.targets_base());
    let mut client = Client::new(config, repo.transport(), tufgate::MemoryStore::new()).with_clock(now);
    let mut lookup = |path: &str| client.lookup(&TargetPath::new(path).unwrap());
    assert_signed(lookup("alice/x"));
    assert_signed(lookup("carol/x"));

    // Mallory, whom alice calls `k`, signs for carol, whom targets calls `k`. The session has seen both.
    repo.role_mut("carol").sign_with([mallory]);
    repo.bump("carol");
    repo.publish();
    client.refresh().unwrap();
    let mut lookup = |path: &str| client.lookup(&TargetPath::new(path).unwrap());
    assert_signed(lookup("alice/x"));
    assert_refused(lookup("carol/x"), "carol", too_few("targets", 0, 1));
    repo.role_mut("carol").sign_with([carol]);
    repo.bump("carol");
    repo.publish();
    client.refresh().unwrap();
    assert_signed(client.lookup(&TargetPath::new("carol/x").unwrap()));
}

#[test]
fn a009_a_delegate_cannot_redeclare_a_key_of_root() {
    for top in ["root", "timestamp", "snapshot", "targets"] {
        let stolen = Key::named("mallory").with_keyid(&Key::named(top).keyid());
        let mut repo = Repository::new();
        repo.delegate("targets", Delegation::to("alice").keys([stolen.clone()]).paths(["alice/*"]));
        repo.delegate("alice", Delegation::to("bob").keys([stolen.clone()]).paths(["alice/*"]));
        repo.add_target("bob", "alice/x", b"bytes");
        repo.publish();
        for machine in Machine::each() {
            let mut repo = repo.fork();
            assert_signed(machine.lookup(&repo, "alice/x"));
            let kept = machine.kept();
            repo.bump(top);
            repo.role_mut(top).sign_with([stolen.clone()]);
            repo.publish();
            assert_refused(machine.lookup(&repo, "alice/x"), top, too_few("root", 0, 1));
            for entry in ["root.json", &format!("{top}.json")] {
                assert_eq!(machine.kept().get(entry), kept.get(entry));
            }
        }
    }
}

const NO_KEYID: &str = "a keyid is not 1 to 128 printable ASCII characters";

#[test]
fn a008_a_keyid_is_1_to_128_printable_ascii_characters() {
    let long = "k".repeat(129);
    let longest = "k".repeat(128);
    for keyid in ["", "a\n", "\u{1b}[2J", "a\u{0}", "\u{7f}", "é", "\u{202e}", &long] {
        let mut repo = Repository::new();
        repo.root.signed["keys"][keyid] = Key::named("x").public_json();
        repo.publish();
        let machine = Machine::new();
        assert_malformed(machine.run(&repo, &repo.root_file(1)), "root", NO_KEYID);
        assert_eq!(machine.names(), [""; 0]);

        let mut repo = Repository::new();
        repo.delegations("targets")["keys"][keyid] = Key::named("x").public_json();
        repo.publish();
        assert_malformed(machine.run(&repo, &repo.root_file(1)), "targets", NO_KEYID);
    }
    for keyid in ["../../x", "/etc/passwd", "C:\\x", "a b", "__proto__", &longest] {
        let key = Key::named("k").with_keyid(keyid);
        let mut repo = Repository::new();
        repo.rotate("timestamp", [key]);
        repo.publish();
        Machine::new().run(&repo, &repo.root_file(1)).unwrap();
    }
}

#[test]
fn a008_a_keyid_of_a_megabyte_is_refused_where_it_names_a_key_and_skipped_where_it_names_none() {
    let huge = "k".repeat(1 << 20);
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("alice").paths(["alice/*"]));
    repo.add_target("alice", "alice/x", b"bytes");
    repo.delegation("targets", "alice")["keyids"].as_array_mut().unwrap().push(huge.clone().into());
    repo.targets.extra_signatures.push(crate::simulator::signature(&huge, "00"));
    repo.publish();
    assert_signed(Machine::new().lookup(&repo, "alice/x"));
    repo.delegations("targets")["keys"][&huge] = Key::named("x").public_json();
    repo.publish();
    assert_malformed(Machine::new().lookup(&repo, "alice/x"), "targets", NO_KEYID);
}

#[test]
fn a008_no_file_or_address_is_named_by_a_keyid() {
    let mut repo = Repository::new();
    for role in ["timestamp", "snapshot", "targets"] {
        repo.rotate(role, [Key::named(role).with_keyid(&format!("../../{role}"))]);
    }
    repo.delegate("targets", Delegation::to("alice").keys([Key::named("a").with_keyid("../alice")]).paths(["*"]));
    repo.add_target("alice", "x", b"bytes");
    repo.publish();
    let temp = tempfile::tempdir().unwrap();
    let store = FileStore::open(temp.path().join("a/b")).unwrap();
    let found = super::client(&repo, store).lookup(&TargetPath::new("x").unwrap()).unwrap();
    assert!(matches!(found, Found::Signed(_)));
    repo.assert_log(&[
        "metadata/2.root.json",
        "metadata/3.root.json",
        "metadata/timestamp.json",
        "metadata/2.snapshot.json",
        "metadata/2.targets.json",
        "metadata/1.alice.json",
    ]);
    let names = |dir: &str| {
        let entries = fs::read_dir(temp.path().join(dir)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!((names(""), names("a")), (vec!["a".to_owned()], vec!["b".to_owned()]));
    let kept = [
        ".lock",
        "delegated.alice.json",
        "floors",
        "root.json",
        "root_history",
        "snapshot.json",
        "targets.json",
        "timestamp.json",
    ];
    assert_eq!(names("a/b"), kept);
}
