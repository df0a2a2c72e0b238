"""What people see: the command on a terminal of its own."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios

from conftest import LARGE, REPOS


class Terminal:
    """A run whose three streams are a terminal."""

    def __init__(self, home, *arguments: object, **variables: str) -> None:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
        self.process = subprocess.Popen(
            [os.environ["TUFGATE"], *map(str, arguments)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=home.path,
            env={"HOME": str(home.path), "TERM": "xterm", **variables},
        )
        os.close(theirs)

    def read(self) -> str:
        """What comes next; nothing at the end."""
        try:
            return os.read(self.ours, 65536).decode(errors="replace")
        except OSError:
            # How Linux says that the other side is closed.
            return ""

    def rest(self) -> str:
        seen = "".join(iter(self.read, ""))
        os.close(self.ours)
        self.process.wait(10)
        return seen


def on_terminal(home, *arguments: object, **variables: str) -> list[str]:
    """The lines that a terminal gets, without their ends."""
    return Terminal(home, *arguments, **variables).rest().splitlines()


def slow(nginx) -> list[object]:
    """Options for a repository that is served slowly."""
    url = f"{nginx.http}/slow"
    return ["--root", nginx.here / "slow/root.json", f"--metadata-url={url}/metadata/", f"--targets-url={url}/targets/",
            "--target=packages/{filename}"]


def test_a_long_download_shows_its_progress_and_takes_it_away(home, nginx):
    seen = "".join(on_terminal(home, "download", LARGE, "-o", "out", *slow(nginx)))
    assert f"{LARGE} " in seen and "MiB/12.00 MiB" in seen
    assert "\x1b[2K" in seen.rpartition("MiB/12.00 MiB")[2], "the bar was not cleared"
    assert (home.path / "out/large-1.0.tar.gz").stat().st_size == 12 << 20
    assert "MiB" not in "".join(on_terminal(home, "verify", "out", "--no-progress", *slow(nginx)))


def test_an_interrupted_download_leaves_no_file_of_that_name_and_the_next_one_is_whole(home, nginx):
    terminal = Terminal(home, "download", LARGE, "-o", "out", *slow(nginx))
    seen = ""
    while "MiB/12.00 MiB" not in seen:
        seen += terminal.read()
    terminal.process.send_signal(signal.SIGINT)
    terminal.rest()
    assert terminal.process.returncode == -signal.SIGINT
    assert not (home.path / "out/large-1.0.tar.gz").exists()
    assert home.run("download", LARGE, "-o", "out", *slow(nginx)).code == 0
    assert home.run("verify", home.path / "out/large-1.0.tar.gz", *slow(nginx)).code == 0
    # What may be left of the first one has no name that a target could be saved as, and is never approved.
    left = [file for file in (home.path / "out").iterdir() if file.name != "large-1.0.tar.gz"]
    assert all(file.match(".tufgate-*.tmp") for file in left)
    assert all(home.run("verify", file, *slow(nginx)).lines()[0][0] == "unsigned" for file in left)


def test_verdicts_stand_in_columns_and_in_colour(home, nginx):
    home.trust("pep458", nginx.http)
    (home.path / "dist").symlink_to(REPOS / "pep458/dist-tampered")
    lines = on_terminal(home, "verify", "dist")
    green, red = "\x1b[1m\x1b[32m", "\x1b[1m\x1b[31m"
    verdicts = [(green, "verified"), (red, "unknown-project"), (red, "mismatch")]
    starts = [f"{colour}{verdict:<15}\x1b[0m  dist/" for colour, verdict in verdicts]
    assert [line[: len(start)] for line, start in zip(lines, starts)] == starts
    whys = ["signed by", "no page of", "sha256 is"]
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
