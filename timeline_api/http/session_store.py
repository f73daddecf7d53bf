"""Sessions in the database, for browsers: the browsable API's and the admin's.

A row is found by the digest of the session's key, so that whoever reads the table, or a copy of it,
cannot send the key. What a session holds is signed, and has no secret in it.
"""

import hashlib
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession

# The column has 40 characters: 160 bits.
LENGTH = 40


def row_key(session_key: str) -> str:
    """Return the primary key of a session's row."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:LENGTH]


class SessionStore(db.SessionStore):
    """Django's, with digests as primary keys."""

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        key = self.session_key
        if key is None:
            return None
        self._session_key = row_key(key)
        row: AbstractBaseSession | None = super()._get_session_from_db()  # type: ignore[misc]
        self._session_key = key if row else None  # without a row, Django forgets the key
        return row

    def exists(self, session_key: str) -> bool:
        return super().exists(row_key(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        row = super().create_model_instance(data)
        row.session_key = row_key(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        key = self.session_key if session_key is None else session_key
        if key is not None:
            super().delete(row_key(key))
