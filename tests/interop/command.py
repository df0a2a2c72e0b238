"""The command, and what it says. Where the form of its documents changes, it changes here."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repositories import Index


@dataclass
class Ran:
    code: int
    stdout: str
    stderr: str

    def files(self) -> list[dict[str, Any]]:
        """What `verify` judged."""
        document = json.loads(self.stdout)
        assert document["schema"].startswith("tufgate.verify/"), document
        return document["files"]

    def verdicts(self) -> dict[str, str]:
        """The verdict on each file, by its name."""
        return {Path(judged["file"]).name: judged["verdict"] for judged in self.files()}

    def entries(self) -> dict[str, str]:
        """The verdict on each entry of a lock file or an environment, by its file name or `project==version`."""
        return {judged["distribution"]: judged["verdict"] for judged in self.files()}

    def differences(self, distribution: str) -> list[tuple[str, str]]:
        """What is otherwise than in the wheel: path and kind."""
        (judged,) = (judged for judged in self.files() if judged["distribution"] == distribution)
        return [(difference["path"], difference["kind"]) for difference in judged["differences"]]


class Home:
    """The command, in an environment that has nothing but a home, which is the working directory too."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def configure(self, index: Index, address: str, keys: Iterable[str] | None = None) -> None:
        root = self.path / "root.json"
        root.write_bytes(index.served["metadata/1.root.json"])
        (self.path / "tufgate.toml").write_text(index.config(address, root, keys))

    def run(self, *arguments: object, at: str | None = None) -> Ran:
        """Runs the command and, if a time is given, lets it believe that it is that late."""
        command = [os.environ["TUFGATE"], *map(str, arguments), "--format=json"]
        ran = subprocess.run(
            ["faketime", at, *command] if at else command,
            cwd=self.path,
            env={"HOME": str(self.path), "PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "panicked" not in ran.stderr, ran.stderr
        return Ran(ran.returncode, ran.stdout, ran.stderr)
