//! Role names as file names: none leaves the directory, no two meet.

use std::collections::BTreeSet;

use tufgate::{Entry, Store};

use super::{file_store, files, role};

fn hostile_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "x",
        "X",
        "../x",
        "..\\x",
        "../../x",
        "/x",
        "//x",
        "C:x",
        "\\\\host\\x",
        "a/b",
        "a\\b",
        "a:b",
        "?",
        "#",
        "a?b",
        "*",
        "<",
        "|",
        "\"",
        ".",
        "..",
        "...",
        "x.",
        "x..",
        "x ",
        " x",
        ".x",
        "CON",
        "con",
        "Con",
        "con.x",
        "nul",
        "COM1",
        "com1",
        "lpt9",
        "aux.json",
        "root",
        "Root",
        "ROOT",
        "timestamp",
        "targets",
        "floors",
        ".lock",
        "root_history/1",
        "\0",
        "a\0b",
        "\n",
        "\r\n",
        "\x1b[2J",
        "\u{202e}x",
        "%",
        "%2e%2e",
        "%2E%2E",
        "%58",
        "%sha256-",
        "é",
        "e\u{301}",
        "É",
        "ß",
        "ss",
        "İ",
        "i̇",
        "K",
        "k",
        "~",
        "~1",
        "$x",
        "`x`",
        "delegated.x",
        "x.json",
    ]
    .map(str::to_owned)
    .to_vec();
    for length in [120, 121, 240, 255, 256, 300, 1023, 1024] {
        for byte in ["a", "A", ".", "/"] {
            names.push(byte.repeat(length));
        }
    }
    names.push("é".repeat(512));
    names.push(format!("{}/../../x", "a".repeat(300)));
    names
}

#[test]
fn a210_no_role_name_leaves_the_directory() {
    let (temp, store) = file_store();
    for name in hostile_names() {
        store.write(&Entry::Delegated(role(&name)), name.as_bytes()).unwrap();
    }
    let (entries, others): (Vec<_>, Vec<_>) = files(temp.path()).into_iter().partition(|path| {
        path.strip_prefix("store/delegated.").is_some_and(|file| file.ends_with(".json") && !file.contains('/'))
    });
    assert_eq!(others, ["store", "store/.lock", "store/root_history"]);
    assert_eq!(entries.len(), hostile_names().len());
}

#[test]
fn a211_every_role_name_is_read_back_under_the_name_it_was_written_under() {
    let (_temp, store) = file_store();
    for name in hostile_names() {
        let entry = Entry::Delegated(role(&name));
        assert_eq!(store.read(&entry, 2000).unwrap(), None, "{name:?} already has the file of another");
        store.write(&entry, name.as_bytes()).unwrap();
    }
    for name in hostile_names() {
        assert_eq!(
            store.read(&Entry::Delegated(role(&name)), 2000).unwrap(),
            Some(name.clone().into_bytes()),
            "{name:?}"
        );
    }
}

#[test]
fn a222_names_differ_also_where_the_file_system_folds_case() {
    let mut folded = BTreeSet::from(
        ["root.json", "timestamp.json", "snapshot.json", "targets.json", "floors", ".lock"].map(str::to_owned),
    );
    for name in hostile_names() {
        let file = Entry::Delegated(role(&name)).file_name();
        assert!(file.is_ascii(), "{file} would depend on how the file system composes letters");
        assert!(folded.insert(file.to_ascii_lowercase()), "{name:?} becomes {file}, which another name has");
    }
}

#[test]
fn a229_no_file_name_is_longer_than_a_file_system_takes() {
    for name in hostile_names() {
        let file = Entry::Delegated(role(&name)).file_name();
        assert!(file.len() <= 143, "{} bytes: {file}", file.len());
    }
}
