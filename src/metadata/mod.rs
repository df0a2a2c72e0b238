//! From bytes to typed metadata: `bytes -> Unverified -> Verified -> Root | Timestamp | Snapshot | Targets`.
//!
//! Only the splitting into `signed` and `signatures` happens before signatures were verified. The one exception is a
//! root, which names the keys that must have signed it.

mod delegation;
mod key;
pub(crate) mod raw;
mod reader;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod reference;
mod root;
mod snapshot;
mod targets;
#[cfg(test)]
mod tests;
mod timestamp;

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::SystemTime;

pub use delegation::{Delegation, Delegations};
pub(crate) use key::KeyTable;
pub use key::{Key, KeySet};
pub use root::Root;
pub use snapshot::{MetaFile, Snapshot};
pub use targets::{TargetEntry, Targets};
pub use timestamp::Timestamp;

use crate::canonical;
use crate::digest::{self, Digest};
use crate::error::Malformed;
use crate::limits::Limits;
use crate::time;
use raw::{Object, Str, Version, from_text};
use reader::Reader;

/// A document of which nothing is known but its outer form (TUF-1.0.34 §4.2).
pub(crate) struct Unverified<'a> {
    signed: &'a str,
    signed_offset: usize,
    canonical: Cow<'a, [u8]>,
    signatures: Vec<Signature<'a>>,
}

/// One entry of `signatures`.
#[derive(serde::Deserialize)]
struct Signature<'a> {
    #[serde(borrow)]
    keyid: Str<'a>,
    #[serde(borrow)]
    sig: Str<'a>,
}

impl<'a> Unverified<'a> {
    /// Splits received bytes.
    ///
    /// # Errors
    /// When they are not one strict JSON document with `signed` and `signatures`, or the signatures are more than the
    /// limit, or two of them have the same keyid.
    pub(crate) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, Malformed> {
        let document = canonical::split(bytes, limits.json_depth)?;
        let signatures: Vec<Object<Signature<'a>>> = from_text(document.signatures, 0)?;
        let signatures: Vec<_> = signatures.into_iter().map(|Object(signature)| signature).collect();
        if signatures.len() > limits.signatures {
            return Err(Malformed::new(0, format!("more than {} signatures", limits.signatures)));
        }
        let mut seen = HashSet::with_capacity(signatures.len());
        if let Some(twice) = signatures.iter().find(|s| !seen.insert(s.keyid.as_ref())) {
            let keyid: String = twice.keyid.as_ref().chars().take(128).collect();
            return Err(Malformed::new(0, format!("two signatures have the keyid {keyid:?}")));
        }
        Ok(Self {
            signed: document.signed,
            signed_offset: document.signed_offset,
            canonical: document.canonical,
            signatures,
        })
    }

    /// What the signatures are over.
    pub(crate) fn message(&self) -> &[u8] {
        &self.canonical
    }

    /// The signature made under a keyid.
    pub(crate) fn signature(&self, keyid: &str) -> Option<&str> {
        self.signatures.iter().find(|s| s.keyid.as_ref() == keyid).map(|s| s.sig.as_ref())
    }

    /// Types the signed part without knowing that anybody signed it: only for a root, to learn its keys.
    pub(crate) fn peek_root(&self, limits: &Limits) -> Result<Root, Malformed> {
        parse(self, limits)
    }
}

/// A signed text whose signatures met the threshold of an authority. Only [`crate::verify`] makes one.
pub(crate) struct Verified<'a> {
    document: &'a Unverified<'a>,
}

impl Verified<'_> {
    /// Types the signed text.
    ///
    /// # Errors
    /// When it is not a document of type `T`.
    pub(crate) fn parse<T: Signed>(&self, limits: &Limits) -> Result<T, Malformed> {
        parse(self.document, limits)
    }

    /// Identifies the signed content, whatever signatures and white space stand around it.
    pub(crate) fn digest(&self) -> Digest {
        digest::sha256(self.document.message())
    }
}

/// The proof that [`crate::verify`] gives; here so that nothing else can construct it.
pub(crate) fn proof<'a>(document: &'a Unverified<'a>, _threshold_met: crate::verify::ThresholdMet) -> Verified<'a> {
    Verified { document }
}

fn parse<T: Signed>(document: &Unverified<'_>, limits: &Limits) -> Result<T, Malformed> {
    T::parse(document.signed, limits).map_err(|fault| match fault.offset {
        0 => fault,
        offset => Malformed { offset: offset.saturating_add(document.signed_offset), ..fault },
    })
}

/// A type of metadata that can stand in `signed`.
pub(crate) trait Signed: Sized {
    /// Types the text, which is known to be a strict JSON object.
    fn parse(text: &str, limits: &Limits) -> Result<Self, Malformed>;

    /// The members that all types have.
    fn header(&self) -> &Header;
}

/// The members that all types of metadata have (TUF-1.0.34 §4.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) version: u64,
    expires: Expires,
}

/// An expiry as it stands. In a superseded root its text does not matter, so that it is judged only where expiry is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Expires {
    At(SystemTime),
    Unreadable(String),
}

impl Header {
    /// Judges the members that all types have.
    ///
    /// # Errors
    /// Another `_type` than expected; a `spec_version` that is not two or three numbers or whose major is not 1.
    fn new(expected: &str, found: &str, spec_version: &str, version: u64, expires: &str) -> Result<Self, Malformed> {
        if found != expected {
            let found: String = found.chars().take(40).collect();
            return Err(Malformed::new(0, format!("`_type` is {found:?}, not {expected:?}")));
        }
        check_spec_version(spec_version)?;
        let expires = match time::parse(expires) {
            Some(time) => Expires::At(time),
            None => Expires::Unreadable(expires.chars().take(64).collect()),
        };
        Ok(Self { version, expires })
    }

    /// When the document expires.
    ///
    /// # Errors
    /// When `expires` is not of the one form that the specification knows.
    pub(crate) fn expires(&self) -> Result<SystemTime, Malformed> {
        match &self.expires {
            Expires::At(time) => Ok(*time),
            Expires::Unreadable(text) => {
                Err(Malformed::new(0, format!("`expires` is {text:?}, not of the form 2030-01-31T12:00:00Z")))
            }
        }
    }

    /// The same for a document whose expiry was found readable when it was parsed.
    fn expires_or_epoch(&self) -> SystemTime {
        match &self.expires {
            Expires::At(time) => *time,
            Expires::Unreadable(_) => SystemTime::UNIX_EPOCH,
        }
    }
}

/// The members that all types have, as they are come upon among the others.
#[derive(Default)]
struct HeaderMembers<'a> {
    kind: Option<Str<'a>>,
    spec_version: Option<Str<'a>>,
    version: Option<Version>,
    expires: Option<Str<'a>>,
}

impl<'a> HeaderMembers<'a> {
    /// Reads a member that is one of these, and passes over one that no type knows.
    fn read(&mut self, name: &str, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        match name {
            "_type" => self.kind = Some(reader.str()?),
            "spec_version" => self.spec_version = Some(reader.str()?),
            "version" => self.version = Some(reader.number(Version::new)?),
            "expires" => self.expires = Some(reader.str()?),
            _ => reader.skip()?,
        }
        Ok(())
    }

    /// Judges them once the object has ended.
    ///
    /// # Errors
    /// As [`Header::new`]; one that is missing; an expiry that is not readable.
    fn into_header(self, expected: &str, reader: &Reader<'_>) -> Result<Header, Malformed> {
        let kind = self.kind.ok_or_else(|| reader.missing("_type"))?;
        let spec_version = self.spec_version.ok_or_else(|| reader.missing("spec_version"))?;
        let version = self.version.ok_or_else(|| reader.missing("version"))?;
        let expires = self.expires.ok_or_else(|| reader.missing("expires"))?;
        let header = Header::new(expected, kind.as_ref(), spec_version.as_ref(), version.0, expires.as_ref())?;
        header.expires()?;
        Ok(header)
    }
}

fn check_spec_version(text: &str) -> Result<(), Malformed> {
    let number = |part: &str| !part.is_empty() && part.len() <= 9 && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = text.splitn(4, '.').collect();
    match parts.as_slice() {
        [major, rest @ ..] if matches!(rest.len(), 1 | 2) && number(major) && rest.iter().all(|p| number(p)) => {
            if *major == "1" {
                Ok(())
            } else {
                let shown: String = text.chars().take(40).collect();
                Err(Malformed::new(0, format!("`spec_version` is {shown:?}; this client knows major version 1")))
            }
        }
        _ => {
            let shown: String = text.chars().take(40).collect();
            Err(Malformed::new(0, format!("`spec_version` is {shown:?}, not two or three numbers")))
        }
    }
}
