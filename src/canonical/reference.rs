//! The same rules once more, slow and plain, on top of serde_json: what tests and fuzzing compare the scanner with.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;

/// `signed`, `signatures` and the canonical form of `signed`, or nothing if the document is to be refused.
pub(crate) fn split(bytes: &[u8], max_depth: usize) -> Option<(&str, &str, Vec<u8>)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let envelope: &RawValue = serde_json::from_str(text).ok()?;
    canonical(envelope, max_depth, false)?;

    let Members(members) = serde_json::from_str(envelope.get()).ok()?;
    let find = |wanted| members.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
    let (signed, signatures) = (find("signed")?, find("signatures")?);
    if !signed.get().starts_with('{') || !signatures.get().starts_with('[') {
        return None;
    }
    Some((signed.get(), signatures.get(), canonical(signed, max_depth.checked_sub(1)?, true)?.into_bytes()))
}

fn canonical(value: &RawValue, depth: usize, in_signed: bool) -> Option<String> {
    let text = value.get();
    match text.chars().next()? {
        '{' => {
            let depth = depth.checked_sub(1)?;
            let Members(received) = serde_json::from_str(text).ok()?;
            let mut members = BTreeMap::new();
            for (name, value) in received {
                let member = format!("{}:{}", quoted(&name), canonical(value, depth, in_signed)?);
                if members.insert(name, member).is_some() {
                    return None;
                }
            }
            Some(format!("{{{}}}", members.into_values().collect::<Vec<_>>().join(",")))
        }
        '[' => {
            let depth = depth.checked_sub(1)?;
            let received: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            let elements: Option<Vec<_>> = received.into_iter().map(|v| canonical(v, depth, in_signed)).collect();
            Some(format!("[{}]", elements?.join(",")))
        }
        '"' => Some(quoted(&serde_json::from_str::<String>(text).ok()?)),
        't' | 'f' | 'n' => Some(text.to_owned()),
        _ => number_is_allowed(text, in_signed).then(|| text.to_owned()),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn number_is_allowed(text: &str, in_signed: bool) -> bool {
    let integer_part = text.split(['.', 'e', 'E']).next().unwrap_or_default();
    let is_integer = integer_part == text;
    integer_part.trim_start_matches('-').len() <= 20
        && (is_integer || text.len() <= 32)
        && !(in_signed && (!is_integer || text == "-0"))
}

/// The members of an object in the order received, with those that are there twice.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}
