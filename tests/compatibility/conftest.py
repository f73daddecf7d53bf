"""The notes project's accounts and notes."""

from tests.notes.conftest import accounts, ann, far, notes  # noqa: F401
