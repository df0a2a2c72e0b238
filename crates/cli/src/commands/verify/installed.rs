//! A distribution in an environment: every file that the signed wheel has is compared with what is installed.

use std::path::Path;

use tufgate::pypi::{DistributionKind, DistributionName, PageAnswer, ProjectName, SignedPage};

use super::Judge;
use super::wheels::Wheels;
use crate::environment::{self, Claims, Comparison, Difference, DifferenceKind, Environment, Installed, Origin, Stray};
use crate::error::CliError;
use crate::judged::{Amount, FILES, FileDifference, Judged, Verdict};
use crate::parallel;
use crate::text::count;

impl Judge<'_> {
    /// Judges all that is installed in an environment, and what lies beside it.
    pub(super) fn environment(
        &self,
        root: &Path,
        environment: &Environment,
        wheels: &Wheels,
    ) -> Result<Vec<Judged>, CliError> {
        let one = |installed: &Installed| self.installed(root, environment, wheels, installed);
        let all = parallel::map(&environment.distributions, one)?;
        let (mut judged, claims): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        let remains = environment::strays(environment, &claims.iter().collect::<Vec<_>>())?;
        let (added, unclaimed): (Vec<_>, Vec<_>) =
            remains.strays.into_iter().partition(|stray| stray.added_to.is_some());
        for (judged, installed) in judged.iter_mut().zip(&environment.distributions) {
            let added = added.iter().filter(|stray: &&Stray| stray.added_to.as_deref() == Some(&*installed.name));
            let added: Vec<_> = added.map(|stray| added_file(environment, stray)).collect();
            if let (false, Some(mismatch)) = (added.is_empty(), judged.verdict.with_added_files()) {
                judged.verdict = mismatch;
            }
            judged.differences.extend(added);
        }
        judged.extend(unclaimed_files(root, environment, &unclaimed, remains.own.len()));
        if judged.is_empty() {
            let verdict = Verdict::Undecided { reason: "nothing is installed in it".to_owned() };
            judged.push(Judged { file: Some(root.to_string_lossy().into_owned()), ..Judged::new(verdict) });
        }
        Ok(judged)
    }

    /// Judges one distribution. What it accounts for is left for the search for files of no distribution.
    fn installed(
        &self,
        root: &Path,
        environment: &Environment,
        wheels: &Wheels,
        installed: &Installed,
    ) -> Result<(Judged, Claims), CliError> {
        let judged = |verdict| {
            let file = Some(root.to_string_lossy().into_owned());
            let distribution = Some(format!("{}=={}", installed.normalized_name(), installed.version));
            Judged { file, distribution, ..Judged::new(verdict) }
        };
        // Without a wheel only its own word says which files it accounts for.
        let alone = |judged| Ok((judged, Claims::recorded(environment, installed)));
        let wheel = match self.wheel_of(installed)? {
            Ok(wheel) => wheel,
            Err(verdict) => return alone(judged(verdict)),
        };
        let signed = match self.signed(&wheel, &[])? {
            Ok(signed) => signed,
            Err(verdict) => return alone(judged(verdict)),
        };
        let target = Some(signed.bound_by.as_str().to_owned());
        if !signed.is_reachable {
            let reason = "its wheel does not lie below the address of the targets, and was not fetched".to_owned();
            let verdict = Verdict::Undecided { reason };
            return alone(Judged { target, ..judged(verdict) });
        }
        let file = match self.wheel(wheels, &signed.info)? {
            Ok(file) => file,
            Err(verdict) => return alone(Judged { target, ..judged(verdict) }),
        };
        let comparison = match environment::compare(environment, installed, file) {
            Ok(comparison) => comparison,
            Err(error) => {
                let verdict = Verdict::Undecided { reason: error.to_string() };
                return alone(Judged { target, ..judged(verdict) });
            }
        };
        let verdict = if comparison.differences.is_empty() {
            Verdict::verified(&signed.info, self.now)
        } else if is_another_build(installed, &comparison)
            && signed.page.as_deref().is_some_and(|page| has_sdist(page, installed))
        {
            let reason = "its WHEEL is not that of the signed wheel, and there is a signed source distribution: it may have been built \
                          from that, and not by the index"
                .to_owned();
            Verdict::Undecided { reason }
        } else {
            let number = |count: usize| Amount::Number(u64::try_from(count).unwrap_or(u64::MAX));
            let wrong = comparison.differences.iter().filter(|difference| difference.is_of_the_wheel()).count();
            let found = comparison.checked.saturating_sub(wrong);
            Verdict::differs(&signed.info, FILES.to_owned(), number(comparison.checked), number(found))
        };
        let differences = comparison.differences.iter().map(|difference| told(environment, difference)).collect();
        let notes = notes(&wheel, &comparison);
        let yanked = signed.yanked().map(str::to_owned);
        Ok((Judged { target, differences, notes, yanked, ..judged(verdict) }, comparison.claims))
    }

    /// The name of the signed wheel that it must come from: of its version, and for the same tags.
    fn wheel_of(&self, installed: &Installed) -> Result<Result<String, Verdict>, CliError> {
        let undecided = |reason: String| Ok(Err(Verdict::Undecided { reason }));
        match &installed.origin {
            Origin::Index | Origin::Archive { .. } => {}
            Origin::Vcs { url } => return undecided(format!("it was built from a repository of source code, {url}")),
            Origin::Directory { url } => return undecided(format!("it was built from a directory, {url}")),
            Origin::Editable { url } => return undecided(format!("it is editable: {url} is used in its place")),
            Origin::Egg => return undecided("it was installed without a wheel".to_owned()),
            Origin::Broken { reason } => return undecided(reason.clone()),
        }
        let project = match ProjectName::new(&installed.name) {
            Ok(project) => project,
            Err(error) => return Ok(Err(Verdict::no_target(error.to_string()))),
        };
        if self.index.profile.pages().is_empty() {
            if !self.index.digests().is_empty() {
                return undecided(
                    "the index finds a wheel by its hash, which an installed wheel does not tell".to_owned(),
                );
            }
            return Ok(Ok(installed.wheel_name()));
        }
        let found = match self.packages.page(&project) {
            Ok(PageAnswer::Signed(page)) => on_page(&page, installed),
            Ok(PageAnswer::Unknown(unlisted)) => Err(Verdict::unknown_project(project.as_str(), &unlisted)),
            Err(error) => return Ok(Err(self.failed(error)?)),
        };
        // Of what pointers bind no page tells.
        Ok(if self.index.has_pointers() { found.or_else(|_| Ok(installed.wheel_name())) } else { found })
    }
}

/// The wheel of an installed distribution on the page of its project.
fn on_page(page: &SignedPage, installed: &Installed) -> Result<String, Verdict> {
    let of_version = |name: &&DistributionName| name.same_version(&installed.version);
    let names: Vec<_> = page.page.files().iter().map(|file| file.name()).filter(of_version).collect();
    if let Some(wheel) = names.iter().find(|name| is_wheel_of(name, installed)) {
        return Ok(wheel.file_name().to_owned());
    }
    let path = page.info.path();
    if has_sdist(page, installed) {
        let tags = installed.tags.join(", ");
        let reason = format!(
            "the signed page `{path}` lists no wheel for {tags}, and a source distribution: it was built, and not by the index"
        );
        return Err(Verdict::Undecided { reason });
    }
    Err(Verdict::no_target(format!("the signed page `{path}` lists no wheel of version {}", installed.version)))
}

fn has_sdist(page: &SignedPage, installed: &Installed) -> bool {
    let is_sdist = |name: &DistributionName| matches!(name.kind(), DistributionKind::Sdist);
    page.page.files().iter().any(|file| is_sdist(file.name()) && file.name().same_version(&installed.version))
}

/// Who builds a wheel writes WHEEL anew, with its own name in it.
fn is_another_build(installed: &Installed, comparison: &Comparison) -> bool {
    let wheel = installed.dist_info.join("WHEEL");
    comparison.differences.iter().any(|difference| difference.path == wheel)
}

fn is_wheel_of(name: &DistributionName, installed: &Installed) -> bool {
    let DistributionKind::Wheel { build, .. } = name.kind() else { return false };
    let sorted = |tags: &mut Vec<String>| {
        tags.sort_unstable();
        tags.dedup();
    };
    let (mut found, mut wanted) = (name.tags().collect::<Vec<_>>(), installed.tags.clone());
    sorted(&mut found);
    sorted(&mut wanted);
    !name.is_metadata() && found == wanted && build.as_deref() == installed.build.as_deref()
}

/// The files of an environment that no distribution accounts for, `own` of them left out.
fn unclaimed_files(root: &Path, environment: &Environment, strays: &[Stray], own: usize) -> Option<Judged> {
    if strays.is_empty() {
        return None;
    }
    let differences = strays.iter().map(|stray| added_file(environment, stray)).collect();
    let reason = format!("{} that no distribution accounts for", count(strays.len(), "file"));
    let notes = (own > 0)
        .then(|| format!("{} of the environment itself not compared: they come from no wheel", count(own, "file")));
    let (file, notes) = (Some(root.to_string_lossy().into_owned()), notes.into_iter().collect());
    Some(Judged { file, differences, notes, ..Judged::new(Verdict::no_target(reason)) })
}

fn added_file(environment: &Environment, stray: &Stray) -> FileDifference {
    let added_to =
        stray.added_to.as_ref().map(|name| format!("it lies among the files of {name}, and is none of them"));
    let reason = stray.problem.clone().or(added_to).unwrap_or_else(|| "no distribution has it".to_owned());
    FileDifference { path: shown_in(environment, &stray.path), kind: "added", reason }
}

fn told(environment: &Environment, difference: &Difference) -> FileDifference {
    let (kind, reason) = match &difference.kind {
        DifferenceKind::Changed { expected, found } => {
            ("changed", format!("sha256 is {found} where the wheel has {expected}"))
        }
        DifferenceKind::Missing => ("missing", "the wheel has it".to_owned()),
        DifferenceKind::NotAFile { found } => ("changed", format!("it is {found}, where the wheel has a file")),
        DifferenceKind::Script => ("changed", "it is no script that an installer makes for the entry point".to_owned()),
        DifferenceKind::Interpreter { found } => {
            ("changed", format!("it is run by {found}, which is no interpreter of this environment"))
        }
        DifferenceKind::Bytecode { reason } => ("changed", reason.clone()),
        DifferenceKind::Unreadable { reason } => ("unreadable", reason.clone()),
    };
    FileDifference { path: shown_in(environment, &difference.path), kind, reason }
}

/// What else there is to say of a comparison.
fn notes(wheel: &str, comparison: &Comparison) -> Vec<String> {
    let mut notes = vec![format!("{} compared with {wheel}", count(comparison.checked, "file"))];
    if comparison.unjudged > 0 {
        notes.push(format!(
            "{} not judged: bytecode that fits its source by time and size, and launchers",
            count(comparison.unjudged, "file")
        ));
    }
    let faults = comparison.record_faults.iter();
    notes.extend(faults.map(|fault| format!("RECORD of the wheel is wrong about {}: {}", fault.member, fault.problem)));
    notes
}

/// A path as a user would name it: below the environment.
fn shown_in(environment: &Environment, path: &Path) -> String {
    path.strip_prefix(&environment.layout.prefix).unwrap_or(path).to_string_lossy().into_owned()
}
