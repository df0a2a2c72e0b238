//! Limits on delegations: too much is an error and never "no such target", and an index of PyPI's size is not too much.

use tufgate::Settings;
use tufgate::error::Fault;

use super::both::{Kind, for_both};
use super::delegation_walk::tree;
use super::shelf::Shelf;
use crate::simulator::{Delegation, Repository, assert_target_refused, described, hash, now};

#[test]
fn a146_too_many_roles_is_an_error_and_not_an_answer() {
    for_both(|kind| {
        let names: Vec<String> = (0..5).map(|n| format!("r{n}")).collect();
        let deep: Vec<(&str, &str)> = std::iter::once("targets")
            .chain(names.iter().map(String::as_str))
            .zip(names.iter().map(String::as_str))
            .collect();
        let wide: Vec<(&str, &str)> = names.iter().map(|name| ("targets", name.as_str())).collect();
        for edges in [deep, wide] {
            let mut repo = tree(&edges);
            repo.add_target("r4", "x/f", b"f");
            repo.publish();
            let with_limit = |limit| {
                let mut settings = Settings::default();
                settings.limits.visited_roles = limit;
                kind.client_with(&repo, Shelf::new(), settings, now)
            };
            assert_target_refused(with_limit(4).lookup("x/f"), "x/f", Fault::TooManyRoles { limit: 4 });
            assert!(!repo.take_log().contains(&"metadata/2.r4.json".to_owned()));
            assert_eq!(with_limit(5).signer("x/f"), Ok("r4".to_owned()));
        }
    });
}

#[test]
fn a146_a_deep_chain_needs_no_deep_stack() {
    let names: Vec<String> = (0..600).map(|n| format!("r{n}")).collect();
    let mut repo = Repository::new();
    let mut from = "targets";
    for name in &names {
        repo.delegate(from, Delegation::to(name).paths(["x/*"]));
        from = name;
    }
    repo.publish();
    let mut settings = Settings::default();
    settings.limits.visited_roles = 600;
    let search = || {
        let mut client = Kind::Blocking.client_with(&repo, Shelf::new(), settings, now);
        // The second time all of it comes from the session.
        [(); 2].map(|()| client.signer("x/f").unwrap_err())
    };
    let asked = std::thread::scope(|scope| {
        let small = std::thread::Builder::new().stack_size(256 << 10);
        small.spawn_scoped(scope, search).unwrap().join().unwrap()
    });
    let expected: Vec<String> = std::iter::once("targets".to_owned()).chain(names.iter().cloned()).collect();
    assert_eq!(asked, [expected.clone(), expected]);
}

#[test]
fn a147_an_index_of_the_size_of_pypi_fits_the_default_limits() {
    let mut repo = Repository::new();
    repo.delegate("targets", Delegation::to("bins").prefixes(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]));
    let path =
        (0..).map(|n| format!("simple/p{n}/index.html")).find(|path| hash("sha256", path.as_bytes()).as_str() < "a");
    let path = path.unwrap();
    let number = u32::from_str_radix(&hash("sha256", path.as_bytes())[..4], 16).unwrap() / 4;
    let bin = format!("bin-{number:04x}");
    repo.delegate("bins", Delegation::to(&bin));
    repo.add_target(&bin, &path, b"page");
    // All other bins stand in the documents as this one does, but nobody will ask for them.
    let entry = repo.delegation("bins", &bin).clone();
    let listed = described(&[0; 1000], &["sha512"]);
    let roles = (0..16_384_u32).map(|number| {
        let mut entry = entry.clone();
        entry["name"] = format!("bin-{number:04x}").into();
        entry["path_hash_prefixes"] = (number * 4..number * 4 + 4).map(|prefix| format!("{prefix:04x}")).collect();
        entry
    });
    repo.delegations("bins")["roles"] = roles.collect();
    repo.publish();
    for number in 0..16_384_u32 {
        let mut pin = listed.clone();
        pin["version"] = 1.into();
        let name = format!("bin-{number:04x}.json");
        if name != format!("{bin}.json") {
            repo.snapshot.signed["meta"][name] = pin;
        }
    }
    repo.publish_snapshot();
    let sizes = ["snapshot", "bins"].map(|role| repo.file(&repo.path(role)).len());
    assert!(sizes[0] > 3_100_000 && sizes[1] > 2_900_000, "{sizes:?}");
    assert_eq!(Kind::Blocking.client(&repo, Shelf::new()).signer(&path), Ok(bin));
}
