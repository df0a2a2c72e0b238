//! Keys that sign for the simulated repository.

use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use serde_json::{Value, json};

use super::json::{canonical, hash, hex};

/// A key pair, or something that passes for one.
///
/// Whatever the key object and the keyid say can be changed; the signer below stays what it is.
#[derive(Clone)]
pub struct Key {
    keyid: Option<String>,
    object: Value,
    signer: Signer,
}

#[derive(Clone)]
enum Signer {
    Ed25519(Arc<Ed25519KeyPair>),
    Ecdsa(Arc<EcdsaKeyPair>),
    Rsa(Arc<RsaKeyPair>, &'static dyn signature::RsaEncoding),
    Fixed(Vec<u8>),
}

impl Key {
    /// The ed25519 key of this number, always the same.
    pub fn ed25519(seed: u64) -> Self {
        Self::ed25519_from(&format!("number {seed}"))
    }

    /// The ed25519 key of this name, always the same. The roles of a new repository sign with the keys of their names.
    pub fn named(name: &str) -> Self {
        Self::ed25519_from(&format!("name {name}"))
    }

    fn ed25519_from(text: &str) -> Self {
        let seed = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).unwrap();
        let public = hex(pair.public_key().as_ref());
        Self::new("ed25519", "ed25519", &public, Signer::Ed25519(Arc::new(pair)))
    }

    /// The ECDSA P-256 key of this number: 1 or 2.
    pub fn ecdsa_p256(number: u8) -> Self {
        let (pk8, pem): (&[u8], _) = match number {
            1 => (include_bytes!("../data/keys/p256-1.pk8"), include_str!("../data/keys/p256-1.pub.pem")),
            2 => (include_bytes!("../data/keys/p256-2.pk8"), include_str!("../data/keys/p256-2.pub.pem")),
            _ => panic!("there is no P-256 key {number} in tests/data/keys"),
        };
        Self::ecdsa("ecdsa-sha2-nistp256", pem, &signature::ECDSA_P256_SHA256_ASN1_SIGNING, pk8)
    }

    /// The ECDSA P-384 key of this number: 1 or 2.
    pub fn ecdsa_p384(number: u8) -> Self {
        let (pk8, pem): (&[u8], _) = match number {
            1 => (include_bytes!("../data/keys/p384-1.pk8"), include_str!("../data/keys/p384-1.pub.pem")),
            2 => (include_bytes!("../data/keys/p384-2.pk8"), include_str!("../data/keys/p384-2.pub.pem")),
            _ => panic!("there is no P-384 key {number} in tests/data/keys"),
        };
        Self::ecdsa("ecdsa-sha2-nistp384", pem, &signature::ECDSA_P384_SHA384_ASN1_SIGNING, pk8)
    }

    fn ecdsa(scheme: &str, pem: &str, algorithm: &'static signature::EcdsaSigningAlgorithm, pk8: &[u8]) -> Self {
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pk8, &SystemRandom::new()).unwrap();
        Self::new("ecdsa", scheme, pem, Signer::Ecdsa(Arc::new(pair)))
    }

    /// The RSA key of 2048 bits of this number, 1 or 2, signing by PSS with SHA-256. Each signature is another one.
    pub fn rsa_pss(number: u8) -> Self {
        Self::rsa(number, "rsassa-pss-sha256", &signature::RSA_PSS_SHA256)
    }

    /// The same key as [`Key::rsa_pss`], signing by PKCS#1 v1.5. `.scheme("rsassa-pss-sha256")` makes it lie about it.
    pub fn rsa_pkcs1(number: u8) -> Self {
        Self::rsa(number, "rsa-pkcs1v15-sha256", &signature::RSA_PKCS1_SHA256)
    }

    fn rsa(number: u8, scheme: &str, padding: &'static dyn signature::RsaEncoding) -> Self {
        let (pk8, pem): (&[u8], _) = match number {
            1 => (include_bytes!("../data/keys/rsa2048-1.pk8"), include_str!("../data/keys/rsa2048-1.pub.pem")),
            2 => (include_bytes!("../data/keys/rsa2048-2.pk8"), include_str!("../data/keys/rsa2048-2.pub.pem")),
            _ => panic!("there is no RSA key {number} in tests/data/keys"),
        };
        Self::new("rsa", scheme, pem, Signer::Rsa(Arc::new(RsaKeyPair::from_pkcs8(pk8).unwrap()), padding))
    }

    /// A key of a type that no client knows, with a signature that fits nothing.
    pub fn unknown(seed: u64) -> Self {
        Self::fixed("ml-dsa-65", "ml-dsa-65", &hash("sha512", &seed.to_be_bytes()), b"signed by a key of the future")
    }

    /// A key object with these members, "signing" always with the same bytes: weak keys, keys of which only the public
    /// half is known, keys that are none.
    pub fn fixed(keytype: &str, scheme: &str, public: &str, signature: &[u8]) -> Self {
        Self::new(keytype, scheme, public, Signer::Fixed(signature.to_vec()))
    }

    fn new(keytype: &str, scheme: &str, public: &str, signer: Signer) -> Self {
        let object = json!({ "keytype": keytype, "scheme": scheme, "keyval": { "public": public } });
        Self { keyid: None, object, signer }
    }

    /// Gives it any keyid at all.
    pub fn with_keyid(mut self, keyid: &str) -> Self {
        self.keyid = Some(keyid.to_owned());
        self
    }

    /// Changes `keytype`; the keyid follows unless it was given.
    pub fn keytype(self, keytype: &str) -> Self {
        self.edit(|object| object["keytype"] = keytype.into())
    }

    /// Changes `scheme`; the keyid follows unless it was given.
    pub fn scheme(self, scheme: &str) -> Self {
        self.edit(|object| object["scheme"] = scheme.into())
    }

    /// Changes `keyval.public`; the keyid follows unless it was given.
    pub fn public(self, public: &str) -> Self {
        self.edit(|object| object["keyval"]["public"] = public.into())
    }

    /// Changes anything of the key object; the keyid follows unless it was given.
    pub fn edit(mut self, edit: impl FnOnce(&mut Value)) -> Self {
        edit(&mut self.object);
        self
    }

    /// The key object as metadata lists it (TUF-1.0.34 §4.2 "KEY").
    pub fn public_json(&self) -> Value {
        self.object.clone()
    }

    /// The given keyid, else SHA-256 over the canonical form of the key object.
    pub fn keyid(&self) -> String {
        self.keyid.clone().unwrap_or_else(|| hash("sha256", &canonical(&self.object)))
    }

    /// A raw signature.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.signer {
            Signer::Ed25519(pair) => pair.sign(bytes).as_ref().to_vec(),
            Signer::Ecdsa(pair) => pair.sign(&random, bytes).unwrap().as_ref().to_vec(),
            Signer::Rsa(pair, padding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*padding, &random, bytes, &mut signature).unwrap();
                signature
            }
            Signer::Fixed(signature) => signature.clone(),
        }
    }

    /// An entry of `signatures` over `bytes`.
    pub fn signature(&self, bytes: &[u8]) -> Value {
        signature(&self.keyid(), &hex(&self.sign(bytes)))
    }
}

/// Any entry of `signatures`. An empty `sig` is the placeholder that some publishers write for a key still to sign.
pub fn signature(keyid: &str, sig: &str) -> Value {
    json!({ "keyid": keyid, "sig": sig })
}
