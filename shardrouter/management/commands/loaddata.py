"""`loaddata`, each row to its own shard, all or nothing; with --database, as stock."""

from contextlib import ExitStack
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.loaddata import Command as LoaddataCommand
from django.core.serializers.base import DeserializationError
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, models, router, transaction
from django.db.models import Exists, OuterRef

from shardrouter import conf
from shardrouter.django_internals import has_constraint, related_model
from shardrouter.exceptions import ShardRouterError
from shardrouter.location import require_own_slot, shard_for
from shardrouter.placement import is_sharded, references_of
from shardrouter.router import Everywhere

# Progress is shown on a terminal after each so many rows.
PROGRESS_ROWS = 500
FIXTURE_ERRORS = (
    DatabaseError,
    DeserializationError,
    ShardRouterError,
    ValidationError,
    ValueError,
)


class Command(LoaddataCommand):
    help = (
        "Installs fixtures, each row in the database that its id says. If one row is wrong, "
        "nothing is loaded anywhere."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=None)

    def handle(self, *fixture_labels: str, **options: Any) -> None:
        self.rows_read = 0
        self.line_open = False
        self.loaded_into: dict[str, set[type[models.Model]]] = {}
        # Target model → id that a row refers to → the first such row.
        self.referred: dict[type[models.Model], dict[int, str]] = {}
        # Ids loaded so far into what was empty; None for what was not.
        self.new_ids: dict[tuple[str, type[models.Model]], set[object] | None] = {}
        if options["database"]:
            super().handle(*fixture_labels, **options)
            return
        options["database"] = Everywhere(DEFAULT_DB_ALIAS)
        try:
            with ExitStack() as stack:
                for alias in conf.all_databases():
                    stack.enter_context(transaction.atomic(using=alias))
                    stack.enter_context(connections[alias].constraint_checks_disabled())
                super().handle(*fixture_labels, **options)
                self._check_constraints()
                self._check_references()
        except FIXTURE_ERRORS as error:
            # The fixture is wrong: show its name and the row, not a traceback.
            raise CommandError(str(error)) from error

    def save_obj(self, obj: Any) -> bool:
        if not isinstance(self.using, Everywhere):
            return super().save_obj(obj)
        self._show_progress()
        everywhere, model = self.using, type(obj.object)
        known = model in self.models
        try:
            self.using = self._alias_of(obj.object)
            self._mark_new(obj.object)
            self._collect_references(obj.object)
            self.loaded_into.setdefault(self.using, set()).add(model)
            return super().save_obj(obj)
        except (ShardRouterError, TypeError) as error:
            raise CommandError(
                f"Could not load {model._meta.label}(pk={obj.object.pk}): {error}"
            ) from error
        finally:
            if self.using != DEFAULT_DB_ALIAS and not known:
                # Stock checks constraints and resets sequences of these in `default`.
                self.models.discard(model)
            self.using = everywhere

    def _show_progress(self) -> None:
        # Stock shows this at verbosity 3 alone, for each row; a long fixture needs it sooner.
        self.rows_read += 1
        shown = self.verbosity in (1, 2) and self.stdout.isatty()
        if shown and self.rows_read % PROGRESS_ROWS == 0:
            self.stdout.write(f"\rProcessed {self.rows_read} object(s).", ending="")
            self.line_open = True

    def load_label(self, fixture_label: str) -> None:
        super().load_label(fixture_label)
        if self.line_open:
            self.stdout.write()
            self.line_open = False

    def _alias_of(self, row: models.Model) -> str:
        if row._meta.app_label == "shardrouter":
            raise CommandError("The shard map is not data; leave shardrouter out of the fixture.")
        if not is_sharded(type(row)):
            return router.db_for_write(type(row), instance=row)
        require_own_slot(row)
        return shard_for(row)

    def _collect_references(self, row: models.Model) -> None:
        for column, target in references_of(type(row)):
            value = row.__dict__.get(column)
            if value is not None:
                referrer = f"{row._meta.label}(pk={row.pk}): {column} {value}"
                self.referred.setdefault(target, {}).setdefault(int(value), referrer)

    def _check_references(self) -> None:
        """Raise CommandError if a row refers to one on another shard that does not exist, which no
        constraint of one database can see."""
        for target, referrers in self.referred.items():
            wanted = list(referrers)
            for start in range(0, len(wanted), 500):
                batch = wanted[start : start + 500]
                rows = target._base_manager.filter(pk__in=batch)
                missing = set(batch) - set(rows.values_list("pk", flat=True))
                if missing:
                    first = min(missing)
                    raise CommandError(
                        f"Could not load {referrers[first]} names no {target._meta.label}."
                    )

    def _mark_new(self, row: models.Model) -> None:
        """Mark the first row of an id, if its table was empty to begin with, so that it is inserted
        without the UPDATE that Django tries first."""
        if not is_sharded(type(row)):
            return
        place = (self.using, type(row))
        if place not in self.new_ids:
            filled = type(row)._base_manager.using(self.using).exists()
            self.new_ids[place] = None if filled else set()
        seen = self.new_ids[place]
        if seen is not None and row.pk not in seen:
            seen.add(row.pk)
            vars(row._state)["shard_known_new"] = True

    def _check_constraints(self) -> None:
        for alias, loaded in self.loaded_into.items():
            if alias == DEFAULT_DB_ALIAS:
                continue
            tables = [model._meta.db_table for model in loaded]
            try:
                with transaction.atomic(using=alias):  # so that PostgreSQL can be asked for the row
                    connections[alias].check_constraints(table_names=tables)
            except DatabaseError as error:
                rows = "".join(_dangling(alias, model) for model in loaded)
                raise CommandError(
                    f"Problem installing fixtures: {alias}: {rows}{error}"
                ) from error
            self.reset_sequences(connections[alias], loaded)


def _dangling(alias: str, model: type[models.Model]) -> str:
    """Return the first row of `model` whose foreign key names nothing, for a message, or ""."""
    rows = model._base_manager.using(alias)
    for field in model._meta.concrete_fields:
        target = related_model(field)
        if target is not None and isinstance(field, models.ForeignKey) and has_constraint(field):
            targets = target._base_manager.using(alias)
            existing = targets.filter(**{field.target_field.attname: OuterRef(field.attname)})
            row = rows.filter(**{f"{field.name}__isnull": False}).filter(~Exists(existing)).first()
            if row is not None:
                value = getattr(row, field.attname)
                return f"{model._meta.label}(pk={row.pk}): {field.attname} {value} names nothing: "
    return ""
