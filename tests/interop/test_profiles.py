"""Every profile, on files that pip downloaded."""

import pytest
from repositories import LAYOUTS, WITH_PAGES, projects
from verifying import every_file_is_verified, one_byte_makes_a_mismatch, strangers_are_told_apart


@pytest.fixture(params=LAYOUTS)
def layout(request, home, served):
    home.configure(*served(request.param))
    return request.param


def test_every_file_is_verified(home, layout):
    every_file_is_verified(home)


def test_one_byte_in_any_file_is_noticed(home, layout):
    # Where a digest of the file stands in the name of its target and no page tells what it should be, another file is
    # another target.
    one_byte_makes_a_mismatch(home, "unsigned" if layout == "digests" else "mismatch")


def test_strangers_are_told_apart(home, layout):
    strangers_are_told_apart(home, "unknown-project" if layout in WITH_PAGES else "unsigned")


def test_no_profile_means_pep458(home, served):
    home.configure(*served("pep458"), [])
    every_file_is_verified(home)


def test_the_role_that_signed_is_named(home, served):
    index, address = served("datadog")
    home.configure(index, address)
    for number, (_, files) in enumerate(projects().items()):
        for file in files:
            (home.path / file.name).write_bytes(file.content)
            (judged,) = home.run("verify", file.name).files()
            by_pointer = number % 2 and file.is_wheel
            assert judged["role"] == ("pointers" if by_pointer else "wheels-signer"), judged


def test_pages_of_warehouse_are_asked_for_where_they_are_stored(home, served):
    index, address = served("warehouse")
    home.configure(index, address)
    project, (file, *_) = next(iter(projects().items()))  # only its page binds it
    (home.path / file.name).write_bytes(file.content)
    index.take_requests()
    ran = home.run("verify", file.name)
    assert (ran.code, ran.verdicts()) == (0, {file.name: "verified"}), ran
    digest = index.listed()[project].hashes["blake2b-256"]
    asked = [path for path in index.take_requests() if path.startswith("targets/")]
    assert asked == [f"targets/{project}/{digest}.{project}.html"]
