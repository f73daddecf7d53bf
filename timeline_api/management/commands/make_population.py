"""`make_population FILE`: write the fixture anew. Needs no database."""

from pathlib import Path
from typing import Any

from django.apps import apps
from django.core import serializers
from django.core.management.base import BaseCommand, CommandError, CommandParser

from timeline_api.population import demo

# "minitwit-demo" by Argon2id with OWASP's parameters. A fixed hash, so that the file is the same
# at every making; the password is no secret.
DEMO_PASSWORD_HASH = (
    "argon2$argon2id$v=19$m=19456,t=2,p=1$NUxScXdkMkhmcWlWT1FPS2FuSWJBYw$"  # noqa: S105
    "rAjY7onrg2n1DezlLZRCNNTD7+eYsUwLdPiN0jxL3XA"
)


class Command(BaseCommand):
    help = "Writes the population, as fixtures/population.json has it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        rows = [row for rows in demo.build(DEMO_PASSWORD_HASH).rows() for row in rows]
        # As dumpdata has them.
        models = apps.get_app_config("timeline_api").get_models()
        order = {model: number for number, model in enumerate(models)}
        rows.sort(key=lambda row: (order[type(row)], row.pk))
        try:
            with options["file"].open("w") as file:
                serializers.serialize("json", rows, stream=file)
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from error
        self.stdout.write(f"{len(rows)} rows in {options['file']}")
