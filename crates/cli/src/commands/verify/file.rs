//! A file on the disk.

use std::fs::File;
use std::io;
use std::path::Path;

use tufgate::{Digest, HashAlgorithm, Hasher, TargetInfo};

use super::Judge;
use crate::error::CliError;
use crate::judged::{Judged, Verdict};
use crate::walk::{self, Selected};

impl Judge<'_> {
    pub(super) fn file(&self, selected: &Selected) -> Result<Judged, CliError> {
        let file = Some(selected.path.to_string_lossy().into_owned());
        Ok(Judged { file, ..self.judge_file(selected)? })
    }

    fn judge_file(&self, selected: &Selected) -> Result<Judged, CliError> {
        let path = &selected.path;
        if let Some(problem) = &selected.problem {
            return Ok(Judged::new(Verdict::Unreadable { reason: problem.clone() }));
        }
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            let reason = "its name is not Unicode, so that no target can have it".to_owned();
            return Ok(Judged::new(Verdict::no_target(reason)));
        };
        let needed = self.index.digests();
        let content = match (!needed.is_empty()).then(|| self.content(path, &needed)).transpose() {
            Ok(content) => content,
            Err(error) => return Ok(Judged::new(Verdict::Unreadable { reason: error.to_string() })),
        };
        let digests = content.as_ref().map(|content| content.digests.as_slice()).unwrap_or_default();
        let signed = match self.signed(name, digests)? {
            Ok(signed) => signed,
            Err(verdict) => return Ok(Judged::new(verdict)),
        };
        let verdict = match content.as_ref().and_then(|content| signed.info.judge(content.length, &content.digests)) {
            Some(Ok(())) => Verdict::verified(&signed.info, self.now),
            Some(Err(error)) => Verdict::mismatch(&signed.info, &error, None),
            None => self.compare(&signed.info, path),
        };
        let target = Some(signed.bound_by.as_str().to_owned());
        Ok(Judged { target, yanked: signed.yanked().map(str::to_owned), ..Judged::new(verdict) })
    }

    /// What a template needs to know of the content, before anything can be looked up.
    fn content(&self, path: &Path, algorithms: &[HashAlgorithm]) -> io::Result<Content> {
        let mut hasher = Hasher::new(algorithms.iter().copied());
        let mut file = self.bar.0.wrap_read(walk::open(path)?);
        walk::hash(&mut file, &mut hasher)?;
        Ok(Content { length: hasher.length(), digests: hasher.finish() })
    }

    /// Whether a file is what is signed. All of it is read, and nothing else is done with it.
    fn compare(&self, info: &TargetInfo, path: &Path) -> Verdict {
        let read = || {
            let file: File = walk::open(path)?;
            let length = file.metadata()?.len();
            let result = info.verifier().read_all(&mut self.bar.0.wrap_read(&file))?;
            io::Result::Ok((result, length))
        };
        match read() {
            Ok((Ok(approved), _)) => Verdict::verified(approved.info(), self.now),
            Ok((Err(error), length)) => Verdict::mismatch(info, &error, Some(length)),
            Err(error) => Verdict::Unreadable { reason: error.to_string() },
        }
    }
}

/// Content, by what was computed of it.
struct Content {
    length: u64,
    digests: Vec<Digest>,
}
