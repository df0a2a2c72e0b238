"""What people see: the command on a terminal of its own."""

import os
import pty
import subprocess

from conftest import REPOS


def on_terminal(home, *arguments: object, **variables: str) -> list[str]:
    """The lines that a terminal gets, without their ends."""
    ours, theirs = pty.openpty()
    command = [os.environ["TUFGATE"], *map(str, arguments)]
    environment = {"HOME": str(home.path), "TERM": "xterm", **variables}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=home.path, env=environment)
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 65536):
            seen += part
    except OSError:
        # How Linux says that the other side is closed.
        pass
    os.close(ours)
    process.wait(10)
    return seen.decode().splitlines()


def test_verdicts_stand_in_columns_and_in_colour(home, nginx):
    home.trust("pep458", nginx.http)
    (home.path / "dist").symlink_to(REPOS / "pep458/dist-tampered")
    lines = on_terminal(home, "verify", "dist")
    green, red = "\x1b[1m\x1b[32m", "\x1b[1m\x1b[31m"
    starts = [f"{green}verified  \x1b[0m  dist/", f"{red}unsigned  \x1b[0m  dist/", f"{red}mismatch  \x1b[0m  dist/"]
    assert [line[: len(start)] for line, start in zip(lines, starts)] == starts
    whys = ["signed by", "not listed by", "sha256 is"]
    assert len({line.index(why) for line, why in zip(lines, whys)}) == 1, lines
    assert not any("\x1b" in line for line in on_terminal(home, "verify", "dist", NO_COLOR="1"))


def test_the_overview_of_roles_stands_in_columns(home, nginx):
    home.trust("pep458", nginx.http)
    lines = on_terminal(home, "inspect")
    assert lines[5:10] == [
        "role            version  expires               keys",
        "root            1        2036-01-01T00:00:00Z  2 of 3",
        "timestamp       7        2035-09-01T00:00:01Z  1 of 1",
        "snapshot        3        2035-10-01T23:59:59Z  1 of 1",
        "targets         1        2035-12-01T00:00:00Z  2 of 3",
    ]
