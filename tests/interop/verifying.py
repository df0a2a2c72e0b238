"""What must hold in every layout for a folder of files that pip downloaded."""

import os
import shutil
from pathlib import Path

from command import Home
from repositories import distributions
from tampering import flip

STRANGER = "tufgate_stranger-1.0-py3-none-any.whl"
RENAMED = ["idna-99.0-py3-none-any.whl", "idna-99.0.tar.gz"]


def copies(home: Home) -> Path:
    return Path(shutil.copytree(os.environ["PACKAGES"], home.path / "dist"))


def every_file_is_verified(home: Home) -> None:
    copies(home)
    ran = home.run("verify", "dist")
    assert (ran.code, ran.verdicts()) == (0, {file.name: "verified" for file in distributions()}), ran


def one_byte_makes_a_mismatch(home: Home, verdict: str = "mismatch") -> None:
    """`verdict` is another one where the content names the target."""
    dist = copies(home)
    for file in distributions():
        flip(dist / file.name)
        ran = home.run("verify", dist / file.name)
        assert (ran.code, ran.verdicts()) == (1, {file.name: verdict}), ran
        (dist / file.name).write_bytes(file.content)
    flipped = distributions()[0]
    flip(dist / flipped.name)
    ran = home.run("verify", "dist")
    expected = {file.name: verdict if file == flipped else "verified" for file in distributions()}
    assert (ran.code, ran.verdicts()) == (1, expected), ran


def strangers_are_told_apart(home: Home, unknown: str) -> None:
    """A file of an unknown project, and files of a known one under names that are not in the index."""
    dist = copies(home)
    expected = {STRANGER: unknown}
    (dist / STRANGER).write_bytes(next(file.content for file in distributions() if file.is_wheel))
    for name in RENAMED:
        suffix = ".whl" if name.endswith(".whl") else ".tar.gz"
        (file,) = (file for file in distributions() if file.project == "idna" and file.name.endswith(suffix))
        (dist / file.name).rename(dist / name)
        expected[name] = "unsigned"
    for name, verdict in expected.items():
        ran = home.run("verify", dist / name)
        assert (ran.code, ran.verdicts()) == (1, {name: verdict}), ran
