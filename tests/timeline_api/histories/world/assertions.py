"""Whether homes, mirrors, counts and notifications are as modelled, once the relay is idle."""

from timeline_api.models import (
    Account,
    Block,
    Blocker,
    Follow,
    Follower,
    Interaction,
    Like,
    Message,
    Mute,
    Notification,
    Tombstone,
)
from timeline_api.selectors import conversations, timelines
from timeline_api.selectors import messages as message_selectors
from timeline_api.services import repairs

from .actions import home, node_of


def assert_as_modelled(state):
    for number, account in state.accounts.items():
        account = Account.objects.get(pk=account.pk)
        assert_home(state, number, account)
        assert_profile(state, number, account)
        assert_notifications(state, number, account)
    assert_public_timeline(state)
    assert_conversations(state)
    assert_numbers_of_rows(state)


def assert_home(state, number, account):
    expected, entered = state.expected_home(number, account.home_floor)
    assert home(account) == expected
    celebrities = assert_follows(account)
    entries = account.home_entries.filter(message_id__gte=account.home_floor)
    entries = entries.exclude(author_id__in=celebrities, original_id=None)
    assert set(entries.values_list("message_id", flat=True)) == {
        pk
        for pk in entered
        if pk in state.reposts or state.accounts[state.posted[pk]].pk not in celebrities
    }
    assert_pages(account, expected)
    assert not repairs.home_difference(account)


def assert_follows(account):
    """The follows know what the followees are. Return the celebrities, who need no entries."""
    follows = list(account.follows.all())
    followees = Account.objects.in_bulk([follow.followee_id for follow in follows])
    for follow in follows:
        followee = followees[follow.followee_id]
        assert (
            follow.celebrity_version
            == followee.celebrity_version
            == followee.celebrity_version_delivered
        )
        assert follow.followee_is_celebrity == followee.is_celebrity
        assert follow.followee_is_suspended == followee.is_suspended
    return [follow.followee_id for follow in follows if follow.followee_is_celebrity]


def assert_pages(account, expected):
    """In pages of three, to the end and back, nothing is missing and nothing comes twice."""
    down, place = [], None
    while page := timelines.home_page(account, before_id=place, limit=3):
        down += page.rows
        place = page.positions[-1]
    assert down == expected
    up, place = [], 0
    while page := timelines.home_page(account, after_id=place, limit=3):
        up = [*page.rows, *up]
        place = page.positions[0]
    assert up == expected


def assert_profile(state, number, account):
    fans, mine = state.followers_of(number), state.messages_of(number)
    assert repairs.count_differences(account) == {}
    assert account.following_count == len(state.followees_of(number))
    assert account.follower_count == len(fans)
    assert account.message_count == len(mine)
    assert set(account.followers.values_list("follower_id", flat=True)) == {
        state.accounts[fan].pk for fan in fans
    }
    reposted = {row for row, (who, _) in state.reposts.items() if who == number}
    seen = set() if number in state.suspended else mine | reposted
    shown = message_selectors.of_author(account, limit=1000)
    assert [line.id for line in shown] == sorted(
        seen - state.reposts_of_the_suspended(), reverse=True
    )


def assert_notifications(state, number, account):
    expected = state.expected_notifications(number)
    people = {account.pk: number for number, account in state.accounts.items()}
    rows = Notification.objects.filter(account=account)
    shown = {(row.kind, people[row.actor_id], row.message_id) for row in rows}
    assert len(rows) == len(shown)
    # What happened during a block or a mute may be missing, and nothing else.
    assert shown <= expected
    assert {one for one in expected - shown if (number, one[1]) not in state.unnotified} == set()
    for _, other, _ in shown:
        assert (number, other) not in state.mutes
        assert not state.are_apart(number, other)


def assert_public_timeline(state):
    seen = {pk for pk, author in state.posted.items() if author not in state.suspended}
    public = [line.id for line in timelines.public_page(limit=1000)]
    assert public == sorted(seen, reverse=True)


def assert_conversations(state):
    for message in Message.objects.scatter().filter(repost_of_id=None):
        pk = message.pk
        assert message.like_count == sum(1 for _, other in state.likes if other == pk)
        assert message.repost_count == sum(1 for _, o in state.reposts.values() if o == pk)
        assert message.reply_count == len(state.replies_to(pk))
        replies = conversations.replies(node_of(message), limit=1000)
        shown = [reply.id for reply in replies]
        assert shown == sorted(state.replies_to(pk))
        above = conversations.ancestors(node_of(message))
        assert (above[-1:] != []) == (pk in state.parents)
    tombstones = set(Tombstone.objects.scatter().values_list("pk", flat=True))
    assert tombstones == set(state.tombstones)


def assert_numbers_of_rows(state):
    replies = sum(len(state.replies_to(pk)) for pk in [*state.posted, *state.tombstones])
    assert {
        model: model.objects.scatter().count()
        for model in (Follow, Follower, Block, Blocker, Mute, Like, Message, Interaction)
    } == {
        Follow: len(state.following),
        Follower: len(state.following),
        Block: len(state.blocks),
        Blocker: len(state.blocks),
        Mute: len(state.mutes),
        Like: len(state.likes),
        Message: len(state.posted) + len(state.reposts),
        Interaction: len(state.likes) + len(state.reposts) + replies,
    }
