//! Which signatures hold.

use super::{ALL_PAIRS, P256, P384, PSS, Vectors, add, ecdsa, tlv, usable};
use crate::digest::{decode_hex, encode_hex};

#[test]
fn a014_empty_and_damaged_signatures_do_not_verify() {
    let vectors = Vectors::load();
    for (keytype, scheme, key, vector) in ALL_PAIRS {
        let key = usable(keytype, scheme, &vectors.keys[key]);
        let good = vectors.signature(vector);
        let mut damaged: Vec<Vec<u8>> = vec![vec![], vec![0], vec![0; good.len()], vec![0xff; good.len()]];
        damaged.push(good[1..].to_vec());
        damaged.push(good[..good.len() - 1].to_vec());
        damaged.push([&[0], &good[..]].concat());
        damaged.push([&good[..], &[0]].concat());
        damaged.push(good.repeat(1000));
        for at in (0..good.len()).step_by(good.len() / 64) {
            let mut flipped = good.clone();
            flipped[at] ^= 1;
            damaged.push(flipped);
        }
        for signature in damaged {
            assert!(!key.verify(b"tufgate", &signature), "{scheme} {}", encode_hex(&signature));
        }
    }
}

#[test]
fn a019_pss_scheme_means_pss() {
    let vectors = Vectors::load();
    assert!(vectors.verify("rsa", "rsassa-pss-sha256", "rsa2048_pss_sha256"));
    assert!(!vectors.verify("rsa", "rsassa-pss-sha256", "rsa2048_pkcs1v15_sha256"));
}

#[test]
fn a020_padding_and_hash_of_another_scheme_are_refused() {
    let vectors = Vectors::load();
    let schemes = ["pss_sha256", "pss_sha384", "pss_sha512", "pkcs1v15_sha256", "pkcs1v15_sha384", "pkcs1v15_sha512"];
    for signed in schemes {
        for listed in schemes {
            let (padding, hash) = listed.split_once('_').unwrap();
            let scheme = if padding == "pss" { format!("rsassa-pss-{hash}") } else { format!("rsa-pkcs1v15-{hash}") };
            let verified = vectors.verify("rsa", &scheme, &format!("rsa2048_{signed}"));
            assert_eq!(verified, signed == listed, "signed with {signed}, listed with {listed}");
        }
    }
}

#[test]
fn a021_pss_salt_is_as_long_as_the_hash() {
    let vectors = Vectors::load();
    assert!(vectors.verify("rsa", PSS, "rsa2048_pss_sha256"));
    for length in [0, 20, 31, 33, 222] {
        assert!(!vectors.verify("rsa", PSS, &format!("rsa2048_pss_sha256_salt_{length}")), "{length}");
    }
}

#[test]
fn a022_pss_with_another_mgf1_hash_is_refused() {
    let vectors = Vectors::load();
    assert!(!vectors.verify("rsa", PSS, "rsa2048_pss_sha256_mgf1_sha1"));
    assert!(!vectors.verify("rsa", PSS, "rsa2048_pss_sha256_mgf1_sha512"));
    assert!(!vectors.verify("rsa", "rsassa-pss-sha512", "rsa2048_pss_sha256_mgf1_sha512"));
}

#[test]
fn a026_both_signatures_r_s_and_r_n_minus_s_verify() {
    let vectors = Vectors::load();
    for (scheme, low, high) in [(P256, "p256", "p256_high_s"), (P384, "p384", "p384_high_s")] {
        assert!(vectors.verify("ecdsa", scheme, low));
        assert!(vectors.verify("ecdsa", scheme, high));
        assert_ne!(vectors.signature(low), vectors.signature(high));
    }
}

#[test]
fn a027_ecdsa_signatures_are_strict_der() {
    let vectors = Vectors::load();
    for (name, scheme, size) in [("p256", P256, 32), ("p384", P384, 48)] {
        let key = usable("ecdsa", scheme, &vectors.keys[name]);
        let good = vectors.signature(name);
        // The vectors have r with the highest bit set, hence a zero before it, and s without.
        let body = &good[2..];
        let (r, s) = (&body[3..3 + size], &body[3 + size + 2..]);
        assert!(r[0] >= 0x80 && s[0] < 0x80);
        let zero_r = [&[0], r].concat();
        let (int_r, int_s) = (tlv(2, &zero_r), tlv(2, s));
        assert_eq!(tlv(0x30, &[&int_r[..], &int_s].concat()), good);
        assert!(key.verify(b"tufgate", &good));

        let sequence = |parts: &[&[u8]]| tlv(0x30, &parts.concat());
        let length = good[1];
        let constructed = [&[0x22, int_r.len().try_into().unwrap()], &int_r[..]].concat();
        for (why, signature) in [
            ("bytes after the sequence", [&good[..], &[0]].concat()),
            ("an element after it", [&good[..], &[5, 0]].concat()),
            ("bytes inside the sequence", sequence(&[&int_r, &int_s, &[0]])),
            ("a third integer", sequence(&[&int_r, &int_s, &int_s])),
            ("one integer", sequence(&[&int_r])),
            ("no integer", sequence(&[])),
            ("long form of the length", [&[0x30, 0x81, length], body].concat()),
            ("longer form of the length", [&[0x30, 0x82, 0, length], body].concat()),
            ("indefinite length", [&[0x30, 0x80], body, &[0, 0]].concat()),
            ("a length too small", [&[0x30, length - 1], body].concat()),
            ("a length too great", [&[0x30, length + 1], body].concat()),
            ("long length of r", sequence(&[&[2, 0x81, zero_r.len().try_into().unwrap()], &zero_r, &int_s])),
            ("negative r", sequence(&[&tlv(2, r), &int_s])),
            ("two zeros before r", sequence(&[&tlv(2, &[&[0], &zero_r[..]].concat()), &int_s])),
            ("a zero before s", sequence(&[&int_r, &tlv(2, &[&[0], s].concat())])),
            ("r as octets", sequence(&[&tlv(4, &zero_r), &int_s])),
            ("r constructed", sequence(&[&constructed, &int_s])),
            ("a set", [&[0x31], &good[1..]].concat()),
            ("without tags", [r, s].concat()),
        ] {
            assert!(!key.verify(b"tufgate", &signature), "{name}: {why}");
        }
    }
}

#[test]
fn a028_ecdsa_r_and_s_lie_between_zero_and_the_order() {
    let vectors = Vectors::load();
    let orders = [
        ("p256", P256, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
        (
            "p384",
            P384,
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        ),
    ];
    for (name, scheme, order) in orders {
        let key = usable("ecdsa", scheme, &vectors.keys[name]);
        let good = vectors.signature(name);
        let n = [vec![0], decode_hex(order).unwrap()].concat();
        let size = n.len() - 1;
        let r = good[4..5 + size].to_vec();
        let s = good[7 + size..].to_vec();
        assert_eq!(ecdsa(&r, &s), good);
        let s_plus_n = add(&s, &n);
        for (r, s) in [
            (&[0][..], &[0][..]),
            (&[0], &s),
            (&r, &[0]),
            (&[1], &[0]),
            (&[0], &[1]),
            (&n, &n),
            (&[0], &n),
            (&n, &[0]),
            (&n, &s),
            (&r, &n),
            (&r, &s_plus_n),
            (&[], &[]),
            (&[1], &[1]),
            (&[0x7f; 200], &[1]),
        ] {
            assert!(!key.verify(b"tufgate", &ecdsa(r, s)), "{name}: {} {}", encode_hex(r), encode_hex(s));
        }
    }
}

#[test]
fn a030_ed25519_equation_is_the_strict_one_without_cofactor() {
    let vectors = Vectors::load();
    for (name, verifies) in [
        ("ed25519", true),
        // S + L: the same signature for a verifier that does not ask for S < L.
        ("ed25519_s_plus_l", false),
        // These two hold when both sides are multiplied by 8.
        ("ed25519_mixed_order_r", false),
        ("ed25519_mixed_order_a", false),
        // The part of small order vanishes from h * A, as 8 divides h: holds in either equation.
        ("ed25519_mixed_order_a_vanishing", true),
        // R is compared as bytes, so that only its canonical encoding passes. The identity is one that can be signed.
        ("ed25519_identity_r", true),
        ("ed25519_non_canonical_r", false),
    ] {
        assert_eq!(vectors.verify("ed25519", "ed25519", name), verifies, "{name}");
    }
}

#[test]
fn a032_hex_is_even_without_spaces_and_of_either_case() {
    assert_eq!(decode_hex("0aFf"), Some(vec![0x0a, 0xff]));
    assert_eq!(decode_hex(""), Some(vec![]));
    for bad in ["0", "0a0", "0a 0b", " 0a", "0a\n", "0x0a", "+a", "０a", "éa", "0g"] {
        assert_eq!(decode_hex(bad), None, "{bad:?}");
    }
}
