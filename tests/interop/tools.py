"""pip, uv and poetry, with the index on loopback as the only one there is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PIP = (sys.executable, "-m", "pip", "--isolated", "--no-cache-dir", "--disable-pip-version-check")
BIN = Path(sys.executable).parent


def run(cwd: Path, *command: object, **variables: str) -> str:
    environment = {"HOME": str(cwd), "PATH": f"{BIN}:{os.environ['PATH']}", "PIP_CONFIG_FILE": "/dev/null",
                   "UV_NO_CONFIG": "1", "UV_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never",
                   "PYTHONDONTWRITEBYTECODE": "1", "POETRY_VIRTUALENVS_CREATE": "false",
                   "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", **variables}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout


def simple(address: str) -> str:
    """The index that serves exactly the signed pages of a repository in the layout of PEP 458."""
    return f"{address}/targets/simple/"


def pip(cwd: Path, address: str, command: str, *arguments: object, python: Path | None = None) -> str:
    """Runs pip, for the interpreter of another environment if there is one."""
    other = ["--python", python] if python else []
    return run(cwd, *PIP, *other, command, "--index-url", simple(address), *arguments)


def uv(cwd: Path, address: str, *arguments: object) -> str:
    return run(cwd, BIN / "uv", "--no-progress", "--no-cache", *arguments, UV_DEFAULT_INDEX=simple(address))


def poetry(cwd: Path, *arguments: object) -> str:
    return run(cwd, BIN / "poetry", "--no-interaction", "--no-cache", *arguments)


def pyproject(cwd: Path, address: str, requirements: Iterable[str]) -> None:
    """A project that needs these, for uv and for poetry."""
    quoted = ", ".join(f'"{requirement}"' for requirement in requirements)
    (cwd / "pyproject.toml").write_text(f"""\
[project]
name = "consumer"
version = "1.0"
requires-python = "=={sys.version_info.major}.{sys.version_info.minor}.*"
dependencies = [{quoted}]

[tool.poetry]
package-mode = false

[[tool.poetry.source]]
name = "loopback"
url = "{simple(address)}"
priority = "primary"
""")
