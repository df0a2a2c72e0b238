//! JSON as a publisher writes it, and as none should.

use serde_json::{Value, json};

/// The only member of an object that stands for text to be written as it is. No document has such a name.
const RAW: &str = "\0raw";

/// A value that is written as exactly this text, be it JSON or not.
///
/// `raw("1.0")` is a float; `raw(r#"99,"version":2"#)` as the value of `version` makes a duplicate member.
pub fn raw(text: &str) -> Value {
    json!({ RAW: text })
}

/// Canonical JSON (TUF-1.0.34 §4.2): the bytes that are signed. Written here apart from the library, so that both have
/// to be right for a signature to verify.
pub fn canonical(value: &Value) -> Vec<u8> {
    let mut out = String::new();
    write(&mut out, value, &|out, text| {
        for c in text.chars() {
            if matches!(c, '"' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
    });
    out.into_bytes()
}

/// JSON as it is served: like the canonical form, but with control characters escaped, so that a parser takes it.
pub fn wire(value: &Value) -> Vec<u8> {
    let mut out = String::new();
    write(&mut out, value, &|out, text| {
        let quoted = Value::from(text).to_string();
        out.push_str(&quoted[1..quoted.len() - 1]);
    });
    out.into_bytes()
}

fn write(out: &mut String, value: &Value, escape: &dyn Fn(&mut String, &str)) {
    match value {
        // `Display` of the rest is the same in both forms; floats keep their point.
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
        Value::String(text) => string(out, text, escape),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(out, item, escape);
            }
            out.push(']');
        }
        Value::Object(members) => {
            if let Some(Value::String(text)) = members.get(RAW) {
                return out.push_str(text);
            }
            // By code point, which is the order of UTF-8 bytes, whatever order the map keeps.
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.as_bytes().cmp(b.as_bytes()));
            out.push('{');
            for (at, (name, member)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                string(out, name, escape);
                out.push(':');
                write(out, member, escape);
            }
            out.push('}');
        }
    }
}

fn string(out: &mut String, text: &str, escape: &dyn Fn(&mut String, &str)) {
    out.push('"');
    escape(out, text);
    out.push('"');
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hex digest of `bytes` by the algorithm's name in metadata: `sha256`, `sha512`, `blake2b-256`, `blake2b`, `sha1`.
pub fn hash(algorithm: &str, bytes: &[u8]) -> String {
    let ring = |algorithm| hex(ring::digest::digest(algorithm, bytes).as_ref());
    let blake = |length| hex(blake2b_simd::Params::new().hash_length(length).hash(bytes).as_bytes());
    match algorithm {
        "sha256" => ring(&ring::digest::SHA256),
        "sha512" => ring(&ring::digest::SHA512),
        "sha1" => ring(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY),
        "blake2b-256" => blake(32),
        "blake2b" | "blake2b-512" => blake(64),
        _ => panic!("the simulator has no hash {algorithm}"),
    }
}

/// `{"length": …, "hashes": {…}}` of `bytes`, as targets and pinned metadata are described.
pub fn described(bytes: &[u8], algorithms: &[&str]) -> Value {
    let hashes: serde_json::Map<_, _> =
        algorithms.iter().map(|name| ((*name).to_owned(), hash(name, bytes).into())).collect();
    json!({ "length": bytes.len(), "hashes": hashes })
}

/// One segment of a path below a base address. Apart from the library's encoder for the same reason as [`canonical`].
pub fn encode_segment(text: &str) -> String {
    let dots = text.chars().all(|c| c == '.');
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_~".contains(&b) || (b == b'.' && !dots);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
