//! Files that no distribution accounts for.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use super::layout::Kind;
use super::record::{self, MAX_RECORD};
use super::{Environment, Installed, bytecode, files, own};
use crate::error::CliError;
use crate::text::shown;

const MAX_FILES: usize = 1_000_000;
const MAX_DEPTH: usize = 128;

/// The files that one distribution accounts for.
#[derive(Debug)]
pub(crate) struct Claims {
    by: String,
    pub(super) files: BTreeSet<PathBuf>,
    /// A directory, or a file, all of which is its own: what an egg is.
    tree: Option<PathBuf>,
}

/// What lies in the site directories beside what was claimed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Remains {
    /// By path.
    pub(crate) strays: Vec<Stray>,
    /// What the maker of the environment puts there, by path: recognised, most of it by name alone.
    pub(crate) own: Vec<PathBuf>,
}

/// A file that no distribution accounts for. A `.pth` among them runs whenever the interpreter starts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Stray {
    /// Absolute.
    pub(crate) path: PathBuf,
    /// The distribution to which all else in its directory belongs: it was added to that one.
    pub(crate) added_to: Option<String>,
    /// Why what is below cannot be seen.
    pub(crate) problem: Option<String>,
}

impl Claims {
    pub(super) fn new(installed: &Installed) -> Self {
        Self { by: installed.name.clone(), files: BTreeSet::new(), tree: None }
    }

    /// For a distribution that there is no wheel for: what its own RECORD says, which is worth no more than the
    /// distribution itself. Its files are then not strays; whoever reports must say of it that nothing was compared.
    pub(crate) fn recorded(environment: &Environment, installed: &Installed) -> Self {
        let mut claims = Self::new(installed);
        if installed.dist_info.extension().is_none_or(|extension| extension != "dist-info") {
            claims.tree = Some(installed.dist_info.clone());
            return claims;
        }
        let bytes = files::read(&installed.dist_info.join("RECORD"), MAX_RECORD).unwrap_or_default();
        let paths = record::parse(&bytes).unwrap_or_default().into_keys();
        let paths = paths.filter_map(|path| lexical(&installed.site.path.join(path)));
        claims.files = paths.filter(|path| path.starts_with(&environment.layout.prefix)).collect();
        claims
    }
}

/// Finds the files in the site directories, and among the scripts of a virtual environment, that nobody claims. There
/// must be one `Claims` for each distribution: of [`super::compare()`], or [`Claims::recorded`]. Links are not followed.
///
/// # Errors
///
/// [`CliError::Disk`] if there are more files than the limit.
pub(crate) fn strays(environment: &Environment, claims: &[&Claims]) -> Result<Remains, CliError> {
    let layout = &environment.layout;
    let mut roots: Vec<&Path> = layout.sites.iter().map(|site| site.path.as_path()).collect();
    if layout.kind == Kind::Virtual && layout.scripts.is_dir() {
        roots.push(&layout.scripts);
    }
    // Whose the scripts are does not follow from where they lie.
    let shared = roots.iter().copied().chain([layout.scripts.as_path()]).collect();
    let claimed = Claimed::new(claims, shared);
    let mut remains = Remains { strays: Vec::new(), own: Vec::new() };
    let mut count = 0_usize;
    let mut pending: Vec<(PathBuf, usize)> = roots.iter().map(|root| ((*root).to_owned(), 0)).collect();
    while let Some((dir, depth)) = pending.pop() {
        if depth > MAX_DEPTH {
            remains.strays.push(claimed.stray(dir, Some(format!("it is more than {MAX_DEPTH} directories deep"))));
            continue;
        }
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) => {
                remains.strays.push(claimed.stray(dir, Some(error.to_string())));
                continue;
            }
        };
        for entry in entries {
            count = count.saturating_add(1);
            if count > MAX_FILES {
                let error = io::Error::other(format!("there are more than {MAX_FILES} files"));
                return Err(CliError::disk(format!("cannot look at all of {}", shown(&layout.prefix)), error));
            }
            let (path, is_dir) = match entry.and_then(|entry| Ok((entry.path(), entry.file_type()?.is_dir()))) {
                Ok(found) => found,
                Err(error) => {
                    remains.strays.push(claimed.stray(dir.clone(), Some(error.to_string())));
                    continue;
                }
            };
            if claimed.has(&path, is_dir) || roots.contains(&path.as_path()) {
                continue;
            }
            if is_dir {
                pending.push((path, depth.saturating_add(1)));
            } else if own::is_own(layout, &path) {
                remains.own.push(path);
            } else {
                remains.strays.push(claimed.stray(path, None));
            }
        }
    }
    remains.strays.sort();
    remains.own.sort();
    Ok(remains)
}

struct Claimed<'a> {
    claims: &'a [&'a Claims],
    files: HashSet<&'a Path>,
    trees: HashSet<&'a Path>,
    /// Directories of all: sites and scripts.
    shared: Vec<&'a Path>,
    /// Of each directory below those: the one who has files in it, if it is only one.
    directories: HashMap<&'a Path, Option<usize>>,
}

impl<'a> Claimed<'a> {
    fn new(claims: &'a [&'a Claims], shared: Vec<&'a Path>) -> Self {
        let mut directories = HashMap::new();
        for (index, claim) in claims.iter().enumerate() {
            for file in &claim.files {
                for dir in file.ancestors().skip(1).take_while(|dir| !shared.contains(dir)) {
                    let owner = directories.entry(dir).or_insert(Some(index));
                    *owner = owner.filter(|owner| *owner == index);
                }
            }
        }
        Self {
            claims,
            files: claims.iter().flat_map(|claim| claim.files.iter().map(PathBuf::as_path)).collect(),
            trees: claims.iter().filter_map(|claim| claim.tree.as_deref()).collect(),
            shared,
            directories,
        }
    }

    /// Bytecode goes with its source: a comparison has judged it with it.
    fn has(&self, path: &Path, is_dir: bool) -> bool {
        let has_source = || bytecode::sources(path).iter().any(|source| self.files.contains(source.as_path()));
        self.files.contains(path) || self.trees.contains(path) || (!is_dir && has_source())
    }

    fn stray(&self, path: PathBuf, problem: Option<String>) -> Stray {
        let above = path.ancestors().skip(1).take_while(|dir| !self.shared.contains(dir));
        let owner = above.into_iter().find_map(|dir| self.directories.get(dir).copied()).flatten();
        let added_to = owner.and_then(|owner| self.claims.get(owner)).map(|claims| claims.by.clone());
        Stray { path, added_to, problem }
    }
}

/// The path without `..`.
fn lexical(path: &Path) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                if !out.pop() {
                    return None;
                }
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    Some(out)
}
