//! One distribution against its wheel.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tufgate::Digest;

use super::bytecode;
use super::files::{self, Lies, Look, MAX_FILE};
use super::place::{Part, Place};
use super::script::{EntryPoint, Shebang};
use super::strays::Claims;
use super::wheel::{self, RecordFault, Wheel, WheelError};
use super::{Environment, Installed};
use crate::walk;

/// What installers write into `.dist-info` by themselves, in place of what the wheel may have there. It is not compared;
/// no interpreter runs it.
const BY_INSTALLERS: [&str; 6] =
    ["RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"];
const MAX_ENTRY_POINTS: u64 = 1 << 20;
const MAX_COMMANDS: u64 = 10_000;
/// Of a script that an installer makes, or of the head of one in which it changes the first line.
const MAX_SCRIPT: u64 = 64 << 10;

/// How an installed distribution compares with its wheel.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// Files of the wheel that were looked for; each is as the wheel has it, or among the differences.
    pub(crate) checked: usize,
    /// Files that the installer made: scripts for entry points, which are one of the known forms, and notes in the
    /// `.dist-info`.
    pub(crate) generated: usize,
    /// Files that can be run and that nothing can be compared with: bytecode whose head fits its source, and launchers.
    pub(crate) unjudged: usize,
    /// By path.
    pub(crate) differences: Vec<Difference>,
    /// By member.
    pub(crate) record_faults: Vec<RecordFault>,
    /// The files that it accounts for, for [`super::strays()`].
    pub(crate) claims: Claims,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Difference {
    /// Absolute.
    pub(crate) path: PathBuf,
    #[serde(flatten)]
    pub(crate) kind: DifferenceKind,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "difference", rename_all = "kebab-case")]
pub(crate) enum DifferenceKind {
    /// Other bytes, by their sha256 in lower-case hex. Of a script in which the installer filled in the interpreter:
    /// of all that follows the first line.
    Changed { expected: String, found: String },
    /// The wheel has it, the environment has not.
    Missing,
    /// What is there instead. Links are not followed.
    NotAFile { found: String },
    /// The script of an entry point is none that a known installer makes of it.
    Script,
    /// A script is run by something else than an interpreter of this environment.
    Interpreter { found: String },
    /// Bytecode that does not belong to its source.
    Bytecode { reason: String },
    /// It cannot be compared.
    Unreadable { reason: String },
}

impl Difference {
    /// Whether it is about a file that the wheel has, and not about one that an installer made.
    pub(crate) fn is_of_the_wheel(&self) -> bool {
        use DifferenceKind as Kind;
        match self.kind {
            Kind::Changed { .. } | Kind::Missing | Kind::NotAFile { .. } | Kind::Unreadable { .. } => true,
            Kind::Script | Kind::Interpreter { .. } | Kind::Bytecode { .. } => false,
        }
    }
}

/// Compares all files of a wheel with what is installed. What the environment says about itself has no part in it, except
/// for where the distribution is. Modes and times are not compared.
///
/// # Errors
///
/// If the wheel is another distribution's, has not the form of PEP 427, or exceeds a limit. A file of the environment that
/// cannot be read is a difference.
pub(crate) fn compare(environment: &Environment, installed: &Installed, wheel: File) -> Result<Comparison, WheelError> {
    let mut wheel = Wheel::open(wheel)?;
    if wheel.stem != installed.stem() {
        return Err(WheelError::Other { wheel: wheel.stem, installed: installed.stem() });
    }
    let entry_points = wheel.description("entry_points.txt", MAX_ENTRY_POINTS)?.unwrap_or_default();
    let entry_points = EntryPoint::all(&String::from_utf8_lossy(&entry_points));
    if entry_points.len() as u64 > MAX_COMMANDS {
        return Err(WheelError::Limit { what: "entry points", limit: MAX_COMMANDS });
    }
    let mut comparing = Comparing {
        environment,
        installed,
        look: Look::default(),
        out: Comparison {
            checked: 0,
            generated: 0,
            unjudged: 0,
            differences: Vec::new(),
            record_faults: wheel.missing_members(),
            claims: Claims::new(installed),
        },
    };
    comparing.members(&mut wheel, &entry_points)?;
    comparing.notes();
    comparing.commands(&entry_points);
    comparing.bytecode();
    let mut out = comparing.out;
    out.differences.sort();
    out.record_faults.sort_by(|a, b| a.member.cmp(&b.member));
    Ok(out)
}

struct Comparing<'a> {
    environment: &'a Environment,
    installed: &'a Installed,
    look: Look,
    out: Comparison,
}

impl Comparing<'_> {
    fn members(&mut self, wheel: &mut Wheel, entry_points: &[EntryPoint]) -> Result<(), WheelError> {
        let commands: HashSet<_> = entry_points.iter().map(|point| point.name.as_str()).collect();
        for member in wheel.members.clone() {
            let part = Part::of(&member.name, &wheel.stem).ok_or_else(|| WheelError::Member(member.name.clone()))?;
            // In their place lies what the installer makes.
            let is_note = BY_INSTALLERS.iter().any(|note| member.name == wheel.dist_info(note));
            if is_note || matches!(part, Part::Script(name) if commands.contains(name)) {
                continue;
            }
            let place = part.place(&self.environment.layout, self.installed);
            let (content, problem) = wheel.content(&member, place.is_script)?;
            self.out.record_faults.extend(problem.map(|problem| RecordFault { member: member.name, problem }));
            self.out.checked = self.out.checked.saturating_add(1);
            if let Some(found) = self.file(&place) {
                let difference = difference(&place, &content, &found, self.environment);
                self.differs(&place.path, difference.unwrap_or_else(|error| Some(unreadable(&error))));
            }
            self.out.claims.files.insert(place.path);
        }
        Ok(())
    }

    /// The files in the `.dist-info` that installers write.
    fn notes(&mut self) {
        for note in BY_INSTALLERS {
            let path = self.installed.dist_info.join(note);
            let lies = self.look.at(&self.installed.site.path, &path);
            match lies {
                Lies::Nothing => continue,
                Lies::File(_) => self.out.generated = self.out.generated.saturating_add(1),
                Lies::Other(found) => self.differs(&path, Some(DifferenceKind::NotAFile { found: found.to_owned() })),
                Lies::Unreadable(error) => self.differs(&path, Some(unreadable(&error))),
            }
            self.out.claims.files.insert(path);
        }
    }

    /// The scripts for entry points.
    fn commands(&mut self, entry_points: &[EntryPoint]) {
        for point in entry_points {
            let names = point.names(self.installed.site.python.as_deref());
            let mut there = false;
            for name in &names {
                there |= self.command(point, name);
            }
            if let Some(name) = names.first().filter(|_| !there) {
                let path = self.environment.layout.scripts.join(name);
                self.differs(&path, Some(DifferenceKind::Missing));
            }
        }
    }

    /// One script, or one launcher. `false`: there is none of this name.
    fn command(&mut self, point: &EntryPoint, name: &str) -> bool {
        let scripts = &self.environment.layout.scripts;
        let launcher = scripts.join(format!("{name}.exe"));
        let path = scripts.join(name);
        if let Lies::File(_) = self.look.at(scripts, &launcher) {
            if self.out.claims.files.insert(launcher) {
                self.out.unjudged = self.out.unjudged.saturating_add(1);
            }
            return true;
        }
        if self.out.claims.files.contains(&path) {
            return true;
        }
        if let Lies::Nothing = self.look.at(scripts, &path) {
            return false;
        }
        let place = Place { base: scripts.clone(), path, is_script: true };
        if self.file(&place).is_some() {
            let difference = command(&place.path, point, self.environment);
            match difference {
                Ok(None) => self.out.generated = self.out.generated.saturating_add(1),
                Ok(difference) => self.differs(&place.path, difference),
                Err(error) => self.differs(&place.path, Some(unreadable(&error))),
            }
        }
        self.out.claims.files.insert(place.path);
        true
    }

    /// The bytecode of the sources that it has.
    fn bytecode(&mut self) {
        let is_source = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "py");
        let mut sources: BTreeMap<PathBuf, HashSet<PathBuf>> = BTreeMap::new();
        for source in self.out.claims.files.iter().filter(is_source) {
            let dir = source.parent().unwrap_or(source).join("__pycache__");
            sources.entry(dir).or_default().insert(source.clone());
        }
        for (cache, sources) in sources {
            for path in fs::read_dir(cache).into_iter().flatten().flatten().map(|entry| entry.path()) {
                let source = bytecode::sources(&path).into_iter().find(|source| sources.contains(source));
                let Some(source) = source.filter(|_| !self.out.claims.files.contains(&path)) else { continue };
                let place = Place { base: self.base(&path), path, is_script: false };
                let Lies::File(of_source) = self.look.at(&place.base, &source) else { continue };
                if self.file(&place).is_some() {
                    match bytecode::judge(&place.path, &source, &of_source) {
                        Ok(()) => self.out.unjudged = self.out.unjudged.saturating_add(1),
                        Err(reason) => self.differs(&place.path, Some(DifferenceKind::Bytecode { reason })),
                    }
                }
                self.out.claims.files.insert(place.path);
            }
        }
    }

    /// Below which directory no link is followed on the way to a path: a site may itself be named by a link.
    fn base(&self, path: &Path) -> PathBuf {
        let layout = &self.environment.layout;
        let bases = [&self.installed.site.path, &layout.scripts, &layout.prefix];
        bases.into_iter().find(|base| path.starts_with(base)).unwrap_or(&layout.prefix).clone()
    }

    /// What lies at a place, if it is a file; else that is a difference.
    fn file(&mut self, place: &Place) -> Option<Metadata> {
        let kind = match self.look.at(&place.base, &place.path) {
            Lies::File(found) => return Some(found),
            Lies::Nothing => DifferenceKind::Missing,
            Lies::Other(found) => DifferenceKind::NotAFile { found: found.to_owned() },
            Lies::Unreadable(error) => unreadable(&error),
        };
        self.differs(&place.path, Some(kind));
        None
    }

    fn differs(&mut self, path: &Path, kind: Option<DifferenceKind>) {
        self.out.differences.extend(kind.map(|kind| Difference { path: path.to_owned(), kind }));
    }
}

fn difference(
    place: &Place,
    content: &wheel::Content,
    found: &Metadata,
    environment: &Environment,
) -> io::Result<Option<DifferenceKind>> {
    if found.len() > MAX_FILE {
        return Err(io::Error::other(format!("it is longer than {MAX_FILE} bytes")));
    }
    let mut file = walk::open(&place.path)?;
    let Some(script) = &content.script else {
        return Ok(changed(&content.sha256, &files::sha256(&mut file, MAX_FILE)?));
    };
    let head = files::head(&place.path, MAX_SCRIPT)?;
    let Some(shebang) = Shebang::parse(&head) else {
        return Ok(changed(&script.sha256, &files::sha256(&mut file, MAX_FILE)?));
    };
    file.seek(SeekFrom::Start(shebang.length as u64))?;
    let rest = changed(&script.sha256, &files::sha256(&mut file, MAX_FILE)?);
    Ok(rest.or_else(|| interpreter(&shebang, &script.arguments, environment)))
}

fn command(path: &Path, point: &EntryPoint, environment: &Environment) -> io::Result<Option<DifferenceKind>> {
    let script = files::head(path, MAX_SCRIPT)?;
    let Some(shebang) = Shebang::parse(&script) else { return Ok(Some(DifferenceKind::Script)) };
    let rest = script.get(shebang.length..).and_then(|rest| std::str::from_utf8(rest).ok());
    if !rest.is_some_and(|rest| point.is_made_by_an_installer(rest)) {
        return Ok(Some(DifferenceKind::Script));
    }
    Ok(interpreter(&shebang, "", environment))
}

fn interpreter(shebang: &Shebang<'_>, arguments: &str, environment: &Environment) -> Option<DifferenceKind> {
    let is_own = shebang.is_of(&environment.layout, arguments);
    (!is_own).then(|| DifferenceKind::Interpreter { found: shebang.started() })
}

fn changed(expected: &Digest, found: &Digest) -> Option<DifferenceKind> {
    (expected != found).then(|| DifferenceKind::Changed { expected: expected.to_hex(), found: found.to_hex() })
}

fn unreadable(error: &io::Error) -> DifferenceKind {
    DifferenceKind::Unreadable { reason: error.to_string() }
}
