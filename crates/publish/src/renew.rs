//! Signing again what expires soon.

use std::time::{Duration, SystemTime};

use tufgate::Entry;

use crate::Result;
use crate::bins::BinLayout;
use crate::document::{Authority, utc};
use crate::error::Error;
use crate::keys::{KeyRing, signers};
use crate::repository::{BINS, Repository, entry};
use crate::settings::Kind;
use crate::update::{Published, Update};

/// For how long ahead the expiry of an offline role is told: its holders have to be found first.
pub const OFFLINE_NOTICE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What a renewal did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// What was published; `None` where nothing was due.
    pub published: Option<Published>,
    /// Roles that only somebody with their keys can sign again, with when they expire.
    pub waiting: Vec<(String, SystemTime)>,
}

/// Signs again whatever has less than half of its lifetime left, or less than `within`. Roles of offline keys are signed
/// within [`OFFLINE_NOTICE`] if their keys are at hand, and told if not; a root is only told.
///
/// # Errors
/// As [`Update::commit`].
pub fn renew(
    repository: &Repository,
    ring: &dyn KeyRing,
    within: Option<Duration>,
    now: SystemTime,
) -> Result<Renewed> {
    let settings = repository.settings();
    let due = |kind: Kind, expires: SystemTime| {
        let lifetime = settings.expires(kind, now).duration_since(now).unwrap_or_default();
        let left = expires.duration_since(now).unwrap_or_default();
        left < within.unwrap_or(lifetime / 2)
    };
    let soon = |expires: SystemTime| expires.duration_since(now).unwrap_or_default() < OFFLINE_NOTICE;
    let mut update = Update::new(repository, now);
    let mut waiting = Vec::new();
    let mut offline = |name: &str, expires: SystemTime, authority: &Authority, update: &mut Update<'_>| -> Result<()> {
        match signers(ring, name, authority) {
            _ if !soon(expires) => {}
            Ok(_) => update.renew(name),
            Err(Error::Keys { .. }) => waiting.push((name.to_owned(), expires)),
            Err(error) => return Err(error),
        }
        Ok(())
    };

    let session = repository.session()?;
    offline("targets", session.targets().expires(), &repository.root()?.top_level()?.targets, &mut update)?;
    let bins = repository.all_bins()?;
    if settings.layout == BinLayout::Prefixes {
        let authority = repository.document(&Entry::Targets)?.delegated_authority(BINS);
        let authority = authority.ok_or_else(|| Error::Document("`targets` does not delegate to `bins`".to_owned()))?;
        let expires = repository.document(&entry(BINS)?)?.expires();
        offline(BINS, expires.unwrap_or(now), &authority, &mut update)?;
    }
    for (name, _) in bins.iter().filter(|(_, expires)| due(Kind::Bin, *expires)) {
        update.renew(name);
    }
    if due(Kind::Snapshot, session.snapshot().expires()) {
        update.renew_snapshot();
    }
    if let Some(expires) = session.root().expires().filter(|expires| soon(*expires)) {
        waiting.push(("root".to_owned(), expires));
    }
    let is_due = !update.is_empty() || due(Kind::Timestamp, session.timestamp().expires());
    Ok(Renewed { published: if is_due { Some(update.commit(ring)?) } else { None }, waiting })
}

/// What has to be done for a role that waits, as a line for people.
#[must_use]
pub fn notice(role: &str, expires: SystemTime, now: SystemTime) -> String {
    let days = expires.duration_since(now).unwrap_or_default().as_secs() / (24 * 60 * 60);
    let how = match role {
        "root" => "tufgate-publish rotate REPO root --keep",
        _ => "tufgate-publish timestamp REPO",
    };
    let when = if expires <= now { "expired".to_owned() } else { format!("expires in {days} days,") };
    format!(
        "`{role}` {when} at {}: then nothing in the repository can be verified. Sign it again with its offline keys: {how}",
        utc(expires)
    )
}
