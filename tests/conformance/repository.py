"""A TUF repository in memory, with keys, that can be made to misbehave.

Roles are python-tuf objects that a test edits and publishes; what is served is a plain map from request path to bytes,
which a test may also edit by itself.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

from securesystemslib.formats import encode_canonical
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Key,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

Document = dict[str, Any]

TOP_LEVEL = ("root", "timestamp", "snapshot", "targets")


def now() -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0)


def days(count: int) -> timedelta:
    return timedelta(days=count)


@functools.cache
def key(number: int, kind: str = "ecdsa") -> CryptoSigner:
    """The same key for the same number and kind, all through a run: RSA keys are slow to make."""
    match kind:
        case "ed25519":
            return CryptoSigner.generate_ed25519()
        case "ecdsa":
            return CryptoSigner.generate_ecdsa()
        case _:
            return CryptoSigner.generate_rsa(scheme=kind)


def with_key_id(public: Key, **members: Any) -> Key:
    """The key with more members, under the key id that the specification computes from all of them."""
    public = Key.from_dict("", public.to_dict() | members)
    public.keyid = hashlib.sha256(encode_canonical(public.to_dict()).encode()).hexdigest()
    return public


def envelope(signed: Document, signers: Iterable[CryptoSigner]) -> Document:
    """The document with a signature of each signer, by python-tuf's idea of canonical JSON."""
    to_sign = encode_canonical(signed).encode()
    return {"signatures": [signer.sign(to_sign).to_dict() for signer in signers], "signed": signed}


def to_bytes(document: Document) -> bytes:
    return json.dumps(document, indent=1, sort_keys=True).encode()


class Repository:
    def __init__(self) -> None:
        expires = now() + days(30)
        self.root = Root(expires=expires)
        self.timestamp = Timestamp(expires=expires)
        self.snapshot = Snapshot(expires=expires)
        self.targets = Targets(expires=expires)
        self.roles: dict[str, Any] = {name: getattr(self, name) for name in TOP_LEVEL}
        self.signers: dict[str, list[CryptoSigner]] = {}
        self.with_hashes = False
        self.served: dict[str, bytes] = {}
        self.requests: list[str] = []
        self._published: set[str] = set()
        self._keys_used = 100
        for name in TOP_LEVEL:
            self.add_key(name)
        self.publish(*reversed(TOP_LEVEL))

    # Keys

    def new_key(self, kind: str = "ecdsa") -> CryptoSigner:
        """A key that this repository did not use before."""
        self._keys_used += 1
        return key(self._keys_used, kind)

    def add_key(self, role: str, signer: CryptoSigner | None = None) -> CryptoSigner:
        signer = signer or self.new_key()
        self.root.add_key(signer.public_key, role)
        self.signers.setdefault(role, []).append(signer)
        return signer

    def set_keys(self, role: str, keys: Iterable[CryptoSigner], threshold: int, signers: list[CryptoSigner]) -> None:
        for key_id in list(self.root.roles[role].keyids):
            self.root.revoke_key(key_id, role)
        for signer in keys:
            self.root.add_key(signer.public_key, role)
        self.root.roles[role].threshold = threshold
        self.signers[role] = signers

    def rotate(self, role: str) -> None:
        signer = self.new_key()
        self.set_keys(role, [signer], 1, [signer])

    # Metadata

    def publish(self, *names: str, edit: Callable[[Document], None] | None = None) -> None:
        """Publishes a new version of each role, and enters it into what vouches for it (not yet published then).

        `edit` changes the signed part just before it is signed, into what python-tuf would not write.
        """
        for name in names:
            role = self.roles[name]
            if name in self._published:
                role.version += 1
            self._published.add(name)
            signed = role.to_dict()
            if edit:
                edit(signed)
            self.serve(name, role.version, to_bytes(envelope(signed, self.signers[name])))

    def serve(self, name: str, version: int, data: bytes) -> None:
        self.served[self.address(name, version)] = data
        meta = MetaFile(version)
        if self.with_hashes:
            meta = MetaFile(version, len(data), {"sha256": hashlib.sha256(data).hexdigest()})
        if name == "snapshot":
            self.timestamp.snapshot_meta = meta
        elif name not in ("root", "timestamp"):
            self.snapshot.meta[f"{name}.json"] = meta

    def address(self, name: str, version: int) -> str:
        quoted = quote(name, safe="")
        if name == "root" or (self.root.consistent_snapshot and name != "timestamp"):
            return f"metadata/{version}.{quoted}.json"
        return f"metadata/{quoted}.json"

    def current(self, name: str) -> bytes:
        """The bytes of the last version that was published."""
        return self.served[self.address(name, self.roles[name].version)]

    def rewrite(self, name: str, change: Callable[[Document], None]) -> None:
        """Changes the file as it is served, signatures and all, without signing it again."""
        document = json.loads(self.current(name))
        change(document)
        self.served[self.address(name, self.roles[name].version)] = to_bytes(document)

    def start_over(self, name: str) -> None:
        """The next publication of the role is version 1 again."""
        self._published.discard(name)
        self.roles[name].version = 1

    # Delegations and targets

    def delegate(self, delegator: str, name: str, *, paths: Iterable[str] = ("*",), terminating: bool = False,
                 expires: datetime | None = None) -> None:
        role = DelegatedRole(name, [], 1, terminating, list(paths))
        by = self.roles[delegator]
        if by.delegations is None:
            by.delegations = Delegations({}, {})
        by.delegations.roles[name] = role
        if name not in self.roles:
            self.roles[name] = Targets(expires=expires or now() + days(30))
            self.signers[name] = [self.new_key()]
        by.add_key(self.signers[name][0].public_key, name)

    def add_target(self, role: str, path: str, content: bytes, algorithms: Iterable[str] = ("sha256",)) -> None:
        target = TargetFile.from_data(path, content, list(algorithms))
        self.roles[role].targets[path] = target
        for digest in target.hashes.values():
            self.served[self.target_address(path, digest)] = content
        self.served[self.target_address(path)] = content

    def target_address(self, path: str, digest: str | None = None) -> str:
        directory, slash, name = path.rpartition("/")
        prefix = f"{digest}." if digest and self.root.consistent_snapshot else ""
        return f"targets/{quote(directory)}{slash}{prefix}{quote(name)}"

    # Serving

    def answer(self, path: str) -> bytes | None:
        self.requests.append(path)
        return self.served.get(path)

    def take_requests(self) -> list[str]:
        """What was asked for since the last call."""
        taken, self.requests = self.requests, []
        return taken
