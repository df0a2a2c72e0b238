//! Index pages: which files a project has, and what its index says of them (PEP 503, 592, 629, 658, 691, 700, 714).

mod html;
mod json;
mod link;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

pub use link::target_path_of;
use url::Url;

use super::DistributionName;
use crate::digest::{Digest, HashAlgorithm, Hashes};
use crate::error::Quoted;

/// How a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PageFormat {
    /// PEP 503.
    Html,
    /// PEP 691.
    Json,
}

/// Limits on a page. `Default` suits an index of PyPI's size.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageLimits {
    /// Bytes of the page, and of all addresses that its links lead to: a link of a few bytes takes on the address of the
    /// page, or of its `<base>`. 64 MiB: the largest pages have about 30 MB.
    pub bytes: usize,
    /// Files, or links. 200,000.
    pub files: usize,
}

impl Default for PageLimits {
    fn default() -> Self {
        Self { bytes: 64 << 20, files: 200_000 }
    }
}

/// What the index page of a project says.
///
/// The page's own name is not kept: which project it is of is said by the target path under which it was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectPage {
    files: Vec<PageFile>,
    by_name: HashMap<String, usize>,
    skipped: usize,
}

/// One file of an index page: a wheel, a source distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageFile {
    name: DistributionName,
    url: String,
    hashes: Option<Hashes>,
    requires_python: Option<String>,
    yanked: Option<String>,
    core_metadata: Option<CoreMetadata>,
    size: Option<u64>,
    gpg_sig: Option<bool>,
    provenance: Option<String>,
}

/// The metadata file that lies beside a distribution (PEP 658), under its address and `.metadata`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CoreMetadata {
    /// It is there, and the page gives no hash that this client knows.
    Unhashed,
    /// It is there, with these hashes.
    Hashed(Hashes),
}

/// Why a page cannot be used. The page was approved: it is the index that is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// More bytes than the limit.
    #[error("the index page has {found} bytes, more than the limit of {limit}")]
    Bytes {
        /// The limit.
        limit: usize,
        /// Its bytes.
        found: usize,
    },
    /// Links to addresses that are longer together than the limit.
    #[error("the addresses of the index page have more than {limit} bytes together, the limit")]
    Addresses {
        /// The limit.
        limit: usize,
    },
    /// More files or links than the limit.
    #[error("the index page has more than {limit} files, the limit")]
    Files {
        /// The limit.
        limit: usize,
    },
    /// Not of the format it should have.
    #[error("the index page is not what PEP {pep} describes: {reason}")]
    Malformed {
        /// 503 or 691.
        pep: u16,
        /// What is wrong.
        reason: String,
    },
    /// A version of the interface that this client does not know.
    #[error("the index page has version {}; this client knows 1", Quoted(.found))]
    Version {
        /// As spelled.
        found: String,
    },
    /// A hash that cannot be one.
    #[error("the index page gives {} for {}, which is not a usable hash", Quoted(.hash), Quoted(.file))]
    Hash {
        /// The file.
        file: String,
        /// The hash as spelled.
        hash: String,
    },
    /// A file stands twice, and what is said of it differs.
    #[error("the index page says two different things of {}", Quoted(.file))]
    Ambiguous {
        /// The file.
        file: String,
    },
    /// An address that is none.
    #[error("the index page gives {} as the address of {}, which is no address of a file", Quoted(.url), Quoted(.file))]
    Address {
        /// The file.
        file: String,
        /// The address, without credentials.
        url: String,
    },
    /// The address that the caller gave for the page is none.
    #[error("{} is not the address of an index page", Quoted(.url))]
    Base {
        /// What was given, without credentials.
        url: String,
    },
}

impl ProjectPage {
    /// Reads a page.
    ///
    /// Pass only bytes that were approved as the target of the project's page: nothing of a page is to be believed
    /// otherwise. `base` is the absolute address of the page, from which its relative links go.
    ///
    /// # Errors
    /// [`PageError`]. A page that is wrong in one place is refused as a whole.
    pub fn parse(format: PageFormat, bytes: &[u8], base: &str) -> Result<Self, PageError> {
        Self::parse_within(&PageLimits::default(), format, bytes, base)
    }

    /// [`ProjectPage::parse`] with limits of one's own.
    ///
    /// # Errors
    /// As [`ProjectPage::parse`].
    pub fn parse_within(limits: &PageLimits, format: PageFormat, bytes: &[u8], base: &str) -> Result<Self, PageError> {
        if bytes.len() > limits.bytes {
            return Err(PageError::Bytes { limit: limits.bytes, found: bytes.len() });
        }
        match format {
            PageFormat::Html => html::read(bytes, base, limits),
            PageFormat::Json => json::read(bytes, base, limits),
        }
    }

    /// Its files, in the order of the page.
    #[must_use]
    pub fn files(&self) -> &[PageFile] {
        &self.files
    }

    /// The file of this name, byte for byte.
    #[must_use]
    pub fn file(&self, file_name: &str) -> Option<&PageFile> {
        self.by_name.get(file_name).and_then(|at| self.files.get(*at))
    }

    /// How many files and links were left out because their names are not those of a wheel or a source distribution.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }
}

impl PageFile {
    /// Its file name, and what that says.
    #[must_use]
    pub fn name(&self) -> &DistributionName {
        &self.name
    }

    /// Its file name.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.name.file_name()
    }

    /// Its absolute address, `http`, `https` or `file`, without fragment.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its hashes of algorithms that this client knows. `None`: the page does not bind the file's content.
    #[must_use]
    pub fn hashes(&self) -> Option<&Hashes> {
        self.hashes.as_ref()
    }

    /// The hashes of a file of this name: its own, or those of the metadata file beside it.
    pub(super) fn hashes_of(&self, file_name: &str) -> Option<&Hashes> {
        if self.file_name() == file_name { self.hashes() } else { self.core_metadata()?.hashes() }
    }

    /// The versions of Python it needs, as spelled (PEP 345).
    #[must_use]
    pub fn requires_python(&self) -> Option<&str> {
        self.requires_python.as_deref()
    }

    /// Whether it was yanked (PEP 592): the reason, which may be empty.
    #[must_use]
    pub fn yanked(&self) -> Option<&str> {
        self.yanked.as_deref()
    }

    /// The metadata file beside it (PEP 658), if there is one.
    #[must_use]
    pub fn core_metadata(&self) -> Option<&CoreMetadata> {
        self.core_metadata.as_ref()
    }

    /// Its length in bytes (PEP 700).
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Whether a signature lies beside it (PEP 503); `None` where the page does not say.
    #[must_use]
    pub fn gpg_sig(&self) -> Option<bool> {
        self.gpg_sig
    }

    /// The address of its attestations (PEP 740).
    #[must_use]
    pub fn provenance(&self) -> Option<&str> {
        self.provenance.as_deref()
    }
}

impl CoreMetadata {
    fn of(hashes: Option<Hashes>) -> Self {
        hashes.map_or(Self::Unhashed, Self::Hashed)
    }

    /// The hashes of the metadata file. `None`: the page does not bind its content.
    #[must_use]
    pub fn hashes(&self) -> Option<&Hashes> {
        match self {
            Self::Unhashed => None,
            Self::Hashed(hashes) => Some(hashes),
        }
    }
}

/// Collects files; the rules that hold for both formats.
struct Builder {
    page: ProjectPage,
    limits: PageLimits,
    seen: usize,
    /// Bytes of all addresses so far.
    addresses: usize,
}

impl Builder {
    fn new(limits: &PageLimits) -> Self {
        let page = ProjectPage { files: Vec::new(), by_name: HashMap::new(), skipped: 0 };
        Self { page, limits: limits.clone(), seen: 0, addresses: 0 }
    }

    /// Counts one file or link, before it is looked at.
    fn count(&mut self) -> Result<(), PageError> {
        let limit = self.limits.files;
        self.seen = self.seen.saturating_add(1);
        if self.seen > limit { Err(PageError::Files { limit }) } else { Ok(()) }
    }

    /// Where a link leads from this base; `None` where that is no address of a file.
    fn resolve(&mut self, base: &Url, href: &str) -> Result<Option<Url>, PageError> {
        let limit = self.limits.bytes;
        let Some(url) = link::resolve(base, href) else { return Ok(None) };
        self.addresses = self.addresses.saturating_add(url.as_str().len());
        if self.addresses > limit { Err(PageError::Addresses { limit }) } else { Ok(Some(url)) }
    }

    fn skip(&mut self) {
        self.page.skipped = self.page.skipped.saturating_add(1);
    }

    /// A file may stand twice if all that is said of it is the same.
    fn push(&mut self, file: PageFile) -> Result<(), PageError> {
        match self.page.file(file.file_name()) {
            Some(other) if *other == file => Ok(()),
            Some(_) => Err(PageError::Ambiguous { file: file.file_name().to_owned() }),
            None => {
                self.page.by_name.insert(file.file_name().to_owned(), self.page.files.len());
                self.page.files.push(file);
                Ok(())
            }
        }
    }
}

/// `MAJOR.MINOR`, of which the first must be 1 (PEP 629, PEP 691).
fn check_version(found: &str) -> Result<(), PageError> {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match found.split_once('.') {
        Some(("1", minor)) if number(minor) => Ok(()),
        _ => Err(PageError::Version { found: found.to_owned() }),
    }
}

/// The hashes of algorithms that this client knows, all others ignored.
///
/// A known one that is malformed, and two that differ, are refused: taken for "no hash", they would make a file that the
/// index wanted bound one that nothing binds.
fn known_hashes<'a>(listed: impl Iterator<Item = (&'a str, &'a str)>, file: &str) -> Result<Option<Hashes>, PageError> {
    let mut digests = Vec::new();
    for (name, hex) in listed {
        let Some(algorithm) = HashAlgorithm::from_name(name) else { continue };
        let digest = Digest::from_hex(algorithm, hex);
        let fault = || PageError::Hash { file: file.to_owned(), hash: format!("{name}={hex}") };
        let digest = digest.filter(|new| digests.iter().all(|old: &Digest| old.algorithm() != algorithm || old == new));
        digests.push(digest.ok_or_else(fault)?);
    }
    Ok(Hashes::new(digests))
}
