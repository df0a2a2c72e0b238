"""The README's section "Verify what you downloaded", as it is written: each command in its turn, with what it prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tools import BIN, simple

README = Path(__file__).parents[2] / "README.md"
EXITS = re.compile(r" {2,}# exit code (\d)$")


def blocks() -> list[str]:
    """The blocks of the section that are marked for this test."""
    (section,) = re.findall(r"^## Verify what you downloaded\n(.*?)^## ", README.read_text(), re.M | re.S)
    return re.findall(r"^<!-- ci: downloaded -->\n```console\n(.*?)^```$", section, re.M | re.S)


def without_details(text: str) -> str:
    """Without what differs from day to day and from one Python to the next."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    return re.sub(r"python3\.\d+", "python3.X", text)


def test_the_readme_shows_what_happens(home, served):
    index, address = served("pep458")
    home.configure(index, address)
    # What stands in the README is not about the age of roots.
    variables = {"HOME": str(home.path), "PATH": f"{Path(os.environ['TUFGATE']).parent}:{BIN}:{os.environ['PATH']}",
                 "PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": simple(address), "PIP_NO_CACHE_DIR": "1",
                 "PIP_DISABLE_PIP_VERSION_CHECK": "1", "UV_PYTHON": sys.executable}
    shown = blocks()
    assert len(shown) == 3
    for block in shown:
        output = []
        for line in block.splitlines():
            if not line.startswith("$ "):
                continue
            output.append(line)
            exits = EXITS.search(line)
            command = EXITS.sub("", line.removeprefix("$ "))
            ran = subprocess.run(["bash", "-c", f"exec 2>&1; {command}"], cwd=home.path, env=variables,
                                 stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
            assert ran.returncode == int(exits[1] if exits else 0), ran
            output.extend(each for each in ran.stdout.splitlines() if not each.startswith("warning: the root of "))
        assert without_details("\n".join(output)) == without_details(block.rstrip("\n"))
