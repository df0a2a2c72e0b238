//! The scanner: JSON by RFC 8259, stricter where `spec-notes/decisions/0006-json-strictness.md` says so.

use std::borrow::Cow;
use std::ops::Range;

use super::name::Name;
use super::output::Output;
use super::string::{escape, plain_length};
use crate::error::Malformed;

/// Digits of an integer. The largest `u64` has 20.
const MAX_DIGITS: usize = 20;
/// Bytes of a number with a fraction or an exponent. A shortest `f64` has at most 24.
const MAX_NUMBER_BYTES: usize = 32;

pub(super) struct Scanner<'a> {
    text: &'a str,
    /// The next byte to look at. Always at a character's boundary.
    at: usize,
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

struct Member<'a> {
    name: Name<'a>,
    /// Where it begins in the output.
    start: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, max_depth: usize) -> Self {
        let output = Output::new(text.as_bytes());
        Self { text, at: 0, max_depth, open: Vec::new(), members: Vec::new(), output }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn malformed(&self, reason: impl Into<String>) -> Malformed {
        Malformed::new(self.at, reason)
    }

    /// The value of `signed`: its offset, its text, its canonical form.
    pub(super) fn signed_value(&mut self) -> Result<(usize, &'a str, Cow<'a, [u8]>), Malformed> {
        if self.peek() != Some(b'{') {
            return Err(self.malformed("`signed` is not an object"));
        }
        let start = self.at;
        self.output.start(start);
        let signed = self.value()?;
        Ok((start, signed, self.output.finish(self.at)))
    }

    /// One value of any kind, with all that is in it.
    pub(super) fn value(&mut self) -> Result<&'a str, Malformed> {
        let start = self.at;
        let depth = self.open.len();
        loop {
            let mut more = match self.peek() {
                Some(b'"') => self.string().map(|_| false)?,
                Some(b'{') => self.open_object()?,
                Some(b'[') => self.open_array()?,
                Some(b'-' | b'0'..=b'9') => self.number().map(|()| false)?,
                Some(b't') => self.literal("true").map(|()| false)?,
                Some(b'f') => self.literal("false").map(|()| false)?,
                Some(b'n') => self.literal("null").map(|()| false)?,
                _ => return Err(self.not_a_value()),
            };
            // The end of a value may also be the end of what it is in.
            while !more {
                if self.open.len() == depth {
                    return Ok(self.slice(start..self.at));
                }
                more = self.goes_on()?;
            }
            if let Some(Open::Object { .. }) = self.open.last() {
                self.name()?;
            }
        }
    }

    /// Enters an object. Is there a member?
    pub(super) fn open_object(&mut self) -> Result<bool, Malformed> {
        self.enter(Open::Object { first: self.members.len(), ascending: true })?;
        if self.peek() == Some(b'}') {
            self.close_object()?;
            return Ok(false);
        }
        Ok(true)
    }

    fn open_array(&mut self) -> Result<bool, Malformed> {
        self.enter(Open::Array)?;
        if self.peek() == Some(b']') {
            self.close_array();
            return Ok(false);
        }
        Ok(true)
    }

    fn enter(&mut self, what: Open) -> Result<(), Malformed> {
        if self.open.len() >= self.max_depth {
            return Err(self.malformed(format!("arrays and objects nest more than {} deep", self.max_depth)));
        }
        self.open.push(what);
        self.at += 1;
        self.skip_whitespace();
        Ok(())
    }

    /// After a value: does another follow in the array or object it is in? If not, leaves that.
    pub(super) fn goes_on(&mut self) -> Result<bool, Malformed> {
        self.skip_whitespace();
        match (self.peek(), self.open.last()) {
            (Some(b','), Some(_)) => {
                self.at += 1;
                self.skip_whitespace();
                Ok(true)
            }
            (Some(b'}'), Some(Open::Object { .. })) => self.close_object().map(|()| false),
            (Some(b']'), Some(Open::Array)) => {
                self.close_array();
                Ok(false)
            }
            (_, Some(Open::Array)) => Err(self.expected("`,` or `]`")),
            _ => Err(self.expected("`,` or `}`")),
        }
    }

    fn close_array(&mut self) {
        self.open.pop();
        self.at += 1;
    }

    fn close_object(&mut self) -> Result<(), Malformed> {
        if let Some(Open::Object { first, ascending }) = self.open.pop() {
            if !ascending {
                self.sort_members(first)?;
            }
            self.members.truncate(first);
        }
        self.at += 1;
        Ok(())
    }

    /// Brings the members of the object that ends here, those from index `first` on, into canonical order.
    fn sort_members(&mut self, first: usize) -> Result<(), Malformed> {
        let members = self.members.get(first..).unwrap_or_default();
        let start = members.first().map_or(0, |member| member.start);
        // Each ends before the comma that the next one follows; the last one where the object does.
        let before_comma = members.iter().skip(1).map(|next| next.start.saturating_sub(1));
        let ends = before_comma.chain([self.output.position(self.at)]);
        let mut sorted: Vec<(Name<'a>, Range<usize>)> =
            members.iter().zip(ends).map(|(member, end)| (member.name, member.start..end)).collect();
        let offset = |name: Name<'_>| name.offset_in(self.text);
        sorted.sort_unstable_by(|(a, _), (b, _)| a.cmp(*b).then_with(|| offset(*a).cmp(&offset(*b))));
        for ((one, _), (next, _)) in sorted.iter().zip(sorted.iter().skip(1)) {
            if one.cmp(*next).is_eq() {
                return Err(Malformed::new(offset(*next), format!("the member `{next}` is there twice")));
            }
        }
        self.output.reorder(self.at, start, sorted.into_iter().map(|(_, range)| range));
        Ok(())
    }

    /// The name of a member and its colon.
    pub(super) fn name(&mut self) -> Result<Name<'a>, Malformed> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("the name of a member, in quotes,"));
        }
        let start = self.output.position(self.at);
        let name = self.string()?;
        self.skip_whitespace();
        if self.peek() != Some(b':') {
            return Err(self.expected("`:`"));
        }
        self.at += 1;
        self.skip_whitespace();

        if let Some(Open::Object { first, ascending }) = self.open.last_mut() {
            let previous = self.members.get(*first..).and_then(|members| members.last());
            *ascending = *ascending && previous.is_none_or(|previous| previous.name.cmp(name).is_lt());
        }
        self.members.push(Member { name, start });
        Ok(name)
    }

    /// A string, in the form of a name.
    fn string(&mut self) -> Result<Name<'a>, Malformed> {
        self.at += 1;
        let start = self.at;
        let mut has_escapes = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let plain = plain_length(rest);
            self.at += plain;
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    has_escapes = true;
                    self.escape()?;
                }
                Some(_) => return Err(self.malformed("unescaped control character in a string")),
                None => return Err(Malformed::new(start - 1, "a string without an end")),
            }
        }
        let name = Name::new(self.slice(start..self.at), has_escapes);
        self.at += 1;
        Ok(name)
    }

    fn escape(&mut self) -> Result<(), Malformed> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let (c, length) = escape(rest).map_err(|reason| self.malformed(reason))?;
        let escape = self.at..self.at + length;
        self.at = escape.end;
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

    fn number(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        let negative = self.skip(b"-");
        let zero = self.peek() == Some(b'0');
        let digits = self.digits()?;
        let refused = if zero && digits > 1 {
            Some("a number with a leading zero".to_owned())
        } else if digits > MAX_DIGITS {
            Some(format!("a number of more than {MAX_DIGITS} digits"))
        } else if let Some(b'.' | b'e' | b'E') = self.peek() {
            if self.output.is_on() {
                Some("a number with a fraction or an exponent in `signed`".to_owned())
            } else {
                self.fraction_and_exponent()?;
                (self.at - start > MAX_NUMBER_BYTES).then(|| format!("a number of more than {MAX_NUMBER_BYTES} bytes"))
            }
        } else if zero && negative && self.output.is_on() {
            Some("the number `-0` in `signed`".to_owned())
        } else {
            None
        };
        refused.map_or(Ok(()), |reason| Err(Malformed::new(start, reason)))
    }

    fn fraction_and_exponent(&mut self) -> Result<(), Malformed> {
        if self.skip(b".") {
            self.digits()?;
        }
        if self.skip(b"eE") {
            self.skip(b"+-");
            self.digits()?;
        }
        Ok(())
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<usize, Malformed> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if rest.starts_with(b"Infinity") {
            return Err(self.not_a_value());
        }
        if count == 0 {
            return Err(self.expected("a digit"));
        }
        self.at += count;
        Ok(count)
    }

    fn skip(&mut self, any_of: &[u8]) -> bool {
        let found = self.peek().is_some_and(|b| any_of.contains(&b));
        self.at += usize::from(found);
        found
    }

    fn literal(&mut self, word: &str) -> Result<(), Malformed> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(self.not_a_value());
        }
        self.at += word.len();
        Ok(())
    }

    pub(super) fn skip_whitespace(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count();
        if count > 0 {
            self.output.leave_out(self.at..self.at + count);
            self.at += count;
        }
    }

    /// After the document, whitespace may follow and nothing else.
    pub(super) fn end(&mut self) -> Result<(), Malformed> {
        self.skip_whitespace();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.malformed("something follows the document")),
        }
    }

    fn not_a_value(&self) -> Malformed {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if rest.starts_with(b"NaN") || rest.starts_with(b"Infinity") {
            return self.malformed("NaN and Infinity are not JSON");
        }
        if rest.starts_with(b"+") {
            return self.malformed("a number with a leading `+`");
        }
        self.expected("a value")
    }

    fn expected(&self, what: &str) -> Malformed {
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
