//! What is signed for projects and distributions of a package index, against hostile pages, links and pointers.

mod links;
mod pages;
mod pointers;
mod sharing;

use serde_json::{Value, json};
use tufgate::pypi::{Answer, PackageIndex, Profile, SignedFile, Unlisted};
use tufgate::{BaseUrl, Client, MemoryStore, Settings};

use crate::attacks::client_with;
use crate::simulator::{ORIGIN, Repository, SimTransport, hash};

/// A wheel's bytes and its name.
const WHEEL: &[u8] = b"a wheel";
const NAME: &str = "example-1.0-py3-none-any.whl";
const TARGET: &str = "packages/example-1.0-py3-none-any.whl";
const PAGE: &str = "simple/example/index.json";

type Index<'c> = PackageIndex<'c, SimTransport, MemoryStore>;

/// One file of a page, linked relative to `simple/PROJECT/`.
fn listed(name: &str, url: &str, sha256: Option<&[u8]>) -> Value {
    let hashes = sha256.map_or(json!({}), |bytes| json!({ "sha256": hash("sha256", bytes) }));
    json!({ "filename": name, "url": url, "hashes": hashes })
}

fn page(files: &[Value]) -> Vec<u8> {
    json!({ "meta": { "api-version": "1.0" }, "name": "example", "files": files }).to_string().into_bytes()
}

/// An index with the page of `example`, which lists these files, and its wheel.
fn index_of(files: &[Value]) -> Repository {
    let mut repo = Repository::new();
    repo.add_target("targets", PAGE, &page(files));
    repo.add_target("targets", TARGET, WHEEL);
    repo.publish();
    repo
}

/// The index as it should be.
fn index() -> Repository {
    index_of(&[listed(NAME, &format!("../../{TARGET}"), Some(WHEEL))])
}

/// Asks a client that was just refreshed; what is logged is asked for by the index alone.
fn ask<R>(repo: &Repository, profile: &Profile, ask: impl FnOnce(&Index<'_>) -> R) -> R {
    ask_with(repo, profile, Settings::default(), ask)
}

fn ask_with<R>(repo: &Repository, profile: &Profile, settings: Settings, ask: impl FnOnce(&Index<'_>) -> R) -> R {
    let mut client: Client<SimTransport, MemoryStore> =
        client_with(repo, repo.root_file(1), MemoryStore::new(), settings);
    client.refresh().unwrap();
    repo.take_log();
    let simple = BaseUrl::new(&format!("{ORIGIN}targets/simple/")).unwrap();
    ask(&PackageIndex::new(&client, profile, &simple, &repo.targets_base()))
}

fn pep458() -> Profile {
    Profile::named("pep458").unwrap()
}

/// A profile by the templates of its pages and targets.
fn profile(pages: &[&str], targets: &[&str]) -> Profile {
    let pages = pages.iter().map(|page| page.parse().unwrap()).collect();
    Profile::configured(Some("custom"), pages, targets.iter().map(|target| target.parse().unwrap()).collect()).unwrap()
}

/// Where a target is served.
fn stored(path: &str, bytes: &[u8]) -> String {
    crate::simulator::target_path(path, Some(&hash("sha256", bytes)))
}

#[track_caller]
fn signed(answer: Answer) -> SignedFile {
    match answer {
        Answer::Signed(signed) => signed,
        other => panic!("it is signed for: {other:?}"),
    }
}

#[track_caller]
fn unsigned(answer: Answer) -> Unlisted {
    match answer {
        Answer::Unsigned(unlisted) => unlisted,
        other => panic!("it is not signed for: {other:?}"),
    }
}

#[test]
fn a_wheel_is_found_by_the_link_of_its_signed_page() {
    let repo = index();
    let found = ask(&repo, &pep458(), |index| signed(index.file(NAME, &[]).unwrap()));
    assert_eq!((found.file_name.as_str(), found.bound_by.as_str()), (NAME, TARGET));
    assert_eq!((found.info.length(), found.is_reachable), (WHEEL.len() as u64, true));
    let bytes = page(&[listed(NAME, &format!("../../{TARGET}"), Some(WHEEL))]);
    repo.assert_log(&[&stored(PAGE, &bytes)]);
}
