//! What `tufgate-publish` writes, as tough reads it. Each of its limits is asserted, so that one that falls is noticed:
//! it knows no succinct roles, and of hashes it knows SHA-256 alone and wants it. The hash in the name of a target is
//! looked for where the specification puts it, which is not where tough looks by itself.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::signature::Ed25519KeyPair;
use tempfile::TempDir;
use tufgate::{Hasher, TargetPath};
use tufgate_interop::tough_reads;
use tufgate_publish::bins::BinLayout;
use tufgate_publish::document::{Authority, TopLevel, target_entry};
use tufgate_publish::init::{Authorities, init};
use tufgate_publish::keys::SigningKey;
use tufgate_publish::rotate::{Role, rotate};
use tufgate_publish::update::places;
use tufgate_publish::{Repository, Settings, Update};

const PATH: &str = "packages/demo-1.0.tar.gz";
const BYTES: &[u8] = b"what is published";

/// tough goes by the clock of the machine.
#[allow(clippy::disallowed_methods)]
fn now() -> SystemTime {
    SystemTime::now() - Duration::from_secs(60)
}

fn keys() -> Vec<Arc<SigningKey>> {
    let pair = |seed: u8| Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    (1..=9).map(|seed| Arc::new(SigningKey::new(pair(seed)).unwrap())).collect()
}

fn authority(keys: &[Arc<SigningKey>], threshold: u64) -> Authority {
    Authority::of(keys.iter().map(|key| key.public()), threshold)
}

/// A repository with one target.
fn published(settings: Settings) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("repo");
    let ring = keys();
    let (offline, online) = (authority(ring.get(..3).unwrap(), 2), authority(ring.get(3..4).unwrap(), 1));
    let top_level = TopLevel {
        root: offline.clone(),
        timestamp: online.clone(),
        snapshot: online.clone(),
        targets: offline.clone(),
    };
    let authorities = Authorities { top_level, bins: offline, bin_n: online };
    init(&path, &settings, &authorities, &ring, now()).unwrap();
    let repository = Repository::open(&path).unwrap();
    let mut update = Update::new(&repository, now());
    let mut hasher = Hasher::new(settings.algorithms().unwrap());
    hasher.update(BYTES);
    let digests = hasher.finish();
    let target = TargetPath::new(PATH).unwrap();
    for place in places(&target, &digests, false) {
        let mut file = update.new_file().unwrap();
        std::io::Write::write_all(&mut file, BYTES).unwrap();
        update.store_file(&place, file).unwrap();
    }
    update.list(&target, target_entry(BYTES.len() as u64, &digests)).unwrap();
    update.commit(&ring).unwrap();
    drop(repository);
    (folder, path)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(tough_reads(path, PATH)).unwrap()
}

fn settings() -> Settings {
    Settings { bins: 4, ..Settings::default() }
}

#[test]
fn tough_reads_what_is_published_and_follows_new_keys() {
    let (_folder, path) = published(settings());
    assert_eq!(read(&path), Ok(Some(BYTES.to_vec())));
    for (role, new) in [(Role::Online, 4..5), (Role::Targets, 5..7), (Role::Bins, 5..7), (Role::Root, 6..8)] {
        let new = authority(keys().get(new).unwrap(), 1);
        rotate(&Repository::open(&path).unwrap(), role, &new, false, &keys(), now()).unwrap();
        assert_eq!(read(&path), Ok(Some(BYTES.to_vec())), "{role}");
    }
}

#[test]
fn tough_refuses_what_was_changed_by_one_byte() {
    for (file, reason) in [
        ("metadata/timestamp.json", "Timestamp: signatures"),
        ("metadata/2.snapshot.json", "2.snapshot.json: hash"),
        ("metadata/1.targets.json", "1.targets.json: hash"),
        ("metadata/1.bins.json", "1.bins.json: hash"),
    ] {
        let (_folder, path) = published(settings());
        let place = path.join(file);
        let text = fs::read_to_string(&place).unwrap();
        let (before, after) = text.rsplit_once("\"expires\":\"20").unwrap();
        fs::write(&place, format!("{before}\"expires\":\"21{after}")).unwrap();
        let error = read(&path).unwrap_err();
        assert!(error.eq_ignore_ascii_case(reason), "{file}: {error}");
    }
    let (_folder, path) = published(settings());
    let target = fs::read_dir(path.join("targets/packages")).unwrap().next().unwrap().unwrap().path();
    fs::write(target, b"what is Published").unwrap();
    assert!(read(&path).unwrap_err().contains("hash"));
}

#[test]
fn tough_reads_several_hashes_where_sha256_is_among_them() {
    let hashes =
        |names: &[&str]| Settings { hashes: names.iter().map(|name| (*name).to_owned()).collect(), ..settings() };
    let (_folder, path) = published(hashes(&["sha256", "sha512", "blake2b-256"]));
    assert_eq!(read(&path), Ok(Some(BYTES.to_vec())));
    let (_folder, path) = published(hashes(&["blake2b-256"]));
    assert!(read(&path).is_err());
}

#[test]
fn tough_does_not_know_succinct_roles() {
    let (_folder, path) = published(Settings { layout: BinLayout::Succinct, ..settings() });
    assert!(read(&path).is_err());
}
