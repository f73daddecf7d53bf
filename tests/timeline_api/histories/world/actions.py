"""What members and operators do, by the real services, and in the model."""

from functools import partial

from timeline_api.models import Message, Tombstone
from timeline_api.selectors import accounts as account_selectors
from timeline_api.selectors import conversations, timelines
from timeline_api.selectors.blocks import Blocked
from timeline_api.selectors.rows import Line
from timeline_api.services import accounts, blocks, follows, likes, messages

from .state import State

# What members do themselves, and so not while they are suspended.
MEMBER_ACTIONS = frozenset(
    "post mention reply edit delete like unlike repost undo_repost block unblock mute unmute "
    "follow unfollow".split()
)


class MemberActions(State):
    """Each action takes the number of who acts, and whom or what it concerns: a number, or the
    choice of a message. It asserts what the member sees at once, before the relay has run."""

    def post(self, number, _):
        self._add_message(messages.post(author=self.accounts[number], text="hello"), number)

    def mention(self, number, other):
        text = f"hello @{self.accounts[other].username.upper()}"
        message = messages.post(author=self.accounts[number], text=text)
        self._add_message(message, number)
        self.mentioned[message.pk] = self.accounts[other].pk

    def reply(self, number, choice):
        # To new messages rather than to old ones, so that there are conversations.
        if (parent := self._choose(self.posted, -1 - choice // 2)) is None:
            return
        row = Message.objects.select_related("author").get(pk=parent)
        post = partial(messages.post, author=self.accounts[number], text="hello", parent=row)
        message = self._unless_blocked(number, self.posted[parent], post)
        if message is not None:
            self.parents[message.pk] = parent
            self._add_message(message, number)
            assert self.is_late or self._is_mirrored(parent, "reply", number)

    def edit(self, number, choice):
        if (pk := self._choose(self.messages_of(number), choice)) is not None:
            messages.edit(message=Message.objects.get(pk=pk), text="edited")
            self.mentioned.pop(pk, None)

    def delete(self, number, choice):
        if (pk := self._choose(self.messages_of(number), choice)) is not None:
            messages.delete(message=Message.objects.get(pk=pk))
            # For a reply whose mirror is not written yet there is no tombstone.
            if Tombstone.objects.filter(pk=pk).exists():
                self.tombstones[pk] = number
            assert self.was_late or (pk in self.tombstones) == bool(self.replies_to(pk))
            self.remove_message(pk)
            assert pk not in home(self.accounts[number])

    def like(self, number, choice):
        if (pk := self._choose(self.posted, choice)) is not None:
            row = Message.objects.get(pk=pk)
            like = partial(likes.like, account=self.accounts[number], message=row)
            if self._unless_blocked(number, self.posted[pk], like):
                self.likes.add((number, pk))
                assert self.is_late or self._is_mirrored(pk, "like", number)

    def unlike(self, number, choice):
        liked = [pk for who, pk in self.likes if who == number]
        if (pk := self._choose(liked, choice)) is not None:
            likes.unlike(account=self.accounts[number], message=Message.objects.get(pk=pk))
            self.likes.discard((number, pk))

    def repost(self, number, choice):
        if (pk := self._choose(self.posted, choice)) is not None:
            account, row = self.accounts[number], Message.objects.get(pk=pk)
            repost = partial(messages.repost, account=account, message=row)
            if self._unless_blocked(number, self.posted[pk], repost):
                made = Message.objects.get(author=account, repost_of_id=pk)
                self.reposts[made.pk] = (number, pk)

    def undo_repost(self, number, choice):
        reposted = [pk for who, pk in self.reposts.values() if who == number]
        if (pk := self._choose(reposted, choice)) is not None:
            account = self.accounts[number]
            messages.undo_repost(account=account, message=Message.objects.get(pk=pk))
            self.reposts = {row: act for row, act in self.reposts.items() if act != (number, pk)}

    def block(self, number, other):
        if number != other:
            blocks.block(account=self.accounts[number], other=self.accounts[other])
            self.blocks.add((number, other))
            self.unnotified |= {(number, other), (other, number)}
            self.following -= {(number, other), (other, number)}

    def unblock(self, number, other):
        if number != other:
            blocks.unblock(account=self.accounts[number], other=self.accounts[other])
            self.blocks.discard((number, other))

    def mute(self, number, other):
        if number != other:
            blocks.mute(account=self.accounts[number], other=self.accounts[other])
            self.mutes.add((number, other))
            self.unnotified.add((number, other))

    def unmute(self, number, other):
        if number != other:
            blocks.unmute(account=self.accounts[number], other=self.accounts[other])
            self.mutes.discard((number, other))

    def follow(self, number, other):
        if number == other:
            return
        follower, followee = self.accounts[number], self.accounts[other]
        follow = partial(follows.follow, follower=follower, followee=followee)
        done = self._unless_blocked(number, other, follow)
        if done is None or self.are_apart(number, other):
            return  # refused, or the relay will delete it
        if other not in self.suspended and (number, other) not in self.following | self.mutes:
            # The home has the followee's earlier messages at once.
            assert self.messages_of(other) <= set(home(follower))
        self.following.add((number, other))

    def unfollow(self, number, other):
        if number != other:
            follower, followee = self.accounts[number], self.accounts[other]
            follows.unfollow(follower=follower, followee=followee)
            self.following.discard((number, other))
            page = timelines.home_page(follower, limit=1000)
            assert followee.pk not in {line.message.author.id for line in page}

    def leave(self, number, _):
        accounts.delete(account=self.accounts[number])
        self.remove_member(number)
        self.register(number)

    def suspend(self, number, _):
        accounts.suspend(account=self.accounts[number])
        self.suspended.add(number)

    def unsuspend(self, number, _):
        accounts.unsuspend(account=self.accounts[number])
        self.suspended.discard(number)

    def _add_message(self, message, number):
        self.posted[message.pk] = number
        # Members read their own writes, whatever the relay has done.
        assert message.pk in home(self.accounts[number])

    def _unless_blocked(self, number, other, act):
        """What `act` returns, or True; None if it is refused because one has blocked the other. A
        member's own block refuses at once, the other's once it is mirrored."""
        try:
            done = act() or True
        except Blocked:
            return None
        assert (number, other) not in self.blocks
        return done

    def _is_mirrored(self, pk, kind, number):
        """Whether the message's list shows what the member did."""
        message = Message.objects.get(pk=pk)
        if kind == "reply":
            replies = conversations.replies(node_of(message), limit=1000)
            actors = {reply.message.author.id for reply in replies if isinstance(reply, Line)}
        else:
            page = account_selectors.interacting(message, kind, limit=1000)
            actors = {profile.account.id for profile in page}
        return self.accounts[number].pk in actors

    def _choose(self, ids, choice):
        ids = sorted(ids)
        return ids[choice % len(ids)] if ids else None


def home(account):
    """The ids of the messages in a home, newest first."""
    return [line.id for line in timelines.home_page(account, limit=1000)]


def node_of(message):
    """The place of a message in its conversation, also of one whose author is suspended."""
    return conversations.Node(message.pk, message.author_id, message.ancestor_ids)
