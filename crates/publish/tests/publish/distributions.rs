//! Distributions and their index pages.

use std::fs;

use tufgate::pypi::{Answer, PackageIndex, Profile, ProjectName};
use tufgate::{BaseUrl, HashAlgorithm};
use tufgate_publish::bins::BinLayout;
use tufgate_publish::index::IndexUpdate;
use tufgate_publish::{Error, Settings};

use crate::fixture::{Fixture, now};

fn fixture() -> Fixture {
    Fixture::with_bins(4, BinLayout::Prefixes)
}

/// What an installer with TUF gets told: the path that answers for a file, and why it is yanked.
fn answer(fixture: &Fixture, profile: &str, file_name: &str) -> Option<(String, Option<String>)> {
    let mut client = fixture.client(now());
    client.refresh().unwrap();
    let profile = Profile::named(profile).unwrap();
    let targets = BaseUrl::from_directory(&fixture.path().canonicalize().unwrap().join("targets")).unwrap();
    let simple = BaseUrl::new(&targets.join("simple")).unwrap();
    match PackageIndex::new(&client, &profile, &simple, &targets).file(file_name, &[]).unwrap() {
        Answer::Signed(file) => {
            let path = fixture.folder.path().join("downloaded");
            client.download(&file.info, &path).unwrap();
            Some((file.info.path().as_str().to_owned(), file.yanked().map(str::to_owned)))
        }
        _ => None,
    }
}

#[test]
fn a_wheel_is_found_by_its_page_and_can_be_downloaded() {
    let fixture = fixture();
    let wheel = fixture.wheel("demo", "1.0", "x = 1");
    let published = fixture.add(std::slice::from_ref(&wheel), now()).unwrap().unwrap();
    assert_eq!((published.snapshot, published.timestamp), (2, 2));
    let found = answer(&fixture, "pep458", "demo-1.0-py3-none-any.whl");
    assert_eq!(found, Some(("packages/demo-1.0-py3-none-any.whl".to_owned(), None)));
    assert_eq!(fs::read(fixture.folder.path().join("downloaded")).unwrap(), fs::read(&wheel).unwrap());
    // Its metadata lies beside it, for installers that resolve without the wheel (PEP 658).
    let metadata =
        fs::read_to_string(fixture.path().join("targets/packages/demo-1.0-py3-none-any.whl.metadata")).unwrap();
    assert!(metadata.starts_with("Metadata-Version: 2.1\nName: demo\n"));
    assert!(fixture.finds("packages/demo-1.0-py3-none-any.whl.metadata", now()));
}

#[test]
fn pages_say_the_same_in_html_and_json() {
    let fixture = fixture();
    fixture.add(&[fixture.wheel("demo", "1.0", "x = 1")], now()).unwrap();
    let page = |name: &str| fs::read_to_string(fixture.path().join("targets/simple/demo").join(name)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&page("index.json")).unwrap();
    let file = &json["files"][0];
    let hash = |value: &serde_json::Value| value["sha256"].as_str().unwrap().to_owned();
    let (sha256, metadata) = (hash(&file["hashes"]), hash(&file["core-metadata"]));
    assert_eq!(
        json,
        serde_json::json!({
            "files": [{
                "core-metadata": {"sha256": metadata}, "dist-info-metadata": {"sha256": metadata},
                "filename": "demo-1.0-py3-none-any.whl", "hashes": {"sha256": sha256}, "requires-python": ">=3.8",
                "size": fs::metadata(fixture.path().join("targets/packages/demo-1.0-py3-none-any.whl")).unwrap().len(),
                "upload-time": "2027-01-15T08:00:00Z", "url": "../../packages/demo-1.0-py3-none-any.whl", "yanked": false,
            }],
            "meta": {"api-version": "1.1"}, "name": "demo", "versions": ["1.0"],
        })
    );
    let link = format!(
        "<a href=\"../../packages/demo-1.0-py3-none-any.whl#sha256={sha256}\" data-requires-python=\"&gt;=3.8\" data-core-metadata=\"sha256={metadata}\" data-dist-info-metadata=\"sha256={metadata}\">demo-1.0-py3-none-any.whl</a><br>"
    );
    assert!(page("index.html").contains(&link), "{}", page("index.html"));
}

#[test]
fn the_same_file_again_is_no_change() {
    let fixture = fixture();
    let wheel = fixture.wheel("demo", "1.0", "x = 1");
    fixture.add(std::slice::from_ref(&wheel), now()).unwrap();
    let before = fixture.files();
    assert_eq!(fixture.add(&[wheel], now()).unwrap(), None);
    assert_eq!(fixture.files(), before);
}

#[test]
fn the_same_name_with_other_content_is_refused_and_nothing_beside_it_is_published() {
    let fixture = fixture();
    fixture.add(&[fixture.wheel("demo", "1.0", "x = 1")], now()).unwrap();
    let before = fixture.files();
    let files = [fixture.wheel("other", "1.0", "y = 1"), fixture.wheel("demo", "1.0", "x = 2")];
    let error = fixture.add(&files, now()).unwrap_err();
    let expected =
        "`packages/demo-1.0-py3-none-any.whl` is published with other content, and a published file never changes";
    assert_eq!((error.to_string().as_str(), error.exit_code()), (expected, 2));
    assert_eq!(fixture.files(), before);
}

#[test]
fn a_removed_file_does_not_come_back_with_other_content() {
    let fixture = fixture();
    fixture.add(&[fixture.wheel("demo", "1.0", "x = 1")], now()).unwrap();
    remove(&fixture, "demo");
    assert_eq!(answer(&fixture, "pep458", "demo-1.0-py3-none-any.whl"), None);
    // Who installs without TUF does not find it either.
    assert!(!fixture.path().join("targets/simple/demo/index.html").exists());
    let error = fixture.add(&[fixture.wheel("demo", "1.0", "x = 2")], now()).unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    fixture.add(&[fixture.wheel("demo", "1.0", "x = 1")], now()).unwrap();
    assert!(answer(&fixture, "pep458", "demo-1.0-py3-none-any.whl").is_some());
}

fn remove(fixture: &Fixture, project: &str) {
    let repository = fixture.open();
    let mut update = IndexUpdate::new(&repository, now()).unwrap();
    update.remove(&ProjectName::new(project).unwrap(), |_| true).unwrap();
    update.finish().unwrap().commit(&fixture.ring).unwrap();
}

#[test]
fn a_yanked_release_stays_and_says_why_until_it_is_unyanked() {
    for profile in ["pep458", "warehouse"] {
        let hashes = vec!["blake2b-256".to_owned()];
        let fixture = Fixture::new(Settings { bins: 4, profile: profile.to_owned(), hashes, ..Settings::default() });
        fixture.add(&[fixture.wheel("demo", "1.0", "x = 1"), fixture.wheel("demo", "2.0", "x = 2")], now()).unwrap();
        let yank = |reason: Option<&str>| {
            let repository = fixture.open();
            let mut update = IndexUpdate::new(&repository, now()).unwrap();
            let which = |file: &tufgate_publish::pages::PageFile| file.filename.starts_with("demo-1.0");
            let paths = update.yank(&ProjectName::new("demo").unwrap(), reason, which).unwrap();
            update.finish().unwrap().commit(&fixture.ring).unwrap();
            paths.len()
        };
        let page = || {
            let repository = fixture.open();
            let mut update = IndexUpdate::new(&repository, now()).unwrap();
            let page = update.page(&ProjectName::new("demo").unwrap()).unwrap().0.clone();
            page.files.into_iter().map(|file| (file.filename, file.yanked)).collect::<Vec<_>>()
        };
        let names = ["demo-1.0-py3-none-any.whl", "demo-2.0-py3-none-any.whl"].map(str::to_owned);
        assert_eq!(yank(Some("\"broken\" & <sad>")), 1);
        assert_eq!(
            page(),
            [(names[0].clone(), Some("\"broken\" & <sad>".to_owned())), (names[1].clone(), None)],
            "{profile}"
        );
        assert_eq!(yank(None), 1);
        assert_eq!(page(), [(names[0].clone(), None), (names[1].clone(), None)], "{profile}");
    }
}

#[test]
fn all_three_hashes_can_be_signed_at_once() {
    let hashes = ["sha256", "sha512", "blake2b-256"].map(str::to_owned).to_vec();
    let fixture = Fixture::new(Settings { bins: 4, hashes, ..Settings::default() });
    fixture.add(&[fixture.wheel("demo", "1.0", "x = 1")], now()).unwrap();
    let path = tufgate::TargetPath::new("packages/demo-1.0-py3-none-any.whl").unwrap();
    let tufgate::Found::Signed(info) = fixture.client(now()).lookup(&path).unwrap() else { panic!("it is signed") };
    let algorithms: Vec<_> = info.hashes().iter().map(tufgate::Digest::algorithm).collect();
    assert_eq!(algorithms, [HashAlgorithm::Sha256, HashAlgorithm::Sha512, HashAlgorithm::Blake2b256]);
    // Under each of the names by which a client may ask.
    let names = fixture.files().into_keys().filter(|name| name.ends_with(".demo-1.0-py3-none-any.whl")).count();
    assert_eq!(names, 3);
}

#[test]
fn what_is_no_distribution_is_refused_with_the_reason() {
    let fixture = fixture();
    let write = |name: &str, bytes: &[u8]| {
        let path = fixture.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let renamed = fixture.folder.path().join("other-1.0-py3-none-any.whl");
    fs::rename(fixture.wheel("demo", "1.0", ""), &renamed).unwrap();
    let older = fixture.folder.path().join("demo-0.9-py3-none-any.whl");
    fs::rename(fixture.wheel("demo", "1.0", ""), &older).unwrap();
    let before = fixture.files();
    for (path, reason) in [
        (write("notes.txt", b"x"), "`notes.txt` is not the name of a wheel or a source distribution"),
        (write("demo-1.0-py3-none-any.whl", b"x"), "it is no archive that all readers understand alike"),
        (write("demo-1.0.tar.gz", b"x"), "it is no archive"),
        (renamed, "its metadata says that it is `demo`"),
        (older, "its metadata says that it is version `1.0`"),
    ] {
        let error = fixture.add(std::slice::from_ref(&path), now()).unwrap_err().to_string();
        assert!(error.starts_with(&path.display().to_string()) && error.contains(reason), "{error}");
    }
    assert_eq!(fixture.files(), before);
}

#[test]
fn a_copy_of_an_index_is_taken_over_with_what_it_yanked() {
    use tufgate_publish::pages::{Page, PageFile};
    let theirs = fixture();
    theirs.add(&[theirs.wheel("demo", "1.0", "x = 1"), theirs.wheel("demo", "2.0", "x = 2")], now()).unwrap();
    let project = ProjectName::new("demo").unwrap();
    let repository = theirs.open();
    let mut update = IndexUpdate::new(&repository, now()).unwrap();
    update.yank(&project, Some("broken"), |file| file.filename.starts_with("demo-1.0")).unwrap();
    let page: Page = update.page(&project).unwrap().0.clone();

    let ours = fixture();
    let repository = ours.open();
    let mut update = IndexUpdate::new(&repository, now() + crate::fixture::DAY).unwrap();
    // By the names that consistent snapshots give them, as a mirror has them.
    for (name, _) in theirs.files().into_iter().filter(|(name, _)| name.ends_with(".whl") && name.len() > 80) {
        update.add(&theirs.path().join(name)).unwrap();
    }
    update.adopt(&page).unwrap();
    let says = |file: &PageFile| (file.filename.clone(), file.yanked.clone(), file.upload_time.clone());
    let mut got: Vec<_> = update.page(&project).unwrap().0.files.iter().map(says).collect();
    got.sort_unstable();
    let expected: Vec<_> = page.files.iter().map(says).collect();
    assert_eq!(got, expected);
    update.finish().unwrap().commit(&ours.ring).unwrap();
    assert!(
        answer(&ours, "pep458", "demo-1.0-py3-none-any.whl")
            .is_some_and(|(_, yanked)| yanked.as_deref() == Some("broken"))
    );
}
