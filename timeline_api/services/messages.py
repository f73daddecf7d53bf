"""Messages: posting and deleting."""

import hashlib
from datetime import timedelta

from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from shardrouter import atomic_for

from .. import conf
from ..models import Account, HomeEntry, IdempotencyKey, Message
from . import homes, outbox


class IdempotencyConflict(Exception):
    """The first request with this Idempotency-Key is still running, or its message is gone."""


class IdempotencyMismatch(Exception):
    """This Idempotency-Key came with another body before."""


def post(*, author: Account, text: str, idempotency_key: str | None = None) -> Message:
    """Post `text`, 1 to 280 characters, already trimmed and checked.

    The message, the author's own home entry, the count and the event are one transaction. With an
    `idempotency_key` a second call gives the first one's message; raises IdempotencyMismatch when
    the text is another, IdempotencyConflict when the first is not done or its message is deleted.
    """
    if idempotency_key is None:
        with atomic_for(author):
            return _post(author, text)
    try:
        with atomic_for(author):
            earlier = _remembered(author, idempotency_key, text)
            if earlier is not None:
                return earlier
            message = _post(author, text)
            IdempotencyKey.objects.create(
                account=author,
                key=idempotency_key,
                body_digest=_digest(text),
                message_id=message.pk,
                created_at=message.created_at,
            )
            return message
    except IntegrityError as error:
        # Two at once: the other one has written the key between our look and our write.
        raise IdempotencyConflict("The first request with this key is still running.") from error


def delete(*, message: Message) -> None:
    """Delete a message; twice is the same as once. Other homes lose it through the relay."""
    with atomic_for(message):
        gone, _ = Message.objects.filter(pk=message.pk).delete()
        if not gone:
            return
        author = Account.objects.filter(pk=message.author_id)
        HomeEntry.objects.filter(owner_id=message.author_id, message_id=message.pk).delete()
        author.update(message_count=F("message_count") - 1)
        outbox.emit(
            account=Account(pk=message.author_id),
            kind=outbox.MESSAGE_DELETED,
            message_id=message.pk,
        )


def _post(author: Account, text: str) -> Message:
    message = Message.objects.create(author=author, text=text, created_at=timezone.now())
    HomeEntry.objects.create(owner=author, message_id=message.pk, author_id=author.pk)
    homes.trim_now_and_then([author.pk], added=1)
    Account.objects.filter(pk=author.pk).update(message_count=F("message_count") + 1)
    outbox.emit(account=author, kind=outbox.MESSAGE_POSTED, message_id=message.pk)
    return message


def _remembered(author: Account, key: str, text: str) -> Message | None:
    """The message that this key made before, if it is remembered."""
    oldest = timezone.now() - timedelta(seconds=conf.get("IDEMPOTENCY_SECONDS"))
    keys = IdempotencyKey.objects.filter(account=author)
    # All that are past, not this one alone: nothing else clears them away.
    keys.filter(created_at__lt=oldest).delete()
    known = keys.filter(key=key).first()
    if known is None:
        return None
    if known.body_digest != _digest(text):
        raise IdempotencyMismatch("This Idempotency-Key was used with another text.")
    message = Message.objects.select_related("author").filter(pk=known.message_id).first()
    if message is None:
        raise IdempotencyConflict("The message that this key made has been deleted.")
    return message


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
