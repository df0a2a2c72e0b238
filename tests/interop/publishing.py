"""`tufgate-publish`, what it makes, and the clients that read it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.ngclient import Updater

PASSPHRASE = "correct horse"
NODE = Path(__file__).parent / "node"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


class Publisher:
    """A repository on the disk, with its keys beside it, and a plain web server in front of it."""

    def __init__(self, folder: Path, *init: object) -> None:
        self.folder = folder
        self.repo = folder / "repo"
        made = self.run("init", "repo", "--bins", "4", *init)
        assert made.returncode == 0, made
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=self.repo))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def run(self, *arguments: object, before: tuple[object, ...] = ()) -> subprocess.CompletedProcess[str]:
        command = [*before, os.environ["TUFGATE_PUBLISH"], *arguments]
        ran = subprocess.run([*map(str, command)], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             env={"PATH": os.environ["PATH"], "TUFGATE_PUBLISH_PASSPHRASE": PASSPHRASE}, timeout=120)
        assert "panicked" not in ran.stderr, ran.stderr
        return ran

    def does(self, *arguments: object) -> str:
        ran = self.run(*arguments)
        assert ran.returncode == 0, ran
        return ran.stdout

    def files(self) -> dict[str, bytes]:
        """All published files, by path; the lock is none."""
        paths = (path for path in self.repo.rglob("*") if path.is_file() and path.name != ".lock")
        return {path.relative_to(self.repo).as_posix(): path.read_bytes() for path in paths}

    def place(self, target: str) -> Path:
        """Where a client finds a target, under one of its hashes."""
        path = self.repo / "targets" / target
        return next(path.parent.glob(f"*.{path.name}"))

    def tufgate(self, *paths: object) -> subprocess.CompletedProcess[str]:
        state = {"TUFGATE_STATE_DIR": str(self.folder / f"state-{len(list(self.folder.glob('state-*')))}")}
        Path(state["TUFGATE_STATE_DIR"]).mkdir()
        command = [os.environ["TUFGATE"], "verify", "--config", str(self.repo / "tufgate.toml"), *map(str, paths)]
        return subprocess.run(command, cwd=self.folder, env={"PATH": os.environ["PATH"], **state}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)

    def python_tuf(self, *targets: str) -> list[str]:
        """The SHA-256 of each target, `absent`, or that it is refused."""
        number = len(list(self.folder.glob("python-tuf-*")))
        metadata, files = self.folder / f"python-tuf-{number}", self.folder / f"theirs-{number}"
        metadata.mkdir(), files.mkdir()
        root = (self.repo / "root.json").read_bytes()
        try:
            updater = Updater(str(metadata), f"{self.address}/metadata/", str(files), f"{self.address}/targets/",
                              bootstrap=root)
            updater.refresh()
        except (RepositoryError, DownloadError) as error:
            return [f"refused: {type(error).__name__}"] * len(targets)
        return [self._fetched(updater, target) for target in targets]

    @staticmethod
    def _fetched(updater: Updater, target: str) -> str:
        try:
            info = updater.get_targetinfo(target)
            if info is None:
                return "absent"
            return hashlib.sha256(Path(updater.download_target(info)).read_bytes()).hexdigest()
        except (RepositoryError, DownloadError) as error:
            return f"refused: {type(error).__name__}"

    def tuf_js(self, *targets: str) -> list[str]:
        directory = self.folder / f"tuf-js-{len(list(self.folder.glob('tuf-js-*')))}"
        command = ["node", os.environ["TUF_JS"], self.address, self.repo / "root.json", directory, *targets]
        ran = subprocess.run([*map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        lines = ran.stdout.splitlines()
        assert len(lines) == len(targets), ran
        return lines
