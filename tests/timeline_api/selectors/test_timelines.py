"""The public timeline and a home: what they show, what they cost, and what a lost shard hides."""

import pytest
from django.db import connections

from shardrouter.exceptions import ShardUnavailable
from tests.timeline_api.ids import ids
from timeline_api.models import Account, HomeEntry, Message
from timeline_api.selectors import timelines
from timeline_api.services import accounts, blocks, follows, likes

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def posted(alice, bob, charlie, post):
    """Twelve messages, oldest first, by alice, bob and charlie in turn; alice follows both."""
    rows = [post((alice, bob, charlie)[number % 3], str(number)) for number in range(12)]
    for followee in (bob, charlie):
        follows.follow(follower=alice, followee=followee)
    return rows


@pytest.fixture(params=["home", "public"])
def fetch(request, alice):
    """Either timeline: here they hold the same messages."""
    if request.param == "public":
        return timelines.public_page
    return lambda **place: timelines.home_page(alice, **place)


def test_it_is_newest_first_with_authors(posted, fetch):
    page = fetch()
    assert ids(page) == ids(posted[::-1])
    assert [line.message.author.id for line in page] == [row.author.pk for row in posted[::-1]]
    assert page.shards_missing == ()


@pytest.mark.parametrize("limit", [1, 5, 12, 20])
def test_it_pages_to_the_end_and_back(posted, fetch, limit):
    seen, place = [], None
    while page := fetch(before_id=place, limit=limit):
        assert len(page) <= limit
        seen += ids(page)
        place = page.positions[-1]
    assert seen == ids(posted[::-1])
    back, place = [], posted[0].pk
    while page := fetch(after_id=place, limit=limit):
        back = [*ids(page), *back]
        place = page.positions[0]
    assert [*back, posted[0].pk] == ids(posted[::-1])


def test_it_is_empty_when_nobody_posted(fetch):
    assert ids(fetch()) == []
    assert ids(fetch(before_id=1)) == ids(fetch(after_id=2**63 - 1)) == []


def test_it_reads_the_public_page_with_one_query_a_shard(posted, asks):
    with asks(shard0=1, shard1=1, shard2=1):
        page = timelines.public_page(limit=5)
        assert len({line.message.author.username for line in page}) == 3


def test_it_reads_the_viewers_marks_with_one_query_more_on_their_shard(posted, alice, asks):
    likes.like(account=alice, message=posted[1])
    with asks(shard0=2, shard1=1, shard2=1):
        page = timelines.public_page(viewer=alice)
    assert [line.id for line in page if line.liked] == [posted[1].pk]
    assert {line.liked for line in timelines.public_page()} == {None}


def test_it_hides_the_muted_and_keeps_their_positions(posted, alice, bob):
    blocks.mute(account=alice, other=bob)
    page = timelines.public_page(viewer=alice)
    assert ids(page) == ids([row for row in posted[::-1] if row.author_id != bob.pk])
    assert page.positions == ids(posted[::-1])


def test_it_reads_a_home_with_one_query_more_on_its_own_shard(posted, alice, asks):
    with asks(shard0=2, shard1=1, shard2=1):
        page = timelines.home_page(alice, limit=5)
        assert len({line.message.author.username for line in page}) == 3


def test_it_asks_only_the_shards_that_the_entries_name(alice, bob, asks, post):
    post(bob, "hello")
    with asks(shard0=2):  # no entry: is there anything below the floor?
        assert len(timelines.home_page(alice)) == 0
    follows.follow(follower=alice, followee=bob)
    with asks(shard0=1, shard1=1):
        assert len(timelines.home_page(alice)) == 1


def test_it_shows_at_home_only_those_whom_one_follows(alice, bob, charlie, relay, post):
    follows.follow(follower=alice, followee=bob)
    relay()
    theirs = post(bob, "followed")
    post(charlie, "not followed")
    mine = post(alice, "mine")
    relay()
    assert ids(timelines.home_page(alice)) == ids([mine, theirs])


# Beyond what the home keeps


@pytest.fixture
def cut_short(settings):
    settings.TIMELINES = {"HOME_CAP": 4, "HOME_TRIM_EVERY": 1, "BACKFILL_MESSAGES": 3}


def test_it_keeps_the_newest_entries_and_goes_on_from_the_shards(cut_short, posted, alice, relay):
    relay()
    assert HomeEntry.objects.filter(owner=alice).count() == 4
    assert Account.objects.get(pk=alice.pk).home_floor == posted[8].pk
    for limit in (1, 3, 4, 5, 20):
        seen, place = [], None
        while page := timelines.home_page(alice, before_id=place, limit=limit):
            seen += ids(page)
            place = page.positions[-1]
        assert seen == ids(posted[::-1])


def test_it_reads_the_history_of_a_home_with_a_query_a_shard(cut_short, posted, alice, relay, asks):
    relay()
    with asks(shard0=2, shard1=1, shard2=1):
        assert len(timelines.home_page(alice, limit=4)) == 4
    # The entries, of which there are none, the floor, the follows, the messages, and the marks.
    with asks(shard0=5, shard1=1, shard2=1):
        page = timelines.home_page(alice, before_id=posted[5].pk, limit=3)
    assert ids(page) == ids(posted[4:1:-1])


def test_it_shows_a_late_entry_below_the_floor_once(cut_short, posted, alice, relay):
    relay()
    late = posted[1]
    HomeEntry.objects.create(owner=alice, message_id=late.pk, author_id=late.author_id)
    assert ids(timelines.home_page(alice, limit=20)) == ids(posted[::-1])
    page = timelines.home_page(alice, after_id=posted[0].pk, limit=3)
    assert ids(page) == ids(posted[3:0:-1])


def test_it_hides_the_history_of_the_unfollowed(cut_short, posted, alice, bob, relay):
    relay()
    follows.unfollow(follower=alice, followee=bob)
    rest = [row for row in posted[::-1] if row.author_id != bob.pk]
    assert ids(timelines.home_page(alice, limit=20)) == ids(rest)


def test_it_leaves_out_the_history_on_a_lost_shard(cut_short, posted, alice, bob, down):
    with down("shard1"):
        page = timelines.home_page(alice, before_id=posted[6].pk, limit=20)
    assert ids(page) == ids([row for row in posted[5::-1] if row.author_id != bob.pk])
    assert page.shards_missing == ("shard1",)


# Messages that are gone, while the relay has not been there


def test_it_fills_up_what_is_gone(posted, alice, asks):
    """Newest first, 10 to 7 are deleted: the older ones move up."""
    Message.objects.filter(pk__in=[row.pk for row in posted[7:11]]).delete()
    with asks(shard0=4, shard1=2, shard2=2):
        page = timelines.home_page(alice, limit=5)
    assert ids(page) == ids([posted[number] for number in (11, 6, 5, 4, 3)])


def test_it_fills_up_backwards_next_to_the_place(posted, alice):
    Message.objects.filter(pk__in=[posted[2].pk, posted[3].pk]).delete()
    page = timelines.home_page(alice, after_id=posted[0].pk, limit=3)
    assert ids(page) == ids([posted[number] for number in (5, 4, 1)])


def test_it_passes_deleted_messages_a_page_at_a_time(alice, bob, asks, post):
    kept = post(bob, "kept")
    for number in range(20):
        post(bob, str(number))
    newest = post(bob, "newest")
    follows.follow(follower=alice, followee=bob)
    Message.objects.filter(author=bob).exclude(pk__in=[kept.pk, newest.pk]).delete()
    with asks(shard0=3, shard1=3):
        assert ids(timelines.home_page(alice, limit=10)) == ids([newest, kept])


def test_it_hides_a_deleted_account_before_the_relay_runs(posted, fetch, bob):
    accounts.delete(account=bob)
    assert ids(fetch(limit=8)) == ids([row for row in posted[::-1] if row.author.pk != bob.pk])


# A lost shard


def test_it_gives_what_there_is_and_names_the_lost_shard(posted, fetch, charlie, down):
    with down("shard2"):
        page = fetch()
    assert ids(page) == ids([row for row in posted[::-1] if row.author_id != charlie.pk])
    assert page.shards_missing == ("shard2",)


def test_it_asks_a_lost_shard_once_and_keeps_its_positions(posted, alice, charlie, down):
    """A shard that is slow to refuse must not be waited for again and again."""
    tried = []

    def count(execute, sql, params, many, context):
        tried.append(sql)
        return execute(sql, params, many, context)

    with connections["shard2"].execute_wrapper(count), down("shard2"):
        page = timelines.home_page(alice, limit=6)
    assert page.positions == ids(posted[:5:-1])
    assert ids(page) == ids([row for row in posted[:5:-1] if row.author_id != charlie.pk])
    assert len(tried) <= 1


def test_it_raises_without_the_shard_of_the_home(posted, alice, down):
    with down("shard0"), pytest.raises(ShardUnavailable, match="shard0"):
        timelines.home_page(alice)


def test_it_does_not_miss_a_shard_that_holds_nothing_of_the_home(alice, bob, down, post):
    post(bob, "hello")
    follows.follow(follower=alice, followee=bob)
    with down("shard2"):
        page = timelines.home_page(alice)
    assert len(page) == 1
    assert page.shards_missing == ()
