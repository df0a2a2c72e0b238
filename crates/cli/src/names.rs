//! From the name of a file to the path of its target.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use tufgate::TargetPath;

/// How target paths are made from file names, for example `packages/{filename}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Template {
    spelled: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Filename,
    Project,
    Version,
}

impl Default for Template {
    fn default() -> Self {
        Self {
            spelled: "packages/{filename}".to_owned(),
            parts: vec![Part::Text("packages/".to_owned()), Part::Filename],
        }
    }
}

impl Template {
    /// The path of the target that a file of this name must be.
    pub(crate) fn target_path(&self, file_name: &str) -> Result<TargetPath, String> {
        let mut path = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => path.push_str(text),
                Part::Filename => path.push_str(file_name),
                Part::Project => path.push_str(&distribution(file_name)?.project),
                Part::Version => path.push_str(distribution(file_name)?.version),
            }
        }
        TargetPath::new(path).map_err(|error| error.to_string())
    }
}

impl FromStr for Template {
    type Err = String;

    fn from_str(spelled: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = spelled;
        while let Some((text, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or("a `{` is not closed")?;
            parts.extend((!text.is_empty()).then(|| Part::Text(text.to_owned())));
            parts.push(match name {
                "filename" => Part::Filename,
                "project" => Part::Project,
                "version" => Part::Version,
                _ => {
                    return Err(format!(
                        "`{{{name}}}` is unknown; there are {{filename}}, {{project}} and {{version}}"
                    ));
                }
            });
            rest = after;
        }
        parts.extend((!rest.is_empty()).then(|| Part::Text(rest.to_owned())));
        if parts.iter().any(|part| matches!(part, Part::Text(text) if text.contains('}'))) {
            return Err("a `}` has no `{` before it".to_owned());
        }
        if !parts.contains(&Part::Filename) {
            return Err("`{filename}` is missing, so that different files would be the same target".to_owned());
        }
        let template = Self { spelled: spelled.to_owned(), parts };
        template.target_path("example-1.0-py3-none-any.whl")?;
        Ok(template)
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(spelled: String) -> Result<Self, String> {
        spelled.parse()
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled)
    }
}

struct Distribution<'a> {
    project: String,
    version: &'a str,
}

/// Project and version by the name of a wheel or a source distribution.
fn distribution(file_name: &str) -> Result<Distribution<'_>, String> {
    let not_one = || "it has not the name of a wheel or a source distribution".to_owned();
    let name = file_name.strip_suffix(".metadata").unwrap_or(file_name);
    let (project, version) = if let Some(stem) = name.strip_suffix(".whl") {
        let parts: Vec<&str> = stem.split('-').collect();
        match *parts.as_slice() {
            [project, version, _, _, _] | [project, version, _, _, _, _] => (project, version),
            _ => return Err(not_one()),
        }
    } else {
        let stem = name.strip_suffix(".tar.gz").or_else(|| name.strip_suffix(".zip")).ok_or_else(not_one)?;
        stem.rsplit_once('-').ok_or_else(not_one)?
    };
    if project.is_empty() || version.is_empty() {
        return Err(not_one());
    }
    Ok(Distribution { project: normalized(project), version })
}

/// PEP 503: runs of `-`, `_` and `.` are one `-`; lower case.
pub(crate) fn normalized(project: &str) -> String {
    let mut out = String::with_capacity(project.len());
    for c in project.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c => out.push(c.to_ascii_lowercase()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(template: &str, file_name: &str) -> Result<String, String> {
        let path = template.parse::<Template>()?.target_path(file_name)?;
        Ok(path.as_str().to_owned())
    }

    #[test]
    fn placeholders_are_filled_from_wheels_and_source_distributions() {
        let template = "{project}/{version}/{filename}";
        for (file_name, expected) in [
            ("Foo.Bar_baz-1.0-py3-none-any.whl", "foo-bar-baz/1.0/Foo.Bar_baz-1.0-py3-none-any.whl"),
            ("foo-1.0-2-py3-none-any.whl.metadata", "foo/1.0/foo-1.0-2-py3-none-any.whl.metadata"),
            ("foo-bar-1.0.tar.gz", "foo-bar/1.0/foo-bar-1.0.tar.gz"),
            ("foo-1.0.zip", "foo/1.0/foo-1.0.zip"),
        ] {
            assert_eq!(path(template, file_name).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_name_that_is_no_distribution_has_no_project() {
        let expected = Err("it has not the name of a wheel or a source distribution".to_owned());
        for file_name in ["README", "foo.whl", "foo.tar.gz", "-1.0.tar.gz", "foo-.zip", "foo-1-2-3.whl"] {
            assert_eq!(path("{project}/{filename}", file_name), expected, "{file_name}");
        }
        assert_eq!(path("packages/{filename}", "README").as_deref(), Ok("packages/README"));
    }

    #[test]
    fn a_template_that_cannot_work_is_refused() {
        for (template, reason) in [
            ("{file}/{filename}", "`{file}` is unknown; there are {filename}, {project} and {version}"),
            ("packages", "`{filename}` is missing, so that different files would be the same target"),
            ("a{filename", "a `{` is not closed"),
            ("a}{filename}", "a `}` has no `{` before it"),
            ("../{filename}", "`../example-1.0-py3-none-any.whl` is not a target path: it has a `.` or `..` segment"),
        ] {
            assert_eq!(template.parse::<Template>(), Err(reason.to_owned()));
        }
    }
}
