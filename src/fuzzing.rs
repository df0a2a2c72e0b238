//! What the targets in `fuzz/` call: one function for each parser of hostile bytes. Not part of the API.
//!
//! A function takes the bytes of the fuzzer, returns nothing, and panics where a property does not hold.

#![allow(missing_docs, clippy::panic, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::canonical::{reference, split};

/// The scanner accepts what the reference accepts, with the same result; and the canonical form is its own.
pub fn canonical(bytes: &[u8]) {
    for max_depth in [3, 16] {
        let found = split(bytes, max_depth);
        let expected = reference::split(bytes, max_depth);
        let document = match (found, expected) {
            (Err(malformed), None) => {
                assert!(malformed.offset <= bytes.len(), "{malformed:?}");
                continue;
            }
            (Ok(document), Some((signed, signatures, canonical))) => {
                assert_eq!((document.signed, document.signatures), (signed, signatures));
                assert_eq!(document.canonical, canonical);
                document
            }
            (found, expected) => panic!("the scanner says {found:?}, the reference {expected:?}"),
        };
        assert!(bytes[document.signed_offset..].starts_with(document.signed.as_bytes()));

        // Control characters stand raw in the canonical form, which then is not JSON.
        if !document.canonical.iter().any(|b| *b < 0x20) {
            let again = [b"{\"signatures\":[],\"signed\":", &document.canonical[..], b"}"].concat();
            let again = split(&again, max_depth).expect("the canonical form is a document");
            assert!(matches!(again.canonical, std::borrow::Cow::Borrowed(_)));
            assert_eq!(again.canonical, document.canonical);
        }
    }
}
