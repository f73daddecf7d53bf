"""A population: the invented members, what they wrote and did, and whom they follow."""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, TypeVar

from django.db.models import Model

from shardrouter import ids, slot_for
from shardrouter.slots import slot_from_text

from ..domain import pictures
from ..domain.entities import names_in, tags_in
from ..domain.limits import MAX_ANCESTORS
from ..models import (
    Account,
    Avatar,
    Block,
    Blocker,
    Follow,
    Hashtag,
    Like,
    Message,
    Mute,
    Report,
    Revision,
    Tombstone,
)
from .clock import DAY, HOUR, Clock, to_datetime

# How much is posted in each hour of the day, in UTC.
HOURS = [2, 1, 1, 1, 1, 2, 5, 9, 10, 9, 8, 9, 12, 10, 8, 8, 9, 11, 13, 15, 16, 14, 9, 5]

T = TypeVar("T", bound=Model)


@dataclass
class Population:
    """Invented members and what they did. Counts are kept; `derived_rows` makes the rest from it.

    Times are days before `ends_at`, or Unix times in milliseconds (`at`).
    """

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
    # Account id → username, and username in lower case → username.
    _names: dict[int, str] = field(default_factory=dict)
    _by_key: dict[str, str] = field(default_factory=dict)

    @property
    def _end(self) -> int:
        return int(self.ends_at.timestamp() * 1000)

    def add_account(
        self, username: str, password: str, joined_days_ago: float, **fields: Any
    ) -> None:
        """Register a member; `password` is the encoded one."""
        at = self._ago(joined_days_ago)
        self.accounts[username] = Account(
            id=self.clock.next_id(at, slot_from_text(username.casefold())),
            username=username,
            # As the database will generate it: the serializer of the fixture uses no database.
            username_key=username.lower(),
            email=f"{username.lower()}@example.org",
            password=password,
            created_at=to_datetime(at),
            **fields,
        )
        self._names[self.accounts[username].pk] = username
        self._by_key[username.lower()] = username

    def add_follow(self, follower: str, followee: str, days_ago: float) -> None:
        """Let a member follow another whom they do not follow yet."""
        a, b = self.accounts[follower], self.accounts[followee]
        at = self._ago(days_ago)
        self.follows.append(self._row(Follow, at, follower_id=a.pk, followee_id=b.pk))
        a.following_count += 1
        b.follower_count += 1

    def add_message(
        self, author: str, text: str, at: int, parent: Message | None = None
    ) -> Message:
        """Post a message, or a reply to `parent`."""
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
        self.likes.append(self._row(Like, at, account_id=account.pk, **of))
        message.like_count += 1

    def add_avatar(self, username: str, picture: bytes, days_ago: float) -> None:
        """Upload a picture, given as `pictures.squared` returns it."""
        account = self.accounts[username]
        account.avatar_version = pictures.version(picture)
        at = self._ago(days_ago)
        self.avatars.append(self._row(Avatar, at, account_id=account.pk, data=picture))

    def edit(self, message: Message, before: str, at: int) -> None:
        """Edit a message at `at`; its text before that is `before`."""
        self.revisions.append(
            self._row(
                Revision,
                at,
                author_id=message.author_id,
                message_id=message.pk,
                number=message.revision,
                text=before,
                created_at=message.edited_at or message.created_at,
            )
        )
        message.edited_at = to_datetime(at)
        message.revision += 1

    def delete(self, message: Message) -> None:
        """Delete a message that has replies, so that it leaves a Tombstone."""
        deleted = {message.pk, *(m.pk for m in self.messages if m.repost_of_id == message.pk)}
        self.messages = [m for m in self.messages if m.pk not in deleted]
        self.likes = [like for like in self.likes if like.message_id != message.pk]
        self.hashtags = [tag for tag in self.hashtags if tag.message_id != message.pk]
        self.revisions = [row for row in self.revisions if row.message_id != message.pk]
        self.accounts[self._names[message.author_id]].message_count -= 1
        self.tombstones.append(Tombstone.of(message))

    def add_block(self, username: str, blocked: str, days_ago: float) -> None:
        """Let a member block another. Neither may follow the other."""
        account, other = self.accounts[username], self.accounts[blocked]
        at = self._ago(days_ago)
        self.blocks.append(self._row(Block, at, account_id=account.pk, blocked_id=other.pk))
        self.blockers.append(self._row(Blocker, at, account_id=other.pk, blocker_id=account.pk))

    def add_mute(self, username: str, muted: str, days_ago: float) -> None:
        """Let a member mute another whom they have not muted yet."""
        account, other = self.accounts[username], self.accounts[muted]
        at = self._ago(days_ago)
        self.mutes.append(self._row(Mute, at, account_id=account.pk, muted_id=other.pk))

    def add_report(
        self, username: str, message: Message, reason: str, days_ago: float, outcome: str = ""
    ) -> None:
        """Report a message; with an `outcome`, an operator has closed the report since."""
        at = self._ago(days_ago)
        self.reports.append(
            self._row(
                Report,
                at,
                account_id=self.accounts[username].pk,
                message_id=message.pk,
                message_author_id=message.author_id,
                text=message.text,
                reason=reason,
                outcome=outcome,
                closed_at=to_datetime(at + DAY // 2) if outcome else None,
            )
        )

    def written_by(self, username: str) -> list[Message]:
        """Return a member's messages without reposts, the oldest first."""
        pk = self.accounts[username].pk
        return [m for m in self.messages if m.author_id == pk and not m.repost_of_id]

    def _ago(self, days: float) -> int:
        return self._end - int(days * DAY)

    def _row(self, model: type[T], at: int, **fields: Any) -> T:
        """Return a row created at `at`, in the slot of the account that it belongs to."""
        row = model(**{"created_at": to_datetime(at)} | fields)
        row.pk = self.clock.next_id(at, slot_for(row))
        return row

    def _message(self, account: Account, at: int, **fields: Any) -> Message:
        message = self._row(Message, at, author_id=account.pk, **fields)
        self.messages.append(message)
        return message

    def moment(self, random: Random, days: float) -> int:
        """Return a random Unix time in milliseconds in the last `days`, mostly at busy hours."""
        day = self._end - int(random.random() * days) * DAY
        midnight = day - day % DAY
        hour = random.choices(range(24), HOURS)[0]
        at = midnight + int((hour + random.random()) * HOUR)
        return at if at < self._end else at - DAY
