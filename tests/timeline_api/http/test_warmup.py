"""The warm-up compiles what the first readers would else wait for."""

import gc
import logging

import pytest
from django.db import connections

from shardrouter import shards
from shardrouter.prepared import PreparedQuery
from shardrouter.prepared.statements import Statement
from timeline_api.http import warmup
from timeline_api.services import follows, likes, messages

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture(autouse=True)
def nothing_compiled():
    for module in warmup.HOT:
        for query in vars(module).values():
            if isinstance(query, PreparedQuery):
                query.discard()


@pytest.fixture
def compiled():
    """compiled() returns how many statements were compiled since it was last called."""
    known: dict[int, Statement] = {}

    def compiled() -> int:
        found = {id(each): each for each in gc.get_objects() if type(each) is Statement}
        new = found.keys() - known.keys()
        known.update(found)  # kept, so that no other gets its id
        return len(new)

    compiled()
    return compiled


@pytest.fixture
def members(on_shard, relay):
    """One member on each shard, who have all done something with what the others have posted."""
    members = [on_shard(f"member{number}x", alias) for number, alias in enumerate(shards())]
    for one in members:
        for other in members:
            if other != one:
                follows.follow(follower=one, followee=other)
    relay()
    for one in members:
        messages.post(author=one, text="hello")
        message = messages.post(author=one, text="#herons")
        for other in members:
            if other != one:
                likes.like(account=other, message=message)
                messages.post(author=other, text="yes", parent=message)
    relay()
    return members


def read_hot_pages(client, name):
    paths = [
        "timelines/home/?include=head,suggestions",
        "timelines/public/?include=head,trending",
        f"accounts/{name}/messages/?include=account,pinned,head",
        "notifications/",
        "tags/herons/messages/",
    ]
    for path in paths:
        page = client.get(f"/api/v1/{path}")
        assert page.status_code == 200
        message = next((row["id"] for row in page.json()["results"] if "text" in row), None)
        if message:
            for path in ("", "replies/?include=message,ancestors,account,head"):
                assert client.get(f"/api/v1/messages/{message}/{path}").status_code == 200


def test_it_leaves_nothing_to_compile_for_readers_of_hot_pages(members, client_of, compiled):
    clients = [client_of(member) for member in members]
    compiled()
    warmup.compile_queries()
    assert compiled() > 0
    for client, member in zip(clients, members, strict=True):
        read_hot_pages(client, member.username)
    assert compiled() == 0


def test_it_works_on_empty_databases_and_writes_nothing(asked, compiled):
    warmup.compile_queries()
    assert compiled() > 3 * len(shards())
    assert all(sql.startswith("SELECT") for sql in asked)


@pytest.fixture
def asked():
    """The statements that run on any database during the test."""
    statements = []

    def record(execute, sql, params, many, context):
        statements.append(sql)
        return execute(sql, params, many, context)

    wrappers = [connections[alias].execute_wrapper(record) for alias in connections]
    for wrapper in wrappers:
        wrapper.__enter__()
    yield statements
    for wrapper in wrappers:
        wrapper.__exit__(None, None, None)


def test_it_leaves_the_rest_to_readers_where_a_shard_is_lost(down, compiled, caplog):
    with down("shard1"), caplog.at_level(logging.ERROR):
        warmup.compile_queries()
    assert "queries_not_compiled" in caplog.text
    assert compiled() > 0
