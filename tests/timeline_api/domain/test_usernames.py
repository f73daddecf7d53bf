"""Usernames: form, reserved names, case."""

import re

import pytest

from timeline_api.domain import usernames
from timeline_web import urls as site


@pytest.mark.parametrize("username", ["a", "Alice", "0", "_", "a_b_9", "x" * 30])
def test_it_allows(username):
    assert usernames.is_well_formed(username)


@pytest.mark.parametrize(
    "username",
    ["", "x" * 31, "a b", "a-b", "a.b", "a/b", "a\n", "é", "ſ", "\u212a", "٣", "a\x00", "👍"],
)
def test_it_refuses(username):
    assert not usernames.is_well_formed(username)


@pytest.mark.parametrize("username", ["public", "PUBLIC", "Login", "api", "admin", "me", "null"])
def test_it_reserves_in_any_case(username):
    assert usernames.is_reserved(username)


def test_it_reserves_every_page_of_the_site():
    paths = {re.split(r"[./]", str(page.pattern))[0] for page in site.urlpatterns}
    words = set(filter(usernames.is_well_formed, paths))
    assert {"public", "login", "add_message"} <= words
    assert {word for word in words if not usernames.is_reserved(word)} == set()


def test_it_reserves_only_what_could_be_a_name():
    assert all(map(usernames.is_well_formed, usernames.RESERVED_USERNAMES))
    assert {name.lower() for name in usernames.RESERVED_USERNAMES} == usernames.RESERVED_USERNAMES
