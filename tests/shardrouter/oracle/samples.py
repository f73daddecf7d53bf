"""Rows with values that Python compares otherwise than a database does, and how to compare them."""

from django.db import connections
from django.db.models import Model

from tests.shardrouter.app.fields import Level
from tests.shardrouter.app.models import Sample
from tests.shardrouter.oracle.rows import WHOLE

LABELS = ["a", "A", "b", "B", None, "a"]
OPTIONS = [None, True, 1, 1.0, 0, False, "1", "b", {"k": 1}, {"k": "1"}, {"k": True}, [1], [True],
           {"k": "b"}, {"b": 1, "k": None}, {"k": 1.0}]  # fmt: skip
LEVELS = [Level.LOW, Level.HIGH, None, Level.MIDDLE, Level.HIGH]
WORDS = ["az", "by", "cx", "ay", None]
FILES = ["b.txt", "A.txt", "a.txt", "B.txt"]
ADDRESSES = ["10.0.0.2", "10.0.0.10", "9.255.0.1", "::1", None, "2001:db8::2", "2001:db8::10"]
RATIOS = [1.5, -0.0, 0.0, None, -2.0, float("inf"), float("nan")]


def save_samples(authors):
    """Save sixty rows of `authors`, on the shards and in the one big database."""
    # SQLite stores NaN as NULL.
    ratios = RATIOS if on_postgresql() else RATIOS[:-1]
    rows = [
        Sample(
            author=authors[at % len(authors)],
            number=at % 5,
            label=LABELS[at % len(LABELS)],
            level=LEVELS[at % len(LEVELS)],
            backwards=WORDS[at % len(WORDS)],
            words=["x", WORDS[at % 4]],
            options=OPTIONS[at % len(OPTIONS)],
            file=FILES[at % len(FILES)],
            address=ADDRESSES[at % len(ADDRESSES)],
            raw=bytes([at * 7 % 5, at % 3]),
            ratio=ratios[at % len(ratios)],
        )
        for at in range(61)
    ]
    Sample.objects.bulk_create(rows)
    for row in rows:
        Model.save_base(row, raw=True, using=WHOLE)


def on_postgresql():
    return connections["shard0"].vendor == "postgresql"


def plain(value):
    """What of `value` has to be the same on the shards and in one database."""
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, tuple | list):
        return [type(value).__name__, *map(plain, value)]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, memoryview | bytes):
        return bytes(value)
    if isinstance(value, float):
        # 1 and 1.0 may be equal in what JSON holds; which of them is kept is not said.
        return f"int {int(value)}" if value.is_integer() else f"float {value}"
    return f"{type(value).__name__} {value}"
