"""Indexes whose configuration says by a template alone how a target is named."""

import pytest
from verifying import every_file_is_verified, one_byte_makes_a_mismatch, strangers_are_told_apart

LAYOUTS = ("rstuf", "custom")


@pytest.fixture(params=LAYOUTS)
def home_by_template(request, home, served):
    home.configure(*served(request.param), ["profile", "target"])
    return home


def test_every_file_is_verified(home_by_template):
    every_file_is_verified(home_by_template)


def test_one_byte_in_any_file_is_a_mismatch(home_by_template):
    one_byte_makes_a_mismatch(home_by_template)


def test_without_pages_an_unknown_project_is_unsigned(home_by_template):
    strangers_are_told_apart(home_by_template, "unsigned")
