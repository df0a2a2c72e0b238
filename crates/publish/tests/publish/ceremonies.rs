//! A root that several holders sign.

use tufgate_publish::Update;
use tufgate_publish::bins::BinLayout;
use tufgate_publish::ceremony::{Draft, changes};
use tufgate_publish::rotate::{next_root, publish_root};

use crate::fixture::{Fixture, authority, keys, now};

#[test]
fn holders_sign_copies_on_their_own_machines_and_the_union_is_published() {
    let fixture = Fixture::with_bins(2, BinLayout::Prefixes);
    let repository = fixture.open();
    let old = repository.root().unwrap().top_level().unwrap();
    let mut next = old.clone();
    next.root = authority(&[1, 2, 11], 2);
    let draft = Draft::new(next_root(&repository, &next, now()).unwrap()).write().unwrap();
    let sign = |seed: u8| {
        let mut copy = Draft::read(&draft).unwrap();
        assert_eq!(copy.sign(&keys([seed]), &old).unwrap(), [keys([seed])[0].public().id()]);
        Draft::read(&copy.write().unwrap()).unwrap()
    };
    let mut merged = sign(1);
    assert_eq!((merged.signatures_of(&old.root), merged.signatures_of(&next.root)), ((1, 2), (1, 2)));
    merged.merge(sign(11)).unwrap();
    assert_eq!((merged.signatures_of(&old.root), merged.signatures_of(&next.root)), ((1, 2), (2, 2)));

    let publish = |draft: &Draft| {
        let update = Update::new(&repository, now());
        publish_root(&repository, &draft.root, &draft.write().unwrap(), update, false, &keys([]))
    };
    let error = publish(&merged).unwrap_err();
    assert!(matches!(error, tufgate_publish::Error::Untrusted { .. }), "{error}");
    assert!(!fixture.path().join("metadata/2.root.json").exists());
    merged.merge(sign(2)).unwrap();
    publish(&merged).unwrap();
    assert_eq!(fixture.client(now()).refresh().unwrap().root().version(), 2);
}

#[test]
fn a_draft_of_another_root_is_not_merged() {
    let fixture = Fixture::with_bins(2, BinLayout::Prefixes);
    let repository = fixture.open();
    let mut next = repository.root().unwrap().top_level().unwrap();
    let mut one = Draft::new(next_root(&repository, &next, now()).unwrap());
    next.root.threshold = 1;
    let other = Draft::new(next_root(&repository, &next, now()).unwrap());
    assert_eq!(one.merge(other).unwrap_err().to_string(), "the drafts are not of the same root");
}

#[test]
fn a_holder_sees_what_changes() {
    let fixture = Fixture::with_bins(2, BinLayout::Prefixes);
    let old = fixture.open().root().unwrap().top_level().unwrap();
    let mut next = old.clone();
    next.root = authority(&[1, 2, 11], 3);
    let id = |seed: u8| keys([seed])[0].public().id().to_owned();
    let expected = [
        format!("root\tgains\t{}", id(11)),
        format!("root\tloses\t{}", id(3)),
        "root\tthreshold\t3 instead of 2".to_owned(),
    ];
    assert_eq!(changes(&old, &next), expected);
}
