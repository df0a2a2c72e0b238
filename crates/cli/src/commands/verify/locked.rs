//! What a lock file names: its hash is compared with the signed one, and nothing is downloaded for that.

use std::fs;

use tufgate::pypi::{DistributionName, PageAnswer, ProjectName, SignedFile, SignedPage};
use tufgate::{Digest, HashAlgorithm};

use super::Judge;
use crate::error::CliError;
use crate::inputs::{Locked, LockedHash};
use crate::judged::{Amount, Judged, Verdict};
use crate::names::name_fault;
use crate::text::shown;

impl Judge<'_> {
    pub(super) fn locked(&self, locked: &Locked) -> Result<Vec<Judged>, CliError> {
        match &locked.file_name {
            Some(file_name) => Ok(vec![self.locked_file(locked, file_name)?]),
            // Each hash stands for another file, any of which may be installed.
            None => locked.hashes.iter().map(|hash| self.locked_hash(locked, hash)).collect(),
        }
    }

    /// A file by its name: every hash that is locked for it must hold.
    fn locked_file(&self, locked: &Locked, file_name: &str) -> Result<Judged, CliError> {
        let judged = |target, downloaded, verdict| judged(locked, file_name.to_owned(), target, downloaded, verdict);
        if let Some(other) = other_project(locked, file_name) {
            return Ok(judged(None, None, Verdict::Undecided { reason: other }));
        }
        let digests: Vec<Digest> = locked.hashes.iter().filter_map(digest).collect();
        let signed = match self.packages.file(file_name, &digests) {
            Ok(answer) => match self.nothing(answer) {
                Ok(signed) => signed,
                Err(verdict) => return Ok(judged(None, None, verdict)),
            },
            Err(error) => return Ok(judged(None, None, self.failed(error)?)),
        };
        let (verdict, downloaded) = self.hold(locked, &digests, &signed, file_name)?;
        Ok(judged(Some(signed.bound_by.as_str().to_owned()), downloaded, verdict))
    }

    /// A file by its hash: one of those that the signed page lists for the version must have it.
    fn locked_hash(&self, locked: &Locked, hash: &LockedHash) -> Result<Judged, CliError> {
        let about = about(locked);
        let judged = |target, verdict| judged(locked, about.clone(), target, None, verdict);
        let Some(digest) = digest(hash) else {
            let reason = format!("`{}` is no hash that could be compared with a signed one", hash.algorithm);
            return Ok(judged(None, Verdict::Undecided { reason }));
        };
        let project = match ProjectName::new(&locked.project) {
            Ok(project) => project,
            Err(error) => return Ok(judged(None, Verdict::no_target(error.to_string()))),
        };
        if self.index.profile.pages().is_empty() {
            let reason = "the index has no pages, so that no file can be found by its hash".to_owned();
            return Ok(judged(None, Verdict::Undecided { reason }));
        }
        let page = match self.packages.page(&project) {
            Ok(PageAnswer::Signed(page)) => page,
            Ok(PageAnswer::Unknown(unlisted)) => {
                return Ok(judged(None, Verdict::unknown_project(project.as_str(), &unlisted)));
            }
            Err(error) => return Ok(judged(None, self.failed(error)?)),
        };
        let names = files_of(&page, locked.version.as_deref());
        if names.is_empty() {
            let version = locked.version.as_deref().unwrap_or("any version");
            let reason = format!("the signed page `{}` lists no file of version {version}", page.info.path());
            return Ok(judged(None, Verdict::no_target(reason)));
        }
        for file_name in &names {
            let by_page = page.page.file(file_name).and_then(|file| file.hashes()?.of(digest.algorithm()));
            if by_page.is_some_and(|by_page| *by_page != digest) {
                continue;
            }
            let signed = match self.packages.file(file_name, std::slice::from_ref(&digest)) {
                Ok(answer) => match self.nothing(answer) {
                    Ok(signed) => signed,
                    Err(verdict) if by_page.is_some() => return Ok(judged(None, verdict)),
                    Err(_) => continue,
                },
                Err(error) => return Ok(judged(None, self.failed(error)?)),
            };
            if signed.digest(digest.algorithm()) == Some(&digest) {
                let (verdict, downloaded) = self.hold(locked, std::slice::from_ref(&digest), &signed, file_name)?;
                let target = Some(signed.bound_by.as_str().to_owned());
                return Ok(Judged {
                    downloaded,
                    ..self::judged(locked, (*file_name).to_owned(), target, None, verdict)
                });
            }
        }
        let expected = match names.len() {
            1 => "another one for the one file of this version".to_owned(),
            files => format!("others for the {files} files of this version"),
        };
        let of = digest.algorithm().to_string();
        let verdict =
            Verdict::differs(&page.info, of, Amount::Text(expected), Amount::Text(digest.to_hex()), Vec::new());
        Ok(judged(Some(page.info.path().as_str().to_owned()), verdict))
    }

    /// Whether what is locked is what is signed; if so, and if it was asked for, it is fetched.
    fn hold(
        &self,
        locked: &Locked,
        digests: &[Digest],
        signed: &SignedFile,
        file_name: &str,
    ) -> Result<(Verdict, Option<String>), CliError> {
        let info = &signed.info;
        let mut compared = false;
        for digest in digests {
            if let Some(expected) = signed.digest(digest.algorithm()) {
                if expected != digest {
                    let (of, expected) = (digest.algorithm().to_string(), Amount::Text(expected.to_hex()));
                    let found = Amount::Text(digest.to_hex());
                    return Ok((Verdict::differs(info, of, expected, found, Vec::new()), None));
                }
                compared = true;
            }
        }
        if !compared {
            let locked = locked.hashes.iter().map(|hash| hash.algorithm.as_str()).collect::<Vec<_>>().join(", ");
            let signed = info.hashes().iter().map(|digest| digest.algorithm().name()).collect::<Vec<_>>().join(", ");
            let reason = format!("it is locked by {locked} and signed by {signed}, which cannot be compared");
            return Ok((Verdict::Undecided { reason }, None));
        }
        if let Some(size) = locked.size.filter(|size| info.is_exact() && *size != info.length()) {
            let (expected, found) = (Amount::Number(info.length()), Amount::Number(size));
            return Ok((Verdict::differs(info, "length".to_owned(), expected, found, Vec::new()), None));
        }
        let verified = Verdict::verified(info, self.now);
        let Some(dir) = self.download else { return Ok((verified, None)) };
        if let Some(reason) = name_fault(file_name) {
            let reason = format!("it is what is signed, but cannot be written as a file: {reason}");
            return Ok((Verdict::Unreadable { reason }, None));
        }
        fs::create_dir_all(dir).map_err(|error| CliError::disk(format!("cannot make {}", shown(dir)), error))?;
        let to = dir.join(file_name);
        Ok(match self.fetch(info, &to)? {
            Ok(()) => (verified, Some(to.to_string_lossy().into_owned())),
            Err(verdict) => (verdict, None),
        })
    }
}

/// The names of the files that a page lists for a version.
fn files_of<'p>(page: &'p SignedPage, version: Option<&str>) -> Vec<&'p str> {
    let names = page.page.files().iter().map(|file| file.file_name());
    let is_wanted = |name: &&str| {
        let parsed = DistributionName::parse(name);
        parsed.is_ok_and(|parsed| version.is_none_or(|version| parsed.same_version(version)))
    };
    names.filter(is_wanted).collect()
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

fn judged(
    locked: &Locked,
    distribution: String,
    target: Option<String>,
    downloaded: Option<String>,
    verdict: Verdict,
) -> Judged {
    let (file, distribution) = (Some(locked.source.to_string_lossy().into_owned()), Some(distribution));
    Judged { file, line: locked.line, distribution, target, downloaded, verdict }
}
