//! Repositories that tough signs and writes, so that tufgate reads what others write.

use super::Case;
use super::plan::{Key, Plan, Role, Scope, Signers, TopLevel};
use crate::Result;

/// The cases, and apart from them the repository that is fit to be damaged: three roots, roles that delegate further, and
/// no hashes that would find every damage before a signature does.
pub(super) async fn cases() -> Result<(Vec<Case>, Case)> {
    use Key::{EcdsaP256, Ed25519, RsaPss};
    let ed25519 = |name| Signers::new(&[Ed25519(name)], 1);
    let single = |key: Key| Plan { roots: vec![TopLevel::of(&Signers::new(&[key], 1))], ..Plan::default() };
    let any_two = Signers::new(&[Ed25519("one"), EcdsaP256, RsaPss], 2);

    let mut rotated = vec![TopLevel::of(&ed25519("one"))];
    rotated
        .push(TopLevel { root: Signers::new(&[Ed25519("one"), Ed25519("two")], 2), ..TopLevel::of(&ed25519("two")) });
    rotated.push(TopLevel { timestamp: ed25519("three"), ..TopLevel::of(&any_two) });

    let names = [
        "plain.txt",
        "a/b/c/deep.txt",
        "with-dots_and~1.0.tar.gz",
        "space in name.txt",
        "per%cent.txt",
        "plus+.txt",
        "schön.txt",
    ];
    let mut cases = vec![
        Case::sound("written, ed25519", single(Ed25519("one")).write().await?),
        Case::sound("written, ecdsa", single(EcdsaP256).write().await?),
        Case::sound("written, rsa", single(RsaPss).write().await?),
        Case::sound("written, two of three keys", Plan::of(vec![TopLevel::of(&any_two)]).write().await?),
        Case::sound("written, keys and thresholds rotated", Plan::of(rotated).write().await?),
        Case::sound("written, no consistent snapshots", Plan { plain_names: true, ..delegating() }.write().await?),
        Case::sound("written, target names", Plan { targets: names.to_vec(), ..single(Ed25519("one")) }.write().await?),
        Case::new("written, role names", role_names().write().await?),
        Case::new("written, order of roles", order().write().await?),
        Case::new("written, `*` and a slash", star().write().await?),
    ];
    cases.push(Case::sound("written, delegations", delegating().write().await?));
    let base = Case::sound("versions only", Plan { versions_only: true, ..delegating() }.write().await?);
    cases.push(Case::sound("written, versions only", base.pinned()?.clone()));
    Ok((cases, base))
}

/// Three roots, and roles by path, by hash and below another role.
fn delegating() -> Plan {
    let key = |name| Signers::new(&[Key::Ed25519(name)], 1);
    let paths = |path: &'static str| Scope::Paths(vec![path]);
    let first = TopLevel::of(&key("one"));
    let last =
        TopLevel { root: Signers::new(&[Key::Ed25519("one"), Key::Ed25519("two")], 2), ..TopLevel::of(&key("two")) };
    Plan {
        roots: vec![first, last.clone(), TopLevel { timestamp: key("three"), ..last }],
        targets: vec!["top.txt"],
        roles: vec![
            Role::new("wheels", paths("wheels/*"), key("wheels")).listing(&["wheels/a.whl", "wheels/b.whl"]),
            Role::new("low", Scope::Hashes(vec!["0", "1", "2", "3", "4", "5", "6", "7"]), key("bins"))
                .below("rest")
                .listing(&["y/0"]),
            Role::new("high", Scope::Hashes(vec!["8", "9", "a", "b", "c", "d", "e", "f"]), key("bins"))
                .below("rest")
                .listing(&["y/1"]),
            Role::new(
                "rest",
                Scope::Paths(vec!["y/*", "z/*"]),
                Signers::new(&[Key::Ed25519("r1"), Key::Ed25519("r2")], 2),
            )
            .listing(&["z/own.txt"]),
        ],
        plain_names: false,
        versions_only: false,
    }
}

/// Role names that a file name has to encode.
fn role_names() -> Plan {
    let role = |name, path| Role::new(name, Scope::Paths(vec![path]), Signers::new(&[Key::Ed25519("role")], 1));
    Plan {
        roles: vec![
            role("with space", "space.txt").listing(&["space.txt"]),
            role("with/slash", "slash.txt").listing(&["slash.txt"]),
            role("ünïcode", "unicode.txt").listing(&["unicode.txt"]),
            role("1.2.3", "dots.txt").listing(&["dots.txt"]),
        ],
        ..Plan::default()
    }
}

/// Two roles claim `x/*`, the first of them terminating; what only the second lists is nobody's. Of `y/*` the first is
/// not terminating, so both are asked, the first before the second.
fn order() -> Plan {
    let role = |name, path, key| Role::new(name, Scope::Paths(vec![path]), Signers::new(&[Key::Ed25519(key)], 1));
    Plan {
        roles: vec![
            role("x-first", "x/*", "a").terminating().listing(&["x/both", "x/first"]),
            role("x-second", "x/*", "b").listing(&["x/both", "x/second"]),
            role("y-first", "y/*", "a").listing(&["y/both", "y/first"]),
            role("y-second", "y/*", "b").listing(&["y/both", "y/second"]),
        ],
        ..Plan::default()
    }
}

/// A pattern whose `*` would have to match a slash (TUF-1.0.34 §4.5 says that it does not).
fn star() -> Plan {
    let key = Signers::new(&[Key::Ed25519("role")], 1);
    let role = Role::new("text", Scope::Paths(vec!["*.txt"]), key).listing(&["flat.txt", "in/a/folder.txt"]);
    Plan { roles: vec![role], ..Plan::default() }
}
