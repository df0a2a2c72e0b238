//! `tufgate inspect`: what is trusted.

use serde::Serialize;
use tufgate::{Delegation, Delegations, Key, KeySet, RoleName, Session};

use super::{Basis, Run, session};
use crate::args::RepositoryArgs;
use crate::error::{CliError, Exit};
use crate::index::Index;
use crate::output::{Output, Report};
use crate::text::{Escaped, count, time};

/// As many delegations are shown one by one: an index may have thousands, and succinct roles billions.
const LISTED: usize = 100;

pub(super) fn run(run: &Run<'_>, role: Option<&str>, repository: &RepositoryArgs) -> Result<Exit, CliError> {
    let role = match role {
        Some(name) => Some(RoleName::new(name).map_err(tufgate::Error::from)?),
        None => None,
    };
    let index = Index::find(repository, run.global)?;
    let client = run.client(&index)?;
    let session = session(&client)?;
    let roles = match &role {
        None => [RoleName::ROOT, RoleName::TIMESTAMP, RoleName::SNAPSHOT, RoleName::TARGETS]
            .iter()
            .filter_map(|name| Role::top_level(session, name))
            .collect(),
        Some(name) => {
            let found = Role::top_level(session, name).or_else(|| Role::delegated(session, name));
            vec![found.ok_or_else(|| {
                CliError::usage(
                    format!("snapshot {} lists no role `{name}`", session.snapshot().version()),
                    "`tufgate inspect` shows the roles; names are compared letter by letter",
                )
            })?]
        }
    };
    let report = Inspected {
        repository: Basis::new(&index, session),
        consistent_snapshot: session.root().consistent_snapshot(),
        roles_in_snapshot: session.snapshot().len(),
        roles,
        detailed: role.is_some(),
    };
    run.output.report(&report);
    Ok(Exit::Verified)
}

#[derive(Debug, Serialize)]
struct Inspected {
    repository: Basis,
    consistent_snapshot: bool,
    roles_in_snapshot: usize,
    roles: Vec<Role>,
    #[serde(skip)]
    detailed: bool,
}

#[derive(Debug, Serialize)]
struct Role {
    name: String,
    version: Option<u64>,
    /// Unknown for a delegated role: its metadata is fetched only when a target needs it.
    expires: Option<String>,
    threshold: Option<u16>,
    keys: Vec<RoleKey>,
    /// Who delegates to it.
    delegated_by: Option<String>,
    terminating: Option<bool>,
    /// How many targets it lists itself.
    targets: Option<usize>,
    delegation_count: Option<usize>,
    /// The first of them.
    delegations: Vec<DelegatedTo>,
}

#[derive(Debug, Serialize)]
struct RoleKey {
    keyid: String,
    keytype: Option<String>,
    scheme: Option<String>,
    /// Why it can never verify anything.
    unusable: Option<String>,
}

#[derive(Debug, Serialize)]
struct DelegatedTo {
    role: String,
    terminating: bool,
    threshold: u16,
    keys: usize,
}

impl Role {
    fn top_level(session: &Session, name: &RoleName) -> Option<Self> {
        let root = session.root();
        let set = root.role(name)?;
        let (version, expires) = match name.as_str() {
            "root" => (root.version(), root.expires()),
            "timestamp" => (session.timestamp().version(), Some(session.timestamp().expires())),
            "snapshot" => (session.snapshot().version(), Some(session.snapshot().expires())),
            _ => (session.targets().version(), Some(session.targets().expires())),
        };
        let targets = (*name == RoleName::TARGETS).then(|| session.targets());
        Some(Self {
            name: name.as_str().to_owned(),
            version: Some(version),
            expires: expires.map(time),
            threshold: Some(set.threshold()),
            keys: keys(set, |keyid| root.key(keyid)),
            delegated_by: None,
            terminating: None,
            targets: targets.map(|targets| targets.targets().len()),
            delegation_count: targets.map(|targets| targets.delegations().len()),
            delegations: targets.map(|targets| delegations(targets.delegations())).unwrap_or_default(),
        })
    }

    /// What root, snapshot and targets say of a delegated role.
    fn delegated(session: &Session, name: &RoleName) -> Option<Self> {
        let meta = session.snapshot().meta(name)?;
        let delegations = session.targets().delegations();
        let delegation = delegations.iter().take(1 << 20).find(|delegation| delegation.role() == name);
        let set = delegation.as_ref().map(Delegation::key_set);
        Some(Self {
            name: name.as_str().to_owned(),
            version: Some(meta.version()),
            expires: None,
            threshold: set.map(KeySet::threshold),
            keys: set.map(|set| keys(set, |keyid| delegations.key(keyid))).unwrap_or_default(),
            delegated_by: set.map(|_| RoleName::TARGETS.as_str().to_owned()),
            terminating: delegation.as_ref().map(Delegation::is_terminating),
            targets: None,
            delegation_count: None,
            delegations: Vec::new(),
        })
    }

    fn details(&self, out: &Output) {
        out.field("role", &self.name);
        out.field("version", self.version.map_or("unknown".to_owned(), |version| version.to_string()));
        out.field("expires", self.expires.as_deref().unwrap_or("known once a target needs the role"));
        match (&self.threshold, &self.delegated_by) {
            (Some(threshold), _) => out.field("keys", format_args!("{threshold} of {} must sign", self.keys.len())),
            (None, _) => out.field("keys", "named by a role below targets; known once a target needs the role"),
        }
        for key in &self.keys {
            let kind = format!("{} {}", key.keytype.as_deref().unwrap_or(""), key.scheme.as_deref().unwrap_or(""));
            let unusable = key.unusable.as_ref().map(|reason| format!(" (unusable: {reason})")).unwrap_or_default();
            out.line(format_args!("  {}  {}{}", Escaped(&key.keyid), Escaped(kind.trim()), Escaped(unusable)));
        }
        if let Some(by) = &self.delegated_by {
            let terminating = if self.terminating == Some(true) { ", terminating" } else { "" };
            out.field("delegated by", format_args!("{by}{terminating}"));
        }
        if let Some(targets) = self.targets {
            out.field("targets", targets);
        }
        if let Some(total) = self.delegation_count {
            out.field("delegations", total);
            for to in &self.delegations {
                let terminating = if to.terminating { ", terminating" } else { "" };
                out.line(format_args!(
                    "  {}  {} of {} must sign{terminating}",
                    Escaped(&to.role),
                    to.threshold,
                    to.keys
                ));
            }
            if total > self.delegations.len() {
                out.line(format_args!("  … and {} more", total.saturating_sub(self.delegations.len())));
            }
        }
    }
}

impl Report for Inspected {
    const SCHEMA: &'static str = "tufgate.inspect/1";

    fn text(&self, out: &Output) {
        if self.detailed {
            self.roles.iter().for_each(|role| role.details(out));
            return;
        }
        out.field("index", &self.repository.index);
        out.field("metadata", &self.repository.metadata_url);
        out.field("valid until", &self.repository.valid_until);
        out.field("in snapshot", count(self.roles_in_snapshot, "role"));
        out.line("");
        out.row(["role", "version", "expires", "keys"]);
        for role in &self.roles {
            let [version, threshold] = [role.version, role.threshold.map(u64::from)]
                .map(|number| number.map_or("?".to_owned(), |number| number.to_string()));
            let expires = role.expires.as_deref().unwrap_or("?");
            out.row([&role.name, &version, expires, &format!("{threshold} of {}", role.keys.len())]);
        }
        for role in self.roles.iter().filter(|role| role.delegation_count.is_some_and(|count| count > 0)) {
            out.line("");
            role.details(out);
        }
    }
}

fn keys<'a>(set: &KeySet, key: impl Fn(&str) -> Option<&'a Key>) -> Vec<RoleKey> {
    set.keyids()
        .map(|keyid| {
            let found = key(keyid);
            RoleKey {
                keyid: keyid.to_owned(),
                keytype: found.map(|key| key.keytype().to_owned()),
                scheme: found.map(|key| key.scheme().to_owned()),
                unusable: match found {
                    Some(key) => key.inert_reason().map(str::to_owned),
                    None => Some("the key is not listed".to_owned()),
                },
            }
        })
        .collect()
}

fn delegations(delegations: &Delegations) -> Vec<DelegatedTo> {
    let shown = delegations.iter().take(LISTED).map(|delegation| DelegatedTo {
        role: delegation.role().as_str().to_owned(),
        terminating: delegation.is_terminating(),
        threshold: delegation.key_set().threshold(),
        keys: delegation.key_set().keyids().len(),
    });
    shown.collect()
}
