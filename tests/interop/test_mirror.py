"""A part of a repository that is carried to where there is no network."""

import json
from datetime import timedelta

import pytest
from repositories import distributions, now
from serving import Server
from tuf.ngclient import Updater

WHEELS = [file for file in distributions() if file.project == "six"]


@pytest.fixture
def mirrored(home, served):
    index, address = served("pep458")
    home.configure(index, address)
    index.take_requests()
    ran = mirror(home)
    assert ran.code == 0, ran
    (home.path / "dist").mkdir()
    for file in WHEELS:
        (home.path / "dist" / file.name).write_bytes(file.content)
    index.take_requests()
    return index


def mirror(home):
    return home.run("mirror", "--index", "pep458", "--project", "six", "-o", "mirror")


def offline(home, *options, at=None):
    return home.run("verify", "--index-dir", "mirror", "--offline", *options, "dist", at=at)


def test_a_mirror_verifies_without_a_network(home, mirrored):
    ran = offline(home)
    assert (ran.code, ran.verdicts()) == (0, {file.name: "verified" for file in WHEELS}), ran
    assert mirrored.take_requests() == []


def test_python_tuf_uses_a_mirror(home, mirrored, server: Server):
    class Files:
        """The folder, as a repository is served."""

        served: dict = {}

        def answer(self, path):
            file = home.path / "mirror" / path
            return file.read_bytes() if file.is_file() else None

    address = server.add(Files())
    for name in ("python-tuf", "theirs"):
        (home.path / name).mkdir()
    updater = Updater(str(home.path / "python-tuf"), f"{address}/metadata/", str(home.path / "theirs"),
                      f"{address}/targets/", bootstrap=mirrored.served["metadata/1.root.json"])
    for file in WHEELS:
        info = updater.get_targetinfo(f"packages/{file.by_blake2b}")
        with open(updater.download_target(info), "rb") as found:
            assert found.read() == file.content


def test_a_second_run_asks_for_root_and_timestamp_alone(home, mirrored):
    assert mirror(home).code == 0
    assert mirrored.take_requests() == ["metadata/2.root.json", "metadata/timestamp.json"]


def test_a_file_that_is_gone_is_fetched_again(home, mirrored):
    # A client may ask by any of the signed hashes.
    files = [path for path in (home.path / "mirror/targets").rglob("*") if path.name.endswith(WHEELS[0].name)]
    assert len(files) == 2
    for file in files:
        file.unlink()
    assert mirror(home).code == 0
    assert [file.read_bytes() for file in files] == [WHEELS[0].content] * 2


def test_an_expired_mirror_is_stale_only_as_far_as_that_is_allowed(home, mirrored):
    # All expires 30 days after it was made.
    late = f"{now() + timedelta(days=33):%Y-%m-%d %H:%M:%S} UTC"
    ran = offline(home, at=late)
    assert (ran.code, json.loads(ran.stdout)["schema"]) == (3, "tufgate.error/1"), ran
    ran = offline(home, "--max-staleness", "7d", at=late)
    assert (ran.code, set(ran.verdicts().values())) == (0, {"stale"}), ran
    later = f"{now() + timedelta(days=40):%Y-%m-%d %H:%M:%S} UTC"
    assert offline(home, "--max-staleness", "7d", at=later).code == 3
