"""What a post costs: its statements, on all databases together."""

from contextlib import ExitStack

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from shardrouter import shard_for

pytestmark = pytest.mark.django_db(databases="__all__")

URL = "/api/v1/messages/"


def statements(request):
    """Return the statements of `request`, without those of transactions, by alias."""
    with ExitStack() as stack:
        captures = {
            alias: stack.enter_context(CaptureQueriesContext(connections[alias]))
            for alias in connections
        }
        assert request().status_code == 201
    kinds = {
        alias: [query["sql"].split()[0] for query in captured.captured_queries]
        for alias, captured in captures.items()
    }
    ends = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return {alias: [k for k in of if k not in ends] for alias, of in kinds.items() if of}


def test_it_posts_with_six_statements(as_alice, alice, monkeypatch):
    monkeypatch.setattr("random.random", lambda: 1.0)  # no trim
    as_alice.post(URL, {"text": "stores the use of the token"})
    posted = statements(lambda: as_alice.post(URL, {"text": "hello"}, HTTP_IDEMPOTENCY_KEY="once"))
    assert posted == {
        shard_for(alice): ["SELECT", "UPDATE", "INSERT", "INSERT", "INSERT", "INSERT"],
    }
