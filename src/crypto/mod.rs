//! Does this key sign these bytes? The only user of ring's signatures.
//!
//! How a key may be written is decision 0004, which signature equations hold is decision 0005 (`spec-notes/decisions`).

mod der;
mod ed25519;
mod pem;
#[cfg(test)]
mod tests;

use ring::signature::{self as rs, UnparsedPublicKey, VerificationAlgorithm};

use crate::digest::{self, Digest};

/// A public key of a role (TUF-1.0.34 §4.2): one that can verify, or an inert one.
///
/// A key of an unknown type or scheme, a malformed one and a weak one are inert: they verify nothing, and the document
/// that lists them loads, so that a repository can add keys that older clients do not know.
#[derive(Debug, Clone)]
pub(crate) struct PublicKey(Result<Usable, &'static str>);

/// Identity of key material: equal for two spellings, keyids or schemes of one key, so that a threshold counts their
/// holder once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct KeyMaterial(Digest);

impl KeyMaterial {
    /// The bytes that identify it.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl PublicKey {
    /// Takes the members of a key object. What cannot be used becomes inert.
    pub(crate) fn parse(keytype: &str, scheme: &str, public: &str) -> Self {
        Self(Usable::parse(keytype, scheme, public))
    }

    /// Why this key verifies nothing; `None` for one that can verify.
    pub(crate) fn inert_reason(&self) -> Option<&'static str> {
        self.0.as_ref().err().copied()
    }

    /// Whose signatures these are; `None` for an inert key, which nobody signs with.
    pub(crate) fn material(&self) -> Option<KeyMaterial> {
        self.0.as_ref().ok().map(|usable| usable.material)
    }

    /// Whether `signature` is this key's signature of `message`. The trusted key alone chooses the algorithm.
    #[must_use]
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.as_ref().is_ok_and(|usable| usable.key.verify(message, signature).is_ok())
    }
}

#[derive(Debug, Clone)]
struct Usable {
    key: UnparsedPublicKey<Box<[u8]>>,
    material: KeyMaterial,
}

impl Usable {
    fn parse(keytype: &str, scheme: &str, public: &str) -> Result<Self, &'static str> {
        match (keytype, scheme) {
            ("ed25519", "ed25519") => Self::ed25519(public),
            ("ecdsa" | "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256") => Self::ecdsa(&P256, public),
            ("ecdsa" | "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384") => Self::ecdsa(&P384, public),
            ("rsa", "rsassa-pss-sha256") => Self::rsa(&rs::RSA_PSS_2048_8192_SHA256, public),
            ("rsa", "rsassa-pss-sha384") => Self::rsa(&rs::RSA_PSS_2048_8192_SHA384, public),
            ("rsa", "rsassa-pss-sha512") => Self::rsa(&rs::RSA_PSS_2048_8192_SHA512, public),
            ("rsa", "rsa-pkcs1v15-sha256") => Self::rsa(&rs::RSA_PKCS1_2048_8192_SHA256, public),
            ("rsa", "rsa-pkcs1v15-sha384") => Self::rsa(&rs::RSA_PKCS1_2048_8192_SHA384, public),
            ("rsa", "rsa-pkcs1v15-sha512") => Self::rsa(&rs::RSA_PKCS1_2048_8192_SHA512, public),
            ("ed25519" | "ecdsa" | "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" | "rsa", _) => {
                Err("unknown scheme for this key type")
            }
            _ => Err("unknown key type"),
        }
    }

    /// RFC 8032 §5.1.5: 32 bytes, as hex.
    fn ed25519(public: &str) -> Result<Self, &'static str> {
        let bytes = hex(public).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).ok_or("not 64 hex digits")?;
        ed25519::refuse_weak(&bytes)?;
        Ok(Self::new(&rs::ED25519, &bytes, b"ed25519:", &bytes))
    }

    /// A point in the uncompressed form, in PEM (RFC 5480) or as plain hex. Whether it lies on the curve is checked
    /// whenever it verifies.
    fn ecdsa(curve: &Curve, public: &str) -> Result<Self, &'static str> {
        let point = if public.starts_with("04") {
            hex(public).ok_or("neither a PEM block nor the hex of a point")?
        } else {
            let der = pem::decode_public_key(public)?;
            let spki = der::subject_public_key_info(&der).ok_or(NO_KEY_INFO)?;
            if spki.algorithm != curve.algorithm {
                return Err("the key in the PEM block is not of the curve of the scheme");
            }
            spki.key.to_vec()
        };
        if point.len() != curve.point_bytes || point.first() != Some(&4) {
            return Err("not an uncompressed point of the curve of the scheme");
        }
        Ok(Self::new(curve.verification, &point, curve.tag, &point))
    }

    /// An `rsaEncryption` key in PEM (RFC 3279 §2.3.1). Its modulus is its identity: who can sign with one exponent can
    /// with any.
    fn rsa(verification: &'static dyn VerificationAlgorithm, public: &str) -> Result<Self, &'static str> {
        let der = pem::decode_public_key(public)?;
        let spki = der::subject_public_key_info(&der).ok_or(NO_KEY_INFO)?;
        if spki.algorithm != RSA_ENCRYPTION {
            return Err("the key in the PEM block is not of the type rsaEncryption");
        }
        let (modulus, exponent) = der::rsa_public_key(spki.key).ok_or("malformed RSA key")?;
        if !(2048..=8192).contains(&bit_length(modulus)) {
            return Err("an RSA modulus must have 2048 to 8192 bits");
        }
        if modulus.last().is_none_or(|byte| byte % 2 == 0) {
            return Err("an RSA modulus must be odd");
        }
        if !(2..=33).contains(&bit_length(exponent)) || exponent.last().is_none_or(|byte| byte % 2 == 0) {
            return Err("an RSA exponent must be odd, at least 3 and below 2^33");
        }
        Ok(Self::new(verification, spki.key, b"rsa:", modulus))
    }

    /// `tag` keeps material of different kinds apart; none is the start of another.
    fn new(verification: &'static dyn VerificationAlgorithm, key: &[u8], tag: &[u8], material: &[u8]) -> Self {
        Self {
            key: UnparsedPublicKey::new(verification, key.into()),
            material: KeyMaterial(digest::sha256(&[tag, material].concat())),
        }
    }
}

const NO_KEY_INFO: &str = "the PEM block holds no strict SubjectPublicKeyInfo";

struct Curve {
    verification: &'static dyn VerificationAlgorithm,
    /// Contents of the AlgorithmIdentifier: id-ecPublicKey and the named curve (RFC 5480 §2.1.1).
    algorithm: &'static [u8],
    point_bytes: usize,
    tag: &'static [u8],
}

static P256: Curve = Curve {
    verification: &rs::ECDSA_P256_SHA256_ASN1,
    algorithm: b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
    point_bytes: 65,
    tag: b"p256:",
};

static P384: Curve = Curve {
    verification: &rs::ECDSA_P384_SHA384_ASN1,
    algorithm: b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22",
    point_bytes: 97,
    tag: b"p384:",
};

/// Contents of the AlgorithmIdentifier: rsaEncryption with NULL, which RFC 3279 §2.3.1 requires.
const RSA_ENCRYPTION: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

/// Hex digits of either case, no more of them than the longest point has.
fn hex(text: &str) -> Option<Vec<u8>> {
    if text.len() > 2 * P384.point_bytes { None } else { digest::decode_hex(text) }
}

/// Of an unsigned big-endian number without leading zeros.
fn bit_length(number: &[u8]) -> usize {
    let leading_zeros = number.first().map_or(0, |byte| byte.leading_zeros() as usize);
    (number.len() * 8).saturating_sub(leading_zeros)
}
