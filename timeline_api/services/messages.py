"""Messages: posting, replying, reposting, editing, pinning and deleting."""

from collections.abc import Iterable
from typing import Any

from django.db import connections
from django.utils import timezone
from django.utils.translation import gettext as _

from shardrouter import atomic_for, shard_for

from ..domain import entities
from ..domain.limits import MAX_ANCESTORS
from ..models import Account, Hashtag, HomeEntry, Message, Revision, Tombstone
from ..selectors import accounts, blocks
from . import home_timelines, idempotency, interactions, outbox
from .account_locks import account_lock
from .reconciliation import try_reconcile


class EditConflict(Exception):
    """The message was edited since it was read, perhaps in another window."""


class NotEditable(Exception):
    """A repost has no text of its own."""


class _KeyInUse(Exception):
    """An earlier request has stored this Idempotency-Key."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def post(
    *,
    author: Account,
    text: str,
    parent: Message | None = None,
    idempotency_key: str | None = None,
) -> Message:
    """Post a message and return it; otherwise as `get_or_post`."""
    posted = get_or_post(author=author, text=text, parent=parent, idempotency_key=idempotency_key)
    return posted[0]


def get_or_post(
    *,
    author: Account,
    text: str,
    parent: Message | None = None,
    idempotency_key: str | None = None,
) -> tuple[Message, bool]:
    """Post `text`, 1 to 280 characters, trimmed and checked by the caller; a reply with `parent`.
    Return the message, and whether this call has posted it.

    The message, the author's own home entry, the count, the key and the event are one transaction
    of five statements; each tag, mention and reply adds one. A second call with the same
    `idempotency_key` returns the first call's message; raise IdempotencyMismatch if text or parent
    differ, IdempotencyConflict if its message is deleted. Raise blocks.Blocked if author and
    parent's author have a block between them.
    """
    # All that can be read or computed is before the transaction: on SQLite other writers wait.
    message = Message(author=author, text=text, mentions=_mentioned(text), **_reply_fields(parent))
    tags = entities.tags_in(text)
    digest = idempotency.body_digest(text, message.parent_id)
    try:
        with atomic_for(author.pk):
            _count(author.pk, 1)  # first: where there are row locks, this is the account's
            fact = _create(message, tags)
            _require_new(message, idempotency_key, digest)
            if parent is not None:
                blocks.require_no_block(author.pk, parent.author_id)
    except _KeyInUse as used:
        return _first_message(author, used.key, digest), False
    _try_reconcile(fact)
    return message, True


def repost(*, account: Account, message: Message) -> None:
    """Repost a message that is no repost itself. Idempotent. Raise blocks.Blocked."""
    earlier = Message.objects.filter(author=account, repost_of_id=message.pk)
    with account_lock(account.pk):
        blocks.require_no_block(account.pk, message.author_id)
        if earlier.exists():
            return
        row = Message(
            author=account, repost_of_id=message.pk, repost_of_author_id=message.author_id
        )
        _save(row)
        fact = interactions.message_fact(row)
        _emit_fact(fact)
    _try_reconcile(fact)


def undo_repost(*, account: Account, message: Message) -> None:
    """Delete one's repost of a message, if there is one. Idempotent."""
    row = Message.objects.filter(author=account, repost_of_id=message.pk).first()
    if row is not None:
        delete(message=row)


def edit(*, message: Message, text: str, revision: int | None = None) -> Message:
    """Replace the text and keep the old one as a Revision. Return the message as stored.

    Raise EditConflict if `revision` is given and is not the stored one, NotEditable for a repost,
    Message.DoesNotExist if the message was deleted.
    """
    if message.repost_of_id:
        raise NotEditable
    mentioned = _mentioned(text)
    with account_lock(message.author_id):
        row = Message.objects.select_for_update().get(pk=message.pk)
        if revision is not None and revision != row.revision:
            raise EditConflict
        row.author = message.author
        if text != row.text:
            _replace_text(row, text, mentioned)
    return row


def pin(*, message: Message) -> None:
    """Show the message first on its author's profile. Idempotent."""
    with account_lock(message.author_id):
        if Message.objects.filter(pk=message.pk).exists():
            Account.objects.filter(pk=message.author_id).update(pinned_id=message.pk)


def unpin(*, message: Message) -> None:
    """Unpin the message, if it is the pinned one. Idempotent."""
    Account.objects.filter(pk=message.author_id, pinned_id=message.pk).update(pinned_id=None)


def delete(*, message: Message) -> None:
    """Delete a message or a repost. Idempotent.

    A message with replies leaves a Tombstone. The relay deletes it from other homes, and deletes
    its likes and reposts.
    """
    with account_lock(message.author_id):
        # As stored now: its mentions may have been edited since it was read.
        row = Message.objects.select_for_update().filter(pk=message.pk).first()
        if row is None:
            return
        fact = interactions.message_fact(row)
        _delete_row(row)
        _emit_fact(fact)
        author = Account(pk=message.author_id)
        outbox.emit(account=author, kind=outbox.MESSAGE_DELETED, message_id=message.pk)
    _try_reconcile(fact)


def leave_tombstone(message: Message) -> None:
    """Create the Tombstone of a message that is being deleted."""
    Tombstone.of(message).save(force_insert=True)


def _require_new(message: Message, key: str | None, digest: str) -> None:
    """Store the key, if there is one, with its message. Raise _KeyInUse if it is stored already."""
    if key is None:
        return
    if not idempotency.store_key(message=message, key=key, digest=digest):
        raise _KeyInUse(key)


def _first_message(author: Account, key: str, digest: str) -> Message:
    earlier = idempotency.earlier_message(author=author, key=key, digest=digest)
    if earlier is None:  # deleted or expired since we met it
        raise idempotency.IdempotencyConflict(
            _("The first request with this key is still running.")
        )
    return earlier


def _create(message: Message, tags: list[str]) -> interactions.Fact | None:
    """Insert the message with all that lives with it. Return the fact that it is the row of."""
    _save(message)
    _create_hashtags(message, tags)
    _emit_mentions(message, message.mentions)
    fact = interactions.message_fact(message)
    _emit_fact(fact)
    return fact


def _save(message: Message) -> None:
    """Insert the message, its author's own home entry, and the event that delivers it to others."""
    message.created_at = timezone.now()
    message.save(force_insert=True)
    HomeEntry.objects.create(
        owner_id=message.author_id,
        message_id=message.pk,
        author_id=message.author_id,
        original_id=message.repost_of_id,
        original_author_id=message.repost_of_author_id,
    )
    home_timelines.trim_by_chance([message.author_id], added=1)
    outbox.emit(account=message.author, kind=outbox.MESSAGE_POSTED, message_id=message.pk)


def _replace_text(row: Message, text: str, mentioned: list[str]) -> None:
    Revision.objects.create(
        author_id=row.author_id,
        message=row,
        number=row.revision,
        text=row.text,
        created_at=row.edited_at or row.created_at,
    )
    _emit_mentions(row, {*row.mentions, *mentioned})
    row.text, row.mentions, row.edited_at = text, mentioned, timezone.now()
    row.revision += 1
    row.save(update_fields=["text", "mentions", "edited_at", "revision"])
    Hashtag.objects.filter(author_id=row.author_id, message=row).delete()
    _create_hashtags(row, entities.tags_in(row.text))


def _delete_row(row: Message) -> None:
    """Delete the message and what lives with it on its shard, or leave a Tombstone."""
    if interactions.delete_mirrors(row):
        leave_tombstone(row)
    message_id, author_id = row.pk, row.author_id
    _emit_mentions(row, row.mentions)
    Message.objects.filter(pk=message_id).delete()
    HomeEntry.objects.filter(owner_id=author_id, message_id=message_id).delete()
    Account.objects.filter(pk=author_id, pinned_id=message_id).update(pinned_id=None)
    if not row.repost_of_id:
        _count(author_id, -1)


def _create_hashtags(message: Message, tags: Iterable[str]) -> None:
    for tag in tags:
        Hashtag.objects.create(author_id=message.author_id, message=message, tag=tag)


def _count(author_id: int, change: int) -> None:
    # Compiling this by the ORM takes as long as the inserts of a post together.
    table = Account._meta.db_table
    sql = f"UPDATE {table} SET message_count = message_count + %s WHERE id = %s"  # noqa: S608
    with connections[shard_for(author_id)].cursor() as cursor:
        cursor.execute(sql, [change, author_id])


def _reply_fields(parent: Message | None) -> dict[str, Any]:
    if parent is None:
        return {}
    return {
        "parent_id": parent.pk,
        "parent_author_id": parent.author_id,
        "parent_username": parent.author.username,
        "ancestor_ids": [*parent.ancestor_ids, parent.pk][-MAX_ANCESTORS:],
    }


def _mentioned(text: str) -> list[str]:
    """Return the usernames that the text mentions, as their accounts spell them. Accounts on a
    shard that is down are left out: posting does not depend on them."""
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


def _emit_fact(fact: interactions.Fact | None) -> None:
    if fact is not None:
        interactions.emit(fact)


def _try_reconcile(fact: interactions.Fact | None) -> None:
    if fact is not None:
        try_reconcile(lambda: interactions.reconcile_interaction(fact))
