//! Member names, compared by what they say and not by how they are spelled.

use std::cmp::Ordering;
use std::fmt;

use super::string::escape;
use crate::role::write_escaped;

/// The name of a member, as received, without its quotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name<'a> {
    raw: &'a [u8],
    has_escapes: bool,
}

impl<'a> Name<'a> {
    /// `raw` passed the scanner: it is UTF-8, and every escape in it is whole.
    pub(super) fn new(raw: &'a [u8], has_escapes: bool) -> Self {
        Self { raw, has_escapes }
    }

    pub(super) fn is(self, plain: &str) -> bool {
        self.cmp(Name::new(plain.as_bytes(), false)).is_eq()
    }

    /// By code points, which is also the order of the bytes in UTF-8.
    ///
    /// Costs no more than the shorter name: a long one, compared with many, must not be read to its end each time.
    #[inline]
    pub(super) fn cmp(self, other: Name<'_>) -> Ordering {
        match (self.raw, other.raw) {
            _ if self.has_escapes || other.has_escapes => self.chars().cmp(other.chars()),
            // Most names differ at once; this spares them a call.
            ([a, ..], [b, ..]) if a != b => a.cmp(b),
            (a, b) => a.cmp(b),
        }
    }

    /// Where it stands in the text it was read from.
    pub(super) fn offset_in(self, text: &str) -> usize {
        self.raw.as_ptr().addr().saturating_sub(text.as_ptr().addr())
    }

    /// One after the other: nothing behind the last one that is asked for is looked at.
    fn chars(self) -> impl Iterator<Item = char> {
        let mut rest = self.raw;
        std::iter::from_fn(move || {
            let (c, length) = match rest {
                [b'\\', ..] => escape(rest).ok()?,
                _ => first_char(rest).map(|plain| (plain, plain.len_utf8()))?,
            };
            rest = rest.get(length..)?;
            Some(c)
        })
    }
}

fn first_char(text: &[u8]) -> Option<char> {
    const LONGEST: usize = 4;
    text.get(..LONGEST).unwrap_or(text).utf8_chunks().next()?.valid().chars().next()
}

/// As received, but harmless on a terminal.
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_escaped(f, std::str::from_utf8(self.raw).unwrap_or_default())
    }
}
