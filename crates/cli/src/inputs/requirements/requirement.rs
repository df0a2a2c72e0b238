//! What one requirement asks for: PEP 508, and the paths and addresses that pip takes besides.

use super::super::LockedHash;

/// The endings by which pip knows a distribution.
const ARCHIVES: &[&str] =
    &[".whl", ".tar.gz", ".zip", ".tgz", ".tar", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tlz", ".tar.lz", ".tar.lzma"];

/// The algorithms that an address can name in its fragment.
const ALGORITHMS: &[&str] = &["sha512", "sha384", "sha256", "sha224", "sha1", "md5"];

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Requirement<'a> {
    /// `name == version`.
    Pinned { project: &'a str, version: &'a str },
    /// Any version, or several, or nothing that can be understood.
    Loose,
    /// `name @ address`, or an address or a path alone.
    At { project: Option<&'a str>, location: &'a str },
}

impl<'a> Requirement<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let end =
            text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')).unwrap_or(text.len());
        let (project, rest) = text.split_at(end);
        let rest = rest.trim_start();
        let after = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((_extras, after)) => after.trim_start(),
            None => rest,
        };
        let is_project = project.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !is_project || rest.starts_with(['/', '\\', ':', '+']) || (after.is_empty() && is_archive(project)) {
            return Self::At { project: None, location: location(text) };
        }
        if let Some(address) = after.strip_prefix('@') {
            return Self::At { project: Some(project), location: location(address) };
        }
        let specifier = after.split_once(';').map_or(after, |(specifier, _marker)| specifier).trim();
        let specifier = specifier.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(specifier).trim();
        match specifier.strip_prefix("===").or_else(|| specifier.strip_prefix("==")).map(str::trim) {
            Some(version) if is_version(version) => Self::Pinned { project, version },
            _ => Self::Loose,
        }
    }
}

/// Whether it is an address, of whatever scheme.
pub(super) fn is_address(location: &str) -> bool {
    location.contains("://")
}

/// Whether it leads to a source repository: `git+https://…`.
pub(super) fn is_checkout(location: &str) -> bool {
    location.split_once("://").is_some_and(|(scheme, _)| scheme.contains('+') || scheme == "git")
}

/// Whether a file's name is that of a distribution.
pub(super) fn is_archive(name: &str) -> bool {
    ARCHIVES.iter().any(|ending| name.ends_with(ending))
}

/// The project in the name of a wheel or a source distribution.
pub(super) fn project_of(file_name: &str) -> Option<&str> {
    let stem = ARCHIVES.iter().find_map(|ending| file_name.strip_suffix(ending))?;
    let project = if file_name.ends_with(".whl") { stem.split_once('-') } else { stem.rsplit_once('-') };
    project.map(|(project, _)| project).filter(|project| !project.is_empty())
}

/// The hash in an address's fragment: `…#sha256=…`, perhaps among other members.
pub(super) fn hash_in(location: &str) -> Result<Option<LockedHash>, String> {
    let members = location.split_once('#').map_or("", |(_, fragment)| fragment).split('&');
    let named = |member: &&str| member.split_once('=').is_some_and(|(name, _)| ALGORITHMS.contains(&name));
    members.into_iter().find(named).map(|member| LockedHash::parse(member, '=')).transpose()
}

/// Without the marker, which an address or a path has after a space.
fn location(text: &str) -> &str {
    let end = text.find(" ;").or_else(|| text.find("; ")).unwrap_or(text.len());
    text.get(..end).unwrap_or(text).trim()
}

/// One version, and not the beginning of many (`1.*`).
fn is_version(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '!'))
}
