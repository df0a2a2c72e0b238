"""The server, the client under test, and what every test gets: a repository and a client of it."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from repository import Repository


class Server(ThreadingHTTPServer):
    """Serves each repository below a path of its own."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repositories: dict[str, Repository] = {}

    def add(self, repository: Repository) -> str:
        name = f"r{len(self.repositories)}"
        self.repositories[name] = repository
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name, _, path = self.path.removeprefix("/").partition("/")
        data = self.server.repositories[name].answer(path)
        self.send_response(404 if data is None else 200)
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        self.wfile.write(data or b"")

    def log_message(self, *args: object) -> None:
        pass


@dataclass
class Run:
    """How a run of the client ended."""

    code: int
    errors: str

    def ok(self) -> None:
        assert (self.code, self.errors) == (0, "")

    def refused(self, reason: str) -> None:
        """It failed, and for this reason: a test of a refusal must not pass because of some other one."""
        assert self.code == 1, self.errors
        assert reason in self.errors


class Client:
    def __init__(self, directory: Path, repository: Repository, address: str) -> None:
        self.repository = repository
        self.address = address
        self.metadata = directory / "metadata"
        self.targets = directory / "targets"
        self.metadata.mkdir()
        self.targets.mkdir()

    def run(self, *arguments: str | Path, at: datetime | None = None) -> Run:
        command = [os.environ["TUFGATE_CONFORMANCE"], *map(str, arguments)]
        if at:
            command = ["faketime", f"{at:%Y-%m-%d %H:%M:%S} UTC", *command]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.stdout == ""
        return Run(done.returncode, done.stderr)

    def init(self, root: bytes | None = None) -> Run:
        file = self.metadata.parent / "initial_root"
        file.write_bytes(root or self.repository.served["metadata/1.root.json"])
        return self.run("--metadata-dir", self.metadata, "init", file)

    def refresh(self, at: datetime | None = None) -> Run:
        return self.run("--metadata-url", f"{self.address}/metadata/", "--metadata-dir", self.metadata, "refresh", at=at)

    def download(self, *paths: str, at: datetime | None = None) -> Run:
        names = [argument for path in paths for argument in ("--target-name", path)]
        return self.run("--metadata-url", f"{self.address}/metadata/", "--metadata-dir", self.metadata, *names,
                        "--target-dir", self.targets, "--target-base-url", f"{self.address}/targets/", "download", at=at)

    def trusted(self) -> dict[str, int]:
        """The versions of all that lies in the metadata directory as trusted metadata."""
        return {
            file.name.removesuffix(".json"): json.loads(file.read_bytes())["signed"]["version"]
            for file in self.metadata.glob("*.json")
        }

    def stored(self, role: str) -> bytes:
        return (self.metadata / f"{role}.json").read_bytes()

    def downloaded(self) -> list[bytes]:
        return sorted(file.read_bytes() for file in self.targets.rglob("*") if file.is_file())


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def repository() -> Repository:
    return Repository()


@pytest.fixture
def fresh_client(tmp_path: Path, repository: Repository, server: Server) -> Client:
    """A client that trusts nothing yet."""
    return Client(tmp_path, repository, server.add(repository))


@pytest.fixture
def client(fresh_client: Client) -> Client:
    """A client that trusts the first root of the repository."""
    fresh_client.init().ok()
    assert fresh_client.repository.take_requests() == []
    return fresh_client
