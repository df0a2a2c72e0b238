//! Good repositories with one thing wrong.

use super::Case;
use crate::{Files, Result};

/// Nobody asks for it: it is pinned.
const FIRST_ROOT: &str = "metadata/1.root.json";

/// The damage to a repository whose bytes come out otherwise each time it is written: in a named member of each file.
pub(super) fn by_member(good: &Case) -> Result<Vec<Case>> {
    let mut damaged = Damaged::new(good)?;
    let files = damaged.files;
    for path in files.paths().filter(|path| *path != FIRST_ROOT) {
        let bytes = files.bytes(path)?;
        if path.starts_with("targets/") {
            damaged.push(format!("one bit of {}", target_title(path)), files.with(path, flip_middle(bytes)));
            damaged.push(format!("no {}", target_title(path)), files.without(path));
            damaged.push(format!("{}, and a byte more", target_title(path)), files.with(path, [bytes, b"\n"].concat()));
            continue;
        }
        damaged.push(
            format!("{path} that is no object"),
            files.with(path, [b"[", bytes.get(1..).unwrap_or(&[])].concat()),
        );
        damaged.push(format!("{path} with another signature"), files.with(path, turn_digit(bytes, "\"sig\": \"", 9)?));
        damaged.push(format!("{path} with another expiry"), files.with(path, turn_digit(bytes, "\"expires\": \"", 3)?));
        damaged.push(format!("{path}, and a line more"), files.with(path, [bytes, b"\n"].concat()));
        damaged.push(format!("{path}, and a bracket more"), files.with(path, [bytes, b"}"].concat()));
        if path != "root.json" {
            damaged.push(format!("no {path}"), files.without(path));
        }
    }
    damaged.swap_neighbours()?;
    Ok(damaged.cases)
}

/// The damage to a repository of fixed bytes: the lowest bit of the middle byte of each file.
pub(super) fn by_middle_byte(good: &Files) -> Result<Vec<Case>> {
    let good = Case::sound("pep458", good.clone());
    let mut damaged = Damaged::new(&good)?;
    let files = damaged.files;
    for path in files.paths().filter(|path| *path != FIRST_ROOT) {
        damaged.push(format!("one bit of {}", target_title(path)), files.with(path, flip_middle(files.bytes(path)?)));
    }
    Ok(damaged.cases)
}

struct Damaged<'a> {
    good: &'a Case,
    files: &'a Files,
    cases: Vec<Case>,
}

impl<'a> Damaged<'a> {
    fn new(good: &'a Case) -> Result<Self> {
        Ok(Self { good, files: good.pinned()?, cases: Vec::new() })
    }

    fn push(&mut self, damage: impl std::fmt::Display, files: Files) {
        let name = format!("{}: {damage}", self.good.name);
        // What was listed before the damage is asked for after it.
        self.cases.push(Case { targets: self.good.targets.clone(), ..Case::new(name, files) });
    }

    /// Each file in the place of the next one, by name, and the other way round.
    fn swap_neighbours(&mut self) -> Result<()> {
        let files = self.files;
        let paths: Vec<_> = files.paths().filter(|path| !path.ends_with("root.json")).collect();
        for (one, other) in paths.iter().zip(paths.iter().skip(1)) {
            let swapped = files.with(one, files.bytes(other)?).with(other, files.bytes(one)?);
            self.push(format!("{} and {} swapped", target_title(one), target_title(other)), swapped);
        }
        Ok(())
    }
}

/// The path, with the hash in a target's name cut short.
fn target_title(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name.split_once('.') {
        Some((hash, name)) if hash.len() >= 64 => format!("{folder}/{hash:.4}….{name}"),
        _ => path.to_owned(),
    }
}

fn flip_middle(bytes: &[u8]) -> Vec<u8> {
    let middle = bytes.len() / 2;
    bytes.iter().enumerate().map(|(at, byte)| if at == middle { byte ^ 1 } else { *byte }).collect()
}

/// Another digit in the place of the one that stands `offset` bytes behind the first `anchor`.
fn turn_digit(bytes: &[u8], anchor: &str, offset: usize) -> Result<Vec<u8>> {
    let start = bytes.windows(anchor.len()).position(|window| window == anchor.as_bytes());
    let start = start.ok_or_else(|| format!("no {anchor} in a file"))?;
    let mut bytes = bytes.to_vec();
    let digit = bytes.get_mut(start + anchor.len() + offset).ok_or("a file ends too early")?;
    *digit = if *digit == b'1' { b'2' } else { b'1' };
    Ok(bytes)
}
