"""`populate`: invent members, messages and follows, or take the follows of an edge list."""

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm  # type: ignore[import-untyped]

from timeline_api.population import demo, follow_graph, generated, loading
from timeline_api.population.population import Population


def whole_number(text: str) -> int:
    """Parse a count from the command line: 0 or more. Raise ArgumentTypeError."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return number


class Command(BaseCommand):
    help = (
        "Invents members who follow each other and write. The same arguments make the same "
        "rows. Mirrors, counts and home timelines are written too, so the relay has nothing "
        "to do. Nobody can log in as these members: they have no password."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        for name in ("accounts", "messages", "follows"):
            parser.add_argument(f"--{name}", type=whole_number, default=0, metavar="N")
        parser.add_argument("--seed", type=whole_number, default=1, metavar="S")
        parser.add_argument(
            "--edges",
            type=Path,
            metavar="FILE",
            help="take people and friendships from FILE, `A B` a line, each as two follows",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        population = self._build(options)
        shown = self.stderr.isatty() and options["verbosity"] > 0
        with tqdm(total=_row_count(population), unit=" rows", disable=not shown) as bar:
            try:
                written = loading.write(population, bar.update)
            except loading.NamesTaken as error:
                raise CommandError(
                    f"An account {error} exists: this seed has been used. Take another --seed."
                ) from error
        self.stdout.write(
            f"{len(population.accounts)} accounts, {len(population.messages)} messages, "
            f"{len(population.follows)} follows: {written} rows."
        )

    def _build(self, options: dict[str, Any]) -> Population:
        edges = self._edges(options["edges"])
        if edges is not None and (options["accounts"] or options["follows"]):
            raise CommandError("--edges brings its own accounts and follows; leave those out.")
        if edges is None and not options["accounts"]:
            raise CommandError("Say how many: --accounts N, or --edges FILE.")
        try:
            return generated.build(
                seed=options["seed"],
                ends_at=demo.ENDS_AT,
                accounts=options["accounts"],
                messages=options["messages"],
                follows=options["follows"],
                edges=edges,
            )
        except ValueError as error:
            raise CommandError(f"{error}.") from error

    def _edges(self, path: Path | None) -> tuple[list[str], list[tuple[str, str]]] | None:
        if path is None:
            return None
        try:
            with path.open(encoding="utf-8") as file:
                return follow_graph.read_edges(file)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise CommandError(f"{path} is not a text file.") from error
        except follow_graph.BadEdge as error:
            raise CommandError(f"{path}, {error}. Nothing was loaded.") from error


def _row_count(population: Population) -> int:
    """Return about how many rows will be written, for the progress bar."""
    accounts = population.accounts.values()
    homes = sum(account.message_count * (account.follower_count + 1) for account in accounts)
    return len(accounts) + len(population.messages) + 2 * len(population.follows) + homes
