//! File names of distributions: what they say of project, version and tags.

use std::fmt;
use std::str::FromStr;

use super::{NameError, ProjectName};

/// The longest file name that is accepted, in bytes.
const MAX_BYTES: usize = 512;
/// How many tags the compressed sets of one wheel may stand for.
const MAX_TAGS: usize = 4096;
/// Endings of source distributions: the one of PEP 625, and those that indexes took before.
const SDIST_ENDINGS: [&str; 5] = [".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz"];

/// The file name of a wheel (PEP 427), of a source distribution (PEP 625 and its forerunners), or of the metadata file
/// beside one (PEP 658), and what it says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DistributionName {
    file_name: String,
    project: ProjectName,
    version: String,
    kind: DistributionKind,
    is_metadata: bool,
}

/// What kind of distribution a file name is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DistributionKind {
    /// A wheel.
    Wheel {
        /// The build tag, which starts with a digit.
        build: Option<String>,
    },
    /// A source distribution.
    Sdist,
}

impl DistributionName {
    /// Takes a file name, without any directory.
    ///
    /// Where the name of a source distribution has several `-`, the version begins after the last one behind which a
    /// digit and a whole version by PEP 440 stands; where there is none, after the last one.
    ///
    /// # Errors
    /// [`NameError::Distribution`] with the reason.
    ///
    /// ```
    /// use tufgate::pypi::DistributionName;
    /// let wheel = DistributionName::parse("Foo_Bar-1.0-py2.py3-none-any.whl")?;
    /// assert_eq!((wheel.project().as_str(), wheel.version()), ("foo-bar", "1.0"));
    /// assert!(wheel.tags().eq(["py2-none-any", "py3-none-any"]));
    /// # Ok::<(), tufgate::pypi::NameError>(())
    /// ```
    pub fn parse(file_name: &str) -> Result<Self, NameError> {
        read(file_name).map_err(|reason| NameError::Distribution { name: file_name.to_owned(), reason })
    }

    /// The whole file name as given.
    #[must_use]
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// The file name of the distribution: [`DistributionName::file_name`] without the `.metadata` of a side file.
    #[must_use]
    pub fn distribution(&self) -> &str {
        distribution_of(&self.file_name)
    }

    /// Whether this is the metadata file beside the distribution (PEP 658), not the distribution.
    #[must_use]
    pub fn is_metadata(&self) -> bool {
        self.is_metadata
    }

    /// The project.
    #[must_use]
    pub fn project(&self) -> &ProjectName {
        &self.project
    }

    /// The version as the file name spells it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// A wheel or a source distribution.
    #[must_use]
    pub fn kind(&self) -> &DistributionKind {
        &self.kind
    }

    /// The tags of a wheel, at most 4,096, with its compressed sets expanded: `py3-none-any`. None for a source
    /// distribution.
    pub fn tags(&self) -> impl Iterator<Item = String> {
        let stem = self.distribution().strip_suffix(".whl").unwrap_or("");
        let mut sets = stem.rsplitn(4, '-');
        let (platforms, abis, pythons) = (sets.next(), sets.next(), sets.next());
        members(pythons).flat_map(move |python| {
            members(abis)
                .flat_map(move |abi| members(platforms).map(move |platform| format!("{python}-{abi}-{platform}")))
        })
    }

    /// Whether `other` is the same version by PEP 440 (`1.0` is `1.0.0`). Where one of them is no version by PEP 440
    /// only the same bytes are the same version.
    #[must_use]
    pub fn same_version(&self, other: &str) -> bool {
        match (pep440(&self.version), pep440(other)) {
            (Some(this), Some(other)) => this == other,
            _ => self.version == other,
        }
    }
}

impl FromStr for DistributionName {
    type Err = NameError;

    fn from_str(file_name: &str) -> Result<Self, NameError> {
        Self::parse(file_name)
    }
}

impl fmt::Display for DistributionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file_name)
    }
}

/// The members of a compressed set of tags (PEP 425): `py2.py3` has two.
fn members(set: Option<&str>) -> impl Iterator<Item = &str> {
    set.into_iter().flat_map(|set| set.split('.'))
}

/// What a metadata file lies beside; the name of anything else as it is.
pub(super) fn distribution_of(file_name: &str) -> &str {
    file_name.strip_suffix(".metadata").unwrap_or(file_name)
}

fn pep440(version: &str) -> Option<pep440_rs::Version> {
    version.parse().ok()
}

fn read(file_name: &str) -> Result<DistributionName, &'static str> {
    if file_name.len() > MAX_BYTES {
        return Err("it is longer than 512 bytes");
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.!+".contains(&b);
    if !file_name.bytes().all(plain) {
        return Err("it has a character that is no ASCII letter, digit, `-`, `_`, `.`, `!` or `+`");
    }
    if file_name.contains("..") {
        return Err("it has `..`");
    }
    let name = distribution_of(file_name);
    let (project, version, kind) = match name.strip_suffix(".whl") {
        Some(stem) => wheel(stem)?,
        None => {
            sdist(SDIST_ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).ok_or("its ending is of neither")?)?
        }
    };
    if version.is_empty() {
        return Err("its version is empty");
    }
    let project =
        ProjectName::new(project).map_err(|_| "what stands before its version is not the name of a project")?;
    Ok(DistributionName {
        file_name: file_name.to_owned(),
        project,
        version: version.to_owned(),
        kind,
        is_metadata: name.len() != file_name.len(),
    })
}

type Parts<'a> = (&'a str, &'a str, DistributionKind);

fn wheel(stem: &str) -> Result<Parts<'_>, &'static str> {
    let parts: Vec<&str> = stem.splitn(7, '-').collect();
    let (project, version, build, tags) = match *parts.as_slice() {
        [project, version, python, abi, platform] => (project, version, None, [python, abi, platform]),
        [project, version, build, python, abi, platform] => (project, version, Some(build), [python, abi, platform]),
        _ => return Err("a wheel has five or six parts with `-` between them"),
    };
    if build.is_some_and(|build| !build.starts_with(|c: char| c.is_ascii_digit())) {
        return Err("its build tag does not start with a digit");
    }
    if tags.iter().flat_map(|set| set.split('.')).any(str::is_empty) {
        return Err("a tag is empty");
    }
    let count = tags.iter().fold(1_usize, |count, set| count.saturating_mul(set.split('.').count()));
    if count > MAX_TAGS {
        return Err("its tags stand for more than 4,096");
    }
    Ok((project, version, DistributionKind::Wheel { build: build.map(str::to_owned) }))
}

fn sdist(stem: &str) -> Result<Parts<'_>, &'static str> {
    let begins =
        |(_, version): &(&str, &str)| version.starts_with(|c: char| c.is_ascii_digit()) && pep440(version).is_some();
    let mut splits = stem.rmatch_indices('-').filter_map(|(at, _)| Some((stem.get(..at)?, stem.get(at + 1..)?)));
    let (project, version) = splits
        .find(begins)
        .or_else(|| stem.rsplit_once('-'))
        .ok_or("a source distribution has a `-` between project and version")?;
    Ok((project, version, DistributionKind::Sdist))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(file_name: &str) -> (String, String, DistributionKind, bool) {
        let name = DistributionName::parse(file_name).unwrap();
        assert_eq!((name.file_name(), name.to_string().as_str()), (file_name, file_name));
        (name.project.to_string(), name.version.clone(), name.kind.clone(), name.is_metadata)
    }

    fn wheel_with(build: Option<&str>) -> DistributionKind {
        DistributionKind::Wheel { build: build.map(str::to_owned) }
    }

    #[test]
    fn the_name_of_a_wheel_says_project_version_and_build() {
        for (file_name, project, version, build) in [
            ("distribution-1.0-1-py27-none-any.whl", "distribution", "1.0", Some("1")),
            ("Foo.Bar_baz-1.0-py3-none-any.whl", "foo-bar-baz", "1.0", None),
            ("foo-2!1.0+local.1-2abc-cp312-abi3-linux_x86_64.whl", "foo", "2!1.0+local.1", Some("2abc")),
        ] {
            let expected = (project.to_owned(), version.to_owned(), wheel_with(build), false);
            assert_eq!(said(file_name), expected, "{file_name}");
        }
        let side = said("foo-1.0-2-py3-none-any.whl.metadata");
        assert_eq!(side, ("foo".to_owned(), "1.0".to_owned(), wheel_with(Some("2")), true));
        let side = DistributionName::parse("foo-1.0.tar.gz.metadata").unwrap();
        assert_eq!((side.distribution(), side.is_metadata()), ("foo-1.0.tar.gz", true));
    }

    #[test]
    fn the_version_of_a_source_distribution_begins_after_the_last_hyphen_that_a_version_follows() {
        for (file_name, project, version) in [
            ("foo_bar-1.0.tar.gz", "foo-bar", "1.0"),
            ("foo-bar-1.0.zip", "foo-bar", "1.0"),
            ("foo-2-1.0.tar.gz", "foo-2", "1.0"),
            ("foo-1.0-rc1.tar.gz", "foo", "1.0-rc1"),
            ("foo-1.0-1.tar.gz", "foo-1-0", "1"),
            ("foo-1.0-unknown.tar.bz2", "foo-1-0", "unknown"),
            ("foo-v1.0.tgz", "foo", "v1.0"),
            ("foo-1.0.post1.dev2+g0abcdef.tar.xz", "foo", "1.0.post1.dev2+g0abcdef"),
        ] {
            let expected = (project.to_owned(), version.to_owned(), DistributionKind::Sdist, false);
            assert_eq!(said(file_name), expected, "{file_name}");
        }
    }

    #[test]
    fn a_name_that_is_no_distribution_says_why() {
        let long = format!("{}-1.0.zip", "a".repeat(510));
        let many = format!("a-1-{0}-{0}-{0}.whl", ["x"; 17].join("."));
        let sign = "it has a character that is no ASCII letter, digit, `-`, `_`, `.`, `!` or `+`";
        let project = "what stands before its version is not the name of a project";
        for (name, reason) in [
            ("", "its ending is of neither"),
            ("README", "its ending is of neither"),
            ("foo-1.0.egg", "its ending is of neither"),
            ("foo-1.0.WHL", "its ending is of neither"),
            (".metadata", "its ending is of neither"),
            ("foo-1.0.tar.gz.metadata.metadata", "its ending is of neither"),
            ("foo.whl", "a wheel has five or six parts with `-` between them"),
            ("foo-1-2-3-4-5-6-7-8.whl", "a wheel has five or six parts with `-` between them"),
            ("foo-1.0-x1-py3-none-any.whl", "its build tag does not start with a digit"),
            ("foo-1.0--py3-none-any.whl", "its build tag does not start with a digit"),
            ("foo-1.0-py3--any.whl", "a tag is empty"),
            ("foo-1.0-py3.-none-any.whl", "a tag is empty"),
            (&many, "its tags stand for more than 4,096"),
            ("foo.tar.gz", "a source distribution has a `-` between project and version"),
            ("foo-.zip", "its version is empty"),
            ("foo--py3-none-any.whl", "its version is empty"),
            ("-1.0.tar.gz", project),
            ("_foo-1.0.tar.gz", project),
            ("foo--1.0.tar.gz", project),
            ("foo-1.0..tar.gz", "it has `..`"),
            ("../foo-1.0.tar.gz", sign),
            ("a/foo-1.0.tar.gz", sign),
            ("foo\\-1.0.tar.gz", sign),
            ("foo-1.0\n.tar.gz", sign),
            ("foo-1.0%2f.tar.gz", sign),
            ("r\u{435}quests-1.0.tar.gz", sign),
            (&long, "it is longer than 512 bytes"),
        ] {
            let expected = NameError::Distribution { name: name.to_owned(), reason };
            assert_eq!(DistributionName::parse(name), Err(expected), "{name}");
        }
        assert_eq!(
            DistributionName::parse("a\u{7}.whl").unwrap_err().to_string(),
            format!("`a\\u{{7}}.whl` is not the name of a wheel or a source distribution: {sign}")
        );
    }

    #[test]
    fn a159_file_names_in_every_spelling_are_of_one_project() {
        let expected = ProjectName::new("foo-bar").unwrap();
        for name in ["Foo_Bar-1-py3-none-any.whl", "foo-bar-1.tar.gz", "FOO.bar-1.zip", "foo__bar-1.tar.gz"] {
            assert_eq!(DistributionName::parse(name).unwrap().project(), &expected, "{name}");
        }
    }

    #[test]
    fn compressed_tags_are_expanded() {
        let tags = |name: &str| DistributionName::parse(name).unwrap().tags().collect::<Vec<_>>();
        assert_eq!(
            tags("foo-1-py2.py3-none-any.manylinux1_x86_64.whl.metadata"),
            ["py2-none-any", "py2-none-manylinux1_x86_64", "py3-none-any", "py3-none-manylinux1_x86_64"]
        );
        assert_eq!(tags("foo-1-7-cp312-abi3-win32.whl"), ["cp312-abi3-win32"]);
        assert_eq!(tags("foo-1-2-3-4.tar.gz"), [""; 0]);
        let most = format!("a-1-{0}-{0}-{0}.whl", ["x"; 16].join("."));
        assert_eq!(tags(&most).len(), MAX_TAGS);
    }

    #[test]
    fn versions_are_compared_by_pep_440_and_else_by_their_bytes() {
        let same = |name: &str, other| DistributionName::parse(name).unwrap().same_version(other);
        for (name, other, expected) in [
            ("foo-1.0.tar.gz", "1", true),
            ("foo-1.0.tar.gz", "v1.0.0", true),
            ("foo-1.0rc1.tar.gz", "1.0-RC.1", true),
            ("foo-1.0.post1.tar.gz", "1.0-1", true),
            ("foo-1.0+a.1.tar.gz", "1.0+A_1", true),
            ("foo-1.0+a.tar.gz", "1.0", false),
            ("foo-1!1.0.tar.gz", "1.0", false),
            ("foo-1.0.tar.gz", "1.0.1", false),
            ("foo-unknown.tar.gz", "unknown", true),
            ("foo-unknown.tar.gz", "Unknown", false),
            ("foo-1.0.tar.gz", "", false),
            ("foo-99999999999999999999999.tar.gz", "99999999999999999999999.0", false),
        ] {
            assert_eq!(same(name, other), expected, "{name} {other}");
        }
    }
}
