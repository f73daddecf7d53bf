"""Idempotency keys: the message that an earlier request with the same key has posted."""

import hashlib
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from .. import conf
from ..models import Account, IdempotencyKey, Message


class IdempotencyConflict(Exception):
    """The first request with this Idempotency-Key is still running, or its message is deleted."""


class IdempotencyMismatch(Exception):
    """The first request with this Idempotency-Key had another body."""


def earlier_message(*, author: Account, key: str, digest: str) -> Message | None:
    """Return the message that a request with this key has posted in the last IDEMPOTENCY_SECONDS.

    Raise IdempotencyMismatch if the body's digest is another, IdempotencyConflict if the message is
    deleted. Call it inside the account_lock of the author.
    """
    oldest = timezone.now() - timedelta(seconds=conf.get("IDEMPOTENCY_SECONDS"))
    keys = IdempotencyKey.objects.filter(account=author)
    # All expired keys, not this one alone: nothing else deletes them.
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


def store_key(*, message: Message, key: str, digest: str) -> None:
    """Store the key with the message that it posted, in the same transaction."""
    IdempotencyKey.objects.create(
        account=message.author,
        key=key,
        body_digest=digest,
        message_id=message.pk,
        created_at=message.created_at,
    )


def body_digest(text: str, parent_id: int | None) -> str:
    """Return the SHA-256 of a post's text and parent, in hexadecimal digits."""
    body = text if parent_id is None else f"{parent_id} {text}"
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
