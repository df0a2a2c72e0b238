//! New keys, and keys from elsewhere, as files: PKCS#8 under a passphrase (PBES2 with scrypt and AES-256-CBC).

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::str::FromStr;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use pkcs8::der::Decode as _;
use pkcs8::der::pem::{LineEnding, PemLabel};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef, SecretDocument};
use serde_json::json;

use super::files::{PUBLIC, SECRET, SOURCE, signing_key};
use super::passphrase::Passphrase;
use super::{PublicKey, sources};
use crate::Result;
use crate::error::Error;

/// The kinds of keys that are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// Ed25519, which PEP 458 recommends.
    Ed25519,
    /// ECDSA on P-256 with SHA-256.
    Ecdsa,
    /// RSA of 3072 bits, RSASSA-PSS with SHA-256.
    Rsa,
}

impl FromStr for KeyType {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        match name {
            "ed25519" => Ok(Self::Ed25519),
            "ecdsa" => Ok(Self::Ecdsa),
            "rsa" => Ok(Self::Rsa),
            _ => Err("there are ed25519, ecdsa and rsa".to_owned()),
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "ed25519",
            Self::Ecdsa => "ecdsa",
            Self::Rsa => "rsa",
        })
    }
}

/// Makes a key and writes it to `NAME.key`, and its public half to `NAME.pub.json`. The folder is made if need be.
///
/// # Errors
/// When a key of this name is there, the name cannot be one of a file, or the disk fails.
pub fn generate(folder: &Path, name: &str, kind: KeyType, passphrase: &Passphrase) -> Result<PublicKey> {
    let failed = |_| Error::key(name, "no random numbers were to be had");
    let document = |der: &[u8]| SecretDocument::from_pkcs8(der, name);
    let secret = match kind {
        KeyType::Ed25519 => {
            document(Ed25519KeyPair::generate().and_then(|key| key.to_pkcs8v1()).map_err(failed)?.as_ref())
        }
        KeyType::Ecdsa => {
            let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).and_then(|key| key.to_pkcs8v1());
            document(key.map_err(failed)?.as_ref())
        }
        KeyType::Rsa => {
            let key = RsaKeyPair::generate(KeySize::Rsa3072).map_err(failed)?;
            document(AsDer::<Pkcs8V1Der<'_>>::as_der(&key).map_err(failed)?.as_ref())
        }
    }?;
    write(folder, name, &secret, passphrase)
}

/// Takes over a private key: PKCS#8 as PEM or DER, with or without a passphrase.
///
/// # Errors
/// As [`generate`], and when the file holds no key that can sign here.
pub fn import(file: &Path, theirs: &Passphrase, folder: &Path, name: &str, ours: &Passphrase) -> Result<PublicKey> {
    let bytes = fs::read(file).map_err(Error::disk(file, "cannot read"))?;
    let secret = read_secret(&bytes, &file.display().to_string(), theirs)?;
    write(folder, name, &secret, ours)
}

/// Refers to a key in a service, such as `aws-kms:KEY-ID` or `aws-ssm:/PATH?profile=NAME`: `NAME.source` says where it is.
/// The service is asked for its public half.
///
/// # Errors
/// As [`generate`], and when the service does not answer, or this program was built without it.
pub fn refer(folder: &Path, name: &str, source: &str) -> Result<PublicKey> {
    check_name(name)?;
    let key = sources::open(source, source)?;
    make_private(folder)?;
    create(&folder.join(format!("{name}{SOURCE}")), format!("{source}\n").as_bytes(), 0o600)?;
    write_public(folder, name, key.public())?;
    Ok(key.public().clone())
}

/// The PKCS#8 document of a key file.
pub(super) fn read_secret(bytes: &[u8], what: &str, passphrase: &Passphrase) -> Result<SecretDocument> {
    let no_key = || Error::key(what, "it is no private key in PKCS#8");
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.contains("-----BEGIN "));
    let (encrypted, document) = match text {
        None => {
            let document = SecretDocument::try_from(bytes).map_err(|_| no_key())?;
            (EncryptedPrivateKeyInfoRef::from_der(bytes).is_ok(), document)
        }
        Some(text) => {
            let (label, document) = SecretDocument::from_pem(text.trim()).map_err(|_| no_key())?;
            (label == EncryptedPrivateKeyInfoRef::PEM_LABEL, document)
        }
    };
    if !encrypted {
        return Ok(document);
    }
    let info = EncryptedPrivateKeyInfoRef::from_der(document.as_bytes()).map_err(|_| no_key())?;
    info.decrypt(passphrase.known()?).map_err(|_| Error::key(what, "the passphrase is wrong, or the file is damaged"))
}

fn write(folder: &Path, name: &str, secret: &SecretDocument, passphrase: &Passphrase) -> Result<PublicKey> {
    check_name(name)?;
    let key = signing_key(secret.as_bytes(), name)?;
    let failed = |error: &dyn fmt::Display| Error::key(name, format!("it cannot be written: {error}"));
    let pem = match passphrase.chosen()? {
        None => secret.to_pem(PrivateKeyInfoRef::PEM_LABEL, LineEnding::LF),
        Some(passphrase) => {
            let info = PrivateKeyInfoRef::from_der(secret.as_bytes()).map_err(|error| failed(&error))?;
            let encrypted = info.encrypt(passphrase).map_err(|error| failed(&error))?;
            encrypted.to_pem(EncryptedPrivateKeyInfoRef::PEM_LABEL, LineEnding::LF)
        }
    };
    let pem = pem.map_err(|error| failed(&error))?;
    make_private(folder)?;
    create(&folder.join(format!("{name}{SECRET}")), pem.as_bytes(), 0o600)?;
    write_public(folder, name, key.public())?;
    Ok(key.public().clone())
}

fn write_public(folder: &Path, name: &str, public: &PublicKey) -> Result<()> {
    let listed = json!({"keyid": public.id(), "key": public.object()});
    create(&folder.join(format!("{name}{PUBLIC}")), format!("{listed:#}\n").as_bytes(), 0o644)
}

fn check_name(name: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.starts_with(['.', '-']) || name.len() > 100 || !name.chars().all(fits) {
        let message = format!("`{}` cannot be the name of a key", name.escape_default());
        return Err(Error::usage(message, "names are of letters, digits, `-`, `_` and `.`"));
    }
    Ok(())
}

/// A folder that nobody else can look into; one that is there stays as it is.
fn make_private(folder: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(Error::disk(folder, "cannot make the folder"))
}

/// A new file with that mode from its first moment on.
fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let _ = mode;
    let mut file = match options.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let message = format!("{} is there already", path.display());
            return Err(Error::usage(message, "a key is never written over; give another name or folder"));
        }
        result => result.map_err(Error::disk(path, "cannot write"))?,
    };
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(Error::disk(path, "cannot write"))
}

/// Reads DER into memory that is cleared.
trait FromPkcs8: Sized {
    fn from_pkcs8(der: &[u8], name: &str) -> Result<Self>;
}

impl FromPkcs8 for SecretDocument {
    fn from_pkcs8(der: &[u8], name: &str) -> Result<Self> {
        Self::try_from(der).map_err(|error| Error::key(name, error.to_string()))
    }
}
