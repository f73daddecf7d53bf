"""Rows: from people, follows and messages to rows of every model, consistent with each other:
mirrors, counts and home timelines are what the relay would leave."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from random import Random
from typing import TypeVar

from django.db.models import Model

from shardrouter import ids, slot_for
from shardrouter.slots import slot_from_text

from .. import conf
from ..domain import pictures
from ..domain.entities import names_in, tags_in
from ..domain.limits import MAX_ANCESTORS
from ..models import (
    Account,
    Avatar,
    Block,
    Blocker,
    Follow,
    Follower,
    Hashtag,
    HomeEntry,
    Interaction,
    Like,
    Message,
    Mute,
    Notification,
    Report,
    Revision,
    Tombstone,
)

SECOND = 1000
DAY = 24 * 60 * 60 * SECOND
# What happened longer ago, its reader has seen.
UNREAD = 2 * DAY
# How busy each hour of the day is, in UTC: the night is quiet, lunch and evening are not.
HOURS = [2, 1, 1, 1, 1, 2, 5, 9, 10, 9, 8, 9, 12, 10, 8, 8, 9, 11, 13, 15, 16, 14, 9, 5]


T = TypeVar("T", bound=Model)


class Clock:
    """Gives ids: unique, by the millisecond and the slot."""

    def __init__(self) -> None:
        self._used: Counter[tuple[int, int]] = Counter()

    def next_id(self, milliseconds: int, slot: int) -> int:
        while self._used[milliseconds, slot] > 1000:
            milliseconds += 1
        self._used[milliseconds, slot] += 1
        return ids.compose(milliseconds, slot, self._used[milliseconds, slot] - 1)


@dataclass
class Population:
    """What has been made up, and the rows that it makes."""

    ends_at: datetime
    clock: Clock = field(default_factory=Clock)
    accounts: dict[str, Account] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    follows: list[Follow] = field(default_factory=list)
    likes: list[Like] = field(default_factory=list)
    hashtags: list[Hashtag] = field(default_factory=list)
    avatars: list[Avatar] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    tombstones: list[Tombstone] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    blockers: list[Blocker] = field(default_factory=list)
    mutes: list[Mute] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    _names: dict[int, str] = field(default_factory=dict)
    _by_key: dict[str, str] = field(default_factory=dict)

    @property
    def _end(self) -> int:
        return int(self.ends_at.timestamp() * 1000)

    def add_account(self, username: str, password: str, joined_days_ago: float, **fields) -> None:
        at = self._ago(joined_days_ago)
        self.accounts[username] = Account(
            id=self.clock.next_id(at, slot_from_text(username.casefold())),
            username=username,
            # What the database will make of it, for the serializer, which asks no database.
            username_key=username.lower(),
            email=f"{username.lower()}@example.org",
            password=password,
            created_at=_time(at),
            **fields,
        )
        self._names[self.accounts[username].pk] = username
        self._by_key[username.lower()] = username

    def add_follow(self, follower: str, followee: str, days_ago: float) -> None:
        a, b = self.accounts[follower], self.accounts[followee]
        at = self._ago(days_ago)
        self.follows.append(self._own(Follow, at, follower_id=a.pk, followee_id=b.pk))
        a.following_count += 1
        b.follower_count += 1

    def add_message(
        self, author: str, text: str, at: int, parent: Message | None = None
    ) -> Message:
        account = self.accounts[author]
        named = [self._by_key[key] for key in names_in(text) if key in self._by_key]
        message = self._message(account, at, text=text, mentions=sorted(named))
        for tag in tags_in(text) if "#" in text else ():
            tag_id = self.clock.next_id(at, ids.slot_of(account.pk))
            self.hashtags.append(
                Hashtag(id=tag_id, author_id=account.pk, message_id=message.pk, tag=tag)
            )
        if parent is not None:
            message.parent_id, message.parent_author_id = parent.pk, parent.author_id
            message.parent_username = self._names[parent.author_id]
            message.ancestor_ids = [*parent.ancestor_ids, parent.pk][-MAX_ANCESTORS:]
            parent.reply_count += 1
        account.message_count += 1
        return message

    def add_repost(self, username: str, message: Message, at: int) -> None:
        """Repost a message that the member has not reposted yet."""
        self._message(
            self.accounts[username],
            at,
            repost_of_id=message.pk,
            repost_of_author_id=message.author_id,
        )
        message.repost_count += 1

    def add_like(self, username: str, message: Message, at: int) -> None:
        """Like a message that the member does not like yet."""
        account = self.accounts[username]
        of = {"message_id": message.pk, "message_author_id": message.author_id}
        self.likes.append(self._own(Like, at, account_id=account.pk, **of))
        message.like_count += 1

    def add_avatar(self, username: str, picture: bytes, days_ago: float) -> None:
        """Let a member have uploaded a picture, given as it is kept."""
        account = self.accounts[username]
        account.avatar_version = pictures.version(picture)
        at = self._ago(days_ago)
        self.avatars.append(self._own(Avatar, at, account_id=account.pk, data=picture))

    def edit(self, message: Message, before: str, at: int) -> None:
        """Let the message have said something else until `at`."""
        self.revisions.append(
            self._own(
                Revision,
                at,
                author_id=message.author_id,
                message_id=message.pk,
                number=message.revision,
                text=before,
                created_at=message.edited_at or message.created_at,
            )
        )
        message.edited_at = _time(at)
        message.revision += 1

    def delete(self, message: Message) -> None:
        """Delete a message that has replies: it leaves a gap."""
        gone = {message.pk, *(m.pk for m in self.messages if m.repost_of_id == message.pk)}
        self.messages = [m for m in self.messages if m.pk not in gone]
        self.likes = [like for like in self.likes if like.message_id != message.pk]
        self.hashtags = [tag for tag in self.hashtags if tag.message_id != message.pk]
        self.revisions = [row for row in self.revisions if row.message_id != message.pk]
        self.accounts[self._names[message.author_id]].message_count -= 1
        self.tombstones.append(Tombstone.of(message))

    def add_block(self, username: str, blocked: str, days_ago: float) -> None:
        """Let one block another whom they do not follow, nor are followed by."""
        account, other = self.accounts[username], self.accounts[blocked]
        at = self._ago(days_ago)
        self.blocks.append(self._own(Block, at, account_id=account.pk, blocked_id=other.pk))
        self.blockers.append(self._own(Blocker, at, account_id=other.pk, blocker_id=account.pk))

    def add_mute(self, username: str, muted: str, days_ago: float) -> None:
        account, other = self.accounts[username], self.accounts[muted]
        at = self._ago(days_ago)
        self.mutes.append(self._own(Mute, at, account_id=account.pk, muted_id=other.pk))

    def add_report(
        self, username: str, message: Message, reason: str, days_ago: float, outcome: str = ""
    ) -> None:
        """Report a message; with an `outcome` an operator has closed the report since."""
        at = self._ago(days_ago)
        self.reports.append(
            self._own(
                Report,
                at,
                account_id=self.accounts[username].pk,
                message_id=message.pk,
                message_author_id=message.author_id,
                text=message.text,
                reason=reason,
                outcome=outcome,
                closed_at=_time(at + DAY // 2) if outcome else None,
            )
        )

    def of(self, username: str) -> list[Message]:
        """What a member has written, the oldest first."""
        pk = self.accounts[username].pk
        return [m for m in self.messages if m.author_id == pk and not m.repost_of_id]

    def _ago(self, days: float) -> int:
        return self._end - int(days * DAY)

    def _own(self, model: type[T], at: int, **fields) -> T:
        """A row made at `at`, in the slot of the account that it belongs to."""
        row = model(**{"created_at": _time(at)} | fields)
        row.pk = self.clock.next_id(at, slot_for(row))
        return row

    def _message(self, account: Account, at: int, **fields) -> Message:
        message = self._own(Message, at, author_id=account.pk, **fields)
        self.messages.append(message)
        return message

    def moment(self, random: Random, days: float) -> int:
        """A Unix time in milliseconds within the last `days`, at an hour when people are awake."""
        day = self._end - int(random.random() * days) * DAY
        midnight = day - day % DAY
        hour = random.choices(range(24), HOURS)[0]
        at = midnight + int((hour + random.random()) * 60 * 60 * SECOND)
        return at if at < self._end else at - DAY

    def rows(self) -> Iterator[list]:
        """Lists of rows, model by model, in the order of their definition."""
        self._mark_celebrities()
        by_author: dict[int, list[Message]] = defaultdict(list)
        for message in self.messages:
            by_author[message.author_id].append(message)
        floors = self._cut_homes(by_author)
        yield list(self.accounts.values())
        yield self.avatars
        yield self.messages
        yield self.revisions
        yield self.tombstones
        yield self.likes
        yield self._interactions()
        yield self.hashtags
        yield self.blocks
        yield self.blockers
        yield self.mutes
        yield self.reports
        yield self._notifications()
        yield self.follows
        yield self._mirrors()
        yield from self._homes(by_author, floors)

    def _mark_celebrities(self) -> None:
        """Whose messages readers pull, and the follows that know it."""
        limit = conf.get("FANOUT_MAX_FOLLOWERS")
        celebrities = {
            account.pk for account in self.accounts.values() if account.follower_count > limit
        }
        for account in self.accounts.values():
            if account.pk in celebrities:
                account.celebrity_version = account.celebrity_version_delivered = 1
        for follow in self.follows:
            if follow.followee_id in celebrities:
                follow.celebrity_version, follow.followee_is_celebrity = 1, True

    def _mirrors(self) -> list[Follower]:
        return [
            Follower(
                id=self.clock.next_id(
                    _milliseconds(follow.created_at), ids.slot_of(follow.followee_id)
                ),
                followee_id=follow.followee_id,
                follower_id=follow.follower_id,
                created_at=follow.created_at,
            )
            for follow in self.follows
        ]

    def _deeds(self) -> Iterator[tuple[str, int, int, int, int, datetime]]:
        """(kind, source, actor, message, its author, time) of each like, repost and reply."""
        for like in self.likes:
            told = like.message_id, like.message_author_id, like.created_at
            yield Interaction.LIKE, like.pk, like.account_id, *told
        for message in self.messages:
            told = message.pk, message.author_id
            at = message.created_at
            if message.repost_of_id:
                of = message.repost_of_id, message.repost_of_author_id
                yield Interaction.REPOST, *told, *of, at
            elif message.parent_id:
                of = message.parent_id, message.parent_author_id
                yield Interaction.REPLY, *told, *of, at

    def _gaps(self) -> Iterator[tuple[str, int, int, int, int, datetime]]:
        """The same of each deleted reply that has left a gap: of it nobody is told any more."""
        for gap in self.tombstones:
            if gap.parent_id:
                of = gap.parent_id, gap.parent_author_id
                yield Interaction.REPLY, gap.pk, gap.author_id, *of, gap.created_at

    def _interactions(self) -> list[Interaction]:
        return [
            Interaction(
                id=self.clock.next_id(_milliseconds(at), ids.slot_of(author_id)),
                author_id=author_id,
                message_id=message_id,
                kind=kind,
                source_id=source_id,
                actor_id=actor_id,
                created_at=at,
            )
            for kind, source_id, actor_id, message_id, author_id, at in chain(
                self._deeds(), self._gaps()
            )
        ]

    def _notifications(self) -> list[Notification]:
        told = []
        for kind, source_id, actor_id, message_id, author_id, at in self._deeds():
            shown = source_id if kind == Interaction.REPLY else message_id
            told.append((kind, source_id, actor_id, shown, author_id, at))
        for follow in self.follows:
            who = follow.follower_id, None, follow.followee_id
            told.append((Notification.FOLLOW, follow.pk, *who, follow.created_at))
        for message in self.messages:
            for name in set(message.mentions) - {message.parent_username}:
                who = message.author_id, message.pk, self.accounts[name].pk
                told.append((Notification.MENTION, message.pk, *who, message.created_at))
        return [
            Notification(
                id=self.clock.next_id(_milliseconds(at), ids.slot_of(account_id)),
                account_id=account_id,
                kind=kind,
                source_id=source_id,
                actor_id=actor_id,
                message_id=message_id,
                created_at=at,
                is_read=_milliseconds(at) < self._end - UNREAD,
            )
            for kind, source_id, actor_id, message_id, account_id, at in sorted(
                told, key=lambda one: (one[5], one[1])
            )
            if account_id != actor_id
        ]

    def _cut_homes(self, by_author: Mapping[int, list[Message]]) -> dict[int, int]:
        """Set the floor of each home that has more messages than are kept; gives all floors."""
        cap = conf.get("HOME_CAP")
        newest = {
            author: sorted(message.pk for message in messages)[-cap:]
            for author, messages in by_author.items()
        }
        sources = {account.pk: [account.pk] for account in self.accounts.values()}
        for follow in self.follows:
            if not follow.followee_is_celebrity:
                sources[follow.follower_id].append(follow.followee_id)
        for account in self.accounts.values():
            authors = sources[account.pk]
            if sum(len(by_author.get(author, ())) for author in authors) > cap:
                candidates = chain.from_iterable(newest.get(author, ()) for author in authors)
                account.home_floor = heapq.nlargest(cap, candidates)[-1]
        return {account.pk: account.home_floor for account in self.accounts.values()}

    def _homes(
        self,
        by_author: Mapping[int, list[Message]],
        floors: Mapping[int, int],
        batch: int = 20_000,
    ) -> Iterator[list[HomeEntry]]:
        readers: dict[int, list[int]] = {
            account.pk: [account.pk] for account in self.accounts.values()
        }
        for follow in self.follows:
            if not follow.followee_is_celebrity:
                readers[follow.followee_id].append(follow.follower_id)
        entries: list[HomeEntry] = []
        for author_id, messages in by_author.items():
            for message in messages:
                at = _milliseconds(message.created_at)
                for reader in readers[author_id]:
                    if message.pk < floors[reader]:
                        continue
                    entries.append(
                        HomeEntry(
                            id=self.clock.next_id(at, ids.slot_of(reader)),
                            owner_id=reader,
                            message_id=message.pk,
                            author_id=author_id,
                            original_id=message.repost_of_id,
                            original_author_id=message.repost_of_author_id,
                        )
                    )
            if len(entries) >= batch:
                yield entries
                entries = []
        yield entries


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1000)
