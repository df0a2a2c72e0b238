//! A change becomes visible whole or not at all.

use std::fs;

use tufgate::TargetPath;
use tufgate_publish::bins::BinLayout;
use tufgate_publish::{Error, Repository, Settings, Update};

use crate::fixture::{DAY, Fixture, entry, keys, now};

fn path(text: &str) -> TargetPath {
    TargetPath::new(text).unwrap()
}

#[test]
fn a_new_repository_is_one_that_clients_load() {
    for layout in [BinLayout::Prefixes, BinLayout::Succinct] {
        let fixture = Fixture::with_bins(4, layout);
        let mut client = fixture.client(now());
        let session = client.refresh().unwrap();
        assert_eq!((session.root().version(), session.timestamp().version()), (1, 1));
        assert!(!fixture.finds("packages/a", now()));
    }
}

#[test]
fn listing_a_target_signs_its_bin_snapshot_and_timestamp_alone() {
    let fixture = Fixture::with_bins(16, BinLayout::Prefixes);
    let before = fixture.files();
    let repository = fixture.open();
    let mut update = Update::new(&repository, now());
    // SHA-256 of "a" begins with ca.
    update.list(&path("a"), entry(b"abc")).unwrap();
    let published = update.commit(&keys([10])).unwrap();
    assert_eq!((published.roles, published.snapshot, published.timestamp), (vec!["c0-cf".to_owned()], 2, 2));
    let new: Vec<_> = fixture.files().into_iter().filter(|(name, bytes)| before.get(name) != Some(bytes)).collect();
    let names: Vec<_> = new.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["metadata/2.c0-cf.json", "metadata/2.snapshot.json", "metadata/timestamp.json"]);
}

#[test]
fn members_that_are_not_known_stay_in_what_is_signed() {
    let fixture = Fixture::with_bins(2, BinLayout::Succinct);
    let list = |text: &str, listed| {
        let repository = fixture.open();
        let mut update = Update::new(&repository, now());
        update.list(&path(text), listed).unwrap();
        update.commit(&fixture.ring).unwrap();
    };
    let mut with_custom = entry(b"abc");
    with_custom["custom"] = serde_json::json!({"x": [1, "é"]});
    list("a", with_custom);
    // SHA-256 of "b" begins with 3e, that of "d" with 18: another bin than "a", then the same one.
    list("c", entry(b"abcd"));
    let bins = fixture
        .files()
        .into_iter()
        .filter(|(_, bytes)| String::from_utf8_lossy(bytes).contains(r#""custom":{"x":[1,"é"]}"#));
    assert!(bins.count() >= 1);
}

#[test]
fn a_second_publisher_is_kept_away_until_the_first_is_done() {
    let fixture = Fixture::with_bins(2, BinLayout::Prefixes);
    let first = fixture.open();
    let error = Repository::open(&fixture.path()).unwrap_err();
    assert_eq!(error.to_string(), format!("another process publishes to {}", fixture.path().display()));
    assert!(Repository::open_to_read(&fixture.path()).is_ok());
    drop(first);
    assert!(Repository::open(&fixture.path()).is_ok());
}

#[test]
fn without_the_online_key_nothing_is_written() {
    let fixture = Fixture::with_bins(2, BinLayout::Prefixes);
    let before = fixture.files();
    let repository = fixture.open();
    let mut update = Update::new(&repository, now());
    update.list(&path("a"), entry(b"abc")).unwrap();
    let error = update.commit(&keys([1, 2, 3])).unwrap_err();
    assert_eq!(error.to_string(), "`80-ff` needs 1 of its 1 keys, and 0 are at hand");
    assert!(error.help().contains(fixture.ring[9].public().id()), "{}", error.help());
    assert_eq!(fixture.files(), before);
}

#[test]
fn a_bin_that_was_changed_on_the_disk_is_not_signed_again() {
    let fixture = Fixture::with_bins(2, BinLayout::Prefixes);
    let bin = fixture.path().join("metadata/1.80-ff.json");
    let text = fs::read_to_string(&bin)
        .unwrap()
        .replace("\"targets\":{}", "\"targets\":{\"evil\":{\"hashes\":{\"sha256\":\"00\"},\"length\":1}}");
    fs::write(&bin, text).unwrap();
    let before = fixture.files();
    let repository = fixture.open();
    let mut update = Update::new(&repository, now());
    let error = update.list(&path("a"), entry(b"abc")).unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }), "{error}");
    drop(update);
    assert_eq!(fixture.files(), before);
}

#[test]
fn after_an_offline_role_expired_nothing_is_published_that_clients_would_refuse() {
    let fixture = Fixture::new(Settings { bins: 2, ..Settings::default() });
    let before = fixture.files();
    let repository = fixture.open();
    let mut update = Update::new(&repository, now() + 366 * DAY);
    update.list(&path("a"), entry(b"abc")).unwrap();
    let error = update.commit(&fixture.ring).unwrap_err();
    assert_eq!(error.to_string(), "`root` expired at 2028-01-15T08:00:00Z");
    assert_eq!(fixture.files(), before);
}

#[test]
fn a_folder_with_something_in_it_does_not_become_a_repository() {
    let fixture = Fixture::with_bins(2, BinLayout::Prefixes);
    let before = fixture.files();
    let repository = fixture.open();
    let top_level = repository.root().unwrap().top_level().unwrap();
    let authorities = tufgate_publish::init::Authorities {
        bins: top_level.targets.clone(),
        bin_n: top_level.timestamp.clone(),
        top_level,
    };
    let error = tufgate_publish::init::init(&fixture.path(), &Settings::default(), &authorities, &fixture.ring, now())
        .unwrap_err();
    assert_eq!(error.to_string(), format!("{} is not empty", fixture.path().display()));
    assert_eq!(fixture.files(), before);
}

#[test]
fn what_a_killed_run_left_behind_is_cleared_away() {
    let fixture = Fixture::with_bins(2, BinLayout::Prefixes);
    let stale = fixture.path().join(".publish-abc.tmp");
    fs::write(&stale, b"half").unwrap();
    drop(Repository::open_to_read(&fixture.path()).unwrap());
    assert!(stale.exists());
    drop(fixture.open());
    assert!(!stale.exists());
}

#[test]
fn a_key_signs_under_the_id_that_metadata_lists_it_by() {
    use tufgate_publish::document::{Authority, TopLevel};
    use tufgate_publish::keys::PublicKey;
    let folder = tempfile::TempDir::new().unwrap();
    let key = keys([1]);
    let listed =
        Authority { keys: vec![PublicKey::listed("any name", key[0].public().object().clone())], threshold: 1 };
    let top_level =
        TopLevel { root: listed.clone(), timestamp: listed.clone(), snapshot: listed.clone(), targets: listed.clone() };
    let authorities = tufgate_publish::init::Authorities { top_level, bins: listed.clone(), bin_n: listed };
    let path = folder.path().join("repo");
    tufgate_publish::init::init(&path, &Settings { bins: 2, ..Settings::default() }, &authorities, &key, now())
        .unwrap();
    assert!(crate::fixture::client(&path, now()).refresh().is_ok());
    assert!(fs::read_to_string(path.join("metadata/timestamp.json")).unwrap().contains(r#""keyid":"any name""#));
}
