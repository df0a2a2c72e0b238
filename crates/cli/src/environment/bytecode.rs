//! Whether bytecode says that it belongs to its source (PEP 3147, PEP 552).

use std::fs::Metadata;
use std::hash::Hasher as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use siphasher::sip::{SipHasher13, SipHasher24};

use super::files;

const MAX_SOURCE: u64 = 64 << 20;
const HEAD: u64 = 16;

/// The sources that `__pycache__/NAME` may be of, the likeliest first: tags may have dots, and so may names of scripts.
pub(super) fn sources(bytecode: &Path) -> Vec<PathBuf> {
    let of = || {
        let cache = bytecode.parent().filter(|dir| dir.file_name().is_some_and(|name| name == "__pycache__"))?;
        let stem = bytecode.file_name()?.to_str()?.strip_suffix(".pyc")?;
        let dir = cache.parent()?;
        let ends = stem.match_indices('.').map(|(end, _)| end).rev();
        Some(ends.filter_map(|end| Some(dir.join(format!("{}.py", stem.get(..end)?)))).collect())
    };
    of().unwrap_or_default()
}

/// Fails with the reason why bytecode is not of its source, as far as its head says. An interpreter ignores bytecode
/// that does not fit, unless the head tells it not to look.
pub(super) fn judge(bytecode: &Path, source: &Path, found: &Metadata) -> Result<(), String> {
    let head = files::head(bytecode, HEAD).map_err(|error| error.to_string())?;
    let fields = || {
        Some((head.first_chunk::<4>()?, number(&head, 4)?, u64::from(number(&head, 8)?), u64::from(number(&head, 12)?)))
    };
    let Some((magic, flags, first, second)) = fields() else { return Err("it has no whole head".to_owned()) };
    match flags {
        0 => {
            let modified = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            if modified.map(|since| since.as_secs() & 0xffff_ffff) != Some(first) {
                return Err("it was made of a source of another time".to_owned());
            }
            if found.len() & 0xffff_ffff != second {
                return Err("it was made of a source of another length".to_owned());
            }
            Ok(())
        }
        1 | 3 => {
            let source = files::read(source, MAX_SOURCE).map_err(|error| error.to_string())?;
            let key = u64::from(u32::from_le_bytes(*magic));
            let (mut new, mut old) = (SipHasher13::new_with_keys(key, 0), SipHasher24::new_with_keys(key, 0));
            new.write(&source);
            old.write(&source);
            // Python 3.11 took the one in place of the other.
            if [new.finish(), old.finish()].contains(&(first | second << 32)) {
                Ok(())
            } else {
                Err("it was made of another source".to_owned())
            }
        }
        _ => Err("it says in an unknown way what it was made of".to_owned()),
    }
}

fn number(head: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*head.get(at..)?.first_chunk::<4>()?))
}
