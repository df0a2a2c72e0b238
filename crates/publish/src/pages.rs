//! Index pages: HTML (PEP 503) and JSON (PEP 691), with what PEPs 592, 658, 700 and 714 add.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tufgate::TargetPath;
use tufgate::pypi::{CoreMetadata, DistributionName, PageFormat, ProjectName, ProjectPage};
use tufgate::{Digest, HashAlgorithm, Hashes};

use crate::Result;
use crate::error::Error;
use crate::json::{self, Layout};

/// A page lies two folders below the targets: `simple/PROJECT/`.
const UP: &str = "../../";

/// The page of one project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The normalised name.
    pub project: String,
    /// In the order in which they were published.
    pub files: Vec<PageFile>,
}

/// One file of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PageFile {
    /// The SHA-256 of the metadata file beside it, if there is one.
    #[serde(default, with = "optional_hash")]
    pub core_metadata: Option<String>,
    /// Its name.
    pub filename: String,
    /// Its hashes in hex, by name.
    pub hashes: Map<String, Value>,
    /// As its metadata spells it.
    #[serde(default)]
    pub requires_python: Option<String>,
    /// In bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// When it was published, in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_time: Option<String>,
    /// Where it is, seen from the page.
    pub url: String,
    /// Why it is yanked, if it is.
    #[serde(default, with = "yanked")]
    pub yanked: Option<String>,
    /// What this version of the program does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl PageFile {
    /// The link to a target from a page.
    #[must_use]
    pub fn link(path: &TargetPath) -> String {
        format!("{UP}{}", path.url_path(None))
    }

    /// Its SHA-256 in hex.
    #[must_use]
    pub fn sha256(&self) -> &str {
        self.hashes.get("sha256").and_then(Value::as_str).unwrap_or_default()
    }
}

impl Page {
    /// A page that was published and verified.
    ///
    /// # Errors
    /// When it is no page of that format.
    pub fn read(format: PageFormat, project: &ProjectName, bytes: &[u8]) -> Result<Self> {
        let project = project.as_str().to_owned();
        match format {
            PageFormat::Json => {
                #[derive(Deserialize)]
                struct Form {
                    files: Vec<PageFile>,
                }
                let form: Form = serde_json::from_slice(bytes)
                    .map_err(|error| Error::Document(format!("the page of `{project}`: {error}")))?;
                Ok(Self { project, files: form.files })
            }
            _ => read_html(project, bytes),
        }
    }

    /// The page in that format.
    ///
    /// # Errors
    /// When a number in it has no form in JSON.
    pub fn write(&self, format: PageFormat) -> Result<Vec<u8>> {
        match format {
            PageFormat::Json => self.json(),
            _ => Ok(self.html().into_bytes()),
        }
    }

    /// JSON of version 1.1 (PEP 700).
    ///
    /// # Errors
    /// As [`Page::write`].
    pub fn json(&self) -> Result<Vec<u8>> {
        let mut versions: Vec<String> = Vec::new();
        for file in &self.files {
            let version = DistributionName::parse(&file.filename).map(|name| name.version().to_owned());
            versions.extend(version.ok().filter(|version| !versions.contains(version)));
        }
        let files = self.files.iter().map(|file| {
            let mut value = serde_json::to_value(file).map_err(|error| Error::Document(error.to_string()))?;
            if let Some(value) = value.as_object_mut() {
                // Installers from before PEP 714 know it by this name.
                value.insert(
                    "dist-info-metadata".to_owned(),
                    value.get("core-metadata").cloned().unwrap_or(json!(false)),
                );
            }
            Ok(value)
        });
        let files = files.collect::<Result<Vec<_>>>()?;
        let page = json!({"files": files, "meta": {"api-version": "1.1"}, "name": self.project, "versions": versions});
        json::write(&page, Layout::Compact)
    }

    /// HTML.
    #[must_use]
    pub fn html(&self) -> String {
        let name = escaped(&self.project);
        let mut out = format!(
            "<!DOCTYPE html>\n<html>\n  <head>\n    <meta name=\"pypi:repository-version\" content=\"1.1\">\n    <title>Links for {name}</title>\n  </head>\n  <body>\n    <h1>Links for {name}</h1>\n"
        );
        for file in &self.files {
            let mut attributes = String::new();
            if let Some(requires) = &file.requires_python {
                attributes.push_str(&format!(" data-requires-python=\"{}\"", escaped(requires)));
            }
            if let Some(hash) = &file.core_metadata {
                attributes.push_str(&format!(
                    " data-core-metadata=\"sha256={hash}\" data-dist-info-metadata=\"sha256={hash}\""
                ));
            }
            if let Some(reason) = &file.yanked {
                attributes.push_str(&format!(" data-yanked=\"{}\"", escaped(reason)));
            }
            let (url, hash, file) = (escaped(&file.url), file.sha256(), escaped(&file.filename));
            out.push_str(&format!("    <a href=\"{url}#sha256={hash}\"{attributes}>{file}</a><br>\n"));
        }
        out.push_str("  </body>\n</html>\n");
        out
    }
}

fn read_html(project: String, bytes: &[u8]) -> Result<Page> {
    const ROOT: &str = "https://index.invalid/";
    let fault = |error: &dyn std::fmt::Display| Error::Document(format!("the page of `{project}`: {error}"));
    let base = format!("{ROOT}simple/{project}/");
    let page = ProjectPage::parse(PageFormat::Html, bytes, &base).map_err(|error| fault(&error))?;
    let hex = |hashes: &Hashes| hashes.of(HashAlgorithm::Sha256).map(Digest::to_hex);
    let file = |file: &tufgate::pypi::PageFile| {
        let path = file.url().strip_prefix(ROOT).ok_or_else(|| fault(&"a link leads to another place"))?;
        let sha256 = file.hashes().and_then(hex).ok_or_else(|| fault(&"a link has no SHA-256"))?;
        Ok(PageFile {
            core_metadata: match file.core_metadata() {
                Some(CoreMetadata::Hashed(hashes)) => hex(hashes),
                _ => None,
            },
            filename: file.file_name().to_owned(),
            hashes: Map::from_iter([("sha256".to_owned(), json!(sha256))]),
            requires_python: file.requires_python().map(str::to_owned),
            size: None,
            upload_time: None,
            url: format!("{UP}{path}"),
            yanked: file.yanked().map(str::to_owned),
            other: Map::new(),
        })
    };
    let files = page.files().iter().map(file).collect::<Result<_>>()?;
    Ok(Page { project, files })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// `false`, or an object of hashes.
mod optional_hash {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::{Value, json};

    pub(super) fn serialize<S: Serializer>(hash: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
        hash.as_ref().map_or(json!(false), |hash| json!({"sha256": hash})).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
        let value = Value::deserialize(from)?;
        Ok(value.get("sha256").and_then(Value::as_str).map(str::to_owned))
    }
}

/// `false`, `true`, or why.
mod yanked {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::{Value, json};

    pub(super) fn serialize<S: Serializer>(reason: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
        reason.as_ref().map_or(json!(false), |reason| json!(reason)).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
        Ok(match Value::deserialize(from)? {
            Value::String(reason) => Some(reason),
            Value::Bool(true) => Some(String::new()),
            _ => None,
        })
    }
}
