//! The package index in a repository: distributions, the metadata beside them, and the pages that list them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::SystemTime;

use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;
use tufgate::pypi::{DistributionName, FileSource, PageSource, Placeholder, Profile, ProjectName, Template, Values};
use tufgate::{Digest, Found, HashAlgorithm, Hasher, TargetPath};

use crate::Result;
use crate::distribution::Distribution;
use crate::document::{target_entry, utc};
use crate::error::Error;
use crate::pages::{Page, PageFile};
use crate::repository::{Repository, TARGETS, untrusted};
use crate::update::{Update, places};

/// Where `pep458` has distributions: its pages may say anything, and these say this.
const PLACE: &str = "packages/{filename}";

const PIECE: usize = 1 << 16;

/// A change of the index, on top of a change of its repository.
#[derive(Debug)]
pub struct IndexUpdate<'r> {
    repository: &'r Repository,
    update: Update<'r>,
    now: SystemTime,
    profile: Profile,
    files: Template,
    algorithms: Vec<HashAlgorithm>,
    /// The pages that were looked at, and whether they changed.
    pages: BTreeMap<ProjectName, (Page, bool)>,
}

/// One distribution that was given to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// Its target path.
    pub path: TargetPath,
    /// Its SHA-256, in hex.
    pub sha256: String,
    /// Whether it was published before, with the same content.
    pub known: bool,
}

impl<'r> IndexUpdate<'r> {
    /// A change of nothing yet, made at `now`.
    ///
    /// # Errors
    /// When the settings name a profile that cannot be published.
    pub fn new(repository: &'r Repository, now: SystemTime) -> Result<Self> {
        let settings = repository.settings();
        let profile = settings.index_profile()?;
        let pointers =
            || Error::usage(format!("the profile `{}` cannot be published", settings.profile), "choose another");
        if profile.files().iter().any(|source| matches!(source, FileSource::Pointer(_))) {
            return Err(pointers());
        }
        let template = profile.files().iter().find_map(|source| match source {
            FileSource::Target(template) => Some(template.clone()),
            _ => None,
        });
        let files = match template.ok_or_else(pointers)? {
            template if template.has(Placeholder::Url) => PLACE.parse().map_err(|_| pointers())?,
            template => template,
        };
        let algorithms = settings.algorithms()?;
        Ok(Self {
            repository,
            update: Update::new(repository, now),
            now,
            profile,
            files,
            algorithms,
            pages: BTreeMap::new(),
        })
    }

    /// Publishes a distribution. The same one again is no change.
    ///
    /// # Errors
    /// [`Error::Input`] when it is none; [`Error::Conflict`] when its place is taken by other content, also of one that
    /// was removed, as long as that lies there.
    pub fn add(&mut self, path: &Path) -> Result<Added> {
        let distribution = Distribution::read(path)?;
        let name = &distribution.name;
        let copy = self.copied(path)?;
        let target = self.target_path(name, &copy.digests)?;
        let sha256 = copy.sha256();
        let entry = target_entry(copy.length, &self.listed_of(&copy.digests));
        let known = match self.update.peek(&target)? {
            Some(old) if same_content(&old, &entry) => true,
            Some(_) => return Err(Error::Conflict { target: target.as_str().to_owned() }),
            None => false,
        };
        if known {
            return Ok(Added { path: target, sha256, known });
        }
        self.refuse_other_content(&target, copy.length, &sha256)?;

        let mut file = PageFile {
            core_metadata: None,
            filename: name.file_name().to_owned(),
            hashes: Map::from_iter([("sha256".to_owned(), json!(sha256))]),
            requires_python: distribution.requires_python,
            size: Some(copy.length),
            upload_time: Some(utc(self.now)),
            url: PageFile::link(&target),
            yanked: None,
            other: Map::new(),
        };
        self.publish(&target, copy)?;
        if let Some(metadata) = &distribution.metadata
            && !self.profile.pages().is_empty()
        {
            let path = TargetPath::new(format!("{}.metadata", target.as_str())).map_err(invalid)?;
            let copy = self.copy_of(metadata.as_slice(), Path::new(path.as_str()))?;
            file.core_metadata = Some(copy.sha256());
            self.publish(&path, copy)?;
        }
        let page = self.page(name.project())?;
        page.0.files.retain(|one| one.filename != file.filename);
        page.0.files.push(file);
        page.1 = true;
        Ok(Added { path: target, sha256, known })
    }

    /// Takes over what another index says of files that are published here: whether they are yanked, and when they were
    /// uploaded. Files that are not published are passed over.
    ///
    /// # Errors
    /// When the project's page does not verify.
    pub fn adopt(&mut self, theirs: &Page) -> Result<()> {
        let project = ProjectName::new(&theirs.project).map_err(invalid)?;
        let (page, changed) = self.page(&project)?;
        for file in &mut page.files {
            let Some(other) = theirs.files.iter().find(|other| other.filename == file.filename) else { continue };
            if other.sha256() != file.sha256() {
                continue;
            }
            *changed |= file.yanked != other.yanked;
            file.yanked.clone_from(&other.yanked);
            if *changed && other.upload_time.is_some() {
                file.upload_time.clone_from(&other.upload_time);
            }
        }
        Ok(())
    }

    /// Takes files of a project from the index. What lies on the disk stays.
    ///
    /// # Errors
    /// When the project has no page, or a file is not published.
    pub fn remove(&mut self, project: &ProjectName, which: impl Fn(&PageFile) -> bool) -> Result<Vec<TargetPath>> {
        let page = self.page(project)?;
        let (removed, kept): (Vec<_>, Vec<_>) = page.0.files.drain(..).partition(|file| which(file));
        page.0.files = kept;
        page.1 |= !removed.is_empty();
        let mut paths = Vec::new();
        for file in removed {
            let path = linked(&file)?;
            self.update.unlist(&path)?;
            if file.core_metadata.is_some() {
                self.update.unlist(&TargetPath::new(format!("{}.metadata", path.as_str())).map_err(invalid)?)?;
            }
            paths.push(path);
        }
        Ok(paths)
    }

    /// Marks files of a project as yanked (PEP 592), or no longer. They stay targets: who pinned them can have them.
    ///
    /// # Errors
    /// When the project has no page.
    pub fn yank(
        &mut self,
        project: &ProjectName,
        reason: Option<&str>,
        which: impl Fn(&PageFile) -> bool,
    ) -> Result<Vec<TargetPath>> {
        let page = self.page(project)?;
        let mut paths = Vec::new();
        for file in page.0.files.iter_mut().filter(|file| which(file) && file.yanked.as_deref() != reason) {
            file.yanked = reason.map(str::to_owned);
            paths.push(linked(file)?);
        }
        page.1 |= !paths.is_empty();
        Ok(paths)
    }

    /// The page of a project as it will be.
    ///
    /// # Errors
    /// When it does not verify.
    pub fn page(&mut self, project: &ProjectName) -> Result<&mut (Page, bool)> {
        if !self.pages.contains_key(project) {
            let page = self.published_page(project)?;
            self.pages.insert(project.clone(), (page, false));
        }
        self.pages.get_mut(project).ok_or_else(|| Error::Document("a page is not loaded".to_owned()))
    }

    /// Adds the pages that changed: the change of the repository, ready to commit.
    ///
    /// # Errors
    /// When a page cannot be written.
    pub fn finish(mut self) -> Result<Update<'r>> {
        for (project, (page, _)) in std::mem::take(&mut self.pages).into_iter().filter(|(_, (_, changed))| *changed) {
            for source in self.profile.pages().to_vec() {
                let path = source.target_path(&project).map_err(invalid)?;
                if page.files.is_empty() {
                    self.update.unlist(&path)?;
                    // Who installs without TUF would go on by the plain copy.
                    self.update.withdraw(path.as_str());
                    continue;
                }
                let copy = self.copy_of(page.write(source.format())?.as_slice(), Path::new(path.as_str()))?;
                self.publish_page(&project, &source, &path, copy)?;
            }
        }
        Ok(self.update)
    }

    fn published_page(&self, project: &ProjectName) -> Result<Page> {
        for source in self.profile.pages() {
            let path = source.target_path(project).map_err(invalid)?;
            let Found::Signed(info) = self.repository.find(&path)? else { continue };
            let client = self.repository.client();
            let stored = info.hashes().iter().find_map(|hash| source.stored_path(project, hash));
            let bytes = match stored {
                Some(stored) => client.read_at(&info, &stored.map_err(invalid)?.url_path(None)),
                None => client.read(&info),
            };
            return Page::read(source.format(), project, &bytes.map_err(untrusted(self.repository.path()))?);
        }
        Ok(Page { project: project.as_str().to_owned(), files: Vec::new() })
    }

    fn target_path(&self, name: &DistributionName, digests: &[Digest]) -> Result<TargetPath> {
        self.files.fill(&Values { digests, ..Values::of(name) }).map_err(invalid)
    }

    /// Only the configured hashes are signed; others were needed for names and pages.
    fn listed_of(&self, digests: &[Digest]) -> Vec<Digest> {
        digests.iter().filter(|digest| self.algorithms.contains(&digest.algorithm())).copied().collect()
    }

    /// A removed file's place is not free for another one: who cached the old one would have both under one name.
    fn refuse_other_content(&self, target: &TargetPath, length: u64, sha256: &str) -> Result<()> {
        let plain = self.repository.path().join(TARGETS).join(target.as_str());
        let Ok(mut file) = File::open(&plain) else { return Ok(()) };
        let mut hasher = Hasher::new([HashAlgorithm::Sha256]);
        read_pieces(&mut file, &plain, |piece| {
            hasher.update(piece);
            Ok(())
        })?;
        let same = hasher.length() == length && hasher.finish().iter().any(|digest| digest.to_hex() == sha256);
        if same { Ok(()) } else { Err(Error::Conflict { target: target.as_str().to_owned() }) }
    }

    fn copied(&self, path: &Path) -> Result<Copy> {
        self.copy_of(File::open(path).map_err(Error::disk(path, "cannot open"))?, path)
    }

    /// The bytes in a file of the repository's file system, hashed as they were written.
    fn copy_of(&self, mut from: impl Read, what: &Path) -> Result<Copy> {
        let mut algorithms = self.algorithms.clone();
        algorithms.extend([HashAlgorithm::Sha256].iter().chain(self.files.digests()));
        let mut hasher = Hasher::new(algorithms);
        let mut file = self.update.new_file()?;
        read_pieces(&mut from, what, |piece| {
            hasher.update(piece);
            file.write_all(piece).map_err(Error::disk(self.repository.path(), "cannot write to it"))
        })?;
        Ok(Copy { file, length: hasher.length(), digests: hasher.finish() })
    }

    fn publish(&mut self, path: &TargetPath, copy: Copy) -> Result<()> {
        let listed = self.listed_of(&copy.digests);
        self.update.list(path, target_entry(copy.length, &listed))?;
        let mut stored = places(path, &listed, self.profile.plain_target_names());
        if !self.profile.plain_target_names() {
            // For installers that know no TUF.
            stored.push(path.as_str().to_owned());
        }
        self.place(stored, copy)
    }

    fn publish_page(
        &mut self,
        project: &ProjectName,
        source: &PageSource,
        path: &TargetPath,
        copy: Copy,
    ) -> Result<()> {
        if source.stored().is_none() {
            return self.publish(path, copy);
        }
        let listed = self.listed_of(&copy.digests);
        self.update.list(path, target_entry(copy.length, &listed))?;
        let stored = listed.iter().filter_map(|hash| source.stored_path(project, hash));
        let stored = stored.map(|path| Ok(path.map_err(invalid)?.as_str().to_owned())).collect::<Result<Vec<_>>>()?;
        self.place(stored, copy)
    }

    /// The same bytes under several names.
    fn place(&mut self, mut stored: Vec<String>, mut copy: Copy) -> Result<()> {
        let last = stored.pop();
        for place in stored {
            copy.file.seek(SeekFrom::Start(0)).map_err(Error::disk(self.repository.path(), "cannot read back"))?;
            let mut twin = self.update.new_file()?;
            std::io::copy(&mut copy.file, &mut twin)
                .map_err(Error::disk(self.repository.path(), "cannot write to it"))?;
            self.update.store_file(&place, twin)?;
        }
        if let Some(place) = last {
            self.update.store_file(&place, copy.file)?;
        }
        Ok(())
    }
}

/// Bytes that are to be published, with what they hash to.
#[derive(Debug)]
struct Copy {
    file: NamedTempFile,
    length: u64,
    digests: Vec<Digest>,
}

impl Copy {
    fn sha256(&self) -> String {
        let sha256 = self.digests.iter().find(|digest| digest.algorithm() == HashAlgorithm::Sha256);
        sha256.map(Digest::to_hex).unwrap_or_default()
    }
}

/// Whether two entries are of the same bytes. Hashes that only one of them has do not tell.
fn same_content(one: &Value, other: &Value) -> bool {
    let hashes = |entry: &Value| entry.get("hashes").and_then(Value::as_object).cloned().unwrap_or_default();
    let (ours, theirs) = (hashes(one), hashes(other));
    let mut common = ours.iter().filter_map(|(name, hash)| theirs.get(name).map(|other| hash == other)).peekable();
    one.get("length") == other.get("length") && common.peek().is_some() && common.all(|same| same)
}

/// The target that a page's file is: its link, the other way round.
fn linked(file: &PageFile) -> Result<TargetPath> {
    let base = tufgate::BaseUrl::new("https://index.invalid/").map_err(invalid)?;
    let url = file.url.strip_prefix("../../").map(|path| base.join(path));
    let path = url.and_then(|url| tufgate::pypi::target_path_of(&url, &base));
    path.ok_or_else(|| Error::Document(format!("the link of `{}` leads out of the repository", file.filename)))
}

fn read_pieces(from: &mut impl Read, what: &Path, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        match from.read(&mut piece).map_err(Error::disk(what, "cannot read"))? {
            0 => return Ok(()),
            length => take(piece.get(..length).unwrap_or_default())?,
        }
    }
}

fn invalid(error: impl std::fmt::Display) -> Error {
    Error::Document(error.to_string())
}
