"""The queries of hot pages are prepared. A change can turn one plain, right but slow, unnoticed."""

from datetime import date

import pytest

from shardrouter.prepared import PreparedQuery
from timeline_api.http.warmup import HOT

pytestmark = pytest.mark.django_db(databases="__all__")

QUERIES = {
    f"{module.__name__.rpartition('.')[2]}.{name}": query
    for module in HOT
    for name, query in vars(module).items()
    if isinstance(query, PreparedQuery)
}
# A value for each parameter, beside ids; the places of a page are tried both ways.
VALUES = {
    "alias": "shard0",
    "limit": 31,
    "upwards": False,
    "tag": "herons",
    "username_key": "alice",
    "lowest": 1,
    "first_day": date(2026, 1, 1),
    "last_day": date(2100, 1, 1),
}
PLACES = [(None, None), (2**62, None), (None, 1)]


def arguments(query, alice, before_id, after_id):
    known = VALUES | {"before_id": before_id, "after_id": after_id, "below": before_id}

    def value(name):
        if name in known:
            return known[name]
        return [alice.pk] if name.endswith("ids") else alice.pk

    return {name: value(name) for name in query.__wrapped__.__annotations__ if name != "return"}


@pytest.mark.parametrize("name", QUERIES)
def test_it_is_prepared(name, alice):
    query = QUERIES[name]
    for place in PLACES:
        explanation = query.explain(**arguments(query, alice, *place))
        assert explanation.prepared, explanation.reason


@pytest.mark.parametrize("name", QUERIES)
def test_it_answers_as_the_plain_query(name, alice, bob, post):
    query = QUERIES[name]
    post(alice, "#herons for @bob")
    for place in PLACES:
        with_place = arguments(query, alice, *place)
        assert query(**with_place) == list(query.queryset(**with_place))
