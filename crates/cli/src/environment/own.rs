//! What the makers of environments put there: `venv`, `virtualenv` and uv. It comes from no wheel.

use std::fs;
use std::path::Path;

use super::layout::{Kind, Layout};
use super::{bytecode, files, script};

/// Among the scripts, by name alone: they change from version to version and have paths of the environment in them.
const SCRIPTS: [&str; 13] = [
    "Activate.ps1",
    "activate",
    "activate.bat",
    "activate.csh",
    "activate.fish",
    "activate.nu",
    "activate.ps1",
    "activate.xsh",
    "activate_this.py",
    "deactivate.bat",
    "deactivate.csh",
    "deactivate.nu",
    "pydoc.bat",
];

/// Runs at each start, and is therefore known by its bytes.
const HOOK: (&str, &[u8]) = ("_virtualenv.pth", b"import _virtualenv");
const HOOKED: &str = "_virtualenv.py";
/// sha256 of what `_virtualenv.py` was in each release that wrote another one. Of a release that is not here yet, the file
/// is a stray until its hash is added.
const HOOKED_SHA256: [&str; 6] = [
    // virtualenv 20.0, 20.10; 20.17, 20.21; 20.26, 20.29; 20.35; 21.15
    "684b8c07932ba4a84ac2e5ae9afe49ef04e92bac3d8d4191d455cf09d093e5fc",
    "c9199315871b11b12df226f890a38e66e63191e1adbfb11a66e6861151b33fca",
    "0f20351ea7e90039c46d3fabdef991f28b1e3ff33eb13ee6f0d5cd21ea0e8b14",
    "bec6155ff7bfc88f8e79e481f27fd7ee0a3b40eeca9bfeb41f4c4b997b2f8100",
    "07584d2a5d13e0811eb567d78ed2aca0fb60e7defff59a01ca7a48d907bdea51",
    // uv 0.4, 0.9
    "6cf30c56faf2a55228914dbbd17f8088ed371ebb08f5e7fa6fd931f913fcaf1d",
];
const MAX_HOOK: u64 = 64 << 10;

/// Whether a file, or a link among the scripts, is the environment's own.
pub(super) fn is_own(layout: &Layout, path: &Path) -> bool {
    let (Some(name), Some(dir)) = (path.file_name().and_then(|name| name.to_str()), path.parent()) else {
        return false;
    };
    match layout.kind {
        Kind::Virtual => {}
        Kind::Prefix => return false,
        // Of `uv pip install --target`.
        Kind::Target => return dir == layout.prefix && name == ".lock" && is_empty(path),
    }
    if dir == layout.scripts {
        // Python 3.14 has one more name for itself.
        return SCRIPTS.contains(&name) || script::is_python(name) || name == "𝜋thon";
    }
    let is_site = |dir: &Path| layout.sites.iter().any(|site| site.path == dir);
    if is_site(dir) {
        return is_regular(path) && (is_hook(path, name) || is_note(path, name));
    }
    bytecode::sources(path).iter().any(|source| {
        source.parent().is_some_and(is_site)
            && source.file_name().is_some_and(|name| name == HOOKED)
            && is_own(layout, source)
            && is_regular(path)
            && fs::symlink_metadata(source).is_ok_and(|found| bytecode::judge(path, source, &found).is_ok())
    })
}

fn is_hook(path: &Path, name: &str) -> bool {
    if name != HOOK.0 && name != HOOKED {
        return false;
    }
    let Ok(bytes) = files::read(path, MAX_HOOK) else { return false };
    if name == HOOK.0 {
        return bytes == HOOK.1;
    }
    files::sha256(&mut bytes.as_slice(), MAX_HOOK).is_ok_and(|hash| HOOKED_SHA256.contains(&hash.to_hex().as_str()))
}

/// `NAME-VERSION.virtualenv`: empty, beside what virtualenv unpacked.
fn is_note(path: &Path, name: &str) -> bool {
    name.ends_with(".virtualenv") && is_empty(path)
}

fn is_empty(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file() && found.len() == 0)
}

fn is_regular(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
}
