"""A web server on loopback: the repositories, and their pages as an index."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from repositories import Index

HTML = "application/vnd.pypi.simple.v1+html"
JSON = "application/vnd.pypi.simple.v1+json"


class Server(ThreadingHTTPServer):
    """Serves each repository below a path of its own."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.indexes: dict[str, Index] = {}

    def add(self, index: Index) -> str:
        name = f"r{len(self.indexes)}"
        self.indexes[name] = index
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        data = self.answer()
        self.wfile.write(data)

    def do_HEAD(self) -> None:
        self.answer()

    def answer(self) -> bytes:
        name, _, path = self.path.removeprefix("/").partition("/")
        path, kind = self.chosen(self.server.indexes[name], path)
        data = self.server.indexes[name].answer(path)
        self.send_response(404 if data is None else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        return data or b""

    def chosen(self, index: Index, path: str) -> tuple[str, str]:
        """The file that answers, and its type. For a page it is the one that the tool likes best (PEP 691)."""
        if not path.endswith("/"):
            return path, "application/octet-stream"
        if JSON in self.headers.get("Accept", "") and f"{path}index.json" in index.served:
            return f"{path}index.json", JSON
        return f"{path}index.html", HTML

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
