//! Where the parts of an environment are.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::files;
use crate::error::CliError;
use crate::text::shown;

const MAX_CONFIGURATION: u64 = 64 << 10;

/// The directories of an environment. All paths are absolute; links on the way to them stay as they are named.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) kind: Kind,
    /// Where modules are, each directory once: `lib/pythonX.Y/site-packages`, and `lib64` only where it is another one.
    pub(crate) sites: Vec<Site>,
    /// Where the `data` of wheels goes.
    pub(crate) prefix: PathBuf,
    /// `bin` or `Scripts`.
    pub(crate) scripts: PathBuf,
    /// `pyvenv.cfg` adds the packages of the interpreter that it was made with. Those are not looked at.
    pub(crate) system_site_packages: bool,
}

/// How much of a directory tree belongs to the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A virtual environment (PEP 405): all scripts are its own.
    Virtual,
    /// `/usr/local` and the like: scripts may be of other software.
    Prefix,
    /// Modules lie at the top, scripts and data below.
    Target,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) path: PathBuf,
    /// `python3.11`; `None` where the directory is not named after the interpreter.
    pub(crate) python: Option<String>,
}

impl Layout {
    pub(super) fn find(root: &Path) -> Result<Self, CliError> {
        let disk = |error| CliError::disk(format!("cannot look into the environment {}", shown(root)), error);
        let root = &std::path::absolute(root).map_err(disk)?;
        if root.is_file() {
            return Err(CliError::usage(
                format!("{} is a file, and no Python environment", shown(root)),
                "name a directory; files and lock files are named without --environment",
            ));
        }
        // Says why, where it is not there at all.
        fs::read_dir(root).map_err(disk)?;
        if is_site(root) {
            return Ok(match prefix_of(root) {
                Some((prefix, python)) => Self::prefix(prefix, vec![Site { path: root.clone(), python }]),
                None => Self::target(root),
            });
        }
        let sites = sites(root);
        let is_virtual = root.join("pyvenv.cfg").is_file();
        if is_virtual || (!sites.is_empty() && !has_distributions(root)) {
            return Ok(Self::prefix(root, sites));
        }
        if has_distributions(root) {
            return Ok(Self::target(root));
        }
        Err(CliError::usage(
            format!("{} is no Python environment", shown(root)),
            "name a virtual environment, a site-packages directory, or a directory that `pip install --target` filled",
        ))
    }

    fn prefix(prefix: &Path, sites: Vec<Site>) -> Self {
        let configuration = configuration(&prefix.join("pyvenv.cfg"));
        let scripts = if sites.iter().all(|site| site.python.is_none()) && prefix.join("Scripts").is_dir() {
            "Scripts"
        } else {
            "bin"
        };
        Self {
            kind: if configuration.is_some() { Kind::Virtual } else { Kind::Prefix },
            sites,
            prefix: prefix.to_owned(),
            scripts: prefix.join(scripts),
            system_site_packages: configuration.is_some_and(|text| adds_system_packages(&text)),
        }
    }

    fn target(root: &Path) -> Self {
        Self {
            kind: Kind::Target,
            sites: vec![Site { path: root.to_owned(), python: None }],
            prefix: root.to_owned(),
            scripts: root.join("bin"),
            system_site_packages: false,
        }
    }
}

fn is_site(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "site-packages" || name == "dist-packages")
}

/// From `PREFIX/lib/pythonX.Y/site-packages` or `PREFIX/Lib/site-packages` to its prefix.
fn prefix_of(site: &Path) -> Option<(&Path, Option<String>)> {
    let is_library =
        |path: &Path| path.file_name().is_some_and(|name| name == "lib" || name == "lib64" || name == "Lib");
    let above = site.parent()?;
    if is_library(above) {
        return Some((above.parent()?, None));
    }
    let python = python(above.file_name()?)?;
    let library = above.parent()?;
    if is_library(library) { Some((library.parent()?, Some(python))) } else { None }
}

fn sites(prefix: &Path) -> Vec<Site> {
    let mut sites = Vec::new();
    for library in ["lib", "lib64"] {
        let library = prefix.join(library);
        let mut versions: Vec<_> =
            fs::read_dir(&library).into_iter().flatten().filter_map(|entry| python(&entry.ok()?.file_name())).collect();
        versions.sort();
        for python in versions {
            for name in ["site-packages", "dist-packages"] {
                sites.push(Site { path: library.join(&python).join(name), python: Some(python.clone()) });
            }
        }
    }
    sites.push(Site { path: prefix.join("Lib").join("site-packages"), python: None });
    let mut seen = HashSet::new();
    sites.retain(|site| site.path.is_dir() && fs::canonicalize(&site.path).is_ok_and(|real| seen.insert(real)));
    sites
}

/// The name of a directory that is named after an interpreter.
fn python(name: &OsStr) -> Option<String> {
    let name = name.to_str()?;
    (name.starts_with("python") || name.starts_with("pypy")).then(|| name.to_owned())
}

fn has_distributions(dir: &Path) -> bool {
    fs::read_dir(dir).into_iter().flatten().flatten().any(|entry| {
        let name = entry.file_name();
        Path::new(&name).extension().is_some_and(|extension| extension == "dist-info" || extension == "egg-info")
    })
}

fn configuration(path: &Path) -> Option<String> {
    // One that cannot be read makes a virtual environment all the same.
    path.is_file().then(|| match files::read(path, MAX_CONFIGURATION) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => String::new(),
    })
}

fn adds_system_packages(configuration: &str) -> bool {
    configuration.lines().filter_map(|line| line.split_once('=')).any(|(key, value)| {
        key.trim().eq_ignore_ascii_case("include-system-site-packages") && value.trim().eq_ignore_ascii_case("true")
    })
}
