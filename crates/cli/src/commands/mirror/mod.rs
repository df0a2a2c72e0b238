//! `tufgate mirror`: a repository, or a part of it, in a directory that any client of the repository can use instead.
//!
//! Targets are written first and the timestamp last, so that an interrupted mirror still is the one that was there.

mod dir;
mod metadata;
mod plan;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;

use serde::Serialize;
use tufgate::pypi::ProjectName;
use tufgate::{Digest, HashAlgorithm, Hasher, TargetInfo};

use self::dir::{Dir, Taken};
use self::metadata::Written;
use self::plan::{Item, Plan, Planner};
use super::verify::subjects::{self, Subject};
use super::{Basis, Run, not_written, session};
use crate::args::{Format, MirrorArgs, RepositoryArgs, VerifyArgs};
use crate::config;
use crate::error::{CliError, Exit};
use crate::index::{Index, IndexClient};
use crate::judged::{self, Judged, Verdict};
use crate::output::{Output, Report};
use crate::parallel;
use crate::progress::{Bar, Progress};
use crate::text::{count, shown};
use crate::walk;

/// Metadata of a whole repository: every role comes once, where a client's update needs a few. Bins that list all files of
/// an index of PyPI's size are some GB; it is written to a disk that will take the files themselves, too.
const WHOLE_UPDATE_BYTES: u64 = 4 << 30;
/// As many as delegations are walked.
const WHOLE_UPDATE_REQUESTS: u32 = 1 << 18;

/// What was asked for.
enum Wanted {
    Everything,
    /// Projects, beside what lock files name.
    Named(Vec<ProjectName>),
}

pub(super) fn run(run: &Run<'_>, what: &MirrorArgs, repository: &RepositoryArgs) -> Result<Exit, CliError> {
    if run.global.read_only_state {
        return Err(CliError::usage(
            "a mirror is copied from what is trusted, which --read-only-state does not keep",
            "leave it out; or keep what this run trusts somewhere else, with --state-dir",
        ));
    }
    let (wanted, subjects) = wanted(run, what)?;
    let mut index = Index::find(repository, run.global)?;
    match &wanted {
        Wanted::Everything => {
            index.limits.update_bytes = WHOLE_UPDATE_BYTES;
            index.limits.delegated_requests = WHOLE_UPDATE_REQUESTS;
        }
        Wanted::Named(projects) if !projects.is_empty() && index.profile.pages().is_empty() => {
            return Err(CliError::usage(
                format!("`{}` has no index pages, so that nobody can say which files a project has", index.name),
                "name a lock file with --requirements, or leave out --project to mirror everything",
            ));
        }
        Wanted::Named(_) => {}
    }
    let dir = Dir::open(&what.output)?;
    // Before the update: of two runs at once the one that ends last has the newer metadata, too.
    let _lock = config::lock(dir.path())?;
    let mut client = run.client(&index)?;
    if matches!(wanted, Wanted::Everything) {
        let roles = count(session(&client)?.snapshot().len(), "role");
        run.output.status(format_args!("mirroring all of `{}`: {roles} in its snapshot", index.name));
    }
    let mirror =
        Mirror { run, index: &index, dir: &dir, wanted: &wanted, subjects: &subjects, judging: VerifyArgs::default() };
    let (items, mut files) =
        run.one_snapshot(&mut client, |client, strict| mirror.fetch(client, strict)).map_err(|error| match error {
            CliError::Library(error) => not_written(error, dir.path()),
            error => error,
        })?;
    let metadata = metadata::publish(run, &index, &client, &dir, &items)?;

    let now = session(&client)?.started();
    let (mut fetched, mut present) = (Amounts::default(), Amounts::default());
    let problems = files.clone();
    for item in &items {
        let Some((path, is_new)) = dir.settled(&item.info) else { continue };
        let bytes = fs::metadata(&path).map_or(0, |found| found.len());
        if is_new { &mut fetched } else { &mut present }.add(bytes);
        let verdict = if is_new { Verdict::fetched(&item.info, now) } else { Verdict::present(&item.info, now) };
        let named = item.named.clone().unwrap_or_else(|| Judged::new(verdict.clone()));
        let target = named.target.clone().or_else(|| Some(item.info.path().as_str().to_owned()));
        files.push(Judged { target, downloaded: Some(path.to_string_lossy().into_owned()), verdict, ..named });
    }
    let repository = Basis::new(&index, session(&client)?);
    let report = Mirrored { repository, directory: shown_path(&dir), metadata, fetched, present, files };
    judged::tell(run.output, &report, &problems);
    if run.output.format() == Format::Text {
        run.output.report(&report);
    }
    Ok(judged::conclude(run.output, "file", &report.files))
}

/// What is wanted, and what lock files name of it. Nothing named is everything.
fn wanted(run: &Run<'_>, what: &MirrorArgs) -> Result<(Wanted, Vec<Subject>), CliError> {
    if what.project.is_empty() && what.requirements.is_empty() {
        return Ok((Wanted::Everything, Vec::new()));
    }
    let named = |name: &String| {
        ProjectName::new(name).map_err(|error| CliError::usage(error.to_string(), "give the name of a project"))
    };
    let mut projects = what.project.iter().map(named).collect::<Result<Vec<_>, _>>()?;
    projects.sort();
    projects.dedup();
    let requirements = VerifyArgs { requirements: what.requirements.clone(), ..VerifyArgs::default() };
    let subjects = if what.requirements.is_empty() { Vec::new() } else { subjects::gather(run, &requirements)? };
    Ok((Wanted::Named(projects), subjects))
}

fn shown_path(dir: &Dir) -> String {
    dir.path().to_string_lossy().into_owned()
}

#[derive(Debug, Serialize)]
struct Mirrored {
    repository: Basis,
    directory: String,
    metadata: Written,
    fetched: Amounts,
    present: Amounts,
    files: Vec<Judged>,
}

#[derive(Debug, Default, Serialize)]
struct Amounts {
    files: u64,
    bytes: u64,
}

impl Amounts {
    fn add(&mut self, bytes: u64) {
        self.files = self.files.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

impl std::fmt::Display for Amounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {} bytes", count(usize::try_from(self.files).unwrap_or(usize::MAX), "file"), self.bytes)
    }
}

impl Report for Mirrored {
    const SCHEMA: &'static str = "tufgate.mirror/1";

    fn text(&self, out: &Output) {
        out.field("index", &self.repository.index);
        out.field("directory", &self.directory);
        out.field("timestamp", self.repository.timestamp);
        out.field("valid until", &self.repository.valid_until);
        out.field("metadata", &self.metadata);
        out.field("fetched", &self.fetched);
        out.field("present", &self.present);
    }
}

/// One run, as often as it has to begin again.
struct Mirror<'a> {
    run: &'a Run<'a>,
    index: &'a Index,
    dir: &'a Dir,
    wanted: &'a Wanted,
    subjects: &'a [Subject],
    /// How lock files are judged: nothing is allowed, and nothing fetched besides.
    judging: VerifyArgs,
}

impl Mirror<'_> {
    /// Fetches all targets. Of what is gone for good, what a lock file names gets a verdict, and all else is an error.
    ///
    /// Gives back what is in the mirror now, and verdicts on what is not.
    fn fetch(&self, client: &IndexClient, strict: bool) -> Result<(Vec<Item>, Vec<Judged>), CliError> {
        let planner = Planner::new(self.run, self.index, client, self.dir, &self.judging, self.subjects, strict)?;
        let mut plan = planner.plan(self.wanted, self.subjects)?;
        let items = shelve(&mut plan);
        // A page need not say how long a file is.
        let known = items.iter().filter(|item| item.info.is_exact());
        let bytes = known.map(|item| item.info.length()).fold(0, u64::saturating_add);
        let about = if items.iter().all(|item| item.info.is_exact()) { "" } else { "at least " };
        let files = count(items.len(), "file");
        self.run.output.status(format_args!("{files}, {about}{bytes} bytes, for {}", shown(self.dir.path())));
        let bar = Progress::new(self.run.global).bar("mirroring", bytes);
        self.settle(client, &items, &bar)?;

        // Clients that hold a file know more of it than its name, and may search for another target by that.
        let needed = self.index.digests();
        if !needed.is_empty() {
            let dir = self.dir;
            let held = parallel::map(&items, |item| match &item.file_name {
                Some(name) => planner.held(name, &digests(dir, item, &needed)?),
                None => Ok(Plan::default()),
            })?;
            plan.items.extend(items);
            held.into_iter().for_each(|held| plan.items.extend(held.items));
            let items = shelve(&mut plan);
            self.settle(client, &items, &bar)?;
            return Ok((items, plan.judged));
        }
        Ok((items, plan.judged))
    }

    fn settle(&self, client: &IndexClient, items: &[Item], bar: &Bar) -> Result<(), CliError> {
        let dir = self.dir;
        parallel::map(items, |item| dir.settle(client, &item.info, |bytes| bar.0.inc(bytes)))?;
        Ok(())
    }
}

/// The items in the order of their places, each once. Those that have no place are taken out, with a verdict: what a
/// repository calls its files must neither leave the directory nor replace one by another.
fn shelve(plan: &mut Plan) -> Vec<Item> {
    let mut shelf: BTreeMap<String, Item> = BTreeMap::new();
    let mut taken = Taken::default();
    for item in std::mem::take(&mut plan.items) {
        let path = item.info.path().as_str().to_owned();
        let places = Dir::places(&item.info).and_then(|places| taken.take(&places).map(|()| places));
        let key = match places {
            Ok(places) => places.into_iter().next().unwrap_or_else(|| path.clone()),
            Err(reason) => {
                let verdict = Verdict::Unreadable { reason: format!("cannot be written as a file: {reason}") };
                plan.judged.push(Judged { target: Some(path), ..Judged::new(verdict) });
                continue;
            }
        };
        match shelf.entry(key) {
            Entry::Vacant(vacant) => {
                vacant.insert(item);
            }
            Entry::Occupied(known) if differ(&known.get().info, &item.info) => {
                let reason = "two files are signed for the same place".to_owned();
                plan.judged.push(Judged { target: Some(path), ..Judged::new(Verdict::Unreadable { reason }) });
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                if item.is_target && !known.is_target {
                    known.info = item.info;
                }
                known.is_target |= item.is_target;
                known.named = known.named.take().or(item.named);
                known.file_name = known.file_name.take().or(item.file_name);
            }
        }
    }
    shelf.into_values().collect()
}

/// Whether what is signed for one cannot be what is signed for the other.
fn differ(one: &TargetInfo, other: &TargetInfo) -> bool {
    let by_hash = |digest: &Digest| other.hashes().of(digest.algorithm()).is_some_and(|found| found != digest);
    one.hashes().iter().any(by_hash) || (one.is_exact() && other.is_exact() && one.length() != other.length())
}

/// Digests of a file that is in its place.
fn digests(dir: &Dir, item: &Item, needed: &[HashAlgorithm]) -> Result<Vec<Digest>, CliError> {
    let Some((path, _)) = dir.settled(&item.info) else { return Ok(Vec::new()) };
    let mut hasher = Hasher::new(needed.iter().copied());
    walk::open(&path)
        .and_then(|mut file| walk::hash(&mut file, &mut hasher))
        .map_err(|error| CliError::disk(format!("cannot read {}", shown(&path)), error))?;
    Ok(hasher.finish())
}
