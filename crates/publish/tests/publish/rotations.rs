//! New keys, without a moment that clients refuse.

use tufgate_publish::bins::BinLayout;
use tufgate_publish::document::Authority;
use tufgate_publish::rotate::{Role, authority_of, rotate};

use crate::fixture::{Fixture, authority, keys, now};

const PATH: &str = "packages/demo-1.0-py3-none-any.whl";

fn fixture(layout: BinLayout) -> Fixture {
    let fixture = Fixture::with_bins(4, layout);
    fixture.add(&[fixture.wheel("demo", "1.0", "x = 1")], now()).unwrap();
    fixture
}

#[test]
fn each_role_gets_new_keys_and_goes_on_without_the_old_ones() {
    for (role, new, old, ring) in [
        (Role::Root, authority(&[11, 12], 2), vec![1, 2, 3], vec![10, 11, 12]),
        (Role::Targets, authority(&[11, 12], 2), vec![4, 5, 6], vec![10]),
        (Role::Bins, authority(&[11, 12], 2), vec![7, 8, 9], vec![10]),
        (Role::BinN, authority(&[11], 1), vec![], vec![10, 11]),
        (Role::Snapshot, authority(&[11], 1), vec![], vec![10, 11]),
        (Role::Timestamp, authority(&[11], 1), vec![], vec![10, 11]),
        (Role::Online, authority(&[11], 1), vec![10], vec![11]),
    ] {
        let fixture = fixture(BinLayout::Prefixes);
        let repository = fixture.open();
        let rotated = rotate(&repository, role, &new, false, &fixture.ring, now()).unwrap();
        drop(repository);
        let is_root = !matches!(role, Role::Bins | Role::BinN);
        assert_eq!(rotated.root, is_root.then_some(2), "{role}");
        assert_eq!(authority_of(&fixture.open(), role).unwrap(), new, "{role}");
        assert!(fixture.finds(PATH, now()), "{role}");

        // The next change is signed by the new keys, with the old ones nowhere.
        let ring: Vec<_> = keys(ring)
            .into_iter()
            .filter(|key| !keys(old.clone()).iter().any(|old| old.public() == key.public()))
            .collect();
        let repository = fixture.open();
        let mut update = tufgate_publish::index::IndexUpdate::new(&repository, now()).unwrap();
        update.add(&fixture.wheel("demo", "2.0", "x = 2")).unwrap();
        update.finish().unwrap().commit(&ring).unwrap();
        assert!(fixture.finds("packages/demo-2.0-py3-none-any.whl", now()), "{role}");
    }
}

#[test]
fn succinct_bins_get_a_new_key_too() {
    let fixture = fixture(BinLayout::Succinct);
    rotate(&fixture.open(), Role::Online, &authority(&[11], 1), false, &fixture.ring, now()).unwrap();
    assert!(fixture.finds(PATH, now()));
    let error = rotate(&fixture.open(), Role::Bins, &authority(&[11], 1), false, &fixture.ring, now()).unwrap_err();
    assert_eq!(error.to_string(), "succinct bins have no role `bins`");
}

#[test]
fn before_the_new_root_is_there_clients_accept_what_both_keys_signed() {
    let fixture = fixture(BinLayout::Prefixes);
    rotate(&fixture.open(), Role::Online, &authority(&[11], 1), false, &fixture.ring, now()).unwrap();
    std::fs::remove_file(fixture.path().join("metadata/2.root.json")).unwrap();
    assert!(fixture.finds(PATH, now()));
}

#[test]
fn a_root_needs_the_old_threshold() {
    let fixture = fixture(BinLayout::Prefixes);
    let before = fixture.files();
    let error = rotate(&fixture.open(), Role::Root, &authority(&[11, 12], 2), false, &keys([1, 10, 11, 12]), now())
        .unwrap_err();
    assert_eq!(error.to_string(), "`root` needs 2 of its 3 keys, and 1 is at hand");
    assert_eq!(fixture.files(), before);
}

#[test]
fn a_root_with_the_same_keys_lives_for_another_year() {
    let fixture = fixture(BinLayout::Prefixes);
    let same: Authority = authority_of(&fixture.open(), Role::Root).unwrap();
    let later = now() + 300 * crate::fixture::DAY;
    let rotated = rotate(&fixture.open(), Role::Root, &same, false, &fixture.ring, later).unwrap();
    assert_eq!((rotated.root, rotated.published), (Some(2), None));
    let root = fixture.open().root().unwrap();
    assert_eq!(root.expires(), Some(later + 365 * crate::fixture::DAY));
}
