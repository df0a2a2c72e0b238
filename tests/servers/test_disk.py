"""What the command asks of the disk, as the system sees it."""

import os
import re
import subprocess
from pathlib import Path

REPOS = Path(__file__).parent.parent.parent / "test-repos"
CALL = re.compile(r"^\d+ +(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+)")


def calls(tmp_path: Path, *command: object) -> list[tuple[str, str, int]]:
    """All calls of a first run of a command that open, synchronise or rename files: name, arguments, result."""
    trace = tmp_path / "trace"
    subprocess.run(
        ["strace", "-f", "-qq", "-s", "4096", "-e", "trace=openat,fsync,fdatasync,rename,renameat,renameat2",
         "-o", trace, os.environ["TUFGATE"], "--config", REPOS / "pep458" / "tufgate.toml",
         "--state-dir", tmp_path / "state", *command],
        check=True,
        capture_output=True,
    )  # fmt: skip
    found = (CALL.match(line) for line in trace.read_text().splitlines())
    return [(call["name"], call["arguments"], int(call["result"])) for call in found if call]


def test_a235_each_file_is_on_the_disk_before_it_has_its_name_and_the_name_before_the_next_file(tmp_path: Path) -> None:
    trace = calls(tmp_path, "refresh")
    renames = [at for at, (name, _, result) in enumerate(trace) if name.startswith("rename") and result == 0]
    names = []
    for number, at in enumerate(renames):
        temporary, final = re.findall(r'"([^"]*)"', trace[at][1])
        names.append(Path(final).name)

        opened = [i for i in range(at) if trace[i][0] == "openat" and f'"{temporary}"' in trace[i][1]]
        assert len(opened) == 1, f"{temporary} is a new file"
        assert "O_CREAT|O_EXCL" in trace[opened[0]][1]
        file = trace[opened[0]][2]
        assert ("fsync", str(file), 0) in trace[opened[0] : at], f"{final}: its content"

        until = renames[number + 1] if number + 1 < len(renames) else len(trace)
        after = trace[at:until]
        directories = [
            (i, result) for i, (name, arguments, result) in enumerate(after)
            if name == "openat" and f'"{Path(final).parent}"' in arguments
        ]  # fmt: skip
        assert any(("fsync", str(file), 0) in after[i:] for i, file in directories), f"{final}: its name"
    assert names == ["floors", "1.root", "root.json", "floors", "timestamp.json", "floors", "snapshot.json", "targets.json"]


def test_nobody_waits_for_delegated_roles_to_reach_the_disk(tmp_path: Path) -> None:
    trace = calls(tmp_path, "verify", REPOS / "pep458" / "dist")
    renamed = [arguments for name, arguments, result in trace if name.startswith("rename") and result == 0]
    names = [Path(re.findall(r'"([^"]*)"', arguments)[1]).name for arguments in renamed]
    first = next(i for i, (name, arguments, _) in enumerate(trace) if name.startswith("rename") and "/delegated." in arguments)
    assert [name for name, _, _ in trace[first:] if name.startswith("f")] == []
    delegated = [name for name in names if name.startswith("delegated.")]
    assert len(delegated) > 3 and names[-len(delegated):] == delegated
