"""What routing costs: shardrouter on three SQLite shards against stock Django on one database.

    python -m benchmarks.bench_shardrouter [--quick] [--results FOLDER] [--strict]

Both sides have the same rows, columns and pragmas, in files of a temporary folder.
"""

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django
from django.conf import settings

from benchmarks import measuring

SHARDS = ["shard0", "shard1", "shard2"]
AUTHORS = 300
BOOKS_EACH = 100
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def configure(folder: str) -> None:
    """Configure a project with the library's models only, on SQLite, and create its tables."""

    def database(alias: str) -> dict:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.path.join(folder, f"{alias}.sqlite3"),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }

    configure_on(database)


def configure_on(database: Callable[[str], dict]) -> None:
    """Configure that project with `database` of each alias, and create its tables."""
    settings.configure(
        SECRET_KEY="benchmark",
        USE_TZ=True,
        INSTALLED_APPS=["shardrouter", "benchmarks.library"],
        DATABASES={alias: database(alias) for alias in ["default", *SHARDS]},
        DATABASE_ROUTERS=["shardrouter.ShardRouter"],
        SHARDROUTER={"SHARDS": SHARDS},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)


def columns(number: int) -> dict:
    return {
        "title": f"Book {number}",
        "pages": number % 700,
        "price": f"{number % 90}.50",
        "published": DAY + timedelta(minutes=number),
    }


def fill(authors: int, each: int) -> None:
    """Create the same rows on both sides."""
    from benchmarks.library.models import Author, Book, PlainAuthor, PlainBook

    names = [f"author {number}" for number in range(authors)]
    for author_model, book_model in ((Author, Book), (PlainAuthor, PlainBook)):
        made = author_model.objects.bulk_create(author_model(name=name) for name in names)
        if made[0].pk is None:
            made = list(author_model.objects.order_by("pk"))
        book_model.objects.bulk_create(
            book_model(author=author, **columns(at * each + number))
            for at, author in enumerate(made)
            for number in range(each)
        )


def stock(call: Callable[..., object], **kwargs: Callable) -> measuring.Side:
    """Return a side that runs `call` without DATABASE_ROUTERS."""
    from django.db import router

    def run(*args: object) -> object:
        kept, router.routers = router.routers, []
        try:
            return call(*args)
        finally:
            router.routers = kept

    return measuring.Side(run, **kwargs)


def rows(rounds: int, bulk: int) -> list[measuring.Row]:
    """Return the comparisons with stock Django, each with its limit."""
    from benchmarks.library.models import Author, Book, PlainAuthor, PlainBook

    mine = random.Random(1).sample(list(Book.objects.scatter()), 50)
    plain = random.Random(1).sample(list(PlainBook.objects.all()), 50)
    owner = mine[0].author
    plain_owner = PlainAuthor.objects.get(name=owner.name)
    authors, plain_authors = list(Author.objects.scatter()), list(PlainAuthor.objects.all())
    last, plain_last = Book.objects.scatter().latest("pk").pk, PlainBook.objects.latest("pk").pk

    def new(model: type, owners: list) -> tuple[list]:
        return ([model(author=owners[at % len(owners)], **columns(at)) for at in range(bulk)],)

    return [
        measuring.compare(
            "50 × `get` by primary key, routed",
            measuring.Side(lambda: [Book.objects.get(pk=book.pk) for book in mine]),
            "stock, one database",
            stock(lambda: [PlainBook.objects.get(pk=book.pk) for book in plain]),
            limit=1.25,
            rounds=rounds,
            repeat=2,
        ),
        measuring.compare(
            "30 rows of an owner in order, routed",
            measuring.Side(lambda: list(Book.objects.filter(author=owner).order_by("-id")[:30])),
            "stock, one database",
            stock(lambda: list(PlainBook.objects.filter(author=plain_owner).order_by("-id")[:30])),
            limit=1.10,
            rounds=rounds,
            repeat=40,
        ),
        measuring.compare(
            "30 rows of three shards in order, scattered",
            measuring.Side(lambda: list(Book.objects.scatter().order_by("-id")[:30])),
            "the same of one shard",
            measuring.Side(lambda: list(Book.objects.using("shard0").order_by("-id")[:30])),
            limit=3.5,
            rounds=rounds,
            repeat=30,
        ),
        measuring.compare(
            f"`bulk_create` of {bulk:,} rows of all shards",
            measuring.Side(
                lambda made: Book.objects.bulk_create(made),
                lambda: new(Book, authors),
                lambda: Book.objects.scatter(writes=True).filter(pk__gt=last).delete(),
            ),
            "stock, one database",
            stock(
                lambda made: PlainBook.objects.bulk_create(made),
                before=lambda: new(PlainBook, plain_authors),
                after=lambda: PlainBook.objects.filter(pk__gt=plain_last).delete(),
            ),
            limit=1.3,
            rounds=max(4, rounds // 4),
        ),
    ]


def ids_row(rounds: int) -> measuring.Row:
    """Return the row of making ids, against the rate they must reach."""
    from shardrouter.ids import IdGenerator

    generator, number, rate = IdGenerator(), 100_000, 300_000
    side = measuring.Side(lambda: [generator.next_id(7) for _ in range(number)])
    took = [side.cpu_time(1) for _ in range(rounds)]
    low, middle, high = (each * rate / number for each in statistics.quantiles(took, n=4))
    return measuring.Row(
        f"{number:,} sharded ids",
        f"{rate:,} a second",
        f"{measuring.shown(statistics.median(took))} CPU",
        f"{measuring.shown(number / rate)}",
        middle,
        low,
        high,
        1.0,
    )


def peak_memory(rows: int) -> float:
    """Return the peak memory, in MB, of this process when it iterates over `rows` rows."""
    from django.db import connections

    from benchmarks.library.models import Author, Book
    from shardrouter import shard_for

    author_of = {shard_for(author): author for author in Author.objects.scatter()}
    for alias, author in author_of.items():
        with connections[alias].cursor() as cursor:
            cursor.execute("DELETE FROM library_book")
            cursor.execute(
                "INSERT INTO library_book (id, author_id, title, pages, price, published) "
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s) "
                "SELECT %s + i * 4194304, %s, 'Book', i %% 700, 1, '2026-01-01' FROM n",
                [rows // len(author_of), author.pk, author.pk],
            )
    read = sum(1 for _ in Book.objects.scatter().order_by("id").iterator(chunk_size=1000))
    assert read == rows // len(author_of) * len(author_of), read
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory_row(many: int, few: int) -> measuring.Row:
    """Return the row of peak memory for many rows against few, each in a fresh process."""
    peaks = [_peak_in_a_process(each) for each in (many, few)]
    ratio = peaks[0] / peaks[1]
    return measuring.Row(
        f"`iterator()` over {many:,} rows of three shards",
        f"over {few:,} rows",
        f"{peaks[0]:.0f} MB at peak",
        f"{peaks[1]:.0f} MB at peak",
        ratio,
        ratio,
        ratio,
        1.1,
    )


def _peak_in_a_process(number: int) -> float:
    command = [sys.executable, "-m", "benchmarks.bench_shardrouter", "--peak-memory", str(number)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few rows and rounds: a trial run")
    parser.add_argument("--results", type=Path, default=measuring.RESULTS)
    parser.add_argument("--strict", action="store_true", help="exit 1 when a limit is not held")
    parser.add_argument("--peak-memory", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        configure(folder)
        if options.peak_memory:
            fill(30, 0)
            print(peak_memory(options.peak_memory))
            return 0
        fill(30 if options.quick else AUTHORS, BOOKS_EACH)
        measured = rows(4 if options.quick else 60, 500 if options.quick else 10_000)
        measured.append(ids_row(4 if options.quick else 20))
        long = (20_000, 10_000) if options.quick else (1_000_000, 100_000)
        measured.append(memory_row(*long))
    print(measuring.write("shardrouter", measured, options.results))
    return int(options.strict and not all(row.held for row in measured))


if __name__ == "__main__":
    sys.exit(main())
