//! Keys, signatures and the forms of JSON that the simulator writes.

use ring::signature as rs;
use serde_json::{Value, json};

use super::json::{encode_segment, wire};
use super::*;

#[test]
fn canonical_form_sorts_by_code_point_and_escapes_only_quote_and_backslash() {
    let value =
        json!({ "\u{1f600}": 1, "\u{ffff}": -2, "b": [true, null, "a\"\\\n\u{7f}é"], "a": { "z": {}, "B": [] } });
    let expected =
        "{\"a\":{\"B\":[],\"z\":{}},\"b\":[true,null,\"a\\\"\\\\\n\u{7f}é\"],\"\u{ffff}\":-2,\"\u{1f600}\":1}";
    assert_eq!(String::from_utf8(canonical(&value)).unwrap(), expected);
}

#[test]
fn served_form_parses_to_the_same_value() {
    let value = json!({ "key\n": "a\"\\\n\u{0}é\u{1f600}", "n": [0, -1, u64::MAX] });
    assert_eq!(serde_json::from_slice::<Value>(&wire(&value)).unwrap(), value);
}

#[test]
fn raw_text_is_written_as_it_is_in_both_forms() {
    let value = json!({ "version": raw(r#"99,"version":2"#), "x": [raw("1.0"), raw("NaN")] });
    let expected = r#"{"version":99,"version":2,"x":[1.0,NaN]}"#;
    assert_eq!(wire(&value), expected.as_bytes());
    assert_eq!(canonical(&value), expected.as_bytes());
}

#[test]
fn segments_are_encoded() {
    let names = ["bin-0f", "a/b", "..", "v1.0", "é?#%", "."];
    assert_eq!(names.map(encode_segment), ["bin-0f", "a%2Fb", "%2E%2E", "v1.0", "%C3%A9%3F%23%25", "%2E"]);
    assert_eq!(target_path("a b/../c.whl", Some("00ff")), "targets/a%20b/%2E%2E/00ff.c.whl");
}

#[test]
fn ed25519_key_of_a_number_never_changes() {
    let key = Key::ed25519(7);
    let public = "5a046d64961c8ba6fa2b4a23e0f35f672a44b858a01083380bf41a874599741a";
    let keyid = "e7c7389eb3eacaa02f7ec64d5e1f0227fc2aaf6730a0651618708e259dda0c5c";
    let object = json!({ "keytype": "ed25519", "scheme": "ed25519", "keyval": { "public": public } });
    assert_eq!((key.public_json(), key.keyid()), (object, keyid.to_owned()));
    assert_eq!(Key::ed25519(7).with_keyid("../x").keyid(), "../x");
}

#[test]
fn keyid_follows_the_key_object() {
    let key = Key::named("a").edit(|object| object["keyid_hash_algorithms"] = json!(["sha256"]));
    assert_eq!(key.keyid(), hash("sha256", &canonical(&key.public_json())));
    assert_ne!(key.keyid(), Key::named("a").keyid());
}

#[test]
fn signatures_of_every_kind_of_key_verify() {
    let verify = |algorithm: &'static dyn rs::VerificationAlgorithm, public: &[u8], key: Key| {
        rs::UnparsedPublicKey::new(algorithm, public).verify(b"message", &key.sign(b"message")).is_ok()
    };
    let public = |key: &Key| key.public_json()["keyval"]["public"].clone();
    for key in [Key::ed25519(1), Key::named("é")] {
        assert!(verify(&rs::ED25519, &unhex(&public(&key)), key));
    }
    for number in [1, 2] {
        let (p256, p384) = (Key::ecdsa_p256(number), Key::ecdsa_p384(number));
        // The point is the end of a SubjectPublicKeyInfo; of an RSA key everything after its header of 24 bytes is.
        let der = unpem(&public(&p256));
        assert!(verify(&rs::ECDSA_P256_SHA256_ASN1, &der[der.len() - 65..], p256));
        let der = unpem(&public(&p384));
        assert!(verify(&rs::ECDSA_P384_SHA384_ASN1, &der[der.len() - 97..], p384));
        let der = unpem(&public(&Key::rsa_pss(number)));
        assert!(verify(&rs::RSA_PSS_2048_8192_SHA256, &der[24..], Key::rsa_pss(number)));
        assert!(verify(&rs::RSA_PKCS1_2048_8192_SHA256, &der[24..], Key::rsa_pkcs1(number)));
        assert!(!verify(&rs::RSA_PSS_2048_8192_SHA256, &der[24..], Key::rsa_pkcs1(number)));
    }
    assert_ne!(Key::rsa_pss(1).sign(b"message"), Key::rsa_pss(1).sign(b"message"));
}

pub(super) fn unhex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// The content of a PEM block.
fn unpem(text: &Value) -> Vec<u8> {
    let mut bits = 0u32;
    let mut out = Vec::new();
    let body = text.as_str().unwrap().lines().filter(|line| !line.starts_with("-----"));
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (at, c) in body.flat_map(str::bytes).filter(|&c| c != b'=').enumerate() {
        bits = bits << 6 | u32::try_from(alphabet.iter().position(|&a| a == c).unwrap()).unwrap();
        if at % 4 > 0 {
            out.push(u8::try_from(bits >> (6 - at % 4 * 2) & 0xff).unwrap());
        }
    }
    out
}
