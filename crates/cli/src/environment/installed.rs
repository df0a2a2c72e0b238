//! Which distributions are installed, by what describes them in a site directory (PEP 376, PEP 627, PEP 610).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::files;
use super::layout::Site;
use crate::error::CliError;
use crate::names::normalized;
use crate::text::{shown, without_credentials};

/// Head of METADATA, WHEEL or PKG-INFO: the headers that count stand before the description.
const MAX_HEADERS: u64 = 64 << 10;
const MAX_DIRECT_URL: u64 = 64 << 10;
const MAX_ENTRIES: usize = 1_000_000;

/// A distribution by what the environment says about it. None of it is trusted: it says which wheel to ask for, and the
/// wheel says the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installed {
    /// As METADATA spells it; by the directory's name where that cannot be read.
    pub(crate) name: String,
    pub(crate) version: String,
    /// `cp311-cp311-manylinux_2_17_x86_64`: each `Tag` of WHEEL, in its order.
    pub(crate) tags: Vec<String>,
    /// `Build` of WHEEL.
    pub(crate) build: Option<String>,
    /// What describes it: a `.dist-info` directory; for [`Origin::Egg`] what is there instead.
    pub(crate) dist_info: PathBuf,
    pub(crate) origin: Origin,
    /// What INSTALLER says, such as `pip`.
    pub(crate) installer: Option<String>,
    /// The site directory that it is in.
    pub(crate) site: Site,
}

/// What a distribution was installed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// From an index; as a wheel, or as one that was built of a source distribution, which nothing tells apart.
    Index,
    /// From an archive at an address of its own (PEP 610); it may still be the wheel that the index has.
    Archive { url: String },
    /// From a version control system.
    Vcs { url: String },
    /// From a directory.
    Directory { url: String },
    /// A directory that is used in its place: it can change at any time.
    Editable { url: String },
    /// Made without a wheel: `.egg-info`, `.egg`, `.egg-link`.
    Egg,
    /// It cannot be said what this is.
    Broken { reason: String },
}

/// All distributions of a site directory, sorted by the names of what describes them.
pub(super) fn list(site: &Site) -> Result<Vec<Installed>, CliError> {
    let disk = |error| CliError::disk(format!("cannot list {}", shown(&site.path)), error);
    let mut found = Vec::new();
    for (count, entry) in fs::read_dir(&site.path).map_err(disk)?.enumerate() {
        if count >= MAX_ENTRIES {
            return Err(disk(io::Error::other(format!("it has more than {MAX_ENTRIES} entries"))));
        }
        let path = entry.map_err(disk)?.path();
        if let Some(installed) = installed(site, path) {
            found.push(installed);
        }
    }
    found.sort_by(|a, b| a.dist_info.cmp(&b.dist_info));
    Ok(found)
}

fn installed(site: &Site, path: PathBuf) -> Option<Installed> {
    let extension = path.extension()?.to_str()?.to_owned();
    let stem = path.file_stem()?.to_string_lossy().into_owned();
    let (name, version) = stem.split_once('-').unwrap_or((&stem, ""));
    let mut installed = Installed {
        name: name.to_owned(),
        version: version.to_owned(),
        tags: Vec::new(),
        build: None,
        dist_info: path,
        origin: Origin::Egg,
        installer: None,
        site: site.clone(),
    };
    match extension.as_str() {
        "dist-info" => {
            installed.origin = installed.describe().unwrap_or_else(|reason| Origin::Broken { reason });
            Some(installed)
        }
        "egg-info" | "egg" | "egg-link" => Some(installed),
        _ => None,
    }
}

impl Installed {
    /// The name by which indexes know it (PEP 503).
    pub(crate) fn normalized_name(&self) -> String {
        normalized(&self.name)
    }

    /// The name that its wheel would have (PEP 427), as far as its tags tell: for an index that has no pages to look
    /// it up.
    pub(crate) fn wheel_name(&self) -> String {
        let part = |at: usize| {
            let mut parts: Vec<&str> = Vec::new();
            for tag in self.tags.iter().filter_map(|tag| tag.split('-').nth(at)) {
                if !parts.contains(&tag) {
                    parts.push(tag);
                }
            }
            parts.join(".")
        };
        let build = self.build.iter().map(|build| format!("-{build}")).collect::<String>();
        format!("{}{build}-{}-{}-{}.whl", self.stem(), part(0), part(1), part(2))
    }

    /// `NAME-VERSION`, as its directory spells it.
    pub(super) fn stem(&self) -> String {
        self.dist_info.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Fills in what the files of a `.dist-info` directory say.
    fn describe(&mut self) -> Result<Origin, String> {
        if !fs::symlink_metadata(&self.dist_info).is_ok_and(|found| found.is_dir()) {
            return Err("its .dist-info is not a directory".to_owned());
        }
        let metadata = headers(&self.dist_info.join("METADATA"))?;
        let name = one(&metadata, "Name").ok_or("METADATA has not exactly one `Name`")?;
        let version = one(&metadata, "Version").ok_or("METADATA has not exactly one `Version`")?;
        if normalized(name) != normalized(&self.name) {
            return Err(format!("METADATA names it `{name}`, and its directory `{}`", self.name));
        }
        if !self.version.replace('_', "-").eq_ignore_ascii_case(&version.replace('_', "-")) {
            return Err(format!("METADATA says version `{version}`, and its directory `{}`", self.version));
        }
        (self.name, self.version) = (name.to_owned(), version.to_owned());
        let wheel = headers(&self.dist_info.join("WHEEL"))?;
        self.tags =
            wheel.iter().filter(|(key, _)| key.eq_ignore_ascii_case("Tag")).map(|(_, tag)| tag.clone()).collect();
        self.build = one(&wheel, "Build").map(ToOwned::to_owned);
        self.installer = files::head(&self.dist_info.join("INSTALLER"), MAX_HEADERS)
            .ok()
            .and_then(|bytes| Some(String::from_utf8_lossy(&bytes).lines().next()?.trim().to_owned()));
        origin(&self.dist_info.join("direct_url.json"))
    }
}

/// Header fields up to the first empty line (core metadata, PEP 566; WHEEL, PEP 427); without continuation lines.
fn headers(path: &Path) -> Result<Vec<(String, String)>, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let bytes = files::head(path, MAX_HEADERS).map_err(|error| format!("{name} cannot be read: {error}"))?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().take_while(|line| !line.is_empty());
    Ok(lines
        .filter(|line| !line.starts_with([' ', '\t']))
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key.to_owned(), value.trim().to_owned()))
        .collect())
}

/// The value of a header that is there exactly once.
fn one<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut values = headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
    values.next().filter(|_| values.next().is_none())
}

#[derive(Deserialize)]
struct DirectUrl {
    url: String,
    dir_info: Option<DirInfo>,
    vcs_info: Option<serde_json::Value>,
    archive_info: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct DirInfo {
    #[serde(default)]
    editable: bool,
}

fn origin(path: &Path) -> Result<Origin, String> {
    let bytes = match files::read(path, MAX_DIRECT_URL) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Origin::Index),
        Err(error) => return Err(format!("direct_url.json cannot be read: {error}")),
    };
    let direct: DirectUrl =
        serde_json::from_slice(&bytes).map_err(|error| format!("direct_url.json cannot be read: {error}"))?;
    let url = without_credentials(&direct.url);
    match (direct.dir_info, direct.vcs_info, direct.archive_info) {
        (Some(DirInfo { editable: true }), None, None) => Ok(Origin::Editable { url }),
        (Some(DirInfo { editable: false }), None, None) => Ok(Origin::Directory { url }),
        (None, Some(_), None) => Ok(Origin::Vcs { url }),
        (None, None, Some(_)) => Ok(Origin::Archive { url }),
        _ => Err("direct_url.json has not exactly one of dir_info, vcs_info and archive_info".to_owned()),
    }
}
