//! Where the passphrase of key files comes from.

use std::fmt;
use std::fs;
use std::io::{IsTerminal as _, stdin};
use std::path::PathBuf;
use std::sync::OnceLock;

use zeroize::Zeroizing;

use crate::Result;
use crate::error::Error;

/// The variable that holds it where nobody can be asked.
pub const VARIABLE: &str = "TUFGATE_PUBLISH_PASSPHRASE";

/// A file, the variable [`VARIABLE`], or the terminal: asked once, when the first key needs it.
pub struct Passphrase {
    source: Source,
    known: OnceLock<Zeroizing<String>>,
}

enum Source {
    File(PathBuf),
    Asked,
    None,
}

impl Passphrase {
    /// From the first line of that file; without one from the variable, else from the terminal.
    #[must_use]
    pub fn new(file: Option<PathBuf>) -> Self {
        Self { source: file.map_or(Source::Asked, Source::File), known: OnceLock::new() }
    }

    /// None: keys are written as they are.
    #[must_use]
    pub fn none() -> Self {
        Self { source: Source::None, known: OnceLock::new() }
    }

    /// The passphrase of existing keys.
    ///
    /// # Errors
    /// When there is none to be had.
    pub fn known(&self) -> Result<&str> {
        self.get(false)?.ok_or_else(|| Error::key("this key", "it has a passphrase, and none was given"))
    }

    /// The passphrase for a new key, asked twice at a terminal; `None` for none.
    ///
    /// # Errors
    /// As [`Passphrase::known`], and when the two differ, or it is empty.
    pub fn chosen(&self) -> Result<Option<&str>> {
        self.get(true)
    }

    fn get(&self, new: bool) -> Result<Option<&str>> {
        if matches!(self.source, Source::None) {
            return Ok(None);
        }
        if self.known.get().is_none() {
            let _ = self.known.set(self.read(new)?);
        }
        let known = self.known.get().map(|known| known.as_str());
        match known {
            Some("") => Err(Error::usage("the passphrase is empty", "to keep a key without one, say so")),
            known => Ok(known),
        }
    }

    fn read(&self, new: bool) -> Result<Zeroizing<String>> {
        if let Source::File(path) = &self.source {
            let text = Zeroizing::new(fs::read_to_string(path).map_err(Error::disk(path, "cannot read"))?);
            return Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()));
        }
        if let Ok(text) = std::env::var(VARIABLE) {
            return Ok(Zeroizing::new(text));
        }
        if !stdin().is_terminal() {
            let help = format!("give a file with --passphrase-file, or set {VARIABLE}");
            return Err(Error::usage("the keys need a passphrase, and there is nobody to ask", help));
        }
        let ask = |prompt: &str| -> Result<Zeroizing<String>> {
            let asked = rpassword::prompt_password(prompt).map(Zeroizing::new);
            asked.map_err(|source| Error::Disk {
                path: "terminal".into(),
                action: "cannot ask for the passphrase",
                source,
            })
        };
        let first = ask(if new { "Passphrase for the new keys: " } else { "Passphrase of the keys: " })?;
        if new && *ask("The same again: ")? != *first {
            return Err(Error::usage("the two passphrases differ", "run again"));
        }
        Ok(first)
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase")
    }
}
