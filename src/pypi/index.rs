//! What the repository signs for a distribution: the ways of a profile, tried in order, in one session.

use std::sync::Arc;

use super::pages::Pages;
use super::{
    Answer, DistributionName, FileSource, NameError, PageAnswer, PageSource, Placeholder, Pointer, Profile,
    ProjectName, ProjectPage, SignedFile, SignedPage, Template, Unlisted, Values, target_path_of,
};
use crate::client::Client;
use crate::digest::{Digest, Hashes};
use crate::error::{Error, Fault, Malformed, RepositoryError, without_credentials};
use crate::lookup::Found;
use crate::role::TargetPath;
use crate::store::Store;
use crate::target::{Place, TargetInfo};
use crate::transport::{BaseUrl, Transport};

/// What only the name of a distribution can say.
const NEED_NAME: [Placeholder; 3] = [Placeholder::Project, Placeholder::Version, Placeholder::Url];

/// A package index by PEP 458: asks a client, in the session of its last refresh, for what is signed for projects and
/// distributions. It may be asked from many threads at once.
///
/// ```no_run
/// use tufgate::pypi::{Answer, PackageIndex, Profile};
/// use tufgate::{BaseUrl, Client, Error, FileStore, FileTransport};
/// # fn ask(mut client: Client<FileTransport, FileStore>) -> Result<(), Box<dyn std::error::Error>> {
/// let (simple, targets) = (BaseUrl::new("https://index.example/simple/")?, BaseUrl::new("https://index.example/")?);
/// let profile = Profile::named("pep458")?;
/// let answer = client.consistently(|client| {
///     let index = PackageIndex::new(client, &profile, &simple, &targets);
///     index.file("example-1.0-py3-none-any.whl", &[])
/// })?;
/// match answer {
///     Answer::Signed(file) => println!("{} bytes, bound by {}", file.info.length(), file.bound_by),
///     Answer::Unsigned(nobody) | Answer::UnknownProject(_, nobody) => println!("not listed by {:?}", nobody.asked),
/// }
/// # Ok(())
/// # }
/// ```
pub struct PackageIndex<'c, T, S> {
    client: &'c Client<T, S>,
    /// Where pages and pointers come from, if not straight from the client.
    reader: Option<Box<Reader<'c>>>,
    profile: &'c Profile,
    simple: &'c BaseUrl,
    targets: &'c BaseUrl,
    pages: Pages,
}

type Reader<'c> = dyn Fn(&TargetInfo) -> Result<Vec<u8>, Error> + Send + Sync + 'c;

/// A page that lists a file.
struct Listed {
    page: Arc<SignedPage>,
    /// The target that its link leads to; `None` where that lies outside of the address of the targets.
    path: Option<TargetPath>,
    /// What the page gives for the file.
    hashes: Option<Hashes>,
    size: Option<u64>,
}

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
        Self { client, reader: None, profile, simple, targets, pages: Pages::default() }
    }

    /// The same, which has `reader` bring pages and pointers, for a program that keeps them. What it brings is verified
    /// like what the client fetches, and nothing is asked of it that is larger than
    /// [`Limits::page_bytes`](crate::Limits).
    #[must_use]
    pub fn with_reader(self, reader: impl Fn(&TargetInfo) -> Result<Vec<u8>, Error> + Send + Sync + 'c) -> Self {
        Self { reader: Some(Box::new(reader)), ..self }
    }

    /// The index page of a project: the first of the profile's that is signed. It is read only after all of it was
    /// verified, and is kept as long as it is among the last 128 that were asked for, fewer where they are large. What it says of its own name counts for nothing: it is of the project for which it was
    /// signed.
    ///
    /// # Errors
    /// See [`Error`]; a page that is signed and cannot be read is the repository's fault. A page that failed is kept
    /// like any other: whoever needs it is told the same.
    pub fn page(&self, project: &ProjectName) -> Result<PageAnswer, Error> {
        self.pages.get(project, || self.fetch_page(project))
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

    /// What is signed for the distribution of this file name, or for the metadata file beside one (PEP 658). `digests` are
    /// those of its content, as far as they are known: a template may need them. Where none of them is of an algorithm by
    /// which the target is signed, the signed page of the project is read too, which may give one: see
    /// [`SignedFile::digest`].
    ///
    /// # Errors
    /// See [`Error`]. That nothing is signed for it is not one.
    pub fn file(&self, file_name: &str, digests: &[Digest]) -> Result<Answer, Error> {
        let name = DistributionName::parse(file_name);
        let mut unlisted = Unlisted::default();
        for source in self.profile.files() {
            let tried = match (source, &name) {
                (FileSource::Target(template), name) => self.by_target(template, file_name, name.as_ref(), digests),
                (FileSource::Page, Ok(name)) => self.by_page(name),
                (FileSource::Pointer(template), Ok(name)) => self.by_pointer(template, name),
                (_, Err(error)) => Ok(Tried::no_way(error)),
            };
            match tried? {
                Tried::Signed(signed) => {
                    return Ok(Answer::Signed(self.comparable(signed, name.as_ref().ok(), digests)?));
                }
                Tried::NoWay(reasons) => unlisted.and(reasons),
            }
        }
        match name {
            Ok(name) => self.nothing(name.project(), unlisted),
            Err(_) => Ok(Answer::Unsigned(unlisted)),
        }
    }

    /// With the page that lists it, where what is known of the content can be compared with nothing else.
    fn comparable(
        &self,
        signed: SignedFile,
        name: Option<&DistributionName>,
        digests: &[Digest],
    ) -> Result<SignedFile, Error> {
        let compares = |digest: &Digest| signed.info.hashes().of(digest.algorithm()).is_some();
        let (Some(name), None, false) = (name, &signed.page, digests.is_empty() || digests.iter().any(compares)) else {
            return Ok(signed);
        };
        if self.profile.pages().is_empty() {
            return Ok(signed);
        }
        let Ok(listed) = self.listed(name)? else { return Ok(signed) };
        listed.agrees_with(&signed.info)?;
        Ok(SignedFile { page: Some(listed.page), ..signed })
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
        name: Result<&DistributionName, &NameError>,
        digests: &[Digest],
    ) -> Result<Tried, Error> {
        let known = match name {
            Ok(name) => Values::of(name),
            Err(error) if NEED_NAME.iter().any(|placeholder| template.has(*placeholder)) => {
                return Ok(Tried::no_way(error));
            }
            Err(_) => Values::default(),
        };
        let values = Values { file_name: Some(file_name), digests, ..known };
        let (Ok(name), true) = (name, template.needs_page()) else { return self.at(template, &values, None) };
        match self.listed(name)? {
            Ok(Listed { page, path: None, .. }) => {
                Ok(Tried::NoWay(page.says("leads to a place outside of the address of the targets")))
            }
            Ok(listed) => self.at(template, &Values { url: listed.path.as_ref(), ..values }, Some(&listed)),
            Err(unlisted) => Ok(Tried::NoWay(unlisted)),
        }
    }

    /// The target that a template names, and that the page, where there is one, must agree with.
    fn at(&self, template: &Template, values: &Values<'_>, listed: Option<&Listed>) -> Result<Tried, Error> {
        let path = match template.fill(values) {
            Ok(path) => path,
            Err(unfilled) => return Ok(Tried::no_way(unfilled)),
        };
        let info = match self.client.search(&path)? {
            Found::Signed(info) => info,
            Found::Unsigned { asked, valid_until } => return Ok(Tried::NoWay(Unlisted::new(asked, valid_until))),
        };
        if let Some(listed) = listed {
            listed.agrees_with(&info)?;
        }
        let file_name = values.file_name.unwrap_or_default().to_owned();
        let page = listed.map(|listed| Arc::clone(&listed.page));
        Ok(Tried::Signed(SignedFile { file_name, bound_by: path, info, is_reachable: true, page }))
    }

    /// What the page of its project says of a distribution, or of the metadata file beside one: that lies under the same
    /// address with `.metadata` behind it, and has its own hash (PEP 658).
    fn listed(&self, name: &DistributionName) -> Result<Result<Listed, Unlisted>, Error> {
        let page = match self.page(name.project())? {
            PageAnswer::Unknown(unlisted) => return Ok(Err(unlisted)),
            PageAnswer::Signed(page) => page,
        };
        let Some(file) = page.page.file(name.distribution()) else { return Ok(Err(page.says("lists no such file"))) };
        let (url, size) = if name.is_metadata() {
            if file.core_metadata().is_none() {
                return Ok(Err(page.says("lists no such file")));
            }
            (format!("{}.metadata", file.url()), None)
        } else {
            (file.url().to_owned(), file.size())
        };
        let (path, hashes) = (target_path_of(&url, self.targets), file.hashes_of(name.file_name()).cloned());
        Ok(Ok(Listed { page, path, hashes, size }))
    }

    fn by_page(&self, name: &DistributionName) -> Result<Tried, Error> {
        let Listed { page, path, hashes, size } = match self.listed(name)? {
            Ok(listed) => listed,
            Err(unlisted) => return Ok(Tried::NoWay(unlisted)),
        };
        let Some(hashes) = hashes else { return Ok(Tried::NoWay(page.says("gives no strong hash for it"))) };
        // What the page signs for does not depend on where the file lies; only fetching it does.
        let is_reachable = path.is_some();
        let path = path.map_or_else(|| TargetPath::new(name.file_name()), Ok)?;
        let info = page.info.binds(path, hashes, size, self.client.limits().target_bytes, Place::PlainName)?;
        let (file_name, bound_by) = (name.file_name().to_owned(), page.info.path().clone());
        Ok(Tried::Signed(SignedFile { file_name, bound_by, info, is_reachable, page: Some(page) }))
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
        let Some(hashes) = Hashes::new(vec![*pointer.digest()]) else {
            return Err(RepositoryError::target(&path, Fault::NoKnownHash).into());
        };
        let (size, limit) = (Some(pointer.length()), self.client.limits().target_bytes);
        let bound = info.binds(pointer.wheel_path().clone(), hashes, size, limit, Place::BesideTargets)?;
        let file_name = name.file_name().to_owned();
        Ok(Tried::Signed(SignedFile { file_name, bound_by: path, info: bound, is_reachable: true, page: None }))
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
        // Links are compared with the address of the targets, whose credentials are nobody's to repeat.
        let base = without_credentials(&self.simple.join(&format!("{project}/")));
        let page =
            ProjectPage::parse(source.format(), &bytes, &base).map_err(|error| unreadable(info.path(), &error))?;
        Ok(Arc::new(SignedPage { info, page }))
    }
}

impl Listed {
    /// A page and the target that it leads to are of one snapshot: where both give a hash, it is one hash.
    fn agrees_with(&self, info: &TargetInfo) -> Result<(), Error> {
        for digest in self.hashes.iter().flat_map(Hashes::iter) {
            if let Some(signed) = info.hashes().of(digest.algorithm()).filter(|signed| *signed != digest) {
                let (algorithm, path) = (digest.algorithm(), info.path());
                let (digest, signed) = (digest.to_hex(), signed.to_hex());
                let reason = format!("gives {algorithm} {digest} for `{path}`, for which {signed} is signed");
                return Err(unreadable(self.page.info.path(), &reason));
            }
        }
        Ok(())
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

/// A page or pointer that is signed and is not what it must be.
fn unreadable(path: &TargetPath, reason: &impl ToString) -> Error {
    RepositoryError::target(path, Fault::Malformed(Malformed::new(0, reason.to_string()))).into()
}
