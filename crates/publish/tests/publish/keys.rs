//! Key files.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tufgate_publish::document::{Authority, TopLevel};
use tufgate_publish::init::{Authorities, init};
use tufgate_publish::keys::KeyRing as _;
use tufgate_publish::keys::files::{FolderRing, list, read_public};
use tufgate_publish::keys::generate::{KeyType, generate, import, refer};
use tufgate_publish::keys::passphrase::Passphrase;
use tufgate_publish::{Repository, Settings};

use crate::fixture::{client, now};

fn passphrase(folder: &Path, text: &str) -> Passphrase {
    let path = folder.join(format!("passphrase-{text}"));
    fs::write(&path, format!("{text}\n")).unwrap();
    Passphrase::new(Some(path))
}

#[test]
fn each_type_of_key_signs_a_repository_that_clients_load() {
    for kind in [KeyType::Ed25519, KeyType::Ecdsa, KeyType::Rsa] {
        let folder = TempDir::new().unwrap();
        let keys = folder.path().join("keys");
        let key = generate(&keys, "one", kind, &passphrase(folder.path(), "secret")).unwrap();
        assert_eq!(key.object()["keytype"], kind.to_string());
        let one = Authority::of([&key], 1);
        let top_level =
            TopLevel { root: one.clone(), timestamp: one.clone(), snapshot: one.clone(), targets: one.clone() };
        let authorities = Authorities { top_level, bins: one.clone(), bin_n: one };
        let ring = FolderRing::open(&[keys], passphrase(folder.path(), "secret")).unwrap();
        let repo = folder.path().join("repo");
        init(&repo, &Settings { bins: 2, ..Settings::default() }, &authorities, &ring, now()).unwrap();
        assert!(Repository::open(&repo).is_ok(), "{kind}");
        assert!(client(&repo, now()).refresh().is_ok(), "{kind}");
    }
}

#[test]
fn a_private_key_is_for_its_owner_alone_and_under_a_passphrase() {
    let folder = TempDir::new().unwrap();
    let keys = folder.path().join("new/keys");
    generate(&keys, "one", KeyType::Ed25519, &passphrase(folder.path(), "secret")).unwrap();
    let text = fs::read_to_string(keys.join("one.key")).unwrap();
    assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&keys), mode(&keys.join("one.key"))), (0o700, 0o600));
    }
}

#[test]
fn a_key_is_never_written_over() {
    let folder = TempDir::new().unwrap();
    let first = generate(folder.path(), "one", KeyType::Ed25519, &Passphrase::none()).unwrap();
    let error = generate(folder.path(), "one", KeyType::Ed25519, &Passphrase::none()).unwrap_err();
    assert_eq!(error.to_string(), format!("{} is there already", folder.path().join("one.key").display()));
    assert_eq!(read_public(&folder.path().join("one.pub.json")).unwrap(), first);
}

#[test]
fn a_name_that_would_lead_elsewhere_is_refused() {
    let folder = TempDir::new().unwrap();
    for name in ["../one", "a/b", "", ".hidden", "-x"] {
        let error = generate(folder.path(), name, KeyType::Ed25519, &Passphrase::none()).unwrap_err();
        assert_eq!(error.to_string(), format!("`{name}` cannot be the name of a key"));
    }
    assert_eq!(list(folder.path()).unwrap(), []);
}

#[test]
fn a_wrong_passphrase_and_a_swapped_key_are_told() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let one = generate(folder.path(), "one", KeyType::Ed25519, &passphrase(folder.path(), "secret")).unwrap();
    let find = |text: &str| {
        let ring = FolderRing::open(&[folder.path().to_owned()], passphrase(folder.path(), text)).unwrap();
        ring.find(&one).map(|found| found.is_some())
    };
    assert!(find("secret").unwrap());
    let error = find("wrong").unwrap_err().to_string();
    assert_eq!(error, format!("{}: the passphrase is wrong, or the file is damaged", at("one.key").display()));

    generate(folder.path(), "two", KeyType::Ed25519, &passphrase(folder.path(), "secret")).unwrap();
    fs::copy(at("two.key"), at("one.key")).unwrap();
    let error = find("secret").unwrap_err().to_string();
    assert_eq!(error, format!("{}: it is not the private half of the public key beside it", at("one.key").display()));
}

#[cfg(unix)]
#[test]
fn a_private_key_that_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let key = generate(folder.path(), "one", KeyType::Ed25519, &Passphrase::none()).unwrap();
    let path = folder.path().join("one.key");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let error = FolderRing::open(&[folder.path().to_owned()], Passphrase::none()).unwrap().find(&key).unwrap_err();
    assert!(error.to_string().contains("others can read it (mode 644)"), "{error}");
}

#[test]
fn a_key_from_elsewhere_is_taken_over_under_our_passphrase() {
    let folder = TempDir::new().unwrap();
    let (theirs, ours) = (folder.path().join("theirs"), folder.path().join("ours"));
    let key = generate(&theirs, "one", KeyType::Rsa, &Passphrase::none()).unwrap();
    let file = theirs.join("one.key");
    let secret = passphrase(folder.path(), "secret");
    assert_eq!(import(&file, &Passphrase::none(), &ours, "mine", &secret).unwrap(), key);
    assert!(fs::read_to_string(ours.join("mine.key")).unwrap().starts_with("-----BEGIN ENCRYPTED"));
    let ring = FolderRing::open(&[ours], passphrase(folder.path(), "secret")).unwrap();
    assert_eq!(ring.find(&key).unwrap().unwrap().public(), &key);
    let error = import(&folder.path().join("passphrase-secret"), &secret, &theirs, "no", &secret).unwrap_err();
    assert!(error.to_string().ends_with("it is no private key in PKCS#8"), "{error}");
}

#[test]
fn a_key_in_no_service_that_is_known_is_refused() {
    let folder = TempDir::new().unwrap();
    for (source, reason) in [
        ("vault:key", "it names no service: there are `aws-kms:KEY-ID` and `aws-ssm:PARAMETER`"),
        ("aws-kms:", "it names no service: there are `aws-kms:KEY-ID` and `aws-ssm:PARAMETER`"),
        #[cfg(not(feature = "aws"))]
        ("aws-kms:alias/online", "this program was built without `aws-kms`: build it with `--features aws`"),
    ] {
        let error = refer(folder.path(), "one", source).unwrap_err();
        assert_eq!(error.to_string(), format!("{source}: {reason}"));
    }
    assert_eq!(list(folder.path()).unwrap(), []);
}
