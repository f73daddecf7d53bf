"""Pages: positions, and the rows that can be shown at them."""

import pytest

from timeline_api.models import Hashtag
from timeline_api.selectors.pages import (
    Page,
    newest_first,
    oldest_first,
    oldest_window,
    reversed_position,
)
from timeline_api.services import messages


def test_it_keeps_the_positions_of_what_is_not_shown():
    page = Page([9, 7, 5]).with_rows({5: "five", 9: "nine", 1: "elsewhere"}, ["shard1"])
    assert list(page) == ["nine", "five"]
    assert page.positions == [9, 7, 5]
    assert page.shards_missing == ("shard1",)


def test_it_names_each_missing_shard_once():
    page = Page([], {}, ("shard2",)).with_rows({}, ["shard1", "shard2"])
    assert page.shards_missing == ("shard1", "shard2")


def test_it_gives_a_part_of_itself():
    page = Page([9, 7, 5], {9: "nine", 5: "five"}, ("shard1",)).part([7, 5])
    assert list(page) == ["five"]
    assert page == Page([7, 5], {5: "five"}, ("shard1",))


def test_it_is_false_without_rows():
    assert not Page([9])
    assert Page([9], {9: "nine"})


@pytest.mark.django_db(databases="__all__")
@pytest.mark.parametrize("number", [1, 2, 5])
def test_it_reads_both_orders_next_to_a_position(alice, number):
    ids = [messages.post(author=alice, text="#herons").pk for _ in range(5)]
    tags = Hashtag.objects.filter(author=alice).values_list("message_id")
    place = {"field": "message_id", "limit": number}
    newest = newest_first(tags, before_id=None, after_id=None, **place)
    assert newest.positions == ids[::-1][:number]
    older = newest_first(tags, before_id=ids[4], after_id=None, **place)
    assert older.positions == ids[3::-1][:number]
    newer = newest_first(tags, before_id=None, after_id=ids[0], **place)
    assert newer.positions == ids[1:][:number][::-1]

    def read(below, above, limit):
        return list(oldest_window(tags, below, above, limit, "message_id"))

    place = {"limit": number}
    oldest = oldest_first(read, before_id=None, after_id=None, **place)
    assert [pk for (pk,) in oldest] == ids[:number]
    later = oldest_first(read, before_id=reversed_position(ids[0]), after_id=None, **place)
    assert [pk for (pk,) in later] == ids[1:][:number]
    earlier = oldest_first(read, before_id=None, after_id=reversed_position(ids[4]), **place)
    assert [pk for (pk,) in earlier] == ids[:4][-number:]
