//! What belongs into a mirror: from projects, lock files or nothing at all to the targets that clients will ask for.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use tufgate::error::{CallerError, Error, Fault, RepositoryError, StoreError, StoreFault, Subject as About};
use tufgate::pypi::{Answer, DistributionName, PageAnswer, Pointer, ProjectName, SignedFile, SignedPage};
use tufgate::{Digest, Found, RoleName, TargetInfo, TargetPath, TrustedRole};

use super::Wanted;
use super::dir::Dir;
use crate::args::VerifyArgs;
use crate::commands::verify::Judge;
use crate::commands::verify::locked::digest;
use crate::commands::verify::subjects::Subject;
use crate::commands::{Run, session};
use crate::error::{CliError, Exit};
use crate::index::{Index, IndexClient};
use crate::inputs::Locked;
use crate::judged::{Judged, Verdict};
use crate::parallel;

/// Delegations of a whole repository. PyPI has 16,384 bins.
const MAX_DELEGATIONS: usize = 1 << 18;

/// A file that belongs into the mirror.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) info: TargetInfo,
    /// Whether a role lists it itself; else a page or a pointer binds it.
    pub(super) is_target: bool,
    /// Where it is a distribution: its name.
    pub(super) file_name: Option<String>,
    /// What names it: a lock file.
    pub(super) named: Option<Judged>,
}

/// What was found, and verdicts on what was not.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) items: Vec<Item>,
    pub(super) judged: Vec<Judged>,
}

impl Plan {
    fn and(&mut self, other: Self) {
        self.items.extend(other.items);
        self.judged.extend(other.judged);
    }

    fn of(plans: Vec<Self>) -> Self {
        plans.into_iter().fold(Self::default(), |mut all, plan| {
            all.and(plan);
            all
        })
    }

    fn target(&mut self, info: TargetInfo) {
        self.items.push(Item { info, is_target: true, file_name: None, named: None });
    }
}

/// Makes plans, in one session.
pub(super) struct Planner<'a> {
    index: &'a Index,
    client: &'a IndexClient,
    judge: Judge<'a>,
}

impl<'a> Planner<'a> {
    /// What pages and pointers say is read in the directory, where they belong anyway.
    pub(super) fn new(
        run: &Run<'_>,
        index: &'a Index,
        client: &'a IndexClient,
        dir: &'a Dir,
        judging: &'a VerifyArgs,
        subjects: &[Subject],
        strict: bool,
    ) -> Result<Self, CliError> {
        let judge = Judge::new(run, index, client, judging, subjects, strict)?;
        Ok(Self { index, client, judge: judge.with_reader(move |info| read(client, dir, info)) })
    }

    pub(super) fn plan(&self, wanted: &Wanted, subjects: &[Subject]) -> Result<Plan, CliError> {
        match wanted {
            Wanted::Everything => self.everything(),
            Wanted::Named(projects) => {
                let mut plan = Plan::of(parallel::map(projects, |project| self.project(project))?);
                plan.and(Plan::of(parallel::map(subjects, |subject| self.subject(subject))?));
                Ok(plan)
            }
        }
    }

    /// What clients that hold a distribution search for; what they know of it may lead to another target than its name.
    pub(super) fn held(&self, file_name: &str, digests: &[Digest]) -> Result<Plan, CliError> {
        match self.judge.packages.file(file_name, digests)? {
            Answer::Signed(signed) => self.signed(signed, &[]),
            _ => Ok(Plan::default()),
        }
    }

    /// Every target that a client can find, and what the pages and pointers among them bind.
    fn everything(&self) -> Result<Plan, CliError> {
        let (paths, mut plan) = self.walk(|_| true)?;
        let pages = self.index.profile.pages();
        let project_of = |path: &TargetPath| pages.iter().find_map(|page| page.project_of(path));
        let projects: BTreeSet<ProjectName> = paths.iter().filter_map(project_of).collect();
        let projects: Vec<_> = projects.into_iter().collect();

        plan.and(Plan::of(parallel::map(&projects, |project| self.tolerate(project, self.project(project)))?));
        let others: Vec<_> = paths.iter().filter(|path| project_of(path).is_none()).collect();
        plan.and(Plan::of(parallel::map(&others, |path| self.tolerate(path.as_str(), self.target(path)))?));
        plan.and(self.tolerate("pointers", self.pointers(&paths, None))?);
        Ok(plan)
    }

    /// The paths that are listed by all roles that are wanted, are reached from `targets`, and stand in the snapshot, level
    /// by level; and verdicts on roles that cannot be trusted.
    fn walk(&self, is_wanted: impl Fn(&RoleName) -> bool) -> Result<(BTreeSet<TargetPath>, Plan), CliError> {
        let (mut paths, mut plan) = (BTreeSet::new(), Plan::default());
        let (mut seen, mut delegations) = (HashSet::new(), 0_usize);
        let mut level = vec![session(self.client)?.targets_role()];
        while !level.is_empty() {
            for role in &level {
                // Of a path that can be none nobody can ask.
                paths.extend(role.targets().targets().iter().filter_map(|entry| TargetPath::new(entry.path()).ok()));
                delegations = delegations.saturating_add(role.targets().delegations().len());
            }
            if delegations > MAX_DELEGATIONS {
                return Err(CliError::usage(
                    format!("the repository delegates more than {MAX_DELEGATIONS} times, too often to copy all of it"),
                    "name what is needed with --project or --requirements",
                ));
            }
            let mut edges = Vec::new();
            for by in &level {
                let delegated = by.targets().delegations().iter().enumerate();
                // A role may be reached in a circle, but not twice by one delegation.
                let new = delegated
                    .filter(|(_, to)| is_wanted(to.role()) && seen.insert((by.role().clone(), to.role().clone())));
                edges.extend(new.map(|(at, _)| (by, at)));
            }
            let found = parallel::map(&edges, |(by, at)| self.delegated(by, *at))?;
            let mut next = Vec::new();
            for (role, failed) in found {
                plan.and(failed);
                next.extend(role);
            }
            level = next;
        }
        Ok((paths, plan))
    }

    /// The role of one delegation, or the verdict on it.
    fn delegated(&self, by: &TrustedRole, at: usize) -> Result<(Option<TrustedRole>, Plan), CliError> {
        match self.client.delegated(by, at) {
            Ok(found) => Ok((found, Plan::default())),
            Err(error) => {
                let about = format!("a delegation of `{}`", by.role());
                Ok((None, self.tolerate(about, Err(error.into()))?))
            }
        }
    }

    fn target(&self, path: &TargetPath) -> Result<Plan, CliError> {
        let mut plan = Plan::default();
        // Where nobody signs for it, a role lists it that is not trusted for it.
        if let Found::Signed(info) = self.client.search(path)? {
            plan.target(info);
        }
        Ok(plan)
    }

    /// Makes an error a verdict where it is what the repository signed, and concerns what one delegated role speaks for:
    /// that must not keep all else out of a mirror. What may have happened on the way stops the run.
    fn tolerate(&self, about: impl ToString, result: Result<Plan, CliError>) -> Result<Plan, CliError> {
        let error = match result {
            Err(CliError::Library(Error::Repository(error))) => error,
            result => return result,
        };
        if !self.is_signed(&error)? {
            return Err(Error::from(error).into());
        }
        let verdict = self.judge.failed(error.into())?;
        let judged = Judged { target: Some(about.to_string()), ..Judged::new(verdict) };
        Ok(Plan { judged: vec![judged], ..Plan::default() })
    }

    /// Whether a fault lies in what was signed, and not in the bytes that came.
    fn is_signed(&self, error: &RepositoryError) -> Result<bool, CliError> {
        Ok(match (&error.fault, &error.subject) {
            (
                Fault::NotInSnapshot
                | Fault::Pattern { .. }
                | Fault::Expired { .. }
                | Fault::NoKnownHash
                | Fault::TooManyRoles { .. },
                _,
            ) => true,
            // Of a page or pointer, whose bytes were verified.
            (Fault::Malformed(_) | Fault::TooLarge { .. }, About::Target(_)) => true,
            // Only a hash tells that the bytes are those that the repository means.
            (Fault::Threshold { .. } | Fault::Malformed(_) | Fault::WrongBin { .. }, About::Role(role)) => {
                session(self.client)?.snapshot().meta(role).is_some_and(|pin| pin.hashes().is_some())
            }
            _ => false,
        })
    }

    /// All that is signed for a project: pages, what they list, and what pointers bind.
    fn project(&self, project: &ProjectName) -> Result<Plan, CliError> {
        let (mut plan, pages) = self.pages(project)?;
        if pages.is_empty()
            && let PageAnswer::Unknown(unlisted) = self.judge.packages.page(project)?
        {
            let distribution = Some(project.as_str().to_owned());
            let verdict = Verdict::unknown_project(project.as_str(), &unlisted);
            plan.judged.push(Judged { distribution, ..Judged::new(verdict) });
        }
        let names: BTreeSet<&str> =
            pages.iter().flat_map(|page| page.page.files()).map(|file| file.file_name()).collect();
        for name in names {
            let hashes = pages.iter().find_map(|page| page.page.file(name)?.hashes());
            let digests: Vec<Digest> = hashes.into_iter().flat_map(|hashes| hashes.iter()).copied().collect();
            plan.and(self.distribution(name, &digests, &pages)?);
        }
        plan.and(self.pointers_of(project)?);
        Ok(plan)
    }

    fn pages(&self, project: &ProjectName) -> Result<(Plan, Vec<Arc<SignedPage>>), CliError> {
        let pages = self.judge.packages.pages(project)?;
        let mut plan = Plan::default();
        pages.iter().for_each(|page| plan.target(page.info.clone()));
        Ok((plan, pages))
    }

    fn distribution(&self, name: &str, digests: &[Digest], pages: &[Arc<SignedPage>]) -> Result<Plan, CliError> {
        let verdict = match self.judge.packages.file(name, digests)? {
            Answer::Signed(signed) => return self.signed(signed, pages),
            Answer::Unsigned(unlisted) => Verdict::unsigned(&unlisted),
            Answer::UnknownProject(project, unlisted) => Verdict::unknown_project(project.as_str(), &unlisted),
        };
        let judged = Judged { distribution: Some(name.to_owned()), ..Judged::new(verdict) };
        Ok(Plan { judged: vec![judged], ..Plan::default() })
    }

    /// A distribution, with what binds it and what lies beside it.
    fn signed(&self, signed: SignedFile, pages: &[Arc<SignedPage>]) -> Result<Plan, CliError> {
        let mut plan = Plan::default();
        let SignedFile { file_name, info, bound_by, page, is_reachable, .. } = signed;
        if !is_reachable {
            let reason = "its link leads outside of the address of the targets, where a mirror has no place for it";
            let verdict = Verdict::Unreadable { reason: reason.to_owned() };
            plan.judged.push(Judged { distribution: Some(file_name), ..Judged::new(verdict) });
            return Ok(plan);
        }
        let is_target = bound_by == *info.path();
        if !is_target && page.is_none() {
            plan.and(self.target(&bound_by)?);
        }
        let has_side_file = pages
            .iter()
            .chain(&page)
            .any(|page| page.page.file(&file_name).is_some_and(|f| f.core_metadata().is_some()));
        let beside = TargetPath::new(format!("{}.metadata", info.path().as_str()));
        if let (true, true, Ok(beside)) = (is_target, has_side_file, beside) {
            plan.and(self.target(&beside)?);
        }
        plan.items.push(Item { info, is_target, file_name: Some(file_name), named: None });
        Ok(plan)
    }

    /// What the pointers of a project bind, of which no page tells: they are looked for in the role that is asked for
    /// them.
    fn pointers_of(&self, project: &ProjectName) -> Result<Plan, CliError> {
        if !self.index.has_pointers() {
            return Ok(Plan::default());
        }
        // A name that no release has, so that every role that speaks for pointers of the project is asked.
        let file_name = format!("{}-0+none-py3-none-any.whl", project.as_str().replace('-', "_"));
        let asked = match self.judge.packages.file(&file_name, &[])? {
            Answer::Unsigned(unlisted) | Answer::UnknownProject(_, unlisted) => unlisted.asked,
            Answer::Signed(_) => Vec::new(),
        };
        let (paths, mut plan) = self.walk(|role| asked.contains(role))?;
        plan.and(self.pointers(&paths, Some(project))?);
        Ok(plan)
    }

    fn pointers(&self, paths: &BTreeSet<TargetPath>, project: Option<&ProjectName>) -> Result<Plan, CliError> {
        let mut plan = Plan::default();
        if !self.index.has_pointers() {
            return Ok(plan);
        }
        let is_of = |path: &str, project: &ProjectName| path.split('/').any(|part| part == project.as_str());
        let is_candidate = |path: &&TargetPath| {
            let path = path.as_str();
            path.ends_with(".json") && project.is_none_or(|project| is_of(path, project))
        };
        let mut names = BTreeSet::new();
        for path in paths.iter().filter(is_candidate) {
            let Found::Signed(info) = self.client.search(path)? else { continue };
            // Whatever is no pointer is of another kind, or is found unusable by those who ask for its file.
            if info.length() > Pointer::MAX_BYTES {
                continue;
            }
            let bytes = self.judge.packages.read(&info)?;
            let Ok(pointer) = Pointer::parse(&bytes) else { continue };
            let is_wanted = |name: DistributionName| project.is_none_or(|project| name.project() == project);
            if DistributionName::parse(pointer.file_name()).is_ok_and(is_wanted) {
                plan.target(info);
                names.insert(pointer.file_name().to_owned());
            }
        }
        for name in names {
            if let Answer::Signed(signed) = self.judge.packages.file(&name, &[])? {
                plan.and(self.signed(signed, &[])?);
            }
        }
        Ok(plan)
    }

    /// What a lock file names, where it is what is signed; the verdict, where it is not.
    fn subject(&self, subject: &Subject) -> Result<Plan, CliError> {
        let mut plan = Plan::default();
        for judged in self.judge.subject(subject)? {
            match (subject, judged.distribution.clone()) {
                (Subject::Locked(locked), Some(name)) if judged.verdict.exit() == Exit::Verified => {
                    plan.and(self.locked(locked, &name, judged)?);
                }
                _ => plan.judged.push(judged),
            }
        }
        Ok(plan)
    }

    fn locked(&self, locked: &Locked, name: &str, judged: Judged) -> Result<Plan, CliError> {
        let project = DistributionName::parse(name).ok().map(|name| name.project().clone());
        let (mut plan, pages) = match project {
            Some(project) => self.pages(&project)?,
            None => Default::default(),
        };
        let digests: Vec<Digest> = locked.hashes.iter().filter_map(digest).collect();
        plan.and(self.distribution(name, &digests, &pages)?);
        for item in plan.items.iter_mut().filter(|item| item.file_name.as_deref() == Some(name)) {
            item.named = Some(judged.clone());
        }
        Ok(plan)
    }
}

/// A page or pointer, by way of its place in the mirror.
fn read(client: &IndexClient, dir: &Dir, info: &TargetInfo) -> Result<Vec<u8>, Error> {
    dir.settle(client, info, |_| {})?;
    let (path, _) = dir.settled(info).ok_or(CallerError::Stopped)?;
    std::fs::read(&path).map_err(|error| StoreError::new(&path, StoreFault::Read).caused_by(error).into())
}
