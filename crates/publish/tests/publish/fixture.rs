//! A repository with keys in memory, distributions to put into it, and a client that looks at it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::Ed25519KeyPair;
use tempfile::TempDir;
use tufgate::{BaseUrl, Client, FileTransport, MemoryStore, TargetPath};
use tufgate_publish::bins::BinLayout;
use tufgate_publish::document::{Authority, TopLevel};
use tufgate_publish::index::IndexUpdate;
use tufgate_publish::init::{Authorities, init};
use tufgate_publish::keys::SigningKey;
use tufgate_publish::{Published, Repository, Result, Settings};

pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// 2027-01-15T08:00:00Z.
pub(crate) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

pub(crate) fn key(seed: u8) -> Arc<SigningKey> {
    Arc::new(SigningKey::new(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()).unwrap())
}

pub(crate) fn keys(seeds: impl IntoIterator<Item = u8>) -> Vec<Arc<SigningKey>> {
    seeds.into_iter().map(key).collect()
}

pub(crate) fn authority(seeds: &[u8], threshold: u64) -> Authority {
    Authority { keys: seeds.iter().map(|seed| key(*seed).public().clone()).collect(), threshold }
}

/// Root is 1 to 3, targets 4 to 6, bins 7 to 9, the online key 10.
pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) ring: Vec<Arc<SigningKey>>,
}

impl Fixture {
    pub(crate) fn new(settings: Settings) -> Self {
        let fixture = Self { folder: TempDir::new().unwrap(), ring: keys(1..=30) };
        let online = authority(&[10], 1);
        let top_level = TopLevel {
            root: authority(&[1, 2, 3], 2),
            timestamp: online.clone(),
            snapshot: online.clone(),
            targets: authority(&[4, 5, 6], 2),
        };
        let authorities = Authorities { top_level, bins: authority(&[7, 8, 9], 2), bin_n: online };
        init(&fixture.path(), &settings, &authorities, &fixture.ring, now()).unwrap();
        fixture
    }

    pub(crate) fn with_bins(bins: u32, layout: BinLayout) -> Self {
        Self::new(Settings { bins, layout, ..Settings::default() })
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    pub(crate) fn open(&self) -> Repository {
        Repository::open(&self.path()).unwrap()
    }

    /// Publishes distributions at a time.
    pub(crate) fn add(&self, files: &[PathBuf], at: SystemTime) -> Result<Option<Published>> {
        let repository = self.open();
        let mut update = IndexUpdate::new(&repository, at)?;
        for file in files {
            update.add(file)?;
        }
        let update = update.finish()?;
        if update.is_empty() { Ok(None) } else { update.commit(&self.ring).map(Some) }
    }

    /// A wheel in a folder beside the repository.
    pub(crate) fn wheel(&self, name: &str, version: &str, body: &str) -> PathBuf {
        let path = self.folder.path().join(format!("{name}-{version}-py3-none-any.whl"));
        let mut archive = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        let options = zip::write::SimpleFileOptions::default();
        let metadata =
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: >=3.8\n\nReadme\n");
        for (member, text) in
            [(format!("{name}.py"), body), (format!("{name}-{version}.dist-info/METADATA"), &metadata)]
        {
            archive.start_file(member, options).unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
        archive.finish().unwrap();
        path
    }

    /// Somebody who pinned the first root, at a time.
    pub(crate) fn client(&self, at: SystemTime) -> Client<FileTransport, MemoryStore> {
        client(&self.path(), at)
    }

    /// Whether a client finds targets at a time.
    pub(crate) fn finds(&self, path: &str, at: SystemTime) -> bool {
        let found = self.client(at).lookup(&TargetPath::new(path).unwrap()).unwrap();
        matches!(found, tufgate::Found::Signed(_))
    }

    /// All files of the repository, by path below it.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files_of(&self.path())
    }
}

pub(crate) fn client(path: &Path, at: SystemTime) -> Client<FileTransport, MemoryStore> {
    let base = |folder: &str| BaseUrl::from_directory(&path.canonicalize().unwrap().join(folder)).unwrap();
    let root = fs::read(path.join("root.json")).unwrap();
    let repository = tufgate::Repository::new(root, base("metadata"), base("targets"));
    Client::new(repository, FileTransport::new(), MemoryStore::new()).with_clock(move || at)
}

pub(crate) fn files_of(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}

/// A target of these bytes, as a role lists it.
pub(crate) fn entry(bytes: &[u8]) -> serde_json::Value {
    let mut hasher = tufgate::Hasher::new([tufgate::HashAlgorithm::Sha256]);
    hasher.update(bytes);
    tufgate_publish::document::target_entry(hasher.length(), &hasher.finish())
}
