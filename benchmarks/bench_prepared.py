"""What preparing a query saves: `@prepared` against the plain queryset that it equals.

    python -m benchmarks.bench_prepared [--quick] [--results FOLDER] [--strict]

Three SQLite shards, as bench_shardrouter fills them. Both sides run the same SQL.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import bench_shardrouter, measuring

AUTHORS = 300
BOOKS_EACH = 100
NEVER = 2**63 - 1


def queries() -> dict[str, tuple[Any, tuple, float]]:
    """What is read: its name, the prepared query, its arguments, and the limit of the ratio."""
    from benchmarks.library.models import Author, Book, PlainBook
    from shardrouter.prepared import prepared

    columns = ("id", "title", "pages")

    @prepared
    def newest(author_id: int, before: int, limit: int) -> Any:
        rows = Book.objects.filter(author_id=author_id, id__lt=before).order_by("-id")
        return rows.values(*columns)[:limit]

    @prepared
    def instances(author_id: int, limit: int) -> Any:
        return Book.objects.select_related("author").filter(author_id=author_id)[:limit]

    @prepared
    def times(author_id: int, limit: int) -> Any:
        return Book.objects.filter(author_id=author_id).values("id", "price", "published")[:limit]

    @prepared
    def one(pk: int) -> Any:
        return Book.objects.filter(pk=pk).values_list(*columns)

    @prepared
    def with_ids(pks: list[int]) -> Any:
        return Book.objects.filter(pk__in=pks).values_list(*columns)

    @prepared
    def everywhere(limit: int) -> Any:
        return Book.objects.scatter().order_by("-id").values(*columns)[:limit]

    @prepared
    def unsharded(author_id: int, limit: int) -> Any:
        return PlainBook.objects.filter(author_id=author_id).values(*columns)[:limit]

    author = Author.objects.scatter().first()
    ids = list(Book.objects.filter(author=author).values_list("pk", flat=True)[:30])
    owner = PlainBook.objects.values_list("author", flat=True)[0]
    return {
        "30 rows of an owner, newest first, as `values()`": (newest, (author.pk, NEVER, 30), 0.2),
        "30 rows with their decimals and times": (times, (author.pk, 30), 0.5),
        "30 instances with their owner": (instances, (author.pk, 30), 0.6),
        "one row by primary key": (one, (ids[0],), 0.2),
        "30 rows by their ids": (with_ids, (ids,), 0.25),
        "30 rows of three shards in order, scattered": (everywhere, (30,), 0.4),
        "30 rows of a table that is not sharded": (unsharded, (owner, 30), 0.25),
    }


def rows(rounds: int) -> list[measuring.Row]:
    """Each query against its own queryset."""
    return [
        measuring.compare(
            what,
            measuring.Side(lambda query=query, arguments=arguments: query(*arguments)),
            "the plain queryset",
            measuring.Side(lambda query=query, arguments=arguments: _plain(query, arguments)),
            limit=limit,
            rounds=rounds,
            repeat=30,
        )
        for what, (query, arguments, limit) in _checked(queries()).items()
    ]


def _plain(query: Any, arguments: tuple) -> list:
    return list(query.queryset(*arguments))


def _checked(all_queries: dict) -> dict:
    for what, (query, arguments, _) in all_queries.items():
        assert query(*arguments) == _plain(query, arguments), what
        assert query.explain(*arguments).prepared, what
    return all_queries


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few rows and rounds: a trial run")
    parser.add_argument("--results", type=Path, default=measuring.RESULTS)
    parser.add_argument("--strict", action="store_true", help="exit 1 when a limit is not held")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench_shardrouter.configure(folder)
        bench_shardrouter.fill(30 if options.quick else AUTHORS, BOOKS_EACH)
        measured = rows(4 if options.quick else 60)
    print(measuring.write("prepared", measured, options.results))
    return int(options.strict and not all(row.held for row in measured))


if __name__ == "__main__":
    sys.exit(main())
