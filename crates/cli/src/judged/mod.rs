//! What was judged, what came of it, and how that is told: as lines, as JSON, as annotations, as a test report.

mod conclude;
mod github;
mod junit;
mod verdict;

use std::path::Path;

use serde::Serialize;
use tufgate::pypi::{DistributionName, ProjectName};

pub(crate) use conclude::{conclude, tell};
pub(crate) use verdict::{Amount, FILES, Verdict};

/// One thing that was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Judged {
    /// The file that was judged or that names it, or the environment that holds it; as the user spelled it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// Where in the file it is named, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    /// The distribution, where the file is not itself one: a file name, or `project==version`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) distribution: Option<String>,
    /// The target that decides; `None` where there can be none.
    pub(crate) target: Option<String>,
    /// Why the index says that nobody should install it any more (PEP 592), where a signed page says so; may be empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) yanked: Option<String>,
    /// Where the verified bytes were written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) downloaded: Option<String>,
    #[serde(flatten)]
    pub(crate) verdict: Verdict,
    /// Installed files that are not as they should be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) differences: Vec<FileDifference>,
    /// What else there is to say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
}

/// One installed file that is not as the signed wheel has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FileDifference {
    /// Below the environment.
    pub(crate) path: String,
    /// `changed`, `missing`, `added` or `unreadable`.
    pub(crate) kind: &'static str,
    pub(crate) reason: String,
}

impl Judged {
    /// A verdict on what is still to be said.
    pub(crate) fn new(verdict: Verdict) -> Self {
        Self {
            file: None,
            line: None,
            distribution: None,
            target: None,
            yanked: None,
            downloaded: None,
            verdict,
            differences: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Whether a name means it: that of its file, of its distribution, or of its project as PEP 503 normalizes it.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        // Files of no distribution, which the name of their environment does not name.
        if self.distribution.is_none() && !self.differences.is_empty() {
            return false;
        }
        let file = self.file.as_deref().and_then(|file| Path::new(file).file_name()?.to_str());
        let own = self.distribution.as_deref().or(file).unwrap_or_default();
        let project = match own.split_once("==") {
            Some((project, _)) => ProjectName::new(project).ok(),
            None => DistributionName::parse(own).ok().map(|name| name.project().clone()),
        };
        own == name || (project.is_some() && project == ProjectName::new(name).ok())
    }

    /// Why the verdict is what it is, in one line, and what else there is to know.
    pub(crate) fn why(&self) -> String {
        match self.yanked.as_deref() {
            None => self.verdict.why(),
            Some("") => format!("{}; yanked", self.verdict.why()),
            Some(reason) => format!("{}; yanked: {reason}", self.verdict.why()),
        }
    }

    /// What the verdict is about, in one text.
    pub(crate) fn about(&self) -> String {
        let file = self.file.as_deref().or(self.target.as_deref()).unwrap_or_default();
        match (&self.distribution, self.line) {
            (Some(distribution), _) if file.is_empty() => distribution.clone(),
            (Some(distribution), Some(line)) => format!("{file}:{line}: {distribution}"),
            (Some(distribution), None) => format!("{file}: {distribution}"),
            (None, Some(line)) => format!("{file}:{line}"),
            (None, None) => file.to_owned(),
        }
    }
}
