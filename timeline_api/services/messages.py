"""Messages: posting, replying, reposting, editing and deleting."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import conf
from ..domain import entities
from ..domain.limits import MAX_ANCESTORS
from ..models import (
    Account,
    Hashtag,
    HomeEntry,
    IdempotencyKey,
    Interaction,
    Message,
    Revision,
    Tombstone,
)
from ..selectors import accounts, blocks
from . import home_timelines, interactions, outbox
from .account_locks import turn
from .reconciliation import soon


class IdempotencyConflict(Exception):
    """The first request with this Idempotency-Key is still running, or its message is gone."""


class IdempotencyMismatch(Exception):
    """This Idempotency-Key came with another body before."""


class EditConflict(Exception):
    """Somebody, in another window perhaps, has edited the message since it was read."""


class NotEditable(Exception):
    """A repost has no text of its own."""


def post(
    *,
    author: Account,
    text: str,
    parent: Message | None = None,
    idempotency_key: str | None = None,
) -> Message:
    """Post `text`, 1 to 280 characters, already trimmed and checked; a reply to `parent`.

    The message, the author's own home entry, the count and the events are one transaction. With an
    `idempotency_key` a second call gives the first one's message; raises IdempotencyMismatch when
    the text or the parent is another, IdempotencyConflict when the first is not done or its message
    is deleted, blocks.Blocked when its author and that of `parent` are kept apart.
    """
    message = Message(author=author, text=text, mentions=_mentioned(text), **_reply_fields(parent))
    if idempotency_key is None:
        with turn(author.pk):
            _post(message, parent)
    else:
        message = _post_once(message, parent, idempotency_key)
    if parent is not None:
        soon(lambda: interactions.sync(interactions.reply_fact(message)))
    return message


def repost(*, account: Account, message: Message) -> None:
    """Repost a message, which is no repost itself; twice is the same as once. Raises
    blocks.Blocked."""
    mine = Message.objects.filter(author=account, repost_of_id=message.pk)
    with turn(account.pk):
        blocks.require_no_block(account.pk, message.author_id)
        if mine.exists():
            return
        row = Message(
            author=account, repost_of_id=message.pk, repost_of_author_id=message.author_id
        )
        _save(row)
        interactions.emit(_repost_fact(row))
    soon(lambda: interactions.sync(_repost_fact(row)))


def undo_repost(*, account: Account, message: Message) -> None:
    """Take one's repost back; twice is the same as once."""
    row = Message.objects.filter(author=account, repost_of_id=message.pk).first()
    if row is not None:
        delete(message=row)


def edit(*, message: Message, text: str, revision: int | None = None) -> Message:
    """Replace the text, which stays in the history; gives the message as it is now.

    Raises EditConflict when `revision` is given and is not the one that stands, NotEditable for a
    repost, Message.DoesNotExist when it is gone.
    """
    if message.repost_of_id:
        raise NotEditable
    mentioned = _mentioned(text)
    with turn(message.author_id):
        now = timezone.now()
        row = Message.objects.select_for_update().get(pk=message.pk)
        if revision is not None and revision != row.revision:
            raise EditConflict
        row.author = message.author
        if text == row.text:
            return row
        Revision.objects.create(
            author_id=row.author_id,
            message=row,
            number=row.revision,
            text=row.text,
            created_at=row.edited_at or row.created_at,
        )
        _emit_mentions(row, {*row.mentions, *mentioned})
        row.text, row.mentions, row.edited_at = text, mentioned, now
        row.revision += 1
        row.save(update_fields=["text", "mentions", "edited_at", "revision"])
        Hashtag.objects.filter(author_id=row.author_id, message=row).delete()
        _tag(row)
    return row


def pin(*, message: Message) -> None:
    """Let the message stand first on its author's profile."""
    with turn(message.author_id):
        if Message.objects.filter(pk=message.pk).exists():
            Account.objects.filter(pk=message.author_id).update(pinned_id=message.pk)


def unpin(*, message: Message) -> None:
    """Let it stand there no longer."""
    Account.objects.filter(pk=message.author_id, pinned_id=message.pk).update(pinned_id=None)


def _post_once(message: Message, parent: Message | None, idempotency_key: str) -> Message:
    author, digest = message.author, _digest(message.text, message.parent_id)
    try:
        with turn(author.pk):
            earlier = _remembered(author, idempotency_key, digest)
            if earlier is not None:
                return earlier
            _post(message, parent)
            IdempotencyKey.objects.create(
                account=author,
                key=idempotency_key,
                body_digest=digest,
                message_id=message.pk,
                created_at=message.created_at,
            )
            return message
    except IntegrityError as error:
        # Whoever takes no turn has written the key between our look and our write.
        raise IdempotencyConflict(_("The first request with this key is still running.")) from error


def delete(*, message: Message) -> None:
    """Delete a message, or a repost; twice is the same as once. Other homes lose it through the
    relay, and so do those who liked or reposted it. Where it has replies it leaves a gap."""
    fact = None
    with turn(message.author_id):
        # As it stands now: its mentions may have been edited since it was read.
        row = Message.objects.select_for_update().filter(pk=message.pk).first()
        if row is None:
            return
        if interactions.forget(row):
            _leave_gap(row)
        row_id, author_id = row.pk, row.author_id
        _emit_mentions(row, row.mentions)
        Message.objects.filter(pk=row_id).delete()
        HomeEntry.objects.filter(owner_id=author_id, message_id=row_id).delete()
        Account.objects.filter(pk=author_id, pinned_id=row_id).update(pinned_id=None)
        if row.repost_of_id:
            fact = _repost_fact(row)
        else:
            _count(author_id, -1)
            if row.parent_id:
                fact = interactions.reply_fact(row)
        if fact is not None:
            interactions.emit(fact)
        outbox.emit(account=Account(pk=author_id), kind=outbox.MESSAGE_DELETED, message_id=row_id)
    if fact is not None:
        soon(lambda: interactions.sync(fact))


def _post(message: Message, parent: Message | None) -> None:
    if parent is not None:
        blocks.require_no_block(message.author_id, parent.author_id)
    _save(message)
    _count(message.author_id, 1)
    _tag(message)
    _emit_mentions(message, message.mentions)
    if message.parent_id:
        interactions.emit(interactions.reply_fact(message))


def _tag(message: Message) -> None:
    for tag in entities.tags_in(message.text):
        Hashtag.objects.create(author_id=message.author_id, message=message, tag=tag)


def _save(message: Message) -> None:
    """The message, its author's own home entry, and the event that takes it to others."""
    message.created_at = timezone.now()
    message.save(force_insert=True)
    HomeEntry.objects.create(
        owner_id=message.author_id,
        message_id=message.pk,
        author_id=message.author_id,
        original_id=message.repost_of_id,
        original_author_id=message.repost_of_author_id,
    )
    home_timelines.trim_now_and_then([message.author_id], added=1)
    outbox.emit(account=message.author, kind=outbox.MESSAGE_POSTED, message_id=message.pk)


def _count(author_id: int, change: int) -> None:
    Account.objects.filter(pk=author_id).update(message_count=F("message_count") + change)


def _reply_fields(parent: Message | None) -> dict[str, Any]:
    if parent is None:
        return {}
    return {
        "parent_id": parent.pk,
        "parent_author_id": parent.author_id,
        "parent_username": parent.author.username,
        "ancestor_ids": [*parent.ancestor_ids, parent.pk][-MAX_ANCESTORS:],
    }


def _leave_gap(message: Message) -> None:
    Tombstone.of(message).save(force_insert=True)


def _mentioned(text: str) -> list[str]:
    """The names in the text that somebody has, as they write them. Those of a shard that does not
    answer are left out: one can post without them."""
    found = accounts.by_usernames(entities.names_in(text), on_shard_down="skip")
    return sorted(account.username for account in found)


def _emit_mentions(message: Message, usernames: Iterable[str]) -> None:
    if usernames := sorted(usernames):
        outbox.emit(
            account=Account(pk=message.author_id),
            kind=outbox.MENTIONS_CHANGED,
            message_id=message.pk,
            usernames=usernames,
        )


def _repost_fact(row: Message) -> interactions.Fact:
    return interactions.Fact(
        kind=Interaction.REPOST,
        source_id=row.pk,
        actor_id=row.author_id,
        message_id=row.repost_of_id,
        message_author_id=row.repost_of_author_id,
    )


def _remembered(author: Account, key: str, digest: str) -> Message | None:
    """The message that this key made before, if it is remembered."""
    oldest = timezone.now() - timedelta(seconds=conf.get("IDEMPOTENCY_SECONDS"))
    keys = IdempotencyKey.objects.filter(account=author)
    # All that are past, not this one alone: nothing else clears them away.
    keys.filter(created_at__lt=oldest).delete()
    known = keys.filter(key=key).first()
    if known is None:
        return None
    if known.body_digest != digest:
        raise IdempotencyMismatch(_("This Idempotency-Key was used with another text."))
    message = Message.objects.select_related("author").filter(pk=known.message_id).first()
    if message is None:
        raise IdempotencyConflict(_("The message that this key made has been deleted."))
    return message


def _digest(text: str, parent_id: int | None) -> str:
    body = text if parent_id is None else f"{parent_id} {text}"
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
