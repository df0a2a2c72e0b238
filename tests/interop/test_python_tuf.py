"""python-tuf's own client and the command, of one mind on every target."""

import json

import pytest
from repositories import LAYOUTS
from tuf.ngclient import Updater, UpdaterConfig

ABSENT = ["absent", "packages/absent-1.0.tar.gz", "simple/absent/index.html", "absent/1.0.json", "aa/bb/cc/absent-2.0.tar.gz"]
LISTED = {"pep458": 37, "rstuf": 19, "warehouse": 13, "datadog": 19, "custom": 10, "digests": 10}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_python_tuf_finds_for_every_target_what_the_command_delivers(home, served, layout):
    index, address = served(layout)
    # Only where files lie under plain names is there something to be said, to both.
    home.configure(index, address, ["plain-target-names"])
    config = UpdaterConfig(prefix_targets_with_hash=not index.keys.get("plain-target-names", False))
    for name in ("python-tuf", "theirs"):
        (home.path / name).mkdir()
    updater = Updater(str(home.path / "python-tuf"), f"{address}/metadata/", str(home.path / "theirs"),
                      f"{address}/targets/", config=config, bootstrap=index.served["metadata/1.root.json"])
    listed = index.listed()
    assert len(listed) == LISTED[layout]
    assert not listed.keys() & set(ABSENT)

    # Pages have one name all over: each file has a directory of its own here.
    for number, (path, expected) in enumerate(listed.items()):
        info = updater.get_targetinfo(path)
        assert info == expected, path
        with open(updater.download_target(info), "rb") as file:
            theirs = file.read()
        ran = home.run("download", path, "-o", f"ours/{number}")
        (judged,) = json.loads(ran.stdout)["targets"]
        assert (ran.code, judged["target"], judged["verdict"]) == (0, path, "fetched"), ran
        assert (home.path / judged["downloaded"]).read_bytes() == theirs, path
        assert len(theirs) == expected.length
    for path in ABSENT:
        assert updater.get_targetinfo(path) is None, path
    ran = home.run("download", *ABSENT, "-o", "ours")
    judged = [(target["target"], target["verdict"]) for target in json.loads(ran.stdout)["targets"]]
    assert (ran.code, judged) == (1, [(path, "unsigned") for path in ABSENT])
