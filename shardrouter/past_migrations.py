"""Past migrations: those written while a model had one database, as they run on several.

Until a migration makes a model sharded, its table is on the global databases, where its rows are,
and empty on the shards, so that the migrations after it find a table to alter:

- RunPython runs where the rows are; on a shard it would find the rows of `default` again.
- On a shard, no constraint leads to a table that is not there, and no such table is altered.
- On a global database, the migration that makes a model sharded leaves its old table alone, so that
  `shards adopt` finds it with all its columns. Keys of global models get room for sharded ids.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, connections, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import AlterField, Migration, RenameModel, RunPython, RunSQL
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import CreateModel, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.fields import FieldOperation
from django.db.migrations.state import ModelState, ProjectState

from . import conf
from .django_internals import related_objects, resolve_relation
from .exceptions import AdoptionError
from .history import Label, ends_sharded, label_of, sharded_in
from .placement import CarriesSlot


def adapt(
    migration: Migration, alias: str, loader: MigrationLoader, *, backwards: bool = False
) -> None:
    """Replace the operations of `migration`, which is about to run on `alias`, where needed.

    `loader` is one of `alias`. Only this instance is changed, which belongs to one run.
    """
    if not _concerns_shards(migration):
        return
    state = loader.project_state((migration.app_label, migration.name), at_end=False)
    becoming = _becoming_sharded(migration, state.clone())
    adaptation = _Adaptation(migration.app_label, alias in conf.shards(), backwards, becoming)
    operations = []
    for operation in migration.operations:
        operations.append(adaptation.of(operation, state))
        operation.state_forwards(migration.app_label, state)
    vars(migration)["operations"] = operations


@dataclass(frozen=True)
class _Adaptation:
    """How the operations of one migration change for one database."""

    app_label: str
    on_shard: bool
    backwards: bool
    #: The models that the migration makes sharded.
    becoming: set[Label]

    def of(self, operation: Operation, state: ProjectState) -> Operation:
        """Return `operation`, which begins at `state`, as it shall run."""
        if isinstance(operation, SeparateDatabaseAndState):
            copied = copy.copy(operation)
            copied.database_operations = [
                self.of(each, state) for each in operation.database_operations
            ]
            return copied
        if isinstance(operation, RunPython | RunSQL):
            return _where_the_rows_are(operation, self.app_label, state, self.on_shard)
        if not self.on_shard:
            return _beside_old_tables(operation, self.app_label, self.becoming)
        # Backwards, Django takes the fields from states that it computed before.
        return (
            WithoutAbsentKeys(operation) if self.backwards else _on_shard(operation, self.app_label)
        )


def loader_of(alias: str) -> MigrationLoader:
    """Return a loader of the migrations as they are applied on `alias`."""
    return MigrationLoader(connections[alias])


def _concerns_shards(migration: Migration) -> bool:
    """Return whether an operation concerns tables of the shards, or may."""
    return any(
        isinstance(operation, RunPython | RunSQL | SeparateDatabaseAndState)
        or _alters_keys_to_it(operation)
        or ends_sharded((migration.app_label, _model_name(operation)))
        for operation in migration.operations
    )


def _alters_keys_to_it(operation: Operation) -> bool:
    """Return whether Django alters the keys of other tables that point at this operation's."""
    if isinstance(operation, AlterField):
        return operation.field.primary_key or operation.field.unique
    return isinstance(operation, RenameModel)


def _model_name(operation: Operation) -> str:
    """Return the name of the model that `operation` is about, in lower case, or ""."""
    # In an operation on a field or an index, `name` is the name of that.
    for attribute in ("model_name", "old_name", "name"):
        name = getattr(operation, attribute, None)
        if isinstance(name, str):
            return name.lower()
    return ""


def _becoming_sharded(migration: Migration, state: ProjectState) -> set[Label]:
    """Return the models that are not sharded before `migration`, in `state`, and are after it."""
    before = {label for label in state.models if not sharded_in(state, label)}
    for operation in migration.operations:
        operation.state_forwards(migration.app_label, state)
    return {label for label in before if sharded_in(state, label)}


def _where_the_rows_are(
    operation: RunPython | RunSQL, app_label: str, state: ProjectState, on_shard: bool
) -> Operation:
    """Return RunPython and RunSQL with a hint, if the models that it is for are not sharded yet.

    SQL may alter a table, so it runs on the shards too.
    """
    name = operation.hints.get("model_name")
    labels = (
        [(app_label, name.lower())]
        if name
        else [each for each in state.models if each[0] == app_label]
    )
    future = [label for label in labels if label in state.models and ends_sharded(label)]
    if "sharded" in operation.hints or not future:
        return operation
    if any(sharded_in(state, label) for label in future):
        is_mixed = len(future) < len(labels) and isinstance(operation, RunPython)
        return WithAdvice(operation) if is_mixed else operation
    copied = copy.copy(operation)
    copied.hints = {**operation.hints, "sharded": on_shard and isinstance(operation, RunSQL)}
    return copied


def _on_shard(operation: Operation, app_label: str) -> Operation:
    """Return `operation` without what needs the tables of global models."""
    if isinstance(operation, CreateModel):
        unbound = copy.copy(operation)
        unbound.fields = [
            (name, _without_constraint(field, app_label, operation.name_lower))
            for name, field in operation.fields
        ]
        return unbound
    if isinstance(operation, FieldOperation) and getattr(operation, "field", None) is not None:
        altered = copy.copy(operation)
        field: models.Field = operation.field  # type: ignore[attr-defined]
        altered.field = _without_constraint(field, app_label, operation.model_name_lower)  # type: ignore[attr-defined]
        operation = altered
    return WithoutAbsentKeys(operation) if _alters_keys_to_it(operation) else operation


def _without_constraint(field: models.Field, app_label: str, model_name: str) -> models.Field:
    """Return `field`, without a constraint if that leads to a table that no shard has."""
    if not isinstance(field, models.ForeignKey | models.ManyToManyField):
        return field
    target = resolve_relation(field.remote_field.model, app_label, model_name)
    if ends_sharded(target) or getattr(field.remote_field, "through", None):
        return field
    _name, _path, args, kwargs = field.deconstruct()
    return type(field)(*args, **{**kwargs, "db_constraint": False})


class _Wrapped(Operation):
    """An operation that does to the database something else than the one in it, which it is
    otherwise."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation

    def __getattr__(self, name: str) -> Any:
        return getattr(self.operation, name)

    @property
    def reversible(self) -> bool:  # type: ignore[override]
        return self.operation.reversible

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        self.operation.state_forwards(app_label, state)

    def describe(self) -> str:
        return self.operation.describe()


class WithAdvice(_Wrapped):
    """A RunPython of an app with sharded and global models that does not say which it is for: it
    runs on every database, and fails where it asks for a table that is not there."""

    def database_forwards(self, app_label: str, schema_editor: Any, *states: ProjectState) -> None:
        with _advising(self.operation, app_label, schema_editor.connection.alias):
            self.operation.database_forwards(app_label, schema_editor, *states)

    def database_backwards(self, app_label: str, schema_editor: Any, *states: ProjectState) -> None:
        with _advising(self.operation, app_label, schema_editor.connection.alias):
            self.operation.database_backwards(app_label, schema_editor, *states)


@contextmanager
def _advising(operation: Operation, app_label: str, alias: str) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        if not _means_no_table(error):
            raise
        name = getattr(getattr(operation, "code", None), "__name__", operation.describe())
        raise DatabaseError(
            f"{error}: RunPython({name}) ran on {alias}, as on every database, since {app_label} "
            'has sharded and global models. Pass hints={"sharded": True} or '
            '{"sharded": False}, or make one RunPython for each.'
        ) from error


def _means_no_table(error: DatabaseError) -> bool:
    return (
        getattr(error.__cause__, "sqlstate", None) == "42P01"  # PostgreSQL's undefined_table
        or "no such table" in str(error)
    )


class WithoutAbsentKeys(_Wrapped):
    """Django alters each key that points at a renamed model or an altered primary key; here, not
    those of tables that are not in this database."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        states = self._states(app_label, schema_editor, from_state, to_state)
        self.operation.database_forwards(app_label, schema_editor, *states)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        states = self._states(app_label, schema_editor, from_state, to_state)
        self.operation.database_backwards(app_label, schema_editor, *states)

    def _states(
        self, app_label: str, editor: BaseDatabaseSchemaEditor, *states: ProjectState
    ) -> list[ProjectState]:
        """Return `states` as they are in this database, ready for the operation."""
        here = [_keys_here(state, editor.connection.alias) for state in states]
        if isinstance(getattr(self.operation, "field", None), CarriesSlot):
            name = _model_name(self.operation)
            _cast_uuids(editor, *(state.apps.get_model(app_label, name) for state in here))
        return here


def _cast_uuids(editor: Any, old: type[models.Model], new: type[models.Model]) -> None:
    """Give the primary key of `old`, and the keys that point at it, the type that they have in
    `new`, if one of them is UUID: PostgreSQL can cast nothing to that or from it.

    Fails if there are rows. Before a model is sharded, its tables on the shards have none.
    """
    types = [each._meta.pk.db_type(editor.connection) for each in (old, new)]
    if "uuid" not in types or types[0] == types[1]:
        return
    keys = [each.field for each in related_objects(old) if each.field.target_field.primary_key]
    columns = [(field.model, field.column) for field in (old._meta.pk, *keys)]
    for owner, column in columns:
        for name in editor._constraint_names(owner, [column], foreign_key=True):
            editor.execute(editor._delete_fk_sql(owner, name))
    for owner, column in columns:
        table, column = map(editor.quote_name, (owner._meta.db_table, column))
        change = f"ALTER COLUMN {column} TYPE {types[1]} USING NULL::{types[1]}"
        editor.execute(f"ALTER TABLE {table} {change}")


def _keys_here(state: ProjectState, alias: str) -> ProjectState:
    """Return `state` without keys of models whose tables are not on `alias`, and on a shard without
    constraints that lead away from it."""
    on_shard = alias in conf.shards()
    kept = dict(state.models)
    for label, model in state.models.items():
        is_here = ends_sharded(label) if on_shard else not sharded_in(state, label)
        if is_here and not on_shard:
            continue
        fields = _unconstrained(model, label) if is_here else _without_keys(model, label, on_shard)
        if fields != model.fields:
            kept[label] = model.clone()
            kept[label].fields = fields
    changed = any(kept[label] is not state.models[label] for label in kept)
    return ProjectState(kept, real_apps=state.real_apps) if changed else state


def _unconstrained(model: ModelState, label: Label) -> dict[str, models.Field]:
    return {name: _without_constraint(field, *label) for name, field in model.fields.items()}


def _without_keys(model: ModelState, label: Label, on_shard: bool) -> dict[str, models.Field]:
    return {
        name: field
        for name, field in model.fields.items()
        if not _leads_away(field, label, on_shard)
    }


def _leads_away(field: models.Field, label: Label, to_shards: bool) -> bool:
    """Return whether `field` of a model that is not here is a key to one that is."""
    if not field.remote_field or field.primary_key:
        return False
    return ends_sharded(resolve_relation(field.remote_field.model, *label)) == to_shards


def _beside_old_tables(operation: Operation, app_label: str, becoming: set[Label]) -> Operation:
    """Return `operation` so that a global database keeps the old tables of models `becoming`
    sharded."""
    label = (app_label, _model_name(operation))
    if label not in becoming:
        keys = _alters_keys_to_it(operation) and not ends_sharded(label)
        return WithoutAbsentKeys(operation) if keys else operation
    if isinstance(operation, CreateModel):
        return operation
    if isinstance(operation, AlterField) and operation.field.primary_key:
        return WithRoomForIds(operation)
    return SeparateDatabaseAndState(state_operations=[operation])


class WithRoomForIds(_Wrapped):
    """The primary key of a model becomes a sharded id: keys of global models must hold 63 bits."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        # The columns of SQLite hold integers of any length.
        if schema_editor.connection.vendor == "sqlite":
            return
        model = to_state.apps.get_model(app_label, _model_name(self.operation))
        _require_integers(schema_editor, from_state.apps.get_model(*label_of(model)), from_state)
        for key in _global_keys_to(model, to_state):
            change = schema_editor.sql_alter_column_type % {
                "column": schema_editor.quote_name(key.column),
                "type": key.db_type(schema_editor.connection),
                "collation": "",
            }
            table = schema_editor.quote_name(key.model._meta.db_table)
            schema_editor.execute(
                schema_editor.sql_alter_column % {"table": table, "changes": change}
            )

    def database_backwards(self, *args: Any) -> None:
        """Leave the columns as they are: shorter ids fit too."""


def _require_integers(editor: Any, model: type[models.Model], state: ProjectState) -> None:
    """Raise AdoptionError if a key of a global model holds UUIDs, which cannot become ids."""
    if model._meta.pk.db_type(editor.connection) != "uuid":
        return
    for key in _global_keys_to(model, state):
        raise AdoptionError(
            f"{key.model._meta.label}.{key.name} holds UUIDs of {model._meta.label}, and "
            "PostgreSQL cannot make sharded ids of them. Replace the key by a text column with the "
            "UUIDs before you make the model sharded, and fill a new key after `shards adopt`."
        )


def _global_keys_to(model: type[models.Model], state: ProjectState) -> Iterator[models.ForeignKey]:
    for each in state.apps.get_models(include_auto_created=True):
        # Of a many-to-many table, the model that has the field.
        owner = each._meta.auto_created or each
        if ends_sharded(label_of(owner)):
            continue
        for field in each._meta.local_concrete_fields:
            if isinstance(field, models.ForeignKey) and field.remote_field.model is model:
                yield field
