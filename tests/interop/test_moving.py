"""An index that publishes anew, or turns hostile, while a command runs."""

import json

import pytest
from repositories import Index, distributions

FIRST, SECOND = (f"packages/{file.name}" for file in distributions()[:2])


class Moving:
    """A repository that is another one as soon as a file of it was asked for, and does not keep the old files."""

    def __init__(self, before: dict[str, bytes], after: dict[str, bytes], until: str) -> None:
        self.served, self.after, self.until = before, after, until

    def answer(self, path: str) -> bytes | None:
        data = self.served.get(path)
        if path == self.until:
            self.served = self.after
        return data


def release(index: Index) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """What is served before and after a release in which both files are other ones."""
    before = dict(index.served)
    for path in (FIRST, SECOND):
        for old in [old for old in index.served if old.endswith(path.rpartition("/")[2])]:
            del index.served[old]
        index.add(path, f"a newer {path}".encode(), ["sha512"])
    index.finish()
    versions = {name: role.version for name, role in index.roles.items()}
    for name in ("targets", "snapshot"):
        del index.served[f"metadata/{versions[name] - 1}.{name}.json"]
    return before, index.served


@pytest.fixture
def custom():
    index = Index("custom", profile="custom")
    for file in distributions():
        index.add(f"packages/{file.name}", file.content, ["sha512"])
    return index.finish()


def first_stored(index: Index) -> str:
    return index.target_address(FIRST, index.listed()[FIRST].hashes["sha512"])


def test_a161_all_that_one_download_brings_is_of_one_snapshot(home, custom, server):
    until = first_stored(custom)
    moving = Moving(*release(custom), until)
    home.configure(custom, server.add(moving))
    ran = home.run("download", FIRST, SECOND, "-o", "out")
    document = json.loads(ran.stdout)
    assert (ran.code, [judged["verdict"] for judged in document["targets"]]) == (0, ["fetched", "fetched"]), ran
    for path in (FIRST, SECOND):
        assert (home.path / "out" / path.rpartition("/")[2]).read_bytes() == f"a newer {path}".encode()
    assert document["repository"]["timestamp"] == custom.roles["timestamp"].version
    assert len(document["warnings"]) == 2 and "began again" in document["warnings"][1], document["warnings"]


@pytest.mark.parametrize("command", [("download", FIRST, SECOND), ("mirror",)])
def test_an_index_that_turns_hostile_stops_the_run_and_is_named(home, custom, server, command):
    until = first_stored(custom)
    before = dict(custom.served)
    hostile = {"metadata/timestamp.json": b"{}"}
    home.configure(custom, server.add(Moving(before, hostile, until)))
    ran = home.run(*command, "-o", "out")
    document = json.loads(ran.stdout)
    assert (ran.code, document["schema"]) == (3, "tufgate.error/1"), ran
    assert document["error"].startswith("role `timestamp`: malformed: "), document
    assert not (home.path / "out/metadata/timestamp.json").exists()
