"""Parts of the timelines' benchmark, each in a process and on databases of its own."""

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
    """The API's settings and databases, in a folder that goes away."""
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
    """Print as JSON what `measure` gives for the whole numbers of the command line."""
    rows = measure(*map(int, sys.argv[1:]))
    sys.stdout.write(json.dumps([asdict(row) for row in rows]))
