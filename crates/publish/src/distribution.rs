//! Wheels and source distributions: what they say of themselves.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use tufgate::pypi::{DistributionKind, DistributionName, ProjectName};
use zip::ZipArchive;

use crate::Result;
use crate::error::Error;

/// Of the metadata of one distribution, which has its whole README in it.
const MAX_METADATA: u64 = 16 << 20;
/// Of a source distribution, up to its `PKG-INFO`: against archives that unpack to more than anyone has.
const MAX_UNPACKED: u64 = 8 << 30;

/// A distribution whose metadata agrees with its file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// What its file name says.
    pub name: DistributionName,
    /// `Requires-Python`, as it spells it.
    pub requires_python: Option<String>,
    /// The metadata of a wheel, which is published beside it (PEP 658). That of a source distribution is not: a build may
    /// change it.
    pub metadata: Option<Vec<u8>>,
}

impl Distribution {
    /// Reads a wheel, or a source distribution as `.tar.gz` or `.zip`.
    ///
    /// # Errors
    /// [`Error::Input`] when it is none, or is not the one that its file name says; [`Error::Disk`].
    pub fn read(path: &Path) -> Result<Self> {
        let file_name = name_of(path);
        let name = DistributionName::parse(file_name).map_err(|error| Error::input(path, error.to_string()))?;
        if name.is_metadata() {
            return Err(Error::input(
                path,
                "it is the metadata beside a distribution, which is made from the distribution",
            ));
        }
        let file = File::open(path).map_err(Error::disk(path, "cannot open"))?;
        let is_wheel = matches!(name.kind(), DistributionKind::Wheel { .. });
        let metadata = match file_name.ends_with(".tar.gz") {
            true => from_tar(file),
            false => from_zip(file, if is_wheel { ".dist-info/METADATA" } else { "/PKG-INFO" }),
        };
        let metadata = metadata.map_err(|reason| Error::input(path, reason))?;
        let headers = Headers::read(&metadata);
        headers.agree_with(&name).map_err(|reason| Error::input(path, reason))?;
        let requires_python = headers.requires_python;
        Ok(Self { name, requires_python, metadata: is_wheel.then_some(metadata) })
    }
}

/// The name of the distribution that a file is: its own, without the hash that consistent snapshots put before it
/// (TUF-1.0.34 §6.2.1).
#[must_use]
pub fn name_of(path: &Path) -> &str {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_hash = |hash: &str| hash.len() >= 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    match name.split_once('.') {
        Some((hash, rest)) if is_hash(hash) => rest,
        _ => name,
    }
}

/// The members of a core metadata file that are needed here.
#[derive(Debug, Default)]
struct Headers {
    name: Option<String>,
    version: Option<String>,
    requires_python: Option<String>,
}

impl Headers {
    fn read(metadata: &[u8]) -> Self {
        let mut headers = Self::default();
        let text = String::from_utf8_lossy(metadata);
        for line in text.lines().take_while(|line| !line.is_empty()) {
            let Some((name, value)) = line.split_once(':') else { continue };
            let place = match name.to_ascii_lowercase().as_str() {
                "name" => &mut headers.name,
                "version" => &mut headers.version,
                "requires-python" => &mut headers.requires_python,
                _ => continue,
            };
            place.get_or_insert_with(|| value.trim().to_owned());
        }
        headers
    }

    fn agree_with(&self, name: &DistributionName) -> std::result::Result<(), String> {
        let theirs = self.name.as_deref().ok_or("its metadata has no name")?;
        if ProjectName::new(theirs).ok().as_ref() != Some(name.project()) {
            return Err(format!("its metadata says that it is `{}`", theirs.escape_debug()));
        }
        let version = self.version.as_deref().ok_or("its metadata has no version")?;
        // Wheels spell a `-` of a version as `_`.
        if !name.same_version(version) && !name.same_version(&version.replace('-', "_")) {
            return Err(format!("its metadata says that it is version `{}`", version.escape_debug()));
        }
        Ok(())
    }
}

fn from_zip(file: File, ending: &str) -> std::result::Result<Vec<u8>, String> {
    let no_archive =
        |error: zip::result::ZipError| format!("it is no archive that all readers understand alike: {error}");
    let mut archive = ZipArchive::new(file).map_err(no_archive)?;
    let is_it =
        |name: &str| name.strip_suffix(ending).is_some_and(|folder| !folder.is_empty() && !folder.contains('/'));
    let mut names = Vec::new();
    for name in archive.file_names() {
        let name = name.map_err(no_archive)?;
        if is_it(&name) {
            names.push(name.into_owned());
        }
    }
    let [name] = names.as_slice() else {
        return Err(format!("it has {} files `*{ending}` where it needs one", names.len()));
    };
    limited(archive.by_name(name).map_err(no_archive)?)
}

fn from_tar(file: File) -> std::result::Result<Vec<u8>, String> {
    let no_archive = |error: io::Error| format!("it is no archive: {error}");
    let mut archive = tar::Archive::new(GzDecoder::new(file).take(MAX_UNPACKED));
    for entry in archive.entries().map_err(no_archive)? {
        let entry = entry.map_err(no_archive)?;
        let path = entry.path().map_err(no_archive)?;
        if path.components().count() == 2 && path.ends_with("PKG-INFO") {
            return limited(entry);
        }
    }
    Err("it has no PKG-INFO".to_owned())
}

fn limited(file: impl Read) -> std::result::Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    file.take(MAX_METADATA.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| format!("it cannot be unpacked: {error}"))?;
    match bytes.len() as u64 > MAX_METADATA {
        true => Err(format!("its metadata has more than {MAX_METADATA} bytes")),
        false => Ok(bytes),
    }
}
