"""`migrate` over the global databases and every shard; with --database, as stock."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import DatabaseError
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from shardrouter import conf, content_types, past_migrations
from shardrouter.adoption import waiting_tables


class Command(MigrateCommand):
    help = (
        "Updates the schema of `default` and of every shard, one after the other. If one fails, "
        "run it again to continue from there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        # None tells "not given" from `--database default`, which acts as stock.
        parser.set_defaults(database=None)

    def get_check_kwargs(self, options: dict[str, Any]) -> dict[Any, Any]:
        databases = [options["database"]] if options["database"] else self._all()
        return {
            **super().get_check_kwargs({**options, "database": databases[0]}),
            "databases": databases,
        }

    def _all(self) -> list[str]:
        return list(conf.all_databases())

    def handle(self, *args: Any, **options: Any) -> None:
        if options["database"]:
            self._migrate(*args, **options)
            return
        done: list[str] = []
        for alias in self._all():
            if options["verbosity"]:
                self.stdout.write(self.style.MIGRATE_HEADING(f"Database {alias}:"))
            try:
                self._migrate(*args, **{**options, "database": alias})
            except Exception as error:  # a RunPython may raise anything
                raise CommandError(_failure(alias, done, error)) from error
            done.append(alias)
        if options["verbosity"]:
            self._mention_old_rows()

    def _mention_old_rows(self) -> None:
        if names := waiting_tables():
            self.stdout.write(
                self.style.NOTICE(
                    f"{len(names)} old tables in default have rows that are on no shard: "
                    f"{', '.join(names)}. Run `manage.py shards adopt`."
                )
            )

    def _migrate(self, *args: Any, **options: Any) -> None:
        self.alias: str = options["database"]
        if not options["plan"] and not options["check_unapplied"]:
            # Before tables of the shard that point at them.
            content_types.copy_to(self.alias)
        self.loader: MigrationLoader | None = None
        super().handle(*args, **options)

    def migration_progress_callback(
        self, action: str, migration: Migration | None = None, fake: bool = False
    ) -> None:
        if migration is not None and action in ("apply_start", "unapply_start") and not fake:
            self.loader = self.loader or past_migrations.loader_of(self.alias)
            backwards = action == "unapply_start"
            past_migrations.adapt(migration, self.alias, self.loader, backwards=backwards)
        super().migration_progress_callback(action, migration, fake)


def _failure(alias: str, done: list[str], error: Exception) -> str:
    expected = isinstance(error, CommandError | DatabaseError)
    message = str(error) if expected else f"{type(error).__name__}: {error}"
    finished = f"{', '.join(done)} migrated" if done else "nothing migrated yet"
    advice = f"Repair {alias} and run migrate again to continue from there."
    return f"{alias}: {message}\n({finished}. {advice})"
