"""Messages: posting, replying, reposting, editing, pinning and deleting."""

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

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


def post(
    *,
    author: Account,
    text: str,
    parent: Message | None = None,
    idempotency_key: str | None = None,
) -> Message:
    """Post `text`, 1 to 280 characters, trimmed and checked by the caller; a reply with `parent`.

    The message, the author's own home entry, the count and the events are one transaction. A second
    call with the same `idempotency_key` returns the first call's message; raise IdempotencyMismatch
    if text or parent differ, IdempotencyConflict if the first call is still running or its message
    is deleted. Raise blocks.Blocked if author and parent's author have a block between them.
    """
    message = Message(author=author, text=text, mentions=_mentioned(text), **_reply_fields(parent))
    if idempotency_key is None:
        with account_lock(author.pk):
            _create(message, parent)
    else:
        message = _post_once(message, parent, idempotency_key)
    _try_reconcile(interactions.message_fact(message))
    return message


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


def _post_once(message: Message, parent: Message | None, key: str) -> Message:
    author = message.author
    digest = idempotency.body_digest(message.text, message.parent_id)
    try:
        with account_lock(author.pk):
            earlier = idempotency.earlier_message(author=author, key=key, digest=digest)
            if earlier is not None:
                return earlier
            _create(message, parent)
            idempotency.store_key(message=message, key=key, digest=digest)
            return message
    except IntegrityError as error:
        # A writer without the account lock has stored the key after we looked for it.
        raise idempotency.IdempotencyConflict(
            _("The first request with this key is still running.")
        ) from error


def _create(message: Message, parent: Message | None) -> None:
    if parent is not None:
        blocks.require_no_block(message.author_id, parent.author_id)
    _save(message)
    _count(message.author_id, 1)
    _create_hashtags(message)
    _emit_mentions(message, message.mentions)
    _emit_fact(interactions.message_fact(message))


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
    _create_hashtags(row)


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


def _create_hashtags(message: Message) -> None:
    for tag in entities.tags_in(message.text):
        Hashtag.objects.create(author_id=message.author_id, message=message, tag=tag)


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
