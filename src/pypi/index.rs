//! What the repository signs for a distribution: the ways of a profile, tried in order, in one session.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::{
    DistributionName, FileSource, PageFile, PageSource, Pointer, Profile, ProjectName, ProjectPage, Template, Values,
    target_path_of,
};
use crate::client::Client;
use crate::digest::{Digest, HashAlgorithm, Hashes};
use crate::error::{Error, Fault, Malformed, RepositoryError};
use crate::lookup::Found;
use crate::role::{RoleName, TargetPath};
use crate::store::Store;
use crate::target::{Place, TargetInfo};
use crate::transport::{BaseUrl, Transport};

/// As many index pages are kept at once. Files of one project mostly come one after another.
const PAGES: usize = 128;

/// A package index by PEP 458: asks a client, in the session of its last refresh, for what is signed for projects and
/// distributions. It may be asked from many threads at once.
pub struct PackageIndex<'c, T, S> {
    client: &'c Client<T, S>,
    /// Where pages and pointers come from, if not straight from the client.
    reader: Option<Box<Reader<'c>>>,
    profile: &'c Profile,
    simple: &'c BaseUrl,
    targets: &'c BaseUrl,
    pages: Mutex<HashMap<ProjectName, Slot>>,
}

type Reader<'c> = dyn Fn(&TargetInfo) -> Result<Vec<u8>, Error> + Send + Sync + 'c;

/// Whoever comes first fetches the page, others wait for it.
type Slot = Arc<Mutex<Option<PageAnswer>>>;

/// What is signed for a project.
#[derive(Debug, Clone)]
pub enum PageAnswer {
    /// Its index page.
    Signed(Arc<SignedPage>),
    /// No page: the repository does not know the project.
    Unknown(Unlisted),
}

/// An index page, verified and read.
#[derive(Debug)]
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

/// What is signed for one distribution.
#[derive(Debug, Clone)]
pub struct SignedFile {
    /// Its name.
    pub file_name: String,
    /// Its length and hashes, the role that signs them, and where it lies.
    pub info: TargetInfo,
    /// The target whose signature binds it: itself, or the page or pointer that gives its hash.
    pub bound_by: TargetPath,
    /// The page that names it, where one was read.
    pub page: Option<Arc<SignedPage>>,
}

/// A page, and the target that it leads to.
type Listed = (Arc<SignedPage>, Option<TargetPath>);

/// A way of the profile, tried.
enum Tried {
    Signed(SignedFile),
    /// It leads to nothing that is signed.
    NoWay(Unlisted),
}

impl Tried {
    fn no_way(reason: impl ToString) -> Self {
        Self::NoWay(Unlisted { reasons: vec![reason.to_string()], ..Unlisted::default() })
    }
}

impl<'c, T: Transport, S: Store> PackageIndex<'c, T, S> {
    /// The index that a client talks to. `simple` is the address of the simple index, from which links in its pages are
    /// followed; `targets` is the address below which a link must lie to be a target.
    pub fn new(client: &'c Client<T, S>, profile: &'c Profile, simple: &'c BaseUrl, targets: &'c BaseUrl) -> Self {
        Self { client, reader: None, profile, simple, targets, pages: Mutex::default() }
    }

    /// The same, which has `reader` bring pages and pointers, for a program that keeps them. What it brings is verified
    /// like what the client fetches, and nothing is asked of it that is larger than
    /// [`Limits::page_bytes`](crate::Limits).
    #[must_use]
    pub fn with_reader(self, reader: impl Fn(&TargetInfo) -> Result<Vec<u8>, Error> + Send + Sync + 'c) -> Self {
        Self { reader: Some(Box::new(reader)), ..self }
    }

    /// The index page of a project: the first of the profile's that is signed. It is fetched once, and read only after
    /// all of it was verified. What it says of its own name counts for nothing.
    ///
    /// # Errors
    /// See [`Error`]; a page that is signed and cannot be read is the repository's fault.
    pub fn page(&self, project: &ProjectName) -> Result<PageAnswer, Error> {
        let slot = {
            let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
            if pages.len() >= PAGES && !pages.contains_key(project) {
                pages.clear();
            }
            Arc::clone(pages.entry(project.clone()).or_default())
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = &*slot {
            return Ok(answer.clone());
        }
        let answer = self.fetch_page(project)?;
        *slot = Some(answer.clone());
        Ok(answer)
    }

    /// Every page of a project that is signed, of all formats that the profile has, in its order: for a mirror, whose
    /// clients may ask for any of them. Each is read anew.
    ///
    /// # Errors
    /// As [`PackageIndex::page`].
    pub fn pages(&self, project: &ProjectName) -> Result<Vec<Arc<SignedPage>>, Error> {
        let mut pages = Vec::new();
        for source in self.profile.pages() {
            // A template that cannot be filled leads to no target.
            let Ok(path) = source.target_path(project) else { continue };
            if let Found::Signed(info) = self.client.search(&path)? {
                pages.push(self.read_page(source, project, info)?);
            }
        }
        Ok(pages)
    }

    /// What is signed for the distribution of this file name. `digests` are those of its content, as far as they are
    /// known: a template may need them.
    ///
    /// # Errors
    /// See [`Error`]. That nothing is signed for it is not one.
    pub fn file(&self, file_name: &str, digests: &[Digest]) -> Result<Answer, Error> {
        let name = DistributionName::parse(file_name);
        let mut unlisted = Unlisted::default();
        for source in self.profile.files() {
            let tried = match (source, &name) {
                (FileSource::Target(template), name) => {
                    self.by_target(template, file_name, name.as_ref().ok(), digests)
                }
                (FileSource::Page, Ok(name)) => self.by_page(name),
                (FileSource::Pointer(template), Ok(name)) => self.by_pointer(template, name),
                (_, Err(error)) => Ok(Tried::no_way(error)),
            };
            match tried? {
                Tried::Signed(signed) => return Ok(Answer::Signed(signed)),
                Tried::NoWay(reasons) => unlisted.and(reasons),
            }
        }
        match name {
            Ok(name) => self.nothing(name.project(), unlisted),
            Err(_) => Ok(Answer::Unsigned(unlisted)),
        }
    }

    /// Nothing is signed for a file of the project: is anything signed for the project?
    fn nothing(&self, project: &ProjectName, mut unlisted: Unlisted) -> Result<Answer, Error> {
        if self.profile.pages().is_empty() {
            return Ok(Answer::Unsigned(unlisted));
        }
        Ok(match self.page(project)? {
            PageAnswer::Signed(_) => Answer::Unsigned(unlisted),
            PageAnswer::Unknown(page) => {
                unlisted.and(page);
                Answer::UnknownProject(project.clone(), unlisted)
            }
        })
    }

    fn by_target(
        &self,
        template: &Template,
        file_name: &str,
        name: Option<&DistributionName>,
        digests: &[Digest],
    ) -> Result<Tried, Error> {
        let known = name.map(Values::of).unwrap_or_default();
        let values = Values { file_name: Some(file_name), digests, ..known };
        if !template.needs_page() {
            return self.at(template, &values, None);
        }
        let Some(name) = name else { return Ok(Tried::no_way("it has no project, and so no page")) };
        match self.listed(name)? {
            Ok((signed, Some(path))) => self.at(template, &Values { url: Some(&path), ..values }, Some(signed)),
            Ok((signed, None)) => {
                Ok(Tried::NoWay(signed.says("leads to a place outside of the address of the targets")))
            }
            Err(unlisted) => Ok(Tried::NoWay(unlisted)),
        }
    }

    /// The target that a template names, and that the page, where there is one, must agree with.
    fn at(&self, template: &Template, values: &Values<'_>, page: Option<Arc<SignedPage>>) -> Result<Tried, Error> {
        let path = match template.fill(values) {
            Ok(path) => path,
            Err(unfilled) => return Ok(Tried::no_way(unfilled)),
        };
        let info = match self.client.search(&path)? {
            Found::Signed(info) => info,
            Found::Unsigned { asked, valid_until } => return Ok(Tried::NoWay(Unlisted::new(asked, valid_until))),
        };
        if let Some(signed) = &page {
            agree(signed, values.file_name.and_then(|name| signed.page.file(name)), &info)?;
        }
        let file_name = values.file_name.unwrap_or_default().to_owned();
        Ok(Tried::Signed(SignedFile { file_name, bound_by: path, info, page }))
    }

    /// The page that lists a distribution, and the path of the target that its link leads to: `None` where that lies
    /// outside of the address of the targets.
    fn listed(&self, name: &DistributionName) -> Result<Result<Listed, Unlisted>, Error> {
        let signed = match self.page(name.project())? {
            PageAnswer::Unknown(unlisted) => return Ok(Err(unlisted)),
            PageAnswer::Signed(signed) => signed,
        };
        Ok(match signed.page.file(name.file_name()).map(|file| target_path_of(file.url(), self.targets)) {
            Some(path) => Ok((signed, path)),
            None => Err(signed.says("lists no such file")),
        })
    }

    fn by_page(&self, name: &DistributionName) -> Result<Tried, Error> {
        let (signed, path) = match self.listed(name)? {
            Ok(listed) => listed,
            Err(unlisted) => return Ok(Tried::NoWay(unlisted)),
        };
        let Some(file) = signed.page.file(name.file_name()) else { return Ok(Tried::NoWay(Unlisted::default())) };
        let Some(hashes) = file.hashes() else { return Ok(Tried::NoWay(signed.says("gives no strong hash for it"))) };
        // What the page signs for does not depend on where the file lies; only fetching it does.
        let path = path.map_or_else(|| TargetPath::new(name.file_name()), Ok)?;
        let (most, place) = (self.client.limits().target_bytes, Place::PlainName);
        let info = signed.info.binds(path, hashes.clone(), file.size(), most, place);
        let (file_name, bound_by) = (name.file_name().to_owned(), signed.info.path().clone());
        Ok(Tried::Signed(SignedFile { file_name, bound_by, info, page: Some(signed) }))
    }

    fn by_pointer(&self, template: &Template, name: &DistributionName) -> Result<Tried, Error> {
        let path = match template.fill(&Values::of(name)) {
            Ok(path) => path,
            Err(unfilled) => return Ok(Tried::no_way(unfilled)),
        };
        let info = match self.client.search(&path)? {
            Found::Signed(info) => info,
            Found::Unsigned { asked, valid_until } => return Ok(Tried::NoWay(Unlisted::new(asked, valid_until))),
        };
        let bytes = self.read(&info)?;
        let pointer = Pointer::parse(&bytes).map_err(|error| unreadable(&path, &error))?;
        if pointer.file_name() != name.file_name() {
            return Ok(Tried::no_way(format!("the signed pointer `{path}` is for `{}`", pointer.file_name())));
        }
        let length = pointer.length();
        let Some(hashes) = Hashes::new(vec![*pointer.digest()]) else {
            return Err(RepositoryError::target(&path, Fault::NoKnownHash).into());
        };
        let bound = info.binds(pointer.wheel_path().clone(), hashes, Some(length), length, Place::BesideTargets);
        let file_name = name.file_name().to_owned();
        Ok(Tried::Signed(SignedFile { file_name, bound_by: path, info: bound, page: None }))
    }

    /// The bytes of a page or pointer that was found signed, all of them verified.
    ///
    /// # Errors
    /// As [`Client::read`].
    pub fn read(&self, info: &TargetInfo) -> Result<Vec<u8>, Error> {
        let Some(reader) = &self.reader else { return self.client.read(info) };
        let limit = self.client.limits().page_bytes;
        if info.length() > limit {
            return Err(RepositoryError::target(info.path(), Fault::TooLarge { limit }).into());
        }
        let bytes = reader(info)?;
        let mut verifier = info.verifier();
        verifier.update(&bytes)?;
        verifier.finish()?;
        Ok(bytes)
    }

    fn fetch_page(&self, project: &ProjectName) -> Result<PageAnswer, Error> {
        let mut unlisted = Unlisted::default();
        for source in self.profile.pages() {
            let path = match source.target_path(project) {
                Ok(path) => path,
                Err(unfilled) => {
                    unlisted.because(unfilled.to_string());
                    continue;
                }
            };
            match self.client.search(&path)? {
                Found::Signed(info) => return self.read_page(source, project, info).map(PageAnswer::Signed),
                Found::Unsigned { asked, valid_until } => unlisted.and(Unlisted::new(asked, valid_until)),
            }
        }
        Ok(PageAnswer::Unknown(unlisted))
    }

    fn read_page(
        &self,
        source: &PageSource,
        project: &ProjectName,
        info: TargetInfo,
    ) -> Result<Arc<SignedPage>, Error> {
        let info = stored(source, project, info)?;
        let bytes = self.read(&info)?;
        let base = self.simple.join(&format!("{project}/"));
        let page =
            ProjectPage::parse(source.format(), &bytes, &base).map_err(|error| unreadable(info.path(), &error))?;
        Ok(Arc::new(SignedPage { info, page }))
    }
}

/// A page by where the profile says that it is stored: under any of its signed hashes.
fn stored(source: &PageSource, project: &ProjectName, info: TargetInfo) -> Result<TargetInfo, Error> {
    let paths =
        info.hashes().iter().filter_map(|hash| source.stored_path(project, hash)).collect::<Result<Vec<_>, _>>();
    let paths = paths.map_err(|unfilled| unreadable(info.path(), &unfilled))?;
    Ok(if paths.is_empty() { info } else { info.stored_at(paths) })
}

impl<T, S> std::fmt::Debug for PackageIndex<'_, T, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PackageIndex")
            .field("profile", self.profile)
            .field("targets", self.targets)
            .finish_non_exhaustive()
    }
}

impl SignedPage {
    /// That it does not lead to a file, which its role vouches for.
    fn says(&self, what: &str) -> Unlisted {
        let unlisted = Unlisted::new(vec![self.info.role().clone()], self.info.valid_until());
        Unlisted { reasons: vec![format!("the signed page `{}` {what}", self.info.path())], ..unlisted }
    }
}

impl SignedFile {
    /// The digest that is signed for the file: its target's, or the one that the signed page gives for it.
    #[must_use]
    pub fn digest(&self, algorithm: HashAlgorithm) -> Option<&Digest> {
        let by_page = || self.page.as_ref()?.page.file(&self.file_name)?.hashes()?.of(algorithm);
        self.info.hashes().of(algorithm).or_else(by_page)
    }

    /// Why the index says that nobody should install it any more (PEP 592), as the signed page has it; the reason may
    /// be empty. `None` where it is not yanked, or where no page had to be read.
    #[must_use]
    pub fn yanked(&self) -> Option<&str> {
        self.page.as_ref()?.page.file(&self.file_name)?.yanked()
    }
}

impl Unlisted {
    /// That these roles do not list it.
    #[must_use]
    pub fn new(asked: Vec<RoleName>, valid_until: SystemTime) -> Self {
        Self { asked, valid_until: Some(valid_until), reasons: Vec::new() }
    }

    fn and(&mut self, other: Self) {
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

    fn because(&mut self, reason: String) {
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}

/// A page and the target that it leads to are of one snapshot: where both give a hash, it is one hash.
fn agree(signed: &SignedPage, file: Option<&PageFile>, info: &TargetInfo) -> Result<(), Error> {
    let Some(by_page) = file.and_then(PageFile::hashes) else { return Ok(()) };
    for digest in by_page.iter() {
        if let Some(listed) = info.hashes().of(digest.algorithm()).filter(|listed| *listed != digest) {
            let (algorithm, path) = (digest.algorithm(), info.path());
            let (digest, listed) = (digest.to_hex(), listed.to_hex());
            let reason = format!("gives {algorithm} {digest} for `{path}`, for which {listed} is signed");
            return Err(unreadable(signed.info.path(), &reason));
        }
    }
    Ok(())
}

/// A page or pointer that is signed and is not what it must be.
fn unreadable(path: &TargetPath, reason: &impl ToString) -> Error {
    RepositoryError::target(path, Fault::Malformed(Malformed::new(0, reason.to_string()))).into()
}
