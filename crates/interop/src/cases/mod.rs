//! What both clients are asked about.

mod committed;
mod damaged;
mod plan;
mod written;

use std::collections::BTreeSet;

use crate::{Files, Result};

/// A repository, or one repository at several times, to be met with one store.
#[derive(Debug)]
pub struct Case {
    pub(crate) name: String,
    pub(crate) steps: Vec<Files>,
    /// The targets that are asked for after each step.
    pub(crate) targets: BTreeSet<String>,
    pub(crate) sound: bool,
    pub(crate) names: Names,
}

/// Where tough looks for targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// Where the specification puts them.
    Specified,
    /// Where tough puts them.
    OfTough,
}

impl Case {
    /// A repository as it was signed, good or bad.
    fn new(name: impl Into<String>, files: Files) -> Self {
        let targets = files.targets();
        Self { name: name.into(), steps: vec![files], targets, sound: false, names: Names::Specified }
    }

    /// A repository of which every target must be accepted.
    fn sound(name: impl Into<String>, files: Files) -> Self {
        Self { sound: true, ..Self::new(name, files) }
    }

    /// The step that comes after what the case has so far.
    fn then(mut self, files: Files) -> Self {
        self.targets.extend(files.targets());
        self.steps.push(files);
        self
    }

    /// The step whose `root.json` is pinned: the first.
    pub(crate) fn pinned(&self) -> Result<&Files> {
        Ok(self.steps.first().ok_or("a case without a step")?)
    }
}

/// Every case, in the order of the table.
///
/// # Errors
/// When `test-repos/` cannot be read or tough cannot write a repository.
pub fn all(runtime: &tokio::runtime::Runtime) -> Result<Vec<Case>> {
    let mut cases = committed::cases()?;
    let (written, base) = runtime.block_on(written::cases())?;
    cases.extend(written);
    cases.extend(damaged::by_member(&base)?);
    cases.extend(damaged::by_middle_byte(&committed::repository("pep458")?)?);
    Ok(cases)
}
