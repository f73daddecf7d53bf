"""Fan-out: one author's posts, through the real relay, into the homes of all followers."""

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime

from benchmarks import measuring
from benchmarks.timelines import run, service

ENTRIES_PER_SECOND = 20_000
SHARE_OF_RAW = 0.4
HOUR = 60 * 60 * 1000 << 22  # in ids: milliseconds, slot, sequence


def measure(followers: int, posts: int) -> list[measuring.Row]:
    """Compare the fan-out of `posts` messages with the limit, and with a raw executemany."""
    with service(FANOUT_MAX_FOLLOWERS=str(10 * followers)):
        from shardrouter import shard_for, shards
        from timeline_api.models import HomeEntry
        from timeline_api.population.loading import write
        from timeline_api.population.population import Population
        from timeline_api.relay.worker import Worker
        from timeline_api.services import messages

        crowd = Population(datetime.now(UTC))
        crowd.add_account("star", "!", 100)
        for number in range(followers):
            crowd.add_account(f"fan{number}", "!", 50)
            crowd.add_follow(f"fan{number}", "star", 1)
        write(crowd, lambda rows: None)
        star = crowd.accounts["star"]
        ours, raw = [], []
        for _ in range(posts):
            message = messages.post(author=star, text="hello")
            began = time.perf_counter()
            while Worker().run_once():
                pass
            ours.append(time.perf_counter() - began)
            entries = HomeEntry.objects.scatter().filter(message_id=message.pk)
            assert entries.count() == followers + 1
            by_shard: dict[str, list[tuple[int, int, int]]] = {alias: [] for alias in shards()}
            for owner in entries.exclude(owner=star).values_list("owner_id", flat=True).iterator():
                # The same rows once more, an hour later.
                by_shard[shard_for(owner)].append((owner, message.pk + HOUR, star.pk))
            began = time.perf_counter()
            for alias, rows in by_shard.items():
                _insert(alias, rows)
            raw.append(time.perf_counter() - began)
            HomeEntry.objects.scatter(writes=True).filter(message_id=message.pk + HOUR).delete()
    entries_made = f"{followers:,} entries, {{:,.0f}} a second".format
    return [
        measuring.timed(
            f"fan-out to {followers:,} followers, through the relay",
            f"{ENTRIES_PER_SECOND:,} entries a second",
            [(mine, followers / ENTRIES_PER_SECOND) for mine in ours],
            limit=1,
            shown=lambda seconds: entries_made(followers / seconds),
        ),
        measuring.timed(
            f"fan-out to {followers:,} followers, through the relay",
            "raw `executemany` into the same three files",
            list(zip(ours, raw, strict=True)),
            limit=1 / SHARE_OF_RAW,
            shown=lambda seconds: entries_made(followers / seconds),
        ),
    ]


def _insert(alias: str, rows: list[tuple[int, int, int]]) -> None:
    from django.db import connections

    settings = connections[alias].settings_dict
    with closing(sqlite3.connect(settings["NAME"], isolation_level=None)) as connection:
        for pragma in settings["OPTIONS"]["init_command"].split(";"):
            connection.execute(pragma)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO timeline_api_homeentry (owner_id, message_id, author_id) VALUES (?, ?, ?)",
            rows,
        )
        connection.execute("COMMIT")


if __name__ == "__main__":
    run(measure)
