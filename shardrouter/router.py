"""ShardRouter: Django's database router for sharded and global models.

Queries on sharded models do not ask it: ShardedQuerySet finds their shards in the WHERE. It
answers Django's other questions: saving, deleting, migrating, relating.
"""

from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, models

from . import conf
from .exceptions import ShardRouterError, UnroutedQuery
from .history import ends_sharded
from .location import shard_for
from .placement import is_reference, is_sharded
from .transactions import join_early


class Undecided(str):
    """An alias for Django to use where it needs one, which pins no sharded queryset.

    Related managers, foreign key validation and the admin ask for an alias before they filter, and
    pass it to `using()`. For a row that may be on another shard there is no right answer yet. This
    one works as the named alias where that is harmless; ShardedQuerySet treats it as "not given",
    so that the WHERE decides.
    """

    __slots__ = ()


class Everywhere(Undecided):
    """As Undecided, for commands that cover every shard: ShardedQuerySet scatters."""

    __slots__ = ()


class Nearby(Undecided):
    """As Undecided, where rows of any shard may be related to a row.

    Django compares it with the database of each row that is added to a related set, and takes
    another one for a row that is not saved.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other) is True or other in conf.shards()

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


class ShardRouter:
    """Add it to DATABASE_ROUTERS, after routers of your own for models that are not sharded."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        instance = hints.get("instance")
        if not is_sharded(model):
            return self._alias_of_global(instance)
        if instance is None:
            # Only a manager that is not ours asks this. The old tables of a project that has just
            # been sharded may still be in `default`, so a guess would be wrong without a word.
            raise UnroutedQuery(
                model._meta.label,
                "its manager is not a ShardedManager, so the query cannot say where to go",
                "Build managers of sharded models on shardrouter.models.ShardedManager; "
                "in a migration, write objects.using(schema_editor.connection.alias).",
            )
        return self._alias_near(model, instance)

    def db_for_write(self, model: type[models.Model], **hints: Any) -> str | None:
        instance = hints.get("instance")
        if not is_sharded(model):
            return self._alias_of_global(instance)
        if instance is None:
            return Undecided(DEFAULT_DB_ALIAS)
        alias = self._alias_near(model, instance)
        if alias in conf.shards():
            join_early(alias)
        return alias

    def allow_relation(self, obj1: models.Model, obj2: models.Model, **hints: Any) -> bool | None:
        # Rows may point at each other across shards; the system checks see to the constraints.
        kinds = (type(obj1), type(obj2))
        return True if any(is_sharded(each) or is_reference(each) for each in kinds) else None

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool | None:
        """Allow sharded tables on shards and global tables elsewhere.

        A table that a later migration makes sharded is on both. An operation that names no model
        (RunPython, RunSQL) runs where its app has tables, unless its `hints={"sharded": …}` say
        where.
        """
        if isinstance(db, Everywhere):
            return None
        sharded = self._sharded_hint(app_label, model_name, hints)
        shards = conf.shards()
        if sharded is None:
            return None
        if sharded:
            return db in shards
        if db in shards and model_name and ends_sharded((app_label, model_name.lower())):
            return True
        return False if db in shards and db not in conf.global_databases() else None

    def _sharded_hint(
        self, app_label: str, model_name: str | None, hints: dict[str, Any]
    ) -> bool | None:
        if "sharded" in hints:
            return bool(hints["sharded"])
        model = hints.get("model")
        if model is None and model_name:
            try:
                model = apps.get_model(app_label, model_name)
            except LookupError:
                return None
        if model is not None:
            return is_sharded(model)
        try:
            kinds = {is_sharded(each) for each in apps.get_app_config(app_label).get_models()}
        except LookupError:
            return None
        return kinds.pop() if len(kinds) == 1 else None

    def _alias_of_global(self, instance: models.Model | None) -> str | None:
        # Django would follow a sharded instance to its shard, which does not have this table.
        if instance is not None and (is_sharded(type(instance)) or is_reference(type(instance))):
            return DEFAULT_DB_ALIAS
        return None

    def _alias_near(self, model: type[models.Model], instance: models.Model) -> str:
        if isinstance(instance, model) or issubclass(model, type(instance)):
            return shard_for(instance)
        # The hint is another model's row: Django asks on behalf of a relation, and will filter.
        return Nearby(_any_alias(instance))


def _any_alias(instance: models.Model) -> str:
    if is_sharded(type(instance)):
        try:
            return shard_for(instance)
        except ShardRouterError:
            pass
    return conf.shards()[0]
