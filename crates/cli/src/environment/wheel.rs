//! A wheel, read within limits (PEP 427).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use serde::Serialize;
use tufgate::{Digest, HashAlgorithm, Hasher};
use zip::ZipArchive;
use zip::read::ZipFile;

use super::files;
use super::place::is_downward;
use super::record::{self, Listed, MAX_RECORD};

const MAX_MEMBERS: usize = 1_000_000;
/// Of all members together, against archives that unpack to more than anyone has.
const MAX_UNPACKED: u64 = 32 << 30;
const MAX_FIRST_LINE: u64 = 1 << 10;

/// Why nothing can be compared with a wheel. Texts from the wheel are not escaped yet.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum WheelError {
    #[error("the wheel is not an archive that all readers understand alike: {0}")]
    Archive(String),
    #[error("the wheel has more than {limit} {what}")]
    Limit { what: &'static str, limit: u64 },
    #[error("the wheel has a member `{0}`, which has no place in an environment")]
    Member(String),
    #[error("the wheel has {0} RECORD files where it needs one, in its .dist-info")]
    Records(usize),
    #[error("line {0} of the wheel's RECORD is not a path and a hash")]
    Record(usize),
    #[error("it is the wheel of `{wheel}`, and `{installed}` is installed")]
    Other { wheel: String, installed: String },
}

/// Where a wheel's RECORD and its members disagree. Both are signed for as one file, and installers go by the members:
/// so does the comparison. It is a defect of how the wheel was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RecordFault {
    /// As the wheel spells it.
    pub(crate) member: String,
    pub(crate) problem: RecordProblem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RecordProblem {
    /// RECORD lists what the archive has not.
    #[error("the archive has it not")]
    NoMember,
    /// The archive has what RECORD does not list.
    #[error("it does not list it")]
    NotListed,
    /// RECORD has no strong hash for it.
    #[error("it has no strong hash for it")]
    NoHash,
    /// It has another hash than RECORD says.
    #[error("it has another hash for it")]
    OtherHash,
}

pub(super) struct Wheel {
    archive: ZipArchive<File>,
    /// `NAME-VERSION`, as its `.dist-info` is named.
    pub(super) stem: String,
    /// Files, not directories.
    pub(super) members: Vec<Member>,
    record: BTreeMap<String, Listed>,
    unpacked: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: String,
    index: usize,
}

/// What a member holds.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) sha256: Digest,
    /// Of a script for which the installer has to fill in the interpreter.
    pub(super) script: Option<Script>,
}

#[derive(Debug, Clone)]
pub(super) struct Script {
    /// What follows `#!python` or `#!pythonw` on the first line.
    pub(super) arguments: String,
    /// Of all that follows the first line.
    pub(super) sha256: Digest,
}

impl Wheel {
    pub(super) fn open(file: File) -> Result<Self, WheelError> {
        let mut archive = ZipArchive::new(file).map_err(unreadable)?;
        if archive.len() > MAX_MEMBERS {
            return Err(WheelError::Limit { what: "members", limit: MAX_MEMBERS as u64 });
        }
        // Of two members of one name, or two descriptions of one member, readers choose differently.
        archive.validate_header_consistency().map_err(unreadable)?;
        let mut members = Vec::new();
        for index in 0..archive.len() {
            let member = archive.by_index_raw(index).map_err(unreadable)?;
            let name = member.name().map_err(unreadable)?.into_owned();
            if !is_downward(name.strip_suffix('/').unwrap_or(&name)) {
                return Err(WheelError::Member(name));
            }
            if !name.ends_with('/') {
                members.push(Member { name, index });
            }
        }
        let is_record = |name: &str| {
            name.split_once('/').filter(|(dir, file)| dir.ends_with(".dist-info") && *file == "RECORD").is_some()
        };
        let records: Vec<_> = members.iter().filter(|member| is_record(&member.name)).cloned().collect();
        let [at] = records.as_slice() else { return Err(WheelError::Records(records.len())) };
        let stem = at.name.trim_end_matches("/RECORD").trim_end_matches(".dist-info").to_owned();
        let mut wheel = Self { archive, stem, members, record: BTreeMap::new(), unpacked: 0 };
        let bytes = wheel.bytes(at, MAX_RECORD)?;
        wheel.record = record::parse(&bytes).map_err(WheelError::Record)?;
        Ok(wheel)
    }

    pub(super) fn dist_info(&self, file: &str) -> String {
        format!("{}.dist-info/{file}", self.stem)
    }

    /// All of a member of the `.dist-info`, if there is one.
    pub(super) fn description(&mut self, file: &str, max: u64) -> Result<Option<Vec<u8>>, WheelError> {
        let name = self.dist_info(file);
        let member = self.members.iter().find(|member| member.name == name).cloned();
        member.map(|member| self.bytes(&member, max)).transpose()
    }

    /// What a member holds, and what RECORD says wrongly about it.
    pub(super) fn content(
        &mut self,
        member: &Member,
        is_script: bool,
    ) -> Result<(Content, Option<RecordProblem>), WheelError> {
        let problem = match self.record.get(&member.name) {
            _ if self.may_be_unlisted(&member.name) => None,
            None => Some(RecordProblem::NotListed),
            Some(Listed::NoHash) => Some(RecordProblem::NoHash),
            Some(Listed::Hash(_)) => None,
        };
        let listed = match self.record.get(&member.name) {
            Some(Listed::Hash(digest)) => Some(*digest),
            _ => None,
        };
        let left = MAX_UNPACKED.saturating_sub(self.unpacked);
        let mut reader = BufReader::new(self.member(member)?);
        let mut line = Vec::new();
        if is_script {
            reader.by_ref().take(MAX_FIRST_LINE).read_until(b'\n', &mut line).map_err(unreadable)?;
        }
        let mut rest = Counted { from: reader, hasher: Hasher::new([HashAlgorithm::Sha256]) };
        let algorithms = [HashAlgorithm::Sha256].into_iter().chain(listed.map(|digest| digest.algorithm()));
        let digests = files::hash(&mut line.as_slice().chain(&mut rest), left, algorithms).map_err(unreadable)?;
        let read = rest.hasher.length().saturating_add(line.len() as u64);
        let rest = rest.finish();
        self.unpacked = self.unpacked.saturating_add(read);
        let (Some(sha256), Some(by_record), Some(rest)) = (digests.first(), digests.last(), rest.first()) else {
            return Err(WheelError::Archive("it has no hash".to_owned()));
        };
        let problem = problem.or_else(|| listed.filter(|listed| listed != by_record).map(|_| RecordProblem::OtherHash));
        let script = arguments(&line).map(|arguments| Script { arguments, sha256: *rest });
        Ok((Content { sha256: *sha256, script }, problem))
    }

    /// What RECORD lists and the archive has not.
    pub(super) fn missing_members(&self) -> Vec<RecordFault> {
        let members: std::collections::HashSet<_> = self.members.iter().map(|member| member.name.as_str()).collect();
        let missing = self.record.keys().filter(|name| !members.contains(name.as_str()) && !self.may_be_unlisted(name));
        missing.map(|name| RecordFault { member: name.clone(), problem: RecordProblem::NoMember }).collect()
    }

    /// RECORD cannot hold its own hash, and signatures are made after it.
    fn may_be_unlisted(&self, name: &str) -> bool {
        ["RECORD", "RECORD.jws", "RECORD.p7s"].iter().any(|file| name == self.dist_info(file))
    }

    fn member(&mut self, member: &Member) -> Result<ZipFile<'_, File>, WheelError> {
        self.archive.by_index(member.index).map_err(unreadable)
    }

    fn bytes(&mut self, member: &Member, max: u64) -> Result<Vec<u8>, WheelError> {
        let mut bytes = Vec::new();
        self.member(member)?.take(max.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > max {
            return Err(WheelError::Limit { what: "bytes in a file that describes it", limit: max });
        }
        Ok(bytes)
    }
}

/// Of `#!python -E`, ` -E`; `None` for the first line of anything else.
fn arguments(line: &[u8]) -> Option<String> {
    let rest = line.strip_prefix(b"#!python")?.strip_suffix(b"\n")?;
    let rest = rest.strip_prefix(b"w").unwrap_or(rest);
    let rest = std::str::from_utf8(rest.strip_suffix(b"\r").unwrap_or(rest)).ok()?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| rest.to_owned())
}

fn unreadable(error: impl std::fmt::Display) -> WheelError {
    WheelError::Archive(error.to_string())
}

/// Hashes what is read through it.
struct Counted<R> {
    from: R,
    hasher: Hasher,
}

impl<R> Counted<R> {
    fn finish(self) -> Vec<Digest> {
        self.hasher.finish()
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.hasher.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}
