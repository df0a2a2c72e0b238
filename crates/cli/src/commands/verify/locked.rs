//! What a lock file names: its hash is compared with the signed one, and nothing is downloaded for that.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use tufgate::pypi::{DistributionName, PageAnswer, ProjectName, SignedFile, SignedPage};
use tufgate::{Digest, HashAlgorithm};

use super::Judge;
use crate::error::CliError;
use crate::inputs::{Locked, LockedHash};
use crate::judged::{Amount, Judged, Verdict};
use crate::names::name_fault;
use crate::text::shown;

/// The files of a version, of which a hash may mean any.
struct Candidates {
    page: Arc<SignedPage>,
    files: usize,
    /// Their names by all digests that are signed for them.
    by_digest: HashMap<Digest, String>,
    /// What became of one about which nothing could be learned.
    in_doubt: Option<Verdict>,
}

impl Judge<'_> {
    pub(super) fn locked(&self, locked: &Locked) -> Result<Vec<Judged>, CliError> {
        match &locked.file_name {
            Some(file_name) => Ok(vec![self.locked_file(locked, file_name)?]),
            None => self.locked_hashes(locked),
        }
    }

    /// A file by its name. An installer may take it by any of the hashes that are locked, so that all of them must hold.
    fn locked_file(&self, locked: &Locked, file_name: &str) -> Result<Judged, CliError> {
        if let Some(reason) = other_project(locked, file_name) {
            return Ok(judged(locked, file_name, Verdict::Undecided { reason }));
        }
        let digests: Vec<Digest> = locked.hashes.iter().filter_map(digest).collect();
        match self.signed(file_name, &digests)? {
            Ok(signed) => self.hold(locked, &locked.hashes, &signed, file_name),
            Err(verdict) => Ok(judged(locked, file_name, verdict)),
        }
    }

    /// Files by their hashes: each hash stands for another file, any of which may be installed.
    fn locked_hashes(&self, locked: &Locked) -> Result<Vec<Judged>, CliError> {
        match self.candidates(locked)? {
            Ok(candidates) => locked.hashes.iter().map(|hash| self.locked_hash(locked, hash, &candidates)).collect(),
            Err(verdict) => Ok(vec![judged(locked, &about(locked), verdict)]),
        }
    }

    fn locked_hash(&self, locked: &Locked, hash: &LockedHash, candidates: &Candidates) -> Result<Judged, CliError> {
        let undecided = |reason| Ok(judged(locked, &about(locked), Verdict::Undecided { reason }));
        let Some(digest) = digest(hash) else {
            return undecided(format!("`{}:{}` is no hash that can be signed", hash.algorithm, hash.hex));
        };
        if let Some(file_name) = candidates.by_digest.get(&digest) {
            return match self.signed(file_name, &[digest])? {
                Ok(signed) => self.hold(locked, std::slice::from_ref(hash), &signed, file_name),
                Err(verdict) => Ok(judged(locked, file_name, verdict)),
            };
        }
        if let Some(verdict) = &candidates.in_doubt {
            return Ok(judged(locked, &about(locked), verdict.clone()));
        }
        let algorithm = digest.algorithm();
        if !candidates.by_digest.keys().any(|signed| signed.algorithm() == algorithm) {
            return undecided(format!("it is locked by {algorithm}, by which no file of this version is signed"));
        }
        let expected = match candidates.files {
            1 => "another one for the one file of this version".to_owned(),
            files => format!("others for the {files} files of this version"),
        };
        let (expected, found) = (Amount::Text(expected), Amount::Text(digest.to_hex()));
        let info = &candidates.page.info;
        let verdict = Verdict::differs(info, algorithm.to_string(), expected, found);
        Ok(Judged { target: Some(info.path().as_str().to_owned()), ..judged(locked, &about(locked), verdict) })
    }

    /// The files that the signed page lists for a version.
    fn candidates(&self, locked: &Locked) -> Result<Result<Candidates, Verdict>, CliError> {
        let project = match ProjectName::new(&locked.project) {
            Ok(project) => project,
            Err(error) => return Ok(Err(Verdict::no_target(error.to_string()))),
        };
        if self.index.profile.pages().is_empty() {
            let reason = "the index has no pages, so that no file can be found by its hash".to_owned();
            return Ok(Err(Verdict::Undecided { reason }));
        }
        let page = match self.packages.page(&project) {
            Ok(PageAnswer::Signed(page)) => page,
            Ok(PageAnswer::Unknown(unlisted)) => {
                return Ok(Err(Verdict::unknown_project(project.as_str(), &unlisted)));
            }
            Err(error) => return Ok(Err(self.failed(error)?)),
        };
        let wanted: Vec<HashAlgorithm> =
            locked.hashes.iter().filter_map(|hash| HashAlgorithm::from_name(&hash.algorithm)).collect();
        let version = locked.version.as_deref();
        let is_of_version = |name: &DistributionName| version.is_none_or(|version| name.same_version(version));
        let (mut files, mut by_digest, mut in_doubt) = (0, HashMap::new(), None);
        for file in page.page.files().iter().filter(|file| is_of_version(file.name())) {
            files += 1;
            let name = file.file_name();
            let by_page = file.hashes();
            by_digest
                .extend(by_page.into_iter().flat_map(|hashes| hashes.iter()).map(|digest| (*digest, name.to_owned())));
            // What the page does not say, its target may.
            if wanted.iter().any(|algorithm| by_page.and_then(|hashes| hashes.of(*algorithm)).is_none()) {
                match self.signed(name, &[])? {
                    Ok(signed) => {
                        by_digest.extend(signed.info.hashes().iter().map(|digest| (*digest, name.to_owned())))
                    }
                    Err(verdict) => in_doubt = in_doubt.or(Some(verdict)),
                }
            }
        }
        if files == 0 {
            let version = version.map_or_else(|| "file".to_owned(), |version| format!("file of version {version}"));
            let reason = format!("the signed page `{}` lists no {version}", page.info.path());
            return Ok(Err(Verdict::no_target(reason)));
        }
        Ok(Ok(Candidates { page, files, by_digest, in_doubt }))
    }

    /// Whether what is locked is what is signed; if so, and if it was asked for, it is fetched.
    fn hold(
        &self,
        locked: &Locked,
        hashes: &[LockedHash],
        signed: &SignedFile,
        file_name: &str,
    ) -> Result<Judged, CliError> {
        let mut verdict = held(locked, hashes, signed).unwrap_or_else(|| Verdict::verified(&signed.info, self.now));
        let mut downloaded = None;
        if let (Some(dir), Verdict::Verified { .. } | Verdict::Stale { accepted: true, .. }) = (self.download, &verdict)
        {
            match self.fetch_into(dir, signed, file_name)? {
                Ok(path) => downloaded = Some(path),
                Err(failed) => verdict = failed,
            }
        }
        let target = Some(signed.bound_by.as_str().to_owned());
        let yanked = signed.yanked().map(str::to_owned);
        Ok(Judged { target, downloaded, yanked, ..judged(locked, file_name, verdict) })
    }

    /// Fetches what is signed under its own name.
    fn fetch_into(
        &self,
        dir: &Path,
        signed: &SignedFile,
        file_name: &str,
    ) -> Result<Result<String, Verdict>, CliError> {
        let unfetched = |reason| Ok(Err(Verdict::Unreadable { reason: format!("it is what is signed, but {reason}") }));
        if !signed.is_reachable {
            return unfetched("does not lie below the address of the targets, and was not fetched".to_owned());
        }
        if let Some(reason) = name_fault(file_name) {
            return unfetched(format!("cannot be written as a file: {reason}"));
        }
        // Whoever comes first has the name.
        let hashes = signed.info.hashes().clone();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if *taken.entry(file_name.to_lowercase()).or_insert_with(|| hashes.clone()) != hashes {
            return unfetched("another file of this name was to be written, too".to_owned());
        }
        drop(taken);
        fs::create_dir_all(dir).map_err(|error| CliError::disk(format!("cannot make {}", shown(dir)), error))?;
        let to = dir.join(file_name);
        Ok(self.fetch(&signed.info, &to)?.map(|()| to.to_string_lossy().into_owned()))
    }
}

/// What is wrong with the hashes and the size that are locked for a file; `None` where all of them are as signed.
fn held(locked: &Locked, hashes: &[LockedHash], signed: &SignedFile) -> Option<Verdict> {
    let info = &signed.info;
    let mut uncompared = None;
    for hash in hashes {
        let by = digest(hash).and_then(|digest| Some((digest, *signed.digest(digest.algorithm())?)));
        match by {
            Some((digest, expected)) if expected != digest => {
                let (expected, found) = (Amount::Text(expected.to_hex()), Amount::Text(digest.to_hex()));
                return Some(Verdict::differs(info, digest.algorithm().to_string(), expected, found));
            }
            Some(_) => {}
            None => uncompared = Some(&hash.algorithm),
        }
    }
    if let Some(algorithm) = uncompared {
        let signed = info.hashes().iter().map(|digest| digest.algorithm().name()).collect::<Vec<_>>().join(", ");
        let reason = format!("an installer may take it by its {algorithm}; it is signed by {signed} alone");
        return Some(Verdict::Undecided { reason });
    }
    let size = locked.size.filter(|size| info.is_exact() && *size != info.length())?;
    let (expected, found) = (Amount::Number(info.length()), Amount::Number(size));
    Some(Verdict::differs(info, "length".to_owned(), expected, found))
}

/// That a file is of another project than the one it is locked for.
fn other_project(locked: &Locked, file_name: &str) -> Option<String> {
    let found = DistributionName::parse(file_name).ok()?;
    let expected = ProjectName::new(&locked.project).ok()?;
    (*found.project() != expected)
        .then(|| format!("it is locked for `{expected}`, and by its name it is a file of `{}`", found.project()))
}

pub(in crate::commands) fn digest(hash: &LockedHash) -> Option<Digest> {
    Digest::from_hex(HashAlgorithm::from_name(&hash.algorithm)?, &hash.hex)
}

fn about(locked: &Locked) -> String {
    match &locked.version {
        Some(version) => format!("{}=={version}", locked.project),
        None => locked.project.clone(),
    }
}

fn judged(locked: &Locked, distribution: &str, verdict: Verdict) -> Judged {
    let (file, distribution) = (Some(locked.source.to_string_lossy().into_owned()), Some(distribution.to_owned()));
    Judged { file, line: locked.line, distribution, ..Judged::new(verdict) }
}
