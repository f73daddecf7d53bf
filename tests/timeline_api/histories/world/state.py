"""The plain model: who has done what, in sets and dictionaries."""

import random

from timeline_api.services import accounts

CAST = ["alice", "bob", "charlie", "dana", "erin"]


class State:
    """Members are numbers, and messages are their ids."""

    def __init__(self):
        # Number → Account.
        self.accounts = {}
        # Message → author; reply → message; repost → (who, message); message → mentioned id.
        self.posted, self.parents, self.reposts, self.mentioned = {}, {}, {}, {}
        # Deleted message that has replies → author.
        self.tombstones = {}
        # (follower, followee) and (who, message).
        self.following, self.likes = set(), set()
        self.suspended = set()
        # (who, whom).
        self.blocks, self.mutes = set(), set()
        # (reader, actor) where a block or a mute may have kept a notification from the reader.
        self.unnotified = set()
        # Whether requests leave all mirrors to the relay, as those that die after their transaction
        # do; and whether they ever did.
        self.is_late = self.was_late = False
        for number in range(len(CAST)):
            self.register(number)

    def register(self, number):
        self.accounts[number] = accounts.register(
            username=f"{CAST[number]}{random.randrange(10**9)}",
            email="a@example.org",
            password="x",
        )

    def messages_of(self, number):
        return {pk for pk, author in self.posted.items() if author == number}

    def followers_of(self, number):
        return {follower for follower, followee in self.following if followee == number}

    def followees_of(self, number):
        return {followee for follower, followee in self.following if follower == number}

    def are_apart(self, number, other):
        """Whether one has blocked the other."""
        return bool({(number, other), (other, number)} & self.blocks)

    def replies_to(self, pk):
        """Its replies, and those that are deleted and have replies themselves."""
        return {
            reply
            for reply, parent in self.parents.items()
            if parent == pk and (reply in self.posted or reply in self.tombstones)
        }

    def reposts_of_the_suspended(self):
        return {row for row, (_, pk) in self.reposts.items() if self.posted[pk] in self.suspended}

    def remove_message(self, pk):
        del self.posted[pk]
        self.mentioned.pop(pk, None)
        self.likes = {(who, other) for who, other in self.likes if other != pk}
        self.reposts = {row: act for row, act in self.reposts.items() if act[1] != pk}
        # A tombstone goes with the last of its replies.
        while empty := [each for each in self.tombstones if not self.replies_to(each)]:
            for each in empty:
                del self.tombstones[each]

    def remove_member(self, number):
        for pk in self.messages_of(number):
            self.remove_message(pk)
        self.tombstones = {pk: who for pk, who in self.tombstones.items() if who != number}
        self.likes = {(who, pk) for who, pk in self.likes if who != number}
        self.reposts = {row: act for row, act in self.reposts.items() if act[0] != number}
        self.suspended.discard(number)
        for pairs in (self.following, self.blocks, self.mutes, self.unnotified):
            pairs -= {pair for pair in pairs if number in pair}

    def expected_home(self, number, floor):
        """The home, newest first, and the messages that have entries in it, from `floor` on."""
        authors = self.followees_of(number) | {number}
        muted = {other for who, other in self.mutes if who == number}
        unseen = muted | {other for other in self.accounts if self.are_apart(number, other)}
        written = {pk for pk, author in self.posted.items() if author in authors}
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
        shown = {pk for pk in written if self.posted[pk] not in muted | self.suspended}
        return sorted(shown | set(first.values()), reverse=True), entered

    def expected_notifications(self, number):
        """(kind, who, message) of all that was done to the member."""
        mine = self.messages_of(number)
        expected = {("follow", fan, None) for fan in self.followers_of(number)}
        expected |= {("like", who, pk) for who, pk in self.likes if pk in mine and who != number}
        expected |= {
            ("repost", who, pk) for who, pk in self.reposts.values() if pk in mine and who != number
        }
        expected |= {
            ("reply", self.posted[reply], reply)
            for reply, parent in self.parents.items()
            if reply in self.posted
            and (self.posted | self.tombstones).get(parent) == number != self.posted[reply]
        }
        expected |= {
            ("mention", self.posted[pk], pk)
            for pk, account_id in self.mentioned.items()
            if account_id == self.accounts[number].pk and self.posted[pk] != number
        }
        return expected
