//! Keys and the sets of them that roles are given (TUF-1.0.34 §4.2, §4.3).

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::raw::{Object, Pairs, Str};
use crate::crypto::{KeyMaterial, PublicKey};
use crate::digest;
use crate::error::Malformed;
use crate::limits::Limits;

/// The longest keyid that is accepted, in bytes.
const MAX_KEYID_BYTES: usize = 128;

/// A public key as one document lists it. Whether it can verify anything is a matter of [`Key::inert_reason`].
#[derive(Debug, Clone)]
pub struct Key {
    keytype: String,
    scheme: String,
    pub(crate) public: PublicKey,
}

impl Key {
    /// `keytype` as listed, for example `ed25519`.
    #[must_use]
    pub fn keytype(&self) -> &str {
        &self.keytype
    }

    /// `scheme` as listed, for example `rsassa-pss-sha256`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Why the key can never verify anything; `None` for a usable key.
    #[must_use]
    pub fn inert_reason(&self) -> Option<&'static str> {
        self.public.inert_reason()
    }

    /// A key of an unknown shape is inert, not an error: a root that adds one must not stop older clients.
    fn from_json(raw: &RawValue) -> Self {
        #[derive(Deserialize)]
        struct RawKey<'a> {
            #[serde(borrow)]
            keytype: Str<'a>,
            #[serde(borrow)]
            scheme: Str<'a>,
            #[serde(borrow)]
            keyval: Object<RawKeyVal<'a>>,
        }
        #[derive(Deserialize)]
        struct RawKeyVal<'a> {
            #[serde(borrow)]
            public: Str<'a>,
        }
        match serde_json::from_str::<Object<RawKey<'_>>>(raw.get()) {
            Ok(Object(key)) => Self {
                public: PublicKey::parse(key.keytype.as_ref(), key.scheme.as_ref(), key.keyval.0.public.as_ref()),
                keytype: shown(key.keytype.as_ref()),
                scheme: shown(key.scheme.as_ref()),
            },
            Err(_) => Self { keytype: String::new(), scheme: String::new(), public: PublicKey::parse("", "", "") },
        }
    }
}

fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

/// The keys that one document lists, by keyid. Looked up only for roles of the same document, so that no document can
/// change what a keyid means in another.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyTable(HashMap<Box<str>, Key>);

/// `keys` as it stands in a document.
pub(crate) type RawKeys<'a> = Pairs<Str<'a>, &'a RawValue>;

impl KeyTable {
    /// # Errors
    /// More keys than the limit, or a keyid that is not 1 to 128 printable ASCII characters.
    pub(crate) fn new(raw: &RawKeys<'_>, limits: &Limits) -> Result<Self, Malformed> {
        if raw.0.len() > limits.keys {
            return Err(Malformed::new(0, format!("more than {} keys", limits.keys)));
        }
        let mut keys = HashMap::with_capacity(raw.0.len());
        for (keyid, key) in &raw.0 {
            keys.insert(check_keyid(keyid.as_ref())?.into(), Key::from_json(key));
        }
        Ok(Self(keys))
    }

    pub(crate) fn get(&self, keyid: &str) -> Option<&Key> {
        self.0.get(keyid)
    }
}

fn check_keyid(keyid: &str) -> Result<&str, Malformed> {
    let printable = keyid.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    if keyid.is_empty() || keyid.len() > MAX_KEYID_BYTES || !printable {
        return Err(Malformed::new(0, "a keyid is not 1 to 128 printable ASCII characters"));
    }
    Ok(keyid)
}

/// The keyids of one role, each once, and how many distinct keys of them must sign (TUF-1.0.34 §4.3 `ROLE`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet {
    keyids: Vec<Box<str>>,
    threshold: u16,
}

impl KeySet {
    /// Keeps the first of each keyid. A keyid without a key can never sign, so their number is limited by that of the keys.
    pub(crate) fn new(keyids: &[Str<'_>], threshold: u16) -> Self {
        let mut seen = BTreeSet::new();
        let keyids = keyids.iter().map(AsRef::as_ref).filter(|id| seen.insert(*id)).map(Into::into).collect();
        Self { keyids, threshold }
    }

    /// The keyids, in order of appearance.
    pub fn keyids(&self) -> impl ExactSizeIterator<Item = &str> {
        self.keyids.iter().map(AsRef::as_ref)
    }

    /// How many distinct keys must sign.
    #[must_use]
    pub fn threshold(&self) -> u16 {
        self.threshold
    }

    /// The key material behind the keyids, without the inert ones: two sets are equal when the same holders can sign,
    /// whatever their order and keyids.
    pub(crate) fn materials(&self, keys: &KeyTable) -> BTreeSet<KeyMaterial> {
        self.keyids.iter().filter_map(|id| keys.get(id)?.public.material()).collect()
    }

    /// Whether this set was made from the same list.
    pub(crate) fn is_made_from(&self, keyids: &[Str<'_>], threshold: u16) -> bool {
        self.threshold == threshold
            && self.keyids.len() == keyids.len()
            && self.keyids.iter().zip(keyids).all(|(a, b)| **a == *b.as_ref())
    }
}

/// A digest over sets of key material: equal where the same holders can sign.
pub(crate) fn fingerprint(sets: &[BTreeSet<KeyMaterial>]) -> String {
    let mut text = Vec::new();
    for set in sets {
        text.extend_from_slice(&(set.len() as u64).to_be_bytes());
        for material in set {
            text.extend_from_slice(material.as_bytes());
        }
    }
    digest::sha256(&text).to_hex()
}
