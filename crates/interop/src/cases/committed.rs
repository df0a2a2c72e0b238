//! The repositories of `test-repos/`.

use std::fs;
use std::path::PathBuf;

use super::{Case, Names};
use crate::{Files, Result};

/// One case for each folder; an attack in two steps is one.
pub(super) fn cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for name in folders("")?.into_iter().filter(|name| name != "attacks") {
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
    Ok(cases)
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
