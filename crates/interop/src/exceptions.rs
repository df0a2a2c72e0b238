//! Where the clients may differ, and why.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{Result, Row};

const EXCEPTIONS: &str = include_str!("../exceptions.toml");

/// The differences that are known.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    #[serde(default)]
    exception: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    reason: String,
    cases: Vec<Difference>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    case: String,
    tufgate: String,
    tough: String,
}

impl Exceptions {
    /// Those of `exceptions.toml`.
    ///
    /// # Errors
    /// When the file is not well formed, gives no reason, or names a case twice.
    pub fn committed() -> Result<Self> {
        Self::parse(EXCEPTIONS)
    }

    fn parse(text: &str) -> Result<Self> {
        let exceptions: Self = toml::from_str(text)?;
        let mut seen = BTreeSet::new();
        for exception in &exceptions.exception {
            if exception.reason.trim().is_empty() || exception.cases.is_empty() {
                return Err("an exception without a reason or without a case".into());
            }
            if let Some(twice) = exception.cases.iter().find(|listed| !seen.insert(&listed.case)) {
                return Err(format!("{}: listed twice", twice.case).into());
            }
        }
        Ok(exceptions)
    }

    /// One line for each difference that is not listed as it is, and for each that is listed and is not there.
    #[must_use]
    pub fn complaints(&self, rows: &[Row]) -> Vec<String> {
        let mut listed: BTreeMap<&str, &Difference> =
            self.exception.iter().flat_map(|e| &e.cases).map(|listed| (listed.case.as_str(), listed)).collect();
        let mut complaints = Vec::new();
        for row in rows {
            let found = (!row.agree()).then(|| Difference::of(row));
            match (found, listed.remove(row.case.as_str())) {
                (Some(found), None) => complaints.push(format!("not listed: {}", found.line())),
                (Some(found), Some(listed)) if found != *listed => {
                    complaints.push(format!("listed otherwise: {}", found.line()));
                }
                (None, Some(listed)) => complaints.push(format!("listed, but they agree: {}", listed.line())),
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
        complaints.extend(listed.values().map(|listed| format!("listed, but no such case: {}", listed.line())));
        complaints
    }
}

impl Difference {
    fn of(row: &Row) -> Self {
        Self {
            case: row.case.clone(),
            tufgate: row.tufgate.verdict().to_string(),
            tough: row.tough.verdict().to_string(),
        }
    }

    /// As it stands in the file.
    fn line(&self) -> String {
        format!("{{ case = {:?}, tufgate = {:?}, tough = {:?} }},", self.case, self.tufgate, self.tough)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Opinion;
    use crate::verdict::Answer;

    const LISTED: &str = r#"
        [[exception]]
        reason = "because"
        cases = [{ case = "a", tufgate = "accepts", tough = "refuses (hash)" }]
    "#;

    fn row(case: &str, tough: std::result::Result<&str, &str>) -> Row {
        let answer = |answer: std::result::Result<&str, &str>| {
            let answer = answer.map_or_else(|e| Answer::Refused(e.to_owned()), |bytes| Answer::Bytes(bytes.into()));
            Opinion::loaded([("target".to_owned(), answer)])
        };
        Row { case: case.to_owned(), sound: true, tufgate: answer(Ok("bytes")), tough: answer(tough) }
    }

    fn complaints(rows: &[Row]) -> Vec<String> {
        Exceptions::parse(LISTED).unwrap().complaints(rows)
    }

    #[test]
    fn a_listed_difference_is_no_complaint() {
        assert_eq!(complaints(&[row("a", Err("hash")), row("b", Ok("bytes"))]), [""; 0]);
    }

    #[test]
    fn a_difference_that_is_not_listed_is_one() {
        let line = r#"not listed: { case = "b", tufgate = "accepts", tough = "refuses (hash)" },"#;
        assert_eq!(complaints(&[row("a", Err("hash")), row("b", Err("hash"))]), [line]);
    }

    #[test]
    fn other_bytes_are_a_difference() {
        let line = r#"not listed: { case = "b", tufgate = "accepts", tough = "accepts" },"#;
        assert_eq!(complaints(&[row("a", Err("hash")), row("b", Ok("other"))]), [line]);
    }

    #[test]
    fn a_listed_difference_that_reads_otherwise_is_one() {
        let line = r#"listed otherwise: { case = "a", tufgate = "accepts", tough = "refuses (length)" },"#;
        assert_eq!(complaints(&[row("a", Err("length"))]), [line]);
    }

    #[test]
    fn a_listed_difference_that_is_gone_is_one() {
        let listed = r#"{ case = "a", tufgate = "accepts", tough = "refuses (hash)" },"#;
        assert_eq!(complaints(&[row("a", Ok("bytes"))]), [format!("listed, but they agree: {listed}")]);
        assert_eq!(complaints(&[]), [format!("listed, but no such case: {listed}")]);
    }

    #[test]
    fn a_case_stands_once_and_has_a_reason() {
        assert_eq!(Exceptions::parse(&LISTED.repeat(2)).unwrap_err().to_string(), "a: listed twice");
        assert!(Exceptions::parse(&LISTED.replace("because", " ")).is_err());
    }
}
