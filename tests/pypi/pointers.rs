//! Pointers: small signed targets that name the digest of a distribution.

use serde_json::json;
use tufgate::error::{Fault, Malformed};

use super::{NAME, WHEEL, ask, profile, signed, stored, unsigned};
use crate::simulator::{Repository, assert_target_refused, hash};

const POINTER: &str = "example/1.0.json";

fn pointing(content: &str) -> Repository {
    let mut repo = Repository::new();
    repo.add_target("targets", POINTER, content.as_bytes());
    repo.publish();
    repo
}

fn pointer(wheel: &str) -> String {
    json!({ "digest": hash("sha256", WHEEL), "length": WHEEL.len(), "wheel_path": wheel }).to_string()
}

#[test]
fn a_pointer_binds_the_file_that_it_names_and_no_other() {
    let profile = profile(&[], &["pointer:{project}/{version}.json"]);
    let content = pointer(&format!("/wheels/example/{NAME}"));
    let repo = pointing(&content);
    ask(&repo, &profile, |index| {
        let found = signed(index.file(NAME, &[]).unwrap());
        assert_eq!(
            (found.bound_by.as_str(), found.info.path().as_str()),
            (POINTER, &format!("wheels/example/{NAME}")[..])
        );
        assert_eq!((found.info.length(), found.info.is_exact(), found.is_reachable), (7, true, true));
        // The same release has one pointer, which is not for its other files.
        for other in ["example-1.0.tar.gz", "example-1.0-py2-none-any.whl", &format!("{NAME}.metadata")] {
            let reason = format!("the signed pointer `{POINTER}` is for `{NAME}`");
            assert_eq!(unsigned(index.file(other, &[]).unwrap()).reasons, [reason]);
        }
    });
    assert!(repo.take_log().iter().all(|path| *path == stored(POINTER, content.as_bytes())));
}

#[test]
fn a_pointer_that_is_signed_and_none_is_the_repositorys_fault() {
    let profile = profile(&[], &["pointer:{project}/{version}.json"]);
    for (content, reason) in [
        ("[]".to_owned(), "the pointer file cannot be used: invalid type: sequence, expected an object (byte 0)"),
        (pointer("/../../etc/passwd"), "the pointer file gives a `wheel_path` that cannot be used"),
        (pointer(&format!("//evil.test/{NAME}")), "the pointer file gives a `wheel_path` that cannot be used"),
    ] {
        let repo = pointing(&content);
        let fault = Fault::Malformed(Malformed { offset: 0, reason: reason.to_owned() });
        assert_target_refused(ask(&repo, &profile, |index| index.file(NAME, &[])), POINTER, fault);
    }
}
