//! Signing again what expires soon.

use std::time::Duration;

use tufgate_publish::bins::BinLayout;
use tufgate_publish::renew::renew;

use crate::fixture::{DAY, Fixture, keys, now};

const HOUR: Duration = Duration::from_secs(60 * 60);

#[test]
fn what_has_half_of_its_life_left_is_not_signed_again() {
    let fixture = Fixture::with_bins(4, BinLayout::Prefixes);
    let before = fixture.files();
    let renewed = renew(&fixture.open(), &keys([10]), None, now() + 12 * HOUR).unwrap();
    assert_eq!((renewed.published, renewed.waiting), (None, vec![]));
    assert_eq!(fixture.files(), before);
}

#[test]
fn the_online_key_alone_keeps_a_repository_alive_and_twice_is_once() {
    for layout in [BinLayout::Prefixes, BinLayout::Succinct] {
        let fixture = Fixture::with_bins(4, layout);
        let later = now() + 13 * HOUR;
        let published = renew(&fixture.open(), &keys([10]), None, later).unwrap().published.unwrap();
        assert_eq!((published.roles.len(), published.snapshot, published.timestamp), (4, 2, 2));
        let before = fixture.files();
        assert_eq!(renew(&fixture.open(), &keys([10]), None, later).unwrap().published, None);
        assert_eq!(fixture.files(), before);
        assert!(fixture.client(now() + 36 * HOUR).refresh().is_ok());
    }
}

#[test]
fn a_repository_that_expired_lives_again() {
    let fixture = Fixture::with_bins(4, BinLayout::Prefixes);
    let later = now() + 100 * DAY;
    assert!(fixture.client(later).refresh().is_err());
    renew(&fixture.open(), &keys([10]), None, later).unwrap();
    assert!(fixture.client(later).refresh().is_ok());
}

#[test]
fn where_only_the_timestamp_is_due_the_snapshot_stays() {
    let settings = tufgate_publish::Settings {
        bins: 2,
        days: tufgate_publish::settings::Days { bin_n: 30, snapshot: 30, ..Default::default() },
        ..Default::default()
    };
    let fixture = Fixture::new(settings);
    let published = renew(&fixture.open(), &keys([10]), None, now() + 13 * HOUR).unwrap().published.unwrap();
    assert_eq!((published.roles.len(), published.snapshot, published.timestamp), (0, 1, 2));
    assert!(fixture.client(now() + 30 * HOUR).refresh().is_ok());
}

#[test]
fn offline_roles_are_signed_again_where_their_keys_are_at_hand() {
    let fixture = Fixture::with_bins(2, BinLayout::Prefixes);
    let later = now() + 340 * DAY;
    let renewed = renew(&fixture.open(), &fixture.ring, None, later).unwrap();
    assert_eq!(renewed.published.unwrap().roles, ["00-7f", "80-ff", "bins", "targets"]);
    assert_eq!(renewed.waiting, [("root".to_owned(), now() + 365 * DAY)]);
}
