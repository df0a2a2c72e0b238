"""What `tufgate-publish` writes is read by clients that know nothing of it, and refused by them after one byte changed.

tough is the fourth of them: `crates/interop/tests/published.rs`.
"""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from publishing import PASSPHRASE, Publisher
from tools import pip

PACKAGES = Path(os.environ["PACKAGES"])
NAMES = ["idna-3.20-py3-none-any.whl", "tabulate-0.10.0-py3-none-any.whl", "six-1.17.0-py2.py3-none-any.whl"]
WHEELS = [PACKAGES / name for name in NAMES]
TARGETS = [f"packages/{name}" for name in NAMES]
HASHES = [hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in WHEELS]

SHAPES = {
    "prefixes": [],
    "succinct": ["--layout", "succinct"],
    "sha512": ["--hash", "sha512"],
    "sha256 and sha512": ["--hash", "sha256", "--hash", "sha512"],
    "ecdsa": ["--key-type", "ecdsa"],
    "rsa": ["--key-type", "rsa"],
    "without pins": ["--no-pins"],
}


def all_agree(publisher: Publisher, expected: list[str]) -> None:
    assert publisher.python_tuf(*TARGETS) == expected
    assert publisher.tuf_js(*TARGETS) == expected
    verified = [name for name, hash in zip(WHEELS, expected) if hash != "absent"]
    ran = publisher.tufgate(*verified)
    assert (ran.returncode, ran.stdout.count("verified\t")) == (0, len(verified)), ran


@pytest.mark.parametrize("shape", SHAPES)
def test_each_client_reads_what_is_published(tmp_path, shape):
    publisher = Publisher(tmp_path, *SHAPES[shape])
    publisher.does("add", "repo", *WHEELS[:2])
    all_agree(publisher, [*HASHES[:2], "absent"])
    publisher.does("add", "repo", WHEELS[2])
    all_agree(publisher, HASHES)
    publisher.does("remove", "repo", "idna==3.20")
    all_agree(publisher, ["absent", *HASHES[1:]])


def test_blake2b_beside_sha256_is_read_by_those_who_know_it(tmp_path):
    publisher = Publisher(tmp_path, "--hash", "sha256", "--hash", "blake2b-256")
    publisher.does("add", "repo", *WHEELS)
    assert publisher.python_tuf(*TARGETS) == HASHES
    ran = publisher.tufgate(*WHEELS)
    assert (ran.returncode, ran.stdout.count("verified\t")) == (0, 3), ran
    # tuf-js asks its platform for each hash that is listed, and there is none of that name.
    assert all(line.startswith("refused: ") for line in publisher.tuf_js(*TARGETS))


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets", "bins", "bin-n", "online", "root"])
def test_each_client_follows_new_keys(tmp_path, role):
    publisher = Publisher(tmp_path)
    publisher.does("add", "repo", *WHEELS)
    publisher.does("rotate", "repo", role, "--generate")
    all_agree(publisher, HASHES)
    publisher.does("timestamp", "repo", "--within", "2days")
    all_agree(publisher, HASHES)


@pytest.mark.parametrize("what", ["timestamp", "snapshot", "targets", "bins", "a bin", "a wheel"])
def test_each_client_refuses_what_was_changed_by_one_byte(tmp_path, what):
    publisher = Publisher(tmp_path)
    publisher.does("add", "repo", WHEELS[0])
    metadata = publisher.repo / "metadata"
    place = {
        "timestamp": metadata / "timestamp.json",
        "snapshot": metadata / "2.snapshot.json",
        "targets": metadata / "1.targets.json",
        "bins": metadata / "1.bins.json",
        "a bin": next(path for path in metadata.glob("2.*-*.json") if f'"{TARGETS[0]}":' in path.read_text()),
        "a wheel": publisher.place(TARGETS[0]),
    }[what]
    content = bytearray(place.read_bytes())
    # In metadata a digit of the version, so that it is still JSON.
    at = content.rindex(b'"version":') + len(b'"version":') if what != "a wheel" else len(content) // 2
    content[at] ^= 1
    place.write_bytes(content)
    assert publisher.python_tuf(TARGETS[0])[0].startswith("refused: ")
    assert publisher.tuf_js(TARGETS[0])[0].startswith("refused: ")
    command = [os.environ["TUFGATE"], "download", TARGETS[0], "--config", publisher.repo / "tufgate.toml", "-o", tmp_path / "out"]
    ran = subprocess.run([*map(str, command)], env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}, capture_output=True,
                         text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert ran.returncode in (1, 3) and not (tmp_path / "out" / NAMES[0]).exists(), ran
    if what != "a wheel":
        ran = publisher.run("add", "repo", WHEELS[1])
        # What is wrong with `bins` or a bin shows where it is asked.
        assert ran.returncode == 3 and "does not verify" in ran.stderr, ran


def test_pip_installs_from_the_pages_without_tuf(tmp_path):
    publisher = Publisher(tmp_path)
    publisher.does("add", "repo", *WHEELS)
    pip(tmp_path, publisher.address, "install", "--no-deps", "--target", tmp_path / "installed", "idna", "tabulate", "six")
    assert {path.name for path in (tmp_path / "installed").glob("*.dist-info")} == {
        "idna-3.20.dist-info", "tabulate-0.10.0.dist-info", "six-1.17.0.dist-info"}
    publisher.does("remove", "repo", "idna")
    with pytest.raises(AssertionError, match="No matching distribution found for idna"):
        pip(tmp_path, publisher.address, "download", "--no-deps", "--dest", tmp_path / "again", "idna")


def test_a_crash_at_any_rename_leaves_a_repository_that_clients_accept(tmp_path):
    """Killed when it is about to rename for the first, second, ... time, until it lives through it."""
    publisher = Publisher(tmp_path)
    publisher.does("add", "repo", WHEELS[0])
    seen = set()
    for number in range(1, 60):
        inject = f"inject=rename,renameat,renameat2,linkat:signal=KILL:when={number}"
        before = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename,renameat,renameat2,linkat", "-e", inject)
        ran = publisher.run("add", "repo", WHEELS[1], before=before)
        here = publisher.python_tuf(*TARGETS[:2])
        assert here in ([HASHES[0], "absent"], HASHES[:2]), (number, here)
        ran_tufgate = publisher.tufgate(WHEELS[0])
        assert ran_tufgate.returncode == 0, (number, ran_tufgate)
        seen.add(here[1])
        if ran.returncode == 0:
            break
    assert ran.returncode == 0 and number > 8, (number, ran)
    # Whether the wheel was there before the run that lived: after the last rename there is nothing left to be killed at.
    assert seen == {"absent", HASHES[1]}
    publisher.does("gc", "repo", "--younger", "0s")
    assert publisher.python_tuf(*TARGETS[:2]) == HASHES[:2]


def test_a_full_disk_is_told_and_clients_see_the_old_state(tmp_path):
    publisher = Publisher(tmp_path)
    publisher.does("add", "repo", WHEELS[0])
    before = publisher.files()
    for number in (1, 4, 8):
        inject = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=write,pwrite64,fdatasync", "-e",
                  f"inject=write:error=ENOSPC:when={number}")
        ran = publisher.run("add", "repo", WHEELS[1], before=inject)
        assert ran.returncode == 4 and "No space left on device" in ran.stderr, ran
        assert publisher.files() == before
    publisher.does("add", "repo", WHEELS[1])


def test_two_publishers_are_kept_apart(tmp_path):
    publisher = Publisher(tmp_path)
    with open(publisher.repo / ".lock") as lock:
        import fcntl
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = publisher.run("add", "repo", WHEELS[0])
        assert (ran.returncode, ran.stderr.splitlines()[0]) == (4, "error: another process publishes to repo"), ran
    publisher.does("add", "repo", WHEELS[0])


def test_adding_a_file_opens_its_bins_and_no_others(tmp_path):
    publisher = Publisher(tmp_path)
    publisher.does("init", "many", "--bins", "256")
    trace = tmp_path / "trace"
    ran = publisher.run("add", "many", WHEELS[0], before=("strace", "-f", "-qq", "-o", trace, "-e", "trace=openat"))
    assert ran.returncode == 0, ran
    bins = {line.split('"')[1].rsplit("/", 1)[1] for line in trace.read_text().splitlines()
            if "/metadata/" in line and "O_RDONLY" in line and "ENOENT" not in line and "O_DIRECTORY" not in line}
    # The wheel, its metadata and its two pages, as they were and as they are; roots, timestamp, snapshot, targets, bins.
    assert len({name for name in bins if len(name.split(".")[1]) == 2}) <= 8, bins


def test_a_copy_behind_a_server_is_checked(tmp_path):
    publisher = Publisher(tmp_path)
    publisher.does("add", "repo", WHEELS[0])
    assert "0 errors" in publisher.does("check", "repo", "--remote", publisher.address)
    place = publisher.place(TARGETS[0])
    content = place.read_bytes()
    place.unlink()
    ran = publisher.run("check", "repo", "--remote", publisher.address)
    assert ran.returncode == 1 and f"error\t{TARGETS[0]}\t" in ran.stdout, ran
    place.write_bytes(content)


def test_output_is_for_people_or_for_programs(tmp_path):
    import json
    publisher = Publisher(tmp_path)
    added = json.loads(publisher.does("add", "repo", WHEELS[0], "--format", "json"))
    assert (added["schema"], added["files"]) == ("tufgate-publish.add/1", [{"path": TARGETS[0], "sha256": HASHES[0], "known": False}])
    assert publisher.does("add", "repo", WHEELS[0]).endswith("nothing to do: all is published as it is\n")
    ran = publisher.run("add", "repo", __file__)
    assert ran.returncode == 2 and ran.stderr.startswith("error: ") and "\nhelp: " in ran.stderr, ran
    assert PASSPHRASE not in ran.stderr + ran.stdout
