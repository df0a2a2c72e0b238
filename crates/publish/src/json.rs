//! JSON as signed (canonical form) and as published.

use serde_json::{Map, Value};

use crate::Result;
use crate::error::Error;

/// How a published file is laid out; what is signed is the canonical form in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One space of indent, sorted members, as python-tuf publishes.
    Indented,
    /// No white space, sorted members.
    Compact,
    /// What is signed: compact, and strings escape only `"` and `\`, so a PEM's line ends stand raw (TUF-1.0.34 §4.2).
    Canonical,
}

/// What is signed.
///
/// # Errors
/// For a number that is no integer of 64 bits.
pub fn canonical(object: &Map<String, Value>) -> Result<Vec<u8>> {
    let mut writer = Writer { layout: Layout::Canonical, depth: 0, out: String::new() };
    writer.object(object)?;
    Ok(writer.out.into_bytes())
}

/// A metadata file: `signatures`, and `signed` without a copy of it.
///
/// # Errors
/// As [`canonical`].
pub(crate) fn envelope(signatures: &[Value], signed: &Map<String, Value>, layout: Layout) -> Result<Vec<u8>> {
    enum Part<'a> {
        Signatures(&'a [Value]),
        Signed(&'a Map<String, Value>),
    }
    let mut writer = Writer { layout, depth: 0, out: String::new() };
    let parts = [("signatures", Part::Signatures(signatures)), ("signed", Part::Signed(signed))];
    writer.list('{', '}', &parts, |writer, (name, part)| {
        writer.name(name)?;
        match part {
            Part::Signatures(list) => writer.list('[', ']', list, Writer::value),
            Part::Signed(object) => writer.object(object),
        }
    })?;
    Ok(writer.out.into_bytes())
}

/// Any value in one of the layouts.
///
/// # Errors
/// As [`canonical`].
pub fn write(value: &Value, layout: Layout) -> Result<Vec<u8>> {
    let mut writer = Writer { layout, depth: 0, out: String::new() };
    writer.value(value)?;
    Ok(writer.out.into_bytes())
}

struct Writer {
    layout: Layout,
    depth: usize,
    out: String,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<()> {
        match value {
            Value::Null | Value::Bool(_) => self.out.push_str(&value.to_string()),
            Value::Number(number) if number.is_i64() || number.is_u64() => self.out.push_str(&number.to_string()),
            Value::Number(number) => return Err(Error::Document(format!("{number} has no canonical form"))),
            Value::String(text) => self.string(text)?,
            Value::Array(items) => self.list('[', ']', items, Self::value)?,
            Value::Object(map) => self.object(map)?,
        }
        Ok(())
    }

    fn object(&mut self, map: &Map<String, Value>) -> Result<()> {
        let mut members: Vec<_> = map.iter().collect();
        members.sort_unstable_by_key(|(name, _)| *name);
        self.list('{', '}', &members, |writer, (name, value)| {
            writer.name(name)?;
            writer.value(value)
        })
    }

    fn name(&mut self, name: &str) -> Result<()> {
        self.string(name)?;
        self.out.push_str(if self.layout == Layout::Indented { ": " } else { ":" });
        Ok(())
    }

    fn list<T>(
        &mut self,
        open: char,
        close: char,
        items: &[T],
        mut item: impl FnMut(&mut Self, &T) -> Result<()>,
    ) -> Result<()> {
        self.out.push(open);
        self.depth += 1;
        for (at, one) in items.iter().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            self.new_line();
            item(self, one)?;
        }
        self.depth -= 1;
        if !items.is_empty() {
            self.new_line();
        }
        self.out.push(close);
        Ok(())
    }

    fn new_line(&mut self) {
        if self.layout == Layout::Indented {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', self.depth));
        }
    }

    fn string(&mut self, text: &str) -> Result<()> {
        if self.layout == Layout::Canonical {
            self.out.push('"');
            self.out.push_str(&text.replace('\\', "\\\\").replace('"', "\\\""));
            self.out.push('"');
        } else {
            self.out.push_str(&Value::from(text).to_string());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Layout, write};

    fn canonical(value: &Value) -> crate::Result<Vec<u8>> {
        super::write(value, Layout::Canonical)
    }

    #[test]
    fn canonical_form_sorts_members_and_keeps_line_ends_raw() {
        let value = json!({"b": ["x\ny", "\"\\"], "a": {}, "A": [true, null, -1]});
        assert_eq!(canonical(&value).unwrap(), b"{\"A\":[true,null,-1],\"a\":{},\"b\":[\"x\ny\",\"\\\"\\\\\"]}");
    }

    #[test]
    fn published_forms_escape_line_ends() {
        let value = json!({"b": ["x\ny"], "a": {}});
        assert_eq!(write(&value, Layout::Compact).unwrap(), br#"{"a":{},"b":["x\ny"]}"#);
        assert_eq!(write(&value, Layout::Indented).unwrap(), b"{\n \"a\": {},\n \"b\": [\n  \"x\\ny\"\n ]\n}");
    }

    #[test]
    fn fractions_have_no_canonical_form() {
        assert_eq!(canonical(&json!(1.5)).unwrap_err().to_string(), "1.5 has no canonical form");
    }
}
