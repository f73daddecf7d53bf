"""Ids of what a test has written and of what it reads, to compare them."""

from collections.abc import Iterable
from typing import Any


def ids(rows: Iterable[Any]) -> list[int]:
    """Return the ids of rows, whether they are model instances or the lines of a page."""
    return [row.id for row in rows]


def account_ids(profiles: Iterable[Any]) -> list[int]:
    """Return the ids of the accounts of a page."""
    return [profile.account.id for profile in profiles]
