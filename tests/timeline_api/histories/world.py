"""The real thing and a plain model of it, side by side: what random histories are lived in."""

import random
from functools import partial

from django.conf import settings
from django.db import OperationalError

from timeline_api.models import (
    Account,
    Block,
    Blocker,
    Follow,
    Follower,
    HomeEntry,
    Interaction,
    Like,
    Message,
    Mute,
    Notification,
    Outbox,
    Tombstone,
)
from timeline_api.ops import faults
from timeline_api.relay import handlers
from timeline_api.relay.worker import Worker
from timeline_api.selectors import accounts as account_selectors
from timeline_api.selectors import conversations, timelines
from timeline_api.selectors import messages as message_selectors
from timeline_api.selectors.blocks import Blocked
from timeline_api.selectors.rows import Line
from timeline_api.services import accounts, blocks, follows, likes, messages, repairs

CAST = ["alice", "bob", "charlie", "dana", "erin"]


# What one does oneself, and so not while one is suspended; the operators and fate do the rest.
DEEDS = frozenset(
    "post mention reply edit delete like unlike repost undo_repost block unblock mute unmute "
    "follow unfollow".split()
)


class Crash(BaseException):
    """What kills a relay: nothing of its own may catch it."""


def node_of(message):
    """The place of a message in its conversation, also of one whose author is suspended."""
    return conversations.Node(message.pk, message.author_id, message.ancestor_ids)


class World:
    """People by number. The model: `posted` is message → author, `parents` reply → message,
    `reposts` repost → (who, message), `gaps` the deleted that have replies, `mentioned` message →
    account id."""

    def __init__(self):
        self.accounts = {}
        self.posted, self.parents, self.reposts, self.mentioned = {}, {}, {}, {}
        self.gaps = {}
        self.following, self.likes = set(), set()
        # Who is suspended, and so does nothing.
        self.suspended = set()
        # Who has blocked and muted whom; who may ever have been deaf to whom.
        self.blocks, self.mutes, self.deaf = set(), set(), set()
        self.events_seen = []
        # Whether requests leave all to the relay, as those do that die after their transaction.
        self.is_late = self.was_late = False
        for number in range(len(CAST)):
            self.register(number)

    def register(self, number):
        self.accounts[number] = accounts.register(
            username=f"{CAST[number]}{random.randrange(10**9)}",
            email="a@example.org",
            password="x",
        )

    def live(self, action, *arguments):
        """One step of a history."""
        if arguments[0] not in self.suspended or action not in DEEDS:
            getattr(self, action)(*arguments)

    # --- what people do ---

    def post(self, number, _):
        self._posted(messages.post(author=self.accounts[number], text="hello"), number)

    def mention(self, number, other):
        text = f"hello @{self.accounts[other].username.upper()}"
        message = messages.post(author=self.accounts[number], text=text)
        self._posted(message, number)
        self.mentioned[message.pk] = self.accounts[other].pk

    def reply(self, number, choice):
        # Of what is new rather than of what is old, so that there are conversations.
        if (parent := self._some(self.posted, -1 - choice // 2)) is not None:
            row = Message.objects.select_related("author").get(pk=parent)
            account = self.accounts[number]
            post = partial(messages.post, author=account, text="hello", parent=row)
            message = self._unless_apart(number, self.posted[parent], post)
            if message is None:
                return
            self.parents[message.pk] = parent
            self._posted(message, number)
            assert self.is_late or self._mirrored(parent, "reply", number)

    def _posted(self, message, number):
        self.posted[message.pk] = number
        # One reads one's own writes, whatever the relay has done.
        assert message.pk in self.home(number)

    def _mirrored(self, pk, kind, number):
        """Whether the message's list has what `number` did: who did it sees it at once."""
        message = Message.objects.get(pk=pk)
        if kind == "reply":
            replies = conversations.replies(node_of(message), limit=1000)
            actors = {reply.message.author.id for reply in replies if isinstance(reply, Line)}
        else:
            page = account_selectors.interacting(message, kind, limit=1000)
            actors = {profile.account.id for profile in page}
        return self.accounts[number].pk in actors

    def _apart(self, number, other):
        return bool({(number, other), (other, number)} & self.blocks)

    def _unless_apart(self, number, other, act):
        """What `act` gives, or None where it is refused since one has blocked the other. Of one's
        own blocks one knows at once; of the other's when the relay has been there."""
        try:
            done = act() or True
        except Blocked:
            return None
        assert (number, other) not in self.blocks
        return done

    def block(self, number, other):
        if number != other:
            one, another = self.accounts[number], self.accounts[other]
            blocks.block(account=one, other=another)
            self.blocks.add((number, other))
            self.deaf |= {(number, other), (other, number)}
            self.following -= {(number, other), (other, number)}

    def unblock(self, number, other):
        if number != other:
            blocks.unblock(account=self.accounts[number], other=self.accounts[other])
            self.blocks.discard((number, other))

    def mute(self, number, other):
        if number != other:
            blocks.mute(account=self.accounts[number], other=self.accounts[other])
            self.mutes.add((number, other))
            self.deaf.add((number, other))

    def unmute(self, number, other):
        if number != other:
            blocks.unmute(account=self.accounts[number], other=self.accounts[other])
            self.mutes.discard((number, other))

    def edit(self, number, choice):
        mine = [pk for pk, author in self.posted.items() if author == number]
        if (pk := self._some(mine, choice)) is not None:
            messages.edit(message=Message.objects.get(pk=pk), text="edited")
            self.mentioned.pop(pk, None)

    def delete(self, number, choice):
        mine = [pk for pk, author in self.posted.items() if author == number]
        if (pk := self._some(mine, choice)) is not None:
            messages.delete(message=Message.objects.get(pk=pk))
            # A reply that the relay has not told of yet leaves no gap.
            if Tombstone.objects.filter(pk=pk).exists():
                self.gaps[pk] = number
            assert self.was_late or (pk in self.gaps) == bool(self._replies(pk))
            self._forget(pk)
            assert pk not in self.home(number)

    def like(self, number, choice):
        if (pk := self._some(self.posted, choice)) is not None:
            account, row = self.accounts[number], Message.objects.get(pk=pk)
            like = partial(likes.like, account=account, message=row)
            if self._unless_apart(number, self.posted[pk], like):
                self.likes.add((number, pk))
                assert self.is_late or self._mirrored(pk, "like", number)

    def unlike(self, number, choice):
        mine = [pk for who, pk in self.likes if who == number]
        if (pk := self._some(mine, choice)) is not None:
            likes.unlike(account=self.accounts[number], message=Message.objects.get(pk=pk))
            self.likes.discard((number, pk))

    def repost(self, number, choice):
        if (pk := self._some(self.posted, choice)) is not None:
            account, row = self.accounts[number], Message.objects.get(pk=pk)
            repost = partial(messages.repost, account=account, message=row)
            if self._unless_apart(number, self.posted[pk], repost):
                made = Message.objects.get(author=account, repost_of_id=pk)
                self.reposts[made.pk] = (number, pk)

    def undo_repost(self, number, choice):
        mine = [pk for who, pk in self.reposts.values() if who == number]
        if (pk := self._some(mine, choice)) is not None:
            account = self.accounts[number]
            messages.undo_repost(account=account, message=Message.objects.get(pk=pk))
            self.reposts = {row: deed for row, deed in self.reposts.items() if deed != (number, pk)}

    def follow(self, number, other):
        if number != other:
            one, another = self.accounts[number], self.accounts[other]
            follow = partial(follows.follow, follower=one, followee=another)
            done = self._unless_apart(number, other, follow)
            if done is None or self._apart(number, other):
                return  # refused, or taken back by the relay
            theirs = {pk for pk, author in self.posted.items() if author == other}
            seen = other not in self.suspended
            if seen and (number, other) not in self.following | self.mutes:
                # Whom one follows now, one reads from now on, also what was there before.
                assert theirs <= set(self.home(number))
            self.following.add((number, other))

    def unfollow(self, number, other):
        if number != other:
            follows.unfollow(follower=self.accounts[number], followee=self.accounts[other])
            self.following.discard((number, other))
            read = timelines.home_page(self.accounts[number], limit=1000)
            assert self.accounts[other].pk not in {line.message.author.id for line in read}

    def leave(self, number, _):
        accounts.remove(account=self.accounts[number])
        for pk in [pk for pk, author in self.posted.items() if author == number]:
            self._forget(pk)
        self.gaps = {pk: author for pk, author in self.gaps.items() if author != number}
        self.likes = {(who, pk) for who, pk in self.likes if who != number}
        self.reposts = {row: deed for row, deed in self.reposts.items() if deed[0] != number}
        self.suspended.discard(number)
        for pairs in (self.following, self.blocks, self.mutes, self.deaf):
            pairs -= {pair for pair in pairs if number in pair}
        self.register(number)

    def suspend(self, number, _):
        accounts.suspend(account=self.accounts[number])
        self.suspended.add(number)

    def unsuspend(self, number, _):
        accounts.unsuspend(account=self.accounts[number])
        self.suspended.discard(number)

    def _some(self, ids, choice):
        ids = sorted(ids)
        return ids[choice % len(ids)] if ids else None

    def _forget(self, pk):
        del self.posted[pk]
        self.mentioned.pop(pk, None)
        self.likes = {(who, other) for who, other in self.likes if other != pk}
        self.reposts = {row: deed for row, deed in self.reposts.items() if deed[1] != pk}
        # A gap goes with the last of its replies.
        while empty := [gap for gap in self.gaps if not self._replies(gap)]:
            for gap in empty:
                del self.gaps[gap]

    def _replies(self, pk):
        return {
            reply
            for reply, parent in self.parents.items()
            if parent == pk and (reply in self.posted or reply in self.gaps)
        }

    # --- what befalls the relay ---

    def relay(self, stop_after, how):
        """Deliver some events: in order, backwards, or twice and left in the outbox."""
        events = list(Outbox.objects.scatter().order_by("id" if how == 0 else "-id")[:stop_after])
        for event in events:
            done = handlers.handle(event)
            self.events_seen.append(event)
            if done and how != 2:
                Outbox.objects.filter(pk=event.pk).delete()

    def crash(self, point, after, rounds=1):
        """Run a relay that dies when it has passed `point` more than `after` times; whether it
        did within `rounds`."""
        passed = 0

        def die(name):
            nonlocal passed
            passed += name == point
            if passed > after:
                raise Crash

        faults.install(die)
        try:
            for _ in range(rounds):
                Worker().run_once(early=True)
        except Crash:
            return True
        finally:
            self.late(self.is_late, None)
        return False

    def late(self, is_late, _):
        """From now on requests leave their mirrors to the relay, or do them at once."""
        self.is_late = bool(is_late)
        self.was_late |= self.is_late

        def fail(name):
            if name == "soon":
                raise OperationalError("not now")

        faults.install(fail if self.is_late else None)

    def limit(self, followers, _):
        """From now on whoever has more followers is a celebrity."""
        settings.TIMELINES["FANOUT_MAX_FOLLOWERS"] = followers

    def drain(self):
        for event in reversed(self.events_seen):
            # Every event once more, late and out of order: it must not bring anything back.
            event.cursor = 0
            while not handlers.handle(event):
                pass
        assert Worker().drain() == 0

    # --- whether all is as the model says ---

    def home(self, number):
        page = timelines.home_page(self.accounts[number], limit=1000)
        return [line.id for line in page]

    def check(self):
        for number, account in self.accounts.items():
            self.check_member(number, Account.objects.get(pk=account.pk))
        seen = {pk for pk, author in self.posted.items() if author not in self.suspended}
        public = [line.id for line in timelines.public_page(limit=1000)]
        assert public == sorted(seen, reverse=True)
        assert Follow.objects.scatter().count() == len(self.following)
        assert Follower.objects.scatter().count() == len(self.following)
        self.check_interactions()

    def check_member(self, number, account):
        followees = {other for follower, other in self.following if follower == number}
        mine = {pk for pk, author in self.posted.items() if author == number}
        expected, entered = self.expected_home(number, account, followees | {number})
        assert self.home(number) == expected
        pulled = self.check_celebrities(account)
        entries = account.home_entries.filter(message_id__gte=account.home_floor)
        entries = entries.exclude(author_id__in=pulled, original_id=None)
        assert set(entries.values_list("message_id", flat=True)) == {
            pk
            for pk in entered
            if pk in self.reposts or self.accounts[self.posted[pk]].pk not in pulled
        }
        self.page_through(number, expected)
        assert not repairs.home_difference(account)
        assert repairs.count_differences(account) == {}
        assert account.following_count == len(followees)
        fans = {follower for follower, other in self.following if other == number}
        assert account.follower_count == len(fans)
        assert set(account.followers.values_list("follower_id", flat=True)) == {
            self.accounts[fan].pk for fan in fans
        }
        assert account.message_count == len(mine)
        reposted = {row for row, (who, _) in self.reposts.items() if who == number}
        shown = message_selectors.of_author(account, limit=1000)
        seen = set() if number in self.suspended else mine | reposted
        assert [line.id for line in shown] == sorted(seen - self._hidden_reposts(), reverse=True)
        self.check_notifications(number, account, fans)

    def _hidden_reposts(self):
        """Reposts of what a suspended member has written."""
        return {row for row, (_, pk) in self.reposts.items() if self.posted[pk] in self.suspended}

    def expected_home(self, number, account, authors):
        """The places of a home, newest first, and those that it should have entries of."""
        muted = {other for who, other in self.mutes if who == number}
        unseen = muted | {other for other in self.accounts if self._apart(number, other)}
        written = {pk for pk, author in self.posted.items() if author in authors}
        floor = account.home_floor
        reposts = {
            row: pk for row, (who, pk) in self.reposts.items() if who in authors and row >= floor
        }
        first = {}
        for row in sorted(reposts):
            who, pk = self.reposts[row]
            if who in muted | self.suspended:
                continue
            if self.posted[pk] not in authors | unseen | self.suspended:
                first.setdefault(pk, row)
        entered = {pk for pk in written if pk >= floor} | reposts.keys()
        read = {pk for pk in written if self.posted[pk] not in muted | self.suspended}
        return sorted(read | set(first.values()), reverse=True), entered

    def check_celebrities(self, account):
        """Follows know what the followees are; gives the celebrities, who need no entries."""
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

    def page_through(self, number, expected):
        """Down to the end and back, in pages of three: no seam, nothing twice."""
        account, down, place = self.accounts[number], [], None
        while page := timelines.home_page(account, before_id=place, limit=3):
            down += page.rows
            place = page.positions[-1]
        assert down == expected
        up, place = [], 0
        while page := timelines.home_page(account, after_id=place, limit=3):
            up = [*page.rows, *up]
            place = page.positions[0]
        assert up == expected

    def check_interactions(self):
        rows = Message.objects.scatter().filter(repost_of_id=None)
        for message in rows:
            pk = message.pk
            assert message.like_count == sum(1 for _, other in self.likes if other == pk)
            assert message.repost_count == sum(1 for _, o in self.reposts.values() if o == pk)
            assert message.reply_count == len(self._replies(pk))
            replies = conversations.replies(node_of(message), limit=1000)
            assert [reply.id for reply in replies] == sorted(self._replies(pk))
            above = conversations.ancestors(node_of(message))
            assert (above[-1:] != []) == (pk in self.parents)
        assert set(Tombstone.objects.scatter().values_list("pk", flat=True)) == set(self.gaps)
        assert Like.objects.scatter().count() == len(self.likes)
        assert Message.objects.scatter().count() == len(self.posted) + len(self.reposts)
        replied = sum(len(self._replies(pk)) for pk in [*self.posted, *self.gaps])
        assert Blocker.objects.scatter().count() == len(self.blocks)
        assert Block.objects.scatter().count() == len(self.blocks)
        assert Mute.objects.scatter().count() == len(self.mutes)
        everything = len(self.likes) + len(self.reposts) + replied
        assert Interaction.objects.scatter().count() == everything

    def check_notifications(self, number, account, fans):
        told = {("follow", fan, None) for fan in fans}
        told |= {("like", who, pk) for who, pk in self.likes if self.posted[pk] == number != who}
        told |= {
            ("repost", who, pk)
            for who, pk in self.reposts.values()
            if self.posted[pk] == number != who
        }
        told |= {
            ("reply", self.posted[reply], reply)
            for reply, parent in self.parents.items()
            if reply in self.posted
            and (self.posted | self.gaps).get(parent) == number != self.posted[reply]
        }
        told |= {
            ("mention", self.posted[pk], pk)
            for pk, account_id in self.mentioned.items()
            if account_id == account.pk and self.posted[pk] != number
        }
        people = {account.pk: number for number, account in self.accounts.items()}
        rows = Notification.objects.filter(account=account)
        shown = {(row.kind, people[row.actor_id], row.message_id) for row in rows}
        assert len(rows) == len(shown)
        # What happened while one was deaf to them need not come back; nothing else may.
        assert shown <= told
        assert {one for one in told - shown if (number, one[1]) not in self.deaf} == set()
        for _, other, _ in shown:
            assert (number, other) not in self.mutes
            assert not self._apart(number, other)

    def clear(self):
        self.late(False, None)
        for model in (
            Outbox,
            HomeEntry,
            Follow,
            Follower,
            Interaction,
            Notification,
            Block,
            Blocker,
            Mute,
            Like,
            Tombstone,
            Message,
            Account,
        ):
            model.objects.scatter(writes=True).delete()
