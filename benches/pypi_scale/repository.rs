//! Makes a repository of PyPI's size: all of `snapshot` and `bins`, and those of the bins that the scenarios reach.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

const BINS: usize = 16_384;
const TARGETS: usize = 1_000_000;
/// Of the targets that are listed beside.
const SMALL_BYTES: usize = 10_000;
const LARGE_BYTES: usize = 100 << 20;
const EXPIRES: &str = "2036-01-01T00:00:00Z";

/// Writes `root.json`, `metadata/`, `targets/` and the list of targets that are there: one of so many bytes in each of
/// the first bins, as many as are to be reached, and a large one.
pub(crate) fn make(dir: &Path, reached: usize, bytes: usize) {
    let (metadata, targets) = (dir.join("metadata"), dir.join("targets/packages"));
    fs::create_dir_all(&metadata).expect("a directory");
    fs::create_dir_all(&targets).expect("a directory");
    let offline = Key::new(1);
    let online = Key::new(2);
    let keys = json!({ (offline.id.clone()): offline.public, (online.id.clone()): online.public });
    let role = |key: &Key| json!({ "keyids": [key.id], "threshold": 1 });
    let root = offline.sign(&json!({
        "_type": "root", "spec_version": "1.0.34", "version": 1, "expires": EXPIRES, "consistent_snapshot": true,
        "keys": keys,
        "roles": { "root": role(&offline), "targets": role(&offline), "snapshot": role(&online), "timestamp": role(&online) },
    }));
    fs::write(dir.join("root.json"), root).expect("root");

    let bin_keys = json!({ (online.id.clone()): online.public });
    let all_digits: Vec<Value> = (0..16).map(|digit| json!(format!("{digit:x}"))).collect();
    let top = json!({ "_type": "targets", "spec_version": "1.0.34", "version": 1, "expires": EXPIRES, "targets": {},
        "delegations": { "keys": { (offline.id.clone()): offline.public }, "roles": [{ "name": "bins",
            "keyids": [offline.id], "threshold": 1, "terminating": true, "path_hash_prefixes": all_digits }] } });
    fs::write(metadata.join("1.targets.json"), offline.sign(&top)).expect("targets");
    let roles: Vec<Value> = (0..BINS)
        .map(|bin| {
            let prefixes: Vec<String> = (0..4).map(|low| format!("{:04x}", bin * 4 + low)).collect();
            json!({ "name": bin_name(bin), "keyids": [online.id], "threshold": 1, "terminating": true,
                "path_hash_prefixes": prefixes })
        })
        .collect();
    let bins = json!({ "_type": "targets", "spec_version": "1.0.34", "version": 1, "expires": EXPIRES, "targets": {},
        "delegations": { "keys": bin_keys, "roles": roles } });
    fs::write(metadata.join("1.bins.json"), offline.sign(&bins)).expect("bins");

    let mut meta: BTreeMap<String, Value> =
        ["targets.json", "bins.json"].map(|n| (n.to_owned(), json!({"version": 1}))).into();
    meta.extend((0..BINS).map(|bin| (format!("{}.json", bin_name(bin)), json!({ "version": 1 }))));
    let snapshot = online.sign(&json!({ "_type": "snapshot", "spec_version": "1.0.34", "version": 1,
        "expires": EXPIRES, "meta": meta }));
    let timestamp = online.sign(&json!({ "_type": "timestamp", "spec_version": "1.0.34", "version": 1,
        "expires": EXPIRES, "meta": { "snapshot.json": { "version": 1, "length": snapshot.len(),
            "hashes": { "sha256": hex(digest(&SHA256, &snapshot).as_ref()) } } } }));
    fs::write(metadata.join("1.snapshot.json"), snapshot).expect("snapshot");
    fs::write(metadata.join("timestamp.json"), timestamp).expect("timestamp");

    let large = vec![b'x'; LARGE_BYTES];
    let mut paths: Vec<String> = Vec::new();
    for (bin, listed) in reached_bins(reached) {
        let mut signed = serde_json::Map::new();
        for (at, path) in listed.iter().enumerate() {
            let content = if path == "packages/large.bin" {
                large.clone()
            } else {
                content(path, if at == 0 { bytes } else { SMALL_BYTES })
            };
            let sha256 = hex(digest(&SHA256, &content).as_ref());
            signed.insert(path.clone(), json!({ "length": content.len(), "hashes": { "sha256": sha256 } }));
            let name = path.rsplit('/').next().expect("a name");
            if at == 0 && path != "packages/large.bin" {
                paths.push(path.clone());
            }
            if at == 0 || path == "packages/large.bin" {
                fs::write(targets.join(format!("{sha256}.{name}")), &content).expect("a target");
            }
        }
        let role = json!({ "_type": "targets", "spec_version": "1.0.34", "version": 1, "expires": EXPIRES, "targets": signed });
        fs::write(metadata.join(format!("1.{}.json", bin_name(bin))), online.sign(&role)).expect("a bin");
    }
    fs::write(dir.join("large.bin"), large).expect("the large target");
    fs::write(dir.join("paths.txt"), paths.join("\n")).expect("the list");
}

fn bin_name(bin: usize) -> String {
    format!("bin-{bin:04x}")
}

/// All targets sorted into their bins; the first bins, and the one of the large target, are kept.
fn reached_bins(reached: usize) -> BTreeMap<usize, Vec<String>> {
    let mut bins: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let large = "packages/large.bin".to_owned();
    let large_bin = bin_of(&large);
    for number in 0..TARGETS {
        let path = format!("packages/example_distribution_{number}-1.0.0-py3-none-any.whl");
        let bin = bin_of(&path);
        if bin < reached || bin == large_bin {
            bins.entry(bin).or_default().push(path);
        }
    }
    bins.entry(large_bin).or_default().push(large);
    bins
}

fn bin_of(path: &str) -> usize {
    let hash = digest(&SHA256, path.as_bytes());
    let bytes = hash.as_ref();
    (usize::from(bytes[0]) << 8 | usize::from(bytes[1])) >> 2
}

/// Bytes that differ from file to file.
fn content(path: &str, bytes: usize) -> Vec<u8> {
    path.bytes().cycle().take(bytes).collect()
}

struct Key {
    pair: Ed25519KeyPair,
    public: Value,
    id: String,
}

impl Key {
    fn new(seed: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a seed");
        let public = json!({ "keytype": "ed25519", "scheme": "ed25519",
            "keyval": { "public": hex(pair.public_key().as_ref()) } });
        let id = hex(digest(&SHA256, public.to_string().as_bytes()).as_ref());
        Self { pair, public, id }
    }

    /// The signed document. Without floats and control characters, what `serde_json` writes of a sorted map is canonical.
    fn sign(&self, signed: &Value) -> Vec<u8> {
        let text = signed.to_string();
        let sig = hex(self.pair.sign(text.as_bytes()).as_ref());
        format!("{{\"signatures\":[{{\"keyid\":\"{}\",\"sig\":\"{sig}\"}}],\"signed\":{text}}}", self.id).into_bytes()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
