"""Lock files of real tools, whose index serves the signed pages and nothing else."""

import pytest
from locks import HASHES, MAKERS, chosen, entries
from repositories import distributions
from tools import pip

SIX = next(file for file in distributions() if file.project == "six")


@pytest.fixture(params=MAKERS)
def lock(request, home, served):
    """A lock file, and the entries that it must have."""
    index, address = served("pep458")
    home.configure(index, address)
    make, kind = MAKERS[request.param]
    return make(home.path, address), entries(kind)


def test_every_entry_is_verified(home, lock):
    file, names = lock
    ran = home.run("verify", file)
    assert (ran.code, ran.entries()) == (0, dict.fromkeys(names, "verified")), ran
    assert {judged["file"] for judged in ran.files()} == {str(file)}


def test_one_other_hash_is_a_mismatch(home, lock):
    file, names = lock
    text = file.read_text()
    assert SIX.sha256 in text
    file.write_text(text.replace(SIX.sha256, "0" * 64))
    ran = home.run("verify", file)
    assert ran.code == 1, ran
    # By a wrong hash alone no file is found: then the release is named.
    wrong = "six==1.17.0" if file.name == "requirements.txt" else SIX.name
    assert ran.entries() == {name: "verified" for name in names if name != SIX.name} | {wrong: "mismatch"}


def test_an_entry_of_an_unknown_project_is_named(home, lock):
    file, names = lock
    file.write_text(file.read_text().replace("six", "stranger"))
    ran = home.run("verify", file)
    assert ran.code == 1, ran
    assert sorted(ran.entries().values()) == ["unknown-project"] + ["verified"] * (len(names) - 1)


def test_without_hashes_nothing_is_decided(home, lock):
    file, names = lock
    file.write_text(HASHES.sub("", file.read_text()))
    assert "sha256" not in file.read_text()
    ran = home.run("verify", file)
    assert (ran.code, set(ran.entries().values())) == (1, {"undecided"}), ran


def test_what_was_verified_is_downloaded(home, lock):
    file, names = lock
    ran = home.run("verify", file, "--download", "fetched")
    assert ran.code == 0, ran
    fetched = {path.name: path.read_bytes() for path in (home.path / "fetched").iterdir()}
    assert {wheel.name for wheel in chosen(sdists=False)} <= fetched.keys()
    known = {each.name: each.content for each in distributions()}
    assert fetched == {name: known[name] for name in fetched}


@pytest.mark.parametrize("command", ["download", "wheel"])
def test_what_pip_downloads_is_verified(home, served, command):
    index, address = served("pep458")
    home.configure(index, address)
    option = "--dest" if command == "download" else "--wheel-dir"
    pip(home.path, address, command, "--quiet", option, home.path / "wheels", "idna", "markupsafe", "six")
    ran = home.run("verify", "wheels")
    assert (ran.code, ran.verdicts()) == (0, {file.name: "verified" for file in chosen(sdists=False)}), ran
