//! Where the passphrase of key files comes from.

use std::path::PathBuf;

/// A file, the variable `TUFGATE_PUBLISH_PASSPHRASE`, or the terminal: asked once, when the first key needs it.
#[derive(Debug, Default)]
pub struct Passphrase {
    file: Option<PathBuf>,
}

impl Passphrase {
    /// From that file, if there is one.
    #[must_use]
    pub fn new(file: Option<PathBuf>) -> Self {
        Self { file }
    }
}
