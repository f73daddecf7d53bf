"""Figures: what waits for the operators, and the numbers of the day."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from shardrouter.ids import compose

from ..models import Account, Message, Report
from .outbox import lags

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Figures:
    """Of all shards that answer; accounts and messages of the last 24 hours."""

    open_reports: int
    parked_events: int
    waiting_events: int
    new_accounts: int
    new_messages: int


def first_id_since(age: timedelta) -> int:
    """Return the lowest id that can have been made in the time of that length which ends now.

    Rows of that time are a range of their primary key, which needs no index of `created_at`.
    """
    return compose(int((timezone.now() - age).timestamp() * 1000), slot=0)


def today() -> Figures:
    """Return the figures. Four queries on each shard, and one on `default`."""
    since = first_id_since(DAY)
    up = [lag for lag in lags() if lag.up]
    reports = Report.objects.scatter(on_shard_down="skip").filter(closed_at=None)
    accounts = Account.objects.scatter(on_shard_down="skip").filter(pk__gte=since)
    messages = Message.objects.scatter(on_shard_down="skip").filter(pk__gte=since)
    return Figures(
        open_reports=reports.count(),
        parked_events=sum(lag.parked for lag in up),
        waiting_events=sum(lag.waiting for lag in up),
        new_accounts=accounts.count(),
        new_messages=messages.count(),
    )
