"""Availability: turns a database that does not answer into ShardUnavailable, named."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from django.db import DatabaseError, InterfaceError, OperationalError

from . import conf
from .exceptions import ShardUnavailable

# What SQLite says of a busy database that answers later, and of SQL that is wrong: neither is a
# shard that is down.
_NOT_DOWN = ("locked", "busy", "syntax error", "no such function", "no such column")
# SQLite's word for a file that is not a database any more, which Django does not class as
# operational.
_BROKEN = ("file is not a database", "malformed")


@contextmanager
def of(alias: str) -> Iterator[None]:
    """Errors of `alias` that mean "not reachable" become ShardUnavailable(alias)."""
    try:
        yield
    except ShardUnavailable:
        raise
    except (OperationalError, InterfaceError) as error:
        if alias not in conf.shards() or any(word in str(error) for word in _NOT_DOWN):
            raise
        raise ShardUnavailable(alias, error) from error
    except DatabaseError as error:
        if alias in conf.shards() and any(word in str(error) for word in _BROKEN):
            raise ShardUnavailable(alias, error) from error
        raise


def nothing() -> AbstractContextManager[None]:
    """A context manager that does nothing."""
    return nullcontext()
