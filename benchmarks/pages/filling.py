"""Filling: the crowd into the site's databases and into the peers', kept for the next run.

The one place of this benchmark that imports the API's own modules; it runs in a process of its own:

python -m benchmarks.pages.filling ours|peers ACCOUNTS MESSAGES FOLDER
"""

import gc
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.pages.crowd import NAMED, PASSWORD, Crowd
from deploy.completed_steps import digest_of_files

ROOT = Path(__file__).resolve().parents[2]
SHARDS = "shard*.sqlite3"
HOME_ENTRIES = "timeline_api_homeentry"
OUTBOX = "timeline_api_outbox"
# What decides how the rows look.
SOURCES = [
    *(ROOT / package / "migrations" for package in ("shardrouter", "timeline_api")),
    ROOT / "timeline_api" / "population",
    ROOT / "benchmarks" / "pages" / "crowd.py",
    ROOT / "benchmarks" / "pages" / "peers" / "store.py",
    Path(__file__),
]
# What is asked about the last day would find nothing in an older one.
KEPT_SECONDS = 12 * 60 * 60


def filled(kind: str, accounts: int, messages: int, folder: Path) -> Path:
    """The folder with the databases of `kind` ("ours" or "peers"), filled now or by an earlier run.
    Whoever wants to write takes a copy."""
    digest = sha256(f"{digest_of_files(SOURCES)} {sys.version}".encode()).hexdigest()[:12]
    target = folder / f"{kind}-{accounts}-{messages}-{digest}"
    if _is_fresh(target):
        return target
    for old in folder.glob(f"{kind}-{accounts}-{messages}-*"):
        shutil.rmtree(old)
    target.mkdir(parents=True)
    command = [sys.executable, "-m", "benchmarks.pages.filling"]
    arguments = (kind, accounts, messages, target)
    done = subprocess.run(
        [*command, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"filling {kind} failed:\n{done.stderr}")
    return target


def about(folder: Path) -> dict[str, Any]:
    """What the filling noted: when it was, and how large what it made is, in bytes."""
    return json.loads((folder / "filled.json").read_text())


def _is_fresh(folder: Path) -> bool:
    with suppress(OSError, ValueError):
        return time.time() - about(folder)["filled_at"] < KEPT_SECONDS
    return False


def main() -> None:
    gc.disable()  # millions of rows live until the end, and none of them in a circle
    kind, accounts, messages, folder = sys.argv[1:]
    crowd = Crowd(int(accounts), int(messages), int(time.time() * 1000))
    fill = {"ours": fill_ours, "peers": fill_peers}[kind]
    noted = fill(crowd, Path(folder))
    noted |= {"filled_at": time.time()}
    (Path(folder) / "filled.json").write_text(json.dumps(noted))


def fill_ours(crowd: Crowd, folder: Path) -> dict[str, Any]:
    """Write the crowd as `manage.py populate` writes one. Return bytes for a message, of which
    table, and for a home entry."""
    os.environ.update(
        DJANGO_SETTINGS_MODULE="twitsite.settings.api",
        SECRET_KEY="benchmark",
        ENV_FILE=os.devnull,
        VAR_DIR=str(folder),
        SQLITE_SYNCHRONOUS="OFF",  # what is half filled is filled anew
    )
    import django

    django.setup()
    from django.contrib.auth.hashers import make_password
    from django.core.management import call_command
    from django.db import connections

    from timeline_api.population.loading import write
    from timeline_api.population.population import Population

    call_command("migrate", verbosity=0)
    population = Population(datetime.fromtimestamp(crowd.ends_at / 1000, UTC))
    _people(crowd, population, make_password(PASSWORD))
    write(population, lambda rows: None)
    connections.close_all()
    return _sizes(folder, crowd.messages)


def _people(crowd: Crowd, population, password: str) -> None:
    names = crowd.names
    for number, name in enumerate(names):
        population.add_account(name, password if number < NAMED else "!", joined_days_ago=50)
    for number, (follower, followee) in enumerate(crowd.follows()):
        population.add_follow(names[follower], names[followee], days_ago=31 + number % 1000 / 100)
    for post in crowd.posts():
        population.add_message(names[post.author], post.text, post.at)


def _sizes(folder: Path, messages: int) -> dict[str, Any]:
    total, entries, tables = 0, 0, Counter[str]()
    for path in folder.glob(SHARDS):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            entries += connection.execute(f"SELECT count(*) FROM {HOME_ENTRIES}").fetchone()[0]
            tables.update(_bytes_by_table(connection))
        total += path.stat().st_size
    sizes: dict[str, Any] = {"bytes_a_message": total / messages, "entries": entries}
    if tables:
        sizes["bytes_an_entry"] = tables[HOME_ENTRIES] / entries
        sizes["bytes_a_message_by_table"] = {
            table: round(size / messages, 1) for table, size in tables.most_common()
        }
    return sizes


def _bytes_by_table(connection: sqlite3.Connection) -> dict[str, int]:
    """What each table takes with its indexes; nothing where SQLite was built without dbstat."""
    with suppress(sqlite3.OperationalError):
        return dict(
            connection.execute(
                "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_master USING (name)"
                " WHERE aggregate = TRUE GROUP BY tbl_name"
            ).fetchall()
        )
    return {}


def fill_peers(crowd: Crowd, folder: Path) -> dict[str, float]:
    """Write the same people, follows and messages into MiniTwit's tables."""
    from werkzeug.security import generate_password_hash

    from benchmarks.pages.peers.store import INDEXES, TABLES, connect

    path = folder / "minitwit.sqlite3"
    password = generate_password_hash(PASSWORD)
    with closing(connect(str(path))) as connection:
        connection.executescript(f"PRAGMA synchronous=OFF; {TABLES}")
        connection.execute("BEGIN")
        people = (
            (number + 1, name, f"{name}@example.org", password if number < NAMED else "!")
            for number, name in enumerate(crowd.names)
        )
        connection.executemany("INSERT INTO user VALUES (?, ?, ?, ?)", people)
        follows = ((follower + 1, followee + 1) for follower, followee in crowd.follows())
        connection.executemany("INSERT INTO follower VALUES (?, ?)", follows)
        posts = ((post.author + 1, post.text, post.at // 1000) for post in crowd.posts())
        connection.executemany(
            "INSERT INTO message (author_id, text, pub_date) VALUES (?, ?, ?)", posts
        )
        connection.execute("COMMIT")
        connection.executescript(INDEXES + "ANALYZE; PRAGMA wal_checkpoint(TRUNCATE);")
    return {"bytes_a_message": path.stat().st_size / crowd.messages}


if __name__ == "__main__":
    main()
