"""A member's notifications, grouped: what several did with one message on one day is one."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Max, Q, QuerySet, Window
from django.db.models.functions import RowNumber, TruncDate

from ..models import Account, Message, Notification
from . import accounts, messages
from .pages import Page, cut

# How many of those who did it are named.
NAMED = 3


@dataclass
class Group:
    """`number` people did `kind`, on one day, with one message, or followed; `people` names the
    latest of them. `pk` is the latest notification's id."""

    pk: int
    kind: str
    created_at: datetime
    number: int
    is_read: bool
    people: list[Account]
    message: Message | None


def groups(
    account: Account, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page:
    """A page of the account's notifications, newest first. Two queries on the account's shard, and
    one for people and one for messages on each shard that they are on."""
    mine = Notification.objects.filter(account=account).annotate(day=TruncDate("created_at"))
    counted = mine.values("kind", "message_id", "day").annotate(
        last=Max("pk"), number=Count("pk"), unread=Count("pk", filter=Q(is_read=False))
    )
    page = cut(counted, before_id=before_id, after_id=after_id, limit=limit, field="last")
    named = _named(mine, page)
    people = accounts.by_ids({row.actor_id for rows in named.values() for row in rows})
    found, missing = messages.found({row["message_id"] for row in page} - {None})
    shown = []
    for row in page:
        rows = named[_key(row)]
        message = found.get(row["message_id"])
        known = [people[each.actor_id] for each in rows if each.actor_id in people]
        if not known or (row["message_id"] is not None and message is None):
            continue  # gone; the relay takes the notification away
        shown.append(
            Group(
                pk=row["last"],
                kind=row["kind"],
                created_at=rows[0].created_at,
                number=row["number"],
                is_read=not row["unread"],
                people=known,
                message=message,
            )
        )
    return Page(shown, missing, [row["last"] for row in page])


def unread_count(account: Account) -> int:
    """How many notifications are unread. One query on the account's shard, by index alone."""
    return Notification.objects.filter(account=account, is_read=False).count()


def _named(mine: QuerySet, page: Page) -> dict[tuple, list[Notification]]:
    """Group → its latest rows, NAMED at most."""
    if not page:
        return {}
    place = Window(RowNumber(), partition_by=["kind", "message_id", "day"], order_by=F("pk").desc())
    days = {row["day"] for row in page}
    rows = mine.filter(day__gte=min(days), day__lte=max(days)).annotate(place=place)
    named: dict[tuple, list[Notification]] = {}
    for row in rows.filter(place__lte=NAMED).order_by("-pk"):
        named.setdefault((row.kind, row.message_id, row.day), []).append(row)
    return named


def _key(row: dict) -> tuple:
    return row["kind"], row["message_id"], row["day"]
