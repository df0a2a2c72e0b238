//! A second opinion: does `tough`, another client of The Update Framework, come to the same verdict as tufgate?
//!
//! ```text
//! cases (test-repos/, repositories that tough writes, damaged ones) → opinions of both → exceptions.toml
//! ```
//!
//! Where the two differ, `exceptions.toml` says so and why. It is strict both ways: a difference that is not listed
//! fails, and so does a listed one that is gone or reads otherwise now.

mod cases;
mod exceptions;
mod files;
mod tough_client;
mod tufgate_client;
mod verdict;

pub use cases::{Case, all};
pub use exceptions::Exceptions;
pub use files::Files;
pub use tough_client::read as tough_reads;
pub use verdict::{Opinion, Verdict};

/// Whatever keeps a case from being asked about, as text for the person who runs it.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A case and what both clients say of it.
#[derive(Debug)]
pub struct Row {
    /// The name of the case.
    pub case: String,
    /// Whether the repository is a good one, of which every target must be accepted.
    pub sound: bool,
    /// What tufgate says.
    pub tufgate: Opinion,
    /// What tough says.
    pub tough: Opinion,
}

impl Row {
    /// Whether both hand out the same targets with the same bytes, and deny the same ones.
    #[must_use]
    pub fn agree(&self) -> bool {
        self.tufgate.agrees_with(&self.tough)
    }
}

/// Asks both clients about every case.
///
/// # Errors
/// When a case cannot be made or laid out on the disk.
pub fn ask_all() -> Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    all(&runtime)?.into_iter().map(|case| ask(case, &runtime)).collect()
}

fn ask(case: Case, runtime: &tokio::runtime::Runtime) -> Result<Row> {
    let scratch = tempfile::tempdir()?;
    let (tufgate, tough) = (scratch.path().join("tufgate"), scratch.path().join("tough"));
    std::fs::create_dir(&tough)?;
    let mut opinions = None;
    for (step, files) in case.steps.iter().enumerate() {
        if let Some((tufgate, tough)) = &opinions {
            // An attack in steps must be met by clients that trusted what came before.
            both_accept(&case.name, tufgate, tough)?;
        }
        let folder = scratch.path().join(format!("step-{step}"));
        files.write_to(&folder)?;
        let ours = tufgate_client::opinion(&case, &folder, &tufgate)?;
        let theirs = runtime.block_on(tough_client::opinion(&case, &folder, &tough))?;
        opinions = Some((ours, theirs));
    }
    let (tufgate, tough) = opinions.ok_or_else(|| format!("{}: a case without a step", case.name))?;
    Ok(Row { case: case.name, sound: case.sound, tufgate, tough })
}

fn both_accept(case: &str, tufgate: &Opinion, tough: &Opinion) -> Result<()> {
    match (tufgate.verdict(), tough.verdict()) {
        (Verdict::Accepts, Verdict::Accepts) => Ok(()),
        (tufgate, tough) => Err(format!("{case}, first step: tufgate {tufgate}, tough {tough}").into()),
    }
}
