//! Where a member of a wheel must lie once it is installed (PEP 427, "Installing a wheel").

use std::fs;
use std::path::{Path, PathBuf};

use super::installed::Installed;
use super::layout::{Kind, Layout};
use crate::names::normalized;

/// A place, and the directory below which no link is followed on the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) base: PathBuf,
    pub(super) path: PathBuf,
    pub(super) is_script: bool,
}

/// Which part of an environment a member goes to, and its path there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Site(&'a str),
    OtherSite(&'a str),
    Data(&'a str),
    Script(&'a str),
    Header(&'a str),
}

/// Whether a name leads downwards, on every system.
pub(super) fn is_downward(name: &str) -> bool {
    !name.contains(['\\', ':', '\0']) && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

impl<'a> Part<'a> {
    /// `stem` is `NAME-VERSION` of the wheel. `None` for a name in a `.data` directory that installers would
    /// understand differently.
    pub(super) fn of(member: &'a str, stem: &str) -> Option<Self> {
        let Some((data, rest)) = member.split_once('/').filter(|(first, _)| first.ends_with(".data")) else {
            return Some(Self::Site(member));
        };
        let (scheme, path) = rest.split_once('/')?;
        if data.strip_suffix(".data") != Some(stem) {
            return None;
        }
        match scheme {
            "purelib" | "platlib" => Some(Self::OtherSite(path)),
            "data" => Some(Self::Data(path)),
            "scripts" => Some(Self::Script(path)),
            "headers" => Some(Self::Header(path)),
            _ => None,
        }
    }

    pub(super) fn place(self, layout: &Layout, installed: &Installed) -> Place {
        let own = &installed.site.path;
        let below = |base: &Path, path: &str| Place { base: base.to_owned(), path: base.join(path), is_script: false };
        match self {
            Self::Site(path) => below(own, path),
            Self::OtherSite(path) => {
                let same = layout.sites.iter().filter(|site| site.python == installed.site.python);
                let sites: Vec<_> = std::iter::once(own).chain(same.map(|site| &site.path)).collect();
                let there = sites.iter().find(|site| fs::symlink_metadata(site.join(path)).is_ok());
                below(there.copied().unwrap_or(own), path)
            }
            Self::Data(path) => below(&layout.prefix, path),
            Self::Script(path) => Place { is_script: true, ..below(&layout.scripts, path) },
            Self::Header(path) => below(&headers(layout, installed), path),
        }
    }
}

/// Installers differ in how they spell the name of the directory.
fn headers(layout: &Layout, installed: &Installed) -> PathBuf {
    let include = layout.prefix.join("include");
    let python = installed.site.python.as_deref().unwrap_or("python");
    let above = match layout.kind {
        Kind::Virtual => vec![include.join("site").join(python)],
        Kind::Prefix => vec![include.join(python)],
        Kind::Target => vec![include.clone(), include.join(python)],
    };
    let name = installed.normalized_name();
    let there = above
        .iter()
        .flat_map(|dir| fs::read_dir(dir).into_iter().flatten().flatten())
        .find(|entry| entry.file_name().to_str().is_some_and(|spelled| normalized(spelled) == name));
    there.map_or_else(|| above.first().unwrap_or(&include).join(&installed.name), |entry| entry.path())
}
