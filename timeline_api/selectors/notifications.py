"""A member's notifications, grouped: what several did with one message on one day is one."""

from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import Count, F, Max, Q, QuerySet, Window
from django.db.models.functions import RowNumber, TruncDate

from shardrouter.prepared import prepared

from ..models import Account, Notification
from . import accounts, messages
from .marks import marks
from .pages import Page, newest_first
from .rows import Author, Line, MessageRow

# How many of those who did it are named.
NAMED = 3

# What notifications are grouped by: kind, message and day.
_Key = tuple[str, int | None, date]


class NotificationGroup(NamedTuple):
    """`account_count` accounts did `kind` with one message on one day, or followed; `accounts` are
    the latest of them. `id` is the latest notification's."""

    id: int
    kind: str
    created_at: datetime
    account_count: int
    is_read: bool
    accounts: list[Author]
    message: Line | None


class _Counted(NamedTuple):
    """A group before its accounts and its message are read."""

    id: int
    kind: str
    message_id: int | None
    day: date
    account_count: int
    unread_count: int


class _Latest(NamedTuple):
    """One of the latest notifications of a group."""

    created_at: datetime
    actor_id: int


def groups(
    account: Account, *, before_id: int | None = None, after_id: int | None = None, limit: int = 30
) -> Page[NotificationGroup]:
    """Return a page of the account's notifications, newest first. Three queries on the account's
    shard, and one for accounts and one for messages on each shard that they are on."""
    mine = Notification.objects.filter(account=account).annotate(day=TruncDate("created_at"))
    page = _counted(mine, before_id=before_id, after_id=after_id, limit=limit)
    latest = _latest(mine, page)
    authors = accounts.authors_by_ids({row.actor_id for rows in latest.values() for row in rows})
    found, missing = messages.by_ids({row.message_id for row in page if row.message_id})
    lines = _marked(account, found)
    shown = {}
    for row in page:
        rows = latest[row.kind, row.message_id, row.day]
        known = [authors[each.actor_id] for each in rows if each.actor_id in authors]
        if not known or (row.message_id is not None and row.message_id not in lines):
            continue  # deleted; the relay deletes the notification
        shown[row.id] = NotificationGroup(
            id=row.id,
            kind=row.kind,
            created_at=rows[0].created_at,
            account_count=row.account_count,
            is_read=not row.unread_count,
            accounts=known,
            message=lines.get(row.message_id) if row.message_id else None,
        )
    return page.with_rows(shown, missing)


def unread_count(account: Account) -> int:
    """Return how many notifications are unread. One query on the account's shard, by index
    alone."""
    return sum(_unread_count(account.pk))


@prepared
def _unread_count(account_id: int) -> QuerySet[Any]:
    unread = Notification.objects.filter(account_id=account_id, is_read=False)
    return unread.values("account_id").annotate(n=Count("pk")).values_list("n", flat=True)


def _counted(mine: QuerySet[Any], **place: Any) -> Page[_Counted]:
    counted = mine.values("kind", "message_id", "day").annotate(
        last=Max("pk"), number=Count("pk"), unread=Count("pk", filter=Q(is_read=False))
    )
    columns = counted.values_list("last", "kind", "message_id", "day", "number", "unread")
    page = newest_first(columns, field="last", **place)
    return page.with_rows({position: _Counted(*row) for position, row in page.rows.items()})


def _latest(mine: QuerySet[Any], page: Page[_Counted]) -> dict[_Key, list[_Latest]]:
    """Return group → its latest rows, NAMED at most."""
    if not page:
        return {}
    number = Window(
        RowNumber(),
        partition_by=[F("kind"), F("message_id"), F("day")],
        order_by=F("pk").desc(),
    )
    days = {row.day for row in page}
    rows = mine.filter(day__gte=min(days), day__lte=max(days)).annotate(number=number)
    columns = ("kind", "message_id", "day", "created_at", "actor_id")
    latest: dict[_Key, list[_Latest]] = {}
    for *key, created_at, actor_id in (
        rows.filter(number__lte=NAMED).order_by("-pk").values_list(*columns)
    ):
        latest.setdefault(tuple(key), []).append(_Latest(created_at, actor_id))
    return latest


def _marked(viewer: Account, rows: dict[int, MessageRow]) -> dict[int, Line]:
    of_viewer = marks(viewer, rows)
    return {pk: of_viewer.on(Line(row)) for pk, row in rows.items()}
