//! The scanner: JSON by RFC 8259, stricter where `spec-notes/decisions/0006-json-strictness.md` says so.

use std::borrow::Cow;
use std::ops::Range;

use super::name::Name;
use super::output::Output;
use super::string::{escape, skip_plain, skip_whitespace};
use crate::error::Malformed;

/// Digits of an integer. The largest `u64` has 20.
const MAX_DIGITS: usize = 20;
/// Bytes of a number with a fraction or an exponent. A shortest `f64` has at most 24.
const MAX_NUMBER_BYTES: usize = 32;

/// The error is boxed because results are passed around far more often than they fail.
pub(super) type Scan<T> = Result<T, Box<Malformed>>;

pub(super) struct Scanner<'a> {
    text: &'a str,
    /// What is not yet read of it.
    rest: &'a [u8],
    max_depth: usize,
    /// Arrays and objects around `at`, innermost last.
    open: Vec<Open>,
    /// Members so far of all open objects.
    members: Vec<Member<'a>>,
    output: Output<'a>,
}

#[derive(Clone, Copy)]
enum Open {
    Array,
    Object {
        /// Index of its first member.
        first: usize,
        /// Each name so far is greater than the one before. Then none is there twice.
        ascending: bool,
    },
}

/// What comes after a value, or after the start of an array or object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Member,
    Element,
    /// Nothing: the array or object has ended.
    End,
}

struct Member<'a> {
    name: Name<'a>,
    /// Where it begins in the output.
    start: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, max_depth: usize) -> Self {
        let output = Output::new(text.as_bytes());
        Self { text, rest: text.as_bytes(), max_depth, open: Vec::new(), members: Vec::new(), output }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    /// Passes over one byte.
    #[inline(always)]
    fn step(&mut self) {
        if let [_, after @ ..] = self.rest {
            self.rest = after;
        }
    }

    fn advance(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    #[cold]
    pub(super) fn malformed(&self, reason: impl Into<String>) -> Box<Malformed> {
        malformed_at(self.at(), reason)
    }

    /// The value of `signed`: its offset, its text, its canonical form.
    pub(super) fn signed_value(&mut self) -> Scan<(usize, &'a str, Cow<'a, [u8]>)> {
        if self.peek() != Some(b'{') {
            return Err(self.malformed("`signed` is not an object"));
        }
        let start = self.at();
        self.output.start(start);
        let signed = self.value()?;
        Ok((start, signed, self.output.finish(self.at())))
    }

    /// One value of any kind, with all that is in it.
    pub(super) fn value(&mut self) -> Scan<&'a str> {
        let start = self.at();
        let depth = self.open.len();
        loop {
            let mut next = match self.peek() {
                Some(b'"') => self.string().map(|_| Next::End)?,
                Some(b'{') => self.open_object()?,
                Some(b'[') => self.open_array()?,
                Some(b'-' | b'0'..=b'9') => self.number().map(|()| Next::End)?,
                Some(b't') => self.literal(b"true").map(|()| Next::End)?,
                Some(b'f') => self.literal(b"false").map(|()| Next::End)?,
                Some(b'n') => self.literal(b"null").map(|()| Next::End)?,
                _ => return Err(self.not_a_value()),
            };
            // The end of a value may also be the end of what it is in.
            while next == Next::End {
                if self.open.len() == depth {
                    return Ok(self.slice(start..self.at()));
                }
                next = self.goes_on()?;
            }
            if next == Next::Member {
                self.name()?;
            }
        }
    }

    #[inline(always)]
    pub(super) fn open_object(&mut self) -> Scan<Next> {
        self.enter(Open::Object { first: self.members.len(), ascending: true })?;
        if self.peek() == Some(b'}') { self.close_object() } else { Ok(Next::Member) }
    }

    #[inline(always)]
    fn open_array(&mut self) -> Scan<Next> {
        self.enter(Open::Array)?;
        if self.peek() == Some(b']') { Ok(self.close_array()) } else { Ok(Next::Element) }
    }

    #[inline(always)]
    fn enter(&mut self, what: Open) -> Scan<()> {
        if self.open.len() >= self.max_depth {
            return Err(self.malformed(format!("arrays and objects nest more than {} deep", self.max_depth)));
        }
        self.open.push(what);
        self.step();
        self.skip_whitespace();
        Ok(())
    }

    /// After a value: what follows in the array or object that it is in?
    #[inline(always)]
    pub(super) fn goes_on(&mut self) -> Scan<Next> {
        self.skip_whitespace();
        let next = match self.open.last() {
            Some(Open::Array) => match self.peek() {
                Some(b',') => Next::Element,
                Some(b']') => return Ok(self.close_array()),
                _ => return Err(self.expected("`,` or `]`")),
            },
            _ => match self.peek() {
                Some(b',') => Next::Member,
                Some(b'}') => return self.close_object(),
                _ => return Err(self.expected("`,` or `}`")),
            },
        };
        self.step();
        self.skip_whitespace();
        Ok(next)
    }

    #[inline(always)]
    fn close_array(&mut self) -> Next {
        self.open.pop();
        self.step();
        Next::End
    }

    #[inline(always)]
    fn close_object(&mut self) -> Scan<Next> {
        if let Some(Open::Object { first, ascending }) = self.open.pop() {
            if !ascending {
                self.sort_members(first)?;
            }
            self.members.truncate(first);
        }
        self.step();
        Ok(Next::End)
    }

    /// Brings the members of the object that ends here, those from index `first` on, into canonical order.
    #[cold]
    fn sort_members(&mut self, first: usize) -> Scan<()> {
        let members = self.members.get(first..).unwrap_or_default();
        let start = members.first().map_or(0, |member| member.start);
        // Each ends before the comma that the next one follows; the last one where the object does.
        let before_comma = members.iter().skip(1).map(|next| next.start.saturating_sub(1));
        let ends = before_comma.chain([self.output.position(self.at())]);
        let mut sorted: Vec<(Name<'a>, Range<usize>)> =
            members.iter().zip(ends).map(|(member, end)| (member.name, member.start..end)).collect();
        let offset = |name: Name<'_>| name.offset_in(self.text);
        sorted.sort_unstable_by(|(a, _), (b, _)| a.cmp(*b).then_with(|| offset(*a).cmp(&offset(*b))));
        for ((one, _), (next, _)) in sorted.iter().zip(sorted.iter().skip(1)) {
            if one.cmp(*next).is_eq() {
                return Err(malformed_at(offset(*next), format!("the member `{next}` is there twice")));
            }
        }
        self.output.reorder(self.at(), start, sorted.into_iter().map(|(_, range)| range));
        Ok(())
    }

    /// The name of a member and its colon.
    #[inline(always)]
    pub(super) fn name(&mut self) -> Scan<Name<'a>> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("the name of a member, in quotes,"));
        }
        let start = self.output.position(self.at());
        let (raw, has_escapes) = self.string()?;
        let name = Name::new(raw, has_escapes);
        self.skip_whitespace();
        if self.peek() != Some(b':') {
            return Err(self.expected("`:`"));
        }
        self.step();
        self.skip_whitespace();

        if let Some(Open::Object { first, ascending }) = self.open.last_mut() {
            *ascending = *ascending
                && match self.members.last() {
                    Some(previous) if self.members.len() > *first => previous.name.cmp(name).is_lt(),
                    _ => true,
                };
        }
        self.members.push(Member { name, start });
        Ok(name)
    }

    /// A string: what is between its quotes, and whether that has escapes.
    #[inline(always)]
    fn string(&mut self) -> Scan<(&'a [u8], bool)> {
        self.step();
        let inside = self.rest;
        self.skip_plain();
        let has_escapes = self.peek() != Some(b'"');
        if has_escapes {
            self.string_with_escapes(inside)?;
        }
        let length = inside.len() - self.rest.len();
        self.step();
        Ok((inside.get(..length).unwrap_or_default(), has_escapes))
    }

    /// The rest of a string, up to its last quote.
    #[inline(never)]
    fn string_with_escapes(&mut self, inside: &[u8]) -> Scan<()> {
        loop {
            match self.peek() {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.malformed("unescaped control character in a string")),
                None => return Err(malformed_at(self.text.len() - inside.len() - 1, "a string without an end")),
            }
            self.skip_plain();
        }
    }

    #[inline(always)]
    fn skip_plain(&mut self) {
        self.rest = skip_plain(self.rest);
    }

    fn escape(&mut self) -> Scan<()> {
        let (c, length) = escape(self.rest).map_err(|reason| self.malformed(reason))?;
        let escape = self.at()..self.at() + length;
        self.advance(length);
        match (c, length) {
            ('"' | '\\', 2) => {}
            // `\u0022` or `\u005c`: the short escape takes its place.
            ('"' | '\\', _) => {
                self.output.replace(escape.clone(), '\\');
                self.output.replace(escape.end..escape.end, c);
            }
            _ => self.output.replace(escape, c),
        }
        Ok(())
    }

    fn number(&mut self) -> Scan<()> {
        let start = self.at();
        let negative = self.skip(b"-");
        let zero = self.peek() == Some(b'0');
        let digits = self.digits()?;
        if zero && digits > 1 {
            return Err(malformed_at(start, "a number with a leading zero"));
        }
        if digits > MAX_DIGITS {
            return Err(malformed_at(start, format!("a number of more than {MAX_DIGITS} digits")));
        }
        if zero && negative && self.output.is_on() && !matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            return Err(malformed_at(start, "the number `-0` in `signed`"));
        }
        if let Some(b'.' | b'e' | b'E') = self.peek() {
            self.fraction_and_exponent(start)?;
        }
        Ok(())
    }

    fn fraction_and_exponent(&mut self, start: usize) -> Scan<()> {
        if self.output.is_on() {
            return Err(malformed_at(start, "a number with a fraction or an exponent in `signed`"));
        }
        if self.skip(b".") {
            self.digits()?;
        }
        if self.skip(b"eE") {
            self.skip(b"+-");
            self.digits()?;
        }
        if self.at() - start > MAX_NUMBER_BYTES {
            return Err(malformed_at(start, format!("a number of more than {MAX_NUMBER_BYTES} bytes")));
        }
        Ok(())
    }

    /// One digit or more.
    fn digits(&mut self) -> Scan<usize> {
        let count = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if count == 0 {
            let infinity = self.rest.starts_with(b"Infinity");
            return Err(if infinity { self.not_a_value() } else { self.expected("a digit") });
        }
        self.advance(count);
        Ok(count)
    }

    fn skip(&mut self, any_of: &[u8]) -> bool {
        let found = self.peek().is_some_and(|b| any_of.contains(&b));
        self.advance(usize::from(found));
        found
    }

    fn literal<const N: usize>(&mut self, word: &[u8; N]) -> Scan<()> {
        if self.rest.first_chunk() != Some(word) {
            return Err(self.not_a_value());
        }
        self.advance(N);
        Ok(())
    }

    #[inline]
    pub(super) fn skip_whitespace(&mut self) {
        if let Some(..=b' ') = self.peek() {
            self.skip_some_whitespace();
        }
    }

    #[inline(never)]
    fn skip_some_whitespace(&mut self) {
        let start = self.at();
        self.rest = skip_whitespace(self.rest);
        self.output.leave_out(start..self.at());
    }

    /// After the document, whitespace may follow and nothing else.
    pub(super) fn end(&mut self) -> Scan<()> {
        self.skip_whitespace();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.malformed("something follows the document")),
        }
    }

    #[cold]
    fn not_a_value(&self) -> Box<Malformed> {
        let rest = self.rest;
        if rest.starts_with(b"NaN") || rest.starts_with(b"Infinity") {
            return self.malformed("NaN and Infinity are not JSON");
        }
        if rest.starts_with(b"+") {
            return self.malformed("a number with a leading `+`");
        }
        self.expected("a value")
    }

    #[cold]
    fn expected(&self, what: &str) -> Box<Malformed> {
        match self.peek() {
            None => self.malformed(format!("the document ends where {what} was expected")),
            Some(_) => self.malformed(format!("{what} was expected")),
        }
    }

    /// Both ends lie next to ASCII characters that were seen there, so the slice exists.
    fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }
}

#[cold]
fn malformed_at(offset: usize, reason: impl Into<String>) -> Box<Malformed> {
    Box::new(Malformed::new(offset, reason))
}
