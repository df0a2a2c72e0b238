//! The repositories of `test-repos/`.

use std::fs;
use std::path::PathBuf;

use super::{Case, Names};
use crate::{Files, Result};

/// A repository with target names of its own.
const WAREHOUSE: &str = "warehouse";

/// One case for each folder; an attack in two steps is one.
pub(super) fn cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for name in folders("")?.into_iter().filter(|name| name != "attacks" && name != WAREHOUSE) {
        cases.push(Case::sound(format!("test-repos/{name}"), repository(&name)?));
    }
    for name in folders("attacks")? {
        let path = format!("attacks/{name}");
        let title = format!("test-repos/{path}");
        cases.push(if folder(&path).join("before").is_dir() {
            Case::new(title, repository(&format!("{path}/before"))?).then(repository(&format!("{path}/after"))?)
        } else {
            Case::new(title, repository(&path)?)
        });
    }
    let pep458 = Case::sound("test-repos/pep458, target names as tough makes them", repository("pep458")?);
    cases.push(Case { names: Names::OfTough, ..pep458 });
    cases.push(Case::new("test-repos/warehouse, target names as specified", specified_names(&repository(WAREHOUSE)?)?));
    Ok(cases)
}

/// The repository with its targets where TUF-1.0.34 §6.2.1 puts them, since both clients look there. One file is no
/// target, so that the repository is not one of which everything must be accepted.
fn specified_names(warehouse: &Files) -> Result<Files> {
    let mut files = Files::default();
    for path in warehouse.paths() {
        files.add(specified_name(path).unwrap_or_else(|| path.to_owned()), warehouse.bytes(path)?);
    }
    Ok(files)
}

/// From `PROJECT/HASH.PROJECT.html` (a page) or `PART/OF/HASH/FILE`; `None` for what is no target.
fn specified_name(path: &str) -> Option<String> {
    let segments: Vec<_> = path.strip_prefix("targets/")?.split('/').collect();
    match *segments {
        [project, page] => Some(format!("targets/{}.{project}", page.split_once('.')?.0)),
        [first, second, rest, file] => Some(format!("targets/{first}/{second}/{rest}/{first}{second}{rest}.{file}")),
        _ => None,
    }
}

pub(super) fn repository(name: &str) -> Result<Files> {
    Files::read(&folder(name)).map_err(|error| format!("test-repos/{name}: {error}").into())
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../test-repos").join(name)
}

fn folders(below: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder(below))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().into_string().map_err(|name| format!("{name:?} is no text"))?);
        }
    }
    names.sort_unstable();
    Ok(names)
}
