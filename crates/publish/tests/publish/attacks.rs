//! Entries of the list of attacks that a publisher answers.

use std::fs;

use tufgate::{BaseUrl, Client, FileTransport, MemoryStore};
use tufgate_publish::Update;
use tufgate_publish::bins::BinLayout;
use tufgate_publish::check::{Severity, check};
use tufgate_publish::renew::renew;
use tufgate_publish::rotate::{Role, refuse_other_bins, rotate};

use crate::fixture::{DAY, Fixture, authority, entry, files_of, keys, now};

#[test]
fn a157_the_number_of_bins_cannot_change_in_place() {
    let fixture = Fixture::with_bins(4, BinLayout::Prefixes);
    let path = fixture.path().join("publish.toml");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("bins = 4", "bins = 8")).unwrap();
    let reason = format!(
        "{}: the bins that are published are not those of `bins` and `layout`; their number cannot be changed, since \
         clients refuse a snapshot that lacks a role it had (TUF-1.0.34 §5.5.5)",
        path.display()
    );
    assert_eq!(refuse_other_bins(&fixture.open()).unwrap_err().to_string(), reason);
    let report = check(&fixture.open(), now()).unwrap();
    assert_eq!((report.findings[0].severity, &report.findings[0].reason), (Severity::Error, &reason));
    // Nor is anything put into bins that do not answer for it.
    let before = fixture.files();
    let repository = fixture.open();
    let mut update = Update::new(&repository, now());
    let path = tufgate::TargetPath::new("a").unwrap();
    assert!(update.list(&path, entry(b"x")).is_err());
    drop(update);
    assert_eq!(fixture.files(), before);
}

#[test]
fn a175_the_next_root_recovers_a_client_from_a_stolen_online_key_without_a_new_pin() {
    let fixture = Fixture::with_bins(2, BinLayout::Prefixes);
    fixture.add(&[fixture.wheel("demo", "1.0", "x = 1")], now()).unwrap();

    // Who has the online key signs versions far ahead, and a client follows.
    let forged = fixture.folder.path().join("forged");
    for (name, bytes) in files_of(&fixture.path()) {
        fs::create_dir_all(forged.join(&name).parent().unwrap()).unwrap();
        fs::write(forged.join(&name), bytes).unwrap();
    }
    for _ in 0..50 {
        let repository = tufgate_publish::Repository::open(&forged).unwrap();
        let mut update = Update::new(&repository, now());
        update.renew_snapshot();
        update.commit(&keys([10])).unwrap();
    }
    let store = MemoryStore::new();
    let refresh = |path: &std::path::Path| {
        let base = |folder: &str| BaseUrl::from_directory(&path.canonicalize().unwrap().join(folder)).unwrap();
        let root = fs::read(fixture.path().join("root.json")).unwrap();
        let repository = tufgate::Repository::new(root, base("metadata"), base("targets"));
        let mut client = Client::new(repository, FileTransport::new(), &store).with_clock(now);
        client.refresh().map(|session| (session.timestamp().version(), session.snapshot().version()))
    };
    assert_eq!(refresh(&forged).unwrap(), (52, 52));
    assert!(refresh(&fixture.path()).is_err());

    rotate(&fixture.open(), Role::Online, &authority(&[11], 1), true, &fixture.ring, now()).unwrap();
    assert_eq!(refresh(&fixture.path()).unwrap(), (3, 3));
    assert!(fixture.finds("packages/demo-1.0-py3-none-any.whl", now()));
    let signed = fs::read_to_string(fixture.path().join("metadata/timestamp.json")).unwrap();
    assert!(!signed.contains(keys([10])[0].public().id()));
}

#[test]
fn a176_the_holders_of_offline_keys_are_told_a_month_ahead() {
    let fixture = Fixture::with_bins(2, BinLayout::Prefixes);
    let told = |days: u32| -> Vec<String> {
        let at = now() + days * DAY;
        let waiting = renew(&fixture.open(), &keys([10]), None, at).unwrap().waiting;
        let report = check(&fixture.open(), at).unwrap();
        let warned: Vec<_> = report.findings.into_iter().filter(|one| one.severity == Severity::Warning).collect();
        let mut roles: Vec<_> = waiting.into_iter().map(|(role, _)| role).collect();
        roles.sort_unstable();
        let mut warned_roles: Vec<_> = warned.iter().map(|one| one.what.clone()).collect();
        warned_roles.sort_unstable();
        assert_eq!(roles, warned_roles, "after {days} days");
        roles
    };
    assert_eq!(told(334), [] as [&str; 0]);
    assert_eq!(told(336), ["bins", "root", "targets"]);
}
