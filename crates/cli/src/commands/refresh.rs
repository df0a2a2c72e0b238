//! `tufgate refresh`: bring the trusted metadata of a repository up to date.

use serde::Serialize;

use super::{Basis, Run, session};
use crate::args::RepositoryArgs;
use crate::error::{CliError, Exit};
use crate::index::Index;
use crate::output::{Output, Report};
use crate::text::shown;

pub(super) fn run(run: &Run<'_>, name: Option<&String>, repository: &RepositoryArgs) -> Result<Exit, CliError> {
    let named;
    let repository = match name {
        Some(name) => {
            named = RepositoryArgs { index: Some(name.clone()), ..repository.clone() };
            &named
        }
        None => repository,
    };
    let index = Index::find(repository, run.global)?;
    let client = run.client(&index)?;
    let state = index.state_directory(run.global)?;
    if run.global.read_only_state {
        run.output.warn(format_args!("{}: nothing was kept (--read-only-state)", shown(&state)));
    }
    run.output.report(&Refreshed {
        repository: Basis::new(&index, session(&client)?),
        state_directory: state.to_string_lossy().into_owned(),
    });
    Ok(Exit::Verified)
}

#[derive(Debug, Serialize)]
struct Refreshed {
    repository: Basis,
    state_directory: String,
}

impl Report for Refreshed {
    const SCHEMA: &'static str = "tufgate.refresh/1";

    fn text(&self, out: &Output) {
        let basis = &self.repository;
        out.field("index", &basis.index);
        out.field("metadata", &basis.metadata_url);
        out.field("root", basis.root);
        out.field("timestamp", basis.timestamp);
        out.field("snapshot", basis.snapshot);
        out.field("targets", basis.targets);
        out.field("valid until", &basis.valid_until);
        out.field("state", &self.state_directory);
    }
}
