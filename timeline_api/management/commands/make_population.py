"""`make_population FILE`: write the fixture of the demo population. Needs no database."""

from pathlib import Path
from typing import Any

from django.apps import apps
from django.core import serializers
from django.core.management.base import BaseCommand, CommandError, CommandParser

from timeline_api.population import demo, derived_rows

# "minitwit-demo" by Argon2id with OWASP's parameters. A fixed hash, so that each run writes the
# same file; the password is no secret.
DEMO_PASSWORD_HASH = (
    "argon2$argon2id$v=19$m=19456,t=2,p=1$NUxScXdkMkhmcWlWT1FPS2FuSWJBYw$"  # noqa: S105
    "rAjY7onrg2n1DezlLZRCNNTD7+eYsUwLdPiN0jxL3XA"
)


class Command(BaseCommand):
    help = "Writes the demo population to FILE; fixtures/population.json is made this way."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        population = demo.build(DEMO_PASSWORD_HASH)
        rows = [row for rows in derived_rows.all_rows(population) for row in rows]
        # In the order of dumpdata.
        models = apps.get_app_config("timeline_api").get_models()
        order = {model: number for number, model in enumerate(models)}
        rows.sort(key=lambda row: (order[type(row)], row.pk))
        try:
            with options["file"].open("w") as file:
                serializers.serialize("json", rows, stream=file)
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from error
        self.stdout.write(f"{len(rows)} rows in {options['file']}")
