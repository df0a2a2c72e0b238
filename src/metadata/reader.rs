//! Reads a type out of a text that the scanner found strict: member by member, without a tree, and without allocating
//! where nothing has to be unescaped.
//!
//! At PyPI's size a document lists thousands of roles. What stands in nearly every place of such a list is read here:
//! strings without escapes, numbers, lists of them. Anything else is handed to serde as text, by [`Reader::typed`]. So is
//! whatever is not of the expected type: a fault has the same words whoever comes upon it.
//!
//! That the text is well formed makes this short; nothing depends on it. Of another text this reads what it can, or
//! refuses it.

use std::convert::Infallible;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer as _, Visitor};

use super::raw::{Str, from_text, malformed};
use crate::canonical::{skip_plain, skip_whitespace};
use crate::error::Malformed;

/// Digits of the longest number that surely is a `u64`.
const PLAIN_DIGITS: usize = 19;

pub(super) struct Reader<'a> {
    text: &'a str,
    /// What is not yet read of it.
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, rest: text.as_bytes() }
    }

    /// An object. `member` is given the names in order of appearance, and reads or [skips](Self::skip) each value. No
    /// name comes twice: the scanner saw to that.
    #[inline(always)]
    pub(super) fn object(
        &mut self,
        expected: &'static str,
        mut member: impl FnMut(&mut Self, &str) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.list((b'{', b'}'), expected, |reader| {
            let name = reader.str()?;
            reader.punctuation(b':')?;
            member(reader, name.as_ref())
        })
    }

    /// An array. `element` reads each of its values.
    #[inline(always)]
    pub(super) fn array(
        &mut self,
        expected: &'static str,
        element: impl FnMut(&mut Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.list((b'[', b']'), expected, element)
    }

    /// A string.
    #[inline(always)]
    pub(super) fn str(&mut self) -> Result<Str<'a>, Malformed> {
        self.skip_whitespace();
        if let [b'"', inside @ ..] = self.rest
            && let end @ [b'"', after @ ..] = skip_plain(inside)
            && let Some(plain) = self.text.get(self.text.len() - inside.len()..self.text.len() - end.len())
        {
            self.rest = after;
            return Ok(plain.into());
        }
        self.typed()
    }

    /// A number, made by `plain` of a `u64`. What is none, or what `plain` does not take, serde judges.
    #[inline(always)]
    pub(super) fn number<T: Deserialize<'a>>(&mut self, plain: impl FnOnce(u64) -> Option<T>) -> Result<T, Malformed> {
        self.skip_whitespace();
        let digits = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if let Some((digits @ [_, ..], after)) = self.rest.split_at_checked(digits)
            && digits.len() <= PLAIN_DIGITS
            && !matches!(after, [b'.' | b'e' | b'E', ..])
            && let Some(number) = plain(digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
        {
            self.rest = after;
            return Ok(number);
        }
        self.typed()
    }

    /// `true` or `false`.
    #[inline(always)]
    pub(super) fn bool(&mut self) -> Result<bool, Malformed> {
        self.skip_whitespace();
        let (value, after) = match self.rest {
            [b't', b'r', b'u', b'e', after @ ..] => (true, after),
            [b'f', b'a', b'l', b's', b'e', after @ ..] => (false, after),
            _ => return self.typed(),
        };
        self.rest = after;
        Ok(value)
    }

    /// A value of any type that serde can read.
    pub(super) fn typed<T: Deserialize<'a>>(&mut self) -> Result<T, Malformed> {
        let text = self.value()?;
        from_text(text, self.at() - text.len())
    }

    /// Passes over a value that nobody asks for.
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        self.value().map(drop)
    }

    /// How many bytes are not yet read.
    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// What to say of an object that ended without a member that it must have.
    #[cold]
    pub(super) fn missing(&self, member: &str) -> Malformed {
        self.refused(format!("missing field `{member}`"))
    }

    /// What to say of that which was just read.
    #[cold]
    pub(super) fn refused(&self, reason: impl Into<String>) -> Malformed {
        Malformed::new(self.at(), reason)
    }

    /// What is between brackets, with commas between two of it.
    #[inline(always)]
    fn list(
        &mut self,
        (open, close): (u8, u8),
        expected: &'static str,
        mut item: impl FnMut(&mut Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        if !self.take(open) {
            return Err(self.unexpected(expected));
        }
        if self.take(close) {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.take(close) {
                return Ok(());
            }
            self.punctuation(b',')?;
        }
    }

    #[inline(always)]
    fn punctuation(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.take(byte) { Ok(()) } else { Err(self.broken()) }
    }

    #[inline(always)]
    fn take(&mut self, byte: u8) -> bool {
        self.skip_whitespace();
        match self.rest {
            [first, after @ ..] if *first == byte => {
                self.rest = after;
                true
            }
            _ => false,
        }
    }

    #[inline(always)]
    fn skip_whitespace(&mut self) {
        if let [..=b' ', ..] = self.rest {
            self.rest = skip_whitespace(self.rest);
        }
    }

    /// The text of a value, which ends where its brackets are closed.
    fn value(&mut self) -> Result<&'a str, Malformed> {
        self.skip_whitespace();
        let start = self.at();
        let mut depth = 0usize;
        loop {
            match self.rest {
                [b'"', after @ ..] => self.rest = skip_string(after),
                [b'{' | b'[', after @ ..] => {
                    depth += 1;
                    self.rest = after;
                }
                [b'}' | b']', after @ ..] if depth > 0 => {
                    depth -= 1;
                    self.rest = after;
                }
                [..=b' ' | b',' | b':', after @ ..] if depth > 0 => self.rest = after,
                [_, ..] => self.rest = skip_word(self.rest),
                [] => break,
            }
            if depth == 0 {
                break;
            }
        }
        match self.text.get(start..self.at()) {
            Some(value) if depth == 0 && !value.is_empty() => Ok(value),
            _ => Err(self.broken()),
        }
    }

    fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    /// Says what was found in the place of what was expected.
    #[cold]
    fn unexpected(&mut self, expected: &'static str) -> Malformed {
        /// Takes nothing: each of its methods is the one that refuses.
        struct Nothing(&'static str);
        impl Visitor<'_> for Nothing {
            type Value = Infallible;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0)
            }
        }
        let text = match self.value() {
            Ok(text) => text,
            Err(fault) => return fault,
        };
        match serde_json::Deserializer::from_str(text).deserialize_any(Nothing(expected)) {
            Err(error) => malformed(text, &error, self.at() - text.len()),
            Ok(never) => match never {},
        }
    }

    /// The scanner lets no such text through.
    #[cold]
    fn broken(&self) -> Malformed {
        self.refused("not well-formed JSON")
    }
}

/// From behind the first quote to behind the last one.
fn skip_string(mut rest: &[u8]) -> &[u8] {
    loop {
        match skip_plain(rest) {
            [b'"', after @ ..] => return after,
            [b'\\', _, after @ ..] | [_, after @ ..] => rest = after,
            [] => return &[],
        }
    }
}

/// To the end of a number or a literal.
fn skip_word(rest: &[u8]) -> &[u8] {
    let ends = |b: &u8| matches!(b, 0..=b' ' | b',' | b':' | b'"' | b'{' | b'}' | b'[' | b']');
    rest.iter().position(ends).and_then(|end| rest.get(end..)).unwrap_or_default()
}
