//! What is installed, and where.

use std::fs;

use super::super::layout::{Kind, Site};
use super::super::*;
use super::fixture::{Fixture, SITE};

#[test]
fn a_distribution_is_known_by_its_descriptions() {
    let fixture = Fixture::new();
    fixture.install("Pkg.Name", &[]);
    let environment = fixture.scan();
    let expected = Installed {
        name: "Pkg.Name".to_owned(),
        version: "1.0".to_owned(),
        tags: vec!["py2-none-any".to_owned(), "py3-none-any".to_owned()],
        build: None,
        dist_info: fixture.site("Pkg.Name-1.0.dist-info"),
        origin: Origin::Index,
        installer: Some("pip".to_owned()),
        site: Site { path: fixture.path(SITE), python: Some("python3.11".to_owned()) },
    };
    assert_eq!(environment.distributions, [expected]);
    assert_eq!(environment.distributions[0].normalized_name(), "pkg-name");
}

#[test]
fn the_origin_is_what_direct_url_says() {
    let url = || "file:///x".to_owned();
    let broken = |reason: &str| Origin::Broken { reason: reason.to_owned() };
    let several = "direct_url.json has not exactly one of dir_info, vcs_info and archive_info";
    for (json, expected) in [
        (r#"{"url": "file:///x", "dir_info": {"editable": true}}"#, Origin::Editable { url: url() }),
        (r#"{"url": "file:///x", "dir_info": {}}"#, Origin::Directory { url: url() }),
        (r#"{"url": "file:///x", "vcs_info": {"vcs": "git"}}"#, Origin::Vcs { url: url() }),
        (r#"{"url": "file:///x", "archive_info": {}}"#, Origin::Archive { url: url() }),
        (r#"{"url": "file:///x"}"#, broken(several)),
        (r#"{"url": "file:///x", "archive_info": {}, "dir_info": {}}"#, broken(several)),
        ("[", broken("direct_url.json cannot be read: EOF while parsing a list at line 1 column 1")),
    ] {
        let fixture = Fixture::new();
        fixture.install("pkg", &[]);
        fixture.write_site("pkg-1.0.dist-info/direct_url.json", json);
        assert_eq!(fixture.scan().distributions[0].origin, expected, "{json}");
    }
}

#[test]
fn what_cannot_be_told_is_broken_and_not_passed_over() {
    let reason = |name: &str, metadata: &str| {
        let fixture = Fixture::new();
        fixture.write_site(&format!("{name}.dist-info/METADATA"), metadata);
        match fixture.scan().distributions.remove(0).origin {
            Origin::Broken { reason } => reason,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(reason("~kg-1.0", "Name: pkg\nVersion: 1.0\n"), "METADATA names it `pkg`, and its directory `~kg`");
    assert_eq!(reason("pkg-1.0", "Name: pkg\nVersion: 2.0\n"), "METADATA says version `2.0`, and its directory `1.0`");
    assert_eq!(reason("pkg-1.0", "Name: pkg\nName: pkg\n"), "METADATA has not exactly one `Name`");
    assert_eq!(reason("pkg-1.0", "Name: pkg\n\nVersion: 1.0\n"), "METADATA has not exactly one `Version`");
}

#[test]
fn what_no_wheel_was_found_for_claims_what_it_recorded_and_no_more() {
    let fixture = Fixture::new();
    fixture.install("pkg", &[("pkg.py", "")]);
    fixture.write_site("old.egg-info/PKG-INFO", "");
    fixture.write_site("more.py", "");
    fixture.write_site("pkg-1.0.dist-info/RECORD", "pkg.py,,\n../../../bin/run,,\n../../../../out.py,,\n");
    fixture.write("bin/run", "");
    let environment = fixture.scan();
    let claims: Vec<_> = environment.distributions.iter().map(|it| Claims::recorded(&environment, it)).collect();
    let found: Vec<_> = fixture.strays(&claims.iter().collect::<Vec<_>>()).into_iter().map(|(path, _)| path).collect();
    let notes = ["INSTALLER", "METADATA", "RECORD", "WHEEL"].map(|file| format!("SITE/pkg-1.0.dist-info/{file}"));
    assert_eq!(found, [vec!["SITE/more.py".to_owned()], notes.to_vec()].concat());
}

#[cfg(unix)]
#[test]
fn a_site_that_is_linked_counts_once() {
    let fixture = Fixture::new();
    std::os::unix::fs::symlink("lib", fixture.path("lib64")).unwrap();
    let site = Site { path: fixture.path(SITE), python: Some("python3.11".to_owned()) };
    let expected = Layout {
        kind: Kind::Virtual,
        sites: vec![site],
        prefix: fixture.root.clone(),
        scripts: fixture.path("bin"),
        system_site_packages: false,
    };
    assert_eq!(fixture.scan().layout, expected);
    // The site itself leads to the same.
    assert_eq!(scan(&fixture.path(SITE)).unwrap().layout, expected);
    fs::write(fixture.path("pyvenv.cfg"), "Include-System-Site-Packages = TRUE\n").unwrap();
    assert!(fixture.scan().layout.system_site_packages);
    fs::remove_file(fixture.path("pyvenv.cfg")).unwrap();
    assert_eq!(fixture.scan().layout, Layout { kind: Kind::Prefix, ..expected });
}

#[test]
fn a_directory_that_pip_filled_is_its_own_site() {
    let fixture = Fixture::new();
    fixture.write("target/pkg-1.0.dist-info/METADATA", "Name: pkg\nVersion: 1.0\n");
    let target = fixture.path("target");
    let layout = scan(&target).unwrap().layout;
    assert_eq!(layout.kind, Kind::Target);
    assert_eq!(layout.sites, [Site { path: target.clone(), python: None }]);
    assert_eq!((layout.prefix, layout.scripts), (target.clone(), target.join("bin")));
}

#[test]
fn what_is_no_environment_is_an_error() {
    let fixture = Fixture::new();
    let error = scan(&fixture.path("bin")).unwrap_err();
    assert_eq!(error.to_string(), format!("{} is no Python environment", fixture.path("bin").display()));
}
