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
        let before = self.rest;
        if self.take(b'"') {
            let start = self.at();
            self.rest = skip_plain(self.rest);
            let end = self.at();
            if let [b'"', after @ ..] = self.rest
                && let Some(plain) = self.text.get(start..end)
            {
                self.rest = after;
                return Ok(plain.into());
            }
        }
        self.rest = before;
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
    #[inline(always)]
    pub(super) fn typed<T: Deserialize<'a>>(&mut self) -> Result<T, Malformed> {
        let (value, after) = typed(self.text, self.rest)?;
        self.rest = after;
        Ok(value)
    }

    /// Passes over a value that nobody asks for.
    #[inline(always)]
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        let (_, after) = value(self.text, self.rest)?;
        self.rest = after;
        Ok(())
    }

    /// How many bytes are not yet read.
    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// What to say of an object that ended without a member that it must have.
    #[inline(always)]
    pub(super) fn missing(&self, member: &str) -> Malformed {
        missing(self.at(), member)
    }

    /// What to say of that which was just read.
    #[inline(always)]
    pub(super) fn refused(&self, reason: &str) -> Malformed {
        refused(self.at(), reason)
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
            return Err(unexpected(self.text, self.rest, expected));
        }
        if self.take(close) {
            return Ok(());
        }
        loop {
            item(self)?;
            if !self.take(b',') {
                return self.punctuation(close);
            }
        }
    }

    #[inline(always)]
    fn punctuation(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.take(byte) { Ok(()) } else { Err(refused(self.at(), BROKEN)) }
    }

    /// Passes over this byte, and white space before it. Most documents have none: the byte is looked for first.
    #[inline(always)]
    fn take(&mut self, byte: u8) -> bool {
        if let [..=b' ', ..] = self.rest {
            self.rest = after_whitespace(self.rest);
        }
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
            self.rest = after_whitespace(self.rest);
        }
    }

    #[inline(always)]
    fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }
}

/// The scanner lets no such text through.
const BROKEN: &str = "not well-formed JSON";

/// The text of the value that begins `rest`, and what follows. It ends where its brackets are closed.
fn value<'a>(text: &'a str, rest: &'a [u8]) -> Result<(&'a str, &'a [u8]), Malformed> {
    let rest = skip_whitespace(rest);
    let mut after = rest;
    let mut depth = 0usize;
    loop {
        match after {
            [b'"', inside @ ..] => after = skip_string(inside),
            [b'{' | b'[', inside @ ..] => {
                depth += 1;
                after = inside;
            }
            [b'}' | b']', outside @ ..] if depth > 0 => {
                depth -= 1;
                after = outside;
            }
            [..=b' ' | b',' | b':', next @ ..] if depth > 0 => after = next,
            [_, ..] => after = skip_word(after),
            [] => break,
        }
        if depth == 0 {
            break;
        }
    }
    let at = text.len() - rest.len();
    match text.get(at..text.len() - after.len()) {
        Some(value) if depth == 0 && !value.is_empty() => Ok((value, after)),
        _ => Err(refused(at, BROKEN)),
    }
}

/// The same, of a type.
fn typed<'a, T: Deserialize<'a>>(text: &'a str, rest: &'a [u8]) -> Result<(T, &'a [u8]), Malformed> {
    let (value, after) = value(text, rest)?;
    Ok((from_text(value, text.len() - after.len() - value.len())?, after))
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

#[inline(never)]
fn after_whitespace(rest: &[u8]) -> &[u8] {
    skip_whitespace(rest)
}

#[cold]
fn missing(at: usize, member: &str) -> Malformed {
    Malformed::new(at, format!("missing field `{member}`"))
}

#[cold]
fn refused(at: usize, reason: &str) -> Malformed {
    Malformed::new(at, reason)
}

/// Says what was found in the place of what was expected.
#[cold]
fn unexpected(text: &str, rest: &[u8], expected: &'static str) -> Malformed {
    /// Takes nothing: each of its methods is the one that refuses.
    struct Nothing(&'static str);
    impl Visitor<'_> for Nothing {
        type Value = Infallible;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }
    let (value, after) = match value(text, rest) {
        Ok(found) => found,
        Err(fault) => return fault,
    };
    match serde_json::Deserializer::from_str(value).deserialize_any(Nothing(expected)) {
        Err(error) => malformed(value, &error, text.len() - after.len() - value.len()),
        Ok(never) => match never {},
    }
}
