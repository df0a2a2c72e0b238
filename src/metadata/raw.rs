//! Shapes of JSON that several types of metadata share.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::reader::Reader;
use crate::digest::{Digest, HashAlgorithm, Hashes};
use crate::error::Malformed;

/// Parses a part of a received document. The offset in an error is relative to the received bytes, as far as one line
/// and column can say; `base` is where the part starts.
pub(crate) fn from_text<'a, T: Deserialize<'a>>(text: &'a str, base: usize) -> Result<T, Malformed> {
    serde_json::from_str(text).map_err(|error| malformed(text, &error, base))
}

/// What serde says of that part.
pub(crate) fn malformed(text: &str, error: &serde_json::Error, base: usize) -> Malformed {
    Malformed::new(offset_of(text, error, base), reason_of(error))
}

/// [`from_text`] for what is taken piece by piece.
#[cfg(feature = "pypi")]
pub(crate) fn from_text_seed<'a, S: de::DeserializeSeed<'a>>(
    text: &'a str,
    base: usize,
    seed: S,
) -> Result<S::Value, Malformed> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = seed.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    read.map_err(|error| Malformed::new(offset_of(text, &error, base), reason_of(&error)))
}

fn offset_of(text: &str, error: &serde_json::Error, base: usize) -> usize {
    let line_start = match error.line() {
        0 | 1 => 0,
        line => text.bytes().enumerate().filter(|(_, b)| *b == b'\n').nth(line - 2).map_or(0, |(at, _)| at + 1),
    };
    base.saturating_add(line_start).saturating_add(error.column())
}

fn reason_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    }
}

/// A string that borrows from the document where it has no escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Str<'a>(Cow<'a, str>);

impl<'a> From<&'a str> for Str<'a> {
    fn from(plain: &'a str) -> Self {
        Self(Cow::Borrowed(plain))
    }
}

impl AsRef<str> for Str<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StrVisitor;
        impl<'de> Visitor<'de> for StrVisitor {
            type Value = Str<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Str(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Str(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(StrVisitor)
    }
}

/// A JSON object with the members of `T`. A derived type alone would also take an array of the members' values.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// A JSON object as a list in order of appearance. That no member stands twice was checked when the document was split.
#[derive(Debug)]
pub(crate) struct Pairs<K, V>(pub(crate) Vec<(K, V)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Pairs<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor<K, V>(PhantomData<(K, V)>);
        impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<K, V> {
            type Value = Pairs<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor(PhantomData))
    }
}

/// A version: an integer from 1 to 2^64 - 1 (TUF-1.0.34 §4.3).
pub(crate) struct Version(pub(crate) u64);

impl Version {
    /// `None` for 0.
    pub(super) fn new(version: u64) -> Option<Self> {
        (version > 0).then_some(Self(version))
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u64::deserialize(deserializer)?).ok_or_else(|| de::Error::custom("a version is at least 1"))
    }
}

/// A threshold: an integer from 1 to 65,535.
pub(crate) struct Threshold(pub(crate) u16);

impl Threshold {
    /// `None` for 0 and for what is too large.
    pub(super) fn new(threshold: u64) -> Option<Self> {
        u16::try_from(threshold).ok().filter(|threshold| *threshold > 0).map(Self)
    }
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let threshold = u16::deserialize(deserializer)?;
        Self::new(threshold.into()).ok_or_else(|| de::Error::custom("a threshold is at least 1"))
    }
}

/// `hashes`: the digests of known strong algorithms. `None` when there is none, when one of them is not hex of the right
/// length, or when two names of one algorithm disagree: such a list can never be met.
pub(super) fn read_hashes(reader: &mut Reader<'_>) -> Result<Option<Hashes>, Malformed> {
    // Nearly every list has one hash.
    let mut digests = Vec::with_capacity(1);
    let mut well_formed = true;
    reader.object("an object", |reader, name| {
        let hex = reader.str()?;
        if let Some(algorithm) = HashAlgorithm::from_name(name) {
            match Digest::from_hex(algorithm, hex.as_ref()) {
                Some(digest) => digests.push(digest),
                None => well_formed = false,
            }
        }
        Ok(())
    })?;
    Ok(Hashes::new(digests).filter(|_| well_formed))
}
