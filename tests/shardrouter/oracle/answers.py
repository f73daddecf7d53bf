"""Answers: what the shards say, compared with what one database says."""

from django.core.exceptions import FieldError
from django.db import DatabaseError

from shardrouter.exceptions import ShardRouterError
from shardrouter.models import ShardedQuerySet
from tests.shardrouter.oracle.rows import WHOLE, undone

#: What Django or the database does not do, or says in this way.
UNABLE = (AttributeError, DatabaseError, FieldError, NotImplementedError, TypeError, ValueError)


def compared(seen, ask, *choices):
    """Compare what `ask` gives on the shards, in every way of `choices`, with one database."""
    try:
        with undone():
            expected = ask(lambda model: model.objects.using(WHOLE))
    except UNABLE:
        return
    for rows_of in choices:
        try:
            with undone():
                got = ask(rows_of)
        except ShardRouterError as error:
            seen[type(error).__name__] += 1
            continue
        seen["equal"] += 1
        assert got == expected


def scattered(model):
    rows = model.objects.all()
    return rows.scatter(writes=True) if isinstance(rows, ShardedQuerySet) else rows


def routed(model):
    return model.objects.all()
