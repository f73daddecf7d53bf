"""What a scattered query waits for: three PostgreSQL shards that answer 20 ms late against one.

    python -m benchmarks.bench_scatter [--quick] [--results FOLDER] [--strict]

Starts a PostgreSQL server. Before each shard is a proxy of ours, which holds back every answer.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from benchmarks import bench_shardrouter, measuring
from benchmarks.bench_shardrouter import SHARDS
from tests import postgresql
from tests.proxy import Proxy

LATE = 0.020  # seconds
LIMIT = 1.3


def answer_late(asked: bytes) -> Callable[[], None]:
    """Hold back the answer to each message, as a far network does."""
    return lambda: time.sleep(LATE)


def configure(server: dict[str, str]) -> None:
    """Create the databases and the tables of bench_shardrouter on `server`."""
    names = {"default": "main"} | {alias: alias for alias in SHARDS}
    connect = {"host": server["PGHOST"], "port": server["PGPORT"], "user": server["PGUSER"]}
    with psycopg.connect(dbname="postgres", autocommit=True, **connect) as connection:
        for name in names.values():
            connection.execute(f"CREATE DATABASE {name}")
    bench_shardrouter.configure_on(
        lambda alias: {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": names[alias],
            "HOST": server["PGHOST"],
            "PORT": server["PGPORT"],
            "USER": server["PGUSER"],
            "CONN_MAX_AGE": None,
        }
    )


@contextmanager
def late_shards() -> Iterator[None]:
    """Lead the connection to each shard through a late proxy."""
    from django.db import connections

    with ExitStack() as stack:
        for alias in SHARDS:
            connection = connections[alias]
            connection.close()
            kept = connection.settings_dict
            proxy = stack.enter_context(Proxy(kept["HOST"], kept["PORT"], answer_late))
            connection.settings_dict = proxy.settings(kept)
            stack.callback(connection.close)
            connection.ensure_connection()
        yield


def pairs(
    ours: Callable[[], object], base: Callable[[], object], rounds: int
) -> list[tuple[float, float]]:
    """Return the seconds that both take by the clock, one after the other, of each round."""
    taken = []
    for _ in range(rounds + 1):
        times = []
        for call in (ours, base):
            began = time.perf_counter()
            call()
            times.append(time.perf_counter() - began)
        taken.append((times[0], times[1]))
    return taken[1:]


def rows(rounds: int) -> list[measuring.Row]:
    """Return what is asked of three shards against one."""
    from django.db.models import Count, Sum

    from benchmarks.library.models import Book
    from shardrouter.prepared import prepared

    @prepared
    def newest(limit: int):
        return Book.objects.scatter().order_by("-id").values("id", "title")[:limit]

    @prepared
    def newest_of_one(limit: int):
        return Book.objects.using("shard0").order_by("-id").values("id", "title")[:limit]

    everywhere, one = Book.objects.scatter(), Book.objects.using("shard0")
    figures = {"n": Count("id"), "pages": Sum("pages")}
    asked: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "30 rows in order": (
            lambda: list(everywhere.order_by("-id")[:30]),
            lambda: list(one.order_by("-id")[:30]),
        ),
        "`count()`": (everywhere.count, one.count),
        "`exists()`": (everywhere.exists, one.exists),
        "`aggregate()`": (
            lambda: everywhere.aggregate(**figures),
            lambda: one.aggregate(**figures),
        ),
        "an `iterator()`": (
            lambda: list(everywhere.order_by("id").iterator()),
            lambda: list(one.order_by("id").iterator()),
        ),
        "30 rows of a prepared query": (lambda: newest(30), lambda: newest_of_one(30)),
    }
    return [
        measuring.timed(
            f"{what}, of three late shards",
            "of one",
            pairs(*both, rounds),
            limit=LIMIT,
            shown=measuring.shown,
        )
        for what, both in asked.items()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few rows and rounds: a trial run")
    parser.add_argument("--results", type=Path, default=measuring.RESULTS)
    parser.add_argument("--strict", action="store_true", help="exit 1 when a limit is not held")
    options = parser.parse_args()
    with postgresql.server() as server:
        configure(server)
        bench_shardrouter.fill(30, 10)
        with late_shards():
            measured = rows(3 if options.quick else 30)
    print(measuring.write("scatter", measured, options.results))
    return int(options.strict and not all(row.held for row in measured))


if __name__ == "__main__":
    sys.exit(main())
