use super::*;

fn parse(text: &str) -> Result<ConfigFile, String> {
    ConfigFile::parse(Path::new("/etc/tufgate.toml"), text).map_err(|error| error.to_string())
}

#[test]
fn every_key_is_read_and_paths_are_relative_to_the_file() {
    let config = parse(
        r#"
default-index = "demo"
[index.demo]
root = "root.json"
root-sha256 = "AAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
metadata-url = "../srv/metadata"
targets-url = "https://example.org/targets/"
simple-url = "https://example.org/simple/"
profile = "custom"
page = ["s/{project}/index.json", "s/{project}/index.html"]
target = "p/{project}/{filename}"
forbidden-is-absent = true
plain-target-names = true
ca-file = "ca.pem"
proxy = "direct"
netrc = "/home/u/.netrc"
user-agent = "ci/1"
connect-timeout = 5
idle-timeout = 6
"#,
    )
    .unwrap();
    assert_eq!(config.default_index.as_deref(), Some("demo"));
    let expected = IndexOptions {
        root: Some("/etc/root.json".into()),
        root_sha256: Some(Sha256("a".repeat(64))),
        metadata_url: Some(Location("file:///srv/metadata/".to_owned())),
        targets_url: Some(Location("https://example.org/targets/".to_owned())),
        simple_url: Some(Location("https://example.org/simple/".to_owned())),
        profile: Some("custom".to_owned()),
        page: Some(vec!["s/{project}/index.json".to_owned(), "s/{project}/index.html".to_owned()]),
        target: Some(vec!["p/{project}/{filename}".to_owned()]),
        forbidden_is_absent: Some(true),
        plain_target_names: Some(true),
        ca_file: Some("/etc/ca.pem".into()),
        proxy: Some(Secret("direct".to_owned())),
        netrc: Some("/home/u/.netrc".into()),
        user_agent: Some("ci/1".to_owned()),
        connect_timeout: Some(5),
        idle_timeout: Some(6),
    };
    assert_eq!(config.indexes, BTreeMap::from([("demo".to_owned(), expected)]));
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (text, expected) in [
        ("\n[index.a]\nrot = 1\n", "/etc/tufgate.toml:3: unknown field `rot`, expected one of"),
        ("defaultindex = 1", "/etc/tufgate.toml:1: unknown field `defaultindex`, expected"),
        ("[index.a]\ntarget = 1", "/etc/tufgate.toml:2: "),
        ("[index.a]\nroot-sha256 = \"ab\"", "/etc/tufgate.toml:2: a SHA-256 has 64 hex digits"),
        ("[index.a]\nconnect-timeout = -1", "/etc/tufgate.toml:2: invalid value: integer `-1`"),
        ("[index.\"A b\"]", "/etc/tufgate.toml: `A b` is not a name for an index: 1 to 64 of"),
        ("x = \"\u{1b}", "/etc/tufgate.toml:1: invalid basic string"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.starts_with(expected), "{text:?} gives {error:?}");
    }
}

#[test]
fn a_fingerprint_is_not_inherited_by_another_root() {
    let config = IndexOptions { root_sha256: Some(Sha256("a".repeat(64))), ..IndexOptions::default() };
    let other = IndexOptions { root: Some("other.json".into()), ..IndexOptions::default() };
    assert_eq!(other.or(config.clone()).root_sha256, None);
    assert_eq!(IndexOptions::default().or(config.clone()).root_sha256, config.root_sha256);
}

#[test]
fn a_directory_with_a_percent_sign_or_space_becomes_an_address() {
    let options = IndexOptions { metadata_url: Some(Location("a b%".to_owned())), ..IndexOptions::default() };
    let expected = Some(Location("file:///srv/a%20b%25/".to_owned()));
    assert_eq!(options.based_on(Path::new("/srv")).metadata_url, expected);
}

#[test]
fn no_secret_is_in_debug_output() {
    let options = IndexOptions {
        metadata_url: Some(Location("https://u:hunter2@example.org/".to_owned())),
        proxy: Some(Secret("http://u:hunter2@proxy".to_owned())),
        ..IndexOptions::default()
    };
    assert!(!format!("{options:?}").contains("hunter2"));
}

#[test]
fn an_edit_keeps_what_the_user_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE_NAME);
    let before = "# mine\ndefault-index = \"a\" # yes\n\n[index.a]\nroot = \"x\" # keep\n";
    fs::write(&path, before).unwrap();
    let options = IndexOptions { user_agent: Some("\"quoted\"\n".to_owned()), ..IndexOptions::default() };
    add(&path, "b", &options).unwrap();
    let config = ConfigFile::read(&path).unwrap().unwrap();
    assert_eq!(config.indexes.get("b"), Some(&options));
    assert!(fs::read_to_string(&path).unwrap().starts_with(before));
    remove(&path, "b").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap().trim_end(), before.trim_end());
    remove(&path, "a").unwrap();
    assert_eq!(ConfigFile::read(&path).unwrap().unwrap().default_index, None);
}
