use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Signed, Snapshot, Targets, Timestamp, reference};
use crate::canonical;
use crate::limits::Limits;

/// Reads the text of `signed` as each type. How many of them take it; none if it is not an object.
#[track_caller]
fn agrees_with_reference(signed: &str) -> usize {
    let limits = Limits::default();
    let envelope = format!(r#"{{"signatures":[],"signed":{signed}}}"#);
    let Ok(document) = canonical::split(envelope.as_bytes(), limits.json_depth) else { return 0 };
    let timestamp = Timestamp::parse(document.signed, &limits).ok().map(|found| reference::describe_timestamp(&found));
    assert_eq!(timestamp, reference::timestamp(signed), "{signed}");
    let snapshot = Snapshot::parse(document.signed, &limits).ok().map(|found| reference::describe_snapshot(&found));
    assert_eq!(snapshot, reference::snapshot(signed), "{signed}");
    let targets = Targets::parse(document.signed, &limits).ok().map(|found| reference::describe_targets(&found));
    assert_eq!(targets, reference::targets(signed, &limits), "{signed}");
    [timestamp, snapshot, targets].iter().flatten().count()
}

fn documents() -> [Value; 4] {
    let hashes = json!({ "sha256": "ab".repeat(32), "md5": "00", "blake2b-256": "CD".repeat(32) });
    let head = |kind: &str, rest: Value| {
        let mut signed =
            json!({ "_type": kind, "spec_version": "1.0.34", "version": 7, "expires": "2036-01-01T00:00:00Z" });
        signed.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        signed
    };
    let role = |name: &str, claims: &str| json!({ "name": name, "keyids": ["k", "é\"", "k"], "threshold": 1, "terminating": true, claims: ["0a", "ff\\"] });
    let keys = json!({ "k": { "keytype": "ed25519", "scheme": "ed25519", "keyval": { "public": "00" } } });
    let roles = json!([role("a", "paths"), role("b \n", "x"), { "name": "c", "keyids": [], "threshold": 65535,
        "terminating": false, "path_hash_prefixes": ["0", "ab12"] }]);
    let succinct = json!({ "keyids": ["k"], "threshold": 2, "bit_length": 5, "name_prefix": "bin" });
    [
        head("timestamp", json!({ "meta": { "snapshot.json": { "version": 3, "length": 9, "hashes": hashes } } })),
        head(
            "snapshot",
            json!({ "meta": { "targets.json": { "version": 1 }, "b-c.json": { "version": u64::MAX },
            "b.json": { "version": 2, "length": 0, "hashes": hashes, "x": [{}, [], null] }, "c": { "version": 1 } } }),
        ),
        head(
            "targets",
            json!({ "delegations": { "keys": keys, "roles": roles }, "targets": { "b/é": { "length": 1,
            "hashes": hashes, "custom": { "a": [1, "}"] } }, "a": { "length": 2, "hashes": {}, "custom": null } } }),
        ),
        head("targets", json!({ "delegations": { "keys": {}, "succinct_roles": succinct }, "targets": {}, "x": "]" })),
    ]
}

#[test]
fn metadata_is_read_as_the_reference_reads_it() {
    for document in documents() {
        for style in 0..4 {
            assert_eq!(agrees_with_reference(&written(&document, style)), 1, "{document}");
        }
    }
}

#[test]
fn spoilt_metadata_is_read_as_the_reference_reads_it() {
    let mut random = Random(0x7466_6761_7465);
    let mut taken = 0;
    let rounds = 8_000;
    for round in 0..rounds {
        let mut document = documents()[round % 4].clone();
        for _ in 0..1 + random.below(4) / 3 {
            spoil(&mut document, &mut random);
        }
        taken += agrees_with_reference(&written(&document, random.below(4)));
    }
    assert!((rounds / 10..rounds / 2).contains(&taken), "{taken} of {rounds} are still documents");
}

#[test]
fn committed_metadata_is_read_as_the_reference_reads_it() {
    // Not part of the package.
    let repositories = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-repos");
    let mut folders = vec![repositories];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(document) = canonical::split(&fs::read(path).unwrap(), Limits::default().json_depth) {
                agrees_with_reference(document.signed);
            }
        }
    }
}

/// Replaces, removes or renames something at a random place.
fn spoil(value: &mut Value, random: &mut Random) {
    let stay = random.below(12) > 0;
    match value {
        Value::Object(members) if stay && !members.is_empty() => {
            let name = members.keys().nth(random.below(members.len())).unwrap().clone();
            match random.below(12) {
                0 => drop(members.remove(&name)),
                1 => {
                    let member = members.remove(&name).unwrap();
                    members
                        .insert(random.pick(&["targets.json", "é", "paths", "custom", "root", ""]).to_owned(), member);
                }
                _ => spoil(members.get_mut(&name).unwrap(), random),
            }
        }
        Value::Array(values) if stay && !values.is_empty() => {
            let at = random.below(values.len());
            match random.below(8) {
                0 => drop(values.remove(at)),
                1 => values.push(values[at].clone()),
                _ => spoil(&mut values[at], random),
            }
        }
        other => {
            let texts = [
                "null",
                "true",
                "false",
                "0",
                "1",
                "-1",
                "255",
                "65536",
                "18446744073709551615",
                "[]",
                "{}",
                "[1]",
                "18446744073709551616",
                "\"\"",
                "\"a\"",
                "\"A\"",
                "\"\\\"\"",
                "\"2036-01-01T00:00:00Z\"",
                "\"targets\"",
                "[\"0a\"]",
                "{\"sha256\":\"00\"}",
                "{\"version\":1}",
                "\"sha256\"",
                "9999999999999999999",
            ];
            *other = Value::String(format!("\u{0}{}", random.pick(&texts)));
        }
    }
}

/// The document as text: compact, indented, with escapes, or with its members the other way round. A string that begins
/// with NUL is text already.
fn written(value: &Value, style: usize) -> String {
    let space = if style == 1 { "\n  \t" } else { "" };
    let list = |open: &str, items: Vec<String>, close: &str| {
        format!("{open}{space}{}{space}{close}", items.join(&format!("{space},{space}")))
    };
    match value {
        Value::String(text) if text.starts_with('\0') => text[1..].to_owned(),
        Value::String(text) => string(text, style),
        Value::Array(values) => list("[", values.iter().map(|value| written(value, style)).collect(), "]"),
        Value::Object(members) => list("{", written_members(members, space, style), "}"),
        other => other.to_string(),
    }
}

fn written_members(members: &Map<String, Value>, space: &str, style: usize) -> Vec<String> {
    let member =
        |(name, value): (&String, &Value)| format!("{}{space}:{space}{}", string(name, style), written(value, style));
    let mut members: Vec<String> = members.iter().map(member).collect();
    if style == 3 {
        members.reverse();
    }
    members
}

fn string(text: &str, style: usize) -> String {
    let plain = Value::from(text).to_string();
    match text.chars().next() {
        Some(first @ 'a'..='z') if style == 2 => plain.replacen(first, &format!("\\u{:04x}", u32::from(first)), 1),
        _ => plain,
    }
}

/// A small generator with a fixed seed, so that every run tests the same documents.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}
