//! What a client says of a repository.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a client had to say of one repository: why it did not load, or its answer for each target.
#[derive(Debug)]
pub struct Opinion(Result<BTreeMap<String, Answer>, String>);

/// What a client answers to whoever wants a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Here it is, verified.
    Bytes(Vec<u8>),
    /// The repository has no such target: a statement too, which somebody may have wanted to forge.
    Absent,
    /// It cannot be told, or the file is not what was signed, and why.
    Refused(String),
}

/// An opinion in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every target was handed out.
    Accepts,
    /// Some targets were handed out; these were not, and why.
    Partly(BTreeMap<String, String>),
    /// Nothing was handed out, and why.
    Refuses(String),
}

impl Opinion {
    pub(crate) fn not_loaded(reason: impl Into<String>) -> Self {
        Self(Err(reason.into()))
    }

    pub(crate) fn loaded(answers: impl IntoIterator<Item = (String, Answer)>) -> Self {
        Self(Ok(answers.into_iter().collect()))
    }

    /// Whether another client answers the same, but for the reasons why it refuses.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        self.statements().eq(other.statements())
    }

    /// What was answered by anything but a refusal.
    fn statements(&self) -> impl Iterator<Item = (&String, &Answer)> {
        self.0.iter().flatten().filter(|(_, answer)| !matches!(answer, Answer::Refused(_)))
    }

    /// The opinion in short. A client that loads a repository and then hands out nothing refuses it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let answers = match &self.0 {
            Ok(answers) => answers,
            Err(reason) => return Verdict::Refuses(reason.clone()),
        };
        let refused: BTreeMap<_, _> =
            answers.iter().filter_map(|(path, answer)| Some((path.clone(), answer.reason()?.to_owned()))).collect();
        if refused.is_empty() {
            Verdict::Accepts
        } else if refused.len() < answers.len() {
            Verdict::Partly(refused)
        } else {
            let reasons: BTreeSet<&str> = refused.values().map(String::as_str).collect();
            Verdict::Refuses(reasons.into_iter().collect::<Vec<_>>().join(", "))
        }
    }
}

impl Answer {
    fn reason(&self) -> Option<&str> {
        match self {
            Self::Bytes(_) => None,
            Self::Absent => Some("no such target"),
            Self::Refused(reason) => Some(reason),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepts => f.write_str("accepts"),
            Self::Refuses(reason) => write!(f, "refuses ({reason})"),
            Self::Partly(refused) => {
                let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
                for (path, reason) in refused {
                    by_reason.entry(reason).or_default().push(path);
                }
                let refused = by_reason.iter().map(|(reason, paths)| format!("{}: {reason}", paths.join(", ")));
                write!(f, "partly (not {})", refused.collect::<Vec<_>>().join("; "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opinion(answers: &[(&str, Answer)]) -> Opinion {
        Opinion::loaded(answers.iter().map(|(path, answer)| ((*path).to_owned(), answer.clone())))
    }

    fn bytes() -> Answer {
        Answer::Bytes(b"bytes".to_vec())
    }

    fn refused(reason: &str) -> Answer {
        Answer::Refused(reason.to_owned())
    }

    #[test]
    fn a_client_that_hands_out_nothing_refuses() {
        let verdict = opinion(&[("a", refused("hash")), ("b", refused("hash")), ("c", Answer::Absent)]).verdict();
        assert_eq!(verdict.to_string(), "refuses (hash, no such target)");
    }

    #[test]
    fn to_refuse_each_target_is_to_refuse_all() {
        assert!(opinion(&[("a", refused("hash"))]).agrees_with(&Opinion::not_loaded("malformed")));
        assert!(!opinion(&[("a", bytes())]).agrees_with(&Opinion::not_loaded("malformed")));
    }

    #[test]
    fn to_deny_a_target_is_not_to_refuse_it() {
        let (denied, refused) = (opinion(&[("a", Answer::Absent)]), opinion(&[("a", refused("hash"))]));
        assert!(!denied.agrees_with(&refused) && denied.agrees_with(&denied));
    }

    #[test]
    fn refused_targets_are_listed_by_reason() {
        let verdict = opinion(&[("a", refused("hash")), ("b", bytes()), ("c", refused("hash"))]).verdict();
        assert_eq!(verdict.to_string(), "partly (not a, c: hash)");
    }
}
