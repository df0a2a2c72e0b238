//! Keys in folders of files.
//!
//! `NAME.key` holds a private key, mostly under a passphrase; `NAME.pub.json` its public half, so that it is known which
//! key it is before anybody is asked for a passphrase.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use pkcs8::SecretDocument;
use pkcs8::der::pem::LineEnding;
use serde_json::Value;
use tough::sign::{Sign, parse_keypair};

use super::generate::read_secret;
use super::passphrase::Passphrase;
use super::{KeyRing, PublicKey, SigningKey, sources};
use crate::Result;
use crate::error::Error;

/// How the name of a private key's file ends.
pub const SECRET: &str = ".key";
/// How the name of a file ends that says in which service a private key is.
pub const SOURCE: &str = ".source";
/// How the name of a public key's file ends.
pub const PUBLIC: &str = ".pub.json";

/// A public key with where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// Its file, without the ending.
    pub stem: PathBuf,
    /// The key.
    pub public: PublicKey,
}

impl KeyFile {
    /// Whether its private half lies beside it, or what says where that is.
    #[must_use]
    pub fn is_secret_here(&self) -> bool {
        [SECRET, SOURCE].iter().any(|ending| with_ending(&self.stem, ending).exists())
    }
}

/// Reads a public key: the file that is written beside a private one.
///
/// # Errors
/// When it is none.
pub fn read_public(path: &Path) -> Result<PublicKey> {
    let text = fs::read_to_string(path).map_err(Error::disk(path, "cannot read"))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| Error::input(path, error.to_string()))?;
    let no_key = || Error::input(path, "it is no public key as `tufgate-publish keys` writes them");
    PublicKey::new(value.get("key").filter(|key| key.get("keytype").is_some()).ok_or_else(no_key)?.clone())
}

/// The public keys of a folder, by name. A folder that is not there has none: offline keys mostly are not.
///
/// # Errors
/// When it cannot be read.
pub fn list(folder: &Path) -> Result<Vec<KeyFile>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        result => result.map_err(Error::disk(folder, "cannot read"))?,
    };
    let mut keys = Vec::new();
    for entry in entries {
        let name = entry.map_err(Error::disk(folder, "cannot read"))?.file_name();
        if let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(PUBLIC)) {
            keys.push(KeyFile { stem: folder.join(stem), public: read_public(&folder.join(&name))? });
        }
    }
    keys.sort_unstable_by(|one, other| one.stem.cmp(&other.stem));
    Ok(keys)
}

/// Folders of key files.
#[derive(Debug)]
pub struct FolderRing {
    keys: Vec<KeyFile>,
    passphrase: Passphrase,
    /// Opened keys: a passphrase takes long to try, on purpose.
    opened: Mutex<HashMap<PathBuf, Arc<SigningKey>>>,
}

impl FolderRing {
    /// The keys of these folders. No private key is read before it is needed.
    ///
    /// # Errors
    /// As [`list`].
    pub fn open(folders: &[PathBuf], passphrase: Passphrase) -> Result<Self> {
        let mut keys = Vec::new();
        for folder in folders {
            keys.extend(list(folder)?);
        }
        Ok(Self { keys, passphrase, opened: Mutex::default() })
    }

    fn read(&self, key: &KeyFile) -> Result<SigningKey> {
        let source = with_ending(&key.stem, SOURCE);
        if source.exists() {
            let text = fs::read_to_string(&source).map_err(Error::disk(&source, "cannot read"))?;
            let what = source.display().to_string();
            return checked(sources::open(text.trim(), &what)?, key, &what);
        }
        let path = with_ending(&key.stem, SECRET);
        let what = path.display().to_string();
        refuse_open_to_others(&path)?;
        let bytes = fs::read(&path).map_err(Error::disk(&path, "cannot read"))?;
        checked(signing_key(read_secret(&bytes, &what, &self.passphrase)?.as_bytes(), &what)?, key, &what)
    }
}

impl KeyRing for FolderRing {
    fn find(&self, wanted: &PublicKey) -> Result<Option<Arc<SigningKey>>> {
        let same = |key: &&KeyFile| key.public.object == wanted.object && key.is_secret_here();
        let Some(key) = self.keys.iter().find(same) else { return Ok(None) };
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if !opened.contains_key(&key.stem) {
            opened.insert(key.stem.clone(), Arc::new(self.read(key)?));
        }
        Ok(opened.get(&key.stem).map(Arc::clone))
    }
}

/// A key that was opened, if it is the one that it was taken for.
fn checked(opened: SigningKey, key: &KeyFile, what: &str) -> Result<SigningKey> {
    if opened.public.object != key.public.object {
        return Err(Error::key(what, "it is not the private half of the public key beside it"));
    }
    Ok(opened)
}

/// The key of a PKCS#8 document, by tough. It reads Ed25519 and P-256 as DER, RSA as PEM.
pub(super) fn signing_key(der: &[u8], what: &str) -> Result<SigningKey> {
    let unknown = || Error::key(what, "tough can sign with Ed25519, ECDSA on P-256 and RSA keys, and this is none");
    match parse_keypair(der) {
        Ok(key) => SigningKey::new(key),
        Err(_) => {
            let document = SecretDocument::try_from(der).map_err(|_| unknown())?;
            let pem = document.to_pem("PRIVATE KEY", LineEnding::LF).map_err(|_| unknown())?;
            let key: Box<dyn Sign> = Box::new(parse_keypair(pem.as_bytes()).map_err(|_| unknown())?);
            SigningKey::from_boxed(key)
        }
    }
}

fn with_ending(stem: &Path, ending: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// A private key that others can read is no secret: like ssh, refuse to use it.
fn refuse_open_to_others(path: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).map_err(Error::disk(path, "cannot read"))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(Error::key(
                path.display().to_string(),
                format!(
                    "others can read it (mode {:o}); `chmod 600` it, and replace the key if they may have",
                    mode & 0o777
                ),
            ));
        }
    }
    let _ = path;
    Ok(())
}
