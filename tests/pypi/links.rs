//! Links of signed pages: what is a target, and what leads elsewhere.

use tufgate::BaseUrl;
use tufgate::pypi::PackageIndex;

use super::{NAME, PAGE, TARGET, WHEEL, ask, index_of, listed, pep458, profile, signed, unsigned};
use crate::attacks::client;
use crate::simulator::{ORIGIN, assert_target_refused};
use tufgate::MemoryStore;
use tufgate::error::Fault;

#[test]
fn links_to_one_place_are_one_target() {
    for url in [
        "../../packages/example-1.0-py3-none-any.whl".to_owned(),
        "/targets/packages/example-1.0-py3-none-any.whl".to_owned(),
        format!("{ORIGIN}targets/packages/example-1.0-py3-none-any.whl"),
        "//sim.test/targets/packages/example-1.0-py3-none-any.whl".to_owned(),
        "https://SIM.test:443/targets/./packages/x/../example-1.0-py3-none-any.whl#egg=x".to_owned(),
        "../../packages/ex%61mple-1.0-py3-none-any.whl".to_owned(),
    ] {
        let repo = index_of(&[listed(NAME, &url, Some(WHEEL))]);
        let found = ask(&repo, &pep458(), |index| signed(index.file(NAME, &[]).unwrap()));
        assert_eq!(found.bound_by.as_str(), TARGET, "{url}");
    }
}

#[test]
fn a162_a213_a_link_that_leads_elsewhere_is_no_target_and_nothing_is_asked_of_it() {
    let outside = format!("the signed page `{PAGE}` leads to a place outside of the address of the targets");
    for url in [
        "https://evil.test/targets/packages/example-1.0-py3-none-any.whl",
        "//evil.test/targets/packages/example-1.0-py3-none-any.whl",
        "http://sim.test/targets/packages/example-1.0-py3-none-any.whl",
        "https://sim.test:8443/targets/packages/example-1.0-py3-none-any.whl",
        "https://user@sim.test/targets/packages/example-1.0-py3-none-any.whl",
        "file:///targets/packages/example-1.0-py3-none-any.whl",
        "../../../metadata/example-1.0-py3-none-any.whl",
        "../../../../../example-1.0-py3-none-any.whl",
        "../../packages/%2e%2e/%2e%2e/example-1.0-py3-none-any.whl",
        "../../packages%2fexample-1.0-py3-none-any.whl",
        "../../packages/..%2f..%2fexample-1.0-py3-none-any.whl",
        "../../packages/example-1.0-py3-none-any.whl?x=1",
        "../../packages//example-1.0-py3-none-any.whl",
        "../../packages/example-1.0-py3-none-any.whl%00",
        "https://sim.test/targets-evil/example-1.0-py3-none-any.whl",
    ] {
        let repo = index_of(&[listed(NAME, url, Some(WHEEL))]);
        ask(&repo, &pep458(), |index| {
            let unlisted = unsigned(index.file(NAME, &[]).unwrap());
            assert_eq!(unlisted.reasons, std::slice::from_ref(&outside), "{url}");
        });
        assert_eq!(repo.take_log().len(), 1, "{url}");
    }
}

#[test]
fn a_file_that_the_page_binds_is_signed_wherever_it_lies_and_fetched_from_the_targets_alone() {
    let by_page = profile(&["simple/{project}/index.json"], &["{page}"]);
    for (url, is_reachable) in [(&format!("../../{TARGET}")[..], true), ("https://files.test/a.whl", false)] {
        let repo = index_of(&[listed(NAME, url, Some(WHEEL))]);
        let found = ask(&repo, &by_page, |index| signed(index.file(NAME, &[]).unwrap()));
        assert_eq!((found.bound_by.as_str(), found.is_reachable), (PAGE, is_reachable));
    }
}

#[test]
fn a_link_to_another_target_is_judged_by_what_is_signed_for_that() {
    // The page leads to the wheel of another project, with the hash of this one.
    let mut repo = index_of(&[listed(NAME, "../../packages/other-1.0-py3-none-any.whl", Some(WHEEL))]);
    repo.add_target("targets", "packages/other-1.0-py3-none-any.whl", b"other");
    repo.publish();
    let refused = ask(&repo, &pep458(), |index| index.file(NAME, &[]));
    match &refused {
        Err(tufgate::Error::Repository(error)) => {
            let fault = error.fault.clone();
            assert!(matches!(fault, Fault::Malformed(_)));
            assert_target_refused(refused, PAGE, fault);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn credentials_in_the_addresses_do_not_make_links_lead_elsewhere() {
    let repo = index_of(&[listed(NAME, &format!("../../{TARGET}"), Some(WHEEL))]);
    let mut client = client(&repo, MemoryStore::new());
    client.refresh().unwrap();
    let base = |below: &str| BaseUrl::new(&format!("https://user:secret@sim.test/targets/{below}")).unwrap();
    let (simple, targets, profile) = (base("simple/"), base(""), pep458());
    let index = PackageIndex::new(&client, &profile, &simple, &targets);
    let found = signed(index.file(NAME, &[]).unwrap());
    assert_eq!(found.bound_by.as_str(), TARGET);
    assert!(!found.page.unwrap().page.files()[0].url().contains("secret"));
}
