"""Reading a home timeline through the API, with 10, 100 and 1,000 followees."""

import sqlite3
import time
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from random import Random

from benchmarks import measuring
from benchmarks.timelines import run, service

FOLLOWEES = (10, 100, 1_000)
ROUNDS = 200
Statement = tuple[str, str, tuple]


def measure(accounts: int, messages: int) -> list[measuring.Row]:
    """Compare the database time of the first page for many followees with that for ten.

    Raise AssertionError if it takes more than one query, and one on each shard.
    """
    with service():
        from django.test import Client

        from shardrouter import shards
        from timeline_api.population import generated, loading
        from timeline_api.services import tokens

        random = Random(1)
        people = generated.build(
            seed=1,
            ends_at=datetime.now(UTC),
            accounts=accounts,
            messages=messages,
            follows=accounts,
        )
        names = sorted(people.accounts)
        for number in FOLLOWEES:
            reader = f"reader{number}"
            people.add_account(reader, "!", 1)
            for name in random.sample(names, min(number, len(names))):
                people.add_follow(reader, name, 1)
        loading.write(people, lambda rows: None)

        client = Client(SERVER_NAME="localhost")  # which ALLOWED_HOSTS has
        asked = {}
        for number in FOLLOWEES:
            _, token = tokens.issue(account=people.accounts[f"reader{number}"])
            headers = {"Authorization": f"Bearer {token}"}

            def get(headers: dict[str, str] = headers) -> None:
                answer = client.get("/api/v1/timelines/home/", headers=headers)
                assert len(answer.json()["results"]) == 30, answer.content

            get()  # the first request of an hour also records the token's use
            asked[number] = _statements(get)
            # One more is for the token.
            assert len(asked[number]) <= 1 + 1 + len(shards()), asked[number]
        times = _times(asked)
        size = f"{accounts:,} accounts, {messages:,} messages"
        few = FOLLOWEES[0]
        return [
            measuring.timed(
                f"home of {min(number, accounts):,} followees: "
                f"{len(asked[number])} queries; {size}",
                f"of {few}: {len(asked[few])} queries",
                list(zip(times[number], times[few], strict=True)),
                limit=1.2,
                shown=lambda seconds: f"{measuring.shown(seconds)} in databases",
            )
            for number in FOLLOWEES[1:]
        ]


def _statements(work) -> list[Statement]:
    """Return the statements that `work` runs, each with its database."""
    from django.db import connections

    asked: list[Statement] = []

    def note(alias):
        def wrapper(execute, sql, params, many, context):
            asked.append((alias, sql.replace("%s", "?"), tuple(params or ())))
            return execute(sql, params, many, context)

        return wrapper

    with ExitStack() as stack:
        for alias in connections:
            stack.enter_context(connections[alias].execute_wrapper(note(alias)))
        work()
    return asked


def _times(asked: dict[int, list[Statement]]) -> dict[int, list[float]]:
    """Return the seconds that SQLite alone takes for each page's statements, for each round."""
    from django.db import connections

    times: dict[int, list[float]] = {number: [] for number in asked}
    with ExitStack() as stack:
        opened = {}
        for alias in {alias for statements in asked.values() for alias, _, _ in statements}:
            settings = connections[alias].settings_dict
            opened[alias] = stack.enter_context(closing(sqlite3.connect(settings["NAME"])))
            for pragma in settings["OPTIONS"]["init_command"].split(";"):
                opened[alias].execute(pragma)
        for _ in range(ROUNDS):
            for number, statements in asked.items():
                began = time.perf_counter()
                for alias, sql, params in statements:
                    opened[alias].execute(sql, params).fetchall()
                times[number].append(time.perf_counter() - began)
    return times


if __name__ == "__main__":
    run(measure)
