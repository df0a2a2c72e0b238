//! Which keys are usable, which are inert, and which are one.

use std::collections::BTreeSet;

use ring::signature::{ED25519, UnparsedPublicKey};

use super::{ALL_PAIRS, P256, P384, PSS, Vectors, ecdsa, inert, key, pem, rsa_pem, tlv, usable};
use crate::crypto::{self, PublicKey};
use crate::digest::{decode_hex, encode_hex};

#[test]
fn a006_encodings_and_schemes_of_one_key_are_one_material() {
    let [p256, hex, rsa, ed25519] = ["p256", "p256_hex", "rsa2048", "ed25519"].map(key);
    let p256_crlf = p256.replace('\n', "\r\n");
    let families: [&[(&str, &str, &str)]; 3] = [
        &[
            (P256, P256, &p256),
            ("ecdsa", P256, &p256),
            (P256, P256, p256.trim_end()),
            (P256, P256, &p256_crlf),
            (P256, P256, p256_crlf.trim_end()),
            (P256, P256, &hex),
            ("ecdsa", P256, &hex.to_uppercase()),
        ],
        &[
            ("rsa", "rsassa-pss-sha256", &rsa),
            ("rsa", "rsa-pkcs1v15-sha512", rsa.trim_end()),
            ("rsa", "rsassa-pss-sha384", &rsa.replace('\n', "\r\n")),
        ],
        &[("ed25519", "ed25519", &ed25519), ("ed25519", "ed25519", &ed25519.to_uppercase())],
    ];
    let materials: BTreeSet<_> = families
        .iter()
        .map(|family| {
            let all: BTreeSet<_> = family.iter().map(|(k, s, public)| usable(k, s, public).material()).collect();
            assert_eq!(all.len(), 1, "{family:?}");
            all
        })
        .collect();
    assert_eq!(materials.len(), families.len());
}

#[test]
fn a006_one_rsa_modulus_with_two_exponents_is_one_material() {
    let modulus = [&[0x80_u8][..], &[0; 254], &[1]].concat();
    let material = |exponent: &[u8]| usable("rsa", PSS, &rsa_pem(&modulus, exponent)).material();
    assert_eq!(material(&[3]), material(&[1, 0, 1]));
}

#[test]
fn a006_other_forms_of_pem_are_inert() {
    let pem = key("p256");
    let body = pem.lines().nth(1).unwrap();
    let (one, two) = body.split_at(32);
    for other in [
        String::new(),
        format!(" {pem}"),
        format!("\n{pem}"),
        format!("{pem}\n"),
        format!("{pem} "),
        format!("{pem}{pem}"),
        format!("comment\n{pem}"),
        format!("{pem}comment"),
        format!("\u{feff}{pem}"),
        pem.replace('\n', "\r"),
        pem.replace('\n', "\r\r\n"),
        pem.replace('\n', ""),
        pem.replace("-----\n", "----- \n"),
        pem.replace("-----BEGIN PUBLIC KEY-----\n", "-----BEGIN PUBLIC KEY-----\n\n"),
        pem.replace("-----BEGIN PUBLIC KEY-----\n", "-----BEGIN PUBLIC KEY-----\nA: b\n\n"),
        pem.replace("PUBLIC KEY", "EC PUBLIC KEY"),
        pem.replace("PUBLIC KEY", "public key"),
        pem.replace("END PUBLIC KEY", "END PRIVATE KEY"),
        pem.replace("-----END", "\n-----END"),
        pem.replace(body, &format!("{one}\n{two}")),
        pem.replace(body, &format!("{one} {two}")),
        pem.replace(&format!("{body}\n"), body),
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n".to_owned(),
        "-----BEGIN PUBLIC KEY-----\n\n-----END PUBLIC KEY-----\n".to_owned(),
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----".replace("-----\n", "-----"),
    ] {
        assert_eq!(inert(P256, P256, &other), "not one strict PEM block `PUBLIC KEY`", "{other:?}");
    }
}

#[test]
fn a006_base64_has_one_spelling() {
    // 91 bytes: the block ends in `==`, with four spare bits before it.
    let pem = key("p256");
    let digit = pem.as_bytes()[pem.find("==").unwrap() - 1] as char;
    let spare_bits_set = char::from(digit as u8 + 1);
    for other in [
        pem.replace(&format!("{digit}=="), &format!("{spare_bits_set}==")),
        pem.replace("==", ""),
        pem.replace("==", "="),
        pem.replace("==", "===="),
        pem.replace("==", "=A"),
        pem.replace("MFkw", "MF=w"),
        pem.replace("MFkw", "MF-w"),
        pem.replace("MFkw", "MF w"),
        pem.replace("MFkw", "MFé"),
    ] {
        assert_eq!(inert(P256, P256, &other), "bad base64 in the PEM block", "{other}");
    }
}

#[test]
fn a006_der_of_a_key_has_one_spelling() {
    let algorithm = crypto::P256.algorithm;
    let point = decode_hex(&key("p256_hex")).unwrap();
    let bits = [&[0][..], &point].concat();
    let good = tlv(0x30, &[tlv(0x30, algorithm), tlv(3, &bits)].concat());
    assert_eq!(pem(&good), key("p256"));
    let long_length = [&[0x30, 0x81, 0x59], &good[2..]].concat();
    let longer_length = [&[0x30, 0x82, 0x00, 0x59], &good[2..]].concat();
    let indefinite_length = [&[0x30, 0x80], &good[2..], &[0, 0]].concat();
    for other in [
        vec![0x30],
        vec![0x30, 0x82, 0x00],
        long_length,
        longer_length,
        indefinite_length,
        [&good[..], &[0]].concat(),
        good[..good.len() - 1].to_vec(),
        [&[0x31], &good[1..]].concat(),
        tlv(0x30, &[tlv(0x30, algorithm), tlv(3, &bits), vec![5, 0]].concat()),
        tlv(0x30, &[tlv(0x30, algorithm), tlv(3, &[&[1][..], &point].concat())].concat()),
        tlv(0x30, &[tlv(0x30, algorithm), tlv(3, &[])].concat()),
        tlv(0x30, &tlv(0x30, algorithm)),
    ] {
        let reason = inert(P256, P256, &pem(&other));
        assert_eq!(reason, "the PEM block holds no strict SubjectPublicKeyInfo", "{}", encode_hex(&other));
    }
}

#[test]
fn a017_unknown_types_and_schemes_are_inert() {
    let ed25519 = key("ed25519");
    for (keytype, scheme) in [("ml-dsa-65", "ml-dsa-65"), ("", ""), ("ED25519", "ed25519"), ("sigstore-oidc", "Fulcio")]
    {
        assert_eq!(inert(keytype, scheme, &ed25519), "unknown key type", "{keytype}");
    }
    for (keytype, scheme) in [
        ("ed25519", "ed25519ph"),
        ("ed25519", ""),
        ("ed25519", "Ed25519"),
        ("ecdsa", "ecdsa-sha2-nistp521"),
        ("rsa", "rsassa-pss-sha1"),
        ("rsa", "rsa-pkcs1v15-sha1"),
        ("rsa", "rsassa-pss-md5"),
    ] {
        assert_eq!(inert(keytype, scheme, &ed25519), "unknown scheme for this key type", "{keytype} {scheme}");
    }
}

#[test]
fn a018_a_key_is_inert_with_any_type_or_scheme_but_its_own() {
    let vectors = Vectors::load();
    let keytypes: BTreeSet<_> = ALL_PAIRS.iter().map(|row| row.0).collect();
    let schemes: BTreeSet<_> = ALL_PAIRS.iter().map(|row| row.1).collect();
    let mut refused = 0;
    for name in ["ed25519", "p256", "p256_hex", "p384", "rsa2048"] {
        let kind = name.trim_end_matches("_hex");
        let own = |pair| ALL_PAIRS.iter().any(|row| (row.0, row.1) == pair && row.3.starts_with(kind));
        for pair in keytypes.iter().flat_map(|keytype| schemes.iter().map(|scheme| (*keytype, *scheme))) {
            if !own(pair) {
                inert(pair.0, pair.1, &vectors.keys[name]);
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 5 * 5 * 9 - (1 + 2 + 2 + 2 + 6));
}

#[test]
fn a023_rsa_below_2048_bits_is_inert() {
    let vectors = Vectors::load();
    let small = "an RSA modulus must have 2048 to 8192 bits";
    assert_eq!(inert("rsa", PSS, &vectors.keys["rsa1024"]), small);
    assert_eq!(inert("rsa", "rsa-pkcs1v15-sha256", &vectors.keys["rsa1024"]), small);
    let bits_2047 = [&[0x40_u8][..], &[0xff; 255]].concat();
    assert_eq!(inert("rsa", PSS, &rsa_pem(&bits_2047, &[1, 0, 1])), small);
    usable("rsa", PSS, &rsa_pem(&[&[0x80][..], &[0xff; 255]].concat(), &[1, 0, 1]));
}

#[test]
fn a024_huge_rsa_moduli_and_exponents_are_inert() {
    let odd = |bytes: usize| vec![0xff; bytes];
    let modulus = "an RSA modulus must have 2048 to 8192 bits";
    usable("rsa", PSS, &rsa_pem(&odd(1024), &[3]));
    assert_eq!(inert("rsa", PSS, &rsa_pem(&[&[1][..], &odd(1024)].concat(), &[3])), modulus);
    assert_eq!(inert("rsa", PSS, &rsa_pem(&odd(8192), &[3])), modulus);
    assert_eq!(inert("rsa", PSS, &rsa_pem(&odd(16 << 10), &[3])), "more than 16 kB");
    assert_eq!(inert("rsa", PSS, &rsa_pem(&[&[0xff; 255][..], &[0xfe]].concat(), &[3])), "an RSA modulus must be odd");

    usable("rsa", PSS, &rsa_pem(&odd(256), &[1, 0xff, 0xff, 0xff, 0xff]));
    for exponent in [&[1][..], &[2], &[1, 0, 0], &[2, 0, 0, 0, 1], &[0xff; 256]] {
        let reason = inert("rsa", PSS, &rsa_pem(&odd(256), exponent));
        assert_eq!(reason, "an RSA exponent must be odd, at least 3 and below 2^33", "{exponent:?}");
    }
}

#[test]
fn rsa_keys_of_other_shapes_are_inert() {
    let n = [0xff; 256];
    let number = |bytes: &[u8]| tlv(2, bytes);
    let spki = |algorithm: &[u8], numbers: &[Vec<u8>]| {
        let key = [&[0][..], &tlv(0x30, &numbers.concat())].concat();
        pem(&tlv(0x30, &[tlv(0x30, algorithm), tlv(3, &key)].concat()))
    };
    let positive = [&[0][..], &n].concat();
    for numbers in [
        vec![],
        vec![number(&positive)],
        vec![number(&positive), number(&[0])],
        vec![number(&positive), number(&[])],
        vec![number(&positive), number(&[0, 3])],
        vec![number(&positive), number(&[0x83])],
        vec![number(&n), number(&[3])],
        vec![number(&[&[0][..], &positive].concat()), number(&[3])],
        vec![number(&positive), number(&[3]), number(&[3])],
    ] {
        assert_eq!(inert("rsa", PSS, &spki(crypto::RSA_ENCRYPTION, &numbers)), "malformed RSA key", "{numbers:x?}");
    }

    let numbers = [number(&positive), number(&[3])];
    usable("rsa", PSS, &spki(crypto::RSA_ENCRYPTION, &numbers));
    let without_null = &crypto::RSA_ENCRYPTION[..11];
    let id_rsassa_pss = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
    for algorithm in [without_null, &id_rsassa_pss[..], crypto::P256.algorithm, &[]] {
        let reason = inert("rsa", PSS, &spki(algorithm, &numbers));
        assert_eq!(reason, "the key in the PEM block is not of the type rsaEncryption");
    }
    let pkcs1 = key("rsa2048").replace("PUBLIC KEY", "RSA PUBLIC KEY");
    assert_eq!(inert("rsa", PSS, &pkcs1), "not one strict PEM block `PUBLIC KEY`");
}

#[test]
fn a025_curve_and_hash_follow_the_scheme() {
    let vectors = Vectors::load();
    assert!(vectors.verify(P256, P256, "p256"));
    assert!(vectors.verify(P384, P384, "p384"));
    assert!(!vectors.verify(P256, P256, "p256_sha384"));
    assert!(!vectors.verify(P384, P384, "p384_sha256"));
    let other = "the key in the PEM block is not of the curve of the scheme";
    assert_eq!(inert("ecdsa", P256, &vectors.keys["p384"]), other);
    assert_eq!(inert("ecdsa", P384, &vectors.keys["p256"]), other);
    let point = "not an uncompressed point of the curve of the scheme";
    assert_eq!(inert("ecdsa", P384, &vectors.keys["p256_hex"]), point);
}

#[test]
fn a028_points_off_the_curve_never_verify_and_infinity_is_inert() {
    let vectors = Vectors::load();
    let honest = decode_hex(&vectors.keys["p256_hex"]).unwrap();
    let mut off_curve = honest.clone();
    off_curve[64] ^= 1;
    let origin = [&[4][..], &[0; 64]].concat();
    let past_field = [&[4][..], &[0xff; 64]].concat();
    for point in [off_curve, origin, past_field] {
        let key = usable(P256, P256, &encode_hex(&point));
        for name in ["p256", "p256_high_s", "p256_sha384"] {
            assert!(!key.verify(b"tufgate", &vectors.signature(name)));
        }
        assert!(!key.verify(b"tufgate", &ecdsa(&[0], &[0])));
    }

    let spki = |point: &[u8]| {
        pem(&tlv(0x30, &[tlv(0x30, crypto::P256.algorithm), tlv(3, &[&[0][..], point].concat())].concat()))
    };
    let compressed = [&[2 + honest[64] % 2][..], &honest[1..33]].concat();
    let hybrid = [&[6 + honest[64] % 2][..], &honest[1..]].concat();
    usable(P256, P256, &spki(&honest));
    for point in [&[][..], &[0], &[4], &compressed, &hybrid, &honest[..64], &[&honest[..], &[0]].concat()] {
        let reason = "not an uncompressed point of the curve of the scheme";
        assert_eq!(inert(P256, P256, &spki(point)), reason, "{}", encode_hex(point));
    }
}

#[test]
fn a029_small_order_ed25519_key_is_refused() {
    // A = R = identity and S = 0: ring alone takes it for any message.
    let identity = [&[1][..], &[0; 31]].concat();
    let forged = [&identity[..], &[0; 32]].concat();
    assert!(UnparsedPublicKey::new(&ED25519, &identity).verify(b"any message", &forged).is_ok());

    let small = "an ed25519 key of small order, for which anybody can sign";
    for y in crypto::ed25519::SMALL_ORDER_Y {
        for sign in [0, 0x80] {
            let mut point = y;
            point[31] |= sign;
            assert_eq!(inert("ed25519", "ed25519", &encode_hex(&point)), small);
            assert!(!PublicKey::parse("ed25519", "ed25519", &encode_hex(&point)).verify(b"any message", &forged));
            // Ring alone takes the same signature for about every message whose hash the order of A divides.
            let key = UnparsedPublicKey::new(&ED25519, &point);
            let hits = (0..200_u8).filter(|i| key.verify(&[*i], &forged).is_ok()).count();
            assert!(hits > 0, "{}", encode_hex(&point));
        }
    }
}

#[test]
fn a029_non_canonical_ed25519_key_is_refused() {
    for low in 0xed..=0xff_u8 {
        for high in [0x7f, 0xff] {
            let mut point = [0xff; 32];
            (point[0], point[31]) = (low, high);
            assert_eq!(inert("ed25519", "ed25519", &encode_hex(&point)), "a non-canonical ed25519 key");
        }
    }
    // The largest y below p that is not of small order: p - 2 (whether or not it is on the curve).
    let mut below = [0xff; 32];
    (below[0], below[31]) = (0xeb, 0x7f);
    usable("ed25519", "ed25519", &encode_hex(&below));
}

#[test]
fn a031_ed25519_key_of_another_length_is_inert() {
    let good = key("ed25519");
    for public in [
        String::new(),
        good[..62].to_owned(),
        good[..63].to_owned(),
        format!("{good}0"),
        format!("{good}00"),
        format!(" {}", &good[1..]),
        format!("0x{}", &good[2..]),
        format!("{}é", &good[2..]),
        format!("{good}\n"),
        good.repeat(10_000),
    ] {
        assert_eq!(inert("ed25519", "ed25519", &public), "not 64 hex digits", "{public:.80}");
    }
}
