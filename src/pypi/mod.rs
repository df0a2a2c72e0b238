//! Python package indexes: from the name of a distribution to the targets that answer for it (PEP 458).
//!
//! ```text
//! file name → DistributionName → Values ─┐
//!                      Profile → Template ┴→ TargetPath, or the placeholder that is not known yet
//! bytes of an approved page → ProjectPage → PageFile → its hashes, or the path of its target
//! ```
//!
//! [`PackageIndex`] puts these together: it asks a client for what is signed, in one session. Nothing else here fetches.
//! Names are parsed once, so that every spelling of a project leads to one target.

mod answer;
mod filename;
mod index;
mod page;
mod pages;
mod pointer;
mod profile;
mod project;
mod template;

pub use answer::{Answer, PageAnswer, SignedFile, SignedPage, Unlisted};
pub use filename::{DistributionKind, DistributionName};
pub use index::PackageIndex;
pub use page::{CoreMetadata, PageError, PageFile, PageFormat, PageLimits, ProjectPage, target_path_of};
pub use pointer::{Pointer, PointerError};
pub use profile::{FileSource, PageSource, Profile, ProfileError};
pub use project::{NameError, ProjectName};
pub use template::{Placeholder, Template, TemplateError, Unfilled, Values};
