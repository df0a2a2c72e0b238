"""Repositories that python-tuf makes of distributions as pip downloaded them, in every layout that has a profile."""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import sys
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path

from packaging.metadata import parse_email
from packaging.utils import parse_sdist_filename, parse_wheel_filename
from tuf.api.metadata import DelegatedRole, Delegations, SuccinctRoles, TargetFile, Targets

sys.path.append(str(Path(__file__).parent.parent / "conformance"))

from repository import Repository, days, now  # noqa: E402

BOTH = ("sha256", "sha512")
BLAKE = ("blake2b-256",)
DIGITS = "0123456789abcdef"


@dataclass(frozen=True)
class Distribution:
    """One file that pip downloaded."""

    name: str
    content: bytes = field(repr=False)

    @property
    def project(self) -> str:
        return self._parsed[0]

    @property
    def version(self) -> str:
        return str(self._parsed[1])

    @property
    def is_wheel(self) -> bool:
        return self.name.endswith(".whl")

    @property
    def _parsed(self) -> tuple:
        return parse_wheel_filename(self.name) if self.is_wheel else parse_sdist_filename(self.name)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def blake2b_256(self) -> str:
        return hashlib.blake2b(self.content, digest_size=32).hexdigest()

    @property
    def by_blake2b(self) -> str:
        """Where the Python index has a file."""
        digest = self.blake2b_256
        return f"{digest[:2]}/{digest[2:4]}/{digest[4:]}/{self.name}"

    @cached_property
    def metadata(self) -> bytes | None:
        """The `METADATA` of a wheel."""
        if not self.is_wheel:
            return None
        with zipfile.ZipFile(file_of(self.name)) as wheel:
            (name,) = (name for name in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
            return wheel.read(name)

    @property
    def requires_python(self) -> str | None:
        return parse_email(self.metadata)[0].get("requires_python") if self.metadata else None


def file_of(name: str) -> Path:
    return Path(os.environ["PACKAGES"]) / name


def distributions() -> list[Distribution]:
    """What pip downloaded, by name."""
    return [Distribution(file.name, file.read_bytes()) for file in sorted(Path(os.environ["PACKAGES"]).iterdir())]


def projects() -> dict[str, list[Distribution]]:
    key = lambda file: file.project  # noqa: E731
    return {project: list(files) for project, files in groupby(sorted(distributions(), key=key), key)}


class Index(Repository):
    """A repository of an index, and how a `tufgate.toml` describes it."""

    def __init__(self, layout: str, **keys: object) -> None:
        super().__init__()
        self.layout = layout
        self.with_hashes = True
        #: What `[index.NAME]` says besides the root and the addresses. `@` is the address of the repository.
        self.keys = {name.replace("_", "-"): value for name, value in keys.items()}
        self.find_role: Callable[[str], str] = lambda path: "targets"

    def config(self, address: str, root: Path, keys: Iterable[str] | None = None) -> str:
        """A `tufgate.toml`, with these of the keys of the layout, else with all."""
        chosen = self.keys if keys is None else {key: value for key, value in self.keys.items() if key in keys}
        values = {"root": str(root), "metadata-url": "@/metadata/", "targets-url": "@/targets/", **chosen}
        # JSON's strings, lists and booleans are TOML's.
        lines = [f"{key} = {json.dumps(value)}".replace("@", address) for key, value in values.items()]
        return "\n".join([f"[index.{self.layout}]", *lines, ""])

    # Roles

    def add_role(self, delegator: str, role: DelegatedRole | SuccinctRoles, names: Iterable[str]) -> None:
        """Delegates to all these roles, which one key signs."""
        signer = self.new_key("ed25519")
        by = self.roles[delegator]
        if by.delegations is None:
            by.delegations = Delegations({}, {})
        by.delegations.keys[signer.public_key.keyid] = signer.public_key
        role.keyids.append(signer.public_key.keyid)
        if isinstance(role, SuccinctRoles):
            by.delegations = Delegations(by.delegations.keys, None, role)
        else:
            by.delegations.roles[role.name] = role
        for name in names:
            self.roles[name] = Targets(expires=now() + days(30))
            self.signers[name] = [signer]

    def add_bins(self, paths: list[str] | None) -> None:
        """`bins`, and 16 hash bins below it (PEP 458)."""
        prefixes = None if paths else list(DIGITS)
        self.add_role("targets", DelegatedRole("bins", [], 1, False, paths, prefixes), ["bins"])
        for digit in DIGITS:
            name = f"bin-{digit}"
            self.add_role("bins", DelegatedRole(name, [], 1, False, None, [digit]), [name])
        self.find_role = lambda path: f"bin-{hashlib.sha256(path.encode()).hexdigest()[0]}"

    # Targets

    def add(self, path: str, content: bytes, algorithms: Iterable[str], at: str | None = None) -> None:
        """Lists a target; where it is stored elsewhere than a client looks by itself, at that address as well."""
        self.add_target(self.find_role(path), path, content, algorithms)
        if at:
            self.served[f"targets/{at}"] = content

    def listed(self) -> dict[str, TargetFile]:
        """Every target of every role, by its path."""
        targets = (role.targets for role in self.roles.values() if isinstance(role, Targets))
        return {path: info for each in targets for path, info in each.items()}

    def finish(self) -> Index:
        others = [name for name in self.roles if name not in ("root", "timestamp", "snapshot", "targets")]
        self.publish(*others, "targets", "snapshot", "timestamp")
        return self


def pep458() -> Index:
    """PEP 458: `bins` and hash bins; pages in both forms, metadata (PEP 658) and distributions are targets."""
    index = Index("pep458", profile="pep458")
    index.add_bins(None)
    for project, files in projects().items():
        link = lambda file: f"../../packages/{file.by_blake2b}"  # noqa: E731
        index.add(f"simple/{project}/index.html", html_page(project, files, link), BOTH)
        index.add(f"simple/{project}/index.json", json_page(project, files, link), BOTH)
        for file in files:
            index.add(f"packages/{file.by_blake2b}", file.content, BOTH)
            if file.metadata:
                index.add(f"packages/{file.by_blake2b}.metadata", file.metadata, BOTH)
    return index.finish()


def rstuf() -> Index:
    """As the Repository Service for TUF does it: succinct roles straight below `targets`."""
    index = Index("rstuf", profile="rstuf", page="simple/{project}/index.html", target="packages/{project}/{filename}")
    role = SuccinctRoles([], 1, 4, "bins")
    index.add_role("targets", role, role.get_roles())
    index.find_role = role.get_role_for_target
    for project, files in projects().items():
        link = lambda file: f"../../packages/{file.project}/{file.name}"  # noqa: E731
        index.add(f"simple/{project}/index.html", html_page(project, files, link), ["sha256"])
        for file in files:
            index.add(f"packages/{project}/{file.name}", file.content, ["sha256"])
    return index.finish()


def warehouse() -> Index:
    """As the code behind the Python index does it. Of every second file only the page is signed."""
    index = Index("warehouse", profile="warehouse", plain_target_names=True, simple_url="@/simple/")
    index.add_bins(["*", "*/*/*/*"])
    for number, (project, files) in enumerate(projects().items()):
        page = html_page(project, files, lambda file: f"../../targets/{file.by_blake2b}")
        digest = hashlib.blake2b(page, digest_size=32).hexdigest()
        index.add(project, page, BLAKE, at=f"{project}/{digest}.{project}.html")
        index.served[f"simple/{project}/index.html"] = page
        for file in files:
            index.served[f"targets/{file.by_blake2b}"] = file.content
            if number % 2:
                index.add(file.by_blake2b, file.content, BLAKE)
    return index.finish()


def datadog() -> Index:
    """As the integrations of the Datadog Agent: roles by path patterns, pages without hashes; of every second project the
    wheel is no target, and a JSON file points to it."""
    index = Index("datadog", profile="datadog")
    index.add_role("targets", DelegatedRole("wheels-signer", [], 1, False, ["simple/*/*"]), ["wheels-signer"])
    index.add_role("targets", DelegatedRole("pointers", [], 1, False, ["*/*.json"]), ["pointers"])
    index.find_role = lambda path: "wheels-signer" if path.startswith("simple/") else "pointers"
    for number, (project, files) in enumerate(projects().items()):
        index.add(f"simple/{project}/index.html", html_page(project, files, lambda file: file.name, bare=True), BOTH)
        for file in files:
            if number % 2 and file.is_wheel:
                place = f"wheels/{project}/{file.name}"
                pointer = {"digest": file.sha256, "length": len(file.content), "repository": "https://index.example",
                           "version": file.version, "wheel_path": f"/{place}"}
                index.add(f"{project}/{file.version}.json", json.dumps(pointer).encode(), ["sha256"])
                index.served[f"targets/{place}"] = file.content
            else:
                index.add(f"simple/{project}/{file.name}", file.content, BOTH)
    return index.finish()


def custom() -> Index:
    """The default of profile `custom`: `packages/FILENAME`. No pages, and SHA-512 alone."""
    index = Index("custom", profile="custom")
    for file in distributions():
        index.add(f"packages/{file.name}", file.content, ["sha512"])
    return index.finish()


def digests() -> Index:
    """A template of its own, with ranges of a digest."""
    index = Index("digests", target="files/{sha256[0:2]}/{sha256[2:]}/{project}/{filename}")
    for file in distributions():
        index.add(f"files/{file.sha256[:2]}/{file.sha256[2:]}/{file.project}/{file.name}", file.content, ["sha256"])
    return index.finish()


LAYOUTS = {maker.__name__: maker for maker in (pep458, rstuf, warehouse, datadog, custom, digests)}
WITH_PAGES = ("pep458", "rstuf", "warehouse", "datadog")


# Pages

Link = Callable[[Distribution], str]


def html_page(project: str, files: list[Distribution], link: Link, bare: bool = False) -> bytes:
    """PEP 503; unless it is bare, with hashes and with the attributes of PEPs 503, 658 and 714."""
    lines = []
    for file in files:
        attributes = {}
        if not bare and file.requires_python:
            attributes["data-requires-python"] = file.requires_python
        if not bare and file.metadata:
            attributes["data-core-metadata"] = f"sha256={hashlib.sha256(file.metadata).hexdigest()}"
        text = "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items())
        fragment = "" if bare else f"#sha256={file.sha256}"
        lines.append(f'<a href="{link(file)}{fragment}"{text}>{file.name}</a><br>')
    head = f'<html><head><meta name="pypi:repository-version" content="1.0"><title>{project}</title></head><body>'
    return "\n".join(["<!DOCTYPE html>", head, *lines, "</body></html>", ""]).encode()


def json_page(project: str, files: list[Distribution], link: Link) -> bytes:
    """PEP 691 and 700."""

    def entry(file: Distribution) -> dict[str, object]:
        metadata = {"sha256": hashlib.sha256(file.metadata).hexdigest()} if file.metadata else False
        found = {"filename": file.name, "url": link(file), "hashes": {"sha256": file.sha256}, "size": len(file.content),
                 "yanked": False, "core-metadata": metadata, "dist-info-metadata": metadata,
                 "upload-time": "2025-01-01T00:00:00Z"}
        return found | ({"requires-python": file.requires_python} if file.requires_python else {})

    page = {"meta": {"api-version": "1.1"}, "name": project, "versions": sorted({file.version for file in files}),
            "files": [entry(file) for file in files]}
    return json.dumps(page).encode()
