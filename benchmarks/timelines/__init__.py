"""The parts of the timelines benchmark, each run in its own process, on its own databases."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

import django

from benchmarks import measuring


@contextmanager
def service(**settings: str) -> Iterator[None]:
    """Set Django up with the API's settings, and databases in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            DJANGO_SETTINGS_MODULE="twitsite.settings.api",
            SECRET_KEY="benchmark",
            ENV_FILE=os.devnull,
            VAR_DIR=folder,
            **settings,
        )
        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield


def run(measure: Callable[..., list[measuring.Row]]) -> None:
    """Call `measure` with the integers from the command line. Print its rows as JSON."""
    rows = measure(*map(int, sys.argv[1:]))
    sys.stdout.write(json.dumps([asdict(row) for row in rows]))
