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

fn distribution_of(file_name: &str) -> &str {
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
