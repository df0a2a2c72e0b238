"""Two sections of the README, as they are written: each command in its turn, with what it prints."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools import BIN, simple

README = Path(__file__).parents[2] / "README.md"
EXITS = re.compile(r" {2,}# exit code (\d)$")


def blocks(section: str, marker: str) -> list[str]:
    """The blocks of the section that are marked for this test."""
    (text,) = re.findall(rf"^## {section}\n(.*?)^## ", README.read_text(), re.M | re.S)
    return re.findall(rf"^<!-- ci: {marker} -->\n```console\n(.*?)^```$", text, re.M | re.S)


def without_details(text: str) -> str:
    """Without what differs from day to day, from one key to the next and from one Python to the next."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    text = re.sub(r"root sha256 [0-9a-f]{64}", "root sha256 HASH", text)
    text = re.sub(r"of \d+ bytes belong", "of N bytes belong", text)
    return re.sub(r"python3\.\d+", "python3.X", text)


def shows_what_happens(shown: list[str], cwd: Path, variables: dict[str, str]) -> None:
    for block in shown:
        output = []
        for line in block.splitlines():
            if not line.startswith("$ "):
                continue
            output.append(line)
            exits = EXITS.search(line)
            command = EXITS.sub("", line.removeprefix("$ "))
            ran = subprocess.run(["bash", "-c", f"exec 2>&1; {command}"], cwd=cwd, env=variables,
                                 stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
            assert ran.returncode == int(exits[1] if exits else 0), ran
            output.extend(each for each in ran.stdout.splitlines() if not each.startswith("warning: the root of "))
        assert without_details("\n".join(output)) == without_details(block.rstrip("\n"))


def path() -> str:
    return f"{Path(os.environ['TUFGATE']).parent}:{BIN}:{os.environ['PATH']}"


def test_the_readme_shows_what_happens(home, served):
    index, address = served("pep458")
    home.configure(index, address)
    # What stands in the README is not about the age of roots.
    variables = {"HOME": str(home.path), "PATH": path(), "PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": simple(address),
                 "PIP_NO_CACHE_DIR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "UV_PYTHON": sys.executable}
    shown = blocks("Verify what you downloaded", "downloaded")
    assert len(shown) == 3
    shows_what_happens(shown, home.path, variables)


def test_an_index_is_protected_as_the_readme_says(tmp_path):
    (tmp_path / "wheels").mkdir()
    for name in ("idna-3.20-py3-none-any.whl", "tabulate-0.10.0-py3-none-any.whl"):
        shutil.copy(Path(os.environ["PACKAGES"]) / name, tmp_path / "wheels")
    variables = {"HOME": str(tmp_path), "PATH": path(), "PIP_CONFIG_FILE": "/dev/null", "PIP_NO_CACHE_DIR": "1",
                 "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore",
                 "TUFGATE_PUBLISH_PASSPHRASE": "what a person would have typed"}
    shown = blocks("Protect your own index in five minutes", "published")
    assert len(shown) == 2
    shows_what_happens(shown, tmp_path, variables)
