"""Lock files, made by the tools that own their form. Each maker gives the file and the entries that it must have."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from repositories import Distribution, distributions
from tools import PIP, pip, poetry, pyproject, run, uv

REQUIREMENTS = ["idna==3.20", "markupsafe==3.0.4", "six==1.17.0"]
PROJECTS = ("idna", "markupsafe", "six")

Maker = Callable[[Path, str], Path]


def chosen(sdists: bool) -> list[Distribution]:
    """The files of the requirements: wheels, and sdists where the form lists all files."""
    return [file for file in distributions() if file.project in PROJECTS and (sdists or file.is_wheel)]


def report(cwd: Path, address: str) -> Path:
    file = cwd / "report.json"
    pip(cwd, address, "install", "--quiet", "--dry-run", "--ignore-installed", "--report", file, *REQUIREMENTS)
    return file


def requirements(cwd: Path, address: str) -> Path:
    """As people write it with `pip hash`."""
    pip(cwd, address, "download", "--quiet", "--no-deps", "--dest", cwd / "hashed", *REQUIREMENTS)
    lines = []
    for requirement in REQUIREMENTS:
        project = requirement.partition("==")[0]
        (file,) = (cwd / "hashed").glob(f"{project}-*")
        (option,) = re.findall(r"--hash=\S+", run(cwd, *PIP, "hash", file))
        lines.append(f"{requirement} {option}\n")
    return written(cwd / "requirements.txt", "".join(lines))


def compiled(cwd: Path, address: str) -> Path:
    """As `uv pip compile` writes it, in the manner of pip-tools."""
    (cwd / "requirements.in").write_text("\n".join(REQUIREMENTS))
    file = cwd / "requirements.txt"
    uv(cwd, address, "pip", "compile", "--quiet", "--generate-hashes", "-o", file, "requirements.in")
    return file


def uv_lock(cwd: Path, address: str) -> Path:
    pyproject(cwd, address, REQUIREMENTS)
    uv(cwd, address, "lock", "--quiet")
    return cwd / "uv.lock"


def pylock(cwd: Path, address: str) -> Path:
    uv_lock(cwd, address)
    uv(cwd, address, "export", "--quiet", "--format", "pylock.toml", "--no-emit-project", "-o", "pylock.toml")
    return cwd / "pylock.toml"


def pip_lock(cwd: Path, address: str) -> Path:
    """As `pip lock` writes it."""
    pip(cwd, address, "lock", "--quiet", "--output", cwd / "pylock.toml", *REQUIREMENTS)
    return cwd / "pylock.toml"


def poetry_lock(cwd: Path, address: str) -> Path:
    pyproject(cwd, address, REQUIREMENTS)
    poetry(cwd, "lock")
    return cwd / "poetry.lock"


def written(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


# Each with the files that it stands for: wheels, or all files. Those of requirements are found by their hashes.
MAKERS: dict[str, tuple[Maker, str]] = {
    "report": (report, "wheels"),
    "requirements": (requirements, "wheels"),
    "compiled": (compiled, "files"),
    "uv_lock": (uv_lock, "files"),
    "pylock": (pylock, "files"),
    "pip_lock": (pip_lock, "wheels"),
    "poetry_lock": (poetry_lock, "files"),
}


def entries(kind: str) -> list[str]:
    return [file.name for file in chosen(kind == "files")]


# What such a file says of hashes, to be taken out of it.
HASHES = re.compile(r'\[packages\.wheels\.hashes\]\nsha256 = "[^"]*"|\s*\\?\s*--hash=\S+|, hash = "[^"]*"|hash = "[^"]*", |, hashes = \{[^}]*\}|hash(es)? = \{[^}]*\}(, )?'
                    r'|"hash(es)?": ("[^"]*"|\{[^}]*\}),?')
