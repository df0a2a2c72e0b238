//! What is signed for projects and distributions.

use std::sync::Arc;
use std::time::SystemTime;

use super::filename::distribution_of;
use super::{PageFile, ProjectName, ProjectPage};
use crate::digest::{Digest, HashAlgorithm};
use crate::role::{RoleName, TargetPath};
use crate::target::TargetInfo;

/// What is signed for a project.
#[derive(Debug, Clone)]
pub enum PageAnswer {
    /// Its index page.
    Signed(Arc<SignedPage>),
    /// No page: the repository does not know the project.
    Unknown(Unlisted),
}

/// An index page, verified and read. Only [`super::PackageIndex`] makes one.
#[derive(Debug)]
#[non_exhaustive]
pub struct SignedPage {
    /// What is signed for the page.
    pub info: TargetInfo,
    /// What stands in it.
    pub page: ProjectPage,
}

/// That nothing is signed, who said so, and until when that holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unlisted {
    /// The roles that were asked, in order, each once.
    pub asked: Vec<RoleName>,
    /// The earliest expiry of what the answer rests on; `None` where nobody had to be asked.
    pub valid_until: Option<SystemTime>,
    /// What else there is to say, such as that the page names no such file.
    pub reasons: Vec<String>,
}

/// What is signed for a distribution.
#[derive(Debug, Clone)]
pub enum Answer {
    /// These bytes.
    Signed(SignedFile),
    /// Nothing, although the project is known or nobody could say whether it is.
    Unsigned(Unlisted),
    /// Nothing, and the repository signs no page of the project either.
    UnknownProject(ProjectName, Unlisted),
}

/// What is signed for one distribution. Only [`super::PackageIndex`] makes one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SignedFile {
    /// Its name.
    pub file_name: String,
    /// Its length and hashes, the role that signs them, and where it lies.
    pub info: TargetInfo,
    /// The target whose signature binds it: itself, or the page or pointer that gives its hash.
    pub bound_by: TargetPath,
    /// Whether a client can fetch it. What a page only binds, and links to outside of the address of the targets, it can
    /// not.
    pub is_reachable: bool,
    /// The page that names it, where one had to be read.
    pub page: Option<Arc<SignedPage>>,
}

impl SignedPage {
    /// That it does not lead to a file, which its role vouches for.
    pub(super) fn says(&self, what: &str) -> Unlisted {
        let unlisted = Unlisted::new(vec![self.info.role().clone()], self.info.valid_until());
        Unlisted { reasons: vec![format!("the signed page `{}` {what}", self.info.path())], ..unlisted }
    }
}

impl SignedFile {
    /// The digest that is signed for the file: its target's, or the one that the signed page gives for it.
    #[must_use]
    pub fn digest(&self, algorithm: HashAlgorithm) -> Option<&Digest> {
        let by_page = || self.listed()?.hashes_of(&self.file_name)?.of(algorithm);
        self.info.hashes().of(algorithm).or_else(by_page)
    }

    /// Why the index says that nobody should install it any more (PEP 592), as the signed page has it, of a metadata file
    /// that of the distribution beside it; the reason may be empty. `None` where it is not yanked, or where no page had to be read.
    #[must_use]
    pub fn yanked(&self) -> Option<&str> {
        self.listed()?.yanked()
    }

    fn listed(&self) -> Option<&PageFile> {
        self.page.as_ref()?.page.file(distribution_of(&self.file_name))
    }
}

impl Unlisted {
    /// That these roles do not list it.
    #[must_use]
    pub fn new(asked: Vec<RoleName>, valid_until: SystemTime) -> Self {
        Self { asked, valid_until: Some(valid_until), reasons: Vec::new() }
    }

    pub(super) fn and(&mut self, other: Self) {
        for role in other.asked {
            if !self.asked.contains(&role) {
                self.asked.push(role);
            }
        }
        self.valid_until = self.valid_until.into_iter().chain(other.valid_until).min();
        for reason in other.reasons {
            self.because(reason);
        }
    }

    pub(super) fn because(&mut self, reason: String) {
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}
