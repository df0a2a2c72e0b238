//! RECORD: the files of a distribution, with their hashes (PEP 376, PEP 427, PEP 627).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tufgate::{Digest, HashAlgorithm};

pub(super) const MAX_RECORD: u64 = 64 << 20;

/// What a line says about its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed {
    Hash(Digest),
    /// No hash, or none that is strong enough to decide by.
    NoHash,
}

/// The lines by path, as it is spelled. A path twice with two hashes, a line without a path, or one that is not UTF-8 is
/// an error: its number.
pub(super) fn parse(bytes: &[u8]) -> Result<BTreeMap<String, Listed>, usize> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut lines = BTreeMap::new();
    for (index, line) in reader.records().enumerate() {
        let number = index.saturating_add(1);
        let line = line.map_err(|_| number)?;
        let path = line.get(0).filter(|path| !path.is_empty()).ok_or(number)?;
        let listed = line.get(1).unwrap_or_default();
        let listed = if listed.is_empty() { Listed::NoHash } else { listed_hash(listed).ok_or(number)? };
        if lines.insert(path.to_owned(), listed).is_some_and(|before| before != listed) {
            return Err(number);
        }
    }
    Ok(lines)
}

fn listed_hash(text: &str) -> Option<Listed> {
    let (algorithm, encoded) = text.split_once('=')?;
    let Some(algorithm) = HashAlgorithm::from_name(algorithm) else { return Some(Listed::NoHash) };
    let raw = URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?;
    Digest::from_bytes(algorithm, &raw).map(Listed::Hash)
}
