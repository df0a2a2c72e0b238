"""What a test gets: the repositories, made once, and the command in a home that trusts one of them."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command import Home
from repositories import LAYOUTS, Index
from serving import Server, serving

# What is asked on loopback is not for a proxy of the machine's, and no tool asks the machine's index.
for variable in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith(("PIP_", "UV_"))]:
    del os.environ[variable]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def served(server: Server) -> Callable[[str], tuple[Index, str]]:
    """The repository of a layout, and its address. Nothing changes it."""

    @functools.cache
    def make(layout: str) -> tuple[Index, str]:
        index = LAYOUTS[layout]()
        return index, server.add(index)

    return make


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)
