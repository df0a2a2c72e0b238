//! What a comparison names.

use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use super::super::*;
use super::fixture::{Fixture, hex, wheel};

const FILES: [(&str, &str); 6] = [
    ("pkg/__init__.py", "import pkg.mod\n"),
    ("pkg/mod.py", "A = 1\n"),
    ("pkg-1.0.dist-info/entry_points.txt", "[other]\nx = y:z\n[console_scripts]\nrun = pkg.mod:A.main [extra]\n"),
    ("pkg-1.0.data/scripts/tool.py", "#!python -E\nprint(1)\n"),
    ("pkg-1.0.data/data/share/pkg.txt", "text"),
    ("pkg-1.0.data/purelib/pure.py", ""),
];

/// As pip leaves it.
fn installed() -> (Fixture, Vec<u8>) {
    let fixture = Fixture::new();
    fixture.install("pkg", &FILES);
    let python = fixture.path("bin/python");
    fixture.write("bin/tool.py", format!("#!{} -E\nprint(1)\n", python.display()));
    fixture.write("bin/run", command(&python.display().to_string(), "pkg.mod"));
    fixture.write("share/pkg.txt", "text");
    fixture.write_site("pure.py", "");
    (fixture, wheel("pkg", &FILES))
}

fn command(python: &str, module: &str) -> String {
    format!(
        "#!{python}\nimport sys\nfrom {module} import A\nif __name__ == '__main__':\n    \
         sys.argv[0] = sys.argv[0].removesuffix('.exe')\n    sys.exit(A.main())\n"
    )
}

/// Timestamp bytecode of `pkg/mod.py` as it is installed.
fn bytecode(fixture: &Fixture, seconds: u32, length: u32) -> Vec<u8> {
    let source = fs::File::options().write(true).open(fixture.site("pkg/mod.py")).unwrap();
    source.set_modified(UNIX_EPOCH + Duration::from_secs(1_700_000_000)).unwrap();
    [b"\xa7\x0d\r\n".as_slice(), &[0; 4], &seconds.to_le_bytes(), &length.to_le_bytes(), b"code"].concat()
}

const MOD_CACHE: &str = "pkg/__pycache__/mod.cpython-311.opt-1.pyc";

#[test]
fn what_an_installer_leaves_differs_in_nothing() {
    let (fixture, wheel) = installed();
    fixture.write_site(MOD_CACHE, bytecode(&fixture, 1_700_000_000, 6));
    let comparison = fixture.compare("pkg", &wheel).unwrap();
    assert_eq!(comparison.differences, []);
    assert_eq!(comparison.record_faults, []);
    // RECORD is the installer's, and no member to be compared.
    assert_eq!((comparison.checked, comparison.generated, comparison.unjudged), (8, 3, 1));
    let remains = strays(&fixture.scan(), &[&comparison.claims]).unwrap();
    let own = vec![fixture.path("bin/activate"), fixture.path("bin/python3.11")];
    assert_eq!(remains, Remains { strays: vec![], own });
}

#[cfg(unix)]
#[test]
fn a_site_may_be_named_by_a_link() {
    let (fixture, wheel) = installed();
    fixture.write_site(MOD_CACHE, bytecode(&fixture, 1_700_000_000, 6));
    std::os::unix::fs::symlink("lib", fixture.path("lib64")).unwrap();
    let environment = scan(&fixture.path("lib64/python3.11/site-packages")).unwrap();
    let comparison = compare(&environment, &environment.distributions[0], super::fixture::file(&wheel)).unwrap();
    assert_eq!((comparison.differences, comparison.unjudged), (vec![], 1));
}

#[test]
fn each_change_is_named() {
    type Change = fn(&Fixture);
    let changed = |expected: &str, found: &str| DifferenceKind::Changed { expected: hex(expected), found: hex(found) };
    let cases: [(Change, &str, DifferenceKind); 11] = [
        (|it| it.write_site("pkg/mod.py", "A = 2\n"), "SITE/pkg/mod.py", changed("A = 1\n", "A = 2\n")),
        (|it| fs::remove_file(it.site("pkg/mod.py")).unwrap(), "SITE/pkg/mod.py", DifferenceKind::Missing),
        (|it| it.write("share/pkg.txt", ""), "share/pkg.txt", changed("text", "")),
        (|it| it.write_site("pure.py", "x"), "SITE/pure.py", changed("", "x")),
        (
            |it| it.write("bin/tool.py", format!("#!{} -E\nprint(2)\n", it.path("bin/python").display())),
            "bin/tool.py",
            changed("print(1)\n", "print(2)\n"),
        ),
        (
            |it| it.write("bin/tool.py", "#!/tmp/python -E\nprint(1)\n"),
            "bin/tool.py",
            DifferenceKind::Interpreter { found: "/tmp/python -E".to_owned() },
        ),
        (
            |it| it.write("bin/run", command(&it.path("bin/python").display().to_string(), "evil")),
            "bin/run",
            DifferenceKind::Script,
        ),
        (
            |it| it.write("bin/run", command("/tmp/python", "pkg.mod")),
            "bin/run",
            DifferenceKind::Interpreter { found: "/tmp/python".to_owned() },
        ),
        (|it| fs::remove_file(it.path("bin/run")).unwrap(), "bin/run", DifferenceKind::Missing),
        (
            |it| it.write_site(MOD_CACHE, bytecode(it, 1_700_000_001, 6)),
            "SITE/pkg/__pycache__/mod.cpython-311.opt-1.pyc",
            DifferenceKind::Bytecode { reason: "it was made of a source of another time".to_owned() },
        ),
        (
            |it| it.write_site(MOD_CACHE, bytecode(it, 1_700_000_000, 7)),
            "SITE/pkg/__pycache__/mod.cpython-311.opt-1.pyc",
            DifferenceKind::Bytecode { reason: "it was made of a source of another length".to_owned() },
        ),
    ];
    for (change, path, kind) in cases {
        let (fixture, wheel) = installed();
        change(&fixture);
        assert_eq!(fixture.differences("pkg", &wheel), [(path.to_owned(), kind)]);
    }
}

#[test]
fn bytecode_by_hash_must_be_of_its_source() {
    let (fixture, wheel) = installed();
    // What CPython 3.11 says of `A = 1\n`: `_imp.source_hash`.
    let fits = u64::from_le_bytes([28, 32, 158, 38, 223, 14, 182, 171]);
    for (hash, expected) in [(fits, 0), (fits ^ 1, 1)] {
        let head = [b"\xa7\x0d\r\n".as_slice(), &1_u32.to_le_bytes(), &hash.to_le_bytes()].concat();
        fixture.write_site(MOD_CACHE, head);
        assert_eq!(fixture.differences("pkg", &wheel).len(), expected);
    }
}

#[test]
fn the_installed_record_has_no_say() {
    let (fixture, wheel) = installed();
    fixture.write_site("pkg/mod.py", "B");
    let lines = super::fixture::line("pkg/mod.py", "B") + &super::fixture::line("evil.pth", "import os");
    fixture.write_site("pkg-1.0.dist-info/RECORD", lines);
    fixture.write_site("evil.pth", "import os");
    let comparison = fixture.compare("pkg", &wheel).unwrap();
    let kind = DifferenceKind::Changed { expected: hex("A = 1\n"), found: hex("B") };
    assert_eq!(comparison.differences, [Difference { path: fixture.site("pkg/mod.py"), kind }]);
    assert_eq!(fixture.strays(&[&comparison.claims]), [("SITE/evil.pth".to_owned(), None)]);
}

#[test]
fn what_was_added_is_said_with_whom_it_lies() {
    let (fixture, first) = installed();
    let space = [("space/one/__init__.py", "")];
    let other = [("space/two/__init__.py", "")];
    fixture.install("one", &space);
    fixture.install("two", &other);
    let claims: Vec<_> = [("pkg", first), ("one", wheel("one", &space)), ("two", wheel("two", &other))]
        .iter()
        .map(|(name, wheel)| fixture.compare(name, wheel).unwrap().claims)
        .collect();
    let claims: Vec<_> = claims.iter().collect();
    assert_eq!(fixture.strays(&claims), []);
    for path in [
        "evil.pth",
        "_virtualenv.pth",
        "pkg/sub/evil.py",
        "pkg/__pycache__/gone.cpython-311.pyc",
        "pkg-1.0.dist-info/extra",
        "space/evil.py",
        "space/two/evil.so",
    ] {
        fixture.write_site(path, "import os; import _virtualenv");
    }
    fixture.write("bin/evil", "");
    let expected = [
        ("bin/evil", None),
        ("SITE/_virtualenv.pth", None),
        ("SITE/evil.pth", None),
        ("SITE/pkg/__pycache__/gone.cpython-311.pyc", Some("pkg")),
        ("SITE/pkg/sub/evil.py", Some("pkg")),
        ("SITE/pkg-1.0.dist-info/extra", Some("pkg")),
        ("SITE/space/evil.py", None),
        ("SITE/space/two/evil.so", Some("two")),
    ];
    assert_eq!(fixture.strays(&claims), expected.map(|(path, to)| (path.to_owned(), to.map(str::to_owned))));
}

#[test]
fn the_hook_of_virtual_environments_is_known_by_its_bytes() {
    let fixture = Fixture::new();
    fixture.write_site("_virtualenv.pth", "import _virtualenv");
    fixture.write_site("_virtualenv.py", "evil");
    assert_eq!(fixture.strays(&[]), [("SITE/_virtualenv.py".to_owned(), None)]);
}

#[cfg(unix)]
#[test]
fn what_is_not_a_file_is_not_opened() {
    use std::os::unix::{fs::symlink, net::UnixListener};
    let (fixture, wheel) = installed();
    let not = |found: &str| DifferenceKind::NotAFile { found: found.to_owned() };
    let path = fixture.site("pkg/mod.py");
    fs::rename(&path, fixture.site("pkg/real.py")).unwrap();
    symlink(fixture.site("pkg/real.py"), &path).unwrap();
    assert_eq!(fixture.differences("pkg", &wheel), [("SITE/pkg/mod.py".to_owned(), not("a symbolic link"))]);
    fs::remove_file(&path).unwrap();
    let _listener = UnixListener::bind(&path).unwrap();
    assert_eq!(fixture.differences("pkg", &wheel), [("SITE/pkg/mod.py".to_owned(), not("a special file"))]);
    fs::rename(fixture.site("pkg"), fixture.path("elsewhere")).unwrap();
    symlink(fixture.path("elsewhere"), fixture.site("pkg")).unwrap();
    let comparison = fixture.compare("pkg", &wheel).unwrap();
    let found: Vec<_> = comparison.differences.iter().map(|found| found.kind.clone()).collect();
    assert_eq!(found, [not("below a symbolic link"), not("below a symbolic link")]);
    assert_eq!(fixture.strays(&[&comparison.claims]), [("SITE/pkg".to_owned(), None)]);
}
