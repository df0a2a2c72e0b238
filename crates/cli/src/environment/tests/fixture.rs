//! Environments and wheels, made by hand.

use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tempfile::TempDir;
use tufgate::{HashAlgorithm, Hasher};
use zip::write::SimpleFileOptions;

use super::super::*;

pub(super) fn sha256(bytes: &[u8]) -> tufgate::Digest {
    let mut hasher = Hasher::new([HashAlgorithm::Sha256]);
    hasher.update(bytes);
    hasher.finish()[0]
}

pub(super) fn hex(text: &str) -> String {
    sha256(text.as_bytes()).to_hex()
}

/// A line of RECORD.
pub(super) fn line(name: &str, content: &str) -> String {
    format!("{name},sha256={},{}\n", URL_SAFE_NO_PAD.encode(sha256(content.as_bytes()).as_bytes()), content.len())
}

/// An archive with exactly these members.
pub(super) fn archive(members: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The members of a wheel of `NAME-1.0`, with its descriptions and the right RECORD.
pub(super) fn members(name: &str, files: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |file: &str| format!("{name}-1.0.dist-info/{file}");
    let mut members: Vec<_> = files.iter().map(|(path, content)| ((*path).to_owned(), (*content).to_owned())).collect();
    members.push((own("METADATA"), format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n\nName: other\n")));
    members.push((own("WHEEL"), "Wheel-Version: 1.0\nTag: py2-none-any\nTag: py3-none-any\n".to_owned()));
    let mut record: String = members.iter().map(|(path, content)| line(path, content)).collect();
    record.push_str(&format!("{},,\n", own("RECORD")));
    members.push((own("RECORD"), record));
    members
}

pub(super) fn wheel(name: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let members = members(name, files);
    archive(&members.iter().map(|(path, content)| (path.as_str(), content.as_str())).collect::<Vec<_>>())
}

/// A virtual environment.
pub(super) struct Fixture {
    _dir: TempDir,
    pub(super) root: PathBuf,
}

pub(super) const SITE: &str = "lib/python3.11/site-packages";

impl Fixture {
    pub(super) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let root = dir.path().join("venv");
        let fixture = Self { _dir: dir, root };
        fixture.write("pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = false\n");
        fixture.write("bin/activate", "# of the environment");
        fixture.write("bin/python3.11", "the interpreter");
        fs::create_dir_all(fixture.path(SITE)).unwrap();
        fixture
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(super) fn site(&self, path: &str) -> PathBuf {
        self.path(SITE).join(path)
    }

    pub(super) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(super) fn write_site(&self, path: &str, content: impl AsRef<[u8]>) {
        self.write(&format!("{SITE}/{path}"), content);
    }

    /// Puts the root members of a wheel in their place, as an installer does, and its notes.
    pub(super) fn install(&self, name: &str, files: &[(&str, &str)]) {
        for (path, content) in members(name, files) {
            if !path.contains(".data/") {
                self.write_site(&path, content);
            }
        }
        self.write_site(&format!("{name}-1.0.dist-info/INSTALLER"), "pip\n");
    }

    pub(super) fn scan(&self) -> Environment {
        scan(&self.root).unwrap()
    }

    pub(super) fn compare(&self, name: &str, wheel: &[u8]) -> Result<Comparison, WheelError> {
        let environment = self.scan();
        let installed = environment.distributions.iter().find(|installed| installed.name == name).unwrap();
        compare(&environment, installed, file(wheel))
    }

    /// The differences by path below the root, with their kinds.
    pub(super) fn differences(&self, name: &str, wheel: &[u8]) -> Vec<(String, DifferenceKind)> {
        let comparison = self.compare(name, wheel).unwrap();
        comparison.differences.into_iter().map(|found| (self.relative(&found.path), found.kind)).collect()
    }

    /// What nobody claims, and to whom it was added.
    pub(super) fn strays(&self, claims: &[&Claims]) -> Vec<(String, Option<String>)> {
        let remains = strays(&self.scan(), claims).unwrap();
        remains.strays.into_iter().map(|stray| (self.relative(&stray.path), stray.added_to)).collect()
    }

    pub(super) fn relative(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.root).unwrap();
        path.to_str().unwrap().replace('\\', "/").replace(&format!("{SITE}/"), "SITE/")
    }
}

pub(super) fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}
