//! What the command says about itself, for shells and for `man`.

use std::fs;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use super::Run;
use crate::args::Arguments;
use crate::error::{CliError, Exit};
use crate::text::shown;

pub(super) fn completions(run: &Run<'_>, shell: Shell) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "tufgate", &mut script);
    run.output.raw(&script);
    Ok(Exit::Verified)
}

pub(super) fn manual(run: &Run<'_>, dir: Option<&Path>) -> Result<Exit, CliError> {
    let command = Arguments::command();
    match dir {
        Some(dir) => fs::create_dir_all(dir)
            .and_then(|()| clap_mangen::generate_to(command, dir))
            .map_err(|error| CliError::disk(format!("cannot write to {}", shown(dir)), error))?,
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command)
                .render(&mut page)
                .map_err(|error| CliError::disk("cannot write the page".to_owned(), error))?;
            run.output.raw(&page);
        }
    }
    Ok(Exit::Verified)
}
