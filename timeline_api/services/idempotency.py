"""Idempotency keys: the message that an earlier request with the same key has posted."""

import hashlib
from datetime import datetime, timedelta

from django.db import connections
from django.utils import timezone
from django.utils.translation import gettext as _

from shardrouter import ids, shard_for

from .. import conf
from ..models import Account, IdempotencyKey, Message


class IdempotencyConflict(Exception):
    """The first request with this Idempotency-Key is still running, or its message is deleted."""


class IdempotencyMismatch(Exception):
    """The first request with this Idempotency-Key had another body."""


EXPIRED_CHUNK = 500
# A key that has expired is taken over, so that posting needs no look at it first.
STORE = """
    INSERT INTO {table} (id, account_id, key, body_digest, message_id, created_at)
    VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (account_id, key) DO UPDATE SET
        body_digest = excluded.body_digest,
        message_id = excluded.message_id,
        created_at = excluded.created_at
    WHERE {table}.created_at < %s
"""


def earlier_message(*, author: Account, key: str, digest: str) -> Message | None:
    """Return the message that a request with this key has posted in the last IDEMPOTENCY_SECONDS.

    Raise IdempotencyMismatch if the body's digest is another, IdempotencyConflict if the message is
    deleted.
    """
    known = IdempotencyKey.objects.filter(account=author, key=key, created_at__gte=_oldest())
    row = known.first()
    if row is None:
        return None
    if row.body_digest != digest:
        raise IdempotencyMismatch(_("This Idempotency-Key was used with another text."))
    message = Message.objects.select_related("author").filter(pk=row.message_id).first()
    if message is None:
        raise IdempotencyConflict(_("The message that this key made has been deleted."))
    return message


def store_key(*, message: Message, key: str, digest: str) -> bool:
    """Store the key with the message that it posted, in the same transaction. Return False if an
    earlier request has stored it in the last IDEMPOTENCY_SECONDS."""
    alias = shard_for(message.author_id)
    ops = connections[alias].ops
    times = [ops.adapt_datetimefield_value(time) for time in (message.created_at, _oldest())]
    # Its id is the message's: no other key can have it.
    row = [message.pk, message.author_id, key, digest, message.pk, *times]
    with connections[alias].cursor() as cursor:
        cursor.execute(STORE.format(table=IdempotencyKey._meta.db_table), row)
        return bool(cursor.rowcount)


def delete_expired(alias: str) -> None:
    """Delete a chunk of a shard's expired keys. One query if there are none: a key that has
    expired has an id from before, and ids are in the order of time."""
    oldest = _oldest()
    before = ids.compose(int(oldest.timestamp() * 1000), 0)
    expired = IdempotencyKey.objects.using(alias).filter(pk__lt=before, created_at__lt=oldest)
    if pks := list(expired.order_by("pk").values_list("pk", flat=True)[:EXPIRED_CHUNK]):
        IdempotencyKey.objects.using(alias).filter(pk__in=pks, created_at__lt=oldest).delete()


def body_digest(text: str, parent_id: int | None) -> str:
    """Return the SHA-256 of a post's text and parent, in hexadecimal digits."""
    body = text if parent_id is None else f"{parent_id} {text}"
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


def _oldest() -> datetime:
    return timezone.now() - timedelta(seconds=conf.get("IDEMPOTENCY_SECONDS"))
