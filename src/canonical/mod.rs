//! The signed bytes of a document, in one pass (TUF-1.0.34 §4.1, §4.2).
//!
//! A signature is over the canonical form of `signed`, which is seldom what a repository serves: files are indented, or
//! their members stand in another order. The canonical form is made from the received text itself, never from types
//! that were read out of it, so that members this client does not know stay in what is verified.
//!
//! The form is that of securesystemslib: members in the order of their names' code points, no whitespace, in strings
//! only `\` and `"` escaped and all else as it is, integers only. `spec-notes/decisions/0006-json-strictness.md` says
//! what is refused and why.

mod name;
mod output;
mod scan;
mod string;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod reference;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use self::scan::{Next, Scan, Scanner};
pub(crate) use self::string::{skip_plain, skip_whitespace};
use crate::error::Malformed;

/// The two members of an envelope, and what the one signs of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document<'a> {
    /// The text of the member `signed` as it was received: an object.
    pub(crate) signed: &'a str,
    /// Where it begins in the received bytes.
    pub(crate) signed_offset: usize,
    /// The text of the member `signatures` as it was received: an array.
    pub(crate) signatures: &'a str,
    /// The canonical form of `signed`: what signatures are over. Borrowed where what was received is canonical.
    pub(crate) canonical: Cow<'a, [u8]>,
}

/// Reads an envelope: an object with the members `signed` and `signatures`. Other members are held to the same rules,
/// then ignored.
///
/// Takes time in proportion to the bytes (times the logarithm of the members of an object that is not in order), memory
/// of a few times the bytes, and no stack. Arrays and objects nest at most `max_depth` deep, the envelope included.
pub(crate) fn split(bytes: &[u8], max_depth: usize) -> Result<Document<'_>, Malformed> {
    split_text(text(bytes)?, max_depth).map_err(|malformed| *malformed)
}

fn split_text(text: &str, max_depth: usize) -> Scan<Document<'_>> {
    let mut scanner = Scanner::new(text, max_depth);
    let mut signed = None;
    let mut signatures = None;

    scanner.skip_whitespace();
    if scanner.peek() != Some(b'{') {
        return Err(scanner.malformed("the document is not an object"));
    }
    let mut next = scanner.open_object()?;
    while next == Next::Member {
        let name = scanner.name()?;
        if name.is("signed") {
            signed = Some(scanner.signed_value()?);
        } else if name.is("signatures") {
            if scanner.peek() != Some(b'[') {
                return Err(scanner.malformed("`signatures` is not an array"));
            }
            signatures = Some(scanner.value()?);
        } else {
            scanner.value()?;
        }
        next = scanner.goes_on()?;
    }
    scanner.end()?;

    let (signed_offset, signed, canonical) = signed.ok_or_else(|| missing("signed"))?;
    let signatures = signatures.ok_or_else(|| missing("signatures"))?;
    Ok(Document { signed, signed_offset, signatures, canonical })
}

fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    if bytes.is_empty() {
        return Err(Malformed::new(0, "the document is empty"));
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(Malformed::new(0, "the document begins with a byte order mark"));
    }
    std::str::from_utf8(bytes).map_err(|error| Malformed::new(error.valid_up_to(), "not UTF-8"))
}

fn missing(member: &str) -> Box<Malformed> {
    Box::new(Malformed::new(0, format!("the member `{member}` is missing")))
}
