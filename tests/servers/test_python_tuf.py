"""python-tuf and the command, of one mind on what a server gives."""

import json

import pytest
from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.ngclient import Updater, UpdaterConfig

from conftest import REPOS


def listed(repository: str) -> list[str]:
    """Every target that any metadata file of the repository lists, and two that none does."""
    paths = {"packages/absent-1.0.tar.gz", "absent"}
    for file in (REPOS / repository / "metadata").iterdir():
        signed = json.loads(file.read_text())["signed"]
        if signed["_type"] == "targets":
            paths |= signed["targets"].keys()
    return sorted(paths.difference(PAGES))


# How many targets each has. The pages of `warehouse` are two more: they lie where neither client looks for a target, and
# a folder is there.
APPROVED = {"pep458": 12, "warehouse": 4, "rstuf": 7, "datadog": 6, "custom": 5, "succinct": 12, "rotated": 1, "keys": 5}
PLAIN_NAMES = ["warehouse"]
PAGES = ["tufgate-demo-clock", "tufgate-demo-greeter"]


@pytest.mark.parametrize("repository", APPROVED)
def test_python_tuf_and_the_command_agree_on_every_target(home, nginx, repository):
    root = (REPOS / repository / "root.json").read_bytes()
    store, theirs = home.path / "python-tuf", home.path / "theirs"
    store.mkdir()
    theirs.mkdir()
    updater = Updater(str(store), f"{nginx.http}/{repository}/metadata/", str(theirs),
                      f"{nginx.http}/{repository}/targets/", bootstrap=root,
                      config=UpdaterConfig(prefix_targets_with_hash=repository not in PLAIN_NAMES))
    home.trust(repository, nginx.http, *["--plain-target-names"] * (repository in PLAIN_NAMES))
    approved = 0
    for path in listed(repository):
        try:
            info = updater.get_targetinfo(path)
            expected = info and open(updater.download_target(info), "rb").read()
        except (RepositoryError, DownloadError):
            expected = None
        ran = home.run("download", path, "-o", "ours", "--format=json")
        (judged,) = ran.json()["targets"]
        found = open(home.path / judged["downloaded"], "rb").read() if ran.code == 0 else None
        assert found == expected, (path, ran)
        assert ("downloaded" in judged) == (expected is not None), (path, ran)
        approved += expected is not None
        if "downloaded" in judged:
            # Pages of different projects have one name.
            (home.path / judged["downloaded"]).unlink()
    assert approved == APPROVED[repository]
