//! What a client would say of a repository, and what its publisher should know before a client says it.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tufgate::{Entry, FileTransport, HashAlgorithm, TargetEntry, TargetPath, Targets};

use crate::Result;
use crate::bins::BinLayout;
use crate::document::{Authority, Document, utc};
use crate::error::Error;
use crate::gc;
use crate::keys::files;
use crate::renew::{OFFLINE_NOTICE, notice};
use crate::repository::{self, BINS, Repository, TARGETS, entry};
use crate::rotate::refuse_other_bins;
use crate::update::places;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A client refuses something.
    Error,
    /// A client will, or could be misled.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: a role, a target, a file.
    pub what: String,
    /// What is wrong, and what to do.
    pub reason: String,
}

/// The state of one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleState {
    /// Its name.
    pub role: String,
    /// Its version; that of the newest bin for all bins.
    pub version: u64,
    /// When it expires; of bins the first one.
    pub expires: SystemTime,
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The roles, bins as one.
    pub roles: Vec<RoleState>,
    /// How many targets are listed.
    pub targets: usize,
    /// The worst first.
    pub findings: Vec<Finding>,
}

impl Report {
    fn find(&mut self, severity: Severity, what: impl Into<String>, reason: impl Into<String>) {
        self.findings.push(Finding { severity, what: what.into(), reason: reason.into() });
    }

    /// Whether something is at least as bad.
    #[must_use]
    pub fn has(&self, severity: Severity) -> bool {
        self.findings.iter().any(|finding| finding.severity <= severity)
    }
}

/// Looks at everything: roles, bins, and that each target lies where clients ask for it, with its length.
///
/// # Errors
/// [`Error::Untrusted`] when a client refuses the repository for another reason than its age; [`Error::Disk`].
pub fn check(repository: &Repository, now: SystemTime) -> Result<Report> {
    let mut report = Report::default();
    as_a_client(repository, now, &mut report)?;
    roles(repository, now, &mut report)?;
    if let Err(error) = refuse_other_bins(repository) {
        report.find(Severity::Error, BINS, error.to_string());
    }
    keys(repository, &mut report)?;
    targets(repository, &mut report)?;
    secrets(repository.path(), repository.path(), &mut report)?;
    let orphans = gc::orphans(repository, 1, SystemTime::UNIX_EPOCH)?;
    if !orphans.is_empty() {
        let bytes: u64 = orphans.iter().map(|orphan| orphan.bytes).sum();
        let reason =
            format!("{} files of {bytes} bytes belong to no current snapshot: `tufgate-publish gc`", orphans.len());
        report.find(Severity::Note, "orphans", reason);
    }
    report.findings.sort_by_key(|finding| finding.severity);
    Ok(report)
}

/// With the real time, where everything else here looks past expiry.
fn as_a_client(repository: &Repository, now: SystemTime, report: &mut Report) -> Result<()> {
    let mut client =
        repository::client(repository.path(), repository.settings(), FileTransport::new())?.with_clock(move || now);
    if let Err(error) = client.refresh() {
        report.find(Severity::Error, "repository", format!("clients refuse it: {error}"));
    }
    Ok(())
}

fn roles(repository: &Repository, now: SystemTime, report: &mut Report) -> Result<()> {
    let session = repository.session()?;
    let settings = repository.settings();
    let mut add = |role: &str, version, expires: SystemTime, offline: bool, days: u32| {
        report.roles.push(RoleState { role: role.to_owned(), version, expires });
        let left = expires.duration_since(now).unwrap_or_default();
        let lifetime = Duration::from_secs(u64::from(days).saturating_mul(24 * 60 * 60));
        if offline && left < OFFLINE_NOTICE {
            report.find(Severity::Warning, role, notice(role, expires, now));
        } else if !offline && left < lifetime / 4 {
            report.find(
                Severity::Warning,
                role,
                format!("it expires at {}: run `tufgate-publish timestamp REPO` more often", utc(expires)),
            );
        }
    };
    let days = settings.days;
    add("root", session.root().version(), session.root().expires().unwrap_or(now), true, days.root);
    add("timestamp", session.timestamp().version(), session.timestamp().expires(), false, days.timestamp);
    add("snapshot", session.snapshot().version(), session.snapshot().expires(), false, days.snapshot);
    add("targets", session.targets().version(), session.targets().expires(), true, days.targets);
    let mut bins: Option<(u64, SystemTime)> = None;
    repository.each_bin(|role| {
        let (version, expires) = (role.targets().version(), role.targets().expires());
        bins = Some(bins.map_or((version, expires), |(newest, first)| (newest.max(version), first.min(expires))));
    })?;
    if settings.layout == BinLayout::Prefixes {
        let delegator = repository.document(&entry(BINS)?)?;
        add(BINS, delegator.version(), delegator.expires().unwrap_or(now), true, days.targets);
    }
    if let Some((version, expires)) = bins {
        add("bin-n", version, expires, false, days.bin_n);
    }
    Ok(())
}

/// Who signs what, as an attacker and as a loser of keys would look at it.
fn keys(repository: &Repository, report: &mut Report) -> Result<()> {
    let top_level = repository.root()?.top_level()?;
    let targets: Document = repository.document(&Entry::Targets)?;
    let mut offline = vec![("root", top_level.root), ("targets", top_level.targets)];
    offline.extend(
        targets
            .delegated_authority(BINS)
            .filter(|_| repository.settings().layout == BinLayout::Prefixes)
            .map(|one| (BINS, one)),
    );
    let online = [("timestamp", &top_level.timestamp), ("snapshot", &top_level.snapshot)];
    let shares = |one: &Authority, other: &Authority| one.keys.iter().any(|key| other.keys.contains(key));
    for (at, (role, authority)) in offline.iter().enumerate() {
        if authority.threshold < 2 {
            report.find(Severity::Warning, *role, "one stolen key signs for it: PEP 458 has two or more sign");
        }
        if authority.keys.len() as u64 <= authority.threshold {
            report.find(Severity::Warning, *role, "one lost key stops it: give it more keys than have to sign");
        }
        for (other, theirs) in online {
            if shares(authority, theirs) {
                report.find(Severity::Warning, *role, format!("an online key, that of `{other}`, signs for it"));
            }
        }
        for (other, theirs) in offline.iter().skip(at.saturating_add(1)) {
            if shares(authority, theirs) {
                report.find(Severity::Note, *role, format!("it shares a key with `{other}`"));
            }
        }
    }
    if !repository.settings().pin_delegated {
        let reason = "snapshot has no hashes of bins, which share a key: a mirror can serve one of them as another";
        report.find(Severity::Warning, "snapshot", reason);
    }
    if !repository.settings().algorithms()?.contains(&HashAlgorithm::Sha256) {
        report.find(Severity::Note, "hashes", "some clients, such as tough, read only targets with a sha256");
    }
    Ok(())
}

fn targets(repository: &Repository, report: &mut Report) -> Result<()> {
    let profile = repository.settings().index_profile()?;
    let folder = repository.path().join(TARGETS);
    let mut count = 0_usize;
    let mut missing = Vec::new();
    repository.each_bin(|role| {
        let listed: &Targets = role.targets();
        count = count.saturating_add(listed.targets().len());
        for target in listed.targets() {
            missing.extend(fault_of(&folder, target, &profile));
        }
    })?;
    report.targets = count;
    for (path, reason) in missing {
        report.find(Severity::Error, path, reason);
    }
    Ok(())
}

/// What is wrong with how a target lies on the disk.
fn fault_of(folder: &Path, target: &TargetEntry, profile: &tufgate::pypi::Profile) -> Option<(String, String)> {
    let fault = |reason: String| Some((target.path().to_owned(), reason));
    let Ok(path) = TargetPath::new(target.path()) else { return fault("no client can ask for this path".to_owned()) };
    let digests: Vec<_> = target.hashes().into_iter().flat_map(tufgate::Hashes::iter).copied().collect();
    let page = profile.pages().iter().find_map(|source| Some((source, source.project_of(&path)?)));
    let stored = match page.filter(|(source, _)| source.stored().is_some()) {
        Some((source, project)) => {
            let stored = digests.iter().filter_map(|hash| source.stored_path(&project, hash)?.ok());
            stored.map(|path| path.as_str().to_owned()).collect()
        }
        None => places(&path, &digests, profile.plain_target_names()),
    };
    for place in stored {
        match fs::metadata(folder.join(&place)) {
            Err(error) => return fault(format!("{TARGETS}/{place} cannot be read: {error}")),
            Ok(file) if file.len() != target.length() => {
                return fault(format!(
                    "{TARGETS}/{place} has {} bytes, and {} are signed",
                    file.len(),
                    target.length()
                ));
            }
            Ok(_) => {}
        }
    }
    None
}

/// Private keys below the repository would be uploaded with it.
fn secrets(root: &Path, folder: &Path, report: &mut Report) -> Result<()> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    for entry in entries.map_err(Error::disk(folder, "cannot read"))? {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        // Published files are many, and none of them is a key.
        if is_folder && folder == root && [TARGETS, repository::METADATA].iter().any(|name| path.ends_with(name)) {
            continue;
        }
        if is_folder {
            secrets(root, &path, report)?;
        } else if path.to_str().is_some_and(|name| name.ends_with(files::SECRET)) {
            report.find(
                Severity::Warning,
                path.display().to_string(),
                "a private key lies in the repository: move it out",
            );
        }
    }
    Ok(())
}
