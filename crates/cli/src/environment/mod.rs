//! What differs between an installed Python environment and the wheels that it was installed from.
//!
//! [`scan`] lists the distributions, [`compare()`] holds one of them against its wheel, and [`strays()`] finds the files that
//! no distribution accounts for. Nothing in the environment is believed: its own RECORD files could be rewritten by
//! whoever changed a module, so each wheel says by itself what must lie where. The wheel must have been verified before
//! (attack 180), and is read within limits all the same.
//!
//! What cannot be seen here:
//!
//! - Bytecode. A `.pyc` file whose head fits its source is run in place of the source, and only the interpreter that wrote
//!   it could say whether the rest fits too. Such files are counted in [`Comparison::unjudged`]; whoever wants to be sure
//!   removes every `__pycache__`.
//! - Launchers, the `.exe` files that installers make on Windows for entry points.
//! - The interpreter, `pyvenv.cfg`, the activation scripts: they come from no wheel. So do `sitecustomize.py` and the
//!   like outside of the site directories.
//! - The mode, owner and time of a file.

mod bytecode;
mod compare;
mod files;
mod installed;
mod layout;
mod own;
mod place;
mod record;
mod script;
mod strays;
mod wheel;

#[cfg(test)]
mod tests;

use std::path::Path;

use crate::error::CliError;

pub(crate) use compare::{Comparison, Difference, DifferenceKind, compare};
pub(crate) use installed::{Installed, Origin};
pub(crate) use layout::Layout;
pub(crate) use strays::{Claims, Stray, strays};
#[cfg(test)]
use {
    strays::Remains,
    wheel::{RecordFault, RecordProblem, WheelError},
};

/// A Python environment and what is installed in it.
#[derive(Debug)]
pub(crate) struct Environment {
    /// Where its parts are.
    pub(crate) layout: Layout,
    /// By site directory, and by the name of what describes them.
    pub(crate) distributions: Vec<Installed>,
}

/// Reads which distributions are installed in a virtual environment, in another prefix, in a site-packages directory of
/// either, or in a directory that `pip install --target` filled. Their files are not looked at yet.
///
/// # Errors
///
/// [`CliError::Usage`] if it is none of these, [`CliError::Disk`] if it cannot be listed.
pub(crate) fn scan(root: &Path) -> Result<Environment, CliError> {
    let layout = Layout::find(root)?;
    let mut distributions = Vec::new();
    for site in &layout.sites {
        distributions.extend(installed::list(site)?);
    }
    Ok(Environment { layout, distributions })
}
