"""Celebrities: their messages are pulled instead of fanned out, and readers see no difference."""

import pytest

from tests.timeline_api.ids import ids
from timeline_api.models import Account, Follow, Message, Outbox
from timeline_api.relay import celebrities
from timeline_api.relay.worker import Worker
from timeline_api.selectors import timelines
from timeline_api.services import follows, messages, repairs

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture(autouse=True)
def limit(settings):
    """limit(n): from now on authors with more followers are celebrities."""

    def limit(followers):
        settings.TIMELINES = {"FANOUT_MAX_FOLLOWERS": followers, "FANOUT_CHUNK": 5}

    limit(11)
    return limit


@pytest.fixture
def posted(alice, fans, post, relay):
    """Messages of alice, who becomes a celebrity with the second of them."""
    made = []
    for text in ("the last but one", "the last that is fanned out", "pulled", "pulled too"):
        made.append(post(alice, text))
        relay()
    return made


@pytest.fixture
def celebrity(alice, posted):
    """alice, who has posted."""
    alice.refresh_from_db()
    assert alice.is_celebrity
    return alice


def pulling(author):
    """How many followers pull the author's messages."""
    follows = Follow.objects.scatter().filter(followee_id=author.pk)
    return follows.filter(followee_is_celebrity=True).count()


def test_it_shows_pulled_messages_like_fanned_out_ones(
    celebrity, posted, fans, post, homes_with, relay
):
    own = [post(fans[0], str(number)) for number in range(3)]
    more = post(celebrity, "between")
    own.append(post(fans[0], "newest"))
    relay()
    assert homes_with(more) == {celebrity.pk}
    expected = [own[3], more, *own[2::-1], *posted[::-1]]
    for size in (1, 2, 3, 30):
        pages, place = [], None
        while page := timelines.home_page(fans[0], before_id=place, limit=size):
            pages += page
            place = page.positions[-1]
        assert ids(pages) == ids(expected)
        back, place = [], 0
        while page := timelines.home_page(fans[0], after_id=place, limit=size):
            back = [*page, *back]
            place = page.positions[0]
        assert ids(back) == ids(expected)
    assert [line.message.author.username for line in pages][1] == celebrity.username


def test_it_adds_one_query_for_the_marks_to_a_page_with_a_celebrity(celebrity, fans, post, asks):
    reader = fans[1]
    for fan in fans[::2]:
        post(fan)
        follows.follow(follower=reader, followee=fan)
    with asks(shard0=1, shard1=3, shard2=1):
        assert len(timelines.home_page(reader, limit=30)) == 10
    with asks(shard0=1, shard1=3):
        assert len(timelines.home_page(fans[4], limit=3)) == 3


def test_it_fans_out_while_the_change_is_delivered(alice, fans, post):
    post(alice, "makes her a celebrity")
    Worker().run_once()
    Worker().run_once()
    alice.refresh_from_db()
    assert alice.is_celebrity
    assert 0 < pulling(alice) < len(fans)
    message = post(alice, "between")
    event = Outbox.objects.filter(account=alice).latest("id")
    # Once its event is deleted, every follower has an entry or pulls it.
    while Outbox.objects.filter(pk=event.pk).exists():
        Worker().run_once()
    assert all(message.pk in ids(timelines.home_page(fan)) for fan in fans)


def test_it_ends_fan_out_only_when_the_change_is_delivered_to_all(alice, fans):
    alice.follower_count, alice.celebrity_version = 12, 1
    assert not celebrities.update_status(alice)
    alice.celebrity_version_delivered = 1
    assert celebrities.update_status(alice)


def test_it_lets_a_new_follower_of_a_celebrity_pull_at_once(celebrity, posted, bob, relay):
    follows.follow(follower=bob, followee=celebrity)
    assert ids(timelines.home_page(bob)) == ids(posted[::-1])
    assert not bob.home_entries.exists()
    relay()
    assert ids(timelines.home_page(bob)) == ids(posted[::-1])
    follows.unfollow(follower=bob, followee=celebrity)
    assert ids(timelines.home_page(bob)) == []


def test_it_updates_a_follow_that_was_decided_before_the_change(
    celebrity, posted, bob, post, relay
):
    before = Account(pk=celebrity.pk, username=celebrity.username)  # as bob's request has read it
    follows.follow(follower=bob, followee=before)
    assert ids(timelines.home_page(bob)) == ids(posted[::-1])
    relay()
    assert Follow.objects.get(follower=bob).followee_is_celebrity
    message = post(celebrity, "pulled")
    relay()
    assert ids(timelines.home_page(bob))[0] == message.pk


def test_it_makes_an_author_ordinary_below_nine_tenths_of_the_limit(
    celebrity, fans, post, homes_with, relay
):
    for fan in fans[:3]:
        follows.unfollow(follower=fan, followee=celebrity)
    relay()
    post(celebrity, "with 9 of 11 followers: 9.9 is the edge")
    relay()
    celebrity.refresh_from_db()
    assert not celebrity.is_celebrity
    last = post(celebrity, "fanned out")
    relay()
    assert homes_with(last) == {celebrity.pk, *(fan.pk for fan in fans[3:])}
    mine = list(Message.objects.filter(author=celebrity).order_by("-id"))
    for fan in fans[3:]:
        entries = fan.home_entries.order_by("-message_id").values_list("message_id", flat=True)
        assert list(entries) == [message.pk for message in mine]
        assert ids(timelines.home_page(fan)) == ids(mine)


def test_it_restores_entries_only_down_to_the_floor(
    celebrity, posted, fans, limit, settings, post, relay
):
    fan = fans[0]
    Account.objects.filter(pk=fan.pk).update(home_floor=posted[2].pk)
    limit(100)
    last = post(celebrity, "fanned out")
    relay()
    assert [entry.message_id for entry in fan.home_entries.order_by("message_id")][-3:] == [
        *(message.pk for message in posted[2:]),
        last.pk,
    ]
    assert ids(timelines.home_page(fan)) == ids([last, *posted[::-1]])


def test_it_delivers_the_change_to_a_lost_shard_later_and_fans_out_meanwhile(
    alice, fans, post, down, homes_with, relay
):
    first = post(alice, "makes her a celebrity")
    with down("shard2"):
        for _ in range(6):
            Worker().run_once(early=True)
        assert alice.celebrity_version_delivered == 0
    second = post(alice, "fanned out: the fans on shard2 do not know yet")
    relay()
    alice.refresh_from_db()
    assert alice.celebrity_version_delivered == alice.celebrity_version == 1
    assert pulling(alice) == len(fans)
    for fan in fans:
        assert ids(timelines.home_page(fan)) == ids([second, first])


def test_it_ignores_a_relay_that_delivers_an_older_version(celebrity, fans, limit, relay):
    frozen = Account.objects.get(pk=celebrity.pk)
    frozen.celebrity_version = 0  # it has read her before the change
    celebrities.update_follows_on_shard("shard0", frozen, [], [fans[0].pk])
    assert pulling(celebrity) == len(fans)


def test_it_checks_and_rebuilds_homes_with_celebrities(celebrity, posted, fans, bob, post, relay):
    fan = fans[0]
    follows.follow(follower=fan, followee=bob)
    follows.follow(follower=celebrity, followee=fan)
    relay()
    message = post(bob, "fanned out")
    relay()
    assert not repairs.home_difference(fan)
    fan.home_entries.all().delete()
    assert repairs.home_difference(fan).missing == {message.pk}
    assert repairs.rebuild_home(fan).missing == {message.pk}
    assert list(fan.home_entries.values_list("message_id", flat=True)) == [message.pk]
    assert ids(timelines.home_page(fan)) == ids([message, *posted[::-1]])


def test_it_hides_a_celebritys_deleted_message_at_once(celebrity, posted, fans):
    messages.delete(message=posted[-1])
    assert ids(timelines.home_page(fans[0])) == ids(posted[-2::-1])
