use std::fs;
use std::path::{Path, PathBuf};

use super::*;

const IDNA_SDIST: &str = "a7db850025b95ded1eae8a46181a1a6c56c92c96f0e2b005d9ff8dc0210cab44";
const IDNA_WHEEL: &str = "ab7ae7122974553370f0bdb919e1a960b2cd1bc1ef0276416d896db81c14582c";
const SIX_SDIST: &str = "ff70335d468e7eb6ec65b95b99d3a2836546063f63acc5171de367e834932a81";
const SIX_WHEEL: &str = "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274";

const IDNA_SDIST_URL: &str = "https://index.example/packages/f5/08/8eea9d4b8302028f3abb2c0813953f7aec26d33b7a8960ed760e65ff29fa/idna-3.20.tar.gz";
const IDNA_WHEEL_URL: &str = "https://index.example/packages/58/a2/bb081bab032533a855d44de1d56f8e8426114ff1ba5d1f07a438a0a654f8/idna-3.20-py3-none-any.whl";
const SIX_SDIST_URL: &str = "https://index.example/packages/94/e7/b2c673351809dca68a0e064b6af791aa332cf192da575fd474ed7d6f16a2/six-1.17.0.tar.gz";
const SIX_WHEEL_URL: &str = "https://index.example/packages/b7/ce/149a00dd41f10bc29e5921b496af8b574d8413afcd5e30dfa0ed46c2cc5e/six-1.17.0-py2.py3-none-any.whl";

const DIRECTORY: &str = "it is installed from a directory, and no index signs for that";
const CHECKOUT: &str = "it is built from a source repository, and no index signs for that";
const NO_HASH: &str = "the lock file gives no hash for it";
const UNPINNED: &str = "it is not pinned to one version with `==`";
const ITSELF: &str = "it is the project itself";

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/locks").join(name)
}

/// Makes the entries that one file is expected to give.
struct In(PathBuf);

impl In {
    fn locked(&self, line: Option<usize>, project: &str, version: Option<&str>, hashes: &[(&str, &str)]) -> Locked {
        let hash = |(algorithm, hex): &(&str, &str)| LockedHash { algorithm: (*algorithm).into(), hex: (*hex).into() };
        Locked {
            source: self.0.clone(),
            line,
            project: project.to_owned(),
            version: version.map(str::to_owned),
            file_name: None,
            url: None,
            hashes: hashes.iter().map(hash).collect(),
            size: None,
        }
    }

    /// A file with an address and one SHA-256.
    fn file(
        &self,
        line: Option<usize>,
        about: (&str, Option<&str>),
        hex: &str,
        url: &str,
        size: Option<u64>,
    ) -> LockedEntry {
        let (file_name, url) = (url.rsplit('/').next().map(str::to_owned), url.contains("://").then(|| url.to_owned()));
        let locked = self.locked(line, about.0, about.1, &[("sha256", hex)]);
        LockedEntry::Distribution(Locked { file_name, url, size, ..locked })
    }

    /// A requirement with several SHA-256.
    fn pinned(&self, line: usize, project: &str, version: &str, hexes: &[&str]) -> LockedEntry {
        let hashes: Vec<_> = hexes.iter().map(|hex| ("sha256", *hex)).collect();
        LockedEntry::Distribution(self.locked(Some(line), project, Some(version), &hashes))
    }

    fn undecided(&self, line: Option<usize>, about: &str, reason: &str) -> LockedEntry {
        LockedEntry::Undecided { source: self.0.clone(), line, about: about.into(), reason: reason.into() }
    }

    fn skipped(&self, line: usize, about: &str, reason: &str) -> LockedEntry {
        LockedEntry::Skipped { source: self.0.clone(), line: Some(line), about: about.into(), reason: reason.into() }
    }
}

/// The file in the fixtures, what it is by its name, and what it says.
fn found(name: &str) -> (In, Vec<LockedEntry>) {
    let path = data(name);
    let kind = kind_of(&path).expect("a lock file");
    let entries = read(&path, kind).expect("it can be read");
    (In(path), entries)
}

/// What a file with this content says, or the whole error, in which the directory is left out.
fn said(name: &str, content: &[u8]) -> Result<Vec<LockedEntry>, String> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(name), content).unwrap();
    said_in(dir.path(), name)
}

fn said_in(dir: &Path, name: &str) -> Result<Vec<LockedEntry>, String> {
    let path = dir.join(name);
    let mut entries = read(&path, kind_of(&path).expect("a lock file"))
        .map_err(|error| format!("{:?}: {error}", error.exit()).replace(&format!("{}/", dir.display()), ""))?;
    for entry in &mut entries {
        let (LockedEntry::Distribution(Locked { source, .. })
        | LockedEntry::Undecided { source, .. }
        | LockedEntry::Skipped { source, .. }) = entry;
        *source = source.strip_prefix(dir).unwrap().to_owned();
    }
    Ok(entries)
}

fn refused(name: &str, content: &[u8]) -> String {
    said(name, content).unwrap_err()
}

#[test]
fn lock_files_are_known_by_their_names() {
    for (path, kind) in [
        ("pylock.toml", Some(LockKind::Pylock)),
        ("a/pylock.dev.toml", Some(LockKind::Pylock)),
        ("pylock..toml", None),
        ("pylock.a.b.toml", None),
        ("uv.lock", Some(LockKind::Uv)),
        ("poetry.lock", Some(LockKind::Poetry)),
        ("requirements.txt", Some(LockKind::Requirements)),
        ("requirements-dev.txt", Some(LockKind::Requirements)),
        ("dev-requirements.txt", Some(LockKind::Requirements)),
        ("requirements/dev.txt", Some(LockKind::Requirements)),
        ("requirements.in", None),
        ("notes.txt", None),
        ("absent.json", None),
        ("six-1.17.0-py2.py3-none-any.whl", None),
        ("", None),
    ] {
        assert_eq!(kind_of(Path::new(path)), kind, "{path}");
    }
    assert_eq!(kind_of(&data("pip/report.json")), Some(LockKind::Report));
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("other.json"), "{\"install\": []}").unwrap();
    assert_eq!(kind_of(&dir.path().join("other.json")), None);
}

#[test]
fn requirements_that_pip_compile_writes() {
    let (at, entries) = found("pip-compile/requirements.txt");
    let expected = vec![
        at.pinned(9, "idna", "3.20", &[IDNA_SDIST, IDNA_WHEEL]),
        at.pinned(13, "six", "1.17.0", &[SIX_WHEEL, SIX_SDIST]),
    ];
    assert_eq!(entries, expected);
}

#[test]
fn requirements_that_uv_exports() {
    let (at, entries) = found("uv/requirements.txt");
    let expected = vec![
        at.undecided(Some(1), "./local-tool", DIRECTORY),
        at.pinned(3, "idna", "3.20", &[IDNA_SDIST, IDNA_WHEEL]),
        at.pinned(7, "six", "1.17.0", &[SIX_WHEEL, SIX_SDIST]),
    ];
    assert_eq!(entries, expected);
}

#[test]
fn a_uv_lock_with_an_index_and_the_project_itself() {
    let (at, entries) = found("uv/uv.lock");
    let (idna, six) = (("idna", Some("3.20")), ("six", Some("1.17.0")));
    let expected = vec![
        at.skipped(6, "demo==0.1.0", ITSELF),
        at.file(Some(26), idna, IDNA_SDIST, IDNA_SDIST_URL, Some(216_463)),
        at.file(Some(28), idna, IDNA_WHEEL, IDNA_WHEEL_URL, Some(69_583)),
        at.undecided(Some(32), "local-tool==0.2.0", DIRECTORY),
        at.file(Some(40), six, SIX_SDIST, SIX_SDIST_URL, Some(34_031)),
        at.file(Some(42), six, SIX_WHEEL, SIX_WHEEL_URL, Some(11_050)),
    ];
    assert_eq!(entries, expected);
}

#[test]
fn a_uv_lock_with_paths_a_repository_and_a_file_without_a_hash() {
    let (at, entries) = found("uv-sources/uv.lock");
    let expected = vec![
        at.skipped(6, "demo2==0.1.0", ITSELF),
        at.file(Some(27), ("idna", Some("3.20")), IDNA_WHEEL, "idna-3.20-py3-none-any.whl", None),
        at.undecided(Some(31), "ptool==0.2.0", CHECKOUT),
        at.undecided(Some(40), "six-1.17.0-py2.py3-none-any.whl", NO_HASH),
    ];
    assert_eq!(entries, expected);
}

#[test]
fn a_uv_lock_with_members_of_a_workspace_and_a_file_at_an_address() {
    let lock = format!(
        "version = 1\n[manifest]\nmembers = [\"app\"]\n\
         [[package]]\nname = \"app\"\nsource = {{ editable = \"packages/app\" }}\n\
         [[package]]\nname = \"group\"\nsource = {{ virtual = \"group\" }}\n\
         [[package]]\nname = \"empty\"\nversion = \"1\"\nsource = {{ registry = \"https://index.example/simple\" }}\n\
         [[package]]\nname = \"six\"\nsource = {{ url = \"https://u:p@index.example/six-1.17.0.tar.gz\" }}\n\
         sdist = {{ hash = \"sha256:{SIX_SDIST}\" }}\n"
    );
    let at = In("uv.lock".into());
    let expected = vec![
        at.skipped(5, "app", ITSELF),
        at.skipped(8, "group", "only what it depends on is installed"),
        at.undecided(Some(11), "empty==1", "the lock file names no file for it"),
        at.file(Some(17), ("six", None), SIX_SDIST, "https://index.example/six-1.17.0.tar.gz", None),
    ];
    assert_eq!(said("uv.lock", lock.as_bytes()), Ok(expected));
}

#[test]
fn a_pylock_that_uv_exports() {
    let (at, entries) = found("uv/pylock.toml");
    let (idna, six) = (("idna", Some("3.20")), ("six", Some("1.17.0")));
    let expected = vec![
        at.file(Some(11), idna, IDNA_SDIST, IDNA_SDIST_URL, Some(216_463)),
        at.file(Some(12), idna, IDNA_WHEEL, IDNA_WHEEL_URL, Some(69_583)),
        at.undecided(Some(15), "local-tool", DIRECTORY),
        at.file(Some(22), six, SIX_SDIST, SIX_SDIST_URL, Some(34_031)),
        at.file(Some(23), six, SIX_WHEEL, SIX_WHEEL_URL, Some(11_050)),
    ];
    assert_eq!(entries, expected);
}

#[test]
fn a_pylock_with_an_archive_and_a_repository() {
    let (at, entries) = found("uv-sources/pylock.toml");
    let six = ("six", Some("1.17.0"));
    let expected = vec![
        at.file(Some(8), ("idna", Some("3.20")), IDNA_WHEEL, "idna-3.20-py3-none-any.whl", None),
        at.undecided(Some(11), "ptool==0.2.0", CHECKOUT),
        at.file(Some(19), six, SIX_WHEEL, "file:///srv/w/six-1.17.0-py2.py3-none-any.whl", None),
    ];
    assert_eq!(entries, expected);
}

#[test]
fn a_pylock_that_pip_writes() {
    let (at, entries) = found("pip/pylock.pip.toml");
    let expected = vec![
        at.file(Some(8), ("idna", Some("3.20")), IDNA_WHEEL, IDNA_WHEEL_URL, None),
        at.file(Some(19), ("six", Some("1.17.0")), SIX_WHEEL, SIX_WHEEL_URL, None),
    ];
    assert_eq!(entries, expected);
}

#[test]
fn a_poetry_lock_of_version_2() {
    let (at, entries) = found("poetry/poetry.lock");
    let (idna, six) = (("idna", Some("3.20")), ("six", Some("1.17.0")));
    let expected = vec![
        at.file(Some(11), idna, IDNA_WHEEL, "idna-3.20-py3-none-any.whl", None),
        at.file(Some(12), idna, IDNA_SDIST, "idna-3.20.tar.gz", None),
        at.file(Some(28), six, SIX_WHEEL, "six-1.17.0-py2.py3-none-any.whl", None),
        at.file(Some(29), six, SIX_SDIST, "six-1.17.0.tar.gz", None),
    ];
    assert_eq!(entries, expected);
}

#[test]
fn a_poetry_lock_of_version_1_lists_files_by_name_alone() {
    let (at, entries) = found("poetry-1/poetry.lock");
    let old = "028ff3aadf0609c1fd278d8ea3089299412a7a8b9bd005dd08b9f8285bcb5cfc";
    let expected = vec![
        at.file(Some(65), ("idna", None), IDNA_SDIST, "idna-3.20.tar.gz", None),
        at.file(Some(66), ("idna", None), old, "idna-3.7.tar.gz", None),
        at.undecided(Some(20), "local-tool==0.2.0", DIRECTORY),
        at.undecided(Some(33), "ptool==0.2.0", CHECKOUT),
        LockedEntry::Distribution(Locked {
            file_name: Some("six-1.17.0-py2.py3-none-any.whl".into()),
            url: Some("https://index.example/packages/six-1.17.0-py2.py3-none-any.whl".into()),
            ..at.locked(Some(71), "six", Some("1.17.0"), &[("sha256", SIX_WHEEL)])
        }),
    ];
    assert_eq!(entries, expected);
}

#[test]
fn a_report_of_pip() {
    let (at, entries) = found("pip/report.json");
    let expected = vec![
        at.undecided(None, "local-tool==0.2.0", DIRECTORY),
        at.file(None, ("six", Some("1.17.0")), SIX_WHEEL, SIX_WHEEL_URL, None),
        at.file(None, ("idna", Some("3.20")), IDNA_WHEEL, IDNA_WHEEL_URL, None),
    ];
    assert_eq!(entries, expected);
}

#[test]
fn a_report_with_a_hash_of_the_old_form_a_repository_and_nothing() {
    let install =
        |info: &str| format!("{{\"download_info\": {info}, \"metadata\": {{\"name\": \"n\", \"version\": \"1\"}}}}");
    let report = format!(
        "{{\"pip_version\": \"22\", \"version\": \"1\", \"install\": [{}, {}, {}]}}",
        install(&format!(
            "{{\"url\": \"https://u:p@index.example/%6e-1%2f.zip\", \"archive_info\": {{\"hash\": \"sha256={SIX_SDIST}\"}}}}"
        )),
        install("{\"url\": \"https://git.example/n.git\", \"vcs_info\": {\"vcs\": \"git\"}}"),
        install("{\"url\": \"https://index.example/%6e-1.zip\"}"),
    );
    let at = In("r.json".into());
    let expected = vec![
        at.file(None, ("n", Some("1")), SIX_SDIST, "https://index.example/%6e-1%2f.zip", None),
        at.undecided(None, "n==1", CHECKOUT),
        at.undecided(None, "n-1.zip", NO_HASH),
    ];
    assert_eq!(said("r.json", report.as_bytes()), Ok(expected));
}

#[test]
fn requirements_with_all_that_pip_takes() {
    let (at, entries) = found("odd/requirements.txt");
    let base = In(data("odd/base.txt"));
    let unknown = "tufgate does not know this option, nor what the line installs by it";
    let local = at.locked(Some(15), "lo", None, &[("sha1", "da39a3ee5e6b4b0d3255bfef95601890afd80709")]);
    let expected = vec![
        base.pinned(1, "six", "1.17.0", &[SIX_WHEEL]),
        at.skipped(5, "constraints of constraints.txt", "constraints install nothing"),
        at.undecided(Some(6), "./local-tool", DIRECTORY),
        at.skipped(7, ".[dev]", ITSELF),
        at.pinned(8, "Six", "1.17.0", &[SIX_WHEEL]),
        LockedEntry::Distribution(at.locked(
            Some(9),
            "idna",
            Some("3.20"),
            &[("md5", "0cc175b9c0f1b6a831c399e269772661")],
        )),
        at.undecided(Some(10), "idna==3.20", NO_HASH),
        at.undecided(Some(11), "idna>=3.20", UNPINNED),
        at.undecided(Some(12), "idna==3.*", UNPINNED),
        at.undecided(Some(13), "idna", UNPINNED),
        at.file(Some(14), ("six", None), SIX_WHEEL, "https://index.example/packages/b7/six-1.17.0-py2.py3-none-any.whl", None),
        LockedEntry::Distribution(Locked {
            project: "local".into(),
            file_name: Some("local-1.0.tar.gz".into()),
            url: Some("https://index.example/a/lo%63al-1.0.tar.gz".into()),
            ..local
        }),
        at.file(Some(16), ("idna", None), IDNA_WHEEL, "https://${HOST}/a/idna-3.20-py3-none-any.whl", None),
        at.undecided(Some(17), "https://index.example/a/idna-3.20-py3-none-any.whl", NO_HASH),
        at.undecided(
            Some(18),
            "https://index.example/archive/main#sha256=ab7ae7122974553370f0bdb919e1a960b2cd1bc1ef0276416d896db81c14582c",
            "neither the line nor the file's name says which project it is",
        ),
        at.file(Some(19), ("idna", None), IDNA_WHEEL, "idna-3.20-py3-none-any.whl", None),
        at.undecided(Some(20), "./local-tool", DIRECTORY),
        at.undecided(Some(21), "git+https://git.example/ptool.git@main#egg=ptool", CHECKOUT),
        at.undecided(
            Some(22),
            "https://index.example/more.txt",
            "requirements at an address are not fetched: fetch the file, and include that",
        ),
        at.undecided(Some(23), "--group", unknown),
        at.undecided(Some(24), &format!("sha256:{IDNA_WHEEL}"), "it is a hash without a requirement"),
    ];
    assert_eq!(entries, expected);
}

#[test]
fn crlf_tabs_a_byte_order_mark_and_a_hash_split_over_lines_are_read() {
    let (start, end) = SIX_WHEEL.split_at(20);
    let text =
        format!("\u{feff}# one\r\nsix==1.17.0\t\\\r\n\t--hash=sha256:{start}\\\r\n{end}\t# why\r\n\r\nidna==3.20 \\");
    let at = In("requirements.txt".into());
    let expected = vec![at.pinned(2, "six", "1.17.0", &[SIX_WHEEL]), at.undecided(Some(6), "idna==3.20", NO_HASH)];
    assert_eq!(said("requirements.txt", text.as_bytes()), Ok(expected));
}

#[test]
fn two_spellings_of_one_project_are_two_entries() {
    let text = format!("Foo.Bar==1 --hash=sha256:{SIX_WHEEL}\nfoo_bar==1 --hash=sha256:{SIX_WHEEL}\n");
    let at = In("requirements.txt".into());
    let expected = vec![at.pinned(1, "Foo.Bar", "1", &[SIX_WHEEL]), at.pinned(2, "foo_bar", "1", &[SIX_WHEEL])];
    assert_eq!(said("requirements.txt", text.as_bytes()), Ok(expected));
}

#[test]
fn a_requirement_cannot_hide_behind_a_line_end_that_only_pip_knows() {
    for end in ["\r", "\u{b}", "\u{c}", "\u{1c}", "\u{1d}", "\u{1e}", "\u{85}", "\u{2028}", "\u{2029}"] {
        let text = format!("idna==3.20 # fine{end}six\n");
        let at = In("requirements.txt".into());
        let expected = vec![at.undecided(Some(1), "idna==3.20", NO_HASH), at.undecided(Some(2), "six", UNPINNED)];
        assert_eq!(said("requirements.txt", text.as_bytes()), Ok(expected), "{end:?}");
    }
}

#[test]
fn a_requirement_cannot_hide_in_another_encoding() {
    let expected = "Usage: requirements.txt: it says that it is utf-7, and must be UTF-8";
    assert_eq!(refused("requirements.txt", b"#\n# -*- coding: utf-7 -*-\nsix==1 #+AAo-evil\n"), expected);
    assert_eq!(refused("requirements.txt", b"# coding: UTF-8\n"), "Usage: requirements.txt: it names no distribution");
}

#[test]
fn an_option_that_is_not_known_leaves_its_line_undecided() {
    let unknown = "tufgate does not know this option, nor what the line installs by it";
    let at = In("requirements.txt".into());
    for (line, about) in [
        ("--requiremen more.txt", "--requiremen"),
        ("-x", "-x"),
        ("-r", "-r"),
        ("--pre=1", "--pre"),
        ("--no-index word", "word"),
        ("-r 'more.txt", "a quote that is not closed"),
        ("six==1 -r more.txt", "six==1"),
        ("six==1 --unheard", "six==1"),
    ] {
        let expected = vec![at.undecided(Some(1), about, unknown)];
        assert_eq!(said("requirements.txt", line.as_bytes()), Ok(expected), "{line}");
    }
}

#[test]
fn files_are_included_once_each_from_where_they_are_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("sub dir")).unwrap();
    fs::write(dir.path().join("requirements.txt"), "-r'sub dir/a.txt'\n--requirement=b.txt\n-r ./b.txt\nlast\n")
        .unwrap();
    fs::write(dir.path().join("sub dir/a.txt"), "one\n-r ../b.txt\n").unwrap();
    fs::write(dir.path().join("b.txt"), "two\n").unwrap();
    let expected = vec![
        In("sub dir/a.txt".into()).undecided(Some(1), "one", UNPINNED),
        In("sub dir/../b.txt".into()).undecided(Some(1), "two", UNPINNED),
        In("requirements.txt".into()).undecided(Some(4), "last", UNPINNED),
    ];
    assert_eq!(said_in(dir.path(), "requirements.txt"), Ok(expected));
}

#[test]
fn files_that_include_one_another_in_a_circle_or_without_end_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("requirements.txt"), "six\n-r a.txt\n").unwrap();
    fs::write(dir.path().join("a.txt"), "\n\n-r ./requirements.txt\n").unwrap();
    let expected = "Usage: a.txt:3: by way of ./requirements.txt it includes itself";
    assert_eq!(said_in(dir.path(), "requirements.txt"), Err(expected.to_owned()));

    for file in 1..=16 {
        fs::write(dir.path().join(format!("requirements-{file}.txt")), format!("-r requirements-{}.txt", file + 1))
            .unwrap();
    }
    fs::write(dir.path().join("requirements-17.txt"), "six\n").unwrap();
    let expected = "Usage: requirements-16.txt:1: 16 files include one another, and here is one more";
    assert_eq!(said_in(dir.path(), "requirements-1.txt"), Err(expected.to_owned()));
    let six = In("requirements-17.txt".into()).undecided(Some(1), "six", UNPINNED);
    assert_eq!(said_in(dir.path(), "requirements-2.txt"), Ok(vec![six]));
}

#[test]
fn an_include_that_is_missing_is_an_error_where_it_is_named() {
    let expected = "Unreachable: requirements.txt:2: cannot read absent\\u{1b}.txt";
    assert_eq!(refused("requirements.txt", b"six\n-r absent\x1b.txt\n"), expected);
}

#[test]
fn what_is_not_a_file_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("requirements.txt")).unwrap();
    let expected = Err("Unreachable: cannot read requirements.txt".to_owned());
    assert_eq!(said_in(dir.path(), "requirements.txt"), expected);
}

#[test]
fn a_file_that_names_nothing_is_refused() {
    for (name, content) in [
        ("requirements.txt", ""),
        ("requirements.txt", "# six\n-i https://index.example/simple\n-e .\n-c c.txt\n"),
        ("pylock.toml", "lock-version = \"1.0\"\npackages = []\n"),
        ("uv.lock", "version = 1\n[[package]]\nname = \"demo\"\nsource = { virtual = \".\" }\n"),
        ("poetry.lock", "[metadata]\nlock-version = \"2.1\"\n"),
        ("r.json", "{\"version\": \"1\", \"pip_version\": \"26\", \"install\": []}"),
    ] {
        assert_eq!(refused(name, content.as_bytes()), format!("Usage: {name}: it names no distribution"));
    }
}

#[test]
fn a_file_that_is_not_of_its_format_is_refused_where_it_is_wrong() {
    for (name, content, what) in [
        ("requirements.txt", &b"six\n# \xe9\n"[..], ":2: it is not UTF-8"),
        ("requirements.txt", b"\xff\xfes\0i\0x\0", ": it is UTF-16, and must be UTF-8"),
        ("requirements.txt", b"\nsix==1 --hash=sha256:\x1bg", ":2: `sha256:\\u{1b}g` is not a hash: ALGORITHM:HEX"),
        ("requirements.txt", b"six @ https://index.example/six-1.zip#md5=x", ":1: `md5=x` is not a hash: ALGORITHM=HEX"),
        ("requirements.txt", b"n @ ./a\\b.zip --hash=md5:0", ":1: `a\\b.zip` is not a file's name"),
        ("uv.lock", b"version = 1\n[[package]]\nname = \"si", ":3: invalid basic string, expected `\"`"),
        ("uv.lock", b"", ":1: missing field `version`"),
        ("uv.lock", b"version = 2", ": its version is 2, and this tufgate reads version 1"),
        ("uv.lock", b"version = 1\n[[package]]\nsource = {}\n", ":2: missing field `name`"),
        ("pylock.toml", b"lock-version = \"2.0\"", ": its lock-version is 2.0, and this tufgate reads 1.0"),
        (
            "pylock.toml",
            b"lock-version = \"1.0\"\n[[packages]]\nname = \"n\"\narchive = { name = \"..\", hashes = { md5 = \"0\" } }",
            ":4: `..` is not a file's name",
        ),
        (
            "pylock.toml",
            b"lock-version = \"1.0\"\n[[packages]]\nname = \"n\"\narchive = { path = \"n.zip\", hashes = { md5 = \"x\" } }",
            ":4: `x` is not a hash in hex",
        ),
        (
            "pylock.toml",
            b"lock-version = \"1.0\"\n[[packages]]\nname = \"n\"\ndirectory = { path = \".\" }\nsdist = { path = \"n.zip\" }",
            ":3: n has both files and a source tree",
        ),
        ("poetry.lock", b"[metadata]\nlock-version = \"3\"", ": its lock-version is 3, and this tufgate reads 1 and 2"),
        ("r.json", b"{\"pip_version\": \"26\",\n\"install\": [", ":2: EOF while parsing a list"),
        (
            "r.json",
            b"{\"pip_version\": \"26\", \"version\": \"2\", \"install\": []}",
            ": its version is 2, and this tufgate reads version 1",
        ),
    ] {
        assert_eq!(refused(name, content), format!("Usage: {name}{what}"));
    }
}

#[test]
fn a_file_that_is_too_long_or_names_too_much_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (name, limit) in [("uv.lock", 16_777_216), ("requirements.txt", 67_108_864)] {
        fs::File::create(dir.path().join(name)).unwrap().set_len(limit + 1).unwrap();
        let expected = format!("Usage: {name}: a lock file with all that it includes can have {limit} bytes");
        assert_eq!(said_in(dir.path(), name), Err(expected));
    }
    fs::write(dir.path().join("requirements.txt"), "-r more.txt").unwrap();
    fs::File::create(dir.path().join("more.txt")).unwrap().set_len(67_108_864).unwrap();
    let expected = "Usage: more.txt: a lock file with all that it includes can have 67108864 bytes";
    assert_eq!(said_in(dir.path(), "requirements.txt"), Err(expected.to_owned()));

    fs::write(dir.path().join("requirements.txt"), "a\nb\n\nc\n").unwrap();
    let error = requirements::read(&dir.path().join("requirements.txt"), &mut Entries::at_most(2)).unwrap_err();
    let expected =
        format!("{}/requirements.txt:4: a lock file can name 2 files, and here is one more", dir.path().display());
    assert_eq!(error.to_string(), expected);
}

#[test]
fn the_error_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("uv.lock");
    fs::write(&path, "version = 1").unwrap();
    let help = read(&path, LockKind::Uv).unwrap_err().help();
    assert_eq!(
        help,
        "check that it is the file that you mean, and that the tool that wrote it had something to install: that \
         nothing was checked must not look like success"
    );
}
