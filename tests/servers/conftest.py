"""A web server of its own, and the command in a home of its own."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "conformance"))

from repository import Repository  # noqa: E402

REPOS = HERE.parent.parent / "test-repos"
PASSWORD = "hunter2"
LARGE = "packages/large-1.0.tar.gz"

# What is asked on loopback is not for a proxy of the machine's.
for variable in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[variable]


class Nginx:
    """One nginx, with all that it writes in one directory."""

    def __init__(self, here: Path) -> None:
        self.here = here
        (here / "tmp").mkdir()
        (here / "users").write_text(f"reader:{{PLAIN}}{PASSWORD}\n")
        make_certificates(here)
        make_index(here / "index")
        make_large(here / "slow")
        self.ports = dict(zip(("HTTP", "HTTPS", "PROXY"), free_ports(3)))
        values = {"HERE": str(here), "REPOS": str(REPOS), **{name: str(port) for name, port in self.ports.items()}}
        config = re.sub("@([A-Z]+)@", lambda found: values[found[1]], (HERE / "nginx.conf").read_text())
        (here / "nginx.conf").write_text(config)
        self.http = f"http://127.0.0.1:{self.ports['HTTP']}"
        self.https = f"https://127.0.0.1:{self.ports['HTTPS']}"
        self.proxy = f"http://127.0.0.1:{self.ports['PROXY']}"
        self.start()

    def start(self) -> None:
        arguments = ["nginx", "-p", self.here, "-c", self.here / "nginx.conf", "-e", self.here / "error.log"]
        self.process = subprocess.Popen(arguments)
        for _ in range(500):
            assert self.process.poll() is None, (self.here / "error.log").read_text()
            try:
                socket.create_connection(("127.0.0.1", self.ports["HTTP"])).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.01)
        raise TimeoutError("nginx does not listen")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def log(self) -> list[str]:
        """What was logged since the last call. A request is logged once it is answered, so a last one marks the end."""
        log = self.here / "access.log"
        try:
            urllib.request.urlopen(f"{self.http}/end-of-requests")
        except urllib.error.HTTPError as error:
            assert error.code == 404
        for _ in range(500):
            lines = log.read_text().splitlines()
            if lines and lines[-1].startswith("404 /end-of-requests "):
                os.truncate(log, 0)
                return lines[:-1]
            time.sleep(0.01)
        raise TimeoutError("nginx does not log")

    def requests(self) -> list[str]:
        """`STATUS PATH` of every request since the last call."""
        return [" ".join(line.split()[:2]) for line in self.log()]


def free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def make_certificates(here: Path) -> None:
    """An authority that nobody knows, and a server's certificate by it."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=here, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Authority of a test",
            "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1")
    (here / "extensions").write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
            "server.pem", "-days", "2", "-extfile", "extensions")


def make_index(folder: Path) -> None:
    """The signed pages and packages of `pep458`, by their target paths."""
    targets = REPOS / "pep458/targets"
    for file in targets.rglob("*.*"):
        path = folder / file.relative_to(targets).with_name(file.name.split(".", 1)[1])
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, path)


def make_large(folder: Path) -> None:
    """A repository with one target of 12 MiB, made by python-tuf."""
    repository = Repository()
    repository.add_target("targets", LARGE, bytes(12 << 20))
    repository.publish("targets", "snapshot", "timestamp")
    for name, content in repository.served.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    shutil.copy(folder / "metadata/1.root.json", folder / "root.json")


@dataclass
class Ran:
    code: int
    stdout: str
    stderr: str

    def json(self) -> dict:
        return json.loads(self.stdout)

    def lines(self) -> list[list[str]]:
        return [line.split("\t") for line in self.stdout.splitlines()]


class Home:
    """The command, in an environment that has nothing but a home, which is the working directory too."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *arguments: object, **variables: str) -> Ran:
        ran = subprocess.run(
            [os.environ["TUFGATE"], *map(str, arguments)],
            cwd=self.path,
            env={"HOME": str(self.path), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "panicked" not in ran.stderr, ran.stderr
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def trust(self, repository: str, base: str, *options: object) -> Ran:
        """Pins a repository that is served at `base`/`repository`."""
        root = REPOS / repository / "root.json"
        url = f"{base}/{repository}"
        return self.run("trust", "add", repository, "--root", root, f"--metadata-url={url}/metadata/",
                        f"--targets-url={url}/targets/", *options)


@pytest.fixture(scope="session")
def nginx(tmp_path_factory):
    server = Nginx(tmp_path_factory.mktemp("nginx"))
    yield server
    server.stop()


@pytest.fixture
def home(tmp_path, nginx):
    nginx.requests()
    return Home(tmp_path)
