//! The index pages that were asked for last.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::{PageAnswer, ProjectName};
use crate::error::{Error, share};

/// As many index pages are kept at once: more than there are threads, each of which asks for one. Files of one project
/// mostly come one after another.
const PAGES: usize = 128;

/// About as many bytes may those pages take together, so that hostile ones do not take the memory of 128.
const PAGES_BYTES: u64 = 128 << 20;

/// The pages that were asked for last.
#[derive(Debug, Default)]
pub(super) struct Pages(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    by_project: HashMap<ProjectName, Slot>,
    /// The oldest first.
    order: VecDeque<ProjectName>,
}

/// Whoever comes first fetches the page; others wait for it, and are told the same.
type Slot = Arc<OnceLock<Result<PageAnswer, Arc<Error>>>>;

impl Pages {
    /// What is known of a project's page, or what `fetch` gives.
    pub(super) fn get(
        &self,
        project: &ProjectName,
        fetch: impl FnOnce() -> Result<PageAnswer, Error>,
    ) -> Result<PageAnswer, Error> {
        let slot = self.kept().slot(project);
        let mut is_new = false;
        let answer = slot.get_or_init(|| {
            is_new = true;
            fetch().map_err(Arc::new)
        });
        if is_new {
            self.kept().shrink(PAGES_BYTES);
        }
        answer.clone().map_err(|error| share(&error))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn slot(&mut self, project: &ProjectName) -> Slot {
        if let Some(slot) = self.by_project.get(project) {
            return Arc::clone(slot);
        }
        if self.order.len() >= PAGES {
            self.forget_oldest();
        }
        self.order.push_back(project.clone());
        Arc::clone(self.by_project.entry(project.clone()).or_default())
    }

    /// Forgets the oldest pages until the others take about so many bytes; the last one stays.
    fn shrink(&mut self, bytes: u64) {
        let mut all = self.by_project.values().fold(0, |all: u64, slot| all.saturating_add(bytes_of(slot)));
        while all > bytes && self.order.len() > 1 {
            let Some(slot) = self.forget_oldest() else { return };
            all = all.saturating_sub(bytes_of(&slot));
        }
    }

    fn forget_oldest(&mut self) -> Option<Slot> {
        self.by_project.remove(&self.order.pop_front()?)
    }
}

/// What a page takes in memory, about; nothing as long as it is fetched.
fn bytes_of(slot: &Slot) -> u64 {
    const FILE: u64 = 512;
    match slot.get() {
        Some(Ok(PageAnswer::Signed(signed))) => {
            let files = signed.page.files().len() as u64;
            signed.info.length().saturating_add(files.saturating_mul(FILE))
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::digest::{Hashes, sha256};
    use crate::pypi::{PageFormat, ProjectPage, SignedPage};
    use crate::role::{RoleName, TargetPath};
    use crate::target::{Place, TargetInfo};

    fn signed_page(length: u64, files: u64) -> PageAnswer {
        let links: String = (0..files).map(|number| format!("<a href=foo-{number}.zip>")).collect();
        let page = ProjectPage::parse(PageFormat::Html, links.as_bytes(), "https://index.example/simple/foo/").unwrap();
        let info = TargetInfo {
            path: TargetPath::new("simple/foo/index.html").unwrap(),
            length,
            exact: true,
            hashes: Hashes::new(vec![sha256(b"")]).unwrap(),
            custom: None,
            role: RoleName::TARGETS,
            valid_until: SystemTime::UNIX_EPOCH,
            place: Place::PlainName,
        };
        PageAnswer::Signed(Arc::new(SignedPage { info, page }))
    }

    #[test]
    fn a177_the_oldest_pages_are_forgotten_where_all_take_too_much() {
        let mut pages = Kept::default();
        for (name, length, files) in [("a", 1_000, 0), ("b", 10, 2), ("c", 500, 0)] {
            let slot = pages.slot(&ProjectName::new(name).unwrap());
            slot.set(Ok(signed_page(length, files))).unwrap();
        }
        pages.slot(&ProjectName::new("under-way").unwrap());
        let mut left = |bytes| {
            pages.shrink(bytes);
            assert_eq!(pages.by_project.len(), pages.order.len());
            pages.order.iter().map(ProjectName::as_str).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(left(2_534), "a b c under-way");
        assert_eq!(left(2_533), "b c under-way");
        assert_eq!(left(1_000), "c under-way");
        assert_eq!(left(0), "under-way");
    }
}
