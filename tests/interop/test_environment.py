"""Environments that pip and uv install into, from an index that serves the signed pages."""

import sys
from pathlib import Path

import pytest
from repositories import distributions
from tampering import flip
from tools import pip, run, uv

NAMES = ["certifi", "idna", "markupsafe", "packaging", "six", "tabulate", "zope.event", "zope.interface"]


class Environment:
    def __init__(self, cwd: Path, address: str) -> None:
        self.cwd, self.address, self.path = cwd, address, cwd / "venv"
        run(cwd, sys.executable, "-m", "venv", "--without-pip", self.path)

    def pip(self, *arguments: object) -> None:
        pip(self.cwd, self.address, "install", "--quiet", *arguments, python=self.path / "bin/python")

    def uv(self, *arguments: object) -> None:
        uv(self.cwd, self.address, "pip", "install", "--quiet", "--python", self.path / "bin/python", *arguments)

    @property
    def site(self) -> Path:
        (site,) = self.path.glob("lib/python*/site-packages")
        return site


@pytest.fixture
def empty(home, served):
    index, address = served("pep458")
    home.configure(index, address)
    return Environment(home.path, address)


@pytest.fixture(params=["pip", "uv"])
def environment(request, empty):
    getattr(empty, request.param)(*NAMES)
    return empty


def releases(*names: str) -> list[str]:
    """`project==version` of these; the name as the index normalises it."""
    wanted = {name.replace(".", "-") for name in names}
    return [f"{file.project}=={file.version}" for file in distributions() if file.is_wheel and file.project in wanted]


def verify(home, environment):
    return home.run("verify", "--environment", environment.path)


def test_every_distribution_is_verified(home, environment):
    ran = verify(home, environment)
    assert (ran.code, ran.entries()) == (0, dict.fromkeys(releases(*NAMES), "verified")), ran


TAMPERINGS = {
    "a byte of a module": ("six", "six.py", "changed"),
    "a file in a package": ("idna", "idna/evil.py", "added"),
    "a file that is gone": ("certifi", "certifi/cacert.pem", "missing"),
    "a console script": ("tabulate", "../../../bin/tabulate", "changed"),
}


@pytest.mark.parametrize("case", TAMPERINGS)
def test_tampering_is_named(home, environment, case):
    project, path, kind = TAMPERINGS[case]
    file = environment.site / path
    match kind:
        case "changed":
            flip(file)
        case "added":
            file.write_text("")
        case "missing":
            file.unlink()
    ran = verify(home, environment)
    (tampered,) = releases(project)
    expected = {name: "mismatch" if name == tampered else "verified" for name in releases(*NAMES)}
    assert (ran.code, ran.entries()) == (1, expected), ran
    # Below the environment, not below its site directory.
    named = (environment.site / path).resolve().relative_to(environment.path.resolve()).as_posix()
    assert (named, kind) in ran.differences(tampered), ran


def test_a_pth_file_that_nobody_installed_is_named(home, environment):
    (environment.site / "evil.pth").write_text("import evil\n")
    ran = verify(home, environment)
    assert ran.code == 1, ran
    assert "evil.pth" in ran.stdout


def test_what_was_built_here_is_undecided(home, empty):
    # Its build backend comes from the same index.
    empty.uv("--no-binary", "idna", "idna")
    local = empty.cwd / "local"
    local.mkdir()
    (local / "local.py").write_text('"""A project."""\n__version__ = "1.0"\n')
    (local / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'
        '[project]\nname = "local"\ndynamic = ["version", "description"]\n')
    empty.uv("--editable", local)
    ran = verify(home, empty)
    assert (ran.code, ran.entries()) == (1, {"idna==3.20": "undecided", "local==1.0": "undecided"}), ran
