//! What the targets in `fuzz/` call: one function for each parser of hostile bytes. Not part of the API.
//!
//! A function takes the bytes of the fuzzer, returns nothing, and panics where a property does not hold.

#![allow(missing_docs, clippy::panic, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crate::canonical::{self, split};
use crate::crypto::PublicKey;
use crate::limits::Limits;
use crate::metadata::{Root, Signed, Snapshot, Targets, Timestamp, reference};
use crate::role::{RoleName, TargetPath};
use crate::transport::BaseUrl;
use crate::trusted::Floors;
use crate::{pattern, time};

/// The scanner accepts what the reference accepts, with the same result; and the canonical form is its own.
pub fn canonical(bytes: &[u8]) {
    for max_depth in [3, 16] {
        let found = split(bytes, max_depth);
        let expected = canonical::reference::split(bytes, max_depth);
        let document = match (found, expected) {
            (Err(malformed), None) => {
                assert!(malformed.offset <= bytes.len(), "{malformed:?}");
                continue;
            }
            (Ok(document), Some((signed, signatures, canonical))) => {
                assert_eq!((document.signed, document.signatures), (signed, signatures));
                assert_eq!(document.canonical, canonical);
                document
            }
            (found, expected) => panic!("the scanner says {found:?}, the reference {expected:?}"),
        };
        assert!(bytes[document.signed_offset..].starts_with(document.signed.as_bytes()));

        // Control characters stand raw in the canonical form, which then is not JSON.
        if !document.canonical.iter().any(|b| *b < 0x20) {
            let again = [b"{\"signatures\":[],\"signed\":", &document.canonical[..], b"}"].concat();
            let again = split(&again, max_depth).expect("the canonical form is a document");
            assert!(matches!(again.canonical, std::borrow::Cow::Borrowed(_)));
            assert_eq!(again.canonical, document.canonical);
        }
    }
}

/// Every type of metadata takes any strict JSON object without a panic; it accepts what the reference accepts and says
/// the same of it; and what it gives back is in order.
pub fn metadata(bytes: &[u8]) {
    let limits = Limits::default();
    let envelope = [b"{\"signatures\":[],\"signed\":", bytes, b"}"].concat();
    let Ok(document) = split(&envelope, limits.json_depth) else { return };
    let _ = Root::parse(document.signed, &limits);
    let timestamp = Timestamp::parse(document.signed, &limits).ok();
    assert_eq!(timestamp.as_ref().map(reference::describe_timestamp), reference::timestamp(document.signed));
    let snapshot = Snapshot::parse(document.signed, &limits).ok();
    assert_eq!(snapshot.as_ref().map(reference::describe_snapshot), reference::snapshot(document.signed));
    let targets = Targets::parse(document.signed, &limits).ok();
    assert_eq!(targets.as_ref().map(reference::describe_targets), reference::targets(document.signed, &limits));
    if let Some(snapshot) = snapshot {
        let names: Vec<&str> = snapshot.versions().map(|(name, _)| name).collect();
        assert!(names.is_sorted_by(|a, b| a < b));
        assert!(names.iter().all(|name| snapshot.version_of(name).is_some()));
    }
    if let Some(targets) = targets {
        assert!(targets.targets().is_sorted_by(|a, b| a.path() < b.path()));
        let path = TargetPath::new("packages/a.whl").unwrap();
        let _ = targets.delegations().claiming(&path);
    }
}

/// A key takes any text: `keytype`, `scheme` and `public`, one a line.
pub fn key(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut parts = text.splitn(3, '\n');
    let (keytype, scheme) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let key = PublicKey::parse(keytype, scheme, parts.next().unwrap_or(""));
    assert_eq!(key.inert_reason().is_none(), key.material().is_some());
    assert!(!key.verify(bytes, bytes), "nobody signed this");
}

/// Names, paths, patterns, addresses, times and records of floors: none panics, and none leaves its place.
pub fn names(bytes: &[u8]) {
    let _ = Floors::from_bytes(bytes.to_vec());
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(time) = time::parse(text) {
        assert_eq!(time::format(time), text);
    }
    let _ = BaseUrl::new(text);
    if let Ok(role) = RoleName::new(text) {
        for encoded in [role.url_segment(), role.file_stem()] {
            assert!(
                !encoded.is_empty() && !encoded.contains(['/', '\\', '\0']) && !encoded.trim_matches('.').is_empty()
            );
        }
    }
    let (pattern, path) = text.split_once('\n').unwrap_or((text, "packages/a.whl"));
    if let Ok(path) = TargetPath::new(path) {
        assert!(path.url_path(Some("0a")).split('/').all(|segment| !matches!(segment, "" | "." | "..")));
        if pattern::matches(pattern, path.as_str()) == Ok(true) {
            let slashes = |text: &str| text.matches('/').count();
            assert_eq!(slashes(pattern), slashes(path.as_str()), "no wildcard matches a slash");
        }
    }
}

/// A page in either format, first byte which: what comes out has unique names and addresses that parse again.
#[cfg(feature = "pypi")]
pub fn page(bytes: &[u8]) {
    use crate::pypi::{PageFormat, Pointer, ProjectPage, target_path_of};

    let _ = Pointer::parse(bytes);
    let Some((first, page)) = bytes.split_first() else { return };
    let format = if first % 2 == 0 { PageFormat::Html } else { PageFormat::Json };
    let Ok(page) = ProjectPage::parse(format, page, "https://index.example/simple/foo/") else { return };
    let targets = BaseUrl::new("https://index.example/").unwrap();
    for file in page.files() {
        assert_eq!(page.file(file.file_name()), Some(file));
        assert!(!file.url().contains('#'));
        if let Some(path) = target_path_of(file.url(), &targets) {
            let again = target_path_of(&targets.join(&path.url_path(None)), &targets);
            assert_eq!(again, Some(path), "a path that is asked for is the path that was linked");
        }
    }
}

/// Names of distributions and templates: a template, and on the next line the file name it is filled with.
#[cfg(feature = "pypi")]
pub fn distribution(bytes: &[u8]) {
    use crate::pypi::{DistributionName, FileSource, PageSource, ProjectName, Template, Values};

    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (template, name) = text.split_once('\n').unwrap_or(("{project}/{version}/{filename}", text));
    let _ = (template.parse::<PageSource>(), template.parse::<FileSource>());
    let Ok(name) = DistributionName::parse(name) else { return };
    let project = name.project();
    assert_eq!(ProjectName::new(project.as_str()).as_ref(), Ok(project), "a normalised name is its own");
    assert!(name.same_version(name.version()));
    assert!(name.tags().count() <= 4096);
    if let Ok(template) = template.parse::<Template>() {
        assert_eq!(template.to_string().parse(), Ok(template.clone()));
        let _ = template.fill(&Values::of(&name));
    }
}
