//! Vectors are made by `testdata/make.py`; malformed keys and signatures are made here out of good ones.

mod keys;
mod signatures;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::PublicKey;
use crate::digest::decode_hex;

#[derive(Deserialize)]
struct Vectors {
    keys: BTreeMap<String, String>,
    vectors: BTreeMap<String, Vector>,
}

#[derive(Deserialize)]
struct Vector {
    key: String,
    message: String,
    signature: String,
}

impl Vectors {
    fn load() -> Self {
        serde_json::from_str(include_str!("testdata/vectors.json")).unwrap()
    }

    /// Whether the vector holds when its key is listed with this type and scheme.
    fn verify(&self, keytype: &str, scheme: &str, name: &str) -> bool {
        let Vector { key, message, signature } = &self.vectors[name];
        let key = usable(keytype, scheme, &self.keys[key]);
        key.verify(message.as_bytes(), &decode_hex(signature).unwrap())
    }

    fn signature(&self, name: &str) -> Vec<u8> {
        decode_hex(&self.vectors[name].signature).unwrap()
    }
}

fn key(name: &str) -> String {
    Vectors::load().keys[name].clone()
}

fn usable(keytype: &str, scheme: &str, public: &str) -> PublicKey {
    let key = PublicKey::parse(keytype, scheme, public);
    assert_eq!(key.inert_reason(), None, "{keytype} {scheme} {public}");
    assert!(key.material().is_some());
    key
}

/// The reason, of a key that must be inert in every respect.
fn inert(keytype: &str, scheme: &str, public: &str) -> &'static str {
    let key = PublicKey::parse(keytype, scheme, public);
    let reason = key.inert_reason().unwrap_or_else(|| panic!("usable: {keytype} {scheme} {public}"));
    assert_eq!(key.material(), None);
    for signature in Vectors::load().vectors.values() {
        let signed = decode_hex(&signature.signature).unwrap();
        assert!(!key.verify(signature.message.as_bytes(), &signed));
    }
    reason
}

const P256: &str = "ecdsa-sha2-nistp256";
const P384: &str = "ecdsa-sha2-nistp384";
const PSS: &str = "rsassa-pss-sha256";

const ALL_PAIRS: [(&str, &str, &str, &str); 12] = [
    ("ed25519", "ed25519", "ed25519", "ed25519"),
    ("ecdsa", P256, "p256", "p256"),
    (P256, P256, "p256", "p256"),
    (P256, P256, "p256_hex", "p256"),
    ("ecdsa", P384, "p384", "p384"),
    (P384, P384, "p384_hex", "p384"),
    ("rsa", "rsassa-pss-sha256", "rsa2048", "rsa2048_pss_sha256"),
    ("rsa", "rsassa-pss-sha384", "rsa2048", "rsa2048_pss_sha384"),
    ("rsa", "rsassa-pss-sha512", "rsa2048", "rsa2048_pss_sha512"),
    ("rsa", "rsa-pkcs1v15-sha256", "rsa2048", "rsa2048_pkcs1v15_sha256"),
    ("rsa", "rsa-pkcs1v15-sha384", "rsa2048", "rsa2048_pkcs1v15_sha384"),
    ("rsa", "rsa-pkcs1v15-sha512", "rsa2048", "rsa2048_pkcs1v15_sha512"),
];

#[test]
fn each_key_type_and_scheme_verifies_its_own_signature_of_its_own_message() {
    let vectors = Vectors::load();
    for (keytype, scheme, key, vector) in ALL_PAIRS {
        let key = usable(keytype, scheme, &vectors.keys[key]);
        assert!(key.verify(b"tufgate", &vectors.signature(vector)), "{keytype} {scheme}");
        assert!(!key.verify(b"tufgatf", &vectors.signature(vector)), "{keytype} {scheme}");
    }
}

// --- The other direction: writing DER and PEM ----------------------------------------------------------------------------

fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    match value.len() {
        0..0x80 => [&[tag, length[1]], value].concat(),
        0x80..0x100 => [&[tag, 0x81, length[1]], value].concat(),
        _ => [&[tag, 0x82, length[0], length[1]], value].concat(),
    }
}

/// A signature of these contents of two integers, as they are.
fn ecdsa(r: &[u8], s: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(2, r), tlv(2, s)].concat())
}

fn rsa_pem(modulus: &[u8], exponent: &[u8]) -> String {
    let integer = |number: &[u8]| tlv(2, &if number[0] < 0x80 { number.to_vec() } else { [&[0], number].concat() });
    let key = tlv(0x30, &[integer(modulus), integer(exponent)].concat());
    pem(&tlv(0x30, &[tlv(0x30, super::RSA_ENCRYPTION), tlv(3, &[&[0][..], &key].concat())].concat()))
}

fn pem(der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut digits = String::new();
    for chunk in der.chunks(3) {
        let bits = chunk.iter().chain([0, 0].iter()).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for place in 0..4 {
            let digit = char::from(DIGITS[bits >> (18 - 6 * place) & 63]);
            digits.push(if place <= chunk.len() { digit } else { '=' });
        }
    }
    let lines: Vec<_> = digits.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

/// Sum of two big-endian numbers, as the contents of a DER integer.
fn add(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0_u16;
    let digit = |number: &[u8], place: usize| number.iter().rev().nth(place).map_or(0, |byte| u16::from(*byte));
    let mut sum: Vec<u8> = (0..=a.len().max(b.len()))
        .map(|place| {
            carry = digit(a, place) + digit(b, place) + (carry >> 8);
            carry.to_be_bytes()[1]
        })
        .collect();
    while matches!(sum[..], [.., low, 0] if low < 0x80) {
        sum.pop();
    }
    sum.reverse();
    sum
}
