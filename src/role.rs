//! Names of roles and targets: hostile text until it was parsed here.

use std::borrow::Cow;
use std::fmt;

use crate::error::CallerError;

/// The longest role name that is accepted, in bytes.
pub(crate) const MAX_ROLE_NAME_BYTES: usize = 1024;
/// The longest target path that is accepted, in bytes.
const MAX_TARGET_PATH_BYTES: usize = 4096;

/// The name of a role, as the metadata spells it (TUF-1.0.34 §4.5 `name`).
///
/// 1 to 1,024 bytes of any Unicode text. The name is never used raw in a path or an address:
/// [`RoleName::file_stem`] and [`RoleName::url_segment`] encode it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleName(Cow<'static, str>);

impl RoleName {
    /// The root role.
    pub const ROOT: Self = Self(Cow::Borrowed("root"));
    /// The timestamp role.
    pub const TIMESTAMP: Self = Self(Cow::Borrowed("timestamp"));
    /// The snapshot role.
    pub const SNAPSHOT: Self = Self(Cow::Borrowed("snapshot"));
    /// The top-level targets role.
    pub const TARGETS: Self = Self(Cow::Borrowed("targets"));

    /// Takes a name as found in metadata.
    ///
    /// # Errors
    /// When the name is empty or longer than 1,024 bytes.
    pub fn new(name: impl Into<String>) -> Result<Self, CallerError> {
        let name = name.into();
        Self::check(&name)?;
        Ok(Self(Cow::Owned(name)))
    }

    /// What [`RoleName::new`] refuses, without making a name.
    pub(crate) fn check(name: &str) -> Result<(), CallerError> {
        if name.is_empty() || name.len() > MAX_ROLE_NAME_BYTES {
            return Err(CallerError::RoleName { bytes: name.len() });
        }
        Ok(())
    }

    /// The name as the metadata spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is one of the roles that `root` names itself. A delegation may not use such a name, in any case
    /// spelling: on a file system that folds case it would stand in the place of the real one.
    #[must_use]
    pub fn is_top_level(&self) -> bool {
        names_top_level(&self.0)
    }

    /// The name as one segment of an address: every byte but `A-Z a-z 0-9 - _ . ~` is percent-encoded. A name of only
    /// dots is encoded whole, so that it cannot mean a parent directory.
    #[must_use]
    pub fn url_segment(&self) -> String {
        encode_url_segment(&self.0)
    }

    /// The name as a file name without extension: different names give different results, also where the file system
    /// folds case, and none is special on any system.
    ///
    /// `a-z 0-9 - _` and inner dots stay; any other byte is percent-encoded; what Windows reserves (`con`, `nul`, …)
    /// has its first letter encoded. Where that is longer than 120 bytes the result is `%sha256-` and the SHA-256 of
    /// the name in hex, which no encoded name can be.
    #[must_use]
    pub fn file_stem(&self) -> String {
        encode_file_stem(&self.0)
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_escaped(f, &self.0)
    }
}

impl fmt::Debug for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoleName({:?})", self.0)
    }
}

/// The path of a target, as the metadata spells it and byte for byte (TUF-1.0.34 §4.5 `TARGETPATH`).
///
/// A relative path of `/`-separated segments. Refused when parsed: an empty path or segment, `.` and `..`, a leading
/// `/`, backslashes, colons (drives and streams), control characters, and more than 4,096 bytes. So no spelling of a
/// target path leaves the directory or address it is joined to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetPath(String);

impl TargetPath {
    /// Takes a path as a user or an index names it.
    ///
    /// # Errors
    /// [`CallerError::TargetPath`] with the reason.
    ///
    /// ```
    /// use tufgate::TargetPath;
    /// assert!(TargetPath::new("simple/requests/index.html").is_ok());
    /// assert!(TargetPath::new("../secret").is_err());
    /// ```
    pub fn new(path: impl Into<String>) -> Result<Self, CallerError> {
        let path = path.into();
        match path_fault(&path) {
            Some(reason) => Err(CallerError::TargetPath { path, reason }),
            None => Ok(Self(path)),
        }
    }

    /// The path as spelled.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The path as it is appended to an address: each segment percent-encoded, `prefix.` put before the last one where
    /// the repository uses consistent snapshots (TUF-1.0.34 §5.7.3, §6.2.1).
    #[must_use]
    pub fn url_path(&self, prefix: Option<&str>) -> String {
        let mut out = String::with_capacity(self.0.len() + 80);
        let mut segments = self.0.split('/').peekable();
        while let Some(segment) = segments.next() {
            if segments.peek().is_some() {
                out.push_str(&encode_url_segment(segment));
                out.push('/');
            } else {
                if let Some(prefix) = prefix {
                    out.push_str(prefix);
                    out.push('.');
                }
                out.push_str(&encode_url_segment(segment));
            }
        }
        out
    }

    /// The path with `prefix.` before its last segment (TUF-1.0.34 §5.7.3). A digest in hex makes none of it that
    /// would be refused, but for the length of the whole, which is bounded by that of both.
    pub(crate) fn with_prefix(&self, prefix: &str) -> Self {
        match self.0.rsplit_once('/') {
            Some((dir, name)) => Self(format!("{dir}/{prefix}.{name}")),
            None => Self(format!("{prefix}.{}", self.0)),
        }
    }

    /// The whole path as one safe file name, by the rule of [`RoleName::file_stem`].
    #[must_use]
    pub fn flat_file_name(&self) -> String {
        encode_file_stem(&self.0)
    }
}

impl fmt::Display for TargetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_escaped(f, &self.0)
    }
}

impl fmt::Debug for TargetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TargetPath({:?})", self.0)
    }
}

/// What [`RoleName::is_top_level`] says, of a name that is not one yet.
pub(crate) fn names_top_level(name: &str) -> bool {
    ["root", "timestamp", "snapshot", "targets", "mirrors"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn path_fault(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("it is empty");
    }
    if path.len() > MAX_TARGET_PATH_BYTES {
        return Some("it is longer than 4,096 bytes");
    }
    if path.starts_with('/') {
        return Some("it is absolute");
    }
    if path.contains('\\') || path.contains(':') {
        return Some("it has a backslash or a colon, which name drives and streams on some systems");
    }
    if path.chars().any(char::is_control) {
        return Some("it has a control character");
    }
    for segment in path.split('/') {
        match segment {
            "" => return Some("it has an empty segment"),
            "." | ".." => return Some("it has a `.` or `..` segment"),
            _ => {}
        }
    }
    None
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn push_percent(out: &mut String, byte: u8) {
    out.push('%');
    for nibble in [byte >> 4, byte & 0xf] {
        out.push(char::from(*HEX.get(usize::from(nibble)).unwrap_or(&b'0')));
    }
}

pub(crate) fn encode_url_segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let only_dots = text.bytes().all(|b| b == b'.');
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => out.push(char::from(byte)),
            b'.' if !only_dots => out.push('.'),
            _ => push_percent(&mut out, byte),
        }
    }
    out
}

fn encode_file_stem(text: &str) -> String {
    const MAX: usize = 120;
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(bytes.len());
    let reserved = is_windows_device(text);
    for (at, &byte) in bytes.iter().enumerate() {
        let inner_dot = byte == b'.' && at > 0 && at + 1 < bytes.len();
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' if !(reserved && at == 0) => out.push(char::from(byte)),
            b'.' if inner_dot => out.push('.'),
            _ => push_percent(&mut out, byte),
        }
        if out.len() > MAX {
            return format!("%sha256-{}", crate::digest::sha256(bytes).to_hex());
        }
    }
    out
}

/// Whether Windows gives the name, up to its first dot, to a device.
fn is_windows_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_lowercase();
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul" | "conin$" | "conout$")
        || (stem.len() == 4
            && (stem.starts_with("com") || stem.starts_with("lpt"))
            && stem.ends_with(|c: char| c.is_ascii_digit()))
}

/// Writes text from outside so that it cannot move a terminal's cursor or forge a line of a log.
pub(crate) fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    const SHOWN: usize = 200;
    for (at, c) in text.char_indices() {
        if at >= SHOWN {
            return write!(f, "… ({} bytes)", text.len());
        }
        if c.is_control() || is_invisible(c) {
            write!(f, "{}", c.escape_unicode())?;
        } else {
            fmt::Write::write_char(f, c)?;
        }
    }
    Ok(())
}

/// Characters that change how the text around them is shown: bidirectional controls, zero-width characters.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}
