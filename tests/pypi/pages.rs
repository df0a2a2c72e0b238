//! Pages: of which project they are, what they say, and that they agree with what they lead to.

use serde_json::{Value, json};
use tufgate::error::{Error, Fault, Malformed};
use tufgate::pypi::{Answer, PackageIndex, PageAnswer, ProjectName};
use tufgate::{BaseUrl, Digest, HashAlgorithm, MemoryStore, Settings};

use super::{
    NAME, PAGE, TARGET, WHEEL, ask, ask_with, index, index_of, listed, page, pep458, profile, signed, stored, unsigned,
};
use crate::attacks::client;
use crate::simulator::{ORIGIN, Repository, assert_target_refused, hash};

fn malformed(reason: &str) -> Fault {
    Fault::Malformed(Malformed { offset: 0, reason: reason.to_owned() })
}

#[test]
fn a158_the_page_is_asked_for_by_the_project_of_the_file_and_served_for_another_is_refused() {
    let mut repo = index();
    let other = page(&[listed("other-1.0.zip", "../../packages/other-1.0.zip", None)]);
    repo.add_target("targets", "simple/other/index.json", &other);
    repo.publish();
    let right = page(&[listed(NAME, &format!("../../{TARGET}"), Some(WHEEL))]);
    // Well signed, but not for this project.
    repo.serve(&stored(PAGE, &right), other.clone());
    let refused = ask(&repo, &pep458(), |index| index.file(NAME, &[]));
    assert_target_refused(refused, PAGE, Fault::Length { expected: right.len() as u64, found: other.len() as u64 });
    repo.assert_log(&[&stored(PAGE, &right)]);
}

#[test]
fn a158_what_a_page_says_of_another_project_counts_for_that_project_nowhere() {
    // The page of `example` lists a file of `victim`, and calls itself so.
    let evil = "victim-1.0-py3-none-any.whl";
    let mut repo = index_of(&[listed(evil, "../../packages/victim-1.0-py3-none-any.whl", Some(b"evil"))]);
    repo.add_target("targets", "packages/victim-1.0-py3-none-any.whl", b"evil");
    repo.publish();
    ask(&repo, &pep458(), |index| {
        match index.file(evil, &[]).unwrap() {
            Answer::UnknownProject(project, _) => assert_eq!(project.as_str(), "victim"),
            other => panic!("{other:?}"),
        }
        repo.assert_log(&[]);
        let reason = format!("the signed page `{PAGE}` lists no such file");
        assert_eq!(unsigned(index.file(NAME, &[]).unwrap()).reasons, [reason]);
    });
}

#[test]
fn a159_every_spelling_of_a_project_is_one_page_and_one_request() {
    let repo = index();
    ask(&repo, &pep458(), |index| {
        for spelling in ["Example", "EXAMPLE", "example"] {
            let name = ProjectName::new(spelling).unwrap();
            assert!(
                matches!(index.page(&name).unwrap(), PageAnswer::Signed(page) if page.info.path().as_str() == PAGE)
            );
        }
        // The file itself has one name, which the page spells.
        let other = unsigned(index.file("Example-1.0-py3-none-any.whl", &[]).unwrap());
        assert_eq!(other.reasons, [format!("the signed page `{PAGE}` lists no such file")]);
        signed(index.file(NAME, &[]).unwrap());
    });
    assert_eq!(repo.take_log().len(), 1);
}

#[test]
fn a161_a_page_and_a_target_that_disagree_on_a_hash_are_refused() {
    let repo = index_of(&[listed(NAME, &format!("../../{TARGET}"), Some(b"another wheel"))]);
    let refused = ask(&repo, &pep458(), |index| index.file(NAME, &[]));
    let (by_page, by_target) = (hash("sha256", b"another wheel"), hash("sha256", WHEEL));
    let reason = format!("gives sha256 {by_page} for `{TARGET}`, for which {by_target} is signed");
    assert_target_refused(refused, PAGE, malformed(&reason));
}

#[test]
fn a161_a_release_between_page_and_wheel_begins_again_and_both_are_of_one_snapshot() {
    let mut repo = index();
    let first = repo.files();
    let old = page(&[listed(NAME, &format!("../../{TARGET}"), Some(WHEEL))]);
    repo.add_target("targets", TARGET, b"rebuilt");
    let new = page(&[listed(NAME, &format!("../../{TARGET}"), Some(b"rebuilt"))]);
    repo.add_target("targets", PAGE, &new);
    repo.publish();
    let mut second = repo.files();
    second.remove(&stored(TARGET, WHEEL)).unwrap();
    repo.go_back_to(&first);
    repo.switch_after(&stored(PAGE, &old), &second);
    let mut client = client(&repo, MemoryStore::new());
    let (simple, targets) = (BaseUrl::new(&format!("{ORIGIN}targets/simple/")).unwrap(), repo.targets_base());
    let profile = pep458();
    let bytes = client.consistently(|client| {
        let index = PackageIndex::new(client, &profile, &simple, &targets);
        let found = signed(index.file(NAME, &[])?);
        Ok((client.read(&found.info)?, found.page.unwrap().page.files().to_vec()))
    });
    let (bytes, files) = bytes.unwrap();
    assert_eq!(bytes, b"rebuilt");
    assert_eq!(files[0].hashes().unwrap().of(HashAlgorithm::Sha256).unwrap().to_hex(), hash("sha256", b"rebuilt"));
}

/// An entry of a page with a metadata file beside it.
fn with_metadata(core_metadata: Value) -> Value {
    let mut entry = listed(NAME, &format!("../../{TARGET}"), Some(WHEEL));
    entry["core-metadata"] = core_metadata;
    entry
}

#[test]
fn a164_a_metadata_file_is_a_target_or_bound_by_the_signed_page_or_nothing() {
    let name = format!("{NAME}.metadata");
    let bound = json!({ "sha256": hash("sha256", b"Name: example") });
    // A target of its own.
    let mut repo = index_of(&[with_metadata(bound.clone())]);
    repo.add_target("targets", &format!("{TARGET}.metadata"), b"Name: example");
    repo.publish();
    let found = ask(&repo, &pep458(), |index| signed(index.file(&name, &[]).unwrap()));
    assert_eq!(found.bound_by.as_str(), format!("{TARGET}.metadata"));

    // None, but the page gives its hash. Of its length nothing is known.
    let repo = index_of(&[with_metadata(bound.clone())]);
    let by_page = profile(&["simple/{project}/index.json"], &["{page}"]);
    let found = ask(&repo, &by_page, |index| signed(index.file(&name, &[]).unwrap()));
    assert_eq!((found.bound_by.as_str(), found.info.is_exact()), (PAGE, false));
    assert_eq!(found.info.hashes().of(HashAlgorithm::Sha256).unwrap().to_hex(), hash("sha256", b"Name: example"));
    assert_eq!(found.info.path().as_str(), format!("{TARGET}.metadata"));
    let listed_by = unsigned(ask(&repo, &pep458(), |index| index.file(&name, &[])).unwrap());
    assert_eq!(listed_by.asked.iter().map(ToString::to_string).collect::<Vec<_>>(), ["targets"]);

    // The page only says that there is one, or that there is none: nobody binds it.
    for (says, reason) in [(json!(true), "gives no strong hash for it"), (json!(false), "lists no such file")] {
        let repo = index_of(&[with_metadata(says)]);
        let unlisted = unsigned(ask(&repo, &by_page, |index| index.file(&name, &[])).unwrap());
        assert_eq!(unlisted.reasons, [format!("the signed page `{PAGE}` {reason}")]);
    }

    // Page and target disagree.
    let mut repo = index_of(&[with_metadata(bound)]);
    repo.add_target("targets", &format!("{TARGET}.metadata"), b"Requires-Dist: evil");
    repo.publish();
    let (by_page, by_target) = (hash("sha256", b"Name: example"), hash("sha256", b"Requires-Dist: evil"));
    let reason = format!("gives sha256 {by_page} for `{TARGET}.metadata`, for which {by_target} is signed");
    assert_target_refused(ask(&repo, &pep458(), |index| index.file(&name, &[])), PAGE, malformed(&reason));
}

#[test]
fn a165_yanked_is_what_the_signed_page_says_and_no_other() {
    let entry = |yanked: Value| {
        let mut entry = listed(NAME, &format!("../../{TARGET}"), Some(WHEEL));
        entry["yanked"] = yanked;
        entry
    };
    for (says, expected) in [(json!("broken"), Some("broken")), (json!(true), Some("")), (json!(false), None)] {
        let repo = index_of(&[entry(says)]);
        let found = ask(&repo, &pep458(), |index| signed(index.file(NAME, &[]).unwrap()));
        assert_eq!(found.yanked(), expected);
    }
    // A mirror takes the mark away, at the same length.
    let repo = index_of(&[entry(json!("true"))]);
    let (signed_page, served) = (page(&[entry(json!("true"))]), page(&[entry(json!("----"))]));
    repo.serve(&stored(PAGE, &signed_page), served.clone());
    let digest = |bytes| Box::new(Digest::from_hex(HashAlgorithm::Sha256, &hash("sha256", bytes)).unwrap());
    let fault = Fault::Hash { expected: digest(&signed_page), found: digest(&served) };
    assert_target_refused(ask(&repo, &pep458(), |index| index.file(NAME, &[])), PAGE, fault);
}

#[test]
fn a179_a_hash_that_the_target_does_not_have_is_taken_from_the_signed_page() {
    let mut repo = Repository::new();
    let path = format!("packages/{NAME}");
    repo.add_target_hashed("targets", &path, WHEEL, &["sha512"]);
    repo.add_target("targets", PAGE, &page(&[listed(NAME, "https://elsewhere.test/x.whl", Some(WHEEL))]));
    repo.publish();
    let profile = profile(&["simple/{project}/index.json"], &["packages/{filename}"]);
    let digest = |algorithm, name| Digest::from_hex(algorithm, &hash(name, WHEEL)).unwrap();
    let (sha256, sha512) = (digest(HashAlgorithm::Sha256, "sha256"), digest(HashAlgorithm::Sha512, "sha512"));
    ask(&repo, &profile, |index| {
        // Nothing needs the page.
        for digests in [&[][..], &[sha512], &[sha256, sha512]] {
            let found = signed(index.file(NAME, digests).unwrap());
            assert_eq!((found.page.is_none(), found.digest(HashAlgorithm::Sha256)), (true, None));
        }
        repo.assert_log(&[]);
        let found = signed(index.file(NAME, &[sha256]).unwrap());
        assert_eq!(
            (found.digest(HashAlgorithm::Sha256), found.digest(HashAlgorithm::Sha512)),
            (Some(&sha256), Some(&sha512))
        );
    });
}

#[test]
fn a164_a179_the_hash_of_a_metadata_file_is_the_one_that_the_page_gives_for_it() {
    let content = b"Name: example";
    let mut entry = with_metadata(json!({ "sha256": hash("sha256", content) }));
    entry["yanked"] = json!("broken");
    // An entry of that name is none of the file beside the wheel.
    let name = format!("{NAME}.metadata");
    let mut repo = index_of(&[listed(&name, "x", Some(b"another")), entry]);
    repo.add_target_hashed("targets", &format!("{TARGET}.metadata"), content, &["sha512"]);
    repo.publish();
    let sha256 = Digest::from_hex(HashAlgorithm::Sha256, &hash("sha256", content)).unwrap();
    let profile = profile(&["simple/{project}/index.json"], &["packages/{filename}"]);
    let found = ask(&repo, &profile, |index| signed(index.file(&name, &[sha256]).unwrap()));
    assert_eq!((found.digest(HashAlgorithm::Sha256), found.yanked()), (Some(&sha256), Some("broken")));
}

#[test]
fn a_page_that_is_signed_and_none_is_the_repositorys_fault_and_asked_for_once() {
    for (bytes, reason) in [
        (&b"<html>"[..], "the index page is not what PEP 691 describes: expected value (byte 1)"),
        (br#"{"files": []}"#, "the index page is not what PEP 691 describes: missing field `meta` (byte 13)"),
        (br#"{"meta": {"api-version": "2.0"}, "files": []}"#, "the index page has version `2.0`; this client knows 1"),
    ] {
        let mut repo = Repository::new();
        repo.add_target("targets", PAGE, bytes);
        repo.publish();
        ask(&repo, &pep458(), |index| {
            for _ in 0..3 {
                match index.file(NAME, &[]) {
                    Err(Error::Repository(error)) => {
                        assert_eq!(error.to_string(), format!("target `{PAGE}`: malformed: {reason}"));
                    }
                    other => panic!("{other:?}"),
                }
            }
        });
        repo.assert_log(&[&stored(PAGE, bytes)]);
    }
}

#[test]
fn a253_a_page_that_is_larger_than_the_limit_is_not_asked_for() {
    let repo = index();
    let mut settings = Settings::default();
    settings.limits.page_bytes = 10;
    let refused = ask_with(&repo, &pep458(), settings, |index| index.file(NAME, &[]));
    assert_target_refused(refused, PAGE, Fault::TooLarge { limit: 10 });
    repo.assert_log(&[]);
}

#[test]
fn a092_no_page_and_no_pointer_binds_a_file_that_is_larger_than_the_limit() {
    let limit = 10_000;
    let mut settings = Settings::default();
    settings.limits.target_bytes = limit;
    for size in [limit, limit + 1] {
        let mut file = listed(NAME, &format!("../../{TARGET}"), Some(WHEEL));
        file["size"] = size.into();
        let mut repo = index_of(&[file]);
        let pointer = json!({ "digest": hash("sha256", WHEEL), "length": size, "wheel_path": format!("/w/{NAME}") });
        repo.add_target("targets", "example/1.0.json", pointer.to_string().as_bytes());
        repo.publish();
        for (source, path) in [("{page}", TARGET.to_owned()), ("pointer:{project}/{version}.json", format!("w/{NAME}"))]
        {
            let profile = profile(&["simple/{project}/index.json"], &[source]);
            let found = ask_with(&repo, &profile, settings.clone(), |index| index.file(NAME, &[]));
            if size > limit {
                assert_target_refused(found, &path, Fault::TooLarge { limit });
            } else {
                assert_eq!((signed(found.unwrap()).info.length(), size), (limit, limit));
            }
        }
    }
}

#[test]
fn the_first_page_of_a_profile_that_is_signed_counts() {
    let mut repo = Repository::new();
    let html = format!("<!DOCTYPE html><a href=\"../../{TARGET}#sha256={}\">{NAME}</a>", hash("sha256", WHEEL));
    repo.add_target("targets", "simple/example/index.html", html.as_bytes());
    repo.add_target("targets", TARGET, WHEEL);
    repo.publish();
    let found = ask(&repo, &pep458(), |index| signed(index.file(NAME, &[]).unwrap()));
    assert_eq!(found.page.unwrap().info.path().as_str(), "simple/example/index.html");
    // A JSON page that hides the file is not overruled by the other.
    repo.add_target("targets", PAGE, &page(&[]));
    repo.publish();
    unsigned(ask(&repo, &pep458(), |index| index.file(NAME, &[])).unwrap());
}
